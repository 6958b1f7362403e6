"""The scores of predictions: of files that somebody has, and of a profile's finished runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hw3lib import config, paths
from hw3lib.data.captions import load_captions
from hw3lib.data.predictions import VARIANTS, check_names, load_predictions, load_references, variant
from hw3lib.metrics import chair
from hw3lib.metrics.scoring import References, Scores, meteor, score
from hw3lib.system import provenance
from hw3lib.system.errors import UserError
from hw3lib.system.files import write_json


def score_files(
    predictions_json: str | Path,
    annotations_json: str | Path,
    images_root: str | Path | None = None,
    clip: config.Clip | None = None,
    instances: str | Path | None = None,
    device: str = "auto",
) -> Scores:
    """Score a predictions file against an annotation file: what ``hw3 score`` prints.

    CLIPScore needs ``images_root``; ``clip`` is the model for it, the task's ViT-B/32 when not given. ``instances`` is
    a COCO instances file. Raises :class:`UserError` before any work when the files do not fit together.
    """
    predictions, captions = load_predictions(predictions_json), load_references(annotations_json)
    check_names(predictions, captions, str(predictions_json), str(annotations_json))
    images = None
    if images_root is not None:
        found = load_captions(annotations_json, images_root)
        images = dict(zip(found.names, found.files, strict=True))
    objects = chair.load_objects(instances) if instances is not None else None
    with meteor() as process:
        references, model = References(captions), None
        if images is not None:
            from hw3lib.models.clip import ClipModel

            model = ClipModel.load(clip or config.Clip(), device)
        return score(predictions, references, model, images, objects, process)


def score_runs(profile: config.Profile | str, runs: Sequence[str], device: str = "auto") -> list[Path]:
    """Score finished runs' predictions, and their variants, on the validation images; returns their ``scores.json``.

    Raises what :func:`scored` does.
    """
    profile = config.load(profile) if isinstance(profile, str) else profile
    written = []
    for run, result in scored(profile, runs, device):
        written.append(paths.runs(profile.name) / "p2" / run / "scores.json")
        write_json(written[-1], {"provenance": provenance.stamp(profile, profile.seed), **result})
    return written


def scored(profile: config.Profile, runs: Sequence[str], device: str = "auto") -> Iterator[tuple[str, dict[str, Any]]]:
    """What the ``scores.json`` of finished runs hold, from their predictions: one run after another.

    Several at once share the references, the image features and METEOR's start. Without a CLIP in the profile there is
    no CLIPScore. Raises :class:`UserError` before any work when a run has no predictions, naming the command that makes
    them, or when they do not fit the images.
    """
    from hw3lib.models.clip import ClipModel

    data = profile.captions
    found = load_captions(paths.resolve(data.val_annotations), paths.resolve(data.val_images), data.limit_val)
    predictions = {run: _predictions_of(profile, run, found.names) for run in runs}
    images = dict(zip(found.names, found.files, strict=True))
    objects = chair.load_objects(paths.resolve(data.val_instances)) if data.val_instances else None
    with meteor() as process:
        references = References(dict(zip(found.names, found.captions, strict=True)))
        clip = ClipModel.load(profile.clip, device) if profile.clip else None
        for run, captions in predictions.items():
            result: dict[str, Any] = dict(score(captions, references, clip, images, objects, process))
            result["variants"] = {
                name: score(other, references, clip, images, objects, overlap=False)
                for name, other in _variants_of(profile, run, found.names).items()
            }
            yield run, result


def _variants_of(profile: config.Profile, run: str, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """What else the run said of the same images (:data:`~hw3lib.data.predictions.VARIANTS`), by name."""
    files = {name: variant(paths.runs(profile.name) / "p2" / run, name) for name in VARIANTS}
    found = {name: load_predictions(path) for name, path in files.items() if path.is_file()}
    for name, captions in found.items():
        check_names(captions, names, str(files[name]), profile.captions.val_annotations)
    return found


def _predictions_of(profile: config.Profile, run: str, names: Sequence[str]) -> dict[str, str]:
    profile.run(run)
    source = paths.runs(profile.name) / "p2" / run / "predictions.json"
    if not source.is_file():
        raise UserError(f"{source} is missing; train the run first (profile {profile.name}, run {run})")
    predictions = load_predictions(source)
    check_names(predictions, names, str(source), profile.captions.val_annotations)
    return predictions
