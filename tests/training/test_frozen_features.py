"""Features of a frozen encoder: those that computing gives, computed once, whoever damages or fills the cache."""

from __future__ import annotations

import dataclasses
import pickle
import shutil
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from hw3lib import config, paths
from hw3lib.data.cache import row_file
from hw3lib.data.images import list_images
from hw3lib.data.loader import Images, batches, load_images
from hw3lib.models.captioner import Captioner
from hw3lib.training import frozen_features, trainer
from hw3lib.training.optimization import autocast
from tests.support.processes import Process
from tests.support.training import overlap


@pytest.fixture
def model(tiny_run: config.Run) -> Captioner:
    torch.manual_seed(0)
    return Captioner(
        dataclasses.replace(tiny_run, jitter=config.Jitter(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.0)), 40
    ).train()


@pytest.fixture
def images(caption_folder: Path, tmp_path: Path, model: Captioner, monkeypatch: pytest.MonkeyPatch) -> Images:
    """24 photographs in a folder that may be changed, as training has them."""
    monkeypatch.setenv("HW3_ROOT", str(tmp_path))
    shutil.copytree(caption_folder / "images" / "train", tmp_path / "photographs")
    return load_images(list_images(tmp_path / "photographs"), model.transform(train=True))[0]


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many photographs each call of an encoder from now on is given."""
    counts: list[int] = []
    original = Captioner.features

    def counted(self: Captioner, batch: torch.Tensor):
        counts.append(len(batch))
        return original(self, batch)

    monkeypatch.setattr(Captioner, "features", counted)
    return counts


def afresh(model: Captioner, images: Images, precision: str = "float32", size: int = 64) -> torch.Tensor:
    """The slow obvious way: (n, P, C)."""
    plain = dataclasses.replace(images, transform=model.transform(train=False))
    with torch.inference_mode(), autocast(torch.device("cpu"), precision):
        parts = [model.eval().features(batch).patches.float() for batch in batches(plain, size)]
    model.train()
    return torch.cat(parts).clone()


def kept(model: Captioner, images: Images, precision: str = "float32", size: int = 64) -> torch.Tensor:
    found = frozen_features.frozen(model, images, precision, size, paths.cache("features"))
    assert len(found) == len(images)
    return found.batch(range(len(found))).patches


def files() -> list[Path]:
    return sorted(paths.cache("features").rglob("*.rows"))


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_kept_features_are_to_the_bit_those_that_computing_gives(
    model: Captioner, images: Images, precision: str
) -> None:
    expected = afresh(model, images, precision, 10)
    in_memory = frozen_features.frozen(model, images, precision, 10)
    for _ in range(2):
        assert torch.equal(kept(model, images, precision, 10), expected)
    assert torch.equal(in_memory.batch(range(24)).patches, expected)
    assert in_memory.batch([3, 1]).grid == (4, 4)
    assert model.training, "the model's mode stays as it was"
    batch = frozen_features.frozen(model, images, precision, 10, paths.cache("features")).batch([3, 1])
    assert torch.equal(batch.patches, expected[[3, 1]])
    assert batch.grid == (4, 4)
    batch.patches.add_(1)  # a copy that may be written to, and that a graph may hold
    assert not batch.patches.is_inference()


def test_they_are_computed_once_for_all_runs_with_the_same_encoder(
    model: Captioner, images: Images, computed: list[int]
) -> None:
    kept(model, images)
    assert computed == [24]
    other = Captioner(dataclasses.replace(model.run, decoder=config.Decoder(layers=1, heads=4, width=16)), 99)
    other.encoder.load_state_dict(model.encoder.state_dict())
    kept(other, images)
    mapped, _ = load_images(images.paths, model.transform(train=True), cache=paths.cache("images"))
    kept(model, mapped)
    assert computed == [24]


def test_whatever_changes_them_has_them_computed_again(
    model: Captioner, images: Images, computed: list[int], tmp_path: Path
) -> None:
    kept(model, images)
    changes = [0]

    def again() -> None:
        computed.clear()
        assert torch.equal(kept(model, images), afresh(model, images))
        assert len(computed) == 2
        changes[0] += 1
        assert len(files()) == 1 + changes[0]

    with torch.no_grad():
        next(model.encoder.parameters()).view(-1)[0] += 1e-3
    again()
    encoder = dataclasses.replace(model.run.encoder, mean=(0.4, 0.5, 0.5))
    model.run = dataclasses.replace(model.run, encoder=encoder)
    again()
    shutil.copy(images.paths[0], images.paths[1])
    images = load_images(images.paths, model.transform(train=True))[0]
    again()
    computed.clear()
    kept(model, images, "bfloat16")
    kept(model, images, "float32", 12)  # batched otherwise, other roundings
    assert computed == [24, 12, 12]


def test_a_damaged_file_is_computed_again(model: Captioner, images: Images, computed: list[int]) -> None:
    expected = kept(model, images)
    (path,) = files()
    whole = path.read_bytes()
    for content in (b"", whole[:-1], whole[: len(whole) // 2], whole[:99] + bytes([whole[99] ^ 1]) + whole[100:]):
        path.write_bytes(content)
        computed.clear()
        assert torch.equal(kept(model, images), expected)
        assert computed == [24]
        assert path.read_bytes() == whole


def test_a_large_set_is_kept_in_portions_of_which_only_a_damaged_one_is_computed_again(
    model: Captioner, images: Images, computed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frozen_features, "_PORTION", 2)
    expected = afresh(model, images, size=5)
    computed.clear()
    assert torch.equal(kept(model, images, size=5), expected)
    assert computed == [5, 5, 5, 5, 4]
    assert len(files()) == 3
    content = bytearray(files()[1].read_bytes())
    content[99] ^= 1
    files()[1].write_bytes(content)
    computed.clear()
    assert torch.equal(kept(model, images, size=5), expected)
    assert computed == [5, 5]


def test_without_room_they_stay_in_memory_and_one_line_says_so(
    model: Captioner, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_file, "SPARE", 2**62)
    said: list[str] = []
    found = frozen_features.frozen(model, images, "float32", 64, paths.cache("features"), said.append)
    assert torch.equal(found.batch(range(24)).patches, afresh(model, images))
    (line,) = said
    assert "features are not kept" in line
    assert files() == []


def test_no_photographs_are_no_trouble(model: Captioner, images: Images) -> None:
    none = dataclasses.replace(images, paths=(), pixels=images.pixels[:0])
    assert len(frozen_features.frozen(model, none, "float32", 64, paths.cache("features"))) == 0


COMPUTE = """
import itertools, pickle, sys, time
from hw3lib import paths
from hw3lib.models.captioner import Captioner
from hw3lib.training import frozen_features
original, batches = Captioner.features, itertools.count()
def noted(self, batch):
    print("computed", flush=True)
    if next(batches) == int(sys.argv[2]):
        time.sleep(600)
    return original(self, batch)
Captioner.features = noted
model, images = pickle.load(open(sys.argv[1], "rb"))
frozen_features.frozen(model, images, "float32", 4, paths.cache("features"))
"""


def start(model: Captioner, images: Images, folder: Path, stuck_after: int = -1) -> Process:
    """A process that computes features of four photographs at a time, and is stuck after so many fours."""
    (folder / "work.pickle").write_bytes(pickle.dumps((model, images)))
    return Process(COMPUTE, folder / "work.pickle", stuck_after)


def test_of_two_processes_one_computes_and_the_other_waits(
    model: Captioner, images: Images, computed: list[int], tmp_path: Path
) -> None:
    both = [start(model, images, tmp_path) for _ in range(2)]
    said = [process.output() for process in both]
    assert sum(text.count("computed") for text in said) == 6
    kept(model, images, size=4)
    assert computed == []


def test_what_a_killed_process_left_is_no_obstacle(
    model: Captioner, images: Images, computed: list[int], tmp_path: Path
) -> None:
    process = start(model, images, tmp_path, 2)
    try:
        deadline = time.monotonic() + 240
        while not any(paths.cache("features").rglob(".*.part.rows")):
            assert process.alive(), "it ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.005)
    finally:
        process.kill()
    assert not [path for path in files() if not path.name.startswith(".")]
    assert torch.equal(kept(model, images, size=4), afresh(model, images, size=4))
    assert computed == [4] * 12
    assert len(files()) == 1, "and what it left is gone"


def test_runs_with_the_same_encoder_compute_its_features_once(
    tiny_profile: config.Profile, computed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer, "scorer", overlap)
    best = tiny_profile.run("best")
    best = dataclasses.replace(best, training=dataclasses.replace(best.training, epochs=2, frozen_epochs=2))
    other = dataclasses.replace(best, decoder=dataclasses.replace(best.decoder, layers=1))
    weights = tiny_profile.captions.tokenizer + ".safetensors"
    save_file(Captioner(best, 40).encoder.state_dict(), weights)
    runs = {
        name: dataclasses.replace(run, encoder=dataclasses.replace(run.encoder, weights=weights))
        for name, run in (("best", best), ("other", other))
    }
    profile = dataclasses.replace(tiny_profile, runs=runs)
    trainer.train(profile, "best")
    assert computed.count(24) == 1
    computed.clear()
    trainer.train(profile, "other")
    assert not computed, "neither its training images nor those that it is judged by"
    assert len(files()) == 2


def test_an_encoder_that_has_learned_has_features_of_its_own_which_go_with_the_run(
    tiny_profile: config.Profile, computed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = iter([{"CIDEr": float(number), "CLIPScore": 0.5} for number in range(4)])  # always better
    monkeypatch.setattr(trainer, "scorer", lambda *_: lambda texts: next(scores))
    run = tiny_profile.run("best")
    run = dataclasses.replace(
        run,
        training=dataclasses.replace(run.training, epochs=2, frozen_epochs=1),
        self_critical=config.SelfCritical(epochs=2, samples=2, images_per_step=8),
    )
    profile = dataclasses.replace(tiny_profile, runs={"best": run})
    target = config.folder(profile, "best")
    own: list[int] = []
    trainer.train(profile, "best", on_validation=lambda event: own.append(len(list(target.rglob("*.rows")))))
    assert own == [0, 0, 1, 1]
    assert computed.count(24) == 2, "at rest before it learned, and after"
    assert len(files()) == 2, "others may share the first, and those of the validation images"
    assert not list(target.rglob("*.rows"))
