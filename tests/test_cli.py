"""The command line: it answers at once, refuses in one line, and writes what the task's graders read."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import get_args

import click
import pytest
import yaml
from click.testing import CliRunner, Result
from PIL import Image

from demo_world.folders import PARTS
from hw3lib import config, paths
from hw3lib.captioning import scores
from hw3lib.cli import demo, main
from hw3lib.models import inference
from hw3lib.models.experiment import Experiment
from hw3lib.system.errors import UserError
from hw3lib.system.messages import Say
from hw3lib.training import trainer


def hw3(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    folder = tmp_path / "photographs"
    folder.mkdir()
    for name in ("b.jpg", "a.png"):
        Image.new("RGB", (32, 24), "#808080").save(folder / name)
    return folder


def test_help_names_every_command_without_loading_a_model_library() -> None:
    program = (
        "import sys\nfrom hw3lib.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print(sorted({'torch', 'timm', 'open_clip', 'matplotlib', 'snakemake'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=paths.PACKAGE.parent
    )
    for command in ("classify", "caption", "attend", "train", "score", "doctor", "report", "demo"):
        assert f"\n  {command} " in done.stdout
    assert done.stdout.rstrip().endswith("[]")


def test_what_the_user_can_put_right_is_one_line_and_exit_code_2() -> None:
    command = [sys.executable, "-m", "hw3lib", "train", "best", "--profile", "dmeo"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=paths.PACKAGE.parent)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("hw3: there is no profile at")
    assert "did you mean 'demo'?" in line


def test_an_unknown_run_is_refused_with_the_nearest() -> None:
    found = hw3("train", "bset", "--profile", "demo")
    assert found.exit_code == 2
    assert "did you mean 'best'?" in found.output


def test_an_untrained_run_is_refused_with_the_command_that_trains_it(
    photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "configs").symlink_to(paths.PACKAGE.parent / "configs")
    monkeypatch.setenv("HW3_ROOT", str(tmp_path))
    found = hw3("caption", photographs, tmp_path / "out.json")
    assert found.exit_code == 2
    assert "hw3 train best --profile demo" in found.output
    assert not (tmp_path / "out.json").exists()


def test_captions_are_written_by_name_and_an_unreadable_photograph_is_reported(
    photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    precisions = []

    def fake(
        loaded: object, images: list[Path], batch_size: int, on_unreadable: object, *more: object
    ) -> dict[str, SimpleNamespace]:
        precisions.append(more[-1])
        assert [image.name for image in images] == ["a.png", "b.jpg"]
        on_unreadable(images[1], "b.jpg is broken")  # type: ignore[operator]
        return {"a": SimpleNamespace(text="ein Schaf 羊")}

    drawn = SimpleNamespace(drawings=(tmp_path.resolve() / "demo",), folder=Path("best"))
    monkeypatch.setattr(inference, "load_run", lambda *arguments: drawn)
    monkeypatch.setattr(inference, "caption_images", fake)
    found = hw3("caption", photographs, tmp_path / "out.json", "--skip-unreadable")
    assert found.exit_code == 0, found.output
    assert found.output.count("hw3: The run best was trained on drawings only (the demo)") == 1
    drawn.drawings = (photographs.resolve(),)
    assert "drawings" not in hw3("caption", photographs, tmp_path / "out.json", "--skip-unreadable").output
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8")) == {"a": "ein Schaf 羊"}
    assert "left out: b.jpg is broken" in found.output
    hw3("caption", photographs, tmp_path / "out.json", "--skip-unreadable", "--precision", "int8")
    assert precisions == ["auto", "auto", "int8"]
    assert "'int4' is not one of" in hw3("caption", photographs, tmp_path / "out.json", "--precision", "int4").output
    drawn.model = SimpleNamespace(device=SimpleNamespace(type="cpu"))
    found = hw3("caption", photographs, tmp_path / "out.json", "--compile")
    assert (found.exit_code, "--compile is for a GPU" in found.output) == (2, True)


def test_scores_are_a_table_or_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def fake(*arguments: object) -> scores.Scores:
        asked.append(arguments)
        return scores.Scores({"CIDEr": 0.87454, "BLEU-4": 0.25}, {"a": {"CIDEr": 0.9}})

    monkeypatch.setattr(scores, "score_files", fake)
    table = hw3("score", "p.json", "--annotations", "val.json")
    assert table.output.splitlines() == ["CIDEr     0.8745", "BLEU-4    0.2500"]
    assert asked[0][2] is None  # no images, no CLIPScore: and no CLIP to load
    assert asked[0][3] is None
    found = hw3("score", "p.json", "--annotations", "val.json", "--json")
    assert json.loads(found.output) == {
        "scores": {"CIDEr": 0.87454, "BLEU-4": 0.25},
        "per_image": {"a": {"CIDEr": 0.9}},
    }


def test_runs_are_scored_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    def fake(experiment: Experiment, names: tuple[str, ...], say: Say) -> dict[str, scores.RunScores]:
        assert experiment.profile.name == "demo"
        return {
            name: scores.RunScores({}, {"CIDEr": value}, {}) for name, value in zip(names, (1.5, 1.25), strict=True)
        }

    monkeypatch.setattr(scores, "score_runs", fake)
    found = hw3("score", "--run", "best", "--run", "vit")
    assert found.output.splitlines()[0].split() == ["best", "vit"]
    assert found.output.splitlines()[1].split() == ["CIDEr", "1.5000", "1.2500"]


def test_a_run_of_several_seeds_is_trained_and_scored_once_for_each(
    tiny_profile: config.Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = asdict(tiny_profile) | {"runs": {"best": asdict(tiny_profile.run("best")) | {"seeds": [3, 4]}}}
    plain.pop("name")
    file = tmp_path / "tiny.yaml"
    file.write_text(yaml.safe_dump(json.loads(json.dumps(plain))))
    trained: list[str] = []
    monkeypatch.setattr(trainer, "train", lambda profile, run, resume: trained.append(run))
    found = hw3("train", "best", "--profile", str(file))
    home = tmp_path / "runs" / "tiny" / "p2" / "best"
    assert found.output.split() == [str(home / "seed_3"), str(home / "seed_4")]
    hw3("train", "best/seed_4", "--profile", str(file))
    assert trained == ["best/seed_3", "best/seed_4", "best/seed_4"]
    result = scores.RunScores({}, {"CIDEr": 1.5}, {})
    names = ("best", "best/seed_3", "best/seed_4")
    monkeypatch.setattr(scores, "score_runs", lambda *_: dict.fromkeys(names, result))
    assert hw3("score", "--run", "best", "--profile", str(file)).output.splitlines()[0].split() == list(names[1:])


def test_score_without_anything_to_score_says_what_it_needs() -> None:
    assert hw3("score").exit_code == 2
    assert "--annotations" in hw3("score").output
    assert hw3("score", "p.json", "--run", "best").exit_code == 2


def test_an_error_that_is_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr(scores, "score_files", broken)
    found = hw3("score", "p.json", "--annotations", "val.json")
    assert isinstance(found.exception, KeyError)
    assert not isinstance(found.exception, UserError)


def test_ctrl_c_says_where_the_work_stands_and_how_to_go_on(tiny_profile: config.Profile, tmp_path: Path) -> None:
    """A real process, interrupted in the midst of training; the very words that it says go on from there."""
    long = asdict(tiny_profile)
    long["clip"] = None
    long["runs"]["best"]["training"] |= {"epochs": 400, "patience": 400, "learning_rates": [1e-3]}
    long.pop("name")
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(json.loads(json.dumps(long))))
    command = [sys.executable, "-m", "hw3lib", "train", "best", "--profile", str(tmp_path / "tiny.yaml")]
    environment = os.environ | {"HW3_ROOT": str(tmp_path), "PYTHONPATH": str(paths.PACKAGE.parent)}
    process = subprocess.Popen(
        command,
        env=environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        # A shell's background jobs have Ctrl-C ignored, and hand that down to what they start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    log = tmp_path / "runs" / "tiny" / "p2" / "best" / "log.jsonl"
    deadline = time.monotonic() + 120
    while not (log.is_file() and log.read_text().count("validation")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "best: step " in said
    assert f"To go on: hw3 train best --profile {tmp_path / 'tiny.yaml'}" in said
    assert "Traceback" not in said


def test_the_choices_of_options_are_those_of_the_code_behind_them() -> None:
    choices = {
        (command.name, option.name): tuple(option.type.choices)
        for command in [*main.commands.values(), *demo.commands.values()]
        for option in command.params
        if isinstance(option.type, click.Choice)
    }
    assert choices == {
        ("caption", "precision"): inference.PRECISIONS,
        ("score", "words"): get_args(config.Segmenter),
        ("build", "parts"): PARTS,
    }
