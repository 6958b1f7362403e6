"""The validation set's captions from the worst to the best by CLIPScore: which pairs P3 shows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hw3lib.attention.results import ScoredCaption, Summary
from hw3lib.system import files
from hw3lib.system.errors import UserError
from hw3lib.system.results import keep_result

if TYPE_CHECKING:
    from hw3lib.models.experiment import Experiment


@dataclass(frozen=True)
class Pair:
    """A validation image, the caption that a run gave it, and what people wrote."""

    name: str  # the image's
    path: Path
    caption: str
    clip_score: float
    references: tuple[str, ...]


def ranked_pairs(experiment: Experiment, run: str) -> list[Pair]:
    """The run's validation pairs from the worst to the best CLIPScore; equal ones by name.

    Reads ``predictions.json`` and ``scores.json``; raises :class:`UserError` when they are missing or disagree.
    """
    folder, validation, name = experiment.run_folder(run), experiment.validation, experiment.profile.name
    remedy = (
        f"Train and score the run first: hw3 train {run} --profile {name} && hw3 score --run {run} --profile {name}"
    )
    predictions = files.read_json(folder / "predictions.json", remedy)
    scores = files.read_json(folder / "scores.json", remedy).get("per_image", {})
    clip_scores = {image: scores.get(image, {}).get("CLIPScore") for image in predictions}
    scored = {image: score for image, score in clip_scores.items() if score is not None}
    images = dict(zip(validation.names, zip(validation.files, validation.captions, strict=True), strict=True))
    strangers = [image for image in scored if image not in images]
    if strangers or len(scored) < 2:
        annotations = experiment.profile.captions.val_annotations
        what = f"images that {annotations} lacks: {strangers[0]}, ..." if strangers else "no CLIPScore"
        raise UserError(f"{folder / 'scores.json'} has {what}. {remedy}")
    pairs = [
        Pair(image, images[image][0], predictions[image], score, images[image][1]) for image, score in scored.items()
    ]
    return sorted(pairs, key=lambda pair: (pair.clip_score, pair.name))


def write_summary(experiment: Experiment, run: str, best: Pair, worst: Pair, captions: dict[str, str]) -> Path:
    """Write ``runs/<profile>/p3/summary.json``, unless it says this: the two pairs and the photographs' captions."""
    from hw3lib.system.provenance import stamp

    def scored(pair: Pair) -> ScoredCaption:
        return ScoredCaption(pair.path.name, pair.caption, pair.clip_score)

    provenance = stamp(experiment.profile, experiment.profile.seed)
    summary = Summary(provenance, run, scored(best), scored(worst), captions)
    return keep_result(experiment.folder / "p3" / "summary.json", summary)
