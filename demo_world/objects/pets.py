"""Dog, cat and bird."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from demo_world.objects.pen import INK, Outline, Pen, Point, curve, jitter, limb, oval, start_pen
from demo_world.svg import COATS, Coat, Sketch, mix


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
