"""Things of the demo world: street furniture, toys, luggage and gear.

One unit is the same real length in every pose of a kind: ``points["scale"]`` holds the units of the kind's metres.
"""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi, radians, sin
from random import Random

from demo_world.objects.shorthand import (
    INK,
    STEEL,
    contrast,
    disc,
    edge_of,
    line,
    oval,
    path,
    rect,
    scaled,
    tag_for,
    volume,
)
from demo_world.svg import Coat, Kind, Sketch, linear, mix, radial

WOOD, WOOD_DARK = "#b98352", "#6b4526"
VIVID = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "black", "white")


def _turned(body: str, angle: float, x: float, y: float) -> str:
    return f'<g transform="rotate({angle:g} {x:g} {y:g})">{body}</g>'


def _mound(width: float, y: float, tall: float, colour: str) -> str:
    """A heap of sand or snow across the foot of a thing; it ends exactly at ``y``."""
    low = mix(colour, "#6f6a78", 0.3)
    return path(
        f"M1,{y:g} Q{width * 0.2:g},{y - tall * 1.1:g} {width * 0.48:g},{y - tall:g} T{width - 1:g},{y:g} Z", colour
    ) + path(
        f"M{width * 0.5:g},{y:g} Q{width * 0.75:g},{y - tall * 0.3:g} {width * 0.82:g},{y - tall * 0.55:g} "
        f"Q{width * 0.93:g},{y - tall * 0.3:g} {width - 1:g},{y:g} Z",
        low,
        alpha=0.6,
    )


# Shade and air -------------------------------------------------------------------------------------------------------


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


def _umbrella(coat: Coat, rng: Random, pose: str) -> Sketch:
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
        parts.append(f'<g transform="translate(50,0)">{_mound(84, 190, 13, "#ecd9a4")}</g>')
    parts.append(
        _canopy(coat, other, 92, 9, 90, 70, panels)
        + disc(92, 6.4, 5, mix(coat.main, coat.light, 0.3), edge_of(coat), 1.8)
    )
    return scaled("".join(parts), 184, 190, 190)


def _bow(x: float, y: float, angle: float, colour: str) -> str:
    return _turned(
        path(f"M{x},{y} l-9,-5.5 v11 Z M{x},{y} l9,-5.5 v11 Z", colour, mix(colour, "#000000", 0.3), 1), angle, x, y
    )


def _kite(coat: Coat, rng: Random, pose: str) -> Sketch:
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
        parts.append(
            path("M64,1.6 L4,56 Q30,50 44,64 Q58,58 76,77 Z", high)
            + path("M64,1.6 L112,68 Q98,60 90,71 Q82,68 76,77 Z", coat.main)
        )
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


def _balloon(coat: Coat, rng: Random, pose: str) -> Sketch:
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
    parts.append(_turned(oval(23, 23, 6, 12, "#ffffff", alpha=0.75), 28, 23, 23))
    parts.append(line("M62,62 Q69,50 68,38", coat.light, 2.4, alpha=0.7))
    return scaled("".join(parts), 76, 160, 160, grip=(38, 158.5))


# Snow, sand, grass ---------------------------------------------------------------------------------------------------


def _upright_ski(x: float, fill: str, edge: str, light: str, trim: str, stripes: bool) -> str:
    ski = path(
        f"M{x - 9:g},168 V120 Q{x - 7:g},90 {x - 8.6:g},34 Q{x - 11:g},14 {x:g},1.4 "
        f"Q{x + 11:g},14 {x + 8.6:g},34 Q{x + 7:g},90 {x + 9:g},120 V168 Z",
        fill,
        edge,
        1.8,
    )
    if stripes:
        ski += path(f"M{x - 8.2:g},46 l16.4,-9 v10 l-16.4,9 Z M{x - 7.8:g},64 l15.6,-9 v6 l-15.6,9 Z", trim)
    else:
        ski += line(f"M{x:g},26 V70 M{x:g},128 V150", trim, 3.6)
    ski += line(f"M{x - 4.6:g},28 Q{x - 5:g},16 {x - 0.6:g},8", light, 1.8) + rect(
        x - 7, 82, 14, 34, "#3a3d45", 3, INK, 1.2
    )
    return ski + rect(x - 8, 88, 16, 5, STEEL, 1.5) + rect(x - 8, 106, 16, 6, STEEL, 1.5)


def _skis(coat: Coat, rng: Random, pose: str) -> Sketch:
    tag = tag_for("skis", rng)
    edge, trim = edge_of(coat), contrast(coat, rng)
    stripes = rng.random() < 0.5
    if pose == "flat":
        parts = [volume(tag, coat)]
        for x, y, tone in ((6.0, 0.0, mix(coat.main, coat.dark, 0.3)), (0.0, 9.0, f"url(#{tag}-body)")):
            d = (
                f"M{x + 2:g},{y + 13:g} H{x + 136:g} Q{x + 152:g},{y + 13:g} {x + 163:g},{y + 1.2:g} "
                f"q2,7.8 -9,14.8 q-6,4 -18,4 H{x + 3:g} q-2,-4 -1,-7 Z"
            )
            parts.append(
                path(d, tone, edge, 1.6)
                + line(f"M{x + 14:g},{y + 16.4:g} h40 M{x + 112:g},{y + 16.4:g} h28", trim, 2.4)
            )
            parts.append(
                rect(x + 66, y + 8.5, 34, 7, "#3a3d45", 2.4, INK, 1.2)
                + rect(x + 70, y + 7, 7, 4, STEEL, 1)
                + rect(x + 91, y + 7, 7, 4, STEEL, 1)
            )
        return scaled("".join(parts), 171, 30, 170, top=(84, 19))
    parts = [
        linear(f"{tag}-body", mix(coat.main, coat.light, 0.5), coat.main, mix(coat.main, coat.dark, 0.5), x2=1, y2=0)
    ]
    for x, angle in ((19.0, -5.5), (75.0, 5.5)):  # poles lean outwards behind the skis
        pole = line(f"M{x:g},44 V164", "#50545c", 4) + line(f"M{x - 0.6:g},46 V160", "#c7ccd3", 1.6)
        pole += line(f"M{x:g},36 V52", INK, 7) + oval(x, 152, 9, 3, mix(coat.dark, INK, 0.4))
        parts.append(_turned(pole + line(f"M{x - 3:g},40 q-6,10 2,18", INK, 1.6), angle, x, 168))
    lean = rng.choice((9.0, 9.0, 0.4))
    pair = ((56.0, -lean), (38.0, lean)) if lean > 2 else ((37.0, -lean), (57.0, lean))
    for x, angle in pair:
        parts.append(_turned(_upright_ski(x, f"url(#{tag}-body)", edge, coat.light, trim, stripes), angle, x, 118))
    parts.append(_mound(94, 170, 17, "#f6fafd"))
    return scaled("".join(parts), 94, 170, 170)


def _surfboard(coat: Coat, rng: Random, pose: str) -> Sketch:
    tag = tag_for("surfboard", rng)
    edge, trim = edge_of(coat), contrast(coat, rng)
    style = rng.random()
    if pose == "flat":
        parts = [
            volume(tag, coat),
            path("M22,20 Q12,30 15,34 Q30,32 40,24 Z", mix(coat.dark, INK, 0.5)),
            path(
                "M1.6,15 Q30,27 92,28 Q160,27 198.6,2 Q190,18 170,22 Q140,33 84,32 Q22,28 1.6,15 Z", coat.dark, edge, 2
            ),
            path("M1.6,15 Q22,3 92,4 Q150,5 198.6,1.2 Q172,25 92,28 Q26,27 1.6,15 Z", f"url(#{tag}-body)", edge, 2),
            path("M8,15 Q70,12.6 110,12 T188,5 Q150,18 100,18 Q40,19 8,15 Z", trim),
            line("M20,10 Q60,6.4 120,7.4", "#ffffff", 2.2, 0.7),
        ]
        if style > 0.5:
            parts.append(path("M52,4.6 Q46,16 54,27.4 H66 Q58,16 64,4.2 Z", trim))
        return scaled("".join(parts), 200, 34, 200, top=(98, 15))
    parts = [
        linear(
            f"{tag}-body",
            mix(coat.main, coat.light, 0.6),
            coat.main,
            coat.main,
            mix(coat.main, coat.dark, 0.45),
            x2=1,
            y2=0,
        )
    ]
    shape = "M40,1.4 Q66,34 67,98 Q67,150 54,194 H26 Q13,150 13,98 Q14,34 40,1.4 Z"
    parts.append(path(shape, f"url(#{tag}-body)", edge, 2.4))
    if style < 0.33:
        parts.append(
            path(
                "M14.5,70 Q40,86 65.4,70 L66.6,84 Q40,100 13.6,84 Z M13.6,92 Q40,108 66.6,92 V98 Q40,114 13.3,98 Z",
                trim,
            )
        )
    elif style < 0.66:
        parts.append(path("M40,10 Q46,60 46,110 Q46,150 43,190 H37 Q34,150 34,110 Q34,60 40,10 Z", trim))
    else:
        petals = "".join(_turned(oval(40, 62, 6.5, 11, trim), 72 * i, 40, 74) for i in range(5))
        parts.append(petals + disc(40, 74, 5.5, "#f3cb2d" if coat.name != "yellow" else "#ee8425"))
        parts.append(line("M20,140 Q30,126 40,140 T60,140 M20,152 Q30,138 40,152 T60,152", trim, 4))
    parts.append(
        line("M40,6 V186", mix(coat.dark, coat.main, 0.3), 1.4, alpha=0.6)
        + line("M20,112 Q18,62 34,20", "#ffffff", 3.2, alpha=0.6)
    )
    parts.append(_mound(80, 200, 20, "#ecd9a4"))
    return scaled("".join(parts), 80, 200, 200)


def _tent(coat: Coat, rng: Random, pose: str) -> Sketch:
    tag = tag_for("tent", rng)
    edge, deep = edge_of(coat), mix(coat.main, coat.dark, 0.55)
    high = mix(coat.main, coat.light, 0.5)
    inside = mix(coat.dark, "#1a1420", 0.65)
    parts = [
        linear(f"{tag}-body", high, coat.main, mix(coat.main, coat.dark, 0.35)),
        linear(f"{tag}-side", coat.main, deep),
    ]
    if rng.random() < 0.55:  # a ridge tent, seen from a corner
        parts.append(
            line("M190,14 L261,174 M74,16 L3,174", "#f3eee0", 2.2) + line("M261,172 v5 M3,172 v5", WOOD_DARK, 4)
        )
        parts.append(path("M84,10 L196,3 L252,166 L152,178 Z", f"url(#{tag}-side)", edge, 2.4))
        parts.append(line("M122,8 L186,174 M159,6 L220,170", mix(coat.dark, coat.main, 0.3), 1.8, alpha=0.7))
        parts.append(path("M84,10 L152,178 H14 Z", f"url(#{tag}-body)", edge, 2.4))
        parts.append(path("M84,44 L124,178 H46 Z", inside))
        parts.append(path("M84,42 Q72,120 34,178 H58 Q82,130 84,42 Z", mix(coat.main, coat.light, 0.75), edge, 1.8))
        parts.append(path("M84,42 Q96,124 138,178 H116 Q88,130 84,42 Z", coat.main, edge, 1.8))
        parts.append(
            line("M84,4 V178", WOOD_DARK, 3.4) + line("M82,14 L198,6", "#ffffff", 3, alpha=0.55) + disc(84, 5, 4, WOOD)
        )
        if rng.random() < 0.5:
            parts.append(path("M86,4 L108,9 L86,16 Z", contrast(coat, rng)))
    else:  # a dome on bent poles
        parts.append(
            line("M30,110 L2,174 M234,110 L262,174", "#f3eee0", 2.2) + line("M3,173 v4 M261,173 v4", WOOD_DARK, 4)
        )
        parts.append(path("M12,178.7 Q34,2 132,1.4 Q230,2 252,178.7 Z", f"url(#{tag}-body)", edge, 2.6))
        parts.append(path("M132,1.4 Q230,2 252,178.7 H196 Q196,70 132,1.4 Z", f"url(#{tag}-side)"))
        parts.append(
            path(
                "M24,130 Q30,104 42,82 Q130,112 222,82 Q234,104 240,130 Q130,160 24,130 Z",
                mix(coat.main, coat.light, 0.7),
                alpha=0.45,
            )
        )
        parts.append(
            line(
                "M12,178 Q50,30 132,2 Q214,30 252,178 M72,178 Q70,60 132,2 Q196,60 196,178", mix(coat.dark, INK, 0.3), 3
            )
        )
        parts.append(path("M92,178.7 Q94,78 134,62 Q172,80 174,178.7 Z", inside))
        parts.append(path("M134,62 Q96,80 92,178.7 H104 Q134,140 134,62 Z", high, edge, 2))
        parts.append(line("M134,62 Q172,80 174,178", high, 3) + line("M52,64 Q80,22 118,12", "#ffffff", 4, alpha=0.6))
    return scaled("".join(parts), 264, 180, 180)


# Street --------------------------------------------------------------------------------------------------------------


def _hydrant(coat: Coat, rng: Random, pose: str) -> Sketch:
    tag = tag_for("fire hydrant", rng)
    edge = edge_of(coat)
    fill = f"url(#{tag}-body)"
    cap = fill if rng.random() < 0.5 else f"url(#{tag}-cap)"
    tone = rng.choice((STEEL, "#f4efe0")) if coat.name != "white" else rng.choice(("#d6322e", "#2f6fce"))
    parts = [
        linear(
            f"{tag}-body",
            mix(coat.main, coat.dark, 0.3),
            mix(coat.main, coat.light, 0.7),
            coat.main,
            coat.main,
            mix(coat.main, coat.dark, 0.7),
            x2=1,
            y2=0,
        ),
        linear(f"{tag}-cap", mix(tone, INK, 0.15), mix(tone, "#ffffff", 0.6), tone, mix(tone, INK, 0.45), x2=1, y2=0),
        rect(2, 81, 56, 8.2, fill, 2.5, edge, 1.8) + rect(7, 75, 46, 7, fill, 2, edge, 1.8),
        rect(1.2, 36, 12, 17, cap, 2.5, edge, 1.8) + rect(46.8, 36, 12, 17, cap, 2.5, edge, 1.8),
        rect(9, 39, 6, 11, fill, 0, edge, 1.4) + rect(45, 39, 6, 11, fill, 0, edge, 1.4),
        path("M14,76 V28 H46 V76 Z", fill, edge, 2),
        rect(10, 23, 40, 7.4, fill, 2.5, edge, 1.8),
        path("M14,23 Q15,7.5 30,7.5 Q45,7.5 46,23 Z", cap, edge, 2),
        rect(25.4, 1, 9.2, 7.6, cap, 1.8, edge, 1.6),
        disc(30, 46, 11.4, fill, edge, 2) + disc(30, 46, 7.4, cap, edge, 1.6),
        path("M30,42 l3.8,2.2 v4.4 l-3.8,2.2 l-3.8,-2.2 v-4.4 Z", mix(coat.dark, INK, 0.4)),
        "".join(disc(x, 26.7, 1.7, mix(coat.dark, INK, 0.3)) for x in (15, 25, 35, 45)),
        "".join(disc(x, 85.2, 2, mix(coat.dark, INK, 0.3)) for x in (9, 23, 37, 51)),
        line("M19.5,32 V72", "#ffffff", 2.6, alpha=0.6) + line("M19,19 Q20,12 26,10.6", "#ffffff", 2.2, alpha=0.6),
    ]
    return scaled("".join(parts), 60, 90, 90, top=(30, 1))


def _bench(coat: Coat, rng: Random, pose: str) -> Sketch:
    tag = tag_for("bench", rng)
    edge = edge_of(coat)
    iron = rng.choice(("#33363d", "#4a4f58", "#3d3126")) if coat.name not in ("gray",) else "#3a3d44"
    slat = f"url(#{tag}-body)"
    parts = [volume(tag, coat)]
    parts.append(
        line("M20,4 V50 M148,4 V50", iron, 5.4) + line("M26,58 V80 M142,58 V80", mix(iron, "#000000", 0.3), 4.6)
    )
    count = rng.choice((3, 3, 4))
    step = 37 / count
    for i in range(count):
        parts.append(rect(6, 2 + i * step, 156, step - 2.4, slat, 2.4, edge, 1.5))
        if coat.name == "brown" or rng.random() < 0.3:
            x = rng.uniform(20, 90)
            parts.append(
                line(f"M{x:.1f},{2 + (i + 0.5) * step:.1f} h{rng.uniform(20, 50):.1f}", coat.dark, 1.1, alpha=0.6)
            )
    parts.append(
        path("M10,46 H158 L161,51 H7 Z", slat, edge, 1.5) + path("M6.5,52.5 H161.5 L164,58 H4 Z", slat, edge, 1.5)
    )
    parts.append(rect(3, 58.6, 162, 6.4, mix(coat.main, coat.dark, 0.45), 2, edge, 1.5))
    parts.append(line("M12,47.5 H156", coat.light, 1.6) + line("M9,4.6 H158", coat.light, 1.6, alpha=0.8))
    if rng.random() < 0.6:  # cast legs with scrolled arms
        for x, way in ((14.0, -1), (154.0, 1)):
            arm = f"M{x - 4 * way:g},24 q{13 * way},0 {12 * way},10 q{-2 * way},6 {-6 * way},2 M{x + 7 * way:g},36 V60"
            d = f"M{x:g},65 V87.4 M{x - 8:g},87.4 H{x + 8:g} {arm}"
            parts.append(line(d, iron, 5))
    else:
        parts.append(path("M12,65 H24 L21,90 H11 Z M144,65 H156 L157,90 H147 Z", iron))
    return scaled("".join(parts), 168, 90, 90, seat=(48, 50), top=(84, 50))


def _face(cx: float, cy: float, r: float, rng: Random, rim: str, edge: str) -> str:
    """A clock's dial at a random time: twelve marks and two hands."""
    hour, minute = rng.randrange(12), rng.randrange(0, 60, 5)
    dial = rng.choice(("#fffdf4", "#fbf3dc"))

    def spoke(degrees: float, start: float, end: float) -> str:
        a = radians(degrees)
        return f"M{cx + r * start * sin(a):.1f},{cy - r * start * cos(a):.1f} l" + (
            f"{r * (end - start) * sin(a):.1f},{-r * (end - start) * cos(a):.1f} "
        )

    return (
        disc(cx, cy, r, rim, edge, r * 0.05)
        + disc(cx, cy, r * 0.82, dial, edge, r * 0.03)
        + line("".join(spoke(90 * i, 0.58, 0.73) for i in range(4)), INK, r * 0.085)
        + line("".join(spoke(30 * i, 0.64, 0.73) for i in range(12) if i % 3), "#6d6a62", r * 0.05)
        + line(spoke(30 * hour + minute / 2, -0.1, 0.42), INK, r * 0.11)
        + line(spoke(6 * minute, -0.1, 0.62), INK, r * 0.075)
        + disc(cx, cy, r * 0.08, "#c0392b")
    )


def _clock(coat: Coat, rng: Random, pose: str) -> Sketch:
    tag = tag_for("clock", rng)
    edge = edge_of(coat)
    if pose == "wall":
        body = radial(
            f"{tag}-body",
            mix(coat.main, coat.light, 0.7),
            coat.main,
            mix(coat.main, coat.dark, 0.5),
            cx=0.3,
            cy=0.25,
            r=0.9,
        )
        shine = line("M14,22 Q20,12 31,9", "#ffffff", 2.2, alpha=0.6)
        return scaled(body + _face(35, 35, 34, rng, f"url(#{tag}-body)", edge) + shine, 70, 69.9, 320)
    fill = f"url(#{tag}-post)"
    parts = [
        linear(
            f"{tag}-post",
            mix(coat.main, coat.light, 0.35),
            mix(coat.main, coat.light, 0.7),
            coat.main,
            mix(coat.main, coat.dark, 0.6),
            x2=1,
            y2=0,
        ),
        radial(
            f"{tag}-body",
            mix(coat.main, coat.light, 0.7),
            coat.main,
            mix(coat.main, coat.dark, 0.5),
            cx=0.3,
            cy=0.25,
            r=0.9,
        ),
        path("M20,318.6 V304 H28 L34,282 H76 L82,304 H90 V318.6 Z", fill, edge, 3),
        path("M40,282 L46,150 H64 L70,282 Z", fill, edge, 3),
        rect(37, 262, 36, 9, fill, 4, edge, 2.4)
        + rect(41, 196, 28, 8, fill, 4, edge, 2.4)
        + rect(38, 140, 34, 12, fill, 5, edge, 2.4),
    ]
    curl = "M46,176 Q20,172 16,146 Q18,134 27,140 M64,176 Q90,172 94,146 Q92,134 83,140"
    parts.append(line(curl, edge, 7) + line(curl, mix(coat.main, coat.light, 0.2), 4))
    parts.append(line("M45,120 L48,142 M65,120 L62,142", edge, 7))
    crown = rng.random()
    if crown < 0.5:
        parts.append(path("M30,30 Q44,24 48,10 Q55,-4 62,10 Q66,24 80,30 Z", fill, edge, 2.6))
    else:
        parts.append(path("M26,34 L55,3 L84,34 Z", fill, edge, 2.6) + disc(55, 8, 6.4, "#e5bd4a", "#8f6d17", 2))
    parts.append(_face(55, 76, 53.5, rng, f"url(#{tag}-body)", edge))
    parts.append(line("M14,62 Q20,42 38,32", "#ffffff", 3.4, alpha=0.55))
    if rng.random() < 0.4:  # flowers round the foot's bracket
        for x, c in ((22, "#ee7fb0"), (88, "#ee7fb0"), (30, "#f3cb2d"), (80, "#f3cb2d")):
            parts.append(disc(x, 172, 8, "#4e9a4a") + disc(x, 169, 5, c))
    return scaled("".join(parts), 110, 320, 320)


def _octagon(cx: float, cy: float, r: float) -> str:
    points = " L".join(
        f"{cx + r * cos(radians(22.5 + 45 * i)):.2f},{cy + r * sin(radians(22.5 + 45 * i)):.2f}" for i in range(8)
    )
    return f"M{points} Z"


def _stop_sign(coat: Coat, rng: Random, pose: str) -> Sketch:
    tag = tag_for("stop sign", rng)
    post = rng.choice(("#a9aeb6", "#8f6d4a", "#7f858d", "#c9ccd1"))
    reach = 49 / cos(radians(22.5))
    letters = (
        "M23,42 Q21,37 15.5,37 Q9,37 9,43 Q9,48 15.5,49.5 Q23,51 23,57 Q23,63 15.5,63 Q9.5,63 8,57.5 "  # S
        "M28,37.5 H46 M37,38 V63 "  # T
        "M59,37 Q50.5,37 50.5,50 Q50.5,63 59,63 Q67.5,63 67.5,50 Q67.5,37 59,37 Z "  # O
        "M74,63 V37.5 H83 Q91,37.5 91,44.5 Q91,52 83,52 H74"  # P
    )
    plate = [
        path(_octagon(50, 50, reach), "#fbfaf5", "#9c9a94", 1.6),
        path(_octagon(50, 50, reach * 0.915), f"url(#{tag}-body)"),
        line(letters, "#ffffff", 5.8),
        path("M12,30 L30,12 H58 Q28,20 12,52 Z", "#ffffff", alpha=0.16),
        disc(50, 10.5, 2, "#d9d9d6") + disc(50, 90, 2, "#d9d9d6"),
    ]
    rim = mix(post, "#000000", 0.5)
    parts = [
        linear(f"{tag}-post", mix(post, "#ffffff", 0.5), post, mix(post, "#000000", 0.4), x2=1, y2=0),
        linear(f"{tag}-body", mix(coat.main, coat.light, 0.3), coat.main, mix(coat.main, coat.dark, 0.3), x2=0.4),
        rect(57, 60, 12, 179.4, f"url(#{tag}-post)", 1.5, rim, 1.2),
        "".join(disc(63, y, 1.9, rim) for y in range(136, 230, 14)),
        f'<g transform="scale(1.26)">{"".join(plate)}</g>',
    ]
    if rng.random() < 0.35:
        tuft = "M47,240 Q45,226 39,220 Q51,224 53,234 Q55,218 63,214 Q59,228 63,234 Q69,222 79,222 Q71,230 73,240 Z"
        parts.append(path(tuft, "#5f9a4c"))
    return scaled("".join(parts), 126, 240, 240)


def _traffic_light(coat: Coat, rng: Random, pose: str) -> Sketch:
    tag = tag_for("traffic light", rng)
    edge = edge_of(coat)
    post = rng.choice(("#6f757d", "#4b4f56", mix(coat.main, coat.dark, 0.4)))
    lit = rng.randrange(3)
    parts = [
        linear(f"{tag}-post", mix(post, "#ffffff", 0.4), post, mix(post, "#000000", 0.4), x2=1, y2=0),
        linear(
            f"{tag}-body",
            mix(coat.main, coat.light, 0.45),
            coat.main,
            coat.main,
            mix(coat.main, coat.dark, 0.5),
            x2=1,
            y2=0,
        ),
        rect(32.5, 150, 11, 122, f"url(#{tag}-post)", 0, mix(post, "#000000", 0.5), 1.6),
        path("M18,280 Q19,266 30,264 H46 Q57,266 58,280 Z", mix(post, "#000000", 0.25)),
        rect(29, 152, 18, 10, f"url(#{tag}-post)", 3, mix(post, "#000000", 0.5), 1.6),
        rect(32, 1.2, 12, 9, mix(coat.main, coat.dark, 0.4), 3, edge, 2),
    ]
    if rng.random() < 0.4:
        parts.append(rect(1.4, 4, 73.2, 150, mix(coat.dark, "#000000", 0.2), 12, "#f4efe0", 2.6))
    else:
        parts.append(
            path(
                "M12,18 L2,26 V46 L12,52 Z M12,66 L2,74 V94 L12,98 Z M12,112 L2,120 V140 L12,146 Z "
                "M64,18 L74,26 V46 L64,52 Z M64,66 L74,74 V94 L64,98 Z M64,112 L74,120 V140 L64,146 Z",
                mix(coat.main, coat.dark, 0.4),
                edge,
                2,
            )
        )
    parts.append(rect(11, 7, 54, 146, f"url(#{tag}-body)", 12, edge, 2.8))
    for i, (on, off) in enumerate((("#ff3b2f", "#5e2222"), ("#ffc81f", "#5e4d1c"), ("#33e070", "#1d4a30"))):
        y = 32 + i * 48
        if i == lit:
            parts.append(disc(38, y, 24, on, alpha=0.3))
        parts.append(disc(38, y, 19, on if i == lit else off, mix(coat.dark, "#000000", 0.6), 3))
        parts.append(oval(32, y - 5, 6, 4.4, "#ffffff", alpha=0.85 if i == lit else 0.18))
        parts.append(
            path(
                f"M16,{y + 2} q-1,-25 22,-26 q23,1 22,26 q-2,-19 -22,-19 q-20,0 -22,19 Z",
                mix(coat.dark, "#000000", 0.45),
            )
        )
    return scaled("".join(parts), 76, 280, 280)


# Play, house, travel -------------------------------------------------------------------------------------------------


def _ball(coat: Coat, rng: Random, pose: str) -> Sketch:
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
    parts.append(
        disc(50, 50, 48.6, f"url(#{tag}-shade)", edge, 2.4)
        + _turned(oval(30, 22, 11, 6, "#ffffff", alpha=0.7), -38, 30, 22)
    )
    return scaled("".join(parts), 100, 100, 100)


def _chair(coat: Coat, rng: Random, pose: str) -> Sketch:
    tag = tag_for("chair", rng)
    edge = edge_of(coat)
    fill, deep = f"url(#{tag}-body)", mix(coat.main, coat.dark, 0.55)
    style = rng.choice(("slats", "spindles", "shell", "cushion"))
    leg = coat.main if style in ("slats", "spindles") else rng.choice((WOOD, "#80868e"))
    far = mix(leg, "#000000", 0.35)
    rim = mix(leg, "#000000", 0.55)
    parts = [volume(tag, coat)]
    parts.append(line("M9,56 L7,88 M43,54 L45,86", rim, 5.8) + line("M9,56 L7,88 M43,54 L45,86", far, 3.6))
    if style in ("slats", "spindles"):
        parts.append(line("M7,5 L9,58 M42,3.4 L43,54", edge, 6.6))
        parts.append(line("M7,5 L9,58 M42,3.4 L43,54", coat.main, 4.2))
        if style == "slats":
            for y in (5, 20, 35):
                parts.append(
                    path(f"M6,{y + 1} Q24,{y - 5} 43,{y - 1.6} V{y + 7} Q24,{y + 3} 6,{y + 10} Z", fill, edge, 1.6)
                )
        else:
            parts.append(
                line("M15,10 L17,56 M24,9 L25,54 M33,8 L35,52", edge, 4.6)
                + line("M15,10 L17,56 M24,9 L25,54 M33,8 L35,52", coat.main, 2.8)
            )
            parts.append(path("M3,6 Q24,-3 46,4 V13 Q24,7 4,16 Z", fill, edge, 1.8))
    else:
        parts.append(path("M5,8 Q6,2 14,1.4 L36,1.2 Q44,1.4 44.6,8 L46,54 L9,60 Z", fill, edge, 2))
        parts.append(line("M11,12 Q12,7 18,6.4", coat.light, 2.4))
        if style == "cushion":
            dots = ((18, 20), (32, 19), (25, 31), (19, 42), (33, 40))
            parts.append("".join(disc(x, y, 1.8, deep) for x, y in dots))
        else:
            parts.append(rect(15, 22, 20, 6, deep, 3))
    parts.append(line("M23,68 L21,97 M63,61 L66,93", rim, 6) + line("M23,68 L21,97 M63,61 L66,93", leg, 3.8))
    if style in ("slats", "spindles"):
        parts.append(line("M22,84 L65,79", rim, 4.4) + line("M22,84 L65,79", leg, 2.6))
    thick = 9 if style == "cushion" else 5
    parts.append(
        path(
            f"M6,57 L21,66 V{66 + thick} L5,{58 + thick} Z M21,66 L66,59 V{59 + thick} L21,{66 + thick} Z",
            deep,
            edge,
            1.8,
        )
    )
    parts.append(path("M6,57 Q24,51 45,51.4 L66,59 Q44,66 21,67.4 Z", mix(coat.main, coat.light, 0.4), edge, 1.8))
    parts.append(line("M14,58 Q28,54 44,54.4", coat.light, 1.8))
    return scaled(f'<g transform="translate(-2,0)">{"".join(parts)}</g>', 68, 100, 100, seat=(30, 58), top=(34, 59))


def _leaf(x: float, y: float, length: float, wide: float, angle: float, green: str) -> str:
    """A leaf from its stalk at ``x, y``, pointing up, turned by ``angle`` degrees."""
    up, bulge = length, length * 0.45
    d = f"M{x:g},{y:g} q{-wide:.1f},{-bulge:.1f} 0,{-up:.1f} q{wide:.1f},{up - bulge:.1f} 0,{up:.1f} Z"
    rib = line(f"M{x:g},{y:g} v{-length * 0.8:.1f}", mix(green, "#e6f5c0", 0.45), 1.1)
    return _turned(path(d, green, mix(green, "#12300f", 0.55), 1.2) + rib, round(angle, 1), x, y)


GREENS = ("#2f7d3b", "#3f9547", "#57ab50", "#74bd5b")


def _blades(rng: Random) -> list[str]:
    leaves = zip((-70, 69, -52, 50, -34, 30, -14, 14, 0), (44, 44, 50, 52, 57, 58, 63, 63, 67), strict=True)
    return [
        _leaf(42 + angle * 0.08, 68, tall, 9, angle + rng.uniform(-3, 3), GREENS[i % 4])
        for i, (angle, tall) in enumerate(leaves)
    ]


def _little_tree(rng: Random) -> list[str]:
    crown = ((24, 36, 18, 0), (60, 38, 18, 0), (42, 22, 20.6, 1), (30, 26, 12, 2), (50, 40, 14, 1), (38, 16, 9, 3))
    fruit = rng.choice(("#e0564a", "#f0a030", "#f6a5c6"))
    return [
        line("M42,72 Q40,56 43,44", WOOD_DARK, 5),
        *(disc(x, y, r, GREENS[green]) for x, y, r, green in crown),
        *(
            disc(x + rng.uniform(-2, 2), y, 3.8, fruit, mix(fruit, "#000000", 0.35), 1)
            for x, y in ((22, 36), (40, 14), (58, 30), (42, 40), (64, 44))
        ),
        line("M30,14 q3,-4 7,-5 M18,30 q2,-4 5,-5", "#c7e8a0", 2),
    ]


def _broad_leaves(rng: Random) -> list[str]:
    stems = ((-62, 44, 15), (60, 44, 15), (-34, 56, 17), (34, 54, 17), (-4, 66, 18), (14, 40, 15), (-20, 38, 15))
    return [
        _leaf(42, 70, tall, wide, angle + rng.uniform(-4, 4), GREENS[(i * 2) % 4 if i < 5 else 3])
        for i, (angle, tall, wide) in enumerate(stems)
    ]


def _flowering_bush(rng: Random) -> list[str]:
    crown = ((20, 50, 17, 0), (64, 50, 17, 0), (42, 34, 24, 0), (42, 56, 20, 1), (28, 32, 13, 1), (56, 34, 13, 1))
    parts = [disc(x, y, r, GREENS[green]) for x, y, r, green in crown]
    for i in range(9):
        x, y = (10, 22, 32, 42, 52, 62, 74, 36, 50)[i], (56, 40, 30, 26, 30, 40, 56, 54, 56)[i]
        parts.append(_leaf(x, y, 20, 9, (x - 42) * 2 + rng.uniform(-8, 8), GREENS[2 + i % 2]))
    bloom = rng.choice(("#ee7fb0", "#f6f1e4", "#e0564a", "#b58be0"))
    for x, y in ((20, 46), (38, 20), (62, 30), (42, 46), (66, 56)):
        parts.append(disc(x, y, 6.4, bloom, mix(bloom, "#7a2f4a", 0.35), 1.2) + disc(x, y, 2.4, "#f3cb2d"))
    return parts


# Each style's foliage, and the left edge, width and top of its sketch.
_PLANTS: dict[str, tuple[Callable[[Random], list[str]], float, float, float]] = {
    "bush": (_flowering_bush, -9.0, 102.0, 3.8),
    "blades": (_blades, -6.2, 96.4, 0.0),
    "tree": (_little_tree, 3.0, 78.0, 0.0),
    "broad": (_broad_leaves, 1.2, 81.6, 2.0),
}


def _plant(coat: Coat, rng: Random, pose: str) -> Sketch:
    tag = tag_for("potted plant", rng)
    edge, trim, fill = edge_of(coat), contrast(coat, rng), f"url(#{tag}-body)"
    foliage, left, width, top = _PLANTS[rng.choice(tuple(_PLANTS))]
    light, dark = mix(coat.main, coat.light, 0.55), mix(coat.main, coat.dark, 0.6)
    parts = [linear(f"{tag}-body", light, coat.main, coat.main, dark, x2=1, y2=0), *foliage(rng)]
    pot = rng.choice(("M17,74 H67 L60,108.8 H24 Z", "M19,74 H65 Q70,94 58,108.8 H26 Q14,94 19,74 Z"))
    parts.append(path(pot, fill, edge, 2))
    decal = rng.random()
    if decal < 0.3:
        parts.append(line("M20.6,90 l6,5 l6,-5 l6,5 l6,-5 l6,5 l6,-5 l6,4", trim, 2.4))
    elif decal < 0.55:
        parts.append(path("M20,88 H64 L63,96 H21 Z", trim))
    parts.append(rect(12.4, 66, 59.2, 11, fill, 3, edge, 2) + line("M18,69.4 H40", coat.light, 2.2))
    body = f'<g transform="translate({-left:g},{-top:g})">{"".join(parts)}</g>'
    return scaled(body, width, 109.8 - top, 109.8 - top)


def _suitcase(coat: Coat, rng: Random, pose: str) -> Sketch:
    tag = tag_for("suitcase", rng)
    edge, trim = edge_of(coat), contrast(coat, rng)
    deep = mix(coat.main, coat.dark, 0.5)
    fill = f"url(#{tag}-body)"
    parts = [volume(tag, coat, x2=0.6)]
    stickers = [rng.choice(("#f3cb2d", "#e0564a", "#5aa6d8", "#f6f1e4", "#6cbf6a")) for _ in range(3)]
    if rng.random() < 0.5:  # a leather case
        leather = "#6b4526" if coat.name != "brown" else "#3f2815"
        parts.append(path("M36,14 V9 Q36,3 44,3 H62 Q70,3 70,9 V14", "none", leather, 5.2))
        parts.append(rect(1.2, 13.2, 103.6, 65.6, fill, 8, edge, 2.2))
        parts.append(line("M2,34 H104", edge, 2.2) + line("M9,17.4 H97", coat.light, 2.4))
        for x in (22, 74):
            parts.append(rect(x, 13, 9, 65.6, leather, 0) + rect(x - 1.5, 29, 12, 11, "#e5bd4a", 2, "#8f6d17", 1.4))
        parts.append(
            path(
                "M2,22 V20 Q2,13.4 10,13.4 H14 Z M104,22 V20 Q104,13.4 96,13.4 H92 Z M2,68 V72 Q2,78.4 10,78.4 H14 Z "
                "M104,68 V72 Q104,78.4 96,78.4 H92 Z",
                leather,
            )
        )
        parts.append(
            disc(52, 55, 10, stickers[0], mix(stickers[0], "#000000", 0.4), 1.2) + path("M46,57 L52,49 L58,57 Z", deep)
        )
        if rng.random() < 0.6:
            parts.append(_turned(rect(86, 48, 14, 10, stickers[1], 1.5, "#ffffff", 1.4), 14, 93, 53))
        return scaled("".join(parts), 106, 80, 80, top=(53, 13))
    parts.append(path("M20,26 V5 Q20,2 24,2 H36 Q40,2 40,5 V26", "none", "#6d727a", 4) + line("M19,3.4 H41", INK, 5))
    parts.append(disc(12, 75.6, 4.2, INK) + disc(48, 75.6, 4.2, INK))
    parts.append(rect(1.2, 20, 57.6, 54, fill, 8, edge, 2.2))
    style = rng.random()
    if style < 0.5:
        parts.append(line("M13,26 V68 M21.5,26 V68 M30,26 V68 M38.5,26 V68 M47,26 V68", deep, 2.6))
        parts.append(line("M15,26 V68 M23.5,26 V68 M32,26 V68 M40.5,26 V68", coat.light, 1.1, alpha=0.8))
    else:
        parts.append(rect(9, 42, 42, 25, mix(coat.main, coat.light, 0.2), 4, deep, 2) + line("M7,34 H53", deep, 2.2))
        parts.append(
            disc(18, 53, 6.4, stickers[0], "#ffffff", 1.4)
            + _turned(rect(30, 48, 15, 10, stickers[1], 1.5, "#ffffff", 1.4), -12, 37, 53)
        )
    parts.append(rect(22, 22.5, 16, 4.4, INK, 2) + line("M5,30 Q5,24.4 11,24", "#ffffff", 2, alpha=0.7))
    if rng.random() < 0.5:
        parts.append(line("M52,21 q6,5 2,12", INK, 1.4) + _turned(rect(49, 32, 7, 11, trim, 1.5, INK, 1), 10, 52, 38))
    return scaled("".join(parts), 60, 80, 80, top=(44, 20))


THINGS: tuple[Kind, ...] = (
    Kind("umbrella", _umbrella, 1.9, VIVID, ("standing", "open")),
    Kind("skis", _skis, 1.7, ("red", "orange", "yellow", "green", "blue", "purple", "black"), ("standing", "flat")),
    Kind("fire hydrant", _hydrant, 0.9, ("red", "yellow", "blue", "green", "orange", "white")),
    Kind("bench", _bench, 0.9, ("brown", "green", "red", "blue", "gray", "white")),
    Kind("kite", _kite, 1.2, ("red", "orange", "yellow", "green", "blue", "purple", "pink")),
    Kind("clock", _clock, 3.2, ("black", "green", "brown", "white", "blue", "red"), ("standing", "wall")),
    Kind("stop sign", _stop_sign, 2.4, ("red",)),
    Kind("traffic light", _traffic_light, 2.8, ("black", "yellow", "green")),
    Kind("ball", _ball, 0.5, ("red", "orange", "yellow", "green", "blue", "purple", "pink", "white")),
    Kind("chair", _chair, 1.0, ("brown", "red", "green", "blue", "white", "yellow", "black")),
    Kind("potted plant", _plant, 1.1, ("red", "orange", "brown", "blue", "white", "yellow", "purple")),
    Kind("suitcase", _suitcase, 0.8, ("brown", "red", "blue", "green", "black", "pink", "purple")),
    Kind("balloon", _balloon, 1.6, ("red", "orange", "yellow", "green", "blue", "purple", "pink")),
    Kind("surfboard", _surfboard, 2.0, ("yellow", "orange", "blue", "red", "white", "pink"), ("standing", "flat")),
    Kind("tent", _tent, 1.8, ("orange", "green", "blue", "red", "yellow")),
)
