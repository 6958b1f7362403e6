"""Captions with known attention, for the tests of the attention maps and of the viewer."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

from hw3lib.attention.maps import CaptionAttention, Word
from hw3lib.data.transform import ImageTransform
from hw3lib.models.captioner import Memory


class Spotter:
    """A captioner that attends to the brightest patch of its input, whatever it is asked to say."""

    max_length = 32
    device = torch.device("cpu")

    def __init__(self, grid: tuple[int, int], layers: int = 2, heads: int = 3) -> None:
        self.grid, self.layers, self.heads = grid, layers, heads

    def eval(self) -> Spotter:
        return self

    def encode(self, images: torch.Tensor) -> Memory:
        light = F.adaptive_avg_pool2d(images.mean(1, keepdim=True), self.grid)  # (1, 1, Gh, Gw)
        return Memory(light.flatten(2).transpose(1, 2), self.grid)

    def __call__(
        self, memory: Memory, tokens: torch.Tensor, return_attention: bool = True
    ) -> tuple[torch.Tensor, torch.Tensor]:
        rows, patches = tokens.shape[1], memory.tokens.shape[1]
        brightest = F.one_hot(memory.tokens[0, :, 0].argmax(), patches).float()
        return torch.zeros(1, rows, 9), brightest.expand(1, self.layers, self.heads, rows, patches)


class Letters:
    """A tokenizer whose words are single tokens 4, 5, ..., written as letters."""

    pad, unk = 0, 1

    def encode(self, text: str) -> list[int]:
        return [2, *(4 + ord(letter) - ord("a") for letter in text.split()), 3]

    def decode(self, ids: list[int]) -> str:
        return " ".join(word for word, _ in self.words(ids)[1:-1])

    def unknown_words(self, text: str) -> list[tuple[str, list[int]]]:
        return []

    def words(self, ids: list[int]) -> list[tuple[str, list[int]]]:
        names = {2: "[BOS]", 3: "[EOS]"}
        return [(names.get(token, chr(ord("a") + token - 4)), [place]) for place, token in enumerate(ids)]


def spotter(size: int | tuple[int, int], grid: tuple[int, int]) -> SimpleNamespace:
    """A loaded run around :class:`Spotter`."""
    transform = ImageTransform(size, (0,) * 3, (1,) * 3)
    folder = Path("spotter")
    return SimpleNamespace(model=Spotter(grid), tokenizer=Letters(), transform=transform, folder=folder, drawings=())


def synthetic(
    texts: tuple[str, ...] = ("[BOS]", "a", "red", "dog", "runs", "[EOS]"),
    size: tuple[int, int] = (320, 240),
    grid: tuple[int, int] = (7, 7),
    layers: int = 2,
    heads: int = 4,
    seed: int = 0,
) -> CaptionAttention:
    """A caption whose words attend to one place each, sharper or wider by layer and head."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: size[1], : size[0]] / np.array([[[size[1]]], [[size[0]]]])
    pixels = np.stack([80 + 150 * y, 200 - 120 * x, 120 + 80 * x * y], axis=-1).astype(np.uint8)
    rows, columns = np.mgrid[: grid[0], : grid[1]].reshape(2, -1)
    shape = (layers, heads, len(texts), 1)
    far = (rows - rng.uniform(0, grid[0] - 1, shape)) ** 2 + (columns - rng.uniform(0, grid[1] - 1, shape)) ** 2
    maps = np.exp(-far / 2 / rng.uniform(0.6, 2.5, shape) ** 2) + 0.01
    maps /= maps.sum(axis=-1, keepdims=True)
    maps[:, :, 0] = np.nan
    return CaptionAttention(
        name="synthetic",
        image=Image.fromarray(pixels),
        geometry=ImageTransform(224, (0,) * 3, (1,) * 3).geometry(*size),
        grid=grid,
        caption=" ".join(texts[1:-1]),
        tokens=tuple(range(len(texts))),
        log_probs=tuple(np.log(rng.uniform(0.3, 1, len(texts) - 1)).tolist()),
        words=tuple(Word(text, (place,)) for place, text in enumerate(texts)),
        maps=maps.astype(np.float32),
    )
