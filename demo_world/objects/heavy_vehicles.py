"""Bus, truck and train."""

from __future__ import annotations

from random import Random

from demo_world.objects.shorthand import (
    INK,
    STEEL,
    contrast,
    disc,
    edge_of,
    glass,
    line,
    oval,
    pane,
    path,
    rect,
    scaled,
    tag_for,
    volume,
    wheel,
)
from demo_world.svg import Coat, Sketch, linear, mix


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
        self.parts = [volume(self.tag, coat), glass(self.tag)]

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
            self.parts.append(wheel(x, self.height - 17, 17, "#cfd2d7"))
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
            upper = f"M{nose - 28:g},{row - 6:g} h20 q5,12 6,{tall + 6:g} h-26 Z"
            self.parts.append(pane(upper, self.tag, frame, 2))

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
        self.parts.append(pane(windscreen, self.tag, self.frame, 2.6))
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


def draw_bus(coat: Coat, rng: Random, pose: str) -> Sketch:
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


def draw_truck(coat: Coat, rng: Random, pose: str) -> Sketch:
    tag = tag_for("truck", rng)
    style = rng.choice(("box", "box", "flatbed", "tipper"))
    edge, frame = edge_of(coat), mix(coat.dark, "#000000", 0.5)
    parts = [volume(tag, coat), glass(tag), rect(6, 84, 240, 13, "#3b3d44", 3)]
    parts += {"box": _truck_box, "flatbed": _truck_flatbed, "tipper": _truck_tipper}[style](tag, coat, rng)
    cab = "M176,94 V20 Q176,12 186,12 H226 Q236,12 241,24 L252,52 Q256.5,56 256.5,66 V94 Z"
    if style == "tipper":
        cab = "M178,94 V16 Q178,8 188,8 H220 Q229,8 233,18 L242,46 Q256,50 256.4,62 V94 Z"
    parts.append(path(cab, f"url(#{tag}-body)", edge, 2.6))
    parts.append(pane("M188,22 H222 Q229,22 232,30 L239,50 H188 Z", tag, frame, 2.4))
    parts.append(path("M196,48 L208,24 H215 L204,48 Z", "#ffffff", alpha=0.6))
    parts.append(line("M184,55 H243 M184,55 V88 M222,55 V88", edge, 1.8) + rect(190, 60, 12, 4, "#ecebe6", 2))
    parts.append(oval(250, 74, 5.5, 7, "#fff6c4", "#8a7a3a", 1.8) + rect(238, 86, 19, 10, "#d0d3d8", 3, "#6f737a", 1.4))
    if style == "box" and rng.random() < 0.6:
        parts.append(path("M180,12 Q182,2 200,2 Q216,2 228,12 Z", coat.main, edge, 2.2))
    if rng.random() < 0.5:
        parts.append(rect(170, 10, 6, 76, STEEL, 3, "#72767d", 1.4))
    hub = rng.choice((STEEL, "#e4e4e0", coat.light))
    parts += [wheel(axle, 93, 19, hub) for axle in (38.0, 80.0)]
    parts.append(path("M190,96 A24,25 0 0 1 238,96 Z", mix(coat.dark, "#000000", 0.72)) + wheel(214.0, 93, 19, hub))
    return scaled("".join(parts), 258.0, 112, 112, top=(85, 2))


def _rails(width: float) -> str:
    ties = "".join(f"M{x:.1f},116.5 h9 " for x in (2 + i * (width - 13) / 10 for i in range(11)))
    rail = rect(0.5, 113, width - 1, 4, "#9aa0a8", 0, "#55585e", 1)
    return rail + line(ties, "#5d4430", 4, cap="butt") + rect(0, 117.5, width, 2.5, "#7d6a55")


def _steam_train(tag: str, coat: Coat, rng: Random, trim: str) -> Sketch:
    edge, fill, dark = edge_of(coat), f"url(#{tag}-body)", mix(coat.dark, "#17171b", 0.6)
    parts = [volume(tag, coat), glass(tag), _rails(276)]
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
    parts = [volume(tag, coat), glass(tag), _rails(300.0), rect(8, 90, 262, 12, "#3b3d44", 4)]
    for x in (36, 66, 200, 230):
        parts.append(disc(x, 103, 10.5, "#44464e", INK, 3) + disc(x, 103, 4, STEEL))
    if rng.random() < 0.5:  # a bullet nose
        body = "M3,94 V22 Q3,12 14,12 H196 Q240,14 268,44 Q296,66 298,86 Q298,95 288,95 H8 Z"
        stripe, windscreen, lamp = "M4,66 H290 Q296,72 297,78 H4 Z", "M212,26 Q236,30 256,50 H212 Z", (282, 76)
    else:  # a square diesel
        body = "M3,94 V18 Q3,12 10,12 H242 Q252,12 256,22 L268,54 H292 Q298,56 298,64 V90 Q298,95 290,95 H8 Z"
        stripe, windscreen, lamp = "M4,68 H297 V78 H4 Z", "M222,24 H244 L256,52 H222 Z", (290, 70)
    parts.append(path(body, f"url(#{tag}-body)", edge, 2.4) + line("M14,17 H206", coat.light, 3.4) + path(stripe, trim))
    for x in range(14, 204, 38):
        parts.append(rect(x, 28, 28, 26, f"url(#{tag}-glass)", 5, frame, 2.4))
        parts.append(path(f"M{x + 5},50 l8,-18 h5 l-8,18 Z", "#ffffff", alpha=0.55))
    parts.append(pane(windscreen, tag, frame, 2.6) + oval(*lamp, 5, 6, "#fff6c4", "#8a7a3a", 1.8))
    if rng.random() < 0.6:
        parts.append(line("M70,11 L92,1.5 L70,1.5 M84,2 H112 M92,1.5 L112,11", "#55585e", 2.6))
    else:
        parts.append(rect(60, 2, 60, 10, "#6b6f76", 3, INK, 1.6) + rect(150, 4, 30, 8, "#6b6f76", 3))
    return scaled("".join(parts), 300.0, 120, 120, top=(100, 12))


def draw_train(coat: Coat, rng: Random, pose: str) -> Sketch:
    tag, trim = tag_for("train", rng), contrast(coat, rng)
    return _steam_train(tag, coat, rng, trim) if rng.random() < 0.6 else _diesel_train(tag, coat, rng, trim)
