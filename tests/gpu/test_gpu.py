"""What is promised of a GPU, in the order in which to look: small things first, full sizes last; 9 minutes on an H100.

Each test runs twice: marked ``gpu`` on a GPU, at the sizes that count, and on a processor, small, so that what it does
has been run. Those that are about a GPU alone ask less of a processor.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import textwrap
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from hw3lib import config, paths
from hw3lib.attention.maps import teacher_forced_pass
from hw3lib.attention.relevance import gradient_weighted, rollout
from hw3lib.data.epoch_order import Sample
from hw3lib.data.loader import Pairs, load_images
from hw3lib.models import decoding, kv_cache
from hw3lib.models.captioner import Captioner, Memory
from hw3lib.models.decoding import beam, greedy, sample
from hw3lib.models.inference import BatchDecoder, encoded
from hw3lib.system import devices, out_of_memory
from hw3lib.system.errors import UserError
from hw3lib.training import footprint, trainer
from hw3lib.training.feed import Feed, Part, Step
from hw3lib.training.learner import Learner
from hw3lib.training.optimization import autocast, reproducible
from hw3lib.training.run_files import is_current
from hw3lib.training.validation import next_token_loss
from tests.support.places import ROOT
from tests.support.processes import Process
from tests.support.training import SCRIPT, endless, overlap, with_training

CONFIGS = paths.PACKAGE.parent / "configs"
TOKENIZER: Any = SimpleNamespace(pad=0, unk=1, bos=2, eos=3, decode=str)
ALONE: Any = SimpleNamespace(
    num_processes=1, backward=lambda loss: loss.backward(), prepare_model=lambda model: model,
    no_sync=lambda model: nullcontext(),
)  # fmt: skip
VOCABULARY = 40
Measured = Callable[..., None]


@pytest.fixture(autouse=True)
def exact_convolutions() -> Iterator[None]:
    """A GPU's convolutions round as tensor cores do; what is compared with a processor must not."""
    before = torch.backends.cudnn.conv.fp32_precision
    torch.backends.cudnn.conv.fp32_precision = "ieee"
    yield
    torch.backends.cudnn.conv.fp32_precision = before
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def swin() -> config.Run:
    """The smoke profile's Swin, in small."""
    run = config.load(CONFIGS / "smoke.yaml").run("swin_base")
    return dataclasses.replace(run, encoder=dataclasses.replace(run.encoder, weights="none"))


def full(name: str) -> config.Run:
    run = config.load(CONFIGS / "hw3.yaml").run(name)
    return dataclasses.replace(run, encoder=dataclasses.replace(run.encoder, weights="none"))


def training(run: config.Run, **changes: Any) -> config.Run:
    return dataclasses.replace(run, training=dataclasses.replace(run.training, **changes))


def still(run: config.Run) -> config.Run:
    """Without dropout: the random numbers of a GPU are others than a processor's."""
    return dataclasses.replace(run, decoder=dataclasses.replace(run.decoder, dropout=0.0, attention_dropout=0.0))


def captioner(run: config.Run, device: str, vocabulary: int = VOCABULARY) -> Captioner:
    """Random, the same on every device, and as decided as a trained one: its captions end at different lengths."""
    torch.manual_seed(0)
    model = Captioner(run, vocabulary, pretrained=False).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not name.startswith("encoder.") and ("query" in name or "key_value" in name):
                parameter.mul_(4)
            elif name in ("embed.weight", "position.weight") or name.endswith("attention.out.weight"):
                parameter.mul_(20)
        if model.head is not None:
            model.head.weight.mul_(12)
    return model.to(device)


def step_of(model: Captioner, images: int, captions: int, seed: int = 0, length: int = 9) -> Step:
    """A step with random images and captions, where a loader leaves them."""
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.randn(images, 3, *model.transform(train=False).size, generator=generator)
    shape = (images * captions, min(length, model.max_length))
    tokens = torch.randint(4, model.vocabulary_size, shape, generator=generator)
    tokens[:, 0], tokens[:, -1] = TOKENIZER.bos, TOKENIZER.eos
    if torch.cuda.is_available():
        pixels, tokens = pixels.pin_memory(), tokens.pin_memory()
    samples = [Sample(image, tuple(range(captions))) for image in range(images)]
    return Step([Part(samples, pixels, tokens)], tokens.shape[0] * (tokens.shape[1] - 1), images)


def learner_of(run: config.Run, device: str, vocabulary: int = VOCABULARY) -> Learner:
    torch.manual_seed(0)
    with torch.device(device):  # drawn there: a processor takes long over a large model's weights
        model = Captioner(run, vocabulary, pretrained=False)
    learner = Learner(model, run, ALONE, TOKENIZER)
    learner.prepare()
    return learner


def pay(owners: list[int], captions: list[Any], eos: int) -> Tensor:
    """Rewards without Java: how many different tokens a caption has."""
    return torch.tensor([float(len(set(caption.tokens))) for caption in captions])


def wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def close(found: Tensor | np.ndarray, expected: Tensor | np.ndarray, tolerance: float) -> float:
    """The largest difference, as a share of the largest value; asserted to be small."""
    found, expected = (torch.as_tensor(value).detach().float().cpu() for value in (found, expected))
    gap = float((found - expected).abs().nan_to_num().max() / expected.abs().nan_to_num().max().clamp(min=1e-12))
    assert gap <= tolerance
    return gap


def test_01_the_device_is_chosen_and_computes_in_bfloat16(device: str, measured: Measured) -> None:
    if device == "cuda":
        assert devices.choose("auto") == "cuda"
        card = torch.cuda.get_device_properties(0)
        measured(gpu=card.name, memory_gb=card.total_memory / 1e9, torch=torch.__version__)
        assert devices.memory("cuda") == card.total_memory
    with autocast(torch.device(device), "auto"):
        product = torch.ones(8, 8, device=device) @ torch.ones(8, 8, device=device)
    measured(precision=str(product.dtype))
    assert product.dtype == torch.bfloat16 or device == "cpu"


@pytest.mark.parametrize("how", ["greedy", "beam", "sample"])
def test_02_captions_are_a_processors(
    how: str, device: str, tiny_run: config.Run, monkeypatch: pytest.MonkeyPatch, measured: Measured
) -> None:
    reference, model = captioner(tiny_run, "cpu"), captioner(tiny_run, device)
    with torch.no_grad():
        memory = reference.encode(3 * torch.randn(16, 3, 32, 32, generator=torch.Generator().manual_seed(5)))
    moved = Memory(memory.tokens.to(device), memory.grid)
    draws = torch.rand(64, 64, generator=torch.Generator().manual_seed(1))

    def decode(model: Captioner, memory: Memory) -> list[decoding.Caption]:
        if how == "greedy":
            return greedy(model, memory, TOKENIZER)
        if how == "beam":
            return beam(model, memory, TOKENIZER, beams=4)
        rows = itertools.cycle(draws)  # the same numbers for both

        def rand(count: int, _: int, device: torch.device, generator: object) -> Tensor:
            return next(rows)[:count, None].to(device)

        with monkeypatch.context() as patch:
            patch.setattr(torch, "rand", rand)
            return sample(model, memory, TOKENIZER, samples=3, top_p=0.9)

    expected, found = decode(reference, memory), decode(model, moved)
    assert [caption.tokens for caption in found] == [caption.tokens for caption in expected]
    assert len({tuple(caption.tokens) for caption in found}) > 1
    gaps = [
        abs(a - b)
        for one, other in zip(found, expected, strict=True)
        for a, b in zip(one.log_probs, other.log_probs, strict=True)
    ]
    measured(**{f"{how}_gap": max(gaps)})
    assert max(gaps) < 1e-4


def test_03_a_step_has_a_processors_loss_and_gradients(device: str, measured: Measured) -> None:
    run = still(swin())

    def gradients(device: str, precision: str) -> tuple[float, Tensor]:
        torch.manual_seed(0)
        model = Captioner(run, VOCABULARY, pretrained=False).to(device)
        part = step_of(model, 4, 3).parts[0]
        tokens = part.tokens.to(device)
        with autocast(torch.device(device), precision):
            loss = next_token_loss(model(part.images.to(device), tokens[:, :-1]), tokens, TOKENIZER.pad)
        loss.backward()
        flat = [p.grad.flatten().float().cpu() for p in model.parameters() if p.grad is not None]
        return loss.item(), torch.cat(flat)

    (loss, expected), (same_loss, exact) = gradients("cpu", "float32"), gradients(device, "float32")
    assert same_loss == pytest.approx(loss, rel=1e-5)
    gap = close(exact, expected, 1e-3)
    low_loss, low = gradients(device, "bfloat16")
    likeness = float(torch.nn.functional.cosine_similarity(low, expected, dim=0))
    measured(loss=loss, gradient_gap=gap, bfloat16_loss=low_loss, bfloat16_cosine=likeness)
    assert low_loss == pytest.approx(loss, rel=0.02)
    assert likeness > 0.98


def test_04_steps_never_wait_for_the_device(device: str) -> None:
    learner = learner_of(training(swin(), ema_decay=0.9, clip_value=1.0), device)
    steps = [step_of(learner.model, 4, 3, seed) for seed in range(7)]
    with reproducible(torch.device(device)):
        for step in steps[:2]:
            learner.teacher_forcing_step(step, 1e-3)
        wait(device)
        if device == "cuda":
            torch.cuda.set_sync_debug_mode("error")
        try:
            losses = [learner.teacher_forcing_step(step, 1e-3) for step in steps[2:]]
        finally:
            if device == "cuda":
                torch.cuda.set_sync_debug_mode("default")
    assert torch.stack(losses).isfinite().all()


@pytest.mark.parametrize("kind", ["swin", "vit", "self_critical"])
def test_05_the_same_steps_end_in_the_same_weights(
    kind: str, device: str, tiny_run: config.Run, measured: Measured
) -> None:
    run = swin() if kind == "swin" else tiny_run
    if kind == "self_critical":
        run = dataclasses.replace(run, self_critical=config.SelfCritical(epochs=1, samples=3, encoder_rate_scale=1.0))
    count = 20 if device == "cuda" else 3

    def train() -> dict[str, Tensor]:
        devices.prepare_cuda()
        learner = learner_of(run, device)
        torch.manual_seed(1)
        with reproducible(torch.device(device)):
            for number in range(count):
                step = step_of(learner.model, 8, 2, number)
                if kind == "self_critical":
                    learner.self_critical_step(step, 1e-3, pay)  # type: ignore[arg-type]
                else:
                    learner.teacher_forcing_step(step, 1e-3)
        return {name: tensor.clone() for name, tensor in learner.model.state_dict().items()}

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        first, second = train(), train()
    different = [name for name in first if not torch.equal(first[name], second[name])]
    measured(**{f"{kind}_tensors": len(first), f"{kind}_different": len(different)})
    assert not different
    assert not [str(warning.message) for warning in told if "determinis" in str(warning.message).lower()]
    start = learner_of(run, device).model.state_dict()
    assert any(not torch.equal(first[name], start[name]) for name in first)


@pytest.fixture
def script(
    tiny_profile: config.Profile, tmp_path: Path, device: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[config.Profile, str]]:
    """Makes a profile of that name and the program that trains it on the device."""
    if device == "cpu":
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
        monkeypatch.setenv("ACCELERATE_USE_CPU", "true")

    def make(name: str, **changes: Any) -> tuple[config.Profile, str]:
        profile = with_training(dataclasses.replace(tiny_profile, name=name), **changes)
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(dataclasses.asdict(profile)))
        return profile, textwrap.dedent(SCRIPT).format(root=str(ROOT), profile=str(path))

    return make


def weights(profile: config.Profile) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    return load_file(config.folder(profile, "best") / "best.safetensors")


# On a processor a stricter test of the trainer's own kills the same run again and again.
@pytest.mark.parametrize(
    "device",
    [pytest.param("cuda", marks=pytest.mark.gpu), pytest.param("cpu", marks=pytest.mark.slow)],
    indirect=True,
)
def test_06_a_run_killed_and_resumed_has_the_same_weights(
    device: str, script: Callable[..., tuple[config.Profile, str]]
) -> None:
    changes = {"epochs": 6, "patience": 99, "ema_decay": 0.8, "learning_rates": (3e-3,)}
    whole, program = script("whole", **changes)
    Process(program).output()
    killed, program = script("killed", **changes)
    log = config.folder(killed, "best") / "log.jsonl"
    process = Process(endless(program, epoch=6))
    try:
        deadline = time.monotonic() + 200
        while not (log.is_file() and log.read_text().count('"validation"') >= 2):
            assert process.alive() and time.monotonic() < deadline
            time.sleep(0.005)
    finally:
        process.kill()
    assert not is_current(killed, "best")
    Process(program).output()
    expected, found = weights(whole), weights(killed)
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())


def test_07_all_parts_of_a_recipe_train(
    device: str, tiny_profile: config.Profile, monkeypatch: pytest.MonkeyPatch, measured: Measured
) -> None:
    if device == "cpu" and torch.cuda.is_available():
        pytest.skip("accelerate takes the GPU in this process")
    monkeypatch.setattr(trainer, "scorer", overlap)
    monkeypatch.setattr(trainer, "Rewards", lambda *_: pay)
    run = dataclasses.replace(
        tiny_profile.run("best"),
        self_critical=config.SelfCritical(epochs=1, samples=2, learning_rate=1e-4),
        decoding=config.Decoding(beams=2),
    )
    profile = with_training(
        dataclasses.replace(tiny_profile, runs={"best": run}),
        epochs=2, frozen_epochs=1, ema_decay=0.8, activation_checkpointing=True, accumulate=2, patience=9,
    )  # fmt: skip
    events: list[dict[str, Any]] = []
    folder = trainer.train(profile, "best", on_validation=events.append)
    assert [event["phase"] for event in events] == ["frozen", "whole", "self-critical"]
    assert all(np.isfinite(event["val_loss"]) for event in events)
    assert len(json.loads((folder / "predictions.json").read_text())) == 8
    assert all(tensor.isfinite().all() for tensor in weights(profile).values())
    measured(val_loss=[round(event["val_loss"], 3) for event in events])


def test_08_attention_and_its_attribution_are_a_processors(
    device: str, tiny_run: config.Run, measured: Measured
) -> None:
    reference, model = captioner(tiny_run, "cpu"), captioner(tiny_run, device)
    image = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(3))
    ids = [2, 7, 9, 11, 5, 3]

    def results(model: Captioner, image: Tensor) -> list[np.ndarray]:
        with torch.inference_mode():
            memory = model.encode(image)
            maps, log_probs = teacher_forced_pass(model, memory, [ids], TOKENIZER.pad)[0]
        rolled = rollout(model, image)
        assert rolled is not None
        return [maps, np.array(log_probs), gradient_weighted(model, memory, ids), rolled.cpu().numpy()]

    pairs = zip(results(model, image.to(device)), results(reference, image), strict=True)
    gaps = [close(found, expected, 1e-3) for found, expected in pairs]
    measured(maps=gaps[0], log_probs=gaps[1], gradient_weighted=gaps[2], rollout=gaps[3])


def test_08_clip_features_are_a_processors(device: str, tmp_path: Path, measured: Measured) -> None:
    pytest.importorskip("open_clip")
    from hw3lib.models.clip import ClipModel
    from tests.support.tiny_clip import write_clip

    settings = write_clip(tmp_path)
    colours = np.random.default_rng(0).integers(0, 255, (9, 40, 30, 3), np.uint8)
    pictures, texts = [Image.fromarray(pixels) for pixels in colours], ["a dog", "a photo of a red house", "two"]
    here, there = ClipModel.load(settings, device), ClipModel.load(settings, "cpu")
    measured(
        images=close(here.embed_images(pictures), there.embed_images(pictures), 1e-3),
        texts=close(here.embed_texts(texts), there.embed_texts(texts), 1e-3),
    )


@pytest.mark.parametrize("name", ["best", "swinv2", "vit", "plus"])
def test_09_full_sizes_need_the_memory_that_was_estimated(
    name: str, device: str, tiny_run: config.Run, measured: Measured
) -> None:
    if device == "cpu" and name != "best":
        pytest.skip("a processor runs the same small model each time")
    run, vocabulary, steps = (full(name), 18_022, 10) if device == "cuda" else (tiny_run, VOCABULARY, 2)
    estimate = footprint.measure(run, vocabulary, device)
    if device == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
    learner = learner_of(run, device, vocabulary)
    captions, parts = run.training.captions_per_image, run.training.accumulate
    images = run.training.batch_size // captions // parts
    one = step_of(learner.model, images, captions, length=25)
    step = Step(one.parts * parts, one.tokens * parts, images * parts)
    with reproducible(torch.device(device)):
        losses = [learner.teacher_forcing_step(step, 1e-5) for _ in range(steps)]
    assert torch.stack(losses).isfinite().all()
    if device == "cuda":
        peak = torch.cuda.max_memory_allocated() - before
        expected = estimate.weights + estimate.references.memory
        measured(**{f"{name}_gb": peak / 1e9, f"{name}_estimate_gb": expected / 1e9})
        assert 0.85 < peak / expected < 1.15


def photographs(folder: Path, count: int, size: tuple[int, int]) -> list[Path]:
    """Photographs as large as COCO's, of noise that is not too fine."""
    generator = np.random.default_rng(0)
    found = []
    for number in range(count):
        coarse = Image.fromarray(generator.integers(0, 255, (size[1] // 8, size[0] // 8, 3), np.uint8))
        found.append(folder / f"{number}.jpg")
        coarse.resize(size, Image.Resampling.BICUBIC).save(found[-1], quality=90)
    return found


def keep_pace(device: str, tiny_run: config.Run, folder: Path, measured: Measured, compiled: bool) -> None:
    """Sixty steps of the largest encoder with their loader: how fast, and how long they wait for data."""
    run, vocabulary = (full("best"), 18_022) if device == "cuda" else (tiny_run, VOCABULARY)
    run = training(run, compile=compiled, workers=run.training.workers and min(run.training.workers, devices.cores()))
    learner = learner_of(run, device, vocabulary)
    per_step, warm, count = run.training.batch_size // run.training.captions_per_image, 5, 60
    if device == "cpu":
        warm, count = 1, 2
    files = photographs(folder, per_step * (count + warm), (640, 480) if device == "cuda" else (64, 48))
    images, bad = load_images(files, learner.model.transform(train=True))
    assert not bad
    captions = [["a"] * run.training.captions_per_image for _ in files]
    lengths = np.random.default_rng(0).integers(8, 24, len(files) * len(captions[0])).clip(max=run.decoder.max_length)
    tokens = iter(lengths.tolist())
    encoder: Any = SimpleNamespace(pad=0, eos=3, encode=lambda text: [2, *[7] * (next(tokens) - 2), 3])
    feed = Feed(Pairs(images, captions, encoder, learner.model.max_length), run.training, seed=0)
    with reproducible(torch.device(device)):
        for number, step in enumerate(feed.steps(0)):
            if number == warm:
                wait(device)
                feed.waited, started = 0.0, time.perf_counter()
            learner.teacher_forcing_step(step, 1e-5)
        wait(device)
    seconds = time.perf_counter() - started
    kind = "compiled" if compiled else "plain"
    share = feed.waited / seconds
    measured(**{f"{kind}_images_per_s": per_step * (number + 1 - warm) / seconds, f"{kind}_data_wait": share})
    assert number + 1 == warm + count
    assert share < 0.05 or device == "cpu"


def test_10_the_loader_keeps_up_with_full_size_steps(
    device: str, tiny_run: config.Run, tmp_path: Path, measured: Measured
) -> None:
    keep_pace(device, tiny_run, tmp_path, measured, compiled=False)


def test_11_compiled_decoding_says_the_same(
    device: str, tiny_run: config.Run, monkeypatch: pytest.MonkeyPatch, measured: Measured
) -> None:
    """For two batch sizes, and after the weights have changed."""
    run, sizes, patches = tiny_run, (6, 3), 16
    if device == "cuda":
        decoder = config.Decoder(layers=8, heads=8, width=512, feed_forward=2048, max_length=24)
        run, sizes, patches = dataclasses.replace(tiny_run, decoder=decoder), (64, 16), 49
    else:
        monkeypatch.setattr(kv_cache, "COMPILE", {"backend": "eager"})
    # Full captions on a GPU: each smaller size that captions leave behind would be compiled, too.
    tokenizer: Any = SimpleNamespace(**vars(TOKENIZER) | ({"eos": -1} if device == "cuda" else {}))
    model = captioner(run, device, 18_022 if device == "cuda" else VOCABULARY)
    width = model.embed.weight.shape[1]
    said: list[str] = []
    for change in (1.0, 1.1):
        with torch.no_grad():
            model.norm.weight.mul_(change)
        plain, quick = BatchDecoder(model, tokenizer), BatchDecoder(model, tokenizer, None, True, said.append)
        for size in sizes:
            generator = torch.Generator().manual_seed(size)
            memory = Memory(torch.randn(size, patches, width, generator=generator).to(device), (1, patches))
            timed: dict[str, float] = {}
            for name, decode in (("plain", plain), ("first", quick), ("compiled", quick), ("plain", plain)):
                wait(device)
                started = time.perf_counter()
                captions = decode(memory)
                wait(device)
                timed[name] = time.perf_counter() - started
                if name == "plain":
                    expected = captions
                    continue
                same = [a.tokens == b.tokens for a, b in zip(captions, expected, strict=True)]
                assert np.mean(same) >= 0.98
                for found, other, alike in zip(captions, expected, same, strict=True):
                    assert not alike or found.log_probs == pytest.approx(other.log_probs, abs=1e-3)
            saved = timed["plain"] - timed["compiled"]
            measured(
                **{
                    f"batch_{size}_plain_ms": 1e3 * timed["plain"],
                    f"batch_{size}_compiled_ms": 1e3 * timed["compiled"],
                    f"batch_{size}_first_s": timed["first"],
                    f"batch_{size}_pays_from_images": size * timed["first"] / saved if saved > 0 else None,
                }
            )
    assert not said


def test_11_photographs_encoded_in_tf32_are_captioned_alike(
    device: str, tiny_run: config.Run, measured: Measured
) -> None:
    model = captioner(tiny_run, device)
    pixels = 3 * torch.randn(64, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    images: Any = SimpleNamespace(__len__=lambda: 64)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hw3lib.models.inference.batches", lambda *_: iter(pixels.split(16)))
        quick = [caption for memory in encoded(model, images, 16) for caption in greedy(model, memory, TOKENIZER)]
    with torch.inference_mode():
        exact = [c for part in pixels.split(16) for c in greedy(model, model.encode(part.to(device)), TOKENIZER)]
    same = float(np.mean([a.tokens == b.tokens for a, b in zip(quick, exact, strict=True)]))
    measured(same_captions=same)
    assert same >= 0.9
    assert same == 1 or device == "cuda"


def test_12_one_process_of_a_group_trains_as_one_alone(
    device: str, script: Callable[..., tuple[config.Profile, str]], monkeypatch: pytest.MonkeyPatch, measured: Measured
) -> None:
    """NCCL on a GPU, gloo on a processor."""
    import socket

    changes = {"epochs": 2, "patience": 99, "precision": "float32", "learning_rates": (3e-3,)}
    alone, program = script("alone", **changes)
    Process(program).output()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    group = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", "LOCAL_WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1"}
    for name, value in (group | {"MASTER_PORT": str(port)}).items():
        monkeypatch.setenv(name, value)
    grouped, program = script("grouped", **changes)
    told = Process(f"{program}\nimport torch.distributed as group\nprint('backend', group.get_backend())").output()
    backend = told.rsplit("backend ", 1)[1].split()[0]
    measured(backend=backend)
    assert backend == ("nccl" if device == "cuda" else "gloo")
    expected, found = weights(alone), weights(grouped)
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, rtol=1e-4, atol=1e-6)


def test_13_out_of_memory_is_advice(device: str, tiny_profile: config.Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"^out of memory .*: lower it"), out_of_memory.advice("lower it"):
        torch.empty(1 << 50, device=device)
    if device == "cpu" and torch.cuda.is_available():
        return  # accelerate takes the GPU in this process
    monkeypatch.setattr(trainer, "scorer", overlap)
    monkeypatch.setattr(Learner, "teacher_forcing_step", lambda *_: torch.empty(1 << 50, device=device))
    with pytest.raises(UserError, match=r"runs\.best\.training\.batch_size \(now 16\)"):
        trainer.train(tiny_profile, "best")


def test_14_the_loader_keeps_up_with_compiled_steps(
    device: str, tiny_run: config.Run, tmp_path: Path, measured: Measured
) -> None:
    """Last, for a large encoder takes minutes to compile."""
    if device == "cpu":
        pytest.skip("compiling takes minutes")
    keep_pace(device, tiny_run, tmp_path, measured, compiled=True)
