"""Who stands where: a scene of the demo world is composed here, as data, before a pixel is drawn.

A scene has a place, one or two main groups (things of one kind and colour), now and then a bystander, and the relations
between them.
"""

from __future__ import annotations

from random import Random

from demo_world.picture.canvas import Canvas
from demo_world.picture.habitat import FLYING, HABITAT
from demo_world.picture.recipes import RECIPES, add_bystander, choose_recipe
from demo_world.picture.scene import SIDE, Scene

SHAPES = ((4, 3), (4, 3), (3, 2), (3, 2), (16, 9), (1, 1), (3, 4), (2, 3))  # width : height


def compose(
    rng: Random,
    focus: str | None = None,
    place: str | None = None,
    recipe: str | None = None,
    shape: tuple[int, int] | None = None,
    second: str | None = None,
) -> Scene:
    """Compose a scene.

    ``focus`` is the kind of its first group, ``place``, ``recipe``, ``shape`` and ``second`` (the other main group's
    kind) are drawn at random when not given. Raises ``KeyError`` for a kind that does not exist.
    """
    focus = focus or rng.choice(tuple(HABITAT))
    recipe = recipe or choose_recipe(rng, focus)
    place = place or ("snow" if recipe == "ski" else rng.choice(HABITAT[focus]))
    seed = rng.randrange(1 << 30)
    wide, high = shape or rng.choice(SHAPES)
    short = min(wide, high)
    canvas = Canvas(rng, place, round(SIDE * wide / short), round(SIDE * high / short), seed)
    RECIPES[recipe](canvas, focus, second)
    if rng.random() < 0.1:
        add_bystander(canvas)
    return canvas.scene(seed)


def portrait(rng: Random, kind: str) -> Scene:
    """A picture of one thing, large, in one of its places, with clutter behind: an image of P1."""
    wide, high = rng.choice(SHAPES)
    short, seed, place = min(wide, high), rng.randrange(1 << 30), rng.choice(HABITAT[kind])
    canvas = Canvas(rng, place, round(SIDE * wide / short), round(SIDE * high / short), seed)
    canvas.unit *= 0.7
    for _ in range(rng.choice((0, 1, 1, 2))):
        add_bystander(canvas, avoid=kind)
    group = canvas.new_group(kind)
    pose = canvas.groups[group].pose
    _, width, height, _ = canvas.box(canvas.groups[group], 1, 1.0)
    per_metre = min(rng.uniform(0.45, 0.78) * SIDE / height, 0.82 * SIDE / width)
    height *= per_metre
    x = canvas.width / 2 + rng.uniform(-0.12, 0.12) * SIDE
    flies, hangs = kind in FLYING or pose == "flying", pose == "wall"
    if flies:
        y = height + rng.uniform(0.06, 0.94) * max(8.0, canvas.height * 0.8 - height)
    elif hangs:
        y = height + rng.uniform(0.05, 0.4) * (canvas.height - height)
    else:
        y = rng.uniform(0.84, 0.97) * canvas.height
    canvas.put(
        group, x, y, per_metre, rng.random() < 0.5, depth=10_000, grounded=not (flies or hangs or kind == "boat"),
        afloat=kind == "boat",
    )  # fmt: skip
    return canvas.scene(seed)
