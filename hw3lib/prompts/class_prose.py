"""What the prompt study found about classes and about learned rivals, in sentences: computed, in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hw3lib.display.prose import code, names_in_words, plain
from hw3lib.prompts.results import ProbeStudy, Study, UnseenStudy

_DEMO_CAVEAT = (
    "Read this with care: the demo's CLIP never saw a labelled image, but its captions, texts about other pictures of "
    "the demo world, name all of these classes. “Never trained to classify them” is true of it, “never met them” is "
    "not. And the network's frozen features were pretrained on labels of that world; only its classifier was kept from "
    "half of the classes."
)
_REAL_CAVEAT = (
    "CLIP never saw a labelled image; that the texts it learned from name common things is not in doubt. “Never "
    "trained to classify them” is true of it, “never met them” is not."
)


@dataclass(frozen=True)
class ClassChanges:
    """The most accurate template but the baseline, and the classes that it helps and hurts most."""

    template: str
    helped: list[str]
    hurt: list[str]


def class_changes(study: Study, count: int = 3) -> ClassChanges:
    """What the most accurate template changes against the baseline, ``count`` classes at the most each way."""
    templates = study.templates
    others = [key for key in templates if key != study.baseline] or list(templates)
    best = max(others, key=lambda key: templates[key].accuracy)
    before, after = templates[study.baseline].per_class, templates[best].per_class
    gain = {name: after[name] - before[name] for name in before}
    ranked = sorted(gain, key=lambda name: gain[name])
    helped = [name for name in reversed(ranked) if gain[name] > 0]
    return ClassChanges(best, helped[:count], [name for name in ranked if gain[name] < 0][:count])


def class_sentence(study: Study) -> str:
    """Which classes are hard under the best prompt of the profile's own set, and where the wording decides most."""
    prompts = study.prompts
    best = max(prompts, key=lambda template: prompts[template].accuracy)
    rates = prompts[best].per_class
    hardest = [f"{plain(name)} ({rates[name]:.2f})" for name in sorted(rates, key=lambda name: rates[name])[:3]]
    solved = sum(rate == 1 for rate in rates.values())
    text = f"Under {code(best)} the hardest classes are {names_in_words(hardest)}; "
    text += f"{solved} of {len(rates)} are always right." if solved else "none is always right."
    span = {name: [(scores.per_class[name], template) for template, scores in prompts.items()] for name in rates}

    def ends(name: str) -> tuple[tuple[float, str], tuple[float, str]]:
        return min(span[name], key=lambda pair: pair[0]), max(span[name], key=lambda pair: pair[0])

    widest = max(span, key=lambda name: ends(name)[1][0] - ends(name)[0][0])
    (low, worst), (high, kindest) = ends(widest)
    if low < high:
        text += f" Wording matters most for {plain(widest)}: {low:.2f} under {code(worst)}, {high:.2f} under "
        text += f"{code(kindest)}."
    return text


def changed_sentence(study: Study) -> str:
    """Which classes the most accurate other template helps and hurts."""
    changes = class_changes(study)
    before, after = study.templates[study.baseline].per_class, study.templates[changes.template].per_class

    def rates(names: Sequence[str]) -> str:
        return names_in_words([f"{plain(name)} ({before[name]:.2f} to {after[name]:.2f})" for name in names])

    text = f"From the baseline to {code(changes.template)}, the most accurate of the others, "
    if not changes.helped and not changes.hurt:
        return text + "no class changes."
    gain, loss = ("s" * (len(names) == 1) for names in (changes.helped, changes.hurt))
    text += f"{rates(changes.helped)} gain{gain} most; " if changes.helped else "no class gains; "
    return text + (f"{rates(changes.hurt)} lose{loss} most." if changes.hurt else "none loses.")


def confusion_sentence(labels: Sequence[str], counts: np.ndarray) -> str:
    """The pairs of classes that are confused most; ``counts`` (C, C) has true classes in rows, answers in columns."""
    errors = counts - np.diag(np.diag(counts))
    if not errors.any():
        return "No image is given a wrong class."
    order = np.argsort(-errors, axis=None, kind="stable")
    pairs = [divmod(int(place), len(labels)) for place in order[:4] if errors.flat[place]]
    most = [f"{plain(labels[true])} taken for {plain(labels[given])} ({errors[true, given]})" for true, given in pairs]
    total = int(errors.sum())
    share = int(errors.flat[order[:10]].sum()) / total
    return (
        f"Most frequent: {names_in_words(most)}. "
        f"The ten commonest confusions are {100 * share:.0f} % of all {total} errors."
    )


def probe_sentence(probe: ProbeStudy | None) -> str:
    """How many labelled images a learned classifier needs to do what the prompt does."""
    if probe is None:
        return "There are too few images per class to fit a linear probe on some and test it on others."
    last, zero = probe.points[-1], probe.zero_shot
    reach = f"{last.accuracy:.3f} (from {last.low:.3f} to {last.high:.3f} by draw)"
    if probe.crossing is not None:
        verdict = f"From {_per_class(probe.crossing)} on the probe is ahead of the prompt "
        verdict += f"({zero:.3f}); with {last.shots} it reaches {reach}"
    else:
        many = _per_class(last.shots)
        verdict = f"With {many} the probe reaches {reach}; zero-shot, which needs none, reaches {zero:.3f}. "
        verdict += f"The prompt is worth {'about' if last.high >= zero else 'more than'} {many}"
    return f"{verdict} (means of {probe.draws} draws, {probe.test} test images each)."


def _per_class(shots: int) -> str:
    return f"{shots} labelled image{'s' * (shots != 1)} per class"


def unseen_sentence(data: str, unseen: UnseenStudy | None) -> str:
    """What became of classes that a supervised network was not taught, and what CLIP had seen of them."""
    if unseen is None:
        return "There are too few classes to keep some from a supervised network."
    rate, untaught = unseen.seen.supervised, unseen.of - unseen.taught
    seen = "" if rate is None else f"On other images of these it is right in {rate:.2f} of the cases. "
    difference = f"{100 * (unseen.clip - unseen.supervised):.0f} points"
    return (
        f"A classifier on {plain(unseen.network)} was taught {unseen.taught} of the {unseen.of} classes, with "
        f"{unseen.train} images. {seen}On the {unseen.n} images of the {untaught} classes that it was not taught it is "
        f"right in {unseen.supervised:.2f}: it has no other answers than the taught classes, and gives one of them "
        f"with a mean confidence of {unseen.confidence:.2f}. CLIP, choosing among all {unseen.of} names, is right in "
        f"{unseen.clip:.2f} of them, a difference of {difference} [{100 * unseen.low:.0f}, {100 * unseen.high:.0f}]. "
    ) + (_DEMO_CAVEAT if data == "demo" else _REAL_CAVEAT)
