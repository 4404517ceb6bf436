"""Run as a program: workers that obtain evidence until they are killed, one after the other.

Arguments: DATABASE_URL, the folder of anchors, the address of the timestamp authority, how many
workers, and the seconds that the first lives at most. What is slow to import is imported once.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

from app.evidence import worker as workers
from app.evidence.worker import make_worker
from app.trust import Trust
from tests.conftest import opened
from tests.trust.serving import HERE

#: Seconds after which another worker takes over what a killed one had.
LEASE = 0.5
#: How much longer each worker may live than the one before: how fast a machine is is not known.
GROWTH = 1.02


def work(url: str, folder: str, address: str) -> None:
    """Obtain evidence without an end."""
    trust = Trust(Path(folder), online=False, cache=Path(folder) / "cache")
    with opened(url) as engine:
        make_worker(engine, trust, HERE, (address,), 5).run()


def main(url: str, folder: str, address: str, count: str, life: str) -> None:
    """Start one, kill it, start the next, and print how many were killed at work."""
    workers.LEASE, workers.REST = LEASE, 0.01  # type: ignore[misc] # for shorter lives
    chance, killed = random.Random(7), 0
    for number in range(int(count)):
        child = os.fork()
        if not child:
            work(url, folder, address)
        time.sleep(chance.uniform(0.3, 1) * float(life) * GROWTH**number)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        killed += os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    print(killed)  # noqa: T201 - for the test that started it


if __name__ == "__main__":
    main(*sys.argv[1:])
