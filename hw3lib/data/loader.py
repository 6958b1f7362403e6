"""What training is fed: an epoch's order -> batch sampler -> DataLoader -> images with their captions as tokens.

Dimension letters: I images of a batch, B captions of a batch, T tokens, h w the model's input in pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from hw3lib.data.cache import decoded
from hw3lib.data.cache.row_cache import Rows
from hw3lib.data.cache.row_file import Damaged
from hw3lib.data.caption_set import CaptionSet
from hw3lib.data.epoch_order import Sample
from hw3lib.data.images import Photograph, open_image, problem_with
from hw3lib.data.tokenizer import CaptionTokenizer
from hw3lib.data.transform import ImageTransform
from hw3lib.system import devices, threads
from hw3lib.system.errors import UserError

P = TypeVar("P", bound=Photograph)


@dataclass(frozen=True)
class Images:
    """Photographs at the model's input size: from memory or the cache on disk, else read from their files each time."""

    paths: tuple[Photograph, ...]
    transform: ImageTransform
    pixels: np.ndarray | Rows | None  # uint8 (I, h, w, 3)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Tensor:
        """The model's input of one photograph, float32 (3, h, w); jittered if the transform does that."""
        if self.pixels is not None:
            with suppress(Damaged):
                return self.transform.finish(Image.fromarray(self.pixels[index]))
        return self.transform(open_image(self.paths[index]))


def load_images(
    paths: Sequence[P],
    transform: ImageTransform,
    processes: int = 1,
    cache: Path | None = None,
    report: Callable[[str], None] = print,
) -> tuple[Images, dict[P, str]]:
    """Decode and fit all photographs, in threads: the readable ones, and what is wrong with each of the others.

    With ``cache``, a folder, what was decoded once is mapped from there.
    Without it, or where the disk has no room, which is reported, they are kept in memory if an eighth of the machine's
    holds them, ``processes`` sharing it, else decoded each time.
    """
    if cache is not None:
        try:
            pixels, problems = decoded.load(paths, transform, cache, report)
        except OSError as error:
            report(f"decoded photographs are not kept in {cache}: {error.strerror or error}")
        else:
            return _readable(paths, problems, transform, pixels)
    h, w = transform.size
    fits = len(paths) * h * w * 3 <= devices.memory() / 8 / processes

    def fitted(path: P) -> np.ndarray | str | None:
        if not fits:  # read through once all the same: a damaged one would end an epoch hours from now
            return problem_with(path)
        try:
            return np.asarray(transform.fit(open_image(path)))
        except UserError as error:
            return str(error)

    # Pillow decodes and resizes outside the interpreter's lock.
    with ThreadPoolExecutor(threads.count()) as pool:
        results = list(pool.map(fitted, paths))
    problems = {index: problem for index, problem in enumerate(results) if isinstance(problem, str)}
    good = [result for result in results if isinstance(result, np.ndarray)]
    stacked = np.stack(good) if good else np.zeros((0, h, w, 3), np.uint8)
    return _readable(paths, problems, transform, stacked if fits else None)


def _readable(
    paths: Sequence[P], problems: Mapping[int, str], transform: ImageTransform, pixels: np.ndarray | Rows | None
) -> tuple[Images, dict[P, str]]:
    good = tuple(path for index, path in enumerate(paths) if index not in problems)
    return Images(good, transform, pixels), {paths[index]: problem for index, problem in problems.items()}


def _cut(tokens: list[int], max_length: int, eos: int) -> list[int]:
    return tokens if len(tokens) <= max_length else [*tokens[: max_length - 1], eos]


def batches(images: Images, size: int, indices: Sequence[int] | None = None) -> Iterator[Tensor]:
    """Inputs (I, 3, h, w) of all photographs, or of those at ``indices``, at most ``size`` at a time, in order."""
    chosen = range(len(images)) if indices is None else indices
    for start in range(0, len(chosen), size):
        yield torch.stack([images[index] for index in chosen[start : start + size]])


def readable(captions: CaptionSet, bad: Mapping[P, str]) -> CaptionSet:
    """The caption set without the unreadable photographs.

    Raises :class:`UserError` when more than one in a hundred, or all, are unreadable: then something else is wrong.
    """
    if len(bad) > max(1, len(captions) // 100) or len(bad) == len(captions):
        first = next(iter(bad.values()))
        raise UserError(f"{len(bad)} of {len(captions)} photographs are unreadable. The first: {first}")
    return captions.subset(index for index, path in enumerate(captions.paths) if path not in bad)


Seeded = tuple[Sample, tuple[int, ...]]  # a sample, and what its jitter is drawn from beside the image
Item = tuple[Tensor, list[list[int]]]  # an image (3, h, w) and the token ids of its captions


class Pairs(Dataset[Item]):
    """Images with their captions as token ids, for :class:`Loader`."""

    def __init__(self, images: Images, captions: Sequence[Sequence[str]], tokenizer: CaptionTokenizer, max_length: int):
        self.images = images
        self.tokens = [
            [_cut(tokenizer.encode(text), max_length, tokenizer.eos) for text in group] for group in captions
        ]
        self.pad = tokenizer.pad

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, item: Seeded) -> Item:
        sample, seed = item
        with torch.random.fork_rng(devices=[]):  # afterwards as if nothing had been drawn
            state = np.random.SeedSequence((*seed, sample.image)).generate_state(1)
            torch.random.default_generator.manual_seed(int(state[0]))
            image = self.images[sample.image]
        return image, self.captions_of(sample)

    @property
    def lengths(self) -> list[list[int]]:
        """Tokens of each image's captions, for :func:`hw3lib.data.epoch_order.epoch_order`."""
        return [[len(tokens) for tokens in group] for group in self.tokens]

    def captions_of(self, sample: Sample) -> list[list[int]]:
        """The token ids of the sample's captions."""
        return [self.tokens[sample.image][caption] for caption in sample.captions]

    def collate(self, items: list[Item]) -> tuple[Tensor, Tensor]:
        """Images (I, 3, h, w) and tokens (B, T), padded; an image's captions adjoin."""
        captions = [caption for _, group in items for caption in group]
        return torch.stack([image for image, _ in items]), padded(captions, self.pad)


class BatchSampler(Sampler[list[Seeded]]):
    """The batches of the epoch that was set last, each sample with the epoch's seed."""

    def __init__(self) -> None:
        self.batches: list[list[Sample]] = []
        self.seed: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list[Seeded]]:
        seed = self.seed
        return ([(sample, seed) for sample in batch] for batch in self.batches)


class Loader:
    """Batches of pairs in their order, by a DataLoader that outlives its epochs: worker processes start once."""

    def __init__(self, pairs: Pairs, workers: int) -> None:
        self.sampler = BatchSampler()
        self.batches: DataLoader[tuple[Tensor, Tensor]] = DataLoader(
            pairs,  # type: ignore[arg-type]  # typed for what is indexed, not for what collate makes
            batch_sampler=self.sampler,  # type: ignore[arg-type]  # typed for integers, but any index will do
            collate_fn=pairs.collate,
            num_workers=workers,
            # The workers' own seed is drawn from it; nothing depends on that, but on torch's own generator much does.
            generator=torch.Generator().manual_seed(0),
            pin_memory=torch.cuda.is_available(),
            persistent_workers=workers > 0,
            prefetch_factor=4 if workers else None,
        )

    def epoch(self, batches: list[list[Sample]], *seed: int) -> DataLoader[tuple[Tensor, Tensor]]:
        """Images (I, 3, h, w) and tokens (B, T) of the batches of an epoch, in order.

        An image's jitter follows from ``seed`` and the image alone: it is the same with any number of workers.
        """
        self.sampler.batches, self.sampler.seed = batches, seed
        return self.batches


def padded(captions: list[list[int]], pad: int) -> Tensor:
    """Token ids as one tensor (B, T).

    >>> padded([[2, 7, 3], [2, 7, 8, 9, 3]], pad=0).tolist()
    [[2, 7, 3, 0, 0], [2, 7, 8, 9, 3]]
    """
    length = max(map(len, captions))
    return torch.tensor([caption + [pad] * (length - len(caption)) for caption in captions])
