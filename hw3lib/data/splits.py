"""Which images results are told of: test images that no choice depends on, where a profile has any, else validation's.

Validation images may tell training when to lower the learning rate, when to stop and which epoch to keep. Figures of
the same images, the course's protocol, are therefore a little too good.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from hw3lib.config import Captions, Run
from hw3lib.data.caption_set import CaptionSet
from hw3lib.data.stages import choices
from hw3lib.display.prose import names_in_words
from hw3lib.system.errors import UserError
from hw3lib.system.messages import counted

FEWEST = 2  # images that scores can be told of
_WHY = "CIDEr weighs words by how rare they are among the images' captions, and needs two images at the least"
_CHOICES = {"rate": "when to lower the learning rate", "end": "when to stop", "epoch": "which epoch to keep"}
_FIXED = "the learning rates follow a fixed schedule"
_NOTHING = f"decided nothing: {_FIXED}, and no run was validated twice"


def rank(name: str, purpose: str = "") -> float:
    """A number from 0 to 1 by the hash of an image's name: it stays the same when other images come.

    ``purpose`` keeps two draws from the same images independent of each other.

    >>> round(rank("000000000001"), 3), round(rank("000000000001", "test"), 3)
    (0.156, 0.637)
    """
    text = f"{purpose}:{name}" if purpose else name
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) / 2**32


def divided(captions: CaptionSet, share: float) -> tuple[CaptionSet, CaptionSet]:
    """The images in two: those to validate on, and the share to test on, drawn by the hash of their names.

    Raises :class:`UserError` where one of the two would have fewer than two images.
    """
    drawn = [rank(name, "test") < share for name in captions.names]
    validation, tests = (captions.subset(i for i, test in enumerate(drawn) if test is part) for part in (False, True))
    for part, use in ((validation, "validate"), (tests, "test")):
        if len(part) < FEWEST:
            raise UserError(
                f"captions.test_share: {share} leaves {len(part)} of {len(captions)} images to {use} on, but {_WHY}; "
                f"name more validation images, or test images in captions.test_annotations"
            )
    return validation, tests


def refuse_few(part: CaptionSet, key: str) -> None:
    """Raise :class:`UserError`, before anything is trained, where the file of ``key`` has too few images to score."""
    if len(part) < FEWEST:
        raise UserError(f"{key}: {len(part)} image{'s' * (len(part) != 1)} with captions, but {_WHY}")


def refuse_shared(tests: CaptionSet, others: CaptionSet, which: str) -> None:
    """Raise :class:`UserError` where a test image is also one to train or to validate on, ``which`` says."""
    paths = set(others.paths)
    if shared := [name for name, path in zip(tests.names, tests.paths, strict=True) if path in paths]:
        raise UserError(
            f"the test images must be others than the {which} images, but {counted(shared, 'image')} of {len(tests)} "
            f"{'is' if len(shared) == 1 else 'are'} both; name others in captions.test_annotations or test_splits"
        )


def protocol(captions: Captions, runs: Mapping[str, Run]) -> str:
    """What a reader must know of the figures: of which images they are, and what validation decided in the runs."""
    decided = [choices(run) for run in runs.values()]
    counts = {what: sum(choice in of_run for of_run in decided) for choice, what in _CHOICES.items()}
    told = [f"{what}{f' (in {n} of {len(runs)} runs)' * (n < len(runs))}" for what, n in counts.items() if n]
    fixed = not any(of_run & {"rate", "end"} for of_run in decided)
    said = f"told training {names_in_words(told)}{f'; {_FIXED}' * fixed}" if told else _NOTHING
    if captions.reported == "test":
        return (
            "Figures of captions are test figures: the images that they are measured on had no say in training. Other "
            f"images, the validation images, {said}. The published figures are validation figures."
        )
    also = "also " * bool(told)
    return (
        f"Figures of captions are validation figures: the images that they are measured on {also}{said}. This is the "
        "course's protocol, and the published figures are of this kind."
    )
