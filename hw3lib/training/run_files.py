"""A run's files: what its result follows from, whether it is current, what it logged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hw3lib import config, paths
from hw3lib.config import folder, settings_of
from hw3lib.data.inputs import content, digest
from hw3lib.models.captioner import WEIGHTS, hub_file
from hw3lib.models.clip_texts import text_files
from hw3lib.models.experiment import Experiment
from hw3lib.models.inference import model_source
from hw3lib.system import files, provenance
from hw3lib.system.errors import UserError

Event = dict[str, Any]


def identity(profile: config.Profile, run: str) -> str:
    """A short hash of all that a run's result follows from: settings, seed, and the content of the files it reads.

    Weights count by their content, wherever they lie. Of test images only their names count, by which they are
    captioned: another caption of one changes scores, and nothing that was trained.
    """
    settings = settings_of(profile.run(run))
    weights = settings["encoder"]["weights"]
    if weights not in ("pretrained", "none"):
        settings["encoder"]["weights"] = content(weights)
    if start := profile.run(run).start_from:
        settings["start_from"] = digest(hub_file(model_source(start), WEIGHTS))
    clip = settings_of(profile.clip) if profile.clip else None
    if profile.clip and clip:
        clip |= {key: content(clip[key]) for key in ("model", "pretrained")}
        if texts := text_files(profile.clip):
            clip["texts"] = [digest(path) for path in texts]
    captions = profile.require_captions()
    data = settings_of(captions)
    # Shards have captions of their own, which count where no file with others is named.
    sources = [captions.train_annotations or captions.train_images, captions.tokenizer]
    if captions.reported == "test":
        data = {key: value for key, value in data.items() if key == "test_share" or not key.startswith("test_")}
        experiment = Experiment(profile)
        validation = experiment.validation
        data |= {"validation": [validation.names, validation.captions], "test": experiment.reported.names}
    else:
        sources.append(captions.val_annotations)
    sources += [split for split in (*captions.train_splits, *captions.val_splits) if split.endswith(".txt")]
    facts = {
        "run": settings,
        "captions": data,
        "clip": clip,
        "seed": profile.seed_of(run),
        "files": {source: digest(paths.resolve(source)) for source in sources},
    }
    return provenance.fingerprint(facts)


def is_current(profile: config.Profile, run: str) -> bool:
    """Whether the run has finished with exactly these settings and files."""
    target = folder(profile, run)
    needed = ("done.json", "best.safetensors", "predictions.json", "log.jsonl")
    if not all((target / name).is_file() for name in needed):
        return False
    return bool(files.read_json(target / "done.json").get("identity") == identity(profile, run))


def read_log(target: Path) -> list[Event]:
    """The events of a run, oldest first; a last line that a kill cut short is left out."""
    path = target / "log.jsonl"
    if not path.is_file():
        raise UserError(f"{path} is missing; train the run first: hw3 train {config.training_of(target)}")
    events = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            events.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return events
