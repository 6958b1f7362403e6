"""A number that no longer follows from the files is found and named; one that does is left alone."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from hw3lib import cli, config, paths
from hw3lib.attention import cards
from hw3lib.attention.deletion import FILLS
from hw3lib.attention.faithfulness import Measured
from hw3lib.captioning import scores
from hw3lib.captioning.results import read_scores
from hw3lib.claims import evidence
from hw3lib.models.experiment import Experiment
from hw3lib.pipeline import verify
from hw3lib.prompts.answers import Answers
from hw3lib.prompts.templates import PromptSet
from hw3lib.prompts.unlabelled import summarise
from hw3lib.report import assemble, summary
from hw3lib.system import files
from hw3lib.system.errors import UserError
from hw3lib.system.results import write_result
from tests.support.report_material import make


def scored(experiment, runs):
    """P2's scores come out as they stand in their files."""
    for run in runs:
        yield run, read_scores(experiment.run_folder(run))


@pytest.fixture(scope="module")
def reported(tmp_path_factory) -> Path:
    """A root with a made-up run whose report is written."""
    root = make(tmp_path_factory.mktemp("reported") / "root")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("HW3_ROOT", str(root))
        monkeypatch.setattr(scores, "scored", scored)
        profile = config.load("fake")
        for run in profile.runs:
            folder = paths.runs("fake") / "p2" / run
            files.write_json(folder / "predictions.json", {"x": "a cow"})
            files.write_json(folder / "scores.json", files.read_json(folder / "scores.json") | {"variants": {}})
        evidence.study(Experiment.open(profile))
        summary.summarise(profile)
        assemble.build(profile)
    return root


@pytest.fixture
def profile(reported, tmp_path, monkeypatch) -> config.Profile:
    """Its profile, in a copy that a test may change."""
    monkeypatch.setenv("HW3_ROOT", str(shutil.copytree(reported, tmp_path / "root", symlinks=True)))
    monkeypatch.setattr(scores, "scored", scored)
    return config.load("fake")


def verified(profile: config.Profile) -> dict[str, verify.Finding]:
    return {
        found.file.name: found for found in verify.verify(Experiment.open(profile)) if found.file.parent.name != "vit"
    }


def test_a_report_that_follows_from_its_files_is_found_fine(profile) -> None:
    found = verified(profile)
    assert {name for name, finding in found.items() if finding.differs} == set()
    assert not found["summary.json"].note
    assert not found["hw3_report.html"].note
    assert found["grounding.json"].note == "not measured yet"
    result = CliRunner().invoke(cli.main, ["report", "--verify", "--profile", "fake"])
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("path", "change", "where"),
    [
        ("p2/best/scores.json", lambda content: content["scores"].update(CIDEr=9.0), "summary.json"),
        ("summary.json", lambda content: content["p2"]["best"].update(CIDEr=9.0), "summary.json"),
        ("claims.json", lambda content: content["claims"][4].update(verdict="supported"), "claims.json"),
    ],
)
def test_a_number_that_was_changed_by_hand_is_found(profile, path, change, where) -> None:
    target = paths.runs("fake") / path
    content = files.read_json(target)
    change(content)
    files.write_json(target, content)
    assert verified(profile)[where].differs
    result = CliRunner().invoke(cli.main, ["report", "--verify", "--profile", "fake"])
    assert result.exit_code == 1
    assert "differs" in result.output


def test_a_test_of_maps_that_does_not_follow_from_its_measurements_is_found(profile) -> None:
    assert verified(profile)["faithfulness.json"].note == "not measured yet"
    path, measured = paths.runs("fake") / "p3" / "faithfulness.json", Measured(image=[0, 1], kind=["object", "colour"])
    for number, order in enumerate(("random", "centre", "last layer", "last layer, weakest")):
        measured.curves[order] = [np.full(11, -float(number)), np.full(11, -1.5 * number)]
    for fill in FILLS:
        measured.pixels["last layer", fill] = [(0, 0.1, 0.2), (1, 0.2, 0.3)]
    measured.kept["last layer", "repeated"] = [(0, 0.4), (1, 0.6)]
    write_result(path, cards.summarise(measured, "best", {"repeated": "vit"}, profile.seed))
    measured.save(path.with_suffix(".npz"))
    assert (verified(profile)["faithfulness.json"].differs, verified(profile)["faithfulness.json"].note) == ((), "")
    content = files.read_json(path)
    content["cards"]["last layer"]["tests"]["deletion"]["effect"] += 0.1
    files.write_json(path, content)
    (place,) = verified(profile)["faithfulness.json"].differs
    assert place.startswith("cards.last layer.tests.deletion.effect: ")


def test_a_page_of_other_numbers_is_found(profile) -> None:
    page = paths.page("fake")
    page.write_text(page.read_text(encoding="utf-8").replace("1.5000", "1.6000"), encoding="utf-8")
    assert verified(profile)["hw3_report.html"].differs == ("p2.best.CIDEr: 1.5000 is not on the page",)


def test_an_unknown_run_is_refused(profile) -> None:
    with pytest.raises(UserError, match="no run 'bst'"):
        list(verify.verify(Experiment.open(profile), ["bst"]))


def test_answers_without_labels_are_summed_up_again(profile) -> None:
    images = np.zeros((1, 2, 1), np.int32)
    empty = np.empty((0, 0), np.float32)
    prompts = PromptSet.load(profile.require_labelled().prompts)
    answers = Answers(
        classes=images, probabilities=np.ones((1, 2, 1), np.float32), true=empty, truth=np.empty(0, np.int64),
        half=np.empty(0, bool), templates=[prompts.classify_with], labels=["dog"], images=["a.jpg", "b.jpg"],
        ensembles=[],
    )  # fmt: skip
    unlabelled = dataclasses.replace(profile, p1=dataclasses.replace(profile.require_labelled(), labelled=False))
    assert verified(unlabelled)["unlabelled.json"].note == "not measured yet"
    path = paths.runs("fake") / "p1" / "unlabelled.json"
    answers.write(path.with_suffix(".safetensors"))
    write_result(path, summarise(answers, prompts.classify_with))
    assert not verified(unlabelled)["unlabelled.json"].differs
    files.write_json(path, files.read_json(path) | {"unanimous": 1})
    assert verified(unlabelled)["unlabelled.json"].differs == ("unanimous: 1 in the file, 2 computed",)
