"""P1's notebook on data sets that are small or unusual: every cell runs, and says what cannot be computed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from PIL import Image

from hw3lib import config
from hw3lib.display import bundle
from hw3lib.models.experiment import Experiment
from hw3lib.pipeline.notebooks import source_of
from tests.support.tiny_clip import write_clip

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, tiny_profile: config.Profile, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the notebook's cells on images of so many names and so many images each; what is shown as text."""
    clip = write_clip(tmp_path)

    def executed(
        names: list[str],
        per_class: int,
        templates: tuple[str, ...] = ("a {}", "no {}"),
        study: tuple[str, ...] = (),
        labelled: bool = True,
    ) -> str:
        images = tmp_path / "images"
        images.mkdir()
        for label in range(len(names)):
            for number in range(per_class):
                colour = (40 + 50 * label % 200, 30 * number, 90 + 20 * label)
                Image.new("RGB", (36, 32 + number), colour).save(images / f"{label}_{number}.png")
        (tmp_path / "id2label.json").write_text(json.dumps(dict(enumerate(names))))
        own = tmp_path / "own.json"
        own.write_text(json.dumps({"templates": [{"template": template} for template in templates]}))
        p1 = config.Labelled(
            images=str(images), id2label=str(tmp_path / "id2label.json"), prompts=str(own), study=study,
            labelled=labelled,
        )  # fmt: skip
        profile = config.Profile(**{**vars(tiny_profile), "p1": p1, "clip": clip})
        shown: list[str] = []
        monkeypatch.setattr(bundle, "_show", lambda bundle: shown.append(bundle["text/plain"]))
        monkeypatch.setattr(bundle, "_PNG_DPI", 40)  # that pictures are sharp costs most of the time
        monkeypatch.setattr(Experiment, "open", classmethod(lambda cls, name, device="cpu": cls(profile, device)))
        notebook = nbformat.read(source_of(profile, "p1_prompts"), 4)
        namespace: dict[str, object] = {}
        for cell in notebook.cells:
            if cell.cell_type == "code":
                exec(compile(cell.source, cell.id, "exec"), namespace)
        return "\n".join(shown)

    return executed


def test_one_image_per_class_leaves_nothing_to_choose_or_to_fit_on(run: Run) -> None:
    text = run(["red", "green", "blue", "black"], 1, study=("factorial",))
    assert "There are too few images to choose an ensemble" in text
    assert "A linear probe needs two classes, and enough images of each" in text
    assert "A supervised network has no output" in text


def test_two_classes_of_three_images_are_too_few_for_a_supervised_network(run: Run) -> None:
    text = run(["red", "green"], 3)
    assert "The comparison needs at least four classes" in text
    assert "None of the prompt sets is a factorial design" in text
    assert "affirmative counterpart" in text
    assert "[figure] A matrix of shades" in text


def test_one_class_can_be_studied_but_tells_nothing_of_prompts(run: Run) -> None:
    text = run(["red"], 3)
    assert "only one class, so that every answer is right" in text
    assert "A linear probe needs two classes" in text
    assert "No image is given a wrong class." in text
    assert "[figure] A matrix of shades" not in text


def test_one_prompt_has_nothing_to_be_compared_with(run: Run) -> None:
    text = run(["red", "green"], 2, ("a {}",))
    assert "there is no other prompt to compare it with" in text
    assert "There is only one template" in text
    assert "There is no ensemble of more than one template." in text
    assert "no other template to compare the baseline with, class by class" in text


def test_very_long_names_and_names_from_right_to_left_are_shown(run: Run) -> None:
    arabic, hebrew = "دراجة حمراء", "כלב <b>שחור</b>"
    text = run(["red " * 100, arabic, hebrew, "green_*$x^2$"], 2)
    assert "CLIP reads only the beginning of long texts: under 2 templates some class names are cut off" in text
    assert "at most 1 of 4" in text
    assert arabic in text
    assert max(len(line) for line in text.splitlines()) < 2000


def test_without_labels_it_shows_answers_and_no_accuracy(run: Run) -> None:
    """Also where the files are named as if they had labels: the profile says that they have none."""
    text = run(["red", "green", "blue *"], 9, labelled=False)
    assert "gives each of 27 photographs one of 3 classes. **No accuracy is measured here:**" in text
    assert "24 of 27 photographs are shown, from the first name to the last" in text
    assert text.count("[figure] 0_") + text.count("[figure] 1_") + text.count("[figure] 2_") >= 3, "three galleries"
    assert "The probabilities are shares among these 3 classes alone" in text
    assert "prompts give the same class to" in text
    assert "same class, % of photographs" in text
    shown = text.replace("No accuracy is measured here", "").replace("To measure accuracy, name images", "")
    assert "accura" not in shown


@pytest.mark.parametrize("per_class", [1, 3])
def test_without_labels_one_class_and_one_prompt_leave_nothing_to_compare(run: Run, per_class: int) -> None:
    text = run(["red"], per_class, ("a {}",), labelled=False)
    assert "All photographs are shown" in text
    assert "There is only one class, so that every probability is 1." in text
    assert "There is only one prompt" in text
    assert "disagree most" not in text


def test_without_labels_very_long_names_are_told_to_be_cut(run: Run) -> None:
    text = run(["red " * 100, "دراجة حمراء", "green_*$x^2$"], 2, labelled=False)
    assert "CLIP reads only the beginning of 1 class name: too long for it." in text
