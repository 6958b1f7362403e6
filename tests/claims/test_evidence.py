"""Each claim comes out each way from synthetic result files, and says so where it cannot be tested."""

from __future__ import annotations

import dataclasses
import os
from typing import Any

import pytest

from hw3lib import config, paths
from hw3lib.attention.results import Aimed, Compared, Effect, Estimate, Grounding, Groups, Views, WordClass
from hw3lib.claims import captions, evidence, table
from hw3lib.claims.results import Claim, statements
from hw3lib.claims.verdicts import Part
from hw3lib.data.caption_set import CaptionSet
from hw3lib.display.offer import NotReady
from hw3lib.metrics.paired_tests import Effect as PromptEffect
from hw3lib.models.experiment import Experiment
from hw3lib.prompts.results import Accuracies, FactorEffect, Negation, Pair, Study, UnseenStudy
from hw3lib.system import files
from hw3lib.system.errors import UserError
from hw3lib.system.results import write_result
from tests.support.predictions import study_of, template_scores


def effect(value: float, half: float = 0.01, n: int = 300) -> dict[str, Any]:
    return {"effect": value, "low": value - half, "high": value + half, "n": n}


def prompt_study(
    a: float = 0.05, stops: tuple[float, ...] = (0.05, -0.05), negation: float = -0.1, clip: float = 0.7
) -> Study:
    def shown(value: float) -> dict[str, Any]:
        return effect(value) | {"p": 0.5, "holm": 0.5}

    pairs = {
        "There is no {object} here.": Pair(**shown(-0.2), counterpart="There is a {object} here."),
        "No {object}, no score.": Pair(**shown(negation), counterpart="A {object}, a score."),
    }
    frames = {f"frame {i}": PromptEffect(**shown(stop)) for i, stop in enumerate(stops)}
    return study_of(
        {"a {object}": template_scores(0.5, {"kite": 0.5, "bear": 0.5})},
        factors={
            "article: a vs none": FactorEffect(**shown(a), per_carrier={}),
            "article: correct vs none": FactorEffect(**shown(a), per_carrier={}),
            "full stop": FactorEffect(**shown(sum(stops)), per_carrier=frames),
        },
        negation=Negation(**shown(negation), pairs=pairs, overall=PromptEffect(**shown(negation))),
        unseen=UnseenStudy(
            clip=clip, supervised=0.0, n=200, low=clip - 0.05, high=clip + 0.05, p=0.0, confidence=0.5,
            seen=Accuracies(0.8, 0.9, 100), taught=2, train=100, network="vit", classes=["kite", "bear"], of=4,
            template="a {object}",
        ),
    )  # fmt: skip


def compared(over_centre: float, half: float = 0.01) -> Compared:
    over = Effect(**effect(over_centre, half))
    return Compared(0.4, 0.39, 0.41, uniform=0.1, centre=0.2, caption=0.2, over_uniform=over, over_centre=over,
                    over_caption=over)  # fmt: skip


def word_class(bits: float, mass: Compared | None = None, hit: Compared | None = None) -> WordClass:
    certain = Estimate(1.0, 1.0, 1.0)
    return WordClass(
        words=9, images=9, entropy=Estimate(bits, bits, bits), stability=certain, elsewhere=certain, at="its object",
        aimed=9, aimed_images=9, mass=mass, hit=hit,
    )  # fmt: skip


def grounding(
    noun: float = 0.2, colour: float = 0.2, entropy: float = 0.4, whole: float = 0.2, wrong: float = 0.2,
    group: float = 0.1,
) -> Grounding:  # fmt: skip
    evenness = Estimate(0.9, 0.8, 1.0)
    return Grounding(
        provenance={}, run="best", images=9, words=27, grid=(7, 7), most_bits=5.0, layers=1, heads=1,
        classes={
            "object": word_class(3.0, compared(noun), compared(0.3)), "colour": word_class(3.0, compared(colour)),
            "function": word_class(4.0),
        },
        views=Views(None, None, None, None, None), choice=None, function_entropy=Effect(**effect(entropy)),
        function_whole=Effect(**effect(whole)), wrong=Aimed(aimed=0, aimed_images=0), masks=True,
        groups=Groups(9, evenness, evenness, Effect(**effect(group)), {}),
        swapped=Aimed(aimed=9, aimed_images=9, mass=compared(wrong, 0.05)),
    )  # fmt: skip


def judged(profile: config.Profile, number: int) -> Claim:
    evidence.study(Experiment.open(profile))
    return next(claim for claim in evidence.load(profile) if claim.number == number)


def put(profile: config.Profile, path: str, content: Any) -> None:
    write = write_result if dataclasses.is_dataclass(content) else files.write_json
    write(paths.runs(profile.name) / path, content)


@pytest.mark.parametrize(
    ("number", "changes", "verdict"),
    [
        (1, {}, "supported"),
        (1, {"clip": 0.001}, "inconclusive"),
        (1, {"clip": -0.2}, "not supported"),
        (2, {}, "supported"),
        (2, {"negation": 0.1}, "not supported"),
        (2, {"negation": -0.005}, "inconclusive"),
        (3, {}, "supported"),
        (3, {"stops": (0.05, 0.06)}, "not supported"),
        (3, {"stops": (0.0, 0.0)}, "not supported"),
        (3, {"stops": (0.05, 0.005)}, "inconclusive"),
        (4, {}, "supported"),
        (4, {"a": -0.05}, "not supported"),
        (4, {"a": 0.005}, "inconclusive"),
    ],
)
def test_the_claims_about_prompts_come_out_each_way(tiny_profile, number, changes, verdict) -> None:
    write_result(paths.runs(tiny_profile.name) / "p1" / "study.json", prompt_study(**changes))
    assert judged(tiny_profile, number).verdict == verdict


@pytest.mark.parametrize(
    ("number", "changes", "verdict"),
    [
        (6, {}, "supported"),
        (6, {"noun": -0.2}, "not supported"),
        (6, {"colour": 0.005}, "inconclusive"),
        (7, {}, "supported"),
        (7, {"entropy": -0.4}, "not supported"),
        (7, {"whole": -0.9}, "not supported"),
        (8, {}, "supported"),
        (8, {"wrong": -0.2}, "not supported"),
        (8, {"wrong": 0.02}, "inconclusive"),
        (8, {"group": -0.1}, "not supported"),
    ],
)
def test_the_claims_about_attention_come_out_each_way(tiny_profile, number, changes, verdict) -> None:
    put(tiny_profile, "p3/grounding.json", grounding(**changes))
    found = judged(tiny_profile, number)
    assert found.verdict == verdict
    assert found.notebook == "p3_attention"


def per_image(cider: float, images: int = 40, **more: float) -> dict[str, Any]:
    entries = {f"{i:03d}": {"CIDEr": cider + 0.1 * (i % 3), "CLIPScore": i / images, **more} for i in range(images)}
    return {"provenance": {}, "per_image": entries, "scores": {"CIDEr": cider}}


@pytest.mark.parametrize(("other", "verdict"), [(0.5, "supported"), (1.5, "not supported"), (1.0, "not supported")])
def test_a_run_that_changes_one_thing_decides_the_claim_about_the_ablations(tiny_profile, other, verdict) -> None:
    narrow = dataclasses.replace(
        tiny_profile.runs["best"], decoder=dataclasses.replace(tiny_profile.runs["best"].decoder, feed_forward=16)
    )
    profile = dataclasses.replace(tiny_profile, runs=tiny_profile.runs | {"narrow": narrow})
    put(profile, "p2/best/scores.json", per_image(1.0))
    put(profile, "p2/narrow/scores.json", per_image(other))
    found = judged(profile, 5)
    assert found.verdict == verdict
    assert found.parts[0].effect == pytest.approx(1.0 - other)
    assert "feed-forward: 16" in found.parts[0].what


def test_ablations_that_change_several_things_leave_the_claim_open_and_are_named(tiny_profile) -> None:
    best = tiny_profile.runs["best"]
    both = dataclasses.replace(
        best,
        decoder=dataclasses.replace(best.decoder, feed_forward=16),
        encoder=dataclasses.replace(best.encoder, mean=(0.1, 0.1, 0.1)),
    )
    profile = dataclasses.replace(tiny_profile, runs=tiny_profile.runs | {"vit": both})
    put(profile, "p2/best/scores.json", per_image(1.0))
    put(profile, "p2/vit/scores.json", per_image(0.5))
    found = judged(profile, 5)
    assert [part.verdict for part in found.parts] == ["supported"]
    assert found.verdict == "inconclusive"
    assert "`vit` changes 2 things" in found.remark


def bad_captions(profile: config.Profile, wrong: bool, named: bool) -> None:
    """Sixty images; the fifteen with the lowest CLIPScore are bad in the ways that are said."""
    entries = {}
    for place in range(60):
        bad = place < 15
        counts = {"mentions": 1, "hallucinated": int(bad and wrong), "objects_expected": 1}
        entries[f"{place}"] = {"CLIPScore": place / 60, **counts, "objects_found": int(not bad or named)}
    put(profile, "p2/best/scores.json", {"provenance": {}, "per_image": entries, "scores": {}})
    put(profile, "p2/best/predictions.json", dict.fromkeys(entries, "a red circle"))


@pytest.mark.parametrize(
    ("wrong", "named", "verdicts"),
    [(True, False, ["supported", "supported"]), (False, True, ["not supported", "not supported"])],
)
def test_bad_captions_are_compared_with_the_others(tiny_profile, monkeypatch, wrong, named, verdicts) -> None:
    monkeypatch.setattr(captions, "place_words", lambda *_: {})
    bad_captions(tiny_profile, wrong, named)
    found = judged(tiny_profile, 9)
    assert [part.verdict for part in found.parts[:2]] == verdicts
    assert found.parts[0].n == 60


def test_places_that_references_share_are_looked_for_in_the_caption() -> None:
    references = (
        ("a cow in a field under trees", "cow in the field", "a cow by the trees"),
        ("a cow", "a dog on snow"),
    )
    listed = CaptionSet((), ("x", "y"), (1, 2), references)
    found = captions.place_words(listed, {"x": "a cow in a field", "y": "a dog in the snow"})
    assert found == {"x": (2, 1), "y": (0, 0)}


def test_what_was_not_measured_is_not_tested_and_the_claim_says_so(tiny_profile) -> None:
    with pytest.raises(UserError, match="hw3 report"):
        evidence.load(tiny_profile)
    found = evidence.judge(Experiment.open(tiny_profile))
    assert [claim.number for claim in found] == list(range(1, 10))
    for claim in found:
        assert claim.verdict == "not testable"
        assert claim.untested
        assert table.evidence(claim) == claim.untested


def test_without_measurements_no_claims_are_written_and_the_same_claims_are_not_written_again(
    tiny_profile,
) -> None:
    experiment = Experiment.open(tiny_profile)
    with pytest.raises(NotReady, match=r"nothing is measured yet.*hw3 report --profile tiny"):
        evidence.study(experiment)
    assert not (experiment.folder / "claims.json").exists()
    put(tiny_profile, "p3/grounding.json", grounding())
    path = evidence.study(experiment)
    os.utime(path, ns=(0, 0))
    assert evidence.study(experiment).stat().st_mtime_ns == 0
    put(tiny_profile, "p3/grounding.json", dataclasses.replace(grounding(), masks=False))
    assert evidence.study(experiment).stat().st_mtime_ns > 0


def test_without_masks_the_claims_about_objects_are_not_testable(tiny_profile) -> None:
    classes = {"function": word_class(4.0), "object": word_class(3.0)}
    content = dataclasses.replace(grounding(), masks=False, groups=None, swapped=None, classes=classes)
    put(tiny_profile, "p3/grounding.json", content)
    assert judged(tiny_profile, 6).verdict == judged(tiny_profile, 8).verdict == "not testable"
    assert "masks" in judged(tiny_profile, 6).untested
    assert judged(tiny_profile, 7).verdict == "supported"


def test_a_claim_of_which_a_part_is_untested_is_not_supported_as_a_whole(tiny_profile) -> None:
    put(tiny_profile, "p3/grounding.json", dataclasses.replace(grounding(), groups=None))
    found = judged(tiny_profile, 8)
    assert [part.verdict for part in found.parts] == ["supported"]
    assert found.untested
    assert found.verdict == "inconclusive"


def test_captions_that_name_nothing_leave_the_claim_about_nouns_untested(tiny_profile) -> None:
    put(tiny_profile, "p3/grounding.json", dataclasses.replace(grounding(), classes={"function": word_class(4.0)}))
    assert judged(tiny_profile, 6).untested == "the captions name no object that is there to be looked at"


def test_captions_of_which_none_could_be_made_wrong_leave_a_part_untested(tiny_profile) -> None:
    put(tiny_profile, "p3/grounding.json", dataclasses.replace(grounding(), swapped=Aimed(aimed=0, aimed_images=0)))
    assert judged(tiny_profile, 8).untested == "No caption of a single thing was there to be made wrong."


def test_only_the_demo_says_what_its_clip_has_met(tiny_profile) -> None:
    put(tiny_profile, "p1/study.json", prompt_study())
    taught = "On the 2 classes that the network was not taught, CLIP is right 70% of the time and the network 0%"
    assert judged(tiny_profile, 1).remark.startswith(taught)
    assert "on those that it was taught, 80% and 90%." in judged(tiny_profile, 1).remark
    assert "The demo's CLIP was never given a label" in judged(tiny_profile, 1).remark
    assert "demo" not in judged(dataclasses.replace(tiny_profile, data="real"), 1).remark


def test_the_gap_on_unseen_classes_is_clips_accuracy_less_the_networks(tiny_profile) -> None:
    study = prompt_study()
    unseen = dataclasses.replace(study.unseen, supervised=0.25, seen=Accuracies(0.8, None, 100))
    put(tiny_profile, "p1/study.json", dataclasses.replace(study, unseen=unseen))
    found = judged(tiny_profile, 1)
    assert found.parts[0].effect == pytest.approx(0.45)
    assert "taught, CLIP is right 70% of the time and the network 25%" in found.remark
    assert "on those that it was taught" not in found.remark


def test_the_double_negation_comes_first_and_other_negations_beside_it(tiny_profile) -> None:
    put(tiny_profile, "p1/study.json", prompt_study())
    assert [part.what for part in judged(tiny_profile, 2).parts] == [
        "“A {object}, a score.”, minus “No {object}, no score.”",
        "“There is a {object} here.”, minus “There is no {object} here.”",
    ]
    assert [part.effect for part in judged(tiny_profile, 2).parts] == [0.1, 0.2]


def test_a_run_that_changes_one_thing_tells_the_causes_apart_beside_confounded_ones(tiny_profile) -> None:
    best = tiny_profile.runs["best"]
    narrow = dataclasses.replace(best, decoder=dataclasses.replace(best.decoder, feed_forward=16))
    both = dataclasses.replace(narrow, encoder=dataclasses.replace(best.encoder, mean=(0.1, 0.1, 0.1)))
    runs = tiny_profile.runs | {"vit": both, "narrow": narrow, "other": both}
    profile = dataclasses.replace(tiny_profile, runs=runs)
    for run, cider in {"best": 1.0, "vit": 0.5, "narrow": 0.5, "other": 2.0}.items():
        put(profile, f"p2/{run}/scores.json", per_image(cider))
    found = judged(profile, 5)
    assert [part.what for part in found.parts] == ["best, minus ViT", "best, minus narrow (feed-forward: 16)"]
    assert found.verdict == "supported"
    assert found.remark.endswith("its own pretraining: `vit` changes 2 things.")
    (paths.runs(profile.name) / "p2" / "best" / "scores.json").unlink()
    assert judged(profile, 5).untested == "the runs are not scored"


@pytest.mark.parametrize(("images", "bad"), [(8, 2), (10, 2), (11, 3)])
def test_a_quarter_of_the_captions_is_bad(tiny_profile, images, bad) -> None:
    """The worst captions name a thing that is not there: all of the bad and none of the others."""
    scores = {f"{i}": {"CLIPScore": i / images, "mentions": 1, "hallucinated": int(i < bad)} for i in range(images)}
    counts = {"objects_expected": 1, "objects_found": 1}
    per_image = {name: row | counts for name, row in scores.items()}
    listed = CaptionSet((), (), (), ())
    found = captions.bad_captions(per_image, dict.fromkeys(per_image, "a"), lambda: listed, seed=0)
    assert [part.effect for part in found.parts] == [1.0, 0.0]
    few = dict(list(per_image.items())[:7])
    assert captions.bad_captions(few, dict.fromkeys(few, "a"), lambda: listed, 0).untested.startswith("there are no")


def test_without_instances_bad_captions_are_tested_on_their_surroundings(tiny_profile) -> None:
    per_image = {f"{i}": {"CLIPScore": i / 8} for i in range(8)}
    predictions = {name: "a cow in a field" if int(name) > 1 else "a cow" for name in per_image}
    references = (("a cow in a field", "a field with a cow"),) * 8
    listed = CaptionSet((), tuple(per_image), tuple(range(8)), references)
    found = captions.bad_captions(per_image, predictions, lambda: listed, seed=0)
    assert [(part.what, part.effect) for part in found.parts] == [
        ("surroundings that are named, others minus bad", 1.0)
    ]
    assert found.untested == "Objects cannot be counted without an instances file."


def test_what_the_file_states_is_what_the_claims_say(tiny_profile) -> None:
    put(tiny_profile, "p3/grounding.json", grounding())
    evidence.study(Experiment.open(tiny_profile))
    found = evidence.load(tiny_profile)
    assert not any(brace in claim.test for claim in found for brace in "{}")
    assert found[6].test.endswith("nearly as widely as it could be (90% of the bits of uniform attention).")
    assert found[6].remark == "Function words have 4.00 bits of the 5.00 that uniform attention has."
    assert files.read_json(paths.runs(tiny_profile.name) / "claims.json")["data"] == "demo world"
    aimed = Aimed(aimed=9, aimed_images=9, mass=compared(-0.05, 0.02))
    put(tiny_profile, "p3/grounding.json", dataclasses.replace(grounding(), wrong=aimed))
    points = "on 300 images, to any object, minus a centre prior's: −5.0 [−7.0, −3.0] points."
    assert judged(tiny_profile, 8).remark == f"The attention of the run's own wrong nouns, {points}"
    assert found[6].parts[1].what == "their entropy, minus 90% of uniform attention's"
    assert [statement.number for statement in statements()] == [claim.number for claim in found] == list(range(1, 10))


# --- how it is shown ------------------------------------------------------------------------------------------------


def claim(verdict: Any, *parts: Part) -> Claim:
    return Claim(3, "the claim", "p1_prompts", "the test", verdict, list(parts))


def test_the_part_that_decided_stands_in_the_overview() -> None:
    yes, no = Part("up", 0.2, 0.1, 0.3, 50, "share"), Part("down", -0.2, -0.3, -0.1, 60, "share")
    said = table.evidence(claim("not supported", yes, no))
    assert said == "down: −20.0 [−30.0, −10.0] points, 60 images; 1 more comparison"
    assert table.evidence(claim("supported", yes)) == "up: +20.0 [+10.0, +30.0] points, 50 images"
    assert table.evidence(claim("supported", yes, no, no)).endswith("50 images; 2 more comparisons")


def test_units_have_their_digits() -> None:
    assert table.effect(Part("x", 0.1234, 0.1, 0.2, 9, "CIDEr")) == "+0.123 [+0.100, +0.200] CIDEr"
    assert table.effect(Part("x", -0.1234, -0.2, 0.1, 9, "bits")) == "−0.12 [−0.20, +0.10] bits"


def test_every_part_has_a_verdict_but_those_of_a_claim_that_goes_both_ways() -> None:
    up = Part("with a stop", 0.2, 0.1, 0.3, 50, "share")
    row = ["with a stop", "+20.0 [+10.0, +30.0] points", 50]
    columns, rows = table.detail(claim("inconclusive", up))
    assert (columns[-1], rows) == ("goes", [[*row, "up"]])
    columns, rows = table.detail(dataclasses.replace(claim("supported", up), number=4))
    assert (columns[-1], rows) == ("verdict", [[*row, "✓ supported"]])


def test_what_rounds_to_nothing_has_no_minus() -> None:
    said = table.effect(Part("x", -0.0001, -0.0004, 0.0003, 9, "accuracy"))
    assert said == "0.0 [0.0, 0.0] points of accuracy"


def test_the_count_of_verdicts_and_the_prose_follow_the_claims() -> None:
    yes = claim("supported", Part("up", 0.2, 0.1, 0.3, 50, "share"))
    text = table.tally([yes, yes, claim("inconclusive")], "real data")
    assert "2 supported, 1 inconclusive" in text
    assert "**real data**" in text
    assert table.section(yes).startswith("## Claim 3: supported")
    assert "Not tested" not in table.section(yes)
    assert table.section(dataclasses.replace(yes, untested="no masks")).endswith("\n\n**Not tested:** no masks")
    assert [table.data_name(data) for data in ("demo", "real")] == [
        "the demo world (drawn scenes, small models)",
        "real data",
    ]
    assert "[P1](p1_prompts.ipynb)" in table.section(yes)
