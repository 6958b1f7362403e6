"""The report as one document: chapters of blocks, numbered through, from which the page and the print are both set."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from hw3lib.report.blocks import Block, Heading, Inline, plain

_SAID_ONCE = ("heading", "paragraph", "list", "quote", "verbatim", "rule", "figure")


@dataclass
class Chapter:
    """A notebook, or several that share their prose: ``title`` is its H1, ``lead`` the paragraph below it.

    ``name`` is the notebook's file without its ending, and the chapter's anchor.
    """

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


@dataclass(frozen=True)
class Front:
    """What a report says before its first chapter, and on its last page; a single notebook has only a title.

    ``stamp`` and ``tiles`` are (name, value) pairs.
    """

    title: str
    subtitle: str = ""
    unfinished: str = ""  # what is still to come of a report that is being made; empty for a finished one
    profile: str = ""
    demo: bool = False
    about: str = ""
    tiles: list[tuple[str, str]] = field(default_factory=list)
    claims: list[Block] = field(default_factory=list)  # the table that the report opens with
    summary: list[Block] = field(default_factory=list)
    stamp: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Report(Front):
    """All that the two renderers need."""

    chapters: list[Chapter]
    references: list[tuple[str, str]]  # anchor and text of the works that the chapters cite


def join_runs(title: str, chapters: list[Chapter], names: list[str], titles: list[str]) -> Chapter:
    """Several executions of one notebook as one chapter with a section each.

    Prose that the first has said and pictures that it has shown are not repeated, and neither is the code.
    """
    first = chapters[0]
    whole = Chapter(first.name.removesuffix(f"_{names[0]}"), title, first.lead)
    said = copy.deepcopy(first.blocks)
    for chapter, name, title in zip(chapters, names, titles, strict=True):
        section = Chapter(f"{whole.name}_{name}", title)
        for block in chapter.blocks:
            if chapter is not first and (block["kind"] == "code" or (block["kind"] in _SAID_ONCE and block in said)):
                continue
            if block["kind"] == "heading":
                block = block | {"level": block["level"] + 1}
            section.blocks.append(block)
        whole.sections.append(section)
    return whole


def number(chapters: Iterable[Chapter]) -> None:
    """Number figures and tables through the whole document, give every heading an anchor, and mark the hollow ones.

    What is on the page alone is counted last, so that the page and print give the rest the same numbers.
    """
    figures = tables = 0
    anchors: dict[str, int] = {}
    parts = [part for chapter in chapters for part in (chapter, *chapter.sections)]
    for part in parts:
        mark_hollow(part.blocks)
    for block in sorted((block for part in parts for block in part.blocks), key=lambda block: "page_only" in block):
        if block["kind"] == "heading":
            slug = re.sub(r"[^a-z0-9]+", "-", plain(block["inline"]).lower()).strip("-") or "section"
            anchors[slug] = anchors.get(slug, 0) + 1
            block["anchor"] = f"{slug}-{anchors[slug]}"
        elif block["kind"] == "table" and block["caption"]:
            block["number"] = tables = tables + 1
        elif (block["kind"] == "figure" or block["kind"] == "viewer") and block["caption"]:
            block["number"] = figures = figures + 1


def link_of(report: Report) -> Callable[[str], str]:
    """Where a notebook's link leads in the document: another notebook is a chapter; empty when it leads nowhere."""
    names = {chapter.name for chapter in report.chapters}

    def link(target: str) -> str:
        notebook = re.fullmatch(r"(?:\./)?([\w-]+)\.ipynb(?:#.*)?", target)
        if notebook:
            return f"#{notebook[1]}" if notebook[1] in names else ""
        return target if re.match(r"(https?://|#)", target) else ""

    return link


def anchor_of(block: Block) -> str:
    """The id of a numbered figure or table; empty for what has none.

    >>> anchor_of({"kind": "viewer", "caption": "", "alt": "", "payload": {}, "picture": None, "number": 18})
    'figure-18'
    """
    if (block["kind"] == "figure" or block["kind"] == "viewer" or block["kind"] == "table") and "number" in block:
        return f"{'table' if block['kind'] == 'table' else 'figure'}-{block['number']}"
    return ""


def mark_hollow(blocks: list[Block]) -> None:
    """A heading with nothing below it but code (the notebook's checks) does not belong in print or in the contents."""
    open_headings: list[Heading] = []  # those that the block at hand stands below
    for block in blocks:
        if block["kind"] == "heading":
            block["hollow"] = True
            level = block["level"]
            open_headings = [*(heading for heading in open_headings if heading["level"] < level), block]
        elif block["kind"] != "code":
            for heading in open_headings:
                heading["hollow"] = False
