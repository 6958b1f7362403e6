"""Public data sets: what ``hw3lib/resources/datasets.json`` says of them, and files that are made of theirs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Literal
from urllib.parse import urlsplit

import numpy as np
from PIL import Image
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from hw3lib import paths
from hw3lib.system.errors import UserError
from hw3lib.system.files import read_json, read_text, write_json
from hw3lib.system.messages import brief

DATA_SETS = paths.PACKAGE / "resources" / "datasets.json"
_STRICT = ConfigDict(extra="forbid")
_SIDE = 32  # pixels of a CIFAR image


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Archive:
    """A file to download, a zip or a tar, and what of it is used."""

    address: str  # of the file
    size: int = Field(gt=0)  # bytes to download, about
    unpacked: int = Field(gt=0)  # bytes that are taken of it, at the most: no archive fills a disk
    # of the file, as `sources` state it: `md5:...` or `sha256:...`; null where nobody does
    checksum: str | None = None
    takes: dict[str, str]  # a file in it (a folder: with / at its end) -> its name in the data set's folder
    layout: Literal["cifar"] | None = None  # what is made of those files
    gives: tuple[str, ...] = ()  # the names in the folder that are there at the end, where a layout makes others
    sources: tuple[str, ...]  # where address and checksum are published

    @property
    def name(self) -> str:
        """The file's name."""
        return PurePosixPath(urlsplit(self.address).path).name

    @property
    def results(self) -> tuple[str, ...]:
        """The names in the data set's folder that are there when the archive is laid out."""
        return self.gives or tuple(self.takes.values())


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class DataSet:
    """A public data set."""

    title: str  # its name, and how much it is
    licence: str  # what one may do with it, and what its authors ask for
    page: str  # the address of its authors' page
    archives: tuple[Archive, ...]  # what it is downloaded as


def data_set(name: str) -> DataSet:
    """The data set of that name. Raises :class:`UserError` with those that there are, and for a malformed file."""
    try:
        data_sets = TypeAdapter(dict[str, DataSet]).validate_python(read_json(DATA_SETS))
    except ValidationError as error:
        raise UserError(f"{DATA_SETS} does not describe data sets: {brief(error)}") from None
    if name not in data_sets:
        raise UserError(f"fetch names {name!r}; {DATA_SETS} has {', '.join(data_sets)}")
    return data_sets[name]


def _write_cifar(folder: Path) -> None:
    """P1's layout of ``test.bin`` and ``fine_label_names.txt``: ``val/<label>_<place in the file>.png``, and the names.

    A record of CIFAR-100's binary version is a byte for the coarse label, one for the fine, and 32 x 32 bytes each of
    red, green and blue, row by row (https://www.cs.toronto.edu/~kriz/cifar.html).
    """
    content = np.fromfile(folder / "test.bin", np.uint8)
    names = [name.strip().replace("_", " ") for name in read_text(folder / "fine_label_names.txt").split("\n")]
    names = [name for name in names if name]
    length = 2 + 3 * _SIDE**2
    records = content[: len(content) // length * length].reshape(-1, length)
    labels = records[:, 1]
    if not len(records) or len(content) % length or labels.max() >= len(names):
        raise UserError(f"test.bin is not CIFAR-100's: {len(content)} bytes, of images with {len(names)} names")
    images = records[:, 2:].reshape(-1, 3, _SIDE, _SIDE).transpose(0, 2, 3, 1)
    (folder / "val").mkdir()
    for place, (label, image) in enumerate(zip(labels, images, strict=True)):
        Image.fromarray(image).save(folder / "val" / f"{label}_{place}.png")
    write_json(folder / "id2label.json", {str(label): name for label, name in enumerate(names)})


LAYOUTS: dict[str, Callable[[Path], None]] = {"cifar": _write_cifar}
