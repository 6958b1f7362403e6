"""The works that a report's prose cites."""

from __future__ import annotations

import re

from hw3lib import paths
from hw3lib.report.blocks import plain, prose
from hw3lib.report.document import Chapter
from hw3lib.system import files


def cited(chapters: list[Chapter]) -> list[str]:
    """The entries of ``resources/references.json`` whose first author the chapters' prose names, by name."""
    references = files.read_json(paths.PACKAGE / "resources" / "references.json")
    text = " ".join(text for chapter in chapters for text in (plain(chapter.lead), *prose(chapter.walk())))
    return [entry["text"] for entry in references if re.search(rf"\b{re.escape(entry['name'])}\b", text)]
