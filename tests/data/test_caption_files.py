"""The forms that people have captions in: the same images and captions come out of each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hw3lib.data.caption_files import read_captions
from hw3lib.data.captions import load_captions
from hw3lib.data.predictions import load_predictions
from hw3lib.system.errors import UserError

CAPTIONS = {"1.jpg": ["a dog, on a beach", 'a sign says "stop"', '"Stop" says a sign'], "2.jpg": ["zwei Hunde – café"]}
PAIRS = [(name, place, caption) for name, group in CAPTIONS.items() for place, caption in enumerate(group)]
TABLES = {
    "captions.txt": "image,caption\n" + "".join(f"{name},{caption}\n" for name, _, caption in PAIRS),
    "quoted.csv": "image,caption\r\n"
    + "".join(f'{name},"{caption.replace(chr(34), chr(34) * 2)}"\r\n' for name, _, caption in PAIRS),
    "captions30k.txt": "image_name,comment_number,comment\n"
    + "".join(f"{name},{place},{caption}\n" for name, place, caption in PAIRS),
    "results.csv": "image_name| comment_number| comment\n"
    + "".join(f"{name}| {place}| {caption}\n" for name, place, caption in PAIRS),
    "broken_row.csv": "image_name| comment_number| comment\n"
    + "".join(f"{name}| {place}{'   ' if place else '| '}{caption}\n" for name, place, caption in PAIRS),
    "Flickr8k.token.txt": "".join(f"{name}#{place}\t{caption}\n" for name, place, caption in PAIRS),
    "results_20130124.token": "".join(f"{name}#{place}\t{caption}\n" for name, place, caption in PAIRS),
    "marked.txt": "\ufeffimage,caption\n" + "".join(f"{name},{caption}\n" for name, _, caption in PAIRS),
}
LISTS: dict[str, list[dict[str, Any]]] = {
    "blip_train.json": [{"image": name, "caption": caption, "image_id": "x"} for name, _, caption in PAIRS],
    "blip_val.json": [{"image": name, "caption": group} for name, group in CAPTIONS.items()],
}
SPLITS = {"0.jpg": "train", "1.jpg": "val", "2.jpg": "val", "3.jpg": "restval"}
KARPATHY = {
    "dataset": "coco",
    "images": [
        {
            "filepath": "val2014", "filename": name, "split": split, "cocoid": 100 + n, "imgid": n,
            "sentences": [{"raw": caption, "tokens": []} for caption in CAPTIONS.get(name, ["a cat"])],
        }
        for n, (name, split) in enumerate(SPLITS.items())
    ],
}  # fmt: skip


def named(file: Any) -> dict[str, list[str]]:
    return {name: file.captions[image_id] for image_id, name in file.file_names.items()}


@pytest.mark.parametrize("name", TABLES)
def test_flickrs_tables_are_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(TABLES[name], encoding="utf-8")
    assert named(read_captions(tmp_path / name, ("train",))) == CAPTIONS


@pytest.mark.parametrize("name", LISTS)
def test_blips_lists_are_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(json.dumps(LISTS[name]), encoding="utf-8")
    assert named(read_captions(tmp_path / name, ("train",))) == CAPTIONS


def test_karpathys_file_is_read_by_its_splits(tmp_path: Path) -> None:
    path = tmp_path / "dataset_coco.json"
    path.write_text(json.dumps(KARPATHY))
    assert named(read_captions(path, ("val",))) == CAPTIONS
    assert list(read_captions(path, ("val",)).file_names) == [101, 102]
    assert list(named(read_captions(path, ("train", "restval")))) == ["0.jpg", "3.jpg"]
    assert len(read_captions(path).file_names) == 4
    with pytest.raises(UserError, match="no image of the split tset; it has: restval, train, val"):
        read_captions(path, ("tset",))


@pytest.mark.parametrize("folder", [".", "val2014"])
def test_karpathys_photographs_lie_in_coco_s_folders_or_together(tmp_path: Path, folder: str) -> None:
    (tmp_path / "dataset_coco.json").write_text(json.dumps(KARPATHY))
    (tmp_path / "images" / folder).mkdir(parents=True)
    for name in CAPTIONS:
        (tmp_path / "images" / folder / name).write_bytes(b"")
    captions = load_captions(tmp_path / "dataset_coco.json", tmp_path / "images", splits=("val",))
    assert captions.names == ("1", "2")
    assert captions.files == tuple((tmp_path / "images" / folder / name) for name in CAPTIONS)


def test_a_list_of_images_chooses_from_any_file(tmp_path: Path) -> None:
    (tmp_path / "captions.txt").write_text(TABLES["captions.txt"])
    (tmp_path / "val_images.txt").write_text("2.jpg\r\n\n")
    assert list(named(read_captions(tmp_path / "captions.txt", (str(tmp_path / "val_images.txt"),)))) == ["2.jpg"]
    (tmp_path / "val_images.txt").write_text("2.jpg\n9.jpg\n")
    with pytest.raises(UserError, match=r"val_images\.txt names 1 image \(9\.jpg\) that .*captions\.txt lacks"):
        read_captions(tmp_path / "captions.txt", (str(tmp_path / "val_images.txt"),))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "photo,words\n1.jpg,a dog\n", "none is called image or"),
        ("a.csv", "image,caption\n1.jpg\n", "line 2 has 1 of 2 cells"),
        ("a.txt", "", "names no image"),
        ("a.json", "[1]", "is not a caption file as a list of"),
        ("a.json", '[{"image": "1.jpg", "caption": null}]', r"None is not a text \(entry 0, of 1\.jpg\)"),
        ("a.json", '{"images": [{"sentences": [], "split": "val"}]}', "the key 'filename' is missing"),
    ],
)
def test_another_form_is_refused_by_name(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=message):
        read_captions(tmp_path / name)


def test_cocos_list_of_results_is_read_as_predictions(tmp_path: Path) -> None:
    (tmp_path / "dataset_coco.json").write_text(json.dumps(KARPATHY))
    references = read_captions(tmp_path / "dataset_coco.json", ("val",))
    path = tmp_path / "results.json"
    path.write_text(json.dumps([{"image_id": 102, "caption": "two"}, {"image_id": "101", "caption": "one"}]))
    assert load_predictions(path, references) == {"1": "one", "2": "two"}
    path.write_text(json.dumps([{"image_id": 102, "caption": "two"}] * 2))
    with pytest.raises(UserError, match=r"1 image \(102\) more than once"):
        load_predictions(path, references)
    path.write_text(json.dumps([{"image_id": 5, "caption": "two"}]))
    with pytest.raises(UserError, match=r"1 image id \(5\) that .*dataset_coco\.json lacks"):
        load_predictions(path, references)
