from __future__ import annotations

import json
from pathlib import Path

import pytest

from hw3lib import paths
from hw3lib.prompts.templates import PromptSet, article, check_template, fill
from hw3lib.system.errors import UserError


def written(path: Path, **content: object) -> Path:
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("airplane", "an"), ("fire hydrant", "a"), ("umbrella", "an"), ("unicorn", "a"), ("uninvited guest", "an"),
        ("hour glass", "an"), ("horse", "a"), ("European bison", "a"), ("X-ray", "an"), ("SUV", "an"), ("UFO", "a"),
        ("usher", "an"), ("skis", ""), ("pair of scissors", ""), ("bus", "a"), ("one-way sign", "a"), ("", "a"),
    ],
)  # fmt: skip
def test_the_article_goes_by_the_sound_of_the_name(name: str, expected: str) -> None:
    assert article(name) == expected


def test_the_correct_article_depends_on_the_class_and_leaves_no_gap() -> None:
    template = check_template("This is {a/an} {} image.")
    assert template == "This is {a/an} {object} image."
    assert fill(template, "orange") == "This is an orange image."
    assert fill(template, "skis") == "This is skis image."
    assert fill("{object}, {a/an}", "skis") == "skis, "


def test_a_class_name_that_looks_like_a_placeholder_stays_as_it_is() -> None:
    assert fill("a {object}, {a/an} one", "red {a/an} {object}") == "a red {a/an} {object}, a one"


def test_the_factorial_set_is_every_carrier_with_every_article_with_and_without_a_stop() -> None:
    shipped = PromptSet.load("factorial")
    cells = [tuple(prompt.factors.values()) for prompt in shipped.prompts if prompt.factors]
    carriers, articles, stops = (set(levels) for levels in zip(*cells, strict=True))
    assert articles == {"none", "a", "correct"}
    assert stops == {"no", "yes"}
    assert len(cells) == len(set(cells)) == len(carriers) * 6
    by_cell = {tuple(prompt.factors.values()): prompt.template for prompt in shipped.prompts if prompt.factors}
    for carrier in carriers:
        for level, between in (("none", ""), ("a", "a "), ("correct", "{a/an} ")):
            bare = carrier.replace("{object}", f"{between}{{object}}")
            assert by_cell[carrier, level, "no"] == bare
            assert by_cell[carrier, level, "yes"] == bare + "."
    # The task's prompts, but for the negation, are cells of the design.
    assert {"This is a photo of {object}", "This is a {object} image.", "This is a photo of a {object}"} <= set(
        by_cell.values()
    )
    counterparts = {prompt.template: prompt.counterpart for prompt in shipped.prompts if prompt.counterpart}
    assert "No {object}, no score." in counterparts
    assert set(counterparts.values()) <= set(shipped.templates)


@pytest.mark.parametrize(("language", "stop"), [("zh-Hant", "。"), ("zh-Hans", "。"), ("ar", ".")])
def test_a_language_without_articles_has_carriers_and_its_own_full_stop(language: str, stop: str) -> None:
    shipped = PromptSet.load(f"factorial_{language}")
    assert shipped.language == language
    cells = {prompt.template: dict(prompt.factors) for prompt in shipped.prompts if prompt.factors}
    assert {frozenset(levels) for levels in cells.values()} == {frozenset({"frame", "full stop"})}
    for template, levels in cells.items():
        assert template == levels["frame"] + stop * (levels["full stop"] == "yes")
    assert len(cells) == 2 * len({levels["frame"] for levels in cells.values()})
    assert len([prompt for prompt in shipped.prompts if prompt.counterpart]) == 3
    report = PromptSet.load(f"report_{language}")
    assert report.language == language
    assert len(report.prompts) == 4
    assert all(prompt.published is None for prompt in report.prompts)  # what was published is of the English prompts
    assert set(report.templates) & set(cells)


def test_a_template_may_be_typed_with_the_braces_of_a_chinese_keyboard() -> None:
    assert check_template("這是｛object｝的照片。") == "這是{object}的照片。"
    assert fill(check_template("这是｛｝的照片"), "小狗") == "这是小狗的照片"


def test_the_imagenet_set_is_open_clips_own() -> None:
    from open_clip import OPENAI_IMAGENET_TEMPLATES

    shipped = PromptSet.load("imagenet80")
    assert len(shipped.templates) == 80
    assert [fill(template, "tench") for template in shipped.templates] == [
        template("tench") for template in OPENAI_IMAGENET_TEMPLATES
    ]


def test_every_shipped_set_loads_and_differs_in_every_prompt() -> None:
    folder = paths.PACKAGE / "resources" / "prompts"
    for path in folder.glob("*.json"):
        shipped = PromptSet.load(path.stem)
        assert shipped.name == path.stem
        assert len({fill(template, "airplane") for template in shipped.templates}) >= len(shipped.templates) * 0.6


def test_bad_designs_and_unknown_names_of_open_clip_are_refused_with_the_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"frame\.json.*\{article\}"):
        PromptSet.load(written(tmp_path / "frame.json", design={"frames": ["a photo of {object}"]}))
    with pytest.raises(UserError, match=r"frame\.json.*must have no '\{article\} '"):
        design = {"frames": ["a photo of {article} {object}"], "articles": False}
        PromptSet.load(written(tmp_path / "frame.json", design=design))
    with pytest.raises(UserError, match=r"frame\.json is not a prompt set"):
        PromptSet.load(written(tmp_path / "frame.json", design={"frames": ["{object}"], "article": False}))
    with pytest.raises(UserError, match=r"clip\.json.*OPENAI_IMAGENET_TEMPLATES"):
        PromptSet.load(written(tmp_path / "clip.json", open_clip="IMAGENET_CLASSNAMES"))
    with pytest.raises(UserError, match="not a prompt set"):
        PromptSet.load(written(tmp_path / "empty.json", name="x"))
    with pytest.raises(UserError, match=r"pair\.json.*exactly one"):
        PromptSet.load(written(tmp_path / "pair.json", pairs=[{"negated": "no", "affirmative": "{object}"}]))


def test_open_clips_form_of_the_placeholder_is_taken_in_ones_own_file(tmp_path: Path) -> None:
    own = PromptSet.load(written(tmp_path / "own.json", templates=[{"template": "a {}"}], baseline="a {}"))
    assert own.templates == ("a {object}",)
    assert own.baseline == "a {object}"
