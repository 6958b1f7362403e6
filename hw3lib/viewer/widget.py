"""The attention viewer as a widget: one payload and one JavaScript module (``js/``), live in a notebook.

The same payload and module are the static viewer of a page (:mod:`hw3lib.viewer.page`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anywidget
import traitlets

from hw3lib.attention.maps import CaptionAttention, View
from hw3lib.attention.word_grid import STRENGTH
from hw3lib.viewer.payload import Beside, Masks, payload
from hw3lib.viewer.script import script


class AttentionViewer(anywidget.AnyWidget):
    """The live viewer. It composes with ipywidgets: ``jslink((slider, "value"), (viewer, "word"))``, ``observe``, ...

    ``word`` counts from 0 (``[BOS]``), ``layer`` from 0, ``head`` is -1 for the mean of all heads. ``heat`` is ``glow``
    (white is strong, as in the written report) or ``colour``; ``scale`` says what white stands for: the same share of
    attention for the whole ``caption``, or each ``word``'s own peak (:func:`hw3lib.attention.word_grid.white_points`).
    ``pinned`` is the word whose map stands beside the current one, -1 for none; ``outline`` draws the named object's
    true mask where ``masks`` has it (see :func:`payload`). :attr:`attention` and :attr:`masks` are what is shown.
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
    hidden = traitlets.List(traitlets.Int()).tag(sync=True)  # patches, from 0, row by row
    hides = traitlets.Bool(False).tag(sync=True)  # whether a click on a patch hides it (hw3lib.viewer.hiding)
    choices = traitlets.List().tag(sync=True)  # what can be put beside: key, label, group
    sides = traitlets.Dict().tag(sync=True)  # of it, by key, what is computed (hw3lib.viewer.payload.Content)
    beside = traitlets.Unicode("").tag(sync=True)  # the key of what stands there; empty for nothing
    follow = traitlets.Enum(("place", "word"), "place").tag(sync=True)  # which of its words goes with the current one
    drops = traitlets.Bool(False).tag(sync=True)  # whether a file that is dropped on it is sent here

    def __init__(
        self,
        attention: CaptionAttention,
        view: View | None = None,
        masks: Masks | None = None,
        others: Sequence[Beside] = (),
        **state: Any,
    ) -> None:
        self.attention, self.masks = attention, masks
        super().__init__(**({**payload(attention, view, masks, others)} | state))

    def show_attention(
        self, attention: CaptionAttention, view: View | None = None, masks: Masks | None = None, **state: Any
    ) -> None:
        """Show another photograph or caption in this viewer; nothing is pinned, hidden or beside it then."""
        self.attention, self.masks = attention, masks
        # One message with all of it: a page that hears of new words before their maps has nothing to draw. Traits speak
        # when the inner hold ends, and the outer one gathers what they say.
        with self.hold_sync(), self.hold_trait_notifications():
            self.hidden = []
            for name, value in ({**payload(attention, view, masks)} | state).items():
                setattr(self, name, value)

    @traitlets.validate("word", "layer", "head", "pinned")
    def _within(self, proposal: Any) -> int:
        name, value = proposal["trait"].name, int(proposal["value"])
        if not self.meta:
            return value
        words = len(self.meta["words"])
        count = {"word": words, "pinned": words, "layer": self.meta["layers"], "head": self.meta["heads"]}[name]
        return min(max(value, -1 if name in ("head", "pinned") else 0), count - 1)

    @traitlets.validate("hidden")
    def _patches(self, proposal: Any) -> list[int]:
        patches = self.attention.grid[0] * self.attention.grid[1]
        return [patch for patch in dict.fromkeys(proposal["value"]) if 0 <= patch < patches]

    @property
    def view(self) -> View:
        """The layer and head that are shown now."""
        return View(self.layer, None if self.head < 0 else self.head)

    @property
    def state(self) -> dict[str, Any]:
        """The payload and the settings that are shown now: ``payload.encode`` makes JSON of it for a page."""
        names = "meta image maps peaks word layer head heat scale opacity interval pinned outline choices sides beside"
        values = {name: getattr(self, name) for name in (*names.split(), "follow")}
        return values | {"choices": [choice for choice in self.choices if choice[0] in self.sides]}
