"""A study of prompts against open_clip's own loop, run once for each template; both must give the same answers.

The peer does per template what open_clip's zero-shot evaluation does: build_zero_shot_classifier, whose texts have the
full 77 tokens, and a pass over the images. A stronger peer beside it keeps the images' features and only builds the
classifiers anew. Then, without a peer: the study of 100 templates and 50 classes on 2,500 images, and `hw3 classify` as
a grader calls it, both with CLIP ViT-B/32 of random weights, photographs of 500 x 375 px. torch gets one thread when
--threads does not say otherwise, as in metrics.py.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

import torch
from harness import ROOT, Row, alternate, arguments, finish, row
from metrics import DEMO_CLIP, photographs

from hw3lib import config
from hw3lib.data.cache.row_cache import RowCache
from hw3lib.data.labelled import LabelledSet, load_labelled
from hw3lib.models.clip import ClipModel
from hw3lib.prompts import study as prompt_study
from hw3lib.prompts import zero_shot
from hw3lib.prompts.answers import Answers
from hw3lib.prompts.results import Study
from hw3lib.prompts.templates import PromptSet, fill
from hw3lib.prompts.zero_shot import Classifier

SECONDS = 600  # that a grader gives to 2,500 images


def names(count: int) -> list[str]:
    """So many of ImageNet's class names, as open_clip has them."""
    from open_clip import IMAGENET_CLASSNAMES

    return list(IMAGENET_CLASSNAMES[:count])


def labelled(folder: Path, images: int, classes: int) -> tuple[Path, Path]:
    """P1's layout: photographs of soft random colours and their label file."""
    (folder / "val").mkdir(parents=True)
    for number, path in enumerate(photographs(folder / "val", images)):
        path.rename(folder / "val" / f"{number % classes}_{number}.jpg")
    labels = folder / "id2label.json"
    labels.write_text(json.dumps(dict(enumerate(names(classes)))))
    return folder / "val", labels


def classifiers(clip: ClipModel, templates: Sequence[str], classes: Sequence[str]) -> list[torch.Tensor]:
    """open_clip's classifier ``(D, C)`` of each template."""
    from open_clip import build_zero_shot_classifier

    return [
        build_zero_shot_classifier(
            clip.model, clip.tokenizer, classes, [lambda name, text=text: fill(text, name)], device=clip.device
        )
        for text in templates
    ]


@torch.inference_mode()
def loop(clip: ClipModel, templates: Sequence[str], classes: Sequence[str], files: Sequence[Path]) -> list[list[int]]:
    """Answers by template, everything done anew for each."""
    from PIL import Image

    found = []
    for text in templates:
        (weights,) = classifiers(clip, [text], classes)
        answers: list[int] = []
        for start in range(0, len(files), clip.batch_size):
            batch = torch.stack(
                [clip.preprocess(Image.open(path).convert("RGB")) for path in files[start : start + clip.batch_size]]
            )
            features = clip.model.encode_image(batch.to(clip.device), normalize=True)
            answers += (clip.logit_scale * features @ weights).argmax(-1).tolist()
        found.append(answers)
    return found


@torch.inference_mode()
def features_kept(
    clip: ClipModel, templates: Sequence[str], classes: Sequence[str], images: torch.Tensor
) -> list[list[int]]:
    """The same where whoever wrote the loop keeps the images' features."""
    return [
        (clip.logit_scale * images @ weights).argmax(-1).tolist() for weights in classifiers(clip, templates, classes)
    ]


def ours(clip: ClipModel, data: LabelledSet, templates: Sequence[str], cold: bool = True) -> list[list[int]]:
    """The same, as the project does it, with nothing known from before."""
    clip._texts.clear()
    if cold:
        clip._images.clear()
        clip.cache = RowCache(Path(tempfile.mkdtemp(dir=os.environ["HW3_ROOT"])))
    classifier = Classifier(clip, data)
    return classifier.log_probabilities(classifier.texts(templates)).argmax(-1).tolist()  # type: ignore[no-any-return]


def against(name: str, clip: ClipModel, folder: Path, images: int, classes: int, count: int, rounds: int) -> list[Row]:
    """A study of ``count`` templates against both peers."""
    data = load_labelled(*labelled(folder, images, classes))
    templates = PromptSet.load("imagenet80").templates[:count]
    # The label file's order is that of the ids.
    told = [data.labels[label] for label in sorted(data.labels)]
    theirs = loop(clip, templates, told, data.paths)
    if ours(clip, data, templates) != theirs:
        sys.exit(f"{name}: our answers and the peer's differ")
    embedded = clip.embed_images(data.paths)
    sides = {
        "ours": lambda: ours(clip, data, templates),
        "kept": lambda: ours(clip, data, templates, cold=False),
        "peer": lambda: loop(clip, templates, told, data.paths),
        "peer kept": lambda: features_kept(clip, templates, told, embedded),
    }
    taken = alternate(sides, rounds, warm_up=0)
    size = f"{count} templates x {classes} classes, {images} images"
    return [
        row(
            f"{name}: {size}", taken["ours"], taken["peer"], "s", 10, note="the same answers; nothing kept from before"
        ),
        row(
            f"{name}: {size}, image features kept", taken["kept"], taken["peer kept"], "s",
            note="both sides keep them: what is left is text",
        ),
    ]  # fmt: skip


def large(folder: Path) -> config.Clip:
    """CLIP ViT-B/32 with random weights, as a file that is loaded like any other."""
    import open_clip
    from safetensors.torch import save_file

    torch.manual_seed(0)
    model = open_clip.create_model("ViT-B-32", force_quick_gelu=True)
    path = folder / "vit_b_32.safetensors"
    save_file({key: value.contiguous() for key, value in model.state_dict().items()}, path)
    return config.Clip(model="ViT-B-32", pretrained=str(path))


def study(clip: ClipModel, folder: Path, images: int, classes: int, count: int, rounds: int) -> list[Row]:
    """Text features of a whole study, and everything that follows once images and texts are embedded."""
    data = load_labelled(*labelled(folder, images, classes))
    generator = torch.Generator().manual_seed(0)
    # How features come about is measured below; what follows from them takes the same time whatever they are.
    drawn = torch.nn.functional.normalize(torch.randn(len(data), clip.width, generator=generator), dim=-1)
    clip._images = dict(zip(clip._digests.of(data.paths), drawn, strict=True))
    classifier = Classifier(clip, data)
    half = PromptSet.load("factorial")
    design = tuple(prompt for prompt in half.prompts if prompt.factors)[: 6 * 3]
    web, coarse = PromptSet.load("imagenet80"), PromptSet.load("cifar")
    groups = [design, web.prompts, coarse.prompts]
    sets, seen = [], set[str]()
    for number, group in enumerate(groups):
        taken = tuple(prompt for prompt in group if prompt.template not in seen)[: count - len(seen)]
        seen |= {prompt.template for prompt in taken}
        if taken:
            sets.append(PromptSet(f"set {number}", "", taken, taken[0].template, taken[0].template))
    templates = prompt_study.all_templates(sets)
    clip._texts.clear()
    started = time.perf_counter()
    features = classifier.texts(templates)
    texts = time.perf_counter() - started
    path = folder / "study.safetensors"

    def rest() -> Study:
        prompt_study.predict(classifier, sets, features, 0).write(path)
        return prompt_study.score(Answers.read(path), sets, 0)

    after = alternate({"rest": rest}, rounds)["rest"]
    distinct = len({fill(template, name) for template in templates for name in classifier.names})
    size = f"{len(templates)} templates x {classes} classes"
    return [
        row(f"ViT-B/32: text features of {size}", texts, None, "s", 300, note=f"{distinct / texts:.0f} texts/s"),
        row(
            f"ViT-B/32: all the rest of the study, {images:,} images", after, None, "s", 2,
            note="answers, ensembles, scores, tests and intervals",
        ),
    ]  # fmt: skip


def classify(cfg: config.Clip, folder: Path, images: int) -> Row:
    """`hw3 classify` on photographs of any name, loading included."""
    source, labels = labelled(folder, images, 50)
    rng = Random(0)
    for number, path in enumerate(sorted(source.iterdir())):
        path.rename(source / f"{rng.choice(['photo', 'Bild ü', 'IMG', 'a, b'])} {number}.jpg")
    started = time.perf_counter()
    found = zero_shot.classify_folder(cfg, source, labels, folder / "out.csv", "This is a photo of a {object}", "cpu")
    taken = time.perf_counter() - started
    if len(found) != images:
        sys.exit("not every image has a label")
    return row(
        f"ViT-B/32: hw3 classify, {images:,} images", images / taken, None, "images/s", 2500 / SECONDS,
        higher_is_better=True, note=f"{taken:.0f} s, loading included; the target is 2,500 in ten minutes",
    )  # fmt: skip


def main() -> None:
    """Measure, print the table and the JSON document."""
    options = arguments(__doc__).parse_args()
    torch.set_num_threads(options.threads or 1)
    quick = options.quick or options.smoke
    rounds = options.rounds or (1 if quick else 3)
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["HW3_ROOT"] = name  # features are kept there
        demo = ClipModel.load(
            config.Clip(model=str(ROOT / DEMO_CLIP.model), pretrained=str(ROOT / DEMO_CLIP.pretrained))
        )
        images, templates = (4, 2) if options.smoke else (64 if quick else 816, 20)
        rows += against("the demo's CLIP", demo, folder / "a", images, 34, templates, rounds)
        cfg = large(folder)
        clip = ClipModel.load(cfg)
        if not quick:
            rows += against("ViT-B/32", clip, folder / "b", 50, 10, 20, 1)
        images, classes, templates = (20, 3, 2) if options.smoke else (2500, 50, 4 if quick else 100)
        rows += study(clip, folder / "c", images, classes, templates, rounds)
        del clip
        rows.append(classify(cfg, folder / "d", 3 if options.smoke else 50 if quick else 2500))
    finish("zero-shot", rows, quick=quick, rounds=rounds)


if __name__ == "__main__":
    main()
