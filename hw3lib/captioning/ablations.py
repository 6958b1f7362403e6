"""P2's runs side by side: their scores, measured and published, in rows and sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hw3lib import config, paths
from hw3lib.captioning.results import RunScores
from hw3lib.system.files import read_json

Cell = str | int | float | None
HEADLINE = ("CIDEr", "CLIPScore", "BLEU-4", "METEOR", "ROUGE-L", "object_recall", "CHAIR_i")  # shown of a single run


@dataclass(frozen=True)
class RunResult:
    """A run and its scores, measured and, where the written report has them, published."""

    name: str
    title: str
    scores: dict[str, float]
    published: dict[str, float]


def results(profile: config.Profile, scores: Mapping[str, RunScores]) -> list[RunResult]:
    """Every run of the profile, in its order, with its scores beside the published ones."""
    published = read_json(paths.PACKAGE / "resources" / "published.json")["p2"]
    runs = profile.runs.items()
    return [RunResult(name, run.title, scores[name].scores, published.get(name, {})) for name, run in runs]


def table(profile: config.Profile, results: Sequence[RunResult]) -> tuple[list[str], list[list[Cell]]]:
    """Columns and rows: measured scores and, in columns of their own that say so, the published ones."""
    here = "demo" if profile.data == "demo" else "measured"
    recall = any("object_recall" in result.scores for result in results)
    columns = ["run", f"CIDEr, {here}", f"CLIPScore, {here}", *([f"object recall, {here}"] if recall else [])]
    columns += ["CIDEr, published", "CLIPScore, published"]
    rows = []
    for result in results:
        row: list[Cell] = [result.name, result.scores["CIDEr"], result.scores.get("CLIPScore")]
        row += [result.scores.get("object_recall")] if recall else []
        rows.append([*row, result.published.get("CIDEr"), result.published.get("CLIPScore")])
    return columns, rows


def conclusion(profile: config.Profile, results: Sequence[RunResult]) -> str:
    """The order of the runs, by CIDEr and as published, in Markdown; computed, so that it changes with the numbers."""
    ranked = sorted(results, key=lambda result: -result.scores["CIDEr"])
    best = next(result for result in results if result.name == profile.best_run)
    order = " > ".join(f"{result.name} ({result.scores['CIDEr']:.3f})" for result in ranked)
    behind = [result for result in results if result.scores["CIDEr"] < best.scores["CIDEr"]]
    text = f"By CIDEr, the runs rank as follows: {order}. "
    text += f"The run `{best.name}` is ahead of {len(behind)} of {len(results) - 1} others"
    if reported := [result for result in ranked if "CIDEr" in result.published]:
        published = sorted(reported, key=lambda result: -result.published["CIDEr"])
        names = " > ".join(result.name for result in published)
        text += f"; the published order, {names}, is {'the same' if published == reported else 'another'}"
    text += ". Each ablation changes several things at once, so a gap belongs to the whole change and to no part of it."
    if profile.data == "demo":
        text += (
            " The demo's own CLIP is small and was trained on drawings: its cosines, and with them its CLIPScores, are"
            " higher than ViT-B/32's and can only be compared with one another. The backbones were not pretrained on"
            " the same number of pictures either; their model card gives it."
        )
    return text


def metric_name(metric: str) -> str:
    """A metric as a reader knows it: CHAIR's variants have their underscore from the paper."""
    return "object recall" if metric == "object_recall" else metric


def trained_on(scores: RunScores) -> str:
    """A caption's line on where a run's scores come from."""
    origin = scores.provenance
    return f"Commit {origin['commit']}, seed {origin['seed']}, {origin['device']}."
