"""Which device ``auto`` is."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from hw3lib.system import devices
from tests.support.places import ROOT


@pytest.mark.parametrize("kind", ["cuda", "mps", None])
def test_auto_is_the_accelerator_where_there_is_one(kind: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    def current_accelerator(check_available: bool = False) -> torch.device | None:
        assert check_available, "a build for a GPU that is not there must not choose it"
        return torch.device(kind) if kind else None

    monkeypatch.setattr(torch.accelerator, "current_accelerator", current_accelerator)
    assert devices.choose("auto") == (kind or "cpu")
    assert [devices.choose(name) for name in ("cpu", "cuda:1")] == ["cpu", "cuda:1"]


def test_it_is_decided_at_one_place() -> None:
    files = [path for path in Path(ROOT / "hw3lib").rglob("*.py") if 'device == "auto"' in path.read_text("utf-8")]
    assert files == []


def test_a_slurm_job_uses_the_cores_that_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without binding, it may run on all of the machine's."""
    monkeypatch.delenv("SLURM_CPUS_PER_TASK", raising=False)
    most = devices.cores()
    for given, used in ((1, 1), (10_000, most)):
        monkeypatch.setenv("SLURM_CPUS_PER_TASK", str(given))
        assert devices.cores() == used
