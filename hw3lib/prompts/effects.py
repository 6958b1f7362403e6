"""What one factor of a prompt does: accuracies compared on the same images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hw3lib.metrics.bootstrap import mean_intervals
from hw3lib.metrics.paired_tests import Contrast, calibration_error, effects, holm, mcnemar
from hw3lib.prompts.templates import Prompt, PromptSet

if TYPE_CHECKING:
    pass


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
    low, high = mean_intervals(differences, seed)
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
