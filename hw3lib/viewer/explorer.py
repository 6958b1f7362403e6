"""The live viewer with its photographs: choose one, or drop one's own; attention of the model's words, or typed ones.

Captioning happens when a photograph is chosen; a caption that is typed costs one teacher-forced pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from PIL import Image

from hw3lib.attention import maps
from hw3lib.attention.maps import CaptionAttention, View
from hw3lib.data.images import IMAGE_ENDINGS
from hw3lib.data.uploads import read_upload
from hw3lib.display.files import not_sent
from hw3lib.display.style import STYLE
from hw3lib.models import inference
from hw3lib.models.inference import LoadedRun
from hw3lib.system.errors import UserError
from hw3lib.viewer.beside import LiveSides
from hw3lib.viewer.hiding import HiddenPatches
from hw3lib.viewer.payload import FindMasks, Masks
from hw3lib.viewer.show import show
from hw3lib.viewer.widget import AttentionViewer

_OWN = -1  # the place in the list of a photograph of one's own


class AttentionExplorer:
    """An ipywidgets box around an :class:`hw3lib.viewer.widget.AttentionViewer`; :attr:`box` is the widget.

    ``picture`` chooses one of ``images`` by its place, ``upload`` takes a file of one's own, as the box does when one
    is dropped on it, ``text`` holds the caption and takes another, ``restore`` puts the model's own caption back. What
    cannot be done is said in ``status``, in one sentence; the viewer then keeps what it showed. ``hiding`` hides
    patches from the decoder. It needs no display to be made or changed: leave it as a cell's last value to see it.
    """

    def __init__(
        self,
        loaded: LoadedRun,
        images: Sequence[Path],
        view: View | None = None,
        masks: FindMasks | None = None,
        runs: Mapping[str, Callable[[], LoadedRun]] | None = None,
    ) -> None:
        """Start with the first of ``images`` that can be read.

        ``runs`` load other runs, by name, whose readings can be put beside this one's.

        ``masks`` finds the true masks of the objects that the caption names, by word; it is asked for the
        photographs among ``images`` only. Raises :class:`UserError` when there are none or none can be read.
        """
        self.loaded, self.images = loaded, [Path(path) for path in images]
        self._find_masks, self._busy = masks, False
        self._own: tuple[str, Image.Image] | None = None  # the photograph of one's own: its file's name, and itself
        index, attention = self._first_readable()
        self._path: Path | None = self.images[index]  # of what is shown; None: one's own
        self._own_caption = attention.caption  # the model's, for this photograph
        self.viewer = AttentionViewer(attention, view, self._masks(attention), drops=True, hides=True)
        self.hiding = HiddenPatches(loaded, self.viewer)
        LiveSides(loaded, self.images, self.viewer, runs or {}, masks, lambda problem: self._say(problem, wrong=True))
        self.box = self._make_box(index)

    @property
    def attention(self) -> CaptionAttention:
        """What the viewer shows."""
        return self.viewer.attention

    def _make_box(self, index: int) -> Any:
        import ipywidgets as w

        wide = w.Layout(width="30em", max_width="100%")
        self.picture = w.Dropdown(options=self._options(), value=index, description="photograph", layout=wide)
        self.upload = w.FileUpload(accept=",".join(IMAGE_ENDINGS), multiple=False, description="your own file")
        self.text = w.Text(
            value=self._own_caption,
            description="caption",
            placeholder="words of your own",
            continuous_update=False,
            layout=w.Layout(flex="1 1 24em", width="auto", min_width="16em"),
        )
        self.restore = w.Button(description="model's own caption", layout=w.Layout(width="auto"), disabled=True)
        self.status = w.HTML()
        self._say(inference.unfamiliar(self.loaded, self._path))
        self.picture.observe(self._on_picture, names="value")
        self.upload.observe(self._on_upload, names="value")
        self.viewer.on_msg(self._on_drop)
        self.text.observe(self._on_text, names="value")
        self.restore.on_click(lambda _: self._on_restore())
        row = w.Layout(flex_flow="row wrap", align_items="center", max_width="100%")
        photograph, caption = (self.picture, self.upload), (self.text, self.restore)
        rows = [w.HBox(photograph, layout=row), w.HBox(caption, layout=row), self.status]
        return w.VBox([*rows, self.viewer, self.hiding.box])

    def _options(self) -> list[tuple[str, int]]:
        names = [(path.name, place) for place, path in enumerate(self.images)]
        return names if self._own is None else [*names, (f"{self._own[0]} (your own)", _OWN)]

    def _first_readable(self) -> tuple[int, CaptionAttention]:
        problem = "there is no photograph to attend to"
        for index, path in enumerate(self.images):
            try:
                return index, maps.attend(self.loaded, path)
            except UserError as error:
                problem = str(error)
        raise UserError(problem)

    def _masks(self, attention: CaptionAttention) -> Masks | None:
        return self._find_masks(attention) if self._find_masks is not None and self._path else None

    def _on_picture(self, change: Any) -> None:
        if self._busy or change["new"] is None:
            return
        if change["new"] == _OWN and self._own is not None:
            name, image = self._own
            self._show(lambda: maps.attend(self.loaded, image, name=_stem(name)), None)
        else:
            path = self.images[change["new"]]
            self._show(lambda: maps.attend(self.loaded, path), path)

    def _on_upload(self, change: Any) -> None:
        if self._busy or not change["new"]:
            return
        file = change["new"][0]
        self._take(str(file["name"]), bytes(file["content"]))
        self._set(self.upload, ())  # the same file can be chosen again

    def _on_drop(self, _: Any, content: Any, buffers: Sequence[Any]) -> None:
        """A file that was dropped on the box: its name, its bytes' number, and its bytes unless they are too many."""
        if not isinstance(content, dict) or "file" not in content:
            return
        name, size = str(content["file"]), content.get("bytes", 0)
        if buffers:
            self._take(name, bytes(buffers[0]))
        else:
            self._say(not_sent(name, size), wrong=True)

    def _take(self, name: str, content: bytes) -> None:
        """Show a file of one's own, and list it."""
        images: list[Image.Image] = []

        def attend() -> CaptionAttention:
            images.append(read_upload(name, content))
            return maps.attend(self.loaded, images[0], name=_stem(name))

        if self._show(attend, None):
            self._own = name, images[0]
            self._set(self.picture, self._options(), "options")
            self._set(self.picture, _OWN)

    def _on_text(self, change: Any) -> None:
        if self._busy:
            return
        words = " ".join(change["new"].split())
        if words == self.attention.caption:
            self._say("")
        elif not words:
            self._say("Type a few words, or put the model's own caption back.", wrong=True)
        elif words == self._own_caption:
            self._on_restore()
        else:
            image, name = self.attention.image, self.attention.name
            self._show(lambda: maps.attend(self.loaded, image, words, name), self._path, words)

    def _on_restore(self) -> None:
        image, name = self.attention.image, self.attention.name
        self._show(lambda: maps.attend(self.loaded, image, name=name), self._path)

    def _show(self, attend: Callable[[], CaptionAttention], path: Path | None, typed: str | None = None) -> bool:
        """Attend, and show it in the present layer and head; or say in a sentence why not, and keep what was shown.

        ``path``: of the photograph; None: one's own. ``typed``: the caption as it was typed; the model's when None.
        """
        self._say("Computing attention …")
        try:
            attention = attend()
        except UserError as error:
            self._say(str(error), wrong=True)
            return False
        self._path = path
        if typed is None:
            self._own_caption = attention.caption
        beside = {name: getattr(self.viewer, name) for name in ("choices", "beside")}
        self.viewer.show_attention(attention, self.viewer.view, self._masks(attention), **beside)
        self._set(self.text, attention.caption if typed is None else typed)
        self.restore.disabled = typed is None
        unknown = [word.text for word in attention.words if word.unknown]
        note = f"Unknown to this run, read as [UNK]: {', '.join(unknown)}." if unknown else ""
        own = "Your words, read by the model." if typed is not None else ""
        self._say(" ".join(filter(None, (own, note, inference.unfamiliar(self.loaded, path)))))
        return True

    def _set(self, widget: Any, value: Any, trait: str = "value") -> None:
        """Change a control without hearing of it as if a hand had."""
        self._busy = True
        try:
            setattr(widget, trait, value)
        finally:
            self._busy = False

    def _say(self, sentence: str, wrong: bool = False) -> None:
        # A file's name and a caption's words can be in it: they are data.
        style = f' style="color:{STYLE.published}"' if wrong else ""
        self.status.value = f'<span role="status"{style}>{escape(sentence.strip())}</span>' if sentence.strip() else ""

    def _ipython_display_(self) -> None:
        """The live box; where there is no kernel, the static viewer and the word grid of what it shows now."""
        show(self.viewer, self.box)


def _stem(name: str) -> str:
    return Path(name).stem or "your photograph"
