"""A caption as an animation: a frame for each word, the map over the photograph, the word below it in any script."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hw3lib.attention.maps import to_original, view_maps
from hw3lib.attention.strip import save_strip
from hw3lib.attention.word_grid import blend, white_points
from tests.support.synthetic import synthetic


def test_a_strip_plays_every_word_for_the_same_time_and_for_ever(tmp_path: Path) -> None:
    attention, path = synthetic(), tmp_path / "strip.webp"
    save_strip(attention, path, milliseconds=650)
    maps, white = view_maps(attention), white_points(view_maps(attention), "caption")
    photograph = np.asarray(attention.image.resize((720, 540), Image.Resampling.LANCZOS))
    widths = []
    with Image.open(path) as film:
        assert (film.format, film.n_frames, film.size, film.info["loop"]) == ("WEBP", 6, (720, 620), 0)
        for place in range(film.n_frames):
            film.seek(place)
            film.load()
            assert film.info["duration"] == 650
            shown = np.asarray(film.convert("RGB")).astype(int)
            heat = to_original(maps[place], attention.geometry, (540, 720)) / white[place]
            expected = photograph if place == 0 else blend(photograph, heat)
            assert np.abs(shown[:540] - expected).mean() < 4
            assert shown[540:].min() < 90  # a word is there
            assert shown[560:, :60].min() > 235  # around its middle
            widths.append(np.ptp(np.argwhere(shown[540:].min(axis=(0, 2)) < 128)))
    assert widths[1] < min(widths[2:5]) < max(widths[2:5]) < min(widths[0], widths[5]), "each word is its own"


@pytest.mark.parametrize("text", ["كلب", "紅色", r"$\dog$", "supercalifragilistic" * 4])
def test_a_word_of_any_script_fits_below_a_picture_of_any_shape(text: str, tmp_path: Path) -> None:
    attention, path = synthetic(("[BOS]", text, "[EOS]"), size=(120, 400)), tmp_path / "strip.webp"
    save_strip(replace(attention, caption=text), path)
    with Image.open(path) as film:
        assert film.size == (720, 880)  # a tall photograph is 800 px high, white beside it
        photograph = np.asarray(film.convert("L"))[:800].astype(int)
        film.seek(1)
        label = np.asarray(film.convert("L"))[800:]
    assert min(photograph[:, :236].min(), photograph[:, 484:].min()) > 235, "240 px wide, in the middle"
    assert max(photograph[0, 260:460].mean(), photograph[-1, 260:460].mean()) < 220, "from the top down"
    ink = np.argwhere(label < 128)
    height, width = np.ptp(ink, axis=0)
    assert height > 20 or width > 600, "as large as there is room for"
    assert len(ink) > 100
    assert ink[:, 1].min() >= 8
    assert ink[:, 1].max() < 712
    assert abs(ink[:, 1].mean() - 360) < 30
