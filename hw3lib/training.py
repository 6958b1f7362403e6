"""Fine-tuning a captioner: staged learning rates, validation, checkpoints, resume, one device or many.

``accelerate launch -m hw3lib train ...`` trains on several devices or machines; alone it is one process.

Dimension letters: I images of a step, B captions of a step, T tokens, h w the model's input in pixels.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import yaml
from torch import Tensor, nn

from hw3lib import config, files, image_cache, paths, provenance
from hw3lib.batches import Images, Pairs, Visit, batches, load_images, plan, readable
from hw3lib.captioner import Captioner, Features
from hw3lib.checkpoints import read_facts, restore_state, save_state
from hw3lib.data import CaptionSet, Photograph, load_captions, training_captions
from hw3lib.decoding import Caption
from hw3lib.errors import UserError
from hw3lib.optimization import Stages, autocast, parameter_groups
from hw3lib.runs import Event, LoadedRun, caption_images, folder, identity, is_current, load_run, read_log
from hw3lib.tokenizer import for_profile
from hw3lib.validation import evaluate, next_token_loss, scorer

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
    with _reproducible(accelerator.device):
        _Trainer(profile, run, accelerator, on_validation, resume).train()
    accelerator.wait_for_everyone()
    return target


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
        self.rank, self.processes = accelerator.process_index, accelerator.num_processes
        self.main = accelerator.is_main_process

        captions = profile.captions
        with accelerator.main_process_first():  # the first trains the tokenizer if need be
            self.tokenizer = for_profile(profile)
        self.train_set = training_captions(captions, captions.limit_train)
        self.val_set = load_captions(
            paths.resolve(captions.val_annotations), paths.resolve(captions.val_images), captions.limit_val
        )
        self.identity = identity(profile, name)
        facts = read_facts(self.state_file) if resume else None
        self.resumed = facts if facts and facts.get("identity") == self.identity else None

        torch.manual_seed(profile.seed)
        self.model = Captioner(self.run, self.tokenizer.size, pretrained=self.resumed is None).to(accelerator.device)
        groups = parameter_groups(self.model, self.setting.weight_decay, self.setting.encoder_rate_scale)
        self.optimizer = torch.optim.AdamW(groups, lr=self.setting.learning_rates[0], fused=True)
        self.parameters = [parameter for group in groups for parameter in group["params"]]

        images, bad = self._load(self.train_set, train=True)
        self.train_set = readable(self.train_set, bad)
        for problem in bad.values():
            self._say(f"left out: {problem}")
        self.pairs = Pairs(images, self.train_set.captions, self.tokenizer, self.model.max_length)
        self.val_images, bad = self._load(self.val_set, train=False)
        if bad:
            raise UserError(f"every validation image counts: {next(iter(bad.values()))}")
        self.judged = range(len(self.val_set))[: self.setting.validate_images]
        self.score = (
            scorer(profile, _first(self.val_set, len(self.judged)), str(accelerator.device)) if self.main else None
        )

        self.stages = Stages(self.setting.learning_rates, self.setting.patience, self.setting.stage_epochs)
        self.epoch = self.step = 0
        self.best = -math.inf
        self.seconds = 0.0
        self.features: Features | None = None  # of the training images, while the encoder does not learn

    def _load(self, captions: CaptionSet, train: bool) -> tuple[Images, dict[Photograph, str]]:
        local = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        cache = image_cache.home() if self.profile.captions.keep_decoded else None
        return load_images(captions.paths, self.model.transform(train), local, cache, self._say)

    def train(self) -> None:
        if self.resumed:
            self._resume(self.resumed)
        elif self.main:
            self._begin()
        self.accelerator.wait_for_everyone()
        wrapped = self.accelerator.prepare_model(self.model)
        while self.epoch < self.setting.epochs and not self.stages.over:
            self._epochs(wrapped)
        self._finish()

    def _begin(self) -> None:
        for name in _OUTPUTS:
            (self.target / name).unlink(missing_ok=True)
        shutil.rmtree(self.target / "last", ignore_errors=True)
        setting = {"profile": self.profile.name, "seed": self.profile.seed, "name": self.name} | asdict(self.run)
        text = yaml.safe_dump(json.loads(json.dumps(setting)), sort_keys=False, allow_unicode=True)
        files.write_text(self.target / "config.yaml", text)

    def _resume(self, facts: dict[str, Any]) -> None:
        restore_state(self.state_file, self.model, self.optimizer)
        self.epoch, self.step, self.best = facts["epoch"], facts["step"], facts["best"]
        self.seconds = facts["seconds"]
        self.stages.stage, self.stages.stale, self.stages.best = facts["stage"], facts["stale"], facts["best_scores"]
        self.stages.spent = facts["spent"]
        if self.main:
            # What was logged after the state was written happens again.
            with (self.target / "log.jsonl").open("r+b") as log:
                log.truncate(facts["log_bytes"])
            self._say(f"{self.name}: resumed after epoch {self.epoch}")
            for event in read_log(self.target) if self.on_validation else []:
                if event["event"] == "validation" and self.on_validation:
                    self.on_validation(event)

    def _epochs(self, wrapped: nn.Module) -> None:
        """Train up to the next validation, and validate."""
        started, images, epochs = time.perf_counter(), 0, 0
        stage, rate = self.stages.stage, self.stages.rate
        while True:
            train_loss, seen = self._epoch(wrapped, stage, rate)
            self.epoch, images, epochs = self.epoch + 1, images + seen, epochs + 1
            ends_frozen = self.epoch == self.setting.frozen_epochs
            if self.epoch % self.setting.validate_every == 0 or self.epoch == self.setting.epochs or ends_frozen:
                break
        trained = time.perf_counter() - started
        self._validate(stage, rate, train_loss, images / trained, started, epochs)

    def _epoch(self, wrapped: nn.Module, stage: int, rate: float) -> tuple[float, int]:
        """One pass over the training images: its mean loss, and how many images it saw on all devices."""
        from rich.progress import track

        setting = self.setting
        # Seeded anew, so that an epoch is the same whether or not the run was interrupted before it.
        torch.manual_seed(int(np.random.SeedSequence([self.profile.seed, self.epoch, self.rank]).generate_state(1)[0]))
        counts = [len(group) for group in self.train_set.captions]
        per_step = max(self.processes, setting.batch_size // setting.captions_per_image)
        steps = plan(counts, per_step, setting.captions_per_image, self.profile.seed, self.epoch)
        own = [visits[self.rank :: self.processes] for visits in steps]
        wrapped.train()
        losses: list[Tensor] = []
        every = max(1, len(steps) // 10)
        loader: Iterable[tuple[Tensor | Features, Tensor]]
        if self.epoch < setting.frozen_epochs:
            loader = self._frozen(own)
        else:
            self.features = None
            loader = self.pairs.loader(own, setting.workers, self.profile.seed, self.epoch)
        # A bar on a terminal alone; a log file gets one line per validation.
        bar = track(loader, f"{self.name} {self.epoch + 1}", len(own), transient=True, disable=not self._terminal())
        for index, (images, tokens) in enumerate(bar):
            losses.append(self._step(wrapped, images, tokens, rate))
            if (index + 1) % every == 0:
                # The only wait for the device: ten times an epoch.
                loss = float(torch.stack(losses[-every:]).mean())
                if not math.isfinite(loss):
                    raise UserError(
                        f"{self.name}: the loss is {loss} at step {self.step}; a lower learning rate may help"
                    )
                self._log(
                    {"event": "train", "step": self.step, "epoch": self.epoch + 1, "stage": stage + 1, "loss": loss}
                )
        return float(self.accelerator.reduce(torch.stack(losses).mean(), "mean")), len(steps) * per_step

    def _frozen(self, steps: list[list[Visit]]) -> Iterator[tuple[Features, Tensor]]:
        """The steps as features, which are computed once, in the first of the frozen epochs, without jitter."""
        if self.features is None:
            was_training = self.model.training
            self.model.eval()
            plain = replace(self.pairs.images, transform=self.model.transform(train=False))
            with torch.inference_mode(), autocast(self.accelerator.device, self.setting.precision):
                found = [self.model.features(batch.to(self.model.device)) for batch in batches(plain, _EVALUATE)]
            patches = torch.cat([part.patches.float().cpu() for part in found])
            self.features = Features(patches.clone(), found[0].grid)
            self.model.train(was_training)
        patches, grid = self.features
        for visits in steps:
            items = [(patches[visit.image], self.pairs.captions_of(visit)) for visit in visits]
            stacked, tokens = self.pairs.collate(items)
            yield Features(stacked, grid), tokens

    def _step(self, wrapped: nn.Module, images: Tensor | Features, tokens: Tensor, rate: float) -> Tensor:
        warm = min(1.0, (self.step + 1) / self.setting.warmup_steps) if self.setting.warmup_steps else 1.0
        for group in self.optimizer.param_groups:
            group["lr"] = rate * warm * group["scale"]
        device = self.accelerator.device
        if isinstance(images, Features):
            images = Features(images.patches.to(device, non_blocking=True), images.grid)
        else:
            images = images.to(device, non_blocking=True)
        tokens = tokens.to(device, non_blocking=True)
        with autocast(device, self.setting.precision):
            logits = wrapped(images, tokens[:, :-1])
            loss = next_token_loss(logits, tokens, self.tokenizer.pad, self.setting.label_smoothing)
        self.accelerator.backward(loss)
        nn.utils.clip_grad_value_(self.parameters, self.setting.clip_value)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        return loss.detach()

    def _captions(self, indices: Sequence[int]) -> tuple[dict[str, Caption], float]:
        """Greedy captions of these validation images and the mean loss, each process doing its share."""
        from accelerate.utils import gather_object

        own = indices[self.rank :: self.processes]
        found, loss, count = evaluate(self.model, self.val_images, self.val_set, self.tokenizer, own, _EVALUATE)
        shares = gather_object([(found, loss, count)])
        merged = {name: caption for share, _, _ in shares for name, caption in share.items()}
        total = sum(count for _, _, count in shares)
        ordered = {name: merged[name] for name in self.val_set.names if name in merged}
        return ordered, sum(part for _, part, _ in shares) / total

    def _validate(self, stage: int, rate: float, train_loss: float, speed: float, started: float, epochs: int) -> None:
        from accelerate.utils import broadcast_object_list

        captions, val_loss = self._captions(self.judged)
        texts = {name: caption.text for name, caption in captions.items()}
        shared = [self.score(texts) if self.score else {}]
        broadcast_object_list(shared)
        scores = shared[0]
        # An encoder that has not learned yet gets its turn, also when the decoder alone gets no further.
        self.stages.judge(scores, epochs, hold=self.epoch <= self.setting.frozen_epochs < self.setting.epochs)
        took = time.perf_counter() - started
        self.seconds += took
        event = {
            "event": "validation",
            "step": self.step,
            "epoch": self.epoch,
            "stage": stage + 1,
            "learning_rate": rate,
            "train_loss": train_loss,
            "val_loss": val_loss,
            **scores,
            "samples": {name: texts[name] for name in _spread(list(texts), _SAMPLES)},
            "images_per_s": round(speed, 1),
            "seconds": round(self.seconds, 2),
        }
        self._log(event)
        total = sum(scores.values())
        better, self.best = total > self.best, max(total, self.best)
        if not self.main:
            return
        if better:
            self.model.save(self.target / "best.safetensors", {"epoch": self.epoch, "step": self.step})
        self._save_state()
        left = (self.setting.epochs - self.epoch) * took / epochs
        frozen = self.epoch <= self.setting.frozen_epochs
        end = "finished" if self.stages.over or not left else f"at most {left:.0f} s left"
        self._say(
            f"{self.name}: epoch {self.epoch}/{self.setting.epochs}{' (encoder frozen)' if frozen else ''}"
            f" · rate {rate:g} ({stage + 1}/{len(self.stages.rates)})"
            f" · loss {train_loss:.3f}, val {val_loss:.3f} · CIDEr {scores['CIDEr']:.4f}"
            f" · CLIPScore {scores['CLIPScore']:.4f}{' *' if better else ''} · {speed:.0f} images/s · {end}"
        )
        if self.on_validation:
            self.on_validation(event)

    def _save_state(self) -> None:
        facts = {
            "identity": self.identity,
            "epoch": self.epoch,
            "step": self.step,
            "best": self.best,
            "stage": self.stages.stage,
            "stale": self.stages.stale,
            "spent": self.stages.spent,
            "best_scores": self.stages.best,
            "seconds": self.seconds,
            "log_bytes": (self.target / "log.jsonl").stat().st_size,
        }
        save_state(self.state_file, self.model, self.optimizer, facts)

    def _finish(self) -> None:
        self.accelerator.wait_for_everyone()
        best = Captioner.load(self.target / "best.safetensors")
        self.model.load_state_dict(best.state_dict())
        captions, _ = self._captions(range(len(self.val_set)))
        if not self.main:
            return
        files.write_json(self.target / "predictions.json", {name: caption.text for name, caption in captions.items()})
        stamp = provenance.stamp(self.run, self.profile.seed)
        done = {"identity": self.identity, "epochs": self.epoch, "steps": self.step, "seconds": round(self.seconds, 2)}
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


def _first(captions: CaptionSet, count: int) -> CaptionSet:
    return CaptionSet(captions.paths[:count], captions.names[:count], captions.ids[:count], captions.captions[:count])


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
