"""Bring the tables of docs/formats.md up to date: the fields of the dataclasses that are read and written.

    python tools/write_formats.py

Each table stands between `<!-- fields: module.Class -->` and `<!-- end -->`; what a field means is the comment
beside it in the code, or above it.
"""

from __future__ import annotations

import ast
import importlib.util
import re
from functools import lru_cache
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "formats.md"
_TABLE = re.compile(r"<!-- fields: ([\w.]+) -->\n.*?<!-- end -->", re.S)


def written(document: str) -> str:
    """The document with every table as the code has it."""
    return _TABLE.sub(lambda match: f"<!-- fields: {match[1]} -->\n{table(match[1])}\n<!-- end -->", document)


def table(name: str) -> str:
    """A Markdown table of a dataclass's fields."""
    module, _, kind = name.rpartition(".")
    source, tree = _parsed(module)
    (node,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == kind)
    fields = [item for item in node.body if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)]
    with_default = any(item.value is not None for item in fields)
    columns = ["field", "type", *(["default"] if with_default else []), "meaning"]
    lines = ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
    for item in fields:
        cells = [f"`{item.target.id}`", f"`{ast.unparse(item.annotation)}`", _meaning(source, item)]
        if with_default:
            cells.insert(2, _default(item.value))
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


@lru_cache
def _parsed(module: str) -> tuple[list[str], ast.Module]:
    spec = importlib.util.find_spec(module)
    assert spec and spec.origin, module
    text = Path(spec.origin).read_text(encoding="utf-8")
    return text.splitlines(), ast.parse(text)


def _default(value: ast.expr | None) -> str:
    """A default as a profile would write it; empty for a field that must be given."""
    if isinstance(value, ast.Call):
        named = {keyword.arg: keyword.value for keyword in value.keywords}
        value = named.get("default") or (ast.Constant("{}") if "default_factory" in named else None)
    return "" if value is None else f"`{ast.unparse(value)}`".replace("`'{}'`", "its own defaults")


def _meaning(source: list[str], item: ast.AnnAssign) -> str:
    """The comment at the field's end, else the lines of comment above it."""
    beside = re.search(r"\s#\s(.*)$", source[item.end_lineno - 1][item.end_col_offset :])
    if beside:
        return beside[1]
    above, line = [], item.lineno - 2
    while source[line].strip().startswith("#"):
        above.insert(0, source[line].strip("# "))
        line -= 1
    return " ".join(above)


if __name__ == "__main__":
    DOCUMENT.write_text(written(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
    print(DOCUMENT)
