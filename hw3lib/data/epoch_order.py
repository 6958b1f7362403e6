"""The order of an epoch: which images and captions make which step. Seed and epoch alone decide it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

_WINDOW = 50  # steps whose visits are sorted by length together


class Visit(NamedTuple):
    """One image's turn in an epoch: which image, and which of its captions."""

    image: int
    captions: tuple[int, ...]


def plan(
    counts: Sequence[int],
    images_per_step: int,
    captions_per_image: int,
    seed: int,
    epoch: int,
    lengths: Sequence[Sequence[int]] | None = None,
) -> list[list[Visit]]:
    """The steps of an epoch, each a list of visits. Every image comes once; ``counts`` are their captions' numbers.

    An image's captions take turns: k epochs of m captions use k * m different ones while it has so many, and then all
    of them again in another order; one with fewer than m gives some twice. The last step is dropped when it is not
    full, unless it is the only one; which images it holds changes with the epoch.

    ``lengths[image][caption]``, where given, puts visits of like length into a step, so that little is padded: within
    each 50 steps of the random order visits are sorted by their longest caption, and then the steps are shuffled.
    """
    order = np.random.default_rng([seed, epoch]).permutation(len(counts))
    visits = [Visit(int(image), _turn(counts[image], captions_per_image, seed, int(image), epoch)) for image in order]
    if len(visits) > images_per_step:
        visits = visits[: len(visits) // images_per_step * images_per_step]
    if lengths is not None:
        visits = _alike(visits, lengths, _WINDOW * images_per_step)
    steps = [visits[start : start + images_per_step] for start in range(0, len(visits), images_per_step)]
    if lengths is not None:
        steps = [steps[place] for place in np.random.default_rng([seed, epoch, 1]).permutation(len(steps))]
    return steps


def _alike(visits: list[Visit], lengths: Sequence[Sequence[int]], window: int) -> list[Visit]:
    """The visits with each window sorted by the longest caption; equal ones stay in their random order."""

    def longest(visit: Visit) -> int:
        return max(lengths[visit.image][caption] for caption in visit.captions)

    windows = [visits[start : start + window] for start in range(0, len(visits), window)]
    return [visit for part in windows for visit in sorted(part, key=longest)]


def _turn(count: int, wanted: int, seed: int, image: int, epoch: int) -> tuple[int, ...]:
    """Cut an endless sequence of shuffles of the image's captions into epochs; the same size for every image."""
    start = epoch * wanted
    rounds = range(start // count, (start + wanted - 1) // count + 1)
    shuffled = [int(i) for r in rounds for i in np.random.default_rng([seed, image, r]).permutation(count)]
    first = start - rounds[0] * count
    return tuple(shuffled[first : first + wanted])
