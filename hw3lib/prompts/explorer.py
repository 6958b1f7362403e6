"""The prompt box: type a template, see at once what it changes: accuracy, significance, classes, chosen images.

Of photographs without labels it shows how many get another class, and what each class gains or loses.

Image features and the baseline are computed when the box is made; an answer costs one short text per class.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import ImageOps

from hw3lib.data.images import open_image
from hw3lib.display.prose import signed
from hw3lib.display.style import STYLE
from hw3lib.metrics.paired_tests import Contrast, effects
from hw3lib.prompts.prose import judged
from hw3lib.prompts.zero_shot import TOP, Classifier, unique_names
from hw3lib.system.errors import UserError
from hw3lib.system.messages import counted

if TYPE_CHECKING:
    from torch import Tensor

_THUMBNAIL = 160  # px
_SHOWN = 12  # classes in the list of gains and losses
_HELP = "In a live notebook (`make lab`) there is a box here to type a prompt into."


class Explorer:
    """An ipywidgets box around a classifier; :attr:`box` is the widget. It needs no display to be made or changed."""

    def __init__(self, classifier: Classifier, baseline: str, images: Sequence[str] = (), start: str = "") -> None:
        """``images`` are the file names of those whose top classes are shown; ``start`` fills the field."""
        import ipywidgets as w

        self.classifier, self.baseline = classifier, baseline
        self.titles = [unique_names(classifier.data.labels)[label] for label in classifier.ids]
        names = [path.name for path in classifier.data.paths]
        shown = [names.index(image) for image in images]
        self._pictures = [(index, _thumbnail(classifier.data.paths[index])) for index in shown]
        self._before = classifier.probabilities(baseline).argmax(-1).numpy()  # (I,)
        self.text = w.Text(
            value=start or baseline,
            description="prompt",
            placeholder="a photo of a {object}",
            continuous_update=False,
            layout=w.Layout(width="38em"),
        )
        options = [("one more image", None), *zip(names, range(len(names)), strict=True)]
        self.picture = w.Dropdown(options=options, value=None, description="image")
        self.result, self.gains, self.top = w.HTML(), w.HTML(), w.HTML()
        right = w.VBox([self.picture, self.top])
        columns = w.HBox([self.gains, right], layout=w.Layout(flex_flow="row wrap"))
        self.box = w.VBox([self.text, self.result, columns])
        self.text.observe(self._answer, names="value")
        self.picture.observe(self._answer, names="value")
        self._answer()

    def _right(self, first: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether the likeliest class of each image of known class is the true one; ``first`` is that of all (I,)."""
        right: NDArray[np.bool_] = first[self.classifier.labelled] == self.classifier.classes
        return right

    def _answer(self, change: Any = None) -> None:
        template = self.text.value.strip()
        try:
            probabilities = self.classifier.probabilities(template)  # (I, C)
        except UserError as error:
            self.result.value = f'<span style="color:{STYLE.published}">{escape(str(error))}</span>'
            self.gains.value = self.top.value = ""
            return
        first = probabilities.argmax(-1).numpy()
        told, self.gains.value = self._judged(first) if self.classifier.labelled else self._moved(first)
        self.result.value = told + self._cut(template)
        shown, more = list(self._pictures), self.picture.value
        if more is not None:
            shown.append((more, _thumbnail(self.classifier.data.paths[more])))
        self.top.value = "".join(self._top_html(index, source, probabilities[index]) for index, source in shown)

    def _judged(self, first: NDArray[np.int64]) -> tuple[str, str]:
        """The accuracy beside the baseline's, and each class's change."""
        right, before = self._right(first), self._right(self._before)
        accuracy, base = float(right.mean()), float(before.mean())
        told = (
            f'<b style="font-size:150%">{accuracy:.4f}</b> &nbsp; {signed(100 * (accuracy - base))} points against '
            f"<code>{escape(self.baseline)}</code> ({base:.4f})<br>{self._compared(right, before)}"
        )
        truth, difference = self.classifier.classes, right.astype(np.int64) - before
        means = {self.titles[c]: float(difference[truth == c].mean()) for c in np.unique(truth)}
        return told, self._gains_html(means, 100, "points of accuracy")

    def _moved(self, first: NDArray[np.int64]) -> tuple[str, str]:
        """Without labels: how many photographs get another class than under the baseline, and what classes gain."""
        moved, count, classes = int((first != self._before).sum()), len(first), len(self.titles)
        told = (
            f'<b style="font-size:150%">{moved}</b> of {count} photographs get another class than under '
            f"<code>{escape(self.baseline)}</code>; without labels, nobody can say which is right"
        )
        gains = np.bincount(first, minlength=classes) - np.bincount(self._before, minlength=classes)
        shares = dict(zip(self.titles, (gains / count).tolist(), strict=True))
        return told, self._gains_html(shares, count, "photographs")

    def _compared(self, right: NDArray[np.bool_], before: NDArray[np.bool_]) -> str:
        """On how many images only one of the two prompts is right, and what that shows."""
        gained, lost = int((right & ~before).sum()), int((before & ~right).sum())
        if not gained + lost:
            return "right on the same images as the baseline"
        effect = effects(np.stack([right, before]), {"prompt": Contrast(np.array([1, -1]), 1)})["prompt"]
        return f"{gained} images gained, {lost} lost: {escape(judged(effect), quote=False)}"

    def _cut(self, template: str) -> str:
        """A line on the class names that the prompt pushes out of CLIP's context."""
        names = self.classifier.cut_names(template)
        return f"<br>CLIP reads only the beginning of {escape(counted(names, 'class name'))}" if names else ""

    def _gains_html(self, shares: Mapping[str, float], scale: int, unit: str) -> str:
        """The classes that changed most, as bars to either side: gains right, losses left."""
        changes = [(change, title) for title, change in shares.items() if change]
        changes.sort(key=lambda pair: -abs(pair[0]))
        if not changes:
            return "<p>No class changes against the baseline.</p>"
        rows = "".join(
            f'<tr><td style="text-align:right;padding-right:.6em">{escape(title)}</td>'
            f'<td style="width:9em">{_bar(max(-change, 0), STYLE.published, "right")}</td>'
            f'<td style="width:9em">{_bar(max(change, 0), STYLE.measured, "left")}</td>'
            f'<td style="text-align:right;padding-left:.6em">{signed(scale * change, 0)}</td></tr>'
            for change, title in sorted(changes[:_SHOWN], reverse=True)
        )
        more = f"<p>and {len(changes) - _SHOWN} classes that changed less</p>" if len(changes) > _SHOWN else ""
        return f"<p><b>Change by class</b>, {unit}</p><table>{rows}</table>{more}"

    def _top_html(self, index: int, source: str, probabilities: Tensor) -> str:
        """One picture with its likeliest classes as bars."""
        values, classes = probabilities.topk(min(TOP, len(self.titles)))
        truth = self.classifier.truth[index]
        rows = "".join(
            f'<tr><td style="text-align:right;padding-right:.6em;{"font-weight:bold" if c == truth else ""}">'
            f'{escape(self.titles[c])}</td><td style="width:9em">'
            f"{_bar(value, STYLE.right if c == truth else STYLE.soft, 'left')}</td>"
            f'<td style="padding-left:.6em">{value:.3f}</td></tr>'
            for value, c in zip(values.tolist(), classes.tolist(), strict=True)
        )
        name = escape(self.classifier.data.paths[index].name, quote=True)
        return (
            '<div style="display:inline-block;margin:0 1.2em .6em 0;vertical-align:top">'
            f'<img src="{source}" alt="{name}" style="width:{_THUMBNAIL}px"><table>{rows}</table></div>'
        )

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


def _thumbnail(path: Path) -> str:
    """The picture's middle square as a data URI."""
    buffer = io.BytesIO()
    ImageOps.fit(open_image(path), (_THUMBNAIL, _THUMBNAIL)).save(buffer, "JPEG", quality=88)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
