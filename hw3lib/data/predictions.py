"""Predictions and reference captions as files, and whether the two fit together.

Predictions are a JSON file ``{"<image name without ending>": "<caption>"}`` or COCO's list of results
``[{"image_id": ..., "caption": ...}]``; references any file of captions (:mod:`hw3lib.data.caption_files`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from hw3lib.data.caption_files import CaptionFile
from hw3lib.data.coco import key_of, text_of, told
from hw3lib.system.errors import UserError
from hw3lib.system.files import read_json, read_text
from hw3lib.system.messages import counted

# What a run that keeps a moving average, searches by beam or learns from rewards would have said without: its weights
# as they were; after the references alone, greedy and by beam; after the rewards, greedy.
VARIANTS = ("raw", "taught", "taught_beam", "critical")


def variant(folder: Path, name: str) -> Path:
    """Where a run keeps those captions of the reported images, a predictions file; the names are ``VARIANTS``."""
    return folder / "variants" / f"{name}.json"


def load_predictions(predictions_json: str | Path, references: CaptionFile | None = None) -> dict[str, str]:
    """Read ``{"<image name>": "<caption>"}``, or COCO's list of results, whose ids are those of ``references``.

    Raises :class:`UserError` for another form, for a name or an id given twice, and for ids that the references lack.
    """
    path = Path(predictions_json)
    form = 'It should map image names without their endings to captions: {"000000001": "a dog on a beach"}.'
    raw = read_json(path, form)
    if isinstance(raw, list) and references is not None:
        return _of_results(path, raw, references)
    if not isinstance(raw, dict) or not all(isinstance(caption, str) for caption in raw.values()):
        raise UserError(f"{path} is not a predictions file. {form}")
    keys: list[str] = json.loads(read_text(path), object_pairs_hook=lambda pairs: [key for key, _ in pairs])
    if len(keys) > len(raw):
        _refuse_twice(path, keys)
    return {name: text_of(caption) for name, caption in raw.items()}


def _refuse_twice(path: Path, keys: Sequence[str]) -> None:
    twice = sorted(key for key, times in Counter(keys).items() if times > 1)
    if twice:
        raise UserError(f"{path} has {counted(twice, 'image')} more than once")


def _of_results(path: Path, raw: Sequence[Any], references: CaptionFile) -> dict[str, str]:
    """The captions of COCO's list of results, by image name."""
    names = dict(zip(map(key_of, references.file_names), references.names, strict=True))
    with told(path, "a list of results"):
        keys = [key_of(result["image_id"]) for result in raw]
        texts = [text_of(result["caption"]) for result in raw]
    _refuse_twice(path, keys)
    strangers = [key for key in keys if key not in names]
    if strangers:
        raise UserError(f"{path} has captions for {counted(strangers, 'image id')} that {references.path} lacks")
    return {names[key]: text for key, text in zip(keys, texts, strict=True)}


def check_names(predicted: Collection[str], expected: Collection[str], which: str, against: str) -> None:
    """Raise :class:`UserError` unless both sides name the same images, saying what is missing and what is extra."""
    missing = [name for name in expected if name not in predicted]
    extra = [name for name in predicted if name not in expected]
    if missing or extra:
        parts = [f"have no caption for {counted(missing, 'image')}"] * bool(missing)
        parts += [f"name {counted(extra, 'image')} that {against} lacks"] * bool(extra)
        advice = " (names are file names without their endings)" if extra else ""
        raise UserError(f"the captions in {which} do not fit {against}: they {' and '.join(parts)}{advice}")
