from __future__ import annotations

import io
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from hw3lib.data.labelled import load_labelled
from hw3lib.display.style import STYLE
from hw3lib.models.clip import ClipModel
from hw3lib.prompts import explorer
from hw3lib.prompts.columns import SideBySide, ask, edited_names
from hw3lib.prompts.explorer import Explorer
from hw3lib.prompts.zero_shot import Classifier
from hw3lib.system.errors import UserError
from tests.support.tiny_clip import ColourClip, write_clip, write_colours

EVIL = "<img src=x onerror=alert(1)>"


def colours(folder: Path, names: dict[str, str] | None = None, **options: Any) -> Classifier:
    """Two pictures of each of three colours; ``names`` are other ones for them."""
    images, labels = write_colours(folder)
    labels.write_text(json.dumps(names or {"3": "red", "5": "green", "12": "blue"}))
    return Classifier(ColourClip(), load_labelled(images, labels, **options))  # type: ignore[arg-type]


@pytest.fixture
def classifier(tmp_path: Path) -> Classifier:
    return colours(tmp_path)


def drop(box: Explorer, *files: tuple[str, Image.Image | bytes | int]) -> None:
    """Files as a browser sends them, message by message; a number is a size that is too large to be sent."""
    for left, (name, file) in zip(reversed(range(len(files))), files, strict=True):
        buffer = io.BytesIO()
        if isinstance(file, Image.Image):
            file.save(buffer, "PNG")
        content = file if isinstance(file, bytes) else buffer.getvalue()
        size, buffers = (file, []) if isinstance(file, int) else (len(content), [memoryview(content)])
        box.own._handle_custom_msg({"file": name, "bytes": size, "left": left}, buffers)


def test_prompts_stand_side_by_side_with_what_differs_from_the_first(classifier: Classifier) -> None:
    box = Explorer(classifier, ["a {object} thing", "the {object}"], ["12_0.png"])
    assert [column.title for column in box.view.columns] == ["a {object} thing", "the {object}"]
    assert box.summary.value.count("1.0000 [1.000, 1.000]") == 2
    assert "6 labelled images" in box.summary.value
    assert (
        "no more than 1 point (McNemar&#x27;s exact test, p = 1.00; equivalence test, p &lt; 0.001)"
        in box.summary.value
    )
    assert "No class changes" in box.gains.value
    before = box.pictures.value
    box.text.value += "\na wrong {object}"
    assert ">−100.0 [−100.0, −100.0]<" in box.summary.value
    assert "significant (McNemar&#x27;s exact test, p = 0.031)" in box.summary.value
    assert all(f">{name}<" in box.gains.value for name in ("red", "green", "blue"))
    assert box.pictures.value != before
    assert box.pictures.value.count("<img") == 1
    (likely,) = classifier.probabilities("a {object} thing").max(-1).values[:1].tolist()
    assert f"first row: blue ({likely:.3f})" in box.pictures.value
    assert re.findall(r'font-weight:bold">([^<]*)', box.pictures.value) == ["blue"], "what it shows"
    assert box.pictures.value.count(f"background:{STYLE.right}") == 1
    assert box.view.by_class(box.view.columns[-1]) == {"red": -100, "green": -100, "blue": -100}
    assert [row[3:5] for row in box.view.summary()[1]] == [[None, None], [0, 0], [0, 6]]  # gained and lost
    table = box.table.df
    assert list(table) == [
        "image", "label", "a {object} thing", "a {object} thing: probability", "the {object}",
        "the {object}: probability", "a wrong {object}", "a wrong {object}: probability",
    ]  # fmt: skip
    assert list(table["label"]) == ["blue", "blue", "red", "red", "green", "green"]  # by file name
    assert list(table["a wrong {object}"]) == ["red", "red", "green", "green", "blue", "blue"]
    expected = classifier.probabilities("a {object} thing").max(-1).values.double().round(decimals=4)
    np.testing.assert_allclose(table["a {object} thing: probability"], expected, atol=1e-9)
    assert box.table._dt_args["select"] is True, "rows can be chosen"
    assert box.table._dt_args["buttons"][0]["bom"] is True, "or spreadsheets misread names in other scripts"


def test_the_columns_are_what_the_classifier_answers(tmp_path: Path) -> None:
    images, labels = write_colours(tmp_path, per_class=3)
    clip = ClipModel.load(write_clip(tmp_path))
    classifier = Classifier(clip, load_labelled(images, labels))
    prompts = ["a photo of a {object}", "{object}.", "no {object}"]
    one, other, third, mean = ask(classifier, ["r", "g", "b"], prompts, prompts[::2])
    for column, prompt in zip((one, other, third), prompts, strict=True):
        probabilities = classifier.probabilities(prompt)
        assert column.first.tolist() == probabilities.argmax(-1).tolist()
        np.testing.assert_allclose(column.probabilities, probabilities.sort(descending=True).values, rtol=1e-5)
    texts = torch.nn.functional.normalize(classifier.texts(prompts[::2]).mean(0), dim=-1)
    logits = clip.logit_scale * classifier.images @ texts.T
    np.testing.assert_allclose(mean.probabilities, logits.softmax(-1).sort(descending=True).values, rtol=1e-4)
    assert mean.title == "ensemble of 2 prompts"


def test_ticked_prompts_are_one_more_column(classifier: Classifier) -> None:
    box = Explorer(classifier, ["a {object}", "the {object}", "one wrong {object}"])
    assert list(box.ticks) == ["a {object}", "the {object}", "one wrong {object}"]
    box.ticks["a {object}"].value = True
    assert len(box.view.columns) == 3, "an ensemble takes two"
    assert "ensemble" not in box.code.value
    box.ticks["the {object}"].value = True
    assert "ensemble of 2 prompts" in box.summary.value
    assert box.column.label == "ensemble of 2 prompts"
    assert "ensemble=[&#x27;a {object}&#x27;, &#x27;the {object}&#x27;]" in box.code.value
    box.text.value = "the {object}\nsome {object}"
    assert [tick.description for tick in box.ensemble.children] == ["the {object}", "some {object}"]
    assert len(box.view.columns) == 2
    box.text.value += "\na {object}"
    assert box.view.columns[-1].title == "ensemble of 2 prompts", "what was ticked is ticked again"
    assert (
        len(Explorer(classifier, ["a {object}", "the {object}"], ensemble=["a {object}", "the {object}"]).view.columns)
        == 3
    )


def test_classes_are_renamed_and_the_first_row_keeps_the_datas_names(classifier: Classifier) -> None:
    box = Explorer(classifier, ["a {object}"])
    box.names.value = "blue = red rose\n\nred = blue sky"
    first, now = box.view.columns
    assert (first.title, now.title) == ("a {object} (original names)", "a {object}")
    assert (first.names, now.names) == (["red", "green", "blue"], ["blue sky", "green", "red rose"])
    table = box.table.df
    assert list(table["label"][:4]) == ["red rose"] * 2 + ["blue sky"] * 2
    assert list(table[first.title][:4]) == ["blue"] * 2 + ["red"] * 2
    assert list(table[now.title][:4]) == ["blue sky"] * 2 + ["red rose"] * 2  # the pictures are blue, then red
    assert [row[1][:6] for row in box.view.summary()[1]] == ["1.0000", "0.3333"]
    assert ">red rose</td>" in box.gains.value
    assert "names=&#x27;blue = red rose\\n\\nred = blue sky&#x27;" in box.code.value
    box.names.value = ""
    assert [column.title for column in box.view.columns] == ["a {object}"]
    assert "names" not in box.code.value


def test_an_added_class_takes_images_from_the_others(tmp_path: Path) -> None:
    box = Explorer(colours(tmp_path, {"3": "red", "5": "green", "12": "blue green"}), ["a {object}"])
    box.names.value = "blue"
    assert [row[1][:6] for row in box.view.summary()[1]] == ["1.0000", "0.6667"]
    taken = "“blue”, added, takes {} of 6 images in the rows below the first; {} of them were right in the first."
    assert taken.format(2, 2) in box.summary.value
    box.text.value += "\na wrong {object}"  # of which it takes the green ones
    assert taken.format("2 and 2", "2 and 2") in box.summary.value
    box = Explorer(colours(tmp_path / "bare", labelled=False), ["a {object}"], names="red or blue")
    assert "“red or blue”, added, takes 0 of 6 images in the rows below the first." in box.summary.value


def test_changes_by_class_are_bars_to_either_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"3": "red", "5": "green", "12": "blue green"}
    box = Explorer(colours(tmp_path, names, labelled=False), ["a {object}"], names="blue")
    gain, loss = re.findall(r"<tr>.*?</tr>", box.gains.value)  # of two of the six images
    assert all(cell in gain for cell in (">blue<", ">+2<")) and all(cell in loss for cell in (">blue green<", ">−2<"))
    bars = [re.findall(r'style="(margin-left:auto;)?width:([\d.]+)%', row) for row in (gain, loss)]
    assert bars == [[("margin-left:auto;", "0.0"), ("", "33.3")], [("margin-left:auto;", "33.3"), ("", "0.0")]]
    box = Explorer(colours(tmp_path / "labelled"), ["a {object}", "a wrong {object}"])
    assert box.gains.value.count("width:100.0%") == 3  # points of accuracy
    assert "less" not in box.gains.value
    monkeypatch.setattr(explorer, "_SHOWN", 1)
    box.changed.value = True
    assert (box.gains.value.count("<tr>"), box.pictures.value.count("<img")) == (1, 1)
    assert "and 2 classes that changed less" in box.gains.value


def test_names_are_edited_line_by_line() -> None:
    assert edited_names(["dog", "cat"], "cat = kitten\n unicorn \n\ndog＝hound") == ["hound", "kitten", "unicorn"]
    assert edited_names(["狗", "قطة"], "狗 = 小狗\nقطة = هرة") == ["小狗", "هرة"]
    for edits, reason in (
        ("cow = ox", "no class is called 'cow'"),
        ("catt = kitten", r"did you mean 'cat'\?$"),
        ("cat = ", "gives the class no name"),
        ("cat = dog", "two classes would be called 'dog'"),
        ("cat", "two classes would be called 'cat'"),
    ):
        with pytest.raises(UserError, match=reason):
            edited_names(["dog", "cat", "bat"], edits)


def test_a_name_may_hold_an_equals_sign() -> None:
    titles = ["x", "x = y", "a＝b", '"odd" = "1"']
    for edits, names in (
        ("x = y = z", ["x", "z", "a＝b", '"odd" = "1"']),  # the longest name that the line begins with
        ("x = z", ["z", "x = y", "a＝b", '"odd" = "1"']),
        ("x = z = 1", ["z = 1", "x = y", "a＝b", '"odd" = "1"']),
        ("a＝b＝c", ["x", "x = y", "c", '"odd" = "1"']),
        ('"odd" = "1" = "2"', ["x", "x = y", "a＝b", "2"]),
        ("“x = y” = z", ["x", "z", "a＝b", '"odd" = "1"']),
        ('x = "z = 1"', ["z = 1", "x = y", "a＝b", '"odd" = "1"']),
        ('"e = mc²"\n“1＝1”\n"plain"', [*titles, "e = mc²", "1＝1", "plain"]),
        ('12" record', [*titles, '12" record']),
    ):
        assert edited_names(titles, edits) == names
    with pytest.raises(UserError, match="no class is called 'e'; to add a class of this whole name, put the line in q"):
        edited_names(titles, "e = mc²")
    with pytest.raises(UserError, match="did you mean 'kitten'"):
        edited_names(["kitten"], "kiten = mc²")
    assert edited_names(["c++ (new)"], "c++ (new) = c") == ["c"]  # no sign of a class name means anything


def test_the_box_tells_how_a_name_with_an_equals_sign_is_added(classifier: Classifier) -> None:
    box = Explorer(classifier, ["a {object} thing"], ["12_0.png"])
    box.names.value = line = box.names.placeholder.splitlines()[-1]
    assert box.status.value.count("no class is called") == 0
    assert list(box.view.columns[-1].names) == ["red", "green", "blue", line.strip('"')]


def test_what_cannot_be_asked_is_said_and_all_else_stays(classifier: Classifier) -> None:
    box = Explorer(classifier, ["a {object} thing"], ["12_0.png"])
    shown = box.summary.value, box.pictures.value, box.table.df, box.code.value
    for field, value, reason in (
        (box.text, "a thing", "exactly one {object}"),
        (box.text, "\n", "at least one prompt"),
        (box.text, "word " * 80 + "{object}", "too long: CLIP stops reading before {object}"),
        (box.text, f"{EVIL} without", "exactly one {object}"),
        (box.names, "blue =", "gives the class no name"),
        (box.names, "blue = red", "two classes would be called"),
        (box.names, EVIL + " = red", "no class is called"),
    ):
        before, field.value = field.value, value
        assert reason in box.status.value, (value, box.status.value)
        assert "color" in box.status.value
        assert "<img" not in box.status.value
        assert (box.summary.value, box.pictures.value, box.code.value) == (shown[0], shown[1], shown[3])
        assert box.table.df is shown[2]
        field.value = before
        assert "color" not in box.status.value
        shown = box.summary.value, box.pictures.value, box.table.df, box.code.value


def test_a_prompt_that_cuts_the_class_names_says_so(tmp_path: Path) -> None:
    box = Explorer(colours(tmp_path, {"3": "red", "5": "green <b>", "12": "blue"}), ["a {object}"])
    assert "beginning" not in box.summary.value
    box.text.value = "word " * 74 + "{object}"
    assert "CLIP reads only the beginning of 1 class name (green &lt;b&gt;)" in box.summary.value
    box.names.value = "blue = blue sky"
    assert "CLIP reads only the beginning of 2 class names (green &lt;b&gt;, blue sky)" in box.summary.value


def test_the_article_that_each_name_takes_can_be_asked_for(classifier: Classifier) -> None:
    box = Explorer(classifier, ["a {object} thing"])
    box.text.value = "{a/an} {}"
    assert "1.0000" in box.summary.value


def test_images_that_change_are_kept_alone_and_selected_ones_are_shown(classifier: Classifier) -> None:
    box = Explorer(classifier, ["a {object}", "the {object}"])
    assert box.pictures.value == ""
    box.table.selected_rows = [4, 0]
    assert [name in box.pictures.value for name in ("12_0.png", "5_0.png", "3_0.png")] == [True, True, False]
    box.changed.value = True
    assert len(box.table.df) == 0
    assert box.pictures.value == ""
    box.text.value += "\na wrong {object}"
    assert len(box.table.df) == 6
    assert box.pictures.value.count("<img") == 6
    box.column.value = 0
    assert "first row" not in box.pictures.value


def test_photographs_of_ones_own_join_the_table_and_change_no_accuracy(classifier: Classifier) -> None:
    box = Explorer(classifier, ["a {object}", "a wrong {object}"], ["3_0.png"])
    rows = box.view.summary()
    drop(box, ("sky.png", Image.new("RGB", (300, 200), "blue")), ("3_0.png", Image.new("RGB", (90, 90), "green")))
    assert list(box.table.df["image"][:3]) == ["sky.png", "3_0.png", "12_0.png"]
    assert list(box.table.df["label"][:3]) == ["", "", "blue"]
    assert list(box.table.df["a {object}"][:2]) == ["blue", "green"]
    assert list(box.table.df["a wrong {object}"][:2]) == ["red", "blue"]
    assert box.view.summary() == rows
    assert box.pictures.value.count('<img src="data:image/jpeg;base64,') == 3  # they are shown, and what was there
    box.table.selected_rows = [2, 0]
    assert [name in box.pictures.value for name in ("12_0.png", "sky.png", "3_0.png")] == [True, True, False]
    drop(box, ("sky.png", Image.new("RGB", (30, 20), "red")))
    assert list(box.table.df["a {object}"][:2]) == ["red", "green"], "a file of the same name replaces it"
    box.text.value = "the {object}"
    box.names.value = "green leaf"
    assert len(box.table.df) == 8


def test_a_clip_that_knows_drawings_alone_is_not_to_be_believed_of_photographs(classifier: Classifier) -> None:
    photograph = ("sky.png", Image.new("RGB", (9, 9), "blue"))
    for known, warned in ((), False), ((Path("drawn"),), True):
        box = Explorer(classifier, ["a {object}"], drawings=known)
        assert "drawings" not in box.status.value
        drop(box, photograph)
        assert ("This CLIP was trained on drawings only" in box.status.value) == warned
        assert len(box.table.df) == 7


def test_files_that_cannot_be_read_are_told_of_and_the_others_taken(classifier: Classifier) -> None:
    box = Explorer(classifier, ["a {object}"])
    drop(box, (f"{EVIL}.png", b"no image"), ("good.png", Image.new("RGB", (9, 9), "red")), ("big.jpg", 30 * 2**20))
    assert "not a readable image" in box.status.value
    assert "color" in box.status.value
    assert "big.jpg has 30 MB, more than can be dropped" in box.status.value
    assert "<img" not in box.status.value
    assert len(box.table.df) == 7
    drop(box, ("folder", 4096))
    assert "folder cannot be read; of a folder, take the files in it" in box.status.value
    drop(box, ("none.png", b""))
    assert "none.png is not a readable image" in box.status.value
    assert len(box.table.df) == 7


def test_names_and_prompts_cannot_bring_markup(tmp_path: Path) -> None:
    images, labels = write_colours(tmp_path)
    labels.write_text(json.dumps({"3": f"red {EVIL}", "5": "green", "12": "blue"}))
    Image.new("RGB", (30, 30)).save(images / "3_'\"&lt;.png")
    data = load_labelled(images, labels)
    names = [path.name for path in sorted(images.iterdir())]
    box = Explorer(Classifier(ColourClip(), data), ["a {object}"], names)  # type: ignore[arg-type]
    box.text.value += f"\n{EVIL} wrong {{object}}"
    box.names.value = f"blue = {EVIL}\n{EVIL}2"
    for tick in box.ticks.values():
        tick.value = True
    shown = box.summary.value + box.gains.value + box.pictures.value + box.code.value + json.dumps(box.table._dt_args)
    assert "<img src=x" not in shown
    assert "&lt;img src=x" in shown
    assert 'alt="3_&#x27;&quot;&amp;lt;.png"' in box.pictures.value
    assert not any(tick.description_allow_html for tick in box.ticks.values())


def test_the_bundle_holds_the_live_box_and_words_for_the_report(classifier: Classifier) -> None:
    bundle = Explorer(classifier, ["a {object}"])._repr_mimebundle_()
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"]
    assert "make lab" in bundle["text/markdown"]


def test_images_are_embedded_once_and_texts_once(tmp_path: Path) -> None:
    data = load_labelled(*write_colours(tmp_path / "p1", per_class=200))
    calls: list[int] = []

    class Counted(ColourClip):
        def embed_images(self, images):  # type: ignore[no-untyped-def]
            calls.append(len(images))
            return super().embed_images(images)

    box = Explorer(Classifier(Counted(), data), ["a {object}"], ["3_0.png", "5_1.png", "12_2.png"])  # type: ignore[arg-type]
    started = time.process_time()
    for number in range(10):
        box.text.value = f"{number} {{object}}"
    assert (time.process_time() - started) / 10 < 0.3
    assert calls == [600]
    assert box.table._dt_args.get("filtered_row_count", 0) == 0, "the table has them all"


def encoded(monkeypatch: pytest.MonkeyPatch, clip: ClipModel) -> Callable[[], int]:
    """How many texts a CLIP has put through its network."""
    counts: list[int] = []
    whole = clip._encode_tokens
    monkeypatch.setattr(
        clip, "_encode_tokens", lambda tokens, *rest: counts.append(len(tokens)) or whole(tokens, *rest)
    )
    return lambda: sum(counts)


def test_a_prompt_that_was_asked_before_costs_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images, labels = write_colours(tmp_path)
    clip = ClipModel.load(write_clip(tmp_path))
    count = encoded(monkeypatch, clip)
    box = Explorer(Classifier(clip, load_labelled(images, labels)), ["a {object}"])
    assert count() == 3
    box.text.value = "a {object}\nthe {object}"
    assert count() == 6
    box.names.value = "purple"
    assert count() == 8  # one name in two prompts
    box.text.value = "the {object}"
    box.names.value = ""
    box.text.value = "a {object}"
    assert count() == 8


def test_images_of_one_name_in_two_folders_are_shown_each_with_its_own_picture(tmp_path: Path) -> None:
    images, labels = write_colours(tmp_path, per_class=1)
    for label in ("3", "5", "12"):
        (images / label).mkdir()
        (images / f"{label}_0.png").rename(images / label / "0.png")
    box = Explorer(Classifier(ColourClip(), load_labelled(images, labels)), ["a {object}"], ["3/0.png"])  # type: ignore[arg-type]
    assert box.view.table([0, 1, 2])["image"].tolist() == ["12/0.png", "3/0.png", "5/0.png"]
    assert box.view.table([0, 1, 2])["label"].tolist() == ["blue", "red", "green"]
    assert box.pictures.value.count("<img") == 1
    assert 'alt="3/0.png"' in box.pictures.value


def test_without_labels_it_counts_the_images_that_get_another_class(tmp_path: Path) -> None:
    box = Explorer(colours(tmp_path, labelled=False), ["a {object} thing"], ["12_0.png"])
    assert "nobody can say which answer is right" in box.summary.value
    assert "No class changes" in box.gains.value
    box.text.value += "\na wrong {object}"
    assert [row[1] for row in box.view.summary()[1]] == [0, 6]
    likely = box.classifier.probabilities("a {object} thing").max(-1).values.mean()
    assert box.view.summary()[1][0][2] == pytest.approx(float(likely)), "the mean of the answers' probabilities"
    assert "points" not in box.summary.value + box.gains.value
    assert box.pictures.value.count("<img") == 1
    drop(box, ("mine.png", Image.new("RGB", (9, 9), "red")))
    assert [row[1] for row in box.view.summary()[1]] == [0, 7]


def test_one_class_with_two_images_and_with_one(tmp_path: Path) -> None:
    images, labels = write_colours(tmp_path)
    labels.write_text('{"3": "red"}')
    for path in [*images.glob("5_*"), *images.glob("12_*")]:
        path.unlink()
    both, one = [], ["{object}", "a {object}"]
    for _ in range(2):
        both.append(Explorer(Classifier(ColourClip(), load_labelled(images, labels)), one))  # type: ignore[arg-type]
        (images / "3_1.png").unlink(missing_ok=True)
    assert both[0].summary.value.count("1.0000 [1.000, 1.000]") == 2
    assert not both[1].view.judged
    assert "Without more labels, nobody" in both[1].summary.value
    assert [row[1] for row in both[1].view.summary()[1]] == [0, 0]


def test_names_of_any_script_keep_their_direction(tmp_path: Path) -> None:
    box = Explorer(
        colours(tmp_path, {"3": "紅色 red", "5": "أخضر green", "12": "כחול blue"}), ["صورة {object}"], ["5_0.png"]
    )
    assert "\u2068صورة {object}\u2069" in box.summary.value
    assert "\u2068أخضر green\u2069" in box.pictures.value
    box.names.value = "紅色 red ＝ 紅 red"
    assert list(box.table.df["label"])[2] == "紅 red"


def test_a_view_counts_what_changes_between_any_two_columns(classifier: Classifier) -> None:
    columns = ask(classifier, classifier.names, ["{object}", "wrong {object}", "a {object}"], ())
    view = SideBySide(columns, ["x"] * 6, classifier.truth, 0)
    assert view.changed.all()
    assert not SideBySide(columns[::2], ["x"] * 6, classifier.truth, 0).changed.any()
