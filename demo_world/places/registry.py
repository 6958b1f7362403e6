"""The places of the demo world: what lies behind the objects."""

from __future__ import annotations

from demo_world.places.beach import draw_beach
from demo_world.places.desert import draw_desert
from demo_world.places.field import draw_field
from demo_world.places.forest import draw_forest
from demo_world.places.kitchen import draw_kitchen
from demo_world.places.lake import draw_lake
from demo_world.places.park import draw_park
from demo_world.places.room import draw_room
from demo_world.places.snow import draw_snow
from demo_world.places.street import draw_street
from demo_world.svg import Place

PLACES: tuple[Place, ...] = (
    Place("field", draw_field),
    Place("beach", draw_beach),
    Place("snow", draw_snow),
    Place("street", draw_street),
    Place("park", draw_park),
    Place("room", draw_room),
    Place("lake", draw_lake),
    Place("forest", draw_forest),
    Place("desert", draw_desert),
    Place("kitchen", draw_kitchen),
)
