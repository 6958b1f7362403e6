"""An executed notebook as a chapter: prose and code cells in order, outputs as what they are data of."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

from nbconvert.filters import strip_ansi

from hw3lib.display.bundle import FIGURE, NOTE, TABLE
from hw3lib.report.blocks import Block, Picture, plain, table_block
from hw3lib.report.document import Chapter
from hw3lib.report.markdown import markdown
from hw3lib.viewer.page import ATTENTION, LIVE

WIDGET = "application/vnd.jupyter.widget-view+json"
PICTURES = ("image/svg+xml", "image/png", "image/jpeg")
# What is taken of an output.
PRIORITY = (LIVE, NOTE, TABLE, ATTENTION, *PICTURES, "text/markdown", WIDGET, "text/plain")
PAGE_ONLY = "page-only"  # tags a cell that the page shows and print leaves out
_PNG_DPI = 200  # what display.show_figure writes; the size on paper follows from it
_MOST_LINES = 60  # of plain output that are shown; the rest is said to be left out
_PER_INCH = {"pt": 72, "px": 96, "in": 1, "mm": 25.4, "cm": 2.54}


def read_chapter(name: str, cells: Iterable[Any], priority: Sequence[str] = PRIORITY) -> Chapter:
    """A notebook's cells as a chapter called ``name``, titled by its H1 where it begins with one.

    Of a displayed thing the first media type of ``priority`` that it has is taken.
    """
    chapter = Chapter(name, name)
    for cell in cells:
        blocks: list[Block] = []
        if cell.cell_type == "markdown":
            blocks += markdown(cell.source)
        elif cell.cell_type == "code":
            # nbconvert's TagRemovePreprocessor marks a cell whose source is not to be shown.
            if cell.source.strip() and not cell.metadata.get("transient", {}).get("remove_source"):
                blocks.append({"kind": "code", "text": cell.source.strip()})
            blocks += outputs_blocks(cell.outputs, priority)
        if PAGE_ONLY in cell.metadata.get("tags", ()):
            for block in blocks:
                block["page_only"] = True
        chapter.blocks += blocks
    _take_title(chapter)
    return chapter


def _take_title(chapter: Chapter) -> None:
    """Move the H1 and the paragraph right after it out of the blocks."""
    blocks = chapter.blocks
    if blocks and blocks[0]["kind"] == "heading" and blocks[0]["level"] == 1:
        chapter.title = plain(blocks[0]["inline"])
        del blocks[0]
        if blocks and blocks[0]["kind"] == "paragraph":
            chapter.lead = blocks[0]["inline"]
            del blocks[0]
    level = 1
    for block in blocks:
        if block["kind"] == "heading":
            # No level is skipped: PDF/UA forbids it, and a screen reader's list of headings would have a hole.
            block["level"] = level = min(4, max(2, block["level"]), level + 1)


def outputs_blocks(outputs: Iterable[Any], priority: Sequence[str] = PRIORITY) -> list[Block]:
    """A cell's outputs as blocks."""
    blocks: list[Block] = []
    for output in outputs:
        if output.output_type == "error":
            blocks += _text(f"{output.get('ename')}: {output.get('evalue')}")
        elif output.output_type == "stream":
            # What libraries print on stderr (progress bars, warnings) is not part of the report.
            if output.get("name") == "stdout":
                blocks += _text(output.text)
        elif "data" in output:
            blocks += _bundle(output.data, priority)
    return blocks


def _bundle(data: Any, priority: Sequence[str]) -> list[Block]:
    """One displayed thing: our own bundles bring data; of others the picture or the text is taken, never their HTML."""
    words = data.get(FIGURE, {})
    caption, alt = str(words.get("caption", "")), str(words.get("alt", ""))
    media = next((media for media in priority if media in data), "text/plain")
    if media in (LIVE, NOTE):  # a report shows its static twin; how a computation went concerns nobody else
        return []
    if media == TABLE:
        return [table_block(data[TABLE])]
    if media == ATTENTION:
        picture = next((_picture(_joined(data[kind]), kind) for kind in PICTURES if kind in data), None)
        return [{"kind": "viewer", "caption": caption, "alt": alt, "payload": data[ATTENTION], "picture": picture}]
    if media in PICTURES:
        return [{"kind": "figure", "caption": caption, "alt": alt, **_picture(_joined(data[media]), media)}]
    if media == "text/markdown":
        return markdown(_joined(data[media]))
    if media == WIDGET:
        return [{"kind": "note", "text": "This part is interactive: open the notebook to use it."}]
    return _text(data.get("text/plain", ""))


def _text(output: Any) -> list[Block]:
    """Plain output: carriage returns played out, terminal colours dropped, the middle of long output left out."""
    text = strip_ansi(_joined(output))
    lines = [line.rpartition("\r")[2] for line in text.rstrip().replace("\r\n", "\n").split("\n")]
    if len(lines) > _MOST_LINES:
        half = _MOST_LINES // 2
        lines = [*lines[:half], f"[{len(lines) - 2 * half} lines left out]", *lines[-half:]]
    text = "\n".join(lines).strip("\n")
    return [{"kind": "text", "text": text}] if text.strip() else []


def _joined(value: Any) -> str:
    """A notebook's multi-line string: a list of lines, or one string."""
    return "".join(value) if isinstance(value, list) else str(value)


def _picture(content: str, media: str) -> Picture:
    if media == "image/svg+xml":
        data, (width, height) = content.encode("utf-8"), _svg_size(content[:2000])
    else:
        data = base64.b64decode(content)
        width, height = _bitmap_size(data)
    return {"media": media, "data": data, "width": width, "height": height}


def _svg_size(head: str) -> tuple[float, float]:
    """Inches, from the width and height that an SVG states, else from its view box."""
    box = re.search(r'viewBox="([^"]+)"', head)
    boxes = [float(side) / 96 for side in box[1].split()[2:]] if box else [6.0, 6.0]

    def side(name: str, otherwise: float) -> float:
        stated = re.search(rf'<svg[^>]*?\s{name}="([0-9.]+)(pt|px|in|mm|cm)?"', head, re.S)
        return float(stated[1]) / _PER_INCH[stated[2] or "px"] if stated else otherwise

    return side("width", boxes[0]), side("height", boxes[1])


def _bitmap_size(data: bytes) -> tuple[float, float]:
    """Inches, from a picture's own density."""
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        dpi = image.info.get("dpi", (_PNG_DPI, _PNG_DPI))
        # A file that states no believable density is taken for a screen picture at twice the usual one.
        density = float(dpi[0]) if dpi[0] and 90 <= dpi[0] <= 1200 else _PNG_DPI
        return image.width / density, image.height / density
