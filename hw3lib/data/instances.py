"""Where the objects are: COCO's instance masks, on the photograph and as shares of the patches that a model looks at.

Dimensions: ``h x w`` pixels of the original photograph, ``P = Gh x Gw`` patches of what the model saw of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw3lib.data.coco import coco_json, file_name_of, image_names, key_of
from hw3lib.data.images import MOST_PIXELS
from hw3lib.data.transform import Geometry
from hw3lib.system.errors import UserError
from hw3lib.system.messages import shorten

Mask = NDArray[np.bool_]  # (h, w)
Shares = NDArray[np.float64]  # (P,)


@dataclass(frozen=True)
class Instance:
    """One object of an image, or a crowd of them, as the file has it."""

    category: str
    segmentation: Any  # polygons or a run-length code, plain or compressed: see :meth:`Instances.masks`
    area: float | None  # px; COCO always has it, and only recall of objects needs it


@dataclass(frozen=True)
class Instances:
    """The instances of a set of images, still encoded; see :meth:`load` and :meth:`masks`."""

    path: Path
    categories: tuple[str, ...]
    sizes: dict[str, tuple[int, int]]  # image name (without ending) -> (h, w)
    instances: dict[str, list[Instance]]  # image name -> its instances, in the file's order

    @classmethod
    def load(cls, path: str | Path) -> Instances:
        """Read an ``instances_*.json`` as COCO writes them. Raises :class:`UserError` as :func:`coco_json` does."""
        path = Path(path)
        instances: dict[str, list[Instance]] = defaultdict(list)
        with coco_json(path, "an instances file") as content:
            categories = {key_of(category["id"]): str(category["name"]) for category in content["categories"]}
            images = content["images"]
            names = image_names([file_name_of(image["file_name"]) for image in images])
            sizes = {
                name: (int(image["height"]), int(image["width"])) for name, image in zip(names, images, strict=True)
            }
            for name, (h, w) in sizes.items():
                if min(h, w) < 1 or h * w > MOST_PIXELS:
                    raise ValueError(f"the image {shorten(name)} cannot be of size {(h, w)}")
            by_id = dict(zip((key_of(image["id"]) for image in images), names, strict=True))
            for item in content["annotations"]:
                category = _looked_up(categories, item, "category_id", "categories")
                area = float(item["area"]) if "area" in item else None
                instance = Instance(category, item.get("segmentation"), area)
                instances[_looked_up(by_id, item, "image_id", "images")].append(instance)
        return cls(path, tuple(categories.values()), sizes, dict(instances))

    def masks(self, name: str) -> dict[str, list[Mask]]:
        """The masks of an image's instances by category, ``(h, w)`` each; a crowd counts as one instance.

        Raises :class:`UserError` for an image that the file lacks and for a segmentation that is none.
        """
        if name not in self.sizes:
            raise UserError(f"{self.path} has no image {name}")
        masks: dict[str, list[Mask]] = defaultdict(list)
        for instance in self.instances.get(name, []):
            masks[instance.category].append(self._decoded(instance.segmentation, name))
        return dict(masks)

    def _decoded(self, segmentation: Any, name: str) -> Mask:
        """Polygons, a run-length code, or a compressed one (COCO's three forms) as a mask."""
        from pycocotools import mask

        height, width = self.sizes[name]
        try:
            if isinstance(segmentation, list):
                # pycocotools draws from one corner to the next, wherever they lie, until the memory is full.
                far = 10 * max(height, width)
                if not all((np.abs(np.asarray(polygon, dtype=float)) <= far).all() for polygon in segmentation):
                    raise ValueError("a corner of a polygon is no number, or lies far outside of the image")
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
            reason = shorten(f"{type(error).__name__}: {error}")
            raise UserError(f"{self.path}: a segmentation of {shorten(name)} cannot be read ({reason})") from None


def _looked_up(names: Mapping[str, str], item: Mapping[str, Any], key: str, among: str) -> str:
    """The name behind an annotation's id. Raises ``ValueError`` for an id that the file's own list lacks."""
    if item[key] is None or key_of(item[key]) not in names:
        which = f"annotation {item['id']}" if "id" in item else "an annotation"
        raise ValueError(f"{which} has the {key} {shorten(repr(item[key]))}, which its list of {among} lacks")
    return names[key_of(item[key])]


def patch_shares(mask: NDArray[Any], geometry: Geometry, grid: tuple[int, int]) -> Shares:
    """How much of each patch lies inside a mask, ``(P,)`` in 0..1. ``mask`` is ``(h, w)`` on the original photograph.

    The exact inverse of resize and crop: patch borders fall between pixels, and a pixel counts by its part.
    """
    left, top, right, bottom = geometry.frame
    # The file may give the photograph at another size than the one at hand.
    down, across = mask.shape[0] / geometry.height, mask.shape[1] / geometry.width
    rows = _parts(mask.shape[0], top * down, bottom * down, grid[0])  # (Gh, h)
    columns = _parts(mask.shape[1], left * across, right * across, grid[1])  # (Gw, w)
    shares: Shares = (rows @ mask.astype(np.float64) @ columns.T).ravel()
    return shares


def _parts(pixels: int, start: float, end: float, cells: int) -> NDArray[np.float64]:
    """The weights that average ``pixels`` over each of ``cells`` equal parts of start..end: ``(cells, pixels)``."""
    edges = np.linspace(start, end, cells + 1)
    return overlaps(pixels, edges) / np.diff(edges)[:, None]


def overlaps(length: int, edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much of each of ``length`` unit cells lies between two neighbouring edges: ``(len(edges) - 1, length)``.

    >>> overlaps(3, np.array([0, 1.5, 3])).tolist()
    [[1.0, 0.5, 0.0], [0.0, 0.5, 1.0]]
    """
    places = np.arange(length)
    lengths: NDArray[np.float64] = np.minimum(edges[1:, None], places + 1) - np.maximum(edges[:-1, None], places)
    return np.maximum(0, lengths)


def patch_hits(mask: Mask, geometry: Geometry, grid: tuple[int, int], tolerance: float = 0.03) -> NDArray[np.bool_]:
    """Whether pointing at a patch's centre hits a mask, ``(P,)``: the pointing game (Zhang et al. 2016).

    As there, a near miss counts: ``tolerance`` is a share of the photograph's longer side (15 px of 500).
    """
    left, top, right, bottom = geometry.frame
    down, across = mask.shape[0] / geometry.height, mask.shape[1] / geometry.width
    y = (top + (np.arange(grid[0]) + 0.5) * (bottom - top) / grid[0]) * down
    x = (left + (np.arange(grid[1]) + 0.5) * (right - left) / grid[1]) * across
    inside = np.logical_and.outer(*((v >= 0) & (v <= n) for v, n in zip((y, x), mask.shape, strict=True)))
    rows, columns = (np.clip(np.floor(v).astype(int), 0, n - 1) for v, n in zip((y, x), mask.shape, strict=True))
    # What lies within the tolerance of each centre; the distance of every pixel to the mask takes twenty times as long.
    reach = tolerance * max(mask.shape)
    steps = np.arange(-int(reach), int(reach) + 1)
    near = np.hypot(steps[:, None], steps) <= reach
    around = np.lib.stride_tricks.sliding_window_view(np.pad(mask, int(reach)), near.shape)
    # A patch of the added borders points at nothing.
    hits: NDArray[np.bool_] = ((around[np.ix_(rows, columns)] & near).any(axis=(2, 3)) & inside).ravel()
    return hits
