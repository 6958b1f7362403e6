"""COCO's JSON: what is refused alike, whether captions or instances are read from it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hw3lib.data.coco import read_captions
from hw3lib.data.instances import Instances
from hw3lib.data.predictions import load_references
from hw3lib.metrics.chair import load_objects
from hw3lib.system.errors import UserError

CONTENT: dict[str, Any] = {
    "images": [{"id": n, "file_name": f"val/{n}.jpg", "height": 4, "width": 6} for n in (1, 2)],
    "categories": [{"id": 3, "name": "cow"}],
    "annotations": [
        {"id": n, "image_id": n, "caption": " a  cow\n", "category_id": 3, "area": 9, "segmentation": []}
        for n in (1, 2)
    ],
}
READERS = {"captions": read_captions, "references": load_references, "objects": load_objects, "masks": Instances.load}


def written(folder: Path, **changes: Any) -> Path:
    path = folder / "file.json"
    path.write_text(json.dumps(CONTENT | changes))
    return path


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": CONTENT["images"] * 2}, r"2 image ids \(1, 2\) more than once; take"),
        ({"annotations": CONTENT["annotations"] * 2}, r"2 annotations \(1, 2\) more than once; take"),
        ({"images": [image | {"file_name": f"{image['id']}/a.png"} for image in CONTENT["images"]]}, r"1 image \(a\)"),
        ({"images": [{"id": 1}]}, r"an? \w+ file as COCO writes them: the key 'file_name' is missing.*README"),
        ({"annotations": 5}, r"is not an? \w+ file as COCO writes them: .*README"),
        ({"images": [CONTENT["images"][0] | {"id": "first"}]}, "'first'"),
    ],
)
def test_every_reader_refuses_the_same_files(
    tmp_path: Path, reader: Callable[[Path], object], changes: dict[str, Any], message: str
) -> None:
    reader(written(tmp_path))
    with pytest.raises(UserError, match=rf"file\.json .*{message}"):
        reader(written(tmp_path, **changes))


def test_captions_come_by_image_in_the_order_of_the_file(tmp_path: Path) -> None:
    file = read_captions(written(tmp_path, images=CONTENT["images"][::-1]))
    assert list(file.file_names.items()) == [(2, "val/2.jpg"), (1, "val/1.jpg")]
    assert file.captions == {1: ["a cow"], 2: ["a cow"]}


@pytest.mark.parametrize("reader", [read_captions, load_references])
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": []}, "names no image"),
        ({"images": CONTENT["images"][:1]}, r"captions for 1 image id \(2\) that its own list of images lacks"),
        ({"annotations": CONTENT["annotations"][:1]}, r"no caption for 1 image \(val/2\.jpg\); write one"),
        ({"annotations": [{"image_id": 1, "caption": None}]}, "the caption None is not a text"),
    ],
)
def test_captions_and_images_of_a_file_must_fit(
    tmp_path: Path, reader: Callable[[Path], object], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=rf"file\.json .*{message}"):
        reader(written(tmp_path, **changes))


def test_instances_without_an_area_have_masks_and_no_recall(tmp_path: Path) -> None:
    bare = [{key: item[key] for key in ("image_id", "category_id", "segmentation")} for item in CONTENT["annotations"]]
    path = written(tmp_path, annotations=bare)
    assert Instances.load(path).instances["1"][0].area is None
    with pytest.raises(UserError, match=r"file\.json: the key 'area' of an instance of 1 is missing"):
        load_objects(path)
