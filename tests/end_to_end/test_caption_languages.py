"""Captions in Chinese and in Arabic, from training to the report, on photographs that the tests draw."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from hw3lib import config, paths
from hw3lib.captioning.scores import score_files
from hw3lib.data.caption_files import read_captions
from hw3lib.system import files
from tests.support.any_profile import Case, draw_cases, write

REPOSITORY = paths.PACKAGE.parent
WORDS = {
    "zh": {"red": "红色", "green": "绿色", "blue": "蓝色", "white": "白色", "dog": "狗", "car": "汽车", "boat": "船"},
    "ar": {
        "red": "أحمر",
        "green": "أخضر",
        "blue": "أزرق",
        "white": "أبيض",
        "dog": "كلب",
        "car": "مصباح",
        "boat": "قارب",
    },
}
SENTENCES = {
    "zh": [
        "一个{colour}的{name}。",
        "这里有一个{name}，它是{colour}的！",
        "灰色背景上的{colour}{name}",
        "{name}在画面中间。",
    ],
    "ar": [
        "{name} {colour}.",
        "يوجد هنا {name}، وهو {colour}!",
        "{name} {colour} على خلفية رمادية",
        "هذا {name} في الوسط.",
    ],
}


def written(case: Case, tag: str, root: Path) -> Path:
    """The profile of a case with its captions in another language; returns it."""
    path = write(case, root)
    for split in ("train", "val"):
        file = root / "data" / f"{split}.json"
        content = json.loads(file.read_text(encoding="utf-8"))
        said: dict[int, int] = {}
        colours_names: dict[int, tuple[str, str]] = {}
        for annotation in content["annotations"]:
            image = annotation["image_id"]
            if image not in colours_names:
                _, colour, name = annotation["caption"].rstrip(".").split()
                colours_names[image] = WORDS[tag][colour], WORDS[tag][name]
            colour, name = colours_names[image]
            sentence = SENTENCES[tag][said.setdefault(image, 0) % len(SENTENCES[tag])]
            said[image] += 1
            annotation["caption"] = sentence.format(colour=colour, name=name)
        file.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path


def case_of(train: int, val: int) -> Case:
    usual = next(iter(draw_cases(1, 0)))
    return replace(
        usual, classes=2, labels="chinese", study=(), supervised=False, clip=True, train_images=train, val_images=val,
        references=5, alike=False, instances="all", photographs=2, runs="one", without="nothing",
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("tag", ["zh", "ar"])
def test_captions_in_another_language_end_in_a_report_that_says_it(tag: str, tmp_path: Path) -> None:
    path = written(case_of(40, 20), tag, tmp_path)
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content["runs"]["best"]["training"] |= {"epochs": 12, "batch_size": 8}
    content["runs"]["best"]["self_critical"] = {"epochs": 1, "images_per_step": 8, "samples": 2}
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    environment = os.environ | {"HW3_ROOT": str(tmp_path), "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "hw3lib", "report", "--profile", "any", "--cores", "2"]
    done = subprocess.run(command, env=environment, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout[-6000:]}{done.stderr[-3000:]}"

    data, folder = tmp_path / "data", tmp_path / "runs" / "any" / "p2" / "best"
    tokens = files.read_json(data / "tokenizer.json")["model"]["vocab"]
    assert max(len(token.strip("▁")) for token in tokens if not token.startswith("[")) <= (1 if tag == "zh" else 12)
    predictions = files.read_json(folder / "predictions.json")
    assert all(any(letter > "\u0600" for letter in text) for text in predictions.values())
    scores = files.read_json(folder / "scores.json")["scores"]
    assert scores["CIDEr"] > 0.05
    assert not {"METEOR", "CHAIR_i", "object_recall"} & set(scores)
    references = read_captions(data / "val.json").by_name
    files.write_json(tmp_path / "right.json", {name: group[0] for name, group in references.items()})
    right = score_files(tmp_path / "right.json", data / "val.json").scores
    assert right["CIDEr"] > 1.5

    claims = {claim["number"]: claim for claim in files.read_json(tmp_path / "runs" / "any" / "claims.json")["claims"]}
    language = {"zh": "Chinese", "ar": "Arabic"}[tag]
    for number in (6, 7, 8, 9):
        assert claims[number]["verdict"] == "not testable"
        assert f"are English, and the captions are in {language}" in claims[number]["untested"]
    page = (tmp_path / "report" / "build" / "any" / "hw3_report.html").read_text(encoding="utf-8")
    assert f"Captions in {language} ({tag}" in page
    assert f"The captions are in {language}" in page
    assert "METEOR, CHAIR and object recall are left out" in page
    assert "Traceback" not in page
    assert (tmp_path / "report" / "build" / "any" / "hw3_report.pdf").read_bytes().startswith(b"%PDF")
    assert config.load(path).captions.language is None
