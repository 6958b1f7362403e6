"""Outlines follow a mask's edge, stay small, and close along the photograph's edge; coverage is exact."""

from __future__ import annotations

import json

import numpy as np
import pytest

from hw3lib.viewer import outlines


def inside(rings: outlines.Rings, size: tuple[int, int], every: int = 1) -> np.ndarray:
    """Fill rings again, even-odd: the mask (h, w) of pixels whose centre is inside; size (w, h).

    With ``every`` only that of each so many rows and columns.
    """
    from matplotlib.path import Path

    y, x = (np.indices(size[::-1]) + 0.5)[:, ::every, ::every]
    centres = np.stack([x.ravel(), y.ravel()], axis=1)
    filled = np.zeros(len(centres), bool)
    for ring in rings:
        points = np.array(ring).reshape(-1, 2) * size
        filled ^= Path(np.vstack([points, points[:1]])).contains_points(centres)
    return filled.reshape(x.shape)


def blobs(size: tuple[int, int], count: int, seed: int) -> np.ndarray:
    """A mask of discs with holes, some over the edge, as segmentations of crowds and wheels are."""
    rng = np.random.default_rng(seed)
    y, x = np.indices(size[::-1]) + 0.5
    mask = np.zeros(size[::-1], bool)
    for _ in range(count):
        away = np.hypot(x - rng.uniform(0, size[0]), y - rng.uniform(0, size[1]))
        radius = rng.uniform(0.08, 0.2) * min(size)
        mask |= (away < radius) & (away > radius * 0.4)
    return mask


@pytest.mark.parametrize("size", [(320, 240), (200, 400), (1900, 1300)])
def test_filling_the_outline_gives_the_mask_again(size: tuple[int, int]) -> None:
    for seed in range(3):
        mask = blobs(size, 3, seed)
        every = max(1, max(size) // 400)
        again = inside(outlines.rings(mask), size, every)
        mask = mask[::every, ::every]
        assert (mask & again).sum() / (mask | again).sum() > 0.95


def test_an_outline_is_never_large_however_ragged_its_mask() -> None:
    ragged = np.random.default_rng(0).random((240, 320)) < 0.5
    for mask in (ragged, blobs((1600, 1200), 60, 1), blobs((640, 480), 12, 2)):
        assert len(json.dumps(outlines.rings(mask), separators=(",", ":"))) <= outlines.MOST_BYTES


def test_a_mask_of_everything_is_outlined_by_the_photographs_edge() -> None:
    (ring,) = outlines.rings(np.ones((240, 320), bool))
    points = np.array(ring).reshape(-1, 2)
    assert (points.min(), points.max()) == (0, 1)
    assert inside([ring], (320, 240)).mean() > 0.999


def test_nothing_and_specks_have_no_outline() -> None:
    speck = np.zeros((240, 320), bool)
    assert outlines.rings(speck) == []
    speck[100, 100] = True
    assert outlines.rings(speck) == []
