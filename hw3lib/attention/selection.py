"""Which photographs P3 is about: the profile's own, and the best, the worst and a typical one of the validation set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hw3lib import paths
from hw3lib.data.images import list_images
from hw3lib.system import files
from hw3lib.system.errors import UserError

if TYPE_CHECKING:
    from hw3lib.config import Profile


@dataclass(frozen=True)
class Pair:
    """A validation image, the caption that a run gave it, and what people wrote."""

    path: Path
    caption: str
    clip_score: float
    references: tuple[str, ...]

    @property
    def name(self) -> str:
        """The image's file name without its ending."""
        return self.path.stem


def photographs(profile: Profile) -> list[Path]:
    """P3's photographs in the profile's order. Raises :class:`UserError` naming those that are missing."""
    folder = paths.resolve(profile.p3.images)
    images = list_images(folder)
    if not profile.p3.names:
        return images
    known = {image.stem: image for image in images}
    missing = [name for name in profile.p3.names if name not in known]
    if missing:
        raise UserError(f"profile {profile.name} names photographs that {folder} lacks: {', '.join(missing)}")
    return [known[name] for name in profile.p3.names]


def validation_images(profile: Profile) -> list[Path]:
    """The photographs of the profile's validation set, in the file's order."""
    from hw3lib.data.captions import load_captions

    captions = profile.captions
    return list(
        load_captions(
            paths.resolve(captions.val_annotations), paths.resolve(captions.val_images), captions.limit_val
        ).files
    )


def ranked_pairs(profile: Profile, run: str) -> list[Pair]:
    """The run's validation pairs from the worst to the best CLIPScore; equal ones by name.

    Reads ``predictions.json`` and ``scores.json``; raises :class:`UserError` when they are missing or disagree.
    """
    from hw3lib.data.captions import load_captions

    folder, captions = paths.runs(profile.name) / "p2" / run, profile.captions
    command = f"hw3 train {run} --profile {profile.name} && hw3 score --run {run} --profile {profile.name}"
    remedy = f"Train and score the run first: {command}"
    predictions = files.read_json(folder / "predictions.json", remedy)
    scores = files.read_json(folder / "scores.json", remedy).get("per_image", {})
    scored = [name for name in predictions if scores.get(name, {}).get("CLIPScore") is not None]
    known = load_captions(
        paths.resolve(captions.val_annotations), paths.resolve(captions.val_images), captions.limit_val
    )
    place = {name: index for index, name in enumerate(known.names)}
    strangers = [name for name in scored if name not in place]
    if strangers or len(scored) < 2:
        what = f"images that {captions.val_annotations} lacks: {strangers[0]}, ..." if strangers else "no CLIPScore"
        raise UserError(f"{folder / 'scores.json'} has {what}. {remedy}")
    photographs = known.files
    pairs = [
        Pair(photographs[place[name]], predictions[name], scores[name]["CLIPScore"], known.captions[place[name]])
        for name in scored
    ]
    return sorted(pairs, key=lambda pair: (pair.clip_score, pair.name))


def best_and_worst(profile: Profile, run: str) -> tuple[Pair, Pair]:
    """The validation pairs with the highest and the lowest CLIPScore."""
    pairs = ranked_pairs(profile, run)
    return pairs[-1], pairs[0]


def typical(profile: Profile, run: str) -> Pair:
    """The validation pair in the middle of the ranking: neither lucky nor unlucky."""
    pairs = ranked_pairs(profile, run)
    return pairs[len(pairs) // 2]


def write_summary(profile: Profile, run: str, best: Pair, worst: Pair, captions: dict[str, str]) -> Path:
    """Write ``runs/<profile>/p3/summary.json``: the two pairs and the photographs' captions."""
    from hw3lib.system.provenance import stamp

    def entry(pair: Pair) -> dict[str, str | float]:
        return {"image": pair.path.name, "caption": pair.caption, "CLIPScore": pair.clip_score}

    path = paths.runs(profile.name) / "p3" / "summary.json"
    summary = {"run": run, "best": entry(best), "worst": entry(worst), "photographs": captions}
    files.write_json(path, {"provenance": stamp(profile, profile.seed), **summary})
    return path
