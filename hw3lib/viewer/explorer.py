"""The live viewer with its photographs: pick one or drop one's own, and see the attention of any words, typed or said.

Captioning happens when a photograph is chosen; a caption that is typed costs one teacher-forced pass.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from hw3lib.attention import maps
from hw3lib.attention.maps import CaptionAttention, View
from hw3lib.data.images import IMAGE_ENDINGS, open_image
from hw3lib.display.style import STYLE
from hw3lib.system.errors import UserError
from hw3lib.viewer.payload import Masks
from hw3lib.viewer.show import bundle
from hw3lib.viewer.widget import AttentionViewer

if TYPE_CHECKING:
    from hw3lib.models.inference import LoadedRun

MOST_BYTES = 20 * 2**20  # of a file of one's own
MOST_PIXELS = 80_000_000  # of it, once decoded: 240 MB as RGB
_LONGEST = 1600  # px that are kept of it: more than any model here or any screen shows


class AttentionExplorer:
    """An ipywidgets box around an :class:`hw3lib.viewer.widget.AttentionViewer`; :attr:`box` is the widget.

    ``picture`` chooses one of ``images`` by its place, ``upload`` takes a file of one's own, ``text`` holds the caption
    and takes another, ``own`` puts the model's own caption back. What cannot be done is said in ``status``, in one
    sentence; the viewer then keeps what it showed. :attr:`attention` is what it shows. It needs no display to be made
    or changed: leave it as a cell's last value to see it.
    """

    def __init__(
        self,
        loaded: LoadedRun,
        images: Sequence[Path],
        view: View | None = None,
        masks: Callable[[CaptionAttention], Masks] | None = None,
    ) -> None:
        """Start with the first of ``images`` that can be read.

        ``masks`` finds the true masks of the objects that the caption names, by word; it is asked for the
        photographs among ``images`` only. Raises :class:`UserError` when there are none or none can be read.
        """
        import ipywidgets as w

        self.loaded, self.images, self.view = loaded, [Path(path) for path in images], view
        self._masks, self._known, self._busy = masks, True, False
        first, self.attention = self._first()
        self._said = self.attention.caption  # the model's own words for this photograph
        self.viewer = AttentionViewer(self.attention, view, self._found())
        wide = w.Layout(width="30em", max_width="100%")
        names = [(path.name, place) for place, path in enumerate(self.images)]
        self.picture = w.Dropdown(options=names, value=first, description="photograph", layout=wide)
        endings = ",".join(IMAGE_ENDINGS)
        self.upload = w.FileUpload(accept=endings, multiple=False, description="your own file")
        self.text = w.Text(
            value=self._said,
            description="caption",
            placeholder="words of your own",
            continuous_update=False,
            layout=w.Layout(flex="1 1 24em", width="auto", min_width="16em"),
        )
        self.own = w.Button(description="model's own caption", layout=w.Layout(width="auto"), disabled=True)
        self.status = w.HTML()
        row = w.Layout(flex_flow="row wrap", align_items="center", max_width="100%")
        head = w.HBox([self.picture, self.upload], layout=row)
        words = w.HBox([self.text, self.own], layout=row)
        self.box = w.VBox([head, words, self.status, self.viewer])
        self.picture.observe(self._pick, names="value")
        self.upload.observe(self._drop, names="value")
        self.text.observe(self._type, names="value")
        self.own.on_click(lambda _: self._put_back())

    def _first(self) -> tuple[int, CaptionAttention]:
        problem = "there is no photograph to look at"
        for place, path in enumerate(self.images):
            try:
                return place, maps.attend(self.loaded, path)
            except UserError as error:
                problem = str(error)
        raise UserError(problem)

    def _found(self) -> Masks | None:
        return self._masks(self.attention) if self._masks is not None and self._known else None

    # --- what the hand does ----------------------------------------------------------------------------------------

    def _pick(self, change: Any) -> None:
        if self._busy or change["new"] is None:
            return
        path = self.images[change["new"]]
        if self._try(lambda: maps.attend(self.loaded, path)):
            self._known, self._said = True, self.attention.caption
            self._show()

    def _drop(self, change: Any) -> None:
        if self._busy or not change["new"]:
            return
        file = change["new"][0]
        name, content = str(file["name"]), bytes(file["content"])

        def attend() -> CaptionAttention:
            return maps.attend(self.loaded, read_upload(name, content), name=Path(name).stem or "your photograph")

        if self._try(attend):
            self._known, self._said = False, self.attention.caption
            self._set(self.picture, None)
            self._show()
        self._set(self.upload, ())  # the same file can be dropped again

    def _type(self, change: Any) -> None:
        words = " ".join(change["new"].split())
        if self._busy:
            return
        if words == self.attention.caption:
            self._say("")
        elif not words:
            self._say("Type a few words, or put the model's own caption back.", wrong=True)
        elif words == self._said:
            self._put_back()
        elif self._try(lambda: maps.attend(self.loaded, self.attention.image, words, self.attention.name)):
            self._show(words)

    def _put_back(self) -> None:
        if self._try(lambda: maps.attend(self.loaded, self.attention.image, name=self.attention.name)):
            self._show()

    # --- what is shown ---------------------------------------------------------------------------------------------

    def _try(self, attend: Callable[[], CaptionAttention]) -> bool:
        """Attend; or say in a sentence why not, and keep what was shown."""
        self._say("Looking …")
        try:
            self.attention = attend()
        except UserError as error:
            self._say(str(error), wrong=True)
            return False
        return True

    def _show(self, typed: str | None = None) -> None:
        """The attention in the viewer, its caption in the field: ``typed`` as it was, or the model's."""
        shown = {name: getattr(self.viewer, name) for name in ("layer", "head")}
        self.viewer.show_attention(self.attention, self.view, self._found())
        for name, value in shown.items():  # the layer and head that one was looking at
            setattr(self.viewer, name, value)
        self._set(self.text, self.attention.caption if typed is None else typed)
        self.own.disabled = typed is None
        strange = self.loaded.tokenizer.unk in self.attention.tokens
        note = "Words that this run never learnt are read as [UNK]." if strange else ""
        self._say(f"Your words, read by the model. {note}" if typed is not None else note)

    def _set(self, widget: Any, value: Any) -> None:
        """Change a control without hearing of it as if a hand had."""
        self._busy = True
        try:
            widget.value = value
        finally:
            self._busy = False

    def _say(self, sentence: str, wrong: bool = False) -> None:
        # A file's name and a caption's words can be in it: they are data.
        style = f' style="color:{STYLE.published}"' if wrong else ""
        self.status.value = f'<span role="status"{style}>{escape(sentence.strip())}</span>' if sentence.strip() else ""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """The live box; where there is no kernel, the static viewer and the word grid of what it shows now."""
        caption = f"{self.attention.name}: {self.attention.caption}"
        return bundle(self.attention, self.view, self.box, caption, self._found())


def read_upload(name: str, content: bytes) -> Image.Image:
    """A file of one's own as RGB, upright, its longer side at most 1,600 px.

    Raises :class:`UserError` for more than ``MOST_BYTES`` or, before anything is decoded, ``MOST_PIXELS``, and for what
    is no image.
    """
    if len(content) > MOST_BYTES:
        raise UserError(f"{name} has {len(content) / 2**20:.0f} MB; at most {MOST_BYTES >> 20} MB are read")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # asked here, with a limit of its own
            with Image.open(io.BytesIO(content)) as file:
                width, height = file.size
    except Image.DecompressionBombError:
        raise UserError(f"{name} has more than {MOST_PIXELS / 1e6:.0f} million pixels; scale it down first") from None
    except Exception:  # Pillow reports broken files in many ways; the reader below says which
        width = height = 0
    if width * height > MOST_PIXELS:
        raise UserError(
            f"{name} has {width} x {height} pixels; at most {MOST_PIXELS / 1e6:.0f} million are read: scale it down"
        )
    image = open_image(name, content)
    image.thumbnail((_LONGEST, _LONGEST), Image.Resampling.LANCZOS)
    return image
