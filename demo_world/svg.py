"""The drawing kit of the demo world: sketches are SVG text, rasterised by resvg.

resvg is a pure-Rust renderer that ships in a wheel: antialiased, no system library, the same pixels everywhere.
A *sketch* is one thing, alone, in a box of its own; the scene places sketches as layers, so that a layer's alpha is its
instance mask. Colours are ``#rrggbb`` strings throughout.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random

import numpy as np
import resvg_py
from PIL import Image


@dataclass(frozen=True)
class Coat:
    """A named colour and the two shades that give it volume."""

    name: str
    main: str
    dark: str
    light: str


@dataclass(frozen=True)
class Sketch:
    """One drawn thing: SVG elements in the box ``0 0 width height``, facing right, standing on ``y = height``.

    ``points`` names places that other sketches attach to, in the box's units: ``seat`` (where a rider's ``hip`` goes),
    ``hand`` (where a held thing's ``grip`` goes), ``top`` (where something may stand).
    """

    body: str
    width: float
    height: float
    points: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """A class of object: how it is drawn, how tall it stands (metres), and which colours and poses it comes in."""

    name: str
    draw: Callable[[Coat, Random, str], Sketch]
    metres: float
    coats: tuple[str, ...]
    poses: tuple[str, ...] = ("standing",)


@dataclass(frozen=True)
class Backdrop:
    """A place, in pixels of the final picture: what lies behind the objects, where they may stand, and the light."""

    body: str
    horizon: float  # y where the ground plane meets the sky or the wall, px
    ground: tuple[float, float]  # y range on which objects may stand, px
    front: str = ""  # drawn over the objects: grass tufts, leaves, a rail
    light: float = 0.5  # where shadows fall: -1 far left .. 1 far right
    shadow: float = 0.35  # opacity of the ground shadows, 0..1
    tint: str = "#ffffff"  # the whole picture is multiplied by it (dusk, overcast, lamplight)
    extras: tuple[str, ...] = ()  # what else is there to be mentioned: "fence", "trees", "clouds", ...


@dataclass(frozen=True)
class Place:
    """A kind of place; ``draw(rng, width, height)`` lays one out for a picture of that many pixels."""

    name: str
    draw: Callable[[Random, int, int], Backdrop]


COATS: dict[str, Coat] = {
    coat.name: coat
    for coat in (
        Coat("red", "#d6322e", "#8f1d22", "#f2766a"),
        Coat("orange", "#ee8425", "#a85513", "#fbb56b"),
        Coat("yellow", "#f3cb2d", "#b38d12", "#fbe78a"),
        Coat("green", "#3f9b45", "#24622c", "#84cb80"),
        Coat("blue", "#2f6fce", "#1b4187", "#7faaf0"),
        Coat("purple", "#7f49b4", "#4d2a75", "#b58be0"),
        Coat("pink", "#ee7fb0", "#b34a7b", "#f9bcd6"),
        Coat("brown", "#8a5a34", "#56351c", "#bd8e62"),
        Coat("black", "#2f2f35", "#121216", "#62626d"),
        Coat("white", "#f1f0ea", "#bdbab0", "#ffffff"),
        Coat("gray", "#8d9197", "#575b61", "#bfc3c8"),
    )
}


def mix(a: str, b: str, t: float) -> str:
    """The colour a fraction ``t`` (0..1) of the way from ``a`` to ``b``.

    >>> mix("#000000", "#ffffff", 0.25)
    '#404040'
    """
    pairs = zip((1, 3, 5), (1, 3, 5), strict=True)
    channels = (round(int(a[i : i + 2], 16) * (1 - t) + int(b[j : j + 2], 16) * t) for i, j in pairs)
    return "#" + "".join(f"{min(255, max(0, value)):02x}" for value in channels)


def linear(name: str, *stops: str, x2: float = 0, y2: float = 1) -> str:
    """A linear gradient's definition, stops evenly spaced, top to bottom unless told; use as ``fill="url(#name)"``."""
    return f'<linearGradient id="{name}" x1="0" y1="0" x2="{x2}" y2="{y2}">{_stops(stops)}</linearGradient>'


def radial(name: str, *stops: str, cx: float = 0.38, cy: float = 0.32, r: float = 0.75) -> str:
    """A radial gradient's definition, from its centre (a fraction of the box) outwards; lit from the upper left."""
    return f'<radialGradient id="{name}" cx="{cx}" cy="{cy}" r="{r}">{_stops(stops)}</radialGradient>'


def _stops(stops: tuple[str, ...]) -> str:
    last = max(1, len(stops) - 1)
    return "".join(f'<stop offset="{i / last:.3f}" stop-color="{colour}"/>' for i, colour in enumerate(stops))


def rasterise(body: str, box: tuple[float, float, float, float], width: int, height: int) -> np.ndarray:
    """Render SVG elements that live in ``box`` (x, y, width, height): straight-alpha RGBA, (height, width, 4) uint8."""
    x, y, w, h = box
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{x:.3f} {y:.3f} {w:.3f} {h:.3f}" '
        f'width="{width}" height="{height}" preserveAspectRatio="none">{body}</svg>'
    )
    png = resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True)
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))
