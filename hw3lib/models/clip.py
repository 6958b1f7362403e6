"""open_clip models: load them, embed images and texts, CLIPScore.

Dimension letters: I images, B captions or other texts, T tokens of a text, D width of the joint space.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from PIL.Image import Image
from torch import Tensor
from torch.func import functional_call

from hw3lib import paths
from hw3lib.config import Clip
from hw3lib.data.cache.digests import Digests, digest_of
from hw3lib.data.cache.row_cache import RowCache
from hw3lib.data.images import open_image, unreadable
from hw3lib.models.clip_texts import ENCODER, TOKENIZER, load_tokenizer, refuse_misfit, text_configuration
from hw3lib.models.clip_weights import ask_the_network, explain, find_weights, register
from hw3lib.system import devices, files, out_of_memory, threads
from hw3lib.system.errors import UserError
from hw3lib.system.messages import problem_list

_TEXTS_KEPT = 50_000
_PORTION = 1024  # images per cache file: what an interruption loses at the most


class ClipModel:
    """A CLIP with its preprocessing, tokenizer and feature caches. Use :meth:`load`."""

    def __init__(
        self,
        model: Any,
        preprocess: Any,
        tokenizer: Any,
        width: int,
        key: str,
        batch_size: int,
        device: str,
    ) -> None:
        self.model = model.eval().requires_grad_(False).to(device)
        self.preprocess, self.tokenizer = preprocess, tokenizer
        self.width, self.batch_size, self.device = width, batch_size, device  # width: D
        self.cache = RowCache(paths.cache("clip") / key)
        self._images: dict[bytes, Tensor] = {}  # sha256 of the content -> (D,)
        self._digests = Digests()
        self._texts: dict[str, Tensor] = {}  # text -> (D,)
        encoder = getattr(getattr(model, "text", None), "config", None)  # of the transformers library
        self._masked, self._padding = encoder is not None, getattr(encoder, "pad_token_id", 0)

    @classmethod
    def load(cls, cfg: Clip, device: str = "cpu") -> ClipModel:
        """Load a model that open_clip knows, or one that a JSON file in its format describes; weights by tag or file.

        Its texts may go through the transformers library (:mod:`hw3lib.models.clip_texts`): multilingual models.

        ``device`` is one of torch's, or ``auto`` (:func:`hw3lib.system.devices.choose`). Raises :class:`UserError` for
        an unknown model or tag (with the nearest names), for a missing, foreign or ill-fitting file, and for weights
        that are not to be had.
        """
        import open_clip

        name = register(cfg.model)
        configuration = open_clip.get_model_config(name)
        tag = open_clip.get_pretrained_cfg(name, cfg.pretrained)
        text = text_configuration(cfg, configuration["text_cfg"])
        tokenizer = load_tokenizer(cfg, text) or open_clip.get_tokenizer(name)
        source = find_weights(cfg)
        if source is None:
            ask_the_network(name, cfg.pretrained)
        statistics = {
            f"image_{key}": tag[key] for key in ("mean", "std", "interpolation", "resize_mode") if tag.get(key)
        }
        # open_clip only warns when OpenAI's weights go into a model with the other activation, which costs accuracy.
        quick_gelu = bool(tag.get("quick_gelu")) or bool(configuration.get("quick_gelu"))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*QuickGELU mismatch.*")
            try:
                model, _, preprocess = open_clip.create_model_and_transforms(
                    name, pretrained=str(source or cfg.pretrained), force_quick_gelu=quick_gelu, text_cfg=text,
                    **statistics,
                )  # fmt: skip
            except Exception as error:
                raise explain(error, name, cfg.pretrained, source or cfg.pretrained) from error
        weights = _digest_file(source or find_weights(cfg) or cfg.pretrained)
        recipe = [weights, configuration, quick_gelu, model.visual.preprocess_cfg]
        key = hashlib.sha256(json.dumps(recipe, sort_keys=True, default=str).encode()).hexdigest()[:20]
        if text.get(ENCODER) and text.get(TOKENIZER):
            refuse_misfit(model, tokenizer, text[TOKENIZER])
        return cls(
            model, preprocess, tokenizer, int(configuration["embed_dim"]), key, cfg.batch_size, devices.choose(device)
        )

    @property
    def logit_scale(self) -> float:
        """What cosines are multiplied by before the softmax over classes (the inverse temperature)."""
        return float(self.model.logit_scale.exp())

    def embed_images(self, images: Sequence[str | Path | Image]) -> Tensor:
        """Features of image files or PIL images, ``(I, D)``, normalised, float32, on the CPU.

        Computed once per content: kept on disk under ``runs/cache/clip``, keyed by weights, configuration and
        preprocessing, and by the bytes of each image. Raises :class:`UserError` that counts and lists the files that
        cannot be read.
        """
        keys = self._content_keys(images)
        self._recall(keys)
        missing = {key: image for key, image in zip(keys, images, strict=True) if key not in self._images}
        pending = list(missing)
        for start in range(0, len(pending), _PORTION):
            portion = pending[start : start + _PORTION]
            try:
                with out_of_memory.advice(f"lower clip.batch_size (now {self.batch_size}) in the profile"):
                    features = self._encode_images([missing[key] for key in portion])
            except UserError:
                if problems := unreadable([image for image in images if isinstance(image, str | Path)]):
                    raise UserError(problem_list(problems, len(images))) from None
                raise
            self._images.update(zip(portion, features, strict=True))
            self._keep(portion, features)
        return torch.stack([self._images[key] for key in keys]) if keys else torch.empty(0, self.width)

    def embed_texts(self, texts: Sequence[str]) -> Tensor:
        """Features of texts, ``(B, D)``, normalised, float32, on the CPU. Each distinct text is encoded once.

        A text past the model's length is cut and keeps its end token, from which its features are read.
        """
        if len(self._texts) > _TEXTS_KEPT:
            self._texts.clear()
        new = [text for text in dict.fromkeys(texts) if text not in self._texts]
        if new:
            tokens = self.tokenizer(new)  # (B, 77)
            used = tokens != self._padding  # padding is only at the end
            lengths = tokens.shape[1] - used.flip(1).int().argmax(1)  # (B,)
            order = lengths.argsort()  # texts of like length share a batch
            for rows in order.split(self.batch_size):
                features = self._encode_tokens(tokens[rows], int(lengths[rows].max())).cpu()
                self._texts.update(zip([new[row] for row in rows.tolist()], features, strict=True))
        return torch.stack([self._texts[text] for text in texts]) if texts else torch.empty(0, self.width)

    def fits(self, texts: Sequence[str]) -> list[bool]:
        """Whether the model reads each text to its end: its context is 77 tokens in CLIP, the end token among them."""
        length = self.tokenizer.context_length
        own = not hasattr(self.tokenizer, "tokenizer")  # CLIP's own: a token covers a byte at the least
        longer = [text for text in texts if not own or len(text.encode()) + 2 > length]
        if not longer:
            return [True] * len(texts)
        *last, padding = self.tokenizer([*longer, ""], length + 1)[:, -1].tolist()
        cut = {text for text, token in zip(longer, last, strict=True) if token != padding}
        return [text not in cut for text in texts]

    def _encode_tokens(self, tokens: Tensor, length: int) -> Tensor:
        """Normalised features of tokens ``(B, 77)``, computed on the first ``length`` of them where that is the same.

        It is for CLIP's own text transformer: causal, so no token sees the padding behind it, and pooled at the end
        token. The model's own code runs, with the position table and the mask cut to the length. Encoders of the
        transformers library mask the padding by themselves.
        """
        device = self.model.logit_scale.device
        cut: dict[str, Tensor] = {}
        prefix = _causal_text(self.model)
        if prefix is not None and length < tokens.shape[1]:
            tower = self.model.get_submodule(prefix.rstrip(".")) if prefix else self.model
            tokens = tokens[:, :length]
            cut[f"{prefix}attn_mask"] = tower.attn_mask[:length, :length]
            cut[f"{prefix}positional_embedding"] = tower.positional_embedding[:length]
        elif self._masked:
            tokens = tokens[:, :length]
        with torch.inference_mode():
            output = functional_call(self.model, cut, (None, tokens.to(device)))
        return (output["text_features"] if isinstance(output, dict) else output[1]).float()  # (B, D)

    def _encode_images(self, images: Sequence[str | Path | Image]) -> Tensor:
        features = []
        # Decoding and resizing leave Python's lock, so the next pictures are prepared while these are encoded.
        with ThreadPoolExecutor(min(8, threads.count())) as pool, torch.inference_mode():
            prepared = threads.ahead(pool, self._prepare, images, self.batch_size)
            while batch := list(islice(prepared, self.batch_size)):
                ready = torch.stack(batch).to(self.device)  # (I, 3, h, w)
                features.append(self.model.encode_image(ready, normalize=True).float().cpu())
        return torch.cat(features)

    def _prepare(self, image: str | Path | Image) -> Tensor:
        prepared: Tensor = self.preprocess(open_image(image) if isinstance(image, str | Path) else image.convert("RGB"))
        return prepared

    def _content_keys(self, images: Sequence[str | Path | Image]) -> list[bytes]:
        """sha256 of each file's bytes, of each picture's pixels."""
        places = [index for index, image in enumerate(images) if isinstance(image, str | Path)]
        paths = [Path(image) for image in images if isinstance(image, str | Path)]
        keys = dict(zip(places, self._digests.of(paths), strict=True))
        for index, image in enumerate(images):
            if not isinstance(image, str | Path):
                keys[index] = digest_of(f"{image.mode} {image.size}".encode() + image.tobytes())
        return [keys[index] for index in range(len(images))]

    def _recall(self, keys: Sequence[bytes]) -> None:
        """Take features into memory that the disk has of these images."""
        if all(key in self._images for key in keys):
            return
        self.cache.refresh()
        for key in keys:
            if key not in self._images and (row := self.cache.get(key)) is not None:
                self._images[key] = torch.from_numpy(row.copy())

    def _keep(self, keys: Sequence[bytes], features: Tensor) -> None:
        """One more file in the cache; where the disk refuses, features stay in memory."""
        try:
            with self.cache.adding():
                self.cache.add(zip(keys, features.numpy(), strict=True), len(keys))
        except OSError as error:
            warnings.warn(f"image features are not kept in {self.cache.folder}: {error.strerror}", stacklevel=3)


def _causal_text(model: Any) -> str | None:
    """Where CLIP's own causal text transformer lies: ``""`` the model itself, ``"text."``; ``None`` for other kinds."""
    import open_clip.transformer

    if hasattr(model, "text_pool_type"):
        causal = getattr(model, "attn_mask", None) is not None and model.text_pool_type in ("argmax", "eos")
        return "" if causal else None
    tower = getattr(model, "text", None)
    if isinstance(tower, open_clip.transformer.TextTransformer):
        plain = (
            tower.attn_mask is not None and tower.cls_emb is None and not tower.use_pad_mask and not tower.output_tokens
        )
        return "text." if plain and tower.pool_type in ("argmax", "eos") else None
    return None


def _digest_file(path: Path | str) -> str:
    """sha256 of a file's content; of the text itself when it is a tag, which stands for one published file."""
    if isinstance(path, str):
        return hashlib.sha256(path.encode()).hexdigest()
    try:
        return files.sha256(path)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error})") from None
