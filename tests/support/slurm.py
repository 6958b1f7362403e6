"""SLURM on one node, this machine, by Debian's `slurm-wlm` and `munge`; without systemd, cgroups or a GPU."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

SETTINGS = Path("/etc/slurm")  # the one place: Snakemake's plugin takes SLURM_CONF from a job's environment
OURS = "# Written by a test; one that was killed leaves it behind.\n"
GPUS = 2


class OneNode:
    """The daemons and their files, all in ``folder`` but the two settings that SLURM looks for in ``/etc/slurm``."""

    def __init__(self, folder: Path) -> None:
        absent = [name for name in ("munged", "slurmctld", "slurmd") if not shutil.which(name)]
        assert not absent, f"there is no {absent[0]}; on Debian and Ubuntu: apt-get install slurm-wlm munge"
        self.settings = [SETTINGS / name for name in ("slurm.conf", "gres.conf", "cgroup.conf")]
        taken = [path for path in self.settings if path.exists() and not path.read_text().startswith(OURS)]
        assert not taken, f"{taken[0]} exists: this machine has a SLURM of its own, which is left alone"
        self.folder = folder
        for name in ("state", "spool"):
            (folder / name).mkdir()

    def __enter__(self) -> OneNode:
        try:
            self._configure()
            key = self.folder / "key-file"
            key.write_bytes(os.urandom(1024))
            key.chmod(0o600)
            places = [f"--{name}={self.folder / name}" for name in ("key-file", "socket", "pid-file", "log-file")]
            self._start("munged", "--force", f"--seed-file={self.folder / 'seed'}", *places)
            self._start("slurmctld")
            self._start("slurmd")
            deadline = time.monotonic() + 60
            while "idle" not in self.ask("sinfo", "--noheader", "--format=%t"):
                assert time.monotonic() < deadline, (self.folder / "slurmctld.log").read_text()[-2000:]
                time.sleep(0.2)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self.settings[0].is_file() and shutil.which("scancel"):
            subprocess.run(["scancel", "--user=root"], capture_output=True, timeout=30)
            deadline = time.monotonic() + 40  # what does not end is killed after 30 s
            while self.jobs("PENDING,RUNNING,COMPLETING") and time.monotonic() < deadline:
                time.sleep(0.2)
        for name in ("slurmd.pid", "slurmctld.pid", "pid-file"):
            path = self.folder / name
            if path.is_file():
                os.kill(int(path.read_text()), signal.SIGTERM)
        for path in self.settings:
            path.unlink(missing_ok=True)

    def ask(self, *command: str) -> str:
        """What one of SLURM's programs says."""
        return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout

    def jobs(self, state: str = "PENDING,RUNNING") -> dict[str, str]:
        """The number of each job in that state, and its step: ``rule_train_wildcards_best``."""
        lines = self.ask("squeue", "--noheader", f"--states={state}", "--format=%i %k").splitlines()
        return {number: step for number, _, step in (line.partition(" ") for line in lines)}

    def _configure(self) -> None:
        SETTINGS.mkdir(exist_ok=True)
        host = socket.gethostname().partition(".")[0]
        ports = [_free_port(), _free_port()]
        lines = [
            "ClusterName=one", f"SlurmctldHost={host}(127.0.0.1)", f"SlurmctldPort={ports[0]}",
            f"SlurmdPort={ports[1]}",
            "AuthType=auth/munge", f"AuthInfo=socket={self.folder / 'socket'}", "SlurmUser=root", "SlurmdUser=root",
            f"StateSaveLocation={self.folder / 'state'}", f"SlurmdSpoolDir={self.folder / 'spool'}",
            *(f"{name}PidFile={self.folder / name.lower()}.pid" for name in ("Slurmctld", "Slurmd")),
            *(f"{name}LogFile={self.folder / name.lower()}.log" for name in ("Slurmctld", "Slurmd")),
            "ProctrackType=proctrack/linuxproc", "TaskPlugin=task/none", "SelectType=select/cons_tres",
            "SelectTypeParameters=CR_CPU", "ReturnToService=2", "GresTypes=gpu",
            # More cores and memory than there may be: whoever waits for them would test nothing more.
            "SlurmdParameters=config_overrides",
            f"NodeName={host} NodeAddr=127.0.0.1 CPUs=16 RealMemory=500000 Gres=gpu:{GPUS} State=UNKNOWN",
            "PartitionName=gpu Nodes=ALL Default=YES State=UP",
        ]  # fmt: skip
        self.settings[0].write_text(OURS + "\n".join([*lines, ""]))
        self.settings[1].write_text(f"{OURS}AutoDetect=off\nName=gpu File=/dev/null\nName=gpu File=/dev/zero\n")
        version = re.search(r"(\d+)\.(\d+)", self.ask("slurmd", "-V"))
        if version and (int(version[1]), int(version[2])) >= (23, 11):  # before, it is not asked for where unused
            self.settings[2].write_text(f"{OURS}CgroupPlugin=disabled\n")

    def _start(self, *command: str) -> None:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{command[0]}: {done.stderr}"


def _free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])
