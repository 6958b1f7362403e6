"""What streets are made of: houses, shops, lanterns."""

from __future__ import annotations

from demo_world.places.kit import Scenery, box, fill, line, oval, poly, rect
from demo_world.svg import mix

WALLS: tuple[str, ...] = (
    "#c9a08a", "#d8c3a5", "#b9b4a8", "#c7b59f", "#a9b5b5", "#b98f7e", "#d3cbbd", "#bfa7a0", "#9fa9b3", "#cdb98f",
)  # fmt: skip
AWNINGS: tuple[str, ...] = ("#a8645c", "#6f8f86", "#8a86a3", "#b08a56", "#7f93a8")


def _windows(sc: Scenery, x: float, wide: float, floor: float, floors: int, wall: str, pane: str) -> None:
    """The upper floors' windows, on some houses with shutters."""
    rng, s, base, pale = sc.rng, sc.s, sc.horizon, mix(wall, "#fffaf0", 0.5)
    shutters = rng.random() < 0.4
    count = max(2, int(wide / (30 * s)))
    frame, glass, bars, sides = "", "", "", ""
    for row in range(1, floors):
        for i in range(count):
            wx, wy = x + wide * (i + 0.5) / count, base - floor * (row + 0.82)
            ww, wh = 13 * s, floor * 0.52
            frame += rect(wx - ww / 2 - 1.8 * s, wy - 1.8 * s, ww + 3.6 * s, wh + 4.6 * s)
            glass += rect(wx - ww / 2, wy, ww, wh)
            bars += f"M{wx:.1f} {wy:.1f}v{wh:.1f}M{wx - ww / 2:.1f} {wy + wh * 0.4:.1f}h{ww:.1f}"
            sides += rect(wx - ww / 2 - 7 * s, wy, 5 * s, wh) + rect(wx + ww / 2 + 2 * s, wy, 5 * s, wh)
    sc.add(fill(frame, pale), fill(glass, pane), line(bars, pale, 1.1 * s))
    if shutters:
        sc.add(fill(sides, mix(rng.choice(AWNINGS), wall, 0.35)))


def _street_level(sc: Scenery, x: float, wide: float, floor: float, door: float, wall: str, pane: str) -> None:
    """A shop window under an awning, or two plain windows, on the side that the door leaves free."""
    s, base = sc.s, sc.horizon
    dark, pale = mix(wall, "#4a3f44", 0.4), mix(wall, "#fffaf0", 0.5)
    left_door = door < x + wide / 2
    if sc.rng.random() < 0.6:
        left, span, top = x + wide * (0.32 if left_door else 0.08), wide * 0.6, base - floor * 0.72
        goods = "".join(
            rect(left + span * f, base - floor * (0.2 + u), span * 0.09, floor * u)
            for f, u in ((0.08, 0.14), (0.2, 0.09), (0.4, 0.18), (0.55, 0.1), (0.74, 0.15))
        )
        sc.add(
            box(left - 2 * s, top - 2 * s, span + 4 * s, floor * 0.6, dark),
            box(left, top, span, floor * 0.54, mix(pane, "#f6e6c0", 0.35)),
            fill(goods, mix(dark, pane, 0.3), 0.7),
            line(f"M{left + span / 2:.1f} {top:.1f}v{floor * 0.54:.1f}", pale, 1.2 * s),
        )
        _awning(sc, left - 4 * s, top - 3 * s, span + 8 * s, floor * 0.22, wall)
        sc.note("shops")
    else:
        for f in (0.36, 0.62) if left_door else (0.1, 0.36):
            sc.add(
                box(x + wide * f, base - floor * 0.78, wide * 0.18, floor * 0.48, pale),
                box(x + wide * (f + 0.02), base - floor * 0.75, wide * 0.14, floor * 0.42, pane),
            )


def facade(sc: Scenery, x: float, wide: float) -> None:
    """One house: wall, roof, windows, and a shop or a door at street level."""
    rng, s = sc.rng, sc.s
    base, floor = sc.horizon, rng.uniform(42, 53) * s
    floors = rng.choice((1, 1, 2, 2, 3) if base / s < 140 else (1, 2, 2, 3))
    wall = sc.far(rng.choice(WALLS), 0.24)
    dark, pale = mix(wall, "#4a3f44", 0.4), mix(wall, "#fffaf0", 0.5)
    eaves = base - floor * (floors + 0.18)
    _roof(sc, x, wide, eaves, wall)
    sc.add(box(x, eaves, wide, base - eaves + s, wall))
    if rng.random() < 0.6:  # a sprinkling of bricks
        courses = (base - eaves) / (4 * s) - 1
        d = ""
        for _ in range(34):
            left, course = x + rng.uniform(0, wide - 8 * s), round(rng.uniform(0, courses))
            d += rect(left, eaves + course * 4 * s, 6 * s, 2.6 * s)
        sc.add(fill(d, dark, 0.2))
    pane = mix(mix("#7c93a6", sc.mood.sky[1], 0.45), wall, 0.12)
    if sc.mood.name == "dusk":
        pane = "#e2c48f"
    _windows(sc, x, wide, floor, floors, wall, pane)
    sc.add(box(x, base - floor * 1.08, wide, 2.6 * s, pale), box(x, base - 4 * s, wide, 5 * s, dark, opacity=0.6))
    sc.add(box(x + wide - 1.5 * s, eaves, 1.5 * s, base - eaves, dark, opacity=0.5))
    door = x + wide * rng.choice((0.2, 0.8))
    _street_level(sc, x, wide, floor, door, wall, pane)
    leaf = mix(rng.choice(AWNINGS), "#5a5358", 0.3)
    sc.add(
        box(door - 8 * s, base - floor * 0.8, 16 * s, floor * 0.8, pale),
        box(door - 6.5 * s, base - floor * 0.77, 13 * s, floor * 0.77, leaf),
        box(door - 4.5 * s, base - floor * 0.71, 9 * s, floor * 0.24, pane),
        oval(door + 4.2 * s, base - floor * 0.36, 1.1 * s, 1.1 * s, pale),
    )


def _roof(sc: Scenery, x: float, wide: float, eaves: float, wall: str) -> None:
    """A tiled roof or a gable or a cornice, sometimes a chimney."""
    rng, s = sc.rng, sc.s
    tile = sc.far(rng.choice(("#9c6a58", "#7d7a80", "#8c7164", "#6f7780")), 0.22)
    up, what = rng.uniform(18, 30) * s, rng.random()
    if rng.random() < 0.5:
        cx = x + wide * rng.uniform(0.2, 0.7)
        sc.add(
            box(cx, eaves - up * 1.35, 9 * s, up * 1.2, mix(tile, "#8a6a5c", 0.4)),
            box(cx - 1.5 * s, eaves - up * 1.4, 12 * s, 3 * s, mix(tile, "#3a3438", 0.3)),
        )
    if what < 0.5:
        ridge = (x + wide * 0.08, eaves - up), (x + wide * 0.92, eaves - up)
        sc.add(fill(poly([(x - 3 * s, eaves), *ridge, (x + wide + 3 * s, eaves)]), tile))
        rows = "".join(f"M{x + wide * 0.04:.1f} {eaves - up * f:.1f}H{x + wide * 0.96:.1f}" for f in (0.25, 0.5, 0.75))
        sc.add(line(rows, mix(tile, "#3a3438", 0.3), 1.0 * s, 0.6))
    elif what < 0.78:
        peak = (x + wide / 2, eaves - up * 1.5)
        sc.add(
            fill(poly([(x, eaves + s), peak, (x + wide, eaves + s)]), wall),
            oval(x + wide / 2, eaves - up * 0.55, 5 * s, 5 * s, mix(wall, "#4a3f44", 0.45)),
        )
        sc.add(
            line(poly([(x - 3 * s, eaves + 2 * s), peak, (x + wide + 3 * s, eaves + 2 * s)], closed=False), tile, 5 * s)
        )
    else:
        sc.add(
            box(x - 2 * s, eaves - 4 * s, wide + 4 * s, 6 * s, mix(wall, "#fffaf0", 0.4)),
            box(x, eaves - 10 * s, wide, 6 * s, mix(wall, "#4a3f44", 0.15)),
        )


def _awning(sc: Scenery, x: float, y: float, wide: float, drop: float, wall: str) -> None:
    """A striped awning with a scalloped hem."""
    tone = mix(sc.rng.choice(AWNINGS), wall, 0.2)
    stripes, hem, step = "", "", wide / 8
    for i in range(8):
        cell = poly(
            [(x + i * step, y), (x + (i + 1) * step, y), (x + (i + 1) * step, y + drop), (x + i * step, y + drop)]
        )
        cell += f"M{x + i * step:.1f} {y + drop:.1f}a{step / 2:.1f} {step / 2:.1f} 0 0 0 {step:.1f} 0z"
        stripes, hem = (stripes + cell, hem) if i % 2 else (stripes, hem + cell)
    sc.add(fill(stripes, "#ebe3d4"), fill(hem, tone))


def lamp_post(sc: Scenery, x: float, y: float) -> None:
    """A lantern on a fluted post."""
    k = sc.k(y) * 0.95
    tone, glow = sc.far("#55605f", 0.2), "#fbe9b8" if sc.mood.name in ("dusk", "golden", "overcast") else "#eef0e6"
    top = y - 205 * k
    post = [
        (x - 6 * k, y), (x - 2.6 * k, y - 20 * k), (x - 2 * k, top), (x + 2 * k, top), (x + 2.6 * k, y - 20 * k),
        (x + 6 * k, y),
    ]  # fmt: skip
    sc.add(oval(x, y, 12 * k, 3 * k, "#2a2f38", 0.3), fill(poly(post), tone))
    if sc.mood.name == "dusk":
        sc.add(oval(x, top - 14 * k, 34 * k, 34 * k, glow, 0.22))
    sc.add(
        fill(poly([(x - 6 * k, top), (x + 6 * k, top), (x + 10 * k, top - 24 * k), (x - 10 * k, top - 24 * k)]), glow)
    )
    roof = [
        (x - 12 * k, top - 24 * k), (x + 12 * k, top - 24 * k), (x + 3 * k, top - 34 * k), (x - 3 * k, top - 34 * k),
    ]  # fmt: skip
    sc.add(fill(poly(roof) + rect(x - 8 * k, top - 2 * k, 16 * k, 4 * k), tone))
    sc.note("lamp post")
