"""``p2/<run>/scores.json``: what a run's captions score, also without some of its components."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from hw3lib.config import Profile, folder, training_of
from hw3lib.metrics.scoring import Scores
from hw3lib.metrics.seed_bootstrap import Spread, spread
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
    """The scores of all trainings that are scored, by name, and of runs as :func:`with_runs` has them."""
    places = {training: folder(profile, training) for training in profile.all_trainings}
    scored = {name: read_scores(place) for name, place in places.items() if (place / "scores.json").is_file()}
    return with_runs(profile, scored)


def with_runs(profile: Profile, scores: Mapping[str, RunScores]) -> dict[str, RunScores]:
    """Scores by training, and beside them those of runs of several seeds, of all of which there are scores.

    A run has its seeds' mean scores, and the images and variants of its first training.
    """
    runs = {}
    for run in profile.runs:
        trainings = list(profile.trainings(run))
        if run not in trainings and all(training in scores for training in trainings):
            seeds, first = [scores[training].scores for training in trainings], scores[trainings[0]]
            runs[run] = replace(first, scores={key: fmean(one[key] for one in seeds) for key in first.scores})
    return {**runs, **scores}


def of_seeds(profile: Profile, scores: Mapping[str, RunScores], run: str) -> list[RunScores]:
    """The scores of a run's trainings, in the order of its seeds."""
    return [scores[training] for training in profile.trainings(run)]


def measured_spread(profile: Profile, scores: Mapping[str, RunScores]) -> Spread | None:
    """How far CIDEr varies from seed to seed, over all scored runs of several seeds; ``None`` without any."""
    runs = [of_seeds(profile, scores, run) for run in profile.runs if run in scores]
    return spread([[seed.scores["CIDEr"] for seed in run] for run in runs if "CIDEr" in run[0].scores])
