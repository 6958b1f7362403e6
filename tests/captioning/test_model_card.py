"""The card of an exported run: where it comes from, and its scores with intervals over the images."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from hw3lib import config
from hw3lib.captioning.model_card import model_card
from hw3lib.system import files

PROVENANCE = {
    "commit": "0123456789",
    "configuration": "abc",
    "seed": 7,
    "versions": {},
    "device": "CPU",
    "written": "2026-01-01T00:00:00+00:00",
}


def card(folder: Path, per_image: dict[str, dict[str, float]], data: str = "demo", split: str = "validation") -> str:
    """The card of a run of twelve training images with these scores."""
    scores = {"CIDEr": 1.0, "CLIPScore": 0.7}
    files.write_json(folder / "scores.json", {"provenance": PROVENANCE, "scores": scores, "per_image": per_image})
    runs = {"best": config.Run(title="Best <of> all")}
    captions = SimpleNamespace(reported=split)
    profile = SimpleNamespace(name="fake", data=data, seed=0, run=runs.__getitem__, require_captions=lambda: captions)
    return model_card(SimpleNamespace(profile=profile, training=range(12), run_folder=lambda run: folder), "best")


def test_it_says_whether_its_scores_are_of_images_that_chose_the_epoch(tmp_path: Path) -> None:
    per_image = {f"image {n}": {"CIDEr": 0.5} for n in range(3)}
    assert "On 3 validation images, which also chose the epoch that was kept." in card(tmp_path, per_image)
    told = card(tmp_path, per_image, split="test")
    assert "On 3 test images, which had no say in the epoch that was kept." in told


def test_a_run_that_is_not_scored_has_a_card_without_scores(tmp_path: Path) -> None:
    scored = card(tmp_path / "scored", {})
    (tmp_path / "scored" / "scores.json").unlink()
    profile = SimpleNamespace(name="fake", data="demo", seed=0, run={"best": config.Run(title="Best")}.__getitem__)
    told = model_card(SimpleNamespace(profile=profile, training=range(12), run_folder=lambda run: tmp_path), "best")
    assert "## Scores" in scored
    assert "## Scores" not in told
    assert told.partition("## Training")[2].splitlines()[:9] == scored.partition("## Training")[2].splitlines()[:9]


def rows(text: str) -> dict[str, tuple[str, str]]:
    return {name: (score, interval) for name, score, interval in re.findall(r"\| (\w+) \| ([\d.]+) \| (.*) \|", text)}


def test_scores_that_are_means_over_images_have_an_interval_around_them(tmp_path: Path) -> None:
    per_image = {f"image {n}": {"CIDEr": 0.5 + n / 10, "CLIPScore": 0.7} for n in range(11)}
    found = rows(card(tmp_path, per_image))
    low, high = map(float, found["CIDEr"][1].split(" to "))
    assert 0.7 < low < 0.95 < 1.05 < high < 1.3
    assert found["CLIPScore"] == ("0.700", "0.700 to 0.700")


@pytest.mark.parametrize("images", [1, 2, 5])
def test_a_score_that_some_image_lacks_and_one_image_alone_have_none(tmp_path: Path, images: int) -> None:
    per_image = {f"image {n}": {"CIDEr": 1.0} | ({"CLIPScore": 0.7} if n else {}) for n in range(images)}
    found = rows(card(tmp_path, per_image))
    assert bool(found["CIDEr"][1]) == (images > 1)
    assert found["CLIPScore"] == ("0.700", "")


def test_it_says_on_what_data_the_run_was_trained(tmp_path: Path) -> None:
    assert "drawings only" in card(tmp_path, {}, "demo")
    assert "photographs of the profile's own (profile `fake`, 12 images)" in card(tmp_path, {}, "real")
