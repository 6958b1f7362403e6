"""The children of the demo world: a girl and a boy, posed by joints and dressed in the coat's colour."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import cos, pi, sin
from random import Random

from demo_world.objects.heads import draw_back_hair, draw_head
from demo_world.objects.pen import INK, Outline, Pen, Point, curve, limb, moved, oval
from demo_world.svg import COATS, Coat, Kind, Sketch, mix

Mark = tuple[str, float, tuple[Outline, ...]]  # paint, opacity, outlines


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
        (0, 60), (0, 31), (0.5, 15), 0,
        ((-4.6, 78), (-5, 95)), ((4.6, 78), (5.4, 95)), ((-12.5, 45), (-13, 57)), ((12.5, 44), (16, 54)),
    ),
    "holding": Pose(
        (0, 60), (0, 31), (-0.5, 15), -6,
        ((-4.6, 78), (-5.6, 95)), ((4.8, 78), (6, 95)), ((-12.5, 45), (-13, 57)), ((18, 38), (26.5, 25.5)),
    ),
    "sitting": Pose(
        (0, 62), (-0.5, 32.5), (0.5, 16.5), 0,
        ((14, 65), (14, 82)), ((20, 63.5), (21, 80.5)), ((-11, 46), (1, 57)), ((12, 46), (15, 56)),
    ),
    "riding": Pose(
        (0, 60), (5, 32), (8, 16), 4,
        ((14.5, 69), (10, 86)), ((17, 64), (19, 79)), ((10, 47), (24, 47.5)), ((17, 44), (28, 45)),
    ),
    "skiing": Pose(
        (-5, 64), (5, 39), (10.5, 24), 6,
        ((8, 78), (-1, 95.5)), ((15, 77), (7, 94.5)), ((-3, 54), (12, 59)), ((15, 52), (24, 55)),
    ),
}  # fmt: skip

SKINS = ("#f8d6bb", "#f2c4a0", "#e3a87c", "#c68656", "#9c6239", "#6f4327")
HAIRS = ("#2a1d1a", "#452a1c", "#6e4526", "#9a6432", "#dcae55", "#b5532a")


@dataclass(frozen=True)
class Looks:
    """What chance decides of a child: its colours, its hair, its clothes."""

    skin: str
    hair: str
    accent: Coat  # the second colour of the clothes
    style: str  # of the hair; "cap" for short hair under one
    hat: Coat | None
    swing: float  # how far long hair streams backwards
    trousers: str
    shorts: bool
    shoe: str
    long_sleeves: bool
    tilt: float  # of the head, degrees
    sock: str


def _choose_looks(girl: bool, coat: Coat, rng: Random, pose: str) -> Looks:
    skis = pose == "skiing"
    skin, hair = rng.choice(SKINS), rng.choice(HAIRS)
    if SKINS.index(skin) >= 3:  # a face must stand out from its hair at 40 px
        hair = rng.choice(HAIRS[:2])
    accents = [name for name in ("red", "yellow", "blue", "green", "pink", "white", "orange") if name != coat.name]
    accent = COATS[rng.choice(accents)]
    styles = ("long", "pigtails", "ponytail", "bob", "braids") if girl else ("short", "short", "curly", "cap")
    style = rng.choice(styles)
    if skis:
        style = rng.choice(("long", "braids")) if girl else "short"
    hat = coat if rng.random() < 0.5 else accent
    swing = rng.uniform(0, 3) + (4 if pose in ("riding", "skiing") else 0)
    trousers = ["#34507e", "#5b4632", "#4b5058", "#2f5a4a", "#8a7a5c"]
    return Looks(
        skin, hair, accent, style, hat if skis or style == "cap" else None, swing,
        trousers=rng.choice(trousers[1:] if coat.name == "blue" else trousers),
        shorts=not skis and not girl and rng.random() < 0.4,
        shoe=rng.choice(("#b23b36", "#3a4a66", "#5a3b28", "#e9e4da", "#2f2c33")),
        long_sleeves=skis or rng.random() < (0.35 if girl else 0.45),
        tilt=POSES[pose].tilt + rng.uniform(-5, 5),
        sock=rng.choice(("#ffffff", "#f4f0e6", accent.light)),
    )  # fmt: skip


class _Child:
    """A child being drawn: its pen, its joints and its looks. The parts are drawn from the back to the front."""

    def __init__(self, kind: str, coat: Coat, rng: Random, pose: str) -> None:
        self.girl, self.coat, self.rng, self.pose = kind == "girl", coat, rng, POSES[pose]
        self.seated, self.upright = pose in ("sitting", "riding"), pose in ("standing", "holding")
        self.skis, self.holds, self.leans = pose == "skiing", pose == "holding", pose in ("riding", "skiing")
        self.dressed = self.girl and not self.skis
        self.pen = Pen(kind)
        self.pen.width = 1.3
        self.looks = _choose_looks(self.girl, coat, rng, pose)
        self.cloth_edge = mix(coat.dark, INK, 0.75 if coat.name == "black" else 0.4)
        self.cloth = self.pen.linear(mix(coat.main, coat.light, 0.5), coat.main, mix(coat.main, coat.dark, 0.35))

    def behind(self) -> None:
        """What the body hides a part of: the hair at the back, the far arm and pole, the legs, the neck."""
        pen, pose, looks = self.pen, self.pose, self.looks
        if self.girl:
            pen.at(*pose.head, looks.tilt)
            draw_back_hair(pen, looks.hair, looks.style, looks.accent, looks.swing)
            pen.at()
        if self.skis:
            self.pole(pose.far_arm[1], 35)
        if not self.holds:
            self.arm(far=True, shaded=True)
        self.leg(far=True)
        if not self.seated:
            self.leg(far=False)
        (nx, ny), (cx, cy) = pose.neck, pose.head
        neck = limb((nx, ny, 3.6), (cx * 0.5 + nx * 0.5, (cy + ny) / 2, 3.6))
        pen.fill(mix(looks.skin, "#9a4a32", 0.3), neck)

    def clothes(self) -> None:
        """The dress, the shirt or the jacket; a seated girl's near leg is under it, a boy's over it."""
        hem = 0.0
        if self.upright and self.girl:
            flare, hem = self.rng.uniform(14.5, 18), self.rng.uniform(71, 78)
            garment: tuple[Outline, ...] = (_dress(flare, hem),)
        elif self.upright:
            shirt = [(-4, 28.6), (4, 28.6), (9.4, 32), (9, 46), (9.6, 62), (0, 63.4), (-9.6, 62), (-9, 46), (-9.4, 32)]
            garment = (curve(shirt),)
        else:
            garment = (self.trunk(), self.skirt()) if self.dressed else (self.trunk(),)
        if self.seated and self.girl:
            self.leg(far=False)
        self.pen.edge = self.cloth_edge
        self.pen.fill(self.cloth, *garment, edge=True)
        self.pen.within(garment, self.marks(hem))
        if self.seated and not self.girl:
            self.leg(far=False)

    def in_front(self) -> None:
        """Collar or scarf, the head, the near arm and pole."""
        pen, looks = self.pen, self.looks
        if self.dressed:
            self.collar()
        elif self.skis:
            self.scarf()
        pen.at(*self.pose.head, looks.tilt)
        draw_head(pen, self.rng, looks.skin, looks.hair, looks.style, looks.accent, looks.hat)
        pen.at()
        if self.skis:
            self.pole(self.pose.near_arm[1], 37.5)
        if self.holds:
            self.arm(far=True, shaded=False)
        self.arm(far=False, shaded=False)

    def finish(self) -> Sketch:
        (hx, hy), (cx, cy) = self.pose.hip, self.pose.head
        hand = self.pose.near_arm[1] if self.leans else self.pose.far_arm[1]
        return self.pen.finish(hand=hand, hip=(hx, hy + 7), top=(cx, cy - 14))

    def leg(self, far: bool) -> None:
        """Skin, then sock and shoe, then what is worn over them."""
        pen, looks = self.pen, self.looks
        knee, ankle = self.pose.far_leg if far else self.pose.near_leg
        aside = (3.6 if far else -3.6) if self.upright else (3 if far else 0)
        start = (self.pose.hip[0] + aside, self.pose.hip[1])
        wear = mix(looks.trousers, INK, 0.25) if far else looks.trousers
        bare = self.dressed or looks.shorts
        tone = wear
        if bare:
            tone = mix(looks.skin, "#7a3b28", 0.25) if far else looks.skin
        thick = 5.0 if self.dressed else 5.4
        pen.edge = mix(tone, INK, 0.5)
        pen.fill(tone, limb((*start, thick), (*knee, thick - 0.9), (ankle[0], ankle[1] - 1, thick - 1.8)), edge=True)
        if bare:
            back = (ankle[0] + (knee[0] - ankle[0]) * 0.25, ankle[1] + (knee[1] - ankle[1]) * 0.25)
            sock = limb((*back, 3.5), (ankle[0], ankle[1] - 1, 3.3))
            pen.fill(mix(looks.sock, INK, 0.15) if far else looks.sock, sock)
        if looks.shorts:
            middle = ((start[0] + knee[0] * 3) / 4, (start[1] + knee[1] * 3) / 4)
            pen.fill(wear, limb((*start, 6), (*middle, 5.6)), edge=True)
        self.shoe(ankle, far)

    def shoe(self, ankle: Point, far: bool) -> None:
        x, y = ankle
        tone = self.looks.shoe
        self.pen.edge = mix(tone, INK, 0.6)
        boot = [limb((x - 0.6, y + 1, 3.2), (x + 4.6, y + 1.7, 2.6))]
        if self.skis:
            boot = [limb((x, y - 5, 4), (x, y, 4)), limb((x, y + 0.6, 3.6), (x + 6, y + 1.2, 3))]
        self.pen.fill(mix(tone, INK, 0.25) if far else tone, *boot, edge=True)
        self.pen.line(mix(tone, "#ffffff", 0.6), 1, [(x - 3, y + 3.6), (x + 6, y + 3.6)], 0.8)

    def shoulder(self, far: bool) -> Point:
        x, y = self.pose.neck
        if self.leans:
            return (x + 4.5 if far else x - 3), y + 4
        spread = 8.5 if self.upright else 7
        return (x + spread if far else x - spread), y + 3.6

    def arm(self, far: bool, shaded: bool) -> None:
        pen, looks, coat = self.pen, self.looks, self.coat
        shoulder, (elbow, hand) = self.shoulder(far), self.pose.far_arm if far else self.pose.near_arm
        tone = mix(looks.skin, "#7a3b28", 0.18) if shaded else looks.skin
        mitten = looks.accent.main if self.skis else tone
        pen.edge = mix(mitten, INK, 0.5)
        whole = limb((*shoulder, 3.4), (*elbow, 3.1), (*hand, 2.7))
        pen.fill(tone, whole, oval(hand[0], hand[1], 3.4, 3.4), edge=True)
        if self.skis:
            pen.fill(mitten, oval(hand[0], hand[1], 4, 3.8), edge=True)
        pen.edge = self.cloth_edge
        if looks.long_sleeves:
            end = (hand[0] * 0.75 + elbow[0] * 0.25, hand[1] * 0.75 + elbow[1] * 0.25)
            sleeve = limb((*shoulder, 4.3), (*elbow, 4), (*end, 3.6))
        else:
            middle = (elbow[0] * 0.6 + shoulder[0] * 0.4, elbow[1] * 0.6 + shoulder[1] * 0.4)
            sleeve = limb((*shoulder, 4.6), (*middle, 4.8))
        pen.fill(mix(coat.main, coat.dark, 0.5) if shaded else self.cloth, sleeve, edge=True)

    def pole(self, hand: Point, drop: float) -> None:
        """A ski pole, its tip ``drop`` below the hand."""
        tip, top = (hand[0] - 30, hand[1] + drop), (hand[0] + 4.4, hand[1] - 5.5)
        self.pen.line(INK, 1.9, [top, tip])
        self.pen.line("#c9ced6", 0.9, [top, tip])
        self.pen.fill(INK, oval(tip[0] + 3.4, tip[1] - 4.2, 3.6, 1.3, 20, 12))

    def trunk(self) -> Outline:
        (hx, hy), (nx, ny) = self.pose.hip, self.pose.neck
        return limb((nx, ny + 5.4, 8), ((hx + nx) / 2, (hy + ny) / 2 + 1, 8), (hx, hy - 2.4, 8.6))

    def skirt(self) -> Outline:
        """The skirt of a seated girl, over her knees."""
        hx, hy = self.pose.hip
        (kx, ky), (fx, fy) = self.pose.near_leg[0], self.pose.far_leg[0]
        kx, ky, fx, fy = (0.68 * k + 0.32 * h for k, h in ((kx, hx), (ky, hy), (fx, hx), (fy, hy)))
        return curve([
            (hx - 7, hy - 10), (hx + 8, hy - 9), (fx + 1, fy - 6.4), (fx + 4.6, fy), (kx + 5, ky + 5), (kx + 1, ky + 9),
            (kx - 6, ky + 8.4), (hx, hy + 8.4), (hx - 9, hy + 7), (hx - 10, hy - 1),
        ])  # fmt: skip

    def marks(self, hem: float) -> list[Mark]:
        """What is painted on the clothes: the shade at the back, a pattern, a dress's folds and belt."""
        (hx, _), (nx, _), coat, rng = self.pose.hip, self.pose.neck, self.coat, self.rng
        name, paint, opacity, shapes = _pattern(rng, self.girl, self.looks.accent, coat)
        shift = 0.0 if self.upright else (nx + hx) / 2
        shade = curve([(hx - 22, 30), (nx - 6.5, 30), (hx - 5, 50), (hx - 7, 66), (hx - 5, 84), (hx - 22, 84)])
        marks: list[Mark] = [(mix(coat.dark, INK, 0.2), 0.2, (shade,))]
        if shapes:
            marks.append((paint, opacity, tuple(moved(shape, shift, 0) for shape in shapes)))
        if self.girl and self.upright:
            if name == "hem":
                marks.append((paint, 0.9, (limb((-22, hem - 3.4, 1.2), (0, hem - 1, 1.2), (22, hem - 3.4, 1.2)),)))
            for x in (-6, 1, 7):
                marks.append((coat.dark, 0.3, (limb((x * 0.7, 56, 0.3), (x * 1.2, hem + 3, 0.9)),)))
            belt = mix(coat.dark, INK, 0.1) if rng.random() < 0.6 else self.looks.accent.main
            marks.append((belt, 0.8, (limb((-12, 48.6, 1.2), (0, 49.8, 1.2), (12, 48.6, 1.2)),)))
        return marks

    def collar(self) -> None:
        x, y = self.pose.neck
        outline = [(x - 6, y - 2.4), (x, y), (x + 6, y - 2.4), (x + 5, y + 1.6), (x, y + 2.6), (x - 5, y + 1.6)]
        self.pen.fill("#ffffff" if self.coat.name != "white" else self.looks.accent.light, curve(outline), opacity=0.95)

    def scarf(self) -> None:
        """The jacket's zip, and a scarf that streams backwards."""
        (hx, hy), (x, y), accent, swing = self.pose.hip, self.pose.neck, self.looks.accent, self.looks.swing
        self.pen.line(accent.main, 1.4, [(x + 5, y + 6), (hx + 8, hy - 4)])
        self.pen.edge = mix(accent.dark, INK, 0.4)
        ends = limb((x - 6, y, 2.4), (x - 14 - swing / 2, y + 3, 2.6), (x - 19 - swing, y + 1, 2))
        self.pen.fill(
            accent.main, limb((x - 6, y - 0.6, 2.6), (x + 1, y + 1, 2.8), (x + 7, y - 1.6, 2.6)), ends, edge=True
        )


def _dress(flare: float, hem: float) -> Outline:
    return curve([
        (-4, 28.6), (4, 28.6), (9, 31.5), (8.6, 44), (12, 56), (flare, hem), (0, hem + 2.4), (-flare, hem), (-12, 56),
        (-8.6, 44), (-9, 31.5),
    ])  # fmt: skip


def _pattern(rng: Random, girl: bool, accent: Coat, coat: Coat) -> tuple[str, str, float, list[Outline]]:
    """What is on the cloth: ``(name, paint, opacity, outlines)``; the coat stays the main colour."""
    pale = "#ffffff" if coat.name not in ("white", "yellow") else accent.main
    choice = rng.choice(("plain", "plain", "dots", "hem") if girl else ("plain", "plain", "stripes", "badge"))
    if choice == "dots":
        spots = [(x + (3.4 if row % 2 else 0), 34 + row * 6.2) for row in range(8) for x in range(-20, 36, 7)]
        return choice, pale, 0.85, [oval(x, y, 1.15, 1.15, steps=8) for x, y in spots]
    if choice == "stripes":
        return choice, pale, 0.75, [[(-25, y), (35, y), (35, y + 2.3), (-25, y + 2.3)] for y in (38.5, 47)]
    if choice == "badge":
        radii = [4.4 * (1 if k % 2 else 0.45) for k in range(10)]
        star = [(radius * sin(k * pi / 5), radius * cos(k * pi / 5)) for k, radius in enumerate(radii)]
        return choice, pale, 0.95, [moved(star, 2.5, 44)]
    return choice, pale, 0.0, []


def draw_child(kind: str, coat: Coat, rng: Random, pose: str) -> Sketch:
    """A girl (in a dress) or a boy (in a shirt and trousers); skiers wear a jacket and a woolly hat."""
    child = _Child(kind, coat, rng, pose)
    child.behind()
    child.clothes()
    child.in_front()
    return child.finish()


GIRL = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "white")
BOY = ("red", "orange", "yellow", "green", "blue", "purple", "white", "black")

PEOPLE: tuple[Kind, ...] = (
    Kind("girl", partial(draw_child, "girl"), 1.5, GIRL, tuple(POSES)),
    Kind("boy", partial(draw_child, "boy"), 1.5, BOY, tuple(POSES)),
)
