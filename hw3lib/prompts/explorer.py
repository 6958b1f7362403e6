"""The prompt box: prompts side by side, one's own class names and photographs, and at once what each changes.

The way of the data: images are embedded when the box is made, one's own photographs when they come, and CLIP keeps
every text that it has read, so that an answer costs new texts only. Prompts, names and photographs give the columns of
:func:`hw3lib.prompts.columns.ask`; a ``SideBySide`` of them is the summary, the changes by class, the pictures and the
table. Of photographs without labels it tells how many get another class, and what each class gains or loses.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import ImageOps

from hw3lib.data.drawings import warning
from hw3lib.data.images import IMAGE_ENDINGS, open_image
from hw3lib.data.uploads import read_upload
from hw3lib.display.bundle import table_bundle
from hw3lib.display.files import FileField, OwnFile, not_sent
from hw3lib.display.prose import signed
from hw3lib.display.scripts import isolated
from hw3lib.display.style import STYLE
from hw3lib.prompts.columns import Column, SideBySide, ask, edited_names
from hw3lib.prompts.templates import check_template
from hw3lib.prompts.zero_shot import Classifier, unique_names
from hw3lib.system.errors import UserError
from hw3lib.system.messages import counted

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

_THUMBNAIL = 160  # px
_SHOWN = 12  # classes in the list of gains and losses; pictures
_AT_ONCE = 16  # photographs of one's own that are in memory, decoded: 6 MB each
_HELP = "In a live notebook (`make lab`) there is a box here to type prompts into."
_CSV = {"extend": "csv", "text": "Download CSV", "filename": "prompts", "title": None, "bom": True, "footer": False}
_TABLE = {
    "select": True, "maxBytes": 0, "classes": "display compact", "style": "width:100%;margin:0",
    "buttons": [_CSV | {"exportOptions": {"modifier": {"selected": None}}}],  # all rows, also where some are selected
}  # fmt: skip
# Lines that run from right to left do so in the fields, too; the summary's cells have room between them.
_CSS = (
    "<style>.hw3-prompts textarea{unicode-bidi:plaintext}.hw3-prompts .widget-html-content{line-height:1.5}"
    ".hw3-prompts caption~*>tr>*{padding:0 1em 0 0}.hw3-prompts .dt-container th{white-space:normal}</style>"
)


class Explorer:
    """An ipywidgets box around a classifier; :attr:`box` is the widget. It needs no display to be made or changed.

    ``text`` holds the prompts, one a line; the others are compared with the first. ``ticks`` has a box per prompt, for
    the ensemble; ``names`` renames and adds classes (:func:`hw3lib.prompts.columns.edited_names`); ``own`` takes
    photographs. ``changed`` keeps the images whose answer changes, ``column`` is the one whose pictures and changes by
    class are shown, and rows that are selected in ``table`` are shown as pictures. :attr:`view` holds the answers. What
    cannot be done is said in ``status``, in one sentence; all else then stays as it was.
    """

    def __init__(
        self,
        classifier: Classifier,
        prompts: Sequence[str],
        images: Sequence[str] = (),
        names: str = "",
        ensemble: Sequence[str] = (),
        seed: int = 0,
        drawings: Sequence[Path] = (),
    ) -> None:
        """``images`` are the file names of the pictures that are shown at first; ``seed`` is that of the intervals.

        Where CLIP knows nothing but the ``drawings`` in some folders, it is said beside photographs of one's own.

        Raises :class:`UserError` for prompts and names that cannot be read.
        """
        self.classifier, self.seed, self._drawings = classifier, seed, drawings
        self.titles = [unique_names(classifier.data.labels)[label] for label in classifier.ids]
        self._at_first = [classifier.data.names.index(image) for image in images]
        self._own: dict[str, tuple[str, Tensor]] = {}  # photographs of one's own: the picture, the features (D,)
        self._thumbnails: dict[int, str] = {}  # by image
        self._rows: list[int] = []  # of the table: the images
        self._make_box("\n".join(prompts), names)
        self.ticks: dict[str, Any] = {}
        self._tick([check_template(prompt) for prompt in prompts], ensemble)
        self.view = self._ask()
        self._show()

    def _make_box(self, prompts: str, names: str) -> None:
        import ipywidgets as w
        from itables.widget import ITable

        def titled(title: str, widget: Any, width: str) -> Any:
            layout = w.Layout(flex=f"1 1 {width}", min_width="16em")
            return w.VBox([w.HTML(f"<b>{title}</b>"), widget], layout=layout)

        def area(value: str, hint: str) -> Any:
            layout = w.Layout(width="auto", height="6.5em")
            return w.Textarea(value=value, placeholder=hint, continuous_update=False, layout=layout)

        self.text = area(prompts, "a photo of a {object}")
        self.names = area(names, 'a class = its new name\na class that is added\n"one with = in its name"')
        self.ensemble, self.asked = w.VBox(), w.Button(description="ask", layout=w.Layout(width="auto"))
        self.own = FileField(self._take, "own photographs: choose, or drop here", ",".join(IMAGE_ENDINGS))
        self.status, self.summary, self.gains, self.pictures, self.code = (w.HTML() for _ in range(5))
        self.column = w.Dropdown(description="look at", layout=w.Layout(width="30em", max_width="100%"))
        self.gains.layout, self.pictures.layout = w.Layout(flex="0 0 auto"), w.Layout(flex="1 1 24em")
        text = "only images whose answer changes between rows"
        self.changed = w.Checkbox(description=text, indent=False, layout=w.Layout(width="auto"))
        self.table = ITable()
        self.table.layout = self.summary.layout = w.Layout(overflow="auto")  # what is wide scrolls in itself
        fields = [
            titled("Prompts, one a line", self.text, "30em"),
            titled("Class names, renamed or added", self.names, "16em"),
            titled("Ensemble of", self.ensemble, "16em"),
        ]
        row = w.Layout(flex_flow="row wrap", align_items="flex-start", max_width="100%")
        rows = [fields, [self.asked, self.own], [self.column, self.changed], [self.gains, self.pictures]]
        first, second, *rest = (w.HBox(widgets, layout=row) for widgets in rows)
        parts = [w.HTML(_CSS), first, second, self.status, self.summary, *rest, self.table, self.code]
        self.box = w.VBox(parts, layout=w.Layout(max_width="100%"))
        self.box.add_class("hw3-prompts")
        self.asked.on_click(self._answer)
        for widget, trait, heard in (
            (self.text, "value", self._answer),
            (self.names, "value", self._answer),
            (self.changed, "value", self._fill),
            (self.column, "value", self._look),
            (self.table, "selected_rows", self._look),
        ):
            widget.observe(heard, trait)

    def _tick(self, templates: Sequence[str], chosen: Sequence[str] = ()) -> None:
        """A box per prompt, for the ensemble; those that were there stay as they are."""
        import ipywidgets as w

        for template in templates:
            if template not in self.ticks:
                tick = w.Checkbox(template in chosen, description=template, indent=False, layout=w.Layout(width="auto"))
                tick.observe(self._answer, "value")
                self.ticks[template] = tick
        self.ensemble.children = [self.ticks[template] for template in templates]

    def _answer(self, _: Any = None) -> None:
        self._say("Asking CLIP …")
        try:
            self.view = self._ask()
        except UserError as error:
            self._say(str(error), wrong=True)
            return
        self._say("")
        self._show()

    def _ask(self) -> SideBySide:
        """The columns that the fields ask for."""
        lines = (check_template(line.strip()) for line in self.text.value.splitlines() if line.strip())
        templates = list(dict.fromkeys(lines))
        if not templates:
            raise UserError("type at least one prompt, such as: a photo of a {object}")
        titles, own = edited_names(self.titles, self.names.value), [features for _, features in self._own.values()]
        # Two classes of one name are told apart in the table, not in what CLIP reads.
        pairs = zip(titles, self.titles, self.classifier.names, strict=False)
        names = [name if title == before else title for title, before, name in pairs] + titles[len(self.titles) :]
        classifier = self.classifier.variant(names, own)
        members = [template for template in templates if template in self.ticks and self.ticks[template].value]
        columns = ask(classifier, titles, templates, members)
        if titles != self.titles:
            original = self.classifier.variant(self.classifier.names, own)
            first = ask(original, self.titles, templates[:1], ())[0]
            columns.insert(0, replace(first, title=f"{first.title} (original names)"))
        self._tick(templates)
        self._cut = {template: cut for template in templates if (cut := classifier.cut_names(template))}
        self._arguments = [repr(templates)]
        self._arguments += [f"names={self.names.value!r}"] * (titles != self.titles)
        self._arguments += [f"ensemble={members!r}"] * (len(members) > 1)
        images = [*self.classifier.data.names, *self._own]
        return SideBySide(columns, images, classifier.truth, self.seed)

    def _show(self) -> None:
        """Draw the view: all that is below the fields."""
        columns, rows = self.view.summary()
        if self.view.judged:
            caption = f"{len(self.view.labelled)} labelled images. Changes are from the first row"
            caption += "; intervals of 95 %, p-values with Holm's correction for all rows"
        else:
            more = "more " * bool(self.view.labelled)
            caption = f"{len(self.view.images)} images. Without {more}labels, nobody can say which answer is right"
        cut = [
            f"Under “{key}” CLIP reads only the beginning of {counted(cut, 'class name')}."
            for key, cut in self._cut.items()
        ]
        notes = " ".join([*cut, *self.view.taken(len(self.titles))])
        self.summary.value = table_bundle(columns, rows, f"{caption}.", notes)["text/html"]
        self.code.value = f"This view again: <code>Explorer(classifier, {escape(', '.join(self._arguments))})</code>"
        titles = [(column.title, place) for place, column in enumerate(self.view.columns)]
        if list(self.column.options) != titles:
            self.column.options = titles
            self.column.value = len(titles) - 1
        self._fill()

    def _fill(self, _: Any = None) -> None:
        """Put the images into the table, one's own first."""
        known, changed = len(self.classifier.data), self.view.changed
        order = [*range(known, len(self.view.images)), *range(known)]
        self._rows = [image for image in order if changed[image] or not self.changed.value]
        self.table.update(self.view.table(self._rows), selected_rows=[], **_TABLE)
        self._look()

    def _look(self, _: Any = None) -> None:
        """Show a column: its changes by class, and pictures: selected ones, changed ones, or those of the beginning."""
        column = self.view.columns[-1 if self.column.value is None else self.column.value]
        shown = [self._rows[row] for row in self.table.selected_rows]
        if not shown and self.changed.value:
            shown = self._rows
        elif not shown:
            shown = [*range(len(self.classifier.data), len(self.view.images)), *self._at_first]
        unit = "points of accuracy" if self.view.judged else "images"
        self.gains.value = self._gains_html(self.view.by_class(column), unit)
        self.pictures.value = "".join(self._picture_html(image, column) for image in shown[:_SHOWN])

    def _take(self, files: Sequence[OwnFile]) -> None:
        """Take photographs of one's own into the table; of those that cannot be read, say why."""
        problems: list[str] = []
        for start in range(0, len(files), _AT_ONCE):
            images: dict[str, Image] = {}
            for name, size, content in files[start : start + _AT_ONCE]:
                self._say(f"Reading {name} …")
                try:
                    if content is None:
                        raise UserError(not_sent(name, size))
                    images[name] = read_upload(name, content)
                except UserError as error:
                    problems.append(str(error))
            features = self.classifier.clip.embed_images(list(images.values()))
            for (name, image), feature in zip(images.items(), features, strict=True):
                self._own[name] = _thumbnail(image), feature
        self._answer()
        if self._own and (doubt := warning("This CLIP", self._drawings, None)):
            problems.append(doubt)
        if problems:
            self._say("; ".join(problems), wrong=True)

    def _say(self, sentence: str, wrong: bool = False) -> None:
        # A file's name and a prompt can be in it: they are data.
        style = f' style="color:{STYLE.published}"' if wrong else ""
        self.status.value = f'<span role="status"{style}>{escape(sentence)}</span>'

    def _gains_html(self, gains: Mapping[str, float], unit: str) -> str:
        """The classes that changed most, as bars to either side: gains right, losses left."""
        changes = sorted(((gain, name) for name, gain in gains.items() if gain), key=lambda pair: -abs(pair[0]))
        if not changes:
            return "<p>No class changes against the first row.</p>"
        whole = 100 if self.view.judged else len(self.view.images)
        rows = "".join(
            f'<tr><td style="text-align:right;padding-right:.6em">{escape(isolated(name))}</td>'
            f'<td style="width:9em">{_bar(max(-gain, 0) / whole, STYLE.published, "right")}</td>'
            f'<td style="width:9em">{_bar(max(gain, 0) / whole, STYLE.measured, "left")}</td>'
            f'<td style="text-align:right;padding-left:.6em">{signed(gain, 0)}</td></tr>'
            for gain, name in sorted(changes[:_SHOWN], reverse=True)
        )
        more = f"<p>and {len(changes) - _SHOWN} classes that changed less</p>" if len(changes) > _SHOWN else ""
        return f"<p><b>Change by class</b>, {unit}</p><table>{rows}</table>{more}"

    def _picture_html(self, image: int, column: Column) -> str:
        """One picture with its likeliest classes as bars, and what the first row answered."""
        truth, name = self.view.truth[image], escape(self.view.images[image], quote=True)
        rows = "".join(
            f'<tr><td style="text-align:right;padding-right:.6em;{"font-weight:bold" if place == truth else ""}">'
            f'{escape(isolated(column.names[place]))}</td><td style="width:9em">'
            f"{_bar(value, STYLE.right if place == truth else STYLE.soft, 'left')}</td>"
            f'<td style="padding-left:.6em">{value:.3f}</td></tr>'
            for place, value in zip(column.classes[image].tolist(), column.probabilities[image].tolist(), strict=True)
        )
        first = self.view.columns[0]
        before = f"first row: {isolated(first.names[first.first[image]])} ({first.probabilities[image, 0]:.3f})"
        return (
            '<div style="display:inline-block;margin:0 1.2em .6em 0;vertical-align:top">'
            f'<img src="{self._picture(image)}" alt="{name}" style="width:{_THUMBNAIL}px"><br><small>{name}</small>'
            f"<table>{rows}</table>{f'<small>{escape(before)}</small>' * (column is not first)}</div>"
        )

    def _picture(self, image: int) -> str:
        known = self.classifier.data.paths
        if image >= len(known):
            return self._own[self.view.images[image]][0]
        if image not in self._thumbnails:
            self._thumbnails[image] = _thumbnail(open_image(known[image]))
        return self._thumbnails[image]

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """The live widget; the report, which has no kernel, shows a line of text in its place."""
        return {
            "application/vnd.jupyter.widget-view+json": {
                "version_major": 2,
                "version_minor": 0,
                "model_id": self.box.model_id,
            },
            "text/markdown": _HELP,
            "text/plain": _HELP.replace("`", ""),
        }


def _bar(share: float, colour: str, side: str) -> str:
    width = 100 * min(1.0, max(0.0, share))
    margin = "margin-left:auto;" if side == "right" else ""
    return f'<div style="{margin}width:{width:.1f}%;height:.75em;background:{colour}"></div>'


def _thumbnail(image: Image) -> str:
    """The picture's middle square as a data URI."""
    buffer = io.BytesIO()
    ImageOps.fit(image, (_THUMBNAIL, _THUMBNAIL)).save(buffer, "JPEG", quality=88)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
