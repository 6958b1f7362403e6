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
class Layout:
    """Where a profile wants its data: everything lies under ``root``, the other paths are relative to it."""

    root: Path
    p1: Path
    id2label: Path
    train: Path
    val: Path
    train_captions: Path
    val_captions: Path
    train_instances: Path
    val_instances: Path
    p3: Path
    p3_instances: Path
    tokenizer: Path

    @classmethod
    def of(cls, profile: config.Profile) -> Layout:
        """Raises :class:`UserError` when the folders share none that a build may replace."""
        captions, labelled = profile.require_captions(), profile.require_labelled()
        if captions.train_annotations is None:
            raise UserError(f"the demo profile {profile.name} names no captions.train_annotations, where to write them")
        val_instances = paths.resolve(
            captions.val_instances or Path(captions.val_annotations).with_name("instances_val.json")
        )
        p3 = paths.resolve(profile.p3.images)
        folders = {
            "p1": paths.resolve(labelled.images),
            "id2label": paths.resolve(labelled.id2label),
            "train": paths.resolve(captions.train_images),
            "val": paths.resolve(captions.val_images),
            "train_captions": paths.resolve(captions.train_annotations),
            "val_captions": paths.resolve(captions.val_annotations),
            "train_instances": val_instances.with_name("instances_train.json"),
            "val_instances": val_instances,
            "p3": p3,
            "p3_instances": p3.with_name("instances.json"),
        }
        root = Path(os.path.commonpath(list(folders.values())))
        if root in (paths.root(), *paths.root().parents, Path.home()):
            raise UserError(
                f"the demo profile {profile.name} spreads its data over {root}; a build replaces the folder that holds "
                "it all, so name one of its own, such as data/demo, in the profile"
            )
        tokenizer = Path(os.path.relpath(paths.resolve(captions.tokenizer), root))
        return cls(root=root, tokenizer=tokenizer, **{name: path.relative_to(root) for name, path in folders.items()})

    def folders(self, part: Part) -> tuple[Path, ...]:
        """The folders of pictures of a part."""
        return (self.p1,) if part == "p1" else (self.train, self.val, self.p3)

    def documents(self, part: Part) -> tuple[Path, ...]:
        """The files of a part that say what is on its pictures."""
        if part == "p1":
            return (self.id2label,)
        return (
            self.train_captions,
            self.val_captions,
            self.train_instances,
            self.val_instances,
            self.p3_instances,
        )
