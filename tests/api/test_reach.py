"""What a token that is bound to tags reaches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from copy import copy
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from werkzeug.test import TestResponse

from app import auth
from app.extensions import db
from app.store.database.engine import transaction
from app.store.models import Content, Signature
from app.store.signatures.extraction import read_text
from app.store.signatures.writing import NewVersion, save_version
from tests.api import people
from tests.api.asking import content_of, filled, good_cms, message_of
from tests.asking_tokens import bearer, make_token
from tests.conftest import AppMaker
from tests.pki import CONTENT

#: Seconds in which a caller that waits for a lock reaches it.
SHORTLY = 0.5
NOT_FOUND = "Signature was not found"
OURS = {"document": "ours", "thread": "main"}
THEIRS = {"document": "theirs", "thread": "main"}
#: Where one version or all of a thread are read.
READ = (
    "/signature",
    "/signature/versions",
    "/signature/verify",
    "/signature/evidence",
    "/signature/file",
    "/signature/content",
)


class Caller:
    """A client that shows one token."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self.client = client
        self.headers = bearer(token)

    def fork(self) -> Caller:
        """Return the same caller with a client of its own, for another thread."""
        again = copy(self)
        again.client = self.client.application.test_client()
        return again

    def get(self, path: str, **query: Any) -> TestResponse:
        return self.client.get(path, query_string=query, headers=self.headers)

    def delete(self, **query: Any) -> TestResponse:
        return self.client.delete("/signature", query_string=query, headers=self.headers)

    def post(self, path: str = "/signature", **body: Any) -> TestResponse:
        return self.client.post(path, json=body, headers=self.headers)

    def save(self, **fields: Any) -> TestResponse:
        return self.post(**filled(**fields))


@pytest.fixture(name="locked")
def locked_app(make_app: AppMaker, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """Provide an application that asks for tokens, and knows new ones at once."""
    monkeypatch.setattr(auth, "BELIEVED_MISSING", 0.0)
    return make_app(AUTH="on")


@pytest.fixture(name="admin")
def unbound_caller(locked: Flask) -> Caller:
    """Provide one who may do all."""
    return Caller(locked.test_client(), make_token(locked, "admin", "admin"))


@pytest.fixture(name="bound")
def bound_caller(locked: Flask, admin: Caller) -> Caller:
    """Provide one who reaches tags that begin with `hr-`, in a store that has others too."""
    assert admin.save(**OURS, tags=["hr-42", "loan"]).status_code == 201
    assert admin.save(**THEIRS, tags=["loan", "chr-1", "HR-1"]).status_code == 201
    assert admin.save(document="bare", thread="main").status_code == 201
    scopes = ("read", "write", "delete")
    return Caller(locked.test_client(), make_token(locked, "hr", *scopes, tag_prefix="hr-"))


@pytest.mark.parametrize("path", READ)
def test_only_threads_with_such_a_tag_are_there(bound: Caller, path: str) -> None:
    assert bound.get(path, **OURS).status_code == 200
    absent = bound.get(path, document="nowhere", thread="main")
    for thread in (THEIRS, {"document": "bare", "thread": "main"}):
        refused = bound.get(path, **thread)
        assert message_of(refused, 404) == NOT_FOUND
        assert refused.data == absent.data
        assert bound.get(path, **thread, version=1).data == absent.data


def test_the_current_version_decides_for_all(bound: Caller, admin: Caller) -> None:
    assert admin.save(**OURS, version=1, tags=["loan"]).status_code == 201
    for path in ("/signature", "/signature/versions", "/signature/verify"):
        for version in (1, 2):
            assert bound.get(path, **OURS, version=version).status_code == 404
    assert admin.save(**OURS, version=2, tags=["hr-7"]).status_code == 201
    for version in (1, 2, 3):
        assert bound.get("/signature", **OURS, version=version).status_code == 200
    assert len(content_of(bound.get("/signature/versions", **OURS))["versions"]) == 3


def test_only_what_has_such_a_tag_is_saved(bound: Caller, admin: Caller) -> None:
    sentence = 'Token may only save what has a tag that begins with "hr-"'
    new = {"document": "new", "thread": "main"}
    for tags in ([], ["loan"], ["hr"], ["chr-1"], ["HR-1"]):
        assert message_of(bound.save(**new, tags=tags), 403) == sentence
        assert message_of(bound.save(**OURS, version=1, tags=tags), 403) == sentence
    assert bound.save(**new, tags=["loan", "hr-1"]).status_code == 201
    assert bound.save(**OURS, version=1, tags=["hr-43"]).status_code == 201
    assert content_of(admin.get("/signature", **OURS))["signature"]["version"] == 2


@pytest.mark.parametrize("version", [None, 1, 2])
def test_what_has_no_such_tag_is_not_superseded(
    bound: Caller, admin: Caller, version: int | None
) -> None:
    response = bound.save(**THEIRS, version=version, tags=["hr-1"])
    assert message_of(response, 404) == NOT_FOUND
    assert content_of(admin.get("/signature", **THEIRS))["signature"]["version"] == 1


@contextmanager
def once_a_thread_was_looked_for(
    app: Flask, act: Callable[[], object], sign: str = "FOR UPDATE"
) -> Iterator[None]:
    """Act after a statement that looks for a thread to change; `sign` is a part of it."""
    with app.app_context():
        engine = db.engine
    acts = [act]

    def listen(_conn: object, _cursor: object, statement: str, *_more: object) -> None:
        if sign in statement and acts:
            acts.pop()()

    event.listen(engine, "after_cursor_execute", listen)
    try:
        yield
    finally:
        event.remove(engine, "after_cursor_execute", listen)
    assert not acts


@pytest.fixture(name="meeting")
def callers_who_meet(
    start_app: AppMaker, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> tuple[Flask, Caller, Caller]:
    """Return an application where writers meet, which SQLite's don't, one unbound and one bound."""
    monkeypatch.setattr(auth, "BELIEVED_MISSING", 0.0)
    app = start_app(DATABASE_URL=postgresql_url, AUTH="on")
    admin = Caller(app.test_client(), make_token(app, "admin", "admin"))
    bound = make_token(app, "hr", "write", "delete", tag_prefix="hr-")
    return app, admin, Caller(app.test_client(), bound)


@pytest.mark.parametrize("version", [None, 1])
def test_what_someone_else_begins_meanwhile_is_not_superseded(
    meeting: tuple[Flask, Caller, Caller], version: int | None
) -> None:
    app, admin, bound = meeting
    with once_a_thread_was_looked_for(app, lambda: admin.save(**THEIRS, tags=["loan"])):
        refused = bound.save(**THEIRS, version=version, tags=["hr-1"])
    assert message_of(refused, 404) == NOT_FOUND
    signature = content_of(admin.get("/signature", **THEIRS))["signature"]
    assert (signature["version"], signature["tags"]) == (1, ["loan"])


def test_what_a_colleague_begins_meanwhile_is_reported(
    meeting: tuple[Flask, Caller, Caller],
) -> None:
    app, admin, bound = meeting
    with once_a_thread_was_looked_for(app, lambda: admin.save(**OURS, tags=["hr-2"])):
        refused = bound.save(**OURS, version=1, tags=["hr-1"])
    assert message_of(refused) == "Version must be set"


def test_what_someone_else_begins_meanwhile_is_not_deleted(
    meeting: tuple[Flask, Caller, Caller],
) -> None:
    app, admin, bound = meeting
    assert admin.save(**OURS, tags=["hr-1"]).status_code == 201

    def take_away() -> None:
        assert admin.save(**OURS, version=1, tags=["loan"]).status_code == 201

    with once_a_thread_was_looked_for(app, take_away, "SELECT versions.tags"):
        assert message_of(bound.delete(**OURS), 404) == NOT_FOUND
    assert admin.get("/signature", **OURS).status_code == 200


def test_what_is_gone_meanwhile_is_not_there(meeting: tuple[Flask, Caller, Caller]) -> None:
    app, admin, bound = meeting
    assert admin.save(**OURS, tags=["hr-1"]).status_code == 201
    with once_a_thread_was_looked_for(app, lambda: admin.delete(**OURS), "SELECT versions.tags"):
        assert message_of(bound.delete(**OURS), 404) == NOT_FOUND


class Abandoned(Exception):
    """A writer gives up what it has begun."""


def ask_for(admin: Caller, document: str) -> None:
    """Add a package that asks for the main thread of a document."""
    signer = {"firstName": "a", "lastName": "b", "iin": "123456789011"}
    added = admin.post(
        "/packages/add",
        name="P",
        type="concurrent",
        state="open",
        thread="main",
        documents=[{"externalId": document}],
        signers=[signer],
    )
    assert added.status_code == 200, added.text


@pytest.mark.parametrize("act", ["save", "delete"])
def test_what_a_package_asks_for_meanwhile_is_neither_superseded_nor_deleted(
    meeting: tuple[Flask, Caller, Caller], act: str
) -> None:
    app, admin, bound = meeting
    assert bound.save(**OURS, tags=["hr-1"]).status_code == 201
    with once_a_thread_was_looked_for(app, lambda: ask_for(admin, "ours")):
        if act == "save":
            refused = bound.save(**OURS, version=1, tags=["hr-1"])
        else:
            refused = bound.delete(**OURS)
    assert message_of(refused, 404) == NOT_FOUND
    assert content_of(admin.get("/signature", **OURS))["signature"]["version"] == 1


def test_who_waits_for_a_thread_that_a_package_asks_for_meanwhile_is_refused(
    meeting: tuple[Flask, Caller, Caller],
) -> None:
    app, admin, bound = meeting
    assert bound.save(**OURS, tags=["hr-1"]).status_code == 201
    with app.app_context():
        engine = db.engine
    named = select(Signature.id).where(Signature.document == "ours").with_for_update()
    with ThreadPoolExecutor(2) as pool:
        with transaction(engine) as connection:
            connection.execute(named)
            waiting = [
                pool.submit(bound.fork().save, **OURS, version=1, tags=["hr-1"]),
                pool.submit(bound.fork().delete, **OURS),
            ]
            assert not wait(waiting, timeout=SHORTLY).done
            ask_for(admin, "ours")
        refused = [one.result(timeout=30) for one in waiting]
    assert [message_of(one, 404) for one in refused] == [NOT_FOUND] * 2
    assert content_of(admin.get("/signature", **OURS))["signature"]["version"] == 1


def test_what_a_package_asks_for_meanwhile_is_not_begun(
    meeting: tuple[Flask, Caller, Caller],
) -> None:
    app, admin, bound = meeting
    with app.app_context():
        engine = db.engine
    new = NewVersion(document="ours", thread="main", cms="never committed")
    with ThreadPoolExecutor(1) as pool:
        with suppress(Abandoned), transaction(engine) as connection:
            save_version(connection, new, read_text(new.cms), None)
            waiting = pool.submit(bound.save, **OURS, tags=["hr-1"])
            assert not wait([waiting], timeout=SHORTLY).done
            ask_for(admin, "ours")
            raise Abandoned
        refused = waiting.result(timeout=30)
    assert message_of(refused, 404) == NOT_FOUND
    assert admin.get("/signature", **OURS).status_code == 404


def test_what_a_package_asks_for_while_its_document_is_written_is_not_begun(
    meeting: tuple[Flask, Caller, Caller],
) -> None:
    app, admin, bound = meeting
    app.config["KEEP_CONTENT"] = True
    kept = {"cms": people.cms(people.ivan(), attached=False), "data": CONTENT.decode()}
    assert admin.save(**THEIRS, **kept).status_code == 201
    with app.app_context():
        engine = db.engine
    with ThreadPoolExecutor(1) as pool:
        with transaction(engine) as connection:
            connection.execute(select(Content.sha256).with_for_update())
            waiting = pool.submit(bound.save, **OURS, **kept, tags=["hr-1"])
            assert not wait([waiting], timeout=SHORTLY).done
            ask_for(admin, "ours")
        refused = waiting.result(timeout=30)
    assert message_of(refused, 404) == NOT_FOUND
    assert admin.get("/signature", **OURS).status_code == 404


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """Yield the statements that are executed."""
    with app.app_context():
        engine = db.engine
    found: list[str] = []

    def listen(_conn: object, _cursor: object, statement: str, *_more: object) -> None:
        found.append(statement)

    event.listen(engine, "after_cursor_execute", listen)
    try:
        yield found
    finally:
        event.remove(engine, "after_cursor_execute", listen)


@pytest.mark.attacks
def test_what_is_out_of_reach_takes_what_nothing_takes(locked: Flask, bound: Caller) -> None:
    def ask(thread: dict[str, str]) -> list[tuple[int, bytes, list[str]]]:
        answers = []
        for path in (*READ, "delete"):
            for version in (1, 2):
                with statements(locked) as found:
                    if path == "delete":
                        response = bound.delete(**thread)
                    else:
                        response = bound.get(path, **thread, version=version)
                answers.append((response.status_code, response.data, found))
        return answers

    bound.get("/signature", **OURS)  # The day of the token's use is noted.
    absent = ask({"document": "nowhere", "thread": "main"})
    assert ask(THEIRS) == ask({"document": "bare", "thread": "main"}) == absent
    assert all(len([one for one in found if "SELECT" in one]) == 1 for *_, found in absent)


def test_evidence_is_obtained_of_what_is_in_reach_alone(
    locked: Flask, bound: Caller, admin: Caller
) -> None:
    path = "/signature/evidence"
    assert bound.post(path, **OURS).status_code == 409
    locked.config["EVIDENCE"] = True
    assert content_of(bound.post(path, **OURS), 202)["evidence"]["state"] == "pending"
    absent = bound.post(path, document="nowhere", thread="main")
    for thread in (THEIRS, {"document": "bare", "thread": "main"}):
        refused = bound.post(path, **thread)
        assert message_of(refused, 404) == NOT_FOUND
        assert refused.data == absent.data
        assert content_of(admin.get(path, **thread))["evidence"]["state"] is None
    reader = Caller(bound.client, make_token(locked, "reader", "read"))
    assert message_of(reader.post(path, **OURS), 403)


@pytest.mark.attacks
def test_an_id_out_of_reach_takes_what_no_id_takes(
    locked: Flask, bound: Caller, admin: Caller
) -> None:
    def ask(number: int) -> list[tuple[int, bytes, list[str]]]:
        answers = []
        for method in ("GET", "DELETE"):
            with statements(locked) as found:
                response = bound.client.open(
                    "/signature", method=method, json={"id": number}, headers=bound.headers
                )
            answers.append((response.status_code, response.data, found))
        return answers

    ours, theirs = (
        content_of(admin.get("/signature", **thread))["signature"]["id"]
        for thread in (OURS, THEIRS)
    )
    bound.get("/signature", **OURS)  # The day of the token's use is noted.
    absent = ask(10**9)
    assert ask(theirs) == absent
    assert all(len([one for one in found if "SELECT" in one]) == 2 for *_, found in absent)
    assert [status for status, *_ in absent] == [404, 404]
    assert [status for status, *_ in ask(ours)] == [200, 200]


def test_what_is_wrong_with_a_reachable_thread_is_reported(bound: Caller) -> None:
    assert message_of(bound.save(**OURS, tags=["hr-1"])) == "Version must be set"
    assert bound.save(**OURS, version=7, tags=["hr-1"]).status_code == 400


def test_only_threads_with_such_a_tag_are_deleted(bound: Caller, admin: Caller) -> None:
    assert message_of(bound.delete(**THEIRS), 404) == NOT_FOUND
    assert admin.get("/signature", **THEIRS).status_code == 200
    assert bound.delete(**OURS).get_json() == {"status": True}
    assert message_of(bound.delete(**OURS), 404) == NOT_FOUND
    assert admin.get("/signature", **OURS).status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        {"tags": "hr-42"},
        {"tags[]": ["hr-42", "hr-1"]},
        {"tags[]": ["hr-42", "loan"], "tags_mode": "all"},
        {"tags": "hr-42", "document": "ours", "count": "1", "limit": "5"},
    ],
)
def test_a_search_by_such_tags_finds(bound: Caller, query: dict[str, Any]) -> None:
    found = content_of(bound.get("/signatures", **query))
    assert [row["document"] for row in found["signatures"]] == ["ours"]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"document": "ours"},
        {"tags": "loan"},
        {"tags": ""},
        {"tags[]": ["hr-42", "loan"]},
        {"tags[]": ["loan", "chr-1"], "tags_mode": "all"},
        {"tags_mode": "all"},
        {"iin": "123456789011"},
    ],
)
def test_a_search_that_may_find_others_is_refused(bound: Caller, query: dict[str, Any]) -> None:
    for more in ({}, {"limit": "5"}, {"count": "1"}):
        response = bound.get("/signatures", **query, **more)
        expected = 'Token may only search by tags that begin with "hr-"'
        assert message_of(response, 403) == expected


@pytest.mark.parametrize(
    "path",
    ["/v1/persons/123456789011/signings", "/v1/signatures/x", "/packages/main/status", "/metrics"],
)
def test_addresses_that_know_no_tags_are_closed(bound: Caller, path: str) -> None:
    response = bound.get(path)
    assert response.status_code == 403
    assert "hr-" in response.text
    assert "insufficient_scope" in response.headers["WWW-Authenticate"]


def test_not_even_admin_leaves_the_tags(locked: Flask) -> None:
    token = make_token(locked, "boss", "admin", tag_prefix="hr-")
    boss = Caller(locked.test_client(), token)
    assert boss.post("/origin", method="x").status_code == 403
    assert boss.post("/packages/add").status_code == 403
    assert boss.get("/signatures").status_code == 403


def test_what_is_sent_along_can_be_examined(bound: Caller) -> None:
    assert bound.post("/cms/extract", cms=good_cms()).status_code == 200


def test_what_begins_a_tag_is_text_no_pattern(locked: Flask, admin: Caller) -> None:
    token = make_token(locked, "odd", "read", tag_prefix="%_")
    odd = Caller(locked.test_client(), token)
    assert admin.save(**OURS, tags=["hr-1"]).status_code == 201
    assert admin.save(**THEIRS, tags=["%_1"]).status_code == 201
    assert odd.get("/signature", **OURS).status_code == 404
    assert odd.get("/signature", **THEIRS).status_code == 200


def test_a_refused_save_can_be_tried_on_with_the_guard(make_app: AppMaker) -> None:
    app = make_app(AUTH="on", COSIGN_GUARD="refuse")
    caller = Caller(app.test_client(), make_token(app, "hr", "write", tag_prefix="hr-"))
    assert caller.save(**OURS, tags=["hr-1"]).status_code == 201
    assert caller.save(**OURS, version=1, tags=["hr-1"]).status_code == 201


def test_who_is_not_bound_pays_for_no_further_statement(bound: Caller, admin: Caller) -> None:
    for caller in (admin, bound):  # so that both tokens are known
        assert caller.get("/signature", **OURS).status_code == 200
    statements: list[str] = []
    with admin.client.application.app_context():
        engine = db.engine

    def note(_conn: object, cursor: object, *_more: object) -> None:
        statements.append(str(cursor))

    event.listen(engine, "before_cursor_execute", note)
    admin.get("/signature/versions", **OURS)
    unbound = len(statements)
    bound.get("/signature/versions", **OURS)
    assert len(statements) == 2 * unbound + 1  # One that looks whether the thread is in reach.


def test_who_is_not_bound_saves_and_deletes_without_looking_for_packages(
    bound: Caller, admin: Caller
) -> None:
    looked = []
    for caller in (admin, bound):
        with statements(admin.client.application) as found:
            assert caller.save(**OURS, version=1, tags=["hr-1"]).status_code == 201
            assert caller.delete(**OURS).status_code == 200
            assert caller.save(**OURS, tags=["hr-1"]).status_code == 201
        looked.append(len([one for one in found if "packages.opened_at" in one]))
    assert looked == [0, 7]
