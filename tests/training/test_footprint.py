"""What a training will need, against what a whole step of it takes."""

from __future__ import annotations

import dataclasses
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from hw3lib import config, paths
from hw3lib.data.epoch_order import Sample
from hw3lib.models.captioner import Captioner
from hw3lib.system import devices
from hw3lib.system.errors import UserError
from hw3lib.training import footprint
from hw3lib.training.feed import Part, Step
from hw3lib.training.footprint import Footprint, Pass, Work, measure
from hw3lib.training.learner import Learner

CONFIGS = paths.PACKAGE.parent / "configs"
ALONE = SimpleNamespace(
    num_processes=1,
    backward=lambda loss: loss.backward(),
    prepare_model=lambda model: model,
    no_sync=lambda model: nullcontext(),
)


class Peak(footprint._Live):
    """Notes the most bytes that were alive, on the way back, too."""

    most = 0

    def _allocated(self, tensor: torch.Tensor) -> bool:
        new = super()._allocated(tensor)
        self.most = max(self.most, self.bytes)
        return new


def whole_step(run: config.Run, vocabulary: int) -> Peak:
    """A step of training, on a processor without numbers, once the optimizer has its moments."""
    training = run.training
    with torch.device("meta"):
        model = Captioner(run, vocabulary, pretrained=False)
    with FakeTensorMode():
        footprint._move(model, "cpu")
        learner = Learner(model, run, ALONE, SimpleNamespace(pad=0))  # type: ignore[arg-type]
        learner.prepare()
        captions, count = training.captions_per_image, training.batch_size // training.captions_per_image
        size, length = count // training.accumulate, min(25, model.max_length)
        parts = [
            Part(
                [Sample(image, tuple(range(captions))) for image in range(size)],
                torch.empty(size, 3, *model.transform(train=False).size),
                torch.zeros(size * captions, length, dtype=torch.long),
            )
            for _ in range(training.accumulate)
        ]
        step = Step(parts, count * captions * (length - 1), count)
        for parameter in model.parameters():
            parameter.grad = torch.zeros_like(parameter)
        learner.optimizer.step()
        learner.optimizer.zero_grad()
        peak = Peak(model)
        held = [value for state in learner.optimizer.state.values() for value in state.values()]
        peak.seen |= {tensor.untyped_storage()._cdata for tensor in held}
        with peak:
            learner.teacher_forcing_step(step, 1e-5)
    return peak


@pytest.mark.parametrize(("name", "precision"), [("best", "bfloat16"), ("best", "float32"), ("vit", "bfloat16")])
def test_the_estimate_is_what_a_whole_step_takes(name: str, precision: str) -> None:
    run = config.load(CONFIGS / "demo.yaml").run(name)
    run = dataclasses.replace(run, training=dataclasses.replace(run.training, precision=precision, accumulate=2))
    needs, taken = measure(run, 300, "cpu"), whole_step(run, 300)
    assert needs.references.memory == pytest.approx(taken.most, rel=0.06)
    forward = needs.references.encoder.flops + needs.references.decoder.flops
    assert 3 * 2 * forward + needs.update == pytest.approx(taken.flops, rel=0.03)  # two parts
    assert (needs.update > 0) == (run.training.optimizer == "muon")


def test_what_lowers_memory_lowers_the_estimate() -> None:
    run = config.load(CONFIGS / "demo.yaml").run("vit")  # has fewer layers than the best

    def memory(**changes: object) -> int:
        return measure(dataclasses.replace(run, training=dataclasses.replace(run.training, **changes)), 300).memory

    whole = memory(ema_decay=0.0)
    assert memory(ema_decay=0.0, accumulate=4) < whole
    assert memory(ema_decay=0.0, activation_checkpointing=True) < whole
    assert memory(ema_decay=0.0, precision="float32") > whole
    assert memory(ema_decay=0.9) > whole
    frozen = dataclasses.replace(run, encoder=dataclasses.replace(run.encoder, frozen=True))
    assert measure(frozen, 300).memory < whole


def test_full_sizes_need_what_fits_a_gpu() -> None:
    """A Swin-L and its decoder in bfloat16: 287 million parameters, of which each takes 16 bytes in the end."""
    profile = config.load(CONFIGS / "hw3.yaml")
    needs = measure(profile.run("best"), profile.captions.vocabulary_size)
    assert 287e6 * 12 < needs.weights < 287e6 * 12.2
    assert 5.5e9 < needs.memory < 9e9


def test_time_is_arithmetic_or_starting_kernels_of_every_epoch() -> None:
    run = config.load(CONFIGS / "demo.yaml").run("best")
    training = dataclasses.replace(run.training, epochs=3, frozen_epochs=1)
    run = dataclasses.replace(run, training=training, self_critical=config.SelfCritical(epochs=2, samples=2))
    part = Pass(images=10, memory=0, encoder=Work(100.0, 0), decoder=Work(10.0, 0))
    needs = Footprint(run, "cpu", 0, part, part)
    # Features once, three epochs of the decoder, two with the encoder; rewards twice, drawn and learned from.
    expected = 100 + 3 * 30 + 2 * 300 + 2 * 2 * 30
    assert needs.seconds(20, rate=1 / footprint._SHARE["cpu"]) == pytest.approx(2 * expected)
    slow_to_start = dataclasses.replace(part, encoder=Work(0.0, 1000), decoder=Work(0.0, 0))
    started = Footprint(run, "cuda", 0, slow_to_start, None).seconds(10, 1e12)
    assert started == pytest.approx((1 + 2 * 3) * 1000 * footprint._LAUNCH)
    drawn = dataclasses.replace(part, encoder=Work(0.0, 0), decoder=Work(0.0, 100))
    nothing = dataclasses.replace(drawn, decoder=Work(0.0, 0))
    tokens = run.decoder.max_length  # one after the other, then all at once, there and back
    rewarded = Footprint(run, "cuda", 0, nothing, drawn).seconds(10, 1e12)
    assert rewarded == pytest.approx(2 * (tokens + 3) * 100 * footprint._LAUNCH)


def test_a_gpu_that_is_too_small_is_named_with_what_to_lower(monkeypatch: pytest.MonkeyPatch) -> None:
    run = config.load(CONFIGS / "demo.yaml").run("best")
    needs = Footprint(run, "cuda", 11 * 10**9, Pass(1, 10**9, Work(0, 0), Work(0, 0)), None)
    monkeypatch.setattr(devices, "memory", lambda device="cpu": 12 * 10**9)
    assert footprint.lack(needs, "best").startswith(
        "best needs about 13.0 GB, and this GPU has 12.0: lower runs.best.training.batch_size (now 96), "
    )
    monkeypatch.setattr(devices, "memory", lambda device="cpu": 14 * 10**9)
    assert footprint.lack(needs, "best") == ""


def test_what_cannot_be_estimated_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Captioner, "features", lambda self, images: float(images.sum()))
    with pytest.raises(UserError, match=r"^what \S+ needs cannot be estimated \("):
        measure(config.load(CONFIGS / "demo.yaml").run("vit"), 300)
