"""What the prompt study found, in sentences: computed from a Study, in Markdown. They change with it.

An effect counts as significant where its exact test's p-value, after Holm's correction, is below
:data:`~hw3lib.metrics.paired_tests.LEVEL`; as absent only where an equivalence test shows it to be negligible (two
one-sided tests, Schuirmann 1987).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import PurePath
from typing import TypeVar

import numpy as np

from hw3lib.data.language import Language
from hw3lib.display.bundle import Cell, Content
from hw3lib.display.prose import code, decimal, estimate, names_in_words, p_value, plain, points, signed
from hw3lib.display.style import shortened
from hw3lib.metrics.interval_tests import NEGLIGIBLE
from hw3lib.metrics.paired_tests import LEVEL, Effect
from hw3lib.prompts.answers import Answers
from hw3lib.prompts.examples import Ranked
from hw3lib.prompts.results import Agreement, EnsembleScores, ProbeStudy, Scores, Study, Unlabelled, UnseenStudy
from hw3lib.system import files

T = TypeVar("T", bound=Effect)
MARGIN = f"{100 * NEGLIGIBLE['accuracy']:g} point"  # within which a difference would not matter
_FACTOR_NAMES = {
    "article: a vs none": "The article “a”, also where it should be “an” or none,",
    "article: correct vs none": "The correct article (a, an or none)",
    "full stop": "A full stop at the end",
}
_CAVEAT = {
    "demo": "The demo's CLIP never saw a labelled image, but the captions that it was pretrained on name all of these "
    "classes: it was not trained to classify them, yet it knows their names.",
    "real": "CLIP saw no labelled images, but texts that name common things were part of its pretraining: it was not "
    "trained to classify these classes, yet it knows their names.",
}
_SET_NAMES = {
    "factorial": "the factorial design and the negations",
    "imagenet80": "ImageNet templates (Radford et al.)",
    "cifar": "templates for coarse pictures",
}


def set_name(study: Study, name: str) -> str:
    """What a prompt set is called in tables, legends and sentences."""
    own = next(iter(study.templates.values())).sets[0]
    kind, _, language = name.partition("_")
    shipped = f"{_SET_NAMES[kind]}{f' ({language})' * bool(language)}" if kind in _SET_NAMES else ""
    return "the profile's prompts" if name == own else shipped or f"templates of “{name}”"


def clip_name(data: str, model: str) -> str:
    """Which CLIP is measured: by the profile's ``data``, and open_clip's name of the model or its configuration's path.

    >>> clip_name("demo", "small.json"), clip_name("real", "models/ViT-L-14.json")
    ("the demo's small CLIP", 'CLIP (ViT-L-14)')
    """
    return "the demo's small CLIP" if data == "demo" else f"CLIP ({PurePath(model.removesuffix('.json')).name})"


def zero_shot_sentence(study: Study, clip: str) -> str:
    """Why and how CLIP classifies without labelled images, how well, and a supervised network on new classes.

    ``clip`` is the measured model's :func:`clip_name`.
    """
    _, scores, images = _best_prompt(study)
    text = (
        "CLIP is trained to match images with texts, so a new class needs no labelled images, only a name: CLIP embeds "
        "each name, put into a sentence, as a vector, and gives an image the class whose vector is nearest. "
    )
    if len(study.labels) == 1:
        return text + "Here there is only one class, so that every answer is right and nothing can be compared."
    chosen = " (chosen on other images)" if images < study.images else ""
    than = "where" if scores.accuracy > study.chance else "no more than"
    text += (
        f"Without any labelled image, {plain(clip)} reaches an accuracy of {_accuracy(scores)} with the best of the "
        f"profile's prompts{chosen} on {_count(images, 'image')} in {len(study.labels)} classes, {than} guessing "
        f"reaches {study.chance:.4f}."
    )
    if unseen := study.unseen:
        text += (
            " A supervised network has no output for a class that it was not taught: on "
            f"{_count(unseen.n, 'image')} of {_count(len(unseen.classes), 'such class', 'such classes')} its accuracy "
            f"is {unseen.supervised:.2f}, and CLIP's is {unseen.clip:.2f}."
        )
    return text


def halves_sentence(study: Study) -> str:
    """Which images chose what is called best, worst or largest, and which it is reported on."""
    if study.halves is None:
        return (
            "There are too few images for two halves: what is called best, worst or largest of several was chosen on "
            "the images that it is reported on, which flatters it."
        )
    return (
        "What is called best, worst or largest of several was chosen on one half of each class's images, drawn at "
        f"random ({study.halves.chosen_on}), and is reported on the other half ({study.halves.images})."
    )


def _best_prompt(study: Study) -> tuple[str, Scores, int]:
    """The most accurate of the profile's prompts, and on how many images it has which scores; one alone on all."""
    best = study.ranked(study.prompts)[0]
    if study.halves is None or len(study.prompts) == 1:
        return best, study.templates[best], study.images
    return best, study.reported(best), study.halves.images


def reported_on(study: Study) -> str:
    """On which images a table or figure shows templates in their order; goes on after its title."""
    return f" on the {_count(study.halves.images, 'image')} that did not choose their order" if study.halves else ""


def _accuracy(scores: Scores) -> str:
    """An accuracy with its interval, where it has one."""
    if scores.low is None or scores.high is None:
        return f"{scores.accuracy:.4f}"
    return f"{scores.accuracy:.4f} [{scores.low:.3f}, {scores.high:.3f}]"


def _alone(study: Study, effect: T) -> T:
    """An effect that other images chose, which is one comparison and needs no correction for many."""
    return replace(effect, holm=effect.p) if study.halves else effect


def unseen_sentence(data: str, unseen: UnseenStudy | None) -> str:
    """How the supervised network was taught, what it answers to other classes, and what CLIP knew of them."""
    if unseen is None:
        return "The comparison needs at least four classes with images: a supervised network is taught half of them."
    taught = _count(unseen.taught, "class", "classes")
    gain = unseen.clip - unseen.supervised
    difference = estimate(100 * gain, 100 * unseen.low, 100 * unseen.high, digits=0)
    return (
        f"The network is a classifier on frozen features of {plain(unseen.network)}, trained on {unseen.train} images "
        f"of {unseen.taught} of the {unseen.of} classes. To an image of another class it always answers with one of "
        f"its {taught}, with a mean confidence of {unseen.confidence:.2f}. CLIP chooses among all {unseen.of} names: "
        f"the difference in accuracy is {difference} points. {_CAVEAT['demo' if data == 'demo' else 'real']} The "
        "network's features come from pretraining on other images, which may show all classes; only its classifier is "
        "limited to some."
    )


def winner_sentence(study: Study) -> str:
    """Which prompt of the profile's own set is the most accurate, by how much, and which differ significantly."""
    best, scores, images = _best_prompt(study)
    ranked = study.ranked(study.prompts)
    winners = [code(key) for key in ranked if study.chosen(key).accuracy == study.chosen(best).accuracy]
    on = f"{_count(images, 'image')} in {_count(len(study.labels), 'class', 'classes')}"
    if len(ranked) == 1:
        text = f"{code(best)} reaches an accuracy of {_accuracy(scores)} on {on}; "
        text += "there is no other prompt to compare it with."
    else:
        text = f"{code(best)} is the most accurate of the profile's prompts"
        if len(winners) > 1:
            text = f"{names_in_words(winners)} share the highest accuracy of the profile's prompts"
        text += _other_half(study, ranked, on) if study.halves else f": {_accuracy(scores)} on {on}"
        if not study.halves:
            text += f"; the next, {code(ranked[1])}, differs from {code(best) if len(winners) > 1 else 'it'} by "
            text += _behind(study, best, ranked[1])
            text += f", and the last, {code(ranked[-1])}, by {_behind(study, best, ranked[-1])}." if ranked[2:] else "."
    if len(study.labels) > 1 and all(scores.accuracy <= study.chance for scores in study.prompts.values()):
        text += f" No prompt is more accurate than guessing ({study.chance:.4f})."
    return text + _significant_prompts(study)


def _other_half(study: Study, ranked: Sequence[str], on: str) -> str:
    """The order of the profile's prompts on the half that chooses, and what they differ by on the other."""
    best, last = ranked[0], ranked[-1]
    rates = [study.chosen(key).accuracy for key in ranked]
    second = max((rate for rate in rates if rate < rates[0]), default=None)
    following = [key for key, rate in zip(ranked, rates, strict=True) if rate == second]
    text = " on one half of the images"
    if following:
        text += f", followed by {names_in_words([*map(code, following)])}"
        text += " (equally accurate there)" * (len(following) > 1)
        text += f"; {code(last)} is last" * (last not in following)
    likelier = ", which has the lower NLL," * (len(rates) > 1 and rates[0] == rates[1])
    text += f". On the other half, {on}, {code(best)}{likelier} has an accuracy of "
    told = [key for key, rate in zip(ranked, rates, strict=True) if rate in (rates[0], second) or key == last][1:]
    gaps = [f"{code(key)} {'by' if place else 'differs from it by'} " for place, key in enumerate(told)]
    gaps = [gap + _behind(study, best, key) for gap, key in zip(gaps, told, strict=True)]
    return f"{text}{_accuracy(study.reported(best))}; {names_in_words(gaps)}."


def _behind(study: Study, best: str, other: str) -> str:
    """By how much another of the profile's prompts differs from the best, with the interval where there is one."""
    gap = study.reported(other).accuracy - study.reported(best).accuracy
    return points(study.behind[other]) if other in study.behind else f"{signed(100 * gap)} points"


def _significant_prompts(study: Study) -> str:
    """Which prompts differ from the baseline, which are shown not to, and of which neither can be said."""
    compared = {key: scores.against_baseline for key, scores in study.prompts.items() if scores.against_baseline}
    if not compared:
        return ""
    shown = [f"{code(key)} ({points(effect)})" for key, effect in compared.items() if effect.significant]
    base, differ = code(study.baseline), "differs" if len(shown) == 1 else "differ"
    which = names_in_words(shown) if shown else "no prompt"
    where = f"Over all {study.images} images and after" if study.halves else "After"
    differ = differ if shown else "differs"
    text = f" {where} Holm's correction, {which} {differ} significantly from the baseline {base}."
    return text + _equivalent({code(key): effect for key, effect in compared.items()})


def _equivalent(effects: Mapping[str, Effect]) -> str:
    """Which effects the equivalence test shows to be negligible, and which are neither that nor significant."""
    small = [name for name, effect in effects.items() if effect.equivalence < LEVEL]
    unsure = [name for name, effect in effects.items() if not effect.significant and name not in small]
    shown, open_ = (
        names_in_words(names) if 0 < len(names) <= 4 else f"{len(names)} of {len(effects)}" for names in (small, unsure)
    )
    parts = [f"{shown} differ{'s' * (len(small) == 1)} by no more than {MARGIN}"] if small else []
    parts += [f"{open_} {'is' if len(unsure) == 1 else 'are'} undecided"] if unsure else []
    return f" By the equivalence test, {', and '.join(parts)}." if parts else ""


def judged(effect: Effect) -> str:
    """What a single comparison of two prompts shows, by the rule of all: significant, negligible, or neither."""
    negligible = effect.equivalence < LEVEL
    if effect.significant:
        said = f"significant{', but no more than ' + MARGIN if negligible else ''}"
    elif negligible:
        said = f"no more than {MARGIN}"
    else:
        said = f"undecided, neither significant nor shown to be within {MARGIN}"
    equivalence = "" if effect.significant and not negligible else f"; equivalence test, {p_value(effect.equivalence)}"
    return f"{said} (McNemar's exact test, {p_value(effect.p)}{equivalence})"


def data_sentence(data: str, study: Study) -> str:
    """What the accuracies of this run and the published ones beside them were measured on."""
    published = {key: scores.published for key, scores in study.prompts.items() if scores.published is not None}
    here = "real photographs"
    if data == "demo":
        here = "the **demo world**: drawn images, and a small CLIP pretrained on other drawings with their captions"
    text = f"This run's accuracies come from {here}."
    if not published:
        return text
    reference = files.resource("published.json")["p1"]
    text += (
        f" The published ones come from {reference['images']} photographs in {reference['classes']} classes with "
        "ViT-B/32."
    )
    if len(published) > 1:
        best, worst = max(published, key=published.__getitem__), min(published, key=published.__getitem__)
        text += (
            f" There {code(best)} is the most accurate ({published[best]:.4f}) and {code(worst)} the least "
            f"({published[worst]:.4f})."
        )
        text += " Only the order of the prompts can be compared, not the level:" if data != "real" else " In order:"
        text += _order(study, published)
    return text


def _order(study: Study, published: Mapping[str, float]) -> str:
    """How the order of this run's accuracies agrees with that of the published ones; goes on after a colon."""
    here = {key: study.prompts[key].accuracy for key in published}
    worst, last = min(published, key=published.__getitem__), min(here, key=here.__getitem__)
    pairs = list(combinations(published, 2))
    same = sum((published[a] - published[b]) * (here[a] - here[b]) > 0 for a, b in pairs)
    text = f" {code(worst)} is last in both" if here[worst] == here[last] else f" here {code(last)} is last"
    text += f", and {same} of {_count(len(pairs), 'pair')} of prompts stand{'s' * (len(pairs) == 1)} in the same order"
    text += ", whether their difference is significant or not."
    if (base := study.baseline) not in published:
        return text
    tested = [study.prompts[key].against_baseline for key in published if key != base]
    differ = sum(bool(effect and effect.significant) for effect in tested)
    text += f" Of the {_count(len(tested), 'pair')} with the baseline, {differ or 'none'} "
    text += f"differ{'s' * (differ == 1)} significantly here."
    opposite = [key for key in published if (published[key] - published[base]) * (here[key] - here[base]) < 0]
    if opposite:
        compared = {key: study.prompts[key].against_baseline for key in opposite}
        significant = [code(key) for key, effect in compared.items() if effect and effect.significant]
        small = all(effect and effect.equivalence < LEVEL for effect in compared.values())
        verdict = f"is no more than {MARGIN} by the equivalence test" if small else "is not significant"
        verdict = f"is significant for {names_in_words(significant)}" if significant else verdict
        names = names_in_words([code(key) for key in opposite])
        text += f" The difference of {names} from the baseline has the opposite sign here, where it {verdict}."
    return text


def examples_sentence(pictures: Sequence[Ranked], template: str, data: str) -> str:
    """Which of the images shown are classified correctly under a template, and what the others are taken for."""
    right = [picture for picture in pictures if picture.classes[0][0] == picture.truth]
    wrong = [picture for picture in pictures if picture.classes[0][0] != picture.truth]
    told = [f"is right on {names_in_words([_named(p.truth, p.classes[0][1]) for p in right])}"] if right else []
    if wrong:
        told.append(f"takes {names_in_words([f'{_named(p.truth)} for {_named(*p.classes[0])}' for p in wrong])}")
    text = f"Under {code(template)}, CLIP {', and '.join(told)}."
    text += " In brackets: the probability of the answer."
    return text + " A drawing shows several objects, and its label is the main one." * (data == "demo")


def disagreement_sentence(answers: Answers, templates: Iterable[str], images: Sequence[int]) -> str:
    """Which answers the templates give to those of some images, places in ``answers.images``, on which they differ."""
    firsts = {template: answers.first(template) for template in templates}
    lines = []
    for image in images:
        given: dict[int, list[str]] = {}
        for template, first in firsts.items():
            given.setdefault(int(first[image]), []).append(code(template))
        if len(given) > 1:
            told = [f"{_named(answers.labels[label])} ({names_in_words(names)})" for label, names in given.items()]
            truth = _named(answers.labels[answers.truth[image]])
            lines.append(f"To the image of {truth} they are {names_in_words(told)}.")
    if not lines:
        return "To each of these images all prompts give one answer." if len(firsts) > 1 else "There is one prompt."
    return f"The prompts' answers differ. {' '.join(lines)}"


def unlabelled_sentence(study: Unlabelled, clip: str, names: str) -> str:
    """Why there is no accuracy, and how labels are given.

    ``clip`` is the model's :func:`clip_name`, ``names`` the file of the classes.
    """
    return (
        f"{plain(clip)} gives each of {_count(study.images, 'photograph')} one of "
        f"{_count(len(study.labels), 'class', 'classes')}. **No accuracy is measured here:** the photographs carry no "
        "labels, so nobody has said which answers are right, and neither a high probability nor agreement between "
        "prompts shows it. CLIP always answers with one of these classes, also where none of them fits. To measure "
        f"accuracy, name images `<label id>_<n>.jpg` after the labels of {code(PurePath(names).name)} and leave "
        "`labelled: false` out of the profile; the others may keep their names."
    )


def gallery_sentence(study: Unlabelled, answers: Answers, shown: int) -> str:
    """Which of the photographs are shown, where the answers to all of them lie, and class names that are cut."""
    text = "All photographs are shown" if shown == study.images else f"{shown} of {study.images} photographs are shown"
    text += ", from the first name to the last, as CLIP sees them: their middle square. `p1/unlabelled.csv` in "
    text += "the profile's results has the answers to all of them."
    if cut := answers.cut_names.get(study.template):
        text += f" CLIP reads only the beginning of {_count(cut, 'class name')}: too long for it."
    return text


def counts_sentence(study: Unlabelled) -> str:
    """Which classes most photographs got under the template that is shown, and which none."""
    counts = study.counts[study.template]
    most = sorted((name for name in counts if counts[name]), key=lambda name: -counts[name])[:3]
    parts = names_in_words([f"{_named(name)} ({counts[name]} of {study.images})" for name in most])
    text = f"Under {code(study.template)} the commonest answer{'s are' if len(most) > 1 else ' is'} {parts}."
    if none := [name for name, count in counts.items() if not count]:
        listed = names_in_words([_named(name) for name in none[:10]] + ["others"] * (len(none) > 10))
        text += f" No photograph got {'any' if len(none) > 1 else 'the class'}"
        text += f" of {_count(len(none), 'class', 'classes')}: {listed}." if len(none) > 1 else f" {listed}."
    return text


def sureness_sentence(study: Unlabelled) -> str:
    """How sure the answers under the template that is shown are: medians and quartiles."""
    if len(study.labels) == 1:
        return "There is only one class, so that every probability is 1."
    (_, low, median, high, _), lead = study.probability, study.lead
    return (
        f"Under {code(study.template)} the likeliest class has a median probability of {median:.2f}; for half of the "
        f"photographs it lies between {low:.2f} and {high:.2f}. Its lead over the next class has a median of "
        f"{lead[2]:.2f}, and is between {lead[1]:.2f} and {lead[3]:.2f} for half of them. The probabilities are shares "
        f"among these {len(study.labels)} classes alone: another list of classes gives others."
    )


def agreement_sentence(study: Unlabelled) -> str:
    """On how many photographs all prompts agree, and which two differ most and least."""
    if not study.agreement:
        return "There is only one prompt, so there is no other that its answers could be compared with."
    least, most = study.agreement[0], study.agreement[-1]
    text = f"All {len(study.counts)} prompts give the same class to {study.unanimous} of "
    text += f"{_count(study.images, 'photograph')}."
    if len(study.agreement) > 1:
        text += f" {_pair(least)} agree least, on {least.share:.0%}; {_pair(most)} most, on {most.share:.0%}."
    return text + " A class that changes with the wording is not to be relied on; one that stays may still be wrong."


def _pair(agreement: Agreement) -> str:
    return names_in_words([code(template) for template in agreement.templates])


def factor_sentences(study: Study) -> str:
    """What the article and the full stop do, each with a verdict, as a Markdown list."""
    if not study.factors:
        return "None of the prompt sets is a factorial design, so the effect of one part of a prompt cannot be told."
    lines = []
    for key, effect in study.factors.items():
        name = _FACTOR_NAMES.get(key, plain(key))
        numbers = f"{points(effect)}, {p_value(effect.holm)} after Holm's correction"
        lines.append(f"- **{name}** {_verdict(effect)}: {numbers}{_limits(effect)}. {_by_carrier(effect.per_carrier)}")
    if reason := no_article(study):
        lines.append(f"- **The article** is no factor here: {reason}.")
    mixed = [plain(name) for name, effect in study.interactions.items() if effect.significant]
    if mixed:
        lines.append(f"- The factors depend on each other: {names_in_words(mixed)}.")
    elif study.interactions:
        small = sum(effect.equivalence < LEVEL for effect in study.interactions.values())
        text = f"- None of the {len(study.interactions)} interactions is significant after Holm's correction; "
        lines.append(
            f"{text}{small or 'none'} of them {'is' if small == 1 else 'are'} within {MARGIN} by the equivalence test."
        )
    return "\n".join(lines)


def _verdict(effect: Effect) -> str:
    """What an effect does to accuracy; that it does nothing is said where the equivalence test shows it."""
    negligible = effect.equivalence < LEVEL
    if effect.significant:
        return f"{'raises' if effect.effect > 0 else 'lowers'} accuracy{', negligibly' * negligible}"
    if negligible:
        return "has no effect on average that would matter"
    return "has an undecided effect on average"


def _limits(effect: Effect) -> str:
    """What shows that an effect is negligible, or how large one these images could have missed; goes on after it."""
    if effect.equivalence < LEVEL:
        return f"; within {MARGIN} by the equivalence test, {p_value(effect.equivalence)}"
    if effect.significant:
        return ""
    return f"; so many images show only effects from {100 * effect.detectable:.1f} points on with a power of 80 %"


def no_article(study: Study) -> str:
    """Why the article is no factor of a study's designs; empty where it is one, and where there is no design."""
    if not study.factors or any(name.startswith("article") for name in study.factors):
        return ""
    names = [Language(tag.partition("-")[0]).name for tag in study.languages]
    return f"no prompts differ in an article alone; they are {names_in_words(list(dict.fromkeys(names)))}"


def _by_carrier(effects: Mapping[str, Effect]) -> str:
    """How steady a factor's sign is over the carrier sentences."""
    shown = [round(100 * effect.effect, 1) for effect in effects.values()]  # as the figure writes them
    up, down = sum(value > 0 for value in shown), sum(value < 0 for value in shown)
    carriers = _count(len(effects), "carrier sentence")
    if not up and not down:
        return "Accuracy changes in none of the carrier sentences by as much as 0.1 points."
    text = f"The effect is {'positive' if up else 'negative'} in {up or down} of {carriers}"
    text += f" and negative in {down}" if up and down else ""
    significant = [code(carrier) for carrier, effect in effects.items() if effect.significant]
    text += f"; with the correction it is significant in {names_in_words(significant or ['none'])}"
    small = sum(effect.equivalence < LEVEL for effect in effects.values())
    return f"{text}, and within {MARGIN} by the equivalence test in {small or 'none'}."


def negation_sentence(study: Study) -> str:
    """Whether a negation costs accuracy, against the same sentence affirmed."""
    negation = study.negation
    if negation is None:
        return "None of the prompt sets has a negation with its affirmative counterpart."
    pairs = study.halves.pairs if study.halves else negation.pairs
    chosen = {key: study.chosen(pair.counterpart).accuracy - study.chosen(key).accuracy for key, pair in pairs.items()}
    worst = max(chosen, key=lambda key: abs(chosen[key]))
    pair = pairs[worst]
    text = (
        f"Negation {_verdict(negation)}: {points(negation)}, averaged over {_count(len(negation.pairs), 'pair')} "
        f"({p_value(negation.p)}{_limits(negation)}). The largest difference is that of {code(worst)} from its "
        f"affirmative counterpart {code(pair.counterpart)}: {points(pair)}{_elsewhere(study)}."
    )
    accuracy = study.reported(worst).accuracy
    if accuracy > 2 * study.chance:
        text += (
            f" Yet accuracy under {code(worst)} is {accuracy:.2f}, far above chance ({study.chance:.2f}), although the "
            "sentence denies the object: CLIP responds to the class name, and “no” does not reverse its answer."
        )
    return text


def template_sentence(study: Study) -> str:
    """How many templates are more and less accurate than the baseline, how many significantly; names that were cut."""
    compared = {key: scores.against_baseline for key, scores in study.templates.items() if scores.against_baseline}
    if not compared:
        return "There is only one template, and nothing to compare it with." + _cut_names(study)
    better = {key: effect for key, effect in compared.items() if effect.effect > 0}
    worse = {key: effect for key, effect in compared.items() if effect.effect < 0}
    gains, losses = (sum(effect.significant for effect in side.values()) for side in (better, worse))
    text = (
        f"Against the baseline {code(study.baseline)}, accuracy is higher under {len(better) or 'none'} of "
        f"{_count(len(compared), 'other template')} and lower under {len(worse) or 'none'}. Significant after Holm's "
        f"correction: {gains or 'none'} of the gains and {losses or 'none'} of the losses."
        f"{_equivalent(compared)}"
    )
    return text + _best_template(study) + _cut_names(study)


def _best_template(study: Study) -> str:
    """The most accurate of all templates against the baseline, on images that it was not chosen on."""
    best = study.ranked(study.templates)[0]
    text = f" The most accurate template{' on one half of the images' * bool(study.halves)} is {code(best)}"
    if not (compared := study.reported(best).against_baseline):
        return f"{text}, the baseline itself."
    gain = _alone(study, compared)
    text += f": {points(gain)} against the baseline{_elsewhere(study)} ({_count(gain.gained, 'image')} gained, "
    text += f"{gain.lost} lost, {p_value(gain.holm)}{_limits(gain)})."
    return text + " The highest of so many accuracies is partly luck." * (study.halves is None)


def _elsewhere(study: Study) -> str:
    """Where a number was measured that was chosen by another; goes on after it."""
    return " on the other half of the images" if study.halves else ""


def _cut_names(study: Study) -> str:
    cut = {key: scores.cut_names for key, scores in study.templates.items() if scores.cut_names}
    if not cut:
        return ""
    most = max(cut, key=cut.__getitem__)
    return (
        f" CLIP reads only the beginning of long texts: under {_count(len(cut), 'template')} some class names are cut "
        f"off, at most {cut[most]} of {len(study.labels)} (under {code(most)})."
    )


def template_table(study: Study, ends: int = 5) -> Content:
    """Columns and rows of the templates: the best, the profile's prompts, and the worst, ``ends`` at either end.

    The mean of the classes' accuracies is left out where it is every template's accuracy: classes of equal size.
    """
    reported = {key: study.reported(key) for key in study.templates}
    by_class = any(abs(scores.accuracy - scores.mean_per_class) > 1e-9 for scores in reported.values())
    ranked = study.ranked(study.templates)
    middle = [key for key in ranked[ends:-ends] if key in study.prompts]
    rows: list[list[Cell]] = []
    for key in dict.fromkeys([*ranked[:ends], *middle, *ranked[-ends:]]):
        scores = reported[key]
        compared = scores.against_baseline
        tests = [_p_cell(p) for p in (compared.holm, compared.equivalence)] if compared else []
        measured = [scores.accuracy, *[scores.mean_per_class] * by_class, scores.top5, scores.ece, scores.nll]
        rows.append([key, *measured, change(compared), *tests, *[None] * (2 - len(tests))])
    columns = ["template", "accuracy", *["per class"] * by_class, "top 5", "ECE", "NLL", "change, points"]
    return [*columns, "p (Holm)", "p (TOST)"], rows


def _p_cell(p: float) -> str:
    return p_value(p).removeprefix("p ").removeprefix("= ")


def change(effect: Effect | None) -> str:
    """A table's cell: the difference from the baseline in points, with its interval."""
    return points(effect).removesuffix(" points") if effect else "the baseline"


def calibration_sentence(study: Study) -> str:
    """Whether the probabilities can be believed, over all templates."""
    chosen = {key: 100 * study.chosen(key).ece for key in study.templates}
    low, high = min(chosen, key=chosen.__getitem__), max(chosen, key=chosen.__getitem__)
    errors = {key: 100 * study.reported(key).ece for key in study.templates}
    likely = min(study.templates, key=lambda key: study.chosen(key).nll)
    scores = study.reported(likely)
    text = f"The expected calibration error is {errors[study.baseline]:.0f} points under the baseline"
    if chosen[high] - chosen[low] > 0.5:
        text += f", and between {errors[low]:.0f} (under {code(low)}) and {errors[high]:.0f} (under {code(high)})"
    nats = decimal(scores.nll, 2)
    if scores.nll_low is not None and scores.nll_high is not None:
        nats += f" [{decimal(scores.nll_low, 2)}, {decimal(scores.nll_high, 2)}]"
    return f"{text}. The true class is most probable under {code(likely)} (NLL {nats} nats{_elsewhere(study)})."


def _ensemble_name(study: Study, row: EnsembleScores) -> str:
    """What an ensemble is called, which the file names by its set."""
    if row.name.startswith("greedy"):
        return "greedy ensemble"
    sets = {name for scores in study.templates.values() for name in scores.sets}
    return next((set_name(study, name) for name in sets if f"“{name}”" in row.name), row.name)


def ensemble_rows(study: Study) -> list[list[Cell]]:
    """Table rows of the ensembles: name, templates, accuracy, calibration error, likelihood, change, and its test.

    The test is the images gained and lost, and McNemar's exact p-value, uncorrected as the interval is.
    """
    rows: list[list[Cell]] = []
    for row in study.ensemble.rows if study.ensemble else ():
        compared = row.against_baseline
        tests = [compared.gained, compared.lost, _p_cell(compared.p)] if compared else [None] * 3
        measured = [len(row.members), row.accuracy, row.ece, row.nll]
        rows.append([_ensemble_name(study, row), *measured, change(compared), *tests])
    return rows


def ensemble_sentence(study: Study) -> str:
    """Whether an ensemble is more accurate, on images on which nothing was chosen."""
    ensemble = study.ensemble
    if ensemble is None:
        return "There are too few images to choose an ensemble on one half and judge it on the other."
    changes = [(row, row.against_baseline) for row in ensemble.rows if row.against_baseline and len(row.members) > 1]
    if not changes:
        return "There is no ensemble of more than one template."
    best, compared = max(changes, key=lambda item: (_chosen(item[0])[0], -_chosen(item[0])[1]))
    gain = _alone(study, compared)
    pays = gain.significant and gain.effect > 0
    text = (
        f"{'An ensemble raises accuracy' if pays else 'No ensemble raises accuracy significantly'}: the best "
        f"on the half that chooses ({plain(_ensemble_name(study, best))}) differs from the baseline by {points(gain)} "
        f"on the other {_count(ensemble.images, 'image')} ({p_value(gain.holm)}{_limits(gain)})."
    )
    likeliest = min((row for row, _ in changes), key=lambda row: _chosen(row)[1])
    shift = decimal(likeliest.nll - ensemble.rows[0].nll, 3)
    if likeliest.nll_low is not None and likeliest.nll_high is not None:
        shift = estimate(likeliest.nll - ensemble.rows[0].nll, likeliest.nll_low, likeliest.nll_high, digits=3)
    return (
        f"{text} The negative log-likelihood changes there by {shift} nats with the ensemble that is likeliest right "
        f"({plain(_ensemble_name(study, likeliest))})."
    )


def _chosen(row: EnsembleScores) -> tuple[float, float]:
    """Accuracy and negative log-likelihood on the images that choose the best ensemble."""
    accuracy, nll = row.chosen_accuracy, row.chosen_nll
    return row.accuracy if accuracy is None else accuracy, row.nll if nll is None else nll


@dataclass(frozen=True)
class ClassChanges:
    """The most accurate template but the baseline, and the classes that it helps and hurts most; all chosen."""

    template: str
    helped: list[str]
    hurt: list[str]


def class_changes(study: Study, count: int = 3) -> ClassChanges:
    """What the most accurate template changes against the baseline, ``count`` classes at the most each way."""
    templates = study.templates
    others = [key for key in templates if key != study.baseline] or list(templates)
    best = study.ranked(others)[0]
    before, after = study.chosen(study.baseline).per_class, study.chosen(best).per_class
    gain = {name: after[name] - before[name] for name in before}
    ranked = sorted(gain, key=lambda name: gain[name])
    helped = [name for name in reversed(ranked) if gain[name] > 0]
    return ClassChanges(best, helped[:count], [name for name in ranked if gain[name] < 0][:count])


def class_sentence(study: Study, sizes: Mapping[str, int]) -> str:
    """Which classes are hard under the best prompt of the profile's own set, and where the prompt matters most.

    ``sizes`` are :func:`class_sizes`; intervals are Wilson's (1927).
    """
    best = study.ranked(study.prompts)[0]
    chosen, rates = study.chosen(best).per_class, study.reported(best).per_class

    def measured(name: str, template: str) -> str:
        rate = study.reported(template).per_class[name]
        low, high = _wilson(rate, sizes[name])
        return f"{rate:.2f} [{low:.2f}, {high:.2f}]"

    hardest = names_in_words([
        f"{_named(name)} ({measured(name, best)})" for name in sorted(chosen, key=chosen.__getitem__)[:3]
    ])  # fmt: skip
    solved = sum(rate == 1 for rate in rates.values())
    text = f"Under {code(best)} the lowest accuracies are those of {hardest}" if len(chosen) > 1 else ""
    text += ", measured on the other half of the images; there " if study.halves and text else "; " if text else ""
    text += f"{solved or 'none'} of {_count(len(rates), 'class', 'classes')} {'is' if solved < 2 else 'are'} "
    text += "classified without an error."
    by_class = {name: {key: study.chosen(key).per_class[name] for key in study.prompts} for name in chosen}
    widest, span = max(by_class.items(), key=lambda item: max(item[1].values()) - min(item[1].values()))
    low, high = min(span, key=span.__getitem__), max(span, key=span.__getitem__)
    if span[low] < span[high]:
        text += f" The prompt matters most for {_named(widest)}: under {code(low)} {measured(widest, low)}, "
        text += f"under {code(high)} {measured(widest, high)}."
    return text


def _wilson(rate: float, size: int) -> tuple[float, float]:
    """Wilson's 95 % interval for a rate over so many images."""
    from scipy.stats import binomtest

    low, high = binomtest(round(rate * size), size).proportion_ci(method="wilson")
    return float(low), float(high)


def class_sizes(answers: Answers) -> dict[str, int]:
    """How many images each class has among those that what was chosen is reported on, by its name."""
    counts = np.bincount(answers.truth[answers.halves[1]], minlength=len(answers.labels))
    return dict(zip(answers.labels, counts.tolist(), strict=True))


def changed_sentence(study: Study, sizes: Mapping[str, int]) -> str:
    """Which classes the most accurate other template helps and hurts; ``sizes`` are :func:`class_sizes`."""
    changes = class_changes(study)
    if changes.template == study.baseline:
        return "There is no other template to compare the baseline with, class by class."
    before, after = study.reported(study.baseline).per_class, study.reported(changes.template).per_class

    def rates(names: Sequence[str]) -> str:
        return names_in_words([
            f"{_named(name)} ({before[name]:.2f} to {after[name]:.2f}: "
            f"{signed((after[name] - before[name]) * sizes[name], 0)} of {_count(sizes[name], 'image')})"
            for name in names
        ])  # fmt: skip

    text = f"From the baseline to {code(changes.template)}, the most accurate other template, "
    if study.halves:
        text = f"On one half of the images {code(changes.template)} is the most accurate other template; there "
    if not changes.helped and not changes.hurt:
        return text + "no class changes."
    gain, loss = ("s" * (len(names) == 1) for names in (changes.helped, changes.hurt))
    if study.halves:
        told = {"gain" + gain: changes.helped, "lose" + loss: changes.hurt}
        most = [f"{names_in_words([*map(_named, names)])} {verb} most" for verb, names in told.items() if names]
        text += f"{names_in_words(most)} against the baseline. "
        kept = _unchanged(study, changes)
        if not (moved := [name for name in [*changes.helped, *changes.hurt] if name not in kept]):
            return f"{text}On the other half none of them changes in accuracy."
        text += f"On the other half: {rates(moved)}"
        return f"{text}; no change for {names_in_words([*map(_named, kept)])}." if kept else f"{text}."
    text += f"{rates(changes.helped)} gain{gain} most; " if changes.helped else "no class gains; "
    return text + (f"{rates(changes.hurt)} lose{loss} most." if changes.hurt else "none loses.")


def _unchanged(study: Study, changes: ClassChanges) -> list[str]:
    """The classes helped or hurt most whose accuracy is the baseline's on the images that report it."""
    before, after = (study.reported(key).per_class for key in (study.baseline, changes.template))
    return [name for name in [*changes.helped, *changes.hurt] if before[name] == after[name]]


def changed_caption(study: Study) -> str:
    """What the pictures of :func:`class_changes` show, and what becomes of it on images that chose nothing."""
    changes = class_changes(study)
    text = (
        f"Classes that gain or lose most under “{changes.template}”{' on one half of the images' * bool(study.halves)}"
    )
    text += ", each with the image whose answer changes most: before → after."
    if study.halves:
        total, kept = len(changes.helped) + len(changes.hurt), len(_unchanged(study, changes))
        moved = "none of them changes" if kept == total else f"{total - kept} of {total} change"
        text += f" On the other half {moved} in accuracy."
    return text


def hardest_sentence(answers: Answers, template: str) -> str:
    """What the class of the lowest accuracy, over all images, is taken for under a template."""
    counts = answers.confusion(template)
    sizes, right = counts.sum(1), np.diag(counts)
    rates = np.where(sizes > 0, right / np.maximum(1, sizes), np.inf)
    worst = int(rates.argmin())
    if right[worst] == sizes[worst]:
        return "Over all images no class has an error."
    given = counts[worst].copy()
    given[worst] = 0
    order = [label for label in np.argsort(-given, kind="stable").tolist() if given[label]]
    most = [f"{_named(answers.labels[label])} ({_count(int(given[label]), 'image')})" for label in order[:3]]
    most += [_count(len(order) - 3, "other class", "other classes")] if len(order) > 3 else []
    return (
        f"Over all images {_named(answers.labels[worst], float(rates[worst]))} has the lowest accuracy under "
        f"{code(template)}: {right[worst] or 'none'} of {_count(int(sizes[worst]), 'image')} "
        f"{'are' if right[worst] > 1 else 'is'} right, and the wrong answers are {names_in_words(most)}."
    )


def confusion_sentence(answers: Answers, template: str) -> str:
    """The pairs of classes that are confused most under a template, chosen on one half and counted on the other."""
    labels, (choosing, reporting) = answers.labels, answers.halves
    chosen, errors = (answers.confusion(template, images) for images in (choosing, reporting))
    for counts in (chosen, errors):
        np.fill_diagonal(counts, 0)
    total = int(errors.sum())
    if not total or not chosen.any():
        return "No image is given a wrong class." if not total else f"Wrong answers: {total}."
    order = np.argsort(-chosen, axis=None, kind="stable")
    pairs = [divmod(int(place), len(labels)) for place in order[:4] if chosen.flat[place]]
    most = [
        f"{_named(labels[true])} for {_named(labels[given])} ({_count(int(errors[true, given]), 'image')})"
        for true, given in pairs
    ]
    text = f"CLIP most often takes {names_in_words(most)}."
    if choosing is not reporting:
        text = "CLIP's most frequent confusions on one half of the images, counted on the other: "
        text += f"{names_in_words(most)}."
    if (errors > 0).sum() > 10:
        share = int(errors.flat[order[:10]].sum()) / total
        text += f" The ten most frequent confusions make up {100 * share:.0f} % of all {total} errors"
        text += "." if choosing is reporting else " there."
    return text


def probe_sentence(probe: ProbeStudy | None) -> str:
    """How many labelled images a learned classifier needs to be as accurate as the prompt."""
    if probe is None:
        return "A linear probe needs two classes, and enough images of each to fit it on some and test it on others."
    last, zero = probe.points[-1], probe.zero_shot
    reach = f"{last.accuracy:.3f} ({last.low:.3f} to {last.high:.3f} over {probe.draws} draws"
    reach += f", {_count(probe.test, 'test image')} each)"
    if probe.crossing is not None:
        text = f"From {_per_class(probe.crossing)} on, a linear probe (a classifier fitted on CLIP's image features) "
        text += f"is more accurate than the prompt alone ({zero:.3f}); with {last.shots} it reaches {reach}."
    else:
        text = (
            f"The prompt is worth {'about' if last.high >= zero else 'more than'} {_per_class(last.shots)}, the "
            f"most that was tried: with so many, a linear probe (a classifier fitted on CLIP's image features) reaches "
            f"{reach}; the prompt alone, which needs none, reaches {zero:.3f}."
        )
    return text + " Both are judged on the draws' test images, so this is not the prompt's accuracy on all images."


def _per_class(shots: int) -> str:
    return f"{_count(shots, 'labelled image')} per class"


def _named(name: str, rate: float | None = None) -> str:
    """A class's name, with its rate."""
    return plain(shortened(name, 60)) + ("" if rate is None else f" ({rate:.2f})")


def _count(number: int, noun: str, plural: str = "") -> str:
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
