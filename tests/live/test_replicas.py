"""Several workers, a primary, and a replica that stands still or goes away."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from tests.live.client import Client, together
from tests.live.conftest import StartServer
from tests.live.server import Server, wait_until
from tests.replicated import Listening, Pair, replicated

_numbers = itertools.count()


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with replicated() as pair:
        yield pair


@pytest.fixture(scope="module")
def server(start_server: StartServer, pair: Pair) -> Server:
    """A server that makes its database itself."""
    server = start_server("", **pair.settings("replicated"))
    # The replica that goes away is logged.
    server.saw_trouble = True
    return server


def save_and_read(client: Client, index: int) -> list[int]:
    """Save several versions, each read at once by a new connection; return what was read."""
    document = f"own {index} {next(_numbers)}"
    read = []
    for number in range(8):
        client.saved(document, version=number) if number else client.saved(document)
        with Client(client.address) as other:
            answer = other.read(document)
            read.append(answer.json()["content"]["signature"]["version"] if answer.ok else 0)
    return read


def test_what_was_saved_is_read_whichever_worker_answers(server: Server) -> None:
    assert together(server.address, 6, save_and_read) == [list(range(1, 9))] * 6


def test_it_is_so_while_the_replica_stands_still(server: Server, pair: Pair) -> None:
    pair.pause()
    try:
        assert together(server.address, 6, save_and_read) == [list(range(1, 9))] * 6
    finally:
        pair.resume()


def test_the_replica_goes_and_comes_while_there_are_reads(
    server: Server, client: Client, pair: Pair
) -> None:
    client.saved("there")

    def read(one: Client, _index: int) -> set[int]:
        return {one.read("there").status_code for _ in range(60)}

    def is_used() -> bool:
        heard = Listening(pair.replica)
        together(server.address, 6, read)
        return len(heard.reads()) > 0

    wait_until(is_used, "the replica answers")
    pair.replica.stop()
    try:
        assert together(server.address, 6, read) == [{200}] * 6
        assert together(server.address, 6, save_and_read) == [list(range(1, 9))] * 6
    finally:
        pair.replica.start()
    wait_until(is_used, "the replica answers again")
