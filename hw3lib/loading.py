"""Batches from worker processes that stay from epoch to epoch.

Dimension letters: I images of a step, B captions of a step, T tokens, h w the model's input in pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from hw3lib.plans import Visit

if TYPE_CHECKING:
    from hw3lib.batches import Images

Item = tuple[Tensor, list[list[int]]]
Turn = tuple[Visit, tuple[int, ...]]  # with the epoch's seed


class Loader:
    """A DataLoader that outlives its epochs: worker processes start once, and map what is in memory once.

    It knows nothing of the Pairs that keep it: in a ring of references both would linger, and the processes too.
    """

    def __init__(self, images: Images, tokens: list[list[list[int]]], pad: int, workers: int) -> None:
        self.workers = workers
        self.turns = _Turns()
        self.batches: DataLoader[tuple[Tensor, Tensor]] = DataLoader(
            _Seeded(images, tokens),  # type: ignore[arg-type]  # typed for what is indexed, not for what collate makes
            batch_sampler=self.turns,  # type: ignore[arg-type]  # typed for integers, but any index will do
            collate_fn=partial(collate, pad=pad),
            num_workers=workers,
            # The workers' own seed is drawn from it; nothing depends on that, but on torch's own generator much does.
            generator=torch.Generator().manual_seed(0),
            pin_memory=torch.cuda.is_available(),
            persistent_workers=workers > 0,
            prefetch_factor=4 if workers else None,
        )

    def epoch(self, steps: list[list[Visit]], *seed: int) -> DataLoader[tuple[Tensor, Tensor]]:
        """The steps' batches, in order; what is drawn for an image follows from the seed and the image alone."""
        self.turns.steps, self.turns.seed = steps, seed
        return self.batches


class _Turns(Sampler[list[Turn]]):
    """The steps of the present epoch, each visit with the epoch's seed."""

    steps: list[list[Visit]]
    seed: tuple[int, ...]

    def __init__(self) -> None:
        self.steps, self.seed = [], ()

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[list[Turn]]:
        steps, seed = self.steps, self.seed
        return ([(visit, seed) for visit in visits] for visits in steps)


class _Seeded(Dataset[Item]):
    """Images with their captions, indexed by a visit and a seed."""

    def __init__(self, images: Images, tokens: list[list[list[int]]]) -> None:
        self.images, self.tokens = images, tokens

    def __getitem__(self, turn: Turn) -> Item:
        visit, seed = turn
        with _drawing(*seed, visit.image):
            image = self.images[visit.image]
        return image, [self.tokens[visit.image][caption] for caption in visit.captions]


@contextmanager
def _drawing(*seed: int) -> Iterator[None]:
    """Torch's random numbers on the processor from this seed, and afterwards as if nothing had been drawn."""
    before = torch.random.default_generator.get_state()
    torch.random.default_generator.manual_seed(int(np.random.SeedSequence(seed).generate_state(1)[0]))
    try:
        yield
    finally:
        torch.random.default_generator.set_state(before)


def collate(items: list[Item], pad: int) -> tuple[Tensor, Tensor]:
    """Images (I, 3, h, w) and tokens (B, T), padded; an image's captions adjoin."""
    return torch.stack([image for image, _ in items]), padded([caption for _, group in items for caption in group], pad)


def padded(captions: list[list[int]], pad: int) -> Tensor:
    """Token ids as one tensor (B, T)."""
    length = max(map(len, captions))
    return torch.tensor([caption + [pad] * (length - len(caption)) for caption in captions])
