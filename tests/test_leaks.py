"""What counts as left open."""

import socket
from collections import Counter
from pathlib import Path

from tests.leaks import open_files


def test_files_and_sockets_are_seen_until_they_are_closed(tmp_path: Path) -> None:
    before = open_files()
    file = tmp_path / "kept"
    with file.open("w"), socket.socket():
        assert open_files() - before == Counter({str(file): 1, "a socket": 1})
    assert not open_files() - before
