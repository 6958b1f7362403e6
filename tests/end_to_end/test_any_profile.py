"""Every valid profile ends in a report, however small or unusual its data: the pipeline run whole on drawn ones.

``HW3_PROFILES`` says how many are drawn (5), ``HW3_PROFILES_SEED`` from which seed.
"""

from __future__ import annotations

import html
import itertools
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hw3lib import config, paths
from tests.support.any_profile import OPTIONS, Case, draw_cases, minimised, write

REPOSITORY = paths.PACKAGE.parent
COUNT, SEED = int(os.environ.get("HW3_PROFILES", "5")), int(os.environ.get("HW3_PROFILES_SEED", "0"))


# What drawn profiles failed on, each with as much of it usual as still failed: mended, and never left out again.
KEPT: list[Case] = []


def _end(case: Case, root: Path) -> subprocess.CompletedProcess[str]:
    write(case, root)
    environment = os.environ | {"HW3_ROOT": str(root), "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "hw3lib", "report", "--profile", "any", "--cores", "2"]
    return subprocess.run(command, env=environment, cwd=REPOSITORY, capture_output=True, text=True)


def _smallest(case: Case, root: Path) -> str:
    """The smallest case that does not end in a report either, as ``KEPT`` takes it."""
    numbers = itertools.count()
    return repr(minimised(case, lambda simpler: _end(simpler, root / f"simpler_{next(numbers)}").returncode != 0))


def test_of_a_failing_case_only_what_it_fails_on_stays_unusual() -> None:
    case = Case(**{name: options[-1] for name, options in OPTIONS.items()})
    assert (
        str(minimised(case, lambda simpler: simpler.runs == "renamed" and not simpler.clip))
        == "clip=False runs=renamed"
    )


@pytest.mark.slow
@pytest.mark.parametrize("case", [*KEPT, *draw_cases(COUNT, SEED)], ids=str)
def test_it_ends_in_a_report(case: Case, tmp_path: Path) -> None:
    done = _end(case, tmp_path)
    if done.returncode:
        pytest.fail(f"{done.stdout[-6000:]}{done.stderr[-3000:]}\nKEPT takes it as {_smallest(case, tmp_path)}")
    page = (tmp_path / "report" / "build" / "any" / "hw3_report.html").read_text(encoding="utf-8")
    assert (tmp_path / "report" / "build" / "any" / "hw3_report.pdf").read_bytes().startswith(b"%PDF")
    profile = config.load(tmp_path / "configs" / "any.yaml")
    for reason in filter(None, profile.chapters.values()):
        assert html.escape(reason.split(" (")[0], quote=False) in page
    assert ("No accuracy is measured here" in page) == (profile.unlabelled and profile.clip is not None)
    for run in profile.runs.values():
        assert run.title.split()[0] in page
    assert "Traceback" not in page
    empty = re.findall(r"<(?:td|th|p|figcaption)[^>]*>(?:nan|None|inf)<", page)
    assert not empty, f"{case}: the page shows what is no number: {empty}"
