"""The reported images one by one: what every run says of each, the references, and how far the runs disagree.

From the runs' predictions and ``scores.json``, image by image, to cards; :mod:`hw3lib.viewer.gallery` shows them.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean

from hw3lib.captioning.results import RunScores
from hw3lib.data.caption_set import CaptionSet
from hw3lib.data.language import Language
from hw3lib.data.lexicon import plural
from hw3lib.metrics import chair

RECALL = "object recall"  # of one image: found of expected


@dataclass(frozen=True)
class RunCaption:
    """One run's caption of one image."""

    pieces: tuple[str, ...]  # joined they are the caption; every second one, from the second, a reference has too
    scores: dict[str, float]  # by metric; object recall only where an object is expected
    absent: tuple[str, ...]  # objects that it names and that are not in the image: CHAIR's hallucinations

    @property
    def text(self) -> str:
        """The caption."""
        return "".join(self.pieces)


@dataclass(frozen=True)
class Card:
    """One image with every run's caption."""

    name: str
    references: tuple[str, ...]
    captions: dict[str, RunCaption]  # by run
    disagreement: float | None  # 0..1: 1 less the mean overlap in words of two runs' captions; None of a single run


def cards(
    images: CaptionSet,
    predictions: Mapping[str, Mapping[str, str]],
    scores: Mapping[str, RunScores],
    language: Language,
    objects: chair.Objects | None = None,
) -> list[Card]:
    """A card per image, in the images' order; ``predictions`` by run and image name.

    ``objects`` are those of the images, where their instances are known; object names are looked for in English only.
    """
    references = dict(zip(images.names, images.captions, strict=True))
    absent: dict[str, dict[str, list[str]]] = {}
    if objects is not None and language.english:
        absent = {run: chair.hallucinations(texts, objects, references) for run, texts in predictions.items()}
    result = []
    for name, texts in references.items():
        written = _forms(texts, language)
        captions = {
            run: RunCaption(
                tuple(pieces(of_run[name], written, language)),
                image_scores(scores[run].per_image[name]),
                tuple(dict.fromkeys(absent[run][name])) if absent else (),
            )
            for run, of_run in predictions.items()
        }
        said = [caption.text for caption in captions.values()]
        result.append(Card(name, texts, captions, disagreement(said, language)))
    return result


def image_scores(values: Mapping[str, int | float]) -> dict[str, float]:
    """The scores of one image among those of ``scores.json``, whose counts of objects become the image's recall.

    >>> image_scores({"CIDEr": 1.5, "mentions": 1, "hallucinated": 0, "objects_expected": 2, "objects_found": 1})
    {'CIDEr': 1.5, 'object recall': 0.5}
    """
    scores = {metric: float(value) for metric, value in values.items() if metric not in chair.COUNTS}
    expected = values.get("objects_expected", 0)
    return scores | ({RECALL: values["objects_found"] / expected} if expected else {})


def disagreement(captions: Sequence[str], language: Language) -> float | None:
    """How far captions of one image differ in their words: 0 for the same words, 1 for none in common.

    1 less the mean, over all pairs, of Dice's coefficient (1945) of their multisets of words; ``None`` for one caption.

    >>> disagreement(["a dog runs", "a dog sits"], Language())
    0.33333333333333337
    """
    if len(captions) < 2:
        return None
    words = [Counter(language.tokens(caption)) for caption in captions]
    overlaps = [
        2 * (one & other).total() / total if (total := one.total() + other.total()) else 1.0
        for one, other in combinations(words, 2)
    ]
    return 1 - fmean(overlaps)


def pieces(caption: str, written: frozenset[str], language: Language) -> list[str]:
    """A caption cut where the references' words begin and end: every second piece, from the second, is theirs.

    >>> pieces("A red dog runs.", frozenset({"dog", "red"}), Language())
    ['A ', 'red dog', ' runs.']
    """
    parts, end = [""], 0  # an odd number of parts: the last one is no word of theirs
    for word, start, stop in language.words(caption):
        if _form(word) not in written:
            continue
        between = caption[end:start]
        if len(parts) > 1 and not between.strip():
            parts[-2] += caption[end:stop]  # words that follow one another are one piece
        else:
            parts[-1] += between
            parts += [caption[start:stop], ""]
        end = stop
    parts[-1] += caption[end:]
    return parts if parts[-1] else parts[:-1]


def _forms(texts: Iterable[str], language: Language) -> frozenset[str]:
    """The words of some captions; of English ones in the plural, too, and in the singular of a regular plural."""
    words = {_form(word) for text in texts for word, _, _ in language.words(text)}
    if language.english:
        words |= {plural(word) for word in words} | {one for word in words for one in _singulars(word)}
    return frozenset(words)


def _singulars(word: str) -> list[str]:
    stems = [word[:-1], word[:-2], f"{word[:-3]}y"]
    return [stem for stem in stems if stem and plural(stem) == word]


def _form(word: str) -> str:
    return unicodedata.normalize("NFKC", word).lower()
