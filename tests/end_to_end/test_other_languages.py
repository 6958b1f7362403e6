"""Chinese and Arabic through the whole: 60 photographs, a multilingual CLIP, P1 to P3, the page and the PDF."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from hw3lib import config, paths
from tests.support.other_languages import LANGUAGES, write

REPOSITORY = paths.PACKAGE.parent

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_it_ends_in_a_report(language: str, multilingual_clip: config.Clip, tmp_path: Path) -> None:
    write(tmp_path, language, asdict(multilingual_clip))
    environment = os.environ | {"HW3_ROOT": str(tmp_path), "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "hw3lib", "report", "--profile", language, "--cores", "2"]
    environment["HF_HUB_OFFLINE"] = "1"
    done = subprocess.run(command, env=environment, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout[-6000:]}{done.stderr[-3000:]}"
    runs, built = tmp_path / "runs" / language, tmp_path / "report" / "build" / language
    summary = json.loads((runs / "summary.json").read_text(encoding="utf-8"))
    accuracies = list(summary["p1"]["prompts"].values())
    assert max(accuracies) > 0.6  # of twelve classes: the names are read as they are written
    claims = json.loads((runs / "claims.json").read_text(encoding="utf-8"))["claims"]
    assert [claim["verdict"] for claim in claims if claim["number"] == 4] == ["not testable"]
    page = (built / "hw3_report.html").read_text(encoding="utf-8")
    tag = {"zh": "zh-Hant", "ar": "ar"}[language]
    assert re.search(rf'<td{" dir=.rtl." * (language == "ar")} lang="{tag}"', page)
    assert f'<bdi lang="{tag}">' in page
    assert "Traceback" not in page
    payloads = re.findall(r'<script type="application/json">(.*?)</script>', page)
    contents = [json.loads(payload) for payload in payloads]
    metas = [content["meta"] for content in contents if "gallery" not in content]
    galleries = [content["gallery"] for content in contents if "gallery" in content]
    assert metas
    assert galleries
    assert {told["lang"].partition("-")[0] for told in (*metas, *galleries)} == {language}
    assert all(bool(gallery.get("rtl")) == (language == "ar") for gallery in galleries)
    words = [word["text"] for meta in metas for word in meta["words"]]
    assert {word for word in words if not word.startswith("[")} - set("。.，،")  # words, not punctuation alone
    assert all(bool(meta.get("rtl")) == (language == "ar") for meta in metas)
    assert b"<pdfuaid:part>1</pdfuaid:part>" in (built / "hw3_report.pdf").read_bytes()  # every letter has a font
    assert "left as boxes" not in page
