"""The decoder's weights, laid out for products with few rows: one row per caption that is being decoded.

Dimension letters: B rows, D model width.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

if TYPE_CHECKING:
    from hw3lib.models.captioner import Attention, Block, Captioner

# A hint for oneDNN's choice of a layout. What it chooses for 16 rows or more is as fast for one row, not the reverse.
_ROWS = 64


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

    def added(self, residual: Tensor, x: Tensor) -> Tensor:
        """``residual`` (B, D out) plus what becomes of ``x``: one operation where both are of one type."""
        if self.packed and residual.dtype == x.dtype:
            return torch.ops.mkldnn._linear_pointwise.binary(x, residual, self.weight, self.bias, "add")
        return residual + self(x)


class Norm:
    """A layer norm; its result has the type in which the next product computes."""

    def __init__(self, norm: Any, dtype: torch.dtype) -> None:
        self.weight, self.bias, self.eps, self.dtype = norm.weight.detach(), norm.bias.detach(), norm.eps, dtype

    def __call__(self, x: Tensor) -> Tensor:
        return F.layer_norm(x, self.weight.shape, self.weight, self.bias, self.eps).to(self.dtype)


class Layer:
    """A :class:`Block`'s weights, in which self-attention's query, key and value are one product."""

    def __init__(self, block: Block, dtype: torch.dtype, pack: bool) -> None:
        own, image = block.self_attention, block.cross_attention

        def linear(module: Any) -> Linear:
            return Linear(module.weight, module.bias, dtype, pack)

        self.norm_self, self.norm_cross = Norm(block.norm_self, dtype), Norm(block.norm_cross, dtype)
        self.norm_feed_forward = Norm(block.norm_feed_forward, dtype)
        self.query_key_value = Linear(*_fused(own), dtype, pack)
        self.self_out, self.cross_out = linear(own.out), linear(image.out)
        self.query, self.key_value = linear(image.query), linear(image.key_value)
        self.up, self.down = linear(block.feed_forward[0]), linear(block.feed_forward[2])


class Weights:
    """A captioner's decoder, laid out for steps that compute in ``dtype``."""

    def __init__(self, model: Captioner, dtype: torch.dtype, pack: bool) -> None:
        self.dtype, self.heads = dtype, model.run.decoder.heads
        self.turned = pack  # how the images' keys and values are laid out
        self.embed, self.position = model.embed.weight.detach(), model.position.weight.detach()
        self.layers = [Layer(block, dtype, pack) for block in model.blocks]  # type: ignore[arg-type]
        self.norm = Norm(model.norm, dtype)
        self.head = Linear(model.embed.weight if model.head is None else model.head.weight, None, dtype, pack)
        self.buffers: dict[tuple[int, ...], Any] = {}  # of the static steps, whose graphs are tied to their addresses
        # Aliases keep the memory from being used again, for other weights that would look like these.
        self._made_from = [(each.detach(), _version(each)) for each in _decoder(model)]
        self._steps = _steps_taken()

    def current(self, model: Captioner) -> bool:
        """Whether the model's weights are those that these were made of; changes through ``.data`` go unseen."""
        parameters = _decoder(model)
        return (self._steps, len(self._made_from)) == (_steps_taken(), len(parameters)) and all(
            each.data_ptr() == alias.data_ptr() and each.dtype == alias.dtype and _version(each) == version
            for each, (alias, version) in zip(parameters, self._made_from, strict=True)
        )

    def tensors(self) -> Iterator[Tensor]:
        """All of them."""
        parts = [part for layer in self.layers for part in vars(layer).values()]
        for part in (self, self.norm, self.head, *parts):
            yield from (each for each in vars(part).values() if isinstance(each, Tensor))


# Beside the models, not in them: what is derived is neither saved nor copied with a model, and goes when it goes.
_KNOWN: weakref.WeakKeyDictionary[Captioner, dict[tuple[torch.dtype, bool], Weights]] = weakref.WeakKeyDictionary()


def weights_of(model: Captioner, pack: bool = True) -> Weights:
    """The decoder's weights laid out, anew only if they have changed since the last time.

    They compute in the model's own type, or in autocast's where that is on. On a processor they are, if ``pack``, a
    second copy of the decoder (150 MB at a width of 512), which took 0.1 s to lay out.
    """
    device = model.device.type
    dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else model.embed.weight.dtype
    key = (dtype, pack and device == "cpu")
    known = {each: weights for each, weights in _KNOWN.get(model, {}).items() if weights.current(model)}
    if key not in known:
        known[key] = Weights(model, *key)
    _KNOWN[model] = known
    return known[key]


def _decoder(model: Captioner) -> list[nn.Parameter]:
    parts = (model.embed, model.position, model.blocks, model.norm, model.head)
    return [parameter for part in parts if part is not None for parameter in part.parameters()]


_taken = [-1]  # steps of any optimizer since the first weights were laid out


def _steps_taken() -> int:
    """How many steps optimizers have taken: fused ones change weights without counting it in their versions."""
    if _taken[0] < 0:
        from torch.optim.optimizer import register_optimizer_step_post_hook

        _taken[0] = 0
        register_optimizer_step_post_hook(_one_more)
    return _taken[0]


def _one_more(*_: object) -> None:
    _taken[0] += 1


def _version(parameter: Tensor) -> int:
    """How often it was changed in place; a tensor made in inference mode does not count."""
    return -1 if parameter.is_inference() else parameter._version


def _fused(attention: Attention) -> tuple[Tensor, Tensor]:
    parts = (attention.query, attention.key_value)
    return torch.cat([part.weight for part in parts]), torch.cat([part.bias for part in parts])


def _can_pack(device: torch.device, dtype: torch.dtype) -> bool:
    """Whether oneDNN lays such weights out: on x86 with AVX2, for bfloat16 with its instructions."""
    if device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return False
    if not hasattr(torch.ops.mkldnn, "_reorder_linear_weight") or not hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        return False  # not a public interface: another torch may lack it
    has = torch.cpu.get_capabilities()
    return bool(has.get({torch.float32: "avx2", torch.bfloat16: "avx512_bf16"}.get(dtype, "")))
