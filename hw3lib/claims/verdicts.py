"""How a claim is judged: parts with an effect and an interval, and the one rule that makes verdicts of them.

An effect is counted in the direction that the claim says, so that above zero speaks for it. The rule, for one part: it
is *supported* when its whole interval lies above zero; *not supported* when all of it lies below zero, or so close to
zero (:data:`NEGLIGIBLE`) that it would not matter; else, and with fewer than :data:`FEW` images, *inconclusive*. A
claim with several parts is supported when all are, not supported when any is not, else inconclusive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from hw3lib.display.prose import Estimate

Unit = Literal["accuracy", "CIDEr", "share", "bits", "evenness"]
Verdict = Literal["supported", "not supported", "inconclusive", "not testable"]

# What would not matter, in each unit: an interval wholly within plus and minus this shows that nothing is there.
FEW = 30  # images: an interval from fewer is not to be relied on
NEGLIGIBLE: dict[Unit, float] = {"accuracy": 0.01, "CIDEr": 0.01, "share": 0.01, "bits": 0.05, "evenness": 0.01}


class Measured(Estimate, Protocol):
    """An effect with its 95 % interval, from so many images, as the chapters' results hold it."""

    @property
    def n(self) -> int: ...


@dataclass(frozen=True)
class Part:
    """One comparison: what of what, the effect in ``unit`` with its 95 % interval, and how many images it rests on.

    >>> Part("with the article, minus without", 0.03, 0.02, 0.04, n=500, unit="accuracy").verdict
    'supported'
    >>> Part("with the article, minus without", 0.002, -0.003, 0.007, n=500, unit="accuracy").verdict
    'not supported'
    """

    what: str  # of what
    effect: float  # above zero speaks for the claim
    low: float  # end of the 95 % interval
    high: float  # likewise
    n: int  # images
    unit: Unit  # accuracy and share from 0 to 1

    @classmethod
    def of(cls, what: str, found: Measured, unit: Unit, against: bool = False) -> Part:
        """From an effect with its interval; ``against`` turns it round to the claim's side."""
        numbers = (-found.effect, -found.high, -found.low) if against else (found.effect, found.low, found.high)
        return cls(what, *numbers, found.n, unit)

    @property
    def negligible(self) -> bool:
        """Whether the interval leaves no room for anything that would matter."""
        most = NEGLIGIBLE[self.unit]
        return -most <= self.low and self.high <= most

    @property
    def direction(self) -> Literal["up", "down", "no effect", "unsure"]:
        """Where the effect goes, for claims that are about that."""
        if self.negligible:
            return "no effect"
        return "up" if self.low > 0 else "down" if self.high < 0 else "unsure"

    @property
    def verdict(self) -> Verdict:
        """The rule for one part."""
        if self.n < FEW:
            return "inconclusive"
        if self.negligible or self.high < 0:
            return "not supported"
        return "supported" if self.low > 0 else "inconclusive"


def together(parts: Sequence[Part]) -> Verdict:
    """The verdict on a claim that says all of its parts."""
    verdicts = {part.verdict for part in parts}
    if not verdicts:
        return "not testable"
    if "not supported" in verdicts:
        return "not supported"
    return "supported" if verdicts == {"supported"} else "inconclusive"


def both_ways(parts: Sequence[Part]) -> Verdict:
    """The verdict on a claim that an effect goes now up, now down, from the same effect in several places.

    Supported with one that is surely above zero and one that is surely below; not supported when all are negligible, or
    all surely go the same way; else inconclusive.
    """
    if not parts:
        return "not testable"
    ways = {part.direction for part in parts}
    if {"up", "down"} <= ways:
        return "supported"
    if ways in ({"up"}, {"down"}, {"no effect"}):
        return "not supported"
    return "inconclusive"
