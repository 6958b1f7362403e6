"""Vehicles of the demo world.

One unit is the same real length in every variant of a kind: ``points["scale"]`` holds the units of the kind's metres.
"""

from __future__ import annotations

from random import Random

from demo_world.objects.shorthand import (
    INK,
    STEEL,
    contrast,
    disc,
    edge_of,
    line,
    oval,
    path,
    rect,
    scaled,
    tag_for,
    volume,
)
from demo_world.svg import Coat, Kind, Sketch, linear, mix

GLASS = ("#d8f0f8", "#8cc0dc", "#5f93b8")


def _wheel(x: float, y: float, r: float, hub: str = STEEL, spokes: int = 5) -> str:
    """A road wheel: tyre, rim and a few dark spokes."""
    inner = r * 0.58
    parts = [disc(x, y, r, INK), disc(x, y, r * 0.8, "#3a3a42"), disc(x, y, inner, hub, "#f6f6f4", r * 0.06)]
    if spokes == 5:
        turns = ((0, -1), (0.951, -0.309), (0.588, 0.809), (-0.588, 0.809), (-0.951, -0.309))
        d = "".join(f"M{x:g},{y:g} l{a * inner * 0.85:.1f},{b * inner * 0.85:.1f} " for a, b in turns)
        parts.append(line(d, mix(hub, INK, 0.45), r * 0.11))
    parts.append(disc(x, y, r * 0.2, mix(hub, INK, 0.65)))
    return "".join(parts)


def _pane(d: str, tag: str, frame: str, width: float = 1.8) -> str:
    return path(d, f"url(#{tag}-glass)", frame, width)


def _glass(tag: str) -> str:
    return linear(f"{tag}-glass", *GLASS, x2=0.3)


# Road ----------------------------------------------------------------------------------------------------------------


def _bicycle(coat: Coat, rng: Random, pose: str) -> Sketch:
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


def _car(coat: Coat, rng: Random, pose: str) -> Sketch:
    tag = tag_for("car", rng)
    width, outline, panes, wheels, seams, handles = rng.choice(_CARS)
    edge = edge_of(coat)
    parts = [volume(tag, coat), _glass(tag), path(outline, f"url(#{tag}-body)", edge, 2.4)]
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
    parts.extend(_pane(d, tag, mix(coat.dark, "#000000", 0.45), 2.4) for d in panes)
    first = float(panes[-1][1:].split(",")[0].split(" ")[0])
    parts.append(path(f"M{first + 8},43 L{first + 22},12 H{first + 30} L{first + 17},43 Z", "#ffffff", alpha=0.6))
    parts.append(line(seams, edge, 1.7))
    parts.append(line(f"M14,51.5 Q{width / 2:g},45 {width - 34:g},53.5", coat.light, 2.2, alpha=0.85))
    parts.extend(rect(x, 53, 12, 3.6, "#ecebe6" if coat.name != "white" else "#8e8c86", 1.8) for x in handles)
    parts.append(
        rect(1.4, 71, 20, 8, "#d8dade", 3.5, "#7a7d84", 1.2)
        + rect(width - 21, 71, 20, 8, "#d8dade", 3.5, "#7a7d84", 1.2)
    )
    parts.append(
        oval(width - 11, 61, 6.5, 6.5, "#fff6c4", "#8a7a3a", 1.6) + rect(2.6, 56, 8, 12, "#e2483d", 2.5, "#7d1b1b", 1.2)
    )
    hub = rng.choice((STEEL, "#e8e8e6", coat.light if coat.name != "black" else STEEL))
    parts.extend(_wheel(x, 79, 21, hub) for x in wheels)
    return scaled("".join(parts), width, 100, 100, top=(width * 0.5, 2))


class _Bus:
    """A bus being drawn: its style, its measures and its parts, from the back to the front."""

    width, pane = 290.0, 34.0  # its length, and how tall a window is

    def __init__(self, coat: Coat, rng: Random) -> None:
        self.coat, self.rng, self.tag = coat, rng, tag_for("bus", rng)
        style = rng.choice(("city", "city", "school", "double", "coach"))
        if coat.name == "red":
            style = rng.choice(("double", "city", "double", "coach"))
        elif coat.name == "yellow":
            style = rng.choice(("school", "city", "school", "double"))
        self.school, self.double, self.coach = (style == name for name in ("school", "double", "coach"))
        self.edge, self.frame = edge_of(coat), mix(coat.dark, "#000000", 0.5)
        self.height = 160.0 if self.double else 120.0
        self.base = self.height - 14
        self.nose = self.width - 58 if self.school else self.width - 2
        self.rows = (18.0, 74.0) if self.double else (24.0,)  # the windows' upper edges
        self.parts = [volume(self.tag, coat), _glass(self.tag)]

    def sketch(self) -> Sketch:
        self.body()
        for row in self.rows:
            self.windows(row)
        if self.school:
            self.school_front()
        else:
            self.front()
        self.parts.append(rect(1.2, self.base - 22, 7, 13, "#e2483d", 2, "#7d1b1b", 1.2))
        arch = self.base + 1
        for x in (62.0, self.width - 32 if self.school else self.nose - 86):
            self.parts.append(
                path(f"M{x - 22},{arch} A22,23 0 0 1 {x + 22},{arch} Z", mix(self.coat.dark, "#000000", 0.72))
            )
            self.parts.append(_wheel(x, self.height - 17, 17, "#cfd2d7"))
        return scaled("".join(self.parts), self.width, self.height, 120, top=(self.width * 0.45, 2))

    def body(self) -> None:
        base, nose, width, paint = self.base, self.nose, self.width, f"url(#{self.tag}-body)"
        if self.school:
            hood = f"M{nose - 6:g},{base - 50:g} H{width - 16:g} q13,2 14,20 V{base:g} H{nose - 6:g} Z"
            self.parts.append(path(hood, paint, self.edge, 2.4))
            self.parts.append(line(f"M{nose + 6:g},{base - 38:g} H{width - 16:g}", self.coat.light, 2.4))
        outline = (
            f"M2,{base:g} V16 Q2,1.5 18,1.5 H{nose - (10 if self.school else 22):g} Q{nose - 3:g},1.5 {nose - 2:g},20 "
            f"L{nose:g},{base - 40:g} V{base - 6:g} Q{nose:g},{base:g} {nose - 6:g},{base:g} H2 Z"
        )
        self.parts.append(path(outline, paint, self.edge, 2.4))
        self.parts.append(line(f"M16,6.5 H{nose - 22:g}", self.coat.light, 3))
        skirt = f"M2.5,{base - 11:g} H{width - 3:g} V{base - 0.5:g} H2.5 Z"
        self.parts.append(path(skirt, mix(self.coat.dark, "#000000", 0.25), alpha=0.6))

    def windows(self, row: float) -> None:
        """One deck's row of windows."""
        nose, tall, frame = self.nose, self.pane, self.frame
        lower = row == self.rows[-1]
        count = 6 if lower else 7
        span = (nose - (76 if lower and not self.school else 46)) / count
        if self.coach:  # one long dark band of glass
            self.parts.append(rect(10, row - 3, nose - 56, tall + 6, frame, 6))
        for i in range(count):
            self.parts.append(rect(12 + i * span, row, span - 6, tall, f"url(#{self.tag}-glass)", 4, frame, 2))
        streak = "".join(
            f"M{12 + i * span + 6:.1f},{row + tall - 3:g} l12,-{tall - 6:g} h6 l-12,{tall - 6:g} Z "
            for i in range(0, count, 2)
        )
        self.parts.append(path(streak, "#ffffff", alpha=0.5))
        if not lower:
            pane = f"M{nose - 28:g},{row - 6:g} h20 q5,12 6,{tall + 6:g} h-26 Z"
            self.parts.append(_pane(pane, self.tag, frame, 2))

    def school_front(self) -> None:
        nose, below = self.nose, self.rows[-1] + self.pane
        self.parts.append(rect(nose - 30, self.rows[-1], 24, self.pane, f"url(#{self.tag}-glass)", 4, self.frame, 2.4))
        self.parts.append(line(f"M4,{below + 10:g} H{nose - 4:g} M4,{below + 20:g} H{nose - 4:g}", INK, 3))
        self.parts.append(oval(self.width - 11, self.base - 28, 6, 7, "#fff6c4", "#8a7a3a", 1.8))
        self.parts.append(rect(nose - 24, 5, 12, 8, "#e2483d", 3))

    def front(self) -> None:
        """Door, windscreen, lamp, the destination, and on most a stripe."""
        nose, base, row, rng = self.nose, self.base, self.rows[-1], self.rng
        door = nose - 62
        self.parts.append(rect(door, row - 2, 32, base - row - 6, f"url(#{self.tag}-glass)", 3, self.frame, 2.4))
        self.parts.append(line(f"M{door + 16:g},{row:g} V{base - 9:g}", self.frame, 2.6))
        windscreen = f"M{nose - 26:g},{row - 4:g} h20 q4.5,14 4.8,{self.pane + 12:g} h-24.8 Z"
        self.parts.append(_pane(windscreen, self.tag, self.frame, 2.6))
        self.parts.append(oval(nose - 9, base - 17, 6, 6, "#fff6c4", "#8a7a3a", 1.8))
        top = 57.0 if self.double else 5.0
        self.parts.append(rect(nose - 74, top + 1, 52, 12, INK, 3))
        self.parts.append(line(f"M{nose - 68:g},{top + 7:g} h10 m6,0 h16 m6,0 h8", "#ffc94a", 4))
        stripe = contrast(self.coat, rng)
        if rng.random() < 0.75:
            y = row + self.pane + (7 if self.double else 9)
            self.parts.append(path(f"M3,{y:g} H{door - 6:g} V{y + 5:g} H3 Z", stripe))
        if self.double:
            self.parts.append(path(f"M4,56 H{nose - 80:g} V68 H4 Z", stripe, alpha=0.9))
            ad = rng.choice(("#e0564a", "#3f86c9", "#58a65c"))
            self.parts.append(line(f"M20,62 h{rng.randint(20, 50)} m10,0 h30 m10,0 h24", ad, 4))


def _bus(coat: Coat, rng: Random, pose: str) -> Sketch:
    return _Bus(coat, rng).sketch()


def _truck_box(tag: str, coat: Coat, rng: Random) -> list[str]:
    """A closed body, ribbed or with a decal."""
    panel = mix(coat.main, coat.light, 0.25)
    parts = [linear(f"{tag}-box", mix(panel, coat.light, 0.5), panel, mix(panel, coat.dark, 0.4))]
    parts.append(rect(1.4, 1.4, 168, 84, f"url(#{tag}-box)", 5, edge_of(coat), 2.6))
    decal = rng.random()
    if decal < 0.6:
        ribs = "".join(f"M{18 + i * 22},8 V80 " for i in range(7))
        parts.append(line(ribs, mix(coat.main, coat.dark, 0.45), 2, alpha=0.5))
    if decal < 0.3:
        parts.append(path("M6,58 Q60,30 110,50 T166,40 V58 Q140,58 110,66 T6,74 Z", contrast(coat, rng)))
    elif decal > 0.6:
        parts.append(disc(85, 43, 24, contrast(coat, rng)))
        parts.append(path("M72,46 L85,28 L98,46 H91 V58 H79 V46 Z", coat.main if coat.name != "white" else INK))
    return [*parts, line("M7,6 H164", coat.light, 3)]


def _truck_flatbed(tag: str, coat: Coat, rng: Random) -> list[str]:
    """An open bed with a load on it."""
    load = rng.choice(("logs", "crates", "hay"))
    parts = []
    if load == "logs":
        for y, row in ((66, (22, 52, 82, 112, 142)), (41, (37, 67, 97, 127)), (17, (82,))):
            for x in row:
                parts.append(disc(x, y, 14.5, "#d9a66a", "#6b4526", 4) + disc(x, y, 6, "none", "#b07c46", 1.8))
    elif load == "crates":
        for x, y, w in ((8, 44, 42), (54, 44, 42), (100, 44, 46), (30, 2, 36), (76, 6, 40)):
            h = 38 if y > 20 else 43 - y
            parts.append(rect(x, y, w, h, "#c99356", 2, "#754d27", 3))
            parts.append(line(f"M{x + 4},{y + 4} L{x + w - 4},{y + h - 4}", "#8d6032", 3.4))
    else:
        parts.append(path("M6,82 V34 Q20,4 60,6 Q110,-2 146,16 Q160,34 158,82 Z", "#e3bb57", "#96732a", 2.6))
        straws = "M20,40 l14,8 M50,24 l16,6 M60,58 l18,4 M104,30 l16,6 M120,60 l16,4 M28,66 l14,2"
        parts.append(line(straws, "#b58d36", 3))
    edge = edge_of(coat)
    parts.append(rect(1.4, 70, 168, 18, f"url(#{tag}-body)", 3, edge, 2.6))
    return [*parts, line("M6,74 H164", coat.light, 2.4) + line("M44,72 V86 M86,72 V86 M128,72 V86", edge, 2.4)]


def _truck_tipper(tag: str, coat: Coat, rng: Random) -> list[str]:
    """A skip heaped with earth, and a warning light on the cab."""
    edge, heap = edge_of(coat), rng.choice(("#9a8a78", "#7c5a3c", "#c9b07a"))
    return [
        path("M14,34 Q50,2 88,10 Q130,2 156,34 Z", heap, mix(heap, "#000000", 0.35), 2.4),
        path("M1.5,30 H168 L172,84 H20 Q8,70 1.5,30 Z", f"url(#{tag}-body)", edge, 2.6),
        line("M44,34 L50,80 M84,34 L87,80 M124,34 L126,80", edge, 3) + line("M6,35 H164", coat.light, 3),
        rect(190, 1, 18, 9, "#f6a021", 3, INK, 1.6),
    ]


def _truck(coat: Coat, rng: Random, pose: str) -> Sketch:
    tag = tag_for("truck", rng)
    style = rng.choice(("box", "box", "flatbed", "tipper"))
    edge, frame = edge_of(coat), mix(coat.dark, "#000000", 0.5)
    parts = [volume(tag, coat), _glass(tag), rect(6, 84, 240, 13, "#3b3d44", 3)]
    parts += {"box": _truck_box, "flatbed": _truck_flatbed, "tipper": _truck_tipper}[style](tag, coat, rng)
    cab = "M176,94 V20 Q176,12 186,12 H226 Q236,12 241,24 L252,52 Q256.5,56 256.5,66 V94 Z"
    if style == "tipper":
        cab = "M178,94 V16 Q178,8 188,8 H220 Q229,8 233,18 L242,46 Q256,50 256.4,62 V94 Z"
    parts.append(path(cab, f"url(#{tag}-body)", edge, 2.6))
    parts.append(_pane("M188,22 H222 Q229,22 232,30 L239,50 H188 Z", tag, frame, 2.4))
    parts.append(path("M196,48 L208,24 H215 L204,48 Z", "#ffffff", alpha=0.6))
    parts.append(line("M184,55 H243 M184,55 V88 M222,55 V88", edge, 1.8) + rect(190, 60, 12, 4, "#ecebe6", 2))
    parts.append(oval(250, 74, 5.5, 7, "#fff6c4", "#8a7a3a", 1.8) + rect(238, 86, 19, 10, "#d0d3d8", 3, "#6f737a", 1.4))
    if style == "box" and rng.random() < 0.6:
        parts.append(path("M180,12 Q182,2 200,2 Q216,2 228,12 Z", coat.main, edge, 2.2))
    if rng.random() < 0.5:
        parts.append(rect(170, 10, 6, 76, STEEL, 3, "#72767d", 1.4))
    hub = rng.choice((STEEL, "#e4e4e0", coat.light))
    parts += [_wheel(axle, 93, 19, hub) for axle in (38.0, 80.0)]
    parts.append(path("M190,96 A24,25 0 0 1 238,96 Z", mix(coat.dark, "#000000", 0.72)) + _wheel(214.0, 93, 19, hub))
    return scaled("".join(parts), 258.0, 112, 112, top=(85, 2))


def _skateboard(coat: Coat, rng: Random, pose: str) -> Sketch:
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


# Water, air, rail ----------------------------------------------------------------------------------------------------


def _foam(width: float, y: float) -> str:
    """Broken water along a hull: the lowest stroke ends at ``y``."""
    waves = "".join(f"q{width / 16:.2f},-7 {width / 8:.2f},0 " for _ in range(8))
    return path(f"M0,{y:g} V{y - 3:g} {waves} V{y:g} Z", "#eef8fb") + line(
        f"M{width * 0.1:g},{y - 1.6:g} h{width * 0.22:g} m{width * 0.12:g},0 h{width * 0.3:g} m{width * 0.06:g},0 h9",
        "#8fc6dd",
        1.6,
    )


def _boat(coat: Coat, rng: Random, pose: str) -> Sketch:
    tag = tag_for("boat", rng)
    edge, trim = edge_of(coat), contrast(coat, rng)
    style = rng.choice(("sail", "sail", "motor", "row"))
    parts = [volume(tag, coat)]
    if style == "sail":
        cloth = rng.choice(("#fbf7ea", "#fffdf6"))
        parts.append(linear(f"{tag}-sail", cloth, cloth, mix(cloth, "#b9b3a0", 0.5), x2=1, y2=0.3))
        parts.append(line("M74,3 V118", "#7b5230", 4.4))
        parts.append(path("M70,8 Q56,60 8,104 Q40,110 70,106 Z", f"url(#{tag}-sail)", "#a49e8c", 1.8))
        jib = coat.main if coat.name != "white" else trim
        fore = mix(jib, "#ffffff", 0.06) if coat.name != "white" else "#fffdf6"  # a white boat has white sails
        parts.append(path("M79,14 Q112,56 134,100 Q108,108 79,104 Z", fore, edge, 1.8))
        parts.append(line("M80,40 Q94,42 98,40 M80,72 Q104,76 116,70", mix(fore, "#000000", 0.25), 1.5, alpha=0.6))
        kind = rng.random()
        if kind < 0.35:
            parts.append(path("M36.5,74 Q52,78 70,76 V90 Q48,92 22,90 Q30,82 36.5,74 Z", jib))
        elif kind < 0.7:
            parts.append(path("M63,34 V48 H70 V34 Z M58,48 H70 V62 H50 Z", jib))
        else:
            parts.append(line("M59,44 Q66,46 70,45 M44,68 Q58,72 70,70 M26,88 Q50,93 70,91", "#c2bba6", 1.6))
        parts.append(path("M74,2 L94,7 L74,13 Z", rng.choice(("#d6322e", "#f3cb2d", "#2f6fce"))))
        parts.append(line("M8,108 H72", "#7b5230", 3.4))
        hull = "M6,116 Q60,122 144,113 Q140,140 120,156 H28 Q10,140 6,116 Z"
        parts.append(path(hull, f"url(#{tag}-body)", edge, 2.4))
        parts.append(
            line("M9,121 Q66,127 141,119", trim, 3.6) + line("M18,132 Q70,138 128,131", coat.dark, 1.4, alpha=0.6)
        )
        parts.append(_foam(148, 160))
        return scaled("".join(parts), 148, 160, 160, top=(40, 116))
    if style == "motor":
        parts.append(_glass(tag))
        parts.append(
            path("M58,36 L66,8 H104 L122,36 Z", "#fbf8ee", "#8e8c86", 2) + rect(58, 1.4, 58, 7, coat.main, 3, edge, 2)
        )
        parts.append(
            _pane("M68,32 L73,13 H85 V32 Z", tag, "#6e7076", 1.8)
            + _pane("M91,32 V13 H101 L113,32 Z", tag, "#6e7076", 1.8)
        )
        parts.append(rect(2, 32, 13, 26, "#4a4d55", 4, INK, 1.6))
        parts.append(path("M8,36 Q80,38 187,27 Q176,60 150,78 H22 Q10,60 8,36 Z", f"url(#{tag}-body)", edge, 2.4))
        parts.append(path("M11,46 Q90,50 182,38 L178,48 Q100,58 14,56 Z", trim))
        parts.append(line("M132,33 V22 H176 V27", "#9aa0a8", 2.2))
        parts.extend(disc(x, 65, 4.4, "#cfe8f2", edge, 1.6) for x in (60, 84, 108))
        parts.append(_foam(189, 82))
        return scaled("".join(parts), 189, 82, 107, top=(34, 37))
    wood = "#c38b4f"
    parts.append(path("M5,9 Q70,28 155,5 L138,26 H24 Z", mix(wood, "#3c2414", 0.45)))
    parts.append(line("M42,20 H64 M86,21 H112", mix(wood, "#ffffff", 0.15), 5))
    parts.append(path("M2.4,5 Q76,32 157.6,2.5 Q150,34 126,53 H32 Q8,36 2.4,5 Z", f"url(#{tag}-body)", edge, 2.4))
    parts.append(line("M4,8 Q76,35 156,6", trim if coat.name != "brown" else "#e4c08c", 4))
    parts.append(line("M12,27 Q76,47 148,25 M22,39 Q76,56 138,38", coat.dark, 1.5, alpha=0.7))
    parts.append(
        line("M62,10 L98,52", "#5d3b1f", 5.4)
        + line("M62,10 L97,51", "#d9a96c", 3.4)
        + oval(99, 51, 9, 4.5, "#d9a96c", "#5d3b1f", 1.6)
    )
    parts.append(_foam(160, 57))
    return scaled("".join(parts), 160, 57, 128, seat=(75, 18))


def _airplane(coat: Coat, rng: Random, pose: str) -> Sketch:
    tag = tag_for("airplane", rng)
    edge, trim = edge_of(coat), contrast(coat, rng)
    fill = f"url(#{tag}-body)"
    parts = [volume(tag, coat), _glass(tag)]
    shade = mix(coat.main, coat.dark, 0.55)
    if rng.random() < 0.6:  # an airliner
        parts.append(path("M152,44 L112,6 Q120,3 132,6 L200,44 Z", shade, edge, 2.2))
        parts.append(path("M18,48 L2,5 Q14,-1 27,4 L70,42 Z", trim if coat.name == "white" else coat.main, edge, 2.2))
        if coat.name != "white":
            parts.append(path("M5,12 Q16,6 31,9 L42,18 Q22,16 9,24 Z", trim))
        parts.append(
            path(
                "M10,50 Q24,40 64,38 L200,35 Q252,37 275,58 Q278,66 262,72 Q240,79 200,79 L112,79 Q48,72 10,54 Z",
                fill,
                edge,
                2.4,
            )
        )
        parts.append(path("M20,55 Q90,64 272,61 Q276,66 264,69 Q120,74 40,61 Z", trim, alpha=0.92))
        parts.append(_pane("M238,42 Q254,46 262,53 L242,54 Z", tag, mix(coat.dark, "#000000", 0.4), 1.6))
        parts.extend(rect(x, 46, 7, 9, "#d8f0f8", 3, mix(coat.dark, "#000000", 0.3), 1.4) for x in range(74, 226, 15))
        parts.append(
            rect(134, 84, 44, 19, mix(coat.main, "#ffffff", 0.1), 9, edge, 2.2) + oval(175, 93.5, 4, 9, "#4a4d55")
        )
        parts.append(path("M142,66 L74,114 Q80,119.5 100,117 L204,70 Q174,62 142,66 Z", fill, edge, 2.4))
        parts.append(line("M146,69 L90,110", coat.light, 2.6))
        parts.append(path("M32,52 L2,72 Q8,76 20,74 L66,57 Z", fill, edge, 2.2))
        parts.append(line("M70,42 Q180,36 232,41", coat.light, 2.6))
        return scaled("".join(parts), 278, 119, 119)
    parts.append(path("M124,42 L98,10 Q104,4 118,7 L164,40 Z", shade, edge, 2.2))
    parts.append(path("M16,52 L2,14 Q12,6 28,12 L54,44 Z", fill, edge, 2.2))
    parts.append(path("M4,18 Q14,11 27,13 L34,22 Q20,19 8,28 Z", trim))
    parts.append(line("M140,84 L146,104 M172,80 L178,100", "#6b6f76", 4.4))
    parts.append(_wheel(179, 102, 9.5, spokes=0) + _wheel(147, 107, 10, spokes=0))
    parts.append(path("M92,40 Q104,14 134,15 Q158,17 170,40 Z", f"url(#{tag}-glass)", edge, 2.4))
    parts.append(line("M126,16 V40", edge, 2.2) + path("M104,36 L116,20 H122 L112,36 Z", "#ffffff", alpha=0.7))
    parts.append(
        path("M8,52 Q60,38 110,37 L180,38 Q214,40 221,62 Q216,84 184,86 L130,86 Q70,80 8,56 Z", fill, edge, 2.4)
    )
    parts.append(path("M20,56 Q110,62 219,57 L221,63 L219,69 Q110,74 44,64 Z", trim))
    parts.append(path("M196,39.5 Q216,42 221,62 Q216,82 194,85.6 Q202,62 196,39.5 Z", mix(coat.dark, "#33343a", 0.35)))
    parts.append(
        path("M110,66 L52,100 Q54,108 76,107 L166,76 Q140,64 110,66 Z", fill, edge, 2.4)
        + line("M114,69 L64,99", coat.light, 2.4)
    )
    parts.append(path("M28,53 L4,66 Q8,71 20,70 L54,58 Z", fill, edge, 2.2))
    parts.append(oval(228, 62, 4.5, 40, "#d6dbe2", alpha=0.65))
    parts.append(
        line("M228,24 V100", "#5b4028", 3.4)
        + path("M220,52 Q234,56 235,62 Q234,68 220,72 Z", "#e8e4d8", "#76736a", 1.6)
    )
    return scaled(f'<g transform="translate(0,-4)">{"".join(parts)}</g>', 236, 113, 113)


def _rails(width: float) -> str:
    ties = "".join(f"M{x:.1f},116.5 h9 " for x in (2 + i * (width - 13) / 10 for i in range(11)))
    rail = rect(0.5, 113, width - 1, 4, "#9aa0a8", 0, "#55585e", 1)
    return rail + line(ties, "#5d4430", 4, cap="butt") + rect(0, 117.5, width, 2.5, "#7d6a55")


def _steam_train(tag: str, coat: Coat, rng: Random, trim: str) -> Sketch:
    edge, fill, dark = edge_of(coat), f"url(#{tag}-body)", mix(coat.dark, "#17171b", 0.6)
    parts = [volume(tag, coat), _glass(tag), _rails(276)]
    for x, y, r in ((196, -6, 10), (180, -14, 12), (206, 0, 7.5), (214, 4, 5)):
        parts.append(disc(x, y, r, "#f5f4f0", alpha=0.88))
    parts.append(disc(176, -16, 6, "#ffffff"))
    parts.append(rect(10, 82, 244, 12, dark, 2))
    parts.append(path("M252,84 H262 L274.5,113 H246 Z", mix(coat.main, coat.dark, 0.3), edge, 2.2))
    parts.append(line("M256,88 L254,110 M261,88 L264,110", trim, 2.2))
    # the boiler with its bands, smoke box, chimney and domes
    parts.append(rect(92, 34, 132, 50, fill, 6, edge, 2.4) + line("M98,40 H218", coat.light, 4, alpha=0.8))
    parts.append(line("M122,35 V83 M156,35 V83 M190,35 V83", "#e5bd4a" if coat.name != "yellow" else INK, 4))
    parts.append(rect(222, 31, 32, 56, "#33343b", 6, INK, 2) + disc(254, 58, 4, "#fff3b8", "#e5bd4a", 2))
    parts.append(path("M228,32 L225,9 Q222,3 226,2 H250 Q254,3 251,9 L248,32 Z", "#33343b", INK, 2))
    parts.append(rect(221, 1, 34, 7, dark, 3))
    parts.append(path("M134,34 Q132,16 146,15 Q160,16 158,34 Z", "#e5bd4a", "#8f6d17", 2))
    parts.append(rect(172, 22, 18, 13, fill, 4, edge, 2))
    # the cab
    parts.append(rect(16, 18, 78, 72, fill, 4, edge, 2.4))
    parts.append(path("M6,17 Q54,-2 104,17 V23 H6 Z", dark, INK, 2))
    parts += [rect(x, 30, 24, 28, f"url(#{tag}-glass)", 5, edge, 2.6) for x in (28, 60)]
    parts.append(rect(26, 66, 58, 16, "none", 3, trim, 2.6) + line(f"M40,74 h{rng.randint(18, 30)}", trim, 4))
    hub = rng.choice(("#d6322e", "#e5bd4a", coat.main)) if coat.name != "red" else coat.main
    for axle in (44.0, 92.0, 140.0):
        turns = ((16, 0), (-16, 0), (8, 14), (-8, 14), (8, -14), (-8, -14))
        spokes = "".join(f"M{axle},92 l{a},{b} " for a, b in turns)
        parts.append(disc(axle, 92, 19.5, "#44464e", INK, 4) + disc(axle, 92, 14, "none", hub, 4))
        parts.append(line(spokes, hub, 3) + disc(axle, 92, 5, hub))
    for x in (186, 222):
        parts.append(disc(x, 101, 11, "#44464e", INK, 3.4) + disc(x, 101, 5, hub))
    parts.append(line("M44,96 H190", "#d5d8dc", 5) + rect(186, 86, 34, 15, "#5a5d66", 4, INK, 2))
    rise = 26.0  # of the steam above the box
    lift = f'<g transform="translate(0,{rise:g})">{"".join(parts)}</g>'
    return scaled(lift, 276, 120 + rise, 120, top=(54, 30))


def _diesel_train(tag: str, coat: Coat, rng: Random, trim: str) -> Sketch:
    edge, frame = edge_of(coat), mix(coat.dark, "#000000", 0.4)
    parts = [volume(tag, coat), _glass(tag), _rails(300.0), rect(8, 90, 262, 12, "#3b3d44", 4)]
    for x in (36, 66, 200, 230):
        parts.append(disc(x, 103, 10.5, "#44464e", INK, 3) + disc(x, 103, 4, STEEL))
    if rng.random() < 0.5:  # a bullet nose
        body = "M3,94 V22 Q3,12 14,12 H196 Q240,14 268,44 Q296,66 298,86 Q298,95 288,95 H8 Z"
        stripe, pane, lamp = "M4,66 H290 Q296,72 297,78 H4 Z", "M212,26 Q236,30 256,50 H212 Z", (282, 76)
    else:  # a square diesel
        body = "M3,94 V18 Q3,12 10,12 H242 Q252,12 256,22 L268,54 H292 Q298,56 298,64 V90 Q298,95 290,95 H8 Z"
        stripe, pane, lamp = "M4,68 H297 V78 H4 Z", "M222,24 H244 L256,52 H222 Z", (290, 70)
    parts.append(path(body, f"url(#{tag}-body)", edge, 2.4) + line("M14,17 H206", coat.light, 3.4) + path(stripe, trim))
    for x in range(14, 204, 38):
        parts.append(rect(x, 28, 28, 26, f"url(#{tag}-glass)", 5, frame, 2.4))
        parts.append(path(f"M{x + 5},50 l8,-18 h5 l-8,18 Z", "#ffffff", alpha=0.55))
    parts.append(_pane(pane, tag, frame, 2.6) + oval(*lamp, 5, 6, "#fff6c4", "#8a7a3a", 1.8))
    if rng.random() < 0.6:
        parts.append(line("M70,11 L92,1.5 L70,1.5 M84,2 H112 M92,1.5 L112,11", "#55585e", 2.6))
    else:
        parts.append(rect(60, 2, 60, 10, "#6b6f76", 3, INK, 1.6) + rect(150, 4, 30, 8, "#6b6f76", 3))
    return scaled("".join(parts), 300.0, 120, 120, top=(100, 12))


def _train(coat: Coat, rng: Random, pose: str) -> Sketch:
    tag, trim = tag_for("train", rng), contrast(coat, rng)
    return _steam_train(tag, coat, rng, trim) if rng.random() < 0.6 else _diesel_train(tag, coat, rng, trim)


VEHICLES: tuple[Kind, ...] = (
    Kind("bicycle", _bicycle, 1.1, ("red", "orange", "yellow", "green", "blue", "purple", "pink", "black", "white")),
    Kind("car", _car, 1.5, ("red", "orange", "yellow", "green", "blue", "white", "black", "gray", "purple")),
    Kind("bus", _bus, 3.0, ("red", "yellow", "green", "blue", "white", "orange")),
    Kind("truck", _truck, 2.8, ("red", "blue", "green", "white", "yellow", "orange")),
    Kind("boat", _boat, 2.4, ("white", "red", "blue", "green", "yellow", "brown")),
    Kind("airplane", _airplane, 3.0, ("white", "red", "blue", "yellow", "gray")),
    Kind("train", _train, 3.0, ("red", "green", "blue", "yellow", "black")),
    Kind("skateboard", _skateboard, 0.35, ("red", "green", "blue", "purple", "orange", "black")),
)
