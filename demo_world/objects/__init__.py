"""Every kind of object of the demo world, by name."""

from demo_world.objects.animals import ANIMALS
from demo_world.objects.people import PEOPLE
from demo_world.objects.things import THINGS
from demo_world.objects.vehicles import VEHICLES
from demo_world.svg import Kind

KINDS: dict[str, Kind] = {kind.name: kind for kind in (*ANIMALS, *PEOPLE, *VEHICLES, *THINGS)}
