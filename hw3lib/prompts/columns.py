"""Prompts side by side on the same images: a column of answers each, what differs between them, and the table of all.

Class names may be others than the data's: renamed ones, and added ones, of which no image is labelled.

Letters: K columns, I images, C classes.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hw3lib.display.bundle import Cell
from hw3lib.display.prose import names_in_words
from hw3lib.display.scripts import isolated
from hw3lib.metrics.bootstrap import mean_intervals
from hw3lib.prompts import effects, prose
from hw3lib.prompts.ensembles import mean_features
from hw3lib.prompts.zero_shot import TOP, Classifier
from hw3lib.system.errors import UserError

if TYPE_CHECKING:
    from pandas import DataFrame

_EQUALS = "[=＝]"  # the second is that of Chinese and Japanese keyboards
_QUOTED = r'["“][^"“”]+["”]'


@dataclass(frozen=True)
class Column:
    """The likeliest classes of every image under one prompt, or under an ensemble of several."""

    title: str
    classes: NDArray[np.int64]  # (I, 5), the likeliest first
    probabilities: NDArray[np.float32]  # (I, 5)
    names: Sequence[str]  # of the classes that could be answered: (C,)

    @property
    def first(self) -> NDArray[np.int64]:
        """The answers: ``(I,)``."""
        return self.classes[:, 0]


def ask(
    classifier: Classifier, names: Sequence[str], templates: Sequence[str], ensemble: Sequence[str]
) -> list[Column]:
    """A column per template, and one more for the ``ensemble`` where it has two templates at the least.

    ``names`` are what the classes are called in the table. Raises what :meth:`Classifier.texts` does.
    """
    import torch

    rows = dict(zip(templates, classifier.texts(templates), strict=True))  # (C, D) each
    members = [rows[template] for template in templates if template in ensemble]
    if len(members) > 1:
        rows[f"ensemble of {len(members)} prompts"] = mean_features(torch.stack(members))
    columns = []
    for title, texts in rows.items():
        top = classifier.log_probabilities(texts).topk(min(TOP, len(texts)))  # (I, 5)
        columns.append(Column(title, top.indices.numpy(), top.values.exp().numpy(), names))
    return columns


def edited_names(titles: Sequence[str], edits: str) -> list[str]:
    """Class names as lines edit them: ``old = new`` renames one, a name alone adds a class behind the others.

    A name may hold an equals sign: ``old`` is the longest class that a line begins with, ``new`` all that follows, and
    a name in quotes is taken as it stands. Raises :class:`UserError` for an unknown or an empty name, and for two
    classes of one name.

    >>> edited_names(["dog", "cat"], 'cat = kitten\\nunicorn\\n"x = y"')
    ['dog', 'kitten', 'unicorn', 'x = y']
    """
    names = list(titles)
    longest = "|".join(map(re.escape, sorted(titles, key=len, reverse=True)))
    rename = re.compile(rf"({longest}|{_QUOTED}|.*?)\s*{_EQUALS}\s*(.*)")
    for line in filter(None, map(str.strip, edits.splitlines())):
        parts = None if re.fullmatch(_QUOTED, line) else rename.fullmatch(line)
        if not parts:
            names.append(_bare(line))
            continue
        old, new = parts[1] if parts[1] in titles else _bare(parts[1]), _bare(parts[2])
        if old not in titles:
            near = "".join(f"; did you mean {name!r}?" for name in difflib.get_close_matches(old, titles, 1, 0.5))
            near = near or "; to add a class of this whole name, put the line in quotes"
            raise UserError(f"{line!r}: no class is called {old!r}{near}")
        if not new:
            raise UserError(f"{line!r} gives the class no name; write {old} = its new name")
        names[titles.index(old)] = new
    twice = [name for place, name in enumerate(names) if name in names[:place]]
    if twice:
        raise UserError(f"two classes would be called {twice[0]!r}; give one of them another name")
    return names


def _bare(name: str) -> str:
    """A name without the quotes around it."""
    return name[1:-1].strip() if re.fullmatch(_QUOTED, name) else name


@dataclass(frozen=True)
class SideBySide:
    """Columns of answers to the same images; the others are compared with the first one.

    ``truth`` has the class of every image, ``None`` where nobody knows it. Where two images at the least are labelled
    (``judged``), answers are right or wrong; otherwise it is only told how many differ.
    """

    columns: Sequence[Column]
    images: Sequence[str]
    truth: Sequence[int | None]
    seed: int

    @property
    def labelled(self) -> list[int]:
        """The images whose class is known."""
        return [image for image, true in enumerate(self.truth) if true is not None]

    @property
    def judged(self) -> bool:
        """Whether there are accuracies."""
        return len(self.labelled) > 1

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether each labelled image's answer is its class: ``(K, I)``."""
        return np.stack([column.first[self.labelled] == self._known for column in self.columns])

    @property
    def _known(self) -> NDArray[np.int64]:
        return np.array([true for true in self.truth if true is not None], np.int64)

    @property
    def changed(self) -> NDArray[np.bool_]:
        """Whether an image's answer is not the same in all columns: ``(I,)``."""
        firsts = np.stack([column.first for column in self.columns])
        return (firsts != firsts[0]).any(0)

    def by_class(self, column: Column) -> dict[str, float]:
        """What each class gains over the first column: points of accuracy, or images that are given it."""
        names, first = self.columns[-1].names, self.columns[0]
        if not self.judged:
            gains = np.bincount(column.first, minlength=len(names)) - np.bincount(first.first, minlength=len(names))
            return dict(zip(names, gains.tolist(), strict=True))
        truth = self._known
        gains = (column.first[self.labelled] == truth).astype(int) - (first.first[self.labelled] == truth)
        return {names[place]: 100 * float(gains[truth == place].mean()) for place in np.unique(truth).tolist()}

    def taken(self, known: int) -> list[str]:
        """What the classes that were added behind the ``known`` ones take from the others, column by column."""
        lines = []
        for place, name in enumerate(self.columns[-1].names[known:], known):
            given = [column.first == place for column in self.columns[1:]]  # the first has the original names
            counts = names_in_words([str(images.sum()) for images in given])
            line = f"“{isolated(name)}”, added, takes {counts} of {len(self.images)} images in the rows below the first"
            if self.judged:
                right = [str((self.right[0] & images[self.labelled]).sum()) for images in given]
                line += f"; {names_in_words(right)} of them were right in the first"
            lines.append(f"{line}.")
        return lines

    def table(self, images: Sequence[int]) -> DataFrame:
        """A row per image: its file, its label, and each column's answer with its probability."""
        from pandas import DataFrame

        names, truth = self.columns[-1].names, (self.truth[image] for image in images)
        cells = {
            "image": [self.images[image] for image in images],
            "label": ["" if true is None else names[true] for true in truth],
        }
        for column in self.columns:
            cells[column.title] = [column.names[place] for place in column.first[images].tolist()]
            cells[f"{column.title}: probability"] = column.probabilities[images, 0].astype(float).round(4).tolist()
        return DataFrame(cells)

    def summary(self) -> tuple[list[str], list[list[Cell]]]:
        """Columns and rows of what each prompt does: accuracy and its change, or how many answers change."""
        if not self.judged:
            rows: list[list[Cell]] = [
                [
                    isolated(column.title),
                    int((column.first != self.columns[0].first).sum()),
                    float(column.probabilities[:, 0].mean()),
                ]
                for column in self.columns
            ]
            return ["prompt", "images with another class than in the first row", "mean probability"], rows
        right = self.right
        low, high = mean_intervals(right, self.seed)
        compared = effects.against(right[1:], right[0], self.seed) if len(right) > 1 else []
        rows = []
        for place, (column, effect) in enumerate(zip(self.columns, [None, *compared], strict=True)):
            accuracy = f"{right[place].mean():.4f} [{low[place]:.3f}, {high[place]:.3f}]"
            counts = [effect.gained, effect.lost] if effect else [None, None]
            verdict = prose.judged(replace(effect, p=effect.holm)) if effect else ""  # corrected for all rows
            rows.append([isolated(column.title), accuracy, prose.change(effect), *counts, verdict])
        return ["prompt", "accuracy", "change, points", "gained", "lost", "verdict"], rows
