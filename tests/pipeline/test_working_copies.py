"""Working copies of the notebooks: made once, renewed while nobody edited them, never taken from who did."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hw3lib.pipeline.notebooks import SOURCES
from hw3lib.pipeline.working_copies import refresh


def notebook(path: Path, *cells: str, output: str = "") -> Path:
    outputs = [{"output_type": "stream", "name": "stdout", "text": output}] if output else []
    content = [{"cell_type": "code", "metadata": {}, "source": [cell], "outputs": outputs} for cell in cells]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": content, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return path


def source(path: Path) -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(path.read_text())["cells"]]


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    notebook(tmp_path / "notebooks" / "p1.ipynb", "first")
    assert refresh(tmp_path / "lab", tmp_path / "notebooks") == []
    return tmp_path / "lab", tmp_path / "notebooks"


def test_a_copy_keeps_its_outputs_while_the_project_stands_still(folders: tuple[Path, Path]) -> None:
    lab, notebooks = folders
    ran = notebook(lab / "p1.ipynb", "first", output="computed").read_text()
    assert refresh(lab, notebooks) == []
    assert (lab / "p1.ipynb").read_text() == ran


def test_a_copy_that_nobody_edited_follows_the_project(folders: tuple[Path, Path]) -> None:
    lab, notebooks = folders
    notebook(lab / "p1.ipynb", "first", output="computed")
    notebook(notebooks / "p1.ipynb", "second")
    notebook(notebooks / "p2.ipynb", "another")
    assert refresh(lab, notebooks) == []
    assert (source(lab / "p1.ipynb"), source(lab / "p2.ipynb")) == (["second"], ["another"])
    assert source(notebooks / "p1.ipynb") == ["second"]


def test_an_edited_copy_stays_and_the_newer_one_is_put_beside_it_once(folders: tuple[Path, Path]) -> None:
    lab, notebooks = folders
    notebook(lab / "p1.ipynb", "mine")
    assert refresh(lab, notebooks) == []
    notebook(notebooks / "p1.ipynb", "second")
    (note,) = refresh(lab, notebooks)
    assert "p1.new.ipynb" in note
    assert (source(lab / "p1.ipynb"), source(lab / "p1.new.ipynb")) == (["mine"], ["second"])
    assert refresh(lab, notebooks) == []


def test_the_copies_are_of_the_profile_that_is_asked_for(tmp_path: Path) -> None:
    for profile in ("my photos", "demo"):
        assert refresh(tmp_path / profile, SOURCES, profile) == []
        for origin in SOURCES.glob("*.ipynb"):
            cells, copied = source(origin), source(tmp_path / profile / origin.name)
            parameters = [n for n, cell in enumerate(cells) if cell.startswith('profile: str = "demo"')]
            assert len(parameters) == 1, origin
            cells[parameters[0]] = cells[parameters[0]].replace('"demo"', f'"{profile}"', 1)
            assert copied == cells


def test_a_copy_that_was_deleted_comes_back_and_a_broken_one_is_left(folders: tuple[Path, Path]) -> None:
    lab, notebooks = folders
    (lab / "p1.ipynb").unlink()
    assert refresh(lab, notebooks) == []
    assert source(lab / "p1.ipynb") == ["first"]
    (lab / "p1.ipynb").write_text("not a notebook")
    notebook(notebooks / "p1.ipynb", "second")
    assert len(refresh(lab, notebooks)) == 1
    assert (lab / "p1.ipynb").read_text() == "not a notebook"
