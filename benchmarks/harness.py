"""What every benchmark here shares: rounds that take turns, a table, and one JSON document as the last line.

A row compares what the project does (``ours``) with a peer doing the same job beside it. The two take turns,
round by round, so that what else the machine does meets both; each is the median of its rounds. ``ratio`` says how many
times better ours is, whichever way the unit points; ``target`` is the least ratio (or, in a row without a peer, the
limit on ours) that the project sets itself.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # `python benchmarks/x.py` measures this checkout, whatever is installed

from hw3lib.system import memory  # noqa: E402

memory.huge_pages()  # as every command of `hw3`; the peers, too, in this process and in those that it starts


@dataclass(frozen=True)
class Row:
    """One comparison. ``ours`` and ``peer`` are in ``unit``; ``None`` is what was not measured."""

    name: str
    ours: float | None
    peer: float | None
    unit: str
    ratio: float | None = None  # how many times better ours is; None without a peer
    target: float | None = None
    met: bool | None = None
    note: str = ""


def row(
    name: str,
    ours: float | None,
    peer: float | None,
    unit: str,
    target: float | None = None,
    *,
    higher_is_better: bool = False,
    note: str = "",
) -> Row:
    """A row with its ratio and whether it meets its target.

    With a peer the target is a ratio. Without one it is a limit on ``ours``: a ceiling, or a floor where higher is
    better.
    """
    ratio = met = None
    if ours is not None and peer is not None:
        ratio = ours / peer if higher_is_better else peer / ours
        met = None if target is None else ratio >= target
    elif ours is not None and target is not None:
        met = ours >= target if higher_is_better else ours <= target
    return Row(name, ours, peer, unit, ratio, target, met, note)


def not_measured(name: str, unit: str, target: float | None = None, note: str = "not measured: no GPU here") -> Row:
    """A row for what this machine cannot measure."""
    return Row(name, None, None, unit, None, target, None, note)


def arguments(description: str, **more: Any) -> argparse.ArgumentParser:
    """The options of every benchmark: ``--quick`` (under 50 s), ``--smoke``, ``--rounds``, ``--threads``."""
    parser = argparse.ArgumentParser(description=description, **more)
    parser.add_argument("--quick", action="store_true", help="fewer and smaller cases, under 50 s")
    parser.add_argument("--smoke", action="store_true", help="seconds: all of the code, on sizes that measure nothing")
    parser.add_argument("--rounds", type=int, help="how often each side is measured; its median counts")
    parser.add_argument("--threads", type=int, help="processor threads for torch (its own choice when not given)")
    return parser


def alternate(
    sides: Mapping[str, Callable[[], object]], rounds: int, warm_up: int = 1, sync: Callable[[], object] | None = None
) -> dict[str, float]:
    """Median seconds of each side. In each round all sides run once, in an order that turns with the round.

    ``sync`` is called before a clock is read (a GPU works on after the call returns).
    """
    taken: dict[str, list[float]] = {name: [] for name in sides}
    order = list(sides)
    for number in range(-warm_up, rounds):
        for name in order:
            if sync:
                sync()
            started = time.perf_counter()
            sides[name]()
            if sync:
                sync()
            if number >= 0:
                taken[name].append(time.perf_counter() - started)
        order = order[1:] + order[:1]
    return {name: statistics.median(times) for name, times in taken.items()}


def commit() -> str:
    """The commit that is measured, ``+`` appended where the tree has changed since."""
    from hw3lib.system import provenance

    return provenance.commit(ROOT)


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    found: dict[str, Any] = {"cpu": _cpu(), "cores": os.cpu_count(), "python": platform.python_version()}
    try:
        import torch

        found |= {"torch": torch.__version__, "threads": torch.get_num_threads()}
        found["gpu"] = torch.cuda.get_device_name(0) if torch.cuda.is_available() else None
    except ImportError:
        pass
    return found


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def finish(benchmark: str, rows: list[Row], **more: Any) -> None:
    """Print the table and, as the last line, the JSON document (``more`` goes into it)."""
    with suppress(ImportError):  # a machine that is lent for its GPU may lack rich
        _print(benchmark, rows)
    document = {
        "benchmark": benchmark,
        "measured": datetime.now(UTC).date().isoformat(),
        "commit": commit(),
        "machine": machine(),
        "rows": [asdict(row) for row in rows],
        "missed": [row.name for row in rows if row.met is False],
    }
    print(json.dumps(document | more, ensure_ascii=False), flush=True)


def _print(benchmark: str, rows: list[Row]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=benchmark, title_justify="left")
    for column in ("", "ours", "peer", "unit", "ratio", "target", "met", "note"):
        table.add_column(column, justify="left" if column in ("", "unit", "note") else "right")
    for row in rows:
        verdict = {True: "yes", False: "NO", None: ""}[row.met]
        cells = (_number(row.ours), _number(row.peer), row.unit, _ratio(row.ratio), _number(row.target, ""))
        table.add_row(row.name, *cells, verdict, row.note)
    width = None if sys.stdout.isatty() else 160
    Console(width=width).print(table)


def _number(value: float | None, missing: str = "-") -> str:
    return missing if value is None else f"{value:.4g}"


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}x"
