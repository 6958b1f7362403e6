"""Captions to scores: CIDEr, BLEU, ROUGE-L, METEOR (pycocoevalcap's), CLIPScore, CHAIR and object recall.

Predictions are read from a JSON file ``{"<image name without ending>": "<caption>"}``, whose keys must be exactly the
images of the annotation file (COCO's captions JSON).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from hw3lib import chair, config, paths, provenance
from hw3lib.data import load_captions
from hw3lib.errors import UserError
from hw3lib.files import read_json, write_json
from hw3lib.ptb import Tokenizer, java_on_path

if TYPE_CHECKING:
    from hw3lib.clip import ClipModel

Scores = dict[str, Any]  # {"scores": {metric: value}, "per_image": {name: {metric: value}}}


class References:
    """Reference captions by image name, tokenised once; the image-side work of CIDEr is done once, too."""

    def __init__(self, captions: Mapping[str, Sequence[str]]) -> None:
        """Raises :class:`UserError` for an image without a caption, and when Java is not to be had."""
        silent = [name for name, group in captions.items() if not group]
        if silent:
            raise UserError(f"{_some(silent, 'image')} {'has' if len(silent) == 1 else 'have'} no reference caption")
        self.captions = {name: list(group) for name, group in captions.items()}
        self._tokenizer = Tokenizer()
        flat = iter(self._tokenizer([caption for group in self.captions.values() for caption in group]))
        self.tokens = {name: [next(flat) for _ in group] for name, group in self.captions.items()}
        self._cider: Any = None

    def __len__(self) -> int:
        return len(self.captions)

    def tokenise(self, predictions: Mapping[str, str]) -> dict[str, str]:
        """The predictions' tokens in the references' order.

        Raises :class:`UserError` unless their images are exactly the references'.
        """
        check_names(predictions, self.captions, "the predictions", "the references")
        tokens = self._tokenizer([predictions[name] for name in self.captions])
        return dict(zip(self.captions, tokens, strict=True))

    def cider(self, predictions: Mapping[str, str]) -> tuple[float, dict[str, float]]:
        """CIDEr-D of the set and of every image, as pycocoevalcap computes it (Vedantam et al. 2015).

        An image's value depends on the whole set: words count by how rare they are in it. Raises :class:`UserError`
        for a set of one image, where all words would weigh nothing.
        """
        from hw3lib.cider import CiderReferences

        if self._cider is None:
            self._cider = CiderReferences(list(self.tokens.values()))
        found = self._cider.score(list(self.tokenise(predictions).values()))
        return sum(found) / len(found), dict(zip(self.captions, found, strict=True))


@contextmanager
def meteor() -> Iterator[Any]:
    """pycocoevalcap's METEOR process. It reads its tables for some seconds, which other work can go on beside."""
    from pycocoevalcap.meteor.meteor import Meteor

    with java_on_path():
        process = Meteor()
    try:
        yield process
    finally:
        process.meteor_p.kill()


def score(
    predictions: Mapping[str, str],
    references: References,
    clip: ClipModel | None = None,
    images: Mapping[str, str | Path] | None = None,
    objects: chair.Objects | None = None,
    process: Any = None,
) -> Scores:
    """Every score that the material allows.

    With ``clip`` and ``images`` (name -> file) CLIPScore without and with the paper's prefix; with ``objects`` CHAIR
    and object recall. ``process`` is a :func:`meteor` to share between calls. Raises :class:`UserError` for differing
    names and for a single image.
    """
    if process is None:
        with meteor() as own:
            return score(predictions, references, clip, images, objects, own)
    cider, per_image_cider = references.cider(predictions)
    per_image: dict[str, dict[str, float]] = {name: {"CIDEr": value} for name, value in per_image_cider.items()}
    scores: dict[str, float] = {"CIDEr": cider}
    if clip is not None and images is not None:
        for key, values in _clip_scores(predictions, list(per_image), clip, images).items():
            scores[key] = sum(values) / len(values)
            if key == "CLIPScore":
                for name, value in zip(per_image, values, strict=True):
                    per_image[name][key] = value
    scores |= _overlap(references.tokenise(predictions), references.tokens, process)
    if objects is not None:
        scores |= chair.object_scores(predictions, objects, references.captions)
    return {"scores": scores, "per_image": per_image}


def _clip_scores(
    predictions: Mapping[str, str], names: Sequence[str], clip: ClipModel, images: Mapping[str, str | Path]
) -> dict[str, list[float]]:
    from hw3lib.clip import CLIPSCORE_PREFIX, clip_scores

    seen = clip.embed_images([images[name] for name in names])
    texts = [predictions[name] for name in names]
    return {
        "CLIPScore": clip_scores(seen, clip.embed_texts(texts)).tolist(),
        "CLIPScore (prefix)": clip_scores(seen, clip.embed_texts([CLIPSCORE_PREFIX + text for text in texts])).tolist(),
    }


def _overlap(hypotheses: Mapping[str, str], references: Mapping[str, Sequence[str]], process: Any) -> dict[str, float]:
    """BLEU-1 to -4, ROUGE-L and METEOR of tokenised captions, by pycocoevalcap."""
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.rouge.rouge import Rouge

    # "|||" parts the fields of what METEOR's process reads: a caption must not be able to hold it.
    truth = {name: [text.replace("|||", "") for text in group] for name, group in references.items()}
    said = {name: [text.replace("|||", "")] for name, text in hypotheses.items()}
    bleu, _ = Bleu(4).compute_score(truth, said, verbose=0)
    rouge, _ = Rouge().compute_score(truth, said)
    found, _ = process.compute_score(truth, said)
    return {**{f"BLEU-{n}": float(value) for n, value in enumerate(bleu, 1)}, "ROUGE-L": float(rouge), "METEOR": found}


def load_predictions(predictions_json: str | Path) -> dict[str, str]:
    """Read ``{"<image name>": "<caption>"}``. Raises :class:`UserError` for another form and for a name given twice."""
    path = Path(predictions_json)
    form = 'It should map image names without their endings to captions: {"000000001": "a dog on a beach"}.'
    raw = read_json(path, form)
    if not isinstance(raw, dict) or not all(isinstance(caption, str) for caption in raw.values()):
        raise UserError(f"{path} is not a predictions file. {form}")
    keys: list[str] = json.loads(
        path.read_text(encoding="utf-8"), object_pairs_hook=lambda pairs: [key for key, _ in pairs]
    )
    if len(keys) > len(raw):
        twice = sorted({key for key in keys if keys.count(key) > 1})
        raise UserError(f"{path} has {_some(twice, 'image')} more than once")
    return raw


def load_references(annotations_json: str | Path) -> dict[str, list[str]]:
    """Reference captions by image name from COCO's captions JSON; the images themselves are not needed.

    Raises :class:`UserError` for another form, for images without a caption, and for two of the same name.
    """
    path = Path(annotations_json)
    raw = read_json(path, "It should be a COCO captions file.")
    captions: dict[int, list[str]] = defaultdict(list)
    try:
        names = {int(image["id"]): PurePosixPath(str(image["file_name"])).stem for image in raw["images"]}
        for item in raw["annotations"]:
            if str(item["caption"]).strip():
                captions[int(item["image_id"])].append(str(item["caption"]))
    except (KeyError, TypeError, ValueError) as error:
        kind = f"the key {error} is missing" if isinstance(error, KeyError) else str(error)
        raise UserError(f"{path} is not a caption file as COCO writes them: {kind}") from None
    found = {name: captions[image_id] for image_id, name in names.items()}
    if len(found) < len(raw["images"]):
        raise UserError(f"{path} lists {len(raw['images'])} images under {len(found)} different names")
    silent = [name for name, group in found.items() if not group]
    if silent:
        raise UserError(f"{path} has no caption for {_some(silent, 'image')}")
    return found


def score_files(
    predictions_json: str | Path,
    annotations_json: str | Path,
    images_root: str | Path | None = None,
    clip: config.Clip | None = None,
    instances: str | Path | None = None,
    device: str = "auto",
) -> Scores:
    """Score a predictions file against an annotation file: what ``hw3 score`` prints.

    CLIPScore needs ``images_root``; ``clip`` is the model for it, the task's ViT-B/32 when not given. ``instances`` is
    a COCO instances file. Raises :class:`UserError` before any work when the files do not fit together.
    """
    predictions, captions = load_predictions(predictions_json), load_references(annotations_json)
    check_names(predictions, captions, str(predictions_json), str(annotations_json))
    images = None
    if images_root is not None:
        found = load_captions(annotations_json, images_root)
        images = dict(zip(found.names, found.files, strict=True))
    objects = chair.load_objects(instances) if instances is not None else None
    with meteor() as process:
        references, model = References(captions), None
        if images is not None:
            from hw3lib.clip import ClipModel

            model = ClipModel.load(clip or config.Clip(), device)
        return score(predictions, references, model, images, objects, process)


def score_runs(profile: config.Profile | str, runs: Sequence[str], device: str = "auto") -> list[Path]:
    """Score finished runs' ``predictions.json`` on the validation images; returns their ``scores.json``.

    Several at once share the references, the image features and METEOR's start. Raises :class:`UserError` before any
    work when a run has no predictions, naming the command that makes them, or when they do not fit the images.
    """
    from hw3lib.clip import ClipModel

    profile = config.load(profile) if isinstance(profile, str) else profile
    data = profile.captions
    found = load_captions(paths.resolve(data.val_annotations), paths.resolve(data.val_images), data.limit_val)
    predictions = {run: _predictions_of(profile, run, found.names) for run in runs}
    images = dict(zip(found.names, found.files, strict=True))
    objects = chair.load_objects(paths.resolve(data.val_instances)) if data.val_instances else None
    written = []
    with meteor() as process:
        references = References(dict(zip(found.names, found.captions, strict=True)))
        clip = ClipModel.load(profile.clip, device)
        for run, captions in predictions.items():
            result = score(captions, references, clip, images, objects, process)
            written.append(paths.runs(profile.name) / "p2" / run / "scores.json")
            write_json(written[-1], {"provenance": provenance.stamp(profile, profile.seed), **result})
    return written


def _predictions_of(profile: config.Profile, run: str, names: Sequence[str]) -> dict[str, str]:
    profile.run(run)
    source = paths.runs(profile.name) / "p2" / run / "predictions.json"
    if not source.is_file():
        raise UserError(f"{source} is missing; train the run first (profile {profile.name}, run {run})")
    predictions = load_predictions(source)
    check_names(predictions, names, str(source), profile.captions.val_annotations)
    return predictions


def check_names(predicted: Collection[str], expected: Collection[str], which: str, against: str) -> None:
    """Raise :class:`UserError` unless both sides name the same images, saying what is missing and what is extra."""
    missing = [name for name in expected if name not in predicted]
    extra = [name for name in predicted if name not in expected]
    if missing or extra:
        parts = [f"have no caption for {_some(missing, 'image')}"] * bool(missing)
        parts += [f"name {_some(extra, 'image')} that {against} lacks"] * bool(extra)
        advice = " (names are file names without their endings)" if extra else ""
        raise UserError(f"the captions in {which} do not fit {against}: they {' and '.join(parts)}{advice}")


def _some(items: Sequence[str], kind: str) -> str:
    listed = ", ".join(items[:3]) + ", ..." * (len(items) > 3)
    return f"{len(items)} {kind}{'s' * (len(items) > 1)} ({listed})"
