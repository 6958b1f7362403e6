"""Freshly drawn, labelled pictures to pretrain on, from seeds that no split of the demo uses.

A *shard* is a folder of plain NumPy files: ``images.npy`` (n, 144, 144, 3) uint8, the picture's short side scaled to
144 px and a square cut out of it at random; ``kinds.npy`` and ``coats.npy`` (n, 48, 48) uint8, which kind and which
colour stands at each spot (0 for none); ``places.npy`` (n,) uint8; ``texts.json``, ten texts per picture.
"""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np
from PIL import Image

from demo_world.captions import grammar
from demo_world.picture.composition import compose, portrait
from demo_world.picture.habitat import HABITAT
from demo_world.picture.render import render
from demo_world.places.registry import PLACES
from demo_world.svg import COATS

NEAREST = Image.Resampling.NEAREST
SQUARE, GRID = 144, 48  # px of a stored picture and of its label map
KIND_NAMES = tuple(HABITAT)
COAT_NAMES = tuple(COATS)
PLACE_NAMES = tuple(place.name for place in PLACES)
SCALE = 0.65  # pictures are drawn at this size, which is twice as fast and still larger than what is stored
CHUNK = 200  # pictures per task
PICTURES, HELD_OUT = 40_000, 1_500
HELD_OUT_START = 10_000_000  # their numbers start here, far from those that are trained on


class Picture(NamedTuple):
    """A fresh picture with its labels and texts."""

    image: np.ndarray  # (144, 144, 3) uint8
    kinds: np.ndarray  # (48, 48) uint8
    coats: np.ndarray  # (48, 48) uint8
    place: int
    texts: list[str]


def image_rng(seed: int, index: int) -> Random:
    """The generator of one fresh picture: the same on any number of processes, and in no split of the demo."""
    digest = hashlib.sha256(f"hw3 fresh {seed} {index}".encode()).digest()
    return Random(int.from_bytes(digest[:8], "big"))


def draw_picture(seed: int, index: int) -> Picture:
    """Draw fresh picture ``index``; every third is a portrait of the kinds in turn."""
    rng = image_rng(seed, index)
    kind = KIND_NAMES[index % len(KIND_NAMES)]
    scene = portrait(rng, kind) if index % 3 == 0 else compose(rng, focus=kind)
    drawn = render(scene, SCALE)
    height, width = drawn.instances[0].mask.shape if drawn.instances else drawn.image.size[::-1]
    size = round(width * SQUARE / min(width, height)), round(height * SQUARE / min(width, height))
    left, top = rng.randint(0, size[0] - SQUARE), rng.randint(0, size[1] - SQUARE)
    box = (left, top, left + SQUARE, top + SQUARE)
    square = np.asarray(drawn.image.resize(size, Image.Resampling.BICUBIC).crop(box))
    kinds, coats = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint8)
    for instance in drawn.instances:
        kinds[instance.mask] = 1 + KIND_NAMES.index(instance.kind)
        coats[instance.mask] = 1 + COAT_NAMES.index(scene.groups[instance.group].coat)
    maps = [
        np.asarray(Image.fromarray(labels).resize(size, NEAREST).crop(box).resize((GRID, GRID), NEAREST))
        for labels in (kinds, coats)
    ]
    texts = grammar.captions(scene, rng, 3) + grammar.web_texts(scene, rng, 7)
    return Picture(square, maps[0], maps[1], PLACE_NAMES.index(scene.place), texts)


def _draw_chunk(job: tuple[int, int, int]) -> list[Picture]:
    seed, start, stop = job
    return [draw_picture(seed, index) for index in range(start, stop)]


def draw(folder: Path, count: int, seed: int, start: int = 0, processes: int | None = None) -> None:
    """Draw ``count`` fresh pictures into a shard, unless it is already there."""
    if (folder / "texts.json").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    images = np.lib.format.open_memmap(folder / "images.npy", "w+", np.uint8, (count, SQUARE, SQUARE, 3))
    kinds, coats = (np.zeros((count, GRID, GRID), np.uint8) for _ in range(2))
    places, texts = np.zeros(count, np.uint8), []
    jobs = [(seed, start + first, start + min(first + CHUNK, count)) for first in range(0, count, CHUNK)]
    with ProcessPoolExecutor(processes) as pool:
        row = 0
        for done, chunk in enumerate(pool.map(_draw_chunk, jobs)):
            for picture in chunk:
                images[row], kinds[row], coats[row], places[row] = picture[:4]
                texts.append(picture.texts)
                row += 1
            if done % 10 == 9 or row == count:
                print(f"drew {row:,} of {count:,} fresh pictures", flush=True)
    images.flush()
    np.save(folder / "kinds.npy", kinds)
    np.save(folder / "coats.npy", coats)
    np.save(folder / "places.npy", places)
    (folder / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
