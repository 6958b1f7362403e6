"""A training step against a straightforward PyTorch loop: images/s, captions/s, peak memory and, on a GPU, MFU.

The peer is what one writes first: the same timm backbone, ``nn.TransformerDecoder`` with exactly as many parameters
(they are counted), AdamW, gradients clipped by value, float32, one caption beside its image in each row, rows padded to
the longest. Both get the same images and captions, in memory: what is measured is the step, not its feed.

A  the same work: as many images as captions.
B  all five captions of an image beside it: the product encodes the image once, the peer once for each. Captions/s.

"float32" compares like with like; "as configured" is ``precision: auto``, bfloat16 where the hardware computes in it,
and carries the first target; "bfloat16" gives the peer autocast too, so that it says how much of that is bfloat16's;
and in "bfloat16, compiled" both have ``torch.compile`` besides, which carries the second target. It takes a C++
compiler, and minutes for each case: where there is none, and in a quick look, that row is not measured.

On a CPU the sizes are configs/demo.yaml's and the target is 1.3 times the peer's speed. On a GPU they are
configs/hw3.yaml's with 64 captions and more per step; the target there is twice the peer's speed, and 40 % of the GPU's
peak arithmetic in bfloat16 (its flops are those that ``FlopCounterMode`` counts, by the peak of the GPU's data sheet).
Where there is no GPU those rows are not measured. Peak memory on a CPU is of processes that do nothing else.
"""

from __future__ import annotations

import gc
import importlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import harness

RUNS = ("best", "swin_base", "swinv2", "vit")
TARGET_CPU, TARGET_GPU, TARGET_MFU = 1.3, 2.0, 0.40
TARGET_COMPILED = {1: 1.15, 5: 3.0}  # against a peer in bfloat16 and compiled, by the captions of an image
CAPTIONS = 5
STATUS = Path("/proc/self/status")
# Dense bfloat16 operations per second, by what the device's name holds; the first that fits counts.
PEAKS = {
    "H100 PCIe": 756e12, "H100 NVL": 835e12, "H100": 989e12, "H200": 989e12, "GB200": 2500e12, "B200": 2250e12,
    "A100": 312e12, "L40S": 362e12, "L40": 181e12, "L4": 121e12,
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One comparison: a run's sizes and what a step holds."""

    profile: str
    run: str
    images: int
    captions: int  # of each image

    @property
    def name(self) -> str:
        kind = "A" if self.captions == 1 else "B"
        size = ", full size" if self.profile == "hw3" else ""
        return f"{kind} {self.run}, {self.images} images" + (f" x {self.captions}" if kind == "B" else "") + size


Step = Callable[[], object]


def sized_run(case: Case, precision: str | None = None, compiled: bool = False) -> tuple[Any, int]:
    """The run, and how many tokens its vocabulary holds. Weights are random: they make no step faster or slower."""
    from hw3lib import config

    profile = config.load(harness.ROOT / "configs" / f"{case.profile}.yaml")
    run = profile.run(case.run)
    training = replace(run.training, precision=precision or run.training.precision, compile=compiled)
    run = replace(run, encoder=replace(run.encoder, weights="none"), training=training)
    return run, profile.captions.vocabulary_size


def material(case: Case, size: tuple[int, int], vocabulary: int) -> tuple[Any, Any]:
    """Images (I, 3, h, w) and captions (B, T), as long as people's (8 to 24 tokens, 14 on average), padded with 0."""
    import torch

    generator = torch.Generator().manual_seed(0)
    images = torch.randn(case.images, 3, *size, generator=generator)
    rows = case.images * case.captions
    lengths = (14 + 3 * torch.randn(rows, generator=generator)).round().long().clamp(8, 24)
    tokens = torch.randint(4, vocabulary, (rows, int(lengths.max())), generator=generator)
    tokens[:, 0] = 2
    return images, tokens.masked_fill(torch.arange(tokens.shape[1]) >= lengths[:, None], 0)


def product(case: Case, precision: str | None, device: str, compiled: bool = False) -> tuple[Step, int]:
    """A step as ``hw3 train`` takes it, and the number of the model's parameters."""
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState

    from hw3lib.data.epoch_order import Sample
    from hw3lib.models.captioner import Captioner
    from hw3lib.training.feed import Part
    from hw3lib.training.feed import Step as Fed
    from hw3lib.training.learner import Learner
    from hw3lib.training.optimization import reproducible

    run, vocabulary = sized_run(case, precision, compiled)
    model = Captioner(run, vocabulary).to(device)
    # One process measures on the CPU and then on the GPU; accelerate would move the model back to the first.
    AcceleratorState._reset_state(reset_partial_state=True)
    learner = Learner(model, run, Accelerator(cpu=device == "cpu"), SimpleNamespace(pad=0))
    learner.prepare()
    assert model.device.type == device
    images, tokens = (tensor.to(device) for tensor in material(case, model.transform(train=False).size, vocabulary))
    samples = [Sample(image, tuple(range(case.captions))) for image in range(case.images)]
    fed = Fed([Part(samples, images, tokens)], int((tokens[:, 1:] != 0).sum()), case.images)

    def step() -> object:
        with reproducible(model.device):
            return learner.teacher_forcing_step(fed, 1e-5)

    return step, _count(model)


def straightforward(case: Case, device: str, precision: str = "float32", compiled: bool = False) -> tuple[Step, int]:
    """A step of the peer, which sees each image once per caption, and the number of its model's parameters."""
    import torch
    from torch import nn
    from torch.nn import functional as F

    from hw3lib.models.encoder import create_encoder, input_size, patches_of

    run, vocabulary = sized_run(case)
    own = run.decoder

    class Peer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = create_encoder(run.encoder, pretrained=False)
            features = self.encoder.num_features
            width = own.width or features
            same = width == features
            self.project = nn.Identity() if same else nn.Sequential(nn.LayerNorm(features), nn.Linear(features, width))
            self.embed, self.position = nn.Embedding(vocabulary, width), nn.Embedding(own.max_length, width)
            self.drop = nn.Dropout(own.dropout)
            layer = nn.TransformerDecoderLayer(
                width, own.heads, own.feed_forward, own.dropout, "gelu", batch_first=True, norm_first=True
            )
            self.decoder = nn.TransformerDecoder(layer, own.layers, nn.LayerNorm(width))
            for layer in self.decoder.layers:
                layer.self_attn.dropout = layer.multihead_attn.dropout = own.attention_dropout
                layer.dropout = nn.Identity()  # within the feed-forward, which the product does not have
            self.head = nn.Linear(width, vocabulary, bias=False)

        def forward(self, images: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
            patches, _ = patches_of(self.encoder, self.encoder.forward_features(images), tuple(images.shape[2:]))
            x = self.drop(self.embed(tokens) + self.position.weight[: tokens.shape[1]])
            ahead = nn.Transformer.generate_square_subsequent_mask(tokens.shape[1], device=tokens.device)
            # No mask for padding: it comes last, so that nothing sees it, and the loss leaves it out.
            return self.head(self.decoder(x, self.project(patches), tgt_mask=ahead, tgt_is_causal=True))

    model = Peer().to(device).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, weight_decay=0.01)
    images, tokens = (
        tensor.to(device) for tensor in material(case, input_size(model.encoder, run.encoder), vocabulary)
    )
    images = images.repeat_interleave(case.captions, 0)

    if compiled:
        model.compile()

    def step() -> object:
        optimizer.zero_grad()
        with torch.autocast(device, torch.bfloat16, enabled=precision == "bfloat16"):
            logits = model(images, tokens[:, :-1])
            loss = F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten(), ignore_index=0)
        loss.backward()
        nn.utils.clip_grad_value_(model.parameters(), run.training.clip_value)
        optimizer.step()
        return loss.detach()

    return step, _count(model)


def _count(model: Any) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def sides(case: Case, device: str, compiled: bool) -> dict[str, Step]:
    """The steps to compare, from models of the same size."""
    made = {
        "float32": product(case, "float32", device),
        "as configured": product(case, None, device),
        "peer": straightforward(case, device),
        "peer, bfloat16": straightforward(case, device, "bfloat16"),
    }
    if compiled:
        made |= {
            "compiled": product(case, "bfloat16", device, compiled=True),
            "peer, compiled": straightforward(case, device, "bfloat16", compiled=True),
        }
    if len({count for _, count in made.values()}) > 1:
        raise AssertionError(f"{case.name}: the models differ in size: {[count for _, count in made.values()]}")
    return {name: step for name, (step, _) in made.items()}


def speed(
    case: Case, device: str, rounds: int, target: float | None, compiled: bool = False
) -> tuple[list[harness.Row], dict[str, float]]:
    """The rows of a case, and the seconds of a step of each side."""
    taken = harness.alternate(sides(case, device, compiled), rounds, sync=_sync(device))
    units, what = (case.images, "images/s") if case.captions == 1 else (case.images * case.captions, "captions/s")
    gain = taken["peer"] / taken["peer, bfloat16"]
    first = target if case.captions == 1 else None
    second = TARGET_COMPILED[case.captions] if device == "cpu" else None
    pairs = [
        ("float32", "float32", "peer", None, "both in float32"),
        ("as configured", "as configured", "peer", first, f"ours in {_auto(device)}, the peer in float32"),
        ("bfloat16", "as configured", "peer, bfloat16", None, f"the peer, too: bfloat16 alone makes it {gain:.2f}x"),
        ("bfloat16, compiled", "compiled", "peer, compiled", second, "both in bfloat16 and compiled"),
    ]
    rows = [
        harness.row(
            f"{case.name}: {kind}",
            units / taken[ours],
            units / taken[peer],
            what,
            aim,
            higher_is_better=True,
            note=note,
        )
        for kind, ours, peer, aim, note in pairs
        if ours in taken
    ]
    if not compiled:
        why = "not measured: takes a C++ compiler, and minutes"
        rows.append(harness.not_measured(f"{case.name}: bfloat16, compiled", what, second, why))
    return rows, taken


def _auto(device: str) -> str:
    """What ``precision: auto`` is on this machine."""
    import torch

    from hw3lib.training.optimization import autocast

    with autocast(torch.device(device), "auto"):
        return "bfloat16" if torch.is_autocast_enabled(device) else "float32"


def _sync(device: str) -> Callable[[], object] | None:
    import torch

    return torch.cuda.synchronize if device == "cuda" else None


def memory(case: Case, device: str, threads: int | None) -> harness.Row:
    """Peak memory of a few steps of each side: on a CPU in a process of its own, above what its imports need."""
    if device == "cuda":
        ours, peer = (_peak_on_gpu(_step_of(side, case, device)) for side in ("ours", "peer"))
        note = "of the GPU's tensors"
    elif not STATUS.exists():
        return harness.not_measured(f"{case.name}: peak memory", "MB", note="not measured: needs Linux")
    else:
        ours, peer = (_peak_of_child(side, case, threads) for side in ("ours", "peer"))
        note = "of the process, above its imports"
    return harness.row(f"{case.name}: peak memory", ours, peer, "MB", note=note)


def _step_of(side: str, case: Case, device: str) -> Callable[[], Step]:
    return lambda: product(case, None, device)[0] if side == "ours" else straightforward(case, device)[0]


def _peak_on_gpu(make: Callable[[], Step]) -> float:
    import torch

    gc.collect()
    torch.cuda.empty_cache()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    step = make()
    for _ in range(2):
        step()
    torch.cuda.synchronize()
    return (torch.cuda.max_memory_allocated() - before) / 1e6


def _peak_of_child(side: str, case: Case, threads: int | None) -> float:
    command = [sys.executable, __file__, "--child", json.dumps([side, *vars(case).values()])]
    command += ["--threads", str(threads)] if threads else []
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout.strip().splitlines()[-1])


def child(side: str, *case: Any) -> None:
    """What the process of one side does: three steps, and say its peak in MB above where it began."""
    for module in ("accelerate", "timm", "hw3lib.training.trainer"):  # what either side imports
        importlib.import_module(module)
    before = _resident("VmRSS")
    step = _step_of(side, Case(*case), "cpu")()
    for _ in range(3):
        step()
    print((_resident("VmHWM") - before) / 1e6)


def _resident(entry: str) -> float:
    """This process's memory in bytes, now (VmRSS) or at its highest (VmHWM).

    getrusage() says no such thing of a child: it begins with its parent's peak.
    """
    lines = STATUS.read_text(encoding="ascii").splitlines()
    return next(float(line.split()[1]) * 1024 for line in lines if line.startswith(entry))


def utilisation(case: Case, seconds: float) -> harness.Row:
    """Which share of the GPU's peak arithmetic a step of ours is (MFU, Chowdhery et al. 2022)."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    device = torch.cuda.get_device_name(0)
    peak = next((peak for known, peak in PEAKS.items() if known in device), None)
    name = f"{case.name}: share of peak, bfloat16"
    target = TARGET_MFU if _aimed_at(case) else None
    if peak is None:
        return harness.not_measured(name, "share", target, f"the peak of {device} is not known here")
    step, _ = product(case, "bfloat16", "cuda")
    with FlopCounterMode(display=False) as counter:
        step()
    flops = counter.get_total_flops()
    note = f"{flops / 1e12:.2f} Tflop in {seconds * 1e3:.0f} ms, peak {peak / 1e12:.0f} Tflop/s ({device})"
    return harness.row(name, flops / seconds / peak, None, "share", target, higher_is_better=True, note=note)


def on_cpu(options: Any) -> Iterator[harness.Row]:
    """The demo's encoders at the demo's sizes; quickly, two of them at an eighth of the images."""
    full = not options.quick and not options.smoke
    share, rounds = (1, options.rounds or 5) if full else (8, options.rounds or 3)
    runs = options.run or (RUNS if full else RUNS[-1:] if options.smoke else RUNS[::3])
    for run in runs:
        cases = Case("demo", run, 32 // share, 1), Case("demo", run, 16 // share, CAPTIONS)
        for case in cases:
            # A quick look is at other sizes than those that the target is for.
            target, compiled = (TARGET_CPU, bool(shutil.which("g++"))) if full else (None, False)
            yield from speed(case, "cpu", rounds, target, compiled)[0]
        if full or options.smoke:
            yield from (memory(case, "cpu", options.threads) for case in cases[: len(cases) if full else 1])


def on_gpu(options: Any) -> Iterator[harness.Row]:
    """Full size, of which the first is Swin-L. In B the peer encodes 80 images at once."""
    cases = [Case("hw3", "best", 64, 1)]
    if not options.quick and not options.smoke:
        cases += [Case("hw3", "best", 128, 1), Case("hw3", "best", 16, CAPTIONS)]
        cases += [case for run in RUNS[1:] for case in (Case("hw3", run, 64, 1), Case("hw3", run, 16, CAPTIONS))]
    import torch

    if not torch.cuda.is_available():
        for case in cases:
            unit = "images/s" if case.captions == 1 else "captions/s"
            target = TARGET_GPU if _aimed_at(case) else None
            yield harness.not_measured(f"{case.name}: as configured", unit, target)
        yield harness.not_measured(f"{cases[0].name}: share of peak, bfloat16", "share", TARGET_MFU)
        return
    for case in cases:
        with _room(case.name) as rows:
            found, taken = speed(case, "cuda", options.rounds or 10, TARGET_GPU if _aimed_at(case) else None)
            rows += [*found, memory(case, "cuda", None), utilisation(case, taken["as configured"])]
        yield from rows


def _aimed_at(case: Case) -> bool:
    """Whether the targets for a GPU are for this case: Swin-L, the same work on both sides."""
    return case.run == "best" and case.captions == 1


@contextmanager
def _room(name: str) -> Iterator[list[harness.Row]]:
    """The rows of a case, which may not fit a smaller GPU: three models, and in B the peer's 80 images."""
    import torch

    rows: list[harness.Row] = []
    try:
        yield rows
    except torch.cuda.OutOfMemoryError:
        rows.append(harness.not_measured(name, "images/s", note="does not fit this GPU with the peer beside it"))
    torch.cuda.empty_cache()


def main() -> None:
    parser = harness.arguments(__doc__.splitlines()[0])
    parser.add_argument("--run", action="append", choices=RUNS, help="on a processor this run only; may be repeated")
    parser.add_argument("--child", help="measure the memory of one side only (JSON; used by this script itself)")
    options = parser.parse_args()
    import torch

    if options.threads:
        torch.set_num_threads(options.threads)
    if options.child:
        child(*json.loads(options.child))
        return
    harness.finish("training step", list(on_cpu(options)), vocabulary="each profile's")


if __name__ == "__main__":
    main()
