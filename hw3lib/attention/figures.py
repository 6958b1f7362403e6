"""P3's figures of what was measured: classes of words, layers and heads, and ways to ask, side by side.

Dimensions: ``N`` layers, ``H`` heads, ``W`` words, ``Gh x Gw`` patches, ``h x w`` pixels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from hw3lib.attention.maps import CaptionAttention, to_original
from hw3lib.attention.methods import METHOD_NAMES
from hw3lib.attention.word_classes import CLASS_NAMES
from hw3lib.attention.word_grid import WHITE, blend, outline
from hw3lib.data.instances import Mask
from hw3lib.display.style import STYLE, WIDTH, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_PRIORS = (("caption", "the caption's other words", "s"), ("centre", "centre prior", "D"), ("uniform", "uniform", "|"))


@styled
def word_classes(summary: Mapping[str, Any]) -> Figure:
    """Attention on the object that a word is about, by class of words: this run's beside maps that look at nothing.

    ``summary`` is the content of ``p3/grounding.json``. Bars are 95 % intervals.
    """
    kinds = [kind for kind in CLASS_NAMES if "mass" in summary["classes"].get(kind, {})]
    figure = new_figure(WIDTH, 0.9 + 0.42 * max(1, len(kinds)))
    panels = figure.subplots(1, 2, sharey=True)
    titles = (("mass", "share of attention inside"), ("hit", "strongest patch lies on it"))
    for axes, (measure, title) in zip(panels, titles, strict=True):
        for row, kind in enumerate(kinds):
            found = summary["classes"][kind][measure]
            for lane, (prior, name, marker) in enumerate(_PRIORS):
                axes.plot(
                    found[prior], row + 0.12 + 0.1 * lane, marker, color=STYLE.quiet, markersize=3.6,
                    markerfacecolor="white", label=name if row == 0 else None,
                )  # fmt: skip
            axes.plot([found["low"], found["high"]], [row - 0.12] * 2, color=STYLE.measured, marker="", linewidth=2.2)
            axes.plot(
                found["value"], row - 0.12, "o", color=STYLE.measured, markersize=5.5,
                label="this run" if row == 0 else None,
            )  # fmt: skip
        axes.set(xlim=(0, 1), xlabel=title, ylim=(len(kinds) - 0.4, -0.55))
        axes.grid(axis="x")
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
    panels[0].set_yticks(range(len(kinds)), [CLASS_NAMES[kind] for kind in kinds], fontsize=STYLE.text)
    handles, labels = panels[0].get_legend_handles_labels()
    order = [len(labels) - 1, *range(len(labels) - 1)] if labels else []
    if order:
        figure.legend(
            [handles[i] for i in order], [labels[i] for i in order], loc="outside upper right", ncols=4, handlelength=1
        )
    return figure


@styled
def layers_and_heads(summary: Mapping[str, Any]) -> Figure:
    """The share of a noun's attention inside its object, for every layer (row) and head (column), and their mean."""
    from matplotlib.colors import LinearSegmentedColormap

    table = np.array(summary["views"]["mass"])  # (N, H + 1)
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
                place + 0.48, row, f"{value:.2f}", ha="center", va="center", fontsize=STYLE.small,
                color="white" if value / top > 0.55 else STYLE.ink,
            )  # fmt: skip
    axes.set_xticks(places + 0.48, [*map(str, range(1, columns)), "mean"])
    axes.set_yticks(range(layers), [f"layer {row + 1}" for row in range(layers)])
    axes.set(xlabel="head", xlim=(-0.1, columns + 0.4), ylim=(layers - 0.5, -0.5))
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return figure


@styled
def methods(
    attention: CaptionAttention, maps: Mapping[str, np.ndarray], masks: Mapping[int, Mask], most: int = 4
) -> Figure:
    """One photograph asked in several ways: a row for each word, a column for each way; the word's mask is outlined.

    The words are the first ``most`` that have a mask and more than two letters. ``maps``: by way, ``(W, Gh, Gw)`` for
    all of the caption's words (:func:`attribution_maps`); each way has its own white.
    """
    words = [place for place in sorted(masks) if len(attention.words[place].text) > 2][:most]
    width = (WIDTH - 0.08 * len(maps)) / (len(maps) + 0.45)
    tall = width * attention.image.height / attention.image.width
    figure = new_figure(WIDTH, 0.3 + (tall + 0.08) * len(words))
    pixels = (max(1, round(tall * 200)), max(1, round(width * 200)))  # (h, w)
    photograph = np.asarray(attention.image.resize(pixels[::-1], Image.Resampling.LANCZOS))
    panels = figure.subplots(len(words), len(maps), squeeze=False)
    for column, (way, found) in enumerate(maps.items()):
        white = np.nanquantile(found, WHITE)
        for row, word in enumerate(words):
            axes = panels[row, column]
            heat = to_original(found[word], attention.geometry, pixels) / white
            axes.imshow(blend(photograph, heat), interpolation="nearest", aspect="equal")
            axes.set_xticks([])
            axes.set_yticks([])
            for spine in axes.spines.values():
                spine.set_visible(False)
            if word in masks:
                outline(axes, masks[word], pixels)
            if column == 0:
                axes.set_ylabel(attention.words[word].text, rotation=0, ha="right", va="center", fontsize=STYLE.text)
            if row == 0:
                axes.set_title(METHOD_NAMES.get(way, way), loc="center", fontsize=STYLE.small, fontweight="normal")
    return figure
