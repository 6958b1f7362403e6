"""All that needs a GPU: the tests of tests/gpu, then the rows of decode.py and train.py that a processor has not.

``make gpu`` runs it, in about 15 minutes on an H100 (``--quick``: the tests and one case of training). It needs torch,
torchvision, timm, accelerate, transformers, tokenizers, safetensors, pydantic, pytest and hypothesis, and no Java. It
ends with exit code 1 where a test fails; what was measured is in the last line all the same.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import harness

# What the tests measure: by the test's number and the end of the key, the row's name, its unit, its target, and
# whether more is better.
MEASURES = (
    ("test_02_", "_gap", "log-probabilities, against a processor", "nats", 1e-4, False),
    ("test_03_", "gradient_gap", "gradients, against a processor", "", 1e-3, False),
    ("test_05_", "_different", "tensors that differ from run to run", "", 0, False),
    ("test_09_", "_gb", "peak memory", "GB", None, False),
    ("test_1", "_images_per_s", "full-size training", "images/s", None, True),
    ("test_1", "_data_wait", "waiting for data", "share", 0.05, False),
    ("test_11_", "_ms", "decoding", "ms", None, False),
    ("test_11_", "_pays_from_images", "compiling pays from", "images", None, False),
    ("test_11_", "same_captions", "in TF32", "share", 0.9, True),
)  # fmt: skip


def tests() -> dict[str, Any]:
    """Run the tests, in their order; what they measured, and which passed, failed or were skipped."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results.json"
        command = [sys.executable, "-m", "pytest", "-m", "gpu", "tests/gpu", "-s", "-q", "-p", "no:cacheprovider"]
        subprocess.run(command, cwd=harness.ROOT, env=os.environ | {"HW3_GPU_RESULTS": str(results)}, check=False)
        if not results.is_file():  # pytest itself has died
            return {"measured": {}, "passed": [], "failed": ["all"], "error": []}
        return dict(json.loads(results.read_text(encoding="utf-8")))


def rows(found: dict[str, Any]) -> Iterator[harness.Row]:
    """Of what the tests measured."""
    count = len(found["passed"]) + len(found["failed"]) + len(found["error"])
    yield harness.row("tests that pass", len(found["passed"]), None, "", count, higher_is_better=True)
    for test, ending, words, unit, target, higher in MEASURES:
        numbered = {name: values for name, values in found["measured"].items() if name.startswith(test)}
        for key, value in (item for values in numbered.values() for item in values.items()):
            if key.endswith(ending) and value is not None:
                of = key.removesuffix(ending).replace("_", " ").strip()
                name = f"{words}: {of}" if of else words
                yield harness.row(name, value, None, unit, target, higher_is_better=higher)


def main() -> None:
    parser = harness.arguments(__doc__.splitlines()[0])
    parser.add_argument("--only", choices=["tests", "peers"], help="where there are ten minutes at a time")
    options = parser.parse_args()
    import torch

    if not torch.cuda.is_available():
        absent = [harness.not_measured(words, unit, target) for _, _, words, unit, target, _ in MEASURES]
        absent += peers(options)
        harness.finish("on a GPU", absent)
        return
    found = tests() if options.only != "peers" else {"measured": {}, "passed": [], "failed": [], "error": []}
    measured = [*rows(found)] if options.only != "peers" else []
    measured += peers(options) if options.only != "tests" else []
    harness.finish("on a GPU", measured, measured_by_tests=found["measured"], failed=found["failed"] + found["error"])
    sys.exit(1 if found["failed"] or found["error"] else 0)


def peers(options: Any) -> list[harness.Row]:
    """The rows of the benchmarks that have a peer on a GPU. A benchmark that fails is said, and costs only its own."""
    found: list[harness.Row] = []
    for name, measure in (("a training step", _training), ("decoding", _decoding)):
        if name == "decoding" and (options.quick or options.smoke):
            continue
        try:
            found += measure(options)
        except (Exception, SystemExit) as error:  # no peer, no memory, other captions: in words
            found.append(harness.not_measured(name, "", None, f"not measured: {error}"))
    return found


def _training(options: Any) -> list[harness.Row]:
    import train

    return list(train.on_gpu(SimpleNamespace(**vars(options) | {"quick": True})))


def _decoding(options: Any) -> list[harness.Row]:
    import decode

    return decode.gpu(options.rounds or 3)[0]


if __name__ == "__main__":
    main()
