"""P2's runs side by side: what differs, the table, the sentence, and the figures drawn from logs."""

from __future__ import annotations

import dataclasses

import pytest
from PIL import Image

from hw3lib import config
from hw3lib.captioning import ablations, figures
from hw3lib.captioning.ablations import RunResult
from hw3lib.captioning.results import read_all
from hw3lib.config import folder
from hw3lib.system.errors import UserError
from hw3lib.system.files import write_json

PUBLISHED = {
    "best": (0.8745, 0.7182),
    "swin_base": (0.8554, 0.7183),
    "swinv2": (0.7840, 0.6991),
    "vit": (0.8006, 0.7063),
}


def result(name: str, cider: float, **more: float) -> RunResult:
    published = dict(zip(("CIDEr", "CLIPScore"), PUBLISHED[name], strict=True))
    return RunResult(name, name, {"CIDEr": cider, "CLIPScore": 0.7} | more, published)


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


def test_measured_and_published_stand_in_columns_of_their_own() -> None:
    found = [result("best", 1.2, object_recall=0.9), result("vit", 1.3)]
    columns, rows = ablations.table(config.load("demo"), found)
    assert all("demo" in column or "published" in column for column in columns[1:])
    assert rows[0] == ["best", 1.2, 0.7, 0.9, 0.8745, 0.7182]
    assert rows[1] == ["vit", 1.3, 0.7, None, 0.8006, 0.7063]
    columns, rows = ablations.table(config.load("hw3"), [result("best", 1.2)])
    assert not any("demo" in column or "recall" in column for column in columns)


def test_the_conclusion_follows_the_numbers() -> None:
    profile = config.load("demo")
    as_published = [result(name, PUBLISHED[name][0]) for name in PUBLISHED]
    text = ablations.conclusion(profile, as_published)
    assert "best (0.875) > swin_base (0.855) > vit (0.801) > swinv2 (0.784)" in text
    assert "ahead of 3 of 3" in text
    assert "the same" in text
    other = [result("best", 0.2), result("swin_base", 0.3), result("swinv2", 0.4), result("vit", 0.1)]
    text = ablations.conclusion(profile, other)
    assert "ahead of 1 of 3" in text
    assert "is another" in text


def test_published_figures_are_those_of_the_written_report(tiny_profile: config.Profile) -> None:
    profile = dataclasses.replace(tiny_profile, runs={name: tiny_profile.run("best") for name in PUBLISHED})
    with pytest.raises(UserError, match=r"scores\.json is missing.*hw3 score --run best --profile tiny"):
        read_all(profile)
    scores = {"CIDEr": 0.5, "CLIPScore": 0.6}
    for name in PUBLISHED:
        content = {"provenance": {}, "scores": scores, "per_image": {}}
        write_json(folder(profile, name) / "scores.json", content)
    for found in ablations.results(profile, read_all(profile)):
        assert (found.published["CIDEr"], found.published["CLIPScore"]) == PUBLISHED[found.name]
        assert found.scores == scores


def test_curves_show_every_validation_and_mark_each_change_of_rate() -> None:
    figure = figures.curves(events([1, 1, 2, 3]), frozen_epochs=2)
    loss, cider, _ = figure.axes
    assert list(cider.lines[0].get_xdata()) == [1, 2, 3, 4]
    assert list(cider.lines[0].get_ydata()) == pytest.approx([0.1, 0.2, 0.3, 0.4])
    marks = [float(line.get_xdata()[0]) for line in cider.lines[1:]]
    assert marks == [2, 3]
    assert len(loss.lines[0].get_xdata()) == 16
    assert max(loss.lines[0].get_xdata()) == pytest.approx(4)


def test_curves_can_be_drawn_before_the_first_validation() -> None:
    assert figures.curves(events([1])[:2]).axes


def test_runs_of_different_lengths_are_compared() -> None:
    figure = figures.compared({"best": events([1, 2]), "vit": events([1, 1, 1])})
    assert [len(line.get_xdata()) for line in figure.axes[0].lines] == [2, 3]
    assert figure.axes[0].get_xlim()[1] >= 3


def test_pictures_stand_in_a_row_with_their_names() -> None:
    figure = figures.pictures([Image.new("RGB", (8, 6)), Image.new("RGB", (6, 8))], ["a", "b"])
    assert [axes.get_title() for axes in figure.axes] == ["a", "b"]


def test_runs_without_a_clip_are_tabled_and_drawn_with_cider_alone() -> None:
    found = [dataclasses.replace(result("best", 1.2), scores={"CIDEr": 1.2})]
    columns, (row,) = ablations.table(config.load("hw3"), found)
    assert row[:3] == ["best", 1.2, None]
    assert len(row) == len(columns)
    log = [{key: value for key, value in event.items() if key != "CLIPScore"} for event in events([1, 2])]
    assert [axes.get_title("left") for axes in figures.curves(log).axes] == ["Loss, nats per token", "CIDEr"]
    assert len(figures.compared({"best": log}).axes) == 1
