"""A beach."""

from __future__ import annotations

from random import Random

from demo_world.places import kit, parts
from demo_world.places.kit import Scenery, disc, fill, line, oval, poly, rect
from demo_world.svg import Backdrop, linear, mix


def draw_beach(rng: Random, width: int, height: int) -> Backdrop:
    """Sand before the sea."""
    sc = Scenery(rng, width, height, 0.35, 0.48)
    s = sc.s
    parts.sky(sc)
    if sc.chance(0.3):
        parts.hills(sc, 1, "#7f9a8c", 34)
    shore = sc.horizon + rng.uniform(0.16, 0.27) * sc.h
    deep, shallow = _sea(sc, shore)
    sand = _sand(sc, shore, deep, shallow)
    t = (shore - sc.horizon) / (sc.h - sc.horizon)
    if sc.chance(0.4):
        _footprints(sc, t + 0.12, mix(sand, "#8a6d48", 0.4))
    if sc.chance(0.35):
        parts.people(sc, shore + 12 * s)
    if sc.chance(0.4):
        _dune_grass(sc, sand, shore)
    if sc.chance(0.45):
        side = rng.choice((-1, 1))
        palm(sc, sc.w * (0.5 + side * rng.uniform(0.36, 0.5)), shore + rng.uniform(14, 30) * s, -side)
    if sc.chance(0.35):
        sc.front.append(parts.grass_front(sc, "#b3ab74"))
    return sc.finish((shore + 0.05 * sc.h, 0.97 * sc.h))


def _sea(sc: Scenery, shore: float) -> tuple[str, str]:
    """The water down to ``shore``; returns its colours, deep and shallow."""
    rng, s = sc.rng, sc.s
    deep = mix(rng.choice(("#5fa3b8", "#6aa9c4", "#5b98b6", "#74b5b4")), sc.mood.sky[0], 0.3)
    shallow = mix(mix(deep, "#cfe9df", 0.55), sc.mood.sky[2], 0.25)
    sc.add(linear("place-sea", mix(deep, sc.mood.sky[2], 0.18), deep, shallow))
    sc.add(fill(rect(-1, sc.horizon, sc.w + 2, shore - sc.horizon + 26 * s), "url(#place-sea)"))
    sc.note("sea")
    parts.ripples(sc, sc.horizon + 2 * s, shore, 46, mix(shallow, "#ffffff", 0.45), 0.6)
    parts.ripples(sc, sc.horizon + 2 * s, shore, 26, mix(deep, "#2c4f6c", 0.4), 0.35)
    if sc.chance(0.2):
        _sail(sc, rng.uniform(0.1, 0.9) * sc.w, sc.horizon + 3 * s)
    return deep, shallow


def _sand(sc: Scenery, shore: float, deep: str, shallow: str) -> str:
    """The beach, wet at its edge, and the waves that break on it; returns its colour."""
    rng, s = sc.rng, sc.s
    sand = mix(rng.choice(("#e3cfa4", "#e8d9b8", "#dcc195", "#e6cfae")), sc.mood.sky[2], 0.12)
    slope = rng.uniform(-1, 1) * 10 * s
    edge = [(x, y + slope * (x / sc.w - 0.5)) for x, y in kit.ridge(sc, shore, 5 * s, 6)]
    if sc.chance(0.75):
        for up, wide in ((0.34, 2.0), (0.66, 3.2)):
            _breaker(sc, sc.horizon + (shore - sc.horizon) * up + slope * 0.2, wide * s, shallow)
        sc.note("waves")
    sc.add(linear("place-beach", mix(sand, "#a98d66", 0.2), sand, mix(sand, "#fff4da", 0.2), mix(sand, "#b8935f", 0.2)))
    sc.add(fill(kit.below(sc, [(x, y - 7 * s) for x, y in edge], sc.h + 1), mix(shallow, "#ffffff", 0.35), 0.6))
    sc.add(line(kit.smooth([(x, y - 1 * s) for x, y in edge]), "#fdfdf8", 4 * s, 0.95))
    sc.add(fill(kit.below(sc, edge, sc.h + 1), mix(mix(sand, "#8c7458", 0.4), deep, 0.12)))
    wet = [(x, y + 9 * s + rng.uniform(-2, 3) * s) for x, y in edge]
    sc.add(fill(kit.below(sc, wet, sc.h + 1), "url(#place-beach)"))
    t = (shore - sc.horizon) / (sc.h - sc.horizon)
    parts.ripples(sc, shore + 18 * s, sc.h, 40, mix(sand, "#8a6d48", 0.45), 0.4)
    parts.ripples(sc, shore + 18 * s, sc.h, 36, mix(sand, "#fffaf0", 0.7), 0.55)
    parts.pebbles(sc, 90, mix(sand, "#7d6447", 0.5), t + 0.1, size=1.4)
    parts.pebbles(sc, 24, mix(sand, "#fff8ee", 0.8), t + 0.1, size=2.2, opacity=0.9)
    return sand


def _breaker(sc: Scenery, y: float, thick: float, colour: str) -> None:
    """A long wave: a shaded face under a broken crest of foam."""
    rng, d, x = sc.rng, "", -0.1 * sc.w
    while x < sc.w:
        reach = rng.uniform(0.12, 0.34) * sc.w
        lift = rng.uniform(-1, 1) * thick
        d += (
            f"M{x:.1f} {y + lift:.1f}q{reach / 2:.1f} {-thick * 1.6:.1f} {reach:.1f} 0"
            f"q{-reach / 2:.1f} {thick * 0.5:.1f} {-reach:.1f} 0z"
        )
        x += reach * rng.uniform(0.85, 1.3)
    shade = rect(-1, y - thick * 0.3, sc.w + 2, thick * 1.6)
    sc.add(fill(shade, mix(colour, "#3c6f86", 0.4), 0.3), fill(d, "#fbfdfb", 0.9))


def _sail(sc: Scenery, x: float, y: float) -> None:
    """A sail far out, hardly more than a fleck."""
    k = sc.s
    sc.add(fill(poly([(x, y - 14 * k), (x + 7 * k, y - 3 * k), (x, y - 3 * k)]), sc.far("#f4efe4", 0.25)))
    sc.add(
        fill(
            poly([(x - 5 * k, y - 2 * k), (x + 8 * k, y - 2 * k), (x + 5 * k, y + k), (x - 3 * k, y + k)]),
            sc.far("#7d7a80", 0.3),
        )
    )


def _footprints(sc: Scenery, t0: float, colour: str) -> None:
    rng, d = sc.rng, ""
    x0, x1 = rng.uniform(0.1, 0.9) * sc.w, rng.uniform(0.1, 0.9) * sc.w
    for i in range(14):
        t = t0 + (1.02 - t0) * (i / 13) ** 1.3
        y = sc.at(t)
        k = sc.k(y)
        d += disc(x0 + (x1 - x0) * i / 13 + (5 if i % 2 else -5) * k, y, 2.4 * k, 1.9 * k)
    sc.add(fill(d, colour, 0.6))


def _dune_grass(sc: Scenery, sand: str, shore: float) -> None:
    """A dune with marram grass on one side."""
    rng, s = sc.rng, sc.s
    side = rng.choice((0, 1))
    x, sign = sc.w * side, 1 - 2 * side
    reach, up = rng.uniform(70, 120) * s, rng.uniform(26, 44) * s
    y = shore + 22 * s
    d = (
        f"M{x:.1f} {y - up:.1f}Q{x + sign * reach * 0.5:.1f} {y - up:.1f} {x + sign * reach:.1f} {y:.1f}"
        f"Q{x + sign * reach * 0.4:.1f} {y + 12 * s:.1f} {x:.1f} {y + 14 * s:.1f}z"
    )
    sc.add(fill(d, mix(sand, "#b48f62", 0.22)))
    blades = ["", ""]
    for i in range(34):
        f = rng.random() ** 0.8
        bx, by = x + sign * reach * f * 0.9, y - up * (1 - f**1.6) + rng.uniform(0, 9) * s
        blades[i % 2] += (
            f"M{bx:.1f} {by:.1f}"
            f"q{rng.uniform(-2, 2) * s:.1f} {-9 * s:.1f} {rng.uniform(-7, 7) * s:.1f} {-rng.uniform(9, 18) * s:.1f}"
        )
    sc.add(line(blades[0], "#8f9a63", 1.3 * s, 0.9), line(blades[1], "#b3b27c", 1.2 * s, 0.9))
    sc.note("bushes")


def palm(sc: Scenery, x: float, y: float, lean: int) -> None:
    """A leaning palm with ringed trunk and arching fronds."""
    rng, s = sc.rng, sc.s
    tall = rng.uniform(105, 150) * s
    tx, ty = x + lean * tall * rng.uniform(0.15, 0.35), max(26 * s, y - tall)
    cx, cy = x + lean * tall * 0.02, y - (y - ty) * 0.6
    bark = sc.far("#94795a", 0.12)
    w = 5.5 * s
    d = (
        f"M{x - w:.1f} {y:.1f}Q{cx - w * 0.8:.1f} {cy:.1f} {tx - w * 0.45:.1f} {ty:.1f}"
        f"L{tx + w * 0.45:.1f} {ty:.1f}Q{cx + w * 0.8:.1f} {cy:.1f} {x + w:.1f} {y:.1f}z"
    )
    rings = ""
    for i in range(1, 11):
        t = i / 11
        px, py = (
            (1 - t) ** 2 * x + 2 * t * (1 - t) * cx + t * t * tx,
            (1 - t) ** 2 * y + 2 * t * (1 - t) * cy + t * t * ty,
        )
        half = w * (1 - 0.55 * t)
        rings += f"M{px - half:.1f} {py:.1f}q{half:.1f} {2.4 * s:.1f} {2 * half:.1f} 0"
    sc.add(
        oval(x + sc.light * 14 * s, y, 20 * s, 3 * s, "#4a3c2c", 0.25),
        fill(d, bark),
        line(rings, mix(bark, "#4b382a", 0.5), s, 0.8),
    )
    green = sc.far(rng.choice(("#6f9c62", "#7fa45e", "#5f9168")), 0.1)
    fronds: list[str] = ["", "", ""]
    ribs = ""
    for i, (dx, dy) in enumerate(
        (
            (-1.0, -0.05),
            (1.0, -0.05),
            (-0.75, -0.5),
            (0.8, -0.45),
            (-0.1, -0.75),
            (-0.8, 0.35),
            (0.78, 0.4),
            (0.3, -0.65),
        )
    ):
        reach = tall * 0.4 * rng.uniform(0.85, 1.15)
        ex, ey = tx + dx * reach, ty + (dy + 0.42) * reach
        mx, my = tx + dx * reach * 0.55, ty + (dy - 0.22) * reach
        fronds[i % 3] += f"M{tx:.1f} {ty:.1f}Q{mx:.1f} {my - 7 * s:.1f} {ex:.1f} {ey:.1f}"
        for j in range(5, 0, -1):  # the notched lower edge
            u, v = j / 6, j / 6 - 0.07
            qx, qy = (
                (1 - u) ** 2 * tx + 2 * u * (1 - u) * mx + u * u * ex,
                (1 - u) ** 2 * ty + 2 * u * (1 - u) * my + u * u * ey,
            )
            vx, vy = (
                (1 - v) ** 2 * tx + 2 * v * (1 - v) * mx + v * v * ex,
                (1 - v) ** 2 * ty + 2 * v * (1 - v) * my + v * v * ey,
            )
            fronds[i % 3] += f"L{qx:.1f} {qy + 10 * s:.1f}L{vx:.1f} {vy + 3 * s:.1f}"
        fronds[i % 3] += "z"
        ribs += f"M{tx:.1f} {ty:.1f}Q{mx:.1f} {my - 3 * s:.1f} {ex:.1f} {ey:.1f}"
    shades = mix(green, "#27443a", 0.38), green, mix(green, "#f3efb8", 0.2)
    sc.add(
        *(fill(f, c) for f, c in zip(fronds, shades, strict=True)), line(ribs, mix(green, "#f3efb8", 0.4), 0.8 * s, 0.7)
    )
    sc.add(fill(disc(tx - 4 * s, ty + 4 * s, 3.4 * s) + disc(tx + 3.5 * s, ty + 5 * s, 3.4 * s), "#7b5f48"))
    sc.note("palm tree")
