"""The three questions about P3's photographs and pairs, answered in tables and sentences from typed results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING

from hw3lib.attention.maps import CaptionAttention
from hw3lib.attention.results import CaptionFacts, Disagreement, Thing, WordAttention
from hw3lib.attention.selection import MOST_READ, Pair
from hw3lib.attention.word_classes import CLASS_NAMES, WORDS_ARE_ENGLISH
from hw3lib.config import training_of
from hw3lib.data.language import Language
from hw3lib.display.bundle import Cell, Content
from hw3lib.display.prose import names_in_words, plain
from hw3lib.system import files

if TYPE_CHECKING:
    from hw3lib.models.inference import LoadedRun

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def photographs_heading(count: int) -> str:
    """The first question's name.

    >>> photographs_heading(5), photographs_heading(1)
    ('## 1. The five photographs', '## 1. The photograph')
    """
    return "## 1. The photograph" if count == 1 else f"## 1. The {_number(count)} photographs"


def photographs_answer(run: str, attentions: Sequence[CaptionAttention], facts: Sequence[CaptionFacts]) -> str:
    """Where the nouns of the photographs' captions attend, and what the maps are made of."""
    nouns = [word for fact in facts for word in _named(fact)]
    captions = "the caption" if len(attentions) == 1 else f"the {_number(len(attentions))} captions"
    if nouns:
        inside = Inside.of(nouns)
        attend = "more than chance" if inside.above else "no more than chance"
        text = (
            f"**The words for objects in {captions} attend to them {attend} on average**: {inside.told}"
            f"{_spread(attentions, facts)}"
        )
    elif any(fact.annotated for fact in facts):
        text = f"**Every word of {captions} has a map**; no word names an object that is annotated."
    else:
        text = f"**Every word of {captions} has a map**; without masks of the objects, no share inside them is known."
    for attention, fact in zip(attentions, facts, strict=True):
        if fact.annotated and not all(thing.present for thing in fact.named):
            text += f" The caption of {plain(attention.name)} {_account(fact)}."
    layers, heads = attentions[0].maps.shape[:2]
    rows, columns = attentions[0].grid
    return (
        f"{text} The run `{run}` has {layers} layers of {heads} heads, each with a map of {rows} × {columns} patches."
    )


def beside_answer(second: LoadedRun | None, photographs: int) -> str:
    """What the page's viewers can put beside a photograph, in a sentence; empty for nothing."""
    run = f"the same one as the run `{training_of(second.folder)}` reads it" if second else ""
    if second and photographs > MOST_READ:
        run += f" (the first {MOST_READ} of them)"
    ways = [*(["another photograph"] if photographs > 1 else []), *([run] if run else [])]
    if not ways:
        return ""
    why = " That run has the highest CIDEr of the others; it writes its own caption, or reads the same words."
    return f"*Beside it*, in the controls, puts {' or '.join(ways)} next to a photograph.{why if second else ''}"


def ranking_answer(pairs: Sequence[Pair], split: str = "validation") -> str:
    """Which pairs are the best and the worst, in a sentence; ``split`` says which images these are."""
    scores = [pair.clip_score for pair in pairs if pair.clip_score is not None]
    if not scores:
        return "The captions cannot be ranked: this profile has no CLIP, so there is no CLIPScore."
    best, worst = (f"*{plain(pair.caption)}* ({plain(pair.name)})" for pair in (pairs[-1], pairs[0]))
    if len(scores) == 1:
        return f"**The {split} set has one pair, {best} with CLIPScore {scores[0]:.4f}**: the best and the worst."
    if scores[0] == scores[-1]:
        score = f"CLIPScore {scores[0]:.4f}"
        return f"**All {len(scores)} {split} pairs have {score}**; those shown are the last and first by name."
    return (
        f"**The best caption is {best} with CLIPScore {scores[-1]:.4f}, the worst {worst} with {scores[0]:.4f}**; the "
        f"median of all {len(scores)} {split} pairs is {median(scores):.4f}.{_by_cider(pairs)} The published scores "
        "are the written report's, of another model on other images."
    )


def _by_cider(pairs: Sequence[Pair]) -> str:
    """What the reference captions say of the best and the worst pair by CLIPScore, where CIDEr is known."""
    ciders = [pair.cider for pair in pairs if pair.cider is not None]
    worst, best = pairs[0].cider, pairs[-1].cider
    if worst is None or best is None:
        return ""
    mean = fmean(ciders)
    sides = ["the best is below the mean"] if best < mean else []
    sides += ["the worst is above the mean"] if worst > mean else []
    text = (
        " Best and worst are CLIP's judgement of image and caption. CIDEr, the agreement with the reference captions, "
        f"is {best:.2f} for the best and {worst:.2f} for the worst; its mean is {mean:.2f}."
    )
    return f"{text} By the references, then, {names_in_words(sides)}." if sides else text


def pair_table(end: str, pair: Pair) -> Content:
    """A pair's caption with its score, its reference captions, and the published score of the ``best`` or ``worst``."""
    published = files.resource("published.json")["p3"][end]
    rows: list[list[Cell]] = [["this run", pair.clip_score, "" if pair.cider is None else pair.cider, pair.caption]]
    rows += [["reference caption", "", "", reference] for reference in pair.references]
    rows.append(["published", published["CLIPScore"], "", f"of the image {published['image']}"])
    return ["", "CLIPScore", "CIDEr", "caption"], rows


def unclassed(language: Language) -> str:
    """Why words of another language than English are neither classed nor compared with objects, as a sentence."""
    return (
        f"The captions are in {language.name}: {WORDS_ARE_ENGLISH}, so no word is classed or compared with an object."
    )


def maps_answer(facts: Mapping[str, CaptionFacts]) -> str:
    """Where the pairs' words for objects attend, and what the captions name and leave out, in two sentences."""
    if not facts:
        return "Without a ranking there is no best and no worst pair whose maps could be compared."
    insides = {end: Inside.of(named) if (named := _named(fact)) else None for end, fact in facts.items()}
    if len(facts) > 1 and all(inside and inside.above for inside in insides.values()):
        shares = "; ".join(f"{end}: {inside.against}" for end, inside in insides.items() if inside)
        maps = f"In both captions the words for objects have more attention on them than chance ({shares})"
    else:
        maps = "; ".join(_attends(end, facts[end].annotated, inside) for end, inside in insides.items())
    accounts = "; ".join(f"the {end} {_account(fact)}{_foreign(fact)}" for end, fact in facts.items())
    return f"**{maps[0].upper()}{maps[1:]}.** {accounts[0].upper()}{accounts[1:]}."


def pair_facts(end: str, fact: CaptionFacts) -> str:
    """What a pair's caption says, beside what is in the image, as a list in Markdown."""
    lines = [
        f"**{end.capitalize()} pair.** {_things('Named and in the image', fact, [t for t in fact.named if t.present])}"
    ]
    if absent := [thing for thing in fact.named if not thing.present]:
        lines.append(_things("Named and not in the image", fact, absent))
    if fact.unnamed:
        lines.append(_things("In the image and not named", fact, fact.unnamed))
    lines += [*_attention(fact), *map(_disagreement, fact.disagreements)]
    if fact.unshared:
        words = ", ".join(f"*{plain(word)}*" for word in fact.unshared)
        lines.append(f"Words that no reference caption has: {words}.")
    return " ".join(lines)


def words_table(fact: CaptionFacts) -> Content:
    """How much of each word's attention lies inside what it is about."""
    columns = ["word", "class", "compared with", "attention inside", "uniform map", "centre prior", "strongest patch"]
    rows: list[list[Cell]] = []
    for word in fact.words:
        region = {"named": word.category, "any": "any object", "both": "both sides", "ground": "no object"}[word.target]
        shares = [f"{share:.0%}" for share in (word.mass, word.uniform, word.centre)]
        strongest = "inside" if word.hit > 0.5 else "outside"
        rows.append([word.word, CLASS_NAMES.get(word.kind, word.kind), region, *shares, strongest])
    return columns, rows


@dataclass(frozen=True)
class Inside:
    """Means over words: attention inside an object, of this run, of a uniform map and of the centre prior."""

    mass: float
    uniform: float
    centre: float
    hits: int  # words whose strongest patch lies inside
    words: int

    @classmethod
    def of(cls, words: Sequence[WordAttention]) -> Inside:
        """Of one or more words."""
        mass, uniform, centre = (fmean(getattr(w, name) for w in words) for name in ("mass", "uniform", "centre"))
        return cls(mass, uniform, centre, sum(word.hit > 0.5 for word in words), len(words))

    @property
    def above(self) -> bool:
        """More than both maps that do not know the word."""
        return self.mass > max(self.uniform, self.centre)

    @property
    def against(self) -> str:
        """The shares inside, and where the strongest patches lie, as a phrase."""
        return (
            f"{self.mass:.0%} inside, against {self.uniform:.0%} of a uniform map and {self.centre:.0%} of the centre "
            f"prior; strongest patch inside for {self.hits} of {self.words}"
        )

    @property
    def told(self) -> str:
        """The shares, as a sentence."""
        return (
            f"{self.mass:.0%} of their attention lies inside, against {self.uniform:.0%} of a uniform map and "
            f"{self.centre:.0%} of the centre prior. The strongest patch lies inside for {self.hits} of {self.words} "
            f"such word{'s' * (self.words != 1)}."
        )


def _named(fact: CaptionFacts) -> list[WordAttention]:
    return [word for word in fact.words if word.kind == "object" and word.target == "named"]


def _spread(attentions: Sequence[CaptionAttention], facts: Sequence[CaptionFacts]) -> str:
    """How far the words for objects differ, which have less than chance, and which only imply an object."""
    nouns = [(word, image.name) for image, fact in zip(attentions, facts, strict=True) for word in _named(fact)]

    def told(word: WordAttention, name: str) -> str:
        return f"{word.mass:.0%} for *{plain(word.word)}* ({plain(name)})"

    text = ""
    low, high = (side(nouns, key=lambda noun: noun[0].mass) for side in (min, max))
    if round(100 * low[0].mass) < round(100 * high[0].mass):
        text += f" The mean hides a range, from {told(*low)} to {told(*high)}."
    if len(nouns) > 1 and (below := [noun for noun in nouns if not Inside.of([noun[0]]).above]):
        text += f" Not above both maps: {names_in_words([told(*noun) for noun in below])}."
    named = {word.word.lower(): word.category for word, _ in nouns if word.word.lower().endswith("ing")}
    acts = {word: of for word, of in named.items() if word != of and of.startswith(word.removesuffix("ing"))}
    if implied := [f"*{plain(act)}* for {plain(of)}" for act, of in acts.items()]:
        text += f" Words that imply an object count as its name: {names_in_words(implied)}."
    return text


def _attends(end: str, annotated: bool, inside: Inside | None) -> str:
    """Whether a caption's words for objects attend to them, as a clause."""
    if inside is None:
        lacking = "names no object that has a mask" if annotated else "has an image without masks"
        return f"the {end} caption {lacking}, so no share inside is known"
    verdict = "to them" if inside.above else "to them no more than chance"
    return f"in the {end} caption the words for objects attend {verdict} ({inside.against})"


def _foreign(fact: CaptionFacts) -> str:
    """The words of a caption that no reference has and no annotated class or other word stands for, after the rest."""
    checked = {part for word in fact.words for part in word.word.split()}
    checked |= {part for item in fact.disagreements for part in item.word.split()}
    words = [word for word in fact.unshared if word not in checked]
    covers = " and no annotated class covers" if fact.annotated else ""
    return f", and says {_quoted(words)}, which no reference mentions{covers}" if words else ""


def _account(fact: CaptionFacts) -> str:
    """What a caption names and leaves out, after its subject."""
    absent = [thing.category for thing in fact.named if not thing.present]
    count, of_classes = len(fact.named), " of the annotated classes" if fact.annotated else ""
    objects = f"{_number(count)} object{'s' * (count != 1)}{of_classes}"
    if not (fact.annotated or fact.references):
        named = f"names {objects}, and nothing tells whether they are there" if count else "names no object"
    elif not count:
        named = f"names no object{of_classes}"
    elif absent:
        named = f"names {objects}, of which {_quoted(absent)} {'is' if len(absent) == 1 else 'are'} not there"
    else:
        named = f"names {objects}, {'which is' if count == 1 else 'both' if count == 2 else 'all'} in the image"
    return f"{named}, and leaves out {_quoted([t.category for t in fact.unnamed]) if fact.unnamed else 'none'}"


def _things(title: str, fact: CaptionFacts, things: Sequence[Thing]) -> str:
    """Objects with what is known of them."""
    if not things:
        return f"{title}: none."
    return f"{title}: {names_in_words([_thing(thing, fact) for thing in things])}."


def _thing(thing: Thing, fact: CaptionFacts) -> str:
    known = []
    if thing.share is not None:
        known.append(f"{thing.share:.0%} of the image" if thing.share else "not annotated")
    if fact.references:
        known.append(f"in {thing.references} of {fact.references} references")
    if not thing.seen:
        known.append("cropped away before the model saw it")
    return f"{plain(thing.category)} ({', '.join(known)})" if known else plain(thing.category)


def _attention(fact: CaptionFacts) -> list[str]:
    """Where the words for objects attend: those that are there, and those that are not."""
    if not fact.annotated:
        return ["The image has no masks of its objects: how much attention lies inside them is not known."]
    sentences = []
    nouns = [word for word in fact.words if word.kind == "object"]
    if named := _named(fact):
        inside = Inside.of(named)
        verdict = "" if inside.above else " no more than a map that ignores the word"
        sentences.append(f"The words for objects attend to them{verdict}: {inside.told}")
    if absent := [word for word in nouns if word.target == "any"]:
        inside, words = Inside.of(absent), _quoted(dict.fromkeys(word.word for word in absent))
        verdict = "attend to other objects" if inside.above else "attend to no other object either"
        sentences.append(f"The words for what is not there ({words}) {verdict}: {inside.told}")
    return sentences


def _disagreement(item: Disagreement) -> str:
    said = names_in_words([f"*{plain(word)}* ({count})" for word, count in item.references.items()])
    return f"For {plain(item.category)} it says *{plain(item.word)}*, where the references say {said}."


def _quoted(words: Sequence[str] | Mapping[str, None]) -> str:
    return names_in_words([f"*{plain(word)}*" for word in words])


def _number(count: int) -> str:
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)
