"""CLIPs whose texts go through the transformers library, as the multilingual ones' do: its tokenizers and encoders.

A configuration of open_clip names them by ``hf_model_name`` and ``hf_tokenizer_name``. Their few files (an encoder's
``config.json``, for its weights are part of CLIP's, and a tokenizer) lie in a folder of that name beside the
configuration, in the project or under ``data/weights``; else they are fetched from the Hugging Face hub. No code of
theirs is run, and nothing is unpickled.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hw3lib import paths
from hw3lib.config import Clip
from hw3lib.models import hub
from hw3lib.models.clip_weights import nearest, register, weights_folder
from hw3lib.system.errors import UserError
from hw3lib.system.files import read_json
from hw3lib.system.messages import brief

ENCODER, TOKENIZER = "hf_model_name", "hf_tokenizer_name"  # keys of open_clip's text_cfg
_TOKENIZERS = ("tokenizer.json", "*.model", "vocab.*")  # any of these makes a tokenizer
_FILES = ("config.json", "*token*.json", "merges.txt", *_TOKENIZERS)


def text_names(cfg: Clip) -> dict[str, str]:
    """What the model's configuration names for its texts, by the keys ``ENCODER`` and ``TOKENIZER``; often nothing."""
    import open_clip

    text = open_clip.get_model_config(register(cfg.model))["text_cfg"]
    return {key: text[key] for key in (ENCODER, TOKENIZER) if text.get(key)}


def text_folder(cfg: Clip, key: str, name: str) -> Path | None:
    """Where the files of one of these names lie; ``None`` where they would have to be fetched over the network."""
    from huggingface_hub import snapshot_download

    if own := _own_folder(cfg, key, name):
        return own
    places = [weights_folder() / name]
    with suppress(Exception):  # the hub's client keeps nothing of that name, or it is a path and no name
        places.append(Path(snapshot_download(name, local_files_only=True)))
    return next((place for place in places if _holds(place, key)), None)


def text_files(cfg: Clip) -> list[Path]:
    """The files of one's own on which texts' features depend besides the weights.

    For a fingerprint, in which a name stands for what is published under it.
    """
    text: dict[str, Any] = {}
    with suppress(UserError, KeyError, TypeError):  # no configuration: loading says so
        text = read_json(paths.resolve(cfg.model))["text_cfg"] if cfg.model.endswith(".json") else {}
    folders = {_own_folder(cfg, key, text[key]) for key in (ENCODER, TOKENIZER) if text.get(key)}
    return sorted({path for folder in folders if folder for pattern in _FILES for path in folder.glob(pattern)})


def _own_folder(cfg: Clip, key: str, name: str) -> Path | None:
    """Where a configuration of one's own has the files of its texts: beside it or in the project."""
    if not cfg.model.endswith(".json"):
        return None
    places = (paths.resolve(cfg.model).parent / name, paths.root() / name)
    return next((place for place in places if _holds(place, key)), None)


def _holds(folder: Path, key: str) -> bool:
    patterns = ("config.json",) if key == ENCODER else _TOKENIZERS
    return any(any(folder.glob(pattern)) for pattern in patterns)


def _fetched(cfg: Clip, name: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        hub.reach()
        return Path(snapshot_download(name, allow_patterns=list(_FILES)))
    except Exception as error:
        raise UserError(
            f"the texts of {cfg.model} need {name}, which is not here and could not be fetched ({brief(error)}). On a "
            f"machine with a network, take config.json and the tokenizer's files from {name} on the Hugging Face hub "
            f"and put them into {weights_folder() / name}"
        ) from None


def text_configuration(cfg: Clip, text: Mapping[str, Any]) -> dict[str, Any]:
    """open_clip's ``text_cfg`` with folders in place of names, so that nobody is asked for them again.

    Raises :class:`UserError` where the files are not to be had, where the transformers library is not installed, and
    for an encoder of a kind that open_clip lacks.
    """
    names = text_names(cfg)
    if not names:
        return dict(text)
    if find_spec("transformers") is None:
        raise UserError(
            f"the texts of {cfg.model} go through the transformers library, which is not installed: "
            "pip install transformers"
        )
    folders = {key: text_folder(cfg, key, name) or _fetched(cfg, name) for key, name in names.items()}
    if folder := folders.get(ENCODER):
        from open_clip.hf_configs import arch_dict

        kind = read_json(folder / "config.json").get("model_type")
        if kind not in arch_dict:
            raise UserError(f"{folder / 'config.json'} is of the kind {kind!r}; open_clip reads {', '.join(arch_dict)}")
    # open_clip would load the encoder's first weights, which those of CLIP replace.
    return {**text, **{key: str(folder) for key, folder in folders.items()}, "hf_model_pretrained": False}


def load_tokenizer(cfg: Clip, text: Mapping[str, Any]) -> Any:
    """open_clip's tokenizer of a :func:`text_configuration`; ``None`` where that names none of transformers'.

    Raises :class:`UserError` for files that are no tokenizer, and for a language that it does not tell apart.
    """
    from open_clip.tokenizer import DEFAULT_CONTEXT_LENGTH, HFTokenizer

    if not (folder := text.get(TOKENIZER)):
        if cfg.text_language:
            raise UserError(f"clip.text_language: the tokenizer of {cfg.model} tells no languages apart; leave it out")
        return None
    options = {**text.get("tokenizer_kwargs", {}), "trust_remote_code": False}
    length = text.get("context_length", DEFAULT_CONTEXT_LENGTH)
    try:
        tokenizer = HFTokenizer(folder, length, tokenizer_mode=text.get("tokenizer_mode"), **options)
    except Exception as error:
        raise UserError(f"{folder} holds no tokenizer that can be read ({brief(error)})") from None
    if cfg.text_language:
        languages = tokenizer.tokenizer.get_vocab() if hasattr(tokenizer.tokenizer, "src_lang") else {}
        if cfg.text_language not in languages:
            near = nearest(cfg.text_language, [name for name in languages if name[3:4] == "_"])
            raise UserError(
                f"clip.text_language = {cfg.text_language!r}: the tokenizer in {folder} knows no such language{near}"
            )
        tokenizer.tokenizer.src_lang = cfg.text_language  # open_clip's set_language is undone at the next call
    return tokenizer


def refuse_misfit(model: Any, tokenizer: Any, folder: str) -> None:
    """Raise :class:`UserError` where the tokenizer's entries, padding or longest text are not the encoder's."""
    import torch

    encoder, files = model.text, tokenizer.tokenizer
    if len(files) > encoder.vocab_size:
        raise UserError(f"the tokenizer in {folder} has {len(files)} entries, the text encoder {encoder.vocab_size}")
    if files.pad_token_id != encoder.config.pad_token_id:
        raise UserError(
            f"the tokenizer in {folder} pads with entry {files.pad_token_id}, the text encoder is padded with "
            f"{encoder.config.pad_token_id}"
        )
    length = tokenizer.context_length
    try:
        with torch.inference_mode():
            model.encode_text(tokenizer(["a " * length]))
    except (IndexError, RuntimeError) as error:
        raise UserError(f"the text encoder cannot read texts of {length} tokens ({brief(error)})") from None
