"""Learned rivals of zero-shot: a linear probe on few labelled images, and a supervised network on classes it never saw.

The probe is logistic regression on CLIP's image features (Radford et al. 2021, figure 6): with k labelled images per
class, fitted by L-BFGS, judged on images that no draw's fitting used. The supervised network is a backbone with frozen
features (``p1.supervised``; else CLIP's own image encoder) under a softmax over the classes that it was taught; it
cannot answer with another, and CLIP gets exactly the same images. Predictions go to ``p1/probe.json`` first.

study.json: ``probe`` has ``shots``, ``points`` (by number of shots ``accuracy``, its ``low`` and ``high`` over draws),
``zero_shot`` (on the same test images), ``crossing`` (the least shots that beat it, or null), ``draws``, ``test``
(images per draw), ``strength``. ``unseen`` has the accuracies ``clip`` and ``supervised`` on untaught classes' images,
``n``, the interval ``low`` to ``high`` of their difference over images, ``p`` (McNemar), the same two on taught classes
(``seen``), and the supervised network's mean confidence on the untaught (``confidence``). It is empty
where fewer than two classes can be taught; ``seen`` has nulls where no image of them is left.

Letters: B images, C classes, D width of the features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hw3lib import config
from hw3lib.metrics.bootstrap import mean_intervals
from hw3lib.metrics.paired_tests import mcnemar
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
    ``labels`` (B,), whole numbers below ``classes``, given ``features`` (B, D).
    """
    from scipy.optimize import minimize
    from scipy.special import logsumexp

    inputs = np.hstack([np.asarray(features, np.float64), np.ones((len(features), 1))])  # (B, D + 1)
    wanted = np.eye(classes)[labels]  # (B, C)

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(-1, classes)
        logits = inputs @ weights
        logs = logits - logsumexp(logits, axis=1, keepdims=True)
        shrunk = np.vstack([weights[:-1], np.zeros((1, classes))])
        gradient = strength * inputs.T @ (np.exp(logs) - wanted) + shrunk
        return float(-strength * (logs * wanted).sum() + (shrunk**2).sum() / 2), gradient.ravel()

    start = np.zeros(inputs.shape[1] * classes)
    found = minimize(
        loss, start, jac=True, method="L-BFGS-B", options={"maxiter": iterations, "maxfun": 2 * iterations}
    )
    weights: Floats = found.x.reshape(-1, classes)
    return weights


def answer(weights: Floats, features: NDArray[Any]) -> tuple[Ints, Floats]:
    """The likeliest class of each image ``(B,)`` and its probability ``(B,)``."""
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


def predict(profile: config.Profile, classifier: Classifier, template: str, device: str = "cpu") -> dict[str, Any]:
    """What probe.json holds: by draw the test images and what each number of shots made of them, and ``unseen``."""
    known = np.array([image for image, true in enumerate(classifier.truth) if true is not None])
    truth = np.array([true for true in classifier.truth if true is not None])
    images = classifier.images.numpy()[known]
    zero = classifier.probabilities(template).argmax(-1).numpy()[known]
    # A fifth of the smallest class, one image at the least, is left to test on.
    smallest = int(np.bincount(truth)[np.unique(truth)].min())
    shots = [count for count in SHOTS if count <= smallest - max(1, smallest // 5)]
    rng, draws = np.random.default_rng(profile.seed), []
    for _ in range(DRAWS if shots else 0):
        pools, test = draw(truth, shots[-1], rng)
        given = {}
        for count in shots:
            train = np.concatenate([pool[:count] for pool in pools])
            given[str(count)] = answer(fit(images[train], truth[train], len(classifier.ids)), images[test])[0].tolist()
        draws.append({"test": test.tolist(), "given": given})
    return {
        "truth": truth.tolist(), "zero_shot": zero.tolist(), "template": template, "draws": draws,
        "labels": [classifier.names[place] for place in range(len(classifier.ids))],
        "unseen": _unseen(profile, classifier, known, truth, device),
    }  # fmt: skip


def _unseen(profile: config.Profile, classifier: Classifier, known: Ints, truth: Ints, device: str) -> dict[str, Any]:
    """A head that is taught half of the classes on half of their images; its answers to all other images."""
    present = np.unique(truth)
    rng = np.random.default_rng(profile.seed)
    taught = np.sort(rng.permutation(present)[: len(present) // 2])
    pools = [rng.permutation(np.flatnonzero(truth == label)) for label in taught]
    train = np.concatenate([pool[: (len(pool) + 1) // 2] for pool in pools] or [np.empty(0, np.int64)]).astype(np.int64)
    test = np.setdiff1d(np.arange(len(truth)), train)
    if len(taught) < 2:
        return {}
    features, network = network_features(profile, classifier, [classifier.data.paths[image] for image in known], device)
    mean, spread = features[train].mean(0), features[train].std(0) + 1e-6
    scaled = (features - mean) / spread / np.sqrt(features.shape[1])  # of about unit length
    weights = fit(scaled[train], np.searchsorted(taught, truth[train]), len(taught))
    best, sure = answer(weights, scaled[test])
    return {
        "network": network, "taught": taught.tolist(), "train": len(train), "test": test.tolist(),
        "given": taught[best].tolist(), "confidence": [round(float(value), 6) for value in sure],
    }  # fmt: skip


def network_features(
    profile: config.Profile, classifier: Classifier, files: Sequence[Path], device: str = "cpu"
) -> tuple[NDArray[Any], str]:
    """The supervised network's pooled features of image files ``(B, D)``, and what it is called.

    Without one in the profile, or where its weights are not to be had, CLIP's image features stand in, and the name
    says so.
    """
    own = [path.name for path in classifier.data.paths]
    stand_in = classifier.images.numpy()[[own.index(path.name) for path in files]]
    if profile.p1.supervised is None:
        return stand_in, "CLIP's image encoder"
    try:
        return _backbone(profile.p1.supervised, files, device), profile.p1.supervised.name
    except UserError as error:
        return stand_in, f"CLIP's image encoder, since {error}"


def _backbone(encoder: config.Encoder, files: Sequence[Path], device: str, batch: int = 64) -> NDArray[Any]:
    """A timm backbone's features, pooled as timm pools them before a classifier: ``(B, D)``."""
    from concurrent.futures import ThreadPoolExecutor

    import torch
    from timm.data import resolve_model_data_config

    from hw3lib.data.images import open_image
    from hw3lib.data.transform import ImageTransform
    from hw3lib.models.encoder import create_encoder, input_size

    device = devices.choose(device)
    model = create_encoder(encoder).eval().to(device)
    told = resolve_model_data_config(model)
    transform = ImageTransform(input_size(model, encoder), encoder.mean or told["mean"], encoder.std or told["std"])
    found = []
    with ThreadPoolExecutor(threads.count()) as pool, torch.inference_mode():
        pictures = threads.ahead(pool, lambda path: transform(open_image(path)), files, most=2 * batch)
        for start in range(0, len(files), batch):
            ready = torch.stack([next(pictures) for _ in files[start : start + batch]])  # (B, 3, h, w)
            found.append(model(ready.to(device)).float().cpu())
    features: NDArray[Any] = torch.cat(found).numpy()
    return features


def score(predictions: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """``probe`` and ``unseen`` of study.json, from the content of probe.json; empty where there were too few images."""
    truth, zero = np.array(predictions["truth"]), np.array(predictions["zero_shot"])
    found: dict[str, Any] = {"probe": {}, "unseen": {}}
    draws = predictions["draws"]
    if draws:
        tests = [np.array(each["test"]) for each in draws]
        zero_shot = float(np.mean([(zero[test] == truth[test]).mean() for test in tests]))
        points = []
        for shots in draws[0]["given"]:
            rates = [
                float((np.array(each["given"][shots]) == truth[test]).mean())
                for each, test in zip(draws, tests, strict=True)
            ]
            points.append(
                {"shots": int(shots), "accuracy": float(np.mean(rates)), "low": min(rates), "high": max(rates)}
            )
        crossing = next((each["shots"] for each in points if each["accuracy"] > zero_shot), None)
        found["probe"] = {
            "shots": [each["shots"] for each in points], "points": points, "zero_shot": zero_shot,
            "crossing": crossing, "draws": len(draws), "test": len(tests[0]), "strength": STRENGTH,
            "template": predictions["template"],
        }  # fmt: skip
    told = predictions["unseen"]
    if told:
        test, given = np.array(told["test"]), np.array(told["given"])
        new = ~np.isin(truth[test], told["taught"])  # images of classes that were not taught
        ours, theirs = zero[test] == truth[test], given == truth[test]
        low, high = mean_intervals(ours[new].astype(np.float64) - theirs[new], seed)
        gained, lost = int((ours & ~theirs)[new].sum()), int((theirs & ~ours)[new].sum())
        labels = predictions["labels"]
        untaught = sorted(set(truth.tolist()) - set(told["taught"]))
        found["unseen"] = {
            "clip": float(ours[new].mean()), "supervised": float(theirs[new].mean()), "n": int(new.sum()),
            "low": float(low[0]), "high": float(high[0]), "p": mcnemar(gained, lost),
            "confidence": float(np.array(told["confidence"])[new].mean()),
            "seen": {
                "clip": _mean(ours[~new]), "supervised": _mean(theirs[~new]), "n": int((~new).sum()),
            },
            "taught": len(told["taught"]), "train": told["train"], "network": told["network"],
            "classes": [labels[label] for label in untaught], "of": len(labels), "template": predictions["template"],
        }  # fmt: skip
    return found


def _mean(right: NDArray[np.bool_]) -> float | None:
    """The share of right answers; ``None`` where nothing was asked."""
    return float(right.mean()) if len(right) else None
