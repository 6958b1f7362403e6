"""The scores of predictions: of files that somebody has, and of a profile's finished runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from hw3lib import config
from hw3lib.captioning.results import RunScores, with_runs
from hw3lib.data.caption_files import read_captions
from hw3lib.data.captions import load_captions
from hw3lib.data.inputs import fingerprint
from hw3lib.data.language import Language
from hw3lib.data.predictions import VARIANTS, check_names, load_predictions, variant
from hw3lib.metrics import chair
from hw3lib.metrics.scoring import References, Scores, announcement, meteor, score
from hw3lib.models.clip_texts import text_files
from hw3lib.models.experiment import Experiment
from hw3lib.system import provenance
from hw3lib.system.errors import UserError
from hw3lib.system.messages import Say, silence
from hw3lib.system.results import load_current, write_result


def score_files(
    predictions_json: str | Path,
    annotations_json: str | Path,
    images_root: str | Path | None = None,
    clip: config.Clip | None = None,
    instances: str | Path | None = None,
    device: str = "auto",
    splits: Sequence[str] = ("val",),
    language: str | None = None,
    words: config.Segmenter = "characters",
    say: Say = silence,
) -> Scores:
    """Score a predictions file against an annotation file: what ``hw3 score`` prints.

    CLIPScore needs ``images_root``; ``clip`` is the model for it, the task's ViT-B/32 when not given. ``instances`` is
    a COCO instances file; ``splits`` those of the annotation file, where it has any (:func:`read_captions`).
    ``language`` is the captions' tag, found from the references when not given, ``words`` what Chinese words are;
    ``say`` is told. Raises :class:`UserError` before any work when the files, or their letters, do not fit together.
    """
    file = read_captions(annotations_json, splits)
    predictions, captions = load_predictions(predictions_json, file), file.by_name
    check_names(predictions, captions, str(predictions_json), str(annotations_json))
    texts = [text for group in captions.values() for text in group]
    spoken = Language.chosen(language, words, texts, "--language")
    spoken.refuse_other(
        list(predictions.values()), f"the references are {spoken.name}, but those in {predictions_json}"
    )
    images = None
    if images_root is not None:
        listed = load_captions(annotations_json, images_root, splits=splits)
        images = dict(zip(listed.names, listed.files, strict=True))
    objects = chair.load_objects(instances) if instances is not None else None
    say(announcement(spoken))
    with meteor(spoken) as process:
        references, model = References(captions, spoken), None
        if images is not None:
            from hw3lib.models.clip import ClipModel

            model = ClipModel.load(clip or config.Clip(), device)
        return score(predictions, references, model, images, objects, process)


def score_runs(experiment: Experiment, runs: Sequence[str], say: Say = silence) -> dict[str, RunScores]:
    """Score finished runs' predictions, and their variants, on the reported images, also as ``scores.json``.

    By training (``best/seed_2023``), and by run, as :func:`~hw3lib.captioning.results.with_runs` has them.
    Current scores are loaded; ``say`` is told how far it is. Raises what :func:`scored` does.
    """
    say("scores: reading captions and photographs")
    say(announcement(experiment.language))
    scores: dict[str, RunScores] = {}
    profile = experiment.profile
    for run in runs:
        profile.run(run)
    trainings = list(dict.fromkeys(training for run in runs for training in profile.trainings(run)))
    files = {run: experiment.run_folder(run) / "scores.json" for run in trainings}
    inputs = {run: _inputs(experiment, run) for run in trainings}
    for run in trainings:
        if current := load_current(files[run], RunScores, inputs[run], say):
            scores[run] = current
    stale = [run for run in trainings if run not in scores]
    if stale:
        say(f"scores: {', '.join(stale)}")
    for run, result in scored(experiment, stale):
        scores[run] = replace(result, provenance=result.provenance | {"inputs": inputs[run]})
        write_result(files[run], scores[run])
        say(f"computed: p2/{run}/scores.json")
    return with_runs(profile, {training: scores[training] for training in trainings})


def _inputs(experiment: Experiment, run: str) -> str:
    """A hash of all that a run's scores follow from."""
    captions, clip, folder = experiment.profile.require_captions(), experiment.profile.clip, experiment.run_folder(run)
    files: list[str | Path] = [folder / "predictions.json", *(variant(folder, name) for name in VARIANTS)]
    files += [path for path in (captions.reported_annotations, captions.reported_instances) if path]
    files += [clip.model, clip.pretrained, *text_files(clip)] if clip else []
    settings = [clip, captions.limit_val, captions.language, captions.words]
    return fingerprint("hw3lib/captioning/scores.py", settings, files, experiment.reported.files)


def scored(experiment: Experiment, runs: Sequence[str]) -> Iterator[tuple[str, RunScores]]:
    """The scores of finished runs, from their predictions: one run after another; nothing is written.

    Several at once share the references, the image features and METEOR's start. Without a CLIP in the profile there is
    no CLIPScore. Raises :class:`UserError` before any work when a run has no predictions, naming the command that makes
    them, or when they do not fit the images.
    """
    if not runs:
        return
    profile, captions = experiment.profile, experiment.reported
    predictions = {run: _predictions_of(experiment, run) for run in runs}
    images = dict(zip(captions.names, captions.files, strict=True))
    objects = chair.objects_in(experiment.instances) if experiment.instances else None
    with meteor(experiment.language) as process:
        references = References(dict(zip(captions.names, captions.captions, strict=True)), experiment.language)
        for run in runs:
            result = score(predictions[run], references, experiment.clip, images, objects, process)
            files = {name: variant(experiment.run_folder(run), name) for name in VARIANTS}
            variants = {
                name: score(_checked(experiment, path), references, experiment.clip, images, objects, overlap=False)
                for name, path in files.items()
                if path.is_file()
            }
            stamp = provenance.stamp(profile, profile.seed_of(run))
            yield run, RunScores(stamp, result.scores, result.per_image, variants)


def _predictions_of(experiment: Experiment, run: str) -> dict[str, str]:
    experiment.profile.run(run)
    source = experiment.run_folder(run) / "predictions.json"
    if not source.is_file():
        raise UserError(f"{source} is missing; train the run first (profile {experiment.profile.name}, run {run})")
    return _checked(experiment, source)


def _checked(experiment: Experiment, path: Path) -> dict[str, str]:
    predictions = load_predictions(path)
    annotations = experiment.profile.require_captions().reported_annotations
    check_names(predictions, experiment.reported.names, str(path), annotations)
    return predictions
