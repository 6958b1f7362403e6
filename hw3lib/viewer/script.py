"""The viewer's script: the modules of ``js/`` joined to the one that anywidget and a page take."""

from __future__ import annotations

from pathlib import Path

from hw3lib.display.modules import joined

MODULES = Path(__file__).parent / "js"


def script() -> str:
    """``viewer.js`` with all that it imports before it, and its own exports alone; comments stay in the sources."""
    return joined(MODULES / "viewer.js")
