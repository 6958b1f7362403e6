"""What the claims have beside their declared comparisons: parts that are computed, remarks, and what is not tested."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hw3lib import config
from hw3lib.attention.card_prose import claim_remark
from hw3lib.attention.results import Faithfulness, Grounding
from hw3lib.attention.summary import DIFFUSE
from hw3lib.attention.word_classes import CLASS_NAMES, classes
from hw3lib.captioning.ablations import REFERENCE
from hw3lib.captioning.published import PARTS, part
from hw3lib.captioning.results import RunScores, measured_spread, of_seeds
from hw3lib.captioning.settings import differences
from hw3lib.claims.results import Finding
from hw3lib.claims.verdicts import Part, Split
from hw3lib.data.caption_set import CaptionSet
from hw3lib.data.lexicon import tokens_of
from hw3lib.display.prose import code, estimate, names_in_words
from hw3lib.metrics.bootstrap import paired_difference
from hw3lib.metrics.interval_tests import NEGLIGIBLE
from hw3lib.metrics.seed_bootstrap import Spread, by_seed_alone, compare_seeds
from hw3lib.prompts.results import Study

CAUSES = {"swin_base": "the backbone", "narrow": "the feed-forward layer", "no_augmentation": "the colour augmentation"}
BAD = 0.25  # the share of the captions with the lowest CLIPScore that claim 9 calls bad
FEWEST = 8  # captions of which a quarter can be bad

Floats = NDArray[np.float64]
PerImage = Mapping[str, Mapping[str, float]]


def unseen_classes(study: Study | None, data: str) -> Finding:
    """Claim 1: CLIP and a supervised network on classes that the network was not taught."""
    if study is None:
        return Finding()
    if not (unseen := study.unseen):
        return Finding(untested="there are too few images or classes to teach a network some classes and not others")
    effect, taught = unseen.clip - unseen.supervised, unseen.seen
    numbers = (effect, unseen.low, unseen.high, unseen.n)
    result = Part("CLIP, minus the supervised network", *numbers, "accuracy", unseen.p, split="labelled")
    remark = f"Accuracy on the {len(unseen.classes)} classes that the network was not taught: CLIP {unseen.clip:.0%}, "
    remark += f"guessing one of all {unseen.of} names {1 / unseen.of:.0%}, the network {unseen.supervised:.0%}"
    if taught.clip is not None and taught.supervised is not None:
        remark += f"; on those that it was taught: CLIP {taught.clip:.0%}, the network {taught.supervised:.0%}"
    remark += ". The network has no output for a class that it was not taught: CLIP has to be compared with guessing."
    if data == "demo":  # whose CLIP learned from pairs of a drawing and a text, as the real one from pairs on the web
        remark += " The demo's CLIP was trained without labels, but its training texts name all of these things."
    return Finding([result], remark)


def ablations(profile: config.Profile, scores: Mapping[str, RunScores]) -> Finding:
    """Claim 5: the reference run against every run that plays a part in the claim, by its configuration.

    A cause of the claim is tested by a run that changes it alone; the claim cannot be supported without one.
    """
    best, others = scores.get(profile.best_run), [run for run in profile.runs if run in scores]
    if not best or len(best.per_image) < 2 or others == [profile.best_run]:
        return Finding(untested="it needs the scores of two runs on two images or more")
    reference, found = profile.run(profile.best_run), measured_spread(profile, scores)
    parts: list[Part] = []
    changes: dict[str, dict[str, int]] = {}  # by part of the claim: its runs, and how many settings each changes
    for name, run in profile.runs.items():
        key = part(run, reference) if name in scores else None
        if key is not None:
            parts.append(_trained(profile, scores, name, f"{REFERENCE}, minus {PARTS[key]} ({name})", found))
            changes.setdefault(key, {})[name] = len(differences(run, reference))
    if not parts:
        return Finding(
            untested=f"no run plays a part in it: none has a smaller pretrained backbone than the {REFERENCE} (Swin, "
            "SwinV2 or ViT for a Swin), or differs in the feed-forward layer or the colour augmentation alone"
        )
    causes = [cause for key, cause in CAUSES.items() if 1 not in changes.get(key, {}).values()]
    absent = [PARTS[key] for key in ("swinv2", "vit") if key not in changes]
    confounded = {name: count for runs in changes.values() for name, count in runs.items() if count > 1}
    untested = [f"no run changes only {' or only '.join(causes)}"] if causes else []
    untested += [f"no run has a smaller pretrained {' or '.join(absent)}"] if absent else []
    remark = " ".join(filter(None, [_confounding(confounded), _seeds(parts, found)]))
    return Finding(parts, remark=remark, untested="; ".join(untested))


def _trained(
    profile: config.Profile, scores: Mapping[str, RunScores], run: str, what: str, found: Spread | None
) -> Part:
    """The reference run's CIDEr less another run's, over their images and seeds; ``found`` is the spread of seeds.

    P2's table has the same difference the other way round, and its seeds are drawn by the order of the sides.
    """
    best, other = ([seed.per_image for seed in of_seeds(profile, scores, name)] for name in (profile.best_run, run))
    gap = compare_seeds(other, best, "CIDEr", profile.seed)
    return Part.of(
        what,
        gap,
        "CIDEr",
        against=True,
        split=profile.require_captions().reported,
        seeds=gap.seeds,
        by_seeds=gap.by_seeds,
        freedom=None if math.isinf(gap.freedom) else gap.freedom,
        margin=max(NEGLIGIBLE["CIDEr"], found.repeatability if found else 0.0),
        seed_alone=by_seed_alone(gap, found),
    )


def _seeds(parts: Sequence[Part], found: Spread | None) -> str:
    """What the comparisons of trainings know of other seeds."""
    if not found:
        return (
            "Each run was trained with one seed, and no interval knows another: how much a seed alone changes was not "
            "measured, and so no difference between two trainings is judged."
        )
    text = (
        f"Seeds of one run have a standard deviation of {found.deviation:.3f} CIDEr ({found.freedom} degrees of "
        f"freedom): two of them differ by up to {found.repeatability:.3f} in 95 % of cases, and effects within "
        f"±{parts[0].margin:.3f} are negligible."
    )
    if shares := [part.by_seeds for part in parts if part.seeds > 1]:
        text += f" Of the variance behind the intervals, {min(shares):.0%} to {max(shares):.0%} comes from seeds."
    if any(part.seeds == 1 for part in parts):
        text += f" Where a side has one seed, an effect within ±{found.beyond:.3f} is inconclusive."
    return text


def _confounding(confounded: Mapping[str, int]) -> str:
    if not confounded:
        return ""
    counts = names_in_words([f"{code(name)} ({count})" for name, count in confounded.items()])
    return (
        f"Several settings are changed at once by {counts}, and each backbone has its own pretraining: these "
        "differences do not tell single causes apart."
    )


def nouns(grounding: Grounding | None, maps: Faithfulness | None = None) -> Finding:
    """Claim 6."""
    if grounding is None:
        return Finding()
    measured = any(name in grounding.classes and grounding.classes[name].mass for name in ("object", "colour"))
    hit, remark = grounding.classes["object"].hit if "object" in grounding.classes else None, ""
    if hit:
        remark = f"A noun's strongest patch lies on its object in {hit.value:.0%} of cases; "
        remark += f"the photograph's centre does in {hit.centre:.0%}."
    nothing = "" if measured else "the captions name no object that is in the photograph"
    return Finding(remark=_with_maps(remark, maps), untested=_no_masks(grounding) or nothing)


def function_words(grounding: Grounding | None, maps: Faithfulness | None = None) -> Finding:
    """Claim 7."""
    if grounding is None:
        return Finding()
    if grounding.function_entropy is None:
        return Finding(untested="no captions have both function words and nouns")
    entropies = {kind: entry.entropy.value for kind, entry in grounding.classes.items()}
    bits = entropies["function"] or 0.0
    remark = f"Function words have an entropy of {bits:.2f} bits, as attention spread evenly over "
    remark += (
        f"{2**bits:.0f} of {math.prod(grounding.grid)} patches has; uniform attention has {grounding.most_bits:.2f}."
    )
    others = [(value, kind) for kind, value in entropies.items() if kind != "function" and value and value >= bits]
    if others:
        diffuse = [f"{CLASS_NAMES[kind]} ({value:.2f} bits)" for value, kind in sorted(others, reverse=True)]
        remark += f" No less diffuse are {names_in_words(diffuse)}: diffuseness does not single out function words."
    return Finding(remark=_with_maps(f"{remark} The bar of {DIFFUSE:.0%} is this project's own.", maps))


def wrong_captions(grounding: Grounding | None, maps: Faithfulness | None = None) -> Finding:
    """Claim 8."""
    if grounding is None:
        return Finding()
    untested = _no_masks(grounding)
    if not untested:
        alone = bool(grounding.swapped and grounding.swapped.mass)
        reasons = [] if alone else ["no reference caption of a single kind of thing could be made wrong"]
        reasons += [] if grounding.groups else ["no reference captions speak of several of a kind"]
        untested = "; ".join(reasons)
    remark = ""
    if grounding.wrong.mass:
        wrong = grounding.wrong.mass.over_centre
        remark = (
            f"The attention of the run's own wrong nouns, on {wrong.n} images, to any object, minus a centre prior's: "
            f"{estimate(100 * wrong.effect, 100 * wrong.low, 100 * wrong.high, 1, 'points')}; taken alone, "
            f"{Part.of('', wrong, 'share').verdict}."
        )
    if grounding.groups:
        levels = grounding.groups.phrase.value, grounding.groups.rest.value
        phrase, rest = ("undefined" if value is None else f"{value:.3f}" for value in levels)
        remark += f" Evenness is {phrase} at the words of the group's phrase and {rest} at the caption's other words."
    return Finding(remark=_with_maps(remark.strip(), maps), untested=untested)


def _with_maps(remark: str, maps: Faithfulness | None) -> str:
    """A remark, and whether the maps that the claim rests on are faithful."""
    return " ".join(filter(None, (remark, claim_remark(maps))))


def _no_masks(grounding: Grounding) -> str:
    return "" if grounding.masks else "the profile has no masks of the objects (captions.val_instances)"


def bad_captions(
    per_image: PerImage,
    predictions: Mapping[str, str],
    captions: Callable[[], CaptionSet],
    seed: int,
    split: Split,
) -> Finding:
    """Claim 9: the quarter of the captions with the lowest CLIPScore against all others.

    ``per_image`` are scores by image, ``captions`` opens the reference captions. What none of the bad captions' images
    has, or none of the others', cannot be compared.
    """
    names = [name for name, scores in per_image.items() if "CLIPScore" in scores]
    if len(names) < FEWEST:
        return Finding(
            untested=f"{len(names) or 'no'} captions of the {REFERENCE} have a CLIPScore, and {FEWEST} are needed"
        )

    def column(key: str) -> Floats:
        return np.array([float(per_image[name][key]) for name in names])

    ranks = np.argsort(np.argsort(column("CLIPScore"), kind="stable"), kind="stable")
    bad = ranks < max(2, round(BAD * len(names)))
    ratios: list[tuple[str, Floats, Floats, NDArray[np.bool_]]] = []  # what, above, below, the images that come first
    untested = []
    if all("objects_expected" in per_image[name] for name in names):
        wrong, mentions = column("hallucinated"), column("mentions")
        named, there = column("objects_found"), column("objects_expected")
        ratios.append(("named objects that are not there, bad minus others", wrong, mentions, bad))
        ratios.append(("objects there that are named, others minus bad", named, there, ~bad))
    else:
        untested.append("objects cannot be counted without an instances file")
    surroundings = place_words(captions(), {name: predictions[name] for name in names})
    expected, kept = np.array([surroundings.get(name, (0, 0)) for name in names], np.float64).T
    ratios.append(("surroundings that are named, others minus bad", kept, expected, ~bad))
    parts = []
    for what, above, below, first in ratios:
        if below[first].any() and below[~first].any():
            parts.append(_split(what, above, below, first, seed, split))
        else:
            untested.append(f"nothing to count for “{what}”")
    remark = (
        "CLIPScore itself falls where a caption names the wrong thing: the effects on objects follow in part from it."
    )
    return Finding(parts, remark if parts else "", "; ".join(untested))


def _split(what: str, above: Floats, below: Floats, first: NDArray[np.bool_], seed: int, split: Split) -> Part:
    """The ratio of sums over the images of ``first``, minus that over the others."""
    (a, b), (of_a, of_b) = ((np.where(first, values, 0), np.where(first, 0, values)) for values in (above, below))
    return Part.of(what, paired_difference(a, b, seed, over=(of_a, of_b)), "share", seeds=1, split=split)


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
