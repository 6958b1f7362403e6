"""Snow, forest and desert."""

from __future__ import annotations

from random import Random

from demo_world.places import kit, parts
from demo_world.places.field import fence, green_front, path
from demo_world.places.kit import Scenery, box, disc, fill, line, oval, poly
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


def draw_forest(rng: Random, width: int, height: int) -> Backdrop:
    """Among trees: trunks with depth, undergrowth, shafts of light."""
    sc = Scenery(rng, width, height, 0.42, 0.58)
    s = sc.s
    leaf, bark = sc.leaf(), rng.choice(("#75604f", "#6b5d55", "#7f6a58", "#8d8378"))
    glow = mix(mix(leaf, "#f6f1cc", 0.62), sc.mood.sky[2], 0.4)
    sc.add(linear("place-wood", mix(glow, leaf, 0.55), glow, mix(glow, "#ffffff", 0.25), mix(glow, leaf, 0.35)))
    sc.add(box(0, 0, sc.w, sc.horizon + 8 * s, "url(#place-wood)"))
    parts.treeline(sc, sc.horizon + 4 * s, 44, mix(leaf, glow, 0.62), 0.05)
    for count, distance in ((12, 0.68), (8, 0.45)):
        d = ""
        for _ in range(count):
            x, half = rng.uniform(0, sc.w), s * rng.uniform(3, 6) * (1.7 - distance)
            d += poly([
                (x - half, -2), (x + half, -2), (x + half * 1.25, sc.horizon + 8 * s),
                (x - half * 1.25, sc.horizon + 8 * s),
            ])  # fmt: skip
        sc.add(fill(d, mix(bark, glow, distance)))
        parts.treeline(sc, sc.horizon + 8 * s, 14, mix(leaf, glow, distance * 0.75), 0.2)
    floor = mix(rng.choice(("#8d8a58", "#7f9458", "#9a8460")), leaf, 0.25)
    sc.add(linear("place-floor", mix(floor, glow, 0.45), floor, mix(floor, "#3c4630", 0.22)))
    sc.add(fill(kit.below(sc, kit.ridge(sc, sc.horizon + 4 * s, 4 * s), sc.h + 1), "url(#place-floor)"))
    if sc.chance(0.4):
        path(sc, mix("#bfa67c", floor, 0.3))
    parts.tufts(sc, 90, floor, size=1.15)
    parts.pebbles(sc, 70, mix(rng.choice(("#b98a4e", "#a8784a", "#8a7a4a")), floor, 0.25), size=2.6)
    sides = [rng.uniform(-0.02, 0.2), rng.uniform(0.8, 1.02)] + [
        rng.uniform(0.25, 0.75) for _ in range(rng.randint(1, 2))
    ]
    for f in sides:
        y = sc.at(rng.uniform(0.06, 0.2))
        _trunk(sc, f * sc.w, y, rng.uniform(13, 22) * sc.k(y) * 1.7, mix(bark, glow, 0.16), leaf)
    for _ in range(rng.randint(2, 4)):
        y = sc.at(rng.uniform(0.06, 0.2))
        parts.bush(sc, rng.uniform(0, sc.w), y, rng.uniform(90, 150) * sc.k(y), mix(leaf, glow, 0.18))
    if sc.chance(0.6) and sc.mood.name != "overcast":
        d = ""
        for _ in range(3):
            x, wide, lean = rng.uniform(0.1, 0.9) * sc.w, rng.uniform(12, 34) * s, sc.light * 0.4 * sc.h
            d += poly([(x, 0), (x + wide, 0), (x + wide * 2 + lean, sc.at(0.5)), (x + lean, sc.at(0.5))])
        sc.add(fill(d, "#fff6cc", 0.17))
    for _ in range(rng.randint(2, 5)):
        _fern(
            sc,
            sc.w * rng.choice((rng.uniform(-0.02, 0.3), rng.uniform(0.7, 1.02))),
            sc.at(rng.uniform(0.15, 0.95)),
            leaf,
        )
    if sc.chance(0.45):
        _mushrooms(sc)
    canopy = "".join(
        disc(rng.uniform(0, sc.w), rng.uniform(-16, 6) * s, s * rng.uniform(14, 30), s * rng.uniform(10, 20))
        for _ in range(16)
    )
    light = "".join(
        disc(rng.uniform(0, sc.w), rng.uniform(-18, 2) * s, s * rng.uniform(8, 20), s * rng.uniform(6, 13))
        for _ in range(14)
    )
    sc.add(fill(canopy, mix(leaf, "#26402f", 0.3)), fill(light, mix(leaf, glow, 0.1), 0.8))
    green_front(sc)
    return sc.finish((sc.at(0.24), 0.97 * sc.h))


def _trunk(sc: Scenery, x: float, y: float, half: float, bark: str, leaf: str) -> None:
    """A near trunk from root to canopy, with bark and moss."""
    rng = sc.rng
    lean = rng.uniform(-8, 8) * sc.s
    d = (
        f"M{x - half * 2.1:.1f} {y + half * 0.25:.1f}"
        f"Q{x - half * 1.1:.1f} {y - half * 0.6:.1f} {x - half:.1f} {y - half * 3:.1f}L{x - half * 0.8 + lean:.1f} -3"
    )
    d += (
        f"H{x + half * 0.8 + lean:.1f}L{x + half:.1f} {y - half * 3:.1f}"
        f"Q{x + half * 1.1:.1f} {y - half * 0.6:.1f} {x + half * 2.2:.1f} {y + half * 0.3:.1f}"
    )
    d += (
        f"Q{x + half * 0.6:.1f} {y - half * 0.2:.1f} {x:.1f} {y + half * 0.4:.1f}"
        f"Q{x - half * 0.7:.1f} {y - half * 0.2:.1f} {x - half * 2.1:.1f} {y + half * 0.25:.1f}z"
    )
    side = 1 if sc.light > 0 else -1
    shade = poly([
        (x + side * half * 0.25 + lean, -3), (x + side * half * 0.8 + lean, -3), (x + side * half, y - half * 3),
        (x + side * half * 1.1, y - half * 0.4), (x + side * half * 0.3, y - half * 0.3),
    ])  # fmt: skip
    grain = "".join(
        f"M{x + rng.uniform(-0.7, 0.7) * half:.1f} {rng.uniform(0, y - half * 2):.1f}"
        f"l{rng.uniform(-1, 1) * sc.s:.1f} {half * rng.uniform(0.5, 1.4):.1f}"
        for _ in range(16)
    )
    sc.add(oval(x + sc.light * half, y + half * 0.2, half * 3, half * 0.5, "#26301f", 0.25), fill(d, bark))
    sc.add(fill(shade, mix(bark, "#2e2622", 0.4), 0.6), line(grain, mix(bark, "#2e2622", 0.45), 1.1 * sc.s, 0.6))
    moss = "".join(
        disc(x - side * half * rng.uniform(0.6, 1.1), y - half * rng.uniform(0, 2.6), half * 0.32, half * 0.4)
        for _ in range(5)
    )
    sc.add(fill(moss, mix(leaf, bark, 0.25), 0.85))
    sc.note("trees")


def _fern(sc: Scenery, x: float, y: float, leaf: str) -> None:
    """A tuft of arching fronds."""
    rng, k = sc.rng, sc.k(y)
    tones = ["", ""]
    for i, dx in enumerate((-1.0, -0.65, -0.3, 0.05, 0.35, 0.7, 1.0)):
        reach, up = dx * 24 * k, (34 - 14 * abs(dx)) * k * rng.uniform(0.85, 1.15)
        tones[i % 2] += f"M{x:.1f} {y:.1f}Q{x + reach * 0.35:.1f} {y - up * 1.3:.1f} {x + reach:.1f} {y - up * 0.8:.1f}"
        tones[i % 2] += f"Q{x + reach * 0.55:.1f} {y - up * 0.75:.1f} {x + 3 * k:.1f} {y:.1f}z"
    sc.add(fill(disc(x, y, 16 * k, 3 * k), "#26301f", 0.2))
    sc.add(fill(tones[0], mix(leaf, "#2b4a38", 0.3)), fill(tones[1], mix(leaf, "#dfe7a8", 0.15)))


def _mushrooms(sc: Scenery) -> None:
    """A few pale-stemmed caps near the edges."""
    rng = sc.rng
    cap = rng.choice(("#b5523f", "#b98a5a", "#a9744c"))
    x0, y0 = sc.w * rng.choice((rng.uniform(0.05, 0.25), rng.uniform(0.75, 0.95))), sc.at(rng.uniform(0.3, 0.85))
    for i in range(rng.randint(2, 4)):
        k = sc.k(y0) * rng.uniform(0.7, 1.15)
        x, y = x0 + (i - 1) * 17 * k, y0 + rng.uniform(-4, 4) * k
        sc.add(
            fill(
                (
                    f"M{x - 3 * k:.1f} {y:.1f}Q{x - k:.1f} {y - 8 * k:.1f} {x - 2 * k:.1f} {y - 13 * k:.1f}"
                    f"h{4 * k:.1f}Q{x + k:.1f} {y - 8 * k:.1f} {x + 3 * k:.1f} {y:.1f}z"
                ),
                "#e9dfc8",
            )
        )
        sc.add(
            fill(
                (
                    f"M{x - 10 * k:.1f} {y - 11 * k:.1f}Q{x:.1f} {y - 30 * k:.1f} {x + 10 * k:.1f} {y - 11 * k:.1f}"
                    f"Q{x:.1f} {y - 8 * k:.1f} {x - 10 * k:.1f} {y - 11 * k:.1f}z"
                ),
                cap,
            )
        )
        sc.add(
            fill(
                disc(x - 3 * k, y - 15 * k, 1.7 * k)
                + disc(x + 3 * k, y - 14 * k, 1.4 * k)
                + disc(x + k, y - 18 * k, 1.3 * k),
                "#f3e9d6",
            )
        )
    sc.note("mushrooms")


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
