"""The live box: photographs are chosen or dropped, captions typed or the model's; what fails is said in a sentence."""

from __future__ import annotations

import dataclasses
import io
import struct
import zlib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hw3lib.attention.maps import CaptionAttention, View, attend, view_maps
from hw3lib.config import Profile
from hw3lib.data import uploads
from hw3lib.data.tokenizer import load_or_train
from hw3lib.display.bundle import FIGURE
from hw3lib.models import inference
from hw3lib.models.experiment import Experiment
from hw3lib.system.errors import UserError
from hw3lib.viewer.explorer import AttentionExplorer
from hw3lib.viewer.payload import Masks, payload, readings
from hw3lib.viewer.show import WIDGET
from tests.support.synthetic import Letters, spotter

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def loaded(tiny_profile: Profile) -> inference.LoadedRun:
    """An untrained captioner with a trained tokenizer: enough to attend."""
    import torch

    from hw3lib.models.captioner import Captioner

    torch.manual_seed(0)
    tokenizer = load_or_train(tiny_profile.captions)
    run = tiny_profile.run("best")
    model = Captioner(run, tokenizer.size).eval()
    return inference.LoadedRun(model, tokenizer, model.transform(train=False), run, Path())


@pytest.fixture
def images(tiny_profile: Profile) -> list[Path]:
    return Experiment.open(tiny_profile).photographs


def file(content: bytes, name: str = "mine.png") -> tuple[dict, ...]:
    """What a FileUpload's value is after one file was dropped."""
    facts = {"name": name, "type": "image/png", "size": len(content), "last_modified": datetime.now(UTC)}
    return (facts | {"content": memoryview(content)},)


def png(size: tuple[int, int] = (60, 40)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, "red").save(buffer, "PNG")
    return buffer.getvalue()


def test_another_photograph_is_captioned_and_looked_at(loaded, images) -> None:
    box = AttentionExplorer(loaded, images)
    assert box.attention.name == images[0].stem
    assert box.picture.options[3] == (images[3].name, 3)
    box.picture.value = 3
    expected = attend(loaded, images[3])
    assert (box.attention.name, box.attention.caption) == (images[3].stem, expected.caption)
    assert box.text.value == expected.caption == box.viewer.meta["caption"]
    assert box.viewer.maps == payload(expected)["maps"]
    assert box.restore.disabled


def test_typed_words_are_read_by_teacher_forcing_and_the_models_own_come_back(loaded, images) -> None:
    box = AttentionExplorer(loaded, images)
    own, maps = box.attention.caption, box.viewer.maps
    box.viewer.layer, box.viewer.head = 0, 2
    box.text.value = "  one red   square on grey  "
    expected = attend(loaded, images[0], "one red square on grey")
    assert [word.text for word in box.attention.words] == [word.text for word in expected.words]
    np.testing.assert_allclose(box.attention.maps, expected.maps, equal_nan=True, atol=1e-6)
    assert box.viewer.meta["words"][1]["text"] == expected.words[1].text
    assert (box.viewer.layer, box.viewer.head) == (0, 2)  # what one was looking at
    assert (box.text.value, box.restore.disabled) == ("one red square on grey", False)
    box.restore.click()
    assert (box.attention.caption, box.text.value, box.viewer.maps) == (own, own, maps)
    assert box.restore.disabled
    box.text.value = "red"
    box.text.value = own  # typing the model's words is the same as its own
    assert box.viewer.maps == maps
    assert box.restore.disabled


def test_words_that_cannot_be_read_are_answered_with_a_sentence(loaded, images) -> None:
    box = AttentionExplorer(loaded, images)
    before = box.viewer.maps
    box.text.value = "red " * 100
    assert "this run reads at most 24" in box.status.value
    assert box.viewer.maps == before
    box.text.value = ""
    assert "Type a few words" in box.status.value
    box.text.value = box.attention.caption
    assert box.status.value == ""
    box.text.value = "red square"
    assert box.viewer.maps != before
    assert "Your words" in box.status.value
    box.text.value = "red 狗狗 square"
    assert "Unknown to this run, read as [UNK]: 狗狗." in box.status.value
    words = [word["text"] for word in box.viewer.meta["words"]]
    assert words == ["[BOS]", "red", "狗狗 (unknown)", "square", "[EOS]"]
    assert box.text.value == "red 狗狗 square"


def test_a_file_of_ones_own_is_looked_at(loaded, images) -> None:
    asked: list[str] = []

    def masks(attention: CaptionAttention) -> Masks:
        asked.append(attention.name)
        return {1: np.ones((attention.image.height, attention.image.width), bool)}

    box = AttentionExplorer(loaded, images, masks=masks)
    assert "outline" in box.viewer.meta["words"][1]
    box.upload.value = file(png())
    assert (box.attention.name, box.attention.image.size) == ("mine", (60, 40))
    assert box.viewer.meta["name"] == "mine"
    assert (box.picture.label, box.upload.value) == ("mine.png (your own)", ())
    assert "outline" not in box.viewer.meta["words"][1]  # nothing is known of it
    box.text.value = "red"
    box.upload.value = file(png((30, 50)))  # the same name again
    assert box.attention.image.size == (30, 50)
    assert asked == [images[0].stem]
    box.picture.value = 1
    assert asked == [images[0].stem, images[1].stem]
    box.picture.value = box.picture.options[-1][1]  # back to one's own
    assert (box.attention.name, box.attention.image.size) == ("mine", (30, 50))
    assert asked == [images[0].stem, images[1].stem]


def test_a_file_that_is_dropped_is_looked_at_and_one_that_is_too_large_is_refused(loaded, images) -> None:
    box = AttentionExplorer(loaded, images)
    assert box.viewer.drops
    box.viewer._handle_custom_msg({"file": "mine.png", "bytes": 80}, [memoryview(png())])
    assert (box.attention.name, box.attention.image.size) == ("mine", (60, 40))
    assert box.picture.label == "mine.png (your own)"
    box.viewer._handle_custom_msg({"file": f"{HOSTILE}.png", "bytes": 30 * 2**20}, [])
    assert "30 MB, more than can be dropped" in box.status.value
    assert "<img" not in box.status.value
    assert box.attention.name == "mine"


def test_a_run_that_knows_drawings_alone_says_so_of_anything_else(loaded, images) -> None:
    drawings = dataclasses.replace(loaded, drawings=(images[0].parent.resolve(),), folder=Path("best"))
    box = AttentionExplorer(drawings, images)
    box.picture.value = 1
    assert "drawings" not in box.status.value
    box.upload.value = file(png())
    assert "The run best was trained on drawings only" in box.status.value
    box.text.value = "red square"
    assert "drawings only" in box.status.value
    box.picture.value = 0
    assert "drawings" not in box.status.value
    assert (
        "drawings"
        in AttentionExplorer(dataclasses.replace(drawings, drawings=(Path("/elsewhere"),)), images).status.value
    )


def bomb(width: int, height: int) -> bytes:
    """A PNG of so many pixels in 60 bytes: a header, and no more."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


# A font of matplotlib's may be collected meanwhile, unclosed.
@pytest.mark.filterwarnings("error", "ignore:unclosed file .*[.]otf:ResourceWarning")
def test_files_that_cannot_be_read_are_answered_with_a_sentence(loaded, images) -> None:
    box = AttentionExplorer(loaded, images)
    before = box.viewer.maps
    for content, reason in (
        (b"not an image", "not a readable image"),
        (png()[:60], "not a readable image"),
        (b"", "not a readable image"),
        (bomb(12_000, 9_000), "12000 x 9000 pixels; at most 80 million"),
        (bomb(60_000, 60_000), "more than 80 million pixels"),
        (bytes(uploads.MOST_BYTES + 1), "at most 20 MB"),
    ):
        box.upload.value = file(content, f"{HOSTILE}.png")
        assert reason in box.status.value
        assert "<img" not in box.status.value
        assert "&lt;img" in box.status.value
        assert (box.upload.value, box.viewer.maps, box.picture.value) == ((), before, 0)
    box.upload.value = file(png())
    assert box.attention.name == "mine"
    assert box.status.value == "" or "[UNK]" in box.status.value


def test_a_large_photograph_is_kept_small_and_upright() -> None:
    picture = Image.new("RGB", (4000, 1000))
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", exif=exif)
    assert uploads.read_upload("tall.jpg", buffer.getvalue()).size == (400, 1600)


def test_unreadable_photographs_at_the_start_are_passed_over_unless_all_are(loaded, images, tmp_path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"nothing")
    box = AttentionExplorer(loaded, [broken, *images])
    assert (box.picture.value, box.attention.name) == (1, images[0].stem)
    box.picture.value = 0
    assert "broken.jpg is not a readable image" in box.status.value
    assert box.attention.name == images[0].stem
    with pytest.raises(UserError, match=r"broken\.jpg"):
        AttentionExplorer(loaded, [broken])
    with pytest.raises(UserError, match="no photograph"):
        AttentionExplorer(loaded, [])


def test_without_a_kernel_it_is_the_static_viewer_of_what_it_shows(loaded, images, monkeypatch) -> None:
    displayed: list[dict] = []
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: displayed.append(bundle))
    box = AttentionExplorer(loaded, images, View(0, 1))
    box.text.value = "red square"
    box._ipython_display_()
    shown, live = displayed
    assert WIDGET not in shown
    assert live[WIDGET]["model_id"] == box.box.model_id
    assert '"caption": "red square"' in shown["text/html"]
    assert '"layer": 0, "head": 1' in shown["text/html"]
    assert shown["text/plain"] == "red square"
    assert shown[FIGURE]["caption"] == f"{images[0].stem}: red square"
    assert shown["image/png"]


def test_the_attention_that_is_shown_is_the_photographs(tmp_path: Path) -> None:
    """With a model that looks at the brightest patch: each photograph's own, whatever is typed."""
    paths = []
    for place, corner in enumerate(((0, 0), (192, 192))):
        image = Image.new("RGB", (224, 224))
        image.paste("white", (*corner, corner[0] + 32, corner[1] + 32))
        paths.append(tmp_path / f"{place}.png")
        image.save(paths[-1])
    run = spotter(224, (7, 7))
    run.tokenizer = type("Known", (Letters,), {"unk": 1})()
    attentions = {path: attend(run, path, "a b") for path in paths}  # type: ignore[arg-type]
    with pytest.MonkeyPatch.context() as patch:
        real = attend
        patch.setattr(
            "hw3lib.attention.maps.attend", lambda run, image, caption="a b", name="": real(run, image, caption, name)
        )
        box = AttentionExplorer(run, paths)  # type: ignore[arg-type]
        assert box.viewer.maps == payload(attentions[paths[0]])["maps"]
        box.picture.value = 1
        assert box.viewer.maps == payload(attentions[paths[1]])["maps"]
        box.text.value = "c d e"
        assert {int(row.argmax()) for row in view_maps(box.attention)[1:].reshape(-1, 49)} == {48}


def test_another_run_reads_its_own_words_and_the_same_words(loaded, images, monkeypatch) -> None:
    asked: list[str] = []
    encode, batches = loaded.model.encode, []
    first = dataclasses.replace(attend(loaded, images[0], "red square on grey"), run="best")
    other = dataclasses.replace(loaded, folder=Path("runs/p/p2/vit"))
    with monkeypatch.context() as patch:
        patch.setattr(loaded.model, "encode", lambda batch: batches.append(len(batch)) or encode(batch))
        own, same = readings(first, other, lambda side: asked.append(side.caption) or {})
    assert batches == [1]  # the photograph is encoded once for both
    for side, alone in ((own, attend(loaded, images[0])), (same, attend(loaded, images[0], first.caption))):
        assert side.attention.tokens == alone.tokens
        np.testing.assert_allclose(side.attention.maps, alone.maps, atol=1e-5)
        np.testing.assert_allclose(side.attention.log_probs, alone.log_probs, atol=1e-5)
    assert [(side.key, side.attention.run) for side in (own, same)] == [("vit", "vit"), ("vit-same-words", "vit")]
    assert own.attention.caption == attend(loaded, images[0]).caption != same.attention.caption
    assert [word.text for word in same.attention.words] == [word.text for word in first.words]
    assert asked == [own.attention.caption, same.attention.caption]
    assert own.attention.image is same.attention.image is first.image
    assert len(readings(own.attention, other)) == 1  # the same caption is read once


def test_a_run_is_loaded_when_it_is_put_beside_and_reads_every_photograph_that_comes(loaded, images) -> None:
    import torch

    from hw3lib.models.captioner import Captioner

    opened: list[str] = []

    def load() -> inference.LoadedRun:
        opened.append("vit")
        torch.manual_seed(1)
        decoder = dataclasses.replace(loaded.run.decoder, max_length=7)
        model = Captioner(dataclasses.replace(loaded.run, decoder=decoder), loaded.tokenizer.size).eval()
        return dataclasses.replace(loaded, model=model, folder=Path("runs/p/p2/vit"))

    def lost() -> inference.LoadedRun:
        raise UserError("run lost is not trained yet")

    outlined: list[tuple[str, str]] = []  # what masks are asked for

    def masks(side: CaptionAttention) -> Masks:
        outlined.append((side.run, side.name))
        return {}

    box = AttentionExplorer(loaded, images, runs={"vit": load, "lost": lost}, masks=masks)
    viewer = box.viewer
    keys = ["vit", "vit-same-words", "lost", "lost-same-words", *(path.name for path in images)]
    assert [choice[0] for choice in viewer.choices] == keys
    assert (opened, viewer.sides) == ([], {})
    viewer.beside = "vit"
    first = viewer.sides["vit"]
    assert (opened, first["meta"]["run"], "image" in first) == (["vit"], "vit", False)
    assert outlined[-1] == ("vit", images[0].stem), "what is there is there for either run"
    viewer.beside = "vit-same-words"
    assert viewer.sides.keys() == {"vit-same-words"}
    assert viewer.sides["vit-same-words"]["meta"]["caption"] == box.attention.caption
    assert viewer.sides["vit-same-words"]["maps"] != viewer.maps

    box.picture.value = 2
    side = viewer.sides["vit-same-words"]["meta"]
    assert (side["name"], side["caption"]) == (images[2].stem, box.attention.caption)
    box.text.value = "red square on grey, red square on grey"
    words = [word["text"] for word in viewer.sides["vit-same-words"]["meta"]["words"]]
    assert words[1:3] == ["red", "square"]
    assert len(words) <= 7 < len(viewer.meta["words"]), "as many as it reads"
    assert opened == ["vit"]
    box.upload.value = file(png())
    assert viewer.sides["vit-same-words"]["meta"]["name"] == "mine"
    assert outlined[-1][1] == images[2].stem, "of a file of one's own nothing is known"

    viewer.beside = images[1].name
    assert viewer.sides[images[1].name]["image"] == payload(attend(loaded, images[1]))["image"]
    viewer.beside = "lost"
    assert "run lost is not trained yet" in box.status.value
    assert (viewer.beside, viewer.sides) == ("", {})
    alone = AttentionExplorer(loaded, images[:1])
    assert alone.viewer.choices == []  # one run, one photograph
    assert len(AttentionExplorer(loaded, images[:2]).viewer.choices) == 2
