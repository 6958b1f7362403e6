"""The hash of a result's inputs changes with what the result follows from, and with nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hw3lib import paths
from hw3lib.data import inputs
from hw3lib.system import sources

SETTINGS = ["a setting", 3]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of two modules, weights, and two photographs."""
    monkeypatch.setenv("HW3_ROOT", str(tmp_path))
    monkeypatch.setattr(paths, "PACKAGE", tmp_path / "hw3lib")
    closure = sources.closure
    monkeypatch.setattr(sources, "closure", lambda *entries: closure(*entries, root=tmp_path))
    (tmp_path / "hw3lib").mkdir()
    (tmp_path / "hw3lib" / "study.py").write_text("from hw3lib import below\n")
    for name in ("hw3lib/below.py", "hw3lib/apart.py", "weights.bin", "a.png", "b.png"):
        (tmp_path / name).write_text(name)
    (tmp_path / "hw3lib" / "below.py").write_text("x = 1")
    return tmp_path


def taken(project: Path, settings: list = SETTINGS, names: tuple[str, ...] = ("a.png", "b.png")) -> str:
    files = ["weights.bin", "openai", None, project / "optional.json"]
    return inputs.fingerprint("hw3lib/study.py", settings, files, [project / name for name in names])


def test_the_same_inputs_have_the_same_hash_wherever_and_whenever_they_were_written(project: Path) -> None:
    before = taken(project)
    os.utime(project / "weights.bin", ns=(0, 0))
    os.utime(project / "a.png", ns=(0, 0))
    (project / "hw3lib" / "apart.py").write_text("a module that the study does not import")
    assert taken(project) == before


@pytest.mark.parametrize("name", ["hw3lib/study.py", "hw3lib/below.py", "weights.bin", "a.png", "optional.json"])
def test_other_content_of_code_or_data_is_another_hash(project: Path, name: str) -> None:
    before = taken(project)
    (project / name).write_text("from hw3lib import below  # changed")
    assert taken(project) != before


def test_other_settings_and_other_photographs_are_another_hash(project: Path) -> None:
    (project / "c.png").write_text("b.png")  # the same content by another name
    hashes = {taken(project), taken(project, ["a setting", 4]), taken(project, names=("a.png",))}
    assert len(hashes | {taken(project, names=("a.png", "c.png"))}) == 4
