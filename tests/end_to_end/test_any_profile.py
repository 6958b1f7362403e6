"""Every valid profile ends in a report, however small or unusual its data: the pipeline run whole on drawn ones.

``HW3_PROFILES`` says how many are drawn (5), ``HW3_PROFILES_SEED`` from which seed.
"""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hw3lib import config, paths
from tests.support.any_profile import Case, draw_cases, write

REPOSITORY = paths.PACKAGE.parent
COUNT, SEED = int(os.environ.get("HW3_PROFILES", "5")), int(os.environ.get("HW3_PROFILES_SEED", "0"))

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("case", draw_cases(COUNT, SEED), ids=str)
def test_it_ends_in_a_report(case: Case, tmp_path: Path) -> None:
    write(case, tmp_path)
    environment = os.environ | {"HW3_ROOT": str(tmp_path), "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "hw3lib", "report", "--profile", "any", "--cores", "2"]
    done = subprocess.run(command, env=environment, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, f"{case}\n{done.stdout[-6000:]}{done.stderr[-3000:]}"
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
