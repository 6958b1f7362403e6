"""Statistics of paired answers: exact tests, Holm's correction, contrasts with intervals, calibration.

All prompts answer on the same images, so that what is compared is paired. Letters: I images, K templates, E contrasts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hw3lib.metrics.bootstrap import mean_intervals

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
BINS = 15  # of equal width, as Guo et al. 2017 count


@dataclass(frozen=True)
class Contrast:
    """A difference of mean accuracies: ``weights`` (K,), whole numbers that sum to 0, over ``scale``."""

    weights: NDArray[np.int64]
    scale: int


def mcnemar(gained: int, lost: int) -> float:
    """McNemar's exact test, two-sided (binomial): the p-value from the images that only one of two got right."""
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
    found = abs(int(values.sum()))
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
    return float(min(1.0, chances[np.abs(sums) >= found].sum()))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's (1979) adjusted p-values for all comparisons of a family, in the order given."""
    given = np.asarray(p_values, np.float64)
    order = np.argsort(given, kind="stable")
    adjusted = np.empty_like(given)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(given[order] * (len(given) - np.arange(len(given)))))
    return [float(value) for value in adjusted]


def effects(right: Bools, contrasts: Mapping[str, Contrast], seed: int = 0) -> dict[str, dict[str, Any]]:
    """Each contrast of right answers ``(K, I)`` as ``effect, low, high, n, p``.

    ``effect`` is a difference in accuracy (-1 to 1, or -2 to 2 for an interaction), ``low`` and ``high`` its 95 %
    interval over images, ``n`` the images, ``p`` that of :func:`sign_flip`, uncorrected.
    """
    if not contrasts:
        return {}
    whole = np.stack([each.weights for each in contrasts.values()]) @ right.astype(np.int64)  # (E, I)
    scaled = whole / np.array([[each.scale] for each in contrasts.values()])
    low, high = mean_intervals(scaled, seed)
    return {
        name: {
            "effect": float(scaled[row].mean()), "low": float(low[row]), "high": float(high[row]),
            "n": right.shape[1], "p": sign_flip(whole[row]),
        }
        for row, name in enumerate(contrasts)
    }  # fmt: skip


def calibration_error(confidence: ArrayLike, right: ArrayLike, bins: int = BINS) -> float:
    """Expected calibration error, 0 to 1: mean gap of confidence and accuracy over equal-width bins (Guo et al. 2017).

    ``confidence`` (I,) is the probability of the answer given, ``right`` (I,) whether it was the true class.
    """
    sure, hit = np.asarray(confidence, np.float64), np.asarray(right, np.float64)
    place = np.clip(np.ceil(sure * bins).astype(int) - 1, 0, bins - 1)  # bins are open below, closed above
    gaps = np.bincount(place, hit - sure, minlength=bins)
    return float(np.abs(gaps).sum() / len(sure))
