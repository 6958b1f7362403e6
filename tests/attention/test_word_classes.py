"""Words of a caption fall into classes, and colours, counts and articles find the object that they belong to."""

from __future__ import annotations

import pytest

from hw3lib.attention.word_classes import CLASSES, classes, classify
from hw3lib.data.lexicon import Lexicon

OBJECTS = Lexicon.of(
    {
        "cow": ["cow"], "girl": ["girl"], "fire hydrant": ["fire hydrant", "hydrant"], "horse": ["horse"],
        "skis": ["skis", "skiing"],
    }
)  # fmt: skip


def kinds(caption: str) -> dict[str, tuple[str, str | None]]:
    words = caption.split()
    return {word: (kind.name, kind.category) for word, kind in zip(words, classify(words, OBJECTS), strict=True)}


def test_every_word_has_its_class() -> None:
    found = kinds("[BOS] two brown cows standing under trees with a tall girl . [EOS]")
    assert found["[BOS]"] == found["[EOS]"] == ("special", None)
    assert found["two"] == ("count", "cow")
    assert found["brown"] == ("colour", "cow")
    assert found["cows"] == ("object", "cow")
    assert found["standing"] == ("other", None)
    assert found["under"] == ("relation", None)
    assert found["trees"] == ("place", None)
    assert found["with"] == ("function", None)
    assert found["a"] == ("function", "girl")
    assert found["tall"][0] == "adjective"
    assert found["."] == ("punctuation", None)


def test_a_colour_belongs_to_the_object_that_it_stands_before() -> None:
    found = kinds("a red and white fire hydrant")
    assert found["red"] == found["white"] == ("colour", "fire hydrant")
    assert found["fire"] == found["hydrant"] == ("object", "fire hydrant")
    assert kinds("a girl in a red dress riding horses")["red"] == ("colour", None)
    assert kinds("a girl in red skiing")["red"] == ("colour", None)
    assert kinds("a girl in red skiing")["skiing"] == ("object", "skis")
    assert kinds("red skis")["red"] == ("colour", "skis")


def test_a_phrase_of_several_words_is_one_relation() -> None:
    found = kinds("girl in front of cow")
    assert found["in"] == found["front"] == found["of"] == ("relation", None)


def test_plural_marks_the_phrase_and_nothing_else() -> None:
    words = ["there", "is", "a", "group", "of", "brown", "cows", "and", "a", "girl"]
    plural = [word for word, kind in zip(words, classify(words, OBJECTS), strict=True) if kind.plural]
    assert plural == ["a", "group", "of", "brown", "cows"]
    one = ["one", "cow"]
    assert not any(kind.plural for kind in classify(one, OBJECTS))


@pytest.mark.parametrize(
    ("caption", "phrase"),
    [
        ("two fire hydrants", "two fire hydrants"),  # from the caption's first word to its last
        ("two cows a cow", "two cows"),
        ("cow two cows", "two cows"),
        ("cow two brown cows", "two brown cows"),
        ("a cow and two horses .", "two horses"),
        ("a group of two brown cows on grass", "a group of two brown cows"),
        ("several tall people", ""),  # of no category here
        ("one cow", ""),
        ("two red and white fire hydrants stand", "two red and white fire hydrants"),
    ],
)
def test_a_phrase_about_several_ends_where_its_last_noun_ends(caption, phrase) -> None:
    words = caption.split()
    marked = [place for place, kind in enumerate(classify(words, OBJECTS)) if kind.plural]
    assert " ".join(words[place] for place in marked) == phrase
    assert not marked or marked == list(range(marked[0], marked[-1] + 1))


@pytest.mark.parametrize(
    ("caption", "category"),
    [
        ("red cow", "cow"),
        ("red old small cow", "cow"),
        ("red , cow", None),
        ("red near cow", None),
        ("red", None),
        ("red of cow", "cow"),
    ],
)
def test_a_colour_reaches_over_adjectives_and_no_further(caption, category) -> None:
    assert kinds(caption)["red"] == ("colour", category)


def test_articles_belong_to_the_next_object_and_the_to_none() -> None:
    assert kinds("an old horse")["an"] == ("function", "horse")
    assert kinds("A cow")["A"] == ("function", "cow")
    assert kinds("the cow")["the"] == ("function", None)


def test_a_word_that_the_tokenizer_would_split_keeps_one_class() -> None:
    assert kinds("isn't cow-like")["isn't"] == ("other", None)
    assert classify([], OBJECTS) == []


def test_the_shipped_lists_name_no_word_twice_and_all_classes_but_objects() -> None:
    assert set(CLASSES) - {"object"} <= set(classes().categories)


@pytest.mark.parametrize("hostile", ["<script>", "{{ }}", "$(x)", "\u202e"])
def test_any_text_is_a_word_of_no_class(hostile) -> None:
    assert classify([hostile], OBJECTS)[0].category is None
