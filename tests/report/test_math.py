"""Formulas: read, harmless, drawn on the baseline, and shown as typed where they cannot be read."""

from __future__ import annotations

from xml.etree import ElementTree

import nbformat
import pytest

from hw3lib.report.exporters import PageExporter, PrintExporter
from hw3lib.report.markdown import markdown
from hw3lib.report.math import drawn, mathml

HOSTILE = (
    r"\text{<script>window.hurt = 1</script>}",
    r"\href{javascript:alert(1)}{x}",
    r"\style{background:url(//x)}{x}",
    r"\class{hurt}{x}",
    r"\text{&lt;script&gt;}",
)


def test_a_formula_is_math_and_a_price_is_not() -> None:
    (paragraph,) = markdown("CLIPScore is $2.5 \\max(c, 0)$; it costs $5 or $6.")
    assert [(item["t"], item["v"]) for item in paragraph["inline"] if item["t"] == "math"] == [
        ("math", "2.5 \\max(c, 0)")
    ]
    (block,) = markdown("$$\n\\frac{a}{b}\n$$")
    assert block["inline"] == [{"t": "math", "v": "\\frac{a}{b}", "block": True}]


@pytest.mark.parametrize("tex", HOSTILE)
def test_a_formula_brings_no_markup_but_presentation_mathml(tex: str) -> None:
    markup = mathml(tex)
    assert markup is not None
    for element in ElementTree.fromstring(markup).iter():
        assert element.tag.rpartition("}")[2] in {"math", "mrow", "mi", "mtext"}
        assert set(element.attrib) <= {"display"}


def test_a_drawing_stands_on_its_baseline() -> None:
    flat, deep = drawn("x"), drawn("y")
    assert flat is not None and deep is not None
    assert flat.depth == pytest.approx(0, abs=0.01)
    assert deep.depth > 0.02
    assert 0.05 < flat.width < 0.15
    assert drawn(r"\frac{a}{b} \le \sqrt{2}") is not None
    assert drawn(r"\begin{nothing}") is None


def test_both_documents_set_formulas_and_show_as_typed_what_they_cannot() -> None:
    cell = nbformat.v4.new_markdown_cell(
        "# T\n\n$x^2$ and $\\begin{nothing}$\n\n" + "\n\n".join(f"${t}$" for t in HOSTILE)
    )
    notebook = nbformat.v4.new_notebook(cells=[cell])
    page, _ = PageExporter().from_notebook_node(notebook)
    assert "<msup><mi>x</mi><mn>2</mn></msup>" in page
    assert "<script>window" not in page and "javascript:" not in page
    content, _ = PrintExporter().from_notebook_node(notebook)
    assert content[:5] == b"%PDF-"
