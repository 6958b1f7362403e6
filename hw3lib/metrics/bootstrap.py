"""Whether two runs really differ: the paired bootstrap over the images that both captioned (Efron & Tibshirani 1993).

Images are drawn with replacement, the same ones for both runs, and the difference of the two scores is taken anew each
time. It serves scores that are means over images (CIDEr, CLIPScore: one number for each) and ratios of sums over images
(object recall: objects found by objects expected). CIDEr's own weights stay those of the whole validation set.

Letters: I images, S resamples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw3lib.data.predictions import check_names
from hw3lib.system.errors import UserError

RESAMPLES = 2000
# Scores that are ratios of sums: what is summed above and below, in the entries of ``per_image``.
RATIOS = {"object_recall": ("objects_found", "objects_expected"), "CHAIR_i": ("hallucinated", "mentions")}
_AT_ONCE = 4_000_000  # drawn indices that are held in memory, 32 MB

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Difference:
    """By how much the first run's score lies above the second's, and how sure that is."""

    effect: float
    low: float  # the confidence interval
    high: float
    n: int  # images
    # Twice the share of resamples whose difference lies on the other side of zero, counting the sample itself: small
    # where the sign is sure. It reads like a p-value and is none: nothing was resampled under "no difference".
    share: float
    confidence: float
    resamples: int
    seed: int

    @property
    def sure(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def paired_difference(
    a: Sequence[float] | Floats,
    b: Sequence[float] | Floats,
    seed: int = 0,
    resamples: int = RESAMPLES,
    confidence: float = 0.95,
    method: str = "BCa",
    over: tuple[Sequence[float] | Floats, Sequence[float] | Floats] | None = None,
) -> Difference:
    """The difference of two runs' means, ``a`` minus ``b``, from one value for each of the same images: ``(I,)``.

    With ``over``, the denominators of the two, each score is a ratio of sums, ``sum(a) / sum(over[0])``, and 0 where
    nothing is summed below. ``method`` is ``BCa`` (bias-corrected and accelerated, Efron 1987) or ``percentile``; the
    intervals are those of ``scipy.stats.bootstrap`` with the same generator. Raises :class:`ValueError` for sides that
    do not pair, fewer than two images, values that are not finite, and an unknown method.
    """
    tops = [np.asarray(values, np.float64) for values in (a, b)]
    sides = [*tops, *(np.asarray(values, np.float64) for values in over or (np.ones_like(tops[0]),) * 2)]
    lengths = [values.shape for values in sides]
    if len(set(lengths)) > 1 or tops[0].ndim != 1:
        raise ValueError(f"the sides must be rows of the same images, but have the shapes {lengths}")
    n = len(tops[0])
    if n < 2:
        raise ValueError(f"{n} image{'s' * (n != 1)} cannot be resampled: it takes two at the least")
    values = np.stack(sides, axis=1)  # (I, 4): sums above, sums below
    if not np.isfinite(values).all():
        raise ValueError("a value is not finite")
    if method not in ("BCa", "percentile"):
        raise ValueError(f"the method {method!r} is neither 'BCa' nor 'percentile'")
    effect = float(_difference(values.sum(axis=0)))
    drawn = _resample(values, seed, resamples)
    tails = np.array([(1 - confidence) / 2, (1 + confidence) / 2])
    if method == "BCa":
        tails = _corrected(tails, effect, drawn, values)
    low, high = np.percentile(drawn, 100 * tails).tolist()
    beyond = min(np.count_nonzero(drawn <= 0), np.count_nonzero(drawn >= 0))
    share = min(1.0, 2 * (int(beyond) + 1) / (resamples + 1))
    return Difference(effect, low, high, n, share, confidence, resamples, seed)


def compare(
    first: Mapping[str, Mapping[str, float]],
    second: Mapping[str, Mapping[str, float]],
    score: str,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Difference:
    """The difference in a score between two runs, first minus second, from the ``per_image`` of their scores.json.

    ``score`` is one that every image has (CIDEr, CLIPScore, ...), ``object_recall``, ``CHAIR_i`` or ``CHAIR_s``. Raises
    :class:`UserError` when the runs captioned different images and for a score that the images lack (BLEU and METEOR
    are not means over images).
    """
    check_names(first, second, "the first run's scores", "the second's")
    rows = [(first[name], second[name]) for name in second]

    def column(key: str) -> Floats:
        if not all(key in side for row in rows for side in row):
            raise UserError(f"{score} cannot be compared image by image: not every image of both runs has its {key}")
        return np.array([[side[key] for side in row] for row in rows], np.float64)  # (I, 2)

    if score in RATIOS:
        above, below = map(column, RATIOS[score])
        return paired_difference(above[:, 0], above[:, 1], seed, resamples, over=(below[:, 0], below[:, 1]))
    values = (column("hallucinated") > 0).astype(np.float64) if score == "CHAIR_s" else column(score)
    return paired_difference(values[:, 0], values[:, 1], seed, resamples)


def _difference(sums: Floats) -> Floats:
    """From sums ``(..., 4)``, above then below, the difference of the two ratios ``(...)``."""
    above, below = sums[..., :2], sums[..., 2:]
    ratios = np.divide(above, below, out=np.zeros_like(above), where=below != 0)
    found: Floats = ratios[..., 0] - ratios[..., 1]
    return found


def _resample(values: Floats, seed: int, resamples: int) -> Floats:
    """The difference in every resample: (S,)."""
    rng = np.random.default_rng(seed)
    n = len(values)
    chunk = max(1, _AT_ONCE // n)
    parts = []
    for start in range(0, resamples, chunk):
        drawn = rng.integers(0, n, (min(chunk, resamples - start), n))  # (S, I)
        parts.append(_difference(np.stack([column[drawn].sum(axis=1) for column in values.T], axis=1)))
    return np.concatenate(parts)


def _corrected(tails: Floats, effect: float, drawn: Floats, values: Floats) -> Floats:
    """BCa's percentiles for the two tails, from the resamples' bias and the jackknife's skewness."""
    from scipy.special import ndtr, ndtri

    below = (np.count_nonzero(drawn < effect) + np.count_nonzero(drawn <= effect)) / (2 * len(drawn))
    if not 0 < below < 1:  # resamples that all lie on one side have no bias to speak of
        return tails
    left_out = _difference(values.sum(axis=0) - values)  # (I,) without one image
    off = left_out.mean() - left_out
    spread = (off**2).sum() ** 1.5
    acceleration = float((off**3).sum() / (6 * spread)) if spread else 0.0
    bias, ends = ndtri(below), ndtri(tails)
    found: Floats = ndtr(bias + (bias + ends) / (1 - acceleration * (bias + ends)))
    return found
