"""The one-way rules of docs/architecture.md: import-linter's contracts hold, and they look at every module."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.support.places import ROOT

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]


def test_imports_point_one_way(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    cli = pytest.importorskip("importlinter.cli")
    monkeypatch.chdir(ROOT)
    status = cli.lint_imports(no_cache=True, no_logo=True)
    assert status == 0, capsys.readouterr().out


def test_every_wing_stands_in_the_contracts() -> None:
    wings = {path.stem for path in (ROOT / "hw3lib").iterdir() if (path / "__init__.py").is_file() or is_module(path)}
    layers = {wing.strip() for layer in CONTRACTS[0]["layers"] for wing in layer.split("|")}
    assert layers == wings
    assert {name.removeprefix("hw3lib.") for name in CONTRACTS[2]["source_modules"]} == wings - {"cli"}
    allowed = {"system", "config", "paths"}  # to the drawn world
    assert {name.removeprefix("hw3lib.") for name in CONTRACTS[3]["forbidden_modules"]} == wings - allowed


def test_what_is_no_training_is_told_of_the_images_of_the_test() -> None:
    readers = [path for path in (ROOT / "hw3lib").rglob("*.py") if "experiment.validation" in path.read_text("utf-8")]
    assert {path.parent.relative_to(ROOT).as_posix() for path in readers} == {"hw3lib/training"}, (
        "results are told of experiment.reported, which are the validation images where there is no test"
    )


def is_module(path: Path) -> bool:
    return path.suffix == ".py" and not path.stem.startswith("__")
