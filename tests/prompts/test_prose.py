"""Sentences must come out each way, on synthetic results."""

from __future__ import annotations

from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hw3lib.display.prose import p_value, signed
from hw3lib.prompts import figures, prose
from hw3lib.prompts import study as prompt_study
from tests.support.predictions import made_up

DEMO, REAL = SimpleNamespace(data="demo"), SimpleNamespace(data="real")


@pytest.fixture(scope="module")
def scored() -> dict[str, Any]:
    predictions, sets = made_up()
    return prompt_study.score(predictions, sets, 0)


@pytest.fixture
def study(scored: dict[str, Any]) -> dict[str, Any]:
    return deepcopy(scored)


def effect(value: float, p: float) -> dict[str, Any]:
    return {"effect": value, "low": value - 0.01, "high": value + 0.01, "n": 60, "p": p, "holm": p}


def test_a_factors_verdict_follows_its_effect_and_its_p_value(study: dict[str, Any]) -> None:
    frames = {"{object}": effect(0.03, 0.001), "a {object}": effect(0.01, 0.5)}
    study["factors"] = {"article: a vs none": {**effect(0.021, 0.0002), "per_frame": frames}}
    text = prose.factor_sentences(study)
    assert "raises accuracy: +2.1 [+1.1, +3.1] points, p < 0.001." in text
    assert "It goes up in 2 of 2 frames; it is sure in `{object}`." in text
    study["factors"]["article: a vs none"] |= effect(-0.021, 0.01)
    assert "lowers accuracy: −2.1 [" in prose.factor_sentences(study)
    study["factors"]["article: a vs none"] |= effect(-0.021, 0.2)
    assert "no effect on the average that could be shown" in prose.factor_sentences(study)
    frames["a {object}"] = effect(-0.01, 0.5)
    assert "Its sign changes: up in 1 of 2 frames, down in 1" in prose.factor_sentences(study)
    study["factors"] = {}
    assert "cannot be told" in prose.factor_sentences(study)


def test_interactions_are_named_only_where_they_are_shown(study: dict[str, Any]) -> None:
    study["interactions"] = {"one *with* other": effect(0.1, 0.2)}
    assert "None of the 1 interactions" in prose.factor_sentences(study)
    study["interactions"] = {"one *with* other": effect(0.1, 0.001)}
    assert "depend on each other: one \\*with\\* other" in prose.factor_sentences(study)


def test_negation_comes_out_each_way(study: dict[str, Any]) -> None:
    negation = study["negation"]
    negation |= effect(-0.2, 1e-9)
    assert "Negation costs accuracy: −20.0 [" in prose.negation_sentence(study)
    negation |= effect(0.2, 1e-9)
    assert "Negation raises accuracy" in prose.negation_sentence(study)
    negation |= effect(-0.2, 0.4)
    assert "no effect that could be shown" in prose.negation_sentence(study)
    worst = max(negation["pairs"], key=lambda key: abs(negation["pairs"][key]["effect"]))
    study["templates"][worst]["accuracy"] = 0.9
    assert "the class name counts" in prose.negation_sentence(study)
    study["templates"][worst]["accuracy"] = 0.1
    assert "the class name counts" not in prose.negation_sentence(study)
    study["negation"] = {}
    assert "None of the prompt sets has a negation" in prose.negation_sentence(study)


def test_the_best_of_many_is_only_called_luck_where_it_is_not_sure(study: dict[str, Any]) -> None:
    keys = list(study["templates"])
    for number, key in enumerate(keys[1:]):
        study["templates"][key]["accuracy"] = 0.4 - 0.001 * number
        study["templates"][key]["against_baseline"] |= {**effect(-0.1, 0.9)}
    study["templates"][keys[0]]["accuracy"] = 0.5
    assert f"none are more accurate than the baseline `{keys[0]}` and {len(keys) - 1} less" in (
        prose.template_sentence(study)
    )
    study["templates"][keys[3]]["accuracy"] = 0.6
    study["templates"][keys[3]]["against_baseline"] |= {**effect(0.1, 0.3), "gained": 9, "lost": 3}
    text = prose.template_sentence(study)
    assert "none of the gains and none of the losses remain" in text
    assert "9 images won and 3 lost" in text
    assert "by luck" in text
    study["templates"][keys[3]]["against_baseline"] |= effect(0.1, 0.0001)
    assert "1 of the gains" in prose.template_sentence(study)
    assert "by luck" not in prose.template_sentence(study)


def ensemble_row(
    name: str, members: int, accuracy: float, nll: float, against: dict[str, Any] | None
) -> dict[str, Any]:
    return {
        "name": name, "members": ["x"] * members, "accuracy": accuracy, "nll": nll, "against_baseline": against,
    }  # fmt: skip


def test_averaging_pays_only_where_it_is_shown_to(study: dict[str, Any]) -> None:
    base = ensemble_row("the baseline", 1, 0.5, 1.0, None)
    for p, words in ((0.001, "Averaging pays: all 9"), (0.3, "Averaging does not visibly raise accuracy")):
        study["ensemble"] = {"images": 30, "rows": [base, ensemble_row("all 9", 9, 0.6, 0.8, effect(0.1, p))]}
        assert words in prose.ensemble_sentence(study)
        assert "falls by up to 0.200 nats" in prose.ensemble_sentence(study)
    study["ensemble"]["rows"][1]["nll"] = 1.2
    assert "falls" not in prose.ensemble_sentence(study)
    study["ensemble"] = {}
    assert "too few images" in prose.ensemble_sentence(study)


def probe_of(crossing: int | None, high: float) -> dict[str, Any]:
    return {
        "probe": {
            "points": [{"shots": 4, "accuracy": 0.7, "low": 0.6, "high": high}], "zero_shot": 0.75,
            "crossing": crossing, "draws": 5, "test": 20,
        }
    }  # fmt: skip


def test_what_the_prompt_is_worth_in_labelled_images_comes_out_each_way() -> None:
    assert "From 4 labelled images per class on the probe is ahead" in prose.probe_sentence(probe_of(4, 0.8))
    assert "From 1 labelled image per class" in prose.probe_sentence(probe_of(1, 0.8))
    assert "The prompt is worth about 4 labelled images per class" in prose.probe_sentence(probe_of(None, 0.8))
    assert "The prompt is worth more" in prose.probe_sentence(probe_of(None, 0.72))
    assert "too few images" in prose.probe_sentence({"probe": {}})


def test_what_was_seen_by_whom_is_said_for_demo_and_for_real_data() -> None:
    unseen = {
        "clip": 0.7, "supervised": 0.0, "n": 40, "low": 0.6, "high": 0.8, "confidence": 0.5, "network": "a_b<script>",
        "seen": {"clip": 0.8, "supervised": 0.9, "n": 20}, "taught": 3, "of": 7, "train": 30,
    }  # fmt: skip
    demo = prose.unseen_sentence(DEMO, {"unseen": unseen})  # type: ignore[arg-type]
    real = prose.unseen_sentence(REAL, {"unseen": unseen})  # type: ignore[arg-type]
    assert "the 40 images of the 4 classes that it was not taught it is right in 0.00" in demo
    assert "a difference of 70 points [60, 80]" in real
    assert "demo world" in demo
    assert "demo" not in real
    assert "<script>" not in demo
    nothing = {**unseen, "seen": {"clip": None, "supervised": None, "n": 0}}
    assert "other images of these" not in prose.unseen_sentence(DEMO, {"unseen": nothing})  # type: ignore[arg-type]
    assert "other images of these it is right in 0.90" in demo
    assert "too few classes" in prose.unseen_sentence(DEMO, {"unseen": {}})  # type: ignore[arg-type]


def test_classes_that_gain_and_lose_are_those_of_the_best_other_template(study: dict[str, Any]) -> None:
    keys = list(study["templates"])
    for key in keys:
        study["templates"][key]["accuracy"] = 0.1
    study["templates"][keys[2]]["accuracy"] = 0.9
    study["templates"][keys[0]]["per_class"] = {"a": 0.5, "b": 0.5, "c": 0.5, "d*": 0.1}
    study["templates"][keys[2]]["per_class"] = {"a": 0.5, "b": 0.7, "c": 0.4, "d*": 0.9}
    assert prose.changed_classes(study) == (keys[2], ["d*", "b"], ["c"])
    text = prose.changed_sentence(study)
    assert "d\\* (0.10 to 0.90) and b (0.50 to 0.70) gain most; c (0.50 to 0.40) loses most." in text
    study["templates"][keys[2]]["per_class"] = study["templates"][keys[0]]["per_class"]
    assert "no class changes" in prose.changed_sentence(study)


def test_the_commonest_confusions_are_counted() -> None:
    counts = np.array([[5, 3, 0], [1, 7, 0], [0, 0, 8]])
    text = prose.confusion_sentence({"labels": ["ant", "b*e", "cat"]}, counts)
    assert "ant taken for b\\*e (3) and b\\*e taken for ant (1)" in text
    assert "100 % of all 4 errors" in text
    assert "No image" in prose.confusion_sentence({"labels": ["ant"]}, np.array([[4]]))


def test_the_table_shows_both_ends_and_the_profiles_own_set(study: dict[str, Any]) -> None:
    rows = prose.template_rows(study, ends=2)
    names = [row[0] for row in rows]
    ranked = sorted(study["templates"], key=lambda key: -study["templates"][key]["accuracy"])
    assert names[:2] == ranked[:2]
    assert names[-2:] == ranked[-2:]
    own = {key for key, each in study["templates"].items() if "report" in each["sets"]}
    assert own <= set(names)
    assert len(names) == len(set(names))
    assert all(len(row) == len(prose.TEMPLATE_COLUMNS) for row in rows)


def test_every_figure_can_be_drawn_and_holds_the_numbers(study: dict[str, Any]) -> None:
    drawn = figures.factor_effects(study)
    shown = {text.get_text() for axes in drawn.axes for text in axes.texts}
    assert signed(100 * study["negation"]["effect"]) in shown
    points = figures.all_templates(study).axes[0].lines
    count = sum(len(line.get_xdata()) for line in points if line.get_linestyle() == "None")
    assert count == len(study["templates"])
    heat = figures.wording_by_class(study).axes[0]
    assert len(heat.get_yticklabels()) == min(40, len(study["templates"]))
    counts = np.array([[5, 3, 0], [1, 7, 0], [0, 0, 8]])
    names = [label.get_text() for label in figures.confusion(counts, ["a", "b", "c"]).axes[0].get_yticklabels()]
    assert sorted(names) == ["a", "b", "c"]
    curve = {"points": [{"shots": n, "accuracy": n / 10, "low": 0, "high": 1} for n in (1, 2)], "zero_shot": 0.3}
    assert figures.shots({"probe": curve}).axes[0].lines[0].get_ydata().tolist() == [0.1, 0.2]


def test_figures_refuse_what_they_cannot_show(study: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="design"):
        figures.factor_effects({**study, "factors": {}})
    with pytest.raises(ValueError, match="probe"):
        figures.shots({"probe": {}})
    with pytest.raises(ValueError, match="titles"):
        figures.changed_images([[]], ["Helped"])


def test_nothing_is_written_with_a_minus_zero() -> None:
    assert [signed(value) for value in (-0.04, 0.0, 0.06, -12.34)] == ["0.0", "0.0", "+0.1", "−12.3"]
    assert [p_value(p) for p in (1e-9, 0.0456, 0.5)] == ["p < 0.001", "p = 0.046", "p = 0.50"]
