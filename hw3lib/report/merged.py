"""A profile's executed notebooks as one: the record behind a report, from which any exporter sets it again.

Each cell carries under ``hw3`` the notebook that it comes from and, where that was run for several runs, the run; the
notebook's metadata carry under ``hw3_report`` what the report says before its first chapter.
"""

from __future__ import annotations

from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from hw3lib import config, paths
from hw3lib.report import front
from hw3lib.report.blocks import isolate_quotes
from hw3lib.report.document import Chapter, Front, Report, join_runs, number
from hw3lib.report.notebook import PAGE_ONLY, PRIORITY, read_chapter
from hw3lib.report.references import cited, link
from hw3lib.report.summary import key_numbers
from hw3lib.system import files
from hw3lib.system.errors import UserError

TITLE = "Prompts, Captions, Attention"
SUBTITLE = "Three problems of vision and language, computed anew"
CLAIMS = "claims"
_TITLES = {
    "p1_prompts": "P1. Zero-shot classification by prompt",
    "p2_ablations": "P2. Image captioning",
    "p3_attention": "P3. Attention, word by word",
}
RUNS = "P2. Each run's training"
CELL, NOTEBOOK = "hw3", "hw3_report"  # the keys of our metadata


def merge(profile: config.Profile, so_far: bool = False) -> NotebookNode:
    """One notebook of all that the profile executed, in the report's order; the claims may be missing.

    A chapter that the profile leaves out is a sentence that says why. With ``so_far`` it has what is there, and the
    front says what is not.

    Raises :class:`UserError` for a notebook that is missing, was never run, or failed.
    """
    merged = nbformat.v4.new_notebook()
    absent = missing(profile)
    if needed := [str(path) for path, _ in absent if path.stem != CLAIMS and not so_far]:
        raise UserError(f"not executed yet: {', '.join(needed)}; `hw3 report --profile {profile.name}` runs them")
    for place, (path, run) in enumerate(part for part in sources(profile) if part not in absent):
        reason = profile.chapters.get(path.stem)
        source = _left_out(profile, path.stem, reason) if reason else executed(path)
        merged.metadata |= {
            key: source.metadata[key] for key in ("kernelspec", "language_info") if key in source.metadata
        }
        for index, cell in enumerate(source.cells):
            cell.metadata[CELL] = {"notebook": path.stem}
            if run:
                cell.metadata[CELL] = {"notebook": "p2_training", "run": run, "title": profile.runs[run].title}
                cell.metadata["tags"] = [*cell.metadata.get("tags", []), PAGE_ONLY]
            cell["id"] = f"{place:02}-{index:03}"  # the same notebook may stand in it several times
            merged.cells.append(cell)
    merged.metadata[NOTEBOOK] = asdict(_front(profile, absent if so_far else []))
    return merged


def _left_out(profile: config.Profile, chapter: str, reason: str) -> NotebookNode:
    """What stands for a chapter that the profile has nothing for."""
    text = f"# {_TITLES[chapter]}\n\nLeft out: the profile {profile.name} {reason}."
    cell = nbformat.v4.new_markdown_cell(text)
    return nbformat.v4.new_notebook(cells=[cell])


def sources(profile: config.Profile) -> list[tuple[Path, str]]:
    """The notebooks to execute, in the report's order, with the run of those that are executed for each."""
    folder = paths.runs(profile.name) / "notebooks"
    chapters = [(folder / f"{name}.ipynb", "") for name in (*profile.chapters, CLAIMS)]
    return [*chapters, *((folder / f"p2_training_{run}.ipynb", run) for run in profile.runs)]


def missing(profile: config.Profile) -> list[tuple[Path, str]]:
    """Those of :func:`sources` that are not executed yet, and that the profile does not leave out."""
    parts = [(path, run) for path, run in sources(profile) if not path.is_file()]
    return [(path, run) for path, run in parts if not profile.chapters.get(path.stem)]


def executed(path: Path) -> NotebookNode:
    """An executed notebook. Raises :class:`UserError` when a cell failed, or when it was never run."""
    notebook = nbformat.read(path, as_version=4)
    code = [(index, cell) for index, cell in enumerate(notebook.cells, 1) if cell.cell_type == "code"]
    if code and not any(cell.get("execution_count") for _, cell in code):
        raise UserError(f"{path} was not executed: run it with papermill, or the whole pipeline with `hw3 report`")
    for index, cell in code:
        for output in cell.outputs:
            if output.output_type == "error":
                raise UserError(f"{path}, cell {index} failed: {output.get('ename')}: {output.get('evalue')}")
    return notebook


def _front(profile: config.Profile, absent: list[tuple[Path, str]]) -> Front:
    if absent:  # the file, with what made it, is written when all is there
        summary = key_numbers(profile)
    else:
        summary = files.read_json(paths.runs(profile.name) / "summary.json", "`hw3 report` writes it.")
    return Front(
        title=TITLE,
        subtitle=SUBTITLE,
        unfinished=front.unfinished(profile, [(path.stem, run) for path, run in absent]),
        profile=profile.name,
        demo=profile.data == "demo",
        about=front.about(profile),
        tiles=front.tiles(profile, summary),
        claims=front.claim_blocks(profile),
        summary=front.summary_blocks(profile, summary),
        stamp=[] if absent else front.stamp(profile, summary["provenance"]),
    )


def report_of(notebook: NotebookNode, name: str, priority: tuple[str, ...] = PRIORITY) -> Report:
    """A notebook as the document that is set: a merged one as the whole report, any other as one titled chapter."""
    chapters: list[Chapter] = []
    for of, cells in groupby(notebook.cells, key=lambda cell: cell.metadata.get(CELL, {}).get("notebook", name)):
        runs = [(dict(key), list(part)) for key, part in groupby(cells, key=_run)]
        read = [read_chapter(f"{of}_{key['run']}" if "run" in key else of, part, priority) for key, part in runs]
        if "run" in runs[0][0]:
            names, titles = [key["run"] for key, _ in runs], [key["title"] for key, _ in runs]
            chapters.append(join_runs(RUNS, read, names, titles))
        else:
            chapters += read
    said: dict[str, Any] = notebook.metadata.get(NOTEBOOK) or {"title": chapters[0].title if chapters else name}
    opening = Front(**said)
    parts = [part for chapter in chapters for part in (chapter, *chapter.sections)]
    isolate_quotes([opening.claims, opening.summary, *(part.blocks for part in parts)])
    number([Chapter("summary", "Summary", blocks=[*opening.claims, *opening.summary]), *chapters])
    references = cited(chapters) if opening.profile else []
    link(chapters, references)
    return Report(**vars(opening), chapters=chapters, references=references)


def _run(cell: NotebookNode) -> tuple[tuple[str, str], ...]:
    origin = cell.metadata.get(CELL, {})
    return tuple((key, origin[key]) for key in ("run", "title") if key in origin)
