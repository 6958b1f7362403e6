"""Captions to scores: CIDEr, BLEU, ROUGE-L, METEOR (pycocoevalcap's), CLIPScore, RefCLIPScore, CHAIR, object recall.

Predictions are read from a JSON file ``{"<image name without ending>": "<caption>"}``, whose keys must be exactly the
images of the annotation file (COCO's captions JSON).
"""

from __future__ import annotations

import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hw3lib.data.language import Language
from hw3lib.data.predictions import check_names
from hw3lib.metrics import chair
from hw3lib.metrics.cider import CiderReferences
from hw3lib.metrics.clip_score import CLIPSCORE_PREFIX, clip_scores, ref_clip_scores
from hw3lib.metrics.ptb import Tokenizer, java_command
from hw3lib.system import children
from hw3lib.system.errors import UserError
from hw3lib.system.messages import counted

if TYPE_CHECKING:
    from torch import Tensor

    from hw3lib.models.clip import ClipModel

_ALIGNED = 200  # words of a caption that METEOR looks at; people's captions have 10, the captioners' 64 at the most


@dataclass(frozen=True)
class Scores:
    """Scores of a set of captions, by metric, and of each image, by its name and then by metric."""

    scores: dict[str, float]  # of the set, by metric
    per_image: dict[str, dict[str, int | float]]  # by image, then by metric; counts of objects besides


class References:
    """Reference captions by image name: tokenised once, counted once for CIDEr, embedded once for RefCLIPScore."""

    def __init__(self, captions: Mapping[str, Sequence[str]], language: Language | None = None) -> None:
        """``language`` is the captions', English when not given: the metrics count its words.

        Raises :class:`UserError` for an image without a caption, and when Java is not to be had."""
        silent = [name for name, group in captions.items() if not group]
        if silent:
            raise UserError(f"{counted(silent, 'image')} {'has' if len(silent) == 1 else 'have'} no reference caption")
        self.captions = {name: list(group) for name, group in captions.items()}
        self.language = language or Language()
        self._tokenizer = tokenizer_of(self.language)
        flat = iter(self._tokenizer([caption for group in self.captions.values() for caption in group]))
        self.tokens = {name: [next(flat) for _ in group] for name, group in self.captions.items()}
        self._features: dict[tuple[ClipModel, str], Tensor] = {}

    def __len__(self) -> int:
        return len(self.captions)

    @cached_property
    def _counted(self) -> CiderReferences:
        return CiderReferences(list(self.tokens.values()))

    def tokenise(self, predictions: Mapping[str, str]) -> dict[str, str]:
        """The predictions' tokens in the references' order.

        Raises :class:`UserError` unless their images are exactly the references'.
        """
        check_names(predictions, self.captions, "the predictions", "the references")
        tokens = self._tokenizer([predictions[name] for name in self.captions])
        return dict(zip(self.captions, tokens, strict=True))

    def cider(self, predictions: Mapping[str, str]) -> tuple[float, dict[str, float]]:
        """CIDEr-D of the set and of every image, as pycocoevalcap computes it (Vedantam et al. 2015).

        An image's value depends on the whole set, since words count by how rare they are in it: the CIDEr of some of
        the images, scored by themselves, can be compared neither with the set's nor with the mean of their values
        here. Raises :class:`UserError` for other images than the references' and for a set of one image, where all
        words would weigh nothing.
        """
        scores = self._counted.score(list(self.tokenise(predictions).values()))
        return sum(scores) / len(scores), dict(zip(self.captions, scores, strict=True))

    def embedded(self, clip: ClipModel, prefix: str = "") -> Tensor:
        """Features of all references, image by image, with the prefix before each: ``(R, D)``, computed once."""
        if (clip, prefix) not in self._features:
            texts = [prefix + caption for group in self.captions.values() for caption in group]
            self._features[clip, prefix] = clip.embed_texts(texts)
        return self._features[clip, prefix]


def tokenizer_of(language: Language) -> Callable[[Sequence[str]], list[str]]:
    """What makes tokens of captions, joined by single spaces: PTB's for English, else the language's words."""
    if language.english:
        return Tokenizer()
    return lambda captions: [" ".join(language.tokens(caption)) for caption in captions]


def announcement(language: Language) -> str:
    """What the metrics count in captions of a language, and which metrics it rules out; ends with a full stop.

    METEOR would take ``-l other``: without stems, synonyms and paraphrases that is another measure of the same name.
    """
    told = f"{language.told[0].upper()}{language.told[1:]}."
    if language.english:
        return told
    words = {"jieba": "jieba's words", "characters": "characters" if language.spaceless else "words"}
    return (
        f"{told} CIDEr, BLEU and ROUGE-L count {words[language.segmenter]}; METEOR, CHAIR and object recall "
        "are left out: their lists of words are English."
    )


@contextmanager
def meteor(language: Language | None = None) -> Iterator[Any]:
    """pycocoevalcap's METEOR process; none for another language than English.

    It reads its tables for some seconds, which other work can go on beside.
    """
    if language and not language.english:
        yield None
        return
    import pycocoevalcap.meteor.meteor as theirs

    jar = Path(theirs.__file__).with_name(theirs.METEOR_JAR)
    # As theirs, but with our Java and its own settings.
    command = java_command(jar, "-Xmx2G", "Meteor", "-", "-", "-stdio", "-l", "en", "-norm")
    process = theirs.Meteor.__new__(theirs.Meteor)
    process.lock = threading.Lock()
    with tempfile.TemporaryFile() as errors:  # what it says there fills a pipe that nobody reads, until it waits
        piped = subprocess.PIPE
        process.meteor_p = subprocess.Popen(
            command, cwd=jar.parent, stdin=piped, stdout=piped, stderr=errors, env=children.environment()
        )
        process.errors = errors
        try:
            yield process
        finally:
            process.meteor_p.kill()
            with suppress(OSError):
                process.meteor_p.stdin.close()
            if process.lock.locked():  # by a call that failed: its own clean-up would wait for the lock for ever
                process.lock.release()


def score(
    predictions: Mapping[str, str],
    references: References,
    clip: ClipModel | None = None,
    images: Mapping[str, str | Path] | None = None,
    objects: chair.Objects | None = None,
    process: Any = None,
    overlap: bool = True,
) -> Scores:
    """Every score that the material and its language allow; BLEU, ROUGE-L and METEOR only with ``overlap``.

    With ``clip`` and ``images`` (name -> file) CLIPScore and RefCLIPScore, without and with the paper's prefix; with
    ``objects`` CHAIR and object recall, and the counts behind them for each image. ``process`` is a :func:`meteor` to
    share between calls. Raises :class:`UserError` for differing names and for a single image.
    """
    language = references.language
    if process is None and overlap and language.english:
        with meteor() as process:
            return score(predictions, references, clip, images, objects, process)
    cider, per_image_cider = references.cider(predictions)
    per_image: dict[str, dict[str, int | float]] = {name: {"CIDEr": value} for name, value in per_image_cider.items()}
    scores: dict[str, float] = {"CIDEr": cider}
    if clip is not None and images is not None:
        for key, values in _clip_scores(predictions, references, clip, images).items():
            scores[key] = sum(values) / len(values)
            for name, value in zip(per_image, values, strict=True):
                per_image[name][key] = value
    if overlap:
        scores |= _overlap(references.tokenise(predictions), references.tokens, process)
    if objects is not None and language.english:
        counts = chair.object_counts(predictions, objects, references.captions)
        scores |= chair.summed(counts)
        for name, image_counts in counts.items():
            per_image[name] |= image_counts
    return Scores(scores, per_image)


def _clip_scores(
    predictions: Mapping[str, str], references: References, clip: ClipModel, images: Mapping[str, str | Path]
) -> dict[str, list[float]]:
    """CLIPScore and RefCLIPScore of every image, in the references' order, by the names of :func:`score`."""
    counts = [len(group) for group in references.captions.values()]
    image_features = clip.embed_images([images[name] for name in references.captions])
    plain, with_references = {}, {}
    for kind, prefix in (("", ""), (" (prefix)", CLIPSCORE_PREFIX)):
        text_features = clip.embed_texts([prefix + predictions[name] for name in references.captions])
        scores = clip_scores(image_features, text_features)
        plain[f"CLIPScore{kind}"] = scores.tolist()
        embedded = references.embedded(clip, prefix)
        with_references[f"RefCLIPScore{kind}"] = ref_clip_scores(scores, text_features, embedded, counts).tolist()
    return plain | with_references


def _overlap(hypotheses: Mapping[str, str], references: Mapping[str, Sequence[str]], process: Any) -> dict[str, float]:
    """BLEU-1 to -4, ROUGE-L and, where there is a process, METEOR of tokenised captions, by pycocoevalcap."""
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.rouge.rouge import Rouge

    # "|||" parts the fields of what METEOR's process reads: a caption must not be able to hold it.
    truth = {name: [text.replace("|||", "") for text in group] for name, group in references.items()}
    captions = {name: [text.replace("|||", "")] for name, text in hypotheses.items()}
    # METEOR takes minutes and 2 GB to align thousands of words, and then gives up.
    short = [
        {name: [" ".join(text.split()[:_ALIGNED]) for text in group] for name, group in texts.items()}
        for texts in (truth, captions)
    ]
    bleu, _ = Bleu(4).compute_score(truth, captions, verbose=0)
    rouge, _ = Rouge().compute_score(truth, captions)
    scores = {**{f"BLEU-{n}": float(value) for n, value in enumerate(bleu, 1)}, "ROUGE-L": float(rouge)}
    if process is None:
        return scores
    try:
        score, _ = process.compute_score(*short)
    except (ValueError, OSError) as error:  # it has no more to say, or does not listen any more
        with suppress(subprocess.TimeoutExpired):  # a process that still runs has said something else than a number
            process.meteor_p.wait(5)
        process.errors.seek(0)
        reason = children.last_words(process.meteor_p.poll(), process.errors.read())
        raise UserError(f"METEOR's Java failed while it scored {len(captions)} captions: {reason} ({error})") from None
    return scores | {"METEOR": score}
