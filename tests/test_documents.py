"""The documents name what is there."""

from __future__ import annotations

import importlib.util
import re

from tests.support.places import ROOT


def test_the_tables_of_formats_are_those_of_the_code_and_every_field_has_its_meaning() -> None:
    spec = importlib.util.spec_from_file_location("write_formats", ROOT / "tools" / "write_formats.py")
    assert spec and spec.loader
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    document = tool.DOCUMENT.read_text("utf-8")
    assert document == tool.written(document), "run tools/write_formats.py"
    assert re.findall(r"^\| `.*\|\s*\|$", document, re.M) == []
