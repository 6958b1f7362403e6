"""What tests of training share: a score that needs neither Java nor a CLIP, other settings, a log without times."""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path

from hw3lib import config
from hw3lib.data.caption_set import CaptionSet
from hw3lib.data.language import Language
from tests.support.places import ROOT

# Of an event: what is never the same twice.
MEASURED = ("seconds", "images_per_s", "tokens_per_s", "data_wait", "peak_memory_gb")


def overlap(profile: config.Profile, captions: CaptionSet, language: Language, device: str):
    """Instead of CIDEr and CLIPScore, which need Java and a CLIP: the share of words that a reference has too."""
    references = [set(" ".join(group).lower().replace(".", " ").split()) for group in captions.captions]

    def score(predictions: dict[str, str]) -> dict[str, float]:
        assert list(predictions) == list(captions.names)
        words = [set(text.replace(".", " ").split()) for text in predictions.values()]
        shares = [len(a & b) / max(1, len(a | b)) for a, b in zip(words, references, strict=True)]
        return {"CIDEr": sum(shares) / len(shares), "CLIPScore": 0.5}

    return score


def with_training(profile: config.Profile, **changes) -> config.Profile:
    run = profile.run("best")
    return dataclasses.replace(
        profile, runs={"best": dataclasses.replace(run, training=dataclasses.replace(run.training, **changes))}
    )


def timeless(log: list[dict]) -> list[dict]:
    return [{k: v for k, v in event.items() if k not in MEASURED} for event in log]


# Trains the run "best" of a profile's JSON in a process of its own.
SCRIPT = """
import sys
sys.path.insert(0, {root!r})
from hw3lib import config
from hw3lib.training import trainer
from tests.support.training import overlap
trainer.scorer = overlap
from pydantic import TypeAdapter
profile = TypeAdapter(config.Profile).validate_json(open({profile!r}).read())
trainer.train(profile, "best")
"""


def endless(program: str, epoch: int) -> str:
    """The program, to be killed: once that epoch is validated it waits, however long nobody looks."""
    call = 'trainer.train(profile, "best"'
    assert program.count(call) == 1
    waits = f'on_validation=lambda event: event["epoch"] == {epoch} and time.sleep(600)'
    return "import time\n" + program.replace(call, f"{call}, {waits}")


def launch(script: Path) -> list[str]:
    """Two processes that know of each other, without a GPU; ``--cpu`` alone would start one."""
    command = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes=2"]
    return [*command, "--num_machines=1", "--main_process_port=0", str(script)]


def launched(**more: str) -> dict[str, str]:
    """Their environment. PyTorch's launcher leaves a folder in ``TMPDIR``: let that be the test's own."""
    environment = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    return os.environ | environment | {"ACCELERATE_USE_CPU": "true"} | more
