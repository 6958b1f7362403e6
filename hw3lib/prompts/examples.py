"""Images to show: where prompts agree and differ, and whose answer a prompt changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL.Image import Image

from hw3lib.data.images import open_image
from hw3lib.data.labelled import LabelledSet
from hw3lib.prompts.answers import Answers
from hw3lib.prompts.zero_shot import TOP


@dataclass(frozen=True)
class Ranked:
    """A picture with its true class, and its likeliest classes with their probabilities under a template."""

    picture: Image
    truth: str  # empty where nobody knows it
    classes: list[tuple[str, float]]
    name: str = ""  # the file's


@dataclass(frozen=True)
class Changed:
    """A picture with its true class, and the answers before and after a change of template."""

    picture: Image
    truth: str
    before: str
    after: str


def pick_examples(answers: Answers, templates: Iterable[str], count: int = 3) -> list[int]:
    """Images to show, by rule: the most confident right answer, the widest disagreement, the most confident wrong one.

    Places in ``answers.images``, of different classes as far as there are such; ``count`` at the most, taking turns
    over the three rules.
    """
    rows = [answers.templates.index(template) for template in templates]
    firsts, right = answers.classes[rows, :, 0], answers.right[rows]  # (K, I)
    surest = answers.probabilities[rows, :, 0].min(0)
    hits = right.sum(0)  # (I,)
    contested = (hits > 0) & (hits < len(rows))
    worth = surest + contested * np.array([len(set(classes)) for classes in firsts.T.tolist()])
    order = np.argsort(-worth, kind="stable")
    queues = [order[group[order]].tolist() for group in (hits == len(rows), contested, hits == 0)]
    chosen: list[int] = []
    while len(chosen) < count and any(queues):
        for queue in queues:
            shown = {answers.truth[image] for image in chosen}
            best = next((image for image in queue if answers.truth[image] not in shown), queue[0] if queue else None)
            if best is not None and len(chosen) < count:
                queue.remove(best)
                chosen.append(best)
    return chosen


def ranked_pictures(
    data: LabelledSet, answers: Answers, template: str, images: Sequence[int], most: int = TOP
) -> list[Ranked]:
    """Pictures with their likeliest classes under a template, ``most`` at the most."""
    row = answers.templates.index(template)
    return [
        Ranked(
            _picture(data, answers, image),
            answers.labels[answers.truth[image]] if len(answers.truth) else "",
            [
                (answers.labels[label], float(p))
                for label, p in zip(answers.classes[row, image], answers.probabilities[row, image], strict=True)
            ][:most],
            answers.images[image],
        )
        for image in images
    ]


def spread_out(answers: Answers, most: int) -> list[int]:
    """Places in ``answers.images`` of all images or, of many, of ``most`` from the first name to the last."""
    return np.unique(np.linspace(0, len(answers.images) - 1, most).round().astype(int)).tolist()


def disputed_pictures(data: LabelledSet, answers: Answers, most: int, classes: int) -> list[Ranked]:
    """Pictures on which the templates disagree most: their classes, each with the share of templates that give it.

    ``most`` at the most, none on which all agree; those come first whose commonest answer has the fewest templates.
    """
    firsts = answers.classes[..., 0].T  # (I, K)
    votes = [Counter(answers.labels[label] for label in row).most_common() for row in firsts.tolist()]
    order = sorted((image for image, vote in enumerate(votes) if len(vote) > 1), key=lambda image: votes[image][0][1])
    return [
        Ranked(
            _picture(data, answers, image),
            "",
            [(name, count / len(answers.templates)) for name, count in votes[image]][:classes],
            answers.images[image],
        )
        for image in order[:most]
    ]


def changed_pictures(
    data: LabelledSet, answers: Answers, template: str, baseline: str, classes: Sequence[str]
) -> list[Changed]:
    """For each class the picture whose answer a template changed most surely.

    Classes without an image that went from wrong to right, or from right to wrong, are left out.
    """
    before, after = (answers.templates.index(name) for name in (baseline, template))
    first, truth, labels, right = answers.classes[..., 0], answers.truth, answers.labels, answers.right
    moved = right[before] != right[after]
    change = np.abs(np.exp(answers.true[after]) - np.exp(answers.true[before]))
    pictures = []
    for name in classes:
        images = np.flatnonzero(moved & (truth == labels.index(name)))
        if len(images):
            image = int(images[change[images].argmax()])
            picture = _picture(data, answers, image)
            pictures.append(Changed(picture, name, labels[first[before, image]], labels[first[after, image]]))
    return pictures


def _picture(data: LabelledSet, answers: Answers, image: int) -> Image:
    return open_image(data.paths[data.names.index(answers.images[image])])
