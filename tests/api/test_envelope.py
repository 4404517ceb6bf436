"""Every answer wears the envelope."""

from io import BytesIO

import pytest
from flask import abort
from flask.testing import FlaskClient

from tests.api.asking import JSON, content_of, filled, message_of, rows, save
from tests.conftest import AppMaker

MEGABYTE = 1024 * 1024
DOC = {"document": "doc", "thread": "main"}


def test_a_save_is_answered_with_201_and_the_envelope(client: FlaskClient) -> None:
    response = client.post("/signature", json=filled())
    assert response.data.startswith(b'{"status":true,"message":null,"content":{"signature":{"id":1')
    assert list(content_of(response, 201)) == ["signature"]


def test_the_signature_object_has_the_keys_of_the_table_in_its_order(client: FlaskClient) -> None:
    expected = [
        "id",
        "document",
        "thread",
        "chain",
        "stage",
        "version",
        "parent",
        "signature",
        "cms",
        "version_created_by",
        "version_comment",
        "version_created_at",
        "tags",
        "created_at",
        "updated_at",
    ]
    assert list(save(client)) == expected
    found = content_of(client.get("/signature", query_string=DOC))
    assert list(found["signature"]) == expected
    assert list(content_of(client.get("/signatures"))["signatures"][0]) == expected
    versions = content_of(client.get("/signature/versions", query_string=DOC))["versions"]
    assert list(versions[0]) == expected


def test_the_signature_object_reports_what_was_saved(client: FlaskClient) -> None:
    sent = filled(stage="s", version_created_by="b", version_comment="c", tags=["y", "x"])
    first = content_of(client.post("/signature", json=sent), 201)["signature"]
    second = content_of(client.post("/signature", json={**sent, "version": 1}), 201)["signature"]
    for signature, version, parent in ((first, 1, None), (second, 2, 1)):
        assert signature["id"] == 1
        assert signature["document"] == "doc"
        assert signature["thread"] == signature["chain"] == "main"
        assert signature["stage"] == "s"
        assert (signature["version"], signature["parent"]) == (version, parent)
        assert signature["signature"] == signature["cms"] == sent["cms"]
        assert signature["version_created_by"] == "b"
        assert signature["version_comment"] == "c"
        assert signature["tags"] == ["y", "x"]


def test_what_was_not_sent_is_null(client: FlaskClient) -> None:
    signature = save(client)
    assert signature["stage"] is None
    assert signature["version_created_by"] is None
    assert signature["version_comment"] is None
    assert signature["parent"] is None
    assert signature["tags"] == []


@pytest.mark.parametrize(
    "address", ["/signature", "/signature/versions", "/signatures", "/signatures?limit=5"]
)
def test_a_read_is_answered_with_200_and_the_envelope(client: FlaskClient, address: str) -> None:
    save(client)
    response = client.get(address, json=DOC)
    assert response.data.startswith(b'{"status":true,"message":null,"content":{')
    assert content_of(response)


def test_an_empty_list_is_a_list(client: FlaskClient) -> None:
    assert content_of(client.get("/signatures")) == {"signatures": []}
    assert content_of(client.get("/signatures?limit=5")) == {"signatures": []}


def test_a_deletion_is_answered_with_the_status_alone(client: FlaskClient) -> None:
    save(client)
    response = client.delete("/signature", json=DOC)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == JSON
    assert response.get_json() == {"status": True}


def test_an_error_has_null_content(client: FlaskClient) -> None:
    response = client.get("/signature", query_string=DOC)
    assert response.data == b'{"status":false,"message":"Signature was not found","content":null}'
    assert message_of(response, 404) == "Signature was not found"


@pytest.mark.parametrize(
    "address",
    ["/", "/nothing", "//signature", "/signature/1", "/signature/x", "/Signature", "/%00", "/ё"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_address_is_404_in_the_envelope(
    sqlite_client: FlaskClient, address: str, method: str
) -> None:
    message_of(sqlite_client.open(address, method=method), 404)


def test_a_slash_at_the_end_is_no_redirect(client: FlaskClient) -> None:
    assert content_of(client.get("/signatures/")) == {"signatures": []}
    content_of(client.post("/signature/", json=filled()), 201)


@pytest.mark.parametrize(
    ("address", "method", "allowed"),
    [
        ("/signature", "PUT", {"GET", "POST", "DELETE"}),
        ("/signature", "PATCH", {"GET", "POST", "DELETE"}),
        ("/signatures", "POST", {"GET"}),
        ("/signatures", "DELETE", {"GET"}),
        ("/signature/versions", "POST", {"GET"}),
        ("/signature/versions", "BREW", {"GET"}),
    ],
)
def test_a_wrong_method_is_405_with_allow(
    sqlite_client: FlaskClient, address: str, method: str, allowed: set[str]
) -> None:
    response = sqlite_client.open(address, method=method)
    message_of(response, 405)
    named = set(response.headers["Allow"].replace(" ", "").split(","))
    assert named - {"HEAD", "OPTIONS"} == allowed


@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded"])
def test_a_body_that_is_too_large_is_413(make_app: AppMaker, content_type: str) -> None:
    client = make_app(MAX_BODY_MB="1").test_client()
    response = client.post(
        "/signature", data=b"x" * (MEGABYTE + 1), headers={"Content-Type": content_type}
    )
    message_of(response, 413)


def test_a_body_that_says_it_is_too_large_is_not_read(make_app: AppMaker) -> None:
    client = make_app(MAX_BODY_MB="1").test_client()
    stream = BytesIO(b"x" * 100)
    declared = {"CONTENT_LENGTH": str(10**12)}
    response = client.post("/signature", input_stream=stream, environ_overrides=declared)
    message_of(response, 413)
    assert stream.tell() == 0


@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded"])
def test_a_body_of_unknown_length_is_413_once_it_is_too_large(
    make_app: AppMaker, content_type: str
) -> None:
    client = make_app(MAX_BODY_MB="1", CMS_VALIDATION="off").test_client()
    stream = BytesIO(b"document=doc&thread=main&cms=" + b"x" * (3 * MEGABYTE))
    response = client.post(
        "/signature",
        input_stream=stream,
        headers={"Transfer-Encoding": "chunked", "Content-Type": content_type},
        # As gunicorn says of a chunked body, whose end it finds itself.
        environ_overrides={"wsgi.input_terminated": True},
    )
    message_of(response, 413)
    assert stream.tell() < 2 * MEGABYTE
    assert rows(client) == []


def test_a_body_of_just_the_limit_is_read(make_app: AppMaker) -> None:
    client = make_app(MAX_BODY_MB="1", CMS_VALIDATION="off").test_client()
    around = len(b'{"document":"a","thread":"b","cms":""}')
    cms = "x" * (MEGABYTE - around)
    response = client.post("/signature", data=f'{{"document":"a","thread":"b","cms":"{cms}"}}')
    assert content_of(response, 201)["signature"]["cms"] == cms


def test_a_form_may_be_as_large_as_any_body(make_app: AppMaker) -> None:
    client = make_app(MAX_BODY_MB="2", CMS_VALIDATION="off").test_client()
    cms = "x" * (MEGABYTE + MEGABYTE // 2)
    response = client.post("/signature", data={"document": "a", "thread": "b", "cms": cms})
    assert content_of(response, 201)["signature"]["cms"] == cms


def test_an_unexpected_error_is_500_without_inner_details(
    start_own_app: AppMaker, sqlite_url: str
) -> None:
    def fail() -> str:
        raise RuntimeError("s3cret of the inside")

    app = start_own_app(DATABASE_URL=sqlite_url)
    app.add_url_rule("/failing", view_func=fail)
    response = app.test_client().get("/failing")
    message = message_of(response, 500)
    for inner in ("s3cret", "RuntimeError", "Traceback", ".py"):
        assert inner not in message


@pytest.mark.parametrize("status", [400, 403, 409, 418, 429, 501])
def test_any_error_of_the_framework_wears_the_envelope(
    start_own_app: AppMaker, sqlite_url: str, status: int
) -> None:
    app = start_own_app(DATABASE_URL=sqlite_url)
    app.add_url_rule("/aborting", view_func=lambda: abort(status))
    message_of(app.test_client().get("/aborting"), status)


def test_a_head_request_has_the_status_and_no_body(client: FlaskClient) -> None:
    for address in ("/signatures", "/signatures?limit=1", "/health/live"):
        response = client.head(address)
        assert (response.status_code, response.data) == (200, b"")
    assert client.head("/signature", query_string=DOC).status_code == 404
