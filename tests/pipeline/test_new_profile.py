"""``hw3 init``: a profile for one's own photographs, in whatever form they and their captions are."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hw3lib import config
from hw3lib.cli import main
from hw3lib.models.experiment import Experiment
from hw3lib.pipeline import doctor
from tests.support.places import REAL
from tests.support.shapes import draw

FOLDER = 'Grüße, it\'s "me": #1'  # what YAML, shells and Windows would rather not see


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with twelve photographs, a file that is none by its ending, and one by its ending alone."""
    monkeypatch.setenv("HW3_ROOT", str(tmp_path))
    (tmp_path / "configs").mkdir()
    folder = tmp_path / FOLDER
    folder.mkdir()
    for number in range(12):
        draw("red", "circle", (40, 30), number).save(folder / f"photo {number}{'.png' if number > 8 else '.jpg'}")
    (folder / "notes.doc").write_text("x")
    (folder / "broken.jpg").write_text("no picture")
    return tmp_path


def init(root: Path, *options: str | Path, name: str = "my_photos") -> Result:
    command = ["init", name, "--photographs", str(root / FOLDER), *map(str, options)]
    return CliRunner().invoke(main, command)


def coco(path: Path, names: list[str]) -> Path:
    images = [{"id": number, "file_name": name} for number, name in enumerate(names)]
    captions = [{"id": 2 * n + k, "image_id": n, "caption": f"A thing {k}."} for n in range(len(names)) for k in (0, 1)]
    path.write_text(json.dumps({"images": images, "annotations": captions}))
    return path


def names_of(root: Path) -> list[str]:
    return sorted(path.name for path in (root / FOLDER).iterdir() if path.suffix in (".jpg", ".png"))


def test_without_captions_the_doctor_says_what_a_report_needs(root: Path) -> None:
    done = init(root)
    assert done.exit_code == 0, done.output
    assert "left out: " in done.output
    assert "broken.jpg is not a readable image" in done.output
    assert "left out, as no image by its ending: 1 file (notes.doc)" in done.output
    assert "hw3 doctor --profile my_photos" in done.output
    text = (root / "configs" / "my_photos.yaml").read_text(encoding="utf-8")
    assert "13 photographs (10 .jpg, 3 .png), 1 of them unreadable" in text
    profile = config.load("my_photos")
    assert (profile.p1, profile.captions, profile.clip, profile.runs) == (None, None, None, {})
    assert [path.stem for path in Experiment(profile).photographs] == list(profile.p3.names)
    assert "broken" not in profile.p3.names
    (finding,) = (finding for finding in doctor.examine(profile) if finding.state == "missing")
    assert "`p3.model` names no trained one" in finding.what


def test_a_trained_run_is_named_for_p3(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "exported").mkdir()
    monkeypatch.chdir(root)
    assert init(root, "--from", "exported").exit_code == 0
    assert config.load("my_photos").p3.model == "exported"
    assert init(root, "--from", "someone/captioner", "--force").exit_code == 0
    profile = config.load("my_photos")
    assert profile.p3.model == "someone/captioner"
    assert [name for name, reason in profile.chapters.items() if not reason] == ["p3_attention"]


def test_captions_without_splits_get_some_that_stay_when_photographs_come(root: Path) -> None:
    names = [name for name in names_of(root) if name != "broken.jpg"]
    done = init(root, "--captions", coco(root / "captions.json", [*names, "gone.jpg", "broken.jpg"]))
    assert done.exit_code == 0, done.output
    assert "names 2 images (broken.jpg, gone.jpg) that cannot be had: left out" in done.output
    experiment = Experiment.open("my_photos")
    train, val = set(experiment.training.names), set(experiment.validation.names)
    assert len(val) == 3
    assert set(experiment.profile.p3.names) == val, "P3 shows what no run has learned from"
    assert not train & val
    assert train | val == {Path(name).stem for name in names}
    run = experiment.profile.run("best")
    assert (run.training.captions_per_image, run.training.batch_size) == (2, 16)
    text = (root / "configs" / "my_photos.yaml").read_text(encoding="utf-8")
    assert "captions of 12 photographs" in text
    assert "9 photographs to learn from, 3 to be judged on: one in 10, chosen by the hash of its name" in text
    for number in range(12, 200):
        draw("red", "circle", (40, 30), 1).save(root / FOLDER / f"photo {number}.jpg")
    assert init(root, "--captions", coco(root / "captions.json", names_of(root)[1:]), "--force").exit_code == 0
    later = set(Experiment.open("my_photos").validation.names)
    assert 10 < len(later) < 30
    assert val < later


def test_without_a_gpu_the_run_is_small(root: Path) -> None:
    done = init(root, "--captions", coco(root / "captions.json", names_of(root)[1:]), "--small")
    assert done.exit_code == 0, done.output
    profile = config.load("my_photos")
    run = profile.run("best")
    assert run.encoder.frozen
    assert (run.training.captions_per_image, run.training.batch_size) == (2, 40)
    (gpu,) = (finding for finding in doctor.examine(profile) if finding.name == "GPU")
    assert "days" not in gpu.what
    (needed,) = doctor.needs(profile)
    assert re.search(r"on (this machine|this GPU) for 13 images", needed.what), needed.what
    refused = init(root, "--small", "--force")
    assert refused.exit_code == 2
    assert "--small is of the run that is trained with --captions" in refused.output


def init_karpathy(root: Path, absent: bool, splits: list[str]) -> list[str]:
    """Write a profile from a file with splits of its own, one photograph of which may be absent; returns the names."""
    names = [name for name in names_of(root) if name != "broken.jpg"] + ["gone.jpg"] * absent
    images = [
        {"filename": name, "split": split, "imgid": place, "sentences": [{"raw": "A thing."}]}
        for place, (name, split) in enumerate(zip(names, splits, strict=False))
    ]
    (root / "karpathy.json").write_text(json.dumps({"images": images}))
    done = init(root, "--captions", root / "karpathy.json")
    assert done.exit_code == 0, done.output
    return names


@pytest.mark.parametrize("absent", [False, True])
def test_a_files_own_splits_are_taken(root: Path, absent: bool) -> None:
    init_karpathy(root, absent, ["val", "test", "restval", "val", *["train"] * 9])
    experiment = Experiment.open("my_photos")
    assert len(experiment.validation) == 2
    assert len(experiment.training) == 9
    assert ("data/my_photos/train.txt" in experiment.profile.captions.train_splits) == absent
    text = (root / "configs" / "my_photos.yaml").read_text(encoding="utf-8")
    assert "the file's own splits" in text
    assert experiment.profile.captions.reported == "validation", "no interval can be had of one photograph"
    assert "# test_share: 0.5" in text


@pytest.mark.parametrize("absent", [False, True])
def test_a_files_own_test_is_what_results_are_told_of(root: Path, absent: bool) -> None:
    names = init_karpathy(root, absent, ["val", "test", "test", "val", *["train"] * 8, "test"])
    experiment = Experiment.open("my_photos")
    assert experiment.profile.captions.reported == "test"
    assert experiment.reported.names == tuple(Path(name).stem for name in names[1:3])
    assert set(experiment.profile.p3.names) == set(experiment.reported.names)
    assert (len(experiment.training), len(experiment.validation)) == (8, 2)
    text = (root / "configs" / "my_photos.yaml").read_text(encoding="utf-8")
    assert "8 photographs to learn from, 2 to be judged on, 2 to test on: the file's own splits" in text


def test_labels_make_p1_of_images_that_are_named_by_them(root: Path) -> None:
    (root / "labels.json").write_text('{"0": "dog", "1": "cat"}')
    for number in range(4):
        draw("red", "circle", (40, 30), number).save(root / FOLDER / f"{number % 2}_{number}.png")
    assert init(root, "--labels", root / "labels.json").exit_code == 0
    profile = config.load("my_photos")
    assert not profile.unlabelled
    assert (profile.chapters["p1_prompts"], profile.clip.model) == ("", "ViT-B-32")
    assert len(Experiment(profile).labelled) == 17


@pytest.mark.parametrize(
    ("file", "text"), [("labels.json", '{"0": "dog", "7": "cat"}'), ("mine.txt", "dog\n\n cat \n")]
)
def test_class_names_are_enough_for_p1_of_photographs_without_labels(root: Path, file: str, text: str) -> None:
    assert init(root).exit_code == 0
    assert "--labels FILE --force" in (root / "configs" / "my_photos.yaml").read_text(encoding="utf-8"), "a hint"
    (root / file).write_text(text)
    done = init(root, "--labels", root / file, "--force")
    assert done.exit_code == 0, done.output
    assert "P1 takes every image of" in done.output, "one cannot be read"
    profile = config.load("my_photos")
    assert (profile.unlabelled, profile.chapters["p1_prompts"], profile.clip.model) == (True, "", "ViT-B-32")
    data = Experiment(profile).labelled
    assert (len(data), set(data.truth), list(data.labels.values())) == (13, {None}, ["dog", "cat"])
    written = (root / "configs" / "my_photos.yaml").read_text(encoding="utf-8")
    assert "13 images without a label, 2 classes" in written
    assert "leave this line out" in written


@pytest.fixture
def classes(root: Path) -> Path:
    """The twelve photographs in three folders, each with the names 0.jpg to 3.jpg; and a file that is no photograph."""
    for number, path in enumerate(sorted((root / FOLDER).glob("photo *"))):
        place = root / FOLDER / ("cat", "fire_truck", "dog")[number % 3]
        place.mkdir(exist_ok=True)
        path.rename(place / f"{number // 3}.jpg")
    (root / FOLDER / "broken.jpg").rename(root / FOLDER / "dog" / "broken.jpg")
    (root / FOLDER / "notes.doc").rename(root / FOLDER / "dog" / "notes.doc")
    return root / FOLDER


def test_a_folder_for_each_class_makes_p1_with_the_folders_names(root: Path, classes: Path) -> None:
    done = init(root)
    assert done.exit_code == 0, done.output
    assert "broken.jpg is not a readable image" in done.output
    assert "left out, as no image by its ending: 1 file (notes.doc)" in done.output
    assert "P1's classes are called as the 3 folders (cat, dog, fire truck)" in done.output
    assert (root / "data" / "my_photos" / "labels.txt").read_text() == "cat\ndog\nfire truck\n"
    text = (root / "configs" / "my_photos.yaml").read_text(encoding="utf-8")
    assert "13 images with a label, 3 classes" in text
    experiment = Experiment.open("my_photos")
    assert (experiment.profile.unlabelled, experiment.profile.chapters["p1_prompts"]) == (False, "")
    assert experiment.labelled.truth == (0,) * 4 + (1,) * 5 + (2,) * 4
    assert [path.parent.name for path in experiment.photographs] == ["cat"] * 4
    local = replace(experiment.profile, clip=config.Clip(model="clip.json", pretrained="clip.safetensors"))
    states = {finding.name: finding for finding in doctor.examine(local)}
    assert states["P1 images"].what == f"13 in {classes}"
    assert states["P3 photographs"].what == f"4 in {classes / 'cat'}"


def test_given_labels_are_taken_for_a_folder_for_each_class_and_captions_need_none(root: Path, classes: Path) -> None:
    (root / "mine.txt").write_text("dog\ncat\nfire truck\nzebra\n")
    assert init(root, "--labels", root / "mine.txt").exit_code == 0
    experiment = Experiment.open("my_photos")
    assert experiment.labelled.truth == (1,) * 4 + (0,) * 5 + (2,) * 4
    assert not (root / "data").exists()
    (root / "mine.txt").write_text("dog\ncat\n")
    refused = init(root, "--labels", root / "mine.txt", "--force")
    assert refused.exit_code == 2
    assert "1 folder (fire_truck) whose name is not that of one label" in refused.output
    captions = coco(root / "captions.json", [str(path.relative_to(classes)) for path in classes.glob("*/?.jpg")])
    done = init(root, "--captions", captions, "--force")
    assert done.exit_code == 0, done.output
    assert config.load("my_photos").p1 is None
    assert not (root / "data" / "my_photos" / "labels.txt").exists()


def test_what_cannot_be_is_refused_in_a_sentence(root: Path) -> None:
    assert init(root).exit_code == 0
    (root / "configs" / "my_photos.yaml").write_text("mine")
    for options, words in (
        ((), "is there already; choose another name, or write it anew with --force"),
        (("--force", "--captions", root / "none.json"), "none.json is missing"),
        (("--force", "--captions", coco(root / "two.json", names_of(root)[1:3])), "captions for 2 photographs of"),
        (("--force", "--captions", root / "two.json", "--from", "x"), "--from names the run of a profile without"),
    ):
        done = init(root, *options)
        assert done.exit_code == 2
        assert words in done.output
        assert (root / "configs" / "my_photos.yaml").read_text() == "mine"
    assert "a profile cannot be called '../x'" in init(root, name="../x").output


@pytest.mark.skipif(not REAL.is_dir(), reason="the real material is not beside the project")
def test_real_photographs_with_their_captions_are_ready_to_train(root: Path) -> None:
    data = REAL / "flickr8k"
    options = ["--photographs", str(data / "images" / "train"), "--captions", str(data / "train.json")]
    done = CliRunner().invoke(main, ["init", "flickr", *options])
    assert done.exit_code == 0, done.output
    experiment = Experiment.open("flickr")
    count = len(experiment.training) + len(experiment.validation)
    assert count == len(json.loads((data / "train.json").read_text())["images"])
    assert 0.06 < len(experiment.validation) / count < 0.14
    assert not [item for item in doctor.examine(experiment.profile) if item.state == "missing" and item.kind == "data"]
