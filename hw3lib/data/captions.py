"""COCO's caption files and the photographs that they name: read and checked."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from hw3lib import paths
from hw3lib.data import shards
from hw3lib.data.caption_set import CaptionSet
from hw3lib.data.coco import image_name, read_captions
from hw3lib.data.images import Photograph
from hw3lib.system.errors import UserError
from hw3lib.system.messages import counted

if TYPE_CHECKING:
    from hw3lib.config import Captions


def training_captions(captions_config: Captions, limit: int | None = None) -> CaptionSet:
    """A profile's training set, from files or from shards; see :func:`load_captions`."""
    annotations = captions_config.train_annotations
    images = paths.resolve(captions_config.train_images)
    return load_captions(paths.resolve(annotations) if annotations else None, images, limit)


def load_captions(
    annotations_json: str | Path | None, image_folder: str | Path, limit: int | None = None
) -> CaptionSet:
    """Read COCO's caption JSON and check it against the image folder, or the shards (:mod:`hw3lib.data.shards`).

    Shards have captions of their own, which count where no file is named. ``limit`` keeps the first so many images.
    Images of the folder that the file does not name are left out. The folder may be a link; what the file names must
    lie in it, also after every further link is followed: a foreign file could name any picture of the disk otherwise.
    Raises :class:`UserError` as :func:`hw3lib.data.coco.read_captions` does, for images that the folder lacks or that
    lie outside of it, and for bad shards.
    """
    if annotations_json is None:
        if not shards.is_shards(image_folder):
            raise UserError(f"{image_folder} is a folder of photographs: a file with their captions must be named too")
        return shards.load(image_folder, limit)
    file = read_captions(annotations_json)
    photographs = _photographs(file.path, list(file.file_names.values()), Path(image_folder))
    captions = CaptionSet(
        paths=tuple(photographs[file_name] for file_name in file.file_names.values()),
        names=tuple(map(image_name, file.file_names.values())),
        ids=tuple(file.file_names),
        captions=tuple(tuple(file.captions[image_id]) for image_id in file.file_names),
    )
    return captions.subset(range(len(captions))[:limit])


def _photographs(path: Path, file_names: Sequence[str], folder: Path) -> Mapping[str, Photograph]:
    """The photograph of each of the file names; a :class:`UserError` where any is not in the folder or the shards."""
    if shards.is_shards(folder):
        photographs = shards.locate(folder, file_names)
    else:
        if not folder.is_dir():
            raise UserError(f"there is no folder {folder}, which should hold the {len(file_names)} images of {path}")
        if outside := _leading_out(folder, file_names):
            raise UserError(
                f"{path} names {counted(outside, 'image')} outside of {folder} (of {len(file_names)}); "
                "put the files themselves into that folder, and name them by their paths from there"
            )
        photographs = _locate(folder, file_names)
    missing = [file_name for file_name in file_names if file_name not in photographs]
    if missing:
        raise UserError(
            f"{path} names {counted(missing, 'image')} that {folder} lacks (of {len(file_names)}); put them there"
        )
    return photographs


def _locate(folder: Path, file_names: Sequence[str]) -> Mapping[str, Photograph]:
    """Those of the files that the folder holds."""
    present = {entry.name for entry in os.scandir(folder) if not entry.is_dir()}

    def is_there(name: str) -> bool:
        # os.path's test takes names that no file can have; a large set has a hundred thousand plain names.
        return os.path.isfile(folder / name) if "/" in name else name in present

    return {name: folder / name for name in file_names if is_there(name)}


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
