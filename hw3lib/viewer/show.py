"""Viewers as a notebook's outputs."""

from __future__ import annotations

from typing import Any

import ipywidgets

from hw3lib import paths
from hw3lib.attention.maps import CaptionAttention
from hw3lib.attention.selection import Pair
from hw3lib.attention.word_grid import describe, printed, word_grid
from hw3lib.display.bundle import Cell, show_table
from hw3lib.system import files
from hw3lib.viewer.page import ATTENTION, static_html
from hw3lib.viewer.payload import encode
from hw3lib.viewer.widget import AttentionViewer

WIDGET = "application/vnd.jupyter.widget-view+json"


def show(viewer: AttentionViewer, box: ipywidgets.DOMWidget | None = None, caption: str = "") -> None:
    """Display a viewer as one bundle: live, as a page's fragment, as the report's payload, and in print the word grid.

    ``box`` is displayed in its place where there is a kernel (it holds the viewer, with sliders linked to it).
    ``caption`` is the figure's in the report; the photograph's name and its caption when empty.
    """
    from IPython.display import display

    display(bundle(viewer, box, caption), raw=True)


def bundle(viewer: AttentionViewer, box: ipywidgets.DOMWidget | None = None, caption: str = "") -> dict[str, Any]:
    """The MIME bundle that :func:`show` displays: what the viewer shows now."""
    attention, coded = viewer.attention, encode(viewer.state)
    grid = word_grid(attention, viewer.view, masks=viewer.masks)
    model = (viewer if box is None else box).model_id
    return printed(grid, caption or f"{attention.name}: {attention.caption}", describe(attention)) | {
        WIDGET: {"version_major": 2, "version_minor": 0, "model_id": model},
        ATTENTION: coded,
        "text/html": static_html(coded),
        "text/plain": attention.caption,
    }


def show_pair(end: str, pair: Pair, viewer: AttentionViewer) -> None:
    """Display the ``best`` or the ``worst`` pair: score and captions beside the published figure, then the maps."""
    published = files.read_json(paths.PACKAGE / "resources" / "published.json")["p3"][end]
    rows: list[list[Cell]] = [["this run's caption", pair.path.name, pair.clip_score, pair.caption]]
    rows += [["a person's", "", "", reference] for reference in pair.references]
    rows += [["published", published["image"], published["CLIPScore"], None]]
    show_table(
        ["", "image", "CLIPScore", "caption"],
        rows,
        f"The {end} caption of the validation set by CLIPScore: {pair.name}",
        notes="Published: the written report's, of its own model on its own validation images.",
        align=["left", "left", "right", "left"],
    )
    show(viewer, caption=f"The {end} pair, {pair.name}: {viewer.attention.caption}")


def introduce(attentions: list[CaptionAttention], run: str) -> str:
    """A line of Markdown on what the maps of these captions are made of."""
    layers, heads = attentions[0].maps.shape[:2]
    rows, columns = attentions[0].grid
    photographs = f"{len(attentions)} photographs" if len(attentions) != 1 else "One photograph"
    return (
        f"{photographs}, captioned by the run `{run}`: {layers} layers of {heads} heads, each with a map of "
        f"{rows} × {columns} patches for every word."
    )
