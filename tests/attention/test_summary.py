"""What a summary says of measurements whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from hw3lib.attention.maps import View
from hw3lib.attention.results import Grounding
from hw3lib.attention.summary import choose_head, summarise, summarise_groups, summarise_wrong
from hw3lib.attention.word_measures import WordMeasures
from hw3lib.system.results import read_result, write_result


def synthetic(mass: float, centre: float, function_bits: float, images: int = 40) -> WordMeasures:
    """Two words an image, a function word and a noun, whose measures scatter around what is given."""
    rng = np.random.default_rng(3)
    words, views = 2 * images, 2 * 4
    noun = np.tile([False, True], images)

    def around(value: float, shape: tuple[int, ...] = (words, views)) -> np.ndarray:
        return (value + rng.normal(0, 0.02, shape)).astype(np.float32)

    nothing = np.full((words, views), np.nan, np.float32)
    return WordMeasures(
        grid=(4, 4), layers=2, heads=3, images=[str(i) for i in range(images)],
        image=np.repeat(np.arange(images, dtype=np.int32), 2), word=np.tile(["the", "dog"], images),
        kind=np.tile(["function", "object"], images), category=np.tile(["", "dog"], images),
        target=np.tile(np.array(["", "named"], "U6"), images), plural=np.zeros(words, bool),
        entropy=np.where(noun[:, None], around(2.0), around(function_bits)),
        hit=np.where(noun[:, None], 1.0, np.nan) * np.ones((1, views)),
        mass=np.where(noun[:, None], around(mass), np.nan),
        rank=np.where(noun[:, None], around(0.5), np.nan), stability=around(0.9), elsewhere=around(0.1, (words,)),
        prior_hit=np.where(noun[:, None], 0.5, np.nan) * np.ones((1, 3)),
        prior_mass=np.where(noun[:, None], around(centre, (words, 3)), np.nan),
        prior_rank=np.where(noun[:, None], 0.1, np.nan) * np.ones((1, 3)),
        method_hit=np.full((words, 2), np.nan), method_mass=np.full((words, 2), np.nan), evenness=nothing,
    )  # fmt: skip


@pytest.mark.parametrize(("mass", "centre", "sign"), [(0.5, 0.2, 1), (0.2, 0.5, -1)])
def test_the_difference_to_the_centre_has_its_sign_and_an_interval_around_it(mass, centre, sign) -> None:
    over = summarise(synthetic(mass, centre, 3.0), masks=True).classes["object"].mass.over_centre
    assert over.effect == pytest.approx(mass - centre, abs=0.02)
    assert over.low < over.effect < over.high
    assert sign * over.low > 0
    assert sign * over.high > 0
    assert over.n == 40


def test_the_best_head_is_judged_on_images_that_did_not_choose_it() -> None:
    words = synthetic(0.3, 0.2, 3.0)
    first = words.image % 2 == 0
    words.mass[first, words.view(0, 1)] = 0.9  # agrees best where it is chosen ...
    words.mass[~first, words.view(0, 1)] = 0.05  # ... and is worst elsewhere
    choice = choose_head(words)
    assert choice.chosen == View(layer=0, head=1)
    assert choice.heldout["best head"].mass.value == pytest.approx(0.05)
    assert choice.heldout["best head"].mass.over_last.high < 0


def test_the_best_method_is_judged_on_images_that_did_not_choose_it() -> None:
    words = synthetic(0.3, 0.2, 3.0)
    nouns = words.kind == "object"
    words.method_mass[nouns, 0], words.method_hit[nouns, 0] = np.where(words.image[nouns] % 4 == 1, 0.9, 0.1), 1.0
    best = choose_head(words).best
    assert (best.method, best.images) == ("gradient", (10, 10))
    assert best.mass.value == pytest.approx(0.1), "what chose it says nothing of it"
    assert best.last.value == pytest.approx(0.3, abs=0.05)
    assert best.mass.over_last.high < 0
    words.method_mass[nouns, 0] = np.where(words.image[nouns] % 4 == 1, 0.1, 0.9)
    assert choose_head(words).best.method != "gradient"
    words.image[:] = np.where(words.image % 4 == 1, 3, words.image)  # one half of the second half is left
    assert choose_head(words).best is None


def test_the_best_layer_goes_by_the_mean_of_its_heads_and_an_undefined_method_is_left_out() -> None:
    words = synthetic(0.3, 0.2, 3.0)
    words.mass[:, words.view(1)] += 0.2  # the last layer's mean, and one head of the first layer
    words.mass[:, words.view(0, 2)] += 0.5
    nouns = words.kind == "object"
    words.method_mass[nouns, 0], words.method_hit[nouns, 0] = 0.7, 1.0
    choice = choose_head(words)
    assert (choice.chosen, choice.layer) == (View(layer=0, head=2), 1)
    assert (choice.images, choice.words) == ((20, 20), (20, 20))
    assert list(choice.heldout) == ["last layer", "best layer", "best head", "gradient"]
    assert choice.heldout["gradient"].mass.value == pytest.approx(0.7)
    assert choice.heldout["gradient"].mass.over_last.effect == pytest.approx(0.2, abs=0.02)
    assert choice.heldout["gradient"].hit.value == 1
    words.image[:] = np.where(words.image % 2, words.image, 0)  # one image is left on the choosing half
    assert choose_head(words) is None


def test_nouns_are_tabled_by_layer_and_head() -> None:
    words = synthetic(0.3, 0.2, 3.0)
    words.mass[:, words.view(1, 0)] = 0.75
    views = summarise(words, masks=True).views
    assert np.array(views.mass).shape == (2, 4)
    assert views.mass[1][0] == pytest.approx(0.75)
    assert views.entropy[0][3] == pytest.approx(2, abs=0.02)
    words.target[:] = ""
    assert summarise(words, masks=False).views.mass is None


def test_nouns_without_their_object_are_compared_with_any_and_places_with_the_ground() -> None:
    words = synthetic(0.3, 0.2, 3.0)
    words.target[words.image < 10] = np.where(words.kind[words.image < 10] == "object", "any", "")
    wrong = summarise_wrong(words)
    assert (wrong.aimed, wrong.aimed_images) == (10, 10)
    assert wrong.mass.value == pytest.approx(0.3, abs=0.02)
    assert summarise(words, masks=True).classes["object"].aimed == 30
    words.kind[words.kind == "object"] = "place"
    words.target[words.kind == "place"] = "ground"
    place = summarise(words, masks=True).classes["place"]
    assert (place.aimed, place.at) == (40, "everything but objects")


def test_the_words_of_a_phrase_about_several_are_compared_with_the_captions_others() -> None:
    words = synthetic(0.3, 0.2, 3.0)
    nouns = words.kind == "object"
    words.plural[:] = nouns
    words.evenness[:] = np.where(nouns, 0.9, 0.6)[:, None]
    words.evenness[words.image < 8] = np.nan
    groups = summarise_groups(words)
    assert groups.images == 32
    assert groups.difference.effect == pytest.approx(0.3)
    assert (groups.phrase.value, groups.rest.value) == (pytest.approx(0.9), pytest.approx(0.6))
    assert {name: entry.words for name, entry in groups.by_word.items()} == {"noun": 32}
    words.word[nouns], words.kind[nouns] = "A", "function"
    assert {name: entry.words for name, entry in summarise_groups(words).by_word.items()} == {"a": 32}
    words.kind[~nouns] = "special"  # there is nothing to compare with
    assert summarise_groups(words) is None
    words.plural[:] = False
    assert summarise_groups(words) is None


def test_function_words_are_compared_with_nouns_and_with_the_whole() -> None:
    summary = summarise(synthetic(0.5, 0.2, 3.0), masks=True)
    assert summary.function_entropy.effect == pytest.approx(1, abs=0.02)
    assert summary.function_whole.effect == pytest.approx(3 - 0.9 * 4, abs=0.02)
    assert (summary.most_bits, summary.images, summary.words, summary.layers, summary.heads) == (4, 40, 80, 2, 3)
    wide = synthetic(0.5, 0.2, 3.0)
    wide.grid = (2, 4)
    assert summarise(wide, masks=True).most_bits == 3


def test_what_a_single_image_cannot_tell_is_left_open_and_the_file_can_be_written(tmp_path) -> None:
    words = synthetic(0.5, 0.2, 3.0)
    words.kind[0] = "count"  # alone of its class: there is no word elsewhere to compare it with
    words.elsewhere[0] = np.nan
    written = write_result(tmp_path / "grounding.json", summarise(words, masks=True))
    counts = read_result(written, Grounding).classes["count"]
    assert (counts.elsewhere.value, counts.entropy.low, counts.aimed) == (None, None, 0)
    assert counts.entropy.value == pytest.approx(3, abs=0.1)
