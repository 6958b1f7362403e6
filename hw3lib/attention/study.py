"""P3's measurements of one run, from its captions to ``p3/grounding.json``.

``runs/<profile>/p3/grounding.npz`` holds what was measured of every word of the run's own captions, ``groups.npz`` the
same of reference captions that speak of several of a kind, ``swapped.npz`` of reference captions whose noun was
replaced by that of another thing; ``grounding.json`` is computed from the three.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hw3lib.attention.grounding import measure
from hw3lib.attention.results import Grounding
from hw3lib.attention.summary import summarise
from hw3lib.attention.word_classes import classify
from hw3lib.attention.word_measures import WordMeasures
from hw3lib.data.caption_set import CaptionSet
from hw3lib.data.inputs import fingerprint
from hw3lib.data.instances import Instances
from hw3lib.data.lexicon import Lexicon
from hw3lib.system import files
from hw3lib.system.messages import Say, silence
from hw3lib.system.provenance import stamp
from hw3lib.system.results import load_current, write_result

if TYPE_CHECKING:
    from hw3lib.models.experiment import Experiment
    from hw3lib.models.inference import LoadedRun


def study(experiment: Experiment, run: str, loaded: LoadedRun, say: Say = silence) -> Grounding:
    """Measure the run's attention on the first so many reported images, into ``p3/grounding.json``.

    A current one is loaded; ``say`` is told how far it is. Raises :class:`UserError` when the run has no predictions or
    the instances file is of another form.
    """
    say("attention: reading captions and photographs")
    profile, reported, english = experiment.profile, experiment.reported, experiment.language.english
    instances = experiment.instances if english else None  # whose categories no word of another language names
    remedy = f"Train the run first: hw3 train {run} --profile {profile.name}"
    predictions = files.read_json(loaded.folder / "predictions.json", remedy)
    images = dict(list(zip(reported.names, reported.files, strict=True))[: profile.p3.measure])
    folder, inputs = experiment.folder / "p3", _inputs(experiment, run, loaded)
    current = load_current(folder / "grounding.json", Grounding, inputs, say)
    if current and (folder / "grounding.npz").is_file():
        return current
    origin = stamp(profile, profile.seed, inputs)

    def told(of: str) -> Say:
        return lambda reached: say(f"attention, {of}: {reached}")

    of_run = told("1 of 3, the run's captions")
    words = measure(loaded, images, predictions, instances, methods=True, say=of_run, english=english)
    words.save(folder / "grounding.npz", origin)
    more = (("groups", plural_references, "2 of 3, groups"), ("swapped", swapped_references, "3 of 3, wrong nouns"))
    for name, choose, of in more:
        (folder / f"{name}.npz").unlink(missing_ok=True)
        if instances and (captions := choose(reported, instances)):
            words = measure(loaded, images, captions, instances, name == "groups", mirrored=False, say=told(of))
            words.save(folder / f"{name}.npz", origin)
    grounding = summarise_folder(folder, profile.seed, instances is not None, run, origin)
    write_result(folder / "grounding.json", grounding)
    say("computed: p3/grounding.json")
    return grounding


def _inputs(experiment: Experiment, run: str, loaded: LoadedRun) -> str:
    """A hash of all that the measurements follow from."""
    profile, captions = experiment.profile, experiment.profile.require_captions()
    files: list[str | Path | None] = [loaded.folder / name for name in ("best.safetensors", "predictions.json")]
    files += [captions.tokenizer, captions.reported_annotations, captions.reported_instances]
    settings = [run, profile.p3.measure, captions.limit_val, profile.seed, experiment.language.tag]
    return fingerprint("hw3lib/attention/study.py", settings, files, experiment.reported.files)


def summarise_folder(
    folder: Path, seed: int, masks: bool, run: str = "", provenance: Mapping[str, Any] | None = None
) -> Grounding:
    """What ``grounding.json`` says, from the files of measurements in ``p3``; ``masks``: whether objects were known."""
    groups, swapped = (
        WordMeasures.load(folder / name) if (folder / name).is_file() else None
        for name in ("groups.npz", "swapped.npz")
    )
    words = WordMeasures.load(folder / "grounding.npz")
    return summarise(words, groups, swapped, masks=masks, seed=seed, run=run, provenance=provenance)


def plural_references(captions: CaptionSet, instances: Instances) -> dict[str, str]:
    """For each image its first reference that speaks of several of a kind: ``{image name: caption}``."""
    lexicon = Lexicon.for_categories(instances.categories)
    chosen = {}
    for name, references in zip(captions.names, captions.captions, strict=True):
        for reference in references:
            if any(kind.plural for kind in classify(_words(reference), lexicon)):
                chosen[name] = reference
                break
    return chosen


def swapped_references(captions: CaptionSet, instances: Instances) -> dict[str, str]:
    """Captions with a wrong noun: ``{image name: caption}``, of photographs with things of one kind alone.

    In the first reference that names that kind once, its name is replaced by that of another kind, each in turn; so it
    is known what the wrong word stands for. Words that imply a thing ("skiing") and plurals are left alone.
    """
    lexicon = Lexicon.for_categories(instances.categories)
    swapped: dict[str, str] = {}
    for name, references in zip(captions.names, captions.captions, strict=True):
        present = set(instances.masks(name)) if name in instances.sizes else set()
        others = [category for category in instances.categories if category not in present]
        if len(present) != 1 or not others:
            continue
        for reference in references:
            words = _words(reference)
            kinds = classify(words, lexicon)
            places = [place for place, kind in enumerate(kinds) if kind.name == "object"]
            noun = " ".join(words[place] for place in places).lower()
            if {kinds[place].category for place in places} == present == {noun}:
                wrong = others[len(swapped) % len(others)]
                swapped[name] = " ".join([*words[: places[0]], wrong, *words[places[-1] + 1 :]])
                break
    return swapped


def _words(caption: str) -> list[str]:
    return caption.replace(".", " .").split()
