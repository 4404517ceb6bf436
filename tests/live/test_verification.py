"""A server verifies in the background what no save has, whatever is killed meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

from app.cms.x509.certificate import read_certificate
from tests import pki
from tests.api import people
from tests.live.client import Client
from tests.live.conftest import Database, StartServer
from tests.live.server import PROJECT, wait_until

#: Versions that wait, of a kind that takes a millisecond each.
WAITING = 400
FILL = """
INSERT INTO versions (signature_id, version, cms_bytes, tags, created_at)
SELECT 1, number + 1, cms_bytes, '[]', created_at
FROM versions, (WITH RECURSIVE counted(number) AS
    (SELECT 1 UNION ALL SELECT number + 1 FROM counted WHERE number < {number})
    SELECT number FROM counted) AS numbers
"""
FILL_SIGNERS = """
INSERT INTO signers (signature_id, version, number, digest_algorithm, facts)
SELECT 1, versions.version, 1, digest_algorithm, facts
FROM versions, signers WHERE versions.version > 1 AND signers.version = 1
"""
FORGET = "UPDATE signers SET standing = NULL, judged_against = NULL"
COUNT = "SELECT count(*) FROM signers WHERE standing > 0"


def test_what_waits_is_verified_though_workers_are_killed(
    start_server: StartServer, fresh_database: Database, tmp_path: Path
) -> None:
    folder = people.trust(tmp_path / "trust", pki.authority())
    settings = {"TRUST_DIR": str(folder), "WEB_CONCURRENCY": "2"}
    server = start_server(fresh_database.url, **settings)
    with Client(server.address) as client:
        client.saved("doc", cms=people.cms(people.ivan()))
    fresh_database.execute(FILL.format(number=WAITING))
    fresh_database.execute(FILL_SIGNERS)
    fresh_database.execute(FORGET)

    def verified() -> int:
        return int(fresh_database.execute(COUNT)[0][0])

    wait_until(lambda: verified() > 0, "the background begins")
    for worker in server.workers():
        os.kill(worker, signal.SIGKILL)
    server.kill()
    # What a killed process had leased is free after seconds; here that isn't waited for.
    fresh_database.execute("DELETE FROM leases")
    start_server(fresh_database.url, **settings)
    wait_until(lambda: verified() == WAITING + 1, "all are verified")


def test_all_workers_know_an_anchor_of_the_database_within_seconds(
    start_server: StartServer, fresh_database: Database, tmp_path: Path
) -> None:
    server = start_server(
        fresh_database.url, TRUST_DIR=str(tmp_path / "trust"), WEB_CONCURRENCY="2"
    )
    file = tmp_path / "nca.cer"
    file.write_bytes(pki.authority().certificate)
    sha256 = read_certificate(pki.authority().certificate).fingerprint
    with Client(server.address) as client:
        client.saved("doc", cms=people.cms(people.ivan()))

    def signed(expected: int) -> bool:
        return bool(fresh_database.execute(COUNT) == [(expected,)])

    command = [sys.executable, "-m", "flask", "--app", "wsgi", "trust"]
    for arguments, expected in (
        (["add", str(file), "--fingerprint", sha256], 1),
        (["remove", sha256], 0),
    ):
        subprocess.run([*command, *arguments], cwd=PROJECT, env=server.environment, check=True)
        # Its signer is judged again, by whichever worker does that when the lease is free.
        wait_until(partial(signed, expected), "it was noticed", 60)
    # Nothing was left to judge by a worker that has other anchors in mind.
    judged = "SELECT count(DISTINCT judged_against) FROM signers"
    assert fresh_database.execute(judged) == [(1,)]
