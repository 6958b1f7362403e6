"""The start page, ``notebooks/index.ipynb``: what each notebook answers, what is built, and buttons for the rest."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hw3lib import config, paths
from hw3lib.display.bundle import show_text
from hw3lib.display.offer import buttons
from hw3lib.display.prose import code
from hw3lib.pipeline.notebooks import executed, source_of
from hw3lib.system import devices, files
from hw3lib.system.cost import told

THEN = "done; run this notebook again to see it here"
_PER_RUN = "p2_training"
_MEASURED = paths.PACKAGE.parent / "benchmarks" / "results" / "report.json"  # the demo's steps, in core-seconds
_PATIENCE = 60  # s for a plan; it takes 3


@dataclass(frozen=True)
class Part:
    """A notebook: its file's stem, title and question, and the executed copies that a report has of it.

    ``absent`` says why the profile leaves it out; then there are no copies.
    """

    name: str
    title: str
    question: str
    copies: dict[str, Path]
    absent: str = ""

    @property
    def missing(self) -> list[str]:
        """The names of the copies that are not built."""
        return [name for name, path in self.copies.items() if not path.is_file()]

    @property
    def state(self) -> str:
        """When it was built, or what of it is not."""
        if self.absent:
            return f"left out: the profile {self.absent}"
        if not self.copies:
            return "nothing to build: the profile has no runs"
        if not self.missing:
            latest = max(path.stat().st_mtime for path in self.copies.values())
            return f"built {datetime.fromtimestamp(latest):%Y-%m-%d %H:%M}"
        built = len(self.copies) - len(self.missing)
        return f"built for {built} of {len(self.copies)} runs" if built else "not built"


@dataclass(frozen=True)
class Plan:
    """What a report still lacks: its steps by rule, or why it cannot be said; and how long they take.

    ``core_seconds`` is ``None`` where a step never ran: nobody knows how long it takes.
    """

    steps: Counter[str]
    trouble: str = ""
    core_seconds: float | None = None

    def sentence(self, spec: str, cores: int) -> str:
        """One sentence, with the command that makes what is missing."""
        if self.trouble:
            return self.trouble
        if not (count := self.steps.total()):
            return "The report is up to date."
        noun = "step is" if count == 1 else "steps are"
        sentence = f"{count} {noun} still to be run; `make report PROFILE={spec}` runs them and writes the report"
        if self.core_seconds is None:
            return f"{sentence}. How long they take is known once they have run; training takes most of it."
        minutes = self.core_seconds / cores / 60
        about = f"{minutes:.0f} minutes" if minutes >= 1.5 else "a minute"
        whose = "this machine's core" if cores == 1 else f"this machine's {cores} cores"
        return f"{sentence}, in about {about} on {whose}."


def parts(profile: config.Profile) -> list[Part]:
    """The profile's notebooks, in the report's order, P2's training after its comparison and the claims at last."""
    found = []
    for name in [*profile.chapters, "claims"]:
        found.append(_part(profile, name, [None], profile.chapters.get(name, "")))
        if name.startswith("p2"):
            found.append(_part(profile, _PER_RUN, list(profile.runs), profile.chapters[name]))
    return found


def _part(profile: config.Profile, name: str, runs: Sequence[str | None], absent: str) -> Part:
    source = source_of(profile, name)
    cell = "".join(files.read_json(source, "Take it from the project again.")["cells"][0]["source"])
    title, _, question = cell.lstrip("# ").partition("\n")
    copies = {} if absent else {run or name: executed(profile.name, name, run) for run in runs}
    return Part(source.stem, title.strip(), " ".join(question.split()), copies, absent)


def plan(profile: config.Profile, spec: str) -> Plan:
    """Ask the pipeline what is still to be done, without running it; takes seconds."""
    command = [sys.executable, "-m", "hw3lib", "report", "--profile", spec, "--dry-run"]
    try:
        done = subprocess.run(
            command, cwd=paths.root(), capture_output=True, text=True, errors="replace", timeout=_PATIENCE
        )
    except subprocess.TimeoutExpired:  # the pipeline waits for its like
        return Plan(Counter(), "The report is being made at this moment.")
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).removeprefix("hw3: ")
        return Plan(Counter(), f"The report cannot be made yet:\n\n```text\n{said}\n```")
    named = re.search(r"^\d+ steps? to run: (.*)$", done.stdout, re.M)
    counted = (item.partition(" x ") for item in named[1].split(", ")) if named else ()
    steps = Counter({rule or count: int(count) if rule else 1 for count, _, rule in counted})
    seconds = {rule: _seconds(profile, rule) for rule in steps}
    known = [count * took for rule, count in steps.items() if (took := seconds[rule]) is not None]
    return Plan(steps, core_seconds=sum(known) if len(known) == len(steps) else None)


def _seconds(profile: config.Profile, rule: str) -> float | None:
    """Core-seconds of one step of the rule: of its last run here, or for the demo as the project measured it."""
    logs = paths.runs(profile.name) / "logs"
    found = [logs / f"{rule}.log", *logs.glob(f"{rule}_*.log"), *logs.glob(f"{rule}_*/*.log")]  # of a run, or a seed
    took = [cost for log in found if (cost := told(log))]
    if not took and profile.name == "demo" and _MEASURED.is_file():
        rows = files.read_json(_MEASURED)["rows"]
        named = rule.replace("_", " ")
        took = [row["ours"] for row in rows if row["name"] == named or row["name"].startswith(f"{named} ")]
    return sum(took) / len(took) if took else None


def show(spec: str, ask: Callable[[config.Profile, str], Plan] = plan) -> list[Part]:
    """Display the start page of a profile in a notebook: each part with its link, state and button; then the report."""
    from IPython.display import display

    profile = config.load(spec)
    found = parts(profile)
    for part in found:
        show_text(f"**[{part.title}]({part.name}.ipynb)**  \n{part.question}  \n*{part.state}*")
        if part.missing:
            targets = [str(part.copies[name].relative_to(paths.root())) for name in part.missing]
            display(buttons({"build it": ["report", "--profile", spec, *targets]}, THEN))
    page = paths.page(profile.name)
    there = page.with_suffix(".pdf").is_file()
    where = f"The report: {code(paths.shown(page))} and {code(page.stem + '.pdf')}. " if there else ""
    show_text(where + ask(profile, spec).sentence(spec, devices.cores()))
    if not there:
        display(buttons({"make the whole report": ["report", "--profile", spec]}, THEN))
    return found
