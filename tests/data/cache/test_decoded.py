"""Decoded photographs on disk: the same pixels, decoded once, never wrong, whoever is killed or writes as well."""

from __future__ import annotations

import os
import pickle
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from hw3lib import config, paths
from hw3lib.data import loader
from hw3lib.data.cache import decoded as cache
from hw3lib.data.cache import digests, row_file
from hw3lib.data.images import list_images
from hw3lib.data.loader import Images, load_images
from hw3lib.data.transform import ImageTransform
from hw3lib.system.errors import UserError
from tests.support.processes import Process

TRANSFORM = ImageTransform(24, (0.5,) * 3, (0.5,) * 3)
Load = Callable[..., Images]


@pytest.fixture
def photographs(caption_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """24 photographs that were last changed a while ago."""
    monkeypatch.setenv("HW3_ROOT", str(tmp_path))
    shutil.copytree(caption_folder / "images" / "train", tmp_path / "photographs")
    found = list_images(tmp_path / "photographs")
    for path in found:
        os.utime(path, (1e9, 1e9))
    return found


@pytest.fixture
def load(photographs: list[Path]) -> Load:
    """Load all of them through the cache, each to be readable."""

    def load(transform: ImageTransform = TRANSFORM) -> Images:
        images, bad = load_images(photographs, transform, cache=paths.cache("images"))
        assert bad == {}
        return images

    return load


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the photographs that are decoded from now on."""
    names: list[str] = []
    for module in (loader, cache):
        original = module.open_image

        def noted(path: Path, *content: bytes, original=original) -> Image.Image:
            names.append(Path(path).name)
            return original(path, *content)

        monkeypatch.setattr(module, "open_image", noted)
    return names


def plain(photographs: list[Path], transform: ImageTransform = TRANSFORM) -> Images:
    return load_images(photographs, transform)[0]


def same(one: Images, other: Images) -> bool:
    return len(one) == len(other) and all(torch.equal(one[index], other[index]) for index in range(len(one)))


def files() -> list[Path]:
    return sorted(paths.cache("images").rglob("*.rows"))


def test_the_pixels_are_those_that_decoding_gives(load: Load, photographs: list[Path], decoded: list[str]) -> None:
    assert same(load(), plain(photographs))
    assert load().pixels.shape == (24, 24, 24, 3)
    jittered = ImageTransform(
        24, (0.5,) * 3, (0.5,) * 3, config.Jitter(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.0)
    )
    torch.manual_seed(0)
    first = load(jittered)[0]
    torch.manual_seed(0)
    assert torch.equal(plain(photographs, jittered)[0], first)
    assert len(decoded) == 3 * 24, "jitter and statistics are no reason to decode again; another size is"
    load(ImageTransform(16, (0.5,) * 3, (0.5,) * 3))
    assert len(decoded) == 4 * 24


def test_a_second_load_reads_no_photograph(
    load: Load, photographs: list[Path], decoded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = plain(photographs)
    load()
    decoded.clear()

    def refused(path: Path) -> bytes:
        raise AssertionError(f"{path} is read")

    monkeypatch.setattr(Path, "read_bytes", refused)
    assert same(load(), expected)
    assert decoded == []


def test_a_photograph_that_changed_is_decoded_again_and_no_other(
    load: Load, photographs: list[Path], decoded: list[str]
) -> None:
    load()
    decoded.clear()
    Image.new("RGB", (40, 40), "purple").save(photographs[5])
    assert same(load(), plain(photographs))
    assert decoded[0] == photographs[5].name
    assert decoded[1:] == [path.name for path in photographs]  # by the plain load
    decoded.clear()
    photographs[7].rename(photographs[7].with_name("moved.jpg"))
    photographs[7] = photographs[7].with_name("moved.jpg")
    load()
    assert decoded == [], "a name is not content"


def test_a_file_that_was_just_changed_is_not_trusted_to_stay(photographs: list[Path]) -> None:
    memory = digests.Digests()
    (old,) = memory.of(photographs[:1])
    assert memory.get(photographs[0]) == old
    os.utime(photographs[1])
    memory.of(photographs[1:2])
    assert memory.get(photographs[1]) is None
    assert digests.Digests().get(photographs[0]) == old
    with pytest.raises(UserError, match=r"gone\.jpg cannot be read"):
        memory.of([photographs[0].with_name("gone.jpg")])


@pytest.mark.parametrize("harm", ["cut short", "emptied", "without its trailer", "changed keys"])
def test_a_damaged_file_is_made_again(load: Load, photographs: list[Path], decoded: list[str], harm: str) -> None:
    load()
    (path,) = files()
    whole = path.read_bytes()
    place = 24 * 24 * 24 * 3 + 40  # within the keys
    path.write_bytes(
        {
            "cut short": whole[: len(whole) // 2],
            "emptied": b"",
            "without its trailer": whole[:-1],
            "changed keys": whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :],
        }[harm]
    )
    decoded.clear()
    assert same(load(), plain(photographs))
    assert len(decoded) == 48
    assert files()[0].read_bytes() == whole


@pytest.mark.filterwarnings("ignore:.*is damaged")
def test_a_damaged_row_is_never_shown_and_its_file_is_made_again(
    load: Load, photographs: list[Path], decoded: list[str]
) -> None:
    expected = plain(photographs)
    load()
    (path,) = files()
    whole = path.read_bytes()
    path.write_bytes(whole[:10_000] + b"damage" + whole[10_006:])
    decoded.clear()
    assert same(load(), expected)
    assert decoded == [photographs[5].name]
    assert files() == []
    assert same(load(), expected)
    assert files()[0].read_bytes() == whole


@pytest.mark.filterwarnings("ignore:.*is damaged")
def test_a_memory_of_digests_that_is_damaged_is_made_again(load: Load, decoded: list[str]) -> None:
    load()
    (memory,) = paths.cache("digests").glob("*.rows")
    whole = memory.read_bytes()
    decoded.clear()
    for content in (b"", whole[:500], whole[:-1], whole[:5] + bytes([whole[5] ^ 1]) + whole[6:]):
        memory.write_bytes(content)
        load()
        (again,) = paths.cache("digests").glob("*.rows")
        again.rename(memory)
        assert memory.read_bytes() == whole
    assert decoded == []


def test_unreadable_photographs_are_named_as_without_the_cache(photographs: list[Path]) -> None:
    photographs[3].write_bytes(b"broken")
    photographs[4].unlink()
    for _ in range(2):
        images, bad = load_images(photographs, TRANSFORM, cache=paths.cache("images"))
        assert bad == load_images(photographs, TRANSFORM)[1]
        assert list(bad) == photographs[3:5]
        assert list(images.paths) == photographs[:3] + photographs[5:]
        assert same(images, plain([*images.paths]))


def test_the_same_content_is_kept_once(load: Load, photographs: list[Path], decoded: list[str]) -> None:
    shutil.copy(photographs[0], photographs[9])
    assert same(load(), plain(photographs))
    (path,) = files()
    assert len(row_file.RowFile(path)) == 23


def test_nothing_to_load_and_nothing_readable_are_no_trouble(photographs: list[Path]) -> None:
    for found in ([], photographs[:1]):
        photographs[0].write_bytes(b"")
        images, bad = load_images(found, TRANSFORM, cache=paths.cache("images"))
        assert (len(images), list(bad)) == (0, found)
        assert images.pixels.shape == (0, 24, 24, 3)


def test_a_large_set_is_kept_in_portions_and_says_how_far_it_is(
    photographs: list[Path], decoded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "PORTION", 10 * 24 * 24 * 3)
    said: list[str] = []
    images, _ = load_images(photographs, TRANSFORM, cache=paths.cache("images"), report=said.append)
    assert [line.split(": ")[1].split(",")[0] for line in said] == [f"{n} of 24 decoded" for n in (10, 20, 24)]
    assert len(files()) == 3
    assert same(images, plain(photographs))


@pytest.mark.parametrize("trouble", ["no room", "no folder can be made"])
def test_where_the_disk_refuses_photographs_are_decoded_as_ever(
    photographs: list[Path], trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if trouble == "no room":
        monkeypatch.setattr(row_file, "SPARE", 2**62)
    else:
        paths.cache("images").parent.mkdir(parents=True)
        paths.cache("images").write_text("a file where the folder should be")
    said: list[str] = []
    images, _ = load_images(photographs, TRANSFORM, cache=paths.cache("images"), report=said.append)
    (line,) = said
    assert "are not kept" in line
    assert isinstance(images.pixels, np.ndarray)
    assert same(images, plain(photographs))


def test_a_worker_process_that_is_started_afresh_maps_the_same_pixels(load: Load) -> None:
    images = load()
    content = pickle.dumps(images)
    assert len(content) < 20_000, "the pixels themselves do not travel"
    assert same(pickle.loads(content), images)


FILL = """
import os, sys, time
from pathlib import Path
from hw3lib import paths
from hw3lib.data.cache import decoded
from hw3lib.data.images import list_images
from hw3lib.data.loader import load_images
from hw3lib.data.transform import ImageTransform
decoded.PORTION = 4 * 24 * 24 * 3
original = decoded.open_image
def slow(path, *content):
    time.sleep(600 if path.name == sys.argv[3] else float(sys.argv[2]))
    os.write(1, f"{path.name}\\n".encode())  # whole, from whichever thread
    return original(path, *content)
decoded.open_image = slow
transform = ImageTransform(24, (0.5,) * 3, (0.5,) * 3)
images, bad = load_images(list_images(sys.argv[1]), transform, cache=paths.cache("images"))
assert (len(images), bad) == (24, {})
"""


def start(folder: Path, seconds: float, stuck_at: str = "") -> Process:
    """A process that fills the cache in portions of four, so many seconds for each photograph; with one it is stuck."""
    return Process(FILL, folder, seconds, stuck_at)


def test_two_processes_at_once_decode_each_photograph_once(
    load: Load, photographs: list[Path], decoded: list[str]
) -> None:
    both = [start(photographs[0].parent, 0.02) for _ in range(2)]
    said = [process.output().splitlines() for process in both]
    lines = [line for lines in said for line in lines if line.endswith(".jpg")]
    assert sorted(lines) == [path.name for path in photographs]
    assert same(load(), plain(photographs))
    assert len(decoded) == 24  # by the plain load


def test_a_fill_that_was_killed_leaves_what_was_whole(load: Load, photographs: list[Path], decoded: list[str]) -> None:
    process = start(photographs[0].parent, 0.0, photographs[13].name)
    try:
        deadline = time.monotonic() + 120
        while not any(paths.cache("images").rglob(".*.part.rows")) or len(files()) < 3:
            assert process.alive(), "it ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.002)
    finally:
        process.kill()
    whole = [path for path in files() if not path.name.startswith(".")]
    assert 1 <= len(whole) < 6
    assert same(load(), plain(photographs))
    assert len(decoded) == 24 - 4 * len(whole) + 24
    assert not any(path.name.startswith(".") for path in files())
