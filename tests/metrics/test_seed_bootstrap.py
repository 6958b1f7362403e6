"""The two-level bootstrap over seeds and images: its interval, what each level contributes, how often it covers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import t

from hw3lib.metrics import interval_tests
from hw3lib.metrics.bootstrap import Difference, compare
from hw3lib.metrics.seed_bootstrap import Spread, by_seed_alone, compare_seeds, spread

Floats = NDArray[np.float64]
PerImage = dict[str, dict[str, float]]


def scored(values: Floats) -> list[PerImage]:
    """CIDEr by seed and image, (S, I), as the ``per_image`` of each seed."""
    return [{f"{i:03}": {"CIDEr": float(value)} for i, value in enumerate(row)} for row in values]


def drawn(
    rng: np.random.Generator, seeds: int, images: int, by_seed: float, by_both: float, level: float = 0.0
) -> Floats:
    """Scores (S, I) of a setting: what is its own of each image, of each seed, and of each image at each seed."""
    own = rng.normal(level, 0.5, images)
    return own + rng.normal(0, by_seed, (seeds, 1)) + rng.normal(0, by_both, (seeds, images))


def test_with_one_seed_on_each_side_it_is_the_bootstrap_over_images() -> None:
    rng = np.random.default_rng(0)
    first, second = scored(rng.normal(size=(1, 40))), scored(rng.normal(size=(1, 40)))
    difference = compare_seeds(first, second, "CIDEr", seed=3)
    assert difference == compare(first[0], second[0], "CIDEr", seed=3)
    assert (difference.seeds, difference.by_seeds, difference.freedom) == (1, 0.0, math.inf)


@pytest.mark.parametrize("seeds", [(3, 3), (2, 4)])
def test_variance_is_that_of_images_plus_that_of_seeds_with_students_t(seeds: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    a, b = (drawn(rng, count, 100, 0.2, 0.5) for count in seeds)
    difference = compare_seeds(scored(a), scored(b), "CIDEr")
    assert difference.effect == pytest.approx(a.mean() - b.mean())
    by_seeds = [side.mean(1).var(ddof=1) / len(side) for side in (a, b)]
    by_images = (a.mean(0) - b.mean(0)).var() / 100
    variance = by_images + sum(by_seeds)
    freedom = variance**2 / (by_images**2 / 99 + sum(v**2 / (n - 1) for v, n in zip(by_seeds, seeds, strict=True)))
    assert difference.freedom == pytest.approx(freedom, rel=0.05)
    assert difference.by_seeds == pytest.approx(sum(by_seeds) / variance, rel=0.05)
    width = 2 * t.ppf(0.975, freedom) * math.sqrt(variance)
    assert difference.high - difference.low == pytest.approx(width, rel=0.12)
    assert difference.seeds == min(seeds)
    assert difference.n == 100


def test_the_same_seeds_are_compared_one_by_one() -> None:
    rng = np.random.default_rng(2)
    without = drawn(rng, 3, 60, 1.0, 0.3)
    with_it = without + 0.2 + rng.normal(0, 0.1, without.shape)
    paired = compare_seeds(scored(with_it), scored(without), "CIDEr", paired=True)
    assert paired.low > 0.1
    back = compare_seeds(scored(without), scored(with_it), "CIDEr", paired=True)
    assert (back.effect, back.low) == (-paired.effect, pytest.approx(-paired.high))
    assert paired.p == pytest.approx(back.p)
    unsure, turned = (compare_seeds(scored(a), scored(b), "CIDEr") for a, b in ((with_it, without), (without, with_it)))
    assert not unsure.sure, "seeds differ by far more"
    assert min(unsure.p, turned.p) > 0.05
    with pytest.raises(ValueError, match="3 seeds cannot be paired with 2"):
        compare_seeds(scored(with_it), scored(without[:2]), "CIDEr", paired=True)


def test_a_ratio_is_taken_of_each_seeds_sums() -> None:
    rng = np.random.default_rng(3)
    sides = [
        [
            {f"{i}": {"objects_expected": 2.0, "objects_found": float(rng.integers(0, 3))} for i in range(50)}
            for _ in range(2)
        ]
        for _ in range(2)
    ]
    recalls = [[sum(row["objects_found"] for row in seed.values()) / 100 for seed in side] for side in sides]
    difference = compare_seeds(*sides, "object_recall")
    assert difference.effect == pytest.approx(np.mean(recalls[0]) - np.mean(recalls[1]))


def test_a_single_seed_beside_several_adds_no_variance_and_is_told() -> None:
    rng = np.random.default_rng(4)
    difference = compare_seeds(scored(drawn(rng, 3, 50, 0.3, 0.1)), scored(drawn(rng, 1, 50, 0.3, 0.1)), "CIDEr")
    assert difference.seeds == 1
    assert 0 < difference.by_seeds < 1


def test_equal_seeds_and_images_make_an_interval_of_no_width() -> None:
    same = scored(np.ones((2, 20)))
    difference = compare_seeds(same, same, "CIDEr")
    assert (difference.effect, difference.low, difference.high, difference.by_seeds) == (0, 0, 0, 0)


@pytest.mark.parametrize(("by_seed", "by_both"), [
    (0.08, 0.3),
    pytest.param(0.15, 0.5, marks=pytest.mark.slow),
    pytest.param(0.03, 0.3, marks=pytest.mark.slow),
])  # fmt: skip
def test_the_interval_covers_the_true_difference_in_93_to_97_of_100(by_seed: float, by_both: float) -> None:
    rng = np.random.default_rng(5)
    covered = plain = 0
    for _ in range(500):
        a, b = (drawn(rng, 3, 100, by_seed, by_both, level) for level in (1.0, 0.7))
        difference = compare_seeds(scored(a), scored(b), "CIDEr")
        covered += difference.low <= 0.3 <= difference.high
        alone = compare(scored(a)[0], scored(b)[0], "CIDEr")
        plain += alone.low <= 0.3 <= alone.high
    assert 465 <= covered <= 485
    assert plain < covered, "an interval over images alone knows no seeds"


def test_spread_is_pooled_over_settings() -> None:
    found = spread([[1.0, 1.2], [5.0, 5.3, 5.6], [9.0]])
    assert found is not None
    assert found.deviation == pytest.approx(math.sqrt((0.02 + 0.18) / 3))
    assert found.freedom == 3
    assert found.repeatability == pytest.approx(1.96 * math.sqrt(2) * found.deviation, rel=1e-4)
    assert found.beyond == pytest.approx(t.ppf(0.975, 3) * math.sqrt(2) * found.deviation)
    assert spread([[1.0], [2.0]]) is None


def test_a_difference_of_single_seeds_counts_beyond_what_seeds_alone_do() -> None:
    difference = Difference(-0.5, -0.6, -0.4, 100)
    assert by_seed_alone(difference, None)
    assert by_seed_alone(difference, Spread(0.2, 4))
    assert not by_seed_alone(difference, Spread(0.1, 4))
    assert not by_seed_alone(Difference(0.1, 0.05, 0.15, 100, seeds=2), None)


@pytest.mark.parametrize("freedom", [3.0, math.inf])
def test_p_values_agree_with_intervals_of_students_t(freedom: float) -> None:
    for low in (0.001, -0.001):
        estimate = Difference(0.1, low, 0.2 - low, 100, freedom=freedom)
        assert (estimate.p < 0.05) == (low > 0)
    wide = Difference(1.0, 0.5, 1.5, 100, freedom=3)
    assert wide.p == pytest.approx(2 * t.sf(2 * t.ppf(0.975, 3), 3))
    error = 0.5 / t.ppf(0.975, 3)
    assert interval_tests.detectable(wide, 3) == pytest.approx((t.ppf(0.975, 3) + t.ppf(0.8, 3)) * error)
    assert interval_tests.equivalence(wide, 2.0, 3) == pytest.approx(t.sf(1 / error, 3))
