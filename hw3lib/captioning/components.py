"""What each component of a run gives (an additive ablation): its captions with and without, on the same images.

A run that keeps a moving average, searches by beam or learns from rewards writes down what it would have said without
(:data:`~hw3lib.data.predictions.VARIANTS`); these are compared with one another, and runs with the best one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hw3lib import config
from hw3lib.captioning.settings import AVERAGE, DECODING, SELF_CRITICAL, sentence
from hw3lib.captioning.settings import differences as settings_that_differ
from hw3lib.config import folder
from hw3lib.display.prose import estimate, signed
from hw3lib.metrics.bootstrap import Difference, compare
from hw3lib.system.files import read_json

SCORES = ("CIDEr", "CLIPScore", "object_recall")
PerImage = Mapping[str, Mapping[str, float]]

# What is compared with what: (with it, without it, in words). ``final`` is what the run says in the end.
_STEPS = (
    ("taught", "raw", "moving average of the weights"),
    ("taught_beam", "taught", "beam search"),
    ("critical", "taught", "self-critical training"),
    ("final", "critical", "beam search after it"),
)
_TOLD = (AVERAGE, SELF_CRITICAL, DECODING)  # the settings that those steps are about


@dataclass(frozen=True)
class Component:
    """One component: what it is, and by how much each score rises with it."""

    what: str
    scores: dict[str, Difference]


def has_variants(profile: config.Profile, run: str) -> bool:
    """Whether the run's scores hold its captions without some of its components."""
    return bool(_scores(profile, run).get("variants"))


def components(profile: config.Profile, run: str) -> list[Component]:
    """What each component of a run gives, in the order in which they come; intervals are at 95 %.

    Raises :class:`UserError` when the run or the profile's best one is not scored.
    """
    own, best, base = _scores(profile, run), profile.best_run, profile.run(run).built_on or profile.best_run
    known: dict[str, PerImage] = {name: each["per_image"] for name, each in own["variants"].items()}
    known |= {"final": own["per_image"], "base": _scores(profile, base)["per_image"]}
    known["best"] = _scores(profile, best)["per_image"]
    # Without a moving average the weights themselves are what was kept.
    first = next(name for name in ("raw", "taught", "final") if name in known)
    steps: list[tuple[str, str, str]]
    if base == best:
        steps = [(first, "base", f"its setting, against {best}'s")]
    else:
        changes = settings_that_differ(profile.run(run), profile.run(base))
        setting = sentence([change for change in changes if change.label not in _TOLD])
        steps = [("base", "best", f"{base}'s setting, against {best}'s"), (first, "base", setting)]
    steps += [*_STEPS, ("final", "best", f"all of it, against {best}")]
    return [
        Component(what, differences(known[with_it], known[without], profile.seed))
        for with_it, without, what in steps
        if with_it in known and without in known
    ]


def against_best(profile: config.Profile) -> dict[str, dict[str, Difference]]:
    """Each other run's scores less the best run's, image by image."""
    best = _scores(profile, profile.best_run)["per_image"]
    others = [run for run in profile.runs if run != profile.best_run]
    return {run: differences(_scores(profile, run)["per_image"], best, profile.seed) for run in others}


def differences(first: PerImage, second: PerImage, seed: int) -> dict[str, Difference]:
    """First minus second in every score that both have of their images."""
    known = set.intersection(*(set(image) for side in (first, second) for image in side.values()))
    needs = dict.fromkeys(SCORES) | {"object_recall": "objects_expected"}
    scores = [score for score, need in needs.items() if (need or score) in known]
    return {score: compare(first, second, score, seed) for score in scores}


def cells(found: Mapping[str, Difference]) -> list[str]:
    """A table's cells: effect, and interval in brackets."""
    return [estimate(each.effect, each.low, each.high, digits=3) for each in found.values()]


def columns(found: Mapping[str, Difference]) -> list[str]:
    """The head of those cells."""
    return [f"{score.replace('_', ' ')}, difference" for score in found]


def conclusion(found: list[Component]) -> str:
    """Which components surely help, hurt, or do neither by CIDEr, in a sentence; computed."""
    sides: dict[str, list[str]] = {"raises CIDEr": [], "lowers CIDEr": [], "makes no sure difference to CIDEr": []}
    for each in found:
        effect = each.scores["CIDEr"]
        side = "raises CIDEr" if effect.low > 0 else "lowers CIDEr" if effect.high < 0 else list(sides)[2]
        sides[side].append(f"{each.what} ({signed(effect.effect, 3)})")
    return " ".join(f"What {verb}: {'; '.join(said)}." for verb, said in sides.items() if said)


def _scores(profile: config.Profile, run: str) -> dict[str, Any]:
    remedy = f"Make it with: hw3 score --run {run} --profile {profile.name}"
    found: dict[str, Any] = read_json(folder(profile, run) / "scores.json", remedy)
    return found
