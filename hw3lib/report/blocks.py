"""What the report is made of: blocks of plain data, from which the page and the print are both set.

All text in a block is data: nothing of it is markup any more, so that neither HTML nor typst can be injected through a
caption.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NotRequired, TypedDict

from hw3lib.display.scripts import isolated_quotes

# Pieces of a line, by "t": text, code and math (TeX) have "v"; strong, em, s and link "inline", a link "href"; break.
Inline = list[dict[str, Any]]


class _Block(TypedDict):
    """``page_only``: it came of a cell that print leaves out."""

    page_only: NotRequired[bool]


class Heading(_Block):
    """Level 2 to 4; ``hollow``: nothing but code stands below it."""

    kind: Literal["heading"]
    level: int
    inline: Inline
    anchor: NotRequired[str]
    hollow: NotRequired[bool]


class Paragraph(_Block):
    """A paragraph of prose."""

    kind: Literal["paragraph"]
    inline: Inline


class Items(_Block):
    """A list, each of its items a few blocks."""

    kind: Literal["list"]
    ordered: bool
    start: int
    items: list[list[Block]]


class Quote(_Block):
    """A quotation."""

    kind: Literal["quote"]
    blocks: list[Block]


class Text(_Block):
    """Text as it is: a cell's source, what it printed, a code block of its prose, a remark of the report's own."""

    kind: Literal["code", "text", "verbatim", "note"]
    text: str


class Rule(_Block):
    """A line across the page."""

    kind: Literal["rule"]


class Table(_Block):
    """A table; ``align`` is left, right or center by column, ``notes`` the small print below."""

    kind: Literal["table"]
    caption: str
    columns: list[Inline]
    rows: list[list[Inline]]
    align: list[str]
    notes: str
    number: NotRequired[int]


class Picture(TypedDict):
    """A picture's file, and its size in inches."""

    media: str
    data: bytes
    width: float
    height: float


class Figure(Picture, _Block):
    """A picture with its caption; ``alt`` says in words what is to be seen."""

    kind: Literal["figure"]
    caption: str
    alt: str
    number: NotRequired[int]


class Viewer(_Block):
    """An attention viewer's payload (``hw3lib.viewer.payload.encode``), and its picture for print."""

    kind: Literal["viewer"]
    caption: str
    alt: str
    payload: dict[str, Any]
    picture: Picture | None
    number: NotRequired[int]


Block = Heading | Paragraph | Items | Quote | Text | Rule | Table | Figure | Viewer


def text_inline(text: str) -> Inline:
    """Bare text as inline content: whatever characters it holds, they are shown."""
    return [{"t": "text", "v": text}]


def table_block(content: Mapping[str, Any]) -> Table:
    """A table as a notebook displays it (:data:`hw3lib.display.bundle.TABLE`), its texts as inline content."""
    return {
        "kind": "table",
        "caption": str(content["caption"]),
        "columns": [text_inline(column) for column in content["columns"]],
        "rows": [[text_inline(cell) for cell in row] for row in content["rows"]],
        "align": list(content["align"]),
        "notes": str(content["notes"]),
    }


def plain(inline: Inline) -> str:
    """Inline content as bare text.

    >>> plain([{"t": "text", "v": "a "}, {"t": "em", "inline": [{"t": "text", "v": "red"}]}, {"t": "break"}])
    'a red '
    """
    return "".join(plain(item["inline"]) if "inline" in item else item.get("v", " ") for item in inline)


def isolate_quotes(value: Any) -> None:
    """Keep the direction of quotations apart from that of the sentence around them, in place."""
    if isinstance(value, list):
        for item in value:
            isolate_quotes(item)
    elif isinstance(value, dict) and value.get("t") not in ("code", "math"):
        for key, part in value.items():
            if key in ("v", "caption", "notes"):
                value[key] = isolated_quotes(part)
            elif key not in ("payload", "picture"):
                isolate_quotes(part)


def prose(blocks: Iterable[Block]) -> Iterator[str]:
    """What blocks say: headings, paragraphs, lists and quotes, captions and notes; no code."""
    for block in blocks:
        if block["kind"] == "heading" or block["kind"] == "paragraph":
            yield plain(block["inline"])
        elif block["kind"] == "quote":
            yield from prose(block["blocks"])
        elif block["kind"] == "list":
            for item in block["items"]:
                yield from prose(item)
        elif block["kind"] == "table" or block["kind"] == "figure" or block["kind"] == "viewer":
            yield block["caption"]
            if block["kind"] == "table":
                yield block["notes"]
