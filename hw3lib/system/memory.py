"""Memory in pages of 2 MiB, where Linux gives them to who asks (`madvise`, the default of most distributions)."""

from __future__ import annotations

import os

_MALLOC = "glibc.malloc.hugetlb"


def huge_pages() -> None:
    """Ask for them: of torch for its tensors from now on, of the C library in the processes that are started from here.

    With pages of 4 KiB a training took a tenth more processor time (benchmarks/results/demo_recipe.md).
    What the user has set counts. Where there are none, nothing changes.
    """
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")  # torch reads it at its first tensor
    tunables = os.environ.get("GLIBC_TUNABLES", "")  # glibc reads them at a process' start, from 2.35 on
    if _MALLOC not in tunables:
        os.environ["GLIBC_TUNABLES"] = ":".join(filter(None, [tunables, f"{_MALLOC}=1"]))
