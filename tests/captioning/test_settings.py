"""What a run sets, and in what two runs differ: over the whole configuration, field by field."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest

from hw3lib import config
from hw3lib.captioning.settings import differences, sentence, settings, side_by_side

PLAIN = config.Run(title="plain", encoder=config.Encoder(mean=(0.5, 0.5, 0.5)))
# Both kinds of run, since some fields only matter (and are only put into words) where a stage or a search is on.
RICH = config.Run(
    title="rich",
    encoder=config.Encoder(arguments={"depth": 2}, image_size=96),
    training=config.Training(schedule="cosine", stage_epochs=(2, 1), warmup_steps=5, frozen_epochs=2, ema_decay=0.9),
    self_critical=config.SelfCritical(epochs=2),
    decoding=config.Decoding(beams=3),
)


def another(name: str, value: Any) -> Any:
    """Some other value that the field may have."""
    special = {"precision": "float32", "mean": (0.1, 0.2, 0.3), "std": (0.1, 0.2, 0.3), "built_on": "other"}
    special |= {"schedule": "staged" if value == "cosine" else "cosine", "width": 16, "image_size": 128}
    special |= {"crop_mode": "squash", "optimizer": "muon", "trackers": ("tensorboard",), "start_from": "model"}
    if name in special or value is None:
        return special.get(name, 7)
    if isinstance(value, bool):
        return not value
    if isinstance(value, dict):
        return {**value, "new": [1, 2]}
    if isinstance(value, tuple):
        return (*value, 3)
    return f"{value}x" if isinstance(value, str) else value + 1 if isinstance(value, int) else value * 0.75 + 0.125


def changed(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every copy of a dataclass with a single field changed, at any depth, and that field's path."""
    for field in fields(node):
        value = getattr(node, field.name)
        if is_dataclass(value):
            yield from (
                (key, replace(node, **{field.name: below})) for key, below in changed(value, f"{path}{field.name}.")
            )
        else:
            yield path + field.name, replace(node, **{field.name: another(field.name, value)})


@pytest.mark.parametrize("run", [PLAIN, RICH], ids=["plain", "rich"])
def test_every_field_that_a_run_changes_shows(run: config.Run) -> None:
    seen = set()
    for path, other in changed(run):
        found = differences(other, run)
        if path in ("title", "built_on", "seeds", "training.trackers"):  # no number follows from them
            assert found == []
            continue
        ((difference),) = found  # one setting, and one field in it
        assert list(difference.values) == [path]
        assert difference.values[path][0] != difference.values[path][1]
        before = {setting.label: setting.words for setting in settings(run)}
        assert difference.words != before[difference.label], path
        assert sentence(found) == f"{difference.label}: {difference.words}"
        seen.add(path)
    assert len(seen) > 40
    assert seen == {key for setting in settings(run) for key in setting.values}


def test_what_differs_is_computed_from_the_settings() -> None:
    profile = config.load("hw3")
    best = profile.run("best")
    assert differences(best, best) == []
    swinv2 = sentence(differences(profile.run("swinv2"), best))
    assert "swinv2_base_window8_256, 256 px" in swinv2
    assert "feed-forward: 1024" in swinv2
    assert "learning rates: 1×10⁻⁵, constant, patience 1" in swinv2
    assert "jitter" not in swinv2
    vit = sentence(differences(profile.run("vit"), best))
    assert "colour jitter: none" in vit
    assert "0.5, 0.5, 0.5" in vit
    assert "rates" not in vit
    demo = config.load("demo")
    found = differences(demo.run("swin_base"), demo.run("best"))
    assert "(embed_dim 32, depths 2-2-2, num_heads 2-4-8), 112 px, weights from file swin_base.safetensors" in sentence(
        found
    )
    assert sentence(found).endswith("; feed-forward: 256; colour jitter: none")
    assert [difference.label for difference in found] == ["encoder", "mean / std", "feed-forward", "colour jitter"]
    assert set(found[-1].values) == {"jitter.brightness", "jitter.contrast", "jitter.saturation"}
    assert found[-1].values["jitter.contrast"] == (0.0, 0.4)


@pytest.mark.parametrize("name", ["demo", "smoke", "hw3"])
def test_every_run_differs_from_the_best_one_and_has_its_rows(name: str) -> None:
    profile = config.load(name)
    for run in profile.runs:
        assert bool(differences(profile.run(run), profile.run(profile.best_run))) == (run != profile.best_run)
        assert all(row.words not in ("", "None") for row in settings(profile.run(run)))


def test_a_run_is_told_in_words() -> None:
    words = {row.label: row.words for row in settings(RICH)}
    assert words["encoder"] == "swin_large_patch4_window7_224 (depth 2), 96 px, weights pretrained"
    assert words["mean / std"] == "the backbone's own / the backbone's own"
    assert words["decoder"] == "8 layers, 8 heads"
    assert words["attention dropout"] == "0.1"
    assert words["colour jitter"] == "none"
    assert words["output layer tied to the embeddings"] == "no"
    assert words["learning rates"] == "1×10⁻⁵, 3×10⁻⁶, 1×10⁻⁶, cosine decay to 0, 5 warm-up steps"
    assert words["encoder's learning rate"] == "the decoder's, after 2 epochs with a frozen encoder"
    assert words["gradients clipped by value"] == "−1 to 1"
    assert words["captions per step"] == "32, 1 per image"
    assert words["optimizer"] == "AdamW"
    assert words["moving average of the weights"] == "decay 0.9"
    critical = "2 epochs, 5 samples per image, 16 images per step, learning rate 1×10⁻⁵, frozen encoder"
    assert words["self-critical training"] == critical
    assert words["decoding"] == "beam search, 3 beams, length penalty 0.7"
    assert words["images at a validation, at most"] == "not set"
    words = {row.label: row.words for row in settings(PLAIN)}
    assert words["learning rates"] == "1×10⁻⁵, 3×10⁻⁶, 1×10⁻⁶ in turn, patience 1"
    assert words["encoder's learning rate"] == "the decoder's"
    assert words["self-critical training"] == "none"
    assert words["moving average of the weights"] == "none"
    assert words["decoding"] == "greedy"
    staged = replace(PLAIN, training=config.Training(learning_rates=(0.1,), stage_epochs=(4,), patience=2))
    words = {row.label: row.words for row in settings(staged)}
    assert words["learning rates"] == "0.1, constant, for at most 4 epochs, patience 2"
    two = replace(PLAIN, training=config.Training(learning_rates=(0.1, 0.01)))
    assert {row.label: row.words for row in settings(two)}["learning rates"] == "0.1, 0.01 in turn, patience 1"
    frozen = replace(PLAIN, encoder=config.Encoder(frozen=True))
    assert {row.label: row.words for row in settings(frozen)}[
        "encoder's learning rate"
    ] == "none: encoder frozen throughout"
    run = config.load("demo").run("plus")
    words = {row.label: row.words for row in settings(run)}
    assert words["encoder's learning rate"] == "none: encoder frozen throughout"
    assert words["epochs, at most"] == "5, then 2 of self-critical training"
    assert not [label for label in words if "." in label and "torch" not in label], "each field has words"


def test_a_difference_that_the_words_leave_out_is_told_by_its_key() -> None:
    other = replace(PLAIN, decoding=config.Decoding(length_penalty=1.0))
    assert sentence(differences(other, PLAIN)) == "decoding: greedy (decoding.length_penalty 1)"


def test_side_by_side_stands_only_what_differs() -> None:
    demo = config.load("demo")
    runs = [demo.run(name) for name in ("best", "swin_base", "plus")]
    assert [label for label, words in side_by_side(runs) if "\u200b" in "".join(words)] == ["encoder"], "it may break"
    rows = {label: [word.replace("\u200b", "") for word in words] for label, words in side_by_side(runs)}
    assert rows["encoder"][1:] == [
        "swin_tiny_patch4_window7_224 (embed_dim 32, depths 2-2-2, num_heads 2-4-8), 112 px, "
        "weights from file swin_base.safetensors",
        "",
    ]
    assert sum(bool(words[1]) for words in rows.values()) == len(differences(runs[1], runs[0])), "counted alike"
    assert rows["feed-forward"] == ["512", "256", ""]
    assert rows["decoding"] == ["greedy", "", "beam search, 3 beams, length penalty 0.7"]
    assert not {"decoder", "weight decay"} & set(rows)
    assert side_by_side([runs[0], runs[0]]) == side_by_side(runs[:1]) == []


def test_side_by_side_stands_what_the_words_leave_out() -> None:
    other, beams = (replace(PLAIN, decoding=config.Decoding(beams=n, length_penalty=1.0)) for n in (1, 2))
    told = "greedy (decoding.length_penalty 1)"
    beam = "beam search, 2 beams, length penalty 1"
    assert side_by_side([PLAIN, other, beams, PLAIN]) == [("decoding", ["greedy", told, beam, ""])]
