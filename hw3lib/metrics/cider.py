"""CIDEr-D (Vedantam et al. 2015) against references that are counted once.

The same numbers as pycocoevalcap's (n-grams of one to four words, counts clipped, a Gaussian penalty on the difference
in length, times ten). N-grams are integers and the references' side is a few sorted arrays, so captions are scored by
the batch: the hundreds that are sampled in a training step, or a whole validation set.

Letters: B captions, I images, W words of all captions, R references of all images.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw3lib.system.errors import UserError

LONGEST = 4  # words of an n-gram
SIGMA = 6.0  # of the length penalty, words
_WORD_BITS = 24  # an n-gram's code: the id of its first n - 1 words, then so many bits for the last word
_NO_CODE = np.iinfo(np.int64).max

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class CiderReferences:
    """The references' side of CIDEr-D: document frequencies and tf-idf vectors, computed once.

    >>> references = CiderReferences([["a red dog runs", "a dog"], ["a green bus", "the bus is green"]])
    >>> [round(value, 2) for value in references.score(["a dog", "a bus"])]
    [3.18, 1.46]
    """

    def __init__(self, references: Sequence[Sequence[str]]) -> None:
        """``references[i]`` are the tokenised captions of image ``i``.

        Raises :class:`UserError` for fewer than two images and for an image without a reference.
        """
        if len(references) < 2:
            raise UserError(
                f"CIDEr of {len(references)} image{'s' * (len(references) != 1)} is undefined: it weighs words by how "
                "rare they are among the images' references, so it needs two at the least, and only scores of the same "
                "set can be compared"
            )
        silent = [number for number, group in enumerate(references) if not group]
        if silent:
            raise UserError(f"CIDEr is undefined: image {silent[0]} of {len(references)} has no reference caption")
        self._counts = np.array([len(group) for group in references])  # references of each image
        self._firsts = np.cumsum(self._counts) - self._counts
        image = np.repeat(np.arange(len(references)), self._counts)  # (R,)
        flat = [caption for group in references for caption in group]
        self._vocabulary: dict[str, int] = {}
        for caption in flat:
            for word in caption.split():
                self._vocabulary.setdefault(word, len(self._vocabulary))
        text = _Text.of(flat, self._vocabulary)
        self._lengths = text.lengths
        self._orders: list[_Order] = []
        ids = text.words.copy()
        for n in range(1, LONGEST + 1):
            starts, codes = text.ngrams(n, ids)
            self._orders.append(_Order.of(codes, text.owner[starts], image))
            ids[starts] = self._orders[-1].identify(codes)

    def __len__(self) -> int:
        return len(self._counts)

    def score(self, captions: Sequence[str]) -> list[float]:
        """CIDEr-D of every image's tokenised caption, in the references' order; the set's score is their mean.

        Raises :class:`ValueError` unless there is one caption for each image.
        """
        return self.score_pairs(range(len(self)), captions)

    def score_pairs(self, indices: Sequence[int], captions: Sequence[str]) -> list[float]:
        """CIDEr-D of tokenised captions, each of the image at its index; an image may come often, once or never.

        N-grams weigh by how rare they are among all images, whichever are asked for. Raises :class:`ValueError` for
        indices and captions that do not pair and for an index beyond the images.
        """
        images = np.asarray(indices, np.int64)  # (B,)
        if len(images) != len(captions):
            raise ValueError(f"{len(images)} images do not pair with {len(captions)} captions")
        if not len(images):
            return []
        if images.min() < 0 or images.max() >= len(self):
            raise ValueError(f"image {images.min() if images.min() < 0 else images.max()} is none of the {len(self)}")
        text = _Text.of(captions, self._vocabulary)
        pairs = _Pairs.of(images, self._counts, self._firsts)
        similarity = np.zeros(len(pairs.reference))
        ids = text.words.copy()
        for n, order in enumerate(self._orders, 1):
            starts, codes = text.ngrams(n, ids)
            ids[starts] = order.identify(codes)
            similarity += order.cosines(text.owner[starts], ids[starts], pairs)
        difference = text.lengths[pairs.caption] - self._lengths[pairs.reference]
        similarity *= np.exp(-(difference**2) / (2 * SIGMA**2)) / LONGEST
        scores: list[float] = (10.0 * np.add.reduceat(similarity, pairs.starts) / self._counts[images]).tolist()
        return scores


@dataclass(frozen=True)
class _Text:
    """Captions as one row of words."""

    words: Ints  # (W,) ids; those beyond the vocabulary are this text's own
    owner: Ints  # (W,) the caption of each
    left: Ints  # (W,) words from this one, counted in, to its caption's end
    lengths: Floats  # (B,) of each caption, words

    @classmethod
    def of(cls, captions: Sequence[str], vocabulary: dict[str, int]) -> _Text:
        split = [caption.split() for caption in captions]
        words = [vocabulary.get(word, -1) for caption in split for word in caption]
        if -1 in words:
            unknown: dict[str, int] = {}
            spelled = (word for caption in split for word in caption)
            words = [
                unknown.setdefault(word, len(vocabulary) + len(unknown)) if id_ < 0 else id_
                for word, id_ in zip(spelled, words, strict=True)
            ]
        sizes = np.array([len(caption) for caption in split], np.int64)
        left = np.repeat(np.cumsum(sizes), sizes) - np.arange(len(words))
        owner = np.repeat(np.arange(len(split)), sizes)
        return cls(np.array(words, np.int64), owner, left, sizes.astype(np.float64))

    def ngrams(self, n: int, ids: Ints) -> tuple[Ints, Ints]:
        """Where n-grams start, and their codes; ``ids`` (W,) are those of the shorter by one that start there."""
        starts = np.flatnonzero(self.left >= n)
        last = self.words[starts + n - 1]
        return starts, last if n == 1 else ids[starts] << _WORD_BITS | last


@dataclass(frozen=True)
class _Pairs:
    """Every caption beside every reference of its image, in a row."""

    images: Ints  # (B,) the image of each caption
    starts: Ints  # (B,) where each caption's pairs start
    caption: Ints  # the caption of each pair
    reference: Ints  # the reference of each pair

    @classmethod
    def of(cls, images: Ints, counts: Ints, firsts: Ints) -> _Pairs:
        sizes = counts[images]
        starts = np.cumsum(sizes) - sizes
        caption = np.repeat(np.arange(len(images)), sizes)
        reference = np.arange(len(caption)) + (firsts[images] - starts)[caption]
        return cls(images, starts, caption, reference)


@dataclass(frozen=True)
class _Order:
    """The references' n-grams of one length; an n-gram's id is the place of its code."""

    codes: Ints  # sorted; the last is no n-gram's, and has the weight of those that no reference holds
    idf: Floats  # of each
    keys: Ints  # image * len(codes) + id, sorted: one for each reference of the image that holds the n-gram
    holder: Ints  # that reference
    weight: Floats  # its tf-idf there
    norms: Floats  # (R,)

    @classmethod
    def of(cls, codes: Ints, owner: Ints, image: Ints) -> _Order:
        """From the codes of all n-grams, the reference (R) that each stands in, and the image of each reference."""
        distinct, ids = np.unique(codes, return_inverse=True)
        size = len(distinct) + 1
        held, count = np.unique(owner * size + ids, return_counts=True)
        reference, gram = np.divmod(held, size)
        keys = image[reference] * size + gram
        images_with = np.bincount(np.unique(keys) % size, minlength=size)
        # One that no reference has counts as if one image had it.
        idf = math.log(image[-1] + 1) - np.log(np.maximum(images_with, 1))
        weight = count * idf[gram]
        norms = np.sqrt(np.bincount(reference, weight**2, minlength=len(image)))
        order = np.argsort(keys, kind="stable")
        return cls(np.append(distinct, _NO_CODE), idf, keys[order], reference[order], weight[order], norms)

    def identify(self, codes: Ints) -> Ints:
        """The ids of n-grams; those that no reference holds get ids of their own from ``len(self.codes)``."""
        ids = np.searchsorted(self.codes, codes)
        new = self.codes[ids] != codes
        if new.any():
            ids[new] = len(self.codes) + np.unique(codes[new], return_inverse=True)[1]
        return ids

    def cosines(self, owner: Ints, ids: Ints, pairs: _Pairs) -> Floats:
        """The clipped cosine of each pair, from the captions' n-grams: the caption and the id of each."""
        size = len(self.codes)
        span = max(size, int(ids.max(initial=0)) + 1)
        held, count = np.unique(owner * span + ids, return_counts=True)
        caption, gram = np.divmod(held, span)
        weight = count * self.idf[np.minimum(gram, size - 1)]
        norms = np.sqrt(np.bincount(caption, weight**2, minlength=len(pairs.images)))

        matching = gram < size  # n-grams that some reference holds
        caption, gram, weight = caption[matching], gram[matching], weight[matching]
        keys = pairs.images[caption] * size + gram
        low = np.searchsorted(self.keys, keys)
        holders = np.searchsorted(self.keys, keys, side="right") - low
        shared = np.repeat(np.arange(len(keys)), holders)  # an entry for each n-gram and reference that holds it
        place = np.arange(len(shared)) + (low - np.cumsum(holders) + holders)[shared]
        # A caption's pairs have its image's references in order.
        pair = (pairs.starts - pairs.reference[pairs.starts])[caption[shared]] + self.holder[place]
        theirs = self.weight[place]
        products = np.bincount(pair, np.minimum(weight[shared], theirs) * theirs, minlength=len(pairs.reference))
        scale = norms[pairs.caption] * self.norms[pairs.reference]
        return np.divide(products, scale, out=np.zeros_like(scale), where=scale > 0)
