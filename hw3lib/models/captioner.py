"""The captioner: a timm backbone and a pre-norm transformer decoder that cross-attends to its patches.

Dimension letters: B captions, I images (B is a multiple of I), P patches (Gh x Gw grid), T caption tokens, L keys (T or
P), N layers, H heads, D model width, E a head's width, V vocabulary, h w input pixels.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
from huggingface_hub import PyTorchModelHubMixin
from pydantic import TypeAdapter
from torch import Tensor, nn
from torch.nn import functional as F

from hw3lib import config
from hw3lib.data.transform import ImageTransform
from hw3lib.models import hub
from hw3lib.models.encoder import create_encoder, input_size, patches_of, refuse_nan
from hw3lib.system.errors import UserError
from hw3lib.system.files import atomic, write_json
from hw3lib.system.messages import brief

WEIGHTS, CONFIG, TOKENIZER = "model.safetensors", "config.json", "tokenizer.json"  # the hub's names for a model's files
_AGAIN = "train the run again, or put the file back as it was"  # what helps where weights cannot be used


class Memory(NamedTuple):
    """What the decoder sees of a batch of images."""

    tokens: Tensor  # (I, P, D)
    grid: tuple[int, int]  # (Gh, Gw), rows from the top, P = Gh * Gw


class Features(NamedTuple):
    """What the encoder alone makes of a batch of images: a :class:`Memory` before the projection, C wide."""

    patches: Tensor  # (I, P, C)
    grid: tuple[int, int]


class Attention(nn.Module):
    """Multi-head attention over itself or over a memory, fused or, on request, with its explicit softmax."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)

    def keys_values(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of a sequence (B, L, D): two of (B, H, L, E)."""
        keys, values = self.key_value(source).chunk(2, dim=-1)
        return self._split(keys), self._split(values)

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, H, L, E)

    def forward(
        self, x: Tensor, keys: Tensor, values: Tensor, causal: bool = False, explicit: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """From ``x`` (B, T, D) to ``keys`` and ``values`` (I, H, L, E): (B, T, D) and, if explicit, the softmax itself.

        Where B is a multiple of I, an image's captions follow one another: its keys serve all of them, uncopied. The
        softmax is (I, H, B/I * T, L), the very tensor that the output was computed from: it can have a gradient.
        """
        captions, length, _ = x.shape
        images = keys.shape[0]
        queries = self._split(self.query(x.reshape(images, -1, x.shape[-1])))  # (I, H, B/I * T, E)
        dropout = self.dropout if self.training else 0.0
        weights = None
        if explicit or _plain_is_faster(queries):
            scores = queries @ keys.transpose(-1, -2) * queries.shape[-1] ** -0.5  # (I, H, B/I * T, L)
            if causal:
                ahead = torch.ones(length, keys.shape[2], dtype=torch.bool, device=x.device).triu(1)
                scores = scores.masked_fill(ahead, float("-inf"))
            weights = (scores.float() if explicit else scores).softmax(-1)
            context = F.dropout(weights, dropout).to(values.dtype) @ values
        else:
            context = F.scaled_dot_product_attention(queries, keys, values, dropout_p=dropout, is_causal=causal)
        context = context.transpose(1, 2).flatten(2).reshape(captions, length, -1)  # (B, T, D)
        return self.out(context), weights if explicit else None


def _plain_is_faster(queries: Tensor) -> bool:
    """Whether a softmax between two products beats torch's fused attention, forward and backward.

    So it does on a CPU in bfloat16, at widths of 24 to 96 a head and 49 to 784 patches: 2 to 6 times (torch 2.12).
    """
    return queries.device.type == "cpu" and queries.dtype == torch.bfloat16 and torch.is_grad_enabled()


class Block(nn.Module):
    """One decoder layer: self-attention, cross-attention over the image, feed-forward."""

    def __init__(self, width: int, heads: int, feed_forward: int, dropout: float, attention_dropout: float) -> None:
        super().__init__()
        self.norm_self = nn.LayerNorm(width)
        self.self_attention = Attention(width, heads, attention_dropout)
        self.norm_cross = nn.LayerNorm(width)
        self.cross_attention = Attention(width, heads, attention_dropout)
        self.norm_feed_forward = nn.LayerNorm(width)
        self.feed_forward = nn.Sequential(nn.Linear(width, feed_forward), nn.GELU(), nn.Linear(feed_forward, width))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, memory: Tensor, explicit: bool) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """One layer over ``x`` (B, T, D) and the images' ``memory`` (I, P, D): x, and the weights of both attentions.

        See :class:`Attention`: of the caption over itself (B, H, T, T) and over the image (I, H, B/I * T, P).
        """
        normed = self.norm_self(x)
        keys_values = self.self_attention.keys_values(normed)
        context, self_weights = self.self_attention(normed, *keys_values, causal=True, explicit=explicit)
        x = x + self.dropout(context)
        keys_values = self.cross_attention.keys_values(memory)
        context, cross_weights = self.cross_attention(self.norm_cross(x), *keys_values, explicit=explicit)
        x = x + self.dropout(context)
        return x + self.dropout(self.feed_forward(self.norm_feed_forward(x))), self_weights, cross_weights


class Captioner(nn.Module, PyTorchModelHubMixin, library_name="hw3lib", pipeline_tag="image-to-text"):
    """Images to captions; see :meth:`encode` and :meth:`forward`.

    ``pretrained=False`` skips the encoder's weights, which a checkpoint is about to overwrite anyway. As a model of the
    Hugging Face hub it has ``from_pretrained`` (a folder that ``hw3 export`` wrote, or the hub's name of one),
    ``save_pretrained`` and ``push_to_hub``.

    >>> tiny = {"embed_dim": 16, "depth": 1, "num_heads": 1}
    >>> encoder = config.Encoder(name="vit_tiny_patch16_224", weights="none", image_size=32, arguments=tiny)
    >>> decoder = config.Decoder(layers=2, heads=2, feed_forward=8)
    >>> model = Captioner(config.Run(title="tiny", encoder=encoder, decoder=decoder), vocabulary_size=20).eval()
    >>> memory = model.encode(torch.zeros(1, 3, 32, 32))
    >>> memory.grid, memory.tokens.shape
    ((2, 2), torch.Size([1, 4, 16]))
    >>> logits, attention = model(memory, torch.tensor([[2, 5, 6]]), return_attention=True)
    >>> logits.shape, attention.shape
    (torch.Size([1, 3, 20]), torch.Size([1, 2, 2, 3, 4]))
    """

    def __init__(self, run: config.Run, vocabulary_size: int, pretrained: bool = True) -> None:
        super().__init__()
        self.run, self.vocabulary_size = run, vocabulary_size
        self.encoder = create_encoder(run.encoder, pretrained)
        features = int(self.encoder.num_features)
        decoder = run.decoder
        width = decoder.width or features
        if width % decoder.heads:
            origin = "decoder.width" if decoder.width else f"the encoder {run.encoder.name}'s width"
            raise UserError(f"decoder.heads = {decoder.heads} does not divide {origin} of {width}; set decoder.width")
        same = width == features
        self.project = nn.Identity() if same else nn.Sequential(nn.LayerNorm(features), nn.Linear(features, width))
        self.embed = nn.Embedding(vocabulary_size, width)
        self.position = nn.Embedding(decoder.max_length, width)
        self.dropout = nn.Dropout(decoder.dropout)
        shape = (width, decoder.heads, decoder.feed_forward, decoder.dropout, decoder.attention_dropout)
        self.blocks = nn.ModuleList(Block(*shape) for _ in range(decoder.layers))
        self.norm = nn.LayerNorm(width)
        self.head = None if decoder.tied_head else nn.Linear(width, vocabulary_size, bias=False)
        self._initialise()
        if run.encoder.frozen:
            self.encoder.requires_grad_(False)

    def _initialise(self) -> None:
        """Normal(0, 0.02) as in GPT-2 (Radford et al. 2019), smaller where a layer adds to the residual stream."""
        for name, module in self.named_modules():
            if name == "encoder" or name.startswith("encoder."):
                continue
            if isinstance(module, nn.Linear | nn.Embedding):
                residual = name.endswith((".out", "feed_forward.2"))
                nn.init.normal_(module.weight, std=0.02 * ((3 * len(self.blocks)) ** -0.5 if residual else 1.0))
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)

    def train(self, mode: bool = True) -> Captioner:
        """As ``nn.Module.train``; a frozen encoder stays as it is in evaluation."""
        super().train(mode)
        if self.run.encoder.frozen:
            self.encoder.eval()
        return self

    @property
    def max_length(self) -> int:
        """The longest caption in tokens, [BOS] and [EOS] included."""
        return self.position.num_embeddings

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.embed.weight.device

    def transform(self, train: bool) -> ImageTransform:
        """The input's size and statistics, from the run's configuration, else from timm; jitter when training."""
        from timm.data import resolve_model_data_config

        defaults = resolve_model_data_config(self.encoder)
        encoder = self.run.encoder
        mean, std = encoder.mean or defaults["mean"], encoder.std or defaults["std"]
        size, jitter = input_size(self.encoder, encoder), self.run.jitter if train else None
        return ImageTransform(size, mean, std, jitter, encoder.crop_mode)

    def encode(self, images: Tensor) -> Memory:
        """Images (I, 3, h, w), normalised, to their patches (I, P, D), class and register tokens left out."""
        return self.remember(self.features(images))

    def features(self, images: Tensor) -> Features:
        """Images (I, 3, h, w) to the encoder's own features: what may be kept while the encoder does not learn."""
        features = self.encoder.forward_features(images)
        return Features(*patches_of(self.encoder, features, (images.shape[2], images.shape[3])))

    def remember(self, features: Features) -> Memory:
        """Features to the memory that the decoder attends to."""
        patches, grid = features
        return Memory(self.project(patches), grid)

    def forward(
        self, images: Tensor | Memory | Features, tokens: Tensor, return_attention: bool = False
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Teacher forcing: ``tokens`` (B, T) to the logits of each next token (B, T, V).

        B may be a multiple of the number of images: each image's captions then follow one another. With
        ``return_attention`` the cross-attention comes too, (B, N, H, T, P), each row a distribution over the patches.
        """
        if isinstance(images, Features):
            memory = self.remember(images)
        else:
            memory = images if isinstance(images, Memory) else self.encode(images)
        logits, attention = self.decode(memory, tokens, return_attention)
        if not return_attention:
            return logits
        layers = [_by_caption(cross_weights, *tokens.shape) for _, cross_weights in attention]
        return logits, torch.stack(layers, dim=1)

    def decode(
        self, memory: Memory, tokens: Tensor, explicit: bool = False
    ) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
        """The logits (B, T, V) and, if explicit, each layer's two attentions as :class:`Block` gives them."""
        length = tokens.shape[1]
        if length > self.max_length:
            raise ValueError(f"a caption of {length} tokens is longer than the model's {self.max_length}")
        x = self.dropout(self.embed(tokens) + self.position.weight[:length])  # (B, T, D)
        attention = []
        for block in self.blocks:
            x, self_weights, cross_weights = block(x, memory.tokens, explicit)
            if explicit:
                attention.append((self_weights, cross_weights))
        x = self.norm(x)
        return F.linear(x, self.embed.weight) if self.head is None else self.head(x), attention

    def save(self, path: str | Path, facts: dict[str, Any] | None = None) -> None:
        """Write safetensors, with the run's configuration and the vocabulary's size in the metadata."""
        from safetensors.torch import save_file

        origin = {"run": asdict(self.run), "vocabulary_size": self.vocabulary_size}
        # One entry: several would be written in an order that changes, and the same weights as another file.
        metadata = {"hw3lib": json.dumps(origin | (facts or {}))}
        state = {name: tensor.detach().cpu().contiguous() for name, tensor in self.state_dict().items()}
        with atomic(path) as temporary:
            save_file(state, temporary, metadata)
            temporary.chmod(0o644)  # safetensors makes files that only their owner may read

    def _save_pretrained(self, save_directory: Path) -> None:
        # The paths of the first weights say nothing on another machine.
        encoder = replace(self.run.encoder, weights=Path(self.run.encoder.weights).name)
        start = self.run.start_from and Path(self.run.start_from).name
        facts = {"run": asdict(replace(self.run, encoder=encoder, start_from=start))}
        self.save(save_directory / WEIGHTS, facts)
        write_json(
            save_directory / "config.json", {"model_type": "hw3lib", "vocabulary_size": self.vocabulary_size, **facts}
        )

    @classmethod
    def from_pretrained(  # type: ignore[override]
        cls, pretrained_model_name_or_path: str | Path, **options: Any
    ) -> Captioner:
        """A captioner that :meth:`save_pretrained` wrote: its folder, or its name on the hub (see :func:`hub_file`)."""
        return cls.load(hub_file(pretrained_model_name_or_path, WEIGHTS, **options))

    @classmethod
    def load(cls, path: str | Path) -> Captioner:
        """Rebuild a captioner from what :meth:`save` wrote, without reaching for the encoder's own weights.

        Raises :class:`UserError` for a file that is missing, damaged or foreign, whose weights do not fit the run that
        it claims to be of, or are no numbers.
        """
        from safetensors import SafetensorError, safe_open
        from safetensors.torch import load_file

        if not Path(path).is_file():
            raise UserError(f"there are no weights at {path}")
        try:
            with safe_open(path, "pt") as file:
                facts = json.loads((file.metadata() or {}).get("hw3lib", "{}"))
            state = load_file(path)
        except SafetensorError as error:
            raise UserError(f"{path} is not a safetensors file, or is damaged ({error}); {_AGAIN}") from None
        except (ValueError, RecursionError) as error:
            raise UserError(f"{path} has metadata that cannot be read ({error}); {_AGAIN}") from None
        if not isinstance(facts, dict) or not {"run", "vocabulary_size"} <= set(facts):
            raise UserError(f"{path} was not written by this project: its run is not in the metadata; {_AGAIN}")
        try:
            run = TypeAdapter(config.Run).validate_python(facts["run"])
            _refuse_other_sizes(run.decoder, facts["vocabulary_size"], state)
            model = cls(run, facts["vocabulary_size"], pretrained=False)
            model.load_state_dict(state)
        except (ValueError, RuntimeError, UserError) as error:  # pydantic's is a ValueError
            raise UserError(f"{path} does not fit the run that it claims to be of ({brief(error)}); {_AGAIN}") from None
        refuse_nan(state, path, _AGAIN)
        return model.eval()


def hub_file(source: str | Path, name: str, **options: Any) -> Path:
    """A file of a model's folder, or of a model on the Hugging Face hub, from its cache where it is there.

    ``options`` are those of ``hf_hub_download`` (revision, cache_dir, ...). Raises :class:`UserError` for a folder that
    lacks the file, and for a name that cannot be had.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HFValidationError

    if Path(source).is_dir():
        path = Path(source) / name
        if not path.is_file():
            raise UserError(f"{source} has no {name}: it is not what `hw3 export` writes")
        return path
    try:
        places = {key: options[key] for key in ("cache_dir", "revision") if key in options}
        if not hub.cached(str(source), [name], **places):
            hub.reach()
        return Path(hf_hub_download(str(source), name, **options))
    except (HFValidationError, OSError, ValueError) as error:  # the hub's own errors are OSErrors
        raise UserError(
            f"{source} is neither a folder nor a model that can be had from the Hugging Face hub ({brief(error)})"
        ) from None


def _refuse_other_sizes(decoder: config.Decoder, vocabulary_size: Any, state: dict[str, Tensor]) -> None:
    """Compare what the metadata claim with the tensors, before a model of any size that they like is built."""
    layers = {name.split(".")[1] for name in state if name.startswith("blocks.")}
    claimed = {
        "embed.weight": (vocabulary_size, None),
        "position.weight": (decoder.max_length, None),
        "blocks.0.feed_forward.0.weight": (decoder.feed_forward, decoder.width),
    }
    if len(layers) != decoder.layers:
        raise ValueError(f"{decoder.layers} layers are claimed, {len(layers)} are there")
    for name, sizes in claimed.items():
        shape = tuple(state[name].shape) if name in state else ()
        if len(shape) != 2 or any(size not in (None, there) for size, there in zip(sizes, shape, strict=True)):
            raise ValueError(f"{name} should be of {sizes}, and is of {shape}")


def _by_caption(weights: Tensor, captions: int, length: int) -> Tensor:
    """Attention weights (I, H, B/I * T, L) caption by caption: (B, H, T, L)."""
    return weights.unflatten(2, (captions // weights.shape[0], length)).transpose(1, 2).flatten(0, 1)
