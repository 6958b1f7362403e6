"""COCO's JSON, of captions and of instances: how it is read, and what is said of a file of another form."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from hw3lib.system.errors import UserError
from hw3lib.system.files import read_json
from hw3lib.system.messages import counted, shorten

LAYOUT = "The layout is described in the README under 'Your own data'."


@dataclass(frozen=True)
class CaptionFile:
    """The images of a caption file, in its order, and their captions."""

    path: Path
    file_names: dict[int, str]  # image id -> file name as it stands there
    captions: dict[int, list[str]]  # image id -> its captions, one at the least; spaces tidied, blank ones left out


def read_captions(captions_json: str | Path) -> CaptionFile:
    """Read a file of captions; whether the images are there is not asked.

    Raises :class:`UserError` as :func:`coco_json` does, for a file without images, for captions of images that it does
    not list, and for images without a caption.
    """
    path = Path(captions_json)
    captions: dict[int, list[str]] = defaultdict(list)
    with coco_json(path, "a caption file") as content:
        file_names = {int(image["id"]): str(image["file_name"]) for image in content["images"]}
        for annotation in content["annotations"]:
            image_id, caption = int(annotation["image_id"]), " ".join(text_of(annotation["caption"]).split())
            if caption:
                captions[image_id].append(caption)
    if not file_names:
        raise UserError(f"{path} names no image. {LAYOUT}")
    unlisted = sorted(captions.keys() - file_names.keys())
    if unlisted:
        raise UserError(f"{path} has captions for {counted(unlisted, 'image id')} that its own list of images lacks")
    silent = [name for image_id, name in file_names.items() if image_id not in captions]
    if silent:
        raise UserError(f"{path} has no caption for {counted(silent, 'image')}; write one, or take the image out")
    return CaptionFile(path, file_names, dict(captions))


@contextmanager
def coco_json(path: str | Path, kind: str) -> Iterator[dict[str, Any]]:
    """The content of a file in COCO's form (``kind``: "a caption file"), for the block that reads its entries.

    Raises :class:`UserError`, naming the file, where it is no JSON, where the block does not find what it reads, for
    entries that are listed twice, and for two images that differ by folder or ending alone.
    """
    content = read_json(path, f"It should be {kind} as COCO writes them. {LAYOUT}")
    try:
        yield content
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        reason = f"the key {error} is missing" if isinstance(error, KeyError) else shorten(str(error))
        raise UserError(f"{path} is not {kind} as COCO writes them: {reason}. {LAYOUT}") from None
    _refuse_doubles(path, content)


def image_name(file_name: str) -> str:
    """An image's name everywhere else: the file's without folder and ending.

    >>> from hw3lib.data.coco import image_name
    >>> image_name("val2017/000000397133.jpg")
    '000000397133'
    """
    return PurePosixPath(file_name).stem


def text_of(value: Any) -> str:
    """A caption as it stands in a file; halves of characters, which JSON can hold, become question marks.

    Raises ``TypeError`` for what is no text: ``str`` would turn a missing caption into the word "None".
    """
    if not isinstance(value, str):
        raise TypeError(f"the caption {shorten(repr(value))} is not a text")
    return value.encode("utf-8", "replace").decode("utf-8")


def _refuse_doubles(path: str | Path, content: dict[str, Any]) -> None:
    """Raise where an image's id, its name, or the very same annotation is there twice.

    An annotation counted twice moves every score a little and shows nowhere else. The ids of annotations that differ
    may be the same: nothing here reads them.
    """
    twice = _repeated(int(image["id"]) for image in content["images"])
    if twice:
        raise UserError(f"{path} lists {counted(twice, 'image id')} more than once; take the doubled entries out")
    first: dict[str, Any] = {}
    for annotation in content["annotations"]:
        key = str(annotation.get("id"))
        if "id" in annotation and first.setdefault(key, annotation) is not annotation and first[key] == annotation:
            twice.append(key)
    if twice:
        raise UserError(f"{path} lists {counted(twice, 'annotation')} more than once; take the doubled entries out")
    twice = _repeated(image_name(str(image["file_name"])) for image in content["images"])
    if twice:
        advice = "they differ by folder or ending alone; rename or take out all but one"
        raise UserError(f"{path} names {counted(twice, 'image')} more than once ({advice})")


def _repeated(items: Iterable[Any]) -> list[Any]:
    return [item for item, times in Counter(items).items() if times > 1]
