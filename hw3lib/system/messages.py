"""How a message names many things, or a long one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def shortened(text: str, most: int = 120) -> str:
    """A name as a message can show it."""
    return text if len(text) <= most else f"{text[:most]}... ({len(text):,} characters)"


def some(items: Sequence[str], kind: str) -> str:
    """``4 images (a, b, c, ...)``."""
    listed = ", ".join(map(shortened, items[:3])) + ", ..." * (len(items) > 3)
    return f"{len(items)} {kind}{'s' * (len(items) > 1)} ({listed})"


def _some(items: Sequence[Any], kind: str) -> str:
    shown = ", ".join(shortened(str(item)) for item in items[:3])
    return f"{len(items)} {kind}{'s' if len(items) > 1 else ''}: {shown}{', ...' if len(items) > 3 else ''}"
