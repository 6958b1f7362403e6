from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import matplotlib
import numpy as np
import pytest
from PIL import Image

from hw3lib.display import style
from hw3lib.display.prose import signed
from hw3lib.prompts import figures
from hw3lib.prompts import study as prompt_study
from hw3lib.prompts.examples import Changed, Ranked
from hw3lib.prompts.results import ProbeStudy, Shots, Study
from tests.support.predictions import made_up, study_of, template_scores

STUDY = study_of({
    template: template_scores(0.25 * place, {f"class {n}": n / 20 for n in range(20)}, published=published)
    for place, (template, published) in enumerate(
        [("a {object}", 0.61), ("no {object}, $x^2$ <b>", None), ("c {object}", 0.2)], 1
    )
})  # fmt: skip
CURVE = ProbeStudy([1, 2], [Shots(n, n / 10, 0, 1) for n in (1, 2)], 0.3, None, 5, 20, 10.0, "a {object}")
RANKED = [
    Ranked(Image.new("RGB", (60, 40)), "dog", [("dog", 0.7), ("cat", 0.2)]),
    Ranked(Image.new("RGB", (30, 80)), "dog", [("cat", 0.6), ("dog", 0.4)]),
]
CHANGED = [[Changed(Image.new("RGB", (40, 40)), "dog", "cat", "dog")] * 2, [Changed(RANKED[0].picture, "a", "a", "b")]]


@pytest.fixture(scope="module")
def study() -> Study:
    return prompt_study.score(*made_up(), 0)


def texts(figure: matplotlib.figure.Figure) -> list[str]:
    figure.savefig(io.BytesIO(), format="png", dpi=40)
    return [found.get_text() for found in figure.findobj(matplotlib.text.Text)]


@pytest.mark.parametrize(("data", "series"), [("demo", "demo world"), ("real", "real data"), ("other", "real data")])
def test_measured_and_published_are_two_named_series(data: str, series: str) -> None:
    figure = figures.prompt_accuracy(STUDY, data)
    shown = texts(figure)
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert any(text.startswith(series) for text in legend)
    assert {"demo": "published, real data", "real": "published", "other": "published, other data"}[data] in legend
    assert {"0.2500", "0.5000", "0.7500", "0.6100", "0.2000"} <= set(shown)
    assert "no {object}, $x^2$ <b>" in shown  # a prompt is shown as it is, never set as a formula


def test_every_class_has_a_cell_for_every_prompt() -> None:
    shown = texts(figures.class_accuracy(STUDY))
    assert {f"class {number}" for number in range(20)} <= set(shown)
    assert sum(text.startswith(".") for text in shown) == 60  # 0.00 to 0.95 in each of three columns
    assert any("A   a {object}" in text and "B   no {object}" in text for text in shown)


def test_top_five_shows_every_class_with_its_probability() -> None:
    figure = figures.top_five(RANKED)
    assert {"0.700", "0.200", "0.600", "0.400"} <= set(texts(figure))
    bars = [axes.patches for axes in figure.axes if axes.patches]
    marked = [[matplotlib.colors.to_hex(bar.get_facecolor()) == style.STYLE.right for bar in group] for group in bars]
    assert marked == [[True, False], [False, True]]


def test_drawing_leaves_no_global_state() -> None:
    before = dict(matplotlib.rcParams)
    figures.prompt_accuracy(STUDY, "demo")
    assert dict(matplotlib.rcParams) == before


def test_cells_far_below_the_mean_have_a_minus_sign_so_that_they_can_be_told_without_colours() -> None:
    scores = (template_scores(rate, {"dog": rate, "cat": other}) for rate, other in ((0.7, 0.5), (0.45, 0.52)))
    heat = figures.templates_by_class(study_of(dict(zip(["a", "b"], scores, strict=True)))).axes[0]
    assert [(text.get_text(), text.get_position()) for text in heat.texts] == [("\N{MINUS SIGN}", (0.5, 1.5))]


def test_tables_of_shades_name_their_rows(study: Study) -> None:
    heat = figures.templates_by_class(study, most=12).axes[0]
    rows = [label.get_text() for label in heat.get_yticklabels()]
    assert len(rows) == 12
    rates = [study.halves.choosing[row].accuracy for row in rows if row in study.templates]
    assert rates == sorted(rates, reverse=True)
    counts = np.array([[5, 3, 0], [1, 7, 0], [0, 0, 8]])
    axes = figures.confusion(counts, ["a", "b", "c"]).axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert sorted(names) == ["a", "b", "c"]
    shades = np.asarray(axes.collections[0].get_array()).reshape(3, 3)
    for row, true in enumerate(names):
        for column, given in enumerate(names):
            share = counts["abc".index(true), "abc".index(given)] / 8
            assert shades[row, column] == pytest.approx(share**0.5)
    assert len(figures.confusion(np.array([[4]]), ["a"]).axes[0].get_yticklabels()) == 1
    with pytest.raises(ValueError, match="titles"):
        figures.changed_images([[]], ["Helped"])


def test_of_many_classes_those_with_most_errors_are_shown() -> None:
    classes = figures.MOST_CLASSES + 5
    counts = np.diag(np.full(classes, 9))
    counts[classes - 1, 0] = counts[7, 8] = 3
    names = [
        label.get_text()
        for label in figures.confusion(counts, [f"c{n}" for n in range(classes)]).axes[0].get_yticklabels()
    ]
    assert len(names) == figures.MOST_CLASSES
    assert {f"c{classes - 1}", "c0", "c7", "c8"} <= set(names)


def test_every_figure_holds_the_numbers(study: Study) -> None:
    drawn = figures.factor_effects(study)
    shown = {text.get_text() for axes in drawn.axes for text in axes.texts}
    assert signed(100 * study.negation.effect) in shown
    assert len(drawn.axes) == 4  # three factors on one scale, and negation on its own
    assert len({axes.get_xlim() for axes in drawn.axes[:3]}) == 1
    points = figures.all_templates(study).axes[0].lines
    hollow = [line.get_fillstyle() == "none" for line in points if line.get_linestyle() == "None"]
    counts = [len(line.get_xdata()) for line in points if line.get_linestyle() == "None"]
    assert sum(counts) == len(study.templates)
    significant = sum(bool(t.against_baseline and t.against_baseline.significant) for t in study.templates.values())
    assert sum(count for count, empty in zip(counts, hollow, strict=True) if empty) == significant
    assert figures.shots(CURVE).axes[0].lines[0].get_ydata().tolist() == [0.1, 0.2]
    assert len(figures.factor_effects(replace(study, negation=None)).axes) == 3
    with pytest.raises(ValueError, match="design"):
        figures.factor_effects(replace(study, factors={}))


DRAWN: list[Callable[[Study], Any]] = [
    lambda study: figures.prompt_accuracy(study, "demo"), figures.factor_effects, figures.all_templates,
    figures.class_accuracy, figures.templates_by_class, lambda study: figures.shots(CURVE),
    lambda study: figures.confusion(np.eye(40, dtype=int), [f"a long class name {n}" for n in range(40)]),
    lambda study: figures.top_five(RANKED), lambda study: figures.changed_images(CHANGED, ["Helped", "Hurt"]),
]  # fmt: skip


@pytest.mark.parametrize("draw", DRAWN)
def test_a_figure_fits_the_printed_text_and_half_a_page_with_type_of_seven_points(
    draw: Callable[[Study], Any], study: Study
) -> None:
    figure = draw(study)
    texts(figure)
    width, height = figure.get_size_inches()
    assert width <= 6.5 + 1e-9
    assert height <= 4.85
    shown = [text for text in figure.findobj(matplotlib.text.Text) if text.get_text() and text.get_visible()]
    assert min(text.get_fontsize() for text in shown) >= 7
