"""Tests of what a GPU computes: ``pytest -m gpu tests/gpu`` where there is one; their bodies run on a processor, too.

Nothing here needs Java, a network, or more of the environment than torch, torchvision, timm, accelerate, tokenizers,
safetensors, numpy, Pillow, pydantic and PyYAML.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

MEASURED: dict[str, dict[str, Any]] = {}  # by test


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if not marked:
        return
    import torch

    if not torch.cuda.is_available():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="there is no GPU"))


@pytest.fixture(params=[pytest.param("cuda", marks=pytest.mark.gpu), "cpu"])
def device(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Takes note of what a test measured, and prints it."""

    def note(**values: Any) -> None:
        plain = {key: float(f"{value:.4g}") if isinstance(value, float) else value for key, value in values.items()}
        MEASURED.setdefault(request.node.originalname, {}).update(plain)
        print(request.node.originalname, json.dumps(plain))

    return note


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """With ``HW3_GPU_RESULTS``, a file, what was measured and how each test ended goes there as JSON."""
    if target := os.environ.get("HW3_GPU_RESULTS"):
        ended = {
            kind: [report.nodeid.split("::")[-1].split("[")[0] for report in terminalreporter.stats.get(kind, [])]
            for kind in ("passed", "failed", "error", "skipped")
        }
        Path(target).write_text(json.dumps({"measured": MEASURED, **ended}), encoding="utf-8")
