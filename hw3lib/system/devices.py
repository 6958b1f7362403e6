"""The processor cores and the GPUs that a process may use, and which of them ``auto`` is."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from contextlib import suppress

from hw3lib import paths
from hw3lib.system import children, locks
from hw3lib.system.errors import UserError

CUBLAS = ":4096:8"  # workspaces (KiB:count) with which cuBLAS is reproducible


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


def slurm_gpus(partitions: str = "") -> int:
    """How many GPUs a step can be given on the cluster: 1, or 0 where SLURM says that it has none.

    ``partitions`` are the names of those that count, with commas between; all of them where it is empty.
    """
    with suppress(OSError, subprocess.SubprocessError):
        chosen = [f"--partition={partitions}"] * bool(partitions)
        return int("gpu" in children.run(["sinfo", "--noheader", "--format=%G", *chosen], seconds=20))
    return 1


def take_gpu() -> None:
    """Within a pipeline on several GPUs, choose one that no other step of it has, until this process ends.

    On a cluster the scheduler chooses: there ``HW3_PIPELINE`` is not set.
    """
    count = gpus()
    if not os.environ.get("HW3_PIPELINE") or count < 2:
        return
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = chosen.split(",") if chosen else [str(index) for index in range(count)]
    for name in names:
        hold = locks.exclusive(paths.root() / "runs" / f".gpu-{socket.gethostname()}-{name.strip()}.lock", "taken")
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
    if device.startswith("cuda"):
        prepare_cuda()
    if device != "auto":
        return device
    import torch

    accelerator = torch.accelerator.current_accelerator(check_available=True)
    return choose(accelerator.type) if accelerator else "cpu"


def prepare_cuda() -> None:
    """Let cuBLAS add up in one order, always: it asks once, at its first product in a process."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", CUBLAS)


def has_bfloat16(kind: str) -> bool:
    """Whether a kind of device (``cpu``, ``cuda``) has arithmetic for bfloat16, here."""
    import torch

    if kind == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    has = torch.cpu.get_capabilities() if kind == "cpu" else {}
    return any(has.get(instructions) for instructions in ("avx512_bf16", "amx_bf16", "bf16"))


def cores() -> int:
    """The processor cores that this process may use; in a SLURM job, which need not be bound, those it was given."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, int(os.environ.get("SLURM_CPUS_PER_TASK", usable)))


def memory(device: str = "cpu") -> int:
    """The bytes of a GPU's memory, or of the machine's (16 GiB where the system does not tell)."""
    if device.startswith("cuda"):
        import torch

        return int(torch.cuda.get_device_properties(torch.device(device)).total_memory)
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 16 * 2**30
