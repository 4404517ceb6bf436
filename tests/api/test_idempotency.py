"""A save that names a key happens once: a repeated one gets the first answer."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, insert, select, update
from werkzeug.test import TestResponse

from app import auth
from app.api.ncanode.signatures import saves
from app.api.ncanode.signatures.saving import read_checked
from app.extensions import db
from app.store.database.types import utc_in
from app.store.models import IdempotencyKey
from app.store.signatures.once import REMOVED_AT_ONCE, keep_answer
from tests.api.asking import content_of, filled, good_cms, message_of
from tests.api.people import chief, cms, ivan
from tests.asking_tokens import bearer, make_token
from tests.conftest import AppMaker
from tests.store.test_statements import counted_statements
from tests.store.threads import all_at_once, stored_versions

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
REUSED = '"Idempotency-Key" was sent before with other parameters: another save needs another key'
AT_WORK = 'A save with the same "Idempotency-Key" is still at work, try again in 1 seconds'
UNFIT = '"Idempotency-Key" must be 1 to 255 printable ASCII characters'
DAY = 24 * 3600
#: A child holds a key until it is killed; what its parent finds before and after is printed.
KILL = """
import os
from app.services.keys_at_work import KeysAtWork
from app.store.errors import IdempotencyKeyInUse
from app.store.signatures.once import Once

keys, once = KeysAtWork(), Once(bytes(32), b"", "key")

def look():
    try:
        with keys.hold(once):
            print("free")
    except IdempotencyKeyInUse:
        print("held")

reader, writer = os.pipe()
child = os.fork()
if child == 0:
    with keys.hold(once):
        os.write(writer, b"x")
        os.read(os.pipe()[0], 1)
os.read(reader, 1)
look()
os.kill(child, 9)
os.waitpid(child, 0)
look()
"""


def post(client: FlaskClient, key: str = KEY, **fields: Any) -> TestResponse:
    """Save with a key."""
    return client.post("/signature", json=filled(**fields), headers={"Idempotency-Key": key})


def kept(engine: Engine) -> int:
    """Return the number of keys that are kept."""
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(IdempotencyKey)).scalar_one()


def grow_old(engine: Engine, seconds: float = DAY) -> None:
    """Let the keys that are kept be older."""
    with engine.connect() as connection:
        connection.execute(update(IdempotencyKey).values(created_at=utc_in(-seconds)))


def test_a_repeated_save_gets_the_first_answer_to_the_byte(
    client: FlaskClient, engine: Engine
) -> None:
    fields: dict[str, Any] = {"tags": ["b", "a"], "stage": "x", "version_comment": "why", "odd": 1}
    first = post(client, **fields)
    assert (first.status_code, post(client, **fields).data) == (201, first.data)
    second = post(client, "2", version=1, cms=cms(chief()), **fields)
    assert "warnings" in second.get_json()["content"]
    assert post(client, "2", version=1, cms=cms(chief()), **fields).data == second.data
    assert post(client, **fields).data == first.data
    assert stored_versions(engine) == [(1, 1), (1, 2)]


def test_without_a_key_a_repeated_save_is_another_one(client: FlaskClient, engine: Engine) -> None:
    content_of(client.post("/signature", json=filled()), 201)
    message_of(client.post("/signature", json=filled()))
    assert kept(engine) == 0


@pytest.mark.parametrize(
    "other",
    [
        {"cms": None, "signature": cms(ivan())},
        {"tags": ["x"]},
        {"tags": "1"},
        {"version": 1},
        {"stage": "1"},
        {"version_created_by": "1"},
        {"version_comment": "1"},
        {"method": "1"},
        {"without": "cms"},
        {"data": "1"},
    ],
)
def test_the_same_key_with_another_parameter_is_refused(
    sqlite_client: FlaskClient, other: dict[str, Any]
) -> None:
    first = post(sqlite_client)
    assert message_of(post(sqlite_client, **other), 422) == REUSED
    assert post(sqlite_client, cms=None, thread=None, signature=good_cms(), chain="main").data == (
        first.data
    )


def test_another_thread_has_keys_of_its_own_without_tokens(client: FlaskClient) -> None:
    for document, thread in (("doc", "main"), ("doc", "2"), ("2", "main"), ("docm", "ain")):
        content_of(post(client, document=document, thread=thread), 201)


def test_a_key_is_the_same_with_and_without_quotes(sqlite_client: FlaskClient) -> None:
    first = post(sqlite_client, 'a "b" \\')
    assert post(sqlite_client, '"a \\"b\\" \\\\"').data == first.data


@pytest.mark.parametrize("key", ["", " ", '"', '""', '"a', '"a"b"', '"a";b=1', "ключ", "a" * 256])
def test_what_is_no_key_is_refused(sqlite_client: FlaskClient, key: str) -> None:
    headers = {"Idempotency-Key": key.encode().decode("latin-1")}
    response = sqlite_client.post("/signature", json=filled(), headers=headers)
    assert message_of(response) == UNFIT


def test_the_longest_key_is_kept(client: FlaskClient) -> None:
    assert post(client, "a" * 255).data == post(client, '"' + "a" * 255 + '"').data


def test_a_refused_save_leaves_its_key_unused(client: FlaskClient, engine: Engine) -> None:
    message_of(post(client, cms="no"))
    assert kept(engine) == 0
    content_of(post(client), 201)
    message_of(post(client, "2"))
    assert kept(engine) == 1


def test_losses_that_are_refused_leave_the_key_unused(make_app: AppMaker, engine: Engine) -> None:
    client = make_app(COSIGN_GUARD="refuse").test_client()
    content_of(post(client, cms=cms(ivan())), 201)
    message_of(post(client, "2", cms=cms(chief()), version=1))
    assert (kept(engine), stored_versions(engine)) == (1, [(1, 1)])


def test_the_first_answer_is_given_after_the_thread_was_deleted(client: FlaskClient) -> None:
    first = post(client)
    client.delete("/signature?document=doc&thread=main")
    assert post(client).data == first.data
    assert client.get("/signature?document=doc&thread=main").status_code == 404


def test_after_a_day_the_key_is_free_again(client: FlaskClient, engine: Engine) -> None:
    first = post(client)
    grow_old(engine, DAY - 60)
    assert post(client).data == first.data
    grow_old(engine, DAY + 1)
    message_of(post(client))
    assert content_of(post(client, version=1), 201)["signature"]["version"] == 2
    assert kept(engine) == 1
    assert content_of(post(client, version=1), 201)["signature"]["version"] == 2


def test_a_save_removes_a_few_expired_keys(client: FlaskClient, engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(
            insert(IdempotencyKey),
            [
                {
                    "key_sha256": bytes([number]) * 32,
                    "request_sha256": b"",
                    "answer": {},
                    "created_at": datetime.now(UTC) - timedelta(days=2, seconds=number),
                }
                for number in range(2 * REMOVED_AT_ONCE)
            ],
        )
    content_of(post(client), 201)
    assert kept(engine) == REMOVED_AT_ONCE + 1
    for number in range(3):
        content_of(post(client, thread=str(number)), 201)
    assert kept(engine) == 4


@pytest.fixture(name="locked")
def locked_app(make_app: AppMaker, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """Provide an application that asks for tokens, and knows new ones at once."""
    monkeypatch.setattr(auth, "BELIEVED_MISSING", 0.0)
    return make_app(AUTH="on")


def test_a_key_belongs_to_its_token(locked: Flask) -> None:
    client = locked.test_client()
    ours, theirs = (bearer(make_token(locked, name, "write")) for name in ("ours", "theirs"))

    def ask(headers: dict[str, str], **fields: Any) -> TestResponse:
        key = {"Idempotency-Key": KEY}
        return client.post("/signature", json=filled(**fields), headers=headers | key)

    first = ask(ours)
    assert (first.status_code, ask(ours).data) == (201, first.data)
    assert message_of(ask(ours, thread="other"), 422) == REUSED
    assert message_of(ask(theirs)) == "Version must be set"


def test_a_token_that_may_not_save_learns_nothing_about_a_key(locked: Flask) -> None:
    client, fields = locked.test_client(), {"tags": ["a:1"]}
    for name, scopes, prefix, status in (
        ("reader", ("read",), None, 403),
        ("bound", ("write",), "b:", 403),
    ):
        headers = bearer(make_token(locked, name, *scopes, tag_prefix=prefix))
        key = {"Idempotency-Key": KEY}
        before = client.post("/signature", json=filled(**fields), headers=headers)
        after = client.post("/signature", json=filled(**fields), headers=headers | key)
        assert (before.status_code, before.data) == (status, after.data)
    headers = bearer(make_token(locked, "good", "write", tag_prefix="a:"))
    key = {"Idempotency-Key": KEY}
    body = filled(**fields)
    answers = [client.post("/signature", json=body, headers=headers | key) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].data == answers[1].data


@pytest.fixture(name="held")
def held_save(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Event, Event]]:
    """Let each save wait after it was verified; provide that it has begun, and may go on."""
    begun, end = Event(), Event()

    def wait(*arguments: Any) -> Any:
        checked = read_checked(*arguments)
        begun.set()
        assert end.wait(30)
        return checked

    monkeypatch.setattr(saves, "read_checked", wait)
    yield begun, end
    end.set()


def test_while_the_first_save_is_at_work_another_one_is_refused(
    make_app: AppMaker, engine: Engine, held: tuple[Event, Event]
) -> None:
    begun, end = held
    app = make_app(WEB_THREADS="4")

    def meet() -> TestResponse:
        assert begun.wait(30)
        refused = post(app.test_client())
        end.set()
        return refused

    first, second = all_at_once([lambda: post(app.test_client()), meet])
    assert isinstance(first, TestResponse)
    assert isinstance(second, TestResponse)
    assert message_of(second, 409) == AT_WORK
    assert second.headers["Retry-After"] == "1"
    assert first.status_code == 201
    assert post(app.test_client()).data == first.data
    assert stored_versions(engine) == [(1, 1)]


def test_of_saves_by_several_servers_with_one_key_one_is_done_and_all_get_its_answer(
    start_own_app: AppMaker, database_url: str, engine: Engine
) -> None:
    # Each application has its own keys at work, as each of several servers does.
    apps = [start_own_app(DATABASE_URL=database_url) for _ in range(4)]
    for seen in (None, 1, 2):
        calls = [
            lambda app=app, seen=seen: post(app.test_client(), str(seen), version=seen)
            for app in apps
        ]
        answers = all_at_once(calls)
        assert {one.data for one in answers if isinstance(one, TestResponse)} == {answers[0].data}  # type: ignore[union-attr]
        assert answers[0].status_code == 201  # type: ignore[union-attr]
    # A first save that lost may have taken a number of the sequence (PostgreSQL).
    keys = stored_versions(engine)
    assert [version for _, version in keys] == [1, 2, 3]
    assert len({signature_id for signature_id, _ in keys}) == 1


def test_of_saves_of_several_threads_with_one_key_of_a_token_one_is_done(
    start_own_app: AppMaker,
    database_url: str,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(auth, "BELIEVED_MISSING", 0.0)
    apps = [start_own_app(DATABASE_URL=database_url, AUTH="on") for _ in range(4)]
    headers = {**bearer(make_token(apps[0], "office", "write")), "Idempotency-Key": KEY}
    calls = [
        lambda app=app, thread=thread: app.test_client().post(
            "/signature", json=filled(thread=str(thread)), headers=headers
        )
        for thread, app in enumerate(apps)
    ]
    statuses = sorted(one.status_code for one in all_at_once(calls))  # type: ignore[union-attr]
    assert statuses == [201, 422, 422, 422]
    assert (len(stored_versions(engine)), kept(engine)) == (1, 1)


def test_a_save_that_fails_at_its_end_leaves_neither_version_nor_key(
    own_app: Flask, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any) -> None:
        keep_answer(*arguments)
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(saves, "keep_answer", fail)
        assert post(own_app.test_client()).status_code == 500
    assert (stored_versions(engine), kept(engine)) == ([], 0)
    content_of(post(own_app.test_client()), 201)


def test_a_key_costs_a_fixed_number_of_statements(own_app: Flask) -> None:
    client = own_app.test_client()
    with own_app.app_context(), counted_statements(db.engine) as statements:
        client.post("/signature", json=filled(thread="0"))
        plain = len(statements)
        for number in range(1, 4):
            statements.clear()
            content_of(post(client, thread=str(number)), 201)
            assert len(statements) <= plain + 3 + 2  # and BEGIN and COMMIT
            statements.clear()
            content_of(post(client, thread=str(number)), 201)
            assert len(statements) == 1


def test_a_process_that_is_killed_holds_no_key() -> None:
    # In a process of its own, since one that has threads should not fork.
    told = subprocess.run(
        [sys.executable, "-c", KILL], capture_output=True, check=True, text=True, timeout=60
    )
    assert told.stdout.split() == ["held", "free"]
