"""Set-up: the lock, the environment, the Makefile and the package hang together."""

from __future__ import annotations

import fnmatch
import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import hw3lib
from tests.support.places import ROOT

LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PACKAGES = ("hw3lib", "demo_world")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture
def environment() -> ModuleType:
    """tools/environment.py as a module of its own, for each test anew."""
    spec = importlib.util.spec_from_file_location("environment", ROOT / "tools" / "environment.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def direct() -> list[Requirement]:
    project = PROJECT["project"]
    return [Requirement(text) for text in project["dependencies"] + project["optional-dependencies"]["test"]]


def test_every_pin_is_exact_and_hashed_and_the_lock_names_no_host() -> None:
    blocks = re.split(r"\n(?=\S)", LOCK.strip())
    for block in blocks:
        assert re.match(r"[A-Za-z0-9._-]+==[\w.+!]+( ; .+)? \\\n", block + "\n"), block[:80]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", block)
    assert "://" not in LOCK
    assert " @ " not in LOCK
    assert "#" not in LOCK


def test_the_lock_satisfies_every_direct_requirement(environment: ModuleType) -> None:
    pins = environment.locked()
    for wanted in direct():
        for pin in pins[canonicalize_name(wanted.name)]:
            version = Requirement(pin).specifier
            assert wanted.specifier.contains(str(version).removeprefix("==")), (str(wanted), pin)


def test_torch_is_the_one_that_was_measured(environment: ModuleType) -> None:
    assert environment.locked()["torch"] == ["torch==2.12.1"]
    assert environment.locked()["torchvision"] == ["torchvision==0.27.1"]


def test_conda_users_get_the_same_pins(environment: ModuleType) -> None:
    written = (ROOT / "environment.yml").read_text(encoding="utf-8")
    assert written == environment.conda_environment(), "run: python tools/environment.py --write-conda"
    listed = yaml.safe_load(written)["dependencies"][-1]["pip"]
    assert {canonicalize_name(Requirement(pin).name) for pin in listed[:-1]} == {
        canonicalize_name(requirement.name) for requirement in direct()
    }


def test_everything_imported_is_declared() -> None:
    """Each top-level import of the package is a direct dependency, not somebody else's."""
    declared = {canonicalize_name(requirement.name) for requirement in direct()} | set(PACKAGES)
    declared.add("pillow-heif")  # an extra's, imported where it is there
    provided = {"pil": "pillow", "yaml": "pyyaml", "open-clip": "open-clip-torch", "markdown-it": "markdown-it-py"}
    provided |= {"ipython": "ipykernel", "markupsafe": "jinja2", "traitlets": "ipywidgets"}
    missing = set()
    for path in [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]:
        for name in re.findall(r"^\s*(?:import|from) (\w+)", path.read_text(encoding="utf-8"), re.M):
            plain = canonicalize_name(name)
            if (
                name not in PACKAGES
                and name not in sys.stdlib_module_names
                and provided.get(plain, plain) not in declared
            ):
                missing.add(name)
    assert missing == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_every_data_file_of_the_packages_is_packaged(package: str) -> None:
    patterns = PROJECT["tool"]["setuptools"]["package-data"][package]
    files = [path for path in (ROOT / package).rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")]
    assert files
    for path in files:
        name = path.relative_to(ROOT / package).as_posix()
        assert any(fnmatch.fnmatch(name, pattern.replace("**/", "")) for pattern in patterns), name


def test_the_demo_weights_stay_small() -> None:
    weights = sum(path.stat().st_size for path in (ROOT / "demo_world" / "weights").glob("*.safetensors"))
    assert weights <= 20e6


def test_the_licence_and_the_version_are_stated() -> None:
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License\n\nCopyright (c) the hw3lib authors")
    assert PROJECT["project"]["license"] == "MIT"
    assert re.fullmatch(r"\d+\.\d+\.\d+", hw3lib.__version__)


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
def test_make_explains_itself_and_needs_no_environment_for_it() -> None:
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in ("report", "test", "lint-js", "lab", "env", "clean"):
        assert f"make {target} " in done.stdout
    dry = subprocess.run(["make", "-n", "clean"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for spared in ("runs/hw3", "data/p", ".venv ", "rm -rf runs "):
        assert spared not in dry.replace("; .venv, other data and other runs stay", "")


def test_an_old_python_is_told_what_is_needed(environment: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment.sys, "version_info", (3, 9, 1))
    monkeypatch.setattr(environment.sys, "argv", ["environment.py"])
    with pytest.raises(SystemExit, match=r"Python 3\.11 or newer is needed"):
        environment.main()


def test_the_environment_is_left_alone_when_current_and_repaired_when_broken(
    environment: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[bool] = []
    monkeypatch.setattr(environment.sys, "argv", ["environment.py"])
    monkeypatch.setattr(environment, "STAMP", str(tmp_path / "stamp"))
    monkeypatch.setattr(environment, "build", lambda wanted, afresh: built.append(afresh))

    monkeypatch.setattr(environment, "check", lambda: "")
    environment.main()
    assert built == [False]  # never finished before: built

    (tmp_path / "stamp").write_text(environment.fingerprint() + "\n", encoding="utf-8")
    environment.main()
    assert built == [False]  # current and sound: left alone

    monkeypatch.setattr(environment, "check", lambda: "torch 2.12.1 is not installed (absent)")
    environment.main()
    monkeypatch.setattr(environment, "check", lambda: "torch cannot be imported")
    environment.main()
    assert built == [False, False, True]  # what pip would not notice is built from nothing

    monkeypatch.setattr(environment, "check", lambda: "")
    monkeypatch.setattr(environment, "LOCK", str(ROOT / "pyproject.toml"))
    environment.main()
    assert built[3:] == [False]  # another lock: brought up to date


def test_an_environment_whose_python_is_gone_is_noticed(
    environment: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "PYTHON", str(tmp_path / "bin" / "python"))
    assert "does not start" in environment.check()
    assert not environment.usable()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("error: failed to write: No space left on device (os error 28)", "the disk is full"),
        ("error: Request failed\n  Caused by: dns error: failed to lookup address information", "cannot be reached"),
        ("error: Hash mismatch for `torch==2.12.1`", "not the one that the lock names"),
    ],
)
def test_what_an_installer_fails_at_is_one_sentence(
    environment: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, sentence: str
) -> None:
    monkeypatch.setattr(environment, "VENV", str(tmp_path))
    monkeypatch.setattr(environment, "LOG", str(tmp_path / "install.log"))
    monkeypatch.setattr(environment, "PYTHON", sys.executable)
    with pytest.raises(SystemExit) as failed:
        environment.run([sys.executable, "-c", f"import sys; print({words!r}, file=sys.stderr); sys.exit(2)"])
    assert sentence in str(failed.value)
    assert "\n" not in str(failed.value)
    assert words in (tmp_path / "install.log").read_text(encoding="utf-8")
    with pytest.raises(SystemExit, match=r"(?s)never heard of.*installation failed"):
        environment.run([sys.executable, "-c", "import sys; sys.exit('never heard of')"])


def test_uv_is_pinned_by_hash_and_takes_pips_mirror(environment: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    text = Path(environment.UV_LOCK).read_text(encoding="utf-8")
    assert re.match(r"uv==[\d.]+ \\\n", text)
    assert "://" not in text
    monkeypatch.setattr(environment, "PYTHON", sys.executable)
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.invalid/simple")
    assert environment.mirror()["UV_DEFAULT_INDEX"] == "https://mirror.invalid/simple"


def test_ci_runs_the_tests_the_slow_ones_and_the_smoke_report() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    text = script.read_text(encoding="utf-8")
    for step in ("make test", "make slow", "make report PROFILE=smoke"):
        assert step in text
    assert subprocess.run(["bash", "-n", str(script)]).returncode == 0


def test_what_is_ignored_is_not_part_of_the_project() -> None:
    """An unanchored ``data/`` would ignore ``hw3lib/data/`` too."""
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    loose = {line.strip("/") for line in lines if not line.startswith(("/", "#")) and "/" not in line.strip("/")}
    kept = [
        path for folder in (*PACKAGES, "notebooks", "configs", "tests", "tools") for path in (ROOT / folder).rglob("*")
    ]
    for path in [*kept, *(ROOT / "report").glob("hw3.*")]:
        parts = path.relative_to(ROOT).parts
        if "__pycache__" not in parts and path.suffix != ".pyc":
            assert not any(fnmatch.fnmatch(part, pattern) for part in parts for pattern in loose), path


def test_the_lab_that_make_starts_keeps_its_token_and_its_address() -> None:
    """JupyterLab's own defaults: a token, and localhost alone. Nothing here may turn them off."""
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").split("\nlab:", 1)[1].split("\n\n", 1)[0]
    assert "jupyter lab" in recipe
    assert not re.search(r"--(ip|allow|no-|IdentityProvider|ServerApp|NotebookApp)|token|password", recipe)
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files"], capture_output=True, text=True, check=True).stdout
    assert not re.search(r"jupyter_\w*config", listed)
