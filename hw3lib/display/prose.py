"""How numbers and names are written in a sentence, as Markdown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any


def plain(text: str) -> str:
    """Text as Markdown that shows it as it is."""
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~&$])", r"\\\1", " ".join(text.split()))


def names_in_words(names: Sequence[str]) -> str:
    """``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def code(text: str) -> str:
    """Text as Markdown code, whatever backticks it holds."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence, pad = "`" * (longest + 1), " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def signed(value: float) -> str:
    """A change in points with one decimal and its sign; nothing has none."""
    return f"{value:+.1f}".replace("-", "−") if round(value, 1) else "0.0"


def points(effect: Mapping[str, Any]) -> str:
    """An effect with its interval, in points of accuracy: ``+1.2 points [+0.3, +2.0]``."""
    ends = ", ".join(f"{signed(100 * effect[end])}" for end in ("low", "high"))
    return f"{signed(100 * effect['effect'])} points [{ends}]"


def chance(p: float) -> str:
    """A p-value as one writes it."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"
