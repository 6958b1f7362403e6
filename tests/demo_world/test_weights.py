"""The demo's weights: they load as real ones do, know what the card says, and can be made again."""

from __future__ import annotations

import json
from random import Random

import numpy as np
import pytest
import torch

from demo_world.pretrain import fresh, train
from hw3lib import config, paths
from hw3lib.models.encoder import create_encoder

WEIGHTS = paths.DEMO_WEIGHTS


def test_the_weights_are_at_most_20_megabytes_together() -> None:
    assert sum(path.stat().st_size for path in WEIGHTS.rglob("*") if path.is_file()) <= 20e6


@pytest.mark.parametrize("key", train.BACKBONES)
def test_timm_loads_a_backbone_and_its_classifier_knows_a_large_plain_thing(key: str) -> None:
    import timm

    spec = train.BACKBONES[key]
    overlay = {"file": str(WEIGHTS / f"{key}.safetensors"), "num_classes": len(fresh.KIND_NAMES)}
    model = timm.create_model(
        spec.name, pretrained=True, num_classes=len(fresh.KIND_NAMES), pretrained_cfg_overlay=overlay, **spec.arguments
    ).eval()
    mean, std = (torch.tensor(value).view(1, 3, 1, 1) for value in (spec.mean, spec.std))
    right = 0
    for index in range(0, 90, 3):
        square, *_ = fresh.one(77, index)
        image = torch.from_numpy(square.copy()).permute(2, 0, 1)[None].float() / 255
        image = torch.nn.functional.interpolate(image, (spec.size, spec.size), mode="bilinear", antialias=True)
        with torch.inference_mode():
            said = model((image - mean) / std)[0].argmax()
        right += int(said == index % len(fresh.KIND_NAMES))
    assert right >= 12, f"{right} of 30 portraits; guessing would give 1"


def test_the_profile_demo_loads_every_backbone_that_it_names() -> None:
    profile = config.load("demo")
    for run in profile.runs.values():
        encoder = create_encoder(run.encoder)
        fresh_one = create_encoder(run.encoder, pretrained=False)
        name = next(name for name, value in encoder.named_parameters() if value.ndim > 1)
        assert not torch.equal(encoder.get_parameter(name), fresh_one.get_parameter(name))


def test_the_card_speaks_of_every_file() -> None:
    card = (WEIGHTS / "README.md").read_text(encoding="utf-8")
    for path in WEIGHTS.glob("*.safetensors"):
        assert path.name in card
        row = json.loads((WEIGHTS / "card" / f"{path.stem}.json").read_text(encoding="utf-8"))
        assert {"made with", "minutes", "pictures seen", "parameters"} <= set(row)


def test_pretraining_learns_from_a_few_pictures(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    import dataclasses

    shard = train.Shard(_shard(tmp_path))
    tiny = dataclasses.replace(
        train.BACKBONES["swin_base"], cycles=((8 * 24, 1.5e-3), (8 * 2, 1e-3)), batch=8, size=64,
        arguments={"img_size": 64, "window_size": 2, "embed_dim": 16, "depths": [1, 1, 1], "num_heads": [1, 2, 4]},
    )  # fmt: skip
    monkeypatch.setitem(train.BACKBONES, "swin_base", tiny)
    row = train.pretrain_backbone("swin_base", shard, shard, tmp_path, threads=1)
    assert (tmp_path / "swin_base.safetensors").is_file()
    assert row["pictures seen"] == 8 * 26
    assert 0 <= row["mAP"] <= 1


def test_batches_are_cut_with_their_labels(tmp_path) -> None:
    shard = train.Shard(_shard(tmp_path))
    images, kinds, coats, places = shard.batch(np.arange(8), 48, np.random.default_rng(0), flip=True)
    assert images.shape == (8, 3, 48, 48)
    assert kinds.shape == coats.shape
    assert images.min() >= 0
    assert images.max() <= 1
    share = train.coverage(kinds, len(fresh.KIND_NAMES), (4, 4))
    assert torch.allclose(share.sum(-1).mean(), (kinds > 0).float().mean(), atol=0.02)
    assert places.tolist() == shard.places[:8].tolist()


def _shard(folder):
    rng = Random(0)
    rows = [fresh.one(9, index) for index in rng.sample(range(100), 16)]
    np.save(folder / "images.npy", np.stack([row[0] for row in rows]))
    np.save(folder / "kinds.npy", np.stack([row[1] for row in rows]))
    np.save(folder / "coats.npy", np.stack([row[2] for row in rows]))
    np.save(folder / "places.npy", np.array([row[3] for row in rows], np.uint8))
    (folder / "texts.json").write_text(json.dumps([row[4] for row in rows]))
    return folder
