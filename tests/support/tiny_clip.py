"""A random CLIP in open_clip's formats, and a stand-in that sees colours and reads their names."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from hw3lib import config

TINY = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 8},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2},
}


def write_clip(
    folder: Path, name: str = "tiny_clip", seed: int = 0, configuration: dict[str, Any] | None = None
) -> config.Clip:
    """Write ``<name>.json`` and ``<name>.safetensors`` with random weights; the profile's entry that loads them."""
    import open_clip
    from safetensors.torch import save_file

    path = folder / f"{name}.json"
    path.write_text(json.dumps(configuration or TINY))
    open_clip.add_model_config(path)
    torch.manual_seed(seed)
    model = open_clip.create_model(name)
    for value in model.parameters():  # the usual start is so small that all features look alike
        torch.nn.init.normal_(value, std=0.2) if value.ndim > 1 else None
    weights = folder / f"{name}.safetensors"
    save_file({key: value.contiguous() for key, value in model.state_dict().items()}, weights)
    return config.Clip(model=str(path), pretrained=str(weights), batch_size=8)


class ColourClip:
    """Has the face of :class:`hw3lib.models.clip.ClipModel`; an image is its mean colour, a text the one it names."""

    logit_scale = 20.0
    words = ("red", "green", "blue")

    def embed_images(self, images: Sequence[Path | Image.Image]) -> torch.Tensor:
        pictures = [Image.open(image) if isinstance(image, Path) else image for image in images]
        colours = [picture.convert("RGB").resize((1, 1)).getpixel((0, 0)) for picture in pictures]
        return torch.nn.functional.normalize(torch.tensor(colours, dtype=torch.float32).reshape(-1, 3), dim=-1)

    def fits(self, texts: Sequence[str]) -> list[bool]:
        return [len(text.split()) <= 75 for text in texts]

    def embed_texts(self, texts: Sequence[str]) -> torch.Tensor:
        # "wrong" in a prompt turns the colours by one place: a prompt that does worse.
        rows = [[float(word in text) + 0.01 for word in self.words] for text in texts]
        rows = [row[1:] + row[:1] if "wrong" in text else row for row, text in zip(rows, texts, strict=True)]
        return torch.nn.functional.normalize(torch.tensor(rows), dim=-1)


def write_colours(folder: Path, per_class: int = 2) -> tuple[Path, Path]:
    """Six pictures of three colours in P1's layout: the image folder and ``id2label.json`` (ids 3, 5 and 12)."""
    images = folder / "val"
    images.mkdir(parents=True)
    for label, colour in ((3, (220, 30, 30)), (5, (30, 200, 40)), (12, (40, 40, 210))):
        for number in range(per_class):
            Image.new("RGB", (40, 32 + number), colour).save(images / f"{label}_{number}.png")
    labels = folder / "id2label.json"
    labels.write_text(json.dumps({"3": "red", "5": "green", "12": "blue"}))
    return images, labels
