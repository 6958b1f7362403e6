"""The demo's weights: they load as real ones do, know what the card says, and can be made again."""

from __future__ import annotations

import dataclasses
import json
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch

from demo_world.pretrain import fresh, train
from demo_world.pretrain.card import card
from demo_world.pretrain.labels import coverage, positions
from demo_world.pretrain.recipes import RECIPES
from demo_world.pretrain.shards import Shard
from demo_world.pretrain.texts import Texts, encode_short_text
from hw3lib import config
from hw3lib.models.encoder import create_encoder
from hw3lib.system.errors import UserError

WEIGHTS = train.WEIGHTS


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Shard:
    """Sixteen fresh pictures."""
    folder = tmp_path_factory.mktemp("shard")
    rng = Random(0)
    pictures = [fresh.draw_picture(9, index) for index in rng.sample(range(100), 16)]
    np.save(folder / "images.npy", np.stack([picture.image for picture in pictures]))
    np.save(folder / "kinds.npy", np.stack([picture.kinds for picture in pictures]))
    np.save(folder / "coats.npy", np.stack([picture.coats for picture in pictures]))
    np.save(folder / "places.npy", np.array([picture.place for picture in pictures], np.uint8))
    (folder / "texts.json").write_text(json.dumps([picture.texts for picture in pictures]))
    return Shard(folder)


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


def test_pretraining_learns_from_a_few_pictures(shard: Shard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = dataclasses.replace(
        RECIPES["swin_base"], cycles=((8 * 24, 1.5e-3), (8 * 2, 1e-3)), batch=8, size=64,
        arguments={"img_size": 64, "window_size": 2, "embed_dim": 16, "depths": [1, 1, 1], "num_heads": [1, 2, 4]},
    )  # fmt: skip
    monkeypatch.setitem(RECIPES, "swin_base", tiny)
    row = train.run_recipe("swin_base", shard, shard, tmp_path)
    assert (tmp_path / "swin_base.safetensors").is_file()
    assert row["pictures seen"] == 8 * 26
    assert 0 <= row["mAP"] <= 1


TINY_CLIP = dataclasses.replace(
    RECIPES["clip"], size=64, cycles=((8 * 3, 2e-3),), batch=8,
    arguments={
        "embed_dim": 16,
        "vision_cfg": {"image_size": 64, "layers": [1, 1, 1, 1], "width": 8, "head_width": 16, "patch_size": None},
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
    },
)  # fmt: skip


def test_clip_is_pretrained_by_the_same_loop(shard: Shard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RECIPES, "clip", TINY_CLIP)
    row = train.run_recipe("clip", shard, shard, tmp_path)
    assert json.loads((tmp_path / "clip.json").read_text()) == row["open_clip"] == TINY_CLIP.arguments
    assert (tmp_path / "clip.safetensors").is_file()
    assert 0 <= row["a photo of a {}"] <= 1


def test_short_texts_have_the_features_that_open_clip_gives_whole_ones(shard: Shard, tmp_path: Path) -> None:
    objective = train.begin(TINY_CLIP, shard, shard, tmp_path / "clip.safetensors", cycle=0)
    assert isinstance(objective, Texts)
    with torch.inference_mode():
        short = encode_short_text(objective.model, objective.tokens[:, 0])
        whole = objective.model.encode_text(objective.tokenizer([texts[0] for texts in shard.texts]))
    assert objective.tokens.shape[-1] < 77
    assert torch.allclose(short, whole, atol=1e-5)


def test_a_cycle_begins_from_the_weights_of_the_one_before(shard: Shard, tmp_path: Path) -> None:
    path = tmp_path / "vit.safetensors"
    recipe = dataclasses.replace(
        RECIPES["vit"], size=32, arguments={"img_size": 32, "embed_dim": 32, "depth": 1, "num_heads": 2}
    )
    torch.manual_seed(0)
    first = train.begin(recipe, shard, shard, path, cycle=0)
    train.save(first.model, path)
    second, fresh_start = (train.begin(recipe, shard, shard, path, cycle) for cycle in (1, 0))
    weight = first.model.patch_embed.proj.weight
    assert torch.equal(second.model.patch_embed.proj.weight, weight.half().float())
    assert not torch.equal(fresh_start.model.patch_embed.proj.weight, weight)
    features = first.model.forward_features(torch.zeros(2, 3, 32, 32))
    assert positions(first.model, features).shape == (2, 4, 4, 32), "without the class token"


def test_the_rate_rises_over_a_twenty_fifth_of_the_steps_and_falls_to_zero() -> None:
    rates = [train.schedule(step, 200) for step in range(200)]
    assert rates[:8] == pytest.approx([(step + 1) / 8 for step in range(8)])
    assert all(a > b for a, b in pairwise(rates[8:]))
    assert rates[104] == pytest.approx(0.5)
    assert rates[-1] < 1e-3


def test_an_order_visits_every_picture_before_any_twice(shard: Shard) -> None:
    order = shard.order(4, np.random.default_rng(0))
    epochs = [np.concatenate([next(order) for _ in range(4)]) for _ in range(2)]
    assert [sorted(epoch) for epoch in epochs] == [list(range(16))] * 2
    assert epochs[0].tolist() != epochs[1].tolist()


def test_held_out_pictures_are_measured_whole(shard: Shard) -> None:
    recipe = dataclasses.replace(RECIPES["vit"], size=fresh.SQUARE)
    (batch,) = shard.plain(recipe)
    pictures = torch.from_numpy(np.array(shard.images)).permute(0, 3, 1, 2).float() / 255
    assert torch.allclose(batch.images, (pictures - 0.5) / 0.5, atol=1e-6)
    assert np.array_equal(batch.kinds.numpy(), shard.kinds) and np.array_equal(batch.coats.numpy(), shard.coats)


def test_weights_that_no_recipe_makes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no weights called resnet; there are: clip, swin_large"):
        train.pretrain(("vit", "resnet"), work=tmp_path, out=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_batches_are_cut_with_their_labels(shard: Shard) -> None:
    recipe = dataclasses.replace(RECIPES["vit"], size=48, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    batch = shard.augmented(np.arange(8), recipe, np.random.default_rng(0))
    assert batch.images.shape == (8, 3, 48, 48)
    assert batch.kinds.shape == batch.coats.shape
    assert batch.images.min() >= 0
    assert batch.images.max() <= 1
    share = coverage(batch.kinds, len(fresh.KIND_NAMES), (4, 4))
    assert torch.allclose(share.sum(-1).mean(), (batch.kinds > 0).float().mean(), atol=0.02)
    assert batch.places.tolist() == shard.places[:8].tolist()
