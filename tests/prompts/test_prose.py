"""Sentences must come out each way, on synthetic results."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from hw3lib.display.prose import code, p_value, signed
from hw3lib.prompts import prose
from hw3lib.prompts import study as prompt_study
from hw3lib.prompts.examples import Ranked
from hw3lib.prompts.results import (
    Accuracies,
    EnsembleScores,
    EnsembleStudy,
    FactorEffect,
    ProbeStudy,
    Shots,
    Study,
    UnseenStudy,
)
from tests.support.predictions import comparison, effect, made_up, study_of, template_scores


@pytest.fixture(scope="module")
def study() -> Study:
    return prompt_study.score(*made_up(), 0)


UNSEEN = UnseenStudy(
    clip=0.7, supervised=0.0, n=40, low=0.6, high=0.8, p=0.0, confidence=0.5, seen=Accuracies(0.8, 0.9, 20), taught=3,
    train=30, network="a_b<script>", classes=[], of=7, template="a {object}",
)  # fmt: skip


def accuracies(**rates: float) -> Study:
    return study_of({name: template_scores(rate, {"dog": rate, "c*t": 1.0}) for name, rate in rates.items()})


def test_the_sentence_on_the_winner_follows_the_numbers() -> None:
    text = prose.winner_sentence(accuracies(first=0.5, second=0.625, third=0.25))
    assert text.startswith(
        "`second` is the most accurate of the profile's prompts: 0.6250 on 50 images in 2 classes, 12.5 "
        "points (6 images)"
    )
    assert "ahead of the next and 37.5 points ahead of the last." in text
    alone = prose.winner_sentence(accuracies(first=0.7, second=0.6))
    assert "`first` is the most accurate of the profile's prompts" in alone
    assert "last" not in alone
    assert "guessing" not in alone
    assert "(1 image)" in prose.winner_sentence(accuracies(first=0.52, second=0.5))
    assert "`a` and `b` share the highest accuracy, 0.5000" in prose.winner_sentence(accuracies(a=0.5, b=0.5))
    assert "No prompt is more accurate than guessing (0.5000)." in prose.winner_sentence(accuracies(a=0.5, b=0.4))
    one = prose.winner_sentence(accuracies(a=0.6))
    assert (
        one
        == "`a` reaches an accuracy of 0.6000 on 50 images in 2 classes; there is no other prompt to compare it with."
    )


def test_prompts_that_differ_from_the_baseline_are_named_after_the_correction() -> None:
    def sentence(*p_values: float) -> str:
        rates = {"dog": 0.5, "cat": 0.9}
        others = {
            f"p{n}": template_scores(0.6, rates, against_baseline=comparison(-0.1, p)) for n, p in enumerate(p_values)
        }
        return prose.winner_sentence(study_of({"base": template_scores(0.7, rates), **others}))

    assert "No prompt differs significantly from the baseline `base` after Holm's correction." in sentence(0.3, 0.2)
    one = sentence(0.001, 0.2)
    assert "`p0` (−10.0 [−11.0, −9.0] points) differs significantly from the baseline `base`; the others do not." in one
    both = sentence(0.001, 0.002)
    assert both.endswith("differ significantly from the baseline `base`.")


def test_why_zero_shot_works_is_answered_with_the_numbers() -> None:
    unseen = UNSEEN
    text = prose.zero_shot_sentence(replace(accuracies(a=0.6, b=0.7), unseen=unseen), "the demo's small CLIP")
    assert "the demo's small CLIP reaches an accuracy of 0.7000 with the best of the profile's prompts on 50" in text
    assert "on 50 images in 2 classes, where guessing reaches 0.5000." in text
    assert "on 40 images of such classes its accuracy is 0.00, and CLIP's is 0.70." in text
    assert "supervised" not in prose.zero_shot_sentence(accuracies(a=0.6), "CLIP")
    assert "no more than guessing reaches 0.5000" in prose.zero_shot_sentence(accuracies(a=0.5), "CLIP")
    one = prose.zero_shot_sentence(study_of({"a": template_scores(1.0, {"dog": 1.0})}), "CLIP")
    assert "only one class" in one


def test_what_the_figures_speak_about_depends_on_the_data() -> None:
    demo = prose.data_sentence("demo", accuracies(a=0.5))
    real = prose.data_sentence("real", accuracies(a=0.5))
    assert "demo world" in demo
    assert real == "This run's accuracies come from real photographs."
    published = study_of({
        name: template_scores(0.5, {"dog": 0.5}, published=rate) for name, rate in (("a", 0.6), ("b", 0.7), ("c", None))
    })  # fmt: skip
    text = prose.data_sentence("demo", published)
    assert "There `b` is the most accurate (0.7000) and `a` the least (0.6000)." in text
    assert "Only the order of the prompts can be compared, not the level: `a` is last in both" in text
    assert "Only the order" not in prose.data_sentence("real", published)
    other = prose.data_sentence("other", published)
    assert other.startswith("This run's accuracies come from real photographs. The published ones come from 2500")
    assert "Only the order of the prompts can be compared, not the level: `a` is last in both" in other


def test_the_order_of_the_prompts_is_compared_with_the_published_one() -> None:
    def sentence(base: float = 0.7, better: float = 0.6, p: float = 0.5, worst: float = 0.2) -> str:
        rates = {"dog": 0.5}
        return prose.data_sentence("real", study_of({
            "base": template_scores(base, rates, published=0.6),
            "better": template_scores(better, rates, published=0.7, against_baseline=comparison(better - base, p)),
            "worst": template_scores(worst, rates, published=0.5, against_baseline=comparison(worst - base, 0.001)),
        }))  # fmt: skip

    text = sentence()
    assert "In order: `worst` is last in both, and 2 of 3 pairs of prompts stand in the same order." in text
    assert text.endswith("of `better` from the baseline has the opposite sign here, where it is not significant.")
    assert sentence(p=0.001).endswith("where it is significant for `better`.")
    assert sentence(better=0.8).endswith("and 3 of 3 pairs of prompts stand in the same order.")
    assert "here `better` is last, and 1 of 3 pairs" in sentence(better=0.1)


def test_right_and_wrong_answers_to_the_images_are_told() -> None:
    def ranked(truth: str, answer: str) -> Ranked:
        return Ranked(Image.new("RGB", (8, 8)), truth, [(answer, 0.5), ("x", 0.3)])

    text = prose.examples_sentence(
        [ranked("dog", "dog"), ranked("a*t", "bee"), ranked("cow", "cat")], "a {object}", "demo"
    )
    assert text.startswith(
        "Under `a {object}`, CLIP is right on 1 of the 3 images shown: dog (0.50). It takes a\\*t for"
    )
    assert "It takes a\\*t for bee (0.50) and cow for cat (0.50)." in text
    assert text.endswith("A drawing shows several objects, and its label is the main one.")
    assert "drawing" not in prose.examples_sentence([ranked("dog", "dog")], "a", "real")
    assert "It takes" not in prose.examples_sentence([ranked("dog", "dog")], "a", "real")
    assert "right on 0 of the 1 image shown. It takes" in prose.examples_sentence([ranked("dog", "cat")], "a", "real")


def test_a_factors_verdict_follows_its_effect_and_its_p_value(study: Study) -> None:
    def sentences(value: float, p: float, second: float = 0.01, first: float = 0.03) -> str:
        carriers = {"{object}": effect(first, 0.001), "a {object}": effect(second, 0.5)}
        factor = FactorEffect(**vars(effect(value, p)), per_carrier=carriers)
        return prose.factor_sentences(replace(study, factors={"article: a vs none": factor}))

    text = sentences(0.021, 0.0002)
    assert "raises accuracy: +2.1 [+1.1, +3.1] points, p < 0.001 after Holm's correction." in text
    assert (
        "The effect is positive in 2 of 2 carrier sentences; with the correction it is significant in `{object}`."
        in text
    )
    assert "lowers accuracy: −2.1 [" in sentences(-0.021, 0.01)
    # A lack of significance is no evidence; the equivalence test is, up to a 90 % interval that touches the margin.
    assert "has no effect on average that would matter: 0.0 [" in sentences(0.0, 0.9).replace("+", "")
    assert "has no effect on average that would matter" in sentences(0.0016, 0.9)
    assert "has an undecided effect" in sentences(0.0017, 0.9)
    assert "raises accuracy, negligibly: +0.1 [" in sentences(0.001, 0.01)
    assert "has an undecided effect on average: −2.1 [−3.1, −1.1] points, p = 0.20 after" in sentences(-0.021, 0.2)
    assert "correction; so many images show only effects from 1.4 points on with a power" in sentences(-0.021, 0.2)
    assert "The effect is positive in 1 of 2 carrier sentences and negative in 1; with the correction" in sentences(
        0.021, 0.2, second=-0.01
    )
    assert "The effect is positive in 1 of 2 carrier sentences;" in sentences(0.02, 0.2, second=0)
    assert "The effect is positive in 1 of 2 carrier sentences;" in sentences(0.02, 0.2, second=-0.0004)  # shown as 0.0
    assert "The effect is negative in 1 of 2 carrier sentences" in sentences(0.02, 0.2, second=-0.1, first=0)
    assert "Accuracy changes in none of the carrier sentences by as much as 0.1 points." in sentences(
        0.0, 1, second=0, first=0
    )
    assert "cannot be told" in prose.factor_sentences(replace(study, factors={}))


def test_interactions_are_named_only_where_they_are_significant(study: Study) -> None:
    assert "interactions" not in prose.factor_sentences(replace(study, interactions={}))
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

    assert "Negation lowers accuracy: −20.0 [" in sentence()
    assert "Negation raises accuracy" in sentence(0.2)
    assert "Negation has an undecided effect on average" in sentence(p=0.4)
    assert "Negation has no effect on average that would matter: 0.1 [−0.9" in sentence(0.001, p=0.4).replace("+", "")
    assert "(p = 0.40; within 1 point by the equivalence test, p = 0.039)" in sentence(0.001, p=0.4)
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
    count = len(others)
    assert f"`{first}`, accuracy is higher under none of {count} other templates and lower under {count}." in none

    level = templates | {others[5]: replace(templates[others[5]], against_baseline=comparison(0.0, 1.0))}
    assert (
        f"higher under none of {len(others)} other templates and lower under {len(others) - 1}."
        in prose.template_sentence(replace(study, templates=level))
    )

    def with_a_best(p: float) -> str:
        best = replace(templates[others[2]], accuracy=0.6, against_baseline=comparison(0.1, p, gained=9, lost=3))
        return prose.template_sentence(replace(study, templates=templates | {others[2]: best}))

    text = with_a_best(0.3)
    assert "Significant after Holm's correction: none of the gains and none of the losses." in text
    assert "9 images gained, 3 lost, not significant (p = 0.30" in text
    assert "1 of the gains" in with_a_best(0.0001)
    assert "not significant" not in with_a_best(0.0001)


def test_class_names_that_were_cut_are_told() -> None:
    rates = {"dog": 0.5, "cat": 0.9}
    study = study_of({"a": template_scores(0.5, rates, cut_names=1), "b": template_scores(0.5, rates, cut_names=2)})
    assert "under 2 templates some class names are cut off, at most 2 of 2 (under `b`)" in prose.template_sentence(
        study
    )
    assert "cut off" not in prose.template_sentence(accuracies(a=0.5))


def test_an_ensemble_is_said_to_help_only_where_it_is_significant(study: Study) -> None:
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
        ["the baseline", 1, 0.5, 0.1, 1.0, "the baseline"], ["all 9", 9, 0.6, 0.1, 0.8, "+10.0 [+9.0, +11.0]"],
    ]  # fmt: skip
    assert prose.ensemble_rows(replace(study, ensemble=None)) == []

    assert "An ensemble raises accuracy: the best (all 9) differs from the baseline by +10.0 [" in sentence()
    assert "points (p = 0.001 after Holm's correction, 30 images" in sentence()
    assert "No ensemble raises accuracy significantly" in sentence(p=0.3)
    assert "falls by up to 0.200 nats" in sentence()
    assert "falls" not in sentence(nll=1.2)
    assert "no ensemble of more than one" in sentence(members=1)
    assert "too few images" in prose.ensemble_sentence(replace(study, ensemble=None))


def test_prompt_sets_have_one_name_in_tables_and_sentences() -> None:
    rates = {"dog": 0.5}
    sets = {"a": ["report"], "b": ["imagenet80"], "c": ["mine", "report"]}
    study = study_of({key: replace(template_scores(0.5, rates), sets=names) for key, names in sets.items()})
    assert [prose.set_name(study, name) for name in ("report", "imagenet80", "mine")] == [
        "the profile's prompts", "ImageNet templates (Radford et al.)", "templates of “mine”",
    ]  # fmt: skip
    rest = {"members": ["a", "b"], "accuracy": 0.5, "mean_per_class": 0.5, "top5": 0.9, "ece": 0.1, "nll": 1.0}
    names = ("all 2 of “report”", "all 2 of “mine”", "all 3 studied", "greedy, grown on the other half")
    rows = [EnsembleScores(name=name, against_baseline=None, **rest) for name in names]
    shown = prose.ensemble_rows(replace(study, ensemble=EnsembleStudy(30, 30, rows, [])))
    assert [row[0] for row in shown] == [
        "the profile's prompts", "templates of “mine”", "all 3 studied",
        "greedy ensemble",
    ]  # fmt: skip


def test_the_sentence_on_calibration_names_both_ends(study: Study) -> None:
    text = prose.calibration_sentence(
        study_of({
            name: template_scores(0.5, {"dog": 0.5}, ece=error, nll=nll)
            for name, error, nll in (("a", 0.1, 1.5), ("b", 0.03, 1.25), ("c", 0.4, 2.0))
        })
    )  # fmt: skip
    assert "calibration error is 10 points under the baseline, and between 3 (under `b`) and 40 (under `c`)" in text
    assert "most probable under `b` (NLL 1.25 nats)" in text
    assert "between" not in prose.calibration_sentence(accuracies(a=0.5))


def test_the_table_shows_both_ends_and_the_profiles_own_set(study: Study) -> None:
    columns, rows = prose.template_table(study, ends=2)
    names = [row[0] for row in rows]
    ranked = sorted(study.templates, key=lambda key: -study.templates[key].accuracy)
    assert names[:2] == ranked[:2]
    assert names[-2:] == ranked[-2:]
    assert set(study.prompts) <= set(names)
    assert len(names) == len(set(names))
    assert all(len(row) == len(columns) for row in rows)


def test_the_mean_over_classes_is_a_column_only_where_it_differs_from_the_accuracy() -> None:
    uneven = template_scores(0.5, {"dog": 0.5})
    for mean, shown in ((0.5, False), (0.4, True)):
        columns, rows = prose.template_table(study_of({"a": replace(uneven, mean_per_class=mean)}))
        assert ("per class" in columns) == shown
        assert len(rows[0]) == len(columns)


def test_nothing_is_written_with_a_minus_zero() -> None:
    assert [signed(value) for value in (-0.04, 0.0, 0.06, -12.34)] == ["0.0", "0.0", "+0.1", "−12.3"]
    assert [p_value(p) for p in (1e-9, 0.0456, 0.5)] == ["p < 0.001", "p = 0.046", "p = 0.50"]


def test_sentences_show_names_as_they_are() -> None:
    text = prose.class_sentence(accuracies(first=0.5, second=0.625))
    assert "dog (0.62), c\\*t (1.00)" in text.replace(" and ", ", ")
    assert "1 of 2 classes is classified without an error." in text
    assert "0.50 under `first`, 0.62 under `second`" in text
    assert code("a `b` c``") == "``` a `b` c`` ```"


def test_the_three_hardest_classes_are_named() -> None:
    study = study_of({"a": template_scores(0.5, {"ant": 0.4, "bee": 0.2, "cat": 0.3, "dog": 0.9})})
    assert "the lowest accuracies are those of bee (0.20), cat (0.30) and ant (0.40); none" in prose.class_sentence(
        study
    )


def test_where_the_prompt_changes_no_class_none_is_named() -> None:
    assert "matters most" not in prose.class_sentence(accuracies(first=0.5, second=0.5))


def test_classes_that_gain_and_lose_are_those_of_the_best_other_template() -> None:
    before, after = {"a": 0.5, "b": 0.5, "c": 0.5, "d*": 0.1}, {"a": 0.5, "b": 0.7, "c": 0.4, "d*": 0.9}
    templates = {"base": template_scores(0.1, before), "x": template_scores(0.1, before)}
    study = study_of(templates | {"best": template_scores(0.9, after)})
    changes = prose.class_changes(study)
    assert (changes.template, changes.helped, changes.hurt) == ("best", ["d*", "b"], ["c"])
    assert prose.class_changes(study, count=1).helped == ["d*"]
    four = template_scores(0.9, {name: rate + 0.1 * place for place, (name, rate) in enumerate(before.items(), 1)})
    assert prose.class_changes(study_of(templates | {"best": four})).helped == ["d*", "c", "b"]
    sizes = dict.fromkeys(before, 10)
    text = prose.changed_sentence(study, sizes)
    assert "d\\* (0.10 to 0.90: 8 of 10 images) and b (0.50 to 0.70: 2 of 10 images) gain most;" in text
    assert "c (0.50 to 0.40: 1 of 10 images) loses most." in text
    kept = study_of({"base": template_scores(0.95, before), "best": template_scores(0.9, after)})
    assert prose.class_changes(kept).template == "best"  # the baseline is compared with another, if worse
    assert prose.class_changes(study_of({"base": template_scores(0.9, before)})).helped == []
    assert "no other template" in prose.changed_sentence(study_of({"base": template_scores(0.9, before)}), sizes)
    same = study_of(templates | {"best": template_scores(0.9, before)})
    assert "no class changes" in prose.changed_sentence(same, sizes)
    up = study_of(templates | {"best": template_scores(0.9, before | {"a": 0.6})})
    assert "a (0.50 to 0.60: 1 of 10 images) gains most; none loses." in prose.changed_sentence(up, sizes)
    down = study_of(templates | {"best": template_scores(0.9, before | {"a": 0.4, "b": 0.3})})
    assert "no class gains; b (0.50 to 0.30: 2 of 10 images) and a (0.50 to 0.40: 1 of" in prose.changed_sentence(
        down, sizes
    )


def test_the_most_frequent_confusions_are_counted() -> None:
    counts = np.array([[5, 3, 0], [1, 7, 0], [0, 0, 8]])
    text = prose.confusion_sentence(["ant", "b*e", "cat"], counts)
    assert text == "CLIP most often takes ant for b\\*e (3 images) and b\\*e for ant (1 image)."
    assert "No image" in prose.confusion_sentence(["ant"], np.array([[4]]))
    many = prose.confusion_sentence([*"abcd"], np.full((4, 4), 2))
    assert "The ten most frequent confusions make up 83 % of all 24 errors." in many


def probe(crossing: int | None, high: float) -> ProbeStudy:
    return ProbeStudy([4], [Shots(4, 0.7, 0.6, high)], 0.75, crossing, 5, 20, 10.0, "a {object}")


def test_what_the_prompt_is_worth_in_labelled_images_comes_out_each_way() -> None:
    assert "From 4 labelled images per class on, a linear probe" in prose.probe_sentence(probe(4, 0.8))
    assert "From 1 labelled image per class" in prose.probe_sentence(probe(1, 0.8))
    assert "The prompt is worth at least 4 labelled images per class, the most that was tried" in prose.probe_sentence(
        probe(None, 0.8)
    )
    assert "The prompt is worth more" in prose.probe_sentence(probe(None, 0.72))
    assert "needs two classes" in prose.probe_sentence(None)


def test_what_was_seen_by_whom_is_said_for_demo_and_for_real_data() -> None:
    demo, real = (prose.unseen_sentence(data, UNSEEN) for data in ("demo", "real"))
    assert "trained on 30 images of 3 of the 7 classes" in demo
    assert "answers with one of its 3 classes, with a mean confidence of 0.50" in demo
    assert "the difference in accuracy is +70 [+60, +80] points" in real
    assert "The demo's CLIP" in demo
    assert "demo" not in real
    assert "<script>" not in demo
    assert "at least four classes" in prose.unseen_sentence("demo", None)
