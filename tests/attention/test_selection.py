"""P3's pairs are those of the ranking by CLIPScore, and its summary names them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from hw3lib import config
from hw3lib.attention.answers import beside_answer
from hw3lib.attention.results import CaptionFacts, Thing
from hw3lib.attention.selection import ends, other_runs, ranked_pairs, second_run, write_summary
from hw3lib.models.experiment import Experiment
from hw3lib.system.errors import UserError
from tests.support.synthetic import synthetic


@pytest.fixture
def experiment(tmp_path: Path, monkeypatch) -> Experiment:
    """A profile of four validation images with predictions and scores of a run."""
    monkeypatch.setenv("HW3_ROOT", str(tmp_path))
    images = tmp_path / "val"
    images.mkdir()
    names = ["a", "b", "c", "d"]
    for name in names:
        Image.new("RGB", (90, 70)).save(images / f"{name}.jpg")
    annotations = {
        "images": [{"id": place, "file_name": f"{name}.jpg"} for place, name in enumerate(names)],
        "annotations": [{"id": place, "image_id": place, "caption": f"one {place}"} for place in range(4)],
    }
    (tmp_path / "val.json").write_text(json.dumps(annotations))
    folder = tmp_path / "runs" / "p" / "p2" / "best"
    folder.mkdir(parents=True)
    (folder / "predictions.json").write_text(json.dumps({name: f"said {name}" for name in names}))
    scores = dict(zip(names, [0.7, 0.9, 0.4, 0.9], strict=True))
    per_image = {name: {"CIDEr": 0.1, "CLIPScore": score} for name, score in scores.items()}
    (folder / "scores.json").write_text(json.dumps({"scores": {}, "per_image": per_image}))
    captions = config.Captions(
        train_images="val",
        train_annotations="val.json",
        val_images="val",
        val_annotations="val.json",
        tokenizer="tokenizer.json",
    )
    profile = config.Profile(
        title="test", data="demo", seed=1, clip=config.Clip(), p1=config.Labelled(images="", id2label=""),
        captions=captions, p3=config.Photographs(images="val", names=("c", "a")),
        runs={"best": config.Run(title="best")}, name="p",
    )  # fmt: skip
    return Experiment.open(profile)


def test_pairs_go_from_the_lowest_clipscore_to_the_highest(experiment) -> None:
    pairs = ranked_pairs(experiment, "best")
    assert [pair.name for pair in pairs] == ["c", "a", "b", "d"]  # of equals, by name
    assert (pairs[-1].caption, pairs[-1].clip_score) == ("said d", 0.9)
    assert (pairs[0].clip_score, pairs[0].references) == (0.4, ("one 2",))
    assert pairs[0].path.is_file()
    assert [pair.cider for pair in pairs] == [0.1] * 4


def test_missing_scores_say_how_to_get_them(experiment) -> None:
    (experiment.run_folder("best") / "scores.json").unlink()
    with pytest.raises(UserError, match=r"scores\.json is missing.*hw3 train best --profile p"):
        ranked_pairs(experiment, "best")


def test_scores_without_clipscore_or_of_other_images_are_refused_with_the_way_out(experiment) -> None:
    path = experiment.run_folder("best") / "scores.json"
    path.write_text(json.dumps({"per_image": {"a": {"CIDEr": 0.1}}}))
    with pytest.raises(UserError, match=r"has no CLIPScore\. Train and score the run first"):
        ranked_pairs(experiment, "best")
    path.write_text(json.dumps({"per_image": {name: {"CLIPScore": 0.5} for name in ("a", "b", "zebra")}}))
    (experiment.run_folder("best") / "predictions.json").write_text(json.dumps(dict.fromkeys(("a", "zebra"), "said")))
    with pytest.raises(UserError, match=r"images that val\.json lacks: zebra"):
        ranked_pairs(experiment, "best")


def test_photographs_come_in_the_profiles_order_and_missing_ones_are_named(experiment) -> None:
    assert [path.name for path in experiment.photographs] == ["c.jpg", "a.jpg"]
    profile = replace(experiment.profile, p3=config.Photographs(images="val", names=("a", "zebra")))
    with pytest.raises(UserError, match="lacks: zebra"):
        Experiment.open(profile).photographs


def test_without_a_clip_the_pairs_are_in_the_order_of_their_names_and_there_is_no_best(experiment) -> None:
    (experiment.run_folder("best") / "scores.json").unlink()
    bare = Experiment.open(replace(experiment.profile, clip=None))
    pairs = ranked_pairs(bare, "best")
    assert [pair.name for pair in pairs] == ["a", "b", "c", "d"]
    assert {pair.clip_score for pair in pairs} == {None}
    assert ends(pairs) == {}
    summary = json.loads(write_summary(bare, "best", pairs, [], {}, {}).read_text())
    assert (summary["best"], summary["worst"]) == (None, None)


def test_a_single_pair_is_the_best_and_no_worst_is_shown_beside_it(experiment) -> None:
    (experiment.run_folder("best") / "predictions.json").write_text(json.dumps({"c": "said c"}))
    pairs = ranked_pairs(experiment, "best")
    assert {end: pair.name for end, pair in ends(pairs).items()} == {"best": "c"}


def test_the_summary_carries_its_provenance_and_the_facts(experiment) -> None:
    pairs = ranked_pairs(experiment, "best")
    facts = CaptionFacts(True, 1, (Thing("dog", 0.2, True, 1),), (), (), (), ("red",))
    bike = replace(synthetic(), name="bike", caption="a bike")
    summary = json.loads(write_summary(experiment, "best", pairs, [bike], {"bike": facts}, {"best": facts}).read_text())
    assert summary["best"] == {"image": "d.jpg", "caption": "said d", "CLIPScore": 0.9}
    assert summary["worst"]["image"] == "c.jpg"
    assert summary["photographs"] == {"bike": "a bike"}
    assert summary["facts"]["bike"]["named"][0]["category"] == "dog"
    assert summary["pair_facts"] == {"best": summary["facts"]["bike"]}
    assert summary["provenance"]["seed"] == 1


def test_other_runs_stand_by_cider_and_other_seeds_of_the_run_last(experiment) -> None:
    runs = {name: config.Run(title=name) for name in ("vit", "swin", "untrained", "unscored")}
    best = config.Run(title="best", seeds=(1, 2))
    experiment = Experiment.open(replace(experiment.profile, runs={"best": best, **runs}))
    assert other_runs(experiment, "best") == []
    assert second_run(experiment, "best") is None
    for name, cider in {"best/seed_1": 3.0, "best/seed_2": 2.0, "vit": 0.5, "swin": 0.9, "unscored": None}.items():
        folder = experiment.run_folder(name)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "best.safetensors").touch()
        if cider is not None:
            (folder / "scores.json").write_text(json.dumps({"scores": {"CIDEr": cider}}))
    assert other_runs(experiment, "best") == ["swin", "vit", "unscored", "best/seed_2"]
    assert other_runs(experiment, "swin")[0] == "best/seed_1"
    loaded: list[str] = []

    def load(self: Experiment, name: str) -> str:
        loaded.append(name)
        if name == "swin":
            raise UserError("by another version")
        return name

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Experiment, "load_run", load)
        assert second_run(experiment, "best") == "vit"
        assert loaded == ["swin", "vit"]


def test_the_page_says_what_can_stand_beside_a_photograph() -> None:
    second = SimpleNamespace(folder=Path("runs/p/p2/vit"))
    both = beside_answer(second, 5)
    assert "another photograph or the same one as the run `vit` reads it next to" in both
    assert "highest CIDEr" in both
    assert "the first 12 of them" in beside_answer(second, 13)
    assert "another photograph" not in beside_answer(second, 1)
    assert "run" not in beside_answer(None, 2)
    assert beside_answer(None, 1) == ""
