"""What a step of training is fed: its images, or features that stand for them, with captions, in parts that fit.

Every process plans the same steps and takes its share, so that all know how many tokens a step predicts altogether
without asking one another.

Dimension letters: I images of a part, B captions of a part, T tokens, P patches, C the encoder's channels.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor

from hw3lib.batches import Pairs, Visit, batches, plan
from hw3lib.captioner import Captioner, Features
from hw3lib.config import Training
from hw3lib.optimization import autocast

_ENCODE = 64  # images per batch where nothing is learned
T = TypeVar("T")


class Part(NamedTuple):
    """What goes through the model at once; a step has one, or as many as gradients are accumulated over."""

    visits: list[Visit]
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
    features: Callable[[], Features]
    waited: float = 0.0  # seconds that training has waited for data
    _resting: Features | None = None

    def forget(self) -> None:
        """The encoder is another one now: its features are to be computed anew."""
        self._resting = None

    def per_step(self, images: int | None = None) -> int:
        """Images of a step on all processes: ``images``, or as many as the configured captions need."""
        wanted = images or self.setting.batch_size // self.setting.captions_per_image
        return max(self.processes, wanted)

    def planned(self, epoch: int, images: int | None = None) -> list[list[Visit]]:
        """The steps of an epoch, of all processes."""
        counts = [len(group) for group in self.pairs.tokens]
        return plan(counts, self.per_step(images), self.setting.captions_per_image, self.seed, epoch)

    def steps(self, epoch: int, rests: bool, images: int | None = None) -> Iterator[Step]:
        """This process's share of every step of an epoch; as features where the encoder ``rests``."""
        planned = self.planned(epoch, images)
        shares = [visits[self.rank :: self.processes] for visits in planned]
        parts = [part for share in shares for part in _split(share, self.setting.accumulate)]
        fed = iter(zip(parts, self._timed(self._load(parts, epoch, rests)), strict=True))
        for visits, share in zip(planned, shares, strict=True):
            taken = [Part(part, *loaded) for part, loaded in take(fed, len(_split(share, self.setting.accumulate)))]
            yield Step(taken, self._predicted(visits), len(visits))

    def _load(self, parts: list[list[Visit]], epoch: int, rests: bool) -> Iterable[tuple[Tensor | Features, Tensor]]:
        if not rests:
            self._resting = None
            return self.pairs.loader(parts, self.setting.workers, self.seed + epoch)
        return self._from_features(parts)

    def _from_features(self, parts: list[list[Visit]]) -> Iterator[tuple[Features, Tensor]]:
        if self._resting is None:
            self._resting = self.features()
        patches, grid = self._resting
        for visits in parts:
            items = [(patches[visit.image], self.pairs.captions_of(visit)) for visit in visits]
            stacked, tokens = self.pairs.collate(items)
            yield Features(stacked, grid), tokens

    def _predicted(self, visits: list[Visit]) -> int:
        return sum(len(tokens) - 1 for visit in visits for tokens in self.pairs.captions_of(visit))

    def _timed(self, source: Iterable[T]) -> Iterator[T]:
        """Pass on what comes, adding up the time until it does."""
        iterator = iter(source)
        while True:
            started = time.perf_counter()
            try:
                item = next(iterator)
            except StopIteration:
                return
            finally:
                self.waited += time.perf_counter() - started
            yield item


def take(source: Iterator[T], count: int) -> list[T]:
    """The next ``count`` items."""
    return [next(source) for _ in range(count)]


def _split(visits: list[Visit], parts: int) -> list[list[Visit]]:
    """Cut a share into at most so many parts of like size, none of them empty."""
    size = -(-len(visits) // parts)
    return [visits[start : start + size] for start in range(0, len(visits), size)]


@torch.no_grad()
def resting_features(model: Captioner, pairs: Pairs, precision: str) -> Features:
    """The encoder's features of all training images (n, P, C), float32 in memory, without jitter or dropout."""
    was_training = model.training
    model.eval()
    plain = replace(pairs.images, transform=model.transform(train=False))
    with autocast(model.device, precision):
        found = [model.features(batch.to(model.device)) for batch in batches(plain, _ENCODE)]
    patches = torch.cat([part.patches.float().cpu() for part in found])
    model.train(was_training)
    return Features(patches, found[0].grid)
