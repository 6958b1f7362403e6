from __future__ import annotations

import io

import matplotlib
import numpy as np
import pytest
from PIL import Image

from hw3lib.display import style
from hw3lib.prompts import class_figures, figures
from hw3lib.prompts import study as prompt_study
from hw3lib.prompts.examples import Ranked
from tests.support.predictions import made_up, study_of, template_scores

STUDY = study_of({
    template: template_scores(0.25 * place, {f"class {n}": n / 20 for n in range(20)}, published=published)
    for place, (template, published) in enumerate(
        [("a {object}", 0.61), ("no {object}, $x^2$ <b>", None), ("c {object}", 0.2)], 1
    )
})  # fmt: skip


def texts(figure: matplotlib.figure.Figure) -> list[str]:
    figure.savefig(io.BytesIO(), format="png", dpi=40)
    return [found.get_text() for found in figure.findobj(matplotlib.text.Text)]


@pytest.mark.parametrize(("data", "series"), [("demo", "demo world"), ("real", "real data")])
def test_measured_and_published_are_two_named_series(data: str, series: str) -> None:
    figure = figures.prompt_accuracy(STUDY, data)
    shown = texts(figure)
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert any(text.startswith(series) for text in legend)
    assert style.published_name(data) in legend
    assert {"0.2500", "0.5000", "0.7500", "0.6100", "0.2000"} <= set(shown)
    assert "no {object}, $x^2$ <b>" in shown  # a prompt is shown as it is, never set as a formula


def test_every_class_has_a_cell_for_every_prompt() -> None:
    shown = texts(class_figures.class_accuracy(STUDY))
    assert {f"class {number}" for number in range(20)} <= set(shown)
    assert sum(text.startswith(".") for text in shown) == 60  # 0.00 to 0.95 in each of three columns
    assert any("A   a {object}" in text and "B   no {object}" in text for text in shown)


def test_top_five_shows_every_class_with_its_probability() -> None:
    pictures = [
        Ranked(Image.new("RGB", (60, 40)), "dog", [("dog", 0.7), ("cat", 0.2)]),
        Ranked(Image.new("RGB", (30, 80)), "dog", [("cat", 0.6), ("dog", 0.4)]),
    ]
    figure = class_figures.top_five(pictures)
    assert {"0.700", "0.200", "0.600", "0.400"} <= set(texts(figure))
    bars = [axes.patches for axes in figure.axes if axes.patches]
    marked = [[matplotlib.colors.to_hex(bar.get_facecolor()) == style.STYLE.right for bar in group] for group in bars]
    assert marked == [[True, False], [False, True]]


def test_drawing_leaves_no_global_state() -> None:
    before = dict(matplotlib.rcParams)
    figures.prompt_accuracy(STUDY, "demo")
    assert dict(matplotlib.rcParams) == before


def test_tables_of_shades_name_their_rows() -> None:
    study = prompt_study.score(*made_up(), 0)
    heat = class_figures.wording_by_class(study).axes[0]
    assert len(heat.get_yticklabels()) == min(40, len(study.templates))
    counts = np.array([[5, 3, 0], [1, 7, 0], [0, 0, 8]])
    axes = class_figures.confusion(counts, ["a", "b", "c"]).axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert sorted(names) == ["a", "b", "c"]
    shades = np.asarray(axes.collections[0].get_array()).reshape(3, 3)
    for row, true in enumerate(names):
        for column, given in enumerate(names):
            share = counts["abc".index(true), "abc".index(given)] / 8
            assert shades[row, column] == pytest.approx(share**0.5)
    with pytest.raises(ValueError, match="titles"):
        class_figures.changed_images([[]], ["Helped"])
