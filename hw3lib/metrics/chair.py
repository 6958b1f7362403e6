"""Which objects a caption mentions, and which of them are there: object recall and CHAIR.

CHAIR (Rohrbach et al. 2018, "Object Hallucination in Image Captioning") counts mentions of objects that are neither in
the image's instances nor in any of its reference captions: ``CHAIR_i`` is their share of all mentions, ``CHAIR_s`` the
share of captions with at least one. Object recall is the share of the objects that are there, and are not tiny, that
the caption mentions.

A lexicon is a JSON file ``{"girl": ["girl", "lady", ...], ...}``; plurals of the last word are added by rule, irregular
ones stand in the file. Phrases under ``_none`` mention nothing ("train track", "couple of"). Longer phrases win over
shorter ones, from left to right. COCO's "orange" is only read in forms that cannot mean the colour.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hw3lib.data.instances import Instances
from hw3lib.data.lexicon import Lexicon
from hw3lib.system.errors import UserError
from hw3lib.system.messages import counted, shorten

# Objects below this share of the image need not be mentioned: annotators leave them out too.
SMALLEST = 0.005
COUNTS = ("mentions", "hallucinated", "objects_expected", "objects_found")  # of an image


@dataclass(frozen=True)
class Objects:
    """What is in the images: every category, and those that are large enough to expect a mention."""

    categories: tuple[str, ...]
    present: dict[str, frozenset[str]]  # image name (without ending) -> categories
    expected: dict[str, frozenset[str]]


def load_objects(instances_json: str | Path, smallest: float = SMALLEST) -> Objects:
    """Read COCO's ``instances`` file; see :func:`objects_in`. Raises :class:`UserError` as :meth:`Instances.load`."""
    return objects_in(Instances.load(instances_json), smallest)


def objects_in(instances: Instances, smallest: float = SMALLEST) -> Objects:
    """The objects of all images. ``smallest`` is the share of the image below which an object is not expected.

    Raises :class:`UserError` for instances without an area.
    """
    present: dict[str, frozenset[str]] = {}
    expected: dict[str, frozenset[str]] = {}
    for name, (h, w) in instances.sizes.items():
        areas: dict[str, float] = defaultdict(float)
        for instance in instances.instances.get(name, []):
            if instance.area is None:
                raise UserError(f"{instances.path}: the key 'area' of an instance of {shorten(name)} is missing")
            areas[instance.category] += instance.area
        present[name] = frozenset(areas)
        expected[name] = frozenset(category for category, area in areas.items() if area >= smallest * (h * w))
    return Objects(instances.categories, present, expected)


def object_counts(
    predictions: Mapping[str, str],
    objects: Objects,
    references: Mapping[str, Iterable[str]] | None = None,
    lexicon: Lexicon | None = None,
) -> dict[str, dict[str, int]]:
    """What the scores below sum up, for each image of ``{image name: caption}``.

    ``mentions`` of objects, those of them that are ``hallucinated``, ``objects_expected`` and, among these,
    ``objects_found``. With ``references``, what they mention counts as there, as in the paper. Raises
    :class:`UserError` for images that the instances file lacks.
    """
    lexicon = lexicon or Lexicon.for_categories(objects.categories)
    absent = hallucinations(predictions, objects, references, lexicon)
    counts = {}
    for name, caption in predictions.items():
        mentioned, expected = lexicon.mentions(caption), objects.expected[name]
        values = len(mentioned), len(absent[name]), len(expected), len(expected & set(mentioned))
        counts[name] = dict(zip(COUNTS, values, strict=True))
    return counts


def hallucinations(
    predictions: Mapping[str, str],
    objects: Objects,
    references: Mapping[str, Iterable[str]] | None = None,
    lexicon: Lexicon | None = None,
) -> dict[str, list[str]]:
    """The objects that each caption mentions and that are not there, one entry per mention; see :func:`object_counts`.

    >>> objects = Objects(("dog", "cat"), present={"a": frozenset({"dog"})}, expected={"a": frozenset()})
    >>> hallucinations({"a": "a dog and two cats"}, objects)
    {'a': ['cat']}
    """
    lexicon = lexicon or Lexicon.for_categories(objects.categories)
    lacking = sorted(set(predictions) - set(objects.present))
    if lacking:
        raise UserError(
            f"the instances file lacks {counted(lacking, 'image')} of the {len(predictions)} that have a caption"
        )
    absent = {}
    for name, caption in predictions.items():
        present = set(objects.present[name])
        if references is not None:
            present.update(category for reference in references[name] for category in lexicon.mentions(reference))
        absent[name] = [category for category in lexicon.mentions(caption) if category not in present]
    return absent


def summed(counts: Mapping[str, Mapping[str, int]]) -> dict[str, float]:
    """CHAIR_i, CHAIR_s (0 is best) and object_recall (1 is best) from the counts of each image.

    Without any mention CHAIR_i is 0; without any expected object the recall is 0.

    >>> dogs = frozenset({"dog"})
    >>> objects = Objects(("dog", "cat"), present={"a": dogs}, expected={"a": dogs})
    >>> summed(object_counts({"a": "a dog and a cat"}, objects))
    {'CHAIR_i': 0.5, 'CHAIR_s': 1.0, 'object_recall': 1.0}
    """

    def total(key: str) -> int:
        return sum(image[key] for image in counts.values())

    return {
        "CHAIR_i": total("hallucinated") / max(1, total("mentions")),
        "CHAIR_s": sum(image["hallucinated"] > 0 for image in counts.values()) / max(1, len(counts)),
        "object_recall": total("objects_found") / max(1, total("objects_expected")),
    }
