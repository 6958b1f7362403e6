"""Where things are. Everything a run produces lies under ``runs/<profile>/``; nothing here touches the disk."""

from __future__ import annotations

import os
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def root() -> Path:
    """The project's folder: ``$HW3_ROOT`` if set, else the checkout that this package lies in."""
    return Path(os.environ.get("HW3_ROOT") or PACKAGE.parent).resolve()


def templates() -> Path:
    """The report's templates: those of the checkout, else those that were installed for nbconvert."""
    checkout = PACKAGE.parent / "report" / "hw3"
    installed = Path(sys.prefix) / "share" / "jupyter" / "nbconvert" / "templates" / "hw3"
    return checkout if checkout.is_dir() else installed


def config(profile: str) -> Path:
    """The profile's YAML file."""
    return root() / "configs" / f"{profile}.yaml"


def runs(profile: str) -> Path:
    """Everything that a run of the profile produced, but the report itself."""
    return root() / "runs" / profile


def cache(what: str) -> Path:
    """Where what was computed once is kept; it may be removed at any time."""
    return root() / "runs" / "cache" / what


def report(profile: str) -> Path:
    """The folder of the finished report."""
    return root() / "report" / "build" / profile


def page(profile: str) -> Path:
    """The finished report's page; in print and as a notebook it lies beside it, with another ending."""
    return report(profile) / "hw3_report.html"


def resolve(path: str | Path) -> Path:
    """A path from a profile: relative ones start at :func:`root`."""
    path = Path(path).expanduser()
    return path if path.is_absolute() else root() / path


def shown(path: Path) -> str:
    """A path as the reader would type it."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
