"""A profile, opened once: its data, its models and its folders, each read when first asked for and then handed down.

What works on captions, photographs or a CLIP takes those; only a command or a notebook opens an experiment.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from hw3lib import config, paths
from hw3lib.config import Profile
from hw3lib.data import shards
from hw3lib.data.caption_set import CaptionSet
from hw3lib.data.captions import load_captions, training_captions
from hw3lib.data.images import list_images
from hw3lib.data.instances import Instances
from hw3lib.data.labelled import LabelledSet, load_labelled
from hw3lib.data.language import Language
from hw3lib.data.splits import divided, refuse_few, refuse_shared
from hw3lib.display.offer import NotReady
from hw3lib.system.errors import UserError

if TYPE_CHECKING:  # results are read without torch
    from hw3lib.models.clip import ClipModel
    from hw3lib.models.inference import LoadedRun


@dataclass(frozen=True, eq=False)
class Experiment:
    """A profile with what belongs to it. Raises what reading each part raises, when that part is first asked for.

    >>> experiment = Experiment.open("demo")
    >>> experiment.profile.best_run
    'best'
    """

    profile: Profile
    device: str = "auto"  # of the models that are opened: auto, cpu, cuda, cuda:1, ...

    @classmethod
    def open(cls, profile: Profile | str | Path, device: str = "auto") -> Experiment:
        """By the profile's name under ``configs/``, by the path of its YAML file, or from a profile at hand."""
        return cls(profile if isinstance(profile, Profile) else config.load(str(profile)), device)

    @classmethod
    def ready(cls, spec: str, chapter: Literal["p1", "p2", "p3"]) -> Experiment:
        """As :meth:`open`, for a chapter's notebook: where its data is missing, a sentence says what to do.

        Raises :class:`~hw3lib.display.offer.NotReady`, before anything is written.
        """
        experiment = cls.open(spec)
        profile, captions = experiment.profile, experiment.profile.captions
        absent = next(reason for notebook, reason in profile.chapters.items() if notebook.startswith(chapter))
        if absent:
            raise NotReady(f"profile {profile.name} {absent}: it has no {chapter.upper()}", {})
        validation = [captions.val_images, captions.val_annotations] if captions else []
        tests = [captions.test_images, captions.test_annotations] if captions else []
        validation += [path for path in tests if path]
        needed = {
            "p1": [profile.p1.images, profile.p1.id2label] if profile.p1 else [],
            "p2": [captions.train_annotations or captions.train_images, *validation] if captions else [],
            "p3": [*validation, profile.p3.images],
        }[chapter]
        missing = [path for path in needed if not all(map(Path.exists, shards.expand(paths.resolve(path))))]
        if not missing:
            return experiment
        if profile.data != "demo":
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            sentence = (
                f"profile {profile.name} lacks {missing[0]}{more}; hw3 doctor --profile {spec} says what goes where"
            )
            raise NotReady(sentence, {})
        draw, report = ["demo", "build", "--profile", spec], ["report", "--profile", spec]
        raise NotReady(
            f"the data of profile {profile.name} is not there yet: make report PROFILE={spec} draws it, trains and "
            f"writes the report; hw3 {' '.join(draw)} draws it alone, which is all that P1 and P2 need",
            {"draw the data": draw, "make the whole report": report},
        )

    @property
    def folder(self) -> Path:
        """Where everything lies that was computed: ``runs/<profile>``."""
        return paths.runs(self.profile.name)

    def run_folder(self, run: str) -> Path:
        """Where everything of a captioning run lies."""
        return config.folder(self.profile, run)

    @cached_property
    def labelled(self) -> LabelledSet:
        """P1's images, with labels or without, and the names of the classes."""
        labelled = self.profile.require_labelled()
        return load_labelled(paths.resolve(labelled.images), paths.resolve(labelled.id2label), labelled.labelled)

    @cached_property
    def training(self) -> CaptionSet:
        """P2's training images with their captions."""
        captions = self.profile.require_captions()
        return training_captions(captions, captions.limit_train)

    @cached_property
    def validation(self) -> CaptionSet:
        """P2's validation images with their captions, which choose rates and epochs; none of the test's."""
        return self._validation_and_test[0]

    @cached_property
    def reported(self) -> CaptionSet:
        """The images with their captions that results are told of: the test's where the profile has one."""
        return self._validation_and_test[1]

    @cached_property
    def _validation_and_test(self) -> tuple[CaptionSet, CaptionSet]:
        captions = self.profile.require_captions()
        annotations, images = paths.resolve(captions.val_annotations), paths.resolve(captions.val_images)
        validation = load_captions(annotations, images, captions.limit_val, captions.val_splits)
        if captions.test_share:
            return divided(validation, captions.test_share)
        refuse_few(validation, "captions.val_annotations")
        if captions.test_annotations is None:
            return validation, validation
        images = paths.resolve(captions.test_images) if captions.test_images else images
        tests = load_captions(
            paths.resolve(captions.test_annotations), images, captions.limit_val, captions.test_splits
        )
        refuse_few(tests, "captions.test_annotations")
        refuse_shared(tests, validation, "validation")
        return validation, tests

    @cached_property
    def language(self) -> Language:
        """The captions' language: the profile's, or that of the validation captions; English without captions."""
        if self.profile.captions is None:
            return Language()
        return Language.of(self.profile.captions, (text for group in self.validation.captions for text in group))

    @cached_property
    def instances(self) -> Instances | None:
        """The masks of the :attr:`reported` images' objects, where the profile names a file of them."""
        path = self.profile.captions.reported_instances if self.profile.captions else None
        return Instances.load(paths.resolve(path)) if path else None

    @cached_property
    def photographs(self) -> list[Path]:
        """P3's photographs in the profile's order; :class:`UserError` naming those that are missing."""
        folder, names = paths.resolve(self.profile.p3.images), self.profile.p3.names
        images = list_images(folder)
        if not names:
            return images
        by_name = {image.stem: image for image in images}
        missing = [name for name in names if name not in by_name]
        if missing:
            raise UserError(f"profile {self.profile.name} names photographs that {folder} lacks: {', '.join(missing)}")
        return [by_name[name] for name in names]

    @cached_property
    def photograph_instances(self) -> Instances | None:
        """The masks of the objects on P3's photographs, where the profile names a file of them that is there."""
        path = self.profile.p3.instances
        return Instances.load(paths.resolve(path)) if path and paths.resolve(path).is_file() else None

    @cached_property
    def clip(self) -> ClipModel | None:
        """The profile's CLIP; ``None`` where it does without."""
        if self.profile.clip is None:
            return None
        from hw3lib.models.clip import ClipModel

        return ClipModel.load(self.profile.clip, self.device)

    def require_clip(self, purpose: str) -> ClipModel:
        """The profile's CLIP; :class:`~hw3lib.system.errors.UserError` naming what needs one where it does without."""
        self.profile.require_clip(purpose)
        assert self.clip is not None
        return self.clip

    def load_run(self, run: str | None = None) -> LoadedRun:
        """A trained captioner, the best run's when none is named; see :func:`~hw3lib.models.inference.load_run`."""
        from hw3lib.models.inference import load_run

        return load_run(self.profile, run or self.profile.best_run, self.device)
