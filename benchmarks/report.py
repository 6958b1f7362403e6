"""What a whole report costs, from nothing: seconds by the clock, and core-seconds step by step.

Core-seconds (processor time) hardly depend on what else the machine does; the clock does. Environment and package
downloads are not in it. `--smoke` and `--quick` take the smoke profile instead of the demo.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import harness
from harness import ROOT, Row, finish, row

from hw3lib.system import cost

TRAININGS = 800.0  # core-seconds of the demo's six, at the most
MINUTES = 6.0  # of the demo's report on two quiet cores
SEEN = 60.0  # seconds until there is something to look at


def main() -> None:
    parser = harness.arguments(__doc__)
    parser.add_argument("--cores", type=int, default=2)
    options = parser.parse_args()
    profile = "smoke" if options.smoke or options.quick else "demo"
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in ("configs", "demo_world", "notebooks"):
            (root / name).symlink_to(ROOT / name)
        started = time.monotonic()
        seen = _made(root, profile, options.cores)
        minutes = (time.monotonic() - started) / 60
        rows = _rows(root, profile, minutes, seen)
    finish("report" if profile == "demo" else "report (smoke)", rows, cores=options.cores)


def _made(root: Path, profile: str, cores: int) -> float:
    """Make the report; seconds until its page had its first chapter."""
    command = [sys.executable, "-m", "hw3lib", "report", "--profile", profile, "--cores", str(cores)]
    environment = os.environ | {"HW3_ROOT": str(root), "PYTHONPATH": str(ROOT)}
    page, started, seen = root / "report" / "build" / profile / "hw3_report.html", time.monotonic(), float("nan")
    with subprocess.Popen(command, env=environment, cwd=root, stdout=sys.stderr) as process:
        while process.poll() is None:
            if seen != seen and page.is_file():
                seen = time.monotonic() - started
            time.sleep(0.2)
    if process.returncode:
        raise SystemExit(f"the report of {profile} was not made: exit code {process.returncode}")
    return seen


def _rows(root: Path, profile: str, minutes: float, seen: float) -> list[Row]:
    demo = profile == "demo"
    logs = sorted((root / "runs" / profile / "logs").glob("*.log"))
    steps = {log.stem: told for log in logs if (told := cost.told(log)) is not None}
    trainings = sum(told for step, told in steps.items() if step.startswith("train_"))
    return [
        row("whole report, by the clock", minutes, None, "min", MINUTES if demo else None),
        row("until the page has its first chapter", seen, None, "s", SEEN if demo else None),
        row("all trainings", trainings, None, "core-seconds", TRAININGS if demo else None),
        row("all steps", sum(steps.values()), None, "core-seconds"),
        *(row(re.sub("_", " ", step), told, None, "core-seconds") for step, told in steps.items()),
    ]


if __name__ == "__main__":
    main()
