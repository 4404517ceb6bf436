"""Server and database are killed in the middle of work: what was acknowledged is there."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import requests

from tests.live.client import Client, assert_whole, content, signature_number
from tests.live.conftest import Database, StartServer
from tests.live.server import PATIENCE, Server, wait_until
from tests.postgresql import PostgresServer

WRITERS = 6
#: What a client meets when the server dies before, or in the middle of, an answer.
GONE = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


@dataclass
class Load:
    """Writers that save until they are stopped, and what the server acknowledged to them."""

    address: str
    #: Distinguishes the documents of this load from those of others.
    name: str
    stopping: threading.Event = field(default_factory=threading.Event)
    #: (document, version) -> the signature that was sent.
    acknowledged: dict[tuple[str, int], str] = field(default_factory=dict)
    #: What was answered when a save was not acknowledged.
    refused: list[int] = field(default_factory=list)

    def run(self, disaster: Callable[[], None], after: int = 90) -> None:
        """Let the writers work; when `after` saves are acknowledged, let `disaster` happen."""
        with ThreadPoolExecutor(WRITERS) as pool:
            try:
                futures = [pool.submit(self._write, number) for number in range(WRITERS)]
                wait_until(lambda: len(self.acknowledged) >= after, f"{after} saves are done")
                disaster()
            finally:
                self.stopping.set()
            for future in futures:
                future.result(PATIENCE)

    def _write(self, writer: int) -> None:
        with Client(self.address) as client:
            story = 0
            while not self.stopping.is_set():
                story += 1
                try:
                    self._tell_story(client, f"{self.name} {writer}.{story}", writer * 500 + story)
                except GONE:
                    return

    def _tell_story(self, client: Client, document: str, number: int) -> None:
        """Save a new thread, and a few versions more, with changing tags."""
        for seen in range(1 + number % 4):
            cms = signature_number(number * 4 + seen)
            tags = [f"{self.name} of {number % 5}", f"{self.name} at {seen}"]
            answer = client.save(document, cms=cms, version=seen or None, tags=tags)
            if answer.status_code != 201:
                self.refused.append(answer.status_code)
                return
            self.acknowledged[document, seen + 1] = cms


def assert_kept(client: Client, load: Load) -> None:
    """Every acknowledged save is there, to the character, and nothing is half done."""
    for (document, version), cms in load.acknowledged.items():
        kept = content(client.read(document, version=version), "signature")
        assert (kept["version"], kept["cms"]) == (version, cms)
    assert_whole(client)


def test_a_killed_server_has_kept_what_it_acknowledged(server: Server, client: Client) -> None:
    loads = []
    for number in range(2):
        loads.append(Load(server.address, f"round {number}"))
        loads[-1].run(server.kill)
        server.start()
        assert loads[-1].refused == []
        for load in loads:
            assert_kept(client, load)


def test_a_crashed_postgresql_has_kept_what_was_acknowledged(
    start_server: StartServer, postgres: PostgresServer, postgres_database: Database
) -> None:
    server = start_server(postgres_database.url)
    server.saw_trouble = True
    for number in range(2):
        load = Load(server.address, f"crash {number}")

        def crash(load: Load = load) -> None:
            postgres.stop(signal.SIGQUIT)
            wait_until(lambda: load.refused, "a client hears of it")

        try:
            load.run(crash)
        finally:
            if postgres.process is None:
                postgres.start()
        assert set(load.refused) == {503}
        with Client(server.address) as client:
            wait_until(lambda c=client: c.get("/health/ready").ok, "the server is ready", 5)  # type: ignore[misc]
            assert_kept(client, load)
            assert client.save("life goes on", str(number)).status_code == 201
