"""Files are written whole or not at all: to a temporary name in the same folder, flushed, then renamed."""

from __future__ import annotations

import codecs
import errno
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from hw3lib import paths
from hw3lib.system.errors import UserError


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; on a clean exit it replaces ``path``, on an error it is removed."""
    path = Path(path)
    stem = path.stem
    if len(os.fsencode(path.name)) > 200:  # of the 255 bytes that a name may have, some are added here
        stem = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:20]
    # The ending is kept, since Pillow and others choose the format by it.
    temporary = path.with_name(f".{stem}.{os.getpid()}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        if error.filename is None or str(error.filename) == str(temporary):
            error.filename, error.filename2 = str(path), None  # what the user knows of
        raise
    except Exception as error:
        code = re.search(r"\(os error (\d+)\)", str(error))  # safetensors says it in words
        if code is None or isinstance(error, UserError):
            raise
        raise OSError(int(code[1]), os.strerror(int(code[1])), str(path)) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def refuse_unwritable(path: str | Path) -> None:
    """Raise ``OSError`` where ``path`` could not be written: before work of minutes, whose result it would hold.

    Tries it with a file that has no name, and makes no folder.
    """
    try:
        tempfile.TemporaryFile(dir=existing_folder(Path(path).absolute().parent)).close()
    except OSError as error:
        error.filename = str(path)
        raise


def existing_folder(folder: Path) -> Path:
    """The folder, or where it is not there yet, the nearest of those above it that is."""
    return next(home for home in (folder, *folder.parents) if home.exists())


_ROOM = "make room there, and run the same command again"
_RIGHTS = "choose another place, or change its permissions"
_REMEDIES = {errno.ENOSPC: _ROOM, errno.EROFS: _RIGHTS, errno.EACCES: _RIGHTS, errno.EPERM: _RIGHTS}
_REMEDIES |= {getattr(errno, "EDQUOT", errno.ENOSPC): _ROOM}
_REMEDIES |= {errno.ENAMETOOLONG: "shorten the name", errno.ENOTDIR: "a part of that path is a file, not a folder"}
_REMEDIES |= {errno.EISDIR: "that is a folder; name a file", errno.ENOENT: "look whether the path is right"}
_REMEDIES |= {errno.EIO: "the disk or the connection to it failed; try again when it works"}


def explain(error: OSError) -> str | None:
    """What went wrong with which file, and what to do, in a sentence; ``None`` for an error that is about no file."""
    remedy = _REMEDIES.get(error.errno or 0)
    if remedy is None or (error.filename is None and remedy != _ROOM):
        return None
    return f"{error.filename or 'a file could not be written'}: {error.strerror}; {remedy}"


def sha256(path: Path) -> str:
    """The sha256 of a file's content, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any, indent: int | None = 1) -> None:
    """Write JSON atomically, keys in the order given. Raises ``ValueError`` on NaN, which JSON does not have."""
    text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # half of a character, as file names can have: JSON has a way to write that
        text = json.dumps(value, indent=indent, allow_nan=False)
    write_text(path, text + "\n")


def read_text(path: str | Path, remedy: str = "") -> str:
    """A text file's content, in UTF-8 or, with its mark at the start, in UTF-16; marks are dropped.

    Raises :class:`UserError` for a file that is missing or of another encoding.
    """
    path = Path(path)
    try:
        return decoded_text(path.read_bytes())
    except FileNotFoundError:
        raise UserError(f"{path} is missing. {remedy}".strip()) from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not text in UTF-8 ({error}); save it as UTF-8. {remedy}".strip()) from None


def decoded_text(content: bytes) -> str:
    """A text's bytes, as :func:`read_text` reads them. Raises ``UnicodeDecodeError``."""
    marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if marked else "utf-8-sig")


def read_json(path: str | Path, remedy: str = "") -> Any:
    """Read a JSON file; a missing or malformed one is a :class:`UserError` that names it and the remedy."""
    path = Path(path)
    try:
        return json.loads(decoded_text(path.read_bytes()))
    except FileNotFoundError:
        raise UserError(f"{path} is missing. {remedy}".strip()) from None
    except RecursionError:
        raise UserError(f"{path} is not JSON that can be read: it is nested too deep. {remedy}".strip()) from None
    except ValueError as error:  # also a number of thousands of digits, and text that is not UTF-8
        raise UserError(f"{path} is not JSON ({error}). {remedy}".strip()) from None


@cache
def resource(name: str) -> Any:
    """What a JSON file of ``hw3lib/resources`` holds; nobody may change it."""
    return read_json(paths.PACKAGE / "resources" / name)
