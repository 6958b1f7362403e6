"""Captions of coloured shapes in Chinese and in Arabic, and a profile of them: 60 photographs, 48 to train on."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.support.shapes import COLOURS, draw

SHAPES = ("circle", "square", "triangle")  # how the three things of a language are drawn
TRAIN, VAL = 48, 12  # photographs


@dataclass(frozen=True)
class Language:
    """``things`` by shape and ``colours`` by name: what fills {n}, {the} and {m}, and what fills {c}."""

    things: tuple[dict[str, str], ...]
    colours: tuple[tuple[str, str], ...]  # as said of a masculine and of a feminine noun, where they differ
    label: str
    captions: tuple[str, ...]
    prompts: tuple[str, ...]

    def fill(self, template: str, colour: str, shape: str) -> str:
        """A sentence on a thing of that colour and shape."""
        thing = self.things[SHAPES.index(shape)]
        colours = self.colours[list(COLOURS).index(colour)]
        return template.format(c=colours["f" in thing], plain=colours[0], **thing)

    def name(self, colour: str, shape: str) -> str:
        """What a class is called."""
        return self.fill(self.label, colour, shape)


CHINESE = Language(
    things=({"n": "小狗", "m": "隻"}, {"n": "汽車", "m": "輛"}, {"n": "帆船", "m": "艘"}),
    colours=(("紅色",) * 2, ("綠色",) * 2, ("藍色",) * 2, ("白色",) * 2),
    label="{c}的{n}",
    captions=(
        "一{m}{c}的{n}。",
        "灰色的地上有一{m}{c}的{n}。",
        "這是{c}的{n}的照片。",
        "照片裡的{n}是{c}的。",
        "我看見一{m}{n}。",
    ),
    prompts=("{object}", "{object}的照片", "這是{object}的照片", "這是{object}的照片。"),
)
ARABIC = Language(
    things=(
        {"n": "كلب", "the": "الكلب"},
        {"n": "سيارة", "the": "السيارة", "f": ""},
        {"n": "قارب", "the": "القارب"},
    ),
    colours=(("أحمر", "حمراء"), ("أخضر", "خضراء"), ("أزرق", "زرقاء"), ("أبيض", "بيضاء")),
    label="{n} {c}",
    captions=(
        "{n} {c}.",
        "هناك {n} {c} على أرض رمادية.",
        "هذه صورة {n} {c}.",
        "لون {the} {plain}.",
        "أرى {n}، وهو كبير.",
    ),
    prompts=("{object}", "صورة {object}", "هذه صورة {object}", "هذه صورة {object}."),
)
LANGUAGES = {"zh": CHINESE, "ar": ARABIC}
_SETS = {"zh": "zh-Hant", "ar": "ar"}  # of prompts that are shipped


def write(root: Path, language: str, clip: dict[str, Any] | None) -> Path:
    """The profile ``configs/<language>.yaml`` of a project ``root``, and its data; returns the profile."""
    words, data = LANGUAGES[language], root / "data" / language
    for folder in (root / "configs", data / "p1", data / "p3"):
        folder.mkdir(parents=True, exist_ok=True)
    classes = [(colour, shape) for shape in SHAPES for colour in COLOURS]
    labels = {number: words.name(*names) for number, names in enumerate(classes)}
    _dump(data / "id2label.json", labels)
    for number, names in enumerate(classes):
        for copy in range(3):
            draw(*names, (40, 36), 1000 + 10 * number + copy).save(data / "p1" / f"{number}_{copy}.png")
    for split, count, seed in (("train", TRAIN, 1), ("val", VAL, 2)):
        _write_captions(words, data, split, count, seed)
    for number, names in enumerate(classes[1::5]):
        draw(*names, (72, 48), 50 + number).save(data / "p3" / f"photo {number}.jpg")
    path = root / "configs" / f"{language}.yaml"
    path.write_text(yaml.safe_dump(_profile(language, clip), allow_unicode=True), encoding="utf-8")
    return path


def _write_captions(words: Language, data: Path, split: str, count: int, seed: int) -> None:
    chance = random.Random(seed)
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    (data / split).mkdir(exist_ok=True)
    for number in range(count):
        names = chance.choice(list(COLOURS)), chance.choice(SHAPES)
        draw(*names, (64, 48), 100 * seed + number).save(data / split / f"{split}_{number}.jpg")
        images.append({"id": number, "file_name": f"{split}_{number}.jpg", "width": 64, "height": 48})
        for template in words.captions:
            caption = words.fill(template, *names)
            annotations.append({"id": len(annotations), "image_id": number, "caption": caption})
    _dump(data / f"{split}.json", {"images": images, "annotations": annotations})


def _dump(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _profile(language: str, clip: dict[str, Any] | None) -> dict[str, Any]:
    data = f"data/{language}"
    encoder = {
        "name": "vit_tiny_patch16_224", "weights": "none", "image_size": 32, "mean": [0.5] * 3, "std": [0.5] * 3,
        "arguments": {"patch_size": 8, "embed_dim": 24, "depth": 1, "num_heads": 2},
    }  # fmt: skip
    run = {
        "title": "A tiny captioner",
        "encoder": encoder,
        "decoder": {"layers": 2, "heads": 2, "width": 48, "feed_forward": 64, "max_length": 40, "dropout": 0.0},
        "training": {"learning_rates": [5e-3], "epochs": 30, "batch_size": 8, "captions_per_image": 2},
    }
    return {
        "title": f"Captions in {language}",
        "data": "real",
        "seed": 3,
        "clip": clip,
        "p1": {
            "images": f"{data}/p1",
            "id2label": f"{data}/id2label.json",
            "prompts": f"report_{_SETS[language]}",
            "study": [f"factorial_{_SETS[language]}"],
        },
        "captions": {
            "train_images": f"{data}/train",
            "train_annotations": f"{data}/train.json",
            "val_images": f"{data}/val",
            "val_annotations": f"{data}/val.json",
            "tokenizer": f"{data}/tokenizer.json",
            "vocabulary_size": 120,
        },
        "p3": {"images": f"{data}/p3"},
        "runs": {"best": run, "narrow": {"title": "A narrower one", "like": "best", "decoder": {"feed_forward": 16}}},
    }
