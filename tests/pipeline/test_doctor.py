"""The doctor: what is missing is named with the place where it goes."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from hw3lib import config, paths
from hw3lib.cli import main
from hw3lib.pipeline import doctor
from hw3lib.system import isolation
from hw3lib.system.errors import UserError
from hw3lib.training import footprint

CONFIGS = paths.PACKAGE.parent / "configs"


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root with the profiles and nothing else."""
    shutil.copytree(CONFIGS, tmp_path / "configs")
    monkeypatch.setenv("HW3_ROOT", str(tmp_path))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    return tmp_path


def states(profile: str) -> dict[str, str]:
    return {finding.name: finding.state for finding in doctor.examine(config.load(profile))}


def fill(root: Path) -> None:
    """Put the real profile's data where it belongs."""
    for folder in ("p1_data/val", "p2_data/images/train", "p2_data/images/val"):
        (root / "data" / folder).mkdir(parents=True)
        Image.new("RGB", (8, 8)).save(root / "data" / folder / "0_1.png")
    photographs = root / "data" / "p3_data" / "images"
    photographs.mkdir(parents=True)
    for name in ("bike", "girl", "sheep", "ski", "umbrella"):
        Image.new("RGB", (8, 8)).save(photographs / f"{name}.jpg")
    for text in ("p1_data/id2label.json", "p2_data/train.json", "p2_data/val.json"):
        (root / "data" / text).write_text(json.dumps({}))


def test_without_data_everything_missing_is_named_with_its_place(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "needs", lambda profile: [])  # takes seconds
    found = CliRunner().invoke(main, ["doctor", "--profile", "hw3"])
    assert found.exit_code == 1
    for place in ("p1_data/val", "p1_data/id2label.json", "p2_data/images/train", "p2_data/val.json", "p3_data/images"):
        assert str(bare / "data" / place) in found.output
    assert "hw3 doctor --profile hw3" in found.output


def test_with_data_in_place_it_is_complete_and_says_what_to_run(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "needs", lambda profile: [])  # takes seconds
    fill(bare)
    found = CliRunner().invoke(main, ["doctor", "--profile", "hw3"])
    assert found.exit_code == 0, found.output
    assert "make report PROFILE=hw3" in found.output
    assert states("hw3")["caption tokenizer"] == "made"


def test_one_missing_photograph_is_named(bare: Path) -> None:
    fill(bare)
    (bare / "data" / "p3_data" / "images" / "ski.jpg").unlink()
    with pytest.raises(UserError, match="lacks ski"):
        doctor.require(config.load("hw3"))


def test_the_demos_data_is_made_and_its_weights_are_not(bare: Path) -> None:
    found = states("demo")
    assert found["P1 images"] == "made"
    assert found["encoder of best"] == "missing"  # they ship with the package; this root has none


def test_the_packages_own_demo_weights_are_there() -> None:
    lacking = [finding.name for finding in doctor.examine(config.load("demo")) if finding.state == "missing"]
    assert lacking == []


def test_weights_by_name_are_missing_only_where_the_hub_is_out_of_reach(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert states("hw3")["encoder of vit"] == "made"
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert states("hw3")["encoder of vit"] == "missing"


def test_weights_that_the_hub_keeps_are_there_without_a_network(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    kept = {
        "vit_base_patch8_224.augreg2_in21k_ft_in1k": "model.safetensors",
        "vit_base_patch32_clip_224.openai": "open_clip_model.safetensors",
    }
    for repository, name in kept.items():
        place = tmp_path / "hub" / f"models--timm--{repository}"
        (place / "snapshots" / "abc").mkdir(parents=True)
        (place / "snapshots" / "abc" / name).write_bytes(b"")
        (place / "refs").mkdir()
        (place / "refs" / "main").write_text("abc")
    found = states("hw3")
    assert (found["encoder of vit"], found["CLIP"], found["encoder of best"]) == ("there", "there", "missing")


def test_settings_of_the_user_that_take_no_part_are_named(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HW3_IGNORED", "")  # so that it is as before, afterwards
    monkeypatch.delenv("HW3_IGNORED")
    for name in ("JUPYTER_PATH", "IPYTHONDIR", "MATPLOTLIBRC", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, "/of/mine")
    monkeypatch.setenv("SNAKEMAKE_PROFILE", "slurm")
    isolation.isolate()
    what = next(finding.what for finding in doctor.examine(config.load("demo")) if finding.name == "your own settings")
    assert "SNAKEMAKE_PROFILE=slurm" in what
    assert "JUPYTER_PATH=/of/mine" in what
    assert "SNAKEMAKE_PROFILE" not in os.environ
    assert Path(os.environ["MATPLOTLIBRC"]).is_file()


def test_the_supervised_network_is_optional_and_what_stands_in_is_told(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    found = {finding.name: finding for finding in doctor.examine(config.load("hw3"))}["supervised network"]
    assert found.state == "optional"
    assert "p1.supervised.weights" in found.what
    assert "stands in" in found.what


def test_test_captions_and_their_photographs_are_asked_for_where_a_profile_names_them(bare: Path) -> None:
    fill(bare)
    assert not [name for name in states("hw3") if "test" in name]
    path = bare / "configs" / "hw3.yaml"
    keys = "captions:\n  test_annotations: data/test.json\n  test_images: data/test\n"
    path.write_text(path.read_text(encoding="utf-8").replace("captions:\n", keys), encoding="utf-8")
    assert (states("hw3")["P2 test images"], states("hw3")["P2 test captions"]) == ("missing", "missing")
    (bare / "data" / "test.json").write_text("{}")
    (bare / "data" / "test").mkdir()
    Image.new("RGB", (8, 8)).save(bare / "data" / "test" / "1.png")
    assert (states("hw3")["P2 test images"], states("hw3")["P2 test captions"]) == ("there", "there")


def test_the_pipeline_is_refused_in_one_go_with_everything_that_is_missing(bare: Path) -> None:
    with pytest.raises(UserError) as refused:
        doctor.require(config.load("hw3"))
    assert str(refused.value).count("\n") >= 7


def test_missing_shards_are_counted_and_the_size_of_the_caches_is_told(bare: Path) -> None:
    fill(bare)
    text = (bare / "configs" / "hw3.yaml").read_text()
    text = text.replace("train_images: data/p2_data/images/train", 'train_images: "data/t-{00..02}.tar"')
    text = text.replace("  train_annotations: data/p2_data/train.json\n", "")
    (bare / "configs" / "packed.yaml").write_text(text)
    (bare / "data" / "t-01.tar").write_bytes(b"0" * 50_000_000)
    found = {finding.name: finding for finding in doctor.examine(config.load("packed"))}
    assert not {"P2 training images", "P2 training captions", "caches"} & set(found)
    assert found["P2 training shards"].state == "missing"
    assert f"2 of 3 shards; put {bare}/data/t-00.tar in its place" in found["P2 training shards"].what
    for name in ("t-00.tar", "t-02.tar", "../runs/cache/images/x.rows"):
        (bare / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (bare / "data" / name).write_bytes(b"0" * 60_000_000)
    found = {finding.name: finding for finding in doctor.examine(config.load("packed"))}
    assert found["P2 training shards"].what.startswith("3 (0.2 GB): ")
    assert found["caches"].what.startswith(f"0.1 GB in {bare}/runs/cache")


def test_without_a_clip_nothing_is_missing_and_the_doctor_says_what_falls_away(bare: Path) -> None:
    profile = dataclasses.replace(config.load("demo"), clip=None)
    (clip,) = (finding for finding in doctor.examine(profile) if "CLIP" in finding.name)
    assert clip.state == "optional"
    assert "no P1" in clip.what
    profile = dataclasses.replace(profile, data="real", p1=config.Labelled(images="nowhere", id2label="nowhere.json"))
    assert not [finding.name for finding in doctor.examine(profile) if finding.name.startswith("P1")]


def test_without_labels_the_doctor_says_what_is_left_out(bare: Path) -> None:
    fill(bare)
    profile = config.load("smoke")
    assert "P1 accuracy" not in states("smoke")
    unlabelled = dataclasses.replace(profile, p1=dataclasses.replace(profile.require_labelled(), labelled=False))
    found = {finding.name: finding for finding in doctor.examine(unlabelled)}
    assert found["P1 accuracy"].state == "optional"
    assert "claims 1 to 4, too, need labels" in found["P1 accuracy"].what
    assert "supervised network" not in found, "nothing is taught without labels"


def test_the_captions_language_is_said_and_a_wrong_one_is_missing(bare: Path) -> None:
    fill(bare)
    profile = config.load("hw3")
    captions = {"images": [{"id": 1, "file_name": "1.jpg"}], "annotations": [{"image_id": 1, "caption": "一只狗"}]}
    (bare / "data" / "p2_data" / "val.json").write_text(json.dumps(captions), encoding="utf-8")
    (told,) = (finding for finding in doctor.examine(profile) if finding.name == "language")
    assert told.state == "there" and told.what.startswith("captions in Chinese (zh, found from the captions")
    english = dataclasses.replace(profile, captions=dataclasses.replace(profile.captions, language="en"))
    with pytest.raises(UserError, match=r"language: captions.language is en, but the captions are written in Han"):
        doctor.require(english)


def test_what_each_training_needs_is_estimated_and_what_does_not_fit_is_a_warning(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure, measured = footprint.measure, {}

    def once(run: config.Run, *more: object) -> footprint.Footprint:
        """Measuring takes a second, and three times the same is asked; of each architecture one is enough."""
        architecture = run.encoder.name
        return measured.setdefault(architecture, measured.get(architecture) or measure(run, *more))

    monkeypatch.setattr(footprint, "measure", once)
    found = list(doctor.needs(config.load("smoke")))
    assert [finding.name for finding in found] == list(config.load("smoke").runs)
    for finding in found:
        assert finding.state == "there"
        assert re.fullmatch(
            r"estimated: 0\.\d GB and, without validation, (a minute|\d+ (minutes|hours|days)) on this machine for "
            r"every 10,000 images",
            finding.what,
        )
    monkeypatch.setattr("hw3lib.system.devices.memory", lambda device="cpu": 1_000_000)
    lacking = list(doctor.needs(config.load("smoke")))
    assert {finding.state for finding in lacking} == {"optional"}
    assert all("this machine has 0.0: lower runs." in finding.what for finding in lacking)
    output = CliRunner().invoke(main, ["doctor", "--profile", "smoke"]).output
    assert all(finding.what[:60] in output for finding in lacking)
