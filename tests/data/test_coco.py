"""COCO's JSON: what is refused alike, whether captions or instances are read from it."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hw3lib.data.caption_files import read_captions
from hw3lib.data.instances import Instances
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
READERS = {"captions": read_captions, "objects": load_objects, "masks": Instances.load}


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
        (
            {"images": [image | {"file_name": f"a.{'pj'[image['id'] % 2]}pg"} for image in CONTENT["images"]]},
            r"1 image \(a\)",
        ),
        ({"images": [{"id": 1}]}, r"an? \w+ file as COCO writes them: the key 'file_name' is missing.*formats\.md"),
        ({"annotations": 5}, r"is not an? \w+ file as COCO writes them: .*formats\.md"),
        ({"images": [CONTENT["images"][0] | {"id": None}]}, "None is no id"),
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


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": []}, "names no image"),
        ({"images": CONTENT["images"][:1]}, r"captions for 1 image id \(2\) that its own list of images lacks"),
        ({"annotations": CONTENT["annotations"][:1]}, r"no caption for 1 image \(val/2\.jpg\); write one"),
        (
            {"annotations": [{"image_id": 1, "caption": None}]},
            r"the caption None is not a text \(the annotation at place 0\)",
        ),
        ({"annotations": [{"id": 7, "image_id": 1, "caption": float("nan")}]}, r"nan is not a text \(annotation 7\)"),
    ],
)
def test_captions_and_images_of_a_file_must_fit(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=rf"file\.json .*{message}"):
        read_captions(written(tmp_path, **changes))


def test_instances_without_an_area_have_masks_and_no_recall(tmp_path: Path) -> None:
    bare = [{key: item[key] for key in ("image_id", "category_id", "segmentation")} for item in CONTENT["annotations"]]
    path = written(tmp_path, annotations=bare)
    assert Instances.load(path).instances["1"][0].area is None
    with pytest.raises(UserError, match=r"file\.json: the key 'area' of an instance of 1 is missing"):
        load_objects(path)


def test_ids_that_are_texts_pair_and_none_becomes_a_number(tmp_path: Path) -> None:
    ids = {"1": 12, "2": "1_2", "3": "COCO_val2014_000000000042", "4": "007", "5": 7}
    path = tmp_path / "file.json"
    images = [{"id": image_id, "file_name": f"{name}.jpg", "height": 4, "width": 6} for name, image_id in ids.items()]
    path.write_text(json.dumps({
        "images": images,
        "annotations": [
            {"image_id": str(image_id), "caption": name, "category_id": "c_1"} for name, image_id in ids.items()
        ],
        "categories": [{"id": "c_1", "name": "cow"}],
    }))  # fmt: skip
    assert read_captions(path).by_name == {name: [name] for name in ids}
    assert list(Instances.load(path).instances) == list(ids)


@pytest.mark.parametrize("mark", [codecs.BOM_UTF8, codecs.BOM_UTF16_LE])
def test_a_mark_at_the_start_and_backslashes_are_windows_own(tmp_path: Path, mark: bytes) -> None:
    images = [image | {"file_name": f"val\\{image['id']}.jpg"} for image in CONTENT["images"]]
    path = written(tmp_path, images=images)
    path.write_bytes(mark + path.read_text().encode("utf-8" if mark == codecs.BOM_UTF8 else "utf-16-le"))
    assert list(read_captions(path).file_names.values()) == ["val/1.jpg", "val/2.jpg"]
    assert list(Instances.load(path).sizes) == ["1", "2"]


def test_photographs_of_one_name_in_two_folders_are_called_by_their_paths(tmp_path: Path) -> None:
    places = ["video_a/frame_0001.jpg", "video_b/frame_0001.jpg", "c/other.jpg"]
    images = [{"id": n, "file_name": place, "height": 4, "width": 6} for n, place in enumerate(places)]
    annotations = [{"image_id": n, "caption": place, "category_id": 3} for n, place in enumerate(places)]
    path = written(tmp_path, images=images, annotations=annotations)
    names = ["video_a/frame_0001", "video_b/frame_0001", "other"]
    assert list(read_captions(path).by_name) == names == list(Instances.load(path).instances)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"category_id": None}, "annotation 1 has the category_id None, which its list of categories lacks"),
        ({"category_id": 99}, "annotation 1 has the category_id 99, which its list of categories lacks"),
        ({"image_id": 99}, "annotation 1 has the image_id 99, which its list of images lacks"),
    ],
)
def test_instances_of_nothing_that_is_listed_are_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = written(tmp_path, annotations=[CONTENT["annotations"][0] | change])
    with pytest.raises(UserError, match=message):
        Instances.load(path)
