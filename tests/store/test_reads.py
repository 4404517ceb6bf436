"""Reads from a real streaming replica: when it answers, and when it is passed over."""

from __future__ import annotations

import os
import signal
import time
from base64 import b64encode
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.store.database import floor, replicas
from app.store.signatures.large_texts import LargeText
from app.store.signatures.reading import get_signature
from app.store.signatures.records import SignatureRecord
from tests import pki
from tests.api.asking import content_of, save
from tests.conftest import AppMaker
from tests.live.server import wait_until
from tests.pki import profile
from tests.replicated import Listening, Pair, ask, replicated

pytestmark = pytest.mark.slow

DATABASE = "ncanode"
READ = {"document": "contract", "thread": "approval"}


@pytest.fixture(scope="module", name="pair")
def start_pair() -> Iterator[Pair]:
    with replicated() as pair:
        pair.primary.create_database(DATABASE)
        yield pair


@pytest.fixture(name="app")
def reading_app(start_app: AppMaker, pair: Pair) -> Iterator[Flask]:
    app = start_app(**pair.settings(DATABASE))
    result = app.test_cli_runner().invoke(args=["db", "upgrade"])
    assert result.exit_code == 0, result.output
    ask(pair.primary, "WITH gone AS (DELETE FROM signatures RETURNING 1) SELECT 1", DATABASE)
    pair.catch_up()
    yield app
    app.extensions["reads"].close()


@pytest.fixture(name="client")
def reading_client(app: Flask, pair: Pair) -> FlaskClient:
    """Provide a client of an application that has begun to use the replica."""
    client = app.test_client()
    save(client, **READ)
    pair.catch_up()
    wait_until(lambda: is_read_from_replica(client, pair), "the replica answers", 20)
    return client


def is_read_from_replica(client: FlaskClient, pair: Pair) -> bool:
    """Read once; return whether the replica answered."""
    heard = Listening(pair.replica)
    assert client.get("/signature", query_string=READ).status_code == 200
    return bool(heard.reads())


def version(client: FlaskClient) -> int:
    number: int = content_of(client.get("/signature", query_string=READ))["signature"]["version"]
    return number


def test_reads_cost_one_statement_more_and_leave_the_primary_alone(
    client: FlaskClient, pair: Pair
) -> None:
    client.get("/signature", query_string=READ)
    began = time.monotonic()
    primary, replica = Listening(pair.primary), Listening(pair.replica)
    for _ in range(40):
        assert version(client) == 1
    seconds = time.monotonic() - began
    reported = len(primary.positions())
    assert reported <= 1 + seconds / floor.COUNTS
    assert len(primary.reads()) + len(replica.reads()) == 40
    # If the replica lags behind the position that the primary just reported, the primary answers.
    assert len(primary.reads()) <= 4 * (1 + reported)
    assert 40 <= reported + len(replica.positions()) <= 42
    assert len(primary.statements()) + len(replica.statements()) <= 82


ADDRESSES = [
    "/signature?document=contract&thread=approval&with=signers",
    "/signature?document=contract&thread=approval&version=1",
    "/signatures?limit=5&count=1",
    "/signatures?document=contract",
    "/signatures",
    "/signature/versions?document=contract&thread=approval&diff=1",
    "/signature/verify?document=contract&thread=approval",
    "/packages/approval/status",
    "/v1/persons/840101300123/signings",
    "/v1/signatures/{public_id}",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_read_may_be_the_replicas(client: FlaskClient, pair: Pair, address: str) -> None:
    found = ask(pair.primary, "SELECT public_id::text FROM signatures", DATABASE)

    def is_answered_by_replica() -> bool:
        heard = Listening(pair.replica)
        assert client.get(address.format(public_id=found)).status_code == 200
        return bool(heard.reads())

    wait_until(is_answered_by_replica, "the replica answers", 20)


def test_a_list_of_packages_may_be_the_replicas(client: FlaskClient, pair: Pair) -> None:
    def is_answered_by_replica() -> bool:
        heard = Listening(pair.replica)
        assert client.post("/packages/list", json={}).status_code == 200
        return bool(heard.reads())

    wait_until(is_answered_by_replica, "the replica answers", 20)


def test_a_caller_reads_what_it_saved_while_the_replica_stands_still(
    client: FlaskClient, pair: Pair
) -> None:
    pair.pause()
    try:
        for number in range(2, 6):
            save(client, **READ, version=number - 1)
            for _ in range(3):
                assert version(client) == number
        time.sleep(floor.COUNTS + 0.1)
        assert version(client) == 5
        assert len(content_of(client.get("/signatures"))["signatures"]) == 1
        assert client.delete("/signature", query_string=READ).status_code == 200
        for _ in range(3):
            assert client.get("/signature", query_string=READ).status_code == 404
    finally:
        pair.resume()
    save(client, **READ)
    wait_until(lambda: is_read_from_replica(client, pair), "the replica answers again", 20)


def test_what_another_server_wrote_is_missed_for_a_second_at_most(
    client: FlaskClient, pair: Pair
) -> None:
    pair.pause()
    try:
        ask(pair.primary, "UPDATE signatures SET document = 'moved' RETURNING 1", DATABASE)
        time.sleep(floor.COUNTS + 0.1)
        assert client.get("/signature", query_string=READ).status_code == 404
    finally:
        pair.resume()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
def test_reads_go_on_without_the_replica(
    client: FlaskClient, pair: Pair, how: signal.Signals
) -> None:
    pair.replica.stop(how)
    try:
        for _ in range(20):
            began = time.monotonic()
            assert version(client) == 1
            assert time.monotonic() - began < 5
    finally:
        pair.replica.start()
    wait_until(lambda: is_read_from_replica(client, pair), "the replica answers again", 20)


def test_a_large_signature_is_read_though_the_replica_that_found_it_left(
    app: Flask, client: FlaskClient, pair: Pair
) -> None:
    person = profile.person("P", "900101300017")
    cms = b64encode(pki.sign_cms(bytes(1_200_000), [person])).decode()
    save(client, document="large", thread="approval", cms=cms)
    pair.catch_up()

    def find() -> SignatureRecord | None:
        heard = Listening(pair.replica)
        found: SignatureRecord = app.extensions["reads"].read(
            lambda connection, _stack: get_signature(connection, "large", "approval")
        )
        return found if heard.reads() else None

    wait_until(lambda: is_read_from_replica(client, pair), "the replica answers", 20)
    wait_until(lambda: find() is not None, "the replica answers", 20)
    record = find()
    assert record is not None
    assert isinstance(record.cms, LargeText)
    pair.replica.stop()
    try:
        assert record.text == cms
    finally:
        pair.replica.start()
    wait_until(lambda: is_read_from_replica(client, pair), "the replica answers again", 20)


def test_a_replica_that_hangs_is_not_waited_for(client: FlaskClient, pair: Pair) -> None:
    pids = "SELECT string_agg(pid::text, ' ') FROM pg_stat_activity WHERE datname = 'ncanode'"
    hanging = [int(pid) for pid in ask(pair.replica, pids).split()]

    def progress(what: signal.Signals) -> None:
        for pid in hanging:
            os.kill(pid, what)

    progress(signal.SIGSTOP)
    try:
        began = time.monotonic()
        for _ in range(10):
            assert version(client) == 1
        assert time.monotonic() - began < 10
    finally:
        progress(signal.SIGCONT)
    wait_until(lambda: is_read_from_replica(client, pair), "the replica answers again", 20)


def test_a_server_that_is_no_replica_is_not_taken_for_one(
    start_app: AppMaker, app: Flask, pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    save(app.test_client(), **READ)
    own = f"127.0.0.1:{pair.primary.port}"
    wrong = start_app(**{**pair.settings(DATABASE), "PG_SLAVES": own})
    client = wrong.test_client()
    try:
        assert version(client) == 1
        wait_until(
            lambda: version(client) == 1 and "it is no replica" in caplog.text, "it's logged"
        )
        assert f"the replica postgresql {own}/{DATABASE} can't be used" in caplog.text
    finally:
        wrong.extensions["reads"].close()


def test_what_replicates_another_server_is_not_used(
    start_app: AppMaker, app: Flask, pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    save(app.test_client(), **READ)
    with replicated() as other:
        elsewhere = f"127.0.0.1:{other.replica.port}"
        other.primary.create_database(DATABASE)
        other.catch_up()
        wrong = start_app(**{**pair.settings(DATABASE), "PG_SLAVES": elsewhere})
        try:
            client = wrong.test_client()
            wait_until(
                lambda: version(client) == 1 and "it replicates" in caplog.text, "it's logged"
            )
        finally:
            wrong.extensions["reads"].close()


def test_a_replica_that_becomes_a_primary_is_used_no_more(
    start_app: AppMaker, caplog: pytest.LogCaptureFixture
) -> None:
    with replicated() as pair:
        pair.primary.create_database(DATABASE)
        own = start_app(**pair.settings(DATABASE))
        own.test_cli_runner().invoke(args=["db", "upgrade"])
        client = own.test_client()
        try:
            save(client, **READ)
            wait_until(lambda: is_read_from_replica(client, pair), "the replica answers", 20)
            assert ask(pair.replica, "SELECT pg_promote()")
            wait_until(
                lambda: version(client) == 1 and "it is no replica" in caplog.text, "it's told"
            )
            assert not is_read_from_replica(client, pair)
        finally:
            own.extensions["reads"].close()


def test_a_replica_that_stays_behind_is_reported_once(
    client: FlaskClient,
    pair: Pair,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(replicas, "LONG", 0.5)
    pair.pause()
    try:
        save(client, **READ, version=1)
        wait_until(lambda: version(client) == 2 and "is behind" in caplog.text, "it is logged")
        time.sleep(0.3)
        assert version(client) == 2
        assert caplog.text.count("is behind") == 1
    finally:
        pair.resume()
    wait_until(lambda: version(client) == 2 and "has caught up" in caplog.text, "it is logged", 20)


def test_a_refused_write_keeps_no_one_from_the_replica(client: FlaskClient, pair: Pair) -> None:
    def is_kept_from_it() -> bool:
        assert version(client) == 1
        assert client.post("/signature", json={}).status_code == 400
        return not is_read_from_replica(client, pair)

    wait_until(lambda: not is_kept_from_it(), "the replica answers", 20)
