"""The finished report: what is in it, what must never be in it, and how it behaves in a browser."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import pytest

from hw3lib import config, paths
from hw3lib.claims import evidence
from hw3lib.display.scripts import cjk_font
from hw3lib.display.style import STYLE, WIDTH
from hw3lib.models.experiment import Experiment
from hw3lib.prompts.results import Study, Unlabelled
from hw3lib.report import front, html
from hw3lib.report.assemble import build, build_so_far
from hw3lib.report.blocks import plain, prose
from hw3lib.report.exporters import PrintExporter
from hw3lib.report.merged import merge
from hw3lib.report.pdf import WIDEST
from hw3lib.report.summary import key_numbers, summarise
from hw3lib.system import files
from hw3lib.system.errors import UserError
from hw3lib.system.locks import exclusive
from hw3lib.system.results import write_result
from tests.support import report_material as material
from tests.support.places import ROOT
from tests.support.predictions import in_halves, study_of, template_scores

EVIL, CHINESE = material.EVIL, material.CHINESE


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> config.Profile:
    """A made-up run of one's own, to spoil."""
    monkeypatch.setenv("HW3_ROOT", str(material.make(tmp_path)))
    return config.load("fake")


def test_a_profile_without_clip_has_a_sentence_for_p1(fresh: config.Profile) -> None:
    summarise(fresh)
    (paths.runs("fake") / "notebooks" / "p1_prompts.ipynb").unlink()
    with pytest.raises(UserError, match=r"p1_prompts\.ipynb"):
        merge(fresh)
    cells = merge(dataclasses.replace(fresh, clip=None)).cells
    assert [cell.source.splitlines()[-1] for cell in cells if cell.metadata["hw3"]["notebook"] == "p1_prompts"] == [
        "Left out: the profile fake names no CLIP (`clip: null`), and it is CLIP that answers the prompts."
    ]


def test_the_page_of_an_unfinished_report_has_what_is_done_and_says_what_is_to_come(fresh: config.Profile) -> None:
    notebooks, page = paths.runs("fake") / "notebooks", paths.page("fake")
    shutil.copy(notebooks / "p3_attention.ipynb", notebooks / "claims.ipynb")
    assert build_so_far(fresh) is None  # nothing is missing
    for name in ("p3_attention", "claims", "p2_training_vit"):
        (notebooks / f"{name}.ipynb").unlink()
    assert build_so_far(fresh) == page
    found = Page(page.read_text(encoding="utf-8"))
    assert (
        "This report is not finished. Still to come: P3, claims and the training of 1 run (vit). While “make "
        "report PROFILE=fake” is running, each part is added as it is done: reload the page."
    ) in " ".join(found.words)
    chapters = [values["id"] for tag, values in found.tags if tag == "section" and values.get("class") == "chapter"]
    assert "p1_prompts" in chapters
    assert "p3_attention" not in chapters
    assert not (paths.runs("fake") / "summary.json").exists()
    assert {path.name for path in (page.parent / "notebooks").iterdir()} == {path.name for path in notebooks.iterdir()}

    page.with_suffix(".pdf").touch()
    page.write_text("finished", encoding="utf-8")
    assert build_so_far(fresh) is None
    assert page.read_text(encoding="utf-8") == "finished"


def test_pages_of_steps_that_end_together_are_written_in_turn(fresh: config.Profile) -> None:
    notebooks, page = paths.runs("fake") / "notebooks", paths.page("fake")
    late = (notebooks / "p3_attention.ipynb").rename(notebooks / "late")
    with ThreadPoolExecutor(1) as pool:
        with exclusive(page.with_name(".so_far.lock"), "nobody else writes"):  # a step is writing what it has
            waits = pool.submit(build_so_far, fresh)
            with pytest.raises(TimeoutError):
                waits.result(timeout=3)
            late.rename(notebooks / "p3_attention.ipynb")
        assert waits.result() == page
    assert (page.parent / "notebooks" / "p3_attention.ipynb").is_file()


def test_a_report_is_set_without_torch() -> None:
    code = "import sys; import hw3lib.report.exporters, hw3lib.report.assemble; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0, "torch takes seconds to import"


def test_a_finished_report_says_nothing_of_what_is_to_come(fresh: config.Profile) -> None:
    summarise(fresh)
    assert merge(fresh).metadata["hw3_report"]["unfinished"] == ""


def test_without_a_best_caption_the_summary_has_no_table_of_the_two(fresh: config.Profile) -> None:
    path = paths.runs("fake") / "p3" / "summary.json"
    files.write_json(path, files.read_json(path) | {"best": None, "worst": None, "facts": {}, "pair_facts": {}})
    summary = files.read_json(summarise(fresh))
    assert summary["p3"].keys() == {"run", "photographs"}
    captions = [block["caption"] for block in front.summary_blocks(fresh, summary) if block["kind"] == "table"]
    assert captions
    assert not [caption for caption in captions if caption.startswith("Attention")]


class Page(HTMLParser):
    """Everything that matters of a page, by tag."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[str | None, str]] = []
        self.words: list[str] = []
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "script":
            self.scripts.append((dict(attrs).get("type"), ""))

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            kind, text = self.scripts[-1]
            self.scripts[-1] = (kind, text + data)
        elif self._inside != "style":
            self.words.append(data)

    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.words))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def page(built: Path) -> Page:
    return Page((built / "hw3_report.html").read_text(encoding="utf-8"))


# --- numbers ----------------------------------------------------------------------------------------------------------


def test_the_summary_holds_the_score_files_numbers_and_its_origin(built: Path) -> None:
    summary = files.read_json(paths.runs("fake") / "summary.json")
    assert summary["p1"]["prompts"]["This is a {object} image."] == pytest.approx(0.72)
    assert summary["p2"]["vit"] == {"CIDEr": 1.1, "CLIPScore": 0.71, "BLEU-4": 0.4, "object_recall": 0.88}
    assert summary["p3"]["worst"]["caption"] == EVIL
    assert {"commit", "versions", "device", "seed", "configuration"} <= set(summary["provenance"])


def test_on_other_photographs_the_first_page_says_that_published_figures_cannot_be_compared() -> None:
    measured = {"p1": {"prompts": {"No {object}, no score.": 0.4}}, "p2": {"best": {"CIDEr": 0.5}}, "p3": {}}
    for profile, compared in (("hw3", True), ("public", False)):
        blocks = str(front.summary_blocks(config.load(ROOT / "configs" / f"{profile}.yaml"), measured))
        assert ("cannot be compared with what was measured here" in blocks) is not compared
        assert ("0.8745" in blocks) is compared
        assert ("No captioning run has a published setting on the same data" in blocks) is not compared


def test_the_best_prompts_accuracy_is_that_of_the_images_that_did_not_choose_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HW3_ROOT", str(tmp_path))
    profile = config.load(ROOT / "configs" / "hw3.yaml")
    path = paths.runs(profile.name) / "p1" / "study.json"

    def shown(study: Study) -> tuple[str, str]:
        write_result(path, study)
        (tile,) = front.tiles(profile, key_numbers(profile))
        return tile

    told = study_of({"a": template_scores(0.6, {"dog": 0.6}), "b": template_scores(0.8, {"dog": 0.8})})
    chosen = {"a": template_scores(0.9, {"dog": 0.9}), "b": template_scores(0.5, {"dog": 0.5})}
    assert shown(told) == ("accuracy, best of 2 prompts", "0.800")
    best = "accuracy, best of 2 prompts, on images that did not choose it"
    whole = {key: template_scores(0.75, {"dog": 0.75}) for key in chosen}
    assert shown(dataclasses.replace(in_halves(told, chosen), templates=whole)) == (best, "0.600")
    numbers = key_numbers(profile)["p1"]["best"]
    assert (numbers["template"], numbers["images"], numbers["chosen_on"]) == ("a", 25, 25)
    alone = study_of({"a": template_scores(0.6, {"dog": 0.6})})
    assert shown(in_halves(alone, chosen)) == ("accuracy of the prompt", "0.600")


def test_the_first_page_says_whether_captions_are_scored_on_validation_or_on_test_images() -> None:
    measured = {"p1": {"prompts": {}}, "p2": {"best": {"CIDEr": 0.5}}, "p3": {}}
    hw3 = config.load(ROOT / "configs" / "hw3.yaml")
    tested = dataclasses.replace(hw3, captions=dataclasses.replace(hw3.captions, test_share=0.5))
    for profile, split in ((hw3, "validation"), (tested, "test")):
        blocks = str(front.summary_blocks(profile, measured))
        assert f"Figures of captions are {split} figures" in blocks
        assert f"on the {split} images." in blocks
        assert front.tiles(profile, measured) == [(f"CIDEr, reference run, {split} images", "0.500")]


def test_a_page_of_a_profile_with_a_test_split_says_so(fresh: config.Profile) -> None:
    path = paths.config("fake")
    path.write_text(path.read_text().replace("captions:\n", "captions:\n  test_share: 0.5\n"), encoding="utf-8")
    profile = config.load("fake")
    summarise(profile)
    build(profile)
    text = Page(paths.page("fake").read_text(encoding="utf-8")).text()
    assert "Figures of captions are test figures" in text
    assert "on the test images." in text
    assert "validation figures:" not in text


def test_the_first_page_sets_this_runs_numbers_beside_the_published_ones(page: Page) -> None:
    text = page.text()
    assert re.search(r"This is a photo of \{object\}\s*0\.7000\s*0\.6084", text)
    assert re.search(r"III: ViT, narrow, plain\s*1\.1000\s*0\.7100", text)
    assert "0.8006" not in text  # a run is not a published setting because it is called so
    assert "cannot be compared with what was measured here" in text  # the demo's numbers are not to be compared


def test_the_first_page_says_whether_intervals_know_other_seeds() -> None:
    def opening(profile: str, seeds: dict) -> tuple[str, list[str]]:
        measured = {"p1": {"prompts": {}}, "p2": {"best": {"CIDEr": 2.0, "CLIPScore": 1.0}}, "p3": {}}
        blocks = front.summary_blocks(config.load(ROOT / "configs" / f"{profile}.yaml"), measured | seeds)
        assert plain(blocks[0]["inline"]).startswith("In P2, the captions of the reference run reach CIDEr 2.000 and ")
        return plain(blocks[1]["inline"]), [plain(cell) for cell in blocks[2]["rows"][0]]

    text, row = opening("demo", {})
    assert "Every run was trained with one seed: intervals speak of other images and know no other seed." in text
    assert "The profile demo_seeds trains the four published settings with three seeds each." in text
    assert row[2] == "2.0000"
    text, row = opening("demo_seeds", {"p2_seeds": {"best": {"deviation": {"CIDEr": 0.02}}}})
    assert "Scores of several seeds are means" in text
    assert "One seed only: plus_plain and plus." in text
    assert row[2:4] == ["2.0000\xa0±\xa00.0200", "1.0000"]


def test_the_first_pages_verdicts_say_that_every_run_has_one_seed(fresh: config.Profile) -> None:
    evidence.study(Experiment.open(fresh))
    assert "Every run was trained with one seed." in " ".join(prose(front.claim_blocks(fresh)))
    runs = fresh.runs | {fresh.best_run: dataclasses.replace(fresh.run(fresh.best_run), seeds=2)}
    told = " ".join(prose(front.claim_blocks(dataclasses.replace(fresh, runs=runs))))
    assert "one seed" not in told
    assert "Verdicts are corrected for the number of comparisons, intervals are not" in told


def test_the_summary_opens_with_a_sentence_of_results_for_each_problem(fresh: config.Profile) -> None:
    def results() -> str:
        return plain(front.summary_blocks(fresh, key_numbers(fresh))[0]["inline"])

    first = "In P1, the best of 3 prompts, No {object}, no score., has an accuracy of 0.740 on 600 images."
    assert (
        results() == f"{first} In P2, the captions of the reference run reach CIDEr 1.500 and CLIPScore 0.710 on the "
        "validation images."
    )
    folder = paths.runs("fake")
    vit = files.read_json(folder / "p2" / "vit" / "scores.json")
    files.write_json(folder / "p2" / "vit" / "scores.json", vit | {"scores": vit["scores"] | {"CIDEr": 1.75}})
    mass = {"value": 0.4, "centre": 0.172}
    files.write_json(folder / "p3" / "grounding.json", {"classes": {"object": {"mass": mass}}})
    assert "; the highest CIDEr of 2 runs is that of vit, 1.750." in results()
    assert results().endswith(
        "In P3, 40% of the attention at a noun lies inside its object; a map that always attends "
        "to the image's centre would have 17% there."
    )
    files.write_json(folder / "p3" / "grounding.json", {"classes": {"object": {"mass": None}}})
    assert "In P3" not in results()
    (folder / "p1" / "study.json").unlink()
    assert results().startswith("In P2")
    for run in ("best", "vit"):
        (folder / "p2" / run / "scores.json").unlink()
    assert results().startswith("Published figures"), "no empty paragraph stands before it"


def test_a_run_that_is_a_published_setting_has_its_figures_beside_its_own() -> None:
    measured = {"best": {"CIDEr": 1.0, "CLIPScore": 0.7}, "plus": {"CIDEr": 1.1}}
    tables = front.summary_blocks(
        config.load(ROOT / "configs" / "hw3.yaml"), {"p1": {"prompts": {}}, "p2": measured, "p3": {}}
    )
    rows = [[plain(cell) for cell in row] for row in tables[2]["rows"]]
    assert [row[2:] for row in rows] == [["1.0000", "0.7000", "0.8745", "0.7182"], ["1.1000", "–", "–", "–"]]
    assert [plain(column) for column in tables[2]["columns"]][4:] == ["published CIDEr", "published CLIPScore"]


def test_without_labels_the_first_page_counts_photographs_and_shows_no_accuracy(fresh: config.Profile) -> None:
    assert next(title for title, _ in front.tiles(fresh, key_numbers(fresh))).startswith("accuracy, best of")
    unlabelled = dataclasses.replace(fresh, p1=dataclasses.replace(fresh.require_labelled(), labelled=False))
    study = Unlabelled(
        images=7, labels=["dog"], template="a {}", counts={"a {}": {"dog": 7}}, probability=[1.0] * 5, lead=[1.0] * 5,
        agreement=[], unanimous=7,
    )  # fmt: skip
    write_result(paths.runs("fake") / "p1" / "unlabelled.json", study)
    numbers = key_numbers(unlabelled)
    assert numbers["p1"] == {"prompts": {}, "images": 7, "best": None}
    tiles = dict(front.tiles(unlabelled, numbers))
    assert tiles["photographs classified, without labels"] == "7"
    assert not any("accuracy" in title for title in tiles)


def test_a_missing_notebook_is_named_with_the_command_that_runs_it(fresh: config.Profile) -> None:
    summarise(fresh)
    (paths.runs("fake") / "notebooks" / "p3_attention.ipynb").unlink()
    with pytest.raises(UserError, match=r"p3_attention\.ipynb.*hw3 report --profile fake"):
        merge(fresh)


def test_runs_of_one_notebook_share_a_chapter_and_say_things_once(page: Page) -> None:
    text = page.text()
    assert text.count("What this run does.") == 1
    assert "vit: scores by epoch." in text
    assert text.count("A backbone and a decoder, trained on captions.") == 1


def test_figures_and_tables_are_numbered_without_gaps(page: Page) -> None:
    text = page.text()
    for word, count in (("Table", 9), ("Figure", 5)):
        found = [int(number) for number in re.findall(rf"{word} (\d+)\.", text)]
        assert found == list(range(1, count + 1))


# --- the page ---------------------------------------------------------------------------------------------------------


def test_nothing_on_the_page_comes_from_elsewhere(page: Page) -> None:
    for tag, attributes in page.tags:
        assert tag not in ("link", "iframe", "object", "embed", "base", "form")
        assert not any(name.startswith("on") for name in attributes), (tag, attributes)
        for name in ("src", "srcset", "poster", "data"):
            assert (attributes.get(name) or "data:").startswith("data:")
    style = (paths.templates() / "hw3.css").read_text(encoding="utf-8")
    assert "url(" not in style and "@import" not in style


def test_the_policy_names_every_script_by_its_hash_and_allows_no_other(page: Page) -> None:
    policy = next(each["content"] for each in page.all("meta") if each.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    running = [text for kind, text in page.scripts if kind != "application/json"]
    hashes = {base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in running}
    assert set(re.findall(r"'sha256-([^']+)'", policy)) == hashes
    assert "unsafe" not in policy.partition("script-src")[2].partition(";")[0]


def test_text_that_looks_like_markup_stays_text(page: Page) -> None:
    text = page.text()
    assert text.count(re.sub(r"\s+", " ", EVIL)) >= 5  # caption, head, cell, notes, summary
    assert "<img src=x onerror=alert(2)> is text." in text
    assert not any("alert" in code for kind, code in page.scripts if kind != "application/json")


def test_pictures_have_words_and_ids_are_unique(page: Page) -> None:
    assert all(each.get("alt") for each in page.all("img"))
    ids = Counter(each["id"] for _, each in page.tags if each.get("id"))
    assert max(ids.values()) == 1
    targets = {each["href"][1:] for each in page.all("a") if (each.get("href") or "").startswith("#")}
    assert targets <= set(ids)


def test_links_to_notebooks_lead_to_chapters_and_only_reading_links_leave_the_page(page: Page) -> None:
    links = [each["href"] for each in page.all("a")]
    assert "#p3_attention" in links
    assert {link for link in links if link and not link.startswith(("#", "notebooks/"))} == {"https://example.org/x"}


def test_code_is_folded_and_widgets_leave_a_note(page: Page) -> None:
    folded = [each for each in page.all("details") if each.get("class") == "code"]
    assert folded
    assert not any("open" in each for each in folded)
    assert "open the notebook to use it" in page.text()
    assert "parameters" not in page.text()  # the parameters' cell is not shown


def test_viewers_share_one_script(page: Page) -> None:
    payloads = [text for kind, text in page.scripts if kind == "application/json"]
    assert len(payloads) == 2
    assert sum(kind == "module" for kind, _ in page.scripts) == 1
    assert json.loads(payloads[0])["meta"]["words"][4]["text"] == "綿羊"


def test_the_chinese_font_is_embedded_for_the_characters_that_occur_and_only_then(page: Page) -> None:
    from fontTools.ttLib import TTFont

    assert html.font_face(set()) == ""
    if cjk_font() is None:
        pytest.skip("the CJK font is not installed")
    face = html.font_face(set("羊犬"))
    data = re.search(r"base64,([^)]+)\)", face)
    assert data is not None
    import io

    known = set(TTFont(io.BytesIO(base64.b64decode(data[1]))).getBestCmap())
    assert {ord("羊"), ord("犬")} <= known
    assert len(known) < 10
    assert len(face) < 10_000


def test_the_stamp_says_what_made_the_report(page: Page) -> None:
    text = page.text()
    for word in ("commit", "device", "versions", "torch 2.", "fake: A made-up run", "seed 0"):
        assert word in text


# --- the PDF ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pdf(built: Path) -> Any:
    import pypdfium2

    return pypdfium2.PdfDocument(built / "hw3_report.pdf")


def pages(pdf: Any) -> list[str]:
    return [each.get_textpage().get_text_bounded() for each in pdf]


def test_the_pdfs_text_is_text_whatever_it_says(pdf: Any) -> None:
    text = re.sub(r"\s+", " ", " ".join(pages(pdf)))
    assert text.count("#eval(") >= 5
    for piece in ("$x$ @ref [b] *c* _d_", "<label>", "`e`"):
        assert piece in text
    assert "All numbers, except those marked published" in text
    assert re.search(r"Table 4\. Accuracy by class", text)
    assert "class number 24" in text


def test_each_runs_training_is_on_the_page_alone_and_print_says_so(pdf: Any, page: Page) -> None:
    text = re.sub(r"\s+", " ", " ".join(pages(pdf)))
    assert "epoch 2" in page.text()
    assert "epoch 2" not in text
    assert re.search("The page .HTML. also has: P2. Each run.s training", text)
    folded = [each for each in page.all("details") if each.get("class") == "run"]
    assert len(folded) == 2
    assert not any("open" in each for each in folded)


def test_the_pdf_says_that_it_is_accessible(built: Path) -> None:
    content = (built / "hw3_report.pdf").read_bytes()
    assert b"<pdfuaid:part>1</pdfuaid:part>" in content
    assert b'<rdf:li xml:lang="x-default">Prompts, Captions, Attention</rdf:li>' in content
    assert b"<dc:language><rdf:Bag><rdf:li>en</rdf:li>" in content


def test_a_notebook_of_skipped_levels_is_accessible_too() -> None:
    cells = [material.markdown("# Title\n\n#### Deep\n\n> ## quoted"), material.code("x", tags=("page-only",))]
    cells += [material.markdown("## On the page alone"), material.markdown("### Below\n\nText.")]
    cells[2].metadata["tags"] = ["page-only"]
    content, _ = PrintExporter().from_notebook_node(nbformat.v4.new_notebook(cells=cells))
    assert b"<pdfuaid:part>1</pdfuaid:part>" in content


def test_a_character_that_no_font_has_costs_the_promise_not_the_pdf() -> None:
    notebook = nbformat.v4.new_notebook(cells=[material.markdown("# Title\n\n\U0001f600 \U00012000")])
    with pytest.warns(UserWarning, match="ua-1"):
        content, _ = PrintExporter().from_notebook_node(notebook)
    assert content.startswith(b"%PDF-")


def test_chinese_is_in_the_pdf_as_text(pdf: Any) -> None:
    if cjk_font() is None:
        pytest.skip("the CJK font is not installed")
    text = "".join(pages(pdf))
    assert CHINESE in text
    assert "犬" in text


def test_code_and_headings_with_nothing_but_code_are_not_on_paper(pdf: Any, page: Page) -> None:
    text = " ".join(pages(pdf))
    assert "accuracies = study" not in text
    assert "open the notebook to use it" in text
    assert "Checks" not in text
    assert "Checks" in page.text()


def test_every_page_but_the_first_has_its_number_and_the_contents_are_there(pdf: Any) -> None:
    found = pages(pdf)
    for place, text in enumerate(found[1:], 2):
        assert f"{place} / {len(found)}" in text
    assert "Contents" in found[1]
    titles = [each.get_title() for each in pdf.get_toc()]
    assert "Summary" in titles
    assert any("word by word" in title for title in titles)


def test_no_type_in_print_is_under_seven_points(pdf: Any) -> None:
    import pypdfium2.raw as pdfium

    sizes = {
        round(pdfium.FPDFText_GetFontSize(text, index), 2)
        for text in (page.get_textpage() for page in pdf)
        for index in range(text.count_chars())
        if not chr(pdfium.FPDFText_GetUnicode(text, index)).isspace()
    }
    assert min(sizes) >= 7


def test_figures_are_as_wide_as_the_text_in_print() -> None:
    """Then their type keeps its size, and the house style's smallest is no less than seven points."""
    assert STYLE.small * min(1, WIDEST / WIDTH) >= 7


def test_only_a_chapters_last_page_is_less_than_half_full(pdf: Any) -> None:
    starts = {heading.get_dest().get_index() for heading in pdf.get_toc() if heading.level == 0}
    for place, each in enumerate(pdf):
        if place + 1 not in starts and place + 1 < len(pdf):
            ends = [thing.get_bounds()[1] for thing in each.get_objects()]
            # 70 points are the margin, in which the footer stands.
            assert min(end for end in ends if end > 70) < each.get_height() / 2, place


def test_figures_come_in_order_in_print(pdf: Any) -> None:
    """Each stands below the chapter's heading, and none overtakes another."""
    numbers = [int(number) for text in pages(pdf) for number in re.findall(r"Figure (\d+)\.", text)]
    assert numbers == sorted(numbers)


def test_the_contents_and_the_summary_share_a_page(pdf: Any) -> None:
    found = [place for place, text in enumerate(pages(pdf)) if "Contents" in text or "Beside each number" in text]
    assert found == [1]


def test_nothing_is_cut_off_at_the_pages_edges(pdf: Any) -> None:
    for each in pdf:
        width, height = each.get_size()
        for thing in each.get_objects():
            left, bottom, right, top = thing.get_bounds()
            if right <= left or top <= bottom:
                continue
            assert left > 20, thing.type
            assert right < width - 20, thing.type
            assert bottom > 20, thing.type
            assert top < height - 20, thing.type
