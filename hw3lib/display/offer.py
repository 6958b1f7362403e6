"""Errors that a command mends: a live notebook offers to run it, with a button below the sentence."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from hw3lib import paths
from hw3lib.system.errors import UserError

NEXT = "done; now run the notebook again: Kernel, Restart Kernel and Run All Cells"


class NotReady(UserError):
    """What a notebook needs is not there yet, and nothing has run: ``commands`` of ``hw3`` make it, by their buttons.

    Outside a notebook it is its sentence, as any other :class:`UserError` is.
    """

    def __init__(self, sentence: str, commands: Mapping[str, Sequence[str]]) -> None:
        super().__init__(sentence)
        self.commands = commands

    def _render_traceback_(self) -> list[str]:
        from IPython.display import display

        display(buttons(self.commands))
        return super()._render_traceback_()


def buttons(commands: Mapping[str, Sequence[str]], then: str = NEXT) -> Any:
    """A row of buttons, each for a command of ``hw3``, above the last line of what the one that runs says.

    ``then`` is what it says when the command has succeeded.
    """
    import ipywidgets as w

    row = [w.Button(description=label, layout=w.Layout(width="auto")) for label in commands]
    said = w.HTML()

    def run(command: Sequence[str]) -> None:
        for button in row:
            button.disabled = True
        # The cell has ended and the kernel waits; a thread's changes of a widget are shown all the same.
        threading.Thread(target=_follow, args=(command, said, row, then), daemon=True).start()

    for button, command in zip(row, commands.values(), strict=True):
        button.on_click(lambda _, command=command: run(command))
    return w.VBox([w.HBox(row), said])


def _follow(command: Sequence[str], said: Any, row: Sequence[Any], then: str = NEXT) -> None:
    """Run ``hw3`` with these arguments, and show its last line as it changes; in the end, what to do next."""

    def show(sentence: str) -> None:
        said.value = f'<span role="status">hw3 {escape(" ".join(command))}: {escape(sentence)}</span>'

    show("starting")
    where = os.pathsep.join([str(paths.PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    process = subprocess.Popen(
        [sys.executable, "-m", "hw3lib", *command],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", bufsize=1,
        cwd=paths.root(), env=os.environ | {"PYTHONPATH": where},
    )  # fmt: skip
    assert process.stdout is not None
    last = ""
    for line in process.stdout:  # universal newlines: a line that a carriage return replaces is a line
        if last := line.strip() or last:
            show(last)
    failed = process.wait() != 0
    show(f"failed: {last}" if failed else then)
    for button in row:
        button.disabled = not failed
