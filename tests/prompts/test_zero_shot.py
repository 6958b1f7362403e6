from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from hw3lib import cli, config, paths
from hw3lib.data.labelled import load_labelled
from hw3lib.models.clip import ClipModel
from hw3lib.prompts.templates import PromptSet, check_template, fill
from hw3lib.prompts.zero_shot import Classifier, classify_folder
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
    own = write_set(tmp_path / "own.json", "a {object} thing", "a wrong {object}")
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
    assert fill("a {object}.", "{object} {0} %s") == "a {object} {0} %s."


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


def test_a_folder_is_labelled_image_by_image_whatever_the_names(tmp_path: Path, coloured: None) -> None:
    images, labels = write_colours(tmp_path)
    odd = ['comma, "quote".png', "new\nline.png", "ümläut 日本.JPG", "=1+1.png"]
    for name in odd:
        Image.new("RGB", (30, 30), (200, 20, 20)).save(images / name, "PNG")
    out = tmp_path / "deep" / "out.csv"
    classify_folder(config.Clip(), images, labels, out, "a {object}")
    assert out.read_bytes().startswith(b"filename,label\n")
    with out.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["filename", "label"]
    assert [name for name, _ in rows[1:]] == sorted(path.name for path in images.iterdir())
    found = dict(rows[1:])
    assert {found[name] for name in odd} == {"3"}
    assert found["5_0.png"] == "5"
    assert found["12_1.png"] == "12"


def test_images_in_a_folder_for_each_class_are_named_with_it(tmp_path: Path, coloured: None) -> None:
    images, labels = write_colours(tmp_path, per_class=1)
    for label in ("3", "5", "12"):
        (images / label).mkdir()
        (images / f"{label}_0.png").rename(images / label / "0.png")
    classify_folder(config.Clip(), images, labels, tmp_path / "out.csv", "a {object}")
    assert (tmp_path / "out.csv").read_text() == "filename,label\n12/0.png,12\n3/0.png,3\n5/0.png,5\n"


def test_a_profiles_own_prompt_set_says_how_a_folder_is_labelled(
    tmp_path: Path, profile: config.Profile, coloured: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "load", lambda name: profile)

    def label(*options: str) -> str:
        arguments = ["classify", profile.p1.images, profile.p1.id2label, str(tmp_path / "out.csv"), *options]
        result = CliRunner().invoke(cli.main, arguments, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
            return dict(csv.reader(file))["3_0.png"]

    assert label() == "3"
    assert label("--template", "a wrong {object}") != "3"
    own = write_set(tmp_path / "own.json", "a {object}", "a wrong {object}", classify_with="a wrong {object}")
    assert str(own) == profile.p1.prompts
    assert label() != "3"
    assert label("--template", "a {object}") == "3"


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
        classify_folder(cfg, images, labels, out, "a {object}")
    with pytest.raises(UserError, match=r"exactly one \{object\}"):
        classify_folder(cfg, images, labels, out, "a thing")
    with pytest.raises(UserError, match="is a folder"):
        classify_folder(cfg, images, labels, tmp_path, "a {object}")
    assert not out.exists()


def test_probabilities_are_the_softmax_of_scaled_cosines(tmp_path: Path) -> None:
    images, labels = write_colours(tmp_path)
    classifier = Classifier(ColourClip(), load_labelled(images, labels))  # type: ignore[arg-type]
    assert classifier.ids == [3, 5, 12]
    found = classifier.probabilities("{object}")
    texts = ColourClip().embed_texts(["red", "green", "blue"])
    assert found.shape == (6, 3)
    assert found.sum(1).tolist() == pytest.approx([1.0] * 6)
    with pytest.raises(UserError, match="too long"):
        classifier.texts(["a {object}", "word " * 80 + "{object}"])
    expected = (20.0 * classifier.images[0] @ texts[0]).exp() / (20.0 * classifier.images[0] @ texts.T).exp().sum()
    assert float(found[0, 0]) == pytest.approx(float(expected), rel=1e-5)


def test_a_prompt_so_long_that_no_class_name_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HW3_ROOT", str(tmp_path))
    images, labels = write_colours(tmp_path)
    cfg, out = write_clip(tmp_path), tmp_path / "out.csv"
    with pytest.raises(UserError, match=r"too long: CLIP stops reading before \{object\}"):
        classify_folder(cfg, images, labels, out, "dog " * 75 + "{object}")
    assert not out.exists()
    told: list[str] = []
    classify_folder(cfg, images, labels, out, "dog " * 74 + "{object}", note=told.append)
    classify_folder(cfg, images, labels, out, "a {object} " + "dog " * 90, note=told.append)
    assert told == []  # what follows a class name may be cut
    labels.write_text(json.dumps({"3": "red", "5": "dark green", "12": "blue"}))
    classify_folder(cfg, images, labels, out, "dog " * 74 + "{object}", note=told.append)
    assert told == ["CLIP reads only the beginning of 1 class name (dark green): name and prompt are too long for it"]


def test_the_command_tells_of_names_that_are_cut(
    profile: config.Profile, coloured: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "load", lambda name: profile)
    Path(profile.p1.id2label).write_text(json.dumps({"3": "red", "5": "green grass", "12": "blue"}))
    arguments = ["classify", profile.p1.images, profile.p1.id2label, str(tmp_path / "out.csv"), "--template"]
    result = CliRunner().invoke(cli.main, [*arguments, "word " * 74 + "{object}"])
    assert result.exit_code == 0, result.output
    assert "1 class name (green grass)" in result.stderr
    refused = CliRunner().invoke(cli.main, [*arguments, "word " * 80 + "{object}"])
    assert "CLIP stops reading before {object}" in f"{refused.output} {refused.exception}"
