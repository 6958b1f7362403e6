"""One rule makes verdicts of intervals, and each verdict can come out."""

from __future__ import annotations

import pytest

from hw3lib.attention.results import Effect
from hw3lib.claims.verdicts import FEW, NEGLIGIBLE, Part, both_ways, together


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


@pytest.mark.parametrize(
    ("low", "high", "verdict", "direction"),
    [
        (-0.01, 0.01, "not supported", "no effect"),  # up to the margin itself, nothing matters
        (-0.0101, 0.01, "inconclusive", "unsure"),
        (-0.01, 0.0101, "inconclusive", "unsure"),
        (0.0, 0.0101, "inconclusive", "unsure"),  # an interval that touches zero holds it
        (0.0001, 0.0101, "supported", "up"),
        (-0.0101, 0.0, "inconclusive", "unsure"),
        (-0.0101, -0.0001, "not supported", "down"),
    ],
)
def test_at_its_bounds_the_rule_is_exact(low, high, verdict, direction) -> None:
    for unit, margin in NEGLIGIBLE.items():
        scaled = part(low * margin / 0.01, high * margin / 0.01, unit)
        assert (scaled.verdict, scaled.direction) == (verdict, direction)


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
    assert both_ways([yes, no]) == both_ways([yes, no, open_]) == "supported"
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


def test_what_would_not_matter_is_fixed_before_anything_is_measured() -> None:
    assert NEGLIGIBLE == {"accuracy": 0.01, "CIDEr": 0.01, "share": 0.01, "bits": 0.05, "evenness": 0.01}
    assert FEW == 30
