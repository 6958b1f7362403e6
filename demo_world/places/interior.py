"""What rooms share: walls, floors and windows."""

from __future__ import annotations

from random import Random

from demo_world.places.kit import Scenery, box, disc, fill, line, oval, poly, rect
from demo_world.svg import Backdrop, linear, mix

PAPERS: tuple[str, ...] = ("#d9cbb4", "#bfcbc2", "#d6c0b8", "#b9c4cf", "#cfc7d4", "#dcd3c2", "#c9d0b4", "#b5b9b0")
WOODS: tuple[str, ...] = ("#b8946c", "#a98663", "#c6a67e", "#97785c", "#bfa58a")


def inside(rng: Random, width: int, height: int) -> Scenery:
    """A room's builder: its horizon is where the wall meets the floor."""
    return Scenery(rng, width, height, 0.46, 0.6)


def window(sc: Scenery, x: float, y: float, wide: float, tall: float, curtains: str = "") -> None:
    """A window with a view, a sill, and curtains when a colour is given."""
    s, rng = sc.s, sc.rng
    frame = "#efe9dc"
    sc.add(
        box(x - 5 * s, y - 5 * s, wide + 10 * s, tall + 10 * s, mix(frame, "#8b8070", 0.25)),
        box(x - 4 * s, y - 4 * s, wide + 8 * s, tall + 8 * s, frame),
    )
    sc.add(linear("place-view", *sc.mood.sky), box(x, y, wide, tall, "url(#place-view)"))
    hill = (
        f"M{x:.1f} {y + tall * 0.72:.1f}"
        f"Q{x + wide * 0.3:.1f} {y + tall * 0.5:.1f} {x + wide * 0.6:.1f} {y + tall * 0.72:.1f}"
        f"T{x + wide:.1f} {y + tall * 0.66:.1f}V{y + tall:.1f}H{x:.1f}z"
    )
    sc.add(fill(hill, sc.far(sc.grass[1], 0.35)))
    crowns = "".join(
        disc(x + wide * f, y + tall * 0.7, wide * 0.1, tall * 0.13) for f in (0.14, 0.26, rng.uniform(0.6, 0.85))
    )
    sc.add(fill(crowns, sc.far(sc.leaf(), 0.35)))
    sc.add(
        fill(
            poly([(x + wide * 0.1, y + tall), (x + wide * 0.45, y), (x + wide * 0.62, y), (x + wide * 0.27, y + tall)]),
            "#ffffff",
            0.2,
        )
    )
    sc.add(line(f"M{x + wide / 2:.1f} {y:.1f}v{tall:.1f}M{x:.1f} {y + tall * 0.45:.1f}h{wide:.1f}", frame, 3.2 * s))
    sc.add(
        box(x - 9 * s, y + tall + 4 * s, wide + 18 * s, 5 * s, frame, s),
        box(x - 9 * s, y + tall + 8 * s, wide + 18 * s, 2 * s, "#6d6358", opacity=0.35),
    )
    sc.note("window")
    if not curtains:
        return
    low, folds = y + tall + rng.uniform(14, 34) * s, ""
    for side in (-1, 1):
        edge = x - 15 * s if side < 0 else x + wide + 15 * s
        inner = edge - side * wide * 0.3
        d = (
            f"M{edge:.1f} {y - 12 * s:.1f}L{inner:.1f} {y - 12 * s:.1f}"
            f"Q{inner + side * 3 * s:.1f} {y + tall * 0.6:.1f} {inner + side * 6 * s:.1f} {low:.1f}"
            f"L{edge:.1f} {low:.1f}z"
        )
        sc.add(fill(d, curtains))
        folds += "".join(
            f"M{edge + (inner - edge) * f:.1f} {y - 10 * s:.1f}L{edge + (inner - edge) * f * 0.8:.1f} {low - s:.1f}"
            for f in (0.2, 0.42, 0.64, 0.84)
        )
    sc.add(
        line(folds, mix(curtains, "#4d4048", 0.3), 1.6 * s, 0.6),
        line(f"M{x - 20 * s:.1f} {y - 13 * s:.1f}H{x + wide + 20 * s:.1f}", "#8c7864", 3 * s),
    )


def indoor(sc: Scenery, near: float) -> Backdrop:
    """Finish with an indoor light: softer than the sky's, warm in the evening."""
    back = sc.finish((sc.at(near), 0.97 * sc.h))
    tint = {"golden": "#fff2dd", "dusk": "#fbe6cf", "overcast": "#f3f4f6", "dawn": "#fff4ee"}.get(
        sc.mood.name, "#ffffff"
    )
    extras = tuple(extra for extra in back.extras if extra not in ("clouds", "trees", "hills", "sunset"))
    return Backdrop(back.body, back.horizon, back.ground, back.front, back.light * 0.6, 0.32, tint, extras)


def wallpaper(sc: Scenery, paper: str) -> None:
    """Striped, dotted, leafy or plain, over a skirting board or a panelled dado."""
    rng, s = sc.rng, sc.s
    sc.add(
        linear("place-wall", mix(paper, "#ffffff", 0.1), mix(paper, "#6d5f58", 0.12)),
        box(0, 0, sc.w, sc.horizon + 2 * s, "url(#place-wall)"),
    )
    pattern, pale = rng.random(), mix(paper, rng.choice(("#ffffff", "#8d7b70")), 0.22)
    step = rng.uniform(17, 26) * s
    across, down = int(sc.w / step) + 2, int(sc.horizon / step) + 1
    if pattern < 0.32:
        sc.add(
            fill(
                "".join(rect(i * step, 0, step * rng.choice((0.4, 0.42)), sc.horizon) for i in range(across)),
                pale,
                0.55,
            )
        )
    elif pattern < 0.55:
        d = "".join(
            disc((i + (j % 2) / 2) * step, (j + 0.5) * step, 2.1 * s) for i in range(across) for j in range(down)
        )
        sc.add(fill(d, pale, 0.8))
    elif pattern < 0.8:
        d = ""
        for i in range(across):
            for j in range(down):
                x, y = (i + (j % 2) / 2) * step, (j + 0.6) * step
                d += f"M{x:.1f} {y:.1f}q{-5 * s:.1f} {-3 * s:.1f} 0 {-9 * s:.1f}q{5 * s:.1f} {6 * s:.1f} 0 {9 * s:.1f}"
                d += (
                    f"M{x:.1f} {y + s:.1f}q{-6 * s:.1f} {-s:.1f} {-7 * s:.1f} {-5 * s:.1f}"
                    f"M{x:.1f} {y + s:.1f}q{6 * s:.1f} {-s:.1f} {7 * s:.1f} {-5 * s:.1f}"
                )
        sc.add(line(d, pale, 1.2 * s, 0.75))
    trim = "#ece5d8"
    if sc.chance(0.35):
        top = sc.horizon - rng.uniform(38, 50) * s
        sc.add(box(0, top, sc.w, sc.horizon - top, mix(trim, paper, 0.25)), box(0, top - 2 * s, sc.w, 4 * s, trim))
        panels = "".join(
            rect(i * 44 * s + 6 * s, top + 9 * s, 32 * s, sc.horizon - top - 22 * s)
            for i in range(int(sc.w / (44 * s)) + 1)
        )
        sc.add(line(panels, mix(trim, "#8b7d70", 0.35), 1.2 * s, 0.8))
    sc.add(
        box(0, sc.horizon - 9 * s, sc.w, 10 * s, trim),
        box(0, sc.horizon - 9 * s, sc.w, 1.4 * s, mix(trim, "#8b7d70", 0.4)),
    )


def boards(sc: Scenery, wood: str) -> None:
    """Floor boards that run towards us."""
    rng, s = sc.rng, sc.s
    sc.add(
        linear("place-floor", mix(wood, "#4d3c30", 0.16), wood, mix(wood, "#fff0d8", 0.12)),
        fill(rect(-1, sc.horizon, sc.w + 2, sc.h - sc.horizon + 1), "url(#place-floor)"),
    )
    vx, vy = sc.w * rng.uniform(0.4, 0.6), sc.horizon - 0.3 * sc.h
    lines, ends, planks = "", "", ""
    step, reach = 30 * s, (sc.h - vy) / (sc.horizon - vy)
    count = int(sc.w / step) + 3
    for i in range(-count, count + 1):
        x0 = vx + i * step / reach * 1.4
        x1 = vx + i * step * 1.4
        lines += f"M{x0:.1f} {sc.horizon:.1f}L{x1:.1f} {sc.h:.1f}"
        for _ in range(2):
            f = rng.random()
            y = sc.horizon + (sc.h - sc.horizon) * f
            a, b = x0 + (x1 - x0) * f, (x0 + (x1 - x0) * f) + step * 1.4 * (1 / reach + (1 - 1 / reach) * f)
            ends += f"M{a:.1f} {y:.1f}H{b:.1f}"
        if rng.random() < 0.3:
            g = step * 1.4
            planks += poly([(x0, sc.horizon), (x0 + g / reach, sc.horizon), (x1 + g, sc.h), (x1, sc.h)])
    tone = rng.choice(("#fff0d8", "#5a4434"))
    sc.add(fill(planks, mix(wood, tone, 0.3), 0.4), line(lines + ends, mix(wood, "#4a382c", 0.45), 1.0 * s, 0.55))
    sc.add(box(0, sc.horizon, sc.w, 6 * s, "#3d2f28", opacity=0.16))


def carpet(sc: Scenery) -> None:
    """An oval or a rectangular rug with borders."""
    rng, s = sc.rng, sc.s
    tone = rng.choice(("#b88f84", "#8fa0a6", "#a7987f", "#9aa587", "#a593a8", "#c2a98c"))
    pale = mix(tone, "#fbf3e2", 0.5)
    x, y = sc.w * rng.uniform(0.4, 0.6), sc.at(rng.uniform(0.5, 0.64))
    rx, ry = sc.w * rng.uniform(0.28, 0.4), (sc.h - sc.horizon) * rng.uniform(0.22, 0.32)
    if sc.chance(0.5):
        sc.add(oval(x, y + 2 * s, rx, ry, "#3d2f28", 0.25))
        sc.add(
            *(
                oval(x, y, rx * f, ry * f, c)
                for f, c in ((1, tone), (0.9, pale), (0.83, tone), (0.5, mix(tone, pale, 0.35)), (0.42, tone))
            )
        )
    else:

        def ring(f: float) -> str:
            return poly([
                (x - rx * 0.82 * f, y - ry * f), (x + rx * 0.82 * f, y - ry * f), (x + rx * 1.1 * f, y + ry * f),
                (x - rx * 1.1 * f, y + ry * f),
            ])  # fmt: skip

        fringe = "".join(f"M{x + rx * 1.09 * (-1 + i / 17):.1f} {y + ry:.1f}v{5 * s:.1f}" for i in range(35))
        sc.add(line(fringe, pale, 1.3 * s), fill(ring(1.0), tone), fill(ring(0.9), pale), fill(ring(0.84), tone))
        middles = [x + rx * u for u in (-0.5, 0, 0.5)]
        diamonds = "".join(poly([(m - 9 * s, y), (m, y - 6 * s), (m + 9 * s, y), (m, y + 6 * s)]) for m in middles)
        sc.add(fill(diamonds, pale, 0.8))
    weave = "".join(
        disc(x + rx * 0.8 * rng.uniform(-1, 1), y + ry * 0.8 * rng.uniform(-1, 1), 2.2 * s, 0.6 * s) for _ in range(60)
    )
    sc.add(fill(weave, mix(tone, "#4a3c38", 0.4), 0.4))
    sc.note("carpet")
