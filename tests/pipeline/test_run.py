"""The pipeline: what it says, what it skips, and that a kill leaves nothing to repair."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import MISSING
from functools import partial
from importlib.util import find_spec
from logging import INFO, LogRecord
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

from hw3lib import cli, config, paths
from hw3lib.pipeline import progress
from hw3lib.pipeline import run as pipeline
from hw3lib.pipeline.run import forget_stale, run, stamp, sweep, write_stamp
from hw3lib.system import cost, devices, files, locks
from hw3lib.system.errors import UserError
from tests.support import report_material as material

REPOSITORY = paths.PACKAGE.parent

# Three steps that behave like the real ones: an output that is written whole, a log, a watch on the pipeline.
_STEPS = """
import sys
workdir: "{root}"
STEP = sys.executable + ' -c "from hw3lib.system import locks; locks.end_with_parent(); import time; '

rule all:
    input: "report/build/fake/hw3_report.html"

rule slow:
    message: "a slow step: {{wildcards.name}}"
    output: "runs/fake/{{name}}.done"
    log: "runs/fake/logs/{{name}}.log"
    shell: STEP + "open('runs/fake/{{wildcards.name}}.began', 'a').write('x'); time.sleep({pause}); "
        "open('{{output}}', 'w').write('done')\\" > {{log}} 2>&1"

rule page:
    message: "the page"
    input: "runs/fake/one.done", "runs/fake/two.done"
    output: "report/build/fake/hw3_report.html"
    log: "runs/fake/logs/page.log"
    shell: "{last}"
"""

_RUN = (
    "import sys; from pathlib import Path; from hw3lib.pipeline import run; run.SNAKEFILE = Path(sys.argv[1]); "
    "sys.exit(0 if run.run(sys.argv[2], 2, sys.argv[3:]) else 1)"
)


class Bench:
    """A root with a mini pipeline, run in processes of its own as the command line runs the real one."""

    def __init__(self, root: Path) -> None:
        self.root = material.make(root, notebooks=False)
        self.snakefile = root / "Snakefile"
        self.profile = "fake"
        self.environment: dict[str, str] = {}
        self.extra: list[str] = []
        self.write()

    def write(self, pause: float = 0.0, last: str = "cat {input} > {output}") -> None:
        self.snakefile.write_text(_STEPS.format(root=self.root, pause=pause, last=last), encoding="utf-8")

    def start(self, *extra: str) -> subprocess.Popen[str]:
        environment = os.environ | {"HW3_ROOT": str(self.root), "PYTHONPATH": str(REPOSITORY)} | self.environment
        return subprocess.Popen(
            [sys.executable, "-c", _RUN, str(self.snakefile), self.profile, *self.extra, *extra],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            cwd=self.root,
        )

    def run(self, *extra: str) -> tuple[int, str]:
        process = self.start(*extra)
        output, _ = process.communicate(timeout=300)
        return process.returncode, output

    def began(self, name: str) -> int:
        path = self.root / "runs" / "fake" / f"{name}.began"
        return len(path.read_text()) if path.is_file() else 0


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bench, str]:
    """A bench whose report is made, and what was said; no test changes what is in it."""
    bench = Bench(tmp_path_factory.mktemp("made"))
    code, output = bench.run()
    assert code == 0, output
    return bench, output


def test_it_says_what_runs_and_what_is_left_and_does_nothing_twice(made: tuple[Bench, str]) -> None:
    bench, output = made
    lines = output.splitlines()
    assert lines[0] == "3 steps to run: 2 x slow, page" or lines[0] == "3 steps to run: page, 2 x slow"
    assert "  > a slow step: one" in lines
    assert any(re.fullmatch(r"  \+ a slow step: \w+: \d+ s \[1/3, left: .*\]", line) for line in lines)
    assert re.search(r"report/build/fake/hw3_report\.html\n.*\.pdf\nmade in 0 min \d\d s", output)
    assert len(lines) <= 12

    code, output = bench.run()
    assert (code, output) == (0, "up to date: report/build/fake/hw3_report.html and hw3_report.pdf\n")
    assert bench.began("one") == 1


def test_it_names_the_page_as_soon_as_there_is_something_on_it_and_sums_core_seconds(bench: Bench) -> None:
    page = "mkdir -p report/build/fake; echo {wildcards.name} > report/build/fake/hw3_report.html; "
    text = bench.snakefile.read_text(encoding="utf-8")
    text = text.replace("shell: STEP", f'shell: "{page}" + STEP').replace(
        '> {log} 2>&1"', '> {log} 2>&1; echo 40.0 core-seconds >> {log}"'
    )
    text = text.replace("time.sleep(0.0)", "time.sleep(len('{wildcards.name}'.strip('one')))")  # two ends later
    bench.snakefile.write_text(text, encoding="utf-8")
    code, output = bench.run()
    assert code == 0, output
    lines = output.splitlines()
    ends = [number for number, line in enumerate(lines) if line.startswith("  + a slow step")]
    assert re.fullmatch(r"  \+ a slow step: \w+: \d+ s, 40 core-seconds \[1/3, left: .*\]", lines[ends[0]])
    assert lines[ends[0] + 1] == "    to look at while the rest is made: report/build/fake/hw3_report.html"
    assert output.count("to look at") == 1
    assert "80 core-seconds in all" in lines


def test_a_step_of_the_pipeline_ends_its_log_with_its_core_seconds(tmp_path: Path) -> None:
    log = tmp_path / "step.log"
    command = [sys.executable, "-m", "hw3lib", "fetch", "--profile", "smoke"]  # refused, within half a second
    with log.open("w") as file:
        environment = os.environ | {"HW3_PIPELINE": locks.this_process()}
        subprocess.run(command, stdout=file, stderr=file, env=environment, cwd=REPOSITORY)
    assert 0 < (cost.told(log) or 0) < 100


def test_a_failed_step_shows_the_end_of_its_log_and_is_run_again(bench: Bench) -> None:
    bench.write(last="(echo what went wrong; exit 3) > {log} 2>&1")
    code, output = bench.run()
    assert code == 1
    assert "  ! the page failed; its log: runs/fake/logs/page.log" in output
    assert "    what went wrong" in output
    assert "the same command goes on from there" in output
    assert "Traceback" not in output

    bench.write()
    code, output = bench.run()
    assert code == 0, output
    assert bench.began("one") == 1  # what was done stayed done


def test_an_error_before_the_first_step_is_told(bench: Bench) -> None:
    bench.snakefile.write_text(bench.snakefile.read_text() + "raise ValueError('the plan itself is wrong')\n")
    code, output = bench.run()
    assert code == 1
    assert "the plan itself is wrong" in output


@pytest.mark.parametrize("name", ["007", "3e-4", "true"])
def test_a_profile_whose_name_looks_like_a_number_is_planned(bench: Bench, name: str) -> None:
    bench.extra = ["--dry-run"]
    (bench.root / "configs").mkdir(exist_ok=True)
    shutil.copy(bench.root / "configs" / "fake.yaml", bench.root / "configs" / f"{name}.yaml")
    bench.snakefile.write_text("assert config['profile'] == " + repr(name) + "\n" + bench.snakefile.read_text())
    bench.profile = name
    code, output = bench.run()
    assert code == 0, output


def test_a_users_settings_and_a_home_that_cannot_be_written_change_nothing(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "slurm").mkdir()
    (tmp_path / "slurm" / "config.yaml").write_text("executor: nothing-that-exists\n")
    (tmp_path / "home").write_text("a file")
    bench.environment = {
        "SNAKEMAKE_PROFILE": str(tmp_path / "slurm"), "HOME": str(tmp_path / "home"),
        "XDG_CACHE_HOME": str(tmp_path / "home"), "XDG_CONFIG_HOME": str(tmp_path / "home"),
    }  # fmt: skip
    code, output = bench.run()
    assert code == 0, output


def test_after_a_kill_the_same_command_goes_on_and_the_killed_steps_are_gone(bench: Bench) -> None:
    bench.write(pause=60)
    process = bench.start()
    deadline = time.monotonic() + 60
    while not bench.began("one") and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    (bench.root / "runs" / "fake" / "two.done").unlink(missing_ok=True)

    bench.write(pause=0)
    code, output = bench.run()
    assert code == 0, output
    assert (bench.root / "report" / "build" / "fake" / "hw3_report.html").read_text() == "donedone"
    # Its steps ended with it, long before their minute is over: nothing writes behind the second run's back.
    deadline = time.monotonic() + 30
    while there := processes_in(bench.root):
        assert time.monotonic() < deadline, f"processes {there} are still there"
        time.sleep(0.1)


def processes_in(folder: Path) -> list[str]:
    """The numbers of the processes that work in it."""
    there = []
    for path in Path("/proc").glob("[0-9]*/cwd"):
        with suppress(OSError):
            there += [path.parent.name] * (path.readlink() == folder)
    return there


def test_a_second_pipeline_of_a_profile_waits_for_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HW3_ROOT", str(material.make(tmp_path, notebooks=False)))
    holder = (
        "import sys, time; from pathlib import Path; from hw3lib.system import locks\n"
        "with locks.exclusive(Path(sys.argv[1]), 'busy'): print('held', flush=True); time.sleep(60)"
    )
    path = paths.runs("fake") / ".pipeline.lock"
    other = subprocess.Popen([sys.executable, "-c", holder, str(path)], stdout=subprocess.PIPE, cwd=REPOSITORY)
    ran = threading.Event()
    monkeypatch.setattr("hw3lib.pipeline.run._snakemake", lambda *arguments: bool(ran.set()) or True)
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        second = threading.Thread(target=run, args=("fake", 1))
        second.start()
        assert not ran.wait(4)
        assert "waiting for it to end" in capsys.readouterr().out
    finally:
        other.kill()  # a holder that is killed leaves nothing behind
        other.wait()
    assert ran.wait(30)
    second.join(30)


def test_a_stamp_whose_products_are_gone_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HW3_ROOT", str(material.make(tmp_path, notebooks=False)))
    profile = config.load("fake")
    for trained in ("best", "vit"):
        write_stamp(profile, trained)
        for name in ("best.safetensors", "predictions.json", "done.json"):
            (paths.runs("fake") / "p2" / trained / name).write_text("{}")
    (paths.runs("fake") / "p2" / "vit" / "best.safetensors").unlink()
    forget_stale(profile)
    assert stamp("fake", "best").is_file()
    assert not stamp("fake", "vit").is_file()


def test_what_killed_steps_were_writing_is_swept_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HW3_ROOT", str(tmp_path))
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    folder = paths.runs("fake") / "notebooks"
    folder.mkdir(parents=True)
    abandoned = folder / f".p3_attention.{gone.pid}.part.ipynb"
    kept = [folder / f".p1.{os.getpid()}.part.ipynb", folder / "p1.ipynb", folder / ".x.part.json", folder / ".part.1"]
    for path in (abandoned, *kept):
        path.write_text("{}")
    assert sweep("fake") == [abandoned]
    assert not abandoned.exists()
    assert all(path.exists() for path in kept)


def test_gpus_are_those_that_this_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    for chosen, count in (("0,2", 2), ("", 0), ("-1", 0), ("GPU-abc", 1)):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", chosen)
        assert devices.gpus() == count


def test_training_runs_of_one_pipeline_take_different_gpus(tmp_path: Path) -> None:
    program = (
        "import os, sys, time; from hw3lib.system import devices; devices.take_gpu(); "
        "print(os.environ['CUDA_VISIBLE_DEVICES'], flush=True); time.sleep(60)"
    )
    environment = os.environ | {
        "HW3_ROOT": str(tmp_path),
        "HW3_PIPELINE": str(os.getpid()),
        "CUDA_VISIBLE_DEVICES": "3,5",
    }
    started = []
    try:
        taken = []
        for _ in range(2):
            process = subprocess.Popen(
                [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=environment, cwd=REPOSITORY
            )
            started.append(process)
            assert process.stdout is not None
            taken.append(process.stdout.readline().strip())
        assert taken == ["3", "5"]
        elsewhere = f"import socket; socket.gethostname = lambda: 'elsewhere'; {program.replace('60', '0')}"
        command = [sys.executable, "-c", elsewhere]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=REPOSITORY)
        assert done.stdout.strip() == "3"  # another machine's GPU 3 is another one
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_a_pipelines_training_waits_for_the_one_that_a_killed_pipeline_left_on_the_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HW3_ROOT", str(material.make(tmp_path, notebooks=False)))
    trained = threading.Event()
    monkeypatch.setattr("hw3lib.training.trainer.train", lambda *_, **__: trained.set())
    monkeypatch.setattr(locks, "in_turn", partial(_at_once, locks.in_turn))
    words = ["best", "--stamp", "--profile", "fake"]
    step = threading.Thread(target=cli.train.main, args=(words,), kwargs={"standalone_mode": False})
    said = ""
    with locks.exclusive(paths.runs("fake") / "p2" / ".best.lock", "busy"):
        step.start()
        while "being trained by another process: waiting for it to end" not in said and step.is_alive():
            said += capsys.readouterr().out
            time.sleep(0.05)
        assert not trained.is_set()
        assert step.is_alive()
    step.join(30)
    assert trained.is_set()
    assert stamp("fake", "best").is_file()


def _at_once(in_turn: Any, path: Path, waiting: Any, patience: float) -> Any:
    return in_turn(path, waiting, 0)


def test_a_step_ends_when_its_pipeline_is_gone() -> None:
    parent = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    program = "from hw3lib.system import locks; locks.end_with_parent(); import time; time.sleep(60)"
    environment = os.environ | {"HW3_PIPELINE": str(parent.pid)}
    child = subprocess.Popen([sys.executable, "-c", program], env=environment, cwd=REPOSITORY)
    parent.kill()
    parent.wait()
    assert child.wait(timeout=30) == 75


def test_a_step_on_another_machine_of_the_cluster_is_left_to_its_scheduler() -> None:
    """There the pipeline's number is nobody's, or somebody else's."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    program = "from hw3lib.system import locks; locks.end_with_parent(); import time; time.sleep(1.5)"
    for host, code in (("another-machine", 0), (locks.this_process().partition("@")[2], 75)):
        environment = os.environ | {"HW3_PIPELINE": f"{gone.pid}@{host}"}
        assert subprocess.run([sys.executable, "-c", program], env=environment, cwd=REPOSITORY).returncode == code


def handler() -> tuple[progress.LogHandler, list[str]]:
    said: list[str] = []
    found = progress.LogHandler(None, None)  # type: ignore[arg-type]
    found._say = said.append  # type: ignore[method-assign]
    return found, said


def tell(found: progress.LogHandler, event: LogEvent, **facts: Any) -> None:
    record = LogRecord("snakemake", INFO, "", 0, None, None, None)
    record.__dict__.update(event=event, **facts)
    found.emit(record)


def test_now_and_then_it_says_how_far_a_step_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "EVERY", 0.05)
    log = tmp_path / "train.log"
    found, said = handler()
    tell(found, LogEvent.RUN_INFO, stats={"all": 1, "train": 1, "total": 2})
    tell(found, LogEvent.JOB_INFO, jobid=1, rule_msg="P2 training: best", rule_name="train", log=[str(log)])
    files.write_text(log, "epoch 1/6\n\x1b[1mepoch 2/6\x1b[0m\rcell 3 of 9\r")  # whole, lest a part of it be told
    deadline = time.monotonic() + 60
    while len(said) < 3 and time.monotonic() < deadline:
        threading.Event().wait(0.02)
    time.sleep(0.2)
    found.close()
    assert said[:2] == ["1 step to run: train", "  > P2 training: best"]
    assert [re.sub(r"\d+ s", "N s", line) for line in said[2:]] == ["    P2 training: best, N s: cell 3 of 9"]


def test_a_step_that_waits_in_a_queue_does_not_speak_with_the_words_of_the_run_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "EVERY", 0.05)
    log = tmp_path / "train.log"
    log.write_text("epoch 6/6 of yesterday\n", encoding="utf-8")
    found, said = handler()
    tell(found, LogEvent.RUN_INFO, stats={"all": 1, "train": 1, "total": 2})
    tell(found, LogEvent.JOB_INFO, jobid=1, rule_msg="P2 training: best", rule_name="train", log=[str(log)])
    time.sleep(0.3)
    refused = "SLURM sbatch failed. The error message was 'no such partition'.\nFor further error details see the log."
    tell(found, LogEvent.JOB_ERROR, jobid=1, rule_msg=refused, rule_name="train", log=[str(log)])
    found.close()
    assert said == [
        "1 step to run: train", "  > P2 training: best", "  ! P2 training: best failed",
        "    SLURM sbatch failed. The error message was 'no such partition'.",
    ]  # fmt: skip


_ASKED = """
import json, re, sys
from snakemake import cli, resources
from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry
from hw3lib.pipeline import progress, run

def show(handler, facts):
    asks = facts["resources"]
    sees = "CUDA_VISIBLE_DEVICES= " not in facts["shellcmd"]
    threads = int(re.search(r"OMP_NUM_THREADS=([0-9]+)", facts["shellcmd"])[1])
    print(json.dumps([facts["rule_name"], threads, asks.get("gpu", 0), sees, asks["mem_mb"], asks["runtime"]]))

progress.LogHandler._begin = show
LoggerPluginRegistry().register_plugin("snakemake_logger_plugin_hw3", progress)
resources.Resources.DEFAULTS["full"] |= run._STEP
for head, defaults in json.loads(sys.argv[1]):
    print("head", flush=True)
    try:
        cli.main(["--snakefile", str(run.SNAKEFILE), "--configfile", head, "--cores", "64", "--dry-run",
                  "--logger", "hw3", "--scheduler", "greedy", "--default-resources", *defaults])
    except SystemExit as end:
        assert not end.code
"""


def asked(root: Path, *heads: tuple[dict[str, Any], list[str]]) -> list[dict[str, list[Any]]]:
    """For each head and defaults, by rule, on 64 cores: a step's cores, its GPUs, whether it sees any, MB, minutes."""
    for name in ("configs", "demo_world"):
        (root / name).symlink_to(REPOSITORY / name)
    asks = []
    for number, (head, defaults) in enumerate(heads):
        asks.append((str(root / f"{number}.json"), defaults))
        files.write_json(root / f"{number}.json", {"profile": "smoke", **head})
    command = [sys.executable, "-c", _ASKED, json.dumps(asks)]
    environment = os.environ | {"HW3_ROOT": str(root), "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=root)
    assert done.returncode == 0, done.stdout + done.stderr
    plans = [part.splitlines() for part in done.stdout.split("head\n")[1:]]
    steps = [[json.loads(line) for line in lines if line.startswith('["')] for lines in plans]
    return [{name: asks for name, *asks in plan} for plan in steps]


def test_steps_ask_for_what_the_head_says_and_not_for_what_the_machine_has_that_reads_the_snakefile(
    tmp_path: Path,
) -> None:
    cluster, alone = asked(
        tmp_path,
        ({"cores": 8, "gpu": 1, "cluster": True}, ["slurm_partition=x"]),
        ({"cores": 10, "gpu": 0, "cluster": False}, ["mem=64GB", "runtime=30"]),
    )
    model, plain = [8, 1, True, 32000, 240], [1, 0, False, 32000, 240]
    assert cluster == {
        "demo_p1": [8, 0, False, 32000, 240], "demo_data": [8, 0, False, 32000, 240],
        "train": model, "score": model, "p1_prompts": model,
        "p3_attention": model, "p2_training": plain, "p2_ablations": plain, "claims": plain, "report": plain,
    }  # fmt: skip
    assert {step: alone[step] for step in ("train", "score", "p1_prompts", "p3_attention")} == {
        "train": [2, 0, True, 64000, 30], "score": [10, 0, True, 64000, 30],
        "p1_prompts": [1, 0, True, 64000, 30], "p3_attention": [1, 0, True, 64000, 30],
    }  # fmt: skip
    assert alone["p1_prompts"][0] + alone["demo_data"][0] <= 10, "P1 is computed while captioned images are drawn"


def chosen(**options: Any) -> SimpleNamespace:
    """Snakemake's options, as far as the pipeline looks at them."""
    plain = {"cores": None, "resources": {}, "default_resources": None, "set_resources": {}, "executor": None}
    return SimpleNamespace(**plain | {"slurm_init_seconds_before_status_checks": MISSING} | options)


def test_on_one_machine_a_gpu_is_for_one_step_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.setenv("HW3_PIPELINE", "")
    options = chosen()
    assert pipeline._here(options, 4) == {"cores": 4, "gpu": 1, "cluster": False}
    assert options.resources == {"gpu": 2}
    assert options.cores == 4
    assert os.environ["HW3_PIPELINE"] == locks.this_process()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    options = chosen()
    assert pipeline._here(options, 4)["gpu"] == 0
    assert options.resources == {}


@pytest.mark.parametrize(("gres", "accounting"), [("gpu:a100:8(S:0-1)", 0), ("(null)", 1)])
def test_on_a_cluster_the_heads_cores_and_gpus_are_no_matter(
    gres: str, accounting: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, does in (("sinfo", f'echo "$@" > {tmp_path}/asked; echo "{gres}"'), ("sacct", f"exit {accounting}")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setenv("HW3_PIPELINE", "1@head")
    options = chosen(executor="slurm", default_resources={"slurm_partition": SimpleNamespace(raw="fast")})
    assert pipeline._on_cluster(options, None) == {"cores": 8, "gpu": int(gres != "(null)"), "cluster": True}
    assert "--partition=fast" in (tmp_path / "asked").read_text()
    assert options.cores is None
    assert options.resources == {}  # as many trainings at once as --jobs says
    assert getattr(options, "slurm_status_command", "sacct") == ("squeue" if accounting else "sacct")
    assert "HW3_PIPELINE" not in os.environ  # jobs neither end with the head nor choose a GPU
    assert pipeline._on_cluster(chosen(executor="slurm"), 3)["cores"] == 3


def test_what_is_being_submitted_when_a_pipeline_is_ended_is_cancelled_and_nothing_more_is_submitted() -> None:
    begun, go_on = threading.Event(), threading.Event()
    cancelled: list[list[int]] = []
    executor = SimpleNamespace(
        _job_submission_executor=ThreadPoolExecutor(1), active_jobs=[], cancel_jobs=cancelled.append
    )

    def submit(job: int) -> None:
        begun.set()
        go_on.wait(30)
        executor.active_jobs.append(job)

    for job in range(5):
        executor._job_submission_executor.submit(submit, job)
    begun.wait(30)
    threading.Timer(0.2, go_on.set).start()
    pipeline._cancel(executor)
    assert cancelled == [[0]] == [executor.active_jobs]


def test_slurm_without_its_plugin_says_what_to_install(bench: Bench) -> None:
    if find_spec("snakemake_executor_plugin_slurm"):
        pytest.skip("the plugin is installed")
    bench.extra = ["--executor", "slurm", "--jobs", "2"]
    code, output = bench.run()
    assert code == 1
    assert 'pip install -e ".[cluster]"' in output


def test_what_does_not_make_the_report_does_not_say_that_it_is_up_to_date(made: tuple[Bench, str]) -> None:
    bench = made[0]
    for extra, says in (
        (["--dry-run"], "planned only: nothing was run"),
        (["--until", "slow"], "done: 2 of 2 steps; the report itself was not asked for"),
    ):
        code, output = bench.run("--forceall", *extra)
        assert code == 0
        assert output.splitlines()[-1] == says, output


@pytest.mark.parametrize("moment", ["planning", "at work"])
def test_sigterm_ends_the_pipeline_and_its_steps_at_once_and_says_how_to_go_on(
    moment: str, bench: Bench, tmp_path: Path
) -> None:
    bench.write(pause=60)
    (tmp_path / "temporary").mkdir()
    bench.environment = {"TMPDIR": str(tmp_path / "temporary")}
    if moment == "planning":
        text = bench.snakefile.read_text()
        bench.snakefile.write_text("open('plans', 'w').close(); import time; time.sleep(60)\n" + text)
    process = bench.start()
    deadline = time.monotonic() + 60
    while not (bench.began("one") or (bench.root / "plans").is_file()) and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(0.5)
    process.terminate()
    output, _ = process.communicate(timeout=30)  # it is open until the steps have ended, too
    assert process.returncode not in (0, None)
    assert output.splitlines()[-1].endswith("the same command goes on from there")
    bench.write()
    assert bench.run()[0] == 0
    assert list((tmp_path / "temporary").iterdir()) == []


def planned(profile: str, root: Path) -> list[str]:
    """The steps that a report would take."""
    environment = os.environ | {"HW3_ROOT": str(root), "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-m", "hw3lib", "report", "--profile", profile, "--cores", "2", "--", "--dry-run"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=REPOSITORY)
    assert done.returncode == 0, done.stdout + done.stderr
    return [line.removeprefix("  > ") for line in done.stdout.splitlines() if line.startswith("  > ")]


def test_the_snakefile_plans_every_step_of_every_profile(tmp_path: Path) -> None:
    for name in ("configs", "demo_world"):
        (tmp_path / name).symlink_to(REPOSITORY / name)
    steps = planned("smoke", tmp_path)
    for captioner in ("best", "swin_base", "swinv2", "vit"):
        assert f"P2 training: {captioner}" in steps
        assert f"P2 notebook: {captioner}" in steps
    assert {
        "draw the demo world's captioned images",
        "P1 notebook: prompts",
        "P2 scores",
        "P2 notebook: ablations",
    } <= set(steps)
    assert steps[-1] == "summary, HTML and PDF"


def test_the_snakefile_plans_a_training_for_each_seed_and_a_notebook_for_each_run(tmp_path: Path) -> None:
    (tmp_path / "demo_world").symlink_to(REPOSITORY / "demo_world")
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "smoke.yaml").write_text((REPOSITORY / "configs" / "smoke.yaml").read_text())
    (tmp_path / "configs" / "seeds.yaml").write_text(
        "extends: smoke\nruns: {best: {seeds: 2}, vit: {seeds: [5]}, swinv2: {seeds: 1}, plus: {seeds: 1}}\n"
    )
    steps = planned("seeds", tmp_path)
    trained = [step.removeprefix("P2 training: ") for step in steps if step.startswith("P2 training")]
    assert sorted(trained) == [
        *("best/seed_2022", "best/seed_2023", "plus"),
        *("swin_base/seed_2022", "swin_base/seed_2023", "swinv2", "vit/seed_5"),
    ]
    assert {"P2 notebook: best", "P2 notebook: vit"} <= set(steps)
    assert steps[-1] == "summary, HTML and PDF"


def test_a_profile_without_a_clip_has_a_report_without_p1(tmp_path: Path) -> None:
    (tmp_path / "demo_world").symlink_to(REPOSITORY / "demo_world")
    text = (REPOSITORY / "configs" / "smoke.yaml").read_text()
    before, _, after = text.partition("\nclip:\n")
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "blind.yaml").write_text(f"{before}\nclip: null\n{after.partition(chr(10) * 2)[2]}")
    steps = planned("blind", tmp_path)
    assert "P1 notebook: prompts" not in steps
    assert "P2 notebook: ablations" in steps
    assert steps[-1] == "summary, HTML and PDF"


def test_without_its_data_a_real_profile_is_refused_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "configs").symlink_to(REPOSITORY / "configs")
    monkeypatch.setenv("HW3_ROOT", str(tmp_path))
    monkeypatch.setattr("hw3lib.pipeline.run._snakemake", lambda *arguments: pytest.fail("it ran"))
    with pytest.raises(UserError, match="profile hw3 lacks"):
        run("hw3", 1)


@pytest.mark.slow
def test_the_smoke_report_survives_kills_and_is_whole(tmp_path: Path) -> None:
    for name in ("configs", "demo_world"):
        (tmp_path / name).symlink_to(REPOSITORY / name)
    environment = os.environ | {"HW3_ROOT": str(tmp_path), "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-m", "hw3lib", "report", "--profile", "smoke", "--cores", "2"]
    for wait in (12, 20):  # s: in the drawing or the first notebook, then in training
        process = subprocess.Popen(command, env=environment, cwd=REPOSITORY, stdout=subprocess.DEVNULL)
        try:
            process.wait(timeout=wait)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=REPOSITORY)
    assert done.returncode == 0, done.stdout + done.stderr
    folder = tmp_path / "report" / "build" / "smoke"
    page = (folder / "hw3_report.html").read_text(encoding="utf-8")
    assert page.count("data-hw3-viewer") >= 7
    assert (folder / "hw3_report.pdf").read_bytes().startswith(b"%PDF")
    assert not list(tmp_path.glob("runs/smoke/**/.*.part*"))
    again = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=REPOSITORY)
    assert "up to date" in again.stdout, again.stdout

    # Run All in a notebook loads what is there and writes nothing, so that the pipeline still has nothing to do.
    results = {path: path.stat().st_mtime_ns for path in tmp_path.glob("runs/smoke/**/*.json")}
    assert len(results) > 10
    environment |= {"JUPYTER_PREFER_ENV_PATH": "1"}
    for name in ("p1_prompts", "p2_training", "p2_ablations", "p3_attention", "claims"):
        live = tmp_path / f"{name}.ipynb"
        papermill = [sys.executable, "-m", "papermill", f"notebooks/{name}.ipynb", str(live), "-p", "profile", "smoke"]
        subprocess.run(papermill, check=True, env=environment, cwd=REPOSITORY, capture_output=True)
        if name != "claims":
            assert "loaded: computed" in live.read_text(encoding="utf-8")
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("runs/smoke/**/*.json")} == results
    plan = [*command, "--", "--dry-run"]
    planned = subprocess.run(plan, capture_output=True, text=True, env=environment, cwd=REPOSITORY)
    assert planned.returncode == 0
    assert "to run" not in planned.stdout, planned.stdout
