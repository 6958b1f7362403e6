"""P3's figures of what was measured: classes of words, layers and heads, and attribution methods, side by side.

Dimensions: ``N`` layers, ``H`` heads, ``W`` words, ``Gh x Gw`` patches, ``h x w`` pixels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from hw3lib.attention.maps import CaptionAttention, to_original
from hw3lib.attention.methods import METHOD_NAMES
from hw3lib.attention.results import Compared, Faithfulness, Grounding
from hw3lib.attention.word_classes import CLASS_NAMES
from hw3lib.attention.word_grid import WHITE, blend, outline
from hw3lib.data.instances import Mask
from hw3lib.display.style import STYLE, WIDTH, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TALLEST = 1.25  # inches: a panel of one photograph by several methods
_PRIORS = (("caption", "the caption's other words", "s"), ("centre", "centre prior", "D"), ("uniform", "uniform", "|"))


@styled
def word_classes(grounding: Grounding) -> Figure:
    """Attention on the object that a word is about, by class of words: this run's beside maps that ignore the word.

    Bars are 95 % intervals.
    """
    classes = [(CLASS_NAMES[kind], entry) for kind, entry in grounding.classes.items() if entry.mass and entry.hit]
    classes.sort(key=lambda item: list(CLASS_NAMES.values()).index(item[0]))
    figure = new_figure(WIDTH, 0.8 + 0.3 * max(1, len(classes)))
    mass_panel, hit_panel = figure.subplots(1, 2, sharey=True)
    _compare(mass_panel, "attention mass inside, %", [entry.mass for _, entry in classes])
    _compare(hit_panel, "pointing-game accuracy, %", [entry.hit for _, entry in classes])
    mass_panel.set_yticks(range(len(classes)), [name for name, _ in classes], fontsize=STYLE.text)
    handles, labels = mass_panel.get_legend_handles_labels()
    if handles:  # this run first
        handles, labels = [handles[-1], *handles[:-1]], [labels[-1], *labels[:-1]]
        figure.legend(handles, labels, loc="outside upper right", ncols=4, handlelength=1)
    return figure


def _compare(axes: Axes, title: str, measures: Sequence[Compared | None]) -> None:
    """A row for each class: the priors above, this run's value with its interval below."""
    for row, measure in enumerate(measures):
        assert measure is not None
        first = row == 0  # its labels are the legend
        quiet: dict[str, Any] = {"color": STYLE.quiet, "markersize": 3.6, "markerfacecolor": "white"}
        for lane, (prior, name, marker) in enumerate(_PRIORS):
            label = name if first else None
            axes.plot(100 * getattr(measure, prior), row + 0.12 + 0.1 * lane, marker, label=label, **quiet)
        y, colour = row - 0.12, STYLE.measured
        axes.plot([100 * measure.low, 100 * measure.high], [y, y], color=colour, marker="", linewidth=2.2)
        axes.plot(100 * measure.value, y, "o", color=colour, markersize=5.5, label="this run" if first else None)
    axes.set(xlim=(0, 100), xlabel=title, ylim=(len(measures) - 0.4, -0.55))
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


@styled
def layers_and_heads(grounding: Grounding) -> Figure:
    """A noun's attention mass inside its object, for every layer (row) and head (column), and the mean of heads."""
    from matplotlib.colors import LinearSegmentedColormap

    table = np.array(grounding.views.mass)  # (N, H + 1)
    layers, columns = table.shape
    shades = LinearSegmentedColormap.from_list("shades", ["#f6f8fa", "#a9c8dc", STYLE.measured, "#0d3b57"])
    figure = new_figure(min(WIDTH, 1.2 + 0.55 * columns), 0.75 + 0.34 * layers)
    axes = figure.add_subplot()
    places = np.append(np.arange(columns - 1), columns - 0.6)  # a gap before the mean
    top = max(0.5, float(table.max()))
    for row in range(layers):
        for column, place in enumerate(places):
            value = table[row, column]
            axes.barh(row, 0.96, left=place, height=0.92, color=shades(value / top))
            axes.text(
                place + 0.48, row, f"{100 * value:.0f}", ha="center", va="center", fontsize=STYLE.small,
                color="white" if value / top > 0.55 else STYLE.ink,
            )  # fmt: skip
    axes.set_xticks(places + 0.48, [*map(str, range(1, columns)), "mean"])
    axes.set_yticks(range(layers), [f"layer {row + 1}" for row in range(layers)])
    axes.set(xlabel="head", xlim=(-0.1, columns + 0.4), ylim=(layers - 0.5, -0.5))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


@styled
def deletion_curves(result: Faithfulness) -> Figure:
    """The mean log-probability of a word by the share of the image's patches that is deleted: a panel for each way."""
    figure = new_figure(WIDTH, 2.3)
    panels = figure.subplots(1, len(result.cards), sharey=True, squeeze=False)[0]
    for axes, (way, card) in zip(panels, result.cards.items(), strict=True):
        orders = {"weakest first": card.weakest, "random": result.random, "centre first": result.centre}
        shares = np.linspace(0, 100, len(card.strongest))
        axes.fill_between(shares, card.strongest, card.weakest, color=STYLE.soft, alpha=0.35, linewidth=0)
        for (order, curve), colour in zip(orders.items(), STYLE.series[1:], strict=False):
            axes.plot(shares, curve, label=order, color=colour, markersize=3)
        axes.plot(shares, card.strongest, "o", linestyle="-", label="strongest first", color=STYLE.measured)
        axes.set_title(METHOD_NAMES[way].replace(", ", ",\n"), fontsize=STYLE.small, fontweight="normal")
        axes.set_xlabel("deleted, %")
        axes.grid(axis="y")
    panels[0].set_ylabel("log-probability, nats")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
    return figure


@styled
def methods(attention: CaptionAttention, maps: Mapping[str, np.ndarray], masks: Mapping[int, Mask]) -> Figure:
    """One photograph by several attribution methods: a row for each word, a column for each method, masks outlined.

    The words are the last ones of the first two objects. ``maps``: by method, ``(W, Gh, Gw)``
    for all of the caption's words (:func:`attribution_maps`); each method has its own white.
    """
    nouns = {mask.tobytes(): place for place, mask in sorted(masks.items())}  # the last word of each object's
    words = sorted(nouns.values())[:2]
    aspect = attention.image.height / attention.image.width
    width = min((WIDTH - 0.08 * len(maps)) / (len(maps) + 0.45), _TALLEST / aspect)
    tall = width * aspect
    figure = new_figure((width + 0.08) * len(maps) + 0.45 * width, 0.45 + (tall + 0.08) * len(words))
    pixels = (max(1, round(tall * 200)), max(1, round(width * 200)))  # (h, w)
    photograph = np.asarray(attention.image.resize(pixels[::-1], Image.Resampling.LANCZOS))
    panels = figure.subplots(len(words), len(maps), squeeze=False)
    for column, (method, values) in enumerate(maps.items()):
        white = np.nanquantile(values, WHITE)
        for row, word in enumerate(words):
            axes = panels[row, column]
            heat = to_original(values[word], attention.geometry, pixels) / white
            axes.imshow(blend(photograph, heat), interpolation="nearest", aspect="equal")
            outline(axes, masks[word], pixels)
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
        name = METHOD_NAMES.get(method, method).replace(", ", ",\n")
        panels[0, column].set_title(name, loc="center", fontsize=STYLE.small, fontweight="normal")
    for row, word in enumerate(words):
        text = attention.words[word].label
        panels[row, 0].set_ylabel(text, rotation=0, ha="right", va="center", fontsize=STYLE.text)
    return figure
