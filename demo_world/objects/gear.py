"""What one travels with: skis, surfboard, tent, suitcase."""

from __future__ import annotations

from random import Random

from demo_world.objects.shorthand import (
    INK,
    STEEL,
    WOOD,
    WOOD_DARK,
    contrast,
    disc,
    edge_of,
    line,
    mound,
    oval,
    path,
    rect,
    scaled,
    sideways,
    tag_for,
    turned,
    volume,
)
from demo_world.svg import Coat, Sketch, linear, mix


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


def draw_skis(coat: Coat, rng: Random, pose: str) -> Sketch:
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
            parts.append(path(d, tone, edge, 1.6))
            parts.append(line(f"M{x + 14:g},{y + 16.4:g} h40 M{x + 112:g},{y + 16.4:g} h28", trim, 2.4))
            parts.append(rect(x + 66, y + 8.5, 34, 7, "#3a3d45", 2.4, INK, 1.2) + rect(x + 70, y + 7, 7, 4, STEEL, 1))
            parts.append(rect(x + 91, y + 7, 7, 4, STEEL, 1))
        return scaled("".join(parts), 171, 30, 170, top=(84, 19))
    parts = [sideways(f"{tag}-body", mix(coat.main, coat.light, 0.5), coat.main, mix(coat.main, coat.dark, 0.5))]
    for x, angle in ((19.0, -5.5), (75.0, 5.5)):  # poles lean outwards behind the skis
        pole = line(f"M{x:g},44 V164", "#50545c", 4) + line(f"M{x - 0.6:g},46 V160", "#c7ccd3", 1.6)
        pole += line(f"M{x:g},36 V52", INK, 7) + oval(x, 152, 9, 3, mix(coat.dark, INK, 0.4))
        parts.append(turned(pole + line(f"M{x - 3:g},40 q-6,10 2,18", INK, 1.6), angle, x, 168))
    lean = rng.choice((9.0, 9.0, 0.4))
    pair = ((56.0, -lean), (38.0, lean)) if lean > 2 else ((37.0, -lean), (57.0, lean))
    for x, angle in pair:
        parts.append(turned(_upright_ski(x, f"url(#{tag}-body)", edge, coat.light, trim, stripes), angle, x, 118))
    parts.append(mound(94, 170, 17, "#f6fafd"))
    return scaled("".join(parts), 94, 170, 170)


def draw_surfboard(coat: Coat, rng: Random, pose: str) -> Sketch:
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
    light, dark = mix(coat.main, coat.light, 0.6), mix(coat.main, coat.dark, 0.45)
    parts = [sideways(f"{tag}-body", light, coat.main, coat.main, dark)]
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
        petals = "".join(turned(oval(40, 62, 6.5, 11, trim), 72 * i, 40, 74) for i in range(5))
        parts.append(petals + disc(40, 74, 5.5, "#f3cb2d" if coat.name != "yellow" else "#ee8425"))
        parts.append(line("M20,140 Q30,126 40,140 T60,140 M20,152 Q30,138 40,152 T60,152", trim, 4))
    parts.append(line("M40,6 V186", mix(coat.dark, coat.main, 0.3), 1.4, alpha=0.6))
    parts.append(line("M20,112 Q18,62 34,20", "#ffffff", 3.2, alpha=0.6))
    parts.append(mound(80, 200, 20, "#ecd9a4"))
    return scaled("".join(parts), 80, 200, 200)


def draw_tent(coat: Coat, rng: Random, pose: str) -> Sketch:
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


def draw_suitcase(coat: Coat, rng: Random, pose: str) -> Sketch:
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
            parts.append(turned(rect(86, 48, 14, 10, stickers[1], 1.5, "#ffffff", 1.4), 14, 93, 53))
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
        parts.append(disc(18, 53, 6.4, stickers[0], "#ffffff", 1.4))
        parts.append(turned(rect(30, 48, 15, 10, stickers[1], 1.5, "#ffffff", 1.4), -12, 37, 53))
    parts.append(rect(22, 22.5, 16, 4.4, INK, 2) + line("M5,30 Q5,24.4 11,24", "#ffffff", 2, alpha=0.7))
    if rng.random() < 0.5:
        parts.append(line("M52,21 q6,5 2,12", INK, 1.4) + turned(rect(49, 32, 7, 11, trim, 1.5, INK, 1), 10, 52, 38))
    return scaled("".join(parts), 60, 80, 80, top=(44, 20))
