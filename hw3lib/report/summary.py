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
    p1 = _scores(folder / "p1" / "scores.json")
    prompts = {name: each["accuracy"] for name, each in p1.get("prompts", {}).items()}
    runs: dict[str, Any] = {}
    for name in profile.runs:
        found = _scores(folder / "p2" / name / "scores.json")
        if found:
            runs[name] = {key: value for key, value in found["scores"].items() if isinstance(value, int | float)}
    judged = _scores(folder / "claims.json").get("claims", [])
    return {
        "p1": {"prompts": prompts, "images": p1.get("images")},
        "p2": runs,
        "p3": {key: value for key, value in _scores(folder / "p3" / "summary.json").items() if key != "provenance"},
        "claims": {str(claim["number"]): claim["verdict"] for claim in judged},
    }


def _scores(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    found = files.read_json(path)
    if not isinstance(found, dict):
        raise UserError(f"{path} must hold a mapping; delete it and run `hw3 report` again")
    return found


def published() -> dict[str, Any]:
    """The figures of the written report, for reference columns."""
    path = paths.PACKAGE / "resources" / "published.json"
    return files.read_json(path) if path.is_file() else {}
