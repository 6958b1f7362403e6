"""A whole report of data that tries to break out of every format: nothing of it runs, in the browser or in a shell."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from hw3lib import paths
from tests.support.browser import CHROMIUM

REPOSITORY = paths.PACKAGE.parent
# For HTML, for a script element's end, for typst, for Markdown, for Jinja, for a shell, for LaTeX and for SVG.
CAPTIONS = (
    "a <script>window.hurt=1</script> cow",
    "a dog </script><script>window.hurt=2</script> in a field",
    '<img src=x onerror="window.hurt=3"> two sheep',
    '#eval("1 + 1") #read("/etc/passwd") a red bus $x^2$ @label',
    "a [link](javascript:window.hurt=4) and ![image](http://127.0.0.1:9/x.png) with `code`",
    "{{ 7 * 7 }} {% for x in y %} a boat ${jndi} $(touch pwned) `touch pwned` ; touch pwned",
    r"\input{/etc/passwd} \href{javascript:1}{x} a clock & <svg onload=window.hurt=5>",
    "\u202egnihtemos\u202c a kite \u0000".replace("\u0000", "\x07"),
)
NAMES = ("<img src=x onerror=window.hurt=6>", '"><svg onload=window.hurt=7>', "$(touch pwned)", "#eval(1) {{ x }}")

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished report of the smoke data, its captions, names, labels, prompts and titles made active."""
    folder = tmp_path_factory.mktemp("active")
    for name in ("configs", "demo_world"):
        (folder / name).symlink_to(REPOSITORY / name)
    environment = os.environ | {"HW3_ROOT": str(folder), "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}

    def hw3(*arguments: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "hw3lib", *arguments], env=environment, cwd=folder, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr

    hw3("demo", "build", "--profile", "smoke")
    _poison(folder / "data" / "smoke")
    _profile(folder)
    hw3("report", "--profile", str(folder / "active.yaml"), "--cores", "2")
    return folder


def _poison(data: Path) -> None:
    for split in ("train", "val"):
        path = data / "p2_data" / f"{split}.json"
        content = json.loads(path.read_text())
        for place, annotation in enumerate(content["annotations"]):
            if place % 3 == 0:
                annotation["caption"] = CAPTIONS[place // 3 % len(CAPTIONS)]
        renamed = {}
        for place, image in enumerate(content["images"][: 2 * len(NAMES)]):
            new = f"{place} {NAMES[place % len(NAMES)]}.jpg"
            folder = data / "p2_data" / "images" / split
            (folder / image["file_name"]).rename(folder / new)
            renamed[image["file_name"]], image["file_name"] = new, new
        path.write_text(json.dumps(content))
        instances = data / "p2_data" / f"instances_{split}.json"
        content = json.loads(instances.read_text())
        for image in content["images"]:
            image["file_name"] = renamed.get(image["file_name"], image["file_name"])
        instances.write_text(json.dumps(content))
    labels = data / "p1_data" / "id2label.json"
    content = json.loads(labels.read_text())
    for place, key in enumerate(list(content)[: len(CAPTIONS)]):
        content[key] = f"{content[key]} {CAPTIONS[place]}"
    labels.write_text(json.dumps(content))
    photographs = sorted((data / "p3_data" / "images").iterdir())
    for place, photograph in enumerate(photographs[: len(NAMES)]):
        photograph.rename(photograph.with_name(f"{NAMES[place]}.jpg"))
    (data / "caption_tokenizer.json").unlink(missing_ok=True)


def _profile(folder: Path) -> None:
    shutil.copy(REPOSITORY / "configs" / "smoke.yaml", folder / "smoke.yaml")
    templates = [{"template": f"{text.replace('{', '(').replace('}', ')')} {{object}}"} for text in CAPTIONS]
    (folder / "prompts.json").write_text(
        json.dumps({"name": CAPTIONS[0], "title": CAPTIONS[2], "templates": templates})
    )
    title = f"{CAPTIONS[1]} {CAPTIONS[3]}"
    own = {
        "extends": "smoke", "data": "real", "title": title, "p1": {"prompts": str(folder / "prompts.json")},
        "p3": {"names": []}, "runs": {"best": {"title": title}},
    }  # fmt: skip
    (folder / "active.yaml").write_text(yaml.safe_dump(own))


def test_no_shell_ran_any_of_it(root) -> None:
    assert not list(root.rglob("pwned"))


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")
def test_nothing_of_it_runs_on_the_page(root) -> None:
    from playwright.sync_api import sync_playwright

    page_file = root / "report" / "build" / "active" / "hw3_report.html"
    wrong: list[str] = []
    asked: list[str] = []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(viewport={"width": 1100, "height": 900}).new_page()
        page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: wrong.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(page_file.as_uri(), timeout=120_000)
        page.wait_for_selector(".words button", timeout=60_000)
        for row in page.locator(".words").all():
            _touch(row)
        page.wait_for_timeout(500)
        assert page.evaluate("typeof window.hurt") == "undefined"
        text = page.inner_text("main")
        browser.close()
    # An attempt that the policy had stopped would stand on the console: not even an attempt was made.
    assert wrong == []
    assert {url for url in asked if not url.startswith(("data:", "blob:"))} == {page_file.as_uri()}
    for planted in ("<script>window.hurt=1</script>", "#eval(", "{{ 7 * 7 }}", NAMES[1]):
        assert planted in text


def _touch(row: Any) -> None:
    """Choose the first and the last word of a viewer."""
    row.scroll_into_view_if_needed()
    row.locator("button").last.click()
    row.locator("button").first.click()


def test_the_pdf_shows_it_as_text(root) -> None:
    import pypdfium2

    document = pypdfium2.PdfDocument(root / "report" / "build" / "active" / "hw3_report.pdf")
    text = " ".join("".join(page.get_textpage().get_text_range() for page in document).split())
    assert "#eval(" in text
    assert "root:" not in text  # /etc/passwd was not read
    assert "{{ 7 * 7 }}" in text
