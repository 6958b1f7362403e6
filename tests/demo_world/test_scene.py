"""The demo world's scenes: composed with sense, drawn the same each time, masks that fit the picture."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from demo_world.objects import KINDS
from demo_world.picture.composition import compose, portrait
from demo_world.picture.habitat import HABITAT
from demo_world.picture.render import render
from demo_world.picture.scene import SIDE
from demo_world.places.registry import PLACES
from demo_world.pretrain import fresh
from demo_world.svg import COATS, mix


def test_the_world_is_as_large_as_it_is_said_to_be() -> None:
    named = {"bicycle", "girl", "sheep", "skis", "umbrella", "fire hydrant", "cow", "dog", "car", "bus", "boat", "bird"}
    named |= {"bench", "kite", "clock", "stop sign"}
    assert named <= set(KINDS)
    assert len(KINDS) >= 24
    assert len(PLACES) >= 8
    assert len(COATS) >= 9
    assert set(HABITAT) == set(KINDS)
    assert {place for places in HABITAT.values() for place in places} == {place.name for place in PLACES}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_coat_and_pose_of_a_kind_can_be_drawn_and_looks_its_own_colour(kind: str) -> None:
    from demo_world.svg import rasterise

    for coat in KINDS[kind].coats:
        for pose in KINDS[kind].poses:
            drawn = KINDS[kind].draw(COATS[coat], Random(5), pose)
            pixels = rasterise(drawn.body, (0, 0, drawn.width, drawn.height), 40, 40)
            assert (pixels[..., 3] >= 128).sum() > 40, (coat, pose)


def test_a_scene_and_its_picture_are_the_same_for_the_same_seed() -> None:
    first, second = (render(compose(Random(3), focus="sheep")) for _ in range(2))
    assert np.array_equal(np.asarray(first.image), np.asarray(second.image))
    assert all(np.array_equal(a.mask, b.mask) for a, b in zip(first.instances, second.instances, strict=True))


def test_masks_are_the_visible_parts_and_no_pixel_belongs_to_two_things() -> None:
    for seed in range(6):
        drawn = render(compose(Random(seed)))
        masks = np.stack([instance.mask for instance in drawn.instances])
        assert masks.shape[1:] == drawn.image.size[::-1]
        assert masks.sum(0).max() <= 1


def test_people_ski_on_snow_alone_and_signs_are_never_mirrored() -> None:
    for seed in range(150):
        scene = compose(Random(seed))
        if "skis" in {group.kind for group in scene.groups}:
            assert scene.place == "snow"
        assert not any(thing.flip for thing in scene.things if thing.kind in ("stop sign", "clock"))


def test_relations_left_and_right_are_true_of_the_picture() -> None:
    checked = 0
    for seed in range(120):
        scene = compose(Random(seed), recipe="pair")
        for relation in scene.relations:
            if relation.name in ("left of", "right of"):
                a, b = (
                    next(t.left + t.width / 2 for t in scene.things if t.group == group)
                    for group in (relation.subject, relation.object)
                )
                assert (a < b) == (relation.name == "left of")
                checked += 1
    assert checked > 20


def test_pictures_come_in_several_shapes_of_about_256_px() -> None:
    scenes = [compose(Random(seed)) for seed in range(60)]
    assert {min(scene.width, scene.height) for scene in scenes} == {SIDE}
    assert len({(scene.width, scene.height) for scene in scenes}) >= 5


def test_the_subject_of_a_portrait_is_nearly_always_the_largest_thing_on_it() -> None:
    largest = []
    for seed, kind in enumerate(sorted(KINDS)):
        drawn = render(portrait(Random(seed), kind), 0.5)
        largest.append(max(drawn.instances, key=lambda instance: instance.mask.sum()).kind == kind)
    assert sum(largest) >= len(KINDS) - 2  # a balloon is smaller than a bus even when it stands in front


def test_a_drawing_at_half_size_shows_the_same_scene() -> None:
    scene = compose(Random(8), focus="bus", recipe="single")
    whole, half = render(scene), render(scene, 0.5)
    assert half.image.size == (round(scene.width / 2), round(scene.height / 2))
    small = np.asarray(whole.image.resize(half.image.size), np.float32)
    assert np.abs(small - np.asarray(half.image, np.float32)).mean() < 12


def test_fresh_pictures_carry_labels_of_what_they_show() -> None:
    square, kinds, coats, place, texts = fresh.draw_picture(1, 3)  # every third is a portrait
    assert square.shape == (fresh.SQUARE, fresh.SQUARE, 3)
    assert kinds.shape == coats.shape == (fresh.GRID, fresh.GRID)
    assert fresh.KIND_NAMES[3 % len(fresh.KIND_NAMES)] in {fresh.KIND_NAMES[k - 1] for k in np.unique(kinds) if k}
    assert ((kinds > 0) == (coats > 0)).all()
    assert 0 <= place < len(fresh.PLACE_NAMES)
    assert len(texts) == 10


def test_colours_mix_between_their_ends() -> None:
    assert mix("#000000", "#ffffff", 0.0) == "#000000"
    assert mix("#000000", "#ffffff", 1.0) == "#ffffff"
    assert mix("#000000", "#ffffff", 0.5) in ("#7f7f7f", "#808080")
