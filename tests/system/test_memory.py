"""Memory in large pages: who is asked for them, and that a tensor gets them."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from hw3lib.system import memory

# The MiB in large pages of memory that asks for them by itself, and of a tensor of a process that has asked.
TENSOR = """
import mmap, re
from hw3lib.system import memory

def large() -> int:
    with open("/proc/self/smaps") as file:
        return sum(map(int, re.findall(r"AnonHugePages: +(\\d+) kB", file.read()))) >> 10

if hasattr(mmap, "MADV_HUGEPAGE"):
    with mmap.mmap(-1, 64 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as area:
        area.madvise(mmap.MADV_HUGEPAGE)
        area.write(bytes(64 << 20))
        print(large())
    memory.huge_pages()
    import torch
    before, tensor = large(), torch.ones(16 * 2**20)
    print(large() - before)
"""


def test_what_the_user_has_set_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    for found, wanted in (
        ({}, ("1", "glibc.malloc.hugetlb=1")),
        ({"GLIBC_TUNABLES": "glibc.malloc.check=1"}, ("1", "glibc.malloc.check=1:glibc.malloc.hugetlb=1")),
        (
            {"THP_MEM_ALLOC_ENABLE": "0", "GLIBC_TUNABLES": "glibc.malloc.hugetlb=0:glibc.malloc.check=1"},
            ("0", "glibc.malloc.hugetlb=0:glibc.malloc.check=1"),
        ),
    ):
        monkeypatch.setattr(os, "environ", found)
        for _ in range(2):
            memory.huge_pages()
            assert (found["THP_MEM_ALLOC_ENABLE"], found["GLIBC_TUNABLES"]) == wanted


def test_a_tensor_lies_in_large_pages() -> None:
    asked = ("THP_MEM_ALLOC_ENABLE", "GLIBC_TUNABLES")
    environment = {name: value for name, value in os.environ.items() if name not in asked}
    process = subprocess.run([sys.executable, "-c", TENSOR], env=environment, capture_output=True, text=True)
    told = [int(number) for number in process.stdout.split()]
    if process.returncode or not told or told[0] < 60:
        pytest.skip("the machine gives no large pages")
    assert told[1] >= 32
