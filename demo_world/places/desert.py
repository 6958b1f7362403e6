"""A desert."""

from __future__ import annotations

from random import Random

from demo_world.places import kit, parts
from demo_world.places.kit import Scenery, fill, line, oval, poly
from demo_world.svg import Backdrop, linear, mix


def draw_desert(rng: Random, width: int, height: int) -> Backdrop:
    """Dunes or a stony plain, with cacti and mesas."""
    sc = Scenery(rng, width, height)
    s = sc.s
    parts.sky(sc, 0.35)
    sand = rng.choice(("#dcb98a", "#d9ad7c", "#e0c49a", "#cf9f78", "#d8b590"))
    if sc.chance(0.65):
        for _ in range(rng.randint(2, 4)):
            _mesa(sc, sc.far(mix(sand, "#a3583c", 0.55), rng.uniform(0.3, 0.55)))
        sc.note("mountains")
    dunes = sc.chance(0.6)
    sc.add(linear("place-sand", sc.far(sand, 0.3), sand, mix(sand, "#9a6a44", 0.12)))
    sc.add(fill(kit.below(sc, kit.ridge(sc, sc.horizon, 2 * s), sc.h + 1), "url(#place-sand)"))
    if dunes:
        for i in range(rng.randint(2, 3)):
            _dune(sc, sc.at(0.05 + 0.16 * i), sc.far(sand, 0.22 - 0.08 * i), (34 - 4 * i) * s)
    parts.ripples(sc, sc.at(0.12), sc.h, 46, mix(sand, "#7f5636", 0.4), 0.4)
    parts.ripples(sc, sc.at(0.12), sc.h, 40, mix(sand, "#fff4dc", 0.6), 0.5)
    parts.pebbles(sc, 46, mix(sand, "#6d4c3a", 0.5), size=1.9, opacity=0.7)
    for _ in range(rng.randint(0, 2)):
        y = sc.at(rng.uniform(0.06, 0.22))
        parts.bush(sc, rng.uniform(0, sc.w), y, rng.uniform(50, 80) * sc.k(y), "#a3a06e")
    for _ in range(rng.choice((0, 1, 2, 3))):
        y = sc.at(rng.uniform(0.06, 0.24))
        cactus(
            sc, sc.w * rng.choice((rng.uniform(0.03, 0.3), rng.uniform(0.7, 0.97))), y, rng.uniform(110, 210) * sc.k(y)
        )
    for _ in range(rng.randint(0, 3)):
        _rock(sc, rng.uniform(0, sc.w), sc.at(rng.uniform(0.12, 0.3)), mix(sand, "#7d5543", 0.5))
    if sc.chance(0.35):
        sc.front.append(parts.grass_front(sc, "#b5a468"))
    return sc.finish((sc.at(0.2), 0.97 * sc.h))


def _mesa(sc: Scenery, colour: str) -> None:
    """A flat-topped rock with strata."""
    rng, s = sc.rng, sc.s
    x, up, half = rng.uniform(0, sc.w), s * rng.uniform(24, 62), s * rng.uniform(18, 56)
    y, foot = sc.horizon - up, sc.horizon + 3 * s
    shape = [
        (x - half * 1.5, foot), (x - half * 1.15, y + up * 0.5), (x - half, y + up * 0.42), (x - half * 0.95, y),
        (x + half * 0.9, y + 2 * s), (x + half, y + up * 0.45), (x + half * 1.2, y + up * 0.55), (x + half * 1.6, foot),
    ]  # fmt: skip
    sc.add(fill(poly(shape), colour))
    side = 1 if sc.light > 0 else -1
    shade = [
        (x + side * half * 0.3, y + s), (x + side * half * 0.93, y + s), (x + side * half * 1.1, y + up * 0.5),
        (x + side * half * 1.5, foot), (x + side * half * 0.4, foot),
    ]  # fmt: skip
    bands = "".join(f"M{x - half * 0.96:.1f} {y + up * f:.1f}H{x + half * 0.95:.1f}" for f in (0.14, 0.27, 0.38))
    sc.add(fill(poly(shade), mix(colour, "#6a4450", 0.3), 0.7), line(bands, mix(colour, "#ffe9cf", 0.3), s, 0.7))


def _dune(sc: Scenery, y: float, colour: str, up: float) -> None:
    """A crested dune: a lit flank and a shaded one."""
    w, rng = sc.w, sc.rng
    x = rng.uniform(0.15, 0.85) * w
    foot = y + up * 0.9
    crest = f"M{-0.1 * w:.1f} {foot:.1f}Q{x - 0.25 * w:.1f} {y + up * 0.1:.1f} {x:.1f} {y - up * 0.6:.1f}"
    sc.add(
        fill(
            crest + f"Q{x + 0.3 * w:.1f} {y + up * 0.2:.1f} {1.1 * w:.1f} {foot:.1f}V{sc.h:.1f}H{-0.1 * w:.1f}z", colour
        )
    )
    flank = f"M{x:.1f} {y - up * 0.6:.1f}Q{x + 0.3 * w:.1f} {y + up * 0.2:.1f} {1.1 * w:.1f} {foot:.1f}"
    flank += (
        f"Q{x + 0.3 * w:.1f} {foot + up * 0.3:.1f} {x - 0.06 * w:.1f} {foot + up * 0.5:.1f}"
        f"Q{x + 0.1 * w:.1f} {y + up * 0.5:.1f} {x:.1f} {y - up * 0.6:.1f}z"
    )
    sc.add(fill(flank, mix(colour, "#84573f", 0.28), 0.75))


def cactus(sc: Scenery, x: float, y: float, height: float) -> None:
    """A saguaro with one to three arms."""
    rng = sc.rng
    tone = sc.far("#7b9a6c", 0.12)
    w = height * 0.15
    d = f"M{x:.1f} {y:.1f}V{y - height + w / 2:.1f}"
    for side in rng.sample((-1, 1), rng.randint(1, 2)):
        low, out, up = (
            height * rng.uniform(0.3, 0.52),
            side * height * rng.uniform(0.2, 0.27),
            height * rng.uniform(0.2, 0.34),
        )
        d += f"M{x:.1f} {y - low:.1f}h{out * 0.5:.1f}q{out * 0.5:.1f} 0 {out * 0.5:.1f} {-height * 0.1:.1f}v{-up:.1f}"
    sc.add(
        oval(x + sc.light * w, y, w * 1.6, w * 0.3, "#4a3426", 0.25),
        line(d, mix(tone, "#2d4638", 0.35), w),
        line(d, tone, w * 0.72),
    )
    sc.add(line(d, mix(tone, "#f2f3cf", 0.4), w * 0.14, 0.7))
    sc.note("cactus")


def _rock(sc: Scenery, x: float, y: float, colour: str) -> None:
    r = sc.rng.uniform(16, 34) * sc.k(y)
    left, top, right = (x - r * 0.75, y - r * 0.6), (x - r * 0.1, y - r * 0.85), (x + r * 0.7, y - r * 0.5)
    sc.add(fill(poly([(x - r, y), left, top, right, (x + r, y)]), colour))
    face = poly([left, top, (x + r * 0.05, y - r * 0.4), (x - r * 0.5, y - r * 0.25)])
    sc.add(fill(face, mix(colour, "#fff0d8", 0.4)))
