"""Photographs on disk: listed, opened upright as RGB, and what is wrong with those that cannot be."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np
import PIL
from PIL import Image, ImageOps

from hw3lib.system.errors import UserError

IMAGE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
# A small file can claim any size. Here Pillow stops, too: half a gigabyte as RGB, more than any camera's photograph.
MOST_PIXELS = 178_956_970


class Photograph(Protocol):
    """What training needs of a photograph's place: a file's ``Path`` has it, and so has a shard's ``Member``."""

    @property
    def name(self) -> str: ...
    @property
    def stem(self) -> str: ...
    @property
    def parent(self) -> Path: ...
    def stat(self) -> os.stat_result: ...
    def read_bytes(self) -> bytes: ...


def open_image(path: str | Path | Photograph, content: bytes | None = None) -> Image.Image:
    """Read a photograph as RGB, upright (EXIF orientation applied, transparency over white).

    ``content`` is its bytes, where they have been read. Of an animation it is the first picture; 16 bits become 8.
    Raises :class:`UserError` naming the file when it is missing or is not a readable image, and, before anything is
    decoded, when it has more than ``MOST_PIXELS``.
    """
    too_large = f"{path} has more than {MOST_PIXELS:,} pixels, the most that are decoded; scale it down or take it out"
    try:
        if content is None and not isinstance(path, str | Path):
            content = path.read_bytes()
        with Image.open(path if content is None else io.BytesIO(content)) as file:  # type: ignore[arg-type]
            # Pillow's own limit is the caller's to lift.
            if file.width * file.height > MOST_PIXELS:
                raise Image.DecompressionBombError
            image = ImageOps.exif_transpose(file)
            if image.mode.startswith("I"):
                image = _eight_bits(image)
            if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
                image = image.convert("RGBA")
                image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
            return image.convert("RGB")
    except FileNotFoundError:
        raise UserError(f"there is no image {path}") from None
    except Image.DecompressionBombError:
        raise UserError(too_large) from None
    except MemoryError:
        raise
    # Pillow reports broken files in many ways, SyntaxError and struct.error among them.
    except Exception as error:
        # Pillow's own words would name the buffer.
        reason = "no format that is known" if isinstance(error, PIL.UnidentifiedImageError) else error
        raise UserError(f"{path} is not a readable image ({reason}); replace it or take it out") from None


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey levels of 16 bits by their upper eight, which Pillow would clip to white."""
    levels = np.asarray(image.convert("I")).clip(0, 65_535)
    if image.mode == "I" and levels.max(initial=0) < 256:
        return image.convert("L")  # 32 bits, which may hold anything: here, levels of eight
    return Image.fromarray((levels >> 8).astype(np.uint8))


def problem_with(photograph: str | Path | Photograph) -> str | None:
    """What is wrong with a photograph, in a sentence; ``None`` when it can be read."""
    try:
        open_image(photograph)
    except UserError as error:
        return str(error)
    return None


def unreadable(photographs: Sequence[str | Path | Photograph]) -> list[str]:
    """What is wrong with those of the photographs that cannot be read; all are decoded, in threads."""
    from hw3lib.system import threads

    with ThreadPoolExecutor(threads.count()) as pool:
        return [problem for problem in pool.map(problem_with, photographs) if problem]


def list_images(folder: str | Path) -> list[Path]:
    """The images of a folder, by name; a link to an image counts.

    Raises :class:`UserError` when the folder is missing or holds none, and for a name that is not UTF-8, which neither
    JSON nor CSV could keep.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}")
    # Hidden files are left out: macOS writes ._name.jpg beside every photograph on foreign disks.
    images = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in IMAGE_ENDINGS
        and not path.name.startswith(".")
        and (path.is_file() or path.is_symlink())  # a link to nothing is told of when it is opened
    ]
    if not images:
        raise UserError(f"{folder} holds no image ({', '.join(IMAGE_ENDINGS)})")
    for path in images:
        if not path.name.isascii() and _surrogate(path.name):
            raise UserError(f"{folder} holds {os.fsencode(path.name)!r}, whose name is not UTF-8; rename it")
    return sorted(images, key=lambda path: path.name)


def _surrogate(text: str) -> bool:
    """Whether there are halves of characters in it, which have no encoding."""
    return any("\ud800" <= character <= "\udfff" for character in text)
