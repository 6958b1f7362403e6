"""Out of memory, said as which setting to lower."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hw3lib.system.errors import UserError
from hw3lib.system.messages import brief

# torch.OutOfMemoryError, what CUDA's libraries say themselves, and torch's allocator on a processor.
_WORDS = ("out of memory", "can't allocate memory", "cannot allocate memory")


@contextmanager
def advice(remedy: str) -> Iterator[None]:
    """Where memory runs out within, on whatever device, raise :class:`UserError` with the ``remedy``."""
    try:
        yield
    except (MemoryError, RuntimeError, OSError) as error:
        if not isinstance(error, MemoryError) and not any(words in str(error).lower() for words in _WORDS):
            raise
        raise UserError(f"out of memory ({brief(error, 150)}): {remedy}") from error
