"""Locks that a crash cannot leave behind: the kernel lets go of them when their process ends, however it ends."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from hw3lib.system.errors import UserError


@contextmanager
def exclusive(path: Path, busy: str, patience: float = 0.0) -> Iterator[None]:
    """Hold ``path`` for this process alone; a :class:`UserError`, ``busy``, where another has it for ``patience`` s.

    A negative patience waits for ever.
    """
    from filelock import FileLock, Timeout

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=patience, poll_interval=0.2)
    except Timeout:
        raise UserError(busy) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def in_turn(path: Path, waiting: Callable[[], object], patience: float) -> Iterator[None]:
    """Hold ``path`` for this process alone, when another lets go of it; ``waiting`` is called after ``patience`` s."""
    with ExitStack() as stack:
        try:
            stack.enter_context(exclusive(path, "", patience))
        except UserError:
            waiting()
            stack.enter_context(exclusive(path, "", patience=-1))
        yield


def this_process() -> str:
    """What :func:`end_with_parent` needs to know of a process: its id and its machine."""
    return f"{os.getpid()}@{socket.gethostname()}"


def end_with_parent(variable: str = "HW3_PIPELINE") -> None:
    """End this process when the pipeline that started it is gone; ``variable`` holds its id, ``@`` its machine's name.

    A pipeline that is killed with -9 cannot tell its steps; left alone, they would go on writing beside their
    successors. Does nothing outside a pipeline, nor on another machine of its cluster, whose scheduler ends its jobs.
    """
    number, _, host = os.environ.get(variable, "").partition("@")
    if not number or int(number) == os.getpid() or (host and host != socket.gethostname()):
        return
    parent = int(number)

    def watch() -> None:
        while True:
            try:
                os.kill(parent, 0)
            except ProcessLookupError:
                os._exit(75)
            except PermissionError:
                return
            time.sleep(0.5)

    threading.Thread(target=watch, daemon=True, name="end-with-parent").start()
