"""Every kind of object of the demo world, by name."""

from hw3lib.demo.objects.living import LIVING
from hw3lib.demo.objects.things import THINGS
from hw3lib.demo.objects.vehicles import VEHICLES
from hw3lib.demo.svg import Kind

KINDS: dict[str, Kind] = {kind.name: kind for kind in (*LIVING, *VEHICLES, *THINGS)}
