"""What a run logs, also told to accelerate's trackers (TensorBoard, Weights & Biases, MLflow, ...) as it goes.

A tracker changes no number: with or without, a run is the same run.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hw3lib import config
from hw3lib.system.errors import UserError
from hw3lib.system.messages import brief
from hw3lib.training.run_files import Event

if TYPE_CHECKING:
    from accelerate import Accelerator

FOLDER = "trackers"  # of a run's, where trackers write whose files are local


def options(names: Sequence[str], folder: Path) -> dict[str, Any]:
    """What an ``Accelerator`` is told of a run's trackers; :class:`UserError` for one that it does not have."""
    from accelerate.tracking import LOGGER_TYPE_TO_CLASS, get_available_trackers

    installed = {str(tracker) for tracker in get_available_trackers()}
    for name in names:
        if name not in LOGGER_TYPE_TO_CLASS:
            offer = ", ".join(sorted(LOGGER_TYPE_TO_CLASS))
            raise UserError(f"training.trackers names {name!r}, which is no tracker of accelerate; there are: {offer}")
        if name not in installed:
            raise UserError(f"training.trackers names {name}, which is not installed: pip install {name}")
    return {"log_with": list(names), "project_dir": folder / FOLDER} if names else {}


def start(accelerator: Accelerator, project: str, name: str, run: config.Run, step: int) -> None:
    """Begin a run of a project, or go on after ``step``: what TensorBoard's files have of later steps is void."""
    plain = (int, float, str, bool)
    settings = {path: value if isinstance(value, plain) else str(value) for path, value in config.leaves(run)}
    own = {"tensorboard": {"purge_step": step + 1} if step else {}, "wandb": {"name": name}}
    try:
        accelerator.init_trackers(project, settings, own)
    except Exception as error:  # each has errors of its own
        accelerator.trackers.clear()  # what has not started cannot finish
        names = ", ".join(map(str, accelerator.log_with))
        raise UserError(f"training.trackers: {names} cannot start ({brief(error)})") from error


def record(accelerator: Accelerator, event: Event) -> None:
    """Tell the trackers of an event's numbers, by its kind and name: ``validation/CIDEr``."""
    numbers = {key: value for key, value in event.items() if isinstance(value, int | float) and key != "step"}
    accelerator.log({f"{event['event']}/{key}": value for key, value in numbers.items()}, step=event["step"])


def finish(accelerator: Accelerator) -> None:
    """Close what the trackers hold open; the processes stay together."""
    for tracker in accelerator.trackers:
        tracker.finish()
