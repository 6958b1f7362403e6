from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from hw3lib import config, paths
from hw3lib.data.labelled import load_labelled
from hw3lib.metrics.paired_tests import calibration_error, holm, mcnemar
from hw3lib.models.clip import ClipModel
from hw3lib.prompts import ensembles, examples, study
from hw3lib.prompts.templates import Prompt, PromptSet
from hw3lib.prompts.zero_shot import Classifier
from hw3lib.system import files
from hw3lib.system.errors import UserError
from tests.support.predictions import made_up
from tests.support.tiny_clip import ColourClip, write_colours


def test_every_template_gets_the_measures_of_their_definitions() -> None:
    predictions, sets = made_up()
    found = study.score(predictions, sets, 0)
    row = predictions["templates"].index("This is a {object} image.")
    one = found["templates"]["This is a {object} image."]
    truth, classes = predictions["truth"], predictions["classes"][row]
    right = [bool(first == true) for (first, *_), true in zip(classes, truth, strict=True)]
    assert one["accuracy"] == pytest.approx(sum(right) / 60)
    rates = [sum(hit for hit, true in zip(right, truth, strict=True) if true == label) / 15 for label in range(4)]
    assert one["per_class"] == pytest.approx({f"class {label}": rate for label, rate in enumerate(rates)})
    assert one["mean_per_class"] == pytest.approx(sum(rates) / 4)
    assert one["top5"] == 1.0  # of four classes
    assert one["nll"] == pytest.approx(-predictions["true"][row].mean())
    assert one["ece"] == pytest.approx(calibration_error(predictions["probabilities"][row][:, 0], right))
    assert one["sets"] == ["report", "factorial"]
    assert one["factors"] == {"frame": "This is {object} image", "article": "a", "full stop": "yes"}


def test_templates_are_compared_with_the_baseline_on_the_same_images() -> None:
    predictions, sets = made_up()
    found = study.score(predictions, sets, 0)["templates"]
    right = predictions["classes"][..., 0] == predictions["truth"]
    base = right[0]
    assert found[predictions["templates"][0]]["against_baseline"] is None
    p_values = []
    for row, template in enumerate(predictions["templates"][1:], start=1):
        told = found[template]["against_baseline"]
        gained, lost = int((right[row] & ~base).sum()), int((base & ~right[row]).sum())
        assert (told["gained"], told["lost"], told["n"]) == (gained, lost, 60)
        assert told["p"] == pytest.approx(mcnemar(gained, lost))
        assert told["effect"] == pytest.approx((gained - lost) / 60)
        assert told["low"] <= told["effect"] <= told["high"]
        p_values.append(told["p"])
    corrected = [found[template]["against_baseline"]["holm"] for template in predictions["templates"][1:]]
    assert corrected == pytest.approx(holm(p_values))


def test_main_effects_and_interactions_are_averages_over_the_cells() -> None:
    predictions, sets = made_up()
    found = study.score(predictions, sets, 0)
    rates = {
        tuple(each["factors"].values()): each["accuracy"] for each in found["templates"].values() if each["factors"]
    }
    frames = sorted({frame for frame, _, _ in rates})

    def mean(article: str | None = None, stop: str | None = None, frame: str | None = None) -> float:
        return float(
            np.mean(
                [
                    rate
                    for (f, a, s), rate in rates.items()
                    if article in (None, a) and stop in (None, s) and frame in (None, f)
                ]
            )
        )

    factors, mixed = found["factors"], found["interactions"]
    assert set(factors) == {"article: a vs none", "article: correct vs none", "full stop"}
    assert factors["article: a vs none"]["effect"] == pytest.approx(mean("a") - mean("none"))
    assert factors["article: correct vs none"]["effect"] == pytest.approx(mean("correct") - mean("none"))
    assert factors["full stop"]["effect"] == pytest.approx(mean(stop="yes") - mean(stop="no"))
    for frame in frames:
        inside = mean(stop="yes", frame=frame) - mean(stop="no", frame=frame)
        others = [mean(stop="yes", frame=other) - mean(stop="no", frame=other) for other in frames if other != frame]
        assert factors["full stop"]["per_frame"][frame]["effect"] == pytest.approx(inside)
        assert mixed[f"full stop, in “{frame}” against the other frames"]["effect"] == pytest.approx(
            inside - np.mean(others)
        )
    assert mixed["article: a vs none, with a full stop against without"]["effect"] == pytest.approx(
        mean("a", "yes") - mean("none", "yes") - mean("a", "no") + mean("none", "no")
    )
    for effect in factors.values():
        assert effect["low"] <= effect["effect"] <= effect["high"]
        assert effect["n"] == 60
        assert effect["p"] <= effect["holm"] <= 1


def test_main_effects_are_the_coefficients_of_a_linear_model() -> None:
    formula = pytest.importorskip("statsmodels.formula.api")
    pandas = pytest.importorskip("pandas")
    predictions, sets = made_up(seed=5)
    found = study.score(predictions, sets, 0)
    table = pandas.DataFrame(
        [
            {**dict(zip(("frame", "article", "stop"), each["factors"].values(), strict=True)), "rate": each["accuracy"]}
            for each in found["templates"].values()
            if each["factors"]
        ]
    )
    model = formula.ols("rate ~ C(frame) + C(article, Treatment('none')) + C(stop, Treatment('no'))", table).fit()
    factors = found["factors"]
    for name, key in (
        ("article: a vs none", "C(article, Treatment('none'))[T.a]"),
        ("article: correct vs none", "C(article, Treatment('none'))[T.correct]"),
        ("full stop", "C(stop, Treatment('no'))[T.yes]"),
    ):
        assert factors[name]["effect"] == pytest.approx(model.params[key], abs=1e-12)


def test_a_negation_is_compared_with_its_own_twin() -> None:
    predictions, sets = made_up()
    found = study.score(predictions, sets, 0)
    negation, scored = found["negation"], found["templates"]
    pairs = negation["pairs"]
    assert len(pairs) == 3
    for negated, told in pairs.items():
        assert told["effect"] == pytest.approx(scored[negated]["accuracy"] - scored[told["twin"]]["accuracy"])
    assert negation["effect"] == pytest.approx(np.mean([told["effect"] for told in pairs.values()]))
    assert negation["negation vs affirmative twin"]["effect"] == negation["effect"]


def test_a_set_without_a_design_has_no_factors() -> None:
    predictions, sets = made_up()
    plain = PromptSet("own", "own", tuple(map(Prompt, sets[0].templates)), sets[0].baseline, sets[0].baseline)
    rows = [predictions["templates"].index(template) for template in plain.templates]
    few = {**predictions, "templates": list(plain.templates)}
    few |= {key: predictions[key][rows] for key in ("classes", "probabilities", "true")}  # type: ignore[index]
    found = study.score(few, [plain], 0)
    assert found["factors"] == found["interactions"] == found["negation"] == {}
    assert found["templates"][plain.templates[1]]["factors"] == {}


def test_the_confusion_matrix_counts_images_by_truth_and_answer() -> None:
    predictions, _ = made_up()
    found = examples.confusion(predictions, predictions["templates"][0])
    assert found.sum() == 60
    assert found.sum(1).tolist() == [15] * 4
    assert np.trace(found) == (predictions["classes"][0][:, 0] == predictions["truth"]).sum()


def test_the_greedy_ensemble_is_that_of_trying_every_candidate_in_full() -> None:
    generator = torch.Generator().manual_seed(0)
    truth = torch.arange(60) % 5
    centres = torch.randn(5, 16, generator=generator)
    images = torch.nn.functional.normalize(centres[truth] + 1.2 * torch.randn(60, 16, generator=generator), dim=-1)
    features = torch.nn.functional.normalize(centres + 1.2 * torch.randn(9, 5, 16, generator=generator), dim=-1)
    order, path = ensembles.greedy(images, features, truth, 20.0)

    def judged(rows: list[int]) -> tuple[float, float]:
        mean = ensembles.mean_features(features[rows])
        logs = (20.0 * images @ mean.T).log_softmax(-1)
        accuracy = float((logs.argmax(-1) == truth).double().mean())
        return accuracy, float(logs[torch.arange(60), truth].double().mean())

    chosen: list[int] = []
    while len(chosen) < 8:
        best = max((row for row in range(9) if row not in chosen), key=lambda row: judged([*chosen, row]))
        if chosen and judged([*chosen, best])[0] <= judged(chosen)[0]:
            break
        chosen.append(best)
    assert order == chosen
    assert len(order) > 1
    for length, step in enumerate(path, start=1):
        assert (step["accuracy"], -step["nll"]) == pytest.approx(judged(order[:length]), abs=1e-5)


def test_of_more_images_than_fit_into_memory_some_choose_the_ensemble(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(3)
    truth = torch.arange(90) % 5
    images = torch.nn.functional.normalize(torch.randn(90, 16, generator=generator), dim=-1)
    features = torch.nn.functional.normalize(torch.randn(7, 5, 16, generator=generator), dim=-1)
    expected = ensembles.greedy(images[::3], features, truth[::3], 20.0)
    monkeypatch.setattr(ensembles, "_AT_ONCE", 7 * 5 * 30)
    assert ensembles.greedy(images, features, truth, 20.0) == expected


def test_an_ensemble_is_open_clips_mean_of_normalised_features() -> None:
    features = torch.nn.functional.normalize(torch.randn(3, 4, 8, generator=torch.Generator().manual_seed(1)), dim=-1)
    mean = features.mean(dim=0)
    torch.testing.assert_close(ensembles.mean_features(features), mean / mean.norm(dim=1, keepdim=True))


def test_one_half_of_every_class_chooses_and_the_other_judges() -> None:
    truth = np.array([0] * 10 + [3] * 7 + [5])
    half = ensembles.chosen_on(truth, 1)
    assert [int(half[truth == label].sum()) for label in (0, 3, 5)] == [5, 3, 0]
    assert (half == ensembles.chosen_on(truth, 1)).all()
    assert (half != ensembles.chosen_on(truth, 2)).any()


@pytest.fixture
def profile(tmp_path: Path, tiny_profile: config.Profile, monkeypatch: pytest.MonkeyPatch) -> config.Profile:
    monkeypatch.setattr(ClipModel, "load", classmethod(lambda cls, cfg, device="cpu": ColourClip()))
    images, labels = write_colours(tmp_path / "p1", per_class=6)
    own = tmp_path / "own.json"
    own.write_text(json.dumps({"templates": [{"template": "a {}"}, {"template": "a wrong {}"}]}))
    p1 = config.Labelled(images=str(images), id2label=str(labels), prompts=str(own), study=("factorial",))
    return config.Profile(**{**vars(tiny_profile), "p1": p1})


def test_a_study_writes_predictions_and_what_follows_from_them(profile: config.Profile) -> None:
    path = study.run(profile)
    assert path == paths.runs("tiny") / "p1" / "study.json"
    found = files.read_json(path)
    predictions = study.read_predictions(path.with_name("study.safetensors"))
    sets = study.load_sets(profile)
    again = study.score(predictions, sets, profile.seed)
    assert {key: found[key] for key in again} == json.loads(json.dumps(again))
    assert found["baseline"] == "a {object}"
    assert found["templates"]["a wrong {object}"]["accuracy"] == 0
    assert found["templates"]["a wrong {object}"]["against_baseline"]["lost"] == 18
    assert found["templates"]["a {object}"]["accuracy"] == 1
    assert found["ensemble"]["rows"][0]["accuracy"] == 1
    assert {"probe", "unseen", "provenance"} <= set(found)


def test_the_predictions_are_the_models_probabilities(profile: config.Profile) -> None:
    study.run(profile)
    predictions = study.read_predictions(paths.runs("tiny") / "p1" / "study.safetensors")
    classifier = Classifier(ColourClip(), load_labelled(profile.p1.images, profile.p1.id2label))  # type: ignore[arg-type]
    row = predictions["templates"].index("a wrong {object}")
    expected = classifier.probabilities("a wrong {object}")
    top, classes = expected.topk(3)
    assert predictions["probabilities"][row] == pytest.approx(top.numpy(), abs=1e-6)
    assert (predictions["classes"][row] == classes.numpy()).all()
    true = expected[torch.arange(18), torch.tensor(classifier.truth)].log()
    assert predictions["true"][row] == pytest.approx(true.numpy(), abs=1e-4)


def test_a_study_of_nothing_and_a_foreign_predictions_file_are_refused(profile: config.Profile, tmp_path: Path) -> None:
    foreign = tmp_path / "x.safetensors"
    foreign.write_bytes(b"no tensors")
    with pytest.raises(UserError, match=r"x\.safetensors"):
        study.read_predictions(foreign)
    for number, path in enumerate(sorted(Path(profile.p1.images).iterdir())):
        path.rename(path.with_name(f"picture{number}.png"))
    with pytest.raises(UserError, match="label id"):
        study.run(profile)


def test_the_pictures_shown_are_those_whose_answer_changed(profile: config.Profile) -> None:
    study.run(profile)
    predictions = study.read_predictions(paths.runs("tiny") / "p1" / "study.safetensors")
    shown = examples.changed_pictures(profile, predictions, "a wrong {object}", "a {object}", ["red", "blue"])
    assert [(truth, before) for _, truth, before, _ in shown] == [("red", "red"), ("blue", "blue")]
    assert all(after != truth for _, truth, _, after in shown)
    assert shown[0][0].getpixel((20, 16)) == (220, 30, 30)
    assert examples.changed_pictures(profile, predictions, "a {object}.", "a {object}", ["red"]) == []
