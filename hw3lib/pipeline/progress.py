"""What the pipeline says on the terminal: a line when a step begins or ends, and now and then how far it is.

It is a log handler of Snakemake's (:mod:`hw3lib.pipeline.run` registers it), fed with Snakemake's own events.
"""

from __future__ import annotations

import re
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from logging import ERROR, LogRecord
from pathlib import Path
from typing import Any, ClassVar, TextIO

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from hw3lib import paths
from hw3lib.system.cost import told

EVERY = 15.0  # seconds between two reports on the steps that are running
TAIL = 20  # lines of a failed step's log
WIDTH = 110  # characters of a step's own words

# Rules that nobody needs to read about.
_SILENT = {"all"}


@dataclass
class Step:
    """A job that is running."""

    title: str
    rule: str
    log: Path | None
    began: float = field(default_factory=time.monotonic)
    shown: str = ""

    def __post_init__(self) -> None:
        self.earlier = self._written()

    def _written(self) -> int:
        return self.log.stat().st_mtime_ns if self.log and self.log.is_file() else 0

    def begun_log(self) -> Path | None:
        """Its log, once there is anything of this run in it: a queued step has that of the run before."""
        return self.log if self._written() != self.earlier else None

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began


class LogHandler(LogHandlerBase):
    """Turns Snakemake's events into lines."""

    latest: ClassVar[LogHandler | None] = None
    stream: TextIO = sys.stdout
    page: Path | None = None  # the report's, which grows as parts are done
    # What Snakemake asks of a handler.
    writes_to_stream = has_filter = has_formatter = True
    writes_to_file = needs_rulegraph = False

    def __post_init__(self) -> None:
        LogHandler.latest = self
        self.steps: dict[int, Step] = {}
        self.left: Counter[str] = Counter()
        self.total = self.done = 0
        self.core_seconds = 0.0
        self.page_written = _written(self.page)
        self.failed = False
        self.over = threading.Event()
        self.guard = threading.Lock()
        threading.Thread(target=self._tick, daemon=True, name="progress").start()

    def emit(self, record: LogRecord) -> None:
        facts: dict[str, Any] = record.__dict__
        with self.guard:
            match facts.get("event"):
                case LogEvent.RUN_INFO:
                    self._plan(facts["stats"])
                case LogEvent.JOB_INFO if facts["rule_name"] not in _SILENT:
                    self._begin(facts)
                case LogEvent.JOB_FINISHED:
                    self._end(int(facts["job_id"]))
                case LogEvent.JOB_ERROR:
                    self._fail(facts)
                case LogEvent.ERROR if not (self.steps or self.done or self.failed):  # the plan itself
                    self._say(record.getMessage())
                case None if record.levelno >= ERROR and not self.failed:
                    self._say(record.getMessage())

    def close(self) -> None:
        self.over.set()
        if self.core_seconds:
            self._say(f"{self.core_seconds:,.0f} core-seconds in all")
            self.core_seconds = 0
        super().close()

    def _plan(self, stats: dict[str, Any]) -> None:
        counts = {rule: int(count) for rule, count in stats.items() if rule not in _SILENT | {"total"}}
        if not self.total:
            self.left, self.total = Counter(counts), sum(counts.values())
            self._say(f"{self.total} step{'s' if self.total != 1 else ''} to run: {_counted(self.left)}")

    def _begin(self, facts: dict[str, Any]) -> None:
        title = facts["rule_msg"] or facts["rule_name"]
        logs = facts["log"]
        self.steps[facts["jobid"]] = Step(title, facts["rule_name"], Path(logs[0]) if logs else None)
        self._say(f"  > {title}")

    def _end(self, job: int) -> None:
        step = self.steps.pop(job, None)
        if step is None:
            return
        self.done += 1
        self.left[step.rule] -= 1
        rest = f", left: {_counted(self.left)}" if self.done < self.total else ""
        taken = _clock(step.seconds)
        if cost := told(step.log):
            self.core_seconds += cost
            taken += f", {cost:.0f} core-seconds"
        self._say(f"  + {step.title}: {taken} [{self.done}/{self.total}{rest}]")
        if self.page and self.done < self.total and self.page_written != _written(self.page):
            self._say(f"    to look at while the rest is made: {paths.shown(self.page)}")
            self.page = None  # once is enough

    def _fail(self, facts: dict[str, Any]) -> None:
        self.failed = True
        step = self.steps.pop(facts["jobid"], None)
        # Snakemake may append a remark to the log's name.
        log = step.begun_log() if step else None
        self._say(f"  ! {step.title if step else facts['rule_name']} failed" + (f"; its log: {log}" if log else ""))
        # What a scheduler says, why it took no job for instance, stands before what Snakemake says of logs.
        lines = str(facts.get("rule_msg") or "").partition("For further error details")[0].strip().splitlines()
        if log:
            text = log.read_text(encoding="utf-8", errors="replace").replace("\r", "\n")
            lines += text.strip().splitlines()[-TAIL:]
        if lines:
            self._say("\n".join(f"    {line}" for line in lines))

    def _tick(self) -> None:
        """Every so often, the last line of each running step's log, where it has something new to say."""
        while not self.over.wait(EVERY):
            with self.guard:
                for step in self.steps.values():
                    line = last_line(step.begun_log())
                    if line and line != step.shown and step.seconds > EVERY / 2:
                        step.shown = line
                        self._say(f"    {step.title}, {_clock(step.seconds)}: {line}")

    def _say(self, text: str) -> None:
        # Where nobody reads any more, the work goes on.
        with suppress(BrokenPipeError, ValueError):
            print(text, file=self.stream, flush=True)


def last_line(log: Path | None) -> str:
    """The last thing that a log says, without terminal codes; empty when there is nothing yet."""
    if log is None or not log.is_file():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, file.seek(0, 2) - 4000))
        text = file.read().decode("utf-8", "replace")
    # Terminal codes, and what the kernel says about its own sockets, are nobody's progress.
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\[IPKernelApp\].*", "", text).replace("\r", "\n")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:WIDTH] if lines else ""


def _written(page: Path | None) -> int:
    return page.stat().st_mtime_ns if page and page.is_file() else 0


def _counted(left: Counter[str]) -> str:
    return ", ".join(f"{count} x {rule}" if count > 1 else rule for rule, count in left.items() if count > 0)


def _clock(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds // 60:.0f} min {seconds % 60:02.0f} s"
