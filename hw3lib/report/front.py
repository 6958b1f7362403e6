"""What the report says of itself: its first page's claims, figures and tables, and the stamp at its end."""

from __future__ import annotations

from typing import Any

from hw3lib import config, paths
from hw3lib.captioning.published import published_scores
from hw3lib.display.bundle import TABLE, Cell, table_bundle
from hw3lib.report.blocks import Block, Table, table_block, text_inline
from hw3lib.report.summary import SCORES, published, read_scores


def claim_blocks(profile: config.Profile) -> list[Block]:
    """What the report opens with: every claim of the written report, what was measured of it here, and the verdict."""
    from hw3lib.claims import evidence
    from hw3lib.claims.table import data_name, overview, tally

    if not (paths.runs(profile.name) / "claims.json").is_file():
        return []
    claims, data = evidence.load(profile), data_name(profile.data)
    table = _table(*overview(claims), f"What the written report claims, tested on {data}.")
    table["align"] = ["right", "left", "left", "left"]
    table["notes"] = tally(claims, data).replace("**", "")
    for row, claim in zip(table["rows"], claims, strict=True):
        row[0] = [{"t": "link", "href": f"{claim.notebook}.ipynb", "inline": row[0]}]
    return [table]


def summary_blocks(profile: config.Profile, summary: dict[str, Any]) -> list[Block]:
    """The first page's tables: what this run measured, beside what was published."""
    figures = published()
    blocks: list[Block] = [{"kind": "paragraph", "inline": text_inline(_comparable(profile))}]
    if summary["p1"]["prompts"]:
        blocks.append(_prompt_table(summary["p1"], figures["p1"]["prompts"]))
    if summary["p2"]:
        blocks.append(_run_table(profile, summary["p2"]))
    if "best" in summary["p3"]:
        blocks.append(_attention_table(summary["p3"], figures["p3"]))
    return blocks


def _prompt_table(p1: dict[str, Any], figures: dict[str, float]) -> Table:
    rows: list[list[Cell]] = [
        [template, accuracy, figures.get(template)] for template, accuracy in p1["prompts"].items()
    ]
    images = f" on {p1['images']} images." if p1.get("images") else "."
    return _table(["prompt", "this run", "published"], rows, f"Prompts: accuracy of zero-shot classification{images}")


def _run_table(profile: config.Profile, p2: dict[str, Any]) -> Table:
    figures = {name: published_scores(profile, name) for name in p2}
    columns = [*SCORES, *(f"published {score}" for score in SCORES if any(figures.values()))]
    rows: list[list[Cell]] = []
    for name, scores in p2.items():
        cells = scores | {f"published {score}": value for score, value in figures[name].items()}
        rows.append([profile.runs[name].title, *map(cells.get, columns)])
    caption = "Captioning: the reference run and the others, on the validation images."
    return _table(["run", *columns], rows, caption)


def _attention_table(p3: dict[str, Any], figures: dict[str, Any]) -> Table:
    pairs = [(end, p3[end], figures.get(end, {})) for end in ("best", "worst") if end in p3]
    rows: list[list[Cell]] = [
        [end, pair["image"], pair["caption"], pair["CLIPScore"], figure.get("CLIPScore")] for end, pair, figure in pairs
    ]
    columns = ["", "image", "caption", "CLIPScore", "published"]
    return _table(columns, rows, "Attention: the best and the worst caption of the reference run, by CLIPScore.")


def _table(columns: list[str], rows: list[list[Cell]], caption: str) -> Table:
    return table_block(table_bundle(columns, rows, caption)[TABLE])


def _comparable(profile: config.Profile) -> str:
    text = (
        "Published figures are those of the written report; those of a captioning run stand where it is that setting."
    )
    if profile.data == "demo":
        text += (
            " They were measured on photographs with full-size models; the demo world is drawn and its models are "
            "small, so that the two columns measure different things."
        )
    return text


def about(profile: config.Profile) -> str:
    """The paragraph under the report's title."""
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


def tiles(profile: config.Profile, summary: dict[str, Any]) -> list[tuple[str, str]]:
    """The handful of numbers that a reader wants first."""
    accuracies = summary["p1"]["prompts"].values()
    scores = summary["p2"].get(profile.best_run, {})
    pairs = [(f"accuracy, best of {len(accuracies)} prompts", f"{max(accuracies):.3f}")] if accuracies else []
    pairs += [(f"{score}, reference run", f"{scores[score]:.3f}") for score in SCORES if score in scores]
    if "object_recall" in scores:
        pairs.append(("object recall, reference run", f"{scores['object_recall']:.0%}"))
    return pairs


def stamp(profile: config.Profile, origin: dict[str, Any]) -> list[tuple[str, str]]:
    """What made the report: commit, configuration, time, device, versions; and how to have the same again."""
    commit = origin["commit"]
    others = ", ".join(f"{part}: {made}" for part, made in _commits(profile).items() if made != commit)
    packages = ", ".join(f"{name} {version}" for name, version in origin["versions"].items() if name != "hw3lib")
    return [
        ("profile", f"{profile.name}: {profile.title}"),
        ("commit", f"{commit}{' (+: with changes that were not committed)' if commit.endswith('+') else ''}"),
        *([("parts made at another commit", others)] if others else []),
        ("configuration", f"{origin['configuration']}, seed {origin['seed']}"),
        ("written", origin["written"].replace("T", " ").replace("+00:00", " UTC")),
        ("device", origin["device"]),
        ("versions", packages),
        ("the same again", _again(profile)),
    ]


def _commits(profile: config.Profile) -> dict[str, str]:
    """The commits at which the parts' results were made, by part."""
    folder = paths.runs(profile.name)
    results = {"P1": "p1/study.json", "P3": "p3/summary.json", "claims": "claims.json"}
    results |= {run: f"p2/{run}/scores.json" for run in profile.runs}
    commits = {part: read_scores(folder / path).get("provenance", {}).get("commit") for part, path in results.items()}
    return {part: str(commit) for part, commit in commits.items() if commit}


def _again(profile: config.Profile) -> str:
    """How to have the report again, and what may differ then."""
    return (
        f"make report PROFILE={profile.name} at this commit; hw3 report --verify --profile {profile.name} computes "
        "every score again from the predictions. On the same machine, with the same versions, the numbers are the "
        "same; on another kind of processor sums are rounded in another order, training takes another path, and a "
        "score differs as it would with another seed."
    )
