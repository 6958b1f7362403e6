"""The look of all figures, and P1's: pure functions from data to a matplotlib ``Figure``, without global state.

Colours tell apart under the common kinds of colour blindness and in grey print; a series is also told by its marker.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image

P = ParamSpec("P")
WIDTH = 7.0  # inches: the text's width in print


@dataclass(frozen=True)
class Style:
    """The colours and sizes of every figure. Sizes are in points, at the width that is printed."""

    ink: str = "#1f2328"
    quiet: str = "#6b7280"
    rule: str = "#d8dce2"
    measured: str = "#1f6f9f"  # what this run measured
    published: str = "#c8641b"  # what the written report says
    soft: str = "#b9c6d1"  # what is there for comparison only
    right: str = "#1f6f9f"
    series: tuple[str, ...] = ("#1f6f9f", "#c8641b", "#3f8f6a", "#8a5a9e", "#5d6470", "#c9a227")
    markers: tuple[str, ...] = ("o", "D", "s", "^", "v", "P")
    text: float = 8.5
    small: float = 7.5


STYLE = Style()


def look() -> Any:
    """matplotlib's settings for the look; figures are drawn under them, nothing is set for good."""
    from matplotlib.rcsetup import cycler

    return {
        "font.family": "sans-serif", "font.size": STYLE.text, "text.color": STYLE.ink,
        "axes.titlesize": STYLE.text, "axes.titleweight": "bold", "axes.titlelocation": "left", "axes.titlepad": 6,
        "axes.labelsize": STYLE.text, "axes.labelcolor": STYLE.ink,
        "axes.edgecolor": STYLE.quiet, "axes.linewidth": 0.6, "hatch.linewidth": 0.4,
        "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True, "axes.grid": False,
        "grid.color": STYLE.rule, "grid.linewidth": 0.6,
        "axes.prop_cycle": cycler(color=STYLE.series) + cycler(marker=STYLE.markers),
        "xtick.labelsize": STYLE.small, "ytick.labelsize": STYLE.small, "xtick.color": STYLE.quiet,
        "ytick.color": STYLE.quiet, "xtick.labelcolor": STYLE.ink, "ytick.labelcolor": STYLE.ink,
        "xtick.major.width": 0.6, "ytick.major.width": 0.6, "xtick.major.size": 3, "ytick.major.size": 3,
        "legend.frameon": False, "legend.fontsize": STYLE.small, "lines.linewidth": 1.4, "lines.markersize": 4,
        "text.parse_math": False,
    }  # fmt: skip


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Draw under the common look: a decorator for functions that make figures."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Figure:
        import matplotlib

        with matplotlib.rc_context(look()):
            return draw(*args, **kwargs)

    return drawn


def new_figure(width_in: float = WIDTH, height_in: float = 3.0) -> Figure:
    """An empty figure on white whose parts make room for each other. Call it inside a :func:`styled` function."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width_in, height_in), facecolor="white", layout="constrained")


def data_name(data: str) -> str:
    """What the measured series is called: a profile's ``data`` in words."""
    return "demo world, this run" if data == "demo" else "real data, this run"


def published_name(data: str) -> str:
    """What the published series is called beside it."""
    return "published, real data" if data == "demo" else "published"


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
