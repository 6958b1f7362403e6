"""The written report's settings of P2 and their scores, and which runs are those settings or play their parts."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from hw3lib import config
from hw3lib.captioning.settings import RECIPE, differences, settings
from hw3lib.system import files

# The parts that runs play beside the reference run: three backbones, and two changes of a single setting.
PARTS = {
    "swin_base": "a smaller Swin",
    "swinv2": "SwinV2",
    "vit": "ViT",
    "narrow": "a narrower feed-forward layer",
    "no_augmentation": "no colour augmentation",
}
_FAMILIES = {"SwinTransformer": "swin_base", "SwinTransformerV2": "swinv2", "VisionTransformer": "vit"}


@dataclass(frozen=True)
class PublishedSetting:
    """A setting of the written report: its name there, what it states of a run, and its scores."""

    name: str
    stated: dict[str, Any]  # parts of a run, as a profile's YAML has them
    scores: dict[str, float]

    def rows(self, run: config.Run) -> list[tuple[str, str, str]]:
        """Each setting that is stated: its label, its value there, and the run's."""
        there = TypeAdapter(config.Run).validate_python({"title": self.name, **self.stated})
        stated = {f"{part}.{key}" for part, values in self.stated.items() for key in values}
        pairs = zip(settings(there), settings(run), strict=True)
        return [(one.label, one.words, other.words) for one, other in pairs if stated & set(one.values)]

    def differs(self, run: config.Run) -> list[str]:
        """The labels of what the run sets otherwise than is stated."""
        values = {key: value for setting in settings(run) for key, value in setting.values.items()}
        stated = {f"{part}.{key}": value for part, keys in self.stated.items() for key, value in keys.items()}
        other = {key for key, value in stated.items() if _plain(values[key]) != _plain(value)}
        return [setting.label for setting in settings(run) if other & set(setting.values)]


@cache
def published_settings() -> dict[str, PublishedSetting]:
    """The four settings by name, the best one first; what the others do not state is as in that one."""
    found: dict[str, PublishedSetting] = {}
    for name, entry in files.resource("published.json")["p2"].items():
        stated = dict(found["best"].stated) if found else {}
        stated |= {part: stated.get(part, {}) | values for part, values in entry["setting"].items()}
        found[name] = PublishedSetting(name, stated, {key: entry[key] for key in ("CIDEr", "CLIPScore")})
    return found


def published_scores(profile: config.Profile, run: str) -> dict[str, float]:
    """The written report's scores of the run's setting; empty where the run is none of its settings, or its data."""
    if profile.data != "real" or profile.run(run).start_from:
        return {}
    settings_there = published_settings().values()
    return next((there.scores for there in settings_there if not there.differs(profile.run(run))), {})


def part(run: config.Run, reference: config.Run) -> str | None:
    """The part of :data:`PARTS` that a run plays beside the reference run, by its configuration.

    A backbone's part needs pretrained weights, a pretrained Swin as the reference's, and fewer parameters than that.
    """
    changes = {change.label: change for change in differences(run, reference)}
    if set(changes) & set(RECIPE):
        return None
    if "encoder" in changes:
        if "none" in (run.encoder.weights, reference.encoder.weights):
            return None
        (family, size), (reference_family, most) = (
            _backbone(json.dumps(asdict(encoder))) for encoder in (run.encoder, reference.encoder)
        )
        return _FAMILIES.get(family) if reference_family == "SwinTransformer" and size < most else None
    if list(changes) == ["feed-forward"] and run.decoder.feed_forward < reference.decoder.feed_forward:
        return "narrow"
    jitter = [getattr(run.jitter, field.name) for field in fields(run.jitter)]
    return "no_augmentation" if list(changes) == ["colour jitter"] and not any(jitter) else None


@cache
def _backbone(encoder: str) -> tuple[str, int]:
    """The family of a backbone, by its configuration as JSON, and how many parameters it has; none of them is made."""
    import torch

    from hw3lib.models.encoder import create_encoder

    with torch.device("meta"):
        model = create_encoder(TypeAdapter(config.Encoder).validate_json(encoder), pretrained=False)
    return type(model).__name__, sum(parameter.numel() for parameter in model.parameters())


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
