"""A composed scene, as data: what stands where, before a pixel is drawn."""

from __future__ import annotations

from dataclasses import dataclass

SIDE = 256  # the short side of a picture, px


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
