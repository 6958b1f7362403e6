"""The gallery: what a page holds and says that it lacks; used as a hand does, from a file with the network blocked."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from hw3lib.captioning.results import RunScores
from hw3lib.data.caption_set import CaptionSet
from hw3lib.data.language import Language
from hw3lib.system.errors import UserError
from hw3lib.viewer import gallery as module
from hw3lib.viewer.gallery import Gallery
from hw3lib.viewer.gallery_widget import GalleryViewer
from hw3lib.viewer.page import ATTENTION, static_html
from tests.support.browser import CHROMIUM, NAMES
from tests.support.synthetic import synthetic

in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason=f"no Chromium: none of {', '.join(NAMES)} on PATH")
NOUNS = ("dog", "cat", "boat", "bird", "train", "girl", "sheep", "horse", "car", "plane")
Make = Callable[..., Gallery]


def english(run: str, place: int) -> str:
    return f"a {'red' if run == 'best' else 'small'} {NOUNS[place % 10]} number {place}"


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes galleries of some images and runs; the words of their captions attend to synthetic places."""

    def read(run: Any, image: Image.Image, texts: Sequence[str], name: str, most: int) -> list[Any]:
        made = [synthetic(("[BOS]", *text.split(), "[EOS]"), image.size, seed=run.seed) for text in texts]
        return [replace(one, image=image, name=name, run=run.name) for one in made]

    def gallery(
        count: int = 10,
        runs: Sequence[str] = ("best", "plus"),
        clip: bool = True,
        says: Any = english,
        tag: str = "en",
        best: str | None = None,
    ) -> Gallery:
        names = tuple(f"image{place}" for place in range(count))
        files = tuple(tmp_path / f"image{place % 10}.png" for place in range(count))
        for place, file in enumerate(files[:10]):
            Image.new("RGB", (64, 48), (place * 25, 120, 200)).save(file)
        scores = {}
        for rank, run in enumerate(runs):
            (tmp_path / run).mkdir(exist_ok=True)
            predictions = {name: says(run, place) for place, name in enumerate(names)}
            (tmp_path / run / "predictions.json").write_text(json.dumps(predictions))
            similar = {"CLIPScore": 0.7} if clip else {}
            values = {name: {"CIDEr": place / 10 + rank * (place % 3), **similar} for place, name in enumerate(names)}
            scores[run] = RunScores({}, {"CIDEr": float(rank)}, values)
        titles = {run: SimpleNamespace(title=f"The run {run}") for run in runs}
        references = tuple((says("best", place),) for place in range(count))
        experiment: Any = SimpleNamespace(
            profile=SimpleNamespace(best_run=best or runs[0], run=titles.__getitem__),
            reported=CaptionSet(files, names, tuple(range(count)), references),
            run_folder=lambda run: tmp_path / run,
            instances=None,
            language=Language(tag),
            load_run=lambda run: SimpleNamespace(model=SimpleNamespace(max_length=40), seed=runs.index(run), name=run),
        )
        return Gallery.of(experiment, scores, runs)

    monkeypatch.setattr(module.maps, "read", read)
    return gallery


def page(gallery: Gallery) -> str:
    return f'<figure id="figure-3">{static_html(gallery.page())}</figure>'


def test_a_page_holds_all_images_and_maps_of_those_on_which_the_runs_differ(make: Make, monkeypatch) -> None:
    monkeypatch.setattr(module, "_MOST_OPENED", 3)
    gallery, printed, draw = make(), [], module.figures.cards
    monkeypatch.setattr(module.figures, "cards", lambda images, shown: printed.append(shown) or draw(images, shown))
    bundle = gallery.bundle("Every caption.")
    assert [[card.name for card in shown] for shown in printed] == [["image0", "image4", "image8"]]
    held = bundle[ATTENTION]
    content = held["gallery"]
    assert json.loads(json.dumps(held, allow_nan=False)) == held
    assert len(held["thumbs"]) == len(content["names"]) == 10
    assert sorted(held["opened"]) == ["2", "5", "8"]  # their CIDEr is 2 apart, the others' 1 or 0
    assert "Maps are here of 3 images, those where the captions of best and plus differ most" in content["note"]
    assert content["metrics"] == ["CIDEr", "CLIPScore"]
    assert content["disagreement"] == [0.2] * 10  # one word of five
    assert content["pieces"][1][3] == ["", "a", " small ", "bird number 3"]
    captions = held["opened"]["2"]["captions"]
    assert [word["text"] for word in captions["best"]["meta"]["words"]][1:4] == ["a", "red", "boat"]
    beside = captions["best"]["sides"]["plus"]["meta"]  # the other run reads the same words, in its own way
    assert [word["text"] for word in beside["words"]] == [word["text"] for word in captions["best"]["meta"]["words"]]
    assert beside["words"][2]["probability"] != captions["best"]["meta"]["words"][2]["probability"]
    assert (beside["run"], captions["plus"]["meta"]["run"], captions["best"]["beside"]) == ("plus", "plus", "")
    assert (beside["layers"], beside["heads"]) == (1, 1)
    assert "best: a red dog number 0" in bundle["text/html"] or bundle["image/png"]
    monkeypatch.setattr(module, "_MOST_OPENED", 2)
    assert sorted(gallery.page()["opened"]) == ["2", "5"], "by how far they are apart, not by how high"


def test_the_best_run_is_first_compared_with_the_others_best(make: Make) -> None:
    assert make(1, runs=("plus", "best", "third", "last"), best="best").pair == ("best", "last")
    assert make(1, runs=("plus", "third"), best="gone").pair == ("plus", "third")
    note = make(2, runs=("best", "plus", "third")).page()["gallery"]["note"]
    assert note.startswith(
        "Maps are here of 2 images, those where the captions of best and third differ most in CIDEr, of"
    )
    assert ", of best and third alone: " in note
    held = make(1).page()["gallery"]
    assert (held["names"], held["note"]) == (["image0"], ""), "two runs, and all there is of them"


def test_what_does_not_fit_on_a_page_is_said_and_the_rest_is_spread_evenly(make: Make, monkeypatch) -> None:
    gallery = make(200)
    most = 40 * sum(map(len, (gallery.thumbnail(0), json.dumps(gallery.content([0])))))
    monkeypatch.setattr(module, "PAGE_BYTES", most)
    monkeypatch.setattr(module, "MAPS_BYTES", 2.5 * len(json.dumps(gallery.comparison(0, gallery.pair, whole=False))))
    held = gallery.page()
    assert 0.8 * most < sum(map(len, (*held["thumbs"], json.dumps(held["gallery"])))) < 1.2 * most
    names, count = held["gallery"]["names"], len(held["thumbs"])
    assert 30 < count < 200
    assert (names[0], len(names)) == ("image0", count)
    assert int(names[-1].removeprefix("image")) > 190
    assert len(held["opened"]) == 2
    assert f"This page holds {count} of the 200 images, evenly spread." in held["gallery"]["note"]


def test_one_run_without_clip_has_neither_pair_nor_disagreement(make: Make, monkeypatch) -> None:
    held = make(runs=("alone",), clip=False).page()
    content = held["gallery"]
    assert (content["pair"], content["disagreement"], content["metrics"], content["objects"]) == (
        [0],
        None,
        ["CIDEr"],
        [],
    )
    assert len(held["opened"]) == 10
    assert content["note"] == ""  # nothing is missing
    assert held["opened"]["0"]["captions"]["alone"]["sides"] == {}
    monkeypatch.setattr(module, "_MOST_OPENED", 2)
    held = make(runs=("alone",), clip=False).page()
    assert list(held["opened"]) == ["0", "1"]
    assert held["gallery"]["note"].startswith("Maps are here of 2 images, those of lowest CIDEr: ")


def test_live_pictures_and_maps_come_when_they_are_asked_for(make: Make, monkeypatch, tmp_path: Path) -> None:
    gallery = make(runs=("best", "plus", "third"))
    viewer = GalleryViewer(gallery)
    sent: list[Any] = []
    monkeypatch.setattr(viewer, "send", sent.append)
    viewer._answer(None, {"thumbs": [0, 7]}, [])
    assert sent.pop() == {"thumbs": {0: gallery.thumbnail(0), 7: gallery.thumbnail(7)}}
    viewer._answer(None, {"compare": {"place": 4, "runs": ["third", "best"], "of": "k"}}, [])
    answer = sent.pop()
    assert answer["of"] == "k"
    shown = answer["comparison"]["captions"]["third"]
    assert (shown["meta"]["layers"], shown["meta"]["heads"]) == (2, 4)  # all of them, other than on a page
    assert list(shown["sides"]) == ["best"]
    (tmp_path / "image5.png").write_bytes(b"")
    viewer._answer(None, {"thumbs": [5, 6]}, [])
    assert list(sent.pop()["thumbs"]) == [6]
    viewer._answer(None, {"compare": {"place": 5, "runs": ["best"], "of": "k"}}, [])
    assert "image5.png" in sent.pop()["problem"]

    def missing(run: str) -> None:
        raise UserError(f"run {run} is not trained yet")

    gallery.experiment.load_run = missing  # type: ignore[method-assign,assignment]
    fresh = GalleryViewer(replace(gallery, _loaded={}))
    monkeypatch.setattr(fresh, "send", sent.append)
    fresh._answer(None, {"compare": {"place": 1, "runs": ["best"], "of": "k"}}, [])
    assert sent.pop() == {"of": "k", "problem": "run best is not trained yet"}
    viewer._answer(None, "nonsense", [])
    assert sent == []


@pytest.mark.browser
@in_a_browser
def test_a_hand_searches_sorts_opens_and_scrubs_and_so_do_keys_alone(make: Make, visit, monkeypatch) -> None:
    monkeypatch.setattr(module, "_MOST_OPENED", 5)
    here = visit(page(make()), viewport={"width": 940, "height": 800})  # two columns
    tab, cards = here.page, here.page.locator(".card")
    found = tab.locator(".found")
    assert found.inner_text() == "10 of 10 images"
    assert cards.first.locator(".image").inner_text() == "image2"  # where the two runs differ most
    assert cards.first.locator("mark").all_inner_texts() == ["a red boat number 2", "a", "boat number 2"]
    tab.wait_for_function(
        "hw3 = document.querySelector('.hw3-gallery').shadowRoot.querySelector('.card img').naturalWidth"
    )
    tab.get_by_label("Words").fill("SMALL b")
    assert cards.locator(".image").all_inner_texts() == ["image2", "image3"]  # a small boat, a small bird: one run's
    tab.get_by_label("Captions of").select_option("best")
    assert found.inner_text() == "No image has such a caption."
    tab.get_by_label("Words").fill("")
    tab.get_by_label("Sort by").select_option("CIDEr")
    tab.get_by_label("Order").select_option("lowest first")
    assert cards.locator(".image").all_inner_texts()[:3] == ["image0", "image1", "image2"]
    assert cards.first.locator("mark").count() == 1  # one run's caption
    tab.get_by_label("Captions of").select_option("all runs")

    tab.get_by_role("button", name="Open image2").click()
    said = tab.locator(".said")
    tab.get_by_role("slider", name="Word").wait_for()
    assert tab.locator(".photo canvas").count() == 2
    tab.get_by_role("slider", name="Word").fill("3")
    assert said.all_inner_texts() == ["boat", "boat"]
    assert here.drawn(0).std() > 3
    probability = tab.locator(".facts dd").nth(0).inner_text(), tab.locator(".facts dd").nth(5).inner_text()
    assert probability[0] != probability[1]
    tab.get_by_role("radio", checked=False).filter(has_text="a small boat").first.click()  # the other run's caption
    for word in "12":
        tab.get_by_role("slider", name="Word").fill(word)
    assert said.all_inner_texts() == ["small", "small"]
    tab.wait_for_function("location.hash.includes('said=plus') && location.hash.includes('word=3')")
    link = tab.url
    assert "#figure-3?" in link
    tab.keyboard.press("Escape")
    assert cards.count() > 5
    other = here.context.new_page()
    other.goto(link)
    other.get_by_role("slider", name="Word").wait_for()
    assert other.locator(".said").all_inner_texts() == ["small", "small"]
    other.close()

    # Keys alone: from the card that was open to others, into one, through its caption, and back.
    focused = "document.querySelector('.hw3-gallery').shadowRoot.activeElement"
    assert tab.evaluate(f"{focused}.getAttribute('aria-label')") == "Open image2"
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("End")
    assert tab.evaluate(f"{focused}.getAttribute('aria-label')") == "Open image8"
    tab.keyboard.press("Home")
    assert tab.evaluate(f"{focused}.getAttribute('aria-label')") == "Open image0"
    tab.keyboard.press("Enter")
    assert tab.get_by_text("The maps of these runs are not in this page").is_visible()
    assert tab.evaluate(f"{focused}.textContent") == "All images"
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")  # the image before the first: the last
    assert tab.locator(".steps b").inner_text() == "image8"
    tab.get_by_role("slider", name="Word").wait_for()
    assert tab.locator(".both [aria-checked=true]").get_attribute("data-run") == "plus"  # as before
    tab.locator(".both [aria-checked=true]").focus()
    tab.keyboard.press("ArrowRight")
    assert tab.locator(".both [aria-checked=true]").get_attribute("data-run") == "best"
    tab.locator(".words button[tabindex='0']").first.focus()
    word = said.first.inner_text()
    tab.keyboard.press("ArrowRight")
    assert said.first.inner_text() != word
    tab.keyboard.press("Escape")
    assert tab.evaluate(f"{focused}.getAttribute('aria-label')") == "Open image8"


@pytest.mark.browser
@in_a_browser
def test_in_two_columns_scores_and_an_absent_object_are_read_in_full(make: Make, visit) -> None:
    tab = visit(page(make()), viewport={"width": 1000, "height": 700}).page
    lefts = tab.locator(".card").evaluate_all("cards => cards.map((card) => card.getBoundingClientRect().left)")
    assert len(set(lefts)) == 2
    cut = tab.locator(".whose").first.evaluate("""head => {
        head.querySelector("b").textContent = "swin_base";
        head.querySelector(".scores").textContent = "CIDEr 0.44 · CLIPScore 1.69";
        head.querySelector("em")?.remove();
        head.innerHTML += "<em>absent: airplane</em>";
        return [...head.children].map((part) => part.scrollWidth > part.clientWidth || !part.clientHeight);
    }""")
    assert cut == [False] * 3


@pytest.mark.browser
@in_a_browser
def test_in_a_narrow_column_all_of_an_opened_image_is_in_sight_and_who_leaves_it_sees_the_cards(
    make: Make, visit, monkeypatch
) -> None:
    monkeypatch.setattr(module, "_MOST_OPENED", 1)
    more = '<div style="height: 3000px"></div>'  # a page goes on below a gallery
    here = visit(more, page(make()), more, viewport={"width": 300, "height": 700})
    tab = here.page
    tab.locator(".cards").evaluate("box => box.scrollIntoView({ block: 'end' })")
    head, scores = (tab.locator(part).first.bounding_box() for part in (".whose", ".scores"))
    assert scores["width"] == head["width"]  # a line of their own, all of which is in sight
    tab.locator(".whose").first.evaluate("head => { head.innerHTML += '<em>absent: a girl, a dog</em>'; }")
    absent, scores = (tab.locator(part).first.bounding_box() for part in (".whose em", ".scores"))
    assert absent["y"] + absent["height"] <= scores["y"] + 1  # beside the run's name
    assert scores["y"] + scores["height"] <= head["y"] + head["height"]
    tab.get_by_role("button", name="Open image2").click()
    tab.get_by_role("slider", name="Word").wait_for()
    tab.locator(".steps b").evaluate("name => { name.textContent = '1470132731_fa416b7504_and_more'; }")
    right = tab.locator(".gallery").evaluate("""gallery => Math.max(...[...gallery.querySelectorAll("*")].filter(
        (part) => !part.closest(".hidden")).map((part) => part.getBoundingClientRect().right))""")
    assert right <= 300
    assert tab.get_by_role("button", name="All images").bounding_box()["y"] >= 0
    tab.locator(".written").scroll_into_view_if_needed()
    tab.locator(".words button[tabindex='0']").last.focus()
    tab.keyboard.press("Escape")
    assert 0 <= tab.get_by_role("searchbox", name="Words").bounding_box()["y"] < 300
    assert tab.locator(".open:focus").bounding_box()["y"] < 700


@pytest.mark.slow
@pytest.mark.browser
@in_a_browser
def test_two_thousand_cards_scroll_with_a_few_rows_in_the_document(make: Make, visit, monkeypatch) -> None:
    monkeypatch.setattr(module, "PAGE_BYTES", 10**8)
    monkeypatch.setattr(module, "_MOST_OPENED", 1)
    here = visit(page(make(2000)), viewport={"width": 1600, "height": 900})  # in several columns
    tab, box = here.page, here.page.locator(".cards")
    slots = tab.locator(".slot")
    assert tab.locator(".found").inner_text() == "2000 of 2000 images"
    heights = box.evaluate("box => [box.scrollHeight, box.clientHeight]")
    assert heights[0] > 50 * heights[1]
    names = set()
    for share in (0, 0.25, 0.5, 1):
        box.evaluate(f"box => {{ box.scrollTop = {share} * box.scrollHeight; }}")
        tab.wait_for_timeout(100)
        assert slots.count() < 40
        names |= set(tab.locator(".slot .image").all_inner_texts())
        top, bottom = box.evaluate("box => { const r = box.getBoundingClientRect(); return [r.top, r.bottom]; }")
        middles = [(b["y"] + b["height"] / 2) for b in (slot.bounding_box() for slot in slots.all())]
        assert any(top < middle < bottom for middle in middles)
    assert len(names) > 40
    tab.locator(".open[tabindex='0']").focus()
    tab.keyboard.press("End")
    last = tab.locator(".slot[aria-posinset='2000'] button")
    assert last.evaluate("button => button.getRootNode().activeElement === button")
    assert last.bounding_box()["y"] > 0
    tab.keyboard.press("Home")
    assert tab.locator(".slot[aria-posinset='1'] button").evaluate("b => b.getRootNode().activeElement === b")
    tab.get_by_label("Words").fill("number 1999")
    assert tab.locator(".slot .image").all_inner_texts() == ["image1999"]


@pytest.mark.slow
@pytest.mark.browser
@in_a_browser
@pytest.mark.parametrize(
    ("tag", "texts", "word", "found"),
    [
        ("ar", ("كلب أحمر يجري", "قط أبيض"), "كلب", 5),
        ("zh", ("一 隻 紅色 的 狗", "白 色 的 貓"), "狗", 5),
    ],
)
def test_captions_of_other_languages_are_searched_and_stand_in_their_direction(
    tag, texts, word, found, make: Make, visit
) -> None:
    here = visit(page(make(says=lambda run, place: texts[place % 2], tag=tag)), viewport={"width": 390, "height": 844})
    tab = here.page
    first = tab.locator(".saying p").first
    assert first.evaluate("p => getComputedStyle(p).direction") == ("rtl" if tag == "ar" else "ltr")
    assert first.get_attribute("lang").startswith(tag)
    tab.get_by_label("Words").fill(word)
    assert tab.locator(".found").inner_text() == f"{found} of 10 images"
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    tab.locator(".open").first.click()
    tab.get_by_role("slider", name="Word").wait_for()
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.slow
@pytest.mark.browser
@in_a_browser
def test_one_run_with_a_long_name_has_a_gallery_too(make: Make, visit) -> None:
    run = "a_run_whose_name_says_everything_that_was_changed_in_it_since_the_first_one"
    long = "a dog and a cat and a boat and a bird and a train and a girl and a sheep and a horse on a plane"
    here = visit(page(make(runs=(run,), clip=False, says=lambda *of: long)), viewport={"width": 390, "height": 844})
    tab = here.page
    assert tab.locator(".whose b").first.inner_text() == run
    card, text = (tab.locator(part).first.bounding_box() for part in (".card", ".saying p"))
    assert text["x"] + text["width"] <= card["x"] + card["width"], "no word lies outside of its card"
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    assert tab.get_by_label("Absent object named").count() == 0
    tab.locator(".open").first.click()
    tab.get_by_role("slider", name="Word").wait_for()
    assert tab.locator(".photo canvas").count() == 1
    assert tab.get_by_label("beside", exact=True).count() == 0
