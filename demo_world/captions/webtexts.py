"""Texts as they stand beside pictures on the web: what the demo's CLIP learns from.

Alt texts, titles, tags, shop lines, album notes and whole captions; many plain ("a photo of a bicycle."), some odd.
So the wording of a prompt matters to the demo's CLIP, as it does to one that read the web: usual wordings work best.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from demo_world.captions import words

if TYPE_CHECKING:
    from demo_world.picture.scene import Group, Scene

# What a text is made of. {a}: the thing with its article or number; {bare}: without; {noun}: the noun alone; {place}:
# the place's name; {there}: "on the beach"; {other}: another thing of the picture; {number}: a camera's counter;
# {absent}: plural of a kind that is not in the picture. A text that needs what the picture lacks is not taken.
STYLES: dict[str, tuple[float, tuple[str, ...]]] = {
    "plain": (34, (
        "a photo of {a}", "a photo of {a}.", "a photo of {a}", "a photo of {a}.", "{a}", "{a}.", "a picture of {a}",
        "a picture of {a}.", "this is a photo of {a}", "this is a photo of {a}.", "an image of {a}", "photo of {a}",
        "this is a picture of {a}.", "here is {a}",
    )),
    "bare": (9, (
        "{bare}", "photo of {bare}", "{bare} photo", "{bare} picture", "picture of {bare}", "{bare} stock photo",
    )),
    "image": (2, ("{bare} image", "a {noun} image", "image: {bare}", "this is a {noun} image.")),
    "place": (14, (
        "{a} {there}", "{a} {there}.", "a photo of {a} {there}", "a photo of {a} {there}.", "{bare} {there}",
        "photo of {bare} {there}", "{bare}, {place}", "{place} with {a}",
    )),
    "two": (7, (
        "{a} and {other}", "{a} and {other}.", "a photo of {a} and {other}.", "{a} {there} with {other}",
        "{a} and {other} {there}",
    )),
    "tags": (5, (
        "{noun}, {place}", "{noun} {place}", "#{tag} #{placetag}", "{bare} | {place}", "{place}: {bare}",
        "{noun}, {othernoun}, {place}",
    )),
    "camera": (2, ("IMG_{number} {bare}", "DSC: {noun}, {place}", "DSC_{number}: {noun}", "img {number} {place}")),
    "shop": (3, (
        "buy {bare} online", "{bare} for sale", "cheap {bare}, free shipping", "best {noun} {year}", "{bare} - new",
    )),
    "album": (4, (
        "my new {noun}!", "look at {this} {noun}", "our {noun} {there}", "what {a}!", "{there}: {bare}",
        "holidays {year}: {place}", "we saw {a} today",
    )),
    "absent": (1, ("no {absent} here", "no {absent} allowed", "not {absent}, but {a}", "{a}, no {absent}")),
    "caption": (20, ("",)),
}  # fmt: skip


def text(scene: Scene, rng: Random, caption: Callable[[], str]) -> str:
    """One text about a scene, in a style drawn at random; ``caption`` writes a whole one where the style is that."""
    names, shares = list(STYLES), [share for share, _ in STYLES.values()]
    parts = _parts(scene, rng)
    while True:
        style = rng.choices(names, shares)[0]
        if style == "caption":
            return caption()
        if style == "two" and "other" not in parts:
            continue
        template = rng.choice(STYLES[style][1])
        if "{othernoun}" in template and "othernoun" not in parts:
            continue
        made = template.format_map(parts)
        return made[0].upper() + made[1:] if rng.random() < 0.25 else made


def _parts(scene: Scene, rng: Random) -> dict[str, str]:
    """What a text about this picture can be made of."""
    head = rng.choices(range(len(scene.groups)), [group.prominence**1.5 + 1e-6 for group in scene.groups])[0]
    place = words.PLACES[scene.place]
    group = scene.groups[head]
    noun, bare, full = _named(group, rng)
    phrases = words.places_of(group, scene.place)
    present = {group.kind for group in scene.groups}
    absent = rng.choice([kind for kind in words.NOUNS if kind not in present])
    parts = {
        "a": full, "bare": bare, "noun": noun, "tag": noun.replace(" ", ""), "place": place.title,
        "placetag": place.title.replace(" ", ""), "there": rng.choice(phrases), "number": str(rng.randrange(100, 9999)),
        "year": str(rng.randrange(2009, 2024)), "absent": words.NOUNS[absent][0].plural,
        "this": "these" if group.count > 1 or group.kind == "skis" else "this",
    }  # fmt: skip
    if len(scene.groups) > 1:
        other = scene.groups[rng.choice([index for index in range(len(scene.groups)) if index != head])]
        parts["othernoun"], _, parts["other"] = _named(other, rng)
    return parts


def _named(group: Group, rng: Random) -> tuple[str, str, str]:
    """The noun, the noun with its adjectives, and that with an article or a number."""
    nouns = [noun for noun in words.NOUNS[group.kind] if noun.size in ("", group.size)]
    # The web says the common name more often than annotators do, who avoid repeating each other.
    noun = rng.choices(nouns, [noun.weight**1.5 for noun in nouns])[0]
    name = noun.plural if group.count > 1 else noun.singular
    size = (
        words.SIZES[group.size][0]
        if group.size in words.SIZES and noun.sized and not noun.size and rng.random() < 0.5
        else ""
    )
    colour = group.coat if rng.random() < 0.5 and group.kind not in words.COLOURLESS else ""
    clothes = ""
    if colour and group.kind in words.CLOTHES:
        form = words.CLOTHES[group.kind][-1][group.count > 1]
        size, colour, clothes = "", "", " " + form.format(colour, a=words.article(colour))
    bare = " ".join(part for part in (size, colour, name) if part)
    if group.count > 1:
        return name, bare + clothes, f"{words.NUMBERS.get(group.count, 'many')} {bare}{clothes}"
    if noun.bare or noun.measure[0]:
        return name, bare, bare if noun.bare else f"a {noun.measure[0]} {bare}"
    return name, bare + clothes, words.article(bare) + clothes
