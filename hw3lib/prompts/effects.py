"""What one factor of a prompt does: accuracies of prompts that differ in one thing, compared on the same images.

A carrier is the sentence around the class name. Letters: K templates (and ensembles), I images.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw3lib.metrics.bootstrap import mean_intervals
from hw3lib.metrics.paired_tests import Contrast, calibration_error, effects, holm, mcnemar
from hw3lib.prompts.answers import Answers
from hw3lib.prompts.results import Comparison, FactorEffect, Halves, Measures, Negation, Pair, Scores, Study
from hw3lib.prompts.templates import PromptSet

Bools = NDArray[np.bool_]
# A factor's levels that are compared, higher minus lower.
FACTORS = {
    "article: a vs none": ({"article": "a"}, {"article": "none"}),
    "article: correct vs none": ({"article": "correct"}, {"article": "none"}),
    "full stop": ({"full stop": "yes"}, {"full stop": "no"}),
}


def measures(answers: Answers, row: int, images: Bools | slice = slice(None)) -> Measures:
    """Accuracy and its kin of one row of the answers, over some of the images."""
    truth, classes = answers.truth[images], answers.classes[row][images]  # (I,), (I, 5)
    right = classes[:, 0] == truth
    return Measures(
        accuracy=float(right.mean()),
        mean_per_class=float(_class_rates(answers, row, images)[1].mean()),
        top5=float((classes == truth[:, None]).any(1).mean()),
        ece=calibration_error(answers.probabilities[row][images][:, 0], right),
        nll=float(-answers.true[row][images].astype(np.float64).mean()),
    )


def class_accuracies(answers: Answers, row: int, images: Bools | slice = slice(None)) -> dict[str, float]:
    """The accuracy of each class that has images, by its name, over some of the images."""
    labels, rates = _class_rates(answers, row, images)
    return {answers.labels[label]: rate for label, rate in zip(labels.tolist(), rates.tolist(), strict=True)}


def _class_rates(answers: Answers, row: int, images: Bools | slice) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The classes that have images, and the accuracy of each."""
    truth = answers.truth[images]
    sizes, right = np.bincount(truth), np.bincount(truth, answers.classes[row, images, 0] == truth)
    labels = np.flatnonzero(sizes)
    return labels, right[labels] / sizes[labels]


def scores(answers: Answers, baseline: str, seed: int, images: Bools | slice = slice(None)) -> dict[str, Scores]:
    """Every template over some of the images, two at the least, compared with the baseline on them.

    The accuracies and likelihoods have intervals on the images that what was chosen is reported on.
    """
    templates = answers.templates
    right = answers.right[: len(templates)][:, images]  # (K, I)
    true = answers.true[: len(templates)][:, images]  # (K, I)
    ends: list[dict[str, float]] = [{} for _ in templates]
    if right.shape[1] == answers.halves[1].sum():
        both = np.stack(mean_intervals(np.concatenate([right, -true]), seed)).reshape(4, -1).T.tolist()
        ends = [dict(zip(("low", "nll_low", "high", "nll_high"), row, strict=True)) for row in both]
    compared = against(right, right[templates.index(baseline)], seed)
    return {
        template: Scores(
            **vars(measures(answers, row, images)), **ends[row],
            per_class=class_accuracies(answers, row, images),
            against_baseline=None if template == baseline else compared[row],
        )
        for row, template in enumerate(templates)
    }  # fmt: skip


def halves(answers: Answers, sets: Sequence[PromptSet], baseline: str, seed: int) -> Halves | None:
    """The templates on the half of the images that chooses what is best, and on the half that it is reported on."""
    choosing, reporting = answers.halves
    if choosing is reporting:
        return None
    negation = negation_effects(answers.right[:, reporting], sets, answers.templates, seed)
    return Halves(
        chosen_on=int(choosing.sum()), images=int(reporting.sum()),
        choosing={
            template: Scores(
                **vars(measures(answers, row, choosing)), per_class=class_accuracies(answers, row, choosing),
                against_baseline=None,
            )
            for row, template in enumerate(answers.templates)
        },
        reporting=scores(answers, baseline, seed, reporting), pairs=negation.pairs if negation else {},
    )  # fmt: skip


def behind(study: Study, answers: Answers, seed: int) -> dict[str, Comparison]:
    """The profile's other prompts against the best of them, on the images that it was not chosen on."""
    best, *others = (answers.templates.index(template) for template in study.ranked(study.prompts))
    right = answers.right[:, answers.halves[1]]
    compared = against(right[others], right[best], seed) if others else []
    return dict(zip((answers.templates[row] for row in others), compared, strict=True))


def against(right: Bools, base: Bools, seed: int) -> list[Comparison]:
    """Each row of right answers ``(K, I)`` against the baseline's ``(I,)``: McNemar, Holm, and the interval."""
    differences = right.astype(np.int64) - base
    low, high = mean_intervals(differences, seed)
    gained, lost = (differences > 0).sum(1).tolist(), (differences < 0).sum(1).tolist()
    p_values = [mcnemar(up, down) for up, down in zip(gained, lost, strict=True)]
    compared = [row for row in range(len(right)) if not np.array_equal(right[row], base)]
    adjusted = dict(zip(compared, holm([p_values[row] for row in compared]), strict=True))
    return [
        Comparison(
            effect=float(differences[row].mean()), low=float(low[row]), high=float(high[row]), n=right.shape[1],
            p=p_values[row], holm=adjusted.get(row, 1.0), gained=gained[row], lost=lost[row],
        )
        for row in range(len(right))
    ]  # fmt: skip


@dataclass(frozen=True)
class Design:
    """A factorial design: the rows of the answers that stand in it, each with its levels by factor."""

    cells: Mapping[int, Mapping[str, str]]
    rows: int  # of the answers

    @classmethod
    def of(cls, sets: Sequence[PromptSet], templates: Sequence[str], rows: int) -> Design:
        """The designs of all sets together; a carrier that several have is the first's, whose levels are complete."""
        cells: dict[int, Mapping[str, str]] = {}
        for prompts in sets:
            taken = {levels["frame"] for levels in cells.values()}
            for prompt in prompts.prompts:
                if prompt.factors and prompt.factors["frame"] not in taken:
                    cells[templates.index(prompt.template)] = prompt.factors
        return cls(cells, rows)

    @property
    def factors(self) -> list[str]:
        """The factors that it has: not every language has articles."""
        return [name for name in FACTORS if _pairs(self.step(name))]

    @property
    def carriers(self) -> list[str]:
        """The design's carrier sentences, in order."""
        return list(dict.fromkeys(levels["frame"] for levels in self.cells.values()))

    def mark(self, levels: Mapping[str, str]) -> NDArray[np.int64]:
        """The cells that have these levels of ``frame`` (the carrier), article and full stop, as weights (K,)."""
        weights = np.zeros(self.rows, np.int64)
        for row, cell in self.cells.items():
            weights[row] = levels.items() <= cell.items()
        return weights

    def step(self, factor: str, **at: str) -> NDArray[np.int64]:
        """A factor's higher level minus its lower one, at some levels of the others: weights (K,)."""
        higher, lower = FACTORS[factor]
        return self.mark({**higher, **at}) - self.mark({**lower, **at})

    def steps(self, factor: str) -> dict[str, NDArray[np.int64]]:
        """The same in each carrier that has the factor."""
        inside = {carrier: self.step(factor, frame=carrier) for carrier in self.carriers}
        return {carrier: weights for carrier, weights in inside.items() if _pairs(weights)}

    def interactions(self) -> dict[str, Contrast]:
        """How a factor's effect in a carrier differs from that in the others, and with a stop from that without."""
        contrasts = {}
        for factor in self.factors:
            whole, steps = self.step(factor), self.steps(factor)
            for carrier, inside in steps.items() if len(steps) > 1 else ():
                if _pairs(whole - inside):
                    contrast = difference(inside, whole - inside)
                    contrasts[f"{factor}, in “{carrier}” against the other carrier sentences"] = contrast
            if factor != "full stop":
                with_stop, without = (self.step(factor, **{"full stop": level}) for level in ("yes", "no"))
                if _pairs(with_stop) and _pairs(without):
                    contrasts[f"{factor}, with a full stop against without"] = difference(with_stop, without)
        return contrasts


def _pairs(weights: NDArray[np.int64]) -> bool:
    """Whether weights (K,) compare as many prompts as they compare them with: a design may lack some."""
    return bool(weights.any()) and not weights.sum()


def mean(weights: NDArray[np.int64]) -> Contrast:
    """The mean of the pairs that a factor's weights (K,) compare."""
    return Contrast(weights, int(weights.clip(0).sum()))


def difference(first: NDArray[np.int64], second: NDArray[np.int64]) -> Contrast:
    """The mean over the pairs of the first weights (K,), minus that over the second's, in whole numbers."""
    counts = [int(weights.clip(0).sum()) for weights in (first, second)]
    common = math.lcm(*counts)
    return Contrast(common // counts[0] * first - common // counts[1] * second, common)


def factor_effects(right: Bools, design: Design, seed: int) -> dict[str, FactorEffect]:
    """The design's main effects, each with the same effect in each carrier; empty without a design."""
    main = {name: mean(design.step(name)) for name in design.factors}
    inner = {
        (name, carrier): mean(weights) for name in design.factors for carrier, weights in design.steps(name).items()
    }
    inside = effects(right, inner, seed)
    return {
        name: FactorEffect(
            **vars(effect), per_carrier={carrier: inside[name, carrier] for carrier in design.steps(name)}
        )
        for name, effect in effects(right, main, seed).items()
    }


def negation_effects(right: Bools, sets: Sequence[PromptSet], templates: Sequence[str], seed: int) -> Negation | None:
    """Each negated template against its counterpart, and their mean; ``None`` where no set has such a pair."""
    every = (prompt for prompts in sets for prompt in prompts.prompts)
    counterparts = {prompt.template: prompt.counterpart for prompt in every if prompt.counterpart}
    if not counterparts:
        return None
    weights = np.zeros((len(counterparts), len(right)), np.int64)
    for pair, (negated, affirmed) in enumerate(counterparts.items()):
        weights[pair, templates.index(negated)], weights[pair, templates.index(affirmed)] = 1, -1
    single = {negated: Contrast(row, 1) for negated, row in zip(counterparts, weights, strict=True)}
    pairs = effects(right, single, seed)
    overall = effects(right, {"all": Contrast(weights.sum(0), len(counterparts))}, seed)["all"]
    return Negation(
        **vars(overall),
        pairs={negated: Pair(**vars(effect), counterpart=counterparts[negated]) for negated, effect in pairs.items()},
        overall=overall,
    )
