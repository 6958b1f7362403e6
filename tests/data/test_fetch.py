"""Public data: fetched once, on from where it broke off, verified; and what the chapters then read."""

from __future__ import annotations

import dataclasses
import json
import os
import pty
import re
import shutil
import subprocess
import sys
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from hw3lib import config, paths
from hw3lib.cli import main
from hw3lib.data import fetch, public
from hw3lib.data.captions import load_captions, training_captions
from hw3lib.data.instances import Instances
from hw3lib.data.labelled import load_labelled
from hw3lib.models.experiment import Experiment
from hw3lib.pipeline import doctor
from hw3lib.system.errors import UserError
from tests.support import public as material
from tests.support.places import ROOT
from tests.support.server import Server, serve

FLICKR = "Flickr8k_Dataset.zip"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root with the profiles and nothing else."""
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    monkeypatch.setenv("HW3_ROOT", str(tmp_path))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(doctor, "needs", lambda profile: [])  # takes seconds
    return tmp_path


@pytest.fixture
def server(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Tiny archives in the public layouts, served, and named in a data file that counts."""
    with serve() as started:
        started.files = material.archives()
        material.write_data_file(root / "datasets.json", started.address, started.files)
        monkeypatch.setattr(public, "DATA_SETS", root / "datasets.json")
        monkeypatch.setattr(fetch, "_CHUNK", 100)
        yield started


def fetched(profile: str = "public", *options: str) -> Result:
    return CliRunner().invoke(main, ["fetch", "--profile", profile, *(options or ["--yes"])])


def there(folder: Path) -> dict[str, int]:
    """Every file below a folder, and when it was written."""
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def flickr(profile: str = "public") -> list[fetch.Missing]:
    return [item for item in fetch.missing(config.load(profile)) if item.archive.name == FLICKR]


def test_a_profiles_public_data_are_fetched_and_read_by_its_chapters(root: Path, server: Server) -> None:
    profile = config.load("public")
    before = CliRunner().invoke(main, ["doctor", "--profile", "public"])
    assert before.exit_code == 1
    assert before.output.count("`hw3 fetch --profile public` gets it") == 8
    done = fetched()
    assert done.exit_code == 0, done.output
    assert CliRunner().invoke(main, ["doctor", "--profile", "public"]).exit_code == 0

    labelled = load_labelled(paths.resolve(profile.p1.images), paths.resolve(profile.p1.id2label))
    assert labelled.labels == {0: "apple", 1: "aquarium fish", 2: "baby"}
    assert [(path.name, truth) for path, truth in zip(labelled.paths, labelled.truth, strict=True)] == [
        ("0_1.png", 0), ("1_2.png", 1), ("1_3.png", 1), ("2_0.png", 2),
    ]  # fmt: skip
    for path in labelled.paths:
        assert np.array_equal(np.asarray(Image.open(path)), material.cifar_image(int(path.stem[-1])))

    captions = profile.captions
    training = training_captions(captions)
    validation = load_captions(
        paths.resolve(str(captions.train_annotations)), paths.resolve(captions.val_images), splits=captions.val_splits
    )
    assert (training.names, validation.names) == (("1_a", "2_b"), ("3_c", "4_d"))
    assert Experiment(profile).reported.names == profile.p3.names, "its test split"
    assert training.captions[0][4] == "Caption 5 of 1_a.jpg ."
    images = root / "data" / "flickr8k" / "images"
    assert {path.name for path in images.iterdir()} == {"1_a.jpg", "2_b.jpg", "3_c.jpg", "4_d.jpg"} | {
        f"{name}.jpg" for name in profile.p3.names
    }


def test_a_second_call_does_nothing_and_asks_the_server_nothing(root: Path, server: Server) -> None:
    assert fetched().exit_code == 0
    shutil.rmtree(root / "data" / "downloads")  # as the first call says one may
    state, asked = there(root / "data"), list(server.asked)
    again = fetched()
    assert (again.exit_code, again.output) == (
        0,
        "nothing to fetch; what else is needed: hw3 doctor --profile public\n",
    )
    assert (there(root / "data"), server.asked) == (state, asked)


def test_coco_has_captions_photographs_and_masks(root: Path, server: Server) -> None:
    profile = config.load("coco")
    done = fetched("coco")
    assert done.exit_code == 0, done.output
    assert CliRunner().invoke(main, ["doctor", "--profile", "coco"]).exit_code == 0
    assert {item.state for item in doctor.examine(profile) if item.name == "P2 instance masks"} == {"there"}
    assert training_captions(profile.captions).names == ("000000000009",)
    validation = load_captions(
        paths.resolve(profile.captions.val_annotations), paths.resolve(profile.captions.val_images)
    )
    assert set(validation.names) == set(profile.p3.names)
    masks = Instances.load(paths.resolve(str(profile.captions.val_instances)))
    assert set(masks.masks("000000000285")) == {"bear"}
    assert not (root / "data" / "coco2017" / "annotations" / "instances_train2017.json").exists()


def test_what_is_there_is_neither_fetched_nor_changed(root: Path, server: Server) -> None:
    images = root / "data" / "flickr8k" / "images"
    images.mkdir(parents=True)
    (images / "own.jpg").write_bytes(b"mine")
    assert fetched().exit_code == 0
    assert [path.name for path in images.iterdir()] == ["own.jpg"]
    assert FLICKR not in {name for name, _ in server.asked}


def test_of_an_archives_files_those_that_are_there_stay(root: Path, server: Server) -> None:
    own = root / "data" / "coco2017" / "annotations" / "captions_val2017.json"
    own.parent.mkdir(parents=True)
    own.write_text("mine")
    (root / "data" / "coco2017" / "val2017").mkdir()  # empty: made by hand, to be filled
    assert fetched("coco").exit_code == 0
    assert own.read_text() == "mine"
    assert (own.parent / "captions_train2017.json").is_file()
    assert len(list((root / "data" / "coco2017" / "val2017").iterdir())) == 5
    assert fetch.missing(config.load("coco")) == []


def test_a_download_that_breaks_off_goes_on_where_it_was(server: Server) -> None:
    server.breaks[FLICKR] = [700, 300]
    fetch.fetch(flickr())
    assert server.asked == [(FLICKR, None), (FLICKR, "bytes=700-"), (FLICKR, "bytes=1000-")]
    assert flickr() == []


def test_a_later_call_goes_on_with_what_an_interrupted_one_has(server: Server) -> None:
    server.breaks[FLICKR] = [700, 0]
    (item,) = flickr()
    with pytest.raises(
        UserError, match=r"Flickr8k_Dataset\.zip cannot be fetched \(the connection broke off after 0 MB\)"
    ):
        fetch.fetch([item])
    assert item.part.stat().st_size == 700
    assert item.download == len(server.files[FLICKR]) - 700
    assert not item.place.exists()
    server.asked.clear()
    fetch.fetch(flickr())
    assert server.asked == [(FLICKR, "bytes=700-")]
    assert item.place.read_bytes() == server.files[FLICKR]


def test_a_server_that_gives_no_parts_gives_the_whole_again(server: Server) -> None:
    server.ranges = False
    server.breaks[FLICKR] = [700]
    (item,) = flickr()
    fetch.fetch([item])
    assert item.place.read_bytes() == server.files[FLICKR]


def test_a_download_that_was_whole_but_not_yet_in_its_place_is_used(server: Server) -> None:
    (item,) = flickr()
    item.part.parent.mkdir(parents=True)
    item.part.write_bytes(server.files[FLICKR])
    fetch.fetch([item])
    assert flickr() == []


def test_a_wrong_checksum_is_told_and_nothing_of_it_stays(root: Path, server: Server) -> None:
    right = server.files[FLICKR]
    server.files[FLICKR] = b"<html>We have moved</html>"
    done = fetched()
    assert done.exit_code == 2
    (item,) = flickr()
    address, place = f"{server.address}/{FLICKR}", root / "data" / "downloads" / FLICKR
    assert f"what came from {address} is not what it should be: its checksum is not md5:" in done.output
    assert f"put it at {place}" in done.output
    assert not item.part.exists() and not item.place.exists() and not (item.folder / "images").exists()
    assert (item.folder / "dataset_flickr8k.json").exists(), "the others are fetched all the same"
    server.files[FLICKR] = right
    assert fetched().exit_code == 0


@pytest.mark.parametrize(("gone", "reason"), [("404", "the server answers 404"), ("network", "no connection")])
def test_what_cannot_be_fetched_is_told_with_its_address_and_place_and_may_be_put_there(
    root: Path, server: Server, gone: str, reason: str
) -> None:
    content = server.files.pop(FLICKR)
    if gone == "network":
        text = public.DATA_SETS.read_text(encoding="utf-8")
        public.DATA_SETS.write_text(text.replace(f"{server.address}/{FLICKR}", f"http://127.0.0.1:9/{FLICKR}"))
    done = fetched()
    assert done.exit_code == 2
    (item,) = flickr()
    assert f"{item.archive.address} cannot be fetched ({reason})" in done.output
    assert f"put it at {item.place}, and run it then" in done.output
    assert "Traceback" not in done.output
    item.place.write_bytes(content)
    assert fetched().exit_code == 0
    assert flickr() == []
    assert item.place.read_bytes() == content


def test_a_file_put_by_hand_that_is_another_one_is_refused_and_left(root: Path, server: Server) -> None:
    (item,) = flickr()
    item.place.parent.mkdir(parents=True)
    item.place.write_bytes(b"another")
    with pytest.raises(
        UserError, match=rf"{re.escape(str(item.place))} is not the file that .* should be: .*remove it"
    ):
        fetch.fetch([item])
    assert item.place.read_bytes() == b"another"
    assert server.asked == []


@pytest.mark.parametrize("name", [FLICKR, "cifar-100-binary.tar.gz"])
def test_an_archive_that_leads_out_of_its_folder_changes_nothing(root: Path, server: Server, name: str) -> None:
    pack = material.zipped if name == FLICKR else material.tarred
    server.files[name] = pack({"../../evil": b"evil"})
    material.write_data_file(public.DATA_SETS, "", server.files)
    text = public.DATA_SETS.read_text(encoding="utf-8").replace('"address": "/', f'"address": "{server.address}/')
    public.DATA_SETS.write_text(text, encoding="utf-8")
    done = fetched()
    assert done.exit_code == 2
    assert "a place outside of it; none of it is used" in done.output
    assert not list(root.rglob("evil")) and not list(root.rglob("*.unpacked"))
    assert len(fetch.missing(config.load("public"))) == 1


def test_a_disk_without_room_is_told_before_anything_is_fetched(
    root: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    needed = sum(item.archive.size + item.archive.unpacked for item in fetch.missing(config.load("public")))
    monkeypatch.setattr(fetch.shutil, "disk_usage", lambda _: usage(0, 0, needed - 1))
    done = fetched()
    assert done.exit_code == 2
    assert f"at {root} there are 3 MB free of at least 3 MB that are needed; make room there" in done.output
    assert server.asked == []
    assert not (root / "data").exists()
    monkeypatch.setattr(fetch.shutil, "disk_usage", lambda _: usage(0, 0, needed))
    assert fetched().exit_code == 0


def test_two_at_once_do_not_write_into_one_another(server: Server) -> None:
    from hw3lib.system import locks

    (item,) = flickr()
    with (
        locks.exclusive(item.place.with_name(f".{FLICKR}.lock"), ""),
        pytest.raises(UserError, match="another process fetches"),
    ):
        fetch.fetch([item])
    assert server.asked == []


def test_licences_and_sizes_are_told_and_without_a_yes_nothing_is_fetched(root: Path, server: Server) -> None:
    done = CliRunner().invoke(main, ["fetch", "--profile", "public"])
    assert done.exit_code == 2
    assert "nobody can be asked here: hw3 fetch --profile public --yes fetches without" in done.output
    assert "licence: for non-commercial research and education only; the photographs belong to their" in done.output
    assert f"0 MB: {server.address}/{FLICKR}" in done.output
    assert server.asked == []


def test_at_a_terminal_it_asks_once_and_no_is_no(root: Path) -> None:
    ours, theirs = pty.openpty()
    os.write(ours, b"n\n")
    command = [sys.executable, "-m", "hw3lib", "fetch", "--profile", "public"]
    done = subprocess.run(command, stdin=theirs, capture_output=True, text=True, cwd=ROOT, timeout=120)
    os.close(ours)
    os.close(theirs)
    assert "Fetch 1.3 GB, under these licences? [y/N]" in done.stdout
    assert done.returncode == 1
    assert not (root / "data").exists()


def test_a_profile_without_public_data_says_where_to_look(root: Path) -> None:
    done = fetched("hw3")
    assert done.exit_code == 2
    assert "profile hw3 names no public data (fetch); hw3 doctor --profile hw3 says what it needs" in done.output


def test_an_unknown_data_set_is_told_with_those_that_there_are(root: Path) -> None:
    profile = dataclasses.replace(config.load("public"), fetch={"imagenet": "data/imagenet"})
    with pytest.raises(UserError, match=r"fetch names 'imagenet'; .*datasets\.json has cifar100, flickr8k, coco2017"):
        fetch.missing(profile)


@pytest.mark.parametrize(
    ("content", "names"),
    [(b"", "apple"), (bytes(3073), "apple"), (bytes([0, 1]) + bytes(3072), "apple"), (bytes(3074), "")],
)
def test_a_file_that_is_not_cifars_is_refused(tmp_path: Path, content: bytes, names: str) -> None:
    (tmp_path / "test.bin").write_bytes(content)
    (tmp_path / "fine_label_names.txt").write_text(names)
    with pytest.raises(UserError, match=r"test\.bin is not CIFAR-100's"):
        public.LAYOUTS["cifar"](tmp_path)


@pytest.mark.parametrize("name", ["public", "coco"])
def test_what_a_shipped_profile_reads_is_what_its_data_sets_give(name: str) -> None:
    profile = config.load(name)
    given = {
        paths.resolve(folder) / result
        for data_set, folder in profile.fetch.items()
        for archive in public.data_set(data_set).archives
        for result in archive.results
    }
    captions, p3 = profile.captions, profile.p3
    read = [profile.p1.images, profile.p1.id2label, captions.train_images, captions.train_annotations]
    read += [captions.val_images, captions.val_annotations, captions.val_instances, p3.images, p3.instances]
    assert {paths.resolve(path) for path in read if path} == given
    assert profile.data == "other"
    assert len(p3.names) == 5


def test_every_archive_states_its_sources_and_a_checksum() -> None:
    for name in json.loads(public.DATA_SETS.read_text(encoding="utf-8")):
        data_set = public.data_set(name)
        assert data_set.licence and data_set.page.startswith("https://")
        for archive in data_set.archives:
            assert archive.checksum and re.fullmatch(r"md5:[0-9a-f]{32}|sha256:[0-9a-f]{64}", archive.checksum)
            assert "address" in archive.sources[0] and "md5" in archive.sources[-1]
            assert all("https://" in source for source in archive.sources)
