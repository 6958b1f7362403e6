"""Weights laid out for decoding compute the same, and are those of the model when they are laid out."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from hw3lib import config
from hw3lib.models import kv_cache, packed_weights
from hw3lib.models.captioner import Captioner
from hw3lib.models.packed_weights import Int8Linear, Linear, PackedWeights, int8_is_possible

VOCABULARY = 50
TOLERANCE = {torch.float32: 1e-5, torch.bfloat16: 3e-2}


@pytest.fixture
def model(tiny_run: config.Run) -> Captioner:
    torch.manual_seed(0)
    return Captioner(tiny_run, VOCABULARY).eval()


@pytest.mark.parametrize("pack", [True, False, "impossible"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("rows", [1, 5, 100])
def test_a_layer_laid_out_is_the_layer(
    rows: int, dtype: torch.dtype, pack: bool | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    if pack == "impossible":
        monkeypatch.setattr(packed_weights, "_can_pack", lambda device, dtype: False)
    x, residual, other = torch.randn(rows, 24), torch.randn(rows, 40), torch.randn(rows, 40).double()
    for bias in (True, False):
        plain = nn.Linear(24, 40, bias=bias)
        packed = Linear(plain.weight, plain.bias, dtype, bool(pack))
        assert not packed.packed or pack is True
        close = {"atol": TOLERANCE[dtype], "rtol": TOLERANCE[dtype], "check_dtype": False}
        with torch.no_grad():
            expected = plain(x)
            torch.testing.assert_close(packed(x.to(dtype)), expected, **close)
            torch.testing.assert_close(packed(x.to(dtype), gelu=True), F.gelu(expected), **close)
            torch.testing.assert_close(packed.residual(residual.to(dtype), x.to(dtype)), residual + expected, **close)
            torch.testing.assert_close(
                packed.residual(other, x.to(dtype)), other + expected, **close
            )  # of another type


needs_int8 = pytest.mark.skipif(not int8_is_possible(torch.device("cpu")), reason="no products of 8-bit numbers here")


@needs_int8
@pytest.mark.parametrize("rows", [1, 5, 100])
def test_a_layer_in_8_bits_is_near_the_layer_each_output_on_its_own_scale(rows: int) -> None:
    torch.manual_seed(0)
    x, residual = torch.randn(rows, 64), torch.randn(rows, 40)
    for bias in (True, False):
        plain = nn.Linear(64, 40, bias=bias)
        engine = torch.backends.quantized.engine
        with torch.no_grad():
            plain.weight[0] *= 1000  # would leave nothing of the others on a scale for all
            plain.weight[1] = 0
            packed, expected = Int8Linear(plain.weight, plain.bias), plain(x)
            assert torch.backends.quantized.engine == engine
            assert ((packed(x) - expected).abs().mean(0) <= 0.04 * plain.weight.norm(dim=1)).all()
            torch.testing.assert_close(packed(x, gelu=True), F.gelu(packed(x)))
            torch.testing.assert_close(packed.residual(residual, x), residual + packed(x))


@needs_int8
def test_a_step_in_8_bits_is_near_the_one_in_float32(model: Captioner) -> None:
    step, forward = logits_of_a_step(model, PackedWeights(model, int8=True))
    assert step.dtype == torch.float32
    assert 0 < (step - forward).std() < 0.03 * forward.std()
    half, _ = logits_of_a_step(model.bfloat16(), PackedWeights(model, int8=True))
    assert half.dtype == torch.float32
    assert (half - forward).std() < 0.06 * forward.std()


@needs_int8
def test_a_draft_in_8_bits_is_laid_out_once_from_the_second_batch_on(model: Captioner) -> None:
    weights = PackedWeights(model)
    assert weights.draft() is None
    draft = weights.draft()
    assert isinstance(draft.head, Int8Linear)
    assert weights.draft() is draft


def logits_of_a_step(model: Captioner, weights: PackedWeights | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    """A step's logits over the cache, and those of the forward pass."""
    torch.manual_seed(1)
    with torch.no_grad():
        memory = model.encode(torch.randn(2, 3, 32, 32).to(model.embed.weight.dtype))
        tokens = torch.tensor([5, 6])
        step = kv_cache.step(tokens, kv_cache.start(weights or PackedWeights(model), memory, 2, 4))
        return step, model(memory, tokens[:, None])[:, -1].float()


@pytest.mark.parametrize("settings", [{"foreach": False}, {"foreach": True}, {"fused": True}])
def test_weights_that_learn_are_the_ones_that_the_next_decoding_uses(
    model: Captioner, settings: dict[str, bool]
) -> None:
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, **settings)
    before = None
    for _ in range(3):
        step, forward = logits_of_a_step(model)
        torch.testing.assert_close(step, forward, atol=1e-5, rtol=1e-5)
        assert before is None or not torch.allclose(step, before, atol=1e-2)
        before = step
        model(torch.randn(1, 3, 32, 32), torch.tensor([[2, 5]])).sum().backward()
        optimizer.step()


@pytest.mark.parametrize(
    "change",
    [
        lambda model: model.load_state_dict({name: 2 * tensor for name, tensor in model.state_dict().items()}),
        lambda model: model.bfloat16().float(),
        lambda model: setattr(model.blocks[0].cross_attention, "query", nn.Linear(32, 32)),
        lambda model: model.head.weight.detach().mul_(2),
        lambda model: model.head.weight.data.mul_(2),
    ],
)
def test_weights_that_are_changed_otherwise_are_so_too(model: Captioner, change: Callable[[Captioner], object]) -> None:
    PackedWeights(model)
    change(model)
    torch.testing.assert_close(*logits_of_a_step(model), atol=1e-5, rtol=1e-5)


def test_several_batches_share_the_weights_that_their_caller_made(
    model: Captioner, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = PackedWeights(model)
    monkeypatch.setattr(packed_weights, "Layer", None)  # nothing can be laid out any more
    for _ in range(2):
        torch.testing.assert_close(*logits_of_a_step(model, weights), atol=1e-5, rtol=1e-5)
    with pytest.raises(TypeError):
        PackedWeights(model)


def test_a_processors_weights_are_laid_out_but_for_compiled_steps(model: Captioner) -> None:
    able = packed_weights._can_pack(model.device, torch.float32)
    plain, compiled = PackedWeights(model), PackedWeights(model, compiled=True)
    assert (plain.head.packed, plain.transposed, plain.compiled) == (able, True, False)
    assert (compiled.head.packed, compiled.transposed, compiled.compiled) == (False, False, True)


def test_a_torch_that_lacks_one_of_the_operations_lays_nothing_out(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("_reorder_linear_weight", "_linear_pointwise")
    for there in names:
        monkeypatch.setattr(torch.ops, "mkldnn", SimpleNamespace(**{there: None}))
        assert not packed_weights._can_pack(torch.device("cpu"), torch.float32)
    monkeypatch.setattr(torch.ops, "mkldnn", SimpleNamespace(**dict.fromkeys(names)))
    avx2 = bool(torch.cpu.get_capabilities().get("avx2"))
    assert packed_weights._can_pack(torch.device("cpu"), torch.float32) == avx2


def test_autocast_decides_the_type(model: Captioner) -> None:
    with torch.autocast("cpu", torch.bfloat16):
        half = PackedWeights(model)
    assert (PackedWeights(model).dtype, half.dtype) == (torch.float32, torch.bfloat16)
