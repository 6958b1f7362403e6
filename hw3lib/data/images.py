"""Photographs on disk: listed, opened upright as RGB, and what is wrong with those that cannot be."""

from __future__ import annotations

import importlib.util
import io
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np
import PIL
from PIL import Image, ImageOps

from hw3lib.system import threads
from hw3lib.system.errors import UserError

# What Pillow reads; HEIC with pillow-heif.
IMAGE_ENDINGS = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif",
    ".heic", ".heif", ".hif",
)  # fmt: skip
# Photographs all the same: listed, so that each is told of as one that cannot be read, and none is left out in silence.
_UNREAD_ENDINGS = (".jxl", ".jp2", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".orf", ".rw2", ".psd", ".svg")
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")  # brands of a file, behind "ftyp"
_PNG = b"\x89PNG\r\n\x1a\n"
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
    Metadata that are broken, or larger than Pillow takes, are passed over.
    Raises :class:`UserError` naming the file when it is missing or is not a readable image, and, before anything is
    decoded, when it has more than ``MOST_PIXELS``.
    """
    try:
        if content is None:
            content = (Path(path) if isinstance(path, str) else path).read_bytes()
        try:
            return _decoded(content)
        except (Image.DecompressionBombError, MemoryError):
            raise
        except Exception:
            pixels = without_metadata(content)
            if pixels is None:
                raise
            return _decoded(pixels)  # metadata that are broken, or larger than Pillow takes
    except FileNotFoundError:
        raise UserError(f"there is no image {path}") from None
    except Image.DecompressionBombError:
        limit = f"{MOST_PIXELS:,} pixels, the most that are decoded"
        raise UserError(f"{path} has more than {limit}; scale it down or take it out") from None
    except MemoryError:
        raise
    # Pillow reports broken files in many ways, SyntaxError and struct.error among them.
    except Exception as error:
        # Pillow's own words would name the buffer.
        reason = _unknown_format(content or b"") if isinstance(error, PIL.UnidentifiedImageError) else error
        raise UserError(f"{path} is not a readable image ({reason}); replace it or take it out") from None


def _decoded(content: bytes) -> Image.Image:
    if content[4:8] == b"ftyp" and content[8:12] in _HEIC and importlib.util.find_spec("pillow_heif"):
        import pillow_heif

        pillow_heif.register_heif_opener()
    with Image.open(io.BytesIO(content)) as file:
        # Pillow's own limit is the caller's to lift.
        if file.width * file.height > MOST_PIXELS:
            raise Image.DecompressionBombError
        file.load()
        image = _upright(file)
        if image.mode.startswith("I"):
            image = _eight_bits(image)
        if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        return image.convert("RGB")


def _upright(image: Image.Image) -> Image.Image:
    """The image turned as its EXIF says, where that can be read."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # broken EXIF shows in as many ways as a broken file
        return image


def _unknown_format(content: bytes) -> str:
    if content[4:8] == b"ftyp" and content[8:12] in _HEIC:
        return "HEIC, which is read with a package more: pip install pillow-heif"
    return "no format that is known"


def without_metadata(content: bytes) -> bytes | None:
    """A PNG or a JPEG with its pixels and palette alone: no texts, profiles, EXIF; ``None`` for other formats."""
    if content.startswith(_PNG):
        return _PNG + b"".join(_png_chunks(content))
    if content.startswith(b"\xff\xd8\xff"):
        return b"\xff\xd8" + b"".join(_jpeg_segments(content))
    return None


def _png_chunks(content: bytes) -> Iterator[bytes]:
    """The chunks that pixels follow from. A chunk is its length, its kind, so many bytes, and a sum of 4."""
    place = len(_PNG)
    while place < len(content):
        end = place + 12 + int.from_bytes(content[place : place + 4])
        if content[place + 4 : place + 8] in (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"):
            yield content[place:end]
        place = end


def _jpeg_segments(content: bytes) -> Iterator[bytes]:
    """What pixels follow from: all but comments and applications' segments, except Adobe's on colours (APP14)."""
    place = 2
    while content[place : place + 1] == b"\xff" and content[place + 1 : place + 2] != b"\xda":
        kind = content[place + 1]
        end = place + 2 + int.from_bytes(content[place + 2 : place + 4])
        if not (0xE0 <= kind <= 0xEF and kind != 0xEE) and kind != 0xFE:
            yield content[place:end]
        place = end
    yield content[place:]


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
    with ThreadPoolExecutor(threads.count()) as pool:
        return [problem for problem in pool.map(problem_with, photographs) if problem]


def list_images(folder: str | Path, below: bool = False) -> list[Path]:
    """The images of a folder, by name; a link to an image counts, and so does one in a format that is not read.

    With ``below``, where it holds none itself: those of the folders in it, hidden ones aside, by folder and name.
    Raises :class:`UserError` when the folder is missing or holds none, and for a name that is not UTF-8, which neither
    JSON nor CSV could keep.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}")
    images, folders = _images(folder), []
    if below and not images:
        folders = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
        images = [image for path in folders for image in _images(path)]
    if not images:
        raise UserError(f"{folder} holds no image ({', '.join(IMAGE_ENDINGS)})")
    for path in [*folders, *images]:
        if not path.name.isascii() and any("\ud800" <= letter <= "\udfff" for letter in path.name):
            raise UserError(f"{path.parent} holds {os.fsencode(path.name)!r}, whose name is not UTF-8; rename it")
    return sorted(images, key=lambda path: (path.parent.name, path.name))


def _images(folder: Path) -> list[Path]:
    # Hidden files are left out: macOS writes ._name.jpg beside every photograph on foreign disks.
    return [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in (*IMAGE_ENDINGS, *_UNREAD_ENDINGS)
        and not path.name.startswith(".")
        and (path.is_file() or path.is_symlink())  # a link to nothing is told of when it is opened
    ]


def left_out(folder: str | Path) -> list[Path]:
    """The files of a folder that :func:`list_images` passes over as no images, by name; hidden ones aside."""
    images = (*IMAGE_ENDINGS, *_UNREAD_ENDINGS)
    others = (path for path in Path(folder).iterdir() if path.suffix.lower() not in images and path.is_file())
    return sorted(path for path in others if not path.name.startswith("."))
