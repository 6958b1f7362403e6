"""What the prompt study found about wording, in sentences: computed from a Study, in Markdown. They change with it.

An effect counts as significant where its exact test's p-value, after Holm's correction, is below
:data:`~hw3lib.metrics.paired_tests.LEVEL`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hw3lib import paths
from hw3lib.display.prose import code, names_in_words, p_value, plain, points, signed
from hw3lib.metrics.paired_tests import Effect
from hw3lib.prompts.results import Study
from hw3lib.system.files import read_json

_FACTOR_NAMES = {
    "article: a vs none": "The article “a”, right or wrong",
    "article: correct vs none": "The right article (a, an or none)",
    "full stop": "A full stop at the end",
}
TEMPLATE_COLUMNS = ("template", "accuracy", "per class", "top 5", "ECE", "NLL", "change, points", "p (Holm)")


def data_sentence(data: str, study: Study) -> str:
    """What the figures of this run and the published ones beside them were measured on."""
    images = f"{study.images} images in {len(study.labels)} classes"
    reference: dict[str, Any] = read_json(paths.PACKAGE / "resources" / "published.json")["p1"]
    published = f"{reference['images']} photographs in {reference['classes']} classes, with ViT-B/32"
    if data == "demo":
        return (
            f"The accuracies of this run are those of the **demo world**: {images}, drawn, and a small CLIP that was "
            f"pretrained on other drawings and the texts that go with them. The published ones come from {published}. "
            "The two can be compared in which prompt does better, not in how well."
        )
    return f"The accuracies of this run come from **real data**: {images}. The published ones come from {published}."


def winner_sentence(study: Study) -> str:
    """Which prompt of the profile's own set won, and by how much."""
    ranked = sorted(study.prompts.items(), key=lambda item: -item[1].accuracy)
    best = ranked[0][1].accuracy
    winners = [template for template, scores in ranked if scores.accuracy == best]
    named = names_in_words([code(template) for template in winners])
    images = f"{study.images} images in {len(study.labels)} classes"
    if len(winners) > 1:
        return f"On {images}, {named} share the highest accuracy, {best:.4f}."
    if len(ranked) == 1:
        return f"On {images}, {named} reaches an accuracy of {best:.4f}."
    second, last = ranked[1][1].accuracy, ranked[-1][1].accuracy
    ahead = round((best - second) * study.images)
    lead = f"{100 * (best - second):.1f} points ({ahead} image{'s' * (ahead != 1)}) before the next"
    if len(ranked) > 2:
        lead += f" and {100 * (best - last):.1f} before the last"
    if winners[0] != study.baseline:
        lead += f"; the baseline {code(study.baseline)} reaches {study.prompts[study.baseline].accuracy:.4f}"
    return f"On {images}, {named} is the most accurate prompt: {best:.4f}, {lead}."


def factor_sentences(study: Study) -> str:
    """What the article and the full stop do, each with a verdict, as a Markdown list."""
    if not study.factors:
        return "None of the prompt sets is a factorial design, so the effect of a single word cannot be told."
    lines = []
    for key, effect in study.factors.items():
        verdict = "has no significant effect on average"
        if effect.significant:
            verdict = f"{'raises' if effect.effect > 0 else 'lowers'} accuracy"
        name = _FACTOR_NAMES.get(key, plain(key))
        line = f"- **{name}** {verdict}: {points(effect)}, {p_value(effect.holm)}."
        lines.append(f"{line} {_by_frame(effect.per_frame)}")
    mixed = [plain(name) for name, effect in study.interactions.items() if effect.significant]
    if mixed:
        lines.append(f"- The factors depend on each other: {names_in_words(mixed)}.")
    else:
        lines.append(f"- None of the {len(study.interactions)} interactions between factors is significant.")
    return "\n".join(lines)


def _by_frame(effects: Mapping[str, Effect]) -> str:
    """How steady an effect's sign is from frame to frame."""
    up = sum(effect.effect > 0 for effect in effects.values())
    down = sum(effect.effect < 0 for effect in effects.values())
    if not up and not down:
        return "In no frame does accuracy change."
    if up and down:
        text = f"Its sign changes: up in {up} of {len(effects)} frames, down in {down}"
    else:
        unchanged = len(effects) - up - down
        text = f"It goes {'up' if up else 'down'} in {up or down} of {len(effects)} frames"
        text += f" and never the other way, {unchanged} without change" if unchanged else ""
    significant = [code(frame) for frame, effect in effects.items() if effect.significant]
    return f"{text}; it is significant in {names_in_words(significant) if significant else 'none of them'}."


def negation_sentence(study: Study) -> str:
    """Whether denying a class costs accuracy, against the same frame affirmed."""
    negation = study.negation
    if negation is None:
        return "None of the prompt sets has a negation with its affirmative twin."
    lead = "Negation has no significant effect"
    if negation.significant:
        lead = "Negation costs accuracy" if negation.effect < 0 else "Negation raises accuracy"
    worst, pair = max(negation.pairs.items(), key=lambda item: abs(item[1].effect))
    text = (
        f"{lead}: {points(negation)} on the average of {len(negation.pairs)} pairs ({p_value(negation.p)}). "
        f"Furthest from its twin {code(pair.twin)} is {code(worst)}, at {signed(100 * pair.effect)}."
    )
    accuracy = study.templates[worst].accuracy
    if accuracy > 2 * study.chance:
        text += (
            f" With {accuracy:.2f} it is still far above chance ({study.chance:.2f}), though its words deny what is "
            "there: CLIP responds to the class name, and the “no” does not reverse it."
        )
    return text


def template_sentence(study: Study) -> str:
    """How many of all templates do better and worse than the baseline, and how many significantly."""
    compared = {key: scores.against_baseline for key, scores in study.templates.items() if scores.against_baseline}
    if not compared:
        return "There is only one template, and nothing to compare it with."
    better = {key: effect for key, effect in compared.items() if effect.effect > 0}
    worse = {key: effect for key, effect in compared.items() if effect.effect < 0}
    gains, losses = (sum(effect.significant for effect in side.values()) for side in (better, worse))
    text = (
        f"Of {len(compared)} templates, {len(better) or 'none'} are more accurate than the baseline "
        f"{code(study.baseline)} and {len(worse) or 'none'} less. After correction for so many comparisons "
        f"{gains or 'none'} of the gains and {losses or 'none'} of the losses remain."
    )
    best = max(study.templates, key=lambda key: study.templates[key].accuracy)
    if best in better and not better[best].significant:
        text += (
            f" The best, {code(best)}, is ahead by {better[best].gained} images won and {better[best].lost} lost "
            f"({p_value(better[best].p)}): picked as the highest of so many, it would look that good by luck."
        )
    return text


def template_rows(study: Study, ends: int = 5) -> list[list[str | float | None]]:
    """Table rows of the templates: the best, those of the profile's own set, and the worst, ``ends`` at either end."""
    ranked = sorted(study.templates, key=lambda key: -study.templates[key].accuracy)
    middle = [key for key in ranked[ends:-ends] if key in study.prompts]
    rows: list[list[str | float | None]] = []
    for key in dict.fromkeys([*ranked[:ends], *middle, *ranked[-ends:]]):
        scores = study.templates[key]
        change, corrected = "the baseline", None
        if scores.against_baseline:
            change = points(scores.against_baseline).removesuffix(" points")
            p = scores.against_baseline.holm
            corrected = "< 0.001" if p < 0.001 else f"{p:.3f}"
        measured = [scores.accuracy, scores.mean_per_class, scores.top5, scores.ece, scores.nll]
        rows.append([key, *measured, change, corrected])
    return rows


def calibration_sentence(study: Study) -> str:
    """Whether the probabilities can be believed, over all templates."""
    errors = {key: 100 * scores.ece for key, scores in study.templates.items()}
    low, high = min(errors, key=errors.__getitem__), max(errors, key=errors.__getitem__)
    likely, scores = min(study.templates.items(), key=lambda item: item[1].nll)
    return (
        f"Confidence and accuracy lie {errors[study.baseline]:.0f} points apart under the baseline (expected "
        f"calibration error), {errors[low]:.0f} under {code(low)} and {errors[high]:.0f} under {code(high)}. The true "
        f"class is most probable under {code(likely)} (negative log-likelihood {scores.nll:.2f} nats)."
    )


def ensemble_rows(study: Study) -> list[list[str | float | None]]:
    """Table rows of the ensembles: name, templates, accuracy, calibration error, likelihood, change."""
    return [
        [
            row.name, len(row.members), row.accuracy, row.ece, row.nll,
            points(row.against_baseline) if row.against_baseline else None,
        ]
        for row in (study.ensemble.rows if study.ensemble else ())
    ]  # fmt: skip


def ensemble_sentence(study: Study) -> str:
    """Whether averaging templates pays, on images on which nothing was chosen."""
    ensemble = study.ensemble
    if ensemble is None:
        return "There are too few images to choose an ensemble on one half and judge it on the other."
    changes = [(row, row.against_baseline) for row in ensemble.rows if row.against_baseline and len(row.members) > 1]
    if not changes:
        return "There is no ensemble of more than one template."
    best, gain = max(changes, key=lambda item: (item[0].accuracy, -item[0].nll))
    name, comparison = plain(best.name), f"{points(gain)} against the baseline"
    if gain.significant and gain.effect > 0:
        verdict = f"Averaging pays: {name} is {comparison}"
    else:
        verdict = f"Averaging does not raise accuracy significantly: the best, {name}, is {comparison}"
    text = f"{verdict} ({p_value(gain.holm)}, {ensemble.images} images that were not used for choosing)."
    likeliest = min((row for row, _ in changes), key=lambda row: row.nll)
    drop = ensemble.rows[0].nll - likeliest.nll
    if drop > 0:
        text += f" The negative log-likelihood falls by up to {drop:.3f} nats ({plain(likeliest.name)})."
    return text
