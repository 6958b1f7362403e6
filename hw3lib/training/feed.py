"""What a step of training is fed: its images, or features that stand for them, with captions, in parts that fit.

Every process plans the same steps and takes its share, so that all know how many tokens a step predicts altogether
without asking one another.

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
    """The steps of an epoch for one process of several.

    ``features`` computes what stands for the training images while the encoder rests: all of them, in order.
    """

    pairs: Pairs
    setting: Training
    seed: int
    rank: int
    processes: int
    features: Callable[[], Frozen]
    clock: Callable[[], float] = time.perf_counter
    waited: float = 0.0  # seconds that training has waited for data
    loader: Loader = field(init=False)
    _resting: Frozen | None = None

    def __post_init__(self) -> None:
        self.loader = Loader(self.pairs, self.setting.workers)

    def forget(self) -> None:
        """The encoder is another one now: its features are to be computed anew."""
        self._resting = None

    def per_step(self, images: int | None = None) -> int:
        """Images of a step on all processes: ``images``, or as many as the configured captions need."""
        wanted = images or self.setting.batch_size // self.setting.captions_per_image
        return max(self.processes, wanted)

    def planned(self, epoch: int, images: int | None = None) -> list[list[Sample]]:
        """The steps of an epoch, of all processes."""
        counts = [len(group) for group in self.pairs.tokens]
        lengths = self.pairs.lengths if self.setting.bucket_lengths else None
        return epoch_order(counts, self.per_step(images), self.setting.captions_per_image, self.seed, epoch, lengths)

    def count(self, images: int | None = None) -> int:
        """How many steps an epoch has, without planning it."""
        return max(1, len(self.pairs) // self.per_step(images))

    def steps(self, epoch: int, rests: bool, images: int | None = None) -> Iterator[Step]:
        """This process's share of every step of an epoch; as features where the encoder ``rests``."""
        planned = self.planned(epoch, images)
        shares = [samples[self.rank :: self.processes] for samples in planned]
        parts = [part for share in shares for part in _split(share, self.setting.accumulate)]
        fed = iter(zip(parts, self._timed(self._load(parts, epoch, rests)), strict=True))
        for samples, share in zip(planned, shares, strict=True):
            taken = [Part(part, *loaded) for part, loaded in take(fed, len(_split(share, self.setting.accumulate)))]
            yield Step(taken, self._predicted(samples), len(samples))

    def _load(self, parts: list[list[Sample]], epoch: int, rests: bool) -> Iterable[tuple[Tensor | Features, Tensor]]:
        if not rests:
            self._resting = None
            return self.loader.epoch(parts, self.seed, epoch)
        if self._resting is None:
            self._resting = self.features()
        return self._read(parts, self._resting)

    def _read(self, parts: list[list[Sample]], resting: Frozen) -> Iterator[tuple[Features, Tensor]]:
        def read(samples: list[Sample]) -> tuple[Features, Tensor]:
            patches, grid = resting.batch(sample.image for sample in samples)
            captions = [caption for sample in samples for caption in self.pairs.captions_of(sample)]
            patches = patches.pin_memory() if torch.cuda.is_available() else patches
            return Features(patches, grid), padded(captions, self.pairs.pad)

        with ThreadPoolExecutor(1) as pool:
            yield from threads.ahead(pool, read, parts, _AHEAD)

    def _predicted(self, samples: list[Sample]) -> int:
        return sum(len(tokens) - 1 for sample in samples for tokens in self.pairs.captions_of(sample))

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


def take(source: Iterator[T], count: int) -> list[T]:
    """The next ``count`` items."""
    return [next(source) for _ in range(count)]


def _split(samples: list[Sample], parts: int) -> list[list[Sample]]:
    """Cut a share into at most so many parts of like size, none of them empty."""
    size = -(-len(samples) // parts)
    return [samples[start : start + size] for start in range(0, len(samples), size)]
