"""The model: backbones of every shape, both attention paths, the cache, weights in timm's format, saving."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from hw3lib import config
from hw3lib.models.captioner import Attention, Captioner, Memory
from hw3lib.models.encoder import create_encoder, grid_size, input_size, patches_of, refuse_nan
from hw3lib.system.errors import UserError
from tests.support.places import REAL

VOCABULARY = 50
SMALL = {"embed_dim": 24, "depths": [1, 1], "num_heads": [1, 1]}


@pytest.fixture
def model(tiny_run: config.Run) -> Captioner:
    torch.manual_seed(0)
    return Captioner(tiny_run, VOCABULARY).eval()


def with_encoder(run: config.Run, **changes) -> config.Run:
    return dataclasses.replace(run, encoder=dataclasses.replace(run.encoder, **changes))


def encoder(name: str, **changes) -> config.Encoder:
    return config.Encoder(**{"name": name, "weights": "none"} | changes)


@pytest.mark.parametrize(
    ("name", "arguments", "size", "grid"),
    [
        ("swin_tiny_patch4_window7_224", SMALL, 56, (7, 7)),
        ("swinv2_tiny_window8_256", SMALL | {"window_size": 4}, 64, (8, 8)),
        ("vit_tiny_patch16_224", {"depth": 1, "img_size": [32, 64], "reg_tokens": 2}, None, (2, 4)),
        ("resnet10t", {}, 64, (2, 2)),
        ("pvt_v2_b0", {}, 64, (2, 2)),
    ],
)  # fmt: skip
def test_any_backbone_gives_its_patches_row_by_row(
    name: str, arguments: dict, size: int | None, grid: tuple[int, int]
) -> None:
    model = create_encoder(encoder(name, arguments=arguments, image_size=size)).eval()
    h, w = arguments.get("img_size", (size, size))
    patches, found = patches_of(model, model.forward_features(torch.randn(2, 3, h, w)), (h, w))
    assert found == grid
    assert patches.shape == (2, grid[0] * grid[1], model.num_features)


def test_a_patch_is_where_the_image_changed(tiny_run: config.Run) -> None:
    """The order of the patches, checked on a convolution whose reach is small."""
    model = create_encoder(encoder("resnet10t")).eval()
    plain = torch.zeros(1, 3, 256, 256)
    spot = plain.clone()
    spot[..., 0:32, 224:256] = 3.0  # top right
    size = (256, 256)
    one, grid = patches_of(model, model.forward_features(plain), size)
    two, _ = patches_of(model, model.forward_features(spot), size)
    change = (one - two).abs().sum(-1).reshape(grid)
    assert change[:4, 4:].sum() > 0.9 * change.sum()


def test_class_and_register_tokens_are_no_patches() -> None:
    model = create_encoder(
        encoder("vit_tiny_patch16_224", image_size=32, arguments={"depth": 1, "reg_tokens": 3})
    ).eval()
    features = model.forward_features(torch.randn(1, 3, 32, 32))
    patches, _ = patches_of(model, features, (32, 32))
    assert torch.equal(patches, features[:, 4:])


@pytest.mark.parametrize(
    ("patches", "size", "grid"),
    [(49, (224, 224), (7, 7)), (98, (224, 448), (7, 14)), (6, (90, 60), (3, 2)), (7, (32, 224), (1, 7))],
)
def test_a_grid_has_the_proportions_of_the_input(patches: int, size: tuple[int, int], grid: tuple[int, int]) -> None:
    assert grid_size(patches, size) == grid


def test_a_single_weight_that_is_no_number_is_named() -> None:
    weights = {"a": torch.ones(2), "b": torch.tensor([1.0, torch.nan]), "steps": torch.tensor([3])}
    with pytest.raises(UserError, match=r"w\.pt has weights that are no numbers .* as in b; take another"):
        refuse_nan(weights, "w.pt", "take another")


def test_a_backbone_that_names_no_other_tokens_has_patches_alone() -> None:
    features = torch.randn(2, 49, 3)
    patches, grid = patches_of(nn.Module(), features, (224, 224))
    assert torch.equal(patches, features)
    assert grid == (7, 7)


def test_a_number_of_patches_that_forms_no_grid_is_an_error() -> None:
    with pytest.raises(ValueError, match="53 patches"):
        grid_size(53, (224, 224))


@pytest.mark.parametrize(("causal", "per_image"), [(True, 1), (False, 1), (False, 3)])
def test_fused_and_explicit_attention_agree(causal: bool, per_image: int) -> None:
    torch.manual_seed(0)
    attention = Attention(16, 4, 0.0)
    x, source = torch.randn(6, 5, 16), torch.randn(6 // per_image, 5 if causal else 9, 16)
    keys, values = attention.keys_values(source)
    fused, none = attention(x, keys, values, causal=causal)
    explicit, weights = attention(x, keys, values, causal=causal, explicit=True)
    assert none is None
    torch.testing.assert_close(fused, explicit, atol=1e-5, rtol=1e-5)
    assert weights.shape == (6 // per_image, 4, 5 * per_image, source.shape[1])
    torch.testing.assert_close(weights.sum(-1), torch.ones(weights.shape[:-1]))
    if causal:
        assert weights.triu(1).abs().max() == 0


def test_attention_is_torchs_own_with_the_same_weights() -> None:
    torch.manual_seed(0)
    ours, theirs = Attention(16, 4, 0.0), nn.MultiheadAttention(16, 4, batch_first=True)
    weight = torch.cat([ours.query.weight, ours.key_value.weight])
    bias = torch.cat([ours.query.bias, ours.key_value.bias])
    with torch.no_grad():
        theirs.in_proj_weight.copy_(weight)
        theirs.in_proj_bias.copy_(bias)
        theirs.out_proj.load_state_dict(ours.out.state_dict())
    x, source = torch.randn(2, 5, 16), torch.randn(2, 9, 16)
    mixed, weights = ours(x, *ours.keys_values(source), explicit=True)
    expected, expected_weights = theirs(x, source, source, average_attn_weights=False)
    torch.testing.assert_close(mixed, expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(weights, expected_weights, atol=1e-5, rtol=1e-5)


def test_logits_are_the_same_with_and_without_the_attention(model: Captioner) -> None:
    images, tokens = torch.randn(2, 3, 32, 32), torch.randint(4, VOCABULARY, (4, 6))
    plain = model(images, tokens)
    logits, attention = model(images, tokens, return_attention=True)
    torch.testing.assert_close(plain, logits, atol=1e-5, rtol=1e-5)
    assert plain.shape == (4, 6, VOCABULARY)
    assert attention.shape == (4, 2, 4, 6, 16)  # (B, N, H, T, P)
    torch.testing.assert_close(attention.sum(-1), torch.ones(4, 2, 4, 6))


def test_several_captions_of_an_image_are_as_if_each_had_its_own_copy(model: Captioner) -> None:
    memory = model.encode(torch.randn(2, 3, 32, 32))
    tokens = torch.randint(4, VOCABULARY, (6, 5))
    copies = Memory(memory.tokens.repeat_interleave(3, 0), memory.grid)
    shared, own = model(memory, tokens, return_attention=True), model(copies, tokens, return_attention=True)
    torch.testing.assert_close(shared[0], own[0], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(shared[1], own[1], atol=1e-5, rtol=1e-5)


def test_a_token_never_sees_a_later_one_but_always_the_image(model: Captioner) -> None:
    images, tokens = torch.randn(1, 3, 32, 32), torch.randint(4, VOCABULARY, (1, 6))
    changed = tokens.clone()
    changed[0, 4] = (tokens[0, 4] + 1) % VOCABULARY
    before, after = model(images, tokens), model(images, changed)
    torch.testing.assert_close(before[:, :4], after[:, :4])
    assert not torch.allclose(before[:, 4:], after[:, 4:])
    assert not torch.allclose(before[:, 0], model(-images, tokens)[:, 0])


def test_a_caption_beyond_the_longest_is_refused(model: Captioner) -> None:
    with pytest.raises(ValueError, match="25 tokens is longer than the model's 24"):
        model(torch.randn(1, 3, 32, 32), torch.zeros(1, 25, dtype=torch.long))


def test_heads_that_do_not_divide_the_width_name_both(tiny_run: config.Run) -> None:
    decoder = dataclasses.replace(tiny_run.decoder, heads=5)
    with pytest.raises(UserError, match=r"decoder\.heads = 5 does not divide decoder\.width of 32"):
        Captioner(dataclasses.replace(tiny_run, decoder=decoder), VOCABULARY)
    decoder = dataclasses.replace(tiny_run.decoder, heads=5, width=None)
    with pytest.raises(UserError, match=r"heads = 5 does not divide the encoder .* of 24"):
        Captioner(dataclasses.replace(tiny_run, decoder=decoder), VOCABULARY)


def test_the_encoders_width_is_used_as_it_is_where_none_is_given(tiny_run: config.Run) -> None:
    model = Captioner(
        dataclasses.replace(tiny_run, decoder=config.Decoder(layers=1, heads=4, max_length=8)), VOCABULARY
    )
    assert model.embed.weight.shape == (VOCABULARY, 24)
    assert isinstance(model.project, nn.Identity)


def test_a_tied_head_is_the_embedding(tiny_run: config.Run, tmp_path: Path) -> None:
    run = dataclasses.replace(tiny_run, decoder=dataclasses.replace(tiny_run.decoder, tied_head=True))
    model = Captioner(run, VOCABULARY).eval()
    assert not any(name.startswith("head") for name, _ in model.named_parameters())
    model.save(tmp_path / "m.safetensors")
    images, tokens = torch.randn(1, 3, 32, 32), torch.tensor([[2, 5]])
    torch.testing.assert_close(Captioner.load(tmp_path / "m.safetensors")(images, tokens), model(images, tokens))


def test_a_frozen_encoder_does_not_learn(tiny_run: config.Run) -> None:
    model = Captioner(with_encoder(tiny_run, frozen=True), VOCABULARY).train()
    model(torch.randn(1, 3, 32, 32), torch.tensor([[2, 5]])).sum().backward()
    assert all(parameter.grad is None for parameter in model.encoder.parameters())
    assert not model.encoder.training
    assert model.blocks.training


def test_saving_and_loading_keeps_run_and_weights(model: Captioner, tmp_path: Path) -> None:
    model.save(tmp_path / "m.safetensors", {"epoch": 3})
    again = Captioner.load(tmp_path / "m.safetensors")
    assert again.run == model.run
    assert not again.training
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name])


def test_files_that_are_no_captioners_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no weights at"):
        Captioner.load(tmp_path / "missing.safetensors")
    (tmp_path / "text.safetensors").write_text("hello")
    with pytest.raises(UserError, match="not a safetensors file"):
        Captioner.load(tmp_path / "text.safetensors")
    save_file({"x": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(UserError, match="not written by this project"):
        Captioner.load(tmp_path / "other.safetensors")


def backbone(tmp_path: Path, ending: str, classes: int = 10, **arguments) -> tuple[nn.Module, config.Encoder]:
    """A backbone's weights as timm writes them, classifier included, and the encoder that reads them."""
    import timm

    arguments = {"embed_dim": 24, "depth": 1, "num_heads": 2, "patch_size": 8} | arguments
    donor = timm.create_model("vit_tiny_patch16_224", img_size=32, num_classes=classes, **arguments)
    file = tmp_path / f"donor{ending}"
    if ending == ".safetensors":
        save_file(donor.state_dict(), file)
    else:
        torch.save(donor.state_dict(), file)
    return donor, encoder("vit_tiny_patch16_224", weights=str(file), image_size=32, arguments=arguments)


@pytest.mark.parametrize("ending", [".safetensors", ".pth"])
@pytest.mark.parametrize("classes", [0, 10])
def test_a_checkpoint_in_timms_format_is_loaded_whole(tmp_path: Path, ending: str, classes: int) -> None:
    donor, setting = backbone(tmp_path, ending, classes)
    model = create_encoder(setting)
    images = torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(model.eval().forward_features(images), donor.eval().forward_features(images))
    assert not torch.equal(create_encoder(setting, pretrained=False).pos_embed, donor.pos_embed)


def test_positions_are_resized_for_another_input(tmp_path: Path) -> None:
    donor, setting = backbone(tmp_path, ".safetensors")
    model = create_encoder(dataclasses.replace(setting, image_size=48))
    assert model.pos_embed.shape[1] == 37
    assert torch.equal(model.patch_embed.proj.weight, donor.patch_embed.proj.weight)


def test_a_checkpoint_of_another_shape_or_with_gaps_is_refused(tmp_path: Path) -> None:
    donor, setting = backbone(tmp_path, ".safetensors")
    for arguments in ({"depth": 2}, {"embed_dim": 32}):
        other = dataclasses.replace(setting, arguments=setting.arguments | arguments)
        named = rf"donor\.safetensors does not fit vit_tiny_patch16_224 {{.*'{next(iter(arguments))}': "
        with pytest.raises(UserError, match=named):
            create_encoder(other)
    save_file({"unrelated": torch.zeros(3)}, tmp_path / "donor.safetensors")
    with pytest.raises(UserError, match="does not fit"):
        create_encoder(setting)
    save_file(donor.state_dict() | {"norm.bias": torch.full((24,), torch.nan)}, tmp_path / "donor.safetensors")
    with pytest.raises(UserError, match=r"no numbers .* as in norm\.bias; download it again"):
        create_encoder(setting)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_a_foreign_pickle_is_never_run(tmp_path: Path) -> None:
    import pickle

    witness = tmp_path / "ran"

    class Trap:
        def __reduce__(self):
            return Path.touch, (witness,)

    (tmp_path / "trap.pth").write_bytes(pickle.dumps({"model": Trap()}))
    torch.save({"model": Trap()}, tmp_path / "trap2.pth")
    for name in ("trap.pth", "trap2.pth"):
        with pytest.raises(UserError):
            create_encoder(encoder("vit_tiny_patch16_224", weights=str(tmp_path / name)))
    assert not witness.exists()


def test_what_cannot_be_built_or_found_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"timm has no model 'swin_enormous'.*near: "):
        create_encoder(encoder("swin_enormous"))
    with pytest.raises(UserError, match="cannot build resnet10t"):
        create_encoder(encoder("resnet10t", arguments={"wings": 2}))
    with pytest.raises(UserError, match="arguments may not have checkpoint_path: name"):
        create_encoder(encoder("resnet10t", arguments={"checkpoint_path": "w.pt"}))
    with pytest.raises(UserError, match=r"no weights for resnet10t at .*gone\.safetensors"):
        create_encoder(encoder("resnet10t", weights=str(tmp_path / "gone.safetensors")))


def test_pretrained_weights_without_a_network_say_where_to_put_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(UserError, match=r"resnet10t.*encoder\.weights"):
        create_encoder(encoder("resnet10t", weights="pretrained"))


def test_size_and_statistics_come_from_the_run_else_from_timm(tiny_run: config.Run) -> None:
    own = Captioner(tiny_run, VOCABULARY).transform(train=False)
    assert (own.size, own.mean, own.std) == ((32, 32), (0.5,) * 3, (0.5,) * 3)
    oblong = dataclasses.replace(tiny_run.encoder, arguments={"img_size": [32, 64]})
    assert input_size(None, oblong) == (32, 64)
    free = with_encoder(tiny_run, name="resnet10t", arguments={}, image_size=None, mean=None, std=None)
    transform = Captioner(free, VOCABULARY).transform(train=False)
    assert transform.size == (176, 176)  # what timm trained it at
    assert transform.mean == pytest.approx((0.485, 0.456, 0.406))


def test_only_training_jitters(tiny_run: config.Run) -> None:
    model = Captioner(dataclasses.replace(tiny_run, jitter=config.Jitter(brightness=0.4)), VOCABULARY)
    assert model.transform(train=True).jitter is not None
    assert model.transform(train=False).jitter is None


@pytest.mark.skipif(not REAL.is_dir(), reason="the real material is not beside the project")
def test_a_real_mobilenet_loads_by_the_same_route_and_knows_real_photographs() -> None:
    import json

    import timm

    from hw3lib.data.images import open_image
    from hw3lib.data.labelled import load_labelled
    from hw3lib.data.transform import ImageTransform

    weights = REAL / "weights" / "mobilenetv2_100_timm.pth"
    setting = encoder("mobilenetv2_100", arguments={"pad_type": "same"}, weights=str(weights))
    ours = create_encoder(setting).eval()
    whole = timm.create_model("mobilenetv2_100", pad_type="same").eval()
    whole.load_state_dict(torch.load(weights, weights_only=True))

    photographs = load_labelled(REAL / "imagenet100" / "val", REAL / "imagenet100" / "id2label.json")
    index = json.loads((REAL / "imagenet100" / "imagenet_index.json").read_text())  # by label id
    transform = ImageTransform(224, (0.5,) * 3, (0.5,) * 3)
    images = torch.stack([transform(open_image(path)) for path in photographs.paths[:40]])
    with torch.inference_mode():
        features = ours.forward_features(images)
        torch.testing.assert_close(features[:4], whole.forward_features(images[:4]), atol=1e-4, rtol=1e-4)
        found = whole.forward_head(features).argmax(-1).tolist()
    right = [
        guess == index[truth] for guess, truth in zip(found, photographs.truth[:40], strict=True) if truth is not None
    ]
    assert sum(right) / len(right) > 0.75
    patches, grid = patches_of(ours, features[:1], (224, 224))
    assert grid == (7, 7)
    assert patches.shape == (1, 49, 1280)
