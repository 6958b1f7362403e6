"""The things of the demo world: street furniture, toys, luggage and gear.

One unit is the same real length in every variant of a kind: ``points["scale"]`` holds the units of the kind's metres.
"""

from __future__ import annotations

from demo_world.objects.gear import draw_skis, draw_suitcase, draw_surfboard, draw_tent
from demo_world.objects.home import draw_chair, draw_plant
from demo_world.objects.street_furniture import draw_bench, draw_clock, draw_hydrant, draw_stop_sign, draw_traffic_light
from demo_world.objects.toys import draw_ball, draw_balloon, draw_kite, draw_umbrella
from demo_world.svg import Kind

VIVID = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "black", "white")

THINGS: tuple[Kind, ...] = (
    Kind("umbrella", draw_umbrella, 1.9, VIVID, ("standing", "open")),
    Kind("skis", draw_skis, 1.7, ("red", "orange", "yellow", "green", "blue", "purple", "black"), ("standing", "flat")),
    Kind("fire hydrant", draw_hydrant, 0.9, ("red", "yellow", "blue", "green", "orange", "white")),
    Kind("bench", draw_bench, 0.9, ("brown", "green", "red", "blue", "gray", "white")),
    Kind("kite", draw_kite, 1.2, ("red", "orange", "yellow", "green", "blue", "purple", "pink")),
    Kind("clock", draw_clock, 3.2, ("black", "green", "brown", "white", "blue", "red"), ("standing", "wall")),
    Kind("stop sign", draw_stop_sign, 2.4, ("red",)),
    Kind("traffic light", draw_traffic_light, 2.8, ("black", "yellow", "green")),
    Kind("ball", draw_ball, 0.5, ("red", "orange", "yellow", "green", "blue", "purple", "pink", "white")),
    Kind("chair", draw_chair, 1.0, ("brown", "red", "green", "blue", "white", "yellow", "black")),
    Kind("potted plant", draw_plant, 1.1, ("red", "orange", "brown", "blue", "white", "yellow", "purple")),
    Kind("suitcase", draw_suitcase, 0.8, ("brown", "red", "blue", "green", "black", "pink", "purple")),
    Kind("balloon", draw_balloon, 1.6, ("red", "orange", "yellow", "green", "blue", "purple", "pink")),
    Kind("surfboard", draw_surfboard, 2.0, ("yellow", "orange", "blue", "red", "white", "pink"), ("standing", "flat")),
    Kind("tent", draw_tent, 1.8, ("orange", "green", "blue", "red", "yellow")),
)
