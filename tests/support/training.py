"""What tests of training share: a score that needs neither Java nor a CLIP, other settings, a log without times."""

from __future__ import annotations

import dataclasses

from hw3lib import config
from hw3lib.data.caption_set import CaptionSet

# Of an event: what is never the same twice.
MEASURED = ("seconds", "images_per_s", "tokens_per_s", "data_wait", "peak_memory_gb")


def overlap(profile: config.Profile, captions: CaptionSet, device: str):
    """Instead of CIDEr and CLIPScore, which need Java and a CLIP: the share of words that a reference has too."""
    references = [set(" ".join(group).lower().replace(".", " ").split()) for group in captions.captions]

    def score(predictions: dict[str, str]) -> dict[str, float]:
        assert list(predictions) == list(captions.names)
        words = [set(text.replace(".", " ").split()) for text in predictions.values()]
        shares = [len(a & b) / max(1, len(a | b)) for a, b in zip(words, references, strict=True)]
        return {"CIDEr": sum(shares) / len(shares), "CLIPScore": 0.5}

    return score


def with_training(profile: config.Profile, **changes) -> config.Profile:
    run = profile.run("best")
    return dataclasses.replace(
        profile, runs={"best": dataclasses.replace(run, training=dataclasses.replace(run.training, **changes))}
    )


def timeless(log: list[dict]) -> list[dict]:
    return [{k: v for k, v in event.items() if k not in MEASURED} for event in log]
