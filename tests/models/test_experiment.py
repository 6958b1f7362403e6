"""A profile, opened: what it names is read once and handed down, what it does without is None."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from hw3lib import config
from hw3lib.display.offer import NotReady
from hw3lib.models import clip, experiment, inference
from hw3lib.models.experiment import Experiment
from hw3lib.system.errors import UserError


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What was read, instead of reading it."""
    read: list[object] = []
    monkeypatch.setattr(experiment.Instances, "load", lambda path: read.append(path) or "masks")
    monkeypatch.setattr(clip.ClipModel, "load", lambda clip, device: read.append((clip, device)) or "clip")
    monkeypatch.setattr(inference, "load_run", lambda profile, run, device: read.append(run) or "run")
    return read


def test_masks_are_read_once_where_the_profile_names_a_file(
    tiny_profile: config.Profile, tmp_path: Path, read: list[object]
) -> None:
    without = Experiment(tiny_profile)
    assert without.instances is without.photograph_instances is None
    captions = dataclasses.replace(tiny_profile.captions, val_instances="val.json")
    p3 = dataclasses.replace(tiny_profile.p3, instances="p3.json")
    opened = Experiment(dataclasses.replace(tiny_profile, captions=captions, p3=p3))
    assert opened.instances == opened.instances == "masks"
    assert opened.photograph_instances is None, "the file is not there, and need not be"
    (tmp_path / "p3.json").touch()
    assert Experiment(opened.profile).photograph_instances == "masks"
    assert read == [tmp_path / "val.json", tmp_path / "p3.json"]


def test_results_are_told_of_test_images_where_the_profile_has_any(tiny_profile: config.Profile) -> None:
    usual = Experiment(tiny_profile)
    assert usual.reported is usual.validation
    captions = tiny_profile.captions
    halves = opened_with(tiny_profile, test_share=0.5)
    assert sorted(halves.validation.names + halves.reported.names) == list(usual.validation.names)
    assert 0 < len(halves.reported) < 8
    apart = {"test_annotations": captions.train_annotations, "test_images": captions.train_images}
    others = opened_with(tiny_profile, limit_val=5, **apart)
    assert (others.validation.names, len(others.reported)) == (usual.validation.names[:5], 5)
    assert not set(others.reported.names) & set(usual.validation.names)
    assert opened_with(tiny_profile, test_annotations=captions.val_annotations).profile.captions.reported == "test"
    with pytest.raises(UserError, match="others than the validation images, but 8 images"):
        opened_with(tiny_profile, test_annotations=captions.val_annotations).reported


def test_masks_are_those_of_the_images_that_results_are_told_of(
    tiny_profile: config.Profile, tmp_path: Path, read: list[object]
) -> None:
    for more in ({}, {"test_instances": "test.json"}):
        opened = opened_with(tiny_profile, test_annotations="captions.json", val_instances="val.json", **more)
        assert opened.instances == "masks"
    assert read == [tmp_path / "val.json", tmp_path / "test.json"]


def opened_with(profile: config.Profile, **changes: object) -> Experiment:
    return Experiment(dataclasses.replace(profile, captions=dataclasses.replace(profile.captions, **changes)))


def test_a_chapter_whose_data_is_missing_says_what_it_lacks(
    tiny_profile: config.Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(chapter: str, data: str = "other", **changes: object) -> str:
        profile = dataclasses.replace(opened_with(tiny_profile, **changes).profile, data=data)
        monkeypatch.setattr(config, "load", lambda name: profile)
        try:
            Experiment.ready("tiny", chapter)
        except NotReady as error:
            return f"{error} {list(error.commands.values())}"
        return ""

    doctor = "hw3 doctor --profile tiny says what goes where []"
    assert refused("p1") == f"profile tiny lacks p1 and 1 more; {doctor}"
    assert refused("p1", "demo").endswith("[['demo', 'build', '--profile', 'tiny'], ['report', '--profile', 'tiny']]")
    assert refused("p2") == refused("p3") == refused("p2", train_annotations=None) == ""
    assert refused("p2", train_annotations="gone.json") == f"profile tiny lacks gone.json; {doctor}"
    both = f"profile tiny lacks images and 1 more; {doctor}"
    assert refused("p2", val_images="images", val_annotations="gone.json") == both
    assert refused("p3", val_images="images", val_annotations="gone.json") == both
    assert refused("p3", test_annotations="gone.json") == f"profile tiny lacks gone.json; {doctor}"


def test_a_profile_does_without_a_clip_or_has_it_on_the_device(
    tiny_profile: config.Profile, read: list[object]
) -> None:
    assert Experiment(dataclasses.replace(tiny_profile, clip=None), "cuda:1").clip is None
    opened = Experiment(tiny_profile, "cuda:1")
    assert opened.clip == opened.require_clip("judges") == "clip"
    assert read == [(tiny_profile.clip, "cuda:1")]


def test_the_best_run_is_loaded_unless_another_is_named(tiny_profile: config.Profile, read: list[object]) -> None:
    opened = Experiment(dataclasses.replace(tiny_profile, best_run="first"))
    assert [opened.load_run(), opened.load_run("other")] == ["run", "run"]
    assert read == ["first", "other"]
