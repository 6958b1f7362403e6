"""Images to classify, and the names of their labels."""

from __future__ import annotations

import re
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
    """Images to classify, with the true label where the file name tells it."""

    paths: tuple[Path, ...]
    truth: tuple[int | None, ...]
    labels: dict[int, str]

    def __len__(self) -> int:
        return len(self.paths)


def load_labelled(folder: str | Path, id2label: str | Path, labelled: bool = True) -> LabelledSet:
    """Read ``<label id>_<n>.png`` images and the names of the labels; other file names have no truth.

    ``id2label`` is JSON, or a text file (.txt) with one name a line, the first of which is label 0. Where images are
    not ``labelled``, no file name is read for a label. Raises :class:`UserError` for a malformed label file and for a
    label id that it does not name.
    """
    path = Path(id2label)
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
    images = list_images(folder)
    if not labelled:
        return LabelledSet(tuple(images), (None,) * len(images), labels)
    matches = [re.fullmatch(r"(\d+)_.+", image.stem, re.DOTALL) for image in images]
    truth = [int(match.group(1)) if match else None for match in matches]
    # Files of any name may be classified; only a whole folder that follows the pattern is held to it.
    if all(label is not None for label in truth):
        foreign = [image.name for image, label in zip(images, truth, strict=True) if label not in labels]
        if 0 < len(foreign) < len(images):
            raise UserError(f"{folder} has {counted(foreign, 'image')} whose label id {path} does not name")
    truth = [label if label in labels else None for label in truth]
    return LabelledSet(tuple(images), tuple(truth), labels)
