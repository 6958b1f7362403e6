"""What the prompt study found, in sentences: computed from study.json, in Markdown. They change with the numbers.

An effect counts as shown where its exact test's p-value, after Holm's correction, is below :data:`LEVEL`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hw3lib import config, paths
from hw3lib.display.prose import code, names_in_words, p_value, plain, points, signed
from hw3lib.system.files import read_json

LEVEL = 0.05


def shown(effect: Mapping[str, Any]) -> bool:
    """Whether an effect (``p``, ``holm``) is told from none."""
    return bool(effect.get("holm", effect["p"]) < LEVEL)


def factor_sentences(study: Mapping[str, Any]) -> str:
    """What the article and the full stop do, each with a verdict, as a Markdown list."""
    factors = study["factors"]
    if not factors:
        return "None of the prompt sets is a factorial design, so what a single word does cannot be told."
    names = {
        "article: a vs none": "The article “a”, right or wrong",
        "article: correct vs none": "The right article (a, an or none)",
        "full stop": "A full stop at the end",
    }
    lines = []
    for key, effect in factors.items():
        verb = "raises" if effect["effect"] > 0 else "lowers"
        verdict = f"{verb} accuracy" if shown(effect) else "has no effect on the average that could be shown"
        line = f"**{names.get(key, plain(key))}** {verdict}: {points(effect)}, {p_value(effect['holm'])}."
        lines.append(f"- {line} {_by_frame(effect['per_frame'])}")
    mixed = [name for name, effect in study["interactions"].items() if shown(effect)]
    if mixed:
        lines.append(f"- The factors depend on each other: {names_in_words([plain(name) for name in mixed])}.")
    else:
        count = len(study["interactions"])
        lines.append(f"- None of the {count} interactions is significant: no factor visibly needs another.")
    return "\n".join(lines)


def _by_frame(effects: Mapping[str, Mapping[str, Any]]) -> str:
    """How steady an effect's sign is from frame to frame."""
    up = [frame for frame, effect in effects.items() if effect["effect"] > 0]
    down = [frame for frame, effect in effects.items() if effect["effect"] < 0]
    sure = [frame for frame, effect in effects.items() if shown(effect)]
    if not up and not down:
        return "In no frame does a single image change on balance."
    if up and down:
        text = f"Its sign changes: up in {len(up)} of {len(effects)} frames, down in {len(down)}"
    else:
        still = len(effects) - len(up or down)
        text = f"It goes {'up' if up else 'down'} in {len(up or down)} of {len(effects)} frames"
        text += f" and nowhere the other way, {still} without change" if still else ""
    if not sure:
        return f"{text}; in none of them can it be told from chance."
    return f"{text}; it is sure in {names_in_words([code(frame) for frame in sure])}."


def negation_sentence(study: Mapping[str, Any]) -> str:
    """Whether denying a class costs accuracy, against the same frame affirmed."""
    negation = study["negation"]
    if not negation:
        return "None of the prompt sets has a negation with its affirmative twin."
    if shown(negation):
        lead = "Negation costs accuracy" if negation["effect"] < 0 else "Negation raises accuracy"
    else:
        lead = "Negation has no effect that could be shown"
    worst = max(negation["pairs"], key=lambda key: abs(negation["pairs"][key]["effect"]))
    pair = negation["pairs"][worst]
    right = study["templates"][worst]["accuracy"]
    chance_rate = 1 / len(study["labels"])
    text = (
        f"{lead}: {points(negation)} on the average of {len(negation['pairs'])} pairs ({p_value(negation['p'])}). "
        f"Furthest from its twin {code(pair['twin'])} is {code(worst)}, at {signed(100 * pair['effect'])}."
    )
    if right > 2 * chance_rate:
        text += (
            f" With {right:.2f} it still finds far more than chance ({chance_rate:.2f}), though its words deny "
            "what is there: the class name counts, the “no” does not turn it round."
        )
    return text


def template_sentence(study: Mapping[str, Any]) -> str:
    """How many of all templates do better and worse than the baseline, and surely so."""
    compared = {key: each["against_baseline"] for key, each in study["templates"].items() if each["against_baseline"]}
    if not compared:
        return "There is only one template, and nothing to compare it with."
    better = [key for key, each in compared.items() if each["effect"] > 0]
    worse = [key for key, each in compared.items() if each["effect"] < 0]
    sure = [[key for key in group if shown(compared[key])] for group in (better, worse)]
    text = (
        f"Of {len(compared)} templates, {len(better) or 'none'} are more accurate than the baseline "
        f"{code(study['baseline'])} and {len(worse) or 'none'} less. After correction for so many comparisons "
        f"{len(sure[0]) or 'none'} of the gains and {len(sure[1]) or 'none'} of the losses remain."
    )
    best = max(study["templates"], key=lambda key: study["templates"][key]["accuracy"])
    if best not in sure[0] and best in better:
        text += (
            f" The best, {code(best)}, is ahead by {compared[best]['gained']} images won and "
            f"{compared[best]['lost']} lost ({p_value(compared[best]['p'])}): picked as the highest of so many, it "
            "would look that good by luck."
        )
    return text


TEMPLATE_COLUMNS = (
    "template", "accuracy", "per class", "top 5", "ECE", "NLL", "change, points", "p (Holm)"
)  # fmt: skip


def template_rows(study: Mapping[str, Any], ends: int = 5) -> list[list[str | float | None]]:
    """Table rows of the templates: the best, those of the profile's own set, and the worst, ``ends`` at either end."""
    templates = study["templates"]
    ranked = sorted(templates, key=lambda key: -templates[key]["accuracy"])
    own = next(iter(templates.values()))["sets"][0]
    middle = [key for key in ranked[ends:-ends] if own in templates[key]["sets"]]
    rows: list[list[str | float | None]] = []
    for key in dict.fromkeys([*ranked[:ends], *middle, *ranked[-ends:]]):
        each = templates[key]
        told = each["against_baseline"]
        change = points(told).removesuffix(" points") if told else "the baseline"
        corrected = None if not told else "< 0.001" if told["holm"] < 0.001 else f"{told['holm']:.3f}"
        measured = [each[measure] for measure in ("accuracy", "mean_per_class", "top5", "ece", "nll")]
        rows.append([key, *measured, change, corrected])
    return rows


def calibration_sentence(study: Mapping[str, Any]) -> str:
    """Whether the probabilities can be believed, over all templates."""
    errors = {key: each["ece"] for key, each in study["templates"].items()}
    base, low, high = (
        errors[study["baseline"]],
        min(errors, key=errors.__getitem__),
        max(errors, key=errors.__getitem__),
    )
    likely = min(study["templates"], key=lambda key: study["templates"][key]["nll"])
    return (
        f"Confidence and accuracy lie {100 * base:.0f} points apart under the baseline (expected calibration error), "
        f"{100 * errors[low]:.0f} under {code(low)} and {100 * errors[high]:.0f} under {code(high)}. The true class is "
        f"most probable under {code(likely)} (negative log-likelihood {study['templates'][likely]['nll']:.2f} nats)."
    )


def ensemble_sentence(study: Mapping[str, Any]) -> str:
    """Whether averaging templates pays, on images on which nothing was chosen."""
    found = study["ensemble"]
    if not found:
        return "There are too few images to choose an ensemble on one half and judge it on the other."
    mixed = [each for each in found["rows"] if each["against_baseline"] and len(each["members"]) > 1]
    if not mixed:
        return "There is no ensemble of more than one template."
    best = max(mixed, key=lambda each: (each["accuracy"], -each["nll"]))
    base = found["rows"][0]
    gain = best["against_baseline"]
    name = plain(best["name"])
    verdict = (
        f"Averaging pays: {name} is {points(gain)} against the baseline"
        if shown(gain) and gain["effect"] > 0
        else f"Averaging does not visibly raise accuracy: the best, {name}, is {points(gain)} against the baseline"
    )
    surest = min(mixed, key=lambda each: each["nll"])
    drop = base["nll"] - surest["nll"]
    text = f"{verdict} ({p_value(gain['holm'])}, {found['images']} images that were not used for choosing)."
    if drop > 0:
        text += f" The negative log-likelihood falls by up to {drop:.3f} nats ({plain(surest['name'])})."
    return text


def changed_classes(study: Mapping[str, Any], count: int = 3) -> tuple[str, list[str], list[str]]:
    """The most accurate template, and the classes that it helps and hurts most against the baseline."""
    templates = study["templates"]
    others = [key for key in templates if key != study["baseline"]] or list(templates)
    best = max(others, key=lambda key: templates[key]["accuracy"])
    before, after = templates[study["baseline"]]["per_class"], templates[best]["per_class"]
    gain = {name: after[name] - before[name] for name in before}
    ranked = sorted(gain, key=lambda name: gain[name])
    return (
        best,
        [name for name in reversed(ranked) if gain[name] > 0][:count],
        [name for name in ranked if gain[name] < 0][:count],
    )


def changed_sentence(study: Mapping[str, Any]) -> str:
    """Which classes the most accurate other template helps and hurts."""
    best, helped, hurt = changed_classes(study)
    before, after = study["templates"][study["baseline"]]["per_class"], study["templates"][best]["per_class"]

    def told(names: Sequence[str]) -> str:
        return names_in_words([f"{plain(name)} ({before[name]:.2f} to {after[name]:.2f})" for name in names])

    text = f"From the baseline to {code(best)}, the most accurate of the others, "
    if not helped and not hurt:
        return text + "no class changes."
    text += f"{told(helped)} gain{'s' * (len(helped) == 1)} most" if helped else "no class gains"
    return f"{text}; {told(hurt)} lose{'s' * (len(hurt) == 1)} most." if hurt else f"{text}; none loses."


def confusion_sentence(study: Mapping[str, Any], counts: Any) -> str:
    """The pairs of classes that are mixed up most; ``counts`` is :func:`hw3lib.prompts.examples.confusion`'s."""
    labels = study["labels"]
    wrong = [
        (int(counts[true, given]), labels[true], labels[given])
        for true in range(len(labels))
        for given in range(len(labels))
        if true != given and counts[true, given]
    ]
    if not wrong:
        return "No image is given a wrong class."
    wrong.sort(key=lambda item: -item[0])
    total = sum(item[0] for item in wrong)
    most = names_in_words([f"{plain(true)} taken for {plain(given)} ({count})" for count, true, given in wrong[:4]])
    share = sum(item[0] for item in wrong[:10]) / total
    return f"Most frequent: {most}. The ten commonest confusions are {100 * share:.0f} % of all {total} errors."


def probe_sentence(study: Mapping[str, Any]) -> str:
    """How many labelled images a learned classifier needs to do what the prompt does."""
    probe = study["probe"]
    if not probe:
        return "There are too few images per class to fit a linear probe on some and test it on others."
    last, zero, crossing = probe["points"][-1], probe["zero_shot"], probe["crossing"]
    many = f"{last['shots']} labelled image{'s' * (last['shots'] != 1)} per class"
    reach = f"{last['accuracy']:.3f} (from {last['low']:.3f} to {last['high']:.3f} by draw)"
    if crossing is None:
        level = last["high"] >= zero
        verdict = f"With {many} the probe reaches {reach}; zero-shot, which needs none, reaches {zero:.3f}. "
        verdict += f"The prompt is worth about {many}" if level else f"The prompt is worth more than {many}"
    else:
        verdict = (
            f"From {crossing} labelled image{'s' * (crossing != 1)} per class on the probe is ahead of the prompt "
        )
        verdict += f"({zero:.3f}); with {last['shots']} it reaches {reach}"
    return f"{verdict} (means of {probe['draws']} draws, {probe['test']} test images each)."


def unseen_sentence(profile: config.Profile, study: Mapping[str, Any]) -> str:
    """What became of classes that a supervised network was not taught, and what CLIP had seen of them."""
    found = study["unseen"]
    if not found:
        return "There are too few classes to keep some from a supervised network."
    new, old = found["of"] - found["taught"], found["seen"]
    clip, network = found["clip"], found["supervised"]
    ends = f"[{100 * found['low']:.0f}, {100 * found['high']:.0f}]"
    known = "" if not old["n"] else f"On other images of these it is right in {old['supervised']:.2f} of the cases. "
    text = (
        f"A classifier on {plain(found['network'])} was taught {found['taught']} of the {found['of']} classes, with "
        f"{found['train']} images. {known}On the {found['n']} images of the {new} classes that it was not taught it is "
        f"right in {network:.2f}: it has no other answers than the taught classes, and gives one of them with a mean "
        f"confidence of {found['confidence']:.2f}. CLIP, choosing among all {found['of']} names, is right in "
        f"{clip:.2f} of them, a difference of {100 * (clip - network):.0f} points {ends}. "
    )
    if profile.data == "demo":
        return text + (
            "Read this with care: the demo's CLIP never saw a labelled image, but its captions, texts about other "
            "pictures of the demo world, name all of these classes. “Never trained to classify them” is true of it, "
            "“never met them” is not. And the network's frozen features were pretrained on labels of that world; only "
            "its classifier was kept from half of the classes."
        )
    return text + (
        "CLIP never saw a labelled image; that the texts it learned from name common things is not in doubt. “Never "
        "trained to classify them” is true of it, “never met them” is not."
    )


def data_sentence(profile: config.Profile, scores: Mapping[str, Any]) -> str:
    """What the figures speak about, and what the published ones beside them do."""
    images = f"{scores['images']} images in {len(scores['labels'])} classes"
    told = read_json(paths.PACKAGE / "resources" / "published.json")["p1"]
    published = f"{told['images']} photographs in {told['classes']} classes, with ViT-B/32"
    if profile.data == "demo":
        return (
            f"The accuracies of this run are those of the **demo world**: {images}, drawn, and a small CLIP that was "
            f"pretrained on other drawings and the texts that go with them. The published ones come from {published}. "
            "The two can be compared in which prompt does better, not in how well."
        )
    return f"The accuracies of this run come from **real data**: {images}. The published ones come from {published}."


def class_sentence(scores: Mapping[str, Any]) -> str:
    """Which classes are hard under the best prompt, and for which the wording decides most."""
    prompts = scores["prompts"]
    best = max(prompts, key=lambda template: prompts[template]["accuracy"])
    rates = prompts[best]["per_class"]
    hardest = [f"{plain(name)} ({rates[name]:.2f})" for name in sorted(rates, key=lambda name: rates[name])[:3]]
    solved = sum(rate == 1 for rate in rates.values())
    text = f"Under {code(best)} the hardest classes are {names_in_words(hardest)}; "
    text += f"{solved} of {len(rates)} are always right." if solved else "none is always right."
    span = {name: [prompts[template]["per_class"][name] for template in prompts] for name in rates}
    widest = max(span, key=lambda name: max(span[name]) - min(span[name]))
    low, high = min(span[widest]), max(span[widest])
    if low < high:
        templates = list(prompts)
        under = code(templates[span[widest].index(low)]), code(templates[span[widest].index(high)])
        text += f" Wording decides most for {plain(widest)}: {low:.2f} under {under[0]}, {high:.2f} under {under[1]}."
    return text


def winner_sentence(scores: Mapping[str, Any]) -> str:
    """One sentence, in Markdown, on which prompt won and by how much, from the content of a scores file."""
    prompts = scores["prompts"]
    best = max(prompts[template]["accuracy"] for template in prompts)
    winners = [template for template in prompts if prompts[template]["accuracy"] == best]
    named = names_in_words([code(template) for template in winners])
    images = f"{scores['images']} images in {len(scores['labels'])} classes"
    if len(winners) > 1:
        return f"On {images}, {named} share the highest accuracy, {best:.4f}."
    rest = sorted((prompts[template]["accuracy"] for template in prompts if template != winners[0]), reverse=True)
    if not rest:
        return f"On {images}, {named} reaches an accuracy of {best:.4f}."
    base = scores["baseline"]
    ahead = round((best - rest[0]) * scores["images"])
    lead = f"{100 * (best - rest[0]):.1f} points ({ahead} image{'s' * (ahead != 1)}) before the next"
    if len(rest) > 1:
        lead += f" and {100 * (best - rest[-1]):.1f} before the last"
    gain = "" if base == winners[0] else f"; the baseline {code(base)} reaches {prompts[base]['accuracy']:.4f}"
    return f"On {images}, {named} is the most accurate prompt: {best:.4f}, {lead}{gain}."
