"""Rows by key in a folder of files: whoever adds, damages or removes them, what comes back is what was added."""

from __future__ import annotations

import errno
import pickle
from pathlib import Path

import numpy as np
import pytest

from hw3lib.data.cache import row_file
from hw3lib.data.cache.row_cache import RowCache
from hw3lib.data.cache.row_file import Damaged


def key(number: int) -> bytes:
    return number.to_bytes(row_file.KEY)


def row(number: int) -> np.ndarray:
    return np.full((2, 3), number, np.float32)


def fill(cache: RowCache, *numbers: int) -> None:
    with cache.adding():
        cache.add(((key(number), row(number)) for number in numbers), len(numbers), {"first": numbers[:1]})


def test_rows_come_back_by_key_in_the_order_asked_for_whoever_added_them(tmp_path: Path) -> None:
    cache, other = RowCache(tmp_path / "rows"), RowCache(tmp_path / "rows")
    cache.refresh()
    assert key(1) not in cache
    assert None not in cache
    assert cache.rows([], (2, 3)).shape == (0, 2, 3)
    fill(cache, 1, 2)
    fill(other, 3)
    assert [path.name for path in sorted(tmp_path.rglob("*.rows"))] == ["000000.rows", "000001.rows"]
    assert key(1) in other, "who adds takes in what others have added"
    cache.refresh()
    rows = cache.rows([key(3), key(1), key(3)], (2, 3))
    assert (len(rows), rows.shape) == (3, (3, 2, 3))
    for copy in (rows, pickle.loads(pickle.dumps(rows))):
        assert [float(copy[index][0, 0]) for index in range(3)] == [3, 1, 3]
    assert [file.facts for file in cache.files] == [{"first": [1]}, {"first": [3]}]


def test_no_row_makes_no_file(tmp_path: Path) -> None:
    cache = RowCache(tmp_path)
    fill(cache)
    assert not list(tmp_path.glob("*.rows"))


def test_what_a_killed_process_left_goes_when_the_next_one_adds(tmp_path: Path) -> None:
    (tmp_path / ".000000.17.part.rows").write_bytes(b"half")
    (tmp_path / "notes.rows").write_text("no number, not ours")
    cache = RowCache(tmp_path)
    cache.refresh()
    assert len(list(tmp_path.iterdir())) == 2, "only who holds the lock may clear up"
    fill(cache, 1)
    assert {path.name for path in tmp_path.iterdir()} - {".lock"} == {"000000.rows", "notes.rows"}


@pytest.mark.filterwarnings("ignore:.*is damaged")
@pytest.mark.parametrize("checked", [False, True])
def test_a_damaged_row_is_noticed_and_its_file_removed(tmp_path: Path, checked: bool) -> None:
    cache = RowCache(tmp_path)
    fill(cache, 1, 2)
    fill(cache, 3)
    path = tmp_path / "000000.rows"
    content = bytearray(path.read_bytes())
    content[30] ^= 1  # within the second row
    path.write_bytes(content)
    later = RowCache(tmp_path, checked)
    later.refresh()
    if checked:
        assert [key(number) in later for number in (1, 2, 3)] == [False, False, True]
    else:
        rows = later.rows([key(1), key(2), key(3)])
        assert float(rows[0][0, 0]) == 1
        with pytest.raises(Damaged):
            rows[1]
        assert float(rows[2][0, 0]) == 3
    assert not path.exists()


@pytest.mark.filterwarnings("ignore:.*is damaged")
def test_one_row_is_checked_each_time_and_a_damaged_file_is_forgotten_whole(tmp_path: Path) -> None:
    cache = RowCache(tmp_path)
    assert cache.get(key(1)) is None
    fill(cache, 1, 2)
    fill(cache, 3)
    np.testing.assert_array_equal(cache.get(key(1)), row(1))
    path = tmp_path / "000000.rows"
    with path.open("r+b") as file:  # in place: what is mapped changes
        file.seek(30)
        file.write(b"\xff")
    assert cache.get(key(2)) is None
    assert cache.get(key(1)) is None
    np.testing.assert_array_equal(cache.get(key(3)), row(3))
    assert not path.exists()
    fill(cache, 1, 2)
    np.testing.assert_array_equal(cache.get(key(2)), row(2))


def test_where_the_disk_has_no_room_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = RowCache(tmp_path)
    monkeypatch.setattr(row_file.shutil, "disk_usage", lambda _: type("usage", (), {"free": row_file.SPARE + 47})())
    with pytest.raises(OSError, match="GB needed") as caught:
        fill(cache, 1, 2)  # 48 bytes
    assert caught.value.errno == errno.ENOSPC
    assert {path.name for path in tmp_path.iterdir()} <= {".lock"}
    fill(cache, 1)
    assert key(1) in cache
