"""A test split: drawn by name, apart from every other draw, and of images that nothing else is chosen on."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import Any

import pytest

from hw3lib import config
from hw3lib.data.caption_set import CaptionSet
from hw3lib.data.splits import divided, protocol, rank, refuse_few, refuse_shared
from hw3lib.data.stages import Stages, choices
from hw3lib.system.errors import UserError


def images(*names: str) -> CaptionSet:
    return CaptionSet(tuple(Path(f"{name}.jpg") for name in names), names, names, tuple((f"a {n}",) for n in names))


def numbered(numbers: range) -> CaptionSet:
    return images(*(f"{number:06d}" for number in numbers))


def test_every_image_is_on_one_side_and_the_share_is_about_what_was_asked_for() -> None:
    for share in (0.2, 0.5):
        validation, tests = divided(numbered(range(1000)), share)
        assert sorted(validation.names + tests.names) == [f"{number:06d}" for number in range(1000)]
        assert abs(len(tests) / 1000 - share) < 0.05
        assert tests.captions[0] == (f"a {tests.names[0]}",)
        assert list(tests.names) == sorted(tests.names), "in the order of the file"


def test_an_image_stays_on_its_side_in_whatever_order_and_with_whichever_others_it_comes() -> None:
    _, tests = divided(numbered(range(100)), 0.5)
    _, more = divided(numbered(range(299, -1, -1)), 0.5)
    assert set(tests.names) == {name for name in more.names if int(name) < 100}
    assert set(tests.names) < set(divided(numbered(range(100)), 0.6)[1].names), "a larger share keeps them"


def test_the_draw_is_another_than_the_one_that_made_the_validation_images() -> None:
    names = [f"photo {number}" for number in range(2000)]
    validation, tests = divided(images(*(name for name in names if rank(name) < 0.1)), 0.5)
    assert 0.4 < len(tests) / (len(tests) + len(validation)) < 0.6


def test_a_share_that_leaves_too_few_on_a_side_to_be_scored_is_refused() -> None:
    names = sorted((f"{number:06d}" for number in range(5)), key=lambda name: rank(name, "test"))
    for left, of, side in ((0, 3, "test"), (1, 3, "test"), (1, 3, "validate"), (0, 5, "validate")):
        cut = left if side == "test" else of - left  # so many of the names are drawn to test on
        share = (rank(names[cut - 1], "test") if cut else 0) + 1e-6
        with pytest.raises(UserError, match=rf"leaves {left} of {of} images to {side} on, but CIDEr .* two images at"):
            divided(images(*names[:of]), share)
    validation, tests = divided(images(*names[:4]), rank(names[1], "test") + 1e-6)
    assert (set(tests.names), set(validation.names)) == (set(names[:2]), set(names[2:4]))


def test_a_file_with_one_image_is_refused_before_anything_is_trained() -> None:
    refuse_few(images("a", "b"), "captions.val_annotations")
    with pytest.raises(UserError, match=r"^captions.test_annotations: 1 image with captions, but CIDEr weighs"):
        refuse_few(images("a"), "captions.test_annotations")


def test_an_image_to_test_on_that_is_also_one_to_learn_from_is_refused() -> None:
    refuse_shared(images("a", "b"), images("c"), "training")
    with pytest.raises(UserError, match=r"than the training images, but 1 image \(b\) of 2 is both; name"):
        refuse_shared(images("a", "b"), images("b", "c"), "training")


def trained(critical: int = 0, **training: Any) -> config.Run:
    return config.Run(
        title="", training=config.Training(**training), self_critical=config.SelfCritical(epochs=critical)
    )


def test_a_reader_is_told_of_which_kind_the_figures_are(tiny_profile: config.Profile) -> None:
    captions, runs = vars(tiny_profile.captions), {"best": trained(epochs=9)}
    assert protocol(tiny_profile.captions, runs).startswith("Figures of captions are validation figures")
    for test in ({"test_share": 0.5}, {"test_annotations": "test.json"}):
        told = protocol(config.Captions(**{**captions, **test}), runs)
        assert told.startswith("Figures of captions are test figures")
        assert told.endswith("The published figures are validation figures.")


def test_a_reader_is_told_what_validation_decided_and_in_how_many_runs(tiny_profile: config.Profile) -> None:
    judged, once = trained(epochs=9), trained(epochs=3, validate_every=3)
    fixed = trained(epochs=3, schedule="cosine")
    for runs, expected in (
        ([judged], "measured on also told training when to lower the learning rate, when to stop and which epoch to "
         "keep. This is"),
        ([judged, fixed], "training when to lower the learning rate (in 1 of 2 runs), when to stop (in 1 of 2 runs) "
         "and which epoch to keep. "),
        ([fixed, once], "told training which epoch to keep (in 1 of 2 runs); the learning rates follow a fixed "
         "schedule. "),
        ([once], "measured on decided nothing: the learning rates follow a fixed schedule, and no run was validated "
         "twice. "),
    ):  # fmt: skip
        assert expected in protocol(tiny_profile.captions, {str(at): run for at, run in enumerate(runs)})


def decided(run: config.Run) -> set[str]:
    """The same as ``choices``, from the stages of training themselves, in every course that the scores may take."""
    training, last = run.training, run.training.epochs
    moments = [e for e in range(1, last + 1) if e % training.validate_every == 0 or e in (training.frozen_epochs, last)]
    rates: dict[int, set[int]] = {}
    ends = set()
    for rises in itertools.product((True, False), repeat=len(moments) - 1):
        stages, score, before = Stages(training.learning_rates, training.patience, training.stage_epochs), 0, 0
        for epoch, rose in zip(moments, (True, *rises), strict=True):
            score += rose
            if training.schedule == "staged":
                stages.judge({"CIDEr": score}, epoch - before, epoch <= training.frozen_epochs < last)
            before = epoch
            if stages.over or epoch == last:
                ends.add(epoch)
                break
            rates.setdefault(epoch, set()).add(stages.stage)
    found = {"rate": any(len(of_epoch) > 1 for of_epoch in rates.values()), "end": len(ends) > 1}
    found["epoch"] = max(ends) > moments[0] or run.self_critical.epochs > 0
    return {choice for choice, left in found.items() if left}


def test_what_validation_can_decide_is_what_the_stages_of_training_do() -> None:
    draws, kinds = random.Random(3), set()
    for _ in range(150):
        rates = draws.randint(1, 3)
        run = trained(
            critical=draws.choice([0, 0, 1]),
            learning_rates=(1e-3, 1e-4, 1e-5)[:rates],
            schedule=draws.choice(["staged", "staged", "staged", "cosine"]) if rates == 1 else "staged",
            epochs=draws.randint(1, 7),
            stage_epochs=tuple(draws.randint(1, 4) for _ in range(draws.randint(0, rates))),
            frozen_epochs=draws.choice([0, 0, 1, 3, 8]),
            validate_every=draws.randint(1, 3),
            patience=draws.randint(1, 4),
        )
        assert choices(run) == decided(run), run.training
        kinds.add(choices(run))
    assert len(kinds) >= 5, "of all kinds"


def test_the_demos_validation_images_choose_epochs_and_no_rate() -> None:
    assert {name: set(choices(run)) for name, run in config.load("demo").runs.items()} == {
        "best": {"epoch"}, "swin_base": {"epoch"}, "swinv2": {"epoch"}, "vit": {"epoch"}, "plus_plain": set(),
        "plus": {"epoch"},
    }  # fmt: skip
