"""Executed notebooks -> one document of plain JSON-like blocks, from which the page and the print are both set.

A block is a dictionary with a ``kind``: ``heading``, ``paragraph``, ``list``, ``quote``, ``verbatim``, ``rule``,
``table``, ``figure``, ``viewer``, ``code``, ``text`` or ``note``. Inline content is a list of ``{"t": kind, ...}``. All
text in it is data: nothing of it is markup any more, so that neither HTML nor typst can be injected through a caption.
"""

from __future__ import annotations

import base64
import copy
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from hw3lib.display.bundle import FIGURE, TABLE
from hw3lib.system.errors import UserError
from hw3lib.viewer.page import ATTENTION

Block = dict[str, Any]
Inline = list[dict[str, Any]]

WIDGET = "application/vnd.jupyter.widget-view+json"
PICTURES = ("image/svg+xml", "image/png", "image/jpeg")
_PNG_DPI = 200  # what display.show_figure writes; the size on paper follows from it
_LONGEST_TEXT = 60  # lines of plain output that are shown; the rest is said to be left out


@dataclass
class Chapter:
    """A notebook, or several that share their prose: ``title`` is its H1, ``lead`` the paragraph below it."""

    name: str
    title: str
    lead: Inline = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    sections: list[Chapter] = field(default_factory=list)

    def walk(self) -> Iterator[Block]:
        """Every block of the chapter and its sections, in reading order."""
        yield from self.blocks
        for section in self.sections:
            yield from section.walk()


def read_chapter(path: Path) -> Chapter:
    """An executed notebook as a chapter.

    Raises :class:`UserError` when a cell failed, or when the notebook was never run.
    """
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    chapter = Chapter(path.stem, path.stem)
    ran = any(cell.get("execution_count") for cell in notebook.cells if cell.cell_type == "code")
    if not ran and any(cell.cell_type == "code" for cell in notebook.cells):
        raise UserError(f"{path} was not executed: run it with papermill, or the whole pipeline with `hw3 report`")
    for number, cell in enumerate(notebook.cells, 1):
        tags = set(cell.metadata.get("tags", []))
        if "notebook-only" in tags:
            continue
        if cell.cell_type == "markdown":
            chapter.blocks += markdown(cell.source)
        elif cell.cell_type == "code":
            if cell.source.strip() and not tags & {"parameters", "injected-parameters"}:
                chapter.blocks.append({"kind": "code", "text": cell.source.strip()})
            chapter.blocks += _outputs(cell.outputs, f"{path}, cell {number}")
    _take_title(chapter)
    return chapter


def join_runs(chapters: list[Chapter], names: list[str], titles: list[str]) -> Chapter:
    """Several executions of one notebook as one chapter with a section each.

    Prose that the first has said and pictures that it has shown are not repeated, and neither is the code.
    """
    first = chapters[0]
    whole = Chapter(first.name.removesuffix(f"_{names[0]}"), first.title, first.lead)
    said = copy.deepcopy(first.blocks)
    for chapter, name, title in zip(chapters, names, titles, strict=True):
        section = Chapter(f"{whole.name}_{name}", title)
        for block in chapter.blocks:
            if chapter is not first and (block["kind"] == "code" or (block["kind"] in _ONCE and block in said)):
                continue
            deeper = {"level": block["level"] + 1} if block["kind"] == "heading" else {}
            section.blocks.append(block | deeper)
        whole.sections.append(section)
    return whole


_ONCE = ("heading", "paragraph", "list", "quote", "verbatim", "rule", "figure")


def number(chapters: Iterable[Chapter]) -> None:
    """Number figures and tables through the whole document, give every heading an anchor, and mark the hollow ones."""
    counts = {"figure": 0, "table": 0}
    anchors: dict[str, int] = {}
    for chapter in chapters:
        for part in (chapter, *chapter.sections):
            _mark_hollow(part.blocks)
        for block in chapter.walk():
            kind = {"viewer": "figure"}.get(block["kind"], block["kind"])
            if kind in counts and block.get("caption"):
                counts[kind] += 1
                block["number"] = counts[kind]
            if kind == "heading":
                slug = re.sub(r"[^a-z0-9]+", "-", plain(block["inline"]).lower()).strip("-") or "section"
                anchors[slug] = anchors.get(slug, 0) + 1
                block["anchor"] = f"{slug}-{anchors[slug]}"


def _mark_hollow(blocks: list[Block]) -> None:
    """A heading with nothing below it but code (the notebook's checks) does not belong in print or in the contents."""
    for place, block in enumerate(blocks):
        if block["kind"] == "heading":
            rest = blocks[place + 1 :]
            ends = (i for i, each in enumerate(rest) if each["kind"] == "heading" and each["level"] <= block["level"])
            below = rest[: next(ends, len(rest))]
            block["hollow"] = all(each["kind"] in ("heading", "code") for each in below)


def plain(inline: Inline) -> str:
    """Inline content as bare text."""
    return "".join(plain(item["inline"]) if "inline" in item else item.get("v", " ") for item in inline)


def prose(chapters: Iterable[Chapter]) -> Iterator[str]:
    """What the chapters say: paragraphs, lists and quotes, captions and notes; no code."""

    def said(blocks: Iterable[Block]) -> Iterator[str]:
        for block in blocks:
            yield from (plain(block["inline"]),) if "inline" in block else ()
            yield from (str(block[key]) for key in ("caption", "notes") if block.get(key))
            yield from said(block.get("blocks", ()))
            for item in block.get("items", ()):
                yield from said(item)

    for chapter in chapters:
        yield plain(chapter.lead)
        yield from said(chapter.walk())


def markdown(source: str) -> list[Block]:
    """Markdown (CommonMark and tables) as blocks. HTML in it stays what it is: text."""
    # With html off, tags are not even recognised, and come out as the text that was typed.
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    return _blocks(SyntaxTreeNode(parser.parse(source)).children)


def _blocks(nodes: Iterable[SyntaxTreeNode]) -> list[Block]:
    found: list[Block] = []
    for node in nodes:
        if node.type == "heading":
            found.append({"kind": "heading", "level": int(node.tag[1]), "inline": _inline(node)})
        elif node.type == "paragraph":
            found.append({"kind": "paragraph", "inline": _inline(node)})
        elif node.type in ("bullet_list", "ordered_list"):
            items = [_blocks(item.children) for item in node.children]
            start = int(node.attrs.get("start", 1))
            found.append({"kind": "list", "ordered": node.type == "ordered_list", "start": start, "items": items})
        elif node.type == "blockquote":
            found.append({"kind": "quote", "blocks": _blocks(node.children)})
        elif node.type in ("fence", "code_block"):
            found.append({"kind": "verbatim", "text": node.content.rstrip("\n")})
        elif node.type == "hr":
            found.append({"kind": "rule"})
        elif node.type == "table":
            found.append(_markdown_table(node))
    return found


def _markdown_table(node: SyntaxTreeNode) -> Block:
    lines = [[_inline(cell) for cell in line.children] for part in node.children for line in part.children]
    styles = [str(cell.attrs.get("style", "")) for cell in node.children[0].children[0].children]
    align = [style.rpartition(":")[2] or "left" for style in styles]
    return {"kind": "table", "caption": "", "columns": lines[0], "rows": lines[1:], "align": align, "notes": ""}


def _inline(node: SyntaxTreeNode) -> Inline:
    """The inline content below a block's node."""
    found: Inline = []
    for child in node.children:
        if child.type == "inline":
            found += _inline(child)
        elif child.type == "text":
            found.append({"t": "text", "v": child.content})
        elif child.type == "softbreak":
            found.append({"t": "text", "v": " "})
        elif child.type == "hardbreak":
            found.append({"t": "break"})
        elif child.type == "code_inline":
            found.append({"t": "code", "v": child.content})
        elif child.type in ("strong", "em", "s"):
            found.append({"t": child.type, "inline": _inline(child)})
        elif child.type == "link":
            found.append({"t": "link", "href": str(child.attrs.get("href", "")), "inline": _inline(child)})
        elif child.type == "image":
            # A picture from elsewhere would need a network, or a file that the report does not carry: its words stay.
            found.append({"t": "em", "inline": [{"t": "text", "v": child.content or "picture"}]})
    return found


def text_inline(text: str) -> Inline:
    """Bare text as inline content: whatever characters it holds, they are shown."""
    return [{"t": "text", "v": text}]


def _take_title(chapter: Chapter) -> None:
    """Move the H1 and the paragraph right after it out of the blocks."""
    blocks = chapter.blocks
    if blocks and blocks[0]["kind"] == "heading" and blocks[0]["level"] == 1:
        chapter.title = plain(blocks.pop(0)["inline"])
        if blocks and blocks[0]["kind"] == "paragraph":
            chapter.lead = blocks.pop(0)["inline"]
    for block in blocks:
        if block["kind"] == "heading":
            block["level"] = min(4, max(2, block["level"]))


def _outputs(outputs: Iterable[Any], where: str) -> list[Block]:
    found: list[Block] = []
    for output in outputs:
        if output.output_type == "error":
            raise UserError(f"{where} failed: {output.get('ename')}: {output.get('evalue')}")
        if output.output_type == "stream":
            # What libraries print on stderr (progress bars, warnings) is not part of the report.
            if output.get("name") == "stdout":
                found += _text(output.text)
        elif "data" in output:
            found += _bundle(output.data)
    return found


def _bundle(data: Any) -> list[Block]:
    """One displayed thing: our own bundles bring data; of others the picture or the text is taken, never their HTML."""
    if TABLE in data:
        table = data[TABLE]
        cells = [[text_inline(cell) for cell in row] for row in table["rows"]]
        columns = [text_inline(column) for column in table["columns"]]
        return [{"kind": "table", **table, "columns": columns, "rows": cells}]
    picture = next((_picture(data[kind], kind) for kind in PICTURES if kind in data), None)
    words = data.get(FIGURE, {})
    named = {"caption": str(words.get("caption", "")), "alt": str(words.get("alt", ""))}
    if ATTENTION in data:
        return [{"kind": "viewer", **named, "payload": data[ATTENTION], "picture": picture}]
    if picture is not None:
        return [{"kind": "figure", **named, **picture}]
    if "text/markdown" in data:
        return markdown(_joined(data["text/markdown"]))
    if WIDGET in data:
        return [{"kind": "note", "text": "This part is interactive: open the notebook to use it."}]
    return _text(_joined(data.get("text/plain", "")))


def _text(text: str) -> list[Block]:
    """Plain output: carriage returns played out, terminal colours dropped, the middle of long output left out."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", _joined(text))
    lines = [line.rpartition("\r")[2] for line in text.rstrip().replace("\r\n", "\n").split("\n")]
    if len(lines) > _LONGEST_TEXT:
        half = _LONGEST_TEXT // 2
        lines = [*lines[:half], f"[{len(lines) - 2 * half} lines left out]", *lines[-half:]]
    text = "\n".join(lines).strip("\n")
    return [{"kind": "text", "text": text}] if text.strip() else []


def _joined(value: Any) -> str:
    return "".join(value) if isinstance(value, list) else str(value)


def _picture(value: Any, media: str) -> Block:
    """Bytes and size in inches of a picture."""
    if media == "image/svg+xml":
        data = _joined(value).encode("utf-8")
        width, height = _svg_size(_joined(value)[:2000])
    else:
        data = base64.b64decode(_joined(value))
        width, height = _bitmap_size(data)
    return {"media": media, "data": data, "width": width, "height": height}


def _svg_size(head: str) -> tuple[float, float]:
    def side(name: str, place: int) -> float:
        stated = re.search(rf'<svg[^>]*?\s{name}="([0-9.]+)(pt|px|in|mm|cm)?"', head, re.S)
        units = {"pt": 72, "px": 96, "in": 1, "mm": 25.4, "cm": 2.54}
        if stated:
            return float(stated[1]) / units[stated[2] or "px"]
        box = re.search(r'viewBox="([^"]+)"', head)
        return float(box[1].split()[place]) / 96 if box else 6.0

    return side("width", 2), side("height", 3)


def _bitmap_size(data: bytes) -> tuple[float, float]:
    import io

    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        dpi = image.info.get("dpi", (_PNG_DPI, _PNG_DPI))
        # A file that states no believable density is taken for a screen picture at twice the usual one.
        density = float(dpi[0]) if dpi[0] and 90 <= dpi[0] <= 1200 else _PNG_DPI
        return image.width / density, image.height / density


@dataclass(frozen=True)
class Report:
    """All that the two renderers need; ``stamp`` and ``tiles`` are (name, value) pairs."""

    title: str
    subtitle: str
    profile: str
    demo: bool
    about: str
    tiles: list[tuple[str, str]]
    claims: list[Block]  # the table that the report opens with, and what it says in a sentence; empty without claims
    summary: list[Block]
    chapters: list[Chapter]
    references: list[str]  # the works that the chapters cite
    stamp: list[tuple[str, str]]
