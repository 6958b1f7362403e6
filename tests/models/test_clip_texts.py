"""Multilingual CLIPs: their texts go through a tokenizer and an encoder of the transformers library."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from hw3lib import config
from hw3lib.models import clip_texts
from hw3lib.models.clip import ClipModel
from hw3lib.pipeline import doctor
from hw3lib.system.errors import UserError
from hw3lib.training.run_files import identity
from tests.support.multilingual_clip import TEXTS
from tests.support.other_languages import LANGUAGES, SHAPES
from tests.support.shapes import COLOURS, draw
from tests.support.tiny_clip import TINY, write_clip

CLASSES = [(colour, shape) for shape in SHAPES for colour in COLOURS]


@pytest.fixture
def copied(multilingual_clip: config.Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> config.Clip:
    """The model in a folder ``own`` that a test may change, its name unknown to open_clip."""
    monkeypatch.setenv("HW3_ROOT", str(tmp_path / "root"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    own = tmp_path / "own"
    shutil.copytree(Path(multilingual_clip.model).parent, own)
    model = own / f"clip_{tmp_path.name}.json"
    Path(own / Path(multilingual_clip.model).name).rename(model)
    return replace(multilingual_clip, model=str(model), pretrained=str(own / Path(multilingual_clip.pretrained).name))


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def rename_texts(clip: config.Clip, name: str) -> None:
    """Name the texts' files as the hub would."""
    path = Path(clip.model)
    text = json.loads(path.read_text())["text_cfg"]
    edit(path, text_cfg={**text, "hf_model_name": name, "hf_tokenizer_name": name})


def whole(model: ClipModel, texts: list[str]) -> torch.Tensor:
    with torch.inference_mode():
        return model.model.encode_text(model.tokenizer(texts), normalize=True)


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_names_in_the_language_are_understood_in_every_prompt(language: str, copied: config.Clip) -> None:
    model, words = ClipModel.load(copied), LANGUAGES[language]
    images = model.embed_images([draw(*names, (40, 36), 900 + copy) for names in CLASSES for copy in range(4)])
    truth = torch.arange(len(CLASSES)).repeat_interleave(4)
    for prompt in words.prompts:
        texts = model.embed_texts([prompt.replace("{object}", words.name(*names)) for names in CLASSES])
        assert ((images @ texts.T).argmax(-1) == truth).float().mean() > 0.6  # guessing: 0.08


def test_texts_are_read_at_their_own_length_with_the_features_of_the_full_length(
    copied: config.Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = ClipModel.load(copied)
    texts = ["紅色的小狗", "هذه صورة سيارة زرقاء.", "", "a", "這是藍色的汽車的照片。" * 30]
    lengths = []
    model.model.text.register_forward_hook(lambda _, inputs, __: lengths.append(inputs[0].shape[1]))
    model.embed_texts(texts[:1])
    assert lengths[0] < 10
    torch.testing.assert_close(model.embed_texts(texts), whole(model, texts), atol=2e-6, rtol=0)


def test_a_text_fits_if_all_its_tokens_are_read(copied: config.Clip) -> None:
    model = ClipModel.load(copied)
    texts = [
        "紅色的小狗",
        "這是藍色的汽車。" * 40,
        "هذه صورة سيارة زرقاء. " * 20,
        *("一隻 " * count for count in range(30, 80, 7)),
    ]
    tokens = [len(model.tokenizer.tokenizer(text).input_ids) for text in texts]
    assert model.fits(texts) == [count <= 77 for count in tokens]
    assert set(model.fits(texts)) == {True, False}


@pytest.mark.parametrize("place", ["data/weights", "cache"])
def test_files_that_have_a_name_on_the_hub_are_found_without_a_network(
    place: str, copied: config.Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    features = ClipModel.load(copied).embed_texts(["紅色的小狗"])
    rename_texts(copied, "owner/texts-of-many")
    target = tmp_path / "root" / "data" / "weights" / "owner" / "texts-of-many"
    if place == "cache":
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
        target = tmp_path / "hub" / "models--owner--texts-of-many" / "snapshots" / ("a" * 40)
        (target.parents[1] / "refs").mkdir(parents=True)
        (target.parents[1] / "refs" / "main").write_text("a" * 40)
    target.parent.mkdir(parents=True, exist_ok=True)
    Path(copied.model).parent.joinpath(TEXTS).rename(target)
    named = replace(
        copied, model=str(shutil.copy(copied.model, Path(copied.model).with_name(f"{place[-5:]}_hub.json")))
    )
    torch.testing.assert_close(ClipModel.load(named).embed_texts(["紅色的小狗"]), features)
    assert clip_texts.text_files(named) == []  # in a fingerprint its name stands for it


def test_files_that_are_not_here_are_named_with_the_place_where_they_go(copied: config.Clip, tmp_path: Path) -> None:
    rename_texts(copied, "owner/texts")
    shutil.rmtree(Path(copied.model).parent / TEXTS)
    with pytest.raises(UserError) as caught:
        ClipModel.load(copied)
    assert "owner/texts" in str(caught.value)
    assert str(tmp_path / "root" / "data" / "weights" / "owner" / "texts") in str(caught.value)


def test_without_the_transformers_library_a_sentence_says_what_to_install(
    copied: config.Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip_texts, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="pip install transformers"):
        ClipModel.load(copied)


def test_code_that_comes_with_the_files_is_never_run(copied: config.Clip, tmp_path: Path) -> None:
    texts = Path(copied.model).parent / TEXTS
    (texts / "trap.py").write_text(f"open({str(tmp_path / 'sprung')!r}, 'w')\nclass Trap: pass\n")
    edit(texts / "config.json", auto_map={"AutoConfig": "trap.Trap", "AutoModel": "trap.Trap"})
    edit(
        texts / "tokenizer_config.json", auto_map={"AutoTokenizer": ["trap.Trap", "trap.Trap"]}, tokenizer_class="Trap"
    )
    text = json.loads(Path(copied.model).read_text())["text_cfg"]
    edit(Path(copied.model), text_cfg={**text, "tokenizer_kwargs": {"trust_remote_code": True}})
    try:
        ClipModel.load(copied)
    except UserError as error:
        assert "tokenizer" in str(error)
    edit(texts / "config.json", model_type="trap")
    with pytest.raises(UserError, match="of the kind 'trap'; open_clip reads"):
        ClipModel.load(copied)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("file", "changes", "said"),
    [
        ("tokenizer_config.json", {"pad_token": "<unk>"}, "pads with entry 3, the text encoder is padded with 1"),
        ("config.json", {"max_position_embeddings": 40}, "."),
        ("tokenizer.json", {"model": {"type": "nothing"}}, "holds no tokenizer that can be read"),
    ],
)
def test_files_that_do_not_belong_together_are_refused(
    file: str, changes: dict[str, object], said: str, copied: config.Clip
) -> None:
    edit(Path(copied.model).parent / TEXTS / file, **changes)
    with pytest.raises(UserError, match=said):
        ClipModel.load(copied)


def test_a_tokenizer_with_more_entries_than_the_encoder_is_refused(copied: config.Clip) -> None:
    model = ClipModel.load(copied)
    model.tokenizer.tokenizer.add_tokens(["one", "more"])
    with pytest.raises(UserError, match=r"has \d+ entries, the text encoder \d+"):
        clip_texts.refuse_misfit(model.model, model.tokenizer, "here")
    model = ClipModel.load(copied)
    model.tokenizer.context_length = 100
    with pytest.raises(UserError, match="cannot read texts of 100 tokens"):
        clip_texts.refuse_misfit(model.model, model.tokenizer, "here")


def test_a_tokenizer_that_asks_for_the_language_is_told_it(tmp_path: Path, copied: config.Clip) -> None:
    import transformers

    vocabulary = {token: place for place, token in enumerate(["<s>", "<pad>", "</s>", "<unk>", "▁", "狗", "車"])}
    transformers.NllbTokenizer(vocab=vocabulary, merges=[]).save_pretrained(tmp_path / "nllb")
    text = {"hf_tokenizer_name": str(tmp_path / "nllb")}
    first = []
    for language in (None, "zho_Hant"):
        tokenizer = clip_texts.load_tokenizer(replace(copied, text_language=language), text)
        first.append(tokenizer.tokenizer.convert_ids_to_tokens(int(tokenizer(["狗"])[0, 0])))
    assert first == ["eng_Latn", "zho_Hant"]
    with pytest.raises(UserError, match=r"'zh_Hant'.*knows no such language \(did you mean 'zho_Hant'"):
        clip_texts.load_tokenizer(replace(copied, text_language="zh_Hant"), text)
    with pytest.raises(UserError, match="knows no such language"):
        ClipModel.load(replace(copied, text_language="zho_Hant"))
    with pytest.raises(UserError, match="tells no languages apart"):
        clip_texts.load_tokenizer(config.Clip(text_language="zho_Hant"), {})


def test_clips_own_text_encoder_may_have_a_tokenizer_of_the_transformers_library(
    copied: config.Clip, tmp_path: Path
) -> None:
    """As SigLIP's."""
    text = TINY["text_cfg"] | {"hf_tokenizer_name": str(Path(copied.model).parent / TEXTS)}
    model = ClipModel.load(write_clip(tmp_path, f"own_{tmp_path.name}", configuration={**TINY, "text_cfg": text}))
    texts = ["紅色的小狗", "這是藍色的汽車的照片。"]
    torch.testing.assert_close(model.embed_texts(texts), whole(model, texts), atol=2e-6, rtol=0)


def test_what_is_computed_depends_on_the_files_of_the_texts(tiny_profile: config.Profile, copied: config.Clip) -> None:
    profile = replace(tiny_profile, clip=copied)
    before = identity(profile, next(iter(profile.runs)))
    files = clip_texts.text_files(copied)
    assert [path.name for path in files] == ["config.json", "tokenizer.json", "tokenizer_config.json"]
    content = json.loads(files[1].read_text())
    content["model"]["vocab"][10][1] -= 1.0
    files[1].write_text(json.dumps(content))
    assert identity(profile, next(iter(profile.runs))) != before


def test_the_doctor_names_the_files_of_the_texts(tiny_profile: config.Profile, copied: config.Clip) -> None:
    def states() -> dict[str, str]:
        return {item.name: item.state for item in doctor.examine(profile) if "text" in item.name}

    profile = replace(tiny_profile, clip=copied)
    assert states() == {"CLIP's text encoder": "there", "CLIP's text tokenizer": "there"}
    shutil.rmtree(Path(copied.model).parent / TEXTS)
    assert states() == {"CLIP's text encoder": "missing", "CLIP's text tokenizer": "missing"}


def test_models_that_open_clip_knows_by_name_look_for_their_texts_likewise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HW3_ROOT", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    clip = config.Clip(model="xlm-roberta-base-ViT-B-32", pretrained="laion5b_s13b_b90k")
    names = clip_texts.text_names(clip)
    assert set(names.values()) == {"xlm-roberta-base"}
    assert [clip_texts.text_folder(clip, key, name) for key, name in names.items()] == [None, None]
    target = tmp_path / "data" / "weights" / "xlm-roberta-base"
    target.mkdir(parents=True)
    (target / "config.json").write_text("{}")
    assert [clip_texts.text_folder(clip, key, name) for key, name in names.items()] == [target, None]
    (target / "sentencepiece.bpe.model").touch()
    assert [clip_texts.text_folder(clip, key, name) for key, name in names.items()] == [target, target]
    assert clip_texts.text_names(config.Clip()) == {}
