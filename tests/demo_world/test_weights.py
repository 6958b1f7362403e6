"""The demo's weights: they load as real ones do, know what the card says, and can be made again."""

from __future__ import annotations

import dataclasses
import json
from random import Random

import numpy as np
import pytest
import torch

from demo_world.pretrain import fresh, train
from demo_world.pretrain.card import card
from demo_world.pretrain.labels import coverage
from demo_world.pretrain.recipes import RECIPES
from demo_world.pretrain.shards import Shard
from hw3lib import config, paths
from hw3lib.models.encoder import create_encoder

WEIGHTS = paths.DEMO_WEIGHTS


def test_the_weights_are_at_most_20_megabytes_together() -> None:
    assert sum(path.stat().st_size for path in WEIGHTS.rglob("*") if path.is_file()) <= 20e6


@pytest.mark.parametrize("key", [key for key in RECIPES if key != "clip"])
def test_timm_loads_a_backbone_and_its_classifier_knows_a_large_plain_thing(key: str) -> None:
    import timm

    recipe = RECIPES[key]
    overlay = {"file": str(WEIGHTS / f"{key}.safetensors"), "num_classes": len(fresh.KIND_NAMES)}
    model = timm.create_model(
        recipe.model,
        pretrained=True,
        num_classes=len(fresh.KIND_NAMES),
        pretrained_cfg_overlay=overlay,
        **recipe.arguments,
    ).eval()
    mean, std = (torch.tensor(value).view(1, 3, 1, 1) for value in (recipe.mean, recipe.std))
    right = 0
    for index in range(0, 90, 3):
        square = fresh.draw_picture(77, index).image
        image = torch.from_numpy(square.copy()).permute(2, 0, 1)[None].float() / 255
        image = torch.nn.functional.interpolate(image, (recipe.size, recipe.size), mode="bilinear", antialias=True)
        with torch.inference_mode():
            answer = model((image - mean) / std)[0].argmax()
        right += int(answer == index % len(fresh.KIND_NAMES))
    assert right >= 12, f"{right} of 30 portraits; guessing would give 1"


def test_the_profile_demo_loads_every_backbone_that_it_names() -> None:
    profile = config.load("demo")
    for run in profile.runs.values():
        encoder = create_encoder(run.encoder)
        untrained = create_encoder(run.encoder, pretrained=False)
        name = next(name for name, value in encoder.named_parameters() if value.ndim > 1)
        assert not torch.equal(encoder.get_parameter(name), untrained.get_parameter(name))


def test_the_card_speaks_of_every_file() -> None:
    text = (WEIGHTS / "README.md").read_text(encoding="utf-8")
    assert text == card(WEIGHTS)
    for path in WEIGHTS.glob("*.safetensors"):
        assert path.name in text
        row = json.loads((WEIGHTS / "card" / f"{path.stem}.json").read_text(encoding="utf-8"))
        assert {"made with", "minutes", "pictures seen", "parameters"} <= set(row)


def test_pretraining_learns_from_a_few_pictures(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    shard = Shard(_shard(tmp_path))
    tiny = dataclasses.replace(
        RECIPES["swin_base"], cycles=((8 * 24, 1.5e-3), (8 * 2, 1e-3)), batch=8, size=64,
        arguments={"img_size": 64, "window_size": 2, "embed_dim": 16, "depths": [1, 1, 1], "num_heads": [1, 2, 4]},
    )  # fmt: skip
    monkeypatch.setitem(RECIPES, "swin_base", tiny)
    row = train.run_recipe("swin_base", shard, shard, tmp_path)
    assert (tmp_path / "swin_base.safetensors").is_file()
    assert row["pictures seen"] == 8 * 26
    assert 0 <= row["mAP"] <= 1


def test_clip_is_pretrained_by_the_same_loop(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    shard = Shard(_shard(tmp_path))
    config = {
        "embed_dim": 16,
        "vision_cfg": {"image_size": 64, "layers": [1, 1, 1, 1], "width": 8, "head_width": 16, "patch_size": None},
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
    }
    tiny = dataclasses.replace(RECIPES["clip"], arguments=config, size=64, cycles=((8 * 3, 2e-3),), batch=8)
    monkeypatch.setitem(RECIPES, "clip", tiny)
    row = train.run_recipe("clip", shard, shard, tmp_path)
    assert json.loads((tmp_path / "clip.json").read_text()) == row["open_clip"] == config
    assert (tmp_path / "clip.safetensors").is_file()
    assert 0 <= row["a photo of a {}"] <= 1


def test_batches_are_cut_with_their_labels(tmp_path) -> None:
    shard = Shard(_shard(tmp_path))
    recipe = dataclasses.replace(RECIPES["vit"], size=48, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    batch = shard.augmented(np.arange(8), recipe, np.random.default_rng(0))
    assert batch.images.shape == (8, 3, 48, 48)
    assert batch.kinds.shape == batch.coats.shape
    assert batch.images.min() >= 0
    assert batch.images.max() <= 1
    share = coverage(batch.kinds, len(fresh.KIND_NAMES), (4, 4))
    assert torch.allclose(share.sum(-1).mean(), (batch.kinds > 0).float().mean(), atol=0.02)
    assert batch.places.tolist() == shard.places[:8].tolist()


def _shard(folder):
    rng = Random(0)
    pictures = [fresh.draw_picture(9, index) for index in rng.sample(range(100), 16)]
    np.save(folder / "images.npy", np.stack([picture.image for picture in pictures]))
    np.save(folder / "kinds.npy", np.stack([picture.kinds for picture in pictures]))
    np.save(folder / "coats.npy", np.stack([picture.coats for picture in pictures]))
    np.save(folder / "places.npy", np.array([picture.place for picture in pictures], np.uint8))
    (folder / "texts.json").write_text(json.dumps([picture.texts for picture in pictures]))
    return folder
