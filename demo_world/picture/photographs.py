"""The five photographs of P3, as wishes that the composer fulfils."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from random import Random

from demo_world.picture.composition import compose
from demo_world.picture.scene import Scene


@dataclass(frozen=True)
class Wish:
    """One photograph: the first scene, counting seeds from ``seed``, that shows all ``extras`` and ``least`` things."""

    seed: int
    focus: str
    place: str
    recipe: str
    second: str | None = None
    shape: tuple[int, int] = (4, 3)
    extras: tuple[str, ...] = ()
    least: int = 1  # things in the first group


# The seeds were chosen by looking; after a change of the drawing code any seed still fulfils the wish.
PHOTOGRAPHS = {
    "bike": Wish(14, "girl", "park", "ride", "bicycle"),
    "girl": Wish(4, "girl", "street", "pair", "fire hydrant", (3, 4)),
    "sheep": Wish(19, "sheep", "field", "herd", None, (3, 2), ("fence",), 3),
    "ski": Wish(12, "girl", "snow", "ski", None, (1, 1)),
    "umbrella": Wish(14, "girl", "beach", "hold", "umbrella", (2, 3)),
}


def photograph(wish: Wish) -> Scene:
    """The scene of one of P3's photographs: the same for every profile."""
    return next(scene for seed in count(wish.seed) if (scene := attempt(wish, seed)) is not None)


def attempt(wish: Wish, seed: int) -> Scene | None:
    """What that seed makes of a wish, unless it falls short of it."""
    scene = compose(
        Random(seed), focus=wish.focus, place=wish.place, recipe=wish.recipe, second=wish.second, shape=wish.shape
    )
    return scene if scene.groups[0].count >= wish.least and set(wish.extras) <= set(scene.extras) else None
