"""The vehicles of the demo world.

One unit is the same real length in every variant of a kind: ``points["scale"]`` holds the units of the kind's metres.
"""

from __future__ import annotations

from demo_world.objects.craft import draw_airplane, draw_boat
from demo_world.objects.heavy_vehicles import draw_bus, draw_train, draw_truck
from demo_world.objects.light_vehicles import draw_bicycle, draw_car, draw_skateboard
from demo_world.svg import Kind

VEHICLES: tuple[Kind, ...] = (
    Kind(
        "bicycle", draw_bicycle, 1.1, ("red", "orange", "yellow", "green", "blue", "purple", "pink", "black", "white")
    ),
    Kind("car", draw_car, 1.5, ("red", "orange", "yellow", "green", "blue", "white", "black", "gray", "purple")),
    Kind("bus", draw_bus, 3.0, ("red", "yellow", "green", "blue", "white", "orange")),
    Kind("truck", draw_truck, 2.8, ("red", "blue", "green", "white", "yellow", "orange")),
    Kind("boat", draw_boat, 2.4, ("white", "red", "blue", "green", "yellow", "brown")),
    Kind("airplane", draw_airplane, 3.0, ("white", "red", "blue", "yellow", "gray")),
    Kind("train", draw_train, 3.0, ("red", "green", "blue", "yellow", "black")),
    Kind("skateboard", draw_skateboard, 0.35, ("red", "green", "blue", "purple", "orange", "black")),
)
