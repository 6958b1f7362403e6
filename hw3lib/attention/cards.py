"""A card of tests for every way of asking where a word comes from: is the map faithful, and does it follow the model?

- ``deletion``: taking the patches away, strongest first, costs a word's log-probability more than a random order does;
- ``insertion``: giving them back, strongest first, restores more of it than a random order does;
- ``centre``: the map's order costs more than one that starts at the centre;
- ``mean colour``, ``blur``: as ``deletion``, with pixels painted over instead of memory tokens taken away;
- ``decoder``, ``encoder``: re-initialised, they leave a map whose rank correlation with the model's is below a half;
- ``seed``, ``repeated``: the maps that another seed, or another run, has of the same caption have a rank correlation of
  more than a half; of the chosen head, those of the other's head that is most like it on other images.

The first five are in nats, means over the curve (:mod:`hw3lib.attention.deletion`). A test has passed where its 95 %
interval lies on the right side, failed where it lies on the other or shows an effect in nats to be negligible; from
fewer than :data:`FEW` images it is inconclusive. Intervals are a bootstrap over images; they are not corrected for the
number of tests.

Dimensions: ``W`` words (of all captions), ``S`` steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hw3lib.attention import faithfulness
from hw3lib.attention.deletion import FILLS
from hw3lib.attention.faithfulness import Measured, areas
from hw3lib.attention.maps import attend
from hw3lib.attention.randomisation import DECODER, ENCODER, WAYS, agreement
from hw3lib.attention.results import HALF, NEGLIGIBLE, Card, Choice, ClassArea, Estimate, Faithfulness, MapTest
from hw3lib.config import training_of
from hw3lib.data.images import Photograph, open_image
from hw3lib.data.inputs import fingerprint
from hw3lib.data.lexicon import Lexicon
from hw3lib.metrics.bootstrap import paired_difference
from hw3lib.metrics.interval_tests import FEW, equivalence
from hw3lib.metrics.paired_tests import LEVEL
from hw3lib.models.experiment import Experiment
from hw3lib.models.inference import LoadedRun
from hw3lib.system import files
from hw3lib.system.errors import UserError
from hw3lib.system.messages import Say, silence
from hw3lib.system.provenance import stamp
from hw3lib.system.results import load_current, write_result


def study(
    experiment: Experiment, run: str, loaded: LoadedRun, choice: Choice | None = None, say: Say = silence
) -> Faithfulness:
    """Test the run's maps on the reported images, else on P3's photographs, into ``p3/faithfulness.json``.

    A current one is loaded. ``choice`` says which head was chosen. The maps are repeated by another seed of the run,
    and by the profile's first other run that is trained and has the same grid of patches. What was measured of every
    word is kept beside it, as ``faithfulness.npz``. Raises :class:`UserError` for a run without predictions.
    """
    profile, path = experiment.profile, experiment.folder / "p3" / "faithfulness.json"
    weights = {name: experiment.run_folder(name) / "best.safetensors" for name in profile.all_trainings}
    contents: list[str | Path | None] = [loaded.folder / "model.safetensors", *weights.values()]
    if profile.captions:
        reported = experiment.reported
        images = dict(list(zip(reported.names, reported.files, strict=True))[: profile.p3.measure])
        more = (profile.captions.tokenizer, profile.captions.reported_instances)
        contents += [loaded.folder / "predictions.json", *more]
    else:
        images = {photograph.stem: photograph for photograph in experiment.photographs}
    settings = [run, choice, profile.seed, profile.p3.model, experiment.language.tag]
    inputs = fingerprint("hw3lib/attention/cards.py", settings, contents, list(images.values()))
    kept = path.with_suffix(".npz")
    if (current := load_current(path, Faithfulness, inputs, say)) and kept.is_file():
        return current
    remedy = f"Train the run first: hw3 train {run} --profile {profile.name}"
    captions = files.read_json(loaded.folder / "predictions.json", remedy) if profile.captions else None
    instances = experiment.instances
    objects = Lexicon.for_categories(instances.categories if instances else ())
    others = _others(experiment, run, faithfulness.grid(loaded, images), images)
    measured = faithfulness.measure(
        loaded,
        images,
        captions or {name: attend(loaded, open_image(image)).caption for name, image in images.items()},
        objects if experiment.language.english else Lexicon.none(),
        choice.chosen if choice else None,
        others,
        profile.seed,
        lambda reached: say(f"faithfulness: {reached}"),
    )
    names = {what: training_of(other.folder) for what, other in others.items()}
    result = summarise(measured, run, names, profile.seed, stamp(profile, profile.seed, inputs))
    measured.save(kept)
    write_result(path, result)
    say("computed: p3/faithfulness.json")
    return result


def _others(
    experiment: Experiment, run: str, grid: tuple[int, int], images: Mapping[str, Photograph]
) -> dict[str, LoadedRun]:
    """The run's first other seed, and the first other run whose maps have the same grid, where they are trained."""
    profile = experiment.profile
    own = profile.trainings(run.partition("/")[0]) if profile.runs else {}
    others: dict[str, LoadedRun] = {}
    for name in profile.all_trainings:
        what = "seed" if name in own else "repeated"
        with suppress(UserError):  # not trained yet, or by another version
            if what not in others and name != profile.first(run):
                other = experiment.load_run(name)
                others |= {what: other} if faithfulness.grid(other, images) == grid else {}
    return others


def summarise(
    measured: Measured,
    run: str,
    others: Mapping[str, str] = {},
    seed: int = 0,
    origin: Mapping[str, Any] | None = None,
) -> Faithfulness:
    """Every way's card; none from fewer than two images. ``others`` are the names of the trainings compared with."""
    images, curves = np.array(measured.image), {name: np.stack(rows) for name, rows in measured.curves.items()}
    count = len(set(measured.image))
    ways = [way for way in WAYS if way in curves and count > 1]
    cards = {way: _card(measured, way, images, curves, seed) for way in ways}
    mean = {name: curves[name].mean(axis=0).tolist() if curves else [] for name in ("random", "centre")}
    compared = {what: name for what, name in others.items() if any(kept == what for _, kept in measured.kept)}
    numbers = (count, len(images), mean["random"], mean["centre"])
    return Faithfulness(dict(origin or {}), run, compared.get("seed"), compared.get("repeated"), *numbers, cards)


def _card(measured: Measured, way: str, images: np.ndarray, curves: Mapping[str, np.ndarray], seed: int) -> Card:
    area = {name: areas(curves[name]) for name in ("random", "centre", way, f"{way}, weakest")}
    strongest, weakest = area[way], area[f"{way}, weakest"]
    tests = {
        "deletion": _test(images, area["random"] - strongest, seed),
        "insertion": _test(images, weakest - area["random"], seed),
        "centre": _test(images, area["centre"] - strongest, seed),
    }
    pixels: dict[str, float | None] = {}
    for fill in FILLS:
        of, by_pixels, by_features = np.array(measured.pixels[way, fill]).T
        tests[fill] = _test(of, by_pixels, seed)
        correlation = agreement({way: by_pixels}, {way: by_features})[way] if len(of) > 2 else None
        pixels[fill] = None if correlation is None else float(correlation)
    kept = {what: np.array(rows).T for (asked, what), rows in measured.kept.items() if asked == way}  # (2, W) each
    lines = (("decoder", DECODER, -1), ("encoder", ENCODER, -1), ("seed", "seed", 1), ("repeated", "repeated", 1))
    for name, what, side in lines:
        if what in kept and len(set(kept[what][0])) > 1:
            tests[name] = _test(kept[what][0], kept[what][1], seed, HALF, side)
    kinds, between = np.array(measured.kind), weakest - strongest
    return Card(
        tests=tests,
        between=_mean(images, between, seed),
        classes={
            kind: ClassArea(
                **vars(_mean(images[kinds == kind], between[kinds == kind], seed)),
                images=len(set(images[kinds == kind])),
            )
            for kind in dict.fromkeys(measured.kind)
        },
        strongest=curves[way].mean(axis=0).tolist(),
        weakest=curves[f"{way}, weakest"].mean(axis=0).tolist(),
        randomised={what: float(of[1].mean()) for what, of in kept.items() if what not in ("seed", "repeated")},
        pixels=pixels,
    )


def _test(images: np.ndarray, values: np.ndarray, seed: int, line: float = 0.0, side: int = 1) -> MapTest:
    """Whether the mean of ``values`` lies above a line, or below it where ``side`` is -1."""
    mean, n = _mean(images, values, seed), len(set(images))
    assert mean.value is not None and mean.low is not None and mean.high is not None
    gap = MapTest("inconclusive", mean.value, mean.low, mean.high, n)
    if n < FEW:
        return gap
    above, below = gap.low > line, gap.high < line
    if not line and equivalence(gap, NEGLIGIBLE) < LEVEL:
        above, below = False, True
    return replace(gap, verdict="passed" if (above if side > 0 else below) else "failed") if above or below else gap


def _mean(images: np.ndarray, values: np.ndarray, seed: int) -> Estimate:
    """The mean over words ``(W,)``, with its interval from a bootstrap over their images."""
    _, of = np.unique(images, return_inverse=True)
    sums, counts = (np.bincount(of, weights=weights).astype(np.float64) for weights in (values, np.ones_like(of)))
    if len(counts) < 2:
        return Estimate(float(values.mean()), None, None)
    gap = paired_difference(sums, np.zeros_like(sums), seed, over=(counts, np.ones_like(sums)))
    return Estimate(gap.effect, gap.low, gap.high)
