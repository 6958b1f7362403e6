"""The key numbers of a profile's results, gathered from their files into ``summary.json``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hw3lib import config, paths
from hw3lib.system import files, provenance
from hw3lib.system.errors import UserError

SCORES = ("CIDEr", "CLIPScore")


def summarise(profile: config.Profile) -> Path:
    """Gather the key numbers from the score files into ``runs/<profile>/summary.json``.

    A part that has not run yet is empty. Scores that a run's ``scores.json`` holds are taken over by their names.
    """
    path = paths.runs(profile.name) / "summary.json"
    stamp = provenance.stamp(profile, profile.seed)
    files.write_json(path, {"profile": profile.name, "provenance": stamp, **key_numbers(profile)})
    return path


def key_numbers(profile: config.Profile) -> dict[str, Any]:
    """What ``summary.json`` holds beside its origin: ``p1``, ``p2``, ``p3`` and ``claims``, from the score files."""
    folder = paths.runs(profile.name)
    p1, p3 = read_scores(folder / "p1" / "scores.json"), read_scores(folder / "p3" / "summary.json")
    runs = {name: read_scores(folder / "p2" / name / "scores.json").get("scores") for name in profile.runs}
    claims = read_scores(folder / "claims.json").get("claims", [])
    return {
        "p1": {
            "prompts": {template: scores["accuracy"] for template, scores in p1.get("prompts", {}).items()},
            "images": p1.get("images"),
        },
        "p2": {name: _numbers(scores) for name, scores in runs.items() if scores is not None},
        "p3": {key: value for key, value in p3.items() if key != "provenance"},
        "claims": {str(claim["number"]): claim["verdict"] for claim in claims},
    }


def _numbers(scores: dict[str, Any]) -> dict[str, int | float]:
    return {name: score for name, score in scores.items() if isinstance(score, int | float)}


def read_scores(path: Path) -> dict[str, Any]:
    """A score file; empty where the part has not run yet."""
    if not path.is_file():
        return {}
    scores = files.read_json(path)
    if not isinstance(scores, dict):
        raise UserError(f"{path} must hold a mapping; delete it and run `hw3 report` again")
    return scores


def published() -> dict[str, Any]:
    """The figures of the written report, for reference columns."""
    figures: dict[str, Any] = files.read_json(paths.PACKAGE / "resources" / "published.json")
    return figures
