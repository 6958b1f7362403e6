"""The command ``hw3``. Each command imports what it needs when it runs, so that ``hw3 --help`` answers at once."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hw3lib import __version__
from hw3lib.system import devices, files, isolation, locks, memory
from hw3lib.system.errors import UserError
from hw3lib.system.messages import counted

if TYPE_CHECKING:
    from demo_world.folders import Part
    from hw3lib.config import Profile, Segmenter

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)

_profile = click.option(
    "--profile",
    "spec",
    default="demo",
    show_default=True,
    help="A name under configs/ (demo, smoke, hw3) or a YAML file.",
)
_source = click.option(
    "--from", "source", metavar="MODEL", help="Instead of a profile's run: a folder of `hw3 export`, or a hub's name."
)
_device = click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, ...")


class _Commands(click.Group):
    """Lists commands in the order of their definition; a UserError is one line and exit code 2.

    So is a disk that is full, read-only or in any other way not up to it. Ctrl-C says how to go on, with exit code 130.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            again, what = shlex.join(["hw3", *sys.argv[1:]]), str(stop) or "stopped; what was finished is kept"
            click.echo(f"\nhw3: {what}. To go on: {again}", err=True)
            ctx.exit(130)
        except UserError as error:
            message = str(error)
        except OSError as error:
            if (explanation := files.explain(error)) is None:
                raise
            message = explanation
        # Names come from files: they must not command the terminal.
        click.echo("hw3: " + _CONTROL.sub(lambda match: repr(match[0])[1:-1], message), err=True)
        ctx.exit(2)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="hw3")
def main() -> None:
    """Prompts, captions, attention: three problems of vision and language, and the report on them."""
    isolation.isolate()
    memory.huge_pages()
    locks.end_with_parent()
    # jsonschema, which reads notebooks, would build this package's grammar at import, in 1.2 s of processor, to check
    # addresses by RFC 3987: no schema here has one.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


@main.command()
@click.argument("images", type=_FOLDER)
@click.argument("id2label", type=_FILE)
@click.argument("out", type=_FILE)
@click.option(
    "--template",
    help="The prompt: {object} is the label, {a/an} its article. Not given: classify_with of the profile's prompts.",
)
@_profile
@_device
def classify(images: Path, id2label: Path, out: Path, template: str | None, spec: str, device: str) -> None:
    """Classify the IMAGES of a folder with CLIP among the labels of ID2LABEL, into OUT (CSV: filename,label).

    ID2LABEL is JSON, {"0": "bicycle", ...}, or a text file (.txt) of one name a line, the first of which is label 0.
    """
    from hw3lib import config
    from hw3lib.data import drawings
    from hw3lib.prompts import templates, zero_shot

    files.refuse_unwritable(out)
    loaded = config.load(spec)
    template = template or templates.PromptSet.load(loaded.p1.prompts if loaded.p1 else "report").classify_with
    clip = loaded.require_clip("classifies")
    labels = zero_shot.classify_folder(
        clip, images, id2label, out, template, device, note=lambda text: click.echo(text, err=True)
    )
    _tell_left_out(images)
    _warn(drawings.warning("This CLIP", drawings.folders(loaded), images))
    click.echo(f"{out}: {len(labels)} labels")


@main.command()
@click.argument("images", type=_FOLDER)
@click.argument("out", type=_FILE)
@click.option("--run", help="Which run's weights; the profile's best when not given.")
@click.option("--batch-size", default=32, show_default=True, type=click.IntRange(min=1))
@click.option("--skip-unreadable", is_flag=True, help="Leave out images that cannot be read, instead of refusing all.")
@click.option("--compile", "compiled", is_flag=True, help="On a GPU: faster from tens of thousands of images on.")
@click.option(
    "--precision",
    type=click.Choice(["auto", "float32", "bfloat16", "int8"]),  # torch is not imported for a help text
    default="auto",
    show_default=True,
    help="auto is float32, which alone leaves captions as they are; int8 is the decoder's, on an x86 processor.",
)
@_source
@_profile
@_device
def caption(
    images: Path,
    out: Path,
    run: str | None,
    batch_size: int,
    skip_unreadable: bool,
    compiled: bool,
    precision: str,
    source: str | None,
    spec: str,
    device: str,
) -> None:
    """Caption the IMAGES of a folder; write OUT (JSON: file name without its ending -> caption).

    OUT has a caption for every image, as graders expect, or is not written: an image that cannot be read is refused.
    """
    from hw3lib.data.images import list_images
    from hw3lib.models import inference

    files.refuse_unwritable(out)
    paths = list_images(images)
    _tell_left_out(images)
    loaded = _loaded(spec, run, device, source)
    _warn(inference.unfamiliar(loaded, images))
    if compiled and loaded.model.device.type != "cuda":
        raise UserError(f"--compile is for a GPU, and the model is on {loaded.model.device}; leave it out")

    def skipped(path: Path, problem: str) -> None:
        click.echo(f"left out: {problem}", err=True)

    try:
        captions = inference.caption_images(
            loaded, paths, batch_size, skipped if skip_unreadable else None, compiled, _warn, precision
        )
    except inference.Unreadable as error:
        raise UserError(f"{error}\nEvery image needs a caption; to do without theirs: --skip-unreadable") from None
    if not captions:
        raise UserError(f"none of the {len(paths)} images in {images} can be read")
    files.write_json(out, {name: caption.text for name, caption in captions.items()})
    left = f", {len(paths) - len(captions)} images left out" if len(captions) < len(paths) else ""
    click.echo(f"{out}: {len(captions)} captions{left}")


@main.command()
@click.argument("images", type=_FOLDER)
@click.argument("outdir", type=_FOLDER)
@click.option("--run", help="Which run's weights; the profile's best when not given.")
@click.option("--npz", is_flag=True, help="Also write the maps as arrays, with the words: <name>.npz.")
@click.option("--webp", is_flag=True, help="Also write an animation that plays through the words: <name>.webp.")
@_source
@_profile
@_device
def attend(
    images: Path, outdir: Path, run: str | None, npz: bool, webp: bool, source: str | None, spec: str, device: str
) -> None:
    """Caption the IMAGES of a folder and draw, for each, where the decoder attends for every word, into OUTDIR."""
    from hw3lib.attention.folder import attend_folder
    from hw3lib.models.inference import unfamiliar

    loaded = _loaded(spec, run, device, source)
    _warn(unfamiliar(loaded, images))
    attend_folder(loaded, images, outdir, report=click.echo, arrays=npz, strips=webp)
    _tell_left_out(images)


@main.command()
@click.argument("name", metavar="[RUN]", required=False)
@click.option("--run", help="The same as RUN.")
@click.option("--fresh", is_flag=True, help="Start from nothing, also where an interrupted training could go on.")
@click.option("--stamp", is_flag=True, hidden=True, help="Tell the pipeline when done.")
@click.option(
    "--from", "source", metavar="MODEL", help="Start from an exported run: a folder of `hw3 export`, or a hub's name."
)
@_profile
def train(name: str | None, run: str | None, fresh: bool, stamp: bool, source: str | None, spec: str) -> None:
    """Train a captioning RUN of the profile (its best one when none is named), or go on where it was interrupted.

    A run of several seeds is trained once for each; RUN/seed_2023 is one of them.

    On several devices or machines: accelerate launch -m hw3lib train RUN --profile ...
    """
    from hw3lib import config

    profile = config.load(spec)
    chosen = name or run or profile.best_run
    profile.run(chosen)
    if source:
        source = str(Path(source).resolve()) if Path(source).is_dir() else source
        of = chosen.partition("/")[0]
        profile = replace(profile, runs=profile.runs | {of: replace(profile.runs[of], start_from=source)})
    devices.take_gpu()
    for training in profile.trainings(chosen):
        _train(profile, training, fresh, stamp)
    if source:
        click.echo(f"for a report, say so in the profile: runs.{of}.start_from: {source}", err=True)


def _train(profile: Profile, chosen: str, fresh: bool, stamp: bool) -> None:
    """One training of a run, while no other process is at it."""
    from hw3lib import config, paths
    from hw3lib.training import run_files, trainer

    if os.environ.get("RANK", "0") != "0":  # processes of one distributed training share the folder on purpose
        trainer.train(profile, chosen, resume=not fresh)
        return
    folder = config.folder(profile, chosen)
    lock, busy = (
        folder.with_name(f".{folder.name}.lock"),
        f"run {chosen} of {profile.name} is being trained by another process",
    )
    # A pipeline that was killed leaves its jobs on a cluster at work; its successor's wait for them.
    waiting = partial(click.echo, f"{busy}: waiting for it to end")
    with locks.in_turn(lock, waiting, 5) if stamp else locks.exclusive(lock, busy, 5):
        if not fresh and (source := run_files.take_over(profile, chosen)):
            click.echo(f"{chosen}: taken over from {paths.shown(source)}: the same settings, seed and files")
        trainer.train(profile, chosen, resume=not fresh)
        if stamp:
            from hw3lib.pipeline.run import write_stamp

            write_stamp(profile, chosen)
    click.echo(str(folder))


@main.command()
@click.argument("predictions", type=_FILE, required=False)
@click.option("--images-root", type=_FOLDER, help="The folder of the images; without it, no (Ref)CLIPScore.")
@click.option("--annotations", type=_FILE, help="The reference captions: COCO's JSON, or another form of captions.")
@click.option("--split", "splits", multiple=True, default=("val",), show_default=True, help="Where that file has any.")
@click.option("--instances", type=_FILE, help="COCO's instances: adds object recall and CHAIR.")
@click.option("--language", help="The captions' (en, zh, ja, ...); found from the references when not given.")
@click.option("--words", type=click.Choice(["characters", "jieba"]), default="characters", help="Of Chinese captions.")
@click.option("--run", "runs", multiple=True, help="Instead of files: score this run of the profile, into its folder.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with the scores of each image.")
@_profile
@_device
def score(
    predictions: Path | None,
    images_root: Path | None,
    annotations: Path | None,
    splits: tuple[str, ...],
    instances: Path | None,
    language: str | None,
    words: Segmenter,
    runs: tuple[str, ...],
    as_json: bool,
    spec: str,
    device: str,
) -> None:
    """Score PREDICTIONS (JSON: image name -> caption, or COCO's list): CIDEr, BLEU, ROUGE-L, METEOR.

    With the images' folder, CLIPScore and RefCLIPScore, too.
    """
    from hw3lib import config
    from hw3lib.captioning import scores
    from hw3lib.models.experiment import Experiment

    devices.take_gpu()
    tell = partial(click.echo, err=True)
    scored: Mapping[str, scores.Scores | scores.RunScores]
    if runs:
        if predictions or annotations or images_root or language:
            raise UserError("--run says it all; leave the files out, or score files without --run")
        opened = Experiment.open(spec, device)
        scored = scores.score_runs(opened, runs, tell)
        scored = {name: result for name, result in scored.items() if name in opened.profile.all_trainings}
    elif predictions and annotations:
        clip = config.load(spec).require_clip("CLIPScore needs") if images_root else None
        files = (predictions, annotations, images_root, clip, instances, device, splits)
        scored = {"": scores.score_files(*files, language, words, tell)}
    else:
        raise UserError("name what to score: hw3 score PRED.json --annotations val.json [--images-root FOLDER]")
    if as_json:
        plain = {run: {"scores": result.scores, "per_image": result.per_image} for run, result in scored.items()}
        click.echo(json.dumps(plain if runs else plain[""], ensure_ascii=False))
    else:
        _print_scores({run: result.scores for run, result in scored.items()})


@main.command()
@click.argument("out", type=_FOLDER)
@click.option("--images", "per_shard", default=1000, show_default=True, type=click.IntRange(min=1), help="In a shard.")
@_profile
def shards(out: Path, per_shard: int, spec: str) -> None:
    """Pack the profile's training images and captions into tar files in OUT (WebDataset's format)."""
    from hw3lib.data.shard_writer import write_shards
    from hw3lib.models.experiment import Experiment

    training = Experiment.open(spec).training
    where = write_shards(training, out, per_shard)
    click.echo(f"{len(training)} images; in the profile: captions.train_images: {where}")


@main.command()
@click.argument("run")
@click.argument("out", type=_FOLDER)
@_profile
def export(run: str, out: Path, spec: str) -> None:
    """Write a trained RUN into the folder OUT as a model of its own: weights, configuration, tokenizer, model card."""
    from hw3lib.captioning.model_card import model_card
    from hw3lib.models import inference
    from hw3lib.models.experiment import Experiment

    experiment = Experiment.open(spec, "cpu")
    loaded = experiment.load_run(run)
    click.echo(f"{inference.export(loaded, out, model_card(experiment, run))}: to be used with --from {out}")


@main.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@_profile
def fetch(yes: bool, spec: str) -> None:
    """Get the public data that the profile lacks: it says their licences and sizes, and asks.

    What was interrupted goes on; what is there stays as it is.
    """
    from hw3lib import config
    from hw3lib.data import fetch

    profile = config.load(spec)
    if not profile.fetch:
        raise UserError(
            f"profile {profile.name} names no public data (fetch); hw3 doctor --profile {spec} says what it needs"
        )
    lacking = fetch.missing(profile)
    if not lacking:
        click.echo(f"nothing to fetch; what else is needed: hw3 doctor --profile {spec}")
        return
    fetch.refuse_small_disk(lacking)
    told = None
    for item in lacking:
        if item.data_set != told:
            told = item.data_set
            click.echo(f"{told.title}, into {item.folder}\n  licence: {told.licence}\n  page: {told.page}")
        size = fetch.in_words(item.download) if item.download else "is there"
        click.echo(f"  {size}: {item.archive.address}")
    if not yes and not sys.stdin.isatty():
        raise UserError(f"nobody can be asked here: hw3 fetch --profile {spec} --yes fetches without")
    total = fetch.in_words(sum(item.download for item in lacking))
    if not yes:
        click.confirm(f"Fetch {total}, under these licences?", abort=True)
    fetch.fetch(lacking, click.echo)
    click.echo(f"next: hw3 doctor --profile {spec}; the archives in {lacking[0].place.parent} may be removed")


@main.command()
@click.argument("name")
@click.option("--photographs", required=True, type=_FOLDER, help="A folder of photographs, or of one for each class.")
@click.option("--captions", type=_FILE, help="Theirs: COCO's JSON, Karpathy's, BLIP's, or Flickr's table.")
@click.option("--labels", type=_FILE, help='P1\'s class names: {"0": "bicycle", ...}, or a .txt of one name a line.')
@click.option(
    "--from", "source", metavar="MODEL", help="Without captions, P3's run: a folder of `hw3 export`, or a hub's name."
)
@click.option("--small", is_flag=True, help="With captions: a run that a processor trains in minutes, not a GPU's.")
@click.option("--force", is_flag=True, help="Write the profile anew where there is one.")
def init(
    name: str,
    photographs: Path,
    captions: Path | None,
    labels: Path | None,
    source: str | None,
    small: bool,
    force: bool,
) -> None:
    """Write a profile NAME for photographs of your own, with comments on what is there and what may be added."""
    from hw3lib.pipeline import new_profile

    begun = new_profile.begin(name, photographs, captions, labels, source, force, small)
    for note in begun.notes:
        click.echo(note, err=True)
    click.echo(f"{begun.profile}: read it, then ask what it needs: hw3 doctor --profile {name}")


@main.command()
@_profile
def doctor(spec: str) -> None:
    """Say which data, weights and tools are there, what is missing, and where to put it; exit code 1 if any is."""
    from hw3lib.pipeline import doctor

    sys.exit(0 if doctor.show(spec) else 1)


@main.command(context_settings={"ignore_unknown_options": True})
@click.option(
    "--cores",
    type=click.IntRange(min=1),
    help="Processor cores to use, all when not given; on a cluster: of each step, 8.",
)
@click.option("--render", is_flag=True, help="Only set the documents again, from what has been run.")
@click.option("--verify", is_flag=True, help="Compute every score again from the predictions and compare.")
@click.argument("snakemake", nargs=-1, type=click.UNPROCESSED)
@_profile
def report(cores: int | None, render: bool, verify: bool, snakemake: tuple[str, ...], spec: str) -> None:
    """Run whatever the profile's report still lacks, then write it as HTML and PDF.

    Further arguments go to SNAKEMAKE, which runs the steps: hw3 report --profile hw3 -- --executor slurm --jobs 4

    With --verify nothing is trained or written: it says of every result file whether its numbers still follow from the
    predictions; exit code 1 if any does not. Further arguments are then the runs of P2 to verify, all when there are
    none.
    """
    if verify:
        from hw3lib.models.experiment import Experiment
        from hw3lib.pipeline import verify as verification

        sys.exit(0 if verification.show(verification.verify(Experiment.open(spec), snakemake)) else 1)
    if render:
        from hw3lib import config
        from hw3lib.report import assemble as documents
        from hw3lib.report import summary

        profile = config.load(spec)
        summary.summarise(profile)
        for path in documents.build(profile, progress=click.echo):
            click.echo(str(path))
        return
    from demo_world.build import forget_stale
    from hw3lib.pipeline.run import run

    sys.exit(0 if run(spec, cores, snakemake, prepare=forget_stale) else 1)


@main.command(hidden=True)
@click.argument("name")
@click.option("--run")
@_profile
def notebook(name: str, run: str | None, spec: str) -> None:
    """Execute a notebook with the profile (and the run) as its parameters; keep the copy under runs/."""
    from hw3lib import config
    from hw3lib.pipeline import notebooks
    from hw3lib.report import assemble

    devices.take_gpu()
    click.echo(str(notebooks.execute(spec, name, run)))
    assemble.build_so_far(config.load(spec))


@main.group()
def demo() -> None:
    """The embedded demo world: its data and its weights."""


@demo.command("build")
@click.option("--processes", type=click.IntRange(min=1), help="All cores when not given.")
@click.option("--part", "parts", multiple=True, type=click.Choice(["p1", "captioned"]), help="All when not given.")
@_profile
def demo_build(processes: int | None, parts: tuple[Part, ...], spec: str) -> None:
    """Draw the demo's data, unless it is there and current."""
    from demo_world import build
    from hw3lib import config

    build.build(config.load(spec), progress=True, processes=processes, parts=parts or build.PARTS)


@demo.command("pretrain")
@click.argument("only", nargs=-1)
@click.option("--threads", default=2, show_default=True, type=click.IntRange(min=1))
def demo_pretrain(only: tuple[str, ...], threads: int) -> None:
    """Make the demo's weights anew: all of them, or ONLY some (clip swin_large swin_base swinv2 vit)."""
    from demo_world.pretrain.train import pretrain

    pretrain(only, threads)


def _tell_left_out(folder: Path) -> None:
    """Say which files of a folder are no images: by their endings, nobody's mistake need stay unseen."""
    from hw3lib.data.images import left_out

    if others := left_out(folder):
        click.echo(f"left out, as no image by its ending: {counted([path.name for path in others], 'file')}", err=True)


def _loaded(spec: str, run: str | None, device: str, source: str | None = None) -> Any:
    """A trained run of the profile, or an exported one, on the device that was asked for."""
    from hw3lib import config
    from hw3lib.models import inference

    if source:
        if run:
            raise UserError("--from names the model; leave --run out")
        return inference.load_pretrained(source, device)
    opened = config.load(spec)
    return inference.load_run(opened, run or opened.best_run, device)


def _warn(sentence: str) -> None:
    if sentence:
        click.echo(f"hw3: {sentence}", err=True)


def _print_scores(scores: dict[str, dict[str, float]]) -> None:
    """A line per score, a column per run."""
    names = list(dict.fromkeys(name for values in scores.values() for name in values))
    wide = max(len(name) for name in names)
    sides = {run: max(8, len(run)) for run in scores}
    if any(scores):
        click.echo(" " * wide + "".join(f"  {run:>{sides[run]}}" for run in scores))
    for name in names:
        values = (
            f"  {values[name]:>{sides[run]}.4f}" if name in values else " " * (sides[run] + 2)
            for run, values in scores.items()
        )
        click.echo(name.ljust(wide) + "".join(values))
