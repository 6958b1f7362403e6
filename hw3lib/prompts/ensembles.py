"""Prompt ensembles: a class is the mean of its normalised text features, normalised again (Radford et al. 2021, 3.1.4).

The whole of a named set, the whole of all, and a small one that is grown greedily on one half of the images and judged
on the other.

Letters: B images, C classes, K templates, D width of the joint space.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hw3lib.prompts.templates import PromptSet

if TYPE_CHECKING:
    from torch import Tensor

    from hw3lib.prompts.zero_shot import Classifier

MOST = 8  # members of the greedy ensemble
_AT_ONCE = 2**26  # cosines of all templates, images and classes in memory: 256 MB, and as much again while choosing


@dataclass(frozen=True)
class Ensemble:
    """A mean of templates: its class features ``(C, D)``, and how it grew where it was grown."""

    name: str
    members: list[str]
    features: Tensor
    path: list[dict[str, Any]]


def mean_features(features: Tensor) -> Tensor:
    """From templates' features ``(K, C, D)``, normalised, to the ensemble's ``(C, D)``, normalised."""
    import torch

    return torch.nn.functional.normalize(features.mean(0), dim=-1)


def chosen_on(truth: np.ndarray, seed: int) -> np.ndarray:
    """Half of the images of each class, drawn at random: ``(B,)``, true where ensembles are chosen."""
    rng, half = np.random.default_rng(seed), np.zeros(len(truth), bool)
    for label in np.unique(truth):
        images = rng.permutation(np.flatnonzero(truth == label))
        half[images[: len(images) // 2]] = True
    return half


def build(
    classifier: Classifier,
    sets: Sequence[PromptSet],
    templates: Sequence[str],
    features: Tensor,
    known: Sequence[int],
    truth: Tensor,
    half: Tensor,
) -> list[Ensemble]:
    """The ensembles that a study compares; ``features`` (K, C, D) are those of ``templates``."""
    places = {template: row for row, template in enumerate(templates)}
    found = []
    for each in sets:
        if len(each.templates) > 1 and not any(prompt.twin for prompt in each.prompts):
            rows = [places[template] for template in each.templates]
            title = f"all {len(rows)} of “{each.name}”"
            found.append(Ensemble(title, list(each.templates), mean_features(features[rows]), []))
    found.append(Ensemble(f"all {len(templates)} studied", list(templates), mean_features(features), []))
    images = classifier.images[list(known)][half]
    if len(images):
        order, path = greedy(images, features, truth[half], classifier.clip.logit_scale)
        told = [{"template": templates[row], **step} for row, step in zip(order, path, strict=True)]
        members = [templates[row] for row in order]
        found.append(Ensemble("greedy, grown on the other half", members, mean_features(features[order]), told))
    return found


def greedy(
    images: Tensor, features: Tensor, truth: Tensor, logit_scale: float, most: int = MOST
) -> tuple[list[int], list[dict[str, float]]]:
    """Forward selection of an ensemble: again and again the template that helps most, while accuracy rises.

    ``images`` (B, D) and ``features`` (K, C, D) are normalised, ``truth`` (B,) are classes. Of equally accurate
    candidates the one with the least negative log-likelihood is taken. Of more images than fit into memory, every
    second, third, ... counts. Returns the templates' rows in order, and each step's ``accuracy`` and ``nll``.
    """
    import torch

    every = max(1, -(-len(images) * features.shape[0] * features.shape[1] // _AT_ONCE))
    images, truth = images[::every], truth[::every]
    cosines = torch.einsum("bd,kcd->kbc", images, features)  # once: a sum's cosine is the cosines' sum, over its length
    one = torch.arange(len(truth))
    total, dots = torch.zeros_like(features[0]), torch.zeros_like(cosines[0])  # (C, D), (B, C)
    order: list[int] = []
    path: list[dict[str, float]] = []
    while len(order) < min(most, len(features)):
        length = (total.square().sum(-1) + 2 * (features * total).sum(-1) + 1).clamp(min=1e-12).sqrt()  # (K, C)
        logits = logit_scale * (dots + cosines) / length[:, None]  # (K, B, C)
        accuracy = (logits.argmax(-1) == truth).double().mean(1)
        likelihood = (logits[:, one, truth] - logits.logsumexp(-1)).double().mean(1)
        ranked = [(float(accuracy[row]), float(likelihood[row]), -row) for row in range(len(features))]
        best = max((each for each in ranked if -each[2] not in order), default=None)
        if best is None or (path and best[0] <= path[-1]["accuracy"]):
            break
        row = -best[2]
        order.append(row)
        path.append({"accuracy": best[0], "nll": -best[1]})
        total, dots = total + features[row], dots + cosines[row]
    return order, path
