from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from hw3lib import config
from hw3lib.data.labelled import load_labelled
from hw3lib.prompts import probe
from hw3lib.prompts.results import Accuracies, Draw, ProbeAnswers, Shots, UnseenAnswers
from hw3lib.prompts.zero_shot import Classifier
from tests.support.tiny_clip import ColourClip, write_colours


def clouds(seed: int = 0, each: int = 12, classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes), each)
    return rng.normal(size=(classes, 6))[labels] + 0.7 * rng.normal(size=(len(labels), 6)), labels


def objective(weights: torch.Tensor, features: np.ndarray, labels: np.ndarray, strength: float) -> torch.Tensor:
    logits = torch.from_numpy(features) @ weights[:-1] + weights[-1]
    loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(labels), reduction="sum")
    return strength * loss + weights[:-1].square().sum() / 2


def test_the_fit_is_where_torchs_own_optimiser_ends() -> None:
    features, labels = clouds()
    found = torch.from_numpy(probe.fit(features, labels, 4, strength=2.0, iterations=500)).requires_grad_()
    loss = objective(found, features, labels, 2.0)
    (gradient,) = torch.autograd.grad(loss, found)
    assert gradient.abs().max() < 0.02
    other = torch.zeros(7, 4, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([other], max_iter=500, tolerance_grad=1e-9, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        value = objective(other, features, labels, 2.0)
        value.backward()
        return value

    optimizer.step(closure)
    ended = objective(other, features, labels, 2.0).item()
    assert loss.item() == pytest.approx(ended, rel=1e-6)
    torch.testing.assert_close(found[:-1], other[:-1], atol=2e-3, rtol=0)


def test_more_images_make_a_better_classifier() -> None:
    features, labels = clouds(each=60)
    pools, test = probe.draw(labels, 32, np.random.default_rng(0))
    rates = []
    for shots in (1, 4, 32):
        train = np.concatenate([pool[:shots] for pool in pools])
        assert not set(train) & set(test)
        assert [int((labels[train] == label).sum()) for label in range(4)] == [shots] * 4
        best, sure = probe.answer(probe.fit(features[train], labels[train], 4), features[test])
        assert ((sure > 0.25) & (sure <= 1)).all()
        rates.append((best == labels[test]).mean())
    assert rates[0] < rates[1] <= rates[2]
    assert rates[2] > 0.8


def answers(taught: list[int]) -> ProbeAnswers:
    return ProbeAnswers(
        truth=[0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3],
        zero_shot=[0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 0],
        template="a {object}",
        labels=["ant", "bee", "cat", "dog"],
        draws=[
            Draw([0, 3, 6, 9], {"1": [1, 1, 1, 3], "2": [0, 1, 2, 3]}),
            Draw([2, 5, 8, 11], {"1": [0, 0, 0, 0], "2": [0, 1, 2, 0]}),
        ],
        unseen=UnseenAnswers(
            network="net", taught=taught, train=2, test=[1, 2, 4, 5, 6, 7, 8, 9, 10, 11],
            given=[0, 0, 1, 0, 0, 1, 1, 0, 0, 1], confidence=[0.5] * 4 + [0.75] * 6,
        ),
    )  # fmt: skip


def test_the_probe_is_scored_on_its_test_images_beside_zero_shot_on_the_same() -> None:
    found = probe.score(answers([0, 1]))
    assert found.shots == [1, 2]
    assert found.points[0] == Shots(1, accuracy=0.375, low=0.25, high=0.5)
    assert found.points[1].accuracy == pytest.approx((1 + 0.75) / 2)
    assert found.zero_shot == pytest.approx((1 + 0.5) / 2)
    assert found.crossing == 2
    assert found.draws == 2
    assert found.test == 4


def test_clip_and_the_network_are_compared_on_the_untaught_classes_images_alone() -> None:
    found = probe.score_unseen(answers([0, 1]), 0)
    assert found.n == 6
    assert found.clip == pytest.approx(5 / 6)
    assert found.supervised == 0
    assert found.low <= 5 / 6 <= found.high
    assert found.p == pytest.approx(2 * 0.5**5)
    assert found.confidence == 0.75
    assert found.classes == ["cat", "dog"]
    assert found.seen == Accuracies(clip=0.75, supervised=0.75, n=4)


def test_where_no_image_of_the_taught_classes_is_left_their_accuracy_is_not_known() -> None:
    whole = answers([0, 1])
    few = replace(whole.unseen, test=[6, 7, 8], given=[0, 0, 1], confidence=[0.5] * 3)
    found = probe.score_unseen(replace(whole, unseen=few), 0)
    assert found.seen == Accuracies(clip=None, supervised=None, n=0)
    assert found.n == 3


def classifier(folder: Path, per_class: int) -> Classifier:
    return Classifier(ColourClip(), load_labelled(*write_colours(folder / "p1", per_class)))  # type: ignore[arg-type]


def test_a_network_cannot_say_what_it_was_not_taught(tmp_path: Path) -> None:
    images, labels = write_colours(tmp_path / "p1", 12)
    for path in images.glob("12_*.png"):  # a fourth class, so that two are taught
        if int(path.stem.split("_")[1]) % 2:
            path.rename(images / f"7_{path.stem}.png")
    labels.write_text('{"3": "red", "5": "green", "12": "blue", "7": "blue too"}')
    asked = Classifier(ColourClip(), load_labelled(images, labels))  # type: ignore[arg-type]
    tiny = config.Encoder(
        name="vit_tiny_patch16_224", weights="none", image_size=32,
        arguments={"patch_size": 8, "embed_dim": 24, "depth": 1, "num_heads": 2},
    )  # fmt: skip
    unseen = probe.predict(asked, "a {object}", tiny, seed=0).unseen
    assert unseen.network == "vit_tiny_patch16_224"
    assert len(unseen.taught) == 2
    assert set(unseen.given) <= set(unseen.taught)
    assert len(unseen.test) + unseen.train == 36


def test_a_network_learns_from_features_of_any_scale() -> None:
    """A small feature tells the classes, a large one is noise; 16 images of each of four classes."""
    truth = np.repeat(np.arange(4), 16)
    noise = 1000 * np.random.default_rng(0).normal(size=len(truth))
    asked: Any = SimpleNamespace(
        labelled=list(range(64)), classes=truth, ids=list(range(4)), names=list("abcd"),
        images=torch.from_numpy(np.stack([0.001 * truth, noise], 1)), probabilities=lambda _: torch.eye(4)[truth],
    )  # fmt: skip
    unseen = probe.predict(asked, "a {object}", None, seed=0).unseen
    taught = np.isin(truth[unseen.test], unseen.taught)
    assert taught.sum() == 16
    assert (np.array(unseen.given)[taught] == truth[unseen.test][taught]).all()


def test_few_images_leave_some_to_test_on_and_very_few_make_no_probe(tmp_path: Path) -> None:
    for per_class, expected in ((1, []), (2, ["1"]), (5, ["1", "2", "4"])):
        found = probe.predict(classifier(tmp_path / str(per_class), per_class), "a {object}", None, seed=0)
        assert list(found.draws[0].given if found.draws else []) == expected
        assert bool(probe.score(found)) == bool(expected)
        assert probe.score_unseen(found, 0) is None  # of three classes one would be taught, which is no choice


def test_where_a_networks_weights_are_missing_clips_encoder_stands_in_and_says_so(tmp_path: Path) -> None:
    asked = classifier(tmp_path, 2)
    gone = config.Encoder(name="vit_tiny_patch16_224", weights=str(tmp_path / "gone.safetensors"))
    features, name = probe.network_features(asked, [0, 2, 5], gone)
    assert (features == asked.images.numpy()[[0, 2, 5]]).all()
    assert name.startswith("CLIP's image encoder, since there are no weights")
