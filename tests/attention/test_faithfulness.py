"""A decoder that copies one patch: maps that point at it pass the tests, maps that do not fail them."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from hw3lib import config
from hw3lib.attention import card_prose, cards, deletion, faithfulness, figures
from hw3lib.attention.deletion import memory_curves, pixel_curves, strongest_first
from hw3lib.attention.faithfulness import Measured
from hw3lib.attention.maps import View, Word
from hw3lib.attention.randomisation import DECODER, ENCODER, agreement, randomised
from hw3lib.attention.results import Card, ClassArea, Faithfulness, MapTest
from hw3lib.data.images import open_image
from hw3lib.data.lexicon import Lexicon
from hw3lib.data.tokenizer import load_or_train
from hw3lib.data.transform import ImageTransform
from hw3lib.models.captioner import Captioner, Memory
from hw3lib.models.experiment import Experiment
from hw3lib.models.inference import export, load_run
from hw3lib.system import files
from tests.support.synthetic import Letters

IDS, WORDS = [2, 4, 5, 6, 3], [Word("a", (1,)), Word("bc", (2, 3))]
PATCHES = 16


class Copier(Captioner):
    """Attends to the one white patch of a photograph, and says its words because it is there."""

    def __init__(self, run: config.Run) -> None:
        super().__init__(run, 9)
        (block,) = self.blocks
        with torch.no_grad():
            for parameter in [*block.parameters(), *self.embed.parameters(), *self.position.parameters()]:
                parameter.zero_()
            block.cross_attention.query.bias[0] = 8
            block.cross_attention.key_value.weight[0, 0] = 4  # keys
            block.cross_attention.key_value.weight[8, 0] = 1  # values
            block.cross_attention.out.weight.copy_(torch.eye(8))
            self.head.weight.zero_()
            self.head.weight[4:6, 0] = 2
        self.norm.eps = 0.1

    def encode(self, images: torch.Tensor) -> Memory:
        light = torch.nn.functional.adaptive_avg_pool2d(images.mean(1, keepdim=True), (4, 4)).flatten(2)
        channels = [(light - 0.8).clamp(min=0) * 5, light, *[light * 0] * 6]
        return Memory(torch.cat(channels, dim=1).transpose(1, 2), (4, 4))


def run_of(width: int, heads: int = 1, layers: int = 1) -> config.Run:
    arguments = {"patch_size": 8, "embed_dim": 24, "depth": 1, "num_heads": 2}
    encoder = config.Encoder(name="vit_tiny_patch16_224", weights="none", arguments=arguments, image_size=32)
    decoder = config.Decoder(layers=layers, heads=heads, width=width, feed_forward=8, max_length=12)
    return config.Run(title="tiny", encoder=encoder, decoder=decoder)


@pytest.fixture(scope="module")
def model() -> Captioner:
    """Of two layers, with weights large enough that every patch matters."""
    torch.manual_seed(1)
    captioner = Captioner(run_of(32, 4, 2), 20).eval()
    for block in captioner.blocks:
        torch.nn.init.normal_(block.cross_attention.key_value.weight, std=0.6)
        torch.nn.init.normal_(block.cross_attention.out.weight, std=0.6)
    return captioner


@pytest.fixture(scope="module")
def copier() -> SimpleNamespace:
    loaded = Copier(run_of(8)).eval()
    return SimpleNamespace(model=loaded, tokenizer=Letters(), transform=ImageTransform(32, (0,) * 3, (1,) * 3))


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """40 photographs of 32 px, dark and uneven but for one white patch of 8 px somewhere."""
    folder, rng = tmp_path_factory.mktemp("photographs"), np.random.default_rng(3)
    for number in range(40):
        patches = rng.integers(0, 120, (4, 4)).astype(np.uint8)
        patches.flat[rng.integers(PATCHES)] = 255
        Image.fromarray(patches.repeat(8, axis=0).repeat(8, axis=1)).convert("RGB").save(folder / f"{number}.png")
    return {path.stem: path for path in sorted(folder.glob("*.png"))}


def test_maps_that_point_at_the_patch_that_is_copied_are_faithful(copier, photographs) -> None:
    measured = faithfulness.measure(
        copier,
        photographs,
        dict.fromkeys(photographs, "a b"),
        Lexicon.none(),
        None,
        {"repeated": copier, "seed": copier},
    )
    result = cards.summarise(measured, "copier", {"repeated": "itself", "seed": "itself"})
    assert (result.images, result.words) == (40, 80)
    for way in ("last layer", "gradient"):
        verdicts = {name: test.verdict for name, test in result.cards[way].tests.items()}
        assert verdicts == dict.fromkeys(card_prose.TEST_NAMES, "passed"), way
        assert result.cards[way].tests["repeated"].effect == pytest.approx(1)
    raw = result.cards["last layer"]
    assert raw.faithful == "passed"
    # Without the patch, all nine tokens are as likely as one another; with it alone, nothing is lost.
    assert raw.strongest[1:] == pytest.approx([-np.log(9)] * faithfulness.STEPS)
    assert raw.weakest[:-1] == pytest.approx([raw.weakest[0]] * faithfulness.STEPS, abs=0.05)
    assert raw.weakest[0] > -1
    whole, none = raw.weakest[0], -np.log(9)
    for curve in (result.random, result.centre):
        assert len(curve) == faithfulness.STEPS + 1
        assert (curve[0], curve[-1]) == pytest.approx((whole, none)), "of all patches and of none, in any order"
    # Painted over in thirds, the patch is gone after the first one; in a random order, after half of them.
    assert raw.tests["mean colour"].effect == pytest.approx((whole - none) / 3, rel=0.4)
    images = {stage: {image for image, _ in measured.kept["last layer", stage]} for stage in ("the output", DECODER)}
    assert images == {"the output": {*range(8)}, DECODER: {*range(30)}}
    assert "**Averaged over words, raw attention is faithful" in card_prose.faithfulness_sentence(result)


def test_a_map_that_ignores_the_patch_fails(copier, photographs) -> None:
    """Its order has the patch that is copied at its end."""
    rng, measured = np.random.default_rng(0), Measured()
    for place, path in enumerate(photographs.values()):
        pixels = copier.transform(open_image(path))[None]
        light = copier.model.encode(pixels).tokens[0, :, 1].numpy()
        maps = {"last layer": np.stack([1 - light] * 2), "gradient": np.stack([light] * 2)}
        measured.image += [place] * 2
        measured.kind += ["other"] * 2
        words = [Word("a", (1,)), Word("b", (2,))]
        faithfulness.delete(copier, pixels, [2, 4, 5, 3], words, maps, place, rng, measured)
        # What features say of a word stands beside what pixels say of the same one.
        random, ordered = (faithfulness.areas(np.stack(measured.curves[name][-2:])) for name in ("random", "gradient"))
        for fill in deletion.FILLS:
            assert measured.pixels["gradient", fill][-1][2] in (random - ordered).tolist()
    result = cards.summarise(measured, "copier")
    assert result.cards["gradient"].faithful == "passed"
    raw = result.cards["last layer"]
    assert {raw.tests[name].verdict for name in ("deletion", "insertion", "centre", *deletion.FILLS)} == {"failed"}
    assert raw.faithful == "failed"
    said = card_prose.faithfulness_sentence(result)
    assert said.startswith("**Averaged over words, raw attention is not faithful to the decoder**: taking")
    assert said.endswith("Faithful by the same two tests: gradient-weighted.")
    assert card_prose.claim_remark(result).startswith(
        "Averaged over words, raw attention is not faithful to the decoder ("
    )


@pytest.mark.parametrize("numbers", [1, 2**23])
def test_all_steps_of_all_words_at_once_are_those_one_by_one(model, monkeypatch, numbers) -> None:
    monkeypatch.setattr(deletion, "_NUMBERS", numbers)
    rng = np.random.default_rng(0)
    with torch.no_grad():
        memory = model.encode(torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(2)))
        orders = np.stack([[rng.permutation(PATCHES) for _ in range(3)] for _ in WORDS])
        curves = memory_curves(model, memory, IDS, WORDS, orders, 5)
        assert curves.shape == (2, 3, 6)
        finest = memory_curves(model, memory, IDS, WORDS, orders, PATCHES)[..., 1]  # one patch is gone
        for place, word in enumerate(WORDS):
            for number in range(3):
                for gone, found in (
                    (1, finest[place, number]),
                    *zip((0, 3, 6, 10, 13, 16), curves[place, number], strict=True),
                ):
                    kept = sorted(set(range(PATCHES)) - set(orders[place, number, :gone].tolist()))
                    part = Memory(memory.tokens[:, kept], memory.grid)
                    expected = 0.0
                    for token in word.tokens:
                        logits, _ = model.decode(part, torch.tensor([IDS[:token]]), explicit=True)
                        expected += float(logits[0, -1].log_softmax(-1)[IDS[token]])
                    assert found == pytest.approx(expected, abs=1e-4)
    assert np.ptp(curves[:, 0], axis=1).min() > 1e-3


@pytest.mark.parametrize("fill", deletion.FILLS)
def test_pixels_are_painted_over_patch_by_patch(model, fill) -> None:
    pixels = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(2))
    order = np.random.default_rng(1).permutation(PATCHES)
    curve = pixel_curves(model, pixels, (4, 4), IDS, WORDS[0], order[None], 4, fill)[0]
    if fill == "blur":
        half = pixels.unflatten(3, (2, 16)).unflatten(2, (2, 16)).mean(dim=(3, 5))
        paint = torch.nn.functional.interpolate(half, (32, 32), mode="bilinear")
    else:
        paint = pixels.mean(dim=(2, 3), keepdim=True).expand_as(pixels)
    for step in (1, 2, 3):
        painted = pixels.clone()
        for patch in order[: 4 * step]:
            y, x = 8 * (patch // 4), 8 * (patch % 4)
            painted[:, :, y : y + 8, x : x + 8] = paint[:, :, y : y + 8, x : x + 8]
        with torch.no_grad():
            logits = model(model.encode(painted), torch.tensor([[2]]))
        assert curve[step - 1] == pytest.approx(float(logits[0, -1].log_softmax(-1)[4]), abs=1e-4)


def test_equal_patches_are_ordered_by_chance() -> None:
    orders = strongest_first(np.zeros((200, 4)), np.random.default_rng(0))
    assert {tuple(row) for row in orders[:, :1].tolist()} == {(0,), (1,), (2,), (3,)}
    assert strongest_first(np.array([0.1, 0.6, 0.3]), np.random.default_rng(0)).tolist() == [1, 2, 0]


def test_weights_are_re_initialised_from_the_top_down_in_a_copy(model, monkeypatch) -> None:
    trained = dataclasses.replace(model.run.encoder, weights="gone.safetensors")  # what it once began from
    monkeypatch.setattr(model, "run", dataclasses.replace(model.run, encoder=trained))
    before, state = {name: value.clone() for name, value in model.state_dict().items()}, torch.get_rng_state()
    changed = []
    for stage, copy in randomised(model, 5):
        names = {name for name, value in copy.state_dict().items() if not torch.equal(value, before[name])}
        changed.append((stage, {".".join(name.split(".")[: 2 if name.startswith("blocks") else 1]) for name in names}))
    assert [stage for stage, _ in changed] == [
        "the output", "layer 2 and above", "layer 1 and above", DECODER, ENCODER,
    ]  # fmt: skip
    assert [names for _, names in changed] == [
        {"head"}, {"head", "blocks.1"}, {"head", "blocks.1", "blocks.0"},
        {"head", "blocks.1", "blocks.0", "embed", "position", "project"},
        {"head", "blocks.1", "blocks.0", "embed", "position", "project", "encoder"},
    ]  # fmt: skip
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)


def test_maps_agree_in_rank_where_both_were_asked_on_one_grid() -> None:
    first = {"last layer": np.array([[0.1, 0.2, 0.7]]), "gradient": np.array([[0.2, 0.3, 0.5]]), "rollout": np.eye(3)}
    second = {"last layer": np.array([[0.0, 0.1, 0.9]]), "gradient": np.array([[0.5, 0.5]])}
    assert {way: values.tolist() for way, values in agreement(first, second).items()} == {"last layer": [1.0]}


def deleted(measured: Measured, image: int, value: float) -> None:
    """One word of an image: every deletion by the last layer's maps has this effect."""
    measured.image.append(image)
    measured.kind.append("object")
    flat = np.full(11, -1.0)
    curves = {"random": flat, "centre": flat, "last layer": flat - value, "last layer, weakest": flat + value}
    for name, curve in curves.items():
        measured.curves[name].append(curve)
    for fill in deletion.FILLS:
        measured.pixels["last layer", fill].append((image, value, value))


@pytest.mark.parametrize(
    ("effect", "spread", "images", "verdict"),
    [
        (0.3, 0.1, 40, "passed"), (-0.3, 0.1, 40, "failed"), (0.1, 2.0, 40, "inconclusive"),
        (0.0, 0.01, 40, "failed"), (0.3, 0.1, 30, "passed"), (0.3, 0.1, 29, "inconclusive"),
    ],
)  # fmt: skip
def test_a_test_comes_out_each_way(effect, spread, images, verdict) -> None:
    """The fourth is shown to be negligible; the last is of too few images."""
    rng, measured = np.random.default_rng(0), Measured()
    noise = rng.normal(0, spread, images)
    for place, value in enumerate(noise - noise.mean() + effect):
        deleted(measured, place, value)
        measured.kept["last layer", DECODER].append((place, 0.5 - value))
        measured.kept["last layer", "repeated"].append((place, 0.5 + value))
    result = cards.summarise(measured, "run", {"repeated": "other"})
    card = result.cards["last layer"]
    tests = {name: test.verdict for name, test in card.tests.items()}
    assert tests == {
        name: verdict if effect or name not in ("decoder", "repeated") else "inconclusive" for name in tests
    }
    assert len(tests) == 7
    assert card.faithful == verdict
    assert card.between.value == pytest.approx(2 * effect, abs=1e-6)
    assert card.pixels == {"mean colour": pytest.approx(1), "blur": pytest.approx(1)}
    assert len(card_prose.card_table(result)[1]) == 8
    assert card_prose.class_areas(result)[1][0][0] == "nouns"
    assert "`other`" in card_prose.card_sentences(result)
    assert figures.deletion_curves(result).axes


def test_two_images_have_an_interval_and_maps_of_one_image_no_test() -> None:
    measured = Measured()
    for place, value in enumerate((0.2, 0.4)):
        deleted(measured, place, value)
        measured.kept["last layer", "seed"].append((0, value))
        measured.kept["last layer", "repeated"].append((place, value))
    card = cards.summarise(measured, "run", {"seed": "again", "repeated": "other"}).cards["last layer"]
    assert "repeated" in card.tests
    assert "seed" not in card.tests, "of one image nothing is known"
    assert (card.between.value, card.between.low, card.between.high) == pytest.approx((0.6, 0.4, 0.8))


def test_a_head_is_compared_with_the_one_that_is_most_like_it_on_other_images() -> None:
    values = np.full((40, 3, 2), 0.1)  # images, heads, words
    values[:, 1] = 0.6
    values[::2, 2], values[1::2, 2] = 1.0, -1.0  # the likest on one half alone
    values[7, 0] = 0.9  # on its own image only
    told = dict(faithfulness.of_like_heads(list(enumerate(values))))
    assert len(told) == 40
    assert {told[image] for image in range(0, 40, 2)} == {0.6}, "where the other half chose"
    assert {told[image] for image in range(1, 40, 2)} == {-1.0}
    assert faithfulness.of_like_heads([(0, values[0])]) == []


def test_what_was_measured_can_be_kept_and_summed_up_again(copier, photographs, tmp_path) -> None:
    some = dict(list(photographs.items())[:3])
    arguments = (copier, some, dict.fromkeys(some, "a b"), Lexicon.none(), View(0, 0), {"seed": copier})
    measured = faithfulness.measure(*arguments)
    measured.save(tmp_path / "kept.npz")
    again = faithfulness.Measured.load(tmp_path / "kept.npz")
    result = cards.summarise(again, "copier", {"seed": "itself"})
    assert result == cards.summarise(measured, "copier", {"seed": "itself"})
    assert result.seed == "itself"
    assert result.cards["best head"].tests["seed"].effect == pytest.approx(1), "the same head"
    np.savez(tmp_path / "pickled.npz", image=np.array([{}]), kind=np.array([]))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        faithfulness.Measured.load(tmp_path / "pickled.npz")
    faithfulness.Measured().save(tmp_path / "nothing.npz")
    assert faithfulness.Measured.load(tmp_path / "nothing.npz") == faithfulness.Measured()


def test_the_first_sentence_and_the_claims_say_for_which_classes_of_words_deletion_shows_an_effect() -> None:
    costs = MapTest("passed", 0.5, 0.25, 0.75, 40)
    kinds = {
        "other": ClassArea(-0.5, -0.75, -0.25, 40), "relation": ClassArea(0.1, -0.1, 0.3, 30),
        "colour": ClassArea(0.5, 0.25, 0.75, 29), "object": ClassArea(0.5, 0.25, 0.75, 30),
        "place": ClassArea(0.5, 0.25, 0.75), "count": ClassArea(0.2, None, None, 1),
    }  # fmt: skip
    card = Card({"deletion": costs, "insertion": costs}, kinds["object"], kinds, [], [], {}, {})
    result = Faithfulness({}, "best", None, None, 40, 80, [], [], {"last layer": card})
    shown = (
        "; by class of words, an effect is shown for nouns and places, not shown for relations, "
        "the opposite for other words"
    )
    said = card_prose.faithfulness_sentence(result)
    assert said.startswith(f"**Averaged over words, raw attention is faithful to the decoder{shown}**: ")
    assert said.endswith(
        "on 40 images. The other classes have fewer than 30 images each, too few for a verdict: colours and counts."
    )
    remark = card_prose.claim_remark(result)
    assert remark.endswith(f"{shown}; for colours and counts there are too few images for a verdict.")
    unclassed = dataclasses.replace(card, classes={"other": kinds["other"]})
    told = card_prose.faithfulness_sentence(dataclasses.replace(result, cards={"last layer": unclassed}))
    assert "class" not in told, "where words are not classed, no class is named"


def test_the_cards_are_told_number_for_number() -> None:
    costs, restores = MapTest("passed", 0.5, 0.25, 0.75, 40), MapTest("inconclusive", 0.125, -0.25, 0.5, 40)
    tests = {"deletion": costs, "insertion": restores, "mean colour": restores, "blur": costs}
    again = {"repeated": MapTest("passed", 0.75, 0.625, 0.875, 40)}
    kinds = {"other": ClassArea(0.5, 0.25, 0.75, 30), "object": ClassArea(-0.5, None, None, 1)}
    pixels: dict[str, float | None] = {"mean colour": 0.5, "blur": 0.0}
    raw = Card(tests | again, kinds["other"], kinds, [], [], {"the output": 0.75, "the decoder": -0.125}, pixels)
    best = Card(tests, kinds["other"], dict.fromkeys(kinds, kinds["other"]), [], [], {}, pixels)
    result = Faithfulness({}, "best", None, "second", 40, 80, [], [], {"last layer": raw, "best head": best})
    assert card_prose.card_table(result) == (
        ["test", "last layer, mean of heads", "best head"],
        [
            ["faithful: deletion and insertion", "inconclusive", "inconclusive"],
            [card_prose.TEST_NAMES["deletion"], *["passed: +0.50 [+0.25, +0.75]"] * 2],
            [card_prose.TEST_NAMES["insertion"], *["inconclusive: +0.12 [−0.25, +0.50]"] * 2],
            [card_prose.TEST_NAMES["mean colour"], *["inconclusive: +0.12 [−0.25, +0.50]"] * 2],
            [card_prose.TEST_NAMES["blur"], *["passed: +0.50 [+0.25, +0.75]"] * 2],
            [card_prose.TEST_NAMES["repeated"], "passed: +0.75 [+0.62, +0.88]", None],
        ],
    )
    assert card_prose.class_areas(result)[1] == [
        ["nouns", 1, "−0.50", "+0.50 [+0.25, +0.75]"], ["other words", 30, *["+0.50 [+0.25, +0.75]"] * 2],
    ]  # fmt: skip
    told = card_prose.card_sentences(result)
    assert "+0.12 [−0.25, +0.50] nats (mean colour) and +0.50 [+0.25, +0.75] nats (blur); over words" in told
    assert "the two ways of masking have a rank correlation of 0.50 and 0.00.\n\n" in told
    assert told.endswith(
        "re-initialised: 0.75 (the output), −0.12 (the decoder). With the maps that the run `second` has of the same "
        "captions it is 0.75 [0.62, 0.88]."
    )
    few = dataclasses.replace(raw, pixels=pixels | {"blur": None}, tests=tests)
    alone = dataclasses.replace(result, other=None, seed="best/seed_8", cards={"last layer": few})
    assert "masking have a rank" not in card_prose.card_sentences(alone)
    assert "With the maps" not in card_prose.card_sentences(alone)
    notes = card_prose.card_notes(alone)
    assert notes.startswith("80 words of 40 captions; ")
    assert notes.endswith(
        "at most 0.02 nats. Inconclusive: neither, or fewer than 30 images. The other seed is best/seed_8."
    )
    assert "The other run is second. Of the best head, it is the other's head" in card_prose.card_notes(result)
    neither = dataclasses.replace(result, other=None)
    assert "best head" not in card_prose.card_notes(neither)


def test_one_image_tests_nothing_and_says_so(copier, photographs) -> None:
    one = dict(list(photographs.items())[:1])
    result = cards.summarise(faithfulness.measure(copier, one, {"0": "a b"}, Lexicon.none()), "copier")
    assert result.cards == {}
    assert "was not tested" in card_prose.faithfulness_sentence(result)
    assert card_prose.claim_remark(result) == card_prose.card_sentences(result) == ""


def test_too_few_images_for_a_test_are_glimpsed_at_and_of_a_long_caption_some_words(
    copier, photographs, monkeypatch
) -> None:
    monkeypatch.setattr(faithfulness, "randomised", lambda model, seed: ())
    for name, value in (("GLIMPSE", 2), ("FEW", 4), ("IMAGES", 5)):
        monkeypatch.setattr(faithfulness, name, value)
    for count, measured in ((1, 1), (3, 2), (4, 4), (6, 5)):
        images = dict(list(photographs.items())[:count])
        found = faithfulness.measure(copier, images, dict.fromkeys(images, "a b a b a b"), Lexicon.none())
        assert found.image == np.arange(measured).repeat(5).tolist()


def test_captions_without_a_word_are_left_out(copier, photographs) -> None:
    measured = faithfulness.measure(copier, photographs, dict.fromkeys(photographs, ""), Lexicon.none())
    assert cards.summarise(measured, "copier").words == 0


@pytest.fixture
def trained(tiny_profile: config.Profile) -> config.Profile:
    """Two runs as if they had been trained, and captions of the first."""
    runs = {"best": tiny_profile.runs["best"], "second": tiny_profile.runs["best"]}
    profile = dataclasses.replace(tiny_profile, runs=runs)
    tokenizer, validation = load_or_train(profile.require_captions()), Experiment.open(profile).validation
    for name, run in runs.items():
        Captioner(run, tokenizer.size).save(config.folder(profile, name) / "best.safetensors")
    captions = {image: texts[0] for image, texts in zip(validation.names, validation.captions, strict=True)}
    files.write_json(config.folder(profile, "best") / "predictions.json", captions)
    return profile


def test_a_runs_maps_are_tested_once_and_compared_with_another_runs(trained) -> None:
    experiment = Experiment.open(trained)
    loaded, said = experiment.load_run("best"), []
    first = cards.study(experiment, "best", loaded, say=said.append)
    assert said[-1] == "computed: p3/faithfulness.json"
    assert (first.run, first.other, first.images) == ("best", "second", 8)
    assert set(first.cards) == {"last layer", "gradient", "rollout"}  # a plain ViT, and no head was chosen
    assert {test.verdict for card in first.cards.values() for test in card.tests.values()} == {"inconclusive"}  # few
    assert cards.study(experiment, "best", loaded, say=said.append) == first
    assert said[-1].startswith("loaded: ")
    (config.folder(trained, "second") / "best.safetensors").write_bytes(b"of another version")
    alone = cards.study(experiment, "best", loaded)
    assert alone.other is None
    assert "repeated" not in alone.cards["last layer"].tests


def test_maps_are_compared_with_another_seeds_and_with_another_runs(trained) -> None:
    seeds = dataclasses.replace(trained.runs["best"], seeds=2)
    profile = dataclasses.replace(trained, runs={"second": trained.runs["second"], "best": seeds})
    first, second = (config.folder(profile, name) for name in profile.trainings("best"))
    for seed in (first, second):
        shutil.copytree(config.folder(trained, "best"), seed)
    experiment = Experiment.open(profile)
    result = cards.study(experiment, "best", experiment.load_run("best"))
    assert (result.seed, result.other) == ("best/seed_8", "second")
    assert result.cards["last layer"].tests["seed"].effect == pytest.approx(1)
    assert result.cards["last layer"].tests["repeated"].effect < 0.999
    shutil.rmtree(second)
    alone = cards.study(experiment, "best", experiment.load_run("best"))
    assert (alone.seed, alone.other) == (None, "second")


def test_the_maps_of_a_profile_without_captions_are_tested_on_its_photographs(trained, tmp_path) -> None:
    export(load_run(trained, "best"), tmp_path / "exported", "its card")
    p3 = dataclasses.replace(trained.p3, model=str(tmp_path / "exported"))
    experiment = Experiment.open(dataclasses.replace(trained, data="other", captions=None, runs={}, p3=p3))
    loaded = experiment.load_run()
    result = cards.study(experiment, "exported", loaded)
    assert result.images <= 8
    assert result.other is None
    assert (experiment.folder / "p3" / "faithfulness.json").is_file()
