"""``kill -9`` again and again at random moments of a report: it always finishes, with an undisturbed one's numbers.

``HW3_KILLS`` says how often (50; about eight minutes on two cores).
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from hw3lib import paths
from hw3lib.system import files

REPOSITORY = paths.PACKAGE.parent
KILLS = int(os.environ.get("HW3_KILLS", "50"))
SEED = 2022

pytestmark = pytest.mark.slow


class Site:
    """A root of its own, in which the smoke report is made, killed and made again."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        for name in ("configs", "demo_world"):
            (root / name).symlink_to(REPOSITORY / name)

    def start(self) -> subprocess.Popen[str]:
        environment = os.environ | {"HW3_ROOT": str(self.root), "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
        return subprocess.Popen(
            [sys.executable, "-m", "hw3lib", "report", "--profile", "smoke", "--cores", "2"],
            env=environment,
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def finish(self) -> str:
        process = self.start()
        output, _ = process.communicate(timeout=900)
        assert process.returncode == 0, output
        return output

    def summary(self) -> dict[str, Any]:
        found = files.read_json(self.root / "runs" / "smoke" / "summary.json")
        return {key: value for key, value in found.items() if key != "provenance"}

    def forget(self) -> None:
        for name in ("runs", "report", "data"):
            shutil.rmtree(self.root / name, ignore_errors=True)

    def leftovers(self) -> list[Path]:
        return [path for name in ("runs", "report") for path in (self.root / name).rglob(".*.part*")]


def test_a_report_that_is_killed_again_and_again_has_the_numbers_of_an_undisturbed_one(tmp_path, capsys) -> None:
    calm, shaken = Site(tmp_path / "calm"), Site(tmp_path / "shaken")
    calm.finish()
    expected = calm.summary()
    assert expected["p2"]
    assert expected["claims"]
    chance, kills, finished, moments = random.Random(SEED), 0, 0, []
    while kills < KILLS:
        process = shaken.start()
        wait = chance.uniform(0.5, 16)
        try:
            process.wait(timeout=wait)
        except subprocess.TimeoutExpired:
            # Now the pipeline alone, whose steps must end by themselves; now everything at once, as a power cut does.
            if chance.random() < 0.5:
                process.kill()
            else:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            kills += 1
            moments.append(_stage(shaken.root))
            continue
        assert process.returncode == 0, process.stdout.read() if process.stdout else ""
        assert shaken.summary() == expected
        finished += 1
        shaken.forget()
        time.sleep(1)  # what the last kill left behind has half a second to notice
    shaken.finish()
    assert shaken.summary() == expected
    assert not shaken.leftovers()
    assert "up to date" in shaken.finish()
    with capsys.disabled():
        print(f"\n{kills} kills, {finished + 1} reports finished; killed in: {_counted(moments)}")


def _stage(root: Path) -> str:
    """Which steps were at work: those that began a log and have no product yet, by the newest log."""
    logs = sorted((root / "runs" / "smoke" / "logs").glob("*.log"), key=lambda path: path.stat().st_mtime)
    return logs[-1].stem.partition("_")[0] if logs else "start"


def _counted(moments: list[str]) -> str:
    return ", ".join(f"{name} {moments.count(name)}" for name in dict.fromkeys(sorted(moments)))
