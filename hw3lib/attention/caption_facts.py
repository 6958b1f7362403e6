"""What a caption says beside what is in the image: named and there, named and absent, present and left out.

What is there is told by the image's annotated objects, where it has any, and by its reference captions.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

import numpy as np

from hw3lib.attention.grounding import measure_caption
from hw3lib.attention.maps import CaptionAttention
from hw3lib.attention.results import CaptionFacts, Disagreement, Thing, WordAttention
from hw3lib.attention.word_classes import Kind, classify
from hw3lib.data.instances import Instances, Mask, patch_shares
from hw3lib.data.lexicon import Lexicon, plural, tokens_of
from hw3lib.metrics.chair import SMALLEST

_NUMERALS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_SAME_WORD = {"grey": "gray", "violet": "purple", "golden": "gold", "colourful": "colorful"}

Said = dict[tuple[str, str], tuple[str, ...]]  # (class, category) -> the phrase that says it


def annotation(attention: CaptionAttention, sources: Iterable[Instances | None]) -> Instances | None:
    """The first of ``sources`` that has the photograph, at its size; None when there is none."""
    size = (attention.image.height, attention.image.width)
    source = next((source for source in sources if source and attention.name in source.sizes), None)
    return source if source and source.sizes[attention.name] == size else None


def word_masks(attention: CaptionAttention, sources: Iterable[Instances | None]) -> dict[int, Mask]:
    """The masks of the objects that a caption names, by the word's place: what the viewer outlines; ``(h, w)`` each."""
    instances = annotation(attention, sources)
    if instances is None:
        return {}
    masks = instances.masks(attention.name)
    kinds = classify([word.text for word in attention.words], Lexicon.for_categories(instances.categories))
    return {place: np.any(masks[kind.category], axis=0) for place, kind in enumerate(kinds) if kind.category in masks}


def caption_facts(
    attention: CaptionAttention, sources: Sequence[Instances | None], references: Sequence[str] = ()
) -> CaptionFacts:
    """Compare a caption with the image's annotated objects and with its reference captions."""
    instances = annotation(attention, sources)
    lexicon = Lexicon.for_categories(next((source.categories for source in sources if source), ()))
    masks = instances.masks(attention.name) if instances else {}
    mentions = Counter(category for reference in references for category in set(lexicon.mentions(reference)))

    def thing(category: str) -> Thing:
        mask = np.any(masks[category], axis=0) if category in masks else None
        share = (float(mask.mean()) if mask is not None else 0.0) if instances else None
        seen = mask is None or bool(patch_shares(mask, attention.geometry, attention.grid).any())
        return Thing(category, share, seen, mentions[category])

    named = dict.fromkeys(lexicon.mentions(attention.caption))
    others = [thing(category) for category in sorted({*masks, *mentions} - {*named})]
    return CaptionFacts(
        annotated=instances is not None,
        references=len(references),
        named=tuple(thing(category) for category in named),
        unnamed=tuple(other for other in others if _expected(other, len(references))),
        words=tuple(_words(attention, masks, lexicon)),
        disagreements=tuple(_disagreements(attention.caption, references, lexicon)),
        unshared=tuple(_unshared(attention.caption, references, lexicon)),
    )


def _expected(thing: Thing, references: int) -> bool:
    """Whether a caption could be expected to name it."""
    return 2 * thing.references >= references if thing.share is None else thing.share >= SMALLEST


def _words(attention: CaptionAttention, masks: Mapping[str, list[Mask]], lexicon: Lexicon) -> Iterable[WordAttention]:
    """Words of one kind for one object that follow one another, "fire hydrant", count as one: the mean of theirs."""
    columns = measure_caption(attention, masks, lexicon)
    names = [[str(name) for name in columns[column]] for column in ("kind", "category", "target")]
    for (kind, category, target), group in groupby(enumerate(zip(*names, strict=True)), key=lambda item: item[1]):
        if target and kind != "function":
            places = [place for place, _ in group]
            mass, hit = (float(columns[name][places, -1].mean()) for name in ("mass", "hit"))
            uniform, centre, _ = columns["prior_mass"][places].mean(axis=0).tolist()
            text = " ".join(columns["word"][places])
            yield WordAttention(text, kind, category, target, mass, uniform, centre, hit)


def _disagreements(caption: str, references: Sequence[str], lexicon: Lexicon) -> Iterable[Disagreement]:
    """The caption's nouns, colours and numerals that stand against those of all references for the same object."""
    others = [_said(reference, lexicon) for reference in references]
    for (kind, category), phrase in _said(caption, lexicon).items():
        said = [other[kind, category] for other in others if (kind, category) in other]
        # The category's own name speaks against no other: "person" is no word against "man".
        general = kind == "object" and any(_same(words, tuple(category.split())) for words in (phrase, *said))
        if said and not general and not any(_same(phrase, other) for other in said):
            yield Disagreement(" ".join(phrase), kind, category, dict(Counter(map(" ".join, said)).most_common()))


def _said(caption: str, lexicon: Lexicon) -> Said:
    """A caption's first noun, colour and numeral for each object; of verbs ("skiing") nothing."""
    words = tokens_of(caption)
    kinds = classify(words, lexicon)
    said: Said = {}
    for place, kind in enumerate(kinds):
        if kind.category is None or words[place].endswith("ing"):
            continue
        if kind.name == "object" and not (place and _continues(kinds, place)):
            end = next((i for i in range(place + 1, len(words)) if not _continues(kinds, i)), len(words))
            said.setdefault(("object", kind.category), tuple(words[place:end]))
        elif kind.name == "colour" or (kind.name == "count" and words[place] in _NUMERALS):
            said.setdefault((kind.name, kind.category), (words[place],))
    return said


def _continues(kinds: Sequence[Kind], place: int) -> bool:
    """Whether a word continues the noun before it: "hydrant" of "fire hydrant"."""
    return kinds[place].name == "object" and kinds[place] == kinds[place - 1]


def _same(phrase: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether one has the other's head, in the singular or the plural: "fire hydrant" and "hydrants"."""
    one, two = ([_SAME_WORD.get(word, re.sub("men$", "man", word)) for word in words] for words in (phrase, other))
    return any(
        head in words or plural(head) in words or head in map(plural, words)
        for head, words in ((one[-1], two), (two[-1], one))
    )


def _unshared(caption: str, references: Sequence[str], lexicon: Lexicon) -> Iterable[str]:
    """The caption's content words that no reference has, in the singular or the plural."""
    known = {form for reference in references for word in tokens_of(reference) for form in (word, plural(word))}
    words = tokens_of(caption)
    for word, kind in zip(words, classify(words, lexicon), strict=True):
        content = kind.name in ("object", "colour", "count", "place", "adjective", "other")
        if references and content and not {word, plural(word)} & known:
            yield word
