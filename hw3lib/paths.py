"""Where things are. Everything a run produces lies under ``runs/<profile>/``; nothing here touches the disk."""

from __future__ import annotations

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
DEMO_WEIGHTS = PACKAGE.parent / "demo_world" / "weights"


def root() -> Path:
    """The project's folder: ``$HW3_ROOT`` if set, else the checkout that this package lies in."""
    return Path(os.environ.get("HW3_ROOT") or PACKAGE.parent).resolve()


def config(profile: str) -> Path:
    """The profile's YAML file."""
    return root() / "configs" / f"{profile}.yaml"


def runs(profile: str) -> Path:
    """Everything that a run of the profile produced, but the report itself."""
    return root() / "runs" / profile


def report(profile: str) -> Path:
    """The folder of the finished report."""
    return root() / "report" / "build" / profile


def resolve(path: str | Path) -> Path:
    """A path from a profile: relative ones start at :func:`root`."""
    path = Path(path).expanduser()
    return path if path.is_absolute() else root() / path
