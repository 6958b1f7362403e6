"""The prompt study's figures: accuracies and effects, classes as tables of shades, photographs with their answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import ImageOps
from PIL.Image import Image

from hw3lib.display.prose import signed
from hw3lib.display.style import STYLE, WIDTH, bare, data_name, new_figure, published_name, shortened, styled
from hw3lib.metrics.interval_tests import NEGLIGIBLE
from hw3lib.metrics.paired_tests import Effect
from hw3lib.prompts.answers import Answers
from hw3lib.prompts.examples import Changed, Ranked
from hw3lib.prompts.prose import set_name
from hw3lib.prompts.results import ProbeStudy, Scores, Study, Unlabelled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh
    from matplotlib.figure import Figure

MOST_CLASSES = 30  # that a table of shades has room for at a readable size
SIGNED_BELOW = 10  # points below a class's mean from which a cell has a minus sign
_TINY = 7.0  # points: the smallest type in print
_PITCH = 0.118  # inches from one name in a table of shades to the next
_CELLS_DPI = 200  # cells are one picture inside the SVG: a tenth of the size of a thousand paths
_SHADES = ("#f6f8fa", "#a9c8dc", STYLE.measured, "#0d3b57")
_DASHED = (0, (2, 2))
_TITLES = {
    "article: a vs none": "article “a”",
    "article: correct vs none": "correct article",
}


@styled
def prompt_accuracy(study: Study, data: str) -> Figure:
    """Accuracy of every prompt of the profile's own set as a bar, and the published accuracy beside it.

    ``data`` is the profile's: ``demo``, ``real`` or ``other``.
    """
    prompts = study.prompts
    figure = new_figure(WIDTH, 0.7 + 0.36 * len(prompts))
    axes = figure.add_subplot()
    rows = range(len(prompts))
    measured = [scores.accuracy for scores in prompts.values()]
    published = {row: scores.published for row, scores in enumerate(prompts.values()) if scores.published is not None}
    lane = 0.2 if published else 0.0  # the two series lie in lanes of their own: neither hides the other
    axes.barh([row - lane for row in rows], measured, height=0.34, color=STYLE.measured, label=data_name(data))
    if published:
        axes.barh(
            [row + lane for row in published], list(published.values()), height=0.28, facecolor="#fdf3ea",
            edgecolor=STYLE.published, linewidth=1.0, hatch="////", label=published_name(data),
        )  # fmt: skip
    bars = [(value, row - lane, STYLE.measured, "bold") for row, value in enumerate(measured)]
    bars += [(value, row + lane, STYLE.published, "normal") for row, value in published.items()]
    for value, row, colour, weight in bars:
        axes.annotate(
            f"{value:.4f}", (value, row), (4, 0), textcoords="offset points", va="center", color=colour,
            fontweight=weight, fontsize=STYLE.small,
        )  # fmt: skip
    axes.axvline(study.chance, color=STYLE.quiet, linewidth=0.8, linestyle=_DASHED, marker="", label="chance, this run")
    axes.set_yticks(rows, [_template(template, 44) for template in prompts], fontsize=STYLE.small)
    axes.set(xlim=(0, 1.08), xticks=[0, 0.2, 0.4, 0.6, 0.8, 1], xlabel="accuracy", ylim=(len(prompts) - 0.5, -0.5))
    _rows_look(axes)
    figure.legend(loc="outside upper right", ncols=3, handlelength=1.6, columnspacing=1.6)
    return figure


@styled
def factor_effects(study: Study) -> Figure:
    """What each factor changes, on average and in each carrier sentence, with 95 % intervals over images.

    Negations, which lie on another scale, have a panel of their own. Raises ``ValueError`` without a design.
    """
    if not study.factors:
        raise ValueError("the study has no factorial design")
    factors = [{"all carrier sentences": factor} | factor.per_carrier for factor in study.factors.values()]
    negations: dict[str, Effect] = {"all pairs": study.negation, **study.negation.pairs} if study.negation else {}
    heights = [0.5 + 0.17 * len(rows) for rows in (factors[0], negations) if rows]
    figure = new_figure(WIDTH, 0.2 + sum(heights))
    grid = figure.add_gridspec(len(heights), len(factors), height_ratios=heights)
    first = None
    for column, (name, rows) in enumerate(zip(study.factors, factors, strict=True)):
        axes = figure.add_subplot(grid[0, column], sharex=first)
        _forest(axes, rows, _TITLES.get(name, name))
        if first:
            axes.set_yticklabels([])
        first = first or axes
    if negations:
        _forest(figure.add_subplot(grid[1, :]), negations, "negated, against affirmative counterpart")
    figure.supxlabel("change in accuracy, points", fontsize=STYLE.small)
    return figure


@styled
def all_templates(study: Study) -> Figure:
    """The accuracy of every template, told apart by set; hollow where it differs from the baseline.

    Templates are in order of their accuracy on the images that choose what is best, and shown on those that report it.
    """
    ranked = study.ranked(study.templates)
    sets = list(dict.fromkeys(scores.sets[0] for scores in study.templates.values()))
    figure = new_figure(WIDTH, 2.3)
    axes = figure.add_subplot()
    for number, name in enumerate(sets):
        for differs in (False, True):
            points = {
                rank: study.reported(key).accuracy
                for rank, key in enumerate(ranked, start=1)
                if study.templates[key].sets[0] == name
                and bool((gap := study.templates[key].against_baseline) and gap.significant) == differs
            }
            axes.plot(
                list(points), list(points.values()), fillstyle="none" if differs else "full", markersize=4,
                linestyle="", marker=STYLE.markers[number % 6], color=STYLE.series[number % 6],
                label=None if differs else shortened(set_name(study, name), 40), zorder=3 if number else 4,
            )  # fmt: skip
    base = study.reported(study.baseline).accuracy
    axes.axhline(base, color=STYLE.quiet, linewidth=0.8, linestyle=_DASHED, marker="", label="the baseline")
    axes.set(xlabel="templates, the most accurate first", ylabel="accuracy", xlim=(0, len(ranked) + 1))
    axes.grid(axis="y")
    figure.legend(loc="outside upper left", ncols=min(3, len(sets) + 1), handlelength=1.2, columnspacing=1.2)
    return figure


@styled
def shots(probe: ProbeStudy) -> Figure:
    """The linear probe's accuracy by labelled images per class, with the range of its draws, beside zero-shot."""
    figure = new_figure(WIDTH * 0.72, 2.0)
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
    axes.set(xlabel="labelled images per class", ylabel="accuracy", ylim=(0, min(1.05, top + 0.1)))
    axes.grid(axis="y")
    axes.legend(loc="lower right")
    return figure


@styled
def class_accuracy(study: Study) -> Figure:
    """Accuracy of every class under every prompt of the profile's own set, as a table of shades: the hardest first."""
    templates = list(study.prompts)
    names = list(study.templates[study.baseline].per_class)
    table = _class_table(study, templates, study.templates.__getitem__).T  # (C, K)
    order = np.argsort(table.mean(1), kind="stable")
    room = max(1, int(WIDTH / (1.0 + 0.28 * len(templates))))  # tables side by side
    panels = np.array_split(order, min(room, -(-len(names) // 8)))
    keys = [chr(ord("A") + column) if column < 26 else str(column + 1) for column in range(len(templates))]
    figure = new_figure(WIDTH, 0.35 + 0.14 * len(templates) + 0.155 * len(panels[0]))
    for axes, rows in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        cells = np.full((len(panels[0]), len(templates)), np.nan)
        cells[: len(rows)] = table[rows]
        _shaded(axes, cells, _SHADES, 0, 1)
        for row, column in np.ndindex(len(rows), len(templates)):
            value = cells[row, column]
            axes.text(
                column + 0.5, row + 0.54, f"{value:.2f}".replace("0.", ".") if value < 1 else "1", ha="center",
                va="center", fontsize=_TINY, color="white" if value > 0.55 else STYLE.ink,
            )  # fmt: skip
        _names(axes, [shortened(names[row], 17) for row in rows], [])
        axes.set_xticks(np.arange(len(templates)) + 0.5, keys, fontweight="bold")
        axes.set_ylim(len(panels[0]), 0)
        axes.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False)
    legend = "\n".join(f"{key}   {_template(template, 90)}" for key, template in zip(keys, templates, strict=True))
    figure.suptitle(legend, fontsize=STYLE.small, x=0.01, ha="left")
    return figure


@styled
def templates_by_class(study: Study, most: int = 26) -> Figure:
    """Templates by classes: by how much each lies above or below the class's mean over all templates shown.

    Of the design and the pairs where there are such, else of all, those that differ most from class to class, the most
    accurate on top. Classes on which the template matters most are on the left, :data:`MOST_CLASSES` at the most.
    """
    templates = study.templates
    kinds = {key: {name.partition("_")[0] for name in scores.sets} for key, scores in templates.items()}
    design = [key for key, names in kinds.items() if {"report", "factorial"} & names] or list(templates)
    chosen, shown = (_class_table(study, design, of) for of in (study.chosen, study.reported))
    spread = np.nansum(np.abs(chosen - chosen.mean(0)), axis=1)
    kept = set(np.argsort(-spread, kind="stable")[:most].tolist())
    rows = [design.index(key) for key in study.ranked(design) if design.index(key) in kept]
    above = 100 * (shown[rows] - shown[rows].mean(0))
    order = np.argsort(-np.nan_to_num(chosen[rows].std(0)), kind="stable")[:MOST_CLASSES]
    classes = list(templates[study.baseline].per_class)
    figure = new_figure(WIDTH, 1.2 + _PITCH * len(rows))
    axes = figure.add_subplot()
    drawn = _shaded(axes, above[:, order], (STYLE.published, "#f7f7f5", STYLE.measured), -40, 40)
    for row, column in np.argwhere(above[:, order] <= -SIGNED_BELOW):  # without colours both ends look alike
        axes.text(column + 0.5, row + 0.5, "\N{MINUS SIGN}", ha="center", va="center", fontsize=_TINY)
    columns = [shortened(classes[place], 14) for place in order]
    _names(axes, [_template(design[row], 40) for row in rows], columns)
    _colour_bar(figure, axes, drawn, "points above or below the class's mean", [-40, -20, 0, 20, 40], extend="both")
    return figure


@styled
def confusion(counts: np.ndarray, labels: Sequence[str]) -> Figure:
    """Which class (row) was taken for which (column), in shades of the row's share; right answers are the diagonal.

    ``counts`` is (C, C). Classes are in an order that brings together those that are confused; of more than
    :data:`MOST_CLASSES`, those with most errors are shown.
    """
    total = counts.sum(1)
    wrong = counts.sum(0) + total - 2 * np.diag(counts)
    chosen = np.sort(np.argsort(-wrong, kind="stable")[:MOST_CLASSES])
    rates = counts[np.ix_(chosen, chosen)] / np.maximum(1, total[chosen, None])
    order = _together(rates)
    side = max(1.5, _PITCH * len(chosen))
    figure = new_figure(min(WIDTH, side + 2.0), side + 1.0)
    axes = figure.add_subplot()
    drawn = _shaded(axes, np.sqrt(rates[np.ix_(order, order)]), _SHADES, 0, 1)
    names = [shortened(labels[place], 14) for place in chosen[order]]
    _names(axes, names, names)
    axes.set(xlabel="answer", ylabel="true class", aspect="equal")
    marks = [0, 0.05, 0.2, 0.5, 1]
    bar = _colour_bar(figure, axes, drawn, "share of the class's images", np.sqrt(marks))
    bar.ax.set_yticklabels([f"{mark:g}" for mark in marks])
    return figure


@styled
def changed_images(groups: Sequence[Sequence[Changed]], titles: Sequence[str]) -> Figure:
    """Groups of photographs, side by side, whose answer changed: the true class above, answer before and after below.

    Raises ``ValueError`` without any picture, and unless there is a title for each group.
    """
    if len(groups) != len(titles) or not groups or not all(groups):
        raise ValueError(f"{len(groups)} groups of pictures, none of them empty, and {len(titles)} titles do not match")
    side = WIDTH / max(6, sum(map(len, groups)))
    figure = new_figure(side * sum(map(len, groups)), side + 0.75)
    parts = figure.subfigures(1, len(groups), squeeze=False, width_ratios=[len(group) for group in groups])[0]
    for part, group, title in zip(parts, groups, titles, strict=True):
        part.suptitle(title, fontsize=STYLE.text, fontweight="bold", x=0.02, ha="left")
        grid = part.subplots(1, len(group), squeeze=False)[0]
        for axes, change in zip(grid, group, strict=True):
            _photograph(axes, change.picture, change.truth, 16)
            axes.set_xlabel(
                f"{shortened(change.before, 16)} →\n{shortened(change.after, 16)}", fontsize=STYLE.small, labelpad=3,
                color=STYLE.right if change.after == change.truth else STYLE.published,
            )  # fmt: skip
    return figure


@styled
def top_five(examples: Sequence[Ranked], per_row: int = 3) -> Figure:
    """Photographs with their likeliest classes as bars, of which the true class's is coloured.

    Above each stands its true class or, where nobody knows it, the file's name.
    """
    deepest = max(len(example.classes) for example in examples)
    rows, height = -(-len(examples) // per_row), 4.8 / per_row  # of a picture, in inches
    figure = new_figure(WIDTH * min(1.0, len(examples) / per_row), rows * (height + 0.25 + 0.22 * deepest))
    heights = [height, 0.22 * deepest] * rows
    grid = figure.add_gridspec(2 * rows, min(per_row, len(examples)), height_ratios=heights, hspace=0.02, wspace=0.06)
    for place, example in enumerate(examples):
        line, column = divmod(place, per_row)
        heading = example.truth or example.name
        _photograph(figure.add_subplot(grid[2 * line, column]), example.picture, heading, 84 // per_row)
        bars = figure.add_subplot(grid[2 * line + 1, column])
        colours = [STYLE.right if name == example.truth else STYLE.soft for name, _ in example.classes]
        bars.barh(range(len(colours)), [value for _, value in example.classes], height=0.3, color=colours)
        for row, (name, value) in enumerate(example.classes):
            weight = "bold" if name == example.truth else "normal"
            for x, text, side in ((0, shortened(name, 78 // per_row), "left"), (1, f"{value:.3f}", "right")):
                bars.text(x, row - 0.22, text, va="bottom", ha=side, fontsize=_TINY, fontweight=weight)
        bars.set(xlim=(0, 1), ylim=(deepest - 0.6, -0.85), xticks=[], yticks=[])
        bare(bars)
    return figure


@styled
def class_counts(study: Unlabelled) -> Figure:
    """How many photographs each class got, the most first, and the range of that over all templates.

    Of more than :data:`MOST_CLASSES` the first.
    """
    shown = sorted(study.counts[study.template].items(), key=lambda item: -item[1])[:MOST_CLASSES]
    figure = new_figure(WIDTH * 0.8, 0.6 + 0.17 * len(shown))
    axes, rows = figure.add_subplot(), range(len(shown))
    axes.barh(rows, [count for _, count in shown], height=0.6, color=STYLE.measured)
    for row, (name, count) in enumerate(shown):
        over = sorted(counts[name] for counts in study.counts.values())
        axes.plot([over[0], over[-1]], [row, row], color=STYLE.published, marker="|", linewidth=1.2)
        spread = f"{count} ({over[0]} to {over[-1]})" if over[0] < over[-1] else f"{count}"
        axes.annotate(
            spread, (1, row), (6, 0), xycoords=("axes fraction", "data"), va="center", textcoords="offset points",
            fontsize=_TINY,
        )  # fmt: skip
    axes.set_yticks(rows, [shortened(name, 40) for name, _ in shown], fontsize=STYLE.small)
    axes.set(xlabel="photographs", ylim=(len(shown) - 0.5, -0.5))
    axes.locator_params(axis="x", integer=True)
    _rows_look(axes)
    return figure


@styled
def sureness(answers: Answers, template: str) -> Figure:
    """How many photographs have which probability of the likeliest class, and which lead over the next."""
    figure = new_figure(WIDTH, 2.0)
    panels = figure.subplots(1, 2, sharey=True)
    labels = ("probability of the likeliest class", "its lead over the next class")
    for axes, values, label in zip(panels, answers.likeliest(template), labels, strict=True):
        axes.hist(values, bins=np.linspace(0, 1, 21), color=STYLE.measured, edgecolor="white", linewidth=0.6)
        axes.set(xlabel=label, xlim=(0, 1))
        axes.locator_params(axis="y", integer=True)
        axes.grid(axis="y")
    panels[0].set_ylabel("photographs")
    return figure


def _template(template: str, most: int) -> str:
    """A template of at most so many characters, not cut inside a placeholder.

    >>> _template("a photo of a {object}", 18)
    'a photo of a …'
    """
    text = shortened(template, most)
    return text if text.count("{") == text.count("}") else text[: text.rindex("{")] + "…"


def _forest(axes: Axes, rows: Mapping[str, Effect], title: str) -> None:
    """Effects as points with intervals, one row each; the first is an average: a diamond, in bold."""
    for place, effect in enumerate(rows.values()):
        colour, weight = (STYLE.measured, "normal") if place else (STYLE.published, "bold")
        low, value, high = (100 * number for number in (effect.low, effect.effect, effect.high))
        axes.plot([low, high], [place, place], color=colour, marker="", linewidth=1.2 if place else 2.0)
        axes.plot(value, place, marker="o" if place else "D", color=colour, markersize=4)
        axes.annotate(
            signed(value), (1, place), (22, 0), xycoords=("axes fraction", "data"), va="center", ha="right",
            textcoords="offset points", fontsize=_TINY, fontweight=weight,
        )  # fmt: skip
    margin = 100 * NEGLIGIBLE["accuracy"]
    axes.axvspan(-margin, margin, color=STYLE.quiet, alpha=0.12, linewidth=0, zorder=0)  # what would not matter
    axes.axvline(0, color=STYLE.quiet, linewidth=0.8, marker="")
    axes.set_title(title, fontsize=STYLE.small)
    axes.set_yticks(range(len(rows)), [_template(name, 40) for name in rows])
    axes.get_yticklabels()[0].set_fontweight("bold")
    axes.set_ylim(len(rows) - 0.4, -0.6)
    _rows_look(axes)


def _rows_look(axes: Axes) -> None:
    """Named rows: a grid of values, no line on the left."""
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")


def _photograph(axes: Axes, picture: Image, title: str, most: int) -> None:
    """The middle square, which is what the model sees."""
    axes.imshow(ImageOps.fit(picture, (400, 400)), interpolation="antialiased")
    axes.set(xticks=[], yticks=[])
    axes.set_title(shortened(title, most), loc="center", pad=3, fontsize=STYLE.small)
    bare(axes)


def _shaded(axes: Axes, cells: np.ndarray, colours: Sequence[str], low: float, high: float) -> QuadMesh:
    """A table of shades, drawn as one picture."""
    from matplotlib.colors import LinearSegmentedColormap

    axes.get_figure(root=True).set_dpi(_CELLS_DPI)  # type: ignore[union-attr]
    shades = LinearSegmentedColormap.from_list("shades", list(colours))
    return axes.pcolormesh(cells, cmap=shades, vmin=low, vmax=high, edgecolor="white", linewidth=0.6, rasterized=True)


def _names(axes: Axes, rows: Sequence[str], columns: Sequence[str]) -> None:
    """The names of a table's rows, from the top, and of its columns."""
    axes.set_yticks([place + 0.5 for place in range(len(rows))], rows, fontsize=_TINY)
    axes.set_xticks([place + 0.5 for place in range(len(columns))], columns, rotation=90, fontsize=_TINY)
    axes.invert_yaxis()
    bare(axes)


def _colour_bar(figure: Figure, axes: Axes, drawn: QuadMesh, label: str, ticks: Any, extend: str = "neither") -> Any:
    bar = figure.colorbar(drawn, ax=axes, fraction=0.03, pad=0.01, ticks=ticks, extend=extend)
    bar.set_label(label, fontsize=_TINY)
    bar.ax.tick_params(labelsize=_TINY)
    bar.outline.set_visible(False)  # type: ignore[operator]
    return bar


def _class_table(study: Study, templates: Sequence[str], of: Callable[[str], Scores]) -> np.ndarray:
    """Accuracies by template and class, ``(K, C)``; NaN for a class without images among those that choose."""
    classes = study.templates[study.baseline].per_class
    return np.array([[of(template).per_class.get(name, np.nan) for name in classes] for template in templates])


def _together(rates: np.ndarray) -> list[int]:
    """An order of classes in which those that are mixed up are neighbours: average linkage of their confusion."""
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    if len(rates) < 2:
        return [0]
    apart: Any = 2.0 - (rates + rates.T)
    np.fill_diagonal(apart, 0)
    return [int(place) for place in leaves_list(linkage(squareform(apart, checks=False), "average"))]
