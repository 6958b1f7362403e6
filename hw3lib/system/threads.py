"""Work in threads, in order and with bounded memory; Pillow, zlib and hashing work outside the interpreter's lock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from hw3lib.system import devices

In = TypeVar("In")
Out = TypeVar("Out")


def count() -> int:
    """How many threads read and decode: the cores that this process may use, 16 at the most."""
    return min(16, devices.cores())


def ahead(pool: ThreadPoolExecutor, work: Callable[[In], Out], items: Iterable[In], most: int = 64) -> Iterator[Out]:
    """``pool.map``, in order, with ``most`` results in memory that nobody has taken yet."""
    waiting: deque[Future[Any]] = deque()
    for item in items:
        if len(waiting) == most:
            yield waiting.popleft().result()
        waiting.append(pool.submit(work, item))
    while waiting:
        yield waiting.popleft().result()
