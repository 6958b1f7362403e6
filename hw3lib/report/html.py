"""The report as one HTML file: no network, no kernel, no file beside it. Templates: ``report/hw3``.

The page forbids itself everything but its own inline content: its Content-Security-Policy names each script by its
hash, so that text which slipped in as markup would still not run.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from collections.abc import Iterator
from typing import Any

from markupsafe import Markup, escape
from nbconvert.filters import Highlight2HTML

from hw3lib import paths
from hw3lib.data.language import written_in
from hw3lib.display.bundle import lighter
from hw3lib.display.scripts import CJK, ISOLATE, cjk_font, han, is_rtl
from hw3lib.report.blocks import Block, Picture, plain
from hw3lib.report.document import Chapter, Report, anchor_of
from hw3lib.report.math import mathml
from hw3lib.viewer import page

_CJK = re.compile(CJK)
_FOREIGN = re.compile(f"{ISOLATE.pattern}|({CJK}+)")  # what is another language's inside an English sentence


def content(report: Report) -> dict[str, Any]:
    """What the template is rendered with."""
    folder = paths.templates()
    blocks = list(_all_blocks(report))
    # The viewers of a page share one module: it is written once, at the end.
    modules = [page.module()] if any(block["kind"] == "viewer" for block in blocks) else []
    script = (folder / "hw3.js").read_text(encoding="utf-8")
    font = font_face(_characters(report, blocks))
    return {
        "report": report,
        "policy": policy([script, *modules]),
        "style": Markup((folder / "hw3.css").read_text(encoding="utf-8") + font),
        "script": Markup(script),
        "modules": [Markup(code) for code in modules],
        "contents": _contents(report),
    }


def policy(scripts: list[str]) -> str:
    """The Content-Security-Policy: nothing but what is inside the file, and of scripts only these."""
    hashes = sorted({base64.b64encode(hashlib.sha256(code.encode("utf-8")).digest()).decode() for code in scripts})
    allowed = " ".join(f"'sha256-{code}'" for code in hashes)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def font_face(characters: set[str]) -> str:
    """CSS that brings the glyphs of these characters, as a subset of the CJK font; empty when there are none."""
    path = cjk_font()
    if not characters or path is None:
        return ""
    from fontTools import subset

    # The font's own shapes are Japanese; its feature "locl" has those of other languages.
    features = ["locl"] if han("".join(characters)).startswith("zh") else []
    options = subset.Options(flavor="woff", layout_features=features, name_IDs=[], notdef_outline=True, hinting=False)
    options.drop_tables += ["vhea", "vmtx", "VORG", "BASE", "GPOS", *(() if features else ("GSUB",))]
    font = subset.load_font(str(path), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text="".join(sorted(characters)))
    subsetter.subset(font)
    buffer = io.BytesIO()
    subset.save_font(font, buffer, options)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f'\n@font-face{{font-family:"hw3 cjk";src:url(data:font/woff;base64,{data}) format("woff")}}\n'


def _characters(report: Report, blocks: list[Block]) -> set[str]:
    """The CJK characters that occur anywhere in the document."""
    document = [report.title, report.about, report.stamp, report.tiles, _contents(report), blocks]
    # A picture's bytes hold none.
    return set(_CJK.findall(json.dumps(document, ensure_ascii=False, default=lambda _: "")))


def _all_blocks(report: Report) -> Iterator[Block]:
    yield from [*report.claims, *report.summary]
    for chapter in report.chapters:
        yield {"kind": "paragraph", "inline": chapter.lead}
        yield from chapter.walk()


def _contents(report: Report) -> list[dict[str, Any]]:
    """The tree of contents: chapters, and below them their sections or their headings."""
    return [{"anchor": chapter.name, "title": chapter.title, "below": _below(chapter)} for chapter in report.chapters]


def _below(chapter: Chapter) -> list[tuple[str, str]]:
    """Anchor and title of what the contents name below a chapter."""
    if chapter.sections:
        return [(section.name, section.title) for section in chapter.sections]
    headings = [block for block in chapter.blocks if block["kind"] == "heading"]
    return [
        (heading["anchor"], plain(heading["inline"]))
        for heading in headings
        if heading["level"] == 2 and not heading["hollow"]
    ]


def _data_uri(picture: Picture) -> str:
    media, data = picture["media"], picture["data"]
    if media == "image/png":
        media, data = lighter(data)
    return f"data:{media};base64,{base64.b64encode(data).decode('ascii')}"


def _math(formula: dict[str, Any]) -> str:
    """A formula as MathML; as it was typed where it cannot be read."""
    markup = mathml(formula["v"], formula["block"])
    return Markup(markup) if markup else Markup("<code>{}</code>").format(escape(formula["v"]))


def _speech(text: str) -> str:
    """A sentence with what is of another language in it marked as such, and kept in its own direction."""
    pieces, end = Markup(), 0
    for match in _FOREIGN.finditer(text):
        part = match[1] if match[2] is None else match[2]
        pieces += escape(text[end : match.start()]) + Markup("<bdi{}>{}</bdi>").format(_language(part), part)
        end = match.end()
    return pieces + escape(text[end:])


def _language(text: str) -> str:
    """The attribute of an element that holds a text of another language; empty for Latin letters."""
    tag = "" if text.isascii() else written_in(text.replace("{object}", ""))
    return Markup(' lang="{}"').format(tag) if tag else ""


def _direction(text: str) -> str:
    """The attributes of a cell or a piece of code, which has a direction and a language of its own."""
    return Markup(' dir="rtl"') * is_rtl(text) + _language(text)


FILTERS = {
    "direction": _direction,
    "speech": _speech,
    "anchor": anchor_of,
    "plain": plain,
    "data_uri": _data_uri,
    "math": _math,
    "highlight": lambda code: Markup(Highlight2HTML(pygments_lexer="ipython3")(code)),
    "viewer": lambda payload: Markup(page.fragment(payload)),
}
