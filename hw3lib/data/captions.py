"""COCO's caption files and the photographs that they name: read and checked."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from hw3lib import paths
from hw3lib.data.caption_set import CaptionSet
from hw3lib.data.images import Photograph
from hw3lib.data.predictions import refuse_doubles, text_of
from hw3lib.system.errors import UserError
from hw3lib.system.files import read_json
from hw3lib.system.messages import _some

if TYPE_CHECKING:
    from hw3lib.config import Captions

_LAYOUT = "The layout is described in the README under 'Your own data'."


def training_captions(captions: Captions, limit: int | None = None) -> CaptionSet:
    """A profile's training set, from files or from shards; see :func:`load_captions`."""
    annotations = captions.train_annotations
    where = paths.resolve(captions.train_images)
    return load_captions(paths.resolve(annotations) if annotations else None, where, limit)


def load_captions(
    annotations_json: str | Path | None, image_folder: str | Path, limit: int | None = None
) -> CaptionSet:
    """Read COCO's caption JSON and check it against the image folder, or the shards (:mod:`hw3lib.data.shards`).

    Shards have captions of their own, which count where no file is named. ``limit`` keeps the first so many images.
    Images of the folder that the file does not name are left out. The folder may be a link; what the file names must
    lie in it, also after every further link is followed: a foreign file could name any picture of the disk otherwise.
    Raises :class:`UserError` for a malformed file, for images that the folder lacks or that lie outside of it, for
    images without a caption, for captions without an image, for two images whose names differ by their ending only, for
    entries that are listed twice, and for bad shards.
    """
    from hw3lib.data import shards

    sharded = shards.is_shards(image_folder)
    if annotations_json is None:
        if not sharded:
            raise UserError(f"{image_folder} is a folder of photographs: a file with their captions must be named too")
        return shards.load(image_folder, limit)
    path, folder = Path(annotations_json), Path(image_folder)
    raw = read_json(path, _LAYOUT)
    try:
        images = [(int(image["id"]), str(image["file_name"])) for image in raw["images"]]
        annotations = [(int(item["image_id"]), text_of(item["caption"])) for item in raw["annotations"]]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        kind = f"the key {error}" if isinstance(error, KeyError) else str(error)
        raise UserError(f"{path} is not a caption file as COCO writes them: {kind}. {_LAYOUT}") from None
    if not images:
        raise UserError(f"{path} names no image")
    refuse_doubles(path, raw)

    captions: dict[int, list[str]] = defaultdict(list)
    for image_id, caption in annotations:
        if caption.strip():
            captions[image_id].append(" ".join(caption.split()))
    unknown = sorted(set(captions) - {image_id for image_id, _ in images})
    if unknown:
        raise UserError(f"{path} has captions for {_some(unknown, 'image id')} that its own list of images lacks")

    if not sharded and not folder.is_dir():
        raise UserError(f"there is no folder {folder}, which should hold the {len(images)} images that {path} names")
    located = (shards.locate if sharded else _locate)(folder, [name for _, name in images])
    missing = [name for _, name in images if name not in located]
    outside = [] if sharded else _leading_out(folder, [name for _, name in images])
    if outside:
        raise UserError(
            f"{path} names {_some(outside, 'image')} outside of {folder} (of {len(images)}); "
            "put the files themselves into that folder, and name them by their paths from there"
        )
    if missing:
        raise UserError(f"{path} names {_some(missing, 'image')} that {folder} lacks (of {len(images)})")
    silent = [name for image_id, name in images if image_id not in captions]
    if silent:
        raise UserError(f"{path} has no caption for {_some(silent, 'image')}")
    names = [PurePosixPath(name).stem for _, name in images]
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise UserError(
            f"{path} names {_some(twice, 'image')} more than once (their names differ by ending at the most)"
        )

    images, names = images[:limit], names[:limit]
    return CaptionSet(
        paths=tuple(located[name] for _, name in images),
        names=tuple(names),
        ids=tuple(image_id for image_id, _ in images),
        captions=tuple(tuple(captions[image_id]) for image_id, _ in images),
    )


def _locate(folder: Path, names: Sequence[str]) -> Mapping[str, Photograph]:
    """Those of the files that the folder holds."""
    present = {entry.name for entry in folder.iterdir()}
    return {name: folder / name for name in names if _inside(folder, name, present)}


def _inside(folder: Path, name: str, present: set[str]) -> bool:
    """Whether the folder holds the file; a name that leads out of the folder is none of its files."""
    relative = PurePosixPath(name)
    if _climbs(name):
        return False
    # os.path's test takes names that no file can have.
    return name in present if len(relative.parts) == 1 else os.path.isfile(folder / relative)


def _climbs(name: str) -> bool:
    relative = PurePosixPath(name)
    return relative.is_absolute() or ".." in relative.parts or "\\" in name


def _leading_out(folder: Path, names: Sequence[str]) -> list[str]:
    """Those of the names that lead out of the folder, by themselves or through a link."""
    home = os.path.realpath(folder)
    links = {entry.name for entry in os.scandir(folder) if entry.is_symlink()}

    def leads_out(name: str) -> bool:
        # Only what may be a link is looked at: a large set has a hundred thousand names.
        if _climbs(name) or "\0" in name:
            return _climbs(name)
        if "/" not in name and name not in links:
            return False
        return os.path.commonpath([home, os.path.realpath(os.path.join(home, name))]) != home

    return [name for name in names if leads_out(name)]
