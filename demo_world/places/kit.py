"""What the places are built with: moods of light, paths, and a builder that collects them and knows its perspective."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random

from demo_world.svg import Backdrop, mix

Point = tuple[float, float]


@dataclass(frozen=True)
class Mood:
    """A time of day: the sky from zenith to horizon, what distance fades to, and the light on everything."""

    name: str
    sky: tuple[str, str, str]
    haze: str
    cloud: tuple[str, str]  # lit top, shaded base
    tint: str
    shadow: float


MOODS: tuple[Mood, ...] = (
    Mood("noon", ("#6aabdb", "#9fcdea", "#d8ecf2"), "#cfe2ea", ("#ffffff", "#c6d9e8"), "#ffffff", 0.42),
    Mood("noon", ("#86bfe0", "#b5daec", "#e4f0ee"), "#d9e8e8", ("#ffffff", "#d3e0ea"), "#fffdf6", 0.38),
    Mood("noon", ("#78add2", "#a8cbe0", "#dde8e6"), "#d3dfe0", ("#fdfdfb", "#c3cfda"), "#fffcf4", 0.36),
    Mood("golden", ("#93b3c8", "#edd0a6", "#fbcd8b"), "#eed0a6", ("#fff1da", "#dfae8e"), "#fff0d6", 0.38),
    Mood("overcast", ("#aab6c1", "#c2cbd2", "#d9ddde"), "#cdd4d8", ("#dde2e6", "#a8b2bd"), "#f0f2f5", 0.16),
    Mood("dusk", ("#6468a0", "#ab8ab2", "#efb29c"), "#b59fb8", ("#e6babb", "#7f709e"), "#e2d5ea", 0.22),
    Mood("dawn", ("#a5c2de", "#ebcdd3", "#fbe4ca"), "#e8d7d6", ("#fff4ef", "#d5b8c8"), "#fff1ee", 0.30),
)
GRASS: tuple[tuple[str, str], ...] = (  # far, near; spring to autumn
    ("#a9c97c", "#7fae58"), ("#94bb70", "#699a4e"), ("#8db47c", "#5f9158"), ("#b3c27a", "#8ea455"),
    ("#cfc484", "#b0a158"), ("#c0b678", "#97904f"),
)  # fmt: skip
LEAVES: tuple[str, ...] = ("#6f9f57", "#5d8f52", "#7fa75a", "#548462", "#8aa653")
AUTUMN: tuple[str, ...] = ("#c08a45", "#b5723f", "#c9a04e", "#94904c", "#a86044")
BLOOMS: tuple[str, ...] = ("#e9c3cf", "#f0e3b2", "#d9cdea", "#f4efe6", "#e8b9a2", "#c9d6f0")


class Scenery:
    """Collects the parts of one backdrop; knows its light, its horizon and its perspective."""

    def __init__(self, rng: Random, width: int, height: int, low: float = 0.36, high: float = 0.58) -> None:
        self.rng, self.w, self.h = rng, float(width), float(height)
        self.s = min(width, height) / 256
        self.horizon = height * rng.uniform(low, high)
        self.mood = rng.choice(MOODS)
        self.light = rng.uniform(0.25, 0.9) * rng.choice((-1, 1))
        self.autumn = rng.random() < 0.2
        self.grass = rng.choice(GRASS[3:] if self.autumn else GRASS)
        self.body: list[str] = []
        self.front: list[str] = []
        self.extras: list[str] = []

    def add(self, *parts: str) -> None:
        self.body.extend(parts)

    def note(self, extra: str) -> None:
        """Name something that was drawn, once."""
        if extra not in self.extras:
            self.extras.append(extra)

    def chance(self, p: float) -> bool:
        return self.rng.random() < p

    def at(self, t: float) -> float:
        """The y a fraction ``t`` of the way from the horizon to the bottom edge."""
        return self.horizon + (self.h - self.horizon) * t

    def k(self, y: float) -> float:
        """Pixels per pixel-of-a-256-picture for things that stand at ``y``: the composer's own perspective."""
        low = self.horizon - 0.25 * self.h
        return self.s * max(0.25, (y - low) / (self.h - low))

    def far(self, colour: str, t: float) -> str:
        """The colour seen through a distance of 0..1."""
        return mix(colour, self.mood.haze, t)

    def leaf(self) -> str:
        return self.rng.choice(AUTUMN if self.autumn else LEAVES)

    def finish(self, ground: tuple[float, float]) -> Backdrop:
        """The backdrop, objects standing between the two heights (px)."""
        return Backdrop(
            "".join(self.body), self.horizon, ground, "".join(self.front), self.light, self.mood.shadow,
            self.mood.tint, tuple(self.extras),
        )  # fmt: skip


# Elements and paths.


def fill(d: str, colour: str, opacity: float = 1.0) -> str:
    return f'<path d="{d}" fill="{colour}"{_opacity(opacity)}/>'


def line(d: str, colour: str, width: float, opacity: float = 1.0) -> str:
    """A stroked path with round ends."""
    return (
        f'<path d="{d}" fill="none" stroke="{colour}" stroke-width="{width:.2f}" stroke-linecap="round" '
        f'stroke-linejoin="round"{_opacity(opacity, "stroke")}/>'
    )


def box(x: float, y: float, width: float, height: float, colour: str, rx: float = 0.0, opacity: float = 1.0) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(0.1, width):.1f}" height="{max(0.1, height):.1f}" rx="{rx:.1f}" '
        f'fill="{colour}"{_opacity(opacity)}/>'
    )


def oval(x: float, y: float, rx: float, ry: float, colour: str, opacity: float = 1.0) -> str:
    return f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{rx:.1f}" ry="{ry:.1f}" fill="{colour}"{_opacity(opacity)}/>'


def _opacity(value: float, paint: str = "fill") -> str:
    """On the paint, not the element: resvg renders an element's own ``opacity`` through a layer, 3 ms each."""
    return "" if value >= 1 else f' {paint}-opacity="{value:.2f}"'


def poly(points: Iterable[Point], closed: bool = True) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + ("z" if closed else "")


def rect(x: float, y: float, width: float, height: float) -> str:
    """A rectangle as a subpath, so that many make one element."""
    return f"M{x:.1f} {y:.1f}h{width:.1f}v{height:.1f}h{-width:.1f}z"


def disc(x: float, y: float, rx: float, ry: float | None = None) -> str:
    """An ellipse as a subpath."""
    ry = rx if ry is None else ry
    return f"M{x - rx:.1f} {y:.1f}a{rx:.1f} {ry:.1f} 0 1 0 {2 * rx:.1f} 0a{rx:.1f} {ry:.1f} 0 1 0 {-2 * rx:.1f} 0z"


def smooth(points: Sequence[Point]) -> str:
    """An open curve through the middles of the points, from the first to the last."""
    parts = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for (ax, ay), (bx, by) in itertools.pairwise(points):
        parts.append(f"Q{ax:.1f} {ay:.1f} {(ax + bx) / 2:.1f} {(ay + by) / 2:.1f}")
    return "".join(parts) + f"L{points[-1][0]:.1f} {points[-1][1]:.1f}"


def ridge(sc: Scenery, y: float, swing: float, steps: int = 6) -> list[Point]:
    """Points of a rolling line from edge to edge."""
    reach = sc.w / (steps - 1)
    return [(i * reach - 8 * sc.s * (i == 0), y + sc.rng.uniform(-swing, swing)) for i in range(steps)] + [
        (sc.w + 9 * sc.s, y + sc.rng.uniform(-swing, swing))
    ]


def below(sc: Scenery, points: Sequence[Point], bottom: float) -> str:
    """The area from a rolling line down to ``bottom``."""
    return smooth(points) + f"L{sc.w + 9 * sc.s:.1f} {bottom:.1f}L{-9 * sc.s:.1f} {bottom:.1f}z"
