"""What a run tells while it learns: events in ``log.jsonl``, lines on the terminal, and how fast it goes."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import torch

from hw3lib.data.stages import SCORES
from hw3lib.system.messages import Say, silence
from hw3lib.training.run_files import Event

_SAMPLES = 6  # captions that the log keeps of each validation
T = TypeVar("T")
Record = Callable[[Event], object]


class RunLog:
    """The log and the terminal of a run; of several processes the main one alone writes."""

    def __init__(
        self, name: str, folder: Path, main: bool, tell: Say = silence, record: Record = lambda _: None
    ) -> None:
        """``tell`` hears of every tenth of an epoch, ``record`` of every event that the log gets."""
        self.name, self.path, self.main, self.tell, self.record = name, folder / "log.jsonl", main, tell, record

    def write(self, event: Event) -> None:
        """Append an event, a line of JSON; a validation is on the disk before the state that counts on it."""
        if self.main:
            with self.path.open("a", encoding="utf-8") as log:
                log.write(json.dumps(event, ensure_ascii=False) + "\n")
                log.flush()
                if event["event"] == "validation":
                    os.fsync(log.fileno())
            self.record(event)

    def size(self) -> int:
        """Bytes written so far."""
        return self.path.stat().st_size

    def truncate(self, size: int) -> None:
        """Forget what was written after so many bytes."""
        with self.path.open("r+b") as log:
            log.truncate(size)

    def say(self, text: str) -> None:
        """A line on the terminal."""
        if self.main:
            print(text, flush=True)

    def track(self, steps: Iterable[T], epoch: int, count: int) -> Iterator[T]:
        """The steps of an epoch, with a bar on a terminal alone: a log file gets one line per validation."""
        if self.main and sys.stdout.isatty():
            from rich.progress import track

            steps = track(steps, f"{self.name} {epoch + 1}", count, transient=True)
        for place, step in enumerate(steps):
            if place % max(1, count // 10) == 0:
                self.tell(f"{self.name}: epoch {epoch + 1}, step {place + 1} of {count}")
            yield step


@dataclass
class Interval:
    """What was learned from one validation to the next, and how fast."""

    stage: int  # of the learning rates, from 0
    waited_before: float  # seconds that this process had waited for data until then
    began: float = field(default_factory=time.perf_counter)
    epochs: int = 0
    images: int = 0
    tokens: int = 0
    loss: float | None = None  # of the last epoch, nats per token
    reward: float | None = None  # of the last epoch's samples

    def seconds(self) -> float:
        """Since it began."""
        return time.perf_counter() - self.began

    def speed(self, trained: float, waited: float, device: torch.device) -> dict[str, float]:
        """How fast training went in ``trained`` seconds, validation left out, and what it needed."""
        return {
            "images_per_s": round(self.images / trained, 1),
            "tokens_per_s": round(self.tokens / trained),
            "data_wait": round((waited - self.waited_before) / trained, 4),  # share of the time, this process
            "peak_memory_gb": round(peak_memory(device) / 1e9, 3),
        }

    def event(self, texts: dict[str, str], val_loss: float, scores: dict[str, float]) -> Event:
        """What a validation measured: losses, scores, and some of the captions."""
        return {
            "train_loss": self.loss,
            "val_loss": val_loss,
            **({} if self.reward is None else {"reward": self.reward}),
            **scores,
            "samples": {name: texts[name] for name in _spread(list(texts), _SAMPLES)},
        }


def validation_line(name: str, event: Event, last_epoch: int, stages: int, better: bool, left: float | None) -> str:
    """What the terminal says of a validation; ``left`` are seconds at the most, ``None`` where the run has finished.

    >>> event = {"epoch": 3, "phase": "whole", "learning_rate": 1e-4, "stage": 1, "train_loss": 2.5, "val_loss": 2.75}
    >>> print(validation_line("best", event | {"CIDEr": 0.5, "images_per_s": 90.0}, 8, 3, better=True, left=60))
    best: epoch 3/8 · rate 0.0001 (1/3) · loss 2.500, val 2.750 · CIDEr 0.5000 * · 90 images/s · at most 60 s left
    """
    self_critical = event["phase"] == "self-critical"
    phase = {"frozen": " (encoder frozen)", "self-critical": " (self-critical)"}.get(event["phase"], "")
    stage = "" if self_critical else f" ({event['stage']}/{stages})"
    learned = f"reward {event['reward']:.3f}" if self_critical else f"loss {event['train_loss']:.3f}"
    scores = " · ".join(f"{score} {event[score]:.4f}" for score in SCORES if score in event)
    return (
        f"{name}: epoch {event['epoch']}/{last_epoch}{phase}"
        f" · rate {event['learning_rate']:.3g}{stage} · {learned}, val {event['val_loss']:.3f}"
        f" · {scores}{' *' if better else ''}"
        f" · {event['images_per_s']:.0f} images/s"
        f" · {'finished' if left is None else f'at most {left:.0f} s left'}"
    )


def peak_memory(device: torch.device) -> int:
    """The most memory, in bytes, that the device's tensors (on a CPU: the process) have taken so far."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _spread(names: list[Any], count: int) -> list[Any]:
    """So many names, evenly spread over the list."""
    return [names[index * len(names) // count] for index in range(count)] if len(names) > count else names
