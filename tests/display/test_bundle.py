"""Bundles: what JupyterLab shows and what the report reads back."""

from __future__ import annotations

import base64
import io
import re
import warnings

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from hw3lib.display.bundle import FIGURE, TABLE, Live, figure_bundle, show_figure, table_bundle
from hw3lib.display.scripts import cjk_font
from hw3lib.system.errors import UserError

EVIL = "<script>alert(1)</script> & 'x' | *y*"


def plot(title: str = "") -> Figure:
    figure = Figure(figsize=(3, 2))
    axes = figure.add_subplot(title=title)
    axes.plot([1, 2, 4])
    return figure


def test_a_tables_cells_are_text_and_never_markup() -> None:
    bundle = table_bundle([EVIL], [[EVIL]], EVIL, notes=EVIL)
    assert "<script>" not in bundle["text/html"]
    assert bundle["text/html"].count("&lt;script&gt;") == 4
    assert bundle[TABLE]["rows"] == [[EVIL]]


def test_numbers_stand_right_with_their_digits_and_what_is_not_there_is_a_dash() -> None:
    rows = [["a", 0.12345, 3, None], ["b", float("nan"), 12345, None]]
    table = table_bundle(["name", "x", "n", "none"], rows, "Caption.", digits=3)[TABLE]
    assert table["align"] == ["left", "right", "right", "left"]
    assert table["rows"] == [["a", "0.123", "3", "–"], ["b", "–", "12\u202f345", "–"]]
    below = table_bundle(["x", "y"], [[-0.25, -1e-9]], "Caption.", digits=2)[TABLE]
    assert below["rows"] == [["−0.25", "0.00"]]  # the minus sign of sentences, and no minus zero


def test_the_plain_table_lines_up() -> None:
    text = table_bundle(["name", "x"], [["long name", 1.0], ["b\nc", 10.5]], "Caption.")["text/plain"]
    lines = text.splitlines()
    assert lines[0] == "Caption."
    assert len({len(line) for line in lines[2:]}) == 1


def test_a_row_of_the_wrong_length_is_refused_with_both_lengths() -> None:
    with pytest.raises(UserError, match="row 1 has 1 cells for 2 columns"):
        table_bundle(["a", "b"], [[1, 2], [3]], "t")
    with pytest.raises(UserError, match="align"):
        table_bundle(["a", "b"], [[1, 2]], "t", align=["left"])


def test_a_figure_needs_neither_trust_nor_scripts_and_has_its_caption() -> None:
    bundle = figure_bundle(plot("t"), "A <b>caption</b>.", 'An "alt"')
    (source,) = re.findall(r'src="data:image/(?:png|webp);base64,([^"]+)"', bundle["text/html"])
    with Image.open(io.BytesIO(base64.b64decode(source))) as image:
        assert image.size == (600, 400)
    assert "A &lt;b&gt;caption&lt;/b&gt;." in bundle["text/html"]
    assert 'alt="An &quot;alt&quot;"' in bundle["text/html"]
    assert "<script" not in bundle["text/html"]


def test_a_drawing_is_svg_and_the_same_drawing_is_the_same_file() -> None:
    first, second = (figure_bundle(plot("t"), "Caption.", "Alt") for _ in range(2))
    assert first["image/svg+xml"] == second["image/svg+xml"]
    assert first[FIGURE] == {"caption": "Caption.", "alt": "Alt"}
    assert first["image/png"] == second["image/png"]


def test_a_figure_with_a_photograph_is_a_sharp_png() -> None:
    figure = Figure(figsize=(3, 2))
    figure.add_subplot().imshow(np.zeros((4, 4, 3)))
    data = base64.b64decode(figure_bundle(figure, "c")["image/png"])
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == (600, 400)


def test_chinese_in_a_figure_is_drawn_and_not_boxed() -> None:
    if cjk_font() is None:
        pytest.skip("the CJK font is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        svg = figure_bundle(plot("綿羊 sheep"), "c")["image/svg+xml"]
    # Glyphs are outlines named after their font.
    assert "NotoSansCJK" in svg.replace(" ", "")


def test_a_live_place_replaces_what_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, str]] = []

    class Handle:
        def display(self, bundle: dict[str, str], raw: bool) -> None:
            calls.append(("display", bundle["text/plain"]))

        def update(self, bundle: dict[str, str], raw: bool) -> None:
            calls.append(("update", bundle["text/plain"]))

    monkeypatch.setattr("IPython.display.DisplayHandle", Handle)
    place = Live()
    show_figure(Figure(), "one", live=place)
    show_figure(Figure(), "two", live=place)
    assert calls == [("display", "[figure] one"), ("update", "[figure] two")]


def test_a_drawing_of_any_text_is_well_formed() -> None:
    from xml.etree import ElementTree

    figure = Figure()
    figure.text(0.1, 0.1, "a \x07bell -- --> <script> \uffff & \x0c", parse_math=False)
    ElementTree.fromstring(figure_bundle(figure, "c")["image/svg+xml"])
