"""P2's runs side by side: the answers, the tables, and the figures drawn from logs."""

from __future__ import annotations

import dataclasses
import random
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from hw3lib import config
from hw3lib.captioning import ablations, components, figures, learning
from hw3lib.captioning.results import RunScores, read_scores
from hw3lib.captioning.results import with_runs as with_seeds
from hw3lib.captioning.settings import side_by_side
from hw3lib.data.caption_set import CaptionSet
from hw3lib.metrics.scoring import Scores
from hw3lib.system.errors import UserError
from tests.support.places import ROOT

PUBLISHED = {
    "best": (0.8745, 0.7182),
    "swin_base": (0.8554, 0.7183),
    "swinv2": (0.7840, 0.6991),
    "vit": (0.8006, 0.7063),
}


def scored(cider: float, images: int = 60, **more: float) -> RunScores:
    """A run's scores: those of its images lie around ``cider``, in the same way for every run."""
    draws = random.Random(1)
    per_image = {f"{i:03}": {"CIDEr": cider + 0.1 * draws.random(), "CLIPScore": 0.7} for i in range(images)}
    return RunScores({}, {"CIDEr": cider, "CLIPScore": 0.7} | more, per_image)


def all_scored(profile: config.Profile, **ciders: float) -> dict[str, RunScores]:
    """Every run of the profile scored; those that are not named have CIDEr 0.1."""
    return {run: scored(ciders.get(run, 0.1)) for run in profile.runs}


def with_runs(profile: config.Profile, **changes: dict) -> config.Profile:
    """The profile with runs more, each its best run with some of its fields replaced."""
    best = profile.run("best")
    more = {
        name: dataclasses.replace(
            best, **{part: dataclasses.replace(getattr(best, part), **fields) for part, fields in parts.items()}
        )
        for name, parts in changes.items()
    }
    return dataclasses.replace(profile, runs=profile.runs | more)


def events(stages: list[int], train: int = 4) -> list[dict]:
    """A log with one validation per entry of ``stages``."""
    log: list[dict] = []
    for epoch, stage in enumerate(stages, start=1):
        step = (epoch - 1) * train
        log += [
            {"event": "train", "step": step + i + 1, "epoch": epoch, "stage": stage, "loss": 3.0} for i in range(train)
        ]
        log.append(
            {"event": "validation", "step": epoch * train, "epoch": epoch, "stage": stage, "val_loss": 2.0}
            | {"CIDEr": 0.1 * epoch, "CLIPScore": 0.6}
        )
    return log


def test_the_best_setting_is_told_with_the_settings_that_it_was_compared_with() -> None:
    demo = config.load("demo")
    text = ablations.best_setting(demo, all_scored(demo, best=2.0, swin_base=1.5, swinv2=1.5, vit=1.5, plus=2.5))
    assert (
        "`best` (the larger Swin, feed-forward 512, colour jitter, three learning rates in turn), "
        "scores CIDEr 2.000 and CLIPScore 0.700 on 60 test images, the highest CIDEr of the four" in text
    )
    assert "A stronger recipe, `plus`, reaches CIDEr 2.500" in text
    assert "scored CIDEr 0.8745 and CLIPScore 0.7182. The reference run differs from it in encoder, decoder, " in text
    assert text.endswith("learning rates and data, so that the two cannot be compared.")
    text = ablations.best_setting(demo, all_scored(demo, best=1.0, vit=1.5, swinv2=1.5))
    assert "60 test images; `swinv2` and `vit` score higher by CIDEr." in text
    assert "recipe" not in text
    alike = ablations.best_setting(demo, all_scored(demo))
    assert not any(word in alike for word in ("higher", "highest", "stronger")), "none is above another"


@pytest.mark.parametrize(
    ("training", "rates"),
    [
        ({"learning_rates": (1e-3,)}, "one learning rate"), ({}, "two learning rates in turn"),
        ({"schedule": "cosine"}, "cosine learning rate"),
    ],
)  # fmt: skip
def test_the_reference_run_is_told_by_backbone_width_augmentation_and_rates(tiny_profile, training, rates) -> None:
    profile = with_runs(tiny_profile, best={"training": training}, twin={})
    told = f"`best` (`vit_tiny_patch16_224`, feed-forward 32, no colour jitter, {rates}), scores CIDEr 0.100 and"
    assert told in ablations.best_setting(profile, all_scored(profile))


def test_published_scores_stand_beside_a_run_that_is_the_published_setting_and_no_other() -> None:
    real, demo = config.load("hw3"), config.load("demo")
    scores = all_scored(real, **{name: cider for name, (cider, _) in PUBLISHED.items()})
    columns, rows = ablations.score_table(real, scores, list(real.runs))
    assert columns[-2:] == ["published CIDEr", "published CLIPScore"]
    assert {real_name: tuple(row[-2:]) for real_name, row in zip(real.runs, rows, strict=True)} == PUBLISHED | {
        "plus": (None, None)
    }
    assert ["CIDEr", "0.8745", "0.8745"] in ablations.setting_table(real, scores)[1]
    assert ablations.best_setting(real, scores).endswith("this setting scored CIDEr 0.8745 and CLIPScore 0.7182.")
    elsewhere = config.load("public"), config.load("coco"), dataclasses.replace(real, data="demo")
    for other in (demo, with_runs(real, best={"decoder": {"layers": 6}}), *elsewhere):
        scores = all_scored(other)
        assert not any("CIDEr" in row for row in ablations.setting_table(other, scores)[1])
        assert ablations.score_table(other, scores, ["best"])[0] == ["run", "setting", "CIDEr", "CLIPScore"]


@pytest.mark.parametrize("name", ["public", "coco"])
def test_the_published_setting_on_other_data_is_told_as_one_that_cannot_be_compared(name: str) -> None:
    profile = config.load(name)
    text = ablations.best_setting(profile, all_scored(profile, best=0.9))
    assert text.endswith("The reference run differs from it in data, so that the two cannot be compared.")


def test_the_reference_run_is_called_so_and_the_runs_are_told_apart_by_their_configuration() -> None:
    demo = config.load("demo")
    assert ablations.run_name(demo, "best") == "reference run"
    assert ablations.other_settings(demo) == ["swin_base", "swinv2", "vit"]
    assert ablations.recipes(demo) == ["plus_plain", "plus"]
    assert ablations.heading(demo) == "## 2. The three other settings and what they show"
    columns, rows = ablations.score_table(demo, all_scored(demo, best=1.0), ["best"])
    assert dict(zip(columns, rows[0], strict=True))["run"] == "reference run"


def test_the_comparison_follows_the_numbers() -> None:
    demo = config.load("demo")
    text = ablations.comparison(demo, all_scored(demo, best=2.0, swin_base=1.5, vit=1.4, swinv2=1.3))
    assert text.startswith(
        "By CIDEr, all three score significantly lower than the reference run, and since each changes several settings "
        "at once, no single cause can be told. Differences with 95 % intervals: `swin_base` −0.500 ["
    )
    assert "They are over images: trained with one seed, runs may differ as much by another seed alone." in text
    assert "Nor were the backbones pretrained on the same number of drawings." in text
    assert "Several settings are changed at once by `swin_base` (4), `swinv2` (3) and `vit` (4)" in text
    assert text.endswith(
        "reference run (0.8745) > swin_base (0.8554) > vit (0.8006) > swinv2 (0.7840); the order here is the same."
    )
    text = ablations.comparison(demo, all_scored(demo, best=2.0, swin_base=2.5, vit=2.0, swinv2=1.3))
    assert "`swinv2` scores significantly lower than the reference run; `swin_base` scores significantly higher" in text
    assert "; `vit` does not differ significantly from the reference run" in text
    assert "`swinv2` −0.700 [" in text and "`vit` 0.000 [0.000, 0.000]" in text
    assert "; the order here is another. That vit stands" not in text, "of which the images leave no doubt"
    near = all_scored(demo, best=2.0, swin_base=1.5, vit=1.501, swinv2=1.3)
    base = near["swin_base"].per_image
    doubtful = {name: {"CIDEr": row["CIDEr"] + (-1) ** int(name) / 10} for name, row in base.items()}
    near["vit"] = dataclasses.replace(near["vit"], per_image=doubtful)
    text = ablations.comparison(demo, near)
    assert re.search(r"here is another\. That vit stands above swin_base here, by .* \[.*\], is undecided\.$", text)


def test_a_profile_with_one_run_says_that_there_is_nothing_to_compare(tiny_profile: config.Profile) -> None:
    scores = {"best": scored(0.5)}
    assert ablations.heading(tiny_profile) == "## 2. Other settings"
    assert "has no other setting" in ablations.comparison(tiny_profile, scores)
    assert "highest" not in ablations.best_setting(tiny_profile, scores)
    assert ablations.against_reference(tiny_profile, scores) == {}
    assert ablations.difference_table("run", {}) == (["run"], [])


def test_runs_that_differ_in_one_setting_or_in_none_are_told_so(tiny_profile: config.Profile) -> None:
    profile = with_runs(tiny_profile, decayed={"training": {"weight_decay": 0.5}}, twin={})
    text = ablations.comparison(profile, all_scored(profile))
    assert "`twin` has the reference run's settings." in text
    assert "A single setting is changed by `decayed` (weight decay: 0.5)." in text
    assert not any(words in text for words in ("at once", "written report", "backbones"))
    alone = with_runs(tiny_profile, decayed={"training": {"weight_decay": 0.5}})
    assert "no single cause" not in ablations.comparison(alone, all_scored(alone)), "it is told by its setting"
    assert ablations.heading(profile) == "## 2. The two other settings and what they show"
    many = with_runs(tiny_profile, **{f"run{n}": {} for n in range(10)})
    assert ablations.heading(many) == "## 2. The 10 other settings and what they show"
    assert "highest" not in ablations.best_setting(profile, all_scored(profile))
    assert ablations.heading(with_runs(tiny_profile, twin={})) == "## 2. The other setting and what it shows"
    assert [label for label, _ in side_by_side(list(profile.runs.values()))] == ["weight decay"]


@pytest.mark.parametrize(
    ("others", "differs"),
    [(["wide"], "`wide` does not differ, it"), (["wide", "slow"], "`wide` and `slow` do not differ, each")],
)
def test_where_every_run_changes_several_settings_no_cause_is_told(tiny_profile, others, differs) -> None:
    changes = {"training": {"weight_decay": 0.5}, "decoder": {"feed_forward": 64}}
    profile = with_runs(tiny_profile, **dict.fromkeys(others, changes))
    text = ablations.comparison(profile, all_scored(profile))
    verdict, subject = differs.split(", ")
    assert text.startswith(
        f"By CIDEr, {verdict} significantly from the reference run, and since {subject} changes several settings at "
        "once, no single cause can be told. "
    )
    assert f"Several settings are changed at once by {' and '.join(f'`{run}` (2)' for run in others)}: " in text


def test_with_a_single_validation_image_no_interval_is_told(tiny_profile: config.Profile) -> None:
    profile = with_runs(tiny_profile, twin={})
    few = {run: scored(0.5, images=1) for run in profile.runs}
    assert "fewer than two images" in ablations.comparison(profile, few)
    assert "another seed" not in ablations.comparison(profile, all_scored(profile)), "nothing is significant"
    two = {run: scored(0.5, images=2) for run in profile.runs}
    assert ablations.against_reference(profile, two)["twin"]["CIDEr"].n == 2
    assert ablations.level_table(ablations.against_reference(profile, few)) == (["run", "seeds"], [])
    assert components.conclusion(components.components(profile, few, "twin")) == ""


def test_scores_are_told_of_the_images_that_they_are_of(tiny_profile: config.Profile) -> None:
    scores = {"best": scored(0.5, images=3)}
    assert "on 3 validation images" in ablations.best_setting(tiny_profile, scores)
    captions = dataclasses.replace(tiny_profile.captions, test_share=0.5)
    tested = dataclasses.replace(tiny_profile, captions=captions)
    assert "on 3 test images" in ablations.best_setting(tested, scores)
    hw3 = config.load(ROOT / "configs" / "hw3.yaml")
    real = {run: scored(0.5) for run in hw3.runs}
    assert ablations.best_setting(hw3, real).endswith("this setting scored CIDEr 0.8745 and CLIPScore 0.7182.")
    hw3 = dataclasses.replace(hw3, captions=dataclasses.replace(hw3.captions, test_share=0.5))
    assert ablations.best_setting(hw3, real).endswith("and CLIPScore 0.7182 on validation images.")


def test_runs_without_a_clip_are_told_by_cider_alone(tiny_profile: config.Profile) -> None:
    per_image = {f"{i}": {"CIDEr": 0.5 + i} for i in range(4)}
    scores = {run: RunScores({}, {"CIDEr": 0.5}, per_image) for run in ("best", "twin")}
    profile = with_runs(tiny_profile, twin={})
    assert "scores CIDEr 0.500 on 4" in ablations.best_setting(profile, scores)
    assert ablations.score_table(profile, scores, ["best"])[0] == ["run", "setting", "CIDEr"]
    gaps = ablations.against_reference(profile, scores)
    assert list(gaps["twin"]) == ["CIDEr"]
    assert ablations.level_table(gaps)[1] == [["twin", 1, "–"]]
    log = [{key: value for key, value in event.items() if key != "CLIPScore"} for event in events([1, 2])]
    assert [axes.get_title("left") for axes in figures.curves(log).axes] == ["Loss, nats per token", "CIDEr"]
    assert len(figures.compared({"best": log}).axes) == 1


def test_runs_are_compared_with_the_reference_run_image_by_image(tiny_profile: config.Profile) -> None:
    profile = with_runs(tiny_profile, plus={})
    gaps = ablations.against_reference(profile, all_scored(profile, best=1.0, plus=2.0))
    assert gaps["plus"]["CIDEr"].effect == pytest.approx(1.0)
    columns, rows = ablations.difference_table("run", gaps)
    assert columns == ["run", "CIDEr, difference", "CLIPScore, difference"]
    assert rows[0][:2] == ["plus", "+1.000 [+1.000, +1.000]"]


def test_a_run_that_is_not_scored_names_the_command(tiny_profile: config.Profile) -> None:
    for run in ("best", "best/seed_7"):
        with pytest.raises(UserError, match=rf"scores\.json is missing.*hw3 score --run {run} --profile tiny"):
            read_scores(config.folder(tiny_profile, run))


def test_the_kept_epoch_is_the_first_with_the_highest_sum_of_scores() -> None:
    log = [event for event in events([1, 1, 1, 1]) if event["event"] == "validation"]
    log[1]["CIDEr"] = log[2]["CIDEr"] = 0.9
    assert figures.kept(log) is log[1]
    log[3]["CLIPScore"] = 1.2
    assert figures.kept(log) is log[3]
    assert figures.kept([]) is None


def test_only_the_demos_scores_have_notes() -> None:
    assert "The demo's own CLIP" in ablations.score_notes(config.load("demo"))
    assert ablations.score_notes(config.load("hw3")) == ""


def test_curves_and_small_multiples_mark_the_kept_epoch() -> None:
    log = events([1, 1, 1])
    log[-1]["CIDEr"] = 0.05  # the curve ends below what is kept
    for figure in (figures.curves(log), figures.compared({"reference run": log, "vit": events([1])})):
        rings = [line for axes in figure.axes for line in axes.lines if line.get_label() == "_kept"]
        assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in rings[:1]] == [(2, 0.2)]
    assert "0.200" in [text.get_text() for text in figure.axes[0].texts]
    figure.canvas.draw()
    for axes in figure.axes:
        lowest = min(y for line in axes.lines for y in axes.transData.transform(line.get_xydata())[:, 1])
        assert all(text.get_window_extent().y1 < lowest for text in axes.texts), "below every curve"
    assert not any(axes.texts for axes in figures.curves(log).axes), "the curve has an axis to read it off"


def test_curves_show_every_validation_and_mark_each_change_of_rate() -> None:
    figure = figures.curves(events([1, 1, 2, 3]), frozen_epochs=2)
    loss, cider, _ = figure.axes
    assert list(cider.lines[0].get_xdata()) == [1, 2, 3, 4]
    assert list(cider.lines[0].get_ydata()) == pytest.approx([0.1, 0.2, 0.3, 0.4])
    marks = [float(line.get_xdata()[0]) for line in cider.lines[1:] if line.get_label() != "_kept"]
    assert marks == [2, 3]
    assert len(loss.lines[0].get_xdata()) == 16
    assert max(loss.lines[0].get_xdata()) == pytest.approx(4)
    assert [axes.get_xlim()[0] for axes in figure.axes] == [0, 0, 0]
    assert [(shade.get_x(), shade.get_width()) for axes in figure.axes for shade in axes.patches] == [(0, 2)] * 3


def test_curves_mark_where_rewards_began_and_show_them_beside_the_validations() -> None:
    log = events([1, 1, 1])
    for event in log:
        if event["epoch"] == 3 and event["event"] == "train":
            event["reward"] = event.pop("loss") / 10
    loss, cider, _ = figures.curves(log).axes
    assert max(loss.lines[0].get_xdata()) == 2, "which has no loss"
    rewards, *_, began = cider.lines
    assert list(rewards.get_xdata()) == [2.25, 2.5, 2.75, 3]
    assert list(rewards.get_ydata()) == pytest.approx([0.3] * 4)
    assert list(began.get_xdata()) == [2, 2]


def test_curves_can_be_drawn_before_the_first_validation() -> None:
    assert figures.curves(events([1])[:2]).axes


def test_how_curves_end_is_told_of_every_run() -> None:
    rising, falling = events([1, 1]), events([1, 1, 1])
    for event in (*rising, *falling):
        event["phase"] = "whole"
    falling[-1] |= {"CIDEr": 0.05, "CLIPScore": 0.0}
    told = learning.endings({"a": rising, "b": falling, "c": events([1]), "d": []})
    assert "the last: a (+0.100). More epochs might" in told
    assert "b keeps the weights of epoch 2 (encoder unfrozen, CIDEr 0.200); its last validation, at epoch 3 " in told
    assert "a keeps" not in told
    assert "Validated once, at the end: c. The runs learned for 1 to 3 epochs." in told
    flat = events([1, 1])
    flat[-1] |= {"CIDEr": 0.1, "CLIPScore": 2.0}
    assert learning.endings({"a": flat}) == "No run's CIDEr rose from the last validation but one to the last."


def test_the_data_are_counted_and_the_demos_are_called_drawn() -> None:
    def images(*counts: int) -> CaptionSet:
        names = tuple(map(str, range(len(counts))))
        return CaptionSet(tuple(map(Path, names)), names, names, tuple(("a dog",) * count for count in counts))

    validation = images(5)
    drawn = learning.data(images(5, 5, 5), validation, images(5, 5), drawn=True)
    assert (
        "Images: 3 to learn from, 1 to validate on and 2 to test on; 5 captions of each, 15 in all to learn from."
        in drawn
    )
    assert "a program writes their captions" in drawn
    other = learning.data(images(1, 2), validation, validation, drawn=False)
    assert "Images: 2 to learn from and 1 to validate on; 1 to 5 captions of each, 3 in all to learn from." in other
    assert "program" not in other


def epochs(axes: Any) -> int:
    """How many validations of its own run a panel shows."""
    return len(next(line for line in axes.lines if not line.get_label().startswith("_b")).get_xdata())


def test_runs_of_different_lengths_stand_in_panels_of_their_own() -> None:
    figure = figures.compared({"best": events([1, 2]), "vit": events([1, 1, 1])})
    assert [epochs(axes) for axes in figure.axes[:2]] == [2, 3]
    assert [axes.get_title("left") for axes in figure.axes[:2]] == ["best", "vit"]
    assert figure.axes[0].get_xlim()[1] >= 3
    assert not figure.axes[0].patches, "no epochs are shaded as those of a frozen encoder"


def test_many_runs_stand_in_several_rows() -> None:
    figure = figures.compared({f"run{i}": events([1] * (1 + i // 6)) for i in range(8)})
    assert len(figure.axes) == 24, "four rows of six"
    assert 1.2 < figure.get_size_inches()[1] / 4 < 1.5, "each row has its height"
    rows = [figure.axes[6 * row] for row in range(4)]
    assert [epochs(axes) for axes in rows] == [1, 1, 2, 2], "both scores of a run stand below one another"
    assert [(axes.get_xlabel(), axes.get_ylabel()) for axes in rows] == [("", "CIDEr"), ("epoch", "CLIPScore")] * 2
    assert figure.axes[1].get_ylabel() == ""
    visible = [axes for axes in figure.axes if axes.get_visible()]
    assert len(visible) == 16
    assert [axes.get_title("left") for axes in visible if axes.get_title("left")] == [f"run{i}" for i in range(8)]


def test_pictures_stand_in_a_row_with_their_names() -> None:
    figure = figures.pictures([Image.new("RGB", (8, 6)), Image.new("RGB", (6, 8))], ["a", "b"])
    assert [axes.get_title() for axes in figure.axes] == ["a", "b"]
    width, height = figure.get_size_inches()
    assert 0.3 * width < height < 0.5 * width, "two pictures, and a line"


@pytest.fixture
def several(tiny_profile: config.Profile) -> tuple[config.Profile, dict[str, RunScores]]:
    """A reference run of three seeds, a run of two, a run of one; each seed's images lie around its CIDEr."""
    best = tiny_profile.run("best")
    runs = {
        "best": dataclasses.replace(best, seeds=3),
        "other": dataclasses.replace(best, seeds=(1, 2), decoder=dataclasses.replace(best.decoder, feed_forward=16)),
        "single": best,
    }
    profile = dataclasses.replace(tiny_profile, runs=runs)
    ciders = {"best/seed_7": 1.0, "best/seed_8": 1.02, "best/seed_9": 1.04, "other/seed_1": 0.5, "other/seed_2": 0.52}
    return profile, with_seeds(profile, {name: scored(cider) for name, cider in (ciders | {"single": 0.9}).items()})


def test_a_runs_score_is_its_seeds_mean_with_their_spread(
    several: tuple[config.Profile, dict[str, RunScores]],
) -> None:
    profile, scores = several
    assert scores["best"].scores["CIDEr"] == pytest.approx(1.02)
    assert scores["best"].per_image == scores["best/seed_7"].per_image
    _, rows = ablations.score_table(profile, scores, list(profile.runs))
    assert [row[2] for row in rows] == ["1.020\xa0±\xa00.020", "0.510\xa0±\xa00.014", 0.9]
    assert ablations.score_notes(profile).startswith("±: the standard deviation over a run's seeds")
    said = ablations.best_setting(profile, scores)
    assert "CIDEr 1.020" in said and " validation images (means of 3 seeds)" in said
    runs = {name: profile.runs[name] for name in ("other", "single")}
    two = dataclasses.replace(profile, best_run="other", runs=runs)
    assert "(means of 2 seeds)" in ablations.best_setting(two, scores)
    assert ablations.score_notes(two).startswith("±: ")
    del scores["best/seed_9"]
    partly = {name: scores[name] for name in scores if "/" in name}
    assert "best" not in with_seeds(profile, partly), "not before all of its seeds are scored"


def test_differences_know_the_seeds_that_both_runs_have(
    several: tuple[config.Profile, dict[str, RunScores]],
) -> None:
    profile, scores = several
    gaps = {run: row["CIDEr"] for run, row in ablations.against_reference(profile, scores).items()}
    assert gaps["other"].effect == pytest.approx(-0.51)
    assert (gaps["other"].seeds, gaps["single"].seeds) == (2, 1)
    assert gaps["other"].by_seeds > 0.5
    columns, rows = ablations.level_table(ablations.against_reference(profile, scores))
    assert columns[:3] == ["run", "seeds", "CIDEr, from seeds"]
    assert rows[0][:3] == ["other", 2, f"{gaps['other'].by_seeds:.0%}"]
    assert rows[1][:3] == ["single", 1, "–"]
    told = ablations.uncertainty(profile, scores)
    assert "Davison and Hinkley" in told
    assert "standard deviation of 0.018 (pooled, 3 degrees of freedom)" in told
    assert "One seed alone has `single`" in told


def test_with_one_seed_it_says_that_intervals_know_no_seeds(tiny_profile: config.Profile) -> None:
    told = ablations.uncertainty(tiny_profile, all_scored(tiny_profile))
    assert told.startswith("They speak of other images, not of another seed")
    assert not ablations.score_notes(dataclasses.replace(tiny_profile, data="other"))


def test_a_component_is_compared_within_each_seed(several: tuple[config.Profile, dict[str, RunScores]]) -> None:
    profile, scores = several
    for name in ("other/seed_1", "other/seed_2"):
        kept = scores[name]
        raw = scored(kept.scores["CIDEr"] - 0.2)
        variants = {of: Scores(side.scores, side.per_image) for of, side in (("raw", raw), ("taught", kept))}
        scores[name] = dataclasses.replace(kept, variants=variants)
    found = {what: row["CIDEr"] for what, row in components.components(profile, scores, "other").items()}
    settings, average = (
        found[what] for what in ("its settings, instead of the reference run's", "moving average of the weights")
    )
    assert (settings.effect, settings.seeds) == (pytest.approx(0.31 - 1.02), 2)
    assert (average.effect, average.seeds) == (pytest.approx(0.2), 2)
    assert average.high - average.low < 1e-6, "both seeds gain the same"
    assert settings.by_seeds > 0.5
