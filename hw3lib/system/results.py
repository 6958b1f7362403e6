"""Result files: a frozen dataclass each, written as JSON and read back by pydantic."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from hw3lib.system import files, provenance
from hw3lib.system.errors import UserError
from hw3lib.system.messages import Say

T = TypeVar("T")
TOLERANCE = 1e-6  # relative: of what the same files give on another machine (sums in another order)
_NO_ORIGIN = {"provenance": None}


def content(result: Any) -> Any:
    """A dataclass as JSON's own types, field by field."""
    return TypeAdapter(type(result)).dump_python(result, mode="json", by_alias=True)


def write_result(path: str | Path, result: Any) -> Path:
    """Write a dataclass as JSON, field by field, atomically; returns the path.

    Raises ``ValueError`` on NaN, which JSON does not have.
    """
    files.write_json(path, content(result))
    return Path(path)


def keep_result(path: str | Path, result: Any) -> Path:
    """Write a dataclass like :func:`write_result`, unless the file says the same already but for its provenance.

    A file that is left as it is tells the pipeline that nothing changed.
    """
    with suppress(UserError):
        stored = files.read_json(path)
        if isinstance(stored, dict) and stored | _NO_ORIGIN == content(result) | _NO_ORIGIN:
            return Path(path)
    return write_result(path, result)


def load_current(path: str | Path, kind: type[T], inputs: str, say: Say) -> T | None:
    """The result in a file if it was computed from these ``inputs``, which ``say`` is told; ``None`` otherwise.

    ``inputs`` is the hash that the file's :class:`~hw3lib.system.provenance.Provenance` keeps of them.
    """
    with suppress(UserError):
        result = read_result(path, kind)
        origin = content(result)["provenance"] or {}
        if origin.get("inputs") == inputs:
            say(provenance.loaded(origin))
            return result
    return None


def read_result(path: str | Path, kind: type[T], remedy: str = "") -> T:
    """Read what :func:`write_result` wrote.

    A file that is missing, malformed, or of another version is a :class:`UserError` that names it and the remedy.
    """
    raw = files.read_json(path, remedy)
    try:
        return TypeAdapter(kind).validate_python(raw)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        message = f"{path} is not what this version writes: {place}: {first['msg']}. {remedy}".strip()
        raise UserError(message) from None


def differences(stored: Any, computed: Any, where: str = "") -> Iterator[str]:
    """Where two JSON values differ by more than :data:`TOLERANCE`, each place in a sentence."""
    if isinstance(stored, dict) and isinstance(computed, dict):
        for key in dict.fromkeys((*stored, *computed)):
            place = f"{where}.{key}" if where else str(key)
            if key not in stored or key not in computed:
                yield f"{place}: only {'computed' if key not in stored else 'in the file'}"
            else:
                yield from differences(stored[key], computed[key], place)
    elif isinstance(stored, list) and isinstance(computed, list) and len(stored) == len(computed):
        for index, pair in enumerate(zip(stored, computed, strict=True)):
            yield from differences(*pair, f"{where}[{index}]")
    elif _number(stored) and _number(computed):
        if not math.isclose(stored, computed, rel_tol=TOLERANCE, abs_tol=TOLERANCE):
            yield f"{where}: {stored:g} in the file, {computed:g} computed"
    elif stored != computed:
        yield f"{where}: {stored!r} in the file, {computed!r} computed"


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
