"""Batches from worker processes: the same with any number of them, and the processes stay."""

from __future__ import annotations

import gc
import multiprocessing
import time

import pytest
import torch

from hw3lib import config, paths
from hw3lib.data.captions import training_captions
from hw3lib.data.epoch_order import epoch_order
from hw3lib.data.loader import Loader, Pairs, load_images
from hw3lib.data.tokenizer import load_or_train
from hw3lib.data.transform import ImageTransform
from hw3lib.system import devices


@pytest.fixture
def pairs(tiny_profile: config.Profile) -> Pairs:
    """Training pairs with jitter, mapped from the cache."""
    found = training_captions(tiny_profile.captions)
    transform = ImageTransform(
        24, (0.5,) * 3, (0.5,) * 3, config.Jitter(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1)
    )
    images, _ = load_images(found.paths, transform, cache=paths.cache("images"))
    return Pairs(images, found.captions, load_or_train(tiny_profile.captions), max_length=24)


def test_jitter_is_the_same_with_any_number_of_workers_and_leaves_torchs_numbers_alone(pairs: Pairs) -> None:
    steps = [epoch_order([3] * 24, 4, 2, seed=0, epoch=epoch) for epoch in range(2)]
    torch.manual_seed(5)
    before = torch.get_rng_state()
    alone = [list(Loader(pairs, 0).epoch(steps[epoch], 7, epoch)) for epoch in range(2)]
    assert torch.equal(torch.get_rng_state(), before)
    loader = Loader(pairs, 2)
    together = [list(loader.epoch(steps[epoch], 7, epoch)) for epoch in range(2)]
    for one, two in zip(alone, together, strict=True):
        for (images, tokens), (same_images, same_tokens) in zip(one, two, strict=True):
            assert torch.equal(images, same_images)
            assert torch.equal(tokens, same_tokens)
    other = next(iter(Loader(pairs, 0).epoch(steps[0], 8, 0)))
    assert not torch.equal(other[0], alone[0][0][0]), "another seed, another jitter"
    assert torch.equal(other[1], alone[0][0][1])


def test_workers_stay_for_the_next_epoch_and_go_with_their_loader(pairs: Pairs) -> None:
    steps = epoch_order([3] * 24, 4, 2, seed=0, epoch=0)
    loader = Loader(pairs, 2)
    gc.disable()
    try:
        list(loader.epoch(steps, 0))
        first = {process.pid for process in multiprocessing.active_children()}
        next(iter(loader.epoch(steps, 1)))  # an epoch that is given up
        assert len(list(loader.epoch(steps, 2))) == 6
        assert {process.pid for process in multiprocessing.active_children()} == first
        assert len(first) == 2
        del loader
        deadline = time.monotonic() + 60
        while multiprocessing.active_children():
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        gc.enable()


def test_lengths_are_those_of_the_tokens(pairs: Pairs) -> None:
    assert pairs.lengths == [[len(tokens) for tokens in group] for group in pairs.tokens]
    _, tokens = next(iter(Loader(pairs, 0).epoch(epoch_order([3] * 24, 4, 1, 0, 0, pairs.lengths), 0)))
    assert tokens.shape[1] == max((row != pairs.pad).sum() for row in tokens)


def test_captions_are_cut_to_the_longest_that_the_decoder_reads_and_end_properly(
    pairs: Pairs, tiny_profile: config.Profile
) -> None:
    captions = training_captions(tiny_profile.captions).captions
    tokenizer = load_or_train(tiny_profile.captions)
    longest = max(len(tokens) for group in pairs.tokens for tokens in group)
    for most in (longest, longest - 1, 4):
        tokens = [tokens for group in Pairs(pairs.images, captions, tokenizer, most).tokens for tokens in group]
        whole = [tokens for group in pairs.tokens for tokens in group]
        assert [len(row) for row in tokens] == [min(len(row), most) for row in whole]
        assert all(row[:-1] == other[: len(row) - 1] for row, other in zip(tokens, whole, strict=True))
        assert {row[-1] for row in tokens} == {tokenizer.eos}


def test_pixels_stay_in_memory_while_an_eighth_of_it_holds_them_shared_by_the_processes(
    tiny_profile: config.Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = training_captions(tiny_profile.captions).paths
    transform = ImageTransform((24, 32), (0.5,) * 3, (0.5,) * 3)
    needed = 24 * 24 * 32 * 3
    for memory, held in ((16 * needed, True), (16 * needed - 1, False)):
        monkeypatch.setattr(devices, "memory", lambda memory=memory: memory)
        assert (load_images(paths, transform, processes=2)[0].pixels is not None) == held
