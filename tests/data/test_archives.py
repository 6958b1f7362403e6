"""Archives: what is taken is written, and nothing leads out of the folder or fills the disk."""

from __future__ import annotations

import io
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from hw3lib.data.archives import unpack
from hw3lib.system.errors import UserError
from tests.support.public import tarred, zipped

TAKES = {"photographs/": "images", "captions.json": "captions.json"}
GOOD = {"photographs/a.jpg": b"a", "photographs/more/b.jpg": b"bb", "captions.json": b"{}", "other.txt": b"not taken"}


def unpacked(tmp_path: Path, content: bytes, most: int = 1000) -> Path:
    (tmp_path / "archive").write_bytes(content)
    unpack(tmp_path / "archive", TAKES, most, tmp_path / "out" / "in")
    return tmp_path / "out" / "in"


def written(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_what_is_taken_is_written_by_its_new_name_and_nothing_else(tmp_path: Path, pack: Callable[..., bytes]) -> None:
    assert written(unpacked(tmp_path, pack(GOOD))) == {
        "images/a.jpg": b"a", "images/more/b.jpg": b"bb", "captions.json": b"{}",
    }  # fmt: skip


@pytest.mark.parametrize("pack", [zipped, tarred])
@pytest.mark.parametrize(
    "name", ["../evil", "photographs/../../../evil", "/evil", "photographs\\..\\..\\evil", "..\\evil", "x/../evil"]
)
def test_an_archive_that_names_a_place_outside_is_refused(
    tmp_path: Path, pack: Callable[..., bytes], name: str
) -> None:
    with pytest.raises(UserError, match=r"archive names .*evil.*, a place outside of it; none of it is used"):
        unpacked(tmp_path, pack({name: b"evil"} | GOOD))
    assert not list(tmp_path.rglob("evil"))
    assert not (tmp_path / "out" / "in").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_a_link_or_a_device_in_a_tar_is_refused(tmp_path: Path, kind: bytes) -> None:
    file = io.BytesIO(tarred(GOOD))
    content = io.BytesIO()
    with tarfile.open(fileobj=file) as good, tarfile.open(fileobj=content, mode="w") as bad:
        member = tarfile.TarInfo("photographs/link.jpg")
        member.type, member.linkname = kind, "/etc/passwd"
        bad.addfile(member)
        for other in good:
            bad.addfile(other, good.extractfile(other))
    with pytest.raises(UserError, match=r"has a link, photographs/link\.jpg, where a file should be"):
        unpacked(tmp_path, content.getvalue())


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    file = io.BytesIO(zipped(GOOD))
    with zipfile.ZipFile(file, "a") as archive:
        link = zipfile.ZipInfo("photographs/link.jpg")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(UserError, match="has a link"):
        unpacked(tmp_path, file.getvalue())


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_no_archive_writes_more_than_it_may(tmp_path: Path, pack: Callable[..., bytes]) -> None:
    with pytest.raises(UserError, match="holds more than 1,000 bytes of photographs/"):
        unpacked(tmp_path, pack(GOOD | {"photographs/bomb.jpg": bytes(1_000_000)}))
    assert sum(map(len, written(tmp_path / "out").values())) <= 1000


def test_a_zip_that_understates_a_size_writes_no_more_than_it_states(tmp_path: Path) -> None:
    lying = zipped(GOOD | {"photographs/bomb.jpg": bytes(1_000_000)})
    lying = lying.replace(struct.pack("<L", 1_000_000), struct.pack("<L", 10))
    with pytest.raises(UserError, match="is damaged"):
        unpacked(tmp_path, lying)
    assert sum(map(len, written(tmp_path / "out").values())) <= 1000


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>moved</html>",
        tarred(GOOD | {"photographs/z.jpg": bytes(range(256)) * 2})[:-60],
        tarred(GOOD)[:20] + b"\0" * 50 + tarred(GOOD)[70:],
        zipped(GOOD)[:-10],
        zipped(GOOD).replace(b"photographs/a.jpg", b"photographs/b.jpg", 1),
        zipped(GOOD | {"photographs/a.jpg/b.jpg": b""}),
    ],
)
def test_a_damaged_archive_is_named_with_the_way_out(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UserError, match=r"archive is damaged .*; remove it, and the same command fetches it"):
        unpacked(tmp_path, content)


def test_what_an_archive_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"lacks captions\.json, photographs/"):
        unpacked(tmp_path, zipped({"else.txt": b""}))
