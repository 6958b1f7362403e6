"""What kind of word each word of a caption is, and which object it is about.

The classes are those of the written report's claims: ``object`` (a name of a category that has masks), ``colour``,
``place``, ``count``, ``relation``, ``function``; then ``adjective``, ``punctuation``, ``special`` (``[EOS]``) and
``other``. The lists stand in ``resources/word_classes.json``; object names are those of
:class:`hw3lib.data.lexicon.Lexicon`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from hw3lib import paths
from hw3lib.data.lexicon import Lexicon, tokens_of

if TYPE_CHECKING:
    pass

CLASSES = ("object", "colour", "place", "count", "relation", "function")
_SPECIAL = re.compile(r"\[[A-Z]+\]")


@dataclass(frozen=True)
class Kind:
    """A word's class, and the category that it names or, as a colour, a count or an article, belongs to, if any."""

    name: str
    category: str | None = None
    plural: bool = False  # part of a phrase that speaks of several: "a group of brown cows", "two dogs"


@lru_cache(maxsize=1)
def classes() -> Lexicon:
    """The shipped lists as a lexicon from words to classes."""
    return Lexicon.load(paths.PACKAGE / "resources" / "word_classes.json")


def classify(words: Sequence[str], objects: Lexicon) -> list[Kind]:
    """The :class:`Kind` of each word of a caption, ``[BOS]`` and ``[EOS]`` among them.

    A colour or a count belongs to the object that it stands before, with nothing between but adjectives, other colours
    and counts, "and" and "of": "red" belongs to the hydrant in "a red and white fire hydrant", and to no object in "a
    girl in a red dress", where dresses have no masks, nor in "a girl in red skiing", where skis are not what is red.
    """
    tokens, places = [], []  # of each token, the word that it is part of
    for place, word in enumerate(words):
        parts = tokens_of(word) if not _SPECIAL.fullmatch(word) else []
        tokens += parts
        places += [place] * len(parts)
    kinds = [Kind("special" if _SPECIAL.fullmatch(word) else "other") for word in words]
    for name, span in classes().spans(tokens):
        for token in span:
            kinds[places[token]] = Kind(name)
    for category, span in objects.spans(tokens):
        for token in span:
            kinds[places[token]] = Kind("object", category)
    for place in range(len(words) - 1, -1, -1):
        kind = kinds[place]
        if kind.name in ("colour", "count") or words[place].lower() in ("a", "an"):
            kinds[place] = _attached(kinds, words, place)
    return _mark_plurals(kinds, words)


def _attached(kinds: list[Kind], words: Sequence[str], place: int) -> Kind:
    """The word's kind with the category that it stands before, as :func:`classify` says."""
    name = kinds[place].name
    for later in range(place + 1, len(words)):
        if kinds[later].name == "object":
            return Kind(name, None if words[later].lower().endswith("ing") else kinds[later].category)
        if kinds[later].name not in ("colour", "count", "adjective") and words[later].lower() not in ("and", "of"):
            break
    return Kind(name)


def _mark_plurals(kinds: list[Kind], words: Sequence[str]) -> list[Kind]:
    """Mark the words of every phrase with a count of more than one: from its article to its last noun."""
    found = list(kinds)
    for place, kind in enumerate(kinds):
        if kind.name != "count" or kind.category is None or words[place].lower() == "one":
            continue
        start, end = place, place + 1
        while start and kinds[start - 1].category == kind.category and kinds[start - 1].name != "object":
            start -= 1
        while kinds[end].name != "object":  # there is one: the count has its category from it
            end += 1
        while end < len(kinds) and kinds[end] == Kind("object", kind.category):
            end += 1
        for each in range(start, end):
            found[each] = Kind(kinds[each].name, kinds[each].category, plural=True)
    return found


CLASS_NAMES = {
    "object": "nouns",
    "colour": "colours",
    "count": "counts",
    "relation": "relations",
    "place": "places",
    "function": "function words",
}
