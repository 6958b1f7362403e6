"""The notebooks' form; what they compute is tested by running them, which the smoke report does."""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.sign import NotebookNotary

from hw3lib import paths
from hw3lib.display import offer
from hw3lib.display.offer import NotReady
from hw3lib.pipeline import notebooks
from hw3lib.system.errors import UserError

REPOSITORY = paths.PACKAGE.parent
FOUND = sorted(notebooks.SOURCES.glob("*.ipynb"))


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def code_cells(path: Path) -> list[Any]:
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


every = pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)


def test_all_of_the_reports_notebooks_are_there() -> None:
    assert {path.stem for path in FOUND} >= {"p1_prompts", "p2_training", "p2_ablations", "p3_attention"}


@every
def test_it_is_valid_and_committed_without_outputs(path: Path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
        assert not cell.get("attachments")
    assert notebook.metadata.kernelspec.name == "python3"
    assert "widgets" not in notebook.metadata


@every
def test_it_opens_with_a_title_and_a_line(path: Path) -> None:
    lines = [line for line in read(path).cells[0].source.splitlines() if line.strip()]
    assert re.match(r"# \S", lines[0])
    assert len(lines) >= 2
    assert not lines[1].startswith("#")


@every
def test_its_parameters_are_one_cell_of_scalars_with_the_demo_as_default(path: Path) -> None:
    cells = [cell for cell in code_cells(path) if "parameters" in cell.metadata.get("tags", [])]
    assert len(cells) == 1
    values = {}
    for statement in ast.parse(cells[0].source).body:
        assert isinstance(statement, ast.AnnAssign), "papermill --help-notebook shows the type"
        assert isinstance(statement.target, ast.Name)
        assert statement.value is not None
        values[statement.target.id] = ast.literal_eval(statement.value)
        assert ast.unparse(statement.annotation) == type(values[statement.target.id]).__name__
    assert values["profile"] == "demo"
    assert all(isinstance(value, str | int | float | bool | None) for value in values.values())
    if path.stem == "p2_training":
        assert "run" in values


@every
def test_its_cells_are_short_and_it_ends_with_assertions(path: Path) -> None:
    cells = code_cells(path)
    for cell in cells:
        assert len(cell.source.splitlines()) <= 18, cell.source  # "about 15"
        for node in ast.walk(ast.parse(re.sub(r"^[%!].*$", "", cell.source, flags=re.M))):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno is not None
                assert node.end_lineno - node.lineno <= 5, cell.source
    assert re.search(r"^\s*assert ", cells[-1].source, re.M)


@every
def test_it_needs_no_network_to_be_read(path: Path) -> None:
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            assert not re.search(r"!\[[^\]]*\]\(\s*(?!data:)|<(img|script|iframe|link)\b", cell.source)
            # The report has no typesetting of formulas.
            assert not re.search(r"\$[^$\s][^$]*\$", cell.source)


def test_an_unknown_notebook_is_refused_with_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="p1_prompts"):
        notebooks.execute("demo", "p9")


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of notebooks of one's own, and a root for what they make."""
    (tmp_path / "configs").symlink_to(REPOSITORY / "configs")
    monkeypatch.setenv("HW3_ROOT", str(tmp_path))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    monkeypatch.setattr(notebooks, "SOURCES", tmp_path)
    return tmp_path


def write(folder: Path, *sources: str) -> None:
    cells = [nbformat.v4.new_code_cell('profile = "demo"\nrun = ""', metadata={"tags": ["parameters"]})]
    cells += [nbformat.v4.new_code_cell(source) for source in sources]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), folder / "small.ipynb")


def test_an_executed_copy_carries_its_parameters_and_the_error_of_a_cell_is_a_sentence(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(small, "from hw3lib.system.errors import UserError", "print(profile, run)")
    monkeypatch.setenv("TMPDIR", str(small / "temporary"))
    (small / "temporary").mkdir()
    target = notebooks.execute("smoke", "small", "vit")
    assert list((small / "temporary").iterdir()) == []  # the kernel's
    assert target == small / "runs" / "smoke" / "notebooks" / "small_vit.ipynb"
    assert any("smoke vit" in str(cell.get("outputs")) for cell in read(target).cells)

    write(small, "from hw3lib.system.errors import UserError", "raise UserError('val.json is missing; put it there')")
    with pytest.raises(UserError, match=r"^small, cell 4: val\.json is missing; put it there"):
        notebooks.execute("smoke", "small", "vit")
    # The former copy is still whole, and what failed is kept beside it.
    assert any("smoke vit" in str(cell.get("outputs")) for cell in read(target).cells)
    assert (target.parent / "failed" / "small_vit.ipynb").is_file()


def test_what_ran_here_is_trusted_here_and_a_home_that_cannot_be_written_is_no_reason_to_fail(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(small, "print(profile, run)")
    target = notebooks.execute("smoke", "small")
    assert NotebookNotary().check_signature(read(target))
    changed = read(target)
    changed.cells[-1].source = "print('something else')"
    assert not NotebookNotary().check_signature(changed)

    (small / "file").write_text("")
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(small / "file" / "jupyter"))
    target.unlink()
    assert notebooks.execute("smoke", "small").is_file()


def test_an_error_that_the_user_can_mend_is_one_line_in_a_notebook(small: Path) -> None:
    write(
        small, "from hw3lib.system.errors import UserError", "def deep():\n    raise UserError('put it there')\ndeep()"
    )
    with pytest.raises(UserError):
        notebooks.execute("smoke", "small")
    cells = read(small / "runs" / "smoke" / "notebooks" / "failed" / "small.ipynb").cells
    (error,) = [output for cell in cells for output in cell.get("outputs", []) if output.output_type == "error"]
    assert error.traceback == ["put it there"]


def test_where_nothing_has_run_because_the_data_is_missing_nothing_is_kept(small: Path) -> None:
    write(small, "from hw3lib.models.experiment import Experiment\nExperiment.ready('smoke', 'p1')")
    with pytest.raises(UserError, match=r"^the data of profile smoke is not there yet: make report PROFILE=smoke"):
        notebooks.execute("smoke", "small")
    assert [path for path in (small / "runs").rglob("*") if path.is_file()] == []


def test_a_kernel_that_dies_leaves_what_it_had_and_a_sentence_that_names_the_cell(small: Path) -> None:
    write(small, "print('as far as here')", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "print('never')")
    with pytest.raises(UserError, match=r"^small, cell 4: the notebook's kernel died.*\n.*failed/small\.ipynb"):
        notebooks.execute("smoke", "small")
    kept = read(small / "runs" / "smoke" / "notebooks" / "failed" / "small.ipynb")
    assert "as far as here" in str(kept.cells[2].outputs)
    assert not (small / "runs" / "smoke" / "notebooks" / "small.ipynb").exists()
    assert not list((small / "runs").rglob(".*.part*"))


@pytest.mark.slow
def test_papermill_alone_runs_a_notebook(tmp_path: Path) -> None:
    for name in ("configs", "demo_world"):
        (tmp_path / name).symlink_to(REPOSITORY / name)
    environment = os.environ | {"HW3_ROOT": str(tmp_path), "PYTHONPATH": str(REPOSITORY)}
    environment["JUPYTER_PREFER_ENV_PATH"] = "1"
    build = [sys.executable, "-m", "hw3lib", "demo", "build", "--profile", "smoke"]
    subprocess.run(build, check=True, env=environment, cwd=REPOSITORY)
    out = tmp_path / "out.ipynb"
    command = [sys.executable, "-m", "papermill", "notebooks/p1_prompts.ipynb", str(out), "-p", "profile", "smoke"]
    subprocess.run(command, check=True, env=environment, cwd=REPOSITORY)
    assert (tmp_path / "runs" / "smoke" / "p1" / "study.json").is_file()


def imported(path: Path) -> dict[str, Any]:
    """What a notebook's cells import, by the name that they give it."""
    names: dict[str, Any] = {}
    for cell in code_cells(path):
        for statement in ast.parse(cell.source).body:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                exec(compile(ast.Module([statement], []), str(path), "exec"), names)
    return names


def called(source: str, names: dict[str, Any]) -> list[Any]:
    """The functions and classes of what is imported that a cell calls."""
    calls = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    found = []
    for call in calls:
        with suppress(NameError, AttributeError, TypeError):
            found.append(eval(ast.unparse(call), names))
    return found


@every
def test_no_long_computation_stands_below_what_reacts_to_the_hand(path: Path) -> None:
    """While a cell computes, the kernel answers nothing. What takes long says how far it is, so it takes a ``say``."""
    names, interactive, computing = imported(path), [], []
    for number, cell in enumerate(code_cells(path)):
        for what in called(cell.source, names):
            module = getattr(what, "__module__", None) or ""
            if module.endswith(".explorer"):
                interactive.append(number)
            elif module.startswith("hw3lib") and "say" in inspect.signature(what).parameters:
                computing.append(number)
                assert re.search(r"\bnote\b|\bNote\(\)", cell.source), f"nobody sees how far it is: {cell.source}"
    quick = path.stem in ("index", "claims", "p3_photographs")
    assert quick or computing, "none is found: what says how far it is now?"
    assert bool(interactive) == (path.stem in ("p1_prompts", "p1_photographs", "p3_attention", "p3_photographs"))
    assert not (interactive and computing) or max(computing) < min(interactive)


@pytest.mark.parametrize("profile", ["demo", "hw3"])
@pytest.mark.parametrize("name", [path.stem for path in FOUND if path.stem != "index"])  # which asks the pipeline
def test_a_fresh_clones_notebook_says_what_to_do_and_writes_nothing(
    name: str, profile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cells up to the one that fails, as a kernel runs them."""
    for folder in ("configs", "demo_world"):
        (tmp_path / folder).symlink_to(REPOSITORY / folder)
    monkeypatch.setenv("HW3_ROOT", str(tmp_path))
    scope: dict[str, Any] = {}
    with pytest.raises(NotReady) as refused:
        for cell in code_cells(notebooks.SOURCES / f"{name}.ipynb"):
            exec(cell.source, scope)
            if "parameters" in cell.metadata.get("tags", []):
                scope["profile"] = profile
    assert len(str(refused.value).splitlines()) == 1
    demo = name == "claims" or profile == "demo"
    assert f"hw3 {'report' if name == 'claims' else 'demo build' if demo else 'doctor'} --profile {profile}" in str(
        refused.value
    )
    assert ["report", "--profile", profile] in list(refused.value.commands.values()) or not demo
    assert not (tmp_path / "runs").exists()


def test_the_offer_runs_its_command_and_says_what_to_do_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    monkeypatch.setenv("HW3_ROOT", str(tmp_path))
    error = NotReady("it is not there", {"say it": ["--version"], "fail": ["doctor", "--profile", "none"]})
    assert error._render_traceback_() == ["it is not there"]
    (box,) = shown
    (first, second), said = box.children[0].children, box.children[1]
    for button, words in ((first, offer.NEXT), (second, "failed: hw3: there is no profile")):
        button.disabled = False
        button.click()
        deadline = time.monotonic() + 60
        while words not in said.value and time.monotonic() < deadline:
            time.sleep(0.05)
        assert words in said.value, said.value
    assert not second.disabled
