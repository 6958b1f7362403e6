"""Draw the demo's data, in the formats that real data comes in, into the folders that a profile names.

Each picture has its own generator, seeded by profile, split and index, so that any number of processes draws the same
bytes. Each part is drawn into a folder beside the final one and moved there at its end: a build that is interrupted
leaves what was there before. A part's stamp, written last, says what it was drawn from.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from demo_world.folders import PARTS, Layout, Part
from hw3lib import config
from hw3lib.system import files
from hw3lib.system.errors import UserError

if TYPE_CHECKING:
    from demo_world.picture.render import Rendered

STAMPS: dict[Part, str] = {"p1": "build_p1.json", "captioned": "build.json"}
P1_SIDE = 200  # short side of P1's pictures, px
JPEG_QUALITY = 90
PNG_LEVEL = 2  # of 9: the grain hardly compresses, and higher levels take three times as long for 3 %
# What the pixels and the captions depend on, within demo_world.
SOURCES = ("build.py", "svg.py", "captions/*.py", "objects/*.py", "picture/*.py", "places/*.py")
PACKAGES = ("resvg_py", "pillow", "numpy")


@dataclass(frozen=True)
class Sizes:
    """How many pictures are drawn."""

    per_class: int  # P1, of every kind
    train: int
    val: int  # they choose rates and epochs
    test: int  # of a profile with test images of its own: results are told of them


SIZES = {"demo": Sizes(24, 2400, 200, 400), "smoke": Sizes(2, 60, 24, 0)}


@dataclass(frozen=True)
class Job:
    """One picture to draw."""

    seed: int
    split: str  # "p1", "train", "val", "test" or "p3"
    index: int
    identity: int  # COCO's image id
    kind: str  # what it is of: a kind, or the name of one of P3's photographs
    path: str


@dataclass(frozen=True)
class Drawn:
    """What is to be written about a picture, once it is on disk."""

    image: dict[str, Any]
    captions: list[str]
    annotations: list[dict[str, Any]]  # COCO's, but for their ids


def build(
    profile: config.Profile,
    progress: bool = True,
    processes: int | None = None,
    sizes: Sizes | None = None,
    parts: Iterable[Part] = PARTS,
) -> None:
    """Draw the data of a demo profile, or some parts of it, unless it is there and current.

    New captions also remove the caption tokenizer, since it was trained on others. ``processes`` is all cores and
    ``sizes`` the profile's own, unless told. Raises :class:`UserError` for a profile of real data, and when the folder
    holds files that no build has made.
    """
    if profile.data != "demo":
        raise UserError(
            f"profile {profile.name} is about real data; only a profile that says `data: demo` can be drawn"
        )
    layout, sizes = Layout.of(profile), sizes or SIZES.get(profile.name, SIZES["demo"])
    with _locked(layout.root):
        for part in parts:
            if is_current(profile, sizes, [part]):
                continue
            _refuse_foreign(layout)
            folder = layout.root.with_name(f".{layout.root.name}.part")
            shutil.rmtree(folder, ignore_errors=True)
            try:
                _draw(profile, layout, sizes, part, folder, progress, processes or _cores())
                _put_in_place(folder, layout, part)
                files.write_json(layout.root / STAMPS[part], _stamp(profile, layout, sizes, part))
            finally:
                shutil.rmtree(folder, ignore_errors=True)


def _cores() -> int:
    """The processors that this process may use, where the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def is_current(profile: config.Profile, sizes: Sizes | None = None, parts: Iterable[Part] = PARTS) -> bool:
    """Whether the profile's data, or parts of it, is whole, and drawn by this very code from this seed."""
    layout = Layout.of(profile)
    sizes = sizes or SIZES.get(profile.name, SIZES["demo"])
    return all(
        _read_stamp(layout, part) == json.loads(json.dumps(_stamp(profile, layout, sizes, part)))
        and _whole(layout, sizes, part)
        for part in parts
    )


def _read_stamp(layout: Layout, part: Part) -> Any:
    try:
        return json.loads((layout.root / STAMPS[part]).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def forget_stale(profile: config.Profile) -> None:
    """Drop the stamps of data that is of another time, so that the pipeline draws it again; real data has none."""
    if profile.data == "demo":
        for part in PARTS:
            if not is_current(profile, parts=[part]):
                (Layout.of(profile).root / STAMPS[part]).unlink(missing_ok=True)


def _numbers(layout: Layout, sizes: Sizes, part: Part) -> dict[Path, int]:
    """How many pictures each folder of a part has."""
    from demo_world.objects import KINDS
    from demo_world.picture.photographs import PHOTOGRAPHS

    if part == "p1":
        return {layout.p1: sizes.per_class * len(KINDS)}
    return {split.images: getattr(sizes, name) for name, split in layout.splits.items()} | {layout.p3: len(PHOTOGRAPHS)}


def _whole(layout: Layout, sizes: Sizes, part: Part) -> bool:
    for folder, number in _numbers(layout, sizes, part).items():
        path = layout.root / folder
        if not path.is_dir() or sum(1 for file in path.iterdir() if file.is_file()) < number:
            return False
    return all((layout.root / path).is_file() for path in layout.documents(part))


def _stamp(profile: config.Profile, layout: Layout, sizes: Sizes, part: Part) -> dict[str, Any]:
    return {
        "seed": profile.seed,
        "sizes": asdict(sizes),
        "files": {folder.as_posix(): number for folder, number in _numbers(layout, sizes, part).items()},
        "code": code_fingerprint(),
        "versions": {package: version(package) for package in PACKAGES},
    }


def code_fingerprint() -> str:
    """A hash of the code that draws and describes the demo world."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for pattern in SOURCES:
        for path in sorted(here.glob(pattern)):
            digest.update(path.relative_to(here).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _refuse_foreign(layout: Layout) -> None:
    """A build replaces the folder, so it must hold nothing but what builds make."""
    if not layout.root.is_dir():
        return
    drawn = [path for part in PARTS for path in (*layout.folders(part), *layout.documents(part))]
    ours = {path.parts[0] for path in (*drawn, layout.tokenizer)} | set(STAMPS.values())
    foreign = sorted(name for name in os.listdir(layout.root) if name not in ours and name[0] != ".")
    if foreign:
        raise UserError(
            f"{layout.root} is about to be replaced by freshly drawn data, but it also holds "
            f"{', '.join(foreign[:5])}, which no build has made: move that elsewhere, then build again"
        )


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    """One build of a folder at a time: a second one waits, and then finds it current."""
    from filelock import FileLock

    root.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(root.with_name(f".{root.name}.lock")):
        yield


def _put_in_place(drawn: Path, layout: Layout, part: Part) -> None:
    """Move what was drawn to where it belongs. Whoever reads another part meanwhile is not disturbed."""
    (layout.root / STAMPS[part]).unlink(missing_ok=True)
    if part == "captioned":
        (layout.root / layout.tokenizer).unlink(missing_ok=True)
    old = layout.root.with_name(f".{layout.root.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    for entry in (*layout.folders(part), *layout.documents(part)):
        final, moved = layout.root / entry, old / entry
        for folder in (final.parent, moved.parent):
            folder.mkdir(parents=True, exist_ok=True)
        if final.exists():
            final.rename(moved)
        (drawn / entry).rename(final)
    shutil.rmtree(old, ignore_errors=True)


def rng_of(seed: int, split: str, index: int) -> Random:
    """A picture's own generator."""
    digest = hashlib.sha256(f"hw3 demo {seed} {split} {index}".encode()).digest()
    return Random(int.from_bytes(digest[:8], "big"))


def kind_names() -> tuple[str, ...]:
    """The kinds in the order of their label ids (P1) and category ids less one (COCO)."""
    from demo_world.objects import KINDS

    return tuple(sorted(KINDS))


def jobs(seed: int, layout: Layout, sizes: Sizes, part: Part, folder: Path) -> list[Job]:
    """Every picture of a part, in the order of its ids."""
    from demo_world.picture.photographs import PHOTOGRAPHS

    kinds = kind_names()
    if part == "p1":
        places = (divmod(index, len(kinds)) for index in range(sizes.per_class * len(kinds)))
        return [
            Job(seed, "p1", index, index, kinds[label], str(folder / layout.p1 / f"{label}_{number}.png"))
            for index, (number, label) in enumerate(places)
        ]
    todo = [
        Job(seed, "p3", index, 1 + index, name, str(folder / layout.p3 / f"{name}.jpg"))
        for index, name in enumerate(PHOTOGRAPHS)
    ]
    first = 1
    for split, place in layout.splits.items():
        for index in range(number := getattr(sizes, split)):
            path = folder / place.images / f"{first + index:012d}.jpg"
            todo.append(Job(seed, split, index, first + index, kinds[index % len(kinds)], str(path)))
        first += number
    return todo


def draw(job: Job) -> Drawn:
    """Draw one picture, save it, and say what is on it."""
    from demo_world.captions import grammar
    from demo_world.picture.composition import compose, portrait
    from demo_world.picture.photographs import PHOTOGRAPHS, photograph
    from demo_world.picture.render import render

    rng = rng_of(job.seed, job.split, job.index)
    if job.split == "p1":
        scene = portrait(rng, job.kind)
        rendered = render(scene, P1_SIDE / min(scene.width, scene.height))
        rendered.image.save(job.path, compress_level=PNG_LEVEL)
        return Drawn({}, [], [])
    scene = photograph(PHOTOGRAPHS[job.kind]) if job.split == "p3" else compose(rng, focus=job.kind)
    rendered = render(scene)
    rendered.image.save(job.path, quality=JPEG_QUALITY)
    image = {"id": job.identity, "file_name": Path(job.path).name, "width": scene.width, "height": scene.height}
    captions = grammar.captions(scene, rng) if job.split != "p3" else []
    return Drawn(image, captions, _annotations(rendered, job.identity))


def _annotations(rendered: Rendered, identity: int) -> list[dict[str, Any]]:
    """COCO instance annotations, masks as compressed run lengths."""
    import numpy as np
    from pycocotools import mask as coco_mask

    categories = {kind: number for number, kind in enumerate(kind_names(), 1)}
    annotations = []
    for instance in rendered.instances:
        runs = coco_mask.encode(np.asfortranarray(instance.mask.astype(np.uint8)))
        area, box = int(coco_mask.area(runs)), [float(edge) for edge in coco_mask.toBbox(runs)]
        annotations.append(
            {
                "image_id": identity,
                "category_id": categories[instance.kind],
                "segmentation": {
                    "size": [int(side) for side in runs["size"]],
                    "counts": runs["counts"].decode("ascii"),
                },
                "area": area,
                "bbox": box,
                "iscrowd": 0,
            }
        )
    return annotations


def _draw(
    profile: config.Profile,
    layout: Layout,
    sizes: Sizes,
    part: Part,
    folder: Path,
    progress: bool,
    processes: int,
) -> None:
    for place in layout.folders(part):
        (folder / place).mkdir(parents=True, exist_ok=True)
    todo = jobs(profile.seed, layout, sizes, part, folder)
    done = list(zip(todo, _shown(_mapped(todo, processes), len(todo), progress), strict=True))
    if part == "p1":
        files.write_json(folder / layout.id2label, {str(label): kind for label, kind in enumerate(kind_names())})
        return
    documents = {name: (split.captions, split.instances) for name, split in layout.splits.items()}
    for split, (captions, instances) in {**documents, "p3": (None, layout.p3_instances)}.items():
        pictures = [drawn for job, drawn in done if job.split == split]
        images = [drawn.image for drawn in pictures]
        if captions is not None:
            texts = [(drawn.image["id"], text) for drawn in pictures for text in drawn.captions]
            notes = [
                {"id": number, "image_id": image, "caption": text} for number, (image, text) in enumerate(texts, 1)
            ]
            files.write_json(folder / captions, {"images": images, "annotations": notes})
        shapes = [shape for drawn in pictures for shape in drawn.annotations]
        annotations = [{"id": number, **shape} for number, shape in enumerate(shapes, 1)]
        categories = [{"id": number, "name": kind} for number, kind in enumerate(kind_names(), 1)]
        document = {"images": images, "annotations": annotations, "categories": categories}
        files.write_json(folder / instances, document, indent=None)


def _mapped(todo: list[Job], processes: int) -> Iterator[Drawn]:
    """Draw in order, on several processes. They are spawned: a fork of a process with threads may hang."""
    if processes == 1:
        yield from map(draw, todo)
        return
    with get_context("spawn").Pool(processes) as pool:
        yield from pool.imap(draw, todo, chunksize=8)


def _shown(drawn: Iterable[Drawn], total: int, progress: bool) -> Iterator[Drawn]:
    """Pass on what is drawn, with a progress bar on standard error."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True, quiet=not progress)
    if progress and not sys.stderr.isatty():
        console.print(f"drawing {total:,} pictures of the demo world")
    yield from track(drawn, "drawing the demo world", total, console=console, disable=not progress)
