"""A caption played through word by word, for slides: the map over the photograph, the word below it; an animated WebP.

Dimensions: ``W`` words, ``Gh x Gw`` patches, ``h x w`` pixels.
"""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
from PIL import Image

from hw3lib.attention.maps import CaptionAttention, to_original, view_maps
from hw3lib.attention.word_grid import DPI, INK, blend, inches, printed, white_points
from hw3lib.system import files

WIDTH, TALLEST = 720, 800  # px of the picture, as in the viewer's: legible on a slide
_BAND = 80  # px below it, for the word
_LARGE = 15.0  # points of a word at DPI: 42 px
_QUALITY = 75


def strip(attention: CaptionAttention) -> list[Image.Image]:
    """The frames, one per word: ``[BOS]`` is the photograph. See :func:`word_grid` for what white and stripes mean."""
    maps = view_maps(attention)  # (W, Gh, Gw)
    white = white_points(maps, "caption")
    shrink = min(WIDTH / attention.image.width, TALLEST / attention.image.height)
    width, height = (max(1, round(side * shrink)) for side in attention.image.size)
    photograph = np.asarray(attention.image.resize((width, height), Image.Resampling.LANCZOS))
    frames = []
    for index, (word, label) in enumerate(zip(attention.words, _labels(attention), strict=True)):
        picture = photograph
        if attention.probability(word) is not None:  # all but [BOS] have a map
            picture = blend(photograph, to_original(maps[index], attention.geometry, (height, width)) / white[index])
        frame = Image.new("RGB", (WIDTH, height + _BAND), "white")
        frame.paste(Image.fromarray(picture), ((WIDTH - width) // 2, 0))
        frame.paste(label, (0, height))
        frames.append(frame)
    return frames


def _labels(attention: CaptionAttention) -> list[Image.Image]:
    """The words on white, drawn as one figure: any script, with the fonts of the report."""
    from matplotlib.figure import Figure

    words = attention.words
    figure = Figure(figsize=(WIDTH / DPI, len(words) * _BAND / DPI), facecolor="white")
    for index, word in enumerate(words):
        size = min(_LARGE, 0.95 * WIDTH / DPI / max(inches(word.label), 1e-6))
        y = 1 - (index + 0.5) / len(words)
        figure.text(0.5, y, word.label, size=size, color=INK, ha="center", va="center_baseline", parse_math=False)
    with Image.open(io.BytesIO(base64.b64decode(printed(figure, "", "")["image/png"]))) as drawn:
        column = drawn.convert("RGB").resize((WIDTH, len(words) * _BAND))
    return [column.crop((0, index * _BAND, WIDTH, (index + 1) * _BAND)) for index in range(len(words))]


def save_strip(attention: CaptionAttention, path: Path, milliseconds: int = 700) -> None:
    """Write the frames as an animated WebP that plays for ever, whole or not at all; ``milliseconds`` for a word."""
    first, *rest = strip(attention)
    with files.atomic(path) as temporary, temporary.open("wb") as file:
        options = {"duration": milliseconds, "loop": 0, "quality": _QUALITY, "method": 4}
        first.save(file, "WEBP", save_all=True, append_images=rest, **options)
