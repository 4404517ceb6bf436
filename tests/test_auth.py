"""Who may call: the whole route table, and what becomes of a token over its life."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, text
from sqlalchemy.exc import InternalError
from werkzeug.test import TestResponse

from app import auth
from app.extensions import db
from app.sessions import PAGES
from app.store import tokens
from app.store.database.engine import transaction
from app.store.tokens import Bearer
from tests.api.asking import filled, message_of
from tests.asking_tokens import bearer, make_token
from tests.conftest import AppMaker

#: The public addresses. A new one has to be listed here.
PUBLIC = {
    "/health/live",
    "/health/ready",
    "/openapi.json",
    "/docs",
    "/docs/<asset>",
    "/ncanode3/actuator/health",
}
#: Those that refuse everyone.
CLOSED = {
    "/ncanode3/cms/sign",
    "/ncanode3/cms/sign/add",
    "/ncanode3/xml/sign",
    "/ncanode3/wsse/sign",
    "/ncanode3/pdf/sign",
    "/ncanode3/pkcs12/info",
    "/ncanode3/pkcs12/aliases",
    "/ncanode3/jwt/encode",
}
SCOPES = ("read", "write", "delete", "metrics", "admin")
NEEDED = "A valid access token is needed"


@pytest.fixture(name="locked")
def locked_app(make_app: AppMaker) -> Flask:
    """Provide an application that asks for tokens."""
    return make_app(AUTH="on")


@pytest.fixture(name="asker")
def locked_client(locked: Flask) -> FlaskClient:
    """Provide a client of that application."""
    return locked.test_client()


@pytest.fixture(name="impatient")
def forget_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the time for which tokens are cached."""
    monkeypatch.setattr(auth, "BELIEVED", 0.05)
    monkeypatch.setattr(auth, "BELIEVED_MISSING", 0.0)


def routes(app: Flask) -> Iterator[tuple[str, str, str]]:
    """Yield rule, method and an address of everything that is served, but pages (`tests.web`)."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith(PAGES):
            continue
        built = rule.build(dict.fromkeys(rule.arguments, "1"))
        assert built is not None, rule
        for method in sorted((rule.methods or set()) - {"OPTIONS"}):
            yield rule.rule, method, built[1]


def ask(client: FlaskClient, token: str | None = None) -> TestResponse:
    return client.get("/signatures", headers=bearer(token) if token else {})


def bearer_of(app: Flask, name: str = "office") -> Bearer:
    with app.app_context(), db.engine.connect() as connection:
        return next(one for one in tokens.list_tokens(connection) if one.name == name)


# --- the route table --------------------------------------------------------------------------


@pytest.mark.slow
def test_every_route_is_public_by_the_list_or_refuses_without_a_token(
    locked: Flask, asker: FlaskClient
) -> None:
    asked = 0
    for rule, method, address in routes(locked):
        response = asker.open(address, method=method)
        if rule in PUBLIC:
            assert response.status_code in (200, 404), (method, rule)
            continue
        if rule in CLOSED:
            assert response.status_code == 403, (method, rule)
            continue
        assert response.status_code == 401, (method, rule)
        assert response.headers["WWW-Authenticate"] == 'Bearer realm="tanbahana"'
        asked += 1
    assert asked > 20


def test_every_route_refuses_too_small_a_scope_and_lets_in_its_own(
    locked: Flask, asker: FlaskClient
) -> None:
    made = {scope: make_token(locked, scope, scope) for scope in SCOPES}
    for rule, method, address in routes(locked):
        if rule in PUBLIC | CLOSED:
            continue
        statuses = {
            scope: asker.open(address, method=method, headers=bearer(token)).status_code
            for scope, token in made.items()
        }
        assert statuses["admin"] not in (401, 403), (method, rule)
        admit = [scope for scope in SCOPES[:-1] if statuses[scope] != 403]
        assert 401 not in statuses.values()
        # Those that need `admin` let in none of the others; who reads may read metrics.
        expected = {"/origin": 0, "/metrics": 2}.get(rule, 1)
        assert len(admit) == expected, (method, rule, statuses)


def test_what_reads_needs_read_and_what_changes_needs_more(
    locked: Flask, asker: FlaskClient
) -> None:
    token = make_token(locked, "reader", "read")
    refused = {
        (method, rule)
        for rule, method, address in routes(locked)
        if rule not in PUBLIC | CLOSED
        and asker.open(address, method=method, headers=bearer(token)).status_code == 403
    }
    assert {("POST", "/signature"), ("DELETE", "/signature"), ("POST", "/origin")} <= refused
    assert not [rule for method, rule in refused if method in ("GET", "HEAD")]


def test_metrics_alone_may_be_read(locked: Flask, asker: FlaskClient) -> None:
    token = bearer(make_token(locked, "prometheus", "metrics"))
    assert asker.get("/metrics", headers=token).status_code == 200
    assert asker.get("/signatures", headers=token).status_code == 403


def test_a_view_that_says_nothing_demands_admin(locked: Flask, asker: FlaskClient) -> None:
    locked.add_url_rule("/forgotten", view_func=lambda: "seen", endpoint="forgotten")
    assert asker.get("/forgotten").status_code == 401
    made = {scope: make_token(locked, scope, scope) for scope in SCOPES}
    for scope, token in made.items():
        response = asker.get("/forgotten", headers=bearer(token))
        assert response.status_code == (200 if scope == "admin" else 403)


def test_without_tokens_every_route_is_open(app: Flask, client: FlaskClient) -> None:
    for rule, method, address in routes(app):
        if rule not in CLOSED:
            status = client.open(address, method=method).status_code
            assert status not in (401, 403), (method, rule)
    assert ask(client, "whatever").status_code == 200


def test_what_is_not_there_says_so_itself(asker: FlaskClient) -> None:
    message_of(asker.get("/nothing"), 404)
    message_of(asker.put("/signature"), 405)


# --- how a token is shown ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Authorization", "api_key", "X-Api-Key"])
def test_a_token_is_taken_from_each_of_three_headers(
    locked: Flask, asker: FlaskClient, name: str
) -> None:
    token = make_token(locked)
    shown = f"Bearer {token}" if name == "Authorization" else token
    assert asker.get("/signatures", headers={name: shown}).status_code == 200
    assert asker.get("/signatures", headers={name: shown + "0"}).status_code == 401


@pytest.mark.parametrize("shown", ["bearer {}", "BEARER  {} ", "Bearer {}"])
def test_the_scheme_may_be_written_in_any_letters(
    locked: Flask, asker: FlaskClient, shown: str
) -> None:
    headers = {"Authorization": shown.format(make_token(locked))}
    assert asker.get("/signatures", headers=headers).status_code == 200


@pytest.mark.parametrize("other", ["Basic dTpw", "Digest username=u", "Negotiate YII="])
def test_another_scheme_is_no_token_and_hides_none(
    locked: Flask, asker: FlaskClient, other: str
) -> None:
    keyed = {"Authorization": other, "X-Api-Key": make_token(locked)}
    assert asker.get("/signatures", headers={"Authorization": other}).status_code == 401
    assert asker.get("/signatures", headers=keyed).status_code == 200


def basic(name: str, password: str) -> dict[str, str]:
    """Return the header of HTTP Basic (RFC 7617)."""
    return {"Authorization": "Basic " + b64encode(f"{name}:{password}".encode()).decode()}


def test_a_token_is_taken_as_the_password_of_basic_and_never_requested(
    locked: Flask, asker: FlaskClient
) -> None:
    token = make_token(locked, "office", "read")
    for name in ("", "office", "кто угодно"):
        assert asker.get("/signatures", headers=basic(name, token)).status_code == 200
    for given in (
        basic(token, ""),
        basic("office", "wrong"),
        {"Authorization": "Basic"},
        {"Authorization": "Basic !"},
        {"Authorization": "Basic /w=="},
    ):
        response = asker.get("/signatures", headers=given)
        assert message_of(response, 401) == NEEDED
        assert response.headers["WWW-Authenticate"].startswith("Bearer ")
        assert len(response.headers.getlist("WWW-Authenticate")) == 1


def test_basic_is_refused_from_pages_of_others(make_app: AppMaker) -> None:
    app = make_app(AUTH="on", CORS_ORIGINS="https://office.kz", PUBLIC_URL="https://sign.kz")
    client, given = app.test_client(), basic("office", make_token(app, "office", "read"))
    for more, status in (
        ({"Origin": "https://office.kz"}, 200),
        ({"Origin": "https://sign.kz"}, 200),
        ({"Origin": "http://localhost"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ):
        assert client.get("/signatures", headers={**given, **more}).status_code == status, more
    every = make_app(AUTH="on", CORS_ORIGINS="*").test_client()
    foreign = {**given, "Origin": "https://evil.example"}
    assert every.get("/signatures", headers=foreign).status_code == 403


def test_a_token_in_the_address_is_none(locked: Flask, asker: FlaskClient) -> None:
    token = make_token(locked)
    for name in ("api_key", "access_token", "Authorization"):
        assert asker.get("/signatures", query_string={name: token}).status_code == 401


# --- refusals ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("impatient")
def test_no_one_learns_why_a_token_is_refused(locked: Flask, asker: FlaskClient) -> None:
    good = make_token(locked)
    revoked = make_token(locked, "revoked")
    with locked.app_context(), transaction(db.engine) as connection:
        tokens.revoke_token(connection, "revoked")
    expired = make_token(locked, "expired", expires_at=datetime.now(UTC) - timedelta(hours=1))
    other_secret = good[:-64] + "0" * 64
    other_id = good[:4] + "0" * 16 + good[20:]
    answers = {
        (response.text, response.headers["WWW-Authenticate"])
        for token in (revoked, expired, other_secret, other_id, "x", "qol_1_2")
        for response in [ask(asker, token)]
        if message_of(response, 401) == NEEDED
    }
    assert len(answers) == 1
    assert answers.pop()[1] == 'Bearer realm="tanbahana", error="invalid_token"'
    assert ask(asker, good).status_code == 200


def test_a_refusal_for_too_small_a_scope_names_it(locked: Flask, asker: FlaskClient) -> None:
    response = asker.post("/signature", json=filled(), headers=bearer(make_token(locked)))
    assert message_of(response, 403) == 'Token does not have the scope "write"'
    assert response.headers["WWW-Authenticate"] == (
        'Bearer realm="tanbahana", error="insufficient_scope", scope="write"'
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("address", "members"),
    [
        ("/v1/persons/900101300017/signings", {"id", "status", "code", "title", "detail"}),
        ("/packages/x/status", {"error", "message"}),
        ("/v1/signatures/x", {"errors"}),
        ("/signature", {"status", "message", "content"}),
    ],
)
def test_each_family_refuses_in_its_own_shape(
    locked: Flask, asker: FlaskClient, address: str, members: set[str]
) -> None:
    for status, headers in (
        (401, {}),
        (401, bearer("wrong")),
        (403, bearer(make_token(locked, "writer", "write"))),
    ):
        response = asker.get(address, headers=headers)
        assert response.status_code == status
        assert members <= set(response.get_json())
        assert response.headers["WWW-Authenticate"].startswith("Bearer ")


def test_refusals_speak_the_language_of_the_client(asker: FlaskClient) -> None:
    headers = {"api-locale": "ru"}
    assert "токен" in message_of(asker.get("/signatures", headers=headers), 401)


def test_a_refused_request_leaves_no_trace(locked: Flask, asker: FlaskClient) -> None:
    reader = bearer(make_token(locked))
    assert asker.post("/signature", json=filled(), headers=reader).status_code == 403
    assert asker.post("/signature", json=filled()).status_code == 401
    assert asker.get("/signatures", headers=reader).get_json()["content"]["signatures"] == []


# --- what it costs, and how long a token lives ------------------------------------------------


def test_tokens_cost_no_statement_of_their_own_and_guessing_neither(
    locked: Flask, asker: FlaskClient
) -> None:
    good = make_token(locked)
    assert ask(asker, good).status_code == 200
    assert ask(asker, "qol_" + "0" * 16 + "_" + "0" * 64).status_code == 401
    statements: list[str] = []
    with locked.app_context():
        engine = db.engine

    def note(_conn: object, _cursor: object, statement: str, *_more: object) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    for number in range(50):
        assert ask(asker, f"qol_{number:016x}_{number:064x}").status_code == 401
        assert ask(asker, good[:-1] + "x").status_code == 401
        assert asker.get("/health/live", headers=bearer(f"{number}")).status_code == 200
    assert len(statements) <= 1  # should a second have passed


@pytest.mark.usefixtures("impatient")
def test_a_new_token_is_known_at_once_where_others_are(locked: Flask, asker: FlaskClient) -> None:
    assert ask(asker, make_token(locked)).status_code == 200
    assert ask(asker, make_token(locked, "second")).status_code == 200


@pytest.mark.parametrize("overlap", [None, timedelta(hours=1)])
def test_a_new_secret_is_good_at_once_in_every_process(
    locked: Flask, overlap: timedelta | None
) -> None:
    first = make_token(locked)
    workers = [auth.TokensInForce(), auth.TokensInForce()]
    with locked.app_context():
        assert all(worker.find(db.engine, first) for worker in workers)
        second = rotate(locked, overlap)
        assert all(worker.find(db.engine, second) for worker in workers)
        found = [worker.find(db.engine, first) is not None for worker in workers]
        assert found == [overlap is not None] * 2


@pytest.mark.parametrize("end", [tokens.revoke_token, tokens.rotate_token])
@pytest.mark.usefixtures("impatient")
def test_a_token_is_dead_soon_after_it_was_revoked_or_rotated(
    locked: Flask, asker: FlaskClient, end: object
) -> None:
    token = make_token(locked)
    assert ask(asker, token).status_code == 200
    with locked.app_context(), transaction(db.engine) as connection:
        given = end(connection, "office")  # type: ignore[operator]
    time.sleep(0.06)
    assert ask(asker, token).status_code == 401
    if given is not None:
        assert ask(asker, given).status_code == 200


def test_a_token_is_believed_for_five_seconds_at_most() -> None:
    assert auth.BELIEVED <= 5


@pytest.mark.slow
def test_a_token_expires_while_it_is_held(locked: Flask, asker: FlaskClient) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=1)
    token = make_token(locked, expires_at=soon)
    assert ask(asker, token).status_code == 200
    time.sleep(max((soon - datetime.now(UTC)).total_seconds(), 0) + 0.01)
    assert ask(asker, token).status_code == 401


def test_the_day_of_the_last_use_is_kept_once(locked: Flask, asker: FlaskClient) -> None:
    token = make_token(locked)
    assert bearer_of(locked).last_used_on is None
    for _ in range(3):
        ask(asker, token)
    assert bearer_of(locked).last_used_on == datetime.now(UTC).date()
    with locked.app_context(), db.engine.connect() as connection:
        connection.execute(text("UPDATE tokens SET last_used_on = NULL"))
    ask(asker, token)
    assert bearer_of(locked).last_used_on is None
    other = locked.test_client()
    assert ask(other, token).status_code == 200


def test_a_refused_token_was_not_used(locked: Flask, asker: FlaskClient) -> None:
    ask(asker, make_token(locked)[:-1] + "x")
    assert bearer_of(locked).last_used_on is None


def be_a_standby(_conn: object, _cursor: object, statement: str, *_more: object) -> None:
    """Refuse what a standby refuses, as a listener of an engine."""
    if statement.startswith("UPDATE"):
        raise InternalError(statement, {}, Exception("the transaction is read-only"))


def test_no_request_fails_for_the_day_of_the_last_use(
    locked: Flask, asker: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    token = make_token(locked)
    with locked.app_context():
        engine = db.engine

    event.listen(engine, "before_cursor_execute", be_a_standby)
    for _ in range(3):
        assert ask(asker, token).status_code == 200
    assert caplog.text.count("the day on which a token was used is not kept") == 1
    assert bearer_of(locked).last_used_on is None


def test_a_day_that_could_not_be_kept_is_tried_again(
    locked: Flask, asker: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = make_token(locked)
    with locked.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", be_a_standby)
    assert asker.get("/signatures", headers=bearer(token)).status_code == 200
    event.remove(engine, "before_cursor_execute", be_a_standby)
    assert asker.get("/signatures", headers=bearer(token)).status_code == 200
    assert bearer_of(locked).last_used_on is None  # not before a minute has gone
    now = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: now() + auth.AGAIN)
    assert asker.get("/signatures", headers=bearer(token)).status_code == 200
    assert bearer_of(locked).last_used_on == datetime.now(UTC).date()


def test_no_one_is_let_in_while_the_tokens_can_t_be_read(
    start_app: AppMaker, tmp_path: object
) -> None:
    client = start_app(DATABASE_URL=f"sqlite:///{tmp_path}/empty.sqlite3", AUTH="on").test_client()
    message_of(ask(client, "x"), 503)
    message_of(ask(client), 401)
    assert client.get("/health/live", headers=bearer("x")).status_code == 200


# --- who it was -------------------------------------------------------------------------------


def test_the_saver_of_a_version_is_recorded_beside_its_stated_author(
    locked: Flask, asker: FlaskClient
) -> None:
    first = bearer(make_token(locked, "branch in Almaty", "write", "read"))
    second = bearer(make_token(locked, "head office", "admin"))
    sent = filled(version_created_by="a.testova")
    assert asker.post("/signature", json=sent, headers=first).status_code == 201
    sent = filled(version=1, version_created_by="a.testova")
    assert asker.post("/signature", json=sent, headers=second).status_code == 201
    thread = "document=doc&thread=main&with=saver"
    versions = asker.get(f"/signature/versions?{thread}", headers=first).get_json()["content"]
    assert [
        (version["version_saved_by"], version["version_created_by"])
        for version in versions["versions"]
    ] == [("head office", "a.testova"), ("branch in Almaty", "a.testova")]


@pytest.mark.usefixtures("impatient")
def test_a_secret_goes_on_beside_the_next_for_a_time(locked: Flask, asker: FlaskClient) -> None:
    first = make_token(locked, "office", "read")
    assert ask(asker, first).status_code == 200
    second = rotate(locked, timedelta(seconds=2))
    time.sleep(0.1)
    assert [ask(asker, one).status_code for one in (first, second)] == [200, 200]
    third = rotate(locked, timedelta(hours=1))
    time.sleep(0.1)
    statuses = [ask(asker, one).status_code for one in (first, second, third)]
    assert statuses == [401, 200, 200]
    fourth = rotate(locked, None)
    time.sleep(0.1)
    assert [ask(asker, one).status_code for one in (second, third, fourth)] == [401, 401, 200]


def test_an_old_secret_ends_in_its_time() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    new, old = "a" * 64, "b" * 64
    token = Bearer("1", "x", new, ("read",), None, now, None, None, None, old, now)
    assert token.has_secret(new, now)
    assert not token.has_secret(old, now)
    assert token.has_secret(old, now - timedelta(seconds=1))
    assert not token.has_secret("c" * 64, now - timedelta(seconds=1))


def rotate(app: Flask, overlap: timedelta | None) -> str:
    """Return the office another token."""
    with app.app_context(), transaction(db.engine) as connection:
        until = None if overlap is None else datetime.now(UTC) + overlap
        return tokens.rotate_token(connection, "office", until)
