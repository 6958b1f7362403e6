"""Sentences must come out each way, on synthetic results."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hw3lib.display.prose import p_value, signed
from hw3lib.prompts import figures, prose
from hw3lib.prompts import study as prompt_study
from hw3lib.prompts.results import EnsembleScores, EnsembleStudy, FactorEffect, ProbeStudy, Shots, Study
from tests.support.predictions import comparison, effect, made_up, study_of, template_scores


@pytest.fixture(scope="module")
def study() -> Study:
    return prompt_study.score(*made_up(), 0)


def accuracies(**rates: float) -> Study:
    return study_of({name: template_scores(rate, {"dog": rate, "c*t": 1.0}) for name, rate in rates.items()})


def test_the_sentence_on_the_winner_follows_the_numbers() -> None:
    text = prose.winner_sentence(accuracies(first=0.5, second=0.625, third=0.25))
    assert (
        "`second` is the most accurate prompt: 0.6250, 12.5 points (6 images) before the next and 37.5 before the last"
        in text
    )
    assert "the baseline `first` reaches 0.5000" in text
    alone = prose.winner_sentence(accuracies(first=0.7, second=0.6))
    assert "`first` is the most accurate prompt" in alone
    assert "last" not in alone
    assert "baseline" not in alone
    assert "(1 image)" in prose.winner_sentence(accuracies(first=0.52, second=0.5))
    assert "`a` and `b` share the highest accuracy, 0.5000" in prose.winner_sentence(accuracies(a=0.5, b=0.5))
    assert prose.winner_sentence(accuracies(a=0.5)).endswith("`a` reaches an accuracy of 0.5000.")


def test_what_the_figures_speak_about_depends_on_the_data() -> None:
    demo = prose.data_sentence("demo", accuracies(a=0.5))
    real = prose.data_sentence("real", accuracies(a=0.5))
    assert "demo world" in demo
    assert "50 images in 2 classes" in demo
    assert "demo" not in real
    assert "real data" in real


def test_a_factors_verdict_follows_its_effect_and_its_p_value(study: Study) -> None:
    def sentences(value: float, p: float, second: float = 0.01, first: float = 0.03) -> str:
        frames = {"{object}": effect(first, 0.001), "a {object}": effect(second, 0.5)}
        factor = FactorEffect(**vars(effect(value, p)), per_frame=frames)
        return prose.factor_sentences(replace(study, factors={"article: a vs none": factor}))

    text = sentences(0.021, 0.0002)
    assert "raises accuracy: +2.1 [+1.1, +3.1] points, p < 0.001." in text
    assert "It goes up in 2 of 2 frames; it is significant in `{object}`." in text
    assert "lowers accuracy: −2.1 [" in sentences(-0.021, 0.01)
    assert "has no significant effect on average" in sentences(-0.021, 0.2)
    assert "Its sign changes: up in 1 of 2 frames, down in 1" in sentences(0.021, 0.2, second=-0.01)
    assert "It goes up in 1 of 2 frames and never the other way, 1 without change" in sentences(0.02, 0.2, second=0)
    assert "It goes down in 1 of 2 frames" in sentences(0.02, 0.2, second=-0.1, first=0)
    assert "In no frame does accuracy change." in sentences(0.0, 1, second=0, first=0)
    assert "cannot be told" in prose.factor_sentences(replace(study, factors={}))


def test_interactions_are_named_only_where_they_are_significant(study: Study) -> None:
    text = prose.factor_sentences(replace(study, interactions={"one *with* other": effect(0.1, 0.2)}))
    assert "None of the 1 interactions" in text
    text = prose.factor_sentences(replace(study, interactions={"one *with* other": effect(0.1, 0.001)}))
    assert "depend on each other: one \\*with\\* other" in text


def test_negation_comes_out_each_way(study: Study) -> None:
    def sentence(value: float = -0.2, p: float = 1e-9, accuracy: float = 0.1) -> str:
        negation = replace(study.negation, **vars(effect(value, p)))
        worst = max(negation.pairs, key=lambda key: abs(negation.pairs[key].effect))
        templates = study.templates | {worst: replace(study.templates[worst], accuracy=accuracy)}
        return prose.negation_sentence(replace(study, negation=negation, templates=templates))

    assert "Negation costs accuracy: −20.0 [" in sentence()
    assert "Negation raises accuracy" in sentence(0.2)
    assert "Negation has no significant effect" in sentence(p=0.4)
    assert "responds to the class name" in sentence(accuracy=0.9)
    assert "responds to the class name" not in sentence()
    assert "None of the prompt sets has a negation" in prose.negation_sentence(replace(study, negation=None))


def test_the_best_of_many_is_only_called_luck_where_it_is_not_significant(study: Study) -> None:
    first, *others = study.templates
    templates = {first: replace(study.templates[first], accuracy=0.5)}
    for number, key in enumerate(others):
        templates[key] = replace(
            study.templates[key], accuracy=0.4 - 0.001 * number, against_baseline=comparison(-0.1, 0.9)
        )
    none = prose.template_sentence(replace(study, templates=templates))
    assert f"none are more accurate than the baseline `{first}` and {len(others)} less" in none

    level = templates | {others[5]: replace(templates[others[5]], against_baseline=comparison(0.0, 1.0))}
    assert f"none are more accurate than the baseline `{first}` and {len(others) - 1} less" in prose.template_sentence(
        replace(study, templates=level)
    )

    def with_a_best(p: float) -> str:
        best = replace(templates[others[2]], accuracy=0.6, against_baseline=comparison(0.1, p, gained=9, lost=3))
        return prose.template_sentence(replace(study, templates=templates | {others[2]: best}))

    text = with_a_best(0.3)
    assert "none of the gains and none of the losses remain" in text
    assert "9 images won and 3 lost" in text
    assert "by luck" in text
    assert "1 of the gains" in with_a_best(0.0001)
    assert "by luck" not in with_a_best(0.0001)


def test_averaging_pays_only_where_it_is_significant(study: Study) -> None:
    def averaged(p: float = 0.001, nll: float = 0.8, members: int = 9) -> Study:
        rest = {"mean_per_class": 0.5, "top5": 0.9, "ece": 0.1}
        rows = [
            EnsembleScores(name="the baseline", members=["x"], accuracy=0.5, nll=1.0, against_baseline=None, **rest),
            EnsembleScores(
                name="all 9",
                members=["x"] * members,
                accuracy=0.6,
                nll=nll,
                against_baseline=comparison(0.1, p),
                **rest,
            ),
        ]
        return replace(study, ensemble=EnsembleStudy(30, 30, rows, []))

    def sentence(**changes: float) -> str:
        return prose.ensemble_sentence(averaged(**changes))

    assert prose.ensemble_rows(averaged()) == [
        ["the baseline", 1, 0.5, 0.1, 1.0, None], ["all 9", 9, 0.6, 0.1, 0.8, "+10.0 [+9.0, +11.0] points"],
    ]  # fmt: skip
    assert prose.ensemble_rows(replace(study, ensemble=None)) == []

    assert (
        "Averaging pays: all 9 is +10.0 [+9.0, +11.0] points against the baseline (p = 0.001, 30 images" in sentence()
    )
    assert "Averaging does not raise accuracy significantly" in sentence(p=0.3)
    assert "falls by up to 0.200 nats" in sentence()
    assert "falls" not in sentence(nll=1.2)
    assert "no ensemble of more than one" in sentence(members=1)
    assert "too few images" in prose.ensemble_sentence(replace(study, ensemble=None))


def test_the_sentence_on_calibration_names_both_ends(study: Study) -> None:
    text = prose.calibration_sentence(
        study_of({
            name: template_scores(0.5, {"dog": 0.5}, ece=error, nll=nll)
            for name, error, nll in (("a", 0.1, 1.5), ("b", 0.03, 1.25), ("c", 0.4, 2.0))
        })
    )  # fmt: skip
    assert "lie 10 points apart under the baseline" in text
    assert "3 under `b` and 40 under `c`" in text
    assert "most probable under `b` (negative log-likelihood 1.25 nats)" in text


def test_the_table_shows_both_ends_and_the_profiles_own_set(study: Study) -> None:
    rows = prose.template_rows(study, ends=2)
    names = [row[0] for row in rows]
    ranked = sorted(study.templates, key=lambda key: -study.templates[key].accuracy)
    assert names[:2] == ranked[:2]
    assert names[-2:] == ranked[-2:]
    assert set(study.prompts) <= set(names)
    assert len(names) == len(set(names))
    assert all(len(row) == len(prose.TEMPLATE_COLUMNS) for row in rows)


def test_every_figure_can_be_drawn_and_holds_the_numbers(study: Study) -> None:
    drawn = figures.factor_effects(study)
    shown = {text.get_text() for axes in drawn.axes for text in axes.texts}
    assert signed(100 * study.negation.effect) in shown
    points = figures.all_templates(study).axes[0].lines
    hollow = [line.get_fillstyle() == "none" for line in points if line.get_linestyle() == "None"]
    counts = [len(line.get_xdata()) for line in points if line.get_linestyle() == "None"]
    assert sum(counts) == len(study.templates)
    significant = sum(bool(t.against_baseline and t.against_baseline.significant) for t in study.templates.values())
    assert sum(count for count, empty in zip(counts, hollow, strict=True) if empty) == significant
    curve = ProbeStudy([1, 2], [Shots(n, n / 10, 0, 1) for n in (1, 2)], 0.3, None, 5, 20, 10.0, "a {object}")
    assert figures.shots(curve).axes[0].lines[0].get_ydata().tolist() == [0.1, 0.2]
    with pytest.raises(ValueError, match="design"):
        figures.factor_effects(replace(study, factors={}))


def test_nothing_is_written_with_a_minus_zero() -> None:
    assert [signed(value) for value in (-0.04, 0.0, 0.06, -12.34)] == ["0.0", "0.0", "+0.1", "−12.3"]
    assert [p_value(p) for p in (1e-9, 0.0456, 0.5)] == ["p < 0.001", "p = 0.046", "p = 0.50"]
