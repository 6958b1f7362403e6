"""``hw3 init``: a commented profile for one's own photographs, from what their folder and the captions' file hold."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from hw3lib import config, paths
from hw3lib.data.caption_files import CaptionFile, read_captions
from hw3lib.data.captions import load_captions
from hw3lib.data.images import left_out, list_images, problem_with
from hw3lib.data.labelled import load_labelled
from hw3lib.data.splits import rank
from hw3lib.system import files, threads
from hw3lib.system.errors import UserError
from hw3lib.system.messages import counted

VALIDATION = 0.1  # the share of the photographs that is validated on, where the captions' file has no splits
SHOWN = 5  # photographs that P3 shows
_SPLITS = (("train", "restval"), ("val",), ("test",))  # what such files call theirs

_HEAD = """\
# {photographs}
# What is not there is null, and the report says what it leaves out for that. Every key: docs/formats.md.
#   hw3 doctor --profile {name}       what is there, what is missing, how much memory and time it takes
#   make report PROFILE={name}        everything
title: {title}
data: other
seed: 2022

clip: {clip}

"""
_LABELLED = """\
p1:  # {count}
  images: {images}
  id2label: {labels}
{unlabelled}
"""
_ALONE = """\
  # To measure accuracy, name images <label id>_<n>.png (or .jpg) after these classes, or put them into a folder for
  # each class, and leave this line out:
  labelled: false
"""
_UNLABELLED = """\
# P1 asks CLIP to which of your classes a photograph belongs. It needs their names, a file with one a line (.txt) or
# {{"0": "bicycle", ...}}:
#   hw3 init {name} --photographs ... --labels FILE --force
# On images that are named <label id>_<n>.png (or .jpg), or that lie in a folder for each class, it measures accuracy,
# on others it shows what CLIP answers.
p1: null

"""
_CAPTIONED = """\
captions:
  # {count}
  train_images: {images}
  train_annotations: {captions}
  val_images: {images}
  val_annotations: {captions}
  # {split}
  train_splits: {train}
  val_splits: {val}
{test}
  tokenizer: {folder}/caption_tokenizer.json  # trained from the captions at the first use
  vocabulary_size: 8000  # at the most
  # val_instances: FILE  # COCO's instances of the validation photographs: object recall, CHAIR, grounding

p3:
  images: {shown}
  names: {names}  # those that P3 shows

runs:
{best}
      captions_per_image: {references}
      batch_size: {batch}  # captions of a step: {step} photographs with all of theirs
  # Another one to compare with says what differs:
  # {other}
  # From a trained run instead of from the encoder's own weights: start_from: FOLDER of `hw3 export`, or a hub's name
"""
_LARGE = """\
  best:  # as in configs/hw3.yaml, for a GPU; `hw3 init --small` writes one that a processor trains
    title: "Reference: Swin-L, feed-forward 2048"
    encoder: {name: swin_large_patch4_window7_224, image_size: 224}
    decoder: {layers: 8, heads: 8, width: 768, feed_forward: 2048}
    jitter: {brightness: 0.4, contrast: 0.4, saturation: 0.4}
    training:
      learning_rates: [1.0e-5, 3.0e-6, 1.0e-6]
      epochs: 30
      workers: 4"""
_SMALL = """\
  best:  # for a processor: the encoder never learns, and its features are computed once
    title: "MobileNetV2, frozen"
    encoder: {name: mobilenetv2_100, image_size: 224, frozen: true}
    decoder: {layers: 3, heads: 8, width: 256, feed_forward: 1024, dropout: 0.2, attention_dropout: 0.1}
    training:
      learning_rates: [1.0e-3]
      schedule: cosine
      epochs: 12
      validate_every: 3
      warmup_steps: 30
      label_smoothing: 0.1
      ema_decay: 0.99"""
_OTHER = {
    False: 'narrow: {like: best, title: "Feed-forward 1024", decoder: {feed_forward: 1024}}',
    True: 'untrained: {like: best, title: "MobileNetV2, not pretrained", encoder: {weights: none}}',
}
_TEST = """\
  # Results are told of the test photographs, which choose neither learning rates nor epochs:
  test_annotations: {captions}
  test_splits: {splits}"""
_NO_TEST = """\
  # Results are told of the photographs that chose the epochs, too; of half of them, the others choosing:
  # test_share: 0.5"""
_UNCAPTIONED = """\
# Captions (COCO's JSON, Karpathy's, BLIP's, or Flickr's table) would let runs be trained and judged:
#   hw3 init {name} --photographs ... --captions FILE --force
captions: null

p3:
  images: {shown}
  names: {names}  # those that P3 shows
  model: {model}  # the trained run that captions them: a folder of `hw3 export`, or a name on the Hugging Face hub
"""


@dataclass
class Begun:
    """A profile that was written, and what a reader should know of it."""

    profile: Path
    notes: list[str] = field(default_factory=list)


def begin(
    name: str,
    photographs: Path,
    captions: Path | None = None,
    labels: Path | None = None,
    model: str | None = None,
    force: bool = False,
    small: bool = False,
) -> Begun:
    """Write ``configs/<name>.yaml``; ``labels`` is P1's file of class names, ``model`` an exported run for P3.

    With captions it has a run to train: of full size, for a GPU, or ``small``, which a processor trains in minutes.

    Photographs without captions may lie in a folder for each class: without ``labels``, these folders' names become
    some, in ``data/<name>/labels.txt``; P3 shows some of the first folder's. Where no two photographs are named by a
    label or lie in such a folder, P1 shows what CLIP answers, and measures no accuracy.

    Raises :class:`UserError` where the profile is there already (unless ``force``), for a folder without photographs,
    and for captions or labels that cannot be read or that belong to other photographs.
    """
    begun = Begun(paths.config(name))
    if begun.profile.exists() and not force:
        raise UserError(f"{begun.profile} is there already; choose another name, or write it anew with --force")
    if small and not captions:
        raise UserError("--small is of the run that is trained with --captions")
    if captions and model:
        raise UserError("--from names the run of a profile without captions; with --captions runs are trained")
    if not config.NAME.fullmatch(name):
        raise UserError(f"a profile cannot be called {name!r}; letters, digits, -, _ and . make a name")
    file = read_captions(captions) if captions else None
    images = list_images(_flat(photographs, file), below=not file)
    nested = sorted({image.parent for image in images} - {photographs}) if not file else []
    places = {item: _place(photographs, file, item) for item in file.file_names.values()} if file else {}
    broken = _broken([*images, *(place for place in places.values() if place.is_file())])
    begun.notes += [f"left out: {problem}" for problem in broken.values()]
    readable = [image for image in images if image not in broken]
    if not readable:
        raise UserError(f"none of the {len(images)} photographs in {images[0].parent} can be read")
    folder = readable[0].parent
    names = [image.stem for image in readable if image.parent == folder]
    if others := [path for place in nested or [folder] for path in left_out(place)]:
        begun.notes.append(f"left out, as no image by its ending: {counted([path.name for path in others], 'file')}")
    if nested and not labels:
        labels = paths.root() / "data" / name / "labels.txt"
        classes = dict.fromkeys(place.name.replace("_", " ") for place in nested)  # as CLIP reads them
        files.write_text(labels, "".join(f"{line}\n" for line in classes))
        begun.notes.append(
            f"P1's classes are called as the {counted(list(classes), 'folder')}: {labels} has their names"
        )
    forms = Counter(image.suffix.lower() for image in images)
    told = ", ".join(f"{count} {form}" for form, count in forms.most_common())
    text = _HEAD.format(
        photographs=f"{len(images)} photographs ({told}){f', {len(broken)} of them unreadable' if broken else ''}",
        name=name,
        title=_text(name),
        clip="{model: ViT-B-32, pretrained: openai, batch_size: 64}" if captions or labels else "null",
    )
    text += _labelled(photographs, labels) if labels else _UNLABELLED.format(name=name)
    if labels and broken:
        begun.notes.append(f"P1 takes every image of {photographs}: move away what cannot be read")
    common = {"shown": _path(folder), "names": _list(_some(names)), "name": name}
    if file:
        usable = [item for item, place in places.items() if place.is_file() and place not in broken]
        text += _CAPTIONED.format(**common | _captioned(begun, name, photographs, file, usable, names, small))
    else:
        text += _UNCAPTIONED.format(
            **common, model=_path(Path(model)) if model and Path(model).is_dir() else _text(model)
        )
    files.write_text(begun.profile, text)
    config.load(begun.profile)
    return begun


def _flat(photographs: Path, file: CaptionFile | None) -> Path:
    """The folder whose photographs P3 shows: it holds them itself, while captions may name some in folders below."""
    nested = [name for name in (file.file_names.values() if file else ()) if "/" in name]
    return (photographs / nested[0]).parent if nested else photographs


def _labelled(photographs: Path, labels: Path) -> str:
    found = load_labelled(photographs, labels)
    known = sum(truth is not None for truth in found.truth)
    measured = known > 1  # one image is too few for any interval
    count = f"{f'{known} images with a' if measured else f'{len(found)} images without a'} label"
    return _LABELLED.format(
        count=f"{count}, {len(found.labels)} classes", images=_path(photographs), labels=_path(labels),
        unlabelled="" if measured else _ALONE,
    )  # fmt: skip


def _captioned(
    begun: Begun,
    name: str,
    photographs: Path,
    file: CaptionFile,
    usable: Sequence[str],
    names: Sequence[str],
    small: bool,
) -> dict[str, object]:
    """What the profile says of captions: where they are, and on which photographs runs learn and are judged.

    P3 shows some of the latter; ``names`` are those of its folder.
    """
    if lost := sorted(set(file.file_names.values()) - set(usable)):
        begun.notes.append(f"{file.path} names {counted(lost, 'image')} that cannot be had: left out")
    own = _own_splits(file)
    parts = [[item for item in usable if item in chosen] for chosen in map(set, own or _split(usable))]
    if len(parts[-1]) < 2 and len(parts) > 2:  # no interval can be had of one photograph
        parts.pop()
    if min(map(len, parts)) < 2:
        raise UserError(
            f"{file.path} has captions for {len(usable)} photographs of {photographs}; 4 are needed at least"
        )
    splits = [list(names) if own else [] for names, _ in zip(_SPLITS, parts, strict=False)]
    if lost or not own:
        folder = paths.root() / "data" / name
        for which, part, key in zip(("train", "val", "test"), parts, splits, strict=False):
            files.write_text(folder / f"{which}.txt", "".join(f"{item}\n" for item in part))
            key.append(f"data/{name}/{which}.txt")
    for key in splits:
        load_captions(file.path, photographs, splits=key)  # whatever else is wrong is told now
    references, step = max(1, min(5, *map(len, file.captions.values()))), 20 if small else 8
    said = "the file's own splits" if own else f"one in {round(1 / VALIDATION)}, chosen by the hash of its name"
    judged = f"{len(parts[1])} to be judged on" + (f", {len(parts[2])} to test on" if len(parts) > 2 else "")
    test = _TEST.format(captions=_path(file.path), splits=_list(splits[2])) if len(parts) > 2 else _NO_TEST
    return {
        "count": f"captions of {len(usable)} photographs, {sum(map(len, file.captions.values()))} in all",
        "images": _path(photographs), "captions": _path(file.path), "folder": f"data/{name}",
        "split": f"{len(parts[0])} photographs to learn from, {judged}: {said}",
        "train": _list(splits[0]), "val": _list(splits[1]), "test": test,
        "names": _list(_some([stem for item in parts[-1] if (stem := Path(item).stem) in names])),
        "best": _SMALL if small else _LARGE, "other": _OTHER[small],
        "references": references, "batch": step * references, "step": step,
    }  # fmt: skip


def _own_splits(file: CaptionFile) -> list[list[str]] | None:
    """The file's training and validation images, and those of its test if any, where it has such splits."""
    parts: list[list[str]] = []
    with suppress(UserError):  # it has no such split
        for names in _SPLITS:
            parts.append(list(read_captions(file.path, names).file_names.values()))
    return None if len(parts) < 2 or set(parts[0]) & set(parts[1]) else parts


def _split(names: Sequence[str]) -> list[list[str]]:
    """By the hash of the name, so that a photograph stays where it is when others come."""
    ordered = sorted(names, key=rank)
    count = max(2, sum(rank(name) < VALIDATION for name in names))
    return [ordered[count:], ordered[:count]]


def _place(photographs: Path, file: CaptionFile, name: str) -> Path:
    """Where a photograph lies that the captions name: in the folder itself, or in the one that the file says."""
    longer = photographs / file.folders.get(name, "") / name
    return longer if longer.is_file() else photographs / name


def _broken(photographs: Sequence[Path]) -> dict[Path, str]:
    """What is wrong with those that cannot be read."""
    chosen = list(dict.fromkeys(photographs))
    with ThreadPoolExecutor(threads.count()) as pool:
        return {path: problem for path, problem in zip(chosen, pool.map(problem_with, chosen), strict=True) if problem}


def _some(names: Sequence[str]) -> Sequence[str]:
    """A few, from the first to the last."""
    return names[:: max(1, len(names) // SHOWN)][:SHOWN]


def _list(texts: Sequence[str]) -> str:
    return f"[{', '.join(map(_text, texts))}]"


def _path(path: Path) -> str:
    """As a profile names it: from the project where it lies there, else whole."""
    whole = path.resolve()
    return _text(str(whole.relative_to(paths.root()) if whole.is_relative_to(paths.root()) else whole))


def _text(text: str | None) -> str:
    return "null" if text is None else json.dumps(text, ensure_ascii=False)
