"""The pen that living things are drawn with: curves, limbs and fleeces, filled and lined in a frame of one's choice.

Every outline is a sampled polygon, so a drawing knows its own extent: `Pen.finish` returns a tight box with the lowest
foot on its floor. One unit is the same length in every pose of a kind: `SCALE` units are `Kind.metres`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import atan2, cos, hypot, pi, radians, sin
from random import Random

from demo_world.svg import Coat, Sketch, linear, mix, radial

Point = tuple[float, float]
Nodes = tuple[tuple[float, float, float], ...]  # x, y, radius along a limb
Outline = Sequence[Point]

SCALE = 100.0  # units in Kind.metres, whatever the pose
INK = "#2a2028"


def curve(points: Sequence[Point], closed: bool = True, steps: int = 6) -> list[Point]:
    """The smooth (Catmull-Rom) curve through ``points``, sampled."""
    n = len(points)
    out: list[Point] = []
    for i in range(n if closed else n - 1):
        if closed:
            a, b, c, d = (points[(i + k) % n] for k in (-1, 0, 1, 2))
        else:
            a, b, c, d = (points[min(n - 1, max(0, i + k))] for k in (-1, 0, 1, 2))
        for step in range(steps):
            t = step / steps
            w = (-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2)
            out.append(
                (
                    (w[0] * a[0] + w[1] * b[0] + w[2] * c[0] + w[3] * d[0]) / 2,
                    (w[0] * a[1] + w[1] * b[1] + w[2] * c[1] + w[3] * d[1]) / 2,
                )
            )
    if not closed:
        out.append(points[-1])
    return out


def limb(*nodes: tuple[float, float, float]) -> list[Point]:
    """A round-ended tube along ``(x, y, radius)`` nodes: legs, necks, tails, arms."""
    if len(nodes) == 1:
        return oval(nodes[0][0], nodes[0][1], nodes[0][2], nodes[0][2])
    spine = curve([(x, y) for x, y, _ in nodes], closed=False)
    radii = [r for r, _ in curve([(r, 0.0) for _, _, r in nodes], closed=False)]
    left: list[Point] = []
    right: list[Point] = []
    angles = []
    for i in range(len(spine)):
        (x0, y0), (x1, y1) = spine[max(0, i - 1)], spine[min(len(spine) - 1, i + 1)]
        angles.append(atan2(y1 - y0, x1 - x0))
    for (x, y), r, a in zip(spine, radii, angles, strict=True):
        left.append((x + r * sin(a), y - r * cos(a)))
        right.append((x - r * sin(a), y + r * cos(a)))

    def cap(index: int, start: float) -> list[Point]:
        (x, y), r = spine[index], radii[index]
        return [(x + r * cos(start + k * pi / 8), y + r * sin(start + k * pi / 8)) for k in range(1, 8)]

    return left + cap(-1, angles[-1] - pi / 2) + right[::-1] + cap(0, angles[0] + pi / 2)


def oval(cx: float, cy: float, rx: float, ry: float, turn: float = 0, steps: int = 22) -> list[Point]:
    """An ellipse, turned clockwise by ``turn`` degrees."""
    ring = [(rx * cos(2 * pi * k / steps), ry * sin(2 * pi * k / steps)) for k in range(steps)]
    return moved(ring, cx, cy, turn)


def fleece(rng: Random, cx: float, cy: float, rx: float, ry: float, bumps: int, depth: float = 0.35) -> list[Point]:
    """An oval with a scalloped rim: wool, a curly head."""
    start = rng.random()
    rim = [(2 * pi * (k + start + rng.uniform(-0.16, 0.16)) / bumps) for k in range(bumps)]
    out: list[Point] = []
    for k, a in enumerate(rim):
        b = rim[(k + 1) % bumps] + (2 * pi if k == bumps - 1 else 0)
        p, q = (cx + rx * cos(a), cy + ry * sin(a)), (cx + rx * cos(b), cy + ry * sin(b))
        bulge = depth * hypot(q[0] - p[0], q[1] - p[1])
        nx, ny = cos((a + b) / 2), sin((a + b) / 2)
        for step in range(6):
            t = step / 6
            h = bulge * sin(pi * t) ** 0.7
            out.append((p[0] + (q[0] - p[0]) * t + nx * h, p[1] + (q[1] - p[1]) * t + ny * h))
    return out


def moved(outline: Outline, dx: float, dy: float, turn: float = 0, size: float = 1) -> list[Point]:
    """The outline scaled, turned clockwise by ``turn`` degrees about the origin, then shifted."""
    c, s = size * cos(radians(turn)), size * sin(radians(turn))
    return [(dx + c * x - s * y, dy + s * x + c * y) for x, y in outline]


def _thin(outline: Outline, slack: float = 0.1) -> list[Point]:
    """The outline without the points within ``slack`` of the chord of their neighbours: fewer edges to render."""
    outline = list(outline)
    for _ in range(2):
        if len(outline) < 8:
            break
        kept = [outline[0]]
        i, last = 1, len(outline) - 1
        while i < last:
            (x0, y0), (x, y), (x1, y1) = kept[-1], outline[i], outline[i + 1]
            dx, dy = x1 - x0, y1 - y0
            if abs(dx * (y - y0) - dy * (x - x0)) <= slack * hypot(dx, dy):
                kept.append(outline[i + 1])  # skip one, keep the next: a bend cannot erode away
                i += 2
            else:
                kept.append(outline[i])
                i += 1
        if i == last:
            kept.append(outline[last])
        outline = kept
    return outline


def _path(outlines: tuple[Outline, ...]) -> str:
    """One path of closed outlines, all turned the same way so that overlaps stay filled."""
    parts = []
    for outline in map(_thin, outlines):
        area = sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(outline, outline[1:] + outline[:1], strict=True))
        ordered = outline if area >= 0 else outline[::-1]
        parts.append("M" + " ".join(f"{x:.1f},{y:.1f}" for x, y in ordered) + "Z")
    return "".join(parts)


class Pen:
    """Collects the elements of one sketch, and how far they reach."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.parts: list[str] = []
        self.defs: dict[str, str] = {}
        self.frame = (0.0, 0.0, 0.0, 1.0)  # where local coordinates go: x, y, turn, size
        self.reach = [1e9, 1e9, -1e9, -1e9]
        self.edge = INK
        self.width = 1.5
        self.scale: float = SCALE

    def at(self, x: float = 0, y: float = 0, turn: float = 0, size: float = 1) -> None:
        """Draw from now on in a frame of its own."""
        self.frame = (x, y, turn, size)

    def linear(self, *stops: str, x2: float = 0, y2: float = 1) -> str:
        """Paint: a linear gradient over the filled shape's box."""
        name = f"{self.kind}-l{x2:g}{y2:g}-" + "-".join(stop[1:] for stop in stops)
        self.defs[name] = linear(name, *stops, x2=x2, y2=y2)
        return f"url(#{name})"

    def radial(self, *stops: str) -> str:
        """Paint: a ball lit from the upper left."""
        name = f"{self.kind}-r-" + "-".join(stop[1:] for stop in stops)
        self.defs[name] = radial(name, *stops)
        return f"url(#{name})"

    def _see(self, points: Outline, pad: float) -> None:
        xs, ys = [x for x, _ in points], [y for _, y in points]
        r = self.reach
        self.reach = [
            min(r[0], min(xs) - pad),
            min(r[1], min(ys) - pad),
            max(r[2], max(xs) + pad),
            max(r[3], max(ys) + pad),
        ]

    def fill(self, paint: str, *outlines: Outline, opacity: float = 1, edge: bool = False) -> None:
        """Fill the union of the outlines, with the pen's edge around it if asked for."""
        placed = tuple(moved(outline, *self.frame) for outline in outlines)
        d = _path(placed)
        width = self.width if edge else 0.0
        for outline in placed:
            self._see(outline, width / 2)
        rim = f' stroke="{self.edge}" stroke-width="{width:.2f}" paint-order="stroke"' if edge else ""
        fade = f' opacity="{opacity:.2f}"' if opacity < 1 else ""
        self.parts.append(f'<path d="{d}" fill="{paint}"{rim}{fade}/>')

    def within(self, clip: tuple[Outline, ...], marks: list[tuple[str, float, tuple[Outline, ...]]]) -> None:
        """Paint marks ``(paint, opacity, outlines)`` only where they fall inside ``clip``."""
        d = _path(tuple(moved(outline, *self.frame) for outline in clip))
        name = f"{self.kind}-c{_sum(d):08x}"
        self.defs[name] = f'<clipPath id="{name}"><path d="{d}"/></clipPath>'
        inner = "".join(
            f'<path d="{_path(tuple(moved(outline, *self.frame) for outline in shapes))}" fill="{paint}" '
            f'opacity="{opacity:.2f}"/>'
            for paint, opacity, shapes in marks
        )
        self.parts.append(f'<g clip-path="url(#{name})">{inner}</g>')

    def line(self, colour: str, width: float, points: Sequence[Point], opacity: float = 1) -> None:
        """A smooth round-ended line through the points."""
        placed = moved(curve(points, closed=False), *self.frame)
        width *= self.frame[3]
        self._see(placed, width / 2)
        d = "M" + " ".join(f"{x:.1f},{y:.1f}" for x, y in _thin(placed))
        fade = f' opacity="{opacity:.2f}"' if opacity < 1 else ""
        self.parts.append(
            f'<path d="{d}" fill="none" stroke="{colour}" stroke-width="{width:.2f}" stroke-linecap="round"{fade}/>'
        )

    def eye(self, x: float, y: float, r: float, colour: str = INK) -> None:
        """A dark eye with a glint."""
        self.fill(colour, oval(x, y, r * 0.9, r * 1.1, steps=14))
        self.fill("#ffffff", oval(x + 0.25 * r, y - 0.4 * r, r * 0.36, r * 0.36, steps=8))

    def finish(self, **points: Point) -> Sketch:
        """The sketch, in a box that fits it; ``points`` are given in drawing coordinates."""
        x0, y0, x1, y1 = self.reach
        placed = {name: (x - x0, y - y0) for name, (x, y) in points.items()}
        placed["scale"] = (self.scale, 0.0)
        defs = f"<defs>{''.join(self.defs.values())}</defs>"
        body = f'{defs}<g transform="translate({-x0:.2f} {-y0:.2f})">{"".join(self.parts)}</g>'
        return Sketch(body, x1 - x0, y1 - y0, placed)


def _sum(text: str) -> int:
    """A small checksum, the same in every process (unlike ``hash``): names a clip path after its shape."""
    total = 2166136261
    for char in text:
        total = ((total ^ ord(char)) * 16777619) & 0xFFFFFFFF
    return total


def start_pen(kind: str, coat: Coat) -> tuple[Pen, str, str]:
    """A pen edged for the coat, the body's paint, and the paint of the limbs on the far side."""
    pen = Pen(kind)
    pen.edge = mix(coat.dark, INK, 0.75 if coat.name == "black" else 0.38)
    body = pen.linear(mix(coat.main, coat.light, 0.65), coat.main, mix(coat.main, coat.dark, 0.45))
    far = mix(coat.main, coat.dark, 0.75)
    return pen, body, far


def jitter(rng: Random, amount: float) -> float:
    return rng.uniform(-amount, amount)


def hoof(x: float, r: float, floor: float = 100, height: float = 5) -> list[Point]:
    """A hoof whose sole is on the floor."""
    return [(x - r * 0.9, floor - height), (x + r * 0.9, floor - height), (x + r * 1.35, floor), (x - r, floor)]
