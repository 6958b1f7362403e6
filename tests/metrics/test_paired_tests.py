"""Every statistic against scipy's, statsmodels' where it is installed, or a slow obvious version, on random input."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from hw3lib.metrics import bootstrap
from hw3lib.metrics.bootstrap import mean_intervals
from hw3lib.metrics.paired_tests import Contrast, Effect, calibration_error, effects, holm, mcnemar, sign_flip


@pytest.mark.parametrize("seed", range(20))
def test_mcnemars_test_is_the_exact_binomial_one(seed: int) -> None:
    gained, lost = np.random.default_rng(seed).integers(0, 60, 2).tolist()
    expected = stats.binomtest(gained, gained + lost, 0.5).pvalue if gained + lost else 1.0
    assert mcnemar(gained, lost) == pytest.approx(expected, rel=1e-9)
    assert mcnemar(lost, gained) == mcnemar(gained, lost)


def test_mcnemars_test_and_holms_correction_agree_with_statsmodels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gc.collect", lambda: 0)  # multipletests calls it each time: 0.2 s beside torch
    tables = pytest.importorskip("statsmodels.stats.contingency_tables")
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    rng = np.random.default_rng(0)
    for _ in range(30):
        a, b, c, d = rng.integers(0, 40, 4).tolist()
        assert mcnemar(b, c) == pytest.approx(tables.mcnemar([[a, b], [c, d]], exact=True).pvalue, rel=1e-9)
        p_values = rng.uniform(0, 0.2, rng.integers(1, 12)).round(2)  # with ties
        expected = multitest.multipletests(p_values, method="holm")[1]
        assert holm(p_values.tolist()) == pytest.approx(expected.tolist())


def test_without_images_that_only_one_got_right_nothing_is_shown() -> None:
    assert mcnemar(0, 0) == 1.0
    assert sign_flip([0, 0, 0]) == 1.0


@pytest.mark.parametrize("seed", range(8))
def test_the_sign_flip_test_counts_every_pattern_of_signs(seed: int) -> None:
    values = np.random.default_rng(seed).integers(-4, 5, 11)
    sums = [abs(int((np.array(signs) * values).sum())) for signs in itertools.product((-1, 1), repeat=len(values))]
    expected = np.mean([total >= abs(int(values.sum())) for total in sums])
    assert sign_flip(values) == pytest.approx(expected)
    whole = stats.permutation_test(
        (values, np.zeros_like(values)), lambda x, y, axis: (x - y).sum(axis), permutation_type="samples",
        vectorized=True, n_resamples=np.inf, alternative="two-sided",
    )  # fmt: skip
    assert sign_flip(values) == pytest.approx(whole.pvalue)


@pytest.mark.parametrize("seed", range(5))
def test_between_two_prompts_the_sign_flip_test_is_mcnemars(seed: int) -> None:
    values = np.random.default_rng(seed).choice([-1, 0, 0, 0, 1], 700)
    assert sign_flip(values) == pytest.approx(mcnemar((values > 0).sum(), (values < 0).sum()), rel=1e-9)
    assert sign_flip(3 * values) == pytest.approx(sign_flip(values), rel=1e-9)


def test_the_sign_flip_test_holds_its_level_and_refuses_fractions() -> None:
    rng = np.random.default_rng(1)
    rejected = [sign_flip(rng.integers(-3, 4, 60)) <= 0.05 for _ in range(400)]
    assert 0.02 < np.mean(rejected) < 0.08
    with pytest.raises(ValueError, match="whole"):
        sign_flip([0.5, 1.0])


def test_holm_steps_down_as_its_definition_says() -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        p = rng.uniform(0, 1, 7)
        ranked = sorted(range(7), key=lambda i: p[i])
        slow, worst = [0.0] * 7, 0.0
        for rank, i in enumerate(ranked):
            worst = max(worst, min(1.0, (7 - rank) * p[i]))
            slow[i] = worst
        assert holm(p.tolist()) == pytest.approx(slow)
    assert holm([]) == []


@pytest.mark.parametrize("seed", range(4))
def test_many_intervals_at_once_are_those_of_one_by_one(seed: int) -> None:
    a, b = np.random.default_rng(seed).exponential(size=(2, 5, 211))
    low, high = mean_intervals(a - b, seed=3)
    for row in range(5):
        one = bootstrap.paired_difference(a[row], b[row], seed=3)
        assert (low[row], high[row]) == pytest.approx((one.low, one.high), abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_intervals_of_right_and_wrong_answers_are_scipys(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = (rng.uniform(size=(5, 211)) < rng.uniform(0.2, 0.95, (5, 1))).astype(float) - (rng.uniform(size=211) < 0.6)
    low, high = mean_intervals(rows, seed=3)
    for row in range(5):
        found = stats.bootstrap(
            (rows[row],), np.mean, n_resamples=bootstrap.RESAMPLES, rng=np.random.default_rng(3), method="BCa"
        )
        assert (low[row], high[row]) == pytest.approx(tuple(found.confidence_interval), abs=1e-12)


def test_rows_without_any_difference_have_an_interval_of_nothing() -> None:
    low, high = mean_intervals(np.zeros((2, 30)))
    assert low.tolist() == high.tolist() == [0.0, 0.0]
    with pytest.raises(ValueError, match="1 image cannot"):
        mean_intervals(np.zeros((2, 1)))


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    rng, inside = np.random.default_rng(4), []
    for trial in range(40):
        rows = rng.choice([-1, 0, 1], p=[0.15, 0.6, 0.25], size=(5, 300))
        low, high = mean_intervals(rows, seed=trial, resamples=800)
        inside += ((low <= 0.1) & (high >= 0.1)).tolist()
    assert 0.89 < np.mean(inside) <= 1.0


def test_an_effect_is_a_weighted_difference_of_accuracies() -> None:
    right = np.random.default_rng(5).uniform(size=(4, 90)) < 0.5
    rates = right.mean(1)
    found = effects(right, {"x": Contrast(np.array([1, -1, 1, -1]), 2), "y": Contrast(np.array([1, -1, -1, 1]), 1)})
    assert found["x"].effect == pytest.approx((rates[0] - rates[1] + rates[2] - rates[3]) / 2)
    assert found["y"].effect == pytest.approx(rates[0] - rates[1] - rates[2] + rates[3])
    assert found["x"].low < found["x"].effect < found["x"].high
    assert found["x"].n == 90
    assert [effect.holm for effect in found.values()] == holm([effect.p for effect in found.values()])
    assert effects(right, {}) == {}


def test_an_effect_is_significant_by_its_corrected_p_value() -> None:
    rest = {"effect": 0.1, "low": 0.0, "high": 0.2, "n": 9, "p": 0.01}
    assert Effect(**rest, holm=0.049).significant
    assert not Effect(**rest, holm=0.05).significant


def test_the_calibration_error_is_the_gap_bin_by_bin() -> None:
    rng = np.random.default_rng(6)
    sure, right = np.append(rng.uniform(size=500), [0.0, 1.0, 1 / 15]), rng.uniform(size=503) < 0.7
    slow = 0.0
    for number in range(15):
        inside = (sure > number / 15) & (sure <= (number + 1) / 15) | (number == 0) & (sure == 0)
        if inside.any():
            slow += abs(right[inside].mean() - sure[inside].mean()) * inside.sum() / len(sure)
    assert calibration_error(sure, right) == pytest.approx(slow)
    assert calibration_error([1.0, 1.0], [True, True]) == 0
    assert calibration_error([0.9] * 10, [True] * 9 + [False]) == pytest.approx(0, abs=1e-12)
