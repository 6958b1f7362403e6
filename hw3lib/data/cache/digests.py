"""The sha256 of photographs' content, remembered between runs: a photograph that has not changed is not read again."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from hw3lib import paths
from hw3lib.system import files, threads
from hw3lib.system.errors import UserError

if TYPE_CHECKING:
    from hw3lib.data.images import Photograph

State = tuple[int, int]  # when the file was changed (ns), its bytes

# The clock that files are stamped with is coarse: what was changed so lately may change again within the same tick.
_TICK = 100_000_000  # ns


def home() -> Path:
    """Where digests are remembered: a file per folder of photographs, or per shard."""
    return paths.root() / "runs" / "cache" / "digests"


class Digests:
    """What is remembered, as this process last read it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._groups: dict[str, dict[str, tuple[int, int, str]]] = {}  # folder or shard -> name -> state and digest
        self._unsaved: set[str] = set()  # groups that have more than their file

    def get(self, photograph: Photograph) -> bytes | None:
        """The digest, if the photograph is remembered and is as it was then."""
        state = state_of(photograph)
        *then, digest = self._group(_place(photograph)).get(photograph.name, (0, 0, ""))
        return bytes.fromhex(digest) if state and tuple(then) == state else None

    def remember(self, photograph: Photograph, state: State | None, digest: bytes) -> None:
        """Remember the digest of what was read after the photograph had this state."""
        if state is None or time.time_ns() - state[0] < _TICK:
            return
        group = _place(photograph)
        self._group(group)[photograph.name] = (*state, digest.hex())
        self._unsaved.add(group)

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
        for group in self._unsaved:
            try:
                files.write_json(self._file(group), {"of": group, "digests": self._groups[group]}, indent=None)
            except OSError:
                return
        self._unsaved.clear()

    def forget(self) -> None:
        """Read what other processes have written since, when it is next asked for."""
        self._groups = {group: self._groups[group] for group in self._unsaved}

    def _group(self, group: str) -> dict[str, tuple[int, int, str]]:
        if group not in self._groups:
            entries: dict[str, tuple[int, int, str]] = {}
            try:
                content = json.loads(self._file(group).read_text(encoding="utf-8"))
                for name, (changed, size, digest) in content["digests"].items():
                    if len(bytes.fromhex(digest)) == 32:
                        entries[name] = (changed, size, digest)
            except (OSError, ValueError, KeyError, TypeError, AttributeError):
                entries = {}  # a cache: what cannot be read is made again
            self._groups[group] = entries
        return self._groups[group]

    def _file(self, group: str) -> Path:
        return self.folder / f"{hashlib.sha256(group.encode()).hexdigest()[:20]}.json"


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


def _place(photograph: Photograph) -> str:
    return os.path.abspath(photograph.parent)


def _read(photograph: Photograph) -> bytes:
    try:
        return photograph.read_bytes()
    except OSError as error:
        raise UserError(f"{photograph} cannot be read ({error.strerror})") from None
