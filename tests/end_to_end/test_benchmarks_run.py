"""Every benchmark runs to its end, on sizes that measure nothing, and its last line is the document it promises."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from tests.support.places import ROOT

# What takes its options from the harness is a benchmark.
SOURCES = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "benchmarks").glob("*.py")}
SCRIPTS = sorted(name for name, source in SOURCES.items() if re.search(r"^(from|import) harness", source, re.MULTILINE))


@pytest.mark.slow
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_benchmark_runs_and_its_last_line_is_its_document(name: str) -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / f"{name}.py"), "--smoke"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert {"benchmark", "measured", "commit", "machine", "rows", "missed"} <= found.keys()
    measured = [row for row in found["rows"] if not row["note"].startswith("not measured")]
    assert measured or all("no GPU" in row["note"] for row in found["rows"])
    assert found["rows"]
    assert all(row["ours"] > 0 or row["unit"] == "CIDEr" for row in measured), measured
    assert all(row["ratio"] is not None for row in measured if row["peer"] is not None)
