"""P3's result files: ``grounding.json``, how far attention can be believed, ``faithfulness.json``, whether its maps are
faithful (:mod:`hw3lib.attention.cards`), and ``summary.json``, its captions.

``hit`` is the pointing game's accuracy, ``mass`` the attention mass inside the object, ``rank`` Spearman's correlation
with how much of each patch the object covers; see :mod:`hw3lib.attention.grounding`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from hw3lib.attention.maps import View
from hw3lib.metrics.interval_tests import FEW, p_value

Table = list[list[float]]  # (N, H + 1): layers by heads, their mean in the last column
Verdict = Literal["passed", "failed", "inconclusive"]

NEGLIGIBLE = 0.02  # nats: 2 % of a word's probability, which no reader would notice
HALF = 0.5  # of a rank correlation: the line between maps that agree and maps that do not


@dataclass(frozen=True)
class Estimate:
    """A mean over words, with its 95 % interval by bootstrap over images; no interval from a single image."""

    value: float | None  # the mean
    low: float | None  # lower end of the interval
    high: float | None  # upper end


@dataclass(frozen=True)
class Effect:
    """A difference of two means with its 95 % interval, from ``n`` images."""

    effect: float  # the difference
    low: float  # lower end of the interval
    high: float  # upper end
    n: int  # images

    @property
    def p(self) -> float:
        """The two-sided p-value of "no difference"."""
        return p_value(self)


@dataclass(frozen=True)
class Compared(Estimate):
    """A measure beside those of maps that do not know the word, and the differences to each."""

    value: float  # the mean
    low: float  # lower end of its interval
    high: float  # upper end
    uniform: float  # of uniform attention
    centre: float  # of a prior for the centre of the photograph
    caption: float  # the mean map of the caption's other words
    over_uniform: Effect  # value less uniform
    over_centre: Effect  # value less centre
    over_caption: Effect  # value less caption

    def over(self, prior: str) -> Effect:
        """The difference to one of :data:`hw3lib.attention.word_measures.PRIORS`."""
        effect: Effect = getattr(self, f"over_{prior}")
        return effect


@dataclass(frozen=True, kw_only=True)
class Aimed:
    """Words that have something to attend to; only their number when they are of one image."""

    aimed: int  # words
    aimed_images: int  # images that they are of
    hit: Compared | None = None  # the pointing game's accuracy
    mass: Compared | None = None  # share of attention inside the object
    rank: Compared | None = None  # rank correlation of attention and cover


@dataclass(frozen=True, kw_only=True)
class WordClass(Aimed):
    """What was measured of a class of words."""

    words: int  # all of the class
    images: int  # images that they are of
    entropy: Estimate  # bits
    stability: Estimate  # correlation with the map on the mirrored photograph
    elsewhere: Estimate  # correlation with a map on another photograph
    at: str  # what these words should attend to


@dataclass(frozen=True)
class Views:
    """Nouns by layer and head."""

    hit: Table | None
    mass: Table | None
    rank: Table | None
    entropy: Table | None
    stability: Table | None


@dataclass(frozen=True)
class HeldoutMass(Estimate):
    """An attribution method's mass inside the object, and its difference to the last layer's."""

    value: float
    over_last: Effect


@dataclass(frozen=True)
class Heldout:
    """An attribution method on the images that had no say in the choice of layer and head."""

    hit: Estimate
    mass: HeldoutMass


@dataclass(frozen=True)
class BestMethod:
    """The attribution method with the most mass inside the object on some images, judged on others."""

    method: str  # may be the last layer's mean itself
    images: tuple[int, int]  # those that it was chosen on, and judged on; neither chose layer or head
    mass: HeldoutMass  # on those that judge it
    last: Estimate  # the last layer's mass on the same


@dataclass(frozen=True)
class Choice:
    """The layer and head whose attention lies most inside the named object; pairs are of choosing and of judging."""

    chosen: View  # the best head
    layer: int  # the best by the mean of its heads
    images: tuple[int, int]  # those that it was chosen on, and judged on
    words: tuple[int, int]  # likewise
    heldout: dict[str, Heldout]  # by attribution method
    best: BestMethod | None  # chosen on half of the judging images; null where there are too few


@dataclass(frozen=True)
class WordEvenness(Estimate):
    """How evenly words of one kind are spread over the instances of a phrase about several."""

    words: int


@dataclass(frozen=True)
class Groups:
    """How evenly attention is spread over several instances, 0 to 1: the phrase's words, and the caption's others."""

    images: int
    phrase: Estimate
    rest: Estimate
    difference: Effect
    by_word: dict[str, WordEvenness]


@dataclass(frozen=True)
class Grounding:
    """The whole of ``grounding.json``, for the mean of all heads of the last layer unless it says otherwise."""

    provenance: dict[str, Any]  # what made it
    run: str  # the captioning run
    images: int  # measured
    words: int  # measured
    grid: tuple[int, int]  # Gh, Gw
    most_bits: float  # of uniform attention
    layers: int  # the decoder's
    heads: int  # of each layer
    classes: dict[str, WordClass]  # by class of words
    views: Views  # nouns, by layer and head
    choice: Choice | None  # the best layer and head, judged on other images
    function_entropy: Effect | None  # bits of function words less those of nouns
    function_whole: Effect | None  # less so many of the bits of uniform attention: summary.DIFFUSE
    wrong: Aimed  # the run's own nouns whose object is not there: on any object
    masks: bool  # whether there are any to compare with
    groups: Groups | None  # of reference captions that speak of several
    swapped: Aimed | None  # of reference captions whose noun was replaced by that of another thing


@dataclass(frozen=True)
class MapTest:
    """What a way of asking was tested for: the effect with its 95 % interval, from ``n`` images."""

    verdict: Verdict  # passed, failed or inconclusive
    effect: float  # nats, or a rank correlation
    low: float  # lower end of the interval
    high: float  # upper end
    n: int  # images


@dataclass(frozen=True)
class ClassArea(Estimate):
    """An area between curves, nats, of one class of words."""

    images: int | None = None  # that the words are of; None in a file that does not say

    @property
    def verdict(self) -> Verdict:
        """Passed above zero, failed below; inconclusive otherwise. Ask :attr:`judged` first."""
        assert self.low is not None and self.high is not None
        return "passed" if self.low > 0 else "failed" if self.high < 0 else "inconclusive"

    @property
    def judged(self) -> bool:
        """Whether there are images enough for a verdict."""
        return self.low is not None and (self.images is None or self.images >= FEW)


@dataclass(frozen=True)
class Card:
    """One way of asking: its tests, and what they are made of."""

    tests: dict[str, MapTest]  # by name: see hw3lib.attention.cards
    between: Estimate  # area between the curves of weakest and strongest first, nats
    classes: dict[str, ClassArea]  # the same, by class of words
    strongest: list[float]  # mean log-probability by share deleted, strongest first
    weakest: list[float]  # likewise, weakest first
    randomised: dict[str, float]  # rank correlation with the map, by what is re-initialised
    pixels: dict[str, float | None]  # rank correlation of words' deletion effects by features and by pixels, by fill

    @property
    def faithful(self) -> Verdict:
        """Deletion and insertion together."""
        verdicts = {self.tests[name].verdict for name in ("deletion", "insertion")}
        return "failed" if "failed" in verdicts else "passed" if verdicts == {"passed"} else "inconclusive"


@dataclass(frozen=True)
class Faithfulness:
    """The whole of ``p3/faithfulness.json``."""

    provenance: dict[str, Any]  # what made it
    run: str  # the captioning run
    seed: str | None  # another seed's training, whose maps were compared with its own
    other: str | None  # another run, likewise
    images: int  # tested
    words: int  # tested
    random: list[float]  # mean log-probability by share deleted, in random order
    centre: list[float]  # likewise, centre first
    cards: dict[str, Card]  # by way of asking; none with fewer than two images


@dataclass(frozen=True)
class Thing:
    """A category of objects that a caption names or leaves out, and what says that it is in the image."""

    category: str  # of the instances file
    share: float | None  # of the image's area, 0 where the annotations lack it; None without annotations
    seen: bool  # by the model: not all of it was cropped away
    references: int  # reference captions that name it

    @property
    def present(self) -> bool:
        """Annotated, or named by a reference caption, as CHAIR counts (Rohrbach et al. 2018)."""
        return bool(self.share) or self.references > 0


@dataclass(frozen=True)
class WordAttention:
    """A word's or a phrase's attention on what it is about, by the mean of the last layer's heads."""

    word: str  # as the caption has it; words that follow one another for one object are one: "fire hydrant"
    kind: str  # its class
    category: str  # the object that it names or belongs to, or ""
    target: str  # named: its object; any: whatever object there is; both: a relation's sides; ground: no object
    mass: float  # attention inside
    uniform: float  # the same of a uniform map
    centre: float  # the same of the centre prior
    hit: float  # 1 where the strongest patch lies on it; patches of equal strength share, and words have their mean


@dataclass(frozen=True)
class Disagreement:
    """A word for an object in whose place all reference captions that say such a word say others."""

    word: str  # the caption's
    kind: str  # object, colour or count
    category: str  # the object's
    references: dict[str, int]  # their words, and how many of them say each


@dataclass(frozen=True)
class CaptionFacts:
    """What a caption says beside what is in the image, and where its words attend."""

    annotated: bool  # the image has annotated objects' masks at its own size
    references: int  # reference captions
    named: tuple[Thing, ...]  # objects that the caption names, in its order
    unnamed: tuple[Thing, ...]  # large enough to expect a mention (CHAIR's rule), or named by half of the references
    words: tuple[WordAttention, ...]  # those that have something to attend to
    disagreements: tuple[Disagreement, ...]  # with the reference captions
    unshared: tuple[str, ...]  # content words that no reference caption has


@dataclass(frozen=True)
class ScoredCaption:
    """An image with the caption that the run gave it."""

    image: str  # file name
    caption: str  # the run's
    clip_score: Annotated[float, Field(alias="CLIPScore")]


@dataclass(frozen=True)
class Summary:
    """The whole of ``summary.json``."""

    provenance: dict[str, Any]  # what made it
    run: str  # the captioning run
    best: ScoredCaption | None  # by CLIPScore; None without a CLIP
    worst: ScoredCaption | None  # by CLIPScore; None without a CLIP
    photographs: dict[str, str]  # captions by the photograph's name
    facts: dict[str, CaptionFacts]  # of the photographs' captions, by name
    pair_facts: dict[str, CaptionFacts]  # of "best" and "worst"
