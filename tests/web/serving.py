"""A server of pages in a thread, a browser, and what the pictures of docs/pages.md show."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

#: Rules of WCAG 2.2 AA, and what axe-core counts as good practice.
AXE = Axe()
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # No other name resolves, so that no other host is contacted by mistake.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """Serve an application on a free port of 127.0.0.1, and return its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def browsing(program: str) -> Iterator[Browser]:
    """Return a browser that reaches 127.0.0.1 alone."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass(frozen=True)
class Visit:
    """A page in a browser, and what was wrong with those that it has shown."""

    page: Page
    address: str
    troubles: list[str]

    def open(self, path: str) -> None:
        """Open a page, and judge it."""
        self.page.goto(self.address + path)
        self.judge()

    def send(self, button: str) -> None:
        """Press a button that sends a form, and judge the page that comes."""
        with self.page.expect_navigation():
            self.page.click(button)
        self.judge()

    def judge(self) -> None:
        """Note what axe-core finds on this page, and whether it is wider than the window."""
        path = self.page.url.removeprefix(self.address)
        findings = AXE.run(self.page).response["violations"]
        self.troubles.extend(f"{path}: {one['id']}: {one['nodes'][0]['html']}" for one in findings)
        if self.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            self.troubles.append(f"{path}: wider than the window")

    def keep_picture(self, folder: Path | None, name: str) -> None:
        """Keep a picture of the top of the page, if a folder is given."""
        if folder is not None:
            self.page.screenshot(path=folder / f"{name}.png")


def visit(browser: Browser, address: str, **options: object) -> Visit:
    """Return a new window without cookies, in which errors of scripts and policies are noted."""
    page = browser.new_context(**options).new_page()  # type: ignore[arg-type]  # Playwright's own
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(f"script: {error}"))
    page.on(
        "console",
        lambda line: troubles.append(line.text) if "Content Security" in line.text else None,
    )
    return Visit(page, address, troubles)
