"""A forest."""

from __future__ import annotations

from random import Random

from demo_world.places import kit, parts
from demo_world.places.field import green_front, path
from demo_world.places.kit import Scenery, box, disc, fill, line, oval, poly
from demo_world.svg import Backdrop, linear, mix


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
