"""What is named, absent and left out comes out as it was planted, and so does the attention on it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hw3lib.attention import answers
from hw3lib.attention.caption_facts import caption_facts, word_masks
from hw3lib.attention.maps import CaptionAttention
from hw3lib.attention.results import CaptionFacts, WordAttention
from hw3lib.data.instances import Instances
from tests.support.synthetic import synthetic

SIZE = (80, 80)  # of the photograph, all of which the model sees as 4 x 4 patches of 20 px
CATEGORIES = ("dog", "cow", "fire hydrant", "bird")


def annotated(folder: Path, *objects: tuple[str, tuple[int, int, int, int]], name: str = "synthetic") -> Instances:
    """An instances file with boxes (left, top, right, bottom)."""
    annotations = [
        {"image_id": 1, "category_id": CATEGORIES.index(kind), "segmentation": [[x, y, r, y, r, b, x, b]]}
        for kind, (x, y, r, b) in objects
    ]
    content = {
        "images": [{"id": 1, "file_name": f"{name}.jpg", "height": SIZE[1], "width": SIZE[0]}],
        "categories": [{"id": place, "name": kind} for place, kind in enumerate(CATEGORIES)],
        "annotations": annotations,
    }
    (folder / "instances.json").write_text(json.dumps(content))
    return Instances.load(folder / "instances.json")


def said(caption: str, **patches: int) -> CaptionAttention:
    """A caption whose words attend to the patches given, and evenly otherwise."""
    texts = ("[BOS]", *caption.split(), "[EOS]")
    attention = synthetic(texts, size=SIZE, grid=(4, 4))
    maps = np.full(attention.maps.shape, 1 / 16, np.float32)
    maps[:, :, 0] = np.nan
    for word, patch in patches.items():
        maps[-1, :, texts.index(word)] = np.eye(16)[patch]  # the last layer alone
    return replace(attention, maps=maps)


DOG, COW = ("dog", (0, 0, 20, 20)), ("cow", (40, 40, 80, 80))
REFERENCES = ("a black dog by a cow", "a dog and a brown cow .", "one black dog")


@pytest.fixture
def planted(tmp_path: Path) -> CaptionFacts:
    """A dog in patch 0 and a cow in the last quarter; a caption that says a red dog and a hydrant."""
    attention = said("a red dog by a fire hydrant", dog=0, fire=15, hydrant=1)
    return caption_facts(attention, [None, annotated(tmp_path, DOG, COW)], REFERENCES)


def test_named_and_there_named_and_absent_and_left_out_are_told_apart(planted) -> None:
    assert planted.annotated
    assert planted.references == 3
    assert [(thing.category, thing.present, thing.share) for thing in planted.named] == [
        ("dog", True, pytest.approx(1 / 16)),
        ("fire hydrant", False, 0),
    ]
    assert [(thing.category, thing.share, thing.references) for thing in planted.unnamed] == [("cow", 0.25, 2)]


def test_each_words_attention_is_what_lies_in_its_object_or_on_any_when_its_own_is_absent(planted) -> None:
    words = {word.word: word for word in planted.words}
    assert (words["dog"].target, words["dog"].mass, words["dog"].hit) == ("named", 1, 1)
    assert words["dog"].uniform == pytest.approx(1 / 16)
    assert 0 < words["dog"].centre < 1 / 16  # it is in a corner
    assert (words["red"].category, words["red"].mass) == ("dog", pytest.approx(1 / 16))
    hydrant = words["fire hydrant"]  # "fire" on the cow, "hydrant" on nothing
    assert (hydrant.target, hydrant.mass, hydrant.hit) == ("any", 0.5, 0.5)
    assert hydrant.uniform == pytest.approx(5 / 16)
    assert "a" not in words


def test_a_colour_against_all_references_is_a_disagreement_and_content_words_without_a_reference_are_named(
    planted,
) -> None:
    (red,) = planted.disagreements
    assert (red.word, red.kind, red.category, red.references) == ("red", "colour", "dog", {"black": 2})
    assert planted.unshared == ("red", "fire", "hydrant")


@pytest.mark.parametrize(
    ("caption", "references", "words"),
    [
        ("a gray dog", ("a grey dog",), []),
        ("a red dog", ("a dog",), []),  # no reference says a colour
        ("a red dog", ("a red dog", "a black dog"), []),
        ("two dogs", ("three dogs", "several dogs"), ["two"]),
        ("several dogs", ("three dogs",), []),
        ("a puppy", ("two puppies",), []),
        ("a puppy", ("a hound",), ["puppy"]),
        ("a puppy", ("a hound", "a dog"), []),  # the category's own name speaks against none
        ("a hydrant", ("a fire hydrant",), []),
    ],
)
def test_what_counts_as_a_disagreement(tmp_path, caption, references, words) -> None:
    facts = caption_facts(said(caption), [annotated(tmp_path, DOG)], references)
    assert [item.word for item in facts.disagreements] == words


@pytest.mark.parametrize(
    ("caption", "references", "words"),
    [
        ("a boy on a bench", ("a girl on a bench", "a young girl sits"), {"girl": 2}),
        ("a man on a bench", ("two men", "a woman"), {}),
        ("a man on a bench", ("a person on a bench",), {}),  # says less, nothing else
    ],
)
def test_a_boy_of_a_girl_disagrees_with_the_references_in_one_category(caption, references, words) -> None:
    """Without any instances the lexicon is COCO's, whose category is the person."""
    facts = caption_facts(said(caption), [None], references)
    assert not facts.annotated
    assert [item.references for item in facts.disagreements] == ([words] if words else [])
    assert facts.words == ()


def test_without_annotations_the_references_tell_what_is_there(tmp_path) -> None:
    elsewhere = annotated(tmp_path, DOG, name="other")
    facts = caption_facts(said("a dog and a bird"), [elsewhere], REFERENCES)
    assert not facts.annotated
    assert [(thing.category, thing.share, thing.present) for thing in facts.named] == [
        ("dog", None, True),
        ("bird", None, False),
    ]
    assert [thing.category for thing in facts.unnamed] == ["cow"]  # two of three name it
    assert "no masks of its objects" in answers.pair_facts("best", facts)
    assert word_masks(said("a dog"), [elsewhere]) == {}


def test_what_is_tiny_or_only_in_one_reference_is_not_missed(tmp_path) -> None:
    facts = caption_facts(said("a dog"), [annotated(tmp_path, DOG, ("bird", (0, 0, 4, 4)))], REFERENCES)
    assert facts.unnamed == ()  # the bird is a four hundredth; the cow is in references alone
    assert caption_facts(said("a dog"), [None], ("a dog", "a dog", "a cow")).unnamed == ()


def test_an_object_that_the_crop_left_out_is_said_to_be_out_of_sight(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("tests.attention.test_caption_facts.SIZE", (160, 80))
    facts = caption_facts(said("a bird"), [annotated(tmp_path, ("cow", (0, 0, 20, 80)))])
    assert [(thing.category, thing.seen) for thing in facts.unnamed] == [("cow", False)]
    assert "cropped away before the model saw it" in answers.pair_facts("best", facts)


def test_the_answer_names_what_is_right_absent_and_left_out(planted, tmp_path) -> None:
    right = caption_facts(said("a dog by a cow", dog=0, cow=15), [annotated(tmp_path, DOG, COW)], REFERENCES)
    assert answers.maps_answer({"best": right, "worst": planted}) == (
        "**In both captions the words for objects have more attention on them than chance (best: 100% inside, against "
        "16% of a uniform map and 13% of the centre prior; strongest patch inside for 2 of 2; worst: 100% inside, "
        "against 6% of a uniform map and 2% of the centre prior; strongest patch inside for 1 of 1).** "
        "The best names two objects of the annotated classes, both in the image, and leaves out none; "
        "the worst names two objects of the annotated classes, of which "
        "*fire hydrant* is not there, and leaves out *cow*."
    )
    lamp = caption_facts(said("a dog with a lamp", dog=15), [annotated(tmp_path, DOG, COW)], REFERENCES)
    away = answers.maps_answer({"best": lamp})
    assert away.startswith("**In the best caption the words for objects attend to them no more than chance (0% inside")
    assert away.endswith("and says *lamp*, which no reference mentions and no annotated class covers.")
    bare = answers.maps_answer({"worst": caption_facts(said("a dog"), [None], REFERENCES)})
    assert bare.startswith("**The worst caption has an image without masks, so no share inside is known.** The worst")
    worst = answers.pair_facts("worst", planted)
    assert "Named and in the image: dog (6% of the image, in 3 of 3 references)." in worst
    assert "Named and not in the image: fire hydrant (not annotated, in 0 of 3 references)." in worst
    assert "In the image and not named: cow (25% of the image, in 2 of 3 references)." in worst
    assert "The words for objects attend to them: 100% of their attention lies inside, against 6% of" in worst
    assert "The words for what is not there (*fire hydrant*) attend to other objects: 50%" in worst
    assert "For dog it says *red*, where the references say *black* (2)." in worst
    assert "Words that no reference caption has: *red*, *fire*, *hydrant*." in worst
    assert answers.maps_answer({}).startswith("Without a ranking there is no best and no worst pair")


def test_the_table_says_what_each_word_was_compared_with(planted) -> None:
    columns, rows = answers.words_table(planted)
    assert columns[2:4] == ["compared with", "attention inside"]
    assert ["dog", "nouns", "dog", "100%", "6%", "2%", "inside"] in rows
    assert ["fire hydrant", "nouns", "any object", "50%", "31%", "27%", "outside"] in rows


def photographs(facts: Sequence[CaptionFacts]) -> str:
    return answers.photographs_answer("best", [said("a dog")] * len(facts), facts)


def test_the_photographs_are_answered_for_with_and_without_masks(planted, tmp_path) -> None:
    told = photographs([planted, planted])
    assert told.startswith(
        "**The words for objects in the two captions attend to them more than chance on average**: 100%"
    )
    assert "for 2 of 2 such words." in told
    assert "range" not in told and "Not above" not in told
    weak = WordAttention("skiing", "object", "skis", "named", 0.02, 0.06, 0.01, 0.5)
    told = photographs([planted, replace(planted, words=(weak,))])
    assert "for 1 of 2 such words. The mean hides a range, from 2% for *skiing*" in told, "half a hit is none"
    assert "Not above both maps: 2% for *skiing* (synthetic). Words that imply" in told
    assert "Words that imply an object count as its name: *skiing* for skis." in told
    name = replace(weak, word="duckling", category="bird")
    assert "imply" not in photographs([planted, replace(planted, words=(name,))]), "it is one"
    assert "The caption of synthetic names two objects of the annotated classes, of which *fire hydrant* is" in told
    assert "2 layers of 4 heads, each with a map of 4 × 4 patches" in told
    bare = photographs([caption_facts(said("a dog"), [None])])
    assert bare.startswith("**Every word of the caption has a map**; without masks")
    nothing = photographs([caption_facts(said("a field"), [annotated(tmp_path, DOG)])])
    assert "no word names an object that is annotated" in nothing


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        (
            (0.5, 0.7, 0.9),
            "The best caption is *a dog* (c) with CLIPScore 0.9000, the worst *a dog* (a) with 0.5000**; the median",
        ),
        ((0.5, 0.7), "the worst *a dog* (a) with 0.5000**; the median of all 2 validation pairs is 0.6000"),
        ((0.5, 0.5), "All 2 validation pairs have CLIPScore 0.5000"),
        ((0.5,), "The validation set has one pair, *a dog* (a) with CLIPScore 0.5000"),
        ((None, None), "cannot be ranked: this profile has no CLIP"),
    ],
)
def test_the_ranking_is_told_whatever_it_is(scores, words) -> None:
    from hw3lib.attention.selection import Pair

    pairs = [Pair(name, Path(f"{name}.jpg"), "a dog", score, ()) for name, score in zip("abc", scores, strict=False)]
    assert words in answers.ranking_answer(pairs)


def test_a_pair_is_shown_with_its_references_beside_the_published_figure() -> None:
    from hw3lib.attention.selection import Pair

    columns, rows = answers.pair_table("worst", Pair("7", Path("val/7.jpg"), "a red dog", 0.25, ("a dog", "dogs")))
    assert columns == ["", "CLIPScore", "CIDEr", "caption"]
    assert rows[:3] == [
        ["this run", 0.25, "", "a red dog"],
        *[["reference caption", "", "", text] for text in ("a dog", "dogs")],
    ]
    assert rows[3][:3] == ["published", 0.4294, ""]


def test_the_ranking_by_clipscore_is_set_beside_what_the_references_say() -> None:
    from hw3lib.attention.selection import Pair

    def told(*ciders: float | None) -> str:
        pairs = [
            Pair(name, Path(name), "a dog", place / 4, (), cider)
            for place, (name, cider) in enumerate(zip("abc", ciders, strict=True), 1)
        ]
        return answers.ranking_answer(pairs)

    said = told(3.0, 1.0, 2.0)
    assert "CIDEr, the agreement with the reference captions, is 2.00 for the best and 3.00 for the worst" in said
    assert "its mean is 2.00. By the references, then, the worst is above the mean." in said
    assert "the best is below the mean and the worst is above the mean." in told(3.0, 1.0, 1.0)
    assert "By the references" not in told(1.0, 2.0, 3.0)
    assert "CIDEr" not in told(None, 1.0, 2.0)
