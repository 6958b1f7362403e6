"""What is measured of a word's map is what it should be where the answer is known, and its statistics are scipy's."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from hw3lib import config
from hw3lib.attention import figures, grounding, prose
from hw3lib.attention.grounding import measure
from hw3lib.attention.summary import summarise
from hw3lib.attention.word_measures import WordMeasures
from hw3lib.data.instances import Instances
from hw3lib.data.tokenizer import CaptionTokenizer
from hw3lib.data.transform import ImageTransform
from hw3lib.models.captioner import Captioner
from hw3lib.system.errors import UserError
from tests.support.synthetic import Spotter

CAPTIONS = ["a red dog on the grass .", "two cows and a red dog under a tree .", "a group of brown cows ."]


class Finder(Spotter):
    """As :class:`Spotter`, with as many logits as the tokenizer has tokens."""

    def __init__(self, grid: tuple[int, int], vocabulary: int) -> None:
        super().__init__(grid)
        self.vocabulary = vocabulary
        self.encoder = SimpleNamespace(blocks=None, named_modules=list)

    def encode(self, images):
        from hw3lib.models.captioner import Memory

        light = torch.nn.functional.adaptive_avg_pool2d(images.mean(1, keepdim=True), self.grid)
        return Memory(light.flatten(2).transpose(1, 2), self.grid)  # (I, P, 1)

    def __call__(self, memory, tokens, return_attention=True):
        images, rows, patches = tokens.shape[0], tokens.shape[1], memory.tokens.shape[1]
        brightest = torch.nn.functional.one_hot(memory.tokens[..., 0].argmax(-1), patches).float()
        maps = brightest[:, None, None, None].expand(images, self.layers, self.heads, rows, patches)
        return torch.zeros(images, rows, self.vocabulary), maps


def world(folder: Path, dogs: list[tuple[int, int]], tokenizer: CaptionTokenizer) -> tuple[list[Path], Instances]:
    """64 px photographs, dark but for a bright dog of 16 px at (x, y) each, and their masks."""
    images, annotations = [], []
    for number, (x, y) in enumerate(dogs):
        pixels = np.full((64, 64, 3), 20, np.uint8)
        pixels[y : y + 16, x : x + 16] = 240
        Image.fromarray(pixels).save(folder / f"{number}.png")
        images.append({"id": number, "file_name": f"{number}.png", "height": 64, "width": 64})
        box = [x, y, x + 16, y, x + 16, y + 16, x, y + 16]
        annotations.append({"image_id": number, "category_id": 1, "segmentation": [box], "area": 256})
    content = {"images": images, "annotations": annotations}
    content["categories"] = [{"id": 1, "name": "dog"}, {"id": 2, "name": "cow"}]
    (folder / "instances.json").write_text(json.dumps(content))
    return [folder / f"{number}.png" for number in range(len(dogs))], Instances.load(folder / "instances.json")


@pytest.fixture
def finder(tmp_path) -> SimpleNamespace:
    tokenizer = CaptionTokenizer.train(CAPTIONS * 3, 80, tmp_path / "tokenizer.json")
    model = Finder((4, 4), tokenizer.size)
    return SimpleNamespace(model=model, tokenizer=tokenizer, transform=ImageTransform(64, (0,) * 3, (1,) * 3))


def test_a_model_that_looks_at_the_dog_scores_full_marks_for_it_and_the_priors_do_not(finder, tmp_path) -> None:
    images, instances = world(tmp_path, [(0, 0), (48, 16), (16, 32)], finder.tokenizer)
    words = measure(finder, images, {image.stem: "a red dog" for image in images}, instances)
    assert words.word.tolist() == ["a", "red", "dog", "[EOS]"] * 3
    aimed = words.target == "named"
    assert words.word[aimed].tolist() == ["a", "red", "dog"] * 3
    view = words.view()
    assert words.hit[aimed, view] == pytest.approx(1)
    assert words.mass[aimed, view] == pytest.approx(1)
    assert words.rank[aimed, view] == pytest.approx(1)
    assert words.entropy[:, view] == pytest.approx(0)
    assert words.stability[:, view] == pytest.approx(1)  # mirrored back, it is the same patch
    assert words.prior_mass[aimed, 0] == pytest.approx(1 / 16)
    assert words.prior_hit[aimed, 0] == pytest.approx(1 / 16)
    # Of four middle patches that share the point, the third dog lies on one; the others on none.
    assert words.prior_hit[words.word == "dog", 1].tolist() == pytest.approx([0, 0, 0.25])
    assert np.isnan(words.mass[words.word == "[EOS]"]).all()
    assert np.isfinite(words.elsewhere).all()
    assert (words.elsewhere < 0.1).all()


def test_a_wrong_noun_is_compared_with_any_object_and_a_place_with_everything_else(finder, tmp_path) -> None:
    images, instances = world(tmp_path, [(0, 0), (48, 16)], finder.tokenizer)
    words = measure(finder, images, {image.stem: "a brown cow on the grass" for image in images}, instances)
    kinds = dict(
        zip(words.word[:7].tolist(), zip(words.kind[:7].tolist(), words.target[:7].tolist(), strict=True), strict=True)
    )
    assert kinds["cow"] == ("object", "any")
    assert kinds["grass"] == ("place", "ground")
    assert kinds["on"] == ("relation", "")
    view = words.view()
    assert words.mass[words.word == "cow", view] == pytest.approx(1)
    assert words.mass[words.word == "grass", view] == pytest.approx(0)
    summary = summarise(words, masks=True)
    assert summary.wrong.mass.value == pytest.approx(1)
    assert summary.classes["object"].mass is None


def test_an_object_that_the_crop_left_out_is_not_counted(finder, tmp_path) -> None:
    pixels = np.full((64, 160, 3), 20, np.uint8)
    pixels[:16, :16] = 240  # the square crop begins at 48
    Image.fromarray(pixels).save(tmp_path / "0.png")
    box = [0, 0, 16, 0, 16, 16, 0, 16]
    content = {
        "images": [{"id": 0, "file_name": "0.png", "height": 64, "width": 160}],
        "categories": [{"id": 1, "name": "dog"}],
        "annotations": [{"image_id": 0, "category_id": 1, "segmentation": [box], "area": 256}],
    }
    (tmp_path / "instances.json").write_text(json.dumps(content))
    words = measure(finder, [tmp_path / "0.png"], {"0": "a dog"}, Instances.load(tmp_path / "instances.json"))
    assert set(words.target.tolist()) == {""}


def test_evenness_is_measured_where_a_phrase_is_about_several_that_can_be_seen(finder, tmp_path) -> None:
    """A model that attends to the bright dog alone is as uneven as can be."""
    images, _ = world(tmp_path, [(0, 0), (48, 16)], finder.tokenizer)
    content = json.loads((tmp_path / "instances.json").read_text())
    content["annotations"].append({"image_id": 0, "category_id": 1, "segmentation": [[32, 32, 48, 32, 48, 48, 32, 48]]})
    (tmp_path / "instances.json").write_text(json.dumps(content))
    instances = Instances.load(tmp_path / "instances.json")
    words = measure(finder, images, {"0": "two dogs", "1": "two dogs"}, instances, evenness=True)
    assert words.plural.tolist() == [True, True, False] * 2
    assert words.evenness[words.image == 0] == pytest.approx(0)
    assert np.isnan(words.evenness[words.image == 1]).all()  # it has one dog
    assert np.isnan(measure(finder, images, {"0": "a dog"}, instances, evenness=True).evenness).all()
    assert np.isnan(measure(finder, images, {"0": "two dogs"}, instances).evenness).all()


def test_heads_come_before_their_mean_layer_by_layer(finder, tmp_path) -> None:
    """A second head that attends to nothing in common with the others."""
    images, instances = world(tmp_path, [(0, 0), (48, 16)], finder.tokenizer)

    class OneHeadAstray(Finder):
        def __call__(self, memory, tokens, return_attention=True):
            logits, maps = super().__call__(memory, tokens)
            maps = maps.clone()
            maps[:, 0, 1] = 1 / maps.shape[-1]  # of the first layer
            return logits, maps

    finder.model = OneHeadAstray((4, 4), finder.tokenizer.size)
    words = measure(finder, images, {"0": "a dog", "1": "a dog"}, instances)
    entropy = words.entropy[0]  # (U,)
    assert entropy[words.view(0, 1)] == pytest.approx(4)
    assert [entropy[words.view(0, head)] for head in (0, 2)] == [0, 0]
    assert 0 < entropy[words.view(0)] < 4
    assert entropy[words.view(1) - 3 :] == pytest.approx(0)  # the last layer's heads and their mean


def test_without_masks_there_is_entropy_and_stability_and_the_summary_says_no_more(finder, tmp_path) -> None:
    images, _ = world(tmp_path, [(0, 0), (48, 16)], finder.tokenizer)
    summary = summarise(measure(finder, images, {i.stem: "a red dog" for i in images}, None), masks=False)
    assert summary.classes["object"].entropy.value == pytest.approx(0)
    assert summary.classes["object"].mass is None
    assert summary.choice is None


@pytest.mark.parametrize("annotated", ["none", "half", "all"])
@pytest.mark.parametrize(
    "captions",
    [
        ["a red dog"],  # a single photograph
        ["a red dog", "a red dog", "a red dog"],  # all alike
        ["[zyx]", "zyx zyx", "zyx"],  # no word of any class
        ["on the grass", "under a tree", "a cow on the grass"],  # no noun that is there
        ["a red dog on the grass .", "two cows by a dog", "a group of dogs"],
    ],
)
def test_whatever_the_data_it_is_measured_summed_up_and_told(finder, tmp_path, annotated, captions) -> None:
    """Instances of none, half or all of the photographs: what cannot be measured is left out, with the reason."""
    images, _ = world(tmp_path, [(0, 0), (48, 16), (16, 32)][: len(captions)], finder.tokenizer)
    content = json.loads((tmp_path / "instances.json").read_text())
    if annotated == "half":
        content["images"] = content["images"][::2]
        content["annotations"] = content["annotations"][::2]
    (tmp_path / "instances.json").write_text(json.dumps(content))
    instances = None if annotated == "none" else Instances.load(tmp_path / "instances.json")
    words = measure(finder, images, {str(i): text for i, text in enumerate(captions)}, instances)
    groups = measure(finder, images, {str(i): text for i, text in enumerate(captions)}, instances, evenness=True)
    summary = summarise(words, groups, words, masks=instances is not None)
    assert summary.words == len(words.word)
    columns, rows = prose.class_table(summary)
    assert {len(row) for row in rows} <= {len(columns)}
    told = [prose.noun_sentence(summary), prose.choice_sentence(summary), prose.class_notes(summary)]
    assert all(told)
    assert "nan" not in " ".join([*told, prose.word_sentences(summary), str(rows), str(prose.choice_table(summary))])
    figures.word_classes(summary)
    assert prose.compared(summary) or "cannot be compared" in told[0]
    if summary.choice:
        figures.layers_and_heads(summary)


def test_captions_that_are_missing_are_left_out_and_long_ones_are_read_as_far_as_they_can(finder, tmp_path) -> None:
    images, instances = world(tmp_path, [(0, 0), (48, 16)], finder.tokenizer)
    words = measure(finder, images, {"1": "dog " * 40}, instances)
    assert words.images == ["1"]
    assert words.word.tolist() == ["dog"] * (finder.model.max_length - 1)
    with pytest.raises(UserError, match="no caption"):
        measure(finder, images, {"2": "a dog"}, instances)


def test_what_was_measured_comes_back_from_its_file(finder, tmp_path) -> None:
    images, instances = world(tmp_path, [(0, 0), (48, 16)], finder.tokenizer)
    words = measure(finder, images, {i.stem: "a red dog" for i in images}, instances)
    words.save(tmp_path / "m.npz")
    again = WordMeasures.load(tmp_path / "m.npz")
    assert (again.grid, again.layers, again.heads, again.images) == (words.grid, 2, 3, ["0", "1"])
    np.testing.assert_array_equal(again.mass, words.mass)
    np.testing.assert_array_equal(again.word, words.word)
    with pytest.raises(UserError, match="missing"):
        WordMeasures.load(tmp_path / "no.npz")


def test_batches_and_padding_do_not_change_what_is_measured(tmp_path, monkeypatch) -> None:
    """A real captioner with random weights: alone or in a batch with longer captions, a word measures the same."""
    torch.manual_seed(0)
    tokenizer = CaptionTokenizer.train(CAPTIONS * 3, 80, tmp_path / "tokenizer.json")
    arguments = {"patch_size": 8, "embed_dim": 24, "depth": 1, "num_heads": 2}
    encoder = config.Encoder(name="vit_tiny_patch16_224", weights="none", arguments=arguments, image_size=32)
    decoder = config.Decoder(layers=2, heads=4, width=32, feed_forward=32, max_length=24)
    model = Captioner(config.Run(title="t", encoder=encoder, decoder=decoder), tokenizer.size).eval()
    loaded = SimpleNamespace(model=model, tokenizer=tokenizer, transform=model.transform(False))
    images, instances = world(tmp_path, [(0, 0), (48, 16), (16, 32)], tokenizer)
    captions = dict(zip("012", CAPTIONS, strict=True))
    together = measure(loaded, images, captions, instances, evenness=True, methods=True)
    monkeypatch.setattr(grounding, "_BATCH", 1)
    alone = measure(loaded, images, captions, instances, evenness=True, methods=True)
    for name in ("entropy", "hit", "mass", "rank", "stability", "method_mass", "prior_mass"):
        np.testing.assert_allclose(getattr(together, name), getattr(alone, name), atol=1e-4)
    assert np.isfinite(together.method_mass[together.image == 1]).any()
    assert np.isnan(together.method_mass[together.image == 0]).all()
