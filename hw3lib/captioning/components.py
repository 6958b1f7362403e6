"""What each component of a run gives (an additive ablation): its captions with and without, on the same images.

A run that keeps a moving average, searches by beam or learns from rewards also captions without
(:data:`~hw3lib.data.predictions.VARIANTS`); these captions are compared with one another, and runs with the reference
run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hw3lib import config
from hw3lib.captioning.ablations import COMPARED, PerImage, compare_all, metric_name
from hw3lib.captioning.results import RunScores, of_seeds
from hw3lib.captioning.settings import RECIPE, differences, sentence
from hw3lib.display.bundle import Cell, Content
from hw3lib.display.prose import decimal, p_value, signed
from hw3lib.metrics.bootstrap import Difference
from hw3lib.metrics.interval_tests import detectable
from hw3lib.metrics.paired_tests import LEVEL, holm
from hw3lib.metrics.seed_bootstrap import Spread, by_seed_alone

# What is compared with what: (with it, without it, in words). ``final`` are the run's finished captions.
_STEPS = (
    ("taught", "raw", "moving average of the weights"),
    ("taught_beam", "taught", "beam search"),
    ("critical", "taught", "self-critical training"),
    ("final", "critical", "beam search after self-critical training"),
)

_ASIDE = " before self-critical training, an aside"
# Both sides have what one training's chance made of them; self-critical training draws captions of its own.
_NO_CHANCE = {words + end for new, _, words in _STEPS if new != "critical" for end in ("", _ASIDE)}

METHOD = (
    "Each row compares captions of the same images with and without a component. Rows about settings compare runs that "
    "were trained apart; the moving average, beam search and self-critical training (Rennie et al., 2017) are compared "
    "within the run. But for asides and rounding, the differences add up to the last row's."
)
TESTS = (
    "p: two-sided, the interval inverted, after Holm's correction for all of this table. Detectable: the smallest "
    "difference that so many images show with a power of 80 %. A difference that is not significant is not shown to be "
    "absent."
)


def components(profile: config.Profile, scores: Mapping[str, RunScores], run: str) -> dict[str, dict[str, Difference]]:
    """By how much each score rises with each component of a run, in the order in which they come.

    The intervals are at 95 %; p is corrected after Holm for all scores of all components together.
    """
    reference, base = profile.best_run, profile.run(run).built_on or profile.best_run
    seeds = of_seeds(profile, scores, run)
    captions: dict[str, list[PerImage]] = {
        name: [seed.variants[name].per_image for seed in seeds] for name in seeds[0].variants
    }
    for name, of in (("final", run), ("base", base), ("reference", reference)):
        captions[name] = [seed.per_image for seed in of_seeds(profile, scores, of)]
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
    found = {
        # What is added up goes without an aside.
        what + _ASIDE * (with_it == "taught_beam" and "critical" in captions): compare_all(
            captions[with_it], captions[without], profile.seed, paired=without not in ("base", "reference")
        )
        for with_it, without, what in steps
        if with_it in captions and without in captions
    }
    corrected = iter(holm([difference.p for row in found.values() for difference in row.values()]))
    return {
        what: {score: replace(difference, holm=next(corrected)) for score, difference in row.items()}
        for what, row in found.items()
    }


def test_table(components: Mapping[str, Mapping[str, Difference]]) -> Content:
    """Columns and rows: of each component and score Holm's p and the minimal detectable effect, and how many images."""
    measured = [score for score in COMPARED if any(score in row for row in components.values())]
    rows: list[list[Cell]] = []
    for what, row in components.items():
        tests: list[Cell] = [
            f"{p_value(row[score].holm or 0.0)}; {decimal(detectable(row[score], row[score].freedom), 3)}"
            if score in row
            else None
            for score in measured
        ]
        sizes: list[Cell] = next(([difference.n, difference.seeds] for difference in row.values()), [None, None])
        rows.append([what, *tests, *sizes])
    return ["component", *(f"{metric_name(score)}: p; detectable" for score in measured), "images", "seeds"], rows


def conclusion(components: Mapping[str, Mapping[str, Difference]], found: Spread | None = None) -> str:
    """Which components raise CIDEr significantly after Holm's correction, lower it, or do neither; computed.

    With one seed, a difference counts only beyond what two seeds of a run differ by, where that is ``found``. Another
    search or average of the same training's weights leaves nothing to its seed: such a difference holds for them alone.
    """
    sides: dict[str, list[str]] = {
        "Significantly higher CIDEr": [],
        "Significantly lower CIDEr": [],
        "No significant difference in CIDEr": [],
        "Significant over images, but inconclusive, since another seed alone may do as much": [],
        "Significant for the weights of this one training, and not tested on another seed's": [],
    }
    higher, lower, neither, unsure, here = sides.values()
    for what, scores in components.items():
        if "CIDEr" in scores:
            cider = scores["CIDEr"]
            significant = cider.holm is not None and cider.holm < LEVEL
            side = (higher if cider.effect > 0 else lower) if significant else neither
            if significant and by_seed_alone(cider, found):
                side = here if what in _NO_CHANCE else unsure
            side.append(f"{what} ({signed(cider.effect, 3)})")
    return " ".join(f"{side}: {'; '.join(named)}." for side, named in sides.items() if named)
