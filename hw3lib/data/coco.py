"""COCO's JSON, of captions and of instances: how it is read, and what is said of a file of another form."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from hw3lib.system.errors import UserError
from hw3lib.system.files import read_json
from hw3lib.system.messages import counted, shorten

LAYOUT = "The layouts are described in docs/formats.md, 'What is read'."
Id = int | float | str  # an image's, as its file has it


@contextmanager
def coco_json(path: str | Path, kind: str) -> Iterator[dict[str, Any]]:
    """The content of a file in COCO's form (``kind``: "a caption file"), for the block that reads its entries.

    Raises :class:`UserError`, naming the file, where it is no JSON, where the block does not find what it reads, for
    entries that are listed twice, and for two images that differ by their ending alone.
    """
    content = read_json(path, f"It should be {kind} as COCO writes them. {LAYOUT}")
    with told(path, kind):
        yield content
        _refuse_doubles(path, content)


@contextmanager
def told(path: str | Path, kind: str, form: str = "as COCO writes them") -> Iterator[None]:
    """Tell of what the block does not find in a file by a :class:`UserError` that names the file and its form."""
    try:
        yield
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
        reason = f"the key {error} is missing" if isinstance(error, KeyError) else shorten(str(error))
        raise UserError(f"{path} is not {kind} {form}: {reason}. {LAYOUT}") from None


def key_of(value: Any) -> str:
    """What an id is compared by: 42 and "42" are the same, "1_2" and 12 are not.

    Raises ``ValueError`` for what identifies nothing: null, NaN, a list.
    """
    usable = isinstance(value, Id) and not isinstance(value, bool)
    if not usable or (isinstance(value, float) and not math.isfinite(value)):
        raise ValueError(f"{shorten(repr(value))} is no id")
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def file_name_of(value: Any) -> str:
    """A photograph's file name below the folder, with slashes, as Windows' tools do not write them."""
    return str(value).replace("\\", "/")


def image_names(file_names: Sequence[str]) -> list[str]:
    """The images' names everywhere else: without folder and ending; with the folder where others are called the same.

    >>> image_names(["val2017/000000397133.jpg", "a/1.jpg", "b/1.jpg"])
    ['000000397133', 'a/1', 'b/1']
    """
    places = [PurePosixPath(name) for name in file_names]
    times = Counter(place.stem for place in places)
    return [place.stem if times[place.stem] == 1 else str(place.with_suffix("")) for place in places]


def text_of(value: Any) -> str:
    """A caption as it stands in a file; halves of characters, which JSON can hold, become question marks.

    Raises ``TypeError`` for what is no text: ``str`` would turn a missing caption into the word "None".
    """
    if not isinstance(value, str):
        raise TypeError(f"the caption {shorten(repr(value))} is not a text")
    return value.encode("utf-8", "replace").decode("utf-8")


def refuse_equal_names(path: str | Path, file_names: Sequence[str]) -> None:
    """Raise :class:`UserError` for images that would have the same name."""
    twice = _repeated(image_names(file_names))
    if twice:
        advice = "they differ by ending alone; rename or take out all but one"
        raise UserError(f"{path} names {counted(twice, 'image')} more than once ({advice})")


def _refuse_doubles(path: str | Path, content: dict[str, Any]) -> None:
    """Raise where an image's id, its name, or the very same annotation is there twice.

    An annotation counted twice moves every score a little and shows nowhere else. The ids of annotations that differ
    may be the same: nothing here reads them.
    """
    twice = _repeated(key_of(image["id"]) for image in content["images"])
    if twice:
        raise UserError(f"{path} lists {counted(twice, 'image id')} more than once; take the doubled entries out")
    first: dict[str, Any] = {}
    for annotation in content["annotations"]:
        key = str(annotation.get("id"))
        if "id" in annotation and first.setdefault(key, annotation) is not annotation and first[key] == annotation:
            twice.append(key)
    if twice:
        raise UserError(f"{path} lists {counted(twice, 'annotation')} more than once; take the doubled entries out")
    refuse_equal_names(path, [file_name_of(image["file_name"]) for image in content["images"]])


def _repeated(items: Iterable[Any]) -> list[Any]:
    return [item for item, times in Counter(items).items() if times > 1]
