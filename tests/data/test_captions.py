"""Reading caption sets and labelled folders, their checks, and the geometry of resize and crop."""

from __future__ import annotations

import json
import shutil
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from hw3lib import config
from hw3lib.attention.maps import to_original
from hw3lib.data.captions import load_captions
from hw3lib.data.images import left_out, list_images, open_image
from hw3lib.data.labelled import load_labelled
from hw3lib.data.transform import ImageTransform
from hw3lib.system.errors import UserError
from tests.support.places import REAL


@pytest.fixture
def folder(caption_folder: Path, tmp_path: Path) -> Path:
    shutil.copytree(caption_folder, tmp_path / "p2")
    return tmp_path / "p2"


def load(folder: Path, limit: int | None = None):
    return load_captions(folder / "val.json", folder / "images" / "val", limit)


def change(folder: Path, edit) -> None:
    content = json.loads((folder / "val.json").read_text())
    edit(content)
    (folder / "val.json").write_text(json.dumps(content))


def test_a_caption_set_has_every_image_with_its_captions_in_order(folder: Path) -> None:
    captions = load(folder)
    assert captions.names == tuple(f"val_{n:03d}" for n in range(8))
    assert captions.ids == tuple(range(100, 108))
    assert all(len(group) == 3 for group in captions.captions)
    assert all(path.is_file() for path in captions.paths)
    assert load(folder, 3).names == captions.names[:3]


def test_images_that_the_folder_lacks_are_counted_and_named(folder: Path) -> None:
    for name in ("val_001.jpg", "val_004.jpg"):
        (folder / "images" / "val" / name).unlink()
    with pytest.raises(UserError, match=r"val\.json names 2 images \(val_001\.jpg, val_004\.jpg\) that .*val lacks"):
        load(folder)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda c: c["annotations"].append({"image_id": 9, "caption": "x"}), "1 image id (9)"),
        (lambda c: c.update(annotations=c["annotations"][3:]), "no caption for 1 image (val_000.jpg)"),
        (lambda c: c.pop("annotations"), "annotations"),
        (lambda c: c["annotations"][0].pop("caption"), "caption"),
        (lambda c: c.update(images=[]), "names no image"),
        (lambda c: c["images"][0].update(file_name="../val.json"), "outside of"),
        (lambda c: c["images"][0].update(file_name="/etc/hostname"), "outside of"),
        (lambda c: c["images"].append(c["images"][0]), "1 image id (100) more than once"),
        (lambda c: c["images"][1].update(id=100), "1 image id (100) more than once"),
        (lambda c: c["annotations"].append(c["annotations"][2]), "1 annotation (2) more than once"),
    ],
)
def test_a_bad_annotation_file_is_refused_by_name(folder: Path, edit, message: str) -> None:
    change(folder, edit)
    with pytest.raises(UserError) as error:
        load(folder)
    assert "val.json" in str(error.value)
    assert message in str(error.value)


def rename(folder: Path, name: str) -> None:
    """The file of captions names its first image so."""
    change(folder, lambda content: content["images"][0].update(file_name=name))


def test_photographs_below_the_folder_and_links_within_it_are_taken(folder: Path) -> None:
    images = folder / "images" / "val"
    (images / "sub").mkdir()
    (images / "val_000.jpg").rename(images / "sub" / "first.jpg")
    (images / "val_001.jpg").rename(images / "sub" / "kept.jpg")
    (images / "val_001.jpg").symlink_to(images / "sub" / "kept.jpg")
    rename(folder, "sub/first.jpg")
    assert load(folder).paths[:2] == (images / "sub" / "first.jpg", images / "val_001.jpg")
    (folder / "link").symlink_to(images)
    assert len(load_captions(folder / "val.json", folder / "link")) == 8


@pytest.mark.parametrize("name", ["sub/val_000.jpg", "sub/none.jpg", "sub", "a\0b.jpg", "sub/a\0b.jpg", "none.jpg"])
def test_names_of_no_file_in_the_folder_are_missing(folder: Path, name: str) -> None:
    (folder / "images" / "val" / "sub").mkdir()
    rename(folder, name)
    with pytest.raises(UserError, match=r"val\.json names 1 image \(.*\) that .*val lacks \(of 8\)"):
        load(folder)


@pytest.mark.parametrize(
    "name", ["out.jpg", "out/val_000.jpg", "sub/../../val.json", "..\\val.json", "../val/val_000.jpg"]
)
def test_nothing_outside_the_folder_is_read_by_a_name_or_through_a_link(folder: Path, name: str) -> None:
    images = folder / "images" / "val"
    (images / "out.jpg").symlink_to(folder / "images" / "train" / "train_000.jpg")
    (images / "out").symlink_to(folder / "images" / "train")
    (images / "sub").mkdir()
    rename(folder, name)
    with pytest.raises(UserError, match=r"outside of .*by their paths from there"):
        load(folder)


def test_blank_captions_do_not_count_and_spaces_are_tidied(folder: Path) -> None:
    change(folder, lambda c: c["annotations"][0].update(caption=" \n"))
    change(folder, lambda c: c["annotations"][1].update(caption=" a  red\nbus "))
    assert load(folder).captions[0][0] == "a red bus"
    assert len(load(folder).captions[0]) == 2


def test_files_that_are_not_there_or_not_json_say_so(folder: Path) -> None:
    with pytest.raises(UserError, match=r"train\.jsn is missing"):
        load_captions(folder / "train.jsn", folder)
    (folder / "val.json").write_text("{")
    with pytest.raises(UserError, match="is not JSON"):
        load(folder)


def test_a_photograph_is_read_upright_and_without_transparency(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned a quarter
    Image.new("RGB", (30, 20), "red").save(tmp_path / "turned.jpg", exif=exif)
    assert open_image(tmp_path / "turned.jpg").size == (20, 30)
    Image.new("RGBA", (4, 4), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    assert open_image(tmp_path / "clear.png").getpixel((0, 0)) == (255, 255, 255)
    Image.new("L", (4, 4), 9).save(tmp_path / "grey.PNG")
    assert open_image(tmp_path / "grey.PNG").mode == "RGB"


@pytest.mark.parametrize("content", [b"", b"not an image", b"\xff\xd8\xff\xe0" + b"\0" * 40])
def test_an_unreadable_photograph_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken.jpg").write_bytes(content)
    with pytest.raises(UserError, match=r"broken\.jpg is not a readable image"):
        open_image(tmp_path / "broken.jpg")


def test_a_truncated_photograph_is_unreadable(tmp_path: Path, caption_folder: Path) -> None:
    whole = (caption_folder / "images" / "val" / "val_000.jpg").read_bytes()
    (tmp_path / "half.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"half\.jpg"):
        open_image(tmp_path / "half.jpg")


def test_images_are_listed_by_name_whatever_the_case_of_their_ending(tmp_path: Path) -> None:
    for name in ("b.JPG", "a.png", "c.webp", "notes.txt", "._a.png"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in list_images(tmp_path)] == ["a.png", "b.JPG", "c.webp"]
    with pytest.raises(UserError, match="no folder"):
        list_images(tmp_path / "missing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="holds no image"):
        list_images(tmp_path / "empty")


def test_every_format_that_pillow_reads_is_listed_and_read(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jfif", "c.tif", "d.gif", "e.avif", "f.TIFF", "g.webp", "h.heic"):
        kind = {"jfif": "JPEG", "tif": "TIFF", "heic": "JPEG"}.get(name.split(".")[1])  # some telephones lie
        Image.new("RGB", (8, 6), "red").save(tmp_path / name, kind)
    (tmp_path / "notes.txt").write_text("")
    listed = list_images(tmp_path)
    assert [path.name[0] for path in listed] == list("abcdefgh")
    for path in listed:
        assert np.abs(np.subtract(open_image(path).getpixel((3, 3)), (255, 0, 0))).max() < 9, path
    assert [path.name for path in left_out(tmp_path)] == ["notes.txt"]


def test_a_photograph_in_a_format_that_is_not_read_is_named_and_not_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(40))
    (tmp_path / "b.cr2").write_bytes(b"II*\0" + bytes(40))
    assert [path.name for path in list_images(tmp_path)] == ["a.heic", "b.cr2"]
    with pytest.raises(UserError, match=r"a\.heic is not a readable image \(HEIC, .*pip install pillow-heif"):
        open_image(tmp_path / "a.heic")
    with pytest.raises(UserError, match=r"b\.cr2 is not a readable image"):
        open_image(tmp_path / "b.cr2")


def chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


@pytest.mark.parametrize(
    "extra",
    [
        chunk(b"zTXt", b"note\0\0" + zlib.compress(b"x" * 2_000_000)),
        chunk(b"iCCP", b"name\0\0" + zlib.compress(b"x" * 2_000_000)),
        chunk(b"iTXt", b"note\0\1\0\0\0" + zlib.compress(b"x" * 2_000_000)),
        chunk(b"iCCP", b"name\0\0no profile"),
        chunk(b"tEXt", b"note\0words")[:-4] + b"\0\0\0\0",
        chunk(b"eXIf", b"no exif"),
        chunk(b"pHYs", b"1"),
        chunk(b"cHRM", b"1"),
    ],
)
def test_metadata_of_a_png_decide_nothing_about_its_pixels(tmp_path: Path, extra: bytes) -> None:
    Image.effect_noise((20, 16), 90).convert("RGB").save(tmp_path / "plain.png")
    content = (tmp_path / "plain.png").read_bytes()
    place = content.index(b"IDAT") - 4
    (tmp_path / "more.png").write_bytes(content[:place] + extra + content[place:])
    assert open_image(tmp_path / "more.png").tobytes() == open_image(tmp_path / "plain.png").tobytes()


@pytest.mark.parametrize("kind", [0xE0, 0xE1, 0xE2, 0xED, 0xEE, 0xFE])
def test_metadata_of_a_jpeg_decide_nothing_about_its_pixels(tmp_path: Path, kind: int) -> None:
    Image.effect_noise((20, 16), 90).convert("RGB").save(tmp_path / "plain.jpg")
    content, rng = (tmp_path / "plain.jpg").read_bytes(), np.random.default_rng(kind)
    starts = {
        0xE1: [b"Exif\0\0", b"Exif\0\0II*\0\x08\0\0\0"], 0xE2: [b"ICC_PROFILE\0", b"MPF\0II*\0\x08\0\0\0"],
        0xED: [b"Photoshop 3.0\0"], 0xE0: [b"JFIF"], 0xEE: [b"Ado"],
    }  # fmt: skip
    for start in [b"", *starts.get(kind, [])]:
        for length in (0, 1, 5, 40, 60_000):
            data = start + rng.bytes(length)
            segment = bytes([0xFF, kind]) + (len(data) + 2).to_bytes(2) + data
            (tmp_path / "more.jpg").write_bytes(content[:2] + segment + content[2:])
            assert open_image(tmp_path / "more.jpg").tobytes() == open_image(tmp_path / "plain.jpg").tobytes()


def labelled(tmp_path: Path, names: list[str]):
    (tmp_path / "val").mkdir(exist_ok=True)
    for name in names:
        Image.new("RGB", (4, 4)).save(tmp_path / "val" / name)
    (tmp_path / "id2label.json").write_text('{"0": "bicycle", "12": "fire hydrant"}')
    return load_labelled(tmp_path / "val", tmp_path / "id2label.json")


def test_the_truth_comes_from_the_file_name_where_it_tells(tmp_path: Path) -> None:
    found = labelled(tmp_path, ["12_3.png", "0_1.png"])
    assert dict(zip([p.name for p in found.paths], found.truth, strict=True)) == {"0_1.png": 0, "12_3.png": 12}
    assert found.labels[12] == "fire hydrant"


def test_images_of_any_name_are_taken_without_truth(tmp_path: Path) -> None:
    assert labelled(tmp_path, ["holiday.png", "12_3.png"]).truth == (12, None)


def in_folders(tmp_path: Path, *names: str) -> tuple[Path, Path]:
    for name in names:
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(path)
    labels = tmp_path / "id2label.json"
    labels.write_text('{"0": "Bicycle", "7": "Käfer", "12": "fire hydrant", "13": "Crane", "14": "crane"}')
    return tmp_path / "photos", labels


def test_a_folder_for_each_class_gives_the_truth_by_its_name_or_id(tmp_path: Path) -> None:
    photos, labels = in_folders(
        tmp_path,
        "bicycle/1.jpg",
        "Fire_Hydrant/1.jpg",
        "13/1.jpg",
        "13/2.jpg",
        "crane/1.jpg",
        "Ka\u0308fer/1.jpg",
        ".x/1.jpg",
    )
    (photos / "notes").mkdir()
    found = load_labelled(photos, labels)
    assert dict(zip(found.names, found.truth, strict=True)) == {
        "13/1.jpg": 13, "13/2.jpg": 13, "Fire_Hydrant/1.jpg": 12,
        "Ka\u0308fer/1.jpg": 7, "bicycle/1.jpg": 0, "crane/1.jpg": 14,
    }  # fmt: skip
    assert [str(path.relative_to(photos)) for path in found.paths] == list(found.names)
    assert found.folders == ["13", "13", "Fire_Hydrant", "Ka\u0308fer", "bicycle", "crane"]
    Image.new("RGB", (4, 4)).save(photos / "12_0.png")
    beside = load_labelled(photos, labels)
    assert (beside.names, beside.truth, beside.folders) == (("12_0.png",), (12,), []), "the folder's own images alone"


def test_a_folder_that_no_label_names_or_that_several_do_is_refused(tmp_path: Path) -> None:
    photos, labels = in_folders(tmp_path, "bicycle/1.jpg", "dog/1.jpg", "CRANE/1.jpg", "99/1.jpg")
    words = (
        r"photos has 3 folders \(99, CRANE, dog\) whose name is not that of one label in .*id2label\.json; call each"
    )
    with pytest.raises(UserError, match=words):
        load_labelled(photos, labels)
    found = load_labelled(photos, labels, labelled=False)
    assert found.names == ("99/1.jpg", "CRANE/1.jpg", "bicycle/1.jpg", "dog/1.jpg")
    assert found.truth == (None,) * 4


def test_without_labels_no_file_name_is_read_for_one_and_names_may_stand_one_a_line(tmp_path: Path) -> None:
    labelled(tmp_path, ["12_3.png", "0_1.png"])
    assert load_labelled(tmp_path / "val", tmp_path / "id2label.json", labelled=False).truth == (None, None)
    names = tmp_path / "names.txt"
    names.write_bytes("\ufeffrotes Fahrrad\r\n\r\n  Zelt \r\n".encode())
    found = load_labelled(tmp_path / "val", names, labelled=False)
    assert found.labels == {0: "rotes Fahrrad", 1: "Zelt"}
    names.write_text("\n \n")
    with pytest.raises(UserError, match=r"names\.txt must map label ids to names, .* or be a \.txt, a name a line"):
        load_labelled(tmp_path / "val", names)
    with pytest.raises(UserError, match=r"none\.txt is missing"):
        load_labelled(tmp_path / "val", tmp_path / "none.txt")


def test_a_label_that_is_not_named_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"1 image \(7_1\.png\)"):
        labelled(tmp_path, ["12_3.png", "7_1.png"])


@pytest.mark.parametrize("size", [(640, 480), (480, 640), (500, 333), (37, 1000), (100, 100)])
@pytest.mark.parametrize("target", [32, (48, 64)])
def test_the_geometry_inverts_itself_and_fits_the_original(
    size: tuple[int, int], target: int | tuple[int, int]
) -> None:
    geometry = ImageTransform(target, (0,) * 3, (1,) * 3).geometry(*size)
    h, w = geometry.size
    for x, y in [(0, 0), (w, h), (w / 3, h / 5)]:
        assert geometry.to_input(*geometry.to_original(x, y)) == pytest.approx((x, y))
    left, top, right, bottom = geometry.box
    assert 0 <= left < right <= size[0]
    assert 0 <= top < bottom <= size[1]
    assert left == pytest.approx(size[0] - right, abs=1e-6)  # centred
    assert (right - left, bottom - top) == pytest.approx((w / geometry.scale, h / geometry.scale))
    assert min(size[0] - (right - left), size[1] - (bottom - top)) == pytest.approx(0, abs=1e-6)  # one side whole


def test_a_mark_on_the_photograph_lands_where_the_geometry_says() -> None:
    image = Image.new("RGB", (300, 200), "black")
    image.paste("white", (200, 120, 212, 132))
    transform = ImageTransform(64, (0, 0, 0), (1, 1, 1))
    light = transform(image)[0].numpy()
    rows, columns = np.indices(light.shape) + 0.5
    x, y = transform.geometry(300, 200).to_input(206, 126)
    assert (columns * light).sum() / light.sum() == pytest.approx(x, abs=0.1)
    assert (rows * light).sum() / light.sum() == pytest.approx(y, abs=0.1)


@pytest.mark.parametrize("mode", ["center", "squash", "border"])
@pytest.mark.parametrize("size", [(300, 100), (90, 211), (64, 64), (123, 122)])
def test_a_planted_patch_comes_back_to_its_place_in_each_crop_mode(
    mode: config.CropMode, size: tuple[int, int]
) -> None:
    """A white square is planted on the input's grid, found there, and carried back onto itself."""
    width, height = size
    transform = ImageTransform((64, 48), (0.2, 0.4, 0.6), (1, 1, 1), crop_mode=mode)
    geometry = transform.geometry(width, height)
    left, top, right, bottom = geometry.box
    seen = (right - left) * (bottom - top) / (width * height)
    assert seen == pytest.approx(1) if mode != "center" else seen < 1
    x, y = left + 0.3 * (right - left), top + 0.6 * (bottom - top)
    for corner in [(x, y), (0, 0), (width, height)]:
        assert geometry.to_original(*geometry.to_input(*corner)) == pytest.approx(corner)
    image = Image.new("RGB", size, "black")
    image.paste("white", (round(x) - 4, round(y) - 4, round(x) + 4, round(y) + 4))
    light = np.asarray(transform.fit(image), float)[..., 0]
    if mode == "border":
        rows, columns = np.indices(light.shape) + 0.5
        places = [geometry.to_original(c, r) for c, r in zip(columns.ravel(), rows.ravel(), strict=True)]
        outside = np.reshape([not (0 <= c <= width and 0 <= r <= height) for c, r in places], light.shape)
        assert set(light[outside].tolist()) <= {51.0}  # the mean colour
        light = np.where(outside, 0, light)
    rows, columns = np.indices(light.shape) + 0.5
    found = geometry.to_original((columns * light).sum() / light.sum(), (rows * light).sum() / light.sum())
    pixel = 1 / min(geometry.scale, geometry.scale * geometry.stretch)  # of the input, on the photograph
    assert found == pytest.approx((round(x), round(y)), abs=pixel / 2)
    # As a map of the patches: its strongest place on the photograph is the square.
    grid = light.reshape(16, 4, 12, 4).mean(axis=(1, 3))
    carried = to_original(grid, geometry)
    assert carried.shape == (height, width)
    assert np.isnan(carried).any() == (mode == "center" and seen < 0.99)
    spread = np.nan_to_num(carried)
    rows, columns = np.indices(spread.shape) + 0.5
    found = ((columns * spread).sum() / spread.sum(), (rows * spread).sum() / spread.sum())
    assert found == pytest.approx((round(x), round(y)), abs=4 * pixel)


def test_crop_modes_keep_the_default_as_it_was() -> None:
    names = {mode: ImageTransform(8, (0.5,) * 3, (1,) * 3, crop_mode=mode) for mode in ("center", "squash", "border")}
    assert ImageTransform(8, (0.5,) * 3, (1,) * 3).fit_key() == names["center"].fit_key()
    assert names["center"].key() == "8x8 bicubic [0.5, 0.5, 0.5, 1, 1, 1]"
    assert len({transform.fit_key() for transform in names.values()}) == 3
    assert len({transform.key() for transform in names.values()}) == 3
    assert "crop_mode" not in config.settings_of(config.Encoder())
    assert config.settings_of(config.Encoder(crop_mode="squash"))["crop_mode"] == "squash"


def test_normalisation_and_jitter() -> None:
    grey = Image.new("RGB", (40, 40), (128, 64, 0))
    plain = ImageTransform(32, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))(grey)
    assert plain[:, 0, 0].tolist() == pytest.approx([(v / 255 - 0.5) / 0.25 for v in (128, 64, 0)], abs=1e-5)
    jittered = ImageTransform(
        32, (0.5,) * 3, (0.25,) * 3, config.Jitter(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.0)
    )
    torch.manual_seed(0)
    first, second = jittered(grey), jittered(grey)
    torch.manual_seed(0)
    assert torch.equal(jittered(grey), first)
    assert not torch.equal(first, second)
    assert ImageTransform(32, (0,) * 3, (1,) * 3, config.Jitter()).jitter is None


def test_the_transform_is_torchvisions_where_nothing_needs_rounding() -> None:
    from torchvision.transforms import functional

    noise = np.random.default_rng(0).integers(0, 255, (64, 128, 3)).astype(np.uint8)
    image = Image.fromarray(noise).resize((256, 128), Image.Resampling.BICUBIC)
    theirs = functional.center_crop(
        functional.resize(image, 64, functional.InterpolationMode.BICUBIC, antialias=True), [64, 64]
    )
    ours = ImageTransform(64, (0,) * 3, (1,) * 3).fit(image)
    difference = np.abs(np.asarray(ours, float) - np.asarray(theirs, float))
    assert difference.max() <= 1  # of 255
    assert ours.size == theirs.size


@pytest.mark.skipif(not REAL.is_dir(), reason="the real material is not beside the project")
def test_real_data_is_read() -> None:
    captions = load_captions(REAL / "flickr8k" / "val.json", REAL / "flickr8k" / "images" / "val")
    assert len(captions) == 100
    assert all(len(group) == 5 for group in captions.captions)
    assert load_labelled(REAL / "imagenet100" / "val", REAL / "imagenet100" / "id2label.json").truth.count(None) == 0
