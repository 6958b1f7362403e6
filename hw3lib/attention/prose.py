"""P3's measurements in tables and sentences, from ``p3/grounding.json``: they change when the numbers do."""

from __future__ import annotations

from hw3lib.attention.methods import METHOD_NAMES
from hw3lib.attention.results import Compared, Effect, Estimate, Grounding
from hw3lib.attention.summary import DIFFUSE
from hw3lib.attention.word_classes import CLASS_NAMES
from hw3lib.attention.word_measures import PRIORS
from hw3lib.display.bundle import Cell, Content
from hw3lib.display.prose import estimate, names_in_words
from hw3lib.metrics.interval_tests import FEW

_PRIOR_NAMES = {"uniform": "uniform attention", "centre": "the centre prior", "caption": "the caption's other words"}


def class_table(grounding: Grounding) -> Content:
    """What was measured of each class of words."""
    columns = ["words", "n", "compared (images)", "attention mass, %", "highest prior, %", "pointing game, %"]
    columns += ["highest prior, %", "entropy, bits", "mirrored: same"]
    rows: list[list[Cell]] = []
    for kind, name in CLASS_NAMES.items():
        entry = grounding.classes.get(kind)
        if entry:
            row: list[Cell] = [name, entry.words, f"{entry.aimed} ({entry.aimed_images})" if entry.aimed else None]
            for measure in (entry.mass, entry.hit):
                row += [_interval(measure), _highest(measure)] if measure else [None, None]
            rows.append([*row, _number(entry.entropy.value), _number(entry.stability.value)])
    return columns, rows


def class_notes(grounding: Grounding) -> str:
    """What the table's columns mean."""
    text = (
        f"{grounding.words} words of {grounding.images} captions; in brackets 95 % intervals (bootstrap over images). "
        "Compared: those whose object has a mask, and the images that they are of; adjectives and other words have "
        "none. Highest prior: the most that a map reaches that does not know the word (uniform attention, the centre "
        "prior, or others: the mean map of the caption's other words). Attention mass: the share inside the object "
        "that the word is about (nouns, the colours and counts before them), inside the two that a relation stands "
        "between, on everything but objects (places); of a function word, inside the noun that an article belongs to. "
        "Pointing game: how often the strongest patch lies there. Uniform attention has "
        f"{grounding.most_bits:.2f} bits. Mirrored: the correlation with the same word's map on the "
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
    unsure = "**Whether nouns attend to their objects more than a prior for the centre does is not certain**"
    verdict, origin = f"{unsure} (fewer than {FEW} images)", "too few images to say what the map belongs to."
    if not _few(mass):
        verdict = _by_sign(
            mass.over_centre,
            "**Nouns attend to their objects**",
            "**Nouns attend to their objects less than a prior for the centre does**",
            unsure,
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
    """Which classes' attention exceeds that of every map that does not know the word, and which does not."""
    entries = [(CLASS_NAMES[kind], grounding.classes[kind]) for kind in CLASS_NAMES if kind in grounding.classes]
    few = [f"{name} ({entry.mass.over_uniform.n})" for name, entry in entries if entry.mass and _few(entry.mass)]
    sentences = []
    for title, measure in (("attention mass", "mass"), ("pointing-game accuracy", "hit")):
        ahead, told = [], []
        for name, entry in entries:
            values: Compared | None = getattr(entry, measure)
            if values is None or _few(values):
                continue
            level = [prior for prior in PRIORS if values.over(prior).low <= 0]
            priors = " or ".join(f"{_PRIOR_NAMES[prior]} ({_percent(getattr(values, prior))}%)" for prior in level)
            if level:
                told.append(f"of {name} ({_percent(values.value)}%) does not certainly exceed that of {priors}")
            else:
                ahead.append(name)
        if ahead:
            told.insert(0, f"of {names_in_words(ahead)} exceeds that of all three maps that ignore the word")
        if told:
            sentences.append(f"The {title} {'; that '.join(told)}.")
    judged = bool(sentences)
    if few:
        sentences.append(f"Too few images for a verdict (fewer than {FEW}): {names_in_words(few)}.")
    if judged:
        sentences.append(
            "Where this run's interval lies clear of all three in the figure “Attention on what a word is about”, a "
            "map may be read as *where the model attended for this word*; elsewhere it may not."
        )
    return " ".join(sentences)


def _few(measure: Compared) -> bool:
    """Whether the words are of too few images for a verdict."""
    return measure.over_uniform.n < FEW


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
        text += "They attend diffusely, to nearly the whole photograph."
        entropies = {CLASS_NAMES[kind]: entry.entropy.value or 0.0 for kind, entry in grounding.classes.items()}
        wider = [f"{name} ({bits:.2f})" for name, bits in entropies.items() if bits > function]
        return f"{text} That does not single them out: {names_in_words(wider)} have more bits." if wider else text
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
    names, same = dict(METHOD_NAMES), choice.layer + 1 == grounding.layers
    names["last layer"] += " (also the best layer)" if same else ""
    names["best layer"] += f" (layer {choice.layer + 1})"
    names["best head"] += f" (layer {choice.chosen.layer + 1}, head {(choice.chosen.head or 0) + 1})"
    rows: list[list[Cell]] = []
    for method, scores in choice.heldout.items():
        if method == "best layer" and same:
            continue
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
            text += f"**{name}** has the most attention on the object"
        text += f"; on the {best.images[1]} that had no say in this choice, {best.mass.value:.0%} of its attention lies"
        text += " there"
        if best.method != "last layer":
            text += f", and {best.last.value or 0:.0%} of the last layer's mean, a difference of "
            text += f"{estimate(100 * gap.effect, 100 * gap.low, 100 * gap.high, 1, 'points')}"
        text += f". {meaning.get(best.method, other)}" if gap.low > 0 else "."
        text += " That is not certainly more." if best.method != "last layer" and gap.low <= 0 else ""
        most = max(choice.heldout, key=lambda method: choice.heldout[method].mass.value)
        if (top := choice.heldout[most].mass.value) > (its := choice.heldout[best.method].mass.value):
            text += (
                f" Over all {choice.images[1]}, as the table has them, {METHOD_NAMES[most]} has the most "
                f"({top:.0%} against {its:.0%}): which of these two is ahead is not shown."
            )
    if "rollout" not in choice.heldout:
        text += (
            " Rollout through the encoder is only defined where all its layers attend over the same patches (a plain "
            "ViT), which this run's do not."
        )
    return text


def _highest(measure: Compared) -> str:
    """The prior that reaches the most, in %, and its name."""
    prior = max(PRIORS, key=lambda prior: float(getattr(measure, prior)))
    return f"{_percent(getattr(measure, prior))} ({'others' if prior == 'caption' else prior})"


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
