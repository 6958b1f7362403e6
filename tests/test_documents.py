"""The documents name what is there."""

from __future__ import annotations

import doctest
import importlib.util
import re
from pathlib import Path

import pytest

from tests.support.places import ROOT

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_and_link_that_a_document_names_is_there(document: Path) -> None:
    text = document.read_text("utf-8")
    roots = r"hw3lib|demo_world|configs|notebooks|benchmarks|tests|docs|tools"
    named = {match[1] for match in re.finditer(rf"`((?:{roots})/[\w./-]*)`", text)}
    wings = "|".join(path.name for path in (ROOT / "hw3lib").iterdir() if (path / "__init__.py").is_file())
    named |= {f"hw3lib/{match[1]}" for match in re.finditer(rf"`((?:{wings})/\w+\.py)`", text)}
    named |= {match[1].split("#")[0] for match in re.finditer(r"\]\(([^)]+)\)", text) if "://" not in match[1]} - {""}
    assert named, "a document that names no file needs no such test"
    built = ("docs/build", "report/build")
    missing = [
        name
        for name in named
        if not name.startswith(built) and not (ROOT / name).exists() and not (document.parent / name).exists()
    ]
    assert missing == []


def test_the_tables_of_formats_are_those_of_the_code_and_every_field_has_its_meaning() -> None:
    spec = importlib.util.spec_from_file_location("write_formats", ROOT / "tools" / "write_formats.py")
    assert spec and spec.loader
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    document = tool.DOCUMENT.read_text("utf-8")
    assert document == tool.written(document), "run tools/write_formats.py"
    assert re.findall(r"^\| `.*\|\s*\|$", document, re.M) == []


def test_a_public_function_that_people_call_first_has_an_example() -> None:
    finder = doctest.DocTestParser()
    examples = {
        str(path.relative_to(ROOT)): len(finder.get_examples(path.read_text("utf-8")))
        for path in (ROOT / "hw3lib").rglob("*.py")
    }
    assert sum(examples.values()) >= 25, examples
