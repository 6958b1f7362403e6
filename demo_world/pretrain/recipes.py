"""The recipes of the demo's weights: four timm backbones that learn labels, and a CLIP that learns texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SEED = 20_221_123
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
CLIP = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))  # open_clip's OPENAI_DATASET_*


@dataclass(frozen=True)
class Recipe:
    """A model, what it sees, and how long it is pretrained."""

    model: str  # timm's name of a backbone, or "open_clip"
    arguments: dict[str, Any]  # timm's, or open_clip's model configuration
    size: int  # px
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    # Pictures seen and highest rate of each cycle: warm restarts (Loshchilov and Hutter 2017), from the weights before.
    cycles: tuple[tuple[int, float], ...]
    batch: int = 64
    order_seed: int = SEED  # of the pictures' order and crops; the weights begin from SEED
    crop: int = 34  # label cells of 48 at least: how small a square is cut out of a picture
    flip: bool = True
    report_every: int = 100  # steps
    save_every: int = 600  # steps, measured on held-out pictures each time

    @property
    def pictures(self) -> int:
        """How many pictures it sees, over all cycles."""
        return sum(pictures for pictures, _ in self.cycles)


RECIPES = {
    "clip": Recipe(  # open_clip's own ModifiedResNet and text transformer, small
        "open_clip",
        {
            "embed_dim": 128,
            "vision_cfg": {"image_size": 96, "layers": [1, 1, 1, 1], "width": 20, "head_width": 64, "patch_size": None},
            "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 48, "heads": 3, "layers": 4},
        },
        96, *CLIP, ((256_000, 2e-3),), batch=256, order_seed=SEED + 1, crop=40,
        flip=False,  # texts say left and right
        report_every=50, save_every=250,
    ),
    "swin_large": Recipe(
        "swin_tiny_patch4_window7_224",
        {"img_size": 112, "embed_dim": 48, "depths": [2, 2, 4], "num_heads": [3, 6, 12]},
        112, *IMAGENET, ((128_000, 1.5e-3), (128_000, 1.5e-3), (64_000, 1.5e-3), (128_000, 1.2e-3)),
    ),
    "swin_base": Recipe(
        "swin_tiny_patch4_window7_224",
        {"img_size": 112, "embed_dim": 32, "depths": [2, 2, 2], "num_heads": [2, 4, 8]},
        112, *HALF, ((80_000, 1.5e-3), (80_000, 1.5e-3)),
    ),
    "swinv2": Recipe(
        "swinv2_tiny_window8_256",
        {"img_size": 96, "window_size": 6, "embed_dim": 32, "depths": [2, 2, 2], "num_heads": [2, 4, 8]},
        96, *IMAGENET, ((80_000, 1.5e-3), (80_000, 1.2e-3)),
    ),
    "vit": Recipe(
        "vit_base_patch8_224", {"img_size": 96, "embed_dim": 128, "depth": 4, "num_heads": 4},
        96, *HALF, ((80_000, 1.5e-3),),
    ),
}  # fmt: skip
