"""Many saves in one request: a line each, and a line of the answer each."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from app import auth
from app.api.ncanode.signatures import batches
from app.api.openapi.document import Json
from app.rate_limit import computing
from tests.api.asking import content_of, documents, exists, filled, message_of
from tests.api.people import chief, cms, ivan
from tests.asking_tokens import bearer, make_token
from tests.conftest import AppMaker
from tests.described import errors_of
from tests.store.threads import stored_versions

NDJSON = "application/x-ndjson"
VERSION_NOT_SET = "Version must be set"


def lines_of(*items: Any) -> bytes:
    """Write objects as lines; bytes are a line as they are."""
    return b"\n".join(one if isinstance(one, bytes) else orjson.dumps(one) for one in items)


def post(client: FlaskClient, body: bytes, kind: str = NDJSON, **headers: str) -> TestResponse:
    """Send lines."""
    return client.post("/signature/batch", data=body, content_type=kind, headers=headers)


def send(client: FlaskClient, *items: Any, **headers: str) -> list[dict[str, Any]]:
    """Save objects; return the lines of the answer."""
    response = post(client, lines_of(*items), **headers)
    assert (response.status_code, response.headers["Content-Type"]) == (200, NDJSON)
    answers = [orjson.loads(line) for line in response.data.splitlines()]
    response.close()
    return answers


def codes(answers: list[dict[str, Any]]) -> list[int]:
    """Return the status of each line."""
    return [one["code"] for one in answers]


def test_each_line_is_answered_in_order_as_a_request_of_its_own(
    client: FlaskClient, document: Json, engine: Engine
) -> None:
    answers = send(
        client,
        filled(document="a", odd=1),
        filled(document="a"),
        filled(document="a", version=1, cms=cms(chief()), without="cms"),
        filled(document="b", cms="no"),
        {"document": "c", "chain": "main", "signature": cms(ivan()), "tag": "x"},
    )
    assert codes(answers) == [201, 400, 201, 400, 201]
    assert [one["line"] for one in answers] == [1, 2, 3, 4, 5]
    assert [list(one)[:5] for one in answers] == [
        ["line", "code", "status", "message", "content"]
    ] * 5
    assert answers[0]["warnings"] == ['"odd" parameter is not read here']
    assert answers[1] == {
        "line": 2,
        "code": 400,
        "status": False,
        "message": VERSION_NOT_SET,
        "content": None,
    }
    assert "cms" not in answers[2]["content"]["signature"]
    assert answers[2]["content"]["warnings"]
    assert answers[4]["content"]["signature"]["tags"] == ["x"]
    single = content_of(client.get("/signature?document=c&thread=main"))["signature"]
    assert answers[4]["content"]["signature"] == single
    shape = {"$ref": "#/components/schemas/SavedBatchLine"}
    assert [errors_of(document, shape, one) for one in answers] == [[]] * 5
    assert [version for _, version in stored_versions(engine)] == [1, 2, 1]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{", "it is not valid JSON (column 2)"),
        (b"[]", "it must be a JSON object"),
        (b"1", "it must be a JSON object"),
        (b"\xff", "Request body is not UTF-8 (byte 1)"),
        (b"[" * 100_001, "Request body has more than 100000 JSON values"),
        (b"[" * 50_000, "Request body is not acceptable JSON"),
        (b"{}", '"document" parameter must be set'),
        ({"document": "x", "thread": "y"}, '"cms" parameter must be set'),
        (filled(document={}), '"document" parameter must be text'),
        (
            filled(idempotency_key=""),
            '"idempotency_key" must be 1 to 255 printable ASCII characters',
        ),
        (filled(idempotency_key=[]), '"idempotency_key" parameter must be text'),
        (
            filled(data="no"),
            '"data" parameter: signer 1: the content given is not the one attached',
        ),
    ],
)
def test_a_wrong_line_is_named_with_its_field(
    sqlite_client: FlaskClient, line: Any, message: str
) -> None:
    bad, good = send(sqlite_client, b"", line, b" \t\r", filled())
    assert (bad["line"], bad["code"], bad["status"]) == (2, 400, False)
    assert bad["message"] == f"line 2: {message}"
    assert (good["line"], good["code"]) == (4, 201)


def test_names_of_one_line_are_not_reported_for_the_next_one(sqlite_client: FlaskClient) -> None:
    line = b'{"document": "1", "document": "2", "odd": 1}'
    _, good = send(sqlite_client, line, filled())
    assert "warnings" not in good


def test_a_line_that_names_something_twice_is_warned_of(sqlite_client: FlaskClient) -> None:
    line = orjson.dumps(filled()).replace(b'{"document"', b'{"document":"x","document"')
    [answer] = send(sqlite_client, line)
    assert answer["warnings"] == [
        '"document" parameter was given several times: the last one counts'
    ]


def test_messages_are_in_the_language_of_the_caller(sqlite_client: FlaskClient) -> None:
    [answer] = send(sqlite_client, b"{}", **{"api-locale": "ru"})
    assert answer["message"] == 'строка 1: Параметр "document" должен быть указан'


@pytest.mark.parametrize("kind", ["application/ndjson", "application/jsonl", f"{NDJSON}; a=b"])
def test_other_names_of_the_media_type_are_read(sqlite_client: FlaskClient, kind: str) -> None:
    assert post(sqlite_client, lines_of(filled()), kind).status_code == 200


@pytest.mark.parametrize("kind", ["application/json", "text/plain", ""])
def test_another_media_type_is_refused(sqlite_client: FlaskClient, kind: str) -> None:
    assert "Content-Type must be one of" in message_of(post(sqlite_client, b"{}", kind), 415)


@pytest.mark.parametrize("body", [b"", b"\n\r\n", b" \t"])
def test_a_batch_without_lines_is_refused(sqlite_client: FlaskClient, body: bytes) -> None:
    message = "Request body has no line: each line is a JSON object"
    assert message_of(post(sqlite_client, body)) == message


def test_too_many_lines_are_refused_before_anything_is_saved(sqlite_client: FlaskClient) -> None:
    body = lines_of(filled(), *[b"{}"] * batches.MAX_LINES)
    assert message_of(post(sqlite_client, body)) == "Request body has more than 1000 lines"
    assert documents(sqlite_client) == []
    response = post(sqlite_client, lines_of(*[b"{}"] * batches.MAX_LINES) + b"\n")
    assert len(response.data.splitlines()) == batches.MAX_LINES


def test_a_batch_that_is_too_large_is_refused_before_anything_is_saved(
    start_app: AppMaker, sqlite_url: str
) -> None:
    client = start_app(DATABASE_URL=sqlite_url, MAX_BODY_MB="1").test_client()
    body = lines_of(filled(), b" " * 1024 * 1024)
    message_of(post(client, body), 413)
    assert documents(client) == []


def test_a_header_with_a_key_is_refused(sqlite_client: FlaskClient) -> None:
    response = post(sqlite_client, lines_of(filled()), **{"Idempotency-Key": "x"})
    assert message_of(response) == (
        'Header "Idempotency-Key" can\'t be used here: each line may have its own "idempotency_key"'
    )


def test_parameters_in_the_address_are_reported(sqlite_client: FlaskClient) -> None:
    response = sqlite_client.post("/signature/batch?without=cms", data=b"", content_type=NDJSON)
    assert response.headers["X-Unread-Parameters"] == "without"


def test_a_repeated_batch_saves_only_what_was_not_saved(
    client: FlaskClient, engine: Engine
) -> None:
    items = [filled(document=name, idempotency_key=name) for name in ("a", "b")]
    [first] = send(client, items[0])
    answers = send(client, *items, filled(document="a", idempotency_key="a", stage="x"))
    assert codes(answers) == [201, 201, 422]
    assert answers[0] == first
    assert answers[2]["message"] == (
        '"idempotency_key" was sent before with other parameters: another save needs another key'
    )
    assert [version for _, version in stored_versions(engine)] == [1, 1]


def test_a_key_of_a_line_is_that_of_a_single_save(client: FlaskClient) -> None:
    single = client.post("/signature", json=filled(), headers={"Idempotency-Key": '"x"'})
    [line] = send(client, filled(idempotency_key="x"))
    assert line["content"] == single.get_json()["content"]


@pytest.fixture(name="locked")
def locked_app(make_app: AppMaker, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """Provide an application that asks for tokens, and knows new ones at once."""
    monkeypatch.setattr(auth, "BELIEVED_MISSING", 0.0)
    return make_app(AUTH="on")


def test_the_caller_needs_the_scope_and_the_tags_of_each_line(locked: Flask) -> None:
    client = locked.test_client()
    body = lines_of(filled(document="a", tags=["x:1"]), filled(document="b", tags=["y:1"]))
    reader = bearer(make_token(locked, "reader", "read"))
    assert message_of(post(client, body, **reader), 403)
    assert message_of(post(client, body), 401)
    bound = bearer(make_token(locked, "bound", "write", "read", tag_prefix="x:"))
    response = post(client, body, **bound)
    assert [orjson.loads(line)["code"] for line in response.data.splitlines()] == [201, 403]
    [row] = client.get("/signatures?tags=x:1", headers=bound).get_json()["content"]["signatures"]
    assert row["document"] == "a"


def test_a_client_that_goes_away_leaves_what_was_acknowledged(client: FlaskClient) -> None:
    response = client.post(
        "/signature/batch",
        data=lines_of(*[filled(document=name) for name in "abc"]),
        content_type=NDJSON,
        buffered=False,
    )
    next(iter(response.response))
    response.close()
    assert (exists(client, "a"), exists(client, "c")) == (True, False)


def test_nothing_is_saved_before_its_line_is_asked_for(client: FlaskClient) -> None:
    response = client.post(
        "/signature/batch",
        data=lines_of(*[filled(document=name) for name in "abc"]),
        content_type=NDJSON,
    )
    lines = iter(response.response)
    for name, later in (("a", "b"), ("b", "c")):
        next(lines)
        assert (exists(client, name), exists(client, later)) == (True, False)
    response.close()


def test_a_failure_of_ours_is_one_line_s(
    own_app: Flask, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    client = own_app.test_client()
    with engine.connect() as connection:
        connection.execute(text("ALTER TABLE idempotency_keys RENAME TO elsewhere"))
    try:
        answers = send(client, filled(document="a", idempotency_key="a"), filled(document="b"))
    finally:
        with engine.connect() as connection:
            connection.execute(text("ALTER TABLE elsewhere RENAME TO idempotency_keys"))
    assert codes(answers) == [503, 201]
    assert answers[0]["message"] == "Database is not available, try again later"
    del caplog


def test_what_is_computed_for_lines_counts_against_the_caller_between_them(
    start_app: AppMaker, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 10**12, 300_000_000))
    monkeypatch.setattr(computing, "cpu_time_ns", lambda: next(clock))
    app = start_app(DATABASE_URL=sqlite_url, ALLOW_OPEN="1", CPU_LIMIT="1/hour")
    answers = send(app.test_client(), *[filled(document=name) for name in "abcdef"])
    assert codes(answers) == [201, 201, 201, 429, 429, 429]
    assert "Too much computing time was used" in answers[3]["message"]


def test_after_some_time_the_rest_is_refused(
    sqlite_client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "MAX_SECONDS", -1.0)
    answers = send(sqlite_client, filled(document="a"), filled(document="b"))
    assert codes(answers) == [503, 503]
    assert answers[0]["message"] == (
        "The request took more than -1 seconds: send the rest in another one"
    )


@pytest.mark.slow
def test_memory_does_not_grow_with_the_lines(sqlite_client: FlaskClient) -> None:
    large = cms(ivan(), content=bytes(20_000))

    def lines(count: int) -> Iterator[bytes]:
        for number in range(count):
            yield orjson.dumps(filled(document=f"{count}-{number}", cms=large))

    def peak(count: int) -> int:
        body = b"\n".join(lines(count))
        tracemalloc.start()
        response = post(sqlite_client, body)
        assert sum(1 for _ in response.response) == count
        response.close()
        found = tracemalloc.get_traced_memory()[1] - len(body)
        tracemalloc.stop()
        return found

    peak(5)
    assert peak(100) < peak(10) + 1_000_000


@pytest.mark.attacks
@pytest.mark.parametrize("address", ["/signature", "/signature/batch"])
def test_a_large_signature_is_answered_in_pieces(sqlite_client: FlaskClient, address: str) -> None:
    """Its text is twice in the answer, and once in memory."""
    large = cms(ivan(), content=bytes(9_000_000))
    body = orjson.dumps(filled(document=address, cms=large))
    kind = "application/x-ndjson" if address.endswith("batch") else "application/json"
    tracemalloc.start()
    response = sqlite_client.post(address, data=body, content_type=kind, buffered=False)
    size = sum(len(piece) for piece in response.iter_encoded())
    response.close()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert response.status_code == (200 if address.endswith("batch") else 201)
    assert size > 2 * len(large)
    # The body of the request, its JSON, and the signature's bytes.
    assert peak < 4 * len(large)
    saved = sqlite_client.get("/signature", query_string={"document": address, "thread": "main"})
    assert saved.get_json()["content"]["signature"]["cms"] == large
