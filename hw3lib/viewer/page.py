"""The viewer as static HTML: a payload and the script, no kernel and no network."""

from __future__ import annotations

import base64
import html
import json

from hw3lib.attention.word_grid import STRENGTH
from hw3lib.viewer.payload import _BYTES, Payload
from hw3lib.viewer.script import script


def static_html(content: Payload) -> str:
    """A viewer for a page without a kernel: a self-contained fragment, of which a page may hold several.

    ``content`` is a :func:`payload` (with its masks) or a viewer's ``state``. Words are data: they travel as JSON in a
    script element, where no ``<`` survives, and reach the page as text.
    """
    defaults = {"heat": "glow", "scale": "caption", "opacity": STRENGTH, "outline": True}
    defaults |= {"pinned": -1, "playing": False, "interval": 800}
    coded = {name: base64.b64encode(content[name]).decode("ascii") for name in _BYTES}
    data = json.dumps(defaults | content | coded, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
    caption = html.escape(content["meta"]["caption"])
    return (
        '<div data-hw3-viewer class="hw3-viewer">'
        f'<script type="application/json">{data}</script><p data-hw3-fallback>{caption}</p></div>'
        f'<script type="module">{script()}\nmountAll();</script>'
    )
