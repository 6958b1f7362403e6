"""Parts that several places share: skies, hills, trees, textures, tufts of grass."""

from __future__ import annotations

from demo_world.places.kit import BLOOMS, Scenery, below, box, disc, fill, line, oval, poly, rect, ridge
from demo_world.svg import linear, mix

# The sky and what closes the view.


def sky(sc: Scenery, cloudy: float = 0.7) -> None:
    """The sky down to the horizon, its sun and its clouds."""
    rng, mood, s = sc.rng, sc.mood, sc.s
    sc.add(box(0, sc.horizon, sc.w, sc.h - sc.horizon, mood.sky[2]))
    sc.add(linear("place-sky", *mood.sky), box(0, 0, sc.w, sc.horizon + 3 * s, "url(#place-sky)"))
    if mood.name in ("golden", "dusk", "dawn") and sc.chance(0.75):
        x, y = sc.w * (0.5 - 0.45 * sc.light), sc.horizon - rng.uniform(0.04, 0.3) * sc.horizon
        glow = {"golden": "#fff0bd", "dusk": "#ffd0a2", "dawn": "#fff2dc"}[mood.name]
        sc.add(*(oval(x, y, r * s, r * s, glow, o) for r, o in ((64, 0.14), (40, 0.2), (24, 0.3), (12, 0.95))))
        if mood.name != "dawn":
            sc.note("sunset")
    if mood.name == "overcast" or sc.chance(cloudy):
        clouds(sc)


def clouds(sc: Scenery) -> None:
    """Heaps, streaks, or the bands of a covered sky."""
    rng, s, mood = sc.rng, sc.s, sc.mood
    sc.add(linear("place-cloud", mood.cloud[0], mix(mood.cloud[0], mood.cloud[1], 0.35), mood.cloud[1]))
    covered = mood.name == "overcast"
    streaks = not covered and rng.random() < 0.3
    for _ in range(rng.randint(5, 7) if covered else rng.randint(2, 4)):
        y = sc.horizon * rng.uniform(0.08, 0.72)
        size = s * rng.uniform(26, 52) * (1.15 - 0.7 * y / sc.horizon) * (1.5 if covered else 1.0)
        x = rng.uniform(-0.05, 1.05) * sc.w
        if streaks:
            d = "".join(
                disc(
                    x + rng.uniform(-1, 1) * size, y + i * 4 * s, size * rng.uniform(0.7, 1.6), s * rng.uniform(1, 2.6)
                )
                for i in range(3)
            )
            sc.add(fill(d, mood.cloud[0], 0.6))
            continue
        d = disc(x, y, size * 1.1, size * 0.17)
        for i in range(rng.randint(4, 6)):
            across = -0.75 + 1.5 * (i + rng.uniform(0, 0.8)) / 6
            r = size * (0.38 - 0.22 * abs(across)) * rng.uniform(0.8, 1.15)
            d += disc(x + across * size, y - r * 0.55, r)
        sc.add(fill(d, "url(#place-cloud)", 0.55 if covered else 0.88))
    sc.note("clouds")


def hills(sc: Scenery, count: int, colour: str, rise: float = 46) -> None:
    """Ridges one before another, the farthest the palest."""
    for i in range(count):
        distance = 0.75 - 0.5 * (i + 1) / (count + 1)
        lift = rise * sc.s * (1 - i / max(1, count)) * sc.rng.uniform(0.45, 1.0)
        points = ridge(sc, sc.horizon - lift * 0.6, lift * 0.7, sc.rng.randint(4, 6))
        sc.add(fill(below(sc, points, sc.horizon + 4 * sc.s), sc.far(colour, distance)))
    sc.note("hills")


def mountains(sc: Scenery, rise: float, colour: str = "#7d8aa3", cap: str = "#f3f6f9") -> None:
    """A jagged range, its lit sides, and snow on the peaks."""
    rng, s = sc.rng, sc.s
    peaks = rng.randint(3, 5)
    base, dark = sc.far(colour, 0.42), sc.far(mix(colour, "#3c4560", 0.3), 0.42)
    for i in sorted(range(peaks), key=lambda _: rng.random()):
        x = sc.w * (i + rng.uniform(0.15, 0.85)) / peaks
        up = rise * s * rng.uniform(0.55, 1.0)
        half = up * rng.uniform(1.0, 1.5)
        top, foot = (x, sc.horizon - up), sc.horizon + 3 * s
        keel = x + rng.uniform(-0.2, 0.2) * half
        left, right = (x - half, foot), (x + half, foot)
        zig = [(x + rng.uniform(-0.06, 0.1) * half, sc.horizon - up * (1 - f)) for f in (0.2, 0.42, 0.68)]
        notch = (x - half * 0.55, sc.horizon - up * rng.uniform(0.42, 0.52))
        sc.add(fill(poly([left, notch, top, (x + half * 0.5, sc.horizon - up * 0.47), right]), base))
        lit = [left, notch, top, *zig, (keel, foot)] if sc.light > 0 else [right, top, *zig, (keel, foot)]
        sc.add(fill(poly([right, top, *zig, (keel, foot)] if sc.light > 0 else lit), dark, 0.55))
        snow = [(x - half * 0.27, sc.horizon - up * 0.74), top, (x + half * 0.25, sc.horizon - up * 0.75)]
        snow += [
            (x + half * f, sc.horizon - up * g) for f, g in ((0.13, 0.68), (0.05, 0.76), (-0.06, 0.66), (-0.14, 0.75))
        ]
        sc.add(fill(poly(snow), sc.far(cap, 0.12), 0.95))
    sc.note("mountains")


def treeline(sc: Scenery, y: float, height: float, colour: str, gap: float = 0.12, opacity: float = 1.0) -> None:
    """Distant crowns side by side, in two tones."""
    rng, s = sc.rng, sc.s
    dark, pale, x = "", "", -10 * s
    while x < sc.w + 10 * s:
        r = height * s * rng.uniform(0.35, 0.62)
        if rng.random() > gap:
            dark += disc(x, y - r * 0.7, r, r * 1.05)
            pale += disc(x - r * 0.25 * (1 if sc.light > 0 else -1), y - r * 1.0, r * 0.62)
        x += r * rng.uniform(0.9, 1.5)
    sc.add(fill(dark, mix(colour, "#2b3d3c", 0.2), opacity), fill(pale, colour, 0.75 * opacity))
    sc.note("trees")


# Plants.


def crown(sc: Scenery, x: float, y: float, width: float, height: float, colour: str) -> list[str]:
    """Foliage in three tones and some leaves, ``y`` its middle."""
    rng = sc.rng
    side = -1 if sc.light > 0 else 1
    tones: list[str] = ["", "", ""]
    for i in range(8):
        across, up = rng.uniform(-0.36, 0.36), rng.uniform(-0.33, 0.33)
        r = width * rng.uniform(0.18, 0.25) * (1.15 - abs(across))
        across += 0.12 * side * (i % 2)
        tones[0] += disc(x + across * width, y + up * height, r, r * 0.95)
        tones[1] += disc(x + across * width * 0.85 + side * r * 0.25, y + up * height * 0.85 - r * 0.25, r * 0.8)
        tones[2] += disc(x + across * width * 0.62 + side * r * 0.75, y + up * height * 0.6 - r * 0.75, r * 0.42)
    tones[0] += disc(x, y, width * 0.38, height * 0.36)
    leaves = "".join(
        disc(x + rng.uniform(-0.38, 0.38) * width, y + rng.uniform(-0.38, 0.34) * height, width * 0.021, width * 0.015)
        for _ in range(14)
    )
    shades = mix(colour, "#26402f", 0.34), colour, mix(colour, "#fff3c4", 0.3)
    return [fill(d, c) for d, c in zip(tones, shades, strict=True)] + [fill(leaves, shades[0], 0.6)]


def round_tree(sc: Scenery, x: float, y: float, height: float, colour: str, trunk: str = "#7b6450") -> None:
    """A broad-leaved tree, its foot at (x, y), with the shadow it throws."""
    w = height * 0.045
    top = y - height * 0.62
    sc.add(oval(x + sc.light * height * 0.12, y, height * 0.3, height * 0.035, "#2a3540", sc.mood.shadow * 0.5))
    d = f"M{x - w * 1.7:.1f} {y:.1f}Q{x - w * 0.7:.1f} {y - w * 2:.1f} {x - w * 0.7:.1f} {top:.1f}"
    d += f"L{x + w * 0.7:.1f} {top:.1f}Q{x + w * 0.7:.1f} {y - w * 2:.1f} {x + w * 1.7:.1f} {y:.1f}z"
    limb = f"M{x:.1f} {y - height * 0.36:.1f}l{height * 0.13:.1f} {-height * 0.16:.1f}"
    limb += f"M{x:.1f} {y - height * 0.32:.1f}l{-height * 0.12:.1f} {-height * 0.17:.1f}"
    sc.add(fill(d, trunk), line(limb, trunk, w * 0.9))
    sc.add(line(f"M{x + w * 0.4:.1f} {y - w * 2:.1f}L{x + w * 0.3:.1f} {top:.1f}", mix(trunk, "#2c2420", 0.4), w * 0.5))
    sc.add(*crown(sc, x, y - height * 0.66, height * sc.rng.uniform(0.62, 0.8), height * 0.62, colour))
    sc.note("trees")


def bush(sc: Scenery, x: float, y: float, width: float, colour: str, blooms: str = "") -> None:
    """A low shrub standing on ``y``, with blossoms when a colour is given."""
    rng = sc.rng
    bumps = [(x + (i - 2) * width * 0.19, width * rng.uniform(0.15, 0.24)) for i in range(5)]
    body = "".join(disc(bx, y - r * 0.8, r, r) for bx, r in bumps) + rect(
        x - width * 0.45, y - width * 0.12, width * 0.9, width * 0.12
    )
    pale = "".join(disc(bx - width * 0.04, y - r * 1.1, r * 0.6) for bx, r in bumps)
    sc.add(fill(body, mix(colour, "#26402f", 0.25)), fill(pale, mix(colour, "#fff3c4", 0.12)))
    if blooms:
        dots = "".join(
            disc(x + rng.uniform(-0.4, 0.4) * width, y - rng.uniform(0.06, 0.36) * width, width * 0.026)
            for _ in range(16)
        )
        sc.add(fill(dots, blooms))
        sc.note("flowers")
    sc.note("bushes")


def fir(sc: Scenery, x: float, y: float, height: float, colour: str, snowy: bool = False) -> None:
    """A conifer of ragged tiers, its foot at (x, y)."""
    rng = sc.rng
    half, whole, dark, snow = height * 0.22, "", "", ""
    for i in range(4):
        top, low = y - height * (1 - 0.19 * i), y - height * (0.58 - 0.165 * i)
        r = half * (0.46 + 0.19 * i) * rng.uniform(0.92, 1.08)
        dip = height * 0.035
        whole += poly([
            (x, top), (x + r, low), (x + r * 0.5, low - dip), (x + r * 0.1, low + dip * 0.6), (x - r * 0.4, low - dip),
            (x - r, low),
        ])  # fmt: skip
        dark += poly([(x, top), (x + r, low), (x + r * 0.5, low - dip), (x + r * 0.1, low + dip * 0.6)])
        mid = (top + low) / 2
        snow += poly([
            (x, top - 1), (x + r * 0.62, mid + (low - mid) * 0.3), (x + r * 0.2, mid - dip), (x - r * 0.1, mid + dip),
            (x - r * 0.62, mid + (low - mid) * 0.4),
        ])  # fmt: skip
    sc.add(box(x - height * 0.025, y - height * 0.12, height * 0.05, height * 0.12, mix(colour, "#4e3c30", 0.7)))
    sc.add(fill(whole, mix(colour, "#dfe8c8", 0.1)), fill(dark, mix(colour, "#1d2f38", 0.3), 0.8))
    if snowy:
        sc.add(fill(snow, "#f2f6fa", 0.92))
    sc.note("trees")


def branch(sc: Scenery, colour: str, bare: str = "#6f5a48") -> str:
    """A leafy twig hanging into an upper corner, for the front."""
    rng, s = sc.rng, sc.s
    side = rng.choice((0, 1))
    sign = 1 - 2 * side
    x0, y0 = sc.w * side - sign * 4 * s, rng.uniform(2, 22) * s
    reach, drop = rng.uniform(48, 82) * s, rng.uniform(8, 30) * s
    twig = f"M{x0:.1f} {y0:.1f}q{sign * reach * 0.5:.1f} {drop * 0.1:.1f} {sign * reach:.1f} {drop:.1f}"
    leaves = ["", ""]
    for i in range(22):
        t = rng.uniform(0.05, 1.05)
        x, y = x0 + sign * reach * t, y0 + drop * (0.2 * t * (1 - t) + t * t) + rng.uniform(-9, 9) * s
        dx, dy, r = sign * rng.uniform(3, 8) * s, rng.uniform(2, 7) * s, 2.6 * s
        leaves[i % 2] += (
            f"M{x:.1f} {y:.1f}q{dx:.1f} {-r:.1f} {dx * 1.4:.1f} {dy:.1f}"
            f"q{-dx * 0.9:.1f} {r:.1f} {-dx * 1.4:.1f} {-dy:.1f}z"
        )
    return (
        line(twig, bare, 2.2 * s)
        + fill(leaves[0], mix(colour, "#26402f", 0.3))
        + fill(leaves[1], mix(colour, "#fff3c4", 0.08))
    )


# Textures.


def scatter(sc: Scenery, count: int, t0: float = 0.0, t1: float = 1.0) -> list[tuple[float, float, float]]:
    """Places on the ground (x, y, perspective scale), denser towards the horizon as on a real plain."""
    spots = []
    for _ in range(count):
        y = sc.at(t0 + (t1 - t0) * sc.rng.random() ** 1.3)
        spots.append((sc.rng.uniform(0, sc.w), y, sc.k(y)))
    return spots


def tufts(sc: Scenery, count: int, colour: str, t0: float = 0.03, t1: float = 1.0, size: float = 1.0) -> None:
    """Grass strokes all over, lighter and darker than the ground."""
    for tone, t in (("#2f4a35", 0.24), ("#fbf6cf", 0.22)):
        near, away = "", ""
        for x, y, k in scatter(sc, count // 2, t0, t1):
            lean = sc.rng.uniform(-1, 1)
            d = "".join(
                f"M{x + i * 1.8 * k:.1f} {y:.1f}l{(lean + i) * 1.3 * k * size:.1f} {-(6 - abs(i) * 2) * k * size:.1f}"
                for i in (-1, 0, 1)
            )
            near, away = (near + d, away) if k > 0.62 * sc.s else (near, away + d)
        sc.add(line(away, mix(colour, tone, t), 0.8 * sc.s, 0.75), line(near, mix(colour, tone, t), 1.3 * sc.s, 0.8))


def pebbles(
    sc: Scenery, count: int, colour: str, t0: float = 0.05, t1: float = 1.0, size: float = 1.6, opacity: float = 0.6
) -> None:
    d = "".join(
        disc(x, y, size * k * sc.rng.uniform(0.5, 1.3), size * k * 0.55) for x, y, k in scatter(sc, count, t0, t1)
    )
    sc.add(fill(d, colour, opacity))


def flowers(sc: Scenery, count: int, t0: float = 0.1, t1: float = 1.0) -> None:
    """Meadow flowers in one or two soft colours."""
    for colour in sc.rng.sample(BLOOMS, sc.rng.choice((1, 2))):
        d = "".join(disc(x, y, 1.7 * k + 0.3 * sc.s) for x, y, k in scatter(sc, count // 2, t0, t1))
        sc.add(fill(d, colour, 0.9))
    sc.note("flowers")


def ripples(sc: Scenery, top: float, bottom: float, count: int, colour: str, opacity: float) -> None:
    """Lens-shaped glints on water or ridges in sand, longer and thicker towards the near edge."""
    rng, s, d = sc.rng, sc.s, ""
    for _ in range(count):
        t = rng.random() ** 1.2
        x, y, r = rng.uniform(-0.05, 1.05) * sc.w, top + (bottom - top) * t, s * (5 + 17 * t) * rng.uniform(0.5, 1.4)
        e = s * (0.5 + 1.3 * t)
        d += (
            f"M{x - r:.1f} {y:.1f}Q{x:.1f} {y - e:.1f} {x + r:.1f} {y:.1f}"
            f"Q{x:.1f} {y + e * 0.6:.1f} {x - r:.1f} {y:.1f}z"
        )
    sc.add(fill(d, colour, opacity))


def people(sc: Scenery, y: float, colour: str = "#6c7080") -> None:
    """A small muted group far off, feet at about ``y``."""
    rng, k = sc.rng, sc.k(y)
    x = rng.uniform(0.1, 0.85) * sc.w
    hair, skin, legs, shade = "", "", "", ""
    tops = ["", "", ""]
    for i in range(rng.randint(2, 4)):
        u = k * rng.uniform(44, 66)  # this one's height
        px, py = x + i * k * rng.uniform(21, 30), y + rng.uniform(-1, 2) * k
        stride = rng.uniform(0.01, 0.07) * u
        shade += disc(px + sc.light * 0.1 * u, py, 0.2 * u, 0.03 * u)
        hair += disc(px, py - 0.905 * u, 0.088 * u, 0.092 * u)
        skin += disc(px, py - 0.875 * u, 0.066 * u, 0.075 * u) + rect(px - 0.03 * u, py - 0.82 * u, 0.06 * u, 0.08 * u)
        for side in (-1, 1):
            legs += poly(
                (px + dx * u + side * stride * f, py - up * u)
                for dx, up, f in ((-0.05, 0.46, 0.3), (0.05, 0.46, 0.3), (0.035, 0.0, 1.0), (-0.035, 0.0, 1.0))
            )
        outline = ((-0.1, 0.76), (0.1, 0.76), (0.18, 0.45), (0.13, 0.44), (0.1, 0.58), (0.11, 0.36))
        tops[i % 3] += poly(
            (px + dx * u, py - up * u) for dx, up in (*outline, *((-dx, up) for dx, up in outline[:1:-1]))
        )
    sc.add(fill(shade, "#2a3540", 0.2), fill(legs, sc.far(mix(colour, "#4d5468", 0.4), 0.25)))
    for d, tone in zip(tops, ("#b08a80", "#8599ae", "#a8a284"), strict=True):
        if d:
            sc.add(fill(d, sc.far(tone, 0.25)))
    sc.add(fill(hair, sc.far("#75604f", 0.25)), fill(skin, sc.far("#cfa88f", 0.2)))
    sc.note("people")


# Foreground.


def grass_front(sc: Scenery, colour: str, blooms: bool = False) -> str:
    """Blades along a part of the bottom edge, with flowers among them when asked."""
    rng, s = sc.rng, sc.s
    parts, heads = ["", ""], ""
    middle, spread = rng.uniform(0, 1) * sc.w, sc.w * rng.uniform(0.18, 0.4)
    for i in range(46):
        x = middle + rng.uniform(-1, 1) * spread
        tall = s * rng.uniform(7, 22) * (1.1 - abs(x - middle) / spread * 0.7)
        lean, half = rng.uniform(-0.5, 0.5) * tall, 1.5 * s
        parts[i % 2] += (
            f"M{x - half:.1f} {sc.h + 1:.1f}Q{x:.1f} {sc.h - tall * 0.6:.1f} {x + lean:.1f} {sc.h - tall:.1f}"
        )
        parts[i % 2] += f"Q{x + half:.1f} {sc.h - tall * 0.5:.1f} {x + half:.1f} {sc.h + 1:.1f}z"
        if blooms and i % 3 == 0:
            for petal in range(5):
                px, py = ((0, -1), (0.95, -0.3), (0.6, 0.8), (-0.6, 0.8), (-0.95, -0.3))[petal]
                heads += disc(x + lean + px * 2 * s, sc.h - tall + py * 2 * s, 1.5 * s)
    dark, pale = mix(colour, "#26402f", 0.36), mix(colour, "#26402f", 0.12)
    return fill(parts[0], dark) + fill(parts[1], pale) + (fill(heads, rng.choice(BLOOMS)) if blooms else "")
