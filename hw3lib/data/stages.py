"""When a training validates, and what the scores decide then: the rule, for the training and for who tells of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

from hw3lib.config import Run, Training

SCORES = ("CIDEr", "CLIPScore")  # what the stages watch, as far as there is a CLIP


@dataclass
class Stages:
    """Which learning rate is in use. The next one comes after ``patience`` validations in which no score rose.

    It also comes when the rate has had the epochs that ``budget`` gives it, where that says anything about it.
    """

    rates: tuple[float, ...]
    patience: int
    budget: tuple[int, ...] = ()
    stage: int = 0
    stale: int = 0
    spent: int = 0  # epochs at this rate
    best: dict[str, float] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        """Whether the last rate has been used up."""
        return self.stage >= len(self.rates)

    @property
    def rate(self) -> float:
        """The decoder's learning rate."""
        return self.rates[min(self.stage, len(self.rates) - 1)]

    def state(self) -> dict[str, Any]:
        """What tells these stages from fresh ones of the same rates: plain data."""
        return {"stage": self.stage, "stale": self.stale, "spent": self.spent, "best": dict(self.best)}

    def judge(self, scores: dict[str, float], epochs: int = 1, hold: bool = False) -> None:
        """Take note of a validation after so many more epochs; a rise of either score counts.

        ``hold`` keeps the last rate from ending: something is still to come that may raise the scores.
        """
        self.spent += epochs
        rose = [name for name in SCORES if scores.get(name, -math.inf) > self.best.get(name, -math.inf)]
        self.best |= {name: scores[name] for name in rose}
        self.stale = 0 if rose else self.stale + 1
        over_budget = self.stage < len(self.budget) and self.spent >= self.budget[self.stage]
        if self.stale >= self.patience or over_budget:
            kept = hold and self.stage == len(self.rates) - 1
            self.stage, self.stale, self.spent = self.stage + (not kept), 0, 0


def validated(training: Training, epoch: int, last: int) -> bool:
    """Whether an epoch, counted from 1, ends in a validation; ``last`` is the last one of the whole run."""
    return epoch % training.validate_every == 0 or epoch in (training.frozen_epochs, training.epochs, last)


def held(training: Training, epoch: int) -> bool:
    """Whether the last rate goes on after an epoch: an encoder that has not learned yet gets its turn."""
    return epoch <= training.frozen_epochs < training.epochs


def choices(run: Run) -> frozenset[str]:
    """What validation's scores can decide in a training: when the ``rate`` falls, its ``end``, which ``epoch`` is kept.

    All courses that the scores may take are followed.
    """
    training = run.training
    moments = [epoch for epoch in range(1, training.epochs + 1) if validated(training, epoch, training.epochs)]
    courses = [Stages(training.learning_rates, training.patience, training.stage_epochs)]
    ends, several_rates, before = set(), False, 0
    for epoch in moments[:-1]:  # after the last one nothing is left to decide
        onward = {}
        for course in courses:
            for rose in {True, epoch == moments[0]}:  # the first scores are always the best so far
                branch = replace(course, best={SCORES[0]: 0.0})
                if training.schedule == "staged":
                    branch.judge({SCORES[0]: float(rose)}, epoch - before, held(training, epoch))
                if branch.over:
                    ends.add(epoch)
                else:
                    onward[branch.stage, branch.stale, branch.spent] = branch
        courses, before = list(onward.values()), epoch
        several_rates |= len({course.stage for course in courses}) > 1
    ends |= {moments[-1]} if courses else set()
    chosen = max(ends) > moments[0] or run.self_critical.epochs > 0
    decided = {"rate": several_rates, "end": len(ends) > 1, "epoch": chosen}
    return frozenset(choice for choice, left in decided.items() if left)
