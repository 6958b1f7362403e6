"""The step over a cache is the forward pass, in every form; the image is projected once; caches shrink."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from hw3lib import config
from hw3lib.models import kv_cache
from hw3lib.models.captioner import Captioner, Memory
from hw3lib.models.packed_weights import PackedWeights

VOCABULARY = 50


@pytest.fixture(params=["untied", "tied"])
def model(request: pytest.FixtureRequest, tiny_run: config.Run) -> Captioner:
    """Random, also in its biases and norms, and far from uniform attention, so that nothing left out would hide."""
    import dataclasses

    torch.manual_seed(0)
    decoder = dataclasses.replace(tiny_run.decoder, tied_head=request.param == "tied")
    model = Captioner(dataclasses.replace(tiny_run, decoder=decoder), VOCABULARY).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not name.startswith("encoder"):
                parameter.mul_(10 if "query" in name or "key_value" in name else 3).add_(
                    0.1 * torch.randn_like(parameter)
                )
    return model


def remember(model: Captioner, images: int) -> Memory:
    with torch.no_grad():
        return model.encode(3 * torch.randn(images, 3, 32, 32))


@torch.no_grad()
def walk(model: Captioner, memory: Memory, tokens: Tensor, **how) -> Tensor:
    """The logits of each step through given captions (B, T): (B, T, V)."""
    cache = kv_cache.start(PackedWeights(model, **how), memory, len(tokens), tokens.shape[1])
    return torch.stack([kv_cache.step(newest, cache).clone() for newest in tokens.unbind(1)], dim=1)


@pytest.fixture(params=["plain", "static"])
def how(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """The form of the step; the static one is run here as it is, and compiled in the tests of decoding."""
    monkeypatch.setattr(kv_cache, "_compiled", lambda *_: kv_cache.static_step)
    return {"compiled": request.param == "static"}


@pytest.mark.parametrize("captions", [1, 3])
def test_step_by_step_is_the_same_as_all_at_once(model: Captioner, how: dict[str, bool], captions: int) -> None:
    memory = remember(model, 2)
    tokens = torch.randint(4, VOCABULARY, (2 * captions, 7))
    with torch.no_grad():
        torch.testing.assert_close(walk(model, memory, tokens, **how), model(memory, tokens), atol=2e-4, rtol=1e-4)


def test_a_beam_that_goes_on_from_another_has_read_what_that_one_had(model: Captioner, how: dict[str, bool]) -> None:
    """Random jumps between beams, against the caption that each then stands for, read at once."""
    images, beams, limit = 3, 4, 8
    memory = remember(model, images)
    captions = torch.full((images, beams, 1), 2)
    with torch.no_grad():
        cache = kv_cache.start(PackedWeights(model, **how), memory, images * beams, limit, beams)
        for position in range(limit):
            logits = kv_cache.step(captions[:, :, -1].flatten(), cache)
            expected = model(memory, captions.flatten(0, 1))[:, -1]
            torch.testing.assert_close(logits, expected, atol=2e-4, rtol=1e-4)
            source = torch.randint(beams, (images, beams))
            cache.reorder(source)
            captions = captions.gather(1, source[..., None].expand_as(captions))
            captions = torch.cat([captions, torch.randint(4, VOCABULARY, (images, beams, 1))], dim=2)
            if position == 3:  # the middle image leaves
                memory = Memory(memory.tokens[[0, 2]], memory.grid)
                cache.select(torch.tensor([0, 2]), torch.tensor([0, 2]))
                captions, images = captions[[0, 2]], 2


def test_rows_that_stay_go_on_as_before(model: Captioner, how: dict[str, bool]) -> None:
    """Images with two captions each, of which the first and the last image stay."""
    memory = remember(model, 4)
    tokens = torch.randint(4, VOCABULARY, (8, 6))
    images, rows = torch.tensor([0, 3]), torch.tensor([0, 1, 6, 7])
    with torch.no_grad():
        cache = kv_cache.start(PackedWeights(model, **how), memory, 8, 6)
        for position in range(3):
            kv_cache.step(tokens[:, position], cache)
        cache.select(rows, images)
        found = torch.stack([kv_cache.step(tokens[rows, position], cache).clone() for position in (3, 4, 5)], dim=1)
        torch.testing.assert_close(found, model(memory, tokens)[rows, 3:], atol=2e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", ["autocast", "model"])
def test_a_step_in_bfloat16_is_near_the_one_in_float32(model: Captioner, how: dict[str, bool], kind: str) -> None:
    memory, tokens = remember(model, 2), torch.randint(4, VOCABULARY, (4, 6))
    expected = walk(model, memory, tokens)
    if kind == "model":
        model.bfloat16()
    with torch.autocast("cpu", torch.bfloat16, enabled=kind == "autocast"):
        found = walk(model, memory, tokens, **how)
    assert found.dtype == torch.float32
    off = (found - expected).std() / expected.std()
    assert 1e-4 < off < 0.08  # rounded to 8 bits in every layer, and not to 24


def test_the_image_is_projected_once_and_the_cache_stays_where_it_is(
    model: Captioner, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory, projected = remember(model, 2), []
    project = kv_cache._project
    monkeypatch.setattr(kv_cache, "_project", lambda *args: projected.append(args[0].shape) or project(*args))
    with torch.no_grad():
        cache = kv_cache.start(PackedWeights(model), memory, 6, 10, beams=3)
        places = [slots.data_ptr() for slots in cache.past]
        for _ in range(9):
            kv_cache.step(torch.full((6,), 5), cache)
            cache.reorder(torch.zeros(2, 3, dtype=torch.long))
    assert projected == [memory.tokens.shape] * len(model.blocks)  # not once for each beam
    assert [slots.data_ptr() for slots in cache.past] == places
    assert all(keys.shape[0] == 2 for keys, _ in cache.cross)


def test_a_full_cache_and_a_length_beyond_the_models_are_refused(model: Captioner) -> None:
    memory = remember(model, 1)
    with pytest.raises(ValueError, match="25 tokens is longer than the model's 24"):
        kv_cache.start(PackedWeights(model), memory, 1, 25)
    with torch.no_grad():
        cache = kv_cache.start(PackedWeights(model), memory, 2, 2, beams=2)
        for _ in range(2):
            kv_cache.step(torch.tensor([5, 6]), cache)
        with pytest.raises(ValueError, match="started for 2 tokens"):
            kv_cache.step(torch.tensor([5, 6]), cache)
        cache = kv_cache.start(PackedWeights(model), memory, 1, 2)
        kv_cache.step(torch.tensor([5]), cache)
        with pytest.raises(ValueError, match="2 tokens after 1: the cache was started for 2"):
            kv_cache.read(torch.tensor([5, 6]), cache)
