"""Zero-shot classification by prompt: prompt sets, the study of a set, and the labels of a folder.

A prompt is a template with ``{object}`` in place of a class name; an image belongs to the class whose text is nearest
(Radford et al. 2021). The study writes its predictions to a file first and computes every score from that file.

Dimension letters: B images, C classes, D width of the joint space.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hw3lib import config, paths
from hw3lib.data.labelled import LabelledSet, load_labelled
from hw3lib.prompts.templates import PromptSet, check_template, fill
from hw3lib.system import provenance
from hw3lib.system.errors import UserError
from hw3lib.system.files import atomic, read_json, write_json

if TYPE_CHECKING:
    from torch import Tensor

    from hw3lib.models.clip import ClipModel

TOP = 5  # classes kept with their probabilities for every image and template


class Classifier:
    """Images against class names in any wording; the images are embedded once."""

    def __init__(self, clip: ClipModel, data: LabelledSet) -> None:
        self.clip, self.data = clip, data
        self.ids = sorted(data.labels)  # class c is label ids[c]
        self.names = [data.labels[label] for label in self.ids]
        self.truth = [self.ids.index(label) if label is not None else None for label in data.truth]
        self.images = clip.embed_images(data.paths)  # (B, D)

    def probabilities(self, template: str) -> Tensor:
        """Softmax over the classes' scaled cosines, ``(B, C)``. Raises :class:`UserError` for a bad template."""
        return self.log_probabilities(self.texts([template])[0]).exp()

    def texts(self, templates: Sequence[str]) -> Tensor:
        """Features of every class name in every template, ``(K, C, D)``; a text that occurs twice is encoded once.

        Raises :class:`UserError` for a bad template.
        """
        whole = [check_template(template) for template in templates]
        prompts = [fill(template, name) for template in whole for name in self.names]
        return self.clip.embed_texts(prompts).unflatten(0, (len(whole), len(self.names)))

    def log_probabilities(self, texts: Tensor) -> Tensor:
        """Log-softmax over the classes of images and text features ``(..., C, D)``: ``(..., B, C)``."""
        return (self.clip.logit_scale * self.images @ texts.mT).log_softmax(-1)


def study(profile: config.Profile | str, device: str = "auto") -> Path:
    """Classify the labelled images with every prompt of the profile's set; returns ``p1/scores.json``.

    Writes ``p1/predictions.json`` (the five likeliest classes of every image, by prompt) and then the scores that
    follow from it. Raises :class:`UserError` when no image has a known label.
    """
    from hw3lib.models.clip import ClipModel

    profile = config.load(profile) if isinstance(profile, str) else profile
    prompts = PromptSet.load(profile.p1.prompts)
    data = load_labelled(paths.resolve(profile.p1.images), paths.resolve(profile.p1.id2label))
    if not any(label is not None for label in data.truth):
        raise UserError(f"no image in {profile.p1.images} is named <label id>_<n>.png, so there is nothing to measure")
    classifier = Classifier(ClipModel.load(profile.require_clip("classifies in P1"), device), data)
    folder = paths.runs(profile.name) / "p1"
    predictions = {"provenance": provenance.stamp(profile, profile.seed), **predict(classifier, prompts)}
    write_json(folder / "predictions.json", predictions, indent=None)
    scores = score(read_json(folder / "predictions.json"), prompts)
    write_json(folder / "scores.json", {"provenance": predictions["provenance"], **scores})
    return folder / "scores.json"


def predict(classifier: Classifier, prompts: PromptSet) -> dict[str, Any]:
    """What the predictions file holds: the images, their true label ids, and by template the top classes of each.

    The natural logarithm of the true class's probability is there too, ``null`` where the true class is not known.
    """
    found = {}
    for template in prompts.templates:
        logs = classifier.log_probabilities(classifier.texts([template])[0])  # (B, C)
        probabilities, classes = logs.exp().topk(min(TOP, len(classifier.ids)))  # (B, 5)
        found[template] = {
            "labels": [[classifier.ids[c] for c in row] for row in classes.tolist()],
            "probabilities": [[round(p, 6) for p in row] for row in probabilities.tolist()],
            "true_log_probabilities": [
                None if true is None else round(float(logs[image, true]), 6)
                for image, true in enumerate(classifier.truth)
            ],
        }
    return {
        "labels": {str(label): name for label, name in classifier.data.labels.items()},
        "images": [path.name for path in classifier.data.paths],
        "truth": list(classifier.data.truth),
        "prompts": found,
    }


def score(predictions: Mapping[str, Any], prompts: PromptSet) -> dict[str, Any]:
    """Accuracy over all images of known label and per class, from the content of a predictions file."""
    labels = {int(label): name for label, name in predictions["labels"].items()}
    truth: list[int | None] = predictions["truth"]
    known = [label for label in truth if label is not None]
    titles = unique_names(labels)
    result: dict[str, Any] = {}
    for prompt in prompts.prompts:
        top = predictions["prompts"][prompt.template]["labels"]
        right = [row[0] == label for row, label in zip(top, truth, strict=True) if label is not None]
        per_class = {
            titles[label]: sum(hit for hit, true in zip(right, known, strict=True) if true == label)
            / known.count(label)
            for label in sorted(set(known))
        }
        result[prompt.template] = {
            "accuracy": sum(right) / len(right),
            "per_class": per_class,
            "published": prompt.published,
        }
    return {
        "labels": [titles[label] for label in sorted(labels)],
        "images": len(known),
        "prompts": result,
        "baseline": prompts.baseline,
    }


def unique_names(labels: Mapping[int, str]) -> dict[int, str]:
    """Class names that tell all labels apart: where two are called the same, the label id follows."""
    names = list(labels.values())
    return {label: name if names.count(name) == 1 else f"{name} ({label})" for label, name in labels.items()}


def classify_folder(
    setting: config.Profile | config.Clip | str,
    images: str | Path,
    id2label: str | Path,
    out_csv: str | Path,
    template: str | None = None,
    device: str = "auto",
) -> dict[str, int]:
    """Label every image of a folder and write ``filename,label`` rows (the label's id), sorted by file name.

    ``setting`` says which CLIP; ``template`` is ``classify_with`` of the profile's prompt set when not given. Returns
    the label ids by file name. Raises :class:`UserError` before anything is written: for bad input, and for an image
    that cannot be read, since the file must cover every image.
    """
    from hw3lib.models.clip import ClipModel

    setting = config.load(setting) if isinstance(setting, str) else setting
    clip = setting.require_clip("classifies") if isinstance(setting, config.Profile) else setting
    known = setting.p1.prompts if isinstance(setting, config.Profile) else "report"
    chosen = check_template(template or PromptSet.load(known).classify_with)
    data = load_labelled(images, id2label)
    out = Path(out_csv)
    if out.is_dir():
        raise UserError(f"{out} is a folder; name the CSV file to write")
    classifier = Classifier(ClipModel.load(clip, device), data)
    best = classifier.probabilities(chosen).argmax(-1).tolist()
    found = {path.name: classifier.ids[c] for path, c in zip(data.paths, best, strict=True)}
    with atomic(out) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["filename", "label"])
        rows.writerows(found.items())
    return found
