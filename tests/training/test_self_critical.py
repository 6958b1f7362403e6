"""Learning from rewards: what a caption is worth, what its worth is compared with, and where the gradient points."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from hw3lib import config
from hw3lib.data.language import Language
from hw3lib.data.loader import padded
from hw3lib.data.predictions import VARIANTS, variant
from hw3lib.data.tokenizer import load_or_train
from hw3lib.metrics import ptb
from hw3lib.models.captioner import Captioner
from hw3lib.models.decoding import Caption, banned_tokens, sample
from hw3lib.training import trainer
from hw3lib.training.run_files import read_log
from hw3lib.training.self_critical import END, Rewards, advantages, policy_loss
from tests.support.training import overlap, timeless

REFERENCES = [
    ["a red circle on grey", "one red circle"],
    ["a blue square on grey", "there is a blue square"],
    ["a green triangle", "one green triangle, it is green"],
]


def said(text: str, ended: bool = True) -> Caption:
    return Caption([2, 9, 3] if ended else [2, 9, 9], text, [])


def test_a_reward_is_high_for_what_the_references_say_and_no_image_needs_a_caption() -> None:
    rewards = Rewards(REFERENCES)
    captions = ["a red circle on grey", "a blue square on grey", "a dog", "one green triangle", "A red circle on grey."]
    found = rewards([0, 0, 0, 2, 0], [said(text) for text in captions], eos=3)
    assert found.shape == (5,)
    assert found[0] == found[4] > 1 > found[1] > found[2] >= 0
    assert found[3] > 1


def test_the_end_of_a_caption_counts_as_a_word() -> None:
    rewards = Rewards(REFERENCES)
    whole, cut = rewards([0, 0], [said("a red circle on grey"), said("a red circle on grey", ended=False)], eos=3)
    assert whole > cut
    stops_early, goes_on = rewards([0, 0], [said("a red circle on"), said("a red circle on", ended=False)], eos=3)
    assert stops_early < goes_on, "a wrong end must cost"


def test_rewards_are_pycocoevalcaps_cider_and_start_no_java(monkeypatch: pytest.MonkeyPatch) -> None:
    from pycocoevalcap.cider.cider import Cider

    rewards = Rewards(REFERENCES)

    def refuse(lines: list[str]) -> list[str]:
        raise AssertionError(f"Java was asked for {lines}")

    monkeypatch.setattr(ptb.Tokenizer, "_run", staticmethod(refuse))
    texts = ["a red circle", "a blue square, on grey.", "a glimmering triangle"]  # a word that no reference has
    tokens = ["a red circle", "a blue square on grey", "a glimmering triangle"]
    # PTB's tokens of the references are their words here, without signs.
    truth = {n: [text.replace(",", "") + END for text in group] for n, group in enumerate(REFERENCES)}
    _, theirs = Cider().compute_score(truth, {n: [text + END] for n, text in enumerate(tokens)})
    ours = rewards(range(3), [said(text) for text in texts], eos=3)
    assert ours.tolist() == pytest.approx(theirs.tolist(), abs=1e-5)
    again = rewards([2, 0, 2], [said(texts[2]), said(texts[0]), said(texts[2])], eos=3)
    assert again.tolist() == [ours[2], ours[0], ours[2]]


def test_an_advantage_is_over_the_other_samples_of_the_same_image() -> None:
    found = advantages(torch.tensor([1.0, 2.0, 6.0, 5.0, 5.0, 5.0]), 3)
    assert found.tolist() == [-3.0, -1.5, 4.5, 0.0, 0.0, 0.0]


def test_the_policy_loss_is_the_weighted_log_probability_by_hand_and_ignores_padding() -> None:
    torch.manual_seed(0)
    tokens = padded([[2, 5, 6, 3], [2, 7, 3]], 0)
    banned = torch.tensor([0, 1, 2])
    logits = torch.randn(2, 3, 9, requires_grad=True)
    loss = policy_loss(logits, tokens, torch.tensor([2.0, -1.0]), banned, 0)
    rows = torch.cat([torch.full((2, 3, 3), -torch.inf), logits[..., 3:]], -1).log_softmax(-1)
    by_hand = -(2 * (rows[0, 0, 5] + rows[0, 1, 6] + rows[0, 2, 3]) - (rows[1, 0, 7] + rows[1, 1, 3])) / 2
    assert loss.item() == pytest.approx(by_hand.item())
    loss.backward()
    assert torch.isfinite(logits.grad).all()
    assert (logits.grad[1, 2] == 0).all(), "a padded position moves nothing"


def test_its_gradient_is_that_of_the_expected_reward() -> None:
    """One token to draw from nine: the mean over many draws against the derivative that can be written down."""
    torch.manual_seed(0)
    logits, worth = torch.randn(9, requires_grad=True), torch.rand(9)
    banned = torch.zeros(0, dtype=torch.long)
    (logits.softmax(0) * worth).sum().backward()
    expected, logits.grad = -logits.grad, None
    drawn = torch.multinomial(logits.detach().softmax(0), 60_000, replacement=True)
    tokens = torch.stack([torch.full_like(drawn, 2), drawn], 1)
    policy_loss(logits.expand(60_000, 1, 9), tokens, advantages(worth[drawn], 3), banned, pad=-1).backward()
    torch.testing.assert_close(logits.grad, expected, atol=0.01, rtol=0)


def test_samples_of_an_image_adjoin_and_are_read_back_with_the_same_probabilities(
    tiny_profile: config.Profile,
) -> None:
    tokenizer = load_or_train(tiny_profile.captions)
    torch.manual_seed(1)
    model = Captioner(tiny_profile.run("best"), tokenizer.size).eval()
    images = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        model.head.weight.mul_(20)
        captions = sample(model, model.encode(images), tokenizer, samples=3)
        tokens = padded([caption.tokens for caption in captions], tokenizer.pad)
        logits = model(images, tokens[:, :-1])
        logits[..., banned_tokens(tokenizer, logits.device)] = -torch.inf
    assert len(captions) == 6
    found = logits.log_softmax(-1).gather(-1, tokens[:, 1:, None])[..., 0]
    for row, caption in zip(found, captions, strict=True):
        assert row[: len(caption.log_probs)].tolist() == pytest.approx(caption.log_probs, abs=1e-4)


def plus(
    profile: config.Profile, epochs: int = 12, epochs_with_rewards: int = 6, validate_every: int = 4, **critical: object
) -> config.Profile:
    run = profile.run("best")
    taught = dataclasses.replace(
        run.training, learning_rates=(6e-3,), schedule="cosine", epochs=epochs, validate_every=validate_every,
        ema_decay=0.9, label_smoothing=0.1, warmup_steps=4,
    )  # fmt: skip
    setting: dict[str, object] = {
        "epochs": epochs_with_rewards,
        "learning_rate": 2e-3,
        "samples": 4,
        "images_per_step": 8,
    }
    run = dataclasses.replace(
        run,
        training=taught,
        self_critical=config.SelfCritical(**(setting | critical)),  # type: ignore[arg-type]
        decoding=config.Decoding(beams=3),
    )
    return dataclasses.replace(profile, runs={"best": run})


def test_rewards_rise_and_every_component_leaves_its_captions(
    tiny_profile: config.Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer, "scorer", overlap)
    target = trainer.train(plus(tiny_profile, 16), "best")
    log = read_log(target)
    rewards = [event["reward"] for event in log if event["event"] == "train" and event["phase"] == "self-critical"]
    half = len(rewards) // 2
    assert sum(rewards[half:]) > sum(rewards[:half]) > 0
    judged = [event for event in log if event["event"] == "validation"]
    assert [event["phase"] for event in judged] == ["whole"] * 4 + ["self-critical"] * 2
    assert [event["epoch"] for event in judged] == [4, 8, 12, 16, 20, 22]
    names = list(json.loads((target / "predictions.json").read_text()))
    for name in VARIANTS:
        assert list(json.loads(variant(target, name).read_text())) == names, name
    rates = [event["learning_rate"] for event in log if event["event"] == "train" and event["phase"] == "whole"]
    assert max(rates) > 5e-3 > rates[-1] > 0
    assert rates == sorted(rates[:3]) + sorted(rates[3:], reverse=True), "up, then down"


def test_an_encoder_that_rests_does_not_move_and_one_that_learns_does(
    tiny_profile: config.Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer, "scorer", lambda *_: _always_better())

    def encoder(epochs_with_rewards: int, **critical: object) -> dict[str, torch.Tensor]:
        target = trainer.train(plus(tiny_profile, 2, epochs_with_rewards, **critical), "best", resume=False)
        return Captioner.load(target / "best.safetensors").encoder.state_dict()

    taught = encoder(0)
    still, moved = encoder(2, encoder_rate_scale=0.0), encoder(2, encoder_rate_scale=1.0)
    assert all(torch.equal(still[name], taught[name]) for name in taught)
    assert any(not torch.equal(moved[name], taught[name]) for name in taught)


def _always_better():
    count = iter(range(1000))
    return lambda predictions: {"CIDEr": float(next(count)), "CLIPScore": 0.5}


def test_a_self_critical_run_goes_on_where_it_stopped(
    tiny_profile: config.Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped before the change of stage, and amid the rewards; killed runs are in test_trainer.py."""
    monkeypatch.setattr(trainer, "scorer", overlap)
    profile = plus(tiny_profile, epochs=4, epochs_with_rewards=4, validate_every=2)

    def products(target: Path) -> Sequence[object]:
        files = ["best.safetensors", "predictions.json", *(f"variants/{name}.json" for name in VARIANTS)]
        return [timeless(read_log(target)), *((target / name).read_bytes() for name in files)]

    whole = products(trainer.train(profile, "best"))
    for epoch, resume in ((4, False), (6, True)):

        def stop(event: dict, epoch=epoch) -> None:
            if event["epoch"] == epoch:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            trainer.train(profile, "best", on_validation=stop, resume=resume)
    assert products(trainer.train(profile, "best")) == whole


def test_rewards_in_another_language_count_its_words_and_need_no_java(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(lines: list[str]) -> list[str]:
        raise AssertionError(f"Java was asked for {lines}")

    monkeypatch.setattr(ptb.Tokenizer, "_run", staticmethod(refuse))
    references = [["一只狗在海滩上奔跑。"], ["一辆红色的公共汽车"]]
    rewards = Rewards(references, Language("zh"))
    captions = [said("一只狗在海滩上奔跑"), said("一辆红色的公共汽车")]
    right, wrong = rewards([0, 1], captions, eos=3), rewards([1, 0], captions, eos=3)
    assert (right > 5).all() and (wrong < 1).all()
