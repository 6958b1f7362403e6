"""Small material that the tests share: a caption set of coloured shapes, a tiny run, a tiny profile."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from hw3lib import config

# Two cores are enough for tests, and pytest-xdist starts a process for each.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

COLOURS = {"red": "#d03030", "green": "#30a040", "blue": "#3050d0", "white": "#f0f0f0"}
SHAPES = ("circle", "square", "triangle")


def draw(colour: str, shape: str, size: tuple[int, int], seed: int) -> Image.Image:
    """A shape somewhere on a grey ground."""
    rng = random.Random(seed)
    image = Image.new("RGB", size, "#808078")
    pen, side = ImageDraw.Draw(image), min(size) // 2
    x, y = rng.randint(0, size[0] - side), rng.randint(0, size[1] - side)
    box, fill = (x, y, x + side, y + side), COLOURS[colour]
    if shape == "circle":
        pen.ellipse(box, fill)
    elif shape == "square":
        pen.rectangle(box, fill)
    else:
        pen.polygon([(x, y + side), (x + side, y + side), (x + side // 2, y)], fill)
    return image


def write_captions(folder: Path, split: str, count: int, seed: int) -> None:
    """``count`` photographs with three captions each, in the P2 layout."""
    rng = random.Random(seed)
    images, annotations = [], []
    (folder / "images" / split).mkdir(parents=True)
    for number in range(count):
        colour, shape = rng.choice(list(COLOURS)), rng.choice(SHAPES)
        size = rng.choice([(64, 48), (48, 64), (56, 56)])
        name = f"{split}_{number:03d}.jpg"
        draw(colour, shape, size, number).save(folder / "images" / split / name, quality=90)
        images.append({"id": 100 + number, "file_name": name, "width": size[0], "height": size[1]})
        for text in (f"A {colour} {shape}.", f"There is a {shape}, it is {colour}.", f"One {colour} {shape} on grey."):
            annotations.append({"id": len(annotations), "image_id": 100 + number, "caption": text})
    (folder / f"{split}.json").write_text(json.dumps({"images": images, "annotations": annotations}))


@pytest.fixture(scope="session")
def caption_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A P2 folder: 24 training and 8 validation images of coloured shapes. Copy it before changing it."""
    folder = tmp_path_factory.mktemp("captions")
    write_captions(folder, "train", 24, 1)
    write_captions(folder, "val", 8, 2)
    return folder


@pytest.fixture
def tiny_run() -> config.Run:
    """A captioner of some 30,000 parameters that takes 32 px images, 16 patches."""
    return config.Run(
        title="tiny",
        encoder=config.Encoder(
            name="vit_tiny_patch16_224",
            weights="none",
            image_size=32,
            arguments={"patch_size": 8, "embed_dim": 24, "depth": 1, "num_heads": 2},
            mean=(0.5, 0.5, 0.5),
            std=(0.5, 0.5, 0.5),
        ),
        decoder=config.Decoder(layers=2, heads=4, width=32, feed_forward=32, max_length=24),
        training=config.Training(learning_rates=(3e-3, 1e-3), epochs=3, batch_size=16, captions_per_image=2),
    )


@pytest.fixture
def tiny_profile(
    caption_folder: Path, tiny_run: config.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> config.Profile:
    """A profile whose runs go to a temporary root; its tokenizer is trained there when first asked for."""
    monkeypatch.setenv("HW3_ROOT", str(tmp_path))
    return config.Profile(
        title="tiny",
        data="demo",
        seed=7,
        name="tiny",
        clip=config.Clip(model="none", pretrained="none"),
        p1=config.Labelled(images="p1", id2label="id2label.json"),
        captions=config.Captions(
            train_images=str(caption_folder / "images" / "train"),
            train_annotations=str(caption_folder / "train.json"),
            val_images=str(caption_folder / "images" / "val"),
            val_annotations=str(caption_folder / "val.json"),
            tokenizer=str(tmp_path / "caption_tokenizer.json"),
            vocabulary_size=60,
        ),
        p3=config.Photographs(images=str(caption_folder / "images" / "val")),
        runs={"best": tiny_run},
    )
