"""Each claim comes out each way from synthetic result files, and says so where it cannot be tested."""

from __future__ import annotations

import dataclasses
import os
from types import SimpleNamespace
from typing import Any

import pytest
from statsmodels.stats.multitest import multipletests

from hw3lib import config, paths
from hw3lib.attention.results import (
    Aimed,
    Card,
    Compared,
    Effect,
    Estimate,
    Faithfulness,
    Grounding,
    Groups,
    MapTest,
    Views,
    WordClass,
)
from hw3lib.captioning.ablations import against_reference
from hw3lib.captioning.results import all_scores
from hw3lib.claims import evidence, findings, table
from hw3lib.claims.results import Claim, statements
from hw3lib.claims.verdicts import Part
from hw3lib.data.caption_set import CaptionSet
from hw3lib.display.offer import NotReady
from hw3lib.metrics.interval_tests import p_value
from hw3lib.metrics.paired_tests import Effect as PromptEffect
from hw3lib.models.experiment import Experiment
from hw3lib.prompts.results import Accuracies, FactorEffect, Negation, Pair, Study, UnseenStudy
from hw3lib.system import files
from hw3lib.system.errors import UserError
from hw3lib.system.results import write_result
from tests.support.places import ROOT
from tests.support.predictions import study_of, template_scores


def effect(value: float, half: float = 0.01, n: int = 300) -> dict[str, Any]:
    return {"effect": value, "low": value - half, "high": value + half, "n": n}


def prompt_study(
    a: float = 0.05, stops: tuple[float, ...] = (0.05, -0.05), negation: float = -0.1, clip: float = 0.7
) -> Study:
    def shown(value: float) -> dict[str, Any]:
        shown = effect(value)
        return shown | {"p": p_value(SimpleNamespace(**shown)), "holm": 0.5}

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
            clip=clip, supervised=0.0, n=200, low=clip - 0.05, high=clip + 0.05, confidence=0.5,
            p=p_value(SimpleNamespace(effect=clip, low=clip - 0.05, high=clip + 0.05)),
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


def test_every_part_says_of_which_images_it_is(tiny_profile: config.Profile) -> None:
    put(tiny_profile, "p1/study.json", prompt_study())
    put(tiny_profile, "p3/grounding.json", grounding())
    profile = demo_runs(tiny_profile, seeds=1)
    scored_runs(profile, swin_base=0.5)
    captions = dataclasses.replace(profile.captions, test_share=0.5)
    for tested, split in ((profile, "validation"), (dataclasses.replace(profile, captions=captions), "test")):
        claims = files.read_json(evidence.study(Experiment.open(tested)))["claims"]
        splits = [(claim["number"], part["split"]) for claim in claims for part in claim["parts"]]
        assert {number for number, _ in splits} == set(range(1, 9))
        assert all(of == ("labelled" if number < 5 else split) for number, of in splits)


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
        (4, {"a": 0.0}, "not supported"),  # by equivalence
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
        (6, {"colour": 0.001}, "not supported"),  # by equivalence
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


@pytest.mark.parametrize(("insertion", "said"), [("passed", "is faithful"), ("failed", "is not faithful")])
def test_the_claims_about_attention_cite_whether_its_maps_are_faithful(tiny_profile, insertion, said) -> None:
    put(tiny_profile, "p3/grounding.json", grounding())
    before = [judged(tiny_profile, number) for number in (6, 7, 8)]
    tests = {
        name: MapTest(verdict, 0.3, 0.2, 0.4, 50)
        for name, verdict in (("deletion", "passed"), ("insertion", insertion))
    }
    card = Card(tests, Estimate(0.6, 0.4, 0.8), {}, [], [], {}, {})
    tested = Faithfulness({}, "best", None, None, 50, 250, [], [], {"last layer": card})
    put(tiny_profile, "p3/faithfulness.json", tested)
    for claim, plain in zip([judged(tiny_profile, number) for number in (6, 7, 8)], before, strict=True):
        assert f"Averaged over words, raw attention {said} to the decoder (against" in claim.remark
        assert "+0.30 [+0.20, +0.40] nats" in claim.remark
        assert (claim.verdict, claim.parts) == (plain.verdict, plain.parts)


def test_what_is_significant_only_without_the_correction_is_inconclusive(tiny_profile) -> None:
    """Intervals above zero, p = 0.02: after two others of its kind, in another claim, it is 0.06."""
    put(tiny_profile, "p3/grounding.json", grounding(group=0.0119))
    alone = judged(tiny_profile, 8)
    assert alone.verdict == "supported"
    assert alone.parts[1].p == alone.parts[1].holm == pytest.approx(0.02, abs=0.001)
    put(tiny_profile, "p3/grounding.json", grounding(noun=0.0119, colour=0.0119, group=0.0119))
    several = judged(tiny_profile, 8)
    assert several.verdict == judged(tiny_profile, 6).verdict == "inconclusive"
    assert several.parts[1].low > 0
    assert several.parts[1].holm == pytest.approx(3 * several.parts[1].p)
    assert judged(tiny_profile, 7).verdict == "supported"


def test_all_claims_parts_are_one_family_and_the_file_holds_their_tests(tiny_profile) -> None:
    put(tiny_profile, "p1/study.json", prompt_study(a=0.011, negation=-0.012))
    put(tiny_profile, "p3/grounding.json", grounding(group=0.0119))
    evidence.study(Experiment.open(tiny_profile))
    written = files.read_json(paths.runs(tiny_profile.name) / "claims.json")["claims"]
    parts = [part for claim in written for part in claim["parts"]]
    assert len(parts) == 13
    adjusted = multipletests([part["p"] for part in parts], method="holm")[1]
    assert [part["holm"] for part in parts] == pytest.approx(adjusted)
    assert all({"equivalence", "detectable", "low", "high", "n"} <= set(part) for part in parts)
    assert parts[-1]["detectable"] == pytest.approx(2.8016 * 0.01 / 1.96, rel=1e-3)
    loaded = [part for claim in evidence.load(tiny_profile) for part in claim.parts]
    assert [vars(part) for part in loaded] == parts


def test_claims_of_an_earlier_version_can_be_read(tiny_profile) -> None:
    """A page that is set while its claims are still those of before shows them."""
    put(tiny_profile, "p3/grounding.json", grounding())
    evidence.study(Experiment.open(tiny_profile))
    path = paths.runs(tiny_profile.name) / "claims.json"
    content = files.read_json(path)
    for claim in content["claims"]:
        kept = ("what", "effect", "low", "high", "n", "unit")
        claim["parts"] = [{key: part[key] for key in kept} for part in claim["parts"]]
    files.write_json(path, content)
    parts = [part for claim in evidence.load(tiny_profile) for part in claim.parts]
    assert {part.verdict for part in parts} == {"supported"}
    assert all(part.detectable > 0 and part.split == "" for part in parts)


def per_image(cider: float, images: int = 40, **more: float) -> dict[str, Any]:
    entries = {f"{i:03d}": {"CIDEr": cider + 0.1 * (i % 3), "CLIPScore": i / images, **more} for i in range(images)}
    return {"provenance": {}, "per_image": entries, "scores": {"CIDEr": cider}}


def demo_runs(profile: config.Profile, seeds: int = 3, **more: config.Run) -> config.Profile:
    """The profile with the demo's reference run and ablations, whose backbones play the claim's parts, and more."""
    demo = config.load(ROOT / "configs" / "demo.yaml").runs
    runs = {name: demo[name] for name in ("best", "swin_base", "swinv2", "vit")} | more
    runs = {name: dataclasses.replace(run, seeds=seeds) for name, run in runs.items()}
    return dataclasses.replace(profile, runs=runs)


def alone(**parts: dict[str, Any]) -> config.Run:
    """The demo's reference run with some fields of its parts replaced."""
    run = config.load(ROOT / "configs" / "demo.yaml").runs["best"]
    return dataclasses.replace(
        run, **{part: dataclasses.replace(getattr(run, part), **fields) for part, fields in parts.items()}
    )


def single_changes() -> dict[str, config.Run]:
    """A run for each single cause of claim 5."""
    small = config.load(ROOT / "configs" / "demo.yaml").runs["swin_base"].encoder
    return {
        "small": alone(encoder={"arguments": small.arguments, "weights": small.weights}),
        "narrow": alone(decoder={"feed_forward": 256}),
        "plain": alone(jitter={"brightness": 0.0, "contrast": 0.0, "saturation": 0.0}),
    }


def scored_runs(profile: config.Profile, apart: float = 0.001, **ciders: float) -> None:
    """Scores of every training; a run's seeds lie ``apart`` from one another, around its CIDEr."""
    for run in profile.runs:
        trainings = list(profile.trainings(run))
        for place, training in enumerate(trainings):
            cider = ciders.get(run, 0.5) + apart * (place - (len(trainings) - 1) / 2)
            put(profile, f"p2/{training}/scores.json", per_image(cider))


@pytest.mark.parametrize(("other", "verdict"), [(0.5, "supported"), (1.5, "not supported"), (1.0, "not supported")])
def test_runs_that_play_every_part_of_the_claim_decide_it(tiny_profile, other, verdict) -> None:
    profile = demo_runs(tiny_profile, **single_changes())
    scored_runs(profile, best=1.0, narrow=other)
    found = judged(profile, 5)
    assert found.verdict == verdict
    parts = {part.what: part.effect for part in found.parts}
    assert parts["reference run, minus a narrower feed-forward layer (narrow)"] == pytest.approx(1.0 - other)
    assert list(parts)[:3] == [
        "reference run, minus a smaller Swin (swin_base)", "reference run, minus SwinV2 (swinv2)",
        "reference run, minus ViT (vit)",
    ]  # fmt: skip
    assert found.untested == ""
    assert "changed at once by `swin_base` (4), `swinv2` (3) and `vit` (4)" in found.remark


@pytest.mark.parametrize("other", [0.5, 1.5, 1.0])
def test_with_one_seed_everywhere_no_difference_between_trainings_is_judged(tiny_profile, other) -> None:
    profile = demo_runs(tiny_profile, seeds=1, **single_changes())
    scored_runs(profile, best=1.0, narrow=other)
    found = judged(profile, 5)
    assert {part.verdict for part in found.parts} == {found.verdict} == {"inconclusive"}
    assert {(part.seeds, part.seed_alone, part.margin) for part in found.parts} == {(1, True, 0.01)}
    assert "Each run was trained with one seed, and no interval knows another" in found.remark


@pytest.mark.parametrize(
    ("other", "apart", "verdict"),
    [
        (0.9, 0.001, "supported"),
        (0.9, 0.05, "inconclusive"),  # two seeds of the other runs differ by up to 0.05 * 2.2 * 1.41
        (0.7, 0.05, "supported"),
        (1.3, 0.05, "not supported"),
    ],
)
def test_with_one_seed_an_effect_counts_beyond_what_the_other_runs_seeds_do(
    tiny_profile, other, apart, verdict
) -> None:
    profile = demo_runs(tiny_profile, **single_changes())
    single = dataclasses.replace(profile.runs["narrow"], seeds=1)
    profile = dataclasses.replace(profile, runs=profile.runs | {"narrow": single})
    scored_runs(profile, apart, best=1.0, narrow=other)
    found = judged(profile, 5)
    (part,) = (part for part in found.parts if "(narrow)" in part.what)
    assert (part.seeds, part.verdict) == (1, verdict)
    assert {other.seeds for other in found.parts if other != part} == {3}
    assert found.verdict == verdict


@pytest.mark.parametrize(
    ("other", "apart", "verdict"),
    [
        (0.5, 0.05, "supported"),
        (0.9, 0.05, "inconclusive"),  # neither beyond what seeds do nor shown to be within it
        (1.005, 0.02, "not supported"),  # negligible: within what two seeds differ by
        (1.5, 0.05, "not supported"),
    ],
)
def test_with_three_seeds_a_verdict_follows_from_seeds_and_images(tiny_profile, other, apart, verdict) -> None:
    profile = demo_runs(tiny_profile, **single_changes())
    scored_runs(profile, apart, best=1.0, narrow=other)
    found = judged(profile, 5)
    (part,) = (part for part in found.parts if "(narrow)" in part.what)
    assert part.verdict == found.verdict == verdict
    assert part.margin == pytest.approx(1.96 * 2**0.5 * apart, rel=1e-3)
    assert part.by_seeds > 0.99, "the images differ in the same way in all runs"
    assert part.freedom == pytest.approx(4, abs=0.1)
    assert f"Seeds of one run have a standard deviation of {apart:.3f} CIDEr (14 degrees of freedom)" in found.remark


def test_every_part_tells_its_seeds(tiny_profile) -> None:
    profile = demo_runs(tiny_profile)
    scored_runs(profile, best=1.0)
    put(profile, "p1/study.json", prompt_study())
    put(profile, "p3/grounding.json", grounding())
    seeds = {claim.number: {part.seeds for part in claim.parts} for claim in evidence.judge(Experiment.open(profile))}
    assert [seeds[number] for number in (1, 2, 5, 6, 7)] == [{0}, {0}, {3}, {1}, {1}]


def test_the_claims_interval_is_the_one_of_the_table_in_p2(tiny_profile) -> None:
    profile = demo_runs(tiny_profile)
    scored_runs(profile, 0.1, best=1.0, vit=0.6)
    gap = against_reference(profile, all_scores(profile))["vit"]["CIDEr"]
    (part,) = (part for part in judged(profile, 5).parts if "(vit)" in part.what)
    assert (part.effect, part.low, part.high) == (-gap.effect, -gap.high, -gap.low)
    assert part.low < part.effect < part.high


@pytest.mark.parametrize("left_out", [{"narrow"}, {"plain"}, {"small"}, {"vit"}, {"swinv2"}])
def test_the_claim_about_the_ablations_is_not_supported_without_every_part(tiny_profile, left_out) -> None:
    profile = demo_runs(tiny_profile, **single_changes())
    profile = dataclasses.replace(profile, runs={k: run for k, run in profile.runs.items() if k not in left_out})
    scored_runs(profile, best=1.0)
    found = judged(profile, 5)
    assert {part.verdict for part in found.parts} == {"supported"}
    assert (found.verdict, bool(found.untested)) == ("inconclusive", True)


def test_ablations_that_change_several_things_leave_the_claim_open_and_are_named(tiny_profile) -> None:
    profile = demo_runs(tiny_profile)
    scored_runs(profile, best=1.0)
    found = judged(profile, 5)
    assert [part.verdict for part in found.parts] == ["supported"] * 3
    assert found.verdict == "inconclusive"
    assert found.untested == (
        "no run changes only the backbone or only the feed-forward layer or only the colour augmentation"
    )


def test_runs_that_play_no_part_leave_the_claim_about_the_ablations_not_testable(tiny_profile) -> None:
    """Two runs of one MobileNet, one of them untrained, whatever they are called and score."""
    mobile = {"name": "mobilenetv3_small_050", "arguments": {}, "image_size": 64}
    runs = {"best": alone(encoder=mobile), "vit": alone(encoder=mobile | {"weights": "none"})}
    profile = dataclasses.replace(tiny_profile, runs=runs)
    scored_runs(profile, best=1.0)
    found = judged(profile, 5)
    assert (found.verdict, found.parts) == ("not testable", [])
    assert found.untested.startswith("no run plays a part in it")
    for changes in ({"training": {"weight_decay": 0.5}}, {}):  # one setting that the claim is not about; none
        profile = demo_runs(tiny_profile)
        profile = dataclasses.replace(profile, runs={"best": profile.runs["best"], "other": alone(**changes)})
        scored_runs(profile, best=1.0)
        assert judged(profile, 5).verdict == "not testable"


def test_a_profile_with_one_run_or_one_image_cannot_test_the_claim_about_the_ablations(tiny_profile) -> None:
    scored_runs(tiny_profile, best=1.0)
    assert judged(tiny_profile, 5).untested == "it needs the scores of two runs on two images or more"
    profile = demo_runs(tiny_profile)
    for run in profile.all_trainings:
        put(profile, f"p2/{run}/scores.json", per_image(1.0, images=1))
    assert judged(profile, 5).verdict == "not testable"
    for run in profile.all_trainings:
        put(profile, f"p2/{run}/scores.json", per_image(1.0, images=3))
    assert judged(profile, 5).verdict in ("inconclusive", "not supported")


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
    monkeypatch.setattr(findings, "place_words", lambda *_: {})
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
    found = findings.place_words(listed, {"x": "a cow in a field", "y": "a dog in the snow"})
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
    assert judged(tiny_profile, 6).untested == "the captions name no object that is in the photograph"


def test_captions_of_which_none_could_be_made_wrong_leave_a_part_untested(tiny_profile) -> None:
    put(tiny_profile, "p3/grounding.json", dataclasses.replace(grounding(), swapped=Aimed(aimed=0, aimed_images=0)))
    assert judged(tiny_profile, 8).untested == ("no reference caption of a single kind of thing could be made wrong")


def test_only_the_demo_says_what_its_clip_has_met(tiny_profile) -> None:
    put(tiny_profile, "p1/study.json", prompt_study())
    taught = "Accuracy on the 2 classes that the network was not taught: CLIP 70%, guessing one of all 4 names 25%, "
    taught += "the network 0%"
    assert judged(tiny_profile, 1).remark.startswith(taught)
    assert "on those that it was taught: CLIP 80%, the network 90%." in judged(tiny_profile, 1).remark
    assert "The demo's CLIP was trained without labels" in judged(tiny_profile, 1).remark
    assert "demo" not in judged(dataclasses.replace(tiny_profile, data="real"), 1).remark


def test_the_gap_on_unseen_classes_is_clips_accuracy_less_the_networks(tiny_profile) -> None:
    study = prompt_study()
    unseen = dataclasses.replace(study.unseen, supervised=0.25, seen=Accuracies(0.8, None, 100))
    put(tiny_profile, "p1/study.json", dataclasses.replace(study, unseen=unseen))
    found = judged(tiny_profile, 1)
    assert found.parts[0].effect == pytest.approx(0.45)
    assert "the network 25%." in found.remark
    assert "on those that it was taught" not in found.remark


def test_the_double_negation_comes_first_and_other_negations_beside_it(tiny_profile) -> None:
    put(tiny_profile, "p1/study.json", prompt_study())
    assert [part.what for part in judged(tiny_profile, 2).parts] == [
        "“A {object}, a score.”, minus “No {object}, no score.”",
        "“There is a {object} here.”, minus “There is no {object} here.”",
    ]
    assert [part.effect for part in judged(tiny_profile, 2).parts] == [0.1, 0.2]


@pytest.mark.parametrize(("images", "bad"), [(8, 2), (10, 2), (11, 3)])
def test_a_quarter_of_the_captions_is_bad(tiny_profile, images, bad) -> None:
    """The worst captions name a thing that is not there: all of the bad and none of the others."""
    scores = {f"{i}": {"CLIPScore": i / images, "mentions": 1, "hallucinated": int(i < bad)} for i in range(images)}
    counts = {"objects_expected": 1, "objects_found": 1}
    per_image = {name: row | counts for name, row in scores.items()}
    listed = CaptionSet((), (), (), ())
    found = findings.bad_captions(per_image, dict.fromkeys(per_image, "a"), lambda: listed, seed=0, split="test")
    assert [part.effect for part in found.parts] == [1.0, 0.0]
    few = dict(list(per_image.items())[:7])
    untested = findings.bad_captions(few, dict.fromkeys(few, "a"), lambda: listed, 0, "test").untested
    assert untested == "7 captions of the reference run have a CLIPScore, and 8 are needed"
    untested = findings.bad_captions({}, {}, lambda: listed, 0, "test").untested
    assert untested == "no captions of the reference run have a CLIPScore, and 8 are needed"


def test_with_one_reference_per_image_the_surroundings_are_untested(tiny_profile) -> None:
    per_image = {f"{i}": {"CLIPScore": i / 8} for i in range(8)}
    listed = CaptionSet((), tuple(per_image), tuple(range(8)), (("a cow in a field",),) * 8)
    found = findings.bad_captions(
        per_image, dict.fromkeys(per_image, "a cow in a field"), lambda: listed, seed=0, split="test"
    )
    assert found.parts == []
    assert "nothing to count for “surroundings that are named, others minus bad”" in found.untested


def test_without_instances_bad_captions_are_tested_on_their_surroundings(tiny_profile) -> None:
    per_image = {f"{i}": {"CLIPScore": i / 8} for i in range(8)}
    predictions = {name: "a cow in a field" if int(name) > 1 else "a cow" for name in per_image}
    references = (("a cow in a field", "a field with a cow"),) * 8
    listed = CaptionSet((), tuple(per_image), tuple(range(8)), references)
    found = findings.bad_captions(per_image, predictions, lambda: listed, seed=0, split="test")
    assert [(part.what, part.effect) for part in found.parts] == [
        ("surroundings that are named, others minus bad", 1.0)
    ]
    assert found.untested == "objects cannot be counted without an instances file"


def test_what_speaks_against_the_claim_about_function_words_stands_beside_its_verdict(tiny_profile) -> None:
    """Classes as diffuse are named, the most diffuse first, and none that is less so."""
    measured = grounding()
    more = {"relation": word_class(4.0), "place": word_class(4.5), "count": word_class(3.9)}
    put(tiny_profile, "p3/grounding.json", dataclasses.replace(measured, classes=measured.classes | more))
    assert "No less diffuse are places (4.50 bits) and relations (4.00 bits):" in judged(tiny_profile, 7).remark


def test_without_groups_nothing_is_said_of_evenness(tiny_profile) -> None:
    put(tiny_profile, "p3/grounding.json", dataclasses.replace(grounding(), groups=None))
    assert judged(tiny_profile, 8).remark == ""


def test_what_the_file_states_is_what_the_claims_say(tiny_profile) -> None:
    put(tiny_profile, "p3/grounding.json", grounding())
    evidence.study(Experiment.open(tiny_profile))
    found = evidence.load(tiny_profile)
    assert not any(brace in claim.test for claim in found for brace in "{}")
    assert found[6].test.endswith("and at least 90% of the bits of uniform attention.")
    assert found[6].remark == (
        "Function words have an entropy of 4.00 bits, as attention spread evenly over 16 of 49 patches has; uniform "
        "attention has 5.00. The bar of 90% is this project's own."
    )
    assert files.read_json(paths.runs(tiny_profile.name) / "claims.json")["data"] == "demo world"
    aimed = Aimed(aimed=9, aimed_images=9, mass=compared(-0.05, 0.02))
    put(tiny_profile, "p3/grounding.json", dataclasses.replace(grounding(), wrong=aimed))
    points = (
        "on 300 images, to any object, minus a centre prior's: −5.0 [−7.0, −3.0] points; taken alone, not supported."
    )
    assert judged(tiny_profile, 8).remark == (
        f"The attention of the run's own wrong nouns, {points} Evenness is 0.900 at the words of the group's "
        "phrase and 0.900 at the caption's other words."
    )
    assert found[6].parts[1].what == "their entropy, minus 90% of uniform attention's"
    assert [statement.number for statement in statements()] == [claim.number for claim in found] == list(range(1, 10))


# --- how it is shown ------------------------------------------------------------------------------------------------


def claim(verdict: Any, *parts: Part) -> Claim:
    return Claim(3, "the claim", "p1_prompts", "the test", verdict, list(parts))


def test_the_part_that_decided_stands_in_the_overview() -> None:
    yes, no = Part("up", 0.2, 0.1, 0.3, 50, "share"), Part("down", -0.2, -0.3, -0.1, 60, "share")
    assert table.evidence(claim("not supported", yes, no)) == "−20.0 [−30.0, −10.0] points"
    assert table.evidence(claim("supported", yes)) == "+20.0 [+10.0, +30.0] points"


def test_units_have_their_digits() -> None:
    assert table.effect(Part("x", 0.1234, 0.1, 0.2, 9, "CIDEr")) == "+0.123 [+0.100, +0.200] CIDEr"
    assert table.effect(Part("x", -0.1234, -0.2, 0.1, 9, "bits")) == "−0.12 [−0.20, +0.10] bits"
    evenness = Part("x", -0.0010, -0.0048, 0.0029, 69, "evenness")
    assert table.effect(evenness) == "−0.001 [−0.005, +0.003] evenness", "0.00 [0.00, 0.00] looks like an error"
    decided = dataclasses.replace(claim("not supported", evenness), number=8)
    assert table.details([decided])[1][0][5] == "0.006", "what could be detected has the same digits"


def test_the_overview_has_a_line_for_each_claim() -> None:
    claims = [dataclasses.replace(claim("not testable"), number=statement.number) for statement in statements()]
    columns, rows = table.overview(claims)
    assert columns[0] == "#"
    assert [row[0] for row in rows] == list(range(1, 10))
    assert "not every part" not in table.shown(claims)
    part = Part("up", 0.2, 0.1, 0.3, 50, "share")
    claims[4] = dataclasses.replace(claim("inconclusive", part), number=5, untested="why")
    assert table.overview(claims)[1][4][-1] == "? inconclusive* (1 of 1 tested supported)"
    assert "*: not every part was tested." in table.shown(claims)
    for statement in statements():
        assert len(statement.short.split()) <= 12, statement.short
        assert len(statement.short) <= 64, statement.short  # a line of the table in print


def test_every_comparison_stands_in_one_table_with_its_claims_number() -> None:
    up, down = Part("up", 0.2, 0.1, 0.3, 50, "share", split="test"), Part("down", -0.2, -0.3, -0.1, 60, "share")
    decided = dataclasses.replace(claim("not supported", up, down), number=9)
    columns, rows = table.details([claim("supported", up, down), decided, claim("not testable")])
    assert [row[0] for row in rows] == [3, "", 9, ""]
    assert [row[-1] for row in rows] == ["up", "down", "✓ supported", "✗ not supported"]  # claim 3 goes both ways
    assert columns[1:3] == ["comparison", "effect [95 % interval]"]
    assert columns[3:8] == ["p (Holm)", "p (TOST)", "detectable", "images", "seeds"]
    assert rows[0][3:8] == ["< 0.001", "1.00", "14.3", "50 test", "–"], "2.8 standard errors, in points"
    some = Part("up", 0.2, -0.1, 0.5, 50, "CIDEr", p=0.04, holm=0.3)
    assert table.details([claim("inconclusive", some)])[1][0][3:6] == ["0.30", "0.89", "0.429"]


def test_what_rounds_to_nothing_has_no_minus() -> None:
    assert table.effect(Part("x", -0.00001, -0.00004, 0.00003, 9, "accuracy")) == "0.00 [0.00, 0.00] points"
    assert table.effect(Part("x", 0.0, 0.0, 0.0, 9, "accuracy")) == "0.0 [0.0, 0.0] points"


def test_a_claim_that_is_not_supported_says_how_many_of_its_parts_are() -> None:
    yes, no = Part("up", 0.2, 0.1, 0.3, 50, "share"), Part("down", -0.2, -0.3, -0.1, 60, "share")
    told = {"not supported": "✗ not supported (1 of 2 supported)", "supported": "✓ supported"}
    for verdict, marked in told.items():
        of_parts = dataclasses.replace(claim(verdict, yes, no), number=8)
        assert table.overview([of_parts])[1][0][-1] == marked
        assert f"{marked}." in table.section(of_parts)
    assert table.overview([claim("inconclusive", yes, no)])[1][0][-1] == "? inconclusive", "claim 3 goes both ways"
    none = dataclasses.replace(claim("not supported", no), number=8)
    assert table.overview([none])[1][0][-1] == "✗ not supported"


def test_the_count_of_verdicts_and_the_prose_follow_the_claims() -> None:
    yes = claim("supported", Part("up", 0.2, 0.1, 0.3, 50, "share"))
    text = table.tally([yes, yes, claim("inconclusive")], "real data")
    assert "2 supported, 1 inconclusive" in text
    assert "**real data**" in text
    assert table.section(yes).startswith("**3. the claim** ✓ supported. *Test:* the test")
    assert [table.data_name(data) for data in ("demo", "real")] == [
        "the demo world (drawn scenes, small models)",
        "real data",
    ]
    assert "[P1](p1_prompts.ipynb)" in table.section(yes)
    assert "See [" not in table.section(dataclasses.replace(yes, number=9)), "no chapter shows its comparisons"
    assert "Not tested" not in table.section(yes)
    assert "*Not tested:* why." in table.section(dataclasses.replace(yes, untested="why"))


def test_without_a_clip_the_claims_about_prompts_say_so(tiny_profile) -> None:
    found = evidence.judge(Experiment.open(dataclasses.replace(tiny_profile, clip=None)))
    assert [claim.untested for claim in found[:4]] == ["the profile has no CLIP"] * 4
    assert evidence.judge(Experiment.open(tiny_profile))[0].untested == "the prompt study has not run"


def test_where_the_language_has_no_article_the_claim_about_it_is_not_testable(tiny_profile) -> None:
    whole = prompt_study()
    factors = {name: effect for name, effect in whole.factors.items() if not name.startswith("article")}
    put(tiny_profile, "p1/study.json", dataclasses.replace(whole, factors=factors, languages=["zh-Hant"]))
    claim = judged(tiny_profile, 4)
    assert claim.verdict == "not testable"
    assert claim.untested == "no prompts differ in an article alone; they are Chinese"
    assert judged(tiny_profile, 3).verdict == "supported"


def test_a_chapter_that_the_profile_leaves_out_is_its_claims_reason(tiny_profile) -> None:
    alone = dataclasses.replace(tiny_profile, data="real", p1=None, captions=None, runs={})
    assert evidence.study(Experiment.open(alone)).is_file()  # there is nothing to wait for
    untested = [claim.untested for claim in evidence.load(alone)]
    assert untested == ["the profile has no labelled images"] * 4 + ["the profile has no captioned photographs"] * 5


def test_without_labels_no_claim_about_prompts_is_tested(tiny_profile) -> None:
    """Nor on what was measured when there were some."""
    put(tiny_profile, "p1/study.json", prompt_study())
    assert judged(tiny_profile, 1).verdict != "not testable"
    unlabelled = dataclasses.replace(tiny_profile, p1=dataclasses.replace(tiny_profile.p1, labelled=False))
    claims = evidence.judge(Experiment.open(unlabelled))[:4]
    assert [claim.untested for claim in claims] == ["the photographs of P1 carry no labels"] * 4
    assert [claim.verdict for claim in claims] == ["not testable"] * 4
    with pytest.raises(NotReady):  # P1 has still to be run
        evidence.study(Experiment.open(dataclasses.replace(unlabelled, data="other", captions=None, runs={})))


def test_with_one_image_per_class_claim_1_says_what_is_missing(tiny_profile) -> None:
    few = dataclasses.replace(prompt_study(), unseen=None)
    put(tiny_profile, "p1/study.json", few)
    assert judged(tiny_profile, 1).verdict == "not testable"
    assert judged(tiny_profile, 1).untested.startswith("there are too few images or classes")
    seen = dataclasses.replace(prompt_study().unseen, seen=Accuracies(None, None, 0))
    put(tiny_profile, "p1/study.json", dataclasses.replace(few, unseen=seen))
    assert judged(tiny_profile, 1).remark.startswith("Accuracy on the 2 classes that the network was not taught: CLIP")
    assert "those that it was taught" not in judged(tiny_profile, 1).remark
