"""A run's files: what its result follows from, whether it is current, what it logged."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

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
_FINISHED = ("best.safetensors", "predictions.json", "log.jsonl", "done.json")


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
    return _finished(folder(profile, run), identity(profile, run))


def _finished(target: Path, as_what: str) -> bool:
    if not all((target / name).is_file() for name in _FINISHED):
        return False
    return bool(files.read_json(target / _FINISHED[-1]).get("identity") == as_what)


def take_over(profile: config.Profile, run: str) -> Path | None:
    """Where the run is not current, copy a finished training of the same name and identity; returns its folder.

    Such is another profile's, or that of a time when the run had one seed, or several. ``None`` where there is none.
    """
    target, same = folder(profile, run), identity(profile, run)
    if _finished(target, same):
        return None
    homes = paths.runs("*").relative_to(paths.root()) / "p2" / run.partition("/")[0]
    found = [done.parent for place in ("", "seed_*") for done in paths.root().glob(f"{homes / place}/{_FINISHED[-1]}")]
    for source in sorted(found):
        if _finished(source, same):
            shutil.rmtree(target / "variants", ignore_errors=True)
            variants = [str(path.relative_to(source)) for path in source.glob("variants/*.json")]
            for name in (*variants, *_FINISHED):  # the last one says that it is whole
                with files.atomic(target / name) as temporary:
                    shutil.copyfile(source / name, temporary)
            write_settings(profile, run)
            return source
    return None


def write_settings(profile: config.Profile, run: str) -> None:
    """Write ``config.yaml``: what a training follows from, for readers."""
    settings = {"profile": profile.name, "seed": profile.seed_of(run), "name": run} | asdict(profile.run(run))
    text = yaml.safe_dump(json.loads(json.dumps(settings)), sort_keys=False, allow_unicode=True)
    files.write_text(folder(profile, run) / "config.yaml", text)


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
