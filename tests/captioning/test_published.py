"""Which runs are the written report's settings, and which play their parts: by configuration, never by name."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from hw3lib import config
from hw3lib.captioning.published import part, published_scores, published_settings


def changed(run: config.Run, **parts: dict[str, Any]) -> config.Run:
    return dataclasses.replace(
        run, **{name: dataclasses.replace(getattr(run, name), **fields) for name, fields in parts.items()}
    )


def test_the_full_size_profile_runs_the_published_settings() -> None:
    profile = config.load("hw3")
    there = published_settings()
    for name, setting in there.items():
        assert setting.differs(profile.run(name)) == []
        assert published_scores(profile, name) == setting.scores
        assert [other for other in there.values() if not other.differs(profile.run(name))] == [setting]
    assert published_scores(profile, "plus") == {}
    again = dataclasses.replace(profile.run("best"), start_from="runs/other")  # it knew something before
    assert published_scores(dataclasses.replace(profile, runs={"best": again}), "best") == {}


@pytest.mark.parametrize("name", ["public", "coco"])
def test_on_other_data_the_published_settings_have_no_published_scores(name: str) -> None:
    profile = config.load(name)
    for run, setting in published_settings().items():
        assert setting.differs(profile.run(run)) == []
        assert published_scores(profile, run) == {}


def test_what_the_published_setting_states_stands_beside_the_runs() -> None:
    best = published_settings()["best"]
    rows = {label: (there, here) for label, there, here in best.rows(config.load("demo").run("best"))}
    assert rows["decoder"] == ("8 layers, 8 heads", "3 layers, 8 heads, width 192")
    assert rows["feed-forward"] == ("2048", "512")
    assert rows["learning rates"][0] == "1×10⁻⁵, 3×10⁻⁶, 1×10⁻⁶ in turn, patience 1"
    assert rows["gradients clipped by value"][0] == "−1 to 1"
    assert "weight decay" not in rows


@pytest.mark.parametrize("name", ["demo", "hw3"])
def test_the_ablations_play_the_published_parts(name: str) -> None:
    profile = config.load(name)
    reference = profile.run("best")
    for run in ("swin_base", "swinv2", "vit"):
        assert part(profile.run(run), reference) == run
        assert part(dataclasses.replace(reference, encoder=profile.run(run).encoder), reference) == run
    for run in profile.runs.keys() - {"swin_base", "swinv2", "vit"}:
        assert part(profile.run(run), reference) is None


def test_a_part_is_played_by_what_the_run_is_and_not_by_its_name() -> None:
    demo = config.load("demo")
    reference, small, vit = (demo.run(name) for name in ("best", "swin_base", "vit"))
    assert part(reference, small) is None  # the bigger one
    assert part(changed(reference, encoder={"image_size": 224}), reference) is None  # of one size
    assert part(changed(vit, encoder={"weights": "none"}), reference) is None  # not pretrained
    assert part(vit, changed(reference, encoder={"weights": "none"})) is None
    mobile = changed(reference, encoder={"name": "mobilenetv3_small_050", "arguments": {}})
    assert part(mobile, reference) is None
    assert part(vit, mobile) is None  # the reference is no Swin
    assert part(changed(vit, decoding={"beams": 3}), reference) is None  # another recipe
    assert (
        part(changed(vit, encoder={"arguments": {"embed_dim": 256, "num_heads": 4}}), reference) is None
    )  # a bigger ViT


def test_a_single_change_is_a_part_where_it_is_the_claims() -> None:
    reference = config.load("demo").run("best")
    still = {"brightness": 0.0, "contrast": 0.0, "saturation": 0.0}
    assert part(changed(reference, decoder={"feed_forward": 256}), reference) == "narrow"
    assert part(changed(reference, decoder={"feed_forward": 1024}), reference) is None
    assert part(changed(reference, jitter=still), reference) == "no_augmentation"
    assert part(changed(reference, jitter={"brightness": 0.1}), reference) is None
    assert part(changed(reference, jitter=still, decoder={"feed_forward": 256}), reference) is None
    assert part(changed(reference, training={"weight_decay": 0.5}), reference) is None
    assert part(reference, reference) is None
