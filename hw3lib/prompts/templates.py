"""Prompt sets: named templates from a data file, from a factorial design, or from open_clip; checked and filled in.

A template has one ``{object}`` (or ``{}``, open_clip's form) where the class name goes, and may have one ``{a/an}``,
which becomes the article that the class name takes: "an airplane", "a unicorn", and none for "skis".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from hw3lib import paths
from hw3lib.system import files
from hw3lib.system.errors import UserError

SLOT = "{object}"
ARTICLE = "{a/an}"
ARTICLES = {"none": "", "a": "a ", "correct": f"{ARTICLE} "}  # the levels of a design's factor
_STOP = "."
_BRACES = str.maketrans("｛｝", "{}")  # as Chinese and Japanese keyboards write them
_FORM = '{"name": ..., "templates": [{"template": "a photo of a {object}", "published": null, "note": ""}]}'


def check_template(template: str) -> str:
    """The template, ``{}`` written as ``{object}`` and full-width braces as plain ones.

    Raises :class:`UserError` unless it has exactly one ``{object}``, at most one ``{a/an}``, and no other braces.

    >>> check_template("a photo of {a/an} {}.")
    'a photo of {a/an} {object}.'
    """
    whole = template.translate(_BRACES).replace("{}", SLOT)
    count = whole.count(SLOT)
    if count != 1:
        raise UserError(f"the prompt {template!r} must have exactly one {SLOT}, it has {count}")
    if whole.count(ARTICLE) > 1:
        raise UserError(f"the prompt {template!r} has more than one {ARTICLE}")
    other = re.findall(r"\{[^{}]*\}|[{}]", whole.replace(SLOT, "").replace(ARTICLE, ""))
    if other:
        raise UserError(f"the prompt {template!r} has {other[0]!r}; the only placeholders are {SLOT} and {ARTICLE}")
    return whole


def fill(template: str, label: str) -> str:
    """The prompt of one class. The name is put in as it is, whatever it holds.

    >>> fill("a photo of {a/an} {object}", "hourglass"), fill("a photo of {a/an} {object}", "skis")
    ('a photo of an hourglass', 'a photo of skis')
    """
    before, _, after = template.partition(SLOT)
    word = article(label)
    before, after = (
        part.replace(f"{ARTICLE} ", f"{word} " if word else "").replace(ARTICLE, word) for part in (before, after)
    )
    return before + label + after


def article(name: str) -> str:
    """``a`` or ``an`` by the sound that the name begins with; empty for plurals and for what is not counted.

    By letter, but for the beginnings and names that ``resources/articles.json`` lists; a short word in capitals is
    spelled.

    >>> [article(name) for name in ("airplane", "unicorn", "hour hand", "SUV", "skis")]
    ['an', 'a', 'an', 'an', '']
    """
    words = re.findall(r"[^\W_]+", name)
    if not words:
        return "a"
    exceptions = files.resource("articles.json")
    if words[-1].lower() in exceptions["none"]["names"]:
        return ""
    first = words[0]
    if len(first) == 1 or (len(first) <= 3 and first.isupper()):  # spelled out: an X ray, an SUV
        return "an" if first[0].upper() in "AEFHILMNORSX" else "a"
    ends = {start: word for word in ("a", "an") for start in exceptions[word]["beginnings"]}
    starts = [start for start in ends if first.lower().startswith(start)]
    if starts:
        return ends[max(starts, key=len)]
    return "an" if first[0].lower() in "aeiou" else "a"


@dataclass(frozen=True)
class Prompt:
    """A template, the accuracy published for it (on other data than the demo's), a remark, and its place in a design.

    ``factors`` are the levels of ``frame`` (the carrier sentence), ``full stop`` and, where the design has it,
    ``article``; empty outside a design. ``counterpart`` is the affirmative template that a negated one is compared
    with.
    """

    template: str
    published: float | None = None
    note: str = ""
    factors: Mapping[str, str] = field(default_factory=dict)
    counterpart: str | None = None


@dataclass(frozen=True)
class PromptSet:
    """Named templates; the others are compared with ``baseline``, and ``classify_with`` labels folders.

    ``language`` is a BCP-47 tag. What a language lacks is no factor of its design: Chinese has a full stop of its own
    and no articles.
    """

    name: str
    title: str
    prompts: tuple[Prompt, ...]
    baseline: str
    classify_with: str
    language: str = "en"

    @property
    def templates(self) -> tuple[str, ...]:
        """The templates, in the file's order."""
        return tuple(prompt.template for prompt in self.prompts)

    @classmethod
    def load(cls, name_or_path: str | Path) -> PromptSet:
        """Read a set that is shipped, by name, or one's own.

        Shipped are ``report`` and ``factorial``, also as ``report_zh-Hant`` and so on, ``imagenet80`` and ``cifar``.
        Raises :class:`UserError` for an unknown name, for a file of another form, and for a bad or repeated template.
        """
        folder = paths.PACKAGE / "resources" / "prompts"
        path = paths.resolve(name_or_path) if str(name_or_path).endswith(".json") else folder / f"{name_or_path}.json"
        if not path.is_file():
            shipped = ", ".join(sorted(file.stem for file in folder.glob("*.json")))
            raise UserError(f"there is no prompt set {path}; shipped are: {shipped}; your own is a .json file: {_FORM}")
        raw = files.read_json(path)
        try:
            prompts = tuple(_read_prompts(raw))
        except (KeyError, TypeError, AttributeError):
            raise UserError(f"{path} is not a prompt set: {_FORM}") from None
        except UserError as error:
            raise UserError(f"{path}: {error}") from None
        templates = [prompt.template for prompt in prompts]
        if not templates or len(set(templates)) < len(templates):
            raise UserError(f"{path} must have at least one template, and none of them twice")
        chosen = {key: str(raw.get(key, templates[0])).replace("{}", SLOT) for key in ("baseline", "classify_with")}
        foreign = [key for key, template in chosen.items() if template not in templates]
        if foreign:
            raise UserError(f"{path}: {foreign[0]} {chosen[foreign[0]]!r} is none of its templates")
        language = str(raw.get("language", cls.language))
        return cls(
            str(raw.get("name", path.stem)), str(raw.get("title", path.stem)), prompts, **chosen, language=language
        )


def _read_prompts(raw: dict[str, Any]) -> list[Prompt]:
    """The prompts of a file: those it lists, those of its design, of its pairs, and those that open_clip has."""
    prompts = [
        Prompt(check_template(str(item["template"])), item.get("published"), str(item.get("note", "")))
        for item in raw.get("templates", ())
    ]
    prompts += [Prompt(check_template(template)) for template in _from_open_clip(raw.get("open_clip"))]
    prompts += _from_design(**raw.get("design", {"frames": ()}))
    pairs = [(check_template(pair["negated"]), check_template(pair["affirmative"])) for pair in raw.get("pairs", ())]
    prompts += [Prompt(negated, note="a negation", counterpart=affirmed) for negated, affirmed in pairs]
    templates = {prompt.template for prompt in prompts}
    affirmative = dict.fromkeys(affirmed for _, affirmed in pairs if affirmed not in templates)
    prompts += [Prompt(affirmed, note="a negation's affirmative counterpart") for affirmed in affirmative]
    if not prompts and not any(key in raw for key in ("templates", "open_clip", "design", "pairs")):
        raise KeyError("templates")
    return prompts


def _from_design(frames: list[str], articles: bool = True, full_stop: str = _STOP) -> Iterator[Prompt]:
    """Every carrier sentence with every article, where the language has articles, with and without a full stop."""
    for carrier, level, stop in product(frames, ARTICLES if articles else [""], (False, True)):
        if carrier.count("{article} ") != articles:
            wanted = (
                "exactly one '{article} ' before {object}" if articles else "no '{article} ': its articles are false"
            )
            raise UserError(f"the frame {carrier!r} must have {wanted}")
        template = carrier.replace("{article} ", ARTICLES.get(level, "")) + full_stop * stop
        factors = {"frame": carrier.replace("{article} ", "")} | ({"article": level} if articles else {})
        yield Prompt(check_template(template), factors=factors | {"full stop": "yes" if stop else "no"})


def _from_open_clip(name: str | None) -> list[str]:
    """The templates that open_clip has under a name, which are functions of the class name there."""
    if name is None:
        return []
    import open_clip.zero_shot_metadata as shipped

    functions = getattr(shipped, str(name), None)
    if not str(name).endswith("_TEMPLATES") or functions is None:
        names = ", ".join(key for key in dir(shipped) if key.endswith("_TEMPLATES"))
        raise UserError(f"open_clip has no templates {name!r}; there are: {names}")
    return list(dict.fromkeys(template(SLOT) for template in functions))
