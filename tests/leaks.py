"""Files and connections that a test leaves open fail that test."""

import gc
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

_SOCKET = "a socket"
#: Sockets that all tests of a process share, by what opened them.
SHARED_SOCKETS: list[str] = []
#: What they share besides: programs, pipes to servers, counters of applications.
_SHARED = ("/memfd:", "/dev/", "/proc/", "pipe:", "anon_inode:")

#: Tests of servers, which serve in threads of this process too: such a thread closes its end of a
#: connection some time after the client has closed the other, which may be after the test.
_LIVE = Path(__file__).with_name("live")


def open_files() -> Counter[str]:
    """Return the files and sockets that this process has open; all sockets under one name."""
    found: Counter[str] = Counter()
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{descriptor}")
        except OSError:  # That of the listing itself.
            continue
        if not target.startswith(_SHARED):
            found[_SOCKET if target.startswith("socket:") else target] += 1
    return found


@pytest.fixture(autouse=True)
def leave_nothing_open(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test behind which more is open than before.

    A test of what the program maps for as long as it runs says so by the marker `maps_files`.
    """
    if _LIVE in request.path.parents:
        yield
        return
    before, shared = open_files(), len(SHARED_SOCKETS)
    yield
    if open_files() - before and not request.node.get_closest_marker("maps_files"):
        gc.collect()
        left = open_files() - before - Counter({_SOCKET: len(SHARED_SOCKETS) - shared})
        assert not left, f"left open: {dict(left)}"
