"""What stands beside the declared comparisons of claims 1, 6, 7 and 8: remarks, and why a part is not tested."""

from __future__ import annotations

from hw3lib.attention.results import Grounding
from hw3lib.claims.results import Finding
from hw3lib.claims.verdicts import Part
from hw3lib.display.prose import estimate
from hw3lib.prompts.results import Study

MISSING = {"study": "the prompt study has not run", "grounding": "attention has not been measured"}


def unseen_classes(study: Study | None, data: str) -> Finding:
    """Claim 1: CLIP and a supervised network on classes that the network was not taught."""
    if study is None:
        return Finding(untested=MISSING["study"])
    if not (unseen := study.unseen):
        return Finding()
    effect, taught = unseen.clip - unseen.supervised, unseen.seen
    part = Part("CLIP, minus the supervised network", effect, unseen.low, unseen.high, unseen.n, "accuracy")
    remark = (
        f"On the {len(unseen.classes)} classes that the network was not taught, CLIP is right {unseen.clip:.0%} "
        f"of the time and the network {unseen.supervised:.0%}, for it has no name for them"
    )
    if taught.clip is not None and taught.supervised is not None:
        remark += f"; on those that it was taught, {taught.clip:.0%} and {taught.supervised:.0%}"
    remark += "."
    if data == "demo":  # whose CLIP learned from pairs of a drawing and a text, as the real one from pairs on the web
        remark += (
            " The demo's CLIP was never given a label, but the texts that it learnt from name all of these things."
        )
    return Finding([part], remark)


def nouns(grounding: Grounding | None) -> Finding:
    """Claim 6."""
    if grounding is None:
        return Finding()
    classes = grounding.classes
    measured = any(name in classes and classes[name].mass for name in ("object", "colour"))
    hit, remark = classes["object"].hit if "object" in classes else None, ""
    if hit:
        remark = (
            f"A noun's strongest patch lies on its object {hit.value:.0%} of the time; "
            f"the photograph's centre does {hit.centre:.0%}."
        )
    nothing = "" if measured else "the captions name no object that is there to be looked at"
    return Finding(remark=remark, untested=_no_masks(grounding) or nothing)


def function_words(grounding: Grounding | None) -> Finding:
    """Claim 7."""
    if grounding is None or grounding.function_entropy is None:
        return Finding(untested=MISSING["grounding"])
    bits = grounding.classes["function"].entropy.value
    return Finding(
        remark=f"Function words have {bits:.2f} bits of the {grounding.most_bits:.2f} that uniform attention has."
    )


def wrong_captions(grounding: Grounding | None) -> Finding:
    """Claim 8."""
    if grounding is None:
        return Finding()
    untested = _no_masks(grounding)
    if not untested:
        if not (grounding.swapped and grounding.swapped.mass):
            untested = "No caption of a single thing was there to be made wrong. "
        untested += "" if grounding.groups else "No two captions speak of several of a kind."
    remark = ""
    if grounding.wrong.mass:
        wrong = grounding.wrong.mass.over_centre
        remark = (
            f"The attention of the run's own wrong nouns, on {wrong.n} images, to any object, minus a centre prior's: "
            f"{estimate(100 * wrong.effect, 100 * wrong.low, 100 * wrong.high, 1, 'points')}."
        )
    return Finding(remark=remark, untested=untested.strip())


def _no_masks(grounding: Grounding) -> str:
    return "" if grounding.masks else "no masks of the objects are at hand (captions.val_instances)"
