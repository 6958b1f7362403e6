"""The report: executed notebooks and score files of a profile -> one HTML file and one PDF.

Both documents are set from the same blocks (:mod:`hw3lib.report.blocks`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from hw3lib import config, paths
from hw3lib.report import front
from hw3lib.report.blocks import plain, prose
from hw3lib.report.document import Chapter, Report, join_runs, number
from hw3lib.report.notebook import read_chapter
from hw3lib.system import files
from hw3lib.system.errors import UserError

TITLE = "Prompts, Captions, Attention"
SUBTITLE = "Three problems of vision and language, computed anew"
NAME = "hw3_report"


def assemble(profile: config.Profile) -> Report:
    """Read a profile's results. Raises :class:`UserError` when notebooks are missing or failed."""
    summary = files.read_json(paths.runs(profile.name) / "summary.json", "`hw3 report` writes it.")
    chapters, claims, results = _chapters(profile), front.claim_blocks(profile), front.summary_blocks(profile, summary)
    number([Chapter("summary", "Summary", blocks=[*claims, *results]), *chapters])
    return Report(
        title=TITLE,
        subtitle=SUBTITLE,
        profile=profile.name,
        demo=profile.data == "demo",
        about=front.about(profile),
        tiles=front.tiles(profile, summary),
        claims=claims,
        summary=results,
        chapters=chapters,
        references=cited(chapters),
        stamp=front.stamp(profile, summary["provenance"]),
    )


def _chapters(profile: config.Profile) -> list[Chapter]:
    """The executed notebooks in the report's order; claims may be missing."""
    folder = paths.runs(profile.name) / "notebooks"
    training = [folder / f"p2_training_{name}.ipynb" for name in profile.runs]
    claims, prompts, ablations, attention = (
        folder / f"{name}.ipynb" for name in ("claims", "p1_prompts", "p2_ablations", "p3_attention")
    )
    missing = [str(path) for path in (prompts, *training, ablations, attention) if not path.is_file()]
    if missing:
        raise UserError(f"not executed yet: {', '.join(missing)}; `hw3 report --profile {profile.name}` runs them")
    titles = [run.title for run in profile.runs.values()]
    return [
        *([read_chapter(claims)] if claims.is_file() else []),
        read_chapter(prompts),
        join_runs([read_chapter(path) for path in training], list(profile.runs), titles),
        read_chapter(ablations),
        read_chapter(attention),
    ]


def cited(chapters: list[Chapter]) -> list[str]:
    """The entries of ``resources/references.json`` whose first author the chapters' prose names, by name."""
    references = files.read_json(paths.PACKAGE / "resources" / "references.json")
    text = " ".join(text for chapter in chapters for text in (plain(chapter.lead), *prose(chapter.walk())))
    return [entry["text"] for entry in references if re.search(rf"\b{re.escape(entry['name'])}\b", text)]


def build(profile: config.Profile, progress: Callable[[str], None] = lambda text: None) -> tuple[Path, Path]:
    """Write ``hw3_report.html`` and ``hw3_report.pdf`` into ``report/build/<profile>/``; returns both paths.

    Raises :class:`UserError` when the profile's results are not complete; ``summary.json`` must be there already.
    """
    from hw3lib.report import html, pdf

    report = assemble(profile)
    folder = paths.report(profile.name)
    page, printed = folder / f"{NAME}.html", folder / f"{NAME}.pdf"
    progress("setting the HTML page")
    html.write(report, page)
    progress("setting the PDF")
    pdf.write(report, printed)
    return page, printed
