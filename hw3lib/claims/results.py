"""The claims: as ``resources/claims.json`` states them, and as a profile's ``claims.json`` holds them with verdicts."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from hw3lib import paths
from hw3lib.claims.verdicts import Part, Verdict
from hw3lib.metrics.interval_tests import Unit
from hw3lib.system.results import read_result

TEXTS = paths.PACKAGE / "resources" / "claims.json"


@dataclass(frozen=True)
class Comparison:
    """A part of a claim's test that stands in a result file as an effect with its interval."""

    # Fields and keys of the chapter's result, down to the effect; "*" is every key, in the file's order.
    source: list[str]
    what: str  # of what; {key} is the effect's key, {counterpart} its field, {diffuse} summary.DIFFUSE
    unit: Unit
    against: bool = False  # whether the effect is counted against the claim


@dataclass(frozen=True)
class Statement:
    """A claim of the written report, and how it is tested."""

    number: int
    notebook: str  # the chapter that shows it
    claim: str
    short: str  # the same in twelve words at the most, for the table that opens the report
    test: str  # how, in a sentence
    parts: list[Comparison] = field(default_factory=list)  # besides those that hw3lib.claims computes
    rule: Literal["together", "both_ways"] = "together"  # of hw3lib.claims.verdicts
    in_chapter: bool = True  # whether the chapter shows these comparisons as well


@dataclass(frozen=True)
class Claim:
    """A claim with its evidence."""

    number: int  # 1 to 9
    claim: str  # in the written report's sense
    notebook: str  # the chapter that shows it
    test: str  # how it was tested, in a sentence
    verdict: Verdict  # by the rule of hw3lib.claims.verdicts
    parts: list[Part] = field(default_factory=list)  # the comparisons that it rests on
    remark: str = ""  # what a reader should know besides
    untested: str = ""  # why there is no verdict on it, or on a part of it


@dataclass(frozen=True)
class Claims:
    """The whole of ``claims.json``."""

    provenance: dict[str, Any]  # commit, configuration, seed, versions, device
    data: str  # "demo world" or "real data"
    claims: list[Claim]  # by number


@dataclass(frozen=True)
class Finding:
    """What a claim's own function adds to what :class:`Statement` declares."""

    parts: list[Part] = field(default_factory=list)
    remark: str = ""
    untested: str = ""


@cache
def statements() -> tuple[Statement, ...]:
    """The nine claims, in their order."""
    return read_result(TEXTS, tuple[Statement, ...])
