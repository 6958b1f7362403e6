"""Chapters are joined and numbered; what they cite is listed."""

from __future__ import annotations

from typing import Any

from hw3lib.report.blocks import text_inline
from hw3lib.report.document import Chapter, join_runs, number
from hw3lib.report.markdown import markdown
from hw3lib.report.references import cited


def test_what_all_runs_say_and_show_stands_once_and_what_is_theirs_in_each() -> None:
    def chapter(run: str) -> Chapter:
        prose = {"kind": "paragraph", "inline": [{"t": "text", "v": "the same of all"}]}
        shown = {"kind": "figure", "caption": [], "data": b"photographs"}
        curves = {"kind": "figure", "caption": [], "data": run.encode()}
        return Chapter(f"p2_{run}", "P2", blocks=[heading("Curves", 3), prose, shown, curves])

    whole = join_runs([chapter("a"), chapter("b")], ["a", "b"], ["A", "B"])
    assert (whole.name, [section.name for section in whole.sections]) == ("p2", ["p2_a", "p2_b"])
    assert [section.title for section in whole.sections] == ["A", "B"]
    assert whole.sections[0].blocks[0]["level"] == 4
    assert [block.get("data") for block in whole.sections[0].blocks] == [None, None, b"photographs", b"a"]
    assert [block.get("data") for block in whole.sections[1].blocks] == [b"b"]


def test_the_works_that_the_prose_names_are_listed_and_no_others() -> None:
    said = Chapter("x", "X", blocks=markdown("Attention is no explanation (Jain and Wallace, 2019).\n\n- Holm's way."))
    quiet = Chapter("y", "Y", blocks=[{"kind": "code", "text": "Radford"}])
    found = cited([said, quiet])
    assert [each.split(",")[0].split(".")[1].strip().split(" ")[0] for each in found] == ["Holm", "Jain"]


def heading(title: str, level: int = 2) -> Any:
    return {"kind": "heading", "level": level, "inline": text_inline(title)}


def test_headings_with_nothing_but_code_below_are_hollow_and_those_above_them_are_not() -> None:
    code, prose = {"kind": "code", "text": "x"}, {"kind": "paragraph", "inline": []}
    blocks = [heading("A"), code, heading("B", 3), prose, heading("C", 3), code, heading("F", 3), prose]
    blocks += [heading("D"), heading("E", 3), code]
    number([Chapter("x", "X", blocks=blocks)])
    hollow = {block["inline"][0]["v"]: block["hollow"] for block in blocks if block["kind"] == "heading"}
    assert hollow == {"A": False, "B": False, "C": True, "F": False, "D": True, "E": True}


def test_numbers_run_through_the_document_and_anchors_are_unique() -> None:
    def chapter() -> Chapter:
        figure, viewer, table = ({"kind": kind, "caption": "c"} for kind in ("figure", "viewer", "table"))
        blocks = [heading("The same?"), figure, {"kind": "figure", "caption": ""}, viewer, table, heading("羊")]
        return Chapter("x", "X", sections=[Chapter("y", "Y", blocks=blocks)])  # type: ignore[arg-type]

    chapters = [chapter(), chapter()]
    number(chapters)
    blocks = [block for chapter in chapters for block in chapter.walk()]
    numbers = [(block["kind"], block["number"]) for block in blocks if "number" in block]
    assert numbers == [("figure", 1), ("viewer", 2), ("table", 1), ("figure", 3), ("viewer", 4), ("table", 2)]
    assert [block["anchor"] for block in blocks if "anchor" in block] == [
        "the-same-1",
        "section-1",
        "the-same-2",
        "section-2",
    ]
