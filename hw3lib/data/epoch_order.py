"""The order of an epoch: which images and captions make which batch. Seed and epoch alone decide it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

_WINDOW = 50  # batches whose samples are sorted by length together


class Sample(NamedTuple):
    """What an epoch takes of an image: its index, and which of its captions."""

    image: int
    captions: tuple[int, ...]


def epoch_order(
    counts: Sequence[int],
    batch_size: int,
    captions_per_image: int,
    seed: int,
    epoch: int,
    lengths: Sequence[Sequence[int]] | None = None,
) -> list[list[Sample]]:
    """The batches of an epoch, ``batch_size`` images each. Every image comes once; ``counts`` are their captions'.

    An image's captions take turns: k epochs of m captions use k * m different ones while it has so many, and then all
    of them again in another order; one with fewer than m gives some twice. The last batch is dropped when it is not
    full, unless it is the only one; which images it holds changes with the epoch.

    ``lengths[image][caption]``, where given, puts samples of like length into a batch, so that little is padded: within
    each 50 batches of the random order samples are sorted by their longest caption, and then the batches are shuffled.

    >>> for batch in epoch_order(counts=[5, 5, 5, 5], batch_size=2, captions_per_image=1, seed=0, epoch=0):
    ...     print(batch)
    [Sample(image=2, captions=(4,)), Sample(image=0, captions=(2,))]
    [Sample(image=1, captions=(1,)), Sample(image=3, captions=(3,))]
    """
    order = np.random.default_rng([seed, epoch]).permutation(len(counts))
    samples = [Sample(int(i), _captions(counts[i], captions_per_image, seed, int(i), epoch)) for i in order]
    if len(samples) > batch_size:
        samples = samples[: len(samples) // batch_size * batch_size]
    if lengths is not None:
        samples = _sorted_by_length(samples, lengths, _WINDOW * batch_size)
    batches = [samples[start : start + batch_size] for start in range(0, len(samples), batch_size)]
    if lengths is not None:
        batches = [batches[place] for place in np.random.default_rng([seed, epoch, 1]).permutation(len(batches))]
    return batches


def _sorted_by_length(samples: list[Sample], lengths: Sequence[Sequence[int]], window: int) -> list[Sample]:
    """The samples with each window sorted by the longest caption; equal ones stay in their random order."""

    def longest(sample: Sample) -> int:
        return max(lengths[sample.image][caption] for caption in sample.captions)

    windows = [samples[start : start + window] for start in range(0, len(samples), window)]
    return [sample for part in windows for sample in sorted(part, key=longest)]


def _captions(count: int, wanted: int, seed: int, image: int, epoch: int) -> tuple[int, ...]:
    """Cut an endless sequence of shuffles of the image's captions into epochs; the same size for every image."""
    start = epoch * wanted
    rounds = range(start // count, (start + wanted - 1) // count + 1)
    shuffled = [int(i) for r in rounds for i in np.random.default_rng([seed, image, r]).permutation(count)]
    first = start - rounds[0] * count
    return tuple(shuffled[first : first + wanted])
