"""The key numbers of a profile's results, gathered from their files into ``summary.json``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from statistics import stdev
from typing import Any

from hw3lib import config, paths
from hw3lib.captioning import results
from hw3lib.claims import evidence
from hw3lib.prompts.results import Study, Unlabelled
from hw3lib.system import files, provenance
from hw3lib.system.errors import UserError
from hw3lib.system.results import read_result

SCORES = ("CIDEr", "CLIPScore")
_ATTENTION = ("run", "best", "worst", "photographs")  # what is gathered of P3; without a CLIP there is no best


def summarise(profile: config.Profile) -> Path:
    """Gather the key numbers from the score files into ``runs/<profile>/summary.json``.

    A part that has not run yet is empty. Scores that a run's ``scores.json`` holds are taken over by their names.
    """
    path = paths.runs(profile.name) / "summary.json"
    stamp = provenance.stamp(profile, profile.seed)
    files.write_json(path, {"profile": profile.name, "provenance": stamp, **key_numbers(profile)})
    return path


def key_numbers(profile: config.Profile) -> dict[str, Any]:
    """What ``summary.json`` holds beside its origin, from the score files: of P1, P2, P3 and the claims.

    Of a run of several seeds ``p2`` has the mean scores, ``p2_seeds`` the seeds and the standard deviations.
    """
    folder = paths.runs(profile.name)
    p3 = read_scores(folder / "p3" / "summary.json")
    scores = results.all_scores(profile)
    several = [run for run in profile.runs if run in scores and len(profile.trainings(run)) > 1]
    claims = evidence.load(profile) if (folder / "claims.json").is_file() else []
    return {
        "p1": _prompts(folder / profile.prompt_results),
        "p2": {run: scores[run].scores for run in profile.runs if run in scores},
        "p2_seeds": {run: _seeds(profile, scores, run) for run in several},
        "p3": {key: value for key, value in p3.items() if key in _ATTENTION and value is not None},
        "claims": {str(claim.number): claim.verdict for claim in claims},
    }


def _seeds(profile: config.Profile, scores: Mapping[str, results.RunScores], run: str) -> dict[str, Any]:
    """The seeds of a run, and the standard deviation of each score over them."""
    seeds = [seed.scores for seed in results.of_seeds(profile, scores, run)]
    deviations = {key: stdev(seed[key] for seed in seeds) for key in seeds[0]}
    return {"seeds": list(profile.trainings(run).values()), "deviation": deviations}


def _prompts(path: Path) -> dict[str, Any]:
    """The accuracies of the profile's own prompts, on how many images, and the best of them on those it is told on.

    Of photographs without labels there is only how many they are.
    """
    if not path.is_file():
        return {"prompts": {}, "images": None, "best": None}
    remedy = "Delete it and run `hw3 report` again."
    if path.stem == "unlabelled":
        return {"prompts": {}, "images": read_result(path, Unlabelled, remedy).images, "best": None}
    study = read_result(path, Study, remedy)
    best = study.ranked(study.prompts)[0]
    apart = study.halves if len(study.prompts) > 1 else None
    scores = study.reported(best) if apart else study.templates[best]
    return {
        "best": {
            "template": best, "accuracy": scores.accuracy, "low": scores.low, "high": scores.high,
            "images": apart.images if apart else study.images, "chosen_on": apart.chosen_on if apart else study.images,
        },
        "prompts": {template: scores.accuracy for template, scores in study.prompts.items()},
        "images": study.images,
    }  # fmt: skip


def read_scores(path: Path) -> dict[str, Any]:
    """A score file; empty where the part has not run yet."""
    if not path.is_file():
        return {}
    scores = files.read_json(path)
    if not isinstance(scores, dict):
        raise UserError(f"{path} must hold a mapping; delete it and run `hw3 report` again")
    return scores
