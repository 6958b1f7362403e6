"""A photograph on its way to the model: resized, cropped, jittered, normalised; and the way back.

Dimension letters: h, w the model's input size in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import PIL
from PIL import Image

if TYPE_CHECKING:
    from torch import Tensor

    from hw3lib.config import CropMode, Jitter


@dataclass(frozen=True)
class Geometry:
    """How an original photograph maps to the model's input: ``input = original * scale - offset``, in pixels.

    Vertically the scale is ``scale * stretch``, and where borders are added the offset is negative.

    Coordinates are continuous, pixel ``i`` covers ``[i, i + 1)``. The map is exact: resize and crop are one
    resampling from a source box with fractional edges, nothing is rounded.

    >>> geometry = ImageTransform(240, mean=(0.5,) * 3, std=(0.5,) * 3).geometry(width=640, height=480)
    >>> geometry.box
    (80.0, 0.0, 560.0, 480.0)
    >>> geometry.to_input(320, 240)
    (120.0, 120.0)
    """

    width: int  # of the original, px
    height: int
    scale: float  # input px per original px
    left: float  # offset of the crop in the resized image, px
    top: float
    size: tuple[int, int]  # (h, w) of the input
    stretch: float = 1.0  # vertical scale over horizontal scale

    @property
    def box(self) -> tuple[float, float, float, float]:
        """What the model sees of the original: left, top, right, bottom in its pixels."""
        h, w = self.size
        left, top = self.to_original(0, 0)
        right, bottom = self.to_original(w, h)
        return max(left, 0.0), max(top, 0.0), min(right, float(self.width)), min(bottom, float(self.height))

    @property
    def frame(self) -> tuple[float, float, float, float]:
        """Where the input's own edges lie in the original's pixels: those of :attr:`box`, or of added borders."""
        h, w = self.size
        edges = (*self.to_original(0, 0), *self.to_original(w, h))
        half = (0.5 / self.scale, 0.5 / (self.scale * self.stretch)) * 2  # px; borders are whole pixels of the input
        left, top, right, bottom = (
            edge if abs(edge - seen) > near else seen for edge, seen, near in zip(edges, self.box, half, strict=True)
        )
        return left, top, right, bottom

    def to_original(self, x: float, y: float) -> tuple[float, float]:
        """A point of the input in the original's pixels."""
        return (x + self.left) / self.scale, (y + self.top) / (self.scale * self.stretch)

    def to_input(self, x: float, y: float) -> tuple[float, float]:
        """A point of the original in the input's pixels; outside [0, w) x [0, h) it is unseen."""
        return x * self.scale - self.left, y * (self.scale * self.stretch) - self.top


class ImageTransform:
    """Resize (bicubic, antialiased) as the crop mode says, jitter the colours if asked, normalise.

    Crop modes are timm's: ``center`` resizes the short side and crops the centre, ``squash`` resizes both sides to the
    input's, ``border`` resizes the long side and adds borders of the mean colour. There is no horizontal flip: captions
    say "left" and "right".
    """

    def __init__(
        self,
        size: int | tuple[int, int],
        mean: Sequence[float],
        std: Sequence[float],
        jitter: Jitter | None = None,
        crop_mode: CropMode = "center",
    ) -> None:
        self.crop_mode = crop_mode
        self.size = (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))
        self.mean, self.std = tuple(mean), tuple(std)
        self.jitter = (
            jitter if jitter and any((jitter.brightness, jitter.contrast, jitter.saturation, jitter.hue)) else None
        )

    def geometry(self, width: int, height: int) -> Geometry:
        """The map from a photograph of that size to the input."""
        h, w = self.size
        if self.crop_mode == "squash":
            return Geometry(width, height, w / width, 0.0, 0.0, self.size, (h / height) / (w / width))
        if self.crop_mode == "border":
            rows, columns = self._inner(width, height)
            stretch = (rows / height) / (columns / width)
            return Geometry(
                width, height, columns / width, -((w - columns) // 2), -((h - rows) // 2), self.size, stretch
            )
        scale = max(h / height, w / width)
        return Geometry(width, height, scale, (width * scale - w) / 2, (height * scale - h) / 2, self.size)

    def fit(self, image: Image.Image) -> Image.Image:
        """The part of the photograph that the model sees, at its input size: all that need not be redone each epoch."""
        h, w = self.size
        if self.crop_mode == "border":
            rows, columns = self._inner(*image.size)
            framed = Image.new("RGB", (w, h), tuple(min(255, max(0, round(255 * value))) for value in self.mean))
            inner = image.resize((columns, rows), Image.Resampling.BICUBIC, reducing_gap=3.0)
            framed.paste(inner, ((w - columns) // 2, (h - rows) // 2))
            return framed
        box = self.geometry(*image.size).box
        # Over tenfold shrinking is done in two steps, the first by whole factors: twice as fast, no visible change.
        return image.resize((w, h), Image.Resampling.BICUBIC, box=box, reducing_gap=3.0)

    def _inner(self, width: int, height: int) -> tuple[int, int]:
        """Rows and columns that a whole photograph takes within borders: whole pixels, so that the map is exact."""
        h, w = self.size
        scale = min(h / height, w / width)
        return max(1, round(height * scale)), max(1, round(width * scale))

    def fit_key(self) -> str:
        """A text that is the same where :meth:`fit` gives the same pixels; another Pillow may decode otherwise."""
        h, w = self.size
        modes = {"center": "centre", "squash": "squash", "border": f"border {self.mean}"}
        return f"{h}x{w} bicubic gap 3 {modes[self.crop_mode]}, Pillow {PIL.__version__}"

    def finish(self, fitted: Image.Image) -> Tensor:
        """Jitter (with torch's generator) and normalise a fitted image: float32 (3, h, w)."""
        from torchvision.transforms import functional

        if self.jitter:
            from torchvision.transforms import ColorJitter

            strength = self.jitter
            fitted = ColorJitter(strength.brightness, strength.contrast, strength.saturation, strength.hue)(fitted)
        return functional.normalize(functional.to_tensor(fitted), list(self.mean), list(self.std))

    def __call__(self, image: Image.Image) -> Tensor:
        return self.finish(self.fit(image))

    def key(self) -> str:
        """A text that is the same for transforms that give the same pixels (jitter aside)."""
        rounded = [round(value, 6) for value in (*self.mean, *self.std)]
        mode = "" if self.crop_mode == "center" else f" {self.crop_mode}"
        return f"{self.size[0]}x{self.size[1]} bicubic {rounded}{mode}"
