from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from hw3lib import paths
from hw3lib.data.lexicon import Lexicon, plural
from hw3lib.metrics.chair import Objects, load_objects, object_counts, summed
from hw3lib.system.errors import UserError

SMALL = Lexicon.of(
    {
        "girl": ["girl", "lady"],
        "dog": ["dog", "puppy"],
        "hot dog": ["hot dog"],
        "skis": ["skis", "pair of skis", "skiing"],
        "sheep": ["sheep"],
        "bus": ["bus"],
        "_none": ["dog house"],
    }
)


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("A girl with two puppies.", ["girl", "dog"]),
        ("Ladies eat hot dogs near a DOG", ["girl", "hot dog", "dog"]),
        ("a pair of skis", ["skis"]),
        ("a hot, dog", ["dog"]),
        ("a hot-dog stand", ["hot dog"]),
        ("a dog house by the buses", ["bus"]),
        ("the girl's dog and the dog", ["girl", "dog", "dog"]),
        ("doggedly, sheepish", []),
        ("", []),
    ],
)
def test_a_caption_mentions_categories_by_their_longest_names(caption: str, expected: list[str]) -> None:
    assert SMALL.mentions(caption) == expected


def test_two_categories_cannot_claim_one_word(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="'bike' to both 'bicycle' and 'motorcycle'"):
        Lexicon.of({"bicycle": ["bike"], "motorcycle": ["bike"]})
    (tmp_path / "list.json").write_text("[]")
    with pytest.raises(UserError, match=r"list\.json"):
        Lexicon.load(tmp_path / "list.json")


def test_the_coco_lexicon_has_80_categories_and_reads_real_sentences() -> None:
    coco = Lexicon.load(paths.PACKAGE / "resources" / "synonyms_coco.json")
    assert len(coco.categories) == 80
    assert {"person", "traffic light", "hair drier", "toothbrush"} <= set(coco.categories)
    for category in coco.categories:
        if category != "orange":  # the bare word is the colour far more often than the fruit
            assert coco.mentions(f"there is a {category} here") == [category]
    read = coco.mentions
    assert read("Two men riding motor bikes past a red fire hydrant") == ["person", "motorcycle", "fire hydrant"]
    assert read("a teddy bear and a polar bear") == ["teddy bear", "bear"]
    assert read("a baby elephant next to an adult elephant") == ["elephant", "elephant"]
    assert read("a couple of dogs on train tracks") == ["dog"]
    assert read("an orange cat and three oranges") == ["cat", "orange"]
    assert read("glasses of wine on tables") == ["wine glass", "dining table"]


def test_the_lexicon_is_chosen_by_the_categories() -> None:
    assert len(Lexicon.for_categories(["dog", "zebra"]).categories) == 80
    own = Lexicon.for_categories(["dog", "space ship"])
    assert own.mentions("dogs in spaceships and a space ship") == ["dog", "space ship"]


def test_the_demo_lexicon_claims_no_word_twice() -> None:
    path = paths.PACKAGE / "resources" / "synonyms_demo.json"
    if not path.is_file():
        pytest.skip("the demo's lexicon is not written yet")
    lexicon = Lexicon.load(path)
    assert {"girl", "sheep", "umbrella", "skis", "bicycle"} <= set(lexicon.categories)
    assert lexicon.mentions("a little girl with two umbrellas") == ["girl", "umbrella"]


def write_instances(path: Path) -> Path:
    content = {
        "images": [
            {"id": 1, "file_name": "a.jpg", "width": 100, "height": 100},
            {"id": 2, "file_name": "b.c.jpg", "width": 100, "height": 100},
        ],
        "categories": [{"id": 7, "name": "dog"}, {"id": 9, "name": "bus"}],
        "annotations": [
            {"image_id": 1, "category_id": 7, "area": 900},
            {"image_id": 1, "category_id": 9, "area": 30},
            {"image_id": 2, "category_id": 9, "area": 30},
            {"image_id": 2, "category_id": 9, "area": 30},
        ],
    }
    path.write_text(json.dumps(content))
    return path


def test_instances_say_what_is_there_and_what_is_too_small_to_be_missed(tmp_path: Path) -> None:
    objects = load_objects(write_instances(tmp_path / "instances.json"))
    assert objects.present == {"a": frozenset({"dog", "bus"}), "b.c": frozenset({"bus"})}
    assert objects.expected == {"a": frozenset({"dog"}), "b.c": frozenset({"bus"})}  # two small buses are one large
    at_the_limit = load_objects(write_instances(tmp_path / "instances.json"), smallest=0.006)
    assert at_the_limit.expected["b.c"] == frozenset({"bus"})  # 60 of 10,000 px
    with pytest.raises(UserError, match="'categories'"):
        load_objects(bad(tmp_path / "bad.json", {"images": [], "annotations": []}))


def bad(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content))
    return path


OBJECTS = Objects(
    ("girl", "dog", "bus"),
    {"a": frozenset({"dog", "bus"}), "b": frozenset({"bus"}), "c": frozenset()},
    {"a": frozenset({"dog"}), "b": frozenset({"bus"}), "c": frozenset()},
)


def test_chair_and_recall_count_what_the_paper_counts() -> None:
    captions = {"a": "a dog, a dog and a girl", "b": "a field", "c": "a bus"}
    found = summed(object_counts(captions, OBJECTS, lexicon=SMALL))
    assert found == {"CHAIR_i": 2 / 4, "CHAIR_s": 2 / 3, "object_recall": 1 / 2}


def test_the_counts_of_each_image_are_what_the_scores_sum_up() -> None:
    captions = {"a": "a dog, a dog and a girl", "b": "a field", "c": "a bus"}
    counts = object_counts(captions, OBJECTS, lexicon=SMALL)
    assert counts == {
        "a": {"mentions": 3, "hallucinated": 1, "objects_expected": 1, "objects_found": 1},
        "b": {"mentions": 0, "hallucinated": 0, "objects_expected": 1, "objects_found": 0},
        "c": {"mentions": 1, "hallucinated": 1, "objects_expected": 0, "objects_found": 0},
    }
    assert summed({}) == {"CHAIR_i": 0.0, "CHAIR_s": 0.0, "object_recall": 0.0}


def test_instances_that_are_listed_twice_are_refused(tmp_path: Path) -> None:
    content = json.loads(write_instances(tmp_path / "instances.json").read_text())
    content["annotations"] = [{"id": n, **item} for n, item in enumerate(content["annotations"])]
    assert load_objects(bad(tmp_path / "good.json", content)).expected["a"] == {"dog"}
    for key, message in (("annotations", r"4 annotations \(0, 1, 2, \.\.\.\)"), ("images", r"2 image ids \(1, 2\)")):
        with pytest.raises(UserError, match=rf"{message} more than once"):
            load_objects(bad(tmp_path / "bad.json", {**content, key: content[key] * 2}))
    content["images"][1]["file_name"] = content["images"][0]["file_name"] + "x"
    with pytest.raises(UserError, match=r"1 image \(a\) more than once"):
        load_objects(bad(tmp_path / "bad.json", content))


def test_what_the_references_mention_is_no_hallucination() -> None:
    captions = {"a": "a girl", "b": "a bus", "c": "a bus"}
    references = {"a": ["a lady stands"], "b": ["x"], "c": ["x"]}
    assert summed(object_counts(captions, OBJECTS, lexicon=SMALL))["CHAIR_i"] == pytest.approx(2 / 3)
    assert summed(object_counts(captions, OBJECTS, references, SMALL))["CHAIR_i"] == pytest.approx(1 / 3)


def test_captions_that_mention_nothing_are_no_hallucination() -> None:
    found = summed(object_counts({"a": "", "b": "", "c": ""}, OBJECTS, lexicon=SMALL))
    assert found == {"CHAIR_i": 0.0, "CHAIR_s": 0.0, "object_recall": 0.0}


def test_captioned_images_that_the_instances_lack_are_named() -> None:
    with pytest.raises(UserError, match=re.escape("lacks 1 image (z) of the 2 that have a caption")):
        object_counts({"a": "a dog", "z": "a dog"}, OBJECTS, lexicon=SMALL)
    assert plural("pony") == "ponies"
    assert plural("toy") == "toys"
