"""What the prompt study found: the content of ``p1/study.json``, and of ``p1/probe.json``, from which a part follows.

Effects are :class:`~hw3lib.metrics.paired_tests.Effect`: differences in accuracy on the same images.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from hw3lib.metrics.paired_tests import Effect
from hw3lib.system.provenance import Provenance


@dataclass(frozen=True, kw_only=True)
class Measures:
    """How well a template or an ensemble classifies, over all images of known class."""

    accuracy: float  # share of images whose first answer is right
    mean_per_class: float  # the mean of the classes' accuracies
    top5: float  # share of images whose class is among the five likeliest
    ece: float  # expected calibration error, 15 bins
    nll: float  # mean negative log-likelihood of the true class, nats


@dataclass(frozen=True, kw_only=True)
class Comparison(Effect):
    """An effect between two templates (McNemar's exact test), and the images that only one of them gets right."""

    gained: int
    lost: int


@dataclass(frozen=True, kw_only=True)
class TemplateScores(Measures):
    """One template: the sets that have it, its place in a design, its accuracies, its difference from the baseline."""

    sets: list[str]  # names of the prompt sets that have it
    factors: dict[str, str]  # levels of frame, article, full stop; empty outside a design
    per_class: dict[str, float]  # accuracy of each class
    against_baseline: Comparison | None  # None for the baseline itself
    published: float | None = None  # what the written report gives


@dataclass(frozen=True, kw_only=True)
class FactorEffect(Effect):
    """A main effect (exact sign-flip test), and the same inside each frame."""

    per_frame: dict[str, Effect]


@dataclass(frozen=True, kw_only=True)
class Pair(Effect):
    """A negated template against its affirmative twin."""

    twin: str


@dataclass(frozen=True, kw_only=True)
class Negation(Effect):
    """The mean effect of all pairs, which the file holds twice, and each pair by its negated template."""

    pairs: dict[str, Pair]
    overall: Annotated[Effect, Field(alias="negation vs affirmative twin")]


@dataclass(frozen=True)
class Step:
    """A template that a greedy ensemble took, and the ensemble's scores from then on."""

    template: str
    accuracy: float
    nll: float


@dataclass(frozen=True, kw_only=True)
class EnsembleScores(Measures):
    """An ensemble, or a single template beside it, on the images on which nothing was chosen."""

    name: str
    members: list[str]
    against_baseline: Comparison | None


@dataclass(frozen=True)
class EnsembleStudy:
    """The baseline, the best single template and the ensembles, chosen on some images and judged on others."""

    chosen_on: int  # images
    images: int
    rows: list[EnsembleScores]
    greedy: list[Step]


@dataclass(frozen=True)
class Shots:
    """The linear probe's mean accuracy with so many labelled images per class, and its range over draws."""

    shots: int
    accuracy: float
    low: float
    high: float


@dataclass(frozen=True)
class ProbeStudy:
    """The linear probe beside zero-shot on the same test images; ``crossing`` is the fewest shots that beat it."""

    shots: list[int]
    points: list[Shots]
    zero_shot: float
    crossing: int | None
    draws: int
    test: int  # images per draw
    strength: float
    template: str


@dataclass(frozen=True)
class Accuracies:
    """CLIP and the supervised network on the same ``n`` images; ``None`` where there are none."""

    clip: float | None
    supervised: float | None
    n: int


@dataclass(frozen=True)
class UnseenStudy:
    """CLIP and a supervised network on images of classes that the network was not taught; ``seen``, of those taught.

    ``low`` to ``high`` is the interval of the difference, ``p`` McNemar's, ``confidence`` the network's mean.
    """

    clip: float
    supervised: float
    n: int
    low: float
    high: float
    p: float
    confidence: float
    seen: Accuracies
    taught: int  # classes
    train: int  # images
    network: str
    classes: list[str]  # those not taught
    of: int  # all classes
    template: str


@dataclass(frozen=True, kw_only=True)
class Study:
    """The whole study; a part for which there were too few images or classes, or no design, is empty or ``None``."""

    images: int  # of known class
    labels: list[str]  # the names of the classes
    baseline: str  # the template that all others are compared with
    templates: dict[str, TemplateScores]  # by template, those of the profile's own set first
    factors: dict[str, FactorEffect]  # main effects of the factorial design
    interactions: dict[str, Effect]  # by how much a factor's effect depends on another factor
    negation: Negation | None  # negated templates against their affirmative twins
    ensemble: EnsembleStudy | None  # means of templates
    probe: ProbeStudy | None = None  # a linear probe on labelled images, beside zero-shot
    unseen: UnseenStudy | None = None  # a supervised network and CLIP on classes that the network was not taught
    provenance: Provenance | None = None  # None until it is written

    @property
    def prompts(self) -> dict[str, TemplateScores]:
        """The templates of the profile's own set."""
        own = next(iter(self.templates.values())).sets[0]
        return {template: scores for template, scores in self.templates.items() if own in scores.sets}

    @property
    def chance(self) -> float:
        """The accuracy of guessing."""
        return 1 / len(self.labels)


@dataclass(frozen=True)
class Draw:
    """One draw of the probe: its test images, and by number of shots the class given to each of them."""

    test: list[int]
    given: dict[str, list[int]]


@dataclass(frozen=True)
class UnseenAnswers:
    """The supervised network's answers to all images that it was not fitted on, and its confidence in them."""

    network: str
    taught: list[int]  # classes
    train: int  # images
    test: list[int]
    given: list[int]
    confidence: list[float]


@dataclass(frozen=True)
class ProbeAnswers:
    """Answers of the learned rivals and of CLIP to the images of known class, as ``p1/probe.json`` holds them."""

    truth: list[int]
    zero_shot: list[int]
    template: str
    draws: list[Draw]
    labels: list[str]  # the names of the classes
    unseen: UnseenAnswers | None
