"""Files of captions and the photographs that they name: read and checked."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from hw3lib import paths
from hw3lib.data import shards
from hw3lib.data.caption_files import CaptionFile, read_captions
from hw3lib.data.caption_set import CaptionSet
from hw3lib.data.images import Photograph
from hw3lib.system.errors import UserError
from hw3lib.system.messages import counted

if TYPE_CHECKING:
    from hw3lib.config import Captions


def training_captions(captions_config: Captions, limit: int | None = None) -> CaptionSet:
    """A profile's training set, from files or from shards; see :func:`load_captions`."""
    annotations = captions_config.train_annotations
    images, splits = paths.resolve(captions_config.train_images), captions_config.train_splits
    return load_captions(paths.resolve(annotations) if annotations else None, images, limit, splits)


def load_captions(
    annotations_file: str | Path | None,
    image_folder: str | Path,
    limit: int | None = None,
    splits: Sequence[str] = (),
) -> CaptionSet:
    """Read a file of captions and check it against the image folder, or the shards (:mod:`hw3lib.data.shards`).

    Shards have captions of their own, which count where no file is named. ``splits`` are those of the file
    (:func:`~hw3lib.data.caption_files.read_captions`), ``limit`` keeps the first so many images. Images of the folder
    that the file does not name are left out. The folder may be a link; what the file names must lie in it, also after
    every further link is followed: a foreign file could name any picture of the disk otherwise.
    Raises :class:`UserError` as :func:`~hw3lib.data.caption_files.read_captions` does, for images that the folder lacks
    or that lie outside of it, and for bad shards.
    """
    if annotations_file is None:
        if not shards.is_shards(image_folder):
            raise UserError(f"{image_folder} is a folder of photographs: a file with their captions must be named too")
        return shards.load(image_folder, limit)
    file = read_captions(annotations_file, splits)
    photographs = _photographs(file, Path(image_folder))
    captions = CaptionSet(
        paths=tuple(photographs[file_name] for file_name in file.file_names.values()),
        names=tuple(file.names),
        ids=tuple(file.file_names),
        captions=tuple(tuple(file.captions[image_id]) for image_id in file.file_names),
    )
    return captions.subset(range(len(captions))[:limit])


def _photographs(file: CaptionFile, folder: Path) -> Mapping[str, Photograph]:
    """The photograph of each file name; a :class:`UserError` where any is not in the folder or the shards."""
    path, file_names = file.path, list(file.file_names.values())
    if shards.is_shards(folder):
        photographs = shards.locate(folder, file_names)
    else:
        if not folder.is_dir():
            raise UserError(f"there is no folder {folder}, which should hold the {len(file_names)} images of {path}")
        longer = {name: f"{file.folders[name]}/{name}" for name in file_names if name in file.folders}
        if outside := _leading_out(folder, [*file_names, *longer.values()]):
            raise UserError(
                f"{path} names {counted(outside, 'image')} outside of {folder} (of {len(file_names)}); "
                "put the files themselves into that folder, and name them by their paths from there"
            )
        present = _locate(folder, [*file_names, *longer.values()])
        photographs = {**{name: present[place] for name, place in longer.items() if place in present}, **present}
    missing = [file_name for file_name in file_names if file_name not in photographs]
    if missing:
        raise UserError(
            f"{path} names {counted(missing, 'image')} that {folder} lacks (of {len(file_names)}); put them there"
        )
    return photographs


def _locate(folder: Path, file_names: Sequence[str]) -> Mapping[str, Photograph]:
    """Those of the files that the folder holds."""
    present = {entry.name for entry in os.scandir(folder) if not entry.is_dir()}
    # os.path's test takes names that no file can have; a large set has a hundred thousand plain names.
    return {
        name: folder / name
        for name in file_names
        if (os.path.isfile(folder / name) if "/" in name else name in present)
    }


def _leading_out(folder: Path, names: Sequence[str]) -> list[str]:
    """Those of the names that lead out of the folder, by themselves or through a link."""
    home = os.path.realpath(folder)
    links = {entry.name for entry in os.scandir(folder) if entry.is_symlink()}

    def leads_out(name: str) -> bool:
        relative = PurePosixPath(name)
        if relative.is_absolute() or ".." in relative.parts:
            return True
        # Only what may be a link is looked at: a large set has a hundred thousand names.
        if "\0" in name or ("/" not in name and name not in links):
            return False
        return os.path.commonpath([home, os.path.realpath(os.path.join(home, name))]) != home

    return [name for name in names if leads_out(name)]
