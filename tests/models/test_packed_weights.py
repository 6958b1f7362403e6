"""Weights laid out for decoding compute the same, follow the model's, and leave with it."""

from __future__ import annotations

import copy
import gc
from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from hw3lib import config
from hw3lib.models import kv_cache, packed_weights
from hw3lib.models.captioner import Captioner
from hw3lib.models.packed_weights import Linear, weights_of

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
        own = Linear(plain.weight, plain.bias, dtype, bool(pack))
        assert not own.packed or pack is True
        close = {"atol": TOLERANCE[dtype], "rtol": TOLERANCE[dtype], "check_dtype": False}
        with torch.no_grad():
            expected = plain(x)
            torch.testing.assert_close(own(x.to(dtype)), expected, **close)
            torch.testing.assert_close(own(x.to(dtype), gelu=True), F.gelu(expected), **close)
            torch.testing.assert_close(own.added(residual.to(dtype), x.to(dtype)), residual + expected, **close)
            torch.testing.assert_close(own.added(other, x.to(dtype)), other + expected, **close)  # of another type


def follows(model: Captioner) -> bool:
    """Whether a step computes with the model's weights of now."""
    with torch.no_grad():
        memory = model.encode(torch.randn(2, 3, 32, 32))
        tokens = torch.tensor([5, 6])
        logits = kv_cache.step(tokens, kv_cache.start(model, memory, 2, 4))
        return torch.allclose(logits, model(memory, tokens[:, None])[:, -1].float(), atol=1e-5)


@pytest.mark.parametrize("settings", [{"foreach": False}, {"foreach": True}, {"fused": True}])
def test_weights_that_learn_are_laid_out_anew(model: Captioner, settings: dict[str, bool]) -> None:
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, **settings)
    for _ in range(2):
        assert follows(model)
        before = weights_of(model)
        assert weights_of(model) is before
        model(torch.randn(1, 3, 32, 32), torch.tensor([[2, 5]])).sum().backward()
        optimizer.step()
        assert weights_of(model) is not before
    assert follows(model)


@pytest.mark.parametrize(
    "change",
    [
        lambda model: model.load_state_dict({name: 2 * each for name, each in model.state_dict().items()}),
        lambda model: model.bfloat16().float(),
        lambda model: setattr(model.blocks[0].cross_attention, "query", nn.Linear(32, 32)),
        lambda model: model.head.weight.detach().mul_(2),
    ],
)
def test_weights_that_are_changed_otherwise_are_laid_out_anew(
    model: Captioner, change: Callable[[Captioner], object]
) -> None:
    assert follows(model)
    before = weights_of(model)
    change(model)
    assert weights_of(model) is not before
    assert follows(model)


def test_a_copy_has_weights_of_its_own(model: Captioner) -> None:
    weights = weights_of(model)
    twin = copy.deepcopy(model)
    with torch.no_grad():
        twin.head.weight.mul_(2)
    assert follows(twin)
    assert follows(model)
    assert weights_of(model) is weights


def test_each_type_is_laid_out_once(model: Captioner) -> None:
    plain = weights_of(model)
    with torch.autocast("cpu", torch.bfloat16):
        half = weights_of(model)
        assert weights_of(model) is half
    assert (plain.dtype, half.dtype) == (torch.float32, torch.bfloat16)
    assert weights_of(model) is plain


def test_what_was_laid_out_goes_with_the_model(tiny_run: config.Run) -> None:
    model = Captioner(tiny_run, VOCABULARY).eval()
    weights_of(model)
    kept = len(packed_weights._KNOWN)
    del model
    gc.collect()
    assert len(packed_weights._KNOWN) == kept - 1
