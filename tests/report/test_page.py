"""The report's page in a browser: from disk, at every width, by keyboard, on paper, and as one takes it along."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hw3lib.display.scripts import cjk_font
from tests.support import report_material as material
from tests.support.places import ROOT

CHINESE = material.CHINESE
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"

pytestmark = pytest.mark.browser


def until(holds: Callable[[], bool]) -> None:
    """Wait for it; the page's policy forbids Playwright's own wait_for_function."""
    for _ in range(200):
        if holds():
            return
        time.sleep(0.1)
    raise AssertionError("it never came to hold")


@pytest.fixture
def visit(built: Path, browser: Any) -> Iterator[Any]:
    """Opens the page, at a hash, in a context of its own."""
    contexts = []

    def open_page(place: str = "", width: int = 1360, height: int = 800, **options: Any) -> Any:
        options = {"reduced_motion": "reduce", "offline": True} | options
        contexts.append(browser.new_context(viewport={"width": width, "height": height}, **options))
        contexts[-1].set_default_timeout(120_000)  # a cold browser on a loaded machine
        tab = contexts[-1].new_page()
        tab.goto((built / "hw3_report.html").as_uri() + place)
        until(lambda: tab.locator("[data-hw3-alive]").count() == 2)
        return tab

    yield open_page
    for context in contexts:
        context.close()


def test_the_page_works_from_disk_without_a_network(built: Path, browser: Any) -> None:
    context = browser.new_context(viewport={"width": 1200, "height": 800}, offline=True, color_scheme="light")
    context.set_default_timeout(120_000)  # a cold browser on a loaded machine
    tab, complaints, asked = context.new_page(), [], []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("dialog", lambda dialog: complaints.append("a dialog"))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto((built / "hw3_report.html").as_uri())
    tab.wait_for_function("document.querySelectorAll('[data-hw3-viewer]').length === 2")

    # The slider of the first viewer moves to another word.
    slider = tab.locator("[data-hw3-viewer] input[type=range]").first
    before = tab.locator("[data-hw3-viewer] .said").first.inner_text()
    slider.focus()
    tab.keyboard.press("ArrowRight")
    assert tab.locator("[data-hw3-viewer] .said").first.inner_text() != before

    ground = "getComputedStyle(document.body).backgroundColor"
    light = tab.evaluate(ground)
    tab.get_by_role("button", name="Light or dark").click()
    assert tab.evaluate(ground) != light

    assert tab.locator("details.code pre").first.is_hidden()
    tab.get_by_role("button", name="Code").click()
    assert tab.locator("details.code pre").first.is_visible()

    # A link into a folded run unfolds it.
    tab.locator(".contents a[href='#p2_training_vit']").click()
    tab.locator("#p2_training_vit[open]").wait_for(state="attached")

    if cjk_font() is not None:
        assert tab.evaluate(f"document.fonts.load('16px \"hw3 cjk\"', '{CHINESE}').then(found => found.length)") == 1
    assert complaints == []
    assert [url for url in asked if not url.startswith(("data:", "blob:", "file:"))] == []
    context.close()


@pytest.mark.parametrize("width", [360, 800, 1600])
def test_the_page_fits_every_width(built: Path, browser: Any, width: int) -> None:
    tab = browser.new_page(viewport={"width": width, "height": 800})
    tab.set_default_timeout(120_000)
    tab.goto((built / "hw3_report.html").as_uri())
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.close()


# --- accessible -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1360, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(visit: Any, scheme: str, width: int) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: `make lint-js` brings it")
    tab = visit(width=width, color_scheme=scheme, bypass_csp=True)
    tab.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    tab.evaluate(AXE.read_text(encoding="utf-8"))
    violations = tab.evaluate("axe.run().then((result) => result.violations)")
    serious = [each for each in violations if each["impact"] in ("serious", "critical")]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in serious] == []


FOCUSED = """() => {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return at === document.body ? "" : [at.tagName, at.id, at.className, at.getAttribute("aria-label") ?? at.textContent]
    .join("|").slice(0, 120); }"""


STOPS = (
    "|skip|",
    "|theme|",
    "Contents",
    "|wide|Table 4",
    "|source|p1_prompts",
    "Play",
    "Word",
    "Pin ",
    "Layer",
    "Head",
)
STOPS += ("Save picture", "Save animation", "Link to this view", "heads at once", "Best setting")


def test_the_keyboard_reaches_everything(visit: Any) -> None:
    tab = visit(width=390)
    stops = []
    for _ in range(200):
        tab.keyboard.press("Tab")
        stops.append(tab.evaluate(FOCUSED))
        if not stops[-1]:
            break
    assert stops[-1] == "", "the focus is caught"
    for stop in STOPS:
        assert any(stop in each for each in stops), (stop, stops)


# --- where one is -----------------------------------------------------------------------------------------------------


def top_of(tab: Any, selector: str) -> float:
    return float(tab.evaluate(f"document.querySelector({selector!r}).getBoundingClientRect().top"))


def frames(tab: Any) -> None:
    for _ in range(3):
        tab.evaluate("new Promise((done) => requestAnimationFrame(done))")


def test_another_width_keeps_the_contents_and_the_readers_place(visit: Any) -> None:
    tab = visit(width=1360)
    block = "#p3_attention figure:last-of-type"
    tab.evaluate(f"scrollBy(0, document.querySelector({block!r}).getBoundingClientRect().top - 60)")
    frames(tab)
    before = top_of(tab, block)
    for width in (700, 1300, 500, 1360):
        tab.set_viewport_size({"width": width, "height": 800})
        frames(tab)
        assert top_of(tab, block) == pytest.approx(before, abs=3), width
        assert tab.locator(".contents ol").first.is_visible() == (width >= 1024)


def test_the_contents_mark_where_one_is(visit: Any) -> None:
    tab = visit()
    for place in ("why-clip-transfers-1", "p3_attention"):
        tab.evaluate(f"document.getElementById({place!r}).scrollIntoView()")
        frames(tab)
        current = tab.locator(".contents [aria-current=location]")
        assert current.evaluate_all("(links) => links.map((link) => link.hash)") == [f"#{place}"]


def test_on_paper_nothing_is_hollow_or_folded(visit: Any) -> None:
    tab = visit()
    tab.emulate_media(media="print")
    for hidden in (".contents", ".bar", "h3.hollow", "details.run", "#p2_training", "details.code", ".live"):
        assert tab.locator(hidden).first.is_hidden(), hidden
    for shown in (".still img", "#p1_prompts h2", "figure.table"):
        assert tab.locator(shown).first.is_visible(), shown


# --- taken along ------------------------------------------------------------------------------------------------------


def test_each_word_has_a_link_that_opens_there_and_follows_the_choice(visit: Any, built: Path) -> None:
    tab = visit("#figure-2-word-3")
    said = tab.locator("#figure-2 .said")
    assert said.inner_text() == "sheep"
    assert top_of(tab, "#figure-2") < 400
    length = tab.evaluate("history.length")
    tab.locator("#figure-2 .words button").nth(4).click()
    until(lambda: tab.evaluate("location.hash") == "#figure-2-word-5")
    assert tab.locator("#figure-2 .keepsake a").get_attribute("href") == "#figure-2-word-5"
    assert tab.evaluate("history.length") == length, "no entry of the history per word"
    tab.evaluate("location.hash = '#figure-2-word-2'")
    until(lambda: said.inner_text() == "a")


@pytest.mark.parametrize("word", [1, 3])
def test_a_picture_is_saved_at_the_photographs_own_size(visit: Any, word: int) -> None:
    tab = visit(f"#figure-2-word-{word}", width=700)
    with tab.expect_download() as download:
        tab.locator("#figure-2").get_by_role("button", name="Save picture").click()
    assert download.value.suggested_filename == {1: "sheep-1-BOS.png", 3: "sheep-3-sheep.png"}[word]
    picture = Image.open(io.BytesIO(Path(download.value.path()).read_bytes()))
    assert (picture.format, picture.size) == ("PNG", material.photograph().size)
    error = np.abs(np.asarray(picture.convert("RGB"), float) - np.asarray(material.photograph(), float)).mean()
    assert error < 5 if word == 1 else error > 20  # [BOS] has no map


def test_each_figure_has_an_id_and_its_notebook_beside_the_page(visit: Any, built: Path) -> None:
    tab = visit()
    ids = tab.evaluate("[...document.querySelectorAll('figure:has(figcaption b)')].map((figure) => figure.id)")
    assert len(ids) == 14
    assert all(name.startswith(("figure-", "table-")) for name in ids)
    links = tab.evaluate("[...document.querySelectorAll('.source')].map((link) => link.getAttribute('href'))")
    assert set(links) == {
        f"notebooks/{name}.ipynb" for name in ("p1_prompts", "p2_training_best", "p2_training_vit", "p3_attention")
    }
    assert all((built / link).is_file() for link in links)
