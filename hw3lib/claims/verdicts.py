"""How a claim is judged: parts with an effect, an interval and tests, and the one rule that makes verdicts of them.

An effect is counted in the direction that the claim says, so that above zero speaks for it. The rule, for one part of
:data:`FEW` images or more: it is *not supported* when an equivalence test shows that the effect is negligible (two
one-sided tests, Schuirmann 1987; Lakens 2017), or when it is significantly below zero; *supported* when it is
significantly above zero; else *inconclusive*: that an effect is not significant shows nothing. Negligible is within
:data:`NEGLIGIBLE` of zero or, of CIDEr, within what two seeds of one run differ by, where that is measured and larger.
A difference between settings that were trained with one seed is inconclusive, too, unless it is larger than what two
seeds of the profile's other runs differ by. Significant is a p-value below 0.05 after Holm's (1979) correction for all
parts of all claims. Equivalence tests are not corrected. A claim with several parts is supported when all are, not
supported when any is not, else inconclusive.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from hw3lib.display.prose import Estimate
from hw3lib.metrics import interval_tests
from hw3lib.metrics.interval_tests import FEW, NEGLIGIBLE, Unit
from hw3lib.metrics.paired_tests import LEVEL, holm

Split = Literal["labelled", "validation", "test", ""]
Verdict = Literal["supported", "not supported", "inconclusive", "not testable"]


class Measured(Estimate, Protocol):
    """An effect with its 95 % interval and its p-value, from so many images, as the chapters' results hold it."""

    @property
    def n(self) -> int: ...
    @property
    def p(self) -> float: ...


@dataclass(frozen=True)
class Part:
    """One comparison: what of what, the effect in ``unit`` with its 95 % interval, how many images, and its tests.

    What is not given of the tests follows from the interval; a part alone needs no correction.

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
    p: float = math.nan  # two-sided: the chapter's exact test, or by the interval
    holm: float = math.nan  # p, corrected for all parts of all claims
    equivalence: float = math.nan  # p of the test that the effect is negligible (TOST), not corrected
    detectable: float = math.nan  # the smallest effect that so many images and seeds show with a power of 80 %
    seeds: int = 0  # of the trainings on each side; 0: nothing is trained
    by_seeds: float = 0.0  # the share of the interval's variance that comes from seeds; the rest comes from images
    freedom: float | None = None  # degrees of freedom of the t distribution behind the interval; null: it is normal
    margin: float = math.nan  # effects within plus and minus this are negligible
    # whether another seed alone may make such an effect, as far as is known: settings that were trained with one seed
    seed_alone: bool = False
    # the images: labelled ones are P1's, test had no say in training, validation chose the epochs; "": of earlier files
    split: Split = ""

    def __post_init__(self) -> None:
        """Fill in the tests that were not given."""
        freedom = math.inf if self.freedom is None else self.freedom
        p = interval_tests.p_value(self, freedom) if math.isnan(self.p) else self.p
        margin = NEGLIGIBLE[self.unit] if math.isnan(self.margin) else self.margin
        tests = {
            "p": p,
            "holm": p,
            "margin": margin,
            "equivalence": interval_tests.equivalence(self, margin, freedom),
            "detectable": interval_tests.detectable(self, freedom),
        }
        for name, value in tests.items():
            if math.isnan(getattr(self, name)):
                object.__setattr__(self, name, value)

    @classmethod
    def of(cls, what: str, found: Measured, unit: Unit, against: bool = False, **more: Any) -> Part:
        """From an effect with its interval and p; ``against`` turns it round to the claim's side.

        ``more`` are fields that the effect does not have: its seeds and what follows from them.
        """
        numbers = (-found.effect, -found.high, -found.low) if against else (found.effect, found.low, found.high)
        return cls(what, *numbers, found.n, unit, found.p, **more)

    @property
    def direction(self) -> Literal["up", "down", "no effect", "unsure"]:
        """Where the effect goes: no effect is one that is shown to be negligible, even if it is significant."""
        if self.n < FEW or self.seed_alone:
            return "unsure"
        if self.equivalence < LEVEL:
            return "no effect"
        if self.holm < LEVEL:
            return "up" if self.effect > 0 else "down"
        return "unsure"

    @property
    def verdict(self) -> Verdict:
        """The rule for one part."""
        verdicts: dict[str, Verdict] = {"up": "supported", "unsure": "inconclusive"}
        return verdicts.get(self.direction, "not supported")


def corrected(families: Sequence[Sequence[Part]]) -> list[list[Part]]:
    """All claims' parts with Holm's correction for all of them together, in the order given."""
    p_values = iter(holm([part.p for parts in families for part in parts]))
    return [[replace(part, holm=next(p_values)) for part in parts] for parts in families]


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

    Supported with one that goes significantly up and one that goes significantly down; not supported when all are shown
    to be negligible, or all go significantly the same way; else inconclusive.
    """
    if not parts:
        return "not testable"
    ways = {part.direction for part in parts}
    if {"up", "down"} <= ways:
        return "supported"
    if ways in ({"up"}, {"down"}, {"no effect"}):
        return "not supported"
    return "inconclusive"
