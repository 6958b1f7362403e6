"""A run's captions of the reported images from the worst to the best by CLIPScore: which pairs P3 shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hw3lib.attention.maps import CaptionAttention
from hw3lib.attention.results import CaptionFacts, ScoredCaption, Summary
from hw3lib.system import files
from hw3lib.system.errors import UserError
from hw3lib.system.provenance import stamp
from hw3lib.system.results import keep_result

if TYPE_CHECKING:
    from hw3lib.models.experiment import Experiment
    from hw3lib.models.inference import LoadedRun


MOST_READ = 12  # photographs of a page that another run reads as well


@dataclass(frozen=True)
class Pair:
    """An image, the caption that a run gave it, and its reference captions."""

    name: str  # the image's
    path: Path
    caption: str
    clip_score: float | None  # None without a CLIP
    references: tuple[str, ...]
    cider: float | None = None  # None without scores


def ranked_pairs(experiment: Experiment, run: str) -> list[Pair]:
    """The run's reported pairs from the worst to the best CLIPScore, equal ones by name; by name without a CLIP.

    Reads ``predictions.json`` and ``scores.json``; raises :class:`UserError` when they are missing or disagree.
    """
    folder, reported, name = experiment.run_folder(run), experiment.reported, experiment.profile.name
    remedy = (
        f"Train and score the run first: hw3 train {run} --profile {name} && hw3 score --run {run} --profile {name}"
    )
    predictions = files.read_json(folder / "predictions.json", remedy)
    scored: dict[str, float | None] = dict.fromkeys(predictions)
    scores: dict[str, dict[str, float]] = {}
    if experiment.profile.clip:
        scores = files.read_json(folder / "scores.json", remedy).get("per_image", {})
        clip_scores = {image: scores.get(image, {}).get("CLIPScore") for image in predictions}
        scored = {image: score for image, score in clip_scores.items() if score is not None}
    images = dict(zip(reported.names, zip(reported.files, reported.captions, strict=True), strict=True))
    strangers = [image for image in scored if image not in images]
    if strangers or not scored:
        annotations = experiment.profile.require_captions().reported_annotations
        what = f"images that {annotations} lacks: {strangers[0]}, ..." if strangers else "no CLIPScore"
        raise UserError(f"{folder / 'scores.json'} has {what}. {remedy}")
    pairs = [
        Pair(image, images[image][0], predictions[image], score, images[image][1], scores.get(image, {}).get("CIDEr"))
        for image, score in scored.items()
    ]
    return sorted(pairs, key=lambda pair: (pair.clip_score or 0.0, pair.name))


def ends(pairs: Sequence[Pair]) -> dict[str, Pair]:
    """The ``best`` and the ``worst`` of :func:`ranked_pairs`; of a single pair the best, without a CLIP nothing."""
    if pairs[0].clip_score is None:
        return {}
    return {"best": pairs[-1], **({"worst": pairs[0]} if len(pairs) > 1 else {})}


def other_runs(experiment: Experiment, run: str) -> list[str]:
    """The other trained runs, from the highest CIDEr to the lowest; other seeds of the same run stand last."""
    profile = experiment.profile
    others = [name for name in profile.all_trainings if name != profile.first(run)]
    trained = [name for name in others if (experiment.run_folder(name) / "best.safetensors").is_file()]

    def rank(name: str) -> tuple[bool, float]:
        path = experiment.run_folder(name) / "scores.json"
        scores = files.read_json(path)["scores"] if path.is_file() else {}
        return name.partition("/")[0] == run.partition("/")[0], -scores.get("CIDEr", 0.0)

    return sorted(trained, key=rank)


def second_run(experiment: Experiment, run: str) -> LoadedRun | None:
    """The first of :func:`other_runs` that is scored and can be loaded."""
    for name in other_runs(experiment, run):
        if (experiment.run_folder(name) / "scores.json").is_file():
            with suppress(UserError):  # trained by another version
                return experiment.load_run(name)
    return None


def write_summary(
    experiment: Experiment,
    run: str,
    pairs: Sequence[Pair],
    photographs: Sequence[CaptionAttention],
    facts: Mapping[str, CaptionFacts],
    pair_facts: Mapping[str, CaptionFacts],
) -> Path:
    """Write ``runs/<profile>/p3/summary.json``, unless it says this: the pairs, the photographs, and facts of them."""

    def scored(pair: Pair) -> ScoredCaption | None:
        return None if pair.clip_score is None else ScoredCaption(pair.path.name, pair.caption, pair.clip_score)

    provenance = stamp(experiment.profile, experiment.profile.seed)
    captions = {attention.name: attention.caption for attention in photographs}
    ends_of = (scored(pairs[-1]), scored(pairs[0])) if pairs else (None, None)
    summary = Summary(provenance, run, *ends_of, captions, dict(facts), dict(pair_facts))
    return keep_result(experiment.folder / "p3" / "summary.json", summary)
