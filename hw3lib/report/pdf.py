"""The report as a PDF, set by typst from the same blocks as the page. Template: ``report/hw3/hw3.typ``.

The content reaches typst as JSON, never as typst source: whatever a caption or a label holds, it is text.
"""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import tempfile
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from hw3lib import paths
from hw3lib.display.scripts import dejavu_fonts, fonts, han, lacking
from hw3lib.report.blocks import Block, Picture
from hw3lib.report.document import Chapter, Report, anchor_of, link_of, mark_hollow
from hw3lib.report.math import drawn
from hw3lib.system.errors import UserError

STANDARD: Final = "ua-1"  # PDF/UA-1, ISO 14289-1: tagged, with a language, a title, and words for every picture
WIDEST, TALLEST = 6.5, 7.9  # inches: the text's width, and what of a page a figure may take beside its caption
_ENDINGS = {"image/svg+xml": "svg", "image/png": "png", "image/jpeg": "jpg"}


def render(report: Report) -> bytes:
    """The whole PDF. Raises :class:`UserError` with typst's own words when it cannot be set."""
    import typst

    with tempfile.TemporaryDirectory(prefix="hw3-report-") as name:
        folder = Path(name)
        shutil.copy(paths.templates() / "hw3.typ", folder / "main.typ")
        document = _document(report, folder)
        document["han"] = han(json.dumps(document, ensure_ascii=False))
        _write(document, folder)
        (folder / "fonts").mkdir()
        for font in (*dejavu_fonts(), *fonts()):  # of matplotlib's fonts these alone: one has boxes for all letters
            (folder / "fonts" / font.name).symlink_to(font)
        # Only the fonts that come with the packages: the same pages on every machine.
        setting: dict[str, Any] = {
            "root": folder,
            "font_paths": [folder / "fonts"],
            "ignore_system_fonts": True,
            "timestamp": datetime.now(UTC).replace(microsecond=0),
        }
        try:
            try:
                return typst.compile(folder / "main.typ", None, pdf_standards=[STANDARD], **setting)
            except typst.TypstError as error:
                # It refuses a character that no font has, for one: better a PDF without that promise than none.
                letters = set(re.findall('the text `"(.)"` could not be displayed', error.diagnostic))
                reason = lacking(letters) if letters else f"{error.message} {error.diagnostic}"
                warnings.warn(f"the PDF is not {STANDARD}: {reason}", stacklevel=2)
                _write(document | {"lacking": lacking(letters) if letters else ""}, folder)
                return typst.compile(folder / "main.typ", None, **setting)
        except typst.TypstError as error:
            raise UserError(f"typst could not set the PDF: {error.message} {error.diagnostic}") from None


def _write(document: dict[str, Any], folder: Path) -> None:
    text = json.dumps({"lacking": ""} | document, ensure_ascii=False)
    (folder / "document.json").write_text(text, encoding="utf-8")


def _document(report: Report, folder: Path) -> dict[str, Any]:
    """The report as JSON, its pictures as files in ``folder``."""
    fields = {field.name: getattr(report, field.name) for field in dataclasses.fields(report)}
    chapters = [_chapter(chapter, folder) for chapter in report.chapters]
    parts = {
        "claims": _printed(report.claims, folder),
        "summary": _printed(report.summary, folder),
        "chapters": [chapter for chapter in chapters if not chapter["page_only"]],
        "page_only": [chapter["title"] for chapter in chapters if chapter["page_only"]] + _left_out(report, chapters),
    }
    blocks = [block for chapter in chapters for part in (chapter, *chapter["sections"]) for block in part["blocks"]]
    anchors = [anchor for anchor, _ in report.references]
    anchors += [chapter["name"] for chapter in parts["chapters"]]
    anchors += [block["anchor"] for block in [*parts["claims"], *parts["summary"], *blocks] if block.get("anchor")]
    document: dict[str, Any] = _typeset(fields | parts | {"anchors": anchors}, folder, link_of(report))
    return document


def _left_out(report: Report, chapters: list[dict[str, Any]]) -> list[str]:
    """The figures and tables of printed chapters that the page alone shows."""
    pairs = zip(report.chapters, chapters, strict=True)
    blocks = [block for chapter, printed in pairs if not printed["page_only"] for block in chapter.walk()]
    return [anchor.replace("-", " ") for block in blocks if block.get("page_only") and (anchor := anchor_of(block))]


def _typeset(value: Any, folder: Path, link: Callable[[str], str]) -> Any:
    """The same data, its links as they lead in print, its formulas drawn; a formula that cannot be drawn is code."""
    if isinstance(value, list | tuple):
        return [_typeset(item, folder, link) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("t") != "math":
        led = {"href": link(value["href"])} if value.get("t") == "link" else {}
        return {key: _typeset(item, folder, link) for key, item in value.items()} | led
    drawing = drawn(value["v"])
    if drawing is None:
        return {"t": "code", "v": value["v"]}
    name = f"formula-{len(list(folder.glob('formula-*')))}.svg"
    (folder / name).write_bytes(drawing.svg)
    return {**value, "file": name, "height": drawing.height, "depth": drawing.depth}


def _chapter(chapter: Chapter, folder: Path) -> dict[str, Any]:
    blocks = list(chapter.walk())
    return {
        "name": chapter.name,
        "page_only": all(block.get("page_only") for block in blocks) and bool(blocks),
        "title": chapter.title,
        "lead": chapter.lead,
        "blocks": _printed(chapter.blocks, folder),
        "sections": [part for section in chapter.sections if not (part := _chapter(section, folder))["page_only"]],
    }


def _printed(blocks: list[Block], folder: Path, level: int = 1) -> list[dict[str, Any]]:
    """The blocks that belong on paper, no code, below a heading of ``level``; their pictures as files in ``folder``."""
    printed: list[dict[str, Any]] = []
    blocks = [block for block in blocks if not block.get("page_only")]
    mark_hollow(blocks)
    for block in blocks:
        if block["kind"] == "code" or (block["kind"] == "heading" and block["hollow"]):
            continue
        if block["kind"] == "heading":
            level = min(level + 1, block["level"])  # a heading that is on the page alone may have stood between
            printed.append({**block, "level": level})
            continue
        if block["kind"] == "figure" or block["kind"] == "viewer":
            picture = block["picture"] if block["kind"] == "viewer" else block
            if picture is not None:
                words = {key: value for key, value in block.items() if key in ("caption", "alt", "number")}
                still = block["kind"] == "viewer"
                printed.append(
                    {"kind": "figure", "still": still, "anchor": anchor_of(block), **words, **_file(picture, folder)}
                )
        elif block["kind"] == "table":
            printed.append({**block, "anchor": anchor_of(block)})
        elif block["kind"] == "quote":
            printed.append({**block, "blocks": _printed(block["blocks"], folder)})
        elif block["kind"] == "list":
            printed.append({**block, "items": [_printed(item, folder) for item in block["items"]]})
        else:
            printed.append({**block})
    return printed


def _file(picture: Picture, folder: Path) -> dict[str, Any]:
    """Write a picture beside the template; its width (inches) is its own, or what fits on the page."""
    name = f"picture-{len(list(folder.glob('picture-*')))}.{_ENDINGS[picture['media']]}"
    (folder / name).write_bytes(picture["data"])
    fit = min(1.0, WIDEST / picture["width"], TALLEST / picture["height"])
    return {"file": name, "width": picture["width"] * fit, "height": picture["height"] * fit}
