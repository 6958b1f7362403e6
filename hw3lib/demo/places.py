"""The places of the demo world: what lies behind the objects."""

from __future__ import annotations

from hw3lib.demo.places_field import draw_field
from hw3lib.demo.places_kitchen import draw_kitchen
from hw3lib.demo.places_park import draw_park
from hw3lib.demo.places_room import draw_room
from hw3lib.demo.places_shore import draw_beach, draw_lake
from hw3lib.demo.places_street import draw_street
from hw3lib.demo.places_wild import draw_desert, draw_forest, draw_snow
from hw3lib.demo.svg import Place

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
