"""The caption tokenizer: a Hugging Face ``tokenizers`` file with [PAD] 0, [UNK] 1, [BOS] 2, [EOS] 3.

Dimension letters: T caption tokens, W words, V vocabulary.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import regex

from hw3lib import paths
from hw3lib.config import Captions, Segmenter
from hw3lib.data.captions import training_captions
from hw3lib.data.language import SPACELESS, Language, detect, language_words
from hw3lib.system.errors import UserError
from hw3lib.system.files import read_text, write_json
from hw3lib.system.messages import brief

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SPECIAL = ("[PAD]", "[UNK]", "[BOS]", "[EOS]")
_CONTINUES = "##"  # WordPiece's mark of a piece that continues a word
_STARTS = ("Ġ", "▁")  # byte-level's and SentencePiece's mark of a piece that starts one
_JOINERS = ("'", "’", "-")  # between two words without a space: isn't, t-shirt
_CLOSING = regex.compile(r"[.,!?;:%)\]}…、。！？，：；》」』】）،؛؟۔।॥]+")
_OPENING = ("(", "[", "{", "（", "《", "「", "『", "【")
_LETTERS = r"\p{L}\p{M}\p{N}\u200c\u200d"  # with the joiners of Persian and Indian scripts
_UNSPACED = regex.compile(f"[{SPACELESS}、。！？，：；《》「」『』【】（）]")
_PARTED = regex.compile(f"[^{_LETTERS}]")
_BYTES = 4  # of a character, at most
_CLUSTER = regex.compile(r"\X")  # a character with its marks
# For the tokenizers library, whose regular expressions name scripts otherwise. "▁" stands for a space before.
_ISOLATED = "▁?(?:(?=[" + SPACELESS.replace("Script=", "") + f"])\\X|[^{_LETTERS}▁])"


class CaptionTokenizer:
    """Captions to token ids and back, and sub-words to words.

    >>> from tokenizers import Tokenizer, models, pre_tokenizers
    >>> vocabulary = {"[PAD]": 0, "[UNK]": 1, "[BOS]": 2, "[EOS]": 3, "two": 4, "bike": 5, "##s": 6}
    >>> file = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    >>> file.pre_tokenizer = pre_tokenizers.Whitespace()
    >>> tokenizer = CaptionTokenizer(file)
    >>> tokens = tokenizer.encode("Two bikes")
    >>> tokens
    [2, 4, 5, 6, 3]
    >>> tokenizer.words(tokens)
    [('[BOS]', [0]), ('two', [1]), ('bikes', [2, 3]), ('[EOS]', [4])]
    >>> tokenizer.decode(tokens)
    'two bikes'

    Also reads files that lack a decoder, that pad by themselves, or that hold no upper case (text is then
    lower-cased before encoding, or else every "A" would become [UNK]).
    """

    def __init__(self, tokenizer: Tokenizer, path: Path | None = None) -> None:
        from tokenizers import Tokenizer as HuggingFace

        # Copied, since padding is switched off; each caption is padded with its batch, by the trainer.
        self._tokenizer = HuggingFace.from_str(tokenizer.to_str())
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._tokenizer.encode_special_tokens = True  # "[EOS]" written in a caption is text
        self.path = path
        self.segmenter: Segmenter = "characters"  # whether Chinese characters are joined to jieba's words
        ids = [self._tokenizer.token_to_id(token) for token in SPECIAL]
        if ids != [0, 1, 2, 3]:
            raise UserError(f"{path or 'the tokenizer'} must have {', '.join(SPECIAL)} as 0 to 3, but has {ids}")
        self.pad, self.unk, self.bos, self.eos = 0, 1, 2, 3
        self.size = self._tokenizer.get_vocab_size()
        content = json.loads(self._tokenizer.to_str())
        model = content["model"]
        self._prefix = model.get("continuing_subword_prefix") or ""
        self._suffix = model.get("end_of_word_suffix") or ""
        tokens = set(self._tokenizer.get_vocab()) - set(SPECIAL)
        self._decodes = self._spells_otherwise(content)
        # Whether "A" can be spelled. The signs that byte-level files write other bytes with are capitals, too.
        letters = (letter for token in tokens - {f"<0x{byte:02X}>" for byte in range(256)} for letter in token)
        capitals = any(letter.isupper() and (letter.isascii() or not self._decodes) for letter in letters)
        self._lower = not capitals and "<0x41>" not in tokens
        marked = (content["decoder"] or {}).get("type") == "Metaspace" or any(
            token.startswith(_STARTS) for token in tokens
        )
        self._marked_start = not self._prefix and not self._suffix and marked
        steps = content["pre_tokenizer"] or {}
        self._signs_apart = any(step.get("type") == "Split" for step in steps.get("pretokenizers", ()))

    def _spells_otherwise(self, content: dict[str, Any]) -> bool:
        """Whether pieces are no text before the file's decoder has read them: bytes, above all.

        A file that lacks the decoder for its bytes is given it.
        """
        from tokenizers import decoders

        if content["decoder"] is None:
            steps = content["pre_tokenizer"] or {}
            if any(step.get("type") == "ByteLevel" for step in (steps, *steps.get("pretokenizers", ()))):
                self._tokenizer.decoder = decoders.ByteLevel()
            elif content["model"].get("byte_fallback"):
                spaces = decoders.Replace("▁", " ")
                self._tokenizer.decoder = decoders.Sequence([spaces, decoders.ByteFallback(), decoders.Fuse()])
            else:
                return False
            return True
        return content["decoder"]["type"] not in ("WordPiece", "BPEDecoder")

    @classmethod
    def load(cls, path: str | Path) -> CaptionTokenizer:
        """Read a tokenizers file; :class:`UserError` when it is missing or is something else."""
        from tokenizers import Tokenizer as HuggingFace

        path = Path(path)
        if not path.is_file():
            raise UserError(f"there is no tokenizer file {path}")
        form = f"{path} is not a file of the Hugging Face tokenizers library that can be used"
        remedy = "put the right one there, or take it away: one is trained from the captions then"
        try:
            tokenizer = cls(HuggingFace.from_str(read_text(path)), path)
            highest = max(tokenizer._tokenizer.get_vocab().values())
            if highest >= tokenizer.size:
                raise ValueError(f"it has {tokenizer.size} entries, and one of them is number {highest}")
            tokenizer.decode(tokenizer.encode("A dog (羊, 2) on a beach 🐕."))  # any text must be text to it
            return tokenizer
        except (UserError, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # the Rust library raises bare Exception, and its panics not even that
            raise UserError(f"{form} ({brief(error)}); {remedy}") from None

    @classmethod
    def train(
        cls, captions: Iterable[str], vocabulary_size: int, path: str | Path, language: Language | None = None
    ) -> CaptionTokenizer:
        """Train byte-pair encoding (Sennrich et al. 2016) on the captions.

        English in the format of the original file; other languages keep their spaces in the tokens (:func:`_spelling`).
        The ``language`` is found from the captions when it is not given.
        """
        captions = list(captions)
        language = language or Language(detect(captions))
        content = _english(captions, vocabulary_size) if language.english else _spelling(captions, vocabulary_size)
        write_json(path, content)
        return cls.load(path)

    def encode(self, text: str) -> list[int]:
        """Token ids from [BOS] to [EOS], whatever the file's own template is."""
        ids = self._tokenizer.encode(self._cased(text), add_special_tokens=False).ids
        return [self.bos, *ids, self.eos]

    def unknown_words(self, text: str) -> list[tuple[str, list[int]]]:
        """The words of a text that the vocabulary lacks, wholly or in part, as they were typed.

        Each with the places of its tokens, known pieces among them, in what :meth:`encode` gives.
        """
        text = self._cased(text)
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        # A file without a pre-tokenizer has one word in all.
        words: dict[tuple[int, int | None, int | None], list[int]] = {}
        for place, (span, word) in enumerate(zip(encoding.offsets, encoding.word_ids, strict=True)):
            spaces = len(text[: span[1]].split())
            # Where there are no spaces, each character is a word, but those that are unknown side by side are one.
            alone = span[0] if _UNSPACED.search(text, *span) and encoding.ids[place] != self.unk else None
            words.setdefault((spaces, word, alone), []).append(place)
        typed = []
        for places in words.values():
            if any(encoding.ids[place] == self.unk for place in places):
                start, end = encoding.offsets[places[0]][0], encoding.offsets[places[-1]][1]
                typed.append((text[start:end].strip(), [place + 1 for place in places]))
        return typed

    def _cased(self, text: str) -> str:
        return text.lower() if self._lower else text

    def decode(self, ids: Sequence[int]) -> str:
        """The caption without its special tokens: as the file's decoder spells it, else spaced as people write."""
        if self._decodes:
            kept = [token for token in ids if token not in (self.pad, self.bos, self.eos)]
            runs = (list(run) for _, run in groupby(kept, key=lambda token: token == self.unk or token >= self.size))
            return " ".join(" ".join(map(self._text, runs)).split())
        return spaced(word for word, tokens in self.words(ids) if ids[tokens[0]] not in (self.pad, self.bos, self.eos))

    def _text(self, ids: Sequence[int]) -> str:
        """What the file's decoder makes of tokens that lie side by side."""
        if ids[0] == self.unk or ids[0] >= self.size:
            return " ".join([SPECIAL[1]] * len(ids))
        text: str = self._tokenizer.decode(list(ids), skip_special_tokens=False)
        return (text.replace(self._suffix, " ") if self._suffix else text).strip()

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """Each token as the file spells it (``##`` marks included); an id beyond the vocabulary is [UNK]."""
        return [self._tokenizer.id_to_token(int(index)) or SPECIAL[1] for index in ids]

    def words(self, ids: Sequence[int]) -> list[tuple[str, list[int]]]:
        """Sub-words merged to words: W pairs of the word and the indices of its tokens in ``ids``.

        [BOS], [EOS] and [UNK] are words of their own; padding is left out; "isn't" and "t-shirt", which the
        original file splits at the sign, are one word. Where a script has no spaces, every token is a word.
        """
        words: list[tuple[str, list[int]]] = []
        closed = True  # the next piece starts a word
        for text, places, starts in self._characters(ids):
            special = ids[places[0]] <= self.eos
            if special or closed or starts or self._parted(words[-1][0], text):
                words.append((text, places))
            else:
                words[-1] = (words[-1][0] + text, [*words[-1][1], *places])
            closed = special or (bool(self._suffix) and self.pieces([ids[places[-1]]])[0].endswith(self._suffix))
        if self._decodes:
            spelt = (self._text([ids[index] for index in places]) for _, places in words)
            words = [(text, places) for text, (_, places) in zip(spelt, words, strict=True)]
        return _join(self._joined(words) if self.segmenter == "jieba" else words)

    def _joined(self, words: list[tuple[str, list[int]]]) -> list[tuple[str, list[int]]]:
        """Characters that follow one another joined to the words of a segmenter."""
        joined: list[tuple[str, list[int]]] = []
        for unspaced, run in groupby(words, key=lambda word: bool(_UNSPACED.match(word[0]))):
            group = list(run)
            starts = {start for _, start, _ in language_words("".join(map(itemgetter(0), group)), self.segmenter)}
            at = 0
            for text, places in group:
                if joined and unspaced and at and at not in starts and _UNSPACED.match(text) and text.isalnum():
                    joined[-1] = (joined[-1][0] + text, [*joined[-1][1], *places])
                else:
                    joined.append((text, list(places)))
                at += len(text)
        return joined

    def _characters(self, ids: Sequence[int]) -> Iterator[tuple[str, list[int], bool]]:
        """Tokens, or several that spell one character in bytes: text, places, whether a word may start here."""
        places: list[int] = []
        pieces = self.pieces(ids)
        for place, (token, piece) in enumerate(zip(ids, pieces, strict=True)):
            if token == self.pad:
                continue
            if token <= self.eos:
                yield piece, [place], True
                continue
            places.append(place)
            text, starts = self._strip(pieces[places[0]])
            if self._decodes:
                text = self._text([ids[index] for index in places])
                ends = place + 1 == len(ids) or ids[place + 1] <= self.eos
                if "\ufffd" in text and len(places) < _BYTES and not ends:
                    continue
            yield text, places, starts
            places = []

    def _parted(self, word: str, text: str) -> bool:
        """Whether a word ends where the text goes on: in a script without spaces, and where the file parts signs."""
        sides = word[-1:] + text[:1]
        if len(sides) < 2 or _CLUSTER.fullmatch(sides):
            return False
        return bool(_UNSPACED.search(sides) or (self._signs_apart and _PARTED.search(sides)))

    def _strip(self, piece: str) -> tuple[str, bool]:
        """A piece without its marks, and whether it may start a word."""
        if self._prefix and piece.startswith(self._prefix) and len(piece) > len(self._prefix):
            return piece[len(self._prefix) :], False
        if self._marked_start:
            return piece.lstrip("".join(_STARTS)), piece.startswith(_STARTS)
        if self._suffix:
            return piece.removesuffix(self._suffix), False
        return piece, True


def _english(captions: Sequence[str], vocabulary_size: int) -> Any:
    """A tokenizers file in the format of the original one."""
    from tokenizers import Tokenizer as HuggingFace
    from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers

    tokenizer = HuggingFace(models.BPE(unk_token=SPECIAL[1], continuing_subword_prefix=_CONTINUES))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.decoder = decoders.WordPiece(prefix=_CONTINUES)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[BOS] $A [EOS]", special_tokens=[("[BOS]", 2), ("[EOS]", 3)]
    )
    text = " ".join(captions)
    characters = set(tokenizer.normalizer.normalize_str(text)) - set(" \t\n")
    if not characters:
        raise UserError("there are no captions to train a tokenizer on")
    # Handed over as special tokens, for order: the trainer numbers them in the order of a hash table otherwise,
    # breaks ties by number, and gives another vocabulary each time. They are ordinary tokens again below.
    continuing = sorted(_CONTINUES + character for character in characters)
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary_size,
        min_frequency=2,
        special_tokens=[*SPECIAL, *continuing],
        continuing_subword_prefix=_CONTINUES,
        show_progress=False,
    )
    tokenizer.train_from_iterator(captions, trainer)
    content = json.loads(tokenizer.to_str())
    content["added_tokens"] = [token for token in content["added_tokens"] if token["content"] in SPECIAL]
    return content


def _spelling(captions: Sequence[str], vocabulary_size: int) -> Any:
    """A tokenizers file that gives a caption back as it was written, spaces and signs included, in NFC and lower case.

    "▁" stands for a space, as in SentencePiece (Kudo and Richardson 2018). Where a script has no spaces, no token is
    longer than a character (with its marks), as in BERT's Chinese models: else whole sentences would be tokens. Of more
    characters than the vocabulary has room for, the rarest are unknown.
    """
    from tokenizers import Regex, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from tokenizers import Tokenizer as HuggingFace

    tokenizer = HuggingFace(models.BPE(unk_token=SPECIAL[1]))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Metaspace(prepend_scheme="never"), pre_tokenizers.Split(Regex(_ISOLATED), "isolated")]
    )
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="never")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[BOS] $A [EOS]", special_tokens=[("[BOS]", 2), ("[EOS]", 3)]
    )
    counts = Counter(tokenizer.normalizer.normalize_str("\n".join(captions)).replace(" ", "▁").replace("\n", ""))
    room = vocabulary_size - len(SPECIAL)
    kept = sorted(sorted(counts), key=lambda character: -counts[character])[:room]
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary_size,
        min_frequency=2,
        special_tokens=[*SPECIAL],
        initial_alphabet=kept,
        limit_alphabet=len(kept),
        show_progress=False,
    )
    tokenizer.train_from_iterator(captions, trainer)
    return json.loads(tokenizer.to_str())


def spaced(words: Iterable[str]) -> str:
    """Words and punctuation as people write them.

    >>> spaced(["a", "dog", "(", "wet", ")", "."])
    'a dog (wet).'
    >>> spaced(["一", "只", "dog", "在", "nba", "球", "场", "。"])
    '一只dog在nba球场。'
    """
    text = ""
    for word in words:
        close = not text or _CLOSING.fullmatch(word) or text.endswith(_OPENING)
        close = close or (_UNSPACED.match(word) or _UNSPACED.match(text[-1])) is not None
        text += word if close else f" {word}"
    return text


def _join(words: list[tuple[str, list[int]]]) -> list[tuple[str, list[int]]]:
    """Merge ``isn ' t`` and ``t - shirt``: a lone sign between two words of letters or digits."""
    joined: list[tuple[str, list[int]]] = []
    index = 0
    while index < len(words):
        word, tokens = words[index]
        ends = joined and joined[-1][0][-1:].isalnum()
        if word in _JOINERS and ends and index + 1 < len(words) and words[index + 1][0][:1].isalnum():
            after, more = words[index + 1]
            joined[-1] = (joined[-1][0] + word + after, [*joined[-1][1], *tokens, *more])
            index += 2
        else:
            joined.append((word, tokens))
            index += 1
    return joined


def load_or_train(captions_config: Captions) -> CaptionTokenizer:
    """A profile's tokenizer, trained from its training captions and written when the file is absent."""
    path = paths.resolve(captions_config.tokenizer)
    if path.is_file():
        tokenizer = CaptionTokenizer.load(path)
    else:
        texts = [caption for group in training_captions(captions_config).captions for caption in group]
        language = Language.of(captions_config, texts)
        tokenizer = CaptionTokenizer.train(texts, captions_config.vocabulary_size, path, language)
    tokenizer.segmenter = captions_config.words
    return tokenizer
