"""P3's measurements of one run, from its captions to ``p3/grounding.json``.

``runs/<profile>/p3/grounding.npz`` holds what was measured of every word of the run's own captions, ``groups.npz`` the
same of the people's captions that speak of several of a kind, ``swapped.npz`` of people's captions whose noun was
replaced by that of another thing; ``grounding.json`` is computed from the three.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hw3lib import paths
from hw3lib.attention.grounding import Measured, measure
from hw3lib.attention.maps import CaptionAttention
from hw3lib.attention.summary import summarise, summarise_groups, summarise_wrong
from hw3lib.attention.word_classes import classify
from hw3lib.data.caption_set import CaptionSet
from hw3lib.data.captions import load_captions
from hw3lib.data.instances import Instances, Mask
from hw3lib.data.lexicon import Lexicon
from hw3lib.system import files

if TYPE_CHECKING:
    from hw3lib.config import Profile
    from hw3lib.models.inference import LoadedRun


def study(profile: Profile, run: str, loaded: LoadedRun) -> Path:
    """Measure the run's attention on the first so many validation images; returns ``p3/grounding.json``.

    Raises :class:`UserError` when the run has no predictions or the instances file is of another form.
    """
    from hw3lib.system.provenance import stamp

    data = profile.captions
    known = load_captions(paths.resolve(data.val_annotations), paths.resolve(data.val_images), data.limit_val)
    remedy = f"Train the run first: hw3 train {run} --profile {profile.name}"
    predictions = files.read_json(loaded.folder / "predictions.json", remedy)
    images = known.files[: profile.p3.measure]
    instances = Instances.load(paths.resolve(data.val_instances)) if data.val_instances else None
    folder = paths.runs(profile.name) / "p3"
    origin = stamp(profile, profile.seed)
    measure(loaded, images, predictions, instances, methods=True).save(folder / "grounding.npz", origin)
    for name, choose in (("groups", plural_references), ("swapped", swapped_references)):
        (folder / f"{name}.npz").unlink(missing_ok=True)
        if instances and (captions := choose(known, instances)):
            found = measure(loaded, images, captions, instances, spread=name == "groups", mirrored=False)
            found.save(folder / f"{name}.npz", origin)
    path = folder / "grounding.json"
    files.write_json(path, {"provenance": origin, "run": run, **summary(profile)})
    return path


def summary(profile: Profile) -> dict[str, Any]:
    """What ``grounding.json`` holds beside its origin and its run, from what was measured."""
    folder = paths.runs(profile.name) / "p3"
    found = summarise(Measured.load(folder / "grounding.npz"), profile.seed)
    more: dict[str, Any] = {"masks": profile.captions.val_instances is not None}
    for name, summarise_part in (("groups", summarise_groups), ("swapped", summarise_wrong)):
        path = folder / f"{name}.npz"
        more[name] = summarise_part(Measured.load(path), profile.seed) if path.is_file() else None
    return found | more


def plural_references(captions: CaptionSet, instances: Instances) -> dict[str, str]:
    """For each image its first reference that speaks of several of a kind: ``{image name: caption}``."""
    lexicon = Lexicon.for_categories(instances.categories)
    found = {}
    for name, references in zip(captions.names, captions.captions, strict=True):
        for reference in references:
            if any(kind.plural for kind in classify(reference.replace(".", " .").split(), lexicon)):
                found[name] = reference
                break
    return found


def swapped_references(captions: CaptionSet, instances: Instances) -> dict[str, str]:
    """Captions with a wrong noun: ``{image name: caption}``, of photographs with things of one kind alone.

    In the first reference that names that kind once, its name is replaced by that of another kind, each in turn; so it
    is known what the wrong word stands for. Words that imply a thing ("skiing") and plurals are left alone.
    """
    lexicon = Lexicon.for_categories(instances.categories)
    found: dict[str, str] = {}
    for name, references in zip(captions.names, captions.captions, strict=True):
        present = set(instances.masks(name)) if name in instances.sizes else set()
        if len(present) != 1:
            continue
        others = [category for category in instances.categories if category not in present]
        for reference in references:
            words = reference.replace(".", " .").split()
            kinds = classify(words, lexicon)
            places = [place for place, kind in enumerate(kinds) if kind.name == "object"]
            whole = " ".join(words[place] for place in places).lower()
            if {kinds[place].category for place in places} == present == {whole} and others:
                swapped = others[len(found) % len(others)]
                found[name] = " ".join([*words[: places[0]], swapped, *words[places[-1] + 1 :]])
                break
    return found


def known_masks(profile: Profile, attention: CaptionAttention) -> dict[int, Mask]:
    """:func:`word_masks` from whichever of the profile's instances files has the photograph; empty when none has."""
    for path in (profile.p3.instances, profile.captions.val_instances):
        if path and paths.resolve(path).is_file():
            instances = _instances(paths.resolve(path))
            if attention.name in instances.sizes:
                return word_masks(attention, instances)
    return {}


@lru_cache(maxsize=4)
def _instances(path: Path) -> Instances:
    return Instances.load(path)


def word_masks(attention: CaptionAttention, instances: Instances) -> dict[int, Mask]:
    """The masks of the objects that a caption names, by the word's place: what the viewer outlines; ``(h, w)`` each.

    Empty for a photograph that the instances file lacks, or has at another size.
    """
    size = (attention.image.height, attention.image.width)
    if instances.sizes.get(attention.name) != size:
        return {}
    masks = instances.masks(attention.name)
    kinds = classify([word.text for word in attention.words], Lexicon.for_categories(instances.categories))
    return {place: np.any(masks[kind.category], axis=0) for place, kind in enumerate(kinds) if kind.category in masks}
