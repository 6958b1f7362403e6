"""The first epochs with the encoder as it is: nothing in it moves, and features stand for images exactly."""

from __future__ import annotations

import dataclasses
from functools import partial
from itertools import count
from pathlib import Path

import pytest
import torch

from hw3lib import config
from hw3lib.data.stages import Stages
from hw3lib.models.captioner import Captioner
from hw3lib.training import frozen_features, trainer
from hw3lib.training.feed import Feed
from hw3lib.training.run_files import read_log
from tests.support.training import overlap, timeless, with_training


def judged(*_: object):
    """A scorer to which each validation is better than the one before."""
    times = count()

    def score(predictions: dict[str, str]) -> dict[str, float]:
        return {"CIDEr": float(next(times)), "CLIPScore": 0.5}

    return score


def encoder_of(folder: Path) -> dict[str, torch.Tensor]:
    return Captioner.load(folder / "best.safetensors").encoder.state_dict()


def test_features_give_the_same_logits_as_their_images(tiny_run: config.Run) -> None:
    torch.manual_seed(0)
    model = Captioner(tiny_run, 30).eval()
    images, tokens = torch.rand(2, 3, 32, 32), torch.randint(4, 30, (4, 7))
    with torch.inference_mode():
        assert torch.equal(model(images, tokens), model(model.features(images), tokens))


def test_the_encoder_moves_only_after_its_frozen_epochs(
    tiny_profile: config.Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer, "scorer", judged)
    torch.manual_seed(tiny_profile.seed)
    fresh = Captioner(tiny_profile.run("best"), 60).encoder.state_dict()
    frozen = encoder_of(trainer.train(with_training(tiny_profile, epochs=2, frozen_epochs=2), "best"))
    assert all(torch.equal(frozen[name], fresh[name]) for name in fresh)
    moved = encoder_of(trainer.train(with_training(tiny_profile, epochs=2, frozen_epochs=1, patience=5), "best"))
    assert any(not torch.equal(moved[name], fresh[name]) for name in fresh)


def test_validations_come_every_few_epochs_and_at_both_ends_of_a_phase(
    tiny_profile: config.Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer, "scorer", judged)
    profile = with_training(tiny_profile, epochs=6, frozen_epochs=3, validate_every=2, patience=9)
    log = read_log(trainer.train(profile, "best"))
    assert [event["epoch"] for event in log if event["event"] == "validation"] == [2, 3, 4, 6]


def test_a_rate_that_has_had_its_epochs_gives_way_though_scores_still_rise() -> None:
    stages = Stages((3.0, 2.0, 1.0), patience=1, budget=(4, 2))
    rates = []
    for number in range(5):
        rates.append(stages.rate)
        stages.judge({"CIDEr": number, "CLIPScore": number}, epochs=2)
    assert rates == [3.0, 3.0, 2.0, 1.0, 1.0]
    assert not stages.over, "the last rate has no budget here, and scores rise"


def test_features_are_computed_once_and_again_when_the_encoder_has_changed(
    tiny_profile: config.Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two frozen epochs, one in which the encoder learns, and two with rewards and it at rest.

    Twice for the training images, once for the validation images, which are encoded anew once it has learned.
    """
    monkeypatch.setattr(trainer, "scorer", judged)
    compute, encoders = frozen_features.frozen, []
    now = [0.0]  # the time, as those see it who wait for data
    monkeypatch.setattr(trainer, "Feed", partial(Feed, clock=lambda: now[0]))

    def slowly(model: Captioner, *more: object) -> frozen_features.Frozen:
        encoders.append({name: tensor.clone() for name, tensor in model.encoder.state_dict().items()})
        now[0] += 1.0
        return compute(model, *more)

    monkeypatch.setattr(frozen_features, "frozen", slowly)
    profile = with_training(tiny_profile, epochs=3, frozen_epochs=2, patience=5)
    run = dataclasses.replace(profile.run("best"), self_critical=config.SelfCritical(epochs=2, samples=2))
    log = read_log(trainer.train(dataclasses.replace(profile, runs={"best": run}), "best"))
    assert len(encoders) == 3
    assert all(torch.equal(encoders[0][name], encoders[1][name]) for name in encoders[0])
    assert any(not torch.equal(encoders[0][name], encoders[2][name]) for name in encoders[0])
    first = next(event for event in log if event["event"] == "validation")
    assert first["data_wait"] == 0, "computing features is not waiting for data"


@pytest.mark.slow  # four trainings
@pytest.mark.parametrize("frozen_epochs", [1, 2])
def test_kept_features_of_judged_images_change_no_score_and_no_caption(
    tiny_profile: config.Profile, monkeypatch: pytest.MonkeyPatch, frozen_epochs: int
) -> None:
    monkeypatch.setattr(trainer, "scorer", overlap)
    profile = with_training(tiny_profile, epochs=2, frozen_epochs=frozen_epochs, ema_decay=0.5)
    critical = config.SelfCritical(epochs=1, samples=2)
    run = dataclasses.replace(profile.run("best"), self_critical=critical, decoding=config.Decoding(beams=2))
    profile = dataclasses.replace(profile, runs={"best": run})

    def made() -> tuple[list[dict], list[bytes]]:
        folder = trainer.train(profile, "best", resume=False)
        captions = [folder / "predictions.json", *sorted(folder.glob("variants/*.json"))]
        return timeless(read_log(folder)), [path.read_bytes() for path in captions]

    log, captions = made()
    assert len(captions) == 5
    monkeypatch.setattr(trainer._Trainer, "_resting", False)
    assert made() == (log, captions)
