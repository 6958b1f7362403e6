"""The model card of the demo's weights: a row of measurements beside each file, told as one table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from demo_world.pretrain.fresh import HELD_OUT, PICTURES
from demo_world.pretrain.recipes import SEED
from hw3lib.system.files import read_json

# What stands in a column of its own; all else in a row is a measurement.
COLUMNS = {"file", "parameters", "pictures seen", "minutes", "made with"}
COLUMNS |= {"timm", "open_clip", "arguments", "size", "mean", "std"}
NOTES = """The backbones were trained on labels: which kinds a picture shows (timm's own classifier, binary
cross-entropy), which kinds and colours stand at each position of the feature map, and which place it is. Recall and
precision are those of the kinds a picture shows, at a logit of zero. CLIP saw pairs of picture and text only, in the
styles of alt texts, titles and captions; the figures are zero-shot accuracies on pictures of one main object out of 34
kinds, by prompt, and retrieval of a picture's own caption among 100. Minutes are of CPU cores shared with other work.
The weights know the demo world and nothing else: do not use them on photographs.
"""


def card(weights: Path) -> str:
    """The model card, in Markdown, of the rows in ``weights/card``."""
    rows = [read_json(path) for path in sorted((weights / "card").glob("*.json"))]
    lines = [
        "# Weights of the demo world",
        "",
        f"Trained on pictures drawn for the purpose (seed {SEED}), which are in no split of the demo, and measured on",
        f"{HELD_OUT:,} others. `hw3 demo pretrain` draws {PICTURES:,}, trains and measures again. In half precision.",
        "",
        "| file | architecture | parameters | drawn | pictures seen | minutes | quality on held-out pictures |",
        "|---|---|---|---|---|---|---|",
        *map(_line, rows),
    ]
    return "\n".join([*lines, "", NOTES])


def _line(row: dict[str, Any]) -> str:
    quality = "; ".join(f"{name} {value}" for name, value in row.items() if name not in COLUMNS)
    if "timm" in row:
        model = f"timm `{row['timm']}` with `{json.dumps(row['arguments'])}`, mean {row['mean']}, std {row['std']}"
    else:
        model = f"open_clip `{json.dumps(row['open_clip'])}`"
    drawn = row["made with"]["pictures drawn"]  # in words where it was not the same in all cycles
    cells = [
        f"`{row['file']}`", model, f"{row['parameters']:,}", f"{drawn:,}" if isinstance(drawn, int) else drawn,
        f"{row['pictures seen']:,}", row["minutes"], quality,
    ]  # fmt: skip
    return "| " + " | ".join(map(str, cells)) + " |"
