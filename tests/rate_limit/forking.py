"""What processes that share counters do to each other; run apart, by its own process.

`count`: four processes of four threads count together; the count is printed. `kill`: twenty are
killed one after the other while they count; how many the parent could count after is printed.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from threading import Thread

from app.rate_limit.shared_counters import SharedCounters

HOUR = 3600
PATIENCE = 30.0


def count() -> int:
    counters = SharedCounters()

    def hit() -> None:
        for _ in range(500):
            counters.count("key", HOUR)

    children = []
    for _ in range(4):
        child = os.fork()
        if child == 0:
            threads = [Thread(target=hit) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            os._exit(0)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
    return counters.read("key")[0]


def kill() -> int:
    counters = SharedCounters()
    survived = 0
    for _ in range(20):
        child = os.fork()
        if child == 0:
            while True:
                counters.count("key", HOUR)
        before = counters.read("key")[0]
        deadline = time.monotonic() + PATIENCE
        while counters.read("key")[0] < before + 100:
            assert time.monotonic() < deadline
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        held = counters.read("key")[0]
        survived += counters.count("key", HOUR)[0] == held + 1
    return survived


if __name__ == "__main__":
    scenario = {"count": count, "kill": kill}[sys.argv[1]]
    sys.stdout.write(f"{scenario()}\n")
