"""Pretrain the demo's weights: every recipe in the same loop. Weights are stored in half precision."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from demo_world.pretrain import fresh
from demo_world.pretrain.card import card
from demo_world.pretrain.labels import Labels
from demo_world.pretrain.recipes import RECIPES, SEED, Recipe
from demo_world.pretrain.shards import Shard
from demo_world.pretrain.texts import Texts
from hw3lib import paths
from hw3lib.system import provenance
from hw3lib.system.errors import UserError
from hw3lib.system.files import atomic, write_json, write_text

WEIGHTS = Path(__file__).resolve().parent.parent / "weights"


def pretrain(only: tuple[str, ...] = (), threads: int = 2, work: Path | None = None, out: Path | None = None) -> None:
    """Draw fresh pictures, train what ``only`` names (all when empty), and write the weights and their model card.

    Raises :class:`UserError` for a name other than ``clip``, ``swin_large``, ``swin_base``, ``swinv2`` and ``vit``.
    """
    work, out = work or paths.root() / "runs" / "pretrain", out or WEIGHTS
    if unknown := set(only) - set(RECIPES):
        raise UserError(f"there are no weights called {', '.join(sorted(unknown))}; there are: {', '.join(RECIPES)}")
    fresh.draw(work / "held_out", fresh.HELD_OUT, SEED, start=fresh.HELD_OUT_START)
    fresh.draw(work / "train", fresh.PICTURES, SEED)
    train, held_out = Shard(work / "train"), Shard(work / "held_out")
    torch.set_num_threads(threads)
    for key in only or RECIPES:
        row = run_recipe(key, train, held_out, out)
        made = {"seed": SEED, "pictures drawn": fresh.PICTURES, "threads": threads, **provenance.versions()}
        write_json(out / "card" / f"{key}.json", row | {"made with": made})
    write_text(out / "README.md", card(out))


def run_recipe(key: str, train: Shard, held_out: Shard, out: Path) -> dict[str, Any]:
    """Train one model and write ``<out>/<key>.safetensors``; returns its row of the model card."""
    recipe, started, path = RECIPES[key], time.time(), out / f"{key}.safetensors"
    for cycle, (pictures, rate) in enumerate(recipe.cycles):
        torch.manual_seed(SEED + cycle)
        objective = begin(recipe, train, held_out, path, cycle)
        rng = np.random.default_rng(recipe.order_seed + cycle)
        optimize(key, recipe, objective, pictures // recipe.batch, rate, rng, path)
    return {
        "file": path.name, **objective.description(),
        "parameters": sum(parameter.numel() for parameter in objective.model.parameters()),
        "pictures seen": recipe.pictures, "minutes": round((time.time() - started) / 60, 1), **objective.quality(),
    }  # fmt: skip


def begin(recipe: Recipe, train: Shard, held_out: Shard, path: Path, cycle: int) -> Labels | Texts:
    """The model and its objective; a cycle after the first begins from the weights of the one before, at ``path``."""
    if recipe.model == "open_clip":
        write_json(path.with_suffix(".json"), recipe.arguments)
        return Texts(recipe, train, held_out, path.with_suffix(".json"))
    return Labels(recipe, train, held_out, path if cycle else None)


def optimize(
    key: str,
    recipe: Recipe,
    objective: Labels | Texts,
    steps: int,
    rate: float,
    rng: np.random.Generator,
    path: Path,
) -> None:
    """One cycle: AdamW at a scheduled rate; the weights are measured and saved now and then, and at the end."""
    optimizer = torch.optim.AdamW(objective.groups, rate, betas=(0.9, 0.98))
    started, running = time.time(), 0.0
    for step, rows in zip(range(steps), objective.train.order(recipe.batch, rng), strict=False):
        for group in optimizer.param_groups:
            group["lr"] = rate * schedule(step, steps)
        loss = objective.loss(rows, rng)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(objective.parameters, 1.0)
        optimizer.step()
        running = loss.item() if step == 0 else 0.98 * running + 0.02 * loss.item()
        if (step + 1) % recipe.report_every == 0:
            speed = (step + 1) * recipe.batch / (time.time() - started)
            print(f"{key}: step {step + 1} of {steps}, loss {running:.3f}, {speed:.0f} images/s", flush=True)
        if (step + 1) % recipe.save_every == 0 or step + 1 == steps:
            print(f"{key}: held out {objective.quality()}", flush=True)
            save(objective.model, path)


def schedule(step: int, steps: int) -> float:
    """Warm-up over 4 % of the steps, then a cosine to zero: the share of the highest rate.

    >>> [round(schedule(step, 100), 3) for step in (0, 3, 50, 99)]
    [0.25, 1.0, 0.533, 0.0]
    """
    warm = max(1, steps // 25)
    return min(1.0, (step + 1) / warm) * 0.5 * (1 + math.cos(math.pi * max(0, step - warm) / max(1, steps - warm)))


def save(model: nn.Module, path: Path) -> None:
    """Write the state dict in half precision (integer buffers as they are)."""
    from safetensors.torch import save_file

    state = {
        name: value.detach().half().contiguous() if value.is_floating_point() else value.contiguous()
        for name, value in model.state_dict().items()
    }
    with atomic(path) as temporary:
        save_file(state, temporary, {"format": "pt"})
        temporary.chmod(0o644)
