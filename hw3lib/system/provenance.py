"""What made a result: commit, configuration, seed, versions, device. Every result file carries it."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass, is_dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from hw3lib import paths
from hw3lib.system import children

PACKAGES = ("hw3lib", "torch", "torchvision", "timm", "open_clip_torch", "tokenizers", "numpy", "pillow")


def commit(checkout: Path | None = None) -> str:
    """The checkout's short commit, ``+`` appended when the tree has changed since; ``unknown`` outside a checkout."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(checkout or paths.root()), *arguments]
        return children.run(command, seconds=20).strip()

    try:
        return git("rev-parse", "--short=10", "HEAD") + ("+" if git("status", "--porcelain") else "")
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def versions() -> dict[str, str]:
    """Python's version and those of the packages that numbers depend on."""
    numbers = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            numbers[package] = version(package)
        except PackageNotFoundError:
            numbers[package] = "absent"
    return numbers


def device_name() -> str:
    """The accelerator's name, else the processor's kind and the number of threads torch uses."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    threads = torch.get_num_threads()
    return f"CPU ({platform.machine()}, {threads} thread{'s' * (threads != 1)})"


def fingerprint(configuration: Any) -> str:
    """A short hash of a configuration (dataclass or plain data), the same for the same values."""
    plain = (
        asdict(configuration) if is_dataclass(configuration) and not isinstance(configuration, type) else configuration
    )
    text = json.dumps(plain, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Provenance:
    """What made a result."""

    commit: str  # the checkout's short commit; "+" at its end: the tree had changed since
    configuration: str  # a hash of the profile or of the run
    seed: int  # the profile's
    versions: dict[str, str]  # of Python and of the packages that numbers depend on
    device: str  # the accelerator's name, else the kind of processor and the number of threads
    written: str  # when, in UTC, ISO 8601
    inputs: str = ""  # a hash of all that the result follows from, where a result of the same is loaded

    @classmethod
    def of(cls, configuration: Any, seed: int, inputs: str = "") -> Provenance:
        """That of a result which is written now."""
        written = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(commit(), fingerprint(configuration), seed, versions(), device_name(), written, inputs)


def stamp(configuration: Any, seed: int, inputs: str = "") -> dict[str, Any]:
    """The provenance as plain data."""
    return asdict(Provenance.of(configuration, seed, inputs))


def loaded(origin: Mapping[str, Any]) -> str:
    """A sentence on a result that was computed before; ``origin`` is its provenance as plain data."""
    return f"loaded: computed {origin['written'][:16].replace('T', ' ')} UTC at commit {origin['commit']}"
