"""Files of one's own in a live notebook: chosen with a button, or dropped on the box that holds it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import anywidget
import traitlets

from hw3lib.display.modules import joined

_MOST = 9 * 2**20  # bytes, as in js/drop.js


class OwnFile(NamedTuple):
    """A file's name, its size in bytes, and its content: ``None`` where :func:`not_sent` says why."""

    name: str
    size: int
    content: bytes | None


def not_sent(name: str, size: int) -> str:
    """Why the page sent no content of a file of so many bytes."""
    if size > _MOST:
        return f"{name} has {size / 2**20:.0f} MB, more than can be dropped: scale it down first"
    return f"{name} cannot be read; of a folder, take the files in it"


class FileField(anywidget.AnyWidget):
    """A button; what is chosen with it, or dropped on the ``VBox`` around it, is handed to ``take``, all files at once.

    ipywidgets' ``FileUpload`` takes no drops, and sends all files in one message, of which Jupyter takes 10 MB.
    """

    _esm = joined(Path(__file__).parent / "js" / "field.js")
    label = traitlets.Unicode().tag(sync=True)
    accept = traitlets.Unicode().tag(sync=True)  # the endings that are offered, with commas between them
    drops = traitlets.Bool(True).tag(sync=True)

    def __init__(self, take: Callable[[Sequence[OwnFile]], None], label: str, accept: str) -> None:
        super().__init__(label=label, accept=accept)
        self._take, self._waiting = take, list[OwnFile]()
        self.on_msg(self._receive)

    def _receive(self, _: Any, content: Any, buffers: Sequence[Any]) -> None:
        """A message of ``js/drop.js``: one file."""
        if isinstance(content, dict) and "file" in content:
            file = OwnFile(str(content["file"]), int(content["bytes"]), bytes(buffers[0]) if buffers else None)
            self._waiting.append(file)
            if not content["left"]:
                files, self._waiting = self._waiting, []
                self._take(files)
