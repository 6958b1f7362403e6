"""The farm's pasture, and the meadow, tracks and fences that other places borrow."""

from __future__ import annotations

from random import Random

from demo_world.places import kit, parts
from demo_world.places.kit import Scenery, box, disc, fill, line, oval, poly, rect
from demo_world.svg import Backdrop, linear, mix


def draw_field(rng: Random, width: int, height: int) -> Backdrop:
    """A farm's pasture."""
    sc = Scenery(rng, width, height)
    _distance(sc)
    meadow(sc)
    _farm(sc)
    if sc.chance(0.5):
        fence(sc, rng.uniform(0.08, 0.24))
    parts.tufts(sc, 120, sc.grass[1])
    if sc.chance(0.4):
        parts.flowers(sc, 60)
    green_front(sc)
    return sc.finish((sc.at(0.2), 0.97 * sc.h))


def _distance(sc: Scenery) -> None:
    """The sky, and mountains, hills or trees at the horizon."""
    rng, s = sc.rng, sc.s
    parts.sky(sc)
    if sc.chance(0.25):
        parts.mountains(sc, rng.uniform(45, 75))
    if sc.chance(0.8):
        parts.hills(sc, rng.randint(1, 3), mix(sc.grass[1], "#5f8a86", 0.4))
    if sc.chance(0.65):
        parts.treeline(sc, sc.horizon + 2 * s, rng.uniform(12, 24), sc.far(sc.leaf(), 0.35), rng.uniform(0.05, 0.5))


def _farm(sc: Scenery) -> None:
    """A track, a barn, hay bales, a tree."""
    rng = sc.rng
    if sc.chance(0.35):
        path(sc, mix("#d9c8a0", sc.grass[0], 0.2))
    if sc.chance(0.4):
        barn(sc, rng.uniform(0.12, 0.88) * sc.w, sc.at(rng.uniform(0.03, 0.12)))
    if sc.chance(0.35):
        for _ in range(rng.randint(2, 4)):
            _bale(sc, rng.uniform(0, sc.w), sc.at(rng.uniform(0.1, 0.32)))
    if sc.chance(0.3):
        y = sc.at(rng.uniform(0.04, 0.12))
        parts.round_tree(sc, rng.uniform(0, sc.w), y, rng.uniform(190, 270) * sc.k(y), sc.leaf())


def meadow(sc: Scenery) -> None:
    """Rolling grass from the horizon down, in swells and light stripes."""
    far, near = sc.far(sc.grass[0], 0.12), sc.grass[1]
    sc.add(linear("place-grass", far, mix(far, near, 0.75), near))
    sc.add(fill(kit.below(sc, kit.ridge(sc, sc.horizon, 2.5 * sc.s, 5), sc.h + 1), "url(#place-grass)"))
    for t in (0.1, 0.3, 0.58):
        y = sc.at(t + sc.rng.uniform(-0.05, 0.08))
        points = kit.ridge(sc, y, (5 + 14 * t) * sc.s, 4)
        sc.add(fill(kit.below(sc, points, sc.h + 1), mix(near, sc.rng.choice(("#fff6c0", "#3f6a4c")), 0.14), 0.55))


def path(sc: Scenery, colour: str) -> None:
    """A track that winds from the bottom edge to the horizon."""
    rng = sc.rng
    x0, x1 = rng.uniform(0.1, 0.9) * sc.w, rng.uniform(0.2, 0.8) * sc.w
    bend, wide = rng.uniform(-0.25, 0.25) * sc.w, rng.uniform(34, 60) * sc.s
    left, right = [], []
    for i in range(9):
        t = i / 8
        y = sc.at(1.02 - 0.98 * t**0.75)
        x = x0 + (x1 - x0) * t + bend * 4 * t * (1 - t) * (1 - t)
        half = wide * max(0.03, (y - sc.horizon) / (sc.h - sc.horizon))
        left.append((x - half, y))
        right.append((x + half, y))
    edge = kit.smooth(left) + "L" + kit.smooth(right[::-1])[1:] + "z"
    sc.add(line(edge, mix(colour, "#5c5a3c", 0.3), 2 * sc.s, 0.6), fill(edge, colour))
    speck = "".join(
        disc(rng.uniform(a[0], b[0]), a[1] + rng.uniform(-6, 6) * sc.s, 1.6 * sc.k(a[1]), 0.8 * sc.k(a[1]))
        for a, b in list(zip(left, right, strict=True)) * 4
    )
    sc.add(fill(speck, mix(colour, "#6b5a44", 0.45), 0.55))
    sc.note("path")


def fence(sc: Scenery, t: float, colour: str = "#a3886a") -> None:
    """Posts and two or three rails from edge to edge."""
    rng = sc.rng
    y0, y1 = sc.at(t), sc.at(t + rng.uniform(-0.05, 0.07))
    tone = sc.far(rng.choice((colour, "#e2ddd0", "#8d7d6c")), 0.15)
    dark = mix(tone, "#4b3d33", 0.35)
    step, x = rng.uniform(0.09, 0.15) * sc.w, -0.02 * sc.w
    posts, sides, rails = "", "", ""
    while x < sc.w * 1.04:
        y = y0 + (y1 - y0) * x / sc.w
        k = sc.k(y)
        posts += rect(x, y - 56 * k, 7 * k, 60 * k)
        sides += rect(x + 4.6 * k, y - 56 * k, 2.4 * k, 60 * k)
        x += step
    k0, k1 = sc.k(y0), sc.k(y1)
    for up in (18, 38) if rng.random() < 0.6 else (14, 29, 44):
        rails += poly(
            [(-5, y0 - up * k0), (sc.w + 5, y1 - up * k1), (sc.w + 5, y1 - (up - 6) * k1), (-5, y0 - (up - 6) * k0)]
        )
    shade = poly([(0, y0 + 2 * k0), (sc.w, y1 + 2 * k1), (sc.w, y1 + 8 * k1), (0, y0 + 8 * k0)])
    sc.add(fill(shade, "#2f4436", 0.18), fill(rails, mix(tone, dark, 0.25)), fill(posts, tone), fill(sides, dark, 0.8))
    sc.note("fence")


def barn(sc: Scenery, x: float, y: float) -> None:
    """A plank barn with a hipped roof and a cross-braced door."""
    rng, k = sc.rng, sc.k(y) * sc.rng.uniform(0.8, 1.15)
    wall = sc.far(rng.choice(("#a65a4c", "#b0886a", "#9c8f7e", "#a8685a")), 0.22)
    roof, dark = sc.far("#7a6f70", 0.25), mix(wall, "#3a2c2c", 0.3)
    w, h = 62 * k, 72 * k
    gable = [
        (x - w, y), (x - w, y - h), (x - w * 0.62, y - h * 1.5), (x, y - h * 1.75), (x + w * 0.62, y - h * 1.5),
        (x + w, y - h), (x + w, y),
    ]  # fmt: skip
    away = rng.choice((-1, 1)) * 105 * k
    side = [
        (x + (w if away > 0 else -w), y),
        (x + (w if away > 0 else -w), y - h),
        (x + away + w * (1 if away > 0 else -1) * 0.3, y - h),
        (x + away + w * (1 if away > 0 else -1) * 0.3, y),
    ]
    edge = w if away > 0 else -w
    top = [
        (x, y - h * 1.78), (x + away * 0.75, y - h * 1.78), (x + away + edge * 0.42, y - h * 0.97),
        (x + edge * 1.05, y - h * 0.97), (x + edge * 0.64, y - h * 1.53),
    ]  # fmt: skip
    sc.add(fill(poly(side), dark), fill(poly(top), roof), fill(poly(gable), wall))
    planks = "".join(
        f"M{x + w * f:.1f} {y:.1f}V{y - h * (1.7 - 0.75 * abs(f)):.1f}"
        for f in (-0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75)
    )
    sc.add(line(planks, dark, 1.1 * sc.s, 0.5), line(poly(gable[1:-1], closed=False), mix(roof, "#ffffff", 0.5), 4 * k))
    door, trim = rect(x - w * 0.42, y - h * 0.72, w * 0.84, h * 0.72), sc.far("#efe6d6", 0.2)
    cross = f"M{x - w * 0.4:.1f} {y:.1f}L{x:.1f} {y - h * 0.7:.1f}V{y:.1f}L{x - w * 0.4:.1f} {y - h * 0.7:.1f}"
    cross += f"M{x + w * 0.4:.1f} {y:.1f}L{x:.1f} {y - h * 0.7:.1f}M{x:.1f} {y:.1f}L{x + w * 0.4:.1f} {y - h * 0.7:.1f}"
    sc.add(
        fill(door, dark),
        line(door + cross, trim, 2.6 * k, 0.9),
        box(x - w * 0.16, y - h * 1.28, w * 0.32, h * 0.28, dark),
    )
    sc.note("barn")


def _bale(sc: Scenery, x: float, y: float) -> None:
    """A rolled hay bale, its end towards us."""
    r = 27 * sc.k(y)
    tone = sc.far("#d3b872", 0.12)
    sc.add(oval(x + r * 0.5, y, r * 1.7, r * 0.25, "#33402f", 0.22))
    sc.add(fill(disc(x + r * 0.8, y - r, r * 0.85, r) + rect(x, y - 2 * r, r * 0.8, 2 * r), mix(tone, "#7a5f35", 0.35)))
    sc.add(fill(disc(x, y - r, r * 0.85, r), tone))
    rings = "".join(disc(x, y - r, r * 0.85 * f, r * f) for f in (0.72, 0.46, 0.2))
    sc.add(line(rings, mix(tone, "#7a5f35", 0.4), max(0.6, r * 0.08), 0.7))


def green_front(sc: Scenery) -> None:
    """Grass, flowers or a branch before everything, every other time."""
    what = sc.rng.random()
    if what < 0.22:
        sc.front.append(parts.grass_front(sc, sc.grass[1]))
    elif what < 0.36:
        sc.front.append(parts.grass_front(sc, sc.grass[1], blooms=True))
    elif what < 0.5:
        sc.front.append(parts.branch(sc, sc.leaf()))
