from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from PIL import Image

from hw3lib import config
from hw3lib.data.cache import row_file
from hw3lib.metrics.clip_score import clip_scores, ref_clip_scores
from hw3lib.models import clip as clip_module
from hw3lib.models import clip_weights
from hw3lib.models.clip import ClipModel
from hw3lib.system.errors import UserError
from tests.support.places import REAL
from tests.support.tiny_clip import TINY, write_clip

TEXTS = [
    "a",
    "a photo of a dog",
    "no red fire hydrant, no score.",
    "",
    "word " * 60,
    "a red bus! and (two) buses? " * 20,
]


@pytest.fixture(scope="module")
def clip_config(tmp_path_factory: pytest.TempPathFactory) -> config.Clip:
    return write_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture
def model(clip_config: config.Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ClipModel:
    monkeypatch.setenv("HW3_ROOT", str(tmp_path))
    return ClipModel.load(clip_config)


@pytest.fixture
def photographs(tmp_path: Path) -> list[Path]:
    found = []
    for number in range(11):
        path = tmp_path / f"picture {number}.png"
        Image.effect_noise((40 + number, 50), 80).convert("RGB").save(path)
        found.append(path)
    return found


def whole(model: ClipModel, texts: list[str]) -> torch.Tensor:
    """open_clip's own features, at the full length."""
    with torch.inference_mode():
        return model.model.encode_text(model.tokenizer(texts), normalize=True)


def test_texts_embedded_at_their_own_length_have_the_features_of_the_full_length(model: ClipModel) -> None:
    assert clip_module._causal_text(model.model) == ""
    torch.testing.assert_close(model.embed_texts(TEXTS), whole(model, TEXTS), atol=2e-6, rtol=0)


def test_short_texts_really_run_at_their_own_length(model: ClipModel, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    embedding = model.model.token_embedding
    embedding.register_forward_hook(lambda _, inputs, __: seen.append(tuple(inputs[0].shape)))
    model.embed_texts(["a dog", "two dogs", "a dog"])
    assert seen == [(2, 4)]  # start, two words, end; the repeated text is encoded once


@pytest.mark.parametrize("causal", [True, False])
def test_separate_text_towers_are_shortened_only_where_they_are_causal(
    causal: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HW3_ROOT", str(tmp_path))
    text = {**TINY["text_cfg"], "no_causal_mask": not causal}
    cfg = write_clip(tmp_path, f"tower_{causal}", configuration={**TINY, "text_cfg": text, "custom_text": True})
    model = ClipModel.load(cfg)
    assert clip_module._causal_text(model.model) == ("text." if causal else None)
    torch.testing.assert_close(model.embed_texts(TEXTS), whole(model, TEXTS), atol=2e-6, rtol=0)


def test_a_text_past_77_tokens_keeps_its_end_token(model: ClipModel) -> None:
    tokens = model.tokenizer(["dog " * 200])
    assert tokens.shape == (1, 77)
    assert int(tokens[0, -1]) == model.tokenizer.eot_token_id
    ends = model.embed_texts(["dog " * 200, "dog " * 75, "dog " * 74])
    torch.testing.assert_close(ends[0], ends[1], atol=1e-6, rtol=0)  # both are start, 75 words, end
    assert (ends[1] - ends[2]).abs().max() > 1e-4


def test_a_text_fits_if_start_words_and_end_are_at_most_77_tokens(model: ClipModel) -> None:
    texts = [
        "dog " * 75,
        "dog " * 76,
        "a dog",
        "",
        "dog " * 200,
        "unbelievable " * 30,
        "word!" * 38,
        "7" * 75,
        "7" * 76,
    ]
    tokens = [len(model.tokenizer.encode(text)) + 2 for text in texts]
    assert model.fits(texts) == [count <= 77 for count in tokens]
    assert model.fits(texts[:2]) == [True, False]
    assert model.fits([]) == []


def test_features_are_normalised_and_do_not_depend_on_the_batch(model: ClipModel, photographs: list[Path]) -> None:
    together = model.embed_images(photographs)
    assert together.shape == (11, 32)
    torch.testing.assert_close(together.norm(dim=1), torch.ones(11))
    alone = torch.cat([model._encode_images([path]) for path in photographs])
    torch.testing.assert_close(together, alone, atol=2e-6, rtol=0)
    texts = torch.cat([model.embed_texts([text]) for text in TEXTS])
    torch.testing.assert_close(model.embed_texts(TEXTS), texts)


def test_batched_clipscore_equals_one_pair_at_a_time(model: ClipModel, photographs: list[Path]) -> None:
    captions = [f"picture number {number} of a dog" for number in range(11)]
    batched = clip_scores(model.embed_images(photographs), model.embed_texts(captions))
    for path, caption, found in zip(photographs, captions, batched, strict=True):
        with torch.inference_mode():
            image = model.model.encode_image(model.preprocess(Image.open(path))[None])[0]
            text = model.model.encode_text(model.tokenizer([caption]))[0]
        slow = 2.5 * max(float(torch.nn.functional.cosine_similarity(image, text, dim=0)), 0)
        assert float(found) == pytest.approx(slow, abs=1e-5)


def test_clipscore_is_never_negative_and_refuses_sides_that_do_not_pair() -> None:
    image = torch.tensor([[1.0, 0.0], [0.6, 0.8]])
    torch.testing.assert_close(clip_scores(image, torch.tensor([[-1.0, 0.0], [1.0, 0.0]])), torch.tensor([0.0, 1.5]))
    with pytest.raises(ValueError, match="do not pair"):
        clip_scores(image, image[:1])


def test_refclipscore_is_the_harmonic_mean_with_the_best_reference() -> None:
    generator = torch.Generator().manual_seed(0)
    counts = [1, 5, 2, 3] * 5
    image, text = (torch.nn.functional.normalize(torch.randn(20, 6, generator=generator), dim=1) for _ in "ab")
    references = torch.nn.functional.normalize(torch.randn(sum(counts), 6, generator=generator), dim=1)
    scores = clip_scores(image, text)
    found = ref_clip_scores(scores, text, references, counts)
    start, kinds = 0, set()
    for place, count in enumerate(counts):  # one at a time, as the paper writes it
        own = references[start : start + count]
        start += count
        clip_s = 2.5 * max(float(image[place] @ text[place]), 0)
        best = max(*(float(reference @ text[place]) for reference in own), 0.0)
        slow = 2 / (1 / clip_s + 1 / best) if clip_s and best else 0.0
        kinds.add((clip_s > 0, best > 0))
        assert float(found[place]) == pytest.approx(slow, abs=1e-6)
    assert len(kinds) == 4  # each side was above and below zero
    same = ref_clip_scores(torch.tensor([0.75]), text[:1], text[:1], [1])
    assert float(same) == pytest.approx(2 * 0.75 / 1.75)  # CLIPScore keeps its weight of 2.5 in the mean


def test_refclipscore_refuses_sides_that_do_not_pair() -> None:
    text = torch.eye(2)
    assert ref_clip_scores(torch.empty(0), text[:0], text[:0], []).shape == (0,)
    for scores, references, counts in ((torch.ones(1), text, [1, 1]), (torch.ones(2), text, [1, 2])):
        with pytest.raises(ValueError, match="do not pair"):
            ref_clip_scores(scores, text, references, counts)
    with pytest.raises(ValueError, match="text 1 has no reference"):
        ref_clip_scores(torch.ones(2), text, text, [2, 0])


def test_images_are_embedded_once_per_content(
    model: ClipModel, clip_config: config.Clip, photographs: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = model.embed_images(photographs)
    again = ClipModel.load(clip_config)
    encoded: list[int] = []
    original = ClipModel._encode_images

    def counted(self: ClipModel, images: list[Path]) -> torch.Tensor:
        encoded.append(len(images))
        return original(self, images)

    monkeypatch.setattr(ClipModel, "_encode_images", counted)
    renamed = photographs[0].with_name("another name.png")
    photographs[0].rename(renamed)
    torch.testing.assert_close(again.embed_images([renamed, *photographs[1:]]), first)
    assert encoded == []
    Image.new("RGB", (40, 40), "red").save(photographs[1])  # the same name, another content
    changed = again.embed_images(photographs[1:])
    assert encoded == [1]
    assert (changed[0] - first[1]).abs().max() > 1e-3
    torch.testing.assert_close(changed[1:], first[2:])


def test_pictures_in_memory_are_embedded_like_their_files(model: ClipModel, photographs: list[Path]) -> None:
    pictures = [Image.open(path).convert("RGB") for path in photographs[:3]]
    torch.testing.assert_close(model.embed_images(pictures), model.embed_images(photographs[:3]))


def test_the_cache_belongs_to_its_weights_and_survives_a_damaged_file(
    model: ClipModel, clip_config: config.Clip, photographs: list[Path], tmp_path: Path
) -> None:
    first = model.embed_images(photographs[:2])
    files = list(model.cache.folder.glob("*.rows"))
    assert len(files) == 1
    (tmp_path / "other").mkdir()
    other = ClipModel.load(write_clip(tmp_path / "other", seed=1))
    assert other.cache.folder != model.cache.folder
    assert (other.embed_images(photographs[:2]) - first).abs().max() > 1e-3
    files[0].write_bytes(files[0].read_bytes()[:40])
    torch.testing.assert_close(ClipModel.load(clip_config).embed_images(photographs[:2]), first)


@pytest.mark.filterwarnings("ignore:.*is damaged")
def test_a_damaged_row_of_the_cache_is_computed_again(
    model: ClipModel, clip_config: config.Clip, photographs: list[Path]
) -> None:
    first = model.embed_images(photographs)
    (path,) = model.cache.folder.glob("*.rows")
    content = bytearray(path.read_bytes())
    content[7] ^= 64
    path.write_bytes(content)
    for _ in range(2):
        torch.testing.assert_close(ClipModel.load(clip_config).embed_images(photographs), first)


def test_where_the_disk_refuses_features_stay_in_memory(
    model: ClipModel, photographs: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_file, "SPARE", 2**62)
    with pytest.warns(UserWarning, match="image features are not kept in .*clip"):
        first = model.embed_images(photographs)
    assert not list(model.cache.folder.glob("*.rows"))
    monkeypatch.setattr(ClipModel, "_encode_images", None)
    torch.testing.assert_close(model.embed_images(photographs), first)


def test_an_unreadable_image_is_named(model: ClipModel, tmp_path: Path, photographs: list[Path]) -> None:
    (tmp_path / "broken.png").write_bytes(photographs[0].read_bytes()[:200])
    with pytest.raises(UserError, match=r"broken\.png"):
        model.embed_images([*photographs, tmp_path / "broken.png"])
    with pytest.raises(UserError, match=r"nowhere\.png"):
        model.embed_images([tmp_path / "nowhere.png"])
    assert model.embed_images([]).shape == (0, 32)


def test_unknown_models_and_tags_come_with_the_nearest_names(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"did you mean 'ViT-B-32'"):
        ClipModel.load(config.Clip(model="ViT-B32"))
    with pytest.raises(UserError, match=r"did you mean 'openai'"):
        ClipModel.load(config.Clip(pretrained="opnai"))
    with pytest.raises(UserError, match=r"no model configuration .*nowhere\.json"):
        ClipModel.load(config.Clip(model=str(tmp_path / "nowhere.json")))
    (tmp_path / "other.json").write_text('{"layers": 2}')
    with pytest.raises(UserError, match="embed_dim"):
        ClipModel.load(config.Clip(model=str(tmp_path / "other.json")))


def test_a_tag_without_a_network_says_where_to_put_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub
    import open_clip

    def unreachable() -> None:
        raise OSError("no route to host")

    monkeypatch.setenv("HW3_ROOT", str(tmp_path))
    monkeypatch.setattr(huggingface_hub, "get_session", unreachable)
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *_: None)
    target = tmp_path / "data" / "weights" / "ViT-B-32.openai.safetensors"
    with pytest.raises(UserError) as caught:
        ClipModel.load(config.Clip())
    repository = open_clip.get_pretrained_cfg("ViT-B-32", "openai")["hf_hub"].rpartition("/")[0]
    assert f"safetensors from {repository} on the Hugging Face hub and put it at {target}" in str(caught.value)
    assert "no route to host" in str(caught.value)
    target.parent.mkdir(parents=True)
    target.touch()
    assert clip_weights.find_weights(config.Clip()) == target


def test_weights_of_openai_get_the_activation_that_they_were_trained_with(
    clip_config: config.Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import open_clip

    monkeypatch.setenv("HW3_ROOT", str(tmp_path))
    tag = {"quick_gelu": True, "mean": (0.5, 0.5, 0.5), "std": (0.25, 0.25, 0.25)}
    monkeypatch.setattr(open_clip, "get_pretrained_cfg", lambda *_: tag)
    local = tmp_path / "data" / "weights" / "tiny_clip.some_tag.safetensors"
    local.parent.mkdir(parents=True)
    local.write_bytes(Path(clip_config.pretrained).read_bytes())
    model = ClipModel.load(config.Clip(model=clip_config.model, pretrained="some_tag"))
    kinds = {type(module).__name__ for module in model.model.modules()}
    assert "QuickGELU" in kinds
    assert "GELU" not in kinds
    assert tuple(model.preprocess.transforms[-1].mean) == (0.5, 0.5, 0.5)


def test_weights_that_do_not_fit_or_are_a_pickle_are_refused(
    clip_config: config.Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow = {**TINY, "embed_dim": 16}
    path = tmp_path / "narrow_clip.json"
    path.write_text(json.dumps(narrow))
    with pytest.raises(UserError, match="does not fit the model narrow_clip"):
        ClipModel.load(config.Clip(model=str(path), pretrained=clip_config.pretrained))
    monkeypatch.setenv("HW3_ROOT", str(tmp_path))
    monkeypatch.setattr("open_clip.get_pretrained_cfg", lambda *_: {"hf_hub": "owner/name/"})
    local = tmp_path / "data" / "weights" / "narrow_clip.some_tag.safetensors"
    local.parent.mkdir(parents=True)
    local.symlink_to(clip_config.pretrained)
    with pytest.raises(UserError, match=r"/narrow_clip\.some_tag\.safetensors does not fit the model narrow_clip"):
        ClipModel.load(config.Clip(model=str(path), pretrained="some_tag"))
    monkeypatch.undo()
    (tmp_path / "cut.safetensors").write_bytes(Path(clip_config.pretrained).read_bytes()[:5000])
    with pytest.raises(UserError, match=r"cut\.safetensors"):
        ClipModel.load(config.Clip(model=clip_config.model, pretrained=str(tmp_path / "cut.safetensors")))

    torch.save({"weights": Trap(tmp_path / "sprung")}, tmp_path / "trap.pt")
    with pytest.raises(UserError, match=r"trap\.pt .*never run"):
        ClipModel.load(config.Clip(model=clip_config.model, pretrained=str(tmp_path / "trap.pt")))
    assert not (tmp_path / "sprung").exists()


class Trap:
    """Writes a file when unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, (f"open({str(self.path)!r}, 'w')",)


def test_real_photographs_are_read_in_the_p1_layout(model: ClipModel) -> None:
    if not (REAL / "imagenet100").is_dir():
        pytest.skip("the real photographs are not here")
    from hw3lib.data.labelled import load_labelled

    data = load_labelled(REAL / "imagenet100" / "val", REAL / "imagenet100" / "id2label.json")
    features = model.embed_images(data.paths[:12])
    assert features.shape == (12, 32)
    assert bool(torch.isfinite(features).all())


@pytest.mark.parametrize(
    ("hub", "asked"),
    [
        ("owner/name/", ["open_clip_model.safetensors", "open_clip_pytorch_model.bin"]),
        ("owner/name/other.bin", ["other.bin"]),
    ],
)
def test_weights_that_the_hubs_client_keeps_are_taken_from_there(
    hub: str, asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HW3_ROOT", str(tmp_path))
    monkeypatch.setattr("open_clip.get_pretrained_cfg", lambda model, tag: {"hf_hub": hub})
    wanted: list[str] = []

    def kept(repository: str, file: str) -> str | None:
        assert repository == "owner/name"
        wanted.append(file)
        return f"/cache/{file}" if file.endswith(".bin") else None

    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", kept)
    assert clip_weights.find_weights(config.Clip()) == Path("/cache", asked[-1])
    assert wanted == asked


@pytest.mark.parametrize("pretrained", ["weights.pt", "folder/weights"])
def test_a_file_of_weights_that_is_not_there_is_not_taken_for_a_tag(
    pretrained: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HW3_ROOT", str(tmp_path))
    with pytest.raises(UserError, match=f"there are no weights at {tmp_path / pretrained}"):
        clip_weights.find_weights(config.Clip(pretrained=pretrained))
