from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from PIL import Image

from hw3lib.data.labelled import load_labelled
from hw3lib.prompts.explorer import Explorer
from hw3lib.prompts.zero_shot import Classifier
from tests.support.tiny_clip import ColourClip, write_colours


@pytest.fixture
def classifier(tmp_path: Path) -> Classifier:
    return Classifier(ColourClip(), load_labelled(*write_colours(tmp_path)))  # type: ignore[arg-type]


def test_a_new_prompt_changes_accuracy_gains_and_bars(classifier: Classifier) -> None:
    box = Explorer(classifier, "a {object} thing", ["12_0.png"])
    assert "1.0000" in box.result.value
    assert "right on the same images as the baseline" in box.result.value
    assert "No class changes" in box.gains.value
    before = box.top.value
    box.text.value = "a wrong {object}"
    assert "0.0000" in box.result.value
    assert "−100.0 points" in box.result.value
    assert "0 images gained, 6 lost: significant (McNemar's exact test, p = 0.031)" in box.result.value
    assert all(f">{name}<" in box.gains.value for name in ("red", "green", "blue"))
    assert box.top.value != before
    assert box.top.value.count("<img") == 1


def test_a_bad_template_gets_the_reason_and_a_good_one_an_answer_again(classifier: Classifier) -> None:
    box = Explorer(classifier, "a {object} thing", ["12_0.png"])
    box.text.value = "a thing"
    assert "exactly one {object}" in box.result.value
    assert box.top.value == ""
    box.text.value = "the {object}"
    assert "1.0000" in box.result.value


def test_a_prompt_that_cuts_the_class_names_says_so(tmp_path: Path) -> None:
    images, labels = write_colours(tmp_path)
    labels.write_text(json.dumps({"3": "red", "5": "green <b>", "12": "blue"}))
    box = Explorer(Classifier(ColourClip(), load_labelled(images, labels)), "a {object}", ["12_0.png"])  # type: ignore[arg-type]
    assert "beginning" not in box.result.value
    box.text.value = "word " * 74 + "{object}"
    assert "CLIP reads only the beginning of 1 class name (green &lt;b&gt;)" in box.result.value
    box.text.value = "word " * 80 + "{object}"
    assert "too long: CLIP stops reading before {object}" in box.result.value
    assert box.top.value == ""


def test_the_article_that_each_name_takes_can_be_asked_for(classifier: Classifier) -> None:
    box = Explorer(classifier, "a {object} thing")
    box.text.value = "{a/an} {}"
    assert "1.0000" in box.result.value


def test_one_more_image_can_be_chosen(classifier: Classifier) -> None:
    box = Explorer(classifier, "a {object} thing")
    assert box.top.value == ""
    box.picture.value = 4
    assert "5_0.png" in box.top.value


def test_names_and_prompts_cannot_bring_markup(tmp_path: Path) -> None:
    images, labels = write_colours(tmp_path)
    evil = "<img src=x onerror=alert(1)>"
    labels.write_text(json.dumps({"3": f"red {evil}", "5": "green", "12": "blue"}))
    Image.new("RGB", (30, 30)).save(images / "3_'\"&lt;.png")
    box = Explorer(
        Classifier(ColourClip(), load_labelled(images, labels)),
        "a {object}",
        [path.name for path in sorted(images.iterdir())],
    )  # type: ignore[arg-type]
    box.text.value = f"{evil} wrong {{object}}"
    shown = box.result.value + box.gains.value + box.top.value
    assert "<img src=x" not in shown
    assert "&lt;img src=x" in shown
    box.text.value = f"{evil} without a slot"
    assert "<img" not in box.result.value


def test_the_bundle_holds_the_live_box_and_words_for_the_report(classifier: Classifier) -> None:
    bundle = Explorer(classifier, "a {object}")._repr_mimebundle_()
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"]
    assert "make lab" in bundle["text/markdown"]


def test_images_are_embedded_once_and_answers_are_quick(tmp_path: Path) -> None:
    data = load_labelled(*write_colours(tmp_path / "p1", per_class=200))
    calls: list[int] = []

    class Counted(ColourClip):
        def embed_images(self, images):  # type: ignore[no-untyped-def]
            calls.append(len(images))
            return super().embed_images(images)

    box = Explorer(Classifier(Counted(), data), "a {object}", ["3_0.png", "5_1.png", "12_2.png"])  # type: ignore[arg-type]
    started = time.process_time()
    for number in range(10):
        box.text.value = f"{number} {{object}}"
    assert (time.process_time() - started) / 10 < 0.3
    assert calls == [600]


def test_without_labels_it_counts_the_photographs_that_get_another_class(tmp_path: Path) -> None:
    data = load_labelled(*write_colours(tmp_path), labelled=False)
    box = Explorer(Classifier(ColourClip(), data), "a {object} thing", ["12_0.png"])  # type: ignore[arg-type]
    assert ">0</b> of 6 photographs get another class" in box.result.value
    assert "No class changes" in box.gains.value
    box.text.value = "a wrong {object}"
    assert ">6</b> of 6 photographs get another class" in box.result.value
    assert "nobody can say which is right" in box.result.value
    assert "points" not in box.result.value + box.gains.value
    assert box.top.value.count("<img") == 1
