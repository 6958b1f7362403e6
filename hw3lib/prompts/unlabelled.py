"""Photographs without labels: what CLIP answers, how sure it is, and how far the prompts agree.

:func:`run` writes the answers first, ``p1/unlabelled.safetensors``, and a table of them for people,
``p1/unlabelled.csv``; from the former follows ``p1/unlabelled.json``, an
:class:`~hw3lib.prompts.results.Unlabelled`. No label is read, so nothing here can say what is right.

Letters: K templates, I images, C classes.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np

from hw3lib.data.inputs import fingerprint
from hw3lib.models.clip_texts import text_files
from hw3lib.models.experiment import Experiment
from hw3lib.prompts.answers import Answers
from hw3lib.prompts.results import Agreement, Unlabelled
from hw3lib.prompts.templates import PromptSet
from hw3lib.prompts.zero_shot import TOP, Classifier, unique_names
from hw3lib.system.files import atomic
from hw3lib.system.messages import Say, silence
from hw3lib.system.provenance import Provenance
from hw3lib.system.results import load_current, write_result


def run(experiment: Experiment, say: Say = silence) -> Unlabelled:
    """Ask the profile's own prompts of every photograph, into ``p1/unlabelled.json``; a current one is loaded.

    ``say`` is told how far it is. Raises :class:`~hw3lib.system.errors.UserError` for an image that cannot be read.
    """
    say("photographs without labels: reading the images")
    profile, data, folder = experiment.profile, experiment.labelled, experiment.folder / "p1"
    p1, clip = profile.require_labelled(), profile.require_clip("P1 asks")
    files: list[str | Path | None] = [p1.id2label, p1.prompts, clip.model, clip.pretrained, *text_files(clip)]
    inputs = fingerprint("hw3lib/prompts/unlabelled.py", [clip, p1, *data.folders], files, data.paths)
    current = load_current(folder / "unlabelled.json", Unlabelled, inputs, say)
    if current and all((folder / f"unlabelled.{ending}").is_file() for ending in ("safetensors", "csv")):
        return current
    prompts = PromptSet.load(p1.prompts)
    say(f"photographs without labels: CLIP answers {len(prompts.templates)} templates on {len(data)} images")
    answers = predict(Classifier(experiment.require_clip("P1 asks"), data), prompts.templates)
    answers.write(folder / "unlabelled.safetensors")
    write_table(folder / "unlabelled.csv", answers, prompts.classify_with)
    found = replace(summarise(answers, prompts.classify_with), provenance=Provenance.of(profile, profile.seed, inputs))
    write_result(folder / "unlabelled.json", found)
    say("computed: p1/unlabelled.json")
    return found


def predict(classifier: Classifier, templates: Sequence[str]) -> Answers:
    """The likeliest classes of every image under every template; what would be true is left empty."""
    import torch

    tops = []
    for texts in classifier.texts(templates):  # (C, D)
        logs = classifier.log_probabilities(texts)  # (I, C)
        tops.append(logs.topk(min(TOP, logs.shape[-1])))
    titles = unique_names(classifier.data.labels)
    return Answers(
        classes=torch.stack([top.indices for top in tops]).int().numpy(),
        probabilities=torch.stack([top.values for top in tops]).exp().numpy(),
        true=np.empty((0, 0), np.float32), truth=np.empty(0, np.int64), half=np.empty(0, bool),
        templates=list(templates), labels=[titles[label] for label in classifier.ids],
        images=list(classifier.data.names), ensembles=[],
        cut_names={template: len(names) for template in templates if (names := classifier.cut_names(template))},
    )  # fmt: skip


def summarise(answers: Answers, template: str) -> Unlabelled:
    """What follows from the answers, without its origin; ``template`` is the one whose answers are shown."""
    firsts = dict(zip(answers.templates, answers.classes[..., 0], strict=True))
    counts = {key: np.bincount(row, minlength=len(answers.labels)).tolist() for key, row in firsts.items()}
    pairs = [Agreement(pair, float((firsts[pair[0]] == firsts[pair[1]]).mean())) for pair in combinations(firsts, 2)]
    probability, lead = (
        np.quantile(values, (0, 0.25, 0.5, 0.75, 1)).tolist() for values in answers.likeliest(template)
    )
    return Unlabelled(
        images=len(answers.images),
        labels=answers.labels,
        template=template,
        counts={key: dict(zip(answers.labels, row, strict=True)) for key, row in counts.items()},
        probability=probability,
        lead=lead,
        agreement=sorted(pairs, key=lambda pair: pair.share),
        unanimous=int((answers.classes[..., 0] == answers.classes[0, :, 0]).all(0).sum()),
    )


def write_table(path: Path, answers: Answers, template: str) -> None:
    """A row per photograph: its likeliest classes under a template, and how many templates give the first one."""
    row = answers.templates.index(template)
    agree = (answers.classes[..., 0] == answers.classes[row, :, 0]).sum(0)
    places = range(answers.classes.shape[-1])
    with atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["filename", *(f"{key} {n + 1}" for n in places for key in ("class", "probability")), "prompts"])
        for image, name in enumerate(answers.images):
            found = zip(answers.classes[row, image], answers.probabilities[row, image], strict=True)
            cells = [cell for label, p in found for cell in (answers.labels[label], f"{p:.4f}")]
            table.writerow([name, *cells, f"{agree[image]} of {len(answers.templates)}"])
