"""How training judges itself: the loss and greedy captions of the validation images, their CIDEr and CLIPScore.

Dimension letters: I images, B captions, T tokens, P patches, D model width, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

from hw3lib import paths
from hw3lib.config import Decoding, Profile
from hw3lib.data.caption_set import CaptionSet
from hw3lib.data.language import Language
from hw3lib.data.loader import Images, padded
from hw3lib.data.tokenizer import CaptionTokenizer
from hw3lib.metrics.clip_score import clip_scores
from hw3lib.metrics.scoring import References
from hw3lib.models.captioner import Captioner, Features, Memory
from hw3lib.models.clip import ClipModel
from hw3lib.models.decoding import Caption
from hw3lib.models.inference import BatchDecoder, encoded, tf32
from hw3lib.system.messages import Say, silence
from hw3lib.training import frozen_features

if TYPE_CHECKING:
    from accelerate import Accelerator

BATCH = 64  # images at a time where nothing is learned
Score = Callable[[dict[str, str]], dict[str, float]]  # captions by image name to CIDEr and CLIPScore


def scorer(profile: Profile, captions: CaptionSet, language: Language, device: str) -> Score:
    """CIDEr of captions of these images and, where the profile has a CLIP, CLIPScore.

    References and image features are prepared once, here.
    """
    clip = ClipModel.load(profile.clip, device) if profile.clip else None
    images = clip.embed_images(list(captions.files)) if clip else None
    references = References(dict(zip(captions.names, captions.captions, strict=True)), language)

    def score(predictions: dict[str, str]) -> dict[str, float]:
        scores = {"CIDEr": float(references.cider(predictions)[0])}
        if clip is not None and images is not None:
            texts = clip.embed_texts([predictions[name] for name in captions.names])
            scores["CLIPScore"] = float(clip_scores(images, texts).mean())
        return scores

    return score


@torch.inference_mode()
def evaluate(
    model: Captioner,
    images: Images,
    captions: CaptionSet,
    tokenizer: CaptionTokenizer,
    indices: Sequence[int],
    size: int,
    decoding: Decoding | None = None,
    features: frozen_features.Frozen | None = None,
) -> tuple[dict[str, Caption], float, int]:
    """Captions of the images at ``indices``, and the summed loss over their references with its token count.

    Each image is encoded once for both, or not at all where there are ``features`` of all ``images``. Leaves the model
    in evaluation mode.
    """
    model.eval()
    compiled = model.run.training.compile and model.device.type == "cuda"
    decode = BatchDecoder(model, tokenizer, decoding, compiled)
    decoded: dict[str, Caption] = {}
    loss, count = 0.0, 0
    done = 0
    kept = None if features is None else _remembered(model, features, size, indices)
    for memory in kept or encoded(model, images, size, indices):
        chosen = indices[done : done + memory.tokens.shape[0]]
        done += len(chosen)
        for index, caption in zip(chosen, decode(memory), strict=True):
            decoded[captions.names[index]] = caption
        # One reference of each image at a time: images differ in how many they have.
        first = [tokenizer.encode(captions.captions[index][0])[: model.max_length] for index in chosen]
        tokens = padded(first, tokenizer.pad).to(model.device)
        logits = model(memory, tokens[:, :-1])
        loss += float(next_token_loss(logits, tokens, tokenizer.pad, reduction="sum"))
        count += int((tokens[:, 1:] != tokenizer.pad).sum())
    return decoded, loss, count


def _remembered(
    model: Captioner, features: frozen_features.Frozen, size: int, indices: Sequence[int]
) -> Iterator[Memory]:
    for start in range(0, len(indices), size):
        patches, grid = features.batch(indices[start : start + size])
        yield model.remember(Features(patches.to(model.device), grid))


@dataclass
class Validation:
    """Images to be captioned, with what they are judged by; of several processes each does its share."""

    images: Images
    captions: CaptionSet
    tokenizer: CaptionTokenizer
    accelerator: Accelerator
    score: Score | None  # of the main process; none of test images, which training does not judge
    features: frozen_features.Frozen | None = field(default=None, init=False)  # of all images, by an encoder at rest

    def caption(
        self,
        model: Captioner,
        decoding: Decoding,
        indices: Sequence[int] | None = None,
        resting: bool = False,
        say: Say = silence,
    ) -> tuple[dict[str, str], float]:
        """Captions by image name of all images, or of those at ``indices``, and the mean loss (nats per token).

        ``resting``: the encoder is still the one that training began with, so that all images are encoded once, also
        for other runs that begin with it; ``say`` is told where that finds no room on the disk.
        """
        from accelerate.utils import gather_object

        chosen = range(len(self.captions)) if indices is None else indices
        mine = chosen[self.accelerator.process_index :: self.accelerator.num_processes]
        if not resting or len(chosen) < len(self.captions):
            self.features = None
        elif self.features is None:
            with tf32(model.device):
                cache = paths.cache("features")
                self.features = frozen_features.frozen(model, self.images, "float32", BATCH, cache, say)
        share = evaluate(model, self.images, self.captions, self.tokenizer, mine, BATCH, decoding, self.features)
        shares = gather_object([share])
        merged = {name: caption.text for decoded, _, _ in shares for name, caption in decoded.items()}
        texts = {name: merged[name] for name in self.captions.names if name in merged}
        return texts, sum(loss for _, loss, _ in shares) / sum(count for _, _, count in shares)

    def scores(self, texts: dict[str, str]) -> dict[str, float]:
        """Their scores, the same on all processes."""
        from accelerate.utils import broadcast_object_list

        shared = [self.score(texts) if self.score else {}]
        broadcast_object_list(shared)
        return shared[0]


def next_token_loss(
    logits: Tensor, tokens: Tensor, ignore: int, smoothing: float = 0.0, reduction: str = "mean"
) -> Tensor:
    """Cross-entropy (nats) of ``tokens`` (B, T) after the first, under ``logits`` (B, T - 1, V); padding is ignored."""
    return F.cross_entropy(
        logits.float().flatten(0, 1),
        tokens[:, 1:].flatten(),
        ignore_index=ignore,
        label_smoothing=smoothing,
        reduction=reduction,
    )
