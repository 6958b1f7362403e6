"""What each component of a run gives (an additive ablation): its captions with and without, on the same images.

A run that keeps a moving average, searches by beam or learns from rewards also captions without
(:data:`~hw3lib.data.predictions.VARIANTS`); these captions are compared with one another, and runs with the best one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hw3lib import config
from hw3lib.captioning.ablations import metric_name
from hw3lib.captioning.results import RunScores
from hw3lib.captioning.settings import AVERAGE, DECODING, SELF_CRITICAL, differences, sentence
from hw3lib.display.prose import estimate, signed
from hw3lib.metrics.bootstrap import Difference, compare

SCORES = {"CIDEr": "CIDEr", "CLIPScore": "CLIPScore", "object_recall": "objects_expected"}  # and what an image needs
PerImage = Mapping[str, Mapping[str, float]]

# What is compared with what: (with it, without it, in words). ``final`` are the run's finished captions.
_STEPS = (
    ("taught", "raw", "moving average of the weights"),
    ("taught_beam", "taught", "beam search"),
    ("critical", "taught", "self-critical training"),
    ("final", "critical", "beam search after it"),
)
_STEP_SETTINGS = (AVERAGE, SELF_CRITICAL, DECODING)  # the settings that those steps are about


@dataclass(frozen=True)
class Component:
    """One component: what it is, and by how much each score rises with it."""

    what: str
    scores: dict[str, Difference]


def components(profile: config.Profile, scores: Mapping[str, RunScores], run: str) -> list[Component]:
    """What each component of a run gives, in the order in which they come; intervals are at 95 %."""
    best, base = profile.best_run, profile.run(run).built_on or profile.best_run
    captions: dict[str, PerImage] = {name: variant.per_image for name, variant in scores[run].variants.items()}
    captions |= {"final": scores[run].per_image, "base": scores[base].per_image, "best": scores[best].per_image}
    # Without a moving average the weights themselves are what was kept.
    first = next(name for name in ("raw", "taught", "final") if name in captions)
    steps: list[tuple[str, str, str]]
    if base == best:
        steps = [(first, "base", f"its setting, against {best}'s")]
    else:
        changes = differences(profile.run(run), profile.run(base))
        rest = sentence([change for change in changes if change.label not in _STEP_SETTINGS])
        steps = [("base", "best", f"{base}'s setting, against {best}'s"), (first, "base", rest)]
    steps += [*_STEPS, ("final", "best", f"all of it, against {best}")]
    return [
        Component(what, compare_all(captions[with_it], captions[without], profile.seed))
        for with_it, without, what in steps
        if with_it in captions and without in captions
    ]


def against_best(profile: config.Profile, scores: Mapping[str, RunScores]) -> dict[str, dict[str, Difference]]:
    """Each other run's scores less the best run's, image by image."""
    best = scores[profile.best_run].per_image
    others = [run for run in profile.runs if run != profile.best_run]
    return {run: compare_all(scores[run].per_image, best, profile.seed) for run in others}


def compare_all(first: PerImage, second: PerImage, seed: int) -> dict[str, Difference]:
    """First minus second in every score that both have of their images."""
    shared = set.intersection(*(set(image) for side in (first, second) for image in side.values()))
    return {score: compare(first, second, score, seed) for score, needed in SCORES.items() if needed in shared}


def cells(differences: Mapping[str, Difference]) -> list[str]:
    """A table's cells: effect, and interval in brackets."""
    return [estimate(score.effect, score.low, score.high, digits=3) for score in differences.values()]


def columns(differences: Mapping[str, Difference]) -> list[str]:
    """The head of those cells."""
    return [f"{metric_name(score)}, difference" for score in differences]


def conclusion(components: Sequence[Component]) -> str:
    """Which components surely help, hurt, or do neither by CIDEr, in a sentence; computed."""
    sides: dict[str, list[str]] = {"raises CIDEr": [], "lowers CIDEr": [], "makes no sure difference to CIDEr": []}
    for component in components:
        cider = component.scores["CIDEr"]
        side = "raises CIDEr" if cider.low > 0 else "lowers CIDEr" if cider.high < 0 else list(sides)[2]
        sides[side].append(f"{component.what} ({signed(cider.effect, 3)})")
    return " ".join(f"What {verb}: {'; '.join(named)}." for verb, named in sides.items() if named)
