"""Chapters are joined and numbered; what they cite is listed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hw3lib.report.blocks import plain, text_inline
from hw3lib.report.document import Chapter, join_runs, number
from hw3lib.report.markdown import markdown
from hw3lib.report.references import cited, link


def test_what_all_runs_say_and_show_stands_once_and_what_is_theirs_in_each() -> None:
    def chapter(run: str) -> Chapter:
        prose = {"kind": "paragraph", "inline": [{"t": "text", "v": "the same of all"}]}
        shown = {"kind": "figure", "caption": [], "data": b"photographs"}
        curves = {"kind": "figure", "caption": [], "data": run.encode()}
        return Chapter(f"p2_{run}", "P2", blocks=[heading("Curves", 3), prose, shown, curves])

    whole = join_runs("Each run", [chapter("a"), chapter("b")], ["a", "b"], ["A", "B"])
    assert whole.title == "Each run"
    assert (whole.name, [section.name for section in whole.sections]) == ("p2", ["p2_a", "p2_b"])
    assert [section.title for section in whole.sections] == ["A", "B"]
    assert whole.sections[0].blocks[0]["level"] == 4
    assert [block.get("data") for block in whole.sections[0].blocks] == [None, None, b"photographs", b"a"]
    assert [block.get("data") for block in whole.sections[1].blocks] == [b"b"]


def test_the_works_that_the_prose_names_are_listed_and_no_others() -> None:
    said = Chapter("x", "X", blocks=markdown("Attention is no explanation (Jain and Wallace, 2019).\n\n- Holm's way."))
    quiet = Chapter("y", "Y", blocks=[{"kind": "code", "text": "Radford"}])
    found = cited([said, quiet])
    assert [anchor for anchor, _ in found] == ["reference-holm", "reference-jain"]
    assert all(text.startswith(("S. Holm", "S. Jain")) for _, text in found)


def test_citations_and_numbered_figures_are_links_and_nothing_else_is() -> None:
    said = "As *Figure 2* says (Jain and Wallace, 2019; Holm), not Figure 9 or `Table 1`; Radford et al. (2021)."
    chapter = Chapter("x", "X", lead=text_inline("Table 1."), blocks=markdown(f"{said}\n\n> - See Table 1"))
    chapter.blocks += [{"kind": kind, "caption": "c", "rows": []} for kind in ("figure", "figure", "table")]  # type: ignore[misc]
    number([chapter])
    link([chapter], cited([Chapter("y", "Y", blocks=markdown("Holm, Jain"))]))

    def links(inline: Any) -> Iterator[tuple[str, str]]:
        for item in inline:
            if item["t"] == "link":
                yield item["href"], plain(item["inline"])
            elif "inline" in item:
                yield from links(item["inline"])

    assert list(links(chapter.lead)) == [("#table-1", "Table 1")]
    first, quote = chapter.blocks[:2]
    expected = [("figure-2", "Figure 2"), ("reference-jain", "Jain and Wallace, 2019"), ("reference-holm", "Holm")]
    assert list(links(first["inline"])) == [(f"#{anchor}", text) for anchor, text in expected]  # type: ignore[typeddict-item]
    assert plain(first["inline"]) == said.replace("*", "").replace("`", "")  # type: ignore[typeddict-item]
    assert list(links(quote["blocks"][0]["items"][0][0]["inline"])) == [("#table-1", "Table 1")]  # type: ignore


def test_what_is_on_the_page_alone_is_counted_last() -> None:
    figures: Any = [{"kind": "figure", "caption": "c"} for _ in range(3)]
    figures[1]["page_only"] = True
    number([Chapter("x", "X", blocks=figures)])
    assert [figure["number"] for figure in figures] == [1, 3, 2]


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
