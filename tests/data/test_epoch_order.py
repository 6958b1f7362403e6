"""The order of an epoch, with captions of like length in a step where that is asked for."""

from __future__ import annotations

import hashlib

import numpy as np

from hw3lib.data.epoch_order import Sample, epoch_order

COUNTS = [5] * 1003
LENGTHS = [[int(n) for n in row] for row in np.random.default_rng(0).gamma(9, 1.3, (1003, 5)).astype(int) + 5]


def padded(steps: list[list[Sample]]) -> float:
    """The share of padding among the tokens of an epoch."""
    used = total = 0
    for step in steps:
        lengths = [LENGTHS[sample.image][caption] for sample in step for caption in sample.captions]
        used, total = used + sum(lengths), total + max(lengths) * len(lengths)
    return 1 - used / total


def test_steps_of_like_length_pad_a_fraction_of_what_random_ones_do() -> None:
    assert padded(epoch_order(COUNTS, 16, 1, 0, 0)) > 0.3
    assert padded(epoch_order(COUNTS, 16, 1, 0, 0, LENGTHS)) < 0.06
    # With all captions of an image the longest counts, and the others are padded to it.
    assert padded(epoch_order(COUNTS, 16, 5, 0, 0, LENGTHS)) < 0.8 * padded(epoch_order(COUNTS, 16, 5, 0, 0))


def test_the_same_samples_make_an_epoch_with_lengths_and_without() -> None:
    for epoch in range(3):
        plain, alike = epoch_order(COUNTS, 16, 2, 0, epoch), epoch_order(COUNTS, 16, 2, 0, epoch, LENGTHS)
        assert [len(step) for step in alike] == [16] * 62
        samples = [sorted(sample for step in steps for sample in step) for steps in (plain, alike)]
        assert samples[0] == samples[1]
        assert len({sample.image for sample in samples[0]}) == 62 * 16, "an image comes once"


def test_the_order_is_random_and_follows_from_seed_and_epoch() -> None:
    first = epoch_order(COUNTS, 16, 1, 0, 3, LENGTHS)
    assert epoch_order(COUNTS, 16, 1, 0, 3, LENGTHS) == first
    others = [epoch_order(COUNTS, 16, 1, 0, 4, LENGTHS), epoch_order(COUNTS, 16, 1, 1, 3, LENGTHS)]
    companions = {frozenset(sample.image for sample in step) for step in first}
    for other in others:
        assert not companions & {frozenset(sample.image for sample in step) for step in other}
    longest = [max(LENGTHS[sample.image][sample.captions[0]] for sample in step) for step in first]
    # Steps do not come by length: neighbours differ as much as any two do.
    gaps = np.abs(np.diff(longest)).mean()
    any_two = np.abs(np.subtract.outer(longest, longest)).mean()
    assert gaps > 0.6 * any_two


def test_an_image_with_few_captions_gives_some_of_them_twice_and_all_equally_often() -> None:
    counts = [2, 3, 5, 7]
    epochs = [epoch_order(counts, 4, 5, 0, epoch)[0] for epoch in range(42)]
    for image, count in enumerate(counts):
        taken = [sample.captions for step in epochs for sample in step if sample.image == image]
        assert all(len(captions) == 5 for captions in taken)
        assert all(set(captions) == set(range(count)) for captions in taken if count <= 3)
        every = [caption for captions in taken for caption in captions]
        assert [every.count(caption) for caption in range(count)] == [42 * 5 // count] * count


def test_an_order_stays_what_it_was_so_that_runs_may_be_repeated() -> None:
    lengths = [[5 + (37 * image + 11 * caption) % 23 for caption in range(5)] for image in range(400)]
    orders = [epoch_order([5] * 400, 3, 2, seed=7, epoch=3, lengths=chosen) for chosen in (None, lengths)]
    digests = [hashlib.sha256(repr([tuple(s) for b in order for s in b]).encode()).hexdigest()[:16] for order in orders]
    assert digests == ["6144d74292ef398b", "09d8179aa36c177f"]
