"""``p2/<run>/scores.json``: what a run's captions score, also without some of its components."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hw3lib.metrics.scoring import Scores
from hw3lib.system.results import read_result


@dataclass(frozen=True)
class RunScores:
    """The whole of ``scores.json``."""

    provenance: dict[str, Any]  # commit, configuration, seed, versions, device
    scores: dict[str, float]  # of the validation set, by metric
    per_image: dict[str, dict[str, int | float]]  # by image, then by metric; counts of objects besides
    variants: dict[str, Scores] = field(default_factory=dict)  # the same of the captions without a component


def read_scores(folder: Path) -> RunScores:
    """A run's scores, from its folder; :class:`UserError` with the command that makes them where there are none."""
    remedy = f"Make it with: hw3 score --run {folder.name} --profile {folder.parents[1].name}"
    return read_result(folder / "scores.json", RunScores, remedy)
