"""Images to classify, and the names of their labels."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hw3lib.data.coco import LAYOUT
from hw3lib.data.images import list_images
from hw3lib.system.errors import UserError
from hw3lib.system.files import read_json, read_text
from hw3lib.system.messages import counted


@dataclass(frozen=True)
class LabelledSet:
    """Images to classify, with the true label where the name of the file, or of its folder, tells it."""

    paths: tuple[Path, ...]
    names: tuple[str, ...]  # file names, with the folder where each class has one: dog/1.jpg
    truth: tuple[int | None, ...]
    labels: dict[int, str]

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def folders(self) -> list[str]:
        """Each image's folder within the set's own; empty where the images lie in that itself."""
        return [name.partition("/")[0] for name in self.names if "/" in name]


def load_labelled(folder: str | Path, id2label: str | Path, labelled: bool = True) -> LabelledSet:
    """Read images and the names of the labels: ``<label id>_<n>.png``, or a folder of images for each class.

    The folders in ``folder`` count where it holds no image itself; they are called as a label is, in whatever case and
    with ``_`` for a space, or by its id. In one folder, files that are not named by a label have no truth.

    ``id2label`` is JSON, or a text file (.txt) with one name a line, the first of which is label 0. Where images are
    not ``labelled``, no name is read for a label. Raises :class:`UserError` for a malformed label file, and for a
    label id or a folder that it does not name.
    """
    path = Path(id2label)
    labels = _read_labels(path)
    images = list_images(folder, below=True)
    nested = images[0].parent != Path(folder)
    names = tuple(f"{image.parent.name}/{image.name}" if nested else image.name for image in images)
    truth: Sequence[int | None] = [None] * len(images)
    if labelled and nested:
        ids = {name: _named(name, labels) for name in dict.fromkeys(image.parent.name for image in images)}
        if unclear := [name for name, candidates in ids.items() if len(candidates) != 1]:
            which = f"{folder} has {counted(unclear, 'folder')} whose name is not that of one label in {path}"
            raise UserError(f"{which}; call each as its label or by the label's id")
        truth = [ids[image.parent.name][0] for image in images]
    elif labelled:
        truth = _by_file_name(images, labels, path)
    return LabelledSet(tuple(images), names, tuple(truth), labels)


def _read_labels(path: Path) -> dict[int, str]:
    if path.suffix == ".txt":
        raw: Any = dict(enumerate(filter(None, map(str.strip, read_text(path, LAYOUT).splitlines()))))
    else:
        raw = read_json(path, LAYOUT)
    if not isinstance(raw, dict) or not raw:
        raise UserError(f'{path} must map label ids to names, as {{"0": "bicycle", ...}}, or be a .txt, a name a line')
    try:
        labels = {int(key): value for key, value in raw.items()}
    except ValueError:
        raise UserError(f"{path}: every key must be a whole number, as in 7_0.png") from None
    nameless = [label for label, name in labels.items() if not (isinstance(name, str) and name.strip())]
    if nameless or len(labels) < len(raw):
        problem = f"gives {counted(nameless, 'label')} no name" if nameless else "has a label twice"
        raise UserError(f'{path} {problem}; it must map each label id to a name, as {{"0": "bicycle", ...}}')
    return labels


def _named(folder: str, labels: Mapping[int, str]) -> list[int]:
    """The labels that a folder's name may mean."""
    exact = [label for label, name in labels.items() if name == folder]
    alike = [label for label, name in labels.items() if _plain(name) == _plain(folder)]
    return exact or alike or [label for label in labels if str(label) == folder]


def _plain(name: str) -> str:
    # macOS keeps the accents of file names apart from their letters.
    return unicodedata.normalize("NFC", name).casefold().replace("_", " ").strip()


def _by_file_name(images: Sequence[Path], labels: Mapping[int, str], path: Path) -> list[int | None]:
    matches = [re.fullmatch(r"(\d+)_.+", image.stem, re.DOTALL) for image in images]
    truth = [int(match.group(1)) if match else None for match in matches]
    # Files of any name may be classified; only a whole folder that follows the pattern is held to it.
    if all(label is not None for label in truth):
        foreign = [image.name for image, label in zip(images, truth, strict=True) if label not in labels]
        if 0 < len(foreign) < len(images):
            raise UserError(f"{images[0].parent} has {counted(foreign, 'image')} whose label id {path} does not name")
    return [label if label in labels else None for label in truth]
