"""How an annotator names a group of things: number, size, colour, noun, clothes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from demo_world.captions import words
from demo_world.captions.words import Noun

if TYPE_CHECKING:  # the grammar needs no drawing code
    from demo_world.picture.scene import Group


@dataclass(frozen=True)
class Phrase:
    """A noun phrase and how a verb agrees with it."""

    text: str
    plural: bool
    collective: bool = False  # "a herd of cows": "are" or "is"
    there_is: bool = False  # "there is a herd of cows", "there is a dog and a ball"


@dataclass
class Annotator:
    """One person's habits while writing one caption, and whom the caption has named so far."""

    rng: Random
    colour: float  # probability that a colour is said
    detail: float  # 0..1, how much besides the objects is said
    named: list[str] = field(default_factory=list)

    def chance(self, p: float) -> bool:
        return self.rng.random() < p

    def pick(self, options: Sequence[str]) -> str:
        return self.rng.choice(options)


def noun_phrase(group: Group, who: Annotator) -> Phrase:
    """Name a group: number, size, colour and noun, as this annotator would."""
    rng = who.rng
    nouns = [noun for noun in words.NOUNS[group.kind] if noun.size in ("", group.size)]
    noun = rng.choices(nouns, [noun.weight for noun in nouns])[0]
    before, after = _attributes(group, noun, who)
    another = group.kind in who.named
    who.named.append(group.kind)
    if group.count == 1:
        name = " ".join((*before, noun.singular))
        if noun.bare:
            return Phrase(name, True)
        if noun.measure[0]:
            name = f"{noun.measure[0]} {name}"
        return Phrase(f"another {name}{after}" if another else words.article(name) + after, False, there_is=True)
    name = " ".join((*((noun.measure[1],) if noun.measure[1] else ()), *before, noun.plural))
    if group.count == 2:
        return Phrase(f"{rng.choices(('two', 'a couple of', 'a pair of'), (10, 1, 1))[0]} {name}{after}", True)
    number = words.NUMBERS.get(group.count, "many")
    gathering = words.article(rng.choice((*words.COLLECTIVES.get(group.kind, ()), "group"))) + " of"
    start = rng.choices((number, "several", "some", gathering), (10, 1.5, 0.7, 5))[0]
    together = start == gathering
    return Phrase(f"{start} {name}{after}", True, collective=together, there_is=together)


def _attributes(group: Group, noun: Noun, who: Annotator) -> tuple[tuple[str, ...], str]:
    """Adjectives before the noun, and what is said of clothes after it (with a leading space)."""
    before: tuple[str, ...] = ()
    people = group.kind in words.PEOPLE
    sizes = (words.HUMAN_SIZES if people else words.SIZES).get(group.size, ())
    if sizes and noun.sized and not noun.size and who.chance(0.75):
        before = (who.pick(sizes),)
    # What has the colour that one expects is rarely said to have it.
    usual = words.USUAL.get(group.kind) == group.coat
    if group.kind in words.COLOURLESS or not who.chance(who.colour * (0.4 if usual else 1.0)):
        return before, ""
    colour = who.pick(words.COLOURS.get(group.coat, (group.coat,)))
    if group.kind not in words.CLOTHES:
        return (*before, colour), ""
    clothes = words.SKI_CLOTHES if group.pose == "skiing" else words.CLOTHES[group.kind]
    form = who.rng.choice(clothes)[group.count > 1]
    return before, " " + form.format(colour, a=words.article(colour))
