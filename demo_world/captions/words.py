"""The words of the demo world: what annotators call its objects, poses, relations, places and surroundings.

Data, and look-ups in it; the grammar that joins the words is :mod:`demo_world.captions.grammar`. No noun here is shared
between two kinds, and no phrase about a place names a kind, so that a caption says without doubt which objects it
mentions: object recall and CHAIR read the same nouns from ``hw3lib/resources/synonyms_demo.json``, which
:func:`lexicon` makes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the grammar needs no drawing code
    from demo_world.picture.scene import Group


@dataclass(frozen=True)
class Noun:
    """One way to name a kind. ``weight`` is how often, against the kind's other names."""

    singular: str
    plural: str
    weight: float = 1.0
    size: str = ""  # only for things of this size, and then no size is said beside it
    sized: bool = True  # "a small dog", but not "a small little girl"
    bare: bool = False  # plural in form for one thing, and without an article: "skis"
    measure: tuple[str, str] = ("", "")  # before the adjectives: "a pair of red skis"


@dataclass(frozen=True)
class Verb:
    """A predicate in three forms: ``a cow grazing``, ``it grazes``, ``they graze``."""

    participle: str
    third: str
    base: str
    weight: float = 1.0
    through: bool = False  # moves: "through a field" as well as "in a field"
    places: tuple[str, ...] = ()  # only in these, anywhere when empty


@dataclass(frozen=True)
class Link:
    """How a relation is said. ``prepositions`` follow the subject's own verb; ``acts`` replace it.

    An act takes the object, but for ``implied`` ones, which name it by themselves ("skiing").
    """

    prepositions: tuple[tuple[str, float], ...] = ()
    acts: tuple[Verb, ...] = ()
    implied: tuple[Verb, ...] = ()
    inverse: tuple[str, ...] = ()  # said of the object: "a bench with a cat on it"; {s} is the subject
    act_share: float = 0.8  # how often an act is taken where there are prepositions too


@dataclass(frozen=True)
class Where:
    """A place, as seen from what is in it."""

    name: tuple[str, ...]  # "a grassy field", which may open a caption
    ground: tuple[str, ...]
    through: tuple[str, ...] = ()
    air: tuple[str, ...] = ()
    water: tuple[str, ...] = ()
    side: tuple[str, ...] = ()  # for things that stand by the way, not on it
    title: str = ""  # the shortest tag: "beach"
    outdoors: bool = True


def _n(singular: str, weight: float = 1.0, plural: str = "", size: str = "", sized: bool = True) -> Noun:
    return Noun(singular, plural or singular + "s", weight, size, sized)


NOUNS: dict[str, tuple[Noun, ...]] = {
    "sheep": (_n("sheep", 6, "sheep"), _n("lamb", 3, size="small")),
    "cow": (_n("cow", 6), _n("calf", 2, "calves", size="small")),
    "dog": (_n("dog", 6), _n("puppy", 3, "puppies", size="small")),
    "cat": (_n("cat", 6), _n("kitten", 3, size="small"), _n("kitty", 0.3, "kitties")),
    "horse": (_n("horse", 6), _n("pony", 3, "ponies", size="small")),
    "bird": (_n("bird"),),
    "elephant": (_n("elephant", 4), _n("baby elephant", 4, size="small")),
    "giraffe": (_n("giraffe", 4), _n("baby giraffe", 4, size="small")),
    "bear": (_n("bear", 4), _n("bear cub", 4, size="small")),
    "girl": (_n("girl", 6), _n("little girl", 1.6, sized=False), _n("young girl", 1.6, sized=False),
             _n("young lady", 0.2, "young ladies", sized=False)),
    "boy": (_n("boy", 6), _n("little boy", 1.6, sized=False), _n("young boy", 1.6, sized=False),
            _n("young man", 0.2, "young men", sized=False)),
    "bicycle": (_n("bicycle", 3), _n("bike", 3)),
    "car": (_n("car", 6), _n("automobile", 0.3)),
    "bus": (_n("bus", 6, "buses"), _n("city bus", 0.8, "city buses"), _n("passenger bus", 0.5, "passenger buses")),
    "truck": (_n("truck"),),
    "boat": (_n("boat"),),
    "airplane": (_n("airplane", 3), _n("plane", 3), _n("aeroplane", 0.3)),
    "train": (_n("train", 6), _n("passenger train", 0.6)),
    "skateboard": (_n("skateboard", 6), _n("skate board", 0.5)),
    "umbrella": (_n("umbrella", 6), _n("parasol", 0.4)),
    "skis": (Noun("skis", "skis", 2.0, measure=("pair of", "pairs of")), Noun("skis", "skis", 3.0, bare=True)),
    "fire hydrant": (_n("fire hydrant", 6), _n("hydrant", 1.0)),
    "bench": (_n("bench", plural="benches"),),
    "kite": (_n("kite"),),
    "clock": (_n("clock"),),
    "stop sign": (_n("stop sign"),),
    "traffic light": (_n("traffic light", 5), _n("stop light", 0.7), _n("traffic signal", 0.7)),
    "ball": (_n("ball"),),
    "chair": (_n("chair"),),
    "potted plant": (_n("potted plant", 4), _n("plant", 1.5), _n("houseplant", 0.5)),
    "suitcase": (_n("suitcase", 6), _n("piece of luggage", 0.4, "pieces of luggage")),
    "balloon": (_n("balloon"),),
    "surfboard": (_n("surfboard", 6), _n("surf board", 0.5)),
    "tent": (_n("tent"),),
}  # fmt: skip

# Words that imply a kind without being a name of it: an annotator who writes "skiing" has mentioned the skis.
IMPLYING = {"skis": ("skiing", "skis down"), "skateboard": ("skateboarding",), "bicycle": ("biking",)}

COLLECTIVES: dict[str, tuple[str, ...]] = {  # for three or more; "group" for every kind
    "sheep": ("herd", "flock"), "cow": ("herd",), "horse": ("herd",), "elephant": ("herd",), "bird": ("flock",),
    "balloon": ("bunch",),
}  # fmt: skip
NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}
SIZES = {"small": ("small", "little"), "large": ("large", "big")}
HUMAN_SIZES = {"small": ("small",), "large": ("tall",)}
COLOURS = {"gray": ("gray", "grey")}  # spellings; any other colour is its own name

COLOURLESS = ("traffic light",)  # its housing has a colour, but people would read it as that of the lamp

# Kinds whose colour is that of something about them (of one, of several): {} is the colour, {a} with its article.
CLOTHES: dict[str, tuple[tuple[str, str], ...]] = {
    "girl": (("in {a} dress", "in {} dresses"), ("wearing {a} dress", "wearing {} dresses"), ("in {}", "in {}")),
    "potted plant": (("in {a} pot", "in {} pots"),),
    "boy": (("in {a} shirt", "in {} shirts"), ("wearing {a} shirt", "wearing {} shirts"), ("in {}", "in {}")),
}

SKI_CLOTHES = (("in {a} jacket", "in {} jackets"), ("wearing {a} jacket", "wearing {} jackets"), ("in {}", "in {}"))

ANIMALS = ("sheep", "cow", "dog", "cat", "horse", "elephant", "giraffe", "bear")
PEOPLE = ("girl", "boy")
ROADSIDE = (
    "fire hydrant",
    "stop sign",
    "traffic light",
    "bench",
    "clock",
    "potted plant",
    "suitcase",
    "chair",
    "bicycle",
)
USUAL = {  # the colour one expects, so seldom said
    "elephant": "gray",
    "stop sign": "red",
    "fire hydrant": "red",
    "sheep": "white",
    "giraffe": "yellow",
}

# Said alone, these leave one waiting for the place.
INCOMPLETE = {
    "standing",
    "sitting",
    "lying",
    "laying",
    "parked",
    "pitched",
    "set up",
    "posing",
    "perched",
    "hanging",
    "traveling",
    "passing",
    "driving",
}

_STAND = Verb("standing", "stands", "stand", 3)
_SIT = Verb("sitting", "sits", "sit", 3)
_LIE = Verb("lying", "lies", "lie", 2)
_PARKED = Verb("parked", "is parked", "are parked", 4)
_FLY = Verb("flying", "flies", "fly", 4)
_RUN = Verb("running", "runs", "run", 4, through=True)
_GRASS = ("field", "park", "lake")

# (kind, pose) -> verbs. "*" stands for any pose; a kind or a pose that is not here has no verb, and does without.
VERBS: dict[str, dict[str, tuple[Verb, ...]]] = {
    "animal": {
        "standing": (_STAND,),
        "grazing": (Verb("grazing", "grazes", "graze", 4), Verb("eating grass", "eats grass", "eat grass",
            1, False, _GRASS),
                    Verb("grazing on grass", "grazes on grass", "graze on grass", 0.7, False, _GRASS)),
        "lying": (Verb("lying down", "lies down", "lie down", 2), _LIE, Verb("resting", "rests", "rest"),
                  Verb("laying", "lays", "lay", 0.5)),
        "sitting": (_SIT,),
        "running": (_RUN,),
        "walking": (Verb("walking", "walks", "walk", 3, through=True),),
    },
    "bird": {
        "standing": (_STAND, Verb("perched", "is perched", "are perched", 0.6)),
        "flying": (_FLY, Verb("soaring", "soars", "soar", 0.5)),
    },
    "person": {
        "standing": (_STAND, Verb("posing", "poses", "pose", 0.3)),
        "sitting": (_SIT,),
        "walking": (Verb("walking", "walks", "walk", 3, through=True),),
        "running": (_RUN,),
        "skiing": (Verb("skiing", "is skiing", "are skiing", 3, through=True),),
    },
    "vehicle": {
        "standing": (_PARKED, Verb("sitting", "sits", "sit", 0.6),
                     Verb("driving", "drives", "drive", 1.2, through=True, places=("street", "desert"))),
        "driving": (Verb("driving", "drives", "drive", 3, through=True),),
    },
    "bicycle": {"*": (_PARKED, Verb("standing", "stands", "stand", 1))},
    "boat": {"*": (Verb("floating", "floats", "float", 3), Verb("sailing", "sails", "sail", 1.5), Verb("sitting",
        "sits", "sit", 0.7))},
    "airplane": {"*": (_FLY, Verb("soaring", "soars", "soar", 0.5))},
    "train": {"*": (Verb("traveling", "travels", "travel", 2, through=True), Verb("passing", "passes", "pass",
        1, through=True))},
    "flyer": {"*": (_FLY, Verb("floating", "floats", "float", 1))},
    "kite": {"*": (_FLY,)},
    "balloon": {"*": (Verb("floating", "floats", "float", 3), Verb("flying", "flies", "fly", 1))},
    "post": {"*": (_STAND, Verb("sitting", "sits", "sit", 0.3))},
    "hydrant": {"*": (Verb("sitting", "sits", "sit", 2), _STAND)},
    "object": {"*": (_SIT,)},
    "ball": {"*": (Verb("lying", "lies", "lie", 2), _SIT)},
    "board": {"*": (_LIE, Verb("sitting", "sits", "sit", 1))},
    "upright": {"*": (_STAND,)},
    "surfboard": {"standing": (_STAND,), "flat": (_LIE,)},
    "tent": {"*": (Verb("pitched", "is pitched", "are pitched", 2), Verb("set up", "is set up", "are set up", 2),
        _STAND)},
    "clock": {"wall": (Verb("hanging", "hangs", "hang", 3),), "standing": (_STAND,)},
}  # fmt: skip

BEHAVIOUR: dict[str, str] = {
    **dict.fromkeys(ANIMALS, "animal"), **dict.fromkeys(PEOPLE, "person"), "bird": "bird", "bicycle": "bicycle",
    **dict.fromkeys(("car", "bus", "truck"), "vehicle"), "boat": "boat", "airplane": "airplane", "train": "train",
    "kite": "kite", "balloon": "balloon", "fire hydrant": "hydrant", "stop sign": "upright", "traffic light": "upright",
    "bench": "object", "chair": "object", "potted plant": "object", "suitcase": "post", "ball": "ball",
    "skateboard": "board", "surfboard": "surfboard", "umbrella": "upright", "skis": "upright", "tent": "tent",
        "clock": "clock",
}  # fmt: skip

_NEAR = (("next to", 4.0), ("beside", 1.5), ("near", 1.5), ("by", 1.0))
_RIDE = Verb("riding", "rides", "ride", 4)
_HOLD = Verb("holding", "holds", "hold", 5)
_UNDER = (("under", 5.0), ("underneath", 1.0), ("beneath", 0.7))
_ON_IT = ("with {s} on it", "with {s} on top")

# A relation, or a relation with one object kind: the more special one counts.
LINKS: dict[str, Link] = {
    "riding": Link((("on", 1.0),), (_RIDE,), inverse=("with {s} riding it", "being ridden by {s}")),
    "riding bicycle": Link((("on", 1.0),), (_RIDE,), (Verb("biking", "bikes", "bike", 1, through=True),),
        ("being ridden by {s}",)),
    "riding skateboard": Link((("on", 1.0),), (_RIDE,), (Verb("skateboarding", "is skateboarding",
        "are skateboarding", 1, through=True),)),
    "riding skis": Link((("on", 1.0),), (), (Verb("skiing", "is skiing", "are skiing", 4, through=True),),
        act_share=0.55),
    "holding": Link((("with", 1.0),), (_HOLD, Verb("carrying", "carries", "carry", 1))),
    "holding umbrella": Link((("with", 1.0), ("under", 1.5)), (_HOLD, Verb("carrying", "carries", "carry", 1))),
    "holding kite": Link((("with", 1.0),), (Verb("flying", "flies", "fly", 4), _HOLD)),
    "sitting on": Link((("on", 1.0),), (Verb("sitting on", "sits on", "sit on", 5), Verb("seated on",
        "is seated on", "are seated on", 0.6)),
                       inverse=("with {s} sitting on it", "with {s} on it")),
    "on": Link((("on", 3.0), ("on top of", 1.5)), inverse=_ON_IT),
    "under": Link(_UNDER, inverse=("over {s}", "above {s}")),
    "behind": Link((("behind", 4.0),), inverse=("in front of {s}",)),
    "in front of": Link((("in front of", 4.0),), inverse=("behind {s}",)),
    "left of": Link((("to the left of", 2.0), ("on the left of", 0.7), *_NEAR), inverse=("to the right of {s}",
        "next to {s}", "beside {s}")),
    "right of": Link((("to the right of", 2.0), ("on the right of", 0.7), *_NEAR), inverse=("to the left of {s}",
        "next to {s}", "beside {s}")),
    "next to": Link(_NEAR, inverse=("next to {s}", "beside {s}", "near {s}")),
    "with": Link((("with", 1.0),)),
}  # fmt: skip
TIGHT = ("riding", "holding", "sitting on", "on", "under")  # hardly anyone mentions one side without the other
LOOSE = ("left of", "right of", "next to", "with")  # "a dog and a ball" says as much

# Where a thing is that is not on the ground, as a modifier of it: "a kite in the sky".
ALOFT = {
    "air": ("in the sky", "flying overhead", "flying above", "in the air"),
    "indoors": ("floating above", "in the air"),
    "wall": ("on the wall", "hanging on the wall"),
    "water": ("on the water", "in the water"),
    "shore": ("on the shore", "nearby"),  # of what is on the ground, as seen from the water
    "floor": ("nearby", "below"),  # as seen from the wall
}

PLACES: dict[str, Where] = {
    "field": Where(
        ("a field", "a grassy field", "a green field"),
        ("in a field", "in a grassy field", "in a green field", "on the grass", "on a grassy hill", "in a meadow"),
        ("through a field", "across a field", "through the grass"),
        ("over a field", "in the sky above a field", "above a green field"), title="field",
    ),
    "beach": Where(
        ("a beach", "a sandy beach"),
        ("on the beach", "on a beach", "on a sandy beach", "at the beach", "on the sand", "near the ocean",
            "by the sea"),
        ("along the beach", "on the beach", "across the sand"),
        ("over the beach", "in the sky above a beach", "above the ocean"),
        ("in the ocean", "on the sea", "on the water", "near the beach", "in the water"), title="beach",
    ),
    "snow": Where(
        ("a snowy slope", "a snowy field", "a snow covered hill"),
        ("in the snow", "on a snowy slope", "on a snowy hill", "in a snowy field", "on the snow"),
        ("through the snow", "down a snowy slope", "across the snow", "in the snow"),
        ("over a snowy hill", "above the snow"), title="snow",
    ),
    "street": Where(
        ("a street", "a city street"),
        ("on a street", "on the street", "on a city street", "on the road", "in the middle of the street",
            "in the city"),
        ("down a street", "down the street", "along a city street", "down the road"),
        ("over a city street", "above the street", "over the city"),
        side=("on the side of the road", "on the sidewalk", "on a city street", "on the street", "on a sidewalk",
            "by the road"),
        title="street",
    ),
    "park": Where(
        ("a park", "a green park"),
        ("in a park", "in the park", "on the grass in a park", "in a green park", "at the park"),
        ("through a park", "through the park", "in the park"),
        ("over a park", "above a park", "in the sky over a park"), title="park",
    ),
    "room": Where(
        ("a room", "a living room"),
        ("in a room", "in a living room", "on the floor", "inside a room", "on the floor of a room", "indoors"),
        ("through a room", "in a living room"), ("in a room", "in a living room"), title="living room", outdoors=False,
    ),
    "lake": Where(
        ("a lake", "a calm lake", "the shore of a lake"),
        ("by a lake", "near a lake", "next to a lake", "on the shore of a lake", "beside the water", "by the water"),
        ("along a lake", "by a lake", "past a lake"),
        ("over a lake", "above the water", "in the sky above a lake"),
        ("on a lake", "on the water", "in the water", "on a calm lake", "in a lake", "across a lake"), title="lake",
    ),
    "forest": Where(
        ("a forest", "a green forest"),
        ("in a forest", "in the forest", "in the woods", "among the trees", "in a clearing in the woods"),
        ("through a forest", "through the woods", "through the trees"),
        ("over a forest", "above the trees"), title="forest",
    ),
    "desert": Where(
        ("a desert", "a sandy desert"),
        ("in the desert", "in a desert", "on the desert sand", "in a sandy desert", "in a dry desert"),
        ("through the desert", "across the desert", "through a desert"),
        ("over the desert", "in the sky above a desert"), title="desert",
    ),
    "kitchen": Where(
        ("a kitchen",), ("in a kitchen", "in the kitchen", "on the kitchen floor", "on the floor of a kitchen",
            "inside a kitchen"),
        ("through a kitchen",), ("in a kitchen", "in the kitchen"), title="kitchen", outdoors=False,
    ),
}  # fmt: skip
WALLS = {
    "room": ("on the wall of a room", "on a wall", "in a living room"),
    "kitchen": ("on a kitchen wall", "on a wall", "in a kitchen"),
}

LIGHTS: dict[str, tuple[str, ...]] = {
    "day": ("on a sunny day", "in the sunshine"),
    "evening": ("at sunset", "in the evening", "at dusk"),
    "overcast": ("on a cloudy day", "under a cloudy sky"),
}

# What else a backdrop shows, by the name it gives it. What is not here is not mentioned.
EXTRAS: dict[str, tuple[str, ...]] = {
    "fence": ("near a fence", "by a fence", "with a fence in the background", "in front of a fence"),
    "barn": ("near a barn", "with a barn in the background"),
    "trees": ("with trees in the background", "near some trees", "with trees behind"),
    "bushes": ("near some bushes", "with bushes in the background"),
    "flowers": ("near some flowers", "with flowers in the background", "among flowers"),
    "mountains": ("with mountains in the background", "near the mountains", "in front of mountains"),
    "hills": ("with hills in the background", "near some hills"),
    "clouds": ("under a cloudy sky", "with clouds in the sky"),
    "people": ("with people in the background", "near some people"),
    "path": ("near a path", "beside a path"),
    "sea": ("near the ocean", "with the ocean in the background"),
    "waves": ("with waves in the background", "near the waves"),
    "palm tree": ("near a palm tree", "with a palm tree in the background", "beside a palm tree"),
    "jetty": ("near a dock", "with a wooden dock in the background"),
    "reeds": ("near some reeds", "by tall reeds"),
    "houses": ("in front of houses", "with houses in the background", "near some houses"),
    "shops": ("in front of shops", "with shops in the background", "near some shops"),
    "lamp post": ("near a lamp post", "by a lamp post"),
    "crosswalk": ("near a crosswalk", "by a crosswalk"),
    "pond": ("by a pond", "near a pond", "with a pond in the background"),
    "carpet": ("near a rug",),
    "window": ("near a window", "with a window in the background", "by a window"),
    "pictures": ("with pictures on the wall",),
    "shelf": ("near a shelf", "with a shelf in the background"),
    "sofa": ("near a sofa", "with a sofa in the background", "near a couch"),
    "lamp": ("near a lamp", "with a lamp in the background"),
    "counter": ("by the counter", "near a counter"),
    "cupboards": ("with cupboards in the background", "near the cupboards"),
    "snowflakes": ("while it is snowing", "in falling snow"),
    "mushrooms": ("near some mushrooms",),
    "cactus": ("near a cactus", "with a cactus in the background"),
}


def article(phrase: str) -> str:
    """The phrase with its indefinite article. No word of the demo world begins with a silent h or a spoken "you".

    >>> article("orange kite"), article("kite")
    ('an orange kite', 'a kite')
    """
    return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"


def standing_place(group: Group, place: str) -> str:
    """Where a group is: on the ``ground``, in the ``air``, on the ``wall`` or on the ``water``."""
    if group.pose == "wall":
        return "wall"
    if group.pose == "flying" or group.kind in ("airplane", "kite", "balloon"):
        return "air"
    return "water" if group.kind == "boat" and PLACES[place].water else "ground"


def places_of(group: Group, place: str, moving: bool = False) -> tuple[str, ...]:
    """The ways to say where a group is: "on the beach", "on the wall of a room"."""
    where = PLACES[place]
    at = standing_place(group, place)
    if at == "wall":
        return WALLS.get(place, where.ground)
    if at != "ground":
        return where.water if at == "water" else (*(("in the sky",) if where.outdoors else ()), *where.air)
    if moving and where.through:
        return where.through
    return where.side if where.side and group.kind in ROADSIDE else where.ground


def lexicon() -> dict[str, list[str]]:
    """Every form by which a caption mentions a kind, singular and plural: what ``synonyms_demo.json`` holds."""
    return {
        kind: list(dict.fromkeys(form for noun in nouns for form in _forms(noun))) + list(IMPLYING.get(kind, ()))
        for kind, nouns in NOUNS.items()
    }


def _forms(noun: Noun) -> tuple[str, ...]:
    return noun.singular, noun.plural
