"""What an effect with its 95 % interval tells: a p-value, an equivalence test, and the effect that could be detected.

An interval is read as a normal distribution's, which has on either side of the effect a standard error of its own, for
the bootstrap's intervals are skewed. The one on the side of the value that is tested counts: that half of the interval,
over 1.96. So the p-value lies below 0.05 exactly where the interval leaves out zero. It has no smallest value, as a
share of 2000 resamples has, which Holm's correction of 51 comparisons would lift above 0.05 whatever was measured.
"""

from __future__ import annotations

import math
from typing import Literal

from hw3lib.display.prose import Estimate

Unit = Literal["accuracy", "CIDEr", "share", "bits", "evenness"]

POWER = 0.8
FEW = 30  # images: an interval from fewer is not to be relied on
# What would not matter, in each unit: effects within plus and minus this are negligible.
NEGLIGIBLE: dict[Unit, float] = {"accuracy": 0.01, "CIDEr": 0.01, "share": 0.01, "bits": 0.05, "evenness": 0.01}


def p_value(estimate: Estimate, freedom: float = math.inf) -> float:
    """The two-sided p-value of "no effect", 0 to 1; ``freedom`` are the degrees of freedom of a t distribution.

    >>> from hw3lib.metrics.bootstrap import paired_difference
    >>> round(p_value(paired_difference([0.9, 0.8, 1.1, 0.7, 1.0], [0.6, 1.0, 0.8, 0.8, 0.7], seed=1)), 2)
    0.24
    """
    return 2 * _below(-abs(_standard_errors(estimate, 0.0)), freedom)


def equivalence(estimate: Estimate, margin: float, freedom: float = math.inf) -> float:
    """The p-value of two one-sided tests that the effect lies within ``margin`` of zero (TOST; Schuirmann 1987).

    Below 0.05 exactly where the 90 % interval lies within the margins (Lakens 2017).
    """
    sides = -_standard_errors(estimate, -margin), _standard_errors(estimate, margin)
    return max(_below(side, freedom) for side in sides)


def detectable(estimate: Estimate, freedom: float = math.inf) -> float:
    """The minimal detectable effect: the smallest that so many images show with a power of 80 %, two-sided at 0.05.

    It is (1.96 + 0.84) standard errors, the width of the interval over 3.92. For differences of right and wrong answers
    that is the normal approximation to the power of McNemar's test (Connor, Biometrics 1987; 43:207-211); the exact
    test has a little less.
    """
    level, power = _quantile(0.975, freedom), _quantile(POWER, freedom)
    return float((level + power) * (estimate.high - estimate.low) / (2 * level))


def _quantile(share: float, freedom: float) -> float:
    from scipy.special import ndtri, stdtrit

    return float(ndtri(share) if math.isinf(freedom) else stdtrit(freedom, share))


def _below(errors: float, freedom: float) -> float:
    """The probability below so many of a normal distribution's standard errors, of which the interval has 1.96."""
    from scipy.special import ndtr, ndtri, stdtr

    if math.isinf(freedom):
        return float(ndtr(errors))
    return float(stdtr(freedom, errors * _quantile(0.975, freedom) / ndtri(0.975)))


def _standard_errors(estimate: Estimate, value: float) -> float:
    """By how many standard errors, of the value's side, the effect lies above a value."""
    from scipy.special import ndtri

    distance = estimate.effect - value
    half = estimate.effect - estimate.low if distance > 0 else estimate.high - estimate.effect
    half = half if half > 0 else (estimate.high - estimate.low) / 2  # few resamples may put an end onto the effect
    if distance == 0 or half <= 0:
        return distance and distance * float("inf")
    return float(ndtri(0.975) * distance / half)
