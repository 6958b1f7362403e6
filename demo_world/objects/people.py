"""The children of the demo world: a girl and a boy, posed by joints and dressed in the coat's colour."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import cos, pi, sin
from random import Random

from demo_world.objects.pen import INK, Outline, Pen, Point, curve, fleece, limb, moved, oval
from demo_world.svg import COATS, Coat, Kind, Sketch, mix


@dataclass(frozen=True)
class Pose:
    """Where the joints are; the floor of a standing child is at y = 100, the crown at about 0."""

    hip: Point
    neck: Point
    head: Point
    tilt: float  # of the head, degrees
    near_leg: tuple[Point, Point]  # knee, ankle
    far_leg: tuple[Point, Point]
    near_arm: tuple[Point, Point]  # elbow, hand
    far_arm: tuple[Point, Point]


POSES: dict[str, Pose] = {
    "standing": Pose(
        (0, 60),
        (0, 31),
        (0.5, 15),
        0,
        ((-4.6, 78), (-5, 95)),
        ((4.6, 78), (5.4, 95)),
        ((-12.5, 45), (-13, 57)),
        ((12.5, 44), (16, 54)),
    ),
    "holding": Pose(
        (0, 60),
        (0, 31),
        (-0.5, 15),
        -6,
        ((-4.6, 78), (-5.6, 95)),
        ((4.8, 78), (6, 95)),
        ((-12.5, 45), (-13, 57)),
        ((18, 38), (26.5, 25.5)),
    ),
    "sitting": Pose(
        (0, 62),
        (-0.5, 32.5),
        (0.5, 16.5),
        0,
        ((14, 65), (14, 82)),
        ((20, 63.5), (21, 80.5)),
        ((-11, 46), (1, 57)),
        ((12, 46), (15, 56)),
    ),
    "riding": Pose(
        (0, 60),
        (5, 32),
        (8, 16),
        4,
        ((14.5, 69), (10, 86)),
        ((17, 64), (19, 79)),
        ((10, 47), (24, 47.5)),
        ((17, 44), (28, 45)),
    ),
    "skiing": Pose(
        (-5, 64),
        (5, 39),
        (10.5, 24),
        6,
        ((8, 78), (-1, 95.5)),
        ((15, 77), (7, 94.5)),
        ((-3, 54), (12, 59)),
        ((15, 52), (24, 55)),
    ),
}

SKINS = ("#f8d6bb", "#f2c4a0", "#e3a87c", "#c68656", "#9c6239", "#6f4327")
HAIRS = ("#2a1d1a", "#452a1c", "#6e4526", "#9a6432", "#dcae55", "#b5532a")


def _head(pen: Pen, rng: Random, skin: str, hair: str, style: str, accent: Coat, hat: Coat | None) -> None:
    """The face and the hair in front of it, looking right; the origin is the middle of the face."""
    pen.edge = mix(skin, INK, 0.5)
    pen.fill(mix(skin, "#c2543f", 0.15), oval(-11.3, 2.6, 2.5, 3.2), edge=True)
    face = curve(
        [(-11, -3), (-6, -11), (3, -12.6), (10.5, -8), (12.6, 0), (11.6, 6.4), (6, 11.2), (-1, 11.4), (-8, 8), (-11, 3)]
    )
    pen.fill(pen.radial(mix(skin, "#ffffff", 0.25), skin, mix(skin, "#b5573a", 0.22)), face, edge=True)
    for x in (-3, 9.4):
        pen.fill("#f0655f", oval(x, 5, 2.5, 1.8, steps=14), opacity=0.42)
    if rng.random() < 0.25:
        for x, y in ((2.6, 3.4), (4.4, 4.3), (8.6, 3.6)):
            pen.fill(mix(skin, "#8a4a2a", 0.5), oval(x, y, 0.45, 0.45, steps=6))
    for x in (0.2, 7.8):
        pen.eye(x, 1, 1.75, "#2b1d1c")
    brow = mix(hair, INK, 0.3)
    lift = rng.uniform(-0.8, 0.6)
    pen.line(brow, 0.9, [(-2.1, -2.4 + lift), (0, -3.4 + lift), (1.9, -2.9 + lift)])
    pen.line(brow, 0.9, [(6.2, -2.9 + lift), (8, -3.4 + lift), (9.6, -2.6 + lift)])
    pen.line(mix(skin, "#9a4a32", 0.6), 0.9, [(5, 2.6), (6.2, 4), (4.8, 4.4)])
    if rng.random() < 0.4:
        pen.fill("#a33a3c", curve([(1.4, 6.3), (4.4, 6.8), (7.6, 6.2), (6.6, 9), (4.4, 9.8), (2.3, 9)]))
        pen.fill("#ffffff", curve([(2.2, 6.6), (4.4, 7), (6.9, 6.5), (6, 7.7), (3.2, 7.8)]))
    else:
        pen.line("#96403a", 1.1, [(1.3, 6.7), (4.3, 8.4), (7.4, 6.5)])
    pen.edge = mix(hair, INK, 0.5)
    gloss = pen.linear(mix(hair, "#ffe9c4", 0.22), hair, mix(hair, INK, 0.25))
    if hat is not None and style != "cap":
        pen.fill(gloss, curve([(-12, -5), (-7, -7), (-7.5, 1), (-10, 7), (-12.5, 4)]), edge=True)
        pen.edge = mix(hat.dark, INK, 0.4)
        wool = pen.linear(mix(hat.main, hat.light, 0.5), hat.main, mix(hat.main, hat.dark, 0.5))
        pen.fill(mix(accent.light, "#ffffff", 0.35), fleece(rng, -1.5, -18, 4.3, 4.1, 8), edge=True)
        pen.fill(wool, curve([(-13, -4), (-11.5, -12), (-3, -17), (6, -15), (12, -8.5), (13, -4), (0, -5)]), edge=True)
        pen.fill(accent.main, limb((-12.4, -4.6, 2.5), (0, -6.4, 2.6), (12.2, -4.8, 2.5)), edge=True)
        return
    if style == "cap":
        assert hat is not None
        pen.fill(gloss, curve([(-12.4, -5), (-7, -6), (-7.6, 0), (-9.5, 3), (-12.2, 2)]), edge=True)
        pen.edge = mix(hat.dark, INK, 0.4)
        dome = curve([(-13, -4), (-12, -10.5), (-5, -15.4), (4, -15), (10.5, -10), (12, -4.6), (0, -6)])
        pen.fill(pen.linear(mix(hat.main, hat.light, 0.5), hat.main, mix(hat.main, hat.dark, 0.4)), dome, edge=True)
        pen.fill(
            mix(hat.main, hat.dark, 0.45),
            curve([(4, -6.8), (11, -7.4), (19, -4.8), (20, -3.2), (13, -3.4), (5, -4.6)]),
            edge=True,
        )
        pen.fill(hat.dark, oval(0, -15, 1.6, 1.1, steps=10))
        return
    if style == "curly":
        rim = [
            (-11.5, 1, 4.4),
            (-12, -5, 4.8),
            (-8.6, -10.5, 5),
            (-2, -13, 5),
            (5, -12.4, 4.8),
            (10.4, -8.4, 4.2),
            (0.5, -8.6, 4),
        ]
        pen.fill(gloss, *(fleece(rng, x, y, r, r, 7, 0.3) for x, y, r in rim), edge=True)
    elif style == "short":
        tuft = rng.choice((-1, 1))
        pen.fill(
            gloss,
            curve(
                [
                    (-11, 4),
                    (-13.4, -3),
                    (-11.6, -10),
                    (-4 - tuft, -15),
                    (2 * tuft, -16.6),
                    (5, -14.4),
                    (11, -10.6),
                    (13, -4.4),
                    (11.4, -2.6),
                    (9.4, -6.4),
                    (4.5, -6.6),
                    (1, -8.4),
                    (-3.4, -5.6),
                    (-7.4, -4.8),
                    (-8.6, 0),
                    (-9, 3.6),
                ]
            ),
            edge=True,
        )
        pen.line(mix(hair, "#ffe9c4", 0.35), 1, [(-8, -9), (-3, -12), (3, -12.6)], 0.7)
    else:
        part = rng.choice((-1.0, 3.0))
        pen.fill(
            gloss,
            curve(
                [
                    (-11.2, 8),
                    (-13.6, 0),
                    (-12, -9),
                    (-5, -14.6),
                    (3, -15.2),
                    (10.4, -10.8),
                    (13.4, -3),
                    (13, 3),
                    (11, -2.4),
                    (part + 4, -6.6),
                    (part, -9.4),
                    (part - 4, -5.6),
                    (-8, -1),
                    (-8.6, 6),
                ]
            ),
            edge=True,
        )
        pen.line(mix(hair, "#ffe9c4", 0.4), 1, [(-9.6, -6), (-5, -11), (1, -12.4)], 0.7)
        pen.edge = mix(accent.dark, INK, 0.35)
        extra = rng.choice(("bow", "band", "none"))
        if extra == "bow":
            bow = (
                [(-6, -12.4), (-13, -17), (-12, -9)],
                [(-6, -12.4), (0.5, -18), (1.5, -11)],
                oval(-6, -12.6, 1.9, 1.9),
            )
            pen.fill(accent.main, *bow, edge=True)
        elif extra == "band":
            pen.line(accent.main, 2.2, [(-11, -7.4), (-6.5, -11.6), (-1, -14.6)])


def _back_hair(pen: Pen, hair: str, style: str, accent: Coat, swing: float) -> None:
    """The hair behind the body, in the head's frame."""
    pen.edge = mix(hair, INK, 0.5)
    paint = pen.linear(mix(hair, "#ffe9c4", 0.1), hair, mix(hair, INK, 0.25))
    if style == "long":
        fall = curve(
            [
                (-12, -6),
                (-14.6, 4),
                (-15.5 - swing, 18),
                (-14 - swing, 28),
                (-4, 25),
                (6, 26),
                (12.4, 22),
                (13.6, 10),
                (12.6, -4),
                (0, -12),
            ]
        )
        pen.fill(paint, fall, edge=True)
    elif style == "bob":
        pen.fill(
            paint,
            curve([(-12, -6), (-15, 4), (-14.6, 12), (-8, 14.6), (4, 13), (12.6, 13), (14, 4), (12.6, -4), (0, -12)]),
            edge=True,
        )
    elif style == "pigtails":
        for side in (-1, 1):
            x = -11.5 if side < 0 else 11.5
            tail = limb(
                (x, 0, 3), (x + side * 6.5, 3, 4.6), (x + side * 8 - swing, 12, 4.4), (x + side * 6 - swing, 20, 1.6)
            )
            pen.fill(paint, tail, edge=True)
            pen.fill(accent.main, oval(x + side * 2.4, 0.6, 2.1, 2.7))
    elif style == "ponytail":
        pen.fill(
            paint,
            limb((-8, -9, 3), (-16, -8, 4.6), (-20 - swing, 2, 5), (-18 - swing, 14, 3.6), (-21 - swing, 21, 1.2)),
            edge=True,
        )
        pen.fill(accent.main, oval(-11.6, -9, 2.4, 2.8))
    elif style == "braids":
        for x in (-11, 9.5):
            beads = [oval(x - swing * k / 4, 6 + 4.4 * k, 3.5 - 0.25 * k, 3, steps=14) for k in range(5)]
            pen.fill(paint, *beads, limb((x - swing, 27, 1.6), (x - swing, 31, 0.8)), edge=True)
            pen.fill(accent.main, oval(x - swing, 26.4, 2, 1.5, steps=12))


def _pattern(rng: Random, girl: bool, accent: Coat, coat: Coat) -> tuple[str, str, float, list[Outline]]:
    """What is on the cloth: ``(name, paint, opacity, outlines)``; the coat stays the main colour."""
    pale = "#ffffff" if coat.name not in ("white", "yellow") else accent.main
    choice = rng.choice(("plain", "plain", "dots", "hem") if girl else ("plain", "plain", "stripes", "badge"))
    if choice == "dots":
        return (
            choice,
            pale,
            0.85,
            [
                oval(x + (3.4 if row % 2 else 0), 34 + row * 6.2, 1.15, 1.15, steps=8)
                for row in range(8)
                for x in range(-20, 36, 7)
            ],
        )
    if choice == "stripes":
        return choice, pale, 0.75, [[(-25, y), (35, y), (35, y + 2.3), (-25, y + 2.3)] for y in (38.5, 47)]
    if choice == "badge":
        ring = [
            (4.4 * (1 if k % 2 else 0.45) * sin(k * pi / 5), 4.4 * (1 if k % 2 else 0.45) * cos(k * pi / 5))
            for k in range(10)
        ]
        return choice, pale, 0.95, [moved(ring, 2.5, 44)]
    return choice, pale, 0.0, []


def draw_child(kind: str, coat: Coat, rng: Random, pose: str) -> Sketch:
    """A girl (in a dress) or a boy (in a shirt and trousers); skiers wear a jacket and a woolly hat."""
    girl, p = kind == "girl", POSES[pose]
    pen = Pen(kind)
    pen.width = 1.3
    skin, hair = rng.choice(SKINS), rng.choice(HAIRS)
    if SKINS.index(skin) >= 3:  # a face must stand out from its hair at 40 px
        hair = rng.choice(HAIRS[:2])
    accents = [c for c in ("red", "yellow", "blue", "green", "pink", "white", "orange") if c != coat.name]
    accent = COATS[rng.choice(accents)]
    ski = pose == "skiing"
    style = rng.choice(
        ("long", "pigtails", "ponytail", "bob", "braids") if girl else ("short", "short", "curly", "cap")
    )
    if ski:
        style = rng.choice(("long", "braids")) if girl else "short"
    hat_coat = coat if rng.random() < 0.5 else accent
    hat = hat_coat if ski or style == "cap" else None
    swing = rng.uniform(0, 3) + (4 if pose in ("riding", "skiing") else 0)
    cloth_edge = mix(coat.dark, INK, 0.75 if coat.name == "black" else 0.4)
    cloth = pen.linear(mix(coat.main, coat.light, 0.5), coat.main, mix(coat.main, coat.dark, 0.35))
    far_cloth = mix(coat.main, coat.dark, 0.5)
    trousers = rng.choice(
        [
            c
            for c in ("#34507e", "#5b4632", "#4b5058", "#2f5a4a", "#8a7a5c")
            if not (coat.name == "blue" and c == "#34507e")
        ]
    )
    shorts = not ski and not girl and rng.random() < 0.4
    shoe = rng.choice(("#b23b36", "#3a4a66", "#5a3b28", "#e9e4da", "#2f2c33"))
    sleeves = "long" if ski or rng.random() < (0.35 if girl else 0.45) else "short"
    jacket = ski
    (hx, hy), (nx, ny), (cx, cy) = p.hip, p.neck, p.head
    tilt = p.tilt + rng.uniform(-5, 5)
    seated, upright = pose in ("sitting", "riding"), pose in ("standing", "holding")

    def leg(knee: Point, ankle: Point, far: bool) -> None:
        """Skin, then sock and shoe, then what is worn over them."""
        start = (hx + (3.6 if far else -3.6), hy) if upright else (hx + (3 if far else 0), hy)
        tone = mix(skin, "#7a3b28", 0.25) if far else skin
        wear = mix(trousers, INK, 0.25) if far else trousers
        thick = 5.0 if girl and not jacket else 5.4
        whole = limb((*start, thick), (*knee, thick - 0.9), (ankle[0], ankle[1] - 1, thick - 1.8))
        bare = girl and not jacket
        pen.edge = mix(tone if bare or shorts else wear, INK, 0.5)
        pen.fill(tone if bare or shorts else wear, whole, edge=True)
        ax, ay = ankle
        if bare or shorts:
            sock = rng_sock
            back = (ax + (knee[0] - ax) * 0.25, ay + (knee[1] - ay) * 0.25)
            pen.fill(mix(sock, INK, 0.15) if far else sock, limb((*back, 3.5), (ax, ay - 1, 3.3)))
        if shorts:
            mid = ((start[0] + knee[0] * 3) / 4, (start[1] + knee[1] * 3) / 4)
            pen.fill(wear, limb((*start, 6), (*mid, 5.6)), edge=True)
        pen.edge = mix(shoe, INK, 0.6)
        boot = [limb((ax - 0.6, ay + 1, 3.2), (ax + 4.6, ay + 1.7, 2.6))]
        if ski:
            boot = [limb((ax, ay - 5, 4), (ax, ay, 4)), limb((ax, ay + 0.6, 3.6), (ax + 6, ay + 1.2, 3))]
        pen.fill(mix(shoe, INK, 0.25) if far else shoe, *boot, edge=True)
        pen.line(mix(shoe, "#ffffff", 0.6), 1, [(ax - 3, ay + 3.6), (ax + 6, ay + 3.6)], 0.8)

    def arm(shoulder: Point, elbow: Point, hand: Point, far: bool) -> None:
        tone = mix(skin, "#7a3b28", 0.18) if far else skin
        mitten = accent.main if ski else tone
        pen.edge = mix(mitten, INK, 0.5)
        whole = limb((*shoulder, 3.4), (*elbow, 3.1), (*hand, 2.7))
        pen.fill(tone, whole, oval(hand[0], hand[1], 3.4, 3.4), edge=True)
        if ski:
            pen.fill(mitten, oval(hand[0], hand[1], 4, 3.8), edge=True)
        pen.edge = cloth_edge
        end = (hand[0] * 0.75 + elbow[0] * 0.25, hand[1] * 0.75 + elbow[1] * 0.25)
        mid = (elbow[0] * 0.6 + shoulder[0] * 0.4, elbow[1] * 0.6 + shoulder[1] * 0.4)
        tube = (
            limb((*shoulder, 4.3), (*elbow, 4), (*end, 3.6))
            if sleeves == "long"
            else limb((*shoulder, 4.6), (*mid, 4.8))
        )
        pen.fill(far_cloth if far else cloth, tube, edge=True)

    def pole(hand: Point, far: bool) -> None:
        tip = (hand[0] - 30, hand[1] + 37.5 if not far else hand[1] + 35)
        top = (hand[0] + 4.4, hand[1] - 5.5)
        pen.line(INK, 1.9, [top, tip])
        pen.line("#c9ced6", 0.9, [top, tip])
        pen.fill(INK, oval(tip[0] + 3.4, tip[1] - 4.2, 3.6, 1.3, 20, 12))

    rng_sock = rng.choice(("#ffffff", "#f4f0e6", accent.light))
    pen.at(cx, cy, tilt)
    if girl:
        _back_hair(pen, hair, style, accent, swing)
    pen.at()
    spread = 8.5 if upright else 7
    near_shoulder = (nx - spread, ny + 3.6) if pose not in ("riding", "skiing") else (nx - 3, ny + 4)
    far_shoulder = (nx + spread, ny + 3.6) if pose not in ("riding", "skiing") else (nx + 4.5, ny + 4)
    if ski:
        pole(p.far_arm[1], True)
    if pose != "holding":
        arm(far_shoulder, *p.far_arm, True)
    leg(*p.far_leg, True)
    if not seated:
        leg(*p.near_leg, False)
    pen.edge = mix(skin, INK, 0.5)
    pen.fill(mix(skin, "#9a4a32", 0.3), limb((nx, ny, 3.6), (cx * 0.5 + nx * 0.5, (cy + ny) / 2, 3.6)))
    pen.edge = cloth_edge
    w = 9.4 if upright else 8.6
    if upright:
        if girl:
            flare, hem = rng.uniform(14.5, 18), rng.uniform(71, 78)
            outline = curve(
                [
                    (-4, 28.6),
                    (4, 28.6),
                    (9, 31.5),
                    (8.6, 44),
                    (12, 56),
                    (flare, hem),
                    (0, hem + 2.4),
                    (-flare, hem),
                    (-12, 56),
                    (-8.6, 44),
                    (-9, 31.5),
                ]
            )
            garment: tuple[Outline, ...] = (outline,)
        else:
            garment = (
                curve([(-4, 28.6), (4, 28.6), (w, 32), (9, 46), (9.6, 62), (0, 63.4), (-9.6, 62), (-9, 46), (-w, 32)]),
            )
    else:
        trunk = limb((nx, ny + 5.4, 8), ((hx + nx) / 2, (hy + ny) / 2 + 1, 8), (hx, hy - 2.4, 8.6))
        garment = (trunk,)
        if girl and not jacket:
            (kx, ky), (fx, fy) = p.near_leg[0], p.far_leg[0]
            kx, ky, fx, fy = (0.68 * k + 0.32 * h for k, h in ((kx, hx), (ky, hy), (fx, hx), (fy, hy)))
            skirt = curve(
                [
                    (hx - 7, hy - 10),
                    (hx + 8, hy - 9),
                    (fx + 1, fy - 6.4),
                    (fx + 4.6, fy),
                    (kx + 5, ky + 5),
                    (kx + 1, ky + 9),
                    (kx - 6, ky + 8.4),
                    (hx, hy + 8.4),
                    (hx - 9, hy + 7),
                    (hx - 10, hy - 1),
                ]
            )
            garment = (trunk, skirt)
    if girl and seated:
        leg(*p.near_leg, False)
        pen.edge = cloth_edge
    pen.fill(cloth, *garment, edge=True)
    name, paint, opacity, shapes = _pattern(rng, girl, accent, coat)
    shift = (nx + hx) / 2 if not upright else 0.0
    marks: list[tuple[str, float, tuple[Outline, ...]]] = [
        (
            mix(coat.dark, INK, 0.2),
            0.2,
            (curve([(hx - 22, 30), (nx - 6.5, 30), (hx - 5, 50), (hx - 7, 66), (hx - 5, 84), (hx - 22, 84)]),),
        )
    ]
    if shapes:
        marks.append((paint, opacity, tuple(moved(shape, shift, 0) for shape in shapes)))
    if girl and upright:
        if name == "hem":
            marks.append((paint, 0.9, (limb((-22, hem - 3.4, 1.2), (0, hem - 1, 1.2), (22, hem - 3.4, 1.2)),)))
        for x in (-6, 1, 7):
            marks.append((coat.dark, 0.3, (limb((x * 0.7, 56, 0.3), (x * 1.2, hem + 3, 0.9)),)))
        marks.append(
            (
                mix(coat.dark, INK, 0.1) if rng.random() < 0.6 else accent.main,
                0.8,
                (limb((-12, 48.6, 1.2), (0, 49.8, 1.2), (12, 48.6, 1.2)),),
            )
        )
    pen.within(garment, marks)
    if seated and not girl:
        leg(*p.near_leg, False)
        pen.edge = cloth_edge
    if girl and not jacket:
        pen.fill(
            "#ffffff" if coat.name != "white" else accent.light,
            curve(
                [
                    (nx - 6, ny - 2.4),
                    (nx, ny),
                    (nx + 6, ny - 2.4),
                    (nx + 5, ny + 1.6),
                    (nx, ny + 2.6),
                    (nx - 5, ny + 1.6),
                ]
            ),
            opacity=0.95,
        )
    elif jacket:
        pen.line(accent.main, 1.4, [(nx + 5, ny + 6), (hx + 8, hy - 4)])
        pen.edge = mix(accent.dark, INK, 0.4)
        pen.fill(
            accent.main,
            limb((nx - 6, ny - 0.6, 2.6), (nx + 1, ny + 1, 2.8), (nx + 7, ny - 1.6, 2.6)),
            limb((nx - 6, ny, 2.4), (nx - 14 - swing / 2, ny + 3, 2.6), (nx - 19 - swing, ny + 1, 2)),
            edge=True,
        )
    pen.at(cx, cy, tilt)
    _head(pen, rng, skin, hair, style, accent, hat)
    pen.at()
    if ski:
        pole(p.near_arm[1], False)
    if pose == "holding":
        arm(far_shoulder, *p.far_arm, False)
    arm(near_shoulder, *p.near_arm, False)
    hand = p.near_arm[1] if pose in ("riding", "skiing") else p.far_arm[1]
    return pen.finish(hand=hand, hip=(hx, hy + 7), top=(cx, cy - 14))


GIRL = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "white")
BOY = ("red", "orange", "yellow", "green", "blue", "purple", "white", "black")

PEOPLE: tuple[Kind, ...] = (
    Kind("girl", partial(draw_child, "girl"), 1.5, GIRL, tuple(POSES)),
    Kind("boy", partial(draw_child, "boy"), 1.5, BOY, tuple(POSES)),
)
