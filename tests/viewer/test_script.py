"""The viewer's modules join to one script that parses, can be inlined and asks for nothing."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from hw3lib import paths
from hw3lib.viewer.script import MODULES, script

DROP = paths.PACKAGE / "display" / "js" / "drop.js"  # what all that takes files shares
SOURCES = [*sorted(MODULES.glob("*.js")), DROP]
_NODE = shutil.which("node")
_DECLARED = re.compile(r"^(?:export )?(?:async )?(?:function|class|const|let|var) +(\w+)", re.M)


def test_the_script_can_be_inlined_and_asks_for_nothing() -> None:
    text = script()
    assert "</script" not in text.lower()
    assert "<!--" not in text
    assert not re.search(r"https?:|\bfetch\(|\bimport\b|XMLHttpRequest|@import|url\(|\beval\(", text)


def test_every_module_is_in_it_once_after_what_it_imports() -> None:
    text = script()
    declared = [name for source in SOURCES for name in _DECLARED.findall(source.read_text(encoding="utf-8"))]
    assert sorted(_DECLARED.findall(text)) == sorted(declared)
    order = [text.index(f"\n{line}") for line in ("class Maps", "class Selection", "class Stage", "function mountAll")]
    assert order == sorted(order)


def test_no_name_of_one_module_is_another_modules() -> None:
    names = Counter(name for source in SOURCES for name in _DECLARED.findall(source.read_text(encoding="utf-8")))
    assert [name for name, count in names.items() if count > 1] == []


def test_it_exports_what_a_notebook_and_a_page_take_and_no_more() -> None:
    assert re.findall(r"^export .*$", script(), re.M) == ["export { mountAll, render };", "export default { render };"]


def test_comments_for_readers_stay_in_the_sources() -> None:
    assert "/**" not in re.sub(r"\(?/\*\* @type .*?\*/", "", script())
    assert "@ts-check" not in script()


def test_the_modules_are_small() -> None:
    assert {source.name for source in SOURCES if len(source.read_text(encoding="utf-8").splitlines()) > 200} == set()


@pytest.mark.skipif(_NODE is None, reason="there is no node")
def test_node_parses_the_script_and_every_module(tmp_path: Path) -> None:
    (tmp_path / "joined.js").write_text(script(), encoding="utf-8")
    for path in [*SOURCES, tmp_path / "joined.js"]:
        module = shutil.copy(path, tmp_path / f"{path.stem}.mjs")
        done = subprocess.run([str(_NODE), "--check", module], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
