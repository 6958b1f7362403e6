"""Files of captions in the forms that people have: COCO's, Karpathy's with its splits, BLIP's lists, Flickr's tables.

Each becomes a :class:`CaptionFile`; whether the photographs are there is asked later (:mod:`hw3lib.data.captions`).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hw3lib import paths
from hw3lib.data.coco import LAYOUT, Id, coco_json, file_name_of, image_names, key_of, refuse_equal_names, text_of, told
from hw3lib.system.errors import UserError
from hw3lib.system.files import read_json, read_text
from hw3lib.system.messages import counted, shorten

_TABLES = (".txt", ".csv", ".tsv", ".token")
_IMAGE_COLUMNS = ("image", "image_name", "filename", "file_name", "file", "image_id")
_CAPTION_COLUMNS = ("caption", "comment", "text", "sentence")


@dataclass(frozen=True)
class CaptionFile:
    """The images of a caption file, in its order, and their captions."""

    path: Path
    file_names: dict[Id, str]  # image id -> file name as it stands there, with slashes
    captions: dict[Id, list[str]]  # image id -> its captions, one at the least; spaces tidied, blank ones left out
    folders: dict[str, str]  # file name -> the folder that it may lie in, where the file says so apart from its name

    @property
    def names(self) -> list[str]:
        """The images' names, in their order: see :func:`~hw3lib.data.coco.image_names`."""
        return image_names(list(self.file_names.values()))

    @property
    def by_name(self) -> dict[str, list[str]]:
        """The captions by the images' names."""
        return dict(zip(self.names, self.captions.values(), strict=True))


@dataclass
class _Reading:
    """What is gathered of a file."""

    path: Path
    file_names: dict[str, tuple[Id, str]]  # by the id's key
    captions: dict[str, list[str]]
    splits: dict[str, str]  # by the id's key, where the file has any
    folders: dict[str, str]

    def add_image(self, image_id: Any, file_name: Any, split: str | None = None, folder: str | None = None) -> str:
        key, name = key_of(image_id), file_name_of(file_name)
        self.file_names[key] = image_id, name
        if split is not None:
            self.splits[key] = split
        if folder:
            self.folders[name] = folder
        return key

    def add_caption(self, key: str, caption: Any, where: str) -> None:
        try:
            tidy = " ".join(text_of(caption).split())
        except TypeError as error:
            raise TypeError(f"{error} ({where})") from None
        if tidy:
            self.captions.setdefault(key, []).append(tidy)


def read_captions(captions_file: str | Path, splits: Sequence[str] = ()) -> CaptionFile:
    """Read a file of captions; whether the images are there is not asked.

    ``splits`` are names of a file's own splits, which count where it has any, or text files (``.txt``) that list the
    images to take, one a line. Raises :class:`UserError`, naming the file, for another form than those of
    ``docs/formats.md``, for a file without images, for captions of images that it does not list, for images without a
    caption, and where no image is of the splits.
    """
    path = Path(captions_file)
    reading = _Reading(path, {}, {}, {}, {})
    if path.suffix.lower() in _TABLES:
        _read_table(reading)
    else:
        content = read_json(path, f"It should be a caption file as COCO writes them. {LAYOUT}")
        if isinstance(content, list):
            _read_list(reading, content)
        elif isinstance(content, dict) and "annotations" not in content and _has_sentences(content):
            _read_karpathy(reading, content)
        else:
            _read_coco(reading)
    if not reading.file_names:
        raise UserError(f"{path} names no image. {LAYOUT}")
    unlisted = sorted(reading.captions.keys() - reading.file_names.keys())
    if unlisted:
        raise UserError(f"{path} has captions for {counted(unlisted, 'image id')} that its own list of images lacks")
    chosen = _chosen(reading, splits)
    silent = [name for key, (_, name) in chosen.items() if key not in reading.captions]
    if silent:
        raise UserError(f"{path} has no caption for {counted(silent, 'image')}; write one, or take the image out")
    refuse_equal_names(path, [name for _, name in chosen.values()])
    captions = {image_id: reading.captions[key] for key, (image_id, _) in chosen.items()}
    return CaptionFile(path, dict(chosen.values()), captions, reading.folders)


def _chosen(reading: _Reading, splits: Sequence[str]) -> dict[str, tuple[Id, str]]:
    lists = [split for split in splits if split.endswith(".txt")]
    named = set(splits) - set(lists)
    chosen = reading.file_names
    if named and reading.splits:
        chosen = {key: image for key, image in chosen.items() if reading.splits[key] in named}
    if lists:
        lines = [line.strip() for path in lists for line in read_text(paths.resolve(path)).splitlines() if line.strip()]
        listed = set(map(file_name_of, lines))
        missing = listed - {name for _, name in chosen.values()}
        if missing:
            raise UserError(f"{', '.join(lists)} names {counted(sorted(missing), 'image')} that {reading.path} lacks")
        chosen = {key: image for key, image in chosen.items() if image[1] in listed}
    if not chosen:
        there = ", ".join(sorted(set(reading.splits.values())))
        raise UserError(f"{reading.path} has no image of the split {', '.join(splits)}; it has: {there}")
    return chosen


def _read_coco(reading: _Reading) -> None:
    with coco_json(reading.path, "a caption file") as content:
        for image in content["images"]:
            reading.add_image(image["id"], image["file_name"])
        for place, annotation in enumerate(content["annotations"]):
            where = f"annotation {annotation['id']}" if "id" in annotation else f"the annotation at place {place}"
            reading.add_caption(key_of(annotation["image_id"]), annotation["caption"], where)


def _has_sentences(content: Mapping[str, Any]) -> bool:
    images = content.get("images")
    return isinstance(images, list) and any(isinstance(image, dict) and "sentences" in image for image in images[:1])


def _read_karpathy(reading: _Reading, content: Mapping[str, Any]) -> None:
    """``dataset_coco.json``, ``dataset_flickr8k.json`` and ``dataset_flickr30k.json`` (Karpathy and Li 2015)."""
    with told(reading.path, "a caption file", "as Karpathy's dataset_coco.json"):
        for place, image in enumerate(content["images"]):
            image_id = image.get("cocoid", image.get("imgid", place))
            key = reading.add_image(image_id, image["filename"], image.get("split"), image.get("filepath"))
            for sentence in image["sentences"]:
                reading.add_caption(key, sentence["raw"], f"a sentence of {image['filename']}")


def _read_list(reading: _Reading, content: Sequence[Any]) -> None:
    """BLIP's and others' lists: ``[{"image": "val2014/1.jpg", "caption": "..." or ["...", ...]}]``."""
    with told(reading.path, "a caption file", 'as a list of {"image": ..., "caption": ...}'):
        for place, entry in enumerate(content):
            key = reading.add_image(file_name_of(entry["image"]), entry["image"])
            captions = entry["caption"]
            for caption in captions if isinstance(captions, list) else [captions]:
                reading.add_caption(key, caption, f"entry {place}, of {shorten(str(entry['image']))}")


def _read_table(reading: _Reading) -> None:
    """Flickr's ``captions.txt``, ``results.csv`` (Flickr30k's) and ``*.token.txt``: an image and a caption a line."""
    lines = re.split(r"\r?\n", read_text(reading.path, LAYOUT))
    delimiter = next((sign for sign in ("\t", "|", ",") if sign in lines[0]), ",")
    with told(reading.path, "a caption file", "as Flickr's tables"):
        columns = _columns([cell.strip().lower() for cell in _split(lines[0], delimiter)])
        for number, line in enumerate(lines, 1):
            if line.strip() and not (columns and number == 1):
                row = _split(line, delimiter)
                name, caption = _cells(row, columns or ("image", "caption"), delimiter, number)
                name = file_name_of(re.sub(r"#\w+$", "", name))
                reading.add_caption(reading.add_image(name, name), caption, f"line {number}")


def _split(line: str, delimiter: str) -> list[str]:
    """The cells of a line. Tables with commas may quote cells, which those with other signs never do."""
    if delimiter == ",":
        with suppress(csv.Error, StopIteration):
            return next(csv.reader([line], strict=True))
    return line.split(delimiter)


def _columns(header: Sequence[str]) -> tuple[str, ...]:
    """The columns that a header names, the image's called so; none where the first line is no header."""
    from hw3lib.data.images import IMAGE_ENDINGS

    if not header or re.sub(r"#\w+$", "", header[0]).endswith(IMAGE_ENDINGS):
        return ()
    image, caption = _first(_IMAGE_COLUMNS, header), _first(_CAPTION_COLUMNS, header)
    return tuple({image: "image", caption: "caption"}.get(name, name) for name in header)


def _first(names: Iterable[str], header: Sequence[str]) -> str:
    name = next((name for name in names if name in header), None)
    if name is None:
        raise ValueError(f"of its columns ({shorten(', '.join(header))}) none is called {' or '.join(names)}")
    return name


def _cells(row: list[str], columns: Sequence[str], delimiter: str, number: int) -> tuple[str, str]:
    """Image and caption of a row. A caption at its end may hold the delimiter unquoted."""
    last = len(columns) - 1
    row = [*row[:last], delimiter.join(row[last:])] if len(row) > last else row
    if len(row) == last and columns[-1] == "caption" and (joined := re.match(r"\s*(\d+)\s+(.*)", row[-1])):
        row = [*row[:-1], *joined.groups()]  # as line 20,000 of Flickr30k's results.csv
    if len(row) <= last:
        raise ValueError(f"line {number} has {len(row)} of {len(columns)} cells")
    return row[columns.index("image")].strip(), row[columns.index("caption")].strip()
