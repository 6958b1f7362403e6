"""A park."""

from __future__ import annotations

from random import Random

from demo_world.places import kit, parts
from demo_world.places.field import green_front, meadow, path
from demo_world.places.houses import lamp_post
from demo_world.places.kit import Scenery, disc, fill, oval, rect
from demo_world.svg import Backdrop, mix


def draw_park(rng: Random, width: int, height: int) -> Backdrop:
    """Lawn, trees, a path, flower beds, the edge of a pond."""
    sc = Scenery(rng, width, height)
    s = sc.s
    parts.sky(sc)
    if sc.chance(0.35):
        _skyline(sc)
    parts.treeline(sc, sc.horizon + 4 * s, rng.uniform(24, 46), sc.far(sc.leaf(), 0.4), rng.uniform(0.0, 0.25))
    if sc.chance(0.6):
        parts.treeline(sc, sc.horizon + 7 * s, rng.uniform(9, 15), sc.far(sc.leaf(), 0.25), 0.25)
    if sc.grass in kit.GRASS[4:]:
        sc.grass = kit.GRASS[3]
    meadow(sc)
    if sc.chance(0.4):
        _pond(sc)
    if sc.chance(0.65):
        path(sc, sc.rng.choice(("#d6c7a6", "#cfc8bb", "#d3bfa0")))
    parts.tufts(sc, 90, sc.grass[1], size=0.75)
    _plants(sc)
    if sc.chance(0.45):
        y = sc.at(rng.uniform(0.1, 0.2))
        lamp_post(sc, rng.uniform(0.08, 0.92) * sc.w, y)
    if sc.chance(0.35):
        parts.people(sc, sc.at(rng.uniform(0.1, 0.18)))
    green_front(sc)
    return sc.finish((sc.at(0.22), 0.97 * sc.h))


def _plants(sc: Scenery) -> None:
    """Trees, bushes and flower beds."""
    rng = sc.rng
    for t in sorted(rng.uniform(0.05, 0.2) for _ in range(rng.randint(1, 4))):
        y = sc.at(t)
        x = sc.w * rng.choice((rng.uniform(-0.02, 0.3), rng.uniform(0.7, 1.02), rng.uniform(0, 1)))
        parts.round_tree(sc, x, y, rng.uniform(150, 250) * sc.k(y), sc.leaf())
    if sc.chance(0.5):
        for _ in range(rng.randint(1, 3)):
            y = sc.at(rng.uniform(0.08, 0.2))
            x, wide, leaf = rng.uniform(0, sc.w), rng.uniform(70, 120) * sc.k(y), sc.leaf()
            parts.bush(sc, x, y, wide, leaf, rng.choice(("", *kit.BLOOMS[:3])))
    if sc.chance(0.55):
        for _ in range(rng.randint(1, 2)):
            _bed(sc, rng.uniform(0.05, 0.95) * sc.w, sc.at(rng.uniform(0.16, 0.34)))


def _skyline(sc: Scenery) -> None:
    """Town houses far behind the trees."""
    rng, s, d, windows, x = sc.rng, sc.s, "", "", 0.0
    while x < sc.w:
        wide, tall = rng.uniform(18, 40) * s, rng.uniform(34, 84) * s
        if rng.random() < 0.7:
            d += rect(x, sc.horizon - tall, wide, tall)
            windows += "".join(
                rect(x + wide * f, sc.horizon - tall + (5 + 9 * r) * s, 3 * s, 4.5 * s)
                for f in (0.2, 0.45, 0.7)
                for r in range(3)
            )
        x += wide * rng.uniform(0.8, 1.5)
    sc.add(fill(d, sc.far("#8f8c98", 0.6)), fill(windows, sc.far("#f6ead0", 0.35), 0.7))
    sc.note("houses")


def _pond(sc: Scenery) -> None:
    """A pond that reaches in from one side."""
    rng, s = sc.rng, sc.s
    side = rng.choice((0.0, 1.0))
    x, y = sc.w * (side + (0.5 - side) * rng.uniform(0.1, 0.5)), sc.at(rng.uniform(0.16, 0.26))
    rx, ry = rng.uniform(80, 125) * s, rng.uniform(11, 17) * s
    water = mix("#86afbd", sc.mood.sky[1], 0.5)
    sc.add(oval(x, y + 2 * s, rx + 5 * s, ry + 4 * s, mix(sc.grass[1], "#6a5a3e", 0.5)), oval(x, y, rx, ry, water))
    sc.add(oval(x, y - ry * 0.35, rx * 0.85, ry * 0.5, mix(water, sc.leaf(), 0.35), 0.5))
    glints = "".join(
        disc(x + rng.uniform(-0.7, 0.7) * rx, y + rng.uniform(-0.2, 0.7) * ry, rng.uniform(6, 16) * s, 0.7 * s)
        for _ in range(8)
    )
    sc.add(fill(glints, "#f6fbfa", 0.6))
    sc.note("pond")


def _bed(sc: Scenery, x: float, y: float) -> None:
    """A rounded bed of flowers with a stone rim."""
    rng, k = sc.rng, sc.k(y)
    rx, ry = rng.uniform(52, 85) * k, rng.uniform(11, 16) * k
    sc.add(oval(x, y + 2 * k, rx + 4 * k, ry + 3 * k, "#b9ae9c"), oval(x, y, rx, ry, "#7a6a50"))
    green, colours = "", rng.sample(kit.BLOOMS, 2)
    heads = ["", ""]
    for i in range(34):
        u, v = rng.uniform(-0.9, 0.9), rng.uniform(-0.8, 0.7)
        px, py = x + u * rx * (1 - abs(v) * 0.3), y + v * ry
        green += disc(px, py - 3 * k, 5 * k, 5 * k)
        heads[i % 2] += disc(px + rng.uniform(-2, 2) * k, py - rng.uniform(6, 12) * k, 2.9 * k)
    sc.add(
        fill(green, mix(sc.grass[1], "#2f5138", 0.35)),
        *(fill(d, mix(c, "#c9788c", 0.18)) for d, c in zip(heads, colours, strict=True)),
    )
    sc.note("flowers")
