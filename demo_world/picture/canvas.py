"""The canvas that a scene is composed on: it knows the picture's perspective, and finds room for things.

Sizes follow one perspective: a thing is the larger the lower it stands below the horizon. Real heights are compressed
(metres to the power 0.48), as a picture book does, so that a ball can be seen beside a giraffe.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from random import Random

from demo_world.objects import KINDS
from demo_world.picture.habitat import FLYING, INDOORS, LETTERED, SITTERS
from demo_world.picture.scene import SIDE, Group, Relation, Scene, Thing
from demo_world.places.registry import PLACES
from demo_world.svg import COATS, Backdrop, Sketch

COMPRESSION = 0.48
PARTNERED = ("riding", "holding", "skiing", "open", "flat", "wall")  # poses that take another thing, or a wall


@lru_cache(maxsize=512)
def sketch(kind: str, coat: str, pose: str, seed: int) -> Sketch:
    """The thing's own drawing, the same for the same arguments."""
    return KINDS[kind].draw(COATS[coat], Random(seed), pose)


@lru_cache(maxsize=16)
def backdrop(place: str, seed: int, width: int, height: int) -> Backdrop:
    """The place's own drawing, the same for the same arguments."""
    return next(entry for entry in PLACES if entry.name == place).draw(Random(seed), width, height)


class Canvas:
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

    def new_group(self, kind: str, pose: str = "", count: int = 1, sized: bool = False) -> int:
        """The index of a new group, its coat drawn at random, its pose too unless given, its size if ``sized``."""
        coat = self.rng.choice(KINDS[kind].coats)
        pose = pose or self.pose_alone(kind)
        size = self.rng.choice(("",) * 6 + ("small", "large")) if sized else ""
        self.groups.append(Group(kind, coat, pose, count, size, 0.0))
        return len(self.groups) - 1

    def pose_alone(self, kind: str) -> str:
        """A pose that needs no partner."""
        if kind == "clock":
            return "wall" if self.place in INDOORS else "standing"
        poses = [pose for pose in KINDS[kind].poses if pose not in PARTNERED]
        if kind in SITTERS:
            poses = ["standing"]
        return self.rng.choice(poses) if self.rng.random() < 0.6 else poses[0]

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

    def middle(self, reach: float) -> float:
        """An x near the middle of the picture; the more ``reach``, the further out (1: within the central square)."""
        return self.width / 2 + self.rng.uniform(-0.5, 0.5) * SIDE * reach

    def spot(self, near: float = 0.35) -> tuple[float, float]:
        """Feet on the ground near the middle; the more ``near``, the closer to us at least."""
        low, high = self.back.ground
        return self.middle(0.55), low + (high - low) * self.rng.uniform(near, 0.97)

    def stand(self, group: int, reach: float, near: float = 0.0) -> Thing:
        """Put one more thing of a group where there is room: on the ground, in the sky or on the water."""
        rng, model = self.rng, self.groups[group]
        factor = {"small": 0.72, "large": 1.3}.get(model.size, 1.0)
        low, high = self.back.ground
        best: tuple[float, tuple[float, float, float]] | None = None
        for _ in range(12):
            flying = model.kind in FLYING or model.pose == "flying"
            if flying:
                y, per_metre = 0.0, self.unit * rng.uniform(0.45, 0.85)
            elif model.kind == "boat":
                shore = max(low, self.back.horizon + 0.12 * self.height)
                y = rng.uniform(self.back.horizon + 0.35 * (shore - self.back.horizon), shore)
                per_metre = self.per_metre(y) * 1.1
            elif model.pose == "wall":
                y, per_metre = 0.0, self.unit * 0.8
            else:
                y = low + (high - low) * max(near, rng.random())
                per_metre = self.per_metre(y)
            _, width, height, _ = self.box(model, 1, per_metre * factor)
            shrink = min(1.0, 0.66 * SIDE / height, 0.62 * SIDE / width)
            enlarge = max(1.0, 0.25 * SIDE / max(height, width))
            per_metre *= factor * shrink * enlarge
            width, height = width * shrink * enlarge, height * shrink * enlarge
            if y == 0.0:
                y = height + rng.uniform(0.03, 0.3) * self.height
            x = min(max(self.middle(reach), 0.35 * width), self.width - 0.35 * width)
            cover = self.crowded(x, y, width, height)
            if best is None or cover < best[0]:
                best = (cover, (x, y, per_metre))
            if cover < 0.08:
                break
        assert best is not None
        x, y, per_metre = best[1]
        flying = model.kind in FLYING or model.pose in ("flying", "wall")
        return self.put(
            group, x, y, per_metre, rng.random() < 0.5, grounded=not flying and model.kind != "boat",
            afloat=model.kind == "boat", depth=y if not flying else -1.0,
        )  # fmt: skip

    def scene(self, seed: int) -> Scene:
        """Measure prominence, and freeze."""
        area = [0.0] * len(self.groups)
        for thing in self.things:
            w = min(self.width, thing.left + thing.width) - max(0.0, thing.left)
            h = min(self.height, thing.top + thing.height) - max(0.0, thing.top)
            area[thing.group] += 0.55 * max(0.0, w) * max(0.0, h) / (self.width * self.height)
        groups = tuple(
            replace(group, prominence=round(share, 4)) for group, share in zip(self.groups, area, strict=True)
        )
        extras = self.back.extras
        light = "evening" if "sunset" in extras else ""
        things = tuple(sorted(self.things, key=lambda thing: thing.depth))
        return Scene(seed, self.width, self.height, self.place, extras, light, groups, tuple(self.relations), things)
