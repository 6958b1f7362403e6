"""Caption sets and labelled folders: read, check, transform.

Dimension letters: h, w the model's input size in pixels.
"""

from __future__ import annotations

import io
import os
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Protocol

import numpy as np
import PIL
from PIL import Image, ImageOps

from hw3lib import paths
from hw3lib.caption_files import refuse_doubles, text_of
from hw3lib.system.errors import UserError
from hw3lib.system.files import read_json
from hw3lib.system.messages import _some

if TYPE_CHECKING:
    from torch import Tensor

    from hw3lib.config import Captions, Jitter

IMAGE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
# A small file can claim any size. Here Pillow stops, too: half a gigabyte as RGB, more than any camera's photograph.
MOST_PIXELS = 178_956_970
_LISTED = 10  # unreadable photographs that a message names
_LAYOUT = "The layout is described in the README under 'Your own data'."


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


def trouble(photograph: str | Path | Photograph) -> str | None:
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
        return [problem for problem in pool.map(trouble, photographs) if problem]


def counted(problems: Sequence[str], of: int) -> str:
    """How many photographs there is trouble with, and what the first ones' trouble is."""
    shown = [*problems[:_LISTED], *([f"and {len(problems) - _LISTED} more"] if len(problems) > _LISTED else [])]
    return "\n  ".join([f"{len(problems)} of {of} images cannot be used:", *shown])


def list_images(folder: str | Path) -> list[Path]:
    """The images of a folder, by name; a link to an image counts.

    Raises :class:`UserError` when the folder is missing or holds none, and for a name that is not UTF-8, which neither
    JSON nor CSV could keep.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}")
    # Hidden files are left out: macOS writes ._name.jpg beside every photograph on foreign disks.
    found = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in IMAGE_ENDINGS
        and not path.name.startswith(".")
        and (path.is_file() or path.is_symlink())  # a link to nothing is told of when it is opened
    ]
    if not found:
        raise UserError(f"{folder} holds no image ({', '.join(IMAGE_ENDINGS)})")
    for path in found:
        if not path.name.isascii() and _surrogate(path.name):
            raise UserError(f"{folder} holds {os.fsencode(path.name)!r}, whose name is not UTF-8; rename it")
    return sorted(found, key=lambda path: path.name)


@dataclass(frozen=True)
class CaptionSet:
    """Images with their reference captions, in the order of the annotation file."""

    paths: tuple[Photograph, ...]
    names: tuple[str, ...]  # file names without their endings: the keys of predictions
    ids: tuple[int, ...]
    captions: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def files(self) -> tuple[Path, ...]:
        """The photographs as files, which those of a validation set are. Raises :class:`UserError` where any is not."""
        files = tuple(path for path in self.paths if isinstance(path, Path))
        if len(files) < len(self.paths):
            raise UserError(f"{self.paths[0]} lies in a shard: only training images may")
        return files


def training_captions(captions: Captions, limit: int | None = None) -> CaptionSet:
    """A profile's training set, from files or from shards; see :func:`load_captions`."""
    annotations = captions.train_annotations
    where = paths.resolve(captions.train_images)
    return load_captions(paths.resolve(annotations) if annotations else None, where, limit)


def load_captions(
    annotations_json: str | Path | None, image_folder: str | Path, limit: int | None = None
) -> CaptionSet:
    """Read COCO's caption JSON and check it against the image folder, or the shards (:mod:`hw3lib.shards`).

    Shards have captions of their own, which count where no file is named. ``limit`` keeps the first so many images.
    Images of the folder that the file does not name are left out. The folder may be a link; what the file names must
    lie in it, also after every further link is followed: a foreign file could name any picture of the disk otherwise.
    Raises :class:`UserError` for a malformed file, for images that the folder lacks or that lie outside of it, for
    images without a caption, for captions without an image, for two images whose names differ by their ending only, for
    entries that are listed twice, and for bad shards.
    """
    from hw3lib import shards

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


def _surrogate(text: str) -> bool:
    """Whether there are halves of characters in it, which have no encoding."""
    return any("\ud800" <= character <= "\udfff" for character in text)


@dataclass(frozen=True)
class LabelledSet:
    """Images to classify, with the true label where the file name tells it."""

    paths: tuple[Path, ...]
    truth: tuple[int | None, ...]
    labels: dict[int, str]

    def __len__(self) -> int:
        return len(self.paths)


def load_labelled(folder: str | Path, id2label_json: str | Path) -> LabelledSet:
    """Read ``<label id>_<n>.png`` images and the names of the labels; other file names have no truth.

    Raises :class:`UserError` for a malformed label file and for a label id that it does not name.
    """
    path = Path(id2label_json)
    raw = read_json(path, _LAYOUT)
    if not isinstance(raw, dict) or not raw:
        raise UserError(f'{path} must map label ids to names, as {{"0": "bicycle", ...}}')
    try:
        labels = {int(key): value for key, value in raw.items()}
    except ValueError:
        raise UserError(f"{path}: every key must be a whole number, as in 7_0.png") from None
    nameless = [label for label, name in labels.items() if not (isinstance(name, str) and name.strip())]
    if nameless or len(labels) < len(raw):
        said = f"gives {_some(nameless, 'label')} no name" if nameless else "has a label twice"
        raise UserError(f'{path} {said}; it must map each label id to a name, as {{"0": "bicycle", ...}}')
    images = list_images(folder)
    found = [re.fullmatch(r"(\d+)_.+", image.stem, re.DOTALL) for image in images]
    truth = [int(match.group(1)) if match else None for match in found]
    # Files of any name may be classified; only a whole folder that follows the pattern is held to it.
    if all(label is not None for label in truth):
        foreign = [image.name for image, label in zip(images, truth, strict=True) if label not in labels]
        if len(foreign) == len(images):
            truth = [None] * len(images)
        elif foreign:
            raise UserError(f"{folder} has {_some(foreign, 'image')} whose label id {path} does not name")
    truth = [label if label in labels else None for label in truth]
    return LabelledSet(tuple(images), tuple(truth), labels)


@dataclass(frozen=True)
class Geometry:
    """How an original photograph maps to the model's input: ``input = original * scale - offset``, in pixels.

    Coordinates are continuous, pixel ``i`` covers ``[i, i + 1)``. The map is exact: resize and crop are one
    resampling from a source box with fractional edges, nothing is rounded.
    """

    width: int  # of the original, px
    height: int
    scale: float  # input px per original px
    left: float  # offset of the crop in the resized image, px
    top: float
    size: tuple[int, int]  # (h, w) of the input

    @property
    def box(self) -> tuple[float, float, float, float]:
        """What the model sees of the original: left, top, right, bottom in its pixels."""
        h, w = self.size
        left, top = self.to_original(0, 0)
        right, bottom = self.to_original(w, h)
        return max(left, 0.0), max(top, 0.0), min(right, float(self.width)), min(bottom, float(self.height))

    def to_original(self, x: float, y: float) -> tuple[float, float]:
        """A point of the input in the original's pixels."""
        return (x + self.left) / self.scale, (y + self.top) / self.scale

    def to_input(self, x: float, y: float) -> tuple[float, float]:
        """A point of the original in the input's pixels; outside [0, w) x [0, h) it is unseen."""
        return x * self.scale - self.left, y * self.scale - self.top


class ImageTransform:
    """Resize the short side (bicubic, antialiased), crop the centre, jitter the colours if asked, normalise.

    There is no horizontal flip: captions say "left" and "right".
    """

    def __init__(
        self,
        size: int | tuple[int, int],
        mean: Sequence[float],
        std: Sequence[float],
        jitter: Jitter | None = None,
    ) -> None:
        self.size = (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))
        self.mean, self.std = tuple(mean), tuple(std)
        self.jitter = (
            jitter if jitter and any((jitter.brightness, jitter.contrast, jitter.saturation, jitter.hue)) else None
        )

    def geometry(self, width: int, height: int) -> Geometry:
        """The map from a photograph of that size to the input."""
        h, w = self.size
        scale = max(h / height, w / width)
        return Geometry(width, height, scale, (width * scale - w) / 2, (height * scale - h) / 2, self.size)

    def fit(self, image: Image.Image) -> Image.Image:
        """The part of the photograph that the model sees, at its input size: all that need not be redone each epoch."""
        h, w = self.size
        box = self.geometry(*image.size).box
        # Over tenfold shrinking is done in two steps, the first by whole factors: twice as fast, no visible change.
        return image.resize((w, h), Image.Resampling.BICUBIC, box=box, reducing_gap=3.0)

    def fit_key(self) -> str:
        """A text that is the same where :meth:`fit` gives the same pixels; another Pillow may decode otherwise."""
        h, w = self.size
        return f"{h}x{w} bicubic gap 3 centre, Pillow {PIL.__version__}"

    def finish(self, fitted: Image.Image) -> Tensor:
        """Jitter (with torch's generator) and normalise a fitted image: float32 (3, h, w)."""
        from torchvision.transforms import functional

        if self.jitter:
            from torchvision.transforms import ColorJitter

            strength = self.jitter
            fitted = ColorJitter(strength.brightness, strength.contrast, strength.saturation, strength.hue)(fitted)
        return functional.normalize(functional.to_tensor(fitted), list(self.mean), list(self.std))

    def __call__(self, image: Image.Image) -> Tensor:
        return self.finish(self.fit(image))

    def key(self) -> str:
        """A text that is the same for transforms that give the same pixels (jitter aside)."""
        rounded = [round(value, 6) for value in (*self.mean, *self.std)]
        return f"{self.size[0]}x{self.size[1]} bicubic {rounded}"
