"""What the report says of itself: its first page's claims, figures and tables, and the stamp at its end."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from hw3lib import config, paths
from hw3lib.captioning.ablations import run_name
from hw3lib.captioning.published import published_scores
from hw3lib.claims import evidence
from hw3lib.claims.table import RULE_IN_SHORT, data_name, in_chapter, overview, shown, tally
from hw3lib.data.splits import protocol
from hw3lib.display.bundle import TABLE, Cell, table_bundle
from hw3lib.display.prose import code, names_in_words
from hw3lib.report.blocks import Block, Table, table_block, text_inline
from hw3lib.report.markdown import markdown
from hw3lib.report.summary import SCORES, read_scores
from hw3lib.system import files
from hw3lib.system.messages import counted


def claim_blocks(profile: config.Profile) -> list[Block]:
    """What the report opens with: every claim of the written report, what was measured of it here, and the verdict.

    Below the table stand the rule in short, and how many claims came out how.
    """
    if not (paths.runs(profile.name) / "claims.json").is_file():
        return []
    claims, data = evidence.load(profile), data_name(profile.data)
    table = _table(*overview(claims), f"What the written report claims, tested on {data}.")
    table["align"] = ["right", "left", "left", "left"]
    told = [tally(claims, data), RULE_IN_SHORT, shown(claims).replace("*:", r"\*:")]
    if profile.runs and all(len(profile.trainings(run)) == 1 for run in profile.runs):
        told.append("Every run was trained with one seed.")
    for row, claim in zip(table["rows"], claims, strict=True):
        row[0] = [{"t": "link", "href": f"{claim.notebook if in_chapter(claim) else 'claims'}.ipynb", "inline": row[0]}]
    return [table, *markdown("\n".join(told))]


def summary_blocks(profile: config.Profile, summary: dict[str, Any]) -> list[Block]:
    """The results in a sentence for each problem, and in tables: what was measured, beside what was published."""
    figures = files.resource("published.json")
    opening = f"{_comparable(profile, summary['p2'])} {_seeds(profile) if summary['p2'] else ''}".rstrip()
    results = [_prompt_result(summary["p1"]), _run_result(profile, summary["p2"]), _attention_result(profile)]
    blocks: list[Block] = [
        *markdown(" ".join(filter(None, results))),
        {"kind": "paragraph", "inline": text_inline(opening)},
    ]
    if summary["p1"]["prompts"]:
        blocks.append(_prompt_table(summary["p1"], figures["p1"]["prompts"]))
    if summary["p2"]:
        blocks.append(_run_table(profile, summary["p2"], summary.get("p2_seeds", {})))
    if "best" in summary["p3"]:
        blocks.append(_attention_table(summary["p3"], figures["p3"]))
    return blocks


def _prompt_result(p1: dict[str, Any]) -> str:
    if not (best := p1.get("best")):
        return ""
    apart = " that did not choose it" * (best["images"] < p1["images"])
    which = f"the best of {len(p1['prompts'])} prompts" if len(p1["prompts"]) > 1 else "the prompt"
    ends = f" [{best['low']:.3f}, {best['high']:.3f}]" if best["low"] is not None else ""
    accuracy = (
        f"an accuracy of {best['accuracy']:.3f}{ends} on {best['images']} image{'s' * (best['images'] != 1)}{apart}"
    )
    return f"In P1, {which}, {code(best['template'])}, has {accuracy}."


def _run_result(profile: config.Profile, p2: dict[str, Any]) -> str:
    scored = [run for run in p2 if "CIDEr" in p2[run]]
    if profile.best_run not in scored:
        return ""
    best, scores = max(scored, key=lambda run: p2[run]["CIDEr"]), p2[profile.best_run]
    told = names_in_words([f"{score} {scores[score]:.3f}" for score in SCORES if score in scores])
    text = f"In P2, the captions of the reference run reach {told} on the {profile.require_captions().reported} images"
    if len(scored) > 1 and p2[best]["CIDEr"] > scores["CIDEr"]:
        text += f"; the highest CIDEr of {len(scored)} runs is that of {code(best)}, {p2[best]['CIDEr']:.3f}"
    return f"{text}."


def _attention_result(profile: config.Profile) -> str:
    path = paths.runs(profile.name) / "p3" / "grounding.json"
    nouns = read_scores(path).get("classes", {}).get("object", {}).get("mass")
    if not nouns:
        return ""
    return (
        f"In P3, {nouns['value']:.0%} of the attention at a noun lies inside its object; a map that always attends "
        f"to the image's centre would have {nouns['centre']:.0%} there."
    )


def _prompt_table(p1: dict[str, Any], figures: dict[str, float]) -> Table:
    published = bool(set(figures) & set(p1["prompts"]))
    rows: list[list[Cell]] = [
        [template, accuracy, *[figures.get(template)] * published] for template, accuracy in p1["prompts"].items()
    ]
    images = f" on {p1['images']} images." if p1.get("images") else "."
    columns = ["prompt", "measured", *["published"] * published]
    return _table(columns, rows, f"Prompts: accuracy of zero-shot classification{images}")


def _seeds(profile: config.Profile) -> str:
    """What the figures and intervals of captioning know of other seeds."""
    seeds = {run: len(profile.trainings(run)) for run in profile.runs}
    if max(seeds.values()) == 1:
        text = "Every run was trained with one seed: intervals speak of other images and know no other seed."
        if profile.data == "demo":
            text += " The profile demo_seeds trains the four published settings with three seeds each."
        return text
    single = [run_name(profile, run) for run, count in seeds.items() if count == 1]
    text = (
        "Scores of several seeds are means, with their standard deviation; intervals between such runs speak of other "
    )
    text += "images and other seeds. The first seed's captions and attention are shown."
    return text + (f" One seed only: {names_in_words(single)}." if single else "")


def _run_table(profile: config.Profile, p2: dict[str, Any], seeds: dict[str, Any]) -> Table:
    figures = {name: published_scores(profile, name) for name in p2}
    columns = [*SCORES, *(f"published {score}" for score in SCORES if any(figures.values()))]
    rows: list[list[Cell]] = []
    for name, scores in p2.items():
        spread = seeds.get(name, {}).get("deviation", {})
        cells = {
            key: f"{value:.4f}\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}{spread[key]:.4f}" if key in spread else value
            for key, value in scores.items()
        }
        cells |= {f"published {score}": value for score, value in figures[name].items()}
        rows.append([run_name(profile, name), profile.runs[name].title, *map(cells.get, columns)])
    split = profile.require_captions().reported
    caption = f"Captioning: the reference run and the others, on the {split} images."
    return _table(["run", "setting", *columns], rows, caption)


def _attention_table(p3: dict[str, Any], figures: dict[str, Any]) -> Table:
    pairs = [(end, p3[end], figures.get(end, {})) for end in ("best", "worst") if end in p3]
    rows: list[list[Cell]] = [
        [end, pair["image"], pair["caption"], pair["CLIPScore"], figure.get("CLIPScore")] for end, pair, figure in pairs
    ]
    columns = ["", "image", "caption", "CLIPScore", "published"]
    return _table(columns, rows, "Attention: the best and the worst caption of the reference run, by CLIPScore.")


def _table(columns: list[str], rows: list[list[Cell]], caption: str) -> Table:
    return table_block(table_bundle(columns, rows, caption)[TABLE])


def _comparable(profile: config.Profile, runs: Collection[str]) -> str:
    text = "Published figures are those of the written report."
    same = [run_name(profile, run) for run in runs if published_scores(profile, run)]
    text += f" Of the captioning runs, these have a published setting: {names_in_words(same)}." if same else ""
    text += " No captioning run has a published setting on the same data." if runs and not same else ""
    if profile.data == "demo":
        text += (
            " Published ones were measured on photographs with full-size models; the demo world is drawn and its "
            "models are small, so that they cannot be compared with what was measured here."
        )
    if profile.data == "other":
        text += " Published ones were measured on other images, so that they cannot be compared with what was measured "
        text += "here."
    if profile.captions and runs:
        text += f" {protocol(profile.captions, profile.runs)}"
    return text


def about(profile: config.Profile) -> str:
    """The paragraph under the report's title."""
    computed = "All numbers, except those marked published, were computed at the commit that the last section names,"
    marked = (
        "Published numbers are those of the written report on the same three problems that this project is modelled on."
    )
    if profile.data == "demo":
        return (
            f"{computed} on the embedded demo world: drawn scenes, and small models that learnt to see them. The code "
            f"is the one for real photographs. {marked}"
        )
    return f"{computed} on the profile's data. {marked}"


def unfinished(profile: config.Profile, absent: list[tuple[str, str]]) -> str:
    """What a report says at its top while it is being made; ``absent`` are notebooks and their runs."""
    if not absent:
        return ""
    runs = [run for _, run in absent if run]
    names = [re.sub(r"^p(\d)_.*", r"P\1", stem) for stem, run in absent if not run]
    names += [f"the training of {counted(runs, 'run')}"] if runs else []
    return (
        f"This report is not finished. Still to come: {names_in_words(names)}. While “make report "
        f"PROFILE={profile.name}” is running, each part is added as it is done: reload the page."
    )


def tiles(profile: config.Profile, summary: dict[str, Any]) -> list[tuple[str, str]]:
    """The handful of numbers that a reader wants first."""
    prompts, best = summary["p1"]["prompts"], summary["p1"].get("best")
    scores = summary["p2"].get(profile.best_run, {})
    apart = ", on images that did not choose it" * bool(best and best["images"] < summary["p1"]["images"])
    which = f"accuracy, best of {len(prompts)} prompts{apart}" if len(prompts) > 1 else "accuracy of the prompt"
    pairs = [(which, f"{best['accuracy']:.3f}")] if best else []
    whose = f"reference run, {profile.captions.reported} images" if profile.captions else ""
    pairs += [(f"{score}, {whose}", f"{scores[score]:.3f}") for score in SCORES if score in scores]
    if (photographs := summary["p1"].get("images")) and not prompts:
        pairs.append(("photographs classified, without labels", str(photographs)))
    if "object_recall" in scores:
        pairs.append((f"object recall, {whose}", f"{scores['object_recall']:.3f}"))
    return pairs


def stamp(profile: config.Profile, origin: dict[str, Any]) -> list[tuple[str, str]]:
    """What made the report: commit, configuration, time, device, versions; and how to have the same again."""
    commit = origin["commit"]
    others = ", ".join(f"{part}: {made}" for part, made in _origins(profile, "commit").items() if made != commit)
    packages = ", ".join(f"{name} {version}" for name, version in origin["versions"].items() if name != "hw3lib")
    return [
        ("profile", f"{profile.name}: {profile.title}"),
        ("commit", f"{commit}{' (+: with changes that were not committed)' if commit.endswith('+') else ''}"),
        *([("parts made at another commit", others)] if others else []),
        ("configuration", f"{origin['configuration']}, seed {origin['seed']}"),
        ("written", origin["written"].replace("T", " ").replace("+00:00", " UTC")),
        ("device", _device(profile, origin["device"])),
        ("versions", packages),
        ("the same again", _again(profile)),
    ]


def _device(profile: config.Profile, device: str) -> str:
    """The device of every step; without the number of threads where the steps had different ones."""
    devices = {device, *_origins(profile, "device").values()}
    if len(devices) > 1:
        devices = {re.sub(r", \d+ threads?", "", one) for one in devices}
    return ", ".join(sorted(devices))


def _origins(profile: config.Profile, key: str) -> dict[str, str]:
    """What the parts' results say of their origin (a commit, a device), by part."""
    folder = paths.runs(profile.name)
    results = {"P1": profile.prompt_results, "P3": "p3/summary.json", "claims": "claims.json"}
    results |= {training: f"p2/{training}/scores.json" for training in profile.all_trainings}
    found = {part: read_scores(folder / path).get("provenance", {}).get(key) for part, path in results.items()}
    return {part: str(value) for part, value in found.items() if value}


def _again(profile: config.Profile) -> str:
    """How to have the report again, and what may differ then."""
    return (
        f"make report PROFILE={profile.name} at this commit; hw3 report --verify --profile {profile.name} computes "
        "every score again from the predictions. On the same machine, with the same versions, the numbers are the "
        "same; on another kind of processor sums are rounded in another order, training takes another path, and a "
        "score differs as it would with another seed."
    )
