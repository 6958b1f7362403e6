"""Executing a notebook: nothing personal takes part in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
from nbformat import v4

from hw3lib import paths

_EXECUTE = (
    "import sys; from pathlib import Path; from hw3lib.pipeline import notebooks; "
    "notebooks.SOURCES = Path(sys.argv[1]); print(notebooks.execute('demo', 'tiny'))"
)


def test_a_users_kernel_ipython_matplotlibrc_and_home_take_no_part(tmp_path: Path) -> None:
    parameters = v4.new_code_cell("profile = 'demo'", metadata={"tags": ["parameters"]})
    cells = [
        parameters,
        v4.new_code_cell("1\n2"),
        v4.new_code_cell("import matplotlib\nmatplotlib.rcParams['font.size']"),
    ]
    (tmp_path / "sources").mkdir()
    nbformat.write(
        v4.new_notebook(cells=cells, metadata={"language_info": {"name": "python"}}),
        tmp_path / "sources" / "tiny.ipynb",
    )
    kernel = tmp_path / "mine" / "kernels" / "python3" / "kernel.json"
    kernel.parent.mkdir(parents=True)
    kernel.write_text(json.dumps({"argv": ["false"], "display_name": "another", "language": "python"}))
    settings = tmp_path / "ipython" / "profile_default" / "ipython_config.py"
    settings.parent.mkdir(parents=True)
    settings.write_text("c.InteractiveShell.ast_node_interactivity = 'all'\n")
    (tmp_path / "matplotlibrc").write_text("font.size: 33\n")
    (tmp_path / "startup.py").write_text("raise SystemExit('read')\n")
    (tmp_path / "home").write_text("a file")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "configs").symlink_to(paths.PACKAGE.parent / "configs")
    environment = {name: value for name, value in os.environ.items() if name != "HW3_IGNORED"} | {
        "HW3_ROOT": str(tmp_path / "root"), "PYTHONPATH": str(paths.PACKAGE.parent), "HOME": str(tmp_path / "home"),
        "JUPYTER_PATH": str(tmp_path / "mine"), "IPYTHONDIR": str(tmp_path / "ipython"),
        "MATPLOTLIBRC": str(tmp_path / "matplotlibrc"), "PYTHONSTARTUP": str(tmp_path / "startup.py"),
    }  # fmt: skip
    command = [sys.executable, "-c", _EXECUTE, str(tmp_path / "sources")]
    ended = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    executed = nbformat.read(ended.stdout.strip().splitlines()[-1], as_version=4)
    shown = [[output["data"]["text/plain"] for output in cell.outputs] for cell in executed.cells if cell.outputs]
    assert shown == [["2"], ["10.0"]]
