"""Caption sets packed into tar files, as :mod:`hw3lib.data.shards` and WebDataset read them."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path, PurePosixPath

from hw3lib.data.caption_set import CaptionSet
from hw3lib.system import files
from hw3lib.system.errors import UserError


def write_shards(captions: CaptionSet, folder: Path, per_shard: int = 1000) -> str:
    """Write a caption set as shards, ``train-000000.tar`` on, and return their path in brace notation.

    The same set gives the same bytes. Raises :class:`UserError` for no photograph at all, for one that is not there,
    and for a name with a dot in it, where WebDataset's own reader would cut it.
    """
    if not len(captions):
        raise UserError("there is no photograph to write into shards")
    dotted = [name for name in captions.names if "." in name]
    if dotted:
        raise UserError(f"{dotted[0]} has a dot in its name, which shards cannot keep; rename it")
    starts = range(0, len(captions), per_shard)
    for number, start in enumerate(starts):
        with (
            files.atomic(folder / f"train-{number:06d}.tar") as temporary,
            tarfile.open(temporary, "w") as tar,
        ):
            for index in range(start, min(start + per_shard, len(captions))):
                photograph, key = captions.paths[index], captions.names[index]
                try:
                    content = photograph.read_bytes()
                except OSError as error:
                    raise UserError(f"{photograph} cannot be read ({error.strerror})") from None
                ending = PurePosixPath(photograph.name).suffix.lower()
                texts = json.dumps({"captions": captions.captions[index]}, ensure_ascii=False)
                _add(tar, f"{key}{ending}", content)
                _add(tar, f"{key}.json", texts.encode())
    return str(folder / f"train-{{000000..{len(starts) - 1:06d}}}.tar")


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    # Nothing of when and by whom: tarfile's own defaults.
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))
