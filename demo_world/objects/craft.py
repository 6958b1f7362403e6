"""Boat and airplane."""

from __future__ import annotations

from random import Random

from demo_world.objects.shorthand import (
    INK,
    contrast,
    disc,
    edge_of,
    glass,
    line,
    oval,
    pane,
    path,
    rect,
    scaled,
    tag_for,
    volume,
    wheel,
)
from demo_world.svg import Coat, Sketch, linear, mix


def _foam(width: float, y: float) -> str:
    """Broken water along a hull: the lowest stroke ends at ``y``."""
    waves = "".join(f"q{width / 16:.2f},-7 {width / 8:.2f},0 " for _ in range(8))
    return path(f"M0,{y:g} V{y - 3:g} {waves} V{y:g} Z", "#eef8fb") + line(
        f"M{width * 0.1:g},{y - 1.6:g} h{width * 0.22:g} m{width * 0.12:g},0 h{width * 0.3:g} m{width * 0.06:g},0 h9",
        "#8fc6dd",
        1.6,
    )


def _sailing_boat(tag: str, coat: Coat, rng: Random, trim: str) -> Sketch:
    edge, cloth = edge_of(coat), rng.choice(("#fbf7ea", "#fffdf6"))
    parts = [volume(tag, coat), linear(f"{tag}-sail", cloth, cloth, mix(cloth, "#b9b3a0", 0.5), x2=1, y2=0.3)]
    parts.append(line("M74,3 V118", "#7b5230", 4.4))
    parts.append(path("M70,8 Q56,60 8,104 Q40,110 70,106 Z", f"url(#{tag}-sail)", "#a49e8c", 1.8))
    jib = coat.main if coat.name != "white" else trim
    fore = mix(jib, "#ffffff", 0.06) if coat.name != "white" else "#fffdf6"  # a white boat has white sails
    parts.append(path("M79,14 Q112,56 134,100 Q108,108 79,104 Z", fore, edge, 1.8))
    parts.append(line("M80,40 Q94,42 98,40 M80,72 Q104,76 116,70", mix(fore, "#000000", 0.25), 1.5, alpha=0.6))
    emblem = rng.random()
    if emblem < 0.35:
        parts.append(path("M36.5,74 Q52,78 70,76 V90 Q48,92 22,90 Q30,82 36.5,74 Z", jib))
    elif emblem < 0.7:
        parts.append(path("M63,34 V48 H70 V34 Z M58,48 H70 V62 H50 Z", jib))
    else:
        parts.append(line("M59,44 Q66,46 70,45 M44,68 Q58,72 70,70 M26,88 Q50,93 70,91", "#c2bba6", 1.6))
    parts.append(path("M74,2 L94,7 L74,13 Z", rng.choice(("#d6322e", "#f3cb2d", "#2f6fce"))))
    parts.append(line("M8,108 H72", "#7b5230", 3.4))
    hull = "M6,116 Q60,122 144,113 Q140,140 120,156 H28 Q10,140 6,116 Z"
    parts.append(path(hull, f"url(#{tag}-body)", edge, 2.4))
    parts.append(line("M9,121 Q66,127 141,119", trim, 3.6))
    parts.append(line("M18,132 Q70,138 128,131", coat.dark, 1.4, alpha=0.6))
    parts.append(_foam(148, 160))
    return scaled("".join(parts), 148, 160, 160, top=(40, 116))


def _motor_boat(tag: str, coat: Coat, trim: str) -> Sketch:
    edge = edge_of(coat)
    parts = [volume(tag, coat), glass(tag), path("M58,36 L66,8 H104 L122,36 Z", "#fbf8ee", "#8e8c86", 2)]
    parts.append(rect(58, 1.4, 58, 7, coat.main, 3, edge, 2))
    parts.append(pane("M68,32 L73,13 H85 V32 Z", tag, "#6e7076", 1.8))
    parts.append(pane("M91,32 V13 H101 L113,32 Z", tag, "#6e7076", 1.8))
    parts.append(rect(2, 32, 13, 26, "#4a4d55", 4, INK, 1.6))
    parts.append(path("M8,36 Q80,38 187,27 Q176,60 150,78 H22 Q10,60 8,36 Z", f"url(#{tag}-body)", edge, 2.4))
    parts.append(path("M11,46 Q90,50 182,38 L178,48 Q100,58 14,56 Z", trim))
    parts.append(line("M132,33 V22 H176 V27", "#9aa0a8", 2.2))
    parts.extend(disc(x, 65, 4.4, "#cfe8f2", edge, 1.6) for x in (60, 84, 108))
    parts.append(_foam(189, 82))
    return scaled("".join(parts), 189, 82, 107, top=(34, 37))


def _rowing_boat(tag: str, coat: Coat, trim: str) -> Sketch:
    edge, wood = edge_of(coat), "#c38b4f"
    parts = [volume(tag, coat), path("M5,9 Q70,28 155,5 L138,26 H24 Z", mix(wood, "#3c2414", 0.45))]
    parts.append(line("M42,20 H64 M86,21 H112", mix(wood, "#ffffff", 0.15), 5))
    parts.append(path("M2.4,5 Q76,32 157.6,2.5 Q150,34 126,53 H32 Q8,36 2.4,5 Z", f"url(#{tag}-body)", edge, 2.4))
    parts.append(line("M4,8 Q76,35 156,6", trim if coat.name != "brown" else "#e4c08c", 4))
    parts.append(line("M12,27 Q76,47 148,25 M22,39 Q76,56 138,38", coat.dark, 1.5, alpha=0.7))
    parts.append(line("M62,10 L98,52", "#5d3b1f", 5.4) + line("M62,10 L97,51", "#d9a96c", 3.4))
    parts.append(oval(99, 51, 9, 4.5, "#d9a96c", "#5d3b1f", 1.6))
    parts.append(_foam(160, 57))
    return scaled("".join(parts), 160, 57, 128, seat=(75, 18))


def draw_boat(coat: Coat, rng: Random, pose: str) -> Sketch:
    tag, trim = tag_for("boat", rng), contrast(coat, rng)
    style = rng.choice(("sail", "sail", "motor", "row"))
    if style == "sail":
        return _sailing_boat(tag, coat, rng, trim)
    return _motor_boat(tag, coat, trim) if style == "motor" else _rowing_boat(tag, coat, trim)


def draw_airplane(coat: Coat, rng: Random, pose: str) -> Sketch:
    tag = tag_for("airplane", rng)
    edge, trim = edge_of(coat), contrast(coat, rng)
    fill = f"url(#{tag}-body)"
    parts = [volume(tag, coat), glass(tag)]
    shade = mix(coat.main, coat.dark, 0.55)
    if rng.random() < 0.6:  # an airliner
        parts.append(path("M152,44 L112,6 Q120,3 132,6 L200,44 Z", shade, edge, 2.2))
        parts.append(path("M18,48 L2,5 Q14,-1 27,4 L70,42 Z", trim if coat.name == "white" else coat.main, edge, 2.2))
        if coat.name != "white":
            parts.append(path("M5,12 Q16,6 31,9 L42,18 Q22,16 9,24 Z", trim))
        hull = "M10,50 Q24,40 64,38 L200,35 Q252,37 275,58 Q278,66 262,72 Q240,79 200,79 L112,79 Q48,72 10,54 Z"
        parts.append(path(hull, fill, edge, 2.4))
        parts.append(path("M20,55 Q90,64 272,61 Q276,66 264,69 Q120,74 40,61 Z", trim, alpha=0.92))
        parts.append(pane("M238,42 Q254,46 262,53 L242,54 Z", tag, mix(coat.dark, "#000000", 0.4), 1.6))
        parts.extend(rect(x, 46, 7, 9, "#d8f0f8", 3, mix(coat.dark, "#000000", 0.3), 1.4) for x in range(74, 226, 15))
        parts.append(
            rect(134, 84, 44, 19, mix(coat.main, "#ffffff", 0.1), 9, edge, 2.2) + oval(175, 93.5, 4, 9, "#4a4d55")
        )
        parts.append(path("M142,66 L74,114 Q80,119.5 100,117 L204,70 Q174,62 142,66 Z", fill, edge, 2.4))
        parts.append(line("M146,69 L90,110", coat.light, 2.6))
        parts.append(path("M32,52 L2,72 Q8,76 20,74 L66,57 Z", fill, edge, 2.2))
        parts.append(line("M70,42 Q180,36 232,41", coat.light, 2.6))
        return scaled("".join(parts), 278, 119, 119)
    parts.append(path("M124,42 L98,10 Q104,4 118,7 L164,40 Z", shade, edge, 2.2))
    parts.append(path("M16,52 L2,14 Q12,6 28,12 L54,44 Z", fill, edge, 2.2))
    parts.append(path("M4,18 Q14,11 27,13 L34,22 Q20,19 8,28 Z", trim))
    parts.append(line("M140,84 L146,104 M172,80 L178,100", "#6b6f76", 4.4))
    parts.append(wheel(179, 102, 9.5, spokes=0) + wheel(147, 107, 10, spokes=0))
    parts.append(path("M92,40 Q104,14 134,15 Q158,17 170,40 Z", f"url(#{tag}-glass)", edge, 2.4))
    parts.append(line("M126,16 V40", edge, 2.2) + path("M104,36 L116,20 H122 L112,36 Z", "#ffffff", alpha=0.7))
    parts.append(
        path("M8,52 Q60,38 110,37 L180,38 Q214,40 221,62 Q216,84 184,86 L130,86 Q70,80 8,56 Z", fill, edge, 2.4)
    )
    parts.append(path("M20,56 Q110,62 219,57 L221,63 L219,69 Q110,74 44,64 Z", trim))
    parts.append(path("M196,39.5 Q216,42 221,62 Q216,82 194,85.6 Q202,62 196,39.5 Z", mix(coat.dark, "#33343a", 0.35)))
    parts.append(path("M110,66 L52,100 Q54,108 76,107 L166,76 Q140,64 110,66 Z", fill, edge, 2.4))
    parts.append(line("M114,69 L64,99", coat.light, 2.4))
    parts.append(path("M28,53 L4,66 Q8,71 20,70 L54,58 Z", fill, edge, 2.2))
    parts.append(oval(228, 62, 4.5, 40, "#d6dbe2", alpha=0.65))
    parts.append(line("M228,24 V100", "#5b4028", 3.4))
    parts.append(path("M220,52 Q234,56 235,62 Q234,68 220,72 Z", "#e8e4d8", "#76736a", 1.6))
    return scaled(f'<g transform="translate(0,-4)">{"".join(parts)}</g>', 236, 113, 113)
