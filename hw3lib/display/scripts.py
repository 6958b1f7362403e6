"""Scripts of the world: texts from right to left inside others, Han's shapes by language, and the fonts that have them.

Fonts come with the packages (DejaVu Sans, Noto Sans CJK) or lie in the project's ``data/fonts``, so that pictures and
print look the same on every machine.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from hw3lib import paths

# Scripts that are Chinese, Japanese and Korean, with their punctuation and full-width forms.
CJK = (
    "[\u2e80-\u303f\u3040-\u30ff\u3100-\u31ff\u3200-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]"
)
_LEFTWARD = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
_START, _END = "\u2068", "\u2069"  # first strong isolate: what is between has a direction of its own (UAX 9)
ISOLATE = re.compile(f"{_START}([^{_END}]*){_END}")
_QUOTE = re.compile("“([^“”]*)”")
_SLOT = "{object}"  # of a template: stands for a name, and says nothing of the direction


def is_rtl(text: str) -> bool:
    """Whether a text runs from right to left, as its first letter does.

    >>> [is_rtl(text) for text in ("a dog", "كلب", "{object} في صورة", "“כלב” is Hebrew", "12")]
    [False, True, True, True, False]
    """
    kinds = (unicodedata.bidirectional(letter) for letter in text.replace(_SLOT, ""))
    return next((kind != "L" for kind in kinds if kind in ("L", "R", "AL")), False)


def isolated(text: str) -> str:
    """A text that goes into a sentence, kept together where it has letters that run from right to left."""
    return f"{_START}{text}{_END}" if _LEFTWARD.search(text) and _START not in text else text


def isolated_quotes(text: str) -> str:
    """A sentence whose quotations are :func:`isolated`."""
    return _QUOTE.sub(lambda quote: f"“{isolated(quote[1])}”", text) if _LEFTWARD.search(text) else text


def han(text: str) -> str:
    """The language whose shapes Han characters have in a text: ``ja``, ``ko``, ``zh-Hans``, ``zh-Hant``; else empty.

    ``zh`` where both ways of writing Chinese have the same characters.

    >>> [han(text) for text in ("a dog", "一隻紅色的狗", "一只红色的狗", "白色的狗", "赤い犬")]
    ['', 'zh-Hant', 'zh-Hans', 'zh', 'ja']
    """
    if re.search("[\u3040-\u30ff]", text):
        return "ja"
    if re.search("[\uac00-\ud7af]", text):
        return "ko"
    characters = re.findall("[\u3400-\u9fff]", text)
    # The standards of the two have the characters of the one way of writing and not of the other.
    simplified, traditional = (
        sum(bool(character.encode(code, "ignore")) for character in characters) for code in ("gb2312", "big5")
    )
    if simplified == traditional:
        return "zh" if characters else ""
    return "zh-Hant" if traditional > simplified else "zh-Hans"


def lacking(letters: Iterable[str]) -> str:
    """A sentence on letters that no font here has, by Unicode's names of their scripts, and the way out.

    >>> lacking("สวak")
    'Letters that no font here has are left as boxes: Latin, Thai. A font that has them goes into data/fonts.'
    """
    names = ", ".join(sorted({unicodedata.name(letter, "unknown").split()[0].capitalize() for letter in letters}))
    return f"Letters that no font here has are left as boxes: {names}. A font that has them goes into data/fonts."


def fonts() -> list[Path]:
    """Font files for what the usual fonts lack: the CJK font, and those of ``data/fonts``."""
    own = sorted(path for path in (paths.root() / "data" / "fonts").glob("*.[ot]t[fc]"))
    return [*filter(None, [cjk_font()]), *own]


@lru_cache(maxsize=1)
def cjk_font() -> Path | None:
    """Noto Sans CJK, for Chinese, Japanese and Korean text; ``None`` when the package that carries it is absent.

    The package would set matplotlib's default font on import: it is located, not imported.
    """
    return next(iter(_packaged("notojp_matplotlib", "fonts/*.otf")), None)


def dejavu_fonts() -> list[Path]:
    """DejaVu Sans, which matplotlib carries: Arabic and Hebrew, among others."""
    return _packaged("matplotlib", "mpl-data/fonts/ttf/DejaVuSans*.ttf")


def _packaged(package: str, pattern: str) -> list[Path]:
    spec = find_spec(package)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    return sorted(file for folder in folders for file in Path(folder).glob(pattern))
