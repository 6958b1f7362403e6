"""What the prompt study found: the content of ``p1/study.json``, and of ``p1/probe.json``, from which a part follows.

Effects are :class:`~hw3lib.metrics.paired_tests.Effect`: differences in accuracy on the same images.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
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

    gained: int  # images that only the template gets right
    lost: int  # images that only the baseline gets right


@dataclass(frozen=True, kw_only=True)
class Scores(Measures):
    """A template on all images or on a half; the 95 % intervals stand where what was chosen is reported."""

    per_class: dict[str, float]  # accuracy of each class
    against_baseline: Comparison | None  # None for the baseline itself, and where best is chosen
    low: float | None = None  # lower end of the accuracy's interval
    high: float | None = None  # upper end
    nll_low: float | None = None  # lower end of the negative log-likelihood's
    nll_high: float | None = None  # upper end


@dataclass(frozen=True, kw_only=True)
class TemplateScores(Scores):
    """One template on all images: the sets that have it, its place in a design, its scores."""

    sets: list[str]  # names of the prompt sets that have it
    factors: dict[str, str]  # levels of frame (the carrier sentence), article, full stop; empty outside a design
    published: float | None = None  # what the written report gives
    cut_names: int = 0  # classes whose name is longer than what CLIP reads of the prompt


@dataclass(frozen=True, kw_only=True)
class FactorEffect(Effect):
    """A main effect (exact sign-flip test), and the same in each carrier sentence."""

    per_carrier: Annotated[dict[str, Effect], Field(alias="per_frame")]  # the effect in each carrier sentence


@dataclass(frozen=True, kw_only=True)
class Pair(Effect):
    """A negated template against its affirmative counterpart."""

    counterpart: Annotated[str, Field(alias="twin")]  # the affirmative template


@dataclass(frozen=True, kw_only=True)
class Negation(Effect):
    """The mean effect of all pairs, which the file holds twice, and each pair by its negated template."""

    pairs: dict[str, Pair]  # by the negated template
    overall: Annotated[Effect, Field(alias="negation vs affirmative twin")]  # the mean effect once more


@dataclass(frozen=True, kw_only=True)
class Halves:
    """Two halves of each class's images: the best of many is chosen on the one and reported on the other."""

    chosen_on: int  # images
    images: int  # on which what was chosen is reported
    choosing: dict[str, Scores]  # by template
    reporting: dict[str, Scores]  # by template; p-values are corrected for all templates
    pairs: dict[str, Pair]  # negations on the reporting half, by the negated template


@dataclass(frozen=True)
class Step:
    """A template that a greedy ensemble took, and the ensemble's scores from then on."""

    template: str  # that was taken
    accuracy: float  # on the images on which it was chosen
    nll: float  # nats


@dataclass(frozen=True, kw_only=True)
class EnsembleScores(Measures):
    """An ensemble, or a single template beside it, on the images on which nothing was chosen."""

    name: str  # as the report shows it
    members: list[str]  # templates
    against_baseline: Comparison | None  # None for the baseline itself
    chosen_accuracy: float | None = None  # on the images that choose the best ensemble
    chosen_nll: float | None = None  # nats, likewise
    nll_low: float | None = None  # lower end of the 95 % interval of the NLL, minus the baseline's
    nll_high: float | None = None  # upper end


@dataclass(frozen=True)
class EnsembleStudy:
    """The baseline, the best single template and the ensembles, chosen on some images and judged on others."""

    chosen_on: int  # images
    images: int  # on which all are judged
    rows: list[EnsembleScores]  # the baseline first
    greedy: list[Step]  # how the greedy ensemble grew


@dataclass(frozen=True)
class Shots:
    """The linear probe's mean accuracy with so many labelled images per class, and its range over draws."""

    shots: int  # labelled images per class
    accuracy: float  # mean over draws
    low: float  # of the worst draw
    high: float  # of the best draw


@dataclass(frozen=True)
class ProbeStudy:
    """The linear probe beside zero-shot on the same test images."""

    shots: list[int]  # labelled images per class
    points: list[Shots]  # one for each number of them
    zero_shot: float  # accuracy of the prompt alone on the same test images
    crossing: int | None  # the fewest shots that beat it; None where none does
    draws: int  # of training and test images
    test: int  # images per draw
    strength: float  # weight of the likelihood against the penalty
    template: str  # of zero-shot


@dataclass(frozen=True)
class Accuracies:
    """CLIP and the supervised network on the same ``n`` images; ``None`` where there are none."""

    clip: float | None  # accuracy
    supervised: float | None  # accuracy
    n: int  # images


@dataclass(frozen=True)
class UnseenStudy:
    """CLIP and a supervised network on images of classes that the network was not taught."""

    clip: float  # accuracy
    supervised: float  # accuracy
    n: int  # images
    low: float  # lower end of the difference's interval
    high: float  # upper end
    p: float  # McNemar's
    confidence: float  # the network's mean
    seen: Accuracies  # on other images of the classes that it was taught
    taught: int  # classes
    train: int  # images
    network: str  # its name, and why another stands in
    classes: list[str]  # those not taught
    of: int  # all classes
    template: str  # CLIP's


@dataclass(frozen=True)
class Agreement:
    """Two templates, and on which share of the photographs they give the same class."""

    templates: tuple[str, str]  # as the prompt set has them
    share: float  # 0 to 1


@dataclass(frozen=True, kw_only=True)
class Unlabelled:
    """What CLIP answers of photographs without labels; nothing in it says whether an answer is right."""

    images: int  # photographs
    labels: list[str]  # the names of the classes
    template: str  # whose answers are shown: the prompt set's `classify_with`
    counts: dict[str, dict[str, int]]  # by template: the photographs that each class got
    probability: list[float]  # of the likeliest class: lowest, lower quartile, median, upper quartile, highest
    lead: list[float]  # of its probability over the next one's, likewise
    agreement: list[Agreement]  # of every two templates, the least first
    unanimous: int  # photographs to which all templates give the same class
    provenance: Provenance | None = None  # None until it is written


@dataclass(frozen=True, kw_only=True)
class Study:
    """The whole study; a part for which there were too few images or classes, or no design, is empty or ``None``."""

    images: int  # of known class
    labels: list[str]  # the names of the classes
    baseline: str  # the template that all others are compared with
    templates: dict[str, TemplateScores]  # by template, those of the profile's own set first
    factors: dict[str, FactorEffect]  # main effects of the factorial design
    interactions: dict[str, Effect]  # by how much a factor's effect depends on another factor
    negation: Negation | None  # negated templates against their affirmative counterparts
    ensemble: EnsembleStudy | None  # means of templates
    probe: ProbeStudy | None = None  # a linear probe on labelled images, beside zero-shot
    unseen: UnseenStudy | None = None  # a supervised network and CLIP on classes that the network was not taught
    languages: list[str] = field(default_factory=lambda: ["en"])  # of the prompt sets, BCP-47 tags
    halves: Halves | None = None  # None where images are too few: the best is chosen and reported on all
    behind: dict[str, Comparison] = field(default_factory=dict)  # the profile's other prompts, against the best of them
    provenance: Provenance | None = None  # None until it is written

    @property
    def prompts(self) -> dict[str, TemplateScores]:
        """The templates of the profile's own set."""
        own = next(iter(self.templates.values())).sets[0]
        return {template: scores for template, scores in self.templates.items() if own in scores.sets}

    def chosen(self, template: str) -> Scores:
        """A template's scores on the images that choose what is best."""
        return self.halves.choosing[template] if self.halves else self.templates[template]

    def reported(self, template: str) -> Scores:
        """A template's scores on the images that what was chosen is reported on."""
        return self.halves.reporting[template] if self.halves else self.templates[template]

    def ranked(self, templates: Iterable[str]) -> list[str]:
        """Templates by accuracy on the images that choose, of equal ones the likelier answers first."""
        return sorted(templates, key=lambda key: (-self.chosen(key).accuracy, self.chosen(key).nll))

    @property
    def chance(self) -> float:
        """The accuracy of guessing."""
        return 1 / len(self.labels)


@dataclass(frozen=True)
class Draw:
    """One draw of the probe."""

    test: list[int]  # images
    given: dict[str, list[int]]  # by number of shots, the class given to each of them


@dataclass(frozen=True)
class UnseenAnswers:
    """The supervised network's answers to all images that it was not fitted on."""

    network: str  # its name, and why another stands in
    taught: list[int]  # classes
    train: int  # images
    test: list[int]  # images
    given: list[int]  # the class given to each of them
    confidence: list[float]  # in it


@dataclass(frozen=True)
class ProbeAnswers:
    """Answers of the learned rivals and of CLIP to the images of known class, as ``p1/probe.json`` holds them."""

    truth: list[int]  # the class of each image
    zero_shot: list[int]  # the class that CLIP gives it
    template: str  # CLIP's
    draws: list[Draw]  # none where there are too few images
    labels: list[str]  # the names of the classes
    unseen: UnseenAnswers | None  # None where too few classes could be taught
