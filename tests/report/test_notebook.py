"""Executed notebooks are read as chapters: what is shown, what is left out, and how large."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import nbformat
import pytest
from PIL import Image

from hw3lib.display.bundle import NOTE
from hw3lib.report.exporters import PrintExporter
from hw3lib.report.merged import executed
from hw3lib.report.notebook import outputs_blocks
from hw3lib.system.errors import UserError
from hw3lib.viewer.page import ATTENTION, fragment
from tests.support import report_material as material


def shown(**data: Any) -> list[Any]:
    """The blocks of one displayed thing; its media types with __ for / and _ for +."""
    bundle = {media.replace("__", "/").replace("_", "+"): content for media, content in data.items()}
    return outputs_blocks([nbformat.v4.new_output("display_data", data=bundle)])


def png(size: tuple[int, int], **settings: Any) -> str:
    file = io.BytesIO()
    Image.new("RGB", size).save(file, "PNG", **settings)
    return base64.b64encode(file.getvalue()).decode()


def test_how_a_computation_went_is_no_part_of_the_report() -> None:
    output = nbformat.v4.new_output("display_data", {NOTE: {}, "text/plain": "computed: study.json"})
    assert outputs_blocks([output]) == []


def test_a_notebook_that_failed_or_was_not_run_makes_no_report(tmp_path: Path) -> None:
    failed = nbformat.v4.new_output("error", ename="ValueError", evalue="no", traceback=[])
    cell = nbformat.v4.new_code_cell("x", execution_count=1, outputs=[failed])
    for name, cells, words in (
        ("failed", [cell], "cell 1 failed: ValueError: no"),
        ("idle", [nbformat.v4.new_code_cell("x")], "was not executed"),
    ):
        nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / f"{name}.ipynb")
        with pytest.raises(UserError, match=words):
            executed(tmp_path / f"{name}.ipynb")


def test_long_and_colourful_output_is_cut_and_plain() -> None:
    output = nbformat.v4.new_output("stream", name="stdout", text="\x1b[31mred\x1b[0m\n" + "line\n" * 500)
    (block,) = outputs_blocks([output])
    assert block["text"].startswith("red\n")
    assert len(block["text"].splitlines()) < 70
    assert "left out" in block["text"]


def test_a_viewer_is_made_from_its_payload_and_never_from_a_notebooks_html() -> None:
    bundle = material.viewer("A caption.")
    bundle["text/html"] = "<script>window.hurt = 1</script>"
    bundle[ATTENTION]["meta"]["caption"] = "</script><script>window.hurt = 2</script>"
    output = nbformat.v4.new_output("display_data", data=bundle)
    (block,) = outputs_blocks([output])
    made = fragment(block["payload"])
    assert (block["kind"], block["caption"]) == ("viewer", "A caption.")
    assert "hurt = 1" not in str(block)
    assert made.count("<script") == made.count("</script>") == 1


def test_the_middle_of_long_output_is_left_out_and_its_lines_are_counted() -> None:
    (block,) = shown(text__plain="\n".join(f"line {number}" for number in range(100)))
    lines = block["text"].split("\n")
    assert (lines[0], lines[29], lines[30], lines[31]) == ("line 0", "line 29", "[40 lines left out]", "line 70")
    assert (len(lines), lines[-1]) == (61, "line 99")
    whole = "\n".join(f"line {number}" for number in range(60))
    assert shown(text__plain=whole) == [{"kind": "text", "text": whole}]


def test_a_progress_bar_is_shown_as_it_ended_and_blank_output_not_at_all() -> None:
    assert shown(text__plain="1 %\r100 %\r\ndone") == [{"kind": "text", "text": "100 %\ndone"}]
    assert shown(text__plain=" \n\n") == []


def test_text_that_a_notebook_keeps_as_a_list_of_lines_is_one_text() -> None:
    assert shown(text__plain=["one\n", "two"]) == [{"kind": "text", "text": "one\ntwo"}]


@pytest.mark.parametrize(
    ("sides", "inches"),
    [
        ('width="360pt" height="72pt"', (5, 1)),
        ('width="96" height="192px"', (1, 2)),
        ('width="50.8mm" height="2.54cm"', (2, 1)),
        ('viewBox="0 0 480 192"', (5, 2)),
        ('viewBox="0 0 480 192" width="3in"', (3, 2)),
        ("", (6, 6)),
    ],
)
def test_a_drawing_has_the_size_that_it_states(sides: str, inches: tuple[float, float]) -> None:
    (block,) = shown(image__svg_xml=f'<svg xmlns="http://www.w3.org/2000/svg" {sides}></svg>')
    assert (block["width"], block["height"]) == pytest.approx(inches)


@pytest.mark.parametrize(
    ("dpi", "width"), [(100, 4.0), (91, 400 / 91), (1199, 400 / 1199), (72, 2.0), (5000, 2.0), (None, 2.0)]
)
def test_a_pictures_density_is_believed_where_it_is_credible(dpi: int | None, width: float) -> None:
    (block,) = shown(image__png=png((400, 200), **({"dpi": (dpi, dpi)} if dpi else {})))
    assert (block["kind"], block["media"]) == ("figure", "image/png")
    assert (block["width"], block["height"]) == pytest.approx((width, width / 2), rel=1e-3)


def test_a_chapter_has_its_title_its_lead_and_its_cells_in_order() -> None:
    cells = [
        material.markdown("# Title\n\nLead.\n\nMore."),
        material.code("run = 1", tags=("parameters",)),
        material.code("run = 2", tags=("injected-parameters",)),
        material.code("  "),
        material.code("x = 1", stdout="out"),
        material.code("hidden()", tags=("notebook-only",)),
        material.markdown("# Another\n\n###### Deep"),
    ]
    exporter, notebook = PrintExporter(), nbformat.v4.new_notebook(cells=cells)
    (chapter,) = exporter.document(notebook, {"metadata": {"name": "p9"}})[0].chapters
    assert (chapter.name, chapter.title, chapter.lead) == ("p9", "Title", [{"t": "text", "v": "Lead."}])
    assert [block["kind"] for block in chapter.blocks] == ["paragraph", "code", "text", "heading", "heading"]
    assert chapter.blocks[1:3] == [{"kind": "code", "text": "x = 1"}, {"kind": "text", "text": "out"}]
    assert [block["level"] for block in chapter.blocks if block["kind"] == "heading"] == [2, 3]  # none is skipped
