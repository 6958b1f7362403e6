"""Viewers as a notebook's outputs: what needs no kernel is shown without one, and so is the rest once it is gone."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import ipywidgets

from hw3lib.attention.maps import CaptionAttention, View
from hw3lib.attention.word_grid import describe, print_columns, printed, word_grid
from hw3lib.display.bundle import picture_html
from hw3lib.display.scripts import isolated
from hw3lib.display.style import WIDTH
from hw3lib.viewer.page import ATTENTION, LIVE, static_html
from hw3lib.viewer.payload import Beside, Masks, Payload, encode, payload
from hw3lib.viewer.widget import AttentionViewer

WIDGET = "application/vnd.jupyter.widget-view+json"


@dataclass(frozen=True)
class StaticViewer:
    """What a viewer shows that needs no kernel: it scrubs by its own script, as on a page."""

    attention: CaptionAttention
    view: View = field(default_factory=View)
    masks: Masks | None = None
    others: Sequence[Beside] = ()  # that can be put beside it

    @property
    def state(self) -> Payload:
        """The payload: ``payload.encode`` makes JSON of it for a page."""
        return payload(self.attention, self.view, self.masks, self.others)


def show(
    viewer: StaticViewer | AttentionViewer, box: ipywidgets.DOMWidget | None = None, caption: str = "", columns: int = 0
) -> None:
    """Display a viewer: as a page's fragment that scrubs without a kernel, as the report's payload, as a picture.

    ``box`` holds the live viewer, with sliders linked to it; it is displayed below, and hides the static one while it
    lives. Where it does not (the notebook was reopened without a kernel), the static one stays. ``caption`` is the
    figure's; the photograph's name and its caption when empty. ``columns``: panels to a row of the picture.
    """
    from IPython.display import display

    display(bundle(viewer, caption, columns), raw=True)
    if box is not None:
        display(live_bundle(box), raw=True)


def bundle(viewer: StaticViewer | AttentionViewer, caption: str = "", columns: int = 0) -> dict[str, Any]:
    """The MIME bundle of what a viewer shows now, without a kernel; as a picture it is the word grid."""
    attention, coded = viewer.attention, encode(viewer.state)
    caption, alt = caption or f"{attention.name}: {isolated(attention.caption)}", describe(attention)
    columns = columns or print_columns(len(attention.words))
    figure = word_grid(attention, viewer.view, width=WIDTH, columns=columns, masks=viewer.masks)
    grid = printed(figure, caption, alt)
    still = picture_html(base64.b64decode(grid["image/png"]), "", alt)
    words = f"<p>{html.escape(caption)}</p>"
    return grid | {
        ATTENTION: coded,
        "text/html": f"{static_html(coded, still)}{words}",
        "text/plain": attention.caption,
    }


def live_bundle(box: ipywidgets.DOMWidget) -> dict[str, Any]:
    """The MIME bundle of a live viewer's box, which stands below its static one."""
    return {
        WIDGET: {"version_major": 2, "version_minor": 0, "model_id": box.model_id},
        LIVE: {},
        "text/plain": "The live viewer needs a kernel: run the cell again.",
    }
