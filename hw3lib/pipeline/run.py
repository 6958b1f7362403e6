"""Everything a profile's report needs, step by step: the Snakefile, run with few words and safe against interruption.

Snakemake's own lock outlives a kill, so it is not used: this process holds a lock that the system lets go of when it
ends, and steps end with it. Whatever a killed step left half-written is made again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace

from hw3lib import config, paths
from hw3lib.system import files, isolation, locks
from hw3lib.system.devices import gpus
from hw3lib.system.errors import UserError

SNAKEFILE = paths.PACKAGE.parent / "Snakefile"


def run(
    spec: str, cores: int, extra: Sequence[str] = (), prepare: Callable[[config.Profile], object] | None = None
) -> bool:
    """Make a profile's report; True when all steps succeeded. ``spec`` is the profile's name, or the path of one.

    ``extra`` goes to Snakemake as it is (``--executor slurm``, ``--dry-run``, ...). ``prepare`` is called before the
    steps are planned, while no other pipeline of the profile runs.
    """
    profile = config.load(spec)
    start = time.monotonic()
    locks.end_with_parent("HW3_MAKE")
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
        before = page.stat().st_mtime_ns if page.is_file() else 0
        fine = _snakemake(spec, cores, extra)
    if not fine:
        print("not finished: what is done stays done; the same command goes on from there", flush=True)
        if page.is_file() and page.stat().st_mtime_ns != before:
            print(f"the report so far: {paths.shown(page)}", flush=True)
    elif page.is_file() and page.stat().st_mtime_ns == before:
        print(f"up to date: {paths.shown(page)} and {page.stem}.pdf", flush=True)
    elif page.is_file():
        minutes, seconds = divmod(round(time.monotonic() - start), 60)
        print(
            f"{paths.shown(page)}\n{paths.shown(page.with_suffix('.pdf'))}\nmade in {minutes} min {seconds:02d} s",
            flush=True,
        )
    return fine


@contextmanager
def _alone(profile: str) -> Iterator[None]:
    """One pipeline per profile at a time: a second one waits, and then finds the work done."""
    lock, holder = paths.runs(profile) / ".pipeline.lock", paths.runs(profile) / ".pipeline.pid"
    with ExitStack() as stack:
        try:
            # A killed predecessor's last words may take a moment.
            stack.enter_context(locks.exclusive(lock, "", patience=3))
        except UserError:
            who = holder.read_text(encoding="utf-8").strip() if holder.is_file() else "unknown"
            print(f"process {who} is making the report of profile {profile}: waiting for it to end", flush=True)
            stack.enter_context(locks.exclusive(lock, "", patience=-1))
        files.write_text(holder, f"{os.getpid()}\n")
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
    for name in profile.runs:
        folder = paths.runs(profile.name) / "p2" / name
        if not all((folder / product).is_file() for product in ("best.safetensors", "predictions.json", "done.json")):
            stamp(profile.name, name).unlink(missing_ok=True)


def write_stamp(profile: config.Profile, run_name: str) -> None:
    """Say to the pipeline that the run is trained."""
    files.write_json(stamp(profile.name, run_name), {"profile": profile.name, "run": run_name})


def _snakemake(spec: str, cores: int, extra: Sequence[str]) -> bool:
    from snakemake import common
    from snakemake.cli import main
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
        user_cache_dir=str(paths.root() / "runs" / "cache" / "snakemake"),
    )
    # On the command line, Snakemake takes 007 and 3e-4 for numbers.
    typed = paths.runs(config.load(spec).name) / "pipeline" / "profile.json"
    files.write_json(typed, {"profile": spec})
    os.environ["HW3_PIPELINE"] = locks.this_process()
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [str(paths.PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    )
    arguments = ["--snakefile", str(SNAKEFILE), "--directory", str(paths.root()), "--configfile"]
    arguments += [str(typed)]
    arguments += ["--cores", str(cores), "--rerun-incomplete", "--nolock", "--scheduler", "greedy", "--logger", "hw3"]
    # No foreign settings; what ``extra`` says comes later and counts.
    arguments += ["--profile", "none", "--workflow-profile", "none"]
    # One training run per GPU; without any, the cores decide how many go side by side.
    arguments += ["--resources", f"gpu={gpus() or len(config.load(spec).runs)}", "--keep-going"]
    try:
        main([*arguments, *extra])
    except SystemExit as end:
        return not end.code
    return True
