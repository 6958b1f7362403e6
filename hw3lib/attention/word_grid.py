"""The word grid: a photograph and one small attention map per word of its caption, as in the template of the task.

Dimensions: ``W`` words, ``Gh x Gw`` patches, ``h x w`` pixels.
"""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from PIL import Image

from hw3lib.attention.maps import CaptionAttention, View, Word, to_original, view_maps
from hw3lib.display.bundle import figure_bundle
from hw3lib.display.scripts import is_rtl
from hw3lib.display.style import shortened
from hw3lib.system import files

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Scale = Literal["caption", "word"]

DPI = 200  # of a printed panel: its pixels are the picture's own, nothing is resampled again
STRENGTH = 0.7  # how much of a panel is heat, the rest is the photograph; the viewer starts with the same
WHITE = 0.99  # quantile of all the caption's patches that is drawn white: one outlier would leave all else black
OUTLINE = "#45e0cf"  # of a true object, as in the viewer
INK, _QUIET = "#1c1d21", "#6b6f78"
_LARGE, _SMALL = 8.5, 7.0  # points: of a word, at most and at least; of all else
_UNKNOWN = "(?)"  # after a word that the tokenizer lacks: its whole label has no room
_GAP, _LINE, _FOOT = 0.07, 0.22, 0.2  # inches: between panels, the word above one, the note below them all
_TALLEST = 1.7  # inches: a portrait's panels are narrowed to this height


def word_grid(
    attention: CaptionAttention,
    view: View | None = None,
    scale: Scale = "caption",
    width: float = 7.2,
    columns: int = 6,
    masks: Mapping[int, np.ndarray] | None = None,
) -> Figure:
    """Draw a :class:`CaptionAttention`: one panel per word, white where its attention is strong, in reading order.

    ``[BOS]`` is the photograph itself, since nothing predicts it. See :func:`white_points` for the scale. What the crop
    left out is hatched. ``masks``, ``(h, w)`` bool on the photograph by word, are outlined. ``width`` is in inches. The
    number beside a word is its probability. Where words run from right to left, the first one is the rightmost.
    """
    from matplotlib.figure import Figure

    maps = view_maps(attention, view)  # (W, Gh, Gw)
    white = white_points(maps, scale)
    aspect = attention.image.height / attention.image.width
    panel = min((width - _GAP * (columns - 1)) / columns, _TALLEST / aspect)
    columns = max(1, int((width + _GAP) / (panel + _GAP) + 1e-6))  # narrow panels: more of them in a row
    rows = -(-len(attention.words) // columns)
    tall = panel * aspect
    height = rows * (tall + _LINE) + (rows - 1) * _GAP + _FOOT
    pixels = (max(1, round(tall * DPI)), max(1, round(panel * DPI)))  # (h, w)
    photograph = np.asarray(attention.image.resize(pixels[::-1], Image.Resampling.LANCZOS))
    figure = Figure(figsize=(width, height), facecolor="white")
    leftward = is_rtl(attention.caption)
    for index, word in enumerate(attention.words):
        row, column = divmod(index, columns)
        left, top = column * (panel + _GAP), row * (tall + _LINE + _GAP) + _LINE  # inches from the upper left
        left = width - left - panel if leftward else left
        axes = figure.add_axes((left / width, 1 - (top + tall) / height, panel / width, tall / height))
        probability, picture = attention.probability(word), photograph
        if probability is not None:  # all but [BOS] have a map
            picture = blend(photograph, to_original(maps[index], attention.geometry, pixels) / white[index])
        axes.imshow(picture, interpolation="nearest", aspect="auto")
        axes.set_axis_off()
        if masks and index in masks and probability is not None:
            outline(axes, masks[index], pixels)
        number = "" if probability is None else f"{100 * probability:.0f}"
        ends = (left + panel, left) if leftward else (left, left + panel)
        _label(figure, word, number, ends, 1 - (top - 0.06) / height)
    strong = "each word's peak" if scale == "word" else f"{white[-1]:.1%} of the attention or more"
    cropped = np.isnan(to_original(maps[-1], attention.geometry, pixels)).any()
    note = f"White: {strong}. Black: none. Number: probability, %."
    note += (" Hatched: cropped." if cropped else "") + (" Line: true object." if masks else "")
    note += f" {_UNKNOWN}: read as [UNK]." if any(word.unknown for word in attention.words) else ""
    figure.text(0, 0.04 / height, note, size=_SMALL, color=_QUIET)
    return figure


def print_columns(words: int) -> int:
    """Panels to a row in a report: eight, or nine where that saves a row.

    >>> print_columns(16), print_columns(17), print_columns(20)
    (8, 9, 8)
    """
    return min((8, 9), key=lambda columns: -(-words // columns))


def white_points(maps: np.ndarray, scale: Scale) -> np.ndarray:
    """Which share of a word's attention is drawn white, per word: ``(W, Gh, Gw)`` to ``(W,)``.

    On the scale of the ``caption`` it is the same for all words, so that a flat map looks flat; on the scale of each
    ``word`` it is the word's own peak, which makes any map look decided.
    """
    if scale == "word":
        return np.asarray(maps.reshape(len(maps), -1).max(axis=1))
    return np.full(len(maps), np.nanquantile(maps, WHITE))


def blend(photograph: np.ndarray, heat: np.ndarray, strength: float = STRENGTH) -> np.ndarray:
    """Lay a map over a photograph: ``(h, w, 3)`` uint8 and ``(h, w)`` in 0..1, NaN where unseen; uint8.

    Strong attention turns the photograph white, none leaves it dark; unseen parts are hatched.
    """
    base = photograph.astype(np.float32)
    unseen: np.ndarray = np.isnan(heat)
    light = np.clip(np.nan_to_num(heat), 0, 1)[..., None] * 255
    mixed = base * (1 - strength) + light.astype(np.float32) * strength
    if unseen.any():
        y, x = np.indices(heat.shape)
        stripe = np.less((x + y) % 12, 2)[..., None]
        dim = base * 0.14 + np.float32(32)
        mixed = np.where(unseen[:, :, None], np.where(stripe, dim * 0.8 + 51, dim), mixed)
    # Six bits a channel: no eye sees it in a panel, and the picture takes a third less.
    return np.minimum((mixed / 4).round() * 4, 255).astype(np.uint8)


def outline(axes: Any, mask: np.ndarray, pixels: tuple[int, int]) -> None:
    """Draw the border of a mask ``(h, w)`` into a panel of ``pixels`` (h, w), in turquoise on a dark line."""
    from scipy.ndimage import binary_fill_holes

    # Spokes and gaps would hide the heat that the outline is there to judge.
    whole = Image.fromarray(binary_fill_holes(mask))
    padded = np.pad(np.asarray(whole.resize(pixels[::-1], Image.Resampling.BILINEAR), dtype=float), 1)
    for colour, width in (("#101216", 2.0), (OUTLINE, 1.1)):
        axes.contour(
            np.arange(-1, pixels[1] + 1), np.arange(-1, pixels[0] + 1), padded, [0.5], colors=[colour],
            linewidths=[width],
        )  # fmt: skip
    axes.set(xlim=(-0.5, pixels[1] - 0.5), ylim=(pixels[0] - 0.5, -0.5))


def describe(attention: CaptionAttention) -> str:
    """The word grid in a sentence, for those who cannot see it."""
    return f"{len(attention.words)} panels of the photograph {attention.name}, one per word of: {attention.caption}"


def printed(figure: Figure, caption: str, alt: str) -> dict[str, Any]:
    """The bundle of a word grid (:func:`hw3lib.display.bundle.figure_bundle`), its PNG without transparency."""
    bundle = figure_bundle(figure, caption, alt)
    png = io.BytesIO()
    with Image.open(io.BytesIO(base64.b64decode(bundle["image/png"]))) as picture:
        picture.convert("RGB").save(png, format="PNG", dpi=(DPI, DPI))
    return bundle | {"image/png": base64.b64encode(png.getvalue()).decode("ascii")}


def save_png(figure: Figure, path: str | Path) -> None:
    """Write a word grid as PNG, whole or not at all, with the fonts of the report."""
    with files.atomic(path) as temporary:
        temporary.write_bytes(base64.b64decode(printed(figure, "", "")["image/png"]))


def _label(figure: Figure, word: Word, share: str, ends: tuple[float, float], y: float) -> None:
    """A word at the end (inches) of its panel's top edge where reading begins, and its probability at the other."""
    width, mark, sides = figure.get_figwidth(), f" {_UNKNOWN}" if word.unknown else "", ("left", "right")
    panel, leftward = abs(ends[1] - ends[0]), ends[0] > ends[1]
    room = panel - inches(share) * _SMALL - 0.04
    text, most = word.text + mark, len(word.text)
    while inches(text) * _SMALL > room and most > 3:
        most -= 1
        text = shortened(word.text, most) + mark
    size = max(_SMALL, min(_LARGE, room / max(inches(text), 1e-6)))
    # A caption is data: "$5" must not start a formula.
    figure.text(ends[0] / width, y, text, size=size, color=INK, ha=sides[leftward], va="baseline", parse_math=False)
    figure.text(ends[1] / width, y, share, size=_SMALL, color=_QUIET, ha=sides[not leftward], va="baseline")


def inches(text: str) -> float:
    """How wide a text is per point of its size."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a glyph that this font lacks: the picture is drawn with another
        return float(text_to_path.get_text_width_height_descent(text, FontProperties(size=10), ismath=False)[0]) / 720
