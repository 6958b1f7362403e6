"""Cards of images: what a reference has too is marked, what is not there is named, disagreement is in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from hw3lib.captioning import figures
from hw3lib.captioning.gallery import RECALL, Card, RunCaption, cards, disagreement, pieces
from hw3lib.captioning.results import RunScores
from hw3lib.data.caption_set import CaptionSet
from hw3lib.data.language import Language
from hw3lib.metrics.chair import Objects, hallucinations, object_counts

IMAGES = CaptionSet(
    (Path("a.jpg"), Path("b.jpg")), ("a", "b"), (1, 2), (("Two red dogs run.", "dogs on a beach"), ("a boat",))
)
SAID = {"best": {"a": "A dog runs, a cat sits.", "b": "a boat"}, "vit": {"a": "a red dog", "b": "a boat"}}
COUNTS = {"mentions": 2, "hallucinated": 1, "objects_expected": 2, "objects_found": 1}
SCORES = {"a": {"CIDEr": 0.5, **COUNTS}, "b": {"CIDEr": 1.5, **COUNTS, "objects_expected": 0}}
OBJECTS = Objects(
    ("dog", "cat", "boat"),
    present={"a": frozenset({"dog"}), "b": frozenset({"boat"})},
    expected={"a": frozenset({"dog"}), "b": frozenset({"boat"})},
)


def of_runs(*runs: str) -> list:
    scores = {run: RunScores({}, {}, SCORES) for run in runs}
    return cards(IMAGES, {run: SAID[run] for run in runs}, scores, Language(), OBJECTS)


@pytest.mark.parametrize(
    ("caption", "references", "language", "theirs"),
    [
        (
            "A dog runs.",
            ["Two red dogs run"],
            Language(),
            ["dog runs"],
        ),  # in the other number; neighbours are one piece
        ("two berries, ponies", ["a berry", "the pony"], Language(), ["berries", "ponies"]),
        ("a bus, a pony", ["buses and ponies"], Language(), ["bus", "pony"]),
        ("a plane", ["the planet"], Language(), []),
        ("the bus", ["a car"], Language(), []),
        ("red", ["red"], Language(), ["red"]),
        ("green boat", ["red dog"], Language(), []),
        ("一隻狗。", ["狗和貓"], Language("zh"), ["狗"]),
        ("كلب أحمر يجري", ["كلب يجري"], Language("ar"), ["كلب", "يجري"]),
        ("ein Hund", ["Hunde"], Language("und"), []),
    ],
)
def test_words_that_references_have_are_every_second_piece(caption, references, language, theirs) -> None:
    images = CaptionSet((Path("a.jpg"),), ("a",), (1,), (tuple(references),))
    scores = {"run": RunScores({}, {}, {"a": {"CIDEr": 0.0}})}
    (card,) = cards(images, {"run": {"a": caption}}, scores, language)
    parts = card.captions["run"].pieces
    assert "".join(parts) == caption
    assert list(parts[1::2]) == theirs
    assert parts[-1], "no empty piece ends it"


def test_a_card_has_every_runs_scores_absent_objects_and_how_far_they_disagree() -> None:
    first, second = of_runs("best", "vit")
    assert first.captions["best"].absent == ("cat",)
    assert first.captions["vit"].absent == ()
    assert first.captions["best"].scores == {"CIDEr": 0.5, RECALL: 0.5}
    assert second.captions["best"].scores == {"CIDEr": 1.5}  # no object is expected there
    assert second.disagreement == 0
    assert first.disagreement == pytest.approx(1 - 2 * 2 / 9)  # "a dog" of 6 and of 3 words
    assert [card.disagreement for card in of_runs("best")] == [None, None]


def test_three_runs_disagree_by_the_mean_of_their_pairs() -> None:
    assert disagreement(["a b", "a b", "c d"], Language()) == pytest.approx(2 / 3)
    assert disagreement(["", ""], Language()) == 0
    assert "".join(pieces("", frozenset(), Language())) == ""


def test_hallucinations_are_those_that_are_counted() -> None:
    absent = hallucinations(SAID["best"], OBJECTS, dict(zip(IMAGES.names, IMAGES.captions, strict=True)))
    counts = object_counts(SAID["best"], OBJECTS, dict(zip(IMAGES.names, IMAGES.captions, strict=True)))
    assert {name: len(objects) for name, objects in absent.items()} == {
        name: of_image["hallucinated"] for name, of_image in counts.items()
    }
    assert hallucinations({"a": "a cat"}, OBJECTS, {"a": ["some cats"]}) == {"a": []}  # the annotators saw it


PHOTOGRAPH = Image.new("RGB", (8, 6))


def test_the_printed_cards_have_a_photograph_and_every_runs_caption() -> None:
    figure = figures.cards([PHOTOGRAPH] * 2, of_runs("best", "vit"))
    texts = "\n".join(text.get_text() for text in figure.texts)
    assert len(figure.axes) == 2
    assert "reference: Two red dogs run." in texts
    assert "best: A dog runs, a cat sits." in texts.replace("\n", " ")


def printed(reference: str, said: str) -> Card:
    return Card("c", (reference,), {"best": RunCaption((said,), {}, ())}, None)


def test_three_printed_cards_fill_the_width_and_nothing_lies_on_anything_else() -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = figures.cards([PHOTOGRAPH] * 3, [*of_runs("best", "vit"), printed("a dog " * 20, "a dog and a cat " * 6)])
    boxes = [axes.get_position(original=True) for axes in figure.axes]
    assert [boxes[0].x0, boxes[2].x1, *(box.y1 for box in boxes)] == pytest.approx([0, 1, 1, 1, 1])
    assert boxes[0].x1 < boxes[1].x0 < boxes[1].x1 < boxes[2].x0
    renderer, (width, height) = FigureCanvasAgg(figure).get_renderer(), figure.bbox.size
    extents = [text.get_window_extent(renderer) for text in figure.texts]
    ends = [box.x0 * width for box in boxes[1:]] + [width]
    for name, text, box, end in zip(extents[::2], extents[1::2], boxes, ends, strict=True):
        assert 0 < text.y0 < text.y1 < name.y0 < name.y1 < box.y0 * height
        assert max(name.x1, text.x1) < end


def test_printed_cards_are_set_as_their_script_is() -> None:
    (_, text) = figures.cards([PHOTOGRAPH], [printed("كلب", "كلب أحمر يجري على الشاطئ")]).texts
    (_, latin) = figures.cards([PHOTOGRAPH], [printed("a dog", "a dog")]).texts
    assert (text.get_ha(), latin.get_ha()) == ("right", "left")
    assert text.get_position()[0] > latin.get_position()[0] + 0.3, "at the other side of the photograph"
    (_, text) = figures.cards([PHOTOGRAPH], [printed("一隻狗" * 20, "狗" * 50)]).texts
    assert max(map(len, text.get_text().splitlines())) == 20, "their letters are twice as wide"
