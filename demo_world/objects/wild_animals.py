"""Elephant, giraffe and bear."""

from __future__ import annotations

from math import cos, pi, sin
from random import Random

from demo_world.objects.pen import INK, Pen, curve, hoof, jitter, limb, oval, start_pen
from demo_world.svg import Coat, Sketch, mix


def draw_elephant(coat: Coat, rng: Random, pose: str) -> Sketch:
    """An elephant: big ears, trunk, tusks."""
    pen, body, far = start_pen("elephant", coat)
    shade = mix(coat.dark, INK, 0.25)
    for x in (34.0, 76.0):
        pen.fill(far, limb((x, 66, 10), (x + 1, 84, 8), (x, 90, 8)), edge=True)
    tail = [(8, 40), (0, 52), (2, 70)]
    pen.line(pen.edge, 3.6, tail)
    pen.line(coat.main, 2.2, tail)
    pen.fill(INK, curve([(2, 67), (5, 74), (2, 80), (-1, 74)]))
    curl = rng.choice(("down", "down", "up"))
    if curl == "down":
        swing = jitter(rng, 4)
        trunk = limb((110, 36, 12), (121, 52, 9), (123, 72, 6.5), (126 + swing, 86, 5), (134 + swing, 90, 4))
    else:
        trunk = limb((110, 36, 12), (123, 48, 9), (135, 46, 6.5), (140, 30, 5), (134, 18, 4))
    pen.fill("#f6efdd", curve([(110, 50), (118, 64), (130, 66), (122, 58), (117, 48)]), edge=True)
    torso = curve([(7, 44), (18, 22), (46, 9), (74, 12), (92, 22), (98, 44), (92, 70), (60, 76), (24, 76), (9, 66)])
    head = oval(102, 26, 21, 24, -10)
    legs = [limb((x, 64, 13), (x, 82, 9.4), (x, 90, 9.4)) for x in (22, 88)]
    soles = [[(x - 9.4, 90), (x + 9.4, 90), (x + 10, 99.3), (x - 10, 99.3)] for x in (22, 88)]
    far_soles = [[(x - 8, 88), (x + 8, 88), (x + 8.4, 97.6), (x - 8.4, 97.6)] for x in (34, 76)]
    pen.fill(far, *far_soles)
    parts = (torso, head, trunk, *legs, *soles)
    pen.fill(body, *parts, edge=True)
    pen.within(parts, [(shade, 0.22, (oval(52, 84, 52, 16),)), ("#ffffff", 0.16, (oval(48, 15, 32, 6),))])
    for x in (22.0, 88.0):
        for dx in (-5, 0.5, 6):
            pen.fill(mix(coat.light, "#fff3e0", 0.5), oval(x + dx, 97, 2.3, 2))
    for t in range(5):
        x, y = (
            ((113, 46), (117.5, 54), (119, 62), (119.5, 70), (120, 77))[t]
            if curl == "down"
            else ((113, 44), (118, 47), (124, 48), (129, 47), (133, 43))[t]
        )
        dx, dy = (8, -2) if curl == "down" else (1, -7)
        pen.line(shade, 1, [(x, y), (x + dx / 2, y + dy / 2 + 1), (x + dx, y + dy)], 0.45)
    pen.fill("#fffaec", curve([(106, 50), (110, 64), (122, 71), (117, 62), (113, 49)]), edge=True)
    flap = jitter(rng, 5)
    ear = curve(
        [(96, 14), (82 + flap, 5), (68 + flap, 14), (66 + flap, 34), (74 + flap, 52), (86, 56), (97, 42), (100, 28)]
    )
    pen.fill(pen.linear(mix(coat.main, coat.light, 0.3), mix(coat.main, coat.dark, 0.35)), ear, edge=True)
    pen.fill(
        mix(coat.main, "#e59a92", 0.4),
        curve([(94, 20), (82 + flap, 12), (73 + flap, 20), (72 + flap, 34), (79 + flap, 47), (87, 48), (94, 36)]),
        opacity=0.75,
    )
    pen.fill("#f7f3ea", oval(111, 25, 3.2, 3.2))
    pen.eye(111.5, 25.2, 2.4)
    pen.line(shade, 1.3, [(106, 19), (111, 18), (115, 20)], 0.8)
    return pen.finish(seat=(46, 11), top=(46, 10))


def draw_giraffe(coat: Coat, rng: Random, pose: str) -> Sketch:
    """A giraffe: a very long neck, patches, ossicones."""
    pen, _, _ = start_pen("giraffe", coat)
    patch = {"yellow": "#a86a24", "orange": "#8c4415", "brown": "#4b2c18"}.get(coat.name, coat.dark)
    base = coat if coat.name != "brown" else Coat("brown", "#a9784e", "#6b4526", "#d2a67a")
    body = pen.linear(mix(base.main, base.light, 0.5), base.main, mix(base.main, base.dark, 0.3))
    cream = mix(base.light, "#fff6e0", 0.6)
    for x in (20.0, 47.0):
        pen.fill(mix(base.main, base.dark, 0.6), limb((x, 66, 4), (x + 1, 82, 2.5), (x, 94, 2.2)), edge=True)
        pen.fill(INK, hoof(x, 2.4, 98.4, 3))
    tail = [(8, 54), (3, 62), (4, 72)]
    pen.line(pen.edge, 2.6, tail)
    pen.line(base.main, 1.6, tail)
    pen.fill(mix(patch, INK, 0.4), curve([(4, 70), (6.5, 75), (4, 80), (2, 75)]))
    reach = jitter(rng, 3)
    hx, hy = 69 + reach, 11.5
    torso = curve([(7, 57), (14, 51), (30, 50), (46, 46), (55, 51), (56, 62), (49, 69), (28, 69), (12, 67)])
    neck = limb((48, 55, 9), (56, 38, 5.6), (63 + reach * 0.7, 22, 4.4), (66 + reach, 13, 4.2))
    mane = limb((43, 48, 1.6), (50.5, 36, 1.6), (58 + reach * 0.7, 20, 1.6), (62 + reach, 10, 1.6))
    pen.fill(mix(patch, INK, 0.2), mane, edge=True)
    for dx in (-1.5, 2.5):
        pen.line(mix(patch, INK, 0.3), 1.7, [(hx + dx, hy - 3), (hx + dx - 1.2, 3)])
        pen.fill(mix(patch, INK, 0.3), oval(hx + dx - 1.2, 2.4, 1.8, 1.8, steps=12))
    pen.fill(base.dark, curve([(hx - 3, hy - 2), (hx - 10, hy - 4), (hx - 11, hy), (hx - 4, hy + 2)]), edge=True)
    skull = limb((hx, hy, 4.8), (hx + 6, hy + 4, 4), (hx + 12, hy + 7.5, 3.2))
    legs = [limb((x, 64, 5.4), (x - 0.5, 80, 3), (x, 95, 2.5)) for x in (14, 52)]
    parts = (torso, neck, skull, *legs)
    pen.fill(body, *parts, edge=True)
    spots = []
    grid = [
        (12, 56), (21, 54), (30, 54), (39, 53), (48, 53), (15, 63), (25, 62), (34, 62), (43, 61), (52, 61), (20, 69),
        (46, 69), (13, 72), (52, 71), (14, 79), (51.5, 78),
    ]  # fmt: skip
    along = [(50, 45), (56, 46), (53, 38), (58, 36), (56.5, 30), (61, 28), (60, 22), (64.5, 20), (64, 14)]
    for x, y in grid + [(px + reach * max(0.0, (46 - py) / 36), py) for px, py in along]:
        size = 4.1 if y > 48 else 2.5
        if y > 70:
            size = 2.4
        turn = rng.uniform(0, pi)
        spots.append(
            [
                (
                    x + jitter(rng, 0.5) + size * rng.uniform(0.8, 1.15) * cos(turn + k * pi / 3),
                    y + size * rng.uniform(0.75, 1.1) * sin(turn + k * pi / 3),
                )
                for k in range(6)
            ]
        )
    pen.within((torso, neck, *legs), [(patch, 0.92, tuple(spots))])
    pen.within((skull,), [(cream, 0.9, (oval(hx + 12, hy + 9, 6, 4.5, 30),))])
    for x in (14, 52):
        pen.fill(INK, hoof(x, 2.8, 99.3, 3.6))
    pen.eye(hx + 3.6, hy + 0.3, 1.7)
    pen.fill(INK, oval(hx + 13.5, hy + 6, 0.7, 0.6, steps=8))
    pen.line(INK, 0.7, [(hx + 8, hy + 9), (hx + 11, hy + 9.6), (hx + 13.6, hy + 9)])
    return pen.finish(top=(28, 50), seat=(28, 50))


def _bear_head(pen: Pen, rng: Random, coat: Coat, muzzle: str) -> None:
    """Local frame: the skull's centre, round ears above, the nose to the right."""
    ear = mix(coat.main, coat.dark, 0.5)
    for x in (-14, 10):
        pen.fill(ear, oval(x, -17, 7.5, 7.5), edge=True)
        pen.fill(mix(muzzle, "#d98f86", 0.4), oval(x + 0.6, -16, 3.8, 3.8))
    face = pen.radial(mix(coat.main, coat.light, 0.6), coat.main, mix(coat.main, coat.dark, 0.35))
    pen.fill(face, oval(0, 0, 23, 20.5), edge=True)
    pen.fill(muzzle, oval(12, 7, 13, 10.2), edge=False)
    pen.fill(INK, oval(17, 2.2, 5, 3.7))
    pen.fill("#ffffff", oval(15.6, 1, 1.5, 0.9, steps=8), opacity=0.7)
    pen.line(INK, 1.4, [(16.5, 6), (16, 9.6), (12, 12.8), (7.4, 10.6)])
    pen.line(INK, 1.4, [(16, 9.6), (18.8, 12.2), (22, 10.4)])
    for x in (-1, 14):
        if coat.name == "black":
            pen.fill("#77675c", oval(x, -5.6, 3.4, 3.6))
        pen.eye(x, -5.5, 2.6)


def draw_bear(coat: Coat, rng: Random, pose: str) -> Sketch:
    """A bear: heavy, round-eared, short-legged."""
    pen, body, far = start_pen("bear", coat)
    pen.scale = 93
    muzzle = {"black": "#a27d5e", "white": "#e4ded0"}.get(coat.name, mix(coat.light, "#f3dcbc", 0.55))
    shade, bulk = mix(coat.dark, INK, 0.3), jitter(rng, 3)
    claws = "#efe6d2" if coat.name != "white" else "#6b6660"
    if pose == "sitting":
        torso = curve([(30, 42), (62, 42), (76, 66), (80, 92), (66, 107), (30, 107), (14, 92), (18, 66)])
        pen.fill(far, limb((62, 54, 10), (82, 68, 8.6), (88, 78, 8)), edge=True)
        pen.fill(body, torso, edge=True)
        pen.within((torso,), [(mix(coat.main, coat.light, 0.7), 0.7, (oval(50, 80, 20 + bulk, 24),))])
        for x, y in ((22.0, 97.0), (78.0, 97.0)):
            pen.fill(
                pen.radial(mix(coat.main, coat.light, 0.4), coat.main, mix(coat.main, coat.dark, 0.4)),
                oval(x, y, 15, 13),
                edge=True,
            )
            pen.fill(muzzle, oval(x + 1, y + 2, 8, 6.6))
            pen.fill(muzzle, *(oval(x + 1 + dx, y - 7 + abs(dx) / 4, 2.2, 2, steps=10) for dx in (-6, 0, 6)))
        pen.fill(
            pen.linear(coat.main, mix(coat.main, coat.dark, 0.4)),
            limb((28, 54, 11), (14, 70, 9.4), (22, 82, 8.6)),
            edge=True,
        )
        pen.at(46, 25 + jitter(rng, 1), jitter(rng, 7), 1.08)
        _bear_head(pen, rng, coat, muzzle)
        pen.at()
        return pen.finish(top=(46, 2))
    for nodes in (((42, 66, 13), (40, 84, 9.4), (42, 92, 8.4)), ((96, 66, 13), (100, 84, 9.4), (100, 92, 8.4))):
        pen.fill(far, limb(*nodes), edge=True)
    torso = curve([
        (5, 54), (14, 32 - bulk / 2), (40, 22 - bulk), (68, 20), (92, 14 - bulk / 2), (112, 26), (118, 48), (106, 70),
        (66, 80), (26, 78), (9, 68),
    ])  # fmt: skip
    legs = (
        limb((24, 64, 18), (20, 84, 11), (21, 90, 9.6), (27, 92.5, 7)),
        limb((88, 62, 16), (86, 82, 11), (85, 90, 9.6), (92, 92.5, 7)),
    )
    parts = (oval(6, 44, 6, 6), torso, *legs)
    pen.fill(body, *parts, edge=True)
    pen.within(parts, [(shade, 0.2, (oval(58, 86, 44, 14),)), ("#ffffff", 0.13, (oval(58, 25, 42, 6),))])
    for x in (21.0, 85.0):
        pen.line(claws, 1.5, [(x + 11, 95), (x + 13.5, 98)])
        pen.line(claws, 1.5, [(x + 6, 96), (x + 8.5, 98.6)])
    for _ in range(7):
        x, y = rng.uniform(22, 92), rng.uniform(34, 62)
        pen.line(
            mix(coat.main, coat.light if coat.name == "black" else coat.dark, 0.7),
            1.3,
            [(x, y), (x + 1, y + 4), (x - 1.5, y + 8)],
            0.5,
        )
    pen.at(122, 34 + jitter(rng, 3), jitter(rng, 6))
    _bear_head(pen, rng, coat, muzzle)
    pen.at()
    return pen.finish(seat=(60, 21), top=(58, 21))
