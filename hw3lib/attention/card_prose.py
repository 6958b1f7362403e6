"""The tests of each attribution method, in tables and sentences from ``p3/faithfulness.json``."""

from __future__ import annotations

from hw3lib.attention.methods import METHOD_NAMES
from hw3lib.attention.results import HALF, NEGLIGIBLE, Card, Faithfulness, MapTest
from hw3lib.attention.word_classes import CLASS_NAMES
from hw3lib.display.bundle import Cell, Content
from hw3lib.display.prose import code, decimal, estimate, names_in_words
from hw3lib.metrics.interval_tests import FEW

TEST_NAMES = {
    "deletion": "deletion costs more than in random order, nats",
    "insertion": "insertion restores more than in random order, nats",
    "centre": "deletion costs more than centre first, nats",
    "mean colour": "deletion of pixels, mean colour, nats",
    "blur": "deletion of pixels, blurred, nats",
    "decoder": "changes with the decoder re-initialised, rank correlation",
    "encoder": "changes with the encoder re-initialised too, rank correlation",
    "seed": "is repeated by another seed, rank correlation",
    "repeated": "is repeated by another run, rank correlation",
}
_OPENINGS = {
    "passed": "Averaged over words, raw attention is faithful to the decoder",
    "failed": "Averaged over words, raw attention is not faithful to the decoder",
    "inconclusive": "Whether raw attention, averaged over words, is faithful to the decoder is not certain",
}
_CLASS_NAMES = CLASS_NAMES | {"adjective": "adjectives", "other": "other words"}


def faithfulness_sentence(result: Faithfulness) -> str:
    """Whether raw attention is faithful, in a sentence or two of Markdown: what comes first about attention."""
    if not result.cards:
        return "**Whether the maps are faithful was not tested**: it takes the captions of two images or more."
    raw, others = result.cards["last layer"], {way: card for way, card in result.cards.items() if way != "last layer"}
    shown, few = _by_class(raw)
    text = f"**{_OPENINGS[raw.faithful]}{shown}**: {_effects(raw)}, on {raw.tests['deletion'].n} images."
    which = "The other classes" if shown else "All classes of words"
    text += f" {which} have fewer than {FEW} images each, too few for a verdict: {few}." if few else ""
    for verdict, told in (("passed", "Faithful"), ("failed", "Not faithful")):
        if ways := [METHOD_NAMES[way] for way, card in others.items() if card.faithful == verdict]:
            text += f" {told} by the same two tests: {names_in_words(ways)}."
    return text


def claim_remark(result: Faithfulness | None) -> str:
    """What a claim about attention should say of the maps that it rests on, as a sentence of plain text."""
    if result is None or not result.cards:
        return ""
    raw = result.cards["last layer"]
    costs, restores = (_nats(raw.tests[name]) for name in ("deletion", "insertion"))
    shown, few = _by_class(raw)
    few = f"; for {few} there are too few images for a verdict" if few else ""
    effects = f"against a random order, deletion costs {costs}, insertion restores {restores}"
    return f"{_OPENINGS[raw.faithful]} ({effects}){shown}{few}."


def card_table(result: Faithfulness) -> Content:
    """A column for each way of asking, a row for each test: its verdict, effect and interval."""
    rows: list[list[Cell]] = [["faithful: deletion and insertion", *(card.faithful for card in result.cards.values())]]
    for name, told in TEST_NAMES.items():
        tests = [card.tests.get(name) for card in result.cards.values()]
        if any(tests):
            cells = [f"{t.verdict}: {estimate(t.effect, t.low, t.high)}" if t else None for t in tests]
            rows.append([told, *cells])
    return ["test", *(METHOD_NAMES[way] for way in result.cards)], rows


def card_notes(result: Faithfulness) -> str:
    """What the tests are, and how they are judged."""
    other = f" The other seed is {result.seed}." if result.seed else ""
    other += f" The other run is {result.other}." if result.other else ""
    if other and "best head" in result.cards:
        other += (
            " Of the best head, it is the other's head that is most like it on every other image, judged on the rest."
        )
    return (
        f"{result.words} words of {result.images} captions; effects in nats of a word's log-probability, averaged over "
        "the share of patches that is deleted; in brackets 95 % intervals (bootstrap over images, not corrected for "
        "the number of tests). Passed: the interval lies above zero; re-initialised, below a rank correlation of "
        f"{HALF:g}; repeated, above it. Failed: it lies on the other side, or shows an effect of at most "
        f"{NEGLIGIBLE:g} nats. Inconclusive: neither, or fewer than {FEW} images.{other}"
    )


def class_areas(result: Faithfulness) -> Content:
    """The area between the curves of weakest and strongest first, by class of words and way of asking."""
    kinds = dict.fromkeys(kind for card in result.cards.values() for kind in card.classes)
    rows: list[list[Cell]] = []
    for kind in sorted(kinds, key=list(_CLASS_NAMES).index):
        areas = [card.classes[kind] for card in result.cards.values()]
        cells: list[Cell] = [
            decimal(area.value or 0, 2)
            if area.low is None or area.high is None
            else estimate(area.value or 0, area.low, area.high)
            for area in areas
        ]
        rows.append([_CLASS_NAMES[kind], areas[0].images, *cells])
    return ["words", "images", *(METHOD_NAMES[way] for way in result.cards)], rows


def card_sentences(result: Faithfulness) -> str:
    """What masking features says of masking pixels, and what the weights have to do with the maps."""
    if not result.cards:
        return ""
    raw = result.cards["last layer"]
    shown = [(fill, value, raw.tests[fill]) for fill, value in raw.pixels.items()]
    text = (
        "Masking features is not masking pixels: a patch of the memory has seen its surroundings. With pixels painted "
        "over instead, one word of each image loses more in raw attention's order than in a random one by "
        + " and ".join(f"{_nats(test)} ({fill})" for fill, _, test in shown)
    )
    if all(value is not None for _, value, _ in shown):
        values = " and ".join(decimal(value or 0, 2) for _, value, _ in shown)
        text += f"; over words, the two ways of masking have a rank correlation of {values}"
    stages = ", ".join(f"{decimal(value, 2)} ({what})" for what, value in raw.randomised.items())
    text += f".\n\nThe rank correlation of raw attention with itself, as weights are re-initialised: {stages}."
    for name, which in (
        ("seed", f"another seed, {code(result.seed or '')},"),
        ("repeated", f"the run {code(result.other or '')}"),
    ):
        if repeated := raw.tests.get(name):
            text += (
                f" With the maps that {which} has of the same captions it is "
                f"{decimal(repeated.effect, 2)} [{decimal(repeated.low, 2)}, {decimal(repeated.high, 2)}]."
            )
    return text


def _by_class(card: Card) -> tuple[str, str]:
    """For which classes of words deletion and insertion together show an effect, as a clause; which are too few."""
    kinds = sorted(card.classes, key=list(_CLASS_NAMES).index)
    if len(kinds) < 2:
        return "", ""
    judged = [kind for kind in kinds if card.classes[kind].judged]
    told = []
    for verdict, how in (("passed", "shown for"), ("inconclusive", "not shown for"), ("failed", "the opposite for")):
        if names := [_CLASS_NAMES[kind] for kind in judged if card.classes[kind].verdict == verdict]:
            told.append(f"{how} {names_in_words(names)}")
    clause = f"; by class of words, an effect is {', '.join(told)}" if told else ""
    few = [_CLASS_NAMES[kind] for kind in kinds if kind not in judged]
    return clause, names_in_words(few) if few else ""


def _effects(card: Card) -> str:
    deletion, insertion = (card.tests[name] for name in ("deletion", "insertion"))
    return (
        f"taking the image's patches away in its order costs a word's log-probability {_nats(deletion)} more than a "
        f"random order does ({deletion.verdict}), giving them back restores {_nats(insertion)} more "
        f"({insertion.verdict})"
    )


def _nats(test: MapTest) -> str:
    return estimate(test.effect, test.low, test.high, unit="nats")
