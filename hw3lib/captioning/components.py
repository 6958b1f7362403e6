"""What each component of a run gives (an additive ablation): its captions with and without, on the same images.

A run that keeps a moving average, searches by beam or learns from rewards also captions without
(:data:`~hw3lib.data.predictions.VARIANTS`); these captions are compared with one another, and runs with the reference
run.
"""

from __future__ import annotations

from collections.abc import Mapping

from hw3lib import config
from hw3lib.captioning.ablations import PerImage, compare_all
from hw3lib.captioning.results import RunScores
from hw3lib.captioning.settings import RECIPE, differences, sentence
from hw3lib.display.prose import signed
from hw3lib.metrics.bootstrap import Difference

# What is compared with what: (with it, without it, in words). ``final`` are the run's finished captions.
_STEPS = (
    ("taught", "raw", "moving average of the weights"),
    ("taught_beam", "taught", "beam search"),
    ("critical", "taught", "self-critical training"),
    ("final", "critical", "beam search after self-critical training"),
)

METHOD = (
    "Each row compares captions of the same images with and without a component. Rows about settings compare runs that "
    "were trained apart; the moving average, beam search and self-critical training (Rennie et al., 2017) are compared "
    "within the run. But for asides and rounding, the differences add up to the last row's."
)


def components(profile: config.Profile, scores: Mapping[str, RunScores], run: str) -> dict[str, dict[str, Difference]]:
    """By how much each score rises with each component of a run, in the order in which they come.

    The intervals are at 95 %.
    """
    reference, base = profile.best_run, profile.run(run).built_on or profile.best_run
    captions: dict[str, PerImage] = {name: variant.per_image for name, variant in scores[run].variants.items()}
    captions |= {name: scores[of].per_image for name, of in (("final", run), ("base", base), ("reference", reference))}
    # Without a moving average the weights themselves are what was kept.
    first = next(name for name in ("raw", "taught", "final") if name in captions)
    steps: list[tuple[str, str, str]]
    if base == reference:
        steps = [(first, "base", "its settings, instead of the reference run's")]
    else:
        changes = differences(profile.run(run), profile.run(base))
        rest = sentence([change for change in changes if change.label not in RECIPE])
        steps = [("base", "reference", f"{base}'s settings, instead of the reference run's")]
        steps += [(first, "base", rest)] if rest else []
    steps += [*_STEPS, ("final", "reference", "all together, against the reference run")]
    aside = " before self-critical training, an aside"  # what is added up goes without it
    return {
        what + aside * (with_it == "taught_beam" and "critical" in captions): compare_all(
            captions[with_it], captions[without], profile.seed
        )
        for with_it, without, what in steps
        if with_it in captions and without in captions
    }


def conclusion(components: Mapping[str, Mapping[str, Difference]]) -> str:
    """Which components raise CIDEr significantly, lower it, or do neither, in a sentence; computed."""
    sides: dict[str, list[str]] = {
        "Significantly higher CIDEr": [],
        "Significantly lower CIDEr": [],
        "No significant difference in CIDEr": [],
    }
    higher, lower, neither = sides.values()
    for what, scores in components.items():
        if "CIDEr" in scores:
            cider = scores["CIDEr"]
            side = higher if cider.low > 0 else lower if cider.high < 0 else neither
            side.append(f"{what} ({signed(cider.effect, 3)})")
    return " ".join(f"{side}: {'; '.join(named)}." for side, named in sides.items() if named)
