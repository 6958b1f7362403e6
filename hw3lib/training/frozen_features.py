"""What a frozen encoder makes of photographs, computed once and kept: runs with the same encoder share it.

Under ``runs/cache/features`` lies a file of rows (:mod:`hw3lib.data.cache.row_file`) for each encoder and set of
photographs, named by all that the numbers follow from. It is whole and sound, or it is made again.

Dimension letters: n photographs, P patches (Gh x Gw grid), C the encoder's channels.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hw3lib import paths
from hw3lib.data.cache import digests, row_file
from hw3lib.data.cache.digests import Digests
from hw3lib.data.cache.row_file import RowFile
from hw3lib.data.loader import Images, batches
from hw3lib.models.captioner import Captioner, Features
from hw3lib.system import locks, threads
from hw3lib.training.optimization import autocast


def home() -> Path:
    """Where features are kept."""
    return paths.root() / "runs" / "cache" / "features"


class Frozen:
    """Features of photographs by index, float32, in memory or mapped from disk."""

    def __init__(self, rows: np.ndarray, grid: tuple[int, int]) -> None:
        self.rows, self.grid = rows, grid  # rows: (n, P, C)

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
    report: Callable[[str], None] = print,
) -> Frozen:
    """The encoder's features of all photographs, without jitter, ``size`` at a time; the model's mode stays as it was.

    With ``cache`` (a folder: :func:`home`) they are computed once for all runs, by one process at a time, kept there
    and mapped; where the disk has no room they stay in memory, which is reported.
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
    for part in _computed(model, images, precision, size):
        if not done:
            # All at once: what is put together at the end is there twice.
            rows, grid = np.empty((len(images), *part.patches.shape[1:]), np.float32), part.grid
        rows[done : done + len(part.patches)] = part.patches.numpy()
        done += len(part.patches)
    return Frozen(rows, grid)


def _kept(model: Captioner, images: Images, precision: str, size: int, cache: Path) -> Frozen:
    """From the cache, into which they are computed first if need be."""
    contents = Digests(digests.home()).of(images.paths)
    path = cache / f"{_key(model, images, precision, size, contents)}.rows"
    with locks.exclusive(path.with_suffix(".lock"), "", patience=-1):
        file = _sound(path)
        if file is None:
            for left in cache.glob(f".{path.stem}.*.part.rows"):  # by a killed process
                left.unlink(missing_ok=True)
            _write(path, model, images, precision, size, contents)
            file = RowFile(path)
    height, width = file.facts["grid"]
    return Frozen(file.rows, (height, width))


def _write(path: Path, model: Captioner, images: Images, precision: str, size: int, contents: list[bytes]) -> None:
    found = _computed(model, images, precision, size)
    first = next(found)
    row_file.check_room(path.parent, len(images) * first.patches[0].numel() * 4)

    def rows() -> Iterator[np.ndarray]:
        yield from first.patches.numpy()
        for part in found:
            yield from part.patches.numpy()

    row_file.write(path, zip(contents, rows(), strict=True), {"grid": first.grid})


def _sound(path: Path) -> RowFile | None:
    """The file, if it is there and every row is as it was written; the first epoch reads it all anyway."""
    try:
        file = RowFile(path)
    except (FileNotFoundError, row_file.Damaged):
        return None
    with ThreadPoolExecutor(threads.count()) as pool:
        return file if all(pool.map(file.sound, range(len(file)))) else None


@torch.inference_mode()
def _computed(model: Captioner, images: Images, precision: str, size: int) -> Iterator[Features]:
    """Features in batches, float32, on the CPU."""
    for batch in batches(images, size):
        with autocast(model.device, precision):
            patches, grid = model.features(batch.to(model.device))
        yield Features(patches.float().cpu(), grid)


def _key(model: Captioner, images: Images, precision: str, size: int, contents: list[bytes]) -> str:
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
        size,
        _device(model.device),
        hashlib.sha256(b"".join(contents)).hexdigest(),
    ]
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:20]


def _device(device: torch.device) -> str:
    """What computes: other hardware and other versions round otherwise."""
    import timm

    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    return f"{name}, torch {torch.__version__}, timm {timm.__version__}"
