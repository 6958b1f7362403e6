"""Trained runs: where they lie, whether they are current, what they logged, and captions from them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hw3lib import config, paths
from hw3lib.captioner import Captioner
from hw3lib.data import shards
from hw3lib.data.images import counted, unreadable
from hw3lib.data.loader import load_images
from hw3lib.data.tokenizer import CaptionTokenizer, for_profile
from hw3lib.data.transform import ImageTransform
from hw3lib.decoding import Caption
from hw3lib.system import files, out_of_memory, provenance
from hw3lib.system.errors import UserError
from hw3lib.validation import decode, encoded

Event = dict[str, Any]
# Of an event: what is never the same twice.
_PORTION = 512  # images that are in memory at a time
MEASURED = ("seconds", "images_per_s", "tokens_per_s", "data_wait", "peak_memory_gb")


def folder(profile: config.Profile, run: str) -> Path:
    """Where everything of a run lies."""
    return paths.runs(profile.name) / "p2" / run


def identity(profile: config.Profile, run: str) -> str:
    """A short hash of all that a run's result follows from: settings, seed, and the content of the files it reads."""
    settings = profile.run(run)
    captions = profile.captions
    # Shards have captions of their own, which count where no file with others is named.
    sources = [captions.train_annotations or captions.train_images, captions.val_annotations, captions.tokenizer]
    if settings.encoder.weights not in ("pretrained", "none"):
        sources.append(settings.encoder.weights)
    if profile.clip and profile.clip.pretrained:
        sources += [profile.clip.model, profile.clip.pretrained]
    known = {key: value for key, value in asdict(settings).items() if key not in ("title", "built_on")}
    facts = {
        "run": known,
        "captions": {key: value for key, value in asdict(captions).items() if key != "keep_decoded"},
        "clip": asdict(profile.clip) if profile.clip else None,
        "seed": profile.seed,
        "files": {source: _digest(paths.resolve(source)) for source in sources},
    }
    return provenance.fingerprint(facts)


def _digest(path: Path) -> str:
    if shards.is_shards(path):
        return shards.digest(path)
    if not path.is_file():
        return "absent"  # also what a tag ("openai") is
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
        raise UserError(f"{path} is missing; train the run first: hw3 train {target.name}")
    events = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            events.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return events


@dataclass(frozen=True)
class LoadedRun:
    """A trained captioner, ready to caption."""

    model: Captioner
    tokenizer: CaptionTokenizer
    transform: ImageTransform
    run: config.Run  # as it was trained
    folder: Path


def load_run(profile: config.Profile, run: str, device: str = "cpu") -> LoadedRun:
    """The best weights of a run; :class:`UserError` with the command that trains it when there are none.

    ``device`` may be ``auto``: a GPU where there is one.
    """
    if device == "auto":
        import torch

        device = "cuda" if torch.cuda.is_available() else "cpu"
    target = folder(profile, run)
    profile.run(run)
    if not (target / "best.safetensors").is_file():
        raise UserError(f"run {run} is not trained yet; train it with: hw3 train {run} --profile {profile.name}")
    try:
        model = Captioner.load(target / "best.safetensors").to(device)
    except UserError as error:
        raise UserError(f"{error}: hw3 train {run} --fresh --profile {profile.name}") from None
    tokenizer = for_profile(profile)
    if tokenizer.size != model.vocabulary_size:
        raise UserError(
            f"{target} was trained with {model.vocabulary_size} tokens but {profile.captions.tokenizer} has "
            f"{tokenizer.size}; put the former tokenizer back, or train again: hw3 train {run} --profile {profile.name}"
        )
    return LoadedRun(model, tokenizer, model.transform(train=False), model.run, target)


class Unreadable(UserError):
    """Photographs that cannot be read, counted and listed."""


def _refuse(problems: Sequence[str], of: int) -> None:
    if problems:
        raise Unreadable(counted(problems, of))


def caption_images(
    loaded: LoadedRun,
    image_paths: Sequence[Path],
    batch_size: int = 32,
    on_unreadable: Callable[[Path, str], None] | None = None,
) -> dict[str, Caption]:
    """Captions by image name, in the order of the paths, decoded as the run's configuration says.

    Unreadable photographs are refused with :class:`Unreadable`, which lists them all, before any is captioned; or left
    out where ``on_unreadable`` takes note of each.
    """
    names = [Path(path).stem for path in image_paths]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UserError(
            f"two images are called {twice!r} but for their endings, and captions are kept by that name; rename one"
        )
    if on_unreadable is None and len(image_paths) > _PORTION:
        # Decoded twice, a hundredth of the time: nobody should wait for captions that end in a refusal.
        _refuse(unreadable(image_paths), len(image_paths))
    found: dict[str, Caption] = {}
    # In portions, so that a folder of any size needs little memory.
    for start in range(0, len(image_paths), _PORTION):
        images, bad = load_images([Path(path) for path in image_paths[start : start + _PORTION]], loaded.transform)
        if on_unreadable is None:
            _refuse(list(bad.values()), len(image_paths))
        for path, problem in bad.items():
            on_unreadable(path, problem) if on_unreadable else None
        with out_of_memory.advice(f"lower the batch size (--batch-size, now {batch_size})"):
            captions = [
                caption
                for remembered in encoded(loaded.model, images, batch_size)
                for caption in decode(loaded.model, remembered, loaded.tokenizer, loaded.run.decoding)
            ]
        found |= {path.stem: caption for path, caption in zip(images.paths, captions, strict=True)}
    return found
