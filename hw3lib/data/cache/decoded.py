"""Fitted photographs kept on disk as they are in memory: decoded once per content and size, for all runs and processes.

Under ``runs/cache/images/<key>/``, ``key`` by all that the pixels follow from but the photograph itself, lie files of
rows (:mod:`hw3lib.data.cache.row_file`), each row the pixels of one photograph by the sha256 of its bytes. A file is
added whole and never changed, by one process at a time; a row that turns out damaged takes its file away. The folder
may be removed at any time: what is missing is decoded again.

Dimension letters: n photographs, h w the model's input in pixels.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np

from hw3lib import paths
from hw3lib.data.cache import digests, row_file
from hw3lib.data.cache.digests import Digests, State
from hw3lib.data.cache.row_file import RowFile
from hw3lib.data.images import Photograph, open_image
from hw3lib.data.transform import ImageTransform
from hw3lib.system import locks, threads
from hw3lib.system.errors import UserError

PORTION = 512 * 2**20  # bytes of a file, and what a kill loses at the most: some seconds of decoding

Found = tuple[bytes | None, np.ndarray | str | None]  # digest; pixels, or what is wrong, or None where they are kept


def home() -> Path:
    """Where decoded photographs are kept."""
    return paths.root() / "runs" / "cache" / "images"


class Pixels:
    """Fitted photographs by index, uint8 (h, w, 3) each; worker processes share the memory."""

    def __init__(self, files: list[RowFile], places: np.ndarray) -> None:
        self.files, self.places = files, places  # places: (n, 2), the file and the row in it
        self.shape: tuple[int, ...] = (len(places), *(files[0].shape[1:] if files else (0, 0, 3)))
        self._seen = bytearray(len(places))

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> np.ndarray | None:
        """The pixels, or None where they were damaged on disk. Each row is checked when it is first read."""
        number, row = self.places[index]
        file = self.files[number]
        if not self._seen[index]:
            if not file.sound(row):
                with suppress(OSError):
                    file.path.unlink()  # made anew by the next who loads
                warnings.warn(f"{file.path} is damaged; its photographs are decoded again", stacklevel=2)
                return None
            self._seen[index] = 1
        return file.rows[row]


def load(
    photographs: Sequence[Photograph], transform: ImageTransform, folder: Path, report: Callable[[str], None]
) -> tuple[Pixels, list[int], dict[int, str]]:
    """Pixels of the readable photographs, their indices, and by index what is wrong with each of the others.

    What is not kept yet is decoded in threads and added. Where another process is about to do the same, one of them
    waits for the other and finds it done. Raises ``OSError`` where the disk has no room or cannot be written.
    """
    name = hashlib.sha256(transform.fit_key().encode()).hexdigest()[:20]
    filling = _Filling(photographs, transform, folder / name, report)
    filling.fill()
    readable = [index for index in range(len(photographs)) if index not in filling.problems]
    places = [filling.store.places[digest] for index in readable if (digest := filling.digests[index])]
    pixels = Pixels(filling.store.files, np.array(places, np.int64).reshape(-1, 2))
    pixels.shape = (len(readable), *transform.size, 3)
    return pixels, readable, filling.problems


class _Store:
    """The files of a folder and where in them each digest is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: list[RowFile] = []
        self.places: dict[bytes, tuple[int, int]] = {}
        self._known: set[Path] = set()

    def refresh(self) -> None:
        """Take in files that are new; a damaged one is removed."""
        for path in sorted(self.folder.glob("*.rows")):
            if path in self._known or path.name.startswith("."):
                continue
            try:
                file = RowFile(path)
            except row_file.Damaged:
                path.unlink(missing_ok=True)
                continue
            except FileNotFoundError:
                continue
            self._known.add(path)
            self.places |= {key: (len(self.files), row) for row, key in enumerate(file.keys)}
            self.files.append(file)

    def next(self) -> Path:
        """A path for one more file."""
        last = max((int(path.stem) for path in self._known), default=-1)
        return self.folder / f"{last + 1:06d}.rows"

    def sweep(self) -> None:
        """Remove what a killed process left; only for who holds the lock."""
        for path in self.folder.glob(".*.part.rows"):
            path.unlink(missing_ok=True)


class _Filling:
    """One call of :func:`load`."""

    def __init__(
        self,
        photographs: Sequence[Photograph],
        transform: ImageTransform,
        folder: Path,
        report: Callable[[str], None],
    ) -> None:
        self.photographs, self.transform, self.report = photographs, transform, report
        self.store = _Store(folder)
        self.memory = Digests(digests.home())
        self.digests: list[bytes | None] = []
        self.problems: dict[int, str] = {}

    def fill(self) -> None:
        self.store.refresh()
        self.digests = [self.memory.known(photograph) for photograph in self.photographs]
        missing = [index for index, digest in enumerate(self.digests) if digest not in self.store.places]
        h, w = self.transform.size
        each = max(1, PORTION // (h * w * 3))
        for start in range(0, len(missing), each):
            with locks.exclusive(self.store.folder / ".lock", "", patience=-1):
                self._add(missing[start : start + each])
            if len(missing) > each:
                done = min(start + each, len(missing))
                self.report(f"photographs at {h}x{w}: {done:,} of {len(missing):,} decoded, and kept for later runs")

    def _add(self, indices: list[int]) -> None:
        """Decode those of the photographs that nobody has added meanwhile, into one file."""
        self.memory.forget()
        self.store.refresh()
        self.store.sweep()
        states = {index: digests.state_of(self.photographs[index]) for index in indices}
        for index in indices:
            self.digests[index] = self.memory.known(self.photographs[index])
        missing = [index for index in indices if self.digests[index] not in self.store.places]
        h, w = self.transform.size
        row_file.check_room(self.store.folder, len(missing) * h * w * 3)
        row_file.write(self.store.next(), self._decoded(missing, states))
        self.store.refresh()
        self.memory.save()

    def _decoded(self, indices: list[int], states: dict[int, State | None]) -> Iterator[tuple[bytes, np.ndarray]]:
        added: set[bytes] = set()
        with ThreadPoolExecutor(threads.count()) as pool:
            for index, (digest, found) in zip(indices, threads.ahead(pool, self._decode, indices), strict=True):
                self.digests[index] = digest
                if isinstance(found, str):
                    self.problems[index] = found
                    continue
                if digest is None:
                    continue
                self.memory.note(self.photographs[index], states[index], digest)
                if found is not None and digest not in added:
                    added.add(digest)
                    yield digest, found

    def _decode(self, index: int) -> Found:
        photograph = self.photographs[index]
        try:
            content = photograph.read_bytes()
        except OSError:
            content = None  # open_image says what is wrong
        except UserError as error:
            return None, str(error)
        digest = None if content is None else digests.digest_of(content)
        if digest in self.store.places:
            return digest, None
        try:
            return digest, np.asarray(self.transform.fit(open_image(photograph, content)))
        except UserError as error:
            return digest, str(error)
