"""The gallery, live in a notebook: any image, any two runs; thumbnails and maps are made when they are asked for."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import anywidget
import traitlets

from hw3lib.system.errors import UserError
from hw3lib.system.messages import Say, silence
from hw3lib.viewer.gallery import Gallery
from hw3lib.viewer.script import script
from hw3lib.viewer.show import live_bundle


class GalleryViewer(anywidget.AnyWidget):
    """The live gallery; ``view`` is what it shows: the keys of ``View`` in ``js/search.js``, all of them texts."""

    _esm = script()
    gallery = traitlets.Dict().tag(sync=True)
    live = traitlets.Bool(True).tag(sync=True)
    view = traitlets.Dict().tag(sync=True)

    def __init__(self, source: Gallery, **view: str) -> None:
        self.source = source
        super().__init__(gallery=source.content(), view=view)
        self.on_msg(self._answer)

    def _answer(self, _: Any, content: Any, buffers: Any) -> None:
        """Send the thumbnails that came into sight, or an image's maps under two runs."""
        count = len(self.source.cards)
        if isinstance(content, dict) and "thumbs" in content:
            thumbs = {}
            for place in content["thumbs"]:
                with suppress(UserError):  # what cannot be read stays grey; who opens it is told why
                    thumbs[place] = self.source.thumbnail(range(count)[place])
            self.send({"thumbs": thumbs})
        elif isinstance(content, dict) and "compare" in content:
            asked = content["compare"]
            try:
                answer: dict[str, Any] = {"comparison": self.source.comparison(asked["place"], asked["runs"])}
            except UserError as error:
                answer = {"problem": str(error)}
            self.send({"of": asked["of"], **answer})


def show(gallery: Gallery, caption: str, say: Say = silence) -> None:
    """Display the gallery: as a page has it, as a picture in print, and live below it where there is a kernel."""
    from IPython.display import display

    display(gallery.bundle(caption, say), raw=True)
    display(live_bundle(GalleryViewer(gallery)), raw=True)
