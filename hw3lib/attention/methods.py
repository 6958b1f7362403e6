"""Attribution methods by name: how to ask a decoder which patches a word came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hw3lib.attention.maps import CaptionAttention, View, Word, view_maps, word_maps

if TYPE_CHECKING:
    from torch import Tensor

    from hw3lib.attention.results import Choice
    from hw3lib.models.inference import LoadedRun

METHODS = ("gradient", "rollout")  # those beside raw attention: see hw3lib.attention.relevance
METHOD_NAMES = {
    "last layer": "last layer, mean of heads",
    "best layer": "best layer, mean of heads",
    "best head": "best head",
    "gradient": "gradient-weighted",
    "rollout": "rollout",
}


def attribution_maps(loaded: LoadedRun, attention: CaptionAttention, choice: Choice | None) -> dict[str, np.ndarray]:
    """Maps of a caption's words by every attribution method that is defined, in the order of :data:`METHOD_NAMES`.

    Each ``(W, Gh, Gw)``, NaN for ``[BOS]``; ``choice`` says which layer and head are best. The best layer is left out
    where it is the last one.
    """
    last = view_maps(attention)
    maps = {"last layer": last}
    if choice:
        best = {"best layer": View(choice.layer), "best head": choice.chosen}
        maps |= {name: view_maps(attention, view) for name, view in best.items()}
        if choice.layer + 1 == len(attention.maps):
            del maps["best layer"]
    pixels = loaded.transform(attention.image)[None].to(loaded.model.device)
    others = other_maps(loaded, pixels, attention.tokens, attention.words, last.reshape(len(last), -1))
    maps |= {name: values.reshape(last.shape) for name, values in zip(METHODS, others, strict=True)}
    return {name: values for name, values in maps.items() if np.isfinite(values).any()}


def other_maps(
    loaded: LoadedRun, pixels: Tensor, ids: Sequence[int], words: Sequence[Word], last: np.ndarray
) -> np.ndarray:
    """The words' maps by :data:`METHODS`, ``(2, W, P)``, NaN where a method is not defined.

    Rollout carries ``last``, the mean of the last layer's heads ``(W, P)``, on to the image. ``pixels`` is
    ``(1, 3, h, w)``, normalised.
    """
    import torch

    from hw3lib.attention.relevance import gradient_weighted, rollout

    with torch.no_grad():
        memory = loaded.model.encode(pixels)
        mixing = rollout(loaded.model, pixels)  # (P, P) or None
    gradient = word_maps(gradient_weighted(loaded.model, memory, ids), words)
    return np.stack([gradient, np.full_like(last, np.nan) if mixing is None else last @ mixing.cpu().numpy()])
