"""Attribution methods beside raw attention: gradient-weighted attention, and rollout through the encoder.

Dimensions: ``N`` layers, ``H`` heads, ``T`` caption tokens, ``P`` patches.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from hw3lib.models.captioner import Captioner, Memory


def gradient_weighted(model: Captioner, memory: Memory, ids: Sequence[int]) -> np.ndarray:
    """The relevance of every patch for every token of a caption, ``(T, P)``; NaN for ``[BOS]``.

    Chefer et al. 2021 ("Generic Attention-model Explainability for Interpreting Bi-Modal and Encoder-Decoder
    Transformers"), equations 5 to 7 and 10, for a decoder that cross-attends to an encoder's patches: each layer's
    attention counts by its gradient, of the token's log-probability, where that is positive; self-attention carries
    relevance from word to word. The encoder's own mixing is taken as the identity: the relevance is of its patches, as
    that of raw attention is. Rows sum to 1, uniform ones where nothing spoke for the token. ``memory`` is one image's.
    """
    device = memory.tokens.device
    length, patches = len(ids) - 1, memory.tokens.shape[1]
    # One row of the batch per token to be explained, so that one backward pass gives each its own gradients.
    with torch.inference_mode(False), torch.enable_grad(), _evaluating(model):
        # Made outside of inference mode, or they could not be part of a graph.
        tokens = torch.tensor([list(ids)], device=device)
        image = Memory(memory.tokens.detach().clone(), memory.grid)
        logits, attention = model.decode(image, tokens[:, :-1].expand(length, -1), explicit=True)
        log_probs = logits.float().log_softmax(-1).gather(-1, tokens[:, 1:, None].expand(length, -1, 1))[..., 0]
        weights = [tensor for layer in attention for tensor in layer]  # self, cross, self, cross, ...
        gradients = torch.autograd.grad(log_probs.diagonal().sum(), weights)
    positive = [
        (weight.detach() * gradient).clamp(min=0).float() for weight, gradient in zip(weights, gradients, strict=True)
    ]
    words = torch.eye(length, device=device).repeat(length, 1, 1)  # relevance of words for words, (T-1, T-1, T-1)
    attended = torch.zeros(length, length, patches, device=device)  # of patches for words, (T-1, T-1, P)
    for self_attention, cross_attention in zip(positive[::2], positive[1::2], strict=True):
        self_attention = self_attention.mean(dim=1)  # (T-1, T-1, T-1)
        words, attended = words + self_attention @ words, attended + self_attention @ attended
        # (1, H, (T-1)(T-1), P) to (T-1, T-1, P)
        cross_attention = cross_attention[0].mean(dim=0).unflatten(0, (length, length))
        attended = attended + _normalised(words).transpose(1, 2) @ cross_attention
    places = torch.arange(length, device=device)
    rows = _distributions(attended[places, places]).cpu().numpy()
    return np.pad(rows, [(1, 0), (0, 0)], constant_values=np.nan)


def _normalised(relevance: Tensor) -> Tensor:
    """Equation 8: what came on top of the identity sums to one in each row, then the identity again."""
    eye = torch.eye(relevance.shape[-1], device=relevance.device)
    added = relevance - eye
    total = added.sum(dim=-1, keepdim=True)
    return torch.where(total > 0, added / total.clamp(min=1e-12), torch.zeros_like(added)) + eye


def rollout(model: Captioner, image: Tensor) -> Tensor | None:
    """How the encoder mixed its patches, ``(P, P)``: row ``p`` says where in the image the patch ``p`` comes from.

    Attention rollout (Abnar and Zuidema 2020): the product of ``(A + I) / 2`` over layers, ``A`` the mean over heads,
    class and register tokens left out and rows brought back to 1. Only where it is defined: for encoders whose layers
    all attend over the same tokens (a plain ViT); ``None`` for pyramids, windows and convolutions. ``image`` is
    ``(1, 3, h, w)``, normalised.
    """
    layers = [module for name, module in model.encoder.named_modules() if _attends(name, module)]
    blocks: Any = getattr(model.encoder, "blocks", None)
    if blocks is None or len(layers) != len(blocks):
        return None
    kept: list[Tensor] = []
    fused = [layer.fused_attn for layer in layers]
    hooks = [layer.attn_drop.register_forward_hook(lambda _, inputs, __: kept.append(inputs[0])) for layer in layers]
    try:
        for layer in layers:
            layer.fused_attn = False
        with torch.no_grad(), _evaluating(model):
            model.encoder.forward_features(image)
    finally:
        for layer, before in zip(layers, fused, strict=True):
            layer.fused_attn = before
        for hook in hooks:
            hook.remove()
    tokens = kept[0].shape[-1]
    if any(weights.shape[-2:] != (tokens, tokens) or weights.shape[0] != 1 for weights in kept):
        return None
    identity = torch.eye(tokens, device=image.device)
    product = identity
    for weights in kept:
        product = (weights[0].float().mean(dim=0) + identity) / 2 @ product  # (tokens, tokens)
    start = int(getattr(model.encoder, "num_prefix_tokens", 0))
    return _distributions(product[start:, start:])


def _attends(name: str, module: nn.Module) -> bool:
    """Whether a module is a layer's attention as timm's plain transformers have it."""
    return (
        name.startswith("blocks.")
        and name.endswith(".attn")
        and hasattr(module, "attn_drop")
        and hasattr(module, "fused_attn")
    )


def _distributions(relevance: Tensor) -> Tensor:
    """Rows that sum to 1; uniform ones where there is nothing."""
    total = relevance.sum(dim=-1, keepdim=True)
    uniform = torch.full_like(relevance, 1 / relevance.shape[-1])
    return torch.where(total > 0, relevance / total.clamp(min=1e-30), uniform)


@contextmanager
def _evaluating(model: Captioner) -> Iterator[None]:
    """The model in evaluation, and its first weight with a gradient, so that the first layer is part of the graph."""
    training, requires_grad = model.training, model.embed.weight.requires_grad
    model.eval()
    model.embed.weight.requires_grad_(True)
    try:
        yield
    finally:
        model.embed.weight.requires_grad_(requires_grad)
        model.train(training)
