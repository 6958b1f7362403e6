from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from hw3lib import config, paths
from hw3lib.metrics.bootstrap import mean_intervals
from hw3lib.metrics.paired_tests import calibration_error, holm, mcnemar
from hw3lib.models.clip import ClipModel
from hw3lib.models.experiment import Experiment
from hw3lib.prompts import effects, ensembles, figures, prose, study
from hw3lib.prompts.answers import Answers, Ensemble
from hw3lib.prompts.examples import changed_pictures, pick_examples, ranked_pictures
from hw3lib.prompts.results import Scores, Step, Study
from hw3lib.prompts.templates import Prompt, PromptSet
from hw3lib.prompts.zero_shot import Classifier, unique_names
from hw3lib.system import files
from hw3lib.system.errors import UserError
from hw3lib.system.results import read_result
from tests.support.predictions import made_up
from tests.support.tiny_clip import ColourClip, write_colours


def test_every_template_gets_the_measures_of_their_definitions() -> None:
    answers, sets = made_up()
    found = study.score(answers, sets, 0)
    row = answers.templates.index("This is a {object} image.")
    one = found.templates["This is a {object} image."]
    truth, classes = answers.truth, answers.classes[row]
    right = [bool(first == true) for (first, *_), true in zip(classes, truth, strict=True)]
    assert one.accuracy == pytest.approx(sum(right) / 60)
    rates = [sum(hit for hit, true in zip(right, truth, strict=True) if true == label) / 15 for label in range(4)]
    assert one.per_class == pytest.approx({f"class {label}": rate for label, rate in enumerate(rates)})
    assert one.mean_per_class == pytest.approx(sum(rates) / 4)
    assert one.top5 == 1.0  # of four classes
    either = sum(true in pair for pair, true in zip(classes[:, :2], truth, strict=True)) / 60
    assert 0 < effects.measures(replace(answers, classes=answers.classes[..., :2]), row).top5 == either < 1
    assert one.nll == pytest.approx(-answers.true[row].mean())
    assert one.ece == pytest.approx(calibration_error(answers.probabilities[row][:, 0], right))
    assert one.sets == ["report", "factorial"]
    assert one.factors == {"frame": "This is {object} image", "article": "a", "full stop": "yes"}


def test_templates_are_compared_with_the_baseline_on_the_same_images() -> None:
    answers, sets = made_up()
    found = study.score(answers, sets, 0).templates
    right = answers.classes[..., 0] == answers.truth
    base = right[0]
    assert found[answers.templates[0]].against_baseline is None
    p_values = []
    for row, template in enumerate(answers.templates[1:], start=1):
        told = found[template].against_baseline
        gained, lost = int((right[row] & ~base).sum()), int((base & ~right[row]).sum())
        assert (told.gained, told.lost, told.n) == (gained, lost, 60)
        assert told.p == pytest.approx(mcnemar(gained, lost))
        assert told.effect == pytest.approx((gained - lost) / 60)
        assert told.low <= told.effect <= told.high
        p_values.append(told.p)
    corrected = [found[template].against_baseline.holm for template in answers.templates[1:]]
    assert corrected == pytest.approx(holm(p_values))
    same, other = effects.against(right[[0, 1]], base, 0)
    assert (same.holm, other.holm) == (1, pytest.approx(other.p)), "the same answers are no comparison"


def test_main_effects_and_interactions_are_averages_over_the_cells() -> None:
    answers, sets = made_up()
    found = study.score(answers, sets, 0)
    rates = {tuple(each.factors.values()): each.accuracy for each in found.templates.values() if each.factors}
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

    factors, mixed = found.factors, found.interactions
    assert set(factors) == {"article: a vs none", "article: correct vs none", "full stop"}
    assert factors["article: a vs none"].effect == pytest.approx(mean("a") - mean("none"))
    assert factors["article: correct vs none"].effect == pytest.approx(mean("correct") - mean("none"))
    assert factors["full stop"].effect == pytest.approx(mean(stop="yes") - mean(stop="no"))
    for frame in frames:
        inside = mean(stop="yes", frame=frame) - mean(stop="no", frame=frame)
        others = [mean(stop="yes", frame=other) - mean(stop="no", frame=other) for other in frames if other != frame]
        assert factors["full stop"].per_carrier[frame].effect == pytest.approx(inside)
        assert mixed[f"full stop, in “{frame}” against the other carrier sentences"].effect == pytest.approx(
            inside - np.mean(others)
        )
    assert mixed["article: a vs none, with a full stop against without"].effect == pytest.approx(
        mean("a", "yes") - mean("none", "yes") - mean("a", "no") + mean("none", "no")
    )
    for effect in factors.values():
        assert effect.low <= effect.effect <= effect.high
        assert effect.n == 60
        assert effect.p <= effect.holm <= 1


def test_a_part_of_a_design_compares_what_it_has_in_pairs_and_nothing_else() -> None:
    whole = PromptSet.load("factorial")
    templates = [prompt.template for prompt in whole.prompts]
    seen = set()
    for most in range(1, len(templates) + 1):
        part = replace(whole, prompts=whole.prompts[:most])
        design = effects.Design.of([part], templates, len(templates))
        contrasts = {name: effects.mean(design.step(name)) for name in design.factors} | design.interactions()
        for name, contrast in contrasts.items():
            assert contrast.scale > 0, name
            assert contrast.weights.any() and contrast.weights.sum() == 0, name
        seen |= set(design.factors)
    assert seen == {"article: a vs none", "article: correct vs none", "full stop"}
    carriers = effects.Design.of([whole], templates, len(templates)).carriers[:2]
    two = tuple(prompt for prompt in whole.prompts if prompt.factors and prompt.factors["frame"] in carriers)
    design = effects.Design.of([replace(whole, prompts=two)], templates, len(templates))
    against = [name for name in design.interactions() if "against the other" in name]
    assert len(against) == 6, "two carriers are compared with one another, by three factors"


def test_a_design_without_articles_has_the_full_stop_alone() -> None:
    answers, sets = made_up(names=("report_zh-Hant", "factorial_zh-Hant"))
    found = study.score(answers, sets, 0)
    rates = {tuple(each.factors.values()): each.accuracy for each in found.templates.values() if each.factors}
    frames = sorted({frame for frame, _ in rates})
    changes = {frame: rates[frame, "yes"] - rates[frame, "no"] for frame in frames}
    assert set(found.factors) == {"full stop"}
    stop = found.factors["full stop"]
    assert stop.effect == pytest.approx(np.mean(list(changes.values())))
    assert {frame: effect.effect for frame, effect in stop.per_carrier.items()} == pytest.approx(changes)
    assert len(found.interactions) == len(frames)
    assert found.languages == ["zh-Hant"]
    text = prose.factor_sentences(found)
    assert "no factor here: no prompts differ in an article alone; they are Chinese" in text
    assert prose.set_name(found, "factorial_zh-Hant") == "the factorial design and the negations (zh-Hant)"
    assert len(figures.factor_effects(found).axes) == 2  # the full stop, and negations


def test_designs_in_two_languages_are_studied_together() -> None:
    answers, sets = made_up(names=("report", "factorial", "factorial_zh-Hant"))
    both = study.score(answers, sets, 0)
    alone = study.score(answers, sets[:2], 0)
    assert both.languages == ["en", "zh-Hant"]
    for name in ("article: a vs none", "article: correct vs none"):  # only where the language has articles
        assert both.factors[name].effect == alone.factors[name].effect
        assert list(both.factors[name].per_carrier) == list(alone.factors[name].per_carrier)
    stop = both.factors["full stop"]
    assert stop.per_carrier["{object}"].effect == alone.factors["full stop"].per_carrier["{object}"].effect
    chinese = [carrier for carrier in stop.per_carrier if carrier not in alone.factors["full stop"].per_carrier]
    assert len(chinese) == 4  # the bare name is a carrier in every language
    # Every pair of prompts counts the same: three to an English carrier, one to a Chinese one.
    pairs = {carrier: 1 if carrier in chinese else 3 for carrier in stop.per_carrier}
    total = sum(pairs[carrier] * effect.effect for carrier, effect in stop.per_carrier.items())
    assert stop.effect == pytest.approx(total / sum(pairs.values()))
    inside = stop.per_carrier["這是{object}"].effect
    others = (total - inside) / (sum(pairs.values()) - 1)
    name = "full stop, in “這是{object}” against the other carrier sentences"
    assert both.interactions[name].effect == pytest.approx(inside - others)


def test_main_effects_are_the_coefficients_of_a_linear_model() -> None:
    formula = pytest.importorskip("statsmodels.formula.api")
    pandas = pytest.importorskip("pandas")
    answers, sets = made_up(seed=5)
    found = study.score(answers, sets, 0)
    table = pandas.DataFrame(
        [
            {**dict(zip(("frame", "article", "stop"), each.factors.values(), strict=True)), "rate": each.accuracy}
            for each in found.templates.values()
            if each.factors
        ]
    )
    model = formula.ols("rate ~ C(frame) + C(article, Treatment('none')) + C(stop, Treatment('no'))", table).fit()
    factors = found.factors
    for name, key in (
        ("article: a vs none", "C(article, Treatment('none'))[T.a]"),
        ("article: correct vs none", "C(article, Treatment('none'))[T.correct]"),
        ("full stop", "C(stop, Treatment('no'))[T.yes]"),
    ):
        assert factors[name].effect == pytest.approx(model.params[key], abs=1e-12)


def test_a_negation_is_compared_with_its_own_counterpart() -> None:
    answers, sets = made_up()
    found = study.score(answers, sets, 0)
    negation, scored = found.negation, found.templates
    pairs = negation.pairs
    assert len(pairs) == 3
    for negated, told in pairs.items():
        assert told.effect == pytest.approx(scored[negated].accuracy - scored[told.counterpart].accuracy)
    assert negation.effect == pytest.approx(np.mean([told.effect for told in pairs.values()]))
    assert negation.overall.effect == negation.effect


def test_a_set_without_a_design_has_no_factors() -> None:
    answers, sets = made_up()
    plain = PromptSet("own", "own", tuple(map(Prompt, sets[0].templates)), sets[0].baseline, sets[0].baseline)
    rows = [answers.templates.index(template) for template in plain.templates]
    few = replace(
        answers, templates=list(plain.templates), classes=answers.classes[rows],
        probabilities=answers.probabilities[rows], true=answers.true[rows],
    )  # fmt: skip
    found = study.score(few, [plain], 0)
    assert found.factors == found.interactions == {}
    assert found.negation is None
    assert found.templates[plain.templates[1]].factors == {}


def test_the_confusion_matrix_counts_images_by_truth_and_answer() -> None:
    answers, _ = made_up()
    found = answers.confusion(answers.templates[0])
    assert found.sum() == 60
    assert found.sum(1).tolist() == [15] * 4
    assert np.trace(found) == (answers.classes[0][:, 0] == answers.truth).sum()


def test_the_greedy_ensemble_is_that_of_trying_every_candidate_in_full() -> None:
    generator = torch.Generator().manual_seed(0)
    truth = torch.arange(60) % 5
    centres = torch.randn(5, 16, generator=generator)
    images = torch.nn.functional.normalize(centres[truth] + 1.2 * torch.randn(60, 16, generator=generator), dim=-1)
    features = torch.nn.functional.normalize(centres + 1.2 * torch.randn(9, 5, 16, generator=generator), dim=-1)
    path = ensembles.greedy(images, features, truth, 20.0)

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
    assert [row for row, *_ in path] == chosen
    assert len(chosen) > 1
    for length, (_, accuracy, nll) in enumerate(path, start=1):
        assert (accuracy, -nll) == pytest.approx(judged(chosen[:length]), abs=1e-5)


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


def test_ensembles_are_judged_where_nothing_was_chosen() -> None:
    whole, _ = made_up()
    best = 5
    worst = int(whole.right.mean(1).argmin())
    stacked = {name: np.concatenate([getattr(whole, name), getattr(whole, name)[[worst]]])
               for name in ("classes", "probabilities", "true")}  # fmt: skip
    mean = Ensemble("two", whole.templates[:2], [Step("a", 0.5, 1.0)])
    answers = replace(whole, **stacked, ensembles=[mean])
    found = ensembles.judge(answers, whole.templates[3], whole.templates[best], 0)
    assert (found.chosen_on, found.images) == (int(whole.half.sum()), int((~whole.half).sum()))
    assert [row.name for row in found.rows] == ["the baseline", "best single template", "two"]
    assert [row.members for row in found.rows] == [[whole.templates[3]], [whole.templates[best]], whole.templates[:2]]
    rates = whole.right[:, ~whole.half].mean(1)
    assert [row.accuracy for row in found.rows] == pytest.approx([rates[3], rates[best], rates[worst]])
    assert found.rows[0].against_baseline is None
    assert [row.against_baseline.effect for row in found.rows[1:]] == pytest.approx(
        [rates[best] - rates[3], rates[worst] - rates[3]]
    )
    assert found.greedy == mean.path
    for left in (0, 1, 60):  # images to judge on
        few = replace(answers, half=np.arange(60) >= left)
        assert ensembles.judge(few, whole.templates[3], whole.templates[best], 0) is None
    two = replace(answers, half=np.arange(60) >= 2)
    assert ensembles.judge(two, whole.templates[3], whole.templates[best], 0).images == 2
    chosen = whole.right[:, whole.half].mean(1)
    assert [row.chosen_accuracy for row in found.rows] == pytest.approx([chosen[3], chosen[best], chosen[worst]])
    true = whole.true[:, ~whole.half].astype(float)
    for row, place in zip(found.rows, (3, best, worst), strict=True):
        assert row.chosen_nll == pytest.approx(-whole.true[place, whole.half].mean())
        assert row.nll_low <= row.nll - found.rows[0].nll <= row.nll_high
        low, high = mean_intervals(true[3] - true[place])
        assert (row.nll_low, row.nll_high) == pytest.approx((low[0], high[0]))


def test_what_is_best_is_chosen_on_one_half_and_reported_on_the_other() -> None:
    answers, sets = made_up()
    found = study.score(answers, sets, 0)
    choosing, reporting = answers.halves
    assert (found.halves.chosen_on, found.halves.images) == (28, 32)  # 15 images a class: 7 choose
    assert not (choosing & reporting).any() and (choosing | reporting).all()
    told = {name: getattr(answers, name)[:, reporting] for name in ("classes", "probabilities", "true")}
    only = replace(answers, **told, truth=answers.truth[reporting], half=answers.half[reporting])
    alone = study.score(only, sets, 0)
    assert alone.halves is None  # none of these images choose
    for key, scores in found.halves.reporting.items():  # as if there were no other images
        assert scores == Scores(**{name: getattr(alone.templates[key], name) for name in vars(scores)})
        assert scores.low <= scores.accuracy <= scores.high
        assert scores.nll_low <= scores.nll <= scores.nll_high
        right = answers.right[answers.templates.index(key), choosing]
        assert found.chosen(key).accuracy == pytest.approx(right.mean())
        truth = answers.truth[choosing]
        assert list(found.chosen(key).per_class.values()) == pytest.approx([right[truth == c].mean() for c in range(4)])
        assert found.templates[key].low is None
    assert found.halves.pairs == alone.negation.pairs
    rates = {key: (-found.chosen(key).accuracy, found.chosen(key).nll) for key in found.templates}
    best = found.ranked(found.templates)[0]
    assert rates[best] == min(rates.values())
    assert found.ensemble.rows[1].members == [best]
    own = found.ranked(found.prompts)
    assert list(found.behind) == own[1:]
    for key, gap in found.behind.items():
        assert gap.effect == pytest.approx(found.reported(key).accuracy - found.reported(own[0]).accuracy)
        assert gap.n == 32


@pytest.mark.parametrize("choosing", [0, 59, 60])
def test_where_a_half_would_be_empty_all_images_choose_and_report(choosing: int) -> None:
    answers, sets = made_up()
    answers = replace(answers, half=np.arange(60) < choosing)
    assert all(images.all() for images in answers.halves)
    found = study.score(answers, sets, 0)
    assert found.halves is found.ensemble is None
    best = found.ranked(found.prompts)[0]
    assert found.chosen(best) is found.reported(best) is found.templates[best]
    assert found.reported(best).low <= found.reported(best).accuracy <= found.reported(best).high
    assert {gap.n for gap in found.behind.values()} == {60}


def test_a_class_without_an_image_that_chooses_has_no_part_in_a_choice() -> None:
    answers, sets = made_up()
    truth = np.where(np.arange(60) == 7, 3, answers.truth % 3)
    few = replace(answers, truth=truth, half=ensembles.chosen_on(truth, 0))
    found = study.score(few, sets, 0)
    best = found.baseline
    assert list(found.chosen(best).per_class) == ["class 0", "class 1", "class 2"]
    assert list(found.reported(best).per_class) == [f"class {label}" for label in range(4)]
    sizes = prose.class_sizes(few)
    assert sizes["class 3"] == 1
    assert "class 3" not in prose.class_sentence(found, sizes) + prose.changed_sentence(found, sizes)
    assert len(figures.templates_by_class(found).axes[0].get_xticklabels()) == 4


def test_one_half_of_every_class_chooses_and_the_other_judges() -> None:
    truth = np.array([0] * 10 + [3] * 7 + [5])
    half = ensembles.chosen_on(truth, 1)
    assert [int(half[truth == label].sum()) for label in (0, 3, 5)] == [5, 3, 0]
    assert (half == ensembles.chosen_on(truth, 1)).all()
    assert (half != ensembles.chosen_on(truth, 2)).any()


def test_a_study_keeps_apart_classes_of_one_name_and_knows_the_published_accuracy() -> None:
    answers, _ = made_up()
    titles = unique_names({0: "crane", 1: "crane", 2: "dog", 3: "cat"})
    own = PromptSet("own", "own", (Prompt(answers.templates[0], 0.6), Prompt("{object}")), *answers.templates[:1] * 2)
    found = study.score(replace(answers, labels=list(titles.values())), [own, *made_up()[1]], 0)
    assert list(found.prompts) == [answers.templates[0], "{object}"]
    assert found.prompts[answers.templates[0]].published == 0.6
    assert found.prompts["{object}"].published is None
    assert list(found.prompts["{object}"].per_class) == ["crane (0)", "crane (1)", "dog", "cat"]
    assert found.chance == 0.25


def test_sets_of_one_name_are_told_apart(tmp_path: Path) -> None:
    own = tmp_path / "factorial.json"
    own.write_text(json.dumps({"templates": [{"template": "my {}"}]}))
    sets = study.load_sets(config.Labelled(images="", id2label="", prompts=str(own), study=("factorial",)))
    assert [prompts.name for prompts in sets] == ["factorial", "factorial (factorial)"]


@pytest.fixture
def experiment(tmp_path: Path, tiny_profile: config.Profile, monkeypatch: pytest.MonkeyPatch) -> Experiment:
    monkeypatch.setattr(ClipModel, "load", classmethod(lambda cls, cfg, device="cpu": ColourClip()))
    images, labels = write_colours(tmp_path / "p1", per_class=6)
    own = tmp_path / "own.json"
    own.write_text(json.dumps({"templates": [{"template": "a {}"}, {"template": "a wrong {}"}]}))
    p1 = config.Labelled(images=str(images), id2label=str(labels), prompts=str(own), study=("factorial",))
    return Experiment.open(config.Profile(**{**vars(tiny_profile), "p1": p1}))


def test_a_study_writes_answers_and_what_follows_from_them(experiment: Experiment) -> None:
    found = study.run(experiment)
    path = paths.runs("tiny") / "p1" / "study.json"
    assert read_result(path, Study) == found
    again = study.rescore(path.parent, study.load_sets(experiment.profile.p1), experiment.profile.seed)
    assert replace(again, provenance=found.provenance) == found
    assert found.images == 18
    assert found.labels == ["red", "green", "blue"]
    assert found.baseline == "a {object}"
    assert list(found.prompts) == ["a {object}", "a wrong {object}"]
    assert found.templates["a wrong {object}"].accuracy == 0
    assert found.templates["a wrong {object}"].against_baseline.lost == 18
    assert found.templates["a {object}"].accuracy == 1
    assert found.templates["a {object}"].per_class == {"red": 1.0, "green": 1.0, "blue": 1.0}
    assert found.ensemble.rows[0].accuracy == 1
    assert found.probe is not None
    assert found.provenance.seed == experiment.profile.seed
    written = files.read_json(path)
    assert written["negation"]["negation vs affirmative twin"]["effect"] == found.negation.effect


def test_a_current_study_is_loaded_and_nothing_is_written(experiment: Experiment) -> None:
    written, said = study.run(experiment), []
    files_of = sorted((experiment.folder / "p1").iterdir())
    for path in files_of:
        os.utime(path, ns=(0, 0))
    assert study.run(experiment, said.append) == written
    assert said[-1].startswith(f"loaded: computed {written.provenance.written[:10]}")
    assert {path.stat().st_mtime_ns for path in files_of} == {0}

    # Computed again where anything that it follows from is another: an image, the prompts, the seed, a lost file.
    folder = Path(experiment.profile.p1.images)
    (folder / "5_2.png").write_bytes((folder / "3_0.png").read_bytes())
    (Path(experiment.profile.p1.prompts)).write_text(json.dumps({"templates": [{"template": "a {}"}]}))
    changed = study.run(Experiment.open(experiment.profile), said.append)
    assert said[-1].startswith("computed")
    assert list(changed.prompts) == ["a {object}"]
    assert changed.templates["a {object}"].accuracy == 17 / 18
    other = Experiment.open(replace(experiment.profile, seed=8))
    assert study.run(other).provenance.seed == 8
    (experiment.folder / "p1" / "probe.json").unlink()
    study.run(other, said.append)
    assert said[-1].startswith("computed")


@pytest.fixture
def in_folders(experiment: Experiment) -> Experiment:
    """The same images in a folder for each class, called 0.png to 5.png in each."""
    folder, names = Path(experiment.profile.p1.images), {"3": "red", "5": "green", "12": "blue"}
    for path in sorted(folder.iterdir()):
        label, _, number = path.name.partition("_")
        (folder / names[label]).mkdir(exist_ok=True)
        path.rename(folder / names[label] / number)
    return experiment


def test_images_of_one_name_in_the_folders_of_two_classes_are_kept_apart(in_folders: Experiment) -> None:
    folder = Path(in_folders.profile.p1.images)
    (folder / "red" / "2.png").write_bytes((folder / "blue" / "1.png").read_bytes())
    found = study.run(in_folders)
    answers = Answers.read(in_folders.folder / "p1" / "study.safetensors")
    assert (found.images, len(set(answers.images))) == (18, 18)
    assert found.templates["a {object}"].accuracy == 17 / 18
    (wrong,) = np.flatnonzero(~answers.right[answers.templates.index("a {object}")])
    assert answers.images[wrong] == "red/2.png"
    assert answers.confusion("a {object}").tolist() == [[5, 0, 1], [0, 6, 0], [0, 0, 6]]
    images = [answers.images.index(name) for name in ("blue/0.png", "green/0.png", "red/0.png", "red/2.png")]
    pictures = ranked_pictures(in_folders.labelled, answers, "a {object}", images)
    assert [picture.truth for picture in pictures] == ["blue", "green", "red", "red"]
    assert [picture.classes[0][0] for picture in pictures] == ["blue", "green", "red", "blue"]
    colours = [picture.picture.getpixel((20, 16)) for picture in pictures]
    assert colours == [(40, 40, 210), (30, 200, 40), (220, 30, 30), (40, 40, 210)]


def test_a_folder_with_another_label_makes_a_study_anew(in_folders: Experiment) -> None:
    study.run(in_folders)
    folder = Path(in_folders.profile.p1.images)
    (folder / "blue").rename(folder / "3")
    (folder / "green").rename(folder / "blue")  # the same files in the same order
    found = study.run(Experiment.open(in_folders.profile))
    assert found.templates["a {object}"].accuracy == 6 / 18


def test_only_images_of_known_class_are_studied(experiment: Experiment) -> None:
    (unlabelled,) = Path(experiment.profile.p1.images).glob("5_2.png")
    unlabelled.rename(unlabelled.with_name("picture.png"))
    found = study.run(experiment)
    answers = Answers.read(experiment.folder / "p1" / "study.safetensors")
    assert found.images == len(answers.truth) == 17
    assert "picture.png" not in answers.images
    assert found.templates["a {object}"].accuracy == 1


def test_a_study_counts_the_class_names_that_a_prompt_cuts_and_refuses_one_that_hides_them(
    experiment: Experiment,
) -> None:
    own, long = Path(experiment.profile.p1.prompts), "word " * 74 + "{}"
    own.write_text(json.dumps({"templates": [{"template": "a {}"}, {"template": long}]}))
    Path(experiment.profile.p1.id2label).write_text(json.dumps({"3": "red", "5": "green", "12": "navy blue"}))
    found = study.run(experiment)
    assert {key: scores.cut_names for key, scores in found.prompts.items()} == {
        "a {object}": 0, "word " * 74 + "{object}": 1,
    }  # fmt: skip
    own.write_text(json.dumps({"templates": [{"template": "a {}"}, {"template": "word " + long}]}))
    with pytest.raises(UserError, match="CLIP stops reading before"):
        study.run(experiment)


def test_the_answers_are_the_models_probabilities(experiment: Experiment) -> None:
    study.run(experiment)
    answers = Answers.read(experiment.folder / "p1" / "study.safetensors")
    classifier = Classifier(ColourClip(), experiment.labelled)  # type: ignore[arg-type]
    row = answers.templates.index("a wrong {object}")
    expected = classifier.probabilities("a wrong {object}")
    top, classes = expected.topk(3)
    assert answers.probabilities[row] == pytest.approx(top.numpy(), abs=1e-6)
    assert (answers.classes[row] == classes.numpy()).all()
    true = expected[torch.arange(18), torch.tensor(classifier.truth)].log()
    assert answers.true[row] == pytest.approx(true.numpy(), abs=1e-4)


def test_a_study_of_nothing_and_a_foreign_file_of_answers_are_refused(experiment: Experiment, tmp_path: Path) -> None:
    foreign = tmp_path / "x.safetensors"
    foreign.write_bytes(b"no tensors")
    with pytest.raises(UserError, match=r"x\.safetensors"):
        Answers.read(foreign)
    for number, path in enumerate(sorted(Path(experiment.profile.p1.images).iterdir())):
        path.rename(path.with_name(f"picture{number}.png"))
    with pytest.raises(UserError, match="label id"):
        study.run(experiment)


def test_the_pictures_shown_are_those_whose_answer_changed(experiment: Experiment) -> None:
    study.run(experiment)
    answers = Answers.read(experiment.folder / "p1" / "study.safetensors")
    data = experiment.labelled
    shown = changed_pictures(data, answers, "a wrong {object}", "a {object}", ["red", "blue"])
    assert [(change.truth, change.before) for change in shown] == [("red", "red"), ("blue", "blue")]
    assert all(change.after != change.truth for change in shown)
    assert shown[0].picture.getpixel((20, 16)) == (220, 30, 30)
    assert changed_pictures(data, answers, "a {object}.", "a {object}", ["red"]) == []


def test_examples_take_turns_between_right_contested_and_wrong() -> None:
    classes = np.array([[0, 0, 1, 1, 1], [0, 0, 0, 0, 1]])[..., None]
    probabilities = np.array([[0.5, 0.9, 0.6, 0.8, 0.3], [0.5, 0.7, 0.6, 0.8, 0.3]])[..., None]
    answers = replace(
        made_up()[0], classes=classes, probabilities=probabilities, truth=np.array([0, 0, 1, 2, 1]),
        templates=["a", "b"], images=[*"vwxyz"],
    )  # fmt: skip
    assert pick_examples(answers, "ab") == [1, 2, 3]  # surest right, contested, wrong under both
    assert pick_examples(answers, "ab", 2) == [1, 2]
    assert sorted(pick_examples(answers, "ab", 9)) == [0, 1, 2, 3, 4]
    assert pick_examples(answers, "a", 1) == [1]


def test_pictures_are_ranked_by_the_templates_own_probabilities(experiment: Experiment) -> None:
    study.run(experiment)
    answers = Answers.read(experiment.folder / "p1" / "study.safetensors")
    (shown,) = ranked_pictures(experiment.labelled, answers, "a {object}", [answers.images.index("12_1.png")])
    assert shown.truth == "blue"
    assert shown.picture.size == (40, 33)
    assert shown.classes[0][0] == "blue"
    values = [value for _, value in shown.classes]
    assert values == sorted(values, reverse=True)
    assert sum(values) == pytest.approx(1)
