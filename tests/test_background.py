"""Threads that work in the background, and end before the process does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_PROJECT = Path(__file__).parents[1]

_STORY = """
import time
from app import background

def work():
    while background.pause(seconds):
        print("round", flush=True)

seconds = 0.01
thread = background.start("work", work)
while not thread.is_alive():
    pass
seconds = 3600
time.sleep(0.1)
began = time.monotonic()
background.end(10)
print("ended", not thread.is_alive(), background.is_ending(), time.monotonic() - began < 5)
"""

_BUSY = """
import time
from app import background

background.start("work", lambda: time.sleep(3600))
background.end(0.05)
print("ended all the same")
"""


def run(story: str) -> str:
    """Run a process of its own, as it can end its threads only once."""
    done = subprocess.run(
        [sys.executable, "-c", story],
        cwd=_PROJECT,
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    return done.stdout


def test_a_thread_that_rests_ends_at_once() -> None:
    assert run(_STORY).endswith("ended True True True\n")


def test_one_that_works_is_waited_for_only_so_long() -> None:
    assert run(_BUSY) == "ended all the same\n"
