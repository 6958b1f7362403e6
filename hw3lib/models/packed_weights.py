"""The decoder's weights, laid out for products with few rows: one row per caption that is being decoded.

Dimension letters: B captions, D model width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from hw3lib.models.captioner import Attention, Block, Captioner

# A hint for oneDNN's choice of a layout. What it chooses for 16 rows or more is as fast for one row, not the reverse.
_ROWS = 64

_linear_dynamic = torch.ops.quantized.linear_dynamic.default  # looked up once: 2 us of the 13 that a call takes


class Linear:
    """A linear layer. On an x86 processor its weights are laid out for oneDNN, once, or as they are elsewhere.

    On an AMD EPYC with AVX-512 that is 2 to 3 times as fast in float32, with 16 rows to 320, as the general product
    (MKL), which arranges the weights anew each time.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, dtype: torch.dtype, pack: bool) -> None:
        self.weight = weight.detach().to(dtype)
        self.bias = None if bias is None else bias.detach().to(dtype)
        self.packed = pack and _can_pack(self.weight.device, dtype)
        if self.packed:
            self.weight = torch.ops.mkldnn._reorder_linear_weight(self.weight.contiguous(), _ROWS)

    def __call__(self, x: Tensor, gelu: bool = False) -> Tensor:
        """From ``x`` (B, D in) to (B, D out), through GELU if asked for."""
        if self.packed:
            name, algorithm = ("gelu", "none") if gelu else ("none", "")
            return torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, name, [], algorithm)
        y = F.linear(x, self.weight, self.bias)
        return F.gelu(y) if gelu else y

    def residual(self, residual: Tensor, x: Tensor) -> Tensor:
        """``residual`` (B, D out) plus the layer's output for ``x``: one operation where both are of one type."""
        if self.packed and residual.dtype == x.dtype:
            return torch.ops.mkldnn._linear_pointwise.binary(x, residual, self.weight, self.bias, "add")
        return residual + self(x)


class Int8Linear:
    """A linear layer in 8 bits: weights with a scale for each output, rows with one for each call, by torch's FBGEMM.

    Without the instructions that add up 8-bit products in 32 bits, FBGEMM does so in 16: rows then keep to 7 bits.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        weight = weight.detach().float()
        scale = (weight.abs().amax(1) / 127).clamp_min(torch.finfo(torch.float32).tiny).double()
        zero = torch.zeros(len(weight), dtype=torch.long)
        quantized = torch.quantize_per_channel(weight, scale, zero, 0, torch.qint8)
        bias = None if bias is None else bias.detach().float()
        default, torch.backends.quantized.engine = torch.backends.quantized.engine, "fbgemm"
        try:
            self.weight = torch.ops.quantized.linear_prepack(quantized, bias)
        finally:
            torch.backends.quantized.engine = default
        self.reduce_range = not torch.cpu.get_capabilities().get("avx512_vnni")

    def __call__(self, x: Tensor, gelu: bool = False) -> Tensor:
        """From ``x`` (B, D in) to (B, D out), through GELU if asked for."""
        y = _linear_dynamic(x, self.weight, self.reduce_range)
        return torch.ops.aten.gelu_(y) if gelu else y

    def residual(self, residual: Tensor, x: Tensor) -> Tensor:
        """``residual`` (B, D out) plus the layer's output for ``x``."""
        return self(x).add_(residual)


class Norm:
    """A layer norm; its result has the type in which the next product computes."""

    def __init__(self, norm: Any, dtype: torch.dtype) -> None:
        self.eps, self.dtype = norm.eps, dtype
        self.weight, self.bias = _at_least(dtype, norm.weight), _at_least(dtype, norm.bias)

    def __call__(self, x: Tensor) -> Tensor:
        return F.layer_norm(x, self.weight.shape, self.weight, self.bias, self.eps).to(self.dtype)


class Layer:
    """A :class:`Block`'s weights, in which self-attention's query, key and value are one product."""

    def __init__(self, block: Block, dtype: torch.dtype, product: Callable[..., Linear | Int8Linear]) -> None:
        self_attention, cross_attention = block.self_attention, block.cross_attention

        def linear(module: Any) -> Linear | Int8Linear:
            return product(module.weight, module.bias)

        self.norm_self, self.norm_cross = Norm(block.norm_self, dtype), Norm(block.norm_cross, dtype)
        self.norm_feed_forward = Norm(block.norm_feed_forward, dtype)
        self.query_key_value = product(*_fused(self_attention))
        self.self_out, self.cross_out = linear(self_attention.out), linear(cross_attention.out)
        self.query, self.key_value = linear(cross_attention.query), linear(cross_attention.key_value)
        self.up, self.down = linear(block.feed_forward[0]), linear(block.feed_forward[2])


class PackedWeights:
    """A captioner's decoder as it is now, laid out for decoding; whoever decodes several batches makes it once.

    It computes in the model's own type, or in autocast's where that is on. On a processor it is a second copy of the
    decoder (150 MB at a width of 512), which took 0.1 s to lay out. It does not follow weights that change: whoever
    changes them makes another. ``compiled`` makes its steps one graph each (:func:`hw3lib.models.decoding.greedy`).
    ``int8`` makes its products ones of 8-bit numbers (a processor's; :func:`int8_is_possible`), all else in float32.

    >>> from hw3lib import config
    >>> tiny = {"embed_dim": 16, "depth": 1, "num_heads": 1}
    >>> encoder = config.Encoder(name="vit_tiny_patch16_224", weights="none", image_size=32, arguments=tiny)
    >>> run = config.Run(title="tiny", encoder=encoder, decoder=config.Decoder(layers=2, heads=2, feed_forward=8))
    >>> weights = PackedWeights(Captioner(run, vocabulary_size=20))
    >>> len(weights.layers), weights.embed.shape
    (2, torch.Size([20, 16]))
    """

    def __init__(self, model: Captioner, compiled: bool = False, int8: bool = False) -> None:
        device = model.device.type
        autocast = torch.is_autocast_enabled(device)
        self.dtype = torch.get_autocast_dtype(device) if autocast else model.embed.weight.dtype
        if int8:
            self.dtype = torch.float32
        self.heads, self.compiled = model.run.decoder.heads, compiled
        pack = device == "cpu" and not compiled
        self.transposed = pack  # how the images' keys and values are laid out
        self.embed = _at_least(self.dtype, model.embed.weight)
        self.position = _at_least(self.dtype, model.position.weight)
        product = Int8Linear if int8 else partial(Linear, dtype=self.dtype, pack=pack)
        self.layers = [Layer(block, self.dtype, product) for block in model.blocks]  # type: ignore[arg-type]
        self.norm = Norm(model.norm, self.dtype)
        self.head = product(model.embed.weight if model.head is None else model.head.weight, None)
        drafts = pack and not int8 and int8_is_possible(model.device)
        self._lay_out_draft = partial(PackedWeights, model, int8=True) if drafts else None
        self._draft: PackedWeights | None = None
        self._asked = 0
        self.buffers: dict[tuple[int, ...], Any] = {}  # of the static steps, whose graphs are tied to their addresses

    def draft(self) -> PackedWeights | None:
        """The same in 8 bits, to guess with, where torch has that, from the second call on.

        To lay it out takes as long as it saves with one image or two.
        """
        self._asked += 1
        if self._lay_out_draft and self._asked > 1:
            self._draft = self._draft or self._lay_out_draft()
        return self._draft

    def tensors(self) -> Iterator[Tensor]:
        """All of them."""
        parts = [part for layer in self.layers for part in vars(layer).values()]
        for part in (self, self.norm, self.head, *parts):
            yield from (value for value in vars(part).values() if isinstance(value, Tensor))


def _at_least(dtype: torch.dtype, weight: Tensor) -> Tensor:
    """The weight itself, unless ``dtype`` is wider: a bfloat16 model's in 8 bits, where all else is float32."""
    return weight.detach().to(torch.promote_types(weight.dtype, dtype))


def _fused(attention: Attention) -> tuple[Tensor, Tensor]:
    parts = (attention.query, attention.key_value)
    return torch.cat([part.weight for part in parts]), torch.cat([part.bias for part in parts])


def int8_is_possible(device: torch.device) -> bool:
    """Whether torch has products of 8-bit numbers there: on x86 processors."""
    return device.type == "cpu" and "fbgemm" in torch.backends.quantized.supported_engines


def _can_pack(device: torch.device, dtype: torch.dtype) -> bool:
    """Whether oneDNN lays such weights out: on x86 with AVX2, for bfloat16 with its instructions."""
    if device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return False
    if not hasattr(torch.ops.mkldnn, "_reorder_linear_weight") or not hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        return False  # not a public interface: another torch may lack it
    has = torch.cpu.get_capabilities()
    return bool(has.get({torch.float32: "avx2", torch.bfloat16: "avx512_bf16"}.get(dtype, "")))
