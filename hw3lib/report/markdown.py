"""Markdown as blocks."""

from __future__ import annotations

from collections.abc import Iterable

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode
from mdit_py_plugins.dollarmath import dollarmath_plugin

from hw3lib.report.blocks import Block, Inline, Table


def markdown(source: str) -> list[Block]:
    """Markdown (CommonMark, tables, and math between dollars) as blocks. HTML in it stays what it is: text.

    >>> markdown("A <b>red</b> *dog*")[0]["inline"]
    [{'t': 'text', 'v': 'A <b>red</b> '}, {'t': 'em', 'inline': [{'t': 'text', 'v': 'dog'}]}]
    """
    # With html off, tags are not even recognised, and come out as the text that was typed.
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    parser.use(dollarmath_plugin, allow_space=False, allow_digits=False)
    return _blocks(SyntaxTreeNode(parser.parse(source)).children)


def _blocks(nodes: Iterable[SyntaxTreeNode], nested: bool = False) -> list[Block]:
    """``nested``: in a list or a quotation, where a heading opens no section of the document."""
    blocks: list[Block] = []
    for node in nodes:
        if node.type == "heading":
            blocks.append(_heading(node, nested))
        elif node.type == "math_block":
            blocks.append({"kind": "paragraph", "inline": [{"t": "math", "v": node.content.strip(), "block": True}]})
        elif node.type == "paragraph":
            blocks.append({"kind": "paragraph", "inline": _inline(node)})
        elif node.type in ("bullet_list", "ordered_list"):
            items = [_blocks(item.children, nested=True) for item in node.children]
            start = int(node.attrs.get("start", 1))
            blocks.append({"kind": "list", "ordered": node.type == "ordered_list", "start": start, "items": items})
        elif node.type == "blockquote":
            blocks.append({"kind": "quote", "blocks": _blocks(node.children, nested=True)})
        elif node.type in ("fence", "code_block"):
            blocks.append({"kind": "verbatim", "text": node.content.rstrip("\n")})
        elif node.type == "hr":
            blocks.append({"kind": "rule"})
        elif node.type == "table":
            blocks.append(_table(node))
    return blocks


def _heading(node: SyntaxTreeNode, nested: bool) -> Block:
    if nested:
        return {"kind": "paragraph", "inline": [{"t": "strong", "inline": _inline(node)}]}
    return {"kind": "heading", "level": int(node.tag[1]), "inline": _inline(node)}


def _table(node: SyntaxTreeNode) -> Table:
    lines = [[_inline(cell) for cell in line.children] for part in node.children for line in part.children]
    styles = [str(cell.attrs.get("style", "")) for cell in node.children[0].children[0].children]
    align = [style.rpartition(":")[2] or "left" for style in styles]
    return {"kind": "table", "caption": "", "columns": lines[0], "rows": lines[1:], "align": align, "notes": ""}


def _inline(node: SyntaxTreeNode) -> Inline:
    inline: Inline = []
    for child in node.children:
        if child.type == "inline":
            inline += _inline(child)
        elif child.type in ("text", "softbreak"):
            inline.append({"t": "text", "v": child.content if child.type == "text" else " "})
        elif child.type == "hardbreak":
            inline.append({"t": "break"})
        elif child.type == "code_inline":
            inline.append({"t": "code", "v": child.content})
        elif child.type in ("math_inline", "math_inline_double"):
            inline.append({"t": "math", "v": child.content, "block": child.type == "math_inline_double"})
        elif child.type in ("strong", "em", "s"):
            inline.append({"t": child.type, "inline": _inline(child)})
        elif child.type == "link":
            inline.append({"t": "link", "href": str(child.attrs.get("href", "")), "inline": _inline(child)})
        elif child.type == "image":
            # A picture from elsewhere would need a network, or a file that the report does not carry: its words stay.
            inline.append({"t": "em", "inline": [{"t": "text", "v": child.content or "picture"}]})
    return inline
