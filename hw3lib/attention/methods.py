"""Attribution methods by name: how to ask a decoder which patches a word came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hw3lib.attention.maps import CaptionAttention, View, view_maps, word_maps

if TYPE_CHECKING:
    from hw3lib.models.inference import LoadedRun

_MAPS = ("last layer", "best layer", "best head", "gradient", "rollout")
METHOD_NAMES = {
    "last layer": "last layer, mean of heads",
    "best layer": "best layer, mean of heads",
    "best head": "best head",
    "gradient": "gradient-weighted",
    "rollout": "rollout",
}


def attribution_maps(
    loaded: LoadedRun, attention: CaptionAttention, summary: Mapping[str, Any]
) -> dict[str, np.ndarray]:
    """Maps of a caption's words by every attribution method that is defined, in the order of :data:`METHOD_NAMES`.

    Each ``(W, Gh, Gw)``, NaN for ``[BOS]``. Which layer and head are best is what ``summary`` chose.
    """
    import torch

    from hw3lib.attention.relevance import gradient_weighted, rollout

    chosen = summary.get("choice")
    found = {"last layer": view_maps(attention)}
    if chosen:
        found["best layer"] = view_maps(attention, View(chosen["layer"]))
        found["best head"] = view_maps(attention, View(**chosen["chosen"]))
    image = loaded.transform(attention.image)[None].to(loaded.model.device)
    with torch.no_grad():
        memory = loaded.model.encode(image)
        mixed = rollout(loaded.model, image)
    rows = gradient_weighted(loaded.model, memory, attention.tokens)  # (T - 1, P)
    whole = np.concatenate([np.full_like(rows[:1], np.nan), rows])  # (T, P)
    found["gradient"] = word_maps(whole, attention.words).reshape(len(attention.words), *attention.grid)
    if mixed is not None:
        flat = found["last layer"].reshape(len(attention.words), -1)
        found["rollout"] = (flat @ mixed.cpu().numpy()).reshape(found["last layer"].shape)
    return {way: found[way] for way in _MAPS if way in found}
