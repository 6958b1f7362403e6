"""Bring the tables of docs/formats.md up to date: the fields of the dataclasses that are read and written.

    python tools/write_formats.py

Each table stands between `<!-- fields: module.Class -->` and `<!-- end -->`; what a field means is the comment
beside it in the code, or above it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import is_dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "formats.md"
_TABLE = re.compile(r"<!-- fields: ([\w.]+) -->\n.*?<!-- end -->", re.S)


def written(document: str) -> str:
    """The document with every table as the code has it."""
    return _TABLE.sub(lambda match: f"<!-- fields: {match[1]} -->\n{table(match[1])}\n<!-- end -->", document)


def table(name: str) -> str:
    """A Markdown table of a dataclass's fields, those that it inherits first."""
    module, _, kind = name.rpartition(".")
    fields = {
        field: item for owner in reversed(getattr(import_module(module), kind).__mro__) for field, item in _own(owner)
    }
    with_default = any(node.value is not None for _, node in fields.values())
    columns = ["field", "type", *(["default"] if with_default else []), "meaning"]
    lines = ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
    for field, (source, node) in fields.items():
        name, annotation = _in_the_file(field, node.annotation)
        cells = [f"`{name}`", f"`{ast.unparse(annotation)}`", _meaning(source, node)]
        if with_default:
            cells.insert(2, _default(node.value))
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def _own(owner: type) -> Iterator[tuple[str, tuple[list[str], ast.AnnAssign]]]:
    """A dataclass's own fields: name, the lines of its module, and where in them it stands."""
    if is_dataclass(owner):
        source, tree = _parsed(owner.__module__)
        (node,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == owner.__name__)
        for item in node.body:
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
                yield item.target.id, (source, item)


def _in_the_file(field: str, annotation: ast.expr) -> tuple[str, ast.expr]:
    """A field's name in the file, which an alias gives, and its type: `Annotated[str, Field(alias="twin")]`."""
    match annotation:
        case ast.Subscript(ast.Name("Annotated"), ast.Tuple([kind, ast.Call(keywords=[ast.keyword("alias", alias)])])):
            return ast.literal_eval(alias), kind
    return field, annotation


@lru_cache
def _parsed(module: str) -> tuple[list[str], ast.Module]:
    text = Path(str(import_module(module).__file__)).read_text(encoding="utf-8")
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
