"""A profile, opened: what it names is read once and handed down, what it does without is None."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from hw3lib import config
from hw3lib.models import clip, experiment, inference
from hw3lib.models.experiment import Experiment


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
