"""What is held, flown and thrown: umbrella, kite, balloon, ball."""

from __future__ import annotations

from math import cos, pi, radians, sin
from random import Random

from demo_world.objects.shorthand import (
    INK,
    WOOD,
    WOOD_DARK,
    contrast,
    disc,
    edge_of,
    line,
    mound,
    oval,
    path,
    scaled,
    tag_for,
    turned,
)
from demo_world.svg import Coat, Sketch, mix, radial


def _canopy(coat: Coat, other: str, cx: float, top: float, rx: float, ry: float, panels: int) -> str:
    """A scalloped dome: ribs are elliptical arcs from the tip, panels alternate in two shades."""
    base, dip, edge = top + ry, ry * 0.13, edge_of(coat)
    ends = [cx - rx * cos(pi * i / panels) for i in range(panels + 1)]
    droop = [base - dip * 0.9 + dip * sin(pi * i / panels) for i in range(panels + 1)]
    inner = "".join(
        f"Q{(a + b) / 2:.1f},{(p + q) / 2 - dip * 1.4:.1f} {b:.1f},{q:.1f} "
        for a, b, p, q in zip(ends, ends[1:], droop, droop[1:], strict=False)
    )
    parts = [
        path(
            f"M{ends[0]:.1f},{droop[0]:.1f} {inner} Q{cx:g},{base - ry * 0.42:g} {ends[0]:.1f},{droop[0]:.1f} Z",
            mix(coat.dark, "#000000", 0.25),
        )
    ]
    for i in range(panels):
        a, b, p, q = ends[i], ends[i + 1], droop[i], droop[i + 1]
        arcs = [
            f"A{max(abs(x - cx), 0.5):.1f},{ry:g} 0 0 {sweep} " for x, sweep in ((a, int(a > cx)), (b, int(b < cx)))
        ]
        tone = coat.main if i % 2 == 0 else other
        tone = mix(mix(tone, "#ffffff", 0.12), mix(tone, coat.dark, 0.25), (i + 0.5) / panels)
        scallop = f"Q{(a + b) / 2:.1f},{(p + q) / 2 - dip * 1.2:.1f} {b:.1f},{q:.1f}"
        d = f"M{cx:g},{top:g} {arcs[0]}{a:.1f},{p:.1f} {scallop} {arcs[1]}{cx:g},{top:g} Z"
        parts.append(path(d, tone, edge, max(1.2, rx * 0.018)))
    arc = ((0.62, 0.52), (0.5, 0.22), (0.22, 0.1))
    shine = "M{} Q{} {}".format(*(f"{cx - rx * x:.1f},{top + ry * y:.1f}" for x, y in arc))
    parts.append(line(shine, "#ffffff", rx * 0.045, alpha=0.55))
    return "".join(parts)


def draw_umbrella(coat: Coat, rng: Random, pose: str) -> Sketch:
    if coat.name == "white":
        other = mix(coat.main, coat.dark, rng.choice((0.4, 0.7)))
    else:
        other = rng.choice(
            (mix(coat.main, coat.dark, 0.5), mix(coat.main, coat.light, 0.75), mix(coat.main, coat.dark, 0.65))
        )
    if pose == "open":
        handle = rng.choice(("#7a4a26", INK, "#a8723f"))
        parts = [line("M68,52 V116", "#7d828a", 4), line("M67,52 V112", "#c7ccd3", 1.4)]
        parts.append(line("M68,100 V120 Q68,129 60,129 Q52,129 52,121", handle, 6.4))
        parts.append(_canopy(coat, other, 68, 8, 66, 60, rng.choice((6, 6, 8))))
        parts.append(line("M68,2.4 V9", INK, 4))
        return scaled("".join(parts), 136, 132.2, 190, grip=(68, 106))
    pole = rng.choice(("#f3eee0", WOOD, "#c7ccd3"))
    if coat.name not in ("black", "white") and rng.random() < 0.5:
        other = "#f7f2e4"
    panels = 7 if other == "#f7f2e4" else rng.choice((6, 8))  # seven: the coat keeps both ends and most of the cloth
    parts = []
    if rng.random() < 0.6:
        parts.append(line("M92,60 V182", mix(pole, "#000000", 0.45), 8) + line("M92,60 V182", pole, 5.4))
        parts.append(path("M56,190 Q60,178 84,176 V168 H100 V176 Q124,178 128,190 Z", mix(coat.dark, INK, 0.5), INK, 0))
        parts.append(line("M66,182 Q76,179 88,179", mix(coat.light, INK, 0.3), 2.4))
    else:
        parts.append(line("M92,60 V186", mix(pole, "#000000", 0.45), 8) + line("M92,60 V186", pole, 5.4))
        parts.append(f'<g transform="translate(50,0)">{mound(84, 190, 13, "#ecd9a4")}</g>')
    parts.append(_canopy(coat, other, 92, 9, 90, 70, panels))
    parts.append(disc(92, 6.4, 5, mix(coat.main, coat.light, 0.3), edge_of(coat), 1.8))
    return scaled("".join(parts), 184, 190, 190)


def _bow(x: float, y: float, angle: float, colour: str) -> str:
    return turned(
        path(f"M{x},{y} l-9,-5.5 v11 Z M{x},{y} l9,-5.5 v11 Z", colour, mix(colour, "#000000", 0.3), 1), angle, x, y
    )


def draw_kite(coat: Coat, rng: Random, pose: str) -> Sketch:
    edge, warm = edge_of(coat), contrast(coat, rng)
    high, deep = mix(coat.main, coat.light, 0.6), mix(coat.main, coat.dark, 0.4)
    parts = [line("M62,42 Q34,92 1.5,118.5", "#f6f3ea", 1.7) + line("M62,42 Q34,92 1.5,118.5", "#6d6a62", 0.8)]
    tail = "M76,76 Q64,88 78,96 T84,117"
    parts.append(line(tail, edge, 1.8))
    bows = [rng.choice((coat.main, warm, "#f3cb2d", "#ffffff")) for _ in range(3)]
    parts.extend(
        _bow(x, y, a, c) for (x, y, a), c in zip(((69.5, 87, 20), (80, 97, -35), (86, 108, 10)), bows, strict=True)
    )
    if rng.random() < 0.6:  # a diamond, its four cloths in different light
        left, right, top, bottom, mid = "22,26", "106,46", "74,1.5", "76,78", "66,36"
        for a, b, tone in (
            (left, top, high),
            (top, right, coat.main),
            (right, bottom, deep),
            (bottom, left, mix(coat.main, coat.light, 0.25)),
        ):
            parts.append(path(f"M{mid} L{a} L{b} Z", tone))
        decal = rng.random()
        if decal < 0.4:
            parts.append(
                path("M44,31 L70,18.7 L86,41 L71,57 Z", warm) + path("M54,33 L68,26 L77,39 L69,47 Z", coat.main)
            )
        elif decal < 0.7:
            parts.append(disc(58, 32, 3.6, INK) + disc(78, 37, 3.6, INK) + line("M57,46 Q66,55 76,49", INK, 2.8))
        parts.append(line("M22,26 L106,46 M74,1.5 L76,78", mix(coat.dark, WOOD_DARK, 0.4), 1.6))
        parts.append(path("M22,26 L74,1.5 L106,46 L76,78 Z", "none", edge, 2.2))
    else:  # a delta with a keel
        parts.append(path("M64,1.6 L4,56 Q30,50 44,64 Q58,58 76,77 Z", high))
        parts.append(path("M64,1.6 L112,68 Q98,60 90,71 Q82,68 76,77 Z", coat.main))
        parts.append(path("M64,1.6 L36,27 Q58,30 70,42 Z", coat.main))
        parts.append(
            path(
                "M31,32 L17,45 Q48,42 74,62 L72,46 Q54,32 31,32 Z M84,30 L95,45 Q84,50 75,62 L73,46 Q78,36 84,30 Z",
                warm,
            )
        )
        parts.append(line("M64,2 L76,76", mix(coat.dark, WOOD_DARK, 0.3), 1.8))
        parts.append(path("M64,1.6 L4,56 Q30,50 44,64 Q58,58 76,77 Q82,68 90,71 Q98,60 112,68 Z", "none", edge, 2.2))
        return scaled("".join(parts), 114, 120, 120, grip=(1.5, 118.5))
    return scaled("".join(parts), 108, 120, 120, grip=(1.5, 118.5))


def draw_balloon(coat: Coat, rng: Random, pose: str) -> Sketch:
    tag = tag_for("balloon", rng)
    deep = mix(coat.main, coat.dark, 0.75)
    parts = [
        radial(f"{tag}-body", mix(coat.light, "#ffffff", 0.35), coat.main, coat.main, deep, cx=0.34, cy=0.28, r=0.8)
    ]
    bend = rng.choice((-1, 1)) * rng.uniform(6, 12)
    string = f"M38,96 q{bend:.1f},16 0,32 t0,31"
    parts.append(line(string, "#fdfbf4", 2.6) + line(string, "#77736a", 1.2))
    heart = rng.random() < 0.22
    if heart:
        shape = "M38,92 Q2,62 2,32 Q2,4 21,4 Q34,4 38,18 Q42,2 56,2 Q74,4 74,30 Q74,62 38,92 Z"
    else:
        shape = "M38,92 C22,90 1.4,64 1.4,38 C1.4,16 17,1.4 38,1.4 C59,1.4 74.6,16 74.6,38 C74.6,64 54,90 38,92 Z"
    parts.append(path("M38,90 L31,100 Q38,97 45,100 Z", deep, edge_of(coat), 1.2))
    parts.append(path(shape, f"url(#{tag}-body)", deep, 1.6))
    if not heart:
        style = rng.random()
        if style < 0.25:
            spots = ((24, 58, 5), (44, 44, 6), (58, 62, 4.4), (56, 26, 5), (40, 72, 4.4), (14, 44, 4))
            parts.extend(disc(x, y, r, mix(coat.main, "#ffffff", 0.75)) for x, y, r in spots)
        elif style < 0.45:
            parts.append(path("M3,47 Q38,62 73,47 L70,57 Q38,71 6,57 Z", mix(coat.main, "#ffffff", 0.78)))
    parts.append(turned(oval(23, 23, 6, 12, "#ffffff", alpha=0.75), 28, 23, 23))
    parts.append(line("M62,62 Q69,50 68,38", coat.light, 2.4, alpha=0.7))
    return scaled("".join(parts), 76, 160, 160, grip=(38, 158.5))


def draw_ball(coat: Coat, rng: Random, pose: str) -> Sketch:
    tag = tag_for("ball", rng)
    edge, white = edge_of(coat), coat.name == "white"
    style = rng.choice(("beach", "football", "basket", "star", "stripe"))
    if coat.name == "orange":
        style = rng.choice(("basket", "beach", "star"))
    elif white:
        style = rng.choice(("football", "football", "stripe"))
    parts = [
        f'<clipPath id="{tag}-clip"><circle cx="50" cy="50" r="48.6"/></clipPath>',
        disc(50, 50, 48.6, coat.main),
    ]
    second = mix(coat.main, "#ffffff", 0.86) if not white else "#d9d7cf"
    marks = ""
    if style == "beach":
        marks = path(
            "M40,30 Q22,26 -10,44 V10 Q20,10 40,30 Z M40,30 Q60,22 70,-8 L100,4 Q84,30 40,30 Z "
            "M40,30 Q44,64 78,104 L40,110 Q28,70 40,30 Z",
            second,
        )
        marks += disc(40, 30, 8.5, second, edge, 1.6) + line("M40,30 Q20,60 -4,74 M40,30 Q74,40 106,64", edge, 1.4)
    elif style == "football":
        spot = "#2a2a30" if white or coat.name == "yellow" else second
        for x, y, r in ((48, 46, 17), (50, -2, 15), (97, 34, 15), (80, 90, 15), (20, 92, 15), (2, 36, 15)):
            pent = " L".join(f"{x + r * sin(radians(72 * i)):.1f},{y - r * cos(radians(72 * i)):.1f}" for i in range(5))
            marks += path(f"M{pent} Z", spot, spot, 2)
        marks += line("M48,29 V12 M64,41 L84,36 M58,60 L72,78 M38,60 L28,78 M32,41 L14,38", spot, 3)
        marks += line("M36,8 L14,26 M64,8 L84,24 M92,52 L84,74 M66,92 L34,92 M8,52 L16,76", spot, 2.4)
    elif style == "basket":
        marks = line(
            "M-4,58 Q44,70 104,34 M34,-4 Q66,40 60,104 M4,14 Q46,40 22,104 M74,-2 Q66,44 102,76",
            mix(coat.dark, INK, 0.55),
            3.6,
        )
    elif style == "star":
        star = " L".join(
            f"{50 + r * sin(radians(36 * i)):.1f},{52 - r * cos(radians(36 * i)):.1f}"
            for i, r in enumerate((30, 12.5) * 5)
        )
        marks = path(f"M{star} Z", second) + line("M-2,22 Q50,-4 102,22 M-2,86 Q50,112 102,86", second, 5)
    else:
        marks = path(
            "M-4,34 Q50,54 104,30 V48 Q50,74 -4,54 Z", second if not white else rng.choice(("#d6322e", "#2f6fce"))
        )
        marks += line("M-4,66 Q50,86 104,60", second if not white else "#f3cb2d", 4)
    parts.append(f'<g clip-path="url(#{tag}-clip)">{marks}</g>')
    parts.append(
        f'<radialGradient id="{tag}-shade" cx="0.36" cy="0.3" r="0.78">'
        '<stop offset="0" stop-color="#fff" stop-opacity="0.5"/>'
        '<stop offset="0.35" stop-color="#fff" stop-opacity="0"/>'
        f'<stop offset="0.6" stop-color="{coat.dark}" stop-opacity="0"/>'
        f'<stop offset="1" stop-color="{coat.dark}" stop-opacity="0.65"/></radialGradient>'
    )
    parts.append(disc(50, 50, 48.6, f"url(#{tag}-shade)", edge, 2.4))
    parts.append(turned(oval(30, 22, 11, 6, "#ffffff", alpha=0.7), -38, 30, 22))
    return scaled("".join(parts), 100, 100, 100)
