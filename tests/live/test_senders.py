"""Clients that send all of a body before they read: each sees why it was refused, every time."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import requests

from tests.live.conftest import StartServer
from tests.live.server import Server

MEGABYTE = 1 << 20
#: MAX_BODY_MB of these servers.
LIMIT = 2
#: How often a body is sent that is read whole before it is refused, and one that is not.
READ, UNREAD = 10, 100

SENDERS = Path(__file__).parent / "senders"
PROGRAMS = {
    "python": (sys.executable, "sender.py"),
    "php": ("php", "sender.php"),
    "node": ("node", "sender.mjs"),
    "java": ("java", "Sender.java"),
}
#: How each may send a body; `expect` says `Expect: 100-continue`, for which only Java waits.
WAYS = [
    *(("python", framing) for framing in ("length", "chunked", "expect")),
    *(("php", framing) for framing in ("length", "expect")),
    *(("node", framing) for framing in ("length", "chunked")),
    *(("java", framing) for framing in ("length", "streamed", "chunked", "expect")),
]


def start(start_server: StartServer, folder: Path, **settings: str) -> Server:
    limits = {"RATE_LIMIT": "off", "CPU_LIMIT": "off", "MAX_BODY_MB": str(LIMIT)}
    url = f"sqlite:///{folder / 'store.sqlite3'}"
    return start_server(url, **{**limits, "WEB_CONCURRENCY": "1", **settings})


@pytest.fixture(scope="module")
def server(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """Start a server that asks for no token."""
    return start(start_server, tmp_path_factory.mktemp("open"))


@pytest.fixture(scope="module")
def refusals(
    server: Server, start_server: StartServer, tmp_path_factory: pytest.TempPathFactory
) -> dict[int, tuple[str, str]]:
    """Provide what is refused though its body is no larger than one may be: method and address."""
    strict = start(start_server, tmp_path_factory.mktemp("strict"), AUTH="on")
    busy = start(start_server, tmp_path_factory.mktemp("busy"), RATE_LIMIT="1/hour")
    assert requests.get(f"{busy.address}/signatures", timeout=30).status_code == 200
    return {
        401: ("POST", f"{strict.address}/signature"),
        404: ("POST", f"{server.address}/nowhere"),
        405: ("PUT", f"{server.address}/signature"),
        429: ("POST", f"{busy.address}/signature"),
    }


def send(way: tuple[str, str], method: str, address: str, size: int, turns: int) -> Counter[str]:
    """Return what a client saw how often: the status, and what is said of the connection."""
    name, framing = way
    program, script = PROGRAMS[name]
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    words = [program, str(SENDERS / script), method, address, framing, str(size), str(turns)]
    done = subprocess.run(words, capture_output=True, check=False, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return Counter(done.stdout.splitlines())


@pytest.mark.parametrize("way", WAYS, ids="-".join)
def test_a_client_reads_why_its_unread_body_was_refused(
    server: Server, way: tuple[str, str]
) -> None:
    address = f"{server.address}/signature"
    seen = send(way, "POST", address, 2 * LIMIT * MEGABYTE, UNREAD)
    assert seen == {"413 close": UNREAD}


@pytest.mark.parametrize("way", WAYS, ids="-".join)
@pytest.mark.parametrize("status", [401, 404, 405, 429])
def test_a_client_reads_why_it_was_refused(
    refusals: dict[int, tuple[str, str]], status: int, way: tuple[str, str]
) -> None:
    seen = send(way, *refusals[status], LIMIT * MEGABYTE, READ)
    assert {line[:3] for line in seen} == {str(status)}, seen
    assert seen.total() == READ
