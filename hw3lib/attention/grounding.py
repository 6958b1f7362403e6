"""How far attention can be believed: every word's map against the mask of the object that the word is about.

For each word of each validation caption, one teacher-forced pass gives the maps of all layers and heads; what is
measured of a map is

- ``hit``: the pointing game (Zhang et al. 2016): whether its strongest patch's centre lies on the object;
- ``mass``: the share of its attention that falls inside the object's mask;
- ``rank``: Spearman's correlation, over patches, of attention and of how much of the patch the object covers;
- ``entropy``: in bits, of all words, with an object or without;
- ``stability``: Pearson's correlation with the map of the same word on the mirrored photograph, mirrored back.

The same is measured of maps that look at nothing: a uniform one, a prior for the photograph's centre, and the mean map
of the caption's other words, which knows the photograph but not the word.

Dimensions: ``I`` images, ``W`` words (of all captions), ``N`` layers, ``H`` heads, ``U = N (H + 1)`` views of a word: a
layer's heads, then their mean; ``P = Gh x Gw`` patches.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hw3lib import paths
from hw3lib.attention.maps import Word, merge_words, teacher_forced_pass, word_maps
from hw3lib.attention.relevance import gradient_weighted, rollout
from hw3lib.attention.word_classes import Kind, classify
from hw3lib.data.images import open_image
from hw3lib.data.instances import Instances, Mask, patch_hits, patch_shares
from hw3lib.data.lexicon import Lexicon
from hw3lib.data.transform import Geometry
from hw3lib.system import files
from hw3lib.system.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

    from hw3lib.models.inference import LoadedRun

Floats = NDArray[np.float32]

MEASURES = ("hit", "mass", "rank")  # those that need to know where the object is
PRIORS = ("uniform", "centre", "caption")
METHODS = ("gradient", "rollout")  # see hw3lib.attention.relevance
CENTRE_SIGMA = 0.25  # of the centre prior, a Gaussian: in sides of what the model sees
_BATCH = 16


@dataclass(eq=False)
class Measured:
    """What was measured of every word, in the order of images and words; NaN where a word has no object to look at.

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
    evenness: Floats  # (W, U) see :func:`spread_over`

    def view(self, layer: int = -1, head: int | None = None) -> int:
        """Where a view stands among the ``U``; the mean of a layer's heads without ``head``."""
        return (layer % self.layers) * (self.heads + 1) + (self.heads if head is None else head)

    def save(self, path: Path, origin: Mapping[str, Any] | None = None) -> None:
        """Write everything as one ``.npz``, whole or not at all; ``origin`` says as JSON in it what made it."""
        arrays = {each.name: np.asarray(getattr(self, each.name)) for each in fields(self)}
        arrays["provenance"] = np.asarray(json.dumps(origin or {}))
        with files.atomic(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: Path) -> Measured:
        """Read what :meth:`save` wrote."""
        if not path.is_file():
            raise UserError(f"{path} is missing; measure the attention first: run notebooks/p3_attention.ipynb")
        with np.load(path, allow_pickle=False) as arrays:
            found = {each.name: arrays[each.name] for each in fields(cls)}
        grid = (int(found["grid"][0]), int(found["grid"][1]))
        whole = {"grid": grid, "layers": int(found["layers"]), "heads": int(found["heads"])}
        return cls(**(found | whole | {"images": [str(name) for name in found["images"]]}))


def measure(
    loaded: LoadedRun,
    images: Sequence[Path],
    captions: Mapping[str, str],
    instances: Instances | None,
    spread: bool = False,
    mirrored: bool = True,
    methods: bool = False,
) -> Measured:
    """Read every caption of ``{image name: caption}`` again and measure each of its words.

    Without ``instances`` only entropy and stability are measured. ``spread`` also measures how evenly each word's map
    is spread over the instances that the caption's plural phrase is about, ``mirrored`` the stability, and ``methods``,
    on every second image, gradient-weighted attention and rollout. An image at which a caption is missing
    is left out; of a caption longer than the decoder reads, the part that it reads is measured.
    """
    lexicon = Lexicon.for_categories(instances.categories) if instances else Lexicon.load(_coco())
    rows: dict[str, list[np.ndarray]] = {}
    names: list[str] = []
    last: list[np.ndarray] = []  # maps of the last layer's mean head, plain and mirrored, (2, W, P) each
    shape = (0, 0)
    for seen in _read(loaded, [path for path in images if path.stem in captions], captions, mirrored, methods):
        kinds = classify(seen.words, lexicon)
        entry = _measured(seen, kinds, instances.masks(seen.name) if instances else None, spread)
        entry["image"] = np.full(len(kinds), len(names), np.int32)
        names.append(seen.name)
        for name, values in entry.items():
            rows.setdefault(name, []).append(values)
        last.append(np.stack([maps[-1].mean(axis=0) for maps in (seen.maps, seen.mirrored)]))
        grid, shape = seen.grid, seen.maps.shape[:2]
    if not names:
        raise UserError("no caption is left whose attention could be measured")
    columns = {name: np.concatenate(values) for name, values in rows.items()}
    columns["elsewhere"] = _elsewhere(np.concatenate(last, axis=1), columns["kind"], columns["image"])
    return Measured(grid=grid, layers=shape[0], heads=shape[1], images=names, **columns)


@dataclass(frozen=True, eq=False)
class _Seen:
    """One image's words, and the maps of all of them but ``[BOS]``."""

    name: str
    geometry: Geometry
    grid: tuple[int, int]
    words: list[str]  # (W,)
    maps: np.ndarray  # (N, H, W, P)
    mirrored: np.ndarray  # (N, H, W, P) of the mirrored photograph, mirrored back; NaN when not asked for
    methods: np.ndarray  # (2, W, P) of METHODS; NaN when not asked for


def _read(
    loaded: LoadedRun, images: Sequence[Path], captions: Mapping[str, str], mirrored: bool, methods: bool
) -> Iterator[_Seen]:
    import torch

    model, tokenizer = loaded.model.eval(), loaded.tokenizer
    number = 0
    for start in range(0, len(images), _BATCH):
        chosen, inputs, geometries, ids = [], [], [], []
        for path in images[start : start + _BATCH]:
            # What decoding cut at its limit never came to [EOS]; of what is longer still, the part that can be read.
            tokens = tokenizer.encode(captions[path.stem])[: model.max_length]
            photograph = open_image(path)
            chosen.append(path.stem)
            ids.append(tokens)
            inputs.append(loaded.transform(photograph))
            geometries.append(loaded.transform.geometry(*photograph.size))
        with torch.inference_mode():
            batch = torch.stack(inputs).to(model.device)
            plain, grid = _maps(loaded, batch, ids)
            other = _maps(loaded, batch.flip(-1), ids)[0] if mirrored else [maps * np.nan for maps in plain]
        for place, name in enumerate(chosen):
            words = merge_words(tokenizer.words(ids[place]), len(ids[place]))
            # Row t - 1 is that of token t; [BOS], which is the first word, has none.
            shifted = [Word(word.text, tuple(token - 1 for token in word.tokens)) for word in words[1:]]
            back = other[place].reshape(*other[place].shape[:-1], *grid)[..., ::-1].reshape(other[place].shape)
            words_maps = word_maps(plain[place], shifted)
            more = np.full((len(METHODS), *words_maps.shape[2:]), np.nan)
            if methods and number % 2:  # the half on which the summary compares
                more = _methods(loaded, batch[place : place + 1], ids[place], shifted, words_maps)
            texts = [word.text for word in shifted]
            number += 1
            yield _Seen(name, geometries[place], grid, texts, words_maps, word_maps(back, shifted), more)


def _methods(loaded: LoadedRun, image: Tensor, ids: list[int], words: list[Word], maps: np.ndarray) -> np.ndarray:
    """The words' maps by :data:`METHODS`, ``(2, W, P)``; rollout carries the last layer's mean on to the image."""
    import torch

    with torch.no_grad():
        memory = loaded.model.encode(image)
        mixed = rollout(loaded.model, image)  # (P, P) or None
    weighted = word_maps(gradient_weighted(loaded.model, memory, ids), words)  # (W, P)
    last = maps[-1].mean(axis=0)
    return np.stack([weighted, np.full_like(last, np.nan) if mixed is None else last @ mixed.cpu().numpy()])


def _maps(loaded: LoadedRun, batch: Tensor, ids: list[list[int]]) -> tuple[list[np.ndarray], tuple[int, int]]:
    memory = loaded.model.encode(batch)
    return [maps for maps, _ in teacher_forced_pass(loaded.model, memory, ids, loaded.tokenizer.pad)], memory.grid


def _views(maps: np.ndarray) -> np.ndarray:
    """``(N, H, W, P)`` to ``(W, U, P)``: each layer's heads, then their mean."""
    both = np.concatenate([maps, maps.mean(axis=1, keepdims=True)], axis=1)  # (N, H + 1, W, P)
    return np.moveaxis(both, 2, 0).reshape(maps.shape[2], -1, maps.shape[-1])


def _measured(
    seen: _Seen, kinds: list[Kind], masks: Mapping[str, list[Mask]] | None, spread: bool
) -> dict[str, np.ndarray]:
    views = _views(seen.maps)  # (W, U, P)
    count, many = views.shape[:2]
    entry: dict[str, np.ndarray] = {
        "word": np.array(seen.words),
        "kind": np.array([kind.name for kind in kinds]),
        "category": np.array([kind.category or "" for kind in kinds]),
        "plural": np.array([kind.plural for kind in kinds]),
        "entropy": entropies(views),
        "stability": correlations(views, _views(seen.mirrored)),
        **{name: np.full((count, many), np.nan, np.float32) for name in (*MEASURES, "evenness")},
        **{f"prior_{name}": np.full((count, len(PRIORS)), np.nan, np.float32) for name in MEASURES},
        **{f"method_{name}": np.full((count, len(METHODS)), np.nan, np.float32) for name in ("hit", "mass")},
    }
    targets = [""] * count
    centre = centre_prior(seen.grid)
    for word, (name, mask) in enumerate(_targets(kinds, masks)) if masks is not None else ():
        if mask is None:
            continue
        shares = patch_shares(mask, seen.geometry, seen.grid)  # (P,)
        if not 0 < shares.mean() < 1:
            continue  # it lies outside of what the model saw, or fills it
        hits = patch_hits(mask, seen.geometry, seen.grid).astype(np.float32)  # (P,)
        others = np.delete(views, word, axis=0).mean(axis=0) if count > 1 else views[word]  # (U, P)
        priors = np.stack([np.full_like(shares, 1 / len(shares)), centre, others[-1]])  # (3, P)
        targets[word] = name
        for measures, maps in (("", views[word]), ("prior_", priors)):
            entry[f"{measures}hit"][word] = pointing(maps, hits)
            entry[f"{measures}mass"][word] = maps @ shares
            entry[f"{measures}rank"][word] = ranks(maps, shares)
        known = np.isfinite(seen.methods[:, word]).all(axis=-1)
        entry["method_hit"][word] = np.where(known, pointing(np.nan_to_num(seen.methods[:, word]), hits), np.nan)
        entry["method_mass"][word] = seen.methods[:, word] @ shares
    if spread and masks is not None:
        category = next((kind.category for kind in kinds if kind.plural), None)
        several = [patch_shares(each, seen.geometry, seen.grid) for each in masks.get(category or "", [])]
        visible = [shares for shares in several if shares.sum() > 0]
        if len(visible) > 1:
            entry["evenness"] = spread_over(views, np.stack(visible))
    return entry | {"target": np.array(targets, "U6")}


def _targets(kinds: list[Kind], masks: Mapping[str, list[Mask]]) -> Iterator[tuple[str, Mask | None]]:
    """What each word is compared with, by name and as a mask; nothing for most function words."""
    union = {name: np.any(each, axis=0) for name, each in masks.items()}
    anything = np.any(list(union.values()), axis=0) if union else None
    named = [kind.category if kind.name == "object" else None for kind in kinds]
    for place, kind in enumerate(kinds):
        if kind.category in union:
            yield "named", union[kind.category]
        elif kind.name == "object":
            yield "any", anything
        elif kind.name == "relation":
            before = next((name for name in reversed(named[:place]) if name), None)
            after = next((name for name in named[place + 1 :] if name), None)
            sides = [union[name] for name in (before, after) if name in union]
            yield "both", np.any(sides, axis=0) if len(sides) == 2 else None
        elif kind.name == "place" and anything is not None:
            yield "ground", ~anything
        else:
            yield "", None


# --- measures of maps -----------------------------------------------------------------------------------------------


def entropies(maps: np.ndarray) -> Floats:
    """Bits, ``(..., P)`` to ``(...)``: 0 when one patch has it all, ``log2(P)`` when all have the same."""
    share = maps.astype(np.float64)
    logs = np.log2(share, out=np.zeros_like(share), where=share > 0)
    found: Floats = -(share * logs).sum(axis=-1).astype(np.float32)
    return found


def pointing(maps: np.ndarray, hits: np.ndarray) -> Floats:
    """The pointing game, ``(..., P)`` to ``(...)``: 1 where the strongest patch is a hit; ties share the point."""
    strongest = maps >= maps.max(axis=-1, keepdims=True) - 1e-9
    found: Floats = ((strongest * hits).sum(axis=-1) / strongest.sum(axis=-1)).astype(np.float32)
    return found


def ranks(maps: np.ndarray, shares: np.ndarray) -> Floats:
    """Spearman's rank correlation of each map with ``shares`` (P,): ``(..., P)`` to ``(...)``; 0 for a constant map."""
    from scipy.stats import rankdata

    return correlations(rankdata(maps, axis=-1), rankdata(shares))


def correlations(a: np.ndarray, b: np.ndarray) -> Floats:
    """Pearson's correlation along the last axis; 0 where one side is constant."""
    a, b = (x.astype(np.float64) - x.mean(axis=-1, keepdims=True, dtype=np.float64) for x in (a, b))
    scale = np.sqrt((a * a).sum(axis=-1) * (b * b).sum(axis=-1))
    found: Floats = np.divide((a * b).sum(axis=-1), scale, out=np.zeros_like(scale), where=scale > 1e-15)
    return found.astype(np.float32)


def centre_prior(grid: tuple[int, int]) -> NDArray[np.float64]:
    """A map that always looks at the middle: a Gaussian of :data:`CENTRE_SIGMA`, ``(P,)``, summing to 1."""
    y, x = ((np.arange(cells) + 0.5) / cells - 0.5 for cells in grid)
    prior = np.exp(-(y[:, None] ** 2 + x[None] ** 2) / 2 / CENTRE_SIGMA**2).ravel()
    whole: NDArray[np.float64] = prior / prior.sum()
    return whole


def spread_over(maps: np.ndarray, instances: np.ndarray) -> Floats:
    """How evenly maps ``(..., P)`` are spread over several instances ``(K, P)``, K > 1: ``(...)`` in 0..1.

    The normalised entropy of the attention per visible area of each: 1 when all are looked at alike, 0 when one has
    it all. By area, or else a large animal beside a small one could never be looked at alike.
    """
    density = maps @ (instances / instances.sum(axis=-1, keepdims=True)).T  # (..., K)
    share = density / np.maximum(density.sum(axis=-1, keepdims=True), 1e-12)
    return (entropies(share) / np.log2(len(instances))).astype(np.float32)


def _elsewhere(maps: np.ndarray, kinds: np.ndarray, images: np.ndarray) -> Floats:
    """The correlation of each word's map with the mirrored map of a word of its class on another photograph: (W,).

    What stability must exceed to mean something. ``maps`` is ``(2, W, P)``, plain and mirrored back.
    """
    found = np.full(len(kinds), np.nan, np.float32)
    rng = np.random.default_rng(0)
    for kind in np.unique(kinds):
        places = np.flatnonzero(kinds == kind)
        for place in places:
            others = places[images[places] != images[place]]
            if len(others):
                found[place] = correlations(maps[0, place], maps[1, rng.choice(others)])
    return found


def _coco() -> Path:
    return paths.PACKAGE / "resources" / "synonyms_coco.json"
