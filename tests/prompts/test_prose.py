"""Sentences must come out each way, on synthetic results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from hw3lib.display.prose import code, p_value, signed
from hw3lib.prompts import prose
from hw3lib.prompts import study as prompt_study
from hw3lib.prompts.answers import Answers
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
from tests.support.predictions import comparison, effect, in_halves, made_up, study_of, template_scores


@pytest.fixture(scope="module")
def study() -> Study:
    return prompt_study.score(*made_up(), 0)


UNSEEN = UnseenStudy(
    clip=0.7, supervised=0.0, n=40, low=0.6, high=0.8, p=0.0, confidence=0.5, seen=Accuracies(0.8, 0.9, 20), taught=3,
    train=30, network="a_b<script>", classes=["a", "b", "c", "d"], of=7, template="a {object}",
)  # fmt: skip


def accuracies(**rates: float) -> Study:
    return study_of({name: template_scores(rate, {"dog": rate, "c*t": 1.0}) for name, rate in rates.items()})


def test_the_sentence_on_the_winner_follows_the_numbers() -> None:
    text = prose.winner_sentence(accuracies(first=0.5, second=0.625, third=0.25))
    assert text.startswith(
        "`second` is the most accurate of the profile's prompts: 0.6250 on 50 images in 2 classes; the next, `first`, "
        "differs from it by −12.5 points, and the last, `third`, by −37.5 points."
    )
    alone = prose.winner_sentence(accuracies(first=0.7, second=0.6))
    assert "`first` is the most accurate of the profile's prompts" in alone
    assert "last" not in alone
    assert "guessing" not in alone
    gap = {"second": comparison(-0.02, 0.3)}
    known = prose.winner_sentence(replace(accuracies(first=0.52, second=0.5), behind=gap))
    assert "the next, `second`, differs from it by −2.0 [−3.0, −1.0] points." in known
    even = prose.winner_sentence(accuracies(a=0.5, b=0.5))
    assert "`a` and `b` share the highest accuracy of the profile's prompts: 0.5000" in even
    assert "the next, `b`, differs from `a` by 0.0 points." in even
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

    assert "After Holm's correction, no prompt differs significantly from the baseline `base`." in sentence(0.3, 0.2)
    one = sentence(0.001, 0.2)
    assert "`p0` (−10.0 [−11.0, −9.0] points) differs significantly from the baseline `base`." in one
    assert one.endswith("By the equivalence test, `p1` is undecided.")
    both = sentence(0.001, 0.002)
    assert both.endswith("differ significantly from the baseline `base`.")


def test_the_comparison_with_the_baseline_says_that_it_is_over_all_images_where_others_are_over_a_half() -> None:
    rates = {"dog": 0.5, "cat": 0.9}
    for p, said in (
        (0.001, "after Holm's correction, `p` (−10.0 ["),
        (0.3, "after Holm's correction, no prompt differs"),
    ):
        other = template_scores(0.6, rates, against_baseline=comparison(-0.1, p))
        told = study_of({"base": template_scores(0.7, rates), "p": other})
        assert f" Over all 50 images and {said}" in prose.winner_sentence(in_halves(told, told.templates))
        assert f" {said[0].upper()}{said[1:]}" in prose.winner_sentence(told)


def test_that_a_prompt_makes_no_difference_is_said_where_the_equivalence_test_shows_it() -> None:
    def sentence(*effects: float) -> str:
        rates = {"dog": 0.5, "cat": 0.9}
        others = {f"p{n}": template_scores(0.6, rates, against_baseline=comparison(e)) for n, e in enumerate(effects)}
        return prose.winner_sentence(study_of({"base": template_scores(0.7, rates), **others}))

    # The 90 % interval reaches 0.84 points further than the effect, so that 0.0016 is the most that is negligible.
    assert sentence(0.0016).endswith("By the equivalence test, `p0` differs by no more than 1 point.")
    assert sentence(0.0017).endswith("By the equivalence test, `p0` is undecided.")
    assert sentence(0.0, 0.02, 0.0).endswith("`p0` and `p2` differ by no more than 1 point, and `p1` is undecided.")
    assert sentence(*[0.0] * 5, 0.05).endswith("5 of 6 differ by no more than 1 point, and `p5` is undecided.")


def test_the_best_prompt_is_chosen_on_one_half_and_told_on_the_other() -> None:
    """``first`` wins where the choice is made, ``second`` where it is reported."""
    told = accuracies(first=0.6, second=0.8, third=0.3)
    study = in_halves(told, accuracies(first=0.9, second=0.5, third=0.4).templates)
    text = prose.winner_sentence(replace(study, behind={"second": comparison(0.2), "third": comparison(-0.3)}))
    assert text == (
        "`first` is the most accurate of the profile's prompts on one half of the images, followed by `second`; "
        "`third` is last. On the other half, 25 images in 2 classes, `first` has an accuracy of 0.6000; `second` "
        "differs from it by +20.0 [+19.0, +21.0] points and `third` by −30.0 [−31.0, −29.0] points."
    )
    why = prose.zero_shot_sentence(study, "CLIP")
    assert "an accuracy of 0.6000 with the best of the profile's prompts (chosen on other images) on 25 images" in why
    even = in_halves(told, {
        name: template_scores(0.9, {"dog": 0.9, "c*t": 1.0}, nll=nll) for name, nll in (("first", 2.0), ("second", 1.0))
    } | {"third": told.templates["third"]})  # fmt: skip
    text = prose.winner_sentence(even)
    assert text.startswith(
        "`second` and `first` share the highest accuracy of the profile's prompts on one half of the images, followed "
        "by `third`. On the other half, 25 images in 2 classes, `second`, which has the lower NLL, has an accuracy of "
        "0.8000; `first` differs from it by −20.0 points and `third` by −50.0 points."
    )
    even = in_halves(told, dict.fromkeys(told.templates, template_scores(0.9, {"dog": 0.9, "c*t": 1.0})))
    assert "on one half of the images. On the other half" in prose.winner_sentence(even)  # no other follows
    even = in_halves(told, even.halves.choosing | {"first": template_scores(1.0, {"dog": 1.0, "c*t": 1.0})})
    text = prose.winner_sentence(even)
    assert "images, followed by `second` and `third` (equally accurate there). On the other half" in text
    assert "`second` differs from it by +20.0 points and `third` by −30.0 points." in text
    alone = accuracies(only=0.7)
    text = prose.winner_sentence(in_halves(alone, accuracies(only=0.4).templates))
    assert "`only` reaches an accuracy of 0.7000 on 50 images" in text  # nothing was chosen: it is told on all


def test_which_images_chose_is_said_once() -> None:
    study = accuracies(a=0.5, b=0.6)
    assert "too few images for two halves" in prose.halves_sentence(study)
    assert "drawn at random (25), and is reported on the other half (25)." in prose.halves_sentence(
        in_halves(study, study.templates)
    )
    assert prose.reported_on(study) == ""
    assert prose.reported_on(in_halves(study, study.templates)) == " on the 25 images that did not choose their order"


def test_an_accuracy_has_its_interval_where_it_is_told() -> None:
    scores = template_scores(0.5, {"dog": 0.5, "cat": 0.5}, low=0.41, high=0.592, nll_low=0.9, nll_high=1.1)
    study = study_of({"a": scores})
    assert "`a` reaches an accuracy of 0.5000 [0.410, 0.592] on 50 images" in prose.winner_sentence(study)
    assert "(NLL 1.00 [0.90, 1.10] nats)" in prose.calibration_sentence(study)


def test_why_zero_shot_works_is_answered_with_the_numbers() -> None:
    unseen = UNSEEN
    text = prose.zero_shot_sentence(replace(accuracies(a=0.6, b=0.7), unseen=unseen), "the demo's small CLIP")
    assert "the demo's small CLIP reaches an accuracy of 0.7000 with the best of the profile's prompts on 50" in text
    assert "on 50 images in 2 classes, where guessing reaches 0.5000." in text
    assert "on 40 images of 4 such classes its accuracy is 0.00, and CLIP's is 0.70." in text
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
    assert "In order: `worst` is last in both, and 2 of 3 pairs of prompts stand in the same order, whether" in text
    assert "or not. Of the 2 pairs with the baseline, 1 differs significantly here." in text
    assert "Of the 2 pairs with the baseline, 2 differ significantly here." in sentence(p=0.001)
    assert text.endswith("of `better` from the baseline has the opposite sign here, where it is not significant.")
    assert sentence(p=0.001).endswith("where it is significant for `better`.")
    assert "and 3 of 3 pairs of prompts stand in the same order" in sentence(better=0.8)
    assert sentence(better=0.8).endswith("differs significantly here.")
    assert "here `better` is last, and 1 of 3 pairs" in sentence(better=0.1)


def test_right_and_wrong_answers_to_the_images_are_told() -> None:
    def ranked(truth: str, answer: str) -> Ranked:
        return Ranked(Image.new("RGB", (8, 8)), truth, [(answer, 0.5), ("x", 0.3)])

    text = prose.examples_sentence(
        [ranked("dog", "dog"), ranked("a*t", "bee"), ranked("cow", "cat")], "a {object}", "demo"
    )
    assert text.startswith(
        "Under `a {object}`, CLIP is right on dog (0.50), and takes a\\*t for bee (0.50) and cow for cat (0.50). In "
    )
    assert text.endswith("A drawing shows several objects, and its label is the main one.")
    assert "drawing" not in prose.examples_sentence([ranked("dog", "dog")], "a", "real")
    assert "takes" not in prose.examples_sentence([ranked("dog", "dog")], "a", "real")
    assert "`a`, CLIP takes dog for cat (0.50)." in prose.examples_sentence([ranked("dog", "cat")], "a", "real")


def test_where_the_prompts_disagree_it_is_told_what_each_answers() -> None:
    answers = replace(
        confused((0, 0), (1, 1), (2, 2)), classes=np.array([[[0], [1], [2]], [[0], [2], [2]], [[0], [1], [0]]]),
        templates=["x", "y", "z"],
    )  # fmt: skip
    assert prose.disagreement_sentence(answers, "xyz", [0, 1, 2]) == (
        "The prompts' answers differ. To the image of b\\*e they are b\\*e (`x` and `z`) and cat (`y`). To the image "
        "of cat they are cat (`x` and `y`) and ant (`z`)."
    )
    assert "all prompts give one answer" in prose.disagreement_sentence(answers, "xyz", [0])
    assert prose.disagreement_sentence(answers, "x", [0, 1]) == "There is one prompt."


def test_a_factors_verdict_follows_its_effect_and_its_p_value(study: Study) -> None:
    def sentences(value: float, p: float, second: float = 0.01, first: float = 0.03) -> str:
        carriers = {"{object}": effect(first, 0.001), "a {object}": effect(second, 0.5)}
        factor = FactorEffect(**vars(effect(value, p)), per_carrier=carriers)
        return prose.factor_sentences(replace(study, factors={"article: a vs none": factor}))

    text = sentences(0.021, 0.0002)
    assert "raises accuracy: +2.1 [+1.1, +3.1] points, p < 0.001 after Holm's correction." in text
    assert (
        "The effect is positive in 2 of 2 carrier sentences; with the correction it is significant in `{object}`, and "
        "within 1 point by the equivalence test in none." in text
    )
    assert "significant in `{object}`, and within 1 point by the equivalence test in 1." in sentences(
        0.021, 0.0002, second=0.001
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
    assert "None of the 1 interactions is significant after Holm's correction; none of them are within 1 point" in text
    text = prose.factor_sentences(replace(study, interactions={"a": effect(0.0, 0.2), "b": effect(0.1, 0.2)}))
    assert "None of the 2 interactions is significant after Holm's correction; 1 of them is within 1 point by" in text
    text = prose.factor_sentences(replace(study, interactions={"one *with* other": effect(0.1, 0.001)}))
    assert "depend on each other: one \\*with\\* other" in text


def test_negation_comes_out_each_way(study: Study) -> None:
    def sentence(value: float = -0.2, p: float = 1e-9, accuracy: float = 0.1) -> str:
        negation = replace(study.negation, **vars(effect(value, p)))
        worst = max(negation.pairs, key=lambda key: abs(negation.pairs[key].effect))
        templates = study.templates | {
            key: replace(study.templates[key], accuracy=accuracy - 0.9 * (key != worst)) for key in negation.pairs
        }
        templates |= {
            pair.counterpart: replace(study.templates[pair.counterpart], accuracy=accuracy - 1.8 * (key == worst))
            for key, pair in negation.pairs.items()
        }
        return prose.negation_sentence(replace(study, negation=negation, templates=templates, halves=None))

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
    study = replace(study, halves=None)
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
    assert f"The most accurate template is `{others[2]}`: +10.0 [+9.0, +11.0] points against the baseline (9" in text
    assert "(9 images gained, 3 lost, p = 0.30; so many images show only effects from 1.4 points on" in text
    assert "The highest of so many accuracies is partly luck." in text
    assert "1 of the gains" in with_a_best(0.0001)
    assert "p < 0.001). The highest" in with_a_best(0.0001)
    assert f"The most accurate template is `{first}`, the baseline itself." in none


def test_the_best_template_of_all_is_one_comparison_where_other_images_chose_it() -> None:
    rates = {"dog": 0.5, "cat": 0.9}
    gain = replace(comparison(0.05, 0.03, gained=4, lost=1), holm=0.6)
    told = study_of({
        "base": template_scores(0.7, rates), "a": template_scores(0.6, rates, against_baseline=gain),
        "b": template_scores(0.9, rates, against_baseline=comparison(0.2)),
    })  # fmt: skip
    chosen = {"base": 0.6, "a": 0.8, "b": 0.5}
    text = prose.template_sentence(in_halves(told, {key: template_scores(rate, rates) for key, rate in chosen.items()}))
    assert "The most accurate template on one half of the images is `a`: +5.0 [+4.0, +6.0] points against" in text
    assert "on the other half of the images (4 images gained, 1 lost, p = 0.030)." in text  # not Holm's 0.6
    assert "luck" not in text


def test_class_names_that_were_cut_are_told() -> None:
    rates = {"dog": 0.5, "cat": 0.9}
    study = study_of({"a": template_scores(0.5, rates, cut_names=1), "b": template_scores(0.5, rates, cut_names=2)})
    assert "under 2 templates some class names are cut off, at most 2 of 2 (under `b`)" in prose.template_sentence(
        study
    )
    assert "cut off" not in prose.template_sentence(accuracies(a=0.5))


def test_an_ensemble_is_said_to_help_only_where_it_is_significant(study: Study) -> None:
    def averaged(p: float = 0.001, nll: float = 0.8, members: int = 9) -> Study:
        """Chosen on other images, so that the uncorrected p-value counts."""
        rest = {"mean_per_class": 0.5, "top5": 0.9, "ece": 0.1}
        rows = [
            EnsembleScores(name="the baseline", members=["x"], accuracy=0.5, nll=1.0, against_baseline=None, **rest),
            EnsembleScores(
                name="all 9",
                members=["x"] * members,
                accuracy=0.6,
                nll=nll,
                against_baseline=replace(comparison(0.1, p, gained=3, lost=1), holm=1.0),
                **rest,
            ),
        ]
        return replace(study, ensemble=EnsembleStudy(30, 30, rows, []))

    def sentence(**changes: float) -> str:
        return prose.ensemble_sentence(averaged(**changes))

    assert prose.ensemble_rows(averaged()) == [
        ["the baseline", 1, 0.5, 0.1, 1.0, "the baseline", None, None, None],
        ["all 9", 9, 0.6, 0.1, 0.8, "+10.0 [+9.0, +11.0]", 3, 1, "0.001"],
    ]  # fmt: skip
    assert prose.ensemble_rows(replace(study, ensemble=None)) == []

    best = "An ensemble raises accuracy: the best on the half that chooses (all 9) differs from the baseline by +10.0 ["
    assert best in sentence()
    assert "points on the other 30 images (p = 0.001)." in sentence()
    assert "No ensemble raises accuracy significantly" in sentence(p=0.3)
    assert "(p = 0.30; so many images show only effects from 1.4 points on with a power" in sentence(p=0.3)
    assert "changes there by −0.200 nats with the ensemble that is likeliest right (all 9)." in sentence()
    assert "changes there by 0.200 nats" in sentence(nll=1.2)
    assert "no ensemble of more than one" in sentence(members=1)
    assert "too few images" in prose.ensemble_sentence(replace(study, ensemble=None))


def test_the_best_ensemble_is_the_one_that_other_images_chose(study: Study) -> None:
    rest = {"members": ["x", "y"], "mean_per_class": 0.5, "top5": 0.9, "ece": 0.1}
    base = EnsembleScores(name="the baseline", accuracy=0.5, nll=1.0, against_baseline=None, **rest)

    def row(name: str, accuracy: float, chosen: float, chosen_nll: float) -> EnsembleScores:
        return EnsembleScores(
            name=name, accuracy=accuracy, nll=1 - accuracy, against_baseline=comparison(accuracy - 0.5, 0.3),
            chosen_accuracy=chosen, chosen_nll=chosen_nll, nll_low=-0.6, nll_high=-0.1, **rest,
        )  # fmt: skip

    rows = [base, row("chosen", 0.52, 0.9, 0.5), row("likely", 0.7, 0.6, 0.3), row("lucky", 0.8, 0.7, 0.9)]
    text = prose.ensemble_sentence(
        replace(study, halves=in_halves(study, study.templates).halves, ensemble=EnsembleStudy(30, 30, rows, []))
    )
    assert "the best on the half that chooses (chosen) differs from the baseline by +2.0" in text
    assert "by −0.700 [−0.600, −0.100] nats with the ensemble that is likeliest right (likely)." in text
    rows[1] = replace(rows[1], chosen_accuracy=0.7, chosen_nll=0.95)  # of equal accuracy: the lower NLL
    assert "chooses (lucky)" in prose.ensemble_sentence(replace(study, ensemble=EnsembleStudy(30, 30, rows, [])))


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
    chosen, told = study.halves.choosing, study.halves.reporting
    ranked = sorted(study.templates, key=lambda key: (-chosen[key].accuracy, chosen[key].nll))
    assert [row[1] for row in rows] == [told[name].accuracy for name in names]
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
    text = prose.class_sentence(accuracies(first=0.5, second=0.625), {"dog": 8, "c*t": 8})
    assert "dog (0.62 [0.31, 0.86]), c\\*t (1.00 [0.68, 1.00])" in text.replace(" and ", ", ")  # Wilson's, by hand
    assert "; 1 of 2 classes is classified without an error." in text
    assert text.endswith("under `first` 0.50 [0.22, 0.78], under `second` 0.62 [0.31, 0.86].")
    assert code("a `b` c``") == "``` a `b` c`` ```"


def test_the_three_hardest_classes_are_named() -> None:
    study = study_of({"a": template_scores(0.5, {"ant": 0.4, "bee": 0.2, "cat": 0.3, "dog": 0.9})})
    text = prose.class_sentence(study, dict.fromkeys(study.labels, 10))
    assert "the lowest accuracies are those of bee (0.20 [0.06, 0.51]), cat (0.30 [0.11, 0.60]) and ant (0.40" in text
    assert "]); none of 4 classes" in text
    other = {
        "a": template_scores(0.5, {"ant": 0.4, "bee": 0.8, "cat": 0.3, "dog": 0.1})
    }  # bee is easy where one chooses
    text = prose.class_sentence(in_halves(study, other), dict.fromkeys(study.labels, 10))
    assert "are those of dog (0.90 [" in text
    assert "bee (" not in text
    assert "]), measured on the other half of the images; there none of 4" in text


def test_where_the_prompt_matters_most_is_chosen_on_one_half() -> None:
    told = study_of(
        {"a": template_scores(0.5, {"ant": 0.4, "bee": 0.5}), "b": template_scores(0.4, {"ant": 0.9, "bee": 0.6})}
    )
    chosen = {"a": template_scores(0.5, {"ant": 0.5, "bee": 0.2}), "b": template_scores(0.4, {"ant": 0.5, "bee": 0.1})}
    text = prose.class_sentence(in_halves(told, chosen), {"ant": 10, "bee": 10})
    assert "matters most for bee: under `b` 0.60 [0.31, 0.83], under `a` 0.50 [0.24, 0.76]." in text


def test_where_the_prompt_changes_no_class_none_is_named() -> None:
    assert "matters most" not in prose.class_sentence(accuracies(first=0.5, second=0.5), {"dog": 8, "c*t": 8})


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
    assert "d\\* (0.10 to 0.90: +8 of 10 images) and b (0.50 to 0.70: +2 of 10 images) gain most;" in text
    assert "c (0.50 to 0.40: −1 of 10 images) loses most." in text
    kept = study_of({"base": template_scores(0.95, before), "best": template_scores(0.9, after)})
    assert prose.class_changes(kept).template == "best"  # the baseline is compared with another, if worse
    assert prose.class_changes(study_of({"base": template_scores(0.9, before)})).helped == []
    assert "no other template" in prose.changed_sentence(study_of({"base": template_scores(0.9, before)}), sizes)
    same = study_of(templates | {"best": template_scores(0.9, before)})
    assert "no class changes" in prose.changed_sentence(same, sizes)
    up = study_of(templates | {"best": template_scores(0.9, before | {"a": 0.6})})
    assert "a (0.50 to 0.60: +1 of 10 images) gains most; none loses." in prose.changed_sentence(up, sizes)
    down = study_of(templates | {"best": template_scores(0.9, before | {"a": 0.4, "b": 0.3})})
    assert "no class gains; b (0.50 to 0.30: −2 of 10 images) and a (0.50 to 0.40: −1 of" in prose.changed_sentence(
        down, sizes
    )


def test_what_a_template_changes_is_chosen_on_one_half_and_told_on_the_other() -> None:
    base = template_scores(0.5, {"a": 0.5, "b": 0.5, "c": 0.5})
    told = study_of({
        "base": base, "x": template_scores(0.4, {"a": 0.4, "b": 0.6, "c": 0.5}),
        "y": template_scores(0.9, dict.fromkeys("abc", 0.9)),
    })  # fmt: skip
    chosen = {
        "base": base,
        "x": template_scores(0.6, {"a": 0.9, "b": 0.3, "c": 0.6}),
        "y": template_scores(0.5, dict.fromkeys("abc", 0.5)),
    }
    study = in_halves(told, chosen)
    assert prose.class_changes(study) == prose.ClassChanges("x", ["a", "c"], ["b"])
    text = prose.changed_sentence(study, dict.fromkeys("abc", 10))
    assert text.startswith("On one half of the images `x` is the most accurate other template; there a and c gain most")
    assert (
        "gain most and b loses most against the baseline. On the other half: a (0.50 to 0.40: −1 of 10 images) and "
        "b (0.50 to 0.60: +1 of 10 images); no change for c." in text
    )
    assert prose.changed_caption(study) == (
        "Classes that gain or lose most under “x” on one half of the images, each with the image whose answer changes "
        "most: before → after. On the other half 2 of 3 change in accuracy."
    )
    assert prose.changed_caption(told).endswith(
        "under “y”, each with the image whose answer changes most: before → after."
    )
    still = in_halves(replace(told, templates=told.templates | {"x": replace(base, accuracy=0.4)}), chosen)
    assert prose.changed_sentence(still, {}).endswith("baseline. On the other half none of them changes in accuracy.")
    assert prose.changed_caption(still).endswith("On the other half none of them changes in accuracy.")
    same = in_halves(told, chosen | {"x": template_scores(0.6, base.per_class)})
    assert prose.changed_sentence(same, dict.fromkeys("abc", 10)).endswith("other template; there no class changes.")


def confused(*errors: tuple[int, int], labels: Sequence[str] = ("ant", "b*e", "cat"), half: int = 0) -> Answers:
    """An image for each pair of a true class and the one given to it, of which the first ``half`` choose."""
    truth, given = np.array(errors).T
    return replace(
        made_up()[0], truth=truth, classes=given[None, :, None], templates=["a"], labels=list(labels),
        half=np.arange(len(errors)) < half,
    )  # fmt: skip


def test_the_most_frequent_confusions_are_counted() -> None:
    text = prose.confusion_sentence(confused(*[(0, 0)] * 5, *[(0, 1)] * 3, (1, 0), (2, 2)), "a")
    assert text == "CLIP most often takes ant for b\\*e (3 images) and b\\*e for ant (1 image)."
    assert "No image" in prose.confusion_sentence(confused((0, 0), (1, 1)), "a")
    pairs = [(true, given) for true in range(4) for given in range(4)] * 2
    many = prose.confusion_sentence(confused(*pairs, labels="abcd"), "a")
    most = "a for b (2 images), a for c (2 images), a for d (2 images) and b for a (2 images)"
    assert many == f"CLIP most often takes {most}. The ten most frequent confusions make up 83 % of all 24 errors."


def test_confusions_are_chosen_on_one_half_and_counted_on_the_other() -> None:
    choosing = [(0, 1), (0, 1), (2, 0), (1, 1)]
    text = prose.confusion_sentence(confused(*choosing, (0, 1), (1, 2), (1, 2), (1, 2), half=4), "a")
    told = "CLIP's most frequent confusions on one half of the images, counted on the other: "
    assert text == f"{told}ant for b\\*e (1 image) and cat for ant (0 images)."
    assert prose.confusion_sentence(confused((0, 0), (0, 1), (1, 1), half=1), "a") == "Wrong answers: 1."
    pairs = [(true, given) for true in range(4) for given in range(4)]
    many = prose.confusion_sentence(confused(*pairs, *pairs, *pairs, labels="abcd", half=16), "a")
    assert many.endswith("The ten most frequent confusions make up 83 % of all 24 errors there.")


def test_it_is_told_what_the_hardest_class_is_taken_for() -> None:
    errors = [(1, 0), (1, 2), (1, 3), (1, 3), (1, 4), (1, 5), (1, 1)]
    text = prose.hardest_sentence(confused((0, 0), (0, 1), *errors, labels=["ant", "b*e", *"cdefg"], half=2), "a")
    assert text == (
        "Over all images b\\*e (0.14) has the lowest accuracy under `a`: 1 of 7 images is right, and the wrong answers "
        "are d (2 images), ant (1 image), c (1 image) and 2 other classes."
    )
    text = prose.hardest_sentence(confused((0, 1), (2, 2)), "a")  # a class without images is none
    assert text.endswith("none of 1 image is right, and the wrong answers are b\\*e (1 image).")
    assert prose.hardest_sentence(confused((0, 0), (1, 1)), "a") == "Over all images no class has an error."


def probe(crossing: int | None, high: float) -> ProbeStudy:
    return ProbeStudy([4], [Shots(4, 0.7, 0.6, high)], 0.75, crossing, 5, 20, 10.0, "a {object}")


def test_what_the_prompt_is_worth_in_labelled_images_comes_out_each_way() -> None:
    assert "From 4 labelled images per class on, a linear probe" in prose.probe_sentence(probe(4, 0.8))
    assert "From 1 labelled image per class" in prose.probe_sentence(probe(1, 0.8))
    assert "The prompt is worth about 4 labelled images per class, the most that was tried" in prose.probe_sentence(
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


@pytest.mark.parametrize(
    ("value", "p", "half", "said"),
    [
        (-0.05, 0.01, 0.02, "significant (McNemar's exact test, p = 0.010)"),
        (0.004, 0.01, 0.003, "significant, but no more than 1 point (McNemar's exact test, p = 0.010; equivalence"),
        (0.001, 0.6, 0.003, "no more than 1 point (McNemar's exact test, p = 0.60; equivalence test, p < 0.001)"),
        (0.001, 0.6, 0.02, "undecided, neither significant nor shown to be within 1 point (McNemar's exact test, p = "),
    ],
)
def test_a_single_comparison_is_judged_by_both_tests(value: float, p: float, half: float, said: str) -> None:
    assert prose.judged(replace(effect(value, p), low=value - half, high=value + half)).startswith(said)
