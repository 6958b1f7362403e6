"""Muon for the decoder's matrices, AdamW for everything else: for runs of a few hundred steps.

Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks"; the rates are AdamW's, by the factor of
Liu et al. 2025, "Muon is scalable for LLM training". torch has Muon, but one matrix at a time and always in bfloat16,
which a processor without such arithmetic emulates: here matrices of a shape go together, in what the device has.

Dimension letters: K matrices of one shape, m rows, n columns.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

_MOMENTUM = 0.95
_COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # Jordan's: the steepest at zero
_ITERATIONS = 5


class MuonAdamW(torch.optim.AdamW):
    """AdamW but for groups with ``muon: True``, whose matrices move by their orthogonalised momentum."""

    def __init__(self, groups: list[dict[str, Any]], dtype: torch.dtype) -> None:
        """``dtype`` is what the orthogonalisation computes in."""
        super().__init__(groups, lr=0.0, fused=True)
        self.dtype = dtype

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """One update of all parameters that have a gradient."""
        groups = self.param_groups
        try:
            self.param_groups = [group for group in groups if not group["muon"]]
            loss = super().step(closure)
        finally:
            self.param_groups = groups
        for group in groups:
            if group["muon"]:
                self._move(group)
        return loss

    def _move(self, group: dict[str, Any]) -> None:
        alike: dict[torch.Size, list[tuple[Tensor, Tensor]]] = {}  # matrices of a shape, with their directions
        for matrix in group["params"]:
            if matrix.grad is not None:
                state = self.state[matrix]
                if not state:  # a step, because AdamW expects one in all that is restored
                    state |= {"step": torch.zeros(()), "momentum": torch.zeros_like(matrix)}
                momentum = state["momentum"]
                momentum.lerp_(matrix.grad, 1 - _MOMENTUM)
                direction = matrix.grad.lerp(momentum, _MOMENTUM)  # Nesterov's
                alike.setdefault(matrix.shape, []).append((matrix, direction))
        for shape, moved in alike.items():
            updates = orthogonal(torch.stack([direction for _, direction in moved]), self.dtype)
            # As long as AdamW's usual update, whose entries are about 0.2.
            length = 0.2 * max(shape) ** 0.5 * group["lr"]
            for (matrix, _), update in zip(moved, updates, strict=True):
                matrix.mul_(1 - group["lr"] * group["weight_decay"]).sub_(update, alpha=length)


def flops(shape: torch.Size) -> float:
    """The operations of :func:`orthogonal` on one matrix."""
    rows, columns = min(shape), max(shape)
    return float(_ITERATIONS * 2 * rows * rows * (rows + 2 * columns))


def orthogonal(matrices: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """The nearest semi-orthogonal matrices, roughly: every singular value becomes 0.7 to 1.2. (K, m, n), as given.

    >>> torch.linalg.svdvals(orthogonal(torch.tensor([[[3.0, 0.0, 0.0], [0.0, 0.2, 0.0]]]))).round(decimals=1)
    tensor([[1.1000, 0.7000]])
    """
    tall = matrices.shape[1] > matrices.shape[2]
    x = (matrices.mT if tall else matrices).to(dtype)  # the product with itself is the smaller one
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    a, b, c = _COEFFICIENTS
    for _ in range(_ITERATIONS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.mT if tall else x).to(matrices.dtype)
