"""The claims as a reader sees them: the table that opens the report, and each claim with its evidence."""

from __future__ import annotations

from collections.abc import Sequence

from hw3lib.claims.results import Claim, statements
from hw3lib.claims.verdicts import FEW, NEGLIGIBLE, Part
from hw3lib.display.prose import estimate

Cell = str | int | float | None
MARKS = {"supported": "✓", "not supported": "✗", "inconclusive": "?", "not testable": "–"}
_UNITS = {
    "accuracy": "points of accuracy",
    "CIDEr": "CIDEr",
    "share": "points",
    "bits": "bits",
    "evenness": "evenness, 0 to 1",
}


def overview(claims: Sequence[Claim]) -> tuple[list[str], list[list[Cell]]]:
    """Columns and rows, one per claim: what is claimed, the comparison that decided, and the verdict."""
    rows: list[list[Cell]] = [
        [claim.number, claim.claim, evidence(claim), f"{MARKS[claim.verdict]} {claim.verdict}"] for claim in claims
    ]
    return ["", "the written report claims", "measured here: effect [95 % interval]", "verdict"], rows


def deciding(claim: Claim) -> Part | None:
    """The part that the verdict rests on: the first that has the claim's own, else the first."""
    return next((part for part in claim.parts if part.verdict == claim.verdict), next(iter(claim.parts), None))


def evidence(claim: Claim) -> str:
    """The deciding part in words, and how many there are beside it."""
    part = deciding(claim)
    if part is None:
        return claim.untested
    more = len(claim.parts) - 1
    rest = f"; {more} more comparison{'s' * (more > 1)}" if more else ""
    return f"{part.what}: {effect(part)}, {part.n} images{rest}"


def effect(part: Part) -> str:
    """An effect with its interval and its unit; accuracies and shares in points of a hundred."""
    scale, digits = (100, 1) if part.unit in ("accuracy", "share") else (1, 3 if part.unit == "CIDEr" else 2)
    return estimate(scale * part.effect, scale * part.low, scale * part.high, digits, _UNITS[part.unit])


def detail(claim: Claim) -> tuple[list[str], list[list[Cell]]]:
    """Columns and rows: every part of a claim's evidence with a verdict of its own."""
    # A claim that the effect goes up and down: no place of it is right or wrong by itself.
    both_ways = statements()[claim.number - 1].rule == "both_ways"
    rows: list[list[Cell]] = [
        [part.what, effect(part), part.n, part.direction if both_ways else f"{MARKS[part.verdict]} {part.verdict}"]
        for part in claim.parts
    ]
    return ["comparison", "effect [95 % interval]", "images", "goes" if both_ways else "verdict"], rows


def section(claim: Claim) -> str:
    """A claim's heading, wording, test and verdict, in Markdown."""
    lines = [
        f"## Claim {claim.number}: {claim.verdict}",
        f"> {claim.claim}",
        f"**Test.** {claim.test} Shown in [{_CHAPTERS[claim.notebook]}]({claim.notebook}.ipynb).",
    ]
    lines += [claim.remark] if claim.remark else []
    lines += [f"**Not tested:** {claim.untested}"] if claim.untested else []
    return "\n\n".join(lines)


def tally(claims: Sequence[Claim], data: str) -> str:
    """How many claims came out how, in a sentence, and on which data."""
    counts = {verdict: sum(claim.verdict == verdict for claim in claims) for verdict in MARKS}
    parts = [f"{count} {verdict}" for verdict, count in counts.items() if count]
    return (
        f"Of {len(claims)} claims, tested on **{data}**: {', '.join(parts)}. A claim is supported when the whole 95 % "
        "interval of its effect speaks for it, not supported when all of it speaks against it or is too small to "
        f"matter ({_margins()}), and inconclusive otherwise, or with fewer than {FEW} images; where it says several "
        "things, all must hold."
    )


def _margins() -> str:
    """What is too small to matter, in each unit, as a reader knows it."""
    points = 100 * NEGLIGIBLE["accuracy"]
    return (
        f"within {points:g} point, {NEGLIGIBLE['CIDEr']:g} CIDEr, {NEGLIGIBLE['bits']:g} bits or "
        f"{NEGLIGIBLE['evenness']:g} of evenness of nothing"
    )


def data_name(data: str) -> str:
    """A profile's ``data`` in words, with what follows from it."""
    return "the demo world (drawn scenes, small models)" if data == "demo" else "real data"


_CHAPTERS = {"p1_prompts": "P1", "p2_ablations": "P2", "p3_attention": "P3"}
