"""Settings of the user's other work that take no part here: Snakemake's, Jupyter's, IPython's and matplotlib's.

A result that is meant to be reproducible follows from the project and its profile. :func:`isolate` changes this
process' environment, and so that of the steps and kernels that it starts; nothing of the user's is changed.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from hw3lib import paths
from hw3lib.system import children

# What a user may have set, and what it would have changed. Java's are left out where Java is started.
_VARIABLES = ("SNAKEMAKE_PROFILE", "JUPYTER_PATH", "IPYTHONDIR", "PYTHONSTARTUP", "MATPLOTLIBRC", *children.JAVA)
_FILES = (
    ".ipython/profile_default/ipython_config.py", ".ipython/profile_default/ipython_kernel_config.py",
    ".config/matplotlib/matplotlibrc", ".matplotlib/matplotlibrc",
)  # fmt: skip
_NOTED = "HW3_IGNORED"  # tells the processes that are started from here what was set


def isolate() -> None:
    """Let Snakemake, kernels and figures take the project's settings, not the user's. Writes nothing."""
    if _NOTED in os.environ:
        return
    os.environ[_NOTED] = "\n".join(f"{name}={os.environ[name]}" for name in _VARIABLES if os.environ.get(name))
    for name in ("SNAKEMAKE_PROFILE", "PYTHONSTARTUP"):
        os.environ.pop(name, None)
    os.environ |= {
        "JUPYTER_PATH": str(paths.PACKAGE / "resources" / "jupyter"),  # looked through before all others: our kernel
        "JUPYTER_RUNTIME_DIR": str(paths.cache("jupyter")),  # a home need not be writable
        "IPYTHONDIR": str(paths.cache("ipython")),
    }
    matplotlib = importlib.util.find_spec("matplotlib")
    if matplotlib and matplotlib.origin:
        os.environ["MATPLOTLIBRC"] = str(Path(matplotlib.origin).parent / "mpl-data" / "matplotlibrc")


def ignored() -> list[str]:
    """What of the user's settings takes no part: variables with their values, and files."""
    home = Path.home()
    files = [str(home / name) for name in _FILES if (home / name).is_file()]
    return [*filter(None, os.environ.get(_NOTED, "").split("\n")), *files]
