"""The demo's data: complete, in the real formats, the same however it is built, and never half there."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from demo_world import build
from demo_world.folders import Layout
from demo_world.objects import KINDS
from demo_world.picture.photographs import PHOTOGRAPHS, photograph
from hw3lib import config
from hw3lib.system.errors import UserError

TINY = build.Sizes(per_class=1, train=4, val=2, test=4)


def profile(root: Path, data: str = "demo", seed: int = 5) -> config.Profile:
    captions = config.Captions(
        train_images=str(root / "p2_data/images/train"),
        train_annotations=str(root / "p2_data/train.json"),
        val_images=str(root / "p2_data/images/val"),
        val_annotations=str(root / "p2_data/val.json"),
        val_instances=str(root / "p2_data/instances_val.json"),
        test_images=str(root / "p2_data/images/test"),
        test_annotations=str(root / "p2_data/test.json"),
        test_instances=str(root / "p2_data/instances_test.json"),
        tokenizer=str(root / "caption_tokenizer.json"),
    )
    return config.Profile(
        title="tiny", data=data, seed=seed, name="tiny", clip=config.Clip(), captions=captions,
        p1=config.Labelled(images=str(root / "p1_data/val"), id2label=str(root / "p1_data/id2label.json")),
        p3=config.Photographs(images=str(root / "p3_data/images")), runs={"best": config.Run(title="best")},
    )  # fmt: skip


def contents(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("one") / "demo"
    build.build(profile(root), progress=False, processes=1, sizes=TINY)
    yield root


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Builds that draw blank pictures; the list says which."""
    drawn: list[str] = []

    def blank(job: build.Job) -> build.Drawn:
        drawn.append(job.path)
        Image.new("RGB", (8, 8)).save(job.path)
        return build.Drawn(
            {"id": job.identity, "file_name": Path(job.path).name, "width": 8, "height": 8}, ["a dog"], []
        )

    monkeypatch.setattr(build, "draw", blank)
    return drawn


def test_two_processes_draw_the_same_bytes_as_one(built: Path, tmp_path: Path) -> None:
    build.build(profile(tmp_path / "two"), progress=False, processes=2, sizes=TINY)
    assert contents(tmp_path / "two") == contents(built)


def test_another_seed_draws_other_pictures_but_the_same_photographs() -> None:
    layout = Layout.of(profile(Path("/nowhere/demo")))
    jobs, others = (build.jobs(seed, layout, TINY, "captioned", Path("/nowhere/part")) for seed in (1, 2))
    assert [job.path for job in jobs] == [job.path for job in others]
    assert build.rng_of(1, "val", 0).random() != build.rng_of(2, "val", 0).random()
    assert build.rng_of(1, "val", 0).random() != build.rng_of(1, "train", 0).random()
    assert photograph(PHOTOGRAPHS["ski"]) == photograph(PHOTOGRAPHS["ski"])


def test_labelled_images_come_one_per_class_with_their_names(built: Path) -> None:
    labels = json.loads((built / "p1_data/id2label.json").read_text())
    assert set(labels.values()) == set(KINDS)
    images = sorted((built / "p1_data/val").iterdir())
    assert {path.name for path in images} == {f"{label}_0.png" for label in labels}
    for path in images:
        with Image.open(path) as image:
            assert min(image.size) == build.P1_SIDE


def test_captions_are_in_the_format_of_coco(built: Path) -> None:
    identities: list[int] = []
    for split, number in (("train", TINY.train), ("val", TINY.val), ("test", TINY.test)):
        coco = COCO(str(built / f"p2_data/{split}.json"))
        assert len(coco.imgs) == number
        for identity, image in coco.imgs.items():
            assert re.fullmatch(r"\d{12}\.jpg", image["file_name"]) and int(image["file_name"][:12]) == identity
            assert len(coco.getAnnIds(imgIds=[identity])) == 5
            with Image.open(built / "p2_data/images" / split / image["file_name"]) as file:
                assert file.size == (image["width"], image["height"])
                assert min(file.size) == 256
        identities += list(coco.imgs)
    assert identities == list(range(1, 1 + TINY.train + TINY.val + TINY.test))


def test_a_profile_that_tests_on_no_images_of_its_own_has_none_drawn() -> None:
    whole = profile(Path("/nowhere/demo"))
    names = ("test_images", "test_annotations", "test_instances")
    captions = dataclasses.replace(whole.captions, **dict.fromkeys(names))
    layout = Layout.of(dataclasses.replace(whole, captions=captions))
    drawn = build.jobs(1, layout, TINY, "captioned", Path("/nowhere/part"))
    assert {job.split for job in drawn} == {"train", "val", "p3"}
    assert not [path for path in (*layout.folders("captioned"), *layout.documents("captioned")) if "test" in path.name]


@pytest.mark.parametrize(
    "name", ["p2_data/instances_train", "p2_data/instances_val", "p2_data/instances_test", "p3_data/instances"]
)
def test_instance_masks_decode_to_the_size_of_their_image(built: Path, name: str) -> None:
    coco = COCO(str(built / f"{name}.json"))
    assert {category["name"] for category in coco.cats.values()} == set(KINDS)
    assert coco.anns and {annotation["image_id"] for annotation in coco.anns.values()} <= set(coco.imgs)
    for annotation in coco.anns.values():
        image, mask = coco.imgs[annotation["image_id"]], coco.annToMask(annotation)
        assert mask.shape == (image["height"], image["width"])
        assert mask.sum() == annotation["area"] > 0
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        box = [columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1]
        assert annotation["bbox"] == [float(edge) for edge in box]


def test_the_masks_of_an_image_do_not_overlap(built: Path) -> None:
    coco = COCO(str(built / "p2_data/instances_train.json"))
    for identity in coco.imgs:
        masks = [coco.annToMask(annotation) for annotation in coco.loadAnns(coco.getAnnIds(imgIds=[identity]))]
        assert sum(masks).max() <= 1


def test_the_five_photographs_show_their_subjects(built: Path) -> None:
    subjects = {
        "bike": {"girl", "bicycle"}, "girl": {"girl", "fire hydrant"}, "sheep": {"sheep"}, "ski": {"girl", "skis"},
        "umbrella": {"girl", "umbrella"},
    }  # fmt: skip
    coco = COCO(str(built / "p3_data/instances.json"))
    for identity, image in coco.imgs.items():
        annotations = coco.loadAnns(coco.getAnnIds(imgIds=[identity]))
        kinds = [coco.cats[annotation["category_id"]]["name"] for annotation in annotations]
        assert subjects[Path(image["file_name"]).stem] <= set(kinds)
        assert (built / "p3_data/images" / image["file_name"]).is_file()
        if image["file_name"] == "sheep.jpg":
            assert kinds.count("sheep") >= 3
    assert len(coco.imgs) == len(subjects)


def test_current_data_is_left_alone_and_a_lost_picture_is_drawn_again(quick: list[str], tmp_path: Path) -> None:
    tiny, root = profile(tmp_path / "demo"), tmp_path / "demo"
    build.build(tiny, progress=False, processes=1, sizes=TINY)
    number = len(quick)
    assert number == TINY.train + TINY.val + TINY.test + len(KINDS) + 5
    build.build(tiny, progress=False, processes=1, sizes=TINY)
    assert len(quick) == number
    (root / "p1_data/val/3_0.png").unlink()
    assert not build.is_current(tiny, TINY)
    build.build(tiny, progress=False, processes=1, sizes=TINY)
    assert len(quick) == number + len(KINDS), "the other part stays"
    assert build.is_current(tiny, TINY)


def test_labelled_images_can_be_drawn_first_and_are_not_touched_by_the_rest(quick: list[str], tmp_path: Path) -> None:
    tiny, root = profile(tmp_path / "demo"), tmp_path / "demo"
    build.build(tiny, progress=False, processes=1, sizes=TINY, parts=["p1"])
    assert len(quick) == len(KINDS)
    assert build.is_current(tiny, TINY, ["p1"]) and not build.is_current(tiny, TINY)
    inode = (root / "p1_data/val").stat().st_ino
    build.build(tiny, progress=False, processes=1, sizes=TINY)
    assert build.is_current(tiny, TINY)
    assert (root / "p1_data/val").stat().st_ino == inode
    assert len(quick) == TINY.train + TINY.val + TINY.test + len(KINDS) + 5


def test_other_captions_remove_the_tokenizer_that_was_trained_on_the_former(quick: list[str], tmp_path: Path) -> None:
    root = tmp_path / "demo"
    build.build(profile(root), progress=False, processes=1, sizes=TINY)
    (root / "caption_tokenizer.json").write_text("{}")
    build.build(profile(root, seed=6), progress=False, processes=1, sizes=TINY, parts=["p1"])
    assert (root / "caption_tokenizer.json").is_file()
    build.build(profile(root, seed=6), progress=False, processes=1, sizes=TINY)
    assert not (root / "caption_tokenizer.json").exists()


def test_other_code_another_seed_and_other_sizes_are_not_current(
    quick: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "demo"
    build.build(profile(root), progress=False, processes=1, sizes=TINY)
    assert build.is_current(profile(root), TINY)
    assert not build.is_current(profile(root, seed=6), TINY)
    assert not build.is_current(profile(root), build.Sizes(1, 4, 2, 3))
    monkeypatch.setattr(build, "SIZES", {"demo": TINY})
    build.forget_stale(profile(root))
    assert all((root / stamp).is_file() for stamp in build.STAMPS.values()), "what is current stays"
    monkeypatch.setattr(build, "code_fingerprint", lambda: "changed")
    assert not build.is_current(profile(root), TINY)
    build.forget_stale(profile(root))
    assert not any((root / stamp).is_file() for stamp in build.STAMPS.values()), (
        "what is not is drawn again by the pipeline"
    )


def test_an_interrupted_build_leaves_what_was_there(
    quick: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "demo"
    build.build(profile(root), progress=False, processes=1, sizes=TINY)
    (root / "caption_tokenizer.json").write_text("{}")
    before, whole = contents(root), build.draw

    def interrupted(job: build.Job) -> build.Drawn:
        if job.split == "p1":
            raise KeyboardInterrupt
        return whole(job)

    monkeypatch.setattr(build, "draw", interrupted)
    with pytest.raises(KeyboardInterrupt):
        build.build(profile(root, seed=6), progress=False, processes=1, sizes=TINY)
    assert contents(root) == before
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["demo"]


def test_what_a_killed_build_left_behind_is_cleared(quick: list[str], tmp_path: Path) -> None:
    for name in (".demo.part", ".demo.old"):
        (tmp_path / name / "p1_data").mkdir(parents=True)
    build.build(profile(tmp_path / "demo"), progress=False, processes=1, sizes=TINY)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["demo"]
    assert build.is_current(profile(tmp_path / "demo"), TINY)


def test_a_build_refuses_to_replace_files_that_it_did_not_make(tmp_path: Path) -> None:
    root = tmp_path / "demo"
    (root / "holiday photos").mkdir(parents=True)
    with pytest.raises(UserError, match="holiday photos"):
        build.build(profile(root), progress=False, processes=1, sizes=TINY)
    assert (root / "holiday photos").is_dir()


def test_real_data_is_never_drawn_over(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="real data"):
        build.build(profile(tmp_path / "demo", data="real"), progress=False, sizes=TINY)


def test_a_profile_that_spreads_over_the_project_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HW3_ROOT", str(tmp_path))
    with pytest.raises(UserError, match="spreads its data"):
        build.build(profile(tmp_path), progress=False, sizes=TINY)


def test_the_profiles_sizes_are_those_that_were_asked_for() -> None:
    assert build.SIZES["demo"] == build.Sizes(24, 2400, 200, 400)
    assert len(KINDS) >= 25
    assert build.SIZES["smoke"] == build.Sizes(2, 60, 24, 0)
