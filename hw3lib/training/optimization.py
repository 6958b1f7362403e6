"""How the weights move: the learning rate's decay, the optimizer's groups, mixed precision."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import nn

from hw3lib.config import Training
from hw3lib.models.captioner import Captioner
from hw3lib.system import devices
from hw3lib.system.errors import UserError
from hw3lib.training.muon import MuonAdamW


def cosine(step: int, steps: int) -> float:
    """What share of the learning rate is left at a step: half a cosine from 1 to 0 (Loshchilov and Hutter 2017)."""
    return 0.5 * (1 + math.cos(math.pi * min(1.0, step / max(1, steps))))


def parameter_groups(
    model: Captioner, weight_decay: float, encoder_rate_scale: float, muon: bool = False
) -> list[dict[str, Any]]:
    """AdamW's groups: encoder and decoder, each with and without weight decay; ``scale`` multiplies the rate.

    With ``muon`` the matrices between the decoder's embedding and its output layer are groups of their own, so marked.
    Biases, norms, positions, and what timm says of its backbone are not decayed. Asserts that the groups hold every
    trainable parameter exactly once.
    """
    spared: set[str] = getattr(model.encoder, "no_weight_decay", set)()
    groups: dict[tuple[bool, bool, bool], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        in_encoder = name.startswith("encoder.")
        in_spared = in_encoder and name.removeprefix("encoder.") in spared
        undecayed = parameter.ndim < 2 or name == "position.weight" or in_spared
        hidden = muon and parameter.ndim == 2 and name.startswith(("blocks.", "project."))
        groups.setdefault((in_encoder, undecayed, hidden), []).append(parameter)
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    grouped = [parameter for group in groups.values() for parameter in group]
    assert len(grouped) == len(trainable)
    assert set(map(id, grouped)) == set(map(id, trainable))
    return [
        {
            "params": parameters,
            "weight_decay": 0.0 if undecayed else weight_decay,
            "scale": encoder_rate_scale if in_encoder else 1.0,
            "muon": hidden,
        }
        for (in_encoder, undecayed, hidden), parameters in groups.items()
    ]


def autocast(device: torch.device, precision: str) -> AbstractContextManager[Any]:
    """bfloat16 mixed precision where asked for, or, with "auto", where the hardware computes in it."""
    wanted = precision == "bfloat16" or (precision == "auto" and devices.has_bfloat16(device.type))
    return torch.autocast(device.type, torch.bfloat16) if wanted else nullcontext()


def optimizer(model: Captioner, training: Training, encoder_rate_scale: float) -> torch.optim.Optimizer:
    """The run's optimizer of all that learns; rates are set at every step."""
    muon = training.optimizer == "muon"
    groups = parameter_groups(model, training.weight_decay, encoder_rate_scale, muon)
    if not muon:
        return torch.optim.AdamW(groups, lr=0.0, fused=True)
    with autocast(model.device, training.precision):
        mixed = torch.is_autocast_enabled(model.device.type)
    return MuonAdamW(groups, torch.bfloat16 if mixed else torch.float32)


@contextmanager
def unfused(encoder: nn.Module, device: torch.device) -> Iterator[None]:
    """Within :func:`autocast`: let timm spell attention out where the fused one is slow to learn through.

    That is on a CPU in bfloat16, where the fused kernel's way back takes longer than all of the rest: a step of the
    demo's ViT takes 0.24 s on one core instead of 0.38 s. It costs the memory of each layer's map.
    """
    slow = device.type == "cpu" and torch.is_autocast_enabled("cpu")
    fused = [module for module in encoder.modules() if slow and getattr(module, "fused_attn", False)]
    try:
        for module in fused:
            module.fused_attn = False  # type: ignore[assignment]
        yield
    finally:
        for module in fused:
            module.fused_attn = True  # type: ignore[assignment]


@contextmanager
def reproducible(device: torch.device, key: str = "training.deterministic", wanted: bool = True) -> Iterator[None]:
    """Deterministic algorithms on a GPU, where the fast ones add up in an order that changes from run to run.

    Not ``warn_only``: fused attention would then take its non-deterministic way back. What has no deterministic form
    raises :class:`UserError`, which names ``key``, the setting that does without.
    """
    if device.type != "cuda" or not wanted:
        yield
        return
    devices.prepare_cuda()
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    settings: Any = torch.utils.deterministic
    fill = settings.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True)
    # Else every new tensor is first filled with NaN, by a kernel of its own; nothing here reads what nobody wrote.
    settings.fill_uninitialized_memory = False
    try:
        yield
    except RuntimeError as error:
        if "CUBLAS_WORKSPACE_CONFIG" in str(error):
            raise UserError(
                "the GPU was used before training set how it multiplies: restart the kernel, or start Python with "
                f"CUBLAS_WORKSPACE_CONFIG={devices.CUBLAS}"
            ) from error
        if "deterministic" not in str(error):
            raise
        operation = str(error).split(" ", 1)[0]
        raise UserError(
            f"{operation} has no form that gives the same sums each time on a GPU; where that may differ from run to "
            f"run, set {key}: false"
        ) from error
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])
        settings.fill_uninitialized_memory = fill
