"""Everything a profile's report needs, step by step: the Snakefile, run with few words and safe against interruption.

Snakemake's own lock outlives a kill, so it is not used: this process holds a lock that the system lets go of when it
ends, and steps end with it. Whatever a killed step left half-written is made again.
"""

from __future__ import annotations

import io
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hw3lib import config, paths
from hw3lib.system import children, devices, files, isolation, locks
from hw3lib.system.errors import UserError

SNAKEFILE = paths.PACKAGE.parent / "Snakefile"
# What a step asks of a cluster, where neither command nor Snakemake profile says. Snakemake's own defaults, twice the
# input's size in memory, do for tables.
STEP_CORES = 8
_STEP = {"mem": "32000", "runtime": "240"}  # MB, minutes
_POLL = 5  # s until SLURM is first asked how the steps are; the plugin's 40 are long for steps of a minute
_UNFINISHED = "not finished: what is done stays done; the same command goes on from there"


def run(
    spec: str, cores: int | None, extra: Sequence[str] = (), prepare: Callable[[config.Profile], object] | None = None
) -> bool:
    """Make a profile's report; True when all steps succeeded. ``spec`` is the profile's name, or the path of one.

    ``cores`` are those of this machine that are used, all of them where it is None; on a cluster each step asks for so
    many. ``extra`` goes to Snakemake as it is (``--executor slurm``, ``--dry-run``, ...). ``prepare`` is called before
    the steps are planned, while no other pipeline of the profile runs.
    """
    profile = config.load(spec)
    start = time.monotonic()
    locks.end_with_parent("HW3_MAKE")
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    with _alone(profile.name):
        forget_stale(profile)
        if prepare:
            prepare(profile)
        if not extra:  # on a cluster, what looks abandoned from here may be at work on another machine
            sweep(profile.name)
        if profile.data != "demo":
            from hw3lib.pipeline import doctor

            doctor.require(profile)
        page = paths.page(profile.name)
        before = _written(page)
        fine = _snakemake(spec, cores, extra)
    grown, printed = (after != then for after, then in zip(_written(page), before, strict=True))
    if fine and (printed or (grown and not extra)):
        minutes, seconds = divmod(round(time.monotonic() - start), 60)
        pdf = page.with_suffix(".pdf")
        print(f"{paths.shown(page)}\n{paths.shown(pdf)}\nmade in {minutes} min {seconds:02d} s", flush=True)
        return True
    print(_unchanged(page, extra) if fine else _UNFINISHED, flush=True)
    if grown:
        print(f"the report so far: {paths.shown(page)}", flush=True)
    return fine


def _written(page: Path) -> list[int]:
    """When the page and the PDF beside it were written, in ns; 0 where they are not."""
    return [path.stat().st_mtime_ns if path.is_file() else 0 for path in (page, page.with_suffix(".pdf"))]


def _unchanged(page: Path, extra: Sequence[str]) -> str:
    """What to say where all went well and the report is the one of before, if there is any."""
    from hw3lib.pipeline.progress import LogHandler

    steps = LogHandler.latest
    if steps and steps.done:
        return f"done: {steps.done} of {steps.total} steps; the report itself was not asked for"
    if steps and steps.total:
        return "planned only: nothing was run"
    return "up to date: " + ("what was asked for" if extra else f"{paths.shown(page)} and {page.stem}.pdf")


@contextmanager
def _alone(profile: str) -> Iterator[None]:
    """One pipeline per profile at a time: a second one waits, and then finds the work done."""
    lock, holder = paths.runs(profile) / ".pipeline.lock", paths.runs(profile) / ".pipeline.pid"

    def waiting() -> None:
        who = holder.read_text(encoding="utf-8").strip() if holder.is_file() else "unknown"
        print(f"process {who} is making the report of profile {profile}: waiting for it to end", flush=True)

    # A killed predecessor's last words may take a moment.
    with locks.in_turn(lock, waiting, patience=3):
        files.write_text(holder, f"{locks.this_process()}\n")
        yield


def sweep(profile: str) -> list[Path]:
    """Remove what killed steps wrote: temporary files (:func:`~hw3lib.system.files.atomic`) of dead processes."""
    removed = []
    for folder in (paths.runs(profile), paths.report(profile)):
        for path in folder.rglob(".*.part*"):
            number = path.name.rpartition(".part")[0].rpartition(".")[2]
            if number.isdigit() and not _alive(int(number)):
                path.unlink(missing_ok=True)
                removed.append(path)
    return removed


def _alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return True


def stamp(profile: str, run_name: str) -> Path:
    """The file that says to the pipeline that a run is trained; what training itself keeps is its own business."""
    return paths.runs(profile) / "pipeline" / f"train_{run_name}.json"


def forget_stale(profile: config.Profile) -> None:
    """Drop the stamps of steps whose products were removed or are of another time, so that they are made again."""
    for name in profile.all_trainings:
        folder = paths.runs(profile.name) / "p2" / name
        if not all((folder / product).is_file() for product in ("best.safetensors", "predictions.json", "done.json")):
            stamp(profile.name, name).unlink(missing_ok=True)


def write_stamp(profile: config.Profile, run_name: str) -> None:
    """Say to the pipeline that the run is trained."""
    files.write_json(stamp(profile.name, run_name), {"profile": profile.name, "run": run_name})


def _snakemake(spec: str, cores: int | None, extra: Sequence[str]) -> bool:
    from snakemake import cli, common, resources
    from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry

    from hw3lib.pipeline import progress

    progress.LogHandler.page = paths.page(config.load(spec).name)
    registry = LoggerPluginRegistry()
    registry.register_plugin(f"{registry.module_prefix}hw3", progress)
    isolation.isolate()
    # Its cache lies in the project: a home need not be writable.
    dirs = common.get_appdirs()
    common.APPDIRS = SimpleNamespace(
        site_config_dir=dirs.site_config_dir,
        user_config_dir=dirs.user_config_dir,
        user_cache_dir=str(paths.cache("snakemake")),
    )
    # On the command line, Snakemake takes 007 and 3e-4 for numbers.
    typed = paths.runs(config.load(spec).name) / "pipeline" / "profile.json"
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [str(paths.PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    )
    arguments = ["--snakefile", str(SNAKEFILE), "--directory", str(paths.root()), "--configfile"]
    arguments += [str(typed)]
    arguments += ["--rerun-incomplete", "--nolock", "--scheduler", "greedy", "--logger", "hw3", "--keep-going"]
    # No foreign settings; what ``extra`` says comes later and counts.
    arguments += ["--profile", "none", "--workflow-profile", "none"]
    resources.Resources.DEFAULTS["full"] |= _STEP
    if "slurm" in extra and not find_spec("snakemake_executor_plugin_slurm"):
        raise UserError('SLURM needs a package more: .venv/bin/pip install -e ".[cluster]"')
    try:
        parser, chosen = cli.parse_args([*arguments, *extra])
        facts = (_here if chosen.executor in (None, "local") else _on_cluster)(chosen, cores)
        files.write_json(typed, {"profile": spec, **facts})
        with _ended_at_once():
            return bool(cli.args_to_api(chosen, parser))
    except SystemExit as end:
        return not end.code
    except KeyboardInterrupt:
        return False
    except UserError:
        raise
    except Exception as error:
        cli.print_exception(error)
        return False


def _here(chosen: Any, cores: int | None) -> dict[str, Any]:
    """Have all steps on this machine: what the Snakefile must know of it."""
    chosen.cores = chosen.cores or cores or devices.cores()
    gpus = devices.gpus()
    if gpus and "gpu" not in chosen.resources:
        chosen.resources["gpu"] = gpus
    # The steps end with this process.
    os.environ["HW3_PIPELINE"] = locks.this_process()
    return {"cores": chosen.cores, "gpu": min(gpus, 1), "cluster": False}


def _cancel(executor: Any) -> None:
    """Cancel a cluster's jobs. Its own way goes on submitting, and waits for its next look at them: up to 3 minutes."""
    if submitting := getattr(executor, "_job_submission_executor", None):
        submitting.shutdown(cancel_futures=True)
    executor.cancel_jobs(list(executor.active_jobs))


def _on_cluster(chosen: Any, cores: int | None) -> dict[str, Any]:
    """Have the steps on a cluster, which knows its cores and GPUs; this machine's are no matter there."""
    os.environ.pop("HW3_PIPELINE", None)  # its scheduler ends the steps, and gives each its GPU
    gpu = 1
    if chosen.executor == "slurm":
        asked = [chosen.default_resources or {}, *chosen.set_resources.values()]
        gpu = devices.slurm_gpus(",".join(r["slurm_partition"].raw for r in asked if "slurm_partition" in r))
        if not isinstance(chosen.slurm_init_seconds_before_status_checks, int):  # not given
            chosen.slurm_init_seconds_before_status_checks = _POLL
        try:
            children.run(["sacct", "--noheader", "--starttime", "now"], seconds=60)
        except (OSError, subprocess.SubprocessError):  # accounting is off: nobody would ever hear that a step ended
            chosen.slurm_status_command = "squeue"
    return {"cores": chosen.cores or cores or STEP_CORES, "gpu": gpu, "cluster": True}


@contextmanager
def _ended_at_once() -> Iterator[None]:
    """SIGTERM ends the steps and the pipeline at once; Snakemake would wait for the steps to be done."""
    import psutil
    from snakemake.scheduling.job_scheduler import JobScheduler

    from hw3lib.pipeline import progress

    schedule = JobScheduler.schedule

    def watched(scheduler: Any) -> Any:
        def end(*_: object) -> None:
            if scheduler.workflow.local_exec:
                if steps := progress.LogHandler.latest:  # that the steps fail now is no news
                    steps.stream = io.StringIO()
                print(_UNFINISHED, flush=True)
                for step in psutil.Process().children(recursive=True):
                    with suppress(psutil.Error):
                        step.kill()
                with suppress(AttributeError, OSError):  # Snakemake's own folder in the temporary one
                    scheduler.workflow._snakemake_tmp_dir.cleanup()
                os._exit(128 + signal.SIGTERM)
            scheduler._executor.cancel = partial(_cancel, scheduler._executor)
            raise KeyboardInterrupt

        signal.signal(signal.SIGTERM, end)
        if not scheduler.workflow.local_exec:
            signal.signal(signal.SIGINT, end)
        return schedule(scheduler)

    JobScheduler.schedule = watched
    try:
        yield
    finally:
        JobScheduler.schedule = schedule
