"""The claims as a reader sees them: the table that opens the report, and each claim with its evidence."""

from __future__ import annotations

from collections.abc import Sequence

from hw3lib.claims.results import Claim, statements
from hw3lib.claims.verdicts import Part, Verdict
from hw3lib.display.bundle import Cell, Content
from hw3lib.display.prose import decimal, estimate, p_value
from hw3lib.metrics.interval_tests import FEW, NEGLIGIBLE, Unit
from hw3lib.metrics.paired_tests import LEVEL

MARKS = {"supported": "✓", "not supported": "✗", "inconclusive": "?", "not testable": "–"}
_UNITS = {"accuracy": "points", "share": "points"}  # of a hundred; the others are their own names


def overview(claims: Sequence[Claim]) -> Content:
    """Columns and rows, one per claim in a line: the claim in short, the effect that decided, and the verdict."""
    rows: list[list[Cell]] = [
        [
            claim.number,
            statements()[claim.number - 1].short,
            evidence(claim),
            f"{_marked(claim.verdict)}{_star(claim)}{_in_part(claim)}",
        ]
        for claim in claims
    ]
    return ["#", "claim of the written report", "effect [95 % interval]", "verdict"], rows


def shown(claims: Sequence[Claim]) -> str:
    """What the overview shows of a claim's parts, as a note to it."""
    star = " *: not every part was tested." if any(map(_star, claims)) else ""
    return (
        f"Shown is the part that decides; the last table of the claims' chapter has all parts.{star} Verdicts are "
        "corrected for the number of comparisons, intervals are not: an interval that leaves out zero can go with "
        "“inconclusive”."
    )


def _star(claim: Claim) -> str:
    return "*" if claim.untested and claim.parts else ""


def _in_part(claim: Claim) -> str:
    """How many parts are supported of a claim that as a whole is not."""
    supported = sum(part.verdict == "supported" for part in claim.parts)
    if claim.verdict == "supported" or not supported or statements()[claim.number - 1].rule == "both_ways":
        return ""
    return f" ({supported} of {len(claim.parts)}{' tested' if claim.untested else ''} supported)"


def deciding(claim: Claim) -> Part | None:
    """The part that the verdict rests on: the first that has the claim's own, else the first."""
    return next((part for part in claim.parts if part.verdict == claim.verdict), next(iter(claim.parts), None))


def evidence(claim: Claim) -> str:
    """The effect of the deciding part, or why there is none."""
    part = deciding(claim)
    return effect(part) if part else claim.untested


def effect(part: Part) -> str:
    """An effect with its interval and its unit; accuracies and shares in points of a hundred."""
    scale, digits = _scale(part.unit)
    return estimate(scale * part.effect, scale * part.low, scale * part.high, digits, _UNITS.get(part.unit, part.unit))


def _scale(unit: Unit) -> tuple[int, int]:
    """What a unit's numbers are multiplied by, and their decimals."""
    return (100, 1) if unit in ("accuracy", "share") else (1, 2 if unit == "bits" else 3)


def details(claims: Sequence[Claim]) -> Content:
    """Columns and rows: every comparison of every claim; of a claim that an effect goes both ways, where it goes.

    The minimal detectable effect has the unit of the effect beside it.
    """
    rows: list[list[Cell]] = []
    for claim in claims:
        both_ways = statements()[claim.number - 1].rule == "both_ways"
        for place, part in enumerate(claim.parts):
            verdict = part.direction if both_ways else _marked(part.verdict)
            scale, digits = _scale(part.unit)
            tests: list[Cell] = [
                p_value(p).removeprefix("p ").removeprefix("= ") for p in (part.holm, part.equivalence)
            ]
            tests += [decimal(scale * part.detectable, digits), f"{part.n} {part.split}".strip(), part.seeds or "–"]
            rows.append([claim.number if place == 0 else "", part.what, effect(part), *tests, verdict])
    columns = ["#", "comparison", "effect [95 % interval]", "p (Holm)", "p (TOST)", "detectable", "images", "seeds"]
    return [*columns, "verdict"], rows


DETAILS = (
    "p (Holm): of no effect, corrected for all comparisons of all claims. p (TOST): of the equivalence test; below "
    f"{LEVEL}, the effect is negligible. Detectable: the smallest effect, in the unit beside it, that so many images "
    "show with a power of 80 %. Images: labelled ones are P1's; test images had no say in training, validation images "
    "may have had one. Seeds: trainings on each side; with one, the interval knows no other seed."
)


def in_chapter(claim: Claim) -> bool:
    """Whether the claim's chapter shows its comparisons as well."""
    return statements()[claim.number - 1].in_chapter


def section(claim: Claim) -> str:
    """A claim's wording, verdict, test and remark, as one paragraph of Markdown."""
    lines = [
        f"**{claim.number}. {claim.claim}** {_marked(claim.verdict)}{_in_part(claim)}.",
        f"*Test:* {claim.test}",
        claim.remark,
        f"*Not tested:* {claim.untested}." if claim.untested else "",
        f"See [{_CHAPTERS[claim.notebook]}]({claim.notebook}.ipynb)." if in_chapter(claim) else "",
    ]
    return " ".join(filter(None, lines))


def tally(claims: Sequence[Claim], data: str) -> str:
    """How many claims came out how, in a sentence, and on which data."""
    counts = {verdict: sum(claim.verdict == verdict for claim in claims) for verdict in MARKS}
    parts = [f"{count} {verdict}" for verdict, count in counts.items() if count]
    return f"Of {len(claims)} claims, tested on **{data}**: {', '.join(parts)}."


RULE_IN_SHORT = f"""
- **Supported**: the effect is significant in the direction that is claimed.
- **Not supported**: it is significant in the other direction, or a test shows that it is too small to matter.
- **Inconclusive**: neither is shown, there are fewer than {FEW} images, or another seed may have made the difference.

A claim of several parts needs all of them. The claims' chapter has the whole rule."""


def rule() -> str:
    """The rule of :mod:`hw3lib.claims.verdicts`, in Markdown."""
    return (
        "- **Supported**: the effect is significant in the direction that is claimed "
        f"(p < {LEVEL} after Holm's correction for all comparisons of all claims), and not shown to be negligible.\n"
        "- **Not supported**: the effect is significant in the other direction, or an equivalence test shows that it "
        f"is negligible ({_margins()}).\n"
        "- **Inconclusive**: neither is shown; a lack of significance shows nothing. So is an effect from fewer than "
        f"{FEW} images, and a difference between runs of one seed that is not known to be larger than what two "
        "seeds of the profile's other runs differ by.\n\n"
        "A claim of several parts is supported when each was tested and is supported. It is not supported when one "
        "part is not. A claim that an effect goes both ways is supported when the effect goes up in one place and down "
        "in another. It is not supported when the effect is negligible in all places, or goes the same way in all."
    )


def _marked(verdict: Verdict) -> str:
    return f"{MARKS[verdict]} {verdict}"


def _margins() -> str:
    """What is too small to matter, in each unit, as a reader knows it."""
    points = 100 * NEGLIGIBLE["accuracy"]
    return (
        f"within {points:g} point, {NEGLIGIBLE['CIDEr']:g} CIDEr or what two seeds of a run differ by, "
        f"{NEGLIGIBLE['bits']:g} bits or "
        f"{NEGLIGIBLE['evenness']:g} of evenness"
    )


def data_name(data: str) -> str:
    """A profile's ``data`` in words, with what follows from it."""
    return "the demo world (drawn scenes, small models)" if data == "demo" else "real data"


_CHAPTERS = {"p1_prompts": "P1", "p2_ablations": "P2", "p3_attention": "P3"}
