"""What a run tells: whole lines of JSON, a line per validation, how fast it went."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from hw3lib.training.run_files import read_log
from hw3lib.training.run_log import Interval, RunLog, validation_line

EVENT = {
    "epoch": 4, "phase": "whole", "learning_rate": 3e-6, "stage": 2, "train_loss": 2.5, "val_loss": 2.75,
    "CIDEr": 0.5, "CLIPScore": 0.7, "images_per_s": 89.6,
}  # fmt: skip


def test_what_is_logged_is_read_back_and_what_came_after_a_state_is_forgotten(tmp_path: Path) -> None:
    log = RunLog("best", tmp_path, main=True)
    log.write({"event": "train", "loss": 2.0})
    log.write({"event": "validation", "samples": {"a": "ein Gemälde"}})
    size = log.size()
    assert "Gemälde" in log.path.read_text("utf-8")
    log.write({"event": "train", "loss": 1.0})
    log.truncate(size)
    assert [event["event"] for event in read_log(tmp_path)] == ["train", "validation"]


def test_other_processes_write_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = RunLog("best", tmp_path, main=False)
    log.write({"event": "train"})
    log.say("a line")
    assert list(log.track([1, 2], 0, 2)) == [1, 2]
    assert not list(tmp_path.iterdir())
    assert capsys.readouterr().out == ""


def test_a_terminal_shows_a_bar_with_the_runs_name_and_the_epoch_counted_from_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = []
    monkeypatch.setattr("rich.progress.track", lambda steps, *told, **how: shown.append((told, how)) or steps)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert list(RunLog("best", tmp_path, main=True).track([1, 2], 2, 2)) == [1, 2]
    assert shown == [(("best 3", 2), {"transient": True})]
    monkeypatch.setattr("sys.stdout.isatty", lambda: False, raising=False)
    assert list(RunLog("best", tmp_path, main=True).track([1, 2], 2, 2)) == [1, 2]
    assert len(shown) == 1


def test_speed_is_over_the_time_of_training_alone() -> None:
    interval = Interval(stage=0, waited_before=2.0, images=100, tokens=1000)
    speed = interval.speed(trained=4.0, waited=3.0, device=torch.device("cpu"))
    assert (speed["images_per_s"], speed["tokens_per_s"], speed["data_wait"]) == (25.0, 250, 0.25)
    assert 0.01 < speed["peak_memory_gb"] < 100


def test_an_event_keeps_six_captions_spread_over_all_and_a_reward_where_there_is_one() -> None:
    texts = {f"i{number:02d}": "a dog" for number in range(60)}
    event = Interval(stage=0, waited_before=0.0, loss=2.0).event(texts, 2.5, {"CIDEr": 0.4})
    assert list(event) == ["train_loss", "val_loss", "CIDEr", "samples"]
    assert list(event["samples"]) == ["i00", "i10", "i20", "i30", "i40", "i50"]
    event = Interval(stage=0, waited_before=0.0, reward=0.9).event({"a": "a dog"}, 2.5, {"CIDEr": 0.4})
    assert (event["reward"], event["train_loss"], event["samples"]) == (0.9, None, {"a": "a dog"})


def test_a_line_tells_the_phase_the_stage_the_scores_and_the_time_left() -> None:
    line = validation_line("best", EVENT, 9, 3, better=True, left=90.4)
    assert line == (
        "best: epoch 4/9 · rate 3e-06 (2/3) · loss 2.500, val 2.750 · CIDEr 0.5000 · CLIPScore 0.7000 * · 90 images/s"
        " · at most 90 s left"
    )
    line = validation_line("best", EVENT | {"phase": "frozen"}, 9, 3, better=False, left=None)
    assert "4/9 (encoder frozen) · " in line
    assert " * " not in line
    assert line.endswith("· finished")
    line = validation_line("best", EVENT | {"phase": "self-critical", "reward": 1.25}, 9, 3, better=False, left=None)
    assert "4/9 (self-critical) · rate 3e-06 · reward 1.250, val 2.750" in line
