"""Work in threads: in order, and never further ahead than asked."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from hw3lib.system import threads


def test_results_come_in_order_and_no_further_ahead_than_asked() -> None:
    begun = 0

    def items() -> Iterator[int]:
        nonlocal begun
        for item in range(20):
            begun = item + 1
            yield item

    with ThreadPoolExecutor(4) as pool:
        for taken, result in enumerate(threads.ahead(pool, lambda item: item * item, items(), 3)):
            assert result == taken * taken
            assert begun <= taken + 4
        assert list(threads.ahead(pool, str, [], 3)) == []
        with pytest.raises(ZeroDivisionError):
            list(threads.ahead(pool, lambda item: 1 // item, [1, 0]))


def test_there_is_at_least_one_thread() -> None:
    assert 1 <= threads.count() <= 16
