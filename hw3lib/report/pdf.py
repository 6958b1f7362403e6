"""The report as a PDF, set by typst from the same blocks as the page. Template: ``report/hw3/hw3.typ``.

The content reaches typst as JSON, never as typst source: whatever a caption or a label holds, it is text.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hw3lib import paths
from hw3lib.display.bundle import cjk_font
from hw3lib.report.blocks import Block, Picture
from hw3lib.report.document import Chapter, Report
from hw3lib.report.math import drawn
from hw3lib.system.errors import UserError

_WIDEST, _TALLEST = 6.5, 7.9  # inches: the text's width, and what of a page a figure may take beside its caption
_ENDINGS = {"image/svg+xml": "svg", "image/png": "png", "image/jpeg": "jpg"}


def render(report: Report) -> bytes:
    """The whole PDF. Raises :class:`UserError` with typst's own words when it cannot be set."""
    import typst

    font = cjk_font()
    with tempfile.TemporaryDirectory(prefix="hw3-report-") as name:
        folder = Path(name)
        shutil.copy(paths.templates() / "hw3.typ", folder / "main.typ")
        document = json.dumps(_document(report, folder), ensure_ascii=False)
        (folder / "document.json").write_text(document, encoding="utf-8")
        try:
            # Only the fonts that come with the packages: the same pages on every machine.
            return typst.compile(
                folder / "main.typ",
                root=folder,
                font_paths=[font.parent] if font else [],
                ignore_system_fonts=True,
                timestamp=datetime.now(UTC).replace(microsecond=0),
            )
        except typst.TypstError as error:
            raise UserError(f"typst could not set the PDF: {error.message} {error.diagnostic}") from None


def _document(report: Report, folder: Path) -> dict[str, Any]:
    """The report as JSON, its pictures as files in ``folder``."""
    fields = {field.name: getattr(report, field.name) for field in dataclasses.fields(report)}
    parts = {
        "claims": _printed(report.claims, folder),
        "summary": _printed(report.summary, folder),
        "chapters": [_chapter(chapter, folder) for chapter in report.chapters],
    }
    document: dict[str, Any] = _draw_formulas(fields | parts, folder)
    return document


def _draw_formulas(value: Any, folder: Path) -> Any:
    """The same data, its formulas drawn into files of ``folder``; what cannot be drawn is code."""
    if isinstance(value, list | tuple):
        return [_draw_formulas(item, folder) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("t") != "math":
        return {key: _draw_formulas(item, folder) for key, item in value.items()}
    drawing = drawn(value["v"])
    if drawing is None:
        return {"t": "code", "v": value["v"]}
    name = f"formula-{len(list(folder.glob('formula-*')))}.svg"
    (folder / name).write_bytes(drawing.svg)
    return {**value, "file": name, "height": drawing.height, "depth": drawing.depth}


def _chapter(chapter: Chapter, folder: Path) -> dict[str, Any]:
    return {
        "title": chapter.title,
        "lead": chapter.lead,
        "blocks": _printed(chapter.blocks, folder),
        "sections": [_chapter(section, folder) for section in chapter.sections],
    }


def _printed(blocks: list[Block], folder: Path) -> list[dict[str, Any]]:
    """The blocks that belong on paper (no code), their pictures as files in ``folder``."""
    printed: list[dict[str, Any]] = []
    for block in blocks:
        if block["kind"] == "code" or (block["kind"] == "heading" and block["hollow"]):
            continue
        if block["kind"] == "figure" or block["kind"] == "viewer":
            picture = block["picture"] if block["kind"] == "viewer" else block
            if picture is not None:
                words = {key: value for key, value in block.items() if key in ("caption", "alt", "number")}
                printed.append({"kind": "figure", **words, **_file(picture, folder)})
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
    fit = min(1.0, _WIDEST / picture["width"], _TALLEST / picture["height"])
    return {"file": name, "width": picture["width"] * fit}
