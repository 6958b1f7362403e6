"""What one factor of a prompt does: accuracies of prompts that differ in one thing, compared on the same images.

A carrier is the sentence around the class name. Letters: K templates (and ensembles), I images.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw3lib.metrics.bootstrap import mean_intervals
from hw3lib.metrics.paired_tests import Contrast, calibration_error, effects, holm, mcnemar
from hw3lib.prompts.answers import Answers
from hw3lib.prompts.results import Comparison, FactorEffect, Measures, Negation, Pair
from hw3lib.prompts.templates import Prompt, PromptSet

Bools = NDArray[np.bool_]
# A factor's levels that are compared, higher minus lower, and in how many pairs of a carrier's cells it is.
FACTORS = {
    "article: a vs none": ({"article": "a"}, {"article": "none"}, 2),
    "article: correct vs none": ({"article": "correct"}, {"article": "none"}, 2),
    "full stop": ({"stop": "yes"}, {"stop": "no"}, 3),
}


def measures(answers: Answers, row: int, images: Bools | slice = slice(None)) -> Measures:
    """Accuracy and its kin of one row of the answers, over some of the images."""
    truth, classes = answers.truth[images], answers.classes[row][images]  # (I,), (I, 5)
    right = classes[:, 0] == truth
    return Measures(
        accuracy=float(right.mean()),
        mean_per_class=float(np.mean([right[truth == label].mean() for label in np.unique(truth)])),
        top5=float((classes == truth[:, None]).any(1).mean()),
        ece=calibration_error(answers.probabilities[row][images][:, 0], right),
        nll=float(-answers.true[row][images].astype(np.float64).mean()),
    )


def class_accuracies(answers: Answers, row: int) -> dict[str, float]:
    """The accuracy of each class that has images, by its name."""
    right, truth = answers.right[row], answers.truth
    return {answers.labels[label]: float(right[truth == label].mean()) for label in np.unique(truth).tolist()}


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
    """A factorial design: the row of the answers in which each cell (carrier, article, full stop) stands."""

    cells: Mapping[tuple[str, ...], int]
    rows: int  # of the answers

    @classmethod
    def of(cls, sets: Sequence[PromptSet], templates: Sequence[str], rows: int) -> Design:
        """The designs of all sets together."""
        prompts = _distinct(sets)
        cells = {
            tuple(prompt.factors.values()): templates.index(prompt.template) for prompt in prompts if prompt.factors
        }
        return cls(cells, rows)

    @property
    def carriers(self) -> list[str]:
        """The design's carrier sentences, in order."""
        return list(dict.fromkeys(carrier for carrier, _, _ in self.cells))

    def mark(self, **levels: str) -> NDArray[np.int64]:
        """The cells that have these levels of carrier, article and stop, as weights (K,)."""
        weights = np.zeros(self.rows, np.int64)
        for cell, row in self.cells.items():
            has = dict(zip(("carrier", "article", "stop"), cell, strict=True))
            weights[row] = all(has[factor] == level for factor, level in levels.items())
        return weights

    def step(self, factor: str, **at: str) -> NDArray[np.int64]:
        """A factor's higher level minus its lower one, at some levels of the others: weights (K,)."""
        higher, lower, _ = FACTORS[factor]
        return self.mark(**higher, **at) - self.mark(**lower, **at)

    def interactions(self) -> dict[str, Contrast]:
        """How a factor's effect in a carrier differs from that in the others, and with a stop from that without."""
        contrasts, others = {}, len(self.carriers) - 1
        for factor, (*_, pairs) in FACTORS.items() if self.cells else ():
            for carrier in self.carriers if others else ():
                inside = self.step(factor, carrier=carrier)
                contrasts[f"{factor}, in “{carrier}” against the other carrier sentences"] = Contrast(
                    others * inside - (self.step(factor) - inside), pairs * others
                )
            if factor != "full stop":
                contrasts[f"{factor}, with a full stop against without"] = Contrast(
                    self.step(factor, stop="yes") - self.step(factor, stop="no"), len(self.carriers)
                )
        return contrasts


def factor_effects(right: Bools, design: Design, seed: int) -> dict[str, FactorEffect]:
    """The design's main effects, each with the same effect in each carrier; empty without a design."""
    if not design.cells:
        return {}
    carriers = design.carriers
    main = {name: Contrast(design.step(name), pairs * len(carriers)) for name, (*_, pairs) in FACTORS.items()}
    inner = {
        (name, carrier): Contrast(design.step(name, carrier=carrier), pairs)
        for name, (*_, pairs) in FACTORS.items()
        for carrier in carriers
    }
    inside = effects(right, inner, seed)
    return {
        name: FactorEffect(**vars(effect), per_carrier={carrier: inside[name, carrier] for carrier in carriers})
        for name, effect in effects(right, main, seed).items()
    }


def negation_effects(right: Bools, sets: Sequence[PromptSet], templates: Sequence[str], seed: int) -> Negation | None:
    """Each negated template against its counterpart, and their mean; ``None`` where no set has such a pair."""
    counterparts = {prompt.template: prompt.counterpart for prompt in _distinct(sets) if prompt.counterpart}
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


def _distinct(sets: Sequence[PromptSet]) -> list[Prompt]:
    """The prompts of designs and pairs, each template once: where several sets have it, as the last has it."""
    every = (prompt for prompts in sets for prompt in prompts.prompts if prompt.factors or prompt.counterpart)
    return list({prompt.template: prompt for prompt in every}.values())
