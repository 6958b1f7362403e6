"""Bicycle, skateboard and car."""

from __future__ import annotations

from random import Random

from demo_world.objects.shorthand import (
    INK,
    STEEL,
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
from demo_world.svg import Coat, Sketch, mix


def draw_bicycle(coat: Coat, rng: Random, pose: str) -> Sketch:
    tag = tag_for("bicycle", rng)
    step = rng.random() < 0.4
    tyre = rng.choice((INK, INK, "#4a3325"))
    parts = []
    for x in (38.0, 138.0):
        spokes = "".join(
            f"M{x - 30 * a:.1f},{73 - 30 * b:.1f} L{x + 30 * a:.1f},{73 + 30 * b:.1f} "
            for a, b in ((1, 0), (0.809, 0.588), (0.309, 0.951), (-0.309, 0.951), (-0.809, 0.588))
        )
        parts.append(disc(x, 73, 33, "none", tyre, 6) + disc(x, 73, 29, "none", "#d5d8dc", 2.4))
        parts.append(line(spokes, "#8f959d", 1.2) + disc(x, 73, 5, "#70757c"))
    edge = edge_of(coat)
    if step:
        frame = "M66,30 L80,78 L38,73 L70,42 M74,58 Q104,62 120,30 M80,78 Q108,74 121,34"
    else:
        frame = "M66,30 L80,78 L38,73 L68,34 L119,30 M80,78 L121,38"
    fork = "M118,20 L123,42 Q128,58 138,73"
    parts.append(line(frame, edge, 9.8) + line(fork, edge, 9.4))
    parts.append(line(frame, coat.main, 7.4) + line(fork, coat.main, 7))
    parts.append(line("M67,33 L79,74" + (" M122,40 Q126,54 134,68" if step else " M71,33 L116,29"), coat.light, 1.8))
    if rng.random() < 0.6:  # mudguards
        parts.append(line("M2.5,66 Q6,36 36,34.5 Q54,34 62,46 M112,44 Q124,34 140,35.5 Q164,38 172,62", coat.main, 4.4))
    # chain, crank, pedals
    parts.append(line("M80,86 L39,78 M80,70 L39,68", "#55585e", 1.6) + disc(80, 78, 9, "#9aa0a8", "#4c4f55", 2.4))
    parts.append(
        line("M80,78 L89,97 M80,78 L71,59", "#3a3c42", 3.4) + rect(83, 95, 15, 5, INK, 2) + rect(64, 56, 13, 5, INK, 2)
    )
    # saddle and bars
    leather = rng.choice((INK, "#7a4a26", "#4d2f1c"))
    parts.append(line("M66,30 L62,17", "#9aa0a8", 5))
    parts.append(path("M42,13 Q44,7 54,9 Q68,12 82,11 Q86,13 82,16 Q70,17 62,21 Q46,23 42,13 Z", leather))
    parts.append(line("M46,12 Q56,11 66,13.5", mix(leather, "#ffffff", 0.35), 1.5))
    if rng.random() < 0.45:  # a basket before the bars
        parts.append(path("M128,20 H158 L153,46 H132 Z", "#c9975a", "#7d5428", 2.4))
        parts.append(line("M130,29 H156 M131,38 H154 M138,21 L140,45 M148,21 L147,45", "#8f6333", 1.6))
    elif rng.random() < 0.5:
        parts.append(oval(129, 24, 6, 5, "#fff3b8", "#6b6f76", 2))
    parts.append(line("M119,24 L116,8", "#9aa0a8", 5) + line("M104,7 Q116,2 124,5", "#9aa0a8", 4.4))
    parts.append(line("M102,8 L112,5", leather, 6.5))
    if rng.random() < 0.5:  # a carrier
        parts.append(line("M24,32 H58 M32,33 L37,70", "#6b6f76", 3.2))
    return scaled(volume(tag, coat) + "".join(parts), 176, 109, 109, seat=(62, 11), hand=(107, 6))


def draw_skateboard(coat: Coat, rng: Random, pose: str) -> Sketch:
    tag = tag_for("skateboard", rng)
    wheel = rng.choice(("#f4efe0", "#f3cb2d", "#ee7fb0", "#8ad0e0"))
    edge = edge_of(coat)
    deck = "M2,4 Q4,0.8 9,2 Q18,9 28,10 H92 Q102,9 111,2 Q116,0.8 118,4 Q112,17 94,18.5 H26 Q8,17 2,4 Z"
    parts = [
        volume(tag, coat),
        path("M26,17 H42 L38,26 H30 Z M78,17 H94 L90,26 H82 Z", "#8b9098", "#55585e", 1.4),
        path(deck, f"url(#{tag}-body)", edge, 1.6),
        line("M6,3.6 Q16,11 28,11.6 H92 Q104,11 114,3.6", mix(INK, coat.main, 0.12), 2.6),
    ]
    decal = contrast(coat, rng)
    if rng.random() < 0.5:
        parts.append(line("M44,15.4 H76", decal, 2.6))
    else:
        parts.append(path("M50,13 l6,4 h-9 Z M60,13 l6,4 h-9 Z M70,13 l6,4 h-9 Z", decal))
    for x in (34, 86):
        parts.append(disc(x, 27, 8, wheel, mix(wheel, "#000000", 0.5), 1.8) + disc(x, 27, 3, "#6b6f76"))
    return scaled("".join(parts), 120, 35.9, 35.9, top=(60, 10.5))


# width, outline, panes, wheel centres, seams (doors) and handle positions; all 100 units tall, sill at y = 84
_CARS: tuple[tuple[float, str, tuple[str, ...], tuple[float, float], str, tuple[float, ...]], ...] = (
    (  # saloon
        284,
        "M5,84 Q1,72 3,60 Q4,52 16,49 L58,45 Q84,6 110,3 Q140,0.6 168,3 Q190,6 212,43 Q262,47 276,57 Q284,63 281,82 "
        "L278,85.5 H9 Z",
        ("M70,44 Q90,15 112,11 L134,10 V44 Z", "M141,10 L164,11 Q181,15 199,44 H141 Z"),
        (62, 224),
        "M137.5,47 V80 M205,47 Q200,60 196,72 M72,47 Q80,60 88,68",
        (92, 146),
    ),
    (  # hatchback
        238,
        "M5,84 Q1,70 3,50 Q4,40 12,30 Q24,7 46,3 Q90,-1 128,3 Q148,6 174,43 Q216,47 230,57 Q237,63 235,82 l-4,3.5 H9 Z",
        ("M20,43 Q29,16 48,11 L86,10 V43 Z", "M93,10 L124,11 Q140,14 160,43 H93 Z"),
        (52, 185),
        "M89.5,46 V80 M166,46 Q162,60 157,72",
        (98,),
    ),
    (  # beetle
        246,
        "M5,82 Q2,56 30,43 Q46,1.2 110,1.2 Q166,1.2 184,41 Q234,44 243,76 Q244,85.5 234,85.5 H12 Q6,86 5,82 Z",
        ("M50,43 Q60,13 104,11 V43 Z", "M112,11 Q154,13 169,43 H112 Z"),
        (54, 194),
        "M108,46 V80 M176,46 Q168,62 158,76 M40,46 Q66,52 84,76",
        (116,),
    ),
    (  # van
        262,
        "M3,80 V24 Q3,3 24,2 H188 Q212,2 226,28 L238,48 Q259,52 260,66 V81 Q260,85.5 254,85.5 H8 Q3,85.5 3,80 Z",
        ("M14,42 V22 Q14,13 24,12 H62 V42 Z", "M70,12 H124 V42 H70 Z", "M132,12 H186 Q202,13 218,42 H132 Z"),
        (58, 208),
        "M128,46 V80 M66,46 V60 M184,46 Q182,62 178,70",
        (136, 76),
    ),
)


def draw_car(coat: Coat, rng: Random, pose: str) -> Sketch:
    tag = tag_for("car", rng)
    width, outline, panes, wheels, seams, handles = rng.choice(_CARS)
    edge = edge_of(coat)
    parts = [volume(tag, coat), glass(tag), path(outline, f"url(#{tag}-body)", edge, 2.4)]
    trim = rng.random()
    if trim < 0.2:  # a stripe along the side
        stripe = contrast(coat, rng)
        parts.append(path(f"M4,61 H{width - 4} L{width - 3},67 H3.6 Z", stripe))
    elif trim < 0.4:  # a racing number
        door = 166 if width > 250 else 130
        parts.append(disc(door, 62, 10, "#fdf9ee", mix(coat.dark, "#ffffff", 0.3), 1.2))
        parts.append(line(f"M{door - 2},57 L{door + 1},56 V68", INK, 3))
    parts.append(path(f"M4,76 H{width - 3} V84 H6 Z", mix(coat.dark, "#000000", 0.2), alpha=0.55))
    for x in wheels:
        parts.append(path(f"M{x - 27},85.7 A27,29 0 0 1 {x + 27},85.7 Z", mix(coat.dark, "#000000", 0.72)))
    parts.extend(pane(d, tag, mix(coat.dark, "#000000", 0.45), 2.4) for d in panes)
    first = float(panes[-1][1:].split(",")[0].split(" ")[0])
    parts.append(path(f"M{first + 8},43 L{first + 22},12 H{first + 30} L{first + 17},43 Z", "#ffffff", alpha=0.6))
    parts.append(line(seams, edge, 1.7))
    parts.append(line(f"M14,51.5 Q{width / 2:g},45 {width - 34:g},53.5", coat.light, 2.2, alpha=0.85))
    parts.extend(rect(x, 53, 12, 3.6, "#ecebe6" if coat.name != "white" else "#8e8c86", 1.8) for x in handles)
    parts.append(rect(1.4, 71, 20, 8, "#d8dade", 3.5, "#7a7d84", 1.2))
    parts.append(rect(width - 21, 71, 20, 8, "#d8dade", 3.5, "#7a7d84", 1.2))
    parts.append(
        oval(width - 11, 61, 6.5, 6.5, "#fff6c4", "#8a7a3a", 1.6) + rect(2.6, 56, 8, 12, "#e2483d", 2.5, "#7d1b1b", 1.2)
    )
    hub = rng.choice((STEEL, "#e8e8e6", coat.light if coat.name != "black" else STEEL))
    parts.extend(wheel(x, 79, 21, hub) for x in wheels)
    return scaled("".join(parts), width, 100, 100, top=(width * 0.5, 2))
