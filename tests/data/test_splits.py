"""A test split: drawn by name, apart from every other draw, and of images that nothing else is chosen on."""

from __future__ import annotations

from pathlib import Path

import pytest

from hw3lib import config
from hw3lib.data.caption_set import CaptionSet
from hw3lib.data.splits import divided, protocol, rank, refuse_few, refuse_shared
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


def test_a_reader_is_told_of_which_kind_the_figures_are(tiny_profile: config.Profile) -> None:
    captions = vars(tiny_profile.captions)
    assert protocol(tiny_profile.captions).startswith("Figures of captions are validation figures")
    for test in ({"test_share": 0.5}, {"test_annotations": "test.json"}):
        told = protocol(config.Captions(**{**captions, **test}))
        assert told.startswith("Figures of captions are test figures")
        assert told.endswith("The published figures are validation figures.")
