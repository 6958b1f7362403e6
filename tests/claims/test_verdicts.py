"""One rule makes verdicts of intervals, and each verdict can come out."""

from __future__ import annotations

import pytest

from hw3lib.attention.results import Effect
from hw3lib.claims.verdicts import NEGLIGIBLE, Part, both_ways, together


def part(low: float, high: float, unit: str = "accuracy") -> Part:
    return Part("x", (low + high) / 2, low, high, 100, unit)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.02, 0.06, "supported"),
        (-0.06, -0.02, "not supported"),
        (-0.02, 0.06, "inconclusive"),
        (0.0, 0.06, "inconclusive"),
        (-0.005, 0.008, "not supported"),  # nothing that would matter
        (0.001, 0.008, "not supported"),  # surely there, and too small to matter
    ],
)
def test_an_interval_has_its_verdict(low, high, verdict) -> None:
    assert part(low, high).verdict == verdict
    assert together([part(low, high)]) == verdict


def test_few_images_decide_nothing() -> None:
    assert Part("x", 0.5, 0.4, 0.6, 29, "share").verdict == "inconclusive"
    assert Part("x", 0.5, 0.4, 0.6, 30, "share").verdict == "supported"


def test_a_claim_with_parts_needs_all_of_them() -> None:
    yes, no, open_ = part(0.02, 0.06), part(-0.06, -0.02), part(-0.02, 0.06)
    assert together([yes, yes]) == "supported"
    assert together([yes, open_]) == "inconclusive"
    assert together([yes, no, open_]) == "not supported"
    assert together([]) == "not testable"


def test_an_unstable_effect_is_one_that_surely_goes_both_ways() -> None:
    yes, no, open_, none = part(0.02, 0.06), part(-0.06, -0.02), part(-0.02, 0.06), part(-0.001, 0.001)
    assert both_ways([yes, no, open_]) == "supported"
    assert both_ways([yes, yes]) == "not supported"
    assert both_ways([no, no]) == "not supported"
    assert both_ways([none, none]) == "not supported"
    assert both_ways([yes, open_]) == "inconclusive"
    assert both_ways([open_]) == "inconclusive"
    assert both_ways([]) == "not testable"


def test_a_finding_is_turned_to_the_claims_side() -> None:
    found = Effect(-0.1, -0.2, -0.05, 70)
    turned = Part.of("x", found, "share", against=True)
    assert (turned.effect, turned.low, turned.high, turned.n) == (0.1, 0.05, 0.2, 70)
    assert turned.verdict == "supported"
    assert Part.of("x", found, "share").verdict == "not supported"


def test_every_unit_has_what_would_not_matter() -> None:
    assert all(0 < most < 0.1 for most in NEGLIGIBLE.values())
