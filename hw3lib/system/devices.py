"""The processor cores and the GPUs that a process may use, and which of them ``auto`` is."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress

from hw3lib import paths
from hw3lib.system import children, locks
from hw3lib.system.errors import UserError


def gpus() -> int:
    """How many GPUs this process may use; asks the driver's own tool, for importing torch takes seconds."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return len([card for card in chosen.split(",") if card.strip() not in ("", "-1")])
    if not shutil.which("nvidia-smi"):
        return 0
    with suppress(OSError, subprocess.SubprocessError):
        listed = children.run(["nvidia-smi", "--list-gpus"], seconds=20)
        return sum(line.startswith("GPU ") for line in listed.splitlines())
    return 0


def take_gpu() -> None:
    """Within a pipeline on several GPUs, choose one that no other training run of it has, until this process ends."""
    count = gpus()
    if not os.environ.get("HW3_PIPELINE") or count < 2:
        return
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = chosen.split(",") if chosen else [str(index) for index in range(count)]
    for name in names:
        hold = locks.exclusive(paths.root() / "runs" / f".gpu-{name.strip()}.lock", "taken")
        with suppress(UserError):
            hold.__enter__()  # never left: the lock goes when the process does
            _HELD.append(hold)
            os.environ["CUDA_VISIBLE_DEVICES"] = name.strip()
            return


_HELD: list[object] = []


def choose(device: str) -> str:
    """What torch calls a device: ``auto`` is the accelerator where there is one (NVIDIA's, Apple's), else the CPU.

    >>> choose("cuda:1")
    'cuda:1'
    """
    if device != "auto":
        return device
    import torch

    accelerator = torch.accelerator.current_accelerator(check_available=True)
    return accelerator.type if accelerator else "cpu"


def cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
