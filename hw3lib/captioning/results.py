"""``p2/<run>/scores.json``: what a run's captions score, also without some of its components."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hw3lib.config import Profile, folder, training_of
from hw3lib.metrics.scoring import Scores
from hw3lib.system.results import read_result


@dataclass(frozen=True)
class RunScores:
    """The whole of ``scores.json``."""

    provenance: dict[str, Any]  # commit, configuration, seed, versions, device
    scores: dict[str, float]  # of the validation images, or of the test's where the profile has one; by metric
    per_image: dict[str, dict[str, int | float]]  # by image, then by metric; counts of objects besides
    variants: dict[str, Scores] = field(default_factory=dict)  # the same of the captions without a component


def read_scores(place: Path) -> RunScores:
    """A run's scores, from its folder; :class:`UserError` with the command that makes them where there are none."""
    training = training_of(place)
    remedy = f"Make it with: hw3 score --run {training} --profile {place.parents[1 + training.count('/')].name}"
    return read_result(place / "scores.json", RunScores, remedy)


def all_scores(profile: Profile) -> dict[str, RunScores]:
    """The scores of all trainings that are scored, by name; by a run's name, those of its first one."""
    names = [name for run in profile.runs for name in dict.fromkeys((run, *profile.trainings(run)))]
    places = {name: folder(profile, name) for name in names}
    return {name: read_scores(place) for name, place in places.items() if (place / "scores.json").is_file()}
