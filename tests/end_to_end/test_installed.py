"""``pip install .`` into a fresh environment, and what Jupyter has of it there, far from the checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import nbformat
import pytest

from tests.support.places import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python whose environment has the packages of this one, and the project installed into it, without a network."""
    home = tmp_path_factory.mktemp("installed")
    source, environment = home / "source", home / "venv"
    source.mkdir()
    for name in ("hw3lib", "demo_world", "report"):
        ignored = shutil.ignore_patterns("__pycache__", "build")
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    python = environment / "bin" / "python"
    script = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    packages = Path(run(python, "-c", script, where=home).strip())
    # A path in a .pth is looked through last, and no .pth in it is followed: the checkout's own link is not seen.
    (packages / "others.pth").write_text(f"{sysconfig.get_paths()['purelib']}\n")
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check", "--force-reinstall")
    run(python, "-m", "pip", "install", "--prefix", str(environment), *options, str(source), where=home)
    shutil.rmtree(source)
    return python


def run(python: Path, *arguments: str, where: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "HW3_ROOT")}
    done = subprocess.run([str(python), *arguments], cwd=where, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_any_notebook_is_set_by_nbconvert_where_the_project_is_only_installed(python: Path, tmp_path: Path) -> None:
    where = run(python, "-c", "import hw3lib; print(hw3lib.__file__)", where=tmp_path).strip()
    assert Path(where).is_relative_to(python.parents[1])
    script = "import json; from nbconvert.exporters import *; print(json.dumps(get_export_names()))"
    names = run(python, "-c", script, where=tmp_path)
    assert {"hw3-html", "hw3-pdf"} <= set(json.loads(names))

    output = nbformat.v4.new_output("stream", name="stdout", text="six times seven: 42\n")
    cells = [nbformat.v4.new_markdown_cell("# A notebook of anyone's\n\nWith $x^2$ in it.")]
    cells += [nbformat.v4.new_code_cell("print('six times seven:', 6 * 7)", outputs=[output])]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "any.ipynb")
    for kind in ("hw3-html", "hw3-pdf"):
        run(python, "-m", "nbconvert", "--to", kind, "any.ipynb", where=tmp_path)
    page = (tmp_path / "any.html").read_text(encoding="utf-8")
    assert "<title>A notebook of anyone" in page
    assert "six times seven: 42" in page
    assert "<math" in page

    import pypdfium2

    pdf = pypdfium2.PdfDocument(tmp_path / "any.pdf")
    text = "".join(page.get_textpage().get_text_range() for page in pdf)
    assert "A notebook of anyone" in text
    assert "six times seven: 42" in text
