"""P2's runs side by side: the reference run, the other settings and what they show, in rows and sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import combinations
from statistics import fmean, stdev

from hw3lib import config
from hw3lib.captioning import settings
from hw3lib.captioning.published import part, published_scores, published_settings
from hw3lib.captioning.results import RunScores, measured_spread, of_seeds
from hw3lib.captioning.settings import RECIPE, differences, sentence
from hw3lib.display.bundle import Cell, Content
from hw3lib.display.prose import code, estimate, names_in_words
from hw3lib.metrics.bootstrap import Difference
from hw3lib.metrics.seed_bootstrap import by_seed_alone, compare_seeds

PerImage = Mapping[str, Mapping[str, float]]
HEADLINE = ("CIDEr", "CLIPScore", "BLEU-4", "METEOR", "ROUGE-L", "object_recall", "CHAIR_i")  # shown of a single run
COMPARED = {"CIDEr": "CIDEr", "CLIPScore": "CLIPScore", "object_recall": "objects_expected"}  # and what an image needs
REFERENCE = "reference run"
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def run_name(profile: config.Profile, run: str) -> str:
    """A run as readers' texts name it: the profile's ``best_run`` is the reference run."""
    return REFERENCE if run == profile.best_run else run


def metric_name(metric: str) -> str:
    """A metric as a reader knows it: CHAIR's variants have their underscore from the paper."""
    return "object recall" if metric == "object_recall" else metric


def recipes(profile: config.Profile) -> list[str]:
    """The runs of another recipe: with components of :data:`RECIPE`, built on a run, or what another is built on."""
    reference, bases = profile.run(profile.best_run), {run.built_on for run in profile.runs.values()}
    return [
        name
        for name, run in profile.runs.items()
        if name != profile.best_run
        and (run.built_on or name in bases or {change.label for change in differences(run, reference)} & set(RECIPE))
    ]


def other_settings(profile: config.Profile) -> list[str]:
    """The runs beside the reference run that are of its recipe."""
    return [name for name in profile.runs if name != profile.best_run and name not in recipes(profile)]


def best_setting(profile: config.Profile, scores: Mapping[str, RunScores]) -> str:
    """The reference run's scores, among the other settings' and beside the published ones, in Markdown."""
    run, ciders = profile.best_run, {name: of_run.scores["CIDEr"] for name, of_run in scores.items()}
    others, stronger = other_settings(profile), [name for name in recipes(profile) if ciders[name] > ciders[run]]
    higher = [code(name) for name in others if ciders[name] > ciders[run]]
    text = f"The reference run, {code(run)} ({_setting(profile)}), scores {_in_words(scores[run].scores)} on "
    text += f"{len(scores[run].per_image)} {profile.require_captions().reported} images"
    text += f" (means of {seeds} seeds)" if (seeds := len(profile.trainings(run))) > 1 else ""
    if higher:
        text += f"; {names_in_words(higher)} {'scores' if len(higher) == 1 else 'score'} higher by CIDEr"
    elif all(ciders[name] < ciders[run] for name in others) and others:
        text += f", the highest CIDEr of the {_number(len(others) + 1)} settings"
    text += ". "
    if stronger:
        strongest = max(stronger, key=lambda name: ciders[name])
        text += f"A stronger recipe, {code(strongest)}, reaches CIDEr {ciders[strongest]:.3f} (see below). "
    if same := published_scores(profile, run):
        where = " on validation images" if profile.require_captions().reported == "test" else ""
        return f"{text}In the written report, this setting scored {_in_words(same, 4)}{where}."
    there = published_settings()["best"]
    changed = there.differs(profile.run(run))
    changed += ["data"] if profile.data != "real" else []
    text += (
        f"The written report's best setting scored {_in_words(there.scores, 4)}. The reference run differs from it in "
    )
    return f"{text}{names_in_words(changed)}, so that the two cannot be compared."


def setting_table(profile: config.Profile, scores: Mapping[str, RunScores]) -> Content:
    """Columns and rows: the published best setting beside the reference run; scores where the two are one setting."""
    there, run = published_settings()["best"], profile.run(profile.best_run)
    rows: list[list[Cell]] = [list(row) for row in there.rows(run)]
    measured = scores[profile.best_run].scores
    if published_scores(profile, profile.best_run) == there.scores:
        rows += [
            [score, f"{value:.4f}", f"{measured[score]:.4f}"]
            for score, value in there.scores.items()
            if score in measured
        ]
    return ["setting", "published", REFERENCE], rows


def _setting(profile: config.Profile) -> str:
    """What the written report says of a setting, of the reference run's: backbone, width, augmentation, rates."""
    reference = profile.run(profile.best_run)
    larger = any(part(profile.run(run), reference) == "swin_base" for run in other_settings(profile))
    rates = len(reference.training.learning_rates)
    staged = f"{_number(rates)} learning rates in turn" if rates > 1 else "one learning rate"
    return ", ".join(
        [
            "the larger Swin" if larger else code(reference.encoder.name),
            f"feed-forward {reference.decoder.feed_forward}",
            "colour jitter" if any(asdict(reference.jitter).values()) else "no colour jitter",
            "cosine learning rate" if reference.training.schedule == "cosine" else staged,
        ]
    )


def heading(profile: config.Profile) -> str:
    """The second question's heading: how many settings there are follows from the profile."""
    count = len(other_settings(profile))
    named = (
        f"The {_number(count)} other settings and what they show"
        if count > 1
        else "The other setting and what it shows"
    )
    return f"## 2. {named if count else 'Other settings'}"


def comparison(profile: config.Profile, scores: Mapping[str, RunScores]) -> str:
    """What the other settings show by CIDEr, in Markdown; computed, so that it changes with the numbers."""
    others = other_settings(profile)
    if not others:
        return "The profile has no other setting: there is nothing to compare the reference run with."
    gaps = {run: gap for run, gap in against_reference(profile, scores).items() if run in others}
    if not all(gaps.values()):
        return "With fewer than two images, no difference between settings can be estimated."
    changes = {run: differences(profile.run(run), profile.run(profile.best_run)) for run in others}
    found = _findings({run: gap["CIDEr"] for run, gap in gaps.items()})
    if all(len(changed) > 1 for changed in changes.values()):
        found += (
            ", and since " + ("each" if len(others) > 1 else "it") + " changes several settings at once, no single "
        )
        found += "cause can be told"
    ciders = {code(run): gap["CIDEr"] for run, gap in gaps.items()}
    each = [f"{run} {estimate(cider.effect, cider.low, cider.high, 3)}" for run, cider in ciders.items()]
    text = f"By CIDEr, {found}. Differences with 95 % intervals: {names_in_words(each)}. "
    spread = measured_spread(profile, scores)
    if any(cider.sure and by_seed_alone(cider, spread) for cider in ciders.values()):
        text += "They are over images: trained with one seed, runs may differ as much by another seed alone. "
    text += _changes(changes)
    if profile.data == "demo" and any(change.label == "encoder" for changed in changes.values() for change in changed):
        text += "Nor were the backbones pretrained on the same number of drawings. "
    return text + _order(profile, scores)


def _findings(gaps: Mapping[str, Difference]) -> str:
    """Which runs score lower than the reference run, which higher, and which do neither."""
    sides: dict[tuple[str, str], list[str]] = {
        ("score significantly lower than", "scores significantly lower than"): [],
        ("score significantly higher than", "scores significantly higher than"): [],
        ("do not differ significantly from", "does not differ significantly from"): [],
    }
    lower, higher, neither = sides.values()
    for run, gap in gaps.items():
        (higher if gap.low > 0 else lower if gap.high < 0 else neither).append(code(run))
    return "; ".join(
        f"{f'all {_number(len(named))}' if len(named) == len(gaps) > 2 else names_in_words(named)} "
        f"{words[len(named) == 1]} the reference run"
        for words, named in sides.items()
        if named
    )


def _changes(changes: Mapping[str, Sequence[settings.Difference]]) -> str:
    """How many settings each run changes, and so what its difference can be ascribed to."""
    text = "".join(f"{code(run)} has the reference run's settings. " for run, changed in changes.items() if not changed)
    single = [f"{code(run)} ({sentence(changed)})" for run, changed in changes.items() if len(changed) == 1]
    several = [f"{code(run)} ({len(changed)})" for run, changed in changes.items() if len(changed) > 1]
    if single:
        text += f"A single setting is changed by {names_in_words(single)}. "
    if several:
        text += f"Several settings are changed at once by {names_in_words(several)}: such a difference belongs to the "
        text += "whole change and to no part of it. "
    return text


def _order(profile: config.Profile, scores: Mapping[str, RunScores]) -> str:
    """Whether the runs rank as the written report's settings do, where they play those settings' parts."""
    there, reference = published_settings(), profile.run(profile.best_run)
    played = {run: part(profile.run(run), reference) for run in other_settings(profile)}
    ranks = {run: there[key].scores["CIDEr"] for run, key in played.items() if key in there}
    if not ranks:
        return ""
    ranks[profile.best_run] = there["best"].scores["CIDEr"]
    published = sorted(ranks, key=lambda run: -ranks[run])
    same = published == sorted(ranks, key=lambda run: -scores[run].scores["CIDEr"])
    names = " > ".join(f"{run_name(profile, run)} ({ranks[run]:.4f})" for run in published)
    text = f"By CIDEr, the written report ranks its corresponding settings {names}; the order here is "
    return f"{text}{'the same' if same else 'another'}.{_undecided(profile, scores, published)}"


def _undecided(profile: config.Profile, scores: Mapping[str, RunScores], published: Sequence[str]) -> str:
    """Which pairs of runs stand the other way round than published without a difference that their images show."""
    text = ""
    for above, below in combinations(published, 2):
        lower, higher = ([seed.per_image for seed in of_seeds(profile, scores, run)] for run in (above, below))
        gap = compare_seeds(higher, lower, "CIDEr", profile.seed)
        if scores[above].scores["CIDEr"] < scores[below].scores["CIDEr"] and not gap.sure:
            names, by = [run_name(profile, run) for run in (below, above)], estimate(gap.effect, gap.low, gap.high, 3)
            text += f" That {names[0]} stands above {names[1]} here, by {by}, is undecided."
    return text


def score_table(profile: config.Profile, scores: Mapping[str, RunScores], runs: Sequence[str]) -> Content:
    """Columns and rows of runs: scores and, where a run is a published setting, that one's in columns of their own."""
    measured = [metric for metric in COMPARED if any(metric in scores[run].scores for run in runs)]
    published = {run: published_scores(profile, run) for run in runs}
    there = [score for score in ("CIDEr", "CLIPScore") if any(published.values())]
    rows: list[list[Cell]] = [
        [run_name(profile, run), profile.run(run).title]
        + [score_cell(profile, scores, run, metric) for metric in measured]
        + [published[run].get(score) for score in there]
        for run in runs
    ]
    return ["run", "setting", *map(metric_name, measured), *(f"published {score}" for score in there)], rows


def score_cell(profile: config.Profile, scores: Mapping[str, RunScores], run: str, metric: str) -> Cell:
    """A run's score; of several seeds their mean and standard deviation, ``2.157 ± 0.021``, unbroken."""
    seeds = [seed.scores[metric] for seed in of_seeds(profile, scores, run) if metric in seed.scores]
    if len(seeds) < 2:
        return scores[run].scores.get(metric)
    return f"{fmean(seeds):.3f}\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}{stdev(seeds):.3f}"


def score_notes(profile: config.Profile) -> str:
    """What a reader needs to know of the scores: what ± is, and what the demo's are."""
    several = any(len(profile.trainings(run)) > 1 for run in profile.runs)
    notes = "±: the standard deviation over a run's seeds, around their mean. " if several else ""
    if profile.data != "demo":
        return notes.rstrip()
    return notes + (
        "The demo's own CLIP is small and was trained on drawings: its CLIPScores are higher than those of ViT-B/32 "
        "and can only be compared with one another."
    )


def against_reference(profile: config.Profile, scores: Mapping[str, RunScores]) -> dict[str, dict[str, Difference]]:
    """Each other run's scores less the reference run's, over images and, where both have several, seeds."""
    sides = {run: [seed.per_image for seed in of_seeds(profile, scores, run)] for run in profile.runs}
    reference = sides.pop(profile.best_run)
    return {run: compare_all(side, reference, profile.seed) for run, side in sides.items()}


def compare_all(
    first: Sequence[PerImage], second: Sequence[PerImage], seed: int, paired: bool = False
) -> dict[str, Difference]:
    """First minus second, each by seed, in every score that all images have; empty with fewer than two images.

    ``paired``: both sides come from the same trainings.
    """
    if len(second[0]) < 2:
        return {}
    shared = set.intersection(*(set(image) for side in (*first, *second) for image in side.values()))
    return {
        score: compare_seeds(first, second, score, seed, paired)
        for score, needed in COMPARED.items()
        if needed in shared
    }


def uncertainty(profile: config.Profile, scores: Mapping[str, RunScores]) -> str:
    """Of what the intervals speak: other images, and other seeds where runs have several; in Markdown."""
    seeds = {run: len(profile.trainings(run)) for run in profile.runs}
    single = [code(run) for run, count in seeds.items() if count == 1]
    if len(single) == len(seeds):
        text = "They speak of other images, not of another seed of the same training: every run has one seed."
        return f"{text} `seeds: 3` in a run's profile trains it with three."
    text = (
        "Where both runs have several seeds, the intervals are those of a two-level bootstrap over seeds and images "
        "(Davison and Hinkley, 1997), with Student's t for the few seeds."
    )
    if found := measured_spread(profile, scores):
        text += (
            f" By CIDEr, a run's seeds have a standard deviation of {found.deviation:.3f} (pooled, {found.freedom} "
            f"degrees of freedom): two seeds of one run differ by up to {found.repeatability:.3f} in 95 % of cases."
        )
    if single:
        text += f" One seed alone {'has' if len(single) == 1 else 'have'} {names_in_words(single)}: there the "
        text += "intervals know of no other."
    return text


def level_table(gaps: Mapping[str, Mapping[str, Difference]]) -> Content:
    """Columns and rows: what seeds contribute to the variance behind each interval; images contribute the rest."""
    scores = list(next(iter(gaps.values()), {}))
    rows: list[list[Cell]] = [
        [
            run,
            row[scores[0]].seeds,
            *(f"{row[score].by_seeds:.0%}" if row[score].seeds > 1 else "–" for score in scores),
        ]
        for run, row in gaps.items()
        if scores and scores[0] in row
    ]
    return ["run", "seeds", *(f"{metric_name(score)}, from seeds" for score in scores)], rows


def difference_table(what: str, rows: Mapping[str, Mapping[str, Difference]]) -> Content:
    """Columns and rows of differences with their 95 % intervals; ``what`` heads the rows' names."""
    columns = list(next(iter(rows.values()), {}))
    cells: list[list[Cell]] = [
        [name, *(estimate(row[score].effect, row[score].low, row[score].high, 3) for score in columns)]
        for name, row in rows.items()
    ]
    return [what, *(f"{metric_name(score)}, difference" for score in columns)], cells


def trained_on(scores: RunScores) -> str:
    """A caption's line on where a run's scores come from."""
    origin = scores.provenance
    return f"Commit {origin['commit']}, seed {origin['seed']}, {origin['device']}."


def _in_words(scores: Mapping[str, float], digits: int = 3) -> str:
    return names_in_words(
        [f"{score} {scores[score]:.{digits}f}" for score in ("CIDEr", "CLIPScore") if score in scores]
    )


def _number(count: int) -> str:
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)
