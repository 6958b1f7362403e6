"""Small valid profiles that are a little unusual, drawn at random, with the data that they name.

python -m tests.support.any_profile FOLDER 7      write the seventh one, to run it by hand
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter

from hw3lib import config
from hw3lib.data.tokenizer import CaptionTokenizer
from hw3lib.models.captioner import Captioner
from hw3lib.models.inference import LoadedRun, export
from tests.support.shapes import COLOURS, draw
from tests.support.tiny_clip import write_clip

SHAPES = {"dog": "circle", "car": "square", "boat": "triangle"}  # objects that captions name, and how they are drawn
LABELS = {
    "english": ["red dog", "blue car", "white boat", "green dog"],
    "chinese": ["紅色的狗", "藍色的車", "白色的船", "綠色的狗"],
    "arabic": ["كلب أحمر", "سيارة زرقاء", "قارب أبيض", "كلب أخضر"],
    "long": [f"{colour} thing of the kind that nobody can name in fewer than fifteen words" for colour in COLOURS],
}


@dataclass(frozen=True)
class Case:
    """What is unusual about a profile; the first option of every field in ``OPTIONS`` is the usual one."""

    classes: int
    per_class: int
    labels: str
    prompts: int
    study: tuple[str, ...]
    supervised: bool
    clip: bool
    train_images: int
    val_images: int
    references: int
    alike: bool
    instances: str
    photographs: int
    runs: str
    split: str  # which images results are told of: the validation's, or half of them
    without: str  # what the profile has null: captions (its P3 examines an exported run), P1; or labels

    def __str__(self) -> str:
        usual = {name: options[0] for name, options in OPTIONS.items()}
        unusual = {name: value for name, value in asdict(self).items() if value != usual[name]}
        return " ".join(f"{name}={value}" for name, value in unusual.items()) or "usual"


OPTIONS: dict[str, Sequence[Any]] = {
    "classes": [4, 2, 1],
    "per_class": [4, 3, 1],
    "labels": list(LABELS),
    "prompts": [3, 1],
    "study": [("factorial",), ()],
    "supervised": [True, False],
    "clip": [True, False],
    "train_images": [12, 3],
    "val_images": [8, 3, 2],
    "references": [5, 1],
    "alike": [False, True],
    "instances": ["all", "half", "none"],
    "photographs": [3, 1],
    "runs": ["two", "one", "equal", "decay", "renamed"],
    "split": ["validation", "half"],
    "without": ["nothing", "captions", "labels", "captions and P1", "P1"],
}
assert list(OPTIONS) == [field.name for field in fields(Case)]


def draw_cases(count: int, seed: int) -> Iterator[Case]:
    """Cases in which every option occurs as soon as there are as many cases as options of its field."""
    chance = random.Random(seed)
    orders = {name: chance.sample(options, len(options)) for name, options in OPTIONS.items()}
    for number in range(count):
        if number and number % max(map(len, OPTIONS.values())) == 0:  # other combinations from here on
            orders = {name: chance.sample(options, len(options)) for name, options in OPTIONS.items()}
        case = Case(**{name: order[number % len(order)] for name, order in orders.items()})
        # One labelled image in all is no data set: no interval can be had of it, and P1 says so and ends.
        case = replace(case, per_class=max(case.per_class, 2)) if case.classes == 1 else case
        # Nor is one image with captions: CIDEr is undefined, and a half with one is refused.
        yield replace(case, val_images=8) if case.split == "half" else case


def minimised(case: Case, fails: Callable[[Case], bool]) -> Case:
    """``case`` with as much of it usual as still ``fails``: each field made usual where the failure stays."""
    for name, options in OPTIONS.items():
        simpler = replace(case, **{name: options[0]})
        if simpler != case and fails(simpler):
            case = simpler
    return case


def write(case: Case, root: Path) -> Path:
    """The profile ``configs/any.yaml`` of a project ``root``, and its data; returns the profile."""
    data = root / "data"
    for folder in (root / "configs", data, data / "p1", data / "p3"):
        folder.mkdir(parents=True, exist_ok=True)
    clip = write_clip(data)  # written also where the profile has none: nothing may depend on its absence
    labels = LABELS[case.labels][: case.classes]
    (data / "id2label.json").write_text(json.dumps(dict(enumerate(labels)), ensure_ascii=False), encoding="utf-8")
    for label in range(case.classes):
        for number in range(case.per_class):
            picture = draw(list(COLOURS)[label], list(SHAPES.values())[label % 3], (40, 36), 10 * label + number)
            picture.save(data / "p1" / f"{label}_{number}.png")
    templates = ["a photo of a {object}.", "{object}", "No {object}, no score."][: case.prompts]
    prompts = {"name": "own", "templates": [{"template": template, "note": "one's own"} for template in templates]}
    (data / "prompts.json").write_text(json.dumps(prompts))
    _write_captions(case, data, "train", case.train_images, 1)
    _write_captions(case, data, "val", case.val_images, 2)
    for number in range(case.photographs):
        draw("red", "circle", (72, 48), 50 + number).save(data / "p3" / f"photo {number}.jpg")
    if "captions" in case.without:
        _export(data)
    path = root / "configs" / "any.yaml"
    path.write_text(yaml.safe_dump(_profile(case, vars(clip)), allow_unicode=True), encoding="utf-8")
    return path


def _export(data: Path) -> None:
    """A captioner that left another profile, with random weights."""
    captions = json.loads((data / "train.json").read_text())["annotations"]
    tokenizer = CaptionTokenizer.train([caption["caption"] for caption in captions], 60, data / "tokenizer.json")
    run = TypeAdapter(config.Run).validate_python(_run())
    model = Captioner(run, tokenizer.size, pretrained=False)
    export(LoadedRun(model, tokenizer, model.transform(train=False), run, data), data / "exported", "Its card.")


def _write_captions(case: Case, data: Path, split: str, count: int, seed: int) -> None:
    chance = random.Random(seed)
    images, captions, objects = [], [], []
    folder = data / split
    folder.mkdir(exist_ok=True)
    for number in range(count):
        colour, name = chance.choice(list(COLOURS)), chance.choice(list(SHAPES))
        file = f"{split}_{number}.jpg"
        draw(colour, SHAPES[name], (64, 48), number).save(folder / file)
        images.append({"id": number, "file_name": file, "width": 64, "height": 48})
        texts = [f"A {colour} {name}.", f"There is a {name}, it is {colour}.", f"One {colour} {name} on grey."]
        texts += [f"The {name} stands still.", f"A picture of a {colour} {name}."]
        for text in texts[: case.references]:
            captions.append({"image_id": number, "caption": "A dog." if case.alike else text})
        if case.instances == "all" or (case.instances == "half" and number % 2):
            objects.append({"image_id": number, "category_id": list(SHAPES).index(name), "area": 400, "iscrowd": 0})
            objects[-1] |= {"bbox": [10, 10, 20, 20], "segmentation": [[10, 10, 30, 10, 30, 30, 10, 30]]}
    for entries in (captions, objects):
        for number, entry in enumerate(entries):
            entry["id"] = number
    (data / f"{split}.json").write_text(json.dumps({"images": images, "annotations": captions}))
    categories = [{"id": number, "name": name} for number, name in enumerate(SHAPES)]
    instances = {"images": images, "annotations": objects, "categories": categories}
    (data / f"instances_{split}.json").write_text(json.dumps(instances))


def _run() -> dict[str, Any]:
    encoder = {
        "name": "vit_tiny_patch16_224",
        "weights": "none",
        "image_size": 32,
        "arguments": {"patch_size": 8, "embed_dim": 24, "depth": 1, "num_heads": 2},
        "mean": [0.5] * 3,
        "std": [0.5] * 3,
    }
    return {
        "title": "A tiny captioner",
        "encoder": encoder,
        "decoder": {"layers": 2, "heads": 2, "width": 24, "feed_forward": 32, "max_length": 16},
        "training": {"learning_rates": [3e-3], "epochs": 2, "batch_size": 8},
    }


def _profile(case: Case, clip: dict[str, Any]) -> dict[str, Any]:
    run, encoder = _run(), _run()["encoder"]
    decay = {"title": "The same, other decay", "like": "first", "training": {"weight_decay": 0.2}}
    runs = {
        "two": {"best": run, "other": {"title": "Another", "like": "best", "decoder": {"feed_forward": 16}}},
        "one": {"best": run},
        "equal": {"best": run, "twin": {"title": "The same again", "like": "best"}},
        "decay": {"best": run, "decay": decay | {"like": "best"}},
        "renamed": {
            "first": run | {"seeds": 2},
            "swin_base": decay | {"title": "圖像 نص " + "very " * 20 + "long title"},
        },
    }[case.runs]
    profile = {
        "title": "Any",
        "data": "real",
        "seed": 3,
        "clip": clip if case.clip else None,
        "p1": {"images": "data/p1", "id2label": "data/id2label.json", "prompts": "data/prompts.json"},
        "captions": {
            "train_images": "data/train",
            "train_annotations": "data/train.json",
            "val_images": "data/val",
            "val_annotations": "data/val.json",
            "tokenizer": "data/tokenizer.json",
            "vocabulary_size": 60,
        },
        "p3": {"images": "data/p3"},
        "best_run": next(iter(runs)),
        "runs": runs,
    }
    if case.split == "half":
        profile["captions"]["test_share"] = 0.5
    profile["p1"] |= {"study": list(case.study)} | ({"supervised": encoder} if case.supervised else {})
    if "captions" in case.without:
        profile |= {"captions": None, "runs": {}}
        profile["p3"] |= {"model": "data/exported"}
    elif case.instances != "none":
        profile["captions"]["val_instances"] = "data/instances_val.json"
    if case.without == "labels":
        profile["p1"]["labelled"] = False
    if "P1" in case.without:
        profile["p1"] = None
    return profile


if __name__ == "__main__":
    chosen = list(draw_cases(int(sys.argv[2]), 0))[-1]
    print(chosen, write(chosen, Path(sys.argv[1])), sep="\n")
