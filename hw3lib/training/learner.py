"""One step of the optimizer: on reference captions (teacher forcing), or on the captioner's own with a reward.

Dimension letters: I images of a part, K samples of each, B captions of a part, T tokens, V vocabulary.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from hw3lib import config
from hw3lib.data.loader import padded
from hw3lib.data.tokenizer import CaptionTokenizer
from hw3lib.models.captioner import Captioner, Features, Memory
from hw3lib.models.decoding import banned_tokens, sample
from hw3lib.models.packed_weights import PackedWeights
from hw3lib.system.errors import UserError
from hw3lib.training.feed import Part, Step
from hw3lib.training.optimization import autocast, optimizer, unfused
from hw3lib.training.self_critical import Rewards, advantages, policy_loss
from hw3lib.training.validation import next_token_loss

if TYPE_CHECKING:
    from accelerate import Accelerator


class Learner:
    """A captioner, its optimizer, and the moving average of its weights where the run keeps one."""

    def __init__(
        self, model: Captioner, run: config.Run, accelerator: Accelerator, tokenizer: CaptionTokenizer
    ) -> None:
        """``model`` is on its device already, and its weights are those to start from."""
        self.model, self.run, self.accelerator, self.tokenizer = model, run, accelerator, tokenizer
        self.average: Any = None
        self.reset_optimizer(run.training.encoder_rate_scale)
        self.wrapped: nn.Module = model  # what several processes share, once :meth:`prepare` was called

    def reset_optimizer(self, encoder_rate_scale: float) -> None:
        """A new optimizer, and a new average, from the weights as they are."""
        training = self.run.training
        self.optimizer = optimizer(self.model, training, encoder_rate_scale)
        self.parameters = [parameter for group in self.optimizer.param_groups for parameter in group["params"]]
        if training.ema_decay:
            from timm.utils import ModelEmaV3

            # The decay rises to its value, or else the first weights would count for too long in a short run.
            self.average = ModelEmaV3(self.model, decay=training.ema_decay, use_warmup=True)
        self.steps = 0

    def prepare(self) -> None:
        """Let the processes share gradients; compile and checkpoint if the run wants it."""
        if self.run.training.activation_checkpointing:
            try:
                self.model.encoder.set_grad_checkpointing(True)
            except (AttributeError, AssertionError):
                raise UserError(
                    f"{self.run.encoder.name} cannot compute its activations twice: "
                    "set training.activation_checkpointing to false"
                ) from None
        self.wrapped = self.accelerator.prepare_model(self.model)
        if self.run.training.compile:
            self.wrapped = torch.compile(self.wrapped, dynamic=True)  # type: ignore[assignment]

    @property
    def eval_model(self) -> Captioner:
        """The captioner that is validated and kept: the average's where there is one."""
        return self.average.module if self.average is not None else self.model

    def teacher_forcing_step(self, step: Step, rate: float) -> Tensor:
        """Learn a step's reference captions; the loss in nats per token, whose mean over processes is the step's."""
        training = self.run.training
        self.wrapped.train()
        total = torch.zeros((), device=self.model.device)
        for number, part in enumerate(step.parts):
            images, tokens = self._on_device(part)
            with self._synchronised(number + 1 == len(step.parts)), ExitStack() as attention:
                with self._autocast():
                    # To the end of the way back, on which what was not kept is computed again in the same way.
                    attention.enter_context(unfused(self.model.encoder, self.model.device))
                    logits = self.wrapped(images, tokens[:, :-1])
                    summed = next_token_loss(logits, tokens, self.tokenizer.pad, training.label_smoothing, "sum")
                # Gradients are averaged over processes: so that each token counts alike, wherever it is.
                loss = summed * (self.accelerator.num_processes / step.tokens)
                self.accelerator.backward(loss)
            total += loss.detach()
        self._update(rate)
        return total

    def self_critical_step(self, step: Step, rate: float, rewards: Rewards) -> Tensor:
        """Draw captions of a step's images and learn from their rewards; the mean reward on this process.

        Nothing is dropped: what is drawn from and what is moved are the same distribution.
        """
        samples = self.run.self_critical.samples
        self.wrapped.eval()
        banned = banned_tokens(self.tokenizer, self.model.device)
        weights = PackedWeights(self.model)
        rewards_drawn = []
        for number, part in enumerate(step.parts):
            images, _ = self._on_device(part)
            with torch.no_grad(), self._autocast():
                memory = self.model.remember(images) if isinstance(images, Features) else self.model.encode(images)
            memory = Memory(memory.tokens.float(), memory.grid)  # drawing is in the weights' own precision
            captions = sample(self.model, memory, self.tokenizer, samples=samples, weights=weights)
            owners = [item.image for item in part.samples for _ in range(samples)]
            reward = rewards(owners, captions, self.tokenizer.eos).to(self.model.device)
            tokens = padded([caption.tokens for caption in captions], self.tokenizer.pad).to(self.model.device)
            with self._synchronised(number + 1 == len(step.parts)), ExitStack() as attention:
                with self._autocast():
                    # To the end of the way back, on which what was not kept is computed again in the same way.
                    attention.enter_context(unfused(self.model.encoder, self.model.device))
                    logits = self.wrapped(images, tokens[:, :-1])
                loss = policy_loss(logits, tokens, advantages(reward, samples), banned, self.tokenizer.pad)
                share = len(part.samples) * self.accelerator.num_processes / step.images
                self.accelerator.backward(loss * share)
            rewards_drawn.append(reward)
        self._update(rate)
        return torch.cat(rewards_drawn).mean()

    def _on_device(self, part: Part) -> tuple[Tensor | Features, Tensor]:
        device = self.model.device
        tokens = part.tokens.to(device, non_blocking=True)
        if isinstance(part.images, Features):
            return Features(part.images.patches.to(device, non_blocking=True), part.images.grid), tokens
        return part.images.to(device, non_blocking=True), tokens

    def _autocast(self) -> AbstractContextManager[Any]:
        return autocast(self.model.device, self.run.training.precision)

    def _synchronised(self, last: bool) -> AbstractContextManager[Any]:
        """Only the last part of a step makes the processes exchange gradients."""
        return nullcontext() if last else self.accelerator.no_sync(self.wrapped)

    def _update(self, rate: float) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["scale"]
        nn.utils.clip_grad_value_(self.parameters, self.run.training.clip_value)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.steps += 1
        if self.average is not None:
            self.average.update(self.model, self.steps)
