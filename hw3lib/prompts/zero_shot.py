"""Zero-shot classification: images against class names in a prompt, and the labels of a folder.

A prompt is a template with ``{object}`` in place of a class name; an image belongs to the class whose text is nearest
(Radford et al. 2021).

Letters: I images, C classes, K templates, D width of the joint space.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hw3lib import config
from hw3lib.data.labelled import LabelledSet, load_labelled
from hw3lib.prompts.templates import SLOT, check_template, fill
from hw3lib.system.errors import UserError
from hw3lib.system.files import atomic
from hw3lib.system.messages import counted, shorten

if TYPE_CHECKING:
    from torch import Tensor

    from hw3lib.models.clip import ClipModel

TOP = 5  # classes kept with their probabilities for every image and template


class Classifier:
    """Images against class names in any prompt; the images are embedded once.

    ``truth`` has the class of every image, ``None`` where it is not known; ``labelled`` are the places of the others,
    and ``classes`` their classes.
    """

    def __init__(self, clip: ClipModel, data: LabelledSet) -> None:
        self.clip, self.data = clip, data
        self.ids = sorted(data.labels)  # class c is label ids[c]
        self.names = [data.labels[label] for label in self.ids]
        self.truth = [self.ids.index(label) if label is not None else None for label in data.truth]
        self.labelled = [image for image, true in enumerate(self.truth) if true is not None]
        self.classes = np.array([true for true in self.truth if true is not None], np.int64)
        self.images = clip.embed_images(data.paths)  # (I, D)
        self._cut: dict[str, list[str]] = {}  # by template, what cut_names found

    def variant(self, names: Sequence[str], more: Sequence[Tensor]) -> Classifier:
        """The same images, and ``more`` by their features (D,), of unknown class, against other names.

        ``names`` are the labels' own or others', in their order; what follows are further classes.
        """
        import torch

        other = copy(self)
        other.names, other._cut = list(names), {}
        other.images, other.truth = (
            torch.cat([self.images, *(row[None] for row in more)]),
            self.truth + [None] * len(more),
        )
        return other

    def probabilities(self, template: str) -> Tensor:
        """Softmax over the classes' scaled cosines, ``(I, C)``. Raises :class:`UserError` for a bad template."""
        return self.log_probabilities(self.texts([template])[0]).exp()

    def texts(self, templates: Sequence[str]) -> Tensor:
        """Features of every class name in every template, ``(K, C, D)``; a text that occurs twice is encoded once.

        Raises :class:`UserError` for a bad template, and for one so long that CLIP reads nothing of a class name.
        """
        whole = [check_template(template) for template in templates]
        prompts = [fill(template, name) for template in whole for name in self.names]
        for row, template in enumerate(whole):
            if all(self.clip.fits(prompts[row * len(self.names) : (row + 1) * len(self.names)])):
                self._cut[template] = []
            self.cut_names(template)
        return self.clip.embed_texts(prompts).unflatten(0, (len(whole), len(self.names)))

    def cut_names(self, template: str) -> list[str]:
        """The class names of which CLIP reads only the beginning, as its context ends in them.

        Raises :class:`UserError` where it ends before a name: all classes would have the same text.
        """
        template = check_template(template)
        if template not in self._cut:
            self._cut[template] = self._cut_by(template)
        return self._cut[template]

    def _cut_by(self, template: str) -> list[str]:
        start, slot, _ = template.partition(SLOT)
        heads = [fill(start + slot, name) for name in self.names]
        cut = [place for place, fits in enumerate(self.clip.fits(heads)) if not fits]
        beginnings = [heads[place][: len(heads[place]) - len(self.names[place]) + 1] for place in cut]
        if not all(self.clip.fits(beginnings)):
            raise UserError(
                f"the prompt {shorten(template)!r} is too long: CLIP stops reading before {SLOT}; shorten what "
                "stands before it"
            )
        return [self.names[place] for place in cut]

    def log_probabilities(self, texts: Tensor) -> Tensor:
        """Log-softmax over the classes of images and text features ``(..., C, D)``: ``(..., I, C)``."""
        return (self.clip.logit_scale * self.images @ texts.mT).log_softmax(-1)


def unique_names(labels: Mapping[int, str]) -> dict[int, str]:
    """Class names that tell all labels apart: where two are called the same, the label id follows.

    >>> unique_names({3: "crane", 7: "crane", 8: "dog"})
    {3: 'crane (3)', 7: 'crane (7)', 8: 'dog'}
    """
    names = list(labels.values())
    return {label: name if names.count(name) == 1 else f"{name} ({label})" for label, name in labels.items()}


def classify_folder(
    clip: config.Clip,
    images: str | Path,
    id2label: str | Path,
    out_csv: str | Path,
    template: str,
    device: str = "auto",
    note: Callable[[str], None] = lambda text: None,
) -> dict[str, int]:
    """Label every image of a folder and write ``filename,label`` rows (the label's id), sorted by file name.

    ``note`` is told which class names are longer than what CLIP reads. Returns the label ids by file name, with the
    folder where each class has one. Raises :class:`UserError` before anything is written: for bad input, and for an
    image that cannot be read, since the file must cover every image.
    """
    from hw3lib.models.clip import ClipModel

    template, out = check_template(template), Path(out_csv)
    data = load_labelled(images, id2label)
    if out.is_dir():
        raise UserError(f"{out} is a folder; name the CSV file to write")
    classifier = Classifier(ClipModel.load(clip, device), data)
    if names := classifier.cut_names(template):
        note(f"CLIP reads only the beginning of {counted(names, 'class name')}: name and prompt are too long for it")
    best = classifier.probabilities(template).argmax(-1).tolist()
    labels = {name: classifier.ids[c] for name, c in zip(data.names, best, strict=True)}
    with atomic(out) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["filename", "label"])
        rows.writerows(labels.items())
    return labels
