"""Copies of the notebooks to work in, under ``runs/lab``: JupyterLab saves there, and the project's stay as they are.

``python -m hw3lib.pipeline.working_copies FOLDER PROFILE`` brings them up to date; ``make lab`` calls it.
"""

from __future__ import annotations

import hashlib
import json
import sys
from contextlib import suppress
from pathlib import Path

from hw3lib import paths
from hw3lib.pipeline.notebooks import SOURCES
from hw3lib.system import files

_ORIGINS = ".origins.json"  # in the folder: by notebook, the hash of the cells that the copy was made with
_DEFAULT = "demo"  # the profile that the notebooks name


def refresh(folder: Path, sources: Path = SOURCES, profile: str = _DEFAULT) -> list[str]:
    """Copy each notebook that the folder lacks or that the project has changed; returns what a reader should know.

    The copies' parameter is the ``profile``.

    A copy whose cells were edited is nobody's but the reader's: it stays, and the project's newer one is put beside it.
    """
    record = folder / _ORIGINS
    origins: dict[str, str] = files.read_json(record) if record.is_file() else {}
    notes = []
    for source in sorted(sources.glob("*.ipynb")):
        copy = folder / source.name
        content = source.read_text(encoding="utf-8").replace(_parameter(_DEFAULT), _parameter(profile))
        current = _cells(content)
        if origins.get(source.name) == current and copy.is_file():
            continue
        if copy.is_file() and _cells(copy.read_text(encoding="utf-8")) not in (origins.get(source.name), current):
            copy = copy.with_name(f"{source.stem}.new.ipynb")
            notes.append(f"{source.name} is as you edited it; the project has a newer one: {copy.name}")
        files.write_text(copy, content)
        origins[source.name] = current
    files.write_json(record, origins)
    return notes


def _parameter(profile: str) -> str:
    """The notebooks' parameter as their files have it: a string in a string."""
    return json.dumps(f"profile: str = {json.dumps(profile)}")[1:-1]


def _cells(content: str) -> str:
    """A hash of what a notebook's cells say, outputs and metadata left out; of anything else, of all of it."""
    with suppress(ValueError, KeyError, TypeError):
        content = "\0".join("".join(cell["source"]) for cell in json.loads(content)["cells"])
    return hashlib.sha256(content.encode()).hexdigest()


if __name__ == "__main__":
    for note in refresh(paths.root() / sys.argv[1], profile=sys.argv[2]):
        print(f"lab: {note}")
