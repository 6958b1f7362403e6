"""Pretrain the demo's weights: four timm backbones on labels, and an open_clip model on texts.

The backbones learn what their big sisters learn from ImageNet: which object a picture shows. A linear head on every
position says which kinds and which colours stand there, timm's own classifier says which kinds the picture shows, and a
pooled head names the place; the auxiliary heads are dropped. CLIP learns from pairs of picture and text alone
(Radford et al. 2021, the symmetric InfoNCE loss). Weights are stored in half precision.

Dimensions: B images, P positions (Gh x Gw), C kinds or colours, D width.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from demo_world.pretrain import fresh
from hw3lib import paths
from hw3lib.system import provenance
from hw3lib.system.errors import UserError
from hw3lib.system.files import atomic, read_json, write_json, write_text

SEED = 20_221_123
PICTURES, HELD_OUT = 40_000, 1_500
HELD_OUT_START = 10_000_000  # their numbers start here, far from those that are trained on


@dataclass(frozen=True)
class Backbone:
    """A timm model, how it is built, and how long it is pretrained (pictures seen)."""

    name: str
    size: int
    arguments: dict[str, Any]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    # Pictures seen and highest rate of each cycle: warm restarts (Loshchilov and Hutter 2017), from the weights before.
    cycles: tuple[tuple[int, float], ...]
    batch: int = 64

    @property
    def pictures(self) -> int:
        """How many pictures it sees, over all cycles."""
        return sum(pictures for pictures, _ in self.cycles)


IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
BACKBONES = {
    "swin_large": Backbone(
        "swin_tiny_patch4_window7_224", 112,
        {"img_size": 112, "embed_dim": 48, "depths": [2, 2, 4], "num_heads": [3, 6, 12]},
        *IMAGENET, ((128_000, 1.5e-3), (128_000, 1.5e-3), (64_000, 1.5e-3), (128_000, 1.2e-3)),
    ),
    "swin_base": Backbone(
        "swin_tiny_patch4_window7_224", 112,
        {"img_size": 112, "embed_dim": 32, "depths": [2, 2, 2], "num_heads": [2, 4, 8]}, *HALF,
        ((80_000, 1.5e-3), (80_000, 1.5e-3)),
    ),
    "swinv2": Backbone(
        "swinv2_tiny_window8_256", 96,
        {"img_size": 96, "window_size": 6, "embed_dim": 32, "depths": [2, 2, 2], "num_heads": [2, 4, 8]},
        *IMAGENET, ((80_000, 1.5e-3), (80_000, 1.2e-3)),
    ),
    "vit": Backbone(
        "vit_base_patch8_224", 96, {"img_size": 96, "embed_dim": 128, "depth": 4, "num_heads": 4}, *HALF,
        ((80_000, 1.5e-3),),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Clip:
    """The demo CLIP: open_clip's own ModifiedResNet and text transformer, small."""

    config: dict[str, Any] = field(
        default_factory=lambda: {
            "embed_dim": 128,
            "vision_cfg": {"image_size": 96, "layers": [1, 1, 1, 1], "width": 20, "head_width": 64, "patch_size": None},
            "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 48, "heads": 3, "layers": 4},
        }
    )
    pictures: int = 256_000
    rate: float = 2e-3
    batch: int = 256


class Shard:
    """Fresh pictures on disk, read as random augmented batches."""

    def __init__(self, folder: Path) -> None:
        self.images = np.load(folder / "images.npy", mmap_mode="r")
        self.kinds, self.coats = np.load(folder / "kinds.npy"), np.load(folder / "coats.npy")
        self.places = np.load(folder / "places.npy").astype(np.int64)
        self.texts: list[list[str]] = json.loads((folder / "texts.json").read_text())

    def __len__(self) -> int:
        return len(self.images)

    def order(self, batch: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """Endless shuffled batches of indices."""
        while True:
            shuffled = rng.permutation(len(self))
            for start in range(0, len(self) - batch + 1, batch):
                yield np.sort(shuffled[start : start + batch])

    def batch(
        self, rows: np.ndarray, size: int, rng: np.random.Generator, flip: bool, low: int = 34
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """A batch: images (B, 3, size, size) in 0..1, kind map and coat map (B, s, s) long, places (B,).

        A square of ``s`` label cells (``low`` to 48 of 48) is cut at a random offset, mirrored half the time where
        ``flip`` allows it, and brightness, contrast and saturation vary.
        """
        side = int(rng.integers(low, fresh.GRID + 1))
        scale = fresh.SQUARE // fresh.GRID
        pictures = np.empty((len(rows), side * scale, side * scale, 3), np.uint8)
        kinds, coats = np.empty((len(rows), side, side), np.int64), np.empty((len(rows), side, side), np.int64)
        for i, row in enumerate(rows):
            y, x = rng.integers(0, fresh.GRID - side + 1, 2)
            step = -1 if flip and rng.random() < 0.5 else 1
            pictures[i] = self.images[row, y * scale : (y + side) * scale, x * scale : (x + side) * scale][:, ::step]
            kinds[i] = self.kinds[row, y : y + side, x : x + side][:, ::step]
            coats[i] = self.coats[row, y : y + side, x : x + side][:, ::step]
        images = torch.from_numpy(pictures).permute(0, 3, 1, 2).float().div_(255)  # (B, 3, s, s)
        images = F.interpolate(images, (size, size), mode="bilinear", antialias=True, align_corners=False)
        if low < fresh.GRID:
            gain = torch.from_numpy(rng.uniform(0.75, 1.25, (3, len(rows), 1, 1, 1))).float()
            grey = images.mean(1, keepdim=True)
            images = grey + (images - grey) * gain[0]
            images = ((images - 0.5) * gain[1] + 0.5) * gain[2]
            images = images.clamp(0, 1)
        return images, torch.from_numpy(kinds), torch.from_numpy(coats), torch.from_numpy(self.places[rows])


def coverage(labels: Tensor, classes: int, grid: tuple[int, int]) -> Tensor:
    """Which share of each position every class covers: labels (B, s, s), 0 for none, to (B, Gh, Gw, C) in 0..1."""
    planes = F.one_hot(labels, classes + 1)[..., 1:].permute(0, 3, 1, 2).float()  # (B, C, s, s)
    return F.adaptive_avg_pool2d(planes, grid).permute(0, 2, 3, 1)


def schedule(step: int, steps: int) -> float:
    """Warm-up over 4 % of the steps, then a cosine to zero."""
    warm = max(1, steps // 25)
    return min(1.0, (step + 1) / warm) * 0.5 * (1 + math.cos(math.pi * max(0, step - warm) / max(1, steps - warm)))


def positions(model: Any, features: Tensor) -> Tensor:
    """timm's features as a grid, ``(B, Gh, Gw, D)``."""
    if features.ndim == 4:
        return features
    tokens = features[:, model.num_prefix_tokens :]  # (B, P, D)
    side = math.isqrt(tokens.shape[1])
    return tokens.unflatten(1, (side, side))


def pretrain_backbone(key: str, train: Shard, held_out: Shard, out: Path, threads: int = 2) -> dict[str, Any]:
    """Train one backbone on labels and write ``<out>/<key>.safetensors``; returns its row of the model card."""
    started, spec = time.time(), BACKBONES[key]
    for cycle in range(len(spec.cycles)):
        model = _cycle(key, cycle, train, held_out, out, threads)
    return {
        "file": f"{key}.safetensors", "timm": spec.name, "arguments": spec.arguments, "size": spec.size,
        "mean": spec.mean, "std": spec.std, "parameters": sum(p.numel() for p in model.parameters()),
        "pictures seen": spec.pictures,
        "minutes": round((time.time() - started) / 60, 1), **backbone_quality(model, spec, held_out),
    }  # fmt: skip


def _cycle(key: str, cycle: int, train: Shard, held_out: Shard, out: Path, threads: int) -> Any:
    """One cycle of a backbone's training; the first starts from nothing, the others from the file of the one before."""
    import timm
    from safetensors.torch import load_file

    spec = BACKBONES[key]
    torch.manual_seed(SEED + cycle)
    torch.set_num_threads(threads)
    rng = np.random.default_rng(SEED + cycle)
    kinds, coats = len(fresh.KIND_NAMES), len(fresh.COAT_NAMES)
    model = timm.create_model(spec.name, num_classes=kinds, drop_path_rate=0.0, **spec.arguments)
    if cycle:
        model.load_state_dict(load_file(out / f"{key}.safetensors"))
    width = model.num_features
    dense, place = nn.Linear(width, kinds + coats), nn.Linear(width, len(fresh.PLACE_NAMES))
    nn.init.constant_(dense.bias, -3.0)  # most positions show nothing
    parameters = [*model.parameters(), *dense.parameters(), *place.parameters()]
    pictures, top = spec.cycles[cycle]
    optimizer = torch.optim.AdamW(parameters, top, weight_decay=0.03, betas=(0.9, 0.98))
    mean, std = (torch.tensor(value).view(1, 3, 1, 1) for value in (spec.mean, spec.std))
    steps, started, running = pictures // spec.batch, time.time(), 0.0
    for step, rows in zip(range(steps), train.order(spec.batch, rng), strict=False):
        images, kind_map, coat_map, places = train.batch(rows, spec.size, rng, flip=True)
        for group in optimizer.param_groups:
            group["lr"] = top * schedule(step, steps)
        with torch.autocast("cpu", torch.bfloat16):
            features = model.forward_features((images - mean) / std)
            logits = model.forward_head(features)  # (B, C)
            grid = positions(model, features)  # (B, Gh, Gw, D)
            local, where = dense(grid), place(grid.mean((1, 2)))
        shape = (grid.shape[1], grid.shape[2])
        share = torch.cat([coverage(kind_map, kinds, shape), coverage(coat_map, coats, shape)], -1)
        present = F.one_hot(kind_map.flatten(1), kinds + 1).sum(1)[:, 1:] >= 12  # seen on 12 of about 1,700 cells
        loss = F.binary_cross_entropy_with_logits(local.float(), (share * 3).clamp(max=1)) * 20
        loss = loss + F.binary_cross_entropy_with_logits(logits.float(), present.float()) * 5
        loss = loss + 0.2 * F.cross_entropy(where.float(), places)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        running = loss.item() if step == 0 else 0.98 * running + 0.02 * loss.item()
        if step % 100 == 99:
            rate = (step + 1) * spec.batch / (time.time() - started)
            print(f"{key}: step {step + 1} of {steps}, loss {running:.3f}, {rate:.0f} images/s", flush=True)
        if step % 600 == 599 or step + 1 == steps:
            print(f"{key}: held out {backbone_quality(model, spec, held_out)}", flush=True)
            save(model, out / f"{key}.safetensors")
    return model


@torch.inference_mode()
def backbone_quality(model: Any, spec: Backbone, held_out: Shard) -> dict[str, float]:
    """Recall and precision of the kinds that held-out pictures show (logit above zero), and mean average precision."""
    model.eval()
    rng = np.random.default_rng(0)
    mean, std = (torch.tensor(value).view(1, 3, 1, 1) for value in (spec.mean, spec.std))
    logits, truth = [], []
    for rows in np.array_split(np.arange(len(held_out)), max(1, len(held_out) // 100)):
        images, kind_map, _, _ = held_out.batch(rows, spec.size, rng, flip=False, low=fresh.GRID)
        with torch.autocast("cpu", torch.bfloat16):
            logits.append(model((images - mean) / std).float())
        truth.append(F.one_hot(kind_map.flatten(1), len(fresh.KIND_NAMES) + 1).sum(1)[:, 1:] >= 24)
    model.train()
    scores, present = torch.cat(logits), torch.cat(truth)
    said = scores > 0
    hits = (said & present).sum().item()
    order = scores.argsort(0, descending=True)
    ranked = present.gather(0, order).float()
    precision = ranked.cumsum(0) / torch.arange(1, len(ranked) + 1).unsqueeze(1)
    average = (precision * ranked).sum(0) / ranked.sum(0).clamp(min=1)
    return {
        "recall": round(hits / max(1, present.sum().item()), 4),
        "precision": round(hits / max(1, said.sum().item()), 4),
        "mAP": round(average.mean().item(), 4),
    }


def pretrain_clip(train: Shard, held_out: Shard, out: Path, threads: int = 2) -> dict[str, Any]:
    """Train the demo CLIP on texts; write ``clip.json`` and ``clip.safetensors``; returns its row of the model card."""
    import open_clip

    spec = Clip()
    torch.manual_seed(SEED)
    torch.set_num_threads(threads)
    rng = np.random.default_rng(SEED + 1)
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / "clip.json", spec.config)
    open_clip.add_model_config(out / "clip.json")
    model = open_clip.create_model("clip")
    tokenizer = open_clip.get_tokenizer("clip")
    mean, std = (
        torch.tensor(value).view(1, 3, 1, 1) for value in (open_clip.OPENAI_DATASET_MEAN, open_clip.OPENAI_DATASET_STD)
    )
    ids = [tokenizer(texts) for texts in train.texts]  # n of (10, 77)
    length = max(int((row != 0).sum(1).max()) for row in ids)
    tokens = torch.stack([row[:, :length] for row in ids])  # (n, 10, T), T the longest text
    print(f"clip: {tokens.shape[0]:,} pictures with {tokens.shape[1]} texts of at most {length} tokens", flush=True)
    size = spec.config["vision_cfg"]["image_size"]
    decay = [p for p in model.parameters() if p.ndim >= 2]
    rest = [p for p in model.parameters() if p.ndim < 2]
    optimizer = torch.optim.AdamW(
        [{"params": decay, "weight_decay": 0.05}, {"params": rest, "weight_decay": 0.0}], spec.rate, betas=(0.9, 0.98)
    )
    model.train()
    steps, started, running = spec.pictures // spec.batch, time.time(), 0.0
    for step, rows in zip(range(steps), train.order(spec.batch, rng), strict=False):
        # No mirroring: texts say left and right.
        images, _, _, _ = train.batch(rows, size, rng, flip=False, low=40)
        chosen = tokens[torch.from_numpy(rows), torch.from_numpy(rng.integers(0, tokens.shape[1], len(rows)))]
        for group in optimizer.param_groups:
            group["lr"] = spec.rate * schedule(step, steps)
        with torch.autocast("cpu", torch.bfloat16):
            seen = model.encode_image((images - mean) / std, normalize=True)
            said = encode_short_text(model, chosen)
        scale = model.logit_scale.exp().clamp(max=100)
        similarity = scale * seen.float() @ F.normalize(said.float(), dim=-1).T  # (B, B)
        # Pictures that drew the very same text are all right answers for it.
        same = (chosen.unsqueeze(0) == chosen.unsqueeze(1)).all(-1).float()
        target = same / same.sum(1, keepdim=True)
        loss = (F.cross_entropy(similarity, target) + F.cross_entropy(similarity.T, target)) / 2
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        running = loss.item() if step == 0 else 0.98 * running + 0.02 * loss.item()
        if step % 50 == 49:
            rate = (step + 1) * spec.batch / (time.time() - started)
            print(f"clip: step {step + 1} of {steps}, loss {running:.3f}, {rate:.0f} images/s", flush=True)
        if step % 250 == 249 or step + 1 == steps:
            print(f"clip: held out {clip_quality(model, tokenizer, held_out, size)}", flush=True)
            save(model, out / "clip.safetensors")
    return {
        "file": "clip.safetensors", "open_clip": spec.config, "parameters": sum(p.numel() for p in model.parameters()),
        "pictures seen": steps * spec.batch, "minutes": round((time.time() - started) / 60, 1),
        **clip_quality(model, tokenizer, held_out, size),
    }  # fmt: skip


def encode_short_text(model: Any, tokens: Tensor) -> Tensor:
    """CLIP's features of tokens cut to (B, T), T <= 77: causal and pooled at the end token, so padding is no matter."""
    hidden = model.token_embedding(tokens)
    hidden = hidden + model.positional_embedding[: tokens.shape[1]].to(hidden.dtype)
    mask = model.attn_mask[: tokens.shape[1], : tokens.shape[1]].to(hidden.dtype)
    hidden = model.ln_final(model.transformer(hidden, attn_mask=mask))  # (B, T, D)
    pooled = hidden[torch.arange(len(tokens)), tokens.argmax(-1)]
    return pooled @ model.text_projection


@torch.inference_mode()
def clip_quality(model: Any, tokenizer: Any, held_out: Shard, size: int) -> dict[str, float]:
    """Zero-shot accuracy on held-out portraits by prompt, and image-to-text retrieval at 1 among 100."""
    import open_clip

    model.eval()
    rng = np.random.default_rng(0)
    mean, std = (
        torch.tensor(value).view(1, 3, 1, 1) for value in (open_clip.OPENAI_DATASET_MEAN, open_clip.OPENAI_DATASET_STD)
    )
    features = []
    for rows in np.array_split(np.arange(len(held_out)), max(1, len(held_out) // 100)):
        images, _, _, _ = held_out.batch(rows, size, rng, flip=False, low=fresh.GRID)
        features.append(model.encode_image((images - mean) / std, normalize=True))
    seen = torch.cat(features)
    # fresh.one draws every third picture as a portrait of kind index % C.
    index = torch.arange(HELD_OUT_START, HELD_OUT_START + len(held_out))
    portraits = (index % 3 == 0).nonzero()[:, 0]
    truth = index[portraits] % len(fresh.KIND_NAMES)
    quality = {}
    for template in ("a photo of a {}", "This is a photo of {}", "This is a {} image.", "No {}, no score."):
        words = tokenizer([template.format(name) for name in fresh.KIND_NAMES])
        said = model.encode_text(words, normalize=True)
        quality[template] = round(((seen[portraits] @ said.T).argmax(1) == truth).float().mean().item(), 4)
    said = model.encode_text(tokenizer([texts[0] for texts in held_out.texts]), normalize=True)
    hits = [
        (seen[i : i + 100] @ said[i : i + 100].T).argmax(1).eq(torch.arange(100)).float().mean().item()
        for i in range(0, len(seen) - 99, 100)
    ]
    quality["retrieval@1 of 100"] = round(float(np.mean(hits)), 4)
    model.train()
    return quality


def save(model: nn.Module, path: Path) -> None:
    """Write the state dict in half precision (integer buffers as they are)."""
    from safetensors.torch import save_file

    state = {
        name: value.detach().half().contiguous() if value.is_floating_point() else value.contiguous()
        for name, value in model.state_dict().items()
    }
    with atomic(path) as temporary:
        save_file(state, temporary, {"format": "pt"})
        temporary.chmod(0o644)


def pretrain(only: tuple[str, ...] = (), threads: int = 2, work: Path | None = None, out: Path | None = None) -> None:
    """Draw fresh pictures, train what ``only`` names (all when empty), and write the weights and their model card.

    Raises :class:`UserError` for a name other than ``clip``, ``swin_large``, ``swin_base``, ``swinv2`` and ``vit``.
    """
    work, out = work or paths.root() / "runs" / "pretrain", out or paths.DEMO_WEIGHTS
    unknown = set(only) - {"clip", *BACKBONES}
    if unknown:
        raise UserError(
            f"there are no weights called {', '.join(sorted(unknown))}; there are: clip, {', '.join(BACKBONES)}"
        )
    fresh.draw(work / "held_out", HELD_OUT, SEED, start=HELD_OUT_START)
    fresh.draw(work / "train", PICTURES, SEED)
    train, held_out = Shard(work / "train"), Shard(work / "held_out")
    for key in only or ("clip", *BACKBONES):
        if key == "clip":
            row = pretrain_clip(train, held_out, out, threads)
        else:
            row = pretrain_backbone(key, train, held_out, out, threads)
        made = {"seed": SEED, "pictures drawn": PICTURES, "threads": threads, **provenance.versions()}
        write_json(out / "card" / f"{key}.json", row | {"made with": made})
    write_text(out / "README.md", card(out))


def card(out: Path) -> str:
    """The model card, in Markdown, of the rows beside the weights."""
    rows = {path.stem: read_json(path) for path in sorted((out / "card").glob("*.json"))}
    lines = [
        "# Weights of the demo world",
        "",
        f"Trained on pictures drawn for the purpose (seed {SEED}), which are in no split of the demo, and measured on",
        f"{HELD_OUT:,} others. `hw3 demo pretrain` draws {PICTURES:,}, trains and measures again. In half precision.",
        "",
        "| file | architecture | parameters | drawn | pictures seen | minutes | quality on held-out pictures |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows.values():
        told = {"file", "parameters", "pictures seen", "minutes", "made with"} | _DESCRIPTION
        quality = "; ".join(f"{name} {value}" for name, value in row.items() if name not in told)
        if "timm" in row:
            model = f"timm `{row['timm']}` with `{json.dumps(row['arguments'])}`, mean {row['mean']}, std {row['std']}"
        else:
            model = f"open_clip `{json.dumps(row['open_clip'])}`"
        seen, minutes = f"{row['pictures seen']:,}", row["minutes"]
        drawn = row["made with"]["pictures drawn"]  # in words where it was not the same in all cycles
        drawn = f"{drawn:,}" if isinstance(drawn, int) else drawn
        lines.append(
            f"| `{row['file']}` | {model} | {row['parameters']:,} | {drawn} | {seen} | {minutes} | {quality} |"
        )
    return "\n".join([*lines, "", _CARD_NOTES])


_DESCRIPTION = {"timm", "open_clip", "arguments", "size", "mean", "std"}
_CARD_NOTES = """The backbones were trained on labels: which kinds a picture shows (timm's own classifier, binary
cross-entropy), which kinds and colours stand at each position of the feature map, and which place it is. Recall and
precision are those of the kinds a picture shows, at a logit of zero. CLIP saw pairs of picture and text only, in the
styles of alt texts, titles and captions; the figures are zero-shot accuracies on pictures of one main object out of 34
kinds, by prompt, and retrieval of a picture's own caption among 100. Minutes are of CPU cores shared with other work.
The weights know the demo world and nothing else: do not use them on photographs.
"""
