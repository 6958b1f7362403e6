"""How a message names many things, or a long one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

Say = Callable[[str], object]  # takes a sentence on how far a computation is

_LISTED = 10  # problems that a message tells in full


def silence(sentence: str) -> None:
    """Nobody wants to hear it."""


def shorten(text: str, most: int = 120) -> str:
    """A text as a message can show it.

    >>> shorten("a very long name", most=6)
    'a very... (16 characters)'
    """
    return text if len(text) <= most else f"{text[:most]}... ({len(text):,} characters)"


def counted(items: Iterable[object], noun: str, most: int = 3) -> str:
    """How many things there are, and the first of them: this fits anywhere into a sentence.

    >>> counted(["a.jpg", "b.jpg", "c.jpg", "d.jpg"], "image")
    '4 images (a.jpg, b.jpg, c.jpg, ...)'
    >>> counted([7], "image id")
    '1 image id (7)'
    """
    names = [shorten(str(item)) for item in items]
    listed = ", ".join(names[:most]) + ", ..." * (len(names) > most)
    return f"{len(names)} {noun}{'s' * (len(names) != 1)} ({listed})"


def brief(error: BaseException, most: int = 300) -> str:
    """The beginning of what a library says of an error, in a line.

    >>> brief(ValueError("too\\n  large")), brief(KeyError())
    ('too large', 'KeyError')
    """
    return shorten(" ".join(str(error).split()) or type(error).__name__, most)


def problem_list(problems: Sequence[str], of: int) -> str:
    """How many of so many images cannot be used, and a line for each of the first ones' problems."""
    further = [f"and {len(problems) - _LISTED} more"] * (len(problems) > _LISTED)
    return "\n  ".join([f"{len(problems)} of {of} images cannot be used:", *problems[:_LISTED], *further])
