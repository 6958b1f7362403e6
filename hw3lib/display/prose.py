"""How numbers and names are written in a sentence, as Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from hw3lib.display.scripts import isolated

_RAISED = str.maketrans(
    "-0123456789", "\N{SUPERSCRIPT MINUS}\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"
)


class Estimate(Protocol):
    """An effect with its confidence interval, whatever class it is of."""

    @property
    def effect(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


def plain(text: str) -> str:
    """Text as Markdown that shows it as it is, in its own direction."""
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~&$])", r"\\\1", isolated(" ".join(text.split())))


def names_in_words(names: Sequence[str]) -> str:
    """``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def code(text: str) -> str:
    """Text as Markdown code, whatever backticks it holds."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence, pad = "`" * (longest + 1), " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def decimal(value: float, digits: int) -> str:
    """A number with so many decimals, in the minus sign of all texts; what rounds to nothing has none.

    >>> decimal(-2.04, 1), decimal(-0.0004, 3)
    ('−2.0', '0.000')
    """
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "\N{MINUS SIGN}")


def signed(value: float, digits: int = 1) -> str:
    """A change with its sign; what rounds to nothing has none.

    >>> signed(-2.04), signed(0.0004), signed(0.25, 2)
    ('−2.0', '0.0', '+0.25')
    """
    return "+" * (round(value, digits) > 0) + decimal(value, digits)


def estimate(effect: float, low: float, high: float, digits: int = 2, unit: str = "") -> str:
    """An effect with its confidence interval, and its unit; a digit more where an end that is not zero rounds to it.

    >>> estimate(0.31, -0.02, 0.64, unit="bits")
    '+0.31 [−0.02, +0.64] bits'
    >>> estimate(0.06, 0.001, 0.12, unit="bits")
    '+0.060 [+0.001, +0.120] bits'
    >>> estimate(-0.001, -0.0048, 0.003)
    '−0.001 [−0.005, +0.003]'
    """
    digits += any(round(end, digits) == 0 and abs(end) > 1e-9 for end in (low, high))  # sums leave that much of zero
    value, *ends = (signed(number, digits) for number in (effect, low, high))
    return f"{value} [{', '.join(ends)}] {unit}".rstrip()


def points(effect: Estimate) -> str:
    """A difference of accuracies with its interval, in points of a hundred: ``+1.2 [+0.3, +2.0] points``."""
    return estimate(100 * effect.effect, 100 * effect.low, 100 * effect.high, digits=1, unit="points")


def general(value: float, digits: int = 6) -> str:
    """A number of any size: a power of ten where it is very small or large.

    >>> general(2e-3), general(1e-5), general(8.773e-9, 2)
    ('0.002', '1\u00d710\u207b\u2075', '8.8\u00d710\u207b\u2079')
    """
    number, _, power = f"{value:.{digits}g}".replace("-", "\N{MINUS SIGN}").partition("e")
    raised = str(int(power.replace("\N{MINUS SIGN}", "-"))).translate(_RAISED) if power else ""
    return f"{number}\N{MULTIPLICATION SIGN}10{raised}" if power else number


def p_value(p: float) -> str:
    """A p-value as one writes it.

    >>> p_value(0.0002), p_value(0.0314), p_value(0.5)
    ('p < 0.001', 'p = 0.031', 'p = 0.50')
    """
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"
