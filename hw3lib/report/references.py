"""The works that a report's prose cites, and links to them and to the figures and tables that it names by number."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from hw3lib.report.blocks import Block, Inline, plain, prose
from hw3lib.report.document import Chapter, anchor_of
from hw3lib.system import files


def cited(chapters: list[Chapter]) -> list[tuple[str, str]]:
    """Anchor and text of the works of ``resources/references.json`` whose first author the prose names, by name."""
    works = files.resource("references.json")
    text = " ".join(text for chapter in chapters for text in (plain(chapter.lead), *prose(chapter.walk())))
    return [(_anchor(work["name"]), work["text"]) for work in works if re.search(rf"\b{work['name']}\b", text)]


def _anchor(author: str) -> str:
    return f"reference-{author.lower()}"


def link(chapters: list[Chapter], works: Iterable[tuple[str, str]]) -> None:
    """Make links of the authors that the prose names, and of its figures and tables."""
    targets = {anchor for anchor, _ in works}
    targets |= {anchor for chapter in chapters for block in chapter.walk() if (anchor := anchor_of(block))}
    for part in (part for chapter in chapters for part in (chapter, *chapter.sections)):
        part.lead = list(_linked(part.lead, targets))
        _link_blocks(part.blocks, targets)


def _link_blocks(blocks: list[Block], targets: set[str]) -> None:
    for block in blocks:
        if block["kind"] == "paragraph":
            block["inline"] = list(_linked(block["inline"], targets))
        elif block["kind"] == "quote":
            _link_blocks(block["blocks"], targets)
        elif block["kind"] == "list":
            for item in block["items"]:
                _link_blocks(item, targets)
        elif block["kind"] == "table":
            block["rows"] = [[list(_linked(cell, targets)) for cell in row] for row in block["rows"]]


# "Vedantam et al., 2015", "Jain and Wallace (2019)", "Holm"; "Figure 3".
_MENTION = re.compile(
    r"\b(?:(?P<kind>Figure|Table)[ \u00a0](?P<number>\d+)\b"
    r"|(?P<author>[A-Z][a-zA-Z]+)(?: et al\.| and [A-Z]\w+)?(?:,? \d{4}\b| \(\d{4}\))?)"
)


def _linked(inline: Inline, targets: set[str]) -> Iterator[dict[str, Any]]:
    for item in inline:
        if item["t"] in ("strong", "em", "s"):
            yield {**item, "inline": list(_linked(item["inline"], targets))}
        elif item["t"] == "text":
            end = 0
            for mention in _MENTION.finditer(item["v"]):
                kind, number, author = mention.group("kind", "number", "author")
                anchor = f"{kind.lower()}-{number}" if kind else _anchor(author)
                if anchor in targets:
                    yield {"t": "text", "v": item["v"][end : mention.start()]}
                    yield {"t": "link", "href": f"#{anchor}", "inline": [{"t": "text", "v": mention[0]}]}
                    end = mention.end()
            yield {"t": "text", "v": item["v"][end:]}
        else:
            yield item
