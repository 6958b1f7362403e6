"""Predictions and reference captions as files, and whether the two fit together.

Predictions are a JSON file ``{"<image name without ending>": "<caption>"}``, references COCO's captions JSON.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection
from pathlib import Path, PurePosixPath
from typing import Any

from hw3lib.system.errors import UserError
from hw3lib.system.files import read_json
from hw3lib.system.messages import shortened, some

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
        raise UserError(f"{path} has {some(twice, 'image')} more than once")
    return {name: text_of(caption) for name, caption in raw.items()}


def load_references(annotations_json: str | Path) -> dict[str, list[str]]:
    """Reference captions by image name from COCO's captions JSON; the images themselves are not needed.

    Raises :class:`UserError` for another form, for images without a caption, for two of the same name, and for
    entries that are listed twice.
    """
    path = Path(annotations_json)
    raw = read_json(path, "It should be a COCO captions file.")
    captions: dict[int, list[str]] = defaultdict(list)
    try:
        names = {int(image["id"]): PurePosixPath(str(image["file_name"])).stem for image in raw["images"]}
        for item in raw["annotations"]:
            if text := text_of(item["caption"]).strip():
                captions[int(item["image_id"])].append(text)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        kind = f"the key {error} is missing" if isinstance(error, KeyError) else str(error)
        raise UserError(f"{path} is not a caption file as COCO writes them: {kind}") from None
    refuse_doubles(path, raw)
    found = {name: captions[image_id] for image_id, name in names.items()}
    if len(found) < len(raw["images"]):
        raise UserError(f"{path} lists {len(raw['images'])} images under {len(found)} different names")
    silent = [name for name, group in found.items() if not group]
    if silent:
        raise UserError(f"{path} has no caption for {some(silent, 'image')}")
    return found


def refuse_doubles(path: str | Path, raw: dict[str, Any]) -> None:
    """Raise :class:`UserError` where a file in COCO's form lists an image's id, or the very same annotation, twice.

    An annotation counted twice moves every score a little and shows nowhere else. The ids of annotations that differ
    may be the same: nothing here reads them.
    """
    images = Counter(int(image["id"]) for image in raw["images"])
    twice = [str(image_id) for image_id, times in images.items() if times > 1]
    if twice:
        raise UserError(f"{path} lists {some(twice, 'image id')} more than once; take the doubled entries out")
    seen: dict[Any, Any] = {}
    for item in raw["annotations"]:
        key = str(item.get("id"))
        if "id" in item and seen.setdefault(key, item) is not item and seen[key] == item:
            twice.append(key)
    if twice:
        raise UserError(f"{path} lists {some(twice, 'annotation')} more than once; take the doubled entries out")


def check_names(predicted: Collection[str], expected: Collection[str], which: str, against: str) -> None:
    """Raise :class:`UserError` unless both sides name the same images, saying what is missing and what is extra."""
    missing = [name for name in expected if name not in predicted]
    extra = [name for name in predicted if name not in expected]
    if missing or extra:
        parts = [f"have no caption for {some(missing, 'image')}"] * bool(missing)
        parts += [f"name {some(extra, 'image')} that {against} lacks"] * bool(extra)
        advice = " (names are file names without their endings)" if extra else ""
        raise UserError(f"the captions in {which} do not fit {against}: they {' and '.join(parts)}{advice}")


def text_of(value: Any) -> str:
    """A caption as it stands in a file; halves of characters, which JSON can hold, become question marks.

    Raises ``TypeError`` for what is no text: ``str`` would turn a missing caption into the word "None".
    """
    if not isinstance(value, str):
        raise TypeError(f"the caption {shortened(repr(value))} is not a text")
    return value.encode("utf-8", "replace").decode("utf-8")
