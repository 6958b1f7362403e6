"""P2's runs side by side: their scores, measured and published, in rows and sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hw3lib import config, paths
from hw3lib.config import folder
from hw3lib.system.files import read_json

Cell = str | int | float | None
HEADLINE = ("CIDEr", "CLIPScore", "BLEU-4", "METEOR", "ROUGE-L", "object_recall", "CHAIR_i")  # shown of a single run


@dataclass(frozen=True)
class Result:
    """A run and its scores, measured and, where the written report has them, published."""

    name: str
    title: str
    scores: dict[str, float]
    published: dict[str, float]


def results(profile: config.Profile) -> list[Result]:
    """Every run of the profile with the content of its ``scores.json``, in the profile's order."""
    published = read_json(paths.PACKAGE / "resources" / "published.json")["p2"]
    found = []
    for name, run in profile.runs.items():
        remedy = f"Make it with: hw3 score --run {name} --profile {profile.name}"
        scores = read_json(folder(profile, name) / "scores.json", remedy)["scores"]
        found.append(Result(name, run.title, scores, published.get(name, {})))
    return found


def table(profile: config.Profile, found: list[Result]) -> tuple[list[str], list[list[Cell]]]:
    """Columns and rows: measured scores and, in columns of their own that say so, the published ones."""
    here = "demo" if profile.data == "demo" else "measured"
    recall = any("object_recall" in result.scores for result in found)
    columns = ["run", f"CIDEr, {here}", f"CLIPScore, {here}", *([f"object recall, {here}"] if recall else [])]
    columns += ["CIDEr, published", "CLIPScore, published"]
    rows = []
    for result in found:
        row: list[Cell] = [result.name, result.scores["CIDEr"], result.scores.get("CLIPScore")]
        row += [result.scores.get("object_recall")] if recall else []
        rows.append([*row, result.published.get("CIDEr"), result.published.get("CLIPScore")])
    return columns, rows


def conclusion(profile: config.Profile, found: list[Result]) -> str:
    """What the runs say, in Markdown; computed, so that it changes when the numbers do."""
    ranked = sorted(found, key=lambda result: -result.scores["CIDEr"])
    best = next(result for result in found if result.name == profile.best_run)
    order = " > ".join(f"{result.name} ({result.scores['CIDEr']:.3f})" for result in ranked)
    text = f"By CIDEr the runs come in this order: {order}. "
    others = [result for result in found if result is not best]
    behind = [result.name for result in others if result.scores["CIDEr"] < best.scores["CIDEr"]]
    text += f"The run `{best.name}` is ahead of {len(behind)} of {len(others)} others"
    if known := [result for result in found if "CIDEr" in result.published]:
        published = [result.name for result in sorted(known, key=lambda result: -result.published["CIDEr"])]
        same = [result.name for result in ranked if result in known] == published
        text += f"; the published order, {' > '.join(published)}, is {'the same' if same else 'another'}"
    text += ". Each ablation changes several things at once, so a gap belongs to the whole change and to no part of it."
    if profile.data == "demo":
        text += (
            " The demo's own CLIP is small and was trained on drawings: its cosines, and with them its CLIPScores, are"
            " higher than ViT-B/32's and can only be compared with one another. The backbones were not pretrained on"
            " the same number of pictures either; their model card gives it."
        )
    return text


def trained_on(scores: Mapping[str, Any]) -> str:
    """A caption's line on where a scores file comes from."""
    made = scores["provenance"]
    return f"Commit {made['commit']}, seed {made['seed']}, {made['device']}."
