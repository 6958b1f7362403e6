"""The prompt study class by class: tables of shades, and photographs with their answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hw3lib.display.style import STYLE, WIDTH, bare, new_figure, shortened, styled
from hw3lib.prompts.examples import Changed, Ranked
from hw3lib.prompts.results import Study

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure
    from PIL.Image import Image

_MOST = 50  # classes whose names can be read
_CELLS_DPI = 200  # cells are one picture inside the SVG: a tenth of the size of a thousand paths
_SHADES = ("#f6f8fa", "#a9c8dc", STYLE.measured, "#0d3b57")


@styled
def class_accuracy(study: Study) -> Figure:
    """Accuracy of every class under every prompt of the profile's own set, as a table of shades: the hardest first."""
    import numpy as np

    templates = list(study.prompts)
    names = list(study.templates[study.baseline].per_class)
    table = _class_table(study, templates).T  # (C, K)
    order = np.argsort(table.mean(1), kind="stable")
    panels = np.array_split(order, 2 if len(names) > 14 else 1)
    keys = [chr(ord("A") + column) if column < 26 else str(column + 1) for column in range(len(templates))]
    figure = new_figure(WIDTH, 0.4 + 0.155 * len(templates) + 0.2 * len(panels[0]))
    axes_row = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, rows in zip(axes_row, panels, strict=True):
        cells = np.full((len(panels[0]), len(templates)), np.nan)
        cells[: len(rows)] = table[rows]
        axes.pcolormesh(cells, cmap=_colours(*_SHADES), vmin=0, vmax=1, edgecolor="white", linewidth=1.5)
        for row, column in np.ndindex(len(rows), len(templates)):
            value = cells[row, column]
            axes.text(
                column + 0.5, row + 0.53, f"{value:.2f}".replace("0.", ".") if value < 1 else "1", ha="center",
                va="center", fontsize=STYLE.small - 0.5, color="white" if value > 0.55 else STYLE.ink,
            )  # fmt: skip
        axes.set_yticks(np.arange(len(rows)) + 0.5, [shortened(names[row], 22) for row in rows])
        axes.set_xticks(np.arange(len(templates)) + 0.5, keys, fontweight="bold")
        axes.set_ylim(len(panels[0]), 0)
        axes.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False)
        bare(axes)
    legend = "\n".join(f"{key}   {shortened(template, 90)}" for key, template in zip(keys, templates, strict=True))
    figure.suptitle(legend, fontsize=STYLE.small, x=0.01, ha="left")
    return figure


@styled
def wording_by_class(study: Study, most: int = 40) -> Figure:
    """Templates by classes: by how much each lies above or below the class's mean over all templates shown.

    The design's and the pairs' templates where there are such, else the first ``most``; the best on top. Classes on
    which wording matters most are on the left, 50 at the most.
    """
    import numpy as np

    templates = study.templates
    design = [key for key, scores in templates.items() if {"report", "factorial"} & set(scores.sets)]
    chosen = sorted((design or list(templates))[:most], key=lambda key: -templates[key].accuracy)
    table = _class_table(study, chosen)
    above = 100 * (table - table.mean(0))
    order = np.argsort(-above.std(0), kind="stable")[:_MOST]
    classes = list(templates[study.baseline].per_class)
    names = [shortened(classes[place], 18) for place in order]
    figure = new_figure(WIDTH, 1.35 + 0.135 * len(chosen))
    figure.set_dpi(_CELLS_DPI)
    axes = figure.add_subplot()
    shades = _colours(STYLE.published, "#f7f7f5", STYLE.measured)
    drawn = axes.pcolormesh(
        above[:, order], cmap=shades, vmin=-40, vmax=40, edgecolor="white", linewidth=0.4, rasterized=True
    )
    small = min(6.5, 7.5 * 34 / max(34, len(names)))
    _names(axes, [shortened(key, 36) for key in chosen], 6.2, names, small)
    bar = figure.colorbar(drawn, ax=axes, fraction=0.025, pad=0.01, extend="both", ticks=[-40, -20, 0, 20, 40])
    bar.set_label("points above or below the class's mean", fontsize=STYLE.small)
    bar.outline.set_visible(False)  # type: ignore[operator]
    return figure


@styled
def confusion(counts: np.ndarray, labels: Sequence[str]) -> Figure:
    """Which class (row) was taken for which (column), in shades of the row's share; right answers are the diagonal.

    ``counts`` is (C, C). Classes are in an order that brings together those that are confused; of more than 50, those
    with most errors are shown.
    """
    import numpy as np

    total = counts.sum(1)
    wrong = counts.sum(0) + total - 2 * np.diag(counts)
    chosen = np.sort(np.argsort(-wrong, kind="stable")[:_MOST])
    rates = counts[np.ix_(chosen, chosen)] / np.maximum(1, total[chosen, None])
    order = _together(rates)
    figure = new_figure(WIDTH, WIDTH * 0.82)
    figure.set_dpi(_CELLS_DPI)
    axes = figure.add_subplot()
    drawn = axes.pcolormesh(
        np.sqrt(rates[np.ix_(order, order)]), cmap=_colours(*_SHADES), vmin=0, vmax=1, edgecolor="white",
        linewidth=0.5, rasterized=True,
    )  # fmt: skip
    names = [shortened(labels[place], 20) for place in chosen[order]]
    small = min(STYLE.small, STYLE.small * 32 / max(32, len(names)))
    _names(axes, names, small, names, small)
    axes.set(xlabel="answer", ylabel="true class", aspect="equal")
    marks = [0, 0.05, 0.2, 0.5, 1]
    bar = figure.colorbar(drawn, ax=axes, fraction=0.035, pad=0.01, ticks=np.sqrt(marks))
    bar.ax.set_yticklabels([f"{mark:g}" for mark in marks])
    bar.set_label("share of the class's images", fontsize=STYLE.small)
    bar.outline.set_visible(False)  # type: ignore[operator]
    return figure


@styled
def changed_images(groups: Sequence[Sequence[Changed]], titles: Sequence[str]) -> Figure:
    """Groups of photographs, side by side, whose answer changed: the true class above, answer before and after below.

    Raises ``ValueError`` without any picture, and unless there is a title for each group.
    """
    if len(groups) != len(titles) or not groups or not all(groups):
        raise ValueError(f"{len(groups)} groups of pictures, none of them empty, and {len(titles)} titles do not match")
    side = WIDTH / max(4, sum(map(len, groups)))
    figure = new_figure(side * sum(map(len, groups)), side + 0.75)
    parts = figure.subfigures(1, len(groups), squeeze=False, width_ratios=[len(group) for group in groups])[0]
    for part, group, title in zip(parts, groups, titles, strict=True):
        part.suptitle(title, fontsize=STYLE.text, fontweight="bold", x=0.02, ha="left")
        grid = part.subplots(1, len(group), squeeze=False)[0]
        for axes, change in zip(grid, group, strict=True):
            _photograph(axes, change.picture, 240)
            axes.set_title(shortened(change.truth, 18), loc="center", pad=3, fontsize=STYLE.small)
            axes.set_xlabel(
                f"{shortened(change.before, 18)} →\n{shortened(change.after, 18)}", fontsize=STYLE.small, labelpad=3,
                color=STYLE.right if change.after == change.truth else STYLE.published,
            )  # fmt: skip
    return figure


@styled
def top_five(examples: Sequence[Ranked]) -> Figure:
    """Photographs with their likeliest classes as bars, of which the true class's is coloured."""
    deepest = max(len(example.classes) for example in examples)
    figure = new_figure(WIDTH, 2.55 + 0.27 * deepest)
    grid = figure.add_gridspec(2, len(examples), height_ratios=[2.2, 0.27 * deepest], hspace=0.02, wspace=0.06)
    for column, example in enumerate(examples):
        photograph = figure.add_subplot(grid[0, column])
        _photograph(photograph, example.picture, 480)
        photograph.set_title(shortened(example.truth, 30), loc="center")
        bars = figure.add_subplot(grid[1, column])
        colours = [STYLE.right if name == example.truth else STYLE.soft for name, _ in example.classes]
        bars.barh(range(len(colours)), [value for _, value in example.classes], height=0.36, color=colours)
        for row, (name, value) in enumerate(example.classes):
            weight = "bold" if name == example.truth else "normal"
            for x, text, side in ((0, shortened(name, 26), "left"), (1, f"{value:.3f}", "right")):
                bars.text(x, row - 0.26, text, va="bottom", ha=side, fontsize=STYLE.small, fontweight=weight)
        bars.set(xlim=(0, 1), ylim=(deepest - 0.6, -0.85), xticks=[], yticks=[])
        bare(bars)
    return figure


def _photograph(axes: Axes, picture: Image, side: int) -> None:
    """The middle square, which is what the model sees."""
    from PIL import ImageOps

    axes.imshow(ImageOps.fit(picture, (side, side)), interpolation="antialiased")
    axes.set(xticks=[], yticks=[])
    bare(axes)


def _names(axes: Axes, rows: Sequence[str], row_size: float, columns: Sequence[str], column_size: float) -> None:
    """The names of a table's rows, from the top, and of its columns."""
    axes.set_yticks([place + 0.5 for place in range(len(rows))], rows, fontsize=row_size)
    axes.set_xticks([place + 0.5 for place in range(len(columns))], columns, rotation=90, fontsize=column_size)
    axes.invert_yaxis()
    bare(axes)


def _colours(*stops: str) -> Colormap:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("shades", list(stops))


def _class_table(study: Study, templates: Sequence[str]) -> np.ndarray:
    """Accuracies by template and class, ``(K, C)``."""
    import numpy as np

    return np.array([list(study.templates[template].per_class.values()) for template in templates])


def _together(rates: np.ndarray) -> list[int]:
    """An order of classes in which those that are mixed up are neighbours: average linkage of their confusion."""
    import numpy as np
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    if len(rates) < 3:
        return list(range(len(rates)))
    apart: Any = 2.0 - (rates + rates.T)
    np.fill_diagonal(apart, 0)
    return [int(place) for place in leaves_list(linkage(squareform(apart, checks=False), "average"))]
