"""P3's sentences come out each way, on synthetic results."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hw3lib.attention import figures, prose
from hw3lib.attention.maps import View
from hw3lib.attention.results import (
    Aimed,
    BestMethod,
    Choice,
    Compared,
    Effect,
    Estimate,
    Grounding,
    Heldout,
    HeldoutMass,
    Views,
    WordClass,
)


def effect(value: float) -> Effect:
    return Effect(value, value - 0.05, value + 0.05, 40)


def compared(over_centre: float = 0.2, over_caption: float = 0.2, over_uniform: float = 0.2) -> Compared:
    return Compared(0.4, 0.35, 0.45, 0.1, 0.2, 0.3, effect(over_uniform), effect(over_centre), effect(over_caption))


def word_class(mass: Compared | None = None, bits: float = 3.0, stability: float = 0.9) -> WordClass:
    same, other = Estimate(stability, 0.1, 0.9), Estimate(0.1, 0.0, 0.2)
    return WordClass(
        words=9, images=9, entropy=Estimate(bits, 2.9, 3.1), stability=same, elsewhere=other, at="its object",
        aimed=9, aimed_images=9, mass=mass, hit=mass,
    )  # fmt: skip


def grounding(**classes: WordClass) -> Grounding:
    return Grounding(
        provenance={}, run="best", images=9, words=27, grid=(4, 4), most_bits=4.0, layers=1, heads=2, classes=classes,
        views=Views(None, [[0.3, 0.5, 0.4]], None, None, None), choice=None, function_entropy=None,
        function_whole=None, wrong=Aimed(aimed=0, aimed_images=0), masks=True, groups=None, swapped=None,
    )  # fmt: skip


def choice(**mass: float) -> Choice:
    methods = {name.replace("_", " "): value for name, value in mass.items()}
    heldout = {
        name: Heldout(Estimate(0.5, 0.4, 0.6), HeldoutMass(value, 0.1, 0.9, effect(value - mass["last_layer"])))
        for name, value in methods.items()
    }
    name = max(methods, key=methods.__getitem__)
    best = BestMethod(name, (10, 9), heldout[name].mass, Estimate(mass["last_layer"], 0.1, 0.9))
    return Choice(View(1, 0), 0, (20, 19), (30, 29), heldout, best)


@pytest.mark.parametrize(
    ("centre", "words"), [(0.2, "attend to their objects**"), (-0.2, "less than"), (0.01, "is not certain")]
)
def test_the_verdict_on_nouns_follows_its_interval(centre, words) -> None:
    said = prose.noun_sentence(grounding(object=word_class(compared(centre))))
    assert words in said.split(":")[0]
    assert "40% of a noun's attention lies inside" in said


@pytest.mark.parametrize(("caption", "words"), [(0.2, "belongs to the word"), (0.01, "as much as to the word")])
def test_whether_the_map_belongs_to_the_word_follows_the_captions_other_words(caption, words) -> None:
    assert words in prose.noun_sentence(grounding(object=word_class(compared(over_caption=caption))))


def test_without_masks_the_sentences_say_so_or_nothing() -> None:
    bare = replace(grounding(object=word_class()), masks=False)
    assert "Without masks" in prose.noun_sentence(bare)
    assert "There are no masks" in prose.class_notes(bare)
    assert prose.class_sentence(bare) == ""
    assert prose.choice_table(bare)[1] == []
    assert "No layer or head can be chosen" in prose.choice_sentence(bare)
    assert prose.class_table(bare)[1] == [["nouns", 9, "9 (9)", None, None, None, None, "3.00", "0.90"]]


def test_what_rounds_to_nothing_is_no_difference() -> None:
    tiny = replace(compared(), over_caption=Effect(1e-9, 1e-10, 2e-9, 2))
    assert "as much as to the word" in prose.noun_sentence(grounding(object=word_class(tiny)))


def test_numbers_below_zero_have_one_kind_of_minus_sign() -> None:
    other = replace(word_class(), elsewhere=Estimate(-0.04, None, None), stability=Estimate(-0.2, None, None))
    said = prose.stability_sentence(grounding(object=other))
    assert "−0.20" in said
    assert "it is −0.04" in said
    assert "-0" not in said + str(prose.class_table(grounding(object=other)))


def test_classes_ahead_of_all_priors_and_the_others_are_told_apart() -> None:
    said = prose.class_sentence(
        grounding(
            object=word_class(compared()),
            colour=word_class(compared()),
            count=word_class(compared()),
            place=word_class(compared(over_centre=0.0, over_uniform=-0.1)),
        )
    )
    level = "that of places (40%) does not certainly exceed that of uniform attention (10%) or the centre prior (20%)."
    for measure in ("attention mass", "pointing-game accuracy"):
        ahead = f"The {measure} of nouns, colours and counts exceeds that of all three maps that ignore the word"
        assert f"{ahead}; {level}" in said
    assert said.endswith(
        "word is about”, a map may be read as *where the model attended for this word*; elsewhere it may not."
    )


def test_pointing_has_a_verdict_of_its_own() -> None:
    relation = replace(word_class(compared()), hit=compared(over_caption=-0.1))
    said = prose.class_sentence(grounding(relation=relation))
    assert "The attention mass of relations exceeds that of all three" in said
    assert "The pointing-game accuracy of relations (40%) does not certainly exceed that of the caption's other" in said


def test_words_of_too_few_images_have_no_verdict() -> None:
    few = Compared(0.4, 0.35, 0.45, 0.1, 0.2, 0.3, *[Effect(0.2, 0.15, 0.25, 29)] * 3)
    said = prose.class_sentence(grounding(colour=word_class(few)))
    assert said == "Too few images for a verdict (fewer than 30): colours (29)."
    assert "is not certain** (fewer than 30 images)" in prose.noun_sentence(grounding(object=word_class(few)))
    enough = Compared(0.4, 0.35, 0.45, 0.1, 0.2, 0.3, *[Effect(0.2, 0.15, 0.25, 30)] * 3)
    assert "of colours exceeds" in prose.class_sentence(grounding(colour=word_class(enough)))


def test_the_table_sets_each_class_beside_the_prior_that_reaches_the_most() -> None:
    (row,) = prose.class_table(grounding(object=word_class(replace(compared(), uniform=0.25))))[1]
    assert row[3:7] == ["40 [35, 45]", "30 (others)"] * 2
    (row,) = prose.class_table(grounding(object=word_class(replace(compared(), centre=0.35))))[1]
    assert row[4] == "35 (centre)"


def test_function_words_that_are_not_the_most_diffuse_are_not_said_to_be() -> None:
    facts = grounding(object=word_class(bits=2.5), function=word_class(bits=3.7), place=word_class(bits=3.8))
    said = prose.function_sentence(replace(facts, function_entropy=effect(0.2)))
    assert said.endswith("That does not single them out: places (3.80) have more bits.")


@pytest.mark.parametrize(("difference", "words"), [(0.2, "more widely"), (-0.2, "less widely"), (0.0, "about as")])
@pytest.mark.parametrize(("bits", "end"), [(3.0, "do not attend diffusely"), (3.7, "They attend diffusely")])
def test_function_words_are_set_beside_nouns_and_uniform_attention(difference, words, bits, end) -> None:
    facts = grounding(object=word_class(bits=2.5), function=word_class(bits=bits))
    said = prose.function_sentence(replace(facts, function_entropy=effect(difference)))
    assert words in said
    assert end in said
    assert prose.function_sentence(facts) == ""


def test_stability_is_told_of_the_class_at_hand() -> None:
    assert "nouns attend to the same place" in prose.stability_sentence(grounding(object=word_class()))
    said = prose.stability_sentence(grounding(colour=word_class(stability=0.3)))
    assert said.startswith("On the mirrored photograph, colours often attend to another place: a correlation of 0.30.")
    unknown = replace(word_class(), elsewhere=Estimate(None, None, None))
    assert "different photographs" not in prose.stability_sentence(grounding(object=unknown))


@pytest.mark.parametrize(
    ("mass", "words"),
    [
        ({"last_layer": 0.4, "gradient": 0.6}, "*uses*"),
        ({"last_layer": 0.6, "gradient": 0.4}, "no other method has more"),
        ({"last_layer": 0.29, "gradient": 0.32}, "That is not certainly more."),
        ({"last_layer": 0.4, "best_head": 0.5}, "is not the map that finds this decoder"),
    ],
)
def test_the_best_attribution_method_decides_what_it_means(mass, words) -> None:
    facts = replace(grounding(object=word_class(compared())), choice=choice(**mass))
    said = prose.choice_sentence(facts)
    assert words in said
    assert "chosen on 20 images and are judged on 19" in said
    assert "On 10 of these, " in said and "on the 9 that had no say in this choice" in said
    assert "points" not in prose.choice_sentence(replace(facts, choice=replace(facts.choice, best=None)))
    assert "Rollout" in said
    assert "Rollout" not in prose.choice_sentence(replace(facts, choice=choice(**mass, rollout=0.1)))


def test_the_table_of_methods_counts_layers_and_heads_from_one() -> None:
    facts = replace(grounding(), choice=choice(last_layer=0.4, best_layer=0.45, best_head=0.5), layers=2)
    columns, rows = prose.choice_table(facts)
    assert [row[0] for row in rows] == [
        "last layer, mean of heads", "best layer, mean of heads (layer 1)", "best head (layer 2, head 1)"
    ]  # fmt: skip
    assert [row[2] for row in rows] == [None, "+5.0 [0.0, +10.0]", "+10.0 [+5.0, +15.0]"]
    assert rows[0][1] == "40 [10, 90]"
    assert all(len(row) == len(columns) for row in rows)
    same = prose.choice_table(replace(facts, layers=1))[1]  # the best layer is the last one: named once
    assert [row[0] for row in same] == ["last layer, mean of heads (also the best layer)", rows[2][0]]


def test_a_method_that_is_ahead_on_all_images_alone_is_named_beside_the_chosen_one() -> None:
    facts = replace(grounding(), choice=choice(last_layer=0.4, gradient=0.52, best_head=0.5))
    assert "Over all" not in prose.choice_sentence(facts)
    best = replace(facts.choice.best, method="best head")
    said = prose.choice_sentence(replace(facts, choice=replace(facts.choice, best=best)))
    assert "Over all 19, as the table has them, gradient-weighted has the most (52% against 50%): which" in said


def test_the_figure_shows_the_classes_with_masks_in_the_tables_order() -> None:
    facts = grounding(
        function=word_class(compared()),
        place=word_class(),
        colour=word_class(compared()),
        object=word_class(compared()),
    )
    left, right = figures.word_classes(facts).axes
    assert [label.get_text() for label in left.get_yticklabels()] == ["nouns", "colours", "function words"]
    legend = figures.word_classes(facts).legends[0]
    assert legend.get_texts()[0].get_text() == "this run"
    assert right.get_xlabel() == "pointing-game accuracy, %"
    assert figures.word_classes(grounding(place=word_class())).axes
