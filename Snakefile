# The pipeline. `make report` and `hw3 report` run it; by itself:
#   snakemake --cores 2 --config profile=demo
# Ablation runs go side by side as far as cores and GPUs (--resources gpu=N) reach; on a cluster: --executor slurm.
# What a step may use comes from hw3lib/pipeline/run.py by the configuration: this file is read again inside each job of
# a cluster, whose machine is another one.
# Every output is written whole or not at all. Training keeps its own files, so that it can go on where it stopped:
# what Snakemake sees of it is a stamp.
import shlex
import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir)))

from hw3lib import config as settings, paths
from hw3lib.data import shards
from hw3lib.pipeline import notebooks
from hw3lib.system import provenance, sources

workdir: str(paths.root())

SPEC = config.get("profile", "demo")
PROFILE = settings.load(SPEC)
P = PROFILE.name
RUNS = list(PROFILE.runs)
TRAININGS = list(PROFILE.all_trainings)  # of a run, one for each of its seeds
OUT = f"runs/{P}"
CLUSTER = config.get("cluster", False)
CORES = int(config.get("cores") or workflow.cores or 1)
# A step that computes with a model takes a GPU, where there are any, and no other step sees one.
GPU = int(config.get("gpu", 0))
ON_GPU = f"OMP_NUM_THREADS={{threads}} {shlex.quote(sys.executable)} -m hw3lib"
HW3 = f"CUDA_VISIBLE_DEVICES= {ON_GPU}"
LOGGED = "> {log} 2>&1"


def code(*entries):
    """Files of the project that a step's result follows from: a change of one makes it again."""
    return sources.closure(*entries)


def notebook(name):
    return code(f"notebooks/{name}.ipynb", "hw3lib/pipeline/notebooks.py")


def fingerprint(*parts):
    return provenance.fingerprint({str(i): repr(part) for i, part in enumerate(parts)})


CAPTIONS = []
if captions := PROFILE.captions:
    CAPTIONS = [*shards.expand(captions.train_annotations or captions.train_images), captions.val_annotations]
    CAPTIONS += [captions.test_annotations] if captions.test_annotations else []
if PROFILE.data == "demo":
    from demo_world.build import STAMPS
    from demo_world.folders import Layout

    P1_DATA, CAPTION_DATA = ([str(Layout.of(PROFILE).root / STAMPS[part])] for part in ("p1", "captioned"))
else:
    P1_DATA = [str(paths.resolve(PROFILE.p1.id2label))] if PROFILE.p1 else []
    CAPTION_DATA = [str(paths.resolve(path)) for path in CAPTIONS]
CLIP = PROFILE.clip
WEIGHTS = [str(p) for p in map(paths.resolve, [CLIP.model, CLIP.pretrained]) if p.is_file()] if CLIP else []
SUPERVISED = [str(p) for p in [paths.resolve(PROFILE.p1.supervised.weights)] if p.is_file()] if PROFILE.p1 and PROFILE.p1.supervised else []
EXAMINED = [str(p) for p in [paths.resolve(PROFILE.p3.model or "") / "model.safetensors"] if p.is_file()]

TEMPLATES = sorted(map(str, Path(workflow.basedir, "report", "hw3").glob("*")))

# On one machine as many runs side by side as there are cores, and all cores for the run that is alone.
TRAIN_CORES = CORES if CLUSTER else max(1, CORES // max(1, len(TRAININGS)))
NOTEBOOK_CORES = CORES if CLUSTER else 1


def length(wildcards):
    """Of a training, roughly, in epochs at a frozen encoder: with the longest first no core is idle at the end."""
    run = PROFILE.run(wildcards.training)
    whole = max(0, run.training.epochs - run.training.frozen_epochs)
    return run.training.epochs + 4 * (whole + run.self_critical.epochs)


# A chapter that the profile has nothing for is left out.
CHAPTERS = [name for name, absent in PROFILE.chapters.items() if not absent]
STUDY = [f"{OUT}/{PROFILE.prompt_results}"] if "p1_prompts" in CHAPTERS else []
SCORES = [f"{OUT}/p2/{training}/scores.json" for training in TRAININGS]
GROUNDING = [f"{OUT}/p3/grounding.json", f"{OUT}/p3/faithfulness.json"] if RUNS else []
FIRST = PROFILE.first(PROFILE.best_run) if RUNS else None  # what P3 examines
NOTEBOOKS = [f"{OUT}/notebooks/{name}.ipynb" for name in [*CHAPTERS, "claims", *[f"p2_training_{run}" for run in RUNS]]]
PAGE = paths.page(P).relative_to(paths.root())
REPORT = [str(PAGE.with_suffix(ending)) for ending in (".html", ".pdf", ".ipynb")]


wildcard_constraints:
    run="|".join(RUNS) or "none",
    training="|".join(TRAININGS) or "none",


rule all:
    input:
        REPORT,


if PROFILE.data == "demo":

    rule demo_p1:
        message: "draw the demo world's labelled images"
        output: P1_DATA
        params: drawn=fingerprint(PROFILE.seed)
        log: f"{OUT}/logs/demo_p1.log"
        threads: CORES
        shell: HW3 + " demo build --part p1 --processes {threads} --profile {SPEC:q} " + LOGGED

    # P1's notebook runs beside it. The core that it takes is used again as soon as it is done.
    rule demo_data:
        message: "draw the demo world's captioned images"
        input: P1_DATA
        output: CAPTION_DATA
        params: drawn=fingerprint(PROFILE.seed), processes=CORES
        log: f"{OUT}/logs/demo_data.log"
        threads: CORES if CLUSTER else max(1, CORES - NOTEBOOK_CORES)
        shell: HW3 + " demo build --part captioned --processes {params.processes} --profile {SPEC:q} " + LOGGED


if "p1_prompts" in CHAPTERS:

    rule p1_prompts:
        message: "P1 notebook: prompts"
        input: P1_DATA, WEIGHTS, SUPERVISED, notebook(notebooks.source_of(PROFILE, "p1_prompts").stem)
        output: f"{OUT}/notebooks/p1_prompts.ipynb", STUDY
        params: setting=fingerprint(PROFILE.clip, PROFILE.p1, PROFILE.seed)
        priority: 10_000  # something to read, early
        log: f"{OUT}/logs/p1_prompts.log"
        threads: NOTEBOOK_CORES
        resources: gpu=GPU
        shell: ON_GPU + " notebook p1_prompts --profile {SPEC:q} " + LOGGED


if RUNS:

    rule train:
        message: "P2 training: {wildcards.training}"
        input:
            CAPTION_DATA,
            WEIGHTS,
            lambda w: [str(p) for p in [paths.resolve(PROFILE.run(w.training).encoder.weights)] if p.is_file()],
            lambda w: [str(p) for p in [paths.resolve(PROFILE.run(w.training).start_from or "") / "model.safetensors"] if p.is_file()],
        output: f"{OUT}/pipeline/train_{{training}}.json"
        params: setting=lambda w: fingerprint(PROFILE.run(w.training), PROFILE.captions, PROFILE.clip, PROFILE.seed_of(w.training))
        log: f"{OUT}/logs/train_{{training}}.log"
        priority: lambda w: 10 + length(w)
        threads: TRAIN_CORES
        resources: gpu=GPU
        shell: ON_GPU + " train {wildcards.training} --profile {SPEC:q} --stamp " + LOGGED

    # All runs at once: they share the references, the image features and Java's start.
    rule score:
        message: "P2 scores"
        input: expand(f"{OUT}/pipeline/train_{{training}}.json", training=TRAININGS), code("hw3lib/captioning/scores.py")
        output: SCORES
        params: setting=fingerprint(PROFILE.captions, PROFILE.clip), runs=" ".join(f"--run {training}" for training in TRAININGS)
        log: f"{OUT}/logs/score.log"
        priority: 5
        threads: CORES
        resources: gpu=GPU
        # Asleep while they wait: CLIP's texts are short work, and threads that spin between its parts cost more than it does.
        shell: "OMP_WAIT_POLICY=passive " + ON_GPU + " score {params.runs} --profile {SPEC:q} " + LOGGED

    rule p2_training:
        message: "P2 notebook: {wildcards.run}"
        input:
            lambda w: [f"{OUT}/pipeline/train_{training}.json" for training in PROFILE.trainings(w.run)],
            lambda w: [f"{OUT}/p2/{training}/scores.json" for training in PROFILE.trainings(w.run)],
            notebook("p2_training"),
        output: f"{OUT}/notebooks/p2_training_{{run}}.ipynb"
        params: title=lambda w: PROFILE.runs[w.run].title
        log: f"{OUT}/logs/p2_training_{{run}}.log"
        shell: HW3 + " notebook p2_training --run {wildcards.run} --profile {SPEC:q} " + LOGGED

    rule p2_ablations:
        message: "P2 notebook: ablations"
        input: SCORES, notebook("p2_ablations")
        output: f"{OUT}/notebooks/p2_ablations.ipynb"
        params: titles=[PROFILE.runs[run].title for run in RUNS]
        log: f"{OUT}/logs/p2_ablations.log"
        shell: HW3 + " notebook p2_ablations --profile {SPEC:q} " + LOGGED


if "p3_attention" in CHAPTERS:

    rule p3_attention:
        message: "P3 notebook: attention"
        input:
            # Another training's maps are compared with the first one's.
            [f"{OUT}/p2/{FIRST}/scores.json", *[f"{OUT}/pipeline/train_{training}.json" for training in TRAININGS]] if RUNS else [],
            EXAMINED,
            notebook(notebooks.source_of(PROFILE, "p3_attention").stem),
        output: f"{OUT}/notebooks/p3_attention.ipynb", GROUNDING
        params: setting=fingerprint(PROFILE.p3, PROFILE.best_run)
        log: f"{OUT}/logs/p3_attention.log"
        priority: 4  # the longest of the notebooks
        threads: NOTEBOOK_CORES
        resources: gpu=GPU
        shell: ON_GPU + " notebook p3_attention --profile {SPEC:q} " + LOGGED


rule claims:
    message: "claims and verdicts"
    input: STUDY, SCORES, GROUNDING, notebook("claims")
    output: f"{OUT}/notebooks/claims.ipynb", f"{OUT}/claims.json"
    params: setting=fingerprint(PROFILE.runs, PROFILE.best_run, PROFILE.captions)
    log: f"{OUT}/logs/claims.log"
    shell: HW3 + " notebook claims --profile {SPEC:q} " + LOGGED


rule report:
    message: "summary, HTML and PDF"
    input: NOTEBOOKS, f"{OUT}/claims.json", STUDY, SCORES, code("hw3lib/report/assemble.py"), TEMPLATES
    output: REPORT, f"{OUT}/summary.json"
    params: setting=fingerprint(PROFILE.title, [PROFILE.runs[run].title for run in RUNS])
    log: f"{OUT}/logs/report.log"
    shell: HW3 + " report --render --profile {SPEC:q} " + LOGGED
