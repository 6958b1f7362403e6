"""Result files: what is written is what is read, and anything else is refused with the field's name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from hw3lib.system.errors import UserError
from hw3lib.system.results import differences, read_result, write_result


@dataclass(frozen=True)
class Interval:
    low: float
    high: float


@dataclass(frozen=True)
class Study:
    scores: dict[str, float]
    intervals: tuple[Interval, ...]
    note: str | None = None


STUDY = Study({"CIDEr": 1.25}, (Interval(-0.5, 0.5),))


def test_a_result_is_read_as_it_was_written_and_is_plain_json(tmp_path: Path) -> None:
    path = write_result(tmp_path / "study.json", STUDY)
    assert read_result(path, Study) == STUDY
    plain = {"scores": {"CIDEr": 1.25}, "intervals": [{"low": -0.5, "high": 0.5}], "note": None}
    assert json.loads(path.read_text()) == plain


def test_a_file_of_another_form_is_refused_by_the_name_of_the_field(tmp_path: Path) -> None:
    path = tmp_path / "study.json"
    path.write_text('{"scores": {"CIDEr": 1.25}, "intervals": [{"low": 0.1}]}')
    with pytest.raises(UserError, match=r"study\.json is not what this version writes: intervals\.0\.high.*Make it"):
        read_result(path, Study, "Make it again.")
    with pytest.raises(UserError, match=r"none\.json is missing\. Make it again\."):
        read_result(tmp_path / "none.json", Study, "Make it again.")


def test_what_json_cannot_hold_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_result(tmp_path / "study.json", Study({"CIDEr": float("nan")}, ()))
    assert not (tmp_path / "study.json").exists()


def test_differences_name_their_place_and_rounding_is_none() -> None:
    said = {"a": 1.0, "b": {"c": [1, 2.0], "d": "x"}, "e": None, "f": True}
    assert list(differences(said, {"a": 1.0 + 1e-9, "b": {"c": [1, 2.0], "d": "x"}, "e": None, "f": True})) == []
    found = list(differences(said, {"a": 1.1, "b": {"c": [1, 3.0], "d": "y"}, "f": 7, "g": 0}))
    assert found == [
        "a: 1 in the file, 1.1 computed",
        "b.c[1]: 2 in the file, 3 computed",
        "b.d: 'x' in the file, 'y' computed",
        "e: only in the file",
        "f: True in the file, 7 computed",
        "g: only computed",
    ]
    assert list(differences([1], [1, 2])) == [": [1] in the file, [1, 2] computed"]
