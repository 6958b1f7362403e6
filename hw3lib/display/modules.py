"""JavaScript modules joined to the one that anywidget and a page take."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

_IMPORT = re.compile(r'^import [^;]+? from "(\.[\w./-]+\.js)";\n', re.M)
_COMMENT = re.compile(r"^ *(/\*\*.*?\*/|// @ts-check)\n", re.M | re.S)


@lru_cache(maxsize=4)
def joined(entry: Path) -> str:
    """A module with all that it imports before it, and its own exports alone; comments stay in the sources."""
    texts: dict[Path, str] = {}
    _collect(entry.resolve(), texts)
    *inner, last = (_COMMENT.sub("", _IMPORT.sub("", text)).strip() for text in texts.values())
    return "\n".join([*(re.sub(r"^export ", "", text, flags=re.M) for text in inner), last]) + "\n"


def _collect(module: Path, texts: dict[Path, str]) -> None:
    """Read a module after those that it imports, each once."""
    text = module.read_text(encoding="utf-8")
    for needed in _IMPORT.findall(text):
        path = (module.parent / needed).resolve()
        if path not in texts:
            _collect(path, texts)
    texts[module] = text
