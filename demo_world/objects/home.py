"""Chair and potted plant."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from demo_world.objects.shorthand import (
    WOOD,
    WOOD_DARK,
    contrast,
    disc,
    edge_of,
    line,
    path,
    rect,
    scaled,
    sideways,
    tag_for,
    turned,
    volume,
)
from demo_world.svg import Coat, Sketch, mix


def draw_chair(coat: Coat, rng: Random, pose: str) -> Sketch:
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
            parts.append(line("M15,10 L17,56 M24,9 L25,54 M33,8 L35,52", edge, 4.6))
            parts.append(line("M15,10 L17,56 M24,9 L25,54 M33,8 L35,52", coat.main, 2.8))
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
    seat = f"M6,57 L21,66 V{66 + thick} L5,{58 + thick} Z M21,66 L66,59 V{59 + thick} L21,{66 + thick} Z"
    parts.append(path(seat, deep, edge, 1.8))
    parts.append(path("M6,57 Q24,51 45,51.4 L66,59 Q44,66 21,67.4 Z", mix(coat.main, coat.light, 0.4), edge, 1.8))
    parts.append(line("M14,58 Q28,54 44,54.4", coat.light, 1.8))
    return scaled(f'<g transform="translate(-2,0)">{"".join(parts)}</g>', 68, 100, 100, seat=(30, 58), top=(34, 59))


def _leaf(x: float, y: float, length: float, wide: float, angle: float, green: str) -> str:
    """A leaf from its stalk at ``x, y``, pointing up, turned by ``angle`` degrees."""
    up, bulge = length, length * 0.45
    d = f"M{x:g},{y:g} q{-wide:.1f},{-bulge:.1f} 0,{-up:.1f} q{wide:.1f},{up - bulge:.1f} 0,{up:.1f} Z"
    rib = line(f"M{x:g},{y:g} v{-length * 0.8:.1f}", mix(green, "#e6f5c0", 0.45), 1.1)
    return turned(path(d, green, mix(green, "#12300f", 0.55), 1.2) + rib, round(angle, 1), x, y)


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


def draw_plant(coat: Coat, rng: Random, pose: str) -> Sketch:
    tag = tag_for("potted plant", rng)
    edge, trim, fill = edge_of(coat), contrast(coat, rng), f"url(#{tag}-body)"
    foliage, left, width, top = _PLANTS[rng.choice(tuple(_PLANTS))]
    light, dark = mix(coat.main, coat.light, 0.55), mix(coat.main, coat.dark, 0.6)
    parts = [sideways(f"{tag}-body", light, coat.main, coat.main, dark), *foliage(rng)]
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
