"""The nine claims of the written report, tested on the result files of a profile: effect, interval, n, verdict.

``p1/study.json`` holds the evidence for claims 1 to 4, the runs' ``scores.json`` and ``predictions.json`` for 5 and 9,
``p3/grounding.json`` for 6 to 8, with ``p3/faithfulness.json`` for a remark. What a file does not hold is not tested,
and the claim says so. What is compared stands with the wording of the claims in ``resources/claims.json``, the rule
that makes verdicts of them in :mod:`hw3lib.claims.verdicts`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from hw3lib import config, paths
from hw3lib.attention.results import Faithfulness, Grounding
from hw3lib.attention.summary import DIFFUSE
from hw3lib.attention.word_classes import WORDS_ARE_ENGLISH
from hw3lib.captioning.results import RunScores, all_scores
from hw3lib.claims import findings
from hw3lib.claims.results import Claim, Claims, Finding, Statement, statements
from hw3lib.claims.verdicts import Part, Split, both_ways, corrected, together
from hw3lib.data.predictions import load_predictions
from hw3lib.display.offer import NotReady
from hw3lib.models.experiment import Experiment
from hw3lib.prompts.prose import no_article
from hw3lib.prompts.results import Study
from hw3lib.system.errors import UserError
from hw3lib.system.provenance import stamp
from hw3lib.system.results import keep_result, read_result

T = TypeVar("T")


def study(experiment: Experiment) -> Path:
    """Test every claim on what the profile's runs have measured; writes and returns ``runs/<profile>/claims.json``.

    The file is left alone where it says the same. Raises :class:`NotReady` where nothing at all is measured.
    """
    profile = experiment.profile
    results = [] if profile.chapters["p1_prompts"] else [profile.prompt_results]
    results += ["p3/grounding.json"] if profile.captions else []
    results += [f"p2/{training}/scores.json" for training in profile.all_trainings]
    if results and not any((experiment.folder / result).is_file() for result in results):
        command = ["report", "--profile", profile.name]
        sentence = f"nothing is measured yet that a claim could be tested on: hw3 {' '.join(command)} measures it"
        raise NotReady(sentence, {"make the whole report": command})
    data = "demo world" if profile.data == "demo" else "real data"
    claims = Claims(stamp(profile, profile.seed), data, judge(experiment))
    return keep_result(experiment.folder / "claims.json", claims)


def load(profile: config.Profile) -> list[Claim]:
    """What :func:`study` found. Raises :class:`UserError` with the command when it has not run."""
    remedy = f"Test them with: hw3 report --profile {profile.name}"
    return read_result(paths.runs(profile.name) / "claims.json", Claims, remedy).claims


def judge(experiment: Experiment) -> list[Claim]:
    """The nine claims with their verdicts, from the profile's result files."""
    profile = experiment.profile
    # What was measured while there were labels says nothing of photographs without.
    prompts = None if profile.unlabelled else _read(experiment.folder / "p1" / "study.json", Study, "p1_prompts")
    grounding = _read(experiment.folder / "p3" / "grounding.json", Grounding, "p3_attention")
    maps = _read(experiment.folder / "p3" / "faithfulness.json", Faithfulness, "p3_attention")
    scores = all_scores(profile)
    foreign = _foreign(experiment) if grounding or scores else ""
    more: dict[int, Callable[[], Finding]] = {
        1: lambda: findings.unseen_classes(prompts, profile.data),
        4: lambda: Finding(untested=no_article(prompts) if prompts else ""),  # not every language can test it
        5: lambda: findings.ablations(profile, scores),
        6: lambda: findings.nouns(grounding, maps),
        7: lambda: findings.function_words(grounding, maps),
        8: lambda: findings.wrong_captions(grounding, maps),
        9: lambda: _bad_captions(experiment, scores),
    }
    if foreign:
        more |= {number: lambda: Finding(untested=foreign) for number in (6, 7, 8, 9)}
    results = {"p1_prompts": prompts, "p2_ablations": scores, "p3_attention": grounding}
    prompted = "the prompt study has not run" if profile.clip else "the profile has no CLIP"
    prompted = "the photographs of P1 carry no labels" if profile.unlabelled and profile.clip else prompted
    uncaptioned = "" if profile.captions else "the profile has no captioned photographs"
    missing = {
        "p1_prompts": prompted if profile.p1 else "the profile has no labelled images",
        "p2_ablations": uncaptioned or "the runs are not scored",
        "p3_attention": uncaptioned or "attention has not been measured",
    }
    found = [more.get(statement.number, Finding)() for statement in statements()]
    declared = [_declared(statement, results[statement.notebook], profile) for statement in statements()]
    parts = corrected([[*first, *finding.parts] for first, finding in zip(declared, found, strict=True)])
    return [
        _judge(statement, tested, finding, "" if results[statement.notebook] else missing[statement.notebook])
        for statement, tested, finding in zip(statements(), parts, found, strict=True)
    ]


def _judge(statement: Statement, parts: list[Part], finding: Finding, missing: str) -> Claim:
    """A claim with its verdict: where a part is untested, what was tested cannot support the whole.

    ``missing`` says why there are no results of the claim's chapter, where there are none.
    """
    untested = missing or finding.untested or ("" if parts else "there was nothing to measure it on")
    verdict = both_ways(parts) if statement.rule == "both_ways" else together(parts)
    if verdict == "supported" and untested:
        verdict = "inconclusive"
    heading = (statement.number, statement.claim, statement.notebook, statement.test.format(diffuse=DIFFUSE))
    return Claim(*heading, verdict, parts, finding.remark, untested)


def _declared(statement: Statement, result: Any, profile: config.Profile) -> list[Part]:
    """The parts that stand in the chapter's result, each once."""
    parts: dict[tuple[str, ...], Part] = {}
    captioned = statement.notebook != "p1_prompts"
    split: Split = profile.captions.reported if captioned and profile.captions else "labelled"
    for one in statement.parts:
        for place, effect in _find(result, one.source):
            counterpart = effect.counterpart if "{counterpart}" in one.what else ""
            what = one.what.format(key=place[-1], counterpart=counterpart, diffuse=DIFFUSE)
            part = Part.of(what, effect, one.unit, one.against, seeds=int(captioned), split=split)
            parts.setdefault(place, part)
    return list(parts.values())


def _find(node: Any, source: Sequence[str]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """What lies at a path of fields and keys, each with its own path; nothing where a result lacks it."""
    if node is None:
        return
    if not source:
        yield (), node
        return
    for key in list(node) if source[0] == "*" else source[:1]:
        field = node.get(key) if isinstance(node, Mapping) else getattr(node, key)
        for below, entry in _find(field, source[1:]):
            yield (key, *below), entry


def _read(path: Path, kind: type[T], notebook: str) -> T | None:
    return read_result(path, kind, f"Run notebooks/{notebook}.ipynb.") if path.is_file() else None


def _foreign(experiment: Experiment) -> str:
    """Why no claim about classes of words can be tested in another language than English."""
    with suppress(UserError):  # results are judged where the captions are no more, too
        if not (language := experiment.language).english:
            return f"{WORDS_ARE_ENGLISH}, and the captions are in {language.name}"
    return ""


def _bad_captions(experiment: Experiment, scores: Mapping[str, RunScores]) -> Finding:
    best = experiment.profile.best_run
    file = experiment.run_folder(best) / "predictions.json"
    predictions = load_predictions(file) if file.is_file() else {}
    scored = scores[best].per_image if best in scores else {}
    per_image = {name: row for name, row in scored.items() if name in predictions}
    split: Split = experiment.profile.captions.reported if experiment.profile.captions else "validation"
    return findings.bad_captions(per_image, predictions, lambda: experiment.reported, experiment.profile.seed, split)
