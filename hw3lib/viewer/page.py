"""The viewer as static HTML: a payload and the script, no kernel and no network."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from typing import Any

from hw3lib.viewer.script import script

ATTENTION = "application/vnd.hw3.attention+json"  # under which a notebook's output holds a viewer's coded payload
LIVE = "application/vnd.hw3.live+json"  # marks the live twin of a static viewer, which adds nothing to a report


def fragment(coded: Mapping[str, Any], still: str = "") -> str:
    """A viewer's place on a page, which :func:`module` brings to life; ``coded`` comes from ``payload.encode``.

    Words are data: they travel as JSON in a script element, where no ``<`` survives, and reach the page as text. Until
    the viewer lives, and where scripts do not run, the place holds the caption, or ``still``: HTML of a picture.

    >>> print(fragment({"meta": {"caption": "a </script> dog"}}))
    <div data-hw3-viewer ...{"meta": {"caption": "a \\u003c/script> dog"}}</script>...a &lt;/script&gt; dog...
    """
    data = json.dumps(coded, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
    return (
        f'<div data-hw3-viewer class="hw3-viewer"><script type="application/json">{data}</script>'
        f'<div data-hw3-fallback dir="auto">{still or html.escape(str(coded["meta"]["caption"]))}</div></div>'
    )


def module() -> str:
    """The module script that makes viewers of all the fragments on its page; a page needs it once."""
    return f"{script()}\nmountAll();"


def static_html(coded: Mapping[str, Any], still: str = "") -> str:
    """A viewer that needs nothing else on the page: a fragment with the script. A page may hold several."""
    return f'{fragment(coded, still)}<script type="module">{module()}</script>'
