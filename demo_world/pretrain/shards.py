"""Fresh pictures on disk (see :mod:`demo_world.pretrain.fresh`), read as random augmented batches."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from demo_world.pretrain import fresh
from demo_world.pretrain.recipes import Recipe


@dataclass(frozen=True)
class Batch:
    """Labelled images, normalised as a recipe wants them."""

    images: Tensor  # (B, 3, size, size)
    kinds: Tensor  # (B, s, s) long, 0 for none
    coats: Tensor  # (B, s, s) long, 0 for none
    places: Tensor  # (B,) long


class Shard:
    """A folder of fresh pictures."""

    def __init__(self, folder: Path) -> None:
        self.images = np.load(folder / "images.npy", mmap_mode="r")
        self.kinds, self.coats = np.load(folder / "kinds.npy"), np.load(folder / "coats.npy")
        self.places = np.load(folder / "places.npy").astype(np.int64)
        self.texts: list[list[str]] = json.loads((folder / "texts.json").read_text())

    def __len__(self) -> int:
        return len(self.images)

    def order(self, batch: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """Endless shuffled batches of indices."""
        while True:
            shuffled = rng.permutation(len(self))
            for start in range(0, len(self) - batch + 1, batch):
                yield np.sort(shuffled[start : start + batch])

    def augmented(self, rows: np.ndarray, recipe: Recipe, rng: np.random.Generator) -> Batch:
        """A batch to train on: squares cut and mirrored at random; brightness, contrast and saturation vary."""
        batch = self._cut(rows, recipe, rng, recipe.crop, recipe.flip)
        images = batch.images
        gain = torch.from_numpy(rng.uniform(0.75, 1.25, (3, len(rows), 1, 1, 1))).float()
        grey = images.mean(1, keepdim=True)
        images = grey + (images - grey) * gain[0]
        images = ((images - 0.5) * gain[1] + 0.5) * gain[2]
        return Batch(_normalised(images.clamp(0, 1), recipe), batch.kinds, batch.coats, batch.places)

    def plain(self, recipe: Recipe) -> Iterator[Batch]:
        """All pictures whole and in order, about 100 a batch."""
        rng = np.random.default_rng(0)
        for rows in np.array_split(np.arange(len(self)), max(1, len(self) // 100)):
            batch = self._cut(rows, recipe, rng, fresh.GRID, flip=False)
            yield Batch(_normalised(batch.images, recipe), batch.kinds, batch.coats, batch.places)

    def _cut(self, rows: np.ndarray, recipe: Recipe, rng: np.random.Generator, least: int, flip: bool) -> Batch:
        """A square of ``s`` label cells (``least`` to 48 of 48) of each picture, images still in 0..1."""
        side = int(rng.integers(least, fresh.GRID + 1))
        scale = fresh.SQUARE // fresh.GRID
        pictures = np.empty((len(rows), side * scale, side * scale, 3), np.uint8)
        kinds, coats = np.empty((len(rows), side, side), np.int64), np.empty((len(rows), side, side), np.int64)
        for i, row in enumerate(rows):
            y, x = rng.integers(0, fresh.GRID - side + 1, 2)
            step = -1 if flip and rng.random() < 0.5 else 1
            pictures[i] = self.images[row, y * scale : (y + side) * scale, x * scale : (x + side) * scale][:, ::step]
            kinds[i] = self.kinds[row, y : y + side, x : x + side][:, ::step]
            coats[i] = self.coats[row, y : y + side, x : x + side][:, ::step]
        images = torch.from_numpy(pictures).permute(0, 3, 1, 2).float().div_(255)  # (B, 3, s, s)
        images = F.interpolate(images, (recipe.size, recipe.size), mode="bilinear", antialias=True, align_corners=False)
        places = torch.from_numpy(self.places[rows])
        return Batch(images, torch.from_numpy(kinds), torch.from_numpy(coats), places)


def _normalised(images: Tensor, recipe: Recipe) -> Tensor:
    mean, std = (torch.tensor(value).view(1, 3, 1, 1) for value in (recipe.mean, recipe.std))
    return (images - mean) / std
