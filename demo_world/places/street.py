"""A town street, seen across or along."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from demo_world.places import parts
from demo_world.places.houses import AWNINGS, WALLS, facade, lamp_post
from demo_world.places.kit import Point, Scenery, disc, fill, line, poly, rect
from demo_world.svg import Backdrop, linear, mix


def draw_street(rng: Random, width: int, height: int) -> Backdrop:
    """A town street, seen across or along."""
    sc = Scenery(rng, width, height, 0.43, 0.58)
    parts.sky(sc)
    if sc.chance(0.35):
        sc.front.append(parts.branch(sc, sc.leaf()))
    if sc.chance(0.62):
        return _across(sc)
    return _along(sc)


def _across(sc: Scenery) -> Backdrop:
    """Facades parallel to the picture, a pavement, a kerb, the road."""
    rng, s = sc.rng, sc.s
    parts.treeline(sc, sc.horizon, 60, sc.far(sc.leaf(), 0.5), 0.3)
    x = -rng.uniform(0, 50) * s
    while x < sc.w:
        wide = rng.uniform(72, 124) * s
        if rng.random() < 0.86:
            facade(sc, x, wide)
        x += wide
    paving = sc.far(rng.choice(("#bdb6aa", "#b5b3b0", "#c4b8a4")), 0.15)
    road = mix(rng.choice(("#84868c", "#8b8985", "#7d8087")), sc.mood.haze, 0.15)
    kerb, low = sc.at(rng.uniform(0.2, 0.34)), sc.at(rng.uniform(0.9, 1.2))
    sc.add(linear("place-road", mix(road, "#ffffff", 0.08), road, mix(road, "#33353f", 0.12)))
    sc.add(fill(rect(-1, kerb, sc.w + 2, sc.h - kerb + 1), "url(#place-road)"))
    _paving(sc, sc.horizon, kerb, paving)
    sc.add(
        fill(rect(-1, kerb, sc.w + 2, 4.5 * s), mix(paving, "#4d4d55", 0.42)),
        fill(rect(-1, kerb - 2.2 * s, sc.w + 2, 2.6 * s), mix(paving, "#ffffff", 0.4)),
    )
    parts.pebbles(sc, 130, mix(road, "#33353f", 0.4), 0.35, size=1.3)
    parts.pebbles(sc, 90, mix(road, "#ffffff", 0.35), 0.35, size=1.1, opacity=0.5)
    middle, white = (kerb + min(low, sc.h)) / 2, mix(road, "#f6f4ea", 0.72)
    if sc.chance(0.4):
        at = rng.uniform(0.2, 0.8) * sc.w
        d = ""
        for i in range(7):
            y0, y1 = (kerb + (low - kerb) * (i + f) / 7 for f in (0.12, 0.66))
            a, b = sc.k(y0), sc.k(y1)
            d += poly([(at - 52 * a, y0), (at + 52 * a, y0), (at + 52 * b, y1), (at - 52 * b, y1)])
        sc.add(fill(d, white, 0.85))
        sc.note("crosswalk")
    else:
        dash = "".join(rect(i * 62 * s - 20 * s, middle, 34 * s, 4.2 * s) for i in range(int(sc.w / (62 * s)) + 2))
        sc.add(fill(dash, white, 0.85))
    if low < sc.h:
        _paving(sc, low, sc.h + 1, paving)
        sc.add(fill(rect(-1, low - 3 * s, sc.w + 2, 4 * s), mix(paving, "#ffffff", 0.4)))
    sc.note("houses")
    sc.note("road")
    _furniture(sc, kerb - 5 * s)
    return sc.finish((sc.horizon + 0.55 * (kerb - sc.horizon), 0.97 * sc.h))


def _paving(sc: Scenery, top: float, bottom: float, tone: str) -> None:
    """Slabs whose joints run towards the vanishing point."""
    s, rng = sc.s, sc.rng
    sc.add(fill(rect(-1, top, sc.w + 2, bottom - top), tone))
    d, rows = "", 3
    for i in range(rows):
        y0, y1 = (top + (bottom - top) * (j / rows) ** 1.2 for j in (i, i + 1))
        d += f"M0 {y0:.1f}H{sc.w:.1f}"
        k0, k1, step = sc.k(y0), sc.k(y1), 46.0
        count = int(sc.w / (2 * step * k0)) + 2
        for j in range(-count, count + 1):
            across = (j + (i % 2) / 2) * step
            d += f"M{sc.w / 2 + across * k0:.1f} {y0:.1f}L{sc.w / 2 + across * k1:.1f} {y1:.1f}"
    sc.add(line(d, mix(tone, "#5c554e", 0.3), 0.8 * s, 0.7))
    specks = "".join(disc(rng.uniform(0, sc.w), rng.uniform(top, bottom), 1.3 * s, 0.7 * s) for _ in range(50))
    sc.add(fill(specks, mix(tone, "#5c554e", 0.4), 0.5))


def _furniture(sc: Scenery, y: float) -> None:
    """What stands on the pavement: lamps, a tree, passers-by."""
    rng = sc.rng
    if sc.chance(0.6):
        x0, step = rng.uniform(0.02, 0.4) * sc.w, rng.uniform(0.4, 0.6) * sc.w
        for i in range(2):
            lamp_post(sc, x0 + i * step, y)
    if sc.chance(0.35):
        parts.round_tree(
            sc,
            sc.w * rng.choice((rng.uniform(0, 0.25), rng.uniform(0.75, 1))),
            y,
            rng.uniform(170, 220) * sc.k(y),
            sc.leaf(),
        )
    if sc.chance(0.35):
        parts.people(sc, y - 3 * sc.s)


@dataclass(frozen=True)
class _View:
    """One-point perspective down a street, in camera heights: the vanishing point, and the pixels of one height."""

    x: float
    y: float
    deep: float
    end: float  # the scale where the street ends

    def at(self, x: float, up: float, q: float) -> Point:
        """The picture's point of the world's (x, height), ``q`` the scale there, 1 at the bottom edge."""
        return self.x + x * q * self.deep, self.y + (1 - up) * q * self.deep

    def strip(self, x0: float, x1: float, far: float, near: float) -> str:
        """A piece of the ground between two lines that run away from us, and two scales."""
        return poly([self.at(x0, 0, far), self.at(x1, 0, far), self.at(x1, 0, near), self.at(x0, 0, near)])


def _pavements(sc: Scenery, view: _View, kerb_x: float, wall_x: float, paving: str) -> None:
    """The joints between the slabs, and the kerbs, on both sides."""
    joints = ""
    for q in (0.17, 0.22, 0.28, 0.36, 0.46, 0.6, 0.78, 1.0):
        for side in (-1, 1):
            joints += poly([view.at(side * kerb_x, 0, q), view.at(side * wall_x * 1.3, 0, q)], closed=False)
    for side in (-1, 1):
        middle = side * (kerb_x + wall_x) / 2
        joints += poly([view.at(middle, 0, view.end), view.at(middle, 0, 1.3)], closed=False)
    sc.add(line(joints, mix(paving, "#5c554e", 0.3), 0.9 * sc.s, 0.7))
    for side in (-1, 1):
        rim = side * kerb_x
        sc.add(fill(view.strip(rim, rim * 0.97, view.end, 1.3), mix(paving, "#4d4d55", 0.4)))
        sc.add(fill(view.strip(rim, rim * 1.025, view.end, 1.3), mix(paving, "#ffffff", 0.4)))


def _road_markings(sc: Scenery, view: _View, kerb_x: float, white: str) -> None:
    """A crosswalk, or dashes along the middle."""
    if sc.chance(0.4):
        zebra, z = "", sc.rng.uniform(1.8, 2.6)
        for i in range(9):
            x0, x1 = (kerb_x * (-0.92 + 1.84 * (i + f) / 9) for f in (0.0, 0.55))
            zebra += view.strip(x0, x1, 1 / z, 1 / (z - 0.5))
        sc.add(fill(zebra, white, 0.85))
        sc.note("crosswalk")
    else:
        dashes = "".join(view.strip(-0.05, 0.05, 1 / z, 1 / (z - 0.35)) for z in (1.3, 2.0, 2.7, 3.4, 4.2, 5.2))
        sc.add(fill(dashes, white, 0.85))


def _along(sc: Scenery) -> Backdrop:
    """A street that runs away from us between two rows of houses."""
    rng = sc.rng
    view = _View(sc.w * rng.uniform(0.4, 0.6), sc.horizon, sc.h - sc.horizon, 0.13)
    parts.treeline(sc, view.y + view.deep * view.end * 0.8, 44, sc.far(sc.leaf(), 0.45), 0.05)
    road = mix(rng.choice(("#84868c", "#8b8985", "#7d8087")), sc.mood.haze, 0.12)
    paving = sc.far(rng.choice(("#bdb6aa", "#b5b3b0", "#c4b8a4")), 0.1)
    sc.add(linear("place-road", mix(road, "#ffffff", 0.15), road, mix(road, "#33353f", 0.12)))
    wall_x = 0.5 * sc.w / (rng.uniform(0.52, 0.7) * view.deep)  # in camera heights
    kerb_x = wall_x * rng.uniform(0.68, 0.78)
    sc.add(fill(rect(-1, view.y + view.deep * view.end * 0.7, sc.w + 2, view.deep * 1.2), paving))
    sc.add(fill(view.strip(-kerb_x, kerb_x, view.end, 1.3), "url(#place-road)"))
    _pavements(sc, view, kerb_x, wall_x, paving)
    parts.pebbles(sc, 150, mix(road, "#33353f", 0.4), 0.2, size=1.3)
    _road_markings(sc, view, kerb_x, mix(road, "#f6f4ea", 0.72))
    for side in (-1, 1):
        z = 1 / view.end
        while z > 0.75:
            near = max(0.6, z - rng.uniform(1.1, 1.9))
            _flank(sc, view, side * wall_x, z, near)
            z = near
    sc.note("houses")
    sc.note("road")
    for side in rng.sample((-1, 1), rng.randint(0, 2)):
        for z in (3.4, 2.0):
            x, y = view.at(side * (kerb_x + 0.12), 0, 1 / z)
            lamp_post(sc, x, y)
    if sc.chance(0.4):
        parts.people(sc, view.y + view.deep * 0.26)
    return sc.finish((sc.at(0.24), 0.97 * sc.h))


def _flank(sc: Scenery, view: _View, x: float, far: float, near: float) -> None:
    """One house of a receding row between two depths."""
    rng = sc.rng
    haze = 0.15 + 0.08 * far / 2
    wall = sc.far(rng.choice(WALLS), min(0.6, haze))
    if (x > 0) == (sc.light > 0):
        wall = mix(wall, "#5c5a70", 0.16)
    dark, pale = mix(wall, "#4a3f44", 0.4), mix(wall, "#fffaf0", 0.5)
    floor, floors = 1.15, rng.randint(2, 3)
    top = floor * floors + rng.uniform(0.1, 0.4)

    def quad(z0: float, z1: float, low: float, high: float) -> str:
        corners = (z0, low), (z1, low), (z1, high), (z0, high)
        return poly(view.at(x, up, 1 / z) for z, up in corners)

    tile = sc.far(rng.choice(("#9c6a58", "#7d7a80", "#8c7164")), min(0.6, haze))
    ridge_line = [view.at(x * 1.25, top + 0.5, 1 / far), view.at(x * 1.25, top + 0.5, 1 / near)]
    sc.add(fill(poly([view.at(x * 0.97, top, 1 / near), view.at(x * 0.97, top, 1 / far), *ridge_line]), tile))
    if rng.random() < 0.5:
        corners = (x, 0), (x, top), (x * 1.25, top + 0.5), (x * 1.6, 0)
        end_wall = [view.at(along, up, 1 / far) for along, up in corners]
        sc.add(fill(poly(end_wall), dark))
    sc.add(fill(quad(far, near, 0, top), wall))
    frame, glass, count = "", "", max(2, round((far - near) / 0.5))
    for row in range(1, floors):
        for i in range(count):
            a = far - (far - near) * (i + 0.28) / count
            b = far - (far - near) * (i + 0.72) / count
            frame += quad(a + 0.03, b - 0.03, floor * row + 0.2, floor * row + 0.9)
            glass += quad(a, b, floor * row + 0.26, floor * row + 0.86)
    pane = "#e2c48f" if sc.mood.name == "dusk" else mix("#7c93a6", sc.mood.sky[1], 0.45)
    shop = rng.random() < 0.55
    a, b = far - (far - near) * 0.1, far - (far - near) * 0.65
    c, d = far - (far - near) * 0.74, far - (far - near) * 0.92
    frame += quad(c + 0.03, d - 0.03, 0, 0.86)
    glass += quad(a, b, 0.22, 0.8)
    sc.add(fill(frame, pale), fill(glass, pane), fill(quad(c, d, 0, 0.82), mix(rng.choice(AWNINGS), dark, 0.4)))
    if shop:
        tone = mix(rng.choice(AWNINGS), wall, 0.2)
        stripes: list[str] = ["", ""]
        for i in range(6):
            z0, z1 = a + (b - a) * i / 6, a + (b - a) * (i + 1) / 6
            shade = (x, 1.02, z0), (x, 1.02, z1), (x * 0.87, 0.82, z1), (x * 0.87, 0.82, z0)
            stripes[i % 2] += poly(view.at(along, up, 1 / z) for along, up, z in shade)
        sc.add(fill(stripes[0], tone), fill(stripes[1], "#ebe3d4"))
        sc.note("shops")
    sc.add(
        fill(quad(far, near, floor - 0.02, floor + 0.05), pale, 0.8),
        fill(quad(far, near, 0, 0.07), dark, 0.6),
        fill(quad(near + 0.02, near, 0, top), dark, 0.6),
    )
