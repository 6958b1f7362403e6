"""What a word's log-probability loses while the image is taken away piece by piece, in the order of a map.

The deletion and insertion curves of Samek et al. 2017 ("Evaluating the Visualization of What a Deep Neural Network Has
Learned") and Petsiuk et al. 2018 (RISE), on what the decoder attends to: a patch of the memory that is taken away is no
key of its cross-attention any more. The patches had seen one another in the encoder, so that masking features is not
masking pixels; :func:`pixel_curves` does the latter. To delete the weakest first is to insert the strongest first.

Dimensions: ``W`` words, ``R`` orders, ``S`` steps, ``T`` caption tokens, ``D`` model width, ``P = Gh x Gw`` patches.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from hw3lib.attention.maps import Word
from hw3lib.models.captioner import Captioner, Memory

Fill = Literal["mean colour", "blur"]
FILLS: tuple[Fill, ...] = ("mean colour", "blur")

_NUMBERS = 2**23  # of memory tokens that are read at a time: 32 MB, and as much for every projection of them
_PHOTOGRAPHS = 16  # masked photographs that are encoded at a time


def strongest_first(maps: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Patches by falling strength, ``(..., P)`` both; equal ones by chance, or the upper left would come first."""
    return np.lexsort((rng.random(maps.shape), -maps), axis=-1)


@torch.no_grad()
def memory_curves(
    model: Captioner, memory: Memory, ids: Sequence[int], words: Sequence[Word], orders: np.ndarray, steps: int
) -> np.ndarray:
    """Each word's log-probability while its orders' patches are taken away: ``(W, R, S + 1)``, in nats.

    ``orders`` is ``(W, R, P)``, the first to go first; ``memory`` is one image's, encoded once. What is left after so
    many steps is a batch of all words and orders.
    """
    rows, patches = orders.shape[0] * orders.shape[1], orders.shape[2]
    order = torch.as_tensor(orders.reshape(rows, patches), device=memory.tokens.device)
    spans = _spans(words, ids).repeat_interleave(orders.shape[1], dim=0)  # (W R, T - 1)
    curves, at_once = np.empty((rows, steps + 1)), max(1, _NUMBERS // memory.tokens[0].numel())
    for step in range(steps + 1):
        gone = round(patches * step / steps)
        for start in range(0, rows, at_once):
            some = slice(start, start + at_once)
            # With nothing gone, or everything, all rows read the same.
            kept = order[:1, gone:] if gone in (0, patches) else order[some, gone:]
            tokens = memory.tokens[0][kept]  # (B, P - gone, D)
            curves[some, step] = _log_probs(model, Memory(tokens, memory.grid), ids, spans[some])
    return curves.reshape(*orders.shape[:2], steps + 1)


@torch.no_grad()
def pixel_curves(
    model: Captioner,
    pixels: Tensor,
    grid: tuple[int, int],
    ids: Sequence[int],
    word: Word,
    orders: np.ndarray,
    steps: int,
    fill: Fill,
) -> np.ndarray:
    """One word's log-probability while the photograph's patches are painted over: ``(R, S - 1)``, in nats.

    Without the two ends, which all orders share. ``pixels`` is ``(1, 3, h, w)``, normalised, ``orders`` ``(R, P)``. A
    patch is the rectangle of the input in its place of the ``grid``; it becomes the photograph's mean colour, or that
    of the photograph blurred to half of the grid's size.
    """
    (rows, patches), size = orders.shape, (pixels.shape[2], pixels.shape[3])
    if fill == "blur":
        coarse = (max(1, grid[0] // 2), max(1, grid[1] // 2))
        paint = F.interpolate(F.interpolate(pixels, coarse, mode="area"), size, mode="bilinear")
    else:
        paint = pixels.mean(dim=(2, 3), keepdim=True)
    ranks = torch.as_tensor(orders.argsort(axis=1), device=pixels.device)  # (R, P): when a patch goes
    gone = torch.tensor([round(patches * step / steps) for step in range(1, steps)], device=pixels.device)
    masks = (ranks[:, None] < gone[:, None]).flatten(0, 1)  # (R (S - 1), P)
    painted = F.interpolate(masks.float().unflatten(1, (1, *grid)), size)  # (R (S - 1), 1, h, w)
    spans, values = _spans([word], ids), []
    for part in painted.split(_PHOTOGRAPHS):
        memory = model.encode(torch.where(part > 0, paint, pixels))
        values.append(_log_probs(model, memory, ids, spans.expand(len(part), -1)))
    return np.concatenate(values).reshape(rows, steps - 1)


def _spans(words: Sequence[Word], ids: Sequence[int]) -> Tensor:
    """Which of the tokens after ``[BOS]`` a word has, ``(W, T - 1)``."""
    return torch.tensor([[float(place in word.tokens) for place in range(1, len(ids))] for word in words])


def _log_probs(model: Captioner, memory: Memory, ids: Sequence[int], spans: Tensor) -> np.ndarray:
    """The log-probability of the tokens that ``spans`` has, ``(B, T - 1)``, from B memories or from one: ``(B,)``."""
    tokens = torch.tensor([list(ids)], device=memory.tokens.device).expand(len(memory.tokens), -1)  # (B, T)
    # The fused kernels of some devices refuse an image of no patches; the plain softmax of none is a sum of none.
    logits, _ = model.decode(memory, tokens[:, :-1], explicit=memory.tokens.shape[1] == 0)
    log_probs = logits.float().log_softmax(-1).gather(-1, tokens[:, 1:, None])[..., 0].cpu()  # (B, T - 1)
    return np.asarray((log_probs * spans).sum(dim=-1).double())
