"""The table of runs: what differs is read off the settings, and the conclusion off the scores."""

from __future__ import annotations

import dataclasses

from hw3lib import ablations, config
from hw3lib.ablations import Result


def test_each_ablation_of_the_report_differs_in_what_the_report_says() -> None:
    profile = config.load("hw3")
    assert ablations.difference(profile, "best") == ""
    for name in ("swin_base", "vit"):
        said = ablations.difference(profile, name)
        assert "feed-forward: 1024" in said
        assert "colour jitter: none" in said
        assert "mean; std: 0.5, 0.5, 0.5; 0.5, 0.5, 0.5" in said
    said = ablations.difference(profile, "swinv2")
    assert "feed-forward: 1024" in said
    assert "learning rates, in turn: 1e-05" in said
    assert "colour jitter" not in said


def test_the_setting_names_every_learning_rate() -> None:
    rows = dict(map(tuple, ablations.setting_rows(config.load("hw3").run("best"))))
    assert rows["learning rates, in turn"] == "1e-05, 3e-06, 1e-06"
    assert rows["gradients clipped by value"] == "-1 to 1"


def results(**cider: float) -> list[Result]:
    published = {"best": 0.87, "swin_base": 0.85, "swinv2": 0.78, "vit": 0.80}
    return [
        Result(name, name, {"CIDEr": value, "CLIPScore": 0.7}, {"CIDEr": published[name], "CLIPScore": 0.7})
        for name, value in cider.items()
    ]


def test_the_conclusion_follows_the_scores() -> None:
    profile = config.load("demo")
    same = ablations.conclusion(profile, results(best=1.9, swin_base=1.8, swinv2=1.2, vit=1.5))
    assert "ahead of 3 of 3 others" in same
    assert "is the same" in same
    other = ablations.conclusion(profile, results(best=1.5, swin_base=1.8, swinv2=1.2, vit=1.6))
    assert "ahead of 1 of 3 others" in other
    assert "is another" in other
    assert other.index("swin_base (1.800)") < other.index("vit (1.600)") < other.index("best (1.500)")


def test_demo_and_published_scores_stand_in_columns_of_their_own() -> None:
    profile = config.load("demo")
    columns, rows = ablations.table(profile, results(best=1.9, vit=1.5))
    assert columns == ["run", "CIDEr, demo", "CLIPScore, demo", "CIDEr, published", "CLIPScore, published"]
    assert rows[0] == ["best", 1.9, 0.7, 0.87, 0.7]
    real = dataclasses.replace(profile, data="real")
    assert ablations.table(real, results(best=1.9))[0][1] == "CIDEr, measured"
