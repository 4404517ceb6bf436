"""Files and connections that a test leaves open fail that test."""

import gc
import os
from collections import Counter
from collections.abc import Iterator

import pytest

#: Of what all tests of a process share: programs, pipes to servers, counters of applications.
_SOCKET = "a socket"
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

    One more connection may be that of an engine which tests share. A test of what the program maps
    for as long as it runs says so by the marker `maps_files`.
    """
    before = open_files()
    yield
    if not request.config.getoption("quick"):
        return  # Servers, attacks and large stores keep files until their module ends.
    if open_files() - before and not request.node.get_closest_marker("maps_files"):
        gc.collect()
        left = open_files() - before - Counter({_SOCKET: 1})
        assert not left, f"left open: {dict(left)}"
