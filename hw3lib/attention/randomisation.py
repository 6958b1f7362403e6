"""Whether maps follow the model: what is left of them when its weights are re-initialised, and in another run.

Adebayo et al. 2018 ("Sanity Checks for Saliency Maps"): a map that looks the same after the weights were drawn anew
does not tell what the model has learned. The decoder's are drawn from its top down, then the encoder's.

Dimensions: ``W`` words, ``P`` patches.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy

import numpy as np
import torch
from torch import Tensor

from hw3lib.attention import measures
from hw3lib.attention.maps import View, Word, teacher_forced_pass, word_maps
from hw3lib.attention.measures import Floats
from hw3lib.attention.relevance import gradient_weighted, rollout
from hw3lib.models.captioner import Captioner

WAYS = ("last layer", "best head", "gradient", "rollout")  # of asking: methods.METHOD_NAMES says what they are
DECODER, ENCODER = "the decoder", "the encoder too"  # the last two of randomised


def ask(
    model: Captioner, pixels: Tensor, ids: Sequence[int], words: Sequence[Word], head: View | None, pad: int
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """A caption's word maps by every one of :data:`WAYS` that is defined, ``(W, P)`` each; and by all heads.

    ``pixels`` is ``(1, 3, h, w)``, normalised; ``head`` the chosen one, where there is one; all are ``(N, H, W, P)``.
    """
    with torch.no_grad():
        memory = model.encode(pixels)
        mixing = rollout(model, pixels)  # (P, P) or None
        maps = word_maps(teacher_forced_pass(model, memory, [ids], pad)[0][0], words)  # (N, H, W, P)
    last = maps[-1].mean(axis=0)
    asked = {"last layer": last}
    if head:
        asked["best head"] = maps[head.layer, head.head]
    asked["gradient"] = word_maps(gradient_weighted(model, memory, ids), words)
    if mixing is not None:
        asked["rollout"] = last @ mixing.cpu().numpy()
    return asked, maps


def randomised(model: Captioner, seed: int) -> Iterator[tuple[str, Captioner]]:
    """The model with more and more of its weights re-initialised, each time with a name of what is random.

    It is one copy that changes from step to step; ``model`` stays as it is.
    """
    copy = deepcopy(model).eval()
    with torch.random.fork_rng(devices=[]):  # afterwards as if nothing had been drawn
        torch.default_generator.manual_seed(seed)
        drawn = Captioner(model.run, model.vocabulary_size, pretrained=False).state_dict()
    layers = range(len(model.blocks) - 1, -1, -1)
    stages: dict[str, tuple[str, ...]] = {"the output": ("norm.", "head.")}
    stages |= {f"layer {n + 1} and above": (f"blocks.{n}.",) for n in layers}
    # Whatever else a decoder has is below its layers.
    stages |= {DECODER: tuple(name for name in drawn if not name.startswith("encoder.")), ENCODER: ("encoder.",)}
    for stage, prefixes in stages.items():
        copy.load_state_dict({name: drawn[name] for name in drawn if name.startswith(prefixes)}, strict=False)
        yield stage, copy


def agreement(first: Mapping[str, np.ndarray], second: Mapping[str, np.ndarray]) -> dict[str, Floats]:
    """The rank correlation of two models' maps of the same words, ``(W,)``, for every way that both were asked in."""
    from scipy.stats import rankdata

    return {
        way: measures.correlation(rankdata(maps, axis=-1), rankdata(second[way], axis=-1))
        for way, maps in first.items()
        if way in second and second[way].shape == maps.shape
    }
