"""Whether maps are faithful to the model: what is measured of words for :mod:`hw3lib.attention.cards`.

For some words of some captions, drawn with a seed: their log-probability while patches are taken away in the order of
each map, their maps after weights were re-initialised, and those of another run.

Dimensions: ``W`` words (of all captions), ``R`` orders, ``S`` steps, ``P`` patches.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from hw3lib.attention.deletion import FILLS, memory_curves, pixel_curves, strongest_first
from hw3lib.attention.maps import View, Word, words_of
from hw3lib.attention.measures import centre_prior
from hw3lib.attention.randomisation import DECODER, ENCODER, agreement, ask, randomised
from hw3lib.attention.word_classes import classify
from hw3lib.data.images import Photograph, open_image
from hw3lib.data.lexicon import Lexicon
from hw3lib.metrics.interval_tests import FEW
from hw3lib.models.inference import LoadedRun
from hw3lib.system import files
from hw3lib.system.messages import Say, silence

IMAGES, WORDS = 50, 5  # at the most: drawn from those at hand, and of each caption
GLIMPSE = 8  # images where no test depends on them: a part of the weights is re-initialised, or there are too few
RANDOMISED = 30  # images on which weights are re-initialised, all of the decoder's or the encoder's too
RANDOM = 3  # random orders, of which the mean is taken
STEPS, PIXEL_STEPS = 10, 3


@dataclass
class Measured:
    """What was measured, word after word: ``(W,)`` lists; of pixels and randomised weights of fewer words."""

    image: list[int] = field(default_factory=list)
    kind: list[str] = field(default_factory=list)
    curves: dict[str, list[np.ndarray]] = field(default_factory=lambda: defaultdict(list))  # by order, (S + 1,)
    pixels: dict[tuple[str, str], list[tuple[int, float, float]]] = field(default_factory=lambda: defaultdict(list))
    kept: dict[tuple[str, str], list[tuple[int, float]]] = field(default_factory=lambda: defaultdict(list))

    def save(self, path: Path) -> None:
        """Write everything as one ``.npz``, whole or not at all."""
        arrays = {"image": np.array(self.image, np.int64), "kind": np.array(self.kind, np.str_)}
        arrays |= {f"curves/{order}": np.array(rows) for order, rows in self.curves.items()}
        for name in ("pixels", "kept"):
            arrays |= {"/".join((name, *key)): np.array(rows) for key, rows in getattr(self, name).items()}
        with files.atomic(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: Path) -> Measured:
        """Read what :meth:`save` wrote."""
        measured = cls()
        with np.load(path, allow_pickle=False) as arrays:
            measured.image, measured.kind = arrays["image"].tolist(), arrays["kind"].tolist()
            for name in arrays.files:
                field_name, *key = name.split("/")
                if key:
                    getattr(measured, field_name)[key[0] if len(key) == 1 else tuple(key)] = list(arrays[name])
        return measured


def measure(
    loaded: LoadedRun,
    images: Mapping[str, Photograph],
    captions: Mapping[str, str],
    lexicon: Lexicon,
    head: View | None = None,
    others: Mapping[str, LoadedRun] = {},
    seed: int = 0,
    say: Say = silence,
) -> Measured:
    """Delete, paint over and re-initialise, for some words of some images' captions, drawn with ``seed``.

    ``others`` are runs with the same tokenizer, by what is kept of them: ``seed`` or ``repeated``. Where the patches
    of one are another grid, nothing is compared.
    """
    rng, measured = np.random.default_rng(seed), Measured()
    names = [name for name in images if name in captions]
    drawn = sorted(rng.permutation(len(names))[: IMAGES if len(names) >= FEW else GLIMPSE])
    inputs = []
    heads: dict[str, list[tuple[int, np.ndarray]]] = defaultdict(list)  # image, correlations (N H, W)
    for place, name in enumerate(names[index] for index in drawn):
        say(f"{place} of {len(drawn)} captions")
        photograph = open_image(images[name])
        pixels = loaded.transform(photograph)[None].to(loaded.model.device)
        ids = loaded.tokenizer.encode(captions[name])[: loaded.model.max_length]
        words = words_of(loaded.tokenizer, ids, captions[name])
        kinds = [kind.name for kind in classify([word.text for word in words], lexicon)]
        said = [place for place, kind in enumerate(kinds) if kind not in ("special", "punctuation")]
        if not said:
            continue
        chosen = sorted(rng.permutation(said)[:WORDS])
        some = [words[place] for place in chosen]
        maps, _ = ask(loaded.model, pixels, ids, some, head, loaded.tokenizer.pad)
        measured.image += [place] * len(some)
        measured.kind += [kinds[place] for place in chosen]
        delete(loaded, pixels, ids, some, maps, place, rng, measured)
        for what, other in others.items():
            again = other.transform(photograph)[None].to(other.model.device)
            asked, every = ask(other.model, again, ids, some, None, loaded.tokenizer.pad)
            _keep(measured, what, place, maps, asked)
            if head:
                every = every.reshape(-1, *every.shape[2:])
                own = {"": np.broadcast_to(maps["best head"], (len(every), *maps["best head"].shape))}
                heads[what] += [(place, values) for values in agreement(own, {"": every}).values()]
        inputs.append((place, pixels, ids, some, maps))
    for what, correlations in heads.items():
        measured.kept["best head", what] += of_like_heads(correlations)
    say("weights re-initialised")
    for stage, model in randomised(loaded.model, seed):
        for place, pixels, ids, some, maps in inputs[: RANDOMISED if stage in (DECODER, ENCODER) else GLIMPSE]:
            asked, _ = ask(model, pixels, ids, some, head, loaded.tokenizer.pad)
            _keep(measured, stage, place, maps, asked)
    return measured


def delete(
    loaded: LoadedRun,
    pixels: Tensor,
    ids: Sequence[int],
    words: Sequence[Word],
    maps: Mapping[str, np.ndarray],
    image: int,
    rng: np.random.Generator,
    measured: Measured,
) -> None:
    """The curves of one caption's words by every way of asking: ``maps``, ``(W, P)`` each; by pixels of one word."""
    with torch.no_grad():
        memory = loaded.model.encode(pixels)
    shape = next(iter(maps.values())).shape
    orders = {f"random {n}": strongest_first(np.zeros(shape), rng) for n in range(RANDOM)}
    orders["centre"] = strongest_first(np.broadcast_to(centre_prior(memory.grid), shape), rng)
    for way, values in maps.items():
        orders[way] = strongest_first(values, rng)
        orders[f"{way}, weakest"] = orders[way][:, ::-1]
    stacked = memory_curves(loaded.model, memory, ids, words, np.stack(list(orders.values()), axis=1), STEPS)
    curves = {"random": stacked[:, :RANDOM].mean(axis=1)}  # (W, S + 1)
    curves |= dict(zip(list(orders)[RANDOM:], stacked.swapaxes(0, 1)[RANDOM:], strict=True))
    for name, of_words in curves.items():
        measured.curves[name] += list(of_words)
    word = int(rng.integers(len(words)))
    sides = np.stack([orders[name][word] for name in ("random 0", *maps)])  # (R, P)
    lost = {name: areas(curve[word]) for name, curve in curves.items()}
    for fill in FILLS:
        painted = pixel_curves(loaded.model, pixels, memory.grid, ids, words[word], sides, PIXEL_STEPS, fill)
        random, *others = painted.sum(axis=1) / PIXEL_STEPS  # areas, but for the ends that all share
        for way, area in zip(maps, others, strict=True):
            measured.pixels[way, fill].append((image, random - area, lost["random"] - lost[way]))


def areas(curves: np.ndarray) -> np.ndarray:
    """The mean of each curve ``(..., S + 1)`` over the share that is deleted: ``(...)``."""
    return np.asarray(np.trapezoid(curves, axis=-1) / (curves.shape[-1] - 1))


def of_like_heads(correlations: Sequence[tuple[int, np.ndarray]]) -> list[tuple[int, float]]:
    """A head's correlations with the head of another run that is most like it: ``(image, value)`` of every word.

    Runs number their heads by chance. So of all, ``(image, (heads, W))``, the one with the highest mean on every other
    image counts on the rest, and the other way round: no image has a say in the choice for itself.
    """
    of_words = []
    for half in (0, 1):
        choosing, judging = correlations[1 - half :: 2], correlations[half::2]
        if choosing:
            like = int(np.concatenate([values for _, values in choosing], axis=1).mean(axis=1).argmax())
            of_words += [(image, float(value)) for image, values in judging for value in values[like]]
    return of_words


def _keep(
    measured: Measured, what: str, image: int, maps: Mapping[str, np.ndarray], others: Mapping[str, np.ndarray]
) -> None:
    for way, values in agreement(maps, others).items():
        measured.kept[way, what] += [(image, float(value)) for value in values]


def grid(loaded: LoadedRun, images: Mapping[str, Photograph]) -> tuple[int, int]:
    """The patches that a run's decoder attends to, ``(Gh, Gw)``, as of the first image."""
    pixels = loaded.transform(open_image(next(iter(images.values()))))[None].to(loaded.model.device)
    with torch.no_grad():
        return loaded.model.encode(pixels).grid
