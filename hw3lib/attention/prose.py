"""P3's measurements in tables and sentences, computed from ``p3/grounding.json``: they change when the numbers do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hw3lib.attention.grounding import PRIORS
from hw3lib.attention.methods import METHOD_NAMES
from hw3lib.attention.summary import WHOLE
from hw3lib.attention.word_classes import CLASS_NAMES
from hw3lib.display.prose import estimate

Found = Mapping[str, Any]
_PRIOR_NAMES = {"uniform": "an even map", "centre": "the centre prior", "caption": "the caption's other words"}
Cell = str | int | float | None


def class_table(found: Found) -> tuple[list[str], list[list[Cell]]]:
    """Columns and rows: what was measured of each class of words."""
    columns = ["words", "n", "attention inside", "centre prior", "strongest patch hits", "centre prior"]
    columns += ["entropy, bits", "mirrored: same"]
    rows: list[list[Cell]] = []
    for kind, name in CLASS_NAMES.items():
        entry = found["classes"].get(kind)
        if entry is None:
            continue
        row: list[Cell] = [name, entry["words"]]
        for measure in ("mass", "hit"):
            row += [_between(entry.get(measure)), _number(entry.get(measure, {}).get("centre"))]
        rows.append([*row, _number(entry["entropy"]["value"]), _number(entry["stability"]["value"])])
    return columns, rows


def class_notes(found: Found) -> str:
    """What the table's columns mean."""
    text = (
        f"{found['words']} words of {found['images']} captions; in brackets 95 % intervals, by bootstrap over images. "
        "Inside: of the object that the word is about (nouns, the colours and counts before them), of the two that a "
        "relation stands between, of everything but objects (places); of a function word, the noun that an article "
        f"belongs to. An even map has {found['most_bits']:.2f} bits. Mirrored: the correlation with the same "
        "word's map on the mirrored photograph."
    )
    return text if found["masks"] else text + " No masks were at hand: what needs them is left out."


def noun_sentence(found: Found) -> str:
    """Whether nouns look at their object, in a sentence or two of Markdown."""
    entry = found["classes"].get("object", {})
    if "mass" not in entry:
        return "Where the objects are is not known here, so that attention cannot be compared with them."
    mass, hit = entry["mass"], entry["hit"]
    over = mass["over_centre"]
    if over["low"] > 0:
        verdict = "**Nouns look at their objects**"
    elif over["high"] < 0:
        verdict = "**Nouns look at their objects less than the photograph's centre does**"
    else:
        verdict = "**Whether nouns look at their objects more than at the centre is not sure**"
    text = (
        f"{verdict}: {mass['value']:.0%} of a noun's attention lies inside, where a prior for the centre has "
        f"{mass['centre']:.0%} and an even map {mass['uniform']:.0%} ({_signed(over)} over the centre). The strongest "
        f"patch hits {hit['value']:.0%} of the time, against {hit['centre']:.0%}. "
    )
    other = mass["over_caption"]
    text += f"The other words of the same caption have {mass['caption']:.0%} there ({_signed(other)}): "
    if other["low"] > 0:
        return text + "the noun's map belongs to the word, not only to the photograph."
    return text + "the map belongs to the photograph as much as to the word."


def class_sentence(found: Found) -> str:
    """Which classes' maps are ahead of every map that does not know the word, and which are not."""
    ahead, others = [], []
    for kind, name in CLASS_NAMES.items():
        mass = found["classes"].get(kind, {}).get("mass")
        if not mass or kind == "object":
            continue
        level = [_PRIOR_NAMES[prior] for prior in PRIORS if mass[f"over_{prior}"]["low"] <= 0]
        if level:
            others.append(f"those of {name} are not surely ahead of {' nor of '.join(level)}")
        else:
            ahead.append(name)
    text = ""
    if ahead:
        text = f"The maps of {', '.join(ahead)} are ahead of all three maps that do not know the word as well. "
    if others:
        text += f"Not so all others: {'; '.join(others)}. Such a map does not say where the model looked for the word."
    return text


def function_sentence(found: Found) -> str:
    """How widely function words look, beside nouns."""
    entry = found.get("function_entropy")
    if not entry:
        return ""
    function, noun = (found["classes"][kind]["entropy"]["value"] for kind in ("function", "object"))
    most = found["most_bits"]
    spread = (
        "more widely than" if entry["low"] > 0 else "less widely than" if entry["high"] < 0 else "about as widely as"
    )
    return (
        f"Function words look {spread} nouns: {function:.2f} against {noun:.2f} bits ({_signed(entry)}); an even map "
        f"has {most:.2f}. "
        + (
            "They are far from looking at nothing in particular: an article is said with an eye on its noun."
            if function < WHOLE * most
            else "That is close to looking at the whole."
        )
    )


def stability_sentence(found: Found) -> str:
    """Whether the same word looks at the same place of the mirrored photograph."""
    entry = found["classes"].get("object") or next(iter(found["classes"].values()))
    same, other = entry["stability"]["value"], entry["elsewhere"]["value"]
    text = f"On the mirrored photograph, nouns look at the same place, mirrored: a correlation of {same:.2f}"
    if same < 0.5:
        text = f"On the mirrored photograph, nouns often look elsewhere: a correlation of {same:.2f}"
    return f"{text}. Between nouns of different photographs it is {other:.2f}."


def choice_table(found: Found) -> tuple[list[str], list[list[Cell]]]:
    """Columns and rows: the ways to ask, on the images that had no say in the choice of layer and head."""
    choice = found["choice"]
    names = dict(METHOD_NAMES)
    names["best layer"] += f" (layer {choice['layer'] + 1})"
    names["best head"] += f" (layer {choice['chosen']['layer'] + 1}, head {choice['chosen']['head'] + 1})"
    rows: list[list[Cell]] = []
    for name, entry in choice["heldout"].items():
        gain = None if name == "last layer" else _signed(entry["mass"]["over_last"], 3)
        rows.append([names[name], _between(entry["mass"]), gain, _between(entry["hit"])])
    return ["way to ask", "attention inside", "against the last layer", "strongest patch hits"], rows


def choice_sentence(found: Found) -> str:
    """Which way to ask agrees best with the masks, and what that means."""
    choice = found.get("choice")
    if not choice:
        return "Without masks on both halves of the images no layer or head can be chosen."
    ways = choice["heldout"]
    best = max(ways, key=lambda name: ways[name]["mass"]["value"])
    text = (
        f"Layer and head were chosen on {choice['images'][0]} images and are judged on {choice['images'][1]} others. "
        f"**{METHOD_NAMES[best].capitalize()}** lies most on the object, with {ways[best]['mass']['value']:.0%}, "
        f"the last layer's mean {ways['last layer']['mass']['value']:.0%}. "
    )
    if best == "gradient":
        text += (
            "So the decoder *uses* the object's patches more than the raw map shows: much of what else is lit up "
            "has little part in the choice of the word."
        )
    elif best == "last layer":
        text += "Nothing else that was tried agrees better with the masks."
    else:
        text += "So the last layer is not where this decoder finds its objects; the viewer has every layer and head."
    if "rollout" not in ways:
        text += (
            " Rollout through the encoder is only defined where all its layers attend over the same patches (a plain "
            "ViT), which this run's do not."
        )
    return text


def _between(entry: Found | None) -> str | None:
    """A value with its interval."""
    if not entry:
        return None
    if entry["low"] is None:
        return f"{entry['value']:.2f}"
    return f"{entry['value']:.2f} [{entry['low']:.2f}, {entry['high']:.2f}]"


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}"


def _signed(entry: Found, digits: int = 2) -> str:
    return estimate(entry["effect"], entry["low"], entry["high"], digits)
