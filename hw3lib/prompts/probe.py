"""Learned rivals of zero-shot: a linear probe on few labelled images, and a supervised network on classes it never saw.

The probe is logistic regression on CLIP's image features (Radford et al. 2021, figure 6): with k labelled images per
class, fitted by L-BFGS, judged on images that no draw's fitting used. The supervised network is a backbone with frozen
features (``p1.supervised``; else CLIP's own image encoder) under a softmax over the classes that it was taught; it
cannot answer with another, and CLIP gets exactly the same images. Answers go to ``p1/probe.json`` first.

Letters: I images, C classes, D width of the features.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hw3lib import config
from hw3lib.metrics.bootstrap import mean_intervals
from hw3lib.metrics.paired_tests import mcnemar
from hw3lib.prompts.results import Accuracies, Draw, ProbeAnswers, ProbeStudy, Shots, UnseenAnswers, UnseenStudy
from hw3lib.system import devices, threads
from hw3lib.system.errors import UserError

if TYPE_CHECKING:
    from hw3lib.prompts.zero_shot import Classifier

SHOTS = (1, 2, 4, 8, 16)  # labelled images per class
DRAWS = 5
STRENGTH = 10.0  # weight of the likelihood's sum against half the squared norm, for features of unit length
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def fit(
    features: NDArray[Any], labels: Ints, classes: int, strength: float = STRENGTH, iterations: int = 200
) -> Floats:
    """Logistic regression by L-BFGS: weights ``(D + 1, C)``, the last row the intercept, which isn't shrunk.

    It minimises half the squared norm of the weights plus ``strength`` times the summed negative log-likelihood of
    ``labels`` (I,), whole numbers below ``classes``, given ``features`` (I, D).
    """
    from scipy.optimize import minimize
    from scipy.special import logsumexp

    inputs = np.hstack([np.asarray(features, np.float64), np.ones((len(features), 1))])  # (I, D + 1)
    wanted = np.eye(classes)[labels]  # (I, C)

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(-1, classes)
        logits = inputs @ weights
        logs = logits - logsumexp(logits, axis=1, keepdims=True)
        shrunk = np.vstack([weights[:-1], np.zeros((1, classes))])
        gradient = strength * inputs.T @ (np.exp(logs) - wanted) + shrunk
        return float(-strength * (logs * wanted).sum() + (shrunk**2).sum() / 2), gradient.ravel()

    start = np.zeros(inputs.shape[1] * classes)
    optimum = minimize(
        loss, start, jac=True, method="L-BFGS-B", options={"maxiter": iterations, "maxfun": 2 * iterations}
    )
    weights: Floats = optimum.x.reshape(-1, classes)
    return weights


def answer(weights: Floats, features: NDArray[Any]) -> tuple[Ints, Floats]:
    """The likeliest class of each image ``(I,)`` and its probability ``(I,)``."""
    from scipy.special import softmax

    chances = softmax(np.asarray(features, np.float64) @ weights[:-1] + weights[-1], axis=1)
    best = chances.argmax(1)
    return best, chances[np.arange(len(best)), best]


def draw(truth: Ints, most: int, rng: np.random.Generator) -> tuple[list[Ints], Ints]:
    """A draw: for each class up to ``most`` images in random order, of which fitting takes the first; and the rest."""
    pools, rest = [], []
    for label in np.unique(truth):
        images = rng.permutation(np.flatnonzero(truth == label))
        pools.append(images[:most])
        rest.append(images[most:])
    return pools, np.concatenate(rest)


def predict(
    classifier: Classifier, template: str, supervised: config.Encoder | None, seed: int, device: str = "cpu"
) -> ProbeAnswers:
    """By draw the test images and what each number of shots made of them; and the supervised network's answers."""
    labelled, truth = classifier.labelled, classifier.classes
    images = classifier.images.numpy()[labelled]
    # A fifth of the smallest class, one image at the least, is left to test on.
    sizes = np.bincount(truth)[np.unique(truth)]
    most = int(sizes.min()) - max(1, int(sizes.min()) // 5) if len(sizes) > 1 else 0
    shots = [count for count in SHOTS if count <= most]
    rng, draws = np.random.default_rng(seed), []
    for _ in range(DRAWS if shots else 0):
        pools, test = draw(truth, shots[-1], rng)
        given = {}
        for count in shots:
            train = np.concatenate([pool[:count] for pool in pools])
            weights = fit(images[train], truth[train], len(classifier.ids))
            given[str(count)] = answer(weights, images[test])[0].tolist()
        draws.append(Draw(test.tolist(), given))
    return ProbeAnswers(
        truth=truth.tolist(), zero_shot=classifier.probabilities(template).argmax(-1).numpy()[labelled].tolist(),
        template=template, draws=draws, labels=classifier.names,
        unseen=_predict_unseen(classifier, supervised, seed, device),
    )  # fmt: skip


def _predict_unseen(
    classifier: Classifier, supervised: config.Encoder | None, seed: int, device: str
) -> UnseenAnswers | None:
    """A head that is taught half of the classes on half of their images; its answers to all other images."""
    truth, rng = classifier.classes, np.random.default_rng(seed)
    present = np.unique(truth)
    taught = np.sort(rng.permutation(present)[: len(present) // 2])
    if len(taught) < 2:
        return None
    pools = [rng.permutation(np.flatnonzero(truth == label)) for label in taught]
    train = np.concatenate([pool[: (len(pool) + 1) // 2] for pool in pools])
    test = np.setdiff1d(np.arange(len(truth)), train)
    features, network = network_features(classifier, classifier.labelled, supervised, device)
    mean, spread = features[train].mean(0), features[train].std(0) + 1e-6
    scaled = (features - mean) / spread / np.sqrt(features.shape[1])  # of about unit length
    weights = fit(scaled[train], np.searchsorted(taught, truth[train]), len(taught))
    best, confidence = answer(weights, scaled[test])
    return UnseenAnswers(
        network=network, taught=taught.tolist(), train=len(train), test=test.tolist(), given=taught[best].tolist(),
        confidence=[round(float(value), 6) for value in confidence],
    )  # fmt: skip


def network_features(
    classifier: Classifier, images: Sequence[int], supervised: config.Encoder | None, device: str = "cpu"
) -> tuple[NDArray[Any], str]:
    """The supervised network's pooled features of some of the classifier's images ``(I, D)``, and what it is called.

    Without one in the profile, or where its weights are not to be had, CLIP's image features stand in, and the name
    says so.
    """
    stand_in = "CLIP's image encoder"
    if supervised is not None:
        try:
            return _backbone(supervised, [classifier.data.paths[image] for image in images], device), supervised.name
        except UserError as error:
            stand_in += f", since {error}"
    return classifier.images.numpy()[list(images)], stand_in


def _backbone(encoder: config.Encoder, files: Sequence[Path], device: str, batch: int = 64) -> NDArray[Any]:
    """A timm backbone's features, pooled as timm pools them before a classifier: ``(I, D)``."""
    import torch
    from timm.data import resolve_model_data_config

    from hw3lib.data.images import open_image
    from hw3lib.data.transform import ImageTransform
    from hw3lib.models.encoder import create_encoder, input_size

    device = devices.choose(device)
    model = create_encoder(encoder).eval().to(device)
    defaults = resolve_model_data_config(model)
    mean, std = encoder.mean or defaults["mean"], encoder.std or defaults["std"]
    transform = ImageTransform(input_size(model, encoder), mean, std, crop_mode=encoder.crop_mode)
    features = []
    with ThreadPoolExecutor(threads.count()) as pool, torch.inference_mode():
        pictures = threads.ahead(pool, lambda path: transform(open_image(path)), files, most=2 * batch)
        for start in range(0, len(files), batch):
            ready = torch.stack([next(pictures) for _ in files[start : start + batch]])  # (I, 3, h, w)
            features.append(model(ready.to(device)).float().cpu())
    whole: NDArray[Any] = torch.cat(features).numpy()
    return whole


def score(answers: ProbeAnswers) -> ProbeStudy | None:
    """The linear probe beside zero-shot; ``None`` where there were too few images."""
    if not answers.draws:
        return None
    truth, zero = np.array(answers.truth), np.array(answers.zero_shot)
    tests = [np.array(draw.test) for draw in answers.draws]
    zero_shot = float(np.mean([(zero[test] == truth[test]).mean() for test in tests]))
    points = []
    for shots in answers.draws[0].given:
        rates = [
            float((np.array(draw.given[shots]) == truth[test]).mean())
            for draw, test in zip(answers.draws, tests, strict=True)
        ]
        points.append(Shots(int(shots), float(np.mean(rates)), min(rates), max(rates)))
    return ProbeStudy(
        shots=[point.shots for point in points], points=points, zero_shot=zero_shot,
        crossing=next((point.shots for point in points if point.accuracy > zero_shot), None),
        draws=len(tests), test=len(tests[0]), strength=STRENGTH, template=answers.template,
    )  # fmt: skip


def score_unseen(answers: ProbeAnswers, seed: int) -> UnseenStudy | None:
    """CLIP and the supervised network on the same images; ``None`` where too few classes could be taught."""
    unseen = answers.unseen
    if unseen is None:
        return None
    truth, zero = np.array(answers.truth), np.array(answers.zero_shot)
    test = np.array(unseen.test)
    new = ~np.isin(truth[test], unseen.taught)  # images of classes that were not taught
    clip, network = zero[test] == truth[test], np.array(unseen.given) == truth[test]
    low, high = mean_intervals(clip[new].astype(np.float64) - network[new], seed)
    return UnseenStudy(
        clip=float(clip[new].mean()), supervised=float(network[new].mean()), n=int(new.sum()),
        low=float(low[0]), high=float(high[0]),
        p=mcnemar(int((clip & ~network)[new].sum()), int((network & ~clip)[new].sum())),
        confidence=float(np.array(unseen.confidence)[new].mean()),
        seen=Accuracies(_mean(clip[~new]), _mean(network[~new]), int((~new).sum())),
        taught=len(unseen.taught), train=unseen.train, network=unseen.network,
        classes=[answers.labels[label] for label in sorted(set(answers.truth) - set(unseen.taught))],
        of=len(answers.labels), template=answers.template,
    )  # fmt: skip


def _mean(right: NDArray[np.bool_]) -> float | None:
    """The share of right answers; ``None`` where nothing was asked."""
    return float(right.mean()) if len(right) else None
