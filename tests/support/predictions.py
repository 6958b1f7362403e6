"""Made-up answers of the prompt study, and made-up studies."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from hw3lib.metrics.paired_tests import Effect
from hw3lib.prompts import ensembles, study
from hw3lib.prompts.answers import Answers
from hw3lib.prompts.results import Comparison, Halves, Study, TemplateScores
from hw3lib.prompts.templates import PromptSet


def made_up(
    images: int = 60, classes: int = 4, seed: int = 0, names: tuple[str, ...] = ("report", "factorial")
) -> tuple[Answers, list[PromptSet]]:
    """Random answers to the shipped design and its pairs."""
    sets = [PromptSet.load(name) for name in names]
    templates = study.all_templates(sets)
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(len(templates), images, classes))
    truth = rng.permutation(np.arange(images) % classes)
    logits[:, np.arange(images), truth] += 1.0
    logs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    order = np.argsort(-logs, -1)
    answers = Answers(
        classes=order.astype(np.int32),
        probabilities=np.exp(np.take_along_axis(logs, order, -1)),
        true=logs[:, np.arange(images), truth],
        truth=truth,
        half=ensembles.chosen_on(truth, 0),
        templates=templates,
        labels=[f"class {label}" for label in range(classes)],
        images=[f"{label}_{n}.png" for n, label in enumerate(truth)],
        ensembles=[],
    )
    return answers, sets


def effect(value: float, p: float = 0.5, half: float = 0.01, n: int = 60) -> Effect:
    """An effect with an interval of this half width, its p-value as good as corrected."""
    return Effect(effect=value, low=value - half, high=value + half, n=n, p=p, holm=p)


def comparison(value: float, p: float = 0.5, gained: int = 0, lost: int = 0) -> Comparison:
    """A difference from the baseline."""
    return Comparison(**vars(effect(value, p)), gained=gained, lost=lost)


def template_scores(accuracy: float, per_class: dict[str, float], **more: Any) -> TemplateScores:
    """A template of the set ``own``; ``more`` replaces its other scores."""
    rest = {"mean_per_class": accuracy, "top5": 1.0, "ece": 0.1, "nll": 1.0, "sets": ["own"], "factors": {}}
    return TemplateScores(**rest | {"against_baseline": None} | more, accuracy=accuracy, per_class=per_class)


def in_halves(study: Study, choosing: dict[str, TemplateScores]) -> Study:
    """The same, whose templates reached these scores on the images that choose what is best."""
    half = study.images // 2
    halves = Halves(chosen_on=half, images=half, choosing=dict(choosing), reporting=dict(study.templates), pairs={})
    return replace(study, halves=halves)


def study_of(templates: dict[str, TemplateScores], **more: Any) -> Study:
    """A study of these templates, the first of which is the baseline; ``more`` replaces its other parts."""
    first = next(iter(templates))
    rest: dict[str, Any] = {"images": 50, "labels": list(templates[first].per_class), "baseline": first}
    rest |= {"factors": {}, "interactions": {}, "negation": None, "ensemble": None}
    return Study(**rest | more, templates=templates)
