"""Fine-tuning a captioner: in which order it learns, validation, checkpoints, resume, one device or many.

A run learns its references, the first epochs, if asked, with the encoder frozen; it may then go on with CIDEr itself
as its reward (:mod:`hw3lib.training.self_critical`). ``accelerate launch -m hw3lib train ...`` trains on several
devices or machines; alone it is one process.
"""

from __future__ import annotations

import math
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from hw3lib import config, paths
from hw3lib.data.caption_set import CaptionSet
from hw3lib.data.images import Photograph
from hw3lib.data.language import sampled
from hw3lib.data.loader import Images, Pairs, load_images, readable
from hw3lib.data.predictions import variant
from hw3lib.data.splits import refuse_shared
from hw3lib.data.stages import Stages, held, validated
from hw3lib.data.tokenizer import load_or_train
from hw3lib.models.captioner import Captioner
from hw3lib.models.experiment import Experiment
from hw3lib.system import devices, files, out_of_memory, provenance
from hw3lib.system.errors import Stopped, UserError
from hw3lib.system.messages import Say, problem_list, silence
from hw3lib.training import footprint, frozen_features, trackers, trained_weights
from hw3lib.training.checkpoints import read_facts, restore_state, save_state
from hw3lib.training.feed import Feed
from hw3lib.training.learner import Learner
from hw3lib.training.optimization import cosine, reproducible
from hw3lib.training.run_files import Event, identity, is_current, read_log, write_settings
from hw3lib.training.run_log import Interval, RunLog, validation_line
from hw3lib.training.self_critical import Rewards
from hw3lib.training.validation import BATCH, Validation, scorer

if TYPE_CHECKING:
    from accelerate import Accelerator

_OUTPUTS = ("config.yaml", "log.jsonl", "best.safetensors", "predictions.json", "scores.json", "done.json")


def train(
    profile: config.Profile,
    run: str,
    on_validation: Callable[[Event], None] | None = None,
    resume: bool = True,
    say: Say = silence,
) -> Path:
    """Train a run, or go on with it where it was interrupted; returns its folder.

    ``run`` may name one of its trainings (``best/seed_2023``); of a run of several seeds, the first one is trained.
    A finished run with the same settings and files is left as it is. ``on_validation`` gets each validation's event,
    as the log has it, those before an interruption too; ``say`` is told how far it is between them. ``resume=False``
    starts from nothing. Raises :class:`~hw3lib.system.errors.Stopped` when it is interrupted.
    """
    profile.run(run)
    run = profile.first(run)
    folder, training = config.folder(profile, run), profile.run(run).training
    accelerator = _accelerator(trackers.options(training.trackers, folder))
    # Data that was drawn again comes without a tokenizer. The one trained from the same captions is the same file.
    with accelerator.main_process_first():
        if source := profile.run(run).start_from:
            trained_weights.take_tokenizer(source, profile.require_captions())
        load_or_train(profile.require_captions())
    if resume and is_current(profile, run):
        _replay(folder, on_validation)
        say(f"{run}, {provenance.loaded(files.read_json(folder / 'done.json')['provenance'])}")
        return folder
    say(f"{run}: reading photographs")
    key = f"runs.{run}.training"
    remedy = (
        f"in profile {profile.name}, lower {key}.batch_size (now {training.batch_size}), raise {key}.accumulate (now "
        f"{training.accumulate}: the same steps in smaller parts), or set {key}.activation_checkpointing: true"
    )
    same_sums = reproducible(accelerator.device, f"{key}.deterministic", training.deterministic)
    try:
        with out_of_memory.advice(remedy), _peers(accelerator), same_sums:
            _Trainer(profile, run, accelerator, on_validation, resume, say).fit()
    except KeyboardInterrupt:
        raise Stopped(_standing(folder)) from None
    finally:
        trackers.finish(accelerator)
    accelerator.wait_for_everyone()
    say(f"computed: p2/{run}")
    return folder


def _accelerator(tracking: dict[str, Any]) -> Accelerator:
    """The processes of a training, with nothing taken from a launcher's settings that its result would depend on.

    A step is the profile's alone: its precision, its accumulation, whether it is compiled.
    """
    from accelerate import Accelerator
    from accelerate.utils import (
        DistributedDataParallelKwargs,
        DistributedType,
        GradientAccumulationPlugin,
        TorchDynamoPlugin,
    )

    accelerator = Accelerator(
        mixed_precision="no",  # autocast is ours
        gradient_accumulation_plugin=GradientAccumulationPlugin(num_steps=1),
        dynamo_plugin=TorchDynamoPlugin(backend="no"),
        # Some backbones have parameters that only their classifier would use.
        kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=True)],
        **tracking,
    )
    kind = accelerator.distributed_type
    if kind in (DistributedType.FSDP, DistributedType.DEEPSPEED, DistributedType.MEGATRON_LM):
        raise UserError(f"a captioner is trained whole on every device, not by {kind.value}; launch with --multi_gpu")
    if int(os.environ.get("WORLD_SIZE", "1")) != accelerator.num_processes:
        # Each would train the whole run, in the same folder.
        raise UserError(
            "processes that do not know of each other: start them with accelerate launch --multi_gpu "
            "(without GPUs: ACCELERATE_USE_CPU=true accelerate launch --multi_gpu)"
        )
    return accelerator


@contextmanager
def _peers(accelerator: Accelerator) -> Iterator[None]:
    """Say in a sentence that another process of the same training has ended, of which torch tells a page."""
    try:
        yield
    except RuntimeError as error:
        if accelerator.num_processes == 1 or not re.search(r"gloo|nccl|peer|[Cc]onnection", str(error), re.I):
            raise
        raise UserError(
            "another process of this training has ended; start all of them again with the same command, which goes on "
            "where they were"
        ) from None


def _standing(folder: Path) -> str:
    """How far an interrupted training has come by its log."""
    events = read_log(folder) if (folder / "log.jsonl").is_file() else []
    reached = [f"step {e['step']}, epoch {e['epoch']}" for e in events if "step" in e and "epoch" in e]
    where = reached[-1] if reached else "before the first step"
    return f"stopped; what was finished is kept ({config.training_of(folder)}: {where})"


def _replay(folder: Path, on_validation: Callable[[Event], None] | None) -> None:
    for event in read_log(folder) if on_validation else []:
        if event["event"] == "validation" and on_validation:
            on_validation(event)


@dataclass
class _Progress:
    """Where a run stands; all of it is in the state that an interrupted run goes on from."""

    epoch: int = 0  # epochs done, those of the self-critical stage too
    step: int = 0
    best: float = -math.inf  # the highest sum of the validation's scores
    cross_entropy_epochs: int | None = None  # after which the self-critical stage began; None: not yet
    seconds: float = 0.0


class _Trainer:
    """One call of :func:`train`: everything is prepared, and bad input refused, before the first step."""

    def __init__(
        self,
        profile: config.Profile,
        name: str,
        accelerator: Accelerator,
        on_validation: Callable[[Event], None] | None,
        resume: bool,
        say: Say,
    ) -> None:
        self.profile, self.name, self.accelerator, self.on_validation = profile, name, accelerator, on_validation
        self.run, self.training = profile.run(name), profile.run(name).training
        self.seed = profile.seed_of(name)
        self.folder, self.main = config.folder(profile, name), accelerator.is_main_process
        self.best_file = self.folder / "best.safetensors"
        self.state_file = self.folder / "last" / "state.safetensors"
        self.raw_file = self.folder / "last" / "raw.safetensors"  # the best weights as they were before averaging
        self.log = RunLog(name, self.folder, self.main, say, record=partial(trackers.record, accelerator))

        tokenizer, experiment = load_or_train(profile.require_captions()), Experiment(profile)
        train_set, val_set = experiment.training, experiment.validation
        self.language = experiment.language
        self.language.refuse_other(
            sampled(text for texts in train_set.captions for text in texts),
            f"the validation captions are {self.language.name}, but the training captions",
        )
        self.identity = identity(profile, name)
        state = read_facts(self.state_file) if resume else None
        self.interrupted = state if state and state.get("identity") == self.identity else None

        torch.manual_seed(self.seed)
        pretrained = self.interrupted is None and not self.run.start_from
        self.model = Captioner(self.run, tokenizer.size, pretrained).to(accelerator.device)
        if self.interrupted is None and self.run.start_from:
            trained_weights.start_from(self.run.start_from, self.model, name)
        self.learner = Learner(self.model, self.run, accelerator, tokenizer)

        self._warn_of_memory()
        images, unreadable = self._load(train_set, train=True)
        self.train_set = readable(train_set, unreadable)
        for problem in unreadable.values():
            self.log.say(f"left out: {problem}")
        if unreadable:
            self.log.say(f"{name}: trained on {len(self.train_set)} of {len(train_set)} photographs")
        pairs = Pairs(images, self.train_set.captions, tokenizer, self.model.max_length)
        self.feed = Feed(pairs, self.training, self.seed, accelerator.process_index, accelerator.num_processes)
        self.features: frozen_features.Frozen | None = None  # of the training images, while the encoder is frozen

        val_images, tests = self._load_all(val_set, "validation"), experiment.reported
        self.validated = range(len(val_set))[: self.training.validate_images]
        judged, device = val_set.subset(self.validated), str(accelerator.device)
        score = scorer(profile, judged, self.language, device) if self.main else None
        self.validation = self.reported = Validation(val_images, val_set, tokenizer, accelerator, score)
        if tests is not val_set:
            refuse_shared(tests, train_set, "training")
            self.reported = Validation(self._load_all(tests, "test"), tests, tokenizer, accelerator, None)

        self.stages = Stages(self.training.learning_rates, self.training.patience, self.training.stage_epochs)
        self.rewards: Rewards | None = None  # in the self-critical stage
        self.progress = _Progress()
        # Earlier where the scores stop rising.
        self.last_epoch = self.training.epochs + self.run.self_critical.epochs
        self.log.say(f"{name}: {self.language.told}")

    def _warn_of_memory(self) -> None:
        """Say before the work starts that the memory will not do, where the model is of a size that it might not."""
        device = self.accelerator.device.type
        held = footprint.ADAMW * sum(parameter.numel() for parameter in self.model.parameters())
        if self.main and device in ("cuda", "cpu") and held > devices.memory(device) / 32:
            with suppress(UserError):  # that it cannot be estimated is no obstacle
                needs = footprint.measure(self.run, self.model.vocabulary_size, device)
                if lack := footprint.lack(needs, self.name):
                    self.log.say(lack)

    def _load(self, captions: CaptionSet, train: bool) -> tuple[Images, dict[Photograph, str]]:
        local = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        cache = paths.cache("images") if self.profile.require_captions().keep_decoded else None
        return load_images(captions.paths, self.model.transform(train), local, cache, self.log.say)

    def _load_all(self, captions: CaptionSet, which: str) -> Images:
        images, unreadable = self._load(captions, train=False)
        if unreadable:
            problems = problem_list(list(unreadable.values()), len(captions))
            raise UserError(f"every {which} image counts, but {problems}")
        return images

    def fit(self) -> None:
        """From the first epoch, or from where the run was interrupted, to its captions."""
        if self.interrupted:
            self._resume(self.interrupted)
        elif self.main:
            self._start()
        trackers.start(self.accelerator, self.profile.name, self.name, self.run, self.progress.step)
        self.accelerator.wait_for_everyone()
        self.learner.prepare()

        progress = self.progress
        while progress.cross_entropy_epochs is None and progress.epoch < self.training.epochs and not self.stages.over:
            self._train_and_validate()
        if progress.cross_entropy_epochs is None:
            self._end_cross_entropy()
        while progress.epoch < self.last_epoch:
            self._train_and_validate()

        self.accelerator.wait_for_everyone()
        if self.run.self_critical.epochs and self.run.decoding.beams > 1:
            self._write_variant("critical", self.best_file, config.Decoding())
        texts = self._caption(self.best_file, self.run.decoding)
        if self.main:
            files.write_json(self.folder / "predictions.json", texts)
            stamp = provenance.stamp(self.run, self.seed)
            done = {"identity": self.identity, "epochs": progress.epoch, "steps": progress.step}
            done |= {"seconds": round(progress.seconds, 2)}
            files.write_json(self.folder / "done.json", {"provenance": stamp} | done)
            shutil.rmtree(self.folder / "last", ignore_errors=True)

    def _start(self) -> None:
        for name in _OUTPUTS:
            (self.folder / name).unlink(missing_ok=True)
        for name in ("last", "variants", trackers.FOLDER):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        write_settings(self.profile, self.name)

    def _resume(self, state: dict[str, Any]) -> None:
        self.progress = _Progress(**state["progress"])
        if self.progress.cross_entropy_epochs is not None:
            self.last_epoch = self.progress.cross_entropy_epochs + self.run.self_critical.epochs
            if self.run.self_critical.epochs:
                self._begin_self_critical()
        restore_state(self.state_file, self.model, self.learner.optimizer, self.learner.average)
        self.learner.steps = state["learner_steps"]
        self.stages = Stages(self.stages.rates, self.stages.patience, self.stages.budget, **state["stages"])
        if self.main:
            self.log.truncate(state["log_bytes"])  # what was logged after the state was written happens again
            self.log.say(f"{self.name}: resumed after epoch {self.progress.epoch}")
            _replay(self.folder, self.on_validation)

    def _train_and_validate(self) -> None:
        interval = Interval(self.stages.stage, self.feed.waited)
        while True:
            self._train_epoch(interval)
            self.progress.epoch += 1
            interval.epochs += 1
            if validated(self.training, self.progress.epoch, self.last_epoch):
                break
        self._validate(interval)

    def _train_epoch(self, interval: Interval) -> None:
        progress, rewards = self.progress, self.rewards
        # Seeded anew, so that an epoch is the same whether or not the run was interrupted before it.
        drawn = np.random.SeedSequence((self.seed, progress.epoch, self.accelerator.process_index)).generate_state(1)
        torch.manual_seed(int(drawn[0]))
        images_per_step = self.run.self_critical.images_per_step if rewards else None
        count = self.feed.count(images_per_step)
        steps = self.feed.steps(progress.epoch, images_per_step, self._frozen_features())
        losses: list[torch.Tensor] = []  # or rewards
        every = max(1, count // 10)
        for index, step in enumerate(self.log.track(steps, progress.epoch, count)):
            rate = self._rate(progress.step)
            if rewards:
                losses.append(self.learner.self_critical_step(step, rate, rewards))
            else:
                losses.append(self.learner.teacher_forcing_step(step, rate))
            progress.step += 1
            interval.images, interval.tokens = interval.images + step.images, interval.tokens + step.tokens
            if (index + 1) % every == 0:  # the only wait for the device: ten times an epoch
                self._log_training(self._mean(losses[-every:]), rate)
        if rewards:
            interval.reward = self._mean(losses)
        else:
            interval.loss = self._mean(losses)

    def _frozen_features(self) -> frozen_features.Frozen | None:
        """The features that stand for the training images in the coming epoch, computed once while they are the same.

        ``None`` where the encoder learns, or sees its images with a jitter.
        """
        encoder_frozen = self.run.encoder.frozen
        phase = self._phase(self.progress.epoch)
        if phase == "self-critical":
            frozen = encoder_frozen or self.run.self_critical.encoder_rate_scale == 0
        else:
            frozen = phase == "frozen" or (encoder_frozen and self.model.transform(train=True).jitter is None)
        if not frozen:
            self.features = None
        elif self.features is None:
            # What the encoder has become here is of no use to other runs: its features go when the run ends.
            fine_tuned = phase == "self-critical" and not encoder_frozen
            cache = self.folder / "last" / "features" if fine_tuned else paths.cache("features")
            images, precision = self.feed.pairs.images, self.training.precision
            self.features = frozen_features.frozen(self.model, images, precision, BATCH, cache, self.log.say)
        return self.features

    def _phase(self, epoch: int) -> str:
        """What an epoch, counted from 0, is: with the encoder frozen, with all learning, or with rewards."""
        if self.progress.cross_entropy_epochs is not None and epoch >= self.progress.cross_entropy_epochs:
            return "self-critical"
        return "frozen" if epoch < self.training.frozen_epochs else "whole"

    @property
    def _resting(self) -> bool:
        """Whether the encoder has not learned yet, in whichever of the run's weights."""
        taught = self.progress.cross_entropy_epochs
        return self.run.encoder.frozen or (
            (self.progress.epoch if taught is None else taught) <= self.training.frozen_epochs
            and (self.rewards is None or self.run.self_critical.encoder_rate_scale == 0)
        )

    def _rate(self, step: int) -> float:
        """The decoder's learning rate at a step, warm-up included."""
        if self.progress.cross_entropy_epochs is not None:
            return self.run.self_critical.learning_rate
        rate = self.stages.rate
        if self.training.schedule == "cosine":
            rate *= cosine(step, self.training.epochs * self.feed.count())
        warm_up = self.training.warmup_steps
        return rate * min(1.0, (step + 1) / warm_up) if warm_up else rate

    def _mean(self, values: list[torch.Tensor]) -> float:
        """Over the steps and over the processes."""
        return float(self.accelerator.reduce(torch.stack(values).mean(), "mean"))

    def _log_training(self, value: float, rate: float) -> None:
        """Log a tenth of an epoch. A loss that is no number ends the run."""
        step, epoch = self.progress.step, self.progress.epoch
        if not math.isfinite(value):
            raise UserError(f"{self.name}: the loss is {value} at step {step}; a lower learning rate may help")
        event: Event = {"event": "train", "step": step, "epoch": epoch + 1, "phase": self._phase(epoch)}
        event |= {"stage": self.stages.stage + 1, "learning_rate": rate}
        self.log.write(event | {"reward" if self.rewards else "loss": value})

    def _validate(self, interval: Interval) -> None:
        """Caption, score, move on to the next rate where it is time, and keep what is best and where the run stands."""
        progress, trained, rate = self.progress, interval.seconds(), self._rate(self.progress.step - 1)
        texts, val_loss = self.validation.caption(
            self.learner.eval_model, config.Decoding(), self.validated, self._resting, self.log.say
        )
        scores = self.validation.scores(texts)
        if self.rewards is None and self.training.schedule == "staged":
            self.stages.judge(scores, interval.epochs, held(self.training, progress.epoch))
        seconds = interval.seconds()
        progress.seconds += seconds
        event = {
            "event": "validation",
            "step": progress.step,
            "epoch": progress.epoch,
            "phase": self._phase(progress.epoch - 1),
            "stage": interval.stage + 1,
            "learning_rate": rate,
            **interval.event(texts, val_loss, scores),
            **interval.speed(trained, self.feed.waited, self.accelerator.device),
            "seconds": round(progress.seconds, 2),
        }
        self.log.write(event)
        total = sum(scores.values())
        better, progress.best = total > progress.best, max(total, progress.best)
        if not self.main:
            return
        if better:
            facts = {"epoch": progress.epoch, "step": progress.step}
            self.learner.eval_model.save(self.best_file, facts)
            if self.training.ema_decay and self.rewards is None:
                self.model.save(self.raw_file, facts)
        self._save_state()
        over = self.stages.over and not self.run.self_critical.epochs
        epochs_left = 0 if over else self.last_epoch - progress.epoch
        left = epochs_left * seconds / interval.epochs if epochs_left else None
        self.log.say(validation_line(self.name, event, self.last_epoch, len(self.stages.rates), better, left))
        if self.on_validation:
            self.on_validation(event)

    def _save_state(self) -> None:
        facts = {
            "identity": self.identity,
            "progress": asdict(self.progress),
            "stages": self.stages.state(),
            "learner_steps": self.learner.steps,
            "log_bytes": self.log.size(),
        }
        save_state(self.state_file, self.model, self.learner.optimizer, facts, self.learner.average)

    def _end_cross_entropy(self) -> None:
        """Caption with each component so far, go back to the best weights, and turn to rewards if the run wants it."""
        self.accelerator.wait_for_everyone()
        self_critical, beams = self.run.self_critical.epochs > 0, self.run.decoding.beams > 1
        if self.training.ema_decay:
            self._write_variant("raw", self.raw_file, config.Decoding())
        if self_critical or beams:
            self._write_variant("taught", self.best_file, config.Decoding())
        if self_critical and beams:
            self._write_variant("taught_beam", self.best_file, self.run.decoding)
        self.progress.cross_entropy_epochs = self.progress.epoch
        self.last_epoch = self.progress.epoch + self.run.self_critical.epochs
        if self_critical:
            self.model.load_state_dict(Captioner.load(self.best_file).state_dict())
            self._begin_self_critical()
        if self.main:
            self._save_state()

    def _begin_self_critical(self) -> None:
        self.learner.reset_optimizer(self.run.self_critical.encoder_rate_scale)
        self.features = None
        self.rewards = Rewards(self.train_set.captions, self.language)

    def _write_variant(self, name: str, weights: Path, decoding: config.Decoding) -> None:
        """Caption all reported images, for the table of what each component gives."""
        texts = self._caption(weights, decoding)
        if self.main:
            files.write_json(variant(self.folder, name), texts)

    def _caption(self, weights: Path, decoding: config.Decoding) -> dict[str, str]:
        """Captions of all images that results are told of, by the weights in a file."""
        model = Captioner.load(weights).to(self.accelerator.device)
        return self.reported.caption(model, decoding, resting=self._resting, say=self.log.say)[0]
