"""Captions batch after batch: compiled where asked for, in TF32 on a GPU, and with no setting left behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from hw3lib import config
from hw3lib.data.tokenizer import load_or_train
from hw3lib.models import decoding, inference, kv_cache
from hw3lib.models.captioner import Captioner, Memory
from hw3lib.models.inference import BatchDecoder, LoadedRun, encoded, load_run, tf32, unfamiliar

TOKENIZER = SimpleNamespace(pad=0, unk=1, bos=2, eos=3, decode=str)


@pytest.fixture
def model(tiny_run: config.Run) -> Captioner:
    torch.manual_seed(0)
    return Captioner(tiny_run, 40).eval()


@pytest.fixture
def memory(model: Captioner) -> Memory:
    with torch.no_grad():
        return model.encode(torch.randn(3, 3, 32, 32))


def test_a_batch_is_decoded_as_the_run_says(model: Captioner, memory: Memory) -> None:
    assert BatchDecoder(model, TOKENIZER)(memory) == decoding.greedy(model, memory, TOKENIZER)
    found = BatchDecoder(model, TOKENIZER, config.Decoding(beams=2, length_penalty=0.3))(memory)
    assert found == decoding.beam(model, memory, TOKENIZER, beams=2, length_penalty=0.3)


def test_where_nothing_compiles_it_is_said_once_and_captions_are_the_same(
    model: Captioner, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError("no compiler is found")

    monkeypatch.setattr(kv_cache, "COMPILE", {"backend": broken})
    said: list[str] = []
    decode = BatchDecoder(model, TOKENIZER, compiled=True, say=said.append)
    assert [caption.tokens for caption in decode(memory)] == [
        caption.tokens for caption in decoding.greedy(model, memory, TOKENIZER)
    ]
    decode(memory)
    (sentence,) = said
    assert sentence.startswith("captions are decoded without torch.compile, which failed (")
    assert "no compiler is found" in sentence


def test_a_run_that_is_exported_and_read_again_is_the_run_and_names_no_folder_of_this_machine(
    model: Captioner, tiny_profile: config.Profile, tmp_path: Path
) -> None:
    tokenizer = load_or_train(tiny_profile.require_captions())
    jittered = replace(model.run, jitter=config.Jitter(brightness=0.4))
    for number, start in enumerate((None, str(tmp_path / "first"))):
        again = Captioner(replace(jittered, start_from=start), tokenizer.size).eval()
        target, folders = tmp_path / f"exported {number}", (tmp_path,) * number
        loaded = LoadedRun(again, tokenizer, again.transform(train=True), again.run, tmp_path, folders)
        assert inference.export(loaded, target, "its card") == target
        assert (target / "README.md").read_text() == "its card"
        assert str(tmp_path) not in (target / "config.json").read_text()
        read = inference.load_pretrained(target, "cpu")
        assert read.run == replace(jittered, start_from=start and "first")
        assert read.transform.jitter is None, "captions are those of the photograph as it is"
        assert read.drawings == (target,) * number
        assert read.tokenizer.encode("a red circle") == tokenizer.encode("a red circle")


def test_automatic_precision_changes_no_caption() -> None:
    kinds = [inference.arithmetic(torch.device("cpu"), name) for name in ("auto", "float32", "bfloat16")]
    assert kinds == ["float32", "float32", "bfloat16"]


def test_what_fails_without_a_compiler_still_fails(model: Captioner, memory: Memory) -> None:
    with pytest.raises(RuntimeError):
        BatchDecoder(model, TOKENIZER)(Memory(memory.tokens[..., :5], memory.grid))


def test_tf32_is_a_gpus_and_ends_with_the_batch(model: Captioner, monkeypatch: pytest.MonkeyPatch) -> None:
    products = torch.backends.cuda.matmul
    before = products.fp32_precision
    with pytest.raises(ZeroDivisionError), tf32(torch.device("cuda")):
        assert products.fp32_precision == "tf32"
        raise ZeroDivisionError
    assert products.fp32_precision == before
    with tf32(torch.device("cpu")):
        assert products.fp32_precision == before

    seen: list[str] = []

    def batches(*_: object) -> Iterator[torch.Tensor]:
        yield torch.zeros(2, 3, 32, 32)
        yield torch.zeros(1, 3, 32, 32)

    def encode(images: torch.Tensor) -> Memory:
        seen.append(products.fp32_precision)
        return Memory(images, (1, 1))

    monkeypatch.setattr(inference, "batches", batches)
    gpu = SimpleNamespace(device=torch.device("meta"), encode=encode)
    monkeypatch.setattr(inference, "tf32", lambda device: tf32(torch.device("cuda")))
    for _ in encoded(gpu, None, 2):  # type: ignore[arg-type]
        assert products.fp32_precision == before
    assert seen == ["tf32", "tf32"]
    assert torch.get_float32_matmul_precision() == "highest"


def test_a_run_of_drawings_knows_the_drawn_test_images_too(tiny_profile: config.Profile, tmp_path: Path) -> None:
    captions = replace(tiny_profile.captions, test_images="drawn", test_annotations="test.json")
    profile = replace(tiny_profile, captions=captions)
    size = load_or_train(captions).size
    Captioner(profile.run("best"), size).save(config.folder(profile, "best") / "best.safetensors")
    loaded = load_run(profile, "best")
    assert unfamiliar(loaded, tmp_path / "drawn" / "1.jpg") == ""
    assert "drawings only" in unfamiliar(loaded, tmp_path / "elsewhere" / "1.jpg")
