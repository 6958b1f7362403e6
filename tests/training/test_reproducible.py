"""What a training computes on a GPU is the same each time: checked without one, with fake tensors."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from hw3lib import config, paths
from hw3lib.models import decoding
from hw3lib.system import devices
from hw3lib.system.errors import UserError
from hw3lib.training import footprint
from hw3lib.training.optimization import reproducible
from hw3lib.training.self_critical import advantages, policy_loss
from hw3lib.training.validation import next_token_loss

# What throws on a GPU where deterministic algorithms are asked for, by the documentation of
# torch.use_deterministic_algorithms (torch 2.12): by the name of the node that differentiates it, and what throws on
# the way there.
BACKWARD = (
    "AvgPool3D", "AdaptiveAvgPool2D", "AdaptiveAvgPool3D", "MaxPool3D", "AdaptiveMaxPool2D", "FractionalMaxPool",
    "MaxUnpool", "UpsampleLinear", "UpsampleBilinear", "UpsampleBicubic", "UpsampleTrilinear", "ReflectionPad",
    "NllLoss2D", "CtcLoss", "EmbeddingBag", "GridSampler",
)  # fmt: skip
FORWARD = ("max_unpool", "nll_loss2d", "put_", "put", "histc", "bincount", "median", "cumsum", "scatter_reduce")
GPU = torch.device("cuda")


def nodes_of(loss: Tensor) -> set[str]:
    """The names of an autograd graph's nodes: which operations will be differentiated."""
    names, seen, stack = set(), set(), [loss.grad_fn]
    while stack:
        node = stack.pop()
        if node is not None and node not in seen:
            seen.add(node)
            names.add(node.name())
            stack += [following for following, _ in node.next_functions]
    return names


def refused(nodes: set[str]) -> set[str]:
    return {node for node in nodes if node.startswith(BACKWARD)}


class Forward(TorchDispatchMode):
    """Notes the operations on floating-point numbers that throw on the way there."""

    def __init__(self) -> None:
        super().__init__()
        self.count, self.refused = 0, set[str]()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        name = func._overloadpacket.__name__
        self.count += 1
        if name in FORWARD and isinstance(args[0], Tensor) and args[0].is_floating_point():
            self.refused.add(name)
        return out


@pytest.mark.parametrize("run", ["best", "swinv2", "vit", "plus"])
def test_no_way_back_of_a_captioner_is_refused_on_a_gpu(run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Swin, SwinV2, ViT, and the parts of the better recipe."""
    nodes: set[str] = set()

    def noted(*given: Any) -> Tensor:
        loss = next_token_loss(*given)
        nodes.update(nodes_of(loss))
        return loss

    monkeypatch.setattr(footprint, "next_token_loss", noted)
    footprint.measure(config.load(paths.PACKAGE.parent / "configs" / "demo.yaml").run(run), 300)
    assert len(nodes) > 15
    assert any("ScaledDotProduct" in node for node in nodes)
    assert not refused(nodes)


def test_a_way_back_that_is_refused_is_noticed() -> None:
    with FakeTensorMode():
        image = torch.ones(1, 3, 8, 8, device="cuda", requires_grad=True)
        resized = F.interpolate(image, size=(5, 5), mode="bicubic", antialias=True)
        padded = F.pad(resized, (1, 1, 1, 1), mode="reflect")
        assert refused(nodes_of(padded.sum())) == {
            "UpsampleBicubic2DAaBackward0", "ReflectionPad2DBackward0",
        }  # fmt: skip


def test_drawing_captions_is_not_refused_on_a_gpu() -> None:
    with FakeTensorMode(), Forward() as forward:
        masses = torch.ones(6, 300, device="cuda").softmax(-1)
        tokens = decoding._draw(masses, None).expand(-1, 5)
        logits = torch.ones(6, 4, 300, device="cuda", requires_grad=True)
        loss = policy_loss(logits, tokens, advantages(torch.ones(6, device="cuda"), 3), tokens[0, :3], 0)
    assert forward.count > 20
    assert forward.refused == set()
    assert not refused(nodes_of(loss))

    with FakeTensorMode(), Forward() as forward:
        torch.ones(6, 300, device="cuda").cumsum(-1)
    assert forward.refused == {"cumsum"}


def test_the_sum_that_a_gpu_draws_with_is_the_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(0)
    masses = (4 * torch.randn(50, 18_022, generator=generator)).softmax(-1)
    exact = masses.double().cumsum(-1)
    fixed = decoding._fixed_point_sum(masses)
    assert fixed.dtype == torch.float32
    assert (fixed - exact).abs().max() < 1e-7  # float32 itself is no more exact
    assert (fixed.diff() >= 0).all()

    some = torch.tensor([[0.0, 0.5, 0.0, 0.3, 0.2]]).expand(20_000, -1)
    monkeypatch.setattr(decoding, "_running_sum", decoding._fixed_point_sum)
    drawn = decoding._draw(some, torch.Generator().manual_seed(1)).flatten().bincount(minlength=5) / 20_000
    torch.testing.assert_close(drawn, some[0], atol=0.015, rtol=0)
    assert drawn[0] == drawn[2] == 0


def test_on_a_gpu_training_asks_for_deterministic_algorithms_and_leaves_no_setting_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)

    def settings() -> tuple[bool, bool, bool]:
        fill = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
        return (
            torch.are_deterministic_algorithms_enabled(),
            torch.is_deterministic_algorithms_warn_only_enabled(),
            fill,
        )

    before = settings()
    with reproducible(GPU):
        assert settings() == (True, False, False)
        assert devices.os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    assert settings() == before
    for device, wanted in ((torch.device("cpu"), True), (GPU, False)):
        with reproducible(device, wanted=wanted):
            assert settings() == before


def test_what_is_refused_on_a_gpu_names_the_setting_that_does_without() -> None:
    refusal = (
        "reflection_pad2d_backward_cuda does not have a deterministic implementation, but you set "
        "'torch.use_deterministic_algorithms(True)'."
    )
    key = "runs.best.training.deterministic"
    with pytest.raises(UserError, match=f"^reflection_pad2d_backward_cuda .* set {key}: false"), reproducible(GPU, key):
        raise RuntimeError(refusal)
    late = "Deterministic behavior was enabled ... you must set CUBLAS_WORKSPACE_CONFIG=:4096:8 or"
    with pytest.raises(UserError, match="restart the kernel"), reproducible(GPU, key):
        raise RuntimeError(late)
    with pytest.raises(RuntimeError, match="size mismatch"), reproducible(GPU, key):
        raise RuntimeError("size mismatch")
    with pytest.raises(RuntimeError, match="deterministic"), reproducible(torch.device("cpu"), key):
        raise RuntimeError(refusal)


def test_the_setting_leaves_a_runs_identity_as_it_was(tiny_run: config.Run) -> None:
    assert "deterministic" not in config.settings_of(tiny_run.training)
    changed = dataclasses.replace(tiny_run.training, deterministic=False)
    assert config.settings_of(changed)["deterministic"] is False
