from __future__ import annotations

import io

import matplotlib
import pytest
from PIL import Image

from hw3lib.display import style
from hw3lib.prompts import figures

SCORES = {
    "labels": [f"class {number}" for number in range(20)],
    "images": 40,
    "baseline": "a {object}",
    "prompts": {
        template: {"accuracy": 0.25 * place, "per_class": {f"class {n}": n / 20 for n in range(20)}, "published": said}
        for place, (template, said) in enumerate(
            [("a {object}", 0.61), ("no {object}, $x^2$ <b>", None), ("c {object}", 0.2)], 1
        )
    },
}


def texts(figure: matplotlib.figure.Figure) -> list[str]:
    figure.savefig(io.BytesIO(), format="png", dpi=40)
    return [found.get_text() for found in figure.findobj(matplotlib.text.Text)]


@pytest.mark.parametrize(("data", "series"), [("demo", "demo world"), ("real", "real data")])
def test_measured_and_published_are_two_named_series(data: str, series: str) -> None:
    figure = figures.prompt_accuracy(SCORES, data)
    shown = texts(figure)
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert any(text.startswith(series) for text in legend)
    assert style.published_name(data) in legend
    assert {"0.2500", "0.5000", "0.7500", "0.6100", "0.2000"} <= set(shown)
    assert "no {object}, $x^2$ <b>" in shown  # a prompt is shown as it is, never set as a formula


def test_every_class_has_a_cell_for_every_prompt() -> None:
    shown = texts(figures.class_accuracy(SCORES))
    assert {f"class {number}" for number in range(20)} <= set(shown)
    assert sum(text.startswith(".") for text in shown) == 60  # 0.00 to 0.95 in each of three columns
    assert any("A   a {object}" in text and "B   no {object}" in text for text in shown)


def test_top_five_marks_the_true_class_and_refuses_uneven_input() -> None:
    pictures = [Image.new("RGB", (60, 40)), Image.new("RGB", (30, 80))]
    ranked = [[("dog", 0.7), ("cat", 0.2)], [("cat", 0.6), ("dog", 0.4)]]
    shown = texts(figures.top_five(pictures, ["dog", "dog"], ranked))
    assert {"0.700", "0.200", "0.600", "0.400"} <= set(shown)
    with pytest.raises(ValueError, match="2 pictures, 1 true classes"):
        figures.top_five(pictures, ["dog"], ranked)


def test_drawing_leaves_no_global_state() -> None:
    before = dict(matplotlib.rcParams)
    figures.prompt_accuracy(SCORES, "demo")
    assert dict(matplotlib.rcParams) == before
