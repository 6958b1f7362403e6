"""The viewer in a real Chromium: from a file with the network blocked, and as the module that a widget loads."""

from __future__ import annotations

import base64
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hw3lib.attention.maps import CaptionAttention, View, to_original, view_maps
from hw3lib.attention.word_grid import STRENGTH, blend, white_points
from hw3lib.viewer.page import static_html
from hw3lib.viewer.payload import Beside, Masks, encode, payload
from hw3lib.viewer.script import script
from tests.support.browser import CHROMIUM, NAMES
from tests.support.synthetic import synthetic

HOSTILE = "<img src=x onerror=window.hurt=1>"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason=f"no Chromium: none of {', '.join(NAMES)} on PATH, no $HW3_CHROMIUM"),
]


def static(attention: CaptionAttention, masks: Masks | None = None, **state: Any) -> str:
    return static_html(encode(payload(attention, masks=masks) | state))


def test_a_page_from_disk_works_without_a_network(visit) -> None:
    here = visit(static(synthetic(), word=1))
    assert here.drawn().std() > 5
    assert here.page.locator(".words button").count() == 6
    assert here.page.locator("[data-hw3-fallback]").count() == 0
    assert here.asked == [here.url]


def test_scrubbing_changes_the_picture_and_what_is_said_of_it(visit) -> None:
    here = visit(static(synthetic(), word=1))
    first, slider = here.drawn(), here.page.get_by_role("slider", name="Word")
    slider.fill("3")
    assert here.word() == "dog"
    assert np.abs(here.drawn() - first).mean() > 2
    assert slider.get_attribute("aria-valuetext") == "4 of 6: dog"
    assert "dog: attention strongest" in here.page.locator(".photo canvas").get_attribute("aria-label")
    here.page.locator(".words button").nth(1).hover()
    assert here.word() == "a"
    assert np.array_equal(here.drawn(), first)


def test_the_map_is_drawn_where_python_says_it_is(visit) -> None:
    for size in ((320, 240), (200, 320), (700, 240)):
        attention = synthetic(size=size)
        here = visit(static(attention, word=3), viewport={"width": 1000, "height": 900})
        pixels = here.drawn()
        maps = view_maps(attention)
        heat = to_original(maps[3], attention.geometry, pixels.shape[:2]) / white_points(maps, "caption")[3]
        photograph = np.asarray(attention.image.resize(pixels.shape[1::-1], Image.Resampling.BILINEAR))
        error = np.abs(blend(photograph, heat).astype(np.int16) - pixels).mean(axis=2)
        seen = np.isfinite(heat)
        seen[:, 1:-1] &= seen[:, :-2] & seen[:, 2:]  # the edge of the crop may fall half a pixel to either side
        seen[1:-1] &= seen[:-2] & seen[2:]
        assert error[seen].mean() < 2.5
        assert np.quantile(error[seen], 0.999) < 12
        assert here.page.locator(".photo canvas").evaluate("c => c.width / c.height") == pytest.approx(
            size[0] / size[1], rel=0.01
        )


def test_bos_shows_the_photograph_itself(visit) -> None:
    attention = synthetic()
    here = visit(static(attention, word=0))
    pixels = here.drawn()
    photograph = np.asarray(attention.image.resize(pixels.shape[1::-1], Image.Resampling.BILINEAR)).astype(np.int16)
    assert np.abs(pixels - photograph).mean() < 3
    assert here.page.locator(".facts").is_hidden()
    assert "no map" in here.page.locator(".note").inner_text()


def test_the_keyboard_is_enough(visit) -> None:
    here = visit(static(synthetic(), word=2))
    here.drawn()
    keys = here.page.keyboard
    keys.press("Tab")  # play
    keys.press("Tab")  # the slider
    keys.press("ArrowRight")
    assert here.word() == "dog"
    keys.press("Tab")  # the pin
    keys.press("Tab")  # the words: one stop, at the current one
    focused = "document.querySelector('.hw3-attention-viewer').shadowRoot.activeElement"
    assert here.page.evaluate(f"{focused}.textContent") == "dog"
    said = []
    for key in ("ArrowRight", "ArrowLeft", "ArrowLeft", "Home", "ArrowLeft", "ArrowRight", "End"):
        keys.press(key)
        said.append(here.word())
    assert said == ["runs", "dog", "red", "[BOS]", "[EOS]", "[BOS]", "[EOS]"]
    assert here.page.get_by_role("radio", name="[EOS]").get_attribute("aria-checked") == "true"
    keys.press("Tab")  # the layers
    assert here.page.evaluate(f"{focused}.tagName") == "SELECT"


def test_layers_heads_scale_and_heat_change_the_picture(visit) -> None:
    here = visit(static(synthetic(), word=3))
    before = here.drawn()
    for change in (
        lambda: here.page.get_by_label("Layer", exact=True).select_option("0"),
        lambda: here.page.get_by_label("Head", exact=True).select_option("2"),
        lambda: here.page.get_by_role("radio", name="each word").check(force=True),
        lambda: here.page.get_by_role("radio", name="colour").check(force=True),
        lambda: here.page.get_by_role("slider", name="Strength").fill("0.3"),
    ):
        change()
        after = here.drawn()
        assert np.abs(after - before).mean() > 0.5
        before = after
    assert "Layer 1, head 3." in here.page.locator(".photo canvas").get_attribute("aria-label")


def test_two_viewers_on_a_page_do_not_disturb_each_other(visit) -> None:
    other = synthetic(("[BOS]", "two", "sheep", "[EOS]"), size=(200, 300), seed=5)
    here = visit(static(synthetic(), word=1), "<p>between</p>", static(other, word=1))
    left, right = here.drawn(0), here.drawn(1)
    here.page.get_by_role("slider", name="Word").nth(1).fill("2")
    here.page.get_by_role("radio", name="colour").nth(1).check(force=True)
    assert (here.word(0), here.word(1)) == ("a", "sheep")
    assert np.array_equal(here.drawn(0), left)
    assert not np.array_equal(here.drawn(1), right)
    assert here.page.get_by_role("radio", name="white glow").nth(0).is_checked()
    here.page.locator("summary").nth(1).click()
    here.page.locator(".head .pin").nth(1).click()
    right_now = here.page.locator(".viewer").nth(1)
    right_now.get_by_role("radio", name="layer 1, head 2").click()
    assert (here.page.locator(".photo.pair").count(), here.page.locator("details[open]").count()) == (1, 1)
    assert np.array_equal(here.drawn(0), left)
    assert here.page.get_by_label("Head", exact=True).nth(0).input_value() == "-1"
    assert here.page.locator(".viewer").count() == 2  # though the page holds the module twice


def test_playing_reads_the_caption_and_a_hand_stops_it(visit) -> None:
    here = visit(static(synthetic(), word=0, interval=300))
    here.drawn()
    button = here.page.get_by_role("button", name="Play through the caption")
    button.click()
    here.page.wait_for_function(
        "document.querySelector('.hw3-attention-viewer').shadowRoot.querySelector('.said').textContent === 'runs'"
    )
    here.page.get_by_role("slider", name="Word").fill("1")
    assert button.get_attribute("aria-pressed") == "false"
    here.page.wait_for_timeout(700)
    assert here.word() == "a"


def test_a_caption_is_shown_as_text_whatever_it_says(visit) -> None:
    here = visit(static(synthetic(("[BOS]", HOSTILE, "</script>", "狗", "[EOS]")), word=1))
    here.drawn()
    assert here.word() == HOSTILE
    assert here.page.locator(".words button").nth(3).inner_text() == "狗"
    assert here.page.locator(".viewer img").count() == 0
    assert here.page.evaluate("window.hurt") is None


def test_it_is_dark_where_the_page_is_dark(visit) -> None:
    def theme(here: Any) -> str:
        here.drawn()
        return here.page.locator(".hw3-attention-viewer").get_attribute("data-theme")

    assert theme(visit(static(synthetic()), color_scheme="light")) == "light"
    assert theme(visit(static(synthetic()), color_scheme="dark")) == "dark"
    light_page = "body{background:#fff}"
    assert theme(visit(static(synthetic()), color_scheme="dark", dark=light_page)) == "light"
    lab = visit(static(synthetic()), dark="body{--jp-layout-color0:#111;--jp-ui-font-color0:#fff;background:#111}")
    assert theme(lab) == "dark"
    assert lab.page.locator(".viewer").evaluate("v => getComputedStyle(v).backgroundColor") == "rgb(17, 17, 17)"
    lab.page.evaluate("document.body.style.background = 'white'")  # a theme is switched while one looks
    lab.page.wait_for_selector(".hw3-attention-viewer[data-theme=light]")


def test_a_phone_shows_all_of_it_without_scrolling_sideways(visit) -> None:
    texts = ("[BOS]", *(["a", "very", "extraordinarilylongwordthatneverends", "on", "the", "beach"] * 3), "[EOS]")
    here = visit(static(synthetic(texts), word=1), viewport={"width": 360, "height": 740}, has_touch=True)
    here.drawn()
    assert here.page.evaluate("document.documentElement.scrollWidth") <= 360
    photo = here.page.locator(".photo canvas").bounding_box()
    assert photo["width"] > 300
    assert here.page.get_by_role("button", name="Play through the caption").bounding_box()["height"] >= 40
    here.page.locator(".words button").nth(4).tap()
    assert here.word() == "on"


def small_maps(here: Any, nth: int = 0) -> np.ndarray:
    """The gray values of the grid of heads once it is drawn: (layers x (mean, heads), patches)."""
    read = """cs => cs.map(c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]
                              .filter((_, i) => i % 4 == 0))"""
    here.drawn(nth)  # waits for frames
    return np.array(here.page.locator(".viewer").nth(nth).locator(".matrix canvas").evaluate_all(read), float)


def test_all_heads_are_shown_for_the_word_in_hand_as_python_computes_them(visit) -> None:
    attention = synthetic(layers=3, heads=4)
    here = visit(static(attention, word=3))
    assert here.page.locator(".matrix canvas").count() == 0  # nothing is made before it is asked for
    here.page.get_by_text("All 3 layers and 4 heads at once").click()
    for word in (3, 1):
        here.page.get_by_role("slider", name="Word").fill(str(word))
        expected = []
        for layer in range(3):
            for head in (None, 0, 1, 2, 3):
                maps = view_maps(attention, View(layer, head))
                expected.append(255 * np.minimum(1, maps[word] / white_points(maps, "caption")[word]).ravel())
        assert np.abs(small_maps(here) - expected).max() < 4  # gray levels of 255
    here.page.get_by_role("radio", name="each word").check(force=True)
    assert (small_maps(here).max(axis=1) == 255).all()
    here.page.get_by_role("slider", name="Word").fill("0")
    assert small_maps(here).max() == 0  # [BOS] has no map


def test_a_head_is_chosen_in_the_grid_by_hand_and_by_keys(visit) -> None:
    here = visit(static(synthetic(layers=3, heads=4), word=3))
    before = here.drawn()
    here.page.get_by_text("All 3 layers and 4 heads at once").click()
    layer, head = here.page.get_by_label("Layer", exact=True), here.page.get_by_label("Head", exact=True)
    here.page.get_by_role("radio", name="layer 2, head 3").click()
    assert (layer.input_value(), head.input_value()) == ("1", "2")
    assert np.abs(here.drawn() - before).mean() > 0.5
    chosen = []
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowDown", "Home", "ArrowUp", "ArrowUp", "ArrowUp", "End"):
        here.page.keyboard.press(key)
        chosen.append((int(layer.input_value()), int(head.input_value())))
    assert chosen == [(1, 3), (1, 3), (2, 3), (2, 3), (2, -1), (1, -1), (0, -1), (0, -1), (0, 3)]
    small_maps(here)
    focused = "document.querySelector('.hw3-attention-viewer').shadowRoot.activeElement"
    assert here.page.evaluate(f"{focused}.getAttribute('aria-label')") == "layer 1, head 4"
    assert here.page.locator(".matrix [aria-checked=true]").get_attribute("aria-label") == "layer 1, head 4"
    assert here.page.locator(".matrix [tabindex='0']").count() == 1


def test_a_pinned_word_stands_beside_the_one_in_hand(visit) -> None:
    attention = synthetic()
    here = visit(static(attention, word=2), viewport={"width": 1000, "height": 800})
    alone = here.page.locator(".photo canvas").bounding_box()
    here.page.get_by_role("button", name="Pin red to compare").click()
    here.page.get_by_role("slider", name="Word").fill("3")
    first, second = (here.page.locator(".photo canvas").nth(place).bounding_box() for place in (0, 1))
    assert first["y"] == second["y"]
    assert first["x"] + first["width"] < second["x"]
    assert second["width"] < alone["width"]
    assert here.page.locator("figcaption b").all_inner_texts() == ["dog", "red"]
    for place, word in ((0, 3), (1, 2)):
        pixels, maps = here.drawn(place), view_maps(attention)
        heat = to_original(maps[word], attention.geometry, pixels.shape[:2]) / white_points(maps, "caption")[word]
        photograph = np.asarray(attention.image.resize(pixels.shape[1::-1], Image.Resampling.BILINEAR))
        assert np.abs(blend(photograph, heat).astype(np.int16) - pixels)[np.isfinite(heat)].mean() < 3
    a, b = view_maps(attention)[[2, 3]]
    fact = here.page.locator(".facts > div", has_text="Overlap with red").locator("dd").inner_text()
    assert float(fact.removesuffix("\N{NO-BREAK SPACE}%")) == pytest.approx(100 * np.minimum(a, b).sum(), abs=1)
    here.page.get_by_role("slider", name="Word").fill("2")
    assert here.page.locator(".facts > div", has_text="Overlap").is_hidden()  # with itself
    here.page.get_by_role("slider", name="Word").fill("4")
    here.page.get_by_role("button", name="Unpin red").click()
    assert here.page.locator(".photo canvas").count() == 1
    here.drawn()
    assert here.page.locator(".photo canvas").bounding_box() == alone


def test_two_compared_words_have_one_scale_even_where_each_word_has_its_own(visit) -> None:
    maps = np.full((1, 1, 4, 49), 0.5 / 48, np.float32)
    maps[..., 1, 10], maps[..., 2, 10], maps[..., 3, 40] = 0.5, 0.5, 0.05
    maps[..., 3, :40], maps[..., 3, 41:] = 0.95 / 48, 0.95 / 48
    maps[:, :, 0] = np.nan
    base = synthetic(("[BOS]", "sharp", "same", "flat"), layers=1, heads=1)
    attention = CaptionAttention(**{**vars(base), "maps": maps})
    here = visit(static(attention, word=3, scale="word", opacity=1.0))
    own = here.drawn().max()
    here.page.locator(".words button").nth(1).focus()
    here.page.keyboard.press("ArrowRight")
    here.page.keyboard.press("p")
    here.page.keyboard.press("End")
    flat, sharp = here.drawn(0), here.drawn(1)
    inner = flat[:, flat.shape[1] // 4 : -flat.shape[1] // 4]
    assert min(own, sharp.max()) > 235  # white, but for the interpolation between patches
    assert inner.max() < 255 * 0.05 / 0.5 + 8


def test_the_key_p_pins_and_unpins_wherever_the_focus_is(visit) -> None:
    here = visit(static(synthetic(), word=2))
    here.drawn()
    for target in (".words button[tabindex='0']", ".scrub input", "select >> nth=0"):
        here.page.locator(target).focus()
        here.page.keyboard.press("p")
        assert here.page.locator(".photo canvas").count() == 2
        assert here.page.locator(".head .pin").get_attribute("aria-pressed") == "true"
        assert here.page.locator("[data-pinned]").count() == 1
        here.page.keyboard.press("p")
        assert here.page.locator(".photo canvas").count() == 1
    here.page.keyboard.press("Control+p")
    assert here.page.locator(".photo canvas").count() == 1


def test_on_a_phone_compared_maps_and_all_heads_fit(visit) -> None:
    attention = synthetic(layers=8, heads=8)
    here = visit(static(attention, word=2, pinned=3), viewport={"width": 360, "height": 740}, has_touch=True)
    here.page.locator("summary").tap()
    small_maps(here)
    first, second = (here.page.locator(".photo canvas").nth(place).bounding_box() for place in (0, 1))
    assert first["x"] == second["x"]
    assert first["y"] + first["height"] < second["y"]
    assert here.page.evaluate("document.documentElement.scrollWidth") <= 360
    cell = here.page.get_by_role("radio", name="layer 8, head 8")
    assert cell.bounding_box()["width"] >= 24
    cell.tap()
    assert "Layer 8, head 8." in here.page.locator(".photo canvas").first.get_attribute("aria-label")


def test_the_true_outline_is_drawn_and_says_how_much_attention_is_inside(visit) -> None:
    attention = synthetic(size=(320, 240))
    y, x = np.indices((240, 320)) + 0.5
    mask = (x - 150) ** 2 + (y - 100) ** 2 < 60**2
    here = visit(static(attention, {3: mask}, word=3))
    toggle, row = (
        here.page.get_by_label("Outline of the object named"),
        here.page.locator(".facts > div", has_text="In the outline"),
    )
    outlined = here.drawn()
    inside = np.array(payload(attention, masks={3: mask})["meta"]["words"][3]["inside"])
    for head in (-1, 2):
        here.page.get_by_label("Head", exact=True).select_option(str(head))
        share = inside[1].mean() if head < 0 else inside[1, head]
        assert float(row.locator("dd").inner_text().split("\N{NO-BREAK SPACE}")[0]) == pytest.approx(
            100 * share, abs=0.51
        )
    here.page.get_by_label("Head", exact=True).select_option("-1")
    toggle.uncheck()
    assert row.is_hidden()
    changed = np.abs(here.drawn() - outlined).max(axis=2) > 12
    points = np.argwhere(changed)[:, ::-1] * 320 / changed.shape[1]
    away = np.abs(np.hypot(*(points - (150, 100)).T) - 60)
    assert len(points) > 500
    assert away.max() < 5  # pixels of the photograph: the line is where the edge of the mask is
    toggle.check()
    here.page.get_by_role("slider", name="Word").fill("2")  # a word without a known object
    assert row.is_hidden()
    assert visit(static(attention, word=3)).page.get_by_label("Outline of the object named").count() == 0


LIVE = """
(content) => {
  const bytes = (text) => {
    const raw = Uint8Array.from(atob(text), (c) => c.charCodeAt(0)), larger = new Uint8Array(raw.length + 3);
    larger.set(raw, 3);
    return new DataView(larger.buffer, 3);
  };
  const decode = (c) => ({ ...c, image: bytes(c.image), maps: bytes(c.maps), peaks: bytes(c.peaks) });
  const values = decode(content), heard = {}, call = (event) => (heard[event] ?? []).forEach((f) => f());
  window.model = {
    saved: 0,
    get: (name) => values[name],
    set(name, value) { if (values[name] !== value) { values[name] = value; call(`change:${name}`); } },
    save_changes() { this.saved += 1; },
    on: (event, f) => (heard[event] ??= []).push(f),
    off: (event, f) => { heard[event] = (heard[event] ?? []).filter((g) => g !== f); },
    listening: () => Object.values(heard).flat().length,
    replace: (c) => { Object.assign(values, decode(c)); call('change:meta'); },
  };
  const el = document.body.appendChild(document.createElement('div'));
  window.stop = window.hw3.render({ model: window.model, el });
}"""


def test_as_a_widget_it_follows_its_model_and_tells_it(visit) -> None:
    """The model as anywidget has it: bytes come as a DataView into some larger buffer."""
    here = visit()
    here.page.add_script_tag(content=script() + "\nwindow.hw3 = { render };", type="module")
    here.page.wait_for_function("window.hw3")
    fields = {"heat": "glow", "scale": "caption", "opacity": STRENGTH, "playing": False, "interval": 800}

    def coded(attention: CaptionAttention, **state: Any) -> dict[str, Any]:
        content = payload(attention) | fields | state
        return {k: base64.b64encode(v).decode() if isinstance(v, bytes) else v for k, v in content.items()}

    here.page.evaluate(LIVE, coded(synthetic(), word=1))
    first = here.drawn()
    here.page.evaluate("model.set('word', 3)")  # as a linked slider does
    assert here.word() == "dog"
    assert np.abs(here.drawn() - first).mean() > 2
    here.page.evaluate("model.set('head', 1)")
    assert here.page.get_by_label("Head", exact=True).input_value() == "1"
    here.page.locator(".words button").nth(2).click()
    assert here.page.evaluate("model.get('word')") == 2
    here.page.get_by_role("button", name="Pin red").click()
    assert here.page.evaluate("model.get('pinned')") == 2
    here.page.evaluate("model.set('pinned', 4)")
    assert here.page.locator("figcaption b").all_inner_texts() == ["red", "runs"]
    here.page.evaluate("model.set('pinned', -1)")
    assert here.page.locator("figcaption b").count() == 1
    here.page.wait_for_function("model.saved > 0")
    here.page.evaluate("(c) => model.replace(c)", coded(synthetic(("[BOS]", "sheep", "[EOS]"), layers=1), word=1))
    assert here.page.locator(".words button").count() == 3
    assert here.drawn().std() > 5
    here.page.evaluate("window.stop()")
    assert here.page.evaluate("model.listening()") == 0


def test_a_picture_is_saved_at_the_size_of_the_photograph_not_of_its_copy(visit) -> None:
    here = visit(static(synthetic(size=(900, 600)), word=3))
    here.drawn()
    with here.page.expect_download() as download:
        here.page.get_by_role("button", name="Save picture").click()
    with Image.open(download.value.path()) as picture:
        assert (picture.format, picture.size) == ("PNG", (900, 600))
    assert here.page.locator(".keepsake a").count() == 0  # nothing on this page has an address


ARABIC = ("[BOS]", "كلب", "أحمر", "يجري", ".", "[EOS]")
CHINESE = ("[BOS]", "一", "隻", "紅色", "的", "狗", "。", "[EOS]")


def places(page: Any) -> list[tuple[float, float]]:
    """Where the words stand: their left edges and their tops, in the order of the caption."""
    boxes = [button.bounding_box() for button in page.locator(".words button").all()]
    return [(box["x"], box["y"]) for box in boxes]


def test_arabic_words_stand_from_right_to_left_and_the_left_arrow_goes_on(visit) -> None:
    here = visit(static(synthetic(ARABIC), word=1))
    here.drawn()
    left = [x for x, _ in places(here.page)]
    assert left == sorted(left, reverse=True)
    assert here.page.locator(".words span").nth(1).get_attribute("lang") == "ar"
    assert here.page.locator(".said").get_attribute("lang") == "ar"
    words, slider = here.page.locator(".words button"), here.page.get_by_role("slider", name="Word")
    words.nth(1).focus()
    for key, word in (("ArrowLeft", 2), ("ArrowLeft", 3), ("ArrowRight", 2), ("ArrowDown", 3), ("Home", 0), ("End", 5)):
        here.page.keyboard.press(key)
        assert here.word() == ARABIC[word]
        assert words.nth(word).evaluate("(b) => b.getRootNode().activeElement === b")
    slider.focus()
    slider.fill("2")
    here.page.keyboard.press("ArrowLeft")
    assert here.word() == "يجري"
    thumb = slider.evaluate("(s) => getComputedStyle(s).direction")
    assert thumb == "rtl"  # the scrub bar begins where the words begin


def test_a_pinned_arabic_word_stands_beside_the_other_with_its_own_direction(visit) -> None:
    here = visit(static(synthetic(ARABIC), word=1))
    here.drawn()
    here.page.keyboard.press("Tab")
    here.page.locator(".now .pin").click()
    here.page.locator(".words button").nth(3).click()
    titles = here.page.locator(".plates b")
    assert [titles.nth(n).inner_text() for n in range(2)] == ["يجري", "كلب"]
    assert titles.nth(0).evaluate("(b) => b.matches(':dir(rtl)')")
    assert here.page.locator(".facts bdi").inner_text() == "كلب"
    assert here.page.locator(".words button[data-pinned]").inner_text().strip() == "كلب"
    assert here.page.locator(".count").inner_text() == "4 / 6"
    assert here.page.locator(".count").evaluate("(c) => getComputedStyle(c).direction") == "ltr"


def test_chinese_words_follow_each_other_as_other_words_do(visit) -> None:
    here, other = visit(static(synthetic(CHINESE))), visit(static(synthetic()))
    here.drawn()
    other.drawn()
    (first, top), (second, same) = places(here.page)[:2]
    assert top == same
    gap = second - first
    assert gap == pytest.approx(places(other.page)[1][0] - places(other.page)[0][0], abs=1)
    assert [span.inner_text() for span in here.page.locator(".words span").all()] == list(CHINESE)
    assert here.page.locator(".words span").nth(3).get_attribute("lang") == "zh-Hant"
    assert here.page.locator(".words").get_attribute("dir") is None
    here.page.locator(".words button").nth(1).focus()
    here.page.keyboard.press("ArrowRight")
    assert here.word() == "隻"


def test_a_click_on_a_patch_hides_it_under_stripes_and_another_shows_it_again(visit) -> None:
    here = visit(static(synthetic(), word=1, hides=True), static(synthetic(), word=1))
    canvas = here.page.locator(".photo canvas").first
    before, box = here.drawn(), canvas.bounding_box()
    high, wide = (size / count for size, count in zip(before.shape, synthetic().grid, strict=False))  # of a patch
    for x, y in ((0.72, 0.3), (0.35, 0.7)):
        place = {"x": box["width"] * x, "y": box["height"] * y}
        canvas.click(position=place)
        changed = np.argwhere(np.abs(here.drawn() - before).max(axis=2) > 8)
        (top, left), (bottom, right) = changed.min(axis=0), changed.max(axis=0)
        assert top <= y * before.shape[0] <= bottom
        assert left <= x * before.shape[1] <= right
        assert high / 2 < bottom - top <= high + 2
        assert wide / 2 < right - left <= wide + 2
        assert "1 patch hidden." in canvas.get_attribute("aria-label")
        canvas.click(position=place)
        assert np.array_equal(here.drawn(), before)

    other = here.drawn(1)
    here.page.locator(".photo canvas").nth(1).click(position=place)  # nobody would compute what comes of it
    assert np.array_equal(here.drawn(1), other)


def test_a_run_or_another_photograph_stands_beside_it_and_the_link_restores_both(visit) -> None:
    first = replace(synthetic(), run="best")
    # Another backbone: another grid, another number of layers, a longer caption in which words stand elsewhere.
    texts = ("[BOS]", "one", "small", "dog", "a", "red", "ball", "[EOS]")
    read = replace(synthetic(texts, grid=(12, 8), layers=3, seed=1), image=first.image, run="vit")
    read = replace(read, maps=0.2 * read.maps + np.float32(0.8 / 96))  # flat, which its own scale would hide
    photograph = synthetic(ARABIC, size=(500, 160), layers=1, heads=2, seed=2)
    figures = [
        f'<figure id="figure-{place}">{static_html(encode(content | {"word": 3}))}</figure>'
        for place, content in enumerate((payload(first, others=[Beside("vit", "vit", read)]), payload(photograph)), 1)
    ]
    here = visit(*figures, viewport={"width": 1000, "height": 900})
    page, view = here.page, here.page.locator("#figure-1")
    said, choice = view.locator(".said"), view.get_by_label("Beside it")
    assert choice.locator("option").all_inner_texts() == ["nothing", "vit", "synthetic (figure 2)"]
    assert view.get_by_text("Its word").is_hidden()
    alone = here.drawn()

    # By keys alone: chosen, gone through word by word, the pinned word on both sides.
    choice.focus()
    page.keyboard.press("ArrowDown")
    assert (choice.input_value(), said.all_inner_texts()) == ("vit", ["dog", "dog"])
    assert view.locator(".plates small").all_inner_texts() == ["best", "vit"]
    assert view.locator(".of").all_inner_texts() == ["synthetic · run best", "synthetic · run vit"]
    boxes = [canvas.bounding_box() for canvas in view.locator(".photo canvas").all()]
    assert boxes[0]["y"] == boxes[1]["y"]
    assert boxes[0]["x"] + boxes[0]["width"] < boxes[1]["x"]
    one, other = here.drawn(0), here.drawn(1)
    for pixels, attention, layer in ((one, first, 1), (other, read, 2)):
        # One scale: a share of attention counts by how much larger than an even one it is.
        maps = view_maps(attention, View(layer))
        white = max(49 * np.nanquantile(view_maps(first), 0.99), 96 * np.nanquantile(view_maps(read), 0.99))
        heat = to_original(maps[3], attention.geometry, pixels.shape[:2]) * (maps[3].size / white)
        picture = np.asarray(attention.image.resize(pixels.shape[1::-1], Image.Resampling.BILINEAR))
        assert np.abs(blend(picture, heat).astype(np.int16) - pixels)[np.isfinite(heat)].mean() < 3
    view.locator(".words button[tabindex='0']").first.focus()
    page.keyboard.press("ArrowLeft")
    assert said.all_inner_texts() == ["red", "small"]
    view.get_by_label("same word").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+Tab")
    view.get_by_label("same word").check()
    assert said.all_inner_texts() == ["red", "red"]
    page.keyboard.press("p")
    assert view.locator("figcaption b").all_inner_texts() == ["red", "red", "red", "red"]
    view.locator(".words button[tabindex='0']").nth(1).focus()
    page.keyboard.press("ArrowLeft")
    assert said.all_inner_texts() == ["a", "a"]  # the second side leads as well
    view.get_by_label("Layer", exact=True).select_option("0")
    link = view.locator(".keepsake a").get_attribute("href")
    assert link == "#figure-1-word-2?layer=0&pinned=2&beside=vit&follow=word"
    page.wait_for_function(f"location.hash === {link!r}")
    both = [here.drawn(place) for place in (0, 2)]

    page.goto("about:blank")
    page.goto(here.url + link)
    assert view.locator(".said").all_inner_texts() == ["a", "a"]
    assert all(np.array_equal(here.drawn(place), pixels) for place, pixels in zip((0, 2), both, strict=True))
    page.goto(here.url + "#figure-1-word-4?layer=x&beside=__proto__")  # hostile: what it says is not there
    page.wait_for_function("!document.querySelector('.hw3-attention-viewer').shadowRoot.querySelector('.two')")
    assert np.array_equal(here.drawn(), alone)

    # Another photograph, on a phone: one above the other, its words from right to left.
    page.set_viewport_size({"width": 390, "height": 800})
    choice.select_option("figure-2")
    assert said.all_inner_texts() == ["dog", ARABIC[3]]
    boxes = [canvas.bounding_box() for canvas in view.locator(".photo canvas").all()]
    assert boxes[0]["y"] + boxes[0]["height"] < boxes[1]["y"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert view.locator(".words").nth(1).get_attribute("dir") == "rtl"
    choice.select_option("")
    assert view.locator(".said").count() == 1


def test_a_long_menu_of_what_stands_beside_is_filled_when_it_is_reached_by_keys_by_hand_or_by_a_link(visit) -> None:
    content = encode(
        payload(synthetic()) | {"choices": [[f"run{place}", f"run {place}", "another run"] for place in range(40)]}
    )
    beside = {"run0": {name: content[name] for name in ("meta", "maps", "peaks")}}
    content |= {"sides": beside}
    here = visit(*(f'<figure id="figure-{place}">{static_html(content)}</figure>' for place in (1, 2, 3)))
    page, menus = here.page, here.page.get_by_label("Beside it")
    lengths = partial(menus.evaluate_all, "all => all.map((menu) => menu.length)")
    assert lengths() == [1, 1, 1]
    assert menus.first.is_visible()
    menus.first.focus()
    page.keyboard.press("ArrowDown")
    assert menus.first.input_value() == "run0"
    assert page.locator("#figure-1 .said").count() == 2
    menus.nth(1).dispatch_event("pointerdown")
    assert lengths() == [43, 43, 1]  # nothing, the runs, the other two figures
    page.goto("about:blank")
    page.goto(f"{here.url}#figure-3-word-2?beside=run0")
    assert page.locator("#figure-3 .said").count() == 2
    assert (lengths(), menus.last.input_value()) == ([1, 1, 43], "run0")


def test_the_caption_is_saved_as_an_animation_of_one_side_or_of_both(visit, tmp_path) -> None:
    first = replace(synthetic(("[BOS]", "dog", "[EOS]")), run="best")
    read = replace(synthetic(("[BOS]", "a", "dog", "[EOS]"), seed=1), image=first.image, run="vit")
    here = visit(static_html(encode(payload(first, others=[Beside("vit", "vit", read)]) | {"word": 1})))
    one = here.drawn()
    for name, size in (("synthetic-best.webp", (720, 620)), ("synthetic-best-vit.webp", (1092, 485))):
        with here.page.expect_download() as download:
            here.page.get_by_role("button", name="Save animation").click()
        assert download.value.suggested_filename == name
        with Image.open(download.value.path()) as film:
            assert (film.format, film.n_frames, film.size, film.info["loop"]) == ("WEBP", 3, size, 0)
            frames = []
            for place in range(film.n_frames):
                film.seek(place)
                film.load()
                assert film.info["duration"] == 700
                frames.append(np.asarray(film.convert("RGB")).astype(np.int16))
        assert all(frame[-80:].min() < 90 for frame in frames)  # words
        assert np.abs(frames[0] - frames[1]).mean() > 5
        if size[0] == 720:
            shown = Image.fromarray(one.astype(np.uint8)).resize((720, 540))
            assert np.abs(frames[1][:540] - np.asarray(shown, np.int16)).mean() < 6
        else:
            left, right = frames[2][:405, :540], frames[2][:405, 552:]
            assert (left < 250).all(axis=2).mean() > 0.9  # pictures, not paper
            assert (right < 250).all(axis=2).mean() > 0.9
            assert np.abs(left - right).mean() > 2
        here.page.get_by_label("Beside it").select_option("vit")
    other = "(done) => done(new Blob([], { type: 'image/png' }))"  # as where WebP is not written
    here.page.evaluate(f"() => {{ HTMLCanvasElement.prototype.toBlob = {other}; }}")
    here.page.get_by_role("button", name="Save animation").click()
    here.page.get_by_text("No animation: this browser writes no WebP.").wait_for()
