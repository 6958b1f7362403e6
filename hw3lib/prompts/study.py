"""The prompt study: many templates on the same images, the factors of their wording, ensembles, and learned rivals.

``run`` writes predictions, ``p1/study.safetensors`` (see :func:`predict`), and scores them in ``p1/study.json``. The
study's keys:

- ``templates``: by template its ``sets``, ``factors``, and over all images of known class ``accuracy``,
  ``mean_per_class``, ``top5``, ``ece`` (15 bins), ``nll`` (nats), ``per_class``; ``against_baseline`` holds the
  difference in accuracy as ``effect, low, high, n, p`` (McNemar's exact test), ``holm`` (``p`` corrected over all
  templates), and how many images were ``gained`` and ``lost``.
- ``factors``: ``article: a vs none``, ``article: correct vs none`` and ``full stop``, each ``effect, low, high, n, p,
  holm`` and ``per_frame``, the same by frame; ``p`` is that of the exact sign-flip test.
- ``interactions``: differences of such effects, by name, in the same form.
- ``negation``: ``negation vs affirmative twin`` over all pairs, in that form, and ``pairs``, by negated template, with
  its ``twin``. The same numbers stand at its top level.
- ``ensemble``, ``probe``, ``unseen``: see :mod:`hw3lib.prompts.ensembles` and :mod:`hw3lib.prompts.probe`.

Letters: B images, C classes, K templates, D width of the joint space.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hw3lib import config, paths
from hw3lib.data.labelled import load_labelled
from hw3lib.prompts import ensembles, probe
from hw3lib.prompts.effects import _prompt, against, ensemble_scores, factor_effects, measures
from hw3lib.prompts.templates import PromptSet
from hw3lib.prompts.zero_shot import TOP, Classifier, unique_names
from hw3lib.system import provenance
from hw3lib.system.errors import UserError
from hw3lib.system.files import atomic, read_json, write_json

if TYPE_CHECKING:
    from torch import Tensor

_AT_ONCE = 2**20  # probabilities at once: 4 MB, which stay in the processor's cache


def run(profile: config.Profile | str, device: str = "auto") -> Path:
    """Study the profile's own prompt set and those of ``p1.study``; returns ``p1/study.json``.

    Raises :class:`UserError` when fewer than two images have a known label.
    """
    from hw3lib.models.clip import ClipModel

    profile = config.load(profile) if isinstance(profile, str) else profile
    sets = load_sets(profile)
    data = load_labelled(paths.resolve(profile.p1.images), paths.resolve(profile.p1.id2label))
    if sum(label is not None for label in data.truth) < 2:
        raise UserError(f"the study needs two images at the least that are named <label id>_<n>.png in {data.paths[0]}")
    classifier = Classifier(ClipModel.load(profile.require_clip("the prompt study asks"), device), data)
    folder = paths.runs(profile.name) / "p1"
    features = classifier.texts(all_templates(sets))  # (K, C, D)
    predictions = predict(classifier, sets, features, profile.seed)
    write_predictions(folder / "study.safetensors", predictions)
    learned = probe.predict(profile, classifier, sets[0].classify_with, device)
    write_json(folder / "probe.json", learned, indent=None)
    scores = score(read_predictions(folder / "study.safetensors"), sets, profile.seed)
    scores |= probe.score(read_json(folder / "probe.json"), profile.seed)
    write_json(folder / "study.json", {"provenance": provenance.stamp(profile, profile.seed), **scores})
    return folder / "study.json"


def load_sets(profile: config.Profile) -> list[PromptSet]:
    """The profile's own set, then those that are studied beside it."""
    return [PromptSet.load(name) for name in dict.fromkeys((profile.p1.prompts, *profile.p1.study))]


def all_templates(sets: Sequence[PromptSet]) -> list[str]:
    """The templates of all sets, each once."""
    return list(dict.fromkeys(template for each in sets for template in each.templates))


def predict(classifier: Classifier, sets: Sequence[PromptSet], features: Tensor, seed: int) -> dict[str, Any]:
    """Top classes ``(K, B, 5)`` with probabilities, and the true class's log-probability ``(K, B)``, of all templates.

    ``features`` are those of :func:`all_templates`. The ensembles' rows follow the templates'; only images whose class
    is known are kept. ``classes`` are places in ``labels``, ``half`` (B,) is true where ensembles were chosen.
    """
    import torch

    known = [image for image, true in enumerate(classifier.truth) if true is not None]
    truth = torch.tensor([true for true in classifier.truth if true is not None])
    templates = all_templates(sets)
    half = ensembles.chosen_on(truth.numpy(), seed)
    mixed = ensembles.build(classifier, sets, templates, features, known, truth, torch.from_numpy(half))
    rows = torch.cat([features, *(each.features[None] for each in mixed)])
    chunk = max(1, _AT_ONCE // (len(classifier.images) * len(classifier.ids)))
    classes, probabilities, true = [], [], []
    for part in rows.split(chunk):
        logs = classifier.log_probabilities(part)[:, known]  # (K, B, C)
        top = logs.topk(min(TOP, logs.shape[-1]))
        classes.append(top.indices.int())
        probabilities.append(top.values.exp())
        true.append(logs.gather(-1, truth.expand(len(part), -1)[..., None])[..., 0])
    titles = unique_names(classifier.data.labels)
    return {
        "classes": torch.cat(classes).numpy(), "probabilities": torch.cat(probabilities).numpy(),
        "true": torch.cat(true).numpy(), "truth": truth.numpy(), "half": half,
        "templates": templates, "labels": [titles[label] for label in classifier.ids],
        "images": [classifier.data.paths[image].name for image in known],
        "ensembles": [{"name": each.name, "members": each.members, "path": each.path} for each in mixed],
    }  # fmt: skip


def write_predictions(path: Path, predictions: Mapping[str, Any]) -> None:
    """Arrays as tensors, the rest as JSON in the file's header; whole or not at all."""
    from safetensors.numpy import save_file

    arrays = {key: np.ascontiguousarray(value) for key, value in predictions.items() if isinstance(value, np.ndarray)}
    rest = {key: value for key, value in predictions.items() if key not in arrays}
    with atomic(path) as temporary:
        save_file(arrays, temporary, {"content": json.dumps(rest, ensure_ascii=False)})
        temporary.chmod(0o644)


def read_predictions(path: Path) -> dict[str, Any]:
    """What :func:`write_predictions` wrote. Raises :class:`UserError` when it is missing or no such file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "np") as file:
            return {**{key: file.get_tensor(key) for key in file.keys()}, **json.loads(file.metadata()["content"])}  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path} holds no predictions of a prompt study ({error}); run the study again") from None


def score(predictions: Mapping[str, Any], sets: Sequence[PromptSet], seed: int) -> dict[str, Any]:
    """Everything of study.json that follows from the predictions alone."""
    templates, baseline = predictions["templates"], sets[0].baseline
    right = predictions["classes"][..., 0] == predictions["truth"]  # (K and ensembles, B)
    scored = {template: measures(predictions, row) for row, template in enumerate(templates)}
    base = right[templates.index(baseline)]
    compared = against(right[: len(templates)], base, seed)
    for template, comparison in zip(templates, compared, strict=True):
        prompt = _prompt(sets, template)
        scored[template] = {
            "sets": [each.name for each in sets if template in each.templates],
            "factors": dict(prompt.factors), **scored[template],
            "against_baseline": None if template == baseline else comparison,
        }  # fmt: skip
    found = factor_effects(right, templates, sets, seed)
    return {
        "images": len(predictions["truth"]), "labels": predictions["labels"], "baseline": baseline,
        "templates": scored, **found, "ensemble": ensemble_scores(predictions, right, baseline, seed),
    }  # fmt: skip
