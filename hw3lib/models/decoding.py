"""Captions from a captioner: greedy, beam search, sampling, all over one preallocated cache.

Dimension letters: B captions, I images, K beams, T caption tokens, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from hw3lib.data.tokenizer import CaptionTokenizer
from hw3lib.models.captioner import Captioner, Memory
from hw3lib.models.kv_cache import read, start, step
from hw3lib.models.packed_weights import PackedWeights

# How many steps pass between two checks of which captions have ended. A check makes the host wait for the device;
# between checks ended captions ride along. 4 is nearly as lean as 1 on a CPU.
_CHECK_EVERY = 4

# Tokens that are guessed before they are judged. Twenty rows at once take twice as long as one.
_GUESSES = 20

Choose = Callable[[Tensor], tuple[Tensor, Tensor]]  # logits (B, V) to tokens and their log-probabilities (B,), (B,)


@dataclass(frozen=True)
class Caption:
    """A finished caption."""

    tokens: list[int]  # [BOS] first; [EOS] last when it was reached
    text: str
    log_probs: list[float]  # natural logarithm, one per token after [BOS]


@torch.inference_mode()
def greedy(
    model: Captioner,
    memory: Memory,
    tokenizer: CaptionTokenizer,
    max_length: int | None = None,
    weights: PackedWeights | None = None,
) -> list[Caption]:
    """The likeliest token at each step, for a batch of images at once.

    ``weights`` are the model's, made once by whoever decodes several batches; else they are laid out for this one.
    Given such, single images have their tokens guessed in 8 bits, then all judged at once (:func:`_speculate`).
    Where they are ``compiled``, a step is one graph (a CUDA graph on a GPU). It takes a compiler and, for each new
    number of images, the time to compile: for many batches of one size. Two threads must not do it at once.

    >>> from types import SimpleNamespace
    >>> from hw3lib import config
    >>> tiny = {"embed_dim": 16, "depth": 1, "num_heads": 1}
    >>> encoder = config.Encoder(name="vit_tiny_patch16_224", weights="none", image_size=32, arguments=tiny)
    >>> decoder = config.Decoder(layers=2, heads=2, feed_forward=8)
    >>> model = Captioner(config.Run(title="tiny", encoder=encoder, decoder=decoder), vocabulary_size=20).eval()
    >>> tokenizer = SimpleNamespace(pad=0, unk=1, bos=2, eos=3, decode=lambda tokens: "...")
    >>> caption = greedy(model, model.encode(torch.zeros(1, 3, 32, 32)), tokenizer, max_length=5)[0]
    >>> caption.tokens[0], len(caption.log_probs) == len(caption.tokens) - 1
    (2, True)
    """

    def likeliest(logits: Tensor) -> tuple[Tensor, Tensor]:
        best = logits.log_softmax(-1).max(-1)
        return best.indices, best.values

    if weights and len(memory.tokens) == 1 and (draft := weights.draft()):
        return [_speculate(model, memory, tokenizer, max_length, likeliest, weights, draft)]
    return _extend(model, memory, tokenizer, max_length, likeliest, 1, weights)


def _speculate(
    model: Captioner,
    memory: Memory,
    tokenizer: CaptionTokenizer,
    max_length: int | None,
    likeliest: Choose,
    weights: PackedWeights,
    draft: PackedWeights,
) -> Caption:
    """The greedy caption of one image, by speculative decoding (Leviathan et al. 2023): the very tokens of ``weights``.

    A step for a single row takes as long as the decoder's weights take to be read. So ``draft``, a quarter of the size,
    says some tokens, ``weights`` read all of them at once, and what they would have said otherwise ends the guess.
    """
    limit, banned = _limit(model, max_length), banned_tokens(tokenizer, memory.tokens.device)
    judge, guesser = start(weights, memory, 1, limit), start(draft, memory, 1, limit)
    tokens, log_probs = [tokenizer.bos], []
    while len(tokens) < limit and tokens[-1] != tokenizer.eos:
        newest, guesses = torch.tensor(tokens[-1:]), tokens[-1:]
        base = len(tokens) - 1  # tokens that both have read
        while len(guesses) <= min(_GUESSES, limit - len(tokens)) and guesses[-1] != tokenizer.eos:
            newest = step(newest, guesser).index_fill_(-1, banned, -torch.inf).argmax(-1)
            guesses.append(int(newest))
        chosen, scores = likeliest(read(torch.tensor(guesses[:-1]), judge).index_fill_(-1, banned, -torch.inf))
        right = [guess == token for guess, token in zip(guesses[1:], chosen.tolist(), strict=True)]
        count = right.index(False) + 1 if False in right else len(right)
        tokens += chosen[:count].tolist()
        log_probs += scores[:count].tolist()
        judge.length = guesser.length = base + count
    return Caption(tokens, tokenizer.decode(tokens), log_probs)


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
    weights: PackedWeights | None = None,
) -> list[Caption]:
    """Draw each token at random: the ``top_k`` likeliest, then the nucleus of mass ``top_p`` (Holtzman et al. 2020).

    An image's ``samples`` follow one another. ``log_probs`` are the model's own, before temperature and truncation. A
    ``temperature`` of 0 is greedy. For ``weights`` see :func:`greedy`.
    """
    if temperature < 0 or not 0 < top_p <= 1 or (top_k is not None and top_k < 1):
        raise ValueError(f"temperature {temperature}, top_k {top_k}, top_p {top_p}: want >= 0, >= 1, (0, 1]")
    if samples < 1:
        raise ValueError(f"{samples} samples: want at least 1")
    if temperature == 0:
        likeliest = greedy(model, memory, tokenizer, max_length, weights)
        return [caption for caption in likeliest for _ in range(samples)]

    def draw(logits: Tensor) -> tuple[Tensor, Tensor]:
        log_probs = logits.log_softmax(-1)
        scores, order = logits / temperature, None
        if top_k is not None and top_k < scores.shape[-1]:
            scores, order = scores.topk(top_k)
        elif top_p < 1:
            scores, order = scores.sort(-1, descending=True)
        masses = scores.softmax(-1)
        if top_p < 1:
            before = _running_sum(masses) - masses
            masses = masses.masked_fill(before >= top_p, 0.0)  # the first is always kept
        drawn = _draw(masses, generator)
        tokens = drawn if order is None else order.gather(-1, drawn)
        return tokens[:, 0], log_probs.gather(-1, tokens)[:, 0]

    return _extend(model, memory, tokenizer, max_length, draw, samples, weights)


def _draw(masses: Tensor, generator: torch.Generator | None) -> Tensor:
    """One index of each row (B, 1), as often as its share of the row's sum, by inverting the distribution.

    One random number for each row: ``torch.multinomial`` draws one for each entry, which took longer than the decoder.
    """
    total = _running_sum(masses)
    point = torch.rand(len(masses), 1, device=masses.device, generator=generator) * total[:, -1:]
    below = torch.nextafter(total[:, -1:], torch.zeros_like(point))  # rounding must not reach beyond the last mass
    return torch.searchsorted(total, torch.minimum(point, below), right=True)  # the first whose sum exceeds the point


def _running_sum(masses: Tensor) -> Tensor:
    """Of each row (B, V) of shares of 1, its cumulative sum."""
    return _fixed_point_sum(masses) if masses.is_cuda else masses.cumsum(-1)


def _fixed_point_sum(masses: Tensor) -> Tensor:
    """The cumulative sum in integers (units of 2 ** -50, far below float32's): the same in whatever order it is made.

    A GPU's of floating-point numbers may change from run to run; torch refuses it where results are to be reproducible.
    """
    unit = 2.0**50
    return (masses.double() * unit).long().cumsum(-1).double().div_(unit).to(masses.dtype)


def _extend(
    model: Captioner,
    memory: Memory,
    tokenizer: CaptionTokenizer,
    max_length: int | None,
    choose: Choose,
    samples: int,
    weights: PackedWeights | None,
) -> list[Caption]:
    """Grow ``samples`` captions per image by ``choose`` until all have ended; an image leaves with its last."""
    captions, device = memory.tokens.shape[0] * samples, memory.tokens.device
    limit = _limit(model, max_length)
    banned = banned_tokens(tokenizer, device)
    weights = weights or PackedWeights(model)
    cache = start(weights, memory, captions, limit)
    tokens = torch.full((captions, limit), tokenizer.pad, device=device)
    log_probs = torch.zeros(captions, limit, device=device)
    tokens[:, 0] = tokenizer.bos
    newest = tokens[:, 0].contiguous()
    rows = torch.arange(captions, device=device)  # which caption each row of the cache belongs to
    ended = torch.zeros(captions, dtype=torch.bool, device=device)
    for position in range(1, limit):
        newest, scores = choose(step(newest, cache).index_fill_(-1, banned, -torch.inf))
        tokens[rows, position] = newest.where(~ended, tokenizer.pad)
        log_probs[rows, position] = scores.where(~ended, 0.0)
        ended |= newest == tokenizer.eos
        if position % _CHECK_EVERY == 0:
            going = _going(~ended.view(-1, samples).all(-1), weights.compiled)
            if not len(going):
                break
            if len(going) * samples < len(rows):
                groups = (going[:, None] * samples + torch.arange(samples, device=device)).flatten()  # their captions
                cache.select(groups, going)
                rows, ended, newest = rows[groups], ended[groups], newest[groups]
    return [_caption(tokenizer, row, scores) for row, scores in zip(tokens.tolist(), log_probs.tolist(), strict=True)]


@torch.inference_mode()
def beam(
    model: Captioner,
    memory: Memory,
    tokenizer: CaptionTokenizer,
    max_length: int | None = None,
    beams: int = 3,
    length_penalty: float = 0.7,
    weights: PackedWeights | None = None,
) -> list[Caption]:
    """Beam search; a caption's score is its log-probability over ``length ** length_penalty`` (Wu et al. 2016, alpha).

    ``length`` counts the tokens after [BOS]; 0 prefers short captions, 1 is the mean per token. An image's search
    ends when no open beam can overtake its best ended one, or at ``max_length``. One beam is greedy decoding. For
    ``weights`` see :func:`greedy`.
    """
    if beams < 1:
        raise ValueError(f"{beams} beams: want at least 1")
    if beams == 1:  # the search below would go on past the greedy caption's end, in case a longer one scores higher
        return greedy(model, memory, tokenizer, max_length, weights)
    images, device = memory.tokens.shape[0], memory.tokens.device
    limit = _limit(model, max_length)
    banned = banned_tokens(tokenizer, device)
    weights = weights or PackedWeights(model)
    cache = start(weights, memory, images * beams, limit, beams)
    tokens = torch.full((images, beams, limit), tokenizer.pad, device=device)
    log_probs = torch.zeros(images, beams, limit, device=device)
    tokens[..., 0] = tokenizer.bos
    totals = torch.full((images, beams), -torch.inf, device=device)
    totals[:, 0] = 0.0  # all beams start equal: only the first may branch
    index = torch.arange(images, device=device)  # which image each group of rows belongs to
    best_score = torch.full((images,), -torch.inf, device=device)
    best_tokens, best_log_probs = tokens[:, 0].clone(), log_probs[:, 0].clone()

    for position in range(1, limit):
        logits = step(tokens[index, :, position - 1].flatten(), cache).index_fill_(-1, banned, -torch.inf)
        source, token, step_log_probs, totals = _best(logits, totals)  # (I, 2K)
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
        cache.reorder(source)

        if position % _CHECK_EVERY == 0:
            # Log-probabilities only fall: an open beam can at best keep its total at the length that favours it.
            reach = (limit - 1 if length_penalty > 0 else position) ** length_penalty
            going = _going(totals[:, 0] / reach > best_score[index], weights.compiled)
            if not len(going):
                break
            if len(going) < len(index):
                cache.select(going, going)
                index, totals = index[going], totals[going]
    return [
        _caption(tokenizer, row, scores)
        for row, scores in zip(best_tokens.tolist(), best_log_probs.tolist(), strict=True)
    ]


def _best(logits: Tensor, totals: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The best ways to go on from an image's beams: which beam, which token, its log-probability, the new total.

    All (I, 2K), best first, from ``logits`` (I * K, V) and ``totals`` (I, K). Twice as many as needed: at most K of
    them are [EOS], which leave the beam.
    """
    images, beams = totals.shape
    scores = logits.log_softmax(-1)
    wanted = min(2 * beams, scores.shape[-1])
    scores, token = scores.topk(wanted)  # of each beam alone first: adding totals to all would be another (B, V)
    scores, token = scores.view(images, -1), token.view(images, -1)  # (I, K * 2K)
    totals = totals.repeat_interleave(wanted, 1) + scores
    totals, flat = totals.topk(min(2 * beams, totals.shape[1]))
    return flat // wanted, token.gather(1, flat), scores.gather(1, flat), totals


def _going(alive: Tensor, halves: bool) -> Tensor:
    """The images that stay (ascending), given which must (I,): the one place where the host waits for the device.

    With ``halves`` some others stay too, so that the batch has few sizes (a compiled step is one for each size).
    """
    going = alive.nonzero()[:, 0]
    if not halves or not len(going):
        return going
    size = len(alive)
    while size // 2 >= len(going):
        size //= 2
    return alive.sort(descending=True, stable=True).indices[:size].sort().values


def _limit(model: Captioner, max_length: int | None) -> int:
    limit = min(max_length or model.max_length, model.max_length)
    if limit < 2:
        raise ValueError(f"max_length {max_length}: a caption has at least [BOS] and one token")
    return limit


def banned_tokens(tokenizer: CaptionTokenizer, device: torch.device) -> Tensor:
    """What is never chosen: padding, [UNK] and a second [BOS] are no part of a caption."""
    return torch.tensor([tokenizer.pad, tokenizer.unk, tokenizer.bos], device=device)


def _caption(tokenizer: CaptionTokenizer, row: list[int], log_probs: list[float]) -> Caption:
    length = row.index(tokenizer.pad) if tokenizer.pad in row else len(row)
    tokens = row[:length]
    return Caption(tokens, tokenizer.decode(tokens), log_probs[1:length])
