"""A report of the made-up run, and a browser to open it in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hw3lib import config, paths
from hw3lib.report import assemble
from hw3lib.report.summary import summarise
from tests.support import report_material as material
from tests.support.browser import CHROMIUM, NAMES


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a report made from the made-up run."""
    with pytest.MonkeyPatch.context() as patch:
        root = material.make(tmp_path_factory.mktemp("root"))
        patch.setenv("HW3_ROOT", str(root))
        profile = config.load("fake")
        summarise(profile)
        assemble.build(profile)
        yield paths.report("fake")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, or a skip."""
    sync_api = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip(f"no Chromium: none of {', '.join(NAMES)} on PATH, no $HW3_CHROMIUM")
    with sync_api.sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield chromium
        chromium.close()
