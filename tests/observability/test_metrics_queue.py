"""What requests leave to be counted, in processes that count together."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.server import PROJECT

COUNTING = """
import os, sys, time
from pathlib import Path
from app.observability import worker_slots
worker_slots.share(Path(sys.argv[1]))
from app.observability import metrics_queue
counted, looked = [], []
metrics_queue.register(lambda: looked.append(1))
{script}
"""


def printed(folder: Path, script: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", COUNTING.format(script=script), str(folder)],
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        check=True,
        text=True,
        timeout=30,
    )
    return done.stdout.split()


@pytest.mark.slow
def test_what_is_left_is_counted_a_moment_later_without_being_requested(tmp_path: Path) -> None:
    script = """
for number in range(5):
    metrics_queue.count_later(counted.append, number)
print(len(counted))
time.sleep(4 * metrics_queue.DELAY)
print(*counted, bool(looked))
"""
    assert printed(tmp_path, script) == ["0", *"01234", "True"]


def test_what_is_left_is_counted_at_once_before_it_is_reported(tmp_path: Path) -> None:
    script = (
        "metrics_queue.count_later(counted.append, 7); metrics_queue.write_down(); print(*counted)"
    )
    assert printed(tmp_path, script) == ["7"]


@pytest.mark.slow
def test_a_process_that_was_forked_counts_for_itself_and_nothing_twice(tmp_path: Path) -> None:
    script = """
metrics_queue.count_later(counted.append, "of-parent")
pid = os.fork()
if pid == 0:
    metrics_queue.count_later(counted.append, "of-child")
    time.sleep(4 * metrics_queue.DELAY)
    print(*counted, flush=True)
    os._exit(0)
os.waitpid(pid, 0)
metrics_queue.write_down()
print(*counted)
"""
    assert printed(tmp_path, script) == ["of-child", "of-parent"]
