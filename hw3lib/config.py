"""Profiles: one YAML file under ``configs/`` fills the frozen dataclasses below, and nothing else configures a run.

A run of P2 that says ``like: best`` takes everything from ``best`` that it does not say itself; a profile that says
``extends: demo`` takes everything from ``demo.yaml`` beside it, and leaves out the runs that it sets to null.
"""

from __future__ import annotations

import difflib
import re
import reprlib
from collections.abc import Iterator
from dataclasses import Field as DataclassField
from dataclasses import field, fields, is_dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints

import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from hw3lib import paths
from hw3lib.system.errors import UserError
from hw3lib.system.files import decoded_text

_STRICT = ConfigDict(extra="forbid")
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")  # of runs and of profiles that are extended
_EXPLAINED = 10  # mistakes that one message names
# Keys that came after the first runs: what is trained already keeps its identity while they have their default.
NEWER = {"newer": True}
# Keys that change no number: no part of a run's identity, nothing that two runs differ in.
ASIDE = {"aside": True}
Triple = tuple[float, float, float]
CropMode = Literal["center", "squash", "border"]
Segmenter = Literal["characters", "jieba"]


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Clip:
    """An open_clip model: a name that open_clip knows or the path of its JSON config; weights by tag or by file."""

    model: str = "ViT-B-32"  # a name that open_clip knows, or the path of its JSON configuration
    pretrained: str = "openai"  # open_clip's tag, or a weights file
    batch_size: int = Field(default=64, ge=1)  # images or texts at a time
    # the texts' language in the tokenizer's own code, where it asks for one: NLLB's, e.g. zho_Hant
    text_language: str | None = field(default=None, metadata=NEWER)


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Captions:
    """P2's data, COCO's JSON. Without a test the validation images are also those that results are told of."""

    train_images: str  # a folder, or WebDataset's shards: data/shards/train-{000000..000012}.tar
    train_annotations: str | None  # may be left out where shards have captions of their own
    val_images: str  # a folder
    val_annotations: str  # a file of captions: COCO's JSON, Karpathy's, BLIP's, or Flickr's table
    tokenizer: str  # a Hugging Face tokenizers file; trained from the training captions when absent
    vocabulary_size: int = Field(default=18_022, ge=16)  # only used when the tokenizer is trained
    # COCO's instances JSON of the validation images: adds object recall, CHAIR, grounding
    val_instances: str | None = None
    limit_train: int | None = Field(default=None, ge=1)  # use the first so many images only (smoke)
    limit_val: int | None = Field(default=None, ge=1)  # the same for validation, and for test_annotations
    # the splits to train on, where the file of captions has any (Karpathy's), or text files that list images (.txt)
    train_splits: tuple[str, ...] = field(default=("train", "restval"), metadata=NEWER)
    val_splits: tuple[str, ...] = field(default=("val",), metadata=NEWER)  # likewise, to validate on
    # results are told of this share of the validation images, drawn by the hash of the name; the others validate
    test_share: Annotated[float, Field(gt=0, lt=1)] | None = field(default=None, metadata=NEWER)
    # or of other images than those that chose rates and epochs: their captions
    test_annotations: str | None = field(default=None, metadata=NEWER)
    test_images: str | None = field(default=None, metadata=NEWER)  # their folder; null: val_images
    test_splits: tuple[str, ...] = field(default=("test",), metadata=NEWER)  # the splits to test on
    test_instances: str | None = field(default=None, metadata=NEWER)  # their objects' masks; null: val_instances
    # en, zh, ja, ar, ... (BCP 47's primary tag); null: found from the captions, and said
    language: Annotated[str, Field(pattern="^[a-z]{2,3}$")] | None = field(default=None, metadata=NEWER)
    # what the words of Chinese captions are, to the metrics and on pages: characters, or jieba's words
    words: Segmenter = field(default="characters", metadata=NEWER)
    # training and validation images at each run's size, under runs/cache/images
    keep_decoded: bool = field(default=True, metadata=ASIDE)

    @property
    def reported(self) -> Literal["validation", "test"]:
        """The images that results are told of: those of the test where there is one."""
        return "test" if self.test_share or self.test_annotations else "validation"

    @property
    def reported_annotations(self) -> str:
        """The file with the captions of these images."""
        return self.test_annotations or self.val_annotations

    @property
    def reported_instances(self) -> str | None:
        """The file with the masks of these images' objects."""
        return self.test_instances or self.val_instances


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Photographs:
    """P3's data: a folder of photographs, shown in this order (all of them, by name, when empty)."""

    images: str  # a folder
    names: tuple[str, ...] = ()  # file names without their endings
    instances: str | None = None  # COCO's masks of these photographs, to be outlined in the viewer
    measure: int = Field(default=1000, ge=2)  # images on which attention is measured, at the most
    # where the profile trains no run, the trained one to examine: a folder of `hw3 export`, or a name on the hub
    model: str | None = field(default=None, metadata=NEWER)


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Encoder:
    """A timm backbone. ``arguments`` go to ``timm.create_model``; sizes and statistics come from timm when null."""

    name: str = "swin_large_patch4_window7_224"  # timm's name of the backbone
    weights: str = "pretrained"  # "pretrained" (timm's own, from the hub or its cache), "none", or a file
    arguments: dict[str, Any] = field(default_factory=dict)  # more keyword arguments of timm.create_model
    image_size: int | None = Field(default=None, ge=16)  # pixels
    mean: Triple | None = None  # of the normalised input, per channel; timm's when null
    std: Triple | None = None  # likewise
    frozen: bool = False  # the encoder never learns
    # how a photograph of another shape becomes the input: its centre, the whole of it squashed, or with borders
    crop_mode: CropMode = field(default="center", metadata=NEWER)


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Labelled:
    """P1's data: labelled images and ``id2label.json``; or photographs of any name, without labels."""

    # a folder of `<label id>_<n>.png`, or of a folder for each class; of any names where `labelled` is false
    images: str
    id2label: str  # the classes: `{"0": "bicycle", ...}`, or a text file (.txt) with one name a line
    # false: the photographs carry no labels; P1 shows what CLIP answers, and measures no accuracy
    labelled: bool = field(default=True, metadata=NEWER)
    prompts: str = "report"  # a prompt set by name (hw3lib/resources/prompts/*.json) or the path of one
    study: tuple[str, ...] = ("factorial", "imagenet80", "cifar")  # the sets that are studied beside it, with labels
    # What stands for a supervised network, its features frozen; null: CLIP's own image encoder. Needs labels, too.
    supervised: Encoder | None = None


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Decoder:
    """A pre-norm transformer decoder (Vaswani et al. 2017) with cross-attention over the image's patches."""

    layers: int = Field(default=8, ge=1)  # blocks of self-attention, cross-attention and feed-forward
    heads: int = Field(default=8, ge=1)  # of each attention; they divide the width
    width: int | None = Field(default=None, ge=8)  # the encoder's own when null
    feed_forward: int = Field(default=2048, ge=8)  # width of the hidden layer
    dropout: float = Field(default=0.1, ge=0, lt=1)  # of embeddings and of what each sub-layer adds
    attention_dropout: float = Field(default=0.1, ge=0, lt=1)  # of attention weights
    tied_head: bool = False  # the output layer's weights are the token embedding's
    max_length: int = Field(default=64, ge=4)  # tokens with [BOS] and [EOS]; longer captions are cut


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Jitter:
    """torchvision's ColorJitter; all zero is no augmentation."""

    brightness: float = Field(default=0.0, ge=0)  # a factor is drawn from 1 - x to 1 + x
    contrast: float = Field(default=0.0, ge=0)  # likewise
    saturation: float = Field(default=0.0, ge=0)  # likewise
    hue: float = Field(default=0.0, ge=0, le=0.5)  # a shift is drawn from -x to x, in turns of the colour wheel


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Training:
    """How the reference captions are learned.

    The rates come in stages: the next one each time validation CIDEr and CLIPScore both stop rising. With ``schedule:
    cosine`` the first one falls to zero over the epochs instead, and nothing ends before its time.
    """

    learning_rates: tuple[float, ...] = Field(default=(1e-5, 3e-6, 1e-6), min_length=1)  # AdamW's, one per stage
    schedule: Literal["staged", "cosine"] = "staged"  # how the rate falls
    encoder_rate_scale: float = Field(default=1.0, ge=0)  # the encoder's rate is this times the stage's
    epochs: int = Field(default=30, ge=1)  # at the most, over all stages
    stage_epochs: tuple[int, ...] = ()  # at the most, at each rate: a budget, besides patience
    frozen_epochs: int = Field(default=0, ge=0)  # so many first: encoder as it is, features once, no jitter
    validate_every: int = Field(default=1, ge=1)  # epochs between validations; the last epoch is always validated
    patience: int = Field(default=1, ge=1)  # validations without a rise of either score before the next stage
    batch_size: int = Field(
        default=32, ge=1
    )  # captions per step (one caption per image and epoch, unless captions_per_image)
    captions_per_image: int = Field(default=1, ge=1)  # how many of an image's captions one visit trains on
    accumulate: int = Field(default=1, ge=1)  # a step's images go through the model in so many parts: less memory
    bucket_lengths: bool = False  # captions of like length share a step: less padding
    warmup_steps: int = Field(default=0, ge=0)  # optimizer steps over which the rate rises from zero
    # muon: for the decoder's matrices, in a run of few steps; AdamW for all else, the rates for both are AdamW's
    optimizer: Literal["adamw", "muon"] = field(default="adamw", metadata=NEWER)
    weight_decay: float = Field(default=0.01, ge=0)  # biases, norms and positions are not decayed
    clip_value: float = Field(default=1.0, gt=0)  # gradients are clipped by value to (-clip_value, clip_value)
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)  # share of the target spread over the vocabulary
    ema_decay: float = Field(default=0.0, ge=0, lt=1)  # of the moving average of the weights that is judged; 0: none
    precision: Literal["auto", "float32", "bfloat16"] = "auto"  # auto: bfloat16 where the device has arithmetic for it
    activation_checkpointing: bool = False  # the encoder's activations are computed twice instead of kept
    compile: bool = False  # torch.compile: needs a C++ compiler on a CPU, pays off over many steps
    deterministic: bool = field(default=True, metadata=NEWER)  # on a GPU: the same sums, and weights, each time
    validate_images: int | None = Field(default=None, ge=2)  # validate on the first so many images (all when null)
    workers: int = Field(default=0, ge=0)  # data-loading processes
    # accelerate's trackers that get what the log gets (tensorboard, wandb, mlflow, trackio, ...)
    trackers: tuple[str, ...] = field(default=(), metadata=ASIDE)


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class SelfCritical:
    """An optional last stage: CIDEr itself as the reward of sampled captions (Rennie et al. 2017).

    A sample's baseline is the mean reward of the image's other samples. It starts from the best weights so far.
    """

    epochs: int = Field(default=0, ge=0)  # none by default
    learning_rate: float = Field(default=1e-5, gt=0)  # constant
    encoder_rate_scale: float = Field(default=0.0, ge=0)  # 0: the encoder rests, its features are computed once
    samples: int = Field(default=5, ge=2)  # captions drawn per image
    images_per_step: int = Field(default=16, ge=1)  # each with its samples


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Decoding:
    """How finished captions are looked for; validations on the way are greedy."""

    beams: int = Field(default=1, ge=1)  # 1 is greedy
    length_penalty: float = Field(default=0.7, ge=0)  # a beam's score is its log-probability over length ** this


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Run:
    """One captioning run: a row of the ablation table."""

    title: str = field(metadata=ASIDE)  # as tables and headings name it
    # the run that this one adds components to, one by one; null: the best run
    built_on: str | None = field(default=None, metadata=ASIDE)
    # trained once for each seed: for so many from the profile's on, or for those listed; the first one captions
    seeds: int | tuple[int, ...] = field(default=1, metadata=ASIDE)
    # trained weights to start from: a folder that `hw3 export` wrote, or such a model's name on the hub
    start_from: str | None = field(default=None, metadata=NEWER)
    encoder: Encoder = field(default_factory=Encoder)  # the image encoder
    decoder: Decoder = field(default_factory=Decoder)  # the caption decoder
    jitter: Jitter = field(default_factory=Jitter)  # augmentation of training images
    training: Training = field(default_factory=Training)  # cross-entropy on the reference captions
    self_critical: SelfCritical = field(default_factory=SelfCritical)  # then, CIDEr as the reward
    decoding: Decoding = field(default_factory=Decoding)  # how finished captions are searched


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Profile:
    """Everything the pipeline needs to know."""

    title: str  # as the report names it
    # which data the numbers come from, shown beside them: demo, the drawn world; real, the written report's own; other,
    # any other photographs, whose numbers cannot be compared with the published ones
    data: Literal["demo", "real", "other"]
    seed: int  # of everything that is drawn: data, weights, order, dropout, bootstrap
    clip: Clip | None  # null: captions are judged by CIDEr alone, and there is no P1
    p1: Labelled | None  # images for zero-shot classification, with labels or without; null: there is no P1
    captions: Captions | None  # captioned images for training and validation; null: nothing is trained, there is no P2
    p3: Photographs  # photographs that P3 examines
    runs: dict[str, Run] = field(default_factory=dict)  # by name; the name becomes a folder. None without captions
    name: str = ""  # the file's name without its ending; filled on loading
    best_run: str = "best"  # the run that P3 examines
    # public data sets by their names in hw3lib/resources/datasets.json, and the folder of each: `hw3 fetch` gets them
    fetch: dict[str, str] = field(default_factory=dict)

    def run(self, name: str) -> Run:
        """The run of that name, or of one of its trainings'; :class:`UserError` with the nearest one otherwise."""
        run = name.partition("/")[0]
        if run not in self.runs or name not in (run, *self.trainings(run)):
            raise UserError(
                f"profile {self.name} has no run {name!r}{_nearest(name, [*self.runs, *self.all_trainings])}"
            )
        return self.runs[run] if name == run else replace(self.runs[run], seeds=1)

    def trainings(self, run: str) -> dict[str, int]:
        """A run's trainings by name, each with its seed: ``best`` alone, or ``best/seed_1``, ``best/seed_2``, ...

        The first one's captions and attention are shown. A training's own name stands for itself.
        """
        name, _, one = run.partition("/")
        seeds = self.runs[name].seeds
        if seeds == 1:
            return {name: self.seed}
        chosen = range(self.seed, self.seed + seeds) if isinstance(seeds, int) else seeds
        return {f"{name}/seed_{seed}": seed for seed in chosen if one in ("", f"seed_{seed}")}

    @property
    def all_trainings(self) -> dict[str, int]:
        """The trainings of all runs, each with its seed."""
        return {training: seed for run in self.runs for training, seed in self.trainings(run).items()}

    def first(self, run: str) -> str:
        """The run's first training: the one that captions, and that P3 examines."""
        return next(iter(self.trainings(run)))

    def seed_of(self, training: str) -> int:
        """The seed of a training; of a run, its first one's."""
        return next(iter(self.trainings(training).values()))

    def require_clip(self, purpose: str) -> Clip:
        """The profile's CLIP; :class:`UserError` naming what needs one where the profile does without."""
        if self.clip is None:
            raise UserError(f"profile {self.name} has no CLIP (clip: null), which {purpose}; name its weights in clip")
        return self.clip

    def require_captions(self) -> Captions:
        """The profile's captioned images; :class:`UserError` where it has none."""
        if self.captions is None:
            raise UserError(f"profile {self.name} has no captioned photographs (captions: null); name some in captions")
        return self.captions

    def require_labelled(self) -> Labelled:
        """The profile's labelled images; :class:`UserError` where it has none."""
        if self.p1 is None:
            raise UserError(f"profile {self.name} has no labelled images (p1: null); name some in p1")
        return self.p1

    @property
    def unlabelled(self) -> bool:
        """Whether P1 has photographs without labels: it shows what CLIP answers, and cannot say what is right."""
        return self.p1 is not None and not self.p1.labelled

    @property
    def prompt_results(self) -> str:
        """P1's result file, below the folder of the profile's results."""
        return f"p1/{'unlabelled' if self.unlabelled else 'study'}.json"

    @property
    def chapters(self) -> dict[str, str]:
        """The notebooks of P1, P2 and P3, each with the reason why the profile leaves it out, or nothing."""
        labelled = "" if self.p1 else "names no images to classify (`p1: null`), with labels or without"
        clip = "" if self.clip else "names no CLIP (`clip: null`), and it is CLIP that answers the prompts"
        captions = "" if self.captions else "names no captioned photographs (`captions: null`), to learn and judge by"
        model = "" if self.captions or self.p3.model else "trains no run, and `p3.model` names no trained one"
        return {"p1_prompts": labelled or clip, "p2_ablations": captions, "p3_attention": model}


def _raw(path: Path, descendants: tuple[Path, ...] = ()) -> tuple[dict[str, Any], tuple[tuple[Path, int], ...]]:
    """A profile's mapping over the one that it ``extends``, and the files that it came from with their times."""
    modified = path.stat().st_mtime_ns
    try:
        raw = yaml.safe_load(decoded_text(path.read_bytes()))
    except RecursionError:
        raise UserError(f"{path} is not YAML that can be read: it is nested too deep") from None
    except (yaml.YAMLError, ValueError) as error:  # also a date that there is none of, and text that is not UTF-8
        raise UserError(f"{path} is not YAML: {error}") from None
    if not isinstance(raw, dict):
        raise UserError(f"{path} must hold a mapping with the keys {', '.join(Profile.__dataclass_fields__)}")
    if "extends" not in raw:
        return raw, ((path, modified),)
    name = str(raw.pop("extends"))
    base = path.parent / f"{name}.yaml"
    if not NAME.fullmatch(name):
        raise UserError(f"{path}: extends names {reprlib.repr(name)}; it must be the name of a profile beside this one")
    if not base.is_file() or base in (*descendants, path):
        raise UserError(f"{path}: extends names {base.stem!r}, and {base} is not a profile that this one can extend")
    below, origins = _raw(base, (*descendants, path))
    whole = _merge(below, raw)
    if isinstance(whole.get("runs"), dict):
        whole["runs"] = {name: run for name, run in whole["runs"].items() if run is not None}
    return whole, (*origins, (path, modified))


@lru_cache(maxsize=8)
def _read(path: Path, origins: tuple[tuple[Path, int], ...]) -> Profile:
    raw, _ = _raw(path)
    runs = raw.get("runs")
    if isinstance(runs, dict):
        # The name becomes a folder's, and a part of the pipeline's rules.
        foreign = [name for name in runs if not NAME.fullmatch(str(name))]
        if foreign:
            raise UserError(
                f"{path}: a run cannot be called {reprlib.repr(foreign[0])}; letters, digits, -, _ and . make a name"
            )
        raw["runs"] = {name: _inherit(name, runs, path) for name in runs}
    raw["name"] = path.stem
    if isinstance(captions := raw.get("captions"), dict):
        captions.setdefault("train_annotations", None)
    try:
        profile = TypeAdapter(Profile).validate_python(raw)
    except ValidationError as error:
        raise UserError(_explain(error, path)) from None
    _refuse_contradictions(profile, path)
    return profile


def _refuse_contradictions(profile: Profile, path: Path) -> None:
    """What single keys cannot tell."""
    captions = profile.captions
    if bool(captions) != bool(profile.runs):
        raise UserError(
            f"{path}: runs are trained on captions; a profile has both, or neither (captions: null, no runs)"
        )
    for name in (profile.best_run, *(run.built_on for run in profile.runs.values() if run.built_on)):
        if captions:
            profile.run(name)
    for name, run in profile.runs.items():
        seeds, least = ((run.seeds,), 1) if isinstance(run.seeds, int) else (run.seeds, 0)
        if not seeds or min(seeds) < least or len(set(seeds)) < len(seeds):
            raise UserError(
                f"{path}: runs.{name}.seeds = {reprlib.repr(run.seeds)}; it must be how many, 1 or more, or a list of "
                "different seeds, none below 0"
            )
    if captions and captions.train_annotations is None and not captions.train_images.endswith(".tar"):
        raise UserError(f"{path}: captions.train_annotations is missing; only shards (.tar) have captions of their own")
    if captions:
        _refuse_two_tests(captions, profile.data, path)
    if captions and profile.p3.model:
        raise UserError(f"{path}: p3.model is for a profile without runs; this one's P3 examines its best run")
    if profile.data == "demo" and not (captions and profile.p1):
        raise UserError(f"{path}: the demo draws all data; p1 and captions cannot be null")


def _refuse_two_tests(captions: Captions, data: str, path: Path) -> None:
    if captions.test_annotations and captions.test_share:
        raise UserError(
            f"{path}: captions has test_annotations and test_share; the test images are the one or the other"
        )
    if captions.test_annotations and data == "demo" and not (captions.test_images and captions.test_instances):
        raise UserError(
            f"{path}: the demo draws test images apart from the others; with captions.test_annotations name "
            "captions.test_images and captions.test_instances"
        )
    for key in ("test_images", "test_instances"):
        if getattr(captions, key) and not captions.test_annotations:
            raise UserError(f"{path}: captions.{key} is set, but not captions.test_annotations, whose images it is for")


def load(profile: str | Path) -> Profile:
    """Read a profile by name (``demo``) or by path (``my/setting.yaml``).

    Raises :class:`UserError` for a missing file, and for an unknown or ill-typed key, naming the key, the file and
    the nearest valid key.
    """
    path = Path(profile) if str(profile).endswith((".yaml", ".yml")) else paths.config(str(profile))
    if not path.is_file():
        names = sorted(file.stem for file in path.parent.glob("*.yaml"))
        raise UserError(f"there is no profile at {path}{_nearest(path.stem, names)}; there are: {', '.join(names)}")
    return _read(path, _raw(path)[1])


def _inherit(name: str, runs: dict[str, Any], path: Path, descendants: tuple[str, ...] = ()) -> Any:
    """A run's mapping with everything that ``like`` names merged underneath."""
    run = runs[name]
    if not isinstance(run, dict) or "like" not in run:
        return run
    parent = run["like"]
    if not isinstance(parent, str) or parent not in runs or parent in (*descendants, name):
        near = _nearest(str(parent), list(runs)) if isinstance(parent, str) else ""
        raise UserError(f"{path}: runs.{name}.like names {reprlib.repr(parent)}{near}; it must be another run")
    changes = {key: value for key, value in run.items() if key != "like"}
    return _merge(_inherit(parent, runs, path, (*descendants, name)), changes)


def _merge(below: Any, above: Any) -> Any:
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    # An encoder's arguments belong to its name: they are replaced whole, never mixed with another backbone's.
    return below | {
        key: _merge(below[key], value) if key in below and key != "arguments" else value for key, value in above.items()
    }


def _all_keys(kind: type) -> Iterator[str]:
    """The keys of a dataclass and of all that it holds."""
    for key, hint in get_type_hints(kind).items():
        yield key
        for part in (hint, *get_args(hint)):
            if is_dataclass(part):
                yield from _all_keys(part)  # type: ignore[arg-type]


def _explain(error: ValidationError, path: Path) -> str:
    """Pydantic's findings, one sentence each, with the nearest valid key for an unknown one."""
    keys = list(_all_keys(Profile))
    lines = []
    mistakes = error.errors()
    for item in mistakes[:_EXPLAINED]:
        key = ".".join(str(part) for part in item["loc"])
        if item["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
            lines.append(f"{path}: unknown key {key}{_nearest(str(item['loc'][-1]), keys)}")
        elif item["type"] == "missing":
            lines.append(f"{path}: {key} is missing")
        else:
            lines.append(f"{path}: {key} = {reprlib.repr(item['input'])}: {item['msg']}")
    if len(mistakes) > _EXPLAINED:
        lines.append(f"{path}: and {len(mistakes) - _EXPLAINED} more")
    return "\n".join(lines)


def _nearest(word: str, names: list[str]) -> str:
    close = difflib.get_close_matches(word, names, 1, 0.5)
    return f" (did you mean {close[0]!r}?)" if close else ""


def settings_of(part: Any) -> dict[str, Any]:
    """A dataclass above as plain data, by key: what numbers follow from (not ``ASIDE``).

    Newer keys (``NEWER``) that have their default are left out.
    """
    values = {
        name: value
        for name, value, item in _settings(part)
        if not (item.metadata.get("newer") and value == item.default)
    }
    return {name: settings_of(value) if is_dataclass(value) else value for name, value in values.items()}


def leaves(part: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The values that numbers follow from (not ``ASIDE``) of a dataclass above and of all that it holds, by path.

    >>> dict(leaves(Run(title="plain")))["decoder.feed_forward"]
    2048
    """
    for name, value, _ in _settings(part):
        if is_dataclass(value):
            yield from leaves(value, f"{path}{name}.")
        else:
            yield path + name, value


def _settings(part: Any) -> Iterator[tuple[str, Any, DataclassField[Any]]]:
    return ((item.name, getattr(part, item.name), item) for item in fields(part) if not item.metadata.get("aside"))


def folder(profile: Profile, run: str) -> Path:
    """Where everything of a training lies; of a run of several seeds, the first one's."""
    return paths.runs(profile.name) / "p2" / (profile.first(run) if run in profile.runs else run)


def training_of(folder: Path) -> str:
    """The training whose folder it is, by name; of a folder that lies in no profile's ``p2``, its own name."""
    home = next((parent for parent in folder.parents if parent.name == "p2"), folder.parent)
    return folder.relative_to(home).as_posix()
