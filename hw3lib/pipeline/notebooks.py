"""Run a notebook with its parameters by papermill, as the pipeline does: whole or not at all."""

from __future__ import annotations

import ast
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from hw3lib import config, paths
from hw3lib.display.offer import NotReady
from hw3lib.system import files, isolation
from hw3lib.system.errors import UserError

SOURCES = paths.PACKAGE.parent / "notebooks"


def executed(profile: str, name: str, run: str | None = None) -> Path:
    """Where the executed copy lies: one per notebook, or one per run for those that have a run."""
    return paths.runs(profile) / "notebooks" / f"{name}{f'_{run}' if run else ''}.ipynb"


def source_of(profile: config.Profile, name: str) -> Path:
    """The notebook to execute: P1 and P3 have another one for photographs alone, with no labels or captions."""
    alone = {"p1_prompts": profile.unlabelled, "p3_attention": not profile.captions}.get(name)
    return SOURCES / f"{f'{name[:2]}_photographs' if alone else name}.ipynb"


def execute(profile: str, name: str, run: str | None = None) -> Path:
    """Execute ``notebooks/<name>.ipynb`` and keep the executed copy; ``profile`` is a name or the path of one.

    A cell that fails, or that the kernel dies in, is a :class:`UserError` that says which one and why; the copy up to
    there is kept beside the others, in ``failed/``. So is a parameter that the notebook does not have, which papermill
    would only warn of.
    """
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    source = source_of(config.load(profile), name)
    if not source.is_file():
        raise UserError(
            f"there is no notebook {source}; there are: {', '.join(p.stem for p in SOURCES.glob('*.ipynb'))}"
        )
    target = executed(config.load(profile).name, name, run)
    parameters: dict[str, Any] = {"profile": profile} | ({"run": run} if run else {})
    _refuse_unknown(source, parameters)
    isolation.isolate()  # the kernel is this environment's own, whatever kernels the user has installed elsewhere
    # Where the folder above IPython's is missing, IPython makes three in the system's temporary one, and leaves them.
    Path(os.environ["IPYTHONDIR"]).mkdir(parents=True, exist_ok=True)
    # Files of the notebook's own kind would be parsed by the debugger otherwise, which only costs time here.
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    failed = target.parent / "failed" / target.name
    try:
        with files.atomic(target) as temporary:
            try:
                papermill.execute_notebook(
                    str(source),
                    str(temporary),
                    parameters=parameters,
                    kernel_name="python3",
                    cwd=str(paths.root()),
                    progress_bar={"bar_format": "cell {n_fmt} of {total_fmt}", "mininterval": 0},
                )
            except (PapermillExecutionError, DeadKernelError):
                failed.parent.mkdir(exist_ok=True)
                temporary.replace(failed)
                raise
            _sign(temporary)
    except DeadKernelError:
        raise UserError(
            f"{name}, cell {_running(failed)}: the notebook's kernel died; most often memory ran out: "
            f"lower training.batch_size or clip.batch_size, or use fewer --cores\n(the notebook up to there: {failed})"
        ) from None
    except PapermillExecutionError as error:
        if error.ename == NotReady.__name__:
            failed.unlink(missing_ok=True)
            raise UserError(error.evalue) from None
        where = f"{name}, cell {error.cell_index + 1}"
        # A UserError inside the notebook already says all there is to say.
        message = error.evalue if error.ename == "UserError" else f"{error.ename}: {error.evalue}"
        raise UserError(f"{where}: {message}\n(the notebook up to there: {failed})") from None
    return target


def _sign(path: Path) -> None:
    """Let the Jupyter of this home trust a notebook that ran here: it shows all of its outputs, scripts among them.

    A home that cannot be written is no reason to fail: without trust the outputs' pictures are shown.
    """
    import sqlite3

    import nbformat
    from nbformat.sign import NotebookNotary

    with suppress(OSError, sqlite3.Error):
        NotebookNotary().sign(nbformat.read(path, as_version=4))


def _running(path: Path) -> int | str:
    """Which cell of a copy that was cut short was at work, counted from 1: the last that was begun."""
    import nbformat

    cells = nbformat.read(path, as_version=4).cells
    begun = [bool(cell.metadata.get("papermill", {}).get("start_time")) for cell in cells]
    return max((number for number, yes in enumerate(begun, 1) if yes), default="?")


def _refuse_unknown(source: Path, parameters: dict[str, Any]) -> None:
    """Raise :class:`UserError` for a parameter that the notebook's ``parameters`` cell does not set."""
    cells = files.read_json(source, "Take it from the project again.")["cells"]
    tagged = ["".join(cell["source"]) for cell in cells if "parameters" in cell["metadata"].get("tags", ())]
    nodes = ast.walk(ast.parse("\n".join(tagged)))
    declared = [node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    unknown = [name for name in parameters if name not in declared]
    if unknown:
        raise UserError(f"{source} has no parameter {unknown[0]!r}; it has: {', '.join(declared) or 'none'}")
