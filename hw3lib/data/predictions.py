"""Predictions and reference captions as files, and whether the two fit together.

Predictions are a JSON file ``{"<image name without ending>": "<caption>"}``, references COCO's captions JSON.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection
from pathlib import Path

from hw3lib.data.coco import image_name, read_captions, text_of
from hw3lib.system.errors import UserError
from hw3lib.system.files import read_json
from hw3lib.system.messages import counted

# What a run that keeps a moving average, searches by beam or learns from rewards would have said without: its weights
# as they were; after the references alone, greedy and by beam; after the rewards, greedy.
VARIANTS = ("raw", "taught", "taught_beam", "critical")


def variant(folder: Path, name: str) -> Path:
    """Where a run keeps those captions of the validation images, a predictions file; the names are ``VARIANTS``."""
    return folder / "variants" / f"{name}.json"


def load_predictions(predictions_json: str | Path) -> dict[str, str]:
    """Read ``{"<image name>": "<caption>"}``. Raises :class:`UserError` for another form and for a name given twice."""
    path = Path(predictions_json)
    form = 'It should map image names without their endings to captions: {"000000001": "a dog on a beach"}.'
    raw = read_json(path, form)
    if not isinstance(raw, dict) or not all(isinstance(caption, str) for caption in raw.values()):
        raise UserError(f"{path} is not a predictions file. {form}")
    keys: list[str] = json.loads(
        path.read_text(encoding="utf-8"), object_pairs_hook=lambda pairs: [key for key, _ in pairs]
    )
    if len(keys) > len(raw):
        twice = sorted(key for key, times in Counter(keys).items() if times > 1)
        raise UserError(f"{path} has {counted(twice, 'image')} more than once")
    return {name: text_of(caption) for name, caption in raw.items()}


def load_references(captions_json: str | Path) -> dict[str, list[str]]:
    """Reference captions by image name from COCO's captions JSON; the images themselves are not needed.

    Raises :class:`UserError` as :func:`hw3lib.data.coco.read_captions` does.
    """
    file = read_captions(captions_json)
    return {image_name(file_name): file.captions[image_id] for image_id, file_name in file.file_names.items()}


def check_names(predicted: Collection[str], expected: Collection[str], which: str, against: str) -> None:
    """Raise :class:`UserError` unless both sides name the same images, saying what is missing and what is extra."""
    missing = [name for name in expected if name not in predicted]
    extra = [name for name in predicted if name not in expected]
    if missing or extra:
        parts = [f"have no caption for {counted(missing, 'image')}"] * bool(missing)
        parts += [f"name {counted(extra, 'image')} that {against} lacks"] * bool(extra)
        advice = " (names are file names without their endings)" if extra else ""
        raise UserError(f"the captions in {which} do not fit {against}: they {' and '.join(parts)}{advice}")
