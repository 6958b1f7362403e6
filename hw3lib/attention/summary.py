"""What the measurements of :mod:`hw3lib.attention.grounding` say: means by class of words, with intervals, and
comparisons.

Everything is computed from the files that were measured, and every interval is a bootstrap over images: words of one
caption are not independent of one another.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw3lib.attention.grounding import MEASURES, METHODS, PRIORS, Measured
from hw3lib.attention.word_classes import CLASSES
from hw3lib.metrics.bootstrap import Difference, paired_difference

WHOLE = 0.9  # of the bits that an even map has: what still counts as looking at the whole

Select = NDArray[np.bool_]  # (W,)
Entry = dict[str, Any]


def summarise(found: Measured, seed: int = 0) -> Entry:
    """The whole summary, for the mean of all heads of the last layer unless it says otherwise.

    ``classes``: for each class of words its number of words and images, ``entropy`` (bits), ``stability`` and
    ``elsewhere``, and, where the words have an object to look at, ``hit``, ``mass`` and ``rank``: each a ``value``
    with ``low``, ``high``, the three priors' values, and ``over_uniform``, ``over_centre`` and ``over_caption``, the
    difference to each with its interval. ``views``: of object words, by layer and head.
    ``choice``: see :func:`choose_head`. ``function_entropy``: bits of function words less those of object words;
    ``function_whole``: less :data:`WHOLE` of the bits that an even map has.
    ``wrong``: of object words whose object is not in the photograph, as of a class: they are compared with any object.
    """
    return {
        "images": len(found.images),
        "words": len(found.word),
        "grid": list(found.grid),
        "most_bits": float(np.log2(found.grid[0] * found.grid[1])),
        "layers": found.layers,
        "heads": found.heads,
        "classes": {kind: _class(found, kind, seed) for kind in CLASSES if (found.kind == kind).any()},
        "views": _views(found),
        "choice": choose_head(found, seed),
        "function_entropy": _function_entropy(found, seed),
        "function_whole": _function_whole(found, seed),
        "wrong": summarise_wrong(found, seed),
    }


def summarise_wrong(found: Measured, seed: int = 0) -> Entry:
    """Of nouns whose object is not in the photograph: their attention on whatever object is, as of a class of words."""
    return _aimed(found, (found.kind == "object") & (found.target == "any"), seed)


def summarise_groups(found: Measured, seed: int = 0) -> Entry | None:
    """Of captions that speak of several ("a group of cows"): how evenly words are spread over the instances, 0 to 1.

    ``phrase``: the words of that phrase ("a", "group", "cows"); ``rest``: the caption's other words; ``difference``:
    the first less the second. ``None`` with fewer than two such captions.
    """
    view = found.view()
    values = found.evenness[:, view]
    known = np.isfinite(values) & ~np.isin(found.kind, ("special", "punctuation"))
    phrase, rest = known & found.plural, known & ~found.plural
    if min(len(np.unique(found.image[side])) for side in (phrase, rest)) < 2:
        return None
    by_word = {}
    for name, chosen in {
        "a": np.char.lower(found.word) == "a",
        "count": found.kind == "count",
        "noun": found.kind == "object",
    }.items():
        if (phrase & chosen).any():
            by_word[name] = mean(found, phrase & chosen, values, seed) | {"words": int((phrase & chosen).sum())}
    return {
        "images": len(np.unique(found.image[phrase])),
        "phrase": mean(found, phrase, values, seed),
        "rest": mean(found, rest, values, seed),
        "difference": brief(difference(found, (phrase, values), (rest, values), seed)),
        "by_word": by_word,
    }


def _function_entropy(found: Measured, seed: int) -> Entry | None:
    function, objects = found.kind == "function", found.kind == "object"
    if min(len(np.unique(found.image[side])) for side in (function, objects)) < 2:
        return None
    bits = found.entropy[:, found.view()]
    return brief(difference(found, (function, bits), (objects, bits), seed))


def named(found: Measured, kind: str) -> Select:
    """Words of a class that have their own thing to look at: an object its mask, a relation both of its sides, ..."""
    own = {"relation": "both", "place": "ground"}.get(kind, "named")
    chosen: Select = (found.kind == kind) & (found.target == own)
    return chosen


def _class(found: Measured, kind: str, seed: int) -> Entry:
    every, aimed, view = found.kind == kind, named(found, kind), found.view()
    entry: Entry = {
        "words": int(every.sum()),
        "images": len(np.unique(found.image[every])),
        "entropy": mean(found, every, found.entropy[:, view], seed),
        "stability": mean(found, every, found.stability[:, view], seed),
        "elsewhere": mean(found, every, found.elsewhere, seed),
        "at": {"relation": "both of its sides", "place": "everything but objects"}.get(kind, "its object"),
    }
    return entry | _aimed(found, aimed, seed)


def _aimed(found: Measured, aimed: Select, seed: int) -> Entry:
    """What was measured against the mask that these words have; only their number when they are of one image."""
    view = found.view()
    entry: Entry = {"aimed": int(aimed.sum()), "aimed_images": len(np.unique(found.image[aimed]))}
    if entry["aimed_images"] < 2:
        return entry
    for measure in MEASURES:
        values, priors = getattr(found, measure)[:, view], getattr(found, f"prior_{measure}")
        entry[measure] = mean(found, aimed, values, seed) | {
            prior: float(priors[aimed, place].mean()) for place, prior in enumerate(PRIORS)
        }
        for prior in PRIORS:
            against = priors[:, PRIORS.index(prior)]
            entry[measure][f"over_{prior}"] = brief(difference(found, (aimed, values), (aimed, against), seed))
    return entry


def _views(found: Measured) -> Entry:
    """Object words by layer and head: ``(N, H + 1)`` tables, the mean of heads in the last column."""
    chosen = named(found, "object")
    shape = (found.layers, found.heads + 1)
    measures = ("hit", "mass", "rank", "entropy", "stability")
    return {
        name: np.nanmean(getattr(found, name)[chosen], axis=0).reshape(shape).tolist() if chosen.any() else None
        for name in measures
    }


def choose_head(found: Measured, seed: int = 0) -> Entry | None:
    """The layer and head whose attention lies most inside the named object, chosen on every other image.

    ``chosen`` names it, ``layer`` the best layer by the mean of its heads; ``heldout`` holds what they, the last
    layer's mean, and the other methods reach on the images that had no say. ``None`` without objects on both halves.
    """
    objects = named(found, "object")
    first, second = objects & (found.image % 2 == 0), objects & (found.image % 2 == 1)
    if min(len(np.unique(found.image[half])) for half in (first, second)) < 2:
        return None
    table = found.mass[first].mean(axis=0).reshape(found.layers, found.heads + 1)
    layer, head = (int(each) for each in np.unravel_index(table[:, :-1].argmax(), table[:, :-1].shape))
    best_layer = int(table[:, -1].argmax())
    views = {"last layer": found.view(), "best layer": found.view(best_layer), "best head": found.view(layer, head)}
    sides = {name: (found.hit[:, view], found.mass[:, view]) for name, view in views.items()}
    sides |= {name: (found.method_hit[:, i], found.method_mass[:, i]) for i, name in enumerate(METHODS)}
    last, heldout = found.mass[:, found.view()], {}
    for name, (hit, mass) in sides.items():
        if np.isfinite(mass[second]).all():
            over = brief(difference(found, (second, mass), (second, last), seed))
            heldout[name] = {
                "hit": mean(found, second, hit, seed),
                "mass": mean(found, second, mass, seed) | {"over_last": over},
            }
    return {
        "chosen": {"layer": layer, "head": head},
        "layer": best_layer,
        "images": [len(np.unique(found.image[half])) for half in (first, second)],
        "words": [int(half.sum()) for half in (first, second)],
        "heldout": heldout,
    }


def _function_whole(found: Measured, seed: int) -> Entry | None:
    function = found.kind == "function"
    if len(np.unique(found.image[function])) < 2:
        return None
    bits = found.entropy[:, found.view()]
    even = np.full_like(bits, WHOLE * np.log2(found.grid[0] * found.grid[1]))
    return brief(difference(found, (function, bits), (function, even), seed))


# --- statistics -----------------------------------------------------------------------------------------------------


def mean(found: Measured, chosen: Select, values: np.ndarray, seed: int = 0) -> Entry:
    """The mean of ``values`` (W,) over the chosen words, with its interval; None for the ends with a single image."""
    if len(np.unique(found.image[chosen])) < 2:
        return {"value": float(values[chosen].mean()) if chosen.any() else None, "low": None, "high": None}
    above, below = _sums(found, chosen, values)
    nothing = np.zeros_like(above)
    whole = paired_difference(above, nothing, seed, method="percentile", over=(below, np.ones_like(below)))
    return {"value": whole.effect, "low": whole.low, "high": whole.high}


def difference(
    found: Measured, first: tuple[Select, np.ndarray], second: tuple[Select, np.ndarray], seed: int = 0
) -> Difference:
    """The mean of the first values over the first words, less that of the second over the second words.

    The images are resampled, the same for both; those without any of these words are left out.
    """
    (above, below), (other, under) = (_sums(found, *side) for side in (first, second))
    used = (below > 0) | (under > 0)
    return paired_difference(above[used], other[used], seed, over=(below[used], under[used]))


def brief(found: Difference) -> Entry:
    """What the summary keeps of a difference."""
    kept = asdict(found)
    return {key: kept[key] for key in ("effect", "low", "high", "n")}


def _sums(found: Measured, chosen: Select, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums and counts by image, ``(I,)`` each."""
    size = len(found.images)
    above = np.bincount(found.image[chosen], weights=values[chosen].astype(np.float64), minlength=size)
    return above, np.bincount(found.image[chosen], minlength=size).astype(np.float64)
