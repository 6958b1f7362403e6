"""Archives, zip or tar: what is taken of them, written under names of our own and bounded in size."""

from __future__ import annotations

import gzip
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, cast

from hw3lib.system.errors import UserError
from hw3lib.system.messages import brief, shorten

_CHUNK = 1 << 20
_DAMAGED = (
    zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, RuntimeError, ValueError,
    FileExistsError, NotADirectoryError, IsADirectoryError,  # a file where another name needs a folder
)  # fmt: skip
Opener = Callable[..., IO[bytes]]
Entry = tuple[str, int, bool, Opener]  # name, size in bytes, whether it is a plain file, how to open it


def unpack(path: Path, takes: Mapping[str, str], most: int, folder: Path) -> None:
    """Write files of an archive into a folder: ``takes`` has the name there of each file, and of each folder (with / ).

    Only plain files are read. Raises :class:`UserError` for a damaged archive, for one that lacks something or names a
    place outside of itself, and for links and more than ``most`` bytes in what is taken.
    """
    left, lacking = most, set(takes)
    try:
        with _entries(path) as entries:
            for name, size, plain, opened in entries:
                taken, target = _target(path, name, takes)
                if target is None:
                    continue
                if not plain:
                    raise UserError(f"{path} has a link, {shorten(name)}, where a file should be; none of it is used")
                if size < 0 or (left := left - size) < 0:
                    raise UserError(f"{path} holds more than {most:,} bytes of {taken}; none of it is used")
                (folder / target).parent.mkdir(parents=True, exist_ok=True)
                with opened() as source, (folder / target).open("wb") as file:
                    shutil.copyfileobj(source, file, _CHUNK)
                lacking.discard(taken)
    except _DAMAGED as error:
        raise UserError(f"{path} is damaged ({brief(error)}); remove it, and the same command fetches it") from None
    if lacking:
        raise UserError(f"{path} lacks {', '.join(sorted(lacking))}; remove it, and the same command fetches it")


@contextmanager
def _entries(path: Path) -> Iterator[Iterator[Entry]]:
    """The entries of a zip or of a tar, but for folders. Of none is more read than the size that it states."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as zipped:
            files = [info for info in zipped.infolist() if not info.is_dir()]
            yield ((info.filename, info.file_size, _is_plain(info), partial(zipped.open, info)) for info in files)
    else:
        with tarfile.open(path) as tar:
            yield (
                (member.name, member.size, member.isreg(), partial(cast(Opener, tar.extractfile), member))
                for member in tar
                if not member.isdir()
            )


def _is_plain(info: zipfile.ZipInfo) -> bool:
    kind = info.external_attr >> 28  # of a Unix file; 0 where the archive says nothing
    return kind in (0, 0o10)


def _target(path: Path, name: str, takes: Mapping[str, str]) -> tuple[str, str | None]:
    """What of ``takes`` an entry belongs to, and its path in the folder; None where it is not taken."""
    entry = PurePosixPath(name.replace("\\", "/"))
    if entry.is_absolute() or ".." in entry.parts:
        raise UserError(f"{path} names {shorten(repr(name))}, a place outside of it; none of it is used")
    for taken, target in takes.items():
        if str(entry) == taken:
            return taken, target
        if taken.endswith("/") and entry.is_relative_to(taken):
            return taken, f"{target}/{entry.relative_to(taken)}"
    return "", None
