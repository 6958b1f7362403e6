"""Sheep, cow and horse."""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, cos, pi, sin
from random import Random

from demo_world.objects.pen import INK, Nodes, Outline, Pen, curve, fleece, hoof, jitter, limb, moved, oval, start_pen
from demo_world.svg import Coat, Sketch, mix


def _sheep_head(pen: Pen, rng: Random, coat: Coat, face: str, wool: str) -> None:
    """Local frame: the poll at the origin, the muzzle to the right and below."""
    pen.fill(mix(face, INK, 0.2), curve([(-3, 1), (-13, -2), (-19, 3), (-13, 8), (-3, 7)]), edge=True)
    skull = limb((1, 2, 10.5), (10, 11, 9), (17, 19, 6.8))
    pen.fill(pen.radial(mix(face, "#ffffff", 0.25), face, mix(face, INK, 0.25)), skull, edge=True)
    pen.fill(wool, fleece(rng, -1, -5, 10, 7.5, 8), edge=True)
    light = sum(int(face[i : i + 2], 16) for i in (1, 3, 5)) > 300
    if not light:
        pen.fill("#f7f3ea", oval(9, 6, 3.3, 3.6))
    pen.eye(9.5, 6.2, 2.3)
    pen.line(mix(face, INK, 0.75) if light else mix(face, "#ffffff", 0.45), 1.2, [(14, 23.4), (17, 22.6), (19.5, 20)])
    pen.fill(mix(face, INK, 0.6) if light else mix(face, "#ffffff", 0.3), oval(20.5, 16.5, 1.1, 0.8, 30, 10))


def draw_sheep(coat: Coat, rng: Random, pose: str) -> Sketch:
    """A woolly sheep: scalloped fleece, bare face, thin legs."""
    pen, _, _ = start_pen("sheep", coat)
    wool = pen.linear(coat.light, coat.main, mix(coat.main, coat.dark, 0.6))
    faces = {
        "white": ("#4a4248", "#e6cbb0", "#38343c"),
        "black": ("#4d4a55", "#5a4f4c", "#55535e"),
        "brown": ("#4f3526", "#e2c3a0", "#6b452b"),
        "gray": ("#45464d", "#e3d6c8", "#36373e"),
    }
    face = rng.choice(faces.get(coat.name, faces["white"]))
    leg = mix(face, INK, 0.15)
    plump, lying = jitter(rng, 2.5), pose == "lying"
    cy = 67 if lying else 44
    if lying:
        pen.fill(leg, limb((80, 88, 4.5), (97, 94, 4), (106, 96, 3.4)), limb((30, 93, 4), (46, 96, 3.6)), edge=True)
    else:
        for x, far in ((40.0, True), (80.0, True), (28.0, False), (70.0, False)):
            x += jitter(rng, 2)
            floor = 97.5 if far else 99.3
            tone = mix(leg, INK, 0.35) if far else leg
            pen.fill(tone, limb((x, 60, 5), (x + jitter(rng, 1.5), 80, 4), (x, floor - 5, 3.8)), edge=True)
            pen.fill(INK, hoof(x, 4.2, floor))
    pen.fill(wool, fleece(rng, 11, cy - 6, 6, 6, 6), edge=True)
    trunk = [fleece(rng, 54, cy, 40 + plump, 27 + plump / 2, rng.randint(14, 17))]
    if pose == "grazing":
        trunk.append(fleece(rng, 91, 58, 11, 14, 9))
    pen.fill(wool, *trunk, edge=True)
    for _ in range(11):
        a, q = rng.uniform(0, 2 * pi), rng.uniform(0.15, 0.78)
        x, y = 54 + 40 * q * cos(a), cy + 26 * q * sin(a)
        shade = mix(coat.main, coat.dark, 0.7) if coat.name != "black" else coat.light
        pen.line(shade, 1.6, [(x - 5, y - 1), (x - 2.4, y + 3), (x + 2, y + 2.4), (x + 3.4, y - 1.5)], 0.75)
    if pose == "grazing":
        pen.at(95, 68, 24 + jitter(rng, 8), 1.05)
    else:
        pen.at(91, cy - 27 + jitter(rng, 2), jitter(rng, 8), 1.08)
    _sheep_head(pen, rng, coat, face, wool)
    pen.at()
    if pose == "grazing":
        for dx in (0, 4, 8, 12):
            pen.line("#5f9a3c", 1.4, [(104 + dx, 99), (105 + dx + jitter(rng, 3), 92)])
    return pen.finish(top=(50, cy - 29))


def _cow_head(pen: Pen, rng: Random, coat: Coat, patch: str) -> None:
    """Local frame: the poll at the origin, the muzzle to the right and below."""
    pink, horn, far = "#eda7a0", "#e9dcb8", mix(coat.main, coat.dark, 0.75)
    pen.fill(mix(horn, INK, 0.15), curve([(1, -9), (3, -16), (9, -19), (7, -13), (6, -8)]), edge=True)
    pen.fill(far, curve([(-4, -5), (-14, -9), (-18, -4), (-12, 1), (-4, 1)]), edge=True)
    skull = limb((0, 1, 11), (10, 11, 9), (17, 19, 8))
    pen.fill(pen.radial(mix(coat.main, coat.light, 0.5), coat.main, mix(coat.main, coat.dark, 0.4)), skull, edge=True)
    if rng.random() < 0.6:
        pen.within((skull,), [(patch, 1, (limb((7, -9, 4), (13, 6, 3.4), (24, 14, 3)),))])
    pen.fill(pink, oval(19, 21, 9.5, 7.6, 35), edge=True)
    pen.fill("#9a5350", oval(23.5, 18.5, 1.5, 1.1, 40, 10))
    pen.line("#9a5350", 1.2, [(13.5, 25.5), (17.5, 25.5), (21, 23.5)])
    pen.fill(horn, curve([(-5, -8), (-7, -15), (-2, -20), (-1.5, -14), (0, -9)]), edge=True)
    if coat.name != "white":
        pen.fill("#f7f3ea", oval(7.5, 3, 3.1, 3.3))
    pen.eye(8, 3.2, 2.3)


def draw_cow(coat: Coat, rng: Random, pose: str) -> Sketch:
    """A patched cow with horns and udder."""
    pen, body, far = start_pen("cow", coat)
    patch = {"white": rng.choice(("#3a3438", "#7a4a2c")), "black": "#f3efe6", "brown": "#f4ead8"}.get(
        coat.name, "#f4ead8"
    )
    pink, grazing = "#eda7a0", pose == "grazing"
    for x in (32.0, 84.0):
        x += jitter(rng, 2)
        pen.fill(far, limb((x, 58, 8), (x + 1, 78, 5), (x, 92, 4.8)), edge=True)
        pen.fill(INK, hoof(x, 5, 97.5, 6))
    tail = [(12, 33), (4, 45), (5, 62), (3 + jitter(rng, 4), 74)]
    pen.line(pen.edge, 4.4, tail)
    pen.line(mix(coat.main, coat.dark, 0.3), 2.8, tail)
    pen.fill(
        mix(coat.dark, INK, 0.3),
        curve([(tail[-1][0], 70), (tail[-1][0] + 4, 79), (tail[-1][0], 88), (tail[-1][0] - 3, 79)]),
    )
    pen.fill(pink, oval(40, 72, 10, 7.5), limb((36, 77, 2), (36, 81, 1.6)), limb((43, 77, 2), (43, 81, 1.6)), edge=True)
    torso = curve(
        [(11, 36), (20, 28), (45, 28), (70, 27), (90, 24), (104, 34), (106, 52), (98, 66), (62, 73), (30, 68), (14, 58)]
    )
    if grazing:
        neck = limb((95, 42, 16), (112, 60, 11.5), (119, 72, 9))
        head = (117.0, 73.0, 38 + jitter(rng, 8))
    else:
        neck = limb((94, 42, 17), (107, 28, 12), (113, 21, 9))
        head = (113.0, 17.0, jitter(rng, 7))
    legs = (limb((22, 52, 13), (19, 76, 6.2), (22, 93, 5.2)), limb((94, 56, 10), (95, 78, 5.6), (94, 93, 5.2)))
    parts = (torso, neck, *legs)
    pen.fill(body, *parts, edge=True)
    spots = []
    sites = [(32, 38, 14, 11), (66, 44, 15, 13), (90, 62, 9, 14), (20, 60, 8, 11), (100, 30, 10, 10)]
    for x, y, rx, ry in rng.sample(sites, rng.randint(2, 3)):
        ring = [
            (
                x + jitter(rng, 2) + rx * rng.uniform(0.7, 1.15) * cos(k * pi / 4),
                y + ry * rng.uniform(0.7, 1.15) * sin(k * pi / 4),
            )
            for k in range(8)
        ]
        spots.append(curve(ring))
    shade = mix(coat.dark, INK, 0.3)
    pen.within(
        parts,
        [(patch, 1, tuple(spots)), (shade, 0.22, (oval(60, 78, 50, 13),)), ("#ffffff", 0.16, (oval(58, 30, 42, 5),))],
    )
    for x in (22, 94):
        pen.fill(INK, hoof(x, 5.4, 99.3, 6.5))
    pen.line(shade, 1.2, [(33, 54), (34, 63), (31, 70)], 0.5)
    pen.line(shade, 1.2, [(87, 50), (86, 60), (88, 67)], 0.5)
    pen.at(*head)
    _cow_head(pen, rng, coat, patch)
    pen.at()
    return pen.finish(top=(55, 27), seat=(60, 28))


@dataclass(frozen=True)
class _HorsePose:
    """A horse's limbs in one pose: nodes of the legs and the neck, the tail's outline, the head's frame."""

    far_legs: tuple[Nodes, ...]
    near_legs: tuple[Nodes, ...]
    tail: Outline
    neck: Nodes
    head: tuple[float, float, float]  # x, y, turn
    stream: float  # how far the mane streams backwards
    gallops: bool


def _galloping_horse(rng: Random, sway: float) -> _HorsePose:
    tail = [(10, 44), (-4, 36), (-20, 38 + sway), (-34, 48 + sway), (-20, 50), (-24, 58), (-8, 53), (6, 53)]
    return _HorsePose(
        far_legs=(
            ((70, 62, 6.5), (84, 70, 4.2), (80, 83, 3.2), (74, 85, 2.8)),
            ((24, 60, 8), (26, 76, 5), (12, 85, 3.2), (9, 91, 2.8)),
        ),
        near_legs=(
            ((68, 60, 8), (86, 70, 4.6), (101, 80, 3.4), (106, 84, 3)),
            ((20, 56, 11), (7, 72, 5.6), (-9, 78, 3.6), (-16, 85, 3)),
        ),
        tail=curve(tail),
        neck=((66, 52, 14), (80, 36, 9.6), (89, 24, 7.4)),
        head=(90.0, 20.0, -4 + jitter(rng, 5)),
        stream=-14,
        gallops=True,
    )


def _standing_horse(rng: Random, sway: float) -> _HorsePose:
    tail = [
        (10, 43), (1, 46), (-5 + sway / 2, 62), (-4 + sway, 86), (3 + sway, 79), (7 + sway / 2, 66), (9, 55), (13, 50),
    ]  # fmt: skip
    return _HorsePose(
        far_legs=(((70, 60, 6.5), (74, 78, 4), (73, 92, 3.2)), ((26, 60, 8), (24, 78, 4.6), (28, 92, 3.2))),
        near_legs=(((64, 60, 8), (65, 78, 4.6), (64, 93, 3.5)), ((18, 56, 11), (14, 76, 5.4), (17, 93, 3.5))),
        tail=curve(tail),
        neck=((64, 52, 14), (75, 34, 9.6), (81, 18, 7.4)),
        head=(82.0, 13.0, jitter(rng, 6)),
        stream=-3,
        gallops=False,
    )


def _horse_feet(pen: Pen, legs: tuple[Nodes, ...], floor: float, socks: bool, gallops: bool) -> None:
    for nodes in legs:
        (x0, y0, _), (x1, y1, r) = nodes[-2], nodes[-1]
        if socks:
            t = 0.55
            pen.fill("#f3eee2", limb((x1 + (x0 - x1) * t * 0.6, y1 + (y0 - y1) * t * 0.6, r + 0.2), (x1, y1, r)))
        if gallops:
            a = atan2(y1 - y0, x1 - x0)
            tip = (x1 + 3.4 * cos(a), y1 + 3.4 * sin(a))
            pen.fill(INK, limb((x1 + cos(a), y1 + sin(a), r), (*tip, r * 1.1)))
        else:
            pen.fill(INK, hoof(x1, r * 1.15, floor, 5))


def _horse_markings(
    rng: Random, coat: Coat, head: tuple[float, float, float]
) -> list[tuple[str, float, tuple[Outline, ...]]]:
    """Shade and light on the barrel, dapples, a blaze, the nose."""
    marks: list[tuple[str, float, tuple[Outline, ...]]] = [
        (mix(coat.dark, INK, 0.3), 0.25, (oval(45, 74, 36, 10),)),
        ("#ffffff", 0.14, (oval(40, 43, 26, 4),)),
    ]
    if coat.name == "gray" or (coat.name == "white" and rng.random() < 0.4):
        dots = tuple(oval(rng.uniform(14, 45), rng.uniform(44, 60), 2.2, 1.8, steps=10) for _ in range(9))
        marks.append((mix(coat.main, coat.light, 0.9) if coat.name == "gray" else coat.dark, 0.6, dots))
    if rng.random() < 0.5:
        marks.append(("#f7f2e8", 0.95, (moved(limb((6, -4, 1.6), (17, 8, 1.5), (22, 15, 1.6)), *head),)))
    nose = moved(oval(18.5, 20, 5.6, 5), *head)
    return [*marks, (mix(coat.dark, "#7a5f5a", 0.35), 0.75 if coat.name != "white" else 0.4, (nose,))]


def _mane(pen: Pen, horse: _HorsePose, mane: str, paint: str) -> None:
    (hx, hy, _), back = horse.head, horse.stream
    (ax, ay, _), (bx, by, br), (cx, cy, cr) = horse.neck
    outline = [
        (hx - 1, hy - 8), (hx + 4, hy - 4), (hx - 3, hy + 3), (bx + 1, by - 3), (bx - 1, by + 6), (ax - 2, ay - 1),
        (ax - 9 + back, ay - 3), (ax - 9, ay - 13), (bx - br - 2 + back, by + 3), (bx - br - 1, by - 6),
        (cx - cr - 3 + back, cy + 4), (cx - cr, cy - 5),
    ]  # fmt: skip
    pen.fill(paint, curve(outline), edge=True)
    pen.line(mix(mane, "#ffffff", 0.3), 1, [(hx - 3, hy - 4), (bx - 4, by - 2), (ax - 7, ay - 8)], 0.6)


def draw_horse(coat: Coat, rng: Random, pose: str) -> Sketch:
    """A horse with a flowing mane and tail."""
    pen, body, far = start_pen("horse", coat)
    manes = {
        "brown": ("#2c1b14", "#3d2617", "#e8cf9a"),
        "black": ("#141318", "#3b3842"),
        "white": ("#d9d2c2", "#9c968c"),
        "gray": ("#3d4046", "#e6e6e4"),
    }
    mane = rng.choice(manes.get(coat.name, ("#2c1b14",)))
    hair = pen.linear(mix(mane, "#ffffff", 0.2), mane, mix(mane, INK, 0.25))
    sway = jitter(rng, 4)
    socks = rng.random() < 0.5 and coat.name != "white"
    horse = _galloping_horse(rng, sway) if pose == "running" else _standing_horse(rng, sway)
    pen.fill(hair, horse.tail, edge=True)
    pen.fill(far, *(limb(*nodes) for nodes in horse.far_legs), edge=True)
    _horse_feet(pen, horse.far_legs, 97.5, socks, horse.gallops)
    torso = curve([(9, 46), (20, 39), (40, 42), (58, 39), (72, 42), (79, 54), (73, 66), (48, 69), (24, 66), (11, 58)])
    skull = moved(limb((0, 0, 7.6), (7, 7, 7), (14, 15, 5), (17.5, 18.5, 4.8)), *horse.head)
    ear = moved([(-5, -4), (-3.5, -14), (2, -6)], *horse.head)
    parts = (torso, limb(*horse.neck), skull, ear, *(limb(*nodes) for nodes in horse.near_legs))
    pen.fill(body, *parts, edge=True)
    pen.within(parts, _horse_markings(rng, coat, horse.head))
    _horse_feet(pen, horse.near_legs, 99.3, socks, horse.gallops)
    shade = mix(coat.dark, INK, 0.3)
    pen.line(shade, 1.1, [(28, 52), (29, 60), (25, 66)], 0.5)
    pen.line(shade, 1.1, [(62, 50), (60, 58), (62, 64)], 0.5)
    _mane(pen, horse, mane, hair)
    pen.at(*horse.head)
    pen.fill(mane, curve([(-2, -8), (5, -5), (7, 2), (3, 0), (-2, -3)]))
    pen.eye(8, 2.8, 2 if coat.name != "black" else 2.2, INK if coat.name != "black" else "#000000")
    pen.fill(INK, oval(20, 17.5, 1, 0.8, steps=8))
    pen.line(shade, 0.9, [(14, 21.4), (17, 21.6), (20, 20.8)])
    pen.at()
    return pen.finish(seat=(44, 43), top=(40, 42))
