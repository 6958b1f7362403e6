"""Images to show: where prompts agree and differ, what changed, what is mixed up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hw3lib import config, paths
from hw3lib.data.images import open_image
from hw3lib.prompts.zero_shot import unique_names

if TYPE_CHECKING:
    from PIL.Image import Image


def pick_examples(predictions: Mapping[str, Any], count: int = 3) -> list[int]:
    """Images worth showing, by rule: the surest right answer, the prompts' widest disagreement, the surest wrong one.

    Indices into ``predictions["images"]``, of different classes as far as there are such; ``count`` at the most, taking
    turns over the three rules.
    """
    truth = predictions["truth"]
    tops = list(predictions["prompts"].values())
    ranked: list[list[tuple[float, int]]] = [[], [], []]
    for image, label in enumerate(truth):
        if label is None:
            continue
        firsts = [top["labels"][image][0] for top in tops]
        surest = min(top["probabilities"][image][0] for top in tops)
        right = sum(first == label for first in firsts)
        if right == len(tops):
            ranked[0].append((surest, image))
        elif right == 0:
            ranked[2].append((surest, image))
        else:
            ranked[1].append((len(set(firsts)) + surest, image))
    queues = [[image for _, image in sorted(group, key=lambda pair: (-pair[0], pair[1]))] for group in ranked]
    chosen: list[int] = []
    while len(chosen) < count and any(queues):
        for queue in queues:
            taken = {truth[image] for image in chosen}
            best = next((image for image in queue if truth[image] not in taken), queue[0] if queue else None)
            if best is not None and len(chosen) < count:
                queue.remove(best)
                chosen.append(best)
    return chosen


def example_rows(
    profile: config.Profile, predictions: Mapping[str, Any], template: str, images: Sequence[int]
) -> tuple[list[Image], list[str], list[list[tuple[str, float]]]]:
    """What a figure of examples shows: the images, their true classes, and their likeliest classes under a template."""
    titles = unique_names({int(label): name for label, name in predictions["labels"].items()})
    folder, top = paths.resolve(profile.p1.images), predictions["prompts"][template]
    pictures = [open_image(folder / predictions["images"][image]) for image in images]
    truths = [titles[predictions["truth"][image]] for image in images]
    ranked = [
        [(titles[label], p) for label, p in zip(top["labels"][image], top["probabilities"][image], strict=True)]
        for image in images
    ]
    return pictures, truths, ranked


def confusion(predictions: Mapping[str, Any], template: str) -> np.ndarray:
    """How often images of a class (row) were given another (column) under a template: counts ``(C, C)``."""
    count = len(predictions["labels"])
    given = predictions["classes"][predictions["templates"].index(template)][:, 0]
    found = np.zeros((count, count), np.int64)
    np.add.at(found, (predictions["truth"], given), 1)
    return found


def changed_pictures(
    profile: config.Profile, predictions: Mapping[str, Any], template: str, baseline: str, classes: Sequence[str]
) -> list[tuple[Image, str, str, str]]:
    """For each class the image whose answer a template changed most surely: picture, truth, answer before, and after.

    Classes without an image that went from wrong to right, or from right to wrong, are left out.
    """
    before, after = (predictions["templates"].index(each) for each in (baseline, template))
    first, true, labels = predictions["classes"][..., 0], predictions["truth"], predictions["labels"]
    moved = (first[before] == true) != (first[after] == true)
    sure = np.abs(np.exp(predictions["true"][after]) - np.exp(predictions["true"][before]))
    found = []
    for name in classes:
        images = np.flatnonzero(moved & (true == labels.index(name)))
        if len(images):
            image = int(images[sure[images].argmax()])
            picture = open_image(paths.resolve(profile.p1.images) / predictions["images"][image])
            found.append((picture, name, labels[first[before, image]], labels[first[after, image]]))
    return found
