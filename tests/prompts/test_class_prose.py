"""Sentences on classes and learned rivals, each way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hw3lib.display.prose import code
from hw3lib.prompts import class_prose
from hw3lib.prompts.results import Accuracies, ProbeStudy, Shots, Study, UnseenStudy
from tests.support.predictions import study_of, template_scores


def accuracies(**rates: float) -> Study:
    return study_of({name: template_scores(rate, {"dog": rate, "c*t": 1.0}) for name, rate in rates.items()})


def test_sentences_show_names_as_they_are() -> None:
    text = class_prose.class_sentence(accuracies(first=0.5, second=0.625))
    assert "dog (0.62), c\\*t (1.00)" in text.replace(" and ", ", ")
    assert "1 of 2 are always right." in text
    assert "0.50 under `first`, 0.62 under `second`" in text
    assert code("a `b` c``") == "``` a `b` c`` ```"


def test_the_three_hardest_classes_are_named() -> None:
    study = study_of({"a": template_scores(0.5, {"ant": 0.4, "bee": 0.2, "cat": 0.3, "dog": 0.9})})
    assert "the hardest classes are bee (0.20), cat (0.30) and ant (0.40); none" in class_prose.class_sentence(study)


def test_where_wording_changes_no_class_none_is_named() -> None:
    assert "Wording" not in class_prose.class_sentence(accuracies(first=0.5, second=0.5))


def test_classes_that_gain_and_lose_are_those_of_the_best_other_template() -> None:
    before, after = {"a": 0.5, "b": 0.5, "c": 0.5, "d*": 0.1}, {"a": 0.5, "b": 0.7, "c": 0.4, "d*": 0.9}
    templates = {"base": template_scores(0.1, before), "x": template_scores(0.1, before)}
    study = study_of(templates | {"best": template_scores(0.9, after)})
    changes = class_prose.class_changes(study)
    assert (changes.template, changes.helped, changes.hurt) == ("best", ["d*", "b"], ["c"])
    assert class_prose.class_changes(study, count=1).helped == ["d*"]
    four = template_scores(0.9, {name: rate + 0.1 * place for place, (name, rate) in enumerate(before.items(), 1)})
    assert class_prose.class_changes(study_of(templates | {"best": four})).helped == ["d*", "c", "b"]
    text = class_prose.changed_sentence(study)
    assert "d\\* (0.10 to 0.90) and b (0.50 to 0.70) gain most; c (0.50 to 0.40) loses most." in text
    kept = study_of({"base": template_scores(0.95, before), "best": template_scores(0.9, after)})
    assert class_prose.class_changes(kept).template == "best"  # the baseline is compared with another, if worse
    assert class_prose.class_changes(study_of({"base": template_scores(0.9, before)})).helped == []
    same = study_of(templates | {"best": template_scores(0.9, before)})
    assert "no class changes" in class_prose.changed_sentence(same)
    up = study_of(templates | {"best": template_scores(0.9, before | {"a": 0.6})})
    assert "a (0.50 to 0.60) gains most; none loses." in class_prose.changed_sentence(up)
    down = study_of(templates | {"best": template_scores(0.9, before | {"a": 0.4, "b": 0.3})})
    assert "no class gains; b (0.50 to 0.30) and a (0.50 to 0.40) lose most." in class_prose.changed_sentence(down)


def test_the_commonest_confusions_are_counted() -> None:
    counts = np.array([[5, 3, 0], [1, 7, 0], [0, 0, 8]])
    text = class_prose.confusion_sentence(["ant", "b*e", "cat"], counts)
    assert "ant taken for b\\*e (3) and b\\*e taken for ant (1)" in text
    assert "100 % of all 4 errors" in text
    assert "No image" in class_prose.confusion_sentence(["ant"], np.array([[4]]))


def probe(crossing: int | None, high: float) -> ProbeStudy:
    return ProbeStudy([4], [Shots(4, 0.7, 0.6, high)], 0.75, crossing, 5, 20, 10.0, "a {object}")


def test_what_the_prompt_is_worth_in_labelled_images_comes_out_each_way() -> None:
    assert "From 4 labelled images per class on the probe is ahead" in class_prose.probe_sentence(probe(4, 0.8))
    assert "From 1 labelled image per class" in class_prose.probe_sentence(probe(1, 0.8))
    assert "The prompt is worth about 4 labelled images per class" in class_prose.probe_sentence(probe(None, 0.8))
    assert "The prompt is worth more" in class_prose.probe_sentence(probe(None, 0.72))
    assert "too few images" in class_prose.probe_sentence(None)


def test_what_was_seen_by_whom_is_said_for_demo_and_for_real_data() -> None:
    unseen = UnseenStudy(
        clip=0.7, supervised=0.0, n=40, low=0.6, high=0.8, p=0.0, confidence=0.5, seen=Accuracies(0.8, 0.9, 20),
        taught=3, train=30, network="a_b<script>", classes=[], of=7, template="a {object}",
    )  # fmt: skip
    demo, real = (class_prose.unseen_sentence(data, unseen) for data in ("demo", "real"))
    assert "the 40 images of the 4 classes that it was not taught it is right in 0.00" in demo
    assert "a difference of 70 points [60, 80]" in real
    assert "demo world" in demo
    assert "demo" not in real
    assert "<script>" not in demo
    nothing = replace(unseen, seen=Accuracies(None, None, 0))
    assert "other images of these" not in class_prose.unseen_sentence("demo", nothing)
    assert "other images of these it is right in 0.90" in demo
    assert "too few classes" in class_prose.unseen_sentence("demo", None)
