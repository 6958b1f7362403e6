"""The grammar of the demo world: natural, true to the scene, and the words that recall and CHAIR are counted by."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from itertools import combinations
from random import Random

import pytest

from demo_world.captions import grammar, words
from demo_world.objects import KINDS
from demo_world.picture.composition import compose
from demo_world.picture.scene import Group, Relation, Scene
from demo_world.places.registry import PLACES
from hw3lib import paths

LEXICON: dict[str, list[str]] = json.loads((paths.PACKAGE / "resources" / "synonyms_demo.json").read_text("utf-8"))
COLOURS = {coat for kind in KINDS.values() for coat in kind.coats} | {"grey"}


@lru_cache(maxsize=1)
def sample() -> list[tuple[Scene, list[str]]]:
    """Two hundred composed scenes, each with five captions."""
    scenes = [compose(Random(f"captions {index}")) for index in range(200)]
    return [(scene, grammar.captions(scene, Random(index))) for index, scene in enumerate(scenes)]


def scene_of(*groups: Group, place: str = "field", relations: tuple[Relation, ...] = ()) -> Scene:
    return Scene(1, 340, 256, place, (), "", groups, relations, ())


def group(kind: str, count: int = 1, coat: str = "brown", pose: str = "standing", share: float = 0.2) -> Group:
    return Group(kind, coat, pose, count, "", share)


def many(scene: Scene, n: int = 300) -> list[str]:
    rng = Random(3)
    return [grammar.caption(scene, rng) for _ in range(n)]


def says(text: str, form: str) -> bool:
    return re.search(rf"\b{re.escape(form)}\b", text.lower()) is not None


def names(text: str, kind: str) -> bool:
    return any(says(text, form) for form in LEXICON[kind])


def test_five_captions_of_a_scene_differ() -> None:
    for _, captions in sample():
        assert len({caption.lower().rstrip(".") for caption in captions}) == 5


def test_the_same_generator_writes_the_same_captions() -> None:
    for index in (0, 50, 100):
        scene, captions = sample()[index]
        assert grammar.captions(scene, Random(index)) == captions
        assert grammar.captions(scene, Random(index + 1)) != captions


def test_articles_suit_the_word_after_them() -> None:
    text = " ".join(caption.lower() for _, captions in sample() for caption in captions)
    assert re.findall(r"\ba (?=[aeiou])\w+", text) == []
    assert re.findall(r"\ban (?=[^aeiou])\w+", text) == []
    assert re.findall(r"\ban (?:orange|umbrella|elephant|airplane)", text)


def test_captions_are_tidy_and_of_an_annotators_length() -> None:
    captions = [caption for _, five in sample() for caption in five]
    for caption in captions:
        assert caption == caption.strip() and "  " not in caption and " ," not in caption and "{" not in caption
        assert not re.search(r"\b(\w+) \1\b", caption.lower()), caption
    lengths = [len(caption.split()) for caption in captions]
    assert sum(6 <= length <= 16 for length in lengths) > 0.99 * len(lengths)
    assert min(lengths) <= 7 and max(lengths) >= 15


def test_a_caption_names_a_true_object_and_no_absent_one() -> None:
    for scene, captions in sample():
        present = {group.kind for group in scene.groups}
        for caption in captions:
            assert any(names(caption, kind) for kind in present), caption
            assert [kind for kind in LEXICON if kind not in present and names(caption, kind)] == [], caption


def test_large_groups_are_mentioned_almost_always_and_small_ones_less() -> None:
    heard: dict[bool, list[bool]] = {True: [], False: []}
    for scene, captions in sample():
        for group in scene.groups:
            if group.prominence > 0.1 or group.prominence < 0.02:
                heard[group.prominence > 0.1] += [names(text, group.kind) for text in captions]
    large, small = (sum(heard[size]) / len(heard[size]) for size in (True, False))
    assert large > 0.93
    assert small < 0.65


def test_some_annotators_name_colours_and_others_do_not() -> None:
    bags = [set(re.findall(r"\w+", caption.lower())) for _, captions in sample() for caption in captions]
    assert 0.35 < sum(bool(bag & COLOURS) for bag in bags) / len(bags) < 0.8


def test_a_poses_verb_is_said_only_of_that_pose() -> None:
    only = {"graz": "grazing", "running": "running", "skiing": "skiing"}
    for scene, captions in sample():
        for stem, pose in only.items():
            if all(group.pose != pose for group in scene.groups):
                assert not any(stem in caption for caption in captions), (captions, scene.groups)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_one_thing_takes_the_singular_and_two_the_plural(kind: str) -> None:
    nouns = words.NOUNS[kind]
    coat, place = KINDS[kind].coats[0], "beach"
    single, pair = (scene_of(group(kind, count, coat), place=place) for count in (1, 2))
    if not any(noun.bare for noun in nouns):
        assert not any(says(text, "are") for text in many(single))
    assert not any(says(text, "is") for text in many(pair))
    singular = [noun.singular for noun in nouns if noun.singular != noun.plural]
    assert not any(says(text, form) for text in many(pair) for form in singular if kind != "potted plant")


def test_irregular_plurals_are_right() -> None:
    for kind, right, wrong in (("sheep", "sheep", "sheeps"), ("bus", "buses", "buss"), ("bench", "benches", "benchs")):
        captions = many(scene_of(group(kind, 3)))
        assert any(says(text, right) for text in captions)
        assert not any(says(text, wrong) for text in captions)


def test_one_pair_of_skis_has_no_article_of_its_own() -> None:
    captions = many(scene_of(group("skis", coat="red"), place="snow"))
    assert any("a pair of red skis" in text for text in captions)
    assert not any(re.search(r"\ba (red )?skis", text) for text in captions)


def test_three_cows_are_counted_or_gathered() -> None:
    text = " ".join(many(scene_of(group("cow", 3))))
    for start in ("three", "several", "a group of", "a herd of"):
        assert re.search(rf"\b{start} (brown )?cows", text), start
    assert not re.search(r"\b(three|several|some) (brown )?cows is\b", text)


def test_a_relation_is_said_from_the_right_side() -> None:
    groups = group("girl", coat="red", pose="riding"), group("bicycle", coat="blue")
    text = " ".join(many(scene_of(*groups, place="park", relations=(Relation(0, "riding", 1),))))
    assert re.search(r"girl (in \w+ |wearing an? \w+ dress |in an? \w+ dress )?riding an? (blue )?bi", text)
    assert not re.search(r"(bike|bicycle) riding", text)
    pair = scene_of(group("dog"), group("ball", coat="red"), relations=(Relation(0, "left of", 1),))
    text = " ".join(many(pair))
    assert re.search(r"dog (\w+ )*to the left of a (red )?ball", text)
    assert re.search(r"ball (\w+ )*to the right of a (brown )?dog", text)
    assert not re.search(r"dog (standing |is |stands )*to the right of", text)


def test_what_flies_is_not_said_to_stand_on_the_ground() -> None:
    for place in ("field", "street", "park"):
        captions = many(scene_of(group("airplane", coat="white"), place=place))
        ground = words.PLACES[place].ground + words.PLACES[place].side
        assert not any(says(text, phrase) for text in captions for phrase in ground)


def test_no_noun_is_shared_between_kinds_and_the_file_holds_what_the_grammar_says() -> None:
    assert words.lexicon() == LEXICON
    assert set(LEXICON) == set(KINDS)
    for (a, forms), (b, others) in combinations(LEXICON.items(), 2):
        assert not set(forms) & set(others), (a, b)


def test_no_phrase_about_surroundings_names_a_kind() -> None:
    phrases = [phrase for extra in words.EXTRAS.values() for phrase in extra] + [
        phrase for light in words.LIGHTS.values() for phrase in light
    ]
    for where in words.PLACES.values():
        phrases += [*where.name, *where.ground, *where.through, *where.air, *where.water, *where.side]
    phrases += [phrase for places in (*words.ALOFT.values(), *words.WALLS.values()) for phrase in places]
    assert [(phrase, kind) for phrase in phrases for kind in LEXICON if names(phrase, kind)] == []


def test_there_are_words_for_everything_that_is_drawn() -> None:
    assert set(words.NOUNS) == set(words.BEHAVIOUR) == set(KINDS)
    assert set(words.PLACES) == {place.name for place in PLACES}
    silent = {"sunset", "road"}  # one is the light, the other the place itself
    shown = {extra for place in PLACES for seed in range(25) for extra in place.draw(Random(seed), 340, 256).extras}
    assert shown <= set(words.EXTRAS) | silent
    for kind in KINDS.values():
        for pose in set(kind.poses) - {"riding", "holding", "open", "flat"}:
            assert grammar.verbs_of(group(kind.name, pose=pose)), (kind.name, pose)


def web(n: int = 20) -> list[tuple[Scene, str]]:
    return [
        (scene, text)
        for index, (scene, _) in enumerate(sample())
        for text in grammar.web_texts(scene, Random(index), n)
    ]


def test_texts_of_the_web_are_often_plain_and_rarely_negated() -> None:
    texts = [text.lower() for _, text in web()]
    plain = sum(
        bool(re.match(r"((this is )?(a|an) (photo|picture|image) of )?(an?|two|three|four) ", text)) for text in texts
    )
    assert plain > 0.35 * len(texts)
    assert 0.1 < sum("a photo of" in text for text in texts) / len(texts) < 0.5
    negated = [text for text in texts if re.match(r"(no|not) ", text) or ", no " in text]
    assert 0.002 < len(negated) / len(texts) < 0.02
    assert len(set(texts)) > 0.4 * len(texts)


def test_texts_of_the_web_are_about_their_picture() -> None:
    for scene, text in web(5):
        if not re.search(r"\b(no|not)\b|img|dsc|holidays", text.lower()):
            assert any(
                names(text, group.kind) or group.kind.replace(" ", "") in text.lower() for group in scene.groups
            ), text
