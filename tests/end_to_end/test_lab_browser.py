"""JupyterLab as a user has it: the attention notebook in a real server and a real Chromium, and its viewers used."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from PIL import Image

from hw3lib import paths

REPOSITORY = paths.PACKAGE.parent
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = os.environ.get("HW3_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)

LAB, NOTEBOOK_7 = "/lab/tree/", "/notebooks/"  # where the server shows a notebook in each
PATIENCE = 90_000  # ms that a page may take to show something; machines are slow and busy

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason=f"no Chromium: none of {', '.join(NAMES)} on PATH, no $HW3_CHROMIUM"),
]

# A cell of the test's own below the notebook's: what the kernel hears is shown where the browser can read it.
PROBE = """
import ipywidgets
from IPython.display import display
from hw3lib.models.experiment import Experiment
from hw3lib.viewer.explorer import AttentionExplorer
experiment = Experiment.open("smoke")
runs = {"vit": lambda: experiment.load_run("vit")}
explorer = AttentionExplorer(experiment.load_run("best"), experiment.photographs, runs=runs)
heard = ipywidgets.Label("kernel: nothing yet")
def tell(change):
    heard.value = f"kernel: {change['name']} {change['new']} of {explorer.attention.caption}"
explorer.viewer.observe(tell, ["word", "pinned", "head"])
display(heard, explorer)
"""

GALLERY = """
from hw3lib.captioning.results import all_scores
from hw3lib.models.experiment import Experiment
from hw3lib.viewer.gallery import Gallery
from hw3lib.viewer.gallery_widget import show
experiment = Experiment.open("smoke")
show(Gallery.of(experiment, all_scores(experiment.profile), ["best", "vit"]), "Every caption.")
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of its own: the smoke world, two runs trained, the best scored, and the notebook set to it."""
    folder = tmp_path_factory.mktemp("lab")
    (folder / "configs").symlink_to(REPOSITORY / "configs")
    (folder / "demo_world").symlink_to(REPOSITORY / "demo_world")  # the profile names weights in it
    environment = os.environ | {"HW3_ROOT": str(folder), "PYTHONPATH": str(REPOSITORY)}
    for command in (["demo", "build"], ["train", "best"], ["train", "vit"], ["score", "--run", "best"]):
        full = [sys.executable, "-m", "hw3lib", *command, "--profile", "smoke"]
        subprocess.run(full, check=True, env=environment, cwd=REPOSITORY, capture_output=True)
    notebook = nbformat.read(REPOSITORY / "notebooks" / "p3_attention.ipynb", as_version=4)
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", []):
            cell.source = cell.source.replace('"demo"', '"smoke"')
    notebook.cells.append(nbformat.v4.new_code_cell(PROBE))
    nbformat.write(notebook, folder / "p3_attention.ipynb")
    return folder


@pytest.fixture(scope="module")
def server(root: Path) -> Iterator[str]:
    """JupyterLab on a free port, with a token and with settings of its own; its address up to the path."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        # Or else JupyterLab keeps on the page only those cells that are in sight.
        "notebook-extension/tracker": {"windowingMode": "none"},
        "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    }
    for name, values in settings.items():
        file = root / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(values))
    environment = os.environ | {"HW3_ROOT": str(root), "PYTHONPATH": str(REPOSITORY), "JUPYTER_PREFER_ENV_PATH": "1"}
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        environment[name] = str(root / name.lower())
    environment |= {"JUPYTERLAB_SETTINGS_DIR": str(root / "settings"), "OMP_NUM_THREADS": "1"}
    token = secrets.token_hex(16)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", f"--ServerApp.root_dir={root}"]
    command += ["--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    command += [f"--IdentityProvider.token={token}", "--ServerApp.allow_root=True"]
    command += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    with (root / "server.log").open("w") as log:
        process = subprocess.Popen(command, env=environment, cwd=root, stdout=log, stderr=log)
    try:
        address, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 240
        while True:
            try:
                urllib.request.urlopen(f"{address}/api/status?token={token}", timeout=5).close()
                break
            except (urllib.error.URLError, OSError):
                said = (root / "server.log").read_text()
                assert process.poll() is None, said
                assert time.monotonic() < deadline, said
                time.sleep(0.3)
        yield f"{address}{LAB}{{}}?token={token}&reset"
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


@pytest.fixture
def tab() -> Iterator[Any]:
    """An empty page of a Chromium that reaches this machine only; what goes wrong in it is in ``tab.wrong``."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(viewport={"width": 1400, "height": 1000})
        context.route(lambda url: "//127.0.0.1:" not in url, lambda route: route.abort())
        here = context.new_page()
        here.set_default_timeout(60_000)
        here.wrong = []
        here.on("pageerror", lambda error: here.wrong.append(str(error)))
        here.on("console", lambda message: here.wrong.append(message.text) if message.type == "error" else None)
        yield here
        browser.close()


@pytest.fixture
def page(tab: Any, server: str) -> Any:
    """The notebook open in JupyterLab."""
    tab.goto(server.format("p3_attention.ipynb"))
    return tab


def pixels(canvas: Any) -> np.ndarray:
    """What a canvas shows, as a picture of the page has it, once two frames have passed."""
    canvas.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return np.asarray(Image.open(io.BytesIO(canvas.screenshot())).convert("RGB")).astype(np.int16)


def drop_file(target: Any, file: Path, name: str) -> None:
    """Drop a file on an element, with the events that a browser sends."""
    program = """(element, [name, bytes]) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
        const told = { dataTransfer: data, bubbles: true, cancelable: true };
        if (element.dispatchEvent(new DragEvent("dragover", told))) throw Error("a drop is not taken here");
        element.dispatchEvent(new DragEvent("drop", told));
    }"""
    target.evaluate(program, [name, list(file.read_bytes())])


def test_the_notebook_runs_and_its_viewers_live(page: Any, root: Path, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)
    expect(page.locator(".jp-Notebook")).to_be_visible()
    expect(page.get_by_role("button", name="| Idle")).to_be_visible()  # before that, JupyterLab asks for a kernel
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    shown = page.locator(".jp-OutputArea .widget-label", has_text="kernel:")
    expect(shown).to_have_text("kernel: nothing yet", timeout=180_000)
    assert page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    viewers = page.locator(".hw3-attention-viewer")
    assert viewers.count() >= 8  # those of the notebook: five photographs, best, worst, a typical one; and the last
    # Those that need no kernel are static; of the three live ones the static twin is hidden. All are waited for: the
    # cell's label is there before its viewer, and a hand on the twin that is about to hide reaches no kernel.
    expect(page.locator("[data-hw3-viewer]")).to_have_count(10)
    expect(page.locator("[data-hw3-viewer]:visible")).to_have_count(7)
    assert page.locator("text=Error displaying widget").count() == 0

    # A viewer of the notebook's own: by hand, by its slider, and by keys.
    first = viewers.first
    first.scroll_into_view_if_needed()
    canvas, said = first.locator(".photo canvas"), first.locator(".said")
    first.get_by_role("slider", name="Word").fill("0")
    expect(said).to_have_text("[BOS]")
    photograph = pixels(canvas)
    assert photograph.std() > 10
    names = [text.strip() for text in first.locator(".words button span").all_inner_texts()]
    for place in (1, 2):
        first.locator(".words button").nth(place).hover()
        expect(said).to_have_text(names[place])
        assert np.abs(pixels(canvas) - photograph).mean() > 5
    first.locator(".words button[tabindex='0']").focus()
    page.keyboard.press("ArrowRight")
    expect(said).to_have_text(names[3])
    active = page.locator(".jp-Cell.jp-mod-active .hw3-attention-viewer")
    assert active.count() > 0
    page.keyboard.press("p")
    page.keyboard.press("ArrowDown")
    expect(first.locator("figcaption b")).to_have_text([names[4], names[3]])
    assert active.count() > 0  # the arrow was the viewer's: JupyterLab's own goes to the next cell
    first.screenshot(path=tmp_path / "pinned.png")

    with page.expect_download() as download:
        first.get_by_role("button", name="Save picture").click()
    with Image.open(download.value.path()) as picture:
        assert picture.format == "PNG"
        assert abs(picture.width / picture.height - photograph.shape[1] / photograph.shape[0]) < 0.02
    assert first.locator(".keepsake a").count() == 0  # a link to a word is for a page

    # The last, whose kernel is listened to.
    last = viewers.last
    last.scroll_into_view_if_needed()
    last.locator(".words button").nth(2).hover()
    expect(shown).to_contain_text("kernel: word 2")
    last.get_by_role("slider", name="Word").fill("1")
    expect(shown).to_contain_text("kernel: word 1")
    last.locator(".words button").nth(1).focus()
    page.keyboard.press("p")
    expect(shown).to_contain_text("kernel: pinned 1")
    last.locator("summary").click()
    last.get_by_role("radio", name="layer 1, head 3").click()
    expect(shown).to_contain_text("kernel: head 2")

    # Words of one's own, then a photograph of one's own.
    field = page.get_by_placeholder("words of your own").last
    own = field.input_value()
    field.fill("a red dog on the grass")
    field.press("Enter")
    expect(last.locator(".words button span")).to_contain_text(["[BOS]", "a", "red", "dog", "on", "the", "grass"])
    field.fill("word " * 60)
    field.press("Enter")
    expect(page.get_by_text("this run reads at most").last).to_be_visible()
    page.get_by_role("button", name="model's own caption").last.click()
    expect(field).to_have_value(own)
    picture = tmp_path / "mine.png"
    Image.new("RGB", (300, 200), "orange").save(picture)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="your own file").last.click()
    chooser.value.set_files(picture)
    expect(last.locator(".of")).to_have_text("mine")
    last.scroll_into_view_if_needed()
    page.screenshot(path=tmp_path / "lab.png")

    # Another one is dropped on the box, as a hand does: on its controls, not on the viewer.
    box = page.locator(".widget-vbox", has=page.get_by_placeholder("words of your own")).last
    drop_file(box, picture, "dropped.png")
    expect(last.locator(".of")).to_have_text("dropped")
    expect(box.locator("select").first.locator("option:checked")).to_have_text("dropped.png (your own)")
    expect(box.get_by_text("trained on drawings only")).to_be_visible()

    # Beside it: another run, which the kernel loads now, reads the same words; both follow one hand.
    beside, said = last.get_by_label("Beside it"), last.locator(".said")
    assert "vit, its own words" in beside.locator("option").all_inner_texts()
    beside.select_option(label="vit, the same words")
    expect(last.locator(".of")).to_have_text(["dropped · run best", "dropped · run vit"])
    rows = [
        [text.strip() for text in row.locator("button span").all_inner_texts()] for row in last.locator(".words").all()
    ]
    assert len(rows) == 2
    assert rows[0] == rows[1]
    last.locator(".words button[tabindex='0']").first.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(said).to_have_text([rows[0][1], rows[1][1]])
    one, other = (pixels(last.locator(".photo canvas").nth(place)) for place in (0, 1))
    assert one.shape == other.shape
    assert not np.array_equal(one, other)  # the same photograph and words, other maps
    field.fill("a dog")
    field.press("Enter")
    expect(last.locator(".words button span")).to_have_text(["[BOS]", "a", "dog", "[EOS]"] * 2)
    with page.expect_download() as download:
        last.get_by_role("button", name="Save animation").click()
    with Image.open(download.value.path()) as film:
        assert (film.format, film.n_frames, film.width) == ("WEBP", 4, 1092)
    photographs = beside.locator("optgroup[label='another photograph'] option")
    beside.select_option(label=photographs.nth(1).inner_text())
    expect(last.locator(".of").nth(1)).to_have_text(f"{Path(photographs.nth(1).inner_text()).stem} · run best")
    beside.select_option("")
    expect(said).to_have_count(1)
    ours = [text for text in page.wrong if any(word in text for word in ("hw3", "viewer", "widget", "canvas"))]
    assert ours == [], page.wrong


def test_the_gallery_lives_and_any_two_runs_read_a_caption_when_it_is_opened(tab: Any, server: str, root: Path) -> None:
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)
    environment = os.environ | {"HW3_ROOT": str(root), "PYTHONPATH": str(REPOSITORY)}
    for command in (["train", "vit"], ["score", "--run", "vit"]):
        full = [sys.executable, "-m", "hw3lib", *command, "--profile", "smoke"]
        subprocess.run(full, check=True, env=environment, cwd=REPOSITORY, capture_output=True)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [nbformat.v4.new_code_cell(GALLERY)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), root / "gallery.ipynb")
    tab.goto(server.format("gallery.ipynb"))
    expect(tab.get_by_role("button", name="| Idle")).to_be_visible()
    tab.get_by_role("menuitem", name="Run", exact=True).click()
    tab.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    live = tab.locator(".hw3-gallery:visible")
    expect(tab.locator(".hw3-gallery")).to_have_count(2, timeout=180_000)
    expect(tab.locator("[data-hw3-viewer]:visible")).to_have_count(0)  # the static twin is hidden
    expect(live).to_have_count(1)
    picture = live.locator(".card img").first
    expect(picture).to_have_attribute("src", re.compile("^data:image/webp"))  # the kernel made it
    live.get_by_label("Words").fill("zzz")
    expect(live.locator(".found")).to_have_text("No image has such a caption.")
    live.get_by_label("Words").fill("")
    live.locator(".open").first.focus()
    tab.keyboard.press("ArrowDown")  # the gallery's key, not JupyterLab's
    tab.keyboard.press("Enter")
    expect(live.locator(".photo canvas")).to_have_count(2)
    expect(live.get_by_label("Layer", exact=True).locator("option")).not_to_have_count(1)  # more than a page has
    live.get_by_role("slider", name="Word").fill("2")
    assert pixels(live.locator(".photo canvas").first).std() > 3
    live.get_by_label("Run", exact=True).select_option("vit")  # of vit alone
    expect(live.locator(".photo canvas")).to_have_count(1)
    live.get_by_role("button", name="All images").click()
    expect(live.locator(".card").first).to_be_visible()
    ours = [text for text in tab.wrong if any(word in text for word in ("hw3", "viewer", "widget", "canvas"))]
    assert ours == [], tab.wrong


def execute(root: Path, notebook: str) -> Path:
    """The notebook as the pipeline executes it, in the home of the server."""
    environment = os.environ | {"HW3_ROOT": str(root), "PYTHONPATH": str(REPOSITORY)}
    environment["JUPYTER_DATA_DIR"] = str(root / "jupyter_data_dir")
    command = [sys.executable, "-m", "hw3lib", "notebook", notebook, "--profile", "smoke"]
    subprocess.run(command, check=True, env=environment, cwd=REPOSITORY, capture_output=True)
    return root / "runs" / "smoke" / "notebooks" / f"{notebook}.ipynb"


@pytest.fixture(scope="module")
def executed(root: Path, server: str) -> Path:
    """The notebook of viewers, executed; ``server`` made the home's folders."""
    return execute(root, "p3_attention")


@pytest.fixture(scope="module")
def charted(root: Path, server: str) -> Path:
    """The notebook of charts, executed: a run that learnt next to nothing has none in the other."""
    return execute(root, "p1_prompts")


def figures(path: Path, kind: str = "application/vnd.hw3.figure+json") -> int:
    """How many figures a notebook's outputs hold."""
    cells = nbformat.read(path, as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", ()) if "data" in output]
    return sum(kind in output.data for output in outputs)


def broad(pictures: Any) -> list[int]:
    """The widths of pictures that have been decoded, in their own pixels."""
    return [width for width in pictures.evaluate_all("(all) => all.map((one) => one.naturalWidth)") if width > 100]


def sees_charts(page: Any, path: Path) -> None:
    """Every chart of a notebook is a picture, with its caption below it."""
    from playwright.sync_api import expect

    charts, captions = page.locator(".jp-OutputArea figure img"), page.locator(".jp-OutputArea figcaption")
    assert figures(path) >= 5
    expect(charts).to_have_count(figures(path))
    for place in range(figures(path)):
        captions.nth(place).scroll_into_view_if_needed()
        expect(captions.nth(place)).to_be_visible()
        assert len(captions.nth(place).inner_text()) > 20
    assert len(broad(charts)) == figures(path)


def test_what_the_pipeline_executed_opens_alive_where_it_ran(
    page: Any, server: str, executed: Path, charted: Path
) -> None:
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)
    page.goto(server.format(executed.relative_to(executed.parents[3])))
    alive = page.locator("[data-hw3-viewer] .hw3-attention-viewer")
    expect(alive.nth(6)).to_be_attached()
    viewer = alive.first
    viewer.scroll_into_view_if_needed()
    viewer.get_by_role("slider", name="Word").fill("2")
    name = viewer.locator(".words button span").nth(2).inner_text().strip()
    expect(viewer.locator(".said")).to_have_text(name)
    assert pixels(viewer.locator(".photo canvas")).std() > 10
    assert page.get_by_text("Error displaying widget").locator("visible=true").count() == 0
    page.goto(server.format(charted.relative_to(charted.parents[3])))
    sees_charts(page, charted)


def test_in_notebook_7_it_shows_every_picture_with_its_caption_and_scrubs(
    tab: Any, server: str, executed: Path, charted: Path, tmp_path: Path
) -> None:
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)
    address = server.replace(LAB, NOTEBOOK_7)
    tab.goto(address.format(executed.relative_to(executed.parents[3])))
    alive = tab.locator("[data-hw3-viewer] .hw3-attention-viewer")
    expect(alive.nth(6)).to_be_attached()
    viewer = alive.first
    viewer.scroll_into_view_if_needed()
    canvas = viewer.locator(".photo canvas")
    viewer.get_by_role("slider", name="Word").fill("0")
    photograph = pixels(canvas)
    assert photograph.std() > 10
    viewer.get_by_role("slider", name="Word").fill("2")
    name = viewer.locator(".words button span").nth(2).inner_text().strip()
    expect(viewer.locator(".said")).to_have_text(name)
    assert np.abs(pixels(canvas) - photograph).mean() > 5

    # No figure is caught in a box of its own that scrolls, neither here nor among the charts.
    areas = tab.locator(".jp-Cell-outputArea", has=tab.locator("figure, .hw3-attention-viewer"))
    hidden = """(all) => all.map((area) => {
        const outputs = [...area.querySelectorAll(":scope > .jp-OutputArea-child")];
        const shown = outputs.reduce((sum, output) => sum + output.getBoundingClientRect().height, 0);
        return [shown > area.clientHeight + 1, getComputedStyle(area).maxHeight];
    })"""
    assert {tuple(entry) for entry in areas.evaluate_all(hidden)} == {(False, "none")}
    tab.goto(address.format(charted.relative_to(charted.parents[3])))
    sees_charts(tab, charted)
    assert {tuple(entry) for entry in areas.evaluate_all(hidden)} == {(False, "none")}
    tab.screenshot(path=tmp_path / "notebook7.png")


in_both = pytest.mark.parametrize("front", [LAB, NOTEBOOK_7], ids=["lab", "notebook7"])


PROMPTS = """
from hw3lib.models.experiment import Experiment
from hw3lib.prompts.explorer import Explorer
from hw3lib.prompts.zero_shot import Classifier
experiment = Experiment.open("smoke")
Explorer(Classifier(experiment.require_clip("the box asks"), experiment.labelled), ["a photo of a {object}"])
"""


def test_prompts_class_names_and_photographs_are_tried_live(tab: Any, server: str, root: Path, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(PROMPTS)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, root / "prompts.ipynb")
    tab.goto(server.format("prompts.ipynb"))
    expect(tab.get_by_role("button", name="| Idle")).to_be_visible()
    tab.get_by_role("menuitem", name="Run", exact=True).click()
    tab.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    box = tab.locator(".hw3-prompts")
    rows, summary = box.locator(".dt-container tbody tr"), box.locator("table", has=tab.locator("caption"))
    expect(rows.first).to_be_visible(timeout=240_000)
    labelled = len(list((root / "data" / "smoke" / "p1_data" / "val").iterdir()))
    expect(box.get_by_text(f"Showing 1 to 10 of {labelled} entries")).to_be_visible()

    # Prompts, of which one is bad at first; an ensemble; names.
    (prompts, names), said = box.locator("textarea").all(), box.locator("span[role=status]")
    prompts.fill("a photo of a {object}\nNo object, no score.")
    box.get_by_role("button", name="ask").click()
    expect(said).to_contain_text("must have exactly one {object}, it has 0")
    prompts.fill("a photo of a {object}\nNo {object}, no score.")
    box.get_by_role("button", name="ask").click()
    expect(summary.locator("tbody tr")).to_have_count(2)
    expect(said).to_have_text("")
    for prompt in ("a photo of a {object}", "No {object}, no score."):
        box.get_by_role("checkbox", name=prompt).check()
    expect(summary.locator("tbody tr td:first-child")).to_have_text(
        ["a photo of a {object}", "No {object}, no score.", "ensemble of 2 prompts"]
    )
    names.fill("bicycle = bike\nunicorn")
    box.get_by_role("button", name="ask").click()
    expect(summary.locator("tbody tr").first).to_contain_text("a photo of a {object} (original names)")
    expect(box.get_by_text("“unicorn”, added, takes")).to_be_visible()

    # Photographs of one's own: chosen, and dropped on the box.
    for name, colour in (("one.png", "orange"), ("two.png", "blue"), ("three.png", "green")):
        Image.new("RGB", (300, 200), colour).save(tmp_path / name)
    with tab.expect_file_chooser() as chooser:
        box.get_by_role("button", name="own photographs").click()
    chooser.value.set_files([tmp_path / "one.png", tmp_path / "two.png"])
    expect(box.get_by_role("img", name="two.png")).to_be_visible()
    drop_file(prompts, tmp_path / "three.png", "three.png")
    expect(box.get_by_role("img", name="three.png")).to_be_visible()
    expect(rows.nth(2).locator("td").first).to_have_text("three.png")
    tab.screenshot(path=tmp_path / "prompts.png")

    # The table: a selected row's picture, the search, the file.
    rows.nth(4).click()
    expect(box.get_by_role("img")).to_have_count(1)
    expect(box.get_by_role("img", name=rows.nth(4).locator("td").first.inner_text())).to_be_visible()
    with tab.expect_download() as download:
        box.get_by_role("button", name="Download CSV").click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    header, *lines = csv.reader(io.StringIO(text))
    assert download.value.suggested_filename == "prompts.csv"
    assert header[:4] == [
        "image",
        "label",
        *[f"a photo of a {{object}} (original names){end}" for end in ("", ": probability")],
    ]
    assert len(lines) == labelled + 3
    assert [line[:2] for line in lines[:3]] == [["one.png", ""], ["two.png", ""], ["three.png", ""]]
    assert 0 < float(lines[0][3]) <= 1
    box.get_by_role("checkbox", name="only images whose answer changes between rows").check()
    answers = {line[0]: {"bike" if name == "bicycle" else name for name in line[2::2]} for line in lines}
    changed = sorted(name for name, given in answers.items() if len(given) > 1)
    assert 0 < len(changed) < len(answers)
    expect(box.locator(".dt-info")).to_contain_text(f"of {len(changed)} entr")
    box.get_by_role("searchbox").fill(changed[-1])
    expect(rows.first.locator("td").first).to_have_text(changed[-1])
    assert [url for url in asked if not url.startswith(("data:", "blob:")) and "//127.0.0.1:" not in url] == []
    ours = [text for text in tab.wrong if any(word in text for word in ("hw3", "widget", "DataTable"))]
    assert ours == [], tab.wrong


@in_both
def test_a_colleague_who_does_not_trust_it_sees_every_picture(
    tab: Any, server: str, executed: Path, front: str
) -> None:
    """Another home has no signature of it, and JupyterLab then takes scripts out."""
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)
    copy = executed.with_name("colleague.ipynb")
    notebook = nbformat.read(executed, as_version=4)
    notebook.metadata["from"] = "elsewhere"  # what was signed is not this
    notebook.metadata.pop("widgets", None)
    nbformat.write(notebook, copy)
    tab.goto(server.replace(LAB, front).format(copy.relative_to(copy.parents[3])))
    pictures = tab.locator(".jp-OutputArea img")
    expect(pictures.nth(figures(copy) - 1)).to_be_attached()
    assert tab.locator("[data-hw3-viewer] .hw3-attention-viewer").count() == 0, "nothing runs here"
    assert len(broad(pictures)) == pictures.count() == figures(copy)


@in_both
def test_saved_live_and_reopened_without_its_models_the_static_twin_stays(
    tab: Any, server: str, executed: Path, front: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As JupyterLab saves a live notebook: trusted, and without the widgets' state."""
    from nbformat.sign import NotebookNotary
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(executed.parents[3] / "jupyter_data_dir"))
    copy = executed.with_name("reopened.ipynb")
    notebook = nbformat.read(executed, as_version=4)
    del notebook.metadata["widgets"]
    nbformat.write(notebook, copy)
    NotebookNotary().sign(nbformat.read(copy, as_version=4))
    tab.goto(server.replace(LAB, front).format(copy.relative_to(copy.parents[3])))
    viewers = tab.locator("[data-hw3-viewer] .hw3-attention-viewer")
    expect(viewers).to_have_count(figures(copy, "application/vnd.hw3.attention+json"))
    expect(viewers.last).to_be_visible()
    live = figures(copy, "application/vnd.hw3.live+json")
    dead = tab.locator(".jp-OutputArea-child", has_text="Error displaying widget: model not found")
    expect(dead).to_have_count(live)
    assert live >= 2
    for place in range(live):
        expect(dead.nth(place)).to_be_hidden()
    viewers.last.scroll_into_view_if_needed()
    viewers.last.get_by_role("slider", name="Word").fill("1")
    name = viewers.last.locator(".words button span").nth(1).inner_text().strip()
    expect(viewers.last.locator(".said")).to_have_text(name)
