"""The viewer's tests have a Chromium to themselves, which lets nothing out."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.support.browser import CHROMIUM


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield chromium
        chromium.close()


class Visit:
    """A page from disk, in a context that lets nothing out and writes down what was tried and what went wrong."""

    def __init__(self, browser: Any, path: Path, body: str, dark: str = "", **context: Any) -> None:
        style = ":root{color-scheme:light dark} body{margin:0;font-family:sans-serif}" + dark
        head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><style>{style}</style>'
        path.write_text(f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>', "utf-8")
        self.context = browser.new_context(
            **{"viewport": {"width": 900, "height": 800}, "reduced_motion": "reduce"} | context
        )
        self.asked: list[str] = []
        self.wrong: list[str] = []
        self.context.route("**/*", self._only_the_file)
        self.page = self.context.new_page()
        self.page.set_default_timeout(60_000)
        self.page.set_default_navigation_timeout(120_000)
        self.page.on("console", lambda message: self.wrong.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.url = path.as_uri()
        self.page.goto(self.url)

    def _only_the_file(self, route: Any) -> None:
        if route.request.url.startswith("file:"):
            route.continue_()
        else:
            route.abort()

    def drawn(self, nth: int = 0) -> np.ndarray:
        """The pixels of a viewer's large canvas, once it has any."""
        canvas = self.page.locator(".photo canvas").nth(nth)
        data = canvas.evaluate(
            """async (canvas) => {
                 const blank = (c) => !c.getContext('2d').getImageData(c.width / 2, c.height / 2, 1, 1).data[3];
                 while (blank(canvas)) await new Promise(requestAnimationFrame);
                 await new Promise(requestAnimationFrame); await new Promise(requestAnimationFrame);
                 return canvas.toDataURL('image/png'); }"""
        )
        picture = Image.open(io.BytesIO(base64.b64decode(data.partition(",")[2])))
        return np.asarray(picture.convert("RGB")).astype(np.int16)

    def word(self, nth: int = 0) -> str:
        return self.page.locator(".said").nth(nth).inner_text()

    def close(self) -> None:
        self.context.close()
        assert self.wrong == []
        assert set(self.asked) <= {self.url} or all(url.startswith(("file:", "blob:", "data:")) for url in self.asked)


@pytest.fixture
def visit(browser, tmp_path) -> Iterator[Any]:
    opened: list[Visit] = []

    def open_page(*bodies: str, **options: Any) -> Visit:
        opened.append(Visit(browser, tmp_path / f"page{len(opened)}.html", "".join(bodies), **options))
        return opened[-1]

    yield open_page
    for each in opened:
        each.close()
