"""P2's runs side by side: what each sets, what differs between them, and what that did, in rows and sentences."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from hw3lib import config, paths
from hw3lib.config import folder
from hw3lib.system.files import read_json

Cell = str | int | float | None
AVERAGE, CRITICAL, DECODING = "moving average of the weights", "then, with CIDEr as the reward", "decoding"
HEADLINE = ("CIDEr", "CLIPScore", "BLEU-4", "METEOR", "ROUGE-L", "object_recall", "CHAIR_i")  # shown of a single run


@dataclass(frozen=True)
class Result:
    """A run and its scores, measured and, where the written report has them, published."""

    name: str
    title: str
    scores: dict[str, float]
    published: dict[str, float]


def results(profile: config.Profile) -> list[Result]:
    """Every run of the profile with the content of its ``scores.json``, in the profile's order."""
    published = read_json(paths.PACKAGE / "resources" / "published.json")["p2"]
    found = []
    for name, run in profile.runs.items():
        remedy = f"Make it with: hw3 score --run {name} --profile {profile.name}"
        scores = read_json(folder(profile, name) / "scores.json", remedy)["scores"]
        found.append(Result(name, run.title, scores, published.get(name, {})))
    return found


def setting_rows(run: config.Run) -> list[list[Cell]]:
    """A run's setting, a row per thing that it sets: what, and its value in words."""
    encoder, decoder, training = run.encoder, run.decoder, run.training
    size = f", {encoder.image_size} px" if encoder.image_size else ""
    jitter = asdict(run.jitter)
    rates = ", ".join(f"{rate:g}" for rate in training.learning_rates)
    rows: list[list[Cell]] = [
        ["encoder", f"{encoder.name}{_arguments(encoder.arguments)}{size}"],
        ["its weights", encoder.weights.rsplit("/", 1)[-1]],
        ["mean / std", f"{_numbers(encoder.mean)} / {_numbers(encoder.std)}"],
        ["decoder", f"{decoder.layers} layers, {decoder.heads} heads, width {decoder.width or 'of the encoder'}"],
        ["feed-forward", decoder.feed_forward],
        ["dropout / attention dropout", f"{decoder.dropout:g} / {decoder.attention_dropout:g}"],
        ["colour jitter", ", ".join(f"{key} {value:g}" for key, value in jitter.items() if value) or "none"],
        ["learning rates", f"{rates}, {_schedule(training)}"],
        ["encoder's rate", f"{training.encoder_rate_scale:g} of it" + _frozen(training)],
        ["gradients clipped by value", f"-{training.clip_value:g} to {training.clip_value:g}"],
        ["captions per step", f"{training.batch_size}, {training.captions_per_image} of each image"],
        ["label smoothing", f"{training.label_smoothing:g}" if training.label_smoothing else "none"],
        [AVERAGE, f"decay {training.ema_decay:g}" if training.ema_decay else "none"],
        ["epochs at the most", training.epochs],
        [CRITICAL, _critical(run.self_critical)],
        [DECODING, f"beam search, {run.decoding.beams} beams" if run.decoding.beams > 1 else "greedy"],
    ]  # fmt: skip
    return rows


def _arguments(arguments: Mapping[str, Any]) -> str:
    """What makes a backbone another size than its name says, in brackets."""
    said = (
        f"{key} {'-'.join(map(str, value)) if isinstance(value, list) else value}" for key, value in arguments.items()
    )
    return f" ({', '.join(said)})" if arguments else ""


def _numbers(values: tuple[float, ...] | None) -> str:
    return "the backbone's own" if values is None else ", ".join(f"{value:g}" for value in values)


def _schedule(training: config.Training) -> str:
    fall = "falling along a cosine" if training.schedule == "cosine" else "in turn"
    return fall + (f", after {training.warmup_steps} steps of warm-up" if training.warmup_steps else "")


def _critical(setting: config.SelfCritical) -> str:
    if not setting.epochs:
        return "nothing"
    return f"{setting.epochs} epochs, {setting.samples} samples of each image, rate {setting.learning_rate:g}"


def _frozen(training: config.Training) -> str:
    return f", after {training.frozen_epochs} epochs frozen" if training.frozen_epochs else ""


def difference(profile: config.Profile, name: str, other: str | None = None, told: Collection[str] = ()) -> str:
    """What a run sets otherwise than the ``other`` one (the profile's best), in words; empty for that run itself.

    Settings that are ``told`` elsewhere are left out, by the names that :func:`setting_rows` gives them.
    """
    own, base = setting_rows(profile.run(name)), setting_rows(profile.run(other or profile.best_run))
    differing = [(key, value) for (key, value), (_, before) in zip(own, base, strict=True) if value != before]
    return "; ".join(f"{key}: {value}" for key, value in differing if key not in {"its weights", *told})


def single_factor(profile: config.Profile, name: str) -> str | None:
    """What a run sets otherwise than the best one, when it is one thing alone; ``None`` when it is several, or none."""
    found = difference(profile, name)
    return found if found and "; " not in found else None


def table(profile: config.Profile, found: list[Result]) -> tuple[list[str], list[list[Cell]]]:
    """Columns and rows: measured scores and, in columns of their own that say so, the published ones."""
    here = "demo" if profile.data == "demo" else "measured"
    recall = any("object_recall" in result.scores for result in found)
    columns = ["run", f"CIDEr, {here}", f"CLIPScore, {here}", *([f"object recall, {here}"] if recall else [])]
    columns += ["CIDEr, published", "CLIPScore, published"]
    rows = []
    for result in found:
        row: list[Cell] = [result.name, result.scores["CIDEr"], result.scores.get("CLIPScore")]
        row += [result.scores.get("object_recall")] if recall else []
        rows.append([*row, result.published.get("CIDEr"), result.published.get("CLIPScore")])
    return columns, rows


def conclusion(profile: config.Profile, found: list[Result]) -> str:
    """What the runs say, in Markdown; computed, so that it changes when the numbers do."""
    ranked = sorted(found, key=lambda result: -result.scores["CIDEr"])
    best = next(result for result in found if result.name == profile.best_run)
    order = " > ".join(f"{result.name} ({result.scores['CIDEr']:.3f})" for result in ranked)
    text = f"By CIDEr the runs come in this order: {order}. "
    others = [result for result in found if result is not best]
    behind = [result.name for result in others if result.scores["CIDEr"] < best.scores["CIDEr"]]
    text += f"The run `{best.name}` is ahead of {len(behind)} of {len(others)} others"
    if known := [result for result in found if "CIDEr" in result.published]:
        published = [result.name for result in sorted(known, key=lambda result: -result.published["CIDEr"])]
        same = [result.name for result in ranked if result in known] == published
        text += f"; the published order, {' > '.join(published)}, is {'the same' if same else 'another'}"
    text += ". Each ablation changes several things at once, so a gap belongs to the whole change and to no part of it."
    if profile.data == "demo":
        text += (
            " The demo's own CLIP is small and was trained on drawings: its cosines, and with them its CLIPScores, are"
            " higher than ViT-B/32's and can only be compared with one another. The backbones were not pretrained on"
            " the same number of pictures either; their model card gives it."
        )
    return text


def trained_on(scores: Mapping[str, Any]) -> str:
    """A caption's line on where a scores file comes from."""
    made = scores["provenance"]
    return f"Commit {made['commit']}, seed {made['seed']}, {made['device']}."
