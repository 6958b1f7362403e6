"""Trackers beside the log: TensorBoard's files read back, others by a stand-in; a run with them is the same run."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from accelerate.utils import LoggerType

from hw3lib import config
from hw3lib.pipeline import doctor
from hw3lib.system.errors import Stopped, UserError
from hw3lib.training import trainer
from hw3lib.training.run_files import identity, is_current, read_log
from tests.support.places import ROOT
from tests.support.training import SCRIPT, launch, launched, overlap, with_training


@pytest.fixture
def profile(tiny_profile: config.Profile, monkeypatch: pytest.MonkeyPatch) -> config.Profile:
    monkeypatch.setattr(trainer, "scorer", overlap)
    return with_training(tiny_profile, trackers=("tensorboard",), patience=9)


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """TensorBoard's scalars of a run as its own reader has them: (step, value) by tag."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder / "trackers" / "tiny")).Reload()
    return {tag: [(item.step, item.value) for item in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def logged(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """The same of the log, in TensorBoard's 32 bits."""
    expected: dict[str, list[tuple[int, float]]] = {}
    for event in read_log(folder):
        for key, value in event.items():
            if isinstance(value, int | float) and key != "step":
                close = pytest.approx(value, rel=1e-6)
                expected.setdefault(f"{event['event']}/{key}", []).append((event["step"], close))  # type: ignore[arg-type]
    return expected


def test_tensorboard_has_the_numbers_of_the_log(profile: config.Profile) -> None:
    folder = trainer.train(profile, "best")
    found = scalars(folder)
    assert {"train/loss", "train/learning_rate", "validation/CIDEr", "validation/val_loss"} <= set(found)
    assert len(found["validation/CIDEr"]) == 3
    assert found == logged(folder)


def test_a_resumed_run_goes_on_in_its_files_and_one_that_starts_anew_in_none(profile: config.Profile) -> None:
    def stop(event: dict) -> None:
        if event["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(Stopped):
        trainer.train(profile, "best", on_validation=stop)
    folder = config.folder(profile, "best")
    files = set((folder / "trackers" / "tiny").glob("events*"))
    # As if it had gone on for a while after its state was written.
    from torch.utils.tensorboard import SummaryWriter

    later = read_log(folder)[-1]["step"] + 1
    with SummaryWriter(str(folder / "trackers" / "tiny"), filename_suffix=".later") as writer:
        writer.add_scalar("train/loss", 99.0, later)
    trainer.train(profile, "best")
    assert files < set((folder / "trackers" / "tiny").glob("events*"))
    assert scalars(folder) == logged(folder)
    trainer.train(profile, "best", resume=False)
    assert not files & set((folder / "trackers" / "tiny").glob("events*"))
    assert scalars(folder) == logged(folder)


def test_a_run_is_the_same_with_and_without_trackers(profile: config.Profile) -> None:
    without = with_training(profile, trackers=())
    assert identity(profile, "best") == identity(without, "best")
    folder = trainer.train(without, "best")
    assert not (folder / "trackers").exists()
    assert is_current(profile, "best")
    captions = dataclasses.replace(profile.captions, keep_decoded=False)
    assert is_current(dataclasses.replace(profile, captions=captions), "best")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("tensorbord", "'tensorbord', which is no tracker of .*: aim, "),
        ("aim", "aim, which is not installed"),
    ],
)
def test_a_tracker_that_is_not_there_is_refused_before_anything_is_read(
    profile: config.Profile, name: str, words: str
) -> None:
    with pytest.raises(UserError, match=words):
        trainer.train(with_training(profile, trackers=("tensorboard", name)), "best")
    asked = doctor.examine(with_training(profile, trackers=("tensorboard", name)))
    assert [item.name for item in asked if "tracker" in item.name] == [f"tracker {name}"]
    assert not config.folder(profile, "best").exists()


def test_weights_and_biases_gets_project_name_settings_and_numbers(
    profile: config.Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for the package: nothing leaves the machine."""
    (tmp_path / "wandb.py").write_text(
        textwrap.dedent("""
        calls = []
        class config:
            def update(values, allow_val_change): calls.append(("settings", values))
        class Run:
            def log(self, values, step): calls.append(("log", step, values))
            def finish(self): calls.append(("finish",))
        def init(**options):
            if options["name"] == "refused": raise RuntimeError("no key")
            calls.append(("init", options)); return Run()
        """)
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("accelerate.tracking._available_trackers", [LoggerType.WANDB])
    folder = trainer.train(with_training(profile, trackers=("wandb",)), "best")
    import wandb

    calls = wandb.calls
    assert calls[0] == ("init", {"project": "tiny", "name": "best"})
    assert calls[1][1]["decoder.feed_forward"] == 32
    assert "title" not in calls[1][1]
    numbers = [(step, values) for kind, step, values in calls[2:-1] if kind == "log"]
    assert [step for step, _ in numbers] == [event["step"] for event in read_log(folder)]
    assert calls[-1] == ("finish",)

    refused = dataclasses.replace(profile, runs={"refused": with_training(profile, trackers=("wandb",)).run("best")})
    with pytest.raises(UserError, match=r"training.trackers: wandb cannot start \(no key\)"):
        trainer.train(refused, "refused")
    monkeypatch.delitem(sys.modules, "wandb")


@pytest.mark.slow
def test_of_two_processes_the_main_one_alone_writes(profile: config.Profile, tmp_path: Path) -> None:
    (tmp_path / "profile.json").write_text(json.dumps(dataclasses.asdict(profile)))
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SCRIPT).format(root=str(ROOT), profile=str(tmp_path / "profile.json")))
    subprocess.run(launch(script), env=launched(TMPDIR=str(tmp_path)), check=True, timeout=550)
    folder = config.folder(profile, "best")
    assert len([path for path in (folder / "trackers" / "tiny").iterdir() if path.name.startswith("events")]) == 1
    assert scalars(folder) == logged(folder)
