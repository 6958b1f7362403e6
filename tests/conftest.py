"""Small material that the tests share: a caption set, a tiny run, a tiny profile."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import pytest

from hw3lib import config
from tests.support.shapes import write_captions

# Two cores are enough for tests, and pytest-xdist starts a process for each.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type] # as in hw3lib/__main__.py: a second to import


def pytest_collection_finish() -> None:
    """What is imported and collected stays until the end: going through it at each collection takes 0.3 s."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def caption_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A P2 folder: 24 training and 8 validation images of coloured shapes. Copy it before changing it."""
    folder = tmp_path_factory.mktemp("captions")
    write_captions(folder, "train", 24, 1)
    write_captions(folder, "val", 8, 2)
    return folder


@pytest.fixture(scope="session")
def multilingual_clip(tmp_path_factory: pytest.TempPathFactory) -> config.Clip:
    """A small CLIP for Chinese and Arabic, trained for seconds. Copy its folder before changing it."""
    from tests.support.multilingual_clip import write_multilingual_clip

    return write_multilingual_clip(tmp_path_factory.mktemp("multilingual"))


@pytest.fixture
def tiny_run() -> config.Run:
    """A captioner of some 30,000 parameters that takes 32 px images, 16 patches."""
    return config.Run(
        title="tiny",
        encoder=config.Encoder(
            name="vit_tiny_patch16_224",
            weights="none",
            image_size=32,
            arguments={"patch_size": 8, "embed_dim": 24, "depth": 1, "num_heads": 2},
            mean=(0.5, 0.5, 0.5),
            std=(0.5, 0.5, 0.5),
        ),
        decoder=config.Decoder(layers=2, heads=4, width=32, feed_forward=32, max_length=24),
        training=config.Training(learning_rates=(3e-3, 1e-3), epochs=3, batch_size=16, captions_per_image=2),
    )


@pytest.fixture
def tiny_profile(
    caption_folder: Path, tiny_run: config.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> config.Profile:
    """A profile whose runs go to a temporary root; its tokenizer is trained there when first asked for."""
    monkeypatch.setenv("HW3_ROOT", str(tmp_path))
    return config.Profile(
        title="tiny",
        data="demo",
        seed=7,
        name="tiny",
        clip=config.Clip(model="none", pretrained="none"),
        p1=config.Labelled(images="p1", id2label="id2label.json"),
        captions=config.Captions(
            train_images=str(caption_folder / "images" / "train"),
            train_annotations=str(caption_folder / "train.json"),
            val_images=str(caption_folder / "images" / "val"),
            val_annotations=str(caption_folder / "val.json"),
            tokenizer=str(tmp_path / "caption_tokenizer.json"),
            vocabulary_size=60,
        ),
        p3=config.Photographs(images=str(caption_folder / "images" / "val")),
        runs={"best": tiny_run},
    )
