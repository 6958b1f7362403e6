"""Core-seconds: the processor time of a process and its children, in user and in system mode.

Unlike minutes they hardly depend on what else the machine does.
"""

from __future__ import annotations

import atexit
import os
import re
import sys
from pathlib import Path

_TOLD = re.compile(r"^([0-9.]+) core-seconds$", re.MULTILINE)


def tell_at_exit() -> None:
    """Let this process end its standard error with its core-seconds, those of its finished children among them."""
    atexit.register(lambda: print(f"{sum(os.times()[:4]):.1f} core-seconds", file=sys.stderr, flush=True))


def told(log: Path | None) -> float | None:
    """The core-seconds that a log ends with; ``None`` where it tells none."""
    if log is None or not log.is_file():
        return None
    with log.open("rb") as file:
        file.seek(max(0, file.seek(0, 2) - 200))
        lines = _TOLD.findall(file.read().decode("utf-8", "replace"))
    return float(lines[-1]) if lines else None
