"""Large bodies whose requests wait behind slow readers of large answers: others pass them."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.client import HTTPResponse
from socket import SO_RCVBUF, SOL_SOCKET
from typing import Any

import pytest
import requests

from app.rate_limit.places import LARGE
from tests import pki
from tests.api import people
from tests.live.client import Client
from tests.live.conftest import Database, StartServer
from tests.live.server import CODE, PATIENCE, Server
from tests.live.test_slow_clients import FOR_EVER, connect
from tests.memory import forget_peak, peak

pytestmark = pytest.mark.attacks

#: Seconds in which a save or a verification of 1 MB is answered; it took a minute. And how many
#: times as long as without slow readers, where that is more.
SOON, SLOWER = 5.0, 10
#: Characters of a body of a little more than 1 MB.
MEGABYTE = 1_200_000
NDJSON = {"Content-Type": "application/x-ndjson"}
#: Bodies of requests that take a place, by their path.
TOO_MUCH = {"tags": ["z"], "unknown": "x" * MEGABYTE}
KINDS: dict[str, Any] = {
    "POST /signature/batch": "\n".join(
        json.dumps({"document": f"{CODE}of a batch", "thread": str(number), "cms": "A" * 400_000})
        for number in range(4)
    ),
    "POST /ncanode3/cms/extract/batch": {"cms": ["A" * 400_000] * 4},
    "POST /signature/card": {
        "document": f"{CODE}small",
        "thread": "story",
        "data": "A" * (LARGE + 1),
    },
    "GET /signatures": TOO_MUCH,
}


def ask(server: Server, kind: str) -> int:
    """Send a request of a kind; return its status. The answer is read to its end."""
    method, path = kind.split()
    body = KINDS[kind]
    if isinstance(body, str):
        return send_batch(server, body)
    return requests.request(method, server.address + path, json=body, timeout=PATIENCE).status_code


def send_batch(server: Server, body: str) -> int:
    url = f"{server.address}/signature/batch"
    return requests.post(url, data=body, headers=NDJSON, timeout=PATIENCE).status_code


@contextmanager
def slow_readers(server: Server, number: int) -> Iterator[None]:
    """Have so many clients ask for more than 4 MB, and read none of it."""
    with ExitStack() as stack:
        for _ in range(number):
            one = connect(stack, server)
            one.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096)
            one.sendall(b"GET /signatures?tags=z HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        time.sleep(3)
        yield


def fill(server: Server) -> None:
    with Client(server.address) as client:
        for number in range(4):
            client.saved(f"large {number}", cms="A" * 10_000_000, tags=["z"])
        client.saved("small")


def served(server: Server, name: str) -> float:
    """Save and verify 1 MB each; return the seconds that the slower one took."""
    content = bytes(MEGABYTE // 4 * 3)
    signer = people.ivan()
    signed = pki.signed_data([pki.signer_info(signer, content)], [signer, pki.root()], content)
    cms = b64encode(signed).decode()
    saved = {"document": CODE + name, "thread": "1", "cms": cms, "without": "cms"}
    taken = []
    for path, body, status in (
        ("/signature", saved, 201),
        ("/ncanode3/cms/verify", {"cms": cms}, 200),
    ):
        began = time.monotonic()
        answer = requests.post(server.address + path, json=body, timeout=PATIENCE)
        taken.append(time.monotonic() - began)
        assert answer.status_code == status, answer.text
    return max(taken)


def assert_served(server: Server, name: str, alone: float) -> None:
    for number in range(3):
        assert served(server, f"{name} {number}") < max(SOON, SLOWER * alone)


def in_pool(stack: ExitStack, number: int, act: Callable[[], int]) -> list[Future[int]]:
    pool = stack.enter_context(ThreadPoolExecutor(number))
    return [pool.submit(act) for _ in range(number)]


@pytest.mark.parametrize("readers", [30, 50])
def test_large_bodies_pass_those_that_wait_behind_slow_readers(
    start_server: StartServer, fresh_database: Database, readers: int
) -> None:
    settings = {"WEB_CONCURRENCY": "2", "WEB_THREADS": "4", "CMS_VALIDATION": "off", **FOR_EVER}
    server = start_server(fresh_database.url, **settings)
    fill(server)
    alone = served(server, "alone")
    with ExitStack() as stack:
        with slow_readers(server, readers):
            batches = in_pool(stack, 8, lambda: ask(server, "POST /signature/batch"))
            time.sleep(1)
            assert_served(server, "passing", alone)
        # Those that found too many waiting were refused, and saved nothing.
        assert {one.result() for one in batches} <= {200, 503}


@pytest.fixture(scope="module", name="one")
def one_worker(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> Server:
    url = f"sqlite:///{tmp_path_factory.mktemp('data') / 'store.sqlite3'}"
    settings = {"WEB_CONCURRENCY": "1", "WEB_THREADS": "4", "CMS_VALIDATION": "off", **FOR_EVER}
    server = start_server(url, **settings)
    fill(server)
    return server


@pytest.mark.parametrize("kind", KINDS)
def test_whoever_waits_for_a_place_lets_large_bodies_pass(one: Server, kind: str) -> None:
    alone = served(one, f"alone {kind}")
    with ExitStack() as stack:
        with slow_readers(one, 2):
            waiting = in_pool(stack, 3, lambda: ask(one, kind))
            time.sleep(1)
            assert_served(one, f"passing {kind}", alone)
            assert kind == "POST /signature/card" or not any(each.done() for each in waiting)
        assert 503 not in {each.result() for each in waiting} or kind == "POST /signature/card"


def test_what_waits_for_a_place_is_not_in_memory(one: Server) -> None:
    """Eight batches, documents for a card and searches, each with a body of more than 20 MB."""
    line = {"document": f"{CODE}of many", "thread": "1", "cms": "A" * 27_900_000}
    batch = json.dumps(line)
    card = {"document": f"{CODE}small", "thread": "story", "data": "A" * 20_000_000}

    search = {"tags": ["z"], "unknown": "x" * 28_000_000}

    def send(method: str, path: str, body: dict[str, Any]) -> int:
        url = one.address + path
        return requests.request(method, url, json=body, timeout=PATIENCE).status_code

    (worker,) = one.workers()
    with ExitStack() as stack:
        with slow_readers(one, 2):
            forget_peak(worker)
            before = peak(worker)
            waiting = in_pool(stack, 8, lambda: send_batch(one, batch))
            time.sleep(5)
            assert peak(worker) < before + 60
            cards = in_pool(stack, 8, lambda: send("POST", "/signature/card", card))
            lists = in_pool(stack, 8, lambda: send("GET", "/signatures", search))
            time.sleep(8)
            # One is read at a time, which takes four times its size.
            assert peak(worker) < before + 160
        assert {each.result() for each in waiting + lists} == {200}
        assert 503 in {each.result() for each in cards}


def test_batches_with_large_lines_wait_for_each_other_only_for_a_moment(one: Server) -> None:
    """Two had the places, and waited for a third one to be answered, which waited for a place."""
    line = json.dumps({"document": f"{CODE}of lines", "thread": "1", "cms": "A" * 600_000})
    batch = "\n".join([line] * 4)
    began = time.monotonic()
    with ExitStack() as stack:
        sent = in_pool(stack, 8, lambda: send_batch(one, batch))
        assert {each.result() for each in sent} == {200}
    assert time.monotonic() - began < 30


def test_an_answer_to_a_save_is_complete_beside_slow_readers(one: Server) -> None:
    """It was cut: its thread would have waited for a moment, as those of the slow readers do."""
    body = json.dumps({"document": f"{CODE}echoed", "thread": "1", "cms": "A" * 7_000_000})
    head = f"POST /signature HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
    with ExitStack() as stack:
        stack.enter_context(slow_readers(one, 2))
        usual = connect(stack, one)
        usual.setsockopt(SOL_SOCKET, SO_RCVBUF, 65536)
        usual.sendall((head + body).encode())
        response = HTTPResponse(usual)
        response.begin()
        taken = 0
        while piece := response.read(250_000):
            taken += len(piece)
            time.sleep(0.03)
        assert taken > len(body)
