"""Which captions P3 measures besides the run's own: those of several things, and those that were made wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hw3lib.attention import study
from hw3lib.data.caption_set import CaptionSet
from hw3lib.data.instances import Instances


@pytest.fixture
def instances(tmp_path: Path) -> Instances:
    """x has a cow, y a cow and a dog, z two dogs, and v nothing."""
    things = {"x": [1], "y": [1, 2], "z": [2, 2], "v": []}
    box = [[0, 0, 4, 0, 4, 4, 0, 4]]
    content = {
        "images": [{"id": i, "file_name": f"{name}.jpg", "height": 8, "width": 8} for i, name in enumerate(things)],
        "categories": [{"id": 1, "name": "cow"}, {"id": 2, "name": "dog"}, {"id": 3, "name": "fire hydrant"}],
        "annotations": [
            {"image_id": i, "category_id": kind, "segmentation": box, "area": 16}
            for i, kinds in enumerate(things.values())
            for kind in kinds
        ],
    }
    (tmp_path / "instances.json").write_text(json.dumps(content))
    return Instances.load(tmp_path / "instances.json")


def captions(**texts: tuple[str, ...]) -> CaptionSet:
    return CaptionSet((), tuple(texts), tuple(range(len(texts))), tuple(texts.values()))


def test_the_first_reference_that_speaks_of_several_is_taken(instances) -> None:
    known = captions(x=("a cow", "two cows in a field."), y=("a cow and a dog",), z=("a pair of dogs", "two dogs"))
    assert study.plural_references(known, instances) == {"x": "two cows in a field.", "z": "a pair of dogs"}


def test_one_noun_is_swapped_where_a_photograph_has_one_kind_of_thing(instances) -> None:
    known = captions(
        x=("an animal", "a brown cow in a field.", "a cow"), y=("a cow and a dog",),
        z=("two dogs", "a dog runs"), v=("a cow",),
    )  # fmt: skip
    found = study.swapped_references(known, instances)
    assert found == {"x": "a brown dog in a field .", "z": "a fire hydrant runs"}


def test_a_photograph_that_the_masks_lack_is_left_alone(instances) -> None:
    assert study.swapped_references(captions(q=("a cow",)), instances) == {}
