"""The animals of the demo world."""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, cos, pi, sin
from random import Random

from demo_world.objects.pen import (
    INK,
    Nodes,
    Outline,
    Pen,
    Point,
    curve,
    fleece,
    hoof,
    jitter,
    limb,
    moved,
    oval,
    start_pen,
)
from demo_world.svg import COATS, Coat, Kind, Sketch, mix

# --- sheep ------------------------------------------------------------------------------------------------------------


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


# --- cow --------------------------------------------------------------------------------------------------------------


def draw_cow(coat: Coat, rng: Random, pose: str) -> Sketch:
    """A patched cow with horns and udder."""
    pen, body, far = start_pen("cow", coat)
    patch = {"white": rng.choice(("#3a3438", "#7a4a2c")), "black": "#f3efe6", "brown": "#f4ead8"}.get(
        coat.name, "#f4ead8"
    )
    pink, horn = "#eda7a0", "#e9dcb8"
    grazing = pose == "grazing"
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
    pen.at()
    return pen.finish(top=(55, 27), seat=(60, 28))


# --- dog --------------------------------------------------------------------------------------------------------------


def _dog_head(pen: Pen, rng: Random, coat: Coat, ears: str, muzzle: str, happy: bool) -> None:
    """Local frame: the skull's centre at the origin, the nose to the right."""
    ear = mix(coat.main, coat.dark, 0.8)
    if ears == "pointed":
        pen.fill(ear, curve([(3, -12), (7, -25), (13, -10)]), edge=True)
    face = pen.radial(mix(coat.main, coat.light, 0.65), coat.main, mix(coat.main, coat.dark, 0.35))
    skull = (oval(0, 0, 16.5, 15.5), limb((8, 5, 10), (20, 7, 7.6)))
    if happy:
        pen.fill("#e8616b", curve([(13, 12), (20, 13), (20, 22), (16, 25), (12, 20)]), edge=True)
    pen.fill(face, *skull, edge=True)
    pen.within(skull, [(muzzle, 1, (limb((13, 10, 7), (24, 9, 8)),))])
    pen.fill(INK, oval(26, 2.6, 4, 3.2, 10))
    pen.fill("#ffffff", oval(25, 1.6, 1.2, 0.8, steps=8), opacity=0.7)
    pen.line(INK, 1.3, [(25, 7), (22, 12), (15, 12.5), (12, 10)])
    if coat.name == "black":
        pen.fill("#8a7060", oval(7, -3.5, 3.6, 3.9))
    pen.eye(7.2, -3.2, 2.9)
    pen.line(ear, 1.3, [(4, -8.5), (7, -9.6), (10, -8.5)])
    if ears == "pointed":
        pen.fill(pen.linear(coat.main, ear), curve([(-13, -8), (-11, -25), (-1, -13)]), edge=True)
        pen.fill("#d98f86", curve([(-10, -11), (-10, -19), (-5, -13)]), opacity=0.8)
    else:
        pen.fill(
            pen.linear(mix(coat.main, ear, 0.6), ear),
            curve([(-8, -13), (-16, -8), (-18, 8), (-12, 16), (-5, 9), (-2, -6)]),
            edge=True,
        )


@dataclass(frozen=True)
class _DogPose:
    """A dog's outlines in one pose, and where its markings, collar and skull go."""

    far_legs: tuple[Outline, ...]
    parts: tuple[Outline, ...]
    spot: tuple[float, float, float, float]  # an oval: x, y, radii
    chest: Outline
    collar: list[Point]
    skull: Point


def _sitting_dog(bulk: float, wag: float, sink: float) -> _DogPose:
    return _DogPose(
        far_legs=(limb((62, 50, 7), (68, 75, 5.6), (70, 95, 5), (75, 96.5, 3.6)),),
        parts=(
            limb((38, 78, 21 + bulk), (48, 58, 18 + bulk), (57, 40, 14), (62, 26, 11)),
            limb((24, 88, 5.5), (8, 92, 5), (-4, 82 + wag, 4), (-8, 72 + wag, 3)),
            limb((56, 52, 9), (60, 76, 6), (60, 94, 5.2), (66, 96.5, 3.6)),
            limb((34, 80, 18 + bulk), (42, 88, 11), (46, 95, 5)),
            limb((34, 95.5, 4.2), (52, 96.3, 4)),
            limb((46, 84, 10), (57, 88, 7)),
        ),
        spot=(36, 66, 15, 12),
        chest=limb((66, 36, 7), (66, 56, 6)),
        collar=[(50, 40), (60, 45), (72, 39)],
        skull=(64.0, sink),
    )


def _dog_on_its_feet(bulk: float, wag: float, sink: float, runs: bool) -> _DogPose:
    skull = (90.0, sink + (8 if runs else 0))
    if runs:
        far_legs = (
            limb((78, 58, 8), (92, 72, 5.2), (106, 79, 4.6), (111, 77, 3.6)),
            limb((24, 58, 9), (20, 76, 6), (3, 84, 4.8), (-2, 90, 4)),
        )
        near_legs = (
            limb((72, 58, 9), (90, 76, 5.8), (102, 90, 4.8), (108, 90, 3.8)),
            limb((26, 56, 13), (14, 72, 7), (-6, 80, 5), (-14, 78, 4)),
        )
        tail = limb((16, 44, 5), (2, 36, 4.6), (-12, 34 + wag, 3.4))
    else:
        far_legs = (
            limb((80, 58, 8), (82, 78, 5.4), (80, 94, 4.8), (85, 95, 3.6)),
            limb((30, 58, 9), (26, 78, 5.6), (32, 94, 4.8), (37, 95, 3.6)),
        )
        near_legs = (
            limb((72, 58, 10), (73, 78, 6), (71, 94.5, 5.2), (77, 96.3, 3.7)),
            limb((24, 56, 13), (18, 76, 6.6), (22, 94.5, 5.2), (28, 96.3, 3.7)),
        )
        tail = limb((16, 44, 5), (4, 34, 5), (-1 + wag, 20, 4.4), (2 + wag, 11, 3))
    torso = limb((26, 50, 16 + bulk), (48, 53, 15 + bulk), (72, 50, 19 + bulk))
    return _DogPose(
        far_legs,
        parts=(torso, tail, limb((74, 44, 14), (86, skull[1] + 6, 12)), *near_legs),
        spot=(46, 42, 16, 9),
        chest=limb((88, 46, 8), (84, 62, 7)),
        collar=[(72, 34), (81, 45), (95, 44)] if runs else [(70, 30), (80, 40), (94, 39)],
        skull=skull,
    )


def draw_dog(coat: Coat, rng: Random, pose: str) -> Sketch:
    """A friendly dog: a snout, a collar, a wagging tail."""
    pen, body, far = start_pen("dog", coat)
    ears = rng.choice(("floppy", "floppy", "pointed"))
    cream = mix(coat.light, "#fff4e0", 0.6) if coat.name != "white" else "#ffffff"
    muzzle = cream if coat.name != "black" else rng.choice(("#a07a58", "#77727a"))
    band = COATS[rng.choice([name for name in ("red", "blue", "green", "yellow") if name != coat.name])]
    bulk, wag, head_turn = rng.uniform(-1.5, 2), jitter(rng, 5), jitter(rng, 7)
    sink = 25.0 if ears == "pointed" else 17.0  # where the skull's centre is below the top of the ears
    sits, runs = pose == "sitting", pose == "running"
    dog = _sitting_dog(bulk, wag, sink) if sits else _dog_on_its_feet(bulk, wag, sink, runs)
    pen.fill(far, *dog.far_legs, edge=True)
    pen.fill(body, *dog.parts, edge=True)
    marks: list[tuple[str, float, tuple[Outline, ...]]] = [(cream, 0.9 if coat.name != "black" else 0.25, (dog.chest,))]
    x, y, rx, ry = dog.spot
    if rng.random() < 0.5 and coat.name != "white":
        marks.append((mix(coat.main, coat.dark, 0.85), 0.8, (oval(x, y, rx, ry),)))
    elif coat.name == "white" and rng.random() < 0.5:
        marks.append(("#a9876a", 0.85, (oval(x, y, rx * 0.6, ry * 0.7),)))
    pen.within(dog.parts, marks)
    if sits:
        pen.line(pen.edge, 1.3, [(26, 66), (40, 67), (49, 78), (50, 88), (46, 92)], 0.6)
        pen.line(pen.edge, 1.2, [(55, 66), (56.5, 80), (56, 93)], 0.5)
    pen.line(band.dark, 6.4, dog.collar)
    pen.line(band.main, 4.6, dog.collar)
    pen.at(*dog.skull, head_turn)
    _dog_head(pen, rng, coat, ears, muzzle, runs or rng.random() < 0.45)
    pen.at()
    return pen.finish(top=(45, 36))


# --- cat --------------------------------------------------------------------------------------------------------------


def _cat_head(pen: Pen, rng: Random, coat: Coat, stripes: bool, pale: str) -> None:
    """Local frame: the centre of a wide face with two pointed ears."""
    face = pen.radial(mix(coat.main, coat.light, 0.6), coat.main, mix(coat.main, coat.dark, 0.3))
    ears = ([(-18, -4), (-16.5, -26), (-3, -14)], [(3, -14), (17, -26), (18.5, -4)])
    skull = (curve([(-19, 1), (-13, -12), (0, -15), (13, -12), (19.5, 1), (13, 11.5), (0, 14.5), (-13, 11.5)]), *ears)
    pen.fill(face, *skull, edge=True)
    for side in (-1, 1):
        pen.fill("#e79a97", [(side * 15.3, -9), (side * 15, -20), (side * 7.5, -14)], opacity=0.85)
    marks: list[tuple[str, float, tuple[Outline, ...]]] = [(pale, 0.92, (oval(1, 9, 9, 7.2),))]
    if stripes:
        dark = mix(coat.main, coat.dark, 0.9)
        bars = tuple(limb((x, -17, 1.6), (x * 0.8, -8, 0.8)) for x in (-5, 0.5, 6))
        marks.append((dark, 0.85, (*bars, limb((-20, 4, 1.4), (-13, 5, 0.6)), limb((20, 4, 1.4), (14, 5, 0.6)))))
    pen.within(skull, marks)
    iris = rng.choice(("#9fc54d", "#e7b93c", "#62b3c9"))
    for x in (-6.6, 8.2):
        pen.fill(iris, oval(x, -1.5, 4, 4.4))
        pen.fill(INK, oval(x + 0.4, -1.4, 2, 3.9, steps=12))
        pen.fill("#ffffff", oval(x + 1, -3, 1, 1, steps=8))
    pen.fill("#d9747c", curve([(-1.4, 4.6), (3.2, 4.6), (0.9, 7.4)]))
    pen.line(mix(coat.dark, INK, 0.5), 1.1, [(-4, 9), (-1.6, 10.2), (0.9, 7.8), (3.4, 10.2), (5.8, 9)])
    whisker = "#ffffff" if coat.name == "black" else mix(coat.dark, INK, 0.3)
    for side, x in ((-1, -8), (1, 10)):
        for dy in (0, 3):
            pen.line(whisker, 0.7, [(x, 7 + dy), (x + side * 13, 5.5 + 2 * dy)], 0.75)


def draw_cat(coat: Coat, rng: Random, pose: str) -> Sketch:
    """A cat: pointed ears, whiskers, a long tail, sometimes stripes."""
    pen, body, far = start_pen("cat", coat)
    parts: tuple[Outline, ...]
    stripes = rng.random() < (0.75 if coat.name in ("orange", "gray") else 0.0)
    pale = "#fbf3e6" if coat.name != "black" else rng.choice(("#4a4850", "#f1ece4"))
    dark = mix(coat.main, coat.dark, 0.9)
    tip, tilt = jitter(rng, 4), jitter(rng, 7)
    if pose == "standing":
        pen.fill(
            far,
            limb((82, 66, 8), (86, 82, 5.4), (84, 94, 5), (89, 95, 3.8)),
            limb((28, 66, 8), (24, 82, 5.4), (30, 94, 4.8), (35, 95, 3.8)),
            edge=True,
        )
        tail = limb((18, 56, 5), (4, 50, 5), (-5, 36, 5), (-3 + tip, 18, 5), (5 + tip, 8, 3.8))
        parts = (
            limb((26, 60, 17), (52, 63, 15.5), (78, 58, 16.5)),
            limb((76, 54, 14), (88, 40, 13)),
            tail,
            limb((76, 66, 9), (76, 84, 6), (74, 95, 5.2), (80, 96.4, 3.8)),
            limb((24, 64, 13), (18, 82, 6.4), (20, 95, 5.2), (26, 96.4, 3.8)),
        )
        bars = tuple(limb((x, 42, 2.6), (x + 2, 56, 1)) for x in (26, 38, 50, 62))
        chest, head, top = oval(92, 58, 8, 11, 20), (91.0, 27.0), (50.0, 47.0)
    else:
        tail = limb((26, 102, 6), (50, 107.5, 6.4), (74, 106, 5.6), (86, 98 + tip, 4.4))
        parts = (
            curve(
                [(40, 40), (66, 40), (70, 62), (74, 88), (70, 108), (48, 111), (24, 110), (15, 94), (22, 70), (32, 54)]
            ),
        )
        bars = tuple(limb((14, y, 2.6), (34, y + 2, 1)) for y in (70, 82, 94))
        chest, head, top = oval(58, 62, 10, 15), (54.0, 27.0), (50.0, 10.0)
    pen.fill(body, *parts, edge=True)
    marks: list[tuple[str, float, tuple[Outline, ...]]] = [(pale, 0.92, (chest,))]
    if stripes:
        marks.append((dark, 0.8, bars))
    pen.within(parts, marks)
    if pose != "standing":
        pen.line(pen.edge, 1.2, [(34, 86), (43, 90), (45, 100), (40, 108)], 0.6)
        pen.fill(
            body,
            limb((53, 74, 6.4), (53, 96, 5.4), (54, 107, 6)),
            limb((66, 74, 6.4), (66, 96, 5.4), (67, 107, 6)),
            edge=False,
        )
        pen.line(pen.edge, 1.1, [(59.5, 82), (60, 96), (60, 109)], 0.6)
        pen.line(pen.edge, 1.1, [(46.5, 88), (47.5, 98), (47, 109)], 0.5)
        pen.fill(pen.linear(coat.main, mix(coat.main, coat.dark, 0.5)), tail, edge=True)
        if pale == "#fbf3e6":
            pen.fill(pale, oval(54, 108.5, 6.4, 3.6), oval(67, 108.5, 6.4, 3.6))
    pen.at(head[0], head[1], tilt)
    _cat_head(pen, rng, coat, stripes, pale)
    pen.at()
    return pen.finish(top=top)


# --- horse ------------------------------------------------------------------------------------------------------------


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


# --- bird -------------------------------------------------------------------------------------------------------------


def _bird_head(pen: Pen, coat: Coat, beak: str, crest: bool) -> None:
    """Local frame: the middle of a round head, the beak to the right."""
    if crest:
        pen.fill(coat.main, curve([(-6, -17), (-16, -27), (-7, -24), (2, -28), (4, -18)]), edge=True)
    pen.fill(beak, curve([(16, -6), (32, 0), (16, 7)], steps=4), edge=True)
    pen.line(mix(beak, INK, 0.5), 1, [(18, 1), (26, 0.5)])
    paint = pen.radial(mix(coat.main, coat.light, 0.7), coat.main, mix(coat.main, coat.dark, 0.3))
    pen.fill(paint, oval(0, 0, 20, 19))
    if coat.name in ("black", "blue", "green", "red"):
        pen.fill("#fdf8ee", oval(8, -3, 5, 5.2))
    pen.eye(8.5, -3, 3.6)
    pen.fill("#f49a8c", oval(4, 7, 3.6, 2.4), opacity=0.45)


def draw_bird(coat: Coat, rng: Random, pose: str) -> Sketch:
    """A plump little bird, perched or on the wing."""
    pen, body, far = start_pen("bird", coat)
    beak = "#f0a32c" if coat.name != "yellow" else "#e2702a"
    belly = {"black": "#5a5a66", "white": "#ffffff"}.get(coat.name, mix(coat.light, "#fff6e4", 0.55))
    wing = pen.linear(mix(coat.main, coat.dark, 0.3), mix(coat.main, coat.dark, 0.85))
    crest, tilt = rng.random() < 0.4, jitter(rng, 6)
    quill = mix(coat.dark, INK, 0.25)
    if pose == "flying":
        lift = rng.uniform(-6, 8)
        far_wing = curve([(58, 52), (76, 22), (82, -14 - lift), (66, -6 - lift), (50, 8), (40, 34), (40, 50)])
        pen.fill(far, far_wing, edge=True)
        pen.fill(wing, curve([(22, 62), (-14, 54), (-24, 62), (-16, 67), (-24, 76), (-8, 76), (24, 74)]), edge=True)
        torso = (curve([(14, 68), (36, 50), (66, 46), (86, 52), (84, 70), (64, 84), (36, 84)]), oval(88, 52, 20, 19))
        pen.fill(body, *torso, edge=True)
        pen.within(torso, [(belly, 0.9, (oval(58, 84, 34, 16),))])
        pen.at(88, 52, tilt)
        _bird_head(pen, coat, beak, crest)
        pen.at()
        near_wing = [
            (66, 60), (58, 28), (44, 0 - lift), (22, -28 - lift), (14, -20 - lift), (9, -12 - lift), (8, 0 - lift / 2),
            (12, 12), (16, 24), (24, 40), (34, 56), (48, 66),
        ]  # fmt: skip
        pen.fill(wing, curve(near_wing), edge=True)
        for k in range(4):
            tip = (16 + 6 * k, -4 - lift / 2 + 6 * k)
            pen.line(quill, 1.4, [(46 + 4 * k, 52 + 2 * k), (28 + 6 * k, 22 + 4 * k), tip], 0.55)
        pen.line(mix(coat.main, coat.light, 0.7), 2.2, [(58, 42), (46, 12), (28, -16 - lift)], 0.8)
        return pen.finish(top=(50, 50))
    for x in (50, 62):
        pen.line(mix(beak, INK, 0.3), 2.6, [(x, 78), (x + 1, 96)])
        pen.line(mix(beak, INK, 0.3), 2.4, [(x - 5, 98.8), (x + 1, 95.5), (x + 9, 98.8)])
    dip = jitter(rng, 5)
    tail = curve([(26, 58), (2, 78 + dip), (-10, 92 + dip), (0, 96 + dip), (12, 90 + dip), (36, 74)])
    pen.fill(wing, tail, edge=True)
    trunk = curve([(20, 62), (32, 40), (54, 28), (80, 32), (88, 52), (80, 74), (60, 86), (38, 82)])
    torso = (trunk, oval(70, 24, 20, 19))
    pen.fill(body, *torso, edge=True)
    pen.within(torso, [(belly, 0.92, (oval(80, 66, 20, 22, 20),))])
    pen.at(70, 24, tilt)
    _bird_head(pen, coat, beak, crest)
    pen.at()
    pen.fill(wing, curve([(58, 46), (64, 58), (56, 72), (34, 80), (8, 84), (20, 70), (30, 52), (44, 44)]), edge=True)
    for k in range(3):
        pen.line(quill, 1.3, [(54 - 3 * k, 60 + 4 * k), (42 - 3 * k, 69 + 3 * k), (26 - 2 * k, 76 + 2 * k)], 0.6)
    return pen.finish(top=(70, 5))


# --- elephant, giraffe, bear ------------------------------------------------------------------------------------------


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
        (12, 56),
        (21, 54),
        (30, 54),
        (39, 53),
        (48, 53),
        (15, 63),
        (25, 62),
        (34, 62),
        (43, 61),
        (52, 61),
        (20, 69),
        (46, 69),
        (13, 72),
        (52, 71),
        (14, 79),
        (51.5, 78),
    ]
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
    torso = curve(
        [
            (5, 54),
            (14, 32 - bulk / 2),
            (40, 22 - bulk),
            (68, 20),
            (92, 14 - bulk / 2),
            (112, 26),
            (118, 48),
            (106, 70),
            (66, 80),
            (26, 78),
            (9, 68),
        ]
    )
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


ANIMALS: tuple[Kind, ...] = (
    Kind("sheep", draw_sheep, 1.0, ("white", "black", "brown", "gray"), ("standing", "grazing", "lying")),
    Kind("cow", draw_cow, 1.5, ("brown", "black", "white"), ("standing", "grazing")),
    Kind("dog", draw_dog, 0.8, ("brown", "black", "white", "gray", "orange"), ("standing", "sitting", "running")),
    Kind("cat", draw_cat, 0.55, ("black", "orange", "gray", "white"), ("sitting", "standing")),
    Kind("horse", draw_horse, 1.8, ("brown", "black", "white", "gray"), ("standing", "running")),
    Kind("bird", draw_bird, 0.45, ("red", "blue", "yellow", "white", "black", "green"), ("standing", "flying")),
    Kind("elephant", draw_elephant, 2.4, ("gray", "brown")),
    Kind("giraffe", draw_giraffe, 3.2, ("yellow", "orange", "brown")),
    Kind("bear", draw_bear, 1.5, ("brown", "black", "white"), ("standing", "sitting")),
)
