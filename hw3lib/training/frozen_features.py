"""What a frozen encoder makes of photographs, computed once and kept: runs with the same encoder share it.

Under ``runs/cache/features/<key>/``, ``key`` by all that the numbers follow from, the set of photographs and their
order included, lies a :class:`~hw3lib.data.cache.row_cache.RowCache` with a row for each photograph's place.

Dimension letters: I photographs, P patches (Gh x Gw grid), C the encoder's channels.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hw3lib.data.cache.digests import Digests
from hw3lib.data.cache.row_cache import RowCache, Rows
from hw3lib.data.cache.row_file import KEY
from hw3lib.data.loader import Images, batches
from hw3lib.models.captioner import Captioner, Features
from hw3lib.system.messages import Say
from hw3lib.training.optimization import autocast

_PORTION = 64  # batches of a file, and what a kill loses at the most


class Frozen:
    """Features of photographs by index, float32, in memory or mapped from disk."""

    def __init__(self, rows: np.ndarray | Rows, grid: tuple[int, int]) -> None:
        self.rows, self.grid = rows, grid  # rows: (I, P, C)

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, indices: Iterable[int]) -> Features:
        """Features of several photographs (I, P, C): a copy, since what is mapped cannot be written to."""
        return Features(torch.from_numpy(np.stack([self.rows[index] for index in indices])), self.grid)


def frozen(
    model: Captioner,
    images: Images,
    precision: str = "auto",
    size: int = 64,
    cache: Path | None = None,
    report: Say = print,
) -> Frozen:
    """The encoder's features of all photographs, without jitter, ``size`` at a time; the model's mode stays as it was.

    With ``cache``, a folder, they are computed once for all runs, by one process at a time, kept there and
    mapped. Where the disk has no room they stay in memory, and that is reported.
    """
    was_training = model.training
    model.eval()
    try:
        plain = replace(images, transform=model.transform(train=False))
        if cache is not None and len(images):
            try:
                return _kept(model, plain, precision, size, cache)
            except OSError as error:
                report(f"features are not kept in {cache}: {error.strerror or error}")
        return _in_memory(model, plain, precision, size)
    finally:
        model.train(was_training)


def _in_memory(model: Captioner, images: Images, precision: str, size: int) -> Frozen:
    rows, grid, done = np.empty((0, 0, 0), np.float32), (0, 0), 0
    for part in _computed(model, images, range(len(images)), precision, size):
        if not done:
            # All at once: what is put together at the end is there twice.
            rows, grid = np.empty((len(images), *part.patches.shape[1:]), np.float32), part.grid
        rows[done : done + len(part.patches)] = part.patches.numpy()
        done += len(part.patches)
    return Frozen(rows, grid)


def _kept(model: Captioner, images: Images, precision: str, size: int, folder: Path) -> Frozen:
    """From the cache, into which they are computed first if need be."""
    cache = RowCache(folder / _key(model, images, precision, size), checked=True)  # the first epoch reads it all anyway
    keys = [place.to_bytes(KEY) for place in range(len(images))]
    cache.refresh()
    for start in range(0, len(keys), _PORTION * size):
        portion = range(start, min(start + _PORTION * size, len(keys)))
        if all(keys[place] in cache for place in portion):
            continue
        with cache.adding():
            if not all(keys[place] in cache for place in portion):
                parts = _computed(model, images, portion, precision, size)
                first = next(parts)
                rows = (row for patches in chain([first], parts) for row in patches.patches.numpy())
                cache.add(zip((keys[i] for i in portion), rows, strict=True), len(keys) - start, {"grid": first.grid})
    height, width = cache.files[0].facts["grid"]
    return Frozen(cache.rows(keys, cache.files[0].shape[1:]), (height, width))


@torch.inference_mode()
def _computed(
    model: Captioner, images: Images, indices: Sequence[int], precision: str, size: int
) -> Iterator[Features]:
    """Features of those photographs in batches, float32, on the CPU."""
    for batch in batches(images, size, indices):
        with autocast(model.device, precision):
            patches, grid = model.features(batch.to(model.device))
        yield Features(patches.float().cpu(), grid)


def _key(model: Captioner, images: Images, precision: str, size: int) -> str:
    """A name by all that the numbers follow from, how they are batched and computed included."""
    weights = hashlib.sha256()
    for name, tensor in model.encoder.state_dict().items():
        weights.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        weights.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    encoder = {key: value for key, value in asdict(model.run.encoder).items() if key not in ("weights", "frozen")}
    with autocast(model.device, precision):
        mixed = torch.is_autocast_enabled(model.device.type)
        kind = str(torch.get_autocast_dtype(model.device.type)) if mixed else "float32"
    facts: list[Any] = [
        weights.hexdigest(),
        encoder,
        images.transform.key(),
        images.transform.fit_key(),
        kind,
        torch.backends.cuda.matmul.fp32_precision,
        size,
        _device(model.device),
        hashlib.sha256(b"".join(Digests().of(images.paths))).hexdigest(),
    ]
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:20]


def _device(device: torch.device) -> str:
    """What computes: other hardware and other versions round otherwise."""
    import timm

    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    return f"{name}, torch {torch.__version__}, timm {timm.__version__}"
