"""Markdown becomes blocks, and nothing of it markup."""

from __future__ import annotations

import json

from hw3lib.report.blocks import plain
from hw3lib.report.markdown import markdown


def test_markdown_becomes_blocks() -> None:
    blocks = markdown("# T\n\nA **b** *c* `d` [e](https://x.y)\n\n- one\n- two\n\n```\ncode\n```\n")
    assert [block["kind"] for block in blocks] == ["heading", "paragraph", "list", "verbatim"]
    assert plain(blocks[1]["inline"]) == "A b c d e"
    assert len(blocks[2]["items"]) == 2


def test_pictures_in_prose_are_their_words_and_dangerous_links_are_text() -> None:
    blocks = markdown("![a cat](https://x.y/cat.png) [x](javascript:alert(1))")
    kinds = json.dumps(blocks)
    assert "cat.png" not in kinds
    assert plain(blocks[0]["inline"]).startswith("a cat ")
    assert '"href": "javascript' not in kinds


def test_every_kind_of_prose_has_its_block() -> None:
    source = "3. three\n4. four\n   1. deeper\n\n> said\n\n---\n\n    indented\n\n"
    source += "| a | b | c |\n|---|:-:|--:|\n| 1 | 2 | 3 |\n"
    numbered, quote, rule, verbatim, table = markdown(source)
    assert (numbered["ordered"], numbered["start"], len(numbered["items"])) == (True, 3, 2)
    assert [block["kind"] for block in numbered["items"][1]] == ["paragraph", "list"]
    assert numbered["items"][1][1]["start"] == 1
    assert plain(quote["blocks"][0]["inline"]) == "said"
    assert (rule, verbatim) == ({"kind": "rule"}, {"kind": "verbatim", "text": "indented"})
    assert table["align"] == ["left", "center", "right"]
    assert [[plain(cell) for cell in row] for row in [table["columns"], *table["rows"]]] == [
        ["a", "b", "c"],
        ["1", "2", "3"],
    ]


def test_a_line_break_is_a_blank_unless_it_is_asked_for() -> None:
    (paragraph,) = markdown("one\ntwo  \n~~three~~")
    assert plain(paragraph["inline"]) == "one two three"
    assert [item["t"] for item in paragraph["inline"] if item["t"] != "text"] == ["break", "s"]
