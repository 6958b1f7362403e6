"""A snowy slope."""

from __future__ import annotations

from random import Random

from demo_world.places import kit, parts
from demo_world.places.field import fence
from demo_world.places.kit import Scenery, disc, fill, line, oval
from demo_world.svg import Backdrop, linear, mix


def draw_snow(rng: Random, width: int, height: int) -> Backdrop:
    """A snowy slope."""
    sc = Scenery(rng, width, height, 0.38, 0.58)
    s = sc.s
    parts.sky(sc, 0.55)
    if sc.chance(0.75):
        parts.mountains(sc, rng.uniform(70, 120), rng.choice(("#7f92b0", "#8a93a8", "#93a3b8")))
    far, near = mix("#e3ebf3", sc.mood.haze, 0.3), mix("#eef3f8", sc.mood.haze, 0.12)
    blue = mix("#b4c7de", sc.mood.haze, 0.25)
    tilt = rng.uniform(-1, 1) * 0.09 * sc.h
    fir_tone = sc.far("#54756a", 0.25)
    back = [
        (-9 * s, sc.horizon + tilt * 0.7),
        (sc.w * 0.3, sc.horizon - 6 * s),
        (sc.w * 0.7, sc.horizon + 5 * s),
        (sc.w + 9 * s, sc.horizon - tilt * 0.7),
    ]
    sc.add(linear("place-snow", far, mix(far, near, 0.6), near, mix(near, blue, 0.35)))
    if sc.chance(0.6):
        parts.treeline(sc, sc.horizon + 5 * s, 20, sc.far("#6c8a8c", 0.4), 0.3)
    sc.add(fill(kit.below(sc, back, sc.h + 1), "url(#place-snow)"))
    for _ in range(rng.randint(2, 7)):
        x = sc.w * rng.choice((rng.uniform(-0.02, 0.3), rng.uniform(0.7, 1.02)))
        y = sc.at(rng.uniform(0.03, 0.14)) + abs(tilt) * 0.6
        tall = rng.uniform(130, 220) * sc.k(y)
        sc.add(oval(x + sc.light * tall * 0.18, y, tall * 0.26, tall * 0.035, "#6f8bb0", 0.35))
        parts.fir(sc, x, y, tall, fir_tone, snowy=sc.chance(0.75))
    for t in (0.16, 0.36, 0.62):  # drifts: a lit rim over a blue hollow
        y = sc.at(t + rng.uniform(-0.05, 0.05))
        points = [(x, py + tilt * (0.5 - x / sc.w)) for x, py in kit.ridge(sc, y, (4 + 10 * t) * s, 4)]
        sc.add(
            fill(kit.below(sc, points, sc.h + 1), blue, 0.18), line(kit.smooth(points), "#ffffff", (1 + 2 * t) * s, 0.7)
        )
    if sc.chance(0.65):
        _tracks(sc, blue)
    parts.pebbles(sc, 60, mix(blue, "#7d97bb", 0.35), size=1.5, opacity=0.45)
    parts.pebbles(sc, 60, "#ffffff", size=1.2, opacity=0.95)
    parts.ripples(sc, sc.at(0.1), sc.h, 26, mix(blue, "#8fa8ca", 0.3), 0.4)
    if sc.chance(0.3):
        fence(sc, rng.uniform(0.1, 0.2), "#8f7a66")
    if sc.chance(0.4):
        flakes = "".join(disc(rng.uniform(0, sc.w), rng.uniform(0, sc.h), s * rng.uniform(0.9, 2.3)) for _ in range(95))
        sc.front.append(fill(flakes, "#ffffff", 0.85))
        sc.note("snowflakes")
    if sc.chance(0.35):
        x = rng.choice((0.0, 1.0)) * sc.w
        reach = rng.uniform(60, 110) * s
        sc.front.append(
            oval(x, sc.h + 6 * s, reach, 24 * s, "#dbe6f1") + oval(x - 4 * s, sc.h + 9 * s, reach, 24 * s, "#f6fafd")
        )
    return sc.finish((sc.at(0.22) + abs(tilt) * 0.3, 0.97 * sc.h))


def _tracks(sc: Scenery, colour: str) -> None:
    """Ski tracks that swing down the slope."""
    rng = sc.rng
    for _ in range(rng.randint(1, 2)):
        x, reach, d = rng.uniform(0.2, 0.8) * sc.w, rng.uniform(0.06, 0.14) * sc.w, ""
        for off in (0.0, 1.0):
            points = []
            for i in range(9):
                y = sc.at(0.04 + 0.98 * (i / 8) ** 1.5)
                k = sc.k(y) / sc.s
                points.append((x + reach * (1 if i % 2 else -1) * k + off * 7 * sc.s * k, y))
            d += kit.smooth(points)
        sc.add(line(d, mix(colour, "#7f99bf", 0.45), 1.5 * sc.s, 0.65))
