"""What the demo's recipe costs and what it gives: core-seconds of training, and the scores of the captions.

    python benchmarks/recipe.py                                        # all six runs as configs/demo.yaml has them
    python benchmarks/recipe.py --run best --set best.training.epochs=9 --seed 2023 --label "nine epochs"

Each run trains in a process of its own on one thread, in an empty folder beside the data: what the runs share (decoded
photographs, features of a frozen encoder) is counted where it is computed first. Core-seconds are user and system time
of the process and its children, start and imports included; unlike the clock they do not count waiting for a core,
though on a busy machine the same work takes up to a third more of them. Scoring is not counted. A row has no peer: the
table in results/demo_recipe.md compares recipes.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import harness
import yaml

SCORES = ("CIDEr", "CLIPScore", "object_recall")
TARGET = 800  # core-seconds of the demo's six runs


def main() -> None:
    """Train, score, print the row."""
    parser = harness.arguments(__doc__.split("\n")[0])
    parser.add_argument("--run", action="append", help="a run; may be repeated; all when not given")
    parser.add_argument(
        "--set", action="append", default=[], metavar="RUN.KEY=VALUE", help="another setting; repeatable"
    )
    parser.add_argument("--seed", type=int, help="another seed than the profile's")
    parser.add_argument("--label", default="as configured", help="the row's name")
    parser.add_argument("--keep", type=Path, help="train in this folder, and leave everything there")
    options = parser.parse_args()
    small = options.smoke or options.quick
    base = "smoke" if small else "demo"
    with tempfile.TemporaryDirectory(prefix="hw3_recipe_") as temporary:
        root = options.keep or Path(temporary)
        names = prepare(root, base, options.set, options.seed)
        runs = measure(root, options.run or (["best"] if small else names))
    total = sum(run["core_seconds"] for run in runs.values())
    complete = not small and [*runs] == names
    rows = [
        harness.row(f"{options.label}: {run}", result["core_seconds"], None, "core-seconds", note=scores(result))
        for run, result in runs.items()
    ]
    rows.append(harness.row(f"{options.label}: together", total, None, "core-seconds", TARGET if complete else None))
    harness.finish("recipe", rows, label=options.label, set=options.set, seed=options.seed, runs=runs)


def prepare(root: Path, base: str, changes: list[str], seed: int | None) -> list[str]:
    """A folder with the data and the profile ``recipe``: ``base`` with the changes; the names of its runs."""
    from hw3lib import config, paths

    drawn = paths.root() / "data"
    os.environ["HW3_ROOT"] = str(root)
    shutil.copytree(harness.ROOT / "configs", root / "configs", dirs_exist_ok=True)
    for name, origin in {"demo_world": harness.ROOT / "demo_world", "data": drawn}.items():
        if not (root / name).exists() and origin.exists():
            (root / name).symlink_to(origin)
    hw3("demo", "build", "--profile", base)  # nothing where it is there
    profile: dict[str, Any] = {"extends": base, "runs": {}} | ({} if seed is None else {"seed": seed})
    for change in changes:
        key, value = change.split("=", 1)
        *parts, last = key.split(".")
        place = profile["runs"]
        for part in parts:
            place = place.setdefault(part, {})
        place[last] = yaml.safe_load(value)
    (root / "configs" / "recipe.yaml").write_text(yaml.safe_dump(profile, sort_keys=False), encoding="utf-8")
    return list(config.load("recipe").runs)


def measure(root: Path, runs: list[str]) -> dict[str, dict[str, float]]:
    """Train the runs one after another, then score their captions."""
    spent = {}
    for run in runs:
        before = core_seconds()
        hw3("train", run, "--profile", "recipe")
        spent[run] = round(core_seconds() - before, 1)
        print(f"{run}: {spent[run]} core-seconds", file=sys.stderr, flush=True)
    hw3("score", *(word for run in runs for word in ("--run", run)), "--profile", "recipe")
    results = {}
    for run in runs:
        file = root / "runs" / "recipe" / "p2" / run / "scores.json"
        found = json.loads(file.read_text(encoding="utf-8"))["scores"]
        results[run] = {"core_seconds": spent[run]} | {name: found[name] for name in SCORES if name in found}
    return results


def core_seconds() -> float:
    """User and system time of all processes that this one has waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def hw3(*arguments: str) -> None:
    """One command of the product on one thread; what it says goes to stderr."""
    path = os.pathsep.join([str(harness.ROOT), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": path}
    subprocess.run([sys.executable, "-m", "hw3lib", *arguments], env=environment, stdout=sys.stderr, check=True)


def scores(result: dict[str, float]) -> str:
    """A run's scores in a table's cell."""
    return ", ".join(f"{name} {result[name]:.3f}" for name in SCORES if name in result)


if __name__ == "__main__":
    main()
