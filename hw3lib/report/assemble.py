"""The report: executed notebooks and score files of a profile -> one HTML file and one PDF.

``summary.json`` holds the key numbers, all from the score files under ``runs/``; the first page shows them beside the
published figures. Both documents are set from the same blocks (:mod:`hw3lib.report.document`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hw3lib import config, paths
from hw3lib.display.bundle import TABLE, Cell, table_bundle
from hw3lib.report.document import Block, Chapter, Report, join_runs, number, prose, read_chapter, text_inline
from hw3lib.report.summary import SCORES, _scores, published
from hw3lib.system import files
from hw3lib.system.errors import UserError

TITLE = "Prompts, Captions, Attention"
SUBTITLE = "Three problems of vision and language, computed anew"
NAME = "hw3_report"
_CHANGED = " (+: with changes that were not committed)"


def notebooks(profile: config.Profile) -> list[tuple[str, dict[str, str]]]:
    """The executed notebooks in the report's order: (name, its parameters beside the profile)."""
    names: list[tuple[str, dict[str, str]]] = [("claims", {}), ("p1_prompts", {})]
    names += [(f"p2_training_{run}", {"run": run}) for run in profile.runs]
    return [*names, ("p2_ablations", {}), ("p3_attention", {})]


def assemble(profile: config.Profile) -> Report:
    """Read a profile's results. Raises :class:`UserError` when notebooks are missing or failed."""
    folder = paths.runs(profile.name)
    executed = {name: folder / "notebooks" / f"{name}.ipynb" for name, _ in notebooks(profile)}
    missing = [str(path) for name, path in executed.items() if not path.is_file() and name != "claims"]
    if missing:
        raise UserError(f"not executed yet: {', '.join(missing)}; `hw3 report --profile {profile.name}` runs them")
    chapters: list[Chapter] = []
    training = {run: read_chapter(executed[f"p2_training_{run}"]) for run in profile.runs}
    for name, path in executed.items():
        if name == f"p2_training_{next(iter(profile.runs))}":
            titles = [f"{profile.runs[run].title}" for run in training]
            chapters.append(join_runs(list(training.values()), list(training), titles))
        elif not name.startswith("p2_training_") and path.is_file():
            chapters.append(read_chapter(path))
    summary = files.read_json(folder / "summary.json", "`hw3 report` writes it.")
    opening, claimed = summary_blocks(profile, summary), claim_blocks(profile)
    number([Chapter("summary", "Summary", blocks=[*claimed, *opening]), *chapters])
    return Report(
        title=TITLE,
        subtitle=SUBTITLE,
        profile=profile.name,
        demo=profile.data == "demo",
        about=_about(profile),
        tiles=_tiles(profile, summary),
        claims=claimed,
        summary=opening,
        chapters=chapters,
        references=cited(chapters),
        stamp=_stamp(profile, summary["provenance"]),
    )


def cited(chapters: list[Chapter]) -> list[str]:
    """The entries of ``data/references.json`` whose first author the chapters' prose names, by name."""
    known = files.read_json(paths.PACKAGE / "resources" / "references.json")
    text = " ".join(prose(chapters))
    return [each["text"] for each in known if re.search(rf"\b{re.escape(each['name'])}\b", text)]


def build(profile: config.Profile, progress: Callable[[str], None] | None = None) -> tuple[Path, Path]:
    """Write ``hw3_report.html`` and ``hw3_report.pdf`` into ``report/build/<profile>/``; returns both paths.

    Raises :class:`UserError` when the profile's results are not complete; ``summary.json`` must be there already.
    """
    from hw3lib.report import html, pdf

    say = progress or (lambda text: None)
    report = assemble(profile)
    folder = paths.report(profile.name)
    page, printed = folder / f"{NAME}.html", folder / f"{NAME}.pdf"
    say("setting the HTML page")
    html.write(report, page)
    say("setting the PDF")
    pdf.write(report, printed)
    return page, printed


def summary_blocks(profile: config.Profile, summary: dict[str, Any]) -> list[Block]:
    """The first page's tables: what this run measured, beside what was published."""
    known = published()
    found: list[Block] = [{"kind": "paragraph", "inline": text_inline(_comparable(profile))}]
    if summary["p1"]["prompts"]:
        figures = known.get("p1", {}).get("prompts", {})
        rows: list[list[Cell]] = [
            [template, accuracy, figures.get(template)] for template, accuracy in summary["p1"]["prompts"].items()
        ]
        images = summary["p1"].get("images")
        caption = "Prompts: accuracy of zero-shot classification" + (f" on {images} images." if images else ".")
        found.append(_table(["prompt", "this run", "published"], rows, caption))
    if summary["p2"]:
        figures = known.get("p2", {})
        rows = []
        for name, scores in summary["p2"].items():
            pairs = [(scores.get(score), figures.get(name, {}).get(score)) for score in SCORES]
            rows.append([profile.runs[name].title, *[each for pair in pairs for each in pair]])
        columns = ["run", *[column for score in SCORES for column in (score, "published")]]
        found.append(_table(columns, rows, "Captioning: the best setting and its ablations, on the validation images."))
    if summary["p3"]:
        figures = known.get("p3", {})
        ends = [(end, summary["p3"][end]) for end in ("best", "worst") if end in summary["p3"]]
        rows = [
            [end, each["image"], each["caption"], each["CLIPScore"], figures.get(end, {}).get("CLIPScore")]
            for end, each in ends
        ]
        columns = ["", "image", "caption", "CLIPScore", "published"]
        found.append(_table(columns, rows, "Attention: the best and the worst caption of the best run, by CLIPScore."))
    return found


def claim_blocks(profile: config.Profile) -> list[Block]:
    """What the report opens with: every claim of the written report, what was measured of it here, and the verdict."""
    from hw3lib.claims import evidence
    from hw3lib.claims.table import counted, data_name, overview

    if not (paths.runs(profile.name) / "claims.json").is_file():
        return []
    found, data = evidence.load(profile), data_name(profile.data)
    columns, rows = overview(found)
    table = _table(columns, rows, f"What the written report claims, tested on {data}.")
    table["align"] = ["right", "left", "left", "left"]
    table["notes"] = counted(found, data).replace("**", "")
    for row, claim in zip(table["rows"], found, strict=True):
        row[0] = [{"t": "link", "href": f"{claim.notebook}.ipynb", "inline": row[0]}]
    return [table]


def _table(columns: list[str], rows: list[list[Cell]], caption: str) -> Block:
    content = table_bundle(columns, rows, caption)[TABLE]
    inline = {"columns": [text_inline(column) for column in columns]}
    return {"kind": "table", **content, **inline, "rows": [[text_inline(c) for c in row] for row in content["rows"]]}


def _comparable(profile: config.Profile) -> str:
    if profile.data == "demo":
        return (
            "Beside each number stands the figure of the written report, published for real photographs and full-size "
            "models. It is there for orientation only: the demo world is drawn, its models are small, and the two "
            "columns measure different things."
        )
    return "Beside each number stands the published figure of the written report."


def _about(profile: config.Profile) -> str:
    if profile.data == "demo":
        return (
            "Every number in here was computed by the runs that the last section names, on the embedded demo world: "
            "drawn scenes, and small models that learnt to see them. The code is the one for real photographs. "
            "Figures called published, in italics, are those of the written report on the same three problems that "
            "this project is modelled on."
        )
    return (
        "Every number in here was computed by the runs that the last section names, on its profile's data. "
        "Figures called published, in italics, are those of the written report that this project is modelled on."
    )


def _tiles(profile: config.Profile, summary: dict[str, Any]) -> list[tuple[str, str]]:
    """The handful of numbers that a reader wants first."""
    tiles = []
    if summary["p1"]["prompts"]:
        tiles.append(
            (
                f"accuracy, best of {len(summary['p1']['prompts'])} prompts",
                f"{max(summary['p1']['prompts'].values()):.3f}",
            )
        )
    best = summary["p2"].get(profile.best_run, {})
    tiles += [(f"{score}, the report's setting", f"{best[score]:.3f}") for score in SCORES if score in best]
    if "object_recall" in best:
        tiles.append(("objects named, the report's setting", f"{best['object_recall']:.0%}"))
    return tiles


def _stamp(profile: config.Profile, origin: dict[str, Any]) -> list[tuple[str, str]]:
    versions = origin["versions"]
    made = {name: found for name, found in _origins(profile).items() if found != origin["commit"]}
    parts = ", ".join(f"{name}: {commit}" for name, commit in made.items())
    packages = ", ".join(f"{name} {version}" for name, version in versions.items() if name != "hw3lib")
    return [
        ("profile", f"{profile.name}: {profile.title}"),
        ("commit", f"{origin['commit']}{_CHANGED if origin['commit'].endswith('+') else ''}"),
        *([("parts made at another commit", parts)] if parts else []),
        ("configuration", f"{origin['configuration']}, seed {origin['seed']}"),
        ("written", origin["written"].replace("T", " ").replace("+00:00", " UTC")),
        ("device", origin["device"]),
        ("versions", packages),
        ("the same again", _again(profile)),
    ]


def _origins(profile: config.Profile) -> dict[str, str]:
    """The commits at which the parts' results were made, by part."""
    folder = paths.runs(profile.name)
    known = {"P1": "p1/scores.json", "P3": "p3/summary.json", "claims": "claims.json"}
    known |= {run: f"p2/{run}/scores.json" for run in profile.runs}
    found = {name: _scores(folder / path).get("provenance", {}).get("commit") for name, path in known.items()}
    return {name: str(commit) for name, commit in found.items() if commit}


def _again(profile: config.Profile) -> str:
    """How to have the report again, and what may differ then."""
    return (
        f"make report PROFILE={profile.name} at this commit; hw3 report --verify --profile {profile.name} computes "
        "every score again from the predictions. On the same machine, with the same versions, the numbers are the "
        "same; on another kind of processor sums are rounded in another order, training takes another path, and a "
        "score differs as it would with another seed."
    )
