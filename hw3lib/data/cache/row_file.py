"""Files of rows of one shape and type, memory-mapped: written once, whole or not at all, and never changed after.

A file is its rows one after another, each row's key (32 bytes) and CRC-32, facts as JSON, and a trailer with
their numbers and a CRC-32 of all but the rows. What was cut short has no trailer; what was changed has another CRC.

Dimension letters: R rows.
"""

from __future__ import annotations

import errno
import json
import shutil
import struct
import zlib
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from hw3lib.system.files import atomic

KEY = 32  # bytes
SPARE = 2**30  # bytes of disk that are left to others
_TRAILER = struct.Struct("<4sQQI")  # magic, R, bytes of facts, CRC-32 of keys, sums and facts
_MAGIC = b"hw3r"


class Damaged(Exception):
    """A file that :func:`write` did not finish, or that was changed since."""


def write(path: Path, rows: Iterable[tuple[bytes, np.ndarray]], expected: int, facts: Any = None) -> int:
    """Write keys with their rows, as they come, and return R; no row, no file. ``facts`` (plain data) come along.

    Raises ``OSError`` where the disk refuses or has no room for ``expected`` rows and something to spare, and what
    ``rows`` raises; then there is no file either.
    """
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        return 0
    kind, shape = first[1].dtype, first[1].shape
    keys, sums = bytearray(), bytearray()
    with atomic(path) as temporary, temporary.open("wb") as file:
        needed, free = expected * first[1].nbytes, shutil.disk_usage(path.parent).free
        if needed + SPARE > free:
            raise OSError(errno.ENOSPC, f"{needed / 1e9:.1f} GB needed, {free / 1e9:.1f} GB free")
        for key, row in chain([first], rows):
            assert (len(key), row.dtype, row.shape) == (KEY, kind, shape)
            data = np.ascontiguousarray(row).reshape(-1).view(np.uint8)
            file.write(data.data)
            keys += key
            sums += struct.pack("<I", zlib.crc32(data.data))
        header = json.dumps({"dtype": kind.str, "shape": shape, "facts": facts}).encode()
        ending = bytes(keys) + bytes(sums) + header
        count = len(keys) // KEY
        file.write(ending + _TRAILER.pack(_MAGIC, count, len(header), zlib.crc32(ending)))
    return count


class RowFile:
    """The rows of a file. Pickled, it is its path: worker processes map the same memory again.

    Raises :class:`Damaged` when the file is not whole, ``OSError`` when it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TRAILER.size))
            trailer = file.read()
            if len(trailer) < _TRAILER.size or not trailer.startswith(_MAGIC):
                raise Damaged(f"{path} has no trailer")
            _, count, length, check = _TRAILER.unpack(trailer)
            start = size - _TRAILER.size - length - count * (KEY + 4)
            file.seek(max(0, start))
            ending = file.read(size - _TRAILER.size - max(0, start))
            if start <= 0 or zlib.crc32(ending) != check:
                raise Damaged(f"{path} was changed")
        header = json.loads(ending[count * (KEY + 4) :])
        kind, shape = np.dtype(header["dtype"]), tuple(header["shape"])
        if start != count * kind.itemsize * int(np.prod(shape)):
            raise Damaged(f"{path} was changed")
        self.facts: Any = header["facts"]
        self.keys = [ending[start : start + KEY] for start in range(0, count * KEY, KEY)]
        self.sums = np.frombuffer(ending, "<u4", count, count * KEY)  # (R,)
        self.shape: tuple[int, ...] = (count, *shape)
        # A plain view of the map: numpy's memmap does more at each index.
        self.rows = np.memmap(path, kind, "r", shape=self.shape).view(np.ndarray)

    def __reduce__(self) -> tuple[type[RowFile], tuple[Path]]:
        return RowFile, (self.path,)

    def __len__(self) -> int:
        return self.shape[0]

    def sound(self, row: int) -> bool:
        """Whether the row is as it was written."""
        return zlib.crc32(self.rows[row].reshape(-1).view(np.uint8).data) == self.sums[row]
