"""The state of an interrupted training run: one safetensors file, JSON in its metadata, nothing pickled.

One file, because it is replaced whole: a kill at any moment leaves the state before or the state after.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from hw3lib.system.errors import UserError
from hw3lib.system.files import atomic
from hw3lib.system.messages import brief


def save_state(
    path: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    facts: dict[str, Any],
    average: nn.Module | None = None,
) -> None:
    """Write the weights and their moving average, the optimizer's moments, torch's random state, and ``facts``."""
    from safetensors.torch import save_file

    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    if average is not None:
        tensors |= {f"average.{name}": tensor for name, tensor in average.state_dict().items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{key}": torch.as_tensor(value) for key, value in state.items()}
    tensors["random.cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["random.cuda"] = torch.cuda.get_rng_state()
    on_host = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with atomic(path) as temporary:
        save_file(on_host, temporary, {"facts": json.dumps(facts)})


def read_facts(path: Path) -> dict[str, Any] | None:
    """The plain data of a state; None when there is none, or none that can be read."""
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        return None
    try:
        with safe_open(path, "pt") as file:
            return dict(json.loads((file.metadata() or {})["facts"]))
    except (SafetensorError, KeyError, TypeError, ValueError, RecursionError, OSError):
        return None


def restore_state(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, average: nn.Module | None = None
) -> None:
    """Put back what :func:`save_state` wrote; the model and the optimizer must be built in the same way.

    Raises :class:`UserError` for a file that is damaged or was written of something else.
    """
    from safetensors import SafetensorError

    try:
        _restore(path, model, optimizer, average)
    except (SafetensorError, LookupError, ValueError, TypeError, RuntimeError) as error:
        raise UserError(
            f"{path} is no state to go on from ({brief(error)}); start anew with: hw3 train RUN --fresh"
        ) from None


def _restore(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, average: nn.Module | None) -> None:
    from safetensors.torch import load_file

    parts: dict[str, dict[str, Tensor]] = {"model": {}, "average": {}, "optimizer": {}, "random": {}}
    for name, tensor in load_file(path).items():
        part, rest = name.split(".", 1)
        parts[part][rest] = tensor
    model.load_state_dict(parts["model"])
    if average is not None:
        average.load_state_dict(parts["average"])
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in parts["optimizer"].items():
        index, key = name.split(".", 1)
        state.setdefault(int(index), {})[key] = tensor
    _refuse_other_moments(state, optimizer)
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    torch.set_rng_state(parts["random"]["cpu"])
    if "cuda" in parts["random"] and torch.cuda.is_available():
        torch.cuda.set_rng_state(parts["random"]["cuda"])


def _refuse_other_moments(state: dict[int, dict[str, Tensor]], optimizer: torch.optim.Optimizer) -> None:
    """The optimizer takes moments of any shape, and fails at its first step."""
    muon, adamw = {"step", "momentum"}, {"step", "exp_avg", "exp_avg_sq"}
    wanted = [
        (parameter.shape, muon if group.get("muon") else adamw)
        for group in optimizer.param_groups
        for parameter in group["params"]
    ]
    for index, moments in state.items():
        if not 0 <= index < len(wanted) or {*moments} != wanted[index][1]:
            raise ValueError(f"the optimizer's entry {index} is {', '.join(moments)}")
        if any(moments[name].shape != wanted[index][0] for name in moments if name != "step"):
            raise ValueError(f"the optimizer's entry {index} is of another shape than its parameter")
