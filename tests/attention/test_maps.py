"""Maps belong to the word that they predicted, and come out where the thing is on the original photograph."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from hw3lib import config
from hw3lib.attention.folder import attend_folder
from hw3lib.attention.maps import (
    CaptionAttention,
    View,
    Word,
    attend,
    merge_words,
    read,
    save_npz,
    teacher_forced_pass,
    to_original,
    view_maps,
    word_maps,
    words_of,
)
from hw3lib.attention.word_grid import word_grid
from hw3lib.data.tokenizer import CaptionTokenizer
from hw3lib.models.captioner import Captioner
from hw3lib.system.errors import UserError
from tests.support.synthetic import spotter, synthetic

CAPTIONS = ["a red dog runs on the wet beach .", "two sheep in a green field", "a girl isn't riding a bicycle"] * 3


def bright_patch(width: int, height: int, box: tuple[float, float, float, float]) -> Image.Image:
    """A dark photograph with a white rectangle at fractional pixels, antialiased."""
    fine = 4
    x, y = (np.arange(width * fine) + 0.5) / fine, (np.arange(height * fine) + 0.5) / fine
    inside = ((x >= box[0]) & (x < box[2]))[None] & ((y >= box[1]) & (y < box[3]))[:, None]
    light = inside.reshape(height, fine, width, fine).mean(axis=(1, 3)) * 225 + 20
    return Image.fromarray(np.repeat(light[..., None], 3, axis=2).round().astype(np.uint8))


@pytest.mark.parametrize("cell", [(1, 1), (3, 4), (2, 5)])
@pytest.mark.parametrize(
    ("width", "height", "size", "grid"),
    [
        (640, 427, 96, (6, 6)),  # wide
        (301, 700, 96, (6, 6)),  # tall
        (333, 333, 96, (6, 6)),  # square
        (90, 60, 96, (6, 6)),  # smaller than the input
        (500, 333, (64, 128), (4, 8)),  # an input that is not square, wider than the photograph
        (900, 300, (96, 128), (6, 8)),
    ],
)
def test_a_planted_bright_patch_comes_out_at_its_place_within_one_pixel(width, height, size, grid, cell) -> None:
    loaded = spotter(size, grid)
    geometry = loaded.transform.geometry(width, height)
    h, w = geometry.size
    row, column = cell
    left, top = geometry.to_original(column * w / grid[1], row * h / grid[0])
    right, bottom = geometry.to_original((column + 1) * w / grid[1], (row + 1) * h / grid[0])

    attention = attend(loaded, bright_patch(width, height, (left, top, right, bottom)), "a b")
    values = to_original(view_maps(attention)[1], attention.geometry)

    assert values.shape == (height, width)
    weight = np.nan_to_num(values)
    y, x = np.indices(weight.shape) + 0.5
    # The cells on the rim are flat up to the edge of the crop, so their tent is lopsided: the peak is exact there too.
    if 0 < row < grid[0] - 1 and 0 < column < grid[1] - 1:
        assert (x * weight).sum() / weight.sum() == pytest.approx((left + right) / 2, abs=1)
        assert (y * weight).sum() / weight.sum() == pytest.approx((top + bottom) / 2, abs=1)
    peak_y, peak_x = np.unravel_index(weight.argmax(), weight.shape)
    assert left - 1 <= peak_x <= right + 1
    assert top - 1 <= peak_y <= bottom + 1
    # At the borders between cells the map has fallen to one half: its width is the patch's, to the pixel.
    middle = int((top + bottom) / 2)
    half = np.flatnonzero(weight[middle] >= 0.5 * weight[middle].max())
    if 0 < column < grid[1] - 1:
        assert half[0] == pytest.approx(left, abs=1)
        assert half[-1] + 1 == pytest.approx(right, abs=1)


def test_what_the_crop_left_out_is_nan_and_nothing_else_is() -> None:
    attention = synthetic(size=(300, 200))
    values = to_original(view_maps(attention)[1], attention.geometry)
    assert np.isnan(values[:, :50]).all()
    assert np.isnan(values[:, 250:]).all()
    assert np.isfinite(values[:, 50:250]).all()


def test_a_thumbnail_shows_the_same_map_as_the_photograph() -> None:
    attention = synthetic(size=(400, 300))
    values = view_maps(attention)[2]
    large = to_original(values, attention.geometry)
    small = to_original(values, attention.geometry, (75, 100))
    reduced = large.reshape(75, 4, 100, 4).mean(axis=(1, 3))
    both = np.isfinite(small) & np.isfinite(reduced)
    assert both.mean() > 0.7
    assert np.abs(small - reduced)[both].max() < 0.01 * np.nanmax(large)


def test_attention_inside_the_crop_keeps_its_mean() -> None:
    attention = synthetic(size=(448, 448))
    uniform = np.full((7, 7), 1 / 49)
    np.testing.assert_allclose(to_original(uniform, attention.geometry), 1 / 49)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory) -> SimpleNamespace:
    """A small captioner with random weights, and a tokenizer that breaks rare words into pieces."""
    torch.manual_seed(0)
    tokenizer = CaptionTokenizer.train(CAPTIONS, 48, tmp_path_factory.mktemp("attention") / "tokenizer.json")
    arguments = {"embed_dim": 16, "depths": [1, 1], "num_heads": [1, 2], "window_size": 4}
    encoder = config.Encoder(name="swin_tiny_patch4_window7_224", weights="none", arguments=arguments, image_size=64)
    run = config.Run(
        title="tiny", encoder=encoder, decoder=config.Decoder(layers=2, heads=4, feed_forward=32, max_length=24)
    )
    model = Captioner(run, tokenizer.size).eval()
    for block in model.blocks:  # far from uniform, or else a wrong row would hardly show
        torch.nn.init.normal_(block.cross_attention.query.weight, std=0.8)
        torch.nn.init.normal_(block.cross_attention.key_value.weight, std=0.8)
    transform, folder = model.transform(False), Path("run")
    return SimpleNamespace(model=model, tokenizer=tokenizer, transform=transform, run=run, folder=folder)


def photograph(seed: int = 0, size: tuple[int, int] = (90, 70)) -> Image.Image:
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 255, (size[1], size[0], 3), dtype=np.uint8))


def test_a_token_has_the_map_of_the_step_that_predicted_it(loaded) -> None:
    """Each token's map, from what had been said before it alone, against one teacher-forced pass."""
    image = photograph()
    attention = attend(loaded, image)
    model = loaded.model
    assert len(attention.tokens) > 3
    with torch.inference_mode():
        memory = model.encode(loaded.transform(image)[None])
        for place in range(len(attention.tokens) - 1):
            said = torch.tensor([attention.tokens[: place + 1]])
            step = model(memory, said, return_attention=True)[1][0, :, :, -1].numpy()  # (N, H, P)
            np.testing.assert_allclose(attention.maps[:, :, place + 1], step, atol=2e-5)
            assert np.abs(attention.maps[:, :, place] - step).max() > 1e-3 or place == 0
    np.testing.assert_allclose(attention.maps[:, :, 1:].sum(axis=-1), 1, atol=1e-5)


SWIN = {"embed_dim": 16, "depths": [1, 1], "num_heads": [1, 2], "window_size": 4}
VIT = {"patch_size": 8, "embed_dim": 24, "depth": 1, "num_heads": 2}
BACKBONES = {
    "swin": ("swin_tiny_patch4_window7_224", SWIN, 64),
    "swinv2": ("swinv2_tiny_window8_256", SWIN, 64),
    "vit, a class token": ("vit_tiny_patch16_224", VIT, 64),
    "vit, registers": ("vit_tiny_patch16_224", VIT | {"reg_tokens": 4}, 64),
    "vit, wide input": ("vit_tiny_patch16_224", VIT | {"img_size": [32, 64]}, None),
    "convnet": ("resnet10t", {}, 64),
    "convnet, channels last": ("convnext_atto", {"depths": [1, 1, 1, 1], "dims": [8, 16, 24, 32]}, 64),
}  # fmt: skip


@pytest.mark.parametrize("backbone", BACKBONES)
def test_whatever_the_backbone_a_map_is_what_its_step_attended_to_on_the_grid_that_it_sees(backbone, tmp_path) -> None:
    torch.manual_seed(0)
    name, arguments, size = BACKBONES[backbone]
    tokenizer = CaptionTokenizer.train(CAPTIONS, 48, tmp_path / "tokenizer.json")
    decoder = config.Decoder(layers=2, heads=4, width=32, feed_forward=32, max_length=24)
    encoder = config.Encoder(name=name, weights="none", arguments=arguments, image_size=size)
    model = Captioner(config.Run(title="t", encoder=encoder, decoder=decoder), tokenizer.size).eval()
    for block in model.blocks:
        torch.nn.init.normal_(block.cross_attention.query.weight, std=0.8)
        torch.nn.init.normal_(block.cross_attention.key_value.weight, std=0.8)
    loaded = SimpleNamespace(model=model, tokenizer=tokenizer, transform=model.transform(False), folder=Path())
    attention = attend(loaded, photograph(size=(90, 50)), "a red dog .")
    h, w = loaded.transform.size
    stride = h // attention.grid[0]
    assert (h // stride, w // stride) == attention.grid  # no class or register token is taken for a patch
    with torch.inference_mode():
        memory = model.encode(loaded.transform(attention.image)[None])
        for place in range(len(attention.tokens) - 1):
            step = model(memory, torch.tensor([attention.tokens[: place + 1]]), return_attention=True)[1][0, :, :, -1]
            np.testing.assert_allclose(attention.maps[:, :, place + 1], step.numpy(), atol=2e-5)
    np.testing.assert_allclose(attention.maps[:, :, 1:].sum(axis=-1), 1, atol=1e-4)


def test_captions_of_several_lengths_in_one_pass_are_read_as_each_alone(loaded) -> None:
    """Nothing of the padding comes back, and nothing of a longer neighbour."""
    texts = ["a red dog .", "two", "two sheep in a"]
    captions = [loaded.tokenizer.encode(text) for text in texts]
    assert len(set(map(len, captions))) == 3
    images = torch.stack([loaded.transform(photograph(seed)) for seed in range(3)])
    pad = loaded.tokenizer.pad
    with torch.inference_mode():
        together = teacher_forced_pass(loaded.model, loaded.model.encode(images), captions, pad)
        for place, (ids, (maps, log_probs)) in enumerate(zip(captions, together, strict=True)):
            memory = loaded.model.encode(images[place : place + 1])
            alone, alone_log_probs = teacher_forced_pass(loaded.model, memory, [ids], pad)[0]
            assert maps.shape[2] == len(ids)
            assert np.isnan(maps[:, :, 0]).all()
            np.testing.assert_allclose(maps[:, :, 1:], alone[:, :, 1:], atol=2e-5)
            assert log_probs == pytest.approx(alone_log_probs, abs=1e-4)
            assert len(log_probs) == len(ids) - 1


def test_captions_that_are_read_together_are_read_as_each_alone(loaded) -> None:
    image = bright_patch(80, 60, (10, 10, 30, 30))
    texts = ["a red dog", "two sheep in a green field"]
    for text, one in zip(texts, read(loaded, image, texts, "mine"), strict=True):
        alone = attend(loaded, image, text, "mine")
        np.testing.assert_allclose(one.maps, alone.maps, atol=1e-5)
        np.testing.assert_allclose(one.log_probs, alone.log_probs, atol=1e-4)
        assert (one.caption, one.words, one.name, one.run) == (alone.caption, alone.words, alone.name, alone.run)
    assert [len(one.tokens) for one in read(loaded, image, texts, most=4)] == [4, 4]


def test_bos_has_no_map_and_eos_has_one(loaded) -> None:
    attention = attend(loaded, photograph(), "a red dog")
    assert attention.words[0].text == "[BOS]"
    assert attention.words[-1].text == "[EOS]"
    assert np.isnan(attention.maps[:, :, 0]).all()
    assert np.isfinite(attention.maps[:, :, 1:]).all()
    assert attention.probability(attention.words[0]) is None
    assert 0 < attention.probability(attention.words[-1]) < 1


def test_a_caption_of_ones_own_is_read_word_by_word(loaded) -> None:
    attention = attend(loaded, photograph(), "two sheep isn't .")
    assert [word.text for word in attention.words] == ["[BOS]", "two", "sheep", "isn't", ".", "[EOS]"]
    assert attention.caption == "two sheep isn't."
    pieces = attention.words[3].tokens
    assert len(pieces) >= 3
    expected = np.exp(sum(attention.log_probs[place - 1] for place in pieces))
    assert attention.probability(attention.words[3]) == pytest.approx(expected)


def test_a_word_that_the_tokenizer_lacks_is_shown_as_it_was_typed_and_marked(loaded) -> None:
    """Its map and its probability are those of all its pieces, known and unknown."""
    attention = attend(loaded, photograph(), "a quixotic dog")
    assert [word.label for word in attention.words] == ["[BOS]", "a", "quixotic (unknown)", "dog", "[EOS]"]
    assert attention.caption == "a quixotic dog"
    pieces = attention.words[2].tokens
    assert len(pieces) > 1
    assert loaded.tokenizer.unk in [attention.tokens[place] for place in pieces]
    mean = attention.maps[-1].mean(axis=0)[list(pieces)].mean(axis=0)
    np.testing.assert_allclose(view_maps(attention)[2].ravel(), mean, rtol=1e-5)
    assert not any(word.unknown for word in attend(loaded, photograph()).words)


def test_of_a_word_that_is_cut_what_is_left_stands_for_it(loaded) -> None:
    ids = loaded.tokenizer.encode("a quixotic dog")
    words = words_of(loaded.tokenizer, ids[:3], "a quixotic dog")
    assert words[2] == Word("quixotic", (2,), unknown=True)
    assert [word.text for word in words_of(loaded.tokenizer, ids[:2], "a quixotic dog")] == ["[BOS]", "a"]


def test_maps_are_written_as_arrays_with_their_words(loaded, tmp_path: Path) -> None:
    attention = attend(loaded, photograph(), "a quixotic dog")
    save_npz(attention, tmp_path / "bike.npz")
    with np.load(tmp_path / "bike.npz", allow_pickle=False) as arrays:
        assert arrays["words"].tolist() == ["[BOS]", "a", "quixotic (unknown)", "dog", "[EOS]"]
        np.testing.assert_array_equal(arrays["maps"], view_maps(attention))
        assert (arrays["maps"].dtype, arrays["maps"].shape) == (np.float32, (5, *attention.grid))
        np.testing.assert_array_equal(arrays["attention"], attention.maps)
        tokens_of_a_word = np.flatnonzero(arrays["word_of_token"] == 2)
        assert tuple(tokens_of_a_word) == attention.words[2].tokens
        mean = arrays["attention"][-1].mean(axis=0)[tokens_of_a_word].mean(axis=0)
        np.testing.assert_allclose(arrays["maps"][2].ravel(), mean, rtol=1e-6)
        assert np.isnan(arrays["probabilities"]).tolist() == [True, False, False, False, False]
        assert arrays["probabilities"][3] == pytest.approx(attention.probability(attention.words[3]))
        assert tuple(arrays["tokens"]) == attention.tokens
        assert tuple(arrays["box"]) == attention.geometry.box
        assert (tuple(arrays["grid"]), tuple(arrays["size"])) == (attention.grid, attention.image.size[::-1])
        assert str(arrays["caption"]) == "a quixotic dog"


def test_a_finished_captions_probabilities_are_the_decoders(loaded) -> None:
    from hw3lib.models.decoding import greedy

    image = photograph(3)
    said = greedy(loaded.model, loaded.model.encode(loaded.transform(image)[None]), loaded.tokenizer)[0]
    attention = attend(loaded, image)
    assert attention.tokens == tuple(said.tokens)
    assert attention.log_probs == tuple(said.log_probs)


def test_a_photograph_is_called_by_its_file_or_by_the_name_given(loaded, tmp_path: Path) -> None:
    photograph().save(tmp_path / "bike.png")
    assert attend(loaded, tmp_path / "bike.png", "a dog").name == "bike"
    assert attend(loaded, tmp_path / "bike.png", "a dog", name="mine").name == "mine"
    assert attend(loaded, photograph(), "a dog").name == ""


def test_a_caption_longer_than_the_decoder_reads_is_refused(loaded) -> None:
    with pytest.raises(UserError, match="reads at most 24"):
        attend(loaded, photograph(), "dog " * 40)
    assert (
        len(attend(loaded, photograph(), "dog " * 40, cut=True).tokens) == 24
    )  # a run's own caption, read back from its text


def test_a_caption_that_decoding_cut_at_its_limit_can_be_read_again(loaded) -> None:
    attention = attend(loaded, photograph(), "a " * 23)
    assert len(attention.tokens) == 24
    assert attention.words[-1].text == "a"


def test_sub_words_are_averaged_to_words() -> None:
    maps = np.arange(2 * 4 * 3, dtype=np.float64).reshape(2, 4, 3)
    merged = word_maps(maps, [Word("[BOS]", (0,)), Word("tricycle", (1, 2)), Word("[EOS]", (3,))])
    assert merged.shape == (2, 3, 3)
    np.testing.assert_array_equal(merged[:, 1], (maps[:, 1] + maps[:, 2]) / 2)
    np.testing.assert_array_equal(merged[:, 2], maps[:, 3])


def test_words_that_lose_a_token_are_refused() -> None:
    with pytest.raises(ValueError, match=r"the caption has 0\.\.3"):
        merge_words([("[BOS]", [0]), ("dog", [1]), ("[EOS]", [3])], 4)


def test_the_default_view_is_the_mean_of_the_last_layers_heads() -> None:
    attention = synthetic()
    np.testing.assert_allclose(view_maps(attention)[3].ravel(), attention.maps[-1, :, 3].mean(axis=0), rtol=1e-6)
    one = view_maps(attention, View(layer=0, head=2))[3]
    np.testing.assert_array_equal(one.ravel(), attention.maps[0, 2, 3])
    with pytest.raises(UserError, match="2 layers of 4 heads"):
        view_maps(attention, View(layer=2))


def test_shapes_that_disagree_are_refused_with_both_sides() -> None:
    attention = synthetic()
    facts = {name: getattr(attention, name) for name in attention.__dataclass_fields__}
    with pytest.raises(ValueError, match="5 rows but the caption has 6 tokens"):
        CaptionAttention(**facts | {"maps": attention.maps[:, :, 1:]})
    with pytest.raises(ValueError, match="49 patches but the grid is 7 x 8"):
        CaptionAttention(**facts | {"grid": (7, 8)})


def test_a_folder_gets_one_picture_per_image_and_a_broken_one_is_reported(tmp_path: Path, monkeypatch) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    loaded = spotter(64, (4, 4))
    for name in ("bike.jpg", "bike.png", "a sheep.PNG"):
        photograph(size=(120, 80)).save(folder / name)
    (folder / "broken.jpg").write_bytes(b"not a picture")
    lines: list[str] = []
    # Spotter can only read.
    monkeypatch.setattr("hw3lib.attention.folder.attend", lambda run, image: attend(run, image, "a b c"))
    written = attend_folder(loaded, folder, out, report=lines.append, arrays=True)
    assert sorted(path.name for path in written) == ["a sheep.png", "bike.jpg.png", "bike.png.png"]
    assert sorted(out.glob("*.png")) == sorted(written)
    assert sorted(path.name for path in out.glob("*.npz")) == ["a sheep.npz", "bike.jpg.npz", "bike.png.npz"]
    assert any("broken.jpg" in line for line in lines)
    with Image.open(written[0]) as picture:
        assert picture.width == 1440
    attend_folder(loaded, folder, tmp_path / "pictures", report=lines.append)
    assert not list((tmp_path / "pictures").glob("*.npz"))
    (folder / "only").mkdir()
    (folder / "only" / "x.jpg").write_bytes(b"")
    with pytest.raises(UserError, match="none of the 1 images"):
        attend_folder(loaded, folder / "only", out, report=lines.append)


def test_no_picture_replaces_a_photograph_and_each_can_have_an_animation(tmp_path: Path, monkeypatch) -> None:
    loaded, sheep = spotter(64, (4, 4)), tmp_path / "sheep.webp"
    photograph(size=(120, 80)).save(sheep)
    before = sheep.read_bytes()
    monkeypatch.setattr("hw3lib.attention.folder.attend", lambda run, image: attend(run, image, "a b"))
    with pytest.raises(UserError, match=r"would replace the photograph .*sheep\.webp; write into another folder"):
        attend_folder(loaded, tmp_path, tmp_path, strips=True)
    assert [path.name for path in tmp_path.iterdir()] == ["sheep.webp"]
    assert sheep.read_bytes() == before
    attend_folder(loaded, tmp_path, tmp_path / "out", strips=True)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["sheep.png", "sheep.webp"]
    with Image.open(tmp_path / "out" / "sheep.webp") as film:
        assert film.n_frames == 4


def test_the_grid_of_words_from_right_to_left_begins_at_the_right() -> None:
    def places(texts: tuple[str, ...]) -> dict[str, tuple[float, str]]:
        figure = word_grid(synthetic(texts), columns=3)
        return {text.get_text(): (text.get_position()[0], text.get_ha()) for text in figure.texts}

    words = ("[BOS]", "كلب", "أحمر", "يجري", "[EOS]")
    arabic, english = places(words), places(("[BOS]", "a", "red", "dog", "[EOS]"))
    for word, other in zip(words, ("[BOS]", "a", "red", "dog", "[EOS]"), strict=True):
        assert arabic[word] == (pytest.approx(1 - english[other][0], abs=1e-6), "right")
        assert english[other][1] == "left"
    assert arabic["[BOS]"][0] > arabic["كلب"][0] > arabic["أحمر"][0] < arabic["يجري"][0]
    figure = word_grid(synthetic(words), columns=3)
    panels = [axes.get_position() for axes in figure.axes]
    assert panels[0].x1 == pytest.approx(1, abs=0.01)
    assert [panel.x0 for panel in panels[:3]] == sorted((panel.x0 for panel in panels[:3]), reverse=True)
