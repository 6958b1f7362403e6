"""Profiles: the three that ship, inheritance between runs, and errors that help."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest
import yaml

from hw3lib import config, paths
from hw3lib.system.errors import UserError

MINIMAL = """
title: t
data: demo
seed: 1
clip: {}
p1: {images: a, id2label: b}
captions: {train_images: a, train_annotations: b, val_images: c, val_annotations: d, tokenizer: e}
p3: {images: f}
runs:
"""


PUBLISHED = ["best", "swin_base", "swinv2", "vit"]


def write(folder: Path, runs: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(MINIMAL + runs)
    return path


@pytest.mark.parametrize("name", ["demo", "smoke", "hw3"])
def test_every_shipped_profile_loads_and_has_the_published_runs_and_a_better_one(name: str) -> None:
    profile = config.load(name)
    assert profile.name == name
    assert [run for run in profile.runs if run != "plus_plain"] == [*PUBLISHED, "plus"]
    assert profile.data == ("real" if name == "hw3" else "demo")


@pytest.mark.parametrize("name", ["public", "coco"])
def test_the_profiles_of_public_data_have_the_published_settings_in_full_size(name: str) -> None:
    profile, full = config.load(name), config.load("hw3")
    for run in PUBLISHED:
        there, here = full.run(run), profile.run(run)
        assert (here.encoder, here.decoder, here.jitter) == (there.encoder, there.decoder, there.jitter)
        assert here.training.learning_rates == there.training.learning_rates


def test_hw3_is_the_published_table() -> None:
    runs = {name: config.load("hw3").run(name) for name in PUBLISHED}
    assert {name: run.encoder.name for name, run in runs.items()} == {
        "best": "swin_large_patch4_window7_224",
        "swin_base": "swin_base_patch4_window7_224",
        "swinv2": "swinv2_base_window8_256",
        "vit": "vit_base_patch8_224",
    }
    assert [run.decoder.feed_forward for run in runs.values()] == [2048, 1024, 1024, 1024]
    assert all((run.decoder.layers, run.decoder.heads) == (8, 8) for run in runs.values())
    assert all(run.decoder.attention_dropout == 0.1 and run.training.clip_value == 1 for run in runs.values())
    assert runs["best"].training.learning_rates == runs["vit"].training.learning_rates == (1e-5, 3e-6, 1e-6)
    assert runs["swinv2"].training.learning_rates == (1e-5,)
    strong, none = config.Jitter(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.0), config.Jitter()
    assert [run.jitter for run in runs.values()] == [strong, none, strong, none]
    half, imagenet = (0.5, 0.5, 0.5), (0.485, 0.456, 0.406)
    assert [run.encoder.mean for run in runs.values()] == [imagenet, half, imagenet, half]
    assert all(run.encoder.weights == "pretrained" for run in runs.values())


@pytest.mark.parametrize("name", ["demo", "smoke"])
def test_the_demo_differs_between_its_runs_where_the_real_profile_does(name: str) -> None:
    small, real = config.load(name).runs, config.load("hw3").runs
    for run in PUBLISHED:
        assert small[run].jitter == real[run].jitter
        assert (small[run].encoder.mean, small[run].encoder.std) == (real[run].encoder.mean, real[run].encoder.std)
        assert len(small[run].training.learning_rates) == len(real[run].training.learning_rates)
        assert (small[run].decoder.feed_forward == small["best"].decoder.feed_forward) == (
            real[run].decoder.feed_forward == real["best"].decoder.feed_forward
        )


@pytest.mark.parametrize("name", ["demo", "smoke", "hw3"])
def test_plus_has_every_component_in_every_profile_and_no_published_run_has_any(name: str) -> None:
    for run_name, run in config.load(name).runs.items():
        if run_name == "plus_plain":  # a step of the way from the best run to plus
            continue
        training = run.training
        found = (
            training.schedule == "cosine", training.label_smoothing > 0, training.ema_decay > 0,
            run.decoding.beams > 1, run.self_critical.epochs > 0,
        )  # fmt: skip
        assert set(found) == {run_name == "plus"}


def test_smoke_looks_with_the_demos_eyes() -> None:
    smoke, demo = config.load("smoke"), config.load("demo")
    assert all(run.encoder == demo.run(name).encoder for name, run in smoke.runs.items())
    assert smoke.clip.pretrained == demo.clip.pretrained


def test_like_takes_over_what_a_run_does_not_say(tmp_path: Path) -> None:
    profile = config.load(
        write(
            tmp_path,
            "  best: {title: b, encoder: {name: a, arguments: {x: 1}}, decoder: {layers: 3, width: 64}}\n"
            "  other: {like: best, title: o, encoder: {arguments: {y: 2}}, decoder: {layers: 2}}\n",
        )
    )
    other = profile.run("other")
    assert (other.encoder.name, other.encoder.arguments) == ("a", {"y": 2})
    assert (other.decoder.layers, other.decoder.width) == (2, 64)


@pytest.mark.parametrize(
    ("runs", "words"),
    [
        ("  best: {title: b, decoder: {layrs: 3}}\n", ["mine.yaml", "layrs", "did you mean 'layers'"]),
        ("  best: {title: b, decoding: {beems: 3}}\n", ["beems", "did you mean 'beams'"]),
        ("  best: {title: b, self_critical: {sampels: 3}}\n", ["sampels", "did you mean 'samples'"]),
        ("  best: {title: b, decoder: {layers: three}}\n", ["mine.yaml", "runs.best", "layers", "three"]),
        ("  best: {title: b, decoder: {layers: 0}}\n", ["layers", "greater than or equal to 1"]),
        ("  best: {title: b, like: bset}\n", ["runs.best.like", "bset"]),
        ("  best: {title: b, built_on: bset}\n", ["no run 'bset'", "did you mean 'best'"]),
        ("  best: {title: b, like: best}\n", ["runs.best.like"]),
        ("  bast: {title: b}\n", ["no run 'best'", "did you mean 'bast'"]),
        ("  best: {}\n", ["title", "missing"]),
    ],
)
def test_a_mistake_is_named_with_its_file_and_the_nearest_key(tmp_path: Path, runs: str, words: list[str]) -> None:
    with pytest.raises(UserError) as error:
        config.load(write(tmp_path, runs))
    for word in words:
        assert word in str(error.value)


def test_a_missing_profile_names_those_that_exist() -> None:
    with pytest.raises(UserError, match=r"did you mean 'demo'.*hw3"):
        config.load("demos")


def test_a_profile_may_do_without_a_clip_and_what_needs_one_says_so(tmp_path: Path) -> None:
    path = write(tmp_path, "  best: {title: b}\n")
    path.write_text(path.read_text().replace("clip: {}", "clip: null"))
    profile = config.load(path)
    assert profile.clip is None
    with pytest.raises(UserError, match=r"has no CLIP \(clip: null\), which P1 needs"):
        profile.require_clip("P1 needs")
    assert config.load("demo").require_clip("P1 needs") == config.load("demo").clip


def test_a_profile_may_do_without_labelled_images_and_captions(tmp_path: Path) -> None:
    path = write(tmp_path, "  best: {title: b}\n")
    captions = yaml.safe_load(MINIMAL)["captions"]
    raw = yaml.safe_load(path.read_text()) | {"data": "real", "captions": None, "runs": {}}
    raw["p3"]["model"] = "someone/captioner"

    def loaded(**changes) -> config.Profile:
        path.write_text(yaml.safe_dump(raw | changes))
        return config.load(path)

    profile = loaded()
    absent = {name for name, reason in profile.chapters.items() if reason}
    assert absent == {"p2_ablations"}
    with pytest.raises(UserError, match=r"has no captioned photographs \(captions: null\)"):
        profile.require_captions()
    assert "p1: null" in loaded(p1=None).chapters["p1_prompts"]
    alone = loaded(p1=raw["p1"] | {"labelled": False})
    assert (alone.unlabelled, alone.chapters["p1_prompts"]) == (True, "")
    assert (alone.prompt_results, profile.prompt_results) == ("p1/unlabelled.json", "p1/study.json")
    assert "labelled" not in config.settings_of(profile.p1), "what was computed keeps its identity"
    for changes, words in (
        ({"runs": {"best": {"title": "b"}}}, "a profile has both, or neither"),
        ({"data": "demo"}, "the demo draws all data"),
        (
            {"captions": captions, "runs": {"best": {"title": "b"}}},
            "p3.model is for a profile without",
        ),
    ):
        with pytest.raises(UserError, match=words):
            loaded(**changes)


def test_a_profile_that_extends_another_says_only_what_differs(tmp_path: Path) -> None:
    write(tmp_path, "  best: {title: b}\n  other: {title: o, like: best, decoder: {layers: 2}}\n")
    child = tmp_path / "child.yaml"
    child.write_text("extends: mine\nseed: 5\nruns:\n  other: null\n  third: {like: best, title: t}\n")
    found = config.load(child)
    assert (found.name, found.seed, found.title) == ("child", 5, "t")
    assert list(found.runs) == ["best", "third"]
    (tmp_path / "mine.yaml").write_text((tmp_path / "mine.yaml").read_text().replace("title: t", "title: new"))
    assert config.load(child).title == "new"  # a change of the parent is seen


@pytest.mark.parametrize("base", ["nothing", "child", "../mine/../x"])
def test_a_profile_cannot_extend_what_is_not_there_or_itself(tmp_path: Path, base: str) -> None:
    child = tmp_path / "child.yaml"
    child.write_text(f"extends: {base}\n")
    with pytest.raises(UserError, match=r"child\.yaml: extends"):
        config.load(child)


def test_the_factors_profile_changes_one_thing_in_each_of_its_own_runs() -> None:
    from hw3lib.captioning.settings import differences

    profile = config.load("demo_factors")
    best = profile.run(profile.best_run)
    changes = {name: len(differences(run, best)) for name, run in profile.runs.items()}
    assert {name for name, count in changes.items() if count == 1} == {
        "small_swin",
        "narrow",
        "no_jitter",
        "half_statistics",
    }
    assert set(config.load("demo").runs) < set(profile.runs)


def test_settings_are_named_where_they_are_made() -> None:
    with pytest.raises((TypeError, ValueError)):
        config.Run("best", None, config.Encoder())  # type: ignore[misc]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("test_share: 0.5, test_annotations: t.json", "test images are the one or the other"),
        ("test_images: t", r"captions\.test_images is set, but not captions\.test_annotations"),
        ("test_instances: t", r"captions\.test_instances is set, but not captions\.test_annotations"),
        ("test_share: 1.0", r"captions\.test_share = 1\.0"),
    ],
)
def test_a_test_split_is_a_share_or_images_of_its_own(tmp_path: Path, keys: str, words: str) -> None:
    path = write(tmp_path, "  best: {title: t}\n")
    path.write_text(path.read_text().replace("tokenizer: e", f"tokenizer: e, {keys}"))
    with pytest.raises(UserError, match=words):
        config.load(path)


def test_the_demo_draws_its_test_images_apart_from_the_others(tmp_path: Path) -> None:
    path = write(tmp_path, "  best: {title: t}\n")
    text = path.read_text().replace("tokenizer: e", "tokenizer: e, test_annotations: t.json")
    for lacking in ("", ", test_images: t", ", test_instances: i.json"):
        path.write_text(text.replace("t.json", f"t.json{lacking}"))
        with pytest.raises(UserError, match=r"name captions\.test_images and captions\.test_instances"):
            config.load(path)
    path.write_text(text.replace("t.json", "t.json, test_images: t, test_instances: i.json"))
    assert config.load(path).captions.reported_instances == "i.json"
    path.write_text(text.replace("data: demo", "data: other"))
    assert config.load(path).captions.reported_annotations == "t.json"


def test_newer_keys_count_in_a_runs_identity_only_where_they_say_something() -> None:
    captions = config.load("demo").captions
    assert not {"train_splits", "val_splits"} & set(config.settings_of(captions))
    changed = dataclasses.replace(captions, train_splits=("train",))
    assert config.settings_of(changed) == config.settings_of(captions) | {"train_splits": ("train",)}


@pytest.mark.parametrize(
    ("seeds", "trainings"),
    [
        (1, {"best": 2022}),
        (3, {"best/seed_2022": 2022, "best/seed_2023": 2023, "best/seed_2024": 2024}),
        ((5,), {"best/seed_5": 5}),
        ((9, 0), {"best/seed_9": 9, "best/seed_0": 0}),
    ],
)
def test_a_run_has_one_training_for_each_seed(seeds: int | tuple[int, ...], trainings: dict[str, int]) -> None:
    profile = config.load("demo")
    run = dataclasses.replace(profile.run("best"), seeds=seeds)
    profile = dataclasses.replace(profile, runs={"best": run, "vit": profile.run("vit")})
    assert profile.trainings("best") == trainings
    assert profile.all_trainings == trainings | {"vit": 2022}
    folders = [config.folder(profile, training) for training in trainings]
    assert [config.training_of(folder) for folder in folders] == list(trainings)
    assert config.folder(profile, "best") == folders[0]
    for training, seed in trainings.items():
        assert profile.trainings(training) == {training: seed}
        assert profile.seed_of(training) == seed
        assert dataclasses.replace(profile.run(training), seeds=seeds) == run
    for name in ("best/seed_1", "vit/seed_2022", "other/seed_2022"):
        with pytest.raises(UserError, match="no run"):
            profile.run(name)


@pytest.mark.parametrize("seeds", [0, -1, [], [3, 3], [-2, 4]])
def test_seeds_that_train_nothing_or_the_same_twice_are_refused(tmp_path: Path, seeds: object) -> None:
    shutil.copy(paths.config("demo"), tmp_path / "demo.yaml")
    path = tmp_path / "own.yaml"
    path.write_text(f"extends: demo\nruns:\n  vit: {{seeds: {seeds}}}\n")
    with pytest.raises(UserError, match=r"own.yaml: runs.vit.seeds = .*different seeds"):
        config.load(path)


def test_the_seeds_profile_trains_the_published_settings_three_times_and_the_demo_once() -> None:
    counts = {run: len(config.load("demo_seeds").trainings(run)) for run in config.load("demo_seeds").runs}
    published = {"best": 3, "swin_base": 3, "swinv2": 3, "vit": 3}
    assert counts == published | {"plus_plain": 1, "plus": 1}
    demo = config.load("demo")
    assert demo.all_trainings == dict.fromkeys(counts, demo.seed)
