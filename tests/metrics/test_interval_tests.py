"""Tests that follow from an interval: the published ones where it is a normal distribution's; of the right size."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import ndtr, ndtri, stdtrit
from statsmodels.stats import multitest, power, weightstats

from hw3lib.metrics.bootstrap import mean_intervals, paired_difference
from hw3lib.metrics.interval_tests import detectable, equivalence, p_value
from hw3lib.metrics.paired_tests import holm, mcnemar

Z = float(ndtri(0.975))


def interval(effect: float, low: float, high: float) -> SimpleNamespace:
    return SimpleNamespace(effect=effect, low=low, high=high)


def normal(values: np.ndarray) -> SimpleNamespace:
    """The mean with the interval of the normal distribution."""
    error = values.std(ddof=1) / len(values) ** 0.5
    return interval(values.mean(), values.mean() - Z * error, values.mean() + Z * error)


@pytest.mark.parametrize("seed", range(5))
def test_of_a_normal_interval_the_tests_are_those_of_statsmodels(seed: int) -> None:
    values = np.random.default_rng(seed).normal(0.02 * seed - 0.03, 0.3, 200)
    estimate = normal(values)
    assert p_value(estimate) == pytest.approx(weightstats.ztest(values)[1], rel=1e-9)
    for margin in (0.01, 0.05, 0.2):
        assert equivalence(estimate, margin) == pytest.approx(weightstats.ztost(values, -margin, margin)[0], rel=1e-9)
    size = power.NormalIndPower(ddof=0).solve_power(nobs1=200, alpha=0.05, power=0.8, ratio=0)
    assert detectable(estimate) == pytest.approx(size * values.std(ddof=1), rel=1e-4)


@pytest.mark.parametrize("n", [3, 12])
def test_of_a_t_interval_the_tests_are_those_of_statsmodels(n: int) -> None:
    values = np.random.default_rng(n).normal(0.2, 0.3, n)
    error, freedom = values.std(ddof=1) / n**0.5, n - 1
    quantile, power_of = (float(stdtrit(freedom, share)) for share in (0.975, 0.8))
    estimate = interval(values.mean(), values.mean() - quantile * error, values.mean() + quantile * error)
    described = weightstats.DescrStatsW(values)
    assert p_value(estimate, freedom) == pytest.approx(described.ttest_mean()[1], rel=1e-9)
    assert equivalence(estimate, 0.5, freedom) == pytest.approx(described.ttost_mean(-0.5, 0.5)[0], rel=1e-9)
    assert detectable(estimate, freedom) == pytest.approx((quantile + power_of) * error)


@pytest.mark.parametrize(("low", "high"), [(0.001, 0.2), (-0.001, 0.2), (0.0, 0.2), (-0.3, -0.001), (-0.3, 0.001)])
def test_p_is_below_5_percent_exactly_where_the_interval_leaves_out_zero(low: float, high: float) -> None:
    for share in (0.2, 0.5, 0.8):  # the effect's place in a skewed interval
        found = p_value(interval(low + share * (high - low), low, high))
        assert (found < 0.05) == (low > 0 or high < 0)


def test_each_side_of_a_skewed_interval_has_its_own_spread() -> None:
    steep, long = interval(0.1, 0.04, 0.3), interval(-0.1, -0.16, 0.1)
    assert p_value(steep) == pytest.approx(2 * ndtr(-Z * 0.1 / 0.06))
    assert p_value(long) == pytest.approx(2 * ndtr(-Z * 0.1 / 0.2))
    assert equivalence(steep, 0.2) == pytest.approx(ndtr(-Z * 0.1 / 0.2))
    assert equivalence(steep, 0.05) == pytest.approx(ndtr(Z * 0.05 / 0.06)), "outside of the margin, above a half"


def test_equivalence_is_shown_by_the_90_percent_interval() -> None:
    inside = 0.01 * Z / float(ndtri(0.95))  # half of the 95 % interval whose 90 % interval touches the margin
    assert equivalence(interval(0, -0.999 * inside, 0.999 * inside), 0.01) < 0.05
    assert equivalence(interval(0, -1.001 * inside, 1.001 * inside), 0.01) > 0.05
    assert equivalence(interval(0, -1.001 * inside, 0.5 * inside), 0.01) > 0.05
    assert equivalence(interval(0, -0.5 * inside, 1.001 * inside), 0.01) > 0.05


@pytest.mark.filterwarnings("error")
def test_without_any_spread_there_is_no_doubt() -> None:
    nothing, all_ = interval(0.0, 0.0, 0.0), interval(1.0, 1.0, 1.0)
    assert (p_value(nothing), equivalence(nothing, 0.01), detectable(nothing)) == (1, 0, 0)
    assert (p_value(all_), equivalence(all_, 0.01), detectable(all_)) == (0, 1, 0)
    assert p_value(interval(-1.0, -1.0, -1.0)) == 0
    # An end on the effect itself says nothing of the spread on that side; the whole interval does.
    assert p_value(interval(0.001, 0.001, 0.01)) == pytest.approx(2 * ndtr(-Z * 0.001 / 0.0045))


@pytest.mark.parametrize("effect", [0.0, 0.1, 0.2, 0.3])
def test_of_a_bootstrap_p_is_near_the_share_of_resamples_beyond_zero(effect: float) -> None:
    values = np.random.default_rng(int(10 * effect)).exponential(size=150) - 1 + effect
    means = values[np.random.default_rng(1).integers(0, 150, (20_000, 150))].mean(axis=1)
    share = 2 * min(np.mean(means <= 0), np.mean(means >= 0))
    found = paired_difference(values, np.zeros(150), 1, resamples=20_000, method="percentile")
    assert found.p == pytest.approx(share, abs=0.015)


def test_of_right_and_wrong_answers_p_and_the_detectable_effect_are_near_mcnemars() -> None:
    """The simulated power of McNemar's test at the detectable effect is what it is said to be."""
    rng, images, discordant = np.random.default_rng(0), 800, 0.1
    sign = rng.choice([-1, 0, 1], images, p=[discordant / 2, 1 - discordant, discordant / 2])
    low, high = mean_intervals(sign, 0)
    estimate = interval(sign.mean(), low[0], high[0])
    assert p_value(estimate) == pytest.approx(mcnemar((sign > 0).sum(), (sign < 0).sum()), abs=0.06)
    smallest = detectable(estimate)
    up = rng.binomial(images, (discordant + smallest) / 2, 2000)
    down = rng.binomial(images - up, (discordant - smallest) / 2 / (1 - (discordant + smallest) / 2))
    assert np.mean((up - down) ** 2 > Z**2 * (up + down)) == pytest.approx(0.8, abs=0.04)
    exact = np.mean([mcnemar(gained, lost) < 0.05 for gained, lost in zip(up, down, strict=True)])
    assert 0.7 < exact < 0.8, "the exact test is a little less powerful"


def skewed(rows: int, mean: float, images: int = 100, scale: float = 0.05) -> list[SimpleNamespace]:
    """Bootstrap intervals of skewed differences, as CIDEr's are, with this true mean."""
    values = scale * (np.random.default_rng(7).exponential(size=(rows, images)) - 1) + mean
    low, high = mean_intervals(values, 3, 1000)
    return [interval(*ends) for ends in zip(values.mean(1), low, high, strict=True)]


def test_false_positives_are_as_rare_as_the_level_says() -> None:
    p_values = [p_value(estimate) for estimate in skewed(2000, 0.0)]
    assert 0.035 < np.mean(np.array(p_values) < 0.05) < 0.07
    families = [holm(p_values[start : start + 20]) for start in range(0, 2000, 20)]
    assert np.mean([min(family) < 0.05 for family in families]) < 0.12, "uncorrected it would be 0.64"
    assert families[0] == pytest.approx(multitest.multipletests(p_values[:20], method="holm")[1])
    # An effect as large as the margin is rarely called negligible.
    assert np.mean([equivalence(estimate, 0.01) < 0.05 for estimate in skewed(2000, 0.01)]) < 0.08
    assert np.mean([equivalence(estimate, 0.02) < 0.05 for estimate in skewed(2000, 0.0)]) > 0.8
