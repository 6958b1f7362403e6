"""Masks are read in COCO's three forms, and their shares of patches are exact."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from hw3lib.data.instances import Instances, patch_hits, patch_shares
from hw3lib.data.transform import ImageTransform
from hw3lib.system.errors import UserError


def written(folder: Path, *segmentations: object, size: tuple[int, int] = (40, 60)) -> Path:
    path = folder / "instances.json"
    content = {
        "images": [{"id": 7, "file_name": "sub/a.jpg", "height": size[0], "width": size[1]}],
        "categories": [{"id": 3, "name": "cow"}],
        "annotations": [
            {"id": i, "image_id": 7, "category_id": 3, "area": 9, "segmentation": segmentation, "iscrowd": 0}
            for i, segmentation in enumerate(segmentations)
        ],
    }
    path.write_text(json.dumps(content))
    return path


def block() -> np.ndarray:
    found = np.zeros((40, 60), bool)
    found[10:20, 30:50] = True
    return found


def test_the_three_forms_of_a_segmentation_give_the_same_mask(tmp_path) -> None:
    code = coco_mask.encode(np.asfortranarray(block().astype(np.uint8)))
    compressed = {"size": [40, 60], "counts": code["counts"].decode()}
    flat = block().ravel(order="F").astype(int)
    edges = np.flatnonzero(np.diff(np.r_[0, flat])).tolist()
    counts = np.diff([0, *edges, flat.size]).tolist()
    plain = {"size": [40, 60], "counts": counts}
    polygon = [[30, 10, 50, 10, 50, 20, 30, 20]]
    masks = Instances.load(written(tmp_path, compressed, plain, polygon)).masks("a")["cow"]
    assert len(masks) == 3
    for mask in masks:
        np.testing.assert_array_equal(mask, block())


@pytest.mark.parametrize(
    "segmentation",
    [{"size": [40, 60]}, {"size": [4, 6], "counts": [24]}, 5, {"size": [40, 60], "counts": 7}, {"counts": [2400]}],
)
def test_a_segmentation_that_is_none_is_refused_by_name(tmp_path, segmentation) -> None:
    with pytest.raises(UserError, match=r"instances\.json.* a "):
        Instances.load(written(tmp_path, segmentation)).masks("a")


@pytest.mark.parametrize("corner", [None, float("nan"), float("inf"), -float("inf"), 1e12, -601])
def test_a_corner_that_is_no_place_is_refused_before_anything_is_drawn(tmp_path, corner) -> None:
    """The C code would fill the memory on the way there, or crash."""
    square = [30, 10, 50, 10, 50, 20, 30, 20]
    with pytest.raises(UserError, match=r"instances\.json: a segmentation of a cannot be read"):
        Instances.load(written(tmp_path, [square, [corner, *square[1:]]])).masks("a")
    (cow,) = Instances.load(written(tmp_path, [[-30, 10, 50, 10, 50, 20, -30, 20]])).masks("a")["cow"]
    assert (cow.sum(), cow[10:20, :50].all()) == (500, True), "a polygon that overhangs is cut at the border"


def test_an_unknown_image_and_another_form_of_file_are_refused(tmp_path) -> None:
    with pytest.raises(UserError, match="no image b"):
        Instances.load(written(tmp_path)).masks("b")
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(UserError, match="'categories' is missing"):
        Instances.load(tmp_path / "x.json")
    assert Instances.load(written(tmp_path)).masks("a") == {}


def shares_slowly(mask: np.ndarray, geometry, grid) -> np.ndarray:
    """By sampling each patch finely, through the geometry itself."""
    h, w = geometry.size
    fine = 40
    found = np.zeros(grid)
    for row in range(grid[0]):
        for column in range(grid[1]):
            for y in (np.arange(fine) + 0.5) / fine:
                for x in (np.arange(fine) + 0.5) / fine:
                    px, py = geometry.to_original((column + x) * w / grid[1], (row + y) * h / grid[0])
                    found[row, column] += mask[min(int(py), mask.shape[0] - 1), min(int(px), mask.shape[1] - 1)]
    return (found / fine**2).ravel()


@pytest.mark.parametrize(("width", "height", "size", "grid"), [(60, 40, 32, (4, 4)), (41, 77, (32, 48), (2, 3))])
def test_shares_of_patches_are_those_of_fine_sampling(width, height, size, grid) -> None:
    rng = np.random.default_rng(0)
    mask = rng.random((height, width)) < 0.4
    geometry = ImageTransform(size, (0,) * 3, (1,) * 3).geometry(width, height)
    shares = patch_shares(mask, geometry, grid)
    np.testing.assert_allclose(shares, shares_slowly(mask, geometry, grid), atol=0.03)
    assert patch_shares(np.ones_like(mask), geometry, grid) == pytest.approx(1)


def test_the_patches_of_added_borders_lie_in_no_mask() -> None:
    geometry = ImageTransform(64, (0,) * 3, (1,) * 3, crop_mode="border").geometry(64, 32)  # 16 px above, 16 below
    everything = np.ones((32, 64), bool)
    assert patch_shares(everything, geometry, (4, 4)).reshape(4, 4)[:, 0].tolist() == [0, 1, 1, 0]
    assert patch_hits(everything, geometry, (4, 4)).reshape(4, 4)[:, 0].tolist() == [False, True, True, False]
    half = ImageTransform(64, (0,) * 3, (1,) * 3, crop_mode="squash").geometry(64, 32)
    assert patch_shares(everything, half, (4, 4)).tolist() == [1] * 16


def test_a_mask_at_another_scale_than_the_photograph_has_the_same_shares() -> None:
    geometry = ImageTransform(32, (0,) * 3, (1,) * 3).geometry(60, 40)
    large = np.kron(block(), np.ones((3, 3), bool))
    np.testing.assert_allclose(patch_shares(large, geometry, (4, 4)), patch_shares(block(), geometry, (4, 4)))


def test_pointing_hits_inside_and_a_little_beside() -> None:
    geometry = ImageTransform(40, (0,) * 3, (1,) * 3).geometry(40, 40)
    mask = np.zeros((40, 40), bool)
    mask[0:10, 0:10] = True
    hits = patch_hits(mask, geometry, (4, 4)).reshape(4, 4)
    assert hits[0, 0]
    assert hits.sum() == 1
    # The centre of the patch to the right is 5 px beyond the mask: within a tolerance of 15 % of 40 px, not of 10 %.
    assert patch_hits(mask, geometry, (4, 4), 0.15).reshape(4, 4)[0, 1]
    assert not patch_hits(mask, geometry, (4, 4), 0.10).reshape(4, 4)[0, 1]
    assert not patch_hits(np.zeros_like(mask), geometry, (4, 4)).any()


def test_shares_are_the_area_of_each_patch_inside_the_mask() -> None:
    geometry = ImageTransform(224, (0,) * 3, (1,) * 3).geometry(300, 200)  # sees 50..250 of the width
    mask = np.zeros((200, 300), bool)
    mask[:100, :125] = True
    cover = patch_shares(mask, geometry, (4, 4)).reshape(4, 4)
    expected = np.zeros((4, 4))
    expected[:2] = [1, 0.5, 0, 0]
    np.testing.assert_allclose(cover, expected, atol=1e-9)
    everything = patch_shares(np.ones((200, 300), bool), geometry, (7, 5))
    np.testing.assert_allclose(everything, 1)


@pytest.mark.parametrize(
    ("width", "height", "size", "grid"), [(60, 40, 32, (4, 4)), (41, 77, (32, 48), (2, 3)), (4, 4, 8, (4, 4))]
)
@pytest.mark.parametrize("scale", [1, 3])
def test_pointing_looks_at_the_pixel_under_the_centre_of_a_patch(width, height, size, grid, scale) -> None:
    geometry = ImageTransform(size, (0,) * 3, (1,) * 3).geometry(width, height)
    h, w = geometry.size
    mask = np.random.default_rng(1).random((height * scale, width * scale)) < 0.4
    expected = np.zeros(grid, bool)
    for row, column in np.ndindex(*grid):
        x, y = geometry.to_original((column + 0.5) * w / grid[1], (row + 0.5) * h / grid[0])
        expected[row, column] = mask[int(y * scale + 1e-9), int(x * scale + 1e-9)]
    hits = patch_hits(mask, geometry, grid, tolerance=0).reshape(grid)
    assert 0 < expected.mean() < 1
    np.testing.assert_array_equal(hits, expected)
