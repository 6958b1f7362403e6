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
- ``ensemble``, ``probe``, ``unseen``: see :mod:`hw3lib.prompt_ensembles` and :mod:`hw3lib.probe`.

Letters: B images, C classes, K templates, D width of the joint space.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hw3lib import config, paths, probe, prompt_ensembles
from hw3lib.data.images import open_image
from hw3lib.data.labelled import load_labelled
from hw3lib.metrics.paired_tests import Contrast, calibration_error, effects, holm, intervals, mcnemar
from hw3lib.prompt_sets import Prompt, PromptSet
from hw3lib.prompts import TOP, Classifier, unique_names
from hw3lib.system import provenance
from hw3lib.system.errors import UserError
from hw3lib.system.files import atomic, read_json, write_json

if TYPE_CHECKING:
    from PIL.Image import Image
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
    half = prompt_ensembles.chosen_on(truth.numpy(), seed)
    mixed = prompt_ensembles.build(classifier, sets, templates, features, known, truth, torch.from_numpy(half))
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


def measures(predictions: Mapping[str, Any], row: int, images: Any = slice(None)) -> dict[str, Any]:
    """Accuracy and its kin of one row of the predictions, over some of the images."""
    truth, classes = predictions["truth"][images], predictions["classes"][row][images]  # (B,), (B, 5)
    right = classes[:, 0] == truth
    per_class = {
        predictions["labels"][label]: float(right[truth == label].mean()) for label in np.unique(truth).tolist()
    }
    return {
        "accuracy": float(right.mean()),
        "mean_per_class": float(np.mean(list(per_class.values()))),
        "top5": float((classes == truth[:, None]).any(1).mean()),
        "ece": calibration_error(predictions["probabilities"][row][images][:, 0], right),
        "nll": float(-predictions["true"][row][images].astype(np.float64).mean()),
        "per_class": per_class,
    }


def against(right: np.ndarray, base: np.ndarray, seed: int) -> list[dict[str, Any]]:
    """Each row of right answers ``(K, B)`` against the baseline's ``(B,)``: McNemar, Holm, and the interval."""
    differences = right.astype(np.int64) - base
    low, high = intervals(differences, seed)
    gained, lost = (differences > 0).sum(1).tolist(), (differences < 0).sum(1).tolist()
    p_values = [mcnemar(up, down) for up, down in zip(gained, lost, strict=True)]
    compared = [row for row in range(len(right)) if not np.array_equal(right[row], base)]
    adjusted = dict(zip(compared, holm([p_values[row] for row in compared]), strict=True))
    return [
        {
            "effect": float(differences[row].mean()), "low": float(low[row]), "high": float(high[row]),
            "n": right.shape[1], "p": p_values[row], "holm": adjusted.get(row, 1.0),
            "gained": gained[row], "lost": lost[row],
        }
        for row in range(len(right))
    ]  # fmt: skip


def factor_effects(right: np.ndarray, templates: Sequence[str], sets: Sequence[PromptSet], seed: int) -> dict[str, Any]:
    """``factors``, ``interactions`` and ``negation`` of study.json; empty where no set has a design or a pair."""
    prompts = {prompt.template: prompt for each in sets for prompt in each.prompts if prompt.factors or prompt.twin}
    cells = {tuple(prompt.factors.values()): templates.index(key) for key, prompt in prompts.items() if prompt.factors}
    frames = list(dict.fromkeys(frame for frame, _, _ in cells))
    rows = len(right)

    def total(**levels: str) -> np.ndarray:
        """The cells of a design that have these levels, as weights (K,)."""
        weights = np.zeros(rows, np.int64)
        for (frame, article, stop), row in cells.items():
            here = {"frame": frame, "article": article, "stop": stop}
            weights[row] = all(here[factor] == level for factor, level in levels.items())
        return weights

    steps = {
        "article: a vs none": lambda **at: (total(article="a", **at) - total(article="none", **at), 2),
        "article: correct vs none": lambda **at: (total(article="correct", **at) - total(article="none", **at), 2),
        "full stop": lambda **at: (total(stop="yes", **at) - total(stop="no", **at), 3),
    }
    main, by_frame, mixed = {}, {}, {}
    for name, step in steps.items() if cells else ():
        weights, cells_of_a_frame = step()
        main[name] = Contrast(weights, cells_of_a_frame * len(frames))
        for frame in frames:
            inside, _ = step(frame=frame)
            by_frame[name, frame] = Contrast(inside, cells_of_a_frame)
            if len(frames) > 1:  # by how much the effect is another one in this frame than in the others
                others = len(frames) - 1
                mixed[f"{name}, in “{frame}” against the other frames"] = Contrast(
                    others * inside - (weights - inside), cells_of_a_frame * others
                )
        if name != "full stop":
            (with_stop, _), (without, _) = step(stop="yes"), step(stop="no")
            mixed[f"{name}, with a full stop against without"] = Contrast(with_stop - without, len(frames))
    factors = _corrected(effects(right, main, seed))
    inner = _corrected(effects(right, by_frame, seed))  # type: ignore[arg-type]
    for name, effect in factors.items():
        effect["per_frame"] = {frame: inner[name, frame] for frame in frames}  # type: ignore[index]
    negated = {key: prompt.twin for key, prompt in prompts.items() if prompt.twin}
    weights = {key: _pair(rows, templates.index(key), templates.index(twin)) for key, twin in negated.items()}
    pairs = _corrected(effects(right, {key: Contrast(each, 1) for key, each in weights.items()}, seed))
    negation: dict[str, Any] = {}
    if pairs:
        whole = Contrast(np.sum(list(weights.values()), axis=0), len(weights))
        overall = _corrected(effects(right, {"all": whole}, seed))["all"]
        told = {key: {"twin": negated[key], **effect} for key, effect in pairs.items()}
        negation = {**overall, "pairs": told, "negation vs affirmative twin": overall}
    return {"factors": factors, "interactions": _corrected(effects(right, mixed, seed)), "negation": negation}


def ensemble_scores(predictions: Mapping[str, Any], right: np.ndarray, baseline: str, seed: int) -> dict[str, Any]:
    """The ensembles beside single templates, on the half of the images on which none of them was chosen."""
    templates, half = predictions["templates"], predictions["half"]
    if not (~half).sum() > 1 or not half.any():
        return {}
    base = templates.index(baseline)
    best = int(right[: len(templates), half].mean(1).argmax())
    rows = [("the baseline", base, [baseline]), ("best single template", best, [templates[best]])]
    rows += [
        (each["name"], len(templates) + place, each["members"]) for place, each in enumerate(predictions["ensembles"])
    ]
    compared = against(right[[row for _, row, _ in rows]][:, ~half], right[base, ~half], seed)
    greedy: list[dict[str, Any]] = next((each["path"] for each in predictions["ensembles"] if each["path"]), [])
    found = []
    for (name, row, members), comparison in zip(rows, compared, strict=True):
        kept = {key: value for key, value in measures(predictions, row, ~half).items() if key != "per_class"}
        found.append(
            {"name": name, "members": members, **kept, "against_baseline": None if row == base else comparison}
        )
    return {"chosen_on": int(half.sum()), "images": int((~half).sum()), "rows": found, "greedy": greedy}


def confusion(predictions: Mapping[str, Any], template: str) -> np.ndarray:
    """How often images of a class (row) were given another (column) under a template: counts ``(C, C)``."""
    count = len(predictions["labels"])
    given = predictions["classes"][predictions["templates"].index(template)][:, 0]
    found = np.zeros((count, count), np.int64)
    np.add.at(found, (predictions["truth"], given), 1)
    return found


def _prompt(sets: Sequence[PromptSet], template: str) -> Prompt:
    found = [prompt for each in sets for prompt in each.prompts if prompt.template == template]
    return max(found, key=lambda prompt: bool(prompt.factors))


def _pair(rows: int, plus: int, minus: int) -> np.ndarray:
    weights = np.zeros(rows, np.int64)
    weights[plus], weights[minus] = 1, -1
    return weights


def _corrected(found: dict[Any, dict[str, Any]]) -> dict[Any, dict[str, Any]]:
    """Effects with ``holm``: their p-values corrected for being compared side by side."""
    adjusted = holm([effect["p"] for effect in found.values()])
    return {name: {**effect, "holm": p} for (name, effect), p in zip(found.items(), adjusted, strict=True)}


def changed_pictures(
    profile: config.Profile, predictions: Mapping[str, Any], template: str, baseline: str, classes: Sequence[str]
) -> list[tuple[Image, str, str, str]]:
    """For each class the image whose answer a template changed most surely: picture, truth, answer before, and after.

    Classes without an image that went from wrong to right, or from right to wrong, are left out.
    """
    before, after = (predictions["templates"].index(each) for each in (baseline, template))
    first, true, labels = predictions["classes"][..., 0], predictions["truth"], predictions["labels"]
    moved = (first[before] == true) != (first[after] == true)
    sure = np.abs(np.exp(predictions["true"][after]) - np.exp(predictions["true"][before]))
    found = []
    for name in classes:
        images = np.flatnonzero(moved & (true == labels.index(name)))
        if len(images):
            image = int(images[sure[images].argmax()])
            picture = open_image(paths.resolve(profile.p1.images) / predictions["images"][image])
            found.append((picture, name, labels[first[before, image]], labels[first[after, image]]))
    return found
