"""The demo's models know drawings alone: where those lie, and a warning where such a model is shown something else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hw3lib import config, paths


def folders(profile: config.Profile) -> tuple[Path, ...]:
    """The folders of a profile's drawings: none where its data are photographs."""
    if profile.data != "demo":
        return ()
    images: list[str | None] = [part.images for part in (profile.p1, profile.p3) if part]
    if captions := profile.captions:
        images += [captions.train_images, captions.val_images, captions.test_images]
    return tuple(paths.resolve(folder).resolve() for folder in images if folder)


def warning(model: str, known: Sequence[Path], images: Path | None) -> str:
    """A sentence where a ``model`` that knows the drawings of some folders alone is shown something else; else nothing.

    ``images`` is an image, or a folder of some; ``None`` is an image from elsewhere.

    >>> warning("The run best", (Path("/demo/val"),), Path("/demo/val/7.png"))
    ''
    >>> warning("The run best", (Path("/demo/val"),), None)
    'The run best was trained on drawings only (the demo): do not trust what it says about photographs.'
    """
    inside = images is not None and any(images.resolve().is_relative_to(folder) for folder in known)
    if inside or not known:
        return ""
    return f"{model} was trained on drawings only (the demo): do not trust what it says about photographs."
