from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from hw3lib.metrics import bootstrap
from hw3lib.metrics.bootstrap import Difference, compare, mean_intervals, paired_difference
from hw3lib.system.errors import UserError

Floats = np.ndarray


def two_runs(images: int, seed: int = 0) -> tuple[Floats, Floats]:
    """Skewed values of the same images, as CIDEr's are, that go together in part."""
    rng = np.random.default_rng(seed)
    first = rng.exponential(size=images)
    return first, 0.5 * first + 0.6 * rng.exponential(size=images)


@pytest.mark.parametrize("method", ["BCa", "percentile"])
@pytest.mark.parametrize("images", [7, 60, 400])
def test_the_interval_is_scipys_paired_bootstrap(images: int, method: str) -> None:
    a, b = two_runs(images, images)
    found = paired_difference(a, b, seed=3, resamples=999, method=method)
    theirs = stats.bootstrap(
        (a, b), lambda x, y, axis=-1: x.mean(axis) - y.mean(axis), paired=True, vectorized=True, n_resamples=999,
        method=method, rng=np.random.default_rng(3),
    )  # fmt: skip
    assert [found.low, found.high] == pytest.approx([*theirs.confidence_interval], abs=1e-12)
    assert found.effect == pytest.approx(a.mean() - b.mean())


@pytest.mark.parametrize("method", ["BCa", "percentile"])
def test_ratios_of_sums_are_resampled_as_ratios(method: str) -> None:
    rng = np.random.default_rng(1)
    expected = rng.integers(0, 6, 80)
    a, b = rng.binomial(expected, 0.7), rng.binomial(expected, 0.5)
    found = paired_difference(a, b, 5, 500, method=method, over=(expected, expected))

    def recall(drawn: Floats, axis: int = -1) -> Floats:
        return (a[drawn].sum(axis) - b[drawn].sum(axis)) / expected[drawn].sum(axis)

    theirs = stats.bootstrap(
        (np.arange(80),), recall, vectorized=True, n_resamples=500, method=method, rng=np.random.default_rng(5)
    )
    assert [found.low, found.high] == pytest.approx([*theirs.confidence_interval], abs=1e-12)
    # Not the mean of the images' own shares, which would count an image of one object as much as one of five.
    assert found.effect == pytest.approx(a.sum() / expected.sum() - b.sum() / expected.sum())


def test_resamples_as_high_as_the_sample_count_half_however_sums_are_rounded() -> None:
    for seed in range(5):
        a, b = np.random.default_rng(seed).integers(0, 2, (2, 400)).astype(float)
        found = paired_difference(a, b, seed)
        low, high = mean_intervals(a - b, seed)  # whole numbers, of which no sum is rounded
        assert [found.low, found.high] == pytest.approx([low[0], high[0]], abs=1e-12)


def test_many_images_are_resampled_in_parts_with_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = two_runs(50)
    whole = paired_difference(a, b, 2, 300)
    monkeypatch.setattr(bootstrap, "_AT_ONCE", 50 * 7)
    assert paired_difference(a, b, 2, 300) == whole
    assert paired_difference(a, b, 3, 300) != whole


def test_pairing_sees_what_unpaired_runs_would_hide() -> None:
    rng = np.random.default_rng(0)
    hard = rng.normal(size=200) * 5  # images differ far more than the runs
    found = paired_difference(hard + 0.1 + 0.05 * rng.normal(size=200), hard)
    assert found.sure
    assert 0.08 < found.low < found.effect < found.high < 0.12
    assert found.n == 200
    back = paired_difference(hard, hard + 0.1)
    assert back.sure
    assert back.high < 0


def test_runs_that_say_the_same_do_not_differ() -> None:
    a, _ = two_runs(30)
    assert paired_difference(a, a) == Difference(0.0, 0.0, 0.0, 30)
    assert not paired_difference(a, a).sure
    always = paired_difference([1, 1, 1], [0, 0, 0])
    assert (always.low, always.high) == (1, 1)


def test_no_effect_is_called_sure_about_as_often_as_the_confidence_allows() -> None:
    rng = np.random.default_rng(11)
    wrong = sum(
        paired_difference(*rng.exponential(size=(2, 60)), seed=trial, resamples=400).sure for trial in range(200)
    )
    assert 3 <= wrong <= 19  # 10 are due; three standard errors are 9


@pytest.mark.parametrize(
    ("a", "b", "more", "message"),
    [
        ([1.0, 2.0], [1.0], {}, "same images"), ([1.0], [1.0], {}, "1 image cannot be resampled"),
        ([1.0, float("nan")], [1.0, 2.0], {}, "not finite"), ([1.0, 2.0], [1.0, 2.0], {"method": "basic"}, "'basic'"),
        ([1.0, 2.0], [1.0, 2.0], {"over": ([1.0, 2.0], [1.0])}, "same images"),
    ],
)  # fmt: skip
def test_what_cannot_be_resampled_is_refused(a: list[float], b: list[float], more: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        paired_difference(a, b, **more)


FIRST = {
    "x": {"CIDEr": 1.0, "objects_found": 2, "objects_expected": 2, "hallucinated": 0, "mentions": 2},
    "y": {"CIDEr": 2.0, "objects_found": 1, "objects_expected": 2, "hallucinated": 2, "mentions": 4},
    "z": {"CIDEr": 0.0, "objects_found": 0, "objects_expected": 0, "hallucinated": 0, "mentions": 0},
}
SECOND = {
    "z": {"CIDEr": 0.5, "objects_found": 0, "objects_expected": 0, "hallucinated": 1, "mentions": 1},
    "y": {"CIDEr": 1.0, "objects_found": 1, "objects_expected": 2, "hallucinated": 0, "mentions": 1},
    "x": {"CIDEr": 1.0, "objects_found": 0, "objects_expected": 2, "hallucinated": 1, "mentions": 2},
}


@pytest.mark.parametrize(
    ("score", "effect"),
    [("CIDEr", 0.5 / 3), ("object_recall", 3 / 4 - 1 / 4), ("CHAIR_i", 2 / 6 - 2 / 4), ("CHAIR_s", 1 / 3 - 2 / 3)],
)
def test_the_scores_of_two_runs_are_compared_image_by_image(score: str, effect: float) -> None:
    found = compare(json.loads(json.dumps(FIRST)), SECOND, score, seed=1, resamples=200)
    assert found.effect == pytest.approx(effect)
    assert found.low <= effect <= found.high
    assert found.n == 3


def test_runs_on_other_images_and_scores_that_images_lack_are_not_compared() -> None:
    with pytest.raises(UserError, match=r"no caption for 1 image \(x\)"):
        compare({name: FIRST[name] for name in "yz"}, SECOND, "CIDEr")
    with pytest.raises(UserError, match="BLEU-4 cannot be compared image by image"):
        compare(FIRST, SECOND, "BLEU-4")
