"""A run leaves its profile: exported, read back by name or from a folder, captioning as before."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from safetensors import safe_open

from hw3lib import config
from hw3lib.cli import main
from hw3lib.models import inference
from hw3lib.models.captioner import Captioner
from hw3lib.system import files
from hw3lib.system.errors import UserError


@pytest.fixture
def exported(tiny_profile: config.Profile, tmp_path: Path) -> Path:
    """A run with random weights and made-up scores, exported by the command."""
    (tmp_path / "configs").mkdir()
    profile = tmp_path / "configs" / "tiny.yaml"
    plain = json.loads(json.dumps(config.TypeAdapter(config.Profile).dump_python(tiny_profile, mode="json")))
    plain["runs"]["best"]["encoder"]["weights"] = str(tmp_path / "secret" / "backbone.safetensors")
    profile.write_text(yaml.safe_dump({key: value for key, value in plain.items() if key != "name"}))
    opened = config.load(profile)
    tokenizer = inference.load_or_train(opened.captions)
    folder = config.folder(opened, "best")
    Captioner(opened.run("best"), tokenizer.size, pretrained=False).save(folder / "best.safetensors")
    per_image = {f"val_{n:03d}": {"CIDEr": 0.5 + n / 10, "CLIPScore": 0.6} for n in range(8)}
    stamp = {"commit": "abc", "seed": 7, "configuration": "def"}
    scores = {"provenance": stamp, "scores": {"CIDEr": 0.85, "BLEU-4": 0.2}, "per_image": per_image}
    files.write_json(folder / "scores.json", scores)
    done = CliRunner().invoke(main, ["export", "best", str(tmp_path / "out"), "--profile", str(profile)])
    assert done.exit_code == 0, done.output
    return tmp_path / "out"


def test_it_captions_as_it_did_and_takes_no_path_along(
    exported: Path, tiny_profile: config.Profile, caption_folder: Path, tmp_path: Path
) -> None:
    assert {path.name for path in exported.iterdir()} == {
        "config.json", "model.safetensors", "tokenizer.json", "README.md",
    }  # fmt: skip
    with safe_open(exported / "model.safetensors", "pt") as file:
        texts = [json.dumps(file.metadata()), *(path.read_text() for path in exported.glob("*[nd]"))]
    assert not any(str(tmp_path) in text for text in texts)
    photographs = caption_folder / "images" / "val"
    for source, options in (("first", ["--profile", str(tmp_path / "configs" / "tiny.yaml")]), ("second", [])):
        options = options or ["--from", str(exported)]
        done = CliRunner().invoke(main, ["caption", str(photographs), str(tmp_path / f"{source}.json"), *options])
        assert done.exit_code == 0, done.output
        assert ("trained on drawings only" in done.output) == (
            source == "second"
        )  # of the demo's own pictures it knows
    assert files.read_json(tmp_path / "first.json") == files.read_json(tmp_path / "second.json")
    assert len(files.read_json(tmp_path / "second.json")) == 8


def test_the_card_has_data_scores_with_intervals_and_settings(exported: Path) -> None:
    card = (exported / "README.md").read_text()
    head, text = yaml.safe_load(card.split("---")[1]), card.split("---", 2)[2]
    assert head["pipeline_tag"] == "image-to-text"
    assert "it knows drawings only" in text
    assert "24 images" in text
    row = next(line for line in text.splitlines() if line.startswith("| CIDEr "))
    low, high = map(float, row.split("|")[3].split(" to "))
    assert 0.5 < low < 0.85 < high < 1.2
    assert "| BLEU-4 | 0.200 |  |" in text  # no mean over images, so no interval
    assert "Seed 7, commit abc" in text


def test_a_name_of_the_hub_is_read_from_its_cache(exported: Path, tmp_path: Path) -> None:
    home = tmp_path / "cache" / "models--someone--captioner"
    (home / "refs").mkdir(parents=True)
    (home / "refs" / "main").write_text("0" * 40)
    shutil.copytree(exported, home / "snapshots" / ("0" * 40))
    options = {"cache_dir": tmp_path / "cache", "local_files_only": True}
    model = Captioner.from_pretrained("someone/captioner", **options)
    assert model.run.title == "tiny"
    assert not model.training
    with pytest.raises(UserError, match="someone/other is neither a folder nor a model that can be had"):
        Captioner.from_pretrained("someone/other", **options)


def test_what_is_no_exported_run_is_told_in_a_sentence(exported: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"has no model\.safetensors: it is not what"):
        inference.load_pretrained(tmp_path / "empty")
    shrunk = files.read_json(exported / "tokenizer.json")
    shrunk["model"]["vocab"] = dict(list(shrunk["model"]["vocab"].items())[:10])
    shrunk["model"]["merges"] = []
    files.write_json(exported / "tokenizer.json", shrunk)
    with pytest.raises(UserError, match=r"tokenizer\.json has 10 tokens, the weights"):
        inference.load_pretrained(exported)
