"""Write benchmarks/README.md from the last lines of full runs, which lie in benchmarks/results/<benchmark>.json.

python benchmarks/decode.py | tail -1 > benchmarks/results/decode.json
python benchmarks/write_readme.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ON_A_GPU, NO_GPU = "on a GPU", "not measured: no GPU here"
HERE = Path(__file__).resolve().parent
HEAD = """# Benchmarks

One script per claim about speed, against a peer that does the same job, where there is one; the two take turns, in one
process but for CTranslate2, and medians count. Each prints a table and, as its last line, one JSON document; `--quick`
takes a minute at most, but for `report.py` (two, of the smallest profile) and `recipe.py`.

```sh
.venv/bin/pip install -r benchmarks/requirements.txt     # the peers: no dependency of the product
.venv/bin/pip install --no-deps bertviz==1.4.1            # the attention viewer's
.venv/bin/python benchmarks/decode.py                     # captions: CTranslate2, transformers, a loop without a cache
.venv/bin/python benchmarks/train.py                      # a training step against a plain PyTorch loop
.venv/bin/python benchmarks/metrics.py                    # CIDEr, CLIPScore, rewards against pycocoevalcap, loops
.venv/bin/python benchmarks/viewer.py                     # the attention viewer against bertviz; scrubbing in Chromium
.venv/bin/python benchmarks/zero_shot.py                  # a study of prompts against open_clip's loop per template
.venv/bin/python benchmarks/report.py                     # what a whole report costs: minutes, core-seconds a step
.venv/bin/python benchmarks/gpu.py                        # all that needs a GPU, tests included: make gpu
.venv/bin/python benchmarks/recipe.py                     # what training the demo's runs costs, and the scores it gives
.venv/bin/python benchmarks/real_photographs.py           # no speed: what pretraining is worth on real photographs
```

The tables below are written by `benchmarks/write_readme.py` from the runs' last lines in `benchmarks/results/`. *Ratio*
says how many times better ours is. Rows that need a GPU stand in a table of their own, "on a GPU".
"""


def section(path: Path) -> str:
    """A benchmark's table in Markdown, with its machine, what it missed and what else it says."""
    found = json.loads(path.read_text(encoding="utf-8"))
    machine = found["machine"]
    device = machine.get("gpu") or f"{machine['cpu']}, {machine['threads']} threads"
    measured = ", ".join(filter(None, [found.get("measured"), found.get("commit", "commit not recorded")]))
    lines = [
        f"## {found['benchmark']}",
        "",
        f"On {device}; torch {machine['torch']}, Python {machine['python']}, {measured}.",
        "",
        "| | ours | peer | unit | ratio | target | met | note |",
        "|---|---:|---:|---|---:|---:|---|---|",
    ]
    for row in found["rows"]:
        if found["benchmark"] != ON_A_GPU and row["note"] == NO_GPU:
            continue  # older results have such rows, too
        met = {True: "yes", False: "**no**", None: ""}[row["met"]]
        ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}x"
        cells = [row["name"], number(row["ours"]), number(row["peer"]), row["unit"], ratio, number(row["target"], "")]
        lines.append("| " + " | ".join([*cells, met, row["note"]]) + " |")
    if all(row["ours"] is None for row in found["rows"]):
        lines += ["", "Nothing was measured.", ""]
    else:
        missed = ", ".join(found["missed"])
        lines += ["", f"Missed: {missed}." if missed else "No target was missed.", ""]
    return "\n".join(lines)


def number(value: Any, missing: str = "-") -> str:
    """Four digits that count."""
    return missing if value is None else f"{value:.4g}"


def readme() -> str:
    """The page: how to measure, what was measured, what was missed."""
    missed = (HERE / "missed.md").read_text(encoding="utf-8")
    return "\n".join([HEAD, *(section(path) for path in sorted((HERE / "results").glob("*.json"))), missed])


def main() -> None:
    (HERE / "README.md").write_text(readme(), encoding="utf-8")
    print(HERE / "README.md")


if __name__ == "__main__":
    main()
