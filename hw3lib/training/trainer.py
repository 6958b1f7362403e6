"""Fine-tuning a captioner: in which order it learns, validation, checkpoints, resume, one device or many.

A run learns its references, the first epochs, if asked, with the encoder at rest; it may then go on with CIDEr itself
as its reward (:mod:`hw3lib.training.self_critical`). ``accelerate launch -m hw3lib train ...`` trains on several
devices or machines; alone it is one process.

Dimension letters: I images of a step, B captions of a step, T tokens, h w the model's input in pixels.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import yaml

from hw3lib import config, paths
from hw3lib.config import folder
from hw3lib.data.cache import decoded
from hw3lib.data.caption_set import CaptionSet
from hw3lib.data.captions import load_captions, training_captions
from hw3lib.data.images import Photograph
from hw3lib.data.loader import Images, Pairs, load_images, readable
from hw3lib.data.predictions import variant
from hw3lib.data.tokenizer import load_or_train
from hw3lib.models.captioner import Captioner
from hw3lib.models.decoding import Caption
from hw3lib.models.inference import LoadedRun, caption_images, load_run
from hw3lib.system import files, out_of_memory, provenance
from hw3lib.system.errors import UserError
from hw3lib.system.messages import problem_list
from hw3lib.training import frozen_features
from hw3lib.training.checkpoints import read_facts, restore_state, save_state
from hw3lib.training.feed import Feed
from hw3lib.training.learner import Learner
from hw3lib.training.optimization import SCORES, Stages, cosine
from hw3lib.training.run_files import Event, identity, is_current, read_log
from hw3lib.training.self_critical import Rewards
from hw3lib.training.validation import evaluate, scorer

if TYPE_CHECKING:
    from accelerate import Accelerator

__all__ = ["Event", "LoadedRun", "caption_images", "folder", "is_current", "load_run", "read_log", "train"]

_EVALUATE = 64  # images per batch where nothing is learned
_SAMPLES = 6  # captions that the log keeps of each validation
_OUTPUTS = ("config.yaml", "log.jsonl", "best.safetensors", "predictions.json", "scores.json", "done.json")


def train(
    profile: config.Profile,
    run: str,
    on_validation: Callable[[Event], None] | None = None,
    resume: bool = True,
) -> Path:
    """Train a run, or go on with it where it was interrupted; returns its folder.

    A finished run with the same settings and files is left as it is. ``on_validation`` gets each validation's event,
    as the log has it, those before an interruption too. ``resume=False`` starts from nothing.
    """
    from accelerate import Accelerator
    from accelerate.utils import DistributedDataParallelKwargs

    target = folder(profile, run)
    # Some backbones have parameters that only their classifier would use.
    accelerator = Accelerator(kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=True)])
    if int(os.environ.get("WORLD_SIZE", "1")) != accelerator.num_processes:
        # Each would train the whole run, in the same folder.
        raise UserError(
            "processes that do not know of each other: start them with accelerate launch (--cpu without GPUs)"
        )
    if resume and is_current(profile, run):
        for event in read_log(target) if on_validation else []:
            if event["event"] == "validation" and on_validation:
                on_validation(event)
        return target
    key, setting = f"runs.{run}.training", profile.run(run).training
    remedy = (
        f"in profile {profile.name}, lower {key}.batch_size (now {setting.batch_size}), raise {key}.accumulate (now "
        f"{setting.accumulate}: the same steps in smaller parts), or set {key}.activation_checkpointing: true"
    )
    with out_of_memory.advice(remedy), _reproducible(accelerator.device):
        _Trainer(profile, run, accelerator, on_validation, resume).train()
    accelerator.wait_for_everyone()
    return target


@dataclass
class _Progress:
    """Where a run stands; all of it is in the state that an interrupted run goes on from."""

    epoch: int = 0  # epochs done, those of the self-critical stage too
    step: int = 0
    best: float = -math.inf  # the highest sum of the validation's scores
    taught: int | None = None  # the epoch after which the self-critical stage began
    seconds: float = 0.0


@dataclass
class _Stretch:
    """What was seen from one validation to the next."""

    began: float
    waited: float
    epochs: int = 0
    images: int = 0
    tokens: int = 0
    loss: float | None = None  # of the last epoch, nats per token
    reward: float | None = None  # of the last epoch's samples


class _Trainer:
    """One call of :func:`train`: everything is prepared, and bad input refused, before the first step."""

    def __init__(
        self,
        profile: config.Profile,
        name: str,
        accelerator: Accelerator,
        on_validation: Callable[[Event], None] | None,
        resume: bool,
    ) -> None:
        self.profile, self.name, self.accelerator, self.on_validation = profile, name, accelerator, on_validation
        self.run, self.setting = profile.run(name), profile.run(name).training
        self.target = folder(profile, name)
        self.state_file = self.target / "last" / "state.safetensors"
        self.raw_file = self.target / "last" / "raw.safetensors"  # the best weights as they were before averaging
        self.rank, self.processes = accelerator.process_index, accelerator.num_processes
        self.main = accelerator.is_main_process

        captions = profile.captions
        with accelerator.main_process_first():  # the first trains the tokenizer if need be
            self.tokenizer = load_or_train(profile.captions)
        train_set = training_captions(captions, captions.limit_train)
        self.val_set = load_captions(
            paths.resolve(captions.val_annotations), paths.resolve(captions.val_images), captions.limit_val
        )
        self.identity = identity(profile, name)
        facts = read_facts(self.state_file) if resume else None
        self.resumed = facts if facts and facts.get("identity") == self.identity else None

        torch.manual_seed(profile.seed)
        self.model = Captioner(self.run, self.tokenizer.size, pretrained=self.resumed is None).to(accelerator.device)
        self.learner = Learner(self.model, self.run, accelerator, self.tokenizer)

        images, bad = self._load(train_set, train=True)
        self.train_set = readable(train_set, bad)
        for problem in bad.values():
            self._say(f"left out: {problem}")
        if bad:
            self._say(f"{self.name}: trained on {len(self.train_set)} of {len(train_set)} photographs")
        pairs = Pairs(images, self.train_set.captions, self.tokenizer, self.model.max_length)
        self.feed = Feed(pairs, self.setting, profile.seed, self.rank, self.processes, self._features)
        self.val_images, bad = self._load(self.val_set, train=False)
        if bad:
            problems = problem_list(list(bad.values()), len(self.val_set))
            raise UserError(f"every validation image counts, but {problems}")
        self.judged = range(len(self.val_set))[: self.setting.validate_images]
        self.score = scorer(profile, self.val_set.subset(self.judged), str(accelerator.device)) if self.main else None
        self.rewards: Rewards | None = None

        self.stages = Stages(self.setting.learning_rates, self.setting.patience, self.setting.stage_epochs)
        self.at = _Progress()
        # Earlier where the scores stop rising.
        self.last_epoch = self.setting.epochs + self.run.self_critical.epochs

    def _load(self, captions: CaptionSet, train: bool) -> tuple[Images, dict[Photograph, str]]:
        local = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        cache = decoded.home() if self.profile.captions.keep_decoded else None
        return load_images(captions.paths, self.model.transform(train), local, cache, self._say)

    def _features(self) -> frozen_features.Frozen:
        """Of the training images, as the encoder is now."""
        # What it has become here is of no use to other runs: its features go when the run ends.
        own = self.at.taught is not None and not self.run.encoder.frozen
        cache = self.target / "last" / "features" if own else frozen_features.home()
        images, precision = self.feed.pairs.images, self.setting.precision
        return frozen_features.frozen(self.model, images, precision, _EVALUATE, cache, self._say)

    def train(self) -> None:
        if self.resumed:
            self._resume(self.resumed)
        elif self.main:
            self._begin()
        self.accelerator.wait_for_everyone()
        self.learner.connect()
        while self.at.taught is None and self.at.epoch < self.setting.epochs and not self.stages.over:
            self._stretch()
        if self.at.taught is None:
            self._close_teaching()
        while self.at.epoch < self.last_epoch:
            self._stretch()
        self._finish()

    def _begin(self) -> None:
        for name in _OUTPUTS:
            (self.target / name).unlink(missing_ok=True)
        for name in ("last", "variants"):
            shutil.rmtree(self.target / name, ignore_errors=True)
        setting = {"profile": self.profile.name, "seed": self.profile.seed, "name": self.name} | asdict(self.run)
        text = yaml.safe_dump(json.loads(json.dumps(setting)), sort_keys=False, allow_unicode=True)
        files.write_text(self.target / "config.yaml", text)

    def _resume(self, facts: dict[str, Any]) -> None:
        self.at = _Progress(**facts["progress"])
        if self.at.taught is not None:
            self.last_epoch = self.at.taught + self.run.self_critical.epochs
            if self.run.self_critical.epochs:
                self._turn_self_critical()
        restore_state(self.state_file, self.model, self.learner.optimizer, self.learner.average)
        self.learner.steps = facts["learner_steps"]
        self.stages = Stages(self.stages.rates, self.stages.patience, self.stages.budget, **facts["stages"])
        if self.main:
            # What was logged after the state was written happens again.
            with (self.target / "log.jsonl").open("r+b") as log:
                log.truncate(facts["log_bytes"])
            self._say(f"{self.name}: resumed after epoch {self.at.epoch}")
            for event in read_log(self.target) if self.on_validation else []:
                if event["event"] == "validation" and self.on_validation:
                    self.on_validation(event)

    @property
    def _phase(self) -> str:
        return self._phase_of(self.at.epoch)

    def _phase_of(self, epoch: int) -> str:
        """What an epoch, counted from 0, is: with the encoder at rest, with all learning, or with rewards."""
        if self.at.taught is not None and epoch >= self.at.taught:
            return "self-critical"
        return "frozen" if epoch < self.setting.frozen_epochs else "whole"

    @property
    def _rests(self) -> bool:
        """Whether the encoder gives the same features in the coming epoch as in the one before."""
        if self._phase == "self-critical":
            return self.run.self_critical.encoder_rate_scale == 0 or self.run.encoder.frozen
        return self._phase == "frozen" or (self.run.encoder.frozen and self.model.transform(train=True).jitter is None)

    def _close_teaching(self) -> None:
        """Note what the captioner says so far, go back to its best weights, and turn to rewards if the run wants it."""
        self.accelerator.wait_for_everyone()
        critical, beams = self.run.self_critical.epochs > 0, self.run.decoding.beams > 1
        if self.setting.ema_decay:
            self._write_variant("raw", self.raw_file, config.Decoding())
        if critical or beams:
            self._write_variant("taught", self.target / "best.safetensors", config.Decoding())
        if critical and beams:
            self._write_variant("taught_beam", self.target / "best.safetensors", self.run.decoding)
        self.at.taught = self.at.epoch
        self.last_epoch = self.at.epoch + self.run.self_critical.epochs
        if critical:
            self.model.load_state_dict(Captioner.load(self.target / "best.safetensors").state_dict())
            self._turn_self_critical()
        if self.main:
            self._save_state()

    def _turn_self_critical(self) -> None:
        self.learner.begin(self.run.self_critical.encoder_rate_scale)
        self.feed.forget()
        self.rewards = Rewards(self.train_set.captions)

    def _stretch(self) -> None:
        """Train up to the next validation, and validate."""
        stretch = _Stretch(time.perf_counter(), self.feed.waited)
        stage = self.stages.stage
        while True:
            self._epoch(stretch)
            self.at.epoch += 1
            stretch.epochs += 1
            ends = self.at.epoch in (self.setting.frozen_epochs, self.setting.epochs, self.last_epoch)
            if self.at.epoch % self.setting.validate_every == 0 or ends:
                break
        self._validate(stretch, time.perf_counter() - stretch.began, stage, self._rate(self.at.step - 1))

    def _rate(self, step: int) -> float:
        """The decoder's learning rate at a step, warm-up included."""
        if self.at.taught is not None:
            return self.run.self_critical.learning_rate
        rate = self.stages.rate
        if self.setting.schedule == "cosine":
            rate *= cosine(step, self.setting.epochs * self.feed.count())
        warm_up = self.setting.warmup_steps
        return rate * min(1.0, (step + 1) / warm_up) if warm_up else rate

    def _epoch(self, stretch: _Stretch) -> None:
        """One pass over the training images."""
        from rich.progress import track

        # Seeded anew, so that an epoch is the same whether or not the run was interrupted before it.
        torch.manual_seed(_seed(self.profile.seed, self.at.epoch, self.rank))
        critical = self._phase == "self-critical"
        per_step = self.run.self_critical.images_per_step if critical else None
        count = self.feed.count(per_step)
        steps = self.feed.steps(self.at.epoch, self._rests, per_step)
        # A bar on a terminal alone; a log file gets one line per validation.
        title = f"{self.name} {self.at.epoch + 1}"
        found: list[torch.Tensor] = []
        every = max(1, count // 10)
        for index, step in enumerate(track(steps, title, count, transient=True, disable=not self._terminal())):
            rate = self._rate(self.at.step)
            if self.rewards is not None:
                found.append(self.learner.reinforce(step, rate, self.rewards))
            else:
                found.append(self.learner.teach(step, rate))
            self.at.step += 1
            stretch.images, stretch.tokens = stretch.images + step.images, stretch.tokens + step.tokens
            if (index + 1) % every == 0:  # the only wait for the device: ten times an epoch
                self._note(self._mean(found[-every:]), rate)
        if self.rewards is None:
            stretch.loss = self._mean(found)
        else:
            stretch.reward = self._mean(found)

    def _mean(self, values: list[torch.Tensor]) -> float:
        """Over the steps and over the processes."""
        return float(self.accelerator.reduce(torch.stack(values).mean(), "mean"))

    def _note(self, value: float, rate: float) -> None:
        """Log a tenth of an epoch. A loss that is no number ends the run."""
        if not math.isfinite(value):
            raise UserError(f"{self.name}: the loss is {value} at step {self.at.step}; a lower learning rate may help")
        event: Event = {"event": "train", "step": self.at.step, "epoch": self.at.epoch + 1, "phase": self._phase}
        event |= {"stage": self.stages.stage + 1, "learning_rate": rate}
        self._log(event | {"loss" if self.rewards is None else "reward": value})

    def _captions(
        self, model: Captioner, indices: Sequence[int], decoding: config.Decoding
    ) -> tuple[dict[str, Caption], float]:
        """Captions of these validation images and the mean loss, each process doing its share."""
        from accelerate.utils import gather_object

        own = indices[self.rank :: self.processes]
        found, loss, count = evaluate(model, self.val_images, self.val_set, self.tokenizer, own, _EVALUATE, decoding)
        shares = gather_object([(found, loss, count)])
        merged = {name: caption for share, _, _ in shares for name, caption in share.items()}
        total = sum(count for _, _, count in shares)
        ordered = {name: merged[name] for name in self.val_set.names if name in merged}
        return ordered, sum(part for _, part, _ in shares) / total

    def _write_variant(self, name: str, weights: Path, decoding: config.Decoding) -> None:
        """Caption all validation images, for the table of what each ingredient gives."""
        model = Captioner.load(weights).to(self.accelerator.device)
        captions, _ = self._captions(model, range(len(self.val_set)), decoding)
        if self.main:
            files.write_json(variant(self.target, name), {key: caption.text for key, caption in captions.items()})

    def _scores(self, texts: dict[str, str]) -> dict[str, float]:
        from accelerate.utils import broadcast_object_list

        shared = [self.score(texts) if self.score else {}]
        broadcast_object_list(shared)
        return shared[0]

    def _validate(self, stretch: _Stretch, trained: float, stage: int, rate: float) -> None:
        captions, val_loss = self._captions(self.learner.judged, self.judged, config.Decoding())
        texts = {name: caption.text for name, caption in captions.items()}
        scores = self._scores(texts)
        if self.rewards is None and self.setting.schedule == "staged":
            # An encoder that has not learned yet gets its turn, also when the decoder alone gets no further.
            hold = self.at.epoch <= self.setting.frozen_epochs < self.setting.epochs
            self.stages.judge(scores, stretch.epochs, hold)
        took = time.perf_counter() - stretch.began
        self.at.seconds += took
        event = {
            "event": "validation",
            "step": self.at.step,
            "epoch": self.at.epoch,
            "phase": self._phase_of(self.at.epoch - 1),
            "stage": stage + 1,
            "learning_rate": rate,
            "train_loss": stretch.loss,
            "val_loss": val_loss,
            **({} if stretch.reward is None else {"reward": stretch.reward}),
            **scores,
            "samples": {name: texts[name] for name in _spread(list(texts), _SAMPLES)},
            **self._speed(stretch, trained),
            "seconds": round(self.at.seconds, 2),
        }
        self._log(event)
        total = sum(scores.values())
        better, self.at.best = total > self.at.best, max(total, self.at.best)
        if not self.main:
            return
        if better:
            facts = {"epoch": self.at.epoch, "step": self.at.step}
            self.learner.judged.save(self.target / "best.safetensors", facts)
            if self.setting.ema_decay and self.rewards is None:
                self.model.save(self.raw_file, facts)
        self._save_state()
        self._say(self._line(event, better, took / stretch.epochs))
        if self.on_validation:
            self.on_validation(event)

    def _speed(self, stretch: _Stretch, trained: float) -> dict[str, float]:
        """How fast training went, validation left out, and what it needed."""
        return {
            "images_per_s": round(stretch.images / trained, 1),
            "tokens_per_s": round(stretch.tokens / trained),
            "data_wait": round((self.feed.waited - stretch.waited) / trained, 4),  # share of the time, this process
            "peak_memory_gb": round(peak_memory(self.accelerator.device) / 1e9, 3),
        }

    def _line(self, event: Event, better: bool, per_epoch: float) -> str:
        """What the terminal says of a validation."""
        left = (self.last_epoch - self.at.epoch) * per_epoch
        over = self.stages.over and not self.run.self_critical.epochs
        learned = f"loss {event['train_loss']:.3f}" if "reward" not in event else f"reward {event['reward']:.3f}"
        phase = {"frozen": " (encoder frozen)", "self-critical": " (self-critical)"}.get(event["phase"], "")
        stage = f" ({event['stage']}/{len(self.stages.rates)})" if self.rewards is None else ""
        scores = " · ".join(f"{name} {event[name]:.4f}" for name in SCORES if name in event)
        return (
            f"{self.name}: epoch {self.at.epoch}/{self.last_epoch}{phase}"
            f" · rate {event['learning_rate']:.3g}{stage} · {learned}, val {event['val_loss']:.3f}"
            f" · {scores}{' *' if better else ''}"
            f" · {event['images_per_s']:.0f} images/s"
            f" · {'finished' if over or not left else f'at most {left:.0f} s left'}"
        )

    def _save_state(self) -> None:
        facts = {
            "identity": self.identity,
            "progress": asdict(self.at),
            "stages": self.stages.state(),
            "learner_steps": self.learner.steps,
            "log_bytes": (self.target / "log.jsonl").stat().st_size,
        }
        save_state(self.state_file, self.model, self.learner.optimizer, facts, self.learner.average)

    def _finish(self) -> None:
        self.accelerator.wait_for_everyone()
        best = self.target / "best.safetensors"
        if self.run.self_critical.epochs and self.run.decoding.beams > 1:
            self._write_variant("critical", best, config.Decoding())
        model = Captioner.load(best).to(self.accelerator.device)
        captions, _ = self._captions(model, range(len(self.val_set)), self.run.decoding)
        if not self.main:
            return
        files.write_json(self.target / "predictions.json", {name: caption.text for name, caption in captions.items()})
        stamp = provenance.stamp(self.run, self.profile.seed)
        done = {"identity": self.identity, "epochs": self.at.epoch, "steps": self.at.step}
        done |= {"seconds": round(self.at.seconds, 2)}
        files.write_json(self.target / "done.json", {"provenance": stamp} | done)
        shutil.rmtree(self.target / "last", ignore_errors=True)

    def _log(self, event: Event) -> None:
        if self.main:
            with (self.target / "log.jsonl").open("a", encoding="utf-8") as log:
                log.write(json.dumps(event, ensure_ascii=False) + "\n")
                log.flush()
                if event["event"] == "validation":  # the state that follows counts on what is in the log
                    os.fsync(log.fileno())

    def _terminal(self) -> bool:
        return self.main and sys.stdout.isatty()

    def _say(self, text: str) -> None:
        if self.main:
            print(text, flush=True)


def _seed(*parts: int) -> int:
    """One seed for torch from several numbers."""
    return int(np.random.SeedSequence(parts).generate_state(1)[0])


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


def _spread(names: list[str], count: int) -> list[str]:
    """So many names, evenly spread over the list."""
    return [names[index * len(names) // count] for index in range(count)] if len(names) > count else names


class _reproducible:
    """Deterministic algorithms on a GPU, where the fast ones add up in an order that changes from run to run."""

    def __init__(self, device: torch.device) -> None:
        self.needed = device.type == "cuda"

    def __enter__(self) -> None:
        self.before = (
            torch.are_deterministic_algorithms_enabled(),
            torch.is_deterministic_algorithms_warn_only_enabled(),
        )
        if self.needed:
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
            torch.use_deterministic_algorithms(True, warn_only=True)

    def __exit__(self, *error: object) -> None:
        torch.use_deterministic_algorithms(self.before[0], warn_only=self.before[1])
