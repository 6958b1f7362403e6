"""What each component gives: compared on the same images, told with its interval, and never more than was measured."""

from __future__ import annotations

import dataclasses
import random
import re

import pytest
from statsmodels.stats.multitest import multipletests

from hw3lib import config
from hw3lib.captioning import components
from hw3lib.captioning.results import RunScores
from hw3lib.metrics.paired_tests import LEVEL
from hw3lib.metrics.scoring import Scores
from hw3lib.metrics.seed_bootstrap import Spread

SURE = Spread(0.001, 8)  # seeds differ by next to nothing


def per_image(level: float, seed: int, objects: bool = True) -> dict[str, dict[str, float]]:
    rng = random.Random(seed)
    found = {}
    for number in range(60):
        value = {"CIDEr": level + rng.random(), "CLIPScore": 0.5 + level / 10 + 0.1 * rng.random()}
        if objects:
            value |= {"objects_expected": 2, "objects_found": rng.choice((1, 2)), "mentions": 2, "hallucinated": 0}
        found[f"image_{number}"] = value
    return found


def scored(level: float, variants: dict[str, float] | None = None, objects: bool = True) -> RunScores:
    others = {name: Scores({}, per_image(value, 2, objects)) for name, value in (variants or {}).items()}
    return RunScores({}, {}, per_image(level, 1, objects), others)


@pytest.fixture
def profile(tiny_profile: config.Profile) -> config.Profile:
    run = tiny_profile.run("best")
    return dataclasses.replace(tiny_profile, runs={"best": run, "plus": run})


VARIANTS = {"raw": 1.0, "taught": 1.0, "taught_beam": 0.5, "critical": 2.0}
SCORES = {"best": scored(1.0), "plus": scored(2.0, VARIANTS)}


def test_each_component_is_compared_with_what_it_was_added_to(profile: config.Profile) -> None:
    found = components.components(profile, SCORES, "plus")
    assert list(found) == [
        "its settings, instead of the reference run's", "moving average of the weights",
        "beam search before self-critical training, an aside",
        "self-critical training", "beam search after self-critical training",
        "all together, against the reference run",
    ]  # fmt: skip
    effects = [each["CIDEr"].effect for each in found.values()]
    assert effects == pytest.approx([0, 0, -0.5, 1, 0, 1], abs=0.15)
    chain = [effect for what, effect in zip(found, effects, strict=True) if not what.endswith("an aside")]
    assert sum(chain[:-1]) == pytest.approx(chain[-1]), "what is no aside adds up to the total"
    assert found["self-critical training"]["CIDEr"].sure
    assert not found["moving average of the weights"]["CIDEr"].sure
    assert all(each["CIDEr"].n == 60 for each in found.values())
    assert all(each["CIDEr"].low <= each["CIDEr"].effect <= each["CIDEr"].high for each in found.values())


def test_a_run_is_told_by_the_components_that_it_has(profile: config.Profile) -> None:
    scores = {"plus": scored(2.0, {"taught": 1.0}, objects=False), "best": scored(1.0, objects=False)}
    found = components.components(profile, scores, "plus")
    assert list(found) == ["its settings, instead of the reference run's", "all together, against the reference run"]
    assert [list(scores) for scores in found.values()] == [["CIDEr", "CLIPScore"]] * 2


def test_a_run_that_is_built_on_another_is_told_from_there(profile: config.Profile) -> None:
    best = profile.run("best")
    plain = dataclasses.replace(best, training=dataclasses.replace(best.training, schedule="cosine"))
    smooth = dataclasses.replace(plain.training, label_smoothing=0.1, ema_decay=0.9)
    plus = dataclasses.replace(plain, training=smooth, built_on="plain")
    profile = dataclasses.replace(profile, runs={"best": best, "plain": plain, "plus": plus})
    scores = SCORES | {"plain": scored(3.0)}
    found = {what: each["CIDEr"].effect for what, each in components.components(profile, scores, "plus").items()}
    assert list(found)[:3] == [
        "plain's settings, instead of the reference run's", "label smoothing: 0.1", "moving average of the weights",
    ]  # fmt: skip
    assert list(found.values())[:2] == pytest.approx([2, -2], abs=0.15)
    assert found["all together, against the reference run"] == pytest.approx(1, abs=0.15)


def test_a_component_that_changes_nothing_else_has_no_row_of_its_own(profile: config.Profile) -> None:
    run = profile.run("best")
    beams = dataclasses.replace(run, decoding=config.Decoding(beams=3), built_on="plain")
    profile = dataclasses.replace(profile, runs={"best": run, "plain": run, "plus": beams})
    found = components.components(profile, SCORES | {"plain": scored(3.0)}, "plus")
    assert "" not in found
    assert list(found)[:2] == ["plain's settings, instead of the reference run's", "moving average of the weights"]


def test_all_scores_of_all_components_are_one_family(profile: config.Profile) -> None:
    found = components.components(profile, SCORES, "plus")
    every = [difference for row in found.values() for difference in row.values()]
    assert len(every) == 6 * 3
    corrected = multipletests([difference.p for difference in every], method="holm")[1]
    assert [difference.holm for difference in every] == pytest.approx(corrected)
    columns, rows = components.test_table(found)
    scores = ("CIDEr", "CLIPScore", "object recall")
    assert columns == ["component", *(f"{score}: p; detectable" for score in scores), "images", "seeds"]
    assert rows[3][:2] == ["self-critical training", "p < 0.001; 0.000"], "which has no spread here"
    # Between two runs each CIDEr is uniform on an interval of 1: 2.8 times (2 / 12 / 60) ** 0.5 is 0.148.
    assert re.fullmatch(r"p = \d\.\d\d; 0\.1[2-7]\d", rows[0][1])
    assert {tuple(row[-2:]) for row in rows} == {(60, 1)}


def test_what_only_an_uncorrected_interval_shows_is_not_called_significant(profile: config.Profile) -> None:
    found = components.components(profile, SCORES, "plus")
    cider = found["self-critical training"]["CIDEr"]
    alone = dataclasses.replace(cider, effect=0.05, low=0.01, high=0.09)  # p = 0.014
    for p in (LEVEL, 0.06):
        text = components.conclusion({"this": {"CIDEr": dataclasses.replace(alone, holm=p)}}, SURE)
        assert text == "No significant difference in CIDEr: this (+0.050)."
    significant = dataclasses.replace(alone, holm=0.04)
    assert components.conclusion({"this": {"CIDEr": significant}}, SURE) == "Significantly higher CIDEr: this (+0.050)."
    unsure = "Significant over images, but inconclusive, since another seed alone may do as much: this (+0.050)."
    assert components.conclusion({"this": {"CIDEr": significant}}) == unsure
    assert components.conclusion({"this": {"CIDEr": significant}}, Spread(0.02, 2)) == unsure
    weights = "Significant for the weights of this one training, and not tested on another seed's: "
    for search in ("beam search", f"beam search{components._ASIDE}", "moving average of the weights"):
        row = {search: {"CIDEr": significant}}
        assert components.conclusion(row) == f"{weights}{search} (+0.050)."
        assert components.conclusion(row, SURE).startswith("Significantly higher CIDEr: ")
    row = {"self-critical training": {"CIDEr": significant}}
    assert components.conclusion(row).startswith("Significant over images, but inconclusive"), "which draws captions"
    several = dataclasses.replace(significant, seeds=3)
    assert components.conclusion({"this": {"CIDEr": several}}) == "Significantly higher CIDEr: this (+0.050)."


def test_the_sentence_follows_the_numbers(profile: config.Profile) -> None:
    text = components.conclusion(components.components(profile, SCORES, "plus"), SURE)
    raises, lowers, neither = re.split(r"Significantly lower|No significant", text)
    assert raises.startswith("Significantly higher CIDEr: ")
    assert re.search(r"self-critical training \(\+1\.\d{3}\)", raises)
    assert "an aside (−0.5" in lowers
    assert "moving average" in neither
