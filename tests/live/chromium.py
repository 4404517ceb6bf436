"""A page, opened in a real browser that can reach no other host."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.live.server import PATIENCE, kill_group

INSTALL_HINT = "Chromium is needed: install it (Debian: apt-get install chromium)."
_NAMES = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True, slots=True)
class Opened:
    """What became of a page.

    `html` is the document after its scripts ran, `asked` the addresses that the page itself asked
    for, `reported` the lines of its console.
    """

    html: str
    asked: list[str]
    reported: list[str]


def open_page(address: str, folder: Path) -> Opened:
    """Open a page, and wait until it has nothing more to do. Fails where there is no Chromium."""
    options = [f"--virtual-time-budget={20_000}", "--dump-dom"]
    done = subprocess.run(
        [*_command(folder), *options, address],
        capture_output=True,
        check=False,
        text=True,
        timeout=2 * PATIENCE,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    reported = [line for line in done.stderr.splitlines() if ":CONSOLE:" in line]
    return Opened(done.stdout, _asked(folder / "net.json"), reported)


@contextmanager
def keeping_open(address: str, folder: Path) -> Iterator[None]:
    """Keep a page open meanwhile, in real time, which WebSockets need."""
    with subprocess.Popen(
        [*_command(folder), "--remote-debugging-port=0", address],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as browser:
        try:
            yield
        finally:
            kill_group(browser)


def _command(folder: Path) -> list[str]:
    """Return the command of a browser that keeps its files in a folder. Fails without Chromium."""
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        pytest.fail(INSTALL_HINT, pytrace=False)
    return [
        program,
        "--headless",
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        f"--user-data-dir={folder / 'profile'}",
        f"--log-net-log={folder / 'net.json'}",
        # No other name resolves, so that no other host is contacted by mistake.
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "--enable-logging=stderr",
    ]


def _asked(log: Path) -> list[str]:
    """Return what the page asked for: the browser's own questions come from no origin."""
    read = json.loads(log.read_text(encoding="utf-8"))
    start = read["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    events = [event for event in read["events"] if event["type"] == start and "params" in event]
    started = [event["params"] for event in events if "url" in event["params"]]
    return [one["url"] for one in started if one["initiator"] != "not an origin"]
