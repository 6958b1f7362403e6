"""The animals of the demo world."""

from __future__ import annotations

from demo_world.objects.livestock import draw_cow, draw_horse, draw_sheep
from demo_world.objects.pets import draw_bird, draw_cat, draw_dog
from demo_world.objects.wild_animals import draw_bear, draw_elephant, draw_giraffe
from demo_world.svg import Kind

ANIMALS: tuple[Kind, ...] = (
    Kind("sheep", draw_sheep, 1.0, ("white", "black", "brown", "gray"), ("standing", "grazing", "lying")),
    Kind("cow", draw_cow, 1.5, ("brown", "black", "white"), ("standing", "grazing")),
    Kind("dog", draw_dog, 0.8, ("brown", "black", "white", "gray", "orange"), ("standing", "sitting", "running")),
    Kind("cat", draw_cat, 0.55, ("black", "orange", "gray", "white"), ("sitting", "standing")),
    Kind("horse", draw_horse, 1.8, ("brown", "black", "white", "gray"), ("standing", "running")),
    Kind("bird", draw_bird, 0.45, ("red", "blue", "yellow", "white", "black", "green"), ("standing", "flying")),
    Kind("elephant", draw_elephant, 2.4, ("gray", "brown")),
    Kind("giraffe", draw_giraffe, 3.2, ("yellow", "orange", "brown")),
    Kind("bear", draw_bear, 1.5, ("brown", "black", "white"), ("standing", "sitting")),
)
