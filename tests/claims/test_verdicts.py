"""One rule makes verdicts of effects and their tests, and each verdict can come out."""

from __future__ import annotations

import dataclasses

import pytest
from statsmodels.stats.multitest import multipletests

from hw3lib.attention.results import Effect
from hw3lib.claims.verdicts import FEW, NEGLIGIBLE, Part, both_ways, corrected, together
from hw3lib.metrics.paired_tests import Effect as PromptEffect


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
        (-0.0119, 0.0119, "not supported", "no effect"),  # the 90 % interval decides: 0.839 times as wide
        (-0.0120, 0.0120, "inconclusive", "unsure"),
        (-0.0031, 0.0111, "not supported", "no effect"),
        (-0.0032, 0.0112, "inconclusive", "unsure"),
        (-0.0112, 0.0032, "inconclusive", "unsure"),
        (0.0, 0.02, "inconclusive", "unsure"),  # an interval that touches zero holds it
        (0.0001, 0.02, "supported", "up"),
        (0.0001, 0.0107, "not supported", "no effect"),  # significant, and shown to be too small to matter
        (0.0001, 0.0109, "supported", "up"),
        (-0.02, 0.0, "inconclusive", "unsure"),
        (-0.02, -0.0001, "not supported", "down"),
        (-0.0107, -0.0001, "not supported", "no effect"),
    ],
)
def test_at_its_bounds_the_rule_is_exact(low, high, verdict, direction) -> None:
    for unit, margin in NEGLIGIBLE.items():
        scaled = part(low * margin / 0.01, high * margin / 0.01, unit)
        assert (scaled.verdict, scaled.direction) == (verdict, direction)


def test_of_many_comparisons_only_what_is_significant_after_the_correction_counts() -> None:
    """Three p-values of 0.02: alone each is significant, together none is."""
    alone = [Part(what, 0.05, 0.008, 0.092, 100, "accuracy", p=0.02) for what in "abc"]
    assert [part.verdict for part in alone] == ["supported"] * 3
    together_ = corrected([alone[:1], [], alone[1:]])
    assert [[part.what for part in parts] for parts in together_] == [["a"], [], ["b", "c"]]
    assert [part.holm for parts in together_ for part in parts] == pytest.approx([0.06] * 3)
    assert {part.verdict for parts in together_ for part in parts} == {"inconclusive"}
    against = [Part("x", -0.05, -0.092, -0.008, 100, "accuracy", p=p) for p in (0.02, 0.0249, 0.9)]
    assert [part.verdict for part in corrected([against])[0]] == ["inconclusive"] * 3
    against[0] = dataclasses.replace(against[0], p=0.0166)
    assert [part.verdict for part in corrected([against])[0]] == ["not supported", "not supported", "inconclusive"]
    p_values = [0.001, 0.3, 0.012, 0.04, 0.04]
    parts = [Part("x", 0.1, 0.0, 0.2, 100, "CIDEr", p=p) for p in p_values]
    adjusted = multipletests(p_values, method="holm")[1]
    assert [part.holm for part in corrected([parts])[0]] == pytest.approx(adjusted)
    assert [part.p for part in corrected([parts])[0]] == p_values
    assert corrected([[], []]) == [[], []]


@pytest.mark.parametrize(("p", "verdict"), [(0.0499, "supported"), (0.05, "inconclusive"), (0.9, "inconclusive")])
def test_a_lack_of_significance_is_never_evidence_against_a_claim(p, verdict) -> None:
    assert Part("x", 0.03, -0.001, 0.06, 100, "accuracy", p=p).verdict == verdict
    opposite = {"supported": "not supported"}.get(verdict, verdict)
    assert Part("x", -0.03, -0.06, 0.001, 100, "accuracy", p=p).verdict == opposite


def test_what_equivalence_shows_does_not_depend_on_the_number_of_comparisons() -> None:
    nothing = part(-0.005, 0.008)
    assert {part.verdict for part in corrected([[nothing] * 40])[0]} == {"not supported"}


def test_few_images_decide_nothing() -> None:
    for low, high in ((0.4, 0.6), (-0.6, -0.4), (-0.001, 0.001)):
        few = Part("x", (low + high) / 2, low, high, FEW - 1, "share")
        assert (few.verdict, few.direction, both_ways([few])) == ("inconclusive", "unsure", "inconclusive")
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
    assert (turned.p, turned.holm, turned.detectable) == (found.p, found.p, Part.of("x", found, "share").detectable)


def test_the_exact_test_of_a_chapter_goes_before_the_interval() -> None:
    found = PromptEffect(effect=0.03, low=0.001, high=0.06, n=100, p=0.06, holm=0.5)
    assert (Part.of("x", found, "accuracy").p, Part.of("x", found, "accuracy").verdict) == (0.06, "inconclusive")
    assert Part("x", 0.03, 0.001, 0.06, 100, "accuracy").verdict == "supported"


def test_what_would_not_matter_is_fixed_before_anything_is_measured() -> None:
    assert NEGLIGIBLE == {"accuracy": 0.01, "CIDEr": 0.01, "share": 0.01, "bits": 0.05, "evenness": 0.01}
    assert FEW == 30
