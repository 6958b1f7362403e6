"""Gradient-weighted attention and rollout against slow versions that follow the papers line by line."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hw3lib import config
from hw3lib.attention.relevance import gradient_weighted, rollout
from hw3lib.models.captioner import Captioner

IDS = [2, 5, 9, 7, 11, 3]


@pytest.fixture(scope="module")
def model() -> Captioner:
    torch.manual_seed(1)
    arguments = {"patch_size": 8, "embed_dim": 24, "depth": 2, "num_heads": 2}
    encoder = config.Encoder(name="vit_tiny_patch16_224", weights="none", arguments=arguments, image_size=32)
    run = config.Run(
        title="tiny",
        encoder=encoder,
        decoder=config.Decoder(layers=3, heads=4, width=32, feed_forward=32, max_length=12),
    )
    captioner = Captioner(run, 20).eval()
    for block in captioner.blocks:
        for attention in (block.self_attention, block.cross_attention):
            torch.nn.init.normal_(attention.query.weight, std=0.6)
            torch.nn.init.normal_(attention.key_value.weight, std=0.6)
    return captioner


@pytest.fixture(scope="module")
def image() -> torch.Tensor:
    return torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(2))


def slowly(model: Captioner, memory, ids: list[int], token: int) -> np.ndarray:
    """One token: equations 5, 6, 7, 8 and 10 of Chefer et al. 2021, on what stands before that token alone."""
    tokens = torch.tensor([ids[:token]])
    length, patches = token, memory.tokens.shape[1]
    with torch.enable_grad():
        logits, attention = model.decode(memory, tokens, explicit=True)
        target = logits[0, -1].log_softmax(-1)[ids[token]]
        flat = [weights for pair in attention for weights in pair]
        gradients = torch.autograd.grad(target, flat)
    r_ss, r_sq = np.eye(length), np.zeros((length, patches))
    for layer in range(len(attention)):
        a_ss, a_sq = (
            np.mean([np.maximum(a * g, 0) for a, g in zip(x[0].detach().numpy(), y[0].numpy(), strict=True)], axis=0)
            for x, y in zip(flat[2 * layer : 2 * layer + 2], gradients[2 * layer : 2 * layer + 2], strict=True)
        )
        r_sq = r_sq + a_ss @ r_sq
        r_ss = r_ss + a_ss @ r_ss
        added = r_ss - np.eye(length)
        rows = added.sum(axis=1, keepdims=True)
        normal = np.divide(added, rows, out=np.zeros_like(added), where=rows > 0) + np.eye(length)
        r_sq = r_sq + normal.T @ a_sq
    return r_sq[-1] / r_sq[-1].sum()


def test_gradient_weighted_attention_is_that_of_the_paper_for_every_token(model, image) -> None:
    with torch.no_grad():
        memory = model.encode(image)
    relevance = gradient_weighted(model, memory, IDS)
    assert relevance.shape == (len(IDS), 16)
    assert np.isnan(relevance[0]).all()
    for token in range(1, len(IDS)):
        np.testing.assert_allclose(relevance[token], slowly(model, memory, IDS, token), atol=1e-5)
    np.testing.assert_allclose(relevance[1:].sum(axis=1), 1, atol=1e-5)
    assert np.abs(relevance[1:] - 1 / 16).max() > 0.01


def test_what_comes_later_does_not_change_a_tokens_relevance(model, image) -> None:
    with torch.no_grad():
        memory = model.encode(image)
    whole, part = gradient_weighted(model, memory, IDS), gradient_weighted(model, memory, IDS[:4])
    np.testing.assert_allclose(whole[:4], part, atol=1e-5)


def test_it_leaves_the_model_as_it_was_also_in_inference_mode(model, image) -> None:
    with torch.inference_mode():
        memory = model.encode(image)
        relevance = gradient_weighted(model, memory, IDS)
    assert np.isfinite(relevance[1:]).all()
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not model.training
    assert model.embed.weight.requires_grad


def test_rollout_is_the_product_of_the_layers_attention(model, image, monkeypatch) -> None:
    """By hand: the encoder's blocks, one after another."""
    encoder = model.encoder
    with torch.no_grad():
        x = encoder._pos_embed(encoder.patch_embed(image))
        whole = torch.eye(x.shape[1])
        for block in encoder.blocks:
            attention = block.attn
            normed = block.norm1(x)
            q, k, _ = (
                attention.qkv(normed).reshape(1, -1, 3, attention.num_heads, attention.head_dim).permute(2, 0, 3, 1, 4)
            )
            shares = (q * attention.scale @ k.transpose(-2, -1)).softmax(-1)[0].mean(0)
            whole = (shares + torch.eye(len(shares))) / 2 @ whole
            x = block(x)
    expected = whole[1:, 1:] / whole[1:, 1:].sum(-1, keepdim=True)
    before = [block.attn.fused_attn for block in encoder.blocks]
    relevance = rollout(model, image)
    torch.testing.assert_close(relevance, expected, atol=1e-5, rtol=1e-4)
    assert [block.attn.fused_attn for block in encoder.blocks] == before
    assert not any(block.attn.attn_drop._forward_hooks for block in encoder.blocks)
    monkeypatch.delattr(encoder, "num_prefix_tokens")  # some of timm's encoders do not tell: they have none
    torch.testing.assert_close(rollout(model, image), whole, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("swin_tiny_patch4_window7_224", {"embed_dim": 16, "depths": [1, 1], "num_heads": [1, 2], "window_size": 4}),
        (
            "samvit_base_patch16",
            {"patch_size": 8, "embed_dim": 16, "depth": 1, "num_heads": 2, "window_size": 2, "global_attn_indexes": []},
        ),
    ],
)
def test_rollout_is_not_defined_for_a_pyramid_or_for_windows(image, name, arguments) -> None:
    encoder = config.Encoder(name=name, weights="none", arguments=arguments, image_size=32)
    decoder = config.Decoder(layers=1, heads=4, width=32, feed_forward=32, max_length=12)
    assert rollout(Captioner(config.Run(title="swin", encoder=encoder, decoder=decoder), 20), image) is None
