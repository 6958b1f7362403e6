"""What a step of training is fed: its images, or features that stand for them, with captions, in parts that fit.

Every process orders the same epoch and takes its share of each step, so that all know how many tokens a step predicts
altogether without asking one another.

Dimension letters: I images of a part, B captions of a part, T tokens, P patches, C the encoder's channels.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor

from hw3lib.config import Training
from hw3lib.data.epoch_order import Sample, epoch_order
from hw3lib.data.loader import Loader, Pairs, padded
from hw3lib.models.captioner import Features
from hw3lib.system import threads
from hw3lib.training.frozen_features import Frozen

_AHEAD = 4  # batches of features that are read before they are asked for
T = TypeVar("T")


class Part(NamedTuple):
    """What goes through the model at once; a step has one, or as many as gradients are accumulated over."""

    samples: list[Sample]
    images: Tensor | Features  # (I, 3, h, w) or (I, P, C)
    tokens: Tensor  # (B, T), padded


class Step(NamedTuple):
    """One step of the optimizer, as far as this process has a share in it."""

    parts: list[Part]
    tokens: int  # that the step predicts, on all processes
    images: int  # on all processes


@dataclass
class Feed:
    """The steps of an epoch for one process of several."""

    pairs: Pairs
    training: Training
    seed: int
    rank: int = 0
    processes: int = 1
    clock: Callable[[], float] = time.perf_counter
    waited: float = 0.0  # seconds that training has waited for data
    loader: Loader = field(init=False)

    def __post_init__(self) -> None:
        self.loader = Loader(self.pairs, self.training.workers)

    def images_per_step(self, images: int | None = None) -> int:
        """Images of a step on all processes: ``images``, or as many as the configured captions need."""
        wanted = images or self.training.batch_size // self.training.captions_per_image
        return max(self.processes, wanted)

    def batches(self, epoch: int, images: int | None = None) -> list[list[Sample]]:
        """What the steps of an epoch take, on all processes."""
        counts = [len(group) for group in self.pairs.tokens]
        lengths = self.pairs.lengths if self.training.bucket_lengths else None
        size, captions = self.images_per_step(images), self.training.captions_per_image
        return epoch_order(counts, size, captions, self.seed, epoch, lengths)

    def count(self, images: int | None = None) -> int:
        """How many steps an epoch has, without ordering it."""
        return max(1, len(self.pairs) // self.images_per_step(images))

    def steps(self, epoch: int, images: int | None = None, features: Frozen | None = None) -> Iterator[Step]:
        """This process's share of every step of an epoch; ``features`` of all training images may stand for them."""
        batches = self.batches(epoch, images)
        shares = [_split(samples[self.rank :: self.processes], self.training.accumulate) for samples in batches]
        parts = [part for share in shares for part in share]
        source = self.loader.epoch(parts, self.seed, epoch) if features is None else self._read(parts, features)
        loaded = self._timed(source)
        for samples, share in zip(batches, shares, strict=True):
            predicted = sum(len(tokens) - 1 for sample in samples for tokens in self.pairs.captions_of(sample))
            yield Step([Part(part, *next(loaded)) for part in share], predicted, len(samples))

    def _read(self, parts: list[list[Sample]], features: Frozen) -> Iterator[tuple[Features, Tensor]]:
        def read(samples: list[Sample]) -> tuple[Features, Tensor]:
            patches, grid = features.batch(sample.image for sample in samples)
            captions = [caption for sample in samples for caption in self.pairs.captions_of(sample)]
            patches = patches.pin_memory() if torch.cuda.is_available() else patches
            return Features(patches, grid), padded(captions, self.pairs.pad)

        with ThreadPoolExecutor(1) as pool:
            yield from threads.ahead(pool, read, parts, _AHEAD)

    def _timed(self, source: Iterable[T]) -> Iterator[T]:
        """Pass on what comes, adding up the time until it does."""
        asked = self.clock()
        iterator = iter(source)  # starts worker processes: that is waiting too
        while True:
            item = next(iterator, None)
            self.waited += self.clock() - asked
            if item is None:
                return
            yield item
            asked = self.clock()


def _split(samples: list[Sample], parts: int) -> list[list[Sample]]:
    """Cut a share into at most so many parts of like size, none of them empty."""
    size = -(-len(samples) // parts)
    return [samples[start : start + size] for start in range(0, len(samples), size)]
