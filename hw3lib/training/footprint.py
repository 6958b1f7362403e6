"""What a run's training needs, before it is tried: memory, arithmetic, time.

The real model reads a step's captions, with fake tensors (torch's ``FakeTensorMode``): they have shapes, types and a
device, and take no memory, so that a Swin-L is measured within seconds and without a GPU. What is alive when the loss
is known is what the way back needs; gradients come while activations go. A whole step of the full-size runs, measured
in the same way on a processor, needed within 2 % of the memory that is computed here.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from hw3lib import config
from hw3lib.models.captioner import Captioner, Features
from hw3lib.system import devices
from hw3lib.system.errors import UserError
from hw3lib.system.messages import brief
from hw3lib.training.muon import flops
from hw3lib.training.optimization import autocast, parameter_groups, unfused
from hw3lib.training.validation import next_token_loss

_TOKENS = 24  # that a padded step predicts of a caption: people's have 14 on average, and a long one in every step
ADAMW = 8  # bytes of the two moments of a parameter
_GRADIENT = 4  # bytes of its gradient
# The share of the fastest product's speed at which a step computes (on a GPU the target of benchmarks/train.py, on a
# processor what the demo's runs reached), and the seconds that a GPU takes to start a kernel.
_SHARE = {"cuda": 0.4, "cpu": 0.15}
_LAUNCH = 8e-6
H100 = 989e12 * 0.75  # bfloat16 operations per second of a large product
_LIBRARIES = 10**9  # bytes that CUDA and its libraries take for themselves, and what lies idle between tensors


class Work(NamedTuple):
    """What a model, or a part of it, does on the way there."""

    flops: float
    kernels: int

    def seconds(self, rate: float, device: str) -> float:
        """Of arithmetic, or of starting the kernels where that takes longer."""
        return max(self.flops / rate / _SHARE[device], self.kernels * _LAUNCH if device == "cuda" else 0.0)


@dataclass(frozen=True)
class Pass:
    """A part of a step: its images with their captions, forward."""

    images: int
    memory: int  # bytes alive at the most while it is learned from, gradients included, weights not
    encoder: Work
    decoder: Work


@dataclass(frozen=True)
class Footprint:
    """A run's needs on a device."""

    run: config.Run
    device: str  # cuda or cpu
    weights: int  # bytes of weights, their moving average and AdamW's moments
    references: Pass  # in learning reference captions
    rewards: Pass | None  # in learning with rewards
    update: float = 0.0  # operations of Muon's orthogonalisation in a step

    @property
    def tensors(self) -> int:
        """Bytes of tensors at the most: what torch calls allocated."""
        return self.weights + max(part.memory for part in (self.references, self.rewards) if part)

    @property
    def memory(self) -> int:
        """Bytes at the most; on a GPU, with what its libraries take for themselves."""
        return self.tensors + (_LIBRARIES if self.device == "cuda" else 0)

    def seconds(self, images: int, rate: float) -> float:
        """Training on so many images for all its epochs, where a large product has ``rate`` operations/s."""
        training, critical, part = self.run.training, self.run.self_critical, self.references
        encoder, decoder = (work.seconds(rate, self.device) for work in (part.encoder, part.decoder))
        frozen = training.epochs if self.run.encoder.frozen else training.frozen_epochs
        back = 3 + training.activation_checkpointing  # there, and back, which is twice as much
        steps = (encoder if frozen else 0) + training.epochs * 3 * decoder + (training.epochs - frozen) * back * encoder
        total = steps / part.images
        updates = training.epochs * self.update / (part.images * training.accumulate)
        total += updates / rate / _SHARE[self.device]
        if self.rewards:
            encoder, decoder = (
                work.seconds(rate, self.device) for work in (self.rewards.encoder, self.rewards.decoder)
            )
            rests = self.run.encoder.frozen or not critical.encoder_rate_scale
            learning = 3 * decoder + (0 if rests else back * encoder)
            drawing = learning  # about, where arithmetic is what takes time
            if self.device == "cuda":  # token by token, each with the kernels of a whole pass
                drawing = max(drawing, self.run.decoder.max_length * self.rewards.decoder.kernels * _LAUNCH)
            total += critical.epochs * (learning + drawing) / self.rewards.images
        return images * total


def lack(needs: Footprint, run: str) -> str:
    """A sentence where this machine has less memory than a run's training needs, and what to lower; else nothing."""
    has, key = devices.memory(needs.device), f"runs.{run}.training"
    if needs.memory <= has:
        return ""
    of = "GPU" if needs.device == "cuda" else "machine"
    training = needs.run.training
    return (
        f"{run} needs about {needs.memory / 1e9:.1f} GB, and this {of} has {has / 1e9:.1f}: lower {key}.batch_size "
        f"(now {training.batch_size}), raise {key}.accumulate (now {training.accumulate}: the same steps in smaller "
        f"parts), or set {key}.activation_checkpointing: true"
    )


@lru_cache
def rate(device: str, precision: str) -> float:
    """The operations per second of a large product on this machine, as training computes it: the best of a few."""
    size, seconds = (8192 if device == "cuda" else 1024), float("inf")
    with torch.inference_mode(), autocast(torch.device(device), precision):
        factor = torch.ones(size, size, device=device)
        for _ in range(20):
            started = time.perf_counter()
            float((factor @ factor)[0, 0])  # waits for the device
            seconds = min(seconds, time.perf_counter() - started)
    return 2 * size**3 / seconds


def measure(run: config.Run, vocabulary_size: int, device: str = "cuda") -> Footprint:
    """The needs of training a run on a device of this kind, whether or not there is one here.

    Raises :class:`UserError` for a backbone that timm cannot build, or that asks for numbers where there are none.
    """
    from torch._subclasses.fake_tensor import FakeTensorMode

    with torch.device("meta"):
        model = Captioner(run, vocabulary_size, pretrained=False)
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    training, critical = run.training, run.self_critical
    rewarded = None
    try:
        with FakeTensorMode():
            _move(model, device)
            size = _share(training.batch_size // training.captions_per_image, training.accumulate)
            part = _forward(model, size, training.captions_per_image, device, not run.encoder.frozen)
            if critical.epochs:
                size = _share(critical.images_per_step, training.accumulate)
                learns = critical.encoder_rate_scale > 0 and not run.encoder.frozen
                rewarded = _forward(model, size, critical.samples, device, learns)
    except Exception as error:  # a backbone may do anything
        raise UserError(f"what {run.encoder.name} needs cannot be estimated ({brief(error, 100)})") from error
    held = sum(tensor.nbytes for tensor in (*model.parameters(), *model.buffers()))
    update = 0.0
    if training.optimizer == "muon":
        groups = parameter_groups(model, training.weight_decay, training.encoder_rate_scale, muon=True)
        update = sum(flops(matrix.shape) for group in groups if group["muon"] for matrix in group["params"])
    weights = held * (2 if training.ema_decay else 1) + ADAMW * sum(map(Tensor.numel, parameters))
    return Footprint(run, device, weights, part, rewarded, update)


def _share(images: int, parts: int) -> int:
    return -(-max(1, images) // parts)


def _move(model: nn.Module, device: str) -> None:
    """Give the model fake weights on the device; ``Module.to`` cannot."""
    for module in model.modules():
        for name, parameter in module._parameters.items():
            if parameter is not None:
                empty = torch.empty(parameter.shape, dtype=parameter.dtype, device=device)
                module._parameters[name] = nn.Parameter(empty, parameter.requires_grad)
        for name, buffer in module._buffers.items():
            if buffer is not None:
                module._buffers[name] = torch.empty(buffer.shape, dtype=buffer.dtype, device=device)


def _forward(model: Captioner, images: int, captions: int, device: str, learns: bool) -> Pass:
    """Read captions of so many images once; where the encoder does not learn, of features that stand for them."""
    training, height_width = model.run.training, model.transform(train=False).size
    tokens = torch.zeros(images * captions, min(_TOKENS + 1, model.max_length), dtype=torch.long, device=device)
    with ExitStack() as stack:
        pixels = torch.empty(images, 3, *height_width, device=device)
        if training.activation_checkpointing and learns:
            model.encoder.set_grad_checkpointing(True)
        model.train()
        stack.enter_context(_autocast(torch.device(device), training.precision))
        stack.enter_context(unfused(model.encoder, torch.device(device)))
        live = stack.enter_context(_Live(model))
        if device == "cuda":
            stack.enter_context(_Fused())
        with torch.set_grad_enabled(learns):
            features = model.features(pixels)
        encoder = live.work()
        if not learns:
            live.layers = []  # what has passed is not learned from
            features = Features(features.patches.detach(), features.grid)
        logits = model(features, tokens[:, :-1])
        # Kept, for what the way back needs hangs on it.
        _loss = next_token_loss(logits, tokens, 0, training.label_smoothing, "sum")
    return Pass(images, live.peak(), encoder, live.work())


class _Live(TorchDispatchMode):
    """Counts the bytes of what is alive, operations and kernels, and after which layer there were how many bytes."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        from torch.utils.flop_counter import flop_registry

        self.model, self.formulas = model, flop_registry
        self.bytes, self.kernels, self.flops = 0, 0, 0.0
        self.largest = 0  # bytes
        self.seen = {tensor.untyped_storage()._cdata for tensor in (*model.parameters(), *model.buffers())}
        self.layers: list[tuple[int, int]] = []  # bytes alive after a layer, and of its parameters' gradients
        self.hooks: list[Any] = []

    def __enter__(self) -> _Live:
        for module in self.model.modules():
            if any(True for _ in module.parameters(recurse=False)):
                self.hooks.append(module.register_forward_hook(self._passed))
        return super().__enter__()

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self.layers.append((self.bytes, 0))
        for hook in self.hooks:
            hook.remove()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        new = [tensor for tensor in (out if isinstance(out, tuple | list) else [out]) if isinstance(tensor, Tensor)]
        self.kernels += sum([self._allocated(tensor) for tensor in new]) > 0
        if (formula := self.formulas.get(func._overloadpacket)) is not None:
            self.flops += formula(*args, **(kwargs or {}), out_val=out)
        return out

    def _allocated(self, tensor: Tensor) -> bool:
        storage = tensor.untyped_storage()
        if storage._cdata in self.seen:
            return False
        self.seen.add(storage._cdata)
        self.bytes += storage.nbytes()
        self.largest = max(self.largest, storage.nbytes())
        weakref.finalize(storage, self._released, storage._cdata, storage.nbytes())
        return True

    def _released(self, address: int, size: int) -> None:
        self.seen.discard(address)
        self.bytes -= size

    def _passed(self, module: nn.Module, inputs: Any, output: Any) -> None:
        own = [parameter for parameter in module.parameters(recurse=False) if parameter.requires_grad]
        gradients = _GRADIENT * sum(map(Tensor.numel, own)) if torch.is_grad_enabled() else 0
        self.layers.append((self.bytes, gradients))

    def work(self) -> Work:
        """Done since this was last asked."""
        done, self.flops, self.kernels = Work(self.flops, self.kernels), 0.0, 0
        return done

    def peak(self) -> int:
        """Bytes at the most on the way back, layer by layer: the activations up to it, the gradients from it on."""
        highest, gradients = 0, 0
        for activations, own in reversed(self.layers):
            gradients += own
            highest = max(highest, activations + gradients)
        return highest + 2 * self.largest  # a layer's own gradients on the way: of what it gave and of what it got


class _Fused(TorchFunctionMode):
    """Attends as a GPU does; for fake tensors torch spells attention out, with a softmax that a GPU does not keep."""

    def __torch_function__(self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is not F.scaled_dot_product_attention:
            return func(*args, **(kwargs or {}))
        return _fused(*args, **(kwargs or {}))


def _fused(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None, dropout_p: float = 0.0,
    is_causal: bool = False, scale: float | None = None, **_: Any,
) -> Tensor:  # fmt: skip
    parts = [query, key, value]
    if torch.is_autocast_enabled("cuda"):
        parts = [part.to(torch.get_autocast_dtype("cuda")) for part in parts]
    ops = torch.ops.aten
    if attn_mask is None and parts[0].dtype != torch.float32:
        return ops._scaled_dot_product_flash_attention(*parts, dropout_p, is_causal, scale=scale)[0]
    if attn_mask is not None:
        shape = (*query.shape[:-1], key.shape[-2])
        attn_mask = F.pad(attn_mask.to(parts[0].dtype), (0, -shape[-1] % 8))[..., : shape[-1]].expand(shape)
    return ops._scaled_dot_product_efficient_attention(
        *parts, attn_mask, torch.is_grad_enabled(), dropout_p, is_causal, scale=scale
    )[0]


@contextmanager
def _autocast(device: torch.device, precision: str) -> Iterator[None]:
    """As in training; ``torch.autocast`` itself does nothing for a GPU where there is none."""
    if device.type != "cuda":
        with autocast(device, precision):
            yield
        return
    before = torch.is_autocast_enabled("cuda"), torch.get_autocast_dtype("cuda")
    torch.set_autocast_enabled("cuda", precision != "float32")
    torch.set_autocast_dtype("cuda", torch.bfloat16)
    try:
        yield
    finally:
        torch.clear_autocast_cache()
        torch.set_autocast_enabled("cuda", before[0])
        torch.set_autocast_dtype("cuda", before[1])
