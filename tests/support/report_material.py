"""A small finished run, made up: what the report's tests read. Its texts try to break out of every format."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
from PIL import Image

from hw3lib.display.bundle import figure_bundle, table_bundle
from hw3lib.system import files
from hw3lib.system.provenance import Provenance
from hw3lib.system.results import write_result
from tests.support.predictions import study_of, template_scores

EVIL = '#eval("1") $x$ @ref [b] *c* _d_ `e` <label> <script>alert(1)</script> \\ "q" & 犬'
CHINESE = "模型看見了一隻綿羊"

_PROFILE = """\
title: A made-up run
data: demo
seed: 0
clip: {model: ViT-B-32, pretrained: none}
p1: {images: data/p1/val, id2label: data/p1/id2label.json}
captions:
  train_images: data/p2/images/train
  train_annotations: data/p2/train.json
  val_images: data/p2/images/val
  val_annotations: data/p2/val.json
  tokenizer: data/caption_tokenizer.json
p3: {images: data/p3/images, names: [sheep]}
runs:
  best: {title: Best setting}
  vit: {title: "III: ViT, narrow, plain"}
"""

_STAMP = {
    "commit": "0123456789",
    "configuration": "abcdef",
    "seed": 0,
    "versions": {"python": "3.11.0", "torch": "2.12.1"},
    "device": "CPU",
    "written": "2026-01-01T00:00:00+00:00",
}


def make(root: Path, profile: str = "fake", notebooks: bool = True) -> Path:
    """Fill ``root`` (to be ``$HW3_ROOT``) with the profile's configuration, scores and executed notebooks."""
    (root / "configs").mkdir(parents=True, exist_ok=True)
    (root / "configs" / f"{profile}.yaml").write_text(_PROFILE, encoding="utf-8")
    runs = root / "runs" / profile
    prompts = ("This is a photo of {object}", "This is a {object} image.", "No {object}, no score.")
    templates = {prompt: template_scores(0.7 + i / 50, {"sheep": 0.7}) for i, prompt in enumerate(prompts)}
    write_result(runs / "p1" / "study.json", study_of(templates, images=600, provenance=Provenance(**_STAMP)))
    for run, cider in (("best", 1.5), ("vit", 1.1)):
        scores = {"CIDEr": cider, "CLIPScore": 0.71, "BLEU-4": 0.4, "object_recall": 0.88}
        files.write_json(runs / "p2" / run / "scores.json", {"provenance": _STAMP, "scores": scores, "per_image": {}})
    ends = {
        "best": {"image": "000000000001.jpg", "caption": "a sheep in a field", "CLIPScore": 0.9},
        "worst": {"image": "000000000002.jpg", "caption": EVIL, "CLIPScore": 0.4},
    }
    photographs = {"sheep": f"a sheep {CHINESE}"}
    files.write_json(
        runs / "p3" / "summary.json", {"provenance": _STAMP, "run": "best", **ends, "photographs": photographs}
    )
    folder = runs / "notebooks"
    folder.mkdir(parents=True, exist_ok=True)
    for name, cells in _notebooks().items() if notebooks else ():
        notebook = nbformat.v4.new_notebook(cells=cells)
        nbformat.write(notebook, folder / f"{name}.ipynb")
    return root


def markdown(text: str) -> Any:
    """A prose cell."""
    return nbformat.v4.new_markdown_cell(text)


def code(source: str, *bundles: dict[str, Any], tags: tuple[str, ...] = (), stdout: str = "") -> Any:
    """An executed code cell that displayed these bundles."""
    outputs = [nbformat.v4.new_output("display_data", data=bundle) for bundle in bundles]
    if stdout:
        outputs.append(nbformat.v4.new_output("stream", name="stdout", text=stdout))
    return nbformat.v4.new_code_cell(source, execution_count=1, outputs=outputs, metadata={"tags": list(tags)})


def curve(caption: str) -> dict[str, Any]:
    """A line drawing."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.2, 2.8))
    axes = figure.add_subplot()
    axes.plot(np.linspace(0, 1, 30) ** 0.5, label="CIDEr")
    axes.set(xlabel="epoch", ylabel="score")
    axes.legend()
    return figure_bundle(figure, caption, "A rising curve")


def photograph() -> Image.Image:
    """A picture of something soft."""
    y, x = np.mgrid[0:1:240j, 0:1:320j]
    pixels = np.stack([x, y, 0.5 + 0.5 * np.sin(9 * x * y)], -1)
    return Image.fromarray((pixels * 255).astype(np.uint8))


def viewer(caption: str = "") -> dict[str, Any]:
    """The attention viewer's bundle, on made-up maps."""
    from hw3lib.attention.maps import CaptionAttention, Word
    from hw3lib.data.transform import Geometry
    from hw3lib.viewer.show import bundle
    from hw3lib.viewer.widget import AttentionViewer

    words = ("[BOS]", "a", "sheep", "<b>in</b>", "綿羊", "[EOS]")
    maps = np.random.default_rng(0).dirichlet(np.ones(49), (2, 2, len(words))).astype(np.float32)
    maps[:, :, 0] = np.nan
    attention = CaptionAttention(
        name="sheep",
        image=photograph(),
        geometry=Geometry(320, 240, 224 / 240, (320 * 224 / 240 - 224) / 2, 0.0, (224, 224)),
        grid=(7, 7),
        caption="a sheep <b>in</b> 綿羊",
        tokens=tuple(range(len(words))),
        log_probs=tuple(np.log(np.linspace(0.9, 0.2, len(words) - 1)).tolist()),
        words=tuple(Word(text, (i,)) for i, text in enumerate(words)),
        maps=maps,
    )
    return bundle(AttentionViewer(attention), caption=caption)


@cache
def _notebooks() -> dict[str, list[Any]]:
    """Written and never changed: drawing them takes most of a second."""
    prose = (
        "CLIP **knows words**: see [the attention](p3_attention.ipynb), [a page](https://example.org/x) and "
        "`code`.\n\n1. first\n2. second\n   - deeper\n\n> a remark\n\n| a | b |\n|---|--:|\n| x | 1 |\n"
    )
    parameters = code('profile = "fake"', tags=("parameters",))
    widget = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "Box()"}
    wide = table_bundle(
        ["label", *[f"prompt {i}" for i in range(1, 9)]],
        [[f"class number {i}", *[i / 50 + j / 100 for j in range(8)]] for i in range(25)],
        "Accuracy by class.",
        "The best of each row is not marked.",
    )

    def training(run: str) -> list[Any]:
        samples = [
            [f"00000000000{i}", step, f"a sheep in the field number {i}"] for i in range(3) for step in (100, 200)
        ]
        return [
            markdown("# Captioning: a run\n\nA backbone and a decoder, trained on captions."),
            parameters,
            markdown("## Setting\n\nWhat this run does."),
            code(
                "settings(run)",
                table_bundle(["key", "value"], [["run", run], ["layers", 8]], f"{run}: setting."),
            ),
            markdown("## Curves"),
            code("curves(run)", curve(f"{run}: scores by epoch."), stdout="epoch 1\repoch 2\n"),
            code("samples(run)", table_bundle(["image", "step", "caption"], samples, f"{run}: samples.")),
        ]

    return {
        "p1_prompts": [
            markdown(f"# Prompts: wording matters\n\nWhat a prompt's wording does to a classifier. {CHINESE}。"),
            parameters,
            markdown("## Why CLIP transfers\n\n" + prose),
            code("accuracies = study(profile)\nshow(accuracies)  # a comment", wide),
            code("draw()", curve(f"Accuracy. {EVIL}"), table_bundle([EVIL], [[EVIL]], EVIL, EVIL)),
            markdown("## Your own prompt\n\n<img src=x onerror=alert(2)> is text."),
            code("box()", widget),
            markdown("## Checks"),
            code("assert True"),
        ],
        "p2_training_best": training("best"),
        "p2_training_vit": training("vit"),
        "p2_ablations": [
            markdown("# Captioning: ablations\n\nFour runs side by side."),
            code("table()", {"text/markdown": "**Best** wins by *0.4*.", "text/plain": "x"}),
        ],
        "p3_attention": [
            markdown("# Attention: word by word\n\nWhere the decoder looks."),
            code("for photo in photos:\n    viewer.show(photo)", viewer(), viewer("Another look.")),
        ],
    }
