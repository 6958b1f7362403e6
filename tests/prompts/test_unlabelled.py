"""What is said of photographs without labels, against answers that are counted by hand."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hw3lib import config
from hw3lib.data.labelled import LabelledSet, load_labelled
from hw3lib.models.clip import ClipModel
from hw3lib.models.experiment import Experiment
from hw3lib.prompts import examples, figures, prose, unlabelled
from hw3lib.prompts.answers import Answers
from hw3lib.prompts.zero_shot import Classifier
from hw3lib.system.results import content, read_result, write_result
from tests.support.tiny_clip import ColourClip, write_colours


@pytest.fixture
def answers() -> Answers:
    """Three templates on four photographs of three classes: all agree on the first, two on the others."""
    firsts = np.array([[0, 1, 1, 2], [0, 1, 1, 1], [0, 2, 2, 1]])
    probabilities = np.array([[0.48, 0.3], [0.92, 0.1], [0.6, 0.2], [0.4, 0.35]], np.float32)
    return Answers(
        classes=np.stack([firsts, (firsts + 1) % 3], -1).astype(np.int32),
        probabilities=np.stack([probabilities] * 3),
        true=np.empty((0, 0), np.float32), truth=np.empty(0, np.int64), half=np.empty(0, bool),
        templates=["a {object}", "b {object}", "c {object}"], labels=["dog", "cat", "tent"],
        images=["1.png", "2.png", "3.png", "4.png"], ensembles=[],
    )  # fmt: skip


def test_counts_sureness_and_agreement_are_those_of_the_answers(answers: Answers) -> None:
    study = unlabelled.summarise(answers, "a {object}")
    assert study.counts["a {object}"] == {"dog": 1, "cat": 2, "tent": 1}
    assert study.counts["c {object}"] == {"dog": 1, "cat": 1, "tent": 2}
    assert study.unanimous == 1
    assert [(pair.templates, pair.share) for pair in study.agreement] == [
        (("a {object}", "c {object}"), 0.25), (("b {object}", "c {object}"), 0.5), (("a {object}", "b {object}"), 0.75)
    ]  # fmt: skip
    assert study.probability == pytest.approx([0.4, 0.46, 0.54, 0.68, 0.92])
    assert study.lead == pytest.approx([0.05, 0.1475, 0.29, 0.505, 0.82])


def test_sentences_name_what_was_counted(answers: Answers) -> None:
    study = unlabelled.summarise(answers, "b {object}")
    assert "the commonest answers are cat (3 of 4) and dog (1 of 4)" in prose.counts_sentence(study)
    four = {"ant": 1, "bee": 4, "cat": 3, "dog": 2}
    assert "answers are bee (4 of 10), cat (3 of 10) and dog (2 of 10)." in prose.counts_sentence(
        replace(study, images=10, counts={study.template: four})
    )
    one = prose.counts_sentence(replace(study, counts={study.template: {"ant": 0, "bee": 4, "cat": 0}}))
    assert one.endswith("the commonest answer is bee (4 of 4). No photograph got any of 2 classes: ant and cat.")
    assert "No photograph got the class tent." in prose.counts_sentence(study)
    assert "median probability of 0.54; for half of the photographs it lies between 0.46 and 0.68" in (
        prose.sureness_sentence(study)
    )
    told = prose.agreement_sentence(study)
    assert "All 3 prompts give the same class to 1 of 4 photographs. `a {object}` and `c {object}` agree least" in told
    assert "on 25%; `a {object}` and `b {object}` most, on 75%" in told
    assert "one of 3 classes" in prose.unlabelled_sentence(study, "CLIP", "my/names.txt")
    assert "after the labels of `names.txt`" in prose.unlabelled_sentence(study, "CLIP", "my/names.txt")


def test_the_photographs_that_prompts_disagree_on_come_with_the_share_of_prompts(
    tmp_path: Path, answers: Answers
) -> None:
    for name in answers.images:
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    data = LabelledSet(tuple(tmp_path / name for name in answers.images), tuple(answers.images), (None,) * 4, {})
    disputed = examples.disputed_pictures(data, answers, 2, 3)
    assert [(picture.name, picture.truth) for picture in disputed] == [("2.png", ""), ("3.png", "")]
    assert [name for name, _ in disputed[0].classes] == ["cat", "tent"]
    assert [share for _, share in disputed[0].classes] == pytest.approx([2 / 3, 1 / 3])
    ranked = examples.ranked_pictures(data, answers, "a {object}", [3], 1)
    assert (ranked[0].name, ranked[0].truth, [name for name, _ in ranked[0].classes]) == ("4.png", "", ["tent"])


def test_many_photographs_are_sampled_from_the_first_name_to_the_last(answers: Answers) -> None:
    assert examples.spread_out(answers, 24) == [0, 1, 2, 3]
    assert examples.spread_out(answers, 2) == [0, 3]


def test_a_gallery_has_rows_and_names_the_files() -> None:
    pictures = [examples.Ranked(Image.new("RGB", (9, 9)), "", [("dog", 0.6)], f"{place}.jpg") for place in range(6)]
    figure = figures.top_five(pictures, per_row=4)
    titles = [axes.get_title() for axes in figure.axes if axes.images]
    assert titles == [f"{place}.jpg" for place in range(6)]
    places = [axes.get_subplotspec().rowspan.start for axes in figure.axes if axes.images]
    assert places == [0, 0, 0, 0, 2, 2]


def test_the_class_counts_are_drawn_with_their_range_over_the_prompts(answers: Answers) -> None:
    (axes,) = figures.class_counts(unlabelled.summarise(answers, "a {object}")).axes
    assert [text.get_text() for text in axes.texts] == ["2 (1 to 3)", "1", "1 (0 to 2)"]
    assert [bar.get_width() for bar in axes.patches] == [2, 1, 1]


def test_answers_are_computed_once_and_again_where_a_file_is_gone_or_the_prompts_are_others(
    tmp_path: Path, tiny_profile: config.Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ClipModel, "load", classmethod(lambda cls, clip, device="cpu": ColourClip()))
    images, labels = write_colours(tmp_path)

    def asked(template: str) -> tuple[dict[str, int], bool]:
        """What the photographs were given, and whether it was computed."""
        own = tmp_path / "own.json"
        own.write_text(json.dumps({"templates": [{"template": template}]}))
        p1 = config.Labelled(images=str(images), id2label=str(labels), prompts=str(own), labelled=False)
        told: list[str] = []
        study = unlabelled.run(Experiment(replace(tiny_profile, p1=p1)), told.append)
        return study.counts[template], "computed: p1/unlabelled.json" in told

    table = tmp_path / "runs" / "tiny" / "p1" / "unlabelled.csv"
    assert asked("the {object}") == ({"red": 2, "green": 2, "blue": 2}, True)
    assert asked("the {object}")[1] is False
    table.unlink()
    assert asked("the {object}")[1] is True
    assert table.is_file()
    assert asked("a {object}") == ({"red": 2, "green": 2, "blue": 2}, True)


def test_predictions_know_no_truth_and_come_back_from_their_file(tmp_path: Path) -> None:
    images, labels = write_colours(tmp_path)
    labels.write_text(json.dumps(json.loads(labels.read_text()) | dict.fromkeys(map(str, range(20, 24)), "grey")))
    classifier = Classifier(ColourClip(), load_labelled(images, labels, labelled=False))  # type: ignore[arg-type]
    predicted = unlabelled.predict(classifier, ["a {object}", "a wrong {object}", "the {object}"])
    assert predicted.classes.shape == predicted.probabilities.shape == (3, 6, 5)  # of 7 classes the likeliest five
    assert predicted.first("a {object}").tolist() == [
        2,
        2,
        0,
        0,
        1,
        1,
    ]  # by name: 12_0, 12_1, 3_0, ... among ids 3, 5, 12
    assert not len(predicted.truth)
    predicted.write(tmp_path / "unlabelled.safetensors")
    again = unlabelled.summarise(Answers.read(tmp_path / "unlabelled.safetensors"), "a {object}")
    assert content(again) == content(unlabelled.summarise(predicted, "a {object}"))
    assert again.agreement[0].share == 0
    write_result(tmp_path / "unlabelled.json", again)
    assert read_result(tmp_path / "unlabelled.json", unlabelled.Unlabelled) == again
    unlabelled.write_table(tmp_path / "unlabelled.csv", predicted, "a {object}")
    rows = list(csv.DictReader((tmp_path / "unlabelled.csv").open(encoding="utf-8")))
    assert (rows[2]["filename"], rows[2]["class 1"], rows[2]["prompts"]) == ("3_0.png", "red", "2 of 3")
