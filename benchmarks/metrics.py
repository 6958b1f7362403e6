"""Scoring captions against the ways it is usually done, side by side; both must give the same scores.

CIDEr's peer is pycocoevalcap called afresh: its tokenizer on references and predictions, then its Cider. CLIPScore's
peer is the loop over single pairs that is usually written by hand: open the photograph, embed it, embed its caption at
the full 77 tokens. The target of five times is set for scoring again during training, when the references are counted
and the images embedded and only the captions are new. The first time has a row beside it and no target: there both
sides start Java, and decode and embed every photograph.

Captions come from the demo world's grammar; where the real ones of shared/real lie beside the project, they get rows of
their own. CLIPs have random weights, or the demo's. torch gets one thread when --threads does not say otherwise: with
two of them on two cores that other work kept busy, threads span waiting for one another, and a pair of the one-by-one
loop took 0.2 to 1.8 s instead of 0.03 s.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from itertools import cycle
from pathlib import Path
from random import Random
from unittest.mock import patch

import numpy as np
import torch
from harness import ROOT, Row, alternate, arguments, finish, not_measured, row
from PIL import Image
from torch.nn.functional import cosine_similarity

from demo_world.captions import grammar
from demo_world.picture.composition import compose
from hw3lib import config
from hw3lib.data.cache.row_cache import RowCache
from hw3lib.metrics import bootstrap, ptb
from hw3lib.metrics.clip_score import clip_scores
from hw3lib.metrics.scoring import References
from hw3lib.models.clip import ClipModel
from hw3lib.models.decoding import Caption
from hw3lib.training.self_critical import END, Rewards

REAL = ROOT.parent / "shared" / "real" / "coco_results" / "mscoco_magic.json"
EOS = 3
SAMPLED = 32, 5  # images of a self-critical step, and captions sampled for each
DEMO_CLIP = config.Clip(model="demo_world/weights/clip.json", pretrained="demo_world/weights/clip.safetensors")

Captions = dict[str, str]


def same(ours: Sequence[float], theirs: Sequence[float], tolerance: float, what: str) -> float:
    """The largest difference. A benchmark of something that comes out differently would be worth nothing."""
    worst = float(np.abs(np.subtract(ours, theirs)).max())
    if not worst <= tolerance:
        sys.exit(f"{what}: ours and the peer's differ by {worst}, more than {tolerance}")
    return worst


def drawn_captions(images: int, validations: int) -> tuple[dict[str, list[str]], list[Captions]]:
    """Five captions of each of so many random scenes, and as many sets of predictions: further captions of them."""
    rng, references, predictions = Random(0), {}, [{} for _ in range(validations)]
    for number in range(images):
        said = grammar.captions(compose(rng), rng, 5 + validations)
        references[f"image {number}"] = said[:5]
        for turn, one in enumerate(predictions):
            one[f"image {number}"] = said[5 + turn] if 5 + turn < len(said) else said[turn]
    return references, predictions


def real_captions(images: int, validations: int) -> tuple[dict[str, list[str]], list[Captions]]:
    """A published system's captions of COCO; further predictions are a reference of each image."""
    rows = json.loads(REAL.read_text(encoding="utf-8"))[:images]
    references = {row["image_name"]: row["captions"] for row in rows}
    said = {row["image_name"]: row["prediction"] for row in rows}
    more = [{name: group[turn % len(group)] for name, group in references.items()} for turn in range(validations - 1)]
    return references, [said, *more]


def peer_cider(references: dict[str, list[str]], predictions: Captions) -> list[float]:
    """pycocoevalcap as its users call it."""
    from pycocoevalcap.cider.cider import Cider
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

    tokenizer = PTBTokenizer()
    with patch.dict(os.environ, PATH=os.pathsep.join([str(ptb.java().parent), os.environ["PATH"]])):
        truth = tokenizer.tokenize({name: [{"caption": text} for text in group] for name, group in references.items()})
        said = tokenizer.tokenize({name: [{"caption": text}] for name, text in predictions.items()})
    return [float(value) for value in Cider().compute_score(truth, said)[1]]


def validation(
    kind: str, references: dict[str, list[str]], predictions: list[Captions], rounds: int, target: float
) -> list[Row]:
    """CIDEr the first time, references and all, and again with other predictions, as after each epoch."""
    prepared = References(references)
    worst = max(
        same(list(prepared.cider(said)[1].values()), peer_cider(references, said), 1e-9, f"CIDEr of {kind} captions")
        for said in predictions[:2]
    )
    turns = {side: cycle(predictions) for side in ("first", "again", "peer")}
    taken = alternate(
        {
            "first": lambda: References(references).cider(next(turns["first"])),
            "again": lambda: prepared.cider(next(turns["again"])),
            "peer": lambda: peer_cider(references, next(turns["peer"])),
        },
        rounds,
        warm_up=0,  # the comparison was
    )
    size = f"{len(references):,} x 5 {kind} captions"
    first = f"CIDEr of {size}, for the first time"
    again = f"CIDEr of {size}, again during training"
    both, afresh = "references tokenised and counted, for both", "peer: pycocoevalcap afresh, its tokenizer with it"
    return [
        row(first, taken["first"], taken["peer"], "s", note=both),
        row(again, taken["again"], taken["peer"], "s", target, note=f"{afresh}; scores within {worst:.0e}"),
    ]


def rewards(references: dict[str, list[str]], predictions: list[Captions], rounds: int) -> Row:
    """A self-critical step's sampled captions: any captions of some images, against all training references."""
    from pycocoevalcap.cider.cider import Cider

    rng, prepared, names = Random(1), References(references), list(references)
    ours = Rewards(list(references.values()))
    truth = {place: [tokens + END for tokens in prepared.tokens[name]] for place, name in enumerate(names)}
    told = [{name: tokens + END for name, tokens in prepared.tokenise(said).items()} for said in predictions]
    worst = 0.0
    for said, tokens in zip(predictions, told, strict=True):  # on the whole set, where both weigh words alike
        paid = ours(range(len(names)), [Caption([EOS], said[name], []) for name in names], EOS)
        theirs = Cider().compute_score(truth, {place: [tokens[name]] for place, name in enumerate(names)})[1]
        worst = max(worst, same(paid.tolist(), theirs, 1e-5, "rewards"))
    steps, peers = [], []
    for _ in range(rounds + 1):
        images = [place for place in rng.sample(range(len(names)), SAMPLED[0]) for _ in range(SAMPLED[1])]
        turns = [rng.randrange(len(predictions)) for _ in images]
        drawn = [Caption([EOS], predictions[turn][names[n]], []) for turn, n in zip(turns, images, strict=True)]
        steps.append((images, drawn, EOS))
        # The peer gets tokens; its document frequencies are those of the step alone, since it has no others.
        said_tokens = [[told[turn][names[n]]] for turn, n in zip(turns, images, strict=True)]
        peers.append(({row: truth[n] for row, n in enumerate(images)}, dict(enumerate(said_tokens))))

    def no_java(lines: list[str]) -> list[str]:
        sys.exit(f"rewards started Java for {lines[:3]}")

    mine, others = cycle(steps), cycle(peers)
    sides = {"ours": lambda: ours(*next(mine)), "peer": lambda: Cider().compute_score(*next(others))}
    run, ptb.Tokenizer._run = ptb.Tokenizer._run, staticmethod(no_java)  # type: ignore[method-assign]
    try:
        taken = alternate(sides, rounds)
    finally:
        ptb.Tokenizer._run = staticmethod(run)  # type: ignore[method-assign]
    count = SAMPLED[0] * SAMPLED[1]
    told_note = f"{1e6 * taken['ours'] / count:.0f} us each, plain captions in; peer: pycocoevalcap's Cider, tokens in"
    return row(
        f"rewards of {SAMPLED[0]} x {SAMPLED[1]} sampled captions, {len(names):,} training images",
        count / taken["ours"], count / taken["peer"], "captions/s", 5, higher_is_better=True,
        note=f"{told_note}; within {worst:.0e}",
    )  # fmt: skip


def photographs(folder: Path, count: int) -> list[Path]:
    """Photographs of soft random colours, 500 x 375 px as Flickr's are."""
    rng, found = np.random.default_rng(0), []
    for number in range(count):
        small = Image.fromarray(rng.integers(0, 256, (6, 8, 3), np.uint8))
        found.append(folder / f"{number}.jpg")
        small.resize((500, 375), Image.Resampling.BICUBIC).save(found[-1], quality=90)
    return found


def one_by_one(clip: ClipModel, images: Sequence[Path], texts: Sequence[str]) -> list[float]:
    """CLIPScore of one pair after the other."""
    found = []
    with torch.inference_mode():
        for path, text in zip(images, texts, strict=True):
            picture = clip.preprocess(Image.open(path).convert("RGB"))[None].to(clip.device)
            seen = clip.model.encode_image(picture)
            said = clip.model.encode_text(clip.tokenizer([text]).to(clip.device))
            found.append(2.5 * max(float(cosine_similarity(seen, said)[0]), 0.0))
    return found


def in_batches(clip: ClipModel, images: Sequence[Path], texts: Sequence[str], cold: bool) -> list[float]:
    """CLIPScore as the project computes it. Captions are always new; ``cold``: so are the images."""
    clip._texts.clear()
    if cold:
        clip._images.clear()
        clip.cache = RowCache(Path(tempfile.mkdtemp(dir=os.environ["HW3_ROOT"])))
    found: list[float] = clip_scores(clip.embed_images(images), clip.embed_texts(texts)).tolist()
    return found


def clip_rows(name: str, clip: ClipModel, images: list[Path], texts: list[str], rounds: int) -> list[Row]:
    """Batches with nothing known and batches with the images' features kept, against the loop."""
    theirs = one_by_one(clip, images, texts)
    if not any(theirs):
        sys.exit(f"CLIPScore, {name}: every cosine is below 0, so that every score is 0 and any two agree")
    sides: dict[str, Callable[[], object]] = {}
    worst = 0.0
    for side, cold in (("cold", True), ("kept", False)):
        worst = max(worst, same(in_batches(clip, images, texts, cold), theirs, 1e-5, f"CLIPScore, {name}"))
        sides[side] = lambda cold=cold: in_batches(clip, images, texts, cold)  # type: ignore[misc]
    taken = alternate({**sides, "peer": lambda: one_by_one(clip, images, texts)}, rounds, warm_up=0)
    per_pair = {side: 1e3 * seconds / len(images) for side, seconds in taken.items()}
    note = f"{len(images)} pairs, batches of {clip.batch_size}, scores within {worst:.0e}"
    kept, again = f"{note}; image features kept", f"CLIPScore, {name}: again during training"
    return [
        row(f"CLIPScore, {name}: nothing kept", per_pair["cold"], per_pair["peer"], "ms/pair", note=note),
        row(again, per_pair["kept"], per_pair["peer"], "ms/pair", 5, note=kept),
    ]


def large_clip(device: str, image: Path, text: str) -> ClipModel:
    """CLIP ViT-B/32 with random weights, under which the image and the text have a score above 0."""
    import open_clip

    torch.manual_seed(0)
    model, _, preprocess = open_clip.create_model_and_transforms("ViT-B-32", pretrained=None, force_quick_gelu=True)
    tokenizer = open_clip.get_tokenizer("ViT-B-32")
    clip = ClipModel(model, preprocess, tokenizer, 512, f"benchmark {device}", batch_size=64, device=device)
    # By chance all texts may lie on the far side of all images, where every score is 0: turn them round.
    if one_by_one(clip, [image], [text]) == [0.0]:
        clip.model.text_projection.neg_()
    return clip


def resampling(images: int, rounds: int) -> Row:
    """The paired bootstrap of two runs' CIDEr."""
    from scipy import stats

    a, b = np.random.default_rng(0).exponential(size=(2, images))

    def peer() -> tuple[float, float]:
        found = stats.bootstrap(
            (a, b), lambda x, y, axis=-1: x.mean(axis) - y.mean(axis), paired=True, vectorized=True,
            n_resamples=bootstrap.RESAMPLES, rng=np.random.default_rng(0), method="BCa",
        )  # fmt: skip
        return found.confidence_interval

    ours = bootstrap.paired_difference(a, b)
    same([ours.low, ours.high], peer(), 1e-9, "the interval")
    taken = alternate({"ours": lambda: bootstrap.paired_difference(a, b), "peer": peer}, rounds)
    name = f"paired bootstrap, {images:,} images, {bootstrap.RESAMPLES:,} resamples"
    return row(name, taken["ours"], taken["peer"], "s", note="peer: scipy.stats.bootstrap, the same interval")


def main() -> None:
    """Measure, print the table and the JSON document."""
    options = arguments(__doc__).parse_args()
    torch.set_num_threads(options.threads or 1)
    quick, rounds = options.quick or options.smoke, options.rounds or (1 if options.smoke else 3)
    count = 60 if options.smoke else 500 if quick else 5000
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HW3_ROOT"] = folder  # features are kept there
        references, predictions = drawn_captions(count, 2)
        rows += validation("demo", references, predictions, rounds, 5)
        if REAL.is_file() and not quick:
            rows += validation("real", *real_captions(count, 3), rounds, 5)
        rows.append(rewards(references, predictions, (5 if quick else 10) * rounds))
        texts = list(predictions[0].values())
        demo = config.Clip(model=str(ROOT / DEMO_CLIP.model), pretrained=str(ROOT / DEMO_CLIP.pretrained))
        images = photographs(Path(folder), 4 if options.smoke else 32 if quick else 192)
        rows += clip_rows("the demo's CLIP", ClipModel.load(demo), images, texts[: len(images)], rounds)
        few = 2 if quick else 16
        rows += clip_rows("ViT-B/32", large_clip("cpu", images[0], texts[0]), images[:few], texts[:few], rounds)
        if torch.cuda.is_available():
            torch.backends.cudnn.allow_tf32 = False  # else a batch and a single picture differ past 1e-5
            rows += clip_rows(
                "ViT-B/32 on the GPU", large_clip("cuda", images[0], texts[0]), images, texts[: len(images)], rounds
            )
        else:
            rows.append(not_measured("CLIPScore, ViT-B/32 on the GPU: again during training", "ms/pair", 5))
        rows.append(resampling(count, rounds))
    finish("metrics", rows, quick=quick, rounds=rounds)


if __name__ == "__main__":
    main()
