"""The heads of the demo world's children: face, hair, caps and woolly hats, looking right."""

from __future__ import annotations

from random import Random

from demo_world.objects.pen import INK, Pen, curve, fleece, limb, oval
from demo_world.svg import Coat, mix


def draw_head(pen: Pen, rng: Random, skin: str, hair: str, style: str, accent: Coat, hat: Coat | None) -> None:
    """The face and what is in front of it, hair or hat; the origin is the middle of the face."""
    _face(pen, rng, skin, hair)
    pen.edge = mix(hair, INK, 0.5)
    gloss = pen.linear(mix(hair, "#ffe9c4", 0.22), hair, mix(hair, INK, 0.25))
    if hat is not None:
        if style == "cap":
            _cap(pen, gloss, hat)
        else:
            _woolly_hat(pen, rng, gloss, accent, hat)
    elif style == "curly":
        _curls(pen, rng, gloss)
    elif style == "short":
        _short_hair(pen, rng, hair, gloss)
    else:
        _parted_hair(pen, rng, hair, gloss)
        _ornament(pen, rng, accent)


def _face(pen: Pen, rng: Random, skin: str, hair: str) -> None:
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


def _woolly_hat(pen: Pen, rng: Random, gloss: str, accent: Coat, hat: Coat) -> None:
    pen.fill(gloss, curve([(-12, -5), (-7, -7), (-7.5, 1), (-10, 7), (-12.5, 4)]), edge=True)
    pen.edge = mix(hat.dark, INK, 0.4)
    wool = pen.linear(mix(hat.main, hat.light, 0.5), hat.main, mix(hat.main, hat.dark, 0.5))
    pen.fill(mix(accent.light, "#ffffff", 0.35), fleece(rng, -1.5, -18, 4.3, 4.1, 8), edge=True)
    pen.fill(wool, curve([(-13, -4), (-11.5, -12), (-3, -17), (6, -15), (12, -8.5), (13, -4), (0, -5)]), edge=True)
    pen.fill(accent.main, limb((-12.4, -4.6, 2.5), (0, -6.4, 2.6), (12.2, -4.8, 2.5)), edge=True)


def _cap(pen: Pen, gloss: str, hat: Coat) -> None:
    pen.fill(gloss, curve([(-12.4, -5), (-7, -6), (-7.6, 0), (-9.5, 3), (-12.2, 2)]), edge=True)
    pen.edge = mix(hat.dark, INK, 0.4)
    dome = curve([(-13, -4), (-12, -10.5), (-5, -15.4), (4, -15), (10.5, -10), (12, -4.6), (0, -6)])
    pen.fill(pen.linear(mix(hat.main, hat.light, 0.5), hat.main, mix(hat.main, hat.dark, 0.4)), dome, edge=True)
    peak = curve([(4, -6.8), (11, -7.4), (19, -4.8), (20, -3.2), (13, -3.4), (5, -4.6)])
    pen.fill(mix(hat.main, hat.dark, 0.45), peak, edge=True)
    pen.fill(hat.dark, oval(0, -15, 1.6, 1.1, steps=10))


def _curls(pen: Pen, rng: Random, gloss: str) -> None:
    rim = (
        (-11.5, 1, 4.4), (-12, -5, 4.8), (-8.6, -10.5, 5), (-2, -13, 5), (5, -12.4, 4.8), (10.4, -8.4, 4.2),
        (0.5, -8.6, 4),
    )  # fmt: skip
    pen.fill(gloss, *(fleece(rng, x, y, r, r, 7, 0.3) for x, y, r in rim), edge=True)


def _short_hair(pen: Pen, rng: Random, hair: str, gloss: str) -> None:
    tuft = rng.choice((-1, 1))
    mop = [
        (-11, 4), (-13.4, -3), (-11.6, -10), (-4 - tuft, -15), (2 * tuft, -16.6), (5, -14.4), (11, -10.6), (13, -4.4),
        (11.4, -2.6), (9.4, -6.4), (4.5, -6.6), (1, -8.4), (-3.4, -5.6), (-7.4, -4.8), (-8.6, 0), (-9, 3.6),
    ]  # fmt: skip
    pen.fill(gloss, curve(mop), edge=True)
    pen.line(mix(hair, "#ffe9c4", 0.35), 1, [(-8, -9), (-3, -12), (3, -12.6)], 0.7)


def _parted_hair(pen: Pen, rng: Random, hair: str, gloss: str) -> None:
    part = rng.choice((-1.0, 3.0))
    fringe = [
        (-11.2, 8), (-13.6, 0), (-12, -9), (-5, -14.6), (3, -15.2), (10.4, -10.8), (13.4, -3), (13, 3), (11, -2.4),
        (part + 4, -6.6), (part, -9.4), (part - 4, -5.6), (-8, -1), (-8.6, 6),
    ]  # fmt: skip
    pen.fill(gloss, curve(fringe), edge=True)
    pen.line(mix(hair, "#ffe9c4", 0.4), 1, [(-9.6, -6), (-5, -11), (1, -12.4)], 0.7)


def _ornament(pen: Pen, rng: Random, accent: Coat) -> None:
    """A bow, a hair band or nothing."""
    pen.edge = mix(accent.dark, INK, 0.35)
    extra = rng.choice(("bow", "band", "none"))
    if extra == "bow":
        loops = [(-6, -12.4), (-13, -17), (-12, -9)], [(-6, -12.4), (0.5, -18), (1.5, -11)]
        pen.fill(accent.main, *loops, oval(-6, -12.6, 1.9, 1.9), edge=True)
    elif extra == "band":
        pen.line(accent.main, 2.2, [(-11, -7.4), (-6.5, -11.6), (-1, -14.6)])


def draw_back_hair(pen: Pen, hair: str, style: str, accent: Coat, swing: float) -> None:
    """The hair behind the body, in the head's frame; it swings backwards by ``swing`` units."""
    pen.edge = mix(hair, INK, 0.5)
    paint = pen.linear(mix(hair, "#ffe9c4", 0.1), hair, mix(hair, INK, 0.25))
    if style == "long":
        fall = [
            (-12, -6), (-14.6, 4), (-15.5 - swing, 18), (-14 - swing, 28), (-4, 25), (6, 26), (12.4, 22), (13.6, 10),
            (12.6, -4), (0, -12),
        ]  # fmt: skip
        pen.fill(paint, curve(fall), edge=True)
    elif style == "bob":
        bob = [(-12, -6), (-15, 4), (-14.6, 12), (-8, 14.6), (4, 13), (12.6, 13), (14, 4), (12.6, -4), (0, -12)]
        pen.fill(paint, curve(bob), edge=True)
    elif style == "pigtails":
        for x, side in ((-11.5, -1), (11.5, 1)):
            tip = (x + side * 8 - swing, 12, 4.4), (x + side * 6 - swing, 20, 1.6)
            pen.fill(paint, limb((x, 0, 3), (x + side * 6.5, 3, 4.6), *tip), edge=True)
            pen.fill(accent.main, oval(x + side * 2.4, 0.6, 2.1, 2.7))
    elif style == "ponytail":
        end = (-20 - swing, 2, 5), (-18 - swing, 14, 3.6), (-21 - swing, 21, 1.2)
        pen.fill(paint, limb((-8, -9, 3), (-16, -8, 4.6), *end), edge=True)
        pen.fill(accent.main, oval(-11.6, -9, 2.4, 2.8))
    elif style == "braids":
        for x in (-11, 9.5):
            beads = [oval(x - swing * k / 4, 6 + 4.4 * k, 3.5 - 0.25 * k, 3, steps=14) for k in range(5)]
            pen.fill(paint, *beads, limb((x - swing, 27, 1.6), (x - swing, 31, 0.8)), edge=True)
            pen.fill(accent.main, oval(x - swing, 26.4, 2, 1.5, steps=12))
