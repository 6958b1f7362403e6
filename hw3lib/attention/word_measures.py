"""What :func:`hw3lib.attention.grounding.measure` measures of every word, as columns in one file.

Dimensions: ``W`` words (of all captions), ``N`` layers, ``H`` heads, ``U = N (H + 1)`` views of a word: a layer's
heads, then their mean.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw3lib.attention.measures import Floats
from hw3lib.system import files
from hw3lib.system.errors import UserError

MEASURES = ("hit", "mass", "rank")  # those that need to know where the object is
PRIORS = ("uniform", "centre", "caption")


@dataclass(eq=False)
class WordMeasures:
    """What was measured of every word, in the order of images and words; NaN where a word has no object to attend to.

    ``target`` says what a word was compared with: the ``named`` object, ``any`` object (a name of one that is not
    there), the two objects that a relation stands between (``both``), everything but objects (``ground``, for places),
    or nothing.
    """

    grid: tuple[int, int]
    layers: int
    heads: int
    images: list[str]
    image: NDArray[np.int32]  # (W,) index into images
    word: NDArray[np.str_]  # (W,)
    kind: NDArray[np.str_]  # (W,) see word_classes.CLASSES
    category: NDArray[np.str_]  # (W,) or ""
    target: NDArray[np.str_]  # (W,)
    plural: NDArray[np.bool_]  # (W,) of a phrase about several
    entropy: Floats  # (W, U)
    hit: Floats  # (W, U)
    mass: Floats  # (W, U)
    rank: Floats  # (W, U)
    stability: Floats  # (W, U)
    elsewhere: Floats  # (W,) as stability, but with another photograph
    prior_hit: Floats  # (W, 3) of PRIORS
    prior_mass: Floats  # (W, 3)
    prior_rank: Floats  # (W, 3)
    method_hit: Floats  # (W, 2) of METHODS; NaN where a method is not defined
    method_mass: Floats  # (W, 2)
    evenness: Floats  # (W, U) see :func:`hw3lib.attention.measures.evenness`

    def view(self, layer: int = -1, head: int | None = None) -> int:
        """Where a view stands among the ``U``; the mean of a layer's heads without ``head``."""
        return (layer % self.layers) * (self.heads + 1) + (self.heads if head is None else head)

    def save(self, path: Path, origin: Mapping[str, Any] | None = None) -> None:
        """Write everything as one ``.npz``, whole or not at all; ``origin`` says as JSON in it what made it."""
        arrays = {field.name: np.asarray(getattr(self, field.name)) for field in fields(self)}
        arrays["provenance"] = np.asarray(json.dumps(origin or {}))
        with files.atomic(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: Path) -> WordMeasures:
        """Read what :meth:`save` wrote."""
        if not path.is_file():
            raise UserError(f"{path} is missing; measure the attention first: run notebooks/p3_attention.ipynb")
        with np.load(path, allow_pickle=False) as arrays:
            columns = {field.name: arrays[field.name] for field in fields(cls)}
        plain = {name: columns[name].tolist() for name in ("layers", "heads", "images")}
        return cls(**(columns | plain | {"grid": tuple(columns["grid"].tolist())}))
