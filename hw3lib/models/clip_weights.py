"""Where CLIP's configuration and weights come from, and what to tell the user when they are not there."""

from __future__ import annotations

import difflib
import json
import os
from pathlib import Path

from hw3lib import paths
from hw3lib.config import Clip
from hw3lib.models import hub
from hw3lib.system.errors import UserError
from hw3lib.system.files import decoded_text
from hw3lib.system.messages import brief


def weights_folder() -> Path:
    """Where weights by tag are looked for before the network is asked: ``<model>.<tag>.safetensors``."""
    return paths.root() / "data" / "weights"


def register(model: str) -> str:
    """The name under which open_clip knows the model; a JSON file is made known to it first."""
    import open_clip

    if not model.endswith(".json"):
        models = open_clip.list_models()
        if model not in models:
            raise UserError(
                f"open_clip has no model {model!r}{nearest(model, models)}; "
                "clip.model may also be the path of a .json file in its format"
            )
        return model
    path = paths.resolve(model)
    if not path.is_file():
        raise UserError(f"there is no model configuration {path} (clip.model)")
    try:
        content = json.loads(decoded_text(path.read_bytes()))
    except ValueError as error:
        raise UserError(f"{path} is not JSON ({error})") from None
    if not isinstance(content, dict) or not {"embed_dim", "vision_cfg", "text_cfg"} <= set(content):
        raise UserError(f"{path} is not an open_clip configuration: it must have embed_dim, vision_cfg and text_cfg")
    if open_clip.get_model_config(path.stem) != content:
        open_clip.add_model_config(path)
    if open_clip.get_model_config(path.stem) != content:
        raise UserError(f"{path}: open_clip has another model called {path.stem!r}; rename the file")
    return path.stem


def find_weights(cfg: Clip) -> Path | None:
    """The file that :meth:`ClipModel.load` would read; ``None`` when it would have to be fetched over the network.

    Raises :class:`UserError` as loading does for an unknown model or tag and for a missing file.
    """
    import open_clip

    name = register(cfg.model)
    tag = open_clip.get_pretrained_cfg(name, cfg.pretrained)
    if not tag:
        return _weights_file(name, cfg.pretrained)
    local = weights_folder() / f"{name}.{cfg.pretrained}.safetensors"
    if local.is_file():
        return local
    repository, _, file = tag.get("hf_hub", "").rpartition("/")
    candidates = (file,) if file else ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
    return hub.cached(repository, candidates) if repository else None


def _weights_file(name: str, pretrained: str) -> Path:
    import open_clip

    path = paths.resolve(pretrained)
    if path.is_file():
        return path
    if path.suffix or os.sep in pretrained:
        raise UserError(
            f"there are no weights at {path} (clip.pretrained of {name}); "
            "put the file there, or name one of open_clip's tags"
        )
    tags = open_clip.list_pretrained_tags_by_model(name)
    listed = f"; it has {', '.join(tags)}" if tags else ""
    raise UserError(
        f"open_clip has no weights {pretrained!r} for {name}{nearest(pretrained, tags)}{listed}; "
        "the path of a file will do, too"
    )


def ask_the_network(name: str, pretrained: str) -> None:
    """Raise :class:`UserError` where weights that are not here cannot be fetched either."""
    try:
        hub.reach()
    except OSError as error:
        raise _unavailable(error, name, pretrained) from None


def _unavailable(error: Exception, name: str, pretrained: str) -> UserError:
    import open_clip

    repository = open_clip.get_pretrained_cfg(name, pretrained).get("hf_hub", "").rpartition("/")[0]
    where = (
        f"from {repository} on the Hugging Face hub"
        if repository
        else "from their publisher, converted to safetensors,"
    )
    return UserError(
        f"the weights {pretrained!r} of {name} are not here and could not be fetched ({brief(error)}). "
        f"On a machine with a network, take open_clip_model.safetensors {where} and put it at "
        f"{weights_folder() / f'{name}.{pretrained}.safetensors'}, or set clip.pretrained to the path of a file"
    )


def explain(error: Exception, name: str, pretrained: str, source: str | Path) -> Exception:
    """What went wrong while building or filling the model, as an error for users where it is one."""
    if "Failed to download" in str(error):
        return _unavailable(error, name, pretrained)
    if "TorchScript" in str(error) or "weights_only" in str(error).lower():
        return UserError(
            f"{source} is a program or a pickle, which is never run; use the safetensors file of the same weights"
        )
    return UserError(f"{source} does not fit the model {name}: {brief(error)}")


def nearest(word: str, names: list[str]) -> str:
    """A question after the nearest of some names; empty where none is near."""
    lower = {name.lower(): name for name in names}
    close = difflib.get_close_matches(word.lower(), list(lower), 3, 0.5)
    return f" (did you mean {', '.join(repr(lower[name]) for name in close)}?)" if close else ""
