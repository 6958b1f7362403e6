"""The nine claims of the written report, tested on the result files of a profile: effect, interval, n, verdict.

``p1/study.json`` holds the evidence for claims 1 to 4, the runs' ``scores.json`` and ``predictions.json`` for 5 and 9,
``p3/grounding.json`` for 6 to 8. What a file does not hold is not tested, and the claim says so. The rule that makes
verdicts of intervals is in :mod:`hw3lib.claims.verdicts`; the wording of the claims in ``resources/claims.json``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hw3lib import config, paths
from hw3lib.attention.results import Effect, Grounding
from hw3lib.attention.summary import DIFFUSE
from hw3lib.attention.word_classes import classes
from hw3lib.captioning.settings import differences, sentence
from hw3lib.claims.verdicts import Part, Verdict, both_ways, together
from hw3lib.config import folder
from hw3lib.data.captions import load_captions
from hw3lib.metrics.bootstrap import compare, paired_difference
from hw3lib.system import files
from hw3lib.system.results import read_result

Found = Mapping[str, Any]
DOUBLE_NEGATION = "No {object}, no score."
BAD = 0.25  # the share of the captions with the lowest CLIPScore that claim 9 calls bad
_ARTICLES = {"article: a vs none": "“a”, minus no article", "article: correct vs none": "“a” or “an”, minus no article"}
ABLATIONS = {"swin_base": "a smaller Swin", "swinv2": "SwinV2", "vit": "ViT"}


@dataclass(frozen=True)
class Claim:
    """A claim with its evidence. ``untested`` says why there is no verdict on it, or on a part of it."""

    number: int
    claim: str
    notebook: str  # the chapter that shows it
    test: str  # how it was tested, in a sentence
    verdict: Verdict
    parts: list[Part] = field(default_factory=list)
    remark: str = ""
    untested: str = ""


def study(profile: config.Profile) -> Path:
    """Test every claim on what the profile's runs have measured; writes and returns ``runs/<profile>/claims.json``."""
    from hw3lib.system.provenance import stamp

    path = paths.runs(profile.name) / "claims.json"
    data = "demo world" if profile.data == "demo" else "real data"
    content = {"provenance": stamp(profile, profile.seed), "data": data}
    files.write_json(path, content | {"claims": [asdict(claim) for claim in judged(profile)]})
    return path


def judged(profile: config.Profile) -> list[Claim]:
    """The nine claims with their verdicts, from the profile's result files."""
    root = paths.runs(profile.name)
    prompts, measured = _read(root / "p1" / "study.json"), root / "p3" / "grounding.json"
    grounding = read_result(measured, Grounding, "Run notebooks/p3_attention.ipynb.") if measured.is_file() else None
    return [
        *_of_prompts(prompts, profile.data),
        _ablations(profile),
        _nouns(grounding),
        _function_words(grounding),
        _wrong_captions(grounding),
        _bad_captions(profile),
    ]


def load(profile: config.Profile) -> list[Claim]:
    """What :func:`study` found. Raises :class:`UserError` with the command when it has not run."""
    remedy = f"Test them with: hw3 report --profile {profile.name}"
    found = files.read_json(paths.runs(profile.name) / "claims.json", remedy)["claims"]
    return [Claim(**(each | {"parts": [Part(**part) for part in each["parts"]]})) for each in found]


def _read(path: Path) -> dict[str, Any]:
    return files.read_json(path) if path.is_file() else {}


def _claim(number: int, test: str, parts: list[Part], verdict: Verdict | None = None, **more: str) -> Claim:
    """A claim by its number, judged by :func:`together` unless it has a rule of its own.

    Where a part of it is untested, what was tested cannot support the whole.
    """
    verdict = verdict or together(parts)
    if verdict == "supported" and more.get("untested"):
        verdict = "inconclusive"
    texts = files.read_json(paths.PACKAGE / "resources" / "claims.json")
    text = next(each for each in texts if each["number"] == number)
    return Claim(number, text["claim"], text["notebook"], test, verdict, parts, **more)


# --- P1 -------------------------------------------------------------------------------------------------------------


def _of_prompts(found: Found, data: str) -> list[Claim]:
    """Claims 1 to 4, from ``p1/study.json``."""
    factors, unseen = found.get("factors", {}), found.get("unseen") or {}
    untested = "" if found else "the prompt study has not run"
    return [
        _claim(
            1,
            "CLIP's accuracy on images of classes that a supervised network has never seen, minus that network's.",
            [Part.of("CLIP, minus the supervised network", _unseen(unseen), "accuracy")] if unseen else [],
            remark=_unseen_remark(unseen, data),
            untested=untested,
        ),
        _claim(
            2,
            "Accuracy under the prompt's affirmative twin, minus that under the prompt; other negations beside it.",
            [
                Part.of(f"“{pair['twin']}”, minus “{negated}”", pair, "accuracy", against=True)
                for negated, pair in sorted(
                    found.get("negation", {}).get("pairs", {}).items(), key=lambda each: each[0] != DOUBLE_NEGATION
                )
            ],
            untested=untested,
        ),
        _stops(factors, untested),
        _claim(
            4,
            "Accuracy with the article, minus that without, over all frames and with and without a full stop.",
            [Part.of(what, factors[key], "accuracy") for key, what in _ARTICLES.items() if key in factors],
            untested=untested,
        ),
    ]


def _unseen(unseen: Found) -> Found:
    return {**unseen, "effect": unseen["clip"] - unseen["supervised"]}


def _unseen_remark(unseen: Found, data: str) -> str:
    if not unseen:
        return ""
    # The demo's CLIP learnt from pairs of a drawing and a text, as the real one from pairs on the web.
    met = " The demo's CLIP was never given a label, but the texts that it learnt from name all of these things."
    return (
        f"On the {len(unseen['classes'])} classes that the network was not taught, CLIP is right {unseen['clip']:.0%} "
        f"of the time and the network {unseen['supervised']:.0%}, for it has no name for them; on those that it was "
        f"taught, {unseen['seen']['clip']:.0%} and {unseen['seen']['supervised']:.0%}."
        + (met if data == "demo" else "")
    )


def _stops(factors: Found, untested: str) -> Claim:
    frames = factors.get("full stop", {}).get("per_frame", {})
    parts = [Part.of(f"full stop, in “{frame}”", each, "accuracy") for frame, each in frames.items()]
    test = (
        "Accuracy with the full stop, minus that without, by frame: supported if it surely rises in one and surely "
        "falls in another."
    )
    return _claim(3, test, parts, both_ways(parts), untested=untested)


# --- P2 -------------------------------------------------------------------------------------------------------------


def _ablations(profile: config.Profile) -> Claim:
    """Claim 5: the best run against the three ablations, and against every run that differs from it in one thing."""
    best = _read(folder(profile, profile.best_run) / "scores.json").get("per_image")
    parts: list[Part] = []
    confounded: dict[str, int] = {}  # runs that change several settings at once, and how many
    for name, run in profile.runs.items():
        changes = differences(run, profile.run(profile.best_run))
        other = _read(folder(profile, name) / "scores.json").get("per_image")
        if (name not in ABLATIONS and len(changes) != 1) or not best or not other:
            continue
        what = f"best, minus {ABLATIONS[name]}" if name in ABLATIONS else f"best, minus {name} ({sentence(changes)})"
        found = compare(best, other, "CIDEr", profile.seed)
        parts.append(Part(what, found.effect, found.low, found.high, found.n, "CIDEr"))
        if len(changes) != 1:
            confounded[name] = len(changes)
    remark, verdict = "", together(parts)
    if confounded:
        counts = "; ".join(f"`{name}` changes {count} things" for name, count in confounded.items())
        remark = f"The ablations change several things at once, and each backbone has its own pretraining: {counts}."
        if len(confounded) == len(parts):
            remark += (
                " No run here changes one thing alone, so that the claim's single causes are not told apart: the "
                "claim cannot be supported here."
            )
            verdict = "inconclusive" if verdict == "supported" else verdict
    test = "CIDEr of the best run, minus that of each ablation, on the same validation images."
    return _claim(5, test, parts, verdict, remark=remark, untested="" if parts else "the runs are not scored")


def _bad_captions(profile: config.Profile) -> Claim:
    """Claim 9: the quarter of the captions with the lowest CLIPScore against all others."""
    scores = _read(folder(profile, profile.best_run) / "scores.json").get("per_image", {})
    predictions = _read(folder(profile, profile.best_run) / "predictions.json")
    names = [name for name in scores if scores[name].get("CLIPScore") is not None and name in predictions]
    test = "The quarter of the captions with the lowest CLIPScore, against all others."
    if len(names) < 8:
        return _claim(9, test, [], untested="there are no CLIPScores of the best run")
    marks = np.array([scores[name]["CLIPScore"] for name in names])
    bad = np.argsort(np.argsort(marks, kind="stable"), kind="stable") < max(2, round(BAD * len(names)))
    parts, untested = [], ""
    if all("objects_expected" in scores[name] for name in names):

        def column(key: str) -> np.ndarray:
            return np.array([float(scores[name][key]) for name in names])

        mentions, wrong = column("mentions"), column("hallucinated")
        parts.append(_split("things named that are not there, bad minus others", wrong, mentions, bad, profile.seed))
        there, said = column("objects_expected"), column("objects_found")
        parts.append(_split("objects there that are named, others minus bad", said, there, ~bad, profile.seed))
    else:
        untested = "Objects cannot be counted without an instances file. "
    found = places(profile, {name: predictions[name] for name in names})
    if found:
        expected, kept = (np.array([found[name][i] for name in names], dtype=float) for i in (0, 1))
        parts.append(_split("surroundings that are named, others minus bad", kept, expected, ~bad, profile.seed))
    remark = (
        "CLIPScore itself falls where a caption names the wrong thing: the first two effects follow from it in part."
    )
    return _claim(9, test, parts, remark=remark, untested=untested)


def _split(what: str, above: np.ndarray, below: np.ndarray, first: np.ndarray, seed: int) -> Part:
    """The ratio of sums over the images of ``first``, minus that over the others."""
    found = paired_difference(
        np.where(first, above, 0),
        np.where(first, 0, above),
        seed,
        over=(np.where(first, below, 0), np.where(first, 0, below)),
    )
    return Part(what, found.effect, found.low, found.high, found.n, "share")


def places(profile: config.Profile, predictions: Mapping[str, str]) -> dict[str, tuple[int, int]]:
    """For each image: how many place words at least two of its references share, and how many of them the caption has.

    Place words are those of ``resources/word_classes.json``; words that mean the same count apart.
    """
    captions = profile.captions
    known = load_captions(
        paths.resolve(captions.val_annotations), paths.resolve(captions.val_images), captions.limit_val
    )
    lexicon = classes()

    def said(text: str) -> set[str]:
        from hw3lib.data.lexicon import tokens_of

        tokens = tokens_of(text)
        return {" ".join(tokens[i] for i in span) for name, span in lexicon.spans(tokens) if name == "place"}

    found = {}
    for name, references in zip(known.names, known.captions, strict=True):
        if name in predictions:
            each = [said(reference) for reference in references]
            shared = {word for words in each for word in words if sum(word in other for other in each) > 1}
            found[name] = (len(shared), len(shared & said(predictions[name])))
    return found


# --- P3 -------------------------------------------------------------------------------------------------------------


def _nouns(grounding: Grounding | None) -> Claim:
    """Claim 6, from ``p3/grounding.json``."""
    classes = grounding.classes if grounding else {}
    parts = [
        _attention_part(f"{what}: attention inside the object, minus a centre prior's", mass.over_centre, "share")
        for kind, what in (("object", "nouns"), ("colour", "their colours"))
        if kind in classes and (mass := classes[kind].mass)
    ]
    test = (
        "The share of attention inside the mask of the object that is named, minus what a prior for the photograph's "
        "centre has there."
    )
    untested = _no_masks(grounding) or ("" if parts else "the captions name no object that is there to be looked at")
    hit, remark = classes["object"].hit if "object" in classes else None, ""
    if hit:
        remark = (
            f"A noun's strongest patch lies on its object {hit.value:.0%} of the time; "
            f"the photograph's centre does {hit.centre:.0%}."
        )
    return _claim(6, test, parts, remark=remark, untested=untested)


def _function_words(grounding: Grounding | None) -> Claim:
    """Claim 7."""
    parts, remark, untested = [], "", "attention has not been measured"
    if grounding and grounding.function_entropy and grounding.function_whole:
        whole = f"their entropy, minus {DIFFUSE:.0%} of uniform attention's"
        parts = [
            _attention_part("entropy of function words, minus that of nouns", grounding.function_entropy, "bits"),
            _attention_part(whole, grounding.function_whole, "bits"),
        ]
        bits = grounding.classes["function"].entropy.value
        remark = f"Function words have {bits:.2f} bits of the {grounding.most_bits:.2f} that uniform attention has."
        untested = ""
    test = (
        "How widely attention is spread (entropy) at function words: more than at nouns of the same photographs, and "
        f"nearly as widely as it could be ({DIFFUSE:.0%} of the bits of uniform attention)."
    )
    return _claim(7, test, parts, remark=remark, untested=untested)


def _wrong_captions(grounding: Grounding | None) -> Claim:
    """Claim 8."""
    swapped = grounding.swapped.mass if grounding and grounding.swapped else None
    groups = grounding.groups if grounding else None
    wrong = grounding.wrong.mass.over_centre if grounding and grounding.wrong.mass else None
    parts = []
    if swapped:
        what = "wrong nouns: attention on what is there, minus a centre prior's"
        parts.append(_attention_part(what, swapped.over_centre, "share"))
    if groups:
        what = "“a”, “group”, “cows” minus other words: evenness over the animals"
        parts.append(_attention_part(what, groups.difference, "evenness"))
    untested = _no_masks(grounding)
    if not untested:
        nothing = "" if swapped else "No caption of a single thing was there to be made wrong. "
        untested = nothing + ("" if groups else "No two captions speak of several of a kind.")
    test = (
        "What a noun attends to that was put in the place of the right one, in people's captions of photographs with "
        "one kind of thing; and, in captions that speak of several of a kind, how evenly each word's attention is "
        "spread."
    )
    remark = ""
    if wrong:
        remark = (
            f"The run's own wrong nouns, on {wrong.n} images, have {100 * wrong.effect:+.1f} points more attention "
            f"on some object than a centre prior ({100 * wrong.low:+.1f} to {100 * wrong.high:+.1f})."
        )
    return _claim(8, test, parts, remark=remark, untested=untested.strip())


def _attention_part(what: str, effect: Effect, unit: str) -> Part:
    return Part(what, effect.effect, effect.low, effect.high, effect.n, unit)


def _no_masks(grounding: Grounding | None) -> str:
    if grounding is None:
        return "attention has not been measured"
    return "" if grounding.masks else "no masks of the objects are at hand (captions.val_instances)"
