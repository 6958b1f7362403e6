"""A trained run, read from its folder, and the captions that it gives photographs."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from hw3lib import config, paths
from hw3lib.config import Decoding, folder
from hw3lib.data import drawings
from hw3lib.data.images import unreadable
from hw3lib.data.loader import Images, batches, load_images
from hw3lib.data.tokenizer import CaptionTokenizer, load_or_train
from hw3lib.data.transform import ImageTransform
from hw3lib.models.captioner import CONFIG, TOKENIZER, Captioner, Memory, hub_file
from hw3lib.models.decoding import Caption, beam
from hw3lib.models.packed_weights import PackedWeights, int8_is_possible
from hw3lib.system import devices, files, out_of_memory
from hw3lib.system.errors import UserError
from hw3lib.system.messages import Say, brief, problem_list, silence

PRECISIONS = ("auto", "float32", "bfloat16", "int8")

_PORTION = 512  # images that are in memory at a time


@dataclass(frozen=True)
class LoadedRun:
    """A trained captioner, ready to caption."""

    model: Captioner
    tokenizer: CaptionTokenizer
    transform: ImageTransform
    run: config.Run  # as it was trained
    folder: Path
    drawings: tuple[Path, ...] = ()  # the folders of the drawn world, where that is all it has learned


def load_run(profile: config.Profile, run: str, device: str = "cpu") -> LoadedRun:
    """The best weights of a run; :class:`UserError` with the command that trains it when there are none.

    Of a profile without runs: the trained one that its P3 examines.
    ``device`` is one of torch's, or ``auto`` (:func:`hw3lib.system.devices.choose`).
    """
    if profile.captions is None:
        if not profile.p3.model:
            raise UserError(f"profile {profile.name} trains no run (captions: null), and p3.model names no trained one")
        return load_pretrained(model_source(profile.p3.model), device)
    target = folder(profile, run)
    profile.run(run)
    if not (target / "best.safetensors").is_file():
        raise UserError(f"run {run} is not trained yet; train it with: hw3 train {run} --profile {profile.name}")
    try:
        model = Captioner.load(target / "best.safetensors").to(devices.choose(device))
    except UserError as error:
        raise UserError(f"{error}: hw3 train {run} --fresh --profile {profile.name}") from None
    tokenizer = load_or_train(profile.captions)
    if tokenizer.size != model.vocabulary_size:
        raise UserError(
            f"{target} was trained with {model.vocabulary_size} tokens but {profile.captions.tokenizer} has "
            f"{tokenizer.size}; put the former tokenizer back, or train again: hw3 train {run} --profile {profile.name}"
        )
    return LoadedRun(model, tokenizer, model.transform(train=False), model.run, target, drawings.folders(profile))


def unfamiliar(loaded: LoadedRun, images: Path | None) -> str:
    """A sentence of warning where a run that knows drawings alone is shown something else; else nothing.

    ``images`` is an image, or a folder of some; ``None`` is an image from elsewhere.
    """
    return drawings.warning(f"The run {config.training_of(loaded.folder)}", loaded.drawings, images)


def model_source(name: str) -> str:
    """An exported run as a profile names it: a folder's path, which starts at the project, else the hub's name."""
    path = paths.resolve(name)
    return str(path) if path.is_dir() else name


def load_pretrained(source: str | Path, device: str = "cpu") -> LoadedRun:
    """A captioner that left its profile: a folder that :func:`export` wrote, or such a model's name on the hub.

    Raises :class:`UserError` for what is neither, and where tokenizer and weights do not belong together.
    """
    model = Captioner.from_pretrained(str(source)).to(devices.choose(device))
    tokenizer = CaptionTokenizer.load(hub_file(source, TOKENIZER))
    if tokenizer.size != model.vocabulary_size:
        raise UserError(f"{source}: {TOKENIZER} has {tokenizer.size} tokens, the weights {model.vocabulary_size}")
    known = (Path(source),) if files.read_json(hub_file(source, CONFIG)).get("drawings") else ()
    return LoadedRun(model, tokenizer, model.transform(train=False), model.run, Path(source), known)


def export(loaded: LoadedRun, target: Path, card: str) -> Path:
    """Write a run as a model of the Hugging Face hub: its weights, configuration, tokenizer and model ``card``.

    Returns ``target``, a folder; files of these names in it are replaced.
    """
    assert loaded.tokenizer.path is not None
    files.write_text(target / TOKENIZER, loaded.tokenizer.path.read_text(encoding="utf-8"))
    files.write_text(target / "README.md", card)
    loaded.model.save_pretrained(target)
    facts = files.read_json(target / CONFIG)
    files.write_json(target / CONFIG, facts | {"drawings": bool(loaded.drawings)})
    return target


class Unreadable(UserError):
    """Photographs that cannot be read, counted and listed."""


def _refuse(problems: Sequence[str], of: int) -> None:
    if problems:
        raise Unreadable(problem_list(problems, of))


def caption_images(
    loaded: LoadedRun,
    image_paths: Sequence[Path],
    batch_size: int = 32,
    on_unreadable: Callable[[Path, str], None] | None = None,
    compiled: bool = False,
    say: Say = silence,
    precision: str = "float32",
) -> dict[str, Caption]:
    """Captions by image name, in the order of the paths, decoded as the run's configuration says.

    For ``compiled`` see :class:`BatchDecoder`, which may have something to ``say``. ``precision`` is one of
    ``PRECISIONS``: float32; bfloat16, in mixed precision; int8, 8-bit products in the decoder alone, whose rounding a
    batch shares; or ``auto`` (:func:`arithmetic`, which also says what is refused).

    Unreadable photographs are refused with :class:`Unreadable`, which lists them all, before any is captioned; or left
    out where ``on_unreadable`` takes note of each.
    """
    names = [Path(path).stem for path in image_paths]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UserError(
            f"two images are called {twice!r} but for their endings, and captions are kept by that name; rename one"
        )
    if on_unreadable is None and len(image_paths) > _PORTION:
        # Decoded twice, a hundredth of the time: nobody should wait for captions that end in a refusal.
        _refuse(unreadable(image_paths), len(image_paths))
    captions: dict[str, Caption] = {}
    device = loaded.model.device
    kind = arithmetic(device, precision)
    mixed = torch.autocast(device.type, torch.bfloat16, enabled=kind == "bfloat16")
    with mixed:
        decode = BatchDecoder(loaded.model, loaded.tokenizer, loaded.run.decoding, compiled, say, int8=kind == "int8")
    # In portions, so that a folder of any size needs little memory.
    for start in range(0, len(image_paths), _PORTION):
        images, bad = load_images([Path(path) for path in image_paths[start : start + _PORTION]], loaded.transform)
        if on_unreadable is None:
            _refuse(list(bad.values()), len(image_paths))
        for path, problem in bad.items():
            on_unreadable(path, problem) if on_unreadable else None
        with mixed, out_of_memory.advice(f"lower the batch size (--batch-size, now {batch_size})"):
            portion = [caption for memory in encoded(loaded.model, images, batch_size) for caption in decode(memory)]
        captions |= {path.stem: caption for path, caption in zip(images.paths, portion, strict=True)}
    return captions


def arithmetic(device: torch.device, precision: str) -> str:
    """What ``precision`` is on a device; :class:`UserError` for another one, and for int8 where there is none.

    ``auto`` is float32 everywhere, the one that leaves captions as they are: of the demo's 400 bfloat16 changed 41
    (CIDEr 2.117 both times), int8 19 to 25, by the size of the batch (to 2.113 and 2.108).
    """
    if precision not in PRECISIONS:
        raise UserError(f"there is no precision {precision!r}; choose one of {', '.join(PRECISIONS)}")
    if precision == "int8" and not int8_is_possible(device):
        raise UserError(
            f"precision int8 is for x86 processors, and the model is on {device.type} ({platform.machine()}); "
            "take bfloat16 or float32, or --device cpu on such a machine"
        )
    return "float32" if precision == "auto" else precision


@torch.inference_mode()
def encoded(model: Captioner, images: Images, size: int, indices: Sequence[int] | None = None) -> Iterator[Memory]:
    """The memories of all images, or of those at ``indices``, in batches; on a GPU its products are in TF32."""
    for batch in batches(images, size, indices):
        with tf32(model.device):
            memory = model.encode(batch.to(model.device))
        yield memory


@contextmanager
def tf32(device: torch.device) -> Iterator[None]:
    """Let an NVIDIA GPU's tensor cores multiply float32 with 10 bits of fraction, as convolutions do anyway.

    Nothing changes on another device, and nothing remains afterwards.
    """
    products = torch.backends.cuda.matmul
    before = products.fp32_precision
    try:
        if device.type == "cuda":
            products.fp32_precision = "tf32"
        yield
    finally:
        products.fp32_precision = before


class BatchDecoder:
    """Captions of a model as it is now, batch after batch: greedy or by beam search as ``decoding`` says, else greedy.

    ``compiled`` makes a step one graph (:func:`hw3lib.models.decoding.greedy`): it costs a minute or so before it saves
    anything, and pays off on a GPU over tens of thousands of images. Where torch cannot compile, that is said, once,
    and captions are decoded as ever. For ``int8`` see :class:`PackedWeights`.
    """

    def __init__(
        self,
        model: Captioner,
        tokenizer: CaptionTokenizer,
        decoding: Decoding | None = None,
        compiled: bool = False,
        say: Say = silence,
        int8: bool = False,
    ) -> None:
        self.model, self.tokenizer, self.say = model, tokenizer, say
        self.decoding = decoding or Decoding()
        self.weights = PackedWeights(model, compiled, int8)

    def __call__(self, memory: Memory) -> list[Caption]:
        """A caption per image."""
        try:
            return self._decode(memory)
        except Exception as error:  # of many kinds: no compiler, no triton, a GPU that is too old for it
            if not self.weights.compiled:
                raise
            self.say(f"captions are decoded without torch.compile, which failed ({brief(error, 150)})")
            self.weights = PackedWeights(self.model)
            return self._decode(memory)

    def _decode(self, memory: Memory) -> list[Caption]:
        beams, penalty = self.decoding.beams, self.decoding.length_penalty
        return beam(self.model, memory, self.tokenizer, beams=beams, length_penalty=penalty, weights=self.weights)
