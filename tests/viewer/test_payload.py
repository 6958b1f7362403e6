"""The viewer's payload is small, exact and inert; the live widget keeps to its words, layers and heads."""

from __future__ import annotations

import base64
import html.parser
import io
import itertools
import json
import re
from dataclasses import replace

import ipywidgets
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from hw3lib.attention.maps import CaptionAttention, View, word_maps
from hw3lib.attention.measures import entropy
from hw3lib.display.bundle import FIGURE, figure_bundle
from hw3lib.viewer.page import ATTENTION, LIVE, static_html
from hw3lib.viewer.payload import Beside, Payload, encode, payload
from hw3lib.viewer.show import WIDGET, StaticViewer, bundle, live_bundle
from hw3lib.viewer.widget import AttentionViewer
from tests.support.synthetic import synthetic

HOSTILE = "</script><img src=x onerror=alert(1)>"


def decoded(payload: Payload) -> np.ndarray:
    """The payload's maps as the viewer reads them, (M, N, H, P)."""
    meta = payload["meta"]
    shape = (-1, meta["layers"], meta["heads"])
    peaks = np.frombuffer(payload["peaks"], "<f4").reshape(shape)
    steps = np.frombuffer(payload["maps"], np.uint8).reshape(*peaks.shape, meta["grid"][0] * meta["grid"][1])
    return (steps / 255) ** 2 * peaks[..., None]


def test_the_bytes_hold_every_layer_and_head_to_a_gray_level() -> None:
    attention = synthetic(layers=3, heads=5)
    values = decoded(payload(attention))
    exact = np.moveaxis(word_maps(attention.maps, attention.words), 2, 0)[1:]
    assert values.shape == exact.shape == (5, 3, 5, 49)
    error = np.abs(values - exact) / exact.max(axis=-1, keepdims=True)
    assert error.max() <= 1 / 255
    bits = [abs(entropy(a / a.sum()) - entropy(b)) for a, b in zip(values[0, 0], exact[0, 0], strict=True)]
    assert max(bits) < 0.02


def test_bos_has_a_place_in_the_caption_but_no_map() -> None:
    words = payload(synthetic())["meta"]["words"]
    assert [word["map"] for word in words] == [None, 0, 1, 2, 3, 4]
    assert words[0] == {"text": "[BOS]", "probability": None, "map": None}
    assert all(0 < word["probability"] <= 1 for word in words[1:])


def test_a_long_captions_static_viewer_is_below_400_kilobytes() -> None:
    attention = synthetic(("[BOS]", *"abcdefghijklmnopqr", "[EOS]"), size=(1600, 1200), layers=8, heads=8)
    noise = np.random.default_rng(0).normal(0, 12, (1200, 1600, 3))  # a photograph is never as smooth as the gradient
    grainy = Image.fromarray(np.clip(np.asarray(attention.image) + noise, 0, 255).astype(np.uint8))
    content = payload(CaptionAttention(**{**vars(attention), "image": grainy}))
    assert len(content["meta"]["words"]) == 20
    assert len(static_html(encode(content))) < 400_000
    with Image.open(io.BytesIO(content["image"])) as photograph:
        assert photograph.format == "JPEG"
        assert max(photograph.size) == 640


def test_what_the_model_saw_is_given_as_fractions() -> None:
    left, top, right, bottom = payload(synthetic(size=(300, 200)))["meta"]["seen"]
    assert (left, top, right, bottom) == pytest.approx((1 / 6, 0, 5 / 6, 1))


def test_fine_grids_are_summed_to_coarser_ones_and_nothing_is_lost() -> None:
    for grid, coarse in (((28, 28), [14, 14]), ((37, 37), [13, 13]), ((16, 16), [16, 16])):
        content = payload(synthetic(grid=grid))
        assert content["meta"]["grid"] == coarse
        np.testing.assert_allclose(decoded(content).sum(axis=-1), 1, atol=0.02)


def test_a_coarser_grid_keeps_things_in_their_place() -> None:
    attention = synthetic(grid=(37, 20))
    maps = np.zeros_like(attention.maps)
    maps[:, :, :, 30 * 20 + 4] = 1  # one patch, its centre at (30.5 / 37, 4.5 / 20)
    maps[:, :, 0] = np.nan
    content = payload(CaptionAttention(**{**vars(attention), "maps": maps}))
    rows, columns = content["meta"]["grid"]
    values = decoded(content)[0, 0, 0].reshape(rows, columns)
    y, x = (np.indices(values.shape) + 0.5) / np.array([[[rows]], [[columns]]])
    assert (y * values).sum() == pytest.approx(30.5 / 37, abs=0.5 / rows)
    assert (x * values).sum() == pytest.approx(4.5 / 20, abs=0.5 / columns)


def test_the_view_to_begin_with_can_be_chosen() -> None:
    attention = synthetic()
    assert {name: payload(attention)[name] for name in ("layer", "head")} == {"layer": 1, "head": -1}
    assert {name: payload(attention, View(0, 3))[name] for name in ("layer", "head")} == {"layer": 0, "head": 3}
    first = payload(attention)["word"]
    assert attention.words[first].text.isalpha()


def test_a_viewer_begins_with_a_word_of_four_letters_rather_than_a_shorter_one_with_a_sharper_map() -> None:
    base = synthetic(("[BOS]", "a", "runs", "[EOS]"))
    maps = np.full_like(base.maps, 1 / 49)
    maps[:, :, 0] = np.nan
    maps[:, :, 1] = np.eye(49)[24]
    assert payload(CaptionAttention(**{**vars(base), "maps": maps}))["word"] == 2


class Reader(html.parser.HTMLParser):
    """Collects a page's tags and the text of its scripts, as a browser would."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text.append((self.tags[-1] if self.tags else "", data))


def test_a_caption_cannot_become_markup() -> None:
    attention = synthetic(("[BOS]", HOSTILE, "<!--<script>", "[EOS]"))
    page = static_html(encode(payload(attention)))
    reader = Reader()
    reader.feed(page)
    assert reader.tags == ["div", "script", "div", "script"]
    data = json.loads(next(text for tag, text in reader.text if tag == "script"))
    assert data["meta"]["words"][1]["text"] == HOSTILE
    assert base64.b64decode(data["image"])[:2] == b"\xff\xd8"


def test_the_widget_stays_within_its_caption() -> None:
    live = AttentionViewer(synthetic())
    live.word = 99
    assert live.word == 5
    live.word, live.layer, live.head = -3, 7, -9
    assert (live.word, live.layer, live.head) == (0, 1, -1)


def test_the_widget_composes_with_ipywidgets() -> None:
    live = AttentionViewer(synthetic(), word=1)
    slider, heard = ipywidgets.IntSlider(max=5), []
    link = ipywidgets.link((slider, "value"), (live, "word"))
    live.observe(lambda change: heard.append(change["new"]), "word")
    slider.value = 4
    assert (live.word, heard[-1]) == (4, 4)
    live.word = 2
    assert slider.value == 2
    link.unlink()
    ipywidgets.jslink((slider, "value"), (live, "word"))
    ipywidgets.jslink((live, "layer"), (ipywidgets.BoundedIntText(), "value"))


def test_one_widget_can_go_from_one_look_to_the_next() -> None:
    live = AttentionViewer(synthetic(), word=5)
    other = synthetic(("[BOS]", "sheep", "[EOS]"), layers=1, heads=2)
    live.show_attention(other)
    assert live.meta["caption"] == "sheep"
    assert (live.word, live.layer, live.head) == (1, 0, -1)
    assert live.maps == payload(other)["maps"]


def test_a_new_look_reaches_the_page_in_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    live = AttentionViewer(synthetic())
    sent: list[set[str]] = []
    monkeypatch.setattr(live, "send_state", lambda key=None: sent.append({key} if isinstance(key, str) else set(key)))
    live.show_attention(synthetic(("[BOS]", "sheep", "[EOS]"), size=(200, 300), layers=1, heads=2))
    assert len(sent) == 1
    assert sent[0] >= {"meta", "image", "maps", "peaks"}


def test_a_widgets_state_makes_a_page_of_what_it_shows() -> None:
    live = AttentionViewer(synthetic(), heat="colour", word=3)
    page = static_html(encode(live.state))
    data = json.loads(re.search(r'application/json">(.*?)</script>', page, re.S).group(1))
    assert (data["word"], data["heat"], data["scale"]) == (3, "colour", "caption")


def test_one_bundle_serves_the_notebook_the_page_and_print() -> None:
    attention = synthetic()
    slider = ipywidgets.IntSlider()
    shown, live = bundle(AttentionViewer(attention), "A figure"), live_bundle(slider)
    assert live[WIDGET]["model_id"] == slider.model_id
    assert LIVE in live
    assert WIDGET not in shown
    assert "data-hw3-viewer" in shown["text/html"]
    assert shown[ATTENTION] == json.loads(re.search(r'application/json">(.*?)</script>', shown["text/html"]).group(1))
    with Image.open(io.BytesIO(base64.b64decode(shown["image/png"]))) as picture:
        assert picture.width == 1300
    assert shown[FIGURE]["caption"] == "A figure"
    assert attention.caption in shown[FIGURE]["alt"]
    assert shown["text/plain"] == attention.caption
    json.dumps(shown, allow_nan=False)


def test_a_figure_that_needs_no_kernel_has_no_model_and_shows_what_a_live_one_would() -> None:
    attention = synthetic()
    still, live = StaticViewer(attention, View(0, 2)), AttentionViewer(attention, View(0, 2))
    before = len(ipywidgets.Widget.widgets) if hasattr(ipywidgets.Widget, "widgets") else 0
    shown = bundle(still)
    assert shown == bundle(live)
    assert (len(ipywidgets.Widget.widgets) if hasattr(ipywidgets.Widget, "widgets") else 0) == before


def test_a_viewers_html_shows_its_picture_where_scripts_are_taken_out() -> None:
    attention = synthetic()
    shown = bundle(StaticViewer(attention), caption="A <b>figure")
    bare = re.sub(r"<script.*?</script>", "", shown["text/html"], flags=re.S)
    (source,) = re.findall(r'<img src="data:image/(?:webp|png);base64,([^"]+)"', bare)
    with Image.open(io.BytesIO(base64.b64decode(source))) as picture:
        assert picture.width == 1300
    assert "A &lt;b&gt;figure" in bare


def test_a_figures_payload_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    attention, counts = synthetic(), []
    monkeypatch.setattr("hw3lib.viewer.widget.payload", lambda *inputs: counts.append(1) or payload(*inputs))
    shown = bundle(AttentionViewer(attention, View(0, 2), word=3))
    assert len(counts) == 1
    assert (shown[ATTENTION]["layer"], shown[ATTENTION]["head"], shown[ATTENTION]["word"]) == (0, 2, 3)


def test_the_word_grid_has_a_panel_per_word_and_takes_any_text() -> None:
    from hw3lib.attention.word_grid import word_grid

    attention = synthetic(
        ("[BOS]", "$\\frac{1}{", "supercalifragilisticexpialidocious" * 2, "dog", "[EOS]"), size=(200, 400)
    )
    figure = word_grid(attention, scale="word")
    assert len(figure.axes) == 5
    assert figure_bundle(figure, "x")["image/png"]


@pytest.mark.parametrize("columns", [8, 9])
def test_no_type_in_a_printed_grid_is_below_7_points_and_no_word_runs_into_its_neighbour(columns) -> None:
    from hw3lib.attention.maps import Word
    from hw3lib.attention.word_grid import word_grid
    from hw3lib.display.style import WIDTH

    texts = ("[BOS]", "background", "mmmmmmmmmmmmmm", "dog", "incomprehensibilities", "fire", "a", "[EOS]")
    words = tuple(Word(text, (place,), unknown=text == "dog") for place, text in enumerate(texts))
    attention = replace(synthetic(texts), words=words)
    masks = {3: disc((320, 240), (160, 120), 40)}
    figure = word_grid(attention, width=WIDTH, columns=columns, masks=masks)
    assert min(text.get_fontsize() for text in figure.texts) >= 7
    assert "dog (?)" in [text.get_text() for text in figure.texts]
    assert "(?): read as [UNK]." in figure.texts[-1].get_text()
    FigureCanvasAgg(figure).draw()
    boxes = [text.get_window_extent() for text in figure.texts[:-1] if text.get_text()]
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
    assert figure.texts[-1].get_window_extent().x1 <= figure.bbox.x1


def test_a_flat_map_looks_flat_beside_a_sharp_one_unless_each_word_has_its_own_scale() -> None:
    from hw3lib.attention.word_grid import white_points

    maps = np.full((4, 7, 7), 1 / 49)
    maps[0] = np.nan
    maps[2] = 0.1 / 48
    maps[2, 3, 3], maps[2, 3, 4] = 0.45, 0.45
    shared, own = white_points(maps, "caption"), white_points(maps, "word")
    assert len(set(shared)) == 1
    assert 1 / 49 / shared[1] < 0.1 < 0.9 <= maps[2].max() / shared[2]
    np.testing.assert_allclose(own[1:], [1 / 49, 0.45, 1 / 49])


def test_strong_attention_is_white_and_unseen_parts_are_hatched() -> None:
    from hw3lib.attention.word_grid import blend

    photograph = np.full((40, 60, 3), 100, np.uint8)
    heat = np.full((40, 60), 0.5)
    heat[:, :20], heat[:, 20] = np.nan, 1.0
    mixed = blend(photograph, heat, strength=0.8)
    assert (mixed[:, 20] == 224).all()  # 0.2 of 100 and 0.8 of white
    assert (np.abs(mixed[:, 21:].astype(int) - 122) <= 2).all()
    assert len(np.unique(mixed[:, :20])) == 2  # stripes and what is between them


def disc(size: tuple[int, int], centre: tuple[float, float], radius: float) -> np.ndarray:
    """A mask (h, w) of a disc; centre and radius in pixels, size (w, h)."""
    y, x = np.indices(size[::-1]) + 0.5
    return (x - centre[0]) ** 2 + (y - centre[1]) ** 2 < radius**2


def test_a_masked_word_gets_an_outline_and_the_attention_inside_it() -> None:
    attention = synthetic(size=(320, 240))
    mask = disc((320, 240), (150, 100), 60)
    words = payload(attention, masks={3: mask})["meta"]["words"]
    assert [index for index, word in enumerate(words) if "outline" in word] == [3]
    points = np.array(words[3]["outline"][0]).reshape(-1, 2) * (320, 240)
    assert np.hypot(*(points - (150, 100)).T) == pytest.approx(60, abs=1.2)
    # The slow way: each patch's even light on the original photograph, pixel by pixel.
    left, top, right, bottom = attention.geometry.box
    y, x = np.nonzero(mask)
    rows, columns = (y + 0.5 - top) / (bottom - top) * 7, (x + 0.5 - left) / (right - left) * 7
    seen = (rows >= 0) & (rows < 7) & (columns >= 0) & (columns < 7)
    patches = (rows[seen].astype(int), columns[seen].astype(int))
    per_pixel = 49 / ((right - left) * (bottom - top))
    maps = word_maps(attention.maps, attention.words)[:, :, 3].reshape(2, 4, 7, 7)
    slow = maps[:, :, *patches].sum(axis=-1) * per_pixel
    np.testing.assert_allclose(words[3]["inside"], slow, atol=0.004)
    assert words[3]["even"] == pytest.approx(seen.sum() / ((right - left) * (bottom - top)), abs=1e-3)


def test_the_attention_inside_is_exact_where_the_viewers_grid_is_coarser() -> None:
    attention = synthetic(size=(240, 240), grid=(37, 37))
    left_half = np.arange(240)[None, :].repeat(240, 0) < 120
    word = payload(attention, masks={2: left_half})["meta"]["words"][2]
    maps = attention.maps[:, :, 2].reshape(2, 4, 37, 37)
    exact = maps[..., :18].sum(axis=(-1, -2)) + maps[..., 18].sum(axis=-1) / 2
    np.testing.assert_allclose(word["inside"], exact, atol=1e-4)
    assert word["even"] == 0.5


def test_a_mask_of_the_photograph_at_another_size_says_the_same() -> None:
    attention, small = synthetic(size=(320, 240)), disc((320, 240), (150, 100), 60)
    words = [
        payload(attention, masks={3: mask})["meta"]["words"][3] for mask in (small, np.kron(small, np.ones((2, 2))))
    ]
    np.testing.assert_allclose(words[0]["inside"], words[1]["inside"], atol=2e-4)
    assert words[0]["even"] == pytest.approx(words[1]["even"], abs=2e-4)  # both were rounded


def test_masks_that_do_not_fit_are_refused_and_empty_ones_left_out() -> None:
    attention = synthetic()
    with pytest.raises(ValueError, match=r"word 2 is \(320, 240\), the photograph is \(240, 320\)"):
        payload(attention, masks={2: np.ones((320, 240), bool)})
    with pytest.raises(ValueError, match=r"word 6, the caption has the words 0\.\.5"):
        payload(attention, masks={6: np.ones((240, 320), bool)})
    assert "outline" not in payload(attention, masks={2: np.zeros((240, 320), bool)})["meta"]["words"][2]
    given = payload(attention, masks={0: np.ones((240, 320), bool)})["meta"]["words"][0]
    assert (given["inside"], given["even"]) == (None, 1.0)
    json.dumps(given, allow_nan=False)


def test_masks_reach_the_page_the_widget_and_the_bundle() -> None:
    attention, masks = synthetic(), {3: disc((320, 240), (150, 100), 60)}
    other = synthetic(("[BOS]", "sheep", "[EOS]"))
    live = AttentionViewer(attention, masks=masks, pinned=2)
    assert live.meta["words"][3]["outline"]
    assert (live.state["pinned"], live.state["outline"]) == (2, True)
    live.show_attention(other)
    assert live.pinned == -1
    live.pinned = 77
    assert live.pinned == 2
    assert '"outline": [[' in bundle(AttentionViewer(attention, masks=masks))["text/html"]


def test_another_runs_side_travels_without_the_photograph_that_both_read() -> None:
    attention = replace(synthetic(), run="best")
    read = replace(synthetic(("[BOS]", "sheep", "[EOS]"), grid=(5, 6), layers=1), image=attention.image, run="vit")
    elsewhere = Beside("sheep", "sheep", synthetic(size=(90, 60)), group="another photograph")
    others = [Beside("vit", "vit, its own words", read, {1: disc((320, 240), (150, 100), 60)}), elsewhere]
    coded = encode(payload(attention, others=others))
    assert coded["choices"] == [
        ["vit", "vit, its own words", "another run"],
        ["sheep", "sheep", "another photograph"],
    ]
    assert (coded["beside"], coded["meta"]["run"], coded["sides"]["vit"]["meta"]["run"]) == ("", "best", "vit")
    assert coded["sides"]["vit"]["meta"]["words"][1]["outline"]
    assert ["image" in coded["sides"][key] for key in ("vit", "sheep")] == [False, True]
    assert base64.b64decode(coded["sides"]["vit"]["maps"]) == payload(read)["maps"]
    json.dumps(coded, allow_nan=False)


def test_a_viewer_whose_kernel_is_gone_offers_what_was_computed() -> None:
    live = AttentionViewer(synthetic(), others=[Beside("vit", "vit", synthetic(layers=1))])
    live.choices = [*live.choices, ["plus", "plus", "another run"]]  # nobody asked for it
    assert [choice[0] for choice in live.state["choices"]] == ["vit"]
    live.beside = "vit"
    live.show_attention(synthetic(("[BOS]", "sheep", "[EOS]")))
    assert (live.beside, live.choices, live.sides) == ("", [], {})
