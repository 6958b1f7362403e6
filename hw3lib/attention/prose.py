"""P3's measurements in tables and sentences, from ``p3/grounding.json``: they change when the numbers do."""

from __future__ import annotations

from hw3lib.attention.methods import METHOD_NAMES
from hw3lib.attention.results import Effect, Estimate, Grounding
from hw3lib.attention.summary import DIFFUSE
from hw3lib.attention.word_classes import CLASS_NAMES
from hw3lib.attention.word_measures import PRIORS
from hw3lib.display.bundle import Cell, Content
from hw3lib.display.prose import estimate, names_in_words

_PRIOR_NAMES = {"uniform": "uniform attention", "centre": "the centre prior", "caption": "the caption's other words"}


def class_table(grounding: Grounding) -> Content:
    """What was measured of each class of words."""
    columns = ["words", "n", "attention mass, %", "centre prior, %", "pointing game, %", "centre prior, %"]
    columns += ["entropy, bits", "mirrored: same"]
    rows: list[list[Cell]] = []
    for kind, name in CLASS_NAMES.items():
        entry = grounding.classes.get(kind)
        if entry:
            row: list[Cell] = [name, entry.words]
            for measure in (entry.mass, entry.hit):
                row += [_interval(measure), _percent(measure.centre)] if measure else [None, None]
            rows.append([*row, _number(entry.entropy.value), _number(entry.stability.value)])
    return columns, rows


def class_notes(grounding: Grounding) -> str:
    """What the table's columns mean."""
    text = (
        f"{grounding.words} words of {grounding.images} captions; in brackets 95 % intervals (bootstrap over images). "
        "Attention mass: the share inside the object that the word is about (nouns, the colours and counts before "
        "them), inside the two that a relation stands between, on everything but objects (places); of a function word, "
        "inside the noun that an article belongs to. Pointing game: how often the strongest patch lies there. Uniform "
        f"attention has {grounding.most_bits:.2f} bits. Mirrored: the correlation with the same word's map on the "
        "mirrored photograph."
    )
    return text if grounding.masks else text + " There are no masks: what needs them is left out."


def compared(grounding: Grounding) -> bool:
    """Whether any class of words was compared with masks in two images or more."""
    return any(entry.mass is not None for entry in grounding.classes.values())


def noun_sentence(grounding: Grounding) -> str:
    """Whether nouns attend to their object, in a sentence or two of Markdown."""
    nouns = grounding.classes.get("object")
    if not grounding.masks:
        return "Without masks of the objects, attention cannot be compared with them."
    if nouns is None or nouns.mass is None or nouns.hit is None:
        return "Attention cannot be compared with objects: no two images have a noun whose object is annotated."
    mass, hit = nouns.mass, nouns.hit
    verdict = _by_sign(
        mass.over_centre,
        "**Nouns attend to their objects**",
        "**Nouns attend to their objects less than a prior for the centre does**",
        "**Whether nouns attend to their objects more than a prior for the centre does is not certain**",
    )
    origin = _by_sign(
        mass.over_caption,
        "the noun's map belongs to the word, not only to the photograph.",
        *["the map belongs to the photograph as much as to the word."] * 2,
    )
    return (
        f"{verdict}: {mass.value:.0%} of a noun's attention lies inside, where a prior for the centre has "
        f"{mass.centre:.0%} and uniform attention {mass.uniform:.0%} ({_points(mass.over_centre)} over the centre). In "
        f"the pointing game the strongest patch hits {hit.value:.0%} of the time, against {hit.centre:.0%}. The other "
        f"words of the same caption have {mass.caption:.0%} there ({_points(mass.over_caption)}): {origin}"
    )


def word_sentences(grounding: Grounding) -> str:
    """What else was measured of classes of words, a paragraph each."""
    sentences = (class_sentence(grounding), function_sentence(grounding), stability_sentence(grounding))
    return "\n\n".join(filter(None, sentences))


def class_sentence(grounding: Grounding) -> str:
    """Which other classes' attention exceeds that of every map that does not know the word, and which does not."""
    ahead, others = [], []
    for kind, name in CLASS_NAMES.items():
        entry = grounding.classes.get(kind)
        if kind == "object" or entry is None or entry.mass is None:
            continue
        mass = entry.mass
        level = [_PRIOR_NAMES[prior] for prior in PRIORS if mass.over(prior).low <= 0]
        if level:
            others.append(f"that of {name} does not certainly exceed {' or '.join(level)}")
        else:
            ahead.append(name)
    text = ""
    if ahead:
        text = (
            f"The attention mass of {names_in_words(ahead)}, too, exceeds that of all three maps that ignore the word "
            "(paired over images). "
        )
    if others:
        text += f"Not so elsewhere: {'; '.join(others)}. Their maps cannot be interpreted this way."
    return text


def function_sentence(grounding: Grounding) -> str:
    """How widely function words attend, beside nouns."""
    difference = grounding.function_entropy
    if difference is None:
        return ""
    function, noun = (grounding.classes[kind].entropy.value or 0.0 for kind in ("function", "object"))
    spread = _by_sign(difference, "more widely than", "less widely than", "about as widely as")
    gap = estimate(difference.effect, difference.low, difference.high, 2)
    text = (
        f"Function words attend {spread} nouns: {function:.2f} against {noun:.2f} bits ({gap}); "
        f"uniform attention has {grounding.most_bits:.2f}. "
    )
    if function >= DIFFUSE * grounding.most_bits:
        return text + "They attend diffusely, to nearly the whole photograph."
    mass = grounding.classes["function"].mass
    if mass is None or mass.over_centre.low <= 0:
        return text + "They do not attend diffusely."
    return (
        f"{text}They do not attend diffusely: {mass.value:.0%} of an article's attention lies inside its noun's "
        f"object, against {mass.centre:.0%} of the centre prior."
    )


def stability_sentence(grounding: Grounding) -> str:
    """Whether the same word attends to the same place of the mirrored photograph."""
    kind = "object" if "object" in grounding.classes else next(iter(grounding.classes), None)
    if kind is None:
        return ""
    name, same, other = CLASS_NAMES[kind], grounding.classes[kind].stability, grounding.classes[kind].elsewhere
    if same.value is None:
        return ""
    where = "attend to the same place, mirrored" if same.value >= 0.5 else "often attend to another place"
    text = f"On the mirrored photograph, {name} {where}: a correlation of {_number(same.value)}."
    if other.value is not None:
        text += f" Between {name} of different photographs it is {_number(other.value)}."
    return text


def choice_table(grounding: Grounding) -> Content:
    """The attribution methods, on the images that had no say in the choice of layer and head."""
    columns = ["attribution method", "attention mass, %", "against the last layer, points", "pointing game, %"]
    choice = grounding.choice
    if choice is None:
        return columns, []
    names = dict(METHOD_NAMES)
    names["best layer"] += f" (layer {choice.layer + 1})"
    names["best head"] += f" (layer {choice.chosen.layer + 1}, head {(choice.chosen.head or 0) + 1})"
    rows: list[list[Cell]] = []
    for method, scores in choice.heldout.items():
        gain = None if method == "last layer" else _difference(scores.mass.over_last, 1)
        rows.append([names[method], _interval(scores.mass), gain, _interval(scores.hit)])
    return columns, rows


def choice_sentence(grounding: Grounding) -> str:
    """Which attribution method agrees best with the masks, and what that means."""
    choice = grounding.choice
    if choice is None:
        return (
            "No layer or head can be chosen: that takes annotated nouns in two images to choose by and two to judge by."
        )
    meaning = {
        "gradient": "So the decoder *uses* the object's patches more than the raw map shows: much of what else is lit "
        "up has little part in the choice of the word.",
    }
    other = "So the mean of the last layer is not the map that finds this decoder's objects best."
    text = f"Layer and head were chosen on {choice.images[0]} images and are judged on {choice.images[1]} others."
    if best := choice.best:
        name, gap = METHOD_NAMES[best.method], best.mass.over_last
        text += f" On {best.images[0]} of these, "
        if best.method == "last layer":
            text += "no other method has more attention on the object than the last layer's mean"
        else:
            text += f"**{name}** lies most on the object"
        text += f"; on the {best.images[1]} that had no say in this choice, {best.mass.value:.0%} of its attention does"
        if best.method != "last layer":
            text += f", and {best.last.value or 0:.0%} of the last layer's mean, a difference of "
            text += f"{estimate(100 * gap.effect, 100 * gap.low, 100 * gap.high, 1, 'points')}"
        text += f". {meaning.get(best.method, other)}" if gap.low > 0 else "."
        text += " That is not certainly more." if best.method != "last layer" and gap.low <= 0 else ""
    if "rollout" not in choice.heldout:
        text += (
            " Rollout through the encoder is only defined where all its layers attend over the same patches (a plain "
            "ViT), which this run's do not."
        )
    return text


def _by_sign(effect: Effect, above: str, below: str, unsure: str) -> str:
    """What to say of an interval that lies above zero, below, or around it; what rounds to nothing is no difference."""
    if abs(effect.effect) < 0.005:
        return unsure
    return above if effect.low > 0 else below if effect.high < 0 else unsure


def _interval(measure: Estimate) -> str | None:
    """A share with its interval, in %."""
    if measure.low is None or measure.high is None:
        return _percent(measure.value)
    return f"{_percent(measure.value)} [{_percent(measure.low)}, {_percent(measure.high)}]"


def _percent(value: float | None) -> str | None:
    return None if value is None else f"{100 * value:.0f}".replace("-", "\N{MINUS SIGN}")


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}".replace("-", "\N{MINUS SIGN}")


def _difference(effect: Effect, digits: int = 0) -> str:
    """A difference of shares, in percentage points."""
    return estimate(100 * effect.effect, 100 * effect.low, 100 * effect.high, digits)


def _points(effect: Effect) -> str:
    return f"{_difference(effect)} points"
