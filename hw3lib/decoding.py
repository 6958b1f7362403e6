"""Captions from a captioner: greedy, beam search, sampling, all over one preallocated cache.

Dimension letters: B rows (captions), I images, K beams, T caption tokens, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from hw3lib.captioner import Captioner, Memory
from hw3lib.tokenizer import CaptionTokenizer

# How many steps pass between two looks at which captions have ended. A look makes the host wait for the device;
# between looks ended rows ride along. 4 was as fast as never looking on a GPU, and nearly as lean as 1 on a CPU.
_LOOK_EVERY = 4

Choose = Callable[[Tensor], tuple[Tensor, Tensor]]  # log-probabilities (B, V) to tokens and their own (B,), (B,)


@dataclass(frozen=True)
class Caption:
    """A finished caption."""

    tokens: list[int]  # [BOS] first; [EOS] last when it was reached
    text: str
    log_probs: list[float]  # natural logarithm, one per token after [BOS]


@torch.inference_mode()
def greedy(
    model: Captioner, memory: Memory, tokenizer: CaptionTokenizer, max_length: int | None = None
) -> list[Caption]:
    """The likeliest token at each step, for a batch of images at once."""

    def likeliest(log_probs: Tensor) -> tuple[Tensor, Tensor]:
        best = log_probs.max(-1)
        return best.indices, best.values

    return _extend(model, memory, tokenizer, max_length, likeliest)


@torch.inference_mode()
def sample(
    model: Captioner,
    memory: Memory,
    tokenizer: CaptionTokenizer,
    max_length: int | None = None,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float = 1.0,
    generator: torch.Generator | None = None,
    samples: int = 1,
) -> list[Caption]:
    """Draw each token at random: the ``top_k`` likeliest, then the nucleus of mass ``top_p`` (Holtzman et al. 2020).

    ``log_probs`` are the model's own, before temperature and truncation. A ``temperature`` of 0 is greedy.
    """
    if temperature < 0 or not 0 < top_p <= 1 or (top_k is not None and top_k < 1):
        raise ValueError(f"temperature {temperature}, top_k {top_k}, top_p {top_p}: want >= 0, >= 1, (0, 1]")
    memory = Memory(memory.tokens.repeat_interleave(samples, 0), memory.grid)
    if temperature == 0:
        return greedy(model, memory, tokenizer, max_length)

    def draw(log_probs: Tensor) -> tuple[Tensor, Tensor]:
        scores, order = (log_probs / temperature).sort(-1, descending=True)
        if top_k is not None:
            scores[:, top_k:] = -torch.inf
        mass = scores.softmax(-1)
        scores[mass.cumsum(-1) - mass >= top_p] = -torch.inf  # the first is always kept
        drawn = torch.multinomial(scores.softmax(-1), 1, generator=generator)
        tokens = order.gather(-1, drawn)
        return tokens[:, 0], log_probs.gather(-1, tokens)[:, 0]

    return _extend(model, memory, tokenizer, max_length, draw)


def _extend(
    model: Captioner, memory: Memory, tokenizer: CaptionTokenizer, max_length: int | None, choose: Choose
) -> list[Caption]:
    """Grow one caption per image by ``choose`` until all have ended; ended ones leave the batch."""
    images, device = memory.tokens.shape[0], memory.tokens.device
    limit = _limit(model, max_length)
    allowed = allowed_tokens(model, tokenizer)
    cache = model.start(memory, images, limit)
    tokens = torch.full((images, limit), tokenizer.pad, device=device)
    log_probs = torch.zeros(images, limit, device=device)
    tokens[:, 0] = tokenizer.bos
    rows = torch.arange(images, device=device)  # which caption each row of the cache belongs to
    ended = torch.zeros(images, dtype=torch.bool, device=device)
    for position in range(1, limit):
        logits = model.step(tokens[rows, position - 1], cache).float()
        chosen, scores = choose((logits + allowed).log_softmax(-1))
        tokens[rows, position] = chosen.where(~ended, tokenizer.pad)
        log_probs[rows, position] = scores.where(~ended, 0.0)
        ended |= chosen == tokenizer.eos
        if position % _LOOK_EVERY == 0:
            going = (~ended).nonzero()[:, 0]
            if not len(going):
                break
            if len(going) < len(rows):
                cache.keep(going, going)
                rows, ended = rows[going], ended[going]
    return [_caption(tokenizer, row, scores) for row, scores in zip(tokens.tolist(), log_probs.tolist(), strict=True)]


@torch.inference_mode()
def beam(
    model: Captioner,
    memory: Memory,
    tokenizer: CaptionTokenizer,
    max_length: int | None = None,
    beams: int = 3,
    length_penalty: float = 0.7,
) -> list[Caption]:
    """Beam search; a caption's score is its log-probability over ``length ** length_penalty`` (Wu et al. 2016, alpha).

    ``length`` counts the tokens after [BOS]; 0 prefers short captions, 1 is the mean per token. An image's search
    ends when no open beam can overtake its best ended one, or at ``max_length``. One beam is greedy decoding.
    """
    if beams < 1:
        raise ValueError(f"{beams} beams: want at least 1")
    if beams == 1:  # the search below would go on past the greedy caption's end, in case a longer one scores higher
        return greedy(model, memory, tokenizer, max_length)
    images, device = memory.tokens.shape[0], memory.tokens.device
    limit = _limit(model, max_length)
    allowed = allowed_tokens(model, tokenizer)
    cache = model.start(memory, images * beams, limit)
    tokens = torch.full((images, beams, limit), tokenizer.pad, device=device)
    log_probs = torch.zeros(images, beams, limit, device=device)
    tokens[..., 0] = tokenizer.bos
    totals = torch.full((images, beams), -torch.inf, device=device)
    totals[:, 0] = 0.0  # all beams start equal: only the first may branch
    index = torch.arange(images, device=device)  # which image each group of rows belongs to
    best_score = torch.full((images,), -torch.inf, device=device)
    best_tokens, best_log_probs = tokens[:, 0].clone(), log_probs[:, 0].clone()

    for position in range(1, limit):
        logits = model.step(tokens[index, :, position - 1].flatten(), cache).float()
        scores = (logits + allowed).log_softmax(-1).unflatten(0, (-1, beams))  # (I, K, V)
        # Twice as many as needed: at most K of them are [EOS], which leave the beam.
        totals, flat = (totals[..., None] + scores).flatten(1).topk(min(2 * beams, scores[0].numel()))  # (I, 2K)
        source, token = flat // scores.shape[-1], flat % scores.shape[-1]
        step_log_probs = scores.flatten(1).gather(-1, flat)
        ends = (token == tokenizer.eos) | (position == limit - 1)

        finished = (totals / position**length_penalty).masked_fill(~ends, -torch.inf)
        score, which = finished.max(-1)
        better = score > best_score[index]
        winner = source.gather(1, which[:, None])[:, 0]
        for kept, history, new in ((best_tokens, tokens, token), (best_log_probs, log_probs, step_log_probs)):
            candidate = history[index, winner].clone()
            candidate[:, position] = new.gather(1, which[:, None])[:, 0]
            kept[index] = candidate.where(better[:, None], kept[index])
        best_score[index] = score.where(better, best_score[index])

        # The K best that go on; the sort is stable, so that equal scores keep their order.
        totals, order = totals.masked_fill(ends, -torch.inf).sort(dim=-1, descending=True, stable=True)
        totals, order = totals[:, :beams], order[:, :beams]
        source = source.gather(1, order)
        for history, new in ((tokens, token), (log_probs, step_log_probs)):
            moved = history[index[:, None], source].clone()
            moved[..., position] = new.gather(1, order)
            history[index] = moved
        groups = torch.arange(len(index), device=device)
        cache.reorder((groups[:, None] * beams + source).flatten())

        if position % _LOOK_EVERY == 0:
            # Log-probabilities only fall: an open beam can at best keep its total at the length that favours it.
            reach = (limit - 1 if length_penalty > 0 else position) ** length_penalty
            going = (totals[:, 0] / reach > best_score[index]).nonzero()[:, 0]
            if not len(going):
                break
            if len(going) < len(index):
                each = torch.arange(beams, device=device)
                cache.keep((going[:, None] * beams + each).flatten(), going)
                index, totals = index[going], totals[going]
    return [
        _caption(tokenizer, row, scores)
        for row, scores in zip(best_tokens.tolist(), best_log_probs.tolist(), strict=True)
    ]


def _limit(model: Captioner, max_length: int | None) -> int:
    limit = min(max_length or model.max_length, model.max_length)
    if limit < 2:
        raise ValueError(f"max_length {max_length}: a caption has at least [BOS] and one token")
    return limit


def allowed_tokens(model: Captioner, tokenizer: CaptionTokenizer) -> Tensor:
    """Added to the logits (V,): padding, [UNK] and a second [BOS] are no part of a caption."""
    mask = torch.zeros(model.vocabulary_size, device=model.device)
    mask[[tokenizer.pad, tokenizer.unk, tokenizer.bos]] = -torch.inf
    return mask


def _caption(tokenizer: CaptionTokenizer, row: list[int], log_probs: list[float]) -> Caption:
    length = row.index(tokenizer.pad) if tokenizer.pad in row else len(row)
    tokens = row[:length]
    return Caption(tokens, tokenizer.decode(tokens), log_probs[1:length])
