"""What kind of word each word of a caption is, and which object it is about.

The classes are those of the written report's claims: ``object`` (a name of a category that has masks), ``colour``,
``place``, ``count``, ``relation``, ``function``; then ``adjective``, ``punctuation``, ``special`` (``[EOS]``) and
``other``. The lists stand in ``resources/word_classes.json``; object names are those of
:class:`hw3lib.data.lexicon.Lexicon`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from hw3lib import paths
from hw3lib.data.lexicon import Lexicon, tokens_of

CLASSES = ("object", "colour", "place", "count", "relation", "function")
CLASS_NAMES = {  # in the order of tables and figures
    "object": "nouns",
    "colour": "colours",
    "count": "counts",
    "relation": "relations",
    "place": "places",
    "function": "function words",
}
WORDS_ARE_ENGLISH = "the lists of nouns, colours, places and function words are English"
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

    >>> kinds = classify("two brown cows".split(), Lexicon.of({"cow": ["cow"]}))
    >>> [(kind.name, kind.category, kind.plural) for kind in kinds]
    [('count', 'cow', True), ('colour', 'cow', True), ('object', 'cow', True)]
    """
    special = [bool(_SPECIAL.fullmatch(word)) for word in words]
    parts = [[] if special[place] else tokens_of(word) for place, word in enumerate(words)]
    tokens = [token for tokens in parts for token in tokens]
    word_of = [place for place, tokens in enumerate(parts) for _ in tokens]  # by token
    kinds = [Kind("special" if is_special else "other") for is_special in special]
    named = [(Kind(name), span) for name, span in classes().spans(tokens)] if objects.english else []
    for kind, span in [*named, *((Kind("object", category), span) for category, span in objects.spans(tokens))]:
        for token in span:
            kinds[word_of[token]] = kind
    for place in reversed(range(len(words))):
        if kinds[place].name in ("colour", "count") or words[place].lower() in ("a", "an"):
            kinds[place] = Kind(kinds[place].name, _owner(kinds, words, place))
    return _mark_plurals(kinds, words)


def _owner(kinds: Sequence[Kind], words: Sequence[str], place: int) -> str | None:
    """The category of the object that a word stands before, as :func:`classify` says."""
    for kind, word in zip(kinds[place + 1 :], words[place + 1 :], strict=True):
        if kind.name == "object":
            return None if word.lower().endswith("ing") else kind.category
        if kind.name not in ("colour", "count", "adjective") and word.lower() not in ("and", "of"):
            return None
    return None


def _mark_plurals(kinds: Sequence[Kind], words: Sequence[str]) -> list[Kind]:
    """Mark the words of every phrase with a count of more than one: from its article to its last noun."""
    marked = list(kinds)
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
        marked[start:end] = [replace(part, plural=True) for part in kinds[start:end]]
    return marked
