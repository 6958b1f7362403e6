"""A caption set of coloured shapes."""

from __future__ import annotations

import json
import random
from pathlib import Path

from PIL import Image, ImageDraw

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
