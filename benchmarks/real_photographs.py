"""The real check: a decoder trained on real photographs, with a pretrained backbone and with the same one untrained.

Everything goes the way of the product: a profile is written, ``hw3 train`` and ``hw3 score`` do the rest. 500
photographs are few, so the decoder is small and the encoder rests; the best epoch is chosen, as in every run, on the
validation photographs that are then scored, for both backbones alike. There is no CLIP for the profile: CIDEr alone
judges it.

Pretraining has to win: the 95 % interval of the difference in CIDEr, by the paired bootstrap over the photographs, lies
above zero. Both runs together have twenty minutes on a CPU.

Without the photographs (``--folder``) there is nothing to check: it says so and ends well. ``--smoke`` draws stand-ins.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import harness

RUNS = ("pretrained", "untrained")
SCORES = ("CIDEr", "BLEU-4", "METEOR")
MOST_SECONDS = 20 * 60
# After nine epochs of twelve the pretrained run's loss on the validation photographs no longer falls.
FULL = {"train": "null", "val": "null", "epochs": 12, "every": 3}
QUICK = {"train": 60, "val": 20, "epochs": 4, "every": 4}
SMOKE = {"train": "null", "val": "null", "epochs": 1, "every": 1}

PROFILE = """
title: Real photographs
data: real
seed: 2022
clip: null
p1: {{images: "{real}/imagenet100/val", id2label: "{real}/imagenet100/id2label.json"}}
p3: {{images: "{real}/flickr8k/images/val"}}
captions:
  train_images: "{real}/flickr8k/images/train"
  train_annotations: "{real}/flickr8k/train.json"
  val_images: "{real}/flickr8k/images/val"
  val_annotations: "{real}/flickr8k/val.json"
  tokenizer: caption_tokenizer.json
  vocabulary_size: 2000
  limit_train: {train}
  limit_val: {val}
best_run: pretrained
runs:
  pretrained:
    title: MobileNetV2, pretrained on ImageNet
    encoder:
      name: mobilenetv2_100
      arguments: {{pad_type: same}}
      weights: "{real}/weights/mobilenetv2_100_timm.pth"
      image_size: 224
      mean: [0.5, 0.5, 0.5]
      std: [0.5, 0.5, 0.5]
    decoder:
      layers: 3
      heads: 8
      width: 256
      feed_forward: 1024
      dropout: 0.2
      attention_dropout: 0.1
      max_length: 40
    training:
      learning_rates: [1.0e-3]
      schedule: cosine
      epochs: {epochs}
      frozen_epochs: {epochs}  # the encoder rests: its features are computed once
      validate_every: {every}
      warmup_steps: 30
      weight_decay: 0.05
      label_smoothing: 0.1
      ema_decay: 0.99
      captions_per_image: 5
      batch_size: 100  # 20 photographs with all their captions
    decoding: {{beams: 3}}
  untrained:
    like: pretrained
    title: the same MobileNetV2, not pretrained
    encoder: {{weights: none}}
"""


def main() -> None:
    parser = harness.arguments(__doc__.splitlines()[0])
    known = harness.ROOT.parent / "shared" / "real"
    parser.add_argument("--folder", type=Path, default=known, help="flickr8k/ and weights/ (%(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        check(_stand_ins(Path(folder)) if options.smoke else options.folder.resolve(), options)


def check(real: Path, options: Any) -> None:
    """Train and score on the photographs in a folder, and print what came out."""
    lacking = [name for name in ("flickr8k", "weights/mobilenetv2_100_timm.pth") if not (real / name).exists()]
    if lacking:
        print(f"skipped: {real} has no {' and no '.join(lacking)}")
        sys.exit(0)

    import torch

    if options.threads:
        torch.set_num_threads(options.threads)
    size = SMOKE if options.smoke else QUICK if options.quick else FULL
    with tempfile.TemporaryDirectory() as home:
        os.environ["HW3_ROOT"] = home
        found, seconds, samples = _check(Path(home) / "real.yaml", PROFILE.format(real=real, **size))
    for name in samples["pretrained"]:
        print(f"{name}: " + "; ".join(f"{run}: {samples[run][name]!r}" for run in RUNS))
    harness.finish("real photographs", _rows(found, seconds, options.quick or options.smoke), sizes=size)


def _stand_ins(folder: Path) -> Path:
    """What the photographs' folder has, drawn: a few scenes with captions, and weights that were never trained."""
    import timm
    import torch
    from metrics import drawn_captions, photographs

    captions, _ = drawn_captions(18, 1)
    for split, groups in (("train", list(captions.values())[:12]), ("val", list(captions.values())[12:])):
        images = folder / "flickr8k" / "images" / split
        images.mkdir(parents=True)
        names = [path.name for path in photographs(images, len(groups))]
        notes = [{"image_id": place, "caption": text} for place, group in enumerate(groups) for text in group]
        document = {
            "images": [{"id": place, "file_name": name} for place, name in enumerate(names)],
            "annotations": [{"id": number, **note} for number, note in enumerate(notes)],
        }
        (folder / "flickr8k" / f"{split}.json").write_text(json.dumps(document), encoding="utf-8")
    (folder / "weights").mkdir()
    torch.save(timm.create_model("mobilenetv2_100").state_dict(), folder / "weights" / "mobilenetv2_100_timm.pth")
    return folder


def _check(path: Path, text: str) -> tuple[dict[str, Any], dict[str, float], dict[str, dict[str, str]]]:
    """Train and score both runs: their scores files, the seconds each step took, and some captions of each."""
    from hw3lib import config
    from hw3lib.captioning import scores
    from hw3lib.models.experiment import Experiment
    from hw3lib.system import files
    from hw3lib.training import trainer

    path.write_text(text, encoding="utf-8")
    profile = config.load(path)
    seconds = {}
    for run in RUNS:
        started = time.perf_counter()
        trainer.train(profile, run)
        seconds[run] = time.perf_counter() - started
    started = time.perf_counter()
    found = scores.score_runs(Experiment.open(profile), RUNS)
    seconds["score"] = time.perf_counter() - started
    said = {run: files.read_json(config.folder(profile, run) / "predictions.json") for run in RUNS}
    return found, seconds, {run: dict(list(captions.items())[:5]) for run, captions in said.items()}


def _rows(found: dict[str, Any], seconds: dict[str, float], quick: bool) -> list[harness.Row]:
    """The scores side by side (ours: pretrained, peer: not), the interval that has to lie above zero, and the time."""
    from hw3lib.metrics.bootstrap import compare

    pretrained, untrained = (found[run] for run in RUNS)
    rows = [
        harness.row(
            f"{score}, pretrained against not", pretrained.scores[score], untrained.scores[score], score,
            higher_is_better=True,
        )
        for score in SCORES
    ]  # fmt: skip
    gap = compare(pretrained.per_image, untrained.per_image, "CIDEr")
    words = f"{gap.effect:+.3f} [{gap.low:+.3f}, {gap.high:+.3f}] over {gap.n} photographs"
    # A quick look trains too little for the target to mean anything.
    floor = None if quick else 0.0
    rows.append(
        harness.row(
            "difference in CIDEr, lower end at 95 %", gap.low, None, "CIDEr", floor, higher_is_better=True, note=words
        )
    )
    steps = ", ".join(f"{name} {taken:.0f} s" for name, taken in seconds.items())
    steps += f"; {time.process_time():.0f} s of processor time"  # what a busy machine does not stretch
    total = sum(seconds.values())
    rows.append(harness.row("both runs, trained and scored", total, None, "s", MOST_SECONDS, note=steps))
    return rows


if __name__ == "__main__":
    main()
