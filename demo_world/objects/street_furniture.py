"""What stands in a street: fire hydrant, bench, clock, stop sign, traffic light."""

from __future__ import annotations

from math import cos, radians, sin
from random import Random

from demo_world.objects.shorthand import (
    INK,
    STEEL,
    disc,
    edge_of,
    line,
    oval,
    path,
    rect,
    scaled,
    sideways,
    tag_for,
    volume,
)
from demo_world.svg import Coat, Sketch, linear, mix, radial


def draw_hydrant(coat: Coat, rng: Random, pose: str) -> Sketch:
    tag = tag_for("fire hydrant", rng)
    edge = edge_of(coat)
    fill = f"url(#{tag}-body)"
    cap = fill if rng.random() < 0.5 else f"url(#{tag}-cap)"
    tone = rng.choice((STEEL, "#f4efe0")) if coat.name != "white" else rng.choice(("#d6322e", "#2f6fce"))
    dim, gleam = mix(coat.main, coat.dark, 0.3), mix(coat.main, coat.light, 0.7)
    parts = [
        sideways(f"{tag}-body", dim, gleam, coat.main, coat.main, mix(coat.main, coat.dark, 0.7)),
        sideways(f"{tag}-cap", mix(tone, INK, 0.15), mix(tone, "#ffffff", 0.6), tone, mix(tone, INK, 0.45)),
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


def draw_bench(coat: Coat, rng: Random, pose: str) -> Sketch:
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


def draw_clock(coat: Coat, rng: Random, pose: str) -> Sketch:
    tag = tag_for("clock", rng)
    edge, gleam = edge_of(coat), mix(coat.main, coat.light, 0.7)
    body = radial(f"{tag}-body", gleam, coat.main, mix(coat.main, coat.dark, 0.5), cx=0.3, cy=0.25, r=0.9)
    if pose == "wall":
        shine = line("M14,22 Q20,12 31,9", "#ffffff", 2.2, alpha=0.6)
        return scaled(body + _face(35, 35, 34, rng, f"url(#{tag}-body)", edge) + shine, 70, 69.9, 320)
    fill = f"url(#{tag}-post)"
    parts = [
        sideways(f"{tag}-post", mix(coat.main, coat.light, 0.35), gleam, coat.main, mix(coat.main, coat.dark, 0.6)),
        body,
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


def draw_stop_sign(coat: Coat, rng: Random, pose: str) -> Sketch:
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
        sideways(f"{tag}-post", mix(post, "#ffffff", 0.5), post, mix(post, "#000000", 0.4)),
        linear(f"{tag}-body", mix(coat.main, coat.light, 0.3), coat.main, mix(coat.main, coat.dark, 0.3), x2=0.4),
        rect(57, 60, 12, 179.4, f"url(#{tag}-post)", 1.5, rim, 1.2),
        "".join(disc(63, y, 1.9, rim) for y in range(136, 230, 14)),
        f'<g transform="scale(1.26)">{"".join(plate)}</g>',
    ]
    if rng.random() < 0.35:
        tuft = "M47,240 Q45,226 39,220 Q51,224 53,234 Q55,218 63,214 Q59,228 63,234 Q69,222 79,222 Q71,230 73,240 Z"
        parts.append(path(tuft, "#5f9a4c"))
    return scaled("".join(parts), 126, 240, 240)


def draw_traffic_light(coat: Coat, rng: Random, pose: str) -> Sketch:
    tag = tag_for("traffic light", rng)
    edge = edge_of(coat)
    post = rng.choice(("#6f757d", "#4b4f56", mix(coat.main, coat.dark, 0.4)))
    lit = rng.randrange(3)
    parts = [
        sideways(f"{tag}-post", mix(post, "#ffffff", 0.4), post, mix(post, "#000000", 0.4)),
        sideways(f"{tag}-body", mix(coat.main, coat.light, 0.45), coat.main, coat.main, mix(coat.main, coat.dark, 0.5)),
        rect(32.5, 150, 11, 122, f"url(#{tag}-post)", 0, mix(post, "#000000", 0.5), 1.6),
        path("M18,280 Q19,266 30,264 H46 Q57,266 58,280 Z", mix(post, "#000000", 0.25)),
        rect(29, 152, 18, 10, f"url(#{tag}-post)", 3, mix(post, "#000000", 0.5), 1.6),
        rect(32, 1.2, 12, 9, mix(coat.main, coat.dark, 0.4), 3, edge, 2),
    ]
    if rng.random() < 0.4:
        parts.append(rect(1.4, 4, 73.2, 150, mix(coat.dark, "#000000", 0.2), 12, "#f4efe0", 2.6))
    else:
        wings = (
            "M12,18 L2,26 V46 L12,52 Z M12,66 L2,74 V94 L12,98 Z M12,112 L2,120 V140 L12,146 Z "
            "M64,18 L74,26 V46 L64,52 Z M64,66 L74,74 V94 L64,98 Z M64,112 L74,120 V140 L64,146 Z"
        )
        parts.append(path(wings, mix(coat.main, coat.dark, 0.4), edge, 2))
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
