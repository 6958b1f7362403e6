"""The prompt study's figures of accuracies and effects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hw3lib.display.prose import signed
from hw3lib.display.style import STYLE, WIDTH, data_name, new_figure, published_name, shortened, styled
from hw3lib.metrics.paired_tests import Effect
from hw3lib.prompts.results import ProbeStudy, Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TITLES = {
    "article: a vs none": "article “a”, against none",
    "article: correct vs none": "right article, against none",
    "full stop": "full stop, against none",
}
_SET_NAMES = {"report": "the task's and the author's", "factorial": "the design and the negations"}


@dataclass(frozen=True)
class _Row:
    """A row of a forest plot; an average is a diamond, in bold."""

    name: str
    effect: Effect
    average: bool = False


@styled
def prompt_accuracy(study: Study, data: str) -> Figure:
    """Accuracy of every prompt of the profile's own set as a bar, and the published accuracy beside it.

    ``data`` is the profile's, ``demo`` or ``real``.
    """
    prompts = study.prompts
    figure = new_figure(WIDTH, 0.8 + 0.5 * len(prompts))
    axes = figure.add_subplot()
    rows = range(len(prompts))
    measured = [scores.accuracy for scores in prompts.values()]
    published = {row: scores.published for row, scores in enumerate(prompts.values()) if scores.published is not None}
    lane = 0.19 if published else 0.0  # the two series lie in lanes of their own: neither hides the other
    axes.barh([row - lane for row in rows], measured, height=0.34, color=STYLE.measured, label=data_name(data))
    axes.barh(
        [row + lane for row in published], list(published.values()), height=0.26, facecolor="#fdf3ea",
        edgecolor=STYLE.published, linewidth=1.0, hatch="////", label=published_name(data),
    )  # fmt: skip
    for row, value in enumerate(measured):
        _value(axes, value, row - lane, STYLE.measured, "bold")
    for row, value in published.items():
        _value(axes, value, row + lane, STYLE.published, "normal")
    dashed = (0, (2, 2))
    axes.axvline(study.chance, color=STYLE.quiet, linewidth=0.8, linestyle=dashed, marker="", label="chance, this run")
    axes.set_yticks(rows, list(prompts), fontsize=STYLE.text)
    axes.set(xlim=(0, 1.06), xticks=[0, 0.2, 0.4, 0.6, 0.8, 1], xlabel="accuracy", ylim=(len(prompts) - 0.5, -0.5))
    _rows_look(axes)
    figure.legend(loc="outside upper right", ncols=3, handlelength=1.6, columnspacing=1.6)
    return figure


@styled
def factor_effects(study: Study) -> Figure:
    """What each factor changes, over all frames and frame by frame, with 95 % intervals over images.

    Negations, which lie on another scale, have a panel of their own. Raises ``ValueError`` without a design.
    """
    if not study.factors:
        raise ValueError("the study has no factorial design")
    rows = []
    for key, effect in study.factors.items():
        rows.append(_Row(_TITLES.get(key, key), effect, average=True))
        rows += [_Row(frame, inner) for frame, inner in effect.per_frame.items()]
    panels = [rows]
    if study.negation:
        pairs = [_Row(negated, pair) for negated, pair in study.negation.pairs.items()]
        panels.append([_Row("negated, against affirmed", study.negation, average=True), *pairs])
    figure = new_figure(WIDTH, 0.1 + sum(0.55 + 0.19 * len(panel) for panel in panels))
    column = figure.subplots(len(panels), 1, squeeze=False, height_ratios=[len(panel) for panel in panels])[:, 0]
    for axes, panel in zip(column, panels, strict=True):
        _forest(axes, panel)
    column[-1].set_xlabel("change in accuracy, points")
    return figure


@styled
def all_templates(study: Study) -> Figure:
    """The accuracy of every template, the best first, told apart by set; hollow where it differs from the baseline."""
    ranked = sorted(study.templates.items(), key=lambda item: (-item[1].accuracy, item[0]))
    sets = list(dict.fromkeys(scores.sets[0] for scores in study.templates.values()))
    figure = new_figure(WIDTH, 2.9)
    axes = figure.add_subplot()
    for number, name in enumerate(sets):
        for differs in (False, True):
            points = [
                (rank, scores.accuracy)
                for rank, (_, scores) in enumerate(ranked, start=1)
                if scores.sets[0] == name
                and bool(scores.against_baseline and scores.against_baseline.significant) == differs
            ]
            axes.plot(
                [rank for rank, _ in points], [accuracy for _, accuracy in points],
                fillstyle="none" if differs else "full", markersize=4.5, linestyle="",
                marker=STYLE.markers[number % 6], color=STYLE.series[number % 6],
                label=None if differs else _SET_NAMES.get(name, name), zorder=3 if number else 4,
            )  # fmt: skip
    base = study.templates[study.baseline].accuracy
    axes.axhline(base, color=STYLE.quiet, linewidth=0.8, linestyle=(0, (2, 2)), marker="", label="the baseline")
    axes.set(xlabel="templates, the most accurate first", ylabel="accuracy", xlim=(0, len(ranked) + 1))
    axes.grid(axis="y")
    figure.legend(loc="outside upper left", ncols=min(5, len(sets) + 1), handlelength=1.4, columnspacing=1.4)
    return figure


@styled
def shots(probe: ProbeStudy) -> Figure:
    """The linear probe's accuracy by labelled images per class, with the range of its draws, beside zero-shot."""
    figure = new_figure(WIDTH * 0.72, 2.7)
    axes = figure.add_subplot()
    counts, points = probe.shots, probe.points
    low, high = [point.low for point in points], [point.high for point in points]
    axes.fill_between(counts, low, high, color=STYLE.measured, alpha=0.15, linewidth=0)
    axes.plot(counts, [point.accuracy for point in points], color=STYLE.measured, label="linear probe")
    axes.axhline(
        probe.zero_shot, color=STYLE.published, marker="", linestyle=(0, (4, 2)), label="zero-shot, the prompt alone"
    )
    for point in points:
        axes.annotate(
            f"{point.accuracy:.2f}", (point.shots, point.accuracy), (0, -11), textcoords="offset points",
            ha="center", fontsize=STYLE.small, color=STYLE.measured,
        )  # fmt: skip
    axes.set_xscale("log", base=2)
    axes.set_xticks(counts, [str(count) for count in counts])
    axes.minorticks_off()
    top = max(probe.zero_shot, *high)
    axes.set(xlabel="labelled images per class", ylabel="accuracy", ylim=(0, min(1.0, top + 0.1)))
    axes.grid(axis="y")
    axes.legend(loc="lower right")
    return figure


def _forest(axes: Axes, rows: Sequence[_Row]) -> None:
    """Effects as points with intervals, one row each."""
    for place, row in enumerate(rows):
        colour = STYLE.published if row.average else STYLE.measured
        low, value, high = (100 * number for number in (row.effect.low, row.effect.effect, row.effect.high))
        axes.plot([low, high], [place, place], color=colour, marker="", linewidth=2.0 if row.average else 1.2)
        axes.plot(value, place, marker="D" if row.average else "o", color=colour, markersize=5 if row.average else 4)
        axes.annotate(
            signed(value), (1, place), (6, 0), xycoords=("axes fraction", "data"), va="center",
            textcoords="offset points", fontsize=STYLE.small, fontweight="bold" if row.average else "normal",
        )  # fmt: skip
    axes.axvline(0, color=STYLE.quiet, linewidth=0.8, marker="")
    axes.set_yticks(range(len(rows)), [row.name if row.average else shortened(row.name, 40) for row in rows])
    for label, row in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_fontweight("bold" if row.average else "normal")
    axes.set_ylim(len(rows) - 0.4, -0.6)
    _rows_look(axes)


def _value(axes: Axes, value: float, row: float, colour: str, weight: str) -> None:
    """A bar's value at its end."""
    axes.annotate(
        f"{value:.4f}", (value, row), (4, 0), textcoords="offset points", va="center", color=colour, fontweight=weight
    )


def _rows_look(axes: Axes) -> None:
    """Named rows: a grid of values, no line on the left."""
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
