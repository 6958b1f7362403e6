"""Ways to fill a canvas: one thing, a herd, a pair, somebody who rides, holds or sits."""

from __future__ import annotations

from random import Random

from demo_world.objects import KINDS
from demo_world.picture.canvas import COMPRESSION, Canvas
from demo_world.picture.habitat import FLYING, HABITAT, HERDS, PERCHERS, SITTERS
from demo_world.picture.scene import SIDE, Relation


def choose_recipe(rng: Random, focus: str) -> str:
    """A recipe that suits the kind."""
    choices = ["single"] * 4 + ["pair"] * 5 + ["behind"]
    choices += ["herd"] * 3 if focus in HERDS else []
    if focus in ("girl", "boy"):
        choices = ["single", "pair", "pair", "herd", "ride", "ride", "ski", "hold", "hold", "sit", "sit", "under"]
    elif focus in ("bicycle", "horse", "skateboard"):
        choices += ["ride"] * 5
    elif focus == "skis":
        choices = ["ski"] * 6 + ["single"] * 2 + ["pair"] * 3
    elif focus == "umbrella":
        choices += ["hold"] * 4 + ["under"] * 4
    elif focus in ("kite", "balloon"):
        choices += ["hold"] * 4
    elif focus in ("bench", "chair", "suitcase"):
        choices += ["sit"] * 3 + ["perch"] * 4
    elif focus in PERCHERS:
        choices += ["perch"] * 3 + ["under"]
    return rng.choice(choices)


def _single(canvas: Canvas, focus: str, second: str | None) -> None:
    canvas.unit *= 1.2
    canvas.stand(canvas.new_group(focus, sized=True), 0.5, 0.3)


def _herd(canvas: Canvas, focus: str, second: str | None) -> None:
    count = canvas.rng.choice((2, 2, 3, 3, 4))
    canvas.unit *= 0.9
    group = canvas.new_group(focus, count=count)
    for _ in range(count):
        canvas.stand(group, 0.9)


def _companion(canvas: Canvas, focus: str) -> str:
    """Another kind that is found in the same place."""
    there = [kind for kind, places in HABITAT.items() if canvas.place in places and kind not in (focus, "skis")]
    return canvas.rng.choice(there)


def _pair(canvas: Canvas, focus: str, second: str | None) -> None:
    """Two groups, one left and one right of the middle."""
    rng = canvas.rng
    second = second or _companion(canvas, focus)
    first = canvas.new_group(focus, sized=True)
    count = rng.choice((1, 1, 1, 2)) if second in HERDS else 1
    other = canvas.new_group(second, count=count)
    a = canvas.stand(first, 0.66, 0.25)
    for _ in range(count):
        b = canvas.stand(other, 0.72, 0.15)
    gap = (b.left + b.width / 2) - (a.left + a.width / 2)
    if count == 1 and abs(gap) > 0.3 * (a.width + b.width):
        canvas.relations.append(Relation(first, "left of" if gap > 0 else "right of", other))
    else:
        canvas.relations.append(Relation(first, "next to", other))


def _behind(canvas: Canvas, focus: str, second: str | None) -> None:
    """One thing partly hidden by another."""
    rng = canvas.rng
    second = second or _companion(canvas, focus)
    if {focus, second} & {*FLYING, "boat", "clock", "bird"}:
        return _pair(canvas, focus, second)
    low, high = canvas.back.ground
    first = canvas.new_group(focus)
    other = canvas.new_group(second)
    y_far, y_near = low + (high - low) * rng.uniform(0.1, 0.4), low + (high - low) * rng.uniform(0.65, 0.95)
    x, side = canvas.middle(0.4), rng.choice((-1, 1))
    far = canvas.put(first, x, y_far, canvas.fit(first, canvas.per_metre(y_far) * 1.25, 0.6), rng.random() < 0.5)
    size = canvas.fit(other, canvas.per_metre(y_near) * 0.8, 0.45)
    _, near_width, _, _ = canvas.box(canvas.groups[other], 1, size)
    # The nearer thing covers about a third of the farther one.
    canvas.put(other, x + side * (far.width * 0.2 + near_width * 0.5), y_near, size, rng.random() < 0.5)
    canvas.relations.append(Relation(first, "behind", other))
    return None


def _person(canvas: Canvas, focus: str, pose: str) -> int:
    who = focus if focus in SITTERS else canvas.rng.choice(SITTERS)
    return canvas.new_group(who, pose)


def _ride(canvas: Canvas, focus: str, second: str | None) -> None:
    rng = canvas.rng
    kinds = ("bicycle", "bicycle", "horse", "elephant", "skateboard")
    mounts = [kind for kind in kinds if canvas.place in HABITAT[kind]]
    mount = focus if focus not in SITTERS else second or (rng.choice(mounts) if mounts else "bicycle")
    board = mount == "skateboard"
    rider = _person(canvas, focus, "standing" if board else "riding")
    below = canvas.new_group(mount, "standing")
    x, y = canvas.spot()
    size, flip = canvas.fit(below, canvas.per_metre(y) * 1.2, 0.55), rng.random() < 0.5
    carrier = canvas.put(below, x, y, size, flip)
    canvas.attach(rider, canvas.point(carrier, "seat", "top"), "feet" if board else "hip", size, flip, y + 0.5)
    canvas.relations.append(Relation(rider, "riding", below))


def _ski(canvas: Canvas, focus: str, second: str | None) -> None:
    rng = canvas.rng
    skier = _person(canvas, focus, "skiing")
    skis = canvas.new_group("skis", "flat")
    x, y = canvas.spot()
    size, flip = canvas.fit(skier, canvas.per_metre(y) * 1.3, 0.75), rng.random() < 0.5
    below = canvas.put(skis, x, y, size, flip)
    canvas.attach(skier, canvas.point(below, "top"), "feet", size, flip, y + 0.5)
    canvas.relations.append(Relation(skier, "riding", skis))


def _hold(canvas: Canvas, focus: str, second: str | None) -> None:
    rng = canvas.rng
    held_kinds = ["umbrella", "umbrella", "balloon"] + (["kite"] if canvas.place in HABITAT["kite"] else [])
    held_kind = focus if focus not in SITTERS else second or rng.choice(held_kinds)
    holder = _person(canvas, focus, "holding")
    held = canvas.new_group(held_kind, "open" if held_kind == "umbrella" else "standing")
    x, y = canvas.spot()
    y = max(y, 0.82 * canvas.height)
    size, flip = canvas.fit(holder, canvas.per_metre(y) * 0.95, 0.55), rng.random() < 0.5
    person = canvas.put(holder, x, y, size, flip)
    held_size = size * (0.8 if held_kind == "kite" else 1.0)
    canvas.attach(held, canvas.point(person, "hand"), "grip", held_size, flip, y + 0.5)
    canvas.relations.append(Relation(holder, "holding", held))


def _sit(canvas: Canvas, focus: str, second: str | None) -> None:
    rng = canvas.rng
    seats = [kind for kind in ("bench", "bench", "chair", "suitcase") if canvas.place in HABITAT[kind]] or ["bench"]
    seat_kind = focus if focus not in SITTERS else second or rng.choice(seats)
    sitter = _person(canvas, focus, "sitting")
    seat = canvas.new_group(seat_kind, "standing")
    x, y = canvas.spot()
    size, flip = canvas.fit(seat, canvas.per_metre(y) * 1.25, 0.6), rng.random() < 0.5
    below = canvas.put(seat, x, y, size, flip)
    canvas.attach(sitter, canvas.point(below, "seat", "top"), "hip", size, flip, y + 0.5)
    canvas.relations.append(Relation(sitter, "sitting on", seat))


def _perch(canvas: Canvas, focus: str, second: str | None) -> None:
    rng = canvas.rng
    supports = [kind for kind in ("bench", "chair", "suitcase") if canvas.place in HABITAT[kind]] or ["bench"]
    support_kind = second or (focus if focus in ("bench", "chair", "suitcase") else rng.choice(supports))
    who = focus if focus in PERCHERS else rng.choice(PERCHERS)
    pose = {"bird": "standing", "cat": "sitting", "dog": "sitting"}[who]
    animal = canvas.new_group(who, pose)
    support = canvas.new_group(support_kind, "standing")
    x, y = canvas.spot()
    size, flip = canvas.fit(support, canvas.per_metre(y) * 1.35, 0.55), rng.random() < 0.5
    below = canvas.put(support, x, y, size, flip)
    canvas.attach(animal, canvas.point(below, "top", "seat"), "feet", size, rng.random() < 0.5, y + 0.5)
    canvas.relations.append(Relation(animal, "on", support))


def _under(canvas: Canvas, focus: str, second: str | None) -> None:
    rng = canvas.rng
    below_kind = focus
    if focus == "umbrella":
        below_kind = second or rng.choice(("girl", "boy", "dog", "cat", "chair", "suitcase", "bench"))
    if below_kind not in KINDS or below_kind in FLYING:
        below_kind = "dog"
    x, y = canvas.spot(0.6)
    below = canvas.new_group(below_kind)
    umbrella = canvas.new_group("umbrella", "standing")
    size = canvas.fit(umbrella, canvas.per_metre(y) * 1.15, 0.62)
    shade = canvas.put(umbrella, x, y - 2, size * 1.25, rng.random() < 0.5)
    # Tall things are drawn smaller, so that they fit under the canopy.
    small = min(1.0, 1.2 / KINDS[below_kind].metres) ** COMPRESSION
    canvas.put(below, x + rng.choice((-0.22, 0.22)) * shade.width, y + 2, size * small, rng.random() < 0.5)
    canvas.relations.append(Relation(below, "under", umbrella))


def add_bystander(canvas: Canvas, avoid: str = "") -> None:
    """Something small, somewhere."""
    taken = {group.kind for group in canvas.groups} | {avoid, "skis", "elephant", "giraffe"}
    there = [kind for kind, places in HABITAT.items() if canvas.place in places and kind not in taken]
    if not there:
        return
    kind = canvas.rng.choice(there)
    group = canvas.new_group(kind)
    unit, canvas.unit = canvas.unit, canvas.unit * 0.5
    canvas.stand(group, canvas.width / SIDE)
    canvas.unit = unit


RECIPES = {
    "single": _single, "herd": _herd, "pair": _pair, "behind": _behind, "ride": _ride, "ski": _ski, "hold": _hold,
    "sit": _sit, "perch": _perch, "under": _under,
}  # fmt: skip
