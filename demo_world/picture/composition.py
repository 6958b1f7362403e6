"""Who stands where: a scene of the demo world is composed here, as data, before a pixel is drawn.

A scene has a place, one or two main groups (things of one kind and colour), now and then a bystander, and the relations
between them. Sizes follow one perspective: a thing is the larger the lower it stands below the horizon. Real heights
are compressed (metres to the power 0.48), as a picture book does, so that a ball can be seen beside a giraffe.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from random import Random

from demo_world.objects import KINDS
from demo_world.places.registry import PLACES
from demo_world.svg import COATS, Backdrop, Sketch

SIDE = 256  # the short side of a picture, px
SHAPES = ((4, 3), (4, 3), (3, 2), (3, 2), (16, 9), (1, 1), (3, 4), (2, 3))  # width : height
COMPRESSION = 0.48

OUTDOORS = ("field", "beach", "snow", "street", "park", "lake", "forest", "desert")
INDOORS = ("room", "kitchen")
WATER = ("lake", "beach")
EVERYWHERE = OUTDOORS + INDOORS
HABITAT: dict[str, tuple[str, ...]] = {
    "sheep": ("field", "park", "lake", "snow"),
    "cow": ("field", "lake", "beach", "street"),
    "dog": EVERYWHERE,
    "cat": ("room", "kitchen", "park", "street", "field"),
    "horse": ("field", "beach", "park", "desert", "snow", "forest"),
    "bird": ("park", "beach", "lake", "forest", "field", "street"),
    "elephant": ("field", "desert", "forest", "lake"),
    "giraffe": ("field", "desert", "forest", "lake"),
    "bear": ("forest", "snow", "lake", "field"),
    "girl": EVERYWHERE,
    "boy": EVERYWHERE,
    "bicycle": ("street", "park", "forest", "field", "beach", "lake"),
    "car": ("street", "park", "desert", "snow", "field", "beach"),
    "bus": ("street", "desert", "park", "snow"),
    "truck": ("street", "desert", "field", "snow"),
    "boat": WATER,
    "airplane": OUTDOORS,
    "train": ("field", "desert", "snow", "forest", "street"),
    "skateboard": ("street", "park", "room"),
    "umbrella": ("beach", "park", "street", "lake", "field"),
    "skis": ("snow",),
    "fire hydrant": ("street", "park", "snow"),
    "bench": ("park", "street", "beach", "lake", "forest", "snow"),
    "kite": ("beach", "field", "park", "lake", "desert"),
    "clock": ("street", "park", "room", "kitchen"),
    "stop sign": ("street", "desert", "snow", "park"),
    "traffic light": ("street",),
    "ball": ("beach", "park", "field", "room", "street"),
    "chair": ("room", "kitchen", "park", "beach"),
    "potted plant": ("room", "kitchen", "street", "park"),
    "suitcase": ("room", "street", "kitchen", "beach"),
    "balloon": ("park", "field", "room", "street", "beach"),
    "surfboard": ("beach",),
    "tent": ("forest", "field", "lake", "desert", "beach", "snow"),
}
FLYING = ("kite", "airplane", "balloon")
HERDS: tuple[str, ...] = (
    "sheep", "cow", "dog", "horse", "bird", "elephant", "giraffe", "girl", "boy", "boat", "umbrella", "balloon",
    "bicycle", "car", "kite", "chair", "ball", "surfboard", "tent", "cat", "potted plant", "suitcase",
)  # fmt: skip
SITTERS = ("girl", "boy")
LETTERED = ("stop sign", "clock")  # never mirrored
PERCHERS = ("bird", "cat", "dog")


@dataclass(frozen=True)
class Thing:
    """One drawn instance: what it is, and its box in pixels of the picture."""

    kind: str
    coat: str
    pose: str
    group: int
    seed: int  # of its own variations
    left: float
    top: float
    width: float
    height: float
    flip: bool
    depth: float  # things are drawn in rising order of it
    grounded: bool = True  # casts a shadow where it stands
    afloat: bool = False  # mirrored by the water instead


@dataclass(frozen=True)
class Group:
    """Things of one kind and coat: ``three white sheep``. ``prominence`` is their share of the picture's area."""

    kind: str
    coat: str
    pose: str
    count: int
    size: str
    prominence: float


@dataclass(frozen=True)
class Relation:
    """``groups[subject]`` is ``name`` (riding, holding, on, under, behind, left of ...) ``groups[object]``."""

    subject: int
    name: str
    object: int


@dataclass(frozen=True)
class Scene:
    """A composed picture, before it is drawn. Width and height in pixels."""

    seed: int
    width: int
    height: int
    place: str
    extras: tuple[str, ...]
    light: str
    groups: tuple[Group, ...]
    relations: tuple[Relation, ...]
    things: tuple[Thing, ...]


@lru_cache(maxsize=512)
def sketch(kind: str, coat: str, pose: str, seed: int) -> Sketch:
    """The thing's own drawing, the same for the same arguments."""
    return KINDS[kind].draw(COATS[coat], Random(seed), pose)


@lru_cache(maxsize=16)
def backdrop(place: str, seed: int, width: int, height: int) -> Backdrop:
    """The place's own drawing, the same for the same arguments."""
    return next(entry for entry in PLACES if entry.name == place).draw(Random(seed), width, height)


class _Canvas:
    """Collects things and groups; knows the picture's perspective."""

    def __init__(self, rng: Random, place: str, width: int, height: int, seed: int) -> None:
        self.rng, self.place, self.width, self.height = rng, place, width, height
        self.back = backdrop(place, seed, width, height)
        self.things: list[Thing] = []
        self.groups: list[Group] = []
        self.relations: list[Relation] = []
        # Pixels per (compressed) metre at the bottom edge; other depths follow from it.
        self.unit = rng.uniform(0.56, 0.78) * SIDE

    def per_metre(self, y: float) -> float:
        """Pixels per compressed metre for a thing that stands at ``y``."""
        low, near = self.back.horizon - 0.25 * self.height, float(self.height)
        return self.unit * max(0.3, (y - low) / (near - low))

    def new_group(self, kind: str, coat: str, pose: str, count: int, size: str) -> int:
        self.groups.append(Group(kind, coat, pose, count, size, 0.0))
        return len(self.groups) - 1

    def box(self, group: Group, seed: int, per_metre: float) -> tuple[Sketch, float, float, float]:
        """The sketch of a thing of the group, its width and height in pixels, and pixels per sketch unit."""
        drawn = sketch(group.kind, group.coat, group.pose, seed)
        full = drawn.points.get("scale", (drawn.height, 0.0))[0]
        scale = KINDS[group.kind].metres ** COMPRESSION * per_metre / full
        return drawn, drawn.width * scale, drawn.height * scale, scale

    def fit(self, group: int, per_metre: float, share: float) -> float:
        """The scale, smaller where the thing would be higher or wider than ``share`` of the picture's short side."""
        _, width, height, _ = self.box(self.groups[group], 1, 1.0)
        return min(per_metre, share * SIDE / height, 1.15 * share * SIDE / width)

    def put(self, group: int, x: float, y: float, per_metre: float, flip: bool, **more: float | bool) -> Thing:
        """Stand a thing of the group with its feet's middle at (x, y)."""
        model, seed = self.groups[group], self.rng.randrange(1 << 30)
        _, width, height, _ = self.box(model, seed, per_metre)
        depth, flip = float(more.pop("depth", y)), flip and model.kind not in LETTERED
        thing = Thing(
            model.kind, model.coat, model.pose, group, seed, x - width / 2, y - height, width, height, flip, depth,
            grounded=bool(more.pop("grounded", True)), afloat=bool(more.pop("afloat", False)),
        )  # fmt: skip
        self.things.append(thing)
        return thing

    def point(self, thing: Thing, *names: str) -> tuple[float, float]:
        """Where one of the thing's named points lies in the picture; its middle, half-way up, when it has none."""
        drawn = sketch(thing.kind, thing.coat, thing.pose, thing.seed)
        x, y = next((drawn.points[name] for name in names if name in drawn.points), (drawn.width / 2, drawn.height / 2))
        x = drawn.width - x if thing.flip else x
        return thing.left + x * thing.width / drawn.width, thing.top + y * thing.height / drawn.height

    def attach(self, group: int, at: tuple[float, float], by: str, per_metre: float, flip: bool, depth: float) -> Thing:
        """Hang a thing so that its point ``by`` (``feet`` for the bottom's middle) lies at ``at``."""
        model, seed = self.groups[group], self.rng.randrange(1 << 30)
        drawn, width, height, scale = self.box(model, seed, per_metre)
        x, y = drawn.points.get(by, (drawn.width / 2, drawn.height))
        x = drawn.width - x if flip else x
        thing = Thing(
            model.kind, model.coat, model.pose, group, seed, at[0] - x * scale, at[1] - y * scale, width, height,
            flip, depth, grounded=False,
        )  # fmt: skip
        self.things.append(thing)
        return thing

    def crowded(self, x: float, y: float, width: float, height: float) -> float:
        """The largest share of the box at feet (x, y), or of a thing already there, that would be covered."""
        worst = 0.0
        for other in self.things:
            w = min(x + width / 2, other.left + other.width) - max(x - width / 2, other.left)
            h = min(y, other.top + other.height) - max(y - height, other.top)
            if w > 0 and h > 0:
                worst = max(worst, w * h / min(width * height, other.width * other.height))
        return worst


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
    recipe = recipe or _recipe(rng, focus)
    place = place or ("snow" if recipe == "ski" else rng.choice(HABITAT[focus]))
    seed = rng.randrange(1 << 30)
    wide, high = shape or rng.choice(SHAPES)
    short = min(wide, high)
    canvas = _Canvas(rng, place, round(SIDE * wide / short), round(SIDE * high / short), seed)
    _RECIPES[recipe](canvas, focus, second)
    if rng.random() < 0.1:
        _bystander(canvas)
    return _finish(canvas, seed)


def portrait(rng: Random, kind: str) -> Scene:
    """A picture of one thing, large, in one of its places, with clutter behind: an image of P1."""
    wide, high = rng.choice(SHAPES)
    short, seed, place = min(wide, high), rng.randrange(1 << 30), rng.choice(HABITAT[kind])
    canvas = _Canvas(rng, place, round(SIDE * wide / short), round(SIDE * high / short), seed)
    canvas.unit *= 0.7
    for _ in range(rng.choice((0, 1, 1, 2))):
        _bystander(canvas, avoid=kind)
    coat, pose = rng.choice(KINDS[kind].coats), _pose(rng, kind, place)
    group = canvas.new_group(kind, coat, pose, 1, "")
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
    return _finish(canvas, seed)


def _recipe(rng: Random, focus: str) -> str:
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


def _coat(rng: Random, kind: str, avoid: str = "") -> str:
    return rng.choice([coat for coat in KINDS[kind].coats if coat != avoid] or list(KINDS[kind].coats))


def _pose(rng: Random, kind: str, place: str) -> str:
    """A pose that needs no partner."""
    if kind == "clock":
        return "wall" if place in INDOORS else "standing"
    free = [pose for pose in KINDS[kind].poses if pose not in ("riding", "holding", "skiing", "open", "flat", "wall")]
    if kind in ("girl", "boy"):
        free = ["standing"]
    return rng.choice(free) if rng.random() < 0.6 else free[0]


def _middle(canvas: _Canvas, reach: float) -> float:
    """An x near the middle of the picture; the more ``reach``, the further out (1: within the central square)."""
    return canvas.width / 2 + canvas.rng.uniform(-0.5, 0.5) * SIDE * reach


def _stand(canvas: _Canvas, group: int, reach: float, near: float = 0.0) -> Thing:
    """Put one more thing of a group where there is room: on the ground, in the sky or on the water."""
    rng, model = canvas.rng, canvas.groups[group]
    factor = {"small": 0.72, "large": 1.3}.get(model.size, 1.0)
    low, high = canvas.back.ground
    best: tuple[float, tuple[float, float, float]] | None = None
    for _ in range(12):
        flying = model.kind in FLYING or model.pose == "flying"
        if flying:
            y, per_metre = 0.0, canvas.unit * rng.uniform(0.45, 0.85)
        elif model.kind == "boat":
            shore = max(low, canvas.back.horizon + 0.12 * canvas.height)
            y = rng.uniform(canvas.back.horizon + 0.35 * (shore - canvas.back.horizon), shore)
            per_metre = canvas.per_metre(y) * 1.1
        elif model.pose == "wall":
            y, per_metre = 0.0, canvas.unit * 0.8
        else:
            y = low + (high - low) * max(near, rng.random())
            per_metre = canvas.per_metre(y)
        _, width, height, _ = canvas.box(model, 1, per_metre * factor)
        shrink = min(1.0, 0.66 * SIDE / height, 0.62 * SIDE / width)
        enlarge = max(1.0, 0.25 * SIDE / max(height, width))
        per_metre *= factor * shrink * enlarge
        width, height = width * shrink * enlarge, height * shrink * enlarge
        if y == 0.0:
            y = height + rng.uniform(0.03, 0.3) * canvas.height
        x = min(max(_middle(canvas, reach), 0.35 * width), canvas.width - 0.35 * width)
        cover = canvas.crowded(x, y, width, height)
        if best is None or cover < best[0]:
            best = (cover, (x, y, per_metre))
        if cover < 0.08:
            break
    assert best is not None
    x, y, per_metre = best[1]
    flying = model.kind in FLYING or model.pose in ("flying", "wall")
    return canvas.put(
        group, x, y, per_metre, rng.random() < 0.5, grounded=not flying and model.kind != "boat",
        afloat=model.kind == "boat", depth=y if not flying else -1.0,
    )  # fmt: skip


def _size(rng: Random) -> str:
    return rng.choice(("",) * 6 + ("small", "large"))


def _single(canvas: _Canvas, focus: str, second: str | None) -> None:
    rng = canvas.rng
    canvas.unit *= 1.2
    _stand(canvas, canvas.new_group(focus, _coat(rng, focus), _pose(rng, focus, canvas.place), 1, _size(rng)), 0.5, 0.3)


def _herd(canvas: _Canvas, focus: str, second: str | None) -> None:
    rng = canvas.rng
    count = rng.choice((2, 2, 3, 3, 4))
    canvas.unit *= 0.9
    group = canvas.new_group(focus, _coat(rng, focus), _pose(rng, focus, canvas.place), count, "")
    for _ in range(count):
        _stand(canvas, group, 0.9)


def _companion(canvas: _Canvas, focus: str) -> str:
    """Another kind that is found in the same place."""
    there = [kind for kind, places in HABITAT.items() if canvas.place in places and kind not in (focus, "skis")]
    return canvas.rng.choice(there)


def _pair(canvas: _Canvas, focus: str, second: str | None) -> None:
    """Two groups, one left and one right of the middle."""
    rng = canvas.rng
    second = second or _companion(canvas, focus)
    first = canvas.new_group(focus, _coat(rng, focus), _pose(rng, focus, canvas.place), 1, _size(rng))
    count = rng.choice((1, 1, 1, 2)) if second in HERDS else 1
    other = canvas.new_group(second, _coat(rng, second), _pose(rng, second, canvas.place), count, "")
    a = _stand(canvas, first, 0.66, 0.25)
    for _ in range(count):
        b = _stand(canvas, other, 0.72, 0.15)
    gap = (b.left + b.width / 2) - (a.left + a.width / 2)
    if count == 1 and abs(gap) > 0.3 * (a.width + b.width):
        canvas.relations.append(Relation(first, "left of" if gap > 0 else "right of", other))
    else:
        canvas.relations.append(Relation(first, "next to", other))


def _behind(canvas: _Canvas, focus: str, second: str | None) -> None:
    """One thing partly hidden by another."""
    rng = canvas.rng
    second = second or _companion(canvas, focus)
    if {focus, second} & {*FLYING, "boat", "clock", "bird"}:
        return _pair(canvas, focus, second)
    low, high = canvas.back.ground
    first = canvas.new_group(focus, _coat(rng, focus), _pose(rng, focus, canvas.place), 1, "")
    other = canvas.new_group(second, _coat(rng, second), _pose(rng, second, canvas.place), 1, "")
    y_far, y_near = low + (high - low) * rng.uniform(0.1, 0.4), low + (high - low) * rng.uniform(0.65, 0.95)
    x, side = _middle(canvas, 0.4), rng.choice((-1, 1))
    far = canvas.put(first, x, y_far, canvas.fit(first, canvas.per_metre(y_far) * 1.25, 0.6), rng.random() < 0.5)
    size = canvas.fit(other, canvas.per_metre(y_near) * 0.8, 0.45)
    _, near_width, _, _ = canvas.box(canvas.groups[other], 1, size)
    # The nearer thing covers about a third of the farther one.
    canvas.put(other, x + side * (far.width * 0.2 + near_width * 0.5), y_near, size, rng.random() < 0.5)
    canvas.relations.append(Relation(first, "behind", other))
    return None


def _person(canvas: _Canvas, focus: str, pose: str) -> int:
    who = focus if focus in SITTERS else canvas.rng.choice(SITTERS)
    return canvas.new_group(who, _coat(canvas.rng, who), pose, 1, "")


def _spot(canvas: _Canvas, near: float = 0.35) -> tuple[float, float]:
    low, high = canvas.back.ground
    return _middle(canvas, 0.55), low + (high - low) * canvas.rng.uniform(near, 0.97)


def _ride(canvas: _Canvas, focus: str, second: str | None) -> None:
    rng = canvas.rng
    mounts = [
        kind for kind in ("bicycle", "bicycle", "horse", "elephant", "skateboard") if canvas.place in HABITAT[kind]
    ]
    mount = focus if focus not in SITTERS else second or (rng.choice(mounts) if mounts else "bicycle")
    board = mount == "skateboard"
    rider = _person(canvas, focus, "standing" if board else "riding")
    below = canvas.new_group(mount, _coat(rng, mount), "standing", 1, "")
    x, y = _spot(canvas)
    size, flip = canvas.fit(below, canvas.per_metre(y) * 1.2, 0.55), rng.random() < 0.5
    carrier = canvas.put(below, x, y, size, flip)
    canvas.attach(rider, canvas.point(carrier, "seat", "top"), "feet" if board else "hip", size, flip, y + 0.5)
    canvas.relations.append(Relation(rider, "riding", below))


def _ski(canvas: _Canvas, focus: str, second: str | None) -> None:
    rng = canvas.rng
    skier = _person(canvas, focus, "skiing")
    skis = canvas.new_group("skis", _coat(rng, "skis"), "flat", 1, "")
    x, y = _spot(canvas)
    size, flip = canvas.fit(skier, canvas.per_metre(y) * 1.3, 0.75), rng.random() < 0.5
    below = canvas.put(skis, x, y, size, flip)
    canvas.attach(skier, canvas.point(below, "top"), "feet", size, flip, y + 0.5)
    canvas.relations.append(Relation(skier, "riding", skis))


def _hold(canvas: _Canvas, focus: str, second: str | None) -> None:
    rng = canvas.rng
    held_kinds = ["umbrella", "umbrella", "balloon"] + (["kite"] if canvas.place in HABITAT["kite"] else [])
    held_kind = focus if focus not in SITTERS else second or rng.choice(held_kinds)
    holder = _person(canvas, focus, "holding")
    held = canvas.new_group(held_kind, _coat(rng, held_kind), "open" if held_kind == "umbrella" else "standing", 1, "")
    x, y = _spot(canvas)
    y = max(y, 0.82 * canvas.height)
    size, flip = canvas.fit(holder, canvas.per_metre(y) * 0.95, 0.55), rng.random() < 0.5
    person = canvas.put(holder, x, y, size, flip)
    canvas.attach(
        held, canvas.point(person, "hand"), "grip", size * (0.8 if held_kind == "kite" else 1.0), flip, y + 0.5
    )
    canvas.relations.append(Relation(holder, "holding", held))


def _sit(canvas: _Canvas, focus: str, second: str | None) -> None:
    rng = canvas.rng
    seats = [kind for kind in ("bench", "bench", "chair", "suitcase") if canvas.place in HABITAT[kind]] or ["bench"]
    seat_kind = focus if focus not in SITTERS else second or rng.choice(seats)
    sitter = _person(canvas, focus, "sitting")
    seat = canvas.new_group(seat_kind, _coat(rng, seat_kind), "standing", 1, "")
    x, y = _spot(canvas)
    size, flip = canvas.fit(seat, canvas.per_metre(y) * 1.25, 0.6), rng.random() < 0.5
    below = canvas.put(seat, x, y, size, flip)
    canvas.attach(sitter, canvas.point(below, "seat", "top"), "hip", size, flip, y + 0.5)
    canvas.relations.append(Relation(sitter, "sitting on", seat))


def _perch(canvas: _Canvas, focus: str, second: str | None) -> None:
    rng = canvas.rng
    supports = [kind for kind in ("bench", "chair", "suitcase") if canvas.place in HABITAT[kind]] or ["bench"]
    support_kind = second or (focus if focus in ("bench", "chair", "suitcase") else rng.choice(supports))
    who = focus if focus in PERCHERS else rng.choice(PERCHERS)
    pose = {"bird": "standing", "cat": "sitting", "dog": "sitting"}[who]
    animal = canvas.new_group(who, _coat(rng, who), pose, 1, "")
    support = canvas.new_group(support_kind, _coat(rng, support_kind), "standing", 1, "")
    x, y = _spot(canvas)
    size, flip = canvas.fit(support, canvas.per_metre(y) * 1.35, 0.55), rng.random() < 0.5
    below = canvas.put(support, x, y, size, flip)
    at_x, at_y = canvas.point(below, "top", "seat")
    canvas.attach(animal, (at_x, at_y), "feet", size, rng.random() < 0.5, y + 0.5)
    canvas.relations.append(Relation(animal, "on", support))


def _under(canvas: _Canvas, focus: str, second: str | None) -> None:
    rng = canvas.rng
    below_kind = (
        focus
        if focus != "umbrella"
        else second or rng.choice(("girl", "boy", "dog", "cat", "chair", "suitcase", "bench"))
    )
    if below_kind not in KINDS or below_kind in FLYING:
        below_kind = "dog"
    x, y = _spot(canvas, 0.6)
    below = canvas.new_group(below_kind, _coat(rng, below_kind), _pose(rng, below_kind, canvas.place), 1, "")
    umbrella = canvas.new_group("umbrella", _coat(rng, "umbrella"), "standing", 1, "")
    size = canvas.fit(umbrella, canvas.per_metre(y) * 1.15, 0.62)
    shade = canvas.put(umbrella, x, y - 2, size * 1.25, rng.random() < 0.5)
    # Tall things are drawn smaller, so that they fit under the canopy.
    small = min(1.0, 1.2 / KINDS[below_kind].metres) ** COMPRESSION
    canvas.put(below, x + rng.choice((-0.22, 0.22)) * shade.width, y + 2, size * small, rng.random() < 0.5)
    canvas.relations.append(Relation(below, "under", umbrella))


def _bystander(canvas: _Canvas, avoid: str = "") -> None:
    """Something small, somewhere."""
    taken = {group.kind for group in canvas.groups} | {avoid, "skis", "elephant", "giraffe"}
    there = [kind for kind, places in HABITAT.items() if canvas.place in places and kind not in taken]
    if not there:
        return
    kind = canvas.rng.choice(there)
    group = canvas.new_group(kind, _coat(canvas.rng, kind), _pose(canvas.rng, kind, canvas.place), 1, "")
    unit, canvas.unit = canvas.unit, canvas.unit * 0.5
    _stand(canvas, group, canvas.width / SIDE)
    canvas.unit = unit


_RECIPES = {
    "single": _single, "herd": _herd, "pair": _pair, "behind": _behind, "ride": _ride, "ski": _ski, "hold": _hold,
    "sit": _sit, "perch": _perch, "under": _under,
}  # fmt: skip


def _finish(canvas: _Canvas, seed: int) -> Scene:
    """Measure prominence, and freeze."""
    area = [0.0] * len(canvas.groups)
    for thing in canvas.things:
        w = min(canvas.width, thing.left + thing.width) - max(0.0, thing.left)
        h = min(canvas.height, thing.top + thing.height) - max(0.0, thing.top)
        area[thing.group] += 0.55 * max(0.0, w) * max(0.0, h) / (canvas.width * canvas.height)
    groups = tuple(replace(group, prominence=round(share, 4)) for group, share in zip(canvas.groups, area, strict=True))
    extras = canvas.back.extras
    light = "evening" if "sunset" in extras else ""
    things = tuple(sorted(canvas.things, key=lambda thing: thing.depth))
    return Scene(
        seed, canvas.width, canvas.height, canvas.place, extras, light, groups, tuple(canvas.relations), things
    )
