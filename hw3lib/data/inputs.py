"""What a result follows from, as one short hash: a result of the same inputs is loaded and not computed again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hw3lib import paths
from hw3lib.data import shards
from hw3lib.data.cache.digests import Digests
from hw3lib.data.images import Photograph
from hw3lib.system import files, provenance, sources


def fingerprint(
    code: str, settings: Sequence[Any], contents: Sequence[str | Path | None], photographs: Sequence[Photograph]
) -> str:
    """A hash of a module of the project with all that it imports, of settings, and of contents.

    ``code`` is the module's path in the project. A file counts by its content wherever it lies; text that names no file
    (a tag of weights, a prompt set) as it is; a photograph by its name and content.
    """
    root = paths.PACKAGE.parent
    facts = {
        "code": {str(Path(file).relative_to(root)): digest(Path(file)) for file in sources.closure(code)},
        "settings": [repr(setting) for setting in settings],
        "files": [digest(file) if isinstance(file, Path) else content(file or "") for file in contents],
        "photographs": [
            (photograph.name, value.hex())
            for photograph, value in zip(photographs, Digests().of(photographs), strict=True)
        ],
    }
    return provenance.fingerprint(facts)


def content(source: str) -> str:
    """A file's hash instead of its path; a name or a tag as it is."""
    path = paths.resolve(source) if source else None
    return digest(path) if path and path.is_file() else source


def digest(path: Path) -> str:
    """The sha256 of a file or of shards; ``absent`` where there is none."""
    if shards.is_shards(path):
        return shards.digest(path)
    return files.sha256(path) if path.is_file() else "absent"
