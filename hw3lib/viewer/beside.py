"""What a live viewer offers to put beside its photograph: other runs' readings of it, and other photographs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hw3lib.attention.maps import CaptionAttention, attend
from hw3lib.system.errors import UserError
from hw3lib.viewer.payload import Beside, FindMasks, content

if TYPE_CHECKING:
    from hw3lib.models.inference import LoadedRun
    from hw3lib.viewer.widget import AttentionViewer


class LiveSides:
    """Fills the viewer's ``sides`` when its ``beside`` is chosen: a run is loaded, a photograph captioned only then.

    ``runs`` load the other runs, by name. ``say`` hears what cannot be done, in a sentence; nothing is beside then.
    """

    def __init__(
        self,
        loaded: LoadedRun,
        images: Sequence[Path],
        viewer: AttentionViewer,
        runs: Mapping[str, Callable[[], LoadedRun]],
        find_masks: FindMasks | None,
        say: Callable[[str], None],
    ) -> None:
        self.viewer, self._find_masks, self._say = viewer, find_masks, say
        self._ways: dict[str, Callable[[], CaptionAttention]] = {}
        choices = []
        for name, load in runs.items():
            load = cache(load)
            for key, words in ((name, "its own words"), (f"{name}-same-words", "the same words")):
                self._ways[key] = partial(self._read, load, key != name)
                choices.append([key, f"{name}, {words}", "another run"])
        for path in images if len(images) > 1 else ():
            self._ways[path.name] = partial(attend, loaded, path)
            choices.append([path.name, path.name, "another photograph"])
        viewer.choices = choices
        viewer.observe(lambda _: self._fill(), ["beside", "meta"])

    def _read(self, load: Callable[[], LoadedRun], same: bool) -> CaptionAttention:
        first = self.viewer.attention
        return attend(load(), first.image, first.caption if same else None, first.name, cut=True)

    def _fill(self) -> None:
        viewer, sides = self.viewer, dict[str, Any]()
        if viewer.beside in self._ways:
            try:
                side = self._ways[viewer.beside]()
            except UserError as error:
                self._say(str(error))
                viewer.beside = ""
                return
            # The masks of a file of one's own are not known, whoever reads it.
            known = self._find_masks and (viewer.masks is not None or side.image is not viewer.attention.image)
            masks = self._find_masks(side) if self._find_masks and known else None
            sides[viewer.beside] = content(Beside(viewer.beside, "", side, masks), viewer.attention)
        viewer.sides = sides
