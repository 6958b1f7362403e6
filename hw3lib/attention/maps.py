"""Where the decoder attends for every word of a caption: maps, words, and their place on the original photograph.

Dimensions: ``B`` captions, ``N`` layers, ``H`` heads, ``T`` caption tokens, ``W`` words, ``V`` vocabulary,
``P = Gh x Gw`` patches, ``h x w`` pixels.

**Which row belongs to a word.** The caption is finished first; then one teacher-forced pass reads it again. The row of
cross-attention whose query is token ``t - 1`` is the one that *predicts* token ``t``, so it is the map of token ``t``:
what the decoder attended to when it said the word, not when it read it back. Two consequences, both as in the template
of the task: ``[EOS]`` has a map (something decided to stop), and ``[BOS]`` has none, for nothing predicts it. Its place
in :attr:`CaptionAttention.maps` is NaN and its panel shows the photograph itself. Step-by-step decoding attends to the
same maps, since a row sees only the tokens before it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from hw3lib.config import training_of
from hw3lib.data.images import open_image
from hw3lib.data.tokenizer import SPECIAL, CaptionTokenizer, spaced
from hw3lib.data.transform import Geometry
from hw3lib.system import files
from hw3lib.system.errors import UserError

if TYPE_CHECKING:
    from hw3lib.models.captioner import Captioner, Memory
    from hw3lib.models.inference import LoadedRun

Map = np.ndarray  # (Gh, Gw) float32, a probability distribution over patches; all NaN for [BOS]


@dataclass(frozen=True)
class View:
    """Which map of a word is meant: a layer (negative ones count from the end) and a head, or the mean of all heads."""

    layer: int = -1
    head: int | None = None


@dataclass(frozen=True)
class Word:
    """A word as it was said or typed, and the places of its tokens in the caption."""

    text: str
    tokens: tuple[int, ...]
    unknown: bool = False  # typed, and the tokenizer lacks it, wholly or in part: the decoder read [UNK]

    @property
    def label(self) -> str:
        """The word as it is shown."""
        return f"{self.text} (unknown)" if self.unknown else self.text


@dataclass(frozen=True, eq=False)
class CaptionAttention:
    """One photograph, its caption, and what every layer and head attended to for every token of it."""

    name: str
    image: Image.Image  # the original photograph, upright
    geometry: Geometry  # how the model's input was cut from it
    grid: tuple[int, int]  # (Gh, Gw)
    caption: str
    tokens: tuple[int, ...]  # (T,), with [BOS] and, when it was reached, [EOS]
    log_probs: tuple[float, ...]  # (T - 1,): of each token after [BOS], in nats
    words: tuple[Word, ...]  # (W,), [BOS], punctuation and [EOS] among them
    maps: np.ndarray  # (N, H, T, P) float32; rows sum to 1; [BOS]'s row is NaN
    run: str = ""  # that read the caption

    def __post_init__(self) -> None:
        if self.maps.ndim != 4:
            raise ValueError(f"attention must be (layers, heads, tokens, patches), not {self.maps.shape}")
        rows, patches = self.maps.shape[2:]
        if rows != len(self.tokens):
            raise ValueError(f"attention has {rows} rows but the caption has {len(self.tokens)} tokens")
        if patches != self.grid[0] * self.grid[1]:
            raise ValueError(f"attention has {patches} patches but the grid is {self.grid[0]} x {self.grid[1]}")
        if len(self.log_probs) != len(self.tokens) - 1:
            raise ValueError(f"{len(self.log_probs)} log-probabilities for {len(self.tokens) - 1} predicted tokens")

    def probability(self, word: Word) -> float | None:
        """How likely the model found the word after what precedes it: the product over its tokens; [BOS] has none."""
        if 0 in word.tokens:
            return None
        return float(np.exp(sum(self.log_probs[token - 1] for token in word.tokens)))


def attend(
    loaded: LoadedRun, image: str | Path | Image.Image, caption: str | None = None, name: str = "", cut: bool = False
) -> CaptionAttention:
    """Caption a photograph (or take ``caption``: teacher forcing reads anyone's words) and keep its attention.

    Raises :class:`UserError` for an unreadable file and for a caption longer than the decoder reads. ``cut`` reads the
    beginning of such a one: a run's own caption can become more tokens than it was when it is read back from its text.
    """
    if not isinstance(image, Image.Image):
        name = name or Path(image).stem
        image = open_image(Path(image))
    count, most = len(loaded.tokenizer.encode(caption or "")), loaded.model.max_length
    if count > most + 1 and not cut:  # a caption that decoding cut at its limit never came to [EOS]: one more
        raise UserError(f"the caption has {count} tokens with [BOS] and [EOS]; this run reads at most {most}")
    return read(loaded, image, [caption], name)[0]


def read(
    loaded: LoadedRun, image: Image.Image, captions: Sequence[str | None], name: str = "", most: int | None = None
) -> list[CaptionAttention]:
    """Read several captions of one photograph by teacher forcing: one pass of the encoder, one for them all.

    ``None`` among them is the run's own, decoded first. Of a caption that has more than ``most`` tokens, or more than
    the decoder reads, the beginning is read.
    """
    import torch

    from hw3lib.models.decoding import greedy

    model, tokenizer = loaded.model.eval(), loaded.tokenizer
    longest = min(most or model.max_length, model.max_length)
    with torch.inference_mode():
        memory = model.encode(loaded.transform(image)[None].to(model.device))
        own = greedy(model, memory, tokenizer) if None in captions else []
        ids = [(own[0].tokens if text is None else tokenizer.encode(text))[:longest] for text in captions]
        passes = teacher_forced_pass(model, memory, ids, tokenizer.pad)
    sides = []
    for text, tokens, (maps, log_probs) in zip(captions, ids, passes, strict=True):
        # Of a caption that was decoded, the decoder's own: they leave out [UNK] and padding, which it may not say.
        spoken = own[0].log_probs[: len(log_probs)] if text is None else log_probs
        sides.append(_attention(loaded, name, image, memory.grid, tokens, text or "", maps, spoken))
    return sides


def _attention(
    loaded: LoadedRun,
    name: str,
    image: Image.Image,
    grid: tuple[int, int],
    ids: Sequence[int],
    typed: str,
    maps: np.ndarray,
    log_probs: Sequence[float],
) -> CaptionAttention:
    words = words_of(loaded.tokenizer, ids, typed)
    return CaptionAttention(
        name=name,
        image=image,
        geometry=loaded.transform.geometry(*image.size),
        grid=grid,
        caption=_spelt(loaded.tokenizer, ids, words),
        tokens=tuple(ids),
        log_probs=tuple(log_probs),
        words=words,
        maps=maps,
        run=training_of(loaded.folder),
    )


@dataclass(frozen=True)
class Without:
    """What the model makes of a photograph without some patches of its memory."""

    caption: str  # that it would say now
    probabilities: tuple[float | None, ...]  # (W,): now, of the words that are shown, in their order


def remember(loaded: LoadedRun, attention: CaptionAttention) -> Memory:
    """The memory of a photograph, for :func:`without`."""
    import torch

    with torch.inference_mode():
        return loaded.model.encode(loaded.transform(attention.image)[None].to(loaded.model.device))


def without(loaded: LoadedRun, attention: CaptionAttention, memory: Memory, patches: Collection[int]) -> Without:
    """Read the caption again, and caption anew, with these patches hidden from the decoder.

    What is hidden is a column of its cross-attention, not a part of the picture: in the encoder, the other patches have
    seen it. ``memory`` is the photograph's, ``(1, P, D)``. Raises :class:`UserError` where no patch would be left.
    """
    import torch

    from hw3lib.models.decoding import greedy

    model, tokenizer = loaded.model, loaded.tokenizer
    kept = [patch for patch in range(memory.tokens.shape[1]) if patch not in patches]
    if not kept:
        raise UserError("one patch must stay: with all of them hidden the decoder has nothing to attend to")
    with torch.inference_mode():
        rest = memory._replace(tokens=memory.tokens[:, kept])
        _, log_probs = teacher_forced_pass(model, rest, [attention.tokens], tokenizer.pad)[0]
        ids = greedy(model, rest, tokenizer)[0].tokens
    now = replace(attention, log_probs=tuple(log_probs))
    return Without(tokenizer.decode(ids), tuple(map(now.probability, attention.words)))


def teacher_forced_pass(
    model: Captioner, memory: Memory, captions: Sequence[Sequence[int]], pad: int
) -> list[tuple[np.ndarray, list[float]]]:
    """Read finished captions in one pass, one for each image of ``memory``.

    For each its maps ``(N, H, T, P)`` float32, NaN for ``[BOS]``, and the log-probabilities of the tokens after it,
    ``(T - 1,)`` in nats. Captions of several lengths are padded; what stands behind a token cannot change its row.
    """
    import torch

    longest = max(map(len, captions))
    tokens = torch.tensor([[*ids, *[pad] * (longest - len(ids))] for ids in captions], device=model.device)  # (B, T)
    logits, attention = model(memory, tokens[:, :-1], return_attention=True)  # (B, T-1, V), (B, N, H, T-1, P)
    log_probs = logits.float().log_softmax(-1).gather(-1, tokens[:, 1:, None])[..., 0].cpu()  # (B, T-1)
    # The row whose query is token t - 1 predicts token t; nothing predicts the first.
    maps = np.pad(attention.float().cpu().numpy(), [(0, 0)] * 3 + [(1, 0), (0, 0)], constant_values=np.nan)
    return [(maps[i, :, :, : len(ids)], log_probs[i, : len(ids) - 1].tolist()) for i, ids in enumerate(captions)]


def merge_words(parts: Sequence[tuple[str, Sequence[int]]], length: int) -> tuple[Word, ...]:
    """The tokenizer's words, checked: together they hold every token of the caption once, in order.

    >>> merge_words([("[BOS]", [0]), ("tricycle", [1, 2]), ("[EOS]", [3])], 4)[1]
    Word(text='tricycle', tokens=(1, 2), unknown=False)
    """
    words = tuple(Word(text, tuple(places)) for text, places in parts)
    places = [place for word in words for place in word.tokens]
    if places != list(range(length)):
        raise ValueError(f"words cover the tokens {places}, the caption has 0..{length - 1}")
    return words


def words_of(tokenizer: CaptionTokenizer, ids: Sequence[int], typed: str = "") -> tuple[Word, ...]:
    """The words of ``ids``; those of a ``typed`` caption that the tokenizer lacks are shown as they were typed.

    ``ids`` may be cut: of a word that is cut, what is left stands for it.
    """
    words = list(merge_words(tokenizer.words(ids), len(ids)))
    for text, places in tokenizer.unknown_words(typed):
        pieces = [word for word in words if set(word.tokens) & set(places)]
        if pieces:
            tokens = tuple(token for word in pieces for token in word.tokens)
            start = words.index(pieces[0])
            words[start : start + len(pieces)] = [Word(text, tokens, unknown=True)]
    return tuple(words)


def _spelt(tokenizer: CaptionTokenizer, ids: Sequence[int], words: Sequence[Word]) -> str:
    """The caption; with words that the tokenizer lacks as they were typed."""
    if tokenizer.unk in ids:
        return spaced(word.text for word in words if word.unknown or word.text not in SPECIAL)
    return tokenizer.decode(ids)


def word_maps(maps: np.ndarray, words: Sequence[Word]) -> np.ndarray:
    """``(..., T, P)`` token maps to ``(..., W, P)`` word maps: the mean over a word's tokens.

    >>> word_maps(np.array([[1, 0], [0.5, 0.5], [0, 1]]), [Word("a", (0,)), Word("tricycle", (1, 2))]).tolist()
    [[1.0, 0.0], [0.25, 0.75]]
    """
    return np.stack([maps[..., list(word.tokens), :].mean(axis=-2) for word in words], axis=-2)


def view_maps(attention: CaptionAttention, view: View | None = None) -> np.ndarray:
    """The words' maps in one view, ``(W, Gh, Gw)``; NaN for ``[BOS]``. The default is the last layer's mean head."""
    view = view or View()
    layers, heads = attention.maps.shape[:2]
    if not -layers <= view.layer < layers or (view.head is not None and not 0 <= view.head < heads):
        raise UserError(f"there is no layer {view.layer}, head {view.head}: {layers} layers of {heads} heads each")
    layer = attention.maps[view.layer]  # (H, T, P)
    chosen = layer.mean(axis=0) if view.head is None else layer[view.head]  # (T, P)
    return word_maps(chosen, attention.words).reshape(len(attention.words), *attention.grid)


def save_npz(attention: CaptionAttention, path: Path) -> None:
    """Write a caption's maps as arrays, whole or not at all; ``docs/formats.md`` lists them. Nothing is pickled."""
    words = attention.words
    probabilities = [attention.probability(word) for word in words]
    arrays = {
        "name": np.array(attention.name),
        "caption": np.array(attention.caption),
        "words": np.array([word.label for word in words]),
        "probabilities": np.array([np.nan if p is None else p for p in probabilities], np.float32),
        "maps": view_maps(attention).astype(np.float32),  # (W, Gh, Gw)
        "attention": attention.maps,  # (N, H, T, P)
        "tokens": np.array(attention.tokens, np.int64),
        "word_of_token": np.repeat(np.arange(len(words)), [len(word.tokens) for word in words]),
        "grid": np.array(attention.grid),
        "size": np.array([attention.image.height, attention.image.width]),
        "box": np.array(attention.geometry.frame, np.float64),
    }
    with files.atomic(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def to_original(values: Map, geometry: Geometry, size: tuple[int, int] | None = None) -> np.ndarray:
    """Carry a map ``(Gh, Gw)`` back to the original photograph: ``(h, w)``, NaN where the model did not see.

    ``size`` is the wanted ``(h, w)``, the original's by default (a thumbnail is the whole photograph, smaller). The
    exact inverse of resize and crop; between the centres of patches it is bilinear, beyond the outermost it is flat.

    >>> from hw3lib.data.transform import ImageTransform
    >>> geometry = ImageTransform(4, (0, 0, 0), (1, 1, 1)).geometry(6, 4)  # a photograph of 6 x 4 px, 4 x 4 of it seen
    >>> to_original(np.array([[0.0, 1.0]]), geometry)[0].tolist()
    [nan, 0.0, 0.25, 0.75, 1.0, nan]
    """
    height, width = size or (geometry.height, geometry.width)
    box = geometry.frame
    rows = _bilinear(height, geometry.height, box[1], box[3], values.shape[0])  # (h, Gh)
    columns = _bilinear(width, geometry.width, box[0], box[2], values.shape[1])  # (w, Gw)
    return rows @ np.asarray(values, dtype=np.float64) @ columns.T  # (h, w); NaN rows and columns spread


def _bilinear(pixels: int, length: int, start: float, end: float, cells: int) -> np.ndarray:
    """Interpolation weights ``(pixels, cells)`` along one axis of ``length`` original pixels; NaN outside the crop."""
    place = (np.arange(pixels) + 0.5) * length / pixels  # centres of the wanted pixels, in original pixels
    where = np.clip((place - start) / (end - start) * cells - 0.5, 0, cells - 1)  # in cells, from the first's centre
    weights = np.maximum(0, 1 - np.abs(where[:, None] - np.arange(cells)))
    weights[(place < start) | (place > end)] = np.nan
    return weights
