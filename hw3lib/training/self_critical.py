"""Self-critical sequence training: captions are drawn, and made likelier or less likely by their CIDEr.

Rennie et al. 2017, "Self-critical Sequence Training for Image Captioning". What a sample's reward is compared with is
not the greedy caption's but the mean of the image's other samples' (Luo 2020, "A Better Variant of Self-Critical
Sequence Training"), which costs no second decoding. The end of a caption counts as a word of its n-grams: otherwise
captions learn to stop after "on a", where the next word might be wrong (Hu et al. 2022, "A request for clarity over the
End of Sequence token in the Self-Critical Sequence Training").

Dimension letters: I images, K samples of each, B = I * K captions, T tokens, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor

from hw3lib.data.language import Language
from hw3lib.metrics.cider import CiderReferences
from hw3lib.metrics.ptb import Tokenizer, presumed
from hw3lib.metrics.scoring import tokenizer_of
from hw3lib.models.decoding import Caption

END = " [EOS]"  # no token of the PTB tokenizer's looks like it


class Rewards:
    """CIDEr-D of any captions of the training images; words weigh by how rare they are among all their references.

    Java is started once, for the references: words that they lack are taken as they stand
    (:func:`hw3lib.metrics.ptb.presumed`), so that a reward depends on nothing else and an interrupted run pays the same
    ones.
    """

    def __init__(self, references: Sequence[Sequence[str]], language: Language | None = None) -> None:
        """``references[i]`` are the captions of image ``i``, in English or another ``language``.

        Raises :class:`UserError` without Java, which English needs.
        """
        tokenizer = tokenizer_of(language or Language())
        flat = iter(tokenizer([caption for group in references for caption in group]))
        self._tokens: Callable[[Sequence[str]], list[str]] = tokenizer
        if isinstance(tokenizer, Tokenizer):
            self._tokens = partial(presumed, known=tokenizer.known())
        self._cider = CiderReferences([[next(flat) + END for _ in group] for group in references])

    def __call__(self, images: Sequence[int], captions: Sequence[Caption], eos: int) -> Tensor:
        """The reward of each caption of image ``images[b]``, ``(B,)``, from 0 up; a cut caption has no end."""
        texts = self._tokens([caption.text for caption in captions])
        ended = [
            text + END if caption.tokens[-1] == eos else text for text, caption in zip(texts, captions, strict=True)
        ]
        return torch.tensor(self._cider.score_pairs(images, ended), dtype=torch.float32)


def advantages(rewards: Tensor, samples: int) -> Tensor:
    """How much better each of B = I * K captions is than the mean of its image's other K - 1: ``(B,)``."""
    groups = rewards.view(-1, samples)  # (I, K)
    others = (groups.sum(1, keepdim=True) - groups) / (samples - 1)
    return (groups - others).flatten()


def policy_loss(logits: Tensor, tokens: Tensor, advantage: Tensor, banned: Tensor, pad: int) -> Tensor:
    """REINFORCE's loss, the mean over captions: its gradient is that of the expected reward, negated.

    ``logits`` (B, T - 1, V) of reading ``tokens`` (B, T); ``banned`` are the tokens that are never drawn.
    """
    log_probs = logits.float().index_fill(-1, banned, -torch.inf).log_softmax(-1)
    chosen = log_probs.gather(-1, tokens[:, 1:, None])[..., 0]  # (B, T - 1)
    # Padding is banned, its logarithm -inf: it is replaced, not multiplied.
    padding = tokens[:, 1:] == pad
    return -(advantage[:, None] * chosen.masked_fill(padding, 0.0)).sum() / len(tokens)
