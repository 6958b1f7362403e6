"""The benchmarks' common form: ratios point the right way, the last line is JSON, the README is that of the results."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from tests.support.places import ROOT

BENCHMARKS = ROOT / "benchmarks"


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    for name in ("harness", "write_readme", "decode", "gpu"):
        monkeypatch.delitem(sys.modules, name, raising=False)


def test_a_ratio_says_how_many_times_better_ours_is() -> None:
    from harness import not_measured, row

    assert row("seconds", 2.0, 6.0, "s", 3.0).ratio == 3.0
    assert row("seconds", 2.0, 6.0, "s", 3.0).met is True
    assert row("speed", 2.0, 6.0, "images/s", 1.0, higher_is_better=True).ratio == pytest.approx(1 / 3)
    assert row("speed", 2.0, 6.0, "images/s", 1.0, higher_is_better=True).met is False
    assert row("no peer", 20.0, None, "ms", 16.0).met is False
    assert row("no peer", 0.5, None, "share", 0.4, higher_is_better=True).met is True
    assert row("no target", 2.0, 6.0, "s").met is None
    assert not_measured("on a GPU", "ms", 3.0).met is None


def test_the_sides_take_turns_and_the_warm_up_does_not_count() -> None:
    from harness import alternate

    calls: list[str] = []
    found = alternate({"ours": lambda: calls.append("a"), "peer": lambda: calls.append("b")}, rounds=3, warm_up=1)
    assert "".join(calls) == "abbaabba"
    assert set(found) == {"ours", "peer"}


def test_the_last_line_is_one_json_document_with_what_was_missed(capsys: pytest.CaptureFixture[str]) -> None:
    from harness import finish, row

    finish("example", [row("fast", 1.0, 3.0, "s", 2.0), row("slow", 2.0, 3.0, "s", 2.0)], note="n")
    lines = capsys.readouterr().out.splitlines()
    found = json.loads(lines[-1])
    assert found["benchmark"] == "example"
    assert found["missed"] == ["slow"]
    assert [row["ratio"] for row in found["rows"]] == [3.0, 1.5]
    assert {"cpu", "cores", "torch", "gpu"} <= set(found["machine"])
    assert found["note"] == "n"
    assert any("slow" in line and "NO" in line for line in lines)


def test_what_the_tests_on_a_gpu_measure_becomes_rows_with_their_targets() -> None:
    import gpu

    measured = {
        "test_05_the_same_steps_end_in_the_same_weights": {"swin_tensors": 90, "swin_different": 0, "vit_different": 2},
        "test_10_the_loader_keeps_up_with_full_size_steps": {"plain_images_per_s": 90.0, "plain_data_wait": 0.01},
        "test_11_compiled_decoding_says_the_same": {"batch_64_pays_from_images": None, "batch_64_plain_ms": 30.0},
    }
    rows = list(gpu.rows({"measured": measured, "passed": ["a", "b"], "failed": ["c"], "error": []}))
    assert [(row.name, row.ours, row.met) for row in rows] == [
        ("tests that pass", 2, False),
        ("tensors that differ from run to run: swin", 0, True),
        ("tensors that differ from run to run: vit", 2, False),
        ("full-size training: plain", 90.0, None),
        ("waiting for data: plain", 0.01, True),
        ("decoding: batch 64 plain", 30.0, None),
    ]
    text = (ROOT / "tests" / "gpu" / "test_gpu.py").read_text(encoding="utf-8")
    numbers = set(re.findall(r"^def test_(\d\d)_", text, re.M))
    assert all(any(f"test_{number}_".startswith(test) for number in numbers) for test, *_ in gpu.MEASURES)


def test_the_readme_shows_the_results_that_lie_beside_it() -> None:
    from write_readme import readme

    results = sorted((BENCHMARKS / "results").glob("*.json"))
    assert results
    assert (BENCHMARKS / "README.md").read_text(encoding="utf-8") == readme(), "run benchmarks/write_readme.py"
    for path in results:
        found = json.loads(path.read_text(encoding="utf-8"))
        assert (BENCHMARKS / f"{path.stem.partition('.')[0]}.py").is_file()
        assert found["missed"] == [row["name"] for row in found["rows"] if row["met"] is False]


def test_ctranslate2_decodes_the_same_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("ctranslate2")
    import decode
    import torch

    for name, size in {"LAYERS": 2, "FEED_FORWARD": 64, "VOCABULARY": 60, "NEW": 6}.items():
        monkeypatch.setattr(decode, name, size)
    model = decode.captioner(32)
    with torch.no_grad():
        model.head.weight.mul_(20)  # decided enough for beams never to be a matter of rounding
        model.embed.weight.mul_(20)
    decode.whisper(model).save(str(tmp_path))
    peer = decode.CTranslate2(str(tmp_path), "float32", 1)
    torch.manual_seed(0)
    tokens = torch.randn(4, decode.PATCHES, 32)
    for beams in (1, 3):
        peer.prepare(tokens, beams)
        found = peer.generate()
        assert found.shape == (4, 7)
        assert found.unique().numel() > 3
        assert found.equal(decode.ours(model, tokens, beams, decode.PackedWeights(model)))
    peer.close()
