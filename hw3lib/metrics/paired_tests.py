"""Statistics of paired answers: exact tests, Holm's correction, contrasts with intervals, calibration.

All prompts answer on the same images, so that what is compared is paired. Letters: I images, K templates, E contrasts.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hw3lib.metrics import interval_tests
from hw3lib.metrics.bootstrap import mean_intervals

Name = TypeVar("Name", bound=Hashable)
Bools = NDArray[np.bool_]
LEVEL = 0.05  # of significance
BINS = 15  # of equal width, as Guo et al. 2017 count


@dataclass(frozen=True)
class Contrast:
    """A difference of mean accuracies: ``weights`` (K,), whole numbers that sum to 0, over ``scale``."""

    weights: NDArray[np.int64]
    scale: int


@dataclass(frozen=True, kw_only=True)
class Effect:
    """A difference in accuracy on the same images, with its 95 % interval over images and its test."""

    effect: float  # -1 to 1; an interaction's, a difference of two effects, to 2
    low: float  # lower end of the interval
    high: float  # upper end
    n: int  # images
    p: float  # of the exact test
    holm: float  # p, corrected for all that is compared side by side

    @property
    def significant(self) -> bool:
        """Whether the corrected p-value lies below :data:`LEVEL`."""
        return self.holm < LEVEL

    @property
    def equivalence(self) -> float:
        """The p-value of the equivalence test: below :data:`LEVEL` where the effect is negligible."""
        return interval_tests.equivalence(self, interval_tests.NEGLIGIBLE["accuracy"])

    @property
    def detectable(self) -> float:
        """The smallest effect that so many images show with a power of 80 %."""
        return interval_tests.detectable(self)


def mcnemar(gained: int, lost: int) -> float:
    """McNemar's exact test, two-sided (binomial): the p-value from the images that only one of two got right.

    >>> round(mcnemar(gained=9, lost=1), 4)
    0.0215
    """
    from scipy.special import bdtr

    return min(1.0, 2 * float(bdtr(min(gained, lost), gained + lost, 0.5)))


def sign_flip(differences: ArrayLike) -> float:
    """The exact two-sided paired randomisation test that a sum of whole differences ``(I,)`` is 0: the p-value.

    Under the null hypothesis each image's difference is as likely to have the other sign (Fisher 1935). All sign
    patterns are counted, by convolution over the values that occur. With differences of -1, 0, 1 it is McNemar's exact
    test. Raises :class:`ValueError` for differences that are not whole.
    """
    from scipy.special import gammaln

    given = np.asarray(differences)
    values = np.rint(given).astype(np.int64)
    if not np.array_equal(values, given):
        raise ValueError("the test counts whole differences; scale them first")
    total = abs(int(values.sum()))
    sizes, counts = np.unique(np.abs(values[values != 0]), return_counts=True)
    if len(sizes) == 0:
        return 1.0
    step = int(np.gcd.reduce(sizes))
    chances = np.ones(1)  # of the sum -top, -top + 2 * step, ..., top, in half units from the lowest
    for size, count in zip((sizes // step).tolist(), counts.tolist(), strict=True):
        part = np.zeros(size * count + 1)
        plus = np.arange(count + 1)  # images with a plus: binomial
        part[::size] = np.exp(gammaln(count + 1) - gammaln(plus + 1) - gammaln(count - plus + 1) - count * np.log(2))
        chances = np.convolve(chances, part)
    sums = step * (2 * np.arange(len(chances)) - (len(chances) - 1))
    return float(min(1.0, chances[np.abs(sums) >= total].sum()))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's (1979) adjusted p-values for all comparisons of a family, in the order given.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    given = np.asarray(p_values, np.float64)
    order = np.argsort(given, kind="stable")
    adjusted = np.empty_like(given)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(given[order] * (len(given) - np.arange(len(given)))))
    return [float(value) for value in adjusted]


def effects(right: Bools, contrasts: Mapping[Name, Contrast], seed: int = 0) -> dict[Name, Effect]:
    """Each contrast of right answers ``(K, I)``, tested by :func:`sign_flip`; Holm's correction is over all of them."""
    if not contrasts:
        return {}
    whole = np.stack([contrast.weights for contrast in contrasts.values()]) @ right.astype(np.int64)  # (E, I)
    scaled = whole / np.array([[contrast.scale] for contrast in contrasts.values()])
    low, high = mean_intervals(scaled, seed)
    p_values = [sign_flip(differences) for differences in whole]
    columns = scaled.mean(1).tolist(), low.tolist(), high.tolist(), p_values, holm(p_values)
    rows = zip(*columns, strict=True)
    return {
        name: Effect(effect=effect, low=low, high=high, n=right.shape[1], p=p, holm=corrected)
        for name, (effect, low, high, p, corrected) in zip(contrasts, rows, strict=True)
    }


def calibration_error(confidence: ArrayLike, right: ArrayLike, bins: int = BINS) -> float:
    """Expected calibration error, 0 to 1: mean gap of confidence and accuracy over equal-width bins (Guo et al. 2017).

    ``confidence`` (I,) is the probability of the answer given, ``right`` (I,) whether it was the true class.
    """
    sure, hit = np.asarray(confidence, np.float64), np.asarray(right, np.float64)
    place = np.clip(np.ceil(sure * bins).astype(int) - 1, 0, bins - 1)  # bins are open below, closed above
    gaps = np.bincount(place, hit - sure, minlength=bins)
    return float(np.abs(gaps).sum() / len(sure))
