"""Rows by key, in files of a folder: made once, for all runs and processes.

A file (:mod:`hw3lib.data.cache.row_file`) is a portion: added whole and never changed, by one process at a time, so
that a kill loses one portion at the most. What is damaged is noticed and made again. The folder may be removed at any
time; where it cannot be written, ``OSError`` is raised, and who fills it does without.

Dimension letters: n rows that were asked for.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from hw3lib.data.cache import row_file
from hw3lib.data.cache.row_file import Damaged, RowFile
from hw3lib.system import locks, threads


class Rows:
    """Rows by index, mapped from their files; worker processes share the memory. See :meth:`RowCache.rows`."""

    def __init__(self, files: list[RowFile], places: np.ndarray, shape: tuple[int, ...], checked: bool) -> None:
        self.files, self.places = files, places  # places: (n, 2), the file and the row in it
        self.shape = (len(places), *shape)
        self._checked = bytearray([checked]) * len(places)

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> np.ndarray:
        """A row, checked when it is first read. Raises ``Damaged``, after the file was removed."""
        number, row = self.places[index]
        file = self.files[number]
        if not self._checked[index]:
            if not file.sound(row):
                _remove(file)
                raise Damaged(str(file.path))
            self._checked[index] = 1
        return file.rows[row]


class RowCache:
    """The files of a folder, and where in them each key's row is; :meth:`refresh` reads them.

    ``checked``: every row is, before a file is taken in. Otherwise each is when it is first read.
    """

    def __init__(self, folder: Path, checked: bool = False) -> None:
        self.folder, self.checked = folder, checked
        self.files: list[RowFile] = []
        self._places: dict[bytes, tuple[int, int]] = {}
        self._paths: set[Path] = set()

    def __contains__(self, key: bytes | None) -> bool:
        return key in self._places

    def get(self, key: bytes) -> np.ndarray | None:
        """A row, checked; ``None`` where it is not here or is damaged: then all of its file is forgotten."""
        number, row = self._places.get(key, (-1, -1))
        if number < 0:
            return None
        file = self.files[number]
        if file.sound(row):
            return file.rows[row]
        _remove(file)
        self._places = {key: place for key, place in self._places.items() if place[0] != number}
        return None

    def rows(self, keys: Sequence[bytes], shape: tuple[int, ...] = ()) -> Rows:
        """The rows of keys that are here, ``(n, *shape)``."""
        places = np.array([self._places[key] for key in keys], np.int64).reshape(-1, 2)
        return Rows(self.files, places, shape, self.checked)

    def refresh(self) -> None:
        """Take in files that are new; a damaged one is removed."""
        for path in sorted(self.folder.glob("[0-9]*.rows")):
            if path in self._paths:
                continue
            try:
                file = RowFile(path)
                if self.checked:
                    _check(file)
            except Damaged:
                path.unlink(missing_ok=True)
            except FileNotFoundError:
                continue
            else:
                self._take(file)

    @contextmanager
    def adding(self) -> Iterator[None]:
        """Hold the cache for this process alone, with all that others have added until now."""
        with locks.exclusive(self.folder / ".lock", "", patience=-1):
            self.refresh()
            for unfinished in self.folder.glob(".*.part.rows"):  # by a process that was killed
                unfinished.unlink(missing_ok=True)
            yield

    def add(self, rows: Iterable[tuple[bytes, np.ndarray]], expected: int, facts: Any = None) -> None:
        """Within :meth:`adding`, write one more file; see :func:`hw3lib.data.cache.row_file.write`."""
        number = max((int(path.stem) for path in self._paths), default=-1) + 1
        path = self.folder / f"{number:06d}.rows"
        if row_file.write(path, rows, expected, facts):
            self._take(RowFile(path))

    def _take(self, file: RowFile) -> None:
        self._paths.add(file.path)
        self._places |= {key: (len(self.files), row) for row, key in enumerate(file.keys)}
        self.files.append(file)


def _remove(file: RowFile) -> None:
    warnings.warn(f"{file.path} is damaged; what it held is made again", stacklevel=3)
    with suppress(OSError):
        file.path.unlink()


def _check(file: RowFile) -> None:
    with ThreadPoolExecutor(threads.count()) as pool:
        if not all(pool.map(file.sound, range(len(file)))):
            raise Damaged(f"{file.path} was changed")
