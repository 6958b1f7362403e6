"""CLIPScore and RefCLIPScore of captions (Hessel et al. 2021)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

CLIPSCORE_WEIGHT = 2.5  # Hessel et al. 2021
CLIPSCORE_PREFIX = "A photo depicts "  # the paper's, of captions and references; the default here is none


def clip_scores(image_features: Tensor, text_features: Tensor) -> Tensor:
    """CLIPScore of pairs, ``2.5 * max(cos, 0)`` (Hessel et al. 2021), from normalised features ``(B, D)``: ``(B,)``.

    >>> import torch
    >>> clip_scores(torch.tensor([[1.0, 0.0], [1.0, 0.0]]), torch.tensor([[0.6, 0.8], [-1.0, 0.0]]))
    tensor([1.5000, 0.0000])
    """
    if image_features.shape != text_features.shape:
        raise ValueError(
            f"{tuple(image_features.shape)} image features do not pair with {tuple(text_features.shape)} text features"
        )
    return CLIPSCORE_WEIGHT * (image_features * text_features).sum(-1).clamp(min=0)


def ref_clip_scores(scores: Tensor, text_features: Tensor, reference_features: Tensor, counts: Sequence[int]) -> Tensor:
    """RefCLIPScore (Hessel et al. 2021): the harmonic mean of CLIPScore and the best cosine with a reference.

    ``scores`` (B,) are the CLIPScores, weight and all; ``text_features`` (B, D) and the references' (R, D), text by
    text, ``counts`` of them each, are normalised: ``(B,)``, 0 where either part is. Below 0 a cosine counts as 0, as
    the paper has it; the authors' code leaves it, which is the same wherever a reference's cosine is not negative.
    Raises :class:`ValueError` for sides that do not pair and for a text without a reference.
    """
    import torch

    if not (len(scores) == len(text_features) == len(counts)) or sum(counts) != len(reference_features):
        raise ValueError(
            f"{len(scores)} scores, {len(text_features)} texts and {len(counts)} counts of {sum(counts)} references do "
            f"not pair with {len(reference_features)} reference features"
        )
    if min(counts, default=1) < 1:
        raise ValueError(f"text {list(counts).index(min(counts))} has no reference")
    owner = torch.repeat_interleave(torch.tensor(counts, dtype=torch.long))  # (R,)
    cosines = (text_features[owner] * reference_features).sum(-1)  # (R,)
    best = torch.zeros_like(scores).scatter_reduce(0, owner, cosines, "amax")  # from zero: clamped
    return 2 * scores * best / (scores + best).clamp(min=torch.finfo(best.dtype).tiny)
