"""The viewer's script: the modules of ``js/`` joined to the one that anywidget and a page take."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

MODULES = Path(__file__).parent / "js"
_IMPORT = re.compile(r'^import [^;]+? from "\./([\w-]+\.js)";\n', re.M)
_COMMENT = re.compile(r"^ *(/\*\*.*?\*/|// @ts-check)\n", re.M | re.S)


@lru_cache(maxsize=1)
def script() -> str:
    """``viewer.js`` with all that it imports before it, and its own exports alone; comments stay in the sources."""
    texts: dict[str, str] = {}
    _collect("viewer.js", texts)
    *inner, entry = (_COMMENT.sub("", _IMPORT.sub("", text)).strip() for text in texts.values())
    return "\n".join([*(re.sub(r"^export ", "", text, flags=re.M) for text in inner), entry]) + "\n"


def _collect(name: str, texts: dict[str, str]) -> None:
    """Read a module after those that it imports, each once."""
    text = (MODULES / name).read_text(encoding="utf-8")
    for needed in _IMPORT.findall(text):
        if needed not in texts:
            _collect(needed, texts)
    texts[name] = text
