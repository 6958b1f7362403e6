"""What lives in the demo world: animals and people."""

from __future__ import annotations

from hw3lib.demo.objects.animals import ANIMALS
from hw3lib.demo.objects.people import PEOPLE
from hw3lib.demo.svg import Kind

LIVING: tuple[Kind, ...] = (*ANIMALS, *PEOPLE)
