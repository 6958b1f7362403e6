"""Whether two settings really differ, over other images and other seeds: a two-level bootstrap.

Seeds are drawn with replacement, of each side its own, then images, the same ones for all seeds of both sides (Davison
and Hinkley 1997, section 3.8). Drawn so, two or three seeds vary too little: by the factor (n - 1) / n, and as if their
spread were known. The ends of the interval are therefore the resamples' percentiles, moved away from the effect until
their variance is that of the images plus the unbiased one of the seeds, and until a normal distribution's quantile is
that of Student's t (degrees of freedom after Satterthwaite 1946). What seeds and images do together counts at both
levels: where it is large, the interval is too wide rather than too narrow. A test simulates how often it covers.

Letters: S seeds, I images, R resamples.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw3lib.metrics.bootstrap import RESAMPLES, Difference, columns, compare, image_counts

Floats = NDArray[np.float64]
PerImage = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Spread:
    """How far a score varies from seed to seed of one setting."""

    deviation: float  # standard deviation, pooled over the settings
    freedom: int  # its degrees of freedom

    @property
    def repeatability(self) -> float:
        """What two seeds of a setting differ by at the most, in 95 % of cases (Bland and Altman 1999)."""
        return float(self.beyond_by(math.inf))

    @property
    def beyond(self) -> float:
        """The same for the next two seeds, whose spread is only known from so few: by Student's t."""
        return self.beyond_by(self.freedom)

    def beyond_by(self, freedom: float) -> float:
        """The same by a t distribution of these degrees of freedom."""
        from scipy.special import stdtrit

        return float(stdtrit(freedom, 0.975) * math.sqrt(2) * self.deviation)


def spread(groups: Iterable[Sequence[float]]) -> Spread | None:
    """Of the seeds' scores in each of several settings; ``None`` where no setting has two seeds.

    >>> spread([[1.0, 1.2], [2.0, 2.1, 2.2], [5.0]])
    Spread(deviation=0.1154..., freedom=3)
    """
    several = [np.asarray(scores, np.float64) for scores in groups if len(scores) > 1]
    freedom = sum(len(scores) - 1 for scores in several)
    if not freedom:
        return None
    squares = sum(float(((scores - scores.mean()) ** 2).sum()) for scores in several)
    return Spread(math.sqrt(squares / freedom), freedom)


def by_seed_alone(difference: Difference, found: Spread | None) -> bool:
    """Whether another seed may have made a difference of two trainings of one seed each, as far as is known."""
    return difference.seeds == 1 and not (found and abs(difference.effect) > found.beyond)


def compare_seeds(
    first: Sequence[PerImage], second: Sequence[PerImage], score: str, seed: int = 0, paired: bool = False
) -> Difference:
    """The difference of two settings' mean scores, from the ``per_image`` of each of their seeds' scores.json.

    With one seed on each side it is :func:`~hw3lib.metrics.bootstrap.compare`. A side of one seed beside one of several
    adds no variance of seeds, and the difference has ``seeds`` 1. ``paired``: the sides are the same seeds, compared
    one by one. Raises what ``compare`` does, and :class:`ValueError` for paired sides of different lengths.
    """
    if len(first) == len(second) == 1:
        return compare(first[0], second[0], score, seed)
    sides = [_scores(side, second[0], score, seed) for side in (first, second)]
    if paired:
        (a, drawn_a), (b, drawn_b) = sides
        if len(a) != len(b):
            raise ValueError(f"{len(a)} seeds cannot be paired with {len(b)}")
        return _two_level([(a - b, drawn_a - drawn_b)], len(second[0]), seed)
    (a, drawn_a), (b, drawn_b) = sides
    return _two_level([(a, drawn_a), (-b, -drawn_b)], len(second[0]), seed)


def _scores(side: Sequence[PerImage], images: PerImage, score: str, seed: int) -> tuple[Floats, Floats]:
    """Each seed's score (S,), and the same in each resample of images (R, S)."""
    pairs = [columns(rows, images, score) for rows in side]
    above, below = (np.stack(parts) for parts in zip(*pairs, strict=True))  # (S, I) each
    drawn = [_ratio(times @ above.T, times @ below.T) for times in image_counts(above.shape[1], seed, RESAMPLES)]
    return _ratio(above.sum(1), below.sum(1)), np.concatenate(drawn)


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.zeros_like(above), where=below != 0)


def _two_level(sides: Sequence[tuple[Floats, Floats]], images: int, seed: int) -> Difference:
    """From each side's signed scores (S,) and their resamples over images (R, S), the difference with its interval."""
    from scipy.special import ndtri, stdtrit

    rng = np.random.default_rng(seed + 1)  # the images are drawn with ``seed``
    effect = float(sum(scores.mean() for scores, _ in sides))
    over_images = sum(drawn.mean(1) for _, drawn in sides)
    over_both = sum(
        np.take_along_axis(drawn, rng.integers(0, len(scores), drawn.shape), 1).mean(1) for scores, drawn in sides
    )
    parts = [(float(np.var(over_images)), images - 1)]
    parts += [(float(scores.var(ddof=1) / len(scores)), len(scores) - 1) for scores, _ in sides if len(scores) > 1]
    variance = sum(part for part, _ in parts)
    freedom = variance**2 / sum(part**2 / of for part, of in parts) if variance else math.inf
    low, high = np.percentile(over_both, [2.5, 97.5]) - effect
    if variance and (drawn := float(np.var(over_both))):
        wider = math.sqrt(variance / drawn) * float(stdtrit(freedom, 0.975) / ndtri(0.975))
        low, high = low * wider, high * wider
    ends = effect + min(0.0, float(low)), effect + max(0.0, float(high))
    by_seeds = sum(part for part, _ in parts[1:]) / variance if variance else 0.0
    seeds = min(len(scores) for scores, _ in sides)
    return Difference(effect, *ends, images, seeds=seeds, by_seeds=by_seeds, freedom=freedom)
