"""Prompt ensembles: a class is the mean of its normalised text features, normalised again (Radford et al. 2021, 3.1.4).

The whole of a named set, the whole of all, and a small one that is grown greedily on one half of the images and judged
on the other.

Letters: I images, C classes, K templates, D width of the joint space.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hw3lib.metrics.bootstrap import mean_intervals
from hw3lib.prompts import effects
from hw3lib.prompts.answers import Answers, Ensemble
from hw3lib.prompts.results import EnsembleScores, EnsembleStudy, Step
from hw3lib.prompts.templates import PromptSet

if TYPE_CHECKING:
    from torch import Tensor

MOST = 8  # members of the greedy ensemble
_AT_ONCE = 2**26  # cosines of all templates, images and classes in memory: 256 MB, and as much again while choosing


def mean_features(features: Tensor) -> Tensor:
    """From templates' features ``(K, C, D)``, normalised, to the ensemble's ``(C, D)``, normalised."""
    import torch

    return torch.nn.functional.normalize(features.mean(0), dim=-1)


def chosen_on(truth: np.ndarray, seed: int) -> np.ndarray:
    """Half of the images of each class, drawn at random: ``(I,)``, true where ensembles are chosen."""
    rng, half = np.random.default_rng(seed), np.zeros(len(truth), bool)
    for label in np.unique(truth):
        images = rng.permutation(np.flatnonzero(truth == label))
        half[images[: len(images) // 2]] = True
    return half


def build(
    sets: Sequence[PromptSet],
    templates: Sequence[str],
    features: Tensor,
    images: Tensor,
    truth: Tensor,
    logit_scale: float,
) -> list[tuple[Ensemble, Tensor]]:
    """The ensembles that a study compares, each with its class features (C, D); ``features`` (K, C, D) the templates'.

    The greedy one is chosen on ``images`` (I, D) with their classes ``truth`` (I,); there is none without images.
    """
    places = {template: row for row, template in enumerate(templates)}

    def ensemble(name: str, rows: list[int], path: list[Step] | None = None) -> tuple[Ensemble, Tensor]:
        return Ensemble(name, [templates[row] for row in rows], path or []), mean_features(features[rows])

    means = []
    for prompts in sets:
        rows = [places[template] for template in prompts.templates]
        if len(rows) > 1 and not any(prompt.counterpart for prompt in prompts.prompts):
            means.append(ensemble(f"all {len(rows)} of “{prompts.name}”", rows))
    means.append(ensemble(f"all {len(templates)} studied", list(range(len(templates)))))
    if len(images):
        path = greedy(images, features, truth, logit_scale)
        steps = [Step(templates[row], accuracy, nll) for row, accuracy, nll in path]
        means.append(ensemble("greedy, grown on the other half", [row for row, *_ in path], steps))
    return means


def greedy(
    images: Tensor, features: Tensor, truth: Tensor, logit_scale: float, most: int = MOST
) -> list[tuple[int, float, float]]:
    """Forward selection of an ensemble: again and again the template that helps most, while accuracy rises.

    ``images`` (I, D) and ``features`` (K, C, D) are normalised, ``truth`` (I,) are classes. Of equally accurate
    candidates the one with the least negative log-likelihood is taken. Of more images than fit into memory, every
    second, third, ... counts. Returns each step's row of the templates, accuracy and negative log-likelihood.
    """
    import torch

    every = max(1, -(-len(images) * features.shape[0] * features.shape[1] // _AT_ONCE))
    images, truth = images[::every], truth[::every]
    cosines = torch.einsum("id,kcd->kic", images, features)  # once: a sum's cosine is the cosines' sum, over its length
    one = torch.arange(len(truth))
    total, dots = torch.zeros_like(features[0]), torch.zeros_like(cosines[0])  # (C, D), (I, C)
    path: list[tuple[int, float, float]] = []
    while len(path) < min(most, len(features)):
        length = (total.square().sum(-1) + 2 * (features * total).sum(-1) + 1).clamp(min=1e-12).sqrt()  # (K, C)
        logits = logit_scale * (dots + cosines) / length[:, None]  # (K, I, C)
        accuracy = (logits.argmax(-1) == truth).double().mean(1)
        likelihood = (logits[:, one, truth] - logits.logsumexp(-1)).double().mean(1)
        accuracy[[row for row, *_ in path]] = -1  # a template is taken once
        row = max(range(len(features)), key=lambda row: (float(accuracy[row]), float(likelihood[row])))
        if path and accuracy[row] <= path[-1][1]:
            break
        path.append((row, float(accuracy[row]), -float(likelihood[row])))
        total, dots = total + features[row], dots + cosines[row]
    return path


def judge(answers: Answers, baseline: str, best: str, seed: int) -> EnsembleStudy | None:
    """The ensembles beside the baseline and the ``best`` template, on the half on which none of them was chosen."""
    templates, right, (choosing, judging) = answers.templates, answers.right, answers.halves
    if choosing is judging:
        return None
    base = templates.index(baseline)
    rows = [("the baseline", base, [baseline]), ("best single template", templates.index(best), [best])]
    rows += [(mean.name, row, mean.members) for row, mean in enumerate(answers.ensembles, start=len(templates))]
    places = [row for _, row, _ in rows]
    compared = effects.against(right[places][:, judging], right[base, judging], seed)
    low, high = mean_intervals(answers.true[base, judging] - answers.true[places][:, judging], seed)
    scores = []
    for place, ((name, row, members), comparison) in enumerate(zip(rows, compared, strict=True)):
        chosen = effects.measures(answers, row, choosing)
        scores.append(EnsembleScores(
            **vars(effects.measures(answers, row, judging)), name=name, members=members,
            against_baseline=None if row == base else comparison, chosen_accuracy=chosen.accuracy,
            chosen_nll=chosen.nll, nll_low=float(low[place]), nll_high=float(high[place]),
        ))  # fmt: skip
    greedy = next((ensemble.path for ensemble in answers.ensembles if ensemble.path), [])
    return EnsembleStudy(int(choosing.sum()), int(judging.sum()), scores, greedy)
