"""The card of a run that leaves its profile: its data, its scores with their intervals, its settings, its use."""

from __future__ import annotations

from collections.abc import Iterator

from hw3lib.captioning.ablations import HEADLINE, metric_name
from hw3lib.captioning.results import RunScores, read_scores
from hw3lib.captioning.settings import settings
from hw3lib.config import Run
from hw3lib.data.stages import choices
from hw3lib.metrics.bootstrap import mean_intervals
from hw3lib.models.experiment import Experiment

_HEAD = """---
library_name: hw3lib
pipeline_tag: image-to-text
tags: [image-captioning]
---

# {title}

An image captioner: a timm backbone and a transformer decoder that attends to its patches.

```
hw3 caption PHOTOGRAPHS captions.json --from THIS_FOLDER
hw3 attend PHOTOGRAPHS maps --from THIS_FOLDER
```

In Python: `hw3lib.models.inference.load_pretrained("THIS_FOLDER")`; the network alone:
`hw3lib.models.captioner.Captioner.from_pretrained("THIS_FOLDER")`.
"""

_SAY = {"validation": "which also chose", "test": "which had no say in"}  # on the kept epoch, where there was a choice


def model_card(experiment: Experiment, run: str) -> str:
    """Markdown with the hub's metadata; without scores where the run has none yet."""
    profile, folder = experiment.profile, experiment.run_folder(run)
    scores = read_scores(folder) if (folder / "scores.json").is_file() else None
    data = (
        "the drawn demo world: it knows drawings only" if profile.data == "demo" else "photographs of the profile's own"
    )
    lines = [
        _HEAD.format(title=profile.run(run).title),
        f"## Data\n\nTrained on {data} (profile `{profile.name}`, {len(experiment.training)} images).",
        *(_scored(scores, profile.require_captions().reported, profile.run(run), profile.seed) if scores else ()),
        "\n## Training\n\n| setting | value |\n|---|---|",
        *(f"| {row.label} | {row.words} |" for row in settings(profile.run(run))),
    ]
    if scores:
        origin = scores.provenance
        made = f"Seed {origin['seed']}, commit {origin['commit']}, configuration {origin['configuration']}."
        lines.append(f"\n{made}\n")
    return "\n".join(lines)


def _scored(scores: RunScores, split: str, run: Run, seed: int) -> Iterator[str]:
    """The headline's scores; of those that are means over images, with the interval."""
    say = f", {_SAY[split]} the epoch that was kept" if "epoch" in choices(run) else ""
    yield f"\n## Scores\n\nOn {len(scores.per_image)} {split} images{say}.\n"
    yield "| metric | score | 95 % interval over images |\n|---|---|---|"
    per_image = list(scores.per_image.values())
    for metric in HEADLINE:
        if metric not in scores.scores:
            continue
        interval = ""
        if len(per_image) > 1 and all(metric in row for row in per_image):
            low, high = mean_intervals([[row[metric] for row in per_image]], seed)
            interval = f"{low[0]:.3f} to {high[0]:.3f}"
        yield f"| {metric_name(metric)} | {scores.scores[metric]:.3f} | {interval} |"
