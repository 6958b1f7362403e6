"""The command that docs/running.md gives for a cluster, on a SLURM of one node: through cancelled jobs and killed heads
to the numbers of a run without SLURM.

    make report PROFILE=smoke CORES=2      # what is compared; up to 9 cores, for then a training has one, as here
    pytest -m slurm                        # as root, with Debian's slurm-wlm and munge
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from hw3lib.system import files
from tests.support.places import ROOT
from tests.support.slurm import GPUS, OneNode

pytestmark = pytest.mark.slurm


def documented() -> list[str]:
    """The lines of the first block of commands in the section on clusters."""
    section = (ROOT / "docs" / "running.md").read_text("utf-8").partition("\n## On a cluster\n")[2]
    block = re.search(r"```sh\n(.*?)```", section, re.S)
    assert block, "docs/running.md gives no command for a cluster"
    return block[1].replace("\\\n", " ").splitlines()


@pytest.fixture
def node() -> Iterator[OneNode]:
    # A socket's path has 107 bytes at the most; pytest's folders may be deep.
    with TemporaryDirectory(prefix="slurm", ignore_cleanup_errors=True) as folder, OneNode(Path(folder)) as running:
        yield running


class Head:
    """A root of its own, and the documented command, started in it as often as wanted."""

    def __init__(self, root: Path, command: str) -> None:
        self.root, self.command = root, command
        for name in ("configs", "demo_world"):
            (root / name).symlink_to(ROOT / name)
        shutil.copytree(ROOT / "data" / "smoke", root / "data" / "smoke")

    def start(self) -> subprocess.Popen[str]:
        environment = os.environ | {"HW3_ROOT": str(self.root)}
        environment.pop("OMP_NUM_THREADS", None)
        return subprocess.Popen(
            f"exec {self.command}", shell=True, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )  # fmt: skip

    def summary(self, root: Path) -> Any:
        told = files.read_json(root / "runs" / "smoke" / "summary.json", "make report PROFILE=smoke CORES=2")
        return {key: value for key, value in told.items() if key != "provenance"}


def until(holds: Callable[[], Any], seconds: float = 300) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.2)
    return found


def trainings(node: OneNode) -> list[str]:
    return [number for number, step in node.jobs("RUNNING").items() if step.startswith("rule_train")]


def test_the_documented_command_gives_the_numbers_of_a_run_without_slurm_through_cancelled_jobs_and_killed_heads(
    tmp_path: Path, node: OneNode
) -> None:
    install, report = documented()
    subprocess.run(install, shell=True, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    (tmp_path / "root").mkdir()
    head = Head(tmp_path / "root", report)

    first = head.start()
    running = until(lambda: trainings(node))
    asks = node.ask("scontrol", "show", "job", running[0])
    assert re.search(r"TresPerJob=\S*gpu:1|TresPerNode=\S*gpu:1|gres/gpu=1", asks), asks
    assert re.search(r"MinMemoryNode=32000M|mem=32000M", asks), asks
    assert "TimeLimit=04:00:00" in asks
    assert "CPUs/Task=1" in asks
    until(lambda: list(head.root.glob("runs/smoke/p2/*/log.jsonl")))
    node.ask("scancel", running[0])
    until(lambda: running[0] not in node.jobs())
    first.kill()
    assert "Traceback" not in first.communicate()[0]
    left = set(node.jobs())

    second = head.start()
    until(lambda: set(node.jobs()) - left)
    second.terminate()
    said, _ = second.communicate(timeout=60)
    assert said.splitlines()[-1].endswith("the same command goes on from there"), said
    assert second.returncode != 0
    until(lambda: not set(node.jobs()) - left, 30)  # its jobs are cancelled; those of the head before go on

    third = head.start()
    most = 0
    while third.poll() is None:
        most = max(most, len(trainings(node)))
        time.sleep(0.5)
    said = third.communicate()[0]
    assert third.returncode == 0, said
    assert re.search(r"hw3_report\.pdf\nmade in \d+ min", said), said
    assert 1 <= most <= GPUS
    assert head.summary(head.root) == _nearly(head.summary(ROOT))

    fourth = head.start()
    said = fourth.communicate(timeout=120)[0]
    assert (fourth.returncode, said.splitlines()[-1]) == (0, "up to date: what was asked for")


def _nearly(value: Any) -> Any:
    """The same numbers, but for what more threads in a score's sums change."""
    if isinstance(value, dict):
        return {key: _nearly(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_nearly(inner) for inner in value]
    return pytest.approx(value, rel=1e-4, abs=1e-6) if isinstance(value, float) else value
