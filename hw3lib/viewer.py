"""The attention viewer: one payload and one JavaScript module, ``viewer.js``, live in a notebook and static in a page.

Dimensions: ``N`` layers, ``H`` heads, ``W`` words (``M`` of them with a map: all but ``[BOS]``), ``P`` patches
(``Gh x Gw``).

The payload is small: maps are bytes, and the photograph is one JPEG. A byte is the square root of a patch's share of
its map's peak, in 255ths: a flat map keeps as many steps as a sharp one, and the faint tail of a sharp one, in which
much of its entropy lies, is not rounded away. For 20 words, 64 heads and 49 patches that is 65 kB of maps.
"""

from __future__ import annotations

import base64
import html
import io
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
import numpy as np
import traitlets
from PIL import Image

from hw3lib import outlines, paths
from hw3lib.attention.maps import Look, View, view_maps, word_maps
from hw3lib.attention.selection import Pair
from hw3lib.attention.word_grid import STRENGTH, describe, printed, word_grid
from hw3lib.data.instances import patch_shares
from hw3lib.system import files

SCRIPT = Path(__file__).with_name("viewer.js")
WIDGET = "application/vnd.jupyter.widget-view+json"

Payload = dict[str, Any]
Masks = Mapping[int, np.ndarray]  # by word: (h, w) of bool on the original photograph, true inside the named object

_LONGEST = 640  # px of the photograph's longer side: what a viewer shows on a wide page
_QUALITY = 85
_MOST_PATCHES = 256  # finer grids are merged, about 2 x 2 to 1: 16 x 16 is as much as an eye follows
_BYTES = ("image", "maps", "peaks")


def payload(look: Look, view: View | None = None, masks: Masks | None = None) -> Payload:
    """What a viewer needs to know of a :class:`Look`.

    ``meta``: the caption, its words (text, probability, place of its map or None), the grid, the numbers of layers and
    heads, the photograph's size and the part of it that the model saw, as fractions. ``image``: JPEG. ``maps``:
    ``(M, N, H, P)`` uint8; ``peaks``: ``(M, N, H)`` little-endian float32; a value is ``(byte / 255)² * peak``.
    ``word``, ``layer``, ``head``: what is shown first; the word is the one whose attention is most gathered.

    ``masks`` gives the words whose object's place is known an ``outline`` (:func:`hw3lib.outlines.rings`), the share of
    attention ``inside`` it by layer and head, ``(N, H)``, and the share ``even`` that an even map has inside. Raises
    :class:`ValueError` for a mask of another shape than the photograph's and for a word that the caption lacks.
    """
    view = view or View()
    shown = view_maps(look, view)  # (W, Gh, Gw)
    layers, heads = look.maps.shape[:2]
    maps = np.moveaxis(word_maps(look.maps, look.words), 2, 0)  # (W, N, H, P)
    known = np.isfinite(maps).all(axis=(1, 2, 3))  # (W,)
    outlined = _outlined(look, maps, masks or {})
    maps, grid = _coarser(maps[known], look.grid)  # (M, N, H, P)
    peaks = maps.max(axis=-1)  # (M, N, H)
    steps = np.rint(np.sqrt(maps / np.maximum(peaks, 1e-12)[..., None]) * 255).astype(np.uint8)
    photograph = look.image.copy()
    photograph.thumbnail((_LONGEST, _LONGEST), Image.Resampling.LANCZOS)
    jpeg = io.BytesIO()
    photograph.save(jpeg, format="JPEG", quality=_QUALITY, optimize=True)
    left, top, right, bottom = look.geometry.box
    width, height = look.image.size
    places = iter(range(len(steps)))
    meta = {
        "name": look.name,
        "caption": look.caption,
        "words": [
            {"text": word.text, "probability": look.probability(word), "map": next(places) if has else None}
            | outlined.get(index, {})
            for index, (word, has) in enumerate(zip(look.words, known, strict=True))
        ],
        "grid": list(grid),
        "layers": layers,
        "heads": heads,
        "photo": {"width": photograph.width, "height": photograph.height},
        "seen": [left / width, top / height, right / width, bottom / height],
    }
    return {
        "meta": meta,
        "image": jpeg.getvalue(),
        "maps": steps.tobytes(),
        "peaks": peaks.astype("<f4").tobytes(),
        "word": _most_gathered(look, shown),
        "layer": view.layer % layers,
        "head": -1 if view.head is None else view.head,
        "pinned": -1,
    }


class AttentionViewer(anywidget.AnyWidget):
    """The live viewer. It composes with ipywidgets: ``jslink((slider, "value"), (viewer, "word"))``, ``observe``, ...

    ``word`` counts from 0 (``[BOS]``), ``layer`` from 0, ``head`` is -1 for the mean of all heads. ``heat`` is ``glow``
    (white is strong, as in the written report) or ``colour``; ``scale`` says what white stands for: the same share of
    attention for the whole ``caption``, or each ``word``'s own peak (:func:`hw3lib.attention.word_grid.white_points`).
    ``pinned`` is the word whose map stands beside the one in hand, -1 for none; ``outline`` draws the named object's
    true mask where ``masks`` has it (see :func:`payload`).
    """

    _esm = SCRIPT
    meta = traitlets.Dict().tag(sync=True)
    image = traitlets.Bytes().tag(sync=True)
    maps = traitlets.Bytes().tag(sync=True)
    peaks = traitlets.Bytes().tag(sync=True)
    word = traitlets.Int(0).tag(sync=True)
    layer = traitlets.Int(0).tag(sync=True)
    head = traitlets.Int(-1).tag(sync=True)
    heat = traitlets.Enum(("glow", "colour"), "glow").tag(sync=True)
    scale = traitlets.Enum(("caption", "word"), "caption").tag(sync=True)
    opacity = traitlets.Float(STRENGTH, min=0, max=1).tag(sync=True)
    pinned = traitlets.Int(-1).tag(sync=True)
    outline = traitlets.Bool(True).tag(sync=True)
    playing = traitlets.Bool(False).tag(sync=True)
    interval = traitlets.Int(800, min=50).tag(sync=True)  # milliseconds per word while playing

    def __init__(self, look: Look, view: View | None = None, masks: Masks | None = None, **state: Any) -> None:
        super().__init__(**(payload(look, view, masks) | state))

    def show_look(self, look: Look, view: View | None = None, masks: Masks | None = None) -> None:
        """Show another photograph or caption in this viewer; nothing is pinned then."""
        # One message with all of it: a page that hears of new words before their maps has nothing to draw. Traits speak
        # when the inner hold ends, and the outer one gathers what they say.
        with self.hold_sync(), self.hold_trait_notifications():
            for name, value in payload(look, view, masks).items():
                setattr(self, name, value)

    @traitlets.validate("word", "layer", "head", "pinned")
    def _within(self, proposal: Any) -> int:
        name, value = proposal["trait"].name, int(proposal["value"])
        if not self.meta:
            return value
        words = len(self.meta["words"])
        many = {"word": words, "pinned": words, "layer": self.meta["layers"], "head": self.meta["heads"]}[name]
        return min(max(value, -1 if name in ("head", "pinned") else 0), many - 1)

    @property
    def state(self) -> Payload:
        """The payload with what is shown now: :func:`static_html` makes a page of it."""
        shown = ("word", "layer", "head", "heat", "scale", "opacity", "interval", "pinned", "outline")
        return {name: getattr(self, name) for name in ("meta", *_BYTES, *shown)}


def static_html(content: Payload) -> str:
    """A viewer for a page without a kernel: a self-contained fragment, of which a page may hold several.

    ``content`` is a :func:`payload` (with its masks) or a viewer's ``state``. Words are data: they travel as JSON in a
    script element, where no ``<`` survives, and reach the page as text.
    """
    defaults = {"heat": "glow", "scale": "caption", "opacity": STRENGTH, "outline": True}
    defaults |= {"pinned": -1, "playing": False, "interval": 800}
    coded = {name: base64.b64encode(content[name]).decode("ascii") for name in _BYTES}
    data = json.dumps(defaults | content | coded, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
    caption = html.escape(content["meta"]["caption"])
    return (
        '<div data-hw3-viewer class="hw3-viewer">'
        f'<script type="application/json">{data}</script><p data-hw3-fallback>{caption}</p></div>'
        f'<script type="module">{_script()}\nmountAll();</script>'
    )


def show(
    look: Look,
    view: View | None = None,
    widget: ipywidgets.DOMWidget | None = None,
    caption: str = "",
    masks: Masks | None = None,
) -> None:
    """Display one :class:`Look` as one bundle: the live viewer, the static one for a page, the word grid for print.

    ``widget`` replaces the viewer where there is a kernel (a box that holds one, with sliders linked to it).
    ``caption`` is the figure's in the report; the photograph's name and its caption when empty. ``masks`` are the named
    objects' (:func:`payload`).
    """
    from IPython.display import display

    display(bundle(look, view, widget, caption, masks), raw=True)


def bundle(
    look: Look,
    view: View | None = None,
    widget: ipywidgets.DOMWidget | None = None,
    caption: str = "",
    masks: Masks | None = None,
) -> dict[str, Any]:
    """The MIME bundle that :func:`show` displays."""
    live = widget if widget is not None else AttentionViewer(look, view, masks)
    still = printed(word_grid(look, view, masks=masks), caption or f"{look.name}: {look.caption}", describe(look))
    reference = {"version_major": 2, "version_minor": 0, "model_id": live.model_id}
    page = static_html(payload(look, view, masks))
    return still | {WIDGET: reference, "text/html": page, "text/plain": look.caption}


def show_pair(end: str, pair: Pair, look: Look, view: View | None = None, masks: Masks | None = None) -> None:
    """Display the ``best`` or the ``worst`` pair: score and captions beside the published figure, then the maps."""
    from hw3lib.display.bundle import show_table

    published = files.read_json(paths.PACKAGE / "resources" / "published.json")["p3"][end]
    said = ["this run's caption", *["a person's"] * len(pair.references)]
    texts = [pair.caption, *pair.references]
    rows: list[list[str | float | None]] = [
        [who, pair.path.name if not place else "", pair.clip_score if not place else "", text]
        for place, (who, text) in enumerate(zip(said, texts, strict=True))
    ]
    rows.append(["published", published["image"], published["CLIPScore"], None])
    show_table(
        ["", "image", "CLIPScore", "caption"],
        rows,
        f"The {end} caption of the validation set by CLIPScore: {pair.name}",
        notes="Published: the written report's, of its own model on its own validation images.",
        align=["left", "left", "right", "left"],
    )
    show(look, view, caption=f"The {end} pair, {pair.name}: {look.caption}", masks=masks)


def introduce(looks: list[Look], run: str) -> str:
    """A line of Markdown on what the maps of these looks are made of."""
    layers, heads = looks[0].maps.shape[:2]
    rows, columns = looks[0].grid
    many = f"{len(looks)} photographs" if len(looks) != 1 else "One photograph"
    return (
        f"{many}, captioned by the run `{run}`: {layers} layers of {heads} heads each, "
        f"every one with a map of {rows} × {columns} patches for every word."
    )


def _outlined(look: Look, maps: np.ndarray, masks: Masks) -> dict[int, dict[str, Any]]:
    """By word: what the viewer is told of its object's mask; ``maps`` are the words', (W, N, H, P)."""
    found: dict[int, dict[str, Any]] = {}
    width, height = look.image.size
    for index, mask in masks.items():
        if not 0 <= index < len(look.words):
            raise ValueError(f"a mask is given for word {index}, the caption has the words 0..{len(look.words) - 1}")
        mask = np.asarray(mask, dtype=bool)
        # The file of masks may know the photograph at another size; at another shape it is another photograph.
        if mask.ndim != 2 or abs(mask.shape[0] * width - mask.shape[1] * height) > max(height, width):
            raise ValueError(f"the mask of word {index} is {mask.shape}, the photograph is {(height, width)} (h, w)")
        lines = outlines.rings(mask)
        if not lines:
            continue
        cover = patch_shares(mask, look.geometry, look.grid)  # (P,)
        inside = maps[index] @ cover  # (N, H): exact, whatever the viewer's own grid
        known = np.isfinite(inside).all()
        found[index] = {
            "outline": lines,
            "inside": np.round(inside, 4).tolist() if known else None,
            "even": round(float(cover.mean()), 4),
        }
    return found


def _coarser(maps: np.ndarray, grid: tuple[int, int]) -> tuple[np.ndarray, tuple[int, int]]:
    """Merge patches until at most ``_MOST_PATCHES`` are left; each keeps its share of attention, none is lost."""
    rows, columns = grid
    by = 1
    while -(-rows // by) * -(-columns // by) > _MOST_PATCHES:
        by += 1
    if by == 1:
        return maps, grid
    down, across = _overlap(rows, -(-rows // by)), _overlap(columns, -(-columns // by))
    merged = down @ maps.reshape(*maps.shape[:-1], rows, columns) @ across.T
    return merged.reshape(*maps.shape[:-1], -1), (len(down), len(across))


def _overlap(cells: int, wanted: int) -> np.ndarray:
    """How much of each of ``cells`` lies in each of ``wanted`` equal parts of the same length: (wanted, cells)."""
    parts, places = np.arange(wanted)[:, None] * cells / wanted, np.arange(cells)
    ends = np.minimum(parts + cells / wanted, places + 1)
    return np.maximum(0, ends - np.maximum(parts, places))


def _most_gathered(look: Look, shown: np.ndarray) -> int:
    """The word to begin with: the one with the strongest patch, of those long enough to mean a thing."""

    def rank(index: int) -> tuple[bool, bool, float]:
        text, peak = look.words[index].text, shown[index].max()
        return len(text) >= 4 and text.isalpha(), text.isalpha(), float(peak if np.isfinite(peak) else -1)

    return max(range(len(look.words)), key=rank)


@lru_cache(maxsize=1)
def _script() -> str:
    return SCRIPT.read_text(encoding="utf-8")
