"""One token at a time: the decoder's layers over a preallocated cache.

The arithmetic of :meth:`Captioner.forward` (a test asserts it) in as few operations as it takes, and in two forms. The
plain one looks back at the slots that are filled. The static one has the same shapes at every step (the position is a
tensor, a mask hides the empty slots), so that ``torch.compile`` makes one graph of it, which a GPU replays.

Dimension letters: I images, K beams of an image, G groups of rows that share slots (an image's beams; without beams
each row is a group), B = G * K rows, S slots (T max * K), P patches, H heads, D model width, E a head's width,
V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from types import FunctionType
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional as F

from hw3lib.models.packed_weights import Layer, Weights, weights_of

if TYPE_CHECKING:
    from hw3lib.models.captioner import Captioner, Memory

Cross = tuple[Tensor, Tensor]  # keys and values (I, H, P, E), either of which may be turned (I, H, E, P): see `_image`

# How the static step is compiled; this mode records a CUDA graph on a GPU.
COMPILE: dict[str, Any] = {"mode": "reduce-overhead"}


@dataclass
class Cache:
    """Keys and values of a decoding batch: the captions' so far, preallocated, and the images', computed once.

    The beams of an image write side by side, and what is written stays where it is: a beam that goes on from another
    one changes only what it may look back at.
    """

    weights: Weights
    past: list[Tensor]  # per layer (2, G, H, S, E): keys and values of the captions
    cross: list[Cross]  # per layer: of the images, uncopied however many captions each has
    sight: Tensor  # (G, 1, K, S), without beams (1, 1, 1, S): 0 where a row may look, else -inf; added to the scores
    position: Tensor | None  # (1,), `length` where the step is static
    length: int = 0  # tokens filled

    @property
    def beams(self) -> int:
        """Rows that share slots."""
        return self.sight.shape[2]

    def follow(self, source: Tensor) -> None:
        """Let beam ``k`` of each image go on from its beam ``source[:, k]`` (I, K)."""
        self.sight.copy_(self.sight.gather(2, source[:, None, :, None].expand_as(self.sight)))

    def keep(self, groups: Tensor, images: Tensor) -> None:
        """Drop all groups and images but these (in ascending order): the others cost nothing any more."""
        used = self.length * self.beams
        sight = self.sight if self.beams == 1 else self.sight[groups]
        cross = [(keys[images], values[images]) for keys, values in self.cross]
        moved = [each[:, groups, :, :used] for each in self.past]
        if self.position is None:
            self.past, self.cross, self.sight = [each[:, : len(groups)] for each in self.past], cross, sight
        else:
            smaller = _buffers(self.weights, len(groups), cross, self.beams, self.past[0].shape[3])
            _copy(cross, smaller.cross)
            smaller.sight.copy_(sight)
            smaller.position.copy_(self.position)  # type: ignore[union-attr]
            self.past, self.cross = smaller.past, smaller.cross
            self.sight, self.position = smaller.sight, smaller.position
        for slots, written in zip(self.past, moved, strict=True):
            slots[..., :used, :] = written


def start(
    model: Captioner, memory: Memory, rows: int, max_length: int, beams: int = 1, compiled: bool = False
) -> Cache:
    """An empty cache for ``rows`` captions (as many per image) of at most ``max_length`` tokens.

    With ``beams``, each that many rows are the beams of an image. With ``compiled``, the steps are static and compiled.
    """
    if max_length > model.max_length:
        raise ValueError(f"a caption of {max_length} tokens is longer than the model's {model.max_length}")
    weights = weights_of(model, pack=not compiled)
    tokens = memory.tokens.to(weights.dtype)
    with torch.autocast(tokens.device.type, enabled=False):
        cross = [_image(tokens, layer, weights, rows // len(tokens)) for layer in weights.layers]
    groups, slots = rows // beams, max_length * beams
    if compiled:
        cache = _buffers(weights, groups, cross, beams, slots)
        _copy(cross, cache.cross)
        cache.sight.fill_(-torch.inf)
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
            shapes = (cache.past[0].shape, cache.cross[0][0].shape, cache.sight.shape)
            advance = _compiled(shapes, tuple(COMPILE.items()))
            logits = advance(cache.weights, tokens, cache.position, cache.past, cache.cross, cache.sight)
            cache.position += 1
    cache.length += 1
    return logits


def _plain(tokens: Tensor, cache: Cache) -> Tensor:
    """A step that looks back at the filled slots only."""
    weights, filled = cache.weights, cache.length * cache.beams
    end = filled + cache.beams
    sight = None
    if cache.beams > 1:
        cache.sight[..., filled:end] = _own(cache.sight)
        sight = cache.sight[..., :end]

    def look_back(slots: Tensor, new: Tensor) -> Tensor:
        slots[..., filled:end, :] = new
        return slots[..., :end, :]

    x = F.embedding(tokens, weights.embed) + weights.position[cache.length]  # (B, D)
    return _layers(weights, x, cache.past, cache.cross, sight, look_back)


def static_step(
    weights: Weights, tokens: Tensor, position: Tensor, past: list[Tensor], cross: list[Cross], sight: Tensor
) -> Tensor:
    """A step whose shapes and addresses are those of any other: it writes at ``position`` and looks at all slots."""
    beams = sight.shape[2]
    here = position * beams + torch.arange(beams, device=position.device)  # (K,)
    sight.index_copy_(3, here, _own(sight).expand(len(sight), 1, -1, -1))

    def look_back(slots: Tensor, new: Tensor) -> Tensor:
        return slots.index_copy_(3, here, new)

    x = F.embedding(tokens, weights.embed) + weights.position.index_select(0, position)  # (B, D)
    return _layers(weights, x, past, cross, sight, look_back)


def _layers(
    weights: Weights,
    x: Tensor,
    past: list[Tensor],
    cross: list[Cross],
    sight: Tensor | None,
    look_back: Callable[[Tensor, Tensor], Tensor],
) -> Tensor:
    """All layers over one token per row, ``x`` (B, D), to its logits (B, V)."""
    for layer, slots, image in zip(weights.layers, past, cross, strict=True):
        new = _split(layer.query_key_value(layer.norm_self(x)), slots.shape[1], 3, weights)  # (3, G, H, K, E)
        keys, values = look_back(slots, new[1:])
        x = layer.self_out.added(x, _attend(new[0], keys, values, sight, len(x)))
        (queries,) = _split(layer.query(layer.norm_cross(x)), len(image[0]), 1, weights)  # (1, I, H, B/I, E)
        x = layer.cross_out.added(x, _look(queries, image, weights, len(x)))
        x = layer.down.added(x, layer.up(layer.norm_feed_forward(x), gelu=True))
    return weights.head(weights.norm(x)).float()


def _split(x: Tensor, sequences: int, parts: int, weights: Weights) -> Tensor:
    """Rows (B, parts * D) to the heads of each sequence of rows (parts, sequences, H, B / sequences, E), uncopied."""
    return x.view(sequences, -1, parts, weights.heads, x.shape[-1] // parts // weights.heads).permute(2, 0, 3, 1, 4)


def _attend(queries: Tensor, keys: Tensor, values: Tensor, sight: Tensor | None, rows: int) -> Tensor:
    """Attention, its heads put together again: (B, D)."""
    return F.scaled_dot_product_attention(queries, keys, values, attn_mask=sight).transpose(1, 2).reshape(rows, -1)


def _image(tokens: Tensor, layer: Layer, weights: Weights, each: int) -> Cross:
    """A layer's keys and values of the images' ``tokens`` (I, P, D), laid out for ``each`` rows per image."""
    keys, values = _split(layer.key_value(tokens.flatten(0, 1)), len(tokens), 2, weights)
    if weights.turned and each == 1:
        values = values.mT
    elif weights.turned:
        keys = keys.mT
    return keys.contiguous(), values.contiguous()


def _look(queries: Tensor, image: Cross, weights: Weights, rows: int) -> Tensor:
    """Cross-attention, its heads put together again: (B, D).

    A processor's fused attention is made for many queries. For the one to five of an image two products took 0.5 to 0.9
    of its time in float32, and a third to a half in bfloat16, given the layouts that :func:`_image` makes.
    """
    keys, values = image
    if not weights.turned:
        return _attend(queries, keys, values, None, rows)
    queries = queries * queries.shape[-1] ** -0.5
    if queries.shape[2] == 1:
        values = values.mT
        scores = (keys @ queries.mT).mT
    else:
        scores = queries @ keys
    return (scores.softmax(-1) @ values).transpose(1, 2).reshape(rows, -1)  # scores (I, H, B/I, P)


def _copy(source: list[Cross], target: list[Cross]) -> None:
    for (keys, values), (own_keys, own_values) in zip(source, target, strict=True):
        own_keys.copy_(keys)
        own_values.copy_(values)


def _own(sight: Tensor) -> Tensor:
    """What is added to the scores of this step's slots (K, K): a beam sees its own, and no other's."""
    beams = sight.shape[2]
    return torch.full((beams, beams), -torch.inf, dtype=sight.dtype, device=sight.device).fill_diagonal_(0)


def _empty(weights: Weights, groups: int, cross: list[Cross], beams: int, slots: int) -> Cache:
    keys = cross[0][0]
    shape = (2, groups, weights.heads, slots, weights.embed.shape[1] // weights.heads)
    sight = keys.new_full((groups if beams > 1 else 1, 1, beams, slots), -torch.inf)
    return Cache(weights, [keys.new_empty(shape) for _ in cross], cross, sight, None)


def _buffers(weights: Weights, groups: int, cross: list[Cross], beams: int, slots: int) -> Cache:
    """A static cache: the same buffers each time, because a recorded graph reads and writes where it was recorded."""
    key = (groups, *cross[0][0].shape, beams, slots)
    if key not in weights.buffers:
        own = [(torch.empty_like(keys), torch.empty_like(values)) for keys, values in cross]
        made = _empty(weights, groups, own, beams, slots)
        made.position = torch.zeros(1, dtype=torch.long, device=made.sight.device)
        for slots_of_layer in made.past:
            slots_of_layer.zero_()  # what is masked must still be finite
        fixed = (*made.past, *(each for pair in own for each in pair), made.sight, made.position, *weights.tensors())
        for tensor in fixed:  # else a graph would first copy them to where it was recorded, at every step
            torch._dynamo.mark_static_address(tensor, guard=False)
        weights.buffers[key] = made
    found = weights.buffers[key]
    return Cache(weights, found.past, found.cross, found.sight, found.position)


@lru_cache(maxsize=64)
def _compiled(shapes: tuple[torch.Size, ...], settings: tuple[tuple[str, Any], ...]) -> Callable[..., Tensor]:
    """The static step for a cache of these shapes. With code of its own: torch compiles a code 8 times at the most."""
    code = static_step.__code__.replace(co_name=f"static_step_{abs(hash(shapes))}")
    own = FunctionType(code, static_step.__globals__, code.co_name)
    return torch.compile(own, fullgraph=True, dynamic=False, **dict(settings))
