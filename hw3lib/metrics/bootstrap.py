"""Whether two runs or prompts really differ: the paired bootstrap over the images of both (Efron & Tibshirani 1993).

Images are drawn with replacement, the same ones for both sides, and the difference of the two scores is taken anew each
time. It serves scores that are means over images (CIDEr, CLIPScore: one number for each) and ratios of sums over images
(object recall: objects found by objects expected). CIDEr's own weights stay those of the whole validation set.

Letters: I images, S resamples, E statistics.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hw3lib.data.predictions import check_names
from hw3lib.metrics import interval_tests
from hw3lib.system.errors import UserError

RESAMPLES = 2000
_TAILS = np.array([(1 - 0.95) / 2, (1 + 0.95) / 2])  # of an interval at 95 %
# Scores that are ratios of sums: what is summed above and below, in the entries of ``per_image``.
RATIOS = {"object_recall": ("objects_found", "objects_expected"), "CHAIR_i": ("hallucinated", "mentions")}
_FEW = "{} image{} cannot be resampled: it takes two at the least"
_AT_ONCE = 4_000_000  # drawn indices that are held in memory, 32 MB

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Difference:
    """By how much the first run's score lies above the second's, and how sure that is."""

    effect: float
    low: float  # the interval at 95 %
    high: float
    n: int  # images
    holm: float | None = None  # p, corrected for a family of comparisons; None outside of one
    seeds: int = 1  # of each side; with one, the interval knows of no other seed
    by_seeds: float = 0.0  # the share of the interval's variance that comes from seeds; the rest comes from images
    freedom: float = math.inf  # degrees of freedom behind the interval; infinite: it is a normal distribution's

    @property
    def sure(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0

    @property
    def p(self) -> float:
        """The two-sided p-value of "no difference", by the interval at 95 %."""
        return interval_tests.p_value(self, self.freedom)


def paired_difference(
    a: Sequence[float] | Floats,
    b: Sequence[float] | Floats,
    seed: int = 0,
    resamples: int = RESAMPLES,
    method: str = "BCa",
    over: tuple[Sequence[float] | Floats, Sequence[float] | Floats] | None = None,
) -> Difference:
    """The difference of two runs' means, ``a`` minus ``b``, from one value for each of the same images: ``(I,)``.

    With ``over``, the denominators of the two, each score is a ratio of sums, ``sum(a) / sum(over[0])``, and 0 where
    nothing is summed below. ``method`` is ``BCa`` (bias-corrected and accelerated, Efron 1987) or ``percentile``; the
    intervals are those of ``scipy.stats.bootstrap`` with the same generator. Raises :class:`ValueError` for sides that
    do not pair, fewer than two images, values that are not finite, and an unknown method.

    >>> gap = paired_difference([0.9, 0.8, 1.1, 0.7, 1.0], [0.6, 0.7, 0.8, 0.6, 0.7], seed=1)
    >>> round(gap.effect, 2), gap.n, gap.sure
    (0.22, 5, True)
    """
    tops = [np.asarray(values, np.float64) for values in (a, b)]
    sides = [*tops, *(np.asarray(values, np.float64) for values in over or (np.ones_like(tops[0]),) * 2)]
    lengths = [values.shape for values in sides]
    if len(set(lengths)) > 1 or tops[0].ndim != 1:
        raise ValueError(f"the sides must be rows of the same images, but have the shapes {lengths}")
    n = len(tops[0])
    if n < 2:
        raise ValueError(_FEW.format(n, "s" * (n != 1)))
    values = np.stack(sides, axis=1)  # (I, 4): sums above, sums below
    if not np.isfinite(values).all():
        raise ValueError("a value is not finite")
    if method not in ("BCa", "percentile"):
        raise ValueError(f"the method {method!r} is neither 'BCa' nor 'percentile'")
    effect = float(_difference(values.sum(axis=0)))
    sums = [[column[images].sum(axis=1) for column in values.T] for images in _draws(n, seed, resamples)]
    drawn = np.concatenate([_difference(np.stack(part, axis=1)) for part in sums])  # (S,)
    if method == "BCa":
        left_out = _difference(values.sum(axis=0) - values)  # (I,) without one image
        low, high = _bca(drawn[None], np.array([effect]), left_out.mean() - left_out[None])[0].tolist()
    else:
        low, high = np.percentile(drawn, 100 * _TAILS).tolist()
    return Difference(effect, low, high, n)


def mean_intervals(rows: ArrayLike, seed: int = 0, resamples: int = RESAMPLES) -> tuple[Floats, Floats]:
    """BCa intervals for the means of many rows of the same images ``(E, I)``: lower and upper ends, ``(E,)`` each.

    The images are drawn once for all rows: a hundred rows take the time of about one. For a row ``a - b`` the ends are
    those of :func:`paired_difference`. Raises :class:`ValueError` for fewer than two images.
    """
    values = np.atleast_2d(np.asarray(rows, np.float64))
    n = values.shape[1]
    if n < 2:
        raise ValueError(_FEW.format(n, "s" * (n != 1)))
    means = np.concatenate([times @ values.T / n for times in image_counts(n, seed, resamples)]).T  # (E, S)
    effects = values.mean(1)
    ends = _bca(means, effects, (values - effects[:, None]) / (n - 1))
    return ends[:, 0], ends[:, 1]


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
    (above, below), (above_second, below_second) = (columns(side, second, score) for side in (first, second))
    return paired_difference(above, above_second, seed, resamples, over=(below, below_second))


def columns(
    scored: Mapping[str, Mapping[str, float]], images: Mapping[str, object], score: str
) -> tuple[Floats, Floats]:
    """What is summed above and below for a score, ``(I,)`` each, in the order of ``images``.

    Below stand ones for a score that is a mean over images. Raises what :func:`compare` does.
    """
    check_names(scored, images, "the first run's scores", "the second's")

    def column(key: str) -> Floats:
        if not all(key in scored[name] for name in images):
            raise UserError(f"{score} cannot be compared image by image: not every image of both runs has its {key}")
        return np.array([scored[name][key] for name in images], np.float64)

    if score in RATIOS:
        above, below = RATIOS[score]
        return column(above), column(below)
    values = (column("hallucinated") > 0).astype(np.float64) if score == "CHAIR_s" else column(score)
    return values, np.ones_like(values)


def _difference(sums: Floats) -> Floats:
    """From sums ``(..., 4)``, above then below, the difference of the two ratios ``(...)``."""
    above, below = sums[..., :2], sums[..., 2:]
    ratios = np.divide(above, below, out=np.zeros_like(above), where=below != 0)
    difference: Floats = ratios[..., 0] - ratios[..., 1]
    return difference


def _draws(n: int, seed: int, resamples: int) -> Iterator[NDArray[np.int64]]:
    """The images of each resample, ``(S, I)``, in parts that fit into memory."""
    rng, chunk = np.random.default_rng(seed), max(1, _AT_ONCE // n)
    for start in range(0, resamples, chunk):
        yield rng.integers(0, n, (min(chunk, resamples - start), n))


@lru_cache(maxsize=1)  # a prompt study asks for the same again and again
def image_counts(n: int, seed: int, resamples: int) -> list[Floats]:
    """How often each image is drawn in each resample, ``(S, I)`` in parts."""
    parts = []
    for drawn in _draws(n, seed, resamples):
        places = (drawn + n * np.arange(len(drawn))[:, None]).ravel()
        parts.append(np.bincount(places, minlength=drawn.size).reshape(drawn.shape).astype(np.float64))
    return parts


def _bca(resampled: Floats, effects: Floats, influence: Floats) -> Floats:
    """The ends ``(E, 2)`` of Efron's (1987) bias-corrected and accelerated intervals for E statistics.

    ``resampled`` is (E, S), ``effects`` (E,); ``influence`` (E, I) is the jackknife's mean less each of its values.
    """
    from scipy.special import ndtr, ndtri

    # Sums in another order differ in the last digit, which must not decide what counts as below.
    near = np.isclose(resampled, effects[:, None], rtol=1e-12, atol=1e-14)
    below = (((resampled < effects[:, None]) & ~near).sum(1) + near.sum(1) / 2) / resampled.shape[1]
    spread = (influence**2).sum(1) ** 1.5
    acceleration = np.divide((influence**3).sum(1), 6 * spread, out=np.zeros_like(spread), where=spread > 0)
    normal, ends = ndtri(_TAILS), np.empty((len(resampled), 2))
    for row, share in enumerate(below):
        sides = _TAILS
        if 0 < share < 1:  # resamples that all lie on one side have no bias to speak of
            bias = ndtri(share)
            sides = ndtr(bias + (bias + normal) / (1 - acceleration[row] * (bias + normal)))
        ends[row] = np.percentile(resampled[row], 100 * sides)
    return ends
