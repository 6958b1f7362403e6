"""The report: a profile's executed notebooks, merged into one that both exporters set."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import nbformat

from hw3lib import config, paths
from hw3lib.report.merged import merge, missing, sources
from hw3lib.system import files
from hw3lib.system.locks import exclusive


def build(profile: config.Profile, progress: Callable[[str], None] = lambda text: None) -> tuple[Path, Path]:
    """Write ``hw3_report.ipynb``, ``.html`` and ``.pdf`` into ``report/build/<profile>/``; returns the last two paths.

    The notebook is the record behind the report: every cell of it, with its outputs. The executed notebooks themselves,
    to which the page's figures link, lie in ``notebooks/`` beside it. Raises :class:`UserError` when the
    profile's results are not complete; ``summary.json`` must be there already.
    """
    from hw3lib.report.exporters import PageExporter, PrintExporter

    notebook = merge(profile)
    page = paths.page(profile.name)
    printed = page.with_suffix(".pdf")
    progress("setting the HTML page")
    text, _ = PageExporter().from_notebook_node(notebook)
    progress("setting the PDF")
    content, _ = PrintExporter().from_notebook_node(notebook)
    _lay_notebooks(sources(profile), page.with_name("notebooks"))
    files.write_text(page.with_suffix(".ipynb"), nbformat.writes(notebook))
    files.write_text(page, text)
    with files.atomic(printed) as temporary:
        temporary.write_bytes(content)
    return page, printed


def build_so_far(profile: config.Profile) -> Path | None:
    """Write the page of what is done while something is missing, and say so at its top; else ``None``.

    A finished report, which has its PDF beside it, stays until its successor is finished. Steps that end together write
    it one after the other, so that the last has them all.
    """
    from hw3lib.report.exporters import PageExporter

    page = paths.page(profile.name)
    with exclusive(page.with_name(".so_far.lock"), "", patience=-1):
        if not missing(profile) or page.with_suffix(".pdf").is_file():
            return None
        text, _ = PageExporter().from_notebook_node(merge(profile, so_far=True))
        _lay_notebooks(sources(profile), page.with_name("notebooks"))
        files.write_text(page, text)
        return page


def _lay_notebooks(notebooks: Iterable[tuple[Path, str]], folder: Path) -> None:
    """Copy the executed notebooks into a folder that holds no others."""
    paths_of = {path.name: path for path, _ in notebooks if path.is_file()}
    folder.mkdir(parents=True, exist_ok=True)
    for former in folder.glob("*.ipynb"):
        if former.name not in paths_of:
            former.unlink()
    for name, path in paths_of.items():
        files.write_text(folder / name, path.read_text(encoding="utf-8"))
