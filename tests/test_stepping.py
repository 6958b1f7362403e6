"""One token at a time: both forms of the step, the packed weights, and what a step must not do."""

from __future__ import annotations

import functools
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from hw3lib import config, decoding, layout, stepping
from hw3lib.captioner import Captioner, Memory
from hw3lib.decoding import beam, greedy, sample
from hw3lib.layout import Linear, weights_of
from hw3lib.stepping import start, step
from hw3lib.tokenizer import CaptionTokenizer


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> CaptionTokenizer:
    text = ["a red circle on grey", "there is a blue square"]
    return CaptionTokenizer.train(text, 40, tmp_path_factory.mktemp("tokenizer") / "t.json")


@pytest.fixture
def model(tiny_run: config.Run, tokenizer: CaptionTokenizer) -> Captioner:
    torch.manual_seed(0)
    model = Captioner(tiny_run, tokenizer.size).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.mul_(12 if name == "head.weight" else 4 if "attention" in name else 1)
    return model


@pytest.fixture
def memory(model: Captioner) -> Memory:
    torch.manual_seed(5)
    with torch.no_grad():
        return model.encode(3 * torch.randn(6, 3, 32, 32))


WAYS = {
    "greedy": greedy,
    "beam": functools.partial(beam, beams=3),
    "sample": lambda *a, **k: sample(*a, samples=2, generator=torch.Generator().manual_seed(0), **k),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_static_step_is_the_plain_one(
    model: Captioner, memory: Memory, tokenizer: CaptionTokenizer, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    plain = WAYS[way](model, memory, tokenizer)
    monkeypatch.setattr(stepping, "_compiled", lambda: stepping.static_step)
    for _ in range(2):  # the second time in the buffers of the first
        static = WAYS[way](model, memory, tokenizer, compiled=True)
        assert [caption.tokens for caption in static] == [caption.tokens for caption in plain]
        for one, other in zip(static, plain, strict=True):
            assert one.log_probs == pytest.approx(other.log_probs, abs=1e-4)


@pytest.mark.parametrize("way", ["greedy", "beam"])
def test_the_static_step_is_one_graph(
    model: Captioner, memory: Memory, tokenizer: CaptionTokenizer, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Traced whole; what a C++ compiler or a GPU makes of the graph is torch's."""
    graphs = []

    def backend(graph: torch.fx.GraphModule, inputs: list[torch.Tensor]) -> Any:
        graphs.append(graph)
        return graph.forward

    compiled = torch.compile(stepping.static_step, fullgraph=True, dynamic=False, backend=backend)
    monkeypatch.setattr(stepping, "_compiled", lambda: compiled)
    plain = WAYS[way](model, memory, tokenizer, max_length=6)
    static = WAYS[way](model, memory, tokenizer, max_length=6, compiled=True)
    assert [caption.tokens for caption in static] == [caption.tokens for caption in plain]
    assert 1 <= len(graphs) <= 2, "one for each size of the batch, not one for each step"


class Waits(TorchDispatchMode):
    """Counts what makes the host wait for a device: reading a value, or a shape that depends on values."""

    NAMES = ("_local_scalar_dense", "nonzero", "masked_select", "unique", "is_nonzero", "equal")

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = function.overloadpacket.__name__
        if name in self.NAMES:
            self.seen.append(name)
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("way", WAYS)
def test_the_host_waits_only_where_it_looks_who_has_ended(
    model: Captioner, memory: Memory, tokenizer: CaptionTokenizer, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    looks = 0
    going = decoding._going

    def counted(*arguments: Any) -> torch.Tensor:
        nonlocal looks
        looks += 1
        return going(*arguments)

    monkeypatch.setattr(decoding, "_going", counted)
    with Waits() as waits:
        captions = WAYS[way](model, memory, tokenizer, max_length=16)
    longest = max(len(caption.tokens) for caption in captions) - 1
    assert 1 <= looks <= longest // 4 + 1
    assert waits.seen == ["nonzero"] * looks


def test_packed_weights_follow_the_model(model: Captioner, memory: Memory) -> None:
    tokens = torch.randint(4, model.vocabulary_size, (6, 5))

    def logits() -> torch.Tensor:
        with torch.no_grad():
            cache = start(model, memory, 6, 5)
            return torch.stack([step(tokens[:, position], cache) for position in range(5)], dim=1)

    def check() -> None:
        with torch.no_grad():
            torch.testing.assert_close(logits(), model(memory, tokens), atol=1e-4, rtol=1e-4)

    check()
    first = weights_of(model)
    assert weights_of(model) is first, "laid out once"
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.05, fused=True)
    model(memory, tokens).square().mean().backward()
    optimizer.step()
    check()
    assert weights_of(model) is not first
    other = Captioner(model.run, model.vocabulary_size)
    model.load_state_dict(other.state_dict())
    check()


def test_packed_and_plain_products_agree_also_where_torch_cannot_pack(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    weight, bias = torch.randn(24, 16), torch.randn(24)
    packed = Linear(weight, bias, torch.float32, pack=True)
    plain = Linear(weight, bias, torch.float32, pack=False)
    monkeypatch.setattr(layout, "_can_pack", lambda device, dtype: False)
    without = Linear(weight, bias, torch.float32, pack=True)
    assert not plain.packed
    assert not without.packed
    for rows in (1, 5, 40):
        x, residual = torch.randn(rows, 16), torch.randn(rows, 24)
        expected = torch.nn.functional.linear(x, weight, bias)
        for each in (packed, plain, without):
            torch.testing.assert_close(each(x), expected, atol=1e-4, rtol=1e-4)
            torch.testing.assert_close(each(x, gelu=True), torch.nn.functional.gelu(expected), atol=1e-4, rtol=1e-4)
            torch.testing.assert_close(each.added(residual, x), residual + expected, atol=1e-4, rtol=1e-4)


def test_a_step_sees_no_later_token_and_a_full_cache_is_refused(model: Captioner, memory: Memory) -> None:
    one = Memory(memory.tokens[:1], memory.grid)
    tokens = torch.randint(4, model.vocabulary_size, (1, 6))
    changed = tokens.clone()
    changed[:, 4:] = 5
    with torch.no_grad():
        assert torch.equal(model(one, tokens)[:, :4], model(one, changed)[:, :4])
        cache = start(model, one, 1, 2)
        for position in range(2):
            step(tokens[:, position], cache)
        with pytest.raises(ValueError, match="the cache is full"):
            step(tokens[:, 2], cache)
        with pytest.raises(ValueError, match="25 tokens is longer than the model's 24"):
            start(model, one, 1, 25)
