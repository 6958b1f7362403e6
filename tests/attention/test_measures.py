"""Measures of maps are what they should be where the answer is known, and scipy's where it has them."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from hw3lib.attention.measures import (
    CENTRE_SIGMA,
    centre_prior,
    correlation,
    entropy,
    evenness,
    pointing,
    rank_correlation,
)


def test_entropy_correlation_and_ranks_are_those_of_scipy() -> None:
    rng = np.random.default_rng(0)
    maps, shares = rng.dirichlet(np.ones(12), (3, 4)), rng.random(12).round(1)
    found = entropy(maps), rank_correlation(maps, shares), correlation(maps, maps[::-1])
    for i in range(3):
        for j in range(4):
            assert found[0][i, j] == pytest.approx(scipy.stats.entropy(maps[i, j], base=2), abs=1e-5)
            assert found[1][i, j] == pytest.approx(scipy.stats.spearmanr(maps[i, j], shares).statistic, abs=1e-5)
            assert found[2][i, j] == pytest.approx(scipy.stats.pearsonr(maps[i, j], maps[2 - i, j]).statistic, abs=1e-5)
    assert rank_correlation(np.full(12, 1 / 12), shares) == 0


def test_entropy_is_zero_for_one_patch_and_all_bits_for_uniform_attention() -> None:
    assert entropy(np.eye(1, 49)) == 0
    assert entropy(np.full(64, 1 / 64)) == pytest.approx(6)
    assert entropy(np.array([0.5, 0.25, 0.25, 0])) == pytest.approx(1.5)


def test_ties_share_the_point_of_the_pointing_game() -> None:
    hits = np.array([1.0, 0, 0, 1])
    assert pointing(np.array([[0.4, 0.4, 0.1, 0.1], [0.1, 0.2, 0.3, 0.4]]), hits).tolist() == [0.5, 1]


def test_evenness_is_one_when_all_are_looked_at_alike_whatever_their_size() -> None:
    two = np.array([[1.0, 1, 0, 0], [0, 0, 0, 1]])
    assert evenness(np.full(4, 0.25), two) == pytest.approx(1)
    assert evenness(np.array([0.5, 0.5, 0, 0]), two) == pytest.approx(0)


def test_a_map_that_is_not_defined_has_no_point() -> None:
    assert np.isnan(pointing(np.array([[np.nan, np.nan], [0.9, 0.1]]), np.array([1, 0]))).tolist() == [True, False]


def test_the_centre_prior_is_a_gaussian_about_the_middle_of_any_grid() -> None:
    rows, columns = 5, 3
    prior = centre_prior((rows, columns)).reshape(rows, columns)
    assert prior.sum() == pytest.approx(1)
    assert np.unravel_index(prior.argmax(), prior.shape) == (2, 1)
    np.testing.assert_allclose(prior, prior[::-1, ::-1])
    # One row of five is a fifth of the side from the next, four fifths of a sigma.
    assert prior[1, 1] / prior[2, 1] == pytest.approx(np.exp(-((0.2 / CENTRE_SIGMA) ** 2) / 2))
    assert prior[2, 0] / prior[2, 1] == pytest.approx(np.exp(-((1 / 3 / CENTRE_SIGMA) ** 2) / 2))
    assert CENTRE_SIGMA == 0.25
