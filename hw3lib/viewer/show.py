"""Viewers as a notebook's outputs."""

from __future__ import annotations

from typing import Any

import ipywidgets

from hw3lib import paths
from hw3lib.attention.maps import CaptionAttention, View
from hw3lib.attention.selection import Pair
from hw3lib.attention.word_grid import describe, printed, word_grid
from hw3lib.system import files
from hw3lib.viewer.page import static_html
from hw3lib.viewer.payload import Masks, payload
from hw3lib.viewer.widget import AttentionViewer

WIDGET = "application/vnd.jupyter.widget-view+json"


def show(
    attention: CaptionAttention,
    view: View | None = None,
    widget: ipywidgets.DOMWidget | None = None,
    caption: str = "",
    masks: Masks | None = None,
) -> None:
    """Display a caption's attention as one bundle: the live viewer, the static one for a page, the word grid for print.

    ``widget`` replaces the viewer where there is a kernel (a box that holds one, with sliders linked to it).
    ``caption`` is the figure's in the report; the photograph's name and its caption when empty. ``masks`` are the named
    objects' (:func:`payload`).
    """
    from IPython.display import display

    display(bundle(attention, view, widget, caption, masks), raw=True)


def bundle(
    attention: CaptionAttention,
    view: View | None = None,
    widget: ipywidgets.DOMWidget | None = None,
    caption: str = "",
    masks: Masks | None = None,
) -> dict[str, Any]:
    """The MIME bundle that :func:`show` displays."""
    live = widget if widget is not None else AttentionViewer(attention, view, masks)
    still = printed(
        word_grid(attention, view, masks=masks),
        caption or f"{attention.name}: {attention.caption}",
        describe(attention),
    )
    reference = {"version_major": 2, "version_minor": 0, "model_id": live.model_id}
    page = static_html(payload(attention, view, masks))
    return still | {WIDGET: reference, "text/html": page, "text/plain": attention.caption}


def show_pair(
    end: str, pair: Pair, attention: CaptionAttention, view: View | None = None, masks: Masks | None = None
) -> None:
    """Display the ``best`` or the ``worst`` pair: score and captions beside the published figure, then the maps."""
    from hw3lib.display.bundle import show_table

    published = files.read_json(paths.PACKAGE / "resources" / "published.json")["p3"][end]
    said = ["this run's caption", *["a person's"] * len(pair.references)]
    texts = [pair.caption, *pair.references]
    rows: list[list[str | float | None]] = [
        [who, pair.path.name if not place else "", pair.clip_score if not place else "", text]
        for place, (who, text) in enumerate(zip(said, texts, strict=True))
    ]
    rows.append(["published", published["image"], published["CLIPScore"], None])
    show_table(
        ["", "image", "CLIPScore", "caption"],
        rows,
        f"The {end} caption of the validation set by CLIPScore: {pair.name}",
        notes="Published: the written report's, of its own model on its own validation images.",
        align=["left", "left", "right", "left"],
    )
    show(attention, view, caption=f"The {end} pair, {pair.name}: {attention.caption}", masks=masks)


def introduce(attentions: list[CaptionAttention], run: str) -> str:
    """A line of Markdown on what the maps of these captions are made of."""
    layers, heads = attentions[0].maps.shape[:2]
    rows, columns = attentions[0].grid
    many = f"{len(attentions)} photographs" if len(attentions) != 1 else "One photograph"
    return (
        f"{many}, captioned by the run `{run}`: {layers} layers of {heads} heads each, "
        f"every one with a map of {rows} × {columns} patches for every word."
    )
