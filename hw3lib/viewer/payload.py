"""What a viewer shows, as data: photograph, words, maps and outlines, small enough for a page."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from hw3lib.attention.maps import CaptionAttention, View, view_maps, word_maps
from hw3lib.data.instances import patch_shares
from hw3lib.viewer import outlines

Payload = dict[str, Any]
Masks = Mapping[int, np.ndarray]  # by word: (h, w) of bool on the original photograph, true inside the named object
_LONGEST = 640  # px of the photograph's longer side: what a viewer shows on a wide page
_QUALITY = 85
_MOST_PATCHES = 256  # finer grids are merged, about 2 x 2 to 1: 16 x 16 is as much as an eye follows
_BYTES = ("image", "maps", "peaks")


def payload(attention: CaptionAttention, view: View | None = None, masks: Masks | None = None) -> Payload:
    """What a viewer needs to know of a :class:`CaptionAttention`.

    ``meta``: the caption, its words (text, probability, place of its map or None), the grid, the numbers of layers and
    heads, the photograph's size and the part of it that the model saw, as fractions. ``image``: JPEG. ``maps``:
    ``(M, N, H, P)`` uint8; ``peaks``: ``(M, N, H)`` little-endian float32; a value is ``(byte / 255)² * peak``.
    ``word``, ``layer``, ``head``: what is shown first; the word is the one whose attention is most gathered.

    ``masks`` gives the words whose object's place is known an ``outline`` (:func:`hw3lib.viewer.outlines.rings`), the
    share of attention ``inside`` it by layer and head, ``(N, H)``, and the share ``even`` that an even map has inside.
    Raises :class:`ValueError` for a mask of another shape than the photograph's and for a word that the caption lacks.
    """
    view = view or View()
    shown = view_maps(attention, view)  # (W, Gh, Gw)
    layers, heads = attention.maps.shape[:2]
    maps = np.moveaxis(word_maps(attention.maps, attention.words), 2, 0)  # (W, N, H, P)
    known = np.isfinite(maps).all(axis=(1, 2, 3))  # (W,)
    outlined = _outlined(attention, maps, masks or {})
    maps, grid = _coarser(maps[known], attention.grid)  # (M, N, H, P)
    peaks = maps.max(axis=-1)  # (M, N, H)
    steps = np.rint(np.sqrt(maps / np.maximum(peaks, 1e-12)[..., None]) * 255).astype(np.uint8)
    photograph = attention.image.copy()
    photograph.thumbnail((_LONGEST, _LONGEST), Image.Resampling.LANCZOS)
    jpeg = io.BytesIO()
    photograph.save(jpeg, format="JPEG", quality=_QUALITY, optimize=True)
    left, top, right, bottom = attention.geometry.box
    width, height = attention.image.size
    places = iter(range(len(steps)))
    meta = {
        "name": attention.name,
        "caption": attention.caption,
        "words": [
            {"text": word.text, "probability": attention.probability(word), "map": next(places) if has else None}
            | outlined.get(index, {})
            for index, (word, has) in enumerate(zip(attention.words, known, strict=True))
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
        "word": _most_gathered(attention, shown),
        "layer": view.layer % layers,
        "head": -1 if view.head is None else view.head,
        "pinned": -1,
    }


def _outlined(attention: CaptionAttention, maps: np.ndarray, masks: Masks) -> dict[int, dict[str, Any]]:
    """By word: what the viewer is told of its object's mask; ``maps`` are the words', (W, N, H, P)."""
    found: dict[int, dict[str, Any]] = {}
    width, height = attention.image.size
    for index, mask in masks.items():
        if not 0 <= index < len(attention.words):
            last = len(attention.words) - 1
            raise ValueError(f"a mask is given for word {index}, the caption has the words 0..{last}")
        mask = np.asarray(mask, dtype=bool)
        # The file of masks may know the photograph at another size; at another shape it is another photograph.
        if mask.ndim != 2 or abs(mask.shape[0] * width - mask.shape[1] * height) > max(height, width):
            raise ValueError(f"the mask of word {index} is {mask.shape}, the photograph is {(height, width)} (h, w)")
        lines = outlines.rings(mask)
        if not lines:
            continue
        cover = patch_shares(mask, attention.geometry, attention.grid)  # (P,)
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


def _most_gathered(attention: CaptionAttention, shown: np.ndarray) -> int:
    """The word to begin with: the one with the strongest patch, of those long enough to mean a thing."""

    def rank(index: int) -> tuple[bool, bool, float]:
        text, peak = attention.words[index].text, shown[index].max()
        return len(text) >= 4 and text.isalpha(), text.isalpha(), float(peak if np.isfinite(peak) else -1)

    return max(range(len(attention.words)), key=rank)
