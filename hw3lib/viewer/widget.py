"""The attention viewer: one payload and one JavaScript module (``js/``), live in a notebook and static in a page.

Dimensions: ``N`` layers, ``H`` heads, ``W`` words (``M`` of them with a map: all but ``[BOS]``), ``P`` patches
(``Gh x Gw``).

The payload is small: maps are bytes, and the photograph is one JPEG. A byte is the square root of a patch's share of
its map's peak, in 255ths: a flat map keeps as many steps as a sharp one, and the faint tail of a sharp one, in which
much of its entropy lies, is not rounded away. For 20 words, 64 heads and 49 patches that is 65 kB of maps.
"""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from hw3lib.attention.maps import CaptionAttention, View
from hw3lib.attention.word_grid import STRENGTH
from hw3lib.viewer.payload import _BYTES, Masks, Payload, payload
from hw3lib.viewer.script import script


class AttentionViewer(anywidget.AnyWidget):
    """The live viewer. It composes with ipywidgets: ``jslink((slider, "value"), (viewer, "word"))``, ``observe``, ...

    ``word`` counts from 0 (``[BOS]``), ``layer`` from 0, ``head`` is -1 for the mean of all heads. ``heat`` is ``glow``
    (white is strong, as in the written report) or ``colour``; ``scale`` says what white stands for: the same share of
    attention for the whole ``caption``, or each ``word``'s own peak (:func:`hw3lib.attention.word_grid.white_points`).
    ``pinned`` is the word whose map stands beside the one in hand, -1 for none; ``outline`` draws the named object's
    true mask where ``masks`` has it (see :func:`payload`).
    """

    _esm = script()
    meta = traitlets.Dict().tag(sync=True)
    image = traitlets.Bytes().tag(sync=True)
    maps = traitlets.Bytes().tag(sync=True)
    peaks = traitlets.Bytes().tag(sync=True)
    word = traitlets.Int(0).tag(sync=True)
    layer = traitlets.Int(0).tag(sync=True)
    head = traitlets.Int(-1).tag(sync=True)
    heat = traitlets.Enum(("glow", "colour"), "glow").tag(sync=True)
    scale = traitlets.Enum(("caption", "word"), "caption").tag(sync=True)
    opacity = traitlets.Float(STRENGTH, min=0, max=1).tag(sync=True)
    pinned = traitlets.Int(-1).tag(sync=True)
    outline = traitlets.Bool(True).tag(sync=True)
    playing = traitlets.Bool(False).tag(sync=True)
    interval = traitlets.Int(800, min=50).tag(sync=True)  # milliseconds per word while playing

    def __init__(
        self, attention: CaptionAttention, view: View | None = None, masks: Masks | None = None, **state: Any
    ) -> None:
        super().__init__(**(payload(attention, view, masks) | state))

    def show_attention(self, attention: CaptionAttention, view: View | None = None, masks: Masks | None = None) -> None:
        """Show another photograph or caption in this viewer; nothing is pinned then."""
        # One message with all of it: a page that hears of new words before their maps has nothing to draw. Traits speak
        # when the inner hold ends, and the outer one gathers what they say.
        with self.hold_sync(), self.hold_trait_notifications():
            for name, value in payload(attention, view, masks).items():
                setattr(self, name, value)

    @traitlets.validate("word", "layer", "head", "pinned")
    def _within(self, proposal: Any) -> int:
        name, value = proposal["trait"].name, int(proposal["value"])
        if not self.meta:
            return value
        words = len(self.meta["words"])
        many = {"word": words, "pinned": words, "layer": self.meta["layers"], "head": self.meta["heads"]}[name]
        return min(max(value, -1 if name in ("head", "pinned") else 0), many - 1)

    @property
    def state(self) -> Payload:
        """The payload with what is shown now: :func:`static_html` makes a page of it."""
        shown = ("word", "layer", "head", "heat", "scale", "opacity", "interval", "pinned", "outline")
        return {name: getattr(self, name) for name in ("meta", *_BYTES, *shown)}
