"""How far attention can be believed: every word's map against the mask of the object that the word is about.

For each word of each reported caption, one teacher-forced pass gives the maps of all layers and heads; what is
measured of a map is

- ``hit``: the pointing game (Zhang et al. 2016): whether its strongest patch's centre lies on the object;
- ``mass``: the share of its attention that falls inside the object's mask;
- ``rank``: Spearman's correlation, over patches, of attention and of how much of the patch the object covers;
- ``entropy``: in bits, of all words, with an object or without;
- ``stability``: Pearson's correlation with the map of the same word on the mirrored photograph, mirrored back.

The same is measured of maps that know nothing of the word: uniform attention, a prior for the photograph's centre, and
the mean map of the caption's other words, which knows the photograph.

Dimensions: ``W`` words (of all captions), ``N`` layers, ``H`` heads, ``U = N (H + 1)`` views of a word: a layer's
heads, then their mean; ``P = Gh x Gw`` patches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hw3lib.attention import measures
from hw3lib.attention.maps import CaptionAttention, teacher_forced_pass, word_maps, words_of
from hw3lib.attention.measures import Floats
from hw3lib.attention.methods import METHODS, other_maps
from hw3lib.attention.word_classes import Kind, classify
from hw3lib.attention.word_measures import WordMeasures
from hw3lib.data.images import open_image
from hw3lib.data.instances import Instances, Mask, patch_hits, patch_shares
from hw3lib.data.lexicon import Lexicon
from hw3lib.data.transform import Geometry
from hw3lib.system.errors import UserError
from hw3lib.system.messages import Say, silence

if TYPE_CHECKING:
    from torch import Tensor

    from hw3lib.models.inference import LoadedRun

_BATCH = 16


def measure(
    loaded: LoadedRun,
    images: Mapping[str, Path] | Sequence[Path],
    captions: Mapping[str, str],
    instances: Instances | None,
    evenness: bool = False,
    mirrored: bool = True,
    methods: bool = False,
    say: Say = silence,
    english: bool = True,
) -> WordMeasures:
    """Read every caption of ``{image name: caption}`` again and measure each of its words.

    Photographs that are given without names are called as their files are. Without ``instances`` only entropy and
    stability are measured. ``evenness`` also measures how evenly each word's map is spread over the instances that the
    caption's plural phrase is about, ``mirrored`` the stability, and ``methods``, on every second image, gradient-
    weighted attention and rollout. ``say`` is told how far it is. Words are classed where they are ``english``. An
    image at which a caption is missing is left out; of a caption longer than the decoder reads, the part that it reads
    is measured.
    """
    lexicon = Lexicon.for_categories(instances.categories if instances else ()) if english else Lexicon.none()
    parts: list[dict[str, np.ndarray]] = []
    names: list[str] = []
    last: list[np.ndarray] = []  # maps of the last layer's mean head, plain and mirrored, (2, W, P) each
    named = images if isinstance(images, Mapping) else {path.stem: path for path in images}
    captioned = [(name, path) for name, path in named.items() if name in captions]
    for place, caption in enumerate(_read(loaded, captioned, captions, mirrored, methods)):
        if place % _BATCH == 0:
            say(f"{place} of {len(captioned)} captions")
        kinds = classify(caption.words, lexicon)
        masks = instances.masks(caption.name) if instances and caption.name in instances.sizes else {}
        image = np.full(len(kinds), len(names), np.int32)
        parts.append({"image": image, **_columns(caption, kinds, masks, evenness)})
        names.append(caption.name)
        last.append(np.stack([maps[-1].mean(axis=0) for maps in (caption.maps, caption.mirrored)]))
    if not names:
        raise UserError("no caption is left whose attention could be measured")
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    columns["elsewhere"] = _elsewhere(np.concatenate(last, axis=1), columns["kind"], columns["image"])
    layers, heads = caption.maps.shape[:2]
    return WordMeasures(grid=caption.grid, layers=layers, heads=heads, images=names, **columns)


def measure_caption(
    attention: CaptionAttention, masks: Mapping[str, list[Mask]], lexicon: Lexicon
) -> dict[str, np.ndarray]:
    """The columns of :class:`WordMeasures` for one caption's words but ``[BOS]``; of stability and methods NaN."""
    maps = word_maps(attention.maps, attention.words)[:, :, 1:]
    texts, methods = [word.text for word in attention.words[1:]], np.full((len(METHODS), *maps.shape[2:]), np.nan)
    caption = _CaptionMaps(attention.name, attention.geometry, attention.grid, texts, maps, maps * np.nan, methods)
    return _columns(caption, classify(texts, lexicon), masks, evenness=False)


# --- reading captions -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _CaptionMaps:
    """One image's words, and the maps of all of them but ``[BOS]``."""

    name: str
    geometry: Geometry
    grid: tuple[int, int]
    words: list[str]  # (W,)
    maps: np.ndarray  # (N, H, W, P)
    mirrored: np.ndarray  # (N, H, W, P) of the mirrored photograph, mirrored back; NaN when not asked for
    methods: np.ndarray  # (2, W, P) of METHODS; NaN when not asked for


def _read(
    loaded: LoadedRun, images: Sequence[tuple[str, Path]], captions: Mapping[str, str], mirrored: bool, methods: bool
) -> Iterator[_CaptionMaps]:
    import torch

    model, tokenizer = loaded.model.eval(), loaded.tokenizer
    for start in range(0, len(images), _BATCH):
        batch, inputs, geometries = images[start : start + _BATCH], [], []
        for _, path in batch:
            photograph = open_image(path)
            inputs.append(loaded.transform(photograph))
            geometries.append(loaded.transform.geometry(*photograph.size))
        # What decoding cut at its limit never came to [EOS]; of what is longer still, the part that can be read.
        ids = [tokenizer.encode(captions[name])[: model.max_length] for name, _ in batch]
        with torch.inference_mode():
            pixels = torch.stack(inputs).to(model.device)
            plain, grid = _token_maps(loaded, pixels, ids)
            flipped = _token_maps(loaded, pixels.flip(-1), ids)[0] if mirrored else [maps * np.nan for maps in plain]
        for place, (name, _) in enumerate(batch):
            words = words_of(tokenizer, ids[place], captions[name])
            maps, back = word_maps(plain[place], words), word_maps(_mirrored(flipped[place], grid), words)
            others = np.full((len(METHODS), *maps.shape[2:]), np.nan)
            if methods and (start + place) % 2:  # the half on which the summary compares
                others = other_maps(loaded, pixels[place : place + 1], ids[place], words, maps[-1].mean(axis=0))
            texts = [word.text for word in words[1:]]
            maps, back, others = maps[:, :, 1:], back[:, :, 1:], others[:, 1:]  # nothing predicts [BOS]
            yield _CaptionMaps(name, geometries[place], grid, texts, maps, back, others)


def _token_maps(loaded: LoadedRun, pixels: Tensor, ids: list[list[int]]) -> tuple[list[np.ndarray], tuple[int, int]]:
    memory = loaded.model.encode(pixels)
    return [maps for maps, _ in teacher_forced_pass(loaded.model, memory, ids, loaded.tokenizer.pad)], memory.grid


def _mirrored(maps: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """Maps ``(..., P)`` with left and right exchanged."""
    return maps.reshape(*maps.shape[:-1], *grid)[..., ::-1].reshape(maps.shape)


# --- measuring words ------------------------------------------------------------------------------------------------


def _columns(
    caption: _CaptionMaps, kinds: list[Kind], masks: Mapping[str, list[Mask]], evenness: bool
) -> dict[str, np.ndarray]:
    """A caption's rows of :class:`WordMeasures`."""
    views = _views(caption.maps)  # (W, U, P)
    covers = [(name, _cover(caption, mask)) for name, mask in _targets(kinds, masks)]
    rows = [_compared(caption, views, word, cover) for word, (_, cover) in enumerate(covers)]
    return {
        "word": np.array(caption.words),
        "kind": np.array([kind.name for kind in kinds]),
        "category": np.array([kind.category or "" for kind in kinds]),
        "plural": np.array([kind.plural for kind in kinds]),
        "target": np.array([name if cover else "" for name, cover in covers], "U6"),
        "entropy": measures.entropy(views),
        "stability": measures.correlation(views, _views(caption.mirrored)),
        "evenness": _evenness(caption, views, kinds, masks if evenness else {}),
        **{name: np.stack([row[name] for row in rows]).astype(np.float32) for name in rows[0]},
    }


def _views(maps: np.ndarray) -> np.ndarray:
    """``(N, H, W, P)`` to ``(W, U, P)``: each layer's heads, then their mean."""
    both = np.concatenate([maps, maps.mean(axis=1, keepdims=True)], axis=1)  # (N, H + 1, W, P)
    return np.moveaxis(both, 2, 0).reshape(maps.shape[2], -1, maps.shape[-1])


_Cover = tuple[np.ndarray, np.ndarray]  # (P,) each: how much of a patch a mask covers, and whether pointing hits it


def _cover(caption: _CaptionMaps, mask: Mask | None) -> _Cover | None:
    """Nothing for a mask that lies outside of what the model saw, or fills it."""
    if mask is None:
        return None
    shares = patch_shares(mask, caption.geometry, caption.grid)
    return (shares, patch_hits(mask, caption.geometry, caption.grid)) if 0 < shares.mean() < 1 else None


def _compared(caption: _CaptionMaps, views: np.ndarray, word: int, cover: _Cover | None) -> dict[str, np.ndarray]:
    """What is measured of a word's maps, of the priors' and of the other methods' against an object; NaN without."""
    patches = views.shape[-1]
    rest = np.delete(views[:, -1], word, axis=0) if len(views) > 1 else views[word, -1:]  # of the caption's words
    priors = np.stack([np.full(patches, 1 / patches), measures.centre_prior(caption.grid), rest.mean(axis=0)])
    row = {}
    for prefix, maps in (("", views[word]), ("prior_", priors), ("method_", caption.methods[:, word])):
        nothing = np.full(len(maps), np.nan)
        row[f"{prefix}hit"] = measures.pointing(maps, cover[1]) if cover else nothing
        row[f"{prefix}mass"] = measures.attention_mass(maps, cover[0]) if cover else nothing
        if prefix != "method_":
            row[f"{prefix}rank"] = measures.rank_correlation(maps, cover[0]) if cover else nothing
    return row


def _evenness(
    caption: _CaptionMaps, views: np.ndarray, kinds: list[Kind], masks: Mapping[str, list[Mask]]
) -> np.ndarray:
    """Of every view ``(W, U)``, over the instances that the plural phrase is about; NaN with fewer than two visible."""
    category = next((kind.category for kind in kinds if kind.plural), None)
    covers = [patch_shares(mask, caption.geometry, caption.grid) for mask in masks.get(category or "", [])]
    visible = [cover for cover in covers if cover.sum() > 0]
    if len(visible) < 2:
        return np.full(views.shape[:2], np.nan, np.float32)
    return measures.evenness(views, np.stack(visible))


def _targets(kinds: list[Kind], masks: Mapping[str, list[Mask]]) -> Iterator[tuple[str, Mask | None]]:
    """What each word is compared with, by name and as a mask; nothing for most function words."""
    objects: dict[str | None, Mask] = {category: np.any(instances, axis=0) for category, instances in masks.items()}
    anything = np.any(list(objects.values()), axis=0) if objects else None
    for place, kind in enumerate(kinds):
        if kind.category in objects:
            yield "named", objects[kind.category]
        elif kind.name == "object":
            yield "any", anything
        elif kind.name == "relation":
            before, after = _first_object(reversed(kinds[:place])), _first_object(kinds[place + 1 :])
            present = before in objects and after in objects
            yield "both", objects[before] | objects[after] if present else None
        elif kind.name == "place" and anything is not None:
            yield "ground", ~anything
        else:
            yield "", None


def _first_object(kinds: Iterable[Kind]) -> str | None:
    return next((kind.category for kind in kinds if kind.name == "object"), None)


def _elsewhere(maps: np.ndarray, kinds: np.ndarray, images: np.ndarray) -> Floats:
    """The correlation of each word's map with the mirrored map of a word of its class on another photograph: (W,).

    What stability must exceed to mean something. ``maps`` is ``(2, W, P)``, plain and mirrored back.
    """
    column = np.full(len(kinds), np.nan, np.float32)
    rng = np.random.default_rng(0)
    for kind in np.unique(kinds):
        places = np.flatnonzero(kinds == kind)
        for place in places:
            others = places[images[places] != images[place]]
            if len(others):
                column[place] = measures.correlation(maps[0, place], maps[1, rng.choice(others)])
    return column
