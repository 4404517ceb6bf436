"""Files and connections that a test leaves open fail that test."""

import gc
import os
from collections import Counter
from collections.abc import Iterator

import pytest

_SOCKET = "a socket"
#: Sockets that all tests of a process share, by what opened them.
SHARED_SOCKETS: list[str] = []
#: What they share besides: programs, pipes to servers, counters of applications.
_SHARED = ("/memfd:", "/dev/", "/proc/", "pipe:", "anon_inode:")


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
    before, shared = open_files(), len(SHARED_SOCKETS)
    yield
    if not request.config.getoption("quick"):
        return  # Servers, attacks and large stores keep files until their module ends.
    if open_files() - before and not request.node.get_closest_marker("maps_files"):
        gc.collect()
        left = open_files() - before - Counter({_SOCKET: len(SHARED_SOCKETS) - shared})
        assert not left, f"left open: {dict(left)}"
