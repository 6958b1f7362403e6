"""What the model makes of a photograph with patches hidden: a row below the live viewer, whose patches are clicked."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np

from hw3lib.attention.maps import CaptionAttention, Without, remember, view_maps, without
from hw3lib.system.errors import UserError

if TYPE_CHECKING:
    from hw3lib.models.captioner import Memory
    from hw3lib.models.inference import LoadedRun
    from hw3lib.viewer.widget import AttentionViewer

_HINT = "Click a patch of the photograph to hide it from the decoder; another click shows it again."
_MARKED = 0.1  # a word whose probability changes by so much is set in bold
_CELL = 'style="text-align:center;padding:0 .5em"'


class HiddenPatches:
    """Three buttons and what comes of it; :attr:`box` is the widget, ``viewer.hidden`` the state.

    A word's probability is read by teacher forcing, so that what was said before it stays the same; the caption is
    what the model would say now.
    """

    def __init__(self, loaded: LoadedRun, viewer: AttentionViewer) -> None:
        import ipywidgets as w

        self.loaded, self.viewer = loaded, viewer
        self._of: tuple[CaptionAttention, Memory, Without] | None = None
        wide = w.Layout(width="auto")
        self.strongest = w.Button(description="hide the word's strongest patch", layout=wide)
        self.undo = w.Button(description="undo", layout=wide, disabled=True)
        self.restore = w.Button(description="show all patches", layout=wide, disabled=True)
        self.result = w.HTML(_HINT, layout=w.Layout(max_width="100%"))
        self.strongest.on_click(lambda _: self._hide_strongest())
        self.undo.on_click(lambda _: setattr(viewer, "hidden", viewer.hidden[:-1]))
        self.restore.on_click(lambda _: setattr(viewer, "hidden", []))
        viewer.observe(lambda _: self._update(), ["hidden", "meta"])
        row = w.Layout(flex_flow="row wrap", max_width="100%")
        self.box = w.VBox([w.HBox([self.strongest, self.undo, self.restore], layout=row), self.result])

    def _hide_strongest(self) -> None:
        """Hide the strongest patch, of those that are left, of the word's map that is shown."""
        attention, viewer = self.viewer.attention, self.viewer
        values = view_maps(attention, viewer.view)[viewer.word].ravel()
        left = [patch for patch in range(len(values)) if patch not in viewer.hidden]
        if left and not np.isnan(values).any():
            viewer.hidden = [*viewer.hidden, max(left, key=lambda patch: float(values[patch]))]

    def _update(self) -> None:
        hidden = self.viewer.hidden
        self.undo.disabled = self.restore.disabled = not hidden
        if not hidden:
            self.result.value = _HINT
            return
        attention = self.viewer.attention
        try:
            if self._of is None or self._of[0] is not attention:
                memory = remember(self.loaded, attention)
                self._of = attention, memory, without(self.loaded, attention, memory, ())
            _, memory, before = self._of
            now = without(self.loaded, attention, memory, hidden)
        except UserError as error:
            self.result.value = f'<span role="status">{escape(str(error))}</span>'
            return
        self.result.value = _compared(attention, before, now, len(hidden))


def _compared(attention: CaptionAttention, before: Without, now: Without, count: int) -> str:
    """The caption that the model would say now, and each word's probability before and now, as HTML."""
    same = "the same as before" if now.caption == before.caption else f"before: {escape(before.caption)}"
    words, then, after = [], [], []
    for word, old, new in zip(attention.words, before.probabilities, now.probabilities, strict=True):
        if old is None or new is None:
            continue
        value = f"{new:.2f}"
        words.append(f'<th scope="col" {_CELL}>{escape(word.label)}</th>')
        then.append(f"<td {_CELL}>{old:.2f}</td>")
        after.append(f"<td {_CELL}>{f'<b>{value}</b>' if abs(new - old) >= _MARKED else value}</td>")
    rows = (("", words), ("before", then), ("now", after))
    body = "".join(f'<tr><th scope="row">{name}</th>{"".join(cells)}</tr>' for name, cells in rows)
    noun = "patch" if count == 1 else "patches"
    return (
        f'<div role="status">{count} {noun} hidden. The model would now say: <b dir="auto">{escape(now.caption)}</b> '
        f'({same}).</div><div style="overflow-x:auto"><table dir="auto"><caption>Probability of each word of the '
        f"caption above</caption>{body}</table></div>"
    )
