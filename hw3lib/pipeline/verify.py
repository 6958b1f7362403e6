"""Whether the report's numbers still follow from the files: every score computed again from the predictions.

``hw3 report --verify`` trains nothing and runs no notebook. It scores the predictions again (P1's from the answers that
were kept, P2's captions, P3's two files from what was measured of every word), judges the claims again, and compares
with what the result files say; then it looks for the key numbers on the page.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hw3lib import config, paths
from hw3lib.system import files, results

if TYPE_CHECKING:
    from hw3lib.models.experiment import Experiment


@dataclass(frozen=True)
class Finding:
    """A result file, and in which places it says something else than what follows from the files below it."""

    file: Path
    differs: tuple[str, ...]  # "scores.CIDEr: 1.2 in the file, 1.3 computed"
    note: str = ""  # why it was not compared


def verify(experiment: Experiment, runs: Sequence[str] = ()) -> Iterator[Finding]:
    """Compare every result file of the profile, one finding each; ``runs`` names those of P2, all when empty.

    Raises :class:`UserError` for a run that the profile does not have, and for predictions that do not fit the images.
    """
    from hw3lib.attention import study
    from hw3lib.captioning import scores
    from hw3lib.claims import evidence
    from hw3lib.report import summary

    profile = experiment.profile
    for run in runs:
        profile.run(run)
    chosen = [training for run in runs or profile.runs for training in profile.trainings(run)]
    root = paths.runs(profile.name)
    if not profile.chapters["p1_prompts"]:
        yield _prompts(profile, root / "p1")
    scored = [run for run in chosen if (root / "p2" / run / "predictions.json").is_file()]
    for run in set(chosen) - set(scored):
        yield Finding(root / "p2" / run / "scores.json", (), "not trained yet")
    for run, result in scores.scored(experiment, scored):
        yield _compared(root / "p2" / run / "scores.json", asdict(result))
    measured = root / "p3" / "grounding.json"
    if (root / "p3" / "grounding.npz").is_file():
        masks = experiment.instances is not None and experiment.language.english
        grounding = asdict(study.summarise_folder(root / "p3", profile.seed, masks))
        yield _compared(measured, grounding, ignore=("run",))
    elif profile.captions:
        yield Finding(measured, (), "not measured yet")
    if not profile.chapters["p3_attention"]:
        yield _faithfulness(profile, root / "p3" / "faithfulness.json")
    judged = [asdict(claim) for claim in evidence.judge(experiment)]
    yield _compared(root / "claims.json", {"claims": judged}, ignore=("data",))
    numbers = summary.key_numbers(profile)
    yield _compared(root / "summary.json", numbers, ignore=("profile",))
    yield _page(profile, numbers)


def _prompts(profile: config.Profile, folder: Path) -> Finding:
    from hw3lib.prompts import study, unlabelled
    from hw3lib.prompts.answers import Answers

    path = folder / Path(profile.prompt_results).name
    if not path.with_suffix(".safetensors").is_file():
        return Finding(path, (), "not measured yet")
    sets = study.load_sets(profile.require_labelled())
    if profile.unlabelled:
        answers = Answers.read(path.with_suffix(".safetensors"))
        return _compared(path, results.content(unlabelled.summarise(answers, sets[0].classify_with)))
    return _compared(path, results.content(study.rescore(folder, sets, profile.seed)))


def _faithfulness(profile: config.Profile, path: Path) -> Finding:
    """The tests of maps, from what was measured of every word; which runs were compared is not computed."""
    from hw3lib.attention.cards import summarise
    from hw3lib.attention.faithfulness import Measured

    kept = path.with_suffix(".npz")
    if not kept.is_file() or not path.is_file():
        return Finding(path, (), "not measured yet")
    others = {"seed": "seed", "repeated": "other"}
    computed = summarise(Measured.load(kept), "", {what: what for what in others}, profile.seed)
    return _compared(path, asdict(computed), ignore=("run", *others.values()))


def _compared(path: Path, computed: Any, ignore: Sequence[str] = ()) -> Finding:
    if not path.is_file():
        return Finding(path, (), "not there yet")
    sides = (files.read_json(path), json.loads(json.dumps(computed)))
    left_out = ("provenance", *ignore)
    stored, computed = ({key: value for key, value in side.items() if key not in left_out} for side in sides)
    return Finding(path, tuple(results.differences(stored, computed)))


def _page(profile: config.Profile, numbers: dict[str, Any]) -> Finding:
    """The key numbers and verdicts, as the page shows them."""
    from hw3lib.report.summary import SCORES

    path = paths.page(profile.name)
    if not path.is_file():
        return Finding(path, (), "not there yet")
    text = path.read_text(encoding="utf-8")
    shown = {f"p1.{prompt}": f"{value:.4f}" for prompt, value in numbers["p1"]["prompts"].items()}
    for run, scores in numbers["p2"].items():
        shown |= {f"p2.{run}.{score}": f"{scores[score]:.4f}" for score in SCORES if score in scores}
    for end in ("best", "worst"):
        if end in numbers["p3"]:
            shown[f"p3.{end}.CLIPScore"] = f"{numbers['p3'][end]['CLIPScore']:.4f}"
    shown |= {f"claims.{number}": f" {verdict}</td>" for number, verdict in numbers["claims"].items()}
    missing = (f"{key}: {value.strip()} is not on the page" for key, value in shown.items() if value not in text)
    return Finding(path, tuple(missing))


def show(findings: Iterator[Finding]) -> bool:
    """Print a line per file, and what differs in it; True when nothing does."""
    import click

    fine = True
    for finding in findings:
        word = finding.note or ("differs" if finding.differs else "follows from the files")
        click.echo(f"{finding.file}: {word}")
        for place in finding.differs[:10]:
            click.echo(f"    {place}")
        if len(finding.differs) > 10:
            click.echo(f"    and {len(finding.differs) - 10} more")
        fine = fine and not finding.differs
    return fine
