"""Which files of the project a step's result follows from, read out of imports: editing one makes the step again."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from hw3lib import paths

PACKAGES = ("hw3lib", "demo_world")


def closure(*entries: str, root: Path = paths.PACKAGE.parent) -> list[str]:
    """The entries, notebooks or modules by their paths below ``root``, and every module that they import, however far.

    Imports inside functions count. The data files of ``hw3lib/resources`` are any module's; scripts that lie in a
    package (the viewer's) belong to its modules. Absolute paths, sorted.
    """
    waiting, reached = [root / entry for entry in entries], set[Path]()
    while waiting:
        path = waiting.pop()
        if path not in reached:
            reached.add(path)
            waiting += [module for name in _imported(_code(path)) for module in _files(name, root)]
    folders = {path.parent for path in reached if path.suffix == ".py"}
    reached |= {script for folder in folders for script in folder.glob("js/*.js")}
    reached |= {file for file in (root / "hw3lib" / "resources").rglob("*") if file.is_file()}
    return sorted(map(str, reached))


@cache  # by what the file holds: steps share most of their modules, and reading code is what a plan's time goes into
def _imported(code: str) -> tuple[str, ...]:
    """The dotted names that a module or a notebook imports from the project."""
    names: list[str] = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names if alias.name.split(".")[0] in PACKAGES]
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in PACKAGES:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return tuple(names)


def _code(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    return "\n".join(line for cell in cells for line in "".join(cell["source"]).splitlines() if line[:1] not in "%!")


def _files(name: str, root: Path) -> Iterator[Path]:
    """The files that an import of ``name`` runs: the module, or the one that holds the name, and its packages."""
    parts = name.split(".")
    for length in range(1, len(parts) + 1):
        place = root.joinpath(*parts[:length])
        yield from (file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file())
