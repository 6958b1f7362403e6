"""A picture of maps for every image of a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hw3lib.attention.maps import attend, save_npz
from hw3lib.attention.strip import save_strip
from hw3lib.attention.word_grid import save_png, word_grid
from hw3lib.data.images import list_images
from hw3lib.system.errors import UserError

if TYPE_CHECKING:
    from hw3lib.models.inference import LoadedRun


def attend_folder(
    loaded: LoadedRun,
    images_folder: str | Path,
    out_dir: str | Path,
    report: Callable[[str], None] = print,
    arrays: bool = False,
    strips: bool = False,
) -> list[Path]:
    """One picture per image of a folder, ``<name>.png``: the photograph and a map for every word of its caption.

    With ``arrays`` also the maps as numbers, ``<name>.npz`` (:func:`hw3lib.attention.maps.save_npz`); with ``strips``
    also an animation of the words, ``<name>.webp``. An unreadable image is reported and left out. Raises
    :class:`UserError` when none of them can be read, and where a picture would replace one of them.
    """
    images, out = list_images(images_folder), Path(out_dir)
    stems = [image.stem for image in images]
    # bike.jpg and bike.png in one folder keep their endings, so that neither picture replaces the other.
    paths = [out / f"{image.stem if stems.count(image.stem) == 1 else image.name}.png" for image in images]
    taken = {image.resolve() for image in images}
    for path in [*paths, *(path.with_suffix(".webp") for path in paths if strips)]:
        if path.resolve() in taken:
            raise UserError(f"a picture would replace the photograph {path}; write into another folder")
    written = []
    for image, path in zip(images, paths, strict=True):
        try:
            attention = attend(loaded, image)
        except UserError as error:
            report(f"left out: {error}")
            continue
        save_png(word_grid(attention), path)
        if arrays:
            save_npz(attention, path.with_suffix(".npz"))
        if strips:
            save_strip(attention, path.with_suffix(".webp"))
        written.append(path)
        report(f"{path}: {attention.caption}")
    if not written:
        raise UserError(f"none of the {len(images)} images in {images_folder} can be read")
    return written
