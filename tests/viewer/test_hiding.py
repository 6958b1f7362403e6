"""Patches that are hidden from the decoder: what it says without them, and the row below the live viewer."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from hw3lib.attention.maps import CaptionAttention, attend, remember, view_maps, without
from hw3lib.config import Profile
from hw3lib.data.tokenizer import load_or_train
from hw3lib.models.captioner import Captioner, Memory
from hw3lib.models.experiment import Experiment
from hw3lib.models.inference import LoadedRun
from hw3lib.system.errors import UserError
from hw3lib.viewer.explorer import AttentionExplorer
from hw3lib.viewer.hiding import _HINT


@pytest.fixture
def loaded(tiny_profile: Profile) -> LoadedRun:
    torch.manual_seed(0)
    tokenizer, run = load_or_train(tiny_profile.captions), tiny_profile.run("best")
    model = Captioner(run, tokenizer.size).eval()
    return LoadedRun(model, tokenizer, model.transform(train=False), run, Path())


@pytest.fixture
def images(tiny_profile: Profile) -> list[Path]:
    return Experiment.open(tiny_profile).photographs


def test_hidden_patches_are_no_keys_of_the_decoder(loaded: LoadedRun, images: list[Path]) -> None:
    attention = attend(loaded, images[0], "a red square")
    memory = remember(loaded, attention)
    whole = without(loaded, attention, memory, ())
    expected = [attention.probability(word) for word in attention.words]
    assert whole.probabilities[0] is None
    assert whole.probabilities[1:] == pytest.approx(expected[1:])
    assert whole.caption == attend(loaded, images[0]).caption

    some = without(loaded, attention, memory, {0, 3})
    assert some.probabilities[1:] != pytest.approx(whole.probabilities[1:])
    tokens = memory.tokens.clone()
    tokens[:, [0, 3]] = 1e3  # whatever stands there is not read
    changed = without(loaded, attention, memory._replace(tokens=tokens), {0, 3})
    assert changed == some
    assert without(loaded, attention, memory._replace(tokens=tokens), {0}) != without(loaded, attention, memory, {0})

    with pytest.raises(UserError, match="one patch must stay"):
        without(loaded, attention, memory, range(memory.tokens.shape[1]))


def test_the_row_says_what_the_model_makes_of_it_and_goes_back(loaded: LoadedRun, images: list[Path]) -> None:
    box = AttentionExplorer(loaded, images)
    viewer, hiding = box.viewer, box.hiding
    assert viewer.hides
    assert (hiding.result.value, hiding.undo.disabled, hiding.restore.disabled) == (_HINT, True, True)
    viewer.hidden = [2, 2, -1, 10**6, 1]
    assert viewer.hidden == [2, 1]
    now = without(loaded, box.attention, remember(loaded, box.attention), [2, 1])
    assert f'2 patches hidden. The model would now say: <b dir="auto">{now.caption}</b>' in hiding.result.value
    for value in now.probabilities[1:]:
        assert f"{value:.2f}" in hiding.result.value
    hiding.undo.click()
    assert viewer.hidden == [2]
    assert "1 patch hidden" in hiding.result.value
    hiding.restore.click()
    assert (viewer.hidden, hiding.result.value) == ([], _HINT)


def test_the_strongest_patches_of_the_word_go_one_after_the_other(loaded: LoadedRun, images: list[Path]) -> None:
    box = AttentionExplorer(loaded, images)
    box.viewer.word = 0
    box.hiding.strongest.click()
    assert box.viewer.hidden == []  # [BOS] has no map
    box.viewer.word, box.viewer.layer, box.viewer.head = 2, 0, 1
    for _ in range(3):
        box.hiding.strongest.click()
    order = np.argsort(-view_maps(box.attention, box.viewer.view)[2].ravel(), kind="stable")
    assert box.viewer.hidden == order[:3].tolist()


def test_with_all_patches_hidden_a_sentence_says_that_one_must_stay(loaded: LoadedRun, images: list[Path]) -> None:
    box = AttentionExplorer(loaded, images)
    box.viewer.hidden = list(range(box.attention.grid[0] * box.attention.grid[1]))
    assert "one patch must stay" in box.hiding.result.value


def test_another_photograph_has_nothing_hidden_and_a_memory_of_its_own(
    loaded: LoadedRun, images: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    remembered: list[str] = []

    def noted(run: LoadedRun, attention: CaptionAttention) -> Memory:
        remembered.append(attention.name)
        return remember(run, attention)

    monkeypatch.setattr("hw3lib.viewer.hiding.remember", noted)
    box = AttentionExplorer(loaded, images)
    for hidden in ([0], [0, 1]):
        box.viewer.hidden = hidden
    box.picture.value = 3
    assert (box.viewer.hidden, box.hiding.result.value) == ([], _HINT)
    box.viewer.hidden = [0]
    assert remembered == [images[0].stem, images[3].stem], "a photograph is encoded once"
    expected = without(loaded, box.attention, remember(loaded, box.attention), [0])
    assert expected.caption in box.hiding.result.value
    assert all(f"{value:.2f}" in box.hiding.result.value for value in expected.probabilities[1:])


def test_words_are_data(loaded: LoadedRun, images: list[Path]) -> None:
    box = AttentionExplorer(loaded, images)
    hostile = dataclasses.replace(
        box.attention, words=tuple(dataclasses.replace(word, text="<img src=x>") for word in box.attention.words)
    )
    box.viewer.show_attention(hostile)
    box.viewer.hidden = [0]
    assert "<img" not in box.hiding.result.value
    assert "&lt;img src=x&gt;" in box.hiding.result.value
