"""What a step is fed: the planned samples as images or as features, in parts and shares, and how long that takes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest
import torch

from hw3lib import config
from hw3lib.data.captions import training_captions
from hw3lib.data.loader import Pairs, load_images
from hw3lib.data.tokenizer import load_or_train
from hw3lib.models.captioner import Captioner
from hw3lib.training import frozen_features
from hw3lib.training.feed import Feed
from hw3lib.training.frozen_features import Frozen


@pytest.fixture
def model(tiny_run: config.Run) -> Captioner:
    torch.manual_seed(0)
    return Captioner(tiny_run, 60).eval()


@pytest.fixture
def pairs(tiny_profile: config.Profile, model: Captioner) -> Pairs:
    found = training_captions(tiny_profile.captions)
    images, _ = load_images(found.paths, model.transform(train=True))
    return Pairs(images, found.captions, load_or_train(tiny_profile.captions), max_length=24)


def feed(pairs: Pairs, model: Captioner, rank: int = 0, processes: int = 1, **changes: object) -> Feed:
    training = dataclasses.replace(model.run.training, **({"batch_size": 8, "captions_per_image": 1} | changes))
    return Feed(pairs, training, 7, rank, processes)


@pytest.fixture
def features(pairs: Pairs, model: Captioner) -> Frozen:
    return frozen_features.frozen(model, pairs.images, "float32")


def test_features_come_in_the_place_of_their_images(pairs: Pairs, model: Captioner, features: Frozen) -> None:
    source = feed(pairs, model, accumulate=2)
    from_images = list(source.steps(1))
    from_features = list(source.steps(1, features=features))
    assert [len(step.parts) for step in from_images] == [2, 2, 2]
    for step, other in zip(from_images, from_features, strict=True):
        assert (step.tokens, step.images) == (other.tokens, other.images)
        for part, same in zip(step.parts, other.parts, strict=True):
            assert part.samples == same.samples
            assert torch.equal(part.tokens, same.tokens)
            with torch.no_grad():
                expected = model.features(part.images)
            assert torch.allclose(same.images.patches, expected.patches, atol=1e-5)
            assert same.images.grid == expected.grid


@pytest.mark.parametrize("bucket", [False, True])
def test_processes_share_the_steps_and_know_their_number(
    pairs: Pairs, model: Captioner, features: Frozen, bucket: bool
) -> None:
    alone = list(feed(pairs, model, bucket_lengths=bucket).steps(2, features=features))
    both = [list(feed(pairs, model, rank, 2, bucket_lengths=bucket).steps(2, features=features)) for rank in range(2)]
    for step, *shares in zip(alone, *both, strict=True):
        assert {(share.tokens, share.images) for share in shares} == {(step.tokens, 8)}
        samples = [sample for share in shares for part in share.parts for sample in part.samples]
        assert sorted(samples) == sorted(sample for part in step.parts for sample in part.samples)
    source = feed(pairs, model)
    for images in (None, 1, 5, 16, 99):
        assert source.count(images) == len(source.batches(0, images))


def test_captions_of_like_length_share_a_step_where_the_run_wants_it(
    pairs: Pairs, model: Captioner, features: Frozen
) -> None:
    def fed(bucket: bool, epoch: int) -> list[list[int]]:
        steps = feed(pairs, model, bucket_lengths=bucket).steps(epoch, features=features)
        return [row for step in steps for part in step.parts for row in part.tokens.tolist()]

    def padding(bucket: bool) -> int:
        return sum(row.count(pairs.pad) for epoch in range(4) for row in fed(bucket, epoch))

    def captions(bucket: bool, epoch: int) -> list[list[int]]:
        return sorted([token for token in row if token != pairs.pad] for row in fed(bucket, epoch))

    assert padding(True) < padding(False) / 2
    assert captions(True, 3) == captions(False, 3)
    assert fed(True, 3) == fed(True, 3)


def test_the_wait_for_data_is_timed_and_the_work_on_it_is_not(
    pairs: Pairs, model: Captioner, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    source = feed(pairs, model)
    source.clock = lambda: now
    original = source.loader.epoch

    class Slow:
        def __init__(self, *order: object) -> None:
            self.order = order

        def __iter__(self) -> Iterator[object]:
            nonlocal now
            now += 10.0  # seconds until worker processes run
            return self.batches()

        def batches(self) -> Iterator[object]:
            nonlocal now
            for batch in original(*self.order):
                now += 3.0  # to load a batch
                yield batch

    monkeypatch.setattr(source.loader, "epoch", Slow)
    for number, _ in enumerate(source.steps(0)):
        assert source.waited == 10.0 + 3.0 * (number + 1)
        now += 100.0  # to learn from it
    assert source.waited == 19.0
    next(source.steps(1))  # an epoch that is given up
    assert source.waited == 32.0


def test_a_step_has_the_configured_captions_and_counts_the_tokens_that_it_predicts(
    pairs: Pairs, model: Captioner, features: Frozen
) -> None:
    source = feed(pairs, model, batch_size=8, captions_per_image=2)
    steps = list(source.steps(0, features=features))
    assert source.count() == len(steps) == 6
    for step in steps:
        assert (step.images, len(step.parts[0].tokens)) == (4, 8)
        assert step.tokens == int((step.parts[0].tokens[:, 1:] != pairs.pad).sum())
