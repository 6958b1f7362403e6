"""The nouns by which captions name categories of objects."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from hw3lib import paths
from hw3lib.system.errors import UserError
from hw3lib.system.files import read_json
from hw3lib.system.messages import shorten

NOTHING = "_none"
LEXICONS = ("synonyms_coco.json", "synonyms_demo.json")
_TOKEN = re.compile(r"[^\W\d_]+|[.,;:!?]")


def plural(phrase: str) -> str:
    """The regular plural of a phrase's last word."""
    if phrase.endswith(("s", "x", "z", "ch", "sh")):
        return phrase + "es"
    if phrase.endswith("y") and phrase[-2:-1] not in tuple("aeiou"):
        return phrase[:-1] + "ies"
    return phrase + "s"


@dataclass(frozen=True)
class Lexicon:
    """From words to categories. Build with :meth:`of`, :meth:`load` or :meth:`for_categories`.

    >>> lexicon = Lexicon.of({"dog": ["dog", "puppy"], "fire hydrant": ["hydrant"], "_none": ["hot dog"]})
    >>> lexicon.mentions("Two puppies eat a hot dog by a hydrant.")
    ['dog', 'fire hydrant']
    """

    categories: tuple[str, ...]
    phrases: dict[tuple[str, ...], str]  # tokens -> category, or NOTHING
    longest: int  # tokens of the longest phrase
    english: bool = True  # else nothing is known of any word

    @classmethod
    def of(cls, synonyms: Mapping[str, Iterable[str]]) -> Lexicon:
        """A lexicon from ``{category: synonyms}``. Raises :class:`UserError` when two categories claim a word."""
        phrases: dict[tuple[str, ...], str] = {}
        listed = [(word, category) for category, words in synonyms.items() for word in words]
        for word, category in listed:
            tokens = tuple(tokens_of(word))
            if phrases.setdefault(tokens, category) != category:
                both = f"{shorten(phrases[tokens])!r} and {shorten(category)!r}"
                raise UserError(f"the lexicon gives {shorten(word)!r} to both {both}; take it from one")
        for word, category in listed:  # what is listed outranks what the plural rule makes
            phrases.setdefault(tuple(tokens_of(plural(word))), category)
        phrases.pop((), None)
        longest = max((len(tokens) for tokens in phrases), default=0)
        return cls(tuple(category for category in synonyms if category != NOTHING), phrases, longest)

    @classmethod
    def none(cls) -> Lexicon:
        """Of captions in another language, of which no list is at hand."""
        return cls((), {}, 0, english=False)

    @classmethod
    def load(cls, path: str | Path) -> Lexicon:
        """Read a lexicon file. Raises :class:`UserError` when it is missing or of another form."""
        raw = read_json(path, 'It should hold {"category": ["synonym", ...], ...}.')
        lists = raw.values() if isinstance(raw, dict) else [None]
        if not all(isinstance(words, list) and all(isinstance(word, str) for word in words) for words in lists):
            raise UserError(f'{path} must hold {{"category": ["synonym", ...], ...}}')
        try:
            return cls.of(raw)
        except UserError as error:
            raise UserError(f"{path}: {error}") from None

    @classmethod
    def for_categories(cls, names: Iterable[str]) -> Lexicon:
        """The shipped lexicon that covers these categories (COCO's 80 or the demo world's); else their bare names."""
        wanted = set(names)
        shipped = (lexicon for lexicon in map(_shipped, LEXICONS) if wanted <= set(lexicon.categories))
        return next(shipped, None) or cls.of({name: [name] for name in sorted(wanted)})

    def mentions(self, caption: str) -> list[str]:
        """The categories that the caption mentions, in its order, one entry per mention."""
        return [category for category, _ in self.spans(tokens_of(caption))]

    def spans(self, tokens: Sequence[str]) -> list[tuple[str, range]]:
        """The mentions among the tokens of a caption (:func:`tokens_of`): categories, and the places of each phrase."""
        spans, start = [], 0
        while start < len(tokens):
            for length in range(min(self.longest, len(tokens) - start), 0, -1):
                category = self.phrases.get(tuple(tokens[start : start + length]))
                if category is not None:
                    if category != NOTHING:
                        spans.append((category, range(start, start + length)))
                    start += length
                    break
            else:
                start += 1
        return spans


@lru_cache(maxsize=len(LEXICONS))
def _shipped(name: str) -> Lexicon:
    return Lexicon.load(paths.PACKAGE / "resources" / name)


def tokens_of(text: str) -> list[str]:
    """Lower-case words; punctuation that ends a phrase stays, hyphens and apostrophes part words."""
    return _TOKEN.findall(text.lower())
