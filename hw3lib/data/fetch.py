"""Public data: downloaded, also on from where it broke off, verified, unpacked, laid out. What is there stays."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hw3lib import config, paths
from hw3lib.data.archives import unpack
from hw3lib.data.public import LAYOUTS, Archive, DataSet, data_set
from hw3lib.system import locks
from hw3lib.system.errors import UserError
from hw3lib.system.files import existing_folder
from hw3lib.system.messages import Say, silence

_CHUNK = 1 << 16  # bytes; of a chunk in which the connection breaks nothing is kept


@dataclass(frozen=True)
class Missing:
    """An archive that a profile's data lack."""

    data_set: DataSet
    archive: Archive
    folder: Path  # of the data set

    @property
    def place(self) -> Path:
        """Where the archive is put, by :func:`fetch` or by hand."""
        return self.folder.parent / "downloads" / self.archive.name

    @property
    def part(self) -> Path:
        """What has been downloaded so far."""
        return self.place.with_name(f"{self.place.name}.part")

    @property
    def download(self) -> int:
        """Bytes still to be downloaded, about."""
        return 0 if self.place.exists() else max(self.archive.size - _size(self.part), 0)


def missing(profile: config.Profile) -> list[Missing]:
    """What the public data sets of a profile lack. Asks no server. Raises :class:`UserError` for an unknown one."""
    items = []
    for name, folder in profile.fetch.items():
        home, wanted = paths.resolve(folder), data_set(name)
        items += [
            Missing(wanted, archive, home)
            for archive in wanted.archives
            if not all(_is_there(home / result) for result in archive.results)
        ]
    return items


def refuse_small_disk(items: Sequence[Missing]) -> None:
    """Raise :class:`UserError` where a disk has less room than the archives and their files need."""
    needs: dict[int, int] = {}
    for item in items:
        home = existing_folder(item.folder)
        disk = home.stat().st_dev
        needs[disk] = needs.get(disk, 0) + item.download + item.archive.unpacked
        if (free := shutil.disk_usage(home).free) < needs[disk]:
            raise UserError(
                f"{item.data_set.title}: at {home} there are {in_words(free)} free of at least {in_words(needs[disk])} "
                "that are needed; make room there, or name a folder on a larger disk in the profile (fetch)"
            )


def fetch(items: Sequence[Missing], say: Say = silence) -> None:
    """Get the archives, verify and unpack them, and lay out what is in them; an archive that is there is used.

    A download that broke off goes on. Raises :class:`UserError` after all others are done: what could not be fetched,
    with its address and its place; and for archives that are not what they should be.
    """
    problems = []
    for item in items:
        busy = f"another process fetches {item.place}"
        try:
            with locks.exclusive(item.place.with_name(f".{item.place.name}.lock"), busy):
                say(f"{item.place}: {'is there' if item.place.exists() else item.archive.address}")
                _obtain(item)
                say(f"{item.place}: as it should be; it is unpacked")
                _lay_out(item)
                say(f"{item.folder}: {', '.join(item.archive.results)}")
        except UserError as error:
            problems.append(str(error))
    if problems:
        raise UserError("\n".join(problems))


def in_words(size: int) -> str:
    """A number of bytes as people say it.

    >>> in_words(19_336_861_798), in_words(36_745_453)
    ('19.3 GB', '37 MB')
    """
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def _is_there(path: Path) -> bool:
    """Whether there is a file, or a folder with something in it: an empty one waits to be filled."""
    return any(path.iterdir()) if path.is_dir() else path.exists()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _obtain(item: Missing) -> None:
    """Download the archive, unless it is in its place; its checksum is compared in either case."""
    import pooch
    import requests

    pooch.get_logger().setLevel("WARNING")
    place, address, checksum = item.place, item.archive.address, item.archive.checksum
    again = f"run the same command again, or download {address} by other means, put it at {place}, and run it then"
    if place.exists():
        if not pooch.hashes.hash_matches(place, checksum):
            raise UserError(
                f"{place} is not the file that {address} should be: its checksum is not {checksum}; remove it, and the "
                "same command fetches it"
            )
        return
    try:
        pooch.retrieve(address, checksum, place.name, place.parent, downloader=partial(_resume, item.part))
    except requests.RequestException as error:
        if error.response is not None:
            reason = f"the server answers {error.response.status_code}"
        elif here := _size(item.part):
            reason = f"the connection broke off after {in_words(here)}"
        else:
            reason = "no connection"
        raise UserError(f"{address} cannot be fetched ({reason}); {again}") from None
    except ValueError:
        raise UserError(
            f"what came from {address} is not what it should be: its checksum is not {checksum}; {again}"
        ) from None


def _resume(part: Path, address: str, target: str, _: Any) -> None:
    """Download into ``part``, on from its end, as long as more comes after each break; then move it to ``target``."""
    import pooch
    import requests

    def start_over(response: requests.Response, **_: Any) -> None:
        if response.status_code == requests.codes.ok:  # the whole file, from a server that cannot give a part of it
            file.truncate(0)

    while True:
        before = _size(part)
        # Compressed on its way, the file could not be gone on with.
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={before}-"} if before else {})
        hooks = {"response": start_over}
        bar = sys.stderr.isatty()
        try:
            with part.open("ab") as file:
                pooch.HTTPDownloader(bar, _CHUNK, headers=headers, hooks=hooks)(address, file, None)
            break
        except requests.HTTPError as error:
            if getattr(error.response, "status_code", None) != requests.codes.requested_range_not_satisfiable:
                raise
            break  # nothing more is to come
        except requests.RequestException:
            if _size(part) <= before:
                raise
    part.replace(target)


def _lay_out(item: Missing) -> None:
    """Unpack beside the data set's folder, then move what is whole to its place; what was there before stays."""
    work = item.folder / f".{item.archive.name}.unpacked"
    shutil.rmtree(work, ignore_errors=True)
    try:
        unpack(item.place, item.archive.takes, item.archive.unpacked, work)
        if item.archive.layout:
            LAYOUTS[item.archive.layout](work)
        for result in item.archive.results:
            target = item.folder / result
            target.parent.mkdir(parents=True, exist_ok=True)
            if not _is_there(target):
                (work / result).replace(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
