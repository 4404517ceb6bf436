"""Limits and tokens over several workers, and one that is killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
import requests

from app.cms.algorithms.gost import implementations
from tests import bounds, pki
from tests.api import people
from tests.live.client import Client, together
from tests.live.conftest import Database, StartServer
from tests.live.server import PATIENCE, PROJECT, Server, wait_until

LIMIT = 200


def statuses(server: Server, clients: int, requests_each: int) -> Counter[int]:
    """Ask from several connections at once; return how often each status was answered."""

    def work(client: Client, _index: int) -> list[int]:
        return [client.get("/signatures").status_code for _ in range(requests_each)]

    answers = together(server.address, clients, work)
    return Counter(status for answer in answers for status in answer)


def answering_workers(server: Server) -> int:
    return len(server.workers())


def workers_without(server: Server, gone: set[int]) -> bool:
    return not gone & set(server.workers())


def make_token(server: Server, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "token", "create", *arguments],
        cwd=PROJECT,
        env=server.environment,
        capture_output=True,
        check=True,
        text=True,
    )
    return done.stdout.strip()


def test_several_workers_count_together_exactly(
    start_server: StartServer, database: Database
) -> None:
    server = start_server(database.url, RATE_LIMIT=f"{LIMIT}/hour", WEB_CONCURRENCY="3")
    assert answering_workers(server) == 3
    assert statuses(server, 12, 30) == {200: LIMIT, 429: 12 * 30 - LIMIT}
    answer = requests.get(f"{server.address}/signatures", timeout=PATIENCE)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 3600
    assert requests.get(f"{server.address}/health/live", timeout=PATIENCE).status_code == 200


def test_a_worker_that_is_killed_while_it_counts_takes_no_one_along(
    start_server: StartServer, database: Database
) -> None:
    server = start_server(database.url, RATE_LIMIT=f"{LIMIT}/hour", WEB_CONCURRENCY="3")
    server.saw_trouble = True  # gunicorn says at length that its workers were killed
    for asked in range(1, 4):
        victims = set(server.workers())
        for victim in victims:
            os.kill(victim, signal.SIGKILL)
        wait_until(partial(workers_without, server, victims), "the killed are gone")
        wait_until(lambda: answering_workers(server) == 3, "there are new workers")
        answer = requests.get(f"{server.address}/signatures", timeout=PATIENCE)
        # What the dead ones counted still counts.
        assert answer.headers["RateLimit-Remaining"] == str(LIMIT - asked)


@pytest.mark.attacks
def test_several_workers_count_computing_together(
    start_server: StartServer, database: Database, tmp_path: Path
) -> None:
    folder = people.trust(tmp_path / "trust", pki.root())
    settings = {"CPU_LIMIT": "2/hour", "WEB_CONCURRENCY": "3", "TRUST_DIR": str(folder)}
    server = start_server(database.url, **settings)
    body = {"cms": bounds.gost_signers()}  # 0.2 s of CPU, and more where no library computes GOST.

    def work(_client: Client, _index: int) -> list[int]:
        address = f"{server.address}/cms/validate"
        return [requests.post(address, json=body, timeout=120).status_code for _ in range(12)]

    found = Counter(status for answer in together(server.address, 3, work) for status in answer)
    # None of the workers had seconds of its own.
    assert 0 < found[400] < 15
    assert found[429] == 36 - found[400] - found[503]
    answer = requests.get(f"{server.address}/signatures", timeout=PATIENCE)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 3600
    assert requests.get(f"{server.address}/health/live", timeout=PATIENCE).status_code == 200


def test_api_key_is_the_one_header_with_an_underscore(
    start_server: StartServer, database: Database
) -> None:
    server = start_server(database.url, AUTH="on", RATE_LIMIT="5/hour", TRUSTED_PROXIES="1")
    token = make_token(server, "iinked", "--scope", "read")
    for name in ("api_key", "X-Api-Key", "API-KEY", "Api_Key"):
        answer = requests.get(
            f"{server.address}/signatures", headers={name: token}, timeout=PATIENCE
        )
        assert answer.status_code == 200, name
    # No caller takes another's address by an underscore in the header's name.
    seen = [
        requests.get(
            f"{server.address}/signatures",
            headers={"X-Forwarded-For": "192.0.2.1", "X_Forwarded_For": f"198.51.100.{number}"},
            timeout=PATIENCE,
        ).status_code
        for number in range(6)
    ]
    assert seen == [401] * 5 + [429]


def test_a_revoked_token_is_dead_in_every_worker_within_five_seconds(
    start_server: StartServer, database: Database
) -> None:
    server = start_server(database.url, AUTH="on")
    token = make_token(server, "office", "--scope", "read")

    def ask(_client: Client, _index: int) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        answer = requests.get(f"{server.address}/signatures", headers=headers, timeout=PATIENCE)
        return answer.status_code

    assert set(together(server.address, 12, ask)) == {200}
    subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "token", "revoke", "office"],
        cwd=PROJECT,
        env=server.environment,
        check=True,
    )
    # What is asked from then on is refused, however long the machine takes for asking.
    time.sleep(5)
    assert set(together(server.address, 12, ask)) == {401}
    assert token not in server.log
    assert token.rpartition("_")[2] not in server.log


def test_the_log_says_loudly_that_the_door_is_open(
    start_server: StartServer, database: Database
) -> None:
    opened, locked = start_server(database.url), start_server(database.url, AUTH="on")
    assert opened.log.count("AUTH is off") == 1
    assert '"WARNING"' in next(line for line in opened.log.splitlines() if "AUTH is off" in line)
    assert "AUTH is off" not in locked.log


def test_the_log_says_once_that_the_zone_of_the_original_is_not_obeyed(
    start_server: StartServer, database: Database
) -> None:
    server = start_server(database.url, NCANODE_TIMEZONE="Asia/Almaty")
    [line] = [one for one in server.log.splitlines() if "NCANODE_TIMEZONE" in one]
    assert '"WARNING"' in line


def test_the_log_says_once_whose_code_computes_gost(
    start_server: StartServer, database: Database
) -> None:
    server = start_server(database.url, WEB_CONCURRENCY="2")
    assert server.log.count(json.dumps(implementations.describe())) == 1


def test_the_log_says_once_that_nothing_is_trusted_yet_and_how_to_change_it(
    start_server: StartServer, database: Database, tmp_path: Path
) -> None:
    folder = people.trust(tmp_path / "trust", pki.authority())
    refuses = "/cms/validate refuses, and no signer of a package counts as having signed;"
    accepts = "/cms/validate and packages accept claims instead;"
    for claims, words in (("refuse", refuses), ("accept", accepts)):
        server = start_server(database.url, TRUST_DIR=str(tmp_path / "none"), CLAIMS=claims)
        [line] = [one for one in server.log.splitlines() if "nothing is trusted yet" in one]
        assert '"WARNING"' in line
        assert "flask --app wsgi trust add" in line
        assert words in line
        assert str(tmp_path / "none") in line
    trusting = start_server(database.url, TRUST_DIR=str(folder))
    assert "nothing is trusted yet" not in trusting.log


def test_a_preflight_over_a_socket_has_no_body(
    start_server: StartServer, database: Database
) -> None:
    server = start_server(database.url, AUTH="on", CORS_ORIGINS="*")
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as one:
        one.sendall(
            b"OPTIONS /signature HTTP/1.1\r\nHost: x\r\nOrigin: https://a.kz\r\n"
            b"Access-Control-Request-Method: POST\r\nConnection: close\r\n\r\n"
        )
        with one.makefile("rb") as file:
            head, _, body = file.read().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 204 ")
    assert b"Access-Control-Allow-Origin: *" in head
    assert body == b""
