"""Readers of foreign files meet random and damaged content: they give what they read, or raise a UserError.

A few hundred inputs each time, the same ones; the slow test goes on with new ones for a minute and a half, and says how
many there were. HW3_FUZZ_SECONDS makes it longer.
"""

from __future__ import annotations

import copy
import io
import json
import os
import random
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from hw3lib import config
from hw3lib.data import lexicon
from hw3lib.data.caption_files import read_captions
from hw3lib.data.captions import load_captions
from hw3lib.data.images import open_image
from hw3lib.data.instances import Instances
from hw3lib.data.labelled import load_labelled
from hw3lib.data.predictions import load_predictions
from hw3lib.data.shards import samples
from hw3lib.data.tokenizer import CaptionTokenizer
from hw3lib.metrics import chair
from hw3lib.models.captioner import Captioner
from hw3lib.models.encoder import create_encoder, read_weights
from hw3lib.prompts.templates import PromptSet
from hw3lib.system.errors import UserError
from hw3lib.training import checkpoints

Reader = Callable[[Path], Any]

# --- what they are fed -----------------------------------------------------------------------------------------------

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 12),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.text(st.characters(codec=None), max_size=6),  # halves of characters, too
    st.sampled_from(["../../x", "/etc/passwd", "a\x00b", "{object}", "{}", "<script>", "9" * 5000, ""]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def changed(content: Any, value: Any, rng: random.Random) -> Any:
    """The content with one of its parts replaced by the value, removed, doubled, or put under another key."""
    places, value = list(_places(content)), copy.deepcopy(value)
    if not places or rng.random() < 0.05:
        return value
    holder, key = rng.choice(places)
    way = rng.randrange(4)
    if way == 0 and isinstance(holder, dict):
        holder[str(value)[:20]] = holder.pop(key)
    elif way == 1:
        del holder[key]
    elif way == 2 and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[key]))
    else:
        holder[key] = value
    return content


def _places(content: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(content, dict | list):
        for key in list(content) if isinstance(content, dict) else range(len(content)):
            yield content, key
            yield from _places(content[key])


def damaged(content: bytes, rng: random.Random) -> bytes:
    """Bytes with some of them flipped, cut off, taken out, doubled or replaced."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        if not data:
            break
        # Beginnings are where formats say what they are.
        place = min(rng.randrange(len(data)), rng.randrange(len(data)) if rng.random() < 0.5 else 64, len(data) - 1)
        way = rng.randrange(6)
        if way == 0:
            data[place] ^= 1 << rng.randrange(8)
        elif way == 1:
            data[place] = rng.choice((0, 1, 0x7F, 0x80, 0xFF))
        elif way == 2:
            del data[place:]
        elif way == 3:
            del data[place : place + rng.randrange(1, 9)]
        elif way == 4:
            data[place:place] = data[place : place + rng.randrange(1, 32)]
        else:
            data[place : place + 4] = rng.randbytes(4)
    return bytes(data)


def text_of(value: Any) -> bytes:
    return json.dumps(value).encode()


# --- what reads them, and a sound file of each kind ------------------------------------------------------------------

CAPTIONS = {
    "images": [{"id": 1, "file_name": "a.png", "width": 4, "height": 4}, {"id": 2, "file_name": "b.png"}],
    "annotations": [
        {"id": 1, "image_id": 1, "caption": "A dog."},
        {"id": 2, "image_id": 2, "caption": "Two cats on a bed."},
    ],
}
INSTANCES = {
    "categories": [{"id": 1, "name": "dog"}],
    "images": [{"id": 1, "file_name": "a.png", "width": 4, "height": 4}],
    "annotations": [
        {"image_id": 1, "category_id": 1, "area": 4, "iscrowd": 0, "segmentation": [[0, 0, 3, 0, 3, 3, 0, 3]]},
        {"image_id": 1, "category_id": 1, "area": 4, "segmentation": {"size": [4, 4], "counts": [0, 8, 8]}},
    ],
}
PROMPTS = {
    "name": "own",
    "templates": [{"template": "a photo of a {object}", "published": 0.5, "note": "x"}, {"template": "{} here"}],
    "design": {"frames": ["this is {article} {object}"]},
    "pairs": [{"negated": "no {object}", "affirmative": "some {object}"}],
}


def masks(path: Path) -> None:
    instances = Instances.load(path)
    for name in instances.sizes:
        instances.masks(name)


def tokenized(path: Path) -> None:
    tokenizer = CaptionTokenizer.load(path)
    ids = tokenizer.encode("A dog 🐕 is here, isn't it?")
    assert max(ids) < tokenizer.size
    tokenizer.decode(ids)


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, bytes, Reader]]:
    """By kind: the ending, a sound file's content, and what reads it."""
    folder = tmp_path_factory.mktemp("sound")
    images = folder / "images"
    images.mkdir()
    for name in ("a.png", "b.png"):
        Image.new("RGB", (4, 4)).save(images / name)
    labelled = folder / "labelled"
    labelled.mkdir()
    Image.new("RGB", (4, 4)).save(labelled / "0_a.png")
    found: dict[str, tuple[str, bytes, Reader]] = {
        "captions": ("json", text_of(CAPTIONS), lambda path: load_captions(path, images)),
        "references": ("json", text_of(CAPTIONS), read_captions),
        "predictions": ("json", text_of({"a": "A dog.", "b": "Two cats."}), load_predictions),
        "labels": ("json", text_of({"0": "bicycle", "1": "dog"}), lambda path: load_labelled(labelled, path)),
        "objects": ("json", text_of(INSTANCES), chair.load_objects),
        "instances": ("json", text_of(INSTANCES), masks),
        "lexicon": ("json", text_of({"dog": ["dog", "puppy"], "_none": ["hot dog"]}), lexicon.Lexicon.load),
        "prompts": ("json", text_of(PROMPTS), PromptSet.load),
    }
    smoke = (Path(config.__file__).parents[1] / "configs" / "smoke.yaml").read_bytes()
    found["profile"] = ("yaml", smoke, config.load)
    tokenizer = CaptionTokenizer.train(["a dog here", "two cats on a bed, is it"], 60, folder / "tokenizer.json")
    found["tokenizer"] = ("json", (folder / "tokenizer.json").read_bytes(), tokenized)

    gradient = Image.linear_gradient("L").resize((24, 20)).convert("RGB")
    for form in ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"):
        file = io.BytesIO()
        gradient.save(file, form)
        found[form] = (form.lower(), file.getvalue(), open_image)

    small = {"patch_size": 8, "embed_dim": 8, "depth": 1, "num_heads": 2}
    encoder = config.Encoder(name="vit_tiny_patch16_224", weights="none", image_size=16, arguments=small)
    decoder = config.Decoder(layers=1, heads=2, width=8, feed_forward=8, max_length=6)
    model = Captioner(config.Run(title="tiny", encoder=encoder, decoder=decoder), tokenizer.size)
    model.save(folder / "model.safetensors")
    found["captioner"] = ("safetensors", (folder / "model.safetensors").read_bytes(), Captioner.load)

    optimizer = torch.optim.AdamW(model.parameters())
    sum(parameter.sum() for parameter in model.parameters()).backward()  # type: ignore[union-attr]
    optimizer.step()
    checkpoints.save_state(folder / "state.safetensors", model, optimizer, {"epoch": 1})

    def resumed(path: Path) -> None:
        before = torch.get_rng_state()
        facts = checkpoints.read_facts(path)
        assert facts is None or isinstance(facts, dict)
        try:
            checkpoints.restore_state(path, model, optimizer)
        finally:
            torch.set_rng_state(before)

    found["state"] = ("safetensors", (folder / "state.safetensors").read_bytes(), resumed)

    from safetensors.torch import save

    backbone = model.encoder.state_dict()
    found["weights"] = ("safetensors", save(backbone), read_weights)
    file = io.BytesIO()
    torch.save({"model": backbone}, file)
    found["weights.pth"] = ("pth", file.getvalue(), read_weights)
    file = io.BytesIO()
    torch.save(backbone, file, _use_new_zipfile_serialization=False)
    found["old weights.pth"] = ("pth", file.getvalue(), read_weights)
    found["encoder"] = (
        "safetensors",
        save(backbone),
        lambda path: create_encoder(config.Encoder(**{**_plain(encoder), "weights": str(path)})),
    )
    return found


def _plain(encoder: config.Encoder) -> dict[str, Any]:
    return {name: getattr(encoder, name) for name in ("name", "image_size", "arguments")}


KINDS = (
    *("captions", "references", "predictions", "labels", "objects", "instances", "lexicon", "prompts", "profile"),
    *("tokenizer", "PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"),
    *("captioner", "state", "weights", "weights.pth", "old weights.pth", "encoder"),
)
STRUCTURED = (*KINDS[:9], "tokenizer")


def attempt(kind: str, content: bytes, material: dict[str, tuple[str, bytes, Reader]], folder: Path) -> bool:
    """Whether the reader took it; anything but a UserError that helps is a failure."""
    ending, _, reader = material[kind]
    path = folder / f"fuzzed.{ending}"
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            reader(path)
        except UserError as error:
            assert "fuzzed" in str(error), error
            assert kind == "prompts" or len(str(error)) < 6000  # a prompt is shown whole
            return False
    return True


def structured(kind: str, value: Any, rng: random.Random, sound: bytes) -> bytes:
    """A sound file's content with one to three of its parts changed."""
    content = yaml.safe_load(sound) if kind == "profile" else json.loads(sound)
    for _ in range(rng.choice((1, 1, 2, 3))):
        content = changed(content, value, rng)
    if kind == "profile":
        return yaml.safe_dump(content, allow_unicode=True).encode("utf-8", "surrogatepass")
    return text_of(content)


ONE_LOT = settings(
    max_examples=12,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.parametrize("kind", KINDS)
@ONE_LOT
@given(seed=st.integers(0, 2**32))
def test_a_damaged_file_is_read_or_refused(kind: str, seed: int, material: Any, tmp_path: Path) -> None:
    attempt(kind, damaged(material[kind][1], random.Random(seed)), material, tmp_path)


@pytest.mark.parametrize("kind", STRUCTURED)
@ONE_LOT
@given(value=VALUES, rng=st.randoms(use_true_random=False))
def test_a_file_of_other_values_is_read_or_refused(
    kind: str, value: Any, rng: random.Random, material: Any, tmp_path: Path
) -> None:
    attempt(kind, structured(kind, value, rng, material[kind][1]), material, tmp_path)


@pytest.mark.parametrize("kind", KINDS)
@ONE_LOT
@given(content=st.binary(max_size=200))
def test_a_file_of_anything_is_refused(kind: str, content: bytes, material: Any, tmp_path: Path) -> None:
    attempt(kind, content, material, tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_the_sound_file_itself_is_read(kind: str, material: Any, tmp_path: Path) -> None:
    assert attempt(kind, material[kind][1], material, tmp_path)


@pytest.mark.slow
def test_a_long_campaign_finds_nothing(material: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """New inputs each time; a failure names the seed that makes it again."""
    seconds = float(os.environ.get("HW3_FUZZ_SECONDS", "90"))
    first = int(os.environ.get("HW3_FUZZ_SEED", time.time_ns() % 2**32))
    tried = dict.fromkeys(KINDS, 0)
    taken = dict(tried)
    failed: dict[str, str] = {}
    ends = time.monotonic() + seconds
    pool = _pool()
    while time.monotonic() < ends:
        for kind in KINDS:
            seed = first + sum(tried.values())
            rng = random.Random(seed)
            sound = material[kind][1]
            if kind in STRUCTURED and rng.random() < 0.7:
                content = structured(kind, rng.choice(pool), rng, sound)
            else:
                content = damaged(sound, rng)
            try:
                taken[kind] += attempt(kind, content, material, tmp_path)
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                failed.setdefault(f"{kind}: {type(error).__name__}: {str(error)[:200]}", f"HW3_FUZZ_SEED={seed}")
            tried[kind] += 1
    with capsys.disabled():
        print(f"\nfuzz: {sum(tried.values()):,} inputs, {sum(taken.values()):,} read, {len(failed)} kinds of failure")
        print("  " + ", ".join(f"{kind} {count:,}" for kind, count in tried.items()))
    assert not failed, "\n".join(f"{what} ({how})" for what, how in failed.items())


def _pool() -> list[Any]:
    """Values of every kind, drawn by hypothesis once."""
    found: list[Any] = []

    @settings(max_examples=400, derandomize=True, database=None, deadline=None)
    @given(VALUES)
    def draw(value: Any) -> None:
        found.append(value)

    draw()
    return found


def test_read_weights_is_what_refuses_programs(tmp_path: Path) -> None:
    torch.save({"model": random.Random(0)}, tmp_path / "object.pth")
    with pytest.raises(UserError, match="never run"):
        read_weights(tmp_path / "object.pth")


def test_a_shard_that_is_damaged_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HW3_ROOT", str(tmp_path))
    import tarfile

    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name, content in (("a.jpg", b"x" * 700), ("a.json", b'{"captions": ["A dog."]}')):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    for seed in range(100):
        path = tmp_path / f"{seed}.tar"
        path.write_bytes(damaged(file.getvalue(), random.Random(seed)))
        try:
            samples(path)
        except UserError as error:
            assert path.name in str(error)
