"""Our page and print as nbconvert's exporters: of any notebook, of a merged one, and by the command."""

from __future__ import annotations

import json
from importlib.metadata import entry_points
from pathlib import Path

import nbformat
import pytest
from nbconvert.exporters import get_exporter

from hw3lib import config, paths
from hw3lib.display.bundle import table_bundle
from hw3lib.report.exporters import PageExporter, PrintExporter
from hw3lib.report.merged import NOTEBOOK, merge, report_of
from hw3lib.report.summary import summarise
from tests.support import report_material as material
from tests.support.places import ROOT

EVIL = '</style><script>window.hurt = 1</script>{{ 7 * 7 }} #read("/etc/passwd")'


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A notebook that is not ours, of which every text is hostile, and one cell failed."""
    failed = nbformat.v4.new_output("error", ename="ValueError", evalue=EVIL, traceback=[])
    html = nbformat.v4.new_output("display_data", data={"text/html": EVIL, "text/plain": "a table"})
    cells = [
        material.markdown(f"# A title {EVIL}\n\nWords, *more* words.\n\n## Section\n\n{EVIL}"),
        material.code("print('out')", stdout=EVIL),
        nbformat.v4.new_code_cell("show()", outputs=[html, failed]),
        material.code("hidden()", stdout="never shown", tags=("notebook-only",)),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"title": EVIL})
    path = tmp_path / "foreign.ipynb"
    nbformat.write(notebook, path)
    return path


def test_both_are_known_to_nbconvert_and_listed_where_jupyterlab_exports() -> None:
    found = {entry.name: entry.load() for entry in entry_points(group="nbconvert.exporters")}
    assert (found["hw3-html"], found["hw3-pdf"]) == (PageExporter, PrintExporter)
    for name in ("hw3-html", "hw3-pdf"):
        assert get_exporter(name).export_from_notebook


def test_a_single_notebook_gives_a_titled_page_without_our_first_one(foreign: Path) -> None:
    page, _ = PageExporter().from_filename(str(foreign))
    assert "<h2>A title" in page
    assert 'id="summary"' not in page
    assert 'id="made"' not in page
    assert "never shown" not in page
    assert "Content-Security-Policy" in page
    # Words are shown as they are: not one is markup, a template's expression, or a script.
    assert "<script>window.hurt" not in page
    assert "{{ 7 * 7 }}" in page
    assert "ValueError: &lt;/style&gt;" in page


def test_a_table_of_verdicts_names_its_numbers_where_a_phone_shows_no_heads(tmp_path: Path) -> None:
    bundles = [
        table_bundle(
            ["what", "p (Holm)", last], [["a", 0.5, "✓ supported"]], "A table.", align=["left", "right", "left"]
        )
        for last in ("verdict", "note")
    ]
    outputs = [nbformat.v4.new_output("display_data", data=bundle) for bundle in bundles]
    notebook = nbformat.v4.new_notebook(
        cells=[material.markdown("# A"), nbformat.v4.new_code_cell("t", outputs=outputs)]
    )
    page, _ = PageExporter().from_notebook_node(notebook)
    assert page.count(' data-column="') == 1
    assert '<td class="right" data-column="p (Holm)">' in page


def test_a_single_notebook_gives_a_titled_pdf(foreign: Path, tmp_path: Path) -> None:
    pdfium = pytest.importorskip("pypdfium2")
    content, resources = PrintExporter().from_filename(str(foreign))
    assert resources["output_extension"] == ".pdf"
    with pdfium.PdfDocument(content) as document:
        text = "".join(page.get_textpage().get_text_range() for page in document)
        assert len(document) == 1
    assert "A title" in text
    assert "#read(" in text, "typst's own code is text"
    assert "never shown" not in text
    assert "root:" not in text


def test_the_merged_notebook_is_the_record_that_gives_the_report_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HW3_ROOT", str(material.make(tmp_path)))
    profile = config.load("fake")
    summarise(profile)
    merged = merge(profile)
    nbformat.validate(merged)
    assert len({cell.id for cell in merged.cells}) == len(merged.cells)
    again = nbformat.reads(nbformat.writes(merged), as_version=4)
    report = report_of(again, "elsewhere")
    assert report.profile == "fake"
    *chapters, training = report.chapters
    assert [chapter.name for chapter in chapters] == ["p1_prompts", "p2_ablations", "p3_attention"]
    assert [section.title for section in training.sections] == [run.title for run in profile.runs.values()]
    assert json.loads(json.dumps(merged.metadata[NOTEBOOK])) == merged.metadata[NOTEBOOK]
    assert PageExporter().from_notebook_node(again)[0] == PageExporter().from_notebook_node(merged)[0]


def test_the_command_writes_both_beside_the_notebook(foreign: Path) -> None:
    from nbconvert.nbconvertapp import NbConvertApp  # half a second, which not every process of tests needs

    for target in ("hw3-html", "hw3-pdf"):
        command = NbConvertApp()  # in this process: one of its own imports for two seconds
        command.initialize(["--to", target, str(foreign)])
        command.start()
    assert "<script>window.hurt" not in foreign.with_suffix(".html").read_text("utf-8")
    assert foreign.with_suffix(".pdf").read_bytes()[:5] == b"%PDF-"


def test_templates_are_found_in_a_checkout_and_packaged_for_others() -> None:
    assert paths.templates() == ROOT / "report" / "hw3"
    assert {"conf.json", "index.html.j2", "hw3.css", "hw3.js", "hw3.typ"} == {
        path.name for path in paths.templates().iterdir()
    }
