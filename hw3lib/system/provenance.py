"""What made a result: commit, configuration, seed, versions, device. Every result file carries it."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from hw3lib import paths

PACKAGES = ("hw3lib", "torch", "torchvision", "timm", "open_clip_torch", "tokenizers", "numpy", "pillow")


def commit() -> str:
    """The checkout's short commit, ``+`` appended when the tree has changed since; ``unknown`` outside a checkout."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(paths.root()), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.strip()

    try:
        return git("rev-parse", "--short=10", "HEAD") + ("+" if git("status", "--porcelain") else "")
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def versions() -> dict[str, str]:
    """Python's version and those of the packages that numbers depend on."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "absent"
    return found


def device_name() -> str:
    """The accelerator's name, else the processor's kind and the number of threads torch uses."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"CPU ({platform.machine()}, {torch.get_num_threads()} threads)"


def fingerprint(configuration: Any) -> str:
    """A short hash of a configuration (dataclass or plain data), the same for the same values."""
    plain = (
        asdict(configuration) if is_dataclass(configuration) and not isinstance(configuration, type) else configuration
    )
    text = json.dumps(plain, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def stamp(configuration: Any, seed: int) -> dict[str, Any]:
    """The provenance block of a result file."""
    return {
        "commit": commit(),
        "configuration": fingerprint(configuration),
        "seed": seed,
        "versions": versions(),
        "device": device_name(),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
    }
