"""The prompt study's figures: from the content of study.json to a matplotlib ``Figure``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hw3lib.display.prose import signed
from hw3lib.display.style import STYLE, WIDTH, data_name, new_figure, published_name, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image


_MOST = 50  # classes whose names can be read
_CELLS_DPI = 200  # cells are one picture inside the SVG: a tenth of the size of a thousand paths
_TITLES = {
    "article: a vs none": "article “a”, against none",
    "article: correct vs none": "right article, against none",
    "full stop": "full stop, against none",
}
_SET_NAMES = {"report": "the task's and the author's", "factorial": "the design and the negations"}


@styled
def factor_effects(study: Mapping[str, Any]) -> Figure:
    """What each factor changes, over all frames and frame by frame, with 95 % intervals over images.

    Negations, which lie on another scale, have a panel of their own. Raises ``ValueError`` without a design.
    """
    if not study["factors"]:
        raise ValueError("the study has no factorial design")
    rows: list[tuple[str, Mapping[str, Any], bool]] = []
    for key, effect in study["factors"].items():
        rows.append((_TITLES.get(key, key), effect, True))
        rows += [(_short(frame, 40), inner, False) for frame, inner in effect["per_frame"].items()]
    negation = study["negation"]
    below = [("negated, against affirmed", negation, True)] if negation else []
    below += [(_short(key, 40), inner, False) for key, inner in negation.get("pairs", {}).items()]
    panels = [rows, below] if below else [rows]
    figure = new_figure(WIDTH, 0.65 + 0.19 * len(rows) + (0.55 + 0.19 * len(below) if below else 0))
    axes = figure.subplots(len(panels), 1, squeeze=False, height_ratios=[len(panel) for panel in panels])[:, 0]
    for place, panel in zip(axes, panels, strict=True):
        _forest(place, panel)
    axes[-1].set_xlabel("change in accuracy, points")
    return figure


def _forest(axes: Axes, rows: Sequence[tuple[str, Mapping[str, Any], bool]]) -> None:
    """Effects as points with intervals, one row each; averages are diamonds in bold."""
    for row, (_, effect, average) in enumerate(rows):
        colour = STYLE.published if average else STYLE.measured
        low, value, high = (100 * effect[key] for key in ("low", "effect", "high"))
        axes.plot([low, high], [row, row], color=colour, marker="", linewidth=2.0 if average else 1.2)
        axes.plot(value, row, marker="D" if average else "o", color=colour, markersize=5 if average else 4)
        axes.annotate(
            signed(value), (1, row), (6, 0), xycoords=("axes fraction", "data"), va="center",
            textcoords="offset points", fontsize=STYLE.small, fontweight="bold" if average else "normal",
        )  # fmt: skip
    axes.axvline(0, color=STYLE.quiet, linewidth=0.8, marker="")
    axes.set_yticks(range(len(rows)), [name for name, _, _ in rows])
    for label, (_, _, average) in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_fontweight("bold" if average else "normal")
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")


@styled
def all_templates(study: Mapping[str, Any]) -> Figure:
    """The accuracy of every template, the best first, told apart by set; hollow where it differs from the baseline."""
    templates = study["templates"]
    ranked = sorted(templates, key=lambda key: (-templates[key]["accuracy"], key))
    sets = list(dict.fromkeys(each["sets"][0] for each in templates.values()))
    figure = new_figure(WIDTH, 2.9)
    axes = figure.add_subplot()
    for number, name in enumerate(sets):
        marker, colour = STYLE.markers[number % 6], STYLE.series[number % 6]
        for sure in (False, True):
            places = [
                rank
                for rank, key in enumerate(ranked)
                if templates[key]["sets"][0] == name and _differs(templates[key]) == sure
            ]
            axes.plot(
                [place + 1 for place in places], [templates[ranked[place]]["accuracy"] for place in places],
                fillstyle="none" if sure else "full", markersize=4.5, linestyle="", marker=marker, color=colour,
                label=None if sure else _SET_NAMES.get(name, name), zorder=3 if number else 4,
            )  # fmt: skip
    base = templates[study["baseline"]]["accuracy"]
    axes.axhline(base, color=STYLE.quiet, linewidth=0.8, linestyle=(0, (2, 2)), marker="", label="the baseline")
    axes.set(xlabel="templates, the most accurate first", ylabel="accuracy", xlim=(0, len(ranked) + 1))
    axes.grid(axis="y")
    figure.legend(loc="outside upper left", ncols=min(5, len(sets) + 1), handlelength=1.4, columnspacing=1.4)
    return figure


def _differs(scores: Mapping[str, Any]) -> bool:
    against = scores["against_baseline"]
    return bool(against and against["holm"] < 0.05)


@styled
def wording_by_class(study: Mapping[str, Any], most: int = 40) -> Figure:
    """Templates by classes: by how much each lies above or below the class's mean over all templates shown.

    The design's and the pairs' templates where there are such, else the first ``most``; the best on top. Classes on
    which wording matters most are on the left, 50 at the most.
    """
    import numpy as np
    from matplotlib.colors import LinearSegmentedColormap

    templates = study["templates"]
    names = list(next(iter(templates.values()))["per_class"])
    chosen = [key for key, each in templates.items() if {"report", "factorial"} & set(each["sets"])] or list(templates)
    chosen = sorted(chosen[:most], key=lambda key: -templates[key]["accuracy"])
    table = np.array([[templates[key]["per_class"][name] for name in names] for key in chosen])  # (K, C)
    off = 100 * (table - table.mean(0))
    order = np.argsort(-off.std(0), kind="stable")[:_MOST]
    names, off = [names[place] for place in order], off[:, order]
    shades = LinearSegmentedColormap.from_list("around", [STYLE.published, "#f7f7f5", STYLE.measured])
    figure = new_figure(WIDTH, 1.35 + 0.135 * len(chosen))
    figure.set_dpi(_CELLS_DPI)
    axes = figure.add_subplot()
    drawn = axes.pcolormesh(off, cmap=shades, vmin=-40, vmax=40, edgecolor="white", linewidth=0.4, rasterized=True)
    small = min(6.5, 7.5 * 34 / max(34, len(names)))
    axes.set_yticks(np.arange(len(chosen)) + 0.5, [_short(key, 36) for key in chosen], fontsize=6.2)
    axes.set_xticks(np.arange(len(names)) + 0.5, [_short(name, 18) for name in names], rotation=90, fontsize=small)
    axes.invert_yaxis()
    axes.tick_params(length=0)
    _bare(axes)
    bar = figure.colorbar(drawn, ax=axes, fraction=0.025, pad=0.01, extend="both", ticks=[-40, -20, 0, 20, 40])
    bar.set_label("points above or below the class's mean", fontsize=STYLE.small)
    bar.outline.set_visible(False)  # type: ignore[operator]
    return figure


@styled
def confusion(counts: Any, labels: Sequence[str]) -> Figure:
    """Which class (row) was taken for which (column), in shades of the row's share; right answers are the diagonal.

    ``counts`` is (C, C). Classes are in an order that brings together those that are confused; of more than 50, those
    with most errors are shown.
    """
    import numpy as np
    from matplotlib.colors import LinearSegmentedColormap

    counts, labels = np.asarray(counts), list(labels)
    total = counts.sum(1)
    wrong = counts.sum(0) + counts.sum(1) - 2 * np.diag(counts)
    chosen = np.sort(np.argsort(-wrong, kind="stable")[:_MOST])
    counts, labels = counts[np.ix_(chosen, chosen)], [labels[place] for place in chosen]
    rates = counts / np.maximum(1, total[chosen, None])
    order = _together(rates)
    shown = rates[np.ix_(order, order)]
    shades = LinearSegmentedColormap.from_list("shades", ["#f6f8fa", "#a9c8dc", STYLE.measured, "#0d3b57"])
    figure = new_figure(WIDTH, WIDTH * 0.82)
    figure.set_dpi(_CELLS_DPI)
    axes = figure.add_subplot()
    drawn = axes.pcolormesh(
        np.sqrt(shown), cmap=shades, vmin=0, vmax=1, edgecolor="white", linewidth=0.5, rasterized=True
    )
    small = min(STYLE.small, STYLE.small * 32 / max(32, len(labels)))
    ticks, names = np.arange(len(labels)) + 0.5, [_short(labels[place], 20) for place in order]
    axes.set_yticks(ticks, names, fontsize=small)
    axes.set_xticks(ticks, names, rotation=90, fontsize=small)
    axes.set(xlabel="answer", ylabel="true class", aspect="equal")
    axes.invert_yaxis()
    axes.tick_params(length=0)
    _bare(axes)
    marks = [0, 0.05, 0.2, 0.5, 1]
    bar = figure.colorbar(drawn, ax=axes, fraction=0.035, pad=0.01, ticks=np.sqrt(marks))
    bar.ax.set_yticklabels([f"{mark:g}" for mark in marks])
    bar.set_label("share of the class's images", fontsize=STYLE.small)
    bar.outline.set_visible(False)  # type: ignore[operator]
    return figure


def _together(rates: Any) -> list[int]:
    """An order of classes in which those that are mixed up are neighbours: average linkage of their confusion."""
    import numpy as np
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    if len(rates) < 3:
        return list(range(len(rates)))
    mixed = rates + rates.T
    apart = 2.0 - mixed
    np.fill_diagonal(apart, 0)
    return [int(place) for place in leaves_list(linkage(squareform(apart, checks=False), "average"))]


@styled
def changed_images(groups: Sequence[Sequence[tuple[Image, str, str, str]]], titles: Sequence[str]) -> Figure:
    """Groups of photographs, side by side, whose answer changed: each a picture, its true class, answer before, after.

    Raises ``ValueError`` without any picture, and unless there is a title for each group.
    """
    from PIL import ImageOps

    if len(groups) != len(titles) or not groups or not all(groups):
        raise ValueError(f"{len(groups)} groups of pictures, none of them empty, and {len(titles)} titles do not match")
    across = max(4, sum(map(len, groups)))
    side = WIDTH / across
    figure = new_figure(side * sum(map(len, groups)), side + 0.75)
    parts = figure.subfigures(1, len(groups), squeeze=False, width_ratios=[len(group) for group in groups])[0]
    for part, group, title in zip(parts, groups, titles, strict=True):
        part.suptitle(title, fontsize=STYLE.text, fontweight="bold", x=0.02, ha="left")
        grid = part.subplots(1, len(group), squeeze=False)[0]
        for axes, (picture, truth, before, after) in zip(grid, group, strict=True):
            axes.imshow(ImageOps.fit(picture, (240, 240)), interpolation="antialiased")
            axes.set_xticks([])
            axes.set_yticks([])
            _bare(axes)
            axes.set_title(_short(truth, 18), loc="center", pad=3, fontsize=STYLE.small)
            axes.set_xlabel(
                f"{_short(before, 18)} →\n{_short(after, 18)}", fontsize=STYLE.small, labelpad=3,
                color=STYLE.right if after == truth else STYLE.published,
            )  # fmt: skip
    return figure


@styled
def shots(study: Mapping[str, Any]) -> Figure:
    """The linear probe's accuracy by labelled images per class, with the range of its draws, beside zero-shot."""
    probe = study["probe"]
    if not probe:
        raise ValueError("the study has no probe: there were too few images per class")
    figure = new_figure(WIDTH * 0.72, 2.7)
    axes = figure.add_subplot()
    counts = [each["shots"] for each in probe["points"]]
    axes.fill_between(
        counts, [each["low"] for each in probe["points"]], [each["high"] for each in probe["points"]],
        color=STYLE.measured, alpha=0.15, linewidth=0,
    )  # fmt: skip
    axes.plot(counts, [each["accuracy"] for each in probe["points"]], color=STYLE.measured, label="linear probe")
    axes.axhline(
        probe["zero_shot"], color=STYLE.published, marker="", linestyle=(0, (4, 2)), label="zero-shot, the prompt alone"
    )
    for each in probe["points"]:
        axes.annotate(
            f"{each['accuracy']:.2f}", (each["shots"], each["accuracy"]), (0, -11), textcoords="offset points",
            ha="center", fontsize=STYLE.small, color=STYLE.measured,
        )  # fmt: skip
    axes.set_xscale("log", base=2)
    axes.set_xticks(counts, [str(count) for count in counts])
    axes.minorticks_off()
    top = max(probe["zero_shot"], *(each["high"] for each in probe["points"]))
    axes.set(xlabel="labelled images per class", ylabel="accuracy", ylim=(0, min(1.0, top + 0.1)))
    axes.grid(axis="y")
    axes.legend(loc="lower right")
    return figure


@styled
def prompt_accuracy(scores: Mapping[str, Any], data: str) -> Figure:
    """Accuracy of every prompt as a bar, and the published accuracy beside it as a mark.

    ``scores`` is the content of ``p1/scores.json``; ``data`` is the profile's, ``demo`` or ``real``.
    """
    prompts = scores["prompts"]
    templates = list(prompts)
    figure = new_figure(WIDTH, 0.8 + 0.5 * len(templates))
    axes = figure.add_subplot()
    rows = range(len(templates))
    known = [row for row in rows if prompts[templates[row]]["published"] is not None]
    measured = [prompts[template]["accuracy"] for template in templates]
    published = [prompts[templates[row]]["published"] for row in known]
    lane = 0.19 if known else 0.0  # the two series lie in lanes of their own: neither hides the other
    axes.barh([row - lane for row in rows], measured, height=0.34, color=STYLE.measured, label=data_name(data))
    axes.barh(
        [row + lane for row in known], published, height=0.26, facecolor="#fdf3ea", edgecolor=STYLE.published,
        linewidth=1.0, hatch="////", label=published_name(data),
    )  # fmt: skip
    for row, value in enumerate(measured):
        axes.annotate(
            f"{value:.4f}", (value, row - lane), (4, 0), textcoords="offset points", va="center",
            color=STYLE.measured, fontweight="bold",
        )  # fmt: skip
    for row, value in zip(known, published, strict=True):
        axes.annotate(
            f"{value:.4f}", (value, row + lane), (4, 0), textcoords="offset points", va="center",
            color=STYLE.published,
        )  # fmt: skip
    chance = 1 / max(1, len(scores["labels"]))
    axes.axvline(chance, color=STYLE.quiet, linewidth=0.8, linestyle=(0, (2, 2)), marker="", label="chance, this run")
    axes.set_yticks(rows, templates, fontsize=STYLE.text)
    axes.set(xlim=(0, 1.06), xticks=[0, 0.2, 0.4, 0.6, 0.8, 1], xlabel="accuracy", ylim=(len(templates) - 0.5, -0.5))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    figure.legend(loc="outside upper right", ncols=3, handlelength=1.6, columnspacing=1.6)
    return figure


@styled
def class_accuracy(scores: Mapping[str, Any]) -> Figure:
    """Accuracy of every class under every prompt, as a table of shades: the hardest class first.

    ``scores`` is the content of ``p1/scores.json``.
    """
    import numpy as np
    from matplotlib.colors import LinearSegmentedColormap

    prompts = scores["prompts"]
    templates = list(prompts)
    names = list(next(iter(prompts.values()))["per_class"])
    table = np.array([[prompts[template]["per_class"][name] for template in templates] for name in names])  # (C, K)
    order = np.argsort(table.mean(1), kind="stable")
    shades = LinearSegmentedColormap.from_list("shades", ["#f6f8fa", "#a9c8dc", STYLE.measured, "#0d3b57"])
    panels = np.array_split(order, 2 if len(names) > 14 else 1)
    keys = [chr(ord("A") + column) if column < 26 else str(column + 1) for column in range(len(templates))]
    figure = new_figure(WIDTH, 0.4 + 0.155 * len(templates) + 0.2 * len(panels[0]))
    axes_row = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, rows in zip(axes_row, panels, strict=True):
        cells = np.full((len(panels[0]), len(templates)), np.nan)
        cells[: len(rows)] = table[rows]
        axes.pcolormesh(cells, cmap=shades, vmin=0, vmax=1, edgecolor="white", linewidth=1.5)
        for row, values in enumerate(table[rows]):
            for column, value in enumerate(values):
                axes.text(
                    column + 0.5, row + 0.53, f"{value:.2f}".replace("0.", ".") if value < 1 else "1", ha="center",
                    va="center", fontsize=STYLE.small - 0.5, color="white" if value > 0.55 else STYLE.ink,
                )  # fmt: skip
        axes.set_yticks(np.arange(len(rows)) + 0.5, [_short(names[row], 22) for row in rows])
        axes.set_xticks(np.arange(len(templates)) + 0.5, keys, fontweight="bold")
        axes.set_ylim(len(panels[0]), 0)
        axes.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
        _bare(axes)
    legend = "\n".join(f"{key}   {_short(template, 90)}" for key, template in zip(keys, templates, strict=True))
    figure.suptitle(legend, fontsize=STYLE.small, x=0.01, ha="left")
    return figure


@styled
def top_five(
    pictures: Sequence[Image],
    truths: Sequence[str],
    ranked: Sequence[Sequence[tuple[str, float]]],
    title: str = "",
) -> Figure:
    """Photographs with their likeliest classes as bars.

    ``ranked[i]`` are the (class, probability) pairs of picture ``i``, the likeliest first, ``truths[i]`` its true
    class, whose bar is coloured. Raises ``ValueError`` when the three differ in length.
    """
    from PIL import ImageOps

    if not len(pictures) == len(truths) == len(ranked) > 0:
        raise ValueError(
            f"{len(pictures)} pictures, {len(truths)} true classes and {len(ranked)} rankings do not match"
        )
    deepest = max(len(pairs) for pairs in ranked)
    figure = new_figure(WIDTH, 2.55 + 0.27 * deepest + 0.2 * bool(title))
    grid = figure.add_gridspec(2, len(pictures), height_ratios=[2.2, 0.27 * deepest], hspace=0.02, wspace=0.06)
    for column, (picture, truth, pairs) in enumerate(zip(pictures, truths, ranked, strict=True)):
        photograph = figure.add_subplot(grid[0, column])
        # The middle square is what the model sees.
        photograph.imshow(ImageOps.fit(picture, (480, 480)), interpolation="antialiased")
        photograph.set_title(_short(truth, 30), loc="center")
        photograph.set_xticks([])
        photograph.set_yticks([])
        _bare(photograph)
        bars = figure.add_subplot(grid[1, column])
        rows = range(len(pairs))
        colours = [STYLE.right if name == truth else STYLE.soft for name, _ in pairs]
        bars.barh(rows, [value for _, value in pairs], height=0.36, color=colours)
        for row, (name, value) in enumerate(pairs):
            weight = "bold" if name == truth else "normal"
            bars.text(0, row - 0.26, _short(name, 26), va="bottom", fontsize=STYLE.small, fontweight=weight)
            bars.text(1, row - 0.26, f"{value:.3f}", va="bottom", ha="right", fontsize=STYLE.small, fontweight=weight)
        bars.set(xlim=(0, 1), ylim=(deepest - 0.6, -0.85))
        bars.set_xticks([])
        bars.set_yticks([])
        _bare(bars)
    if title:
        figure.suptitle(title, fontsize=STYLE.text, x=0.01, ha="left")
    return figure


def _bare(axes: Axes) -> None:
    for spine in axes.spines.values():
        spine.set_visible(False)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
