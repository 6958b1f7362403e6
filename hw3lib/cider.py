"""CIDEr-D (Vedantam et al. 2015) against references that are counted once.

The same numbers as pycocoevalcap's (n-grams of one to four words, counts clipped, a Gaussian penalty on the difference
in length, times ten), from vectors of the references that are kept between calls.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

from hw3lib.errors import UserError

LONGEST = 4  # words of an n-gram
SIGMA = 6.0  # of the length penalty, words

Gram = tuple[str, ...]


def ngrams(tokens: str) -> Counter[Gram]:
    """How often every n-gram of one to four words occurs in space-separated tokens."""
    words = tokens.split()
    return Counter(tuple(words[i : i + n]) for n in range(1, LONGEST + 1) for i in range(len(words) - n + 1))


class CiderReferences:
    """The references' side of CIDEr-D: document frequencies and tf-idf vectors, computed once."""

    def __init__(self, references: Sequence[Sequence[str]]) -> None:
        """``references[i]`` are the tokenised captions of image ``i``.

        Raises :class:`UserError` for fewer than two images.
        """
        if len(references) < 2:
            raise UserError(
                f"CIDEr of {len(references)} image{'s' * (len(references) != 1)} is undefined: it weighs words by how "
                "rare they are among the images' references, so it needs two at the least, and only scores of the same "
                "set can be compared"
            )
        counts = [[ngrams(reference) for reference in group] for group in references]
        frequency = Counter(gram for group in counts for gram in set().union(*group))
        # A word that no reference has counts as if one had it.
        self._rarest = math.log(len(references))
        self._idf = {gram: self._rarest - math.log(images) for gram, images in frequency.items()}
        self._images = [_Image([self._vector(count) for count in group]) for group in counts]

    def _vector(self, counts: Counter[Gram]) -> tuple[dict[Gram, float], list[float], int]:
        """tf-idf weights, their norm for each n, and the number of bigrams, which stands for the length."""
        weights = {gram: count * self._idf.get(gram, self._rarest) for gram, count in counts.items()}
        squares = [0.0] * LONGEST
        for gram, weight in weights.items():
            squares[len(gram) - 1] += weight * weight
        return (
            weights,
            [math.sqrt(square) for square in squares],
            sum(count for gram, count in counts.items() if len(gram) == 2),
        )

    def score(self, captions: Sequence[str]) -> list[float]:
        """CIDEr-D of every image's tokenised caption, in the references' order; the set's score is their mean."""
        return [
            image.score(*self._vector(ngrams(caption))) for image, caption in zip(self._images, captions, strict=True)
        ]

    def score_pairs(self, indices: Sequence[int], captions: Sequence[str]) -> list[float]:
        """temp"""
        return [
            self._images[i].score(*self._vector(ngrams(caption))) for i, caption in zip(indices, captions, strict=True)
        ]


class _Image:
    """One image's references, turned around: n-gram -> the references that hold it, with their weights."""

    def __init__(self, vectors: list[tuple[dict[Gram, float], list[float], int]]) -> None:
        self.norms = [norms for _, norms, _ in vectors]
        self.lengths = [length for _, _, length in vectors]
        self.holders: dict[Gram, list[tuple[int, float]]] = defaultdict(list)
        for number, (weights, _, _) in enumerate(vectors):
            for gram, weight in weights.items():
                self.holders[gram].append((number, weight))

    def score(self, weights: dict[Gram, float], norms: list[float], length: int) -> float:
        overlap = [[0.0] * LONGEST for _ in self.norms]
        for gram, weight in weights.items():
            for number, held in self.holders.get(gram, ()):
                overlap[number][len(gram) - 1] += min(weight, held) * held
        total = 0.0
        for products, reference_norms, reference_length in zip(overlap, self.norms, self.lengths, strict=True):
            cosines = [
                product / (norm * reference_norm) if norm and reference_norm else product
                for product, norm, reference_norm in zip(products, norms, reference_norms, strict=True)
            ]
            total += sum(cosines) / LONGEST * math.exp(-((length - reference_length) ** 2) / (2 * SIGMA**2))
        return 10.0 * total / len(self.norms)
