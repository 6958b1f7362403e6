"""The other ways of asking where a caption's words look: what is put together from gradients and rollout."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from hw3lib import config
from hw3lib.attention import maps, methods
from hw3lib.attention.maps import Word
from hw3lib.attention.methods import other_maps
from hw3lib.attention.relevance import gradient_weighted, rollout
from hw3lib.attention.results import Choice
from hw3lib.models.captioner import Captioner
from tests.support.synthetic import synthetic

IDS = [2, 5, 9, 7, 3]
WORDS = [Word("[BOS]", (0,)), Word("two", (1,)), Word("bikes", (2, 3)), Word("[EOS]", (4,))]


def maps_of(encoder: config.Encoder) -> tuple[Captioner, torch.Tensor, np.ndarray, np.ndarray]:
    """A model, an image, random maps of its words and what :func:`other_maps` makes of them."""
    torch.manual_seed(1)
    decoder = config.Decoder(layers=1, heads=4, width=32, feed_forward=32, max_length=12)
    model = Captioner(config.Run(title="tiny", encoder=encoder, decoder=decoder), 20).eval()
    image = torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        patches = model.encode(image).tokens.shape[1]
    last = np.random.default_rng(0).dirichlet(np.ones(patches), len(WORDS)).astype(np.float32)
    return model, image, last, other_maps(SimpleNamespace(model=model), image, IDS, WORDS, last)


def test_rollout_carries_the_last_layers_maps_on_to_the_image() -> None:
    arguments = {"patch_size": 8, "embed_dim": 24, "depth": 2, "num_heads": 2}
    vit = config.Encoder(name="vit_tiny_patch16_224", weights="none", arguments=arguments, image_size=32)
    model, image, last, (gradient, rolled) = maps_of(vit)
    mixing = rollout(model, image)
    assert mixing is not None
    np.testing.assert_allclose(rolled, last @ mixing.numpy(), rtol=1e-5)
    np.testing.assert_allclose(rolled.sum(-1), 1, rtol=1e-4)
    with torch.no_grad():
        memory = model.encode(image)
    tokens = gradient_weighted(model, memory, IDS)
    np.testing.assert_allclose(gradient[2], tokens[2:4].mean(0), rtol=1e-5)


def test_where_rollout_is_not_defined_its_maps_are_empty_and_the_other_ones_are_not() -> None:
    arguments = {"embed_dim": 16, "depths": [1, 1], "num_heads": [1, 2], "window_size": 4}
    swin = config.Encoder(name="swin_tiny_patch4_window7_224", weights="none", arguments=arguments, image_size=32)
    _, _, _, (gradient, rolled) = maps_of(swin)
    assert np.isnan(rolled).all()
    assert np.isfinite(gradient[1:]).all()


def test_the_best_layer_has_no_maps_of_its_own_where_it_is_the_last(monkeypatch) -> None:
    attention = synthetic("a dog")  # of two layers
    nothing = np.full((2, *maps.view_maps(attention).shape), np.nan)
    monkeypatch.setattr(methods, "other_maps", lambda *_: nothing)
    loaded: Any = SimpleNamespace(transform=lambda _: torch.zeros(3, 2, 2), model=SimpleNamespace(device="cpu"))
    names = [
        list(methods.attribution_maps(loaded, attention, Choice(maps.View(0, 1), layer, (2, 2), (2, 2), {}, None)))
        for layer in (0, 1)
    ]
    assert names == [["last layer", "best layer", "best head"], ["last layer", "best head"]]
