"""P2's figures: how a run learned, what it was shown, the runs side by side. Pure functions from data to figures."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from textwrap import fill
from typing import TYPE_CHECKING, Any

from hw3lib.display.scripts import CJK, is_rtl
from hw3lib.display.style import STYLE, WIDTH, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image

    from hw3lib.captioning.gallery import Card

Event = Mapping[str, Any]  # a line of log.jsonl
SCORES = ("CIDEr", "CLIPScore")
PHASES = {"frozen": "encoder frozen", "whole": "encoder unfrozen", "self-critical": "self-critical"}  # of an event
_PANELS = 6  # in a row


@styled
def curves(events: Sequence[Event], frozen_epochs: int = 0) -> Figure:
    """Loss, CIDEr and, where there is one, CLIPScore over the epochs of a run, from its log.

    A ring marks the kept epoch, a dashed line each change of the learning rate's stage, a dotted one the start of
    self-critical training; the shaded epochs are those with the encoder frozen.
    """
    cross_entropy = [event for event in events if event["event"] == "train" and "loss" in event]
    validations = [event for event in events if event["event"] == "validation"]
    scores = _scores(validations)
    figure = new_figure(WIDTH, 2.3)
    loss, cider, *clip = panels = figure.subplots(1, 1 + len(scores))
    loss.plot(
        _moments(cross_entropy),
        [event["loss"] for event in cross_entropy],
        color=STYLE.soft,
        marker="",
        label="training",
    )
    epochs = [event["epoch"] for event in validations]
    loss.plot(epochs, [event["val_loss"] for event in validations], color=STYLE.series[1], label="validation")
    loss.legend(loc="upper right")
    self_critical = [event for event in events if event["event"] == "train" and "reward" in event]
    if self_critical:
        rewards = [event["reward"] for event in self_critical]
        cider.plot(_moments(self_critical), rewards, color=STYLE.soft, marker="", label="of samples, training")
    cider.plot(epochs, [event["CIDEr"] for event in validations], color=STYLE.measured, label="greedy, validation")
    if self_critical:
        cider.legend(loc="lower right")
    for axes in clip:
        axes.plot(epochs, [event["CLIPScore"] for event in validations], color=STYLE.series[2], marker=STYLE.markers[2])
    for axes, title in zip(panels, ("Loss, nats per token", *scores), strict=True):
        _epochs(axes, title, validations, frozen_epochs)
        if title in scores:
            _mark_kept(axes, validations, title)
        if self_critical:
            axes.axvline(self_critical[0]["epoch"] - 1, color=STYLE.quiet, linewidth=0.8, linestyle=":")
    return figure


def kept(validations: Sequence[Event]) -> Event | None:
    """The validation whose weights a run kept: the first with the highest sum of CIDEr and CLIPScore."""
    return max(validations, key=lambda event: sum(event.get(score, 0.0) for score in SCORES), default=None)


def _mark_kept(axes: Axes, validations: Sequence[Event], score: str, value: bool = False) -> None:
    """A ring around the kept epoch's score, which is written beside it if ``value``."""
    event = kept(validations)
    if event is None:
        return
    axes.plot(
        event["epoch"], event[score], "o", markersize=8, markerfacecolor="none", markeredgewidth=1.2,
        color=STYLE.published, clip_on=False, zorder=3, label="_kept",
    )  # fmt: skip
    if value:
        box = {"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 1}
        axes.text(
            0.98, 0.03, f"{event[score]:.3f}", transform=axes.transAxes, ha="right", va="bottom",
            fontsize=STYLE.small, color=STYLE.published, bbox=box,
        )  # fmt: skip


def _scores(validations: Sequence[Event]) -> list[str]:
    """Which scores validations gave: a profile may do without a CLIP. A run without any is drawn with both."""
    return [score for score in SCORES if all(score in event for event in validations)]


def _moments(steps: Sequence[Event]) -> list[float]:
    """When in the run, in epochs, each of the logged parts of epochs ended; the parts of an epoch are alike."""
    parts = Counter(event["epoch"] for event in steps)
    parts_so_far: Counter[int] = Counter()
    moments = []
    for event in steps:
        parts_so_far[event["epoch"]] += 1
        moments.append(event["epoch"] - 1 + parts_so_far[event["epoch"]] / parts[event["epoch"]])
    return moments


def _epochs(axes: Axes, title: str, validations: Sequence[Event], frozen_epochs: int = 0) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_title(title)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.grid(axis="y")
    axes.set_xlim(0, max((event["epoch"] for event in validations), default=1) * 1.04)
    if frozen_epochs:
        axes.axvspan(0, frozen_epochs, color=STYLE.rule, alpha=0.35, linewidth=0)
    for before, after in pairwise(validations):
        if after["stage"] != before["stage"]:
            axes.axvline(before["epoch"], color=STYLE.quiet, linewidth=0.8, linestyle="--")


@styled
def compared(logs: Mapping[str, Sequence[Event]]) -> Figure:
    """Small multiples: for each run CIDEr and, where there is one, CLIPScore at each validation, the others behind it.

    ``logs`` are the runs' events; a ring marks the epoch that was kept.
    """
    runs = {name: [event for event in events if event["event"] == "validation"] for name, events in logs.items()}
    scores = _scores([event for validations in runs.values() for event in validations])
    columns, lines = min(len(runs), _PANELS), -(-len(runs) // _PANELS)
    figure = new_figure(WIDTH, 0.4 + 1.25 * lines * len(scores))
    panels = figure.subplots(lines * len(scores), columns, squeeze=False, sharex=True, sharey="row")
    for axes in panels.flat:
        axes.set_visible(False)
    longest = max(runs.values(), key=lambda validations: validations[-1]["epoch"] if validations else 0)
    for index, (name, validations) in enumerate(runs.items()):
        line, column = divmod(index, columns)
        for place, score in enumerate(scores):
            axes = panels[line * len(scores) + place, column]
            axes.set_visible(True)
            for others in runs.values():
                axes.plot(*_curve(others, score), color=STYLE.soft, marker="", linewidth=0.8, label="_behind")
            axes.plot(*_curve(validations, score), color=STYLE.measured, marker="o", markersize=2.5)
            _mark_kept(axes, validations, score, value=True)
            _epochs(axes, name if place == 0 else "", [dict(event, stage=0) for event in longest])
            axes.set_xlabel("epoch" if place == len(scores) - 1 else "")
            axes.set_ylabel(score if column == 0 else "")
    for row in panels:  # which share an axis: room below every curve for the kept score
        low, high = row[0].get_ylim()
        row[0].set_ylim(low - 0.25 * (high - low), high)
    return figure


def _curve(validations: Sequence[Event], score: str) -> tuple[list[int], list[float]]:
    return [event["epoch"] for event in validations], [event[score] for event in validations]


@styled
def pictures(images: Sequence[Image], names: Sequence[str]) -> Figure:
    """Images in a row, each with its name under it."""
    height = WIDTH / len(images) * 0.78
    figure = new_figure(WIDTH, height + 0.25)
    for axes, image, name in zip(figure.subplots(1, len(images), squeeze=False)[0], images, names, strict=True):
        axes.imshow(image)
        axes.set_axis_off()
        axes.set_title(name, loc="center", y=-0.02, va="top", pad=0, fontsize=STYLE.small, fontweight="normal")
    return figure


@styled
def cards(images: Sequence[Image], shown: Sequence[Card]) -> Figure:
    """Images in a row of three at most, each with its name and every run's caption below it."""
    columns, tall, line, gap = 3, 1.35, 0.105, 0.15  # inches: of a photograph, of a line of text, between columns
    wide = (WIDTH - gap * (columns - 1)) / columns
    texts = [
        "\n".join(
            fill(text, 20 if re.search(CJK, text) else 40)
            for text in (
                f"reference: {card.references[0]}",
                *(f"{run}: {one.text}" for run, one in card.captions.items()),
            )
        )
        for card in shown
    ]
    height = tall + line * (2.5 + max(text.count("\n") + 1 for text in texts))
    figure = new_figure(WIDTH, height)
    figure.set_layout_engine("none")
    for place, (image, card, text) in enumerate(zip(images, shown, texts, strict=True)):
        left = place * (wide + gap) / WIDTH
        axes = figure.add_axes((left, 1 - tall / height, wide / WIDTH, tall / height), anchor="W")
        axes.imshow(image)
        axes.set_axis_off()
        below = 1 - (tall + 0.05) / height
        figure.text(left, below, card.name, va="top", fontsize=STYLE.small, fontweight="bold")
        below -= 1.4 * line / height
        end, side = (left + wide / WIDTH, "right") if is_rtl(text.partition(": ")[2]) else (left, "left")
        figure.text(end, below, text, va="top", ha=side, fontsize=STYLE.small - 1, linespacing=1.15)
    return figure
