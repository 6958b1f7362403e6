"""What a viewer shows, as data: photograph, words, maps and outlines, small enough for a page.

Dimensions: ``W`` words, ``M`` with a map (all but ``[BOS]``), ``N`` layers, ``H`` heads, ``P = Gh x Gw`` patches.

A byte of a map is the square root of a patch's share of the map's peak, in 255ths: a flat map keeps as many steps as a
sharp one, and the faint tail of a sharp one, in which much of its entropy lies, is not rounded away. For 20 words, 64
heads and 49 patches that is 65 kB of maps.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

import numpy as np
from PIL import Image

from hw3lib.attention.maps import CaptionAttention, View, read, view_maps, word_maps
from hw3lib.attention.word_grid import STRENGTH
from hw3lib.config import training_of
from hw3lib.data.instances import overlaps, patch_shares
from hw3lib.data.language import written_in
from hw3lib.display.scripts import is_rtl
from hw3lib.viewer import outlines

if TYPE_CHECKING:
    from hw3lib.models.inference import LoadedRun

Masks = Mapping[int, np.ndarray]  # by word: (h, w) of bool on the original photograph, true inside the named object
FindMasks = Callable[[CaptionAttention], Masks]  # those of the objects that a caption names
_LONGEST = 640  # px of the photograph's longer side: what a viewer shows on a wide page
_QUALITY = 85
_MOST_PATCHES = 256  # finer grids are merged, about 2 x 2 to 1: 16 x 16 is as much as an eye follows
SETTINGS: dict[str, Any] = {"heat": "glow", "scale": "caption", "opacity": STRENGTH, "outline": True}
SETTINGS |= {"playing": False, "interval": 800, "follow": "place"}


class WordPayload(TypedDict):
    """A word, the place of its map among the ``M``, and its object's outline where a mask is known."""

    text: str
    probability: float | None
    map: int | None
    outline: NotRequired[outlines.Rings]
    inside: NotRequired[list[list[float]] | None]  # (N, H): the share of attention inside the outline
    even: NotRequired[float]  # the share that uniform attention has inside


class Meta(TypedDict):
    """The caption and the sizes of what is shown."""

    name: str
    run: NotRequired[str]  # that read the caption, where it has a name
    caption: str
    words: list[WordPayload]
    grid: list[int]  # Gh, Gw
    layers: int
    heads: int
    photo: dict[str, int]  # width and height of the JPEG in pixels
    original: dict[str, int]  # of the photograph itself: the size of a picture that is saved
    seen: list[float]  # left, top, right, bottom of what the model saw, as fractions
    rtl: NotRequired[bool]  # whether the words run from right to left; absent where they do not
    lang: NotRequired[str]  # a BCP-47 tag of the words' language, where their letters tell it


class Content(TypedDict):
    """What stands beside: a photograph's attention, its image when it is another photograph's."""

    meta: Meta
    maps: bytes
    peaks: bytes
    image: NotRequired[bytes]


@dataclass(frozen=True)
class Beside:
    """A side that a viewer offers to put beside its photograph: another run's reading of it, or another photograph."""

    key: str  # in the page's address
    label: str
    attention: CaptionAttention
    masks: Masks | None = None
    group: str = "another run"  # of the choices


class Payload(TypedDict):
    """All that a viewer needs to know of a caption's attention."""

    meta: Meta
    image: bytes  # JPEG
    maps: bytes  # (M, N, H, P) uint8: a value is (byte / 255)² * peak
    peaks: bytes  # (M, N, H) little-endian float32
    word: int  # shown first: the one whose attention is most concentrated
    layer: int
    head: int  # -1 for the mean of all heads
    pinned: int
    choices: list[list[str]]  # of what can stand beside: key, label, group
    sides: dict[str, Content]  # by key; of a live viewer only what its kernel was asked for
    beside: str  # the key of what does; empty for nothing


def payload(
    attention: CaptionAttention, view: View | None = None, masks: Masks | None = None, others: Sequence[Beside] = ()
) -> Payload:
    """Pack a caption's attention for a viewer that starts with ``view``, and ``others`` to be put beside it.

    ``masks`` gives words an outline (:func:`hw3lib.viewer.outlines.rings`) and the share of attention inside it.
    Raises :class:`ValueError` for a mask of another shape than the photograph's and for a word that the caption lacks.
    """
    view = view or View()
    layers, heads = attention.maps.shape[:2]
    maps = np.moveaxis(word_maps(attention.maps, attention.words), 2, 0)  # (W, N, H, P)
    mapped = np.isfinite(maps).all(axis=(1, 2, 3))  # (W,)
    words = _words(attention, mapped)
    _add_outlines(words, attention, maps, masks or {})
    maps, grid = _coarser(maps[mapped], attention.grid)  # (M, N, H, P)
    peaks = maps.max(axis=-1)  # (M, N, H)
    steps = np.rint(np.sqrt(maps / np.maximum(peaks, 1e-12)[..., None]) * 255).astype(np.uint8)
    photograph, jpeg = _jpeg(attention.image)
    left, top, right, bottom = attention.geometry.frame
    width, height = attention.image.size
    meta: Meta = {
        "name": attention.name,
        "caption": attention.caption,
        "words": words,
        "grid": list(grid),
        "layers": layers,
        "heads": heads,
        "photo": {"width": photograph.width, "height": photograph.height},
        "original": {"width": width, "height": height},
        "seen": [left / width, top / height, right / width, bottom / height],
    }
    if attention.run:
        meta["run"] = attention.run
    if is_rtl(attention.caption):
        meta["rtl"] = True
    if tag := written_in(attention.caption):
        meta["lang"] = tag
    return {
        "meta": meta,
        "image": jpeg,
        "maps": steps.tobytes(),
        "peaks": peaks.astype("<f4").tobytes(),
        "word": _most_concentrated(attention, view),
        "layer": view.layer % layers,
        "head": -1 if view.head is None else view.head,
        "pinned": -1,
        "choices": [[other.key, other.label, other.group] for other in others],
        "sides": {other.key: content(other, attention) for other in others},
        "beside": "",
    }


def content(other: Beside, first: CaptionAttention) -> Content:
    """The side that stands beside ``first``, without the photograph where it is the same."""
    packed = payload(other.attention, masks=other.masks)
    side: Content = {"meta": packed["meta"], "maps": packed["maps"], "peaks": packed["peaks"]}
    return side if other.attention.image is first.image else {**side, "image": packed["image"]}


def readings(attention: CaptionAttention, loaded: LoadedRun, find_masks: FindMasks | None = None) -> list[Beside]:
    """The photograph as another run reads it: its own caption, and the words of ``attention`` by teacher forcing.

    One reading where both are the same. ``find_masks`` gives the true masks of the objects that a caption names.
    """
    image, run = attention.image, training_of(loaded.folder)
    own, same = read(loaded, image, [None, attention.caption], attention.name)
    sides = [(run, f"{run}, its own words", own)]
    if own.caption != attention.caption:
        sides.append((f"{run}-same-words", f"{run}, the same words", same))
    return [Beside(key, label, side, find_masks(side) if find_masks else None) for key, label, side in sides]


def encode(content: Mapping[str, Any]) -> dict[str, Any]:
    """A payload or a viewer's ``state`` as JSON holds it: bytes in base64, settings that it lacks at their defaults."""
    sides = {key: _coded(side) for key, side in content.get("sides", {}).items()}
    return SETTINGS | _coded(content) | {"sides": sides}


def _coded(content: Mapping[str, Any]) -> dict[str, Any]:
    binary = {name: content[name] for name in ("image", "maps", "peaks") if name in content}
    return {**content} | {name: base64.b64encode(value).decode("ascii") for name, value in binary.items()}


def _jpeg(image: Image.Image) -> tuple[Image.Image, bytes]:
    """The photograph at the size that a viewer shows, and its file."""
    photograph, file = image.copy(), io.BytesIO()
    photograph.thumbnail((_LONGEST, _LONGEST), Image.Resampling.LANCZOS)
    photograph.save(file, format="JPEG", quality=_QUALITY, optimize=True)
    return photograph, file.getvalue()


def _words(attention: CaptionAttention, mapped: np.ndarray) -> list[WordPayload]:
    places = np.cumsum(mapped) - 1  # of a word's map among the M
    return [
        {"text": word.label, "probability": attention.probability(word), "map": int(place) if has_map else None}
        for word, place, has_map in zip(attention.words, places, mapped, strict=True)
    ]


def _add_outlines(words: list[WordPayload], attention: CaptionAttention, maps: np.ndarray, masks: Masks) -> None:
    """Tell words of their objects' masks; ``maps`` are the words', (W, N, H, P)."""
    width, height = attention.image.size
    for index, mask in masks.items():
        if not 0 <= index < len(words):
            raise ValueError(f"a mask is given for word {index}, the caption has the words 0..{len(words) - 1}")
        mask = np.asarray(mask, dtype=bool)
        # The file of masks may know the photograph at another size; at another shape it is another photograph.
        if mask.ndim != 2 or abs(mask.shape[0] * width - mask.shape[1] * height) > max(height, width):
            raise ValueError(f"the mask of word {index} is {mask.shape}, the photograph is {(height, width)} (h, w)")
        rings = outlines.rings(mask)
        if rings:
            cover = patch_shares(mask, attention.geometry, attention.grid)  # (P,)
            inside = maps[index] @ cover  # (N, H): exact, whatever the viewer's own grid
            words[index]["outline"] = rings
            words[index]["inside"] = np.round(inside, 4).tolist() if np.isfinite(inside).all() else None
            words[index]["even"] = round(float(cover.mean()), 4)


def _coarser(maps: np.ndarray, grid: tuple[int, int]) -> tuple[np.ndarray, tuple[int, int]]:
    """Merge patches until at most ``_MOST_PATCHES`` are left; each keeps its share of attention, none is lost."""
    rows, columns = grid
    by = 1
    while -(-rows // by) * -(-columns // by) > _MOST_PATCHES:
        by += 1
    if by == 1:
        return maps, grid
    down, across = (overlaps(cells, np.linspace(0, cells, -(-cells // by) + 1)) for cells in grid)
    merged = down @ maps.reshape(*maps.shape[:-1], rows, columns) @ across.T
    return merged.reshape(*maps.shape[:-1], -1), (len(down), len(across))


def _most_concentrated(attention: CaptionAttention, view: View) -> int:
    """The word to begin with: the one with the strongest patch, of those long enough to mean a thing."""
    shown = view_maps(attention, view)  # (W, Gh, Gw)

    def rank(index: int) -> tuple[bool, bool, float]:
        text, peak = attention.words[index].text, shown[index].max()
        return len(text) >= 4 and text.isalpha(), text.isalpha(), float(peak if np.isfinite(peak) else -1)

    return max(range(len(attention.words)), key=rank)
