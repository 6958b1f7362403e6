"""The prompt study: templates compared on the same images, the factors of a prompt, ensembles, and learned rivals.

:func:`run` writes the answers first (``p1/study.safetensors`` and ``p1/probe.json``) and scores them from these files
into ``p1/study.json``, a :class:`~hw3lib.prompts.results.Study`.

Letters: K templates, I images, C classes, D width of the joint space.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hw3lib import config
from hw3lib.data.inputs import fingerprint
from hw3lib.models.clip_texts import text_files
from hw3lib.models.experiment import Experiment
from hw3lib.prompts import effects, ensembles, probe
from hw3lib.prompts.answers import Answers
from hw3lib.prompts.results import ProbeAnswers, Study, TemplateScores
from hw3lib.prompts.templates import PromptSet
from hw3lib.prompts.zero_shot import TOP, Classifier, unique_names
from hw3lib.system.errors import UserError
from hw3lib.system.messages import Say, silence
from hw3lib.system.provenance import Provenance
from hw3lib.system.results import load_current, read_result, write_result

if TYPE_CHECKING:
    from torch import Tensor

_AT_ONCE = 2**20  # probabilities at once: 4 MB, which stay in the processor's cache


def run(experiment: Experiment, say: Say = silence) -> Study:
    """Study the profile's own prompt set and those of ``p1.study``, into ``p1/study.json``; a current one is loaded.

    ``say`` is told how far it is. Raises :class:`UserError` when fewer than two images have a known label.
    """
    say("prompt study: reading the images")
    profile, data, folder = experiment.profile, experiment.labelled, experiment.folder / "p1"
    p1 = profile.require_labelled()
    sets = load_sets(p1)
    if sum(label is not None for label in data.truth) < 2:
        raise UserError(
            f"the study needs two images at the least that are named <label id>_<n>.png in {data.paths[0].parent}, or "
            "a folder of images for each class; without labels, p1.labelled: false shows what CLIP answers"
        )
    inputs = _inputs(experiment)
    current = load_current(folder / "study.json", Study, inputs, say)
    if current and all((folder / name).is_file() for name in ("study.safetensors", "probe.json")):
        return current
    say(f"prompt study, 1 of 3: CLIP answers {len(all_templates(sets))} templates on {len(data)} images")
    classifier = Classifier(experiment.require_clip("the prompt study asks"), data)
    predict(classifier, sets, classifier.texts(all_templates(sets)), profile.seed).write(folder / "study.safetensors")
    say("prompt study, 2 of 3: classifiers that learn from labelled images")
    learned = probe.predict(classifier, sets[0].classify_with, p1.supervised, profile.seed, experiment.device)
    write_result(folder / "probe.json", learned)
    say("prompt study, 3 of 3: accuracies, intervals and p-values")
    study = replace(rescore(folder, sets, profile.seed), provenance=Provenance.of(profile, profile.seed, inputs))
    write_result(folder / "study.json", study)
    say("computed: p1/study.json")
    return study


def _inputs(experiment: Experiment) -> str:
    """A hash of all that the study follows from."""
    profile = experiment.profile
    p1, clip = profile.require_labelled(), profile.require_clip("the prompt study asks")
    weights = p1.supervised.weights if p1.supervised else None
    files = [p1.id2label, p1.prompts, *p1.study, clip.model, clip.pretrained, weights, *text_files(clip)]
    data = experiment.labelled
    return fingerprint("hw3lib/prompts/study.py", [clip, p1, profile.seed, *data.folders], files, data.paths)


def rescore(folder: Path, sets: Sequence[PromptSet], seed: int) -> Study:
    """What follows from the answers in a folder, ``study.safetensors`` and ``probe.json``; without its origin."""
    learned = read_result(folder / "probe.json", ProbeAnswers)
    study = score(Answers.read(folder / "study.safetensors"), sets, seed)
    return replace(study, probe=probe.score(learned), unseen=probe.score_unseen(learned, seed))


def load_sets(p1: config.Labelled) -> list[PromptSet]:
    """The profile's own set, then those that are studied beside it; two of one name are told apart by their file."""
    sets: list[PromptSet] = []
    for spec in dict.fromkeys((p1.prompts, *p1.study)):
        prompts = PromptSet.load(spec)
        taken = prompts.name in {earlier.name for earlier in sets}
        sets.append(replace(prompts, name=f"{prompts.name} ({spec})") if taken else prompts)
    return sets


def all_templates(sets: Sequence[PromptSet]) -> list[str]:
    """The templates of all sets, each once."""
    return list(dict.fromkeys(template for prompts in sets for template in prompts.templates))


def predict(classifier: Classifier, sets: Sequence[PromptSet], features: Tensor, seed: int) -> Answers:
    """Answers of all templates, whose ``features`` (K, C, D) are those of :func:`all_templates`, and of ensembles.

    Only images whose class is known are kept.
    """
    import torch

    labelled, truth = classifier.labelled, torch.from_numpy(classifier.classes)
    templates, half = all_templates(sets), ensembles.chosen_on(classifier.classes, seed)
    choosing = torch.from_numpy(half)
    images = classifier.images[labelled][choosing]
    means = ensembles.build(sets, templates, features, images, truth[choosing], classifier.clip.logit_scale)
    rows = torch.cat([features, *(of_mean[None] for _, of_mean in means)])
    chunk = max(1, _AT_ONCE // (len(classifier.images) * len(classifier.ids)))
    classes, probabilities, true = [], [], []
    for part in rows.split(chunk):
        logs = classifier.log_probabilities(part)[:, labelled]  # (K, I, C)
        top = logs.topk(min(TOP, logs.shape[-1]))
        classes.append(top.indices.int())
        probabilities.append(top.values.exp())
        true.append(logs.gather(-1, truth.expand(len(part), -1)[..., None])[..., 0])
    titles = unique_names(classifier.data.labels)
    return Answers(
        classes=torch.cat(classes).numpy(), probabilities=torch.cat(probabilities).numpy(),
        true=torch.cat(true).numpy(), truth=classifier.classes, half=half,
        templates=templates, labels=[titles[label] for label in classifier.ids],
        images=[classifier.data.names[image] for image in labelled],
        ensembles=[ensemble for ensemble, _ in means],
        cut_names={template: len(names) for template in templates if (names := classifier.cut_names(template))},
    )  # fmt: skip


def score(answers: Answers, sets: Sequence[PromptSet], seed: int) -> Study:
    """Everything of the study that follows from the templates' answers alone: all but the learned rivals."""
    templates, baseline, right = answers.templates, sets[0].baseline, answers.right
    design = effects.Design.of(sets, templates, len(right))
    study = Study(
        images=len(answers.truth), labels=answers.labels, baseline=baseline,
        templates={
            template: TemplateScores(
                **vars(scores), **_origin(template, sets), cut_names=answers.cut_names.get(template, 0)
            )
            for template, scores in effects.scores(answers, baseline, seed).items()
        },
        factors=effects.factor_effects(right, design, seed),
        interactions=effects.effects(right, design.interactions(), seed),
        negation=effects.negation_effects(right, sets, templates, seed),
        halves=effects.halves(answers, sets, baseline, seed),
        ensemble=None,
        languages=list(dict.fromkeys(prompts.language for prompts in sets)),
    )  # fmt: skip
    best = study.ranked(templates)[0]
    return replace(
        study,
        ensemble=ensembles.judge(answers, baseline, best, seed),
        behind=effects.behind(study, answers, seed),
    )


def _origin(template: str, sets: Sequence[PromptSet]) -> dict[str, Any]:
    """The sets that have a template, its place in a design, and the accuracy that is published for it."""
    prompts = [prompt for prompt_set in sets for prompt in prompt_set.prompts if prompt.template == template]
    return {
        "sets": [prompt_set.name for prompt_set in sets if template in prompt_set.templates],
        "factors": dict(next((prompt.factors for prompt in prompts if prompt.factors), {})),
        "published": next((prompt.published for prompt in prompts if prompt.published is not None), None),
    }
