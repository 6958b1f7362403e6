"""One step of the optimizer: what it costs in parts, on several devices, compiled; and the average of the weights."""

from __future__ import annotations

import dataclasses
import functools

import pytest
import torch
from accelerate import Accelerator

from hw3lib import config
from hw3lib.data.epoch_order import Sample
from hw3lib.data.loader import padded
from hw3lib.data.tokenizer import CaptionTokenizer
from hw3lib.models.captioner import Captioner
from hw3lib.system.errors import UserError
from hw3lib.training.feed import Part, Step
from hw3lib.training.learner import Learner
from hw3lib.training.validation import next_token_loss

TOKENS = [[2, 5, 6, 7, 8, 3], [2, 9, 3], [2, 4, 4, 3], [2, 10, 11, 12, 3]]


@pytest.fixture
def run(tiny_run: config.Run) -> config.Run:
    """The tiny run without anything random in it."""
    plain = dataclasses.replace(tiny_run.decoder, dropout=0.0, attention_dropout=0.0)
    training = dataclasses.replace(tiny_run.training, precision="float32")
    return dataclasses.replace(tiny_run, decoder=plain, training=training)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> CaptionTokenizer:
    text = ["a red circle on grey", "there is a blue square"]
    return CaptionTokenizer.train(text, 40, tmp_path_factory.mktemp("tokenizer") / "t.json")


def learner(run: config.Run, tokenizer: CaptionTokenizer, **changes: object) -> Learner:
    run = dataclasses.replace(run, training=dataclasses.replace(run.training, **changes))  # type: ignore[arg-type]
    torch.manual_seed(0)
    found = Learner(Captioner(run, tokenizer.size), run, Accelerator(cpu=True), tokenizer)
    found.prepare()
    return found


def step(parts: int) -> Step:
    """Four images with a caption each, in so many parts."""
    torch.manual_seed(1)
    images = torch.randn(4, 3, 32, 32)
    size = 4 // parts
    rows = [range(start, start + size) for start in range(0, 4, size)]
    taken = [
        Part([Sample(i, (0,)) for i in row], images[list(row)], padded([TOKENS[i] for i in row], 0)) for row in rows
    ]
    return Step(taken, sum(len(tokens) - 1 for tokens in TOKENS), 4)


def weights(learner: Learner) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in learner.model.parameters()])


@pytest.mark.parametrize("parts", [2, 4])
def test_a_step_in_parts_is_the_step_in_one_though_captions_differ_in_length(
    run: config.Run, tokenizer: CaptionTokenizer, parts: int
) -> None:
    whole, parted = learner(run, tokenizer), learner(run, tokenizer)
    for _ in range(3):
        losses = whole.teacher_forcing_step(step(1), 1e-3), parted.teacher_forcing_step(step(parts), 1e-3)
        torch.testing.assert_close(*losses)
    torch.testing.assert_close(weights(whole), weights(parted), atol=1e-5, rtol=0)


def test_the_loss_of_a_step_is_the_mean_over_all_its_tokens(run: config.Run, tokenizer: CaptionTokenizer) -> None:
    found = learner(run, tokenizer)
    part = step(1).parts[0]
    with torch.no_grad():
        expected = next_token_loss(found.model(part.images, part.tokens[:, :-1]), part.tokens, 0)
    torch.testing.assert_close(found.teacher_forcing_step(step(2), 1e-3), expected)


def test_activations_that_are_computed_twice_give_the_same_step(run: config.Run, tokenizer: CaptionTokenizer) -> None:
    kept, again = learner(run, tokenizer), learner(run, tokenizer, activation_checkpointing=True)
    assert again.model.encoder.grad_checkpointing
    for student in (kept, again):
        student.teacher_forcing_step(step(1), 1e-3)
    torch.testing.assert_close(weights(kept), weights(again), atol=1e-6, rtol=0)


def test_a_backbone_that_cannot_do_so_is_refused(
    run: config.Run, tokenizer: CaptionTokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(self: object, enable: bool = True) -> None:
        raise AssertionError("gradient checkpointing not supported")

    monkeypatch.setattr("timm.models.vision_transformer.VisionTransformer.set_grad_checkpointing", cannot)
    with pytest.raises(UserError, match=r"vit_tiny_patch16_224 .* training\.activation_checkpointing"):
        learner(run, tokenizer, activation_checkpointing=True)


def test_a_compiled_step_is_the_same_step(
    run: config.Run, tokenizer: CaptionTokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What torch traces is tested, not its C++ compiler, which a bare machine lacks.
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend="aot_eager"))
    run = dataclasses.replace(run, decoder=dataclasses.replace(run.decoder, layers=1))  # each takes a second to trace
    plain, compiled = learner(run, tokenizer), learner(run, tokenizer, compile=True)
    assert compiled.wrapped is not compiled.model
    for _ in range(2):
        for student in (plain, compiled):
            student.teacher_forcing_step(step(1), 1e-3)
    torch.testing.assert_close(weights(plain), weights(compiled), atol=1e-5, rtol=0)


def test_the_average_follows_the_weights_at_its_own_pace_and_is_what_is_judged(
    run: config.Run, tokenizer: CaptionTokenizer
) -> None:
    found = learner(run, tokenizer, ema_decay=0.5)
    assert found.eval_model is not found.model
    by_hand = None
    for number in range(1, 6):
        found.teacher_forcing_step(step(1), 1e-2)
        decay = 0.0 if number == 1 else min(0.5, 1 - number ** (-2 / 3))  # it rises to its value
        now = weights(found)
        by_hand = now.clone() if by_hand is None else decay * by_hand + (1 - decay) * now
    averaged = torch.cat([parameter.flatten() for parameter in found.eval_model.parameters()])
    torch.testing.assert_close(averaged, by_hand, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(averaged, weights(found), atol=1e-4)
    plain = learner(run, tokenizer)
    assert plain.eval_model is plain.model
