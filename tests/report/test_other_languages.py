"""Texts of other languages inside the English report: their language, their direction, their glyphs."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from hw3lib.display.bundle import FIGURE, figure_bundle, table_bundle
from hw3lib.display.prose import code, plain
from hw3lib.display.scripts import dejavu_fonts, isolated, isolated_quotes
from hw3lib.report.exporters import PageExporter, PrintExporter

ARABIC, TEMPLATE, CHINESE = "كلب أحمر يجري.", "هذه صورة {object}.", "一隻紅色的狗。"


def notebook(*bundles: dict[str, Any]) -> nbformat.NotebookNode:
    sentence = f"The caption is {plain(ARABIC)}, under {code(TEMPLATE)} or “{TEMPLATE}”, and {CHINESE}"
    cell = nbformat.v4.new_code_cell("show()", execution_count=1)
    for bundle in ({"text/markdown": sentence}, *bundles):
        cell.outputs.append(nbformat.v4.new_output("display_data", data=bundle))
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Title"), cell])


TABLE = table_bundle(
    ["prompt", "what the caption of the image says", "accuracy"],
    [[TEMPLATE, ARABIC, 0.5], ["a photo of a {object}", CHINESE, 0.25], ["{object}", "a dog", -0.5]],
    f"Captions such as “{ARABIC}”",
)


@pytest.fixture(scope="module")
def page() -> str:
    text, _ = PageExporter().from_notebook_node(notebook(TABLE))
    return text


def test_other_languages_are_marked_as_such_on_the_page(page: str) -> None:
    assert f'<bdi lang="ar">{ARABIC}</bdi>' in page
    assert f'<bdi lang="zh-Hant">{CHINESE}</bdi>' in page
    assert f'“<bdi lang="ar">{TEMPLATE}</bdi>”' in page
    assert f'<code dir="rtl" lang="ar">{TEMPLATE}</code>' in page
    assert f'<td dir="rtl" lang="ar" class="left long">{TEMPLATE}</td>' in page
    assert re.search(rf'<td lang="zh-Hant" class="left[^"]*"><bdi lang="zh-Hant">{CHINESE}</bdi></td>', page)
    assert re.search(r'<td class="left[^"]*">a dog</td>', page)
    assert '<td class="right">−0.5000</td>' in page
    assert "\u2068" not in page.partition("<body>")[2]


def test_arabic_stands_at_the_right_of_its_cell_and_ends_with_its_full_stop_at_the_left(
    page: str, browser: Any, tmp_path: Path
) -> None:
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    tab = browser.new_page(viewport={"width": 1200, "height": 800})
    tab.goto((tmp_path / "page.html").as_uri())
    ends = tab.locator("td", has_text="كلب").evaluate(
        """(cell) => {
             const text = cell.firstChild, range = document.createRange();
             const box = (at) => { range.setStart(text, at); range.setEnd(text, at + 1);
                                   return range.getBoundingClientRect(); };
             const last = text.length - 1, around = cell.getBoundingClientRect();
             return [box(last).left, box(0).right, around.left, around.right]; }"""
    )
    stop, first, left, right = ends
    assert stop < first  # the full stop is leftmost
    assert right - first < first - left  # the text begins at the cell's right
    tab.close()


def test_the_pdf_sets_other_languages_with_fonts_that_have_them(recwarn: pytest.WarningsRecorder) -> None:
    import pypdfium2

    content, _ = PrintExporter().from_notebook_node(notebook(TABLE))
    assert b"<pdfuaid:part>1</pdfuaid:part>" in content  # no letter is a box
    assert not [warning for warning in recwarn if "ua-1" in str(warning.message)]
    text = pypdfium2.PdfDocument(content)[0].get_textpage().get_text_bounded()
    assert CHINESE in text
    fonts = set(re.findall(rb"/BaseFont ?/[A-Z]+\+([A-Za-z]+)", content))
    assert {b"DejaVuSans", b"NotoSansCJKjp"} <= fonts


def test_in_print_han_characters_have_the_shapes_of_their_language() -> None:
    import pypdfium2

    def second_line(text: str) -> np.ndarray:
        cells = [nbformat.v4.new_markdown_cell(f"# Title\n\n骨直骨直\n\n{text}")]
        content, _ = PrintExporter().from_notebook_node(nbformat.v4.new_notebook(cells=cells))
        page = np.asarray(pypdfium2.PdfDocument(content)[0].render(scale=3).to_pil().convert("L")) < 128
        page = page[: page.shape[0] // 2]
        starts = np.flatnonzero(np.diff(page.any(1).astype(int)) == 1)
        return page[starts[1] : starts[1] + 25, :400]  # the title is the first line

    japanese, simplified, traditional = map(second_line, ("いぬ", "红色狗这", "紅隻這"))
    assert japanese.any()
    assert (japanese != simplified).any()
    assert (simplified != traditional).any()


def test_letters_that_no_font_has_are_named_in_the_pdf_and_below_a_figure(tmp_path: Path, monkeypatch: Any) -> None:
    import pypdfium2

    monkeypatch.setenv("HW3_ROOT", str(tmp_path))
    cells = [nbformat.v4.new_markdown_cell("# Title\n\nสุนัข and a dog")]
    with pytest.warns(UserWarning, match="left as boxes: Thai"):
        content, _ = PrintExporter().from_notebook_node(nbformat.v4.new_notebook(cells=cells))
    text = pypdfium2.PdfDocument(content)[0].get_textpage().get_text_bounded()
    assert "Letters that no font here has are left as boxes: Thai." in " ".join(text.split())
    figure = Figure(figsize=(3, 2))
    figure.text(0.1, 0.5, "สุนัข")
    caption = figure_bundle(figure, "A dog.")[FIGURE]["caption"]
    assert caption.startswith("A dog. Letters that no font here has are left as boxes: Thai.")
    assert "data/fonts" in caption


def test_a_font_of_ones_own_has_the_letters_that_are_missing(tmp_path: Path, monkeypatch: Any) -> None:
    from fontTools import subset
    from fontTools.ttLib import TTFont

    font = TTFont(next(path for path in dejavu_fonts() if path.name == "DejaVuSans.ttf"))
    subsetter = subset.Subsetter(subset.Options(layout_features=[]))
    subsetter.populate(text="S")
    subsetter.subset(font)
    for table in font["cmap"].tables:
        table.cmap = {ord("ส"): "S"}
    for record in font["name"].names:
        record.string = record.toUnicode().replace("DejaVu Sans", "One Letter").replace("DejaVuSans", "OneLetter")
    (tmp_path / "data" / "fonts").mkdir(parents=True)
    font.save(tmp_path / "data" / "fonts" / "OneLetter.ttf")
    monkeypatch.setenv("HW3_ROOT", str(tmp_path))
    figure = Figure(figsize=(3, 2))
    figure.text(0.1, 0.5, "ส")
    assert figure_bundle(figure, "A dog.")[FIGURE]["caption"] == "A dog."
    content, _ = PrintExporter().from_notebook_node(nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell("# Title\n\nส")]
    ))  # fmt: skip
    assert b"<pdfuaid:part>1</pdfuaid:part>" in content


def test_arabic_in_a_figure_is_joined_and_runs_from_right_to_left() -> None:
    def ink(text: str) -> np.ndarray:
        figure = Figure(figsize=(2, 1))
        figure.text(0.1, 0.4, text, size=20)
        buffer = io.BytesIO()
        figure.savefig(buffer, dpi=100)
        return np.asarray(Image.open(buffer).convert("L")).min(0) < 128  # by column

    word, parts = ink("كلب"), ink("ك ل ب")
    gaps = [int((np.diff(columns.astype(int)) == 1).sum()) for columns in (word, parts)]
    assert gaps == [1, 3]  # joined letters are one piece
    dotted = np.flatnonzero(np.diff(ink("كلب.").astype(int)) == 1)
    assert len(dotted) == 2
    assert dotted[1] - dotted[0] < 12  # the full stop comes first from the left


def test_only_what_runs_from_right_to_left_is_isolated() -> None:
    assert isolated("a dog") == "a dog"
    assert isolated(isolated(ARABIC)) == f"\u2068{ARABIC}\u2069"
    assert isolated_quotes(f"under “{TEMPLATE}” and “a dog”") == f"under “\u2068{TEMPLATE}\u2069” and “a dog”"
    assert plain("a_dog") == "a\\_dog"
