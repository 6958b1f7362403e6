"""Result files: a frozen dataclass each, written as JSON and read back by pydantic."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from hw3lib.system import files
from hw3lib.system.errors import UserError

T = TypeVar("T")


def content(result: Any) -> Any:
    """A dataclass as JSON's own types, field by field."""
    return TypeAdapter(type(result)).dump_python(result, mode="json", by_alias=True)


def write_result(path: str | Path, result: Any) -> Path:
    """Write a dataclass as JSON, field by field, atomically; returns the path.

    Raises ``ValueError`` on NaN, which JSON does not have.
    """
    files.write_json(path, content(result))
    return Path(path)


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
