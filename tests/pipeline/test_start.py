"""The start page: what it says of each notebook, of the report, and of how long the rest takes."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hw3lib import config, paths
from hw3lib.pipeline import start
from hw3lib.pipeline.notebooks import SOURCES, executed
from hw3lib.pipeline.start import Plan
from tests.support.places import ROOT


@pytest.fixture
def smoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> config.Profile:
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    monkeypatch.setenv("HW3_ROOT", str(tmp_path))
    return config.load("smoke")


def build(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}")
    os.utime(path, (1_800_000_000, 1_800_000_000))


def test_each_notebook_has_its_question_and_what_is_built_of_it(smoke: config.Profile) -> None:
    runs = list(smoke.runs)
    build(executed("smoke", "p1_prompts"))
    build(executed("smoke", "p2_training", runs[0]))
    found = {part.name: part for part in start.parts(smoke)}
    assert set(found) == {path.stem for path in SOURCES.glob("*.ipynb")} - {"index", "p1_photographs", "p3_photographs"}
    assert found["p1_prompts"].title == "P1. Zero-shot classification by prompt"
    assert found["p1_prompts"].question.startswith("How well CLIP names images")
    assert found["p1_prompts"].state.startswith("built 2027-01-1")
    assert found["p2_training"].state == f"built for 1 of {len(runs)} runs"
    assert found["p2_training"].missing == runs[1:]
    assert found["claims"].state == "not built"


def test_what_a_profile_leaves_out_is_not_built_and_says_why(smoke: config.Profile) -> None:
    bare = replace(smoke, captions=None, runs={}, p3=replace(smoke.p3, model="model"))
    found = {part.name: part for part in start.parts(bare)}
    assert "p3_photographs" in found
    assert found["p2_training"].state == found["p2_ablations"].state
    assert found["p2_ablations"].state.startswith("left out: the profile names no captioned photographs")
    assert not found["p2_ablations"].missing


def planned(monkeypatch: pytest.MonkeyPatch, profile: config.Profile, said: str, code: int = 0) -> Plan:
    done = subprocess.CompletedProcess([], code, said if not code else "", said if code else "")
    monkeypatch.setattr("hw3lib.pipeline.start.subprocess.run", lambda *_, **__: done)
    return start.plan(profile, profile.name)


def test_a_plan_counts_steps_and_takes_their_times_from_the_logs_of_their_last_run(
    smoke: config.Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = paths.runs("smoke") / "logs"
    (logs / "train_best").mkdir(parents=True)
    for name, cost in (("train_best/seed_1", 100), ("train_vit", 140), ("score", 30), ("p2_training_best", 7)):
        (logs / f"{name}.log").write_text(f"said\n{cost}.0 core-seconds\n")
    said = "4 steps to run: 3 x train, score\n  > P2 training: vit\nplanned only: nothing was run\n"
    plan = planned(monkeypatch, smoke, said)
    assert plan == Plan(Counter(train=3, score=1), core_seconds=390)
    assert plan.sentence("smoke", 2) == (
        "4 steps are still to be run; `make report PROFILE=smoke` runs them and writes the report, in about 3 minutes "
        "on this machine's 2 cores."
    )
    unknown = planned(monkeypatch, smoke, "2 steps to run: train, report\n")
    assert unknown == Plan(Counter(train=1, report=1))
    assert "How long they take is known once they have run" in unknown.sentence("smoke", 2)


def test_nothing_to_do_a_failure_and_a_pipeline_at_work_are_sentences(
    smoke: config.Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert planned(monkeypatch, smoke, "up to date: report\n").sentence("smoke", 2) == "The report is up to date."
    plan = planned(monkeypatch, smoke, "hw3: smoke lacks:\n  a file\nsee hw3 doctor", code=2)
    assert plan.sentence("smoke", 2) == (
        "The report cannot be made yet:\n\n```text\nsmoke lacks:\n  a file\nsee hw3 doctor\n```"
    )

    def waits(*_: Any, **__: Any) -> None:
        raise subprocess.TimeoutExpired("hw3", 60)

    monkeypatch.setattr("hw3lib.pipeline.start.subprocess.run", waits)
    assert start.plan(smoke, "smoke").sentence("smoke", 2) == "The report is being made at this moment."


def test_the_demo_that_never_ran_here_takes_what_was_measured(
    smoke: config.Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = (
        "demo_p1, demo_data, p1_prompts, 6 x train, score, 6 x p2_training, p2_ablations, p3_attention, claims, report"
    )
    plan = planned(monkeypatch, config.load("demo"), f"20 steps to run: {steps}\n")
    rows = json.loads((ROOT / "benchmarks" / "results" / "report.json").read_text())["rows"]
    assert plan.core_seconds == pytest.approx(next(row["ours"] for row in rows if row["name"] == "all steps"))
    assert planned(monkeypatch, smoke, f"20 steps to run: {steps}\n").core_seconds is None


def test_what_is_missing_has_a_button_and_what_is_built_has_none(
    smoke: config.Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Any] = []
    monkeypatch.setattr("IPython.display.display", lambda *given, **_: shown.extend(given))
    monkeypatch.setattr(start, "show_text", shown.append)
    commands: list[list[str]] = []
    monkeypatch.setattr(start, "buttons", lambda given, then: commands.extend(map(list, given.values())) or given)
    build(executed("smoke", "p1_prompts"))
    start.show("smoke", lambda *_: Plan(Counter(train=1)))
    targets = [command[3:] for command in commands]
    assert all(command[:3] == ["report", "--profile", "smoke"] for command in commands)
    assert targets[0] == ["runs/smoke/notebooks/p2_ablations.ipynb"]
    assert targets[1] == [f"runs/smoke/notebooks/p2_training_{run}.ipynb" for run in smoke.runs]
    assert targets[-1] == []  # the whole report
    assert shown[0].startswith("**[P1. Zero-shot classification by prompt](p1_prompts.ipynb)**")
    assert "1 step is still to be run; `make report PROFILE=smoke`" in next(
        text for text in shown if "still to be run" in str(text)
    )


@pytest.mark.slow
def test_the_pipeline_plans_a_report_from_nothing(smoke: config.Profile) -> None:
    plan = start.plan(smoke, "smoke")
    assert plan.steps == Counter(
        train=len(smoke.runs), p2_training=len(smoke.runs), demo_p1=1, demo_data=1, p1_prompts=1, score=1,
        p2_ablations=1, p3_attention=1, claims=1, report=1,
    )  # fmt: skip
    assert not paths.page("smoke").exists()
