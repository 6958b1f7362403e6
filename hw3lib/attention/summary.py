"""What the measurements of words say: means by class of words, with intervals, and comparisons.

Every interval is a bootstrap over images: words of one caption are not independent of one another. All is of the mean
of all heads of the last layer unless it says otherwise.

Dimensions: ``I`` images, ``W`` words, ``N`` layers, ``H`` heads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw3lib.attention.maps import View
from hw3lib.attention.methods import METHODS
from hw3lib.attention.results import (
    Aimed,
    BestMethod,
    Choice,
    Compared,
    Effect,
    Estimate,
    Grounding,
    Groups,
    Heldout,
    HeldoutMass,
    Views,
    WordClass,
    WordEvenness,
)
from hw3lib.attention.word_classes import CLASSES
from hw3lib.attention.word_measures import MEASURES, PRIORS, WordMeasures
from hw3lib.metrics.bootstrap import paired_difference

DIFFUSE = 0.9  # of the bits of uniform attention: what counts as attending to the whole photograph

Select = NDArray[np.bool_]  # (W,)


def summarise(
    words: WordMeasures,
    groups: WordMeasures | None = None,
    swapped: WordMeasures | None = None,
    *,
    masks: bool,
    seed: int = 0,
    run: str = "",
    provenance: Mapping[str, Any] | None = None,
) -> Grounding:
    """The whole summary: of the run's captions, and of references with several of a kind or with a wrong noun."""
    bits = float(np.log2(words.grid[0] * words.grid[1]))
    entropy = words.entropy[:, words.view()]
    function, nouns = words.kind == "function", words.kind == "object"
    return Grounding(
        provenance=dict(provenance or {}),
        run=run,
        images=len(words.images),
        words=len(words.word),
        grid=words.grid,
        most_bits=bits,
        layers=words.layers,
        heads=words.heads,
        classes={kind: _word_class(words, kind, seed) for kind in CLASSES if (words.kind == kind).any()},
        views=_views(words),
        choice=choose_head(words, seed),
        function_entropy=_effect(words, (function, entropy), (nouns, entropy), seed),
        function_whole=_effect(words, (function, entropy), (function, np.full_like(entropy, DIFFUSE * bits)), seed),
        wrong=summarise_wrong(words, seed),
        masks=masks,
        groups=summarise_groups(groups, seed) if groups else None,
        swapped=summarise_wrong(swapped, seed) if swapped else None,
    )


def summarise_wrong(words: WordMeasures, seed: int = 0) -> Aimed:
    """Of nouns whose object is not in the photograph: their attention on whatever object is."""
    return Aimed(**_aimed(words, (words.kind == "object") & (words.target == "any"), seed))


def summarise_groups(words: WordMeasures, seed: int = 0) -> Groups | None:
    """Of captions that speak of several ("a group of cows"): how evenly words are spread over the instances.

    Compares the words of that phrase with the caption's other words. ``None`` with fewer than two such captions.
    """
    values = words.evenness[:, words.view()]
    known = np.isfinite(values) & ~np.isin(words.kind, ("special", "punctuation"))
    phrase, rest = known & words.plural, known & ~words.plural
    difference = _effect(words, (phrase, values), (rest, values), seed)
    if difference is None:
        return None
    kinds = {
        "a": np.char.lower(words.word) == "a",
        "count": words.kind == "count",
        "noun": words.kind == "object",
    }
    return Groups(
        images=_images(words, phrase),
        phrase=mean(words, phrase, values, seed),
        rest=mean(words, rest, values, seed),
        difference=difference,
        by_word={
            name: WordEvenness(**vars(mean(words, phrase & kind, values, seed)), words=int((phrase & kind).sum()))
            for name, kind in kinds.items()
            if (phrase & kind).any()
        },
    )


def named(words: WordMeasures, kind: str) -> Select:
    """Words of a class that have their own thing to attend to: an object its mask, a relation both its sides, ..."""
    target = {"relation": "both", "place": "ground"}.get(kind, "named")
    chosen: Select = (words.kind == kind) & (words.target == target)
    return chosen


def _word_class(words: WordMeasures, kind: str, seed: int) -> WordClass:
    chosen, view = words.kind == kind, words.view()
    return WordClass(
        words=int(chosen.sum()),
        images=_images(words, chosen),
        entropy=mean(words, chosen, words.entropy[:, view], seed),
        stability=mean(words, chosen, words.stability[:, view], seed),
        elsewhere=mean(words, chosen, words.elsewhere, seed),
        at={"relation": "both of its sides", "place": "everything but objects"}.get(kind, "its object"),
        **_aimed(words, named(words, kind), seed),
    )


def _aimed(words: WordMeasures, aimed: Select, seed: int) -> dict[str, Any]:
    """The fields of :class:`Aimed`: what was measured against the mask that these words have."""
    columns: dict[str, Any] = {"aimed": int(aimed.sum()), "aimed_images": _images(words, aimed)}
    if columns["aimed_images"] < 2:
        return columns
    for measure in MEASURES:
        values, priors = getattr(words, measure)[:, words.view()], getattr(words, f"prior_{measure}")  # (W,), (W, 3)
        compared: dict[str, Any] = vars(mean(words, aimed, values, seed)).copy()
        for prior, column in zip(PRIORS, priors.T, strict=True):
            compared[prior] = float(column[aimed].mean())
            compared[f"over_{prior}"] = _difference(words, (aimed, values), (aimed, column), seed)
        columns[measure] = Compared(**compared)
    return columns


def _views(words: WordMeasures) -> Views:
    """Nouns by layer and head, ``(N, H + 1)`` tables."""
    nouns, shape = named(words, "object"), (words.layers, words.heads + 1)
    if not nouns.any():
        return Views(None, None, None, None, None)
    columns = (words.hit, words.mass, words.rank, words.entropy, words.stability)
    return Views(*(np.nanmean(column[nouns], axis=0).reshape(shape).tolist() for column in columns))


def choose_head(words: WordMeasures, seed: int = 0) -> Choice | None:
    """The layer and head whose attention lies most inside the named object, chosen on every other image.

    What they, the last layer's mean, and the other methods reach is measured on the images that had no say. ``None``
    without objects on both halves.
    """
    nouns = named(words, "object")
    first, second = (nouns & (words.image % 2 == half) for half in (0, 1))
    if min(_images(words, first), _images(words, second)) < 2:
        return None
    table = words.mass[first].mean(axis=0).reshape(words.layers, words.heads + 1)
    layer, head = divmod(int(table[:, :-1].argmax()), words.heads)
    best_layer = int(table[:, -1].argmax())
    views = {"last layer": words.view(), "best layer": words.view(best_layer), "best head": words.view(layer, head)}
    columns = {name: (words.hit[:, view], words.mass[:, view]) for name, view in views.items()}
    columns |= {name: (words.method_hit[:, i], words.method_mass[:, i]) for i, name in enumerate(METHODS)}
    columns = {name: column for name, column in columns.items() if np.isfinite(column[1][second]).all()}
    masses = {name: mass for name, (_, mass) in columns.items()}
    heldout = {
        name: Heldout(hit=mean(words, second, hit, seed), mass=_heldout_mass(words, second, masses, name, seed))
        for name, (hit, _) in columns.items()
    }
    return Choice(
        chosen=View(layer, head),
        layer=best_layer,
        images=(_images(words, first), _images(words, second)),
        words=(int(first.sum()), int(second.sum())),
        heldout=heldout,
        best=_best_method(words, second, masses, seed),
    )


def _best_method(words: WordMeasures, second: Select, masses: Mapping[str, np.ndarray], seed: int) -> BestMethod | None:
    """What lies most inside the object on every other one of the second half's images, judged on the rest of them."""
    choosing, judging = (second & (words.image % 4 == part) for part in (1, 3))
    images = _images(words, choosing), _images(words, judging)
    if min(images) < 2:
        return None
    best = max(masses, key=lambda name: float(masses[name][choosing].mean()))
    last = mean(words, judging, masses["last layer"], seed)
    return BestMethod(best, images, _heldout_mass(words, judging, masses, best, seed), last)


def _heldout_mass(
    words: WordMeasures, chosen: Select, masses: Mapping[str, np.ndarray], name: str, seed: int
) -> HeldoutMass:
    over_last = _difference(words, (chosen, masses[name]), (chosen, masses["last layer"]), seed)
    return HeldoutMass(**vars(mean(words, chosen, masses[name], seed)), over_last=over_last)


# --- statistics -----------------------------------------------------------------------------------------------------


def mean(words: WordMeasures, chosen: Select, values: np.ndarray, seed: int = 0) -> Estimate:
    """The mean of ``values`` (W,) over the chosen words, with its interval; None for what is not defined."""
    if _images(words, chosen) < 2:
        value = float(values[chosen].mean()) if chosen.any() else np.nan
        return Estimate(value if np.isfinite(value) else None, None, None)
    above, below = _sums(words, chosen, values)
    nothing, ones = np.zeros_like(above), np.ones_like(below)
    interval = paired_difference(above, nothing, seed, method="percentile", over=(below, ones))
    return Estimate(interval.effect, interval.low, interval.high)


Side = tuple[Select, np.ndarray]  # which words, and values (W,) of all


def _effect(words: WordMeasures, first: Side, second: Side, seed: int) -> Effect | None:
    """:func:`_difference`, where both sides have words of two images or more."""
    if min(_images(words, chosen) for chosen, _ in (first, second)) < 2:
        return None
    return _difference(words, first, second, seed)


def _difference(words: WordMeasures, first: Side, second: Side, seed: int) -> Effect:
    """The mean of the first values over the first words, less that of the second over the second words.

    The images are resampled, the same for both; those without any of these words are left out.
    """
    (above, below), (other, under) = (_sums(words, *side) for side in (first, second))
    used = (below > 0) | (under > 0)
    interval = paired_difference(above[used], other[used], seed, over=(below[used], under[used]))
    return Effect(interval.effect, interval.low, interval.high, interval.n)


def _images(words: WordMeasures, chosen: Select) -> int:
    return len(np.unique(words.image[chosen]))


def _sums(words: WordMeasures, chosen: Select, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums and counts by image, ``(I,)`` each."""
    size = len(words.images)
    above = np.bincount(words.image[chosen], weights=values[chosen].astype(np.float64), minlength=size)
    return above, np.bincount(words.image[chosen], minlength=size).astype(np.float64)
