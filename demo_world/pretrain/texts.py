"""CLIP learns from pairs of picture and text alone (Radford et al. 2021, the symmetric InfoNCE loss).

Dimensions: B images, T tokens, C kinds, D width.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from demo_world.pretrain import fresh
from demo_world.pretrain.recipes import Recipe
from demo_world.pretrain.shards import Shard

PROMPTS = ("a photo of a {}", "This is a photo of {}", "This is a {} image.", "No {}, no score.")


class Texts:
    """The objective of the demo CLIP; its configuration is the file ``config``."""

    def __init__(self, recipe: Recipe, train: Shard, held_out: Shard, config: Path) -> None:
        import open_clip

        self.recipe, self.train, self.held_out = recipe, train, held_out
        open_clip.add_model_config(config)
        self.model = open_clip.create_model(config.stem)
        self.model.train()
        self.tokenizer = open_clip.get_tokenizer(config.stem)
        ids = [self.tokenizer(texts) for texts in train.texts]  # n of (10, 77)
        length = max(int((row != 0).sum(1).max()) for row in ids)
        self.tokens = torch.stack([row[:, :length] for row in ids])  # (n, 10, T), T the longest text
        print(f"clip: {len(ids):,} pictures with {self.tokens.shape[1]} texts of at most {length} tokens", flush=True)
        self.parameters = list(self.model.parameters())
        self.groups = [
            {"params": [p for p in self.parameters if p.ndim >= 2], "weight_decay": 0.05},
            {"params": [p for p in self.parameters if p.ndim < 2], "weight_decay": 0.0},
        ]

    def loss(self, rows: np.ndarray, rng: np.random.Generator) -> Tensor:
        """InfoNCE of pictures and one of their texts each, drawn at random."""
        images = self.train.augmented(rows, self.recipe, rng).images
        chosen = rng.integers(0, self.tokens.shape[1], len(rows))
        tokens = self.tokens[torch.from_numpy(rows), torch.from_numpy(chosen)]  # (B, T)
        with torch.autocast("cpu", torch.bfloat16):
            image_features = self.model.encode_image(images, normalize=True)
            text_features = encode_short_text(self.model, tokens)
        scale = self.model.logit_scale.exp().clamp(max=100)
        similarity = scale * image_features.float() @ F.normalize(text_features.float(), dim=-1).T  # (B, B)
        # Pictures that drew the very same text are all right answers for it.
        same = (tokens.unsqueeze(0) == tokens.unsqueeze(1)).all(-1).float()
        target = same / same.sum(1, keepdim=True)
        return (F.cross_entropy(similarity, target) + F.cross_entropy(similarity.T, target)) / 2

    @torch.inference_mode()
    def quality(self) -> dict[str, float]:
        """Zero-shot accuracy on held-out portraits by prompt, and image-to-text retrieval at 1 among 100."""
        self.model.eval()
        batches = self.held_out.plain(self.recipe)
        images = torch.cat([self.model.encode_image(batch.images, normalize=True) for batch in batches])
        # fresh.draw_picture draws every third picture as a portrait of kind index % C.
        index = torch.arange(fresh.HELD_OUT_START, fresh.HELD_OUT_START + len(self.held_out))
        portraits = (index % 3 == 0).nonzero()[:, 0]
        truth = index[portraits] % len(fresh.KIND_NAMES)
        quality = {}
        for template in PROMPTS:
            classes = self._encode([template.format(name) for name in fresh.KIND_NAMES])
            quality[template] = round(((images[portraits] @ classes.T).argmax(1) == truth).float().mean().item(), 4)
        texts = self._encode([texts[0] for texts in self.held_out.texts])
        hits = [
            (images[i : i + 100] @ texts[i : i + 100].T).argmax(1).eq(torch.arange(100)).float().mean().item()
            for i in range(0, len(images) - 99, 100)
        ]
        if hits:
            quality["retrieval@1 of 100"] = round(float(np.mean(hits)), 4)
        self.model.train()
        return quality

    def _encode(self, texts: list[str]) -> Tensor:
        features: Tensor = self.model.encode_text(self.tokenizer(texts), normalize=True)
        return features

    def description(self) -> dict[str, Any]:
        """What the model card says of the architecture."""
        return {"open_clip": self.recipe.arguments}


def encode_short_text(model: Any, tokens: Tensor) -> Tensor:
    """CLIP's features of tokens cut to (B, T), T <= 77: causal and pooled at the end token, so padding is no matter."""
    hidden = model.token_embedding(tokens)
    hidden = hidden + model.positional_embedding[: tokens.shape[1]].to(hidden.dtype)
    mask = model.attn_mask[: tokens.shape[1], : tokens.shape[1]].to(hidden.dtype)
    hidden = model.ln_final(model.transformer(hidden, attn_mask=mask))  # (B, T, D)
    pooled = hidden[torch.arange(len(tokens)), tokens.argmax(-1)]
    return pooled @ model.text_projection
