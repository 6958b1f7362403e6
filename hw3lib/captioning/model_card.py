"""The card of a run that leaves its profile: its data, its scores with their intervals, its settings, its use."""

from __future__ import annotations

from collections.abc import Iterator

from hw3lib.captioning.ablations import HEADLINE, metric_name
from hw3lib.captioning.results import RunScores, read_scores
from hw3lib.captioning.settings import settings
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

_SAY = {"validation": "which also chose", "test": "which had no say in"}  # on the kept epoch


def model_card(experiment: Experiment, run: str) -> str:
    """Markdown with the hub's metadata. Raises :class:`~hw3lib.system.errors.UserError` for a run without scores."""
    profile, scores = experiment.profile, read_scores(experiment.run_folder(run))
    data = (
        "the drawn demo world: it knows drawings only" if profile.data == "demo" else "photographs of the profile's own"
    )
    origin, split = scores.provenance, profile.require_captions().reported
    lines = [
        _HEAD.format(title=profile.run(run).title),
        f"## Data\n\nTrained on {data} (profile `{profile.name}`, {len(experiment.training)} images).",
        f"\n## Scores\n\nOn {len(scores.per_image)} {split} images, {_SAY[split]} the epoch that was kept.\n",
        "| metric | score | 95 % interval over images |\n|---|---|---|",
        *_rows(scores, profile.seed),
        "\n## Training\n\n| setting | value |\n|---|---|",
        *(f"| {row.label} | {row.words} |" for row in settings(profile.run(run))),
        f"\nSeed {origin['seed']}, commit {origin['commit']}, configuration {origin['configuration']}.\n",
    ]
    return "\n".join(lines)


def _rows(scores: RunScores, seed: int) -> Iterator[str]:
    """The headline's scores; of those that are means over images, with the interval."""
    per_image = list(scores.per_image.values())
    for metric in HEADLINE:
        if metric not in scores.scores:
            continue
        interval = ""
        if len(per_image) > 1 and all(metric in row for row in per_image):
            low, high = mean_intervals([[row[metric] for row in per_image]], seed)
            interval = f"{low[0]:.3f} to {high[0]:.3f}"
        yield f"| {metric_name(metric)} | {scores.scores[metric]:.3f} | {interval} |"
