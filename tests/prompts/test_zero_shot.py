from __future__ import annotations

import csv
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from hw3lib import config, paths
from hw3lib.data.labelled import load_labelled
from hw3lib.display.prose import code
from hw3lib.models.clip import ClipModel
from hw3lib.prompts import prose, zero_shot
from hw3lib.prompts.examples import pick_examples
from hw3lib.prompts.templates import Prompt
from hw3lib.prompts.zero_shot import Classifier, PromptSet, check_template, classify_folder, score
from hw3lib.system import files
from hw3lib.system.errors import UserError
from tests.support.tiny_clip import ColourClip, write_clip, write_colours


def write_set(path: Path, *templates: str, **more: object) -> Path:
    content = {"name": path.stem, "templates": [{"template": template} for template in templates], **more}
    path.write_text(json.dumps(content))
    return path


@pytest.fixture
def coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    """CLIP is replaced by one that sees colours."""
    monkeypatch.setattr(ClipModel, "load", classmethod(lambda cls, cfg, device="cpu": ColourClip()))


@pytest.fixture
def profile(tmp_path: Path, tiny_profile: config.Profile) -> config.Profile:
    images, labels = write_colours(tmp_path / "p1")
    own = write_set(tmp_path / "own.json", "a {object} thing", "a wrong {object}", baseline="a {object} thing")
    p1 = config.Labelled(images=str(images), id2label=str(labels), prompts=str(own))
    return config.Profile(**{**vars(tiny_profile), "p1": p1})


@pytest.mark.parametrize(
    "template",
    [
        "a photo",
        "{object} and {object}",
        "{} and {object}",
        "{a/an} {a/an} {}",
        "a {color} {object}",
        "{object",
        "} {object}",
    ],
)
def test_a_template_needs_exactly_one_object_and_no_other_braces(template: str) -> None:
    with pytest.raises(UserError, match="prompt"):
        check_template(template)


def test_the_class_name_is_put_in_as_it_is() -> None:
    assert zero_shot.fill("a {object}.", "{object} {0} %s") == "a {object} {0} %s."


def test_the_shipped_set_is_the_reports_with_its_published_figures() -> None:
    shipped = PromptSet.load("report")
    assert shipped.templates == (
        "This is a photo of {object}", "This is a {object} image.", "No {object}, no score.",
        "This is a photo of a {object}",
    )  # fmt: skip
    published = files.read_json(paths.PACKAGE / "resources" / "published.json")["p1"]["prompts"]
    assert {prompt.template: prompt.published for prompt in shipped.prompts} == published
    assert shipped.baseline == "This is a photo of {object}"


def test_bad_prompt_sets_are_refused_with_their_name(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"shipped are: .*report"):
        PromptSet.load("reprot")
    for name, templates, more in (
        ("none", (), {}), ("twice", ("{object}", "{object}"), {}), ("bad", ("{thing}",), {}),
        ("foreign", ("{object}",), {"baseline": "a {object}"}),
    ):  # fmt: skip
        with pytest.raises(UserError, match=rf"{name}\.json"):
            PromptSet.load(write_set(tmp_path / f"{name}.json", *templates, **more))
    (tmp_path / "list.json").write_text("[1]")
    with pytest.raises(UserError, match="not a prompt set"):
        PromptSet.load(tmp_path / "list.json")


def test_the_study_writes_predictions_and_the_scores_that_follow_from_them(
    profile: config.Profile, coloured: None
) -> None:
    path = zero_shot.study(profile)
    scores, predictions = files.read_json(path), files.read_json(path.with_name("predictions.json"))
    assert path == paths.runs("tiny") / "p1" / "scores.json"
    assert scores["labels"] == ["red", "green", "blue"]
    assert scores["images"] == 6
    assert scores["baseline"] == "a {object} thing"
    assert scores["prompts"]["a {object} thing"] == {
        "accuracy": 1.0, "per_class": {"red": 1.0, "green": 1.0, "blue": 1.0}, "published": None,
    }  # fmt: skip
    assert scores["prompts"]["a wrong {object}"]["accuracy"] == 0
    assert predictions["truth"] == [12, 12, 3, 3, 5, 5]
    top = predictions["prompts"]["a {object} thing"]
    assert [row[0] for row in top["labels"]] == predictions["truth"]
    assert all(row == sorted(row, reverse=True) and abs(sum(row) - 1) < 1e-5 for row in top["probabilities"])
    assert {"commit", "seed", "versions"} <= set(scores["provenance"])


def test_scores_count_only_images_of_known_label_and_keep_classes_of_one_name_apart() -> None:
    owned = PromptSet("x", "x", (Prompt("{object}", 0.5),), "{object}", "{object}")
    predictions = {
        "labels": {"0": "crane", "1": "crane", "2": "dog"},
        "truth": [0, 0, 1, None],
        "prompts": {"{object}": {"labels": [[0], [1], [1], [2]], "probabilities": [[1.0]] * 4}},
    }
    found = score(predictions, owned)
    assert found["images"] == 3
    assert found["labels"] == ["crane (0)", "crane (1)", "dog"]
    assert found["prompts"]["{object}"] == {
        "accuracy": 2 / 3, "per_class": {"crane (0)": 0.5, "crane (1)": 1.0}, "published": 0.5,
    }  # fmt: skip


def test_a_study_without_any_known_label_is_refused(profile: config.Profile, coloured: None) -> None:
    folder = Path(profile.p1.images)
    for number, path in enumerate(sorted(folder.iterdir())):
        path.rename(folder / f"picture{number}.png")
    with pytest.raises(UserError, match="label id"):
        zero_shot.study(profile)


def test_a_folder_is_labelled_image_by_image_whatever_the_names(tmp_path: Path, coloured: None) -> None:
    images, labels = write_colours(tmp_path)
    odd = ['comma, "quote".png', "new\nline.png", "ümläut 日本.JPG", "=1+1.png"]
    for name in odd:
        Image.new("RGB", (30, 30), (200, 20, 20)).save(images / name, "PNG")
    out = tmp_path / "deep" / "out.csv"
    classify_folder(config.Clip(), images, labels, out)
    assert out.read_bytes().startswith(b"filename,label\n")
    with out.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["filename", "label"]
    assert [name for name, _ in rows[1:]] == sorted(path.name for path in images.iterdir())
    found = dict(rows[1:])
    assert {found[name] for name in odd} == {"3"}
    assert found["5_0.png"] == "5"
    assert found["12_1.png"] == "12"


def test_a_profiles_own_prompt_set_says_how_a_folder_is_labelled(
    tmp_path: Path, profile: config.Profile, coloured: None
) -> None:
    found = classify_folder(profile, profile.p1.images, profile.p1.id2label, tmp_path / "right.csv")
    assert found["3_0.png"] == 3
    own = write_set(tmp_path / "own.json", "a {object}", "a wrong {object}", classify_with="a wrong {object}")
    assert str(own) == profile.p1.prompts
    assert classify_folder(profile, profile.p1.images, profile.p1.id2label, tmp_path / "wrong.csv")["3_0.png"] != 3


def test_nothing_is_written_when_an_image_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("HW3_ROOT", str(tmp_path))
    images, labels = write_colours(tmp_path)
    cfg = write_clip(tmp_path)
    out = tmp_path / "out.csv"
    found = classify_folder(cfg, images, labels, out, "a {object}")
    assert len(found) == 6
    out.unlink()
    (images / "5_9.png").write_bytes(b"no image")
    with pytest.raises(UserError, match=r"5_9\.png"):
        classify_folder(cfg, images, labels, out)
    with pytest.raises(UserError, match=r"exactly one \{object\}"):
        classify_folder(cfg, images, labels, out, "a thing")
    with pytest.raises(UserError, match="is a folder"):
        classify_folder(cfg, images, labels, tmp_path)
    assert not out.exists()


def test_examples_take_turns_between_right_contested_and_wrong() -> None:
    truth = [0, 0, 1, 2, None, 1]
    tops = {
        "a": {"labels": [[0], [0], [1], [1], [0], [1]], "probabilities": [[0.5], [0.9], [0.6], [0.8], [1.0], [0.3]]},
        "b": {"labels": [[0], [0], [0], [0], [0], [1]], "probabilities": [[0.5], [0.7], [0.6], [0.8], [1.0], [0.3]]},
    }
    predictions = {"truth": truth, "prompts": tops}
    assert pick_examples(predictions) == [1, 2, 3]  # surest right, contested, wrong under both
    assert pick_examples(predictions, 2) == [1, 2]
    assert sorted(pick_examples(predictions, 9)) == [0, 1, 2, 3, 5]


def test_probabilities_are_the_softmax_of_scaled_cosines(tmp_path: Path) -> None:
    images, labels = write_colours(tmp_path)
    classifier = Classifier(ColourClip(), load_labelled(images, labels))  # type: ignore[arg-type]
    assert classifier.ids == [3, 5, 12]
    found = classifier.probabilities("{object}")
    texts = ColourClip().embed_texts(["red", "green", "blue"])
    assert found.shape == (6, 3)
    assert found.sum(1).tolist() == pytest.approx([1.0] * 6)
    expected = (20.0 * classifier.images[0] @ texts[0]).exp() / (20.0 * classifier.images[0] @ texts.T).exp().sum()
    assert float(found[0, 0]) == pytest.approx(float(expected), rel=1e-5)


def scores_of(**accuracies: float) -> dict[str, object]:
    rates = {name: {"accuracy": value, "per_class": {"dog": value, "c*t": 1.0}} for name, value in accuracies.items()}
    return {"labels": ["dog", "c*t"], "images": 50, "baseline": next(iter(accuracies)), "prompts": rates}


def test_the_sentence_on_the_winner_follows_the_numbers() -> None:
    text = prose.winner_sentence(scores_of(first=0.5, second=0.625, third=0.25))
    assert (
        "`second` is the most accurate prompt: 0.6250, 12.5 points (6 images) before the next and 37.5 before the last"
        in text
    )
    assert "the baseline `first` reaches 0.5000" in text
    assert "`first` is the most accurate prompt" in prose.winner_sentence(scores_of(first=0.7, second=0.6))
    assert "`a` and `b` share the highest accuracy, 0.5000" in prose.winner_sentence(scores_of(a=0.5, b=0.5))


def test_sentences_show_names_as_they_are() -> None:
    text = prose.class_sentence(scores_of(first=0.5, second=0.625))
    assert "dog (0.62), c\\*t (1.00)" in text.replace(" and ", ", ")
    assert "0.50 under `first`, 0.62 under `second`" in text
    assert code("a `b` c``") == "``` a `b` c`` ```"


def test_what_the_figures_speak_about_depends_on_the_data() -> None:
    demo = prose.data_sentence(SimpleNamespace(data="demo"), scores_of(a=0.5))  # type: ignore[arg-type]
    real = prose.data_sentence(SimpleNamespace(data="real"), scores_of(a=0.5))  # type: ignore[arg-type]
    assert "demo world" in demo
    assert "50 images in 2 classes" in demo
    assert "demo" not in real
    assert "real data" in real
