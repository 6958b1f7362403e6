"""Made-up predictions of the prompt study."""

from __future__ import annotations

import numpy as np

from hw3lib.prompts import ensembles, study
from hw3lib.prompts.templates import PromptSet


def made_up(images: int = 60, classes: int = 4, seed: int = 0) -> tuple[dict[str, object], list[PromptSet]]:
    """Random predictions of the shipped design and its pairs, in the form of the predictions file."""
    sets = [PromptSet.load("report"), PromptSet.load("factorial")]
    templates = study.all_templates(sets)
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(len(templates), images, classes))
    truth = rng.permutation(np.arange(images) % classes)
    logits[:, np.arange(images), truth] += 1.0
    logs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    order = np.argsort(-logs, -1)
    return {
        "classes": order.astype(np.int32),
        "probabilities": np.exp(np.take_along_axis(logs, order, -1)),
        "true": logs[:, np.arange(images), truth],
        "truth": truth,
        "half": ensembles.chosen_on(truth, 0),
        "templates": templates,
        "labels": [f"class {label}" for label in range(classes)],
        "images": [f"{label}_{n}.png" for n, label in enumerate(truth)],
        "ensembles": [],
    }, sets
