"""Shards in WebDataset's format: the same set, order and training as from files, and one clear word for a bad one."""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
import tarfile
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from hw3lib import config, paths
from hw3lib.cli import main
from hw3lib.data import shards
from hw3lib.data.caption_set import CaptionSet
from hw3lib.data.captions import load_captions, training_captions
from hw3lib.data.images import open_image
from hw3lib.data.loader import load_images
from hw3lib.data.shard_writer import write_shards
from hw3lib.data.transform import ImageTransform
from hw3lib.system.errors import UserError
from hw3lib.training import run_files, trainer
from hw3lib.training.run_files import is_current, read_log
from tests.support.training import overlap, timeless, with_training

TRANSFORM = ImageTransform(24, (0.5,) * 3, (0.5,) * 3)


@pytest.fixture
def files(tiny_profile: config.Profile) -> CaptionSet:
    """The training set as loose files; shards' indices go to a temporary root."""
    return training_captions(tiny_profile.captions)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shards").mkdir()
    return tmp_path / "shards"


def pack(path: Path, members: dict[str, bytes | str]) -> Path:
    """A tar file as any program might write it."""
    with tarfile.open(path, "w") as tar:
        for name, content in members.items():
            data = content if isinstance(content, bytes) else content.encode()
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


def sharded(profile: config.Profile, where: str | Path, named: str | None = None) -> config.Profile:
    captions = dataclasses.replace(profile.captions, train_images=str(where), train_annotations=named)
    return dataclasses.replace(profile, captions=captions)


def test_written_shards_hold_the_same_captions_and_pixels(files: CaptionSet, folder: Path) -> None:
    where = write_shards(files, folder, per_shard=10)
    assert where == str(folder / "train-{000000..000002}.tar")
    found = load_captions(None, where)
    assert (found.names, found.captions) == (files.names, files.captions)
    assert [path.read_bytes() for path in found.paths] == [path.read_bytes() for path in files.paths]
    for cache in (None, paths.cache("images")):
        images, bad = load_images(found.paths, TRANSFORM, cache=cache)
        assert not bad
        assert all(torch.equal(images[i], TRANSFORM(open_image(path))) for i, path in enumerate(files.paths))
    assert load_captions(None, where, 11).names == files.names[:11]
    first = [path.read_bytes() for path in sorted(folder.iterdir())]
    write_shards(files, folder, per_shard=10)
    assert [path.read_bytes() for path in sorted(folder.iterdir())] == first


def test_shards_written_by_webdataset_itself_are_read_and_ours_by_it(files: CaptionSet, folder: Path) -> None:
    webdataset = pytest.importorskip("webdataset", reason="the library is not needed, only a peer")
    with webdataset.TarWriter(str(folder / "theirs.tar")) as sink:
        for path, name, captions in zip(files.paths, files.names, files.captions, strict=True):
            sink.write({"__key__": f"train/{name}", "jpg": path.read_bytes(), "json": {"captions": list(captions)}})
    found = load_captions(None, folder / "theirs.tar")
    assert (found.names, found.captions) == (files.names, files.captions)
    assert [path.read_bytes() for path in found.paths] == [path.read_bytes() for path in files.paths]

    where = write_shards(files, folder, per_shard=10)
    rows = list(webdataset.WebDataset(where, shardshuffle=False).decode())
    assert [row["__key__"] for row in rows] == list(files.names)
    assert [tuple(row["json"]["captions"]) for row in rows] == list(files.captions)


def test_training_on_shards_is_training_on_files(
    tiny_profile: config.Profile, files: CaptionSet, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer, "scorer", overlap)
    jittered = dataclasses.replace(
        tiny_profile.run("best"), jitter=config.Jitter(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.0)
    )
    profile = with_training(dataclasses.replace(tiny_profile, runs={"best": jittered}), epochs=2, frozen_epochs=1)
    target = trainer.train(profile, "best")
    expected, weights = timeless(read_log(target)), (target / "best.safetensors").read_bytes()
    where = write_shards(files, folder, per_shard=7)
    for number, named in enumerate((None, profile.captions.train_annotations)):
        same = dataclasses.replace(sharded(profile, where, named), name=f"sharded{number}")
        target = trainer.train(same, "best")
        assert timeless(read_log(target)) == expected
        assert (target / "best.safetensors").read_bytes() == weights
        assert is_current(same, "best")
    # Other captions in the shards, another run.
    same = dataclasses.replace(sharded(profile, where), name="sharded0")
    assert is_current(same, "best")
    changed = dataclasses.replace(files, captions=(("other words",), *files.captions[1:]))
    write_shards(changed, folder, per_shard=7)
    assert not is_current(same, "best")
    shutil.rmtree(folder)
    assert not is_current(same, "best")
    assert run_files.identity(same, "best")  # without the shards there still is one


def test_captions_of_a_file_find_their_images_in_shards(
    tiny_profile: config.Profile, files: CaptionSet, folder: Path
) -> None:
    members = {f"anywhere/{path.name}": path.read_bytes() for path in files.paths}
    named = tiny_profile.captions.train_annotations
    assert named
    found = load_captions(named, pack(folder / "bare.tar", members))
    assert (found.names, found.ids, found.captions) == (files.names, files.ids, files.captions)
    del members["anywhere/train_004.jpg"]
    with pytest.raises(UserError, match=r"train\.json names 1 image \(train_004\.jpg\) that .*bare\.tar lacks"):
        load_captions(named, pack(folder / "bare.tar", members))


def test_captions_are_a_list_a_string_or_lines(files: CaptionSet, folder: Path) -> None:
    image = files.paths[0].read_bytes()
    members = {
        "a.jpg": image, "a.json": json.dumps({"captions": [" A  red\nbus. ", "", "Ünder."], "url": "x"}), "a.cls": "3",
        "b.txt": "One.\n\nTwo.\n", "b.PNG": image,
        "c.json": json.dumps({"caption": "Only one."}), "c.jpeg": image, "c.txt": "not this",
        "d.jpg": image, "d.json": json.dumps({"width": 3}), "d.txt": "From the text.", "d.seg.png": image,
    }  # fmt: skip
    found = load_captions(None, pack(folder / "x.tar", members))
    assert dict(zip(found.names, found.captions, strict=True)) == {
        "a": ("A red bus.", "Ünder."), "b": ("One.", "Two."), "c": ("Only one.",), "d": ("From the text.",)
    }  # fmt: skip


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"a.jpg": b"x"}, ["x.tar:a.jpg has no caption", "a.json or a.txt"]),
        ({"a.jpg": b"x", "a.txt": " \n"}, ["x.tar:a.jpg has no caption"]),
        ({"a.txt": "A bus."}, ["x.tar holds a.txt but no photograph a.jpg"]),
        ({"a.jpg": b"x", "a.json": "{"}, ["x.tar: a.json is not JSON"]),
        ({"a.jpg": b"x", "a.json": '{"captions": "A bus.", "x": 1}'}, []),
        ({"a.jpg": b"x", "a.json": '{"captions": [1]}'}, ["x.tar: a.json must say"]),
        ({"a.jpg": b"x", "a.json": '{"captions": 0}'}, ["x.tar: a.json must say"]),
        ({"a.jpg": b"x", "a.txt": b"\xff\xf0"}, ["x.tar: a.txt is not text in UTF-8"]),
        ({"a.jpg": b"x", "a.png": b"x", "a.txt": "A bus."}, ["x.tar", "a.jpg and a.png"]),
        ({"notes.md": b"x"}, ["x.tar holds no photograph"]),
        ({"a.mp4": b"x"}, ["x.tar holds no photograph"]),
    ],
)
def test_a_bad_member_is_refused_with_its_shard_and_name(
    files: CaptionSet, folder: Path, members: dict[str, bytes | str], words: list[str]
) -> None:
    path = pack(folder / "x.tar", members)
    if not words:
        assert load_captions(None, path).captions == (("A bus.",),)
        return
    with pytest.raises(UserError) as error:
        load_captions(None, path)
    for word in words:
        assert word in str(error.value)


def test_a_shard_that_is_cut_anywhere_is_refused(files: CaptionSet, folder: Path) -> None:
    path = Path(write_shards(files, folder, per_shard=100).replace("{000000..000000}", "000000"))
    whole = path.read_bytes()
    with tarfile.open(path) as tar:
        last = tar.getmembers()[-1]
    data = last.offset_data
    for length in (0, 100, 511, 513, len(whole) // 2, last.offset, last.offset + 100, data, data + 10, data + 512):
        path.write_bytes(whole[:length])
        with pytest.raises(UserError, match=r"train-000000\.tar .*pack it anew"):
            load_captions(None, path)
    path.write_bytes(whole[: data + 512 + 512])
    assert len(load_captions(None, path)) == 24
    path.write_bytes(whole[: last.offset] + b"?" * 512 + whole[data:])
    with pytest.raises(UserError, match="cut short or damaged"):
        load_captions(None, path)


def test_a_shard_that_was_cut_after_it_was_indexed_names_the_member(files: CaptionSet, folder: Path) -> None:
    where = write_shards(files, folder, per_shard=100)
    found = load_captions(None, where)
    path = folder / "train-000000.tar"
    path.write_bytes(path.read_bytes()[: len(path.read_bytes()) // 2])
    for cache in (None, paths.cache("images")):
        _, bad = load_images(found.paths, TRANSFORM, cache=cache)
        assert found.paths[-1] in bad
        assert "train-000000.tar is cut short: it ends within train_023.jpg" in bad[found.paths[-1]]


def test_a_shard_is_indexed_once_and_again_when_it_changes(
    files: CaptionSet, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = write_shards(files, folder, per_shard=10)
    found = load_captions(None, where)
    with monkeypatch.context() as refusing:
        refusing.setattr(tarfile, "open", lambda *a, **k: pytest.fail("a shard is read again"))
        assert load_captions(None, where) == found
    (kept, *_) = sorted((folder.parent / "runs" / "cache" / "shards").iterdir())
    for content in ("", "{}", '{"state": [], "samples": 3}'):
        kept.write_text(content)
        assert load_captions(None, where) == found
    pack(folder / "train-000001.tar", {"new.jpg": files.paths[0].read_bytes(), "new.txt": "New."})
    assert load_captions(None, where).captions[10] == ("New.",)


def test_brace_notation_counts_and_lists() -> None:
    def names(where: str) -> list[str]:
        return [str(path) for path in shards.expand(where)]

    assert names("a/t-{008..011}.tar") == [f"a/t-{n}.tar" for n in ("008", "009", "010", "011")]
    assert names("t-{8..11}.tar") == ["t-8.tar", "t-9.tar", "t-10.tar", "t-11.tar"]
    assert names("{b,a}/{0..1}.tar") == ["b/0.tar", "b/1.tar", "a/0.tar", "a/1.tar"]
    assert names("one.tar") == ["one.tar"]


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("t-{0..2}.tar", r"names 2 shards \(.*t-1\.tar, .*t-2\.tar\) that cannot be found \(of 3\)"),
        ("t-{3..1}.tar", "names no shard"),
        ("packed.tar.gz", "packed.tar.gz is not a tar file, or is cut short or compressed"),
    ],
)
def test_shards_that_are_not_there_or_compressed_are_refused(
    files: CaptionSet, folder: Path, where: str, words: str
) -> None:
    pack(folder / "t-0.tar", {"a.jpg": b"x", "a.txt": "A bus."})
    with tarfile.open(folder / "packed.tar.gz", "w:gz") as tar:
        tar.add(files.paths[0], "a.jpg")
    with pytest.raises(UserError, match=words):
        load_captions(None, folder / where)


def test_captions_may_be_left_out_for_shards_alone(tiny_profile: config.Profile, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="a file with their captions must be named too"):
        load_captions(None, tmp_path)
    profile = """
        title: t
        data: real
        seed: 1
        clip: {}
        p1: {images: a, id2label: b}
        captions: {train_images: WHERE, val_images: c, val_annotations: d, tokenizer: e}
        p3: {images: f}
        runs: {best: {title: b}}
    """
    (tmp_path / "files.yaml").write_text(profile.replace("WHERE", "images"))
    (tmp_path / "shards.yaml").write_text(profile.replace("WHERE", '"images/{0..3}.tar"'))
    with pytest.raises(UserError, match=r"files\.yaml: captions\.train_annotations is missing"):
        config.load(tmp_path / "files.yaml")
    assert config.load(tmp_path / "shards.yaml").captions.train_annotations is None


def test_the_command_packs_a_profile_and_says_what_to_write_into_it(
    tiny_profile: config.Profile, files: CaptionSet, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "load", lambda profile: tiny_profile)
    said = CliRunner().invoke(main, ["shards", str(folder), "--images", "9", "--profile", "tiny"])
    assert said.exit_code == 0, said.output
    where = said.output.strip().rpartition("captions.train_images: ")[2]
    assert load_captions(None, where).captions == files.captions
    dotted = dataclasses.replace(files, names=("a.b", *files.names[1:]))
    with pytest.raises(UserError, match=r"a\.b has a dot in its name"):
        write_shards(dotted, folder)


def test_names_with_dots_and_of_one_name_in_two_folders_are_whole(files: CaptionSet, folder: Path) -> None:
    first, second = (path.read_bytes() for path in files.paths[:2])
    members = {
        "IMG_1.rf.aa.jpg": first, "IMG_1.rf.aa.txt": "aa", "IMG_1.rf.bb.jpg": second, "IMG_1.rf.bb.txt": "bb",
        "1/a.jpg": first, "1/a.txt": "A", "2/a.jpg": second, "2/a.txt": "B",
        "2/a.mask.png": b"a further part", "2/a.meta.json": "{}",
    }  # fmt: skip
    found = shards.load(pack(folder / "x.tar", members))
    assert found.names == ("IMG_1.rf.aa", "IMG_1.rf.bb", "1/a", "2/a")
    assert found.captions == (("aa",), ("bb",), ("A",), ("B",))
    assert [path.read_bytes() for path in found.paths] == [first, second] * 2


def test_a_file_of_captions_finds_the_photograph_of_its_path_or_none(files: CaptionSet, folder: Path) -> None:
    """It used to take the last photograph of that base name, whichever folder it lay in."""
    where = pack(folder / "x.tar", {"train/1/a.jpg": b"1", "train/2/a.jpg": b"2", "b.rf.c.jpg": b"3"})
    found = shards.locate(where, ["1/a.jpg", "train/2/a.jpg", "any/b.rf.c.jpg", "3/a.jpg"])
    assert {name: path.name for name, path in found.items()} == {
        "1/a.jpg": "train/1/a.jpg", "train/2/a.jpg": "train/2/a.jpg", "any/b.rf.c.jpg": "b.rf.c.jpg"
    }  # fmt: skip
    with pytest.raises(UserError, match=r"a\.jpg may be any of 2 photographs"):
        shards.locate(where, ["a.jpg"])


def test_no_photograph_makes_no_shard(files: CaptionSet, folder: Path) -> None:
    with pytest.raises(UserError, match="no photograph to write"):
        write_shards(files.subset([]), folder)
