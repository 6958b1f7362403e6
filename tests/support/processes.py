"""Processes to be killed: forked from one that has imported what training needs, which takes each of them seconds."""

from __future__ import annotations

import multiprocessing
import os
import sys
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["accelerate", "timm", "hw3lib.training.trainer"])


class Process:
    """A program given as text, with its arguments, in this process's environment; it computes in one thread."""

    def __init__(self, program: str, *arguments: object) -> None:
        self._reader, writer = _CONTEXT.Pipe(duplex=False)
        work = (program, list(map(str, arguments)), dict(os.environ), writer)
        self._process: ForkServerProcess = _CONTEXT.Process(target=_run, args=work)
        self._process.start()
        writer.close()

    def alive(self) -> bool:
        return self._process.is_alive()

    def kill(self) -> None:
        """With SIGKILL."""
        self._process.kill()
        self._process.join()

    def output(self, timeout: float = 240) -> str:
        """What it wrote, once it has ended well."""
        with os.fdopen(os.dup(self._reader.fileno()), encoding="utf-8") as file:
            text = file.read()
        self._process.join(timeout)
        assert self._process.exitcode == 0
        return text


def _run(program: str, arguments: list[str], environment: dict[str, str], writer: Connection) -> None:
    import torch

    torch.set_num_threads(1)
    os.environ.clear()
    os.environ.update(environment)
    os.dup2(writer.fileno(), 1)
    writer.close()
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.argv = ["program", *arguments]
    exec(program, {"__name__": "__main__"})
    sys.stdout.flush()
