"""Where the objects are: COCO's instance masks, on the photograph and as shares of the patches that a model looks at.

Dimensions: ``h x w`` pixels of the original photograph, ``P = Gh x Gw`` patches of what the model saw of it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw3lib.data.images import MOST_PIXELS
from hw3lib.data.transform import Geometry
from hw3lib.system.errors import UserError
from hw3lib.system.files import read_json
from hw3lib.system.messages import shortened

Mask = NDArray[np.bool_]  # (h, w)
Shares = NDArray[np.float64]  # (P,)


@dataclass(frozen=True)
class Instances:
    """The instances of a set of images, still encoded; see :meth:`load` and :meth:`masks`."""

    path: Path
    categories: tuple[str, ...]
    sizes: dict[str, tuple[int, int]]  # image name (without ending) -> (h, w)
    _entries: dict[str, list[tuple[str, Any, bool]]]  # image name -> (category, segmentation, crowd)

    @classmethod
    def load(cls, path: str | Path) -> Instances:
        """Read an ``instances_*.json`` as COCO writes them. Raises :class:`UserError` for a file of another form."""
        path = Path(path)
        raw = read_json(path, "It should be a COCO instances file.")
        entries: dict[str, list[tuple[str, Any, bool]]] = defaultdict(list)
        try:
            names = {int(item["id"]): str(item["name"]) for item in raw["categories"]}
            images = {int(item["id"]): PurePosixPath(str(item["file_name"])).stem for item in raw["images"]}
            sizes = {images[int(item["id"])]: (int(item["height"]), int(item["width"])) for item in raw["images"]}
            for item in raw["annotations"]:
                entry = (names[int(item["category_id"])], item["segmentation"], bool(item.get("iscrowd", 0)))
                entries[images[int(item["image_id"])]].append(entry)
            odd = [name for name, (h, w) in sizes.items() if min(h, w) < 1 or h * w > MOST_PIXELS]
            if odd:
                raise ValueError(f"the image {shortened(odd[0])} cannot be of size {sizes[odd[0]]}")
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            kind = f"the key {error} is missing" if isinstance(error, KeyError) else str(error)
            raise UserError(f"{path} is not an instances file as COCO writes them: {kind}") from None
        return cls(path, tuple(names.values()), sizes, dict(entries))

    def masks(self, name: str) -> dict[str, list[Mask]]:
        """The masks of an image's instances by category, ``(h, w)`` each; a crowd counts as one instance.

        Raises :class:`UserError` for an image that the file lacks and for a segmentation that is none.
        """
        if name not in self.sizes:
            raise UserError(f"{self.path} has no image {name}")
        found: dict[str, list[Mask]] = defaultdict(list)
        for category, segmentation, _ in self._entries.get(name, []):
            found[category].append(self._decoded(segmentation, name))
        return dict(found)

    def _decoded(self, segmentation: Any, name: str) -> Mask:
        """Polygons, a run-length code, or a compressed one (COCO's three forms) as a mask."""
        from pycocotools import mask

        height, width = self.sizes[name]
        try:
            if isinstance(segmentation, list):
                code = mask.merge(mask.frPyObjects(segmentation, height, width))
            elif tuple(segmentation["size"]) != (height, width):
                raise ValueError(f"it is of size {segmentation['size']}, the image of {[height, width]}")
            elif isinstance(segmentation["counts"], list):
                if min(segmentation["counts"], default=0) < 0 or sum(segmentation["counts"]) != height * width:
                    raise ValueError("its runs do not add up to the image")
                code = mask.frPyObjects(segmentation, height, width)
            else:
                code = {"size": [height, width], "counts": segmentation["counts"].encode("ascii")}
            return np.asarray(mask.decode(code), dtype=bool)
        except MemoryError:
            raise
        except Exception as error:  # pycocotools raises bare ones
            said = shortened(f"{type(error).__name__}: {error}")
            raise UserError(f"{self.path}: a segmentation of {shortened(name)} cannot be read ({said})") from None


def patch_shares(mask: NDArray[Any], geometry: Geometry, grid: tuple[int, int]) -> Shares:
    """How much of each patch lies inside a mask, ``(P,)`` in 0..1. ``mask`` is ``(h, w)`` on the original photograph.

    The exact inverse of resize and crop: patch borders fall between pixels, and a pixel counts by its part.
    """
    left, top, right, bottom = geometry.box
    # The file may give the photograph at another size than the one at hand.
    down, across = mask.shape[0] / geometry.height, mask.shape[1] / geometry.width
    rows = _parts(mask.shape[0], top * down, bottom * down, grid[0])  # (Gh, h)
    columns = _parts(mask.shape[1], left * across, right * across, grid[1])  # (Gw, w)
    shares: Shares = (rows @ mask.astype(np.float64) @ columns.T).ravel()
    return shares


def _parts(pixels: int, start: float, end: float, cells: int) -> NDArray[np.float64]:
    """The weights that average ``pixels`` over each of ``cells`` equal parts of start..end: ``(cells, pixels)``."""
    edges = np.linspace(start, end, cells + 1)
    places = np.arange(pixels)
    overlap = np.minimum(edges[1:, None], places + 1) - np.maximum(edges[:-1, None], places)
    parts: NDArray[np.float64] = np.maximum(0, overlap) / (edges[1:] - edges[:-1])[:, None]
    return parts


def patch_hits(mask: Mask, geometry: Geometry, grid: tuple[int, int], tolerance: float = 0.03) -> NDArray[np.bool_]:
    """Whether pointing at a patch's centre hits a mask, ``(P,)``: the pointing game (Zhang et al. 2016).

    As there, a near miss counts: ``tolerance`` is a share of the photograph's longer side (15 px of 500).
    """
    from scipy.ndimage import distance_transform_edt

    if not mask.any():
        return np.zeros(grid[0] * grid[1], dtype=bool)
    left, top, right, bottom = geometry.box
    far = distance_transform_edt(~mask)  # px to the nearest pixel of the mask
    down, across = mask.shape[0] / geometry.height, mask.shape[1] / geometry.width
    y = (top + (np.arange(grid[0]) + 0.5) * (bottom - top) / grid[0]) * down
    x = (left + (np.arange(grid[1]) + 0.5) * (right - left) / grid[1]) * across
    rows, columns = (np.clip(np.floor(v).astype(int), 0, n - 1) for v, n in zip((y, x), mask.shape, strict=True))
    hits: NDArray[np.bool_] = (far[np.ix_(rows, columns)] <= tolerance * max(mask.shape)).ravel()
    return hits
