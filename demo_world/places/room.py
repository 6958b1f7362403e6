"""A living room."""

from __future__ import annotations

from random import Random

from demo_world.places.interior import PAPERS, WOODS, boards, carpet, indoor, inside, wallpaper, window
from demo_world.places.kit import Scenery, box, disc, fill, oval, poly, rect
from demo_world.svg import Backdrop, mix


def draw_room(rng: Random, width: int, height: int) -> Backdrop:
    """A living room."""
    sc = inside(rng, width, height)
    s = sc.s
    paper = rng.choice(PAPERS)
    wallpaper(sc, paper)
    boards(sc, rng.choice(WOODS))
    if sc.chance(0.65):
        carpet(sc)
    # The wall in slots from left to right, so that nothing overlaps and some wall stays free.
    slots = max(3, round(sc.w / (95 * s)))
    order = rng.sample(range(slots), slots)
    span = sc.w / slots
    soft = rng.choice(("#b07f74", "#8ea3a0", "#a79bb3", "#b9a27c", "#93a6b8", "#a5ab86"))
    middle = [(slot + 0.5) * span for slot in order]
    scale = sc.horizon / s
    if sc.chance(0.7):
        wide, tall = min(span * 0.62, 74 * s), min(0.5 * scale, 78) * s
        window(
            sc,
            middle[0] - wide / 2,
            sc.horizon * 0.16,
            wide,
            tall,
            mix(soft, "#f3ece0", 0.35) if sc.chance(0.75) else "",
        )
    if sc.chance(0.75):
        _pictures(sc, middle[1], sc.horizon * rng.uniform(0.2, 0.3), span * 0.7)
    what = rng.random()
    if what < 0.55:
        _sofa(sc, middle[rng.randint(0, 1)] + rng.uniform(-8, 8) * s, mix(soft, paper, 0.12))
    if what > 0.4:
        _shelf(sc, middle[2], min(span * 0.8, 86 * s))
    if sc.chance(0.55):
        _lamp(sc, min(sc.w - 20 * s, max(20 * s, middle[1] + span * 0.5)))
    return indoor(sc, 0.16)


def _pictures(sc: Scenery, x: float, y: float, span: float) -> None:
    """One to three framed pictures: small landscapes and shapes."""
    rng, s = sc.rng, sc.s
    count = rng.choice((1, 2, 3))
    for i in range(count):
        wide = span / count * rng.uniform(0.62, 0.8)
        tall = min(wide * rng.uniform(0.8, 1.4), sc.horizon * 0.4, 58 * s)
        left, top = x - span / 2 + span * (i + 0.5) / count - wide / 2, y + rng.uniform(-6, 6) * s
        frame = rng.choice(("#8a6f55", "#5f5854", "#cbb894", "#efe8da"))
        a, b = rng.sample(("#c7b79c", "#a9b8b4", "#c9a99a", "#9fa893", "#b5aebd", "#d9ccb4"), 2)
        sc.add(
            box(left + 2 * s, top + 3 * s, wide, tall, "#4d4038", opacity=0.2),
            box(left, top, wide, tall, frame),
            box(left + 3 * s, top + 3 * s, wide - 6 * s, tall - 6 * s, "#f1ece0"),
        )
        ix, iy, iw, ih = left + 6 * s, top + 6 * s, max(2.0, wide - 12 * s), max(2.0, tall - 12 * s)
        sc.add(box(ix, iy, iw, ih, a))
        sc.add(
            fill(
                (
                    f"M{ix:.1f} {iy + ih * 0.7:.1f}"
                    f"Q{ix + iw * 0.35:.1f} {iy + ih * 0.35:.1f} {ix + iw * 0.65:.1f} {iy + ih * 0.7:.1f}"
                    f"T{ix + iw:.1f} {iy + ih * 0.6:.1f}V{iy + ih:.1f}H{ix:.1f}z"
                ),
                b,
            )
        )
        sc.add(
            oval(ix + iw * rng.uniform(0.25, 0.75), iy + ih * 0.26, min(iw, ih) * 0.12, min(iw, ih) * 0.12, "#f4e6c2")
        )
    sc.note("pictures")


def _sofa(sc: Scenery, x: float, tone: str) -> None:
    """A sofa against the wall with cushions."""
    rng, s = sc.rng, sc.s
    w, y = rng.uniform(54, 66) * s, sc.horizon + 9 * s
    dark, pale = mix(tone, "#463c44", 0.32), mix(tone, "#fff5e6", 0.22)
    sc.add(
        oval(x, y + s, w * 1.12, 5 * s, "#30262a", 0.25),
        fill(rect(x - w * 0.9, y - 7 * s, 4 * s, 7 * s) + rect(x + w * 0.84, y - 7 * s, 4 * s, 7 * s), "#6b5544"),
    )
    sc.add(
        box(x - w * 0.88, y - 58 * s, w * 1.76, 46 * s, dark, 9 * s),
        box(x - w * 0.84, y - 56 * s, w * 0.83, 36 * s, tone, 6 * s),
        box(x + w * 0.01, y - 56 * s, w * 0.83, 36 * s, tone, 6 * s),
    )
    sc.add(
        box(x - w * 0.9, y - 27 * s, w * 1.8, 21 * s, dark, 4 * s),
        box(x - w * 0.84, y - 31 * s, w * 0.83, 14 * s, pale, 4 * s),
        box(x + w * 0.01, y - 31 * s, w * 0.83, 14 * s, pale, 4 * s),
    )
    for side in (-1, 1):
        sc.add(
            box(x + side * w * 0.93 - 8 * s, y - 40 * s, 16 * s, 35 * s, mix(tone, dark, 0.35), 7 * s),
            oval(x + side * w * 0.93, y - 36 * s, 8 * s, 5.5 * s, tone),
        )
    for side, tilt in ((-1, -14), (1, 12))[: rng.randint(1, 2)]:
        cx, cushion = x + side * w * 0.55, rng.choice(("#d9c9a0", "#c9a49a", "#a9b9b0", "#e0d8c8"))
        sc.add(
            f'<rect x="{cx - 11 * s:.1f}" y="{y - 50 * s:.1f}" '
            f'width="{22 * s:.1f}" height="{22 * s:.1f}" rx="{4 * s:.1f}" '
            f'fill="{cushion}" transform="rotate({tilt} {cx:.1f} {y - 39 * s:.1f})"/>'
        )
    sc.note("sofa")


def _shelf(sc: Scenery, x: float, wide: float) -> None:
    """A bookcase, or boards on the wall, with books and jars."""
    rng, s = sc.rng, sc.s
    wood = rng.choice(WOODS)
    dark = mix(wood, "#3f3028", 0.4)
    tall = rng.random() < 0.6
    rows, gap = (3, 32 * s) if tall else (2, 34 * s)
    bottom = sc.horizon + 3 * s if tall else sc.horizon * 0.62
    left = x - wide / 2
    if tall:
        sc.add(
            oval(x, bottom, wide * 0.55, 4 * s, "#30262a", 0.25),
            box(left, bottom - gap * rows - 8 * s, wide, gap * rows + 8 * s, wood, s),
        )
    books: list[str] = ["", "", "", ""]
    for row in range(rows):
        y = bottom - 5 * s - row * gap if tall else bottom - row * gap
        if tall:
            sc.add(box(left + 4 * s, y - gap + 5 * s, wide - 8 * s, gap - 5 * s, dark))
        else:
            sc.add(box(left, y, wide, 4 * s, wood), box(left, y + 4 * s, wide, 2 * s, dark, opacity=0.5))
        bx = left + 7 * s
        while bx < left + wide - 14 * s:
            thick, high = rng.uniform(3.5, 7) * s, rng.uniform(15, 24) * s
            if rng.random() < 0.84:
                books[rng.randrange(4)] += rect(bx, y - high, thick - 0.6 * s, high)
            else:
                thick = 10 * s
                books[3] += disc(bx + 5 * s, y - 6 * s, 5 * s, 6 * s) + rect(bx + 3.4 * s, y - 15 * s, 3.2 * s, 6 * s)
            bx += thick
    sc.add(*(fill(d, c) for d, c in zip(books, ("#a3746a", "#7f958f", "#c4b189", "#8d86a0"), strict=True) if d))
    sc.note("shelf")


def _lamp(sc: Scenery, x: float) -> None:
    """A standing lamp and its glow."""
    s, y = sc.s, sc.horizon + 7 * sc.s
    shade = sc.rng.choice(("#efe0be", "#e3cdb4", "#d9d3c0"))
    top = y - 112 * s
    lit = sc.mood.name in ("dusk", "golden", "overcast")
    if lit:
        sc.add(
            oval(x, top + 14 * s, 58 * s, 58 * s, "#fff0c4", 0.18),
            oval(x, top + 14 * s, 36 * s, 36 * s, "#fff0c4", 0.25),
        )
    sc.add(oval(x, y, 13 * s, 3.4 * s, "#5f5248"), box(x - 1.5 * s, top + 20 * s, 3 * s, 92 * s, "#6f6154"))
    sc.add(
        fill(
            poly([(x - 11 * s, top), (x + 11 * s, top), (x + 19 * s, top + 27 * s), (x - 19 * s, top + 27 * s)]),
            mix(shade, "#fff6d8", 0.5) if lit else shade,
        )
    )
    sc.add(
        fill(
            poly([(x + 4 * s, top), (x + 11 * s, top), (x + 19 * s, top + 27 * s), (x + 7 * s, top + 27 * s)]),
            mix(shade, "#8c6f4c", 0.4),
            0.45,
        )
    )
    sc.note("lamp")
