"""Where a demo profile wants its data, and which of its folders a build may replace."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from hw3lib import config, paths
from hw3lib.system.errors import UserError

# Drawn one after the other: P1's few pictures can be looked at while the others are drawn.
Part = Literal["p1", "captioned"]
PARTS: tuple[Part, ...] = get_args(Part)


@dataclass(frozen=True)
class Split:
    """Where the captioned pictures of a split go, and what is written of them."""

    images: Path
    captions: Path
    instances: Path


@dataclass(frozen=True)
class Layout:
    """Where a profile wants its data: everything lies under ``root``, the other paths are relative to it."""

    root: Path
    p1: Path
    id2label: Path
    splits: dict[str, Split]  # train, val and, where the profile names one, test
    p3: Path
    p3_instances: Path
    tokenizer: Path

    @classmethod
    def of(cls, profile: config.Profile) -> Layout:
        """Raises :class:`UserError` when the folders share none that a build may replace."""
        captions, labelled = profile.require_captions(), profile.require_labelled()
        if captions.train_annotations is None:
            raise UserError(f"the demo profile {profile.name} names no captions.train_annotations, where to write them")
        val_instances = captions.val_instances or Path(captions.val_annotations).with_name("instances_val.json")
        train_instances = Path(val_instances).with_name("instances_train.json")
        p1, id2label, p3 = map(paths.resolve, (labelled.images, labelled.id2label, profile.p3.images))
        splits = {
            "train": (captions.train_images, captions.train_annotations, train_instances),
            "val": (captions.val_images, captions.val_annotations, val_instances),
        }
        if captions.test_images and captions.test_annotations and captions.test_instances:
            splits["test"] = captions.test_images, captions.test_annotations, captions.test_instances
        places = {split: [paths.resolve(path) for path in group] for split, group in splits.items()}
        root = Path(os.path.commonpath([p1, id2label, p3, *(path for group in places.values() for path in group)]))
        if root in (paths.root(), *paths.root().parents, Path.home()):
            raise UserError(
                f"the demo profile {profile.name} spreads its data over {root}; a build replaces the folder that holds "
                "it all, so name one of its own, such as data/demo, in the profile"
            )
        return cls(
            root=root,
            p1=p1.relative_to(root),
            id2label=id2label.relative_to(root),
            splits={name: Split(*(path.relative_to(root) for path in group)) for name, group in places.items()},
            p3=p3.relative_to(root),
            p3_instances=p3.with_name("instances.json").relative_to(root),
            tokenizer=Path(os.path.relpath(paths.resolve(captions.tokenizer), root)),
        )

    def folders(self, part: Part) -> tuple[Path, ...]:
        """The folders of pictures of a part."""
        return (self.p1,) if part == "p1" else (*(split.images for split in self.splits.values()), self.p3)

    def documents(self, part: Part) -> tuple[Path, ...]:
        """The files of a part that say what is on its pictures."""
        if part == "p1":
            return (self.id2label,)
        written = [path for split in self.splits.values() for path in (split.captions, split.instances)]
        return (*written, self.p3_instances)
