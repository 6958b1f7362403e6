"""The sha256 of photographs' content, remembered between runs: a photograph that has not changed is not read again."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from hw3lib import paths
from hw3lib.data.cache.row_cache import RowCache
from hw3lib.system import threads
from hw3lib.system.errors import UserError

if TYPE_CHECKING:
    from hw3lib.data.images import Photograph

State = tuple[int, int]  # when the file was changed (ns), its bytes

# The clock that files are stamped with is coarse: what was changed so lately may change again within the same tick.
_TICK = 100_000_000  # ns


class Digests:
    """What is remembered: rows of 32 bytes, whose keys tell the photograph's place and state."""

    def __init__(self) -> None:
        self.cache = RowCache(paths.cache("digests"))
        self.cache.refresh()
        self._unsaved: dict[bytes, bytes] = {}

    def get(self, photograph: Photograph) -> bytes | None:
        """The digest, if the photograph is remembered and is as it was then."""
        state = state_of(photograph)
        if state is None:
            return None
        key = _key(photograph, state)
        row = self.cache.get(key)
        return self._unsaved.get(key) if row is None else row.tobytes()

    def remember(self, photograph: Photograph, state: State | None, digest: bytes) -> None:
        """Remember the digest of what was read after the photograph had this state."""
        if state is not None and time.time_ns() - state[0] >= _TICK:
            self._unsaved[_key(photograph, state)] = digest

    def of(self, photographs: Sequence[Photograph]) -> list[bytes]:
        """All digests, hashing what is not remembered. Raises :class:`UserError` for one that cannot be read."""
        digests = [self.get(photograph) for photograph in photographs]
        new = [index for index, digest in enumerate(digests) if digest is None]
        states = [state_of(photographs[index]) for index in new]
        with ThreadPoolExecutor(threads.count()) as pool:
            hashed = threads.ahead(pool, lambda index: digest_of(_read(photographs[index])), new)
            for index, state, digest in zip(new, states, hashed, strict=True):
                digests[index] = digest
                self.remember(photographs[index], state, digest)
        self.save()
        return [digest for digest in digests if digest is not None]

    def save(self) -> None:
        """Write what is new; what cannot be written is hashed again another time."""
        if not self._unsaved:
            return
        with suppress(OSError), self.cache.adding():
            rows = [(key, np.frombuffer(digest, np.uint8)) for key, digest in self._unsaved.items()]
            self.cache.add((row for row in rows if row[0] not in self.cache), len(rows))
            self._unsaved.clear()


def state_of(photograph: Photograph) -> State | None:
    """By what a change shows; None when there is no such file."""
    try:
        status = photograph.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def digest_of(content: bytes) -> bytes:
    """sha256."""
    return hashlib.sha256(content).digest()


def _key(photograph: Photograph, state: State) -> bytes:
    return digest_of(json.dumps([os.path.abspath(photograph.parent), photograph.name, *state]).encode())


def _read(photograph: Photograph) -> bytes:
    try:
        return photograph.read_bytes()
    except OSError as error:
        raise UserError(f"{photograph} cannot be read ({error.strerror})") from None
