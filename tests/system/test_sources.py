"""What a step's result follows from: every module that its notebook imports, as import-linter's graph has it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hw3lib import config
from hw3lib.pipeline.notebooks import source_of
from hw3lib.system.sources import closure
from tests.support.places import ROOT

NOTEBOOKS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))


def modules(files: list[str]) -> set[str]:
    """The dotted names of those of the files that are modules of hw3lib, packages left out."""
    relative = [Path(file).relative_to(ROOT) for file in files]
    return {
        ".".join(path.with_suffix("").parts)
        for path in relative
        if path.suffix == ".py" and path.stem != "__init__" and path.parts[0] == "hw3lib"
    }


@pytest.fixture(scope="module")
def graph() -> Any:
    return pytest.importorskip("grimp").build_graph("hw3lib", cache_dir=None)


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_a_notebooks_step_takes_its_whole_import_closure(notebook: str, graph: Any) -> None:
    cells = json.loads((ROOT / "notebooks" / f"{notebook}.ipynb").read_text("utf-8"))["cells"]
    code = "".join("".join(cell["source"]) + "\n" for cell in cells if cell["cell_type"] == "code")
    named = re.findall(r"^from (hw3lib[\w.]*) import (\([^)]*\)|.*)", code, re.M)
    direct = {f"{module}.{name}" for module, names in named for name in re.findall(r"\w+", names.split(" as ")[0])}
    direct |= {module for module, _ in named}
    expected = {
        name for module in direct & graph.modules for name in {module, *graph.find_upstream_modules(module)}
    } - {name for name in graph.modules if graph.find_children(name)}
    assert len(expected) > 10
    found = closure(f"notebooks/{notebook}.ipynb")
    assert modules(found) == expected
    assert str(ROOT / "notebooks" / f"{notebook}.ipynb") in found
    assert str(ROOT / "hw3lib" / "resources" / "published.json") in found


def test_the_snakefile_asks_for_the_closure_of_every_notebook_that_it_runs() -> None:
    rules = re.split(r"^ *rule ", (ROOT / "Snakefile").read_text("utf-8"), flags=re.M)[1:]
    run = {match[1]: rule for rule in rules if (match := re.search(r'(?:HW3|ON_GPU) \+ " notebook (\w+)', rule))}
    smoke = config.load("smoke")
    bare = replace(smoke, captions=None, p1=replace(smoke.require_labelled(), labelled=False))
    asked = set()
    for name, rule in run.items():
        inputs = rule.split("output:")[0]
        others = {source_of(profile, name).stem for profile in (smoke, bare)}
        asks = f'notebook(notebooks.source_of(PROFILE, "{name}").stem)' if len(others) > 1 else f'notebook("{name}")'
        assert asks in inputs, name
        asked |= others
    assert sorted({*asked, "index"}) == NOTEBOOKS  # the start page is no part of a report


def test_an_import_inside_a_function_counts_and_so_do_scripts_of_a_package(tmp_path: Path) -> None:
    for name in ("hw3lib/a/js/a.js", "hw3lib/a/__init__.py", "hw3lib/__init__.py", "hw3lib/c.py", "hw3lib/unused.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "hw3lib/a/b.py").write_text("def late():\n    from hw3lib import c\n    import torch\n")
    cell = {"cell_type": "code", "source": ["%matplotlib inline\n", "from hw3lib.a.b import late"]}
    (tmp_path / "n.ipynb").write_text(json.dumps({"cells": [cell]}))
    found = {str(Path(path).relative_to(tmp_path)) for path in closure("n.ipynb", root=tmp_path)}
    assert found == {
        "n.ipynb", "hw3lib/__init__.py", "hw3lib/a/__init__.py", "hw3lib/a/b.py", "hw3lib/a/js/a.js", "hw3lib/c.py"
    }  # fmt: skip
