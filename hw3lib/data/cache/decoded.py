"""Fitted photographs kept on disk as they are in memory: decoded once per content and size, for all runs and processes.

Under ``runs/cache/images/<key>/``, ``key`` by all that the pixels follow from but the photograph itself, lies a
:class:`~hw3lib.data.cache.row_cache.RowCache` of pixels, each photograph's by the sha256 of its bytes.

Dimension letters: I photographs, h w the model's input in pixels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from hw3lib.data.cache import digests
from hw3lib.data.cache.digests import Digests, State
from hw3lib.data.cache.row_cache import RowCache, Rows
from hw3lib.data.images import Photograph, open_image
from hw3lib.data.transform import ImageTransform
from hw3lib.system import threads
from hw3lib.system.errors import UserError

PORTION = 512 * 2**20  # bytes of a file, and what a kill loses at the most: some seconds of decoding

Decoded = tuple[bytes | None, np.ndarray | str | None]  # digest; pixels, or what is wrong, or None where they are kept


def load(
    photographs: Sequence[Photograph], transform: ImageTransform, folder: Path, report: Callable[[str], None]
) -> tuple[Rows, dict[int, str]]:
    """Pixels of the readable photographs, uint8 (I, h, w, 3), and by index what is wrong with each of the others.

    What is not kept yet is decoded in threads and added. Where another process is about to do the same, one of them
    waits for the other and finds it done. Raises ``OSError`` where the disk has no room or cannot be written.
    """
    name = hashlib.sha256(transform.fit_key().encode()).hexdigest()[:20]
    filling = _Filling(photographs, transform, folder / name, report)
    filling.fill()
    readable = [key for index, key in enumerate(filling.digests) if key and index not in filling.problems]
    return filling.cache.rows(readable, (*transform.size, 3)), filling.problems


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
        self.cache = RowCache(folder)
        self.memory = Digests()
        self.digests: list[bytes | None] = []
        self.problems: dict[int, str] = {}

    def fill(self) -> None:
        self.cache.refresh()
        self.digests = [self.memory.get(photograph) for photograph in self.photographs]
        missing = [index for index, digest in enumerate(self.digests) if digest not in self.cache]
        h, w = self.transform.size
        portion = max(1, PORTION // (h * w * 3))
        for start in range(0, len(missing), portion):
            with self.cache.adding():
                self._add(missing[start : start + portion])
            if len(missing) > portion:
                done = min(start + portion, len(missing))
                self.report(f"photographs at {h}x{w}: {done:,} of {len(missing):,} decoded, and kept for later runs")

    def _add(self, indices: list[int]) -> None:
        """Decode those of the photographs that nobody has added meanwhile, into one file."""
        self.memory.cache.refresh()
        states = {index: digests.state_of(self.photographs[index]) for index in indices}
        for index in indices:
            self.digests[index] = self.memory.get(self.photographs[index])
        missing = [index for index in indices if self.digests[index] not in self.cache]
        self.cache.add(self._decoded(missing, states), len(missing))
        self.memory.save()

    def _decoded(self, indices: list[int], states: dict[int, State | None]) -> Iterator[tuple[bytes, np.ndarray]]:
        added: set[bytes] = set()
        with ThreadPoolExecutor(threads.count()) as pool:
            for index, (digest, pixels) in zip(indices, threads.ahead(pool, self._decode, indices), strict=True):
                self.digests[index] = digest
                if isinstance(pixels, str):
                    self.problems[index] = pixels
                elif digest is not None:
                    self.memory.remember(self.photographs[index], states[index], digest)
                    if pixels is not None and digest not in added:
                        added.add(digest)
                        yield digest, pixels

    def _decode(self, index: int) -> Decoded:
        photograph = self.photographs[index]
        try:
            content = photograph.read_bytes()
        except OSError:
            content = None  # open_image says what is wrong
        except UserError as error:
            return None, str(error)
        digest = None if content is None else digests.digest_of(content)
        if digest in self.cache:
            return digest, None
        try:
            return digest, np.asarray(self.transform.fit(open_image(photograph, content)))
        except UserError as error:
            return digest, str(error)
