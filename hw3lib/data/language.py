"""The language of captions: which it is, and what its words are.

Which one is told by the script of the letters. A script that several languages share stands for the largest of them
(Arabic ``ar``, Cyrillic ``ru``, Devanagari ``hi``): their words are found in the same way. Latin script is English
where enough of its words are English function words, and undetermined (``und``) otherwise.
"""

from __future__ import annotations

import unicodedata
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any

import regex

from hw3lib.config import Captions, Segmenter
from hw3lib.display.scripts import han
from hw3lib.system import files
from hw3lib.system.errors import UserError
from hw3lib.system.messages import shorten

ENGLISH, UNDETERMINED = "en", "und"
_SCRIPTS = {
    "Latin": "en", "Han": "zh", "Hiragana": "ja", "Katakana": "ja", "Hangul": "ko", "Arabic": "ar", "Hebrew": "he",
    "Cyrillic": "ru", "Greek": "el", "Devanagari": "hi", "Bengali": "bn", "Tamil": "ta", "Telugu": "te",
    "Thai": "th", "Lao": "lo", "Khmer": "km", "Myanmar": "my", "Georgian": "ka", "Armenian": "hy", "Ethiopic": "am",
}  # fmt: skip
_OTHERS = {"fa": "ar", "ur": "ar", "uk": "ru", "bg": "ru", "mr": "hi", "ne": "hi"}  # tag -> one of the same script
_NAMES = {
    "en": "English", "zh": "Chinese", "ja": "Japanese", "ko": "Korean", "ar": "Arabic", "he": "Hebrew", "ru": "Russian",
    "el": "Greek", "hi": "Hindi", "bn": "Bengali", "ta": "Tamil", "te": "Telugu", "th": "Thai", "lo": "Lao",
    "km": "Khmer", "my": "Burmese", "ka": "Georgian", "hy": "Armenian", "am": "Amharic", "fa": "Persian", "ur": "Urdu",
    "uk": "Ukrainian", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian", "pt": "Portuguese",
    "nl": "Dutch", "pl": "Polish", "cs": "Czech", "tr": "Turkish", "vi": "Vietnamese", "id": "Indonesian",
    "und": "another language in Latin letters",
}  # fmt: skip
# Scripts that are written without spaces between words.
SPACELESS = r"\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー々\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_RUNS = regex.compile(rf"(?=[{SPACELESS}])\X|[^{SPACELESS}]+")
_SPACELESS = regex.compile(f"[{SPACELESS}]")
_BOUNDARIES = regex.compile(r"(?wV1)\b")  # Unicode's words: Standard Annex 29
_WORD = regex.compile(r"[\p{L}\p{N}\p{M}]")  # else it is punctuation or a symbol
_SAMPLE = 2000  # captions that are looked at
_FEW = 20  # words that say too little to doubt that they are English
_SHARE = 0.1  # of function words in English: captions have a third; of kana in Japanese: half
_SYLLABLE = 3  # letters that a character of Han, kana and Hangul counts as
_FOREIGN = 0.5  # of the letters in another script than the language's: a mistake


@dataclass(frozen=True)
class Language:
    """A language of captions, with how its words are told apart."""

    tag: str = ENGLISH  # BCP 47's primary tag; und: undetermined, in Latin letters
    segmenter: Segmenter = "characters"  # of Chinese and the like
    detected: bool = False  # from the captions, not told

    @classmethod
    def of(cls, setting: Captions, captions: Iterable[str]) -> Language:
        """The profile's (``captions.language``), or else that of the captions.

        Raises :class:`UserError` where the profile says another one than the captions are written in, and for jieba
        where they are not Chinese.
        """
        return cls.chosen(setting.language, setting.words, captions, "captions.language")

    @classmethod
    def chosen(cls, tag: str | None, segmenter: Segmenter, captions: Iterable[str], name: str) -> Language:
        """As :meth:`of`, with the language from the setting called ``name``."""
        sample = sampled(captions)
        language = cls(tag or detect(sample), segmenter, tag is None)
        if tag:
            language.refuse_other(sample, f"{name} is {tag}, but the captions")
        if segmenter == "jieba" and language.tag != "zh":
            raise UserError(f"captions.words: jieba parts Chinese words, but the captions are {language.name}")
        return language

    @property
    def name(self) -> str:
        """In English, as a sentence has it."""
        return _NAMES.get(self.tag, f"the language {self.tag}")

    @property
    def english(self) -> bool:
        """What English word lists apply to, and METEOR."""
        return self.tag == ENGLISH

    @property
    def spaceless(self) -> bool:
        """Whether it is written without spaces between words."""
        return self.tag in ("zh", "ja", "th", "lo", "km", "my")

    @property
    def told(self) -> str:
        """A sentence for who watches a run."""
        where = (
            "found from the captions; captions.language sets another" if self.detected else "as captions.language says"
        )
        return f"captions in {self.name} ({self.tag}, {where})"

    def words(self, text: str) -> list[tuple[str, int, int]]:
        """The words of a text, see :func:`language_words`."""
        return language_words(text, self.segmenter)

    def tokens(self, text: str) -> list[str]:
        """What the metrics count: words in NFKC and lower case, without punctuation and symbols."""
        return [word for word, _, _ in self.words(unicodedata.normalize("NFKC", text).lower())]

    def refuse_other(self, captions: Sequence[str], which: str) -> None:
        """Raise :class:`UserError` where most letters of the captions are of another script than the language's."""
        letters = _letters(captions)
        strange = sum(letters.values()) - sum(letters[script] for script in self._scripts)
        if self._scripts and strange > _FOREIGN * sum(letters.values()):
            script, _ = letters.most_common(1)[0]
            sample = next((text for text in captions if regex.search(rf"\p{{Script={script}}}", text)), "")
            raise UserError(
                f"{which} are written in {script} letters ({strange / sum(letters.values()):.0%} of them are foreign "
                f"to {self.name}): {shorten(sample, 40)}"
            )

    @cached_property
    def _scripts(self) -> list[str]:
        """Its scripts; none for a language that is not known here."""
        if self.tag in ("zh", "ja"):
            return ["Han", "Hiragana", "Katakana"]
        kin = _OTHERS.get(self.tag, ENGLISH if self.tag in _NAMES and self.tag not in _SCRIPTS.values() else self.tag)
        return [script for script, tag in _SCRIPTS.items() if tag == kin]


def sampled(captions: Iterable[str]) -> list[str]:
    """Some captions of a set, from its beginning to its end."""
    every = list(captions)
    return every[:: max(1, len(every) // _SAMPLE)]


def detect(captions: Iterable[str]) -> str:
    """The tag of the language that captions are written in, by their letters; English where they have none.

    >>> [detect([text]) for text in ("a dog", "一只狗在海滩上。", "犬が浜辺にいる", "كلب على الشاطئ", "ein Hund")]
    ['en', 'zh', 'ja', 'ar', 'und']
    """
    sample = sampled(captions)
    letters = _letters(sample)
    kana = letters["Hiragana"] + letters["Katakana"]
    if kana > _SHARE * (kana + letters["Han"]):
        letters["Hiragana"], letters["Katakana"], letters["Han"] = kana + letters["Han"], 0, 0
    script, count = max(letters.items(), key=lambda item: item[1], default=("Latin", 0))
    if not count or script == "Latin":
        return _latin(regex.findall(r"\p{L}+", " ".join(sample).lower()))
    return _SCRIPTS[script]


def _letters(captions: Sequence[str]) -> Counter[str]:
    """How many letters there are of each script."""
    text = " ".join(captions)
    if text.isascii():
        return Counter(Latin=sum(map(str.isalpha, text)))
    wide = ("Han", "Hiragana", "Katakana", "Hangul")
    return Counter(
        {
            script: len(regex.findall(rf"\p{{Script={script}}}", text)) * (_SYLLABLE if script in wide else 1)
            for script in _SCRIPTS
        }
    )


def written_in(text: str) -> str:
    """The language that a text's letters tell, for the ``lang`` of a page; empty for Latin ones.

    >>> [written_in(text) for text in ("a dog", "一只狗在海滩上。", "一隻狗在沙灘上。", "كلب")]
    ['', 'zh-Hans', 'zh-Hant', 'ar']
    """
    tag = detect([text])
    return {ENGLISH: "", UNDETERMINED: ""}.get(tag, han(text) if tag == "zh" else tag)


@lru_cache(maxsize=1)
def _function_words() -> tuple[frozenset[str], frozenset[str]]:
    """English ones, and those of other languages that are none of English."""
    words = files.resource("function_words.json")
    return frozenset(words["english"]), frozenset(words["others"])


def _latin(words: Sequence[str]) -> str:
    of_english, of_others = _function_words()
    english = sum(word in of_english for word in words)
    foreign = sum(word in of_others or not word.isascii() for word in words)
    few = len(words) < _FEW and not foreign
    return ENGLISH if few or (english >= foreign and english > _SHARE * len(words)) else UNDETERMINED


def language_words(text: str, segmenter: Segmenter = "characters") -> list[tuple[str, int, int]]:
    """The words of a text, each with where it starts and ends in it; punctuation and symbols are left out.

    Scripts without spaces give a word per character (Thai's and the like with its marks), Chinese by ``jieba`` the
    words of its dictionary; all others Unicode's words (Standard Annex 29).

    >>> language_words("一只dog，在NBA")
    [('一', 0, 1), ('只', 1, 2), ('dog', 2, 5), ('在', 6, 7), ('NBA', 7, 10)]
    """
    if segmenter == "jieba":
        spans = [(start, end) for _, start, end in _jieba().tokenize(text)]
    else:
        spans = []
        for run in _RUNS.finditer(text):
            edges = [run.start(), run.end()]
            if not _SPACELESS.match(run[0]):
                edges = [edge.start() for edge in _BOUNDARIES.finditer(text, *run.span())]
            spans += pairwise(edges)
    return [(text[start:end], start, end) for start, end in spans if _WORD.search(text, start, end)]


@lru_cache(maxsize=1)
def _jieba() -> Any:
    """jieba with its own dictionary; its cache, which lies where anybody may write, is not read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import jieba
    except ImportError:
        raise UserError("captions.words: jieba needs the package jieba: pip install jieba") from None
    segmenter = jieba.Tokenizer()
    segmenter.FREQ, segmenter.total = segmenter.gen_pfdict(segmenter.get_dict_file())
    segmenter.initialized = True
    return segmenter
