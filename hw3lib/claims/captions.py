"""Claims 5 and 9, about captions: the best run against the others, and its bad captions against its good ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from hw3lib import config
from hw3lib.attention.word_classes import classes
from hw3lib.captioning.results import RunScores
from hw3lib.captioning.settings import differences, sentence
from hw3lib.claims.results import Finding
from hw3lib.claims.verdicts import Part
from hw3lib.data.caption_set import CaptionSet
from hw3lib.data.lexicon import tokens_of
from hw3lib.metrics.bootstrap import compare, paired_difference

ABLATIONS = {"swin_base": "a smaller Swin", "swinv2": "SwinV2", "vit": "ViT"}
BAD = 0.25  # the share of the captions with the lowest CLIPScore that claim 9 calls bad
FEWEST = 8  # captions of which a quarter can be bad

Floats = NDArray[np.float64]
PerImage = Mapping[str, Mapping[str, float]]


def ablations(profile: config.Profile, scores: Mapping[str, RunScores]) -> Finding:
    """Claim 5: the best run against the three ablations, and against every run that differs from it in one setting."""
    best = scores.get(profile.best_run)
    parts = []
    confounded: dict[str, int] = {}  # runs that change several settings at once, and how many
    for name, run in profile.runs.items():
        changes = differences(run, profile.run(profile.best_run))
        if (name not in ABLATIONS and len(changes) != 1) or not best or name not in scores:
            continue
        if not (best.per_image and scores[name].per_image):
            continue
        what = f"best, minus {ABLATIONS.get(name) or f'{name} ({sentence(changes)})'}"
        gap = compare(best.per_image, scores[name].per_image, "CIDEr", profile.seed)
        parts.append(Part.of(what, gap, "CIDEr"))
        if len(changes) != 1:
            confounded[name] = len(changes)
    return Finding(
        parts,
        remark=_confounding(confounded, alone=len(confounded) == len(parts)),
        untested="" if parts else "the runs are not scored",
        confounded=len(confounded) == len(parts),
    )


def _confounding(confounded: Mapping[str, int], alone: bool) -> str:
    if not confounded:
        return ""
    counts = "; ".join(f"`{name}` changes {count} things" for name, count in confounded.items())
    remark = f"The ablations change several things at once, and each backbone has its own pretraining: {counts}."
    if alone:
        remark += (
            " No run here changes one thing alone, so that the claim's single causes are not told apart: the claim "
            "cannot be supported here."
        )
    return remark


def bad_captions(
    per_image: PerImage, predictions: Mapping[str, str], captions: Callable[[], CaptionSet], seed: int
) -> Finding:
    """Claim 9: the quarter of the captions with the lowest CLIPScore against all others.

    ``per_image`` are scores by image, ``captions`` opens the reference captions.
    """
    names = [name for name, scores in per_image.items() if "CLIPScore" in scores]
    if len(names) < FEWEST:
        return Finding(untested="there are no CLIPScores of the best run")

    def column(key: str) -> Floats:
        return np.array([float(per_image[name][key]) for name in names])

    ranks = np.argsort(np.argsort(column("CLIPScore"), kind="stable"), kind="stable")
    bad = ranks < max(2, round(BAD * len(names)))
    ratios: list[tuple[str, Floats, Floats, NDArray[np.bool_]]] = []  # what, above, below, the images that come first
    counted = all("objects_expected" in per_image[name] for name in names)
    if counted:
        wrong, mentions = column("hallucinated"), column("mentions")
        named, there = column("objects_found"), column("objects_expected")
        ratios.append(("things named that are not there, bad minus others", wrong, mentions, bad))
        ratios.append(("objects there that are named, others minus bad", named, there, ~bad))
    surroundings = place_words(captions(), {name: predictions[name] for name in names})
    if surroundings:
        expected, kept = np.array([surroundings[name] for name in names], np.float64).T
        ratios.append(("surroundings that are named, others minus bad", kept, expected, ~bad))
    return Finding(
        [_split(what, above, below, first, seed) for what, above, below, first in ratios],
        remark="CLIPScore itself falls where a caption names the wrong thing: the first two effects follow from it in "
        "part.",
        untested="" if counted else "Objects cannot be counted without an instances file.",
    )


def _split(what: str, above: Floats, below: Floats, first: NDArray[np.bool_], seed: int) -> Part:
    """The ratio of sums over the images of ``first``, minus that over the others."""
    (a, b), (of_a, of_b) = ((np.where(first, values, 0), np.where(first, 0, values)) for values in (above, below))
    return Part.of(what, paired_difference(a, b, seed, over=(of_a, of_b)), "share")


def place_words(captions: CaptionSet, predictions: Mapping[str, str]) -> dict[str, tuple[int, int]]:
    """For each image: how many place words at least two of its references share, and how many of them the caption has.

    Place words are those of ``resources/word_classes.json``; words that mean the same count apart.
    """
    lexicon = classes()

    def places(text: str) -> set[str]:
        tokens = tokens_of(text)
        return {" ".join(tokens[i] for i in span) for name, span in lexicon.spans(tokens) if name == "place"}

    counts = {}
    for name, references in zip(captions.names, captions.captions, strict=True):
        if name in predictions:
            named = [places(reference) for reference in references]
            shared = {word for words in named for word in words if sum(word in other for other in named) > 1}
            counts[name] = (len(shared), len(shared & places(predictions[name])))
    return counts
