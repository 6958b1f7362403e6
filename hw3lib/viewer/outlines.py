"""An object's mask as the viewer shows it: a few closed lines.

Dimensions: ``h x w`` pixels of the original photograph, ``n`` points of a ring.
"""

from __future__ import annotations

import json
from functools import lru_cache

import numpy as np
from PIL import Image

Rings = list[list[float]]  # each x0, y0, x1, y1, ... as fractions of the photograph's width and height

MOST_BYTES = 1600  # of one mask's rings as JSON: some 110 points, which an outline of 640 px needs at the most
_LONGEST = 640  # px: a mask is traced at the size in which the viewer shows the photograph
_SPECK = 6.0  # px² at that size: smaller pieces and holes are not drawn


def rings(mask: np.ndarray, most_bytes: int = MOST_BYTES) -> Rings:
    """Trace a mask ``(h, w)`` of bool; empty when nothing, or no more than specks, is in it.

    The lines run midway between pixels inside and pixels outside (marching squares), along the photograph's edge where
    the mask touches it, and are simplified (Douglas and Peucker, 1973) until their JSON has at most ``most_bytes``.

    >>> mask = np.zeros((40, 80), bool)
    >>> mask[10:30, 20:60] = True
    >>> rings(mask)
    [[0.25, 0.2625, 0.7438, 0.25, 0.75, 0.7375, 0.2562, 0.75]]
    """
    return _traced(mask.astype(bool).tobytes(), mask.shape, most_bytes)


@lru_cache(maxsize=64)  # several words of a caption, and several captions, name one object
def _traced(content: bytes, shape: tuple[int, int], most_bytes: int) -> Rings:
    from contourpy import contour_generator

    mask = np.frombuffer(content, bool).reshape(shape)
    height, width = shape
    shrink = min(1.0, _LONGEST / max(height, width))
    size = max(1, round(width * shrink)), max(1, round(height * shrink))
    small = np.asarray(Image.fromarray(mask.astype(np.uint8) * 255).resize(size, Image.Resampling.BOX))
    # A border of nothing, so that a mask which reaches the edge is closed along it.
    lines = contour_generator(z=np.pad(small.astype(np.float64) / 255, 1)).lines(0.5)
    traced = [np.clip(np.asarray(line) - 0.5, 0, size) for line in lines]  # (n, 2): pixel i covers [i, i + 1)
    traced = sorted((ring for ring in traced if _area(ring) >= _SPECK), key=_area, reverse=True)
    tolerance = 0.6  # px
    while True:
        simple = [np.round(_simplify(ring, tolerance) / size, 4) for ring in traced]
        coded: Rings = [ring[:-1].ravel().tolist() for ring in simple if len(ring) > 3]
        if len(json.dumps(coded, separators=(",", ":"))) <= most_bytes:
            return coded
        tolerance *= 1.4
        traced = [ring for ring in traced if _area(ring) >= _SPECK * tolerance]


def _area(ring: np.ndarray) -> float:
    x, y = ring.T
    return float(abs(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1])) / 2)


def _simplify(ring: np.ndarray, tolerance: float) -> np.ndarray:
    """Leave out points of a closed ring ``(n, 2)`` that lie within ``tolerance`` of the line without them."""
    keep = np.zeros(len(ring), bool)
    # A closed ring has no ends: it is cut at its first point and at the one farthest from it.
    far = int(np.hypot(*(ring - ring[0]).T).argmax())
    keep[[0, far, -1]] = True
    spans = [(0, far), (far, len(ring) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        along = ring[last] - ring[first]
        away = ring[first + 1 : last] - ring[first]
        length = float(np.hypot(*along))
        off = np.abs(along[0] * away[:, 1] - along[1] * away[:, 0]) / length if length else np.hypot(*away.T)
        worst = int(off.argmax())
        if off[worst] > tolerance:
            middle = first + 1 + worst
            keep[middle] = True
            spans += [(first, middle), (middle, last)]
    return ring[keep]
