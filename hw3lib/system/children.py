"""Other programs, run with an environment of this project's own, and what they said before they failed.

A user's locale, time zone and options for Java or git are for the user's other work: Java alone takes options from
three variables, and writes numbers with a comma under a German locale.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

JAVA = ("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "CLASSPATH")
_FOREIGN = ("LC_", "LANG", "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", *JAVA)
_OWN = {"LC_ALL": "C.UTF-8", "TZ": "UTC"}


def environment() -> dict[str, str]:
    """The variables that a program is started with: the user's, but for what could change its output."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)} | _OWN


def run(command: Sequence[str], given: bytes = b"", seconds: float | None = None) -> str:
    """What a program writes for what it is ``given``.

    Raises ``ChildProcessError`` with the program's last words where it fails, and ``OSError`` or
    ``subprocess.TimeoutExpired`` where it cannot be started or does not end.
    """
    ended = subprocess.run(command, input=given, capture_output=True, env=environment(), timeout=seconds)
    if ended.returncode:
        raise ChildProcessError(last_words(ended.returncode, ended.stderr or ended.stdout))
    return ended.stdout.decode("utf-8", "replace")


def last_words(code: int | None, said: bytes) -> str:
    """How a program ended, and the end of what it said.

    >>> last_words(1, b"reading ...\\nError: no space left on device\\n"), last_words(-9, b"")
    ('reading ... Error: no space left on device', 'it was ended by signal 9, and said nothing')
    """
    words = " ".join(said.decode("utf-8", "replace").split())
    if words:
        return words if len(words) <= 400 else f"... {words[-400:]}"
    how = f"was ended by signal {-code}" if code and code < 0 else f"ended with {code}" if code else "ended"
    return f"it {how}, and said nothing"
