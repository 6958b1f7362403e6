"""The attention viewer: how soon one stands after the forward pass, how large it is, and how fast a hand can scrub it.

The caption has 20 words, every word 64 heads (8 layers of 8) of 7 x 7 patches; three of its words have the mask of
their object. Where two are open, the same caption with 12 x 12 patches stands beside it. The peer, where there is one,
is bertviz (pip install --no-deps bertviz==1.4.1), the usual viewer of attention, whose head view shows the same
cross-attention with patches as tokens, without a photograph and with libraries from the network.

Scrubbing is measured in headless Chromium, without a GPU, at 1,200 x 900 px. Playwright sends real input: a mouse that
passes over the words, arrow keys at the rate of one held down, a drag along the slider. For each event that changes the
word, the clock runs from the moment the page hears of it (a capturing listener, ahead of the viewer's) to the first
task after the next frame's animation callbacks, when style, layout and paint of that frame have been done on the main
thread. A wait for that frame is part of it, up to 16.7 ms after a key; mouse moves come with their frame. What the
compositor's threads do then is not in it. The work alone (the same less the wait) has rows of its own.
"""

from __future__ import annotations

import base64
import io
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from harness import ROOT, Row, alternate, arguments, finish, not_measured, row
from PIL import Image

from hw3lib.attention.maps import CaptionAttention
from hw3lib.viewer.page import fragment, static_html
from hw3lib.viewer.payload import Beside, Masks, encode, payload
from hw3lib.viewer.script import script

sys.path.insert(0, str(ROOT))
from tests.support.browser import CHROMIUM
from tests.support.synthetic import synthetic

WORDS, LAYERS, HEADS = 20, 8, 8
REPORT = ROOT / "report" / "build" / "demo" / "hw3_report.html"
FRAME = 16  # ms
KEYS = 30  # a second: how often a key that is held down repeats

PROBE = """
(nth) => {
  const hosts = document.querySelectorAll('.hw3-attention-viewer, .hw3-gallery');
  const root = hosts[nth].shadowRoot, count = root.querySelector('.count');
  const found = window.found = { whole: [], work: [] };
  let handled = 0;
  const heard = () => {
    const place = count.textContent, start = performance.now();
    handled = start;
    requestAnimationFrame(() => {
      const frame = performance.now(), acted = Math.max(0, handled - start);
      const channel = new MessageChannel();
      channel.port1.onmessage = () => {
        if (count.textContent === place) return;
        const end = performance.now();
        found.whole.push(end - start);
        found.work.push(acted + end - frame);
      };
      // After the other callbacks of this frame: the viewer's own were asked for later than this one.
      channel.port2.postMessage(null);
    });
  };
  const done = () => { handled = performance.now(); }; // after the viewer's own listeners, which are further in
  for (const kind of ['pointermove', 'keydown', 'input']) {
    root.addEventListener(kind, heard, true);
    root.addEventListener(kind, done);
  }
}"""


def subject() -> tuple[CaptionAttention, dict[int, np.ndarray]]:
    """The attention and the masks of three of its words."""
    letters = ("[BOS]", *(f"word{place}" for place in range(1, WORDS - 1)), "[EOS]")
    attention = synthetic(letters, size=(640, 480), layers=LAYERS, heads=HEADS)
    noise = np.random.default_rng(0).normal(0, 12, (480, 640, 3))  # a photograph is never as smooth as a gradient
    grainy = Image.fromarray(np.clip(np.asarray(attention.image) + noise, 0, 255).astype(np.uint8))
    y, x = np.indices((480, 640))
    masks = {place: np.hypot(x - 90 * place, y - 240) * (1 + 0.1 * np.sin(x / 9)) < 110 for place in (2, 3, 5)}
    return CaptionAttention(**{**vars(attention), "image": grainy}), masks


def bertviz_page(attention: CaptionAttention) -> str | None:
    """The same attention in bertviz's head view; ``None`` where it is not installed."""
    try:
        from bertviz import head_view
    except ImportError:
        return None
    cross = [torch.from_numpy(layer[None, :, 1:]) for layer in attention.maps]  # (1, H, T, P) each
    patches, words = (
        [str(patch) for patch in range(attention.maps.shape[-1])],
        [word.text for word in attention.words[1:]],
    )
    page = head_view(
        cross_attention=cross, encoder_tokens=patches, decoder_tokens=words, html_action="return"
    )  # fmt: skip
    return str(page.data)


def building(attention: CaptionAttention, masks: Masks, rounds: int) -> list[Row]:
    """From the attention to the page's fragment, and its size without the module that all viewers of a page share."""

    def ours() -> str:
        return static_html(encode(payload(attention, masks=masks)))

    size = len(ours().partition('<script type="module">')[0].encode())
    other = bertviz_page(attention)
    sides = {"ours": ours} | ({"peer": lambda: bertviz_page(attention)} if other else {})
    taken = alternate(sides, rounds)
    peer = 1e3 * taken["peer"] if other else None
    what = f"{WORDS} words x {LAYERS * HEADS} heads x {attention.maps.shape[-1]} patches"
    module, theirs = len(script().encode()), len(other.encode()) / 1e3 if other else None
    where = "peer: bertviz" if other else "bertviz, the peer, is not installed"
    # The targets are limits on ours; a row with a peer has a ratio as its target, so that the peer has its own row.
    rows = [
        row("building one caption's viewer", 1e3 * taken["ours"], None, "ms", 50, note=f"{what}, 3 masks"),
        row(
            "its size in the page", size / 1e3, None, "kB", 400, note=f"the module, once a page: {module / 1e3:.0f} kB"
        ),
    ]
    if other:
        rows.append(row("building, against bertviz", 1e3 * taken["ours"], peer, "ms", note=f"{where} head_view"))
        rows.append(row("size, against bertviz", size / 1e3, theirs, "kB", note=f"{where} head_view"))
    return rows


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser, or ``None`` where there is none."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        yield None
        return
    if CHROMIUM is None:
        yield None
        return
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def scrub(page: Any, how: str, times: int) -> None:
    """Pass over all words so many times, there and back."""
    if how == "keys":
        page.locator(".words button[tabindex='0']").first.focus()
        for key in ["ArrowRight"] * times * WORDS:
            page.keyboard.press(key)
            page.wait_for_timeout(1000 / KEYS)
        return
    target = page.locator(".scrub input" if how == "slider" else ".words").first.bounding_box()
    boxes = [button.bounding_box() for button in page.locator(".words").first.locator("button").all()]
    middle = target["y"] + target["height"] / 2
    if how == "slider":
        spots = [(target["x"] + target["width"] * (0.02 + 0.96 * at / 200), middle) for at in range(201)]
    else:
        centres = [(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for box in boxes]
        pairs = pairwise(centres)
        spots = [(a[0] + (b[0] - a[0]) * at / 6, a[1] + (b[1] - a[1]) * at / 6) for a, b in pairs for at in range(6)]
    page.mouse.move(*spots[0])
    if how == "slider":
        page.mouse.down()
    for turn in range(times):
        for spot in spots if turn % 2 == 0 else reversed(spots):
            page.mouse.move(*spot)
    page.mouse.up()


def scrubbing(browser: Any, attention: CaptionAttention, masks: Masks, times: int) -> list[Row]:
    """Each way of scrubbing, plain; with all heads open and a word pinned; and with another run's reading beside it."""
    pinned: dict[str, Any] = {"pinned": 5}
    two = {"beside": "other"}
    cases: list[tuple[str, str, dict[str, Any]]] = [
        ("mouse over the words", "words", {}),
        ("arrow keys", "keys", {}),
        ("dragging the slider", "slider", {}),
        ("mouse over the words, all heads open, a word pinned", "words", pinned),
        ("mouse over the words, another run beside it", "words", two),
        ("arrow keys, another run beside it", "keys", two),
    ]
    if browser is None:
        why = "not measured: no Chromium or no playwright here"
        return [not_measured(f"to another word: {name}", "ms", FRAME, why) for name, _, _ in cases]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        letters = tuple(word.text for word in attention.words)
        read = synthetic(letters, size=(640, 480), grid=(12, 12), layers=LAYERS, heads=HEADS, seed=1)
        other = Beside("other", "other", CaptionAttention(**{**vars(read), "image": attention.image}))
        content = payload(attention, masks=masks, others=[other])
        for name, how, state in cases:
            full = state == pinned
            body = static_html(encode({**content, "word": 1, **state}))
            file.write_text(f'<!doctype html><meta charset="utf-8"><body style="max-width:880px">{body}', "utf-8")
            page = browser.new_page(viewport={"width": 1200, "height": 1500 if state else 900})
            page.goto(file.as_uri())
            page.wait_for_timeout(500)
            if full:
                page.locator("summary").click()
                page.wait_for_timeout(500)
            scrub(page, how, 1)  # warm-up: plates, caches, compiled code
            page.evaluate(PROBE, 0)
            scrub(page, how, times)
            page.wait_for_timeout(200)
            found = page.evaluate("window.found")
            page.close()
            if len(found["whole"]) < WORDS:
                sys.exit(f"{name}: only {len(found['whole'])} moves to another word were seen")
            rows.append(_row(f"to another word: {name}", found["whole"], FRAME))
            rows.append(_row(f"the work of it: {name}", found["work"]))
    return rows


CARDS, RUNS = 2000, 6
GALLERY = f"""
window.began = performance.now();
{script()}
mountAll();
window.root = document.querySelector('.hw3-gallery').shadowRoot;
window.painted = () => new Promise((done) => requestAnimationFrame(() => {{
  const channel = new MessageChannel();
  channel.port1.onmessage = () => done(performance.now());
  channel.port2.postMessage(null);
}}));
await root.querySelector('.card img').decode();
window.shown = (await painted()) - began;
"""
TYPED = """
async (texts) => {
  const field = root.querySelector('input[type=search]'), times = [];
  for (const text of texts) {
    const start = performance.now();
    field.value = text;
    field.dispatchEvent(new Event('input'));
    times.push((await painted()) - start);
  }
  return times;
}"""


def gallery_page(attention: CaptionAttention, masks: Masks, cards: int) -> str:
    """A page with a gallery whose first image opens with two runs' maps."""
    nouns = ("dog", "cat", "boat", "bird", "train", "girl", "sheep", "horse")
    runs = [f"run{place}" for place in range(RUNS)]
    picture, photo = io.BytesIO(), io.BytesIO()
    small = attention.image.copy()
    small.thumbnail((176, 176))
    small.save(picture, "WEBP", quality=70)
    attention.image.save(photo, "JPEG")
    sides = [Beside(runs[1], "the same words", attention, masks)]
    photograph = base64.b64encode(photo.getvalue()).decode()
    opened = encode(payload(attention, masks=masks, others=sides))
    coded = {
        "meta": {"caption": "A gallery."},
        "thumbs": [base64.b64encode(picture.getvalue()).decode()] * cards,
        "opened": {"0": {"photo": photograph, "captions": dict.fromkeys(runs[:2], opened)}},
        "gallery": {
            "runs": [{"name": run, "title": run} for run in runs],
            "pair": [0, 1],
            "metrics": ["CIDEr", "CLIPScore"],
            "objects": ["dog"],
            "names": [f"image{place}" for place in range(cards)],
            "references": [["a dog on the grass"] * 5] * cards,
            "disagreement": [place / cards for place in range(cards)],
            "pieces": [
                [["a red ", nouns[(at + run) % 8], " stands near a tree number ", str(at)] for at in range(cards)]
                for run in range(RUNS)
            ],
            "scores": [[[run + place / cards, 0.7] for place in range(cards)] for run in range(RUNS)],
            "absent": [[[0] if (place + run) % 8 == 0 else [] for place in range(cards)] for run in range(RUNS)],
            "rtl": False,
            "lang": "",
            "note": "",
        },
    }  # fmt: skip
    return f'{fragment(coded)}<script type="module">{GALLERY}</script>'


def galleries(browser: Any, attention: CaptionAttention, masks: Masks, times: int, cards: int = CARDS) -> list[Row]:
    """A gallery from its script to its first picture, and at each letter that is typed; words with two runs open."""
    targets = {
        "gallery to its first picture": 200,
        "gallery, a letter typed": 50,
        "to another word: two runs open": FRAME,
    }
    if browser is None:
        why = "not measured: no Chromium or no playwright here"
        return [not_measured(name, "ms", target, why) for name, target in targets.items()]
    letters = [text[:end] for text in ("red sheep number", "girl", "tree number 19") for end in range(1, len(text) + 1)]
    found: dict[str, list[float]] = {name: [] for name in targets}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "gallery.html"
        body = gallery_page(attention, masks, cards)
        file.write_text(f'<!doctype html><meta charset="utf-8"><body style="max-width:880px">{body}', "utf-8")
        for _ in range(times):
            page = browser.new_page(viewport={"width": 1200, "height": 1500})
            page.goto(file.as_uri())
            page.wait_for_function("window.shown")
            found["gallery to its first picture"].append(page.evaluate("window.shown"))
            found["gallery, a letter typed"] += page.evaluate(TYPED, letters)
            page.evaluate(TYPED, [""])
            page.get_by_role("button", name="Open image0", exact=True).click()
            page.locator(".scrub input").wait_for()
            page.wait_for_timeout(500)
            scrub(page, "words", 1)
            page.evaluate(PROBE, 0)
            scrub(page, "words", 2)
            page.wait_for_timeout(200)
            found["to another word: two runs open"] += page.evaluate("window.found.whole")
            page.close()
    return [_row(name, found[name], target) for name, target in targets.items()]


def _row(name: str, times: list[float], target: float | None = None) -> Row:
    tail = float(np.quantile(times, 0.95))
    return row(
        name, statistics.median(times), None, "ms", target, note=f"{len(times)} times, 95 % within {tail:.1f} ms"
    )


def report_size() -> Row:
    """The whole demo report as one HTML file."""
    name, target = "the demo report's HTML", 10.0
    if not REPORT.is_file():
        return not_measured(name, "MB", target, "not measured: not built here (make report)")
    size, page = REPORT.stat().st_size / 1e6, REPORT.read_text(encoding="utf-8")
    return row(name, size, None, "MB", target, note=f"{page.count('data-hw3-viewer class')} viewers")


def main() -> None:
    """Measure, print the table and the JSON document."""
    options = arguments(__doc__).parse_args()
    torch.set_num_threads(options.threads or 1)
    attention, masks = subject()
    rows = building(attention, masks, options.rounds or (2 if options.smoke else 15 if options.quick else 40))
    with chromium() as browser:
        rows += scrubbing(browser, attention, masks, 1 if options.smoke else 2 if options.quick else 6)
        times = 1 if options.smoke else 3 if options.quick else 8
        rows += galleries(browser, attention, masks, times, 100 if options.smoke else CARDS)
    rows.append(report_size())
    finish("viewer", rows, quick=options.quick)


if __name__ == "__main__":
    main()
