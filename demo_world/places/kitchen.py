"""A kitchen."""

from __future__ import annotations

from random import Random

from demo_world.places.interior import PAPERS, WOODS, indoor, inside, window
from demo_world.places.kit import Scenery, box, disc, fill, line, oval, poly, rect
from demo_world.svg import Backdrop, linear, mix


def draw_kitchen(rng: Random, width: int, height: int) -> Backdrop:
    """A kitchen: tiled wall, counter and cupboards, a chequered floor."""
    sc = inside(rng, width, height)
    s = sc.s
    paint, front = rng.choice(PAPERS), rng.choice(("#e3dccd", "#b9c7bd", "#c9b79c", "#b3c0c9", "#d3c3b3", "#a8b09a"))
    sc.add(
        linear("place-wall", mix(paint, "#ffffff", 0.15), mix(paint, "#6d5f58", 0.08)),
        box(0, 0, sc.w, sc.horizon + 2 * s, "url(#place-wall)"),
    )
    counter = sc.horizon - 58 * s
    _tiles(sc, counter - rng.uniform(36, 52) * s if sc.chance(0.6) else 0.0, counter)
    _chequer(sc)
    wx = sc.w * rng.uniform(0.2, 0.8)
    if sc.chance(0.65):
        wide, tall = 62 * s, max(20 * s, min(62 * s, counter - 30 * s))
        window(sc, min(max(wx - wide / 2, 16 * s), sc.w - wide - 16 * s), counter - tall - 15 * s, wide, tall)
    _uppers(sc, front, wx)
    _counter(sc, front, counter)
    return indoor(sc, 0.16)


def _tiles(sc: Scenery, top: float, bottom: float) -> None:
    """Wall tiles with a few patterned ones."""
    rng, s = sc.rng, sc.s
    tile = rng.choice(("#e6e6df", "#dfe5e4", "#e8e0d2", "#cfdad6", "#d9dfe6"))
    size = rng.uniform(11, 16) * s
    sc.add(box(0, top, sc.w, bottom - top, tile))
    rows, across = int((bottom - top) / size) + 1, int(sc.w / size) + 1
    brick = rng.random() < 0.4
    wide = size * (1.9 if brick else 1.0)
    d = "".join(f"M0 {bottom - j * size:.1f}H{sc.w:.1f}" for j in range(rows))
    for j in range(rows):
        up = max(top, bottom - (j + 1) * size)
        for i in range(int(sc.w / wide) + 2):
            d += f"M{(i - (j % 2) / 2 * brick) * wide:.1f} {bottom - j * size:.1f}V{up:.1f}"
    accents = "".join(
        rect(i * size + 1, bottom - (j + 1) * size + 1, size - 2, size - 2)
        for i in range(across)
        for j in range(rows - 1)
        if not brick and rng.random() < 0.09
    )
    sc.add(
        fill(accents, rng.choice(("#b7c6c9", "#cdb9a4", "#b8c4ae")), 0.8),
        line(d, mix(tile, "#857c74", 0.35), 0.9 * s, 0.8),
    )


def _chequer(sc: Scenery) -> None:
    """Floor tiles in two tones, in perspective."""
    rng, s = sc.rng, sc.s
    pale = rng.choice(("#d9d0c0", "#cfd3d0", "#d8c8b4"))
    dark = mix(pale, rng.choice(("#7d8a8c", "#a3785c", "#8a8478", "#7f9080")), rng.uniform(0.3, 0.6))
    sc.add(
        linear("place-floor", mix(pale, "#4d443c", 0.14), pale),
        fill(rect(-1, sc.horizon, sc.w + 2, sc.h - sc.horizon + 1), "url(#place-floor)"),
    )
    vx, vy = sc.w * rng.uniform(0.35, 0.65), sc.horizon - 0.22 * sc.h
    deep, rows, step = sc.h - vy, 7, rng.uniform(46, 64) * s
    q0 = (sc.horizon - vy) / deep
    lines = [1 / (1 / q0 + (1 / 1.06 - 1 / q0) * j / rows) for j in range(rows + 1)]
    count = int(sc.w / (step * q0)) + 2
    d = ""
    for j in range(rows):
        y0, y1 = vy + deep * lines[j], vy + deep * lines[j + 1]
        for i in range(-count // 2 - 1, count // 2 + 2):
            if (i + j) % 2 == 0:
                x0, x1 = vx + i * step * lines[j], vx + i * step * lines[j + 1]
                d += poly([(x0, y0), (x0 + step * lines[j], y0), (x1 + step * lines[j + 1], y1), (x1, y1)])
    sc.add(fill(d, dark, 0.75), box(0, sc.horizon, sc.w, 7 * s, "#3d342e", opacity=0.2))
    sc.add(
        fill(
            "".join(disc(rng.uniform(0, sc.w), rng.uniform(sc.horizon, sc.h), 5 * s, s) for _ in range(26)),
            "#ffffff",
            0.16,
        )
    )


def _uppers(sc: Scenery, front: str, clear: float) -> None:
    """Cupboards or an open shelf high on the wall, away from the window."""
    rng, s = sc.rng, sc.s
    room_left, room_right = clear - 55 * s, sc.w - clear - 55 * s
    left = room_left > room_right
    wide = min(max(room_left, room_right), rng.uniform(80, 130) * s)
    if wide < 34 * s:
        return
    x = rng.uniform(0, 0.3) * (room_left - wide) if left else sc.w - wide - rng.uniform(0, 0.3) * (room_right - wide)
    y, tall = max(2 * s, sc.horizon - 172 * s), 46 * s
    if sc.chance(0.65):
        dark = mix(front, "#5a4c44", 0.35)
        doors = max(1, round(wide / (38 * s)))
        sc.add(box(x, y, wide, tall + 3 * s, dark, s))
        step = wide / doors
        panels = "".join(rect(x + i * step + 1.5 * s, y + 1.5 * s, step - 3 * s, tall - 2 * s) for i in range(doors))
        insets = "".join(rect(x + i * step + 6 * s, y + 6 * s, step - 12 * s, tall - 11 * s) for i in range(doors))
        knobs = "".join(
            disc(x + (i + (0.82 if i % 2 == 0 else 0.18)) * step, y + tall - 9 * s, 1.7 * s) for i in range(doors)
        )
        sc.add(fill(panels, mix(front, "#ffffff", 0.1)), line(insets, dark, 1.1 * s, 0.7), fill(knobs, "#75655a"))
        sc.note("cupboards")
    else:
        wood = rng.choice(WOODS)
        parts = ["", "", ""]
        y += tall * 0.75
        for i in range(int(wide / (15 * s))):
            cx, high = x + (i + 0.6) * 15 * s, rng.uniform(9, 17) * s
            parts[i % 3] += (
                rect(cx - 4.6 * s, y - high, 9.2 * s, high) if i % 2 else disc(cx, y - 5 * s, 5.4 * s, 5 * s)
            )
        sc.add(*(fill(d, c) for d, c in zip(parts, ("#c2a48a", "#a9bab6", "#d8cdb8"), strict=True)))
        sc.add(box(x, y, wide, 4 * s, wood), box(x, y + 4 * s, wide, 2 * s, "#4d4038", opacity=0.3))
        sc.note("shelf")


def _counter(sc: Scenery, front: str, y: float) -> None:
    """Base units with drawers and doors, a stove among them, a worktop with a few things on it."""
    rng, s = sc.rng, sc.s
    dark, top = mix(front, "#5a4c44", 0.38), rng.choice(("#b59a7c", "#9c9a98", "#c7bba8", "#8f8278"))
    base = sc.horizon + 4 * s
    gap = rng.random() < 0.4  # a free stretch of wall at one side
    x0, x1 = 0.0, sc.w
    if gap:
        x0, x1 = (sc.w * 0.22, sc.w) if rng.random() < 0.5 else (0.0, sc.w * 0.78)
    sc.add(
        box(x0 - 2, base - 8 * s, x1 - x0 + 4, 8 * s, "#5b5048"),
        box(x0 - 2, y + 4 * s, x1 - x0 + 4, base - y - 11 * s, dark),
    )
    units = max(2, round((x1 - x0) / (46 * s)))
    step = (x1 - x0) / units
    stove = rng.randrange(units)
    panels, handles, insets = "", "", ""
    for i in range(units):
        x = x0 + i * step
        if i == stove:
            continue
        panels += rect(x + 1.5 * s, y + 8 * s, step - 3 * s, 11 * s) + rect(
            x + 1.5 * s, y + 21 * s, step - 3 * s, base - y - 31 * s
        )
        insets += rect(x + 6 * s, y + 26 * s, step - 12 * s, base - y - 41 * s)
        handles += rect(x + step / 2 - 5 * s, y + 12 * s, 10 * s, 2 * s) + rect(
            x + step * 0.8, y + 25 * s, 2 * s, 9 * s
        )
    sc.add(fill(panels, mix(front, "#ffffff", 0.06)), line(insets, dark, 1.1 * s, 0.6), fill(handles, "#75655a"))
    sx = x0 + stove * step
    sc.add(
        box(sx + s, y + 5 * s, step - 2 * s, base - y - 12 * s, "#c9c7c2", s),
        box(sx + step * 0.14, y + 24 * s, step * 0.72, 22 * s, "#5d5f66", 2 * s),
        box(sx + step * 0.14, y + 19 * s, step * 0.72, 2.4 * s, "#85858a"),
    )
    sc.add(fill("".join(disc(sx + step * f, y + 12 * s, 2.2 * s) for f in (0.2, 0.4, 0.6, 0.8)), "#77757a"))
    sc.add(
        box(x0 - 3 * s, y - 2 * s, x1 - x0 + 6 * s, 7 * s, top, s),
        box(x0 - 3 * s, y - 2 * s, x1 - x0 + 6 * s, 2 * s, mix(top, "#ffffff", 0.35)),
    )
    px, py = sx + step * 0.5, y - 2 * s
    pot = rng.choice(("#9a9fa3", "#a87f6c", "#7f9393"))
    if sc.chance(0.7):
        sc.add(
            box(px - 10 * s, py - 14 * s, 20 * s, 14 * s, pot, 2 * s),
            box(px - 11 * s, py - 16 * s, 22 * s, 3 * s, mix(pot, "#ffffff", 0.3), s),
            oval(px, py - 17.5 * s, 2 * s, 1.6 * s, "#5d5850"),
        )
    for _ in range(rng.randint(1, 3)):
        jx, tone = rng.uniform(x0 + 14 * s, x1 - 14 * s), rng.choice(("#c9b596", "#b4c2bc", "#d4c8b8", "#b89a86"))
        if abs(jx - px) > 26 * s:
            sc.add(
                box(jx - 6 * s, py - 17 * s, 12 * s, 17 * s, tone, 3 * s),
                box(jx - 5 * s, py - 20 * s, 10 * s, 4 * s, mix(tone, "#5a4c44", 0.4), s),
            )
    sc.note("counter")
    sc.note("cupboards")
