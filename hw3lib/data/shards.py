"""Training images in tar files, with their captions beside them: WebDataset's format.

A sample is the members whose names are the same but for their endings: ``000123.jpg`` with ``000123.json``
(``{"captions": [...]}``, or ``{"caption": "..."}`` as img2dataset writes it) or ``000123.txt`` (a caption a line).
WebDataset itself cuts names at their first dot: ``000123.mask.png`` without captions of its own is a further part of
the sample ``000123``, which is not read, and ``IMG_1.rf.aa.jpg`` beside ``IMG_1.rf.aa.txt`` is a sample here.
Several shards are one path in brace notation: ``train-{000000..000012}.tar``.

The members are indexed once, and each is read where it lies. WebDataset's own reader streams shards and shuffles within
a buffer: its order follows from buffers, workers and devices, and an image may come twice in an epoch or not at all.
Here an epoch's order follows from seed and epoch alone (:mod:`hw3lib.data.epoch_order`), the same for shards as
for files, on one device or many, interrupted or not; with decoded photographs kept (:mod:`hw3lib.data.cache.decoded`),
a shard is read through once.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import os
import re
import tarfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from hw3lib import paths
from hw3lib.data.caption_set import CaptionSet
from hw3lib.data.coco import image_names, text_of
from hw3lib.data.images import IMAGE_ENDINGS, Photograph
from hw3lib.system import files
from hw3lib.system.errors import UserError
from hw3lib.system.messages import counted

_TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")
_TEXTS = (".json", ".txt")
_VERSION = 2  # of an index on disk


@dataclass(frozen=True)
class Member:
    """A photograph in a shard; it stands for a ``Path`` where a photograph is read."""

    shard: Path
    name: str  # in the shard
    offset: int  # where its bytes begin
    size: int

    def __str__(self) -> str:
        return f"{self.shard}:{self.name}"

    @property
    def stem(self) -> str:
        return _split(self.name)[0].rpartition("/")[2]

    @property
    def parent(self) -> Path:
        return self.shard

    def stat(self) -> os.stat_result:
        """The shard's: it is what may change."""
        return self.shard.stat()

    def read_bytes(self) -> bytes:
        """Its content. Raises :class:`UserError` when the shard does not reach so far any more."""
        with self.shard.open("rb") as file:
            file.seek(self.offset)
            content = file.read(self.size)
        if len(content) < self.size:
            raise UserError(f"{self.shard} is cut short: it ends within {self.name}")
        return content


@dataclass(frozen=True)
class Sample:
    """A photograph with its captions, of which there may be none."""

    photograph: Member
    captions: tuple[str, ...]


def is_shards(where: str | Path) -> bool:
    """Whether a path means shards and not a folder."""
    return str(where).endswith(_TARS)


def expand(where: str | Path) -> list[Path]:
    """The shards that a path in brace notation names, in order: ``{000..012}`` counts, ``{a,b}`` lists.

    >>> [str(shard) for shard in expand("train-{08..10}.tar")]
    ['train-08.tar', 'train-09.tar', 'train-10.tar']
    """
    parts = [_alternatives(part) for part in re.split(r"(\{[^{}]*\})", str(where))]
    return [Path("".join(choice)) for choice in itertools.product(*parts)]


def _alternatives(part: str) -> list[str]:
    if span := re.fullmatch(r"\{(\d+)\.\.(\d+)\}", part):
        first, last = span.groups()
        width = len(first) if first.startswith("0") or len(first) == len(last) else 0
        return [f"{number:0{width}d}" for number in range(int(first), int(last) + 1)]
    return part[1:-1].split(",") if part.startswith("{") else [part]


def samples(where: str | Path) -> list[Sample]:
    """All samples in the order of the shards, and in them.

    Raises :class:`UserError`, naming shard and member, for shards that are missing, compressed, cut short or no tar
    files, for captions without a photograph, and for captions that cannot be read.
    """
    shards = expand(where)
    missing = [shard for shard in shards if not shard.is_file()]
    if not shards:
        raise UserError(f"{where} names no shard; its first number must not be above its last")
    if missing:
        raise UserError(f"{where} names {counted(missing, 'shard')} that cannot be found (of {len(shards)})")
    found = [sample for shard in shards for sample in _indexed(shard)]
    if not found:
        raise UserError(f"{where} holds no photograph ({', '.join(IMAGE_ENDINGS)})")
    return found


def _whole(samples: list[Sample]) -> list[Sample]:
    """The samples without those that are further parts of others."""
    shared = {(sample.photograph.shard, _split(sample.photograph.name)[0]) for sample in samples}

    def is_part(photograph: Member) -> bool:
        key = _split(photograph.name)[0]
        return _cut(key) != key and (photograph.shard, _cut(key)) in shared

    return [sample for sample in samples if sample.captions or not is_part(sample.photograph)]


def load(where: str | Path, limit: int | None = None) -> CaptionSet:
    """A caption set of the shards' own captions; ``limit`` keeps the first so many images.

    Photographs of one name in two folders are called by their paths. Raises :class:`UserError` as :func:`samples` does,
    for a photograph without a caption, and for one that comes twice.
    """
    photographs: dict[str, Member] = {}  # by the whole key
    captions = []
    for sample in _whole(samples(where)):
        photograph = sample.photograph
        key = _split(photograph.name)[0]
        if not sample.captions:
            raise UserError(f"{photograph} has no caption: {key}.json or {key}.txt is not beside it, or holds none")
        if (first := photographs.setdefault(key, photograph)) is not photograph:
            raise UserError(f"{photograph} and {first} have the same name; each needs one of its own")
        captions.append(sample.captions)
    names = tuple(image_names([photograph.name for photograph in photographs.values()]))
    caption_set = CaptionSet(tuple(photographs.values()), names, tuple(range(len(names))), tuple(captions))
    return caption_set.subset(range(len(names))[:limit])


def locate(where: str | Path, names: Sequence[str]) -> Mapping[str, Photograph]:
    """Those of the files, named as in COCO's JSON, that the shards hold, in whatever folder within them.

    Raises :class:`UserError` where it cannot be told which of several photographs a name means.
    """
    members: dict[str, list[Member]] = {}  # by the last part of their names
    for sample in samples(where):
        members.setdefault(PurePosixPath(sample.photograph.name).name, []).append(sample.photograph)
    sharing = Counter(PurePosixPath(name).name for name in names)
    places: dict[str, Photograph] = {}
    for name in names:
        last = PurePosixPath(name).name
        candidates = members.get(last, [])
        if len(candidates) > 1 or sharing[last] > 1:
            candidates = _of_that_path(candidates, name)
        if len(candidates) > 1:
            raise UserError(
                f"{name} may be any of {counted(candidates, 'photograph')}; name it by its path in the shard"
            )
        if candidates:
            places[name] = candidates[0]
    return places


def _of_that_path(members: list[Member], name: str) -> list[Member]:
    """Those called exactly so; else those whose path ends so, or that the name ends in."""
    exact = [member for member in members if member.name.removeprefix("./") == name]
    return exact or [
        member for member in members if f"/{member.name}".endswith(f"/{name}") or f"/{name}".endswith(f"/{member.name}")
    ]


def digest(where: str | Path) -> str:
    """A hash of what the shards hold, by name, size and captions; "absent" where they cannot be read."""
    try:
        facts = [[s.photograph.name, s.photograph.size, *s.captions] for s in _whole(samples(where))]
    except UserError:
        return "absent"
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _indexed(shard: Path) -> list[Sample]:
    """A shard's samples, from the index that was kept of it if it has not changed."""
    status = shard.stat()
    state = [_VERSION, status.st_mtime_ns, status.st_size]
    name = hashlib.sha256(os.path.abspath(shard).encode()).hexdigest()[:20]
    index = paths.cache("shards") / f"{name}.json"
    try:
        content = json.loads(index.read_text(encoding="utf-8"))
        if content["state"] == state:
            rows = content["samples"]
            return [Sample(Member(shard, str(n), int(o), int(size)), tuple(map(str, c))) for n, o, size, c in rows]
    except (OSError, ValueError, KeyError, TypeError):
        pass  # a cache: what cannot be read is made again
    scanned = list(_scan(shard))
    rows = [[s.photograph.name, s.photograph.offset, s.photograph.size, s.captions] for s in scanned]
    with suppress(OSError):  # then it is indexed again another time
        files.write_json(index, {"of": str(shard), "state": state, "samples": rows}, indent=None)
    return scanned


def _scan(shard: Path) -> Iterator[Sample]:
    """Read a shard's headers and captions; photographs are passed over."""
    groups: dict[str, dict[str, tarfile.TarInfo]] = {}
    try:
        with tarfile.open(shard, "r:") as tar:
            for member in tar:
                if member.isreg():
                    key, ending = _split(member.name)
                    _place(shard, groups.setdefault(key, {}), member, ending)
            end = tar.offset
    except (tarfile.TarError, EOFError, OSError) as error:
        raise UserError(f"{shard} is not a tar file, or is cut short or compressed ({error}); pack it anew") from None
    with shard.open("rb") as file:
        file.seek(end)
        # A tar file ends with blocks of zeros; tarfile takes its end, and a broken header, for that as well.
        if file.read(tarfile.BLOCKSIZE) != tarfile.NUL * tarfile.BLOCKSIZE:
            raise UserError(f"{shard} is cut short or damaged: it has no end mark at byte {end}; pack it anew")
        read = {key for key, group in groups.items() if "image" in group}
        for key, group in groups.items():
            image = group.pop("image", None)
            if image is None:
                if group and _cut(key) not in read - {key}:
                    name = next(iter(group.values())).name
                    raise UserError(f"{shard} holds {name} but no photograph {key}.jpg for it")
                continue
            texts = {ending: _content(file, member) for ending, member in group.items()}
            yield Sample(Member(shard, image.name, image.offset_data, image.size), _captions(shard, key, texts))


def _place(shard: Path, group: dict[str, tarfile.TarInfo], member: tarfile.TarInfo, ending: str) -> None:
    kind = "image" if ending in IMAGE_ENDINGS else ending
    if kind == "image" and kind in group:
        raise UserError(f"{shard} holds two photographs of one name: {group[kind].name} and {member.name}")
    if kind == "image" and member.issparse():
        raise UserError(f"{shard}: {member.name} is stored with holes; pack it anew")
    if kind == "image" or kind in _TEXTS:
        group[kind] = member


def _captions(shard: Path, key: str, texts: dict[str, bytes]) -> tuple[str, ...]:
    """The captions of a sample, spaces tidied, blank ones left out: from its JSON, else from its text."""
    captions: Any = None
    try:
        if ".json" in texts:
            ending = ".json"
            content = json.loads(files.decoded_text(texts[ending]))
            captions = content.get("captions", content.get("caption")) if isinstance(content, dict) else None
        if captions is None and ".txt" in texts:
            ending = ".txt"
            captions = files.decoded_text(texts[ending]).splitlines()
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        form = "JSON" if ending == ".json" else "text in UTF-8"
        raise UserError(f"{shard}: {key}{ending} is not {form} ({error})") from None
    captions = [captions] if isinstance(captions, str) else [] if captions is None else captions
    if not (isinstance(captions, list) and all(isinstance(caption, str) for caption in captions)):
        raise UserError(f'{shard}: {key}.json must say {{"captions": ["...", ...]}}')
    tidy = (" ".join(text_of(caption).split()) for caption in captions)
    return tuple(caption for caption in tidy if caption)


def _content(file: io.BufferedReader, member: tarfile.TarInfo) -> bytes:
    file.seek(member.offset_data)
    return file.read(member.size)


def _split(name: str) -> tuple[str, str]:
    """A member's key and its ending, behind the last dot."""
    place = PurePosixPath(name)
    return name.removesuffix(place.suffix), place.suffix.lower()


def _cut(key: str) -> str:
    """The key as WebDataset has it: its last part ends at its first dot."""
    folder, slash, last = key.rpartition("/")
    return folder + slash + last.partition(".")[0]
