"""Every template's answers to the images of known class, as ``p1/study.safetensors`` holds them.

``p1/unlabelled.safetensors`` has those to photographs without labels: nothing is true there, and its arrays are empty.

Letters: K templates, then the ensembles; I images, C classes.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from hw3lib.prompts.results import Step
from hw3lib.system.errors import UserError
from hw3lib.system.files import atomic


@dataclass(frozen=True)
class Ensemble:
    """A mean of templates, and how it grew where it was grown."""

    name: str
    members: list[str]
    path: list[Step]


@dataclass(frozen=True)
class Answers:
    """The five likeliest classes of every image under every template and ensemble, and the true class's probability."""

    classes: NDArray[np.int32]  # (K, I, 5), places in labels
    probabilities: NDArray[np.float32]  # (K, I, 5)
    true: NDArray[np.float32]  # (K, I), log-probability of the true class
    truth: NDArray[np.int64]  # (I,)
    half: NDArray[np.bool_]  # (I,), the images on which what is best is chosen
    templates: list[str]
    labels: list[str]
    images: list[str]  # file names
    ensembles: list[Ensemble]
    cut_names: dict[str, int] = field(default_factory=dict)  # by template, classes whose name CLIP reads in part

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether the likeliest class is the true one: ``(K, I)``."""
        return self.classes[..., 0] == self.truth

    @property
    def halves(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """The images ``(I,)`` that choose what is best, and those that it is reported on: all where a half is empty.

        One image alone has no interval, so that two at the least are reported on.
        """
        every = np.ones(len(self.truth), bool)
        return (self.half, ~self.half) if self.half.any() and (~self.half).sum() > 1 else (every, every)

    def first(self, template: str) -> NDArray[np.int32]:
        """The likeliest class of each image under a template: ``(I,)``."""
        return self.classes[self.templates.index(template), :, 0]

    def likeliest(self, template: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The likeliest class's probability for each image, and its lead over the next one's: ``(I,)`` each."""
        values = self.probabilities[self.templates.index(template)]  # (I, 5)
        return values[:, 0], values[:, 0] - values[:, 1:2].sum(-1)

    def confusion(self, template: str, images: NDArray[np.bool_] | slice = slice(None)) -> NDArray[np.int64]:
        """How often images of a class (row) were given another (column) under a template: counts ``(C, C)``."""
        counts = np.zeros((len(self.labels),) * 2, np.int64)
        np.add.at(counts, (self.truth[images], self.first(template)[images]), 1)
        return counts

    def write(self, path: Path) -> None:
        """Arrays as tensors, the rest as JSON in the file's header; whole or not at all."""
        from safetensors.numpy import save_file

        content = {item.name: getattr(self, item.name) for item in fields(self)}
        arrays = {key: np.ascontiguousarray(value) for key, value in content.items() if isinstance(value, np.ndarray)}
        rest: dict[str, Any] = {key: value for key, value in content.items() if key not in arrays}
        rest["ensembles"] = [asdict(ensemble) for ensemble in self.ensembles]
        with atomic(path) as temporary:
            save_file(arrays, temporary, {"content": json.dumps(rest, ensure_ascii=False)})
            temporary.chmod(0o644)

    @classmethod
    def read(cls, path: Path) -> Answers:
        """What :meth:`write` wrote. Raises :class:`UserError` when it is missing or no such file."""
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, "np") as file:
                arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
                rest = json.loads(file.metadata()["content"])
            rest["ensembles"] = TypeAdapter(list[Ensemble]).validate_python(rest["ensembles"])
            return cls(**arrays, **rest)
        except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
            raise UserError(f"{path} holds no predictions of a prompt study ({error}); run the study again") from None
