"""One token at a time: the decoder's layers over a preallocated cache.

The arithmetic of :meth:`Captioner.forward` (a test asserts it) in as few operations as it takes, and in two forms. The
plain one attends to the slots that are filled. The static one has the same shapes at every step (the position is a
tensor, a mask hides the empty slots), so that ``torch.compile`` makes one graph of it, which a GPU replays.

Dimension letters: I images, K beams of an image, G groups of captions that share slots (an image's beams; without beams
each caption is a group), B = G * K captions, S slots (T max * K), P patches, H heads, D model width, E a head's width,
V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from types import FunctionType
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from hw3lib.models.captioner import Memory
from hw3lib.models.packed_weights import Layer, PackedWeights

# Keys and values (I, H, P, E), either of which may be transposed (I, H, E, P): see `_project`.
Cross = tuple[Tensor, Tensor]

# How the static step is compiled; this mode records a CUDA graph on a GPU.
COMPILE: dict[str, Any] = {"mode": "reduce-overhead"}


@dataclass
class Cache:
    """Keys and values of a decoding batch: the captions' so far, preallocated, and the images', computed once.

    The beams of an image write side by side, and what is written stays where it is: a beam that goes on from another
    one changes only its attention mask.
    """

    weights: PackedWeights
    past: list[Tensor]  # per layer (2, G, H, S, E): keys and values of the captions
    cross: list[Cross]  # per layer: of the images, uncopied however many captions each has
    attention_mask: Tensor  # (G, 1, K, S), without beams (1, 1, 1, S): 0 for what is attended to, else -inf
    position: Tensor | None  # (1,), `length` where the step is static
    length: int = 0  # tokens filled

    @property
    def beams(self) -> int:
        """Captions that share slots."""
        return self.attention_mask.shape[2]

    def reorder(self, source: Tensor) -> None:
        """Let beam ``k`` of each image go on from its beam ``source[:, k]`` (I, K)."""
        mask = self.attention_mask
        mask.copy_(mask.gather(2, source[:, None, :, None].expand_as(mask)))

    def select(self, groups: Tensor, images: Tensor) -> None:
        """Drop all groups and images but these (in ascending order): the others cost nothing any more."""
        used = self.length * self.beams
        mask = self.attention_mask if self.beams == 1 else self.attention_mask[groups]
        cross = [(keys[images], values[images]) for keys, values in self.cross]
        written = [slots[:, groups, :, :used] for slots in self.past]
        if self.position is None:
            self.past, self.cross, self.attention_mask = [slots[:, : len(groups)] for slots in self.past], cross, mask
        else:
            smaller = _buffers(self.weights, len(groups), cross, self.beams, self.past[0].shape[3])
            _copy(cross, smaller.cross)
            smaller.attention_mask.copy_(mask)
            smaller.position.copy_(self.position)  # type: ignore[union-attr]
            self.past, self.cross = smaller.past, smaller.cross
            self.attention_mask, self.position = smaller.attention_mask, smaller.position
        for slots, tokens in zip(self.past, written, strict=True):
            slots[..., :used, :] = tokens


def start(weights: PackedWeights, memory: Memory, captions: int, max_length: int, beams: int = 1) -> Cache:
    """An empty cache for ``captions`` (as many per image) of at most ``max_length`` tokens.

    With ``beams``, each that many captions are the beams of an image. Weights that are compiled make static steps.
    """
    if max_length > len(weights.position):
        raise ValueError(f"a caption of {max_length} tokens is longer than the model's {len(weights.position)}")
    tokens = memory.tokens.to(weights.dtype)
    with torch.autocast(tokens.device.type, enabled=False):
        cross = [_project(tokens, layer, weights, captions // len(tokens)) for layer in weights.layers]
    groups, slots = captions // beams, max_length * beams
    if weights.compiled:
        cache = _buffers(weights, groups, cross, beams, slots)
        _copy(cross, cache.cross)
        cache.attention_mask.fill_(-torch.inf)
        cache.position.zero_()  # type: ignore[union-attr]
        return cache
    return _empty(weights, groups, cross, beams, slots)


def step(tokens: Tensor, cache: Cache) -> Tensor:
    """The newest token of each caption (B,) to the logits of the next (B, V), in float32; the cache grows by one."""
    if (cache.length + 1) * cache.beams > cache.past[0].shape[3]:
        raise ValueError(f"the cache is full: it was started for {cache.length} tokens")
    with torch.autocast(tokens.device.type, enabled=False):
        if cache.position is None:
            logits = _plain(tokens, cache)
        else:
            if tokens.is_cuda:
                torch.compiler.cudagraph_mark_step_begin()  # the last step's logits have been used
            shapes = (cache.past[0].shape, cache.cross[0][0].shape, cache.attention_mask.shape)
            advance = _compiled(shapes, tuple(COMPILE.items()))
            logits = advance(cache.weights, tokens, cache.position, cache.past, cache.cross, cache.attention_mask)
            cache.position += 1
    cache.length += 1
    return logits


def read(tokens: Tensor, cache: Cache) -> Tensor:
    """Several tokens at once of the one caption of a plain cache (T,): the logits after each (T, V), in float32."""
    weights, start_at, end = cache.weights, cache.length, cache.length + len(tokens)
    if end > cache.past[0].shape[3]:
        raise ValueError(f"{len(tokens)} tokens after {start_at}: the cache was started for {cache.past[0].shape[3]}")
    ahead = torch.full((len(tokens), end), -torch.inf, dtype=cache.past[0].dtype).triu(start_at + 1)
    # The layout of `start` is for one query of an image. Turned, it is the other one, though not where it is fastest.
    cross = [(keys.mT, values.mT) for keys, values in cache.cross] if len(tokens) > 1 else cache.cross

    def update(slots: Tensor, new: Tensor) -> Tensor:
        slots[..., start_at:end, :] = new
        return slots[..., :end, :]

    with torch.autocast(tokens.device.type, enabled=False):
        x = F.embedding(tokens, weights.embed) + weights.position[start_at:end]  # (T, D)
        logits = _layers(weights, x, cache.past, cross, ahead, update)
    cache.length = end
    return logits


def _plain(tokens: Tensor, cache: Cache) -> Tensor:
    """A step that attends to the filled slots only."""
    weights, filled = cache.weights, cache.length * cache.beams
    end = filled + cache.beams
    mask = None
    if cache.beams > 1:
        cache.attention_mask[..., filled:end] = _step_mask(cache.attention_mask)
        mask = cache.attention_mask[..., :end]

    def update(slots: Tensor, new: Tensor) -> Tensor:
        slots[..., filled:end, :] = new
        return slots[..., :end, :]

    x = F.embedding(tokens, weights.embed) + weights.position[cache.length]  # (B, D)
    return _layers(weights, x, cache.past, cache.cross, mask, update)


def static_step(
    weights: PackedWeights, tokens: Tensor, position: Tensor, past: list[Tensor], cross: list[Cross], mask: Tensor
) -> Tensor:
    """A step whose shapes and addresses are those of any other: it writes at ``position``, attends to all slots."""
    beams = mask.shape[2]
    here = position * beams + torch.arange(beams, device=position.device)  # (K,)
    mask.index_copy_(3, here, _step_mask(mask).expand(len(mask), 1, -1, -1))

    def update(slots: Tensor, new: Tensor) -> Tensor:
        return slots.index_copy_(3, here, new)

    x = F.embedding(tokens, weights.embed) + weights.position.index_select(0, position)  # (B, D)
    return _layers(weights, x, past, cross, mask, update)


def _layers(
    weights: PackedWeights,
    x: Tensor,
    past: list[Tensor],
    cross: list[Cross],
    mask: Tensor | None,
    update: Callable[[Tensor, Tensor], Tensor],
) -> Tensor:
    """All layers over one token per caption, ``x`` (B, D), to its logits (B, V).

    ``update`` writes a layer's new keys and values, and gives those to attend to.
    """
    for layer, slots, image in zip(weights.layers, past, cross, strict=True):
        new = _split(layer.query_key_value(layer.norm_self(x)), slots.shape[1], 3, weights)  # (3, G, H, K, E)
        keys, values = update(slots, new[1:])
        x = layer.self_out.residual(x, _attend(new[0], keys, values, mask, len(x)))
        (queries,) = _split(layer.query(layer.norm_cross(x)), len(image[0]), 1, weights)  # (1, I, H, B/I, E)
        x = layer.cross_out.residual(x, _cross_attend(queries, image, weights, len(x)))
        x = layer.down.residual(x, layer.up(layer.norm_feed_forward(x), gelu=True))
    return weights.head(weights.norm(x)).float()


def _split(x: Tensor, sequences: int, parts: int, weights: PackedWeights) -> Tensor:
    """Rows (B, parts * D) to the heads of each sequence of them (parts, sequences, H, B / sequences, E), uncopied."""
    return x.view(sequences, -1, parts, weights.heads, x.shape[-1] // parts // weights.heads).permute(2, 0, 3, 1, 4)


def _attend(queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None, captions: int) -> Tensor:
    """Attention, its heads put together again: (B, D)."""
    context = F.scaled_dot_product_attention(queries, keys, values, attn_mask=mask)
    return context.transpose(1, 2).reshape(captions, -1)


def _project(tokens: Tensor, layer: Layer, weights: PackedWeights, captions_per_image: int) -> Cross:
    """A layer's keys and values of the images' ``tokens`` (I, P, D), in the layout that so many captions want."""
    keys, values = _split(layer.key_value(tokens.flatten(0, 1)), len(tokens), 2, weights)
    if weights.transposed and captions_per_image == 1:
        values = values.mT
    elif weights.transposed:
        keys = keys.mT
    return keys.contiguous(), values.contiguous()


def _cross_attend(queries: Tensor, image: Cross, weights: PackedWeights, captions: int) -> Tensor:
    """Cross-attention, its heads put together again: (B, D).

    A processor's fused attention is made for many queries. For the one to five of an image two products took 0.5 to 0.9
    of its time in float32, and a third to a half in bfloat16, given the layouts that :func:`_project` makes.
    """
    keys, values = image
    if not weights.transposed:
        return _attend(queries, keys, values, None, captions)
    queries = queries * queries.shape[-1] ** -0.5
    if queries.shape[2] == 1:
        values = values.mT
        scores = (keys @ queries.mT).mT
    else:
        scores = queries @ keys
    return (scores.softmax(-1) @ values).transpose(1, 2).reshape(captions, -1)  # scores (I, H, B/I, P)


def _copy(source: list[Cross], target: list[Cross]) -> None:
    for (keys, values), (target_keys, target_values) in zip(source, target, strict=True):
        target_keys.copy_(keys)
        target_values.copy_(values)


def _step_mask(mask: Tensor) -> Tensor:
    """The mask of this step's slots (K, K): a beam attends to its own token, and to no other's."""
    beams = mask.shape[2]
    return torch.full((beams, beams), -torch.inf, dtype=mask.dtype, device=mask.device).fill_diagonal_(0)


def _empty(weights: PackedWeights, groups: int, cross: list[Cross], beams: int, slots: int) -> Cache:
    keys = cross[0][0]
    shape = (2, groups, weights.heads, slots, weights.embed.shape[1] // weights.heads)
    mask = keys.new_full((groups if beams > 1 else 1, 1, beams, slots), -torch.inf)
    return Cache(weights, [keys.new_empty(shape) for _ in cross], cross, mask, None)


def _buffers(weights: PackedWeights, groups: int, cross: list[Cross], beams: int, slots: int) -> Cache:
    """A static cache: the same buffers each time, because a recorded graph reads and writes where it was recorded."""
    key = (groups, *cross[0][0].shape, beams, slots)
    if key not in weights.buffers:
        empty = [(torch.empty_like(keys), torch.empty_like(values)) for keys, values in cross]
        cache = _empty(weights, groups, empty, beams, slots)
        cache.position = torch.zeros(1, dtype=torch.long, device=cache.attention_mask.device)
        for slots_of_layer in cache.past:
            slots_of_layer.zero_()  # what is masked must still be finite
        fixed = (*cache.past, *chain(*empty), cache.attention_mask, cache.position, *weights.tensors())
        for tensor in fixed:  # else a graph would first copy them to where it was recorded, at every step
            torch._dynamo.mark_static_address(tensor, guard=False)
        weights.buffers[key] = cache
    return replace(weights.buffers[key], length=0)


@lru_cache(maxsize=64)
def _compiled(shapes: tuple[torch.Size, ...], settings: tuple[tuple[str, Any], ...]) -> Callable[..., Tensor]:
    """The static step for a cache of these shapes. With code of its own: torch compiles a code 8 times at the most."""
    code = static_step.__code__.replace(co_name=f"static_step_{abs(hash(shapes))}")
    step_of_shapes = FunctionType(code, static_step.__globals__, code.co_name)
    return torch.compile(step_of_shapes, fullgraph=True, dynamic=False, **dict(settings))
