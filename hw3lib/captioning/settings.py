"""What a run sets, and in what two runs differ: records over every field of :class:`hw3lib.config.Run`.

Fields that are spoken of together are one setting: one row of a run's table, one factor of an experiment. A field that
nobody has put into words is a setting of its own under its path in the profile, so that none can be forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hw3lib import config
from hw3lib.display.prose import general

AVERAGE, SELF_CRITICAL, DECODING = "moving average of the weights", "self-critical training", "decoding"
RECIPE = (AVERAGE, SELF_CRITICAL, DECODING)  # the components that a run also captions without


@dataclass(frozen=True)
class Setting:
    """One setting of a run: the fields behind it by their paths (``decoder.feed_forward``), and its value in words."""

    label: str
    values: dict[str, Any]
    words: str


@dataclass(frozen=True)
class Difference:
    """A setting in which a run differs from another, in the run's words; the other's value stands second."""

    label: str
    values: dict[str, tuple[Any, Any]]  # of the fields that differ, by their paths
    words: str


def settings(run: config.Run) -> list[Setting]:
    """Everything that a run sets, in the configuration's order.

    >>> [row.words for row in settings(config.Run(title="plain")) if row.label == "feed-forward"]
    ['2048']
    """
    labels = {path: label for label, paths in _LABELS.items() for path in paths}
    rows: dict[str, dict[str, Any]] = {}
    for key, value in config.leaves(run):
        label = labels.get(key) or labels.get(key.split(".")[0]) or key
        rows.setdefault(label, {})[key] = value
    return [
        Setting(label, values, _WORDS[label](run) if label in _WORDS else ", ".join(map(_words, values.values())))
        for label, values in rows.items()
    ]


def differences(run: config.Run, other: config.Run) -> list[Difference]:
    """What ``run`` sets otherwise than ``other``, over the whole configuration.

    >>> wide = config.Run(title="wide", decoder=config.Decoder(feed_forward=4096))
    >>> differences(wide, config.Run(title="plain"))
    [Difference(label='feed-forward', values={'decoder.feed_forward': (4096, 2048)}, words='4096')]
    """
    changed = []
    for setting, before in zip(settings(run), settings(other), strict=True):
        values = {key: (value, before.values[key]) for key, value in setting.values.items()}
        values = {key: pair for key, pair in values.items() if pair[0] != pair[1]}
        if values:
            changed.append(Difference(setting.label, values, _beside(setting, before)))
    return changed


def sentence(changes: Sequence[Difference]) -> str:
    """Differences in words; empty without any."""
    return "; ".join(f"{difference.label}: {difference.words}" for difference in changes)


def side_by_side(runs: Sequence[config.Run]) -> list[tuple[str, list[str]]]:
    """The settings in which runs differ, and each run's value; empty where it is the first one's."""
    rows: list[tuple[str, list[str]]] = []
    for first, *others in zip(*map(settings, runs), strict=True):
        if any(other.values != first.values for other in others):
            cells = [first.words, *(_beside(other, first) if other.values != first.values else "" for other in others)]
            if first.label == "encoder":  # a backbone's name is longer than a column is wide: it may break at its parts
                cells = [re.sub(r"([_.])(?=[a-z])", "\\1\N{ZERO WIDTH SPACE}", cell) for cell in cells]
            rows.append((first.label, cells))
    return rows


def _beside(setting: Setting, other: Setting) -> str:
    """The setting's words; with the values that differ where the words leave them out, as a greedy search's width."""
    if setting.words != other.words:
        return setting.words
    values = [f"{key} {_words(value)}" for key, value in setting.values.items() if value != other.values[key]]
    return f"{setting.words} ({', '.join(values)})"


def _words(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "not set" if value is None else "yes" if value else "no"
    if isinstance(value, dict):  # a backbone's arguments: what makes it another size than its name says
        return ", ".join(f"{key} {_words(below)}" for key, below in value.items())
    if isinstance(value, list | tuple):
        return ("-" if isinstance(value, list) else ", ").join(map(_words, value))
    return general(value) if isinstance(value, float) else str(value)


def _encoder(run: config.Run) -> str:
    encoder = run.encoder
    arguments = f" ({_words(encoder.arguments)})" if encoder.arguments else ""
    size = f", {encoder.image_size} px" if encoder.image_size else ""
    file = "" if encoder.weights in ("pretrained", "none") else "from file "
    return f"{encoder.name}{arguments}{size}, weights {file}{encoder.weights.rsplit('/', 1)[-1]}"


def _statistics(run: config.Run) -> str:
    values = (run.encoder.mean, run.encoder.std)
    return " / ".join("the backbone's own" if value is None else _words(value) for value in values)


def _decoder(run: config.Run) -> str:
    decoder = run.decoder
    return f"{decoder.layers} layers, {decoder.heads} heads" + (f", width {decoder.width}" if decoder.width else "")


def _jitter(run: config.Run) -> str:
    return ", ".join(f"{key} {value:g}" for key, value in asdict(run.jitter).items() if value) or "none"


def _learning_rates(run: config.Run) -> str:
    training = run.training
    words = _words(training.learning_rates)
    if training.schedule == "cosine":
        words += ", cosine decay to 0"
    else:
        words += " in turn" if len(training.learning_rates) > 1 else ", constant"
        words += f", for at most {_words(training.stage_epochs)} epochs" if training.stage_epochs else ""
        words += f", patience {training.patience}"
    return words + (f", {training.warmup_steps} warm-up steps" if training.warmup_steps else "")


def _encoder_rate(run: config.Run) -> str:
    frozen = run.training.frozen_epochs
    rewarded = run.self_critical.epochs and run.self_critical.encoder_rate_scale
    if run.encoder.frozen or (frozen >= run.training.epochs and not rewarded):
        return "none: encoder frozen throughout"
    scale = run.training.encoder_rate_scale
    rate = "the decoder's" if scale == 1 else f"{scale:g} times the decoder's"
    return rate + (f", after {frozen} epochs with a frozen encoder" if frozen else "")


def _epochs(run: config.Run) -> str:
    critical = run.self_critical.epochs
    return f"{run.training.epochs}" + (f", then {critical} of self-critical training" if critical else "")


def _self_critical(run: config.Run) -> str:
    stage = run.self_critical
    if not stage.epochs:
        return "none"
    encoder = (
        f"{stage.encoder_rate_scale:g} times that for the encoder" if stage.encoder_rate_scale else "frozen encoder"
    )
    return (
        f"{stage.epochs} epochs, {stage.samples} samples per image, {stage.images_per_step} images per step, "
        f"learning rate {general(stage.learning_rate)}, {encoder}"
    )


def _decoding(run: config.Run) -> str:
    decoding = run.decoding
    if decoding.beams == 1:
        return "greedy"
    return f"beam search, {decoding.beams} beams, length penalty {decoding.length_penalty:g}"


# What goes by a name: the fields, or the whole parts of a run, that stand together under it.
_LABELS = {
    "trained weights to start from": ("start_from",),
    "encoder": ("encoder.name", "encoder.weights", "encoder.arguments", "encoder.image_size"),
    "crop": ("encoder.crop_mode",),
    "mean / std": ("encoder.mean", "encoder.std"),
    "decoder": ("decoder.layers", "decoder.heads", "decoder.width"),
    "feed-forward": ("decoder.feed_forward",),
    "dropout": ("decoder.dropout",),
    "attention dropout": ("decoder.attention_dropout",),
    "output layer tied to the embeddings": ("decoder.tied_head",),
    "longest caption, tokens": ("decoder.max_length",),
    "colour jitter": ("jitter",),
    "learning rates": (
        "training.learning_rates",
        "training.schedule",
        "training.stage_epochs",
        "training.patience",
        "training.warmup_steps",
    ),
    "encoder's learning rate": ("training.encoder_rate_scale", "training.frozen_epochs", "encoder.frozen"),
    "epochs, at most": ("training.epochs",),
    "epochs between validations": ("training.validate_every",),
    "captions per step": ("training.batch_size", "training.captions_per_image"),
    "gradient accumulation, parts of a step": ("training.accumulate",),
    "optimizer": ("training.optimizer",),
    "weight decay": ("training.weight_decay",),
    "gradients clipped by value": ("training.clip_value",),
    "captions of like length share a step": ("training.bucket_lengths",),
    "precision": ("training.precision",),
    "activations computed twice, to save memory": ("training.activation_checkpointing",),
    "compiled (torch.compile)": ("training.compile",),
    "deterministic, on a GPU": ("training.deterministic",),
    "images at a validation, at most": ("training.validate_images",),
    "data-loading processes": ("training.workers",),
    "label smoothing": ("training.label_smoothing",),
    AVERAGE: ("training.ema_decay",),
    SELF_CRITICAL: ("self_critical",),
    DECODING: ("decoding",),
}
_WORDS: dict[str, Callable[[config.Run], str]] = {  # of those whose values do not speak for themselves
    "trained weights to start from": lambda run: Path(run.start_from).name if run.start_from else "none",
    "encoder": _encoder,
    "mean / std": _statistics,
    "decoder": _decoder,
    "colour jitter": _jitter,
    "learning rates": _learning_rates,
    "encoder's learning rate": _encoder_rate,
    "epochs, at most": _epochs,
    "optimizer": lambda run: {"adamw": "AdamW", "muon": "Muon for the decoder's matrices, AdamW for the rest"}[
        run.training.optimizer
    ],
    "captions per step": lambda run: f"{run.training.batch_size}, {run.training.captions_per_image} per image",
    "gradients clipped by value": lambda run: (
        f"\N{MINUS SIGN}{run.training.clip_value:g} to {run.training.clip_value:g}"
    ),
    AVERAGE: lambda run: f"decay {run.training.ema_decay:g}" if run.training.ema_decay else "none",
    SELF_CRITICAL: _self_critical,
    DECODING: _decoding,
}
