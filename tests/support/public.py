"""Tiny archives in the layouts of the public data sets, and a data file that says where they are served."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from hw3lib import config
from hw3lib.data import public

FINE_NAMES = ("apple", "aquarium_fish", "baby")


def cifar_image(place: int) -> np.ndarray:
    """32 x 32 pixels whose red grows to the right, whose green grows downwards, and whose blue is the image's place."""
    image = np.empty((32, 32, 3), np.uint8)
    image[..., 0] = np.arange(32) * 8
    image[..., 1] = np.arange(32)[:, None] * 4
    image[..., 2] = place
    return image


def cifar(labels: tuple[int, ...] = (2, 0, 1, 1)) -> bytes:
    """CIFAR-100's binary archive, with the coarse label 19 everywhere."""
    records = [
        bytes([19, label]) + cifar_image(place).transpose(2, 0, 1).tobytes() for place, label in enumerate(labels)
    ]
    return tarred({
        "cifar-100-binary/train.bin": b"not wanted",
        "cifar-100-binary/test.bin": b"".join(records),
        "cifar-100-binary/fine_label_names.txt": ("\n".join(FINE_NAMES) + "\n\n").encode(),
    })  # fmt: skip


def photograph(number: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (48, 32), (number * 20 % 256, 90, 40)).save(file, "JPEG")
    return file.getvalue()


def flickr8k() -> tuple[bytes, bytes]:
    """The photographs' archive with macOS's leavings, and Karpathy's with all three of his files."""
    names = {"train": ["1_a.jpg", "2_b.jpg"], "val": ["3_c.jpg", "4_d.jpg"]}
    names["test"] = [f"{name}.jpg" for name in config.load("public").p3.names]
    every = [(split, name) for split, group in names.items() for name in group]
    pictures = {f"Flicker8k_Dataset/{name}": photograph(number) for number, (_, name) in enumerate(every)}
    images = []
    for number, (part, name) in enumerate(every):
        sentences = [{"raw": f"Caption {k} of {name} ."} for k in range(1, 6)]
        images.append({"imgid": number, "split": part, "filename": name, "sentences": sentences})
    split = json.dumps({"dataset": "flickr8k", "images": images}).encode()
    leavings = {"__MACOSX/Flicker8k_Dataset/._1_a.jpg": b"x"}
    return zipped(pictures | leavings), zipped({"dataset_coco.json": b"{}", "dataset_flickr8k.json": split})


def coco2017() -> dict[str, bytes]:
    """The three archives by their names."""
    names = {"train2017": ["000000000009.jpg"], "val2017": [f"{name}.jpg" for name in config.load("coco").p3.names]}
    archives, annotations = {}, {}
    for split, group in names.items():
        archives[f"{split}.zip"] = zipped({f"{split}/{name}": photograph(n) for n, name in enumerate(group)})
        images = [{"id": n, "file_name": name, "width": 48, "height": 32} for n, name in enumerate(group)]
        captions = [{"id": n, "image_id": n, "caption": "A thing."} for n in range(len(group))]
        box = {"segmentation": [[4, 4, 20, 4, 20, 20, 4, 20]], "area": 256, "category_id": 23}
        objects = [box | {"id": n, "image_id": n} for n in range(len(group))]
        masks = {"images": images, "annotations": objects, "categories": [{"id": 23, "name": "bear"}]}
        annotations |= {
            f"annotations/captions_{split}.json": json.dumps({"images": images, "annotations": captions}).encode(),
            f"annotations/instances_{split}.json": json.dumps(masks).encode(),
        }
    return archives | {"annotations_trainval2017.zip": zipped(annotations)}


def archives() -> dict[str, bytes]:
    """All of them, by their names."""
    photographs, captions = flickr8k()
    return coco2017() | {
        "cifar-100-binary.tar.gz": cifar(),
        "Flickr8k_Dataset.zip": photographs,
        "caption_datasets.zip": captions,
    }


def write_data_file(path: Path, address: str, files: Mapping[str, bytes]) -> None:
    """The package's data file, with these files' addresses and checksums."""
    content: dict[str, Any] = json.loads(public.DATA_SETS.read_text(encoding="utf-8"))
    for data_set in content.values():
        for archive in data_set["archives"]:
            name = archive["address"].rpartition("/")[2]
            checksum = "md5:" + hashlib.md5(files[name]).hexdigest()
            archive |= {"address": f"{address}/{name}", "size": len(files[name]), "checksum": checksum}
            archive["unpacked"] = 1_000_000
    path.write_text(json.dumps(content), encoding="utf-8")


def zipped(files: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def tarred(files: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()
