"""Images with their reference captions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from hw3lib.data.coco import Id
from hw3lib.data.images import Photograph
from hw3lib.system.errors import UserError


@dataclass(frozen=True)
class CaptionSet:
    """Images with their reference captions, in the order of the annotation file."""

    paths: tuple[Photograph, ...]
    names: tuple[str, ...]  # file names without their endings, the keys of predictions: hw3lib.data.coco.image_names
    ids: tuple[Id, ...]
    captions: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.paths)

    def subset(self, indices: Iterable[int]) -> CaptionSet:
        """Some of the images, in the order given.

        >>> captions = CaptionSet((Path("a.jpg"), Path("b.jpg")), ("a", "b"), (7, 9), (("a dog",), ("a cat", "a pet")))
        >>> captions.subset([1]).captions
        (('a cat', 'a pet'),)
        """
        rows = list(indices)
        return CaptionSet(
            tuple(self.paths[row] for row in rows),
            tuple(self.names[row] for row in rows),
            tuple(self.ids[row] for row in rows),
            tuple(self.captions[row] for row in rows),
        )

    @property
    def files(self) -> tuple[Path, ...]:
        """The photographs as files, which those of a validation set are. Raises :class:`UserError` where any is not."""
        files = tuple(path for path in self.paths if isinstance(path, Path))
        if len(files) < len(self.paths):
            raise UserError(f"{self.paths[0]} lies in a shard: only training images may")
        return files
