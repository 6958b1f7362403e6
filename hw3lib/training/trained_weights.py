"""A training that starts from an exported run: its tokenizer and its weights, which must fit the run of the profile."""

from __future__ import annotations

from hw3lib import config, paths
from hw3lib.models.captioner import TOKENIZER, Captioner, hub_file
from hw3lib.models.inference import model_source
from hw3lib.system import files
from hw3lib.system.errors import UserError


def take_tokenizer(source: str, captions: config.Captions) -> None:
    """Put the exported run's tokenizer where the profile has none; :class:`UserError` where it has another."""
    theirs, ours = hub_file(model_source(source), TOKENIZER), paths.resolve(captions.tokenizer)
    if not ours.is_file():
        files.write_text(ours, theirs.read_text(encoding="utf-8"))
    elif files.read_json(ours) != files.read_json(theirs):
        raise UserError(
            f"{source} has another tokenizer than {ours}; name {theirs} in captions.tokenizer, or another file that is "
            "not there yet: its tokenizer is then put there"
        )


def start_from(source: str, model: Captioner, name: str) -> None:
    """Give ``model``, of the run ``name``, the exported run's weights; :class:`UserError` where they do not fit."""
    trained = Captioner.from_pretrained(model_source(source))
    if _architecture(trained) != _architecture(model):
        here = dict(config.leaves(model.run))
        differences = [
            f"{key} {value} there and {here[key]} here"
            for key, value in config.leaves(trained.run)
            if key.startswith(("encoder.", "decoder.")) and key != "encoder.weights" and here[key] != value
        ]
        raise UserError(f"{source} does not fit run {name}: {'; '.join(differences)}")
    model.load_state_dict(trained.state_dict())


def _architecture(model: Captioner) -> object:
    """What weights must fit: names and shapes, and what these do not tell."""
    shapes = {name: tensor.shape for name, tensor in model.state_dict().items()}
    return shapes, model.run.encoder.name, model.run.encoder.arguments, model.run.decoder.heads
