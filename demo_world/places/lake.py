"""A lake."""

from __future__ import annotations

from random import Random

from demo_world.places import kit, parts
from demo_world.places.kit import Point, Scenery, fill, line, poly, rect
from demo_world.svg import Backdrop, linear, mix


def draw_lake(rng: Random, width: int, height: int) -> Backdrop:
    """Still water between far hills and a near shore."""
    sc = Scenery(rng, width, height, 0.35, 0.46)
    parts.sky(sc)
    sky = len(sc.body)
    wood = _far_shore(sc)
    shore = sc.horizon + rng.uniform(0.18, 0.29) * sc.h
    _water(sc, shore, sc.body[sky:], wood)
    _near_shore(sc, shore)
    if sc.chance(0.4):
        _jetty(sc, shore)
    if sc.chance(0.5):
        sc.add(reeds(sc, rng.choice((0.0, 1.0)) * sc.w, shore + 12 * sc.s, 0.7))
        sc.note("reeds")
    if sc.chance(0.25):
        parts.bush(sc, rng.choice((0.06, 0.94)) * sc.w, shore + 18 * sc.s, rng.uniform(60, 90) * sc.s, sc.leaf())
    foreground = rng.random()
    if foreground < 0.2:
        sc.front.append(reeds(sc, rng.choice((0.04, 0.96)) * sc.w, sc.h + 4 * sc.s, 1.0))
        sc.note("reeds")
    elif foreground < 0.35:
        sc.front.append(parts.grass_front(sc, sc.grass[1], blooms=sc.chance(0.4)))
    elif foreground < 0.5:
        sc.front.append(parts.branch(sc, sc.leaf()))
    return sc.finish((shore + 0.05 * sc.h, 0.97 * sc.h))


def _far_shore(sc: Scenery) -> str:
    """Mountains, hills and a wood beyond the water; returns the wood's colour."""
    rng, s, sky = sc.rng, sc.s, len(sc.body)
    if sc.chance(0.45):
        parts.mountains(sc, rng.uniform(45, 85))
    if sc.chance(0.75) or len(sc.body) == sky:
        parts.hills(sc, rng.randint(1, 2), mix(sc.grass[1], "#5a8480", 0.45), 40)
    wood = sc.far(sc.leaf(), 0.3)
    if sc.chance(0.5):
        parts.treeline(sc, sc.horizon + s, rng.uniform(12, 22), wood, rng.uniform(0.05, 0.5))
    else:
        for i in range(rng.randint(9, 16)):
            x = rng.uniform(0, sc.w * 0.36) + (0.0 if i % 2 else sc.w * 0.64)
            parts.fir(sc, x, sc.horizon + s, rng.uniform(20, 40) * s, sc.far("#5f8377", 0.25))
    return wood


def _water(sc: Scenery, shore: float, land: list[str], wood: str) -> None:
    """The lake down to ``shore``, which mirrors the land beyond it."""
    s, sky = sc.s, sc.mood.sky
    water = mix(mix("#7fabba", sky[1], 0.45), "#3f6f86", 0.12)
    sc.add(linear("place-lake", mix(water, sky[2], 0.5), water, mix(water, "#3b6478", 0.25)))
    sc.add(fill(rect(-1, sc.horizon, sc.w + 2, shore - sc.horizon + 30 * s), "url(#place-lake)"))
    flip = "".join(part for part in land if not part.startswith("<linear"))  # what stands there, upside down
    sc.add(f'<g transform="matrix(1 0 0 -0.8 0 {1.8 * sc.horizon:.1f})" opacity="0.34">{flip}</g>')
    sc.add(fill(rect(-1, sc.horizon - s, sc.w + 2, 2.4 * s), mix(wood, "#40564f", 0.3), 0.5))
    parts.ripples(sc, sc.horizon + 4 * s, shore, 40, mix(water, "#ffffff", 0.6), 0.5)
    parts.ripples(sc, sc.horizon + 4 * s, shore, 30, mix(water, "#2d5166", 0.5), 0.35)


def _near_shore(sc: Scenery, shore: float) -> None:
    """A sandy bank with pebbles or a green one with flowers."""
    rng, s = sc.rng, sc.s
    slope = rng.uniform(-1, 1) * 12 * s
    edge = [(x, y + slope * (x / sc.w - 0.5)) for x, y in kit.ridge(sc, shore, 6 * s, 6)]
    sandy = sc.chance(0.35)
    tone = "#d6c49c" if sandy else sc.grass[1]
    _bank(sc, edge, tone)
    t = (shore - sc.horizon) / (sc.h - sc.horizon)
    if sandy:
        parts.pebbles(sc, 110, mix(tone, "#7a6a52", 0.5), t + 0.06, size=2.0)
        parts.ripples(sc, shore + 14 * s, sc.h, 30, mix(tone, "#fff6e0", 0.6), 0.5)
        parts.tufts(sc, 26, "#9aa06a", t + 0.08)
    else:
        parts.tufts(sc, 110, tone, t + 0.06)
        if sc.chance(0.4):
            parts.flowers(sc, 50, t + 0.12)


def _bank(sc: Scenery, edge: list[Point], tone: str) -> None:
    """The near shore, its damp rim towards the water."""
    s = sc.s
    sc.add(linear("place-bank", sc.far(tone, 0.1), tone, mix(tone, "#4d5a3c", 0.15)))
    sc.add(line(kit.smooth([(x, y - 3 * s) for x, y in edge]), "#f3f6f0", 1.4 * s, 0.6))
    sc.add(fill(kit.below(sc, edge, sc.h + 1), mix(tone, "#5d4c38", 0.45)))
    sc.add(fill(kit.below(sc, [(x, y + 5 * s) for x, y in edge], sc.h + 1), "url(#place-bank)"))


def _jetty(sc: Scenery, shore: float) -> None:
    """Planks on posts, out over the water from the near shore."""
    rng, s = sc.rng, sc.s
    side = rng.choice((-1, 1))
    x0, x1 = sc.w * (0.5 + side * rng.uniform(0.2, 0.42)), sc.w * (0.5 + side * rng.uniform(0.1, 0.3))
    y0, y1 = shore + 20 * s, sc.horizon + (shore - sc.horizon) * rng.uniform(0.35, 0.55)
    w0, w1 = 21 * s, 10 * s
    wood = sc.far("#a89072", 0.15)
    dark = mix(wood, "#43382f", 0.45)
    posts, planks = "", ""
    for i in range(9):
        t = i / 9
        x, y, half = x0 + (x1 - x0) * t, y0 + (y1 - y0) * t, w0 + (w1 - w0) * t
        planks += f"M{x - half:.1f} {y:.1f}h{2 * half:.1f}"
        if i % 3 == 2:
            posts += rect(x - half, y - 8 * s * (1 - t / 2), half * 0.2, 18 * s * (1 - t / 2))
            posts += rect(x + half * 0.8, y - 8 * s * (1 - t / 2), half * 0.2, 18 * s * (1 - t / 2))
    deck = poly([(x0 - w0, y0), (x0 + w0, y0), (x1 + w1, y1), (x1 - w1, y1)])
    under = poly([(x0 - w0, y0 + 6 * s), (x0 + w0, y0 + 6 * s), (x1 + w1 + s, y1 + 4 * s), (x1 - w1 - s, y1 + 4 * s)])
    sc.add(fill(under, dark, 0.6), fill(deck, wood), line(planks, dark, 0.9 * s, 0.8), fill(posts, dark))
    sc.note("jetty")


def reeds(sc: Scenery, x: float, y: float, size: float) -> str:
    """Bulrushes: blades and brown heads."""
    rng, k = sc.rng, sc.s * size
    tones: list[str] = ["", ""]
    stems, heads = "", ""
    for i in range(20):
        bx, tall, lean = x + rng.uniform(-34, 34) * k, rng.uniform(26, 62) * k, rng.uniform(-12, 12) * k
        tones[i % 2] += (
            f"M{bx - 1.6 * k:.1f} {y:.1f}Q{bx:.1f} {y - tall * 0.6:.1f} {bx + lean:.1f} {y - tall:.1f}"
            f"Q{bx + 2 * k:.1f} {y - tall * 0.5:.1f} {bx + 1.6 * k:.1f} {y:.1f}z"
        )
        if i % 3 == 0:
            sx = bx + 4 * k
            stems += f"M{sx:.1f} {y:.1f}L{sx + lean * 0.3:.1f} {y - tall * 1.12:.1f}"
            heads += f"M{sx + lean * 0.26:.1f} {y - tall * 0.9:.1f}L{sx + lean * 0.3:.1f} {y - tall * 1.05:.1f}"
    return (
        fill(tones[0], "#6f8a55")
        + fill(tones[1], "#93a568")
        + line(stems, "#7f8a55", k)
        + line(heads, "#7d5c40", 3.6 * k)
    )
