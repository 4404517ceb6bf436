"""Packages of very many signers with long names: their names are held a thousand at a time."""

from __future__ import annotations

import json
import time

import pytest
import requests

from app.store.packages.implicit import MAX_DOCUMENTS
from tests.cpu import allowed
from tests.live.conftest import Database, StartServer
from tests.live.server import Server, wait_until
from tests.live.test_bounds import Meter
from tests.live.test_large_rows import HEADS, VERSIONS

pytestmark = pytest.mark.attacks

#: MB above what the worker takes idle: 397 before. CPU seconds of the worker; the aim is 2.5, and a
#: machine that is busy counts more.
MEMORY, SECONDS = 120, 4.0
SIGNERS = """
INSERT INTO signers (signature_id, version, number, digest_algorithm, facts)
WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < 256)
SELECT id, version, n, '2.16.840.1.101.3.4.2.1',
    CAST(replace(:facts, '000000', CAST(100000 + id * 256 + n AS TEXT)) AS {json})
FROM signatures, series
"""
WIDE = "\N{GRINNING FACE}"


@pytest.fixture(name="server", scope="module")
def server_of_one_worker(start_server: StartServer, database: Database) -> Server:
    return start_server(database.url, WEB_CONCURRENCY="1", WEB_READ_TIMEOUT="600")


def fill(database: Database, letters: int) -> None:
    """Save as many documents as a package may have, each signed by others, without numbers."""
    name = "000000" + WIDE * (letters - 6)
    claimed: dict[str, str | None] = dict.fromkeys(("name", "surname", "patronymic", "email"), name)
    claimed["given_name"] = None
    facts = json.dumps(
        {"claimed": claimed, "certificate": {"sha256": "0" * 58 + "000000", "subject": name}},
        ensure_ascii=False,
    )
    database.execute("DELETE FROM signatures")
    database.execute(HEADS.format(rows=MAX_DOCUMENTS), thread="wide", version=1)
    database.execute(VERSIONS.format(versions=1), thread="wide", cms="MII=")
    kind = {"sqlite": "TEXT", "postgresql": "JSON"}[database.kind]
    database.execute(SIGNERS.format(json=kind), facts=facts)


@pytest.mark.parametrize("letters", [255, 500], ids=["compared", "too long to be compared"])
def test_long_names_of_a_large_package_are_read_while_they_are_sent(
    server: Server, database: Database, letters: int
) -> None:
    fill(database, letters)
    path = f"{server.address}/packages/wide/status"
    meter = Meter(server)
    wait_until(lambda: is_idle(meter), "what was put in is read")
    for _ in range(2):
        idle, began = server.peak_memory(anew=True), meter.seconds()
        with requests.get(path, timeout=120, stream=True) as answer:
            assert answer.status_code == 200
            size = sum(map(len, answer.iter_content(1 << 20)))
        assert size > MAX_DOCUMENTS * 256 * 3 * 4 * 248
        assert server.peak_memory() - idle < MEMORY
        assert meter.seconds() - began < allowed(SECONDS)


def is_idle(meter: Meter) -> bool:
    """Return whether the worker does nothing in the background for some seconds."""
    began = meter.seconds()
    time.sleep(3)
    return meter.seconds() - began < 0.05
