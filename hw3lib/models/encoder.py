"""The captioner's encoder: any timm backbone, its weights, its input size, and its features as a grid of patches.

Dimension letters: I images, P patches (Gh x Gw grid), C the backbone's channels, h w input pixels.
"""

from __future__ import annotations

import difflib
import math
import pickle
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hw3lib import config, paths
from hw3lib.models import hub
from hw3lib.system.errors import UserError
from hw3lib.system.messages import brief

# Arguments of timm that name files to read: weights come from ``encoder.weights``, and from nowhere else. A foreign
# checkpoint has arguments in its metadata.
_FOREIGN = ("checkpoint_path", "pretrained", "pretrained_cfg", "pretrained_cfg_overlay", "cache_dir")
_INSIDE = ("state_dict_ema", "model_ema", "state_dict", "model")  # where training scripts put the weights


def create_encoder(encoder: config.Encoder, pretrained: bool = True) -> Any:
    """The timm backbone of a configuration, without its classifier, with its weights if ``pretrained``.

    Raises :class:`UserError` for an unknown name, for arguments that the backbone does not take, for weights that
    cannot be had, and for a file that lacks a part of the backbone or holds another shape of it, or that cannot be read
    (:func:`read_weights`).
    """
    import timm
    from timm.models import resolve_model_input_args

    if not timm.is_model(encoder.name.split(".")[0]):
        models = timm.list_models()
        family = [name for name in models if encoder.name.split("_")[0] in name]
        near = difflib.get_close_matches(encoder.name, models, 5, 0.6) or family
        nearest = f"near: {', '.join(near[:5])}" if near else "timm.list_models() names them all"
        raise UserError(f"timm has no model {encoder.name!r} ({nearest})")
    size = encoder.image_size
    arguments = dict(encoder.arguments)
    foreign = [name for name in _FOREIGN if name in arguments]
    if foreign:
        raise UserError(f"encoder.arguments may not have {foreign[0]}: name the weights' file in encoder.weights")
    if size and "img_size" not in arguments:
        # timm knows which backbones are built for one size; the others take any, and no such argument.
        wanted = resolve_model_input_args(encoder.name, {"input_size": (3, size, size)}, **arguments)
        arguments |= {"img_size": wanted["img_size"]} if "img_size" in wanted else {}
    arguments |= {"num_classes": 0}
    if not pretrained or encoder.weights == "none":
        return _build(encoder, arguments, pretrained=False)
    if encoder.weights == "pretrained":
        return _build(encoder, arguments, pretrained=True)

    path = paths.resolve(encoder.weights)
    if not path.is_file():
        raise UserError(f"there are no weights for {encoder.name} at {path}; put them there, or set encoder.weights")

    def build_with_weights(classes: int) -> Any:
        # Google's own .npz are timm's to read; it does so without pickles.
        source = {"file": str(path)} if path.suffix == ".npz" else {"state_dict": read_weights(path)}
        overlay = {"custom_load": path.suffix == ".npz", "label_offset": 0, "num_classes": classes}
        model = _build(encoder, arguments, pretrained=True, pretrained_cfg_overlay=source | overlay)
        model.pretrained_cfg.pop("state_dict", None)  # timm keeps its own copy of all weights there otherwise
        return model

    try:
        # As many classes as the model has: timm is strict then, and a file of another backbone cannot pass.
        return build_with_weights(0)
    except (RuntimeError, OSError, LookupError, AttributeError) as error:
        text = str(error)
        if "Missing key" in text or "size mismatch" in text or "Unexpected key" not in text:
            raise UserError(f"{path} does not fit {encoder.name} {encoder.arguments or ''}: {brief(error)}") from None
    # Nothing is missing; what is left over is the classifier, which timm drops when asked to.
    return build_with_weights(-1)


def cached(encoder: config.Encoder) -> Path | None:
    """Where timm keeps a backbone's own weights, if it has them: what it loads without a network."""
    from timm.models import get_pretrained_cfg

    if encoder.weights != "pretrained" or not (source := get_pretrained_cfg(encoder.name)):
        return None
    names = [source.hf_hub_filename] if source.hf_hub_filename else ["model.safetensors", "pytorch_model.bin"]
    return hub.cached(source.hf_hub_id, names) if source.hf_hub_id else None


def read_weights(path: Path) -> dict[str, Tensor]:
    """A backbone's tensors by name, from safetensors or from PyTorch's format; no object is ever unpickled.

    Whatever the version of timm, whose older ones would. Raises :class:`UserError` for a file that is damaged, that
    holds a program or other objects than tensors, or that has weights which are no numbers.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file
    from timm.models import clean_state_dict

    try:
        if path.suffix == ".safetensors":
            content: Any = load_file(path)
        else:
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise UserError(
            f"{path} is a pickle that holds more than weights ({brief(error)}), which is never run; "
            "use the safetensors file of the same weights"
        ) from None
    except MemoryError:
        raise
    except (SafetensorError, Exception) as error:  # a damaged archive shows in many ways
        raise UserError(f"{path} is damaged or no file of weights ({brief(error)}); download it again") from None
    if isinstance(content, dict):
        content = next((content[key] for key in _INSIDE if isinstance(content.get(key), dict)), content)
    named = content.items() if isinstance(content, dict) else ()
    tensors = {str(name): value for name, value in named if torch.is_tensor(value)}
    if not tensors or len(tensors) < len(content):
        raise UserError(f"{path} does not hold the weights of a backbone: tensors by their names")
    refuse_nan(tensors, path, "download it again")
    return dict(clean_state_dict(tensors))


def refuse_nan(tensors: dict[str, Tensor], path: str | Path, remedy: str) -> None:
    """Raise :class:`UserError` where weights are no numbers: everything that comes of them would be none, silently."""
    bad = [name for name, tensor in tensors.items() if tensor.is_floating_point() and not tensor.isfinite().all()]
    if bad:
        raise UserError(f"{path} has weights that are no numbers (NaN or infinite), as in {bad[0]}; {remedy}")


def _build(encoder: config.Encoder, arguments: dict[str, Any], pretrained: bool, **more: Any) -> Any:
    import timm
    from timm.models import get_pretrained_cfg

    try:
        if encoder.weights == "pretrained" and pretrained and not cached(encoder):
            source = get_pretrained_cfg(encoder.name)
            if source and source.hf_hub_id:
                hub.reach()
        return timm.create_model(encoder.name, pretrained=pretrained, **arguments, **more)
    except (TypeError, AssertionError, ValueError) as error:
        raise UserError(f"timm cannot build {encoder.name} with {encoder.arguments}: {brief(error)}") from None
    except (OSError, RuntimeError) as error:
        if "pretrained_cfg_overlay" in more or not pretrained:
            raise
        reason = str(error).strip().splitlines()[0]
        raise UserError(
            f"the pretrained weights of {encoder.name} are neither in timm's cache nor to be downloaded ({reason}). "
            f"Download them where there is a network, and name the file in encoder.weights (.safetensors or .pth)"
        ) from None


def input_size(model: Any, encoder: config.Encoder) -> tuple[int, int]:
    """The input (h, w) in pixels: the configuration's, else what timm says the backbone was made for."""
    from timm.data import resolve_model_data_config

    size = encoder.arguments.get("img_size") or encoder.image_size
    if size is None:
        size = resolve_model_data_config(model)["input_size"][-2:]
    return (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))


def patches_of(model: Any, features: Tensor, size: tuple[int, int]) -> tuple[Tensor, tuple[int, int]]:
    """Whatever timm's ``forward_features`` gives to (I, P, C) and its grid, by what the model reports of itself."""
    if features.ndim == 4:
        if str(getattr(getattr(model, "output_fmt", None), "value", getattr(model, "output_fmt", "NCHW"))) != "NHWC":
            features = features.permute(0, 2, 3, 1)
        grid = (features.shape[1], features.shape[2])
        return features.flatten(1, 2), grid
    if features.ndim != 3:
        raise UserError(
            f"{type(model).__name__} gives features of shape {tuple(features.shape)}, not a map or a sequence"
        )
    sequence = features[:, int(getattr(model, "num_prefix_tokens", 0)) :]
    embed: Any = getattr(model, "patch_embed", None)
    if hasattr(embed, "dynamic_feat_size"):
        rows, columns = embed.dynamic_feat_size(size)
        if rows * columns == sequence.shape[1]:
            return sequence, (rows, columns)
    return sequence, grid_size(sequence.shape[1], size)  # a pyramid that ends in a sequence


def grid_size(patches: int, size: tuple[int, int]) -> tuple[int, int]:
    """The grid (Gh, Gw) of so many patches whose shape is nearest the input's ``size`` (h, w).

    Raises ``ValueError`` when no grid of that many patches has about the input's proportions.
    """
    h, w = size
    rows = [row for row in range(1, patches + 1) if patches % row == 0]
    best = min(rows, key=lambda row: abs(math.log((row / (patches / row)) / (h / w))))
    if abs(math.log((best / (patches / best)) / (h / w))) > 0.35:
        raise ValueError(f"{patches} patches form no grid of the input's shape {h} x {w}")
    return best, patches // best
