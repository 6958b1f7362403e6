"""A training that starts from an exported run: the same weights, in the identity, or a sentence why they do not fit."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
import torch
import yaml
from click.testing import CliRunner

from hw3lib import config
from hw3lib.cli import main
from hw3lib.models.captioner import Captioner
from hw3lib.models.inference import export, load_run
from hw3lib.pipeline import doctor
from hw3lib.system.errors import Stopped, UserError
from hw3lib.training import trainer
from hw3lib.training.run_files import identity, is_current, read_log
from tests.support.training import overlap, timeless, with_training


@pytest.fixture
def profile(tiny_profile: config.Profile, monkeypatch: pytest.MonkeyPatch) -> config.Profile:
    monkeypatch.setattr(trainer, "scorer", overlap)
    return with_training(tiny_profile, epochs=2, patience=9)


@pytest.fixture
def exported(profile: config.Profile, tmp_path: Path) -> Path:
    trainer.train(profile, "best")
    return export(load_run(profile, "best"), tmp_path / "exported", "its card")


def starting(profile: config.Profile, source: Path | str, **changes) -> config.Profile:
    """Another profile, without a tokenizer yet, whose run starts from ``source``."""
    run = dataclasses.replace(profile.run("best"), start_from=str(source), **changes)
    captions = dataclasses.replace(profile.captions, tokenizer=f"{profile.captions.tokenizer}.taken")
    return dataclasses.replace(profile, name="started", captions=captions, runs={"best": run})


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return Captioner.load(next(folder.glob("*.safetensors"))).state_dict()


def test_it_starts_from_the_weights_with_their_tokenizer(profile: config.Profile, exported: Path) -> None:
    again = with_training(starting(profile, exported), epochs=1, learning_rates=(0.0,))
    (finding,) = (finding for finding in doctor.examine(again) if finding.name == "start of best")
    assert (finding.state, str(exported / "model.safetensors") in finding.what) == ("there", True)
    before, after = weights(exported), weights(trainer.train(again, "best"))
    assert all(torch.equal(before[name], after[name]) for name in before)
    texts = (Path(again.captions.tokenizer), Path(profile.captions.tokenizer))
    assert texts[0].read_bytes() == texts[1].read_bytes()


def test_the_weights_content_is_part_of_the_runs_identity(
    profile: config.Profile, exported: Path, tmp_path: Path
) -> None:
    again = starting(profile, exported)
    trainer.train(again, "best")
    assert is_current(again, "best")
    shutil.copytree(exported, tmp_path / "elsewhere")
    assert is_current(starting(profile, tmp_path / "elsewhere"), "best")
    assert is_current(starting(profile, "exported"), "best")  # a path that starts at the project
    assert identity(starting(profile, exported), "best") != identity(
        dataclasses.replace(again, runs=profile.runs), "best"
    )
    model = Captioner.load(exported / "model.safetensors")
    with torch.no_grad():
        model.norm.bias += 1
    model.save(exported / "model.safetensors")
    assert not is_current(again, "best")


def test_an_interrupted_one_goes_on_as_if_nothing_had_happened(profile: config.Profile, exported: Path) -> None:
    again = starting(profile, exported)

    def stop(event: dict) -> None:
        raise KeyboardInterrupt

    with pytest.raises(Stopped):
        trainer.train(again, "best", on_validation=stop)
    folder = trainer.train(again, "best")
    log, resumed = timeless(read_log(folder)), (folder / "best.safetensors").read_bytes()
    trainer.train(again, "best", resume=False)
    assert timeless(read_log(folder)) == log
    assert (folder / "best.safetensors").read_bytes() == resumed


def test_what_does_not_fit_is_told_with_both_sides(profile: config.Profile, exported: Path) -> None:
    decoder = profile.run("best").decoder
    for changes, words in (
        ({"feed_forward": 16}, "decoder.feed_forward 32 there and 16 here"),
        ({"heads": 2}, "decoder.heads 4 there and 2 here"),  # of which no weight's shape tells
    ):
        other = starting(profile, exported, decoder=dataclasses.replace(decoder, **changes))
        with pytest.raises(UserError, match=f"exported does not fit run best: {words}$"):
            trainer.train(other, "best")
    less = dataclasses.replace(decoder, dropout=0.0)
    trainer.train(starting(profile, exported, decoder=less), "best")
    again = starting(profile, exported)
    own = Path(again.captions.tokenizer)
    content = json.loads(own.read_text())
    own.write_text(json.dumps(content | {"version": "9"}))
    with pytest.raises(UserError, match=r"has another tokenizer than .*taken; name .*exported/tokenizer.json in"):
        trainer.train(again, "best")
    with pytest.raises(UserError, match="nowhere is neither a folder nor a model"):
        trainer.train(starting(profile, "nowhere"), "best")


def test_the_command_takes_a_folder_and_says_how_a_report_keeps_it(
    profile: config.Profile, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = json.loads(json.dumps(dataclasses.asdict(starting(profile, exported))))
    del plain["name"], plain["runs"]["best"]["start_from"]
    (tmp_path / "started.yaml").write_text(yaml.safe_dump(plain))
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["train", "--from", "exported", "--profile", "started.yaml"])
    assert done.exit_code == 0, done.output
    assert f"say so in the profile: runs.best.start_from: {exported}" in done.output
    assert not is_current(config.load(tmp_path / "started.yaml"), "best")
    (tmp_path / "started.yaml").write_text(
        yaml.safe_dump(plain | {"runs": {"best": plain["runs"]["best"] | {"start_from": "exported"}}})
    )
    assert is_current(config.load(tmp_path / "started.yaml"), "best")
