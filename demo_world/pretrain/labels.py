"""A timm backbone learns labels, as its big sisters do from ImageNet.

A linear head on every position says which kinds and which colours stand there, timm's own classifier says which kinds
the picture shows, and a pooled head names the place; the auxiliary heads are dropped.

Dimensions: B images, P positions (Gh x Gw), C kinds or colours, D width.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from demo_world.pretrain import fresh
from demo_world.pretrain.recipes import Recipe
from demo_world.pretrain.shards import Shard

KINDS, COATS = len(fresh.KIND_NAMES), len(fresh.COAT_NAMES)


class Labels:
    """The objective of a backbone; begins from the weights at ``start``, or from nothing."""

    def __init__(self, recipe: Recipe, train: Shard, held_out: Shard, start: Path | None) -> None:
        import timm
        from safetensors.torch import load_file

        self.recipe, self.train, self.held_out = recipe, train, held_out
        self.model = timm.create_model(recipe.model, num_classes=KINDS, drop_path_rate=0.0, **recipe.arguments)
        if start:
            self.model.load_state_dict(load_file(start))
        width = self.model.num_features
        self.dense, self.place = nn.Linear(width, KINDS + COATS), nn.Linear(width, len(fresh.PLACE_NAMES))
        nn.init.constant_(self.dense.bias, -3.0)  # most positions show nothing
        self.parameters = [*self.model.parameters(), *self.dense.parameters(), *self.place.parameters()]
        self.groups = [{"params": self.parameters, "weight_decay": 0.03}]

    def loss(self, rows: np.ndarray, rng: np.random.Generator) -> Tensor:
        """Binary cross-entropy of the positions' and the picture's kinds, cross-entropy of the place."""
        batch = self.train.augmented(rows, self.recipe, rng)
        with torch.autocast("cpu", torch.bfloat16):
            features = self.model.forward_features(batch.images)
            logits = self.model.forward_head(features)  # (B, C)
            grid = positions(self.model, features)  # (B, Gh, Gw, D)
            local, place = self.dense(grid), self.place(grid.mean((1, 2)))
        shape = (grid.shape[1], grid.shape[2])
        share = torch.cat([coverage(batch.kinds, KINDS, shape), coverage(batch.coats, COATS, shape)], -1)
        present = _cells(batch.kinds) >= 12  # of about 1,700 cells
        loss = F.binary_cross_entropy_with_logits(local.float(), (share * 3).clamp(max=1)) * 20
        loss = loss + F.binary_cross_entropy_with_logits(logits.float(), present.float()) * 5
        return loss + 0.2 * F.cross_entropy(place.float(), batch.places)

    @torch.inference_mode()
    def quality(self) -> dict[str, float]:
        """Recall and precision of the kinds that held-out pictures show (logit above zero), mean average precision."""
        self.model.eval()
        logits, truth = [], []
        for batch in self.held_out.plain(self.recipe):
            with torch.autocast("cpu", torch.bfloat16):
                logits.append(self.model(batch.images).float())
            truth.append(_cells(batch.kinds) >= 24)
        self.model.train()
        scores, present = torch.cat(logits), torch.cat(truth)
        predicted = scores > 0
        hits = (predicted & present).sum().item()
        order = scores.argsort(0, descending=True)
        ranked = present.gather(0, order).float()
        precision = ranked.cumsum(0) / torch.arange(1, len(ranked) + 1).unsqueeze(1)
        average = (precision * ranked).sum(0) / ranked.sum(0).clamp(min=1)
        return {
            "recall": round(hits / max(1, present.sum().item()), 4),
            "precision": round(hits / max(1, predicted.sum().item()), 4),
            "mAP": round(average.mean().item(), 4),
        }

    def description(self) -> dict[str, Any]:
        """What the model card says of the architecture."""
        recipe = self.recipe
        return {
            "timm": recipe.model, "arguments": recipe.arguments, "size": recipe.size,
            "mean": recipe.mean, "std": recipe.std,
        }  # fmt: skip


def _cells(kinds: Tensor) -> Tensor:
    """How many label cells every kind covers: kinds (B, s, s), 0 for none, to (B, C)."""
    return F.one_hot(kinds.flatten(1), KINDS + 1).sum(1)[:, 1:]


def coverage(labels: Tensor, classes: int, grid: tuple[int, int]) -> Tensor:
    """Which share of each position every class covers: labels (B, s, s), 0 for none, to (B, Gh, Gw, C) in 0..1.

    >>> labels = torch.tensor([[[0, 2], [2, 1]]])
    >>> coverage(labels, 2, (1, 1)).tolist()
    [[[[0.25, 0.5]]]]
    """
    planes = F.one_hot(labels, classes + 1)[..., 1:].permute(0, 3, 1, 2).float()  # (B, C, s, s)
    return F.adaptive_avg_pool2d(planes, grid).permute(0, 2, 3, 1)


def positions(model: Any, features: Tensor) -> Tensor:
    """timm's features as a grid, ``(B, Gh, Gw, D)``."""
    if features.ndim == 4:
        return features
    tokens = features[:, model.num_prefix_tokens :]  # (B, P, D)
    side = math.isqrt(tokens.shape[1])
    return tokens.unflatten(1, (side, side))
