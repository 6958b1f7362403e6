"""Training: order, stages, optimizer groups, the log, resume after a real kill, and what comes out."""

from __future__ import annotations

import dataclasses
import json
import os
import pickle
import random
import re
import shutil
import subprocess
import textwrap
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from PIL import Image

from hw3lib import config
from hw3lib.data.captions import load_captions
from hw3lib.data.epoch_order import epoch_order
from hw3lib.data.language import Language
from hw3lib.data.loader import Loader, Pairs, load_images, padded
from hw3lib.data.predictions import variant
from hw3lib.data.stages import Stages
from hw3lib.data.tokenizer import load_or_train
from hw3lib.metrics.scoring import References
from hw3lib.models.captioner import Captioner
from hw3lib.models.experiment import Experiment
from hw3lib.models.inference import arithmetic, caption_images, load_run, unfamiliar
from hw3lib.models.packed_weights import int8_is_possible
from hw3lib.system.errors import Stopped, UserError
from hw3lib.system.files import read_json, write_json
from hw3lib.training import frozen_features, trainer
from hw3lib.training.checkpoints import read_facts, restore_state, save_state
from hw3lib.training.optimization import autocast, parameter_groups, unfused
from hw3lib.training.optimization import optimizer as optimizer_of
from hw3lib.training.run_files import identity, is_current, read_log, take_over
from hw3lib.training.validation import evaluate, next_token_loss
from tests.support.places import REAL, ROOT
from tests.support.processes import Process
from tests.support.shapes import write_captions
from tests.support.training import SCRIPT, endless, launch, launched, overlap, timeless, with_training

COLOURS = ("red", "green", "blue", "white")  # of the shapes in conftest.py


@pytest.fixture
def profile(tiny_profile: config.Profile, monkeypatch: pytest.MonkeyPatch) -> config.Profile:
    monkeypatch.setattr(trainer, "scorer", overlap)
    return tiny_profile


def test_an_epoch_visits_every_image_once_and_k_epochs_every_caption() -> None:
    counts = [5] * 7 + [3]
    epochs = [epoch_order(counts, 4, 2, seed=1, epoch=epoch) for epoch in range(6)]
    for steps in epochs:
        samples = [sample for step in steps for sample in step]
        assert sorted(sample.image for sample in samples) == list(range(8))
        assert all(len(sample.captions) == 2 for sample in samples)
    seen = {
        image: [c for e in epochs for s in e for v in s if v.image == image for c in v.captions] for image in range(8)
    }
    assert sorted(seen[0][:5]) == sorted(seen[0][5:10]) == [0, 1, 2, 3, 4]
    assert sorted(seen[7][:3]) == [0, 1, 2]
    assert epochs[0] != epochs[1]
    assert epoch_order(counts, 4, 2, seed=1, epoch=3) == epochs[3]
    assert epoch_order(counts, 4, 2, seed=2, epoch=3) != epochs[3]


def test_only_a_last_step_that_is_not_full_is_dropped() -> None:
    assert [len(step) for step in epoch_order([1] * 10, 4, 1, 0, 0)] == [4, 4]
    assert [len(step) for step in epoch_order([1] * 3, 4, 1, 0, 0)] == [3]
    assert [len(step) for step in epoch_order([1] * 8, 4, 1, 0, 0)] == [4, 4]


def test_images_in_memory_and_from_files_are_the_same(profile: config.Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    captions = profile.captions
    found = load_captions(captions.train_annotations, captions.train_images)
    transform = Captioner(profile.run("best"), 40).transform(train=False)
    inside, bad = load_images(found.paths, transform)
    assert inside.pixels is not None
    assert inside.pixels.shape == (24, 32, 32, 3)
    assert not bad
    monkeypatch.setattr("hw3lib.system.devices.memory", lambda: 1000)
    outside, _ = load_images(found.paths, transform)
    assert outside.pixels is None
    assert all(torch.equal(inside[index], outside[index]) for index in range(24))


def test_a_batch_pairs_each_image_with_its_captions(profile: config.Profile) -> None:
    found = load_captions(profile.captions.train_annotations, profile.captions.train_images)
    images, _ = load_images(found.paths, Captioner(profile.run("best"), 40).transform(train=False))
    tokenizer = load_or_train(profile.captions)
    pairs = Pairs(images, found.captions, tokenizer, max_length=24)
    steps = epoch_order([3] * 24, 4, 2, seed=0, epoch=0)
    for workers in (0, 1):
        batch, tokens = next(iter(Loader(pairs, workers).epoch(steps, 0)))
        assert batch.shape == (4, 3, 32, 32)
        for row, sample in enumerate(steps[0]):
            assert torch.equal(batch[row], images[sample.image])
            for place, caption in enumerate(sample.captions):
                assert (
                    tokenizer.decode(tokens[2 * row + place].tolist()) == found.captions[sample.image][caption].lower()
                )
    short = Pairs(images, found.captions, tokenizer, max_length=5)
    assert all(len(t) <= 5 and t[-1] == tokenizer.eos for group in short.tokens for t in group)


def test_the_next_rate_comes_when_both_scores_stop_rising() -> None:
    stages = Stages((3.0, 2.0, 1.0), patience=2)
    history = []
    for cider, clip in [(1, 1), (0, 2), (0, 2), (0, 2), (2, 0), (0, 0), (0, 0), (0, 0), (0, 0)]:
        history.append(stages.rate)
        stages.judge({"CIDEr": cider, "CLIPScore": clip})
    assert history == [3, 3, 3, 3, 2, 2, 2, 1, 1]
    assert stages.over


def test_without_a_clip_the_stages_watch_cider_alone() -> None:
    stages = Stages((2.0, 1.0), patience=1)
    for cider, stage in [(0.1, 0), (0.2, 0), (0.2, 1), (0.3, 1), (0.1, 2)]:
        stages.judge({"CIDEr": cider})
        assert stages.stage == stage
    assert stages.best == {"CIDEr": 0.3}


def test_a_profile_without_a_clip_trains_and_its_lines_say_cider_alone(
    profile: config.Profile, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def cider_alone(*given: object):
        score = overlap(*given)
        return lambda predictions: {"CIDEr": score(predictions)["CIDEr"]}

    with_clip = identity(profile, "best")
    profile = dataclasses.replace(with_training(profile, epochs=2), clip=None)
    assert identity(profile, "best") not in (with_clip, identity(dataclasses.replace(profile, seed=8), "best"))
    monkeypatch.setattr(trainer, "scorer", cider_alone)
    events: list[dict] = []
    trainer.train(profile, "best", on_validation=events.append)
    assert len(events) == 2
    assert all("CIDEr" in event and "CLIPScore" not in event for event in events)
    language, *lines = capsys.readouterr().out.strip().splitlines()
    assert language.startswith("best: captions in English (en, found")
    assert all("CIDEr" in line and "CLIPScore" not in line for line in lines)


def test_a_rate_has_no_more_than_its_budget_of_epochs() -> None:
    stages = Stages((3.0, 2.0, 1.0), patience=9, budget=(4, 3))
    history = []
    for score in range(9):  # rising all the time
        history.append(stages.rate)
        stages.judge({"CIDEr": score, "CLIPScore": 0}, epochs=2)
    assert history == [3, 3, 2, 2, 1, 1, 1, 1, 1]
    assert not stages.over


def test_the_last_rate_is_held_until_the_encoder_has_had_its_turn(profile: config.Profile) -> None:
    stages = Stages((2.0, 1.0), patience=1)
    for _ in range(4):
        stages.judge({"CIDEr": 0, "CLIPScore": 0}, hold=True)
    assert (stages.stage, stages.over) == (1, False)
    stages.judge({"CIDEr": 0, "CLIPScore": 0})
    assert stages.over
    # A rate of 0 learns nothing, so that no score rises after the first validation.
    target = trainer.train(with_training(profile, epochs=6, frozen_epochs=4, patience=1, learning_rates=(0.0,)), "best")
    assert [event["epoch"] for event in read_log(target) if event["event"] == "validation"] == [1, 2, 3, 4, 5]


def test_the_groups_are_a_partition_and_spare_what_should_not_decay(profile: config.Profile) -> None:
    model = Captioner(profile.run("best"), 40)
    groups = parameter_groups(model, 0.05, 0.25)
    assert sum(len(group["params"]) for group in groups) == len(list(model.parameters()))
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    for group in groups:
        for parameter in group["params"]:
            name = names[id(parameter)]
            spared = parameter.ndim < 2 or name in ("position.weight", "encoder.pos_embed", "encoder.cls_token")
            assert group["weight_decay"] == (0.0 if spared else 0.05), name
            assert group["scale"] == (0.25 if name.startswith("encoder.") else 1.0), name
    assert not any(group["muon"] for group in groups)
    with_muon = parameter_groups(model, 0.05, 0.25, muon=True)
    marked = {names[id(parameter)] for group in with_muon if group["muon"] for parameter in group["params"]}
    assert marked == {name for name in names.values() if re.match(r"(blocks|project)\..*", name)} & {
        names[id(parameter)] for parameter in model.parameters() if parameter.ndim == 2
    }
    model.encoder.requires_grad_(False)
    assert {group["scale"] for group in parameter_groups(model, 0.05, 0.25)} == {1.0}


def test_the_loss_is_the_mean_over_real_tokens() -> None:
    torch.manual_seed(0)
    tokens = padded([[2, 5, 6, 3], [2, 7, 3]], 0)
    logits = torch.randn(2, 3, 9)
    rows = logits.log_softmax(-1)
    by_hand = [rows[0, 0, 5], rows[0, 1, 6], rows[0, 2, 3], rows[1, 0, 7], rows[1, 1, 3]]
    assert float(next_token_loss(logits, tokens, 0)) == pytest.approx(-float(sum(by_hand)) / 5)
    assert float(next_token_loss(logits, tokens, 0, reduction="sum")) == pytest.approx(-float(sum(by_hand)))


def test_precision_is_what_was_asked_for() -> None:
    for precision, kind in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        with autocast(torch.device("cpu"), precision):
            assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == kind


def test_in_bfloat16_on_a_cpu_the_encoder_attends_unfused_to_the_same_effect(profile: config.Profile) -> None:
    vit = config.Encoder(
        name="vit_tiny_patch16_224",
        weights="none",
        arguments={"embed_dim": 32, "depth": 2, "num_heads": 2},
        image_size=64,
    )
    model = Captioner(dataclasses.replace(profile.run("best"), encoder=vit), 40)
    device, images = model.device, torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))

    def fused() -> list[bool]:
        return [module.fused_attn for module in model.encoder.modules() if hasattr(module, "fused_attn")]

    expected = model.features(images).patches
    with autocast(device, "float32"), unfused(model.encoder, device):
        assert fused() == [True, True]
    with pytest.raises(ZeroDivisionError), autocast(device, "bfloat16"), unfused(model.encoder, device):
        assert fused() == [False, False]
        torch.testing.assert_close(model.features(images).patches.float(), expected, rtol=0.05, atol=0.05)
        raise ZeroDivisionError
    assert fused() == [True, True]


def test_evaluation_captions_every_image_and_measures_the_loss(profile: config.Profile) -> None:
    found = load_captions(profile.captions.val_annotations, profile.captions.val_images)
    tokenizer = load_or_train(profile.captions)
    model = Captioner(profile.run("best"), tokenizer.size)
    images, _ = load_images(found.paths, model.transform(train=False))
    captions, loss, count = evaluate(model, images, found, tokenizer, range(2, 7), size=2)
    assert list(captions) == list(found.names[2:7])
    assert count == sum(len(tokenizer.encode(found.captions[index][0])) - 1 for index in range(2, 7))
    assert loss / count == pytest.approx(torch.tensor(tokenizer.size).log().item(), abs=0.3)  # knows nothing yet
    features = frozen_features.frozen(model, images, "float32", size=2)
    kept = evaluate(model, images, found, tokenizer, range(2, 7), size=2, features=features)
    assert kept == (captions, loss, count)


@pytest.mark.parametrize("name", ["adamw", "muon"])
def test_a_state_is_restored_to_the_bit_and_holds_no_pickle(name: str, profile: config.Profile, tmp_path: Path) -> None:
    def build() -> tuple[Captioner, torch.optim.Optimizer]:
        model = Captioner(profile.run("best"), 40)
        return model, optimizer_of(model, config.Training(optimizer=name, precision="float32"), 1.0)

    def step(model: Captioner, optimizer: torch.optim.Optimizer) -> None:
        for group in optimizer.param_groups:
            group["lr"] = 1e-3
        model(torch.randn(2, 3, 32, 32), torch.randint(4, 40, (2, 5))).square().mean().backward()
        optimizer.step()
        optimizer.zero_grad()

    model, optimizer = build()
    step(model, optimizer)
    save_state(tmp_path / "state.safetensors", model, optimizer, {"epoch": 3, "text": "ü"})
    step(model, optimizer)
    other, other_optimizer = build()
    restore_state(tmp_path / "state.safetensors", other, other_optimizer)
    for entry in optimizer.state_dict()["state"].values():
        assert {*entry} in ({"step", "momentum"}, {"step", "exp_avg", "exp_avg_sq"})
    step(other, other_optimizer)  # with the random numbers of the first one's second step
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, other.state_dict()[name]), name
    assert read_facts(tmp_path / "state.safetensors") == {"epoch": 3, "text": "ü"}
    with pytest.raises((pickle.UnpicklingError, RuntimeError, EOFError, ValueError)):
        torch.load(tmp_path / "state.safetensors", weights_only=False)


def test_a_state_that_cannot_be_read_is_as_none(tmp_path: Path) -> None:
    assert read_facts(tmp_path / "missing.safetensors") is None
    (tmp_path / "state.safetensors").write_bytes(b"\0" * 50)
    assert read_facts(tmp_path / "state.safetensors") is None


def test_a_run_learns_and_leaves_everything_that_is_promised(
    profile: config.Profile, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = with_training(profile, epochs=30, patience=40, learning_rates=(6e-3,))
    events: list[dict] = []
    target = trainer.train(profile, "best", on_validation=events.append)
    assert sorted(path.name for path in target.iterdir()) == [
        "best.safetensors", "config.yaml", "done.json", "log.jsonl", "predictions.json",
    ]  # fmt: skip
    log = read_log(target)
    validations = [event for event in log if event["event"] == "validation"]
    assert validations == events
    assert [event["epoch"] for event in events] == list(range(1, 31))
    assert events[-1]["train_loss"] < 0.3 * events[0]["train_loss"]
    assert events[-1]["val_loss"] < 0.5 * events[0]["val_loss"]
    for key in ("step", "stage", "learning_rate", "val_loss", "CLIPScore", "samples", "images_per_s", "seconds"):
        assert key in events[0]
    assert {event["event"] for event in log} == {"train", "validation"}

    predictions = json.loads((target / "predictions.json").read_text())
    assert list(predictions) == [f"val_{n:03d}" for n in range(8)]
    best = max(event["CIDEr"] + event["CLIPScore"] for event in events)
    captions = load_captions(profile.captions.val_annotations, profile.captions.val_images)
    assert sum(overlap(profile, captions, Language(), "cpu")(predictions).values()) == pytest.approx(best)
    colours = [next(word for word in group[0].split() if word in COLOURS) for group in captions.captions]
    right = sum(colour in text for colour, text in zip(colours, predictions.values(), strict=True))
    assert right >= 6  # of 8; one in four by chance
    done = json.loads((target / "done.json").read_text())
    assert done["provenance"]["seed"] == 7
    lines = capsys.readouterr().out.strip().splitlines()[1:]
    assert len(lines) == 30
    assert "epoch 30/30" in lines[-1]
    assert "finished" in lines[-1]
    assert "at most" in lines[0]

    assert is_current(profile, "best")
    before = (target / "best.safetensors").stat().st_mtime_ns
    again: list[dict] = []
    said: list[str] = []
    assert trainer.train(profile, "best", on_validation=again.append, say=said.append) == target
    assert said[-1].startswith(f"best, loaded: computed {done['provenance']['written'][:10]}")
    assert again == events  # told from the log
    assert (target / "best.safetensors").stat().st_mtime_ns == before

    loaded = load_run(profile, "best")
    found = caption_images(loaded, list(captions.paths), batch_size=3)
    assert {name: caption.text for name, caption in found.items()} == predictions
    for precision in ("auto", "bfloat16", "int8") if int8_is_possible(torch.device("cpu")) else ("auto", "bfloat16"):
        again_in = caption_images(loaded, list(captions.paths), batch_size=3, precision=precision)
        assert (again_in == found) == (precision == "auto")  # log-probabilities tell
        assert [*again_in] == [*found]
    with pytest.raises(UserError, match=r"int8 is for x86 processors, and the model is on cuda .* --device cpu"):
        arithmetic(torch.device("cuda"), "int8")
    with pytest.raises(UserError, match="no precision 'int4'; choose one of auto, float32, bfloat16, int8"):
        caption_images(loaded, list(captions.paths), precision="int4")


def test_a_finished_run_is_outdated_by_its_settings_and_its_files(profile: config.Profile) -> None:
    profile = with_training(profile, epochs=1)
    trainer.train(profile, "best")
    assert is_current(profile, "best")
    renamed = dataclasses.replace(profile, runs={"best": dataclasses.replace(profile.run("best"), title="other words")})
    assert is_current(renamed, "best")
    assert not is_current(with_training(profile, epochs=2), "best")
    assert not is_current(dataclasses.replace(profile, seed=8), "best")
    tokenizer = Path(profile.captions.tokenizer)
    tokenizer.write_text(tokenizer.read_text() + " ")
    assert not is_current(profile, "best")


def test_a_run_is_the_same_wherever_its_weights_lie(profile: config.Profile, tmp_path: Path) -> None:
    parts = ("encoder.safetensors", "clip.json", "clip.safetensors")

    def with_encoder(profile: config.Profile, weights: str) -> config.Profile:
        run = profile.run("best")
        encoder = dataclasses.replace(run.encoder, weights=weights)
        return dataclasses.replace(profile, runs={"best": dataclasses.replace(run, encoder=encoder)})

    def with_files_in(folder: Path) -> config.Profile:
        folder.mkdir()
        for part in parts:
            (folder / part).write_text(part)
        clip = config.Clip(model=str(folder / parts[1]), pretrained=str(folder / parts[2]))
        return dataclasses.replace(with_encoder(profile, str(folder / parts[0])), clip=clip)

    here, there = with_files_in(tmp_path / "here"), with_files_in(tmp_path / "there")
    assert identity(here, "best") == identity(there, "best")
    others = [with_encoder(here, name) for name in ("pretrained", "none")]
    for key in ("model", "pretrained"):
        others.append(dataclasses.replace(here, clip=dataclasses.replace(here.clip, **{key: "another"})))
    identities = [identity(other, "best") for other in others]
    for part in parts:
        identities.append(identity(here, "best"))
        (tmp_path / "here" / part).write_text("other content")
    assert len({*identities, identity(here, "best")}) == 8


def rewritten(profile: config.Profile, name: str, path: Path, key: str = "val_annotations") -> config.Profile:
    """The profile with another caption for one of its images, in a file at this path."""
    content = json.loads(Path(getattr(profile.captions, key)).read_text())
    numbers = [image["id"] for image in content["images"] if image["file_name"].startswith(name)]
    for annotation in content["annotations"]:
        if annotation["image_id"] in numbers:
            annotation["caption"] = "A red circle lies on the grass."
    path.write_text(json.dumps(content))
    return dataclasses.replace(profile, captions=dataclasses.replace(profile.captions, **{key: str(path)}))


def test_a_test_image_has_no_say_in_training_and_is_what_is_captioned_at_its_end(
    profile: config.Profile, tmp_path: Path
) -> None:
    captions = dataclasses.replace(profile.captions, test_share=0.5)
    profile = dataclasses.replace(profile, clip=None, captions=captions)
    profile = with_training(profile, learning_rates=(1e-2,), patience=8, epochs=8)
    experiment = Experiment(profile)
    names = {"test": experiment.reported.names[0], "validation": experiment.validation.names[0]}
    chosen = [profile, *(rewritten(profile, name, tmp_path / f"{which}.json") for which, name in names.items())]
    logs, scores = [], []
    for profile in chosen:
        folder = trainer.train(profile, "best", resume=False)
        logs.append(timeless(read_log(folder)))
        predictions = json.loads((folder / "predictions.json").read_text())
        assert list(predictions) == list(experiment.reported.names)
        told = Experiment(profile).reported
        scores.append(References(dict(zip(told.names, told.captions, strict=True))).cider(predictions)[0])
    for event in logs[0]:
        assert not set(event.get("samples", {})) & set(experiment.reported.names)
    assert logs[0] == logs[1] != logs[2], "a test caption changes nothing that training does, a validation caption does"
    assert scores[0] != scores[1]


def test_another_caption_of_a_test_image_trains_nothing_again(profile: config.Profile, tmp_path: Path) -> None:
    captions = dataclasses.replace(profile.captions, test_share=0.5)
    profile = dataclasses.replace(profile, captions=captions)
    experiment, file = Experiment(profile), tmp_path / "val.json"
    identities = []
    for name in ("none", experiment.reported.names[0], experiment.validation.names[0]):
        identities.append(identity(rewritten(profile, name, file), "best"))
    assert identities[0] == identities[1] != identities[2]


def test_a_variant_is_captioned_on_the_test_images_too(profile: config.Profile) -> None:
    captions = dataclasses.replace(profile.captions, test_share=0.5)
    profile = with_training(dataclasses.replace(profile, captions=captions), epochs=1, ema_decay=0.9)
    folder = trainer.train(profile, "best")
    assert list(json.loads(variant(folder, "raw").read_text())) == list(Experiment(profile).reported.names)


def test_test_images_in_a_file_of_their_own_are_captioned_and_count_in_the_runs_identity_by_their_names(
    profile: config.Profile, tmp_path: Path
) -> None:
    own = tmp_path / "tests"
    write_captions(own, "test", 3, 9)
    changes = {"test_annotations": str(own / "test.json"), "test_images": str(own / "images" / "test")}
    tested = dataclasses.replace(profile, captions=dataclasses.replace(profile.captions, **changes))
    tested = with_training(tested, epochs=1)
    folder = trainer.train(tested, "best")
    assert list(json.loads((folder / "predictions.json").read_text())) == ["test_000", "test_001", "test_002"]
    before = identity(tested, "best")
    assert before != identity(with_training(profile, epochs=1), "best")
    written = (own / "test.json").read_text()
    assert rewritten(tested, "test_000", own / "test.json", "test_annotations") == tested
    assert (own / "test.json").read_text() != written
    assert identity(tested, "best") == before, "another caption of a test image trains nothing again"
    content = json.loads(written)
    fewer = content | {key: content[key][:-1] for key in ("images", "annotations")}
    fewer["annotations"] = [one for one in content["annotations"] if one["image_id"] != content["images"][-1]["id"]]
    (own / "test.json").write_text(json.dumps(fewer))
    assert identity(tested, "best") != before, "its predictions are of other images"
    changes = {"test_annotations": profile.captions.train_annotations, "test_images": profile.captions.train_images}
    learned = dataclasses.replace(profile, captions=dataclasses.replace(profile.captions, **changes))
    with pytest.raises(UserError, match="others than the training images, but 24 images"):
        trainer.train(learned, "best")


def test_a_tokenizer_that_is_trained_again_outdates_nothing(profile: config.Profile) -> None:
    """As when the demo's data is drawn again: the same captions, and no tokenizer beside them."""
    profile = with_training(profile, epochs=1)
    folder = trainer.train(profile, "best")
    log = (folder / "log.jsonl").read_bytes()
    Path(profile.captions.tokenizer).unlink()
    trainer.train(profile, "best")
    assert (folder / "log.jsonl").read_bytes() == log
    assert Path(profile.captions.tokenizer).is_file()


def test_the_same_seed_gives_the_same_run_and_another_seed_another(profile: config.Profile) -> None:
    profile = with_training(profile, epochs=2)
    first = trainer.train(profile, "best")
    log, weights = timeless(read_log(first)), (first / "best.safetensors").read_bytes()
    trainer.train(profile, "best", resume=False)
    assert timeless(read_log(first)) == log
    assert (first / "best.safetensors").read_bytes() == weights
    trainer.train(dataclasses.replace(profile, seed=8), "best")
    assert timeless(read_log(first)) != log


def test_each_seed_of_a_run_is_a_training_of_its_own_and_the_first_is_that_of_a_single_one(
    profile: config.Profile,
) -> None:
    profile = with_training(profile, epochs=1)
    trainer.train(profile, "best")
    alone = identity(profile, "best")
    run = dataclasses.replace(profile.run("best"), seeds=2)
    several = dataclasses.replace(profile, name="several", runs={"best": run})
    folders = {training: trainer.train(several, training) for training in several.trainings("best")}
    home = config.folder(profile, "best").parents[1].parent / "several" / "p2" / "best"
    assert list(folders.values()) == [home / "seed_7", home / "seed_8"]
    assert identity(several, "best/seed_7") == alone
    assert identity(several, "best/seed_8") != alone
    first, second = (timeless(read_log(folder)) for folder in folders.values())
    assert first == timeless(read_log(config.folder(profile, "best")))
    assert first != second
    assert read_json(home / "seed_8" / "done.json")["provenance"]["seed"] == 8
    log = (home / "seed_7" / "log.jsonl").read_bytes()
    assert trainer.train(several, "best") == home / "seed_7"  # the run's name stands for its first training
    assert (home / "seed_7" / "log.jsonl").read_bytes() == log
    with pytest.raises(UserError, match="hw3 train best/seed_9"):
        read_log(home / "seed_9")


def test_a_finished_training_of_the_same_identity_is_taken_over_from_another_profile(profile: config.Profile) -> None:
    finished = config.folder(profile, "best")
    (finished / "variants").mkdir(parents=True)
    for name in ("best.safetensors", "predictions.json", "log.jsonl", "scores.json", "variants/raw.json"):
        (finished / name).write_text(name)
    write_json(finished / "done.json", {"identity": identity(profile, "best")})
    run = dataclasses.replace(profile.run("best"), seeds=2)
    several = dataclasses.replace(profile, name="several", runs={"best": run})
    other = with_training(dataclasses.replace(profile, name="other"), weight_decay=0.5)
    assert take_over(several, "best/seed_8") is take_over(other, "best") is None
    assert not config.folder(other, "best").exists()
    for taking in (several, dataclasses.replace(several, name=profile.name)):
        assert take_over(taking, "best/seed_7") in (finished, config.folder(several, "best"))
        assert is_current(taking, "best/seed_7")
        folder = config.folder(taking, "best/seed_7")
        assert (folder / "variants" / "raw.json").read_text() == "variants/raw.json"
        assert not (folder / "scores.json").exists(), "scores are made anew"
        assert f"profile: {taking.name}" in (folder / "config.yaml").read_text()
        assert take_over(taking, "best/seed_7") is None, "it is current now"
    (finished / "best.safetensors").unlink()
    shutil.rmtree(config.folder(several, "best"))
    assert take_over(dataclasses.replace(profile, name="third"), "best") == config.folder(
        dataclasses.replace(several, name=profile.name), "best"
    )


def test_a_run_killed_again_and_again_ends_as_if_nothing_had_happened(profile: config.Profile, tmp_path: Path) -> None:
    """With ``kill -9``: while the encoder is frozen, after, among the rewards, and at moments that chance picks."""
    run = dataclasses.replace(
        profile.run("best"),
        jitter=config.Jitter(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.0),
        self_critical=config.SelfCritical(epochs=4, samples=2, learning_rate=1e-3, encoder_rate_scale=1.0),
        decoding=config.Decoding(beams=2),
    )
    profile = with_training(
        dataclasses.replace(profile, runs={"best": run}),
        epochs=14, frozen_epochs=4, validate_every=2, stage_epochs=(6, 8), patience=100, warmup_steps=10,
        bucket_lengths=True, ema_decay=0.8, accumulate=2,
    )  # fmt: skip
    (tmp_path / "profile.json").write_text(json.dumps(dataclasses.asdict(profile)))
    code = textwrap.dedent(SCRIPT).format(root=str(ROOT), profile=str(tmp_path / "profile.json"))
    target = config.folder(profile, "best")
    log = target / "log.jsonl"

    chance = random.Random(os.getpid())

    def kill_after(validations: int, wait: float = 0.0) -> None:
        process = Process(endless(code, epoch=18))
        try:
            deadline = time.monotonic() + 400
            # A validation is in the log before its state is written: any moment of the two is fair.
            while not (log.is_file() and log.read_text().count('"validation"') >= validations):
                assert process.alive(), "it ended before it could be killed"
                assert time.monotonic() < deadline
                time.sleep(0.005)
            time.sleep(wait)
        finally:
            process.kill()
        assert not is_current(profile, "best")

    kill_after(1)
    kill_after(2, wait=chance.random() / 4)
    kill_after(4)
    kill_after(8, wait=chance.random() / 20)
    with log.open("a") as file:  # a line that the kill cut short
        file.write('{"event": "train", "step": 99999, "lo')

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        events: list[dict] = []
        trainer.train(profile, "best", on_validation=events.append)
        resumed, weights = timeless(read_log(target)), (target / "best.safetensors").read_bytes()
        predictions = (target / "predictions.json").read_bytes()
        variants = {path.name: path.read_bytes() for path in (target / "variants").iterdir()}
        assert [event["epoch"] for event in events] == list(range(2, 19, 2))
        assert [event["phase"] for event in events] == ["frozen"] * 2 + ["whole"] * 5 + ["self-critical"] * 2
        assert [event["stage"] for event in events][:7] == [1] * 3 + [2] * 4
        assert not (target / "last").exists()
        trainer.train(profile, "best", resume=False)
    finally:
        torch.set_num_threads(threads)
    assert timeless(read_log(target)) == resumed
    assert (target / "best.safetensors").read_bytes() == weights
    assert (target / "predictions.json").read_bytes() == predictions
    assert {path.name: path.read_bytes() for path in (target / "variants").iterdir()} == variants
    assert set(variants) == {"raw.json", "taught.json", "taught_beam.json", "critical.json"}


@pytest.mark.parametrize("frozen_epochs", [0, 1])
def test_the_encoder_learns_unless_it_is_frozen(profile: config.Profile, frozen_epochs: int) -> None:
    target = trainer.train(with_training(profile, epochs=1, frozen_epochs=frozen_epochs), "best")
    state = Captioner.load(target / "best.safetensors").state_dict()
    torch.manual_seed(profile.seed)
    start = Captioner(profile.run("best"), load_or_train(profile.captions).size).state_dict()
    moved = {name for name in state if not torch.equal(state[name], start[name])}
    assert any(name.startswith("encoder.") for name in moved) == (frozen_epochs == 0)
    assert {"embed.weight", "project.1.weight"} <= moved


def test_frozen_features_give_the_loss_that_the_images_give(profile: config.Profile) -> None:
    found = load_captions(profile.captions.val_annotations, profile.captions.val_images)
    model = Captioner(profile.run("best"), 40).eval()
    images, _ = load_images(found.paths, model.transform(train=False))
    batch, tokens = torch.stack([images[0], images[1]]), torch.randint(4, 40, (4, 6))
    torch.testing.assert_close(model(model.features(batch), tokens), model(batch, tokens))


def test_validations_come_as_often_as_asked_and_at_the_end(profile: config.Profile) -> None:
    target = trainer.train(with_training(profile, epochs=7, validate_every=3, frozen_epochs=2, patience=9), "best")
    assert [event["epoch"] for event in read_log(target) if event["event"] == "validation"] == [2, 3, 6, 7]


def test_a_state_of_other_settings_is_not_gone_on_with(profile: config.Profile) -> None:
    def stop(event: dict) -> None:
        if event["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trainer.train(with_training(profile, epochs=5), "best", on_validation=stop)
    target = trainer.train(with_training(profile, epochs=2, learning_rates=(1e-4,)), "best")
    assert [event["learning_rate"] for event in read_log(target) if event["event"] == "validation"] == [1e-4, 1e-4]


def test_an_unreadable_training_photograph_is_reported_and_left_out(
    profile: config.Profile, caption_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import shutil

    shutil.copytree(caption_folder, tmp_path / "p2")
    captions = dataclasses.replace(profile.captions, train_images=str(tmp_path / "p2" / "images" / "train"))
    profile = with_training(dataclasses.replace(profile, captions=captions), epochs=1)
    (tmp_path / "p2" / "images" / "train" / "train_003.jpg").write_bytes(b"broken")
    trainer.train(profile, "best")
    assert "left out: " in (out := capsys.readouterr().out)
    assert "train_003.jpg" in out
    for number in range(4, 9):
        (tmp_path / "p2" / "images" / "train" / f"train_{number:03d}.jpg").write_bytes(b"broken")
    with pytest.raises(UserError, match="6 of 24 photographs are unreadable"):
        trainer.train(profile, "best", resume=False)


def test_a_loss_that_explodes_stops_the_run(profile: config.Profile) -> None:
    with pytest.raises(UserError, match=r"the loss is .* lower learning rate"):
        trainer.train(with_training(profile, learning_rates=(1e30,), epochs=5), "best")


def test_an_untrained_run_names_the_command_that_trains_it(profile: config.Profile) -> None:
    with pytest.raises(UserError, match="hw3 train best --profile tiny"):
        load_run(profile, "best")
    with pytest.raises(UserError, match=r"no run 'bset'.*'best'"):
        load_run(profile, "bset")


def test_an_interrupted_training_is_a_line_that_says_how_far_it_came(
    profile: config.Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    def interrupt(event: dict) -> None:
        raise KeyboardInterrupt

    with pytest.raises(Stopped, match=r"^stopped; what was finished is kept \(best: step \d+, epoch 1\)$") as stopped:
        trainer.train(profile, "best", on_validation=interrupt, say=said.append)
    assert stopped.value._render_traceback_() == [f"{stopped.value}; to go on, run the cell again"]
    assert said[0] == "best: reading photographs"
    assert said[1].startswith("best: epoch 1, step 1 of ")


@pytest.mark.skipif(not REAL.is_dir(), reason="the real material is not beside the project")
def test_a_run_of_drawings_warns_of_real_photographs_and_one_of_photographs_does_not(profile: config.Profile) -> None:
    trainer.train(with_training(profile, epochs=1), "best")
    photograph = next((REAL / "flickr8k" / "images" / "val").iterdir())
    drawn = load_run(profile, "best")
    assert "drawings only" in unfamiliar(drawn, photograph)
    assert unfamiliar(drawn, Path(profile.captions.val_images)) == ""
    assert unfamiliar(load_run(dataclasses.replace(profile, data="real"), "best"), photograph) == ""


def test_captioning_a_folder_reports_or_refuses_what_it_cannot_read(profile: config.Profile, tmp_path: Path) -> None:
    trainer.train(with_training(profile, epochs=1), "best")
    loaded = load_run(profile, "best")
    for name in ("b", "a"):
        Image.new("RGB", (40, 30), "red").save(tmp_path / f"{name}.png")
    (tmp_path / "c.png").write_bytes(b"broken")
    paths = [tmp_path / f"{name}.png" for name in "bca"]
    with pytest.raises(UserError, match=r"c\.png"):
        caption_images(loaded, paths)
    noted: list[Path] = []
    found = caption_images(loaded, paths, on_unreadable=lambda path, problem: noted.append(path))
    assert list(found) == ["b", "a"]
    assert noted == [tmp_path / "c.png"]
    Image.new("RGB", (40, 30)).save(tmp_path / "a.jpg")
    with pytest.raises(UserError, match="two images are called 'a'"):
        caption_images(loaded, [*paths, tmp_path / "a.jpg"])


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_a_launchers_settings_do_not_change_a_training(precision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from accelerate.state import AcceleratorState

    for name, value in (
        ("MIXED_PRECISION", precision),
        ("GRADIENT_ACCUMULATION_STEPS", "4"),
        ("DYNAMO_BACKEND", "EAGER"),
    ):
        monkeypatch.setenv(f"ACCELERATE_{name}", value)
    AcceleratorState._reset_state(True)
    accelerator = trainer._accelerator({})
    assert (accelerator.mixed_precision, accelerator.gradient_accumulation_steps) == ("no", 1)
    assert accelerator.state.dynamo_plugin.backend.value == "NO"
    assert accelerator.scaler is None  # a loss that is scaled would have to be unscaled before gradients are clipped
    AcceleratorState._reset_state(True)


def test_a_peer_that_has_ended_is_told_in_a_sentence() -> None:
    broken = RuntimeError("[../gloo/transport/tcp/pair.cc:534] Connection closed by peer [127.0.0.1]:12345")
    with (
        pytest.raises(UserError, match="another process of this training has ended"),
        trainer._peers(SimpleNamespace(num_processes=2)),
    ):
        raise broken
    for error, processes in ((broken, 1), (RuntimeError("mat1 and mat2 cannot be multiplied"), 2)):
        with (
            pytest.raises(RuntimeError, match=str(error)[-8:]),
            trainer._peers(SimpleNamespace(num_processes=processes)),
        ):
            raise error


def test_memory_that_will_not_do_is_told_before_photographs_are_read(
    profile: config.Profile, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("hw3lib.system.devices.memory", lambda device="cpu": 2_000_000)
    monkeypatch.setattr(trainer, "load_images", lambda *_: pytest.fail("this is after it"))
    with pytest.raises(pytest.fail.Exception):
        trainer.train(profile, "best")
    advice = "this machine has 0.0: lower runs.best.training.batch_size (now 16), raise runs.best.training.accumulate"
    assert advice in capsys.readouterr().out


@pytest.mark.slow
def test_two_processes_are_one_at_the_same_global_batch(profile: config.Profile, tmp_path: Path) -> None:
    """The same losses, scores and captions, with nothing random in the run and float32; captions differ in length."""
    run = profile.run("best")
    still = dataclasses.replace(run, decoder=dataclasses.replace(run.decoder, dropout=0.0, attention_dropout=0.0))
    alone = with_training(
        dataclasses.replace(profile, runs={"best": still}),
        epochs=6, patience=9, frozen_epochs=2, ema_decay=0.8, precision="float32", learning_rates=(6e-3, 1e-3),
    )  # fmt: skip
    trainer.train(alone, "best")
    together = dataclasses.replace(alone, name="together")
    (tmp_path / "profile.json").write_text(json.dumps(dataclasses.asdict(together)))
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SCRIPT).format(root=str(ROOT), profile=str(tmp_path / "profile.json")))
    told = """
        from accelerate import PartialState
        state = PartialState()
        (Path(__file__).parent / f"process_{state.process_index}").write_text(str(state.num_processes))
    """  # each in a file of its own: what two processes print may stand in one line
    script.write_text(f"from pathlib import Path\n{script.read_text()}{textwrap.dedent(told)}")
    subprocess.run(launch(script), env=launched(TMPDIR=str(tmp_path)), check=True, timeout=550)
    assert {path.name: path.read_text() for path in tmp_path.glob("process_*")} == {"process_0": "2", "process_1": "2"}
    one, two = (config.folder(profile, "best") for profile in (alone, together))
    logs = [timeless(read_log(folder)) for folder in (one, two)]
    assert len(logs[0]) == len(logs[1]) > 10
    for expected, found in zip(*logs, strict=True):
        assert list(found) == list(expected)
        for key, value in expected.items():
            assert found[key] == (pytest.approx(value, rel=1e-4) if isinstance(value, float) else value), key
    said = [json.loads((folder / "predictions.json").read_text()) for folder in (one, two)]
    assert list(said[1]) == [f"val_{n:03d}" for n in range(8)]
    assert said[0] == said[1]


@pytest.mark.skipif(not REAL.is_dir(), reason="the real material is not beside the project")
def test_real_photographs_and_the_original_tokenizer_train_a_few_steps(profile: config.Profile) -> None:
    data = REAL / "flickr8k"
    captions = config.Captions(
        train_images=str(data / "images" / "train"),
        train_annotations=str(data / "train.json"),
        val_images=str(data / "images" / "val"),
        val_annotations=str(data / "val.json"),
        tokenizer=str(REAL / "caption_tokenizer.json"),
        limit_train=24,
        limit_val=8,
    )
    profile = with_training(
        dataclasses.replace(profile, captions=captions), epochs=2, captions_per_image=5, batch_size=40
    )
    log = [event for event in read_log(trainer.train(profile, "best")) if event["event"] == "validation"]
    assert log[1]["val_loss"] < log[0]["val_loss"] < 9.8  # the logarithm of 18,022: what knows nothing has
    assert len(json.loads((config.folder(profile, "best") / "predictions.json").read_text())) == 8
